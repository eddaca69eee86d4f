/* test_synapse.c - cells against the closed forms of mho/synapse.h: write errors, pulses, spread,
 * drift exponents by regression, retention, the three noises; provoked errors. */
#include "test.h"

#include "device/device_int.h"

#include <string.h>

enum { N = 20000 };

typedef struct moments {
    double mean, sd;
} moments;

static moments of(const double *x, size_t n) {
    double m = 0, v = 0;
    for (size_t k = 0; k < n; k++) {
        m += x[k] / (double)n;
    }
    for (size_t k = 0; k < n; k++) {
        v += (x[k] - m) * (x[k] - m) / (double)n;
    }
    return (moments){m, sqrt(v)};
}

static double a[N], b[N], c[N];

static void fill(double g_S) {
    for (size_t k = 0; k < N; k++) {
        a[k] = g_S;
    }
}

static void cbram_is_the_cbram_of_before(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_synapse_param p = mho_synapse_card(MHO_SYNAPSE_CBRAM);
    mho_cbram_param old = mho_cbram_card(), same = mho_i_synapse_cbram(&p);
    assert_memory_equal(&old, &same, sizeof old);
    mho_write_stats s, t;
    for (size_t k = 0; k < N; k++) {
        a[k] = p.g_min_S + (p.g_max_S - p.g_min_S) * (double)k / N;
    }
    test_ok(ctx, mho_cbram_program(ctx, &old, 9, 5, N, a, b, true, true, &s));
    test_ok(ctx, mho_synapse_program(ctx, &p, 9, 5, 0, N, a, c,
                                     MHO_CELL_LEVELS | MHO_CELL_ERROR | MHO_CELL_VERIFY, &t));
    assert_memory_equal(b, c, sizeof b);
    assert_memory_equal(&s, &t, sizeof s);
    /* without verification the error is that of one attempt; another round is another draw */
    test_ok(ctx, mho_synapse_program(ctx, &p, 9, 5, 0, N, a, b, MHO_CELL_ERROR, &s));
    assert_int_equal(s.attempts, N);
    test_close(s.error_rel, p.attempt_error_rel, 0, 0.03);
    test_ok(ctx, mho_synapse_program(ctx, &p, 9, 5, 1, N, a, c, MHO_CELL_ERROR, &s));
    assert_memory_not_equal(b, c, sizeof b);
    mho_ctx_free(ctx);
}

static void pcm_writes_with_the_published_polynomial(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_synapse_param p = mho_synapse_card(MHO_SYNAPSE_PCM);
    mho_write_stats s;
    for (int k = 0; k < 3; k++) {
        double x = 0.3 + 0.3 * k;
        fill(x * p.g_max_S);
        test_ok(ctx, mho_synapse_program(ctx, &p, 3, 0, 0, N, a, b, MHO_CELL_ERROR, &s));
        moments m = of(b, N);
        double sd = 1e-6 * (0.26348 + 1.9650 * x - 1.1731 * x * x); /* as printed, gmax 25 uS */
        test_close(m.sd, sd, 0, 4 / sqrt(2.0 * N));
        test_close(m.mean, a[0], 4 * sd / sqrt(N), 0);
    }
    mho_ctx_free(ctx);
}

static void a_table_gives_its_levels_and_their_sd(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_synapse_param p = mho_synapse_card(MHO_SYNAPSE_TABLE);
    mho_write_stats s;
    p.n_level = 3;
    const double level[] = {2e-6, 11e-6, 31e-6}, sd[] = {0.1e-6, 0.7e-6, 0.4e-6};
    memcpy(p.level_S, level, sizeof level);
    memcpy(p.level_sd_S, sd, sizeof sd);
    fill(13e-6);
    test_ok(ctx, mho_synapse_program(ctx, &p, 3, 0, 0, N, a, b, MHO_CELL_LEVELS, &s));
    assert_true(b[0] == level[1] && b[N - 1] == level[1]);
    test_ok(ctx,
            mho_synapse_program(ctx, &p, 3, 0, 0, N, a, b, MHO_CELL_LEVELS | MHO_CELL_ERROR, &s));
    moments m = of(b, N);
    test_close(m.mean, level[1], 4 * sd[1] / sqrt(N), 0);
    test_close(m.sd, sd[1], 0, 4 / sqrt(2.0 * N));
    p.level_S[2] = 5e-6;
    assert_int_equal(mho_synapse_check(ctx, &p), MHO_ERR_ARG);
    p.n_level = 1;
    assert_int_equal(mho_synapse_program(ctx, &p, 3, 0, 0, N, a, b, 0, &s), MHO_ERR_ARG);
    mho_ctx_free(ctx);
}

