/* test_array_physics.c - closed forms, and laws that any resistor network obeys: reciprocity,
 * superposition, passivity, energy, mirror symmetry; gradients, updates, extreme values. */
#include "test_array_oracle.h"

static mho_array *array_of(mho_ctx *ctx, size_t n_row, size_t n_col, const mho_array_opt *opt,
                           const double *g) {
    mho_array *a;
    test_ok(ctx, mho_array_new(ctx, n_row, n_col, opt, &a));
    test_ok(ctx, mho_array_program(a, g));
    return a;
}

static mho_array_opt wires(double word, double bit, double source, double sense) {
    mho_array_opt o = MHO_ARRAY_OPT_INIT;
    o.r_word_ohm = word;
    o.r_bit_ohm = bit;
    o.r_source_ohm = source;
    o.r_sense_ohm = sense;
    return o;
}

/* ---- closed forms ---- */

static void one_cell(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_array_opt o = wires(3, 5, 70, 11);
    double g = 1e-3, m;
    mho_array *a = array_of(ctx, 1, 1, &o, &g);
    test_ok(ctx, mho_array_transfer(a, &m));
    test_close(m, 1 / (3 + 70 + 1000 + 5 + 11.0), 0, 1e-15);
    mho_array_free(a);
    mho_ctx_free(ctx);
}

/* One row of n cells into ideal bit lines: a ladder, solved from its open end. */
static void one_row(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    enum { N = 37 };
    double *g = test_doubles(N, 1e-6, 1e-3, 0), m[N], y = 0, part[N];
    mho_array_opt o = wires(2, 4, 13, 6);
    for (int c = N - 1; c >= 0;
         c--) { /* y: conductance to the right of segment c, itself included */
        double branch = 1 / (1 / g[c] + 10), sum = y + branch, r = c ? 2 : 15;
        part[c] = 1 / (1 + r * sum); /* voltage after the segment over voltage before */
        y = sum / (1 + r * sum);
    }
    mho_array *a = array_of(ctx, 1, N, &o, g);
    test_ok(ctx, mho_array_transfer(a, m));
    double v = 1;
    for (int c = 0; c < N; c++) {
        v *= part[c];
        test_close(m[c], v / (1 / g[c] + 10), 0, 1e-13);
    }
    mho_array_free(a);
    /* the same circuit as one column, read from the columns */
    mho_array_opt t = wires(4, 2, 13, 6);
    t.transposed = true;
    t.sense = MHO_SENSE_TOP;
    a = array_of(ctx, N, 1, &t, g);
    double mt[N];
    test_ok(ctx, mho_array_transfer(a, mt));
    for (int c = 0; c < N; c++) {
        test_close(mt[c], m[c], 0, 1e-13);
    }
    mho_array_free(a);
    free(g);
    mho_ctx_free(ctx);
}

static void good_wires_give_the_conductances(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    enum { M = 19, N = 33 };
    double *g = test_doubles(M * N, 1e-6, 1e-4, 0.1), m[M * N];
    for (double r = 1; r > 1e-12; r *= 1e-3) {
        mho_array_opt o = wires(r, r, 0, 0);
        mho_array *a = array_of(ctx, M, N, &o, g);
        test_ok(ctx, mho_array_transfer(a, m));
        assert_true(test_difference(M * N, m, g) < 1e-13 + 0.1 * r);
        mho_array_free(a);
    }
    mho_array *a = array_of(ctx, M, N, NULL, g);
    test_ok(ctx, mho_array_transfer(a, m));
    assert_true(memcmp(m, g, sizeof m) == 0); /* ideal wires: exactly */
    mho_array_free(a);
    free(g);
    mho_ctx_free(ctx);
}

