/* test_array_errors.c - every documented refusal, with a message that names the element; failing
 * memory at every allocation; answers that did not converge are marked. */
#include "test_array_oracle.h"

static void refused(mho_ctx *ctx, mho_status got, mho_status want, const char *says) {
    if (got != want || !strstr(mho_ctx_last_error(ctx), says)) {
        print_error("status %d, wanted %d; message \"%s\", wanted \"%s\" in it\n", (int)got,
                    (int)want, mho_ctx_last_error(ctx), says);
    }
    assert_int_equal(got, want);
    assert_non_null(strstr(mho_ctx_last_error(ctx), says));
}

static void options_are_checked(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_array *a = (mho_array *)ctx;
    refused(ctx, mho_array_new(ctx, 0, 3, NULL, &a), MHO_ERR_DIM, "0 x 3");
    assert_null(a);
    refused(ctx, mho_array_new(ctx, (size_t)1 << 40, 3, NULL, &a), MHO_ERR_DIM, "2^32");
#define REFUSE(change, says)                                                                       \
    do {                                                                                           \
        mho_array_opt o = MHO_ARRAY_OPT_INIT;                                                      \
        change;                                                                                    \
        refused(ctx, mho_array_new(ctx, 2, 3, &o, &a), MHO_ERR_ARG, says);                         \
        assert_null(a);                                                                            \
    } while (0)
    const double bad_line[3] = {1, -2, 3};
    const unsigned char bad_stuck[6] = {0, 1, 2, 0, 7, 0};
    REFUSE(o.struct_size = 3, "struct_size");
    REFUSE(o.r_word_ohm = -1, "r_word_ohm = -1");
    REFUSE(o.r_bit_ohm = NAN, "r_bit_ohm = nan");
    REFUSE(o.r_source_ohm = INFINITY, "r_source_ohm = inf");
    REFUSE(o.r_sense_line_ohm = bad_line, "r_sense_ohm of line 1 = -2");
    REFUSE(o.r_word_ohm = 1e-200, "1e-15");
    REFUSE(o.tol_rel = 0, "tol_rel");
    REFUSE(o.max_iter = 0, "max_iter");
    REFUSE(o.v_bias_V = NAN, "v_bias_V");
    REFUSE(o.drive = (mho_array_drive)9, "drive = 9");
    REFUSE(o.law = MHO_LAW_USER, "law_fn");
    REFUSE((o.law = MHO_LAW_SINH, o.law_a = 0), "law_a");
    REFUSE((o.selector = MHO_SELECTOR_SINH, o.selector_g_S = -1), "selector_g_S");
    REFUSE((o.selector = MHO_SELECTOR_SERIES, o.r_series_ohm = -1), "r_series_ohm");
    REFUSE(o.stuck = bad_stuck, "cell (1,1) = 7");
    REFUSE((o.stuck = bad_stuck, o.g_short_S = 1e19), "g_short_S = 1e+19 S: allowed");
#undef REFUSE
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void cells_and_inputs_are_checked(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    double g[6] = {1e-5, 1e-5, 1e-5, 1e-5, 1e-5, 1e-5}, v[2] = {1, 1}, i[3] = {7, 7, 7}, m[6];
    mho_array_opt o = MHO_ARRAY_OPT_INIT;
    o.r_word_ohm = o.r_bit_ohm = 2;
    mho_array *a;
    test_ok(ctx, mho_array_new(ctx, 2, 3, &o, &a));
    g[4] = -1e-5;
    refused(ctx, mho_array_program(a, g), MHO_ERR_ARG, "cell (1,1) = -1e-05 S");
    refused(ctx, mho_array_transfer_many(ctx, 1, 2, 3, &o, g, m), MHO_ERR_ARG, "cell (1,1)");
    g[4] = NAN;
    refused(ctx, mho_array_program(a, g), MHO_ERR_ARG, "nan");
    g[4] = 1e-5;
    test_ok(ctx, mho_array_program(a, g));
    v[1] = INFINITY;
    refused(ctx, mho_array_read(a, 1, v, i, NULL), MHO_ERR_ARG, "input 1 of vector 0 = inf V");
    test_close(i[0], 7, 0, 0); /* untouched */
    const size_t cell = 6;
    const double value = 1e-5;
    refused(ctx, mho_array_update(a, 1, &cell, &value), MHO_ERR_DIM, "index 6");
    const double y[3] = {1, NAN, 1};
    v[1] = 1;
    refused(ctx, mho_array_gradient(a, 1, v, y, m, NULL), MHO_ERR_ARG, "output 1");
    refused(ctx, mho_array_pairs_subtract(ctx, (mho_array_pairs)4, 1, 1, y, m), MHO_ERR_ARG,
            "pairs = 4");
    refused(ctx, mho_array_pairs_join(ctx, MHO_PAIRS_HALVES, 1, 0, y, y, m), MHO_ERR_DIM, "n_pair");
    mho_array_free(a);
    o.law = MHO_LAW_SINH;
    test_ok(ctx, mho_array_new(ctx, 2, 3, &o, &a));
    test_ok(ctx, mho_array_program(a, g));
    refused(ctx, mho_array_transfer(a, m), MHO_ERR_ARG, "ohmic");
    refused(ctx, mho_array_transfer_many(ctx, 1, 2, 3, &o, g, m), MHO_ERR_ARG, "ohmic");
    mho_array_free(a);
    o.solver = MHO_SOLVER_CG;
    test_ok(ctx, mho_array_new(ctx, 2, 3, &o, &a));
    test_ok(ctx, mho_array_program(a, g));
    refused(ctx, mho_array_read(a, 1, v, i, NULL), MHO_ERR_ARG, "newton");
    mho_array_free(a);
    mho_ctx_free(ctx);
}

static void floating_lines_are_named(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    double g[12] = {0}, v[3] = {1, 1, 1}, i[4];
    const unsigned char off[4] = {0, 0, 1, 0};
    mho_array_opt o = MHO_ARRAY_OPT_INIT;
    o.r_word_ohm = o.r_bit_ohm = 2;
    o.col_off = off;
    mho_array *a;
    test_ok(ctx, mho_array_new(ctx, 3, 4, &o, &a));
    refused(ctx, mho_array_read(a, 1, v, i, NULL), MHO_ERR_SINGULAR, "bit line 2 floats");
    refused(ctx, mho_array_program(a, g), MHO_ERR_SINGULAR, "bit line 2 floats");
    for (int k = 0; k < 12; k++) {
        g[k] = 1e-5;
    }
    test_ok(ctx, mho_array_program(a, g)); /* held by its cells */
    test_ok(ctx, mho_array_read(a, 1, v, i, NULL));
    test_close(i[2], 0, 0, 0);
    const size_t cell[3] = {2, 6, 10};
    const double zero[3] = {0, 0, 0};
    refused(ctx, mho_array_update(a, 3, cell, zero), MHO_ERR_SINGULAR, "bit line 2");
    test_ok(ctx, mho_array_read(a, 1, v, i, NULL)); /* as before */
    mho_array_free(a);
    unsigned char broken[15] = {0};
    broken[5] = broken[7] = 1; /* row 1: both sides of cells 0 and 1 */
    o = (mho_array_opt)MHO_ARRAY_OPT_INIT;
    o.r_word_ohm = o.r_bit_ohm = 2;
    o.broken_word = broken;
    g[4] = g[5] = 0;
    test_ok(ctx, mho_array_new(ctx, 3, 4, &o, &a));
    refused(ctx, mho_array_program(a, g), MHO_ERR_SINGULAR, "word line 1 floats (a piece");
    mho_array_free(a);
    mho_ctx_free(ctx);
}

static void unconverged_answers_are_marked(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    enum { N = 48 };
    double *g = test_doubles(N * N, 1e-6, 1e-3, 0), *v = test_doubles(N, 0.1, 1, 0), i[N];
    mho_array_opt o = MHO_ARRAY_OPT_INIT;
    o.r_word_ohm = o.r_bit_ohm = 20;
    o.max_iter = 2;
    for (int k = 0; k < 2; k++) {
        o.solver = k ? MHO_SOLVER_NEWTON : MHO_SOLVER_CG;
        o.law = k ? MHO_LAW_SINH : MHO_LAW_OHMIC;
        o.law_a = 5;
        mho_array *a;
        mho_array_report rep;
        test_ok(ctx, mho_array_new(ctx, N, N, &o, &a));
        test_ok(ctx, mho_array_program(a, g));
        refused(ctx, mho_array_read(a, 1, v, i, &rep), MHO_WARN_NOT_CONVERGED, "1 of 1 vectors");
        assert_int_equal(rep.n_unconverged, 1);
        assert_true(rep.residual_rel > 1e-12);
        mho_array_free(a);
    }
    free(g);
    free(v);
    mho_ctx_free(ctx);
}

/* Everything once, with failing memory at the n-th allocation. */
static mho_status whole_run(mho_ctx *ctx, const mho_array_opt *opt, const double *g,
                            const double *v) {
    enum { M = 20, N = 18 };
    static double i[16 * N], m[M * N], w[16 * M * N], b[16 * M * N], x[16 * M];
    const size_t cell[2] = {3, 77};
    mho_array *a;
    mho_array_report rep;
    mho_status status = mho_array_new(ctx, M, N, opt, &a);
    for (int k = 0; k < 10 && !status; k++) {
        status = k == 0   ? mho_array_program(a, g)
                 : k == 1 ? mho_array_read(a, 2, v, i, &rep)
                 : k == 2 ? mho_array_nodes(a, 2, v, w, b, &rep)
                 : k == 3 ? mho_array_power(a, 1, v, NULL, NULL, NULL, NULL, &rep)
                 : k == 4 ? mho_array_gradient(a, 1, v, i, m, x)
                 : k == 5 ? mho_array_update(a, 2, cell, g)
                 : k == 6 ? mho_array_read(a, 2, v, i, &rep)
                 : k == 7 ? mho_array_update(a, 2, cell, g + 5)
                 : k == 8 ? mho_array_nodes(a, 16, v, w, b, &rep)
                          : mho_array_gradient(a, 16, v, i, m, x);
    }
    mho_array_free(a);
    return status ? status : mho_array_transfer_many(ctx, 1, M, N, opt, g, m);
}

static void failing_memory_leaks_nothing(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    double *g = test_doubles(20 * 18, 1e-6, 1e-3, 0), *v = test_doubles(16 * 20, 0.1, 1, 0);
    unsigned char off[20] = {0, 1};
    mho_array_opt o = MHO_ARRAY_OPT_INIT;
    o.r_word_ohm = o.r_bit_ohm = 2;
    o.solver = MHO_SOLVER_TRANSFER;
    o.row_off = off;
    o.bias_row = MHO_BIAS_HALF;
    o.v_bias_V = 1;
    const double some[20] = {0, 1, 2};
    for (int k = 0; k < 4; k++) { /* wires, ideal word lines, mixed ones, biased columns */
        o.r_word_ohm = k == 1 ? 0 : 2;
        o.r_word_line_ohm = o.r_bit_line_ohm = k == 2 ? some : NULL;
        o.col_off = k == 3 ? off : NULL;
        o.bias_col = MHO_BIAS_THIRD;
        mho_status status = MHO_ERR_NOMEM;
        size_t n = 1;
        for (; status == MHO_ERR_NOMEM && n < 1000; n++) {
            mho_ctx_fail_alloc(ctx, n);
            status = whole_run(ctx, &o, g, v);
            assert_int_equal(mho_ctx_bytes(ctx), 0);
        }
        mho_ctx_fail_alloc(ctx, 0);
        assert_int_equal(status, MHO_OK);
        assert_true(n > 50);
    }
    free(g);
    free(v);
    mho_ctx_free(ctx);
}

/* What failed for lack of memory works once there is some. */
static void failing_memory_can_be_tried_again(void **state) {
    (void)state;
    enum { M = 5, N = 4 };
    mho_ctx *ctx = test_ctx();
    const unsigned char off[M] = {0, 1};
    const size_t cell = 3;
    double v[M] = {1, 2, 3, 4, 5}, want[N], i[N];
    double *g = test_doubles((size_t)M * N, 1e-6, 1e-3, 0);
    mho_array_opt o = MHO_ARRAY_OPT_INIT;
    o.r_word_ohm = o.r_bit_ohm = 2;
    o.solver = MHO_SOLVER_TRANSFER;
    o.row_off = o.col_off = off;
    o.bias_row = o.bias_col = MHO_BIAS_HALF;
    o.v_bias_V = 1;
    mho_status status = MHO_ERR_NOMEM;
    for (size_t n = 0; status == MHO_ERR_NOMEM; n++) {
        mho_array *a;
        test_ok(ctx, mho_array_new(ctx, M, N, &o, &a));
        test_ok(ctx, mho_array_program(a, g));
        test_ok(ctx, mho_array_update(a, 1, &cell, g + 7)); /* keeps a factor from now on */
        mho_ctx_fail_alloc(ctx, n);
        status = mho_array_read(a, 1, v, n ? i : want, NULL);
        mho_ctx_fail_alloc(ctx, 0);
        test_ok(ctx, mho_array_read(a, 1, v, i, NULL));
        status = n ? status : MHO_ERR_NOMEM; /* 0: nothing fails */
        assert_memory_equal(i, want, sizeof want);
        mho_array_free(a);
        assert_int_equal(mho_ctx_bytes(ctx), 0);
    }
    free(g);
    mho_ctx_free(ctx);
}

/* CG is not sure, and for the transfer matrix there is no memory: its answer stays, and is marked. */
static void without_memory_the_marked_answer_stays(void **state) {
    (void)state;
    enum { N = 16 };
    mho_ctx *ctx = test_ctx();
    double *g = test_doubles((size_t)N * N, 1e-3, 1, 0), v[N], first[N] = {0}, i[N];
    mho_array_opt o = MHO_ARRAY_OPT_INIT;
    o.r_word_ohm = o.r_bit_ohm = 1e-6;
    o.r_source_ohm = o.r_sense_ohm = 1e12;
    for (int k = 0; k < N; k++) {
        v[k] = k + 1;
    }
    int n_kept = 0;
    mho_status status = MHO_ERR_NOMEM;
    for (size_t n = 1; status != MHO_OK; n++) {
        mho_array *a;
        mho_array_report rep;
        test_ok(ctx, mho_array_new(ctx, N, N, &o, &a));
        test_ok(ctx, mho_array_program(a, g));
        assert_int_equal(mho_array_choice(a, 1), MHO_SOLVER_CG);
        mho_ctx_fail_alloc(ctx, n);
        status = mho_array_read(a, 1, v, i, &rep);
        mho_ctx_fail_alloc(ctx, 0);
        if (status == MHO_WARN_NOT_CONVERGED) {
            assert_non_null(strstr(mho_ctx_last_error(ctx), "no memory for a transfer matrix"));
            assert_int_equal(rep.solver, MHO_SOLVER_CG);
            assert_int_equal(rep.n_unconverged, 1);
            assert_true(n_kept == 0 || memcmp(first, i, sizeof i) == 0);
            memcpy(first, i, sizeof i);
            n_kept++;
        }
        mho_array_free(a);
        assert_int_equal(mho_ctx_bytes(ctx), 0);
    }
    assert_true(n_kept > 3);
    free(g);
    mho_ctx_free(ctx);
}

/* More lines than a block of all ends may have: CG, which says so if it is not sure. */
static void thin_arrays_are_not_eliminated_unasked(void **state) {
    (void)state;
    enum { N = 20000 };
    mho_ctx *ctx = test_ctx();
    double *g = test_doubles(N, 1e-3, 1e-1, 0), *v = test_doubles(N, 1, 2, 0), i[1];
    mho_array_opt o = MHO_ARRAY_OPT_INIT;
    o.r_word_ohm = o.r_bit_ohm = 1e-9;
    o.r_source_ohm = o.r_sense_ohm = 1e12;
    mho_array *a;
    mho_array_report rep;
    test_ok(ctx, mho_array_new(ctx, N, 1, &o, &a));
    test_ok(ctx, mho_array_program(a, g));
    assert_int_equal(mho_array_choice(a, 1000), MHO_SOLVER_CG);
    mho_status status = mho_array_read(a, 1, v, i, &rep);
    assert_true(status == MHO_OK || status == MHO_WARN_NOT_CONVERGED);
    assert_int_equal(rep.solver, MHO_SOLVER_CG);
    mho_array_free(a);
    assert_true(mho_ctx_peak_bytes(ctx) < (size_t)100 << 20);
    free(g);
    free(v);
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(cells_and_inputs_are_checked),
        cmocka_unit_test(floating_lines_are_named),
        cmocka_unit_test(unconverged_answers_are_marked),
        cmocka_unit_test(failing_memory_leaks_nothing),
        cmocka_unit_test(failing_memory_can_be_tried_again),
        cmocka_unit_test(without_memory_the_marked_answer_stays),
        cmocka_unit_test(thin_arrays_are_not_eliminated_unasked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
