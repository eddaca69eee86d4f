/* model_table.c - a device that is what the user measured: the current at a voltage, or the
 * conductance after each of a row of identical pulses. Between the points monotone cubics. */
#include "model_load_int.h"

#include "io/io_int.h"

#include <math.h>
#include <string.h>

/* A rising abscissa with its values. */
typedef struct branch {
    size_t n;
    const double *x, *y, *slope;
} branch;
typedef struct measured {
    bool pulses;
    branch up, down; /* of a pulse table: conductance against pulse number; else up: I against V */
    double g_min, g_max;
    mho_ext_input input;
    mho_ext_memory memory;
} measured;

static double at(const branch *b, double x, double *slope) {
    return mho_i_monotone_at(b->n, b->x, b->y, b->slope, x, slope);
}

enum { P_scale, N_PARAM };
static const mho_ext_param params[N_PARAM] = {
    [P_scale] = {"scale", "", 1, 1e-6, 1e6, "A", "the measured device itself",
                 "current over that of the measured device, such as a ratio of areas", NULL, false},
};

/* ---- I-V ---- */

static void iv_eval(const mho_ext_batch *b, double *y, double *dx) {
    const measured *t = b->data;
    (void)dx;
    for (size_t i = 0; i < b->n; i++) {
        double slope, scale = b->p[P_scale * b->ld + i];
        y[i] = scale * at(&t->up, b->u[i], &slope);
        y[b->ld + i] = scale * slope;
    }
}

static void iv_jacobian(const mho_ext_batch *b, double *di_du, double *di_dx, double *df_du,
                        double *df_dx) {
    const measured *t = b->data;
    (void)di_dx;
    (void)df_du;
    (void)df_dx;
    for (size_t i = 0; i < b->n; i++) {
        at(&t->up, b->u[i], &di_du[i]);
        di_du[i] *= b->p[P_scale * b->ld + i];
    }
}

/* ---- pulses ---- */

static void pulse_eval(const mho_ext_batch *b, double *y, double *dx) {
    (void)dx;
    for (size_t i = 0; i < b->n; i++) {
        double g = b->m[i] * b->p[P_scale * b->ld + i];
        y[i] = g * b->u[i];
        y[b->ld + i] = g;
    }
}

static void pulse_jacobian(const mho_ext_batch *b, double *di_du, double *di_dx, double *df_du,
                           double *df_dx) {
    (void)di_dx;
    (void)df_du;
    (void)df_dx;
    for (size_t i = 0; i < b->n; i++) {
        di_du[i] = b->m[i] * b->p[P_scale * b->ld + i];
    }
}

/* Pulse number at which a branch that goes one way has conductance g. */
static double number_at(const branch *b, double g) {
    double lo = b->x[0], hi = b->x[b->n - 1], slope;
    bool rises = b->y[b->n - 1] > b->y[0];
    for (int k = 0; k < 60; k++) {
        double mid = 0.5 * (lo + hi);
        if ((at(b, mid, &slope) < g) == rises) {
            lo = mid;
        } else {
            hi = mid;
        }
    }
    return 0.5 * (lo + hi);
}

static void pulse_pulse(const mho_ext_batch *b, const mho_ext_rng *rng, const double *amount,
                        double *x, double *m) {
    const measured *t = b->data;
    (void)rng;
    (void)x;
    for (size_t i = 0; i < b->n; i++) {
        if (amount[i] == 0) {
            continue;
        }
        const branch *way = amount[i] > 0 ? &t->up : &t->down;
        double slope, n = number_at(way, m[i]) + fabs(amount[i]);
        m[i] = at(way, fmin(n, way->x[way->n - 1]), &slope);
        m[i] = fmin(fmax(m[i], t->g_min), t->g_max);
    }
}

/* ---- the table ---- */

static const mho_ext_output iv_outputs[] = {{"i", "A", "current"},
                                            {"g", "S", "differential conductance"}};
static const mho_ext_output pulse_outputs[] = {{"i", "A", "current"}, {"g", "S", "conductance"}};

