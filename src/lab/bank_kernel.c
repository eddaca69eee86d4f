/* bank_kernel.c - fixed steps of many neurons, written so that the compiler can use vector versions
 * of exp, sin and cos (built with -ffast-math; all inputs are finite by construction).
 *
 * A step: with T8 = Rth P where the temperature would settle and a = 1/(Rth C), both linearly
 * extrapolated from this and the last step to the middle of the next,
 *     rise' = T8 + (rise - T8) exp(-a dt),
 * and the voltage on the load follows a linearly moving target exactly. After an edge or a reversal
 * there is no last step and the coefficients are those of the moment: O(dt^2) once. */
#include "lab_int.h"

#include <math.h>

enum { LANES = MHO_I_BANK_LANES };

static inline double tanh_fast(double x) {
    double c = x > 20 ? 20 : x < -20 ? -20 : x;
    return 1 - 2 / (exp(2 * c) + 1);
}

/* 1 - sin(y) and cos(y). The compiler would join them to one call of sincos, of which there is no
 * vector version. With w = (y - pi/2)/2 they are 2 sin^2(w) and -2 sin(w) cos(w), both the same for
 * w + pi; Taylor polynomials on [-pi/2, pi/2] are good to 1e-11. */
static inline __attribute__((always_inline)) void bend(double y, double *one_less_sin,
                                                       double *cosine) {
    double w = 0.5 * y - MHO_PI / 4;
    w -= MHO_PI * floor(w * (1 / MHO_PI) + 0.5);
    double q = w * w;
    double sn = -1.0 / 1307674368000 * q + 1.0 / 6227020800;
    sn = sn * q - 1.0 / 39916800;
    sn = sn * q + 1.0 / 362880;
    sn = sn * q - 1.0 / 5040;
    sn = sn * q + 1.0 / 120;
    sn = sn * q - 1.0 / 6;
    sn = (sn * q + 1) * w;
    double cs = 1.0 / 20922789888000 * q - 1.0 / 87178291200;
    cs = cs * q + 1.0 / 479001600;
    cs = cs * q - 1.0 / 3628800;
    cs = cs * q + 1.0 / 40320;
    cs = cs * q - 1.0 / 720;
    cs = cs * q + 1.0 / 24;
    cs = cs * q - 0.5;
    cs = cs * q + 1;
    *one_less_sin = 2 * sn * sn;
    *cosine = -2 * sn * cs;
}

/* One slice of one film: what mho_i_film_look adds up, on the branch that starts at turn_K with
 * proximity temperature pr_K. */
static inline __attribute__((always_inline)) void
look_slice(const mho_i_bank_common *c, double s, double rise_K, double turn_K, double pr_K,
           double inv_pr, double centre_K, double r300_ohm, double r_metal_ohm, double *r_ohm,
           double *melting) {
    double t = c->t_base_K + rise_K * s, x = s * (rise_K - turn_K) * inv_pr;
    double th = tanh_fast(MHO_PI * (MHO_PI - 2 * x)), away, cosine;
    bend(c->gamma * x, &away, &cosine);
    double near = 0.5 * away * (1 + th);
    double dp = -0.5 * c->gamma * cosine * (1 + th) - MHO_PI * away * (1 - th * th);
    dp = inv_pr == 0 ? 0 : dp;
    double g = 0.5 + 0.5 * tanh_fast(c->beta_per_K * (centre_K - t - pr_K * near));
    double r_ins = r300_ohm * exp(c->ea_K * (1 / t - 1 / 300.0));
    /* Bruggeman, divided by both conductivities: the form that does not cancel */
    double bb = (r_ins - r_metal_ohm) * (1 - 2 * g);
    double root = sqrt(bb * bb + 4 * r_ins * r_metal_ohm), q = root + fabs(bb);
    double up = bb >= 0 ? 2 * r_ins * r_metal_ohm : q, down = bb >= 0 ? q : 2;
    /* a choice by a number: a branch on a flag would keep the loop from being vectorised */
    *r_ohm += c->series * (g * r_ins + r_metal_ohm) + (1 - c->series) * up / down;
    *melting += 2 * c->beta_per_K * g * (1 - g) * (1 + dp) * s;
}

