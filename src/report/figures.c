/* figures.c - the pictures in the report of a run. Each is a gnuplot script made from the result;
 * colours are middle tones that read on light and on dark paper, black becomes the text's colour.
 */
#include "report_int.h"

#include <math.h>
#include <string.h>

#define BLUE   "'#4a86c5'"
#define ORANGE "'#d07840'"
#define GREY   "'#8c8c86'"

bool mho_i_run_is_mnist(const mho_run_result *r) {
    return r->data_name && strncmp(r->data_name, "MNIST", 5) == 0;
}

static void begin_script(mho_i_text *s, mho_ctx *ctx, int width, int height) {
    mho_i_text_init(s, ctx);
    mho_i_text_add(s, "set terminal svg size %d,%d dynamic font 'sans-serif,15'\n", width, height);
    mho_i_text_add(s, "set border 3 lw 0.7 lc rgb " GREY
                      "\nset tics nomirror out scale 0.5 textcolor rgb 'black'\n"
                      "set grid lw 0.4 lt 1 lc rgb '#55808080'\nset key samplen 2 spacing 1.15\n"
                      "set datafile missing 'NaN'\n");
}

static mho_status end_figure(mho_ctx *ctx, mho_i_text *s, const char *name, const char *alt,
                             const char *caption, mho_i_text *page) {
    mho_i_text_add(page, "<figure>\n");
    mho_status status = mho_i_svg_add(ctx, s, name, alt, page);
    mho_i_text_add(page, "<figcaption>%s</figcaption>\n</figure>\n", caption);
    mho_i_text_free(s);
    return status;
}

/* 1, 2 or 5 times a power of ten, for three to seven marks on an axis of this width. */
static double nice_step(double width) {
    double ten = pow(10, floor(log10(width / 3)));
    return width / ten < 6 ? ten : width / ten < 14 ? 2 * ten : 5 * ten;
}

/* ---- accuracy ---- */

static void add_row_label(mho_i_text *s, bool *first, const char *label, int y) {
    mho_i_text_add(s, "%s", *first ? "set ytics scale 0 (" : ", ");
    mho_i_gnuplot_quote(s, label);
    mho_i_text_add(s, " %d", y);
    *first = false;
}

static void accuracy_range(mho_i_text *s, const mho_run_result *r, bool published) {
    double lo = fmin(r->ci95[0], fmin(r->software_accuracy, r->ideal_accuracy));
    double hi = fmax(r->ci95[1], fmax(r->software_accuracy, r->ideal_accuracy));
    lo = fmin(lo, published ? r->published_accuracy : lo);
    hi = fmax(hi, published ? r->published_accuracy : hi);
    lo = fmin(lo, r->curve_accuracy);
    hi = fmax(hi, r->curve_accuracy);
    for (size_t k = 0; k < r->n_chip; k++) {
        lo = fmin(lo, r->chip_accuracy[k]);
        hi = fmax(hi, r->chip_accuracy[k]);
    }
    double pad = fmax(0.06 * (hi - lo), 2e-4), width = 100 * (hi - lo + 2 * pad);
    mho_i_text_add(s, "set xrange [%.4f:%.4f]\nset xtics %g\n", 100 * (lo - pad), 100 * (hi + pad),
                   nice_step(width));
}

