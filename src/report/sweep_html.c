/* sweep_html.c - the page about a study: verdict, what breaks first, curves, front, table of
 * points, what it rests on. Nothing on it depends on how the study was run. */
#include "sweep_report.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { MAX_ROW = 80, MAX_COLUMN = 5 };

static void key_percent(mho_i_text *t, const char *name, double x, int decimals, const char *note) {
    mho_i_text_add(t, "<div><dt>%s</dt><dd>", name);
    mho_i_html_percent(t, x, decimals);
    mho_i_text_add(t, "<small>%s</small></dd></div>\n", note);
}

static void interval(mho_i_text *t, const double x[2], int decimals) {
    mho_i_html_percent(t, x[0], decimals);
    mho_i_text_add(t, " to ");
    mho_i_html_percent(t, x[1], decimals);
}

static void axis_value(mho_i_text *t, const mho_sweep_axis *a, double x) {
    char buf[48];
    mho_sweep_axis_text(a, x, buf, sizeof buf);
    if (a->word) {
        mho_i_html_text(t, buf);
    } else {
        mho_i_html_value(t, buf);
    }
}

static size_t best_point(const mho_sweep_result *r) {
    size_t best = 0;
    for (size_t p = 1; p < r->n_point; p++) {
        double a = r->point[p].mean[MHO_METRIC_ACCURACY];
        double b = r->point[best].mean[MHO_METRIC_ACCURACY];
        best = a > b || (isnan(b) && !isnan(a)) ? p : best;
    }
    return best;
}

static void lead_one(const mho_sweep_result *r, mho_i_text *t) {
    const mho_sweep_point *p = &r->point[0];
    mho_i_text_add(t, "<p class=\"lead\">");
    mho_i_html_count(t, p->n_chip);
    mho_i_text_add(t, " chips classify <strong>");
    mho_i_html_percent(t, p->mean[MHO_METRIC_ACCURACY], 2);
    mho_i_text_add(t, "</strong> of ");
    mho_i_html_count(t, r->n_image);
    mho_i_text_add(t, " pictures right in the mean (95&#160;%% interval ");
    interval(t, p->ci95, 2);
    mho_i_text_add(t, "), the worst of them ");
    mho_i_html_percent(t, p->min, 2);
    if (isfinite(p->yield)) {
        mho_i_text_add(t, ". The yield at ");
        mho_i_html_percent(t, r->threshold, 2);
        mho_i_text_add(t, " is <strong>");
        mho_i_html_percent(t, p->yield, 1);
        mho_i_text_add(t, "</strong> (");
        interval(t, p->yield_ci95, 1);
        mho_i_text_add(t, ")");
    }
    mho_i_text_add(t, ".</p>\n");
}

static void lead_many(const mho_sweep_result *r, mho_i_text *t) {
    mho_i_text_add(t, "<p class=\"lead\">");
    if (r->n_effect) {
        const mho_sweep_effect *e = &r->effect[0];
        const mho_sweep_axis *a = mho_study_axis(r->study, e->axis);
        mho_i_text_add(t, "<strong><code>%s</code></strong> breaks first: it costs ", a->key);
        mho_i_html_percent(t, e->loss, 2);
        mho_i_text_add(t, " of accuracy along its axis, most at ");
        axis_value(t, a, e->worst);
        mho_i_text_add(t, ". ");
    }
    size_t p = best_point(r);
    mho_i_text_add(t, "The best of ");
    mho_i_html_count(t, r->n_point);
    mho_i_text_add(t, " points has ");
    mho_i_html_percent(t, r->point[p].mean[MHO_METRIC_ACCURACY], 2);
    mho_i_text_add(t, " (");
    interval(t, r->point[p].ci95, 2);
    mho_i_text_add(t, ").</p>\n");
}

