/* fit_pulses.c - readings of a potentiation-depression measurement sorted into runs of one
 * direction. */
#include "fit_int.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

enum { PULSE, CONDUCTANCE, DIRECTION, N_COL };
static const char *const pulse_names[] = {"pulse",  "pulse number", "pulses", "n",
                                          "number", "count",        "index",  NULL};
static const char *const g_names[] = {"conductance", "g", NULL};
static const char *const d_names[] = {"direction", "branch", "dir", "sign", "polarity", NULL};
static const char *const *const names[] = {pulse_names, g_names, d_names};

void mho_i_pulses_free(mho_ctx *ctx, mho_i_pulses *p) {
    mho_i_free(ctx, p->w);
    mho_i_free(ctx, p->n_step);
    mho_i_free(ctx, p->direction);
    *p = (mho_i_pulses){0};
}

static int direction_of(const mho_i_csv_column *c, size_t k) {
    if (c->value) {
        return (c->value[k] > 0) - (c->value[k] < 0);
    }
    char first = (char)tolower((unsigned char)c->text[k][0]);
    return strchr("ups+", first) && first ? 1 : strchr("dr-", first) && first ? -1 : 0;
}

/* From the course: it has turned once the conductance is back by a quarter of its range. */
static void by_course(mho_i_pulses *p) {
    size_t begin = 0, low = 0, high = 0;
    int direction = 0;
    for (size_t k = 1; k <= p->n; k++) {
        bool end = k == p->n;
        high = !end && direction >= 0 && p->w[k] > p->w[high] ? k : high;
        low = !end && direction <= 0 && p->w[k] < p->w[low] ? k : low;
        int turn = end                                            ? -direction
                   : direction >= 0 && p->w[high] - p->w[k] > 0.5 ? -1
                   : direction <= 0 && p->w[k] - p->w[low] > 0.5  ? 1
                                                                  : 0;
        if (turn == 0 && !end) {
            continue;
        }
        size_t stop = end ? p->n : direction > 0 ? high + 1 : direction < 0 ? low + 1 : begin;
        for (size_t i = begin; i < stop; i++) {
            p->direction[i] = direction;
        }
        begin = stop;
        direction = turn;
        high = low = end ? 0 : k;
    }
}

static mho_status scale(mho_ctx *ctx, const char *path, mho_i_pulses *p, const double *g) {
    double lo = INFINITY, hi = -INFINITY;
    for (size_t k = 0; k < p->n; k++) {
        lo = fmin(lo, g[k]);
        hi = fmax(hi, g[k]);
    }
    if (p->n < 10) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "%s: %zu readings: at least ten are wanted", path,
                          p->n);
    }
    if (!(hi > lo * (1 + 1e-6))) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "%s: the conductance is always %g S: pulses do nothing",
                          path, lo);
    }
    p->g_zero_S = 0.5 * (lo + hi);
    p->g_unit_S = 0.5 * (hi - lo);
    for (size_t k = 0; k < p->n; k++) {
        p->w[k] = (g[k] - p->g_zero_S) / p->g_unit_S;
    }
    return MHO_OK;
}

/* Pulses between readings. Where the number starts again without a turn, so does the measurement;
 * at a turn the first pulse of the new direction starts from the reading before. */
static mho_status count_pulses(const mho_i_csv *csv, const double *number, mho_i_pulses *p) {
    const double most = 1e6; /* each is followed at every step of the fit */
    double sum = 0;
    p->n_run = 0;
    for (size_t k = 0; k < p->n; k++) {
        double step = number && k ? number[k] - number[k - 1] : 1;
        bool turn = k && p->direction[k] != p->direction[k - 1];
        if (step > 0 && (step != floor(step) || step > 1e5)) {
            return mho_i_fail(csv->ctx, MHO_ERR_FORMAT,
                              "%s: pulse number %g after %g: whole numbers are wanted, at most 1e5 "
                              "apart",
                              csv->path, number[k], number[k - 1]);
        }
        p->n_step[k] = k == 0 || (step <= 0 && !turn) ? 0 : step <= 0 ? 1 : step;
        p->n_run += p->n_step[k] == 0;
        sum += p->n_step[k];
    }
    if (sum > most) {
        return mho_i_fail(csv->ctx, MHO_ERR_FORMAT,
                          "%s: %g pulses from the first to the last: at most %g are allowed",
                          csv->path, sum, most);
    }
    return MHO_OK;
}

static mho_status read_directions(const mho_i_csv *csv, const mho_i_csv_column *c, size_t row,
                                  int *out) {
    *out = direction_of(c, row);
    return *out ? MHO_OK
                : mho_i_csv_fail(csv, row,
                                 "column %s: \"%.20s\" is no direction; up and down, or "
                                 "1 and -1, are allowed",
                                 c->name, c->text ? c->text[row] : "0 or nothing");
}

mho_status mho_i_pulses_read(mho_ctx *ctx, const char *path, const char *columns, mho_fit *fit,
                             mho_i_csv *csv, mho_i_pulses *p) {
    size_t col[N_COL], n = 0;
    *p = (mho_i_pulses){0};
    mho_status status = MHO_OK;
    if (csv->n_col == 1 && csv->column[0].value && !columns) {
        col[PULSE] = col[DIRECTION] = csv->n_col;
        col[CONDUCTANCE] = 0;
    } else {
        status = mho_i_fit_columns(csv, columns, N_COL, 2, names, col);
    }
    if (status == MHO_OK) {
        status = mho_i_fit_siemens(csv, col[CONDUCTANCE]);
    }
    if (status < 0) {
        return status;
    }
    double *g = csv->column[col[CONDUCTANCE]].value;
    double *number = col[PULSE] < csv->n_col ? csv->column[col[PULSE]].value : NULL;
    bool directed = col[DIRECTION] < csv->n_col;
    p->w = mho_i_alloc(ctx, csv->n_row, sizeof *p->w);
    p->n_step = mho_i_alloc(ctx, csv->n_row, sizeof *p->n_step);
    p->direction = mho_i_alloc(ctx, csv->n_row, sizeof *p->direction);
    if (!p->w || !p->n_step || !p->direction) {
        return MHO_ERR_NOMEM;
    }
    for (size_t k = 0; k < csv->n_row && status == MHO_OK; k++) {
        if (isnan(g[k]) || (number && isnan(number[k]))) {
            continue;
        }
        g[n] = g[k];
        if (number) {
            number[n] = number[k];
        }
        if (directed) {
            status = read_directions(csv, &csv->column[col[DIRECTION]], k, &p->direction[n]);
        }
        n++;
    }
    p->n = n;
    if (n < csv->n_row && status == MHO_OK) {
        status = mho_i_fit_note(ctx, fit, "rows with a gap: %zu of %zu; they were left out",
                                csv->n_row - n, csv->n_row);
    }
    if (status == MHO_OK) {
        status = scale(ctx, path, p, g);
    }
    if (status == MHO_OK && !directed) {
        by_course(p);
    }
    p->directed = directed;
    return status == MHO_OK ? count_pulses(csv, number, p) : status;
}
