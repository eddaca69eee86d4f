/* learn_xor.c - mho learn xor and mho learn parity: what one neuron with dendrites computes, with
 * which margin, and how much spread it stands. */
#include "learn.h"

#include "cli_json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct dendrite_args {
    long n_seed, n_neuron, n_bit;
    double rho, spread;
    uint64_t seed;
    const char *json, *report;
} dendrite_args;

static const dendrite_args defaults = {
    .n_seed = 5, .n_neuron = 10000, .n_bit = 3, .rho = 9, .spread = -1, .seed = 1};

static json_t *seed_json(uint64_t seed) {
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)seed);
    return seed <= INT64_MAX ? json_integer((json_int_t)seed) : json_string(text);
}

static json_t *numbers(size_t n, const double *x) {
    json_t *a = json_array();
    for (size_t k = 0; k < n; k++) {
        json_array_append_new(a, json_real(x[k]));
    }
    return a;
}

static int check_args(const dendrite_args *a) {
    if (a->n_seed < 1 || a->n_seed > 1000) {
        return cli_usage_error("--seeds %ld: allowed are 1 to 1000", a->n_seed);
    }
    if (a->n_neuron < 1 || a->n_neuron > 10000000) {
        return cli_usage_error("--neurons %ld: allowed are 1 to 10000000", a->n_neuron);
    }
    if (a->spread != -1 && !(a->spread >= 0 && a->spread <= 2)) {
        return cli_usage_error("--spread %g: allowed are 0 to 2 (200 %%)", a->spread);
    }
    return -1;
}

/* spreads to try: the one that was asked for, or 0 to 40 % */
static size_t spreads(const dendrite_args *a, double out[MHO_XOR_MAX_POINT]) {
    if (a->spread >= 0) {
        out[0] = a->spread;
        return 1;
    }
    for (int k = 0; k <= 8; k++) {
        out[k] = 0.05 * k;
    }
    return 9;
}

/* ---- xor ---- */

static void print_xor(const mho_xor_result *r) {
    static const char *const cases[] = {"0  0", "1  0", "0  1", "1  1"};
    const double closed[] = {0, r->closed.y10_rel, r->closed.y10_rel, r->closed.y11_rel};
    double v0 = r->design.v0_V;
    char a[40], b[40], c[40];
    printf("XOR in one neuron: two dendrites, each shunted by the light of the other's input\n"
           "rho %g, V0 %s, branch %s, shunt %s at %.4g P0\n\n",
           r->design.rho, mho_quantity_format(v0, "V", 3, a, sizeof a),
           mho_quantity_format(r->design.excite_S, "S", 3, b, sizeof b),
           mho_quantity_format(r->design.shunt_S, "S", 3, c, sizeof c), r->design.power_rel);
    printf("x1 x2   y/V0 closed form   circuit    on cells\n");
    for (int k = 0; k < 4; k++) {
        printf(" %s   %16.5f  %8.5f   %9.6f\n", cases[k], closed[k], r->y_circuit_V[k] / v0,
               r->y_cells_V[k] / v0);
    }
    printf("margin   %15.5f  %8.5f   %9.6f\n", r->closed.margin_rel, r->circuit.margin_V / v0,
           r->cells.margin_V / v0);
    printf("right    %15s  %6zu/4   %7zu/4\n", "4/4", r->circuit.n_right, r->cells.n_right);
    printf("\n%zu x %zu random neurons, fixed threshold %.4g V0\n", r->n_seed, r->n_neuron,
           r->closed.threshold_rel);
    printf("spread     yield   sd of seeds   integral   branches alone\n");
    for (size_t k = 0; k < r->n_point; k++) {
        const mho_xor_point *p = &r->point[k];
        printf("%5.1f %%  %7.3f %%    %5.3f %%   %7.3f %%   %7.3f %%\n", 100 * p->spread,
               100 * p->yield, 100 * p->yield_sd, 100 * p->integral, 100 * p->bound);
    }
    printf("\nlight: %s a pattern, mean (25 time constants, P0 as in the card)\n",
           mho_quantity_format(r->optical_J, "J", 3, a, sizeof a));
}

static json_t *xor_json(const mho_xor_result *r) {
    json_t *points = json_array();
    for (size_t k = 0; k < r->n_point; k++) {
        const mho_xor_point *p = &r->point[k];
        json_array_append_new(points, json_pack("{s:f, s:f, s:f, s:f, s:f}", "spread", p->spread,
                                                "yield", p->yield, "yield_sd", p->yield_sd,
                                                "integral", p->integral, "bound", p->bound));
    }
    return json_pack(
        "{s:s, s:s, s:f, s:f, s:o, s:o, s:{s:f, s:f, s:f}, s:i, s:i, s:f, s:I, s:I, s:o, s:o}",
        "version", mho_version(), "task", "xor", "rho", r->design.rho, "v0_V", r->design.v0_V,
        "y_circuit_V", numbers(4, r->y_circuit_V), "y_cells_V", numbers(4, r->y_cells_V),
        "margin_rel", "closed_form", r->closed.margin_rel, "circuit",
        r->circuit.margin_V / r->design.v0_V, "cells", r->cells.margin_V / r->design.v0_V,
        "right_circuit", (int)r->circuit.n_right, "right_cells", (int)r->cells.n_right, "optical_J",
        r->optical_J, "seeds", (json_int_t)r->n_seed, "neurons", (json_int_t)r->n_neuron, "seed",
        seed_json(r->seed), "yield", points);
}