static void pulses_follow_the_soft_bounds(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_synapse_param p = mho_synapse_card(MHO_SYNAPSE_PULSED);
    mho_write_stats s;
    p.pulse_noise_rel = 0;
    p.step_up_rel = 0.003;
    p.bend_up = 1.7;
    const double wanted = 0.61, range = p.g_max_S - p.g_min_S;
    fill(p.g_min_S + wanted * range);
    /* blind pulses: n of the continuous law s = ln(1 + bend step n)/bend, to the size of a pulse */
    test_ok(ctx, mho_synapse_program(ctx, &p, 3, 0, 0, 1, a, b, MHO_CELL_ERROR, &s));
    test_close((double)s.attempts, (exp(1.7 * wanted) - 1) / (1.7 * 0.003), 1, 0);
    test_close((b[0] - p.g_min_S) / range, wanted, 0.003, 0);
    /* with noise: n steps of the same noise add up to a random walk, contracted by the soft bound:
     * for bend 0 the variance is n step^2 noise^2 */
    p.bend_up = 0;
    p.pulse_noise_rel = 0.5;
    test_ok(ctx, mho_synapse_program(ctx, &p, 3, 0, 0, N, a, b, MHO_CELL_ERROR, &s));
    moments m = of(b, N);
    double n = round(wanted / 0.003);
    test_close(m.sd / range, 0.003 * 0.5 * sqrt(n), 0, 4 / sqrt(2.0 * N));
    /* verified: no cell further from its target than the window or one pulse */
    p = mho_synapse_card(MHO_SYNAPSE_PULSED);
    test_ok(ctx,
            mho_synapse_program(ctx, &p, 3, 0, 0, N, a, b, MHO_CELL_ERROR | MHO_CELL_VERIFY, &s));
    for (size_t k = 0; k < N; k++) {
        test_close(b[k], a[k], 1.001 * sqrt(3) * p.program_error_rel * range, 0);
    }
    mho_ctx_free(ctx);
}

static void spread_scales_blind_cells_and_limits_verified_ones(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_synapse_param p = mho_synapse_card(MHO_SYNAPSE_CBRAM);
    mho_write_stats s;
    p.spread_rel = 0.2;
    fill(50e-6);
    test_ok(ctx, mho_synapse_program(ctx, &p, 3, 0, 0, N, a, b, MHO_CELL_SPREAD, &s));
    for (size_t k = 0; k < N; k++) {
        c[k] = log(b[k] / a[k]);
    }
    moments m = of(c, N);
    test_close(m.sd, 0.2, 0, 4 / sqrt(2.0 * N));
    test_close(m.mean, -0.02, 4 * 0.2 / sqrt(N), 0);
    test_ok(ctx,
            mho_synapse_program(ctx, &p, 3, 0, 0, N, a, b, MHO_CELL_SPREAD | MHO_CELL_VERIFY, &s));
    double short_of = 0;
    for (size_t k = 0; k < N; k++) {
        short_of += (double)(b[k] < a[k]) / N;
    }
    /* f g_max < target: a normal number below (ln(50/60) + sd^2/2)/sd */
    double want = 0.5 * erfc(-(log(50.0 / 60) + 0.02) / 0.2 / sqrt(2));
    test_close(short_of, want, 4 * sqrt(want * (1 - want) / N), 0);
    mho_ctx_free(ctx);
}

