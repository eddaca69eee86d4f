/* model_int.h - the table of models, cards and devices inside the room. */
#ifndef MHO_MODEL_INT_H
#define MHO_MODEL_INT_H

#include "device_int.h"
#include "mho/model.h"

/* ---- one line a model: declare it here and list it in model.c ---- */
extern const mho_ext_model mho_i_model_vo2_neuron, mho_i_model_vo2_filament, mho_i_model_cbram,
    mho_i_model_pcm, mho_i_model_rram, mho_i_model_pulsed, mho_i_model_optomemristor,
    mho_i_model_ideal;

/* Everything that can be seen in the table itself; where: its name for the message. */
mho_status mho_i_model_validate(mho_ctx *ctx, const char *where, const mho_ext_model *model);

/* Name of row k in files: the key without its unit. */
void mho_i_model_key(const mho_ext_model *model, size_t k, char key[MHO_PARAM_KEY]);
bool mho_i_model_is_share(const mho_ext_model *model, size_t k);
/* "1 K/W to 1 GK/W", "series, bruggeman-2d ...": what row k may be. Returns buf. */
const char *mho_i_model_allowed(const mho_ext_model *model, size_t k, char *buf, size_t n_buf);
/* Text to value of row k, range included. false: why[n_why] begins with what is wrong. */
bool mho_i_model_parse(const mho_ext_model *model, size_t k, const char *text, double *value,
                       char *why, size_t n_why);

/* Index of parameter name in a struct of doubles made by an X-macro list. */
#define MHO_I_INDEX(type, field) (offsetof(type, field) / sizeof(double))

/* Purposes of mho_ext_rng.purpose; the numbers that a device sees are its own for each. */
mho_ext_rng mho_i_model_rng(uint64_t seed, size_t first, uint32_t event, mho_i_purpose purpose);

/* ---- devices, instance.c and integrate.c ---- */
struct mho_device {
    mho_ctx *ctx;
    const mho_ext_model *model;
    size_t n, n_memory;
    uint64_t seed;
    size_t first;
    uint32_t n_pulse, n_program, n_read; /* operations so far: the event of the random numbers */
    double *p, *u, *x, *m;               /* [row][n] */
    /* one device, compact, for stepping: [row] */
    double *p1, *m1, *g1; /* g1: switching functions */
};
/* Column i as a batch of one: parameters and memory are copied into the compact arrays. */
mho_ext_batch mho_i_device_single(mho_device *dev, size_t i, const double *u, const double *x);
/* Size of a state that counts as one for tolerances. */
double mho_i_state_scale(const mho_ext_state *state, double x);
/* One device from x (in, out [n_state]) over dt_s; memory dev->m1 is updated at events. n_part out,
 * may be NULL. false: more than 1e6 parts. */
bool mho_i_device_advance(mho_device *dev, const mho_ext_batch *single, double *x, double dt_s,
                          double rel_tol);

/* Monotone cubic interpolation (Fritsch and Carlson 1980), interpolate.c: slopes of the curve
 * through x[n] rising, y[n]; beyond the ends it goes on straight. */
void mho_i_monotone_slopes(size_t n, const double *x, const double *y, double *slope);
double mho_i_monotone_at(size_t n, const double *x, const double *y, const double *slope, double at,
                         double *derivative);

#endif
