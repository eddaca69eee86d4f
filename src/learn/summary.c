/* summary.c - learning curves with their spread over runs, the share that solved the task with
 * Wilson's interval (J. Am. Stat. Assoc. 22, 209 (1927)). */
#include "learn_int.h"

#include <math.h>
#include <stdlib.h>

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void curve_point(mho_learn_result *r, size_t episode, double *work) {
    size_t n = r->opt.n_seed;
    double mean = 0, square = 0, good = 0;
    for (size_t k = 0; k < n; k++) {
        work[k] = r->steps[k * r->opt.n_episode + episode];
        mean += work[k] / (double)n;
        good += r->good[k * r->opt.n_episode + episode];
    }
    for (size_t k = 0; k < n; k++) {
        square += (work[k] - mean) * (work[k] - mean);
    }
    qsort(work, n, sizeof *work, by_size);
    r->curve_mean[episode] = mean;
    r->curve_sd[episode] = n > 1 ? sqrt(square / (double)(n - 1)) : 0;
    r->curve_lo[episode] = work[(n - 1) / 10];
    r->curve_hi[episode] = work[(n - 1) - (n - 1) / 10];
    r->curve_good[episode] = good / (double)n;
}

static void wilson(double share, double n, double out[2]) {
    const double z = 1.959963984540054;
    double d = 1 + z * z / n, centre = (share + z * z / (2 * n)) / d;
    double half = z / d * sqrt(share * (1 - share) / n + z * z / (4 * n * n));
    out[0] = share > 0 ? fmax(centre - half, 0) : 0; /* no rounding where it is exact */
    out[1] = share < 1 ? fmin(centre + half, 1) : 1;
}

mho_status mho_i_learn_summary(mho_ctx *ctx, mho_learn_result *r) {
    double *work = mho_i_alloc(ctx, r->opt.n_seed, sizeof *work), sum = 0;
    if (!work) {
        return MHO_ERR_NOMEM;
    }
    for (size_t k = 0; k < r->opt.n_episode; k++) {
        curve_point(r, k, work);
    }
    mho_i_free(ctx, work);
    for (size_t k = 0; k < r->opt.n_seed; k++) {
        r->n_solved += r->solved_at[k] > 0;
        sum += r->solved_at[k];
    }
    r->solved_mean = r->n_solved ? sum / (double)r->n_solved : (double)NAN;
    wilson((double)r->n_solved / (double)r->opt.n_seed, (double)r->opt.n_seed, r->wilson);
    return MHO_OK;
}
