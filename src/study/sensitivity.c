/* sensitivity.c - what breaks first: how much accuracy is lost along each axis of a study, and how
 * much of the variance between points is its doing, both with bootstrap intervals.
 *
 *   grid    the mean over all points with one level of an axis is that level's main effect. Chips
 *           are resampled, the same chips at every point, because chip c has the same luck there.
 *   drawn   additive model: y = c + sum f_k(x_k), f_k straight between a few nodes, evenly spaced
 *           on the axis (on its logarithm where it was drawn so), or one constant a level; least
 *           squares. Points are resampled.
 *
 * loss is the best minus the worst of f_k; its interval is that of the difference between these two
 * places, which stay where all points together have them (or it would always lie above 0). share is
 * cov(f_k, y)/var(y), which for a full grid is the first-order index of Sobol (Math. Modelling and
 * Comp. Exp. 1, 407 (1993)) and adds up to R2.
 */
#include "sweep_int.h"

#include <math.h>
#include <string.h>

enum { N_BOOT = 400, MIN_BOOT = 100, MAX_COLUMN = 400, MAX_NODE = 8 };
static const double MAX_BOOT_WORK = 4e8;

/* LAPACK, part of OpenBLAS: least squares of full or lacking rank by QR with pivoting. */
extern void dgelsy_(const int *m, const int *n, const int *nrhs, double *a, const int *lda,
                    double *b, const int *ldb, int *jpvt, const double *rcond, int *rank,
                    double *work, const int *lwork, int *info);

typedef struct effects {
    mho_sweep_result *r;
    size_t n;      /* points that have a result */
    size_t *at;    /* [n] which */
    double *y;     /* [n] */
    size_t n_node; /* of every drawn axis */
    size_t n_axis, n_level,
        first[MHO_I_MAX_AXIS + 1]; /* levels (or columns) of axis k from first[k] */
    size_t best[MHO_I_MAX_AXIS], worst[MHO_I_MAX_AXIS]; /* of the fit to all points */
    double *level; /* [n_level] main effects, or coefficients */
    double *count; /* [n_level] */
    /* least squares */
    double *a, *b, *work;
    int *pivot, n_work;
    double *boot; /* [N_BOOT][n_axis][2]: loss, share */
} effects;

static const mho_sweep_axis *axis_of(const effects *e, size_t k) {
    return mho_study_axis(e->r->study, k);
}

/* Level of an axis that a value is. */
static size_t level_of(const mho_sweep_axis *a, double x) {
    size_t j = 0;
    while (!a->word && j + 1 < a->n_level && a->level[j] != x) {
        j++;
    }
    return a->word ? (size_t)x : j;
}

/* A value as 0..1 along its axis, and back. */
static double place_of(const mho_sweep_axis *a, double x) {
    return a->log ? log(x / a->lo) / log(a->hi / a->lo) : (x - a->lo) / (a->hi - a->lo);
}

static double value_at(const mho_sweep_axis *a, double u) {
    return a->log ? a->lo * pow(a->hi / a->lo, u) : a->lo + u * (a->hi - a->lo);
}

static bool is_drawn(const mho_sweep_axis *a) {
    return a->n_level == 0;
}

/* The node before u and how far u is behind it. */
static size_t node_of(const effects *e, double u, double *behind) {
    double at = u * (double)(e->n_node - 1);
    size_t k = at > 0 ? (size_t)at : 0;
    k = k < e->n_node - 2 ? k : e->n_node - 2;
    *behind = at - (double)k;
    return k;
}

static double along(const effects *e, const double *node, double u) {
    double t;
    size_t k = node_of(e, u, &t);
    return (1 - t) * node[k] + t * node[k + 1];
}

/* f_k at a point. */
static double part_of(const effects *e, size_t k, size_t point) {
    const mho_sweep_axis *a = axis_of(e, k);
    double x = mho_study_value(e->r->study, point, k);
    const double *f = e->level + e->first[k];
    return is_drawn(a) ? along(e, f, place_of(a, x)) : f[level_of(a, x)];
}

/* ---- the two models; draw[n]: which points count (drawn), y: their accuracies ---- */

