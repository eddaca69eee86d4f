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
            for (size_t j = 0; j < n_out; j++) {
                got[j] = -12345;
            }
            status = mho_array_read(a, 1, v, got, &rep);
            for (size_t j = 0; status >= 0 && j < n_out; j++) {
                assert_true(got[j] != -12345); /* the best there is, but always something */
            }
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
        judge(ctx, &t, v, s);
        test_case_free(&t);
    }
    print_scores(s, n, 0);
    mho_ctx_free(ctx);
}

/* Every element of a transfer matrix, however small, to 11 digits: lines with and without resistance
 * in both families, floating and grounded lines, cells of 1e-12 to 1 S. */
static void every_element_has_its_digits(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    double least = INFINITY, most = 0, v[MOST * MOST] = {0}, want[MOST * MOST], m[MOST * MOST];
    for (unsigned k = 0; k < 2000; k++) {
        test_seed = 50000u + k;
        test_case t = test_case_random(7, 0.4);
        t.opt.v_bias_V = 0;
        size_t n_in = t.opt.transposed ? t.n_col : t.n_row, n_out = t.n_row + t.n_col - n_in;
        const unsigned char *off = t.opt.transposed ? t.opt.col_off : t.opt.row_off;
        if (k % 2) {
            free(t.g);
            t.g = test_doubles(t.n_row * t.n_col, 1e-12, 1, 0.2);
        }
        for (size_t i = 0; i < n_in * n_in; i++) {
            v[i] = i % (n_in + 1) == 0;
        }
        bool solvable = test_oracle(&t, n_in, v, want);
        mho_array *a = test_array(ctx, &t, MHO_SOLVER_TRANSFER);
        assert_int_equal(mho_array_program(a, t.g), solvable ? MHO_OK : MHO_ERR_SINGULAR);
        if (solvable) {
            test_ok(ctx, mho_array_transfer(a, m));
        }
        for (size_t i = 0; solvable && i < n_in * n_out; i++) {
            double w = off && off[i / n_out] ? 0 : want[i];
            assert_true(fabs(m[i] - w) <= 1e-11 * w);
            least = w > 0 ? fmin(least, w) : least;
            most = fmax(most, w);
        }
        mho_array_free(a);
        test_case_free(&t);
    }
    print_message("elements of %.1g to %.1g S\n", least, most);
    mho_ctx_free(ctx);
}

/* ---- closed forms ---- */

static mho_array *array_of(mho_ctx *ctx, size_t n_row, size_t n_col, const mho_array_opt *opt,
                           const double *g) {
    mho_array *a;
    test_ok(ctx, mho_array_new(ctx, n_row, n_col, opt, &a));
    test_ok(ctx, mho_array_program(a, g));
    return a;
}

/* 1 x 1: five resistances in series, from 1e-15 to 1e18 ohm, in long double. */
static void one_cell_in_series(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    for (int k = 0; k < N_WIRE * N_WIRE * N_WIRE * N_WIRE; k++) {
        mho_array_opt o = MHO_ARRAY_OPT_INIT;
        o.r_word_ohm = wire_ohm[k % N_WIRE];
        o.r_bit_ohm = wire_ohm[k / N_WIRE % N_WIRE];
        o.r_source_ohm = wire_ohm[k / N_WIRE / N_WIRE % N_WIRE];
        o.r_sense_ohm = wire_ohm[k / N_WIRE / N_WIRE / N_WIRE];
        const double cell_S[] = {1e-12, 1e-3, 1e3};
        double g = cell_S[k % 3], m;
        long double r = (long double)o.r_word_ohm + o.r_bit_ohm + o.r_source_ohm + o.r_sense_ohm;
        mho_array *a = array_of(ctx, 1, 1, &o, &g);
        test_ok(ctx, mho_array_transfer(a, &m));
        test_close(m, (double)(1 / (r + 1 / (long double)g)), 0, 4e-15);
        mho_array_free(a);
    }
    mho_ctx_free(ctx);
}

/* One column without wires into a sense resistance: the cells in parallel; cells of 0 S, of the
 * smallest and of all conductances. */
