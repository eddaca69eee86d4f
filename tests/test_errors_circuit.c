/* test_errors_circuit.c - what the array refuses and what it marks as not converged, on every way
 * to an answer. Floating lines, bad options and cells: test_array_errors.c. */
#include "test_array_oracle.h"

#include "circuit/netlist_int.h"

static mho_array *array(mho_ctx *ctx, size_t m, size_t n, const mho_array_opt *o) {
    mho_array *a;
    test_ok(ctx, mho_array_new(ctx, m, n, o, &a));
    return a;
}

static void own_law(void *user, size_t first, size_t n, const double *g_S, const double *v_V,
                    double *i_A, double *slope_S) {
    (void)user;
    (void)first;
    for (size_t k = 0; k < n; k++) {
        i_A[k] = g_S[k] * v_V[k];
        slope_S[k] = g_S[k];
    }
}

static void netlists_and_gradients_say_what_they_take(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    const double g[2] = {1e-5, 2e-5}, y[1] = {1};
    double v[2] = {0.1, 0.2}, grad[2];
    mho_array_opt o = MHO_ARRAY_OPT_INIT;
    mho_array *a = array(ctx, 2, 1, &o);
    test_refused(ctx, mho_array_spice_save(a, 1, v, "/dev/null"), MHO_ERR_ARG, "not programmed");
    test_ok(ctx, mho_array_program(a, g));
    v[1] = NAN;
    test_refused(ctx, mho_array_spice_save(a, 1, v, "/dev/null"), MHO_ERR_ARG,
                 "input 1 of vector 0 = nan V", "must be finite");
    v[1] = 0.2;
    test_refused(ctx, mho_array_spice_save(a, 1, v, "/nowhere/a.cir"), MHO_ERR_IO,
                 "/nowhere/a.cir");
    mho_array_free(a);
    o.law = MHO_LAW_USER;
    o.law_fn = own_law;
    a = array(ctx, 2, 1, &o);
    test_ok(ctx, mho_array_program(a, g));
    test_refused(ctx, mho_array_spice_save(a, 1, v, "/dev/null"), MHO_ERR_ARG, "of the user",
                 "ohmic and sinh");
    test_refused(ctx, mho_array_gradient(a, 1, v, y, grad, NULL), MHO_ERR_ARG,
                 "cells of the user's law", "ohmic cells and for sinh cells without a selector");
    mho_array_free(a);
    mho_ctx_free(ctx);
}

static void what_misses_its_tolerance_is_marked(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    enum { N = 24 };
    double *g = test_doubles(N * N, 1e-6, 1e-4, 0), *v = test_doubles(2 * N, 0.1, 1, 0);
    static double i[2 * N];
    mho_array_opt o = MHO_ARRAY_OPT_INIT;
    o.r_word_ohm = o.r_bit_ohm = 2;
    mho_array_report rep;
    o.law = MHO_LAW_SINH;
    o.law_a = 20;
    o.max_iter = 1;
    o.solver = MHO_SOLVER_REFERENCE;
    mho_array *a = array(ctx, N, N, &o);
    test_ok(ctx, mho_array_program(a, g));
    test_refused(ctx, mho_array_read(a, 2, v, i, &rep), MHO_WARN_NOT_CONVERGED, "2 of 2 vectors",
                 "Kirchhoff residual", "wanted 1e-12");
    assert_int_equal(rep.n_unconverged, 2);
    assert_true(rep.residual_rel > 1e-12);
    mho_array_free(a);
    free(g);
    free(v);
    mho_ctx_free(ctx);
}

/* Ideal lines among lines of 1e-15 to 1e15 ohm: the iteration of one gradient stalls at 1e-2 of the
 * current, and says so; a transfer matrix needs no iteration. */
