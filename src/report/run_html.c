/* run_html.c - the page about a run: verdict first, then what it rests on, in the order in which a
 * reader asks. */
#include "report_int.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- the verdict ---- */

/* The imperfection that costs most by itself; NULL without a budget. */
static const mho_budget_row *worst(const mho_run_result *r) {
    const mho_budget_row *w = NULL;
    for (size_t k = 0; k < r->n_budget; k++) {
        if (isfinite(r->budget[k].only) && (!w || r->budget[k].only < w->only)) {
            w = &r->budget[k];
        }
    }
    return w && w->only < r->ideal_accuracy ? w : NULL;
}

static void add_interval(const mho_run_result *r, mho_i_text *t) {
    mho_i_text_add(t, "95&#160;%% interval ");
    mho_i_html_percent(t, r->ci95[0], 2);
    mho_i_text_add(t, " to ");
    mho_i_html_percent(t, r->ci95[1], 2);
}

static void add_verdict(const mho_run_result *r, mho_i_text *t) {
    double loss = r->software_accuracy - r->mean;
    mho_i_text_add(t, "<p class=\"lead\">Built of these devices, the network reads <strong>");
    mho_i_html_percent(t, r->mean, 2);
    mho_i_text_add(t, "</strong> of ");
    mho_i_html_count(t, r->n_image);
    mho_i_text_add(t, " test pictures correctly (");
    if (r->n_chip > 1) {
        mho_i_text_add(t, "mean of %zu chips, ", r->n_chip);
    } else {
        mho_i_text_add(t, "one chip, ");
    }
    add_interval(r, t);
    mho_i_text_add(t, "), ");
    mho_i_html_number(t, fabs(100 * loss), 2);
    mho_i_text_add(t, " percentage points %s than the same weights in software",
                   loss >= 0 ? "less" : "more");
    const mho_budget_row *w = worst(r);
    if (w && r->ideal_accuracy - w->only < 5e-4) {
        mho_i_text_add(t, "; no single imperfection costs as much as 0.05 points by itself");
    } else if (w) {
        mho_i_text_add(t, "; what costs most by itself is the ");
        mho_i_html_text(t, w->name);
        mho_i_text_add(t, " (");
        mho_i_html_number(t, 100 * (r->ideal_accuracy - w->only), 2);
        mho_i_text_add(t, " points)");
    }
    mho_i_text_add(t, ".</p>\n");
}

static void add_key_figure(mho_i_text *t, const char *name, double value, const char *unit,
                           const char *note) {
    mho_i_text_add(t, "<div><dt>%s</dt><dd>", name);
    if (unit) {
        mho_i_html_quantity(t, value, unit, 3);
    } else {
        mho_i_html_percent(t, value, 2);
    }
    mho_i_text_add(t, "<small>%s</small></dd></div>\n", note);
}

static void add_head(const mho_run_result *r, mho_i_text *t) {
    char seed[120];
    snprintf(seed, sizeof seed, " &#183; %zu chip%s &#183; seed %" PRIu64 " &#183; mho %s</p>\n",
             r->n_chip, r->n_chip == 1 ? "" : "s", r->seed, mho_version());
    mho_i_text_add(t, "<h1>LeNet-5 on a chip of %s</h1>\n<p class=\"soft sans\">",
                   mho_chip_made_of(&r->spec));
    mho_i_html_text(t, r->data_name ? r->data_name : "");
    mho_i_text_add(t, ", ");
    mho_i_html_count(t, r->n_train);
    mho_i_text_add(t, " training and ");
    mho_i_html_count(t, r->n_image);
    mho_i_text_add(t, " test pictures%s", seed);
    add_verdict(r, t);
    char shares[80];
    snprintf(shares, sizeof shares, "mean of %zu chip%s", r->n_chip, r->n_chip == 1 ? "" : "s");
    mho_i_text_add(t, "<dl class=\"key\">\n");
    add_key_figure(t, "Accuracy in hardware", r->mean, NULL, shares);
    add_key_figure(t, "Energy", r->cost.energy_J.total, "J", "per picture");
    add_key_figure(t, "Latency", r->cost.latency_s.total, "s", "of one picture");
    add_key_figure(t, "Area", r->cost.area_m2.total, "m2", "of the chip");
    mho_i_text_add(t, "</dl>\n");
}

/* ---- accuracy and loss budget ---- */

static void accuracy_row(mho_i_text *t, const char *name, double value, const char *note) {
    mho_i_html_row(t, name);
    mho_i_text_add(t, "<td class=\"n\">");
    mho_i_html_percent(t, value, 2);
    mho_i_text_add(t, "</td><td class=\"soft t\">%s</td></tr>\n", note);
}

