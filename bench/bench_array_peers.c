/* bench_array_peers.c - one array read with 100 vectors: mho (build and reads together) beside
 * plain nodal analysis with KLU, which is what a careful user would write, and ngspice. Every
 * answer is verified before it is timed. One JSON line for each size and peer; times are medians.
 *
 *   bench_array_peers            128 and 256 with KLU; 32 and 64 with ngspice
 *   bench_array_peers --large    also 512 with KLU (half a minute) and 128 with ngspice (minutes)
 *   bench_array_peers --cost     processor time on one thread against size, a line of CSV each
 */
#include "mho/mho.h"
#include "base/base_int.h"

#include <cblas.h>
#include <klu.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const double wire_ohm = 2, g_min_S = 1e-6, g_max_S = 1e-4;

typedef struct problem {
    mho_ctx *ctx;
    size_t n, n_vec;
    double *g_S, *v_V, *mho_A, *peer_A; /* [n][n], [n_vec][n] */
} problem;

static void fail(const problem *p, const char *what) {
    fprintf(stderr, "bench_array_peers: %s: %s\n", what, mho_ctx_last_error(p->ctx));
    exit(1);
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *x, int n) {
    qsort(x, (size_t)n, sizeof *x, ascending);
    return x[n / 2];
}

static double difference(const problem *p) {
    double top = 0, diff = 0;
    for (size_t k = 0; k < p->n_vec * p->n; k++) {
        top = fmax(top, fabs(p->peer_A[k]));
        diff = fmax(diff, fabs(p->peer_A[k] - p->mho_A[k]));
    }
    return diff / top;
}

/* ---- mho: new array, programme, read ---- */

static mho_array *make_array(const problem *p) {
    mho_array_opt opt = MHO_ARRAY_OPT_INIT;
    opt.r_word_ohm = opt.r_bit_ohm = wire_ohm;
    mho_array *array;
    if (mho_array_new(p->ctx, p->n, p->n, &opt, &array) != MHO_OK ||
        mho_array_program(array, p->g_S) != MHO_OK) {
        fail(p, "mho");
    }
    return array;
}

static double time_mho(const problem *p) {
    double start = mho_i_now_s();
    mho_array *array = make_array(p);
    if (mho_array_read(array, p->n_vec, p->v_V, p->mho_A, NULL) != MHO_OK) {
        fail(p, "mho");
    }
    double s = mho_i_now_s() - start;
    mho_array_free(array);
    return s;
}

/* ---- KLU: unknowns word (i,j) at 2(i n + j), bit at 2(i n + j) + 1 ---- */

/* columns of the nodal matrix; it is symmetric, so rows serve as columns */
static void fill_matrix(const problem *p, int *start, int *row, double *value) {
    size_t n = p->n;
    double gw = 1 / wire_ohm;
    int at = 0;
    for (size_t k = 0; k < 2 * n * n; k++) {
        size_t cell = k / 2, i = cell / n, j = cell % n, step = k % 2 ? n : 1;
        bool bit = k % 2;
        bool before = bit ? i > 0 : j > 0, after = bit ? i + 1 < n : j + 1 < n;
        double diagonal = p->g_S[cell];
        start[k] = at;
        if (before) {
            row[at] = (int)(k - 2 * step);
            value[at++] = -gw;
        }
        if (after) {
            row[at] = (int)(k + 2 * step);
            value[at++] = -gw;
        }
        diagonal += before || !bit ? gw : 0; /* word lines are driven at the left */
        diagonal += after || bit ? gw : 0;   /* bit lines end at the bottom */
        row[at] = (int)(bit ? k - 1 : k + 1);
        value[at++] = -p->g_S[cell];
        row[at] = (int)k;
        value[at++] = diagonal;
    }
    start[2 * n * n] = at;
}

