/* device_curve.c - mho device MODEL --curve: table, sketch, files. */
#include "device_job.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TABLE_ROWS = 12, SKETCH_WIDTH = 64, SKETCH_HEIGHT = 16 };

/* A bare number is SI; else with the unit of the abscissa. */
static bool read_end(const char *option, const char *text, const char *unit, double *x) {
    char *end, why[160];
    if (!text) {
        return true;
    }
    double v = strtod(text, &end);
    if (end != text && !*end && isfinite(v)) {
        *x = v;
        return true;
    }
    if (mho_quantity_parse(text, unit, x, why, sizeof why)) {
        return true;
    }
    cli_usage_error("--%s %s: %s", option, text, why);
    return false;
}

static const char *unit_of(const device_job *j) {
    const mho_curve_info *info;
    for (size_t k = 0; (info = mho_curve_of(j->model, k)); k++) {
        if (strcmp(info->name, j->curve) == 0) {
            return info->unit;
        }
    }
    return "";
}

static void print_rows(const mho_curve *c, size_t trace) {
    size_t first = c->start[trace], n = c->start[trace + 1] - first;
    size_t shown = n < TABLE_ROWS ? n : TABLE_ROWS, last = n; /* n: none printed yet */
    if (*c->trace[trace]) {
        printf("%s\n", c->trace[trace]);
    }
    for (size_t k = 0; k < shown; k++) {
        size_t row = shown > 1 ? (k * (n - 1) + (shown - 1) / 2) / (shown - 1) : 0;
        if (row == last) {
            continue;
        }
        last = row;
        for (size_t col = 0; col < c->n_col; col++) {
            double x = c->value[(first + row) * c->n_col + col];
            char buf[40] = "-";
            if (isfinite(x)) {
                /* a pure number near 1 without an exponent, temperatures in K */
                if (strcmp(c->col[col].unit, "K") == 0) {
                    snprintf(buf, sizeof buf, "%.2f K", x);
                } else {
                    mho_quantity_format(x, c->col[col].unit, 5, buf, sizeof buf);
                }
            }
            printf("  %14s", buf);
        }
        putchar('\n');
    }
}

static void print_table(const mho_curve *c) {
    for (size_t col = 0; col < c->n_col; col++) {
        printf("  %14s", c->col[col].name);
    }
    putchar('\n');
    for (size_t t = 0; t < c->n_trace; t++) {
        print_rows(c, t);
    }
}

static mho_status print_curve(mho_ctx *ctx, const mho_curve *c) {
    char *sketch;
    mho_status status = mho_curve_sketch(ctx, c, SKETCH_WIDTH, SKETCH_HEIGHT, &sketch);
    if (status < 0) {
        return status;
    }
    printf("%s\n\n", c->title);
    print_table(c);
    printf("\n%s\n", sketch);
    mho_text_free(ctx, sketch);
    for (size_t k = 0; k < c->n_note; k++) {
        printf("%s\n", c->note[k]);
    }
    return MHO_OK;
}

static bool to_stdout(const char *path) {
    return path && strcmp(path, "-") == 0;
}

typedef mho_status (*text_fn)(mho_ctx *, const mho_curve *, char **);

static mho_status save_text(mho_ctx *ctx, const mho_curve *c, const char *path, text_fn make) {
    char *text;
    mho_status status = path ? make(ctx, c, &text) : MHO_OK;
    if (!path || status < 0) {
        return status;
    }
    size_t n = strlen(text);
    status = cli_text_save(ctx, text, n, path);
    if (status == MHO_OK && to_stdout(path) && (n == 0 || text[n - 1] != '\n')) {
        putchar('\n');
    }
    mho_text_free(ctx, text);
    return status;
}

static bool ends_in(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n > m && strcmp(text + n - m, end) == 0;
}

int device_curve(mho_ctx *ctx, const device_job *j) {
    mho_curve_options o = mho_curve_options_default();
    const char *unit = unit_of(j);
    if (!read_end("from", j->from, unit, &o.from) || !read_end("to", j->to, unit, &o.to)) {
        return CLI_BAD_INPUT;
    }
    if (to_stdout(j->csv_path) && to_stdout(j->json_path)) {
        return cli_usage_error("--csv - and --json -: only one can have the standard output");
    }
    if (j->plot_path && !ends_in(j->plot_path, ".svg") && !ends_in(j->plot_path, ".png")) {
        return cli_usage_error("--plot %s: a picture ends in .svg or .png", j->plot_path);
    }
    o.n_point = (size_t)j->n_point;
    o.n_device = (size_t)j->n_device;
    o.seed = j->seed;
    o.period_s = j->period_s;
    const char *const files[] = {j->plot_path, j->csv_path, j->npy_path, j->json_path};
    mho_status status = MHO_OK;
    for (size_t k = 0; k < sizeof files / sizeof *files && status == MHO_OK; k++) {
        status = files[k] && !to_stdout(files[k]) ? mho_file_writable(ctx, files[k]) : MHO_OK;
    }
    mho_curve *c = NULL;
    status = status == MHO_OK ? mho_curve_make(ctx, j->card, j->curve, &o, &c) : status;
    cli_progress_end();
    if (status == MHO_OK && !to_stdout(j->csv_path) && !to_stdout(j->json_path)) {
        status = print_curve(ctx, c);
    }
    if (status == MHO_OK && j->plot_path) {
        status = mho_curve_plot(ctx, c, j->plot_path);
    }
    if (status == MHO_OK && j->npy_path) {
        status = mho_curve_npy(ctx, c, j->npy_path);
    }
    if (status == MHO_OK) {
        status = save_text(ctx, c, j->csv_path, mho_curve_csv);
    }
    if (status == MHO_OK) {
        status = save_text(ctx, c, j->json_path, mho_curve_json);
    }
    mho_curve_free(c);
    return status == MHO_OK ? CLI_DONE : cli_fail(ctx, status);
}
