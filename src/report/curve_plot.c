/* curve_plot.c - curves of the bench as pictures, drawn by gnuplot. */
#include "report_int.h"

#include <math.h>
#include <string.h>

static bool ends_in(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n > m && strcmp(text + n - m, end) == 0;
}

/* Factor and unit that make the largest number of a column readable. */
static double scale_of(const mho_curve *c, bool drawn_only, size_t col, char *label, size_t n) {
    double top = 0;
    bool log = false;
    for (size_t k = drawn_only ? 1 : col; k < (drawn_only ? c->n_col : col + 1); k++) {
        log |= c->col[k].log && (c->col[k].draw || !drawn_only);
        for (size_t row = 0; row < c->n_row; row++) {
            double x = c->value[row * c->n_col + k];
            if (isfinite(x) && (!drawn_only || c->col[k].draw)) {
                top = fmax(top, fabs(x));
            }
        }
    }
    const mho_curve_col *named = &c->col[col];
    const char *name = drawn_only ? c->quantity : named->name;
    static const struct {
        double size;
        const char *prefix;
    } ladder[] = {{1e9, "G"},  {1e6, "M"},  {1e3, "k"},   {1, ""},     {1e-3, "m"},
                  {1e-6, "u"}, {1e-9, "n"}, {1e-12, "p"}, {1e-15, "f"}};
    size_t j = 3;
    /* temperatures stay as they are, and a logarithmic axis has its own powers of ten */
    if (*named->unit && strcmp(named->unit, "K") != 0 && !log && top > 0) {
        j = 0;
        while (j + 1 < sizeof ladder / sizeof *ladder && top < ladder[j].size) {
            j++;
        }
    }
    snprintf(label, n, "%s%s%s%s%s", name, *named->unit ? " (" : "", ladder[j].prefix, named->unit,
             *named->unit ? ")" : "");
    return 1 / ladder[j].size;
}

static void put_traces(mho_i_text *t, const mho_curve *c, double fx, double fy) {
    for (size_t j = 0; j < c->n_trace; j++) {
        mho_i_text_add(t, "$t%zu << EOD\n", j);
        for (size_t row = c->start[j]; row < c->start[j + 1]; row++) {
            const double *x = c->value + row * c->n_col;
            mho_i_text_add(t, "%.9g", x[0] * fx);
            for (size_t k = 1; k < c->n_col; k++) {
                if (isfinite(x[k])) {
                    mho_i_text_add(t, " %.9g", x[k] * fy);
                } else {
                    mho_i_text_add(t, " NaN");
                }
            }
            mho_i_text_put(t, "\n", 1);
        }
        mho_i_text_add(t, "EOD\n");
    }
}

static size_t first_drawn(const mho_curve *c) {
    size_t k = 1;
    while (k + 1 < c->n_col && !c->col[k].draw) {
        k++;
    }
    return k;
}

static void put_lines(mho_i_text *t, const mho_curve *c) {
    static const char *const colour[] = {"#c0392b", "#2566a8", "#2e8b57", "#b8860b",
                                         "#7d3c98", "#16808c", "#555555", "#d35400"};
    size_t n_drawn = 0, line = 0;
    int dash = 1;
    for (size_t k = 1; k < c->n_col; k++) {
        n_drawn += c->col[k].draw;
    }
    for (size_t j = 0; j < c->n_trace; j++) {
        for (size_t k = 1; k < c->n_col; k++) {
            if (!c->col[k].draw) {
                continue;
            }
            char name[2 * MHO_CURVE_NAME + 4];
            bool both = n_drawn > 1 && *c->trace[j];
            snprintf(name, sizeof name, "%s%s%s", c->trace[j], both ? ", " : "",
                     n_drawn > 1 ? c->col[k].name : "");
            /* a trace has its colour, a further column of it is dashed */
            dash = k == first_drawn(c) ? 1 : dash + 1;
            mho_i_text_add(
                t, "%s $t%zu using 1:%zu with %s lw 2 dt %d lc rgb '%s' %s ", line ? "," : "plot",
                j, k + 1, c->start[j + 1] - c->start[j] < 30 ? "linespoints pt 7 ps 0.5" : "lines",
                dash, colour[(c->n_trace > 1 ? j : line) % 8], *name ? "title" : "notitle");
            if (*name) {
                mho_i_gnuplot_quote(t, name);
            }
            line++;
        }
    }
    mho_i_text_put(t, "\n", 1);
}

static void put_script(mho_i_text *t, const mho_curve *c, bool svg) {
    size_t first = first_drawn(c);
    bool log_y = false;
    for (size_t k = 1; k < c->n_col; k++) {
        log_y |= c->col[k].draw && c->col[k].log;
    }
    char x_label[80], y_label[80];
    double fx = scale_of(c, false, 0, x_label, sizeof x_label);
    double fy = scale_of(c, true, first, y_label, sizeof y_label);
    mho_i_text_add(t, "set terminal %s\nset encoding utf8\n",
                   svg ? "svg size 800,520 font 'Helvetica,15' background 'white'"
                       : "pngcairo size 1000,650 font 'DejaVu Sans,15' linewidth 1.3");
    put_traces(t, c, fx, fy);
    mho_i_text_add(t, "set title ");
    mho_i_gnuplot_quote(t, c->title);
    mho_i_text_add(t, "\nset xlabel ");
    mho_i_gnuplot_quote(t, x_label);
    mho_i_text_add(t, "\nset ylabel ");
    mho_i_gnuplot_quote(t, y_label);
    mho_i_text_add(t, "\nset border 3\nset tics nomirror out\nset grid lc rgb '#dddddd' lw 0.5\n"
                      "set key outside right top samplen 3\nset format y '%%g'\n");
    if (log_y) {
        mho_i_text_add(t, "set logscale y\nset format y '10^{%%T}'\n");
    }
    if (c->col[0].log) {
        mho_i_text_add(t, "set logscale x\nset format x '10^{%%T}'\n");
    }
    put_lines(t, c);
}

mho_status mho_curve_plot(mho_ctx *ctx, const mho_curve *c, const char *path) {
    bool svg = ends_in(path, ".svg");
    if (!svg && !ends_in(path, ".png")) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "%s: a picture ends in .svg or .png", path);
    }
    mho_i_text script, picture;
    mho_i_text_init(&script, ctx);
    mho_i_text_init(&picture, ctx);
    put_script(&script, c, svg);
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