static int run_xor(mho_ctx *ctx, const dendrite_args *a) {
    double spread[MHO_XOR_MAX_POINT];
    size_t n = spreads(a, spread);
    mho_opto_param param = mho_opto_card();
    mho_xor_result r;
    mho_status status = a->report ? mho_run_report_ready(ctx, a->report) : MHO_OK;
    if (status == MHO_OK) {
        status = mho_xor_study(ctx, &param, a->rho, a->seed, (size_t)a->n_seed, (size_t)a->n_neuron,
                               spread, n, &r);
    }
    cli_progress_end();
    if (status == MHO_OK && a->report) {
        status = mho_xor_report_html(ctx, &r, a->report);
    }
    if (status != MHO_OK) {
        return cli_fail(ctx, status);
    }
    if (!a->json || strcmp(a->json, "-") != 0) {
        print_xor(&r);
    }
    status = a->json ? cli_json_save(ctx, xor_json(&r), a->json) : MHO_OK;
    return status < 0 ? cli_fail(ctx, status) : CLI_DONE;
}

int learn_xor(int argc, char **argv) {
    dendrite_args a = defaults;
    const cli_option options[] = {
        {"seeds", CLI_COUNT, &a.n_seed, "N", NULL, "groups of random neurons [5]"},
        {"neurons", CLI_COUNT, &a.n_neuron, "N", NULL, "random neurons in a group [10000]"},
        {"rho", CLI_NUMBER, &a.rho, "R", "", "shunt over leak and excitation, above 1 [9]"},
        {"spread", CLI_NUMBER, &a.spread, "X", "",
         "spread of every conductance, such as 20% [0 to 40 %]"},
        {"seed", CLI_SEED, &a.seed, "S", NULL, "of the random numbers [1]"},
        {"json", CLI_MAYBE, &a.json, "[FILE]", NULL, "results as JSON, to standard output or FILE"},
        {"report", CLI_FILE, &a.report, "FILE", NULL, "HTML page with the yield curve"},
        {NULL, CLI_FLAG, NULL, NULL, NULL, NULL}};
    const cli_command self = {"learn xor", "XOR in one neuron with two shunting dendrites.",
                              "[OPTIONS]", "mho learn xor --rho 9 --report xor.html",
                              NULL,        false};
    const char *none[1];
    int rc = cli_parse(&self, options, argc, argv, none, 0);
    rc = rc >= 0 ? rc : check_args(&a);
    if (rc >= 0) {
        return rc;
    }
    mho_ctx *ctx = cli_ctx(0);
    rc = ctx ? run_xor(ctx, &a) : cli_no_ctx();
    mho_ctx_free(ctx);
    return rc;
}

/* ---- parity ---- */

typedef struct parity_result {
    mho_dendrite_design design;
    mho_dendrite tree;
    double y_V[1 << MHO_DENDRITE_MAX_BIT], cells_V[1 << MHO_DENDRITE_MAX_BIT];
    mho_dendrite_margin circuit, cells;
    size_t n_point;
    double spread[MHO_XOR_MAX_POINT], yield[MHO_XOR_MAX_POINT];
} parity_result;

static mho_status study_parity(mho_ctx *ctx, const dendrite_args *a, parity_result *r) {
    mho_opto_param param = mho_opto_card();
    mho_status status = mho_dendrite_design_rho(ctx, &param, a->rho, &r->design);
    if (status == MHO_OK) {
        status = mho_dendrite_parity(ctx, &r->design, (size_t)a->n_bit, &r->tree);
    }
    double v0 = r->design.v0_V;
    if (status == MHO_OK) {
        status = mho_dendrite_separate(ctx, &r->tree, v0, r->y_V, &r->circuit);
    }
    if (status == MHO_OK) {
        status = mho_dendrite_separate_cells(ctx, &param, &r->design, &r->tree, a->seed, false,
                                             r->cells_V, &r->cells, NULL);
    }
    r->n_point = spreads(a, r->spread);
    for (size_t k = 0; status == MHO_OK && k < r->n_point; k++) {
        status = mho_dendrite_yield(ctx, &r->tree, r->circuit.threshold_V / v0, r->spread[k],
                                    a->seed, 0, (size_t)a->n_neuron, &r->yield[k]);
    }
    return status;
}

