/* fit_vo2.c - the major loop of a VO2 film fitted in log10 R.
 *
 *     R(T) = mix( g(T), r300 exp(ea (1/T - 1/300 K)), r_metal )
 *     g(T) = 1/2 + 1/2 tanh( beta (t_c +- width/2 - T) )            + heating, - cooling
 *
 * Six parameters; the general effective medium has three more: exponents t and s and the threshold.
 *
 * Starting values: ea and r300 from a straight line ln R over 1/T through the cold end, r_metal
 * from the hot end; t_c and width from where log R of each branch is half way between the two, beta
 * from how fast it goes through there. From several points around these the best descent is taken.
 */
#include "fit_int.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { R300, EA, R_METAL, T_C, WIDTH, BETA, GEM_T, GEM_RATIO, GEM_FC, N_VO2 };
static const char *const keys[N_VO2] = {
    "r300", "ea", "r_metal", "t_c", "width", "beta", "gem_exponent", "gem_ratio", "gem_threshold"};
static const char *const laws[] = {"series", "bruggeman-2d", "bruggeman-3d", "gem"};

mho_fit_vo2_opt mho_fit_vo2_default(void) {
    return (mho_fit_vo2_opt){.mixing = MHO_MIX_BRUGGEMAN_2D, .base_card = "T", .seed = 1};
}

/* ---- model ---- */

typedef struct vo2 {
    const mho_fit_point *point;
    size_t n_point;
    double direction[MHO_FIT_MAX_GROUP]; /* of a group */
    mho_neuron_param base;
    size_t row[N_VO2]; /* in the table of parameters */
    size_t n_free;     /* fitted ones are free[0..n_free-1] */
    int free[N_VO2];
} vo2;

static double *field(mho_neuron_param *p, int which) {
    double *const at[N_VO2] = {&p->r300_ohm,     &p->ea_K,      &p->r_metal_ohm,
                               &p->t_c_K,        &p->width_K,   &p->beta_per_K,
                               &p->gem_exponent, &p->gem_ratio, &p->gem_threshold_frac};
    return at[which];
}

static mho_neuron_param with(const vo2 *v, const double *p) {
    mho_neuron_param all = v->base;
    for (size_t j = 0; j < v->n_free; j++) {
        *field(&all, v->free[j]) = p[j];
    }
    return all;
}

static void model(const void *user, const double *p, double *out) {
    const vo2 *v = user;
    mho_neuron_param all = with(v, p);
    for (size_t k = 0; k < v->n_point; k++) {
        double t = v->point[k].x, g = mho_i_film_major(&all, v->direction[v->point[k].group], t);
        out[k] = log10(mho_i_film_mix(&all, g, mho_i_film_insulator_ohm(&all, t), all.r_metal_ohm));
    }
}

/* ---- starting values ---- */

typedef struct shape { /* what can be read off the data */
    double r300, ea, r_metal;
    double t_half[2], slope[2]; /* of each group: where u = 1/2, |du/dT| there */
} shape;