mho_status mho_i_figure_accuracy(mho_ctx *ctx, const mho_run_result *r, mho_i_text *page) {
    bool published = mho_i_run_is_mnist(r), first = true;
    int bottom = published ? 1 : 2;
    mho_i_text s;
    begin_script(&s, ctx, 520, published ? 290 : 245);
    accuracy_range(&s, r, published);
    mho_i_text_add(&s,
                   "set yrange [%g:5.6]\nset border 1\nunset key\nset xlabel 'accuracy in %%'\n"
                   "set grid noytics xtics\n",
                   bottom - 0.6);
    add_row_label(&s, &first, "software", 5);
    add_row_label(&s, &first, "nominal neuron curve", 4);
    add_row_label(&s, &first, "ideal chip", 3);
    add_row_label(&s, &first, "hardware", 2);
    if (published) {
        add_row_label(&s, &first, "published figure", 1);
    }
    mho_i_text_add(&s, ")\n$one << EOD\n%.5f 5\n%.5f 4\n%.5f 3\nEOD\n$chips << EOD\n",
                   100 * r->software_accuracy, 100 * r->curve_accuracy, 100 * r->ideal_accuracy);
    for (size_t k = 0; k < r->n_chip; k++) {
        /* spread over the row by the golden section, so that equal accuracies stay visible */
        double u = fmod((double)k * 0.61803398875, 1);
        mho_i_text_add(&s, "%.5f %.3f\n", 100 * r->chip_accuracy[k], 1.68 + 0.64 * u);
    }
    mho_i_text_add(&s, "EOD\n$mean << EOD\n%.5f 2 %.5f %.5f\nEOD\n", 100 * r->mean,
                   100 * r->ci95[0], 100 * r->ci95[1]);
    if (published) {
        mho_i_text_add(&s,
                       "$published << EOD\n%.5f 1\nEOD\nset arrow from %.5f,0.4 to %.5f,5.6 "
                       "nohead dt 3 lw 1 lc rgb " GREY "\n",
                       100 * r->published_accuracy, 100 * r->published_accuracy,
                       100 * r->published_accuracy);
    }
    mho_i_text_add(&s,
                   "plot $one with points pt 7 ps 0.9 lc rgb 'black', "
                   "$chips with points pt 7 ps 0.5 lc rgb '#504a86c5', "
                   "$mean with xerrorbars pt 7 ps 1 lw 2.5 lc rgb " ORANGE "%s\n",
                   published ? ", $published with points pt 12 ps 1.1 lw 1.5 lc rgb 'black'" : "");
    return end_figure(
        ctx, &s, "fa", "Accuracy of software, ideal chip and hardware",
        published ? "Blue: one dot per chip; orange: their mean with its "
                    "95&#160;% interval. The open mark and the dotted line are the figure that the "
                    "paper gives for its own network; it is not a result of this program."
                  : "Blue: one dot per chip; orange: their mean with its "
                    "95&#160;% interval.",
        page);
}

/* ---- loss budget ---- */

void mho_i_budget_order(const mho_run_result *r, size_t *order) {
    for (size_t k = 0; k < r->n_budget; k++) {
        size_t j = k;
        for (; j > 0 && r->budget[order[j - 1]].only > r->budget[k].only; j--) {
            order[j] = order[j - 1];
        }
        order[j] = k;
    }
}

/* Bars from 0 to the loss in percentage points, and a bar of error at their end. */
static void add_bars(mho_i_text *s, const mho_run_result *r, const size_t *order, const char *name,
                     double dy, bool alone) {
    mho_i_text_add(s, "$%s << EOD\n", name);
    for (size_t k = 0; k < r->n_budget; k++) {
        const mho_budget_row *b = &r->budget[order[k]];
        double y = (double)(r->n_budget - k) + dy;
        double loss = 100 * (r->ideal_accuracy - (alone ? b->only : b->all_but));
        double sd = r->n_budget_chip > 1 ? 100 * (alone ? b->only_sd : b->all_but_sd) : 0;
        if (isfinite(loss)) {
            mho_i_text_add(s, "%.5f %.2f %.5f\n", loss, y, isfinite(sd) ? sd : 0);
        }
    }
    mho_i_text_add(s, "EOD\n");
}

/* Range of all bars with their errors, and marks that do not run into each other. */
static void budget_range(mho_i_text *s, const mho_run_result *r) {
    double lo = fmin(0, r->ideal_accuracy - r->mean), hi = fmax(0, r->ideal_accuracy - r->mean);
    for (size_t k = 0; k < r->n_budget; k++) {
        const mho_budget_row *b = &r->budget[k];
        const double mean[2] = {b->only, b->all_but}, sd[2] = {b->only_sd, b->all_but_sd};
        for (int j = 0; j < 2; j++) {
            if (isfinite(mean[j]) && isfinite(sd[j])) {
                lo = fmin(lo, r->ideal_accuracy - mean[j] - sd[j]);
                hi = fmax(hi, r->ideal_accuracy - mean[j] + sd[j]);
            }
        }
    }
    double pad = fmax(0.05 * (hi - lo), 1e-5);
    mho_i_text_add(s, "set xrange [%.5f:%.5f]\nset xtics %g\n", 100 * (lo - pad), 100 * (hi + pad),
                   nice_step(100 * (hi - lo + 2 * pad)));
}