static void add_published(const mho_run_result *r, mho_i_text *t) {
    mho_i_text_add(t, "<p>For comparison, the paper that introduced the neuron (");
    mho_i_html_text(t, r->published_source ? r->published_source : "");
    mho_i_text_add(t, ") reports ");
    mho_i_html_percent(t, r->published_accuracy, 2);
    if (mho_i_run_is_mnist(r)) {
        mho_i_text_add(t,
                       " for LeNet-5 on MNIST. That is the paper&#39;s figure, with levels, noise "
                       "and circuit that it does not state in what we could read; it is not "
                       "computed here.</p>\n");
    } else {
        mho_i_text_add(t, " for LeNet-5 on MNIST. It cannot be compared with this run, which reads "
                          "digits that mho drew itself.</p>\n");
    }
}

static mho_status add_accuracy(mho_ctx *ctx, const mho_run_result *r, mho_i_text *t) {
    mho_i_html_section(t, "accuracy", "Accuracy");
    mho_status status = mho_i_figure_accuracy(ctx, r, t);
    char note[160];
    mho_i_text_add(t, "<table class=\"one stack\">\n<tbody>\n");
    accuracy_row(t, "software", r->software_accuracy,
                 "the same weights, exact arithmetic, exact ReLU");
    accuracy_row(t, "nominal neuron curve", r->curve_accuracy,
                 "exact arithmetic, the nominal device as activation");
    accuracy_row(t, "ideal chip", r->ideal_accuracy, "every imperfection off");
    snprintf(note, sizeof note,
             "every imperfection on; %zu chip%s, standard deviation between chips %.2f points",
             r->n_chip, r->n_chip == 1 ? "" : "s", isfinite(r->sd) ? 100 * r->sd : 0);
    accuracy_row(t, "hardware, mean", r->mean, note);
    mho_i_html_row(t, "hardware, 95 % interval");
    mho_i_text_add(t, "<td class=\"n\">");
    mho_i_html_percent(t, r->ci95[0], 2);
    mho_i_text_add(t, " to ");
    mho_i_html_percent(t, r->ci95[1], 2);
    mho_i_text_add(t, "</td><td class=\"soft t\">%s</td></tr>\n",
                   r->n_chip > 1 ? "of the mean over chips (Student t)"
                                 : "for one chip, over its pictures (Wilson)");
    if (r->n_budget && isfinite(r->no_trim_accuracy)) {
        accuracy_row(t, "without bias trim", r->no_trim_accuracy,
                     "hardware, without the one-time trim of every neuron");
    }
    if (r->n_budget && isfinite(r->no_compensate_accuracy)) {
        accuracy_row(t, "without wire compensation", r->no_compensate_accuracy,
                     "hardware, targets not bent to make up for the wires");
    }
    mho_i_text_add(t, "</tbody>\n</table>\n");
    add_published(r, t);
    return status;
}

/* "98.51 ± 0.04 %" */
static void budget_cell(mho_i_text *t, double mean, double sd) {
    mho_i_text_add(t, "<td class=\"n\">");
    mho_i_html_percent(t, mean, 2);
    if (isfinite(mean) && isfinite(sd)) {
        mho_i_text_add(t, " <span class=\"soft\">&#177;&#160;%.2f</span>", 100 * sd);
    }
    mho_i_text_add(t, "</td>");
}

static void loss_cell(mho_i_text *t, double loss) {
    mho_i_text_add(t, "<td class=\"n\">");
    if (isfinite(loss)) {
        mho_i_text_add(t, "%s%.2f", loss <= -0.00005 ? "&#8722;" : "", fabs(100 * loss));
    } else {
        mho_i_text_add(t, "&#8212;");
    }
    mho_i_text_add(t, "</td>");
}

