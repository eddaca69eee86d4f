/* model_pcm.c - phase-change cell: programming noise, drift, 1/f read noise of Joshi et al., Nat.
 * Commun. 11, 2473 (2020). The formulas are those of mho/synapse.h, model pcm; the values below are
 * held to its card by a test. The age is a state, so drift comes by itself with time. */
#include "model_int.h"

#include <math.h>

/* synapse field, unit, min, max, value, mark, source, help */
#define P_LIST(X)                                                                                  \
    X(g_min_S, "S", 0, 1e-2, 1e-7, "A", "reset state, class of PCM", "smallest conductance")       \
    X(g_max_S, "S", 1e-12, 1e-1, 2.5e-5, "P", MHO_SRC_PCM, "largest conductance")                  \
    X(program_0_rel, "", 0, 1, 0.0105392, "P", MHO_SRC_PCM,                                        \
      "write error over g_max, constant part")                                                     \
    X(program_1_rel, "", -1, 1, 0.0786, "P", MHO_SRC_PCM, "write error over g_max, part in g")     \
    X(program_2_rel, "", -1, 1, -0.046924, "P", MHO_SRC_PCM,                                       \
      "write error over g_max, part in g^2")                                                       \
    X(drift_t0_s, "s", 1e-9, 1e6, 20, "P", MHO_SRC_PCM,                                            \
      "first read after writing; shorter ages count as this one")                                  \
    X(drift_nu_0, "", -1, 1, 0.0244, "P", MHO_SRC_PCM, "drift exponent at g = 1, mean over cells") \
    X(drift_nu_ln, "", -1, 1, -0.0155, "P", MHO_SRC_PCM, "change of the drift exponent with ln g") \
    X(drift_nu_min, "", 0, 1, 0.049, "P", MHO_SRC_PCM, "smallest mean drift exponent")             \
    X(drift_nu_max, "", 0, 1, 0.1, "P", MHO_SRC_PCM, "largest mean drift exponent")                \
    X(drift_sd_0, "", -1, 1, -0.0059, "P", MHO_SRC_PCM, "spread of the drift exponent at g = 1")   \
    X(drift_sd_ln, "", -1, 1, -0.0125, "P", MHO_SRC_PCM, "change of that spread with ln g")        \
    X(drift_sd_min, "", 0, 1, 0.008, "P", MHO_SRC_PCM, "smallest spread of exponents")             \
    X(drift_sd_max, "", 0, 1, 0.045, "P", MHO_SRC_PCM, "largest spread of exponents")              \
    X(flicker_rel, "", 0, 1, 0.0088, "P", MHO_SRC_PCM, "1/f noise over G at g = 1, per unit band") \
    X(flicker_exponent, "", 0, 2, 0.65, "P", MHO_SRC_PCM,                                          \
      "growth of the 1/f noise towards small g: g^-exponent")                                      \
    X(flicker_max_rel, "", 0, 1, 0.2, "P", MHO_SRC_PCM, "largest 1/f noise over G, per unit band") \
    X(flicker_read_s, "s", 1e-12, 1, 2.5e-7, "P", MHO_SRC_PCM, "time of one read")