static double time_klu(const problem *p, double *factor_s) {
    size_t n = p->n, n_node = 2 * n * n;
    double begin = mho_i_now_s();
    int *start = malloc((n_node + 1) * sizeof *start), *row = malloc(5 * n_node * sizeof *row);
    double *value = malloc(5 * n_node * sizeof *value), *x = malloc(4 * n_node * sizeof *x);
    if (!start || !row || !value || !x) {
        fail(p, "out of memory");
    }
    fill_matrix(p, start, row, value);
    klu_common common;
    klu_defaults(&common);
    common.btf = 0; /* symmetric pattern: a matching off the diagonal would spoil the order */
    klu_symbolic *symbolic = klu_analyze((int)n_node, start, row, &common);
    klu_numeric *numeric = symbolic ? klu_factor(start, row, value, symbolic, &common) : NULL;
    if (!numeric) {
        fail(p, "KLU failed");
    }
    *factor_s = mho_i_now_s() - begin;
    for (size_t k = 0; k < p->n_vec; k += 4) { /* KLU solves four right-hand sides at a time */
        size_t n_rhs = p->n_vec - k < 4 ? p->n_vec - k : 4;
        memset(x, 0, n_rhs * n_node * sizeof *x);
        for (size_t q = 0; q < n_rhs; q++) {
            for (size_t i = 0; i < n; i++) {
                x[q * n_node + 2 * i * n] = p->v_V[(k + q) * n + i] / wire_ohm;
            }
        }
        klu_solve(symbolic, numeric, (int)n_node, (int)n_rhs, x, &common);
        for (size_t q = 0; q < n_rhs; q++) {
            for (size_t j = 0; j < n; j++) {
                p->peer_A[(k + q) * n + j] = x[q * n_node + 2 * ((n - 1) * n + j) + 1] / wire_ohm;
            }
        }
    }
    double s = mho_i_now_s() - begin;
    klu_free_numeric(&numeric, &common);
    klu_free_symbolic(&symbolic, &common);
    free(start);
    free(row);
    free(value);
    free(x);
    return s;
}

/* ---- comparing ---- */

static problem make_problem(mho_ctx *ctx, size_t n, size_t n_vec) {
    problem p = {.ctx = ctx, .n = n, .n_vec = n_vec};
    p.g_S = malloc(n * n * sizeof *p.g_S);
    p.v_V = malloc(n_vec * n * sizeof *p.v_V);
    p.mho_A = malloc(n_vec * n * sizeof *p.mho_A);
    p.peer_A = malloc(n_vec * n * sizeof *p.peer_A);
    if (!p.g_S || !p.v_V || !p.mho_A || !p.peer_A) {
        fail(&p, "out of memory");
    }
    mho_uniform(1, 0, n * n, g_min_S, g_max_S, p.g_S);
    mho_uniform(1, 1, n_vec * n, 0, 1, p.v_V);
    return p;
}

static void free_problem(problem *p) {
    free(p->g_S);
    free(p->v_V);
    free(p->mho_A);
    free(p->peer_A);
}

static void verify(const problem *p, const char *peer, double allowed) {
    double diff = difference(p);
    if (!(diff <= allowed)) {
        fprintf(stderr, "bench_array_peers: %zu: mho and %s differ by %.2g, allowed %.2g\n", p->n,
                peer, diff, allowed);
        exit(1);
    }
}

static double median_mho(const problem *p) {
    double s[9];
    for (int k = 0; k < 9; k++) {
        s[k] = time_mho(p);
    }
    return median(s, 9);
}

static void against_klu(mho_ctx *ctx, size_t n, int n_run) {
    problem p = make_problem(ctx, n, 100);
    double factor_s[3], all_s[3];
    time_mho(&p);
    for (int k = 0; k < n_run; k++) {
        all_s[k] = time_klu(&p, &factor_s[k]);
        verify(&p, "KLU", 1e-10);
    }
    double mho_s = median_mho(&p), klu_s = median(all_s, n_run);
    printf(
        "{\"bench\": \"array_peers\", \"peer\": \"KLU %d.%d\", \"rows\": %zu, \"cols\": %zu, "
        "\"vectors\": %zu, \"wire_ohm\": %g, \"threads\": %d, \"mho_s\": %.4g, \"peer_s\": %.4g, "
        "\"peer_factor_s\": %.4g, \"ratio\": %.1f, \"difference_rel\": %.2g}\n",
        KLU_MAIN_VERSION, KLU_SUB_VERSION, n, n, p.n_vec, wire_ohm, mho_ctx_threads(ctx), mho_s,
        klu_s, median(factor_s, n_run), klu_s / mho_s, difference(&p));
    fflush(stdout);
    free_problem(&p);
}

