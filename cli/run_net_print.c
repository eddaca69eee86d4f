/* run_net_print.c - the verdict on a network from a file: accuracy, layers, cost, what it assumes.
 */
#include "run_net.h"

#include <math.h>
#include <stdio.h>

static const char *quantity(double value, const char *unit, char buf[32]) {
    return isfinite(value) ? mho_quantity_format(value, unit, 3, buf, 32) : "-";
}

static const char *percent(double share, char buf[16]) {
    if (!isfinite(share)) {
        return "-";
    }
    snprintf(buf, 16, "%.2f %%", 100 * share);
    return buf;
}

static void accuracy_row(const char *name, double accuracy, double agreement, const char *note) {
    char a[16], b[16];
    printf("  %-16s%12s%12s   %s\n", name, percent(accuracy, a), percent(agreement, b), note);
}

static void print_accuracy(const mho_deploy_result *r) {
    char note[160];
    printf("%s on %zu pictures of %s; ranges from %zu others\n\n", r->network, r->n_image, r->data,
           r->map.n_sample);
    printf("  %-16s%12s%12s\n", "", r->labelled ? "accuracy" : "(no labels)", "agreement");
    accuracy_row("software", r->software_accuracy, 1, "the exact network");
    accuracy_row("ideal chip", r->ideal_accuracy, r->ideal_agreement,
                 "every imperfection off, nominal neurons");
    accuracy_row("digital ReLU", r->digital_accuracy, r->digital_agreement,
                 "one chip, with ADC, exact ReLU and DAC for the neurons");
    snprintf(note, sizeof note, "%s%zu chip%s, 95 %% interval of %s %.2f to %.2f %%",
             r->n_chip > 1 ? "mean of " : "", r->n_chip, r->n_chip == 1 ? "" : "s",
             r->labelled ? "accuracy" : "agreement", 100 * r->ci95[0], 100 * r->ci95[1]);
    accuracy_row("hardware", r->labelled ? r->mean : (double)NAN, r->agreement_mean, note);
    printf("  Agreement: share of pictures with the exact network's winner.\n\n");
}

static void print_stages(const mho_deploy_result *r) {
    printf("  %-24s %-28s %-17s %6s %9s %8s %7s %7s\n", "layer", "work", "end", "tiles", "cells",
           "neurons", "ideal", "chip 0");
    for (size_t k = 0; k < r->n_stage; k++) {
        const mho_stage_info *s = &r->stage[k].info;
        char ideal[16], chip[16], neurons[24] = "", cells[24] = "", tiles[24] = "";
        if (s->n_neuron) {
            snprintf(neurons, sizeof neurons, "%zu", s->n_neuron);
        }
        if (s->n_tile) {
            snprintf(tiles, sizeof tiles, "%zu", s->n_tile);
            snprintf(cells, sizeof cells, "%zu", s->n_cell);
        }
        printf("  %-24.24s %-28.28s %-17.17s %6s %9s %8s", s->name, s->work, s->end, tiles, cells,
               neurons);
        if (s->compute) {
            snprintf(ideal, sizeof ideal, "%.1f %%", 100 * s->rms_error_rel);
            snprintf(chip, sizeof chip, "%.1f %%", 100 * r->stage[k].chip_error_rel);
            printf(" %7s %7s", ideal, chip);
        }
        printf("\n");
    }
    printf("  %-24s %-28s %-17s %6zu %9zu %8zu\n", "together", "", "", r->map.n_tile, r->map.n_cell,
           r->map.n_neuron);
    printf(
        "  ideal, chip 0: rms error of what is stored against the exact network, over its spread.\n"
        "\n");
}

static void cost_cell(const mho_cost_sum *c, size_t k, const char *unit) {
    char buf[32];
    if (k < c->n_part) {
        printf("  %-18.18s%10s", c->part[k].name, quantity(c->part[k].value, unit, buf));
    } else {
        printf("  %28s", "");
    }
}

static void print_cost(const mho_deploy_result *r) {
    const mho_chip_cost *c = &r->cost;
    char e[32], l[32], a[32];
    size_t n = c->energy_J.n_part;
    n = c->latency_s.n_part > n ? c->latency_s.n_part : n;
    n = c->area_m2.n_part > n ? c->area_m2.n_part : n;
    printf("%-30s%-30s%s\n", "Energy per picture", "  Latency of a picture", "  Area of the chip");
    for (size_t k = 0; k < n; k++) {
        cost_cell(&c->energy_J, k, "J");
        cost_cell(&c->latency_s, k, "s");
        cost_cell(&c->area_m2, k, "m2");
        printf("\n");
    }
    printf("  %-18s%10s  %-18s%10s  %-18s%10s\n", "total", quantity(c->energy_J.total, "J", e),
           "total", quantity(c->latency_s.total, "s", l), "total",
           quantity(c->area_m2.total, "m2", a));
    printf("  With digital ReLU: %s and %s per picture, %s.\n\n",
           quantity(r->digital_cost.energy_J.total, "J", e),
           quantity(r->digital_cost.latency_s.total, "s", l),
           quantity(r->digital_cost.area_m2.total, "m2", a));
}

static void print_assumptions(const mho_deploy_result *r) {
    printf("What this rests on\n");
    printf("  - Inputs: %d-bit DAC, %s, full scale %.3g.\n", (int)r->spec.input_bits,
           r->map.bipolar_input ? "word lines driven both ways" : "positive", r->map.input_scale);
    printf("  - Weights: the largest of %s stands at g_max; a larger bias has several rows.\n",
           r->spec.weight_scale == MHO_SCALE_LAYER ? "a layer" : "each output");
    bool skip = false;
    for (size_t k = 0; k < r->n_stage; k++) {
        skip = skip || r->stage[k].info.n_skip || r->stage[k].info.n_array_layer > 1;
    }
    if (skip) {
        printf("  - Residual sums are currents that meet at the amplifier before the neuron; a "
               "stored\n    activation comes through a resistor of its own, taken as exact.\n");
    }
    printf("  - %s\n", r->map.share_changed
                           ? "Column pairs share a neuron: one for every activation would need "
                             "too many."
                       : r->map.share == MHO_SHARE_PER_COLUMN
                           ? "Column pairs share a neuron for all positions."
                           : "Every activation has a neuron of its own.");
    if (r->map.n_digital_stage) {
        printf("  - %zu stage%s end%s in ADC, digital function and DAC (column \"end\").\n",
               r->map.n_digital_stage, r->map.n_digital_stage == 1 ? "" : "s",
               r->map.n_digital_stage == 1 ? "s" : "");
    }
    printf("  - The network was not trained for this chip; gain and bias of every output were "
           "set\n    from the pictures of the calibration.\n\n");
}

static void print_rest(const mho_deploy_result *r) {
    char a[32], b[32], c[32], d[32];
    if (r->verified) {
        printf("Slow path: arrays within %.1e of the largest pre-activation, neurons %.1e of their "
               "span, %zu of %zu winners the same\n",
               r->verify.array_error_rel, r->verify.neuron_error_rel, r->verify.n_same,
               r->verify.n_image);
    }
    printf("Time:    design %s, a chip %s to programme and %s to evaluate, all %s\n",
           quantity(r->design_s, "s", a), quantity(r->program_s, "s", b),
           quantity(r->evaluate_s, "s", c), quantity(r->total_s, "s", d));
    printf("Memory:  %.0f MiB at most\n", (double)r->peak_byte / 1048576);
}

void run_net_print(const mho_deploy_result *r) {
    print_accuracy(r);
    print_stages(r);
    print_cost(r);
    print_assumptions(r);
    print_rest(r);
}
