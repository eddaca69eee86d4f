/* fuzz_array.c - differential: a small array with any options, drawn by the bytes, through all
 * solvers and through textbook star-mesh elimination (tests/test_array_oracle.h). */
#define TEST_FROM_BYTES
#include "fuzz.h"
#include "test_array_oracle.h"

#include <float.h>

enum { N_VEC = 2 };

/* An answer is right to 1e-9 of its vector's largest output, and to what thick wires (0.01 ohm)
 * allow for: a rounded volt across one is that much current. One that is only the latter may be
 * marked: the mark is the truth. */
static bool judge(size_t n, const double *got, const double *want, bool *may_be_marked,
                  double *error) {
    double size = test_size(n, want), allowed = size > 0 ? 32 * DBL_EPSILON / 0.01 / size : 0;
    double off = test_difference(n, got, want);
    *may_be_marked = *may_be_marked || off > 1e-9;
    *error = fmax(*error, off);
    return off < 1e-9 + allowed;
}

static void compare(mho_ctx *ctx, const test_case *t, mho_array_solver solver, bool solvable,
                    const double *v, const double *want) {
    double got[N_VEC * 8], error = 0;
    size_t n = t->opt.transposed ? t->n_row : t->n_col;
    mho_array *a = test_array(ctx, t, solver);
    mho_status status = mho_array_program(a, t->g);
    if (status != (solvable ? MHO_OK : MHO_ERR_SINGULAR)) {
        abort();
    }
    if (solvable) {
        bool right = true, may_be_marked = false;
        status = mho_array_read(a, N_VEC, v, got, NULL);
        for (size_t k = 0; k < N_VEC; k++) {
            right = judge(n, got + k * n, want + k * n, &may_be_marked, &error) && right;
        }
        if (!right || !(status == MHO_OK || (status == MHO_WARN_NOT_CONVERGED && may_be_marked))) {
            fprintf(stderr, "%zu x %zu, %s: status %d, error %g; %s\n", t->n_row, t->n_col,
                    mho_array_solver_name(solver), status, error, mho_ctx_last_error(ctx));
            abort();
        }
    }
    mho_array_free(a);
}

void fuzz_one(mho_ctx *ctx, const uint8_t *bytes, size_t n) {
    test_bytes = bytes;
    test_n_byte = n;
    test_seed = 1;
    double v[N_VEC * 8], want[N_VEC * 8];
    test_case t = test_case_random(7, test_uniform());
    size_t n_in = t.opt.transposed ? t.n_col : t.n_row;
    for (size_t k = 0; k < N_VEC * n_in; k++) {
        v[k] = 2 * test_uniform() - 1;
    }
    bool solvable = test_oracle(&t, N_VEC, v, want);
    const mho_array_solver solver[] = {MHO_SOLVER_TRANSFER, MHO_SOLVER_CG, MHO_SOLVER_NEWTON,
                                       MHO_SOLVER_REFERENCE};
    for (int k = 0; k < 4; k++) {
        compare(ctx, &t, solver[k], solvable, v, want);
    }
    test_case_free(&t);
}
