/* cmd_export.c - mho export spice: arrays, neurons and arrays with neurons as ngspice netlists;
 * with
 * --run they are run and compared with mho's own answer. */
#include "cli.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct export_args {
    const char *what[2]; /* "spice", what */
    const char *out, *conductances, *random, *inputs, *card, *set, *chip;
    double gmin_S, gmax_S, wire_ohm, source_ohm, sense_ohm, sinh_per_V, gain_V_per_A, z, reltol;
    uint64_t seed;
    long n_vec, n_point, spread;
    bool run, transient;
} export_args;

typedef struct export_job {
    export_args args;
    mho_ctx *ctx;
    mho_chip_spec chip; /* of --chip, or the default one */
    mho_neuron_param param;
    mho_neuron_design design;
    size_t n_row, n_col, n_vec;
    double *g_S, *v_V; /* [n_row][n_col], [n_vec][n_row] */
    char version[MHO_SPICE_VERSION_BYTES];
} export_job;

/* ---- what goes in ---- */

/* What was not given comes from the chip: its wires, cells and read voltage. */
static int get_chip(export_job *job) {
    export_args *a = &job->args;
    mho_chip_spec *c = &job->chip;
    mho_status status =
        a->chip ? mho_chip_spec_load(job->ctx, a->chip, c) : mho_chip_spec_default(job->ctx, c);
    if (status < 0) {
        return cli_fail(job->ctx, status);
    }
    a->wire_ohm = isnan(a->wire_ohm) ? c->wire_ohm : a->wire_ohm;
    a->source_ohm = isnan(a->source_ohm) ? c->source_ohm : a->source_ohm;
    a->sense_ohm = isnan(a->sense_ohm) ? c->sense_ohm : a->sense_ohm;
    a->gmin_S = isnan(a->gmin_S) ? c->synapse.g_min_S : a->gmin_S;
    a->gmax_S = isnan(a->gmax_S) ? c->synapse.g_max_S : a->gmax_S;
    return -1;
}

/* The neuron's working point between the amplifier's swing and the largest input of the chip. */
static int design(export_job *job) {
    mho_status status = mho_neuron_design_relu(job->ctx, &job->param, job->chip.swing_V,
                                               job->chip.z_max, &job->design);
    return status < 0 ? cli_fail(job->ctx, status) : -1;
}

static int get_neuron(export_job *job) {
    export_args *a = &job->args;
    const mho_ext_model *model = NULL;
    mho_card *card = NULL;
    const char *name = a->card ? a->card : "N";
    bool file = strchr(name, '.') || strchr(name, '/');
    mho_status status = MHO_OK;
    if (a->chip && (a->card || a->set)) {
        return cli_usage_error("--chip brings its neuron: --card and --set exclude it");
    }
    if (a->chip) {
        job->param = job->chip.neuron;
        return design(job);
    }
    status = mho_model_find(job->ctx, "vo2-neuron", &model);
    if (status == MHO_OK) {
        status = file ? mho_card_load(job->ctx, model, name, &card)
                      : mho_card_new(job->ctx, model, name, &card);
    }
    char copy[1024] = "";
    snprintf(copy, sizeof copy, "%s", a->set ? a->set : "");
    for (char *part = copy, *next; part && *part && status == MHO_OK; part = next) {
        next = strchr(part, ',');
        if (next) {
            *next++ = 0;
        }
        status = mho_card_set_text(job->ctx, card, part);
    }
    status = status < 0 ? status : mho_card_to_neuron(job->ctx, card, &job->param);
    mho_card_free(card);
    return status < 0 ? cli_fail(job->ctx, status) : design(job);
}

