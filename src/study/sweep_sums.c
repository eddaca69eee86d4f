/* sweep_sums.c - from single chips to points: mean, spread, worst chip, yield, front; and to levels
 * of an axis. */
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

/* Equal values have no spread, not even one of rounding. */
static void mean_sd(size_t n, const double *x, double *mean, double *sd) {
    size_t k = 1;
    while (k < n && x[k] == x[0]) {
        k++;
    }
    if (k == n) {
        *mean = x[0];
        *sd = 0;
    } else {
        mho_i_mean_sd(n, x, mean, sd);
    }
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
            mean_sd(n, x, &q->mean[m], &q->sd[m]);
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
        /* 989 of 1000 reach 98.9 %, whatever the last bit of either says */
        q->n_good += v >= r->threshold - 1e-9;
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

/* ---- levels ---- */

static bool at_level(const mho_sweep_result *r, size_t p, size_t axis, size_t level) {
    const mho_sweep_axis *a = mho_study_axis(r->study, axis);
    double x = mho_study_value(r->study, p, axis);
    return a->word ? (size_t)x == level : x == a->level[level];
}

/* Accuracy of each chip over the points of a level: sum[c], count[c]; all single ones into x. */
static size_t gather(const mho_sweep_result *r, size_t axis, size_t level, double *sum,
                     double *count, double *x) {
    size_t n = 0;
    for (size_t c = 0; c < r->n_chip; c++) {
        sum[c] = count[c] = 0;
    }
    for (size_t p = 0; p < r->n_point; p++) {
        const double *v = r->value + p * r->n_chip * MHO_N_METRIC + MHO_METRIC_ACCURACY;
        for (size_t c = 0; at_level(r, p, axis, level) && c < r->n_chip; c++) {
            double y = v[c * MHO_N_METRIC];
            if (!isnan(y)) {
                sum[c] += y;
                count[c] += 1;
                x[n++] = y;
            }
        }
    }
    return n;
}

/* Sorts x; between the two values that are nearest. */
static double quantile(size_t n, double *x, double share) {
    /* accuracies are few different numbers; a shell sort is enough */
    for (size_t gap = n / 2; gap > 0; gap = gap == 2 ? 1 : gap * 5 / 11) {
        for (size_t k = gap; k < n; k++) {
            double keep = x[k];
            size_t j = k;
            for (; j >= gap && x[j - gap] > keep; j -= gap) {
                x[j] = x[j - gap];
            }
            x[j] = keep;
        }
    }
    double at = share * (double)(n - 1);
    size_t k = (size_t)at;
    return k + 1 < n ? x[k] + (at - (double)k) * (x[k + 1] - x[k]) : x[k];
}

static void sum_level(const mho_sweep_result *r, size_t axis, size_t level, double *sum,
                      double *count, double *x, mho_sweep_level *out) {
    const mho_sweep_axis *a = mho_study_axis(r->study, axis);
    size_t n = gather(r, axis, level, sum, count, x), n_chip = 0;
    *out = (mho_sweep_level){
        a->word ? (double)level : a->level[level], NAN, {NAN, NAN}, NAN, NAN, NAN};
    for (size_t c = 0; c < r->n_chip; c++) {
        if (count[c] > 0) {
            sum[n_chip++] = sum[c] / count[c];
        }
    }
    if (n_chip) {
        double sd;
        mean_sd(n_chip, sum, &out->mean, &sd);
        mho_i_interval95(n_chip, sum, r->n_image, out->ci95);
        out->low = quantile(n, x, 0.05);
        out->high = quantile(n, x, 0.95);
        out->worst = x[0];
    }
}

static mho_status sum_levels(mho_sweep_result *r) {
    r->first_level = mho_i_alloc(r->ctx, r->n_axis + 1, sizeof *r->first_level);
    if (!r->first_level) {
        return MHO_ERR_NOMEM;
    }
    for (size_t k = 0; k < r->n_axis; k++) {
        r->first_level[k] = r->n_level;
        r->n_level += mho_study_axis(r->study, k)->n_level;
    }
    r->first_level[r->n_axis] = r->n_level;
    r->level = mho_i_alloc(r->ctx, r->n_level, sizeof *r->level);
    double *sum = mho_i_alloc(r->ctx, r->n_chip, sizeof *sum);
    double *count = mho_i_alloc(r->ctx, r->n_chip, sizeof *count);
    double *x = mho_i_alloc(r->ctx, r->n_level ? r->n_point * r->n_chip : 0, sizeof *x);
    bool fine = r->level && sum && count && x;
    for (size_t k = 0; fine && k < r->n_axis; k++) {
        for (size_t l = 0; l < mho_study_axis(r->study, k)->n_level; l++) {
            sum_level(r, k, l, sum, count, x, &r->level[r->first_level[k] + l]);
        }
    }
    mho_i_free(r->ctx, sum);
    mho_i_free(r->ctx, count);
    mho_i_free(r->ctx, x);
    return fine ? MHO_OK : MHO_ERR_NOMEM;
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
    return sum_levels(r);
}
