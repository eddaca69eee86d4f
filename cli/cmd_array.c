/* cmd_array.c - mho array: conductances and inputs in, exact currents out. */
#define _GNU_SOURCE
#include "array_job.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SOLVER_SPICE = -1 };

/* ---- words to choices ---- */

typedef struct word {
    const char *text;
    int value;
} word;

static const word drives[] = {
    {"left", MHO_DRIVE_LEFT}, {"right", MHO_DRIVE_RIGHT}, {"both", MHO_DRIVE_BOTH}, {NULL, 0}};
static const word ends[] = {
    {"bottom", MHO_SENSE_BOTTOM}, {"top", MHO_SENSE_TOP}, {"both", MHO_SENSE_BOTH}, {NULL, 0}};
static const word solvers[] = {{"auto", MHO_SOLVER_AUTO},
                               {"transfer", MHO_SOLVER_TRANSFER},
                               {"cg", MHO_SOLVER_CG},
                               {"newton", MHO_SOLVER_NEWTON},
                               {"reference", MHO_SOLVER_REFERENCE},
                               {"spice", SOLVER_SPICE},
                               {NULL, 0}};
static const word pictures[] = {{"drop", 0}, {"cell", 0}, {NULL, 0}};
static const word comparisons[] = {{"ideal", 0}, {NULL, 0}};

static int choose(const char *option, const word *words, const char *text, int *value) {
    char allowed[128] = "";
    for (const word *w = words; w->text; w++) {
        if (strcmp(w->text, text) == 0) {
            *value = w->value;
            return -1;
        }
        size_t n = strlen(allowed);
        snprintf(allowed + n, sizeof allowed - n, "%s%s", n ? ", " : "", w->text);
    }
    return cli_usage_error("--%s %s: allowed are %s", option, text, allowed);
}

static void set_sinh(mho_array_opt *opt, double a_per_V) {
    opt->law = a_per_V > 0 ? MHO_LAW_SINH : MHO_LAW_OHMIC;
    opt->law_a = a_per_V > 0 ? a_per_V : opt->law_a;
}

static int read_cell(const char *text, mho_array_opt *opt) {
    if (strcmp(text, "ohmic") == 0) {
        return -1;
    }
    char names[160] = "";
    for (size_t k = 0; k < mho_cell_model_count(); k++) {
        mho_cell_model m = mho_cell_model_get(k);
        if (strcmp(text, m.name) == 0) {
            set_sinh(opt, m.sinh_a_per_V);
            return -1;
        }
        size_t n = strlen(names);
        snprintf(names + n, sizeof names - n, ", %s", m.name);
    }
    char *end = NULL;
    double a = strncmp(text, "sinh:", 5) == 0 ? strtod(text + 5, &end) : 0;
    if (!end || end == text + 5 || *end || !(a > 0) || !isfinite(a)) {
        return cli_usage_error("--cell %s: allowed are ohmic, sinh:a with a > 0 in 1/V, such as "
                               "sinh:2, and the devices%s",
                               text, names + 1);
    }
    set_sinh(opt, a);
    return -1;
}

static int check_resistance(const char *option, double ohm) {
    return ohm >= 0 ? -1
                    : cli_usage_error("--%s %g: a resistance is 0 (ideal) or above, in ohm", option,
                                      ohm);
}

