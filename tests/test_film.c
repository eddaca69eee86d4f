/* test_film.c - the VO2 film with its history: minor loops start where they turn, close, and stay
 * inside the major loop; noise below the dead band does nothing; what L2P cannot do is measured. */
#include "test.h"

#include "device/device_int.h"

static mho_neuron_param film(mho_ctx *ctx) {
    mho_neuron_param p; /* the fit of docs/fit.md to the measured loop */
    test_ok(ctx, mho_neuron_card(ctx, "T", &p));
    p.r300_ohm = 3767.9;
    p.ea_K = 2271.3;
    p.r_metal_ohm = 17.459;
    p.t_c_K = 337.119;
    p.width_K = 6.7501;
    p.beta_per_K = 0.13789;
    return p;
}

static double ohm(const mho_neuron_param *p, double direction, double t) {
    return mho_i_film_mix(p, mho_i_film_major(p, direction, t), mho_i_film_insulator_ohm(p, t),
                          p->r_metal_ohm);
}

enum { N_CURVE = 40, N_T = 300 };

static void reversal_curves_close_and_stay_inside(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    static double t[N_CURVE * N_T], r[N_CURVE * N_T];
    for (int law = 0; law < 4; law++) {
        for (int heating = 0; heating < 2; heating++) {
            mho_neuron_param p = film(ctx);
            p.mixing = (mho_mixing)law;
            p.gem_ratio = 0.4;
            test_ok(ctx, mho_vo2_forc(ctx, &p, heating, 295, 375, N_CURVE, N_T, t, r));
            for (int c = 0; c < N_CURVE; c++) {
                int a = c * N_T, e = a + N_T - 1;
                double start = ohm(&p, heating ? 1 : -1, t[a]);
                test_close(r[a], start, 0, 1e-6);        /* where it turned: 1 - P(0) is 2.7e-9 */
                if (fabs(t[e] - t[a]) > 2 * p.width_K) { /* home after twice the width */
                    test_close(r[e], ohm(&p, heating ? -1 : 1, t[e]), 0, 1e-3);
                }
                for (int k = a; k <= e; k++) {
                    double up = ohm(&p, 1, t[k]), down = ohm(&p, -1, t[k]);
                    assert_true(r[k] >= down * (1 - 1e-6) && r[k] <= up * (1 + 1e-6));
                }
            }
        }
    }
    mho_ctx_free(ctx);
}

/* Curves of a family do not cross: the history orders the states. */
static void reversal_curves_do_not_cross(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_neuron_param p = film(ctx);
    double worst = 0;
    for (double a = 322; a < 350; a += 1.3) {
        for (double t = a + 1.3; t < 365; t += 0.7) {
            double path[4] = {370, a, t, 0}, path2[4] = {370, a + 1.3, t, 0}, r[4], r2[4];
            test_ok(ctx, mho_vo2_rt_path(ctx, &p, 1e-3, 3, path, r, NULL, NULL));
            test_ok(ctx, mho_vo2_rt_path(ctx, &p, 1e-3, 3, path2, r2, NULL, NULL));
            worst = fmax(worst, r2[2] / r[2] - 1); /* cooled less far: more metal */
        }
    }
    print_message("largest crossing of neighbouring curves: %.2g of R\n", worst);
    assert_true(worst < 0.03);
    mho_ctx_free(ctx);
}

static void a_path_depends_on_its_turns_only(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_neuron_param p = film(ctx);
    const double turn[] = {300, 341.7, 333.2, 339.9, 325, 370};
    enum { N_TURN = sizeof turn / sizeof *turn, FINE = 64, N = (N_TURN - 1) * FINE + 1 };
    double coarse[N_TURN], t[N], r[N], g[N];
    size_t n_coarse, n_fine;
    for (int k = 0; k < N; k++) {
        int leg = k / FINE < N_TURN - 1 ? k / FINE : N_TURN - 2;
        t[k] = turn[leg] + (turn[leg + 1] - turn[leg]) * (k - leg * FINE) / FINE;
    }
    test_ok(ctx, mho_vo2_rt_path(ctx, &p, 1e-3, N_TURN, turn, coarse, NULL, &n_coarse));
    test_ok(ctx, mho_vo2_rt_path(ctx, &p, 1e-3, N, t, r, g, &n_fine));
    assert_int_equal(n_coarse, 4);
    assert_int_equal(n_fine, 4);
    for (int k = 0; k < N_TURN; k++) {
        test_close(r[k * FINE], coarse[k], 0, 1e-12);
    }
    for (int k = 1; k < N; k++) { /* hotter is never more insulating, and it does not jump */
        assert_true((t[k] - t[k - 1]) * (g[k] - g[k - 1]) <= 1e-12);
        assert_true(fabs(g[k] - g[k - 1]) < 0.06);
    }
    mho_ctx_free(ctx);
}

