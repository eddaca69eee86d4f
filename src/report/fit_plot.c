/* fit_plot.c - picture of a fit: data and model of every branch above, residuals below. */
#include "report_int.h"

#include <math.h>
#include <string.h>

enum { MOST_DRAWN = 1500 }; /* points of a group in a picture */
static const char *const colour[] = {"#4a86c5", "#d07840", "#5a9a5a", "#8a6ab0"};

/* x, y, model, residual, spread of every group as $g0, $g1 ... */
static void put_points(mho_i_text *s, const mho_fit *fit, double x_factor, double y_factor,
                       double r_factor) {
    size_t k = 0;
    for (size_t g = 0; g < fit->n_group; g++) {
        size_t n = fit->group[g].n_point, step = (n + MOST_DRAWN - 1) / MOST_DRAWN;
        mho_i_text_add(s, "$g%zu << EOD\n", g);
        for (size_t i = 0; i < n; i++, k++) {
            const mho_fit_point *p = &fit->point[k];
            if (i % step == 0 || i + 1 == n) {
                mho_i_text_add(s, "%.10g %.8g %.8g %.6g %.6g\n", p->x * x_factor, p->y * y_factor,
                               p->model * y_factor, p->residual * r_factor, p->sd * r_factor);
            }
        }
        mho_i_text_add(s, "EOD\n");
    }
}

static double prefix_of(double top, const char *unit, bool log, char *out, size_t n_out) {
    static const struct {
        double factor;
        const char *text;
    } steps[] = {{1e-9, "n"}, {1e-6, "u"}, {1e-3, "m"}, {1, ""}, {1e3, "k"}, {1e6, "M"}};
    size_t k = 3;
    for (size_t j = 0; !log && *unit && j < sizeof steps / sizeof *steps; j++) {
        k = top >= steps[j].factor || j == 0 ? j : k;
    }
    snprintf(out, n_out, "%s%s", steps[k].text, unit);
    return 1 / steps[k].factor;
}

static void put_axis(mho_i_text *s, const char *axis, const char *label, const char *unit) {
    char text[120];
    snprintf(text, sizeof text, *unit ? "%s (%s)" : "%s%s", label, unit);
    mho_i_text_add(s, "set %slabel ", axis);
    mho_i_gnuplot_quote(s, text);
    mho_i_text_put(s, "\n", 1);
}

void mho_i_fit_script(mho_i_text *s, const mho_fit *fit) {
    char x_unit[24], y_unit[24], r_unit[24];
    double right = 0, top = 0, worst = 0;
    bool spread = false;
    for (size_t k = 0; k < fit->n_point; k++) {
        right = fmax(right, fabs(fit->point[k].x));
        spread = spread || fit->point[k].sd > 0;
        top = fmax(top, fabs(fit->point[k].y));
        worst = fmax(worst, fabs(fit->point[k].residual));
    }
    double x_factor =
        prefix_of(right, fit->x_unit, strcmp(fit->x_unit, "K") == 0, x_unit, sizeof x_unit);
    double y_factor = prefix_of(top, fit->y_unit, fit->y_log, y_unit, sizeof y_unit);
    double r_factor = prefix_of(worst, fit->residual_unit, fit->y_log, r_unit, sizeof r_unit);
    put_points(s, fit, x_factor, y_factor, r_factor);
    mho_i_text_add(s, "set border 3 lw 0.7 lc rgb '#8c8c86'\n"
                      "set tics nomirror out scale 0.5 textcolor rgb 'black'\n"
                      "set grid lw 0.4 lt 1 lc rgb '#55808080'\nset key samplen 2 spacing 1.15\n"
                      "set lmargin 10\nset rmargin 3\nset multiplot layout 2,1\n"
                      "set origin 0,0.36\nset size 1,0.64\nset bmargin 0.6\nset tmargin 1\n"
                      "set format x ''\n");
    put_axis(s, "y", fit->y_label, y_unit);
    if (fit->y_log) {
        mho_i_text_add(s, "set logscale y\nset format y '10^{%%L}'\n");
    }
    for (size_t g = 0; g < fit->n_group; g++) {
        mho_i_text_add(s, "%s $g%zu using 1:2 with points pt 7 ps 0.35 lc rgb '%s' title ",
                       g ? "," : "plot", g, colour[g % 4]);
        mho_i_gnuplot_quote(s, fit->group[g].name);
    }
    for (size_t g = 0; g < fit->n_group; g++) {
        mho_i_text_add(s, ", $g%zu using 1:3 with lines lw 1.4 lc rgb 'black' title '%s'", g,
                       g ? "" : "model");
    }
    mho_i_text_add(s,
                   "\nunset logscale y\nset format y '%%g'\nset format x '%%g'\nunset key\n"
                   "set origin 0,0\nset size 1,0.36\nset tmargin 0.6\nset bmargin 3.2\n"
                   "set ytics autofreq\nset yrange [%.4g:%.4g]\n",
                   -1.1 * worst * r_factor - 1e-12, 1.1 * worst * r_factor + 1e-12);
    put_axis(s, "x", fit->x_label, x_unit);
    put_axis(s, "y", "data - model", r_unit);
    for (size_t g = 0; g < fit->n_group; g++) {
        mho_i_text_add(s, "%s $g%zu using 1:4 with %s pt 7 ps 0.3 lc rgb '%s'", g ? "," : "plot", g,
                       fit->y_log ? "linespoints" : "points", colour[g % 4]);
    }
    if (spread) {
        mho_i_text_add(s, ", $g0 using 1:5 smooth unique with lines dt 2 lc rgb 'black', $g0 using "
                          "1:(-$5) smooth unique with lines dt 2 lc rgb 'black'");
    }
    mho_i_text_add(s, ", 0 with lines lw 0.7 lc rgb 'black'\nunset multiplot\n");
}

mho_status mho_fit_plot(mho_ctx *ctx, const mho_fit *fit, const char *path) {
    size_t n = strlen(path);
    bool png = n > 4 && strcmp(path + n - 4, ".png") == 0;
    if (!png && !(n > 4 && strcmp(path + n - 4, ".svg") == 0)) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "%s: the name must end in .svg or .png", path);
    }
    mho_i_text script, picture;
    mho_i_text_init(&script, ctx);
    mho_i_text_init(&picture, ctx);
    mho_i_text_add(&script, png ? "set terminal pngcairo size 1100,1000 fontscale 1.3 linewidth 2 "
                                  "font 'DejaVu Sans'\n"
                                : "set terminal svg size 700,640 font 'sans-serif,15'\n");
    mho_i_text_add(&script, "set encoding utf8\n");
    mho_i_fit_script(&script, fit);
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
