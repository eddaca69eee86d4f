/* test_array_extreme.c - exploratory */
#include "test_array_oracle.h"

static const mho_array_solver solvers[] = {MHO_SOLVER_TRANSFER, MHO_SOLVER_CG, MHO_SOLVER_NEWTON,
                                           MHO_SOLVER_REFERENCE};

static void honesty(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    const size_t shape[][2] = {{1, 1}, {1, 9}, {9, 1}, {6, 5}};
    const double wire[] = {0, 1e-15, 1e-6, 1, 1e6, 1e12, 1e18};
    const double cell[][2] = {{1e-6, 1e-4}, {1e-12, 1}, {1e3, 1e3}, {1e-15,1e-15},{1e17,1e17}};
    const double end[] = {0, 1e12};
    int n = 0, lie[4] = {0}, modest[4] = {0}, right[4] = {0};
    for (int s = 0; s < 4; s++)
        for (int w = 0; w < 7; w++)
            for (int b = 0; b < 7; b++)
                for (int c = 0; c < 5; c++)
                    for (int e = 0; e < 4; e++) {
                        test_seed = 7;
                        test_case t = {.n_row = shape[s][0], .n_col = shape[s][1], .opt = MHO_ARRAY_OPT_INIT};
                        t.g = test_doubles(t.n_row * t.n_col, cell[c][0], cell[c][1]*1.0000001, 0);
                        t.opt.r_word_ohm = wire[w];
                        t.opt.r_bit_ohm = wire[b];
                        t.opt.r_source_ohm = end[e & 1];
                        t.opt.r_sense_ohm = end[e >> 1];
                        double v[9], want[9], got[9];
                        for (int k = 0; k < 9; k++) v[k] = test_uniform();
                        assert_true(test_oracle(&t, 1, v, want));
                        n++;
                        for (int k = 0; k < 4; k++) {
                            mho_array *a = test_array(ctx, &t, solvers[k]);
                            mho_array_report rep;
                            test_ok(ctx, mho_array_program(a, t.g));
                            mho_status st = mho_array_read(a, 1, v, got, &rep);
                            double err = test_difference(t.n_col, got, want);
                            if (err <= 1e-9) right[k]++;
                            if (st == MHO_OK && !(err <= 1e-9)) {
                                lie[k]++;
                                if (getenv("SHOW")) printf("%s %zux%zu w %g b %g c %g..%g e %g %g: err %g residual %g it %d\n", mho_array_solver_name(solvers[k]), t.n_row, t.n_col, wire[w], wire[b], cell[c][0], cell[c][1], end[e&1], end[e>>1], err, rep.residual_rel, rep.iterations);
                            }
                            if (st != MHO_OK && err <= 1e-9) {modest[k]++; if (getenv("MODEST") && k==3) printf("modest %zux%zu w %g b %g c %g..%g e %g %g: err %g residual %g %s\n", t.n_row, t.n_col, wire[w], wire[b], cell[c][0], cell[c][1], end[e&1], end[e>>1], err, rep.residual_rel, mho_ctx_last_error(ctx));}
                            mho_array_free(a);
                        }
                        test_case_free(&t);
                    }
    for (int k = 0; k < 4; k++) printf("%s: %d cases, right %d, lies %d, modest %d\n", mho_array_solver_name(solvers[k]), n, right[k], lie[k], modest[k]);
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(honesty)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