/* Matrix from a file into *out, shape[2]; -1 or an exit status. */
static int load(export_job *job, const char *option, const char *path, size_t shape[2],
                double **out) {
    mho_npy *npy = NULL;
    mho_status status = mho_npy_load(job->ctx, path, &npy);
    if (status < 0) {
        return cli_fail(job->ctx, status);
    }
    size_t n_dim = mho_npy_n_dim(npy);
    int rc = -1;
    shape[0] = n_dim == 2 ? mho_npy_shape(npy, 0) : 1;
    shape[1] = n_dim ? mho_npy_shape(npy, n_dim - 1) : 0;
    size_t n = shape[0] * shape[1];
    if (n_dim < 1 || n_dim > 2 || n == 0) {
        rc = cli_usage_error("--%s %s: has %zu dimensions and %zu numbers; a matrix is wanted",
                             option, path, n_dim, n);
    } else {
        *out = malloc(n * sizeof **out);
        rc = *out ? -1 : cli_no_memory((double)n * sizeof **out);
        for (size_t k = 0; *out && k < n; k++) {
            (*out)[k] = mho_npy_data(npy)[k];
        }
    }
    mho_npy_free(npy);
    return rc;
}

/* -1 or an exit status */
static int uniform(uint64_t seed, uint32_t stream, size_t n, double lo, double hi, double **x) {
    *x = malloc((n ? n : 1) * sizeof **x);
    if (!*x) {
        return cli_no_memory((double)n * sizeof **x);
    }
    mho_uniform(seed, stream, n, lo, hi, *x);
    return -1;
}

static int get_array(export_job *job) {
    const export_args *a = &job->args;
    size_t shape[2];
    int rc = -1;
    if (a->conductances) {
        rc = load(job, "conductances", a->conductances, shape, &job->g_S);
        job->n_row = shape[0];
        job->n_col = shape[1];
    } else if (!cli_shape(a->random, 4096, &job->n_row, &job->n_col)) {
        return cli_usage_error("--random %s: ROWSxCOLS is wanted, each 1 to 4096, such as 16x8",
                               a->random);
    } else if (!(a->gmin_S >= 0 && a->gmax_S >= a->gmin_S)) {
        return cli_usage_error("--gmin %g --gmax %g: 0 <= gmin <= gmax is wanted, in S", a->gmin_S,
                               a->gmax_S);
    } else {
        rc = uniform(a->seed, 0, job->n_row * job->n_col, a->gmin_S, a->gmax_S, &job->g_S);
    }
    if (rc >= 0) {
        return rc;
    }
    if (a->inputs) {
        rc = load(job, "inputs", a->inputs, shape, &job->v_V);
        if (rc < 0 && shape[1] != job->n_row) {
            return cli_usage_error("--inputs %s: %zu numbers a vector; the array has %zu rows",
                                   a->inputs, shape[1], job->n_row);
        }
        job->n_vec = shape[0];
    } else {
        job->n_vec = a->n_vec > 0 ? (size_t)a->n_vec : 1;
        rc = uniform(a->seed, 1, job->n_vec * job->n_row, 0, job->chip.synapse.v_read_V, &job->v_V);
    }
    return rc;
}

static mho_status new_array(export_job *job, mho_array **array) {
    const export_args *a = &job->args;
    mho_array_opt opt = MHO_ARRAY_OPT_INIT;
    opt.r_word_ohm = opt.r_bit_ohm = a->wire_ohm;
    opt.r_source_ohm = a->source_ohm;
    opt.r_sense_ohm = a->sense_ohm;
    if (a->sinh_per_V > 0) {
        opt.law = MHO_LAW_SINH;
        opt.law_a = a->sinh_per_V;
    }
    mho_status status = mho_array_new(job->ctx, job->n_row, job->n_col, &opt, array);
    return status < 0 ? status : mho_array_program(*array, job->g_S);
}

/* ---- results ---- */

static double largest_difference(size_t n, const double *x, const double *y, bool each) {
    double worst = 0, top = 0;
    for (size_t k = 0; k < n; k++) {
        top = fmax(top, fabs(y[k]));
    }
    for (size_t k = 0; k < n; k++) {
        double d = fabs(x[k] - y[k]) / (each ? fabs(y[k]) : top);
        worst = d <= worst ? worst : d; /* NaN stays */
    }
    return worst;
}

/* One line of verdict; the exit status. */
static int verdict(const export_job *job, const char *what, double found, double allowed) {
    bool good = found <= allowed;
    printf("%-10s %s against mho: %.2g (allowed %.0e) %s\n", job->version, what, found, allowed,
           good ? "" : "NOT WITHIN");
    return good ? CLI_DONE : CLI_NOT_TRUSTWORTHY;
}

