/* bench_array_approx.c - how wrong the usual short cuts for wires are, against the solved circuit:
 * no wires at all, each cell in series with its own way through the wires, one step of correction
 * by the undropped currents, one factor per column taken from a solved vector; and mho's own
 * solvers against the reference (KLU, refined). A line of CSV a point, which scripts/array_study.sh
 * draws:  study,rows,wire_ohm,method,error error: mean of |i - exact|/exact over outputs and
 * vectors. "size" goes over rows at 2 ohm, "wire" over ohms at 64 x 64.
 *
 *   bench_array_approx [largest rows, default 512] */
#include "mho/mho.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { N_VEC = 10, N_REFERENCE = 128 }; /* the reference takes minutes above that */

static const double g_min_S = 1e-6, g_max_S = 1e-4;

typedef struct problem {
    mho_ctx *ctx;
    size_t n;
    double wire_ohm;
    double *g_S, *v_V, *exact_A, *i_A; /* [n][n], [N_VEC][n] */
} problem;

static void die(const problem *p, const char *what) {
    fprintf(stderr, "bench_array_approx: %s: %s\n", what, mho_ctx_last_error(p->ctx));
    exit(1);
}

static double *zeros(const problem *p, size_t n) {
    double *x = calloc(n, sizeof *x);
    if (!x) {
        die(p, "out of memory");
    }
    return x;
}

static void solve(const problem *p, mho_array_solver solver, double *i_A) {
    mho_array_opt opt = MHO_ARRAY_OPT_INIT;
    opt.r_word_ohm = opt.r_bit_ohm = p->wire_ohm;
    opt.solver = solver;
    mho_array *array;
    if (mho_array_new(p->ctx, p->n, p->n, &opt, &array) != MHO_OK ||
        mho_array_program(array, p->g_S) != MHO_OK ||
        mho_array_read(array, N_VEC, p->v_V, i_A, NULL) != MHO_OK) {
        die(p, "mho");
    }
    mho_array_free(array);
}

/* ---- the short cuts; every line is driven at the left and sensed at the bottom ---- */

static void ideal(const problem *p, const double *v_V, double *i_A) {
    for (size_t c = 0; c < p->n; c++) {
        i_A[c] = 0;
        for (size_t r = 0; r < p->n; r++) {
            i_A[c] += v_V[r] * p->g_S[r * p->n + c];
        }
    }
}

/* as if no other cell shared the wires */
static void own_way(const problem *p, const double *v_V, double *i_A) {
    for (size_t c = 0; c < p->n; c++) {
        i_A[c] = 0;
        for (size_t r = 0; r < p->n; r++) {
            double g = p->g_S[r * p->n + c], way_ohm = p->wire_ohm * (double)(c + 1 + p->n - r);
            i_A[c] += v_V[r] * g / (1 + g * way_ohm);
        }
    }
}

/* the drops that the currents of ideal wires would make, taken from the voltages of the cells */
static void one_step(const problem *p, const double *v_V, double *i_A) {
    size_t n = p->n;
    double *v = zeros(p, n * n);
    for (size_t r = 0; r < n; r++) {
        double ahead_A = 0, drop_V = 0; /* current that a segment carries: all cells beyond it */
        for (size_t c = 0; c < n; c++) {
            ahead_A += v_V[r] * p->g_S[r * n + c];
        }
        for (size_t c = 0; c < n; c++) {
            drop_V += p->wire_ohm * ahead_A;
            ahead_A -= v_V[r] * p->g_S[r * n + c];
            v[r * n + c] = v_V[r] - drop_V;
        }
    }
    for (size_t c = 0; c < n; c++) {
        double above_A = 0, drop_V = 0;
        for (size_t r = 0; r < n; r++) {
            above_A += v_V[r] * p->g_S[r * n + c];
        }
        for (size_t r = n; r-- > 0;) {
            drop_V += p->wire_ohm * above_A;
            above_A -= v_V[r] * p->g_S[r * n + c];
            v[r * n + c] -= drop_V;
        }
        i_A[c] = 0;
        for (size_t r = 0; r < n; r++) {
            i_A[c] += p->g_S[r * n + c] * v[r * n + c];
        }
    }
    free(v);
}

/* ---- comparing ---- */