static void grid_levels(effects *e, const double *y) {
    memset(e->level, 0, e->n_level * sizeof *e->level);
    memset(e->count, 0, e->n_level * sizeof *e->count);
    for (size_t j = 0; j < e->n; j++) {
        for (size_t k = 0; k < e->n_axis; k++) {
            size_t l =
                e->first[k] + level_of(axis_of(e, k), mho_study_value(e->r->study, e->at[j], k));
            e->level[l] += y[j];
            e->count[l] += 1;
        }
    }
    for (size_t l = 0; l < e->n_level; l++) {
        e->level[l] = e->count[l] > 0 ? e->level[l] / e->count[l] : (double)NAN;
    }
}

static void fill_row(const effects *e, size_t point, size_t row, size_t n_row, double *a) {
    a[row] = 1;
    for (size_t k = 0; k < e->n_axis; k++) {
        const mho_sweep_axis *axis = axis_of(e, k);
        double x = mho_study_value(e->r->study, point, k);
        double *column = a + (1 + e->first[k]) * n_row + row;
        /* nodes or levels of an axis add up to the constant: the solver takes the least norm */
        if (is_drawn(axis)) {
            double t;
            size_t node = node_of(e, place_of(axis, x), &t);
            column[node * n_row] = 1 - t;
            column[(node + 1) * n_row] = t;
        } else {
            column[level_of(axis, x) * n_row] = 1;
        }
    }
}

/* draw: which points, NULL for all. */
static bool fit_drawn(effects *e, const size_t *draw, const double *y) {
    int m = (int)e->n, n = (int)e->n_level + 1, one = 1, rank, info;
    double rcond = 1e-9;
    memset(e->a, 0, e->n * (size_t)n * sizeof *e->a);
    memset(e->pivot, 0, (size_t)n * sizeof *e->pivot);
    for (size_t j = 0; j < e->n; j++) {
        size_t d = draw ? draw[j] : j;
        fill_row(e, e->at[d], j, e->n, e->a);
        e->b[j] = y[d];
    }
    dgelsy_(&m, &n, &one, e->a, &m, e->b, &m, e->pivot, &rcond, &rank, e->work, &e->n_work, &info);
    memcpy(e->level, e->b + 1, e->n_level * sizeof *e->level);
    return info == 0;
}

/* ---- what comes of a model ---- */

/* Node or level of axis k at which f_k is largest and smallest. */
static void extremes(const effects *e, size_t k, size_t *best, size_t *worst) {
    const double *f = e->level + e->first[k];
    size_t n = e->first[k + 1] - e->first[k];
    *best = *worst = 0;
    for (size_t j = 1; j < n; j++) {
        *best = f[j] > f[*best] ? j : *best;
        *worst = f[j] < f[*worst] ? j : *worst;
    }
}

static double node_value(const effects *e, size_t k, size_t node) {
    const mho_sweep_axis *a = axis_of(e, k);
    return is_drawn(a) ? value_at(a, (double)node / (double)(e->n_node - 1))
           : a->word   ? (double)node
                       : a->level[node];
}

static double share_of(const effects *e, size_t k, const size_t *draw, const double *y) {
    double my = 0, mf = 0, cov = 0, var = 0, n = (double)e->n;
    for (size_t j = 0; j < e->n; j++) {
        size_t d = draw ? draw[j] : j;
        my += y[d] / n;
        mf += part_of(e, k, e->at[d]) / n;
    }
    for (size_t j = 0; j < e->n; j++) {
        size_t d = draw ? draw[j] : j;
        cov += (part_of(e, k, e->at[d]) - mf) * (y[d] - my);
        var += (y[d] - my) * (y[d] - my);
    }
    return var > 0 ? cov / var : 0;
}

/* ---- bootstrap ---- */

static void resample(uint64_t seed, uint32_t round, size_t n, size_t *out) {
    for (size_t k = 0; k < n; k += 4) {
        uint32_t u[4];
        mho_i_rng_u32x4(seed, MHO_RNG_SWEEP_BOOTSTRAP, round, 0, (uint32_t)(k / 4), u);
        for (size_t j = k; j < n && j < k + 4; j++) {
            out[j] = (size_t)(((uint64_t)u[j - k] * n) >> 32);
        }
    }
}

/* Accuracies of the points over a draw of chips. */
static void mean_over(const effects *e, const size_t *chip, double *y) {
    const mho_sweep_result *r = e->r;
    for (size_t j = 0; j < e->n; j++) {
        const double *v = r->value + e->at[j] * r->n_chip * MHO_N_METRIC + MHO_METRIC_ACCURACY;
        double sum = 0, n = 0;
        for (size_t c = 0; c < r->n_chip; c++) {
            double x = v[chip[c] * MHO_N_METRIC];
            if (!isnan(x)) {
                sum += x;
                n += 1;
            }
        }
        y[j] = n > 0 ? sum / n : e->y[j];
    }
}

