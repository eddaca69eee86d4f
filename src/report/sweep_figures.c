/* sweep_figures.c - pictures of a study: accuracy along every axis, spread of the chips, front of
 * energy and accuracy, what breaks first. gnuplot scripts made from the result. */
#include "sweep_report.h"

#include <math.h>
#include <string.h>

#define BLUE   "'#4a86c5'"
#define ORANGE "'#d07840'"
#define GREY   "'#8c8c86'"

enum { MAX_LINE = 6, MAX_DOT = 4000, N_BIN = 30 };

static void begin(mho_i_text *s, mho_ctx *ctx, int height) {
    mho_i_text_init(s, ctx);
    mho_i_text_add(s,
                   "set terminal svg size 520,%d dynamic font 'sans-serif,15'\n"
                   "set border 3 lw 0.7 lc rgb " GREY "\n"
                   "set tics nomirror out scale 0.5 textcolor rgb 'black'\n"
                   "set grid lw 0.4 lt 1 lc rgb '#55808080'\nset key samplen 2 spacing 1.15\n"
                   "set datafile missing 'NaN'\n",
                   height);
}

static mho_status end(mho_ctx *ctx, mho_i_text *s, const char *name, const char *alt,
                      const char *caption, mho_i_text *page) {
    mho_i_text_add(page, "<figure>\n");
    mho_status status = mho_i_svg_add(ctx, s, name, alt, page);
    mho_i_text_add(page, "<figcaption>%s</figcaption>\n</figure>\n", caption);
    mho_i_text_free(s);
    return status;
}

/* 1, 2 or 5 times a power of ten, for three to six marks. */
static double nice_step(double width) {
    double ten = pow(10, floor(log10(width / 3)));
    return width / ten < 6 ? ten : width / ten < 14 ? 2 * ten : 5 * ten;
}

static void percent(mho_i_text *s, double x) {
    if (isfinite(x)) {
        mho_i_text_add(s, " %.6f", 100 * x);
    } else {
        mho_i_text_add(s, " NaN");
    }
}

/* ---- along an axis ---- */

/* A mark is a format of printf to gnuplot. */
static void put_mark(mho_i_text *s, const mho_sweep_axis *a, double x) {
    char buf[48], twice[96];
    size_t n = 0;
    mho_sweep_axis_text(a, x, buf, sizeof buf);
    for (const char *p = buf; *p; p++) {
        twice[n++] = *p;
        if (*p == '%') {
            twice[n++] = '%';
        }
    }
    twice[n] = 0;
    mho_i_gnuplot_quote(s, twice);
}

/* Would the marks of the levels lie on top of each other? */
static bool crowded(const mho_sweep_axis *a) {
    double width = a->log ? log(a->hi / a->lo) : a->hi - a->lo;
    for (size_t j = 0; j < a->n_level; j++) {
        for (size_t k = 0; k < j; k++) {
            double x = a->level[j], y = a->level[k];
            if (fabs(a->log ? log(x / y) : x - y) < 0.12 * width) {
                return true;
            }
        }
    }
    return false;
}

/* Marks of the horizontal axis as in a chip file; returns whether places are the levels' numbers.
 */
static bool x_axis(mho_i_text *s, const mho_sweep_axis *a) {
    mho_i_text_add(s, "set xlabel ");
    mho_i_gnuplot_quote(s, a->key);
    bool few = a->n_level && a->n_level <= 8;
    bool by_number = a->word || (few && crowded(a));
    if (a->log && !by_number) {
        mho_i_text_add(s, "\nset logscale x");
    }
    mho_i_text_add(s, "\nset xtics scale 0.5");
    if (few || by_number) {
        mho_i_text_add(s, " (");
        for (size_t k = 0; k < a->n_level; k++) {
            mho_i_text_add(s, "%s", k ? ", " : "");
            put_mark(s, a, a->word ? (double)k : a->level[k]);
            mho_i_text_add(s, " %.9g", by_number ? (double)k : a->level[k]);
        }
        mho_i_text_add(s, ")");
    } else {
        /* five marks with units, evenly spread */
        mho_i_text_add(s, " (");
        for (int k = 0; k < 5; k++) {
            double u = k / 4.0,
                   x = a->log ? a->lo * pow(a->hi / a->lo, u) : a->lo + u * (a->hi - a->lo);
            mho_i_text_add(s, "%s", k ? ", " : "");
            put_mark(s, a, x);
            mho_i_text_add(s, " %.9g", x);
        }
        mho_i_text_add(s, ")");
    }
    double pad = 0.04;
    if (by_number) {
        mho_i_text_add(s, "\nset xrange [-0.4:%.3f]\n", (double)a->n_level - 0.6);
    } else if (a->hi > a->lo && a->log) {
        double q = pow(a->hi / a->lo, pad);
        mho_i_text_add(s, "\nset xrange [%.9g:%.9g]\n", a->lo / q, a->hi * q);
    } else if (a->hi > a->lo) {
        mho_i_text_add(s, "\nset xrange [%.9g:%.9g]\n", a->lo - pad * (a->hi - a->lo),
                       a->hi + pad * (a->hi - a->lo));
    } else {
        mho_i_text_add(s, "\n");
    }
    return by_number;
}