static void wrote(const export_job *job, const char *what) {
    if (job->args.out) {
        printf("wrote %s: %s; run: ngspice -b %s\n", job->args.out, what, job->args.out);
    }
}

/* ---- what is exported ---- */

static int export_array(export_job *job) {
    mho_array *array = NULL;
    int rc = get_array(job);
    if (rc >= 0) {
        return rc;
    }
    mho_status status = new_array(job, &array);
    if (status == MHO_OK && job->args.out) {
        status = mho_array_spice_save(array, job->n_vec, job->v_V, job->args.out);
        if (status == MHO_OK) {
            wrote(job, "array");
        }
    }
    if (status == MHO_OK && job->args.run) {
        size_t n = job->n_vec * job->n_col;
        double *own = malloc(n * sizeof *own), *theirs = malloc(n * sizeof *theirs);
        status =
            own && theirs ? mho_array_read(array, job->n_vec, job->v_V, own, NULL) : MHO_ERR_NOMEM;
        if (status == MHO_OK) {
            status = mho_array_spice_read(array, job->n_vec, job->v_V, theirs, NULL, NULL, NULL,
                                          job->version);
        }
        if (status == MHO_OK) {
            rc = verdict(job, "largest difference of a current over the largest current",
                         largest_difference(n, theirs, own, false),
                         job->args.sinh_per_V > 0 ? 1e-4 : 1e-9);
        }
        free(own);
        free(theirs);
    }
    mho_array_free(array);
    return status != MHO_OK ? cli_fail(job->ctx, status) : rc >= 0 ? rc : CLI_DONE;
}

static int export_curve(export_job *job) {
    enum { MAX_POINT = 2001 };
    static double v_in[MAX_POINT], own[MAX_POINT], theirs[MAX_POINT];
    const mho_neuron_circuit *c = &job->design.circuit;
    const mho_neuron_device nominal = {0};
    size_t n = (size_t)job->args.n_point;
    if (n < 2 || n > MAX_POINT) {
        return cli_usage_error("--points %zu: 2 to %d are allowed", n, MAX_POINT);
    }
    for (size_t k = 0; k < n; k++) {
        double z = 2 * (double)k / (double)(n - 1) - 1;
        v_in[k] = fmax(c->v_bias_V + z * c->v_swing_V, 0);
    }
    int rc = CLI_DONE;
    mho_status status = MHO_OK;
    if (job->args.out) {
        status =
            mho_neuron_spice_curve_save(job->ctx, &job->param, c, &nominal, n, v_in, job->args.out);
        if (status == MHO_OK) {
            wrote(job, "transfer curve of a neuron");
        }
    }
    if (status == MHO_OK && job->args.run) {
        status = mho_neuron_spice_curve(job->ctx, &job->param, c, &nominal, n, v_in, theirs, NULL,
                                        job->version);
        for (size_t k = 0; k < n && status == MHO_OK; k++) {
            status = mho_neuron_output(job->ctx, &job->param, c, &nominal, v_in[k], own + k, NULL);
        }
        rc = status != MHO_OK ? rc
                              : verdict(job, "largest relative difference of an output",
                                        largest_difference(n, theirs, own, true), 1e-4);
    }
    return status != MHO_OK ? cli_fail(job->ctx, status) : rc;
}