static void one_column_in_parallel(void **state) {
    (void)state;
    enum { N = 300 };
    mho_ctx *ctx = test_ctx();
    for (int kind = 0; kind < 4; kind++) {
        test_seed = 3;
        double *g = test_doubles(N, kind == 1 ? 1e-15 : 1e-12, kind == 1 ? 1e-15 : 1, 0);
        double m[N];
        long double sum = 0;
        for (int r = 0; r < N; r++) {
            g[r] = kind == 0 || (kind == 3 && r != 7) ? 0 : g[r];
            sum += g[r];
        }
        for (double ohm = 1e-12; ohm <= 1e12; ohm *= 1e6) {
            mho_array_opt o = MHO_ARRAY_OPT_INIT;
            o.r_sense_ohm = ohm;
            mho_array *a = array_of(ctx, N, 1, &o, g);
            test_ok(ctx, mho_array_transfer(a, m));
            for (int r = 0; r < N; r++) {
                test_close(m[r], (double)(g[r] / (1 + ohm * sum)), 0, 1e-14);
            }
            mho_array_free(a);
        }
        free(g);
    }
    mho_ctx_free(ctx);
}

/* ---- laws, on 12 x 9 cells over twelve decades ---- */

/* What goes in comes out again (Kirchhoff for the whole array), no input gives more than its cells
 * let through (passivity), exchanging inputs and outputs changes nothing (reciprocity), voltages
 * scale, and every watt delivered is found in an element. */
static void laws_hold(void **state) {
    (void)state;
    enum { M = 12, N = 9 };
    mho_ctx *ctx = test_ctx();
    for (size_t k = 0; k < (size_t)N_WIRE * N_WIRE; k++) {
        test_seed = 90u + (unsigned)k;
        double *g = test_doubles(M * N, 1e-12, 1, 0.1), turned[M * N], m[M * N], back[M * N];
        mho_array_opt o = MHO_ARRAY_OPT_INIT, t = o;
        o.r_word_ohm = t.r_bit_ohm = wire_ohm[k % N_WIRE];
        o.r_bit_ohm = t.r_word_ohm = wire_ohm[k / N_WIRE];
        o.r_source_ohm = t.r_sense_ohm = k % 2 ? 1e12 : 0;
        t.drive = MHO_DRIVE_RIGHT; /* where the sensed ends of the first were, and the reverse */
        t.sense = MHO_SENSE_TOP;
        for (int c = 0; c < M * N; c++) {
            turned[c % N * M + c / N] = g[c];
        }
        mho_array *a = array_of(ctx, M, N, &o, g), *b = array_of(ctx, N, M, &t, turned);
        test_ok(ctx, mho_array_transfer(a, m));
        test_ok(ctx, mho_array_transfer(b, back));
        double v[M], tiny[M], i[N], i_tiny[N];
        for (int r = 0; r < M; r++) {
            double out = 0, lets = 0;
            for (int c = 0; c < N; c++) {
                test_close(back[c * M + r], m[r * N + c], 0, 1e-12);
                assert_true(m[r * N + c] >= 0);
                out += m[r * N + c];
                lets += g[r * N + c];
            }
            assert_true(out <= lets * (1 + 1e-12));
            assert_true(o.r_source_ohm == 0 || out <= 1 / o.r_source_ohm * (1 + 1e-12));
            v[r] = 1e3 * test_uniform();
            tiny[r] = 0x1p-40 * v[r];
        }
        test_ok(ctx, mho_array_read(a, 1, v, i, NULL));
        test_ok(ctx, mho_array_read(a, 1, tiny, i_tiny, NULL));
        for (int c = 0; c < N; c++) {
            assert_true(i[c] >= 0 && i_tiny[c] == 0x1p-40 * i[c]);
        }
        mho_array_power_sum p;
        mho_array_report rep;
        mho_status status = mho_array_power(a, 1, v, NULL, NULL, NULL, &p, &rep);
        assert_true(status == MHO_OK || status == MHO_WARN_NOT_CONVERGED);
        if (status == MHO_OK) {
            double sum = p.cell_W + p.word_W + p.bit_W + p.source_W + p.sense_W;
            test_close(sum, p.delivered_W, 0, 1e-6);
        }
        mho_array_free(a);
        mho_array_free(b);
        free(g);
    }
    mho_ctx_free(ctx);
}