/* Straight line ln R = ln r300 + ea (1/T - 1/300 K) through the points below t_top. */
static size_t cold_line(const vo2 *v, double t_top, shape *s) {
    double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (size_t k = 0; k < v->n_point; k++) {
        if (v->point[k].x <= t_top) {
            double x = 1 / v->point[k].x - 1 / 300.0, y = log(v->point[k].y);
            n++;
            sx += x;
            sy += y;
            sxx += x * x;
            sxy += x * y;
        }
    }
    double d = n * sxx - sx * sx;
    s->ea = d > 0 ? (n * sxy - sx * sy) / d : 0;
    s->ea = fmin(fmax(s->ea, 0), 8000);
    s->r300 = exp((sy - s->ea * sx) / n);
    return (size_t)n;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Position between insulator (1) and metal (0) in log R. */
static double level(const shape *s, const mho_fit_point *p) {
    double i = log(s->r300) + s->ea * (1 / p->x - 1 / 300.0), m = log(s->r_metal);
    return (log(p->y) - m) / fmax(i - m, 0.1);
}

/* Temperature at which the branch goes through a level, by walking from the hot side; NaN: never.
 */
static double crossing(const shape *s, const mho_fit_point *p, size_t n, bool hot_first, double u) {
    for (size_t k = 1; k < n; k++) {
        const mho_fit_point *a = &p[hot_first ? k - 1 : n - k], *b = &p[hot_first ? k : n - k - 1];
        double ua = level(s, a), ub = level(s, b);
        if (ua < u && ub >= u) {
            return a->x + (b->x - a->x) * (u - ua) / (ub - ua);
        }
    }
    return NAN;
}

static mho_status read_shape(mho_ctx *ctx, const vo2 *v, const mho_i_problem *q, shape *s) {
    double *sorted = mho_i_alloc(ctx, v->n_point, sizeof *sorted), lo = INFINITY, hi = 0;
    if (!sorted) {
        return MHO_ERR_NOMEM;
    }
    for (size_t k = 0; k < v->n_point; k++) {
        lo = fmin(lo, v->point[k].x);
        hi = fmax(hi, v->point[k].x);
    }
    size_t n_hot = 0;
    for (size_t k = 0; k < v->n_point; k++) {
        if (v->point[k].x >= hi - 0.1 * (hi - lo)) {
            sorted[n_hot++] = v->point[k].y;
        }
    }
    qsort(sorted, n_hot, sizeof *sorted, ascending);
    s->r_metal = sorted[n_hot / 2];
    mho_i_free(ctx, sorted);
    for (double share = 0.15; share < 1 && cold_line(v, lo + share * (hi - lo), s) < 5;) {
        share += 0.1;
    }
    double middle = 0.5 * (lo + hi), steep = 4 / (hi - lo);
    for (size_t g = 0; g < q->n_group; g++) {
        const mho_fit_point *p = v->point + q->start[g];
        size_t n = q->start[g + 1] - q->start[g];
        bool hot_first = v->direction[g] < 0;
        double t_hot = crossing(s, p, n, hot_first, 0.3),
               t_cold = crossing(s, p, n, hot_first, 0.7);
        s->t_half[g] = crossing(s, p, n, hot_first, 0.5);
        s->slope[g] = 0.4 / (t_hot - t_cold);
        s->t_half[g] = isfinite(s->t_half[g]) ? s->t_half[g] : middle;
        s->slope[g] = s->slope[g] > 0 && isfinite(s->slope[g]) ? s->slope[g] : steep;
    }
    return MHO_OK;
}

/* Heating must turn at a higher temperature than cooling. */
static mho_status check_sense(const mho_i_problem *q, const shape *s, const char *name) {
    if (q->n_group == 2 && s->t_half[1] < s->t_half[0] - 0.5) {
        return mho_i_fail(
            q->ctx, MHO_ERR_ARG,
            "%s: heating goes through the transition at %.1f K, cooling at %.1f K: the "
            "loop runs the wrong way round; are the rows in reversed order, or the "
            "branches exchanged?",
            name, s->t_half[1], s->t_half[0]);
    }
    return MHO_OK;
}

/* A start for the six parameters, from the shape: the level in log R goes from 1 to 0 over about
 * ln(Ri/Rm)/(4 beta) for series mixing and 1/beta for effective media. */
static void first_guess(const vo2 *v, const mho_i_problem *q, const shape *s, double out[N_VO2]) {
    double sign = v->direction[0], t_c = s->t_half[0], slope = s->slope[0];
    mho_neuron_param base = v->base;
    for (int k = 0; k < N_VO2; k++) {
        out[k] = *field(&base, k);
    }
    if (q->n_group == 2) { /* cooling, heating */
        t_c = 0.5 * (s->t_half[0] + s->t_half[1]);
        out[WIDTH] = fmax(s->t_half[1] - s->t_half[0], 0.2);
        slope = sqrt(s->slope[0] * s->slope[1]);
    } else {
        t_c -= sign * out[WIDTH] / 2;
    }
    out[R300] = s->r300;
    out[EA] = s->ea;
    out[R_METAL] = s->r_metal;
    out[T_C] = t_c;
    out[BETA] = slope;
    if (v->base.mixing == MHO_MIX_SERIES) {
        double ratio = log(s->r300 / s->r_metal) + s->ea * (1 / t_c - 1 / 300.0);
        out[BETA] = fmax(slope * fmax(ratio, 1) / 2, 0.01);
        out[T_C] = t_c - fmax(ratio, 0) / (4 * out[BETA]); /* g is small where log R is half way */
    }
}

/* ---- the fit ---- */

static mho_status find_rows(vo2 *v) {
    for (int k = 0; k < N_VO2; k++) {
        size_t n = mho_neuron_param_count(), row = 0;
        while (row < n && strcmp(mho_neuron_param_describe(row, "N").key, keys[k]) != 0) {
            row++;
        }
        if (row == n) {
            return MHO_ERR_INTERNAL;
        }
        v->row[k] = row;
    }
    return MHO_OK;
}

static void choose_free(vo2 *v, mho_i_problem *q) {
    int n = v->base.mixing == MHO_MIX_GEM ? N_VO2 : BETA + 1;
    v->n_free = 0;
    for (int k = 0; k < n; k++) {
        if (k == WIDTH && q->n_group == 1) {
            continue; /* one branch cannot show it */
        }
        mho_param_info info = mho_neuron_param_describe(v->row[k], "N");
        q->bound[v->n_free] =
            (mho_i_bound){info.min, info.max, info.min > 0 && info.max / info.min >= 100};
        v->free[v->n_free++] = k;
    }
    q->n_free = v->n_free;
}

/* Starts in the order of the free parameters; a point and its neighbours. */
static size_t spread_starts(const vo2 *v, const double *centre, double *starts) {
    static const double shift[][2] = {{0, 1}, {-4, 1}, {4, 1}, {0, 0.5}, {0, 2}, {-8, 2}};
    size_t n = sizeof shift / sizeof *shift;
    for (size_t s = 0; s < n; s++) {
        for (size_t j = 0; j < v->n_free; j++) {
            double x = centre[v->free[j]];
            x += v->free[j] == T_C ? shift[s][0] : 0;
            x *= v->free[j] == BETA ? shift[s][1] : 1;
            starts[s * v->n_free + j] = x;
        }
    }
    return n;
}

/* The nine of the general effective medium start from the six of 2-D Bruggeman, which it contains.
 */
static mho_status solve_gem(vo2 *v, mho_i_problem *q, double centre[N_VO2], mho_i_optimum *best) {
    static const double medium[][3] = {
        {1, 0.9, 0.5}, {0.8, 0.8, 0.65}, {1.3, 0.4, 0.75}, {2, 0.5, 0.4}};
    enum { N_MEDIUM = sizeof medium / sizeof *medium };
    double starts[N_MEDIUM * N_VO2];
    for (size_t s = 0; s < N_MEDIUM; s++) {
        for (size_t j = 0; j < v->n_free; j++) {
            int k = v->free[j];
            starts[s * v->n_free + j] = k >= GEM_T ? medium[s][k - GEM_T] : centre[k];
        }
    }
    return mho_i_fit_solve(q, N_MEDIUM, starts, best);
}

static mho_status solve(vo2 *v, mho_i_problem *q, mho_fit *fit, mho_i_optimum *best) {
    enum { MOST_STARTS = 8 };
    shape s = {0};
    double centre[N_VO2], starts[MOST_STARTS * N_VO2];
    mho_mixing mixing = v->base.mixing;
    mho_status status = read_shape(q->ctx, v, q, &s);
    status = status == MHO_OK ? check_sense(q, &s, fit->data) : status;
    if (status < 0) {
        return status;
    }
    first_guess(v, q, &s, centre);
    v->base.mixing = mixing == MHO_MIX_GEM ? MHO_MIX_BRUGGEMAN_2D : mixing;
    choose_free(v, q);
    fit->n_start = spread_starts(v, centre, starts);
    status = mho_i_fit_solve(q, fit->n_start, starts, best);
    if (status == MHO_OK && mixing == MHO_MIX_GEM) {
        for (size_t j = 0; j < v->n_free; j++) {
            centre[v->free[j]] = best->p[j];
        }
        v->base.mixing = mixing;
        choose_free(v, q);
        fit->n_start += 4;
        status = solve_gem(v, q, centre, best);
    }
    return status;
}

/* ---- result ---- */

static mho_status note_result(mho_ctx *ctx, const vo2 *v, mho_fit *fit) {
    mho_status status = MHO_OK;
    const mho_neuron_param *p = &fit->neuron;
    double lo = INFINITY, hi = 0;
    for (size_t k = 0; k < fit->n_point; k++) {
        lo = fmin(lo, fit->point[k].x);
        hi = fmax(hi, fit->point[k].x);
    }
    if (fit->n_group == 1) {
        double t = p->t_c_K + v->direction[0] * p->width_K / 2;
        status = mho_i_fit_note(
            ctx, fit,
            "there is a %s branch only: the width cannot be seen and was left at "
            "%.4g K of card %s; what the data say is t_c %c width/2 = %.2f K",
            fit->group[0].name, p->width_K, fit->base_card, v->direction[0] > 0 ? '+' : '-', t);
    }
    double first = p->t_c_K - p->width_K / 2, last = p->t_c_K + p->width_K / 2;
    if (status == MHO_OK && (first < lo || last > hi)) {
        status =
            mho_i_fit_note(ctx, fit,
                           "the transition (%.1f to %.1f K) is not all inside the data (%.1f to "
                           "%.1f K): do not trust the card",
                           first, last, lo, hi);
    }
    if (status == MHO_OK && fit->rms > 0.2) {
        status = mho_i_fit_note(ctx, fit,
                                "%.2f decades rms is no fit: is this the R(T) loop of a "
                                "VO2 film?",
                                fit->rms);
    }
    return status;
}

static void describe(const vo2 *v, const mho_fit_vo2_opt *opt, mho_fit *fit) {
    snprintf(fit->model, sizeof fit->model, "vo2-neuron");
    snprintf(fit->law, sizeof fit->law, "%s", laws[opt->mixing]);
    snprintf(fit->law_key, sizeof fit->law_key, "mixing");
    snprintf(fit->base_card, sizeof fit->base_card, "%s", opt->base_card);
    fit->x_label = "temperature";
    fit->x_unit = "K";
    fit->y_label = "resistance";
    fit->y_unit = "ohm";
    fit->residual_unit = "decades";
    fit->y_log = true;
    for (int k = 0; k < (v->base.mixing == MHO_MIX_GEM ? N_VO2 : BETA + 1); k++) {
        mho_param_info info = mho_neuron_param_describe(v->row[k], opt->base_card);
        mho_neuron_param base_card = v->base;
        mho_i_fit_add(fit, &info, *field(&base_card, k), k != WIDTH || fit->n_group == 2)->in_card =
            true;
    }
}

static mho_status fit_points(mho_ctx *ctx, const char *name, const mho_fit_vo2_opt *opt,
                             mho_fit *fit) {
    vo2 v = {.point = fit->point, .n_point = fit->n_point};
    mho_i_problem q = {.ctx = ctx, .n_point = fit->n_point, .model = model, .user = &v};
    mho_i_optimum best;
    mho_status status = mho_neuron_card(ctx, opt->base_card, &v.base);
    if (status == MHO_OK) {
        status = find_rows(&v);
    }
    if (status < 0) {
        return status;
    }
    const char *base = strrchr(name, '/');
    snprintf(fit->data, sizeof fit->data, "%s", base ? base + 1 : name);
    v.base.mixing = opt->mixing;
    for (size_t g = 0; g < fit->n_group; g++) {
        v.direction[g] = strcmp(fit->group[g].name, "heating") == 0 ? 1 : -1;
        q.start[g + 1] = q.start[g] + fit->group[g].n_point;
    }
    q.n_group = fit->n_group;
    size_t n_param = opt->mixing == MHO_MIX_GEM ? N_VO2 : BETA + 1;
    if (fit->n_point <= n_param) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "%s: %zu points for %zu parameters: more are needed",
                          name, fit->n_point, n_param);
    }
    double *y = mho_i_alloc(ctx, fit->n_point, sizeof *y);
    if (!y) {
        return MHO_ERR_NOMEM;
    }
    for (size_t k = 0; k < fit->n_point; k++) {
        y[k] = log10(fit->point[k].y);
    }
    q.y = y;
    q.max_evaluate = opt->max_evaluate;
    status = solve(&v, &q, fit, &best);
    if (status == MHO_OK) {
        describe(&v, opt, fit);
        fit->neuron = with(&v, best.p);
        status = mho_i_fit_finish(ctx, fit, &q, &best, opt->n_bootstrap, opt->seed);
    }
    mho_i_free(ctx, y);
    return status == MHO_OK ? note_result(ctx, &v, fit) : status;
}

