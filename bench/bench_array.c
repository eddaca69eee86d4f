/* bench_array.c - array circuits: verifies, then times. One JSON line per figure; median and least
 * of several runs, beside OpenBLAS's dgemm of the same shape and number of threads in the same run.
 *
 *     bench_array [largest n, default 1024] [threads, default all]                              */
#include "mho/mho.h"
#include "base/base_int.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

extern char *openblas_get_corename(void) __attribute__((weak));
extern void openblas_set_num_threads(int n) __attribute__((weak));

enum { MOST_RUNS = 31, N_READ = 100, N_NODES = 64 };

typedef struct {
    mho_ctx *ctx;
    size_t n;
    bool strong;
    int threads;
    double *g, *v, *i, *m;
    mho_array_opt opt;
    mho_array *array;
    double *volts; /* [2][N_NODES][n][n] */
    size_t cell[16];
    double change[16];
    double *dgemm_a, *dgemm_b, *dgemm_c;
    size_t dgemm_m;
    int turn;
} job;

typedef mho_status (*step_fn)(job *j);

static void die(mho_ctx *ctx, const char *what, mho_status status) {
    fprintf(stderr, "bench_array: %s: %s: %s\n", what, mho_status_text(status),
            mho_ctx_last_error(ctx));
    exit(1);
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Runs of fn: at least 3, then until 0.7 s have gone. Returns the median, *least the shortest. */
static double timed(job *j, const char *what, step_fn before, step_fn fn, double *least) {
    double t[MOST_RUNS], spent = 0;
    int n = 0;
    while (n < MOST_RUNS && (n < 3 || spent < 0.7)) {
        mho_status status = before ? before(j) : MHO_OK;
        double t0 = mho_i_now_s();
        status = status ? status : fn(j);
        t[n] = mho_i_now_s() - t0;
        if (status) {
            die(j->ctx, what, status);
        }
        spent += t[n++];
    }
    qsort(t, (size_t)n, sizeof *t, by_size);
    *least = t[0];
    return t[n / 2];
}

static mho_status gemm(job *j) {
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)j->dgemm_m, (int)j->n, (int)j->n, 1,
                j->dgemm_a, (int)j->n, j->dgemm_b, (int)j->n, 0, j->dgemm_c, (int)j->n);
    return MHO_OK;
}

/* dgemm of rows x n times n x n on as many threads as mho uses. */
static double dgemm_time(job *j, size_t rows) {
    double least;
    j->dgemm_m = rows;
    if (openblas_set_num_threads) {
        openblas_set_num_threads(j->threads);
    }
    double t = timed(j, "dgemm", NULL, gemm, &least);
    if (openblas_set_num_threads) {
        openblas_set_num_threads(1);
    }
    return t;
}

static void line(const job *j, const char *op, double median, double least, double dgemm,
                 const char *more) {
    printf("{\"bench\":\"array\",\"op\":\"%s\",\"n\":%zu,\"wires\":\"%s\",\"threads\":%d,"
           "\"median_s\":%.4g,\"least_s\":%.4g,\"dgemm_s\":%.4g%s}\n",
           op, j->n, j->strong ? "20 ohm, 1 mS" : "2 ohm, 100 uS", j->threads, median, least, dgemm,
           more);
    fflush(stdout);
}

/* ---- what is timed ---- */

static mho_status make(job *j, mho_array_solver solver, mho_array_law law, double tol) {
    mho_array_free(j->array);
    j->opt.solver = solver;
    j->opt.law = law;
    j->opt.law_a = 2;
    j->opt.tol_rel = tol;
    mho_status status = mho_array_new(j->ctx, j->n, j->n, &j->opt, &j->array);
    return status ? status : mho_array_program(j->array, j->g);
}

static mho_status make_transfer(job *j) {
    return make(j, MHO_SOLVER_TRANSFER, MHO_LAW_OHMIC, 1e-12);
}

static mho_status program(job *j) {
    return mho_array_program(j->array, j->g);
}

static mho_status build(job *j) {
    return mho_array_transfer(j->array, j->m);
}

static mho_status read_batch(job *j) {
    return mho_array_read(j->array, N_READ, j->v, j->i, NULL);
}

static mho_status read_one(job *j) {
    return mho_array_read(j->array, 1, j->v, j->i, NULL);
}

static mho_status read_nodes(job *j) {
    double *w = j->dgemm_a, *b = j->dgemm_c;
    return mho_array_nodes(j->array, 1, j->v, w, b, NULL);
}

static mho_status read_many_nodes(job *j) {
    size_t size = N_NODES * j->n * j->n;
    return mho_array_nodes(j->array, N_NODES, j->v, j->volts, j->volts + size, NULL);
}