static mho_status add_budget(mho_ctx *ctx, const mho_run_result *r, mho_i_text *t) {
    size_t order[64];
    mho_i_html_section(t, "budget", "Loss budget: what breaks first");
    if (r->n_budget == 0 || r->n_budget > 64) {
        mho_i_text_add(t, "<p>Not computed in this run.</p>\n");
        return MHO_OK;
    }
    mho_i_budget_order(r, order);
    bool many = r->n_budget_chip > 1;
    mho_status status = mho_i_figure_budget(ctx, r, t);
    mho_i_text_add(t, "<div class=\"scroll\"><table>\n<thead><tr><th>imperfection</th>"
                      "<th class=\"n\">this one alone</th><th class=\"n\">lost</th>"
                      "<th class=\"n\">all but this one</th><th class=\"n\">lost</th>"
                      "<th>what it is</th></tr></thead>\n<tbody>\n");
    for (size_t k = 0; k < r->n_budget; k++) {
        const mho_budget_row *b = &r->budget[order[k]];
        mho_i_html_row(t, b->name);
        budget_cell(t, b->only, many ? b->only_sd : (double)NAN);
        loss_cell(t, r->ideal_accuracy - b->only);
        budget_cell(t, b->all_but, many ? b->all_but_sd : (double)NAN);
        loss_cell(t, r->ideal_accuracy - b->all_but);
        mho_i_text_add(t, "<td class=\"soft\">");
        mho_i_html_text(t, b->text);
        mho_i_text_add(t, "</td></tr>\n");
    }
    mho_i_text_add(t, "</tbody>\n</table></div>\n<p class=\"soft sans\">Accuracy");
    if (many) {
        mho_i_text_add(t, " with the standard deviation between %zu chips", r->n_budget_chip);
    }
    mho_i_text_add(t, "; lost: percentage points against the ideal chip. Losses do not add up: "
                      "errors that meet can be worse, or hide each other.</p>\n");
    return status;
}

/* ---- pictures ---- */

static void add_confusion(const mho_run_result *r, mho_i_text *t) {
    size_t n = r->n_class, top = 1;
    mho_i_html_section(t, "confusion", "What is taken for what");
    for (size_t k = 0; k < n * n; k++) {
        if (k / n != k % n && r->confusion[k] > top) {
            top = r->confusion[k];
        }
    }
    mho_i_text_add(t,
                   "<table class=\"cm\">\n<caption>Row: label; column: what the chip says. Counts "
                   "over %zu chip%s; on the diagonal the share that is right.</caption>\n"
                   "<thead><tr><th></th>",
                   r->n_chip, r->n_chip == 1 ? "" : "s");
    for (size_t c = 0; c < n; c++) {
        mho_i_text_add(t, "<th scope=\"col\">%zu</th>", c);
    }
    mho_i_text_add(t, "</tr></thead>\n<tbody>\n");
    for (size_t l = 0; l < n; l++) {
        size_t sum = 0;
        for (size_t c = 0; c < n; c++) {
            sum += r->confusion[l * n + c];
        }
        mho_i_text_add(t, "<tr><th scope=\"row\">%zu</th>", l);
        for (size_t c = 0; c < n; c++) {
            size_t x = r->confusion[l * n + c];
            if (c == l && sum) {
                mho_i_text_add(t, "<td class=\"d\" title=\"%zu of %zu\">%.*f</td>", x, sum,
                               x == sum ? 0 : 1, 100 * (double)x / (double)sum);
            } else if (x) {
                mho_i_text_add(t, "<td style=\"background:rgba(var(--red),%.2f)\">%zu</td>",
                               0.05 + 0.5 * sqrt((double)x / (double)top), x);
            } else {
                mho_i_text_add(t, "<td class=\"soft\">&#183;</td>");
            }
        }
        mho_i_text_add(t, "</tr>\n");
    }
    mho_i_text_add(t, "</tbody>\n</table>\n");
}

static mho_status add_misses(mho_ctx *ctx, const mho_run_result *r, mho_i_text *t) {
    mho_i_html_section(t, "misses", "Pictures that chip 0 gets wrong");
    if (r->n_miss == 0) {
        mho_i_text_add(t, "<p>None.</p>\n");
        return MHO_OK;
    }
    mho_i_text_add(t,
                   "<p>The first %zu, each with its label and what the chip says.</p>\n"
                   "<div class=\"grid\">\n",
                   r->n_miss);
    for (size_t k = 0; k < r->n_miss; k++) {
        const mho_run_miss *m = &r->miss[k];
        char alt[80];
        snprintf(alt, sizeof alt, "test picture %zu", m->index);
        mho_i_text_add(t, "<figure>");
        mho_status status = mho_i_html_picture(ctx, t, m->pixels, r->n_row, r->n_col, alt);
        if (status < 0) {
            return status;
        }
        mho_i_text_add(t,
                       "<figcaption>%d &#8594; <strong>%d</strong><br>no. %zu</figcaption>"
                       "</figure>\n",
                       m->label, m->predicted, m->index);
    }
    mho_i_text_add(t, "</div>\n");
    return MHO_OK;
}

/* ---- trust and time ---- */