static const mho_sweep_axis *axis_of(const mho_sweep_result *r, size_t k) {
    return mho_study_axis(r->study, k);
}

/* Where it is near what there is to see. */
static void threshold_line(mho_i_text *s, const mho_sweep_result *r) {
    double lo = INFINITY, hi = -INFINITY;
    for (size_t p = 0; p < r->n_point; p++) {
        lo = fmin(lo, r->point[p].min);
        hi = fmax(hi, r->point[p].mean[MHO_METRIC_ACCURACY]);
    }
    double near = 0.5 * (hi - lo) + 1e-3;
    if (r->threshold > lo - near && r->threshold < hi + near) {
        mho_i_text_add(s, ", %.6f with lines dt 3 lw 1.2 lc rgb " GREY " title 'threshold'",
                       100 * r->threshold);
    }
}

static void draw_levels(mho_i_text *s, const mho_sweep_result *r, size_t k, bool by_number) {
    const mho_sweep_level *l = r->level + r->first_level[k];
    size_t n = r->first_level[k + 1] - r->first_level[k];
    mho_i_text_add(s, "$d << EOD\n");
    for (size_t j = 0; j < n; j++) {
        mho_i_text_add(s, "%.9g", by_number ? (double)j : l[j].value);
        percent(s, l[j].mean);
        percent(s, l[j].ci95[0]);
        percent(s, l[j].ci95[1]);
        percent(s, l[j].low);
        percent(s, l[j].high);
        percent(s, l[j].worst);
        mho_i_text_add(s, "\n");
    }
    bool words = axis_of(r, k)->word != NULL;
    mho_i_text_add(s, "EOD\nplot ");
    if (!words && n > 1) {
        mho_i_text_add(s, "$d using 1:5:6 with filledcurves lc rgb '#b04a86c5' title "
                          "'5 to 95 %% of the chips', ");
    } else {
        mho_i_text_add(s, "$d using 1:5:6:5:6 with yerrorbars pt 0 lw 8 lc rgb '#b04a86c5' title "
                          "'5 to 95 %% of the chips', ");
    }
    mho_i_text_add(s, "$d using 1:7 with points pt 2 ps 0.6 lc rgb " GREY " title 'worst chip', "
                      "$d using 1:2:3:4 with yerrorbars pt 7 ps 0.7 lw 1.6 lc rgb " BLUE
                      " title 'mean, 95 %% interval'");
    if (!words) {
        mho_i_text_add(s, ", $d using 1:2 with lines lw 1.6 lc rgb " BLUE " notitle");
    }
    threshold_line(s, r);
    mho_i_text_add(s, "\n");
}

