/* array_output.c - the results of "mho array" as a table, JSON, files and a picture. */
#include "array_job.h"

#include "cli_json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *solver_name(const array_job *job) {
    return job->spice ? "spice" : mho_array_solver_name(job->rep.solver);
}

/* ---- table ---- */

static void print_power(const array_job *job) {
    const mho_array_power_sum *p = &job->power;
    const struct {
        const char *name;
        double watt;
    } part[] = {{"cells", p->cell_W},
                {"row wires", p->word_W},
                {"col wires", p->bit_W},
                {"sources", p->source_W},
                {"sense", p->sense_W}};
    for (size_t k = 0; k < sizeof part / sizeof *part; k++) {
        char text[64];
        printf("  %-9s %s\n", part[k].name, mho_quantity_format(part[k].watt, "W", 4, text, 64));
    }
}

void array_print(const array_job *job) {
    const array_args *a = &job->args;
    char x[64], y[64];
    printf("%-11s %zu x %zu cells, %s\n", "array", job->n_row, job->n_col, a->cell);
    if (job->readout != ARRAY_PLAIN) {
        printf("%-11s %zu, %s\n", "outputs", array_n_output(job),
               job->readout == ARRAY_PAIRS ? "each the difference of two columns"
                                           : "each a column minus column 0");
    }
    if (job->weight_S > 0) {
        printf("%-11s 1 is %s, %s\n", "weights", mho_quantity_format(job->weight_S, "S", 4, x, 64),
               a->scheme);
    }
    printf("%-11s %s word line, %s bit line per cell\n", "wires",
           mho_quantity_format(job->opt.r_word_ohm, "ohm", 4, x, 64),
           mho_quantity_format(job->opt.r_bit_ohm, "ohm", 4, y, 64));
    printf("%-11s %s source (%s), %s sense (%s)\n", "ends",
           mho_quantity_format(job->opt.r_source_ohm, "ohm", 4, x, 64), a->drive,
           mho_quantity_format(job->opt.r_sense_ohm, "ohm", 4, y, 64), a->sense_end);
    printf("%-11s %zu\n", "vectors", job->n_vec);
    printf("%-11s %s%s%s%s", "solver", solver_name(job), *job->spice_version ? " (" : "",
           job->spice_version, *job->spice_version ? ")" : "");
    if (job->rep.newton_steps) {
        printf(", %d Newton steps", job->rep.newton_steps);
    }
    if (job->rep.iterations) {
        printf(", %d CG iterations", job->rep.iterations);
    }
    printf("\n");
    printf("%-11s %.2g of the largest line current (Kirchhoff)%s\n", "residual",
           job->rep.residual_rel, job->converged ? "" : ": NOT CONVERGED");
    if (job->rep.rounding_rel > 0) {
        printf(
            "%-11s %.2g of it at single nodes: voltages are doubles, wires and cells far apart%s\n",
            "rounding", job->rep.rounding_rel,
            job->converged ? "; the currents were confirmed" : "");
    }
    printf("%-11s %s build, %s read\n", "time",
           mho_quantity_format(job->rep.build_s, "s", 3, x, 64),
           mho_quantity_format(job->rep.read_s, "s", 3, y, 64));
    if (!job->converged) {
        return;
    }
    if (job->power_failed) {
        printf("%-11s NOT CONVERGED\n", "power");
    } else {
        printf("%-11s %s, mean of the vectors\n", "power",
               mho_quantity_format(job->rep.power_W, "W", 4, x, 64));
    }
    if (a->power && !job->power_failed) {
        print_power(job);
    }
    if (a->compare) {
        printf("%-11s %.4g %% mean, %.4g %% at most, against ideal wires\n", "loss",
               100 * job->loss_mean, 100 * job->loss_max);
    }
}

/* ---- JSON ---- */

static json_t *real_or_null(double x) {
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *make_json(const array_job *job) {
    char seed[32];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)job->args.seed);
    json_t *j = json_pack(
        "{s:s, s:I, s:I, s:I, s:s, s:b, s:o, s:f, s:i, s:{s:o, s:o}, s:{s:o, s:o}, s:o, s:o}",
        "version", mho_version(), "rows", (json_int_t)job->n_row, "cols", (json_int_t)job->n_col,
        "vectors", (json_int_t)job->n_vec, "solver", solver_name(job), "converged", job->converged,
        "residual_rel", real_or_null(job->rep.residual_rel), "rounding_rel", job->rep.rounding_rel,
        "iterations", job->rep.iterations ? job->rep.iterations : job->rep.newton_steps, "seconds",
        "build", real_or_null(job->rep.build_s), "read", real_or_null(job->rep.read_s), "loss",
        "mean", real_or_null(job->loss_mean), "max", real_or_null(job->loss_max), "power_W",
        real_or_null(job->converged ? job->rep.power_W : NAN), "seed",
        /* JSON has no unsigned 64-bit numbers: the largest seeds are text */
        job->args.seed <= INT64_MAX ? json_integer((json_int_t)job->args.seed) : json_string(seed));
    if (j && job->power_failed) {
        json_object_set_new(j, "power_converged", json_false());
    }
    if (j && job->args.power && job->converged && !job->power_failed) {
        const mho_array_power_sum *p = &job->power;
        json_object_set_new(j, "power_parts_W",
                            json_pack("{s:f, s:f, s:f, s:f, s:f}", "cells", p->cell_W, "word_lines",
                                      p->word_W, "bit_lines", p->bit_W, "sources", p->source_W,
                                      "sense", p->sense_W));
    }
    if (j && job->readout != ARRAY_PLAIN) {
        json_object_set_new(j, "outputs", json_integer((json_int_t)array_n_output(job)));
        json_object_set_new(j, "readout",
                            json_string(job->readout == ARRAY_PAIRS ? "pairs" : "offset"));
    }
    if (j && job->weight_S > 0) {
        json_object_set_new(j, "weight_S", json_real(job->weight_S));
    }
    if (j && *job->spice_version) {
        json_object_set_new(j, "spice_version", json_string(job->spice_version));
    }
    return j;
}