/* Least-squares slope of ln G over ln t, per cell. */
static void drift_exponents_come_back_by_regression(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_synapse_param p = mho_synapse_card(MHO_SYNAPSE_PCM);
    const double x[] = {0.02, 0.1, 0.9};
    for (int j = 0; j < 3; j++) {
        double st = 0, stt = 0;
        memset(c, 0, sizeof c);
        enum { N_TIME = 7 };
        for (int i = 0; i < N_TIME; i++) {
            st += i * log(10) / N_TIME;
        }
        for (int i = 0; i < N_TIME; i++) {
            double t = 25 * pow(10, i), d = i * log(10) - st;
            fill(x[j] * p.g_max_S);
            test_ok(ctx, mho_synapse_age(ctx, &p, 5, 0, 0, N, a, t, 300));
            stt += d * d;
            for (size_t k = 0; k < N; k++) {
                c[k] -= d * log(a[k]);
            }
        }
        for (size_t k = 0; k < N; k++) {
            c[k] /= stt;
        }
        moments m = of(c, N);
        double mu = fmin(fmax(-0.0155 * log(x[j]) + 0.0244, 0.049), 0.1);
        double sd = fmin(fmax(-0.0125 * log(x[j]) - 0.0059, 0.008), 0.045);
        /* of |mu + sd N|: the folded normal law */
        double fold =
            sd * sqrt(2 / MHO_PI) * exp(-mu * mu / (2 * sd * sd)) + mu * erf(mu / (sd * sqrt(2)));
        test_close(m.mean, fold, 4 * sd / sqrt(N), 0);
        test_close(m.sd, sqrt(mu * mu + sd * sd - fold * fold), 0, 0.03);
    }
    /* before the first read nothing happens */
    fill(1e-5);
    test_ok(ctx, mho_synapse_age(ctx, &p, 5, 0, 0, N, a, 19, 300));
    assert_true(a[7] == 1e-5);
    assert_int_equal(mho_synapse_age(ctx, &p, 5, 0, 0, N, a, -1, 300), MHO_ERR_ARG);
    assert_int_equal(mho_synapse_age(ctx, &p, 5, 0, 0, N, a, (double)NAN, 300), MHO_ERR_ARG);
    assert_int_equal(mho_synapse_age(ctx, &p, 5, 0, 0, N, a, 1, 0), MHO_ERR_ARG);
    mho_ctx_free(ctx);
}

static void filaments_relax_with_log_time_and_temperature(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_synapse_param p = mho_synapse_card(MHO_SYNAPSE_CBRAM);
    const double range = p.g_max_S - p.g_min_S, s = 0.25, w = 0.75, t = 3e6;
    fill(p.g_min_S + s * range);
    test_ok(ctx, mho_synapse_age(ctx, &p, 5, 0, 0, N, a, t, 300));
    for (size_t k = 0; k < N; k++) {
        b[k] = (a[k] - p.g_min_S) / (s * range);
        c[k] = log(b[k]);
    }
    double l = log(1 + t / p.retention_s);
    moments m = of(b, N), ml = of(c, N);
    test_close(m.mean, exp(-p.retention_nu * w * l), 4 * ml.sd / sqrt(N), 0);
    test_close(ml.sd, p.retention_sd_rel * w * sqrt(l), 0, 4 / sqrt(2.0 * N));
    /* an hour at 85 C is as long as Arrhenius says at 300 K */
    double k_hot = 358.15, longer = 3600 * exp(p.retention_ea_K * (1 / 300.0 - 1 / k_hot));
    fill(20e-6);
    test_ok(ctx, mho_synapse_age(ctx, &p, 5, 0, 0, N, a, 3600, k_hot));
    memcpy(b, a, sizeof a);
    fill(20e-6);
    test_ok(ctx, mho_synapse_age(ctx, &p, 5, 0, 0, N, a, longer, 300));
    for (size_t k = 0; k < N; k++) {
        test_close(a[k], b[k], 0, 1e-12);
    }
    /* ends of the range, what is off, and age 0 stay */
    double off[2] = {0.1 * p.g_min_S, 0};
    test_ok(ctx, mho_synapse_age(ctx, &p, 5, 0, 0, 2, off, t, 300));
    assert_true(off[0] == 0.1 * p.g_min_S && off[1] == 0);
    double ends[3] = {p.g_min_S, p.g_max_S, 20e-6};
    test_ok(ctx, mho_synapse_age(ctx, &p, 5, 0, 0, 2, ends, t, 300));
    test_ok(ctx, mho_synapse_age(ctx, &p, 5, 0, 0, 1, ends + 2, 0, 300));
    assert_true(ends[0] == p.g_min_S && ends[1] == p.g_max_S && ends[2] == 20e-6);
    mho_ctx_free(ctx);
}

