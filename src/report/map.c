/* map.c - a matrix as a picture with axes, units and a colour bar. */
#include "mho/report.h"
#include "report_int.h"

#include <math.h>

enum { MAX_PIXELS = 1000 };

/* viridis (matplotlib, CC0) at nine places: even steps for the eye, safe for the colour-blind */
const char mho_i_gnuplot_palette[] =
    "set palette defined (0 '#440154', 1 '#472d7b', 2 '#3b528b', 3 '#2c728e', 4 '#21918c', "
    "5 '#28ae80', 6 '#5ec962', 7 '#addc30', 8 '#fde725')\n";

/* "mV" and the factor from SI for values up to top */
static double choose_prefix(double top, const char *unit, char *label, size_t n_label) {
    static const char *const names[] = {"p", "n", "µ", "m", "", "k", "M"};
    int k = top > 0 && isfinite(top) ? (int)floor(log10(top) / 3 + 1e-9) : 0;
    k = k < -4 ? -4 : k > 2 ? 2 : k;
    snprintf(label, n_label, "%s%s", names[k + 4], unit);
    return pow(1000, -k);
}

/* mean over the block of step x step cells from (r,c), the finite ones; NaN if there is none */
static double block_mean(const mho_map *map, size_t r0, size_t c0, size_t step) {
    double sum = 0;
    size_t n = 0;
    for (size_t r = r0; r < r0 + step && r < map->n_row; r++) {
        for (size_t c = c0; c < c0 + step && c < map->n_col; c++) {
            double x = map->value[r * map->n_col + c];
            sum += isfinite(x) ? x : 0;
            n += isfinite(x) ? 1 : 0;
        }
    }
    return n ? sum / (double)n : NAN;
}

static void put_data(mho_i_text *t, const mho_map *map, size_t step, double factor) {
    mho_i_text_add(t, "$map << EOD\n");
    for (size_t r = 0; r < map->n_row; r += step) {
        for (size_t c = 0; c < map->n_col; c += step) {
            double x = block_mean(map, r, c, step);
            if (isfinite(x)) {
                mho_i_text_add(t, "%.5g ", x * factor);
            } else {
                mho_i_text_put(t, "NaN ", 4);
            }
        }
        mho_i_text_put(t, "\n", 1);
    }
    mho_i_text_add(t, "EOD\n");
}

static void put_label(mho_i_text *t, const char *what, const char *text, const char *more) {
    mho_i_text_add(t, "set %s ", what);
    mho_i_gnuplot_quote(t, text);
    mho_i_text_add(t, " %s\n", more);
}

/* whole numbers between marks on an axis of n lines: 1, 2, 5, 10 ... */
static size_t tic_step(size_t n) {
    size_t step = 1;
    for (int k = 0; n / step > 8; k++) {
        step = k % 3 == 1 ? step / 2 * 5 : step * 2;
    }
    return step;
}

/* Canvas, axes and colour bar around a field whose longer side has 1,000 pixels. Cells are square
 * unless that would leave a field too thin to label. */
static void put_frame(mho_i_text *t, double ratio) {
    const double left = 205, right = 275, top = 90, bottom = 150;
    double w = ratio > 1 ? fmax(1000 / ratio, 620) : 1000;
    double h = ratio > 1 ? 1000 : fmax(1000 * ratio, 620);
    double all_w = left + w + right, all_h = top + h + bottom;
    mho_i_text_add(
        t,
        "set terminal pngcairo size %.0f,%.0f fontscale 1.9 linewidth 2 "
        "font 'DejaVu Sans'\n"
        "set encoding utf8\nset border lw 1\nset tics out nomirror\nset cbtics in\nset xtics "
        "offset -0.25,0\n"
        "set lmargin at screen %.6f\nset rmargin at screen %.6f\n"
        "set bmargin at screen %.6f\nset tmargin at screen %.6f\n"
        "set colorbox user origin screen %.6f,screen %.6f size screen %.6f,screen %.6f\n",
        all_w, all_h, left / all_w, (left + w) / all_w, bottom / all_h, (bottom + h) / all_h,
        (left + w + 35) / all_w, bottom / all_h, 45 / all_w, h / all_h);
}

static void put_script(mho_i_text *t, const mho_map *map) {
    double top = 0, low = INFINITY, high = -INFINITY;
    for (size_t k = 0; k < map->n_row * map->n_col; k++) {
        double x = map->value[k];
        if (isfinite(x)) {
            top = fmax(top, fabs(x));
            low = fmin(low, x);
            high = fmax(high, x);
        }
    }
    char unit[32], bar[128];
    double factor = choose_prefix(top, map->unit, unit, sizeof unit);
    snprintf(bar, sizeof bar, "%s (%s)", map->quantity, unit);
    size_t longer = map->n_row > map->n_col ? map->n_row : map->n_col;
    size_t step = (longer + MAX_PIXELS - 1) / MAX_PIXELS;
    put_data(t, map, step, factor);
    put_frame(t, (double)map->n_row / (double)map->n_col);
    put_label(t, "title", map->title, "offset 0,-0.3");
    put_label(t, "xlabel", map->x_label, "offset 0,0.2");
    put_label(t, "ylabel", map->y_label, "");
    put_label(t, "cblabel", bar, "offset 1,0");
    mho_i_text_add(t, "%s", mho_i_gnuplot_palette);
    if (low < high) {
        mho_i_text_add(t, "set cbrange [%.6g:%.6g]\n", low * factor, high * factor);
    }
    mho_i_text_add(t,
                   "set xrange [-0.5:%zu.5]\nset yrange [%zu.5:-0.5]\n"
                   "set xtics 0,%zu\nset ytics 0,%zu\n"
                   "set object 1 rectangle from graph 0,0 to graph 1,1 behind fc rgb '#bbbbbb' "
                   "fs solid noborder\n"
                   "plot $map matrix using (%zu*($1+0.5)-0.5):(%zu*($2+0.5)-0.5):3 with image "
                   "notitle\n",
                   map->n_col - 1, map->n_row - 1, tic_step(map->n_col), tic_step(map->n_row), step,
                   step);
}

mho_status mho_map_save_png(mho_ctx *ctx, const mho_map *map, const char *path) {
    if (map->n_row == 0 || map->n_col == 0) {
        return mho_i_fail(ctx, MHO_ERR_DIM, "a map of %zu x %zu cells cannot be drawn", map->n_row,
                          map->n_col);
    }
    mho_i_text script, png;
    mho_i_text_init(&script, ctx);
    mho_i_text_init(&png, ctx);
    put_script(&script, map);
    mho_status status = script.status;
    if (status == MHO_OK) {
        status = mho_i_gnuplot_run(ctx, script.data, script.len, &png);
    }
    if (status == MHO_OK) {
        status = mho_i_file_write(ctx, path, png.data, png.len);
    }
    mho_i_text_free(&script);
    mho_i_text_free(&png);
    return status;
}
