/* run_cost.c - energy, latency and area of a run's chip, part by part, and what activation hardware
 * costs elsewhere. */
#include "report_int.h"

#include <math.h>

void mho_i_html_cost_table(mho_i_text *t, const char *title, const mho_cost_sum *c,
                           const char *unit) {
    mho_i_text_add(t, "<div>\n<table>\n<caption>%s</caption>\n<tbody>\n", title);
    for (size_t k = 0; k < c->n_part && k < MHO_COST_MAX_PART; k++) {
        double share = c->total > 0 ? c->part[k].value / c->total : 0;
        share = isfinite(share) ? fmin(fmax(share, 0), 1) : 0;
        mho_i_html_row(t, c->part[k].name);
        mho_i_text_add(t, "<td class=\"n\">");
        mho_i_html_quantity(t, c->part[k].value, unit, 3);
        mho_i_text_add(t,
                       "</td><td style=\"width:22%%\"><span class=\"bar\" "
                       "style=\"width:%.1f%%\"></span></td></tr>\n",
                       100 * share);
    }
    mho_i_text_add(t, "</tbody>\n<tbody><tr class=\"sum\"><th scope=\"row\">total</th>"
                      "<td class=\"n\">");
    mho_i_html_quantity(t, c->total, unit, 3);
    mho_i_text_add(t, "</td><td></td></tr></tbody>\n</table>\n</div>\n");
}

/* Their figure and, below it, how ours compares: "ours 3.2 x less". */
static void compared_cell(mho_i_text *t, double theirs, double ours, const char *unit,
                          const char *label) {
    double ratio = theirs / ours;
    mho_i_text_add(t, "<td class=\"n\" data-l=\"%s\">", label);
    mho_i_html_quantity(t, theirs, unit, 3);
    if (isfinite(ratio) && ratio > 0) {
        mho_i_text_add(t, "<br><span class=\"soft\">ours ");
        mho_i_html_number(t, ratio >= 1 ? ratio : 1 / ratio, ratio >= 1e3 || ratio < 1e-3 ? 2 : 3);
        mho_i_text_add(t, "&#160;&#215; %s</span>", ratio >= 1 ? "less" : "more");
    }
    mho_i_text_add(t, "</td>");
}

static void alternative_row(mho_i_text *t, const mho_alternative *a, double energy_J,
                            double area_m2) {
    mho_i_text_add(t, "<tr><th class=\"t\" scope=\"row\">");
    mho_i_html_text(t, a->name);
    mho_i_text_add(t, "<br><span class=\"soft\">");
    mho_i_html_text(t, a->note);
    mho_i_text_add(t, "</span></th>");
    compared_cell(t, a->energy_J, energy_J, "J", "energy ");
    compared_cell(t, a->area_m2, area_m2, "m2", "area ");
    mho_i_text_add(t, "<td class=\"t\">");
    mho_i_html_text(t, a->source);
    mho_i_text_add(t, "</td></tr>\n");
}

static void alternatives_table(const mho_run_result *r, mho_i_text *t) {
    double energy = r->cost.neuron_energy_J, area = r->cost.neuron_area_m2;
    mho_i_text_add(t, "<table class=\"alt stack\">\n<thead><tr>"
                      "<th>activation hardware</th><th class=\"n\">energy</th>"
                      "<th class=\"n\">area</th><th>given by</th></tr></thead>\n<tbody>\n"
                      "<tr class=\"own\"><th class=\"t\" scope=\"row\">this chip&#39;s neuron</th>"
                      "<td class=\"n\" data-l=\"energy \">");
    mho_i_html_quantity(t, energy, "J", 3);
    mho_i_text_add(t, "</td><td class=\"n\" data-l=\"area \">");
    mho_i_html_quantity(t, area, "m2", 3);
    mho_i_text_add(t,
                   "</td><td class=\"t\">this run: heater, film and trim, mean over all activations"
                   "</td>"
                   "</tr>\n");
    for (size_t k = 0; k < mho_alternative_count(); k++) {
        mho_alternative a = mho_alternative_get(k);
        alternative_row(t, &a, energy, area);
    }
    mho_i_text_add(t, "</tbody>\n</table>\n");
}

void mho_i_run_cost_html(const mho_run_result *r, mho_i_text *t) {
    const mho_chip_cost *c = &r->cost;
    mho_i_html_section(t, "cost", "Energy, latency and area");
    mho_i_text_add(t,
                   "<p>Per picture, from the voltages and currents that the first pictures of the "
                   "test set cause; the area is that of the whole chip. One picture takes %zu "
                   "neuron evaluations. With all layers working at once on different pictures, a "
                   "picture leaves every ",
                   c->n_activation);
    mho_i_html_quantity(t, c->pipelined_s, "s", 3);
    mho_i_text_add(t, ".</p>\n<div class=\"three\">\n");
    mho_i_html_cost_table(t, "Energy per picture", &c->energy_J, "J");
    mho_i_html_cost_table(t, "Latency of a picture", &c->latency_s, "s");
    mho_i_html_cost_table(t, "Area of the chip", &c->area_m2, "m2");
    mho_i_text_add(t, "</div>\n");
    if (!c->n_activation) {
        mho_i_text_add(t, "<p>No neurons: the activations are digital, behind ADCs.</p>\n");
        return;
    }
    mho_i_text_add(t, "<h3>One activation, beside what others use</h3>\n");
    alternatives_table(r, t);
    mho_i_text_add(
        t,
        "<p class=\"soft\">What is compared: the device that turns a column&#39;s signal into the "
        "next layer&#39;s input. Ours is the mean over all activations of heater, film and trim; "
        "the column amplifier and the row driver are in the tables above, because the other "
        "systems need theirs too. The other figures are their authors&#39;, for other processes "
        "and other loads, and none of them was measured beside ours: read the ratios as orders of "
        "magnitude.</p>\n");
}
