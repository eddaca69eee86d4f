/* deploy_html.c - the page about a network from a file: verdict, layers, cost, what it rests on. */
#include "report_int.h"

#include "mho/deploy.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static void key_figure(mho_i_text *t, const char *name, double value, const char *unit,
                       const char *note) {
    mho_i_text_add(t, "<div><dt>%s</dt><dd>", name);
    if (unit) {
        mho_i_html_quantity(t, value, unit, 3);
    } else {
        mho_i_html_percent(t, value, 2);
    }
    mho_i_text_add(t, "<small>%s</small></dd></div>\n", note);
}

static const char *base_of(const char *path) {
    const char *base = strrchr(path, '/');
    return base ? base + 1 : path;
}

static void add_head(const mho_deploy_result *r, mho_i_text *t) {
    char note[80];
    mho_i_text_add(t, "<h1>");
    mho_i_html_text(t, base_of(r->network));
    mho_i_text_add(t, " on a chip of %s</h1>\n<p class=\"soft sans\">", mho_chip_made_of(&r->spec));
    mho_i_html_text(t, base_of(r->data));
    mho_i_text_add(t, ", ");
    mho_i_html_count(t, r->n_image);
    mho_i_text_add(t,
                   " pictures, %zu others to calibrate &#183; %zu chip%s &#183; seed %" PRIu64
                   " &#183; mho %s</p>\n",
                   r->map.n_sample, r->n_chip, r->n_chip == 1 ? "" : "s", r->seed, mho_version());
    snprintf(note, sizeof note, "mean of %zu chip%s; software %s", r->n_chip,
             r->n_chip == 1 ? "" : "s", r->labelled ? "" : "is the measure");
    if (r->labelled) {
        snprintf(note, sizeof note, "mean of %zu chip%s; software %.2f %%", r->n_chip,
                 r->n_chip == 1 ? "" : "s", 100 * r->software_accuracy);
    }
    mho_i_text_add(t, "<dl class=\"key\">\n");
    key_figure(t, r->labelled ? "Accuracy in hardware" : "Agreement with software", r->mean, NULL,
               note);
    key_figure(t, "Energy", r->cost.energy_J.total, "J", "per picture");
    key_figure(t, "Latency", r->cost.latency_s.total, "s", "of one picture");
    key_figure(t, "Area", r->cost.area_m2.total, "m2", "of the chip");
    mho_i_text_add(t, "</dl>\n");
}

/* label: what stands before it on a phone, where columns have no heads */
static void percent_cell(mho_i_text *t, double share, int decimals, const char *label) {
    mho_i_text_add(t, *label ? "<td class=\"n low\" data-l=\"%s \">" : "<td class=\"n\">", label);
    if (isfinite(share)) {
        mho_i_html_percent(t, share, decimals);
    }
    mho_i_text_add(t, "</td>");
}

static void accuracy_row(mho_i_text *t, const char *name, double accuracy, double agreement,
                         const char *note) {
    mho_i_html_row(t, name);
    percent_cell(t, accuracy, 2, "");
    percent_cell(t, agreement, 2, "agreement");
    mho_i_text_add(t, "<td class=\"soft t\">%s</td></tr>\n", note);
}

static void add_accuracy(const mho_deploy_result *r, mho_i_text *t) {
    char note[160];
    mho_i_html_section(t, "accuracy", "Accuracy");
    mho_i_text_add(t, "<table class=\"stack\">\n<thead><tr><th></th><th class=\"n\">accuracy</th>"
                      "<th class=\"n\">agreement</th><th></th></tr></thead>\n<tbody>\n");
    accuracy_row(t, "software", r->software_accuracy, 1, "the exact network");
    accuracy_row(t, "ideal chip", r->ideal_accuracy, r->ideal_agreement,
                 "every imperfection off, nominal neurons");
    accuracy_row(t, "digital ReLU", r->digital_accuracy, r->digital_agreement,
                 "one chip with every imperfection, but ADC, exact ReLU and DAC for the neurons");
    snprintf(note, sizeof note, "every imperfection on; 95 %% interval of %s %.2f to %.2f %%",
             r->labelled ? "accuracy" : "agreement", 100 * r->ci95[0], 100 * r->ci95[1]);
    accuracy_row(t, "hardware, mean", r->labelled ? r->mean : (double)NAN, r->agreement_mean, note);
    mho_i_text_add(t,
                   "</tbody>\n</table>\n<p class=\"soft\">Agreement is the share of pictures for "
                   "which the chip&#39;s winner is that of the exact network.</p>\n");
}

static void count_cell(mho_i_text *t, size_t n) {
    mho_i_text_add(t, "<td class=\"n\">");
    if (n) {
        mho_i_html_count(t, n);
    }
    mho_i_text_add(t, "</td>");
}

static void stage_row(mho_i_text *t, const mho_deploy_stage *s) {
    mho_i_text_add(t, "<tr><th class=\"t\" scope=\"row\">");
    mho_i_html_text(t, s->info.name);
    mho_i_text_add(t, "<br><span class=\"soft\">");
    mho_i_html_text(t, s->info.work);
    mho_i_text_add(t, "</span></th><td class=\"n\">%zu&#215;%zu&#215;%zu</td><td>", s->info.out_c,
                   s->info.out_h, s->info.out_w);
    mho_i_html_text(t, s->info.end);
    mho_i_text_add(t, "</td>");
    count_cell(t, s->info.n_tile);
    count_cell(t, s->info.n_cell);
    count_cell(t, s->info.n_neuron);
    if (s->info.compute) {
        percent_cell(t, s->info.clipped_frac, 2, "");
        percent_cell(t, s->info.rms_error_rel, 1, "");
        percent_cell(t, s->chip_error_rel, 1, "");
    } else {
        mho_i_text_add(t, "<td></td><td></td><td></td>");
    }
    mho_i_text_add(t, "</tr>\n");
}

