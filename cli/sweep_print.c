/* sweep_print.c - a study and its result on the terminal. */
#include "sweep_print.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_ROW = 24, MAX_COLUMN = 4 };

static const char *axis_value(const mho_sweep_axis *a, double x, char buf[40]) {
    return mho_sweep_axis_text(a, x, buf, 40);
}

/* "array.wire": every key begins with chip. */
static const char *short_key(const mho_sweep_axis *a) {
    return strncmp(a->key, "chip.", 5) == 0 ? a->key + 5 : a->key;
}

static const char *quantity(double x, const char *unit, char buf[40]) {
    return isfinite(x) ? mho_quantity_format(x, unit, 3, buf, 40) : "-";
}

static void print_one(const mho_sweep_result *r) {
    const mho_sweep_point *p = &r->point[0];
    printf("  mean accuracy    %8.3f %%   95 %% interval %.3f to %.3f %%\n",
           100 * p->mean[MHO_METRIC_ACCURACY], 100 * p->ci95[0], 100 * p->ci95[1]);
    printf("  spread           %8.3f %%   standard deviation over chips\n",
           100 * p->sd[MHO_METRIC_ACCURACY]);
    printf("  worst chip       %8.3f %%   number %zu\n", 100 * p->min, p->worst);
    if (isfinite(p->yield)) {
        printf(
            "  yield            %8.2f %%   %zu of %zu reach %.4g %%; 95 %% interval %.2f to %.2f "
            "%%\n",
            100 * p->yield, p->n_good, p->n_chip, 100 * r->threshold, 100 * p->yield_ci95[0],
            100 * p->yield_ci95[1]);
    }
    for (int m = MHO_METRIC_ACCURACY + 1; m < MHO_N_METRIC; m++) {
        char a[40], b[40];
        const char *unit = mho_metric_unit((mho_metric)m);
        if (mho_study_shows(r->study, (mho_metric)m) && isfinite(p->mean[m])) {
            printf("  %-14s %12s   %s%s%s%s\n", mho_metric_name((mho_metric)m),
                   quantity(p->mean[m], unit, a), p->sd[m] > 0 ? "+- " : "",
                   p->sd[m] > 0 ? quantity(p->sd[m], unit, b) : "", p->sd[m] > 0 ? "; " : "",
                   mho_metric_help((mho_metric)m));
        }
    }
}

static void print_points(const mho_sweep_result *r) {
    size_t n_axis = r->n_axis < MAX_COLUMN ? r->n_axis : MAX_COLUMN;
    char buf[40];
    for (size_t k = 0; k < n_axis; k++) {
        printf("  %18.18s", short_key(mho_study_axis(r->study, k)));
    }
    printf("%s    mean %%    95 %% interval     sd    worst   yield %%     energy\n",
           n_axis < r->n_axis ? "  ..." : "");
    for (size_t p = 0; p < r->n_point && p < MAX_ROW; p++) {
        const mho_sweep_point *q = &r->point[p];
        for (size_t k = 0; k < n_axis; k++) {
            printf("  %18s",
                   axis_value(mho_study_axis(r->study, k), mho_study_value(r->study, p, k), buf));
        }
        if (q->n_failed == q->n_chip) {
            printf("%s  no chip can be made: %.60s\n", n_axis < r->n_axis ? "     " : "",
                   q->why ? q->why : "");
            continue;
        }
        printf("%s  %8.2f  %6.2f to %6.2f  %5.2f  %6.2f", n_axis < r->n_axis ? "     " : "",
               100 * q->mean[MHO_METRIC_ACCURACY], 100 * q->ci95[0], 100 * q->ci95[1],
               100 * q->sd[MHO_METRIC_ACCURACY], 100 * q->min);
        if (isfinite(q->yield)) {
            printf("  %8.1f", 100 * q->yield);
        } else {
            printf("  %8s", "-");
        }
        printf("  %9s%s\n", quantity(q->mean[MHO_METRIC_ENERGY], "J", buf),
               r->front[p] ? " *" : "");
    }
    if (r->n_point > MAX_ROW) {
        printf("  ... and %zu more, in points.csv\n", r->n_point - MAX_ROW);
    }
    printf("  * nothing here is both cheaper and more accurate\n");
}

static void print_effects(const mho_sweep_result *r) {
    if (!r->n_effect) {
        if (r->n_axis) {
            printf("\nToo few points to say what breaks first.\n");
        }
        return;
    }
    printf(
        "\nWhat breaks first: points of accuracy between the best and the worst place on an axis,\n"
        "the others averaged; share of the variance between points\n");
    for (size_t k = 0; k < r->n_effect; k++) {
        const mho_sweep_effect *e = &r->effect[k];
        const mho_sweep_axis *a = mho_study_axis(r->study, e->axis);
        char buf[40];
        printf("  %zu. %-28.28s %7.2f", k + 1, short_key(a), 100 * e->loss);
        if (isfinite(e->loss_ci95[0])) {
            printf("  (%.2f to %.2f)", 100 * e->loss_ci95[0], 100 * e->loss_ci95[1]);
        }
        printf("  %5.1f %%  worst at %s\n", 100 * e->share, axis_value(a, e->worst, buf));
    }
    printf("  %-31s %7s  %5.1f %% of the variance: together, or luck\n", "   the rest", "",
           100 * r->rest_share);
}

void sweep_print(const mho_sweep_result *r) {
    printf("\n%s, %zu test pictures; %zu point%s x %zu chip%s; seed %" PRIu64 "\n", r->data_name,
           r->n_image, r->n_point, r->n_point == 1 ? "" : "s", r->n_chip, r->n_chip == 1 ? "" : "s",
           mho_study_seed(r->study));
    if (isfinite(r->software_accuracy)) {
        printf("network in software %.2f %%", 100 * r->software_accuracy);
        if (isfinite(r->ideal_accuracy)) {
            printf(", on the base chip with every imperfection off %.2f %%",
                   100 * r->ideal_accuracy);
        }
        printf("\n");
    }
    printf("\n");
    if (r->n_point == 1) {
        print_one(r);
    } else {
        print_points(r);
    }
    print_effects(r);
    printf("\nSeconds: %.0f in all", r->total_s);
    if (r->n_made) {
        printf("; %.3g per chip and worker", r->unit_s);
    }
    printf("\n");
}

void sweep_print_plan(const mho_study *s, const char *out_dir) {
    static const char *const samples[] = {"every combination", "random", "Halton"};
    size_t n = mho_study_n_point(s);
    char lo[40], hi[40];
    printf("%zu point%s (%s) x %zu chips = %zu; seed %" PRIu64 "; %s; in %s\n", n,
           n == 1 ? "" : "s", samples[mho_study_sample(s)], mho_study_n_chip(s),
           n * mho_study_n_chip(s), mho_study_seed(s),
           mho_study_retrains(s) ? "a network trained for every point"
                                 : "one network, trained for the base chip",
           out_dir);
    for (size_t k = 0; k < mho_study_n_axis(s); k++) {
        const mho_sweep_axis *a = mho_study_axis(s, k);
        printf("  %-32s", a->key);
        if (a->word) {
            for (size_t j = 0; j < a->n_level; j++) {
                printf("%s%s", j ? ", " : "", a->word[j]);
            }
        } else {
            printf("%s to %s", axis_value(a, a->lo, lo), axis_value(a, a->hi, hi));
            printf(a->n_level ? ", %zu values" : ", drawn", a->n_level);
            printf("%s", a->log ? ", logarithmic" : "");
        }
        printf("\n");
    }
}