static bool against_ngspice(mho_ctx *ctx, size_t n) {
    problem p = make_problem(ctx, n, 1);
    char version[MHO_SPICE_VERSION_BYTES] = "";
    mho_array *array = make_array(&p);
    double start = mho_i_now_s();
    mho_status status = mho_array_spice_read(array, 1, p.v_V, p.peer_A, NULL, NULL, NULL, version);
    double spice_s = mho_i_now_s() - start;
    mho_array_free(array);
    if (status == MHO_ERR_DEPENDENCY) {
        fprintf(stderr, "bench_array_peers: no ngspice: %s\n", mho_ctx_last_error(ctx));
        free_problem(&p);
        return false;
    }
    if (status != MHO_OK) {
        fail(&p, "ngspice");
    }
    time_mho(&p);
    verify(&p, "ngspice", 1e-9);
    double mho_s = median_mho(&p);
    /* up to version 41 ngspice has only Sparse 1.3; later ones are built with KLU or without, and
     * use it only on request, which the netlist does not make                                    */
    printf(
        "{\"bench\": \"array_peers\", \"peer\": \"%s\", \"peer_solver\": \"Sparse 1.3\", \"rows\": "
        "%zu, \"cols\": %zu, \"vectors\": 1, \"wire_ohm\": %g, \"threads\": %d, \"mho_s\": %.4g, "
        "\"peer_s\": %.4g, \"ratio\": %.0f, \"difference_rel\": %.2g}\n",
        version, n, n, wire_ohm, mho_ctx_threads(ctx), mho_s, spice_s, spice_s / mho_s,
        difference(&p));
    fflush(stdout);
    free_problem(&p);
    return true;
}

/* ---- cost against size ---- */

typedef struct cost {
    double build_s, read_s, gemm_s, factor_s, solve_s;
} cost;

static double cpu_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID,
                  &t); /* of a program on one thread, whoever else computes */
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double least(double a, double b) {
    return a == 0 || b < a ? b : a;
}

static void add_cost(const problem *p, double *m_S, bool klu, cost *c) {
    double t[5] = {cpu_s()}, factor_wall_s = 0;
    mho_array *array = make_array(p);
    if (mho_array_transfer(array, m_S) != MHO_OK) {
        fail(p, "transfer");
    }
    t[1] = cpu_s();
    if (mho_array_read(array, p->n_vec, p->v_V, p->mho_A, NULL) != MHO_OK) {
        fail(p, "mho");
    }
    t[2] = cpu_s();
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)p->n_vec, (int)p->n, (int)p->n, 1,
                p->v_V, (int)p->n, p->g_S, (int)p->n, 0, p->peer_A, (int)p->n);
    t[3] = cpu_s();
    mho_array_free(array);
    c->build_s = least(c->build_s, t[1] - t[0]);
    c->read_s = least(c->read_s, t[2] - t[1]);
    c->gemm_s = least(c->gemm_s, t[3] - t[2]);
    if (klu) {
        t[3] = cpu_s();
        double wall_s = mho_i_now_s();
        time_klu(p, &factor_wall_s);
        wall_s = mho_i_now_s() - wall_s;
        t[4] = cpu_s() - t[3];
        c->factor_s = least(c->factor_s, t[4] * factor_wall_s / wall_s);
        c->solve_s = least(c->solve_s, t[4] * (1 - factor_wall_s / wall_s));
        verify(p, "KLU", 1e-10);
    }
}

static void cost_against_size(mho_ctx *ctx) {
    printf("study,rows,method,seconds\n");
    if (mho_ctx_set_threads(ctx, 1) != MHO_OK) {
        exit(1);
    }
    for (size_t n = 16; n <= 1024; n *= 2) {
        problem p = make_problem(ctx, n, 100);
        double *m_S = malloc(n * n * sizeof *m_S);
        if (!m_S) {
            fail(&p, "out of memory");
        }
        bool klu = n <= 256;
        cost c = {0};
        for (int k = 0; k < (n <= 128 ? 7 : 2); k++) {
            add_cost(&p, m_S, klu, &c);
        }
        printf("cost,%zu,build,%.4g\ncost,%zu,read,%.4g\ncost,%zu,gemm,%.4g\n", n, c.build_s, n,
               c.read_s, n, c.gemm_s);
        if (klu) {
            printf("cost,%zu,klu factor,%.4g\ncost,%zu,klu solve,%.4g\n", n, c.factor_s, n,
                   c.solve_s);
        }
        fflush(stdout);
        free(m_S);
        free_problem(&p);
    }
}

int main(int argc, char **argv) {
    bool large = argc > 1 && strcmp(argv[1], "--large") == 0;
    mho_ctx *ctx;
    if (mho_ctx_new(&ctx) != MHO_OK) {
        return 1;
    }
    if (argc > 1 && strcmp(argv[1], "--cost") == 0) {
        cost_against_size(ctx);
        mho_ctx_free(ctx);
        return 0;
    }
    against_klu(ctx, 128, 3);
    against_klu(ctx, 256, 3);
    if (large) {
        against_klu(ctx, 512, 1);
    }
    if (against_ngspice(ctx, 32) && against_ngspice(ctx, 64) && large) {
        against_ngspice(ctx, 128);
    }
    mho_ctx_free(ctx);
    return 0;
}