/* options to job->opt; -1 or an exit status */
static int read_choices(array_job *job) {
    const array_args *a = &job->args;
    const struct {
        const char *option;
        double ohm;
    } wires[] = {{"wire", a->wire_ohm},
                 {"wire-word", isnan(a->wire_word_ohm) ? 0 : a->wire_word_ohm},
                 {"wire-bit", isnan(a->wire_bit_ohm) ? 0 : a->wire_bit_ohm},
                 {"source", a->source_ohm},
                 {"sense", a->sense_ohm}};
    for (size_t k = 0; k < sizeof wires / sizeof *wires; k++) {
        int rc = check_resistance(wires[k].option, wires[k].ohm);
        if (rc >= 0) {
            return rc;
        }
    }
    job->opt.r_word_ohm = isnan(a->wire_word_ohm) ? a->wire_ohm : a->wire_word_ohm;
    job->opt.r_bit_ohm = isnan(a->wire_bit_ohm) ? a->wire_ohm : a->wire_bit_ohm;
    job->opt.r_source_ohm = a->source_ohm;
    job->opt.r_sense_ohm = a->sense_ohm;
    int drive = 0, sense = 0, solver = 0, ignored = 0;
    int rc = choose("drive", drives, a->drive, &drive);
    rc = rc >= 0 ? rc : choose("sense-end", ends, a->sense_end, &sense);
    rc = rc >= 0 ? rc : choose("solver", solvers, a->solver, &solver);
    rc = rc >= 0 ? rc : choose("map-of", pictures, a->map_of, &ignored);
    rc = rc >= 0 || !a->compare ? rc : choose("compare", comparisons, a->compare, &ignored);
    rc = rc >= 0 ? rc : read_cell(a->cell, &job->opt);
    job->opt.drive = (mho_array_drive)drive;
    job->opt.sense = (mho_array_sense)sense;
    job->spice = solver == SOLVER_SPICE;
    job->opt.solver = job->spice ? MHO_SOLVER_AUTO : (mho_array_solver)solver;
    job->opt.tol_rel = a->tol_rel;
    job->opt.max_iter = a->max_iter < INT_MAX ? (int)a->max_iter : INT_MAX;
    if (rc < 0 && job->spice && a->power) {
        return cli_usage_error("--power is not available with --solver spice: power_W is, and the "
                               "parts with --solver reference");
    }
    if (rc < 0 && job->opt.law != MHO_LAW_OHMIC &&
        (solver == MHO_SOLVER_TRANSFER || solver == MHO_SOLVER_CG)) {
        return cli_usage_error("--solver %s is for ohmic cells; with --cell %s, auto, newton, "
                               "reference and spice are allowed",
                               a->solver, a->cell);
    }
    return rc;
}

/* "128x64"; -1 or an exit status */
static int read_shape(array_job *job) {
    const char *text = job->args.random;
    if (!cli_shape(text, INT32_MAX, &job->n_row, &job->n_col)) {
        return cli_usage_error("--random %s: ROWSxCOLS is wanted, each 1 or more, such as 128x64",
                               text);
    }
    if (!(job->args.gmin_S >= 0) || !(job->args.gmax_S >= job->args.gmin_S)) {
        return cli_usage_error("--gmin %g --gmax %g: 0 <= gmin <= gmax is wanted, in S",
                               job->args.gmin_S, job->args.gmax_S);
    }
    return -1;
}

/* ---- files ---- */

/* Every file that will be written can be, and none of them is written or read twice. */
static int check_files(const array_job *job) {
    const array_args *a = &job->args;
    const struct {
        const char *option, *path;
        bool output;
    } files[] = {{"conductances", a->conductances, false},
                 {"weights", a->weights, false},
                 {"inputs", a->inputs, false},
                 {"out", a->out, true},
                 {"nodes", a->nodes, true},
                 {"map", a->map, true},
                 {"netlist", a->netlist, true},
                 {"json", a->json && strcmp(a->json, "-") != 0 ? a->json : NULL, true}};
    const size_t n = sizeof files / sizeof *files;
    for (size_t k = 0; k < n; k++) {
        if (!files[k].path || !files[k].output) {
            continue;
        }
        mho_status status = mho_file_writable(job->ctx, files[k].path);
        if (status < 0) {
            return cli_fail(job->ctx, status);
        }
        char own[PATH_MAX], other[PATH_MAX];
        for (size_t j = 0; j < n; j++) {
            if (j == k || !files[j].path) {
                continue;
            }
            bool both = realpath(files[k].path, own) && realpath(files[j].path, other);
            if (strcmp(files[k].path, files[j].path) == 0 || (both && strcmp(own, other) == 0)) {
                return cli_usage_error("--%s and --%s are the same file, %s: each wants its own",
                                       files[k].option, files[j].option, files[k].path);
            }
        }
    }
    return -1;
}

