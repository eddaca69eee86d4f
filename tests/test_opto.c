/* test_opto.c - the optomemristor: gate table, closed forms, fine-step reference, bounds, noise,
 * many cells against one by one, balances, errors. */
#include "test.h"

#include "device/device_int.h"

#include <stdlib.h>
#include <string.h>

enum { N = 40 };

static mho_opto_param quiet(void) {
    mho_opto_param p = mho_opto_card();
    p.cycle_sd_rel = p.cell_sd_rel = p.read_sd_rel = 0;
    return p;
}

static mho_opto_cells *cells_new(mho_ctx *ctx, const mho_opto_param *p, size_t first, size_t n) {
    mho_opto_cells *c = NULL;
    test_ok(ctx, mho_opto_cells_new(ctx, p, 7, first, n, &c));
    return c;
}

/* change of x of a single cell by light of eligibility e (0: none) and then a pulse of the card */
static double gate(mho_ctx *ctx, double e, double v_V, double x) {
    mho_opto_param p = quiet();
    mho_opto_cells *c = cells_new(ctx, &p, 0, 1);
    test_ok(ctx, mho_opto_cells_set(c, 1, NULL, &x));
    if (e > 0) { /* the marking pulse of the card, shortened; it brings 0.995 at full length */
        double whole = mho_opto_carriers_after(&p, 0, p.mark_power_rel, p.mark_s);
        assert_true(whole > 0.98 && whole < 1.01);
        double power = e / (p.tau_s * -expm1(-p.mark_s / p.tau_s)) * (1 + 0.5 * 0.01 * 0.01);
        test_ok(ctx, mho_opto_light(c, power, p.mark_s, 0, NULL, NULL));
        test_close(mho_opto_cells_carriers(c)[0], e, 0, 2e-4);
    }
    test_close(mho_opto_cells_x(c)[0], x, 0, 0); /* light alone */
    if (v_V != 0) {
        test_ok(ctx, mho_opto_write(c, v_V, p.write_s, 1, 0, NULL, NULL));
    }
    double dx = mho_opto_cells_x(c)[0] - x;
    mho_opto_cells_free(c);
    return dx;
}

static void only_light_and_pulse_together_write(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_opto_param p = quiet();
    for (double x = 0.05; x < 1; x += 0.17) {
        assert_true(gate(ctx, 0, p.v_write_p_V, x) == 0);
        assert_true(gate(ctx, 0, -p.v_write_n_V, x) == 0);
        assert_true(gate(ctx, 1, 0, x) == 0);
    }
    test_close(gate(ctx, 1, p.v_write_p_V, 0.2), 0.0286, 0, 0.01);
    test_close(gate(ctx, 1, -p.v_write_n_V, 0.7), -0.0266, 0, 0.01);
    /* nearly in proportion to e: e beyond the 1.6 % (positive) that the margin under the dark
     * threshold costs, within 3 % of full scale */
    double up = gate(ctx, 1, p.v_write_p_V, 0.2), down = gate(ctx, 1, -p.v_write_n_V, 0.7);
    for (double e = 0.1; e < 1; e += 0.13) {
        test_close(gate(ctx, e, p.v_write_p_V, 0.2), up * e, 0.03 * up, 0);
        test_close(gate(ctx, e, -p.v_write_n_V, 0.7), down * e, -0.03 * down, 0);
        assert_true(gate(ctx, e, 0, 0.2) == 0);
    }
    mho_ctx_free(ctx);
}

static void carriers_follow_the_closed_forms(void **state) {
    (void)state;
    mho_opto_param p = quiet();
    p.recomb_per_s = 0;
    for (double t = 0; t < 7; t += 0.83) {
        test_close(mho_opto_carriers_after(&p, 0.9, 0, t), 0.9 * exp(-t), 0, 1e-14);
        test_close(mho_opto_carriers_after(&p, 0, 2.5, t), 2.5 * -expm1(-t), 1e-16, 1e-13);
    }
    p.recomb_per_s = 0.7;
    for (double t = 0.1; t < 7; t += 0.83) { /* dark: Bernoulli equation */
        double e = exp(-t);
        test_close(mho_opto_carriers_after(&p, 3.1, 0, t), 3.1 * e / (1 + 0.7 * 3.1 * (1 - e)), 0,
                   1e-13);
        /* in light: many small Runge-Kutta steps; and two steps are one */
        double n = 0.2, h = t / 4000;
        for (int k = 0; k < 4000; k++) {
#define RATE(n) (2.3 - (n)-0.7 * (n) * (n))
            double a = RATE(n), b = RATE(n + h / 2 * a), c = RATE(n + h / 2 * b),
                   d = RATE(n + h * c);
            n += h / 6 * (a + 2 * b + 2 * c + d);
        }
        test_close(mho_opto_carriers_after(&p, 0.2, 2.3, t), n, 0, 1e-10);
        double half = mho_opto_carriers_after(&p, 0.2, 2.3, 0.3 * t);
        test_close(mho_opto_carriers_after(&p, half, 2.3, 0.7 * t), n, 0, 1e-10);
    }
}