static bool one_round(effects *e, uint64_t seed, uint32_t round, bool grid, size_t *draw,
                      double *y) {
    resample(seed, round, grid ? e->r->n_chip : e->n, draw);
    if (grid) {
        mean_over(e, draw, y);
        grid_levels(e, y);
    } else if (!fit_drawn(e, draw, e->y)) {
        return false;
    }
    for (size_t k = 0; k < e->n_axis; k++) {
        double *to = e->boot + (round * e->n_axis + k) * 2;
        const double *f = e->level + e->first[k];
        to[0] = f[e->best[k]] - f[e->worst[k]];
        to[1] = grid ? share_of(e, k, NULL, y) : share_of(e, k, draw, e->y);
    }
    return true;
}

static void interval(const effects *e, size_t n_boot, size_t k, int which, double *x,
                     double ci95[2]) {
    for (size_t b = 0; b < n_boot; b++) { /* insertion: a few hundred */
        double v = e->boot[(b * e->n_axis + k) * 2 + (size_t)which];
        size_t j = b;
        for (; j > 0 && x[j - 1] > v; j--) {
            x[j] = x[j - 1];
        }
        x[j] = v;
    }
    size_t cut = n_boot / 40;
    ci95[0] = x[cut];
    ci95[1] = x[n_boot - 1 - cut];
}

static mho_status bootstrap(effects *e, bool grid) {
    mho_sweep_result *r = e->r;
    double cost = grid ? (double)r->n_point * (double)r->n_chip
                       : (double)e->n * (double)(e->n_level + 1) * (double)(e->n_level + 1);
    double fits = MAX_BOOT_WORK / cost;
    size_t n_boot = fits > N_BOOT ? N_BOOT : (size_t)fits;
    if (n_boot < MIN_BOOT || (grid && r->n_chip < 2)) {
        return MHO_OK;
    }
    size_t n_draw = grid ? r->n_chip : e->n, most = n_boot > e->n ? n_boot : e->n;
    size_t *draw = mho_i_alloc(r->ctx, n_draw, sizeof *draw);
    double *y = mho_i_alloc(r->ctx, most, sizeof *y);
    e->boot = mho_i_alloc(r->ctx, n_boot * e->n_axis * 2, sizeof *e->boot);
    bool fine = draw && y && e->boot;
    mho_status status = fine ? MHO_OK : MHO_ERR_NOMEM;
    for (size_t b = 0; b < n_boot && fine; b++) {
        fine = one_round(e, r->study->seed, (uint32_t)b, grid, draw, y);
    }
    for (size_t k = 0; k < e->n_axis && fine; k++) {
        interval(e, n_boot, k, 0, y, r->effect[k].loss_ci95);
        interval(e, n_boot, k, 1, y, r->effect[k].share_ci95);
    }
    mho_i_free(r->ctx, draw);
    mho_i_free(r->ctx, y);
    mho_i_free(r->ctx, e->boot);
    return status;
}

/* ---- all of it ---- */

/* So many nodes that at least two points come on a coefficient. */
static void choose_nodes(effects *e) {
    size_t n_drawn = 0, n_other = 1;
    for (size_t k = 0; k < e->n_axis; k++) {
        const mho_sweep_axis *a = axis_of(e, k);
        n_drawn += is_drawn(a);
        n_other += a->n_level;
    }
    size_t room = e->n / 2 > n_other && n_drawn ? (e->n / 2 - n_other) / n_drawn : 0;
    e->n_node = room < 2 ? 2 : room > MAX_NODE ? MAX_NODE : room;
}