/* Ideal wires, sense resistance: a divider in every column. */
static void ideal_wires_with_sense_resistance(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    enum { M = 5, N = 4 };
    double *g = test_doubles(M * N, 1e-5, 1e-3, 0), m[M * N];
    mho_array_opt o = wires(0, 0, 0, 120);
    mho_array *a = array_of(ctx, M, N, &o, g);
    test_ok(ctx, mho_array_transfer(a, m));
    for (int c = 0; c < N; c++) {
        double sum = 0;
        for (int r = 0; r < M; r++) {
            sum += g[r * N + c];
        }
        for (int r = 0; r < M; r++) {
            test_close(m[r * N + c], g[r * N + c] / (1 + 120 * sum), 0, 1e-14);
        }
    }
    mho_array_free(a);
    free(g);
    mho_ctx_free(ctx);
}

/* ---- laws ---- */

static void reciprocity(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    enum { M = 45, N = 27 };
    double *g = test_doubles(M * N, 1e-6, 1e-3, 0.2), m[M * N], t[M * N];
    mho_array_opt o = wires(7, 3, 50, 50);
    mho_array *a = array_of(ctx, M, N, &o, g);
    o.transposed = true;
    mho_array *b = array_of(ctx, M, N, &o, g);
    assert_int_equal(mho_array_n_in(b), N);
    assert_int_equal(mho_array_n_out(b), M);
    test_ok(ctx, mho_array_transfer(a, m));
    test_ok(ctx, mho_array_transfer(b, t));
    for (int r = 0; r < M; r++) {
        for (int c = 0; c < N; c++) {
            test_close(t[c * M + r], m[r * N + c], 0, 1e-12);
        }
    }
    mho_array_free(a);
    mho_array_free(b);
    free(g);
    mho_ctx_free(ctx);
}

static void mirror_symmetry(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    enum { M = 21, N = 34 };
    double *g = test_doubles(M * N, 1e-6, 1e-3, 0.1), f[M * N], m[M * N], t[M * N];
    for (int k = 0; k < M * N; k++) {
        f[(M - 1 - k / N) * N + (N - 1 - k % N)] = g[k];
    }
    mho_array_opt o = wires(4, 9, 20, 30);
    mho_array *a = array_of(ctx, M, N, &o, g);
    o.drive = MHO_DRIVE_RIGHT;
    o.sense = MHO_SENSE_TOP;
    mho_array *b = array_of(ctx, M, N, &o, f);
    test_ok(ctx, mho_array_transfer(a, m));
    test_ok(ctx, mho_array_transfer(b, t));
    for (int k = 0; k < M * N; k++) {
        test_close(t[(M - 1 - k / N) * N + (N - 1 - k % N)], m[k], 0, 1e-12);
    }
    mho_array_free(a);
    mho_array_free(b);
    free(g);
    mho_ctx_free(ctx);
}

static void superposition_and_passivity(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    enum { M = 30, N = 22 };
    double *g = test_doubles(M * N, 1e-6, 1e-3, 0.2), *v = test_doubles(3 * M, 0.01, 1, 0);
    double i[3 * N], m[M * N];
    for (int k = 0; k < M; k++) {
        v[2 * M + k] = 2 * v[k] - 3 * v[M + k];
    }
    mho_array_opt o = wires(6, 6, 10, 10);
    o.solver = MHO_SOLVER_CG;
    mho_array *a = array_of(ctx, M, N, &o, g);
    test_ok(ctx, mho_array_read(a, 3, v, i, NULL));
    for (int c = 0; c < N; c++) {
        test_close(i[2 * N + c], 2 * i[c] - 3 * i[N + c], 1e-13, 1e-11);
    }
    test_ok(ctx, mho_array_transfer(a, m));
    for (int k = 0; k < M * N; k++) {
        assert_true(m[k] >= 0 && m[k] <= 1e-3); /* no element exceeds its best path */
    }
    mho_array_free(a);
    free(g);
    free(v);
    mho_ctx_free(ctx);
}

