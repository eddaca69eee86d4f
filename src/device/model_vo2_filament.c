/* model_vo2_filament.c - current through the film: a metallic core of radius u r_ch grows in an
 * insulating channel by Joule heat. Pickett and Williams, Nanotechnology 23, 215202 (2012); with
 * VO2 as spiking neuron: Yi et al., Nat. Commun. 9, 4661 (2018).
 *
 * The stored heat follows from the logarithmic temperature profile around the core at the
 * transition temperature; its derivative is the dH/du of the paper: H(u) = pi l r^2 (cp dT (u^2 -
 * 1)/(2 ln u) + dh u^2) u is held between u_min and u_max, where the logarithm would end the world;
 * at u_min the core has no more heat to give and the balance of energy is that of the insulator. */
#include "model_int.h"

#include <math.h>

#define SRC_YI                                                                                     \
    "order of VO2 parameters in Yi et al., Nat. Commun. 9, 4661 (2018); not checked there"
#define P_LIST(X)                                                                                  \
    X(rho_ins, "ohm m", 1e-9, 1e3, 1e-2, "resistivity of the insulator")                           \
    X(rho_met, "ohm m", 1e-9, 1, 3e-6, "resistivity of the metallic core")                         \
    X(kappa, "W/mK", 1e-3, 1e4, 3.5, "thermal conductivity of the insulating shell")               \
    X(c_p, "J/m3K", 1e3, 1e9, 3.3e6, "volumetric heat capacity")                                   \
    X(dh, "J/m3", 0, 1e11, 2.35e8, "volumetric latent heat of the transition")                     \
    X(dt, "K", 0.1, 2000, 43, "transition temperature minus ambient temperature")                  \
    X(r_ch, "m", 1e-10, 1e-3, 36e-9, "radius of the channel")                                      \
    X(l_ch, "m", 1e-10, 1e-3, 50e-9, "length of the channel")
