/* test_array_reference.c - the reference solver against closed forms, the fast solvers against the
 * reference on 1,000 random arrays with random options, and some of them against ngspice.        */
#include "test.h"

#include <stdlib.h>
#include <unistd.h>

#include "circuit/netlist_int.h"

/* ---- random arrays ---- */

#ifdef __SANITIZE_ADDRESS__
enum { N_CASES = 200 }; /* slower by ten */
#else
enum { N_CASES = 1000 };
#endif
enum {
    MAX_LINES = 40,
    MAX_CELLS = MAX_LINES * MAX_LINES,
    MAX_SEG = MAX_CELLS + MAX_LINES,
    N_VEC = 2
};

typedef struct random_case {
    size_t n_row, n_col;
    mho_array_opt opt;
    double g_S[MAX_CELLS], v_V[N_VEC * MAX_LINES];
    double line[4][MAX_LINES], series[MAX_CELLS];
    unsigned char off[2][MAX_LINES], stuck[MAX_CELLS], broken[2][MAX_SEG];
    uint32_t id, n_drawn;
} random_case;

static double draw(random_case *c, double lo, double hi) {
    double u;
    mho_i_rng_uniform(20261122, MHO_RNG_TEST, c->id, c->n_drawn++, 1, &u);
    return lo + (hi - lo) * u;
}

static bool chance(random_case *c, double p) {
    return draw(c, 0, 1) < p;
}

static int choose(random_case *c, int n) {
    return (int)draw(c, 0, n);
}

static double log_draw(random_case *c, double lo, double hi) {
    return exp(draw(c, log(lo), log(hi)));
}

static double wire(random_case *c, double lo, double hi) {
    return chance(c, 0.15) ? 0 : log_draw(c, lo, hi);
}

static void fill(random_case *c, unsigned char *mask, size_t n, double p, int n_value) {
    for (size_t k = 0; k < n; k++) {
        mask[k] = (unsigned char)(chance(c, p) ? 1 + choose(c, n_value) : 0);
    }
}

/* a law that is not odd: what a transposed read does to the sign shows */
static void diode_like(void *user, size_t first, size_t n, const double *g_S, const double *v_V,
                       double *i_A, double *slope_S) {
    (void)user;
    for (size_t k = 0; k < n; k++) {
        double a = 1 + 0.5 * (double)((first + k) % 3);
        i_A[k] = g_S[k] * expm1(a * v_V[k]) / a;
        slope_S[k] = g_S[k] * exp(a * v_V[k]);
    }
}

static void draw_wires(random_case *c) {
    mho_array_opt *o = &c->opt;
    o->r_word_ohm = wire(c, 1e-2, 30);
    o->r_bit_ohm = wire(c, 1e-2, 30);
    o->r_source_ohm = wire(c, 1, 1e3);
    o->r_sense_ohm = wire(c, 1, 1e3);
    const double **per_line[4] = {&o->r_word_line_ohm, &o->r_bit_line_ohm, &o->r_source_line_ohm,
                                  &o->r_sense_line_ohm};
    for (int k = 0; k < 4; k++) {
        for (size_t j = 0; j < MAX_LINES; j++) {
            c->line[k][j] = wire(c, 1e-2, 100);
        }
        *per_line[k] = chance(c, 0.15) ? c->line[k] : NULL;
    }
    o->drive = (mho_array_drive)choose(c, 3);
    o->sense = (mho_array_sense)choose(c, 3);
    o->transposed = chance(c, 0.3);
    if (chance(c, 0.3)) {
        fill(c, c->off[0], MAX_LINES, 0.5, 1);
        fill(c, c->off[1], MAX_LINES, 0.5, 1);
        o->row_off = c->off[0];
        o->col_off = c->off[1];
        o->bias_row = (mho_array_bias)choose(c, 4);
        o->bias_col = (mho_array_bias)choose(c, 4);
        o->v_bias_V = draw(c, 0, 2);
    }
    if (chance(c, 0.2)) {
        fill(c, c->broken[0], MAX_SEG, 0.02, 1);
        fill(c, c->broken[1], MAX_SEG, 0.02, 1);
        o->broken_word = c->broken[0];
        o->broken_bit = c->broken[1];
    }
}