static void noise_below_the_dead_band_does_nothing(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_neuron_param p = film(ctx);
    enum { N = 2000 };
    double t[N], r[N], z[N];
    size_t n_reversal;
    mho_i_rng_uniform(3, MHO_RNG_TEST, 0, 0, N, z);
    for (int k = 0; k < N; k++) {
        t[k] = 310 + 60.0 * k / N + 0.009 * (z[k] - 0.5);
    }
    test_ok(ctx, mho_vo2_rt_path(ctx, &p, 0.01, N, t, r, NULL, &n_reversal));
    assert_int_equal(n_reversal, 0);
    for (int k = 0; k < N; k++) {
        test_close(r[k], ohm(&p, 1, t[k]), 0, 0.01);
    }
    /* without the band the same noise erases the history many times over */
    test_ok(ctx, mho_vo2_rt_path(ctx, &p, 1e-6, N, t, r, NULL, &n_reversal));
    mho_ctx_free(ctx);
}

/* The sign of Tpr: from deep in the insulator or the metal a reversal must lead back to the loop,
 * also where 1 - g is far below what can be told from 0. */
static void deep_reversals_lead_back(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    for (double beta = 0.05; beta < 5; beta *= 1.7) {
        for (double deep = 205; deep < 325; deep += 7) {
            mho_neuron_param p = film(ctx);
            p.beta_per_K = beta;
            double path[] = {480, deep, 334.0, 345.0, 400}, r[5];
            test_ok(ctx, mho_vo2_rt_path(ctx, &p, 1e-3, 5, path, r, NULL, NULL));
            for (int k = 2; k < 5; k++) {
                double up = ohm(&p, 1, path[k]), down = ohm(&p, -1, path[k]);
                assert_true(r[k] >= down * (1 - 1e-6) && r[k] <= up * (1 + 1e-6));
            }
            test_close(r[4], ohm(&p, 1, 400), 0, 1e-3);
        }
    }
    mho_ctx_free(ctx);
}

/* What real hysteresis does and L2P, which remembers one reversal, does not: docs/fit.md. */
static void what_one_reversal_cannot_remember(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_neuron_param p = film(ctx);
    double first = 0, first_g = 0, nested = 0, drift = 0;
    for (double a = 325; a < 345; a += 0.5) { /* cool to a, heat by d, cool to a: back again? */
        for (double d = 0.5; d < 20; d += 0.5) {
            double path[] = {370, a, a + d, a}, r[4], g[4];
            test_ok(ctx, mho_vo2_rt_path(ctx, &p, 1e-3, 4, path, r, g, NULL));
            first = fmax(first, fabs(log10(r[3] / r[1])));
            first_g = fmax(first_g, fabs(g[3] - g[1]));
            double inner[] = {370, a, a + d, a + d / 2, a + d}, ri[5];
            test_ok(ctx, mho_vo2_rt_path(ctx, &p, 1e-3, 5, inner, ri, NULL, NULL));
            nested = fmax(nested, fabs(log10(ri[4] / ri[2])));
        }
    }
    enum { CYCLES = 20 };
    double path[2 * CYCLES + 1] = {300}, r[2 * CYCLES + 1];
    for (int k = 0; k < CYCLES; k++) {
        path[2 * k + 1] = 340;
        path[2 * k + 2] = 335;
    }
    test_ok(ctx, mho_vo2_rt_path(ctx, &p, 1e-3, 2 * CYCLES + 1, path, r, NULL, NULL));
    drift = log10(r[2 * CYCLES] / r[2]);
    print_message("return point missed by at most %.3f decades (g %.3f), inside a minor loop %.3f; "
                  "335-340 K, 20 cycles: %+.3f decades\n",
                  first, first_g, nested, drift);
    print_message("R at 335 K after 1, 2, 3, 20 cycles: %.1f %.1f %.1f %.1f ohm\n", r[2], r[4],
                  r[6], r[2 * CYCLES]);
    assert_true(first < 0.16 && nested < 0.15 && drift > -0.31 && drift < -0.27);
    mho_ctx_free(ctx);
}

