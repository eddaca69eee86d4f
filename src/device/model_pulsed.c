/* model_pulsed.c - analogue cells that are moved by identical pulses, in the families and with the
 * presets of aihwkit (IBM Analog Hardware Acceleration Kit, src/aihwkit/simulator/presets), which
 * give the sources of the measured devices.
 *
 *     up    w += s_up (1 + noise),  down  w -= s_down (1 + noise)
 *     constant     s = step
 *     linear       s_up = step (1 - gamma_up w/w_max),  s_down = step (1 - gamma_down w/w_min)
 *     soft-bounds  linear with gamma 1: the step is 0 at the bound
 *     exponential  s_up = step max(1 - a_up exp(gamma_up z), 0), s_down likewise with -z,
 *                  z = 2 es_a w/(w_max - w_min) + es_b
 * up step = dw_min (scale_up + min(up_down, 0)), down step = dw_min (scale_down - max(up_down, 0)).
 * noise = cycle N, in proportion to s (multiplicative) or to step (additive).
 * w is cut at its bounds. What is read is w + write_noise dw_min N, N drawn at every pulse. */
#include "model_int.h"

#include <math.h>

static const char *const law_words[] = {"constant", "linear", "soft-bounds", "exponential", NULL};
enum { LAW_CONSTANT, LAW_LINEAR, LAW_SOFT, LAW_EXP };
static const char *const noise_words[] = {"additive", "multiplicative", NULL};
static const char *const bound_words[] = {"device", "mean", NULL};
static const char *const gain_words[] = {"normal", "lognormal", NULL};

#define AIHWKIT   "aihwkit preset "
#define SRC_UNIT  "conversion to conductance"
#define SRC_OWN_W "set by the spread between devices"
/* key, unit, start, min, max, mark, source, help, words, whole; the default is reram-es */
#define SRC_ES AIHWKIT "ReRamES: fit to Gong et al., Nat. Commun. 9, 2102 (2018)"
enum {
    P_law,
    P_dw_min,
    P_up_down,
    P_w_max,
    P_w_min,
    P_gamma_up,
    P_gamma_down,
    P_a_up,
    P_a_down,
    P_es_a,
    P_es_b,
    P_cycle_sd,
    P_noise,
    P_write_noise,
    P_dw_min_sd,
    P_gain,
    P_up_down_sd,
    P_w_max_sd,
    P_w_min_sd,
    P_gamma_up_sd,
    P_gamma_down_sd,
    P_bounds,
    P_scale_up,
    P_scale_down,
    P_g_zero,
    P_g_unit,
    N_PARAM
};
static const mho_ext_param params[N_PARAM] = {
    [P_law] = {"law", "", LAW_EXP, 0, LAW_EXP, "P", SRC_ES, "how the step depends on the state",
               law_words, true},
    [P_dw_min] = {"dw_min", "", 0.00135, 1e-9, 1, "P", SRC_ES, "step at w = 0 without asymmetry",
                  NULL, false},
    [P_up_down] = {"up_down", "", 0.259359, -1, 1, "P", SRC_ES,
                   "asymmetry: > 0 makes down steps smaller, < 0 up steps", NULL, false},
    [P_w_max] = {"w_max", "", 1, 1e-6, 100, "P", SRC_ES, "upper bound of the state", NULL, false},
    [P_w_min] = {"w_min", "", -1, -100, 0, "P", SRC_ES, "lower bound of the state", NULL, false},
    [P_gamma_up] = {"gamma_up", "", 5, -20, 20, "P", SRC_ES, "linear, exponential: slope upwards",
                    NULL, false},
    [P_gamma_down] = {"gamma_down", "", 5, -20, 20, "P", SRC_ES,
                      "linear, exponential: slope downwards", NULL, false},
    [P_a_up] = {"a_up", "", -1.18445, -100, 100, "P", SRC_ES, "exponential: A upwards", NULL,
                false},
    [P_a_down] = {"a_down", "", -0.081404, -100, 100, "P", SRC_ES, "exponential: A downwards", NULL,
                  false},
    [P_es_a] = {"es_a", "", -0.5, -10, 10, "P", SRC_ES, "exponential: scale of w in z", NULL,
                false},
    [P_es_b] = {"es_b", "", -0.5, -10, 10, "P", SRC_ES, "exponential: offset of z", NULL, false},
    [P_cycle_sd] = {"cycle_sd", "", 5, 0, 100, "P", SRC_ES, "change of a step from pulse to pulse",
                    NULL, false},
    [P_noise] = {"noise", "", 1, 0, 1, "P", SRC_ES, "what that change is in proportion to",
                 noise_words, true},
    [P_write_noise] = {"write_noise", "", 75, 0, 1e4, "P", SRC_ES,
                       "error of what is read, over dw_min, drawn at every pulse", NULL, false},
    [P_dw_min_sd] = {"dw_min_sd", "", 0.2, 0, 3, "P", SRC_ES, "device spread of dw_min", NULL,
                     false},
    [P_gain] = {"gain", "", 0, 0, 1, "P", SRC_ES, "law of that spread", gain_words, true},
    [P_up_down_sd] = {"up_down_sd", "", 0.05, 0, 3, "P", SRC_ES, "device spread of the asymmetry",
                      NULL, false},
    [P_w_max_sd] = {"w_max_sd", "", 0.3, 0, 3, "P", SRC_ES, "device spread of w_max, relative",
                    NULL, false},
    [P_w_min_sd] = {"w_min_sd", "", 0.3, 0, 3, "P", SRC_ES, "device spread of w_min, relative",
                    NULL, false},
    [P_gamma_up_sd] = {"gamma_up_sd", "", 0, 0, 3, "P", SRC_ES, "linear: device spread of gamma_up",
                       NULL, false},
    [P_gamma_down_sd] = {"gamma_down_sd", "", 0, 0, 3, "P", SRC_ES,
                         "linear: device spread of gamma_down", NULL, false},
    [P_bounds] = {"bounds", "", 0, 0, 1, "P", SRC_ES,
                  "linear: does the slope refer to the device's own or to the mean bound",
                  bound_words, true},
    [P_scale_up] = {"scale_up", "", 1, 0, 100, "A", SRC_OWN_W, "up step of this device over dw_min",
                    NULL, false},
    [P_scale_down] = {"scale_down", "", 1, 0, 100, "A", SRC_OWN_W,
                      "down step of this device over dw_min", NULL, false},
    [P_g_zero] = {"g_zero_S", "S", 20e-6, 0, 1, "A", SRC_UNIT, "conductance at w = 0", NULL, false},
    [P_g_unit] = {"g_unit_S", "S", 10e-6, 1e-15, 1, "A", SRC_UNIT, "conductance per unit of w",
                  NULL, false},
};

