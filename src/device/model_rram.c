/* model_rram.c - oxide RRAM: ohmic or sinh conduction, with an optional selector in series.
 *
 *     cell      I = G V  or  I = G sinh(a V)/a
 *     selector  I = i_s sinh(V/v_s): the symmetric exponential of volatile two-terminal selectors
 * In series, V(I) = Vcell(I) + Vsel(I) is explicit and rises, so I(V) is found by Newton's method
 * in y = asinh(I/I0), where it is nearly straight, inside a bracket. */
#include "model_int.h"

#include <math.h>

#define SRC_NEUROSIM "default of NeuroSim"
static const char *const law_words[] = {"linear", "sinh", NULL};
static const char *const selector_words[] = {"none", "exponential", NULL};
enum { LAW_LINEAR, LAW_SINH };

enum {
    P_g_min,
    P_g_max,
    P_levels,
    P_program_error,
    P_attempt_error,
    P_read_noise,
    P_law,
    P_a,
    P_selector,
    P_sel_i,
    P_sel_v,
    N_PARAM
};
static const mho_ext_param params[N_PARAM] = {
    [P_g_min] = {"g_min_S", "S", 1.1111111111111111e-6, 0, 1e-2, "P", "off/on 150, " SRC_NEUROSIM,
                 "smallest conductance", NULL, false},
    [P_g_max] = {"g_max_S", "S", 1.6666666666666666e-4, 1e-12, 1e-1, "P",
                 "on 6 kohm, " SRC_NEUROSIM, "largest conductance", NULL, false},
    [P_levels] = {"levels", "", 16, 2, 65536, "A", "after write-verify",
                  "levels between g_min and g_max", NULL, true},
    [P_program_error] = {"program_error_rel", "", 0.04, 0, 0.3, "A", "3..5 % of full scale",
                         "rms error left after write-verify over g_max - g_min", NULL, false},
    [P_attempt_error] = {"attempt_error_rel", "", 0.12, 0, 1, "A", MHO_SRC_OWN,
                         "rms error of one write attempt over g_max - g_min, lognormal", NULL,
                         false},
    [P_read_noise] = {"read_noise_rel", "", 0.01, 0, 0.5, "A", "1 % of G", "read noise over G, rms",
                      NULL, false},
    [P_law] = {"law", "", LAW_LINEAR, 0, LAW_SINH, "A", "linear at read voltages",
               "conduction of the cell", law_words, true},
    [P_a] = {"sinh_a_per_V", "1/V", 2, 1e-3, 50, "A", "order of oxide RRAM",
             "curvature of the sinh law", NULL, false},
    [P_selector] = {"selector", "", 0, 0, 1, "A", "1T1R or passive array",
                    "two-terminal selector in series", selector_words, true},
    [P_sel_i] = {"selector_i_A", "A", 1e-10, 1e-18, 1e-3, "A", MHO_SRC_OWN,
                 "current scale of the selector", NULL, false},
    [P_sel_v] = {"selector_v_V", "V", 0.05, 0.005, 1, "A", MHO_SRC_OWN,
                 "voltage scale of the selector", NULL, false},
};

static const mho_ext_input inputs[] = {
    {"v", "V", 0, -1, 1, "voltage over the cell and its selector"}};
static const mho_ext_output outputs[] = {
    {"i", "A", "current"},
    {"g", "S", "conductance of the cell at low voltage"},
};
static const mho_ext_memory memory[] = {
    {"g", "S", 1, 1e-6, "conductance of the cell as it was written"}};

/* Voltage of the cell at a current and its derivative by it. */
static double cell_V(const double *p, size_t ld, double g, double i, double *slope) {
    if (p[P_law * ld] == LAW_LINEAR) {
        *slope = 1 / g;
        return i / g;
    }
    double a = p[P_a * ld], w = a * i / g;
    *slope = 1 / (g * sqrt(1 + w * w));
    return asinh(w) / a;
}

static double stack_V(const double *p, size_t ld, double g, double i, double *slope) {
    double w = i / p[P_sel_i * ld], s, v = cell_V(p, ld, g, i, &s);
    *slope = s + p[P_sel_v * ld] / (p[P_sel_i * ld] * sqrt(1 + w * w));
    return v + p[P_sel_v * ld] * asinh(w);
}