static mho_status check_options(mho_ctx *ctx, const mho_fit_vo2_opt *opt) {
    if (opt->mixing < MHO_MIX_SERIES || opt->mixing > MHO_MIX_GEM) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "mixing %d: 0 (series) to 3 (gem) are allowed",
                          (int)opt->mixing);
    }
    return mho_i_fit_check_bootstrap(ctx, opt->n_bootstrap);
}

static mho_status finish(mho_ctx *ctx, mho_status status, mho_fit *fit, mho_fit **out) {
    if (status < 0) {
        mho_fit_free(ctx, fit);
        return status;
    }
    *out = fit;
    return mho_i_fit_judge(ctx, fit);
}

mho_status mho_fit_vo2(mho_ctx *ctx, const char *path, const mho_fit_vo2_opt *opt, mho_fit **out) {
    mho_fit *fit = NULL;
    *out = NULL;
    mho_status status = check_options(ctx, opt);
    if (status == MHO_OK) {
        status = mho_i_loop_read(ctx, path, opt, &fit);
    }
    if (status == MHO_OK) {
        status = fit_points(ctx, path, opt, fit);
    }
    return finish(ctx, status, fit, out);
}

mho_status mho_fit_vo2_points(mho_ctx *ctx, const char *name, size_t n, const double *t_K,
                              const double *r_ohm, const int *direction, const mho_fit_vo2_opt *opt,
                              mho_fit **out) {
    mho_fit *fit = NULL;
    *out = NULL;
    mho_status status = check_options(ctx, opt);
    for (size_t k = 0; k < n && status == MHO_OK; k++) {
        if (!(t_K[k] >= 200 && t_K[k] <= 500 && r_ohm[k] > 0 && r_ohm[k] <= 1e15)) {
            status = mho_i_fail(ctx, MHO_ERR_ARG,
                                "%s: point %zu: %g K, %g ohm; 200 to 500 K and above 0 to 1e15 ohm "
                                "are allowed",
                                name, k, t_K[k], r_ohm[k]);
        }
    }
    if (status == MHO_OK) {
        status = mho_i_fit_new(ctx, n, &fit);
    }
    if (status == MHO_OK) {
        mho_i_rows rows = {name, n, t_K, r_ohm, direction};
        status = mho_i_loop_sort(ctx, &rows, fit);
    }
    if (status == MHO_OK) {
        status = fit_points(ctx, name, opt, fit);
    }
    return finish(ctx, status, fit, out);
}
