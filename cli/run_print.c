/* run_print.c - accuracy, loss budget, cost with its alternatives, check, time. */
#include "run_print.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *quantity(double value, const char *unit, char buf[32]) {
    if (!isfinite(value)) {
        return "-";
    }
    return mho_quantity_format(value, unit, 3, buf, 32);
}

/* ---- accuracy ---- */

static void accuracy_line(const char *name, double value, const char *note) {
    if (isfinite(value)) {
        printf("  %-27s%8.2f %%%s%s\n", name, 100 * value, *note ? "   " : "", note);
    }
}

static void print_accuracy(const mho_run_result *r) {
    char note[120];
    printf("Accuracy\n");
    accuracy_line("software", r->software_accuracy, "same weights, exact arithmetic and ReLU");
    accuracy_line("nominal neuron curve", r->curve_accuracy, "exact arithmetic");
    accuracy_line("ideal chip", r->ideal_accuracy, "every imperfection off");
    snprintf(note, sizeof note, "%s%zu chip%s, 95 %% interval %.2f to %.2f %%",
             r->n_chip > 1 ? "mean of " : "", r->n_chip, r->n_chip == 1 ? "" : "s",
             100 * r->ci95[0], 100 * r->ci95[1]);
    accuracy_line("hardware", r->mean, note);
    if (r->n_budget) {
        accuracy_line("without bias trim", r->no_trim_accuracy, "one-time trim of every neuron");
        accuracy_line("without wire compensation", r->no_compensate_accuracy,
                      "targets that make up for the wires");
    }
    printf("  The paper's own figure, on MNIST: %.2f %% (%s).\n", 100 * r->published_accuracy,
           r->published_source);
}

/* ---- loss budget ---- */

static void print_budget(const mho_run_result *r) {
    size_t order[64];
    if (r->n_budget == 0 || r->n_budget > 64) {
        return;
    }
    for (size_t k = 0; k < r->n_budget; k++) { /* most damage alone first */
        size_t j = k;
        for (; j > 0 && r->budget[order[j - 1]].only > r->budget[k].only; j--) {
            order[j] = order[j - 1];
        }
        order[j] = k;
    }
    printf("\nLoss budget: percentage points lost against the ideal chip, mean of %zu chip%s\n",
           r->n_budget_chip, r->n_budget_chip == 1 ? "" : "s");
    printf("  %-16s%7s%14s\n", "", "alone", "all but this");
    for (size_t k = 0; k < r->n_budget; k++) {
        const mho_budget_row *b = &r->budget[order[k]];
        printf("  %-16s%7.2f%14.2f   %.58s\n", b->name, 100 * (r->ideal_accuracy - b->only),
               100 * (r->ideal_accuracy - b->all_but), b->text);
    }
    printf("  %-16s%7.2f\n", "all together", 100 * (r->ideal_accuracy - r->mean));
}

/* ---- cost ---- */

static void cost_cell(const mho_cost_sum *c, size_t k, const char *unit) {
    char buf[32];
    if (k < c->n_part) {
        printf("  %-18.18s%10s", c->part[k].name, quantity(c->part[k].value, unit, buf));
    } else {
        printf("  %28s", "");
    }
}

static void print_cost(const mho_run_result *r) {
    const mho_chip_cost *c = &r->cost;
    char e[32], l[32], a[32];
    size_t n = c->energy_J.n_part;
    n = c->latency_s.n_part > n ? c->latency_s.n_part : n;
    n = c->area_m2.n_part > n ? c->area_m2.n_part : n;
    printf("\n%-30s%-30s%s\n", "Energy per picture", "  Latency of a picture",
           "  Area of the chip");
    for (size_t k = 0; k < n; k++) {
        cost_cell(&c->energy_J, k, "J");
        cost_cell(&c->latency_s, k, "s");
        cost_cell(&c->area_m2, k, "m2");
        printf("\n");
    }
    printf("  %-18s%10s  %-18s%10s  %-18s%10s\n", "total", quantity(c->energy_J.total, "J", e),
           "total", quantity(c->latency_s.total, "s", l), "total",
           quantity(c->area_m2.total, "m2", a));
}