#define V(key, value, source) {key, value, "P", source},
/* what is not in a preset's class goes to its neutral value */
#define NOT_EXP(source)                                                                            \
    V("a_up", 0, source)                                                                           \
    V("a_down", 0, source) V("es_a", 0, source) V("es_b", 0, source) V("up_down", 0, source)
#define SRC_SB AIHWKIT "ReRamSB: loose fit to Gong et al., Nat. Commun. 9, 2102 (2018)"
static const mho_ext_value reram_sb[] = {
    V("law", LAW_SOFT, SRC_SB) NOT_EXP(SRC_SB) V("dw_min", 0.002, SRC_SB) V("w_max", 1.25, SRC_SB)
        V("w_min", -0.75, SRC_SB) V("gamma_up", 1, SRC_SB) V("gamma_down", 1, SRC_SB)
            V("noise", 0, SRC_SB) V("dw_min_sd", 0.3, SRC_SB) V("up_down_sd", 0.01, SRC_SB)
                V("w_max_sd", 0.3 / 1.25, SRC_SB) V("w_min_sd", 0.3 / 0.75, SRC_SB)
                    V("cycle_sd", 3.75, SRC_SB) V("write_noise", 56, SRC_SB)};
#define SRC_CAP AIHWKIT "Capacitor: fit to Li et al., VLSI 2018; leakage left out"
static const mho_ext_value capacitor[] = {
    V("law", LAW_LINEAR, SRC_CAP) NOT_EXP(SRC_CAP) V("dw_min", 0.005, SRC_CAP)
        V("gamma_up", 0.05, SRC_CAP) V("gamma_down", 0.05, SRC_CAP) V("noise", 0, SRC_CAP)
            V("dw_min_sd", 0.1, SRC_CAP) V("up_down_sd", 0.06, SRC_CAP) V("w_max_sd", 0.07, SRC_CAP)
                V("w_min_sd", 0.07, SRC_CAP) V("gamma_up_sd", 0.01, SRC_CAP)
                    V("gamma_down_sd", 0.01, SRC_CAP) V("cycle_sd", 0.3, SRC_CAP)
                        V("write_noise", 0, SRC_CAP) V("bounds", 1, SRC_CAP)};
