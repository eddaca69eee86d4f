/* fit_loop.c - a measured R(T) loop from a CSV file: which columns, which units, and whether the
 * numbers can be what their names say. Refuses rather than guesses; what it does guess is said. */
#include "fit_int.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct loop_reader {
    mho_ctx *ctx;
    const mho_fit_vo2_opt *opt;
    mho_i_csv *csv;
    mho_fit *fit;
    size_t col_t, col_r, col_branch;
    int *direction; /* [n_row] or NULL */
} loop_reader;

static bool one_of(const char *unit, const char *const *list) {
    for (; *list; list++) {
        if (strcmp(unit, *list) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_temperature_unit(const char *unit) {
    static const char *const units[] = {"K", "mK", "degC", "C", "degF", "F", NULL};
    return one_of(unit, units);
}

/* ---- columns ---- */

static mho_status columns_asked(loop_reader *l) {
    char text[160], listed[400];
    snprintf(text, sizeof text, "%s", l->opt->columns);
    char *comma = strchr(text, ',');
    if (!comma) {
        return mho_i_fail(l->ctx, MHO_ERR_ARG,
                          "columns \"%s\": two names or numbers with a comma between are wanted, "
                          "temperature first",
                          l->opt->columns);
    }
    *comma = 0;
    l->col_t = mho_i_csv_find(l->csv, text);
    l->col_r = mho_i_csv_find(l->csv, comma + 1);
    if (l->col_t == l->csv->n_col || l->col_r == l->csv->n_col || l->col_t == l->col_r) {
        return mho_i_fail(l->ctx, MHO_ERR_ARG, "%s: columns \"%s\" are not two of its columns: %s",
                          l->csv->path, l->opt->columns,
                          mho_i_csv_list(l->csv, listed, sizeof listed));
    }
    return MHO_OK;
}

static mho_status find_columns(loop_reader *l) {
    static const char *const t_names[] = {"temperature",
                                          "temp",
                                          "t",
                                          "tsample",
                                          "samplet",
                                          "sampletemperature",
                                          "sampletemp",
                                          "stage temperature",
                                          "temperature sample",
                                          "tk",
                                          NULL};
    static const char *const r_names[] = {"resistance", "r",    "res",   "rsample",
                                          "rdevice",    "rvo2", "rfilm", "resistor",
                                          "r2p",        "r4p",  NULL};
    static const char *const b_names[] = {"branch", "direction", "dir", "sweep", "ramp", NULL};
    char listed[400];
    mho_i_csv *c = l->csv;
    l->col_branch = mho_i_csv_find_any(c, b_names);
    if (l->opt->columns) {
        return columns_asked(l);
    }
    l->col_t = mho_i_csv_find_any(c, t_names);
    l->col_r = mho_i_csv_find_any(c, r_names);
    if (l->col_t < c->n_col && l->col_r < c->n_col) {
        return MHO_OK;
    }
    if (c->n_col != 2) {
        return mho_i_fail(l->ctx, MHO_ERR_FORMAT,
                          "%s: which columns are temperature and resistance? There are: %s. Say "
                          "--columns T,R with two names or numbers",
                          c->path, mho_i_csv_list(c, listed, sizeof listed));
    }
    l->col_t = 0;
    l->col_r = 1;
    return mho_i_fit_note(l->ctx, l->fit,
                          "column 1 is taken as temperature and column 2 as resistance");
}

/* ---- units ---- */

static void range_of(const mho_i_csv_column *c, size_t n, double *lo, double *hi) {
    *lo = INFINITY;
    *hi = -INFINITY;
    for (size_t k = 0; k < n; k++) {
        *lo = c->value[k] < *lo ? c->value[k] : *lo;
        *hi = c->value[k] > *hi ? c->value[k] : *hi;
    }
}

static bool kelvin_like(double lo, double hi) {
    return lo >= 200 && hi <= 500;
}

static mho_status swapped(loop_reader *l) {
    double t_lo, t_hi, r_lo, r_hi;
    mho_i_csv_column *t = &l->csv->column[l->col_t], *r = &l->csv->column[l->col_r];
    range_of(t, l->csv->n_row, &t_lo, &t_hi);
    range_of(r, l->csv->n_row, &r_lo, &r_hi);
    bool units = is_temperature_unit(r->unit) && !is_temperature_unit(t->unit) && !l->opt->columns;
    bool values = !kelvin_like(t_lo, t_hi) && t_lo > 0 && t_hi > 500 && kelvin_like(r_lo, r_hi);
    if (!units && !values) {
        return MHO_OK;
    }
    return mho_i_fail(l->ctx, MHO_ERR_ARG,
                      "%s: the columns look swapped: column %zu as temperature goes from %.6g to "
                      "%.6g, column %zu as resistance from %.6g to %.6g; if so say --columns "
                      "%zu,%zu, temperature first",
                      l->csv->path, l->col_t + 1, t_lo, t_hi, l->col_r + 1, r_lo, r_hi,
                      l->col_r + 1, l->col_t + 1);
}

static mho_status wrong_temperatures(const loop_reader *l, const char *said, double lo, double hi) {
    const char *advice = lo > -150 && hi < 250 && strcmp(said, "degC") != 0
                             ? "that looks like degrees Celsius: write temperature_degC in the "
                               "header, or --temperature-unit degC"
                         : kelvin_like(lo, hi) ? "that looks like kelvin: write temperature_K in "
                                                 "the header, or --temperature-unit K"
                                               : "200 to 500 K are allowed; write the unit in the "
                                                 "header: temperature_K or temperature_degC";
    return mho_i_fail(l->ctx, MHO_ERR_ARG, "%s: temperatures from %.6g to %.6g %s: %s",
                      l->csv->path, lo, hi, *said ? said : "without a unit", advice);
}

static mho_status convert_temperature(loop_reader *l) {
    static const char *const celsius[] = {"degC", "C", NULL};
    mho_i_csv_column *c = &l->csv->column[l->col_t];
    const char *unit = l->opt->temperature_unit ? l->opt->temperature_unit : c->unit;
    double lo, hi, shift = 0;
    if (l->opt->columns && !l->opt->temperature_unit && !is_temperature_unit(unit)) {
        unit = ""; /* a header that the user has overruled */
    }
    range_of(c, l->csv->n_row, &lo, &hi);
    if (one_of(unit, celsius)) {
        shift = 273.15;
        unit = "degC";
    } else if (*unit && strcmp(unit, "K") != 0) {
        return mho_i_fail(l->ctx, MHO_ERR_ARG, "%s: temperature in \"%s\": K and degC are read",
                          l->csv->path, unit);
    }
    if (!(lo <= hi)) {
        return mho_i_fail(l->ctx, MHO_ERR_FORMAT, "%s: there is no temperature in column %zu",
                          l->csv->path, l->col_t + 1);
    }
    if (!kelvin_like(lo + shift, hi + shift)) {
        return wrong_temperatures(l, unit, lo, hi);
    }
    for (size_t k = 0; k < l->csv->n_row; k++) {
        c->value[k] += shift;
    }
    return shift != 0 ? mho_i_fit_note(l->ctx, l->fit,
                                       "temperatures in degC were converted: K = "
                                       "degC + 273.15")
                      : MHO_OK;
}

static bool says_logarithm(const char *name) {
    return tolower((unsigned char)name[0]) == 'l' &&
           (strncmp(name + 1, "og", 2) == 0 || tolower((unsigned char)name[1]) == 'n') &&
           !isalpha((unsigned char)name[tolower((unsigned char)name[1]) == 'n' ? 2 : 3]);
}

static mho_status convert_resistance(loop_reader *l) {
    mho_i_csv_column *c = &l->csv->column[l->col_r];
    if (says_logarithm(c->name)) {
        return mho_i_fail(l->ctx, MHO_ERR_ARG,
                          "%s: column %s is a logarithm; resistance in ohm is "
                          "wanted",
                          l->csv->path, c->name);
    }
    if (l->opt->columns && is_temperature_unit(c->unit)) {
        c->unit[0] = 0; /* a header that the user has overruled */
    }
    mho_status status = mho_i_csv_to_si(l->csv, l->col_r, "ohm");
    for (size_t k = 0; k < l->csv->n_row && status == MHO_OK; k++) {
        if (c->value[k] <= 0 || c->value[k] > 1e15) {
            status = mho_i_csv_fail(l->csv, k,
                                    "resistance %g ohm%s: above 0 and at most 1e15 ohm "
                                    "are allowed",
                                    c->value[k],
                                    c->value[k] > 1e30 ? " (over-range of the instrument?)" : "");
        }
    }
    return status;
}

/* ---- branches by a column ---- */

static int direction_of(const char *word) {
    switch (tolower((unsigned char)word[0])) {
    case 'h': /* heating, hot */
    case 'u': /* up */
    case 'w': /* warming */
    case '+':
        return 1;
    case 'c': /* cooling */
    case 'd': /* down */
    case '-':
        return -1;
    default:
        return 0;
    }
}

static mho_status read_branch(loop_reader *l) {
    mho_i_csv_column *c = &l->csv->column[l->col_branch];
    l->direction = mho_i_alloc(l->ctx, l->csv->n_row, sizeof *l->direction);
    if (!l->direction) {
        return MHO_ERR_NOMEM;
    }
    for (size_t k = 0; k < l->csv->n_row; k++) {
        int d = c->text ? direction_of(c->text[k]) : (c->value[k] > 0) - (c->value[k] < 0);
        if (d == 0) {
            return mho_i_csv_fail(l->csv, k,
                                  "column %s: \"%.20s\" is no direction; heating and "
                                  "cooling (or up and down, 1 and -1) are allowed",
                                  c->name, c->text ? c->text[k] : "0 or nothing");
        }
        l->direction[k] = d;
    }
    return MHO_OK;
}

/* Rows without both numbers go. Returns how many are left. */
static size_t drop_missing(loop_reader *l, size_t *first) {
    double *t = l->csv->column[l->col_t].value, *r = l->csv->column[l->col_r].value;
    size_t n = 0;
    *first = 0;
    for (size_t k = 0; k < l->csv->n_row; k++) {
        if (isnan(t[k]) || isnan(r[k])) {
            *first = *first ? *first : l->csv->line[k];
            continue;
        }
        t[n] = t[k];
        r[n] = r[k];
        if (l->direction) {
            l->direction[n] = l->direction[k];
        }
        n++;
    }
    return n;
}

static mho_status prepare(loop_reader *l) {
    mho_status status = find_columns(l);
    for (int k = 0; k < 2 && status == MHO_OK; k++) {
        mho_i_csv_column *c = &l->csv->column[k ? l->col_r : l->col_t];
        if (!c->value) {
            status = mho_i_csv_fail(l->csv, 0, "\"%.30s\" in column %zu: numbers are wanted",
                                    c->text[0], (k ? l->col_r : l->col_t) + 1);
        }
    }
    if (status == MHO_OK) {
        status = swapped(l);
    }
    if (status == MHO_OK) {
        status = convert_temperature(l);
    }
    if (status == MHO_OK) {
        status = convert_resistance(l);
    }
    if (status == MHO_OK && l->col_branch < l->csv->n_col) {
        status = read_branch(l);
    }
    return status;
}

mho_status mho_i_loop_read(mho_ctx *ctx, const char *path, const mho_fit_vo2_opt *opt,
                           mho_fit **out) {
    loop_reader l = {.ctx = ctx, .opt = opt};
    *out = NULL;
    mho_status status = mho_i_csv_read(ctx, path, &l.csv);
    if (status == MHO_OK) {
        status = mho_i_fit_new(ctx, l.csv->n_row, &l.fit);
    }
    if (status == MHO_OK) {
        status = prepare(&l);
    }
    if (status == MHO_OK) {
        size_t first, n = drop_missing(&l, &first);
        if (n < l.csv->n_row) {
            status = mho_i_fit_note(ctx, l.fit,
                                    "rows with a gap: %zu of %zu, the first in line %zu; they were "
                                    "left out",
                                    l.csv->n_row - n, l.csv->n_row, first);
        }
        mho_i_rows rows = {path, n, l.csv->column[l.col_t].value, l.csv->column[l.col_r].value,
                           l.direction};
        status = status == MHO_OK ? mho_i_loop_sort(ctx, &rows, l.fit) : status;
    }
    mho_i_free(ctx, l.direction);
    mho_i_csv_free(l.csv);
    if (status < 0) {
        mho_fit_free(ctx, l.fit);
        return status;
    }
    *out = l.fit;
    return MHO_OK;
}