static mho_ext_model describe(const measured *t) {
    mho_ext_model m = {
        .struct_size = sizeof m,
        .version = MHO_EXT_VERSION,
        .name = "table",
        .source = "the user's measurement",
        .data = t,
        .n_param = N_PARAM,
        .param = params,
        .n_input = 1,
        .n_port = 1,
        .input = &t->input,
        .n_output = 2,
    };
    if (t->pulses) {
        m.flags = MHO_EXT_PASSIVE;
        m.summary = "measured pulse response: conductance after each of a row of pulses";
        m.equations = "current  I = scale G V\n"
                      "pulse    G moves by one pulse along the measured branch of its direction";
        m.output = pulse_outputs;
        m.n_memory_row = 1;
        m.memory = &t->memory;
        m.eval = pulse_eval;
        m.jacobian = pulse_jacobian;
        m.pulse = pulse_pulse;
    } else {
        m.summary = "measured I-V curve of a device without memory";
        m.equations = "current  I = scale f(V), f through the measured points, straight beyond";
        m.output = iv_outputs;
        m.eval = iv_eval;
        m.jacobian = iv_jacobian;
    }
    return m;
}

/* Copy n points into the model's numbers, slopes behind them. */
static branch put_branch(double **to, size_t n, const double *x, const double *y) {
    double *bx = *to, *by = bx + n, *slope = by + n;
    memcpy(bx, x, n * sizeof *x);
    memcpy(by, y, n * sizeof *y);
    mho_i_monotone_slopes(n, bx, by, slope);
    *to = slope + n;
    return (branch){n, bx, by, slope};
}

static mho_status check_column(const mho_i_csv *csv, size_t col, const char *what) {
    const mho_i_csv_column *c = &csv->column[col];
    if (!c->value) {
        return mho_i_csv_fail(csv, 0, "the %s, column %zu, is text", what, col + 1);
    }
    for (size_t k = 0; k < csv->n_row; k++) {
        if (!isfinite(c->value[k])) {
            return mho_i_csv_fail(
                csv, k, "no number in column %zu (%s): a table must not have gaps", col + 1, what);
        }
    }
    return MHO_OK;
}

static mho_status check_rising(const mho_i_csv *csv, size_t col, const char *what) {
    const double *x = csv->column[col].value;
    for (size_t k = 1; k < csv->n_row; k++) {
        if (!(x[k] > x[k - 1])) {
            return mho_i_csv_fail(csv, k,
                                  "%s %g follows %g: rows must be in rising order of the first "
                                  "column (a sweep up and down is two curves; is it swapped?)",
                                  what, x[k], x[k - 1]);
        }
    }
    return MHO_OK;
}

static const char *const pulse_names[] = {"pulse", "pulses", "n", "number", "pulse number", NULL};
static const char *const voltage_names[] = {"voltage", "v", "bias", "u", NULL};
static const char *const current_names[] = {"current", "i", NULL};
static const char *const g_names[] = {"conductance", "g", NULL};

/* Which columns, and what they are: by their names, else the first two as I-V. */
static mho_status find_columns(mho_i_csv *csv, size_t col[2], bool *pulses) {
    if (csv->n_col < 2 || csv->n_row < 2) {
        return mho_i_csv_fail(csv, 0, "%zu columns, %zu rows: two columns and two rows are wanted",
                              csv->n_col, csv->n_row);
    }
    size_t none = csv->n_col, pulse = mho_i_csv_find_any(csv, pulse_names),
           g = mho_i_csv_find_any(csv, g_names), v = mho_i_csv_find_any(csv, voltage_names),
           i = mho_i_csv_find_any(csv, current_names);
    *pulses = pulse < none && g < none;
    if (*pulses) {
        col[0] = pulse;
        col[1] = g;
        return MHO_OK;
    }
    if (v < none && i < none) {
        col[0] = v;
        col[1] = i;
        return MHO_OK;
    }
    if (csv->has_names) {
        char list[200];
        return mho_i_csv_fail(
            csv, 0, "columns %s: wanted are voltage and current, or pulse and conductance",
            mho_i_csv_list(csv, list, sizeof list));
    }
    col[0] = 0;
    col[1] = 1;
    return MHO_OK;
}