/* ---- numbers ---- */

static double *numbers(size_t n) {
    double *p = n <= SIZE_MAX / 64 ? malloc((n ? n : 1) * sizeof *p) : NULL;
    if (!p) {
        cli_no_memory((double)n * 8);
    }
    return p;
}

static int load_matrix(array_job *job, const char *option, const char *path, size_t shape[2],
                       double **out) {
    mho_npy *npy;
    mho_status status = mho_npy_load(job->ctx, path, &npy);
    if (status < 0) {
        return cli_fail(job->ctx, status);
    }
    size_t n_dim = mho_npy_n_dim(npy);
    int rc = -1;
    if (n_dim != 2 && n_dim != 1) {
        rc = cli_usage_error("--%s %s: has %zu dimensions; %s is wanted", option, path, n_dim,
                             "[vectors][rows] or [rows]");
    } else {
        shape[0] = n_dim == 2 ? mho_npy_shape(npy, 0) : 1;
        shape[1] = mho_npy_shape(npy, n_dim - 1);
        size_t n = shape[0] * shape[1];
        if (n == 0) {
            rc = cli_usage_error("--%s %s: is empty (%zu x %zu)", option, path, shape[0], shape[1]);
        } else if (!(*out = numbers(n))) {
            rc = CLI_INTERNAL;
        } else {
            memcpy(*out, mho_npy_data(npy), n * sizeof **out);
        }
    }
    mho_npy_free(npy);
    return rc;
}

/* Refuse what cannot fit before the system starts to kill processes. */
static int check_memory(const array_job *job) {
    double cell = (double)job->n_row * (double)job->n_col, vec = (double)job->n_vec;
    double line = (double)(job->n_row + job->n_col);
    bool nodes = job->args.nodes || job->args.map || job->spice;
    double want = cell * 120 + vec * line * 24 + (nodes ? vec * cell * 16 : 0);
    double have = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    if (want > have) {
        return cli_usage_error("%zu x %zu cells and %zu vectors need at least %.3g GiB of memory; "
                               "this machine has %.3g GiB",
                               job->n_row, job->n_col, job->n_vec, want / 0x1p30, have / 0x1p30);
    }
    return -1;
}

static int get_conductances(array_job *job) {
    const array_args *a = &job->args;
    if (!!a->conductances + !!a->weights + !!a->random != 1) {
        return cli_usage_error("one of --conductances FILE, --weights FILE and --random ROWSxCOLS "
                               "is wanted");
    }
    return a->random ? read_shape(job) : array_load_cells(job);
}

static int get_inputs(array_job *job) {
    const array_args *a = &job->args;
    if (a->inputs && a->n_random_inputs >= 0) {
        return cli_usage_error("--inputs and --random-inputs exclude each other");
    }
    if (a->inputs) {
        size_t shape[2] = {0};
        int rc = load_matrix(job, "inputs", a->inputs, shape, &job->v_V);
        if (rc < 0 && shape[1] != job->n_row) {
            return cli_usage_error(
                "--inputs %s: is %zu x %zu; [vectors][%zu] is wanted, one voltage "
                "for each row of the array",
                a->inputs, shape[0], shape[1], job->n_row);
        }
        job->n_vec = shape[0];
        return rc;
    }
    if (a->n_random_inputs == 0) {
        return cli_usage_error("--random-inputs 0: 1 or more is wanted");
    }
    job->n_vec = a->n_random_inputs > 0 ? (size_t)a->n_random_inputs : 1;
    return -1;
}