static void add_key_figures(const mho_sweep_result *r, mho_i_text *t) {
    const mho_sweep_point *p = &r->point[best_point(r)];
    bool one = r->n_point == 1;
    mho_i_text_add(t, "<dl class=\"key\">\n");
    key_percent(t, one ? "Accuracy" : "Best point", p->mean[MHO_METRIC_ACCURACY], 2,
                "mean over chips");
    key_percent(t, "Spread", p->sd[MHO_METRIC_ACCURACY], 3,
                one ? "standard deviation" : "of its chips, standard deviation");
    key_percent(t, "Worst chip", p->min, 2, one ? "of all" : "of this point");
    if (isfinite(p->yield)) {
        key_percent(t, "Yield", p->yield, 1,
                    one ? "chips at the threshold or above" : "of this point");
    } else {
        mho_i_text_add(t, "<div><dt>Energy</dt><dd>");
        mho_i_html_quantity(t, p->mean[MHO_METRIC_ENERGY], "J", 3);
        mho_i_text_add(t, "<small>of a picture</small></dd></div>\n");
    }
    mho_i_text_add(t, "</dl>\n");
}

static void add_head(const mho_sweep_result *r, mho_i_text *t) {
    mho_i_text_add(t, "<h1>LeNet-5 on ");
    mho_i_html_count(t, r->n_point * r->n_chip);
    mho_i_text_add(t, " chips</h1>\n<p class=\"soft sans\">");
    mho_i_html_text(t, r->data_name);
    mho_i_text_add(t, ", ");
    mho_i_html_count(t, r->n_image);
    mho_i_text_add(t, " pictures &#183; %zu point%s of ", r->n_point, r->n_point == 1 ? "" : "s");
    mho_i_html_count(t, r->n_chip);
    mho_i_text_add(t, " chip%s &#183; seed %" PRIu64 " &#183; mho %s</p>\n",
                   r->n_chip == 1 ? "" : "s", mho_study_seed(r->study), mho_version());
    if (r->n_point == 1) {
        lead_one(r, t);
    } else {
        lead_many(r, t);
    }
    add_key_figures(r, t);
}

static void effect_row(const mho_sweep_result *r, size_t k, mho_i_text *t) {
    const mho_sweep_effect *e = &r->effect[k];
    const mho_sweep_axis *a = mho_study_axis(r->study, e->axis);
    mho_i_text_add(t, "<tr><th scope=\"row\"><code>%s</code></th><td class=\"n\">", a->key);
    mho_i_html_percent(t, e->loss, 2);
    mho_i_text_add(t, "</td><td class=\"n\">");
    if (isfinite(e->loss_ci95[0])) {
        interval(t, e->loss_ci95, 2);
    } else {
        mho_i_text_add(t, "&#8212;");
    }
    mho_i_text_add(t, "</td><td class=\"n\">");
    mho_i_html_percent(t, e->share, 1);
    mho_i_text_add(t, "</td><td class=\"n\">");
    if (isfinite(e->share_ci95[0])) {
        interval(t, e->share_ci95, 1);
    } else {
        mho_i_text_add(t, "&#8212;");
    }
    mho_i_text_add(t, "</td><td class=\"n\">");
    axis_value(t, a, e->best);
    mho_i_text_add(t, "</td><td class=\"n\">");
    axis_value(t, a, e->worst);
    mho_i_text_add(t, "</td></tr>\n");
}

static mho_status add_effects(mho_ctx *ctx, const mho_sweep_result *r, mho_i_text *t) {
    mho_i_html_section(t, "breaks", "What breaks first");
    if (!r->n_effect) {
        mho_i_text_add(t, "<p>Too few points to say.</p>\n");
        return MHO_OK;
    }
    mho_status status = mho_i_sweep_figure_effects(ctx, r, t);
    mho_i_text_add(t,
                   "<div class=\"scroll\"><table><thead><tr><th>axis</th><th class=\"n\">loss</th>"
                   "<th class=\"n\">95&#160;%% interval</th><th class=\"n\">share of the variance"
                   "</th><th class=\"n\">95&#160;%% interval</th><th class=\"n\">best at</th>"
                   "<th class=\"n\">worst at</th></tr></thead><tbody>\n");
    for (size_t k = 0; k < r->n_effect; k++) {
        effect_row(r, k, t);
    }
    mho_i_text_add(t, "</tbody></table></div>\n<p>");
    mho_i_html_percent(t, r->rest_share, 1);
    mho_i_text_add(t,
                   " of the variance between points is left to axes acting together, to what "
                   "%s, and to luck. %s are resampled for the intervals. A loss cannot be below "
                   "zero; where its interval is, no effect has been shown.</p>\n",
                   mho_study_sample(r->study) == MHO_SAMPLE_GRID ? "the levels do not show"
                                                                 : "straight lines do not follow",
                   mho_study_sample(r->study) == MHO_SAMPLE_GRID ? "Chips" : "Points");
    return status;
}

