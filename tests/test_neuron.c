/* test_neuron.c - hysteresis, mixing, the Mott neuron: limits, balances, fast against plain code.
 */
#include "test.h"

#include "device/device_int.h"

#include <stdlib.h>

static mho_neuron_param card(mho_ctx *ctx, const char *name) {
    mho_neuron_param p;
    test_ok(ctx, mho_neuron_card(ctx, name, &p));
    return p;
}

static mho_neuron_design design(mho_ctx *ctx, const mho_neuron_param *p) {
    mho_neuron_design d;
    test_ok(ctx, mho_neuron_design_relu(ctx, p, 1.0, 1.6, &d));
    return d;
}

static size_t key_index(const char *key) {
    for (size_t k = 0; k < mho_neuron_param_count(); k++) {
        if (strcmp(mho_neuron_param_describe(k, "N").key, key) == 0) {
            return k;
        }
    }
    fail_msg("no parameter %s", key);
    return 0;
}

static void mixing_laws_have_their_limits(void **state) {
    (void)state;
    const double ri = 3770.3, rm = 17.53;
    for (mho_mixing m = MHO_MIX_SERIES; m <= MHO_MIX_GEM; m++) {
        double last = 0;
        for (int k = 0; k <= 100; k++) {
            double r = mho_i_mix(m, 1.3, k / 100.0, ri, rm);
            assert_true(r > last); /* more insulator, more resistance */
            last = r;
        }
        test_close(mho_i_mix(m, 1.3, 0, ri, rm), rm, 0, 1e-12);
        test_close(mho_i_mix(m, 1.3, 1, ri, rm), m == MHO_MIX_SERIES ? ri + rm : ri, 0, 1e-12);
        test_close(mho_i_mix(m, 1.3, 0.37, 5.0, 5.0), m == MHO_MIX_SERIES ? 6.85 : 5.0, 0, 1e-12);
    }
    /* a symmetric 2-D mixture has the geometric mean (Dykhne 1970) */
    test_close(mho_i_mix(MHO_MIX_BRUGGEMAN_2D, 0, 0.5, ri, rm), sqrt(ri * rm), 0, 1e-12);
    test_close(mho_i_mix(MHO_MIX_GEM, 1.0, 0.3, ri, rm),
               mho_i_mix(MHO_MIX_BRUGGEMAN_2D, 0, 0.3, ri, rm), 0, 1e-12);
}

static void minor_loops_start_where_they_turn_and_stay_inside(void **state) {
    (void)state;
    mho_i_branch up = {337.2, 6.77, 0.146, 0.956, 1, 0, 0}, down = up;
    down.direction = -1;
    for (double t_r = 330; t_r < 352; t_r += 1.7) {
        mho_i_branch b = up;
        double g_r = mho_i_branch_fraction(&up, t_r);
        mho_i_branch_reverse(&b, -1, t_r, g_r);
        test_close(mho_i_branch_fraction(&b, t_r), g_r, 1e-4, 0); /* P(0) = 1 - 2.7e-9 */
        for (double t = t_r; t > 300; t -= 0.31) {
            double g = mho_i_branch_fraction(&b, t);
            assert_true(g >= mho_i_branch_fraction(&down, t) - 1e-6);
            assert_true(g <= mho_i_branch_fraction(&up, t) + 0.02); /* L2P overshoots a little */
        }
        test_close(mho_i_branch_fraction(&b, 290), mho_i_branch_fraction(&down, 290), 1e-4, 0);
    }
}

static void the_working_point_balances_its_power(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    const char *names[] = {"U", "T", "N"};
    for (int k = 0; k < 3; k++) {
        mho_neuron_param p = card(ctx, names[k]);
        mho_neuron_design d = design(ctx, &p);
        const mho_neuron_circuit *c = &d.circuit;
        mho_neuron_device dev = {.d_t_c_K = 0.31, .rth_rel = 0.04, .r_heater_rel = -0.021};
        for (double z = -1.3; z < 1.5; z += 0.37) {
            double v = c->v_bias_V + z * c->v_swing_V, out, t;
            test_ok(ctx, mho_neuron_output(ctx, &p, c, &dev, v, &out, &t));
            double rh =
                p.r_heater_ohm * (1 + dev.r_heater_rel) * (1 + p.heater_tcr_per_K * (t - 300));
            double i = v / (c->r_series_ohm + rh), film = c->r_load_ohm * (c->v_read_V / out - 1);
            double i_film = out / c->r_load_ohm, power = i * i * rh + i_film * i_film * film;
            double rise = p.rth_K_per_W * (1 + dev.rth_rel) * power * (1 - exp(-p.settle_tau));
            test_close(t - p.t_base_K, rise, 1e-9, 1e-9);
        }
    }
    mho_ctx_free(ctx);
}