/* Film and heat capacity of all lanes. */
static inline __attribute__((always_inline)) void
look_lanes(const mho_i_bank_common *c, const mho_i_bank_lanes *l, double *r, double *cap) {
    double inv_n = 1.0 / c->n_slice;
    for (int k = 0; k < LANES; k++) {
        r[k] = cap[k] = 0;
    }
    double centre[LANES];
    for (int k = 0; k < LANES; k++) {
        centre[k] = l->dir[k] * l->half_K[k] + l->t_c_K[k];
    }
    for (int i = 0; i < c->n_slice; i++) {
        const double *pr = l->pr_K + i * LANES, *inv_pr = l->inv_pr_per_K + i * LANES;
        for (int k = 0; k < LANES; k++) {
            look_slice(c, c->s[i], l->rise_K[k], l->turn_K[k], pr[k], inv_pr[k], centre[k],
                       l->r300_ohm[k], l->r_metal_ohm[k], r + k, cap + k);
        }
    }
    for (int k = 0; k < LANES; k++) {
        r[k] *= inv_n;
        double c_k = c->cth_J_per_K + c->latent_J * cap[k] * inv_n;
        cap[k] = c_k > 0.1 * c->cth_J_per_K ? c_k : 0.1 * c->cth_J_per_K;
    }
}

/* The same for lane 0 alone, vectorised over the slices. */
static inline __attribute__((always_inline)) void look_one(const mho_i_bank_common *c,
                                                           const mho_i_bank_lanes *l,
                                                           const double *pr, const double *inv_pr,
                                                           int n_pad, double *r, double *cap) {
    double sum_r = 0, sum_c = 0, rise = l->rise_K[0], turn = l->turn_K[0];
    double centre = l->dir[0] * l->half_K[0] + l->t_c_K[0];
    double r300 = l->r300_ohm[0], r_metal = l->r_metal_ohm[0];
    for (int i = 0; i < n_pad; i++) { /* padding slices have weight 0 */
        double r_i = 0, c_i = 0, w = i < c->n_slice ? 1 : 0;
        look_slice(c, c->s[i], rise, turn, pr[i], inv_pr[i], centre, r300, r_metal, &r_i, &c_i);
        sum_r += w * r_i;
        sum_c += w * c_i;
    }
    r[0] = sum_r / c->n_slice;
    double c_k = c->cth_J_per_K + c->latent_J * sum_c / c->n_slice;
    cap[0] = c_k > 0.1 * c->cth_J_per_K ? c_k : 0.1 * c->cth_J_per_K;
}

/* Lane k turns round where it is: new branches from the old ones. */
static void turn_lane(const mho_i_bank_common *c, mho_i_bank_lanes *l, int k) {
    double rise = l->rise_K[k];
    for (int i = 0; i < c->n_slice; i++) {
        mho_i_branch b = {l->t_c_K[k],
                          2 * l->half_K[k],
                          c->beta_per_K,
                          c->gamma,
                          l->dir[k],
                          c->t_base_K + l->turn_K[k] * c->s[i],
                          l->pr_K[i * LANES + k]};
        double t = c->t_base_K + rise * c->s[i];
        mho_i_branch_reverse(&b, -l->dir[k], t, mho_i_branch_fraction(&b, t));
        mho_i_bank_set_branch(l, i, k, b.t_pr_K);
    }
    l->dir[k] = -l->dir[k];
    l->turn_K[k] = l->extreme_K[k] = rise;
    l->n_reversal++;
}

/* What a step keeps of the one before. */
typedef struct memory {
    double v_target[LANES], a[LANES], end[LANES], weight[LANES];
} memory;

/* Where the load's voltage tends to and how fast. */
static inline __attribute__((always_inline)) double target_V(const mho_i_bank_common *c, double r,
                                                             double read_V) {
    return read_V * c->r_load_ohm / (c->r_load_ohm + r);
}

static inline __attribute__((always_inline)) double follow(const mho_i_bank_common *c, double r,
                                                           double v, double target_before,
                                                           double target, double dt_s) {
    double z = c->cap_F > 0 ? dt_s * (1 / r + 1 / c->r_load_ohm) / c->cap_F : 1e30;
    double e = exp(z > 700 ? -700 : -z);
    return target + (v - target_before) * e - (target - target_before) * (1 - e) / z;
}

/* Rate and end of lane k's exponential at present. */
static inline __attribute__((always_inline)) void coefficients(const mho_i_bank_common *c,
                                                               const mho_i_bank_lanes *l, int k,
                                                               double r, double cap, double read_V,
                                                               double *a, double *end) {
    double r_h = l->r_heater_ohm[k] * (1 + c->tcr_per_K * (c->t_base_K + l->rise_K[k] - 300));
    double i_h = l->heater_V[k] / (c->r_series_ohm + r_h), over = read_V - l->v_V[k];
    *a = 1 / (l->rth_K_per_W[k] * cap);
    *end = l->rth_K_per_W[k] * (i_h * i_h * r_h + over * over / r);
}