/* A cell of an exponential law behind wires: v = r i + asinh(a i / g)/a, by bisection of i. */
static void one_exponential_cell(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    static const double bend[] = {0.5, 5, 243}, volt_V[] = {0, 1e-12, 1, -1e3};
    int n = 0, n_marked = 0;
    for (int k = 0; k < N_WIRE * 3 * 4 * 2; k++, n++) {
        mho_array_opt o = MHO_ARRAY_OPT_INIT;
        o.solver = k % 2 ? MHO_SOLVER_NEWTON : MHO_SOLVER_REFERENCE;
        o.r_word_ohm = wire_ohm[k / 2 % N_WIRE];
        o.r_sense_ohm = 50;
        o.law = MHO_LAW_SINH;
        o.law_a = bend[k / 2 / N_WIRE % 3];
        double g = 1e-5, v = volt_V[k / 2 / N_WIRE / 3], i, lo = 0, hi = fabs(v) / 50;
        double r = o.r_word_ohm + 50;
        for (int step = 0; step < 400; step++) {
            double mid = (lo + hi) / 2;
            *(r * mid + asinh(o.law_a * mid / g) / o.law_a > fabs(v) ? &hi : &lo) = mid;
        }
        mho_array_report rep;
        mho_array *a = array_of(ctx, 1, 1, &o, &g);
        mho_status status = mho_array_read(a, 1, &v, &i, &rep);
        assert_true(status == MHO_OK || status == MHO_WARN_NOT_CONVERGED);
        n_marked += status != MHO_OK;
        if (status == MHO_OK) {
            assert_true(isfinite(i) && rep.residual_rel <= 1e-9);
            test_close(i, copysign(lo, v), 0, 1e-8);
        }
        mho_array_free(a);
    }
    print_message("exponential cells: %d of %d marked\n", n_marked, n);
    assert_true(4 * n_marked <= n);
    mho_ctx_free(ctx);
}

/* ---- many ---- */

