/* fit_branch.c - rows of a temperature sweep sorted into the cooling and the heating branch of the
 * major loop.
 *
 * Without a column that tells, the direction is the course of the temperature: it has turned once
 * it is back by more than a threshold from its extreme. A run belongs to the major loop if it
 * begins at the end of the range that it comes from, where the film is saturated; other runs are
 * minor loops. */
#include "fit_int.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_POINTS = 20000 }; /* more are averaged: they would only cost time */

typedef struct sorter {
    mho_ctx *ctx;
    const mho_i_rows *rows;
    mho_fit *fit;
    int *direction; /* [n]: +1, -1, 0 left out */
    size_t n_turn;
} sorter;

/* ---- direction from the course ---- */

/* Rows a..b-1 are one run; on the major loop or not? */
static void label_run(sorter *s, size_t a, size_t b, int direction, double lo, double hi) {
    const double *t = s->rows->t_K;
    double margin = 0.15 * (hi - lo);
    bool major = direction > 0 ? t[a] <= lo + margin : t[a] >= hi - margin;
    for (size_t k = a; k < b; k++) {
        s->direction[k] = major ? direction : 0;
    }
}

static void find_runs(sorter *s, double lo, double hi) {
    const double *t = s->rows->t_K, threshold = fmax(0.03 * (hi - lo), 0.2);
    size_t n = s->rows->n, begin = 0, least = 0, most = 0;
    int direction = 0; /* not known yet */
    for (size_t k = 1; k < n; k++) {
        most = direction >= 0 && t[k] > t[most] ? k : most;
        least = direction <= 0 && t[k] < t[least] ? k : least;
        int turn = direction >= 0 && t[most] - t[k] > threshold    ? -1
                   : direction <= 0 && t[k] - t[least] > threshold ? 1
                                                                   : 0;
        if (turn == 0) {
            continue;
        }
        if (direction != 0) { /* the extreme ends its run */
            size_t end = 1 + (direction > 0 ? most : least);
            label_run(s, begin, end, direction, lo, hi);
            begin = end;
            s->n_turn++;
        }
        direction = turn;
        most = least = k;
    }
    label_run(s, begin, n, direction, lo, hi);
}

/* ---- checks ---- */

static mho_status check_range(sorter *s, double *lo, double *hi) {
    const mho_i_rows *r = s->rows;
    double r_lo = INFINITY, r_hi = 0;
    *lo = INFINITY;
    *hi = -INFINITY;
    for (size_t k = 0; k < r->n; k++) {
        *lo = fmin(*lo, r->t_K[k]);
        *hi = fmax(*hi, r->t_K[k]);
        r_lo = fmin(r_lo, r->r_ohm[k]);
        r_hi = fmax(r_hi, r->r_ohm[k]);
    }
    if (r->n < 7) {
        return mho_i_fail(s->ctx, MHO_ERR_ARG,
                          "%s: %zu point%s: six parameters need seven at the very least", r->name,
                          r->n, r->n == 1 ? "" : "s");
    }
    if (!(*hi - *lo >= 5)) {
        return mho_i_fail(
            s->ctx, MHO_ERR_ARG,
            "%s: the temperature goes from %.6g to %.6g K only; a loop needs to begin "
            "and end outside the transition",
            r->name, *lo, *hi);
    }
    if (!(r_hi / r_lo >= 2)) {
        return mho_i_fail(s->ctx, MHO_ERR_ARG,
                          "%s: the resistance changes from %.6g to %.6g ohm only: there is no "
                          "transition in it",
                          r->name, r_lo, r_hi);
    }
    return MHO_OK;
}

static mho_status say_runs(sorter *s) {
    size_t left_out = 0;
    if (s->n_turn > 4 && 4 * s->n_turn > s->rows->n) {
        return mho_i_fail(s->ctx, MHO_ERR_ARG,
                          "%s: the temperature turns %zu times in %zu rows: they are not in the "
                          "order of the measurement, and heating cannot be told from cooling; put "
                          "them in order, or add a column \"branch\" with heating and cooling",
                          s->rows->name, s->n_turn, s->rows->n);
    }
    for (size_t k = 0; k < s->rows->n; k++) {
        left_out += s->direction[k] == 0;
    }
    return left_out == 0 ? MHO_OK
                         : mho_i_fit_note(s->ctx, s->fit,
                                          "%zu points belong to partial loops and were left out: "
                                          "the fit is of the major loop",
                                          left_out);
}

