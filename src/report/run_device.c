/* run_device.c - what a run's chip is made of: the neuron's working point, programming, and the
 * table of every parameter with its source. */
#include "report_int.h"

#include "chip/spec_int.h"

#include <math.h>
#include <string.h>

typedef struct fact {
    const char *name;
    double value;
    const char *unit; /* NULL: a share, shown in percent */
} fact;

static void fact_table(mho_i_text *t, const char *caption, const fact *facts, size_t n) {
    mho_i_text_add(t, "<div><table>\n<caption>%s</caption>\n<tbody>\n", caption);
    for (size_t k = 0; k < n; k++) {
        mho_i_html_row(t, facts[k].name);
        mho_i_text_add(t, "<td class=\"n\">");
        if (!facts[k].unit && facts[k].value != 0 && fabs(facts[k].value) < 5e-5) {
            mho_i_html_number(t, facts[k].value, 1);
        } else if (!facts[k].unit) {
            mho_i_html_percent(t, facts[k].value, fabs(facts[k].value) < 0.01 ? 2 : 1);
        } else if (strcmp(facts[k].unit, "K") == 0) {
            mho_i_html_number(t, facts[k].value, 3);
            mho_i_text_add(t, "&#160;K");
        } else {
            mho_i_html_quantity(t, facts[k].value, facts[k].unit, 3);
        }
        mho_i_text_add(t, "</td></tr>\n");
    }
    mho_i_text_add(t, "</tbody>\n</table></div>\n");
}

void mho_i_run_device_html(const mho_run_result *r, mho_i_text *t) {
    const mho_neuron_design *d = &r->neuron;
    const mho_neuron_circuit *c = &d->circuit;
    const fact point[] = {{"bias at the knee, z = 0", c->v_bias_V, "V"},
                          {"swing to z = 1", c->v_swing_V, "V"},
                          {"largest amplifier output", c->v_max_V, "V"},
                          {"series resistor", c->r_series_ohm, "ohm"},
                          {"load resistor", c->r_load_ohm, "ohm"},
                          {"read bias of the film", c->v_read_V, "V"},
                          {"temperature rise at z = 0", d->rise_bias_K, "K"},
                          {"temperature rise at z = 1", d->rise_full_K, "K"}};
    const fact quality[] = {{"distance from a ReLU, rms over span", d->relu_error_rel, NULL},
                            {"memory of the evaluation before", d->memory_rel, NULL},
                            {"output at z = −1 over that at z = 1", d->floor_rel, NULL},
                            {"output span", d->v_span_V, "V"},
                            {"energy of an evaluation at z = 0", d->energy_J, "J"},
                            {"mean energy of an activation", r->cost.neuron_energy_J, "J"},
                            {"area with trim DAC", r->cost.neuron_area_m2, "m2"}};
    const fact times[] = {{"thermal time constant", d->tau_s, "s"},
                          {"reset", d->reset_s, "s"},
                          {"settling", d->settle_s, "s"},
                          {"reading", d->read_s, "s"},
                          {"evaluation, together", d->reset_s + d->settle_s + d->read_s, "s"}};
    mho_i_text_add(t, "<div class=\"three\">\n");
    fact_table(t, "Working point", point, sizeof point / sizeof *point);
    fact_table(t, "How good a rectifier", quality, sizeof quality / sizeof *quality);
    fact_table(t, "Time", times, sizeof times / sizeof *times);
    mho_i_text_add(t, "</div>\n");
}

