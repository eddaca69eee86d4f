/* fit_boot.c - bootstrap of a fit: residuals put back in circular blocks, so that a correlation
 * between neighbours (a law that does not quite fit) widens the intervals as it should. */
#include "fit_int.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

enum { PART = 32 }; /* replicates between two looks at the progress callback */

mho_status mho_i_fit_check_bootstrap(mho_ctx *ctx, size_t n) {
    return n == 0 || (n >= 40 && n <= 100000)
               ? MHO_OK
               : mho_i_fail(ctx, MHO_ERR_ARG,
                            "%zu bootstrap samples: 40 (for 95 %% limits) to 100,000 are allowed",
                            n);
}

size_t mho_i_fit_block(const mho_i_problem *q, double lag1) {
    size_t smallest = q->n_point;
    for (size_t g = 0; g < q->n_group; g++) {
        size_t n = q->start[g + 1] - q->start[g];
        smallest = n < smallest ? n : smallest;
    }
    double r = lag1 < 0 ? 0 : lag1 > 0.99 ? 0.99 : lag1;
    double length = pow(sqrt(6.0) * r / (1 - r * r), 2.0 / 3) * cbrt((double)q->n_point);
    size_t most = smallest / 4 ? smallest / 4 : 1;
    return length < 1 ? 1 : length > (double)most ? most : (size_t)length;
}

typedef struct boot {
    mho_i_problem *q;
    const mho_i_optimum *best;
    const double *model, *residual; /* [n_point] at the optimum; residuals centred, scaled */
    size_t block;
    uint64_t seed;
} boot;

/* y [n_point] of replicate k. Number of the block: evaluation; group: block of the generator. */
static void resample(const boot *b, uint32_t k, double *y) {
    const mho_i_problem *q = b->q;
    for (size_t g = 0; g < q->n_group; g++) {
        size_t a = q->start[g], n = q->start[g + 1] - a;
        for (size_t at = 0, j = 0; at < n; at += b->block, j++) {
            uint32_t word[4];
            mho_i_rng_u32x4(b->seed, MHO_RNG_FIT_BOOTSTRAP, k, (uint32_t)j, (uint32_t)g, word);
            size_t from = (size_t)(((uint64_t)word[0] * n) >> 32);
            for (size_t i = 0; i < b->block && at + i < n; i++) {
                y[a + at + i] = b->model[a + at + i] + b->residual[a + (from + i) % n];
            }
        }
    }
}

static void replicate(const boot *b, size_t k, double *work, double *p) {
    mho_i_problem q = *b->q;
    double x[MHO_FIT_MAX_PARAM], *y = work;
    resample(b, (uint32_t)k, y);
    q.y = y;
    for (size_t j = 0; j < q.n_free; j++) {
        x[j] = mho_i_fit_to_x(&q.bound[j], b->best->p[j]);
    }
    mho_i_fit_descend(&q, x, work + q.n_point, NULL);
    for (size_t j = 0; j < q.n_free; j++) {
        p[j] = mho_i_fit_to_p(&q.bound[j], x[j]);
    }
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of sorted values, between the order statistics. */
static double percentile(const double *v, size_t n, double share) {
    double at = share * (double)(n - 1);
    size_t k = (size_t)at;
    return k + 1 < n ? v[k] + (at - (double)k) * (v[k + 1] - v[k]) : v[n - 1];
}

static mho_status replicates(const boot *b, size_t n, double *work, size_t n_work, double *p) {
    mho_i_problem *q = b->q;
    for (size_t k0 = 0; k0 < n; k0 += PART) {
        mho_status status = mho_i_progress(q->ctx, "bootstrap", (double)k0 / (double)n);
        if (status < 0) {
            return status;
        }
        size_t k1 = k0 + PART < n ? k0 + PART : n;
#pragma omp parallel for num_threads(mho_ctx_threads(q->ctx)) schedule(dynamic, 1)
        for (size_t k = k0; k < k1; k++) {
            replicate(b, k, work + (size_t)omp_get_thread_num() * n_work, p + k * q->n_free);
        }
    }
    return MHO_OK;
}

/* Model and residuals at the optimum. */
static void prepare(mho_i_problem *q, const mho_i_optimum *best, double *model, double *residual) {
    double inflate = sqrt((double)q->n_point / (double)(q->n_point - q->n_free));
    q->model(q->user, best->p, model);
    for (size_t g = 0; g < q->n_group; g++) {
        double mean = 0;
        size_t a = q->start[g], e = q->start[g + 1];
        for (size_t k = a; k < e; k++) {
            mean += (q->y[k] - model[k]) / (double)(e - a);
        }
        for (size_t k = a; k < e; k++) {
            residual[k] = (q->y[k] - model[k] - mean) * inflate;
        }
    }
}

mho_status mho_i_fit_bootstrap(mho_i_problem *q, const mho_i_optimum *best, size_t n, size_t block,
                               uint64_t seed, double *low, double *high) {
    size_t n_work = q->n_point + mho_i_fit_work_size(q->n_point, q->n_free);
    size_t n_thread = (size_t)mho_ctx_threads(q->ctx);
    double *work = mho_i_alloc(q->ctx, n_work * n_thread, sizeof *work);
    double *p = mho_i_alloc(q->ctx, n * (q->n_free + 1), sizeof *p);
    double *at = mho_i_alloc(q->ctx, 2 * q->n_point, sizeof *at);
    mho_status status = work && p && at ? MHO_OK : MHO_ERR_NOMEM;
    if (status == MHO_OK) {
        boot b = {q, best, at, at + q->n_point, block, seed};
        prepare(q, best, at, at + q->n_point);
        status = replicates(&b, n, work, n_work, p);
    }
    for (size_t j = 0; j < q->n_free && status == MHO_OK; j++) {
        double *column = p + n * q->n_free;
        for (size_t k = 0; k < n; k++) {
            column[k] = p[k * q->n_free + j];
        }
        qsort(column, n, sizeof *column, ascending);
        low[j] = percentile(column, n, 0.025);
        high[j] = percentile(column, n, 0.975);
    }
    mho_i_free(q->ctx, work);
    mho_i_free(q->ctx, p);
    mho_i_free(q->ctx, at);
    return status;
}