/* ---- points ---- */

static int by_heat(const void *a, const void *b) {
    double x = ((const mho_fit_point *)a)->x, y = ((const mho_fit_point *)b)->x;
    return (x > y) - (x < y);
}

static int by_cold(const void *a, const void *b) {
    return by_heat(b, a);
}

/* Means of so many neighbours that few enough are left: of T, and of log R. */
static size_t average(mho_fit_point *p, size_t n, size_t most, size_t *together) {
    *together = (n + most - 1) / most;
    size_t m = 0;
    for (size_t k = 0; k<n && * together> 1; k += *together, m++) {
        size_t c = n - k < *together ? n - k : *together;
        double t = 0, r = 0;
        for (size_t i = k; i < k + c; i++) {
            t += p[i].x / (double)c;
            r += log(p[i].y) / (double)c;
        }
        p[m] = (mho_fit_point){.x = t, .y = exp(r), .group = p[k].group};
    }
    return *together > 1 ? m : n;
}

static mho_status fill_branch(sorter *s, int direction, size_t *n_all) {
    mho_fit_point *p = s->fit->point + *n_all;
    const mho_i_rows *r = s->rows;
    size_t n = 0, disorder = 0, together;
    for (size_t k = 0; k < r->n; k++) {
        if (s->direction[k] == direction) {
            p[n++] = (mho_fit_point){.x = r->t_K[k], .y = r->r_ohm[k]};
            disorder += n > 1 && direction * (p[n - 1].x - p[n - 2].x) < 0;
        }
    }
    const char *name = direction > 0 ? "heating" : "cooling";
    if (n < 4) {
        return n == 0
                   ? MHO_OK
                   : mho_i_fit_note(s->ctx, s->fit, "the %s branch has %zu point%s only: left out",
                                    name, n, n == 1 ? "" : "s");
    }
    for (size_t k = 0; k < n; k++) {
        p[k].group = (int)s->fit->n_group;
    }
    qsort(p, n, sizeof *p, direction > 0 ? by_heat : by_cold);
    mho_status status = MHO_OK;
    if (disorder) {
        status = mho_i_fit_note(s->ctx, s->fit,
                                "%zu temperatures of the %s branch were out of order and were "
                                "sorted",
                                disorder, name);
    }
    n = average(p, n, MOST_POINTS / 2, &together);
    if (together > 1 && status == MHO_OK) {
        status = mho_i_fit_note(s->ctx, s->fit, "%s: means of %zu neighbouring points are fitted",
                                name, together);
    }
    mho_fit_group *group = &s->fit->group[s->fit->n_group++];
    snprintf(group->name, sizeof group->name, "%s", name);
    group->n_point = n;
    *n_all += n;
    return status;
}

mho_status mho_i_loop_sort(mho_ctx *ctx, const mho_i_rows *rows, mho_fit *fit) {
    sorter s = {.ctx = ctx, .rows = rows, .fit = fit};
    double lo, hi;
    size_t n = 0;
    mho_status status = check_range(&s, &lo, &hi);
    if (status < 0) {
        return status;
    }
    s.direction = mho_i_alloc(ctx, rows->n, sizeof *s.direction);
    if (!s.direction) {
        return MHO_ERR_NOMEM;
    }
    if (rows->direction) {
        memcpy(s.direction, rows->direction, rows->n * sizeof *s.direction);
    } else {
        find_runs(&s, lo, hi);
        status = say_runs(&s);
    }
    for (int d = -1; d <= 1 && status == MHO_OK; d += 2) {
        status = fill_branch(&s, d, &n);
    }
    if (status == MHO_OK && n < 7) {
        status = mho_i_fail(ctx, MHO_ERR_ARG,
                            "%s: no branch of a major loop in it: cooling must begin in the metal, "
                            "heating in the insulator",
                            rows->name);
    }
    fit->n_point = n;
    mho_i_free(ctx, s.direction);
    return status;
}
