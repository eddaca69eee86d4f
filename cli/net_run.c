/* net_run.c - mho net --run: inputs from NPY or NPZ, the exact pass, outputs to NPY or NPZ. */
#include "net_job.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct run_data {
    size_t n_run, n_input, n_want;
    float **input; /* [n_input] */
    int *want;     /* [n_want] */
    float **output;
    mho_npy_view *view;
} run_data;

static bool ends_in(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* One input: as many samples as the file has numbers for. */
static int take_input(const net_job *job, size_t k, const mho_npy *npy, run_data *d) {
    const mho_graph_tensor *t = mho_graph_tensor_at(job->graph, mho_graph_input(job->graph, k));
    size_t n = 1, n_dim = mho_npy_n_dim(npy);
    char have[96] = "";
    for (size_t i = 0; i < n_dim; i++) {
        size_t at = strlen(have);
        snprintf(have + at, sizeof have - at, "%s%zu", i ? "x" : "", mho_npy_shape(npy, i));
        n *= mho_npy_shape(npy, i);
    }
    bool fits = n > 0 && n % t->size == 0;
    for (size_t i = 1; i < n_dim && fits && n_dim == t->n_dim; i++) {
        fits = mho_npy_shape(npy, i) == t->shape[i];
    }
    if (!fits || (k && n / t->size != d->n_run)) {
        return cli_usage_error("--run %s: %s numbers for input %s, which takes %zu a sample%s",
                               job->args.run, have, t->name, t->size,
                               fits ? "; all inputs must have as many samples" : "");
    }
    d->n_run = n / t->size;
    d->input[k] = calloc(n, sizeof **d->input);
    if (!d->input[k]) {
        return cli_no_memory((double)n * sizeof **d->input);
    }
    for (size_t i = 0; i < n; i++) {
        d->input[k][i] = (float)mho_npy_data(npy)[i];
    }
    return -1;
}

static int read_inputs(const net_job *job, run_data *d) {
    bool named = ends_in(job->args.run, ".npz");
    d->n_run = 1; /* of a network without inputs */
    d->n_input = mho_graph_n_input(job->graph);
    d->input = calloc(d->n_input + 1, sizeof *d->input);
    if (!d->input) {
        return cli_no_memory((double)(d->n_input + 1) * sizeof *d->input);
    }
    if (!named && d->n_input != 1) {
        return cli_usage_error("--run %s: the network has %zu inputs: an NPZ file with their names "
                               "is wanted",
                               job->args.run, d->n_input);
    }
    int rc = -1;
    for (size_t k = 0; k < d->n_input && rc < 0; k++) {
        mho_npy *npy = NULL;
        const char *name = mho_graph_tensor_at(job->graph, mho_graph_input(job->graph, k))->name;
        mho_status status = named ? mho_npz_load(job->ctx, job->args.run, name, &npy)
                                  : mho_npy_load(job->ctx, job->args.run, &npy);
        rc = status < 0 ? cli_fail(job->ctx, status) : take_input(job, k, npy, d);
        mho_npy_free(npy);
    }
    return rc;
}

/* Which tensors are handed out: the outputs, or what every node makes. */
static int make_outputs(const net_job *job, run_data *d) {
    const mho_graph *g = job->graph;
    bool all = job->args.all;
    d->n_want = all ? mho_graph_n_node(g) : mho_graph_n_output(g);
    d->want = calloc(d->n_want + 1, sizeof *d->want);
    d->output = calloc(d->n_want + 1, sizeof *d->output);
    d->view = calloc(d->n_want + 1, sizeof *d->view);
    bool whole = d->want && d->output && d->view;
    double n_byte = (double)(d->n_want + 1) * sizeof *d->view;
    for (size_t k = 0; k < d->n_want && whole; k++) {
        d->want[k] = all ? mho_graph_node_at(g, k)->output : mho_graph_output(g, k);
        const mho_graph_tensor *t = mho_graph_tensor_at(g, d->want[k]);
        d->output[k] = calloc(d->n_run * t->size + 1, sizeof **d->output);
        whole = d->output[k] != NULL;
        n_byte = (double)d->n_run * (double)t->size * sizeof **d->output;
        mho_npy_view v = {.name = t->name, .n_dim = t->n_dim, .data_f = d->output[k]};
        if (t->n_dim < 1 || t->n_dim > MHO_NPY_MAX_DIM) { /* numbers, or too many dimensions */
            v.n_dim = t->n_dim ? 2 : 1;
            v.shape[0] = d->n_run;
            v.shape[1] = t->size;
        } else {
            memcpy(v.shape, t->shape, t->n_dim * sizeof *v.shape);
            v.shape[0] *= d->n_run;
        }
        d->view[k] = v;
    }
    return whole ? -1 : cli_no_memory(n_byte);
}

static void print_outputs(const net_job *job, const run_data *d, double run_s) {
    char time[64];
    printf("%zu sample%s in %s\n", d->n_run, d->n_run == 1 ? "" : "s",
           mho_quantity_format(run_s, "s", 3, time, sizeof time));
    for (size_t k = 0; k < d->n_want && !job->args.out; k++) {
        const mho_graph_tensor *t = mho_graph_tensor_at(job->graph, d->want[k]);
        for (size_t run = 0; run < d->n_run && run < 4; run++) {
            printf("%s[%zu]", t->name, run);
            for (size_t i = 0; i < t->size && i < 12; i++) {
                printf(" %.6g", (double)d->output[k][run * t->size + i]);
            }
            printf(t->size > 12 ? " ...\n" : "\n");
        }
        if (d->n_run > 4) {
            printf("... and %zu more; --out FILE has them all\n", d->n_run - 4);
        }
    }
}

static int run_and_write(const net_job *job, run_data *d) {
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    mho_status status =
        mho_graph_run_all(job->ctx, job->graph, d->n_run, (const float *const *)d->input, d->n_want,
                          d->want, d->output);
    clock_gettime(CLOCK_MONOTONIC, &to);
    cli_progress_end();
    const char *out = job->args.out;
    if (status == MHO_OK && out) {
        status = ends_in(out, ".npz") ? mho_npz_save(job->ctx, out, d->n_want, d->view)
                                      : mho_npy_save(job->ctx, out, &d->view[0]);
    }
    if (status < 0) {
        return cli_fail(job->ctx, status);
    }
    print_outputs(job, d,
                  (double)(to.tv_sec - from.tv_sec) + 1e-9 * (double)(to.tv_nsec - from.tv_nsec));
    return CLI_DONE;
}

int net_run(const net_job *job) {
    run_data d = {0};
    if (job->args.all && (!job->args.out || !ends_in(job->args.out, ".npz"))) {
        return cli_usage_error("--all wants --out FILE.npz");
    }
    int rc = -1;
    if (job->args.out) {
        mho_status status = mho_file_writable(job->ctx, job->args.out);
        rc = status < 0 ? cli_fail(job->ctx, status) : -1;
    }
    rc = rc >= 0 ? rc : read_inputs(job, &d);
    rc = rc >= 0 ? rc : make_outputs(job, &d);
    rc = rc >= 0 ? rc : run_and_write(job, &d);
    for (size_t k = 0; d.input && k < d.n_input; k++) {
        free(d.input[k]);
    }
    for (size_t k = 0; d.output && k < d.n_want; k++) {
        free(d.output[k]);
    }
    free(d.input);
    free(d.want);
    free(d.output);
    free(d.view);
    return rc;
}
