/* model_ideal.c - a number: an ohmic conductance that is what it is told to be. */
#include "model_int.h"

enum { P_g, N_PARAM };
static const mho_ext_param params[N_PARAM] = {
    [P_g] = {"g_S", "S", 1e-5, 0, 1e3, "A", "a number", "conductance of a new device", NULL, false},
};
static const mho_ext_input inputs[] = {{"v", "V", 0, -1, 1, "voltage"}};
static const mho_ext_output outputs[] = {{"i", "A", "current"}, {"g", "S", "conductance"}};
static const mho_ext_memory memory[] = {{"g", "S", 1, 1e-5, "conductance"}};

static void eval(const mho_ext_batch *b, double *y, double *dx) {
    (void)dx;
    for (size_t i = 0; i < b->n; i++) {
        y[i] = b->m[i] * b->u[i];
        y[b->ld + i] = b->m[i];
    }
}

static void jacobian(const mho_ext_batch *b, double *di_du, double *di_dx, double *df_du,
                     double *df_dx) {
    (void)di_dx;
    (void)df_du;
    (void)df_dx;
    for (size_t i = 0; i < b->n; i++) {
        di_du[i] = b->m[i];
    }
}

static void start(const mho_ext_batch *b, double *x, double *m) {
    (void)x;
    for (size_t i = 0; i < b->n; i++) {
        m[i] = b->p[P_g * b->ld + i];
    }
}

static void program(const mho_ext_batch *b, const mho_ext_rng *rng, const double *target_S,
                    double *x, double *m) {
    (void)rng;
    (void)x;
    for (size_t i = 0; i < b->n; i++) {
        m[i] = target_S[i];
    }
}

const mho_ext_model mho_i_model_ideal = {
    .struct_size = sizeof(mho_ext_model),
    .version = MHO_EXT_VERSION,
    .flags = MHO_EXT_PASSIVE,
    .name = "ideal",
    .summary = "a number: ohmic, without noise, spread or age",
    .equations = "current  I = G V",
    .source = "a number",
    .n_param = N_PARAM,
    .param = params,
    .n_input = 1,
    .n_port = 1,
    .input = inputs,
    .n_output = 2,
    .output = outputs,
    .n_memory_row = 1,
    .memory = memory,
    .eval = eval,
    .jacobian = jacobian,
    .start = start,
    .program = program,
};