/* Spectrum of 1/f noise integrated over the band: ln(f_high/f_low) per unit, by quadrature. */
static void noise_has_the_closed_forms(void **state) {
    (void)state;
    mho_synapse_param p = mho_synapse_card(MHO_SYNAPSE_PCM);
    const double g = 4e-6, t = 1e4, r = 2.5e-7;
    fill(g);
    mho_synapse_noise_sd(&p, 3, 0, 1, a, t, MHO_CELL_FLICKER, b);
    double q = 0.0088 / pow(g / 25e-6, 0.65), lo = 1 / (t + r), hi = 1 / (2 * r), integral = 0;
    enum { PANEL = 100000 };
    for (int k = 0; k < PANEL; k++) { /* q^2/f over f, midpoints in log f */
        double f = lo * pow(hi / lo, (k + 0.5) / PANEL);
        integral += q * q / f * f * log(hi / lo) / PANEL;
    }
    test_close(b[0] / g, sqrt(integral), 0, 1e-9);
    mho_synapse_read(&p, 3, 0, 0, N, a, t, MHO_CELL_FLICKER, c);
    test_close(of(c, N).sd, b[0], 0, 4 / sqrt(2.0 * N));
    /* white */
    p = mho_synapse_card(MHO_SYNAPSE_CBRAM);
    mho_synapse_read(&p, 3, 0, 1, N, a, 0, MHO_CELL_WHITE, c);
    test_close(of(c, N).sd, p.read_noise_rel * g, 0, 4 / sqrt(2.0 * N));
    /* telegraph: two values, mean 0, variance p (1 - p) a^2, on the cells that have a trap */
    p.telegraph_cells_frac = 0.3;
    p.telegraph_rel = 0.11;
    p.telegraph_duty_frac = 0.2;
    mho_synapse_noise_sd(&p, 3, 0, N, a, 0, MHO_CELL_TELEGRAPH, b);
    size_t traps = 0, trap = N;
    for (size_t k = 0; k < N; k++) {
        traps += b[k] > 0;
        trap = b[k] > 0 && trap == N ? k : trap;
    }
    test_close((double)traps / N, 0.3, 4 * sqrt(0.21 / N), 0);
    test_close(b[trap], g * 0.11 * sqrt(0.2 * 0.8), 0, 1e-12);
    for (uint32_t k = 0; k < N; k++) {
        mho_synapse_read(&p, 3, trap, k, 1, a, 0, MHO_CELL_TELEGRAPH, c + k);
        double low = g * (1 - 0.11 * 0.8), high = g * (1 + 0.11 * 0.2);
        assert_true(fabs(c[k] - low) < 1e-12 * g || fabs(c[k] - high) < 1e-12 * g);
    }
    moments m = of(c, N);
    test_close(m.sd, b[trap], 0, 0.03);
    test_close(m.mean, g, 4 * b[trap] / sqrt(N), 0);
}

static void cards_and_lists_agree(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    for (int model = 0; model < MHO_SYNAPSE_N_MODEL; model++) {
        mho_synapse_param p = mho_synapse_card((mho_synapse_model)model);
        assert_true(*mho_synapse_model_name(p.model) != 0);
        for (size_t k = 0; k < mho_synapse_param_count(); k++) {
            mho_param_info i = mho_synapse_param_describe(k, p.model);
            double v = mho_synapse_param_get(&p, k);
            assert_true(v >= i.min && v <= i.max);
            test_ok(ctx, mho_synapse_param_set(ctx, &p, k, v));
            assert_int_equal(mho_synapse_param_set(ctx, &p, k, (double)NAN), MHO_ERR_ARG);
            assert_non_null(strchr("PCA", i.mark));
        }
        /* a cell without any error is its target */
        mho_write_stats s;
        p.n_level = 2;
        p.level_S[1] = 1e-6;
        fill(5e-6);
        test_ok(ctx, mho_synapse_program(ctx, &p, 1, 0, 0, 3, a, b, 0, &s));
        assert_true(b[0] == a[0] && s.error_rel == 0 && s.attempts == 3);
        a[1] = (double)NAN;
        assert_int_equal(mho_synapse_program(ctx, &p, 1, 0, 0, 3, a, b, 0, &s), MHO_ERR_ARG);
    }
    assert_string_equal(mho_synapse_model_name((mho_synapse_model)99), "");
    mho_synapse_param p = mho_synapse_card(MHO_SYNAPSE_CBRAM);
    p.g_min_S = p.g_max_S;
    assert_int_equal(mho_synapse_check(ctx, &p), MHO_ERR_ARG);
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cbram_is_the_cbram_of_before),
        cmocka_unit_test(pcm_writes_with_the_published_polynomial),
        cmocka_unit_test(a_table_gives_its_levels_and_their_sd),
        cmocka_unit_test(pulses_follow_the_soft_bounds),
        cmocka_unit_test(spread_scales_blind_cells_and_limits_verified_ones),
        cmocka_unit_test(drift_exponents_come_back_by_regression),
        cmocka_unit_test(filaments_relax_with_log_time_and_temperature),
        cmocka_unit_test(noise_has_the_closed_forms),
        cmocka_unit_test(cards_and_lists_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
