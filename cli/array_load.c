/* array_load.c - the cells of "mho array" from a file: conductances, pairs of them, or signed
 * weights that are put on cells by one of the usual schemes. */
#include "array_job.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file as layers of [rows][columns]: one, or two of a pair. */
typedef struct cells {
    const double *data; /* [n_layer][n_in_file_row][n_in_file_col] */
    size_t n_layer, n_row, n_col;
    bool turned; /* the file has [columns][rows] */
} cells;

static double cell_at(const cells *c, size_t layer, size_t row, size_t col) {
    size_t n = c->n_row * c->n_col;
    return c->data[layer * n + (c->turned ? col * c->n_row + row : row * c->n_col + col)];
}

static int read_cells(const array_job *job, const char *option, const char *path,
                      const mho_npy *npy, bool pair_allowed, cells *c) {
    size_t n_dim = mho_npy_n_dim(npy);
    bool pair = n_dim == 3 && mho_npy_shape(npy, 0) == 2;
    if (n_dim != 2 && !(pair && pair_allowed)) {
        return cli_usage_error("--%s %s: has %zu dimensions; [rows][columns]%s is wanted", option,
                               path, n_dim, pair_allowed ? ", or a pair [2][rows][columns]," : "");
    }
    size_t a = mho_npy_shape(npy, n_dim - 2), b = mho_npy_shape(npy, n_dim - 1);
    if (a == 0 || b == 0) {
        return cli_usage_error("--%s %s: is empty (%zu x %zu)", option, path, a, b);
    }
    bool turned = job->args.transposed;
    *c = (cells){mho_npy_data(npy), pair ? 2 : 1, turned ? b : a, turned ? a : b, turned};
    return -1;
}

/* Room for rows x columns cells. */
static int make_room(array_job *job, size_t n_row, size_t n_col) {
    job->n_row = n_row;
    job->n_col = n_col;
    job->g_S = n_row <= SIZE_MAX / 64 / n_col ? malloc(n_row * n_col * sizeof *job->g_S) : NULL;
    return job->g_S ? -1 : cli_no_memory((double)n_row * (double)n_col * 8);
}

static int take_conductances(array_job *job, const cells *c) {
    bool pair = c->n_layer == 2;
    int rc = make_room(job, c->n_row, pair ? 2 * c->n_col : c->n_col);
    if (rc >= 0) {
        return rc;
    }
    for (size_t r = 0; r < c->n_row; r++) {
        for (size_t k = 0; k < job->n_col; k++) {
            double g = pair ? cell_at(c, k % 2, r, k / 2) : cell_at(c, 0, r, k);
            job->g_S[r * job->n_col + k] = job->args.g_scale_S * g;
        }
    }
    job->readout = pair ? ARRAY_PAIRS : ARRAY_PLAIN;
    return -1;
}

/* Conductances of one weight w in [-1, 1], as shares of the range. */
static void pair_of(bool one_sided, double w, double g[2]) {
    g[0] = one_sided ? fmax(w, 0) : (1 + w) / 2;
    g[1] = one_sided ? fmax(-w, 0) : (1 - w) / 2;
}

static int take_weights(array_job *job, const cells *c) {
    const array_args *a = &job->args;
    bool offset = strcmp(a->scheme, "offset") == 0, one = strcmp(a->scheme, "one-sided") == 0;
    if (!offset && !one && strcmp(a->scheme, "two-sided") != 0) {
        return cli_usage_error("--scheme %s: allowed are one-sided, two-sided, offset", a->scheme);
    }
    double top = 0, range_S = a->gmax_S - a->gmin_S;
    for (size_t k = 0; k < c->n_row * c->n_col; k++) {
        if (!isfinite(c->data[k])) {
            return cli_usage_error("--weights %s: number %zu is %g: finite ones are wanted",
                                   a->weights, k, c->data[k]);
        }
        top = fmax(top, fabs(c->data[k]));
    }
    if (top == 0 || !(a->gmin_S >= 0) || !(range_S > 0)) {
        return cli_usage_error("--weights %s --gmin %g --gmax %g: a weight that is not 0 and "
                               "0 <= gmin < gmax are wanted",
                               a->weights, a->gmin_S, a->gmax_S);
    }
    int rc = make_room(job, c->n_row, offset ? c->n_col + 1 : 2 * c->n_col);
    if (rc >= 0) {
        return rc;
    }
    for (size_t r = 0; r < c->n_row; r++) {
        double *row = job->g_S + r * job->n_col;
        row[0] = a->gmin_S + range_S / 2; /* the reference of offset; overwritten otherwise */
        for (size_t k = 0; k < c->n_col; k++) {
            double w = cell_at(c, 0, r, k) / top, g[2];
            pair_of(one, w, g);
            if (offset) {
                row[k + 1] = a->gmin_S + range_S * g[0];
            } else {
                row[2 * k] = a->gmin_S + range_S * g[0];
                row[2 * k + 1] = a->gmin_S + range_S * g[1];
            }
        }
    }
    job->readout = offset ? ARRAY_OFFSET : ARRAY_PAIRS;
    job->weight_S = (offset ? range_S / 2 : range_S) / top;
    return -1;
}

int array_load_cells(array_job *job) {
    const array_args *a = &job->args;
    const char *option = a->weights ? "weights" : "conductances";
    const char *path = a->weights ? a->weights : a->conductances;
    if (!(a->g_scale_S > 0) || !isfinite(a->g_scale_S)) {
        return cli_usage_error("--g-scale %g: a conductance above 0 is wanted, in S", a->g_scale_S);
    }
    mho_npy *npy;
    mho_status status = mho_npy_load(job->ctx, path, &npy);
    if (status < 0) {
        return cli_fail(job->ctx, status);
    }
    cells c = {0};
    int rc = read_cells(job, option, path, npy, !a->weights, &c);
    if (rc < 0) {
        rc = a->weights ? take_weights(job, &c) : take_conductances(job, &c);
    }
    mho_npy_free(npy);
    return rc;
}

size_t array_n_output(const array_job *job) {
    return job->readout == ARRAY_PAIRS    ? job->n_col / 2
           : job->readout == ARRAY_OFFSET ? job->n_col - 1
                                          : job->n_col;
}

void array_read_out(const array_job *job, const double *column_A, double *out_A) {
    size_t n = array_n_output(job);
    for (size_t k = 0; k < job->n_vec * n; k++) {
        const double *i = column_A + k / n * job->n_col;
        size_t at = k % n;
        out_A[k] = job->readout == ARRAY_PAIRS    ? i[2 * at] - i[2 * at + 1]
                   : job->readout == ARRAY_OFFSET ? i[at + 1] - i[0]
                                                  : i[at];
    }
}