void mho_i_run_program_html(const mho_run_result *r, mho_i_text *t) {
    const mho_program_report *p = &r->program;
    double cells = p->write.cells > 0 ? (double)p->write.cells : NAN;
    const fact facts[] = {{"arrays", (double)p->n_array, ""},
                          {"cells", (double)p->n_cell, ""},
                          {"neurons", (double)p->n_neuron, ""},
                          {"neurons whose trim reached its end", (double)p->n_trim_clipped, ""},
                          {"write attempts per cell", (double)p->write.attempts / cells, ""},
                          {"error left, rms over the conductance range", p->write.error_rel, NULL},
                          {"energy to write", p->write.energy_J, "J"},
                          {"time to write, one cell after another", p->write.time_s, "s"}};
    mho_i_text_add(t, "<div class=\"narrow\">");
    fact_table(t, "Programming chip 0", facts, sizeof facts / sizeof *facts);
    mho_i_text_add(t, "</div>\n");
}

static const char *mark_text(char mark) {
    switch (mark) {
    case 'P':
        return "published";
    case 'C':
        return "computed";
    case 'F':
        return "chip file";
    default:
        return "assumed";
    }
}

static void section_rows(const mho_run_result *r, const char *section, mho_i_text *t) {
    mho_i_text_add(t,
                   "<tbody class=\"head\"><tr><th colspan=\"4\" scope=\"rowgroup\">%s</th></tr>"
                   "</tbody>\n<tbody>\n",
                   section);
    for (size_t k = 0; k < mho_chip_param_count(); k++) {
        const char *where;
        mho_param_info info = mho_chip_param_describe(&r->spec, k, &where);
        if (strcmp(where, section) != 0) {
            continue;
        }
        mho_i_text_add(t, "<tr><th scope=\"row\"><code>");
        mho_i_html_text(t, info.key);
        mho_i_text_add(t, "</code></th><td class=\"n\">");
        char value[48];
        mho_i_html_value(t, mho_i_chip_param_text(k, info.unit, mho_chip_param_get(&r->spec, k), 5,
                                                  value, sizeof value));
        mho_i_text_add(t, "</td><td class=\"t\">");
        mho_i_html_text(t, info.help);
        mho_i_text_add(t, "</td><td class=\"t\">%s<br><span class=\"soft\">", mark_text(info.mark));
        mho_i_html_text(t, info.source);
        mho_i_text_add(t, "</span></td></tr>\n");
    }
    mho_i_text_add(t, "</tbody>\n");
}

void mho_i_run_sources_html(const mho_run_result *r, mho_i_text *t) {
    static const char *const sections[] = {"synapse", "array", "neuron", "periphery", "cost"};
    static const char *const mixing[] = {"series", "Bruggeman, two dimensions",
                                         "Bruggeman, three dimensions", "general effective medium"};
    mho_i_html_section(t, "sources", "Assumptions and sources");
    mho_i_text_add(t, "<p>Neuron card ");
    mho_i_html_text(t, *r->spec.neuron_card_file ? r->spec.neuron_card_file : r->spec.neuron_card);
    mho_i_text_add(t, ", mixing law %s, %s. Synapses: CBRAM, differential pairs.</p>\n",
                   (unsigned)r->spec.neuron.mixing < 4 ? mixing[r->spec.neuron.mixing] : "?",
                   r->spec.share == MHO_SHARE_PER_COLUMN ? "one neuron for each column pair"
                                                         : "one neuron for each activation");
    mho_i_text_add(
        t,
        "<p>What the model leaves out: the neuron is evaluated at the end of its settling time, "
        "from the state that the reset leaves, without the transient in between; conductances do "
        "not drift or age between programming and reading; wires are resistances without "
        "capacitance; amplifiers and drivers have gain, swing and noise but no bandwidth.</p>\n"
        "<p>Every parameter of the chip follows, with where its value comes from: "
        "<em>published</em> is read in the source named, <em>computed</em> by us from published "
        "data, <em>assumed</em> by us without a measurement, <em>chip file</em> set by the user."
        "</p>\n<table class=\"stack\">\n<thead><tr><th>key</th>"
        "<th class=\"n\">value</th><th>meaning</th><th>source</th></tr></thead>\n");
    for (size_t k = 0; k < sizeof sections / sizeof *sections; k++) {
        section_rows(r, sections[k], t);
    }
    mho_i_text_add(t, "</table>\n");
}
