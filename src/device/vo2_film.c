/* vo2_film.c - the VO2 film alone: resistance along a temperature path with its history.
 *
 * A reversal counts once the temperature has come back by more than a dead band from its extreme,
 * because measured temperatures are noisy and every counted reversal erases the one before: L2P
 * remembers one. Inside the dead band the fraction is held at the extreme, so that noise around it
 * does nothing and the new branch starts where the old one ended. */
#include "device_int.h"

#include <math.h>

static mho_i_branch major(const mho_neuron_param *p, double direction) {
    return (mho_i_branch){.t_c_K = p->t_c_K,
                          .width_K = p->width_K,
                          .beta_per_K = p->beta_per_K,
                          .gamma = p->gamma,
                          .direction = direction};
}

double mho_i_film_major(const mho_neuron_param *p, double direction, double t_K) {
    mho_i_branch b = major(p, direction);
    return mho_i_branch_fraction(&b, t_K);
}

double mho_i_film_insulator_ohm(const mho_neuron_param *p, double t_K) {
    return p->r300_ohm * exp(p->ea_K * (1 / t_K - 1 / 300.0));
}

void mho_i_history_init(mho_i_history *h, const mho_neuron_param *p, double dead_band_K,
                        double t_K) {
    *h = (mho_i_history){
        .branch = major(p, t_K < p->t_c_K ? 1 : -1), .dead_band_K = dead_band_K, .t_ext_K = t_K};
    h->g_ext = mho_i_branch_fraction(&h->branch, t_K);
}

double mho_i_history_step(mho_i_history *h, double t_K) {
    mho_i_branch *b = &h->branch;
    if (!h->moved) {
        if (fabs(t_K - h->t_ext_K) <= h->dead_band_K) {
            return h->g_ext;
        }
        b->direction = t_K > h->t_ext_K ? 1 : -1;
        h->moved = true;
    } else if (b->direction * (t_K - h->t_ext_K) < 0) {
        if (fabs(t_K - h->t_ext_K) <= h->dead_band_K) {
            return h->g_ext;
        }
        mho_i_branch_reverse(b, -b->direction, h->t_ext_K, h->g_ext);
        h->n_reversal++;
    }
    h->t_ext_K = t_K;
    h->g_ext = mho_i_branch_fraction(b, t_K);
    return h->g_ext;
}

static double film_ohm(const mho_neuron_param *p, double g, double t_K) {
    return mho_i_film_mix(p, g, mho_i_film_insulator_ohm(p, t_K), p->r_metal_ohm);
}

static mho_status check_temperature(mho_ctx *ctx, const char *name, double t_K) {
    return t_K >= 100 && t_K <= 600
               ? MHO_OK
               : mho_i_fail(ctx, MHO_ERR_ARG, "%s = %g K: 100 to 600 K are allowed", name, t_K);
}

mho_status mho_vo2_rt_path(mho_ctx *ctx, const mho_neuron_param *param, double dead_band_K,
                           size_t n, const double *t_K, double *r_ohm, double *g_frac,
                           size_t *n_reversal) {
    if (!(dead_band_K >= 1e-6 && dead_band_K <= 1)) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "dead_band = %g K: 1e-6 to 1 K are allowed",
                          dead_band_K);
    }
    for (size_t k = 0; k < n; k++) {
        char name[40];
        snprintf(name, sizeof name, "t_K[%zu]", k);
        mho_status status = check_temperature(ctx, name, t_K[k]);
        if (status < 0) {
            return status;
        }
    }
    mho_i_history h = {0};
    for (size_t k = 0; k < n; k++) {
        double g;
        if (k == 0) { /* the direction of the first move decides, so look ahead */
            size_t j = 1;
            while (j < n && fabs(t_K[j] - t_K[0]) <= dead_band_K) {
                j++;
            }
            mho_i_history_init(&h, param, dead_band_K, t_K[0]);
            if (j < n) {
                h.branch.direction = t_K[j] > t_K[0] ? 1 : -1;
                h.g_ext = mho_i_branch_fraction(&h.branch, t_K[0]);
            }
            g = h.g_ext;
        } else {
            g = mho_i_history_step(&h, t_K[k]);
        }
        r_ohm[k] = film_ohm(param, g, t_K[k]);
        if (g_frac) {
            g_frac[k] = g;
        }
    }
    if (n_reversal) {
        *n_reversal = h.n_reversal;
    }
    return MHO_OK;
}

mho_status mho_vo2_forc(mho_ctx *ctx, const mho_neuron_param *param, bool heating, double t_cold_K,
                        double t_hot_K, size_t n_curve, size_t n_t, double *t_K, double *r_ohm) {
    mho_status status = check_temperature(ctx, "t_cold", t_cold_K);
    if (status == MHO_OK) {
        status = check_temperature(ctx, "t_hot", t_hot_K);
    }
    if (status < 0) {
        return status;
    }
    if (!(t_hot_K > t_cold_K) || n_curve == 0 || n_t < 2) {
        return mho_i_fail(
            ctx, MHO_ERR_ARG,
            "reversal curves from %g to %g K, %zu of them with %zu points: t_hot must "
            "lie above t_cold, at least one curve and two points are wanted",
            t_cold_K, t_hot_K, n_curve, n_t);
    }
    double out = heating ? 1 : -1, end = heating ? t_cold_K : t_hot_K;
    for (size_t c = 0; c < n_curve; c++) {
        double t_r = t_cold_K + (t_hot_K - t_cold_K) * (double)(c + 1) / (double)(n_curve + 1);
        mho_i_branch b = major(param, out);
        mho_i_branch_reverse(&b, -out, t_r, mho_i_branch_fraction(&b, t_r));
        for (size_t k = 0; k < n_t; k++) {
            double t = t_r + (end - t_r) * (double)k / (double)(n_t - 1);
            t_K[c * n_t + k] = t;
            r_ohm[c * n_t + k] = film_ohm(param, mho_i_branch_fraction(&b, t), t);
        }
    }
    return MHO_OK;
}