enum {
#define INDEX(key, unit, lo, hi, value, help) P_##key,
    P_LIST(INDEX)
#undef INDEX
        P_sd_r_ch,
    P_sd_l_ch,
    N_PARAM
};
static const mho_ext_param params[] = {
#define ROW(key, unit, lo, hi, value, help)                                                        \
    {#key, unit, value, lo, hi, "A", SRC_YI, help, NULL, false},
    P_LIST(ROW)
#undef ROW
        {"sd_r_ch_rel", "", 0.03, 0, 0.5, "A", MHO_SRC_OWN, "device spread of r_ch, lognormal",
         NULL, false},
    {"sd_l_ch_rel", "", 0.03, 0, 0.5, "A", MHO_SRC_OWN, "device spread of l_ch, lognormal", NULL,
     false},
};

#define U_MIN 1e-3
#define U_MAX 0.999
static const mho_ext_input inputs[] = {{"v", "V", 0, -1.5, 1.5, "voltage along the channel"}};
static const mho_ext_output outputs[] = {
    {"i", "A", "current"},
    {"r", "ohm", "resistance"},
};
static const mho_ext_state states[] = {
    {"u", "", U_MIN, U_MIN, U_MAX, "radius of the metallic core over that of the channel"}};

typedef struct point {
    double g, dg;         /* conductance, S, and by u */
    double loss, dloss;   /* heat through the shell, W */
    double heat, dh, d2h; /* stored heat and its derivatives by u */
} point;

static point point_at(const mho_ext_batch *b, size_t i) {
    const double *p = b->p + i;
    size_t ld = b->ld;
    double l = p[P_l_ch * ld], r = p[P_r_ch * ld], dt = p[P_dt * ld], u = b->x[i], ln = log(u);
    double area = MHO_PI * r * r, ratio = p[P_rho_ins * ld] / p[P_rho_met * ld] - 1;
    double g0 = area / (p[P_rho_ins * ld] * l), loss0 = 2 * MHO_PI * l * p[P_kappa * ld] * dt;
    double warm = area * l * p[P_c_p * ld] * dt, melt = area * l * p[P_dh * ld];
    double u2 = u * u, ln2 = ln * ln;
    point y = {.g = g0 * (1 + ratio * u2), .dg = 2 * g0 * ratio * u};
    y.loss = -loss0 / ln;
    y.dloss = loss0 / (u * ln2);
    y.heat = warm * (u2 - 1) / (2 * ln) + melt * u2;
    /* w = u^2 - 1: (w/(2 ln))' = u/ln - w/(2 u ln^2) */
    double w = u2 - 1;
    y.dh = warm * (u / ln - w / (2 * u * ln2)) + 2 * melt * u;
    y.d2h =
        warm * (1 / ln - 1 / ln2 - 1 / ln2 + w / (2 * u2 * ln2) + w / (u2 * ln2 * ln)) + 2 * melt;
    return y;
}

static void eval(const mho_ext_batch *b, double *y, double *dx) {
    for (size_t i = 0; i < b->n; i++) {
        point at = point_at(b, i);
        double v = b->u[i];
        y[i] = at.g * v;
        y[b->ld + i] = 1 / at.g;
        dx[i] = (at.g * v * v - at.loss) / at.dh;
    }
}

static void jacobian(const mho_ext_batch *b, double *di_du, double *di_dx, double *df_du,
                     double *df_dx) {
    for (size_t i = 0; i < b->n; i++) {
        point at = point_at(b, i);
        double v = b->u[i], net = at.g * v * v - at.loss;
        di_du[i] = at.g;
        di_dx[i] = at.dg * v;
        df_du[i] = 2 * at.g * v / at.dh;
        df_dx[i] = (at.dg * v * v - at.dloss) / at.dh - net * at.d2h / (at.dh * at.dh);
    }
}

static void power(const mho_ext_batch *b, double *in_W, double *stored_J, double *out_W) {
    for (size_t i = 0; i < b->n; i++) {
        point at = point_at(b, i);
        in_W[i] = at.g * b->u[i] * b->u[i];
        stored_J[i] = at.heat;
        out_W[i] = at.loss;
    }
}

static bool check(const double *p, char *why, size_t n_why) {
    if (!(p[P_rho_ins] > p[P_rho_met])) {
        snprintf(why, n_why, "rho_ins = %g ohm m is not above rho_met = %g ohm m", p[P_rho_ins],
                 p[P_rho_met]);
        return false;
    }
    return true;
}

static void sample(const mho_ext_rng *rng, size_t n, size_t ld, double *p) {
    for (size_t i = 0; i < n; i++) {
        double z[2];
        rng->normal(rng, i, 2, z);
        p[P_r_ch * ld + i] *= exp(p[P_sd_r_ch * ld + i] * z[0]);
        p[P_l_ch * ld + i] *= exp(p[P_sd_l_ch * ld + i] * z[1]);
    }
}

const mho_ext_model mho_i_model_vo2_filament = {
    .struct_size = sizeof(mho_ext_model),
    .version = MHO_EXT_VERSION,
    .flags = MHO_EXT_PASSIVE,
    .name = "vo2-filament",
    .summary = "Mott memristor with current through the film: oscillator and spiking neuron",
    .equations = "current  I = V (pi r_ch^2/(rho_ins l_ch)) (1 + (rho_ins/rho_met - 1) u^2)\n"
                 "core     dH/du du/dt = V I - 2 pi l_ch kappa dt/ln(1/u)\n"
                 "heat     dH/du = pi l_ch r_ch^2 (c_p dt (1 - u^2 + 2 u^2 ln u)/(2 u ln^2 u) + 2 "
                 "dh u)",
    .source = "Pickett and Williams, Nanotechnology 23, 215202 (2012); Yi et al., Nat. Commun. 9, "
              "4661 (2018)",
    .n_param = N_PARAM,
    .param = params,
    .n_input = 1,
    .n_port = 1,
    .input = inputs,
    .n_output = 2,
    .output = outputs,
    .n_state = 1,
    .state = states,
    .eval = eval,
    .jacobian = jacobian,
    .power = power,
    .check = check,
    .sample = sample,
};
