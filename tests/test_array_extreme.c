/* test_array_extreme.c - wires of 0 and 1e12 ohm, cells from 1e-15 to 1e17 S, ends that are open or
 * as good as open, single rows and columns, millions of cells. The judge is the star-mesh rule of
 * test_array_oracle.h, which adds and divides positive numbers only and so keeps its digits where
 * everything else loses them. An answer has to be right, or the call has to say that it is not. */
#include "test_array_oracle.h"

enum { N_SOLVER = 4, MOST = 9 };
static const mho_array_solver solvers[N_SOLVER] = {MHO_SOLVER_TRANSFER, MHO_SOLVER_CG,
                                                   MHO_SOLVER_NEWTON, MHO_SOLVER_REFERENCE};
static const double wire_ohm[] = {0, 1e-15, 1e-6, 1, 1e6, 1e12, 1e18};
enum { N_WIRE = sizeof wire_ohm / sizeof *wire_ohm };

static double pick_wire(void) {
    return wire_ohm[test_pick(N_WIRE)];
}

static void describe(const test_case *t, mho_array_solver solver, double error, double residual) {
    const mho_array_opt *o = &t->opt;
    print_error("%s, %zu x %zu, wires %g %g, ends %g %g, drive %d, sense %d, transposed %d, cells "
                "%g ...: error %.3g, residual %.3g\n",
                mho_array_solver_name(solver), t->n_row, t->n_col, o->r_word_ohm, o->r_bit_ohm,
                o->r_source_ohm, o->r_sense_ohm, (int)o->drive, (int)o->sense, o->transposed,
                t->g[0], error, residual);
}

typedef struct {
    int n_right, n_refused, n_lie, n_modest;
} score;

/* One array through all solvers. Right: within 1e-9 of the largest current. */
static void judge(mho_ctx *ctx, const test_case *t, const double *v, score s[N_SOLVER]) {
    double want[MOST], got[MOST];
    size_t n_out = t->opt.transposed ? t->n_row : t->n_col;
    bool solvable = test_oracle(t, 1, v, want);
    for (int k = 0; k < N_SOLVER; k++) {
        mho_array_report rep = {0};
        mho_array *a = test_array(ctx, t, solvers[k]);
        mho_status status = mho_array_program(a, t->g);
        assert_int_equal(status, solvable ? MHO_OK : MHO_ERR_SINGULAR);
        if (solvable) {
            status = mho_array_read(a, 1, v, got, &rep);
            double error = status < 0 ? 1 : test_difference(n_out, got, want);
            bool right = error <= 1e-9, sure = status == MHO_OK;
            assert_true(status == MHO_OK || status == MHO_WARN_NOT_CONVERGED ||
                        (status == MHO_ERR_SINGULAR && k == 3));
            assert_true(!sure || (rep.residual_rel <= 1e-9 && rep.n_unconverged == 0));
            s[k].n_right += right;
            s[k].n_refused += !sure;
            s[k].n_lie += sure && !right;
            s[k].n_modest += !sure && right;
            if (sure && !right) {
                describe(t, solvers[k], error, rep.residual_rel);
            }
        }
        mho_array_free(a);
    }
}

static void print_scores(const score s[N_SOLVER], int n, int refused) {
    for (int k = 0; k < N_SOLVER; k++) {
        print_message("%-10s %d arrays: %d right, %d marked, wrong and not marked %d, right and "
                      "marked %d\n",
                      mho_array_solver_name(solvers[k]), n, s[k].n_right, s[k].n_refused,
                      s[k].n_lie, s[k].n_modest);
    }
    for (int k = 0; k < N_SOLVER; k++) {
        assert_int_equal(s[k].n_lie, 0);
        assert_true(100 * s[k].n_modest <= n); /* caution is allowed, sometimes */
    }
    assert_true(s[0].n_refused <= refused); /* elimination has hardly an excuse */
}

/* Every wire with every other, all cells alike or spread over twelve decades, ends of 0 and 1e12.
 */
static void right_or_marked(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    static const size_t shape[][2] = {{1, 1}, {1, 9}, {9, 1}, {6, 5}};
    static const double cell_S[][2] = {
        {1e-6, 1e-4}, {1e-12, 1}, {1e3, 1e3}, {1e-15, 1e-15}, {1e17, 1e17}};
    score s[N_SOLVER] = {{0}};
    int n = 0;
    for (size_t k = 0; k < (size_t)4 * N_WIRE * N_WIRE * 5 * 4; k++, n++) {
        const size_t *d = shape[k % 4];
        size_t c = k / 4 % 5, e = k / 20 % 4;
        double v[MOST];
        test_seed = 7u + (unsigned)k;
        test_case t = {.n_row = d[0], .n_col = d[1], .opt = MHO_ARRAY_OPT_INIT};
        t.g = test_doubles(d[0] * d[1], cell_S[c][0], cell_S[c][1], 0);
        t.opt.r_source_ohm = e & 1 ? 1e12 : 0;
        t.opt.r_sense_ohm = e & 2 ? 1e12 : 0;
        t.opt.r_word_ohm = wire_ohm[k / 80 % N_WIRE];
        t.opt.r_bit_ohm = wire_ohm[k / 80 / N_WIRE];
        for (int i = 0; i < MOST; i++) {
            v[i] = test_uniform();
        }
        judge(ctx, &t, v, s);
        test_case_free(&t);
    }
    print_scores(s, n, 0);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

/* The same with all options: ends, selections and biases, stuck cells, broken segments, selectors;
 * lines that differ from each other only in what test_case_random() draws. */
static void right_or_marked_with_all_options(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    score s[N_SOLVER] = {{0}};
    int n = 0;
    for (unsigned k = 0; k < 1500; k++, n++) {
        static const double volt_V[] = {1, 1e-12, 1e3, 0};
        double v[MOST];
        test_seed = 1000u + k;
        test_case t = test_case_random(7, 0);
        t.opt.r_word_ohm = pick_wire();
        t.opt.r_bit_ohm = pick_wire();
        t.opt.r_source_ohm = test_uniform() < 0.5 ? 0 : pick_wire();
        t.opt.r_sense_ohm = test_uniform() < 0.5 ? 0 : pick_wire();
        if (k % 3 == 0) {
            free(t.g);
            t.g = test_doubles(t.n_row * t.n_col, 1e-12, 1, 0.2);
        }
        for (int i = 0; i < MOST; i++) {
            v[i] = volt_V[k % 4] * (2 * test_uniform() - 1);
        }
        /* a second opinion knows nothing of biased outputs (src/circuit/confirm.c) */
        t.opt.v_bias_V = t.opt.transposed ? 0 : t.opt.bias_col > MHO_BIAS_GROUND ? 0 : 1.7;
        judge(ctx, &t, v, s);
        test_case_free(&t);
    }
    print_scores(s, n, n / 50); /* lines with and without resistance in one family: by CG */
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(right_or_marked),
                                       cmocka_unit_test(right_or_marked_with_all_options)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
