/* sweep_tables.c - a study as plain tables: CSV for people and spreadsheets, NPZ for NumPy. Numbers
 * are written with as many digits as bring back the same double, and nothing in them depends on how
 * the study was run. */
#include "sweep_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FLUSH_BYTES = 1 << 16 };

typedef struct table {
    mho_i_temp file;
    mho_i_text text;
    mho_status status;
} table;

static void flush(table *t, bool all) {
    t->status = t->status < 0 ? t->status : t->text.status;
    if (t->status == MHO_OK && (all || t->text.len >= FLUSH_BYTES)) {
        t->status = mho_i_temp_put(&t->file, t->text.data ? t->text.data : "", t->text.len);
        t->text.len = 0;
    }
}

static mho_status begin(mho_ctx *ctx, const char *dir, const char *name, table *t) {
    char path[4096];
    *t = (table){.file = {.fd = -1}};
    mho_i_text_init(&t->text, ctx);
    mho_status status = mho_i_path_join(ctx, dir, name, path, sizeof path);
    return status < 0 ? status : mho_i_temp_begin(ctx, path, &t->file);
}

static mho_status end(table *t) {
    flush(t, true);
    mho_status status = t->status;
    if (status < 0) {
        mho_i_temp_drop(&t->file);
    } else {
        status = mho_i_temp_commit(&t->file);
    }
    mho_i_text_free(&t->text);
    return status;
}

void mho_i_number_put(mho_i_text *t, double x) {
    char buf[40];
    if (!isfinite(x)) {
        return; /* an empty cell */
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(buf, sizeof buf, "%.*g", digits, x);
        if (strtod(buf, NULL) == x) {
            break;
        }
    }
    mho_i_text_add(t, "%s", buf);
}

static void cell(mho_i_text *t, double x) {
    mho_i_text_put(t, ",", 1);
    mho_i_number_put(t, x);
}

/* accuracy, energy_J ... as the name of a column */
static void metric_column(mho_i_text *t, mho_metric m, const char *what) {
    const char *unit = mho_metric_unit(m);
    mho_i_text_add(t, ",%s%s%s%s%s", mho_metric_name(m), *what ? "_" : "", what, *unit ? "_" : "",
                   unit);
}

static void axis_columns(mho_i_text *t, const mho_sweep_result *r) {
    for (size_t k = 0; k < r->n_axis; k++) {
        const mho_sweep_axis *a = mho_study_axis(r->study, k);
        mho_i_text_add(t, ",%s%s%s", a->key, *a->unit ? "_" : "", a->unit);
    }
}

static void axis_cells(mho_i_text *t, const mho_sweep_result *r, size_t p) {
    for (size_t k = 0; k < r->n_axis; k++) {
        const mho_sweep_axis *a = mho_study_axis(r->study, k);
        double x = mho_study_value(r->study, p, k);
        if (a->word) {
            mho_i_text_add(t, ",%s", a->word[(size_t)x]);
        } else {
            cell(t, x);
        }
    }
}

static void point_cells(mho_i_text *t, const mho_sweep_result *r, size_t p) {
    const mho_sweep_point *q = &r->point[p];
    mho_i_text_add(t, "%zu", p);
    axis_cells(t, r, p);
    mho_i_text_add(t, ",%zu,%zu", q->n_chip, q->n_failed);
    cell(t, q->mean[MHO_METRIC_ACCURACY]);
    cell(t, q->sd[MHO_METRIC_ACCURACY]);
    cell(t, q->ci95[0]);
    cell(t, q->ci95[1]);
    cell(t, q->min);
    if (isfinite(q->min)) {
        mho_i_text_add(t, ",%zu", q->worst);
    } else {
        mho_i_text_put(t, ",", 1);
    }
    cell(t, q->yield);
    cell(t, q->yield_ci95[0]);
    cell(t, q->yield_ci95[1]);
    mho_i_text_add(t, ",%d", r->front[p]);
    for (int m = MHO_METRIC_ACCURACY + 1; m < MHO_N_METRIC; m++) {
        if (mho_study_shows(r->study, (mho_metric)m)) {
            cell(t, q->mean[m]);
            cell(t, q->sd[m]);
        }
    }
    mho_i_text_put(t, "\n", 1);
}

