/* test_dendrite.c - dendrites as circuits: trees against dense elimination, XOR against its closed
 * form, yields against an integral, parity, errors. */
#include "test.h"

#include "base/base_int.h"

#include <stdlib.h>
#include <string.h>

static mho_dendrite_design design(mho_ctx *ctx, double rho) {
    mho_opto_param p = mho_opto_card();
    mho_dendrite_design d;
    test_ok(ctx, mho_dendrite_design_rho(ctx, &p, rho, &d));
    return d;
}

static mho_dendrite parity(mho_ctx *ctx, double rho, size_t n_bit) {
    mho_dendrite_design d = design(ctx, rho);
    mho_dendrite t;
    test_ok(ctx, mho_dendrite_parity(ctx, &d, n_bit, &t));
    return t;
}

/* node equations as a full matrix, Gauss with pivoting */
static void dense(size_t n, const mho_dendrite_node *node, double *v) {
    double *a = calloc(n * (n + 1), sizeof *a);
#define A(r, c) a[(r) * (n + 1) + (c)]
    for (size_t k = 0; k < n; k++) {
        A(k, k) += node[k].drive_S + node[k].ground_S;
        A(k, n) += node[k].drive_S * node[k].drive_V;
        if (node[k].parent >= 0) {
            size_t p = (size_t)node[k].parent;
            A(k, k) += node[k].couple_S;
            A(p, p) += node[k].couple_S;
            A(k, p) -= node[k].couple_S;
            A(p, k) -= node[k].couple_S;
        }
    }
    for (size_t c = 0; c < n; c++) {
        size_t best = c;
        for (size_t r = c; r < n; r++) {
            best = fabs(A(r, c)) > fabs(A(best, c)) ? r : best;
        }
        for (size_t j = 0; j <= n; j++) {
            double swap = A(c, j);
            A(c, j) = A(best, j);
            A(best, j) = swap;
        }
        for (size_t r = 0; r < n; r++) {
            double f = r == c ? 0 : A(r, c) / A(c, c);
            for (size_t j = c; f != 0 && j <= n; j++) {
                A(r, j) -= f * A(c, j);
            }
        }
    }
    for (size_t r = 0; r < n; r++) {
        v[r] = A(r, n) / A(r, r);
    }
    free(a);
}