/* A line for every level of the only other axis. */
static void draw_family(mho_i_text *s, const mho_sweep_result *r, size_t k, bool by_number) {
    static const char *const colour[MAX_LINE] = {"#3a6ea5", "#d07840", "#5f9e6e",
                                                 "#9a6fb0", "#b0943a", "#8c8c86"};
    const mho_sweep_axis *a = axis_of(r, k), *b = axis_of(r, 1 - k);
    char buf[48];
    for (size_t j = 0; j < b->n_level; j++) {
        mho_i_text_add(s, "$d%zu << EOD\n", j);
        for (size_t i = 0; i < a->n_level; i++) {
            size_t p = k ? j * a->n_level + i : i * b->n_level + j;
            double nudge = 0.05 * ((double)j - 0.5 * (double)(b->n_level - 1));
            mho_i_text_add(s, "%.9g", by_number ? (double)i + nudge : a->level[i]);
            percent(s, r->point[p].mean[MHO_METRIC_ACCURACY]);
            percent(s, r->point[p].ci95[0]);
            percent(s, r->point[p].ci95[1]);
            mho_i_text_add(s, "\n");
        }
        mho_i_text_add(s, "EOD\n");
    }
    mho_i_text_add(s, "plot ");
    for (size_t j = 0; j < b->n_level; j++) {
        if (!a->word) {
            mho_i_text_add(s, "%s$d%zu using 1:3:4 with filledcurves fc rgb '#c0%s' notitle",
                           j ? ", " : "", j, colour[j] + 1);
        }
        mho_i_text_add(s, "%s$d%zu using 1:2:3:4 with %s pt 7 ps 0.6 lw 1.6 lc rgb '%s' title ",
                       j || !a->word ? ", " : "", j, a->word ? "yerrorbars" : "linespoints",
                       colour[j]);
        mho_i_gnuplot_quote(
            s, mho_sweep_axis_text(b, b->word ? (double)j : b->level[j], buf, sizeof buf));
    }
    threshold_line(s, r);
    mho_i_text_add(s, "\n");
}

static void draw_drawn(mho_i_text *s, const mho_sweep_result *r, size_t k) {
    const mho_sweep_axis *a = axis_of(r, k);
    size_t step = 1 + r->n_point / MAX_DOT;
    mho_i_text_add(s, "$d << EOD\n");
    for (size_t p = 0; p < r->n_point; p += step) {
        double y = r->point[p].mean[MHO_METRIC_ACCURACY];
        if (isfinite(y)) {
            mho_i_text_add(s, "%.9g %.6f\n", mho_study_value(r->study, p, k), 100 * y);
        }
    }
    mho_i_text_add(s, "EOD\n");
    if (r->n_effect) {
        mho_i_text_add(s, "$f << EOD\n");
        for (size_t j = 0; j < MHO_SWEEP_N_FIT; j++) {
            double u = (double)j / (MHO_SWEEP_N_FIT - 1);
            double x = a->log ? a->lo * pow(a->hi / a->lo, u) : a->lo + u * (a->hi - a->lo);
            mho_i_text_add(s, "%.9g %.6f\n", x, 100 * r->fit[k * MHO_SWEEP_N_FIT + j]);
        }
        mho_i_text_add(s, "EOD\n");
    }
    mho_i_text_add(s, "plot $d with points pt 7 ps 0.45 lc rgb '#704a86c5' title 'points'");
    if (r->n_effect) {
        mho_i_text_add(s, ", $f with lines lw 2.4 lc rgb " ORANGE " title 'this axis alone'");
    }
    threshold_line(s, r);
    mho_i_text_add(s, "\n");
}

mho_status mho_i_sweep_figure_axis(mho_ctx *ctx, const mho_sweep_result *r, size_t k,
                                   mho_i_text *page) {
    const mho_sweep_axis *a = axis_of(r, k);
    char name[24], alt[160], caption[600], key[96];
    mho_i_text s;
    begin(&s, ctx, 320);
    mho_i_text_add(&s, "set ylabel 'accuracy in %%'\nset key above\n");
    bool by_number = x_axis(&s, a);
    const char *what;
    bool family = r->n_axis == 2 && mho_study_sample(r->study) == MHO_SAMPLE_GRID &&
                  axis_of(r, 1 - k)->n_level <= MAX_LINE && axis_of(r, 1 - k)->n_level > 1;
    snprintf(key, sizeof key, "<code>%s</code>", a->key);
    if (!a->n_level) {
        draw_drawn(&s, r, k);
        what = "One dot per point, the mean of its chips; all other axes vary from dot to dot. "
               "Orange: what is left of it when the other axes are averaged out (an additive "
               "model of all axes, straight between nodes).";
    } else if (family) {
        draw_family(&s, r, k, by_number);
        what = "One line for every value of the other axis, with the 95&#160;% interval of the "
               "mean over chips.";
    } else {
        draw_levels(&s, r, k, by_number);
        what = r->n_axis > 1 ? "Mean over all points with this value, and over the chips."
                             : "Mean over the chips.";
    }
    snprintf(name, sizeof name, "ax%zu", k);
    snprintf(alt, sizeof alt, "Accuracy over %s", a->key);
    snprintf(caption, sizeof caption, "%s: %s. %s", key, a->help, what);
    return end(ctx, &s, name, alt, caption, page);
}

