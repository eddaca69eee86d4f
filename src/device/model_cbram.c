/* model_cbram.c - conductive-bridge cell below the conductance quantum: ohmic, written to levels
 * with verification. Writing and read noise are those of mho/synapse.h. */
#include "model_int.h"

#include <math.h>

static const mho_ext_param params[] = {
#define ROW(key, unit, lo, hi, def, mark, source, help)                                            \
    {#key,   unit,                                                                                 \
     def,    lo,                                                                                   \
     hi,     (const char[]){mark, 0},                                                              \
     source, help,                                                                                 \
     NULL,   offsetof(mho_cbram_param, key) == offsetof(mho_cbram_param, levels)},
    MHO_CBRAM_PARAM_LIST(ROW)
#undef ROW
};
enum { N_PARAM = sizeof params / sizeof *params };
#define P(field) MHO_I_INDEX(mho_cbram_param, field)

static const mho_ext_input inputs[] = {{"v", "V", 0, -0.3, 0.3, "voltage over the cell"}};
static const mho_ext_output outputs[] = {
    {"i", "A", "current"},
    {"g", "S", "conductance"},
};
static const mho_ext_memory memory[] = {{"g", "S", 1, 1e-6, "conductance as it was written"}};

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
        m[i] = b->p[P(g_min_S) * b->ld + i];
    }
}

static mho_synapse_param cell(const mho_ext_batch *b, size_t i) {
    mho_synapse_param p = mho_synapse_card(MHO_SYNAPSE_CBRAM);
    double *field = (double *)&p; /* begins with the rows of the cbram card */
    for (size_t k = 0; k < N_PARAM; k++) {
        field[k] = b->p[k * b->ld + i];
    }
    return p;
}

static void program(const mho_ext_batch *b, const mho_ext_rng *rng, const double *target_S,
                    double *x, double *m) {
    (void)x;
    for (size_t i = 0; i < b->n; i++) {
        mho_synapse_param p = cell(b, i);
        mho_write_stats stats;
        /* the target is finite and g_min < g_max: nothing is left that could fail */
        (void)!mho_synapse_program(NULL, &p, rng->seed, rng->first + i, rng->event, 1, &target_S[i],
                                   &m[i], MHO_CELL_LEVELS | MHO_CELL_ERROR | MHO_CELL_VERIFY,
                                   &stats);
    }
}

static void read_cell(const mho_ext_batch *b, const mho_ext_rng *rng, double *i_A) {
    for (size_t i = 0; i < b->n; i++) {
        double z;
        rng->normal(rng, i, 1, &z);
        i_A[i] = b->m[i] * (1 + b->p[P(read_noise_rel) * b->ld + i] * z) * b->u[i];
    }
}

static bool check(const double *p, char *why, size_t n_why) {
    if (!(p[P(g_min_S)] < p[P(g_max_S)])) {
        snprintf(why, n_why, "g_min = %g S is not below g_max = %g S", p[P(g_min_S)],
                 p[P(g_max_S)]);
        return false;
    }
    return true;
}

const mho_ext_model mho_i_model_cbram = {
    .struct_size = sizeof(mho_ext_model),
    .version = MHO_EXT_VERSION,
    .flags = MHO_EXT_PASSIVE,
    .name = "cbram",
    .summary = "conductive-bridge cell below the conductance quantum: levels by write-verify",
    .equations = "current  I = G V\n"
                 "attempt  G + c = (target + c) exp(s N - s^2/2), c = (g_max - g_min)/4, s from "
                 "attempt_error\n"
                 "verify   accepted inside the window that leaves program_error\n"
                 "read     G (1 + read_noise N)",
    .source = "levels of G0: Jameson et al., EDL 33, 257 (2012); spreads assumed",
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
    .check = check,
    .start = start,
    .program = program,
    .read = read_cell,
};

mho_status mho_card_to_cbram(mho_ctx *ctx, const mho_card *card, mho_cbram_param *out) {
    if (mho_card_model(card) != &mho_i_model_cbram) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "a card of %s; cbram is wanted",
                          mho_card_model(card)->name);
    }
    for (size_t k = 0; k < N_PARAM; k++) {
        ((double *)out)[k] = mho_card_values(card)[k];
    }
    return MHO_OK;
}