static void photocurrent_exponent_falls_from_one_to_a_half(void **state) {
    (void)state;
    mho_opto_param p = quiet();
    double last = 1;
    for (double power = 1e-4; power < 1e9; power *= 30) {
        double a = mho_opto_carriers_after(&p, 0, power, 1e3);
        double b = mho_opto_carriers_after(&p, 0, power * 1.01, 1e3);
        double i_a = mho_opto_current_A(&p, 0.3, a, 0.05) - mho_opto_current_A(&p, 0.3, 0, 0.05);
        double i_b = mho_opto_current_A(&p, 0.3, b, 0.05) - mho_opto_current_A(&p, 0.3, 0, 0.05);
        double exponent = log(i_b / i_a) / log(1.01);
        assert_true(exponent <= last + 1e-7 && exponent > 0.4999);
        if (power < 1e-3) {
            test_close(exponent, 1, 1e-4, 0);
        }
        last = exponent;
    }
    test_close(last, 0.5, 1e-3, 0);
}

/* the same equations in 20,000 Heun steps, carriers and state together */
static double state_reference(const mho_opto_param *p, double x, double n, double v, double t) {
    enum { STEPS = 20000 };
    double h = t / STEPS;
    for (int k = 0; k < STEPS; k++) {
        double f[2], y = x, m = n;
        for (int s = 0; s < 2; s++) {
            double e = fmin(m, 1), rate;
            if (v > 0) {
                double vp = p->v_p0_V * (1 - p->kappa * e);
                rate = v > vp ? p->rate_p_per_s * (exp(v) - exp(vp)) : 0;
                rate *= y >= p->x_p
                            ? exp(-p->alpha_p * (y - p->x_p)) * ((p->x_p - y) / (1 - p->x_p) + 1)
                            : 1;
            } else {
                double vn = p->v_n0_V * (1 - p->kappa * e);
                rate = -v > vn ? -p->rate_n_per_s * (exp(-v) - exp(vn)) : 0;
                rate *=
                    y <= 1 - p->x_n ? exp(p->alpha_n * (y + p->x_n - 1)) * (y / (1 - p->x_n)) : 1;
            }
            f[s] = p->eta * rate;
            y = x + h * f[0];
            m = mho_opto_carriers_after(p, n, 0, h);
        }
        x += h / 2 * (f[0] + f[1]);
        n = m;
    }
    return x;
}

static void a_pulse_is_what_fine_steps_give(void **state) {
    (void)state;
    mho_opto_param p = quiet();
    const double tau[] = {1, 1e-3, 1e-4}, n[] = {2.5, 1, 0.37, 0.03};
    for (int a = 0; a < 3; a++) {
        p.tau_s = tau[a];
        for (int b = 0; b < 4; b++) {
            for (double x = 0.01; x < 1; x += 0.0931) {
                double up = state_reference(&p, x, n[b], 0.159, 1e-4);
                test_close(mho_opto_state_after(&p, x, n[b], 0.159, 1e-4, 1), up, 1e-6, 0);
                double down = state_reference(&p, x, n[b], -0.149, 1e-4);
                test_close(mho_opto_state_after(&p, x, n[b], -0.149, 1e-4, 1), down, 1e-6, 0);
            }
        }
    }
    p.tau_s = 1; /* long pulses over the dark threshold, through the corner of f */
    test_close(mho_opto_state_after(&p, 0.1, 1, 0.2, 2e-3, 1),
               state_reference(&p, 0.1, 1, 0.2, 2e-3), 1e-6, 0);
    test_close(mho_opto_state_after(&p, 0.9, 0, -0.3, 2e-3, 1),
               state_reference(&p, 0.9, 0, -0.3, 2e-3), 1e-6, 0);
}