mho_status mho_i_figure_budget(mho_ctx *ctx, const mho_run_result *r, mho_i_text *page) {
    size_t order[64];
    if (r->n_budget == 0 || r->n_budget > 64) {
        return MHO_OK;
    }
    mho_i_budget_order(r, order);
    mho_i_text s;
    begin_script(&s, ctx, 520, 110 + 38 * (int)r->n_budget);
    bool first = true;
    for (size_t k = 0; k < r->n_budget; k++) {
        add_row_label(&s, &first, r->budget[order[k]].name, (int)(r->n_budget - k));
    }
    double total = 100 * (r->ideal_accuracy - r->mean);
    mho_i_text_add(&s, ")\n");
    budget_range(&s, r);
    mho_i_text_add(&s,
                   "set border 1\nset grid noytics xtics\n"
                   "set xlabel 'accuracy lost, percentage points'\n"
                   "set key outside top center horizontal Left reverse\n"
                   "set yrange [0.4:%g]\nset xzeroaxis\n"
                   "set arrow from 0,graph 0 to 0,graph 1 nohead lw 0.7 lc rgb " GREY "\n",
                   (double)r->n_budget + 0.6);
    mho_i_text_add(&s,
                   "set arrow from %.5f,graph 0 to %.5f,graph 1 nohead dt 3 lw 1.2 "
                   "lc rgb 'black'\nset style fill solid 0.8 noborder\n",
                   total, total);
    add_bars(&s, r, order, "alone", 0.19, true);
    add_bars(&s, r, order, "rest", -0.19, false);
    mho_i_text_add(
        &s, "plot $alone using ($1/2):2:(0):1:($2-0.17):($2+0.17) with boxxyerror lc rgb " ORANGE
            " title 'this one alone', "
            "$rest using ($1/2):2:(0):1:($2-0.17):($2+0.17) with boxxyerror lc rgb " BLUE
            " title 'all but this one', "
            "$alone using 1:2:3 with xerrorbars pt 0 lw 1 lc rgb 'black' notitle, "
            "$rest using 1:2:3 with xerrorbars pt 0 lw 1 lc rgb 'black' notitle\n");
    char caption[400];
    snprintf(caption, sizeof caption,
             "Orange: what each imperfection costs by itself; blue: what is still lost when only "
             "this one is mended. Dotted line: all of them together. %s %zu chip%s%s.",
             r->n_budget_chip > 1 ? "Mean of" : "From", r->n_budget_chip,
             r->n_budget_chip > 1 ? "s" : "",
             r->n_budget_chip > 1 ? "; bars of error: standard deviation between chips" : "");
    return end_figure(ctx, &s, "fb", "Loss budget: accuracy lost by each imperfection", caption,
                      page);
}

/* ---- transfer curves ---- */

static double z_at(const mho_run_result *r, int k) {
    return r->z_min + (r->z_max - r->z_min) * k / (MHO_RUN_N_POINT - 1);
}

/* Both pairs of axes show the same curves: as the network sees them, and in volts. */
static void add_curve_axes(mho_i_text *s, const mho_run_result *r) {
    const mho_neuron_design *d = &r->neuron;
    /* far below the knee nothing happens */
    double lo = 0, hi = 1, left = fmax(r->z_min, -2);
    for (int k = 0; k < MHO_RUN_N_POINT; k++) {
        lo = fmin(lo, (double)r->nominal[k]);
        hi = fmax(hi, (double)r->nominal[k]);
        for (size_t c = 0; c < r->n_curve && c < MHO_RUN_N_CURVE; c++) {
            lo = fmin(lo, (double)r->curve[c][k]);
            hi = fmax(hi, (double)r->curve[c][k]);
        }
    }
    lo -= 0.03 * (hi - lo);
    hi += 0.05 * (hi - lo);
    mho_i_text_add(s,
                   "set border 15\nset xrange [%g:%g]\nset x2range [%g:%g]\nset x2tics %g\n"
                   "set xlabel 'pre-activation z'\nset x2label 'amplifier output in V'\n"
                   "set ylabel 'activation a'\nset key top left Left reverse\nset yrange [%g:%g]\n",
                   left, r->z_max, d->circuit.v_bias_V + left * d->circuit.v_swing_V,
                   d->circuit.v_bias_V + r->z_max * d->circuit.v_swing_V,
                   nice_step((r->z_max - left) * d->circuit.v_swing_V), lo, hi);
    /* a = 1 is the output at z = 1: span and floor of the design give it in volts */
    double v_full = d->floor_rel < 1 ? d->v_span_V / (1 - d->floor_rel) : NAN;
    if (isfinite(v_full) && v_full > 0) {
        mho_i_text_add(s, "set y2tics\nset y2label 'output in mV'\nset y2range [%g:%g]\n",
                       1e3 * v_full * lo, 1e3 * v_full * hi);
    }
}