static int export_evaluation(export_job *job) {
    const mho_neuron_circuit *c = &job->design.circuit;
    const mho_neuron_device nominal = {0};
    mho_neuron_phases ph = mho_neuron_phases_of(&job->param);
    double on = ph.settle_s + ph.read_s, full = c->v_bias_V + c->v_swing_V;
    double v = c->v_bias_V + job->args.z * c->v_swing_V, b = c->v_read_V;
    const double t_s[5] = {0, on, on, on + ph.reset_s, on + ph.reset_s};
    const double heater_V[5] = {full, full, 0, 0, v}, read_V[5] = {b, b, 0, 0, b};
    const mho_neuron_drive drive = {.heater_V = {5, t_s, heater_V},
                                    .read_V = {5, t_s, read_V},
                                    .stop_s = 2 * on + ph.reset_s,
                                    .c_load_F = ph.c_load_F,
                                    .history_K = job->design.rise_full_K};
    if (v < 0) {
        return cli_usage_error("--z %g: the amplifier would have to go below 0 V", job->args.z);
    }
    double step_s = drive.stop_s / 2000;
    int rc = CLI_DONE;
    mho_status status = MHO_OK;
    if (job->args.out) {
        status = mho_neuron_spice_transient_save(job->ctx, &job->param, c, &nominal, &drive, step_s,
                                                 job->args.reltol, job->args.out);
        if (status == MHO_OK) {
            wrote(job, "a neuron in time: full scale, reset, settle and read");
        }
    }
    if (status == MHO_OK && job->args.run) {
        mho_spice_comparison m;
        status = mho_neuron_spice_compare(job->ctx, &job->param, c, &nominal, &drive, step_s,
                                          job->args.reltol, &m, job->version);
        if (status == MHO_OK) {
            int a =
                verdict(job, "largest difference of the output over its top", m.value_rel, 1e-3);
            int t = verdict(job, "largest relative difference of a time", m.time_rel, 1e-2);
            printf("%-10s %.3g s, mho %.3g s\n", "time", m.spice_s, m.own_s);
            rc = a > t ? a : t;
        }
    }
    return status != MHO_OK ? cli_fail(job->ctx, status) : rc;
}

static int export_both(export_job *job) {
    const mho_neuron_circuit *c = &job->design.circuit;
    mho_array *array = NULL;
    int rc = get_array(job);
    if (rc >= 0) {
        return rc;
    }
    if (job->n_col % 2) {
        return cli_usage_error("%zu columns: neurons want pairs of columns", job->n_col);
    }
    size_t n_pair = job->n_col / 2, n = job->n_vec * n_pair;
    mho_neuron_device *device = calloc(n_pair, sizeof *device);
    double *own = malloc(n * sizeof *own), *theirs = malloc(n * sizeof *theirs);
    mho_status status = device && own && theirs ? new_array(job, &array) : MHO_ERR_NOMEM;
    if (status == MHO_OK && job->args.spread) {
        mho_neuron_sample(&job->param, job->args.seed, 0, n_pair, device);
    }
    /* the default brings a pair that differs by a tenth of a full column to full scale */
    double per_A = 0.1 * (double)job->n_row * job->args.gmax_S * job->chip.synapse.v_read_V;
    const mho_array_neurons neurons = {&job->param, c, device,
                                       job->args.gain_V_per_A > 0 ? job->args.gain_V_per_A
                                                                  : c->v_swing_V / per_A};
    if (status == MHO_OK && job->args.out) {
        status = mho_array_neurons_spice_save(array, &neurons, job->n_vec, job->v_V, job->args.out);
        if (status == MHO_OK) {
            wrote(job, "array, amplifiers and neurons");
        }
    }
    rc = CLI_DONE;
    if (status == MHO_OK && job->args.run) {
        status = mho_array_neurons_read(array, &neurons, job->n_vec, job->v_V, NULL, own);
        if (status == MHO_OK) {
            status = mho_array_neurons_spice_read(array, &neurons, job->n_vec, job->v_V, NULL,
                                                  theirs, job->version);
        }
        rc = status != MHO_OK ? rc
                              : verdict(job, "largest relative difference of an output",
                                        largest_difference(n, theirs, own, true), 1e-4);
    }
    mho_array_free(array);
    free(device);
    free(own);
    free(theirs);
    return status != MHO_OK ? cli_fail(job->ctx, status) : rc;
}

static int dispatch(export_job *job) {
    const export_args *a = &job->args;
    const char *what = a->what[1];
    if (!a->what[0] || strcmp(a->what[0], "spice") != 0 || !what) {
        return cli_usage_error("mho export spice (array | neuron | array-neurons) is wanted");
    }
    if (!a->out && !a->run) {
        return cli_usage_error("--out FILE, --run or both are wanted");
    }
    mho_status status = a->out ? mho_file_writable(job->ctx, a->out) : MHO_OK;
    if (status < 0) {
        return cli_fail(job->ctx, status);
    }
    int rc = get_chip(job);
    if (rc >= 0) {
        return rc;
    }
    if (strcmp(what, "array") == 0) {
        return export_array(job);
    }
    if (strcmp(what, "neuron") != 0 && strcmp(what, "array-neurons") != 0) {
        return cli_usage_error("export spice %s: array, neuron and array-neurons are allowed",
                               what);
    }
    rc = get_neuron(job);
    if (rc >= 0) {
        return rc;
    }
    return strcmp(what, "array-neurons") == 0 ? export_both(job)
           : a->transient                     ? export_evaluation(job)
                                              : export_curve(job);
}