static mho_status save_points(mho_ctx *ctx, const mho_sweep_result *r, const char *dir) {
    table t;
    mho_status status = begin(ctx, dir, "points.csv", &t);
    if (status < 0) {
        return status;
    }
    mho_i_text_add(&t.text, "point");
    axis_columns(&t.text, r);
    mho_i_text_add(&t.text,
                   ",chips,failed,accuracy_mean,accuracy_sd,accuracy_ci95_lo,accuracy_ci95_hi,"
                   "accuracy_worst,worst_chip,yield,yield_ci95_lo,yield_ci95_hi,front");
    for (int m = MHO_METRIC_ACCURACY + 1; m < MHO_N_METRIC; m++) {
        if (mho_study_shows(r->study, (mho_metric)m)) {
            metric_column(&t.text, (mho_metric)m, "mean");
            metric_column(&t.text, (mho_metric)m, "sd");
        }
    }
    mho_i_text_put(&t.text, "\n", 1);
    for (size_t p = 0; p < r->n_point; p++) {
        point_cells(&t.text, r, p);
        flush(&t, false);
    }
    return end(&t);
}

static mho_status save_chips(mho_ctx *ctx, const mho_sweep_result *r, const char *dir) {
    table t;
    mho_status status = begin(ctx, dir, "chips.csv", &t);
    if (status < 0) {
        return status;
    }
    mho_i_text_add(&t.text, "point,chip");
    for (int m = 0; m < MHO_N_METRIC; m++) {
        if (mho_study_shows(r->study, (mho_metric)m)) {
            metric_column(&t.text, (mho_metric)m, "");
        }
    }
    mho_i_text_put(&t.text, "\n", 1);
    const double *v = r->value;
    for (size_t k = 0; k < r->n_point * r->n_chip; k++, v += MHO_N_METRIC) {
        mho_i_text_add(&t.text, "%zu,%zu", k / r->n_chip, k % r->n_chip);
        for (int m = 0; m < MHO_N_METRIC; m++) {
            if (mho_study_shows(r->study, (mho_metric)m)) {
                cell(&t.text, v[m]);
            }
        }
        mho_i_text_put(&t.text, "\n", 1);
        flush(&t, false);
    }
    return end(&t);
}

static mho_status save_npz(mho_ctx *ctx, const mho_sweep_result *r, const char *dir) {
    size_t n_sum = r->n_point * MHO_N_METRIC, n_axis = r->n_point * r->n_axis;
    char path[4096];
    double *x = mho_i_alloc(ctx, 2 * n_sum + n_axis, sizeof *x);
    if (!x) {
        return MHO_ERR_NOMEM;
    }
    double *mean = x, *sd = x + n_sum, *axes = x + 2 * n_sum;
    for (size_t p = 0; p < r->n_point; p++) {
        memcpy(mean + p * MHO_N_METRIC, r->point[p].mean, sizeof r->point[p].mean);
        memcpy(sd + p * MHO_N_METRIC, r->point[p].sd, sizeof r->point[p].sd);
        for (size_t k = 0; k < r->n_axis; k++) {
            axes[p * r->n_axis + k] = mho_study_value(r->study, p, k);
        }
    }
    const mho_npy_view views[] = {
        {.name = "chips", .n_dim = 3, .shape = {r->n_point, r->n_chip, MHO_N_METRIC}, r->value},
        {.name = "mean", .n_dim = 2, .shape = {r->n_point, MHO_N_METRIC}, mean},
        {.name = "sd", .n_dim = 2, .shape = {r->n_point, MHO_N_METRIC}, sd},
        {.name = "axes", .n_dim = 2, .shape = {r->n_point, r->n_axis}, axes}};
    mho_status status = mho_i_path_join(ctx, dir, "chips.npz", path, sizeof path);
    status = status < 0 ? status : mho_npz_save(ctx, path, r->n_axis ? 4 : 3, views);
    mho_i_free(ctx, x);
    return status;
}

mho_status mho_sweep_tables_save(mho_ctx *ctx, const mho_sweep_result *r, const char *dir) {
    mho_status status = save_points(ctx, r, dir);
    status = status < 0 ? status : save_chips(ctx, r, dir);
    status = status < 0 ? status : save_npz(ctx, r, dir);
    status = status < 0 ? status : mho_i_sweep_manifest_save(ctx, r, dir);
    return status < 0 ? status : mho_i_sweep_times_save(ctx, r, dir);
}