static void point_row(const mho_sweep_result *r, size_t p, size_t n_axis, mho_i_text *t) {
    const mho_sweep_point *q = &r->point[p];
    mho_i_text_add(t, "<tr%s><th scope=\"row\">%zu</th>", r->front[p] ? " class=\"own\"" : "", p);
    for (size_t k = 0; k < n_axis; k++) {
        mho_i_text_add(t, "<td class=\"n\">");
        axis_value(t, mho_study_axis(r->study, k), mho_study_value(r->study, p, k));
        mho_i_text_add(t, "</td>");
    }
    mho_i_text_add(t, "<td class=\"n\">");
    mho_i_html_percent(t, q->mean[MHO_METRIC_ACCURACY], 2);
    mho_i_text_add(t, "</td><td class=\"n\">");
    mho_i_html_percent(t, q->sd[MHO_METRIC_ACCURACY], 2);
    mho_i_text_add(t, "</td><td class=\"n\">");
    mho_i_html_percent(t, q->min, 2);
    mho_i_text_add(t, "</td><td class=\"n\">");
    mho_i_html_percent(t, q->yield, 1);
    mho_i_text_add(t, "</td><td class=\"n\">");
    mho_i_html_quantity(t, q->mean[MHO_METRIC_ENERGY], "J", 3);
    mho_i_text_add(t, "</td></tr>\n");
}

static void add_points(const mho_sweep_result *r, mho_i_text *t) {
    size_t n_axis = r->n_axis < MAX_COLUMN ? r->n_axis : MAX_COLUMN;
    mho_i_html_section(t, "points", "Points");
    mho_i_text_add(t, "<div class=\"scroll\"><table><thead><tr><th>point</th>");
    for (size_t k = 0; k < n_axis; k++) {
        const char *key = mho_study_axis(r->study, k)->key;
        mho_i_text_add(t, "<th class=\"n\">%s</th>", strncmp(key, "chip.", 5) == 0 ? key + 5 : key);
    }
    mho_i_text_add(t,
                   "<th class=\"n\">mean</th><th class=\"n\">sd</th><th class=\"n\">worst</th>"
                   "<th class=\"n\">yield</th><th class=\"n\">energy</th></tr></thead><tbody>\n");
    for (size_t p = 0; p < r->n_point && p < MAX_ROW; p++) {
        point_row(r, p, n_axis, t);
    }
    mho_i_text_add(t,
                   "</tbody></table></div>\n<p class=\"soft\">Shaded: on the front of energy and "
                   "accuracy.");
    if (r->n_point > MAX_ROW) {
        mho_i_text_add(t, " The other %zu points are in points.csv.", r->n_point - MAX_ROW);
    }
    mho_i_text_add(t, "</p>\n");
}

static void add_failures(const mho_sweep_result *r, mho_i_text *t) {
    if (!r->n_failed) {
        return;
    }
    mho_i_html_section(t, "failed", "Chips that could not be made");
    mho_i_text_add(t, "<ul>\n");
    size_t shown = 0;
    for (size_t p = 0; p < r->n_point && shown < MAX_ROW; p++) {
        if (r->point[p].n_failed) {
            mho_i_text_add(t, "<li>point %zu, %zu of %zu: ", p, r->point[p].n_failed, r->n_chip);
            mho_i_html_text(t, r->point[p].why ? r->point[p].why : "");
            mho_i_text_add(t, "</li>\n");
            shown++;
        }
    }
    mho_i_text_add(t, "</ul>\n<p>They count as chips below the threshold, and in no mean.</p>\n");
}