/* Random numbers only after the sizes are known to fit. */
static int make_numbers(array_job *job) {
    int rc = check_memory(job);
    if (rc >= 0) {
        return rc;
    }
    size_t n_cell = job->n_row * job->n_col, n_in = job->n_vec * job->n_row;
    size_t n_out = job->n_vec * job->n_col;
    bool nodes = job->args.nodes || job->args.map;
    bool random_g = !job->g_S, random_v = !job->v_V;
    if ((random_g && !(job->g_S = numbers(n_cell))) || (random_v && !(job->v_V = numbers(n_in))) ||
        !(job->i_A = numbers(n_out)) || (job->args.compare && !(job->ideal_A = numbers(n_out))) ||
        (nodes && (!(job->word_V = numbers(job->n_vec * n_cell)) ||
                   !(job->bit_V = numbers(job->n_vec * n_cell))))) {
        return CLI_INTERNAL;
    }
    if (random_g) {
        mho_uniform(job->args.seed, 0, n_cell, job->args.gmin_S, job->args.gmax_S, job->g_S);
    }
    if (random_v) {
        mho_uniform(job->args.seed, 1, n_in, 0, 1, job->v_V);
    }
    return -1;
}

/* ---- work ---- */

/* In blocks of vectors, because all node voltages are held meanwhile. */
static mho_status read_power(array_job *job, mho_array *array) {
    enum { MAX_VOLTAGES = 1 << 24 };
    size_t block = MAX_VOLTAGES / (job->n_row * job->n_col);
    block = block < 1 ? 1 : block > 64 ? 64 : block;
    mho_array_power_sum sum[64], *total = &job->power;
    const double share = 1 / (double)job->n_vec;
    mho_status status = MHO_OK;
    for (size_t first = 0; first < job->n_vec && status == MHO_OK; first += block) {
        size_t n = job->n_vec - first < block ? job->n_vec - first : block;
        status =
            mho_array_power(array, n, job->v_V + first * job->n_row, NULL, NULL, NULL, sum, NULL);
        for (size_t k = 0; k < n && status >= 0; k++) {
            total->delivered_W += share * sum[k].delivered_W;
            total->cell_W += share * sum[k].cell_W;
            total->word_W += share * sum[k].word_W;
            total->bit_W += share * sum[k].bit_W;
            total->source_W += share * sum[k].source_W;
            total->sense_W += share * sum[k].sense_W;
        }
    }
    job->rep.power_W = total->delivered_W;
    return status;
}

/* Relative loss 1 - I / I_ideal, over outputs that carry something. */
static mho_status compare_ideal(array_job *job) {
    mho_array_opt opt = job->opt;
    opt.solver = MHO_SOLVER_AUTO;
    opt.r_word_ohm = opt.r_bit_ohm = opt.r_source_ohm = opt.r_sense_ohm = 0;
    mho_array *array = NULL;
    mho_status status = mho_array_new(job->ctx, job->n_row, job->n_col, &opt, &array);
    if (status == MHO_OK) {
        status = mho_array_program(array, job->g_S);
    }
    if (status == MHO_OK) {
        status = mho_array_read(array, job->n_vec, job->v_V, job->ideal_A, NULL);
    }
    mho_array_free(array);
    if (status != MHO_OK) {
        return status;
    }
    double top = 0, sum = 0, n = 0, largest = -INFINITY;
    for (size_t k = 0; k < job->n_vec * job->n_col; k++) {
        top = fmax(top, fabs(job->ideal_A[k]));
    }
    for (size_t k = 0; k < job->n_vec * job->n_col; k++) {
        if (fabs(job->ideal_A[k]) > 1e-9 * top) {
            double loss = 1 - job->i_A[k] / job->ideal_A[k];
            sum += loss;
            n++;
            largest = fmax(largest, loss);
        }
    }
    job->loss_mean = n > 0 ? sum / n : 0;
    job->loss_max = n > 0 ? largest : 0;
    return MHO_OK;
}