/* Current and conductance dI/dV of one cell, V >= 0. */
static double stack_current(const double *p, size_t ld, double g, double v, double *di_dv) {
    double slope, scale = p[P_sel_i * ld];
    /* all the voltage over the selector gives the most current */
    double lo = 0, hi = v / p[P_sel_v * ld], y = hi;
    for (int k = 0; k < 200 && hi > lo; k++) {
        double i = scale * sinh(y), f = stack_V(p, ld, g, i, &slope) - v;
        if (f > 0) {
            hi = y;
        } else {
            lo = y;
        }
        double next = y - f / (slope * scale * cosh(y));
        if (!(next > lo && next < hi)) {
            next = 0.5 * (lo + hi);
        }
        if (fabs(next - y) <= 2e-16 * (fabs(y) + 1e-300)) {
            break;
        }
        y = next;
    }
    double i = scale * sinh(y);
    stack_V(p, ld, g, i, &slope);
    *di_dv = 1 / slope;
    return i;
}

static double current(const double *p, size_t ld, double g, double v, double *di_dv) {
    if (p[P_selector * ld] != 0) {
        return copysign(stack_current(p, ld, g, fabs(v), di_dv), v);
    }
    if (p[P_law * ld] == LAW_LINEAR) {
        *di_dv = g;
        return g * v;
    }
    double a = p[P_a * ld];
    *di_dv = g * cosh(a * v);
    return g * sinh(a * v) / a;
}

static void eval(const mho_ext_batch *b, double *y, double *dx) {
    (void)dx;
    for (size_t i = 0; i < b->n; i++) {
        double slope;
        y[i] = current(b->p + i, b->ld, b->m[i], b->u[i], &slope);
        y[b->ld + i] = b->m[i];
    }
}

static void jacobian(const mho_ext_batch *b, double *di_du, double *di_dx, double *df_du,
                     double *df_dx) {
    (void)di_dx;
    (void)df_du;
    (void)df_dx;
    for (size_t i = 0; i < b->n; i++) {
        current(b->p + i, b->ld, b->m[i], b->u[i], &di_du[i]);
    }
}

static void start(const mho_ext_batch *b, double *x, double *m) {
    (void)x;
    for (size_t i = 0; i < b->n; i++) {
        m[i] = b->p[P_g_max * b->ld + i];
    }
}

static void program(const mho_ext_batch *b, const mho_ext_rng *rng, const double *target_S,
                    double *x, double *m) {
    (void)x;
    for (size_t i = 0; i < b->n; i++) {
        const double *q = b->p + i;
        size_t ld = b->ld;
        mho_synapse_param p = mho_synapse_card(MHO_SYNAPSE_RRAM);
        p.g_min_S = q[P_g_min * ld];
        p.g_max_S = q[P_g_max * ld];
        p.levels = q[P_levels * ld];
        p.program_error_rel = q[P_program_error * ld];
        p.attempt_error_rel = q[P_attempt_error * ld];
        mho_write_stats stats;
        /* the target is finite and g_min < g_max: nothing is left that could fail */
        (void)!mho_synapse_program(NULL, &p, rng->seed, rng->first + i, rng->event, 1, &target_S[i],
                                   &m[i], MHO_CELL_LEVELS | MHO_CELL_ERROR | MHO_CELL_VERIFY,
                                   &stats);
    }
}

static void read_cell(const mho_ext_batch *b, const mho_ext_rng *rng, double *i_A) {
    for (size_t i = 0; i < b->n; i++) {
        double z, slope;
        rng->normal(rng, i, 1, &z);
        double g = b->m[i] * fmax(1 + b->p[P_read_noise * b->ld + i] * z, 1e-3);
        i_A[i] = current(b->p + i, b->ld, g, b->u[i], &slope);
    }
}

static bool check(const double *p, char *why, size_t n_why) {
    if (!(p[P_g_min] < p[P_g_max])) {
        snprintf(why, n_why, "g_min = %g S is not below g_max = %g S", p[P_g_min], p[P_g_max]);
        return false;
    }
    return true;
}

const mho_ext_model mho_i_model_rram = {
    .struct_size = sizeof(mho_ext_model),
    .version = MHO_EXT_VERSION,
    .flags = MHO_EXT_PASSIVE,
    .name = "rram",
    .summary = "oxide RRAM, 1T1R or passive: linear or sinh, selector in series on request",
    .equations = "cell     I = G V, or I = G sinh(sinh_a V)/sinh_a\n"
                 "selector I = selector_i sinh(V/selector_v), in series\n"
                 "write    lognormal attempts until program_error is left\n"
                 "read     G (1 + read_noise N)",
    .source = "on 6 kohm, off/on 150: default of NeuroSim",
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
