/* device_design.c - mho device vo2-neuron --design relu: the data sheet of the designed neuron. */
#include "device_job.h"

#include "cli_json.h"

#include <stdio.h>
#include <string.h>

static void quantity(const char *name, double value, const char *unit, const char *remark) {
    char buf[40];
    printf("  %-24s %-12s %s\n", name, mho_quantity_format(value, unit, 4, buf, sizeof buf),
           remark);
}

static void percent(const char *name, double value, const char *remark) {
    char buf[40];
    snprintf(buf, sizeof buf, "%.2f %%", 100 * value);
    printf("  %-24s %-12s %s\n", name, buf, remark);
}

static void print_circuit(const mho_neuron_sheet *s) {
    const mho_neuron_design *d = &s->design;
    const mho_neuron_circuit *c = &d->circuit;
    char remark[80];
    printf("Working point\n");
    snprintf(remark, sizeof remark, "%.2f K over the base", d->rise_bias_K);
    quantity("bias", c->v_bias_V, "V", remark);
    snprintf(remark, sizeof remark, "to %.2f K at full scale", d->rise_full_K);
    quantity("swing", c->v_swing_V, "V", remark);
    quantity("amplifier", c->v_max_V, "V", "largest output that is used");
    quantity("series resistor", c->r_series_ohm, "ohm", "amplifier to heater");
    quantity("load", c->r_load_ohm, "ohm", "of the film");
    quantity("read bias", c->v_read_V, "V", "over film and load");
    printf("Transfer curve over z in [-1, 1]\n");
    percent("distance to a ReLU", d->relu_error_rel, "rms over the span");
    quantity("span", d->v_span_V, "V", "output at z = 1 minus z = -1");
    percent("floor", d->floor_rel, "output at z = -1 over z = 1");
    percent("memory", d->memory_rel, "largest effect of the evaluation before, after a reset");
}

static void print_cost(const mho_neuron_sheet *s) {
    const mho_neuron_design *d = &s->design;
    char remark[80], buf[40];
    printf("Time of an evaluation\n");
    snprintf(remark, sizeof remark, "reaches 1 %% after %s",
             mho_quantity_format(s->reset_1pct_s, "s", 3, buf, sizeof buf));
    quantity("reset", d->reset_s, "s", remark);
    snprintf(remark, sizeof remark, "output within 1 %% of the span after %s",
             mho_quantity_format(s->settle_1pct_s, "s", 3, buf, sizeof buf));
    quantity("settle", d->settle_s, "s", remark);
    quantity("read", d->read_s, "s", "");
    printf("Energy of an evaluation at z = 0.5, after one at full scale\n");
    quantity("delivered", s->energy_J, "J", "");
    quantity("  by the amplifier", s->source_heater_J, "J", "");
    quantity("  by the read bias", s->source_read_J, "J", "");
    percent("  heat in the heater", s->heater_J / s->energy_J, "");
    percent("  heat in the resistor", s->series_J / s->energy_J, "amplifier to heater");
    percent("  heat in the film", s->film_J / s->energy_J, "");
    percent("  heat in the load", s->load_J / s->energy_J, "");
    printf("  %-24s %.1e      of what was delivered\n", "balance closes to", s->balance_rel);
}

static void print_spread(const mho_neuron_sheet *s) {
    printf("Spread: what one standard deviation does\n"
           "  %-12s %12s %20s %24s\n",
           "parameter", "sigma", "input shift at 0.5", "largest output change");
    for (int k = 0; k < MHO_SHEET_SPREAD; k++) {
        const mho_sheet_spread *p = &s->spread[k];
        char sigma[40];
        if (*p->unit) {
            snprintf(sigma, sizeof sigma, "%.3g %s", p->sigma, p->unit);
        } else {
            snprintf(sigma, sizeof sigma, "%.3g %%", 100 * p->sigma);
        }
        printf("  %-12s %12s %+20.4f %22.2f %%\n", p->key, sigma, p->input_z, 100 * p->output_rel);
    }
    printf("  %-12s %12s %20.4f %22.2f %%\n", "all", "", s->total_input_z,
           100 * s->total_output_rel);
    printf("Input shifts are in units of full scale, output changes of the span; a trim of each\n"
           "bias takes most of it away (mho run, trim_bits).\n");
}

static json_t *spread_json(const mho_neuron_sheet *s) {
    json_t *list = json_array();
    for (int k = 0; k < MHO_SHEET_SPREAD; k++) {
        const mho_sheet_spread *p = &s->spread[k];
        json_array_append_new(list, json_pack("{s:s,s:f,s:s,s:f,s:f}", "key", p->key, "sigma",
                                              p->sigma, "unit", p->unit, "input_z", p->input_z,
                                              "output_rel", p->output_rel));
    }
    return list;
}

static json_t *sheet_json(const mho_neuron_sheet *s) {
    const mho_neuron_design *d = &s->design;
    const mho_neuron_circuit *c = &d->circuit;
    return json_pack(
        "{s:{s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:f}, s:{s:f,s:f,s:f,s:f}, s:{s:f,s:f,s:f,s:f,s:f},"
        " s:{s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:f}, s:o, s:{s:f,s:f}}",
        "circuit", "v_bias_V", c->v_bias_V, "v_swing_V", c->v_swing_V, "v_max_V", c->v_max_V,
        "r_series_ohm", c->r_series_ohm, "r_load_ohm", c->r_load_ohm, "v_read_V", c->v_read_V,
        "rise_bias_K", d->rise_bias_K, "rise_full_K", d->rise_full_K, "transfer", "relu_error_rel",
        d->relu_error_rel, "v_span_V", d->v_span_V, "floor_rel", d->floor_rel, "memory_rel",
        d->memory_rel, "time", "reset_s", d->reset_s, "settle_s", d->settle_s, "read_s", d->read_s,
        "settle_1pct_s", s->settle_1pct_s, "reset_1pct_s", s->reset_1pct_s, "energy", "total_J",
        s->energy_J, "amplifier_J", s->source_heater_J, "read_bias_J", s->source_read_J, "heater_J",
        s->heater_J, "series_J", s->series_J, "film_J", s->film_J, "load_J", s->load_J,
        "balance_rel", s->balance_rel, "spread", spread_json(s), "spread_all", "input_z",
        s->total_input_z, "output_rel", s->total_output_rel);
}

int device_design(mho_ctx *ctx, const device_job *j) {
    mho_neuron_param p;
    mho_neuron_sheet s;
    mho_status status = mho_card_to_neuron(ctx, j->card, &p);
    if (status == MHO_OK) {
        status = mho_neuron_sheet_make(ctx, &p, j->v_max_V, j->z_max, &s);
    }
    if (status != MHO_OK) {
        return cli_fail(ctx, status);
    }
    if (!j->json_path || strcmp(j->json_path, "-") != 0) {
        print_circuit(&s);
        print_cost(&s);
        print_spread(&s);
    }
    status = j->json_path ? cli_json_save(ctx, sheet_json(&s), j->json_path) : MHO_OK;
    return status < 0 ? cli_fail(ctx, status) : CLI_DONE;
}