static void draw_cells(random_case *c, bool linear) {
    mho_array_opt *o = &c->opt;
    if (!linear) {
        o->law = (mho_array_law)choose(c, 3);
        o->law_a = draw(c, 0.3, 4);
        o->law_fn = diode_like;
    }
    bool holes = chance(c, 0.3);
    for (size_t k = 0; k < MAX_CELLS; k++) {
        /* whether a cell of the user's law conducts at 0 S is the user's business */
        bool hole = holes && chance(c, 0.3) && o->law != MHO_LAW_USER;
        c->g_S[k] = hole ? 0 : log_draw(c, 1e-6, 1e-3);
        c->series[k] = wire(c, 1, 1e5);
    }
    if (chance(c, 0.3)) {
        o->selector = linear || chance(c, 0.5) ? MHO_SELECTOR_SERIES : MHO_SELECTOR_SINH;
        o->r_series_ohm = wire(c, 10, 1e5);
        o->r_series_cell_ohm = chance(c, 0.5) ? c->series : NULL;
        o->selector_g_S = log_draw(c, 1e-5, 1e-2);
        o->selector_a = draw(c, 0.3, 4);
    }
    if (chance(c, 0.3)) {
        fill(c, c->stuck, MAX_CELLS, 0.1, 2);
        o->stuck = c->stuck;
        o->g_short_S = log_draw(c, 1e-3, 1e-1);
    }
}

static void random_case_draw(random_case *c, uint32_t id, int max_lines, bool linear) {
    *c = (random_case){.id = id, .opt = MHO_ARRAY_OPT_INIT};
    c->n_row = 1 + (size_t)choose(c, max_lines);
    c->n_col = 1 + (size_t)choose(c, max_lines);
    draw_wires(c);
    draw_cells(c, linear);
    for (int k = 0; k < N_VEC * MAX_LINES; k++) {
        c->v_V[k] = chance(c, 0.1) ? 0 : draw(c, -1, 1);
    }
}

static void describe(const random_case *c) {
    const mho_array_opt *o = &c->opt;
    print_error(
        "array %u: %zu x %zu, wires %g %g %g %g%s, drive %d, sense %d, transposed %d, off "
        "%d (%d %d), law %d, selector %d, stuck %d, broken %d\n",
        c->id, c->n_row, c->n_col, o->r_word_ohm, o->r_bit_ohm, o->r_source_ohm, o->r_sense_ohm,
        o->r_word_line_ohm || o->r_bit_line_ohm || o->r_source_line_ohm || o->r_sense_line_ohm
            ? " and per line"
            : "",
        (int)o->drive, (int)o->sense, o->transposed, o->row_off != NULL, (int)o->bias_row,
        (int)o->bias_col, (int)o->law, (int)o->selector, o->stuck != NULL, o->broken_word != NULL);
}

/* ---- comparing ---- */

typedef struct result {
    double i_A[N_VEC * MAX_LINES], w_V[N_VEC * MAX_CELLS], b_V[N_VEC * MAX_CELLS];
    mho_array_report rep;
} result;

static double largest_difference(const double *a, const double *b, size_t n) {
    double top = 0, diff = 0;
    for (size_t k = 0; k < n; k++) {
        double d = fabs(a[k] - b[k]);
        diff = d <= diff ? diff : d; /* NaN stays */
        top = fmax(top, fabs(b[k]));
    }
    return diff == 0 ? 0 : diff / top;
}

/* MHO_OK with results, or the status of programming */
static mho_status solve(mho_ctx *ctx, random_case *c, mho_array_solver solver, result *r) {
    mho_array *array;
    c->opt.solver = solver;
    test_ok(ctx, mho_array_new(ctx, c->n_row, c->n_col, &c->opt, &array));
    mho_status status = mho_array_program(array, c->g_S);
    if (status == MHO_OK) {
        status = mho_array_read(array, N_VEC, c->v_V, r->i_A, &r->rep);
    }
    if (status == MHO_OK) {
        status = mho_array_nodes(array, N_VEC, c->v_V, r->w_V, r->b_V, NULL);
    }
    mho_array_free(array);
    return status;
}