static const mho_ext_param params[] = {
#define ROW(key, unit, lo, hi, value, mark, source, help)                                          \
    {#key, unit, value, lo, hi, mark, source, help, NULL, false},
    P_LIST(ROW)
#undef ROW
};
enum {
#define INDEX(key, unit, lo, hi, value, mark, source, help) P_##key,
    P_LIST(INDEX)
#undef INDEX
        N_PARAM
};

static const mho_ext_input inputs[] = {{"v", "V", 0, -0.3, 0.3, "voltage over the cell"}};
static const mho_ext_output outputs[] = {
    {"i", "A", "current"},
    {"g", "S", "conductance now"},
};
static const mho_ext_state states[] = {{"age", "s", 0, 0, HUGE_VAL, "time since programming"}};
enum { M_G, M_NU };
static const mho_ext_memory memory[] = {
    {"g", "S", 1, 1e-7, "conductance as it was written"},
    {"nu", "", 1, 0.049, "drift exponent of the cell"},
};

/* Conductance at the age and its derivative by it. */
static double drifted(const mho_ext_batch *b, size_t i, double *slope) {
    double t0 = b->p[P_drift_t0_s * b->ld + i], t = fmax(b->x[i], t0);
    double g = b->m[i], nu = b->m[M_NU * b->ld + i];
    double now = g * exp(-nu * log(t / t0));
    *slope = b->x[i] > t0 ? -nu * now / t : 0;
    return now;
}

static void eval(const mho_ext_batch *b, double *y, double *dx) {
    for (size_t i = 0; i < b->n; i++) {
        double slope, g = drifted(b, i, &slope);
        y[i] = g * b->u[i];
        y[b->ld + i] = g;
        dx[i] = 1;
    }
}

static void jacobian(const mho_ext_batch *b, double *di_du, double *di_dx, double *df_du,
                     double *df_dx) {
    for (size_t i = 0; i < b->n; i++) {
        double slope;
        di_du[i] = drifted(b, i, &slope);
        di_dx[i] = slope * b->u[i];
        df_du[i] = df_dx[i] = 0;
    }
}

static void advance(const mho_ext_batch *b, double dt_s, double *x) {
    for (size_t i = 0; i < b->n; i++) {
        x[i] = b->x[i] + dt_s;
    }
}

static mho_synapse_param cell(const mho_ext_batch *b, size_t i) {
    mho_synapse_param p = mho_synapse_card(MHO_SYNAPSE_PCM);
#define COPY(key, unit, lo, hi, value, mark, source, help) p.key = b->p[P_##key * b->ld + i];
    P_LIST(COPY)
#undef COPY
    return p;
}

static void start(const mho_ext_batch *b, double *x, double *m) {
    for (size_t i = 0; i < b->n; i++) {
        x[i] = 0;
        m[i] = b->p[P_g_min_S * b->ld + i];
        m[M_NU * b->ld + i] = b->p[P_drift_nu_min * b->ld + i];
    }
}

static void program(const mho_ext_batch *b, const mho_ext_rng *rng, const double *target_S,
                    double *x, double *m) {
    for (size_t i = 0; i < b->n; i++) {
        mho_synapse_param p = cell(b, i);
        mho_write_stats stats;
        double g = 0;
        /* target, age and parameters are in range: nothing is left that could fail */
        (void)!mho_synapse_program(NULL, &p, rng->seed, rng->first + i, rng->event, 1, &target_S[i],
                                   &g, MHO_CELL_ERROR, &stats);
        m[i] = g;
        /* the exponent is what is lost in a time in which ln t grows by 1 */
        double later = g;
        (void)!mho_synapse_age(NULL, &p, rng->seed, rng->first + i, rng->event, 1, &later,
                               p.drift_t0_s * exp(1), p.retention_ref_K);
        m[M_NU * b->ld + i] = g > 0 ? -log(later / g) : 0;
        x[i] = 0;
    }
}

static void read_cell(const mho_ext_batch *b, const mho_ext_rng *rng, double *i_A) {
    for (size_t i = 0; i < b->n; i++) {
        mho_synapse_param p = cell(b, i);
        double slope, g = drifted(b, i, &slope), read_S;
        mho_synapse_read(&p, rng->seed, rng->first + i, rng->event, 1, &g, b->x[i],
                         MHO_CELL_FLICKER, &read_S);
        i_A[i] = read_S * b->u[i];
    }
}

static bool check(const double *p, char *why, size_t n_why) {
    if (!(p[P_g_min_S] < p[P_g_max_S])) {
        snprintf(why, n_why, "g_min = %g S is not below g_max = %g S", p[P_g_min_S], p[P_g_max_S]);
        return false;
    }
    if (p[P_drift_nu_min] > p[P_drift_nu_max] || p[P_drift_sd_min] > p[P_drift_sd_max]) {
        snprintf(why, n_why, "drift_nu_min and drift_sd_min must not be above their maximum");
        return false;
    }
    return true;
}

const mho_ext_model mho_i_model_pcm = {
    .struct_size = sizeof(mho_ext_model),
    .version = MHO_EXT_VERSION,
    .flags = MHO_EXT_PASSIVE,
    .name = "pcm",
    .summary = "phase-change cell: programming noise, drift, 1/f read noise",
    .equations = "current  I = G V,  g = G/g_max\n"
                 "write    sd = g_max (program_0 + program_1 g + program_2 g^2)\n"
                 "drift    G(t) = Gp (t/t0)^-nu, nu = |mu + s N|, mu = clip(nu_ln ln g + nu_0), s "
                 "likewise\n"
                 "read     sd = G min(flicker/g^0.65, flicker_max) sqrt(ln((t + tr)/(2 tr)))",
    .source = MHO_SRC_PCM,
    .n_param = N_PARAM,
    .param = params,
    .n_input = 1,
    .n_port = 1,
    .input = inputs,
    .n_output = 2,
    .output = outputs,
    .n_state = 1,
    .state = states,
    .n_memory_row = 2,
    .memory = memory,
    .eval = eval,
    .jacobian = jacobian,
    .check = check,
    .start = start,
    .advance = advance,
    .program = program,
    .read = read_cell,
};