/* Millions of cells, one vector through the fast path: residual, and sums that must agree. */
static void four_million_cells(void **state) {
    (void)state;
    enum { N = 2048 };
    mho_ctx *ctx = test_ctx();
    double *g = malloc((size_t)N * N * sizeof *g), *v = malloc(N * sizeof *v);
    double *i = malloc(N * sizeof *i);
    assert_true(g && v && i);
    mho_i_rng_uniform(5, MHO_RNG_TEST, 0, 0, (size_t)N * N, g);
    for (size_t k = 0; k < (size_t)N * N; k++) {
        g[k] = 1e-6 + 99e-6 * g[k];
    }
    mho_i_rng_uniform(5, MHO_RNG_TEST, 1, 0, N, v);
    mho_array_opt o = MHO_ARRAY_OPT_INIT;
    o.r_word_ohm = o.r_bit_ohm = 0.01;
    o.tol_rel = 1e-10;
    mho_array *a = array_of(ctx, N, N, &o, g);
    mho_array_report rep;
    test_ok(ctx, mho_array_read(a, 1, v, i, &rep));
    double out = 0, ideal = 0;
    for (size_t c = 0; c < N; c++) {
        assert_true(i[c] > 0);
        out += i[c];
    }
    for (size_t k = 0; k < (size_t)N * N; k++) {
        ideal += g[k] * v[k / N];
    }
    print_message("2048 x 2048: %s, %d steps, residual %.2g, %.0f MiB at most, loss %.3g\n",
                  mho_array_solver_name(rep.solver), rep.iterations, rep.residual_rel,
                  (double)mho_ctx_peak_bytes(ctx) / 0x1p20, 1 - out / ideal);
    assert_true(rep.residual_rel <= 1e-10 && out < ideal && out > 0.1 * ideal);
    mho_array_free(a);
    free(g);
    free(v);
    free(i);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

/* Each allocation of a read in which the answer needs a second look fails once. */
static void memory_fails(mho_ctx *ctx, const test_case *t, const double *v,
                         mho_array_solver solver) {
    mho_status status = MHO_ERR_NOMEM;
    for (size_t k = 1; status != MHO_OK; k++) {
        double i[MOST];
        mho_array *a = test_array(ctx, t, solver);
        test_ok(ctx, mho_array_program(a, t->g));
        mho_ctx_fail_alloc(ctx, k);
        status = mho_array_read(a, 1, v, i, NULL);
        mho_ctx_fail_alloc(ctx, 0);
        assert_true(status == MHO_OK || status == MHO_ERR_NOMEM);
        mho_array_free(a);
        assert_int_equal(mho_ctx_bytes(ctx), 0);
    }
}

/* No solver is wrong, none is doubtful, and whatever allocation fails. */
static void all_are_right(const test_case *t, const double *v) {
    mho_ctx *ctx = test_ctx();
    score s[N_SOLVER] = {{0}};
    judge(ctx, t, v, s);
    for (int k = 0; k < N_SOLVER; k++) {
        assert_int_equal(s[k].n_right, 1);
        assert_int_equal(s[k].n_refused, 0);
        memory_fails(ctx, t, v, solvers[k]);
    }
    mho_ctx_free(ctx);
}

/* An array as fuzz_array finds them: thin and thick word lines, columns broken in places. */
static void not_extreme(double *g, double *word) {
    enum { M = 7, N = 2 };
    double bit[N] = {0};
    double source[M] = {3.32055, 0.0178944, 74.785, 0.0120911, 0.178754, 8.98361, 0.149754};
    unsigned char whole[M * (N + 1)] = {0}, broken[(M + 1) * N] = {[9] = 1, [12] = 1, [13] = 1};
    const double v[M] = {0.607616, -0.0893221, -0.217197, 0.343415, 0.9305, 0.467281, -0.023362};
    mho_array_opt o = MHO_ARRAY_OPT_INIT;
    o.drive = MHO_DRIVE_BOTH;
    o.r_word_line_ohm = word;
    o.r_bit_line_ohm = bit;
    o.r_source_line_ohm = source;
    o.broken_word = whole;
    o.broken_bit = broken;
    test_case t = {.n_row = M, .n_col = N, .opt = o, .g = g};
    all_are_right(&t, v);
}

/* Rounded volts at the line of 0.01 ohm hide that another one is not solved yet: CG stopped there
 * and called itself not converged. */
static void one_thick_wire(void **state) {
    (void)state;
    double g[] = {4.65553e-6, 0,          1.00847e-6,  1e-6,      0, 0, 0,
                  1.02648e-6, 1.00847e-6, 0.974918e-3, 2.7139e-6, 0, 0, 1e-6};
    double word[] = {0.113419, 0, 0, 0, 0, 0, 0.01};
    not_extreme(g, word);
}

/* Two like cells at opposite voltages: what comes out is 0, or the rounding of a sum. */
static void currents_cancel(void **state) {
    (void)state;
    enum { M = 6 };
    double g[M] = {1e-6, 0, 0, 0, 0, 1e-6};
    const double v[M] = {0.999969, 0.9, 0.9, -0.9, -0.9, -0.999969};
    mho_array_opt o = MHO_ARRAY_OPT_INIT;
    o.r_bit_ohm = 0.0192;
    o.r_word_ohm = 20;
    o.r_source_ohm = 300;
    o.sense = MHO_SENSE_BOTH;
    test_case t = {.n_row = M, .n_col = 1, .opt = o, .g = g};
    mho_ctx *ctx = test_ctx();
    for (int k = 0; k < N_SOLVER; k++) {
        double i = 1;
        mho_array_report rep;
        mho_array *a = test_array(ctx, &t, solvers[k]);
        test_ok(ctx, mho_array_program(a, g));
        test_ok(ctx, mho_array_read(a, 1, v, &i, &rep));
        assert_true(fabs(i) <= 1e-20);
        mho_array_free(a);
    }
    mho_ctx_free(ctx);
}

/* Series resistors of 1 to 8 ohm beside cells of 1e-6 S: the reference has nodes between them, whose
 * rounding is that of the resistors. */
static void good_selectors(void **state) {
    (void)state;
    enum { M = 5 };
    double g[M] = {0, 0, 0, 1.0004217048152751e-06, 1.0084679705926592e-06}, bit = 0;
    const double series[M] = {0, 3071, 1.19, 8.3824980441641408, 1.2694107474558036};
    const double v[M] = {-6037 / 32768.0, -23114 / 32768.0, 7273 / 32768.0, 19286 / 32768.0,
                         28399 / 32768.0};
    const unsigned char row_off[M] = {[3] = 1}, col_off = 1;
    mho_array_opt o = MHO_ARRAY_OPT_INIT;
    o.r_bit_line_ohm = &bit;
    o.r_sense_ohm = 151;
    o.sense = MHO_SENSE_BOTH;
    o.row_off = row_off;
    o.col_off = &col_off;
    o.bias_row = MHO_BIAS_HALF;
    o.v_bias_V = 1.7;
    o.selector = MHO_SELECTOR_SERIES;
    o.r_series_ohm = 700;
    o.r_series_cell_ohm = series;
    test_case t = {.n_row = M, .n_col = 1, .opt = o, .g = g};
    all_are_right(&t, v);
}

/* Columns that are cut off from their ends connect rows of different voltage: currents flow, and
 * none of them comes out, which is nothing to be doubtful about. */
static void nothing_comes_out(void **state) {
    (void)state;
    double g[] = {4.65553e-6, 0,          1.00847e-6, 1.03126e-6,  0,         0, 0,
                  0,          1.02648e-6, 1.17508e-5, 0.974918e-3, 2.7139e-6, 0, 0};
    double word[] = {999.824, 0.01, 0, 0, 0, 0, 0.01};
    not_extreme(g, word);
}

/* A line of 2048 equal cells, open at its end: V cosh((n + 1/2 - k) t)/cosh((n + 1/2) t) at cell k,
 * 2 cosh t = 2 + r g; from wires without effect to wires that let nothing through. */
static void long_lines(void **state) {
    (void)state;
    enum { N = 2048 };
    mho_ctx *ctx = test_ctx();
    double *g = malloc(N * sizeof *g), *m = malloc(N * sizeof *m);
    assert_true(g && m);
    for (double load = 1e-12; load < 1e3; load *= 1e3) { /* r g */
        for (int k = 0; k < N; k++) {
            g[k] = 1e-5;
        }
        mho_array_opt o = MHO_ARRAY_OPT_INIT;
        o.r_word_ohm = load / 1e-5;
        double t = log1p(load / 2 + sqrt(load + load * load / 4)); /* acosh(1 + load/2) */
        mho_array *a = array_of(ctx, 1, N, &o, g);
        test_ok(ctx, mho_array_transfer(a, m));
        for (int k = 0; k < N; k++) {
            /* cosh(a)/cosh(b) without overflow */
            double up = (N - 0.5 - k) * t, down = (N + 0.5) * t;
            double want = exp(up - down) * (1 + exp(-2 * up)) / (1 + exp(-2 * down));
            test_close(m[k], want * 1e-5, 1e-300, 1e-10);
        }
        mho_array_free(a);
    }
    free(g);
    free(m);
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_or_marked),
        cmocka_unit_test(right_or_marked_with_all_options),
        cmocka_unit_test(every_element_has_its_digits),
        cmocka_unit_test(one_cell_in_series),
        cmocka_unit_test(one_column_in_parallel),
        cmocka_unit_test(laws_hold),
        cmocka_unit_test(one_exponential_cell),
        cmocka_unit_test(four_million_cells),
        cmocka_unit_test(long_lines),
        cmocka_unit_test(one_thick_wire),
        cmocka_unit_test(currents_cancel),
        cmocka_unit_test(good_selectors),
        cmocka_unit_test(nothing_comes_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