/* ---- general effective medium ---- */

static void the_second_exponent_changes_nothing_until_it_is_used(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_neuron_param p = film(ctx);
    p.mixing = MHO_MIX_GEM;
    for (double g = 0; g <= 1; g += 0.0625) {
        double plain = mho_i_mix(MHO_MIX_GEM, p.gem_exponent, g, 3770.3, 17.53);
        double card = mho_i_film_mix(&p, g, 3770.3, 17.53);
        assert_memory_equal(&plain, &card, sizeof plain);
        mho_neuron_param q = p;
        q.gem_ratio = 1 + 1e-12; /* the implicit equation beside the closed form */
        test_close(mho_i_film_mix(&q, g, 3770.3, 17.53), plain, 0, 1e-10);
    }
    mho_ctx_free(ctx);
}

static void mclachlan_has_its_limits(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_neuron_param p = film(ctx);
    p.mixing = MHO_MIX_GEM;
    const double ri = 1e9, rm = 1;
    for (double ratio = 0.2; ratio < 3; ratio *= 1.9) {
        for (double fc = 0.1; fc < 0.95; fc += 0.2) {
            p.gem_ratio = ratio;
            p.gem_threshold_frac = fc;
            test_close(mho_i_film_mix(&p, 0, ri, rm), rm, 0, 1e-9);
            test_close(mho_i_film_mix(&p, 1, ri, rm), ri, 0, 1e-9);
            double last = 0;
            for (int k = 0; k <= 50; k++) {
                double r = mho_i_film_mix(&p, k / 50.0, ri, rm);
                assert_true(r > last);
                last = r;
            }
        }
    }
    /* far above the threshold sm ((f - fc)/(1 - fc))^t, with an insulator that does not conduct */
    p.gem_exponent = 2;
    p.gem_ratio = 0.7;
    p.gem_threshold_frac = 0.3;
    test_close(mho_i_film_mix(&p, 0.3, 1e15, 1), pow((0.7 - 0.3) / (1 - 0.3), -2), 0, 1e-6);
    mho_ctx_free(ctx);
}

static void what_is_not_allowed_is_said(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_neuron_param p = film(ctx);
    double t[] = {300, NAN, 310}, r[3] = {-1, -1, -1};
    assert_int_equal(mho_vo2_rt_path(ctx, &p, 1e-3, 3, t, r, NULL, NULL), MHO_ERR_ARG);
    assert_string_equal(mho_ctx_last_error(ctx), "t_K[1] = nan K: 100 to 600 K are allowed");
    assert_true(r[0] == -1);
    t[1] = 305;
    assert_int_equal(mho_vo2_rt_path(ctx, &p, 0, 3, t, r, NULL, NULL), MHO_ERR_ARG);
    assert_int_equal(mho_vo2_forc(ctx, &p, true, 340, 330, 3, 5, t, r), MHO_ERR_ARG);
    assert_int_equal(mho_vo2_forc(ctx, &p, true, 330, 340, 0, 5, t, r), MHO_ERR_ARG);
    assert_int_equal(mho_vo2_forc(ctx, &p, true, 30, 340, 1, 5, t, r), MHO_ERR_ARG);
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reversal_curves_close_and_stay_inside),
        cmocka_unit_test(reversal_curves_do_not_cross),
        cmocka_unit_test(a_path_depends_on_its_turns_only),
        cmocka_unit_test(noise_below_the_dead_band_does_nothing),
        cmocka_unit_test(deep_reversals_lead_back),
        cmocka_unit_test(what_one_reversal_cannot_remember),
        cmocka_unit_test(the_second_exponent_changes_nothing_until_it_is_used),
        cmocka_unit_test(mclachlan_has_its_limits),
        cmocka_unit_test(what_is_not_allowed_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