static double error_of(const problem *p) {
    double sum = 0;
    size_t n = 0;
    for (size_t k = 0; k < N_VEC * p->n; k++) {
        if (p->exact_A[k] > 0) { /* a vector of zeros has no currents */
            sum += fabs(p->i_A[k] - p->exact_A[k]) / p->exact_A[k];
            n++;
        }
    }
    return sum / (double)n;
}

static void line(const problem *p, const char *study, const char *method) {
    printf("%s,%zu,%g,%s,%.4g\n", study, p->n, p->wire_ohm, method, error_of(p));
    fflush(stdout);
}

static void short_cut(const problem *p, const char *study, const char *method,
                      void (*fn)(const problem *p, const double *v_V, double *i_A)) {
    for (size_t k = 0; k < N_VEC; k++) {
        fn(p, p->v_V + k * p->n, p->i_A + k * p->n);
    }
    line(p, study, method);
}

/* every column's loss at half of the largest voltage on all rows, taken for its loss always */
static void column_factor(problem *p, const char *study, const char *method) {
    size_t n = p->n;
    double *flat_V = zeros(p, N_VEC * n), *solved_A = zeros(p, N_VEC * n), *plain_A = zeros(p, n),
           *v_V = p->v_V;
    for (size_t k = 0; k < N_VEC * n; k++) {
        flat_V[k] = 0.5;
    }
    p->v_V = flat_V;
    solve(p, MHO_SOLVER_TRANSFER, solved_A);
    p->v_V = v_V;
    ideal(p, flat_V, plain_A);
    for (size_t k = 0; k < N_VEC; k++) {
        ideal(p, v_V + k * n, p->i_A + k * n);
        for (size_t c = 0; c < n; c++) {
            p->i_A[k * n + c] *= solved_A[c] / plain_A[c];
        }
    }
    line(p, study, method);
    free(flat_V);
    free(solved_A);
    free(plain_A);
}

static problem make(mho_ctx *ctx, size_t n, double wire_ohm) {
    problem p = {.ctx = ctx, .n = n, .wire_ohm = wire_ohm};
    p.g_S = zeros(&p, n * n);
    p.v_V = zeros(&p, N_VEC * n);
    p.exact_A = zeros(&p, N_VEC * n);
    p.i_A = zeros(&p, N_VEC * n);
    mho_uniform(1, 0, n * n, g_min_S, g_max_S, p.g_S);
    mho_uniform(1, 1, N_VEC * n, 0, 1, p.v_V);
    return p;
}

static void point(mho_ctx *ctx, const char *study, size_t n, double wire_ohm) {
    problem p = make(ctx, n, wire_ohm);
    bool reference = n <= N_REFERENCE;
    solve(&p, reference ? MHO_SOLVER_REFERENCE : MHO_SOLVER_TRANSFER, p.exact_A);
    short_cut(&p, study, "no wires", ideal);
    short_cut(&p, study, "own way", own_way);
    short_cut(&p, study, "one step", one_step);
    column_factor(&p, study, "column factor");
    if (reference) {
        solve(&p, MHO_SOLVER_TRANSFER, p.i_A);
        line(&p, study, "transfer");
    }
    solve(&p, MHO_SOLVER_CG, p.i_A);
    line(&p, study, "cg");
    for (size_t k = 0; k < N_VEC * n; k++) { /* as rectifiers leave them: one row in eight */
        p.v_V[k] = p.v_V[k] < 0.875 ? 0 : p.v_V[k];
    }
    solve(&p, MHO_SOLVER_TRANSFER, p.exact_A);
    column_factor(&p, study, "column factor sparse");
    free(p.g_S);
    free(p.v_V);
    free(p.exact_A);
    free(p.i_A);
}

int main(int argc, char **argv) {
    size_t most = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 512;
    mho_ctx *ctx;
    if (mho_ctx_new(&ctx) != MHO_OK) {
        return 1;
    }
    printf("study,rows,wire_ohm,method,error\n");
    for (size_t n = 16; n <= most; n *= 2) {
        point(ctx, "size", n, 2);
    }
    for (int k = 0; k <= 12; k++) { /* 10 mohm to 10 ohm, four a decade */
        point(ctx, "wire", 64, 0.01 * pow(10, k / 4.0));
    }
    mho_ctx_free(ctx);
    return 0;
}