static void energy_balance(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    for (int k = 0; k < 60; k++) {
        test_seed = 300u + (unsigned)k;
        test_case t = test_case_random(12, k % 2 ? 0.3 : 0);
        if (k % 3 == 0) {
            t.opt.law = MHO_LAW_SINH;
            t.opt.law_a = 3;
            t.opt.selector = MHO_SELECTOR_NONE;
        }
        size_t n_in = t.opt.transposed ? t.n_col : t.n_row;
        double *v = test_doubles(n_in, 0.1, 1, 0);
        mho_array *a = test_array(ctx, &t, MHO_SOLVER_AUTO);
        if (mho_array_program(a, t.g) == MHO_OK) {
            mho_array_power_sum p;
            mho_array_report rep;
            test_ok(ctx, mho_array_power(a, 1, v, NULL, NULL, NULL, &p, &rep));
            double heat = p.cell_W + p.word_W + p.bit_W + p.source_W + p.sense_W;
            test_close(heat, p.delivered_W, 1e-15, 1e-9);
            test_close(rep.power_W, p.delivered_W, 1e-15, 1e-9);
        }
        mho_array_free(a);
        free(v);
        test_case_free(&t);
    }
    mho_ctx_free(ctx);
}

static void element_powers_add_up(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    enum { M = 6, N = 9 };
    double *g = test_doubles(M * N, 1e-5, 1e-3, 0), v[N], cell[M * N];
    double word[M * (N + 1)], bit[(M + 1) * N], sums[3] = {0};
    for (int t = 0; t < 2; t++) {
        mho_array_opt o = wires(12, 7, 30, 40);
        o.transposed = t;
        o.drive = MHO_DRIVE_BOTH;
        for (int k = 0; k < N; k++) {
            v[k] = 0.1 * (k + 1);
        }
        mho_array_power_sum p;
        mho_array *a = array_of(ctx, M, N, &o, g);
        test_ok(ctx, mho_array_power(a, 1, v, cell, word, bit, &p, NULL));
        memset(sums, 0, sizeof sums);
        for (int k = 0; k < M * N; k++) {
            sums[0] += cell[k];
        }
        for (int k = 0; k < M * (N + 1); k++) {
            sums[1] += word[k];
        }
        for (int k = 0; k < (M + 1) * N; k++) {
            sums[2] += bit[k];
        }
        test_close(sums[0], p.cell_W, 0, 1e-12);
        test_close(sums[1], p.word_W, 0, 1e-12);
        test_close(sums[2], p.bit_W, 0, 1e-12);
        mho_array_free(a);
    }
    free(g);
    mho_ctx_free(ctx);
}

/* Kirchhoff's law from the node voltages alone, at an inner node. */
static void nodes_obey_kirchhoff(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    enum { M = 24, N = 17 };
    double *g = test_doubles(M * N, 1e-5, 1e-3, 0), v[M], w[M * N], b[M * N];
    for (int k = 0; k < M; k++) {
        v[k] = 0.03 * k;
    }
    for (int t = 0; t < 2; t++) {
        mho_array_opt o = wires(11, 5, 0, 0);
        o.transposed = t;
        mho_array *a = array_of(ctx, M, N, &o, g);
        test_ok(ctx, mho_array_nodes(a, 1, v, w, b, NULL));
        for (int r = 1; r + 1 < M; r++) {
            for (int c = 1; c + 1 < N; c++) {
                int k = r * N + c;
                double i = g[k] * (w[k] - b[k]);
                test_close((2 * w[k] - w[k - 1] - w[k + 1]) / 11 + i, 0, 1e-13, 0);
                test_close((2 * b[k] - b[k - N] - b[k + N]) / 5 - i, 0, 1e-13, 0);
            }
        }
        mho_array_free(a);
    }
    free(g);
    mho_ctx_free(ctx);
}

/* ---- gradients and updates ---- */

static double loss(mho_ctx *ctx, const test_case *t, const double *v, const double *y) {
    size_t n_out = t->opt.transposed ? t->n_row : t->n_col;
    double *i = malloc(2 * n_out * sizeof *i), sum = 0;
    mho_array *a = test_array(ctx, t, MHO_SOLVER_AUTO);
    test_ok(ctx, mho_array_program(a, t->g));
    test_ok(ctx, mho_array_read(a, 2, v, i, NULL));
    for (size_t k = 0; k < 2 * n_out; k++) {
        sum += y[k] * i[k];
    }
    mho_array_free(a);
    free(i);
    return sum;
}