int cmd_export(int argc, char **argv, const cli_command *self) {
    export_job job = {.args = {.random = "16x8",
                               .gmin_S = NAN,
                               .gmax_S = NAN,
                               .wire_ohm = NAN,
                               .source_ohm = NAN,
                               .sense_ohm = NAN,
                               .z = 0.5,
                               .reltol = 1e-5,
                               .seed = 1,
                               .n_vec = 1,
                               .n_point = 41}};
    export_args *a = &job.args;
    bool spread = false;
    const cli_option options[] = {
        {"out", CLI_FILE, &a->out, "FILE", NULL, "the netlist"},
        {"run", CLI_FLAG, &a->run, NULL, NULL, "run it in ngspice and compare with mho"},
        {"chip", CLI_FILE, &a->chip, "FILE", NULL,
         "wires, cells, read voltage and neuron of a chip file (docs/chip-file.md)"},
        {"conductances", CLI_FILE, &a->conductances, "FILE", NULL, "G in S, .npy, [rows][columns]"},
        {"random", CLI_TEXT, &a->random, "RxC", NULL, "random conductances instead [16x8]"},
        {"gmin", CLI_NUMBER, &a->gmin_S, "G", "S", "of random conductances [1 uS]"},
        {"gmax", CLI_NUMBER, &a->gmax_S, "G", "S", "of random conductances [60 uS]"},
        {"seed", CLI_SEED, &a->seed, "S", NULL, "of random numbers [1]"},
        {"inputs", CLI_FILE, &a->inputs, "FILE", NULL, "voltages, .npy, [vectors][rows]"},
        {"random-inputs", CLI_COUNT, &a->n_vec, "N", NULL,
         "random vectors of 0 to the read voltage [1]"},
        {"wire", CLI_NUMBER, &a->wire_ohm, "R", "ohm", "wire resistance per cell [2 ohm]"},
        {"source", CLI_NUMBER, &a->source_ohm, "R", "ohm", "source resistance [100 ohm]"},
        {"sense", CLI_NUMBER, &a->sense_ohm, "R", "ohm", "sense resistance [100 ohm]"},
        {"sinh", CLI_NUMBER, &a->sinh_per_V, "A", "1/V", "cells I = G sinh(a v)/a [ohmic]"},
        {"card", CLI_TEXT, &a->card, "CARD", NULL, "of the neuron: U, T, N or a file [N]"},
        {"set", CLI_TEXT, &a->set, "KEY=X,...", NULL, "change parameters of the card"},
        {"points", CLI_COUNT, &a->n_point, "N", NULL, "neuron: points of the curve [41]"},
        {"transient", CLI_FLAG, &a->transient, NULL, NULL,
         "neuron: in time, full scale, reset, settle, read"},
        {"z", CLI_NUMBER, &a->z, "Z", "", "neuron in time: normalised input [0.5]"},
        {"reltol", CLI_NUMBER, &a->reltol, "X", "", "neuron in time: of ngspice [1e-5]"},
        {"gain", CLI_NUMBER, &a->gain_V_per_A, "X", "V/A", "array-neurons: of the amplifiers"},
        {"spread", CLI_FLAG, &spread, NULL, NULL, "array-neurons: neurons that differ"},
        {NULL, CLI_FLAG, NULL, NULL, NULL, NULL}};
    int rc = cli_parse(self, options, argc, argv, a->what, 2);
    if (rc >= 0) {
        return rc;
    }
    a->spread = spread;
    job.ctx = cli_ctx(1);
    if (!job.ctx) {
        return cli_no_ctx();
    }
    rc = dispatch(&job);
    cli_progress_end();
    free(job.g_S);
    free(job.v_V);
    mho_ctx_free(job.ctx);
    return rc;
}
