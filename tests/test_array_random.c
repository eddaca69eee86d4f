/* test_array_random.c - random small arrays with random options: all solvers against the textbook
 * oracle and against each other. */
#include "test_array_oracle.h"

enum { N_VEC = 3 };

static void compare(mho_ctx *ctx, const test_case *t, int number) {
    size_t n_in = t->opt.transposed ? t->n_col : t->n_row;
    size_t n_out = t->opt.transposed ? t->n_row : t->n_col;
    double *v = malloc(N_VEC * n_in * sizeof *v), *want = malloc(N_VEC * n_out * sizeof *want);
    double *got = malloc(N_VEC * n_out * sizeof *got);
    for (size_t k = 0; k < N_VEC * n_in; k++) {
        v[k] = 2 * test_uniform() - 1;
    }
    bool solvable = test_oracle(t, N_VEC, v, want);
    const mho_array_solver solver[] = {MHO_SOLVER_TRANSFER, MHO_SOLVER_CG, MHO_SOLVER_NEWTON,
                                       MHO_SOLVER_AUTO};
    for (int k = 0; k < 4; k++) {
        mho_array *a = test_array(ctx, t, solver[k]);
        mho_status status = mho_array_program(a, t->g);
        if (!solvable) {
            assert_int_equal(status, MHO_ERR_SINGULAR);
        } else {
            assert_int_equal(status, MHO_OK);
            mho_array_report rep;
            status = mho_array_read(a, N_VEC, v, got, &rep);
            double error = test_difference(N_VEC * n_out, got, want);
            if (status || !(error < 1e-10)) {
                print_error("case %d, %zu x %zu, solver %s: status %d (%s), error %.3g, residual "
                            "%.3g\n",
                            number, t->n_row, t->n_col, mho_array_solver_name(rep.solver), status,
                            mho_ctx_last_error(ctx), error, rep.residual_rel);
            }
            assert_int_equal(status, MHO_OK);
            assert_true(error < 1e-10);
            /* thick wires: 1e-16 V across them is that much current */
            bool dead = test_size(N_VEC * n_out, want) < 1e-12; /* no input gets through */
            assert_true(rep.residual_rel < 1e-7 || dead);
        }
        mho_array_free(a);
    }
    free(v);
    free(want);
    free(got);
}

static void all_options_small(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    for (int k = 0; k < 600; k++) {
        test_seed = 1000u + (unsigned)k;
        test_case t = test_case_random(7, 0);
        compare(ctx, &t, k);
        test_case_free(&t);
    }
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void ideal_lines(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    for (int k = 0; k < 400; k++) {
        test_seed = 5000u + (unsigned)k;
        test_case t = test_case_random(7, k % 3 == 0 ? 0.5 : 0.9);
        compare(ctx, &t, k);
        test_case_free(&t);
    }
    mho_ctx_free(ctx);
}

static void several_leaves(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    for (int k = 0; k < 6; k++) {
        test_seed = 9000u + (unsigned)k;
        test_case t = test_case_random(40, 0);
        if (t.n_row * t.n_col < 500) { /* the oracle is cubic in the number of cells */
            compare(ctx, &t, k);
        }
        test_case_free(&t);
    }
    mho_ctx_free(ctx);
}

/* Larger shapes, where the oracle is too slow: CG against transfer. */
static void cg_agrees_with_transfer(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    for (int k = 0; k < 60; k++) {
        test_seed = 20000u + (unsigned)k;
        test_case t = test_case_random(150, 0);
        size_t n_in = t.opt.transposed ? t.n_col : t.n_row;
        size_t n_out = t.opt.transposed ? t.n_row : t.n_col;
        double *v = test_doubles(n_in, 0.1, 1, 0), *x = malloc(n_out * sizeof *x);
        double *y = malloc(n_out * sizeof *y);
        mho_array *a = test_array(ctx, &t, MHO_SOLVER_TRANSFER);
        mho_array *b = test_array(ctx, &t, MHO_SOLVER_CG);
        mho_status status = mho_array_program(a, t.g);
        assert_int_equal(mho_array_program(b, t.g), status);
        if (!status) {
            test_ok(ctx, mho_array_read(a, 1, v, x, NULL));
            test_ok(ctx, mho_array_read(b, 1, v, y, NULL));
            test_close(test_difference(n_out, y, x), 0, 1e-10, 0);
        }
        mho_array_free(a);
        mho_array_free(b);
        free(v);
        free(x);
        free(y);
        test_case_free(&t);
    }
    mho_ctx_free(ctx);
}

/* Node voltages of a batch go down the kept factor; those of CG come vector by vector. */
static void nodes_of_a_batch(void **state) {
    (void)state;
    enum { COUNT = 19 };
    mho_ctx *ctx = test_ctx();
    for (int k = 0; k < 60; k++) {
        test_seed = 30000u + (unsigned)k;
        test_case t = test_case_random(50, 0);
        size_t cells = t.n_row * t.n_col, n_in = t.opt.transposed ? t.n_col : t.n_row;
        double *v = test_doubles(COUNT * n_in, 0.1, 1, 0), *out[4];
        mho_array *a = test_array(ctx, &t, MHO_SOLVER_TRANSFER);
        mho_array *b = test_array(ctx, &t, MHO_SOLVER_CG);
        for (int n = 0; n < 4; n++) {
            out[n] = malloc(COUNT * cells * sizeof(double));
        }
        mho_status status = mho_array_program(a, t.g);
        assert_int_equal(mho_array_program(b, t.g), status);
        if (!status) {
            mho_array_report rep;
            test_ok(ctx, mho_array_nodes(a, COUNT, v, out[0], out[1], &rep));
            assert_int_equal(rep.solver, MHO_SOLVER_TRANSFER);
            double power = rep.power_W;
            test_ok(ctx, mho_array_nodes(b, COUNT, v, out[2], out[3], &rep));
            assert_int_equal(rep.solver, MHO_SOLVER_CG);
            assert_true(test_difference(COUNT * cells, out[0], out[2]) < 1e-9);
            assert_true(test_difference(COUNT * cells, out[1], out[3]) < 1e-9);
            test_close(power, rep.power_W, 1e-15, 1e-9);
            double *y = test_doubles(COUNT * (cells / n_in), 0.1, 1, 0),
                   *x = malloc(sizeof *x * 2 * COUNT * n_in);
            test_ok(ctx, mho_array_gradient(a, COUNT, v, y, out[0], x));
            test_ok(ctx, mho_array_gradient(b, COUNT, v, y, out[1], x + COUNT * n_in));
            assert_true(test_difference(cells, out[0], out[1]) < 1e-8);
            assert_true(test_difference(COUNT * n_in, x, x + COUNT * n_in) < 1e-8);
            free(y);
            free(x);
        }
        for (int n = 0; n < 4; n++) {
            free(out[n]);
        }
        mho_array_free(a);
        mho_array_free(b);
        free(v);
        test_case_free(&t);
    }
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_options_small), cmocka_unit_test(ideal_lines),
        cmocka_unit_test(several_leaves),    cmocka_unit_test(cg_agrees_with_transfer),
        cmocka_unit_test(nodes_of_a_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