#define SRC_EC AIHWKIT "EcRam: lithium ECRAM, fit to Tang et al., IEDM 2018"
static const mho_ext_value ecram[] = {
    V("law", LAW_LINEAR, SRC_EC) NOT_EXP(SRC_EC) V("dw_min", 0.002, SRC_EC)
        V("w_max", 1.1724, SRC_EC) V("w_min", -0.8276, SRC_EC) V("gamma_up", 0.1153, SRC_EC)
            V("gamma_down", 0.5085, SRC_EC) V("noise", 1, SRC_EC) V("dw_min_sd", 0.1, SRC_EC)
                V("up_down_sd", 0.01, SRC_EC) V("w_max_sd", 0.05, SRC_EC)
                    V("w_min_sd", 0.05, SRC_EC) V("gamma_up_sd", 0.05, SRC_EC)
                        V("gamma_down_sd", 0.05, SRC_EC) V("cycle_sd", 0.3, SRC_EC)
                            V("write_noise", 0, SRC_EC) V("bounds", 1, SRC_EC)};
#define SRC_MO AIHWKIT "EcRamMO: metal-oxide ECRAM, Kim et al., IEDM 2019"
static const mho_ext_value ecram_mo[] = {
    V("law", LAW_LINEAR, SRC_MO) NOT_EXP(SRC_MO) V("dw_min", 2.8214e-4, SRC_MO)
        V("w_max", 1.1714, SRC_MO) V("w_min", -0.8286, SRC_MO) V("gamma_up", 0.4152, SRC_MO)
            V("gamma_down", 0.7342, SRC_MO) V("noise", 1, SRC_MO) V("dw_min_sd", 0.1, SRC_MO)
                V("up_down_sd", 0.01, SRC_MO) V("w_max_sd", 0.05, SRC_MO)
                    V("w_min_sd", 0.05, SRC_MO) V("gamma_up_sd", 0.05, SRC_MO)
                        V("gamma_down_sd", 0.05, SRC_MO) V("cycle_sd", 2, SRC_MO)
                            V("write_noise", 0, SRC_MO) V("bounds", 1, SRC_MO)};
#define SRC_ID AIHWKIT "Idealized: Rasch et al., IEEE Design and Test 37, 69 (2020)"
static const mho_ext_value idealized[] = {
    V("law", LAW_CONSTANT, SRC_ID) NOT_EXP(SRC_ID) V("dw_min", 0.0002, SRC_ID)
        V("gamma_up", 0, SRC_ID) V("gamma_down", 0, SRC_ID) V("noise", 1, SRC_ID)
            V("dw_min_sd", 0.3, SRC_ID) V("up_down_sd", 0, SRC_ID) V("cycle_sd", 0.3, SRC_ID)
                V("write_noise", 0, SRC_ID)};
#define SRC_GV AIHWKIT "GokmenVlasov: Gokmen and Vlasov, Front. Neurosci. 10, 333 (2016)"
static const mho_ext_value gokmen_vlasov[] = {
    V("law", LAW_CONSTANT, SRC_GV) NOT_EXP(SRC_GV) V("dw_min", 0.0016, SRC_GV)
        V("gamma_up", 0, SRC_GV) V("gamma_down", 0, SRC_GV) V("noise", 1, SRC_GV)
            V("dw_min_sd", 0.3, SRC_GV) V("up_down_sd", 0.01, SRC_GV) V("cycle_sd", 0.3, SRC_GV)
                V("write_noise", 0, SRC_GV)};
#define SRC_OM AIHWKIT "ReRamArrayOM: optimised material, Gong, Rasch et al., IEDM 2022"
static const mho_ext_value array_om[] = {
    V("law", LAW_SOFT, SRC_OM) NOT_EXP(SRC_OM) V("dw_min", 0.0949, SRC_OM) V("gamma_up", 1, SRC_OM)
        V("gamma_down", 1, SRC_OM) V("noise", 0, SRC_OM) V("gain", 1, SRC_OM)
            V("dw_min_sd", 0.7829, SRC_OM) V("up_down_sd", 0.01, SRC_OM)
                V("w_max_sd", 0.3499, SRC_OM) V("w_min_sd", 0.5695, SRC_OM)
                    V("cycle_sd", 0.4158, SRC_OM) V("write_noise", 1.4113, SRC_OM)};