static void gradient_matches_differences(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    for (int k = 0, used = 0; used < 12 && k < 100; k++) {
        test_seed = 700u + (unsigned)k;
        test_case t = test_case_random(6, k % 2 ? 0.4 : 0);
        if (k % 3 == 0) {
            t.opt.law = MHO_LAW_SINH;
            t.opt.law_a = 2;
            t.opt.selector = MHO_SELECTOR_NONE;
        }
        size_t cells = t.n_row * t.n_col, n_in = t.opt.transposed ? t.n_col : t.n_row;
        size_t n_out = cells / n_in;
        double *v = test_doubles(2 * n_in, 0.1, 1, 0), *y = test_doubles(2 * n_out, 0.1, 1, 0);
        double *grad = malloc(cells * sizeof *grad), *x = malloc(2 * n_in * sizeof *x);
        mho_array *a = test_array(ctx, &t, MHO_SOLVER_AUTO);
        if (mho_array_program(a, t.g) == MHO_OK) {
            test_ok(ctx, mho_array_gradient(a, 2, v, y, grad, x));
            double most = test_size(cells, grad);
            size_t cell = test_pick(cells), in = test_pick(n_in);
            double g0 = t.g[cell], h = fmax(1e-4 * g0, 1e-9), up, down;
            t.g[cell] = g0 + h;
            up = loss(ctx, &t, v, y);
            t.g[cell] = g0 > h ? g0 - h : g0;
            down = loss(ctx, &t, v, y);
            double step = g0 > h ? 2 * h : h;
            t.g[cell] = g0;
            test_close(grad[cell], (up - down) / step, 1e-6 * most + 1e-5 * (g0 <= h), 1e-5);
            double v0 = v[in];
            v[in] = v0 + 1e-4;
            up = loss(ctx, &t, v, y);
            v[in] = v0 - 1e-4;
            down = loss(ctx, &t, v, y);
            test_close(x[in], (up - down) / 2e-4, 1e-6 * test_size(2 * n_in, x), 1e-6);
            used++;
        }
        mho_array_free(a);
        free(v);
        free(y);
        free(grad);
        free(x);
        test_case_free(&t);
    }
    mho_ctx_free(ctx);
}

static void adjoint_is_the_transpose(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    enum { M = 20, N = 35 };
    double *g = test_doubles(M * N, 1e-6, 1e-3, 0), *v = test_doubles(M, 0.1, 1, 0), i[N], x[M];
    double *y = test_doubles(N, 0.1, 1, 0), left = 0, right = 0;
    mho_array_opt o = wires(3, 4, 5, 6);
    o.solver = MHO_SOLVER_CG;
    mho_array *a = array_of(ctx, M, N, &o, g);
    test_ok(ctx, mho_array_read(a, 1, v, i, NULL));
    test_ok(ctx, mho_array_adjoint(a, 1, y, x));
    for (int k = 0; k < N; k++) {
        left += y[k] * i[k];
    }
    for (int k = 0; k < M; k++) {
        right += x[k] * v[k];
    }
    test_close(left, right, 0, 1e-11);
    mho_array_free(a);
    free(g);
    free(v);
    free(y);
    mho_ctx_free(ctx);
}

static void updates_follow(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    for (int k = 0; k < 40; k++) {
        test_seed = 4000u + (unsigned)k;
        test_case t = test_case_random(60, 0);
        size_t cells = t.n_row * t.n_col;
        double *got = malloc(cells * sizeof *got), *want = malloc(cells * sizeof *want);
        mho_array *a = test_array(ctx, &t, MHO_SOLVER_TRANSFER);
        mho_array *b = test_array(ctx, &t, MHO_SOLVER_TRANSFER);
        if (mho_array_program(a, t.g) == MHO_OK) {
            for (int round = 0; round < 7; round++) { /* some past the limit of changed cells */
                size_t cell[16];
                double g[16];
                for (int c = 0; c < 16; c++) {
                    cell[c] = test_pick(cells);
                    g[c] = t.g[cell[c]] = c % 5 ? 1e-3 * test_uniform() : 1e-9;
                }
                for (int c = 0; c < 16; c++) {
                    g[c] = t.g[cell[c]];
                }
                test_ok(ctx, mho_array_transfer(a, got));
                test_ok(ctx, mho_array_update(a, 16, cell, g));
                test_ok(ctx, mho_array_transfer(a, got));
                test_ok(ctx, mho_array_program(b, t.g));
                test_ok(ctx, mho_array_transfer(b, want));
                assert_true(test_difference(cells, got, want) < 1e-10);
            }
        }
        mho_array_free(a);
        mho_array_free(b);
        free(got);
        free(want);
        test_case_free(&t);
    }
    mho_ctx_free(ctx);
}

