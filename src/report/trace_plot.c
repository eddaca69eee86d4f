/* trace_plot.c - columns over time: panels one above the other with one time axis. */
#include "mho/report.h"
#include "report_int.h"

#include <math.h>
#include <string.h>

enum { MAX_POINT = 4000, MAX_PANEL = 8 };

static double prefix_of(double top, const char *unit, char *label, size_t n_label) {
    static const char *const names[] = {"a", "f", "p", "n", "µ", "m", "", "k", "M", "G"};
    if (!*unit) {
        label[0] = 0;
        return 1;
    }
    int k = top > 0 && isfinite(top) ? (int)floor(log10(top) / 3 + 1e-9) : 0;
    k = k < -6 ? -6 : k > 3 ? 3 : k;
    k = strcmp(unit, "K") == 0 ? 0 : k;
    snprintf(label, n_label, "%s%s", names[k + 6], strcmp(unit, "ohm") == 0 ? "Ω" : unit);
    return pow(1000, -k);
}

static double largest(const mho_trace *trace, size_t column) {
    const double *x = mho_trace_column(trace, column);
    double top = 0;
    for (size_t k = 0; k < mho_trace_rows(trace); k++) {
        top = isfinite(x[k]) ? fmax(top, fabs(x[k])) : top;
    }
    return top;
}

/* Rows in groups, of each the lowest and the highest, so that no spike is lost. */
static void put_panel_data(mho_i_text *t, const mho_trace *trace, size_t column, double t_factor,
                           double factor) {
    const double *time = mho_trace_column(trace, 0), *x = mho_trace_column(trace, column);
    size_t n = mho_trace_rows(trace), group = n > MAX_POINT ? 2 * (n / MAX_POINT) : 1;
    mho_i_text_add(t, "$p%zu << EOD\n", column);
    for (size_t k = 0; k < n; k += group) {
        size_t lo = k, hi = k;
        for (size_t j = k; j < n && j < k + group; j++) {
            lo = x[j] < x[lo] ? j : lo;
            hi = x[j] > x[hi] ? j : hi;
        }
        size_t first = lo < hi ? lo : hi, second = lo < hi ? hi : lo;
        mho_i_text_add(t, "%.7g %.6g\n", t_factor * time[first], factor * x[first]);
        if (second != first) {
            mho_i_text_add(t, "%.7g %.6g\n", t_factor * time[second], factor * x[second]);
        }
    }
    mho_i_text_add(t, "EOD\n");
}

static void put_script(mho_i_text *t, const mho_trace *trace, size_t n_panel, const size_t *column,
                       const char *title, bool svg) {
    static const char *const colour[] = {"#2c728e", "#b5532a", "#440154", "#28ae80",
                                         "#8a6d00", "#472d7b", "#555555", "#2c728e"};
    char unit[32], label[96];
    double t_factor = prefix_of(largest(trace, 0), "s", unit, sizeof unit);
    double height = 150 * (double)n_panel + 110, scale = svg ? 1 : 2;
    mho_i_text_add(t, "set encoding utf8\nset terminal %s size %.0f,%.0f %s\n",
                   svg ? "svg" : "pngcairo", 900 * scale, height * scale,
                   svg ? "font 'DejaVu Sans,13' background '#ffffff'"
                       : "fontscale 1.7 linewidth 2 font 'DejaVu Sans'");
    for (size_t k = 0; k < n_panel; k++) {
        char y_unit[32];
        double f = prefix_of(largest(trace, column[k]), mho_trace_unit(trace, column[k]), y_unit,
                             sizeof y_unit);
        put_panel_data(t, trace, column[k], t_factor, f);
    }
    mho_i_text_add(t, "set multiplot\nset lmargin at screen 0.13\nset rmargin at screen 0.97\n"
                      "set border 3\nset tics out nomirror\nset grid lc rgb '#dddddd'\nunset key\n"
                      "set format x ''\nset label 1 ");
    mho_i_gnuplot_quote(t, title);
    mho_i_text_add(t, " at screen 0.5,%.4f center\n", 1 - 22 / height);
    mho_i_text_add(t, "set xrange [0:%.8g]\n",
                   t_factor * mho_trace_column(trace, 0)[mho_trace_rows(trace) - 1]);
    for (size_t k = 0; k < n_panel; k++) {
        char y_unit[32];
        prefix_of(largest(trace, column[k]), mho_trace_unit(trace, column[k]), y_unit,
                  sizeof y_unit);
        snprintf(label, sizeof label, *y_unit ? "%s (%s)" : "%s", mho_trace_name(trace, column[k]),
                 y_unit);
        double top = 1 - (45 + 150 * (double)k) / height;
        mho_i_text_add(t, "set tmargin at screen %.5f\nset bmargin at screen %.5f\n", top,
                       top - 130 / height);
        if (k + 1 == n_panel) {
            mho_i_text_add(t, "set format x '%%g'\nset xlabel 'time (%s)'\n", unit);
        }
        mho_i_text_add(t, "set ytics autofreq\nset ylabel ");
        mho_i_gnuplot_quote(t, label);
        mho_i_text_add(t, " offset 1,0\nplot $p%zu using 1:2 with lines lw 1.6 lc rgb '%s'\n%s",
                       column[k], colour[k % 8], k == 0 ? "unset label 1\n" : "");
    }
    mho_i_text_add(t, "unset multiplot\n");
}

mho_status mho_trace_plot_save(mho_ctx *ctx, const mho_trace *trace, size_t n_panel,
                               const size_t *column, const char *title, const char *path) {
    size_t n = strlen(path);
    bool svg = n >= 4 && strcmp(path + n - 4, ".svg") == 0;
    if (!svg && !(n >= 4 && strcmp(path + n - 4, ".png") == 0)) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "%s: a plot is .svg or .png", path);
    }
    if (n_panel < 1 || n_panel > MAX_PANEL || mho_trace_rows(trace) < 2) {
        return mho_i_fail(ctx, MHO_ERR_DIM,
                          "a plot of %zu panels, %zu rows: 1 to %d panels and at "
                          "least 2 rows are wanted",
                          n_panel, mho_trace_rows(trace), MAX_PANEL);
    }
    for (size_t k = 0; k < n_panel; k++) {
        if (column[k] < 1 || column[k] >= mho_trace_columns(trace)) {
            return mho_i_fail(ctx, MHO_ERR_DIM, "column %zu: the trace has 1 to %zu", column[k],
                              mho_trace_columns(trace) - 1);
        }
    }
    mho_i_text script, picture;
    mho_i_text_init(&script, ctx);
    mho_i_text_init(&picture, ctx);
    put_script(&script, trace, n_panel, column, title, svg);
    mho_status status = script.status;
    if (status == MHO_OK) {
        status = mho_i_gnuplot_run(ctx, script.data, script.len, &picture);
    }
    if (status == MHO_OK) {
        status = mho_i_file_write(ctx, path, picture.data, picture.len);
    }
    mho_i_text_free(&script);
    mho_i_text_free(&picture);
    return status;
}