#define SRC_HF AIHWKIT "ReRamArrayHfO2: baseline, Gong, Rasch et al., IEDM 2022"
static const mho_ext_value array_hfo2[] = {
    V("law", LAW_SOFT, SRC_HF) NOT_EXP(SRC_HF) V("dw_min", 0.4622, SRC_HF) V("gamma_up", 1, SRC_HF)
        V("gamma_down", 1, SRC_HF) V("noise", 0, SRC_HF) V("gain", 1, SRC_HF)
            V("dw_min_sd", 0.7125, SRC_HF) V("up_down_sd", 0.01, SRC_HF)
                V("w_max_sd", 0.4295, SRC_HF) V("w_min_sd", 0.5990, SRC_HF)
                    V("cycle_sd", 0.2174, SRC_HF) V("write_noise", 0.5841, SRC_HF)};
#define CARD(name, array, summary)                                                                 \
    { name, summary, sizeof(array) / sizeof *(array), array }
static const mho_ext_card cards[] = {
    {"reram-es", "ReRAM, exponential step", 0, NULL},
    CARD("reram-sb", reram_sb, "ReRAM, soft bounds"),
    CARD("capacitor", capacitor, "trench capacitor, linear step"),
    CARD("ecram", ecram, "lithium ECRAM, linear step"),
    CARD("ecram-mo", ecram_mo, "metal-oxide ECRAM, linear step"),
    CARD("idealized", idealized, "10,000 equal steps"),
    CARD("gokmen-vlasov", gokmen_vlasov, "1,200 equal steps"),
    CARD("reram-array-om", array_om, "ReRAM array, optimised material, soft bounds"),
    CARD("reram-array-hfo2", array_hfo2, "ReRAM array, HfO2 baseline, soft bounds"),
};

static const mho_ext_input inputs[] = {{"v", "V", 0, -0.3, 0.3, "voltage over the cell"}};
static const mho_ext_output outputs[] = {
    {"i", "A", "current"},
    {"g", "S", "conductance as it is read"},
    {"w", "", "state"},
};
enum { M_W, M_SEEN };
static const mho_ext_memory memory[] = {
    {"w", "", 1, 0, "state"},
    {"seen", "", 1, 0, "state as it is read: with the write noise of the last pulse"},
};

static double conductance(const mho_ext_batch *b, size_t i) {
    size_t ld = b->ld;
    return fmax(b->p[P_g_zero * ld + i] + b->p[P_g_unit * ld + i] * b->m[M_SEEN * ld + i], 0);
}

static void eval(const mho_ext_batch *b, double *y, double *dx) {
    (void)dx;
    for (size_t i = 0; i < b->n; i++) {
        double g = conductance(b, i);
        y[i] = g * b->u[i];
        y[b->ld + i] = g;
        y[2 * b->ld + i] = b->m[i];
    }
}

static void jacobian(const mho_ext_batch *b, double *di_du, double *di_dx, double *df_du,
                     double *df_dx) {
    (void)di_dx;
    (void)df_du;
    (void)df_dx;
    for (size_t i = 0; i < b->n; i++) {
        di_du[i] = conductance(b, i);
    }
}

/* Size of an average step from w, and of the step its additive noise refers to. */
static double step_at(const double *p, size_t ld, double w, bool up, double *unit) {
    double asymmetry = p[P_up_down * ld];
    double scale =
        up ? p[P_scale_up * ld] + fmin(asymmetry, 0) : p[P_scale_down * ld] - fmax(asymmetry, 0);
    double step = p[P_dw_min * ld] * fabs(scale), gamma = p[(up ? P_gamma_up : P_gamma_down) * ld];
    *unit = step;
    switch ((int)p[P_law * ld]) {
    case LAW_EXP: {
        double z = 2 * p[P_es_a * ld] * w / (p[P_w_max * ld] - p[P_w_min * ld]) + p[P_es_b * ld];
        double a = p[(up ? P_a_up : P_a_down) * ld];
        return step * fmax(1 - a * exp(gamma * (up ? z : -z)), 0);
    }
    case LAW_SOFT:
    case LAW_LINEAR: {
        double bound = p[(up ? P_w_max : P_w_min) * ld];
        gamma = (int)p[P_law * ld] == LAW_SOFT ? 1 : gamma;
        return bound == 0 ? step : step * (1 - gamma * w / bound);
    }
    default:
        return step;
    }
}