static void the_state_stays_between_zero_and_one(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_opto_param p = mho_opto_card();
    p.cycle_sd_rel = 3; /* absurd noise */
    mho_opto_cells *c = cells_new(ctx, &p, 0, N);
    for (int k = 0; k < 400; k++) {
        test_ok(ctx, mho_opto_light(c, 100, 0.01, 0, NULL, NULL));
        double m = k % 7 < 4 ? 6.3 : -7.7;
        test_ok(ctx, mho_opto_reward(c, m, 0, NULL, NULL));
        for (int j = 0; j < N; j++) {
            assert_true(mho_opto_cells_x(c)[j] >= 0 && mho_opto_cells_x(c)[j] <= 1);
        }
    }
    mho_opto_cells_free(c);
    p = quiet(); /* absurd rates and doses end at the bounds, and end at all */
    p.alpha_p = p.alpha_n = 100;
    p.rate_p_per_s = p.rate_n_per_s = 1e12;
    p.tau_s = 1e-6;
    double x = mho_opto_state_after(&p, 0.3, 1e6, 10, 1e9, 1);
    assert_true(x >= 0.3 && x <= 1);
    x = mho_opto_state_after(&p, 0.3, 1e6, -10, 1e9, 1);
    assert_true(x >= 0 && x <= 0.3);
    p.alpha_p = 0;
    test_close(mho_opto_state_after(&p, 0.3, 0, 5, 1, 1), 1, 1e-12, 0);
    mho_ctx_free(ctx);
}

/* ---- many cells ---- */

/* a day in the life of cells; list operations name numbers relative to cell 0 of the object */
static void work(mho_ctx *ctx, mho_opto_cells *c, size_t first, size_t n) {
    mho_opto_param p = *mho_opto_cells_param(c);
    for (uint32_t round = 0; round < 30; round++) {
        uint32_t list[N], m = 0;
        double each[N];
        for (uint32_t k = 0; k < n; k++) {
            if ((first + k) % 7 == round % 7) {
                list[m] = k;
                each[m++] = 0.2 + 0.1 * (double)((first + k) % 5);
            }
        }
        test_ok(ctx,
                mho_opto_light(c, p.mark_power_rel, p.mark_s, m, list, round % 3 ? each : NULL));
        test_ok(ctx, mho_opto_wait(c, 0.31));
        test_ok(ctx, mho_opto_reward(c, round % 4 ? 1.6 : -0.7, 0, NULL, NULL));
        if (round % 5 == 0) { /* over the dark threshold: everybody; and a pulse on a few */
            test_ok(ctx, mho_opto_write(c, 0.162, 1e-4, 2, 0, NULL, NULL));
            test_ok(ctx, mho_opto_write(c, -0.149, 1e-4, 3, m, list, each));
        }
    }
}

static void many_cells_are_as_one_by_one(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_opto_param p = mho_opto_card();
    mho_opto_cells *all = cells_new(ctx, &p, 1000, N);
    work(ctx, all, 1000, N);
    double all_S[N], sum_J = 0, light_J = 0;
    test_ok(ctx, mho_opto_read(all, true, 0, NULL, all_S));
    mho_opto_account a = mho_opto_cells_account(all), b;
    for (size_t k = 0; k < N; k++) {
        mho_opto_cells *one = cells_new(ctx, &p, 1000 + k, 1);
        work(ctx, one, 1000 + k, 1);
        double one_S;
        test_ok(ctx, mho_opto_read(one, true, 0, NULL, &one_S));
        assert_memory_equal(mho_opto_cells_x(all) + k, mho_opto_cells_x(one), sizeof(double));
        assert_memory_equal(mho_opto_cells_carriers(all) + k, mho_opto_cells_carriers(one),
                            sizeof(double));
        assert_memory_equal(all_S + k, &one_S, sizeof one_S);
        b = mho_opto_cells_account(one);
        sum_J += b.write_J;
        light_J += b.optical_J;
        mho_opto_cells_free(one);
    }
    test_close(a.write_J, sum_J, 0, 1e-3); /* dark cells: mean x over a train of pulses */
    test_close(a.optical_J, light_J, 0, 1e-12);
    test_close(a.time_s, b.time_s, 0, 1e-12);
    mho_opto_cells_free(all);
    mho_ctx_free(ctx);
}