/* Limits of the input: where it was measured. */
static void set_input(measured *t, double lo, double hi) {
    t->input = (mho_ext_input){"v", "V", fmin(fmax(0, lo), hi), lo, hi, "voltage over the device"};
}

static mho_status read_iv(mho_model *m, mho_i_csv *csv, const size_t *col) {
    measured *t = m->table;
    mho_status status = mho_i_csv_to_si(csv, col[0], "V");
    if (status == MHO_OK) {
        status = mho_i_csv_to_si(csv, col[1], "A");
    }
    if (status == MHO_OK) {
        status = check_rising(csv, col[0], "voltage");
    }
    if (status == MHO_OK) {
        double *to = m->numbers;
        const double *v = csv->column[col[0]].value;
        t->up = put_branch(&to, csv->n_row, v, csv->column[col[1]].value);
        set_input(t, v[0], v[csv->n_row - 1]);
    }
    return status;
}

/* The branch up ends at the largest conductance, where the branch down begins. */
static mho_status read_pulses(mho_model *m, mho_i_csv *csv, const size_t *col) {
    measured *t = m->table;
    mho_status status = mho_i_csv_to_si(csv, col[1], "S");
    if (status == MHO_OK) {
        status = check_rising(csv, col[0], "pulse");
    }
    if (status < 0) {
        return status;
    }
    const double *n = csv->column[col[0]].value, *g = csv->column[col[1]].value;
    size_t top = 0;
    for (size_t k = 0; k < csv->n_row; k++) {
        if (!(g[k] >= 0)) {
            return mho_i_csv_fail(csv, k, "conductance %g S: 0 or more is wanted", g[k]);
        }
        top = g[k] > g[top] ? k : top;
    }
    if (top == 0 || top + 1 == csv->n_row) {
        return mho_i_csv_fail(csv, top,
                              "the largest conductance stands %s: potentiation and, after it, "
                              "depression are wanted",
                              top ? "last" : "first");
    }
    double *to = m->numbers;
    t->up = put_branch(&to, top + 1, n, g);
    t->down = put_branch(&to, csv->n_row - top, n + top, g + top);
    t->g_max = g[top];
    t->g_min = fmin(g[0], g[csv->n_row - 1]);
    t->memory = (mho_ext_memory){"g", "S", 1, g[0], "conductance"};
    set_input(t, -0.3, 0.3);
    return MHO_OK;
}

static mho_status fill(mho_model *m, mho_i_csv *csv) {
    measured *t = m->table;
    size_t col[2] = {0, 1};
    mho_status status = find_columns(csv, col, &t->pulses);
    for (int k = 0; k < 2 && status == MHO_OK; k++) {
        status = check_column(csv, col[k], k ? "value" : "abscissa");
    }
    if (status < 0) {
        return status;
    }
    m->numbers = mho_i_alloc(m->ctx, 3 * (csv->n_row + 1), sizeof *m->numbers);
    if (!m->numbers) {
        return MHO_ERR_NOMEM;
    }
    status = t->pulses ? read_pulses(m, csv, col) : read_iv(m, csv, col);
    if (status == MHO_OK) {
        m->own = describe(t);
        m->ext = &m->own;
    }
    return status;
}

mho_status mho_model_table(mho_ctx *ctx, const char *path, mho_model **out) {
    *out = NULL;
    mho_i_csv *csv;
    mho_status status = mho_i_csv_read(ctx, path, &csv);
    if (status < 0) {
        return status;
    }
    mho_model *m = mho_i_alloc(ctx, 1, sizeof *m);
    status = m ? MHO_OK : MHO_ERR_NOMEM;
    if (status == MHO_OK) {
        m->ctx = ctx;
        m->table = mho_i_alloc(ctx, 1, sizeof(measured));
        status = m->table ? fill(m, csv) : MHO_ERR_NOMEM;
    }
    mho_i_csv_free(csv);
    if (status < 0) {
        mho_model_free(m);
        return status;
    }
    *out = m;
    return MHO_OK;
}