/* MHO_WARN_NOT_CONVERGED is kept through the later steps */
static mho_status compute(array_job *job, mho_array *array) {
    mho_status status = mho_array_program(array, job->g_S);
    if (status != MHO_OK) {
        return status;
    }
    if (job->spice) {
        status = mho_array_spice_read(array, job->n_vec, job->v_V, job->i_A, job->word_V,
                                      job->bit_V, &job->rep, job->spice_version);
    } else {
        status = mho_array_read(array, job->n_vec, job->v_V, job->i_A, &job->rep);
        if (status == MHO_OK && job->word_V) {
            status = mho_array_nodes(array, job->n_vec, job->v_V, job->word_V, job->bit_V, NULL);
        }
    }
    if (status == MHO_OK && (job->args.power || !isfinite(job->rep.power_W))) {
        status = read_power(job, array);
        if (status == MHO_WARN_NOT_CONVERGED) { /* the currents did: they are worth having */
            job->power_failed = true;
            job->rep.power_W = NAN;
            cli_fail(job->ctx, status);
            status = MHO_OK;
        }
    }
    if (status == MHO_OK && job->args.compare) {
        status = compare_ideal(job);
    }
    return status;
}

static int solve_and_write(array_job *job) {
    mho_array *array = NULL;
    mho_status status = mho_array_new(job->ctx, job->n_row, job->n_col, &job->opt, &array);
    if (status == MHO_OK) {
        status = compute(job, array);
    }
    cli_progress_end();
    job->converged = status == MHO_OK;
    int rc = status == MHO_OK ? CLI_DONE : cli_fail(job->ctx, status);
    rc = job->power_failed && rc == CLI_DONE ? CLI_NOT_TRUSTWORTHY : rc;
    if (status == MHO_OK) {
        status = array_write_files(job, array);
        rc = status < 0 ? cli_fail(job->ctx, status) : rc;
    }
    if (status >= 0 && job->args.json) {
        mho_status written = array_write_json(job);
        rc = written < 0 ? cli_fail(job->ctx, written) : rc;
    }
    if (status >= 0 && !(job->args.json && strcmp(job->args.json, "-") == 0)) {
        array_print(job);
    }
    mho_array_free(array);
    return rc;
}

static int run(array_job *job) {
    job->ctx = cli_ctx(job->args.n_thread);
    if (!job->ctx) {
        return cli_no_ctx();
    }
    int rc = read_choices(job);
    rc = rc >= 0 ? rc : check_files(job);
    rc = rc >= 0 ? rc : get_conductances(job);
    rc = rc >= 0 ? rc : get_inputs(job);
    rc = rc >= 0 ? rc : make_numbers(job);
    rc = rc >= 0 ? rc : solve_and_write(job);
    free(job->g_S);
    free(job->v_V);
    free(job->i_A);
    free(job->ideal_A);
    free(job->word_V);
    free(job->bit_V);
    mho_ctx_free(job->ctx);
    return rc;
}