static void the_lit_list_holds_the_lit_cells(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_opto_param p = quiet();
    mho_opto_cells *c = cells_new(ctx, &p, 0, N);
    uint32_t list[] = {3, 17, 5};
    test_ok(ctx, mho_opto_mark(c, 3, list, NULL));
    test_ok(ctx, mho_opto_wait(c, 2));
    uint32_t again[] = {17, 30};
    test_ok(ctx, mho_opto_mark(c, 2, again, NULL));
    size_t n_lit;
    const uint32_t *lit = mho_opto_cells_lit(c, &n_lit);
    assert_int_equal(n_lit, 4);
    for (size_t j = 0; j < n_lit; j++) {
        double want = lit[j] == 17 ? 0.995 + 0.13 : lit[j] == 30 ? 0.995 : 0.995 * exp(-2.01);
        test_close(mho_opto_cells_carriers(c)[lit[j]], want, 0, 0.01);
    }
    test_ok(ctx, mho_opto_wait(c, 13));
    (void)mho_opto_cells_lit(c, &n_lit);
    assert_int_equal(n_lit, 2);
    test_ok(ctx, mho_opto_wait(c, 3));
    (void)mho_opto_cells_lit(c, &n_lit);
    assert_int_equal(n_lit, 0);
    for (int k = 0; k < N; k++) {
        assert_true(mho_opto_cells_carriers(c)[k] == 0);
    }
    mho_opto_cells_free(c);
    mho_ctx_free(ctx);
}

static void noise_has_its_statistics(void **state) {
    (void)state;
    enum { M = 20000 };
    mho_ctx *ctx = test_ctx();
    mho_opto_param p = mho_opto_card();
    mho_opto_cells *c = cells_new(ctx, &p, 0, M);
    double *g = malloc(M * sizeof *g), s1 = 0, s2 = 0, r1 = 0, r2 = 0, d1 = 0, d2 = 0;
    test_ok(ctx, mho_opto_mark(c, 0, NULL, NULL));
    test_ok(ctx, mho_opto_reward(c, 1, 0, NULL, NULL));
    double n_mid = mho_opto_carriers_after(&p, 0, 100, 0.01);
    double dx0 = mho_opto_state_after(&p, 0, n_mid, p.v_write_p_V, p.write_s, 1);
    for (int k = 0; k < M; k++) {
        double rate = mho_opto_cells_rate_p(c)[k], l = log(rate);
        double w = mho_opto_cells_x(c)[k] / (dx0 * rate) - 1; /* x < 0.3: dx in proportion */
        d1 += l / M;
        d2 += l * l / M;
        s1 += w / M;
        s2 += w * w / M;
    }
    test_close(d1, 0, 4 * 0.2 / sqrt(M), 0);
    test_close(sqrt(d2), 0.2, 0, 4 / sqrt(2.0 * M));
    test_close(s1, 0, 4 * 0.3 / sqrt(M), 0);
    test_close(sqrt(s2), 0.3, 0, 4 / sqrt(2.0 * M));
    test_ok(ctx, mho_opto_cells_start(c, 8, 0, 0.41));
    test_ok(ctx, mho_opto_read(c, true, 0, NULL, g));
    double want = mho_opto_current_A(&p, 0.41, 0, p.v_read_V) / p.v_read_V;
    for (int k = 0; k < M; k++) {
        r1 += (g[k] / want - 1) / M;
        r2 += (g[k] / want - 1) * (g[k] / want - 1) / M;
    }
    test_close(r1, 0, 4 * 0.01 / sqrt(M), 0);
    test_close(sqrt(r2), 0.01, 0, 4 / sqrt(2.0 * M));
    double first = g[5], again; /* another read, another number */
    test_ok(ctx, mho_opto_read(c, true, 1, (uint32_t[]){5}, &again));
    assert_true(first != again);
    free(g);
    mho_opto_cells_free(c);
    mho_ctx_free(ctx);
}