static const char *ratio_text(double theirs, double ours, char buf[32]) {
    double ratio = theirs / ours;
    if (!isfinite(ratio) || ratio <= 0) {
        return "";
    }
    double big = ratio >= 1 ? ratio : 1 / ratio;
    snprintf(buf, 32, big < 1000 ? "%.3g x %s" : "%.0f x %s", big, ratio >= 1 ? "less" : "more");
    return buf;
}

static void print_alternatives(const mho_run_result *r) {
    const mho_chip_cost *c = &r->cost;
    char e[32], a[32], re[32], ra[32];
    if (!c->n_activation) {
        printf("\nNo neurons: the activations are digital, behind ADCs.\n");
        return;
    }
    printf("\nOne activation%44s%12s%12s%13s\n", "energy", "ours", "area", "ours");
    printf("  %-46s%10s%12s%12s\n", "this chip: heater, film, trim",
           quantity(c->neuron_energy_J, "J", e), "", quantity(c->neuron_area_m2, "m2", a));
    for (size_t k = 0; k < mho_alternative_count(); k++) {
        mho_alternative x = mho_alternative_get(k);
        bool known = isfinite(x.energy_J) || isfinite(x.area_m2);
        if (!known) {
            printf("  %-46.46s%10s   published as a ratio only\n", x.name, "-");
            continue;
        }
        printf("  %-46.46s%10s%12s", x.name, quantity(x.energy_J, "J", e),
               ratio_text(x.energy_J, c->neuron_energy_J, re));
        if (isfinite(x.area_m2)) {
            printf("%12s%13s", quantity(x.area_m2, "m2", a),
                   ratio_text(x.area_m2, c->neuron_area_m2, ra));
        }
        printf("\n");
    }
    printf("  Published or computed for other processes and loads: orders of magnitude. The report "
           "has\n  the source and the assumption of each.\n");
}

/* ---- trust and time ---- */

static void print_verify(const mho_run_result *r) {
    const mho_chip_verify *v = &r->verify;
    if (!r->verified) {
        return;
    }
    printf(
        "\nFast against slow path, %zu picture%s: arrays differ by %.2g (%.1f digits), neurons by "
        "%.2g of\n  span; Kirchhoff residual %.2g; the class agrees for %zu of %zu\n",
        v->n_image, v->n_image == 1 ? "" : "s", v->array_error_rel,
        v->array_error_rel > 0 ? -log10(v->array_error_rel) : 16, v->neuron_error_rel,
        v->residual_rel, v->n_same, v->n_image);
    if (v->n_time) {
        printf("  Every neuron in time (full scale, reset, settle, read; %zu of them): %.2g of "
               "span at "
               "most from the\n  static curve, %.2g rms\n",
               v->n_time, v->time_error_rel, v->time_rms_rel);
    }
}

static void print_seconds(const mho_run_result *r) {
    printf("\nSeconds: training %.3g%s; per chip programming %.3g, evaluation %.3g", r->train_s,
           r->train.from_cache ? " (from the cache)" : "", r->program_s, r->evaluate_s);
    if (r->n_budget) {
        printf(";\n  loss budget %.3g", r->budget_s);
    }
    if (r->verified) {
        printf("; verification %.3g", r->verify_s);
    }
    printf("; all %.0f\n", r->total_s);
}

void run_print(const mho_run_result *r) {
    printf("LeNet-5 on %s; %s, %zu test pictures; seed %" PRIu64 "\n\n", mho_chip_made_of(&r->spec),
           r->data_name, r->n_image, r->seed);
    print_accuracy(r);
    print_budget(r);
    print_cost(r);
    print_alternatives(r);
    print_verify(r);
    print_seconds(r);
}