static void add_stages(const mho_deploy_result *r, mho_i_text *t) {
    mho_i_html_section(t, "layers", "Layers");
    mho_i_text_add(t,
                   "<div class=\"scroll\"><table>\n<thead><tr><th>layer</th><th class=\"n\">gives"
                   "</th><th>ends in</th><th class=\"n\">tiles</th><th class=\"n\">cells</th>"
                   "<th class=\"n\">neurons</th><th class=\"n\">above full scale</th>"
                   "<th class=\"n\">error, ideal</th><th class=\"n\">error, chip 0</th></tr>"
                   "</thead>\n<tbody>\n");
    for (size_t k = 0; k < r->n_stage; k++) {
        stage_row(t, &r->stage[k]);
    }
    mho_i_text_add(t,
                   "</tbody>\n</table></div>\n<p class=\"soft\">Error: rms difference of what is "
                   "stored from the exact network, each channel about its own mean, over the "
                   "spread of the exact numbers; errors of earlier layers are in it.</p>\n");
}

static void add_cost(const mho_deploy_result *r, mho_i_text *t) {
    const mho_chip_cost *c = &r->cost;
    mho_i_html_section(t, "cost", "Energy, latency and area");
    mho_i_text_add(t,
                   "<p>Per picture, from the voltages and currents that the first pictures cause;"
                   " the area is that of the whole chip. One picture takes ");
    mho_i_html_count(t, c->n_activation);
    mho_i_text_add(t,
                   " neuron evaluations. With all layers working at once on different pictures, a "
                   "picture leaves every ");
    mho_i_html_quantity(t, c->pipelined_s, "s", 3);
    mho_i_text_add(t, ". With ADC, digital ReLU and DAC instead of neurons it takes ");
    mho_i_html_quantity(t, r->digital_cost.energy_J.total, "J", 3);
    mho_i_text_add(t, ", ");
    mho_i_html_quantity(t, r->digital_cost.latency_s.total, "s", 3);
    mho_i_text_add(t, " and ");
    mho_i_html_quantity(t, r->digital_cost.area_m2.total, "m2", 3);
    mho_i_text_add(t, ".</p>\n<div class=\"three\">\n");
    mho_i_html_cost_table(t, "Energy per picture", &c->energy_J, "J");
    mho_i_html_cost_table(t, "Latency of a picture", &c->latency_s, "s");
    mho_i_html_cost_table(t, "Area of the chip", &c->area_m2, "m2");
    mho_i_text_add(t, "</div>\n");
}

static void add_rests(const mho_deploy_result *r, mho_i_text *t) {
    mho_i_html_section(t, "rests", "What this rests on");
    mho_i_text_add(t, "<ul>\n<li>Inputs go through %d-bit DACs, %s, with a full scale of ",
                   (int)r->spec.input_bits,
                   r->map.bipolar_input ? "word lines driven both ways" : "positive");
    mho_i_html_number(t, r->map.input_scale, 3);
    mho_i_text_add(t,
                   ".</li>\n<li>The largest weight of %s stands at the largest conductance; a "
                   "bias that is larger has several rows.</li>\n",
                   r->spec.weight_scale == MHO_SCALE_LAYER ? "a layer" : "each output");
    mho_i_text_add(t,
                   "<li>Residual sums are currents that meet at the column amplifier in front of "
                   "the neuron; a stored activation comes through a resistor of its own, which "
                   "is taken as exact.</li>\n<li>%s</li>\n",
                   r->map.share_changed ? "Column pairs share a neuron for all positions, because "
                                          "one for every activation would need too many."
                   : r->map.share == MHO_SHARE_PER_COLUMN
                       ? "Column pairs share a neuron for all positions."
                       : "Every activation has a neuron of its own.");
    mho_i_text_add(t, "<li>%zu stage%s end%s in ADC, digital function and DAC.</li>\n",
                   r->map.n_digital_stage, r->map.n_digital_stage == 1 ? "" : "s",
                   r->map.n_digital_stage == 1 ? "s" : "");
    mho_i_text_add(t, "<li>The network was not trained for this chip; full scale, gain and bias of "
                      "every output were set from the pictures of the calibration.</li>\n");
    for (size_t k = 0; k < r->n_note; k++) {
        mho_i_text_add(t, "<li class=\"soft\">");
        mho_i_html_text(t, r->note[k]);
        mho_i_text_add(t, "</li>\n");
    }
    mho_i_text_add(t, "</ul>\n");
    if (r->verified) {
        mho_i_text_add(t, "<p>Against the slow path: arrays within ");
        mho_i_html_number(t, r->verify.array_error_rel, 2);
        mho_i_text_add(t, " of the largest pre-activation, neurons within ");
        mho_i_html_number(t, r->verify.neuron_error_rel, 2);
        mho_i_text_add(t, " of their span.</p>\n");
    }
}

mho_status mho_deploy_report_html(mho_ctx *ctx, const mho_deploy_result *r, const char *path) {
    mho_i_text t;
    char title[300];
    mho_i_text_init(&t, ctx);
    snprintf(title, sizeof title, "%s on a chip", base_of(r->network));
    mho_i_html_begin(&t, title);
    add_head(r, &t);
    add_accuracy(r, &t);
    add_stages(r, &t);
    add_cost(r, &t);
    add_rests(r, &t);
    mho_i_html_end(&t);
    mho_status status = t.status;
    if (status == MHO_OK) {
        status = mho_i_file_write(ctx, path, t.data, t.len);
    }
    mho_i_text_free(&t);
    return status;
}