static mho_status pick_cells(job *j) {
    for (int k = 0; k < 16; k++) {
        double u[2];
        mho_i_rng_uniform(7, MHO_RNG_TEST, (uint32_t)j->turn, (uint32_t)k, 2, u);
        j->cell[k] = (size_t)(u[0] * (double)(j->n * j->n));
        j->change[k] = 1e-6 + 1e-4 * u[1];
    }
    j->turn++;
    return MHO_OK;
}

/* A fresh kept factor, so that every timed update starts from no changed cells. */
static mho_status before_update(job *j) {
    mho_status status = mho_array_program(j->array, j->g);
    if (!status) {
        status = mho_array_update(j->array, 1, j->cell, j->change);
    }
    if (!status) {
        status = mho_array_transfer(j->array, j->m);
    }
    return status ? status : pick_cells(j);
}

static mho_status update(job *j) {
    return mho_array_update(j->array, 16, j->cell, j->change);
}

/* ---- verify ---- */

static double difference(size_t n, const double *x, const double *y) {
    double worst = 0, most = 0;
    for (size_t k = 0; k < n; k++) {
        worst = fmax(worst, fabs(x[k] - y[k]));
        most = fmax(most, fabs(y[k]));
    }
    return worst / most;
}

/* An update and a rebuild of the same conductances. */
static double update_error(job *j) {
    size_t cells = j->n * j->n;
    double *g = malloc(cells * sizeof *g), *m = malloc(cells * sizeof *m);
    mho_status status = make_transfer(j);
    status = status ? status : pick_cells(j);
    size_t first = j->cell[0];
    memcpy(g, j->g, cells * sizeof *g);
    g[first] = j->change[0];
    status = status ? status : before_update(j);
    status = status ? status : update(j);
    status = status ? status : build(j);
    memcpy(m, j->m, cells * sizeof *m);
    for (int k = 0; k < 16; k++) {
        g[j->cell[k]] = j->change[k];
    }
    status = status ? status : mho_array_program(j->array, g);
    status = status ? status : build(j);
    if (status) {
        die(j->ctx, "verify update", status);
    }
    double error = difference(cells, m, j->m);
    free(g);
    free(m);
    return error;
}

static void verify(job *j) {
    double *direct = malloc(j->n * sizeof *direct);
    mho_status status = make_transfer(j);
    status = status ? status : read_one(j);
    memcpy(direct, j->i, j->n * sizeof *direct);
    status = status ? status : make(j, MHO_SOLVER_CG, MHO_LAW_OHMIC, 1e-12);
    status = status ? status : read_one(j);
    if (status) {
        die(j->ctx, "verify", status);
    }
    double cg = difference(j->n, j->i, direct), woodbury = j->n <= 512 ? update_error(j) : 0;
    printf("{\"bench\":\"array\",\"op\":\"verify\",\"n\":%zu,\"wires\":\"%s\",\"cg_error\":%.2g,"
           "\"update_error\":%.2g}\n",
           j->n, j->strong ? "20 ohm, 1 mS" : "2 ohm, 100 uS", cg, woodbury);
    free(direct);
    if (!(cg < 1e-10 && woodbury < 1e-10)) {
        fprintf(stderr, "bench_array: wrong answers are not timed\n");
        exit(1);
    }
}

/* ---- one size ---- */

static void time_linear(job *j) {
    double least, t, cube = dgemm_time(j, j->n), batch = dgemm_time(j, N_READ);
    if (make_transfer(j)) {
        die(j->ctx, "array", MHO_ERR_INTERNAL);
    }
    double first = mho_i_now_s();
    if (build(j)) {
        die(j->ctx, "build", MHO_ERR_INTERNAL);
    }
    first = mho_i_now_s() - first;
    char more[128];
    t = timed(j, "build", program, build, &least);
    snprintf(more, sizeof more, ",\"first_s\":%.4g,\"peak_MiB\":%.0f", first,
             (double)mho_ctx_peak_bytes(j->ctx) / 0x1p20);
    line(j, "build", t, least, cube, more);
    t = timed(j, "read", NULL, read_batch, &least);
    snprintf(more, sizeof more, ",\"vectors\":%d", N_READ);
    line(j, "read", t, least, batch, more);
    if (j->n <= 512) {
        j->volts = mho_i_alloc(j->ctx, 2 * N_NODES * j->n * j->n, sizeof(double));
        if (!j->volts) {
            die(j->ctx, "memory", MHO_ERR_NOMEM);
        }
        t = timed(j, "nodes64", NULL, read_many_nodes, &least);
        snprintf(more, sizeof more, ",\"vectors\":%d,\"per_vector_s\":%.4g", N_NODES,
                 least / N_NODES);
        line(j, "nodes64", t, least, batch, more);
        mho_i_free(j->ctx, j->volts);
        pick_cells(j);
        t = timed(j, "update", before_update, update, &least);
        line(j, "update16", t, least, cube, "");
    }
}

