/* run_studies.c - mho run --ageing and --remedies: tables of the studies of mho/remedy.h. */
#include "cli.h"
#include "run_end.h"
#include "run_print.h"

#include <stdio.h>
#include <string.h>

static double half_width(const mho_score *s) {
    return 50 * (s->ci95[1] - s->ci95[0]);
}

/* "97.12 +- 0.35": percent and the half-width of its 95 % interval */
static const char *percent(const mho_score *s, char buf[32]) {
    snprintf(buf, 32, "%.2f +- %.2f", 100 * s->mean, half_width(s));
    return buf;
}

static void print_ageing(const mho_ageing_result *r) {
    char a[32], b[32], c[32];
    printf("LeNet-5 through a year; %s, %zu test pictures, %zu chips a row\n", r->data_name,
           r->n_image, r->n_chip);
    printf("Accuracy in percent, mean and 95 %% interval of the mean\n\n");
    printf("  %-7s %-8s %16s %16s %16s\n", "cells", "age", "as it is", "compensated", "gain");
    for (size_t k = 0; k < r->n_row; k++) {
        const mho_ageing_row *row = &r->row[k];
        printf("%s  %-7s %-8s %16s %16s %16s\n", k && k % MHO_AGEING_N_AGE == 0 ? "\n" : "",
               row->model, row->age, percent(&row->plain, a), percent(&row->compensated, b),
               percent(&row->gain, c));
    }
    printf("\nCompensated: a reference read rescales each layer (Joshi et al. 2020). %.0f s\n",
           r->total_s);
}

mho_status run_ageing(mho_ctx *ctx, const mho_remedy_opt *opt, const char *json_path) {
    mho_ageing_result *r = NULL;
    mho_status status = mho_ageing_run(ctx, opt, &r);
    cli_progress_end();
    if (status == MHO_OK && !run_is_quiet(json_path)) {
        print_ageing(r);
    }
    if (status == MHO_OK && json_path) {
        char *text;
        status = mho_ageing_json(ctx, r, &text);
        status = run_put_json(ctx, json_path, status, text);
    }
    mho_ageing_result_free(r);
    return status;
}

static void print_remedies(const mho_remedy_result *r) {
    char a[32], b[32], c[32];
    printf("LeNet-5 on chips made bad on purpose; %s, %zu test pictures, %zu chips a row\n",
           r->data_name, r->n_image, r->n_chip);
    printf("Accuracy in percent, mean and 95 %% interval of the mean; without any of it %.2f\n\n",
           100 * r->healthy);
    printf("  %-29s %15s %15s %15s\n", "remedy", "without", "with", "gain");
    for (size_t k = 0; k < r->n_row; k++) {
        const mho_remedy_row *row = &r->row[k];
        printf("  %-29s %15s %15s %15s\n      %s\n", row->name, percent(&row->without, a),
               percent(&row->with, b), percent(&row->gain, c), row->bad);
    }
    printf("\n%.0f s\n", r->total_s);
}

mho_status run_remedies(mho_ctx *ctx, const mho_remedy_opt *opt, const char *json_path) {
    mho_remedy_result *r = NULL;
    mho_status status = mho_remedy_run(ctx, opt, &r);
    cli_progress_end();
    if (status == MHO_OK && !run_is_quiet(json_path)) {
        print_remedies(r);
    }
    if (status == MHO_OK && json_path) {
        char *text;
        status = mho_remedy_json(ctx, r, &text);
        status = run_put_json(ctx, json_path, status, text);
    }
    mho_remedy_result_free(r);
    return status;
}
