/* mix_slope.c - derivatives of mixing laws and hysteresis branches, for Jacobians. */
#include "device_int.h"

#include <math.h>

/* (d-1) s^2 - B s - sm si = 0 gives root ds = s dB + si dsm + sm dsi */
static double bruggeman_slopes(double d, double g, double r_ins, double r_met, double r,
                               double *dr_dg, double *dr_dins) {
    double s_m = 1 / r_met, s_i = 1 / r_ins, s = 1 / r;
    double b = s_m * (d * (1 - g) - 1) + s_i * (d * g - 1);
    double root = sqrt(b * b + 4 * (d - 1) * s_m * s_i);
    *dr_dg = r * r * (s * d * (s_m - s_i)) / root;
    *dr_dins = r * r * s_i * s_i * (s * (d * g - 1) + s_m) / root;
    return r;
}

/* McLachlan: g (ci - es)/(ci + a es) + (1 - g)(cm - et)/(cm + a et) = 0, es = exp(x/s), x = -ln R
 */
static double gem_slopes(const mho_neuron_param *p, double g, double r_ins, double r_met, double r,
                         double *dr_dg, double *dr_dins) {
    double t = p->gem_exponent, s = t * p->gem_ratio, f_c = p->gem_threshold_frac;
    double a = (1 - f_c) / f_c, x = -log(r);
    double c_i = pow(r_ins, -1 / s), c_m = pow(r_met, -1 / t);
    double e_s = exp(x / s), e_t = exp(x / t), d_i = c_i + a * e_s, d_m = c_m + a * e_t;
    double by_x = -g * c_i * (1 + a) * e_s / (s * d_i * d_i) -
                  (1 - g) * c_m * (1 + a) * e_t / (t * d_m * d_m);
    double by_g = (c_i - e_s) / d_i - (c_m - e_t) / d_m;
    double by_ins = -g * c_i / (s * r_ins) * (1 + a) * e_s / (d_i * d_i);
    *dr_dg = r * by_g / by_x;
    *dr_dins = r * by_ins / by_x;
    return r;
}

double mho_i_film_mix_slopes(const mho_neuron_param *p, double g, double r_ins_ohm,
                             double r_met_ohm, double *dr_dg, double *dr_dins) {
    double r = mho_i_film_mix(p, g, r_ins_ohm, r_met_ohm);
    switch (p->mixing) {
    case MHO_MIX_SERIES:
        *dr_dg = r_ins_ohm;
        *dr_dins = g;
        return r;
    case MHO_MIX_BRUGGEMAN_2D:
        return bruggeman_slopes(2, g, r_ins_ohm, r_met_ohm, r, dr_dg, dr_dins);
    case MHO_MIX_BRUGGEMAN_3D:
        return bruggeman_slopes(3, g, r_ins_ohm, r_met_ohm, r, dr_dg, dr_dins);
    case MHO_MIX_GEM:
        return gem_slopes(p, g, r_ins_ohm, r_met_ohm, r, dr_dg, dr_dins);
    }
    return NAN;
}

double mho_i_branch_slopes(const mho_i_branch *b, double t_K, double *dg_dt, double *d2g_dt2) {
    double t_p = 0, t_p1 = 0, t_p2 = 0; /* proximity temperature and its derivatives */
    if (b->t_pr_K != 0) {
        double x = (t_K - b->t_r_K) / b->t_pr_K, sn = sin(b->gamma * x), cs = cos(b->gamma * x);
        double th = tanh(MHO_PI * MHO_PI - 2 * MHO_PI * x), sech2 = 1 - th * th;
        double v = 1 - sn, v1 = -b->gamma * cs, v2 = b->gamma * b->gamma * sn;
        double w = 1 + th, w1 = -2 * MHO_PI * sech2, w2 = -8 * MHO_PI * MHO_PI * sech2 * th;
        t_p = 0.5 * b->t_pr_K * v * w;
        t_p1 = 0.5 * (v1 * w + v * w1);
        t_p2 = 0.5 * (v2 * w + 2 * v1 * w1 + v * w2) / b->t_pr_K;
    }
    double g =
        0.5 + 0.5 * tanh(b->beta_per_K * (b->direction * b->width_K / 2 + b->t_c_K - (t_K + t_p)));
    double bell = 2 * b->beta_per_K * g * (1 - g), a = 1 + t_p1;
    *dg_dt = -bell * a;
    *d2g_dt2 = 2 * b->beta_per_K * (1 - 2 * g) * bell * a * a - bell * t_p2;
    return g;
}