static void fast_kernel_agrees_with_the_plain_code(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    for (mho_mixing m = MHO_MIX_SERIES; m <= MHO_MIX_GEM; m++) {
        mho_neuron_param p = card(ctx, "T");
        p.mixing = m;
        const mho_neuron_circuit none = {0};
        mho_neuron_device dev = {.width_rel = 0.05, .r300_log = -0.2, .r_metal_rel = 0.03};
        mho_i_neuron n;
        mho_i_neuron_init(&n, &p, &none, &dev, 29.0);
        double rise[71], r[71], slope[71];
        for (int k = 0; k < 71; k++) {
            rise[k] = 0.61 * k;
        }
        mho_i_neuron_film_many(&n, 71, rise, r, slope);
        for (int k = 0; k < 71; k++) {
            double want_slope, want = mho_i_neuron_film_ohm(&n, rise[k], &want_slope);
            test_close(r[k], want, 0, 1e-10);
            test_close(slope[k], want_slope, 1e-5 * want, 1e-5);
        }
    }
    mho_ctx_free(ctx);
}

static void tables_agree_with_direct_solution(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    enum { N = 30 };
    mho_neuron_param p = card(ctx, "N");
    mho_neuron_design d = design(ctx, &p);
    const mho_neuron_circuit *c = &d.circuit;
    mho_neuron_grid g = {-c->v_bias_V / c->v_swing_V, -1.2, 1.6, 96, 384};
    size_t n_node = g.n_low + g.n_high + 1;
    mho_neuron_device dev[N], nominal = {0};
    float *table = malloc(N * n_node * 2 * sizeof *table),
          *again = malloc(N * n_node * 2 * sizeof *table);
    double full;
    test_ok(ctx, mho_neuron_output(ctx, &p, c, &nominal, c->v_bias_V + c->v_swing_V, &full, NULL));
    mho_neuron_trim trim = {0.5, 8, 0.8 * c->v_swing_V, 0};
    mho_neuron_sample(&p, 77, 5, N, dev);
    test_ok(ctx, mho_ctx_set_threads(ctx, 2));
    test_ok(ctx, mho_neuron_tables(ctx, &p, c, 77, 5, N, dev, &trim, &g, full, table, NULL));
    double worst = 0, worst_jitter = 0;
    for (int k = 0; k < N; k++) {
        for (double x = 0.37; x < (double)n_node - 1; x += 3.171) {
            size_t j = (size_t)x;
            double f = x - (double)j;
            double z =
                x < (double)g.n_low
                    ? g.z_min + (g.z_knee - g.z_min) * x / (double)g.n_low
                    : g.z_knee + (g.z_max - g.z_knee) * (x - (double)g.n_low) / (double)g.n_high;
            const float *t = table + ((size_t)k * n_node + j) * 2;
            double a = t[0] + f * (t[2] - t[0]), slope = t[1] + f * (t[3] - t[1]), out, moved;
            double v = c->v_bias_V + z * c->v_swing_V;
            if (v + dev[k].trim_V < 0) {
                continue;
            }
            test_ok(ctx, mho_neuron_output(ctx, &p, c, &dev[k], v, &out, NULL));
            worst = fmax(worst, fabs(a - out / full));
            mho_neuron_device warm = dev[k];
            warm.d_t_c_K += p.jitter_K;
            test_ok(ctx, mho_neuron_output(ctx, &p, c, &warm, v, &moved, NULL));
            worst_jitter = fmax(worst_jitter, fabs(slope * p.jitter_K - (moved - out) / full));
        }
    }
    test_close(worst, 0, 1e-4 * d.v_span_V / full, 0);
    test_close(worst_jitter, 0, 6e-4, 0); /* linear in the jitter; the jitter itself moves 6e-3 */
    /* any number of threads, any place in the chip: the same bits */
    mho_neuron_device one[N];
    mho_neuron_sample(&p, 77, 0, N, one);
    test_ok(ctx, mho_ctx_set_threads(ctx, 1));
    test_ok(ctx, mho_neuron_tables(ctx, &p, c, 77, 0, N, one, &trim, &g, full, again, NULL));
    assert_memory_equal(again + 5 * n_node * 2, table, (N - 5) * n_node * 2 * sizeof *table);
    free(table);
    free(again);
    mho_ctx_free(ctx);
}

