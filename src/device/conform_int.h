/* conform_int.h - what the parts of the conformance suite share. */
#ifndef MHO_CONFORM_INT_H
#define MHO_CONFORM_INT_H

#include "model_int.h"

#define SUBJECT_LIST(X)                                                                            \
    X(S_FINITE, "currents, rates and powers are finite")                                           \
    X(S_DERIVATIVE, "derivatives agree with differences")                                          \
    X(S_PASSIVE, "the ports take power, they never give it")                                       \
    X(S_ENERGY, "stored energy changes by what comes in and goes out")                             \
    X(S_LIMITS, "limits of parameters are kept")                                                   \
    X(S_BOUNDS, "the state stays inside its bounds")                                               \
    X(S_STEP, "steps in time come to an end")                                                      \
    X(S_EVENT, "after an event its switching function is not below 0")                             \
    X(S_CONTINUOUS, "currents and rates have no jumps")                                            \
    X(S_MEMORY, "evaluation takes no memory")                                                      \
    X(S_SAME, "many devices together give the bits of each alone, twice the same")

typedef enum subject {
#define ID(id, text) id,
    SUBJECT_LIST(ID)
#undef ID
        N_SUBJECT
} subject;

typedef struct check_run {
    mho_ctx *ctx;
    const mho_ext_model *model;
    uint64_t seed;
    uint32_t n_random; /* drawn so far */
    size_t n;          /* devices */
    mho_device *dev;
    size_t faults[N_SUBJECT];
    char first[N_SUBJECT][200];
    double worst_derivative, worst_energy;
} check_run;

void mho_i_check_fault(check_run *c, subject s, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
double mho_i_check_uniform(check_run *c, double lo, double hi);
/* Device i of c->dev where it stands: finite, derivatives, passive, energy, events. */
void mho_i_check_device(check_run *c, size_t i);
/* All devices at once against one by one. */
void mho_i_check_together(check_run *c);
/* Along lines through inputs and states: differences vanish as the line is halved. */
void mho_i_check_continuity(check_run *c);

#endif