static void verify_row(mho_i_text *t, const char *name, double value, double limit) {
    mho_i_html_row(t, name);
    mho_i_text_add(t, "<td class=\"n\">");
    mho_i_html_number(t, value, 2);
    mho_i_text_add(t, "</td><td class=\"n\">");
    if (value > 0 && value < 1) {
        mho_i_text_add(t, "%.1f", -log10(value));
    } else {
        mho_i_text_add(t, "&#8212;");
    }
    mho_i_text_add(t, "</td><td>");
    if (limit > 0) {
        mho_i_text_add(t, "%s ", value <= limit ? "within" : "<strong>outside</strong>");
        mho_i_html_number(t, limit, 2);
    }
    mho_i_text_add(t, "</td></tr>\n");
}

static void add_verify(const mho_run_result *r, mho_i_text *t) {
    const mho_chip_verify *v = &r->verify;
    mho_i_html_section(t, "verification", "Fast path against slow path");
    if (!r->verified) {
        mho_i_text_add(t, "<p>Not checked in this run; <code>mho run lenet5-mott --verify</code> "
                          "does.</p>\n");
        return;
    }
    mho_i_text_add(t,
                   "<p>%zu picture%s of the test set went through chip&#160;0 a second time, layer "
                   "by layer: the arrays by the slow reference circuit solver instead of transfer "
                   "matrices, the neurons by direct solution of their equations instead of stored "
                   "curves (noise and jitter off on both sides). ",
                   v->n_image, v->n_image == 1 ? "" : "s");
    mho_i_html_count(t, v->n_current);
    mho_i_text_add(t, " pre-activations and ");
    mho_i_html_count(t, v->n_neuron);
    mho_i_text_add(t, " neuron outputs were compared; the class is the same for %zu of %zu.</p>\n",
                   v->n_same, v->n_image);
    mho_i_text_add(t, "<table>\n<thead><tr><th>largest difference</th>"
                      "<th class=\"n\">value</th><th class=\"n\">digits that agree</th>"
                      "<th>wanted</th></tr></thead>\n<tbody>\n");
    verify_row(t, "arrays, over the largest value of the layer", v->array_error_rel, 1e-6);
    verify_row(t, "neurons, over their span", v->neuron_error_rel, 1e-4);
    verify_row(t, "Kirchhoff residual of the slow path", v->residual_rel, 0);
    if (v->n_time) {
        verify_row(t, "neurons in time, over their span", v->time_error_rel, 0);
    }
    mho_i_text_add(t, "</tbody>\n</table>\n");
    if (v->n_time) {
        mho_i_text_add(t, "<p>In time: ");
        mho_i_html_count(t, v->n_time);
        mho_i_text_add(
            t,
            " evaluations by the differential equations: full scale, reset, settle, read, "
            "with latent heat. They differ by %.2g of the span rms from the static curve, "
            "which takes settling as equally incomplete everywhere; the chip is evaluated "
            "by the static curve.</p>\n",
            v->time_rms_rel);
    }
}

static void time_row(mho_i_text *t, const char *name, double s, const char *note) {
    mho_i_html_row(t, name);
    mho_i_text_add(t, "<td class=\"n\">");
    /* people count minutes and seconds, not kiloseconds */
    if (s >= 100) {
        mho_i_text_add(t, "%.0f&#160;s", s);
    } else {
        mho_i_html_quantity(t, s, "s", 3);
    }
    mho_i_text_add(t, "</td><td class=\"soft t\">%s</td></tr>\n", note);
}

static void add_times(const mho_run_result *r, mho_i_text *t) {
    char note[120];
    mho_i_html_section(t, "time", "Time that each stage took");
    mho_i_text_add(t, "<table class=\"stack\">\n<tbody>\n");
    snprintf(note, sizeof note, "%s", r->train.from_cache ? "taken from the cache" : "");
    time_row(t, "training", r->train_s, note);
    snprintf(note, sizeof note, "per chip, mean of %zu", r->n_chip);
    time_row(t, "programming", r->program_s, note);
    time_row(t, "evaluation", r->evaluate_s, "per chip, all test pictures");
    if (r->n_budget) {
        snprintf(note, sizeof note, "%zu configurations on %zu chips", 2 * r->n_budget + 1,
                 r->n_budget_chip);
        time_row(t, "loss budget", r->budget_s, note);
    }
    if (r->verified) {
        time_row(t, "verification", r->verify_s, "slow path");
    }
    time_row(t, "all", r->total_s, "");
    mho_i_text_add(t, "</tbody>\n</table>\n");
}

static void number_row(mho_i_text *t, const char *name, double value, const char *note) {
    mho_i_html_row(t, name);
    mho_i_text_add(t, "<td class=\"n\">");
    mho_i_html_number(t, value, 4);
    mho_i_text_add(t, "</td><td class=\"soft t\">%s</td></tr>\n", note);
}