/* One step of lane k; returns whether it has come back over the dead band. */
static inline __attribute__((always_inline)) bool advance(const mho_i_bank_common *c,
                                                          mho_i_bank_lanes *l, memory *m, int k,
                                                          double r, double cap, double read_V,
                                                          double dt_s) {
    double a, end;
    coefficients(c, l, k, r, cap, read_V, &a, &end);
    double a_mid = a + m->weight[k] * (a - m->a[k]),
           end_mid = end + m->weight[k] * (end - m->end[k]);
    a_mid = a_mid < 0.3 * a ? 0.3 * a : a_mid > 3 * a ? 3 * a : a_mid;
    m->a[k] = a;
    m->end[k] = end;
    m->weight[k] = 0.5;
    double rise = end_mid + (l->rise_K[k] - end_mid) * exp(-a_mid * dt_s);
    double ext = l->extreme_K[k], ahead = l->dir[k] * (rise - ext);
    l->rise_K[k] = rise;
    l->extreme_K[k] = ahead > 0 ? rise : ext;
    return ahead < -c->dead_band_K;
}

/* Start of a drive: no memory, and a heat flow that has turned round turns the branch. */
static bool start_lane(const mho_i_bank_common *c, mho_i_bank_lanes *l, memory *m, int k, double r,
                       double cap, double read_V) {
    double a, end;
    m->weight[k] = 0;
    m->v_target[k] = target_V(c, r, read_V);
    if (c->cap_F == 0) {
        l->v_V[k] = m->v_target[k];
    }
    coefficients(c, l, k, r, cap, read_V, &a, &end);
    double way_K = end - l->rise_K[k];
    if (-l->dir[k] * way_K > c->dead_band_K) {
        turn_lane(c, l, k);
        return true;
    }
    return false;
}

MHO_MULTIARCH
static void steps_lanes(const mho_i_bank_common *c, mho_i_bank_lanes *l, size_t n_step, double dt_s,
                        double read_V) {
    double r[LANES], cap[LANES];
    memory m = {0};
    look_lanes(c, l, r, cap);
    bool turned = false;
    for (int k = 0; k < LANES; k++) {
        turned = start_lane(c, l, &m, k, r[k], cap[k], read_V) || turned;
    }
    if (turned) {
        look_lanes(c, l, r, cap);
    }
    for (size_t n = 0; n < n_step; n++) {
        int back[LANES], any = 0;
        for (int k = 0; k < LANES; k++) {
            back[k] = advance(c, l, &m, k, r[k], cap[k], read_V, dt_s);
            any |= back[k];
        }
        for (int k = 0; any && k < LANES; k++) {
            if (back[k]) {
                turn_lane(c, l, k);
                m.weight[k] = 0;
            }
        }
        look_lanes(c, l, r, cap);
        for (int k = 0; k < LANES; k++) {
            double target = target_V(c, r[k], read_V);
            l->v_V[k] = follow(c, r[k], l->v_V[k], m.v_target[k], target, dt_s);
            m.v_target[k] = target;
        }
    }
    for (int k = 0; k < LANES; k++) {
        l->r_film_ohm[k] = r[k];
    }
}

static void take_branches(const mho_i_bank_common *c, const mho_i_bank_lanes *l, int n_pad,
                          double *pr, double *inv_pr) {
    for (int i = 0; i < n_pad; i++) {
        pr[i] = i < c->n_slice ? l->pr_K[i * LANES] : 0;
        inv_pr[i] = pr[i] == 0 ? 0 : 1 / pr[i];
    }
}

MHO_MULTIARCH
static void steps_one(const mho_i_bank_common *c, mho_i_bank_lanes *l, size_t n_step, double dt_s,
                      double read_V) {
    double pr[MHO_I_MAX_SLICE], inv_pr[MHO_I_MAX_SLICE], r, cap;
    int n_pad = (c->n_slice + 7) / 8 * 8;
    memory m = {0};
    take_branches(c, l, n_pad, pr, inv_pr);
    look_one(c, l, pr, inv_pr, n_pad, &r, &cap);
    if (start_lane(c, l, &m, 0, r, cap, read_V)) {
        take_branches(c, l, n_pad, pr, inv_pr);
        look_one(c, l, pr, inv_pr, n_pad, &r, &cap);
    }
    for (size_t n = 0; n < n_step; n++) {
        if (advance(c, l, &m, 0, r, cap, read_V, dt_s)) {
            turn_lane(c, l, 0);
            m.weight[0] = 0;
            take_branches(c, l, n_pad, pr, inv_pr);
        }
        look_one(c, l, pr, inv_pr, n_pad, &r, &cap);
        double target = target_V(c, r, read_V);
        l->v_V[0] = follow(c, r, l->v_V[0], m.v_target[0], target, dt_s);
        m.v_target[0] = target;
    }
    l->r_film_ohm[0] = r;
}

void mho_i_bank_steps(const mho_i_bank_common *c, mho_i_bank_lanes *l, size_t n_step, double dt_s,
                      double read_V, bool one) {
    if (one) {
        steps_one(c, l, n_step, dt_s, read_V);
    } else {
        steps_lanes(c, l, n_step, dt_s, read_V);
    }
}