static void trees_are_solved_exactly(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    for (uint32_t trial = 0; trial < 60; trial++) {
        enum { MAX = 45 };
        size_t n = 1 + trial % MAX;
        mho_dendrite_node node[MAX];
        double u[5 * MAX], v[MAX], want[MAX];
        mho_uniform(3, trial, 5 * n, 0, 1, u);
        for (size_t k = 0; k < n; k++) {
            const double *w = u + 5 * k;
            node[k] = (mho_dendrite_node){.parent = (int)floor(w[0] * (double)(k + 1)) - 1,
                                          .drive_S = w[1] < 0.4 ? 0 : 3e-6 * w[1],
                                          .drive_V = 0.1 * w[2] - 0.03,
                                          .ground_S = pow(10, -8 + 4 * w[3]),
                                          .couple_S = w[4] < 0.1 ? 0 : pow(10, -7 + 2 * w[4])};
        }
        test_ok(ctx, mho_dendrite_solve(ctx, n, node, v));
        dense(n, node, want);
        for (size_t k = 0; k < n; k++) {
            test_close(v[k], want[k], 1e-15, 1e-10);
        }
    }
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void a_branch_follows_its_closed_form(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    for (double e = 0.3e-6; e < 9e-6; e *= 2.385) {
        for (double i = 0; i < 1e-4; i = 3.1 * i + 1e-7) {
            mho_dendrite_node b = {-1, e, 0.37, 0.77e-6 + i, 123}; /* soma draws no current */
            double v;
            test_ok(ctx, mho_dendrite_solve(ctx, 1, &b, &v));
            test_close(v, 0.37 * e / (e + 0.77e-6 + i), 0, 1e-14);
        }
    }
    mho_ctx_free(ctx);
}

static void one_neuron_computes_xor(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_xor_result r;
    mho_opto_param p = mho_opto_card();
    test_ok(ctx, mho_xor_study(ctx, &p, 9, 1, 1, 10, NULL, 0, &r));
    double v0 = r.design.v0_V;
    test_close(r.closed.margin_rel, 0.2, 1e-15, 0);
    test_close(r.closed.y11_rel / r.closed.y10_rel, 2 / (1 + 9.0), 1e-15, 0);
    const double want[4] = {0, 0.5, 0.5, 0.1};
    for (int k = 0; k < 4; k++) {
        test_close(r.y_circuit_V[k] / v0, want[k], 1e-14, 0);
        test_close(r.y_cells_V[k] / v0, want[k], 1e-6, 1e-4); /* cells: sinh, light not quite off */
    }
    test_close(r.circuit.margin_V, 0.2 * v0, 0, 0.01);
    test_close(r.cells.margin_V, 0.2 * v0, 0, 0.01);
    assert_int_equal(r.circuit.n_right, 4);
    assert_int_equal(r.cells.n_right, 4);
    assert_true(r.optical_J > 0);
    for (int b = 0; b < 2; b++) { /* it works iff the shunt exceeds leak and excitation */
        mho_dendrite t = parity(ctx, b ? 1.01 : 0.99, 2);
        mho_dendrite_margin m;
        test_ok(ctx, mho_dendrite_separate(ctx, &t, 1, NULL, &m));
        assert_true(b ? m.margin_V > 0 && m.n_right == 4 : m.margin_V < 0 && m.n_right < 4);
    }
    mho_ctx_free(ctx);
}

static double yield(mho_ctx *ctx, double rho, double spread, uint64_t seed, size_t n) {
    mho_dendrite t = parity(ctx, rho, 2);
    double y, threshold = mho_xor_closed_form(rho).threshold_rel;
    test_ok(ctx, mho_dendrite_yield(ctx, &t, threshold, spread, seed, 0, n, &y));
    return y;
}

static void yields_are_what_the_integral_predicts(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    const double rho[] = {9, 9, 9, 9, 3.3, 30}, spread[] = {0.1, 0.2, 0.3, 0.4, 0.25, 0.5};
    for (int k = 0; k < 6; k++) {
        enum { M = 40000 };
        double integral, y = yield(ctx, rho[k], spread[k], 11, M);
        test_ok(ctx, mho_xor_yield_integral(ctx, rho[k], spread[k], &integral));
        test_close(y, integral, 1e-5 + 4 * sqrt(integral * (1 - integral) / M), 0);
        assert_true(integral <= mho_xor_yield_bound(rho[k], spread[k]) + 1e-6);
    }
    /* the figures that are asked for: 10,000 neurons */
    test_close(yield(ctx, 9, 0.2, 1, 10000), 0.997, 0.002, 0);
    test_close(yield(ctx, 9, 0.3, 1, 10000), 0.955, 0.007, 0);
    assert_true(yield(ctx, 9, 0, 1, 100) == 1);
    double none;
    test_ok(ctx, mho_xor_yield_integral(ctx, 9, 0, &none));
    assert_true(none == 1);
    mho_ctx_free(ctx);
}

static void a_neuron_is_named_by_its_number(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_dendrite t = parity(ctx, 9, 2);
    double whole, first, second;
    test_ok(ctx, mho_dendrite_yield(ctx, &t, 0.3, 0.35, 5, 0, 3000, &whole));
    test_ok(ctx, mho_dendrite_yield(ctx, &t, 0.3, 0.35, 5, 0, 1000, &first));
    test_ok(ctx, mho_dendrite_yield(ctx, &t, 0.3, 0.35, 5, 1000, 2000, &second));
    test_close(3000 * whole, 1000 * first + 2000 * second, 1e-9, 0);
    mho_ctx_free(ctx);
}

static void trees_compute_parity(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_opto_param p = mho_opto_card();
    mho_dendrite_design d = design(ctx, 9);
    for (size_t n_bit = 2; n_bit <= 5; n_bit++) {
        mho_dendrite t = parity(ctx, 9, n_bit);
        assert_int_equal(t.n_branch, (1u << n_bit) - 2);
        mho_dendrite_margin m, c;
        double y[32], cells[32];
        test_ok(ctx, mho_dendrite_separate(ctx, &t, d.v0_V, y, &m));
        assert_int_equal(m.n_right, 1u << n_bit);
        /* every joint halves the signal: 0.2, 0.078, 0.026, 0.009 of V0 */
        assert_true(m.margin_V > 0.15 * pow(0.35, (double)n_bit - 2) * d.v0_V);
        test_ok(ctx, mho_dendrite_separate_cells(ctx, &p, &d, &t, 3, false, cells, &c, NULL));
        assert_int_equal(c.n_right, 1u << n_bit);
        for (uint32_t k = 0; k < 1u << n_bit; k++) {
            test_close(cells[k], y[k], 1e-6 * d.v0_V, 1e-3);
        }
        test_ok(ctx, mho_dendrite_separate_cells(ctx, &p, &d, &t, 3, true, cells, &c, NULL));
        assert_int_equal(c.n_right, 1u << n_bit); /* 1 % read noise */
    }
    mho_ctx_free(ctx);
}

static void bad_arguments_are_named(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_opto_param p = mho_opto_card();
    mho_dendrite_design d;
    mho_dendrite t = parity(ctx, 9, 3);
    mho_xor_result r;
    double y = 7, v[2];
    test_refused(ctx, mho_dendrite_design_rho(ctx, &p, NAN, &d), MHO_ERR_ARG, "rho");
    test_refused(ctx, mho_dendrite_design_rho(ctx, &p, -1, &d), MHO_ERR_ARG, "rho = -1");
    p.g_photo_S = 0;
    test_refused(ctx, mho_dendrite_design_rho(ctx, &p, 9, &d), MHO_ERR_ARG, "g_photo");
    p = mho_opto_card();
    p.g_min_S = p.g_max_S / 3;
    test_refused(ctx, mho_dendrite_design_rho(ctx, &p, 9, &d), MHO_ERR_ARG, "g_min");
    p = mho_opto_card();
    test_ok(ctx, mho_dendrite_design_rho(ctx, &p, 9, &d));
    test_refused(ctx, mho_dendrite_parity(ctx, &d, 1, &t), MHO_ERR_ARG, "1 bits");
    test_refused(ctx, mho_dendrite_parity(ctx, &d, 9, &t), MHO_ERR_ARG, "2 to 8");
    test_refused(ctx, mho_dendrite_yield(ctx, &t, 0.1, -0.1, 1, 0, 10, &y), MHO_ERR_ARG, "spread");
    test_refused(ctx, mho_dendrite_yield(ctx, &t, 0.1, 0.1, 1, 0, 0, &y), MHO_ERR_ARG, "neurons");
    test_refused(ctx, mho_xor_yield_integral(ctx, 1, 0.1, &y), MHO_ERR_ARG, "rho = 1");
    test_refused(ctx, mho_xor_yield_integral(ctx, 9, 2.5, &y), MHO_ERR_ARG, "spread");
    test_refused(ctx, mho_xor_study(ctx, &p, 9, 1, 0, 10, NULL, 0, &r), MHO_ERR_ARG, "seeds");
    assert_true(y == 7);
    mho_dendrite_node bad[2] = {{-1, 1, 1, 1, 1}, {1, 1, 1, 1, 1}};
    test_refused(ctx, mho_dendrite_solve(ctx, 2, bad, v), MHO_ERR_ARG, "node 1: parent 1");
    bad[1] = (mho_dendrite_node){0, -1, 1, 1, 1};
    test_refused(ctx, mho_dendrite_solve(ctx, 2, bad, v), MHO_ERR_ARG, "node 1");
    bad[1] = (mho_dendrite_node){0, 0, 0, 0, 0};
    assert_int_equal(mho_dendrite_solve(ctx, 2, bad, v), MHO_ERR_SINGULAR);
    assert_non_null(strstr(mho_ctx_last_error(ctx), "node 1"));
    mho_ctx_fail_alloc(ctx, 1);
    assert_int_equal(mho_dendrite_solve(ctx, 1, bad, v), MHO_ERR_NOMEM);
    for (size_t n = 1; n < 8; n++) {
        mho_ctx_fail_alloc(ctx, n);
        assert_int_equal(
            mho_dendrite_separate_cells(ctx, &p, &d, &t, 1, false, NULL, &r.cells, NULL),
            MHO_ERR_NOMEM);
        mho_ctx_fail_alloc(ctx, 0);
        assert_int_equal(mho_ctx_bytes(ctx), 0);
    }
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_are_solved_exactly),
        cmocka_unit_test(a_branch_follows_its_closed_form),
        cmocka_unit_test(one_neuron_computes_xor),
        cmocka_unit_test(yields_are_what_the_integral_predicts),
        cmocka_unit_test(a_neuron_is_named_by_its_number),
        cmocka_unit_test(trees_compute_parity),
        cmocka_unit_test(bad_arguments_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