/* ---- the chips of a single point ---- */

mho_status mho_i_sweep_figure_chips(mho_ctx *ctx, const mho_sweep_result *r, mho_i_text *page) {
    double lo = INFINITY, hi = -INFINITY;
    size_t count[N_BIN] = {0};
    for (size_t c = 0; c < r->n_chip; c++) {
        double y = r->value[c * MHO_N_METRIC + MHO_METRIC_ACCURACY];
        lo = y < lo ? y : lo;
        hi = y > hi ? y : hi;
    }
    if (!(hi > lo)) {
        return MHO_OK;
    }
    /* bins of whole pictures, or a comb appears */
    double picture = 1 / (double)r->n_image;
    double width = picture * ceil((hi - lo + picture) / N_BIN / picture - 1e-9);
    size_t n_bin = 1 + (size_t)((hi - lo) / width + 1e-9);
    n_bin = n_bin < N_BIN ? n_bin : N_BIN;
    lo -= picture / 2;
    for (size_t c = 0; c < r->n_chip; c++) {
        double y = r->value[c * MHO_N_METRIC + MHO_METRIC_ACCURACY];
        if (isfinite(y)) {
            size_t bin = (size_t)((y - lo) / width);
            count[bin < n_bin ? bin : n_bin - 1]++;
        }
    }
    mho_i_text s;
    begin(&s, ctx, 300);
    mho_i_text_add(&s, "set xlabel 'accuracy of a chip in %%'\nset ylabel 'chips'\n"
                       "set y2label 'yield in %%'\nset y2range [0:103]\nset y2tics 0,25,100\n"
                       "set border 11\nset yrange [0:]\nset key above\n$h << EOD\n");
    for (size_t k = 0; k < n_bin; k++) {
        mho_i_text_add(&s, "%.6f %zu\n", 100 * (lo + width * ((double)k + 0.5)), count[k]);
    }
    mho_i_text_add(&s, "EOD\n$y << EOD\n");
    size_t above = r->n_chip - r->point[0].n_failed;
    for (size_t k = 0; k < n_bin; k++) {
        mho_i_text_add(&s, "%.6f %.4f\n", 100 * (lo + width * (double)k),
                       100 * (double)above / (double)r->n_chip);
        above -= count[k];
    }
    mho_i_text_add(&s, "%.6f 0\nEOD\n", 100 * (lo + width * (double)n_bin));
    mho_i_text_add(&s, "set xrange [%.6f:%.6f]\nset xtics %.9g\n", 100 * (lo - width),
                   100 * (lo + width * (double)(n_bin + 1)),
                   nice_step(100 * width * (double)(n_bin + 2)));
    mho_i_text_add(&s, "set boxwidth %.6f\nset style fill solid 0.6 noborder\n", 92 * width);
    if (isfinite(r->threshold)) {
        mho_i_text_add(&s,
                       "set arrow from %.6f,graph 0 to %.6f,graph 1 nohead dt 3 lw 1.2 lc rgb "
                       "'black'\n",
                       100 * r->threshold, 100 * r->threshold);
    }
    mho_i_text_add(&s, "plot $h with boxes lc rgb " BLUE " title 'chips', $y with lines lw 1.8 lc "
                       "rgb " ORANGE " axes x1y2 title 'yield'\n");
    return end(ctx, &s, "chips", "Accuracy of the chips",
               isfinite(r->threshold)
                   ? "Accuracy of the chips, and the yield for every threshold that one might set; "
                     "the dotted line is the threshold of this study."
                   : "Accuracy of the chips, and the yield for every threshold that one might set.",
               page);
}

/* ---- front ---- */