static void energy_is_power_times_time(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_opto_param p = quiet();
    mho_opto_cells *c = cells_new(ctx, &p, 0, N);
    double x[N], want = 0;
    for (int k = 0; k < N; k++) {
        x[k] = k / (N - 1.0);
        want += 0.159 * mho_opto_current_A(&p, x[k], 0, 0.159) * p.write_s;
    }
    test_ok(ctx, mho_opto_cells_set(c, N, NULL, x));
    test_ok(ctx, mho_opto_reward(c, 1, 0, NULL, NULL)); /* dark: through the sum of x */
    test_close(mho_opto_cells_account(c).write_J, want, 0, 1e-12);
    assert_int_equal(mho_opto_cells_account(c).change_cells, 0);
    uint32_t list[] = {7};
    test_ok(ctx, mho_opto_mark(c, 1, list, NULL));
    test_close(mho_opto_cells_account(c).optical_J, 100 * 1e-9 * 0.01, 0, 1e-12);
    /* a pulse that changes x and conducts light: fine slices of the same pulse */
    double n = mho_opto_cells_carriers(c)[7], y = x[7], slice_J = 0, h = p.write_s / 1000;
    double before = mho_opto_cells_account(c).write_J;
    for (int k = 0; k < 1000; k++) {
        slice_J += 0.149 * -mho_opto_current_A(&p, y, n, -0.149) * h;
        y = mho_opto_state_after(&p, y, n, -0.149, h, 1);
        n = mho_opto_carriers_after(&p, n, 0, h);
    }
    test_ok(ctx, mho_opto_write(c, -0.149, p.write_s, 1, 1, list, NULL));
    test_close(mho_opto_cells_account(c).write_J - before, slice_J, 0, 1e-3);
    test_close(mho_opto_cells_x(c)[7], y, 1e-7, 0);
    assert_int_equal(mho_opto_cells_account(c).change_cells, 1);
    double g;
    test_ok(ctx, mho_opto_read(c, false, 1, list, &g));
    assert_true(mho_opto_cells_account(c).read_J > 0);
    mho_opto_cells_free(c);
    mho_ctx_free(ctx);
}

static void both_roles_write_what_is_marked(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_opto_param p = quiet();
    for (int roles = 0; roles < 2; roles++) {
        p.roles = (mho_opto_roles)roles;
        mho_opto_cells *c = cells_new(ctx, &p, 0, N);
        uint32_t list[] = {2, 9};
        double local[] = {1, 0.5};
        test_ok(ctx, mho_opto_cells_start(c, 1, 0, 0.6));
        test_ok(ctx, mho_opto_mark(c, 2, list, local));
        test_ok(ctx, mho_opto_reward(c, -1, 2, list, local));
        for (uint32_t k = 0; k < N; k++) {
            double dx = mho_opto_cells_x(c)[k] - 0.6;
            double want = k == 2 ? -0.0266 : k == 9 ? -0.0133 : 0;
            test_close(dx, want, 1e-9, roles ? 0.01 : 0.03); /* light: proportional within 3 % */
        }
        assert_true(mho_opto_cells_account(c).optical_J > 0);
        mho_opto_cells_free(c);
    }
    mho_ctx_free(ctx);
}

/* ---- card and errors ---- */

static void every_row_is_in_range_and_explained(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_opto_param p = mho_opto_card();
    for (size_t k = 0; k < mho_opto_param_count(); k++) {
        mho_param_info i = mho_opto_param_describe(k);
        double v = mho_opto_param_get(&p, k);
        assert_true(v >= i.min && v <= i.max && strchr("PCA", i.mark) && *i.source && *i.help);
        assert_null(strstr(i.key, "_per_"));
        assert_int_equal(mho_opto_param_set(ctx, &p, k, NAN), MHO_ERR_ARG);
        assert_non_null(strstr(mho_ctx_last_error(ctx), i.key));
        assert_int_equal(mho_opto_param_set(ctx, &p, k, i.max * 1.5), MHO_ERR_ARG);
        assert_true(mho_opto_param_get(&p, k) == v);
        test_ok(ctx, mho_opto_param_set(ctx, &p, k, v));
    }
    test_ok(ctx, mho_opto_param_check(ctx, &p));
    mho_ctx_free(ctx);
}

static void bad_parameters_are_named(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_opto_cells *c = NULL;
    mho_opto_param p = mho_opto_card();
    p.g_min_S = p.g_max_S;
    test_refused(ctx, mho_opto_cells_new(ctx, &p, 1, 0, 4, &c), MHO_ERR_ARG, "g_min");
    p = mho_opto_card();
    p.v_read_V = 0.1;
    test_refused(ctx, mho_opto_cells_new(ctx, &p, 1, 0, 4, &c), MHO_ERR_ARG, "v_read");
    p = mho_opto_card();
    p.tau_s = 0;
    test_refused(ctx, mho_opto_cells_new(ctx, &p, 1, 0, 4, &c), MHO_ERR_ARG, "tau");
    p = mho_opto_card();
    p.photo = (mho_opto_photo)9;
    test_refused(ctx, mho_opto_cells_new(ctx, &p, 1, 0, 4, &c), MHO_ERR_ARG, "photo");
    p = mho_opto_card();
    p.roles = (mho_opto_roles)2;
    test_refused(ctx, mho_opto_cells_new(ctx, &p, 1, 0, 4, &c), MHO_ERR_ARG, "roles");
    p = mho_opto_card();
    test_refused(ctx, mho_opto_cells_new(ctx, &p, 1, 0, SIZE_MAX, &c), MHO_ERR_ARG, "n = ");
    test_refused(ctx, mho_opto_cells_new(ctx, &p, 1, UINT32_MAX, 4, &c), MHO_ERR_ARG, "first");
    assert_null(c);
    for (size_t n = 1; n < 100; n++) { /* memory fails at every place in turn */
        mho_ctx_fail_alloc(ctx, n);
        mho_status status = mho_opto_cells_new(ctx, &p, 1, 0, 4, &c);
        mho_ctx_fail_alloc(ctx, 0);
        if (status == MHO_OK) {
            assert_true(n > 6);
            break;
        }
        assert_int_equal(status, MHO_ERR_NOMEM);
        assert_null(c);
        assert_int_equal(mho_ctx_bytes(ctx), 0);
    }
    mho_opto_cells_free(c);
    mho_opto_cells_free(NULL);
    mho_ctx_free(ctx);
}