static void time_iterative(job *j) {
    double least, t, one = dgemm_time(j, 1);
    mho_array_report rep;
    char more[128];
    for (int k = 0; k < 3; k++) {
        const char *op[] = {"cg", "newton_sinh2", "newton_sinh2_loose"};
        double tol = k == 2 ? 1e-9 : 1e-12;
        mho_status status =
            make(j, k ? MHO_SOLVER_NEWTON : MHO_SOLVER_CG, k ? MHO_LAW_SINH : MHO_LAW_OHMIC, tol);
        status = status ? status : mho_array_read(j->array, 1, j->v, j->i, &rep);
        if (status) {
            die(j->ctx, op[k], status);
        }
        t = timed(j, op[k], NULL, read_one, &least);
        snprintf(more, sizeof more,
                 ",\"tol\":%g,\"cg_steps\":%d,\"newton_steps\":%d,\"residual\":%.2g", tol,
                 rep.iterations, rep.newton_steps, rep.residual_rel);
        line(j, op[k], t, least, one, more);
        if (k == 0) {
            t = timed(j, "nodes", NULL, read_nodes, &least);
            line(j, "nodes", t, least, one, "");
        }
    }
}

static void one_size(mho_ctx *ctx, size_t n, bool strong) {
    job j = {.ctx = ctx, .n = n, .strong = strong, .threads = mho_ctx_threads(ctx)};
    size_t rows = n > N_READ ? n : N_READ;
    double **arrays[] = {&j.g, &j.v, &j.i, &j.m, &j.dgemm_a, &j.dgemm_b, &j.dgemm_c};
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) {
        *arrays[k] = mho_i_alloc(ctx, rows * n, sizeof(double));
        if (!*arrays[k]) {
            die(ctx, "memory", MHO_ERR_NOMEM);
        }
    }
    j.opt = (mho_array_opt)MHO_ARRAY_OPT_INIT;
    j.opt.r_word_ohm = j.opt.r_bit_ohm = strong ? 20 : 2;
    mho_i_rng_uniform(1, MHO_RNG_TEST, 0, 0, n * n, j.g);
    mho_i_rng_uniform(2, MHO_RNG_TEST, 0, 0, rows * n, j.v);
    for (size_t k = 0; k < n * n; k++) {
        j.g[k] = 1e-6 + (strong ? 1e-3 : 1e-4) * j.g[k];
    }
    verify(&j);
    time_linear(&j);
    time_iterative(&j);
    mho_array_free(j.array);
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) {
        mho_i_free(ctx, *arrays[k]);
    }
}

/* Monte Carlo: many 128 x 128 tiles. */
static void many(mho_ctx *ctx) {
    enum { COUNT = 1000, N = 128 };
    double *g = mho_i_alloc(ctx, (size_t)COUNT * N * N, sizeof *g);
    if (!g) {
        die(ctx, "memory", MHO_ERR_NOMEM);
    }
    mho_i_rng_uniform(3, MHO_RNG_TEST, 0, 0, (size_t)COUNT * N * N, g);
    for (size_t k = 0; k < (size_t)COUNT * N * N; k++) {
        g[k] = 1e-6 + 1e-4 * g[k];
    }
    mho_array_opt opt = MHO_ARRAY_OPT_INIT;
    opt.r_word_ohm = opt.r_bit_ohm = 2;
    double t = mho_i_now_s();
    mho_status status = mho_array_transfer_many(ctx, COUNT, N, N, &opt, g, g);
    t = mho_i_now_s() - t;
    if (status) {
        die(ctx, "many", status);
    }
    printf("{\"bench\":\"array\",\"op\":\"many\",\"n\":%d,\"arrays\":%d,\"threads\":%d,"
           "\"median_s\":%.4g}\n",
           N, COUNT, mho_ctx_threads(ctx), t);
    mho_i_free(ctx, g);
}

static void machine(mho_ctx *ctx) {
    char cpu[128] = "unknown", text[256];
    FILE *f = fopen("/proc/cpuinfo", "r");
    while (f && fgets(text, sizeof text, f)) {
        if (sscanf(text, "model name : %127[^\n]", cpu) == 1) {
            break;
        }
    }
    if (f) {
        fclose(f);
    }
    printf("{\"bench\":\"array\",\"op\":\"machine\",\"cpu\":\"%s\",\"blas\":\"OpenBLAS %s\","
           "\"threads\":%d,\"mho\":\"%s\"}\n",
           cpu, openblas_get_corename ? openblas_get_corename() : "?", mho_ctx_threads(ctx),
           mho_version());
}

int main(int argc, char **argv) {
    size_t largest = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 1024;
    mho_ctx *ctx;
    if (mho_ctx_new(&ctx) || (argc > 2 && mho_ctx_set_threads(ctx, atoi(argv[2])))) {
        return 1;
    }
    machine(ctx);
    for (int strong = 0; strong < 2; strong++) {
        for (size_t n = 32; n <= largest; n *= 2) {
            one_size(ctx, n, strong);
        }
    }
    many(ctx);
    mho_ctx_free(ctx);
    return 0;
}
