/* sweep_sums.c - from single chips to points: mean, spread, worst chip, yield, front. */
#include "sweep_int.h"

#include <math.h>

void mho_i_wilson(size_t n_good, size_t n, double ci95[2]) {
    const double z = 1.959963984540054;
    double m = (double)n, share = (double)n_good / m, d = 1 + z * z / m;
    double centre = (share + z * z / (2 * m)) / d;
    double half = z / d * sqrt(share * (1 - share) / m + z * z / (4 * m * m));
    /* at the ends the interval touches 0 or 1 but for rounding */
    ci95[0] = n_good == 0 ? 0 : fmax(centre - half, 0);
    ci95[1] = n_good == n ? 1 : fmin(centre + half, 1);
}

static void sum_point(mho_sweep_result *r, size_t p, double *x) {
    mho_sweep_point *q = &r->point[p];
    const double *value = r->value + p * r->n_chip * MHO_N_METRIC;
    q->n_chip = r->n_chip;
    q->min = INFINITY;
    for (int m = 0; m < MHO_N_METRIC; m++) {
        size_t n = 0;
        for (size_t c = 0; c < r->n_chip; c++) {
            double v = value[c * MHO_N_METRIC + (size_t)m];
            if (!isnan(v)) {
                x[n++] = v;
            }
        }
        q->mean[m] = q->sd[m] = NAN;
        if (n) {
            mho_i_mean_sd(n, x, &q->mean[m], &q->sd[m]);
        }
        if (m == MHO_METRIC_ACCURACY) {
            q->n_failed = r->n_chip - n;
            q->ci95[0] = q->ci95[1] = NAN;
            if (n) {
                mho_i_interval95(n, x, r->n_image, q->ci95);
            }
        }
    }
    for (size_t c = 0; c < r->n_chip; c++) {
        double v = value[c * MHO_N_METRIC + MHO_METRIC_ACCURACY];
        if (v < q->min) {
            q->min = v;
            q->worst = c;
        }
        q->n_good += v >= r->threshold;
    }
    q->min = isfinite(q->min) ? q->min : (double)NAN;
    q->yield = q->yield_ci95[0] = q->yield_ci95[1] = NAN;
    if (!isnan(r->threshold)) {
        q->yield = (double)q->n_good / (double)r->n_chip;
        mho_i_wilson(q->n_good, r->n_chip, q->yield_ci95);
    }
    r->n_failed += q->n_failed;
}

/* Points that no other beats in energy and accuracy at once. */
static void find_front(mho_sweep_result *r) {
    for (size_t p = 0; p < r->n_point; p++) {
        double e = r->point[p].mean[MHO_METRIC_ENERGY], a = r->point[p].mean[MHO_METRIC_ACCURACY];
        r->front[p] = !isnan(e) && !isnan(a);
        for (size_t q = 0; q < r->n_point && r->front[p]; q++) {
            double eq = r->point[q].mean[MHO_METRIC_ENERGY];
            double aq = r->point[q].mean[MHO_METRIC_ACCURACY];
            if (eq <= e && aq >= a && (eq < e || aq > a)) {
                r->front[p] = false;
            }
        }
    }
}

mho_status mho_i_sweep_sums(mho_sweep_result *r) {
    double *x = mho_i_alloc(r->ctx, r->n_chip, sizeof *x);
    if (!x) {
        return MHO_ERR_NOMEM;
    }
    r->n_failed = 0;
    for (size_t p = 0; p < r->n_point; p++) {
        sum_point(r, p, x);
    }
    mho_i_free(r->ctx, x);
    find_front(r);
    return MHO_OK;
}