/* ---- many arrays, threads ---- */

static void many_and_threads_give_the_same_bits(void **state) {
    (void)state;
    enum { M = 150, N = 131, COUNT = 3 };
    mho_ctx *ctx = test_ctx();
    double *g = test_doubles((size_t)COUNT * M * N, 1e-6, 1e-3, 0.1);
    double *v = test_doubles(300 * M, 0.1, 1, 0);
    double *many[2], *one = malloc(M * N * sizeof *one), *i[2];
    mho_array_opt o = wires(2, 3, 4, 5);
    for (int t = 0; t < 2; t++) {
        test_ok(ctx, mho_ctx_set_threads(ctx, t + 1));
        many[t] = malloc(sizeof *g * COUNT * M * N);
        i[t] = malloc(300 * N * sizeof *v);
        memcpy(many[t], g, sizeof *g * COUNT * M * N);
        test_ok(ctx, mho_array_transfer_many(ctx, COUNT, M, N, &o, many[t], many[t]));
        mho_array *a = array_of(ctx, M, N, &o, g + M * N);
        test_ok(ctx, mho_array_transfer(a, one));
        assert_memory_equal(one, many[t] + M * N, sizeof *one * M * N);
        test_ok(ctx, mho_array_read(a, 300, v, i[t], NULL));
        mho_array_free(a);
    }
    assert_memory_equal(many[0], many[1], sizeof *g * COUNT * M * N);
    assert_memory_equal(i[0], i[1], 300 * N * sizeof *v);
    for (int t = 0; t < 2; t++) {
        free(many[t]);
        free(i[t]);
    }
    free(one);
    free(g);
    free(v);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

/* ---- other cells, extreme values, pairs ---- */

static void cube(void *user, size_t first, size_t n, const double *g, const double *v, double *i,
                 double *slope) {
    *(size_t *)user += n;
    (void)first;
    for (size_t k = 0; k < n; k++) {
        i[k] = g[k] * (v[k] + v[k] * v[k] * v[k]);
        slope[k] = g[k] * (1 + 3 * v[k] * v[k]);
    }
}

static void user_law_with_ideal_wires(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    double g[6] = {1e-4, 2e-4, 3e-4, 4e-4, 5e-4, 6e-4}, v[2] = {0.5, -0.8}, i[3];
    size_t calls = 0;
    mho_array_opt o = MHO_ARRAY_OPT_INIT;
    o.law = MHO_LAW_USER;
    o.law_fn = cube;
    o.law_user = &calls;
    mho_array *a = array_of(ctx, 2, 3, &o, g);
    test_ok(ctx, mho_array_read(a, 1, v, i, NULL));
    for (int c = 0; c < 3; c++) {
        test_close(i[c], g[c] * 0.625 - g[3 + c] * (0.8 + 0.512), 0, 1e-12);
    }
    assert_true(calls > 0);
    mho_array_free(a);
    mho_ctx_free(ctx);
}

/* sinh cell in series with a sinh selector of the same law: each takes half of the voltage. */
static void selector_shares_the_voltage(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    double g = 1e-4, v = 1.4, i;
    mho_array_opt o = MHO_ARRAY_OPT_INIT;
    o.law = MHO_LAW_SINH;
    o.law_a = 5;
    o.selector = MHO_SELECTOR_SINH;
    o.selector_g_S = 1e-4;
    o.selector_a = 5;
    mho_array *a = array_of(ctx, 1, 1, &o, &g);
    test_ok(ctx, mho_array_read(a, 1, &v, &i, NULL));
    test_close(i, 1e-4 * sinh(3.5) / 5, 0, 1e-11);
    mho_array_free(a);
    mho_ctx_free(ctx);
}

static void strong_exponentials_converge(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    enum { N = 40 };
    double *g = test_doubles(N * N, 1e-6, 1e-3, 0), *v = test_doubles(N, 0.5, 2, 0), i[N];
    for (double a_law = 1; a_law < 300; a_law *= 3) {
        mho_array_opt o = wires(20, 20, 100, 100);
        o.law = MHO_LAW_SINH;
        o.law_a = a_law;
        mho_array_report rep;
        mho_array *a = array_of(ctx, N, N, &o, g);
        mho_status status = mho_array_read(a, 1, v, i, &rep);
        assert_true(rep.residual_rel < 1e-11);
        assert_true(status == MHO_OK);
        mho_array_free(a);
    }
    free(g);
    free(v);
    mho_ctx_free(ctx);
}

static void extreme_values_stay_right(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    const double ohm[] = {1e-15, 1e-9, 1e-3, 1e3, 1e9, 1e12};
    for (size_t k = 0; k < 36; k++) {
        test_seed = 60u + (unsigned)k;
        test_case t = {.n_row = 5, .n_col = 6, .g = test_doubles(30, 1e-9, 1, 0.3)};
        t.opt = wires(ohm[k % 6], ohm[k / 6], 0, 0);
        double v[5 * 5] = {0}, want[5 * 6], got[30];
        for (int r = 0; r < 5; r++) {
            v[r * 6] = 1;
        }
        assert_true(test_oracle(&t, 5, v, want));
        mho_array *a = test_array(ctx, &t, MHO_SOLVER_TRANSFER);
        test_ok(ctx, mho_array_program(a, t.g));
        test_ok(ctx, mho_array_transfer(a, got));
        for (int c = 0; c < 30; c++) {
            test_close(got[c], want[c], 0, 1e-12); /* every element, however small */
        }
        mho_array_free(a);
        test_case_free(&t);
    }
    double off[30] = {0}, m[30];
    mho_array_opt o = wires(2, 2, 0, 0);
    mho_array *a = array_of(ctx, 5, 6, &o, off);
    test_ok(ctx, mho_array_transfer(a, m));
    test_close(test_size(30, m), 0, 0, 0);
    mho_array_free(a);
    mho_ctx_free(ctx);
}

static void pairs_of_columns(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    const double plus[6] = {1, 2, 3, 4, 5, 6}, minus[6] = {6, 4, 1, 0, 2, 7};
    for (int p = 0; p < 2; p++) {
        double x[12], d[6];
        test_ok(ctx, mho_array_pairs_join(ctx, (mho_array_pairs)p, 2, 3, plus, minus, x));
        test_close(x[p ? 3 : 1], 6, 0, 0);
        test_ok(ctx, mho_array_pairs_subtract(ctx, (mho_array_pairs)p, 2, 3, x, d));
        for (int k = 0; k < 6; k++) {
            test_close(d[k], plus[k] - minus[k], 0, 0);
        }
    }
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_cell),
        cmocka_unit_test(one_row),
        cmocka_unit_test(good_wires_give_the_conductances),
        cmocka_unit_test(ideal_wires_with_sense_resistance),
        cmocka_unit_test(reciprocity),
        cmocka_unit_test(mirror_symmetry),
        cmocka_unit_test(superposition_and_passivity),
        cmocka_unit_test(energy_balance),
        cmocka_unit_test(element_powers_add_up),
        cmocka_unit_test(nodes_obey_kirchhoff),
        cmocka_unit_test(gradient_matches_differences),
        cmocka_unit_test(adjoint_is_the_transpose),
        cmocka_unit_test(updates_follow),
        cmocka_unit_test(many_and_threads_give_the_same_bits),
        cmocka_unit_test(user_law_with_ideal_wires),
        cmocka_unit_test(selector_shares_the_voltage),
        cmocka_unit_test(strong_exponentials_converge),
        cmocka_unit_test(extreme_values_stay_right),
        cmocka_unit_test(pairs_of_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