static void trim_brings_the_outputs_together(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    enum { N = 400 };
    mho_neuron_param p = card(ctx, "N");
    mho_neuron_design d = design(ctx, &p);
    const mho_neuron_circuit *c = &d.circuit;
    mho_neuron_grid g = {-c->v_bias_V / c->v_swing_V, -1.2, 1.6, 8, 8};
    mho_neuron_device dev[N], nominal = {0};
    static float table[N * 17 * 2];
    double full, half, v = c->v_bias_V + 0.5 * c->v_swing_V, spread[2] = {0};
    test_ok(ctx, mho_neuron_output(ctx, &p, c, &nominal, c->v_bias_V + c->v_swing_V, &full, NULL));
    test_ok(ctx, mho_neuron_output(ctx, &p, c, &nominal, v, &half, NULL));
    mho_neuron_trim trim = {0.5, 8, 1.2 * c->v_swing_V, 0};
    for (int trimmed = 0; trimmed < 2; trimmed++) {
        size_t clipped = 0;
        mho_neuron_sample(&p, 3, 0, N, dev);
        test_ok(ctx, mho_neuron_tables(ctx, &p, c, 3, 0, N, dev, trimmed ? &trim : NULL, &g, full,
                                       table, &clipped));
        assert_int_equal(clipped, 0);
        for (int k = 0; k < N; k++) {
            double out;
            test_ok(ctx, mho_neuron_output(ctx, &p, c, &dev[k], v, &out, NULL));
            spread[trimmed] = fmax(spread[trimmed], fabs(out - half) / full);
        }
    }
    assert_true(spread[0] > 0.3);
    /* half a step of the DAC times the slope of the curve, about 1.3 */
    test_close(spread[1], 0, 1.4 * 1.2 / 255, 0);
    trim.range_V = 0.01 * c->v_swing_V;
    size_t clipped = 0;
    test_ok(ctx, mho_neuron_tables(ctx, &p, c, 3, 0, N, dev, &trim, &g, full, table, &clipped));
    assert_true(clipped > N / 2);
    mho_ctx_free(ctx);
}

static void designs_reach_the_search_by_hand(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    const char *names[] = {"T", "N"};
    for (int k = 0; k < 2; k++) {
        mho_neuron_param p = card(ctx, names[k]);
        mho_neuron_design d = design(ctx, &p);
        assert_true(d.relu_error_rel < 0.03);
        assert_true(d.memory_rel < 1e-4);
        assert_true(d.floor_rel > 0 && d.floor_rel < 0.1);
        test_close(d.circuit.v_bias_V + 1.6 * d.circuit.v_swing_V, d.circuit.v_max_V, 0, 1e-12);
        test_close(d.tau_s, p.rth_K_per_W * p.cth_J_per_K, 0, 1e-12);
    }
    /* lumped, base 325 K: 14 K at the bias, 20..22 K at full scale, 2.5 % (docs/neuron.md) */
    mho_neuron_param p = card(ctx, "T");
    p.n_slice = 1;
    p.t_base_K = 325;
    mho_neuron_design d = design(ctx, &p);
    test_close(d.rise_bias_K, 14, 1.5, 0);
    test_close(d.rise_full_K, 21, 2, 0);
    assert_true(d.relu_error_rel < 0.025);
    mho_ctx_free(ctx);
}