static void print_parity(const parity_result *r, const dendrite_args *a) {
    size_t n_pattern = (size_t)1 << r->tree.n_bit;
    double v0 = r->design.v0_V;
    printf("parity of %ld bits in one neuron: a tree of %zu branches, rho %g, every bit and its "
           "complement as light\n\n",
           a->n_bit, r->tree.n_branch, r->design.rho);
    if (n_pattern <= 16) {
        printf("bits   y/V0 circuit   on cells   odd\n");
        for (uint32_t p = 0; p < n_pattern; p++) {
            char bits[MHO_DENDRITE_MAX_BIT + 1] = "";
            for (size_t k = 0; k < r->tree.n_bit; k++) {
                bits[k] = p >> k & 1u ? '1' : '0';
            }
            printf("%-6s %12.5f %10.5f   %s\n", bits, r->y_V[p] / v0, r->cells_V[p] / v0,
                   r->y_V[p] > r->circuit.threshold_V ? "yes" : "no");
        }
        printf("\n");
    }
    printf("right   %zu of %zu patterns (on cells %zu)\n", r->circuit.n_right, n_pattern,
           r->cells.n_right);
    printf("margin  %.5f V0 (on cells %.5f), threshold %.5f V0\n", r->circuit.margin_V / v0,
           r->cells.margin_V / v0, r->circuit.threshold_V / v0);
    printf("\nspread     yield of %ld random neurons\n", a->n_neuron);
    for (size_t k = 0; k < r->n_point; k++) {
        printf("%5.1f %%  %7.2f %%\n", 100 * r->spread[k], 100 * r->yield[k]);
    }
}

static json_t *parity_json(const parity_result *r, const dendrite_args *a) {
    size_t n_pattern = (size_t)1 << r->tree.n_bit;
    double v0 = r->design.v0_V;
    return json_pack("{s:s, s:s, s:i, s:i, s:f, s:f, s:o, s:o, s:f, s:f, s:i, s:i, s:I, s:o, s:o, "
                     "s:o}",
                     "version", mho_version(), "task", "parity", "bits", (int)r->tree.n_bit,
                     "branches", (int)r->tree.n_branch, "rho", r->design.rho, "v0_V", v0,
                     "y_circuit_V", numbers(n_pattern, r->y_V), "y_cells_V",
                     numbers(n_pattern, r->cells_V), "margin_circuit_rel", r->circuit.margin_V / v0,
                     "margin_cells_rel", r->cells.margin_V / v0, "right_circuit",
                     (int)r->circuit.n_right, "right_cells", (int)r->cells.n_right, "neurons",
                     (json_int_t)a->n_neuron, "seed", seed_json(a->seed), "spread",
                     numbers(r->n_point, r->spread), "yield", numbers(r->n_point, r->yield));
}

static int run_parity(mho_ctx *ctx, const dendrite_args *a) {
    parity_result r = {0};
    mho_status status = study_parity(ctx, a, &r);
    if (status != MHO_OK) {
        return cli_fail(ctx, status);
    }
    if (!a->json || strcmp(a->json, "-") != 0) {
        print_parity(&r, a);
    }
    status = a->json ? cli_json_save(ctx, parity_json(&r, a), a->json) : MHO_OK;
    return status < 0 ? cli_fail(ctx, status) : CLI_DONE;
}

int learn_parity(int argc, char **argv) {
    dendrite_args a = defaults;
    a.n_neuron = 2000;
    const cli_option options[] = {
        {"bits", CLI_COUNT, &a.n_bit, "N", NULL, "2 to 8 [3]"},
        {"neurons", CLI_COUNT, &a.n_neuron, "N", NULL, "random neurons [2000]"},
        {"rho", CLI_NUMBER, &a.rho, "R", "", "shunt over leak and excitation [9]"},
        {"spread", CLI_NUMBER, &a.spread, "X", "",
         "spread of every conductance, such as 20% [0 to 40 %]"},
        {"seed", CLI_SEED, &a.seed, "S", NULL, "of the random numbers [1]"},
        {"json", CLI_MAYBE, &a.json, "[FILE]", NULL, "results as JSON, to standard output or FILE"},
        {NULL, CLI_FLAG, NULL, NULL, NULL, NULL}};
    const cli_command self = {"learn parity", "Parity in one neuron with a tree of dendrites.",
                              "[OPTIONS]",    "mho learn parity --bits 4",
                              NULL,           false};
    const char *none[1];
    int rc = cli_parse(&self, options, argc, argv, none, 0);
    rc = rc >= 0 ? rc : check_args(&a);
    if (rc < 0 && (a.n_bit < 2 || a.n_bit > MHO_DENDRITE_MAX_BIT)) {
        rc = cli_usage_error("--bits %ld: allowed are 2 to %d", a.n_bit, MHO_DENDRITE_MAX_BIT);
    }
    if (rc >= 0) {
        return rc;
    }
    mho_ctx *ctx = cli_ctx(0);
    rc = ctx ? run_parity(ctx, &a) : cli_no_ctx();
    mho_ctx_free(ctx);
    return rc;
}