static void add_training(const mho_run_result *r, mho_i_text *t) {
    const mho_train_opt *o = &r->train_opt;
    mho_i_html_section(t, "training", "Training and how to repeat this");
    mho_i_text_add(t,
                   "<p>Trained with the nominal transfer curve in the forward pass and with noise "
                   "of the size that this chip has, so that the weights stand it. The same seed, "
                   "data and chip give the same bits for any number of threads: seed %" PRIu64
                   ", mho %s.</p>\n<table class=\"stack\">\n<tbody>\n",
                   r->seed, mho_version());
    number_row(t, "epochs", o->n_epoch, "passes over the training set");
    number_row(t, "pictures per step", o->n_batch, "");
    number_row(t, "step", o->rate, "Adam, in units of the largest weight; falls as a cosine");
    number_row(t, "last step over first", o->rate_end_ratio, "");
    number_row(t, "decay of the running mean", o->average, "of the weights, per step");
    number_row(t, "label smoothing", o->label_smooth, "");
    number_row(t, "score scale", o->score_scale, "before the softmax");
    number_row(t, "epochs until full noise", o->ramp_epochs, "");
    number_row(t, "steps with the exact rectifier", o->exact_frac, "share");
    if (o->augment) {
        number_row(t, "shift", o->shift_px, "pixels, largest");
        number_row(t, "rotation", o->rotate_rad, "rad, largest");
        number_row(t, "scaling and shear", o->scale_rel, "share, largest");
        number_row(t, "elastic deformation", o->elastic_px, "pixels, standard deviation");
    }
    number_row(t, "noise of weights", o->noise.weight_rel, "over the largest weight");
    number_row(t, "noise of pre-activations", o->noise.z, "z, each evaluation");
    number_row(t, "spread of neuron gain", o->noise.gain, "");
    number_row(t, "spread of neuron offset", o->noise.offset, "z");
    number_row(t, "weight levels", o->noise.weight_levels, "0: continuous");
    number_row(t, "bits of the input", o->noise.input_bits, "");
    number_row(t, "loss of the last epoch", r->train.loss, "cross entropy, noise included");
    mho_i_text_add(t, "</tbody>\n</table>\n");
}

/* ---- the page ---- */

static mho_status add_inside(mho_ctx *ctx, const mho_run_result *r, mho_i_text *t) {
    mho_i_html_section(t, "neuron", "The neuron");
    mho_status status = mho_i_figure_curves(ctx, r, t);
    if (status < 0) {
        return status;
    }
    mho_i_run_device_html(r, t);
    mho_i_html_section(t, "arrays", "The arrays");
    status = mho_i_figure_drop(ctx, r, t);
    mho_i_run_program_html(r, t);
    return status;
}

static mho_status build_page(mho_ctx *ctx, const mho_run_result *r, mho_i_text *t) {
    char title[120];
    snprintf(title, sizeof title, "LeNet-5 on a chip of %s", mho_chip_made_of(&r->spec));
    mho_i_html_begin(t, title);
    add_head(r, t);
    mho_status status = add_accuracy(ctx, r, t);
    if (status == MHO_OK) {
        status = add_budget(ctx, r, t);
    }
    if (status == MHO_OK) {
        mho_i_run_cost_html(r, t);
        status = add_inside(ctx, r, t);
    }
    if (status == MHO_OK) {
        add_confusion(r, t);
        status = add_misses(ctx, r, t);
    }
    if (status == MHO_OK) {
        add_verify(r, t);
        add_times(r, t);
        add_training(r, t);
        mho_i_run_sources_html(r, t);
        mho_i_html_end(t);
    }
    return status < 0 ? status : t->status;
}

mho_status mho_run_report_html(mho_ctx *ctx, const mho_run_result *result, const char *path) {
    mho_i_text page;
    mho_i_text_init(&page, ctx);
    mho_status status = build_page(ctx, result, &page);
    if (status == MHO_OK) {
        status = mho_i_file_write(ctx, path, page.data, page.len);
    }
    mho_i_text_free(&page);
    return status;
}

mho_status mho_run_report_ready(mho_ctx *ctx, const char *path) {
    static const char script[] = "print 1\n";
    mho_status status = mho_i_file_writable(ctx, path);
    if (status < 0) {
        return status;
    }
    static const char *const argv[] = {"gnuplot", "-d", "-", NULL};
    int code;
    return mho_i_child_run(ctx, argv, script, sizeof script - 1, 20, NULL, NULL, &code);
}