static void lines_of_all_resistances_at_once_are_marked(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    enum { N = 12, N_VEC = 16 };
    static double x[N_VEC * N];
    bool gradient = false;
    for (unsigned t = 0; t < 400 && !gradient; t++) {
        test_seed = t * 7919 + 1;
        double r[2][N], lo = pow(10, -12 + 14 * test_uniform());
        double *g = test_doubles(N * N, lo, lo * pow(10, 8 * test_uniform()), 0.1);
        double *v = test_doubles(N * N_VEC, 1e-9, 1e9, 0.1);
        for (int k = 0; k < 2 * N; k++) {
            r[k / N][k % N] = test_uniform() < 0.4 ? 0 : pow(10, -15 + 30 * test_uniform());
        }
        mho_array_opt o = MHO_ARRAY_OPT_INIT;
        o.solver = MHO_SOLVER_TRANSFER;
        o.r_word_line_ohm = r[0];
        o.r_bit_line_ohm = r[1];
        o.r_source_ohm = pow(10, -15 + 27 * test_uniform());
        mho_array *a = array(ctx, N, N, &o);
        if (mho_array_program(a, g) == MHO_OK) {
            static double grad[N * N], y[N_VEC * N] = {1, 2, 3};
            mho_status status = mho_array_gradient(a, 1, v, y, grad, x);
            assert_true(status == MHO_OK || status == MHO_WARN_NOT_CONVERGED);
            gradient |= status && strstr(mho_ctx_last_error(ctx), "the adjoint circuit of a grad");
            test_ok(ctx, mho_array_transfer(a, grad));
        }
        mho_array_free(a);
        free(g);
        free(v);
    }
    assert_true(gradient);
    mho_ctx_free(ctx);
}

/* 6e14 S of wire swallow the 1e-6 S of the cells that alone hold a floating line. The fast solvers
 * do not mind; the reference says that it cannot, whether the last pivot is 0 or rounding. */
static void wires_that_swallow_the_cells_are_not_silently_wrong(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    const double v[2] = {1, 0};
    double i[2], w[4], b[4];
    const unsigned char off[2] = {0, 1};
    mho_array_opt o = MHO_ARRAY_OPT_INIT;
    o.r_word_ohm = 2;
    o.col_off = off;
    for (int odd = 0; odd < 2; odd++) {
        o.r_bit_ohm = odd ? 1e-15 : 0x1p-30;
        o.r_sense_ohm = odd ? 0 : 1e12;
        o.solver = MHO_SOLVER_AUTO;
        const double s = odd ? 1e-6 : 0x1p-25, g[4] = {s, s, s, s};
        mho_array *a = array(ctx, 2, 2, &o);
        test_ok(ctx, mho_array_program(a, g));
        test_ok(ctx, mho_array_nodes(a, 1, v, w, b, NULL));
        test_close(b[1], 0.5, 0, 1e-5);
        mho_array_free(a);
        o.solver = MHO_SOLVER_REFERENCE;
        a = array(ctx, 2, 2, &o);
        test_ok(ctx, mho_array_program(a, g));
        if (odd) {
            test_refused(ctx, mho_array_read(a, 1, v, i, NULL), MHO_WARN_NOT_CONVERGED,
                         "1 of 1 vectors");
        } else {
            test_refused(ctx, mho_array_read(a, 1, v, i, NULL), MHO_ERR_SINGULAR,
                         "2 x 2 cells: the sparse LU", "singular to working precision");
        }
        mho_array_free(a);
    }
    mho_ctx_free(ctx);
}

/* The reference looks for itself whether every node is held. */
static void the_reference_finds_floating_lines_and_its_own_limits(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    const double g[4] = {1e-6, 1e-6, 1e-6, 1e-6};
    const unsigned char off[2] = {0, 1};
    mho_array_opt o = MHO_ARRAY_OPT_INIT;
    o.r_word_ohm = o.r_bit_ohm = 2;
    o.col_off = off;
    mho_array *a = array(ctx, 2, 2, &o);
    mho_i_netlist list;
    test_ok(ctx, mho_array_program(a, g));
    test_ok(ctx, mho_i_netlist_new(a, &list));
    mho_i_netlist_free(&list);
    memset(a->g_user_S, 0, sizeof g); /* behind the back of mho_array_program, which refuses it */
    test_refused(ctx, mho_i_netlist_new(a, &list), MHO_ERR_SINGULAR,
                 "bit line 1 floats at cell (0, 1)", "known voltage");
    a->n_row = a->n_col = 20000;
    test_refused(ctx, mho_i_netlist_new(a, &list), MHO_ERR_ARG, "20000 x 20000 cells",
                 "too many for the reference solver");
    a->n_row = a->n_col = 2;
    mho_array_free(a);
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(netlists_and_gradients_say_what_they_take),
        cmocka_unit_test(what_misses_its_tolerance_is_marked),
        cmocka_unit_test(lines_of_all_resistances_at_once_are_marked),
        cmocka_unit_test(wires_that_swallow_the_cells_are_not_silently_wrong),
        cmocka_unit_test(the_reference_finds_floating_lines_and_its_own_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