static void bad_operations_are_named_and_change_nothing(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_opto_param p = mho_opto_card();
    mho_opto_cells *c = cells_new(ctx, &p, 0, N);
    uint32_t list[] = {0, N};
    double each[] = {0.5, -1}, x[] = {0.5, 1.01}, g[N];
    test_refused(ctx, mho_opto_light(c, 1, 1, 2, list, NULL), MHO_ERR_ARG, "list[1] = 40");
    test_refused(ctx, mho_opto_light(c, -1, 1, 0, NULL, NULL), MHO_ERR_ARG, "power");
    test_refused(ctx, mho_opto_light(c, 1, NAN, 0, NULL, NULL), MHO_ERR_ARG, "duration");
    list[1] = 1;
    test_refused(ctx, mho_opto_light(c, 1, 1, 2, list, each), MHO_ERR_ARG, "factor 1 = -1");
    test_refused(ctx, mho_opto_wait(c, -1), MHO_ERR_ARG, "dt_s");
    test_refused(ctx, mho_opto_write(c, NAN, 1e-4, 1, 0, NULL, NULL), MHO_ERR_ARG, "v_V");
    test_refused(ctx, mho_opto_write(c, 11, 1e-4, 1, 0, NULL, NULL), MHO_ERR_ARG, "v_V");
    test_refused(ctx, mho_opto_write(c, 0.1, -1, 1, 0, NULL, NULL), MHO_ERR_ARG, "duration");
    test_refused(ctx, mho_opto_write(c, 0.1, 1e-4, 1, 2, list, each), MHO_ERR_ARG, "factor 1");
    test_refused(ctx, mho_opto_cells_set(c, 2, list, x), MHO_ERR_ARG, "factor 1 = 1.01");
    test_refused(ctx, mho_opto_cells_start(c, 1, 0, NAN), MHO_ERR_ARG, "x_start");
    test_refused(ctx, mho_opto_reward(c, INFINITY, 0, NULL, NULL), MHO_ERR_ARG, "m_rel");
    list[0] = 99;
    test_refused(ctx, mho_opto_read(c, true, 2, list, g), MHO_ERR_ARG, "list[0] = 99");
    test_refused(ctx, mho_opto_mark(c, 2, list, NULL), MHO_ERR_ARG, "list[0] = 99");
    mho_opto_account a = mho_opto_cells_account(c);
    assert_true(a.time_s == 0 && a.optical_J == 0 && a.write_J == 0 && a.read_cells == 0);
    for (int k = 0; k < N; k++) {
        assert_true(mho_opto_cells_x(c)[k] == 0 && mho_opto_cells_carriers(c)[k] == 0);
    }
    mho_opto_cells_free(c);
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_light_and_pulse_together_write),
        cmocka_unit_test(carriers_follow_the_closed_forms),
        cmocka_unit_test(photocurrent_exponent_falls_from_one_to_a_half),
        cmocka_unit_test(a_pulse_is_what_fine_steps_give),
        cmocka_unit_test(the_state_stays_between_zero_and_one),
        cmocka_unit_test(many_cells_are_as_one_by_one),
        cmocka_unit_test(the_lit_list_holds_the_lit_cells),
        cmocka_unit_test(noise_has_its_statistics),
        cmocka_unit_test(energy_is_power_times_time),
        cmocka_unit_test(both_roles_write_what_is_marked),
        cmocka_unit_test(every_row_is_in_range_and_explained),
        cmocka_unit_test(bad_parameters_are_named),
        cmocka_unit_test(bad_operations_are_named_and_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
