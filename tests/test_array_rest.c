/* test_array_rest.c - arrays in which no current flows, although voltages are applied: there is no
 * current that a Kirchhoff residual could be compared with, and every solver must say 0, not "not
 * converged". Found by fuzz/fuzz_array.c, whose bytes draw these arrays again. */
#define TEST_FROM_BYTES
#include "test_array_oracle.h"

enum { N_VEC = 2, MAX_BYTE = 256 };

/* An array as fuzz_one() draws it, through all solvers. */
static void read_all(mho_ctx *ctx, const uint8_t *bytes, size_t n_byte) {
    test_bytes = bytes;
    test_n_byte = n_byte;
    test_seed = 1;
    double v[N_VEC * 8], want[N_VEC * 8], got[N_VEC * 8];
    test_case t = test_case_random(7, test_uniform());
    size_t n_in = t.opt.transposed ? t.n_col : t.n_row;
    size_t n_out = t.opt.transposed ? t.n_row : t.n_col;
    for (size_t k = 0; k < N_VEC * n_in; k++) {
        v[k] = 2 * test_uniform() - 1;
    }
    assert_true(test_oracle(&t, N_VEC, v, want));
    for (size_t k = 0; k < N_VEC * n_out; k++) {
        assert_true(want[k] == 0);
    }
    const mho_array_solver solver[] = {MHO_SOLVER_TRANSFER, MHO_SOLVER_CG, MHO_SOLVER_NEWTON,
                                       MHO_SOLVER_REFERENCE};
    for (int k = 0; k < 4; k++) {
        mho_array *a = test_array(ctx, &t, solver[k]);
        mho_array_report rep;
        test_ok(ctx, mho_array_program(a, t.g));
        test_ok(ctx, mho_array_read(a, N_VEC, v, got, &rep));
        assert_true(rep.residual_rel <= 1e-9);
        for (size_t j = 0; j < N_VEC * n_out; j++) {
            test_close(got[j], 0, 1e-15, 0);
        }
        mho_array_free(a);
    }
    test_case_free(&t);
}

static void selected_lines_that_lead_nowhere(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    static const uint8_t runs[][2] = {{43, 0x9e}, {8, 0x39},  {23, 0x9e},
                                      {67, 0x39}, {4, 0x00},  {1, 0xc1},
                                      {3, 0x00},  {1, 0x45},  {1, 0x38},
                                      {1, 0x0d},  {1, 0x00},  {1, 0xe0},
                                      {1, 0x60},  {1, 0x01},  {1, 0x12},
                                      {14, 0x00}, {20, 0x39}, {4, 0xb0},
                                      {14, 0x00}, {3, 0xb0}}; /* how many of which byte */
    uint8_t bytes[MAX_BYTE];
    size_t n_byte = 0;
    for (size_t k = 0; k < sizeof runs / sizeof *runs; k++) {
        memset(bytes + n_byte, runs[k][1], runs[k][0]);
        n_byte += runs[k][0];
    }
    read_all(ctx, bytes, n_byte);
    mho_ctx_free(ctx);
}

/* One row or one column whose cells are all off. */
static void cells_that_are_off(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    for (int shape = 0; shape < 4; shape++) {
        size_t n_row = shape & 1 ? 3 : 1, n_col = shape & 2 ? 3 : 1;
        double g[9] = {0}, v[3] = {0.36, -0.31, 1e-300}, i[3];
        for (int k = 0; k < 4; k++) {
            static const mho_array_solver solver[] = {MHO_SOLVER_TRANSFER, MHO_SOLVER_CG,
                                                      MHO_SOLVER_NEWTON, MHO_SOLVER_REFERENCE};
            mho_array_opt opt = MHO_ARRAY_OPT_INIT;
            mho_array *a = NULL;
            mho_array_report rep;
            opt.solver = solver[k];
            opt.r_word_ohm = opt.r_bit_ohm = 7.3;
            opt.r_source_ohm = opt.r_sense_ohm = 91;
            test_ok(ctx, mho_array_new(ctx, n_row, n_col, &opt, &a));
            test_ok(ctx, mho_array_program(a, g));
            test_ok(ctx, mho_array_read(a, 1, v, i, &rep));
            assert_true(rep.residual_rel <= 1e-9);
            for (size_t c = 0; c < n_col; c++) {
                test_close(i[c], 0, 1e-15, 0);
            }
            mho_array_free(a);
        }
    }
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(selected_lines_that_lead_nowhere),
                                       cmocka_unit_test(cells_that_are_off)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