static void number_row(mho_i_text *t, const char *name) {
    mho_i_html_row(t, name);
    mho_i_text_add(t, "<td class=\"n\">");
}

static void add_base(const mho_sweep_result *r, mho_i_text *t) {
    size_t n[4] = {0};
    static const char marks[] = "PCAF";
    const mho_chip_spec *spec = mho_study_base(r->study);
    for (size_t k = 0; k < mho_chip_param_count(); k++) {
        const char *section;
        const char *at = strchr(marks, mho_chip_param_describe(spec, k, &section).mark);
        if (at) {
            n[at - marks]++;
        }
    }
    mho_i_html_section(t, "base", "What this rests on, and how to repeat it");
    mho_i_text_add(t, "<table class=\"stack\"><tbody>\n");
    number_row(t, "network in software");
    mho_i_html_percent(t, r->software_accuracy, 2);
    mho_i_text_add(t, "</td><td class=\"soft t\">exact arithmetic and rectifier</td></tr>\n");
    number_row(t, "ideal chip");
    mho_i_html_percent(t, r->ideal_accuracy, 2);
    mho_i_text_add(t, "</td><td class=\"soft t\">base chip, every imperfection off</td></tr>\n");
    number_row(t, "training");
    mho_i_text_add(t, "%d</td><td class=\"soft t\">epochs on ", mho_study_n_epoch(r->study));
    mho_i_html_count(t, r->n_train);
    mho_i_text_add(t, " pictures; %s</td></tr>\n</tbody></table>\n",
                   mho_study_retrains(r->study)
                       ? "every point has a network of its own, trained for its chip"
                       : "one network for all points, trained for the base chip");
    mho_i_text_add(
        t,
        "<p>The base chip has %zu parameters: %zu published, %zu computed from published "
        "data, %zu assumed by us, %zu set in its chip file; <code>manifest.json</code> "
        "lists every one with its source. Chip number c has the same luck at every point. "
        "The same study file gives the same bytes on any number of threads and ranks, "
        "however often it was stopped: key <code>%s</code>.</p>\n",
        mho_chip_param_count(), n[0], n[1], n[2], n[3], r->key);
}

static mho_status build(mho_ctx *ctx, const mho_sweep_result *r, mho_i_text *t) {
    mho_status status = MHO_OK;
    mho_i_html_begin(t, "A study of LeNet-5 on many chips");
    add_head(r, t);
    if (r->n_point == 1) {
        mho_i_html_section(t, "chips", "The chips");
        status = mho_i_sweep_figure_chips(ctx, r, t);
    } else {
        status = add_effects(ctx, r, t);
        mho_i_html_section(t, "axes", "Accuracy along every axis");
    }
    for (size_t k = 0; k < r->n_axis && status == MHO_OK && r->n_point > 1; k++) {
        status = mho_i_sweep_figure_axis(ctx, r, k, t);
    }
    if (status == MHO_OK && r->n_point > 1) {
        mho_i_html_section(t, "front", "Energy and accuracy");
        status = mho_i_sweep_figure_front(ctx, r, t);
        add_points(r, t);
    }
    add_failures(r, t);
    add_base(r, t);
    mho_i_html_end(t);
    return status < 0 ? status : t->status;
}

mho_status mho_sweep_report_html(mho_ctx *ctx, const mho_sweep_result *r, const char *path) {
    mho_i_text page;
    mho_i_text_init(&page, ctx);
    mho_status status = build(ctx, r, &page);
    if (status == MHO_OK) {
        status = mho_i_file_write(ctx, path, page.data, page.len);
    }
    mho_i_text_free(&page);
    return status;
}