mho_status mho_i_figure_curves(mho_ctx *ctx, const mho_run_result *r, mho_i_text *page) {
    mho_i_text s;
    begin_script(&s, ctx, 520, 400);
    add_curve_axes(&s, r);
    mho_i_text_add(&s, "$devices << EOD\n");
    for (size_t c = 0; c < r->n_curve && c < MHO_RUN_N_CURVE; c++) {
        for (int k = 0; k < MHO_RUN_N_POINT; k += 2) {
            mho_i_text_add(&s, "%.4g %.4g\n", z_at(r, k), (double)r->curve[c][k]);
        }
        mho_i_text_add(&s, "\n");
    }
    mho_i_text_add(&s, "EOD\n$nominal << EOD\n");
    for (int k = 0; k < MHO_RUN_N_POINT; k++) {
        mho_i_text_add(&s, "%.5g %.5g\n", z_at(r, k), (double)r->nominal[k]);
    }
    mho_i_text_add(&s, "EOD\nplot ");
    if (r->n_curve) {
        mho_i_text_add(&s, "$devices with lines lw 0.8 lc rgb '#584a86c5' title "
                           "'sampled devices', ");
    }
    mho_i_text_add(&s, "$nominal with lines lw 2.5 lc rgb " ORANGE " title 'nominal device', "
                       "(x > 0 ? x : 0) with lines lw 1 dt 2 lc rgb 'black' title 'max(0, z)'\n");
    char caption[300];
    snprintf(
        caption, sizeof caption,
        "Transfer curves of %zu neurons of the first layer of chip&#160;0, after the bias trim, "
        "with the nominal one and the rectifier that it stands for. Lower and left axis: as the "
        "network sees it; upper and right axis: volts.",
        r->n_curve);
    return end_figure(ctx, &s, "fc", "Transfer curves of sampled neurons", caption, page);
}

/* ---- IR drop ---- */

mho_status mho_i_figure_drop(mho_ctx *ctx, const mho_run_result *r, mho_i_text *page) {
    size_t n = r->tile_rows * r->tile_cols;
    bool any = false;
    for (size_t k = 0; r->tile_drop_rel && k < n; k++) {
        any = any || isfinite(r->tile_drop_rel[k]);
    }
    if (!any) {
        return MHO_OK;
    }
    double ratio = fmin(fmax((double)r->tile_rows / (double)r->tile_cols, 0.35), 1.5);
    mho_i_text s;
    begin_script(&s, ctx, 520, 100 + (int)(330 * fmin(ratio, 1)));
    mho_i_text_add(&s,
                   "%sset size ratio %g\nset border 15\nunset grid\nunset key\n"
                   "set xlabel 'column (bit line)'\nset ylabel 'row (word line)'\n"
                   "set cblabel 'IR drop in %% of the read voltage'\nset xrange [-0.5:%g]\nset "
                   "yrange [%g:-0.5]\n"
                   "$drop << EOD\n",
                   mho_i_gnuplot_palette, ratio, (double)r->tile_cols - 0.5,
                   (double)r->tile_rows - 0.5);
    for (size_t k = 0; k < n; k++) {
        double x = 100 * r->tile_drop_rel[k];
        const char *gap = (k + 1) % r->tile_cols ? " " : "\n";
        if (isfinite(x)) {
            mho_i_text_add(&s, "%.4g%s", x, gap);
        } else {
            mho_i_text_add(&s, "NaN%s", gap);
        }
    }
    mho_i_text_add(&s, "EOD\nplot $drop matrix with image\n");
    char caption[440];
    snprintf(caption, sizeof caption,
             "IR drop in the largest tile of chip&#160;0 (%zu rows, %zu columns): how much less "
             "voltage a cell gets than with perfect wires, as a share of the read voltage, mean "
             "over the "
             "first pictures. Rows are driven from the left, columns are sensed at the bottom.",
             r->tile_rows, r->tile_cols);
    return end_figure(ctx, &s, "fd", "Map of the IR drop in a tile", caption, page);
}