static void bad_neurons_are_refused(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_neuron_param p;
    mho_neuron_design d;
    assert_int_equal(mho_neuron_card(ctx, "X", &p), MHO_ERR_ARG);
    p = card(ctx, "N");
    assert_int_equal(mho_neuron_param_set(ctx, &p, key_index("rth"), -1), MHO_ERR_ARG);
    assert_non_null(strstr(mho_ctx_last_error(ctx), "rth"));
    assert_int_equal(mho_neuron_param_set(ctx, &p, key_index("t_c"), NAN), MHO_ERR_ARG);
    p.t_base_K = 345;
    assert_int_equal(mho_neuron_design_relu(ctx, &p, 1, 1.6, &d), MHO_ERR_ARG);
    assert_int_equal(mho_neuron_design_relu(ctx, &p, -1, 1.6, &d), MHO_ERR_ARG);
    p = card(ctx, "N");
    d = design(ctx, &p);
    mho_neuron_device nominal = {0};
    assert_int_equal(mho_neuron_output(ctx, &p, &d.circuit, &nominal, -0.1, NULL, NULL),
                     MHO_ERR_ARG);
    /* the drive that heats by more than 400 K */
    assert_int_equal(mho_neuron_output(ctx, &p, &d.circuit, &nominal, 10, NULL, NULL),
                     MHO_ERR_SINGULAR);
    mho_neuron_grid upside_down = {1, 0, -1, 4, 4};
    float table[18];
    assert_int_equal(mho_neuron_tables(ctx, &p, &d.circuit, 1, 0, 1, &nominal, NULL, &upside_down,
                                       1, table, NULL),
                     MHO_ERR_ARG);
    /* a strong read bias heats the film until it runs away */
    mho_neuron_circuit hot = d.circuit;
    hot.v_read_V *= 4;
    mho_neuron_grid g = {-1, 0, 1.5, 4, 4};
    assert_int_equal(mho_neuron_tables(ctx, &p, &hot, 1, 0, 1, &nominal, NULL, &g, 1, table, NULL),
                     MHO_ERR_SINGULAR);
    mho_ctx_free(ctx);
}

static void cbram_leaves_the_error_it_promises(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    enum { N = 20000 };
    static double target[N], g[N], again[N];
    mho_cbram_param p = mho_cbram_card();
    double range = p.g_max_S - p.g_min_S;
    for (int k = 0; k < N; k++) {
        target[k] = p.g_min_S + range * (0.3 + 0.7 * k / N);
    }
    mho_write_stats s;
    test_ok(ctx, mho_cbram_program(ctx, &p, 9, 0, N, target, g, true, true, &s));
    test_close(s.error_rel, p.program_error_rel, 0, 0.05);
    assert_true(s.attempts > N && s.attempts < 4 * N && s.energy_J > 0);
    test_ok(ctx,
            mho_cbram_program(ctx, &p, 9, 100, N - 100, target + 100, again + 100, true, true, &s));
    assert_memory_equal(again + 100, g + 100, (N - 100) * sizeof *g);
    test_ok(ctx, mho_cbram_program(ctx, &p, 9, 0, N, target, g, true, false, &s));
    double step = range / (p.levels - 1);
    for (int k = 0; k < N; k++) {
        double level = (g[k] - p.g_min_S) / step;
        test_close(level, floor(level + 0.5), 1e-9, 0);
        assert_true(fabs(g[k] - target[k]) <= 0.5 * step * (1 + 1e-9));
    }
    test_ok(ctx, mho_cbram_program(ctx, &p, 9, 0, N, target, g, false, false, &s));
    assert_memory_equal(g, target, sizeof target);
    target[3] = -1e-6;
    assert_int_equal(mho_cbram_program(ctx, &p, 9, 0, N, target, g, true, true, &s), MHO_ERR_ARG);
    assert_non_null(strstr(mho_ctx_last_error(ctx), "target_S[3]"));
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mixing_laws_have_their_limits),
        cmocka_unit_test(minor_loops_start_where_they_turn_and_stay_inside),
        cmocka_unit_test(the_working_point_balances_its_power),
        cmocka_unit_test(fast_kernel_agrees_with_the_plain_code),
        cmocka_unit_test(tables_agree_with_direct_solution),
        cmocka_unit_test(trim_brings_the_outputs_together),
        cmocka_unit_test(designs_reach_the_search_by_hand),
        cmocka_unit_test(bad_neurons_are_refused),
        cmocka_unit_test(cbram_leaves_the_error_it_promises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