/* true if the solver agrees to tol */
static bool agrees(mho_ctx *ctx, random_case *c, mho_array_solver solver, const result *want,
                   double tol) {
    static result got;
    size_t n_out = c->opt.transposed ? c->n_row : c->n_col, n_cell = c->n_row * c->n_col;
    mho_status status = solve(ctx, c, solver, &got);
    double di = NAN, dw = NAN, db = NAN;
    if (status == MHO_OK) {
        di = largest_difference(got.i_A, want->i_A, N_VEC * n_out);
        dw = largest_difference(got.w_V, want->w_V, N_VEC * n_cell);
        db = largest_difference(got.b_V, want->b_V, N_VEC * n_cell);
    }
    if (status == MHO_OK && di <= tol && dw <= tol && db <= tol) {
        return true;
    }
    describe(c);
    print_error("  %s: status %d %s, difference of currents %.2g, word %.2g, bit voltages %.2g\n",
                mho_array_solver_name(solver), (int)status, status ? mho_ctx_last_error(ctx) : "",
                di, dw, db);
    return false;
}

static void fast_solvers_agree_with_the_reference(void **state) {
    (void)state;
    static random_case c;
    static result want;
    mho_ctx *ctx = test_ctx();
    int n_singular = 0, n_bad = 0, n_checked = 0;
    for (uint32_t id = 0; n_checked < N_CASES; id++) {
        bool linear = id % 5 < 3;
        random_case_draw(&c, id, MAX_LINES, linear);
        mho_status status = solve(ctx, &c, MHO_SOLVER_REFERENCE, &want);
        if (status == MHO_ERR_SINGULAR) {
            n_singular++; /* both judge on their own whether a node floats */
            assert_int_equal(solve(ctx, &c, MHO_SOLVER_AUTO, &want), MHO_ERR_SINGULAR);
            continue;
        }
        if (status != MHO_OK || !(want.rep.residual_rel < 1e-13)) {
            describe(&c);
            print_error("  reference: status %d, residual %.2g\n", (int)status,
                        want.rep.residual_rel);
            n_bad++;
        }
        n_checked++;
        bool ohmic = c.opt.law == MHO_LAW_OHMIC && c.opt.selector != MHO_SELECTOR_SINH;
        n_bad += !agrees(ctx, &c, MHO_SOLVER_NEWTON, &want, 1e-10);
        if (ohmic) {
            n_bad += !agrees(ctx, &c, MHO_SOLVER_CG, &want, 1e-10);
            n_bad += !agrees(ctx, &c, MHO_SOLVER_TRANSFER, &want, 1e-10);
        }
    }
    print_message("%d arrays, %d more are singular\n", n_checked, n_singular);
    assert_int_equal(n_bad, 0);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void the_reference_agrees_with_ngspice(void **state) {
    (void)state;
    static random_case c;
    static result want, got;
    mho_ctx *ctx = test_ctx();
    char version[MHO_SPICE_VERSION_BYTES] = "";
    double worst[2] = {0, 0};
    for (uint32_t id = 5000, n = 0; n < 30; id++) {
        random_case_draw(&c, id, 12, n % 3 != 0);
        c.opt.law = c.opt.law == MHO_LAW_USER ? MHO_LAW_SINH : c.opt.law;
        if (solve(ctx, &c, MHO_SOLVER_REFERENCE, &want) == MHO_ERR_SINGULAR) {
            continue;
        }
        mho_array *array;
        test_ok(ctx, mho_array_new(ctx, c.n_row, c.n_col, &c.opt, &array));
        test_ok(ctx, mho_array_program(array, c.g_S));
        mho_status status =
            mho_array_spice_read(array, N_VEC, c.v_V, got.i_A, got.w_V, got.b_V, &got.rep, version);
        mho_array_free(array);
        if (status == MHO_ERR_DEPENDENCY) {
            print_message("skipped: %s\n", mho_ctx_last_error(ctx));
            mho_ctx_free(ctx);
            skip();
        }
        test_ok(ctx, status);
        size_t n_out = c.opt.transposed ? c.n_row : c.n_col, n_cell = c.n_row * c.n_col;
        bool linear = c.opt.law == MHO_LAW_OHMIC && c.opt.selector != MHO_SELECTOR_SINH;
        double error = largest_difference(got.i_A, want.i_A, N_VEC * n_out);
        error = fmax(error, largest_difference(got.w_V, want.w_V, N_VEC * n_cell));
        error = fmax(error, largest_difference(got.b_V, want.b_V, N_VEC * n_cell));
        worst[linear] = fmax(worst[linear], error);
        if (!(error <= (linear ? 1e-9 : 1e-6))) {
            describe(&c);
            fail_msg("%s differs by %.2g", version, error);
        }
        n++;
    }
    print_message("%s: 30 arrays, largest difference %.2g ohmic, %.2g non-linear\n", version,
                  worst[1], worst[0]);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

/* ---- closed forms ---- */

static const mho_array_solver ohmic_solvers[] = {MHO_SOLVER_REFERENCE, MHO_SOLVER_TRANSFER,
                                                 MHO_SOLVER_CG, MHO_SOLVER_NEWTON};
enum { N_OHMIC = sizeof ohmic_solvers / sizeof *ohmic_solvers };

static void read_one(mho_ctx *ctx, size_t n_row, size_t n_col, const mho_array_opt *opt,
                     const double *g_S, const double *v_V, double *i_A) {
    mho_array *array;
    test_ok(ctx, mho_array_new(ctx, n_row, n_col, opt, &array));
    test_ok(ctx, mho_array_program(array, g_S));
    test_ok(ctx, mho_array_read(array, 1, v_V, i_A, NULL));
    mho_array_free(array);
}

static void one_cell_is_a_series_circuit(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    for (int s = 0; s < N_OHMIC; s++) {
        mho_array_opt opt = MHO_ARRAY_OPT_INIT;
        opt.solver = ohmic_solvers[s];
        opt.r_word_ohm = 2.385;
        opt.r_bit_ohm = 1.7;
        opt.r_source_ohm = 113;
        opt.r_sense_ohm = 57.5;
        double g = 3.3e-4, v = 0.73, i;
        read_one(ctx, 1, 1, &opt, &g, &v, &i);
        test_close(i, v / (2.385 + 1.7 + 113 + 57.5 + 1 / g), 0, 1e-12);
    }
    mho_ctx_free(ctx);
}

/* A line of n equal cells g with segments r, open at its end: node k from the source has
 * V cosh((n + 1/2 - k) t) / cosh((n + 1/2) t) with 2 cosh t = 2 + r g. */
static void one_line_is_a_ladder(void **state) {
    (void)state;
    enum { N = 23 };
    mho_ctx *ctx = test_ctx();
    const double r = 11.3, g = 7.7e-4, v = 0.61, t = acosh(1 + r * g / 2);
    double g_S[N], in[N] = {0}, i[N];
    for (int k = 0; k < N; k++) {
        g_S[k] = g;
    }
    for (int s = 0; s < N_OHMIC; s++) {
        mho_array_opt opt = MHO_ARRAY_OPT_INIT;
        opt.solver = ohmic_solvers[s];
        opt.r_word_ohm = r;
        in[0] = v;
        read_one(ctx, 1, N, &opt, g_S, in, i);
        for (int k = 0; k < N; k++) {
            test_close(i[k], g * v * cosh((N - 0.5 - k) * t) / cosh((N + 0.5) * t), 0, 1e-12);
        }
        in[0] = 0;
        opt.r_word_ohm = 0;
        opt.r_bit_ohm = r;
        for (int k = 0; k < N; k++) {
            /* one column, only row k driven: the same by reciprocity */
            in[k] = v;
            read_one(ctx, N, 1, &opt, g_S, in, i);
            test_close(i[0], g * v * cosh((k + 0.5) * t) / cosh((N + 0.5) * t), 0, 1e-12);
            in[k] = 0;
        }
    }
    mho_ctx_free(ctx);
}

static void ideal_wires_give_the_matrix_product(void **state) {
    (void)state;
    enum { M = 7, N = 5 };
    mho_ctx *ctx = test_ctx();
    double g_S[M * N], v[M], i[N];
    mho_i_rng_uniform(1, MHO_RNG_TEST, 1, 0, M * N, g_S);
    mho_i_rng_uniform(1, MHO_RNG_TEST, 2, 0, M, v);
    for (int s = 0; s < N_OHMIC; s++) {
        mho_array_opt opt = MHO_ARRAY_OPT_INIT;
        opt.solver = ohmic_solvers[s];
        read_one(ctx, M, N, &opt, g_S, v, i);
        for (int c = 0; c < N; c++) {
            double want = 0;
            for (int r = 0; r < M; r++) {
                want += g_S[r * N + c] * v[r];
            }
            test_close(i[c], want, 0, 1e-12);
        }
    }
    mho_ctx_free(ctx);
}

/* One sinh cell behind resistances: v = R i + asinh(a i / g) / a, i by bisection. */
static void one_sinh_cell_follows_its_law(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    static const mho_array_solver solvers[] = {MHO_SOLVER_REFERENCE, MHO_SOLVER_NEWTON};
    for (int s = 0; s < 2; s++) {
        mho_array_opt opt = MHO_ARRAY_OPT_INIT;
        opt.solver = solvers[s];
        opt.law = MHO_LAW_SINH;
        opt.law_a = 5.1;
        opt.r_word_ohm = 3;
        opt.r_source_ohm = 120;
        opt.r_bit_ohm = 2;
        opt.r_sense_ohm = 95;
        opt.selector = MHO_SELECTOR_SERIES;
        opt.r_series_ohm = 1500;
        double g = 2e-4, v = 1.4, i, lo = 0, hi = v / 1720;
        for (int k = 0; k < 200; k++) {
            double mid = (lo + hi) / 2;
            bool above = 1720 * mid + asinh(5.1 * mid / g) / 5.1 > v;
            *(above ? &hi : &lo) = mid;
        }
        read_one(ctx, 1, 1, &opt, &g, &v, &i);
        test_close(i, lo, 0, 1e-12);
    }
    mho_ctx_free(ctx);
}

/* ---- errors ---- */

static void a_floating_line_is_named(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_array_opt opt = MHO_ARRAY_OPT_INIT;
    const unsigned char off[3] = {0, 1, 0};
    const double g_S[6] = {1e-4, 1e-4, 0, 0, 1e-4, 1e-4};
    opt.row_off = off;
    opt.solver = MHO_SOLVER_REFERENCE;
    mho_array *array;
    test_ok(ctx, mho_array_new(ctx, 3, 2, &opt, &array));
    assert_int_equal(mho_array_program(array, g_S), MHO_ERR_SINGULAR);
    assert_non_null(strstr(mho_ctx_last_error(ctx), "word line 1 floats"));
    mho_array_free(array);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void memory_failures_leave_nothing_behind(void **state) {
    (void)state;
    static random_case c;
    static result r;
    mho_ctx *ctx = test_ctx();
    random_case_draw(&c, 3, 5, true);
    c.opt.solver = MHO_SOLVER_REFERENCE;
    mho_array *array;
    test_ok(ctx, mho_array_new(ctx, c.n_row, c.n_col, &c.opt, &array));
    test_ok(ctx, mho_array_program(array, c.g_S));
    size_t before = mho_ctx_bytes(ctx);
    mho_status status = MHO_ERR_NOMEM;
    for (size_t n = 1; status == MHO_ERR_NOMEM && n < 100; n++) {
        mho_ctx_fail_alloc(ctx, n);
        status = mho_array_read(array, N_VEC, c.v_V, r.i_A, &r.rep);
        mho_ctx_fail_alloc(ctx, 0);
        assert_int_equal(mho_ctx_bytes(ctx), before);
    }
    assert_int_equal(status, MHO_OK);
    char path[] = "/tmp/mho-test-spice-XXXXXX";
    close(mkstemp(path));
    status = MHO_ERR_NOMEM;
    for (size_t n = 1; status == MHO_ERR_NOMEM && n < 100; n++) {
        mho_ctx_fail_alloc(ctx, n);
        status = mho_array_spice_save(array, N_VEC, c.v_V, path);
        mho_ctx_fail_alloc(ctx, 0);
        assert_int_equal(mho_ctx_bytes(ctx), before);
    }
    assert_int_equal(status, MHO_OK);
    unlink(path);
    mho_array_free(array);
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_cell_is_a_series_circuit),
        cmocka_unit_test(one_line_is_a_ladder),
        cmocka_unit_test(ideal_wires_give_the_matrix_product),
        cmocka_unit_test(one_sinh_cell_follows_its_law),
        cmocka_unit_test(a_floating_line_is_named),
        cmocka_unit_test(memory_failures_leave_nothing_behind),
        cmocka_unit_test(the_reference_agrees_with_ngspice),
        cmocka_unit_test(fast_solvers_agree_with_the_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