mho_status mho_i_sweep_figure_front(mho_ctx *ctx, const mho_sweep_result *r, mho_i_text *page) {
    mho_i_text s;
    begin(&s, ctx, 320);
    mho_i_text_add(&s, "set xlabel 'energy of a picture in nJ'\nset ylabel 'accuracy in %%'\n"
                       "set key above\n$d << EOD\n");
    size_t step = 1 + r->n_point / MAX_DOT;
    double lo = INFINITY, hi = -INFINITY;
    for (size_t p = 0; p < r->n_point; p++) {
        const mho_sweep_point *q = &r->point[p];
        if (isfinite(q->mean[MHO_METRIC_ACCURACY]) && (p % step == 0 || r->front[p])) {
            lo = fmin(lo, q->mean[MHO_METRIC_ENERGY]);
            hi = fmax(hi, q->mean[MHO_METRIC_ENERGY]);
            mho_i_text_add(&s, "%.9g %.6f\n", 1e9 * q->mean[MHO_METRIC_ENERGY],
                           100 * q->mean[MHO_METRIC_ACCURACY]);
        }
    }
    mho_i_text_add(&s, "EOD\n$f << EOD\n");
    double last = -INFINITY;
    for (;;) { /* the front, by rising energy */
        size_t next = r->n_point;
        for (size_t p = 0; p < r->n_point; p++) {
            double e = r->point[p].mean[MHO_METRIC_ENERGY];
            if (r->front[p] && e > last &&
                (next == r->n_point || e < r->point[next].mean[MHO_METRIC_ENERGY])) {
                next = p;
            }
        }
        if (next == r->n_point) {
            break;
        }
        last = r->point[next].mean[MHO_METRIC_ENERGY];
        mho_i_text_add(&s, "%.9g %.6f\n", 1e9 * last,
                       100 * r->point[next].mean[MHO_METRIC_ACCURACY]);
    }
    mho_i_text_add(&s, "EOD\n%s", lo < hi ? "" : "set autoscale x\n");
    if (lo < hi) {
        mho_i_text_add(&s, "set xtics %.9g\n", nice_step(1e9 * (hi - lo)));
    }
    mho_i_text_add(&s, "plot $d with points pt 7 ps 0.5 lc rgb '#704a86c5' title 'points', "
                       "$f with steps lw 1.4 lc rgb " ORANGE " notitle, $f with points pt 7 ps 0.8 "
                       "lc rgb " ORANGE " title 'front'\n");
    return end(
        ctx, &s, "front", "Energy and accuracy of all points",
        "Energy of a picture against accuracy, mean over chips. Orange: points that no other "
        "beats in both.",
        page);
}

/* ---- what breaks first ---- */

mho_status mho_i_sweep_figure_effects(mho_ctx *ctx, const mho_sweep_result *r, mho_i_text *page) {
    mho_i_text s;
    size_t n = r->n_effect;
    begin(&s, ctx, 90 + 34 * (int)n);
    mho_i_text_add(
        &s,
        "set yrange [0.4:%.1f]\nset xrange [0:*]\nset border 1\nset xtics autofreq\nunset key\n"
        "set xlabel 'loss in points of accuracy'\nset grid noytics xtics\n"
        "set style fill solid 0.7 noborder\nset ytics scale 0 (",
        (double)n + 0.6);
    for (size_t k = 0; k < n; k++) {
        const char *key = axis_of(r, r->effect[k].axis)->key;
        mho_i_text_add(&s, "%s", k ? ", " : "");
        mho_i_gnuplot_quote(&s, strncmp(key, "chip.", 5) == 0 ? key + 5 : key);
        mho_i_text_add(&s, " %zu", n - k);
    }
    mho_i_text_add(&s, ")\n$d << EOD\n");
    for (size_t k = 0; k < n; k++) {
        const mho_sweep_effect *e = &r->effect[k];
        bool known = isfinite(e->loss_ci95[0]);
        mho_i_text_add(&s, "%.6f %zu %.6f %.6f\n", 100 * e->loss, n - k,
                       100 * (known ? e->loss_ci95[0] : e->loss),
                       100 * (known ? e->loss_ci95[1] : e->loss));
    }
    mho_i_text_add(&s,
                   "EOD\nplot $d using (0):2:(0):1:($2-0.3):($2+0.3) with boxxyerror lc rgb " BLUE
                   ", $d using 1:2:3:4 with xerrorbars pt 0 lw 1.4 lc rgb " ORANGE "\n");
    return end(
        ctx, &s, "effects", "What breaks first",
        "Best minus worst mean accuracy along each axis, the others averaged, with 95&#160;% "
        "bootstrap intervals.",
        page);
}