static mho_status new_effects(effects *e, bool grid) {
    mho_ctx *ctx = e->r->ctx;
    e->at = mho_i_alloc(ctx, e->r->n_point, sizeof *e->at);
    e->y = mho_i_alloc(ctx, e->r->n_point, sizeof *e->y);
    if (!e->at || !e->y) {
        return MHO_ERR_NOMEM;
    }
    for (size_t p = 0; p < e->r->n_point; p++) {
        double y = e->r->point[p].mean[MHO_METRIC_ACCURACY];
        if (!isnan(y)) {
            e->at[e->n] = p;
            e->y[e->n++] = y;
        }
    }
    choose_nodes(e);
    for (size_t k = 0; k < e->n_axis; k++) {
        const mho_sweep_axis *a = axis_of(e, k);
        e->first[k] = e->n_level;
        e->n_level += is_drawn(a) ? e->n_node : a->n_level;
    }
    e->first[e->n_axis] = e->n_level;
    e->level = mho_i_alloc(ctx, e->n_level, sizeof *e->level);
    e->count = mho_i_alloc(ctx, e->n_level, sizeof *e->count);
    bool fine = e->level && e->count;
    if (fine && !grid) {
        size_t n = e->n_level + 1, m = e->n > n ? e->n : n;
        e->n_work = (int)(4 * n + 64 * (n + 1) + m);
        e->a = mho_i_alloc(ctx, m * n, sizeof *e->a);
        e->b = mho_i_alloc(ctx, m, sizeof *e->b);
        e->pivot = mho_i_alloc(ctx, n, sizeof *e->pivot);
        e->work = mho_i_alloc(ctx, (size_t)e->n_work, sizeof *e->work);
        fine = e->a && e->b && e->pivot && e->work;
    }
    return fine ? MHO_OK : MHO_ERR_NOMEM;
}

static void free_effects(effects *e) {
    void *parts[] = {e->at, e->y, e->level, e->count, e->a, e->b, e->pivot, e->work};
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
        mho_i_free(e->r->ctx, parts[k]);
    }
}

static void curves(effects *e) {
    mho_sweep_result *r = e->r;
    double mean = 0;
    for (size_t j = 0; j < e->n; j++) {
        mean += e->y[j] / (double)e->n;
    }
    for (size_t k = 0; k < e->n_axis; k++) {
        const double *f = e->level + e->first[k];
        double middle = 0;
        if (!is_drawn(axis_of(e, k))) {
            continue;
        }
        for (size_t j = 0; j < e->n; j++) {
            middle += part_of(e, k, e->at[j]) / (double)e->n;
        }
        for (size_t j = 0; j < MHO_SWEEP_N_FIT; j++) {
            double u = (double)j / (double)(MHO_SWEEP_N_FIT - 1);
            r->fit[k * MHO_SWEEP_N_FIT + j] = mean + along(e, f, u) - middle;
        }
    }
}

static void sort_effects(mho_sweep_result *r) {
    for (size_t k = 1; k < r->n_effect; k++) {
        mho_sweep_effect x = r->effect[k];
        size_t j = k;
        for (; j > 0 && r->effect[j - 1].loss < x.loss; j--) {
            r->effect[j] = r->effect[j - 1];
        }
        r->effect[j] = x;
    }
}

/* Enough points, and not more columns than make sense? */
static bool can_tell(const effects *e, bool grid) {
    for (size_t l = 0; grid && l < e->n_level; l++) {
        if (!(e->count[l] > 0)) {
            return false; /* no chip of a whole level could be made */
        }
    }
    return e->n >= 2 && (grid || (e->n_level <= MAX_COLUMN && e->n >= 2 * (e->n_level + 1)));
}

mho_status mho_i_sweep_effects(mho_sweep_result *r) {
    effects e = {.r = r, .n_axis = r->n_axis};
    bool grid = r->study->sample == MHO_SAMPLE_GRID;
    r->n_effect = 0;
    r->rest_share = NAN;
    if (!r->n_axis) {
        return MHO_OK;
    }
    mho_status status = new_effects(&e, grid);
    if (status == MHO_OK && grid) {
        grid_levels(&e, e.y);
    }
    if (status == MHO_OK && can_tell(&e, grid)) {
        bool fine = grid || fit_drawn(&e, NULL, e.y);
        r->rest_share = fine ? 1 : NAN;
        for (size_t k = 0; fine && k < r->n_axis; k++) {
            mho_sweep_effect *x = &r->effect[k];
            *x = (mho_sweep_effect){.axis = k, .loss_ci95 = {NAN, NAN}, .share_ci95 = {NAN, NAN}};
            extremes(&e, k, &e.best[k], &e.worst[k]);
            x->best = node_value(&e, k, e.best[k]);
            x->worst = node_value(&e, k, e.worst[k]);
            x->loss = e.level[e.first[k] + e.best[k]] - e.level[e.first[k] + e.worst[k]];
            x->share = share_of(&e, k, NULL, e.y);
            r->rest_share -= x->share;
        }
        if (fine) {
            r->n_effect = r->n_axis;
            curves(&e);
            status = bootstrap(&e, grid);
            sort_effects(r);
        }
    }
    free_effects(&e);
    return status;
}