static void pulse(const mho_ext_batch *b, const mho_ext_rng *rng, const double *amount, double *x,
                  double *m) {
    (void)x;
    size_t ld = b->ld;
    for (size_t i = 0; i < b->n; i++) {
        if (amount[i] == 0) {
            continue;
        }
        const double *p = b->p + i;
        bool up = amount[i] > 0;
        double z[2], unit, s = step_at(p, ld, m[i], up, &unit);
        rng->normal(rng, i, 2, z);
        /* additive noise keeps its size where the step shrinks */
        double noise = p[P_cycle_sd * ld] * z[0] * (p[P_noise * ld] != 0 ? s : unit);
        double w = m[i] + amount[i] * (s + noise);
        m[i] = fmax(fmin(w, p[P_w_max * ld]), p[P_w_min * ld]);
        m[M_SEEN * ld + i] = m[i] + p[P_write_noise * ld] * p[P_dw_min * ld] * z[1];
    }
}

static void start(const mho_ext_batch *b, double *x, double *m) {
    (void)x;
    for (size_t i = 0; i < b->n; i++) { /* bounds of a device may exclude w = 0 */
        double w = fmax(fmin(0, b->p[P_w_max * b->ld + i]), b->p[P_w_min * b->ld + i]);
        m[i] = m[M_SEEN * b->ld + i] = w;
    }
}

static void sample(const mho_ext_rng *rng, size_t n, size_t ld, double *p) {
    for (size_t i = 0; i < n; i++) {
        double *q = p + i, z[6];
        rng->normal(rng, i, 6, z);
        double mean_max = q[P_w_max * ld], mean_min = q[P_w_min * ld];
        double w_max = fabs(mean_max * (1 + q[P_w_max_sd * ld] * z[0]));
        double w_min = -fabs(mean_min * (1 + q[P_w_min_sd * ld] * z[1]));
        double sd = q[P_dw_min_sd * ld];
        double gain = q[P_gain * ld] != 0 ? exp(sd * z[2]) : 1 + sd * z[2];
        double r = q[P_up_down_sd * ld] * z[3], skew = q[P_up_down * ld];
        /* the size of a whole step is what must not be negative */
        q[P_scale_up * ld] = fabs(gain + r + fmin(skew, 0)) - fmin(skew, 0);
        q[P_scale_down * ld] = fabs(gain - r - fmax(skew, 0)) + fmax(skew, 0);
        if ((int)q[P_law * ld] == LAW_LINEAR) {
            q[P_gamma_up * ld] = fabs(q[P_gamma_up * ld] + q[P_gamma_up_sd * ld] * z[4]);
            q[P_gamma_down * ld] = fabs(q[P_gamma_down * ld] + q[P_gamma_down_sd * ld] * z[5]);
            if (q[P_bounds * ld] != 0) { /* the slope stays that of the mean bound */
                q[P_gamma_up * ld] *= w_max / mean_max;
                q[P_gamma_down * ld] *= mean_min != 0 ? w_min / mean_min : 1;
            }
        }
        q[P_w_max * ld] = w_max;
        q[P_w_min * ld] = w_min;
    }
}

const mho_ext_model mho_i_model_pulsed = {
    .struct_size = sizeof(mho_ext_model),
    .version = MHO_EXT_VERSION,
    .flags = MHO_EXT_PASSIVE,
    .name = "pulsed",
    .summary = "analogue cell moved by identical pulses: constant, linear, soft-bounds and "
               "exponential steps",
    .equations =
        "current  I = (g_zero + g_unit w) V, not below 0\n"
        "up       w += s_up(w) (1 + cycle_sd N),  s_up = dw_min (scale_up + min(up_down, 0)) k\n"
        "down     w -= s_down(w) (1 + cycle_sd N),  s_down = dw_min (scale_down - max(up_down, 0)) "
        "k\n"
        "k        constant: 1; linear: 1 - gamma w/bound; soft-bounds: 1 - w/bound;\n"
        "         exponential: max(1 - a exp(+-gamma z), 0), z = 2 es_a w/(w_max - w_min) + es_b\n"
        "read     w + write_noise dw_min N",
    .source = "families and presets of aihwkit, Rasch et al., AICAS 2021, arXiv 2104.02184",
    .n_param = N_PARAM,
    .param = params,
    .n_card = sizeof cards / sizeof *cards,
    .card = cards,
    .n_input = 1,
    .n_port = 1,
    .input = inputs,
    .n_output = 3,
    .output = outputs,
    .n_memory_row = 2,
    .memory = memory,
    .eval = eval,
    .jacobian = jacobian,
    .start = start,
    .sample = sample,
    .pulse = pulse,
};