mho_status array_write_json(const array_job *job) {
    return cli_json_save(job->ctx, make_json(job), job->args.json);
}

/* ---- files ---- */

/* mean over the vectors of |input - cell voltage| or |cell voltage| */
static double *map_values(const array_job *job, bool drop) {
    size_t n_cell = job->n_row * job->n_col;
    double *x = calloc(n_cell, sizeof *x);
    for (size_t k = 0; k < job->n_vec && x; k++) {
        for (size_t c = 0; c < n_cell; c++) {
            double cell = job->word_V[k * n_cell + c] - job->bit_V[k * n_cell + c];
            double input = drop ? job->v_V[k * job->n_row + c / job->n_col] : 0;
            x[c] += fabs(input - cell) / (double)job->n_vec;
        }
    }
    return x;
}

static mho_status write_map(const array_job *job) {
    bool drop = strcmp(job->args.map_of, "drop") == 0;
    double *x = map_values(job, drop);
    if (!x) {
        return MHO_ERR_NOMEM;
    }
    const char *what = drop ? "IR drop" : "Cell voltage";
    char title[160], wire[96], word_ohm[40], bit_ohm[40], x_label[64], y_label[64];
    mho_quantity_format(job->opt.r_word_ohm, "Ω", 4, word_ohm, sizeof word_ohm);
    mho_quantity_format(job->opt.r_bit_ohm, "Ω", 4, bit_ohm, sizeof bit_ohm);
    bool same = strcmp(word_ohm, bit_ohm) == 0;
    snprintf(wire, sizeof wire, "%s%s%s", word_ohm, same ? "" : " and ", same ? "" : bit_ohm);
    snprintf(title, sizeof title, "%s of %zu x %zu cells, wires %s per cell", what, job->n_row,
             job->n_col, wire);
    snprintf(x_label, sizeof x_label, "column (bit line), sensed at %s%s",
             strcmp(job->args.sense_end, "both") == 0 ? "both ends" : "the ",
             strcmp(job->args.sense_end, "both") == 0 ? "" : job->args.sense_end);
    snprintf(y_label, sizeof y_label, "row (word line), driven at %s%s",
             strcmp(job->args.drive, "both") == 0 ? "both ends" : "the ",
             strcmp(job->args.drive, "both") == 0 ? "" : job->args.drive);
    char quantity[64];
    snprintf(quantity, sizeof quantity, job->n_vec > 1 ? "%s, mean of %zu vectors" : "%s", what,
             job->n_vec);
    const mho_map map = {job->n_row, job->n_col, x, "V", title, quantity, x_label, y_label};
    mho_status status = mho_map_save_png(job->ctx, &map, job->args.map);
    free(x);
    return status;
}

mho_status array_write_files(const array_job *job, mho_array *array) {
    const array_args *a = &job->args;
    mho_status status = MHO_OK;
    if (a->map) {
        status = write_map(job); /* first: the most likely to fail */
    }
    if (status == MHO_OK && a->netlist) {
        status = mho_array_spice_save(array, job->n_vec, job->v_V, a->netlist);
    }
    if (status == MHO_OK && a->nodes) {
        const mho_npy_view views[2] = {
            {"word", 3, {job->n_vec, job->n_row, job->n_col}, job->word_V, NULL},
            {"bit", 3, {job->n_vec, job->n_row, job->n_col}, job->bit_V, NULL}};
        status = mho_npz_save(job->ctx, a->nodes, 2, views);
    }
    if (status == MHO_OK && a->out) {
        size_t n = array_n_output(job);
        double *out_A = calloc(job->n_vec * n, sizeof *out_A);
        if (!out_A) {
            return MHO_ERR_NOMEM;
        }
        array_read_out(job, job->i_A, out_A);
        const mho_npy_view view = {NULL, 2, {job->n_vec, n}, out_A, NULL};
        status = mho_npy_save(job->ctx, a->out, &view);
        free(out_A);
    }
    return status;
}