int cmd_array(int argc, char **argv, const cli_command *self) {
    array_job job = {.opt = MHO_ARRAY_OPT_INIT, .loss_mean = NAN, .loss_max = NAN};
    array_args *a = &job.args;
    *a = (array_args){.tol_rel = job.opt.tol_rel,
                      .max_iter = job.opt.max_iter,
                      .gmin_S = 1e-6,
                      .gmax_S = 1e-4,
                      .g_scale_S = 1,
                      .scheme = "one-sided",
                      .seed = 1,
                      .n_random_inputs = -1,
                      .wire_word_ohm = NAN,
                      .wire_bit_ohm = NAN,
                      .cell = "ohmic",
                      .drive = "left",
                      .sense_end = "bottom",
                      .solver = "auto",
                      .map_of = "drop"};
    const cli_option options[] = {
        {"conductances", CLI_FILE, &a->conductances, "FILE", NULL,
         "conductances in S, [rows][columns] or pairs [2][rows][columns], NPY"},
        {"weights", CLI_FILE, &a->weights, "FILE", NULL,
         "or: signed weights [rows][columns]; the largest gets gmax"},
        {"scheme", CLI_TEXT, &a->scheme, "NAME", NULL,
         "of weights: one-sided or two-sided pairs, or offset (one-sided)"},
        {"transposed", CLI_FLAG, &a->transposed, NULL, NULL,
         "the file is [columns][rows], that is [outputs][inputs]"},
        {"g-scale", CLI_NUMBER, &a->g_scale_S, "G", "S",
         "what 1 means in a file of conductances (1 S)"},
        {"random", CLI_TEXT, &a->random, "RxC", NULL,
         "or: R rows x C columns, uniform from gmin to gmax"},
        {"gmin", CLI_NUMBER, &a->gmin_S, "G", "S",
         "smallest conductance, random or of a weight (1 uS)"},
        {"gmax", CLI_NUMBER, &a->gmax_S, "G", "S",
         "largest conductance, random or of a weight (100 uS)"},
        {"seed", CLI_SEED, &a->seed, "S", NULL, "seed of everything random (1)"},
        {"inputs", CLI_FILE, &a->inputs, "FILE", NULL, "row voltages in V, [vectors][rows], NPY"},
        {"random-inputs", CLI_COUNT, &a->n_random_inputs, "N", NULL,
         "or: N vectors, uniform from 0 to 1 V (1)"},
        {"wire", CLI_NUMBER, &a->wire_ohm, "R", "ohm",
         "wire resistance from cell to cell (0, ideal)"},
        {"wire-word", CLI_NUMBER, &a->wire_word_ohm, "R", "ohm",
         "the same, word lines (rows) only"},
        {"wire-bit", CLI_NUMBER, &a->wire_bit_ohm, "R", "ohm",
         "the same, bit lines (columns) only"},
        {"source", CLI_NUMBER, &a->source_ohm, "R", "ohm", "in series with each driven end (0)"},
        {"sense", CLI_NUMBER, &a->sense_ohm, "R", "ohm", "in series with each sensed end (0)"},
        {"cell", CLI_TEXT, &a->cell, "LAW", NULL,
         "ohmic; sinh:a for I = G sinh(a v)/a; or cbram, pcm, rram, ..."},
        {"drive", CLI_TEXT, &a->drive, "END", NULL, "driven end of the rows: left, right, both"},
        {"sense-end", CLI_TEXT, &a->sense_end, "END", NULL,
         "sensed end of the columns: bottom, top, both"},
        {"solver", CLI_TEXT, &a->solver, "NAME", NULL,
         "auto, transfer, cg, newton, reference, spice"},
        {"tol", CLI_NUMBER, &a->tol_rel, "X", "", "wanted residual of iterative solvers (1e-12)"},
        {"max-iter", CLI_COUNT, &a->max_iter, "N", NULL,
         "most Newton steps, and CG steps in each (400)"},
        {"compare", CLI_TEXT, &a->compare, "ideal", NULL,
         "loss of output against ideal wires and ends"},
        {"power", CLI_FLAG, &a->power, NULL, NULL, "power by part of the array"},
        {"out", CLI_FILE, &a->out, "FILE", NULL,
         "write the currents in A, [vectors][outputs], NPY"},
        {"nodes", CLI_FILE, &a->nodes, "FILE", NULL,
         "write the node voltages, arrays word and bit, NPZ"},
        {"map", CLI_FILE, &a->map, "FILE", NULL, "draw the cells, mean of the vectors, PNG"},
        {"map-of", CLI_TEXT, &a->map_of, "WHAT", NULL,
         "drop (input minus cell voltage) or cell (voltage)"},
        {"netlist", CLI_FILE, &a->netlist, "FILE", NULL, "write the circuit for ngspice -b"},
        {"json", CLI_MAYBE, &a->json, "[FILE]", NULL, "write the result as JSON (standard output)"},
        {"threads", CLI_COUNT, &a->n_thread, "N", NULL,
         "threads (all processors); the result is the same"},
        {0}};
    int rc = cli_parse(self, options, argc, argv, NULL, 0);
    return rc >= 0 ? rc : run(&job);
}
