/* test_extreme_devices.c - devices, chips and networks at the ends of what is allowed: neurons
 * without drive and with a thousand volts, films without a loop, bases above the transition, cells
 * at 0 s and after 30,000 years, spreads of 0, one picture, one output, tiles of the smallest size.
 * A call gives finite numbers that keep the laws, or says what is wrong; nothing else. */
#include "test.h"

#include <stdlib.h>

/* ---- the neuron, static ---- */

typedef struct {
    const char *what;
    void (*change)(mho_neuron_param *p);
} variant;

static void as_it_is(mho_neuron_param *p) {
    (void)p;
}
static void base_at_transition(mho_neuron_param *p) {
    p->t_base_K = p->t_c_K;
}
static void base_above(mho_neuron_param *p) {
    p->t_base_K = 400;
}
static void base_cold(mho_neuron_param *p) {
    p->t_base_K = 200;
}
static void no_width(mho_neuron_param *p) {
    p->width_K = 0;
}
static void steep(mho_neuron_param *p) {
    p->beta_per_K = 20;
}
static void steep_without_width(mho_neuron_param *p) {
    p->beta_per_K = 20;
    p->width_K = 0;
}
static void flat(mho_neuron_param *p) {
    p->beta_per_K = 0.005;
}
static void one_slice(mho_neuron_param *p) {
    p->n_slice = 1;
}
static void most_slices(mho_neuron_param *p) {
    p->n_slice = 64;
    p->slice_edge_frac = 0.2;
}
static void no_contrast(mho_neuron_param *p) {
    p->r_metal_ohm = p->r300_ohm;
    p->ea_K = 0;
}
static void no_latent_heat(mho_neuron_param *p) {
    p->latent_ratio = 1;
}
static void all_latent_heat(mho_neuron_param *p) {
    p->latent_ratio = 20;
}

static const variant variants[] = {{"as it is", as_it_is},
                                   {"base at the transition", base_at_transition},
                                   {"base above the transition", base_above},
                                   {"cold base", base_cold},
                                   {"no width", no_width},
                                   {"steep", steep},
                                   {"steep without width", steep_without_width},
                                   {"flat", flat},
                                   {"one slice", one_slice},
                                   {"64 slices", most_slices},
                                   {"no contrast", no_contrast},
                                   {"no latent heat", no_latent_heat},
                                   {"latent ratio 20", all_latent_heat}};
enum { N_VARIANT = sizeof variants / sizeof *variants };

/* |heat that leaves - heat that is made| over the larger: what mho_neuron_output solves. */
static double imbalance(const mho_neuron_param *p, const mho_neuron_circuit *c, double v,
                        double out_V, double t_K) {
    double rh = p->r_heater_ohm * (1 + p->heater_tcr_per_K * (t_K - 300));
    double i = v / (c->r_series_ohm + rh), i_film = out_V / c->r_load_ohm;
    double power = i * i * rh + i_film * (c->v_read_V - out_V);
    double rise = p->rth_K_per_W * power * (1 - exp(-p->settle_tau));
    return fabs(t_K - p->t_base_K - rise) / fmax(fmax(rise, t_K - p->t_base_K), 1e-3);
}

static void neurons_balance_or_refuse(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    static const double drive_V[] = {0, 1e-12, 1e-3, 0.3, 0.6, 1, 3, 1e3};
    static const char *const cards[] = {"U", "T", "N"};
    const mho_neuron_device nominal = {0};
    int n = 0, n_refused = 0;
    for (int k = 0; k < 3 * N_VARIANT; k++) {
        mho_neuron_param p;
        mho_neuron_design d;
        test_ok(ctx, mho_neuron_card(ctx, cards[k % 3], &p));
        test_ok(ctx, mho_neuron_design_relu(ctx, &p, 1, 1.6, &d)); /* circuit of the plain card */
        variants[k / 3].change(&p);
        for (size_t j = 0; j < sizeof drive_V / sizeof *drive_V; j++, n++) {
            double out = NAN, t = NAN;
            mho_status status =
                mho_neuron_output(ctx, &p, &d.circuit, &nominal, drive_V[j], &out, &t);
            if (status != MHO_OK) {
                assert_true(status < 0 && *mho_ctx_last_error(ctx));
                n_refused++;
                continue;
            }
            if (!(out >= 0 && out <= d.circuit.v_read_V && t >= p.t_base_K) ||
                !(imbalance(&p, &d.circuit, drive_V[j], out, t) < 1e-6)) {
                print_error("%s, %s, %g V: output %g V at %g K, balance open by %g\n", cards[k % 3],
                            variants[k / 3].what, drive_V[j], out, t,
                            imbalance(&p, &d.circuit, drive_V[j], out, t));
                fail();
            }
        }
        double out = 7;
        assert_int_equal(mho_neuron_output(ctx, &p, &d.circuit, &nominal, -1e-9, &out, NULL),
                         MHO_ERR_ARG);
        assert_int_equal(mho_neuron_output(ctx, &p, &d.circuit, &nominal, NAN, &out, NULL),
                         MHO_ERR_ARG);
        assert_true(out == 7);
    }
    print_message("%d working points, %d refused\n", n, n_refused);
    assert_true(2 * n_refused < n);
    mho_ctx_free(ctx);
}

/* ---- the neuron in time ---- */

static void neurons_in_time_close_their_balance_or_say_so(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    const mho_neuron_device nominal = {0};
    int n_ok = 0, n_marked = 0, n_refused = 0;
    for (int k = 0; k < N_VARIANT; k++) {
        mho_neuron_param p;
        mho_neuron_design d;
        test_ok(ctx, mho_neuron_card(ctx, "T", &p));
        test_ok(ctx, mho_neuron_design_relu(ctx, &p, 1, 1.6, &d));
        variants[k].change(&p);
        mho_neuron_evaluation e;
        mho_transient_opt o = MHO_TRANSIENT_OPT_INIT;
        mho_status status = mho_neuron_evaluate_transient(ctx, &p, &d.circuit, &nominal,
                                                          d.circuit.v_bias_V, NULL, &o, &e, NULL);
        n_ok += status == MHO_OK;
        n_marked += status > 0;
        n_refused += status < 0;
        assert_true(status == MHO_OK || *mho_ctx_last_error(ctx));
        if (status == MHO_OK) {
            assert_true(e.total.residual_rel < 1e-3 && isfinite(e.v_out_V) && e.v_out_V >= 0);
        }
        o.max_step = 3; /* the integrator is stopped: marked, and what was not reached is NaN */
        status = mho_neuron_evaluate_transient(ctx, &p, &d.circuit, &nominal, d.circuit.v_bias_V,
                                               NULL, &o, &e, NULL);
        if (status >= 0) {
            assert_int_equal(status, MHO_WARN_NOT_CONVERGED);
            assert_true(isnan(e.v_out_V) && isnan(e.total.residual_rel));
        }
    }
    print_message("in time: %d close, %d marked, %d refused\n", n_ok, n_marked, n_refused);
    assert_true(n_ok >= N_VARIANT / 2);
    mho_ctx_free(ctx);
}

/* ---- the film ---- */

static void films_stay_between_their_phases(void **state) {
    (void)state;
    enum { N = 401 };
    mho_ctx *ctx = test_ctx();
    double t[N], r[N], g[N];
    for (int k = 0; k < N_VARIANT; k++) {
        mho_neuron_param p;
        test_ok(ctx, mho_neuron_card(ctx, "T", &p));
        variants[k].change(&p);
        for (int path = 0; path < 4; path++) {
            for (int j = 0; j < N; j++) {
                double up = 100 + 500.0 * j / (N - 1);
                t[j] = path == 0   ? up
                       : path == 1 ? 700 - up
                       : path == 2 ? 337 /* nothing happens */
                                   : (j % 2 ? 600 : 100);
            }
            size_t n = path == 2 ? 1 : N;
            test_ok(ctx, mho_vo2_rt_path(ctx, &p, 1e-3, n, t, r, g, NULL));
            for (size_t j = 0; j < n; j++) {
                assert_true(r[j] > 0 && isfinite(r[j]) && g[j] >= -1e-9 && g[j] <= 1 + 1e-9);
            }
        }
    }
    mho_ctx_free(ctx);
}

/* ---- cells ---- */

static void cells_age_from_0_to_30000_years(void **state) {
    (void)state;
    enum { N = 200 };
    mho_ctx *ctx = test_ctx();
    static const double age_s[] = {0, 1e-12, 1, 1e12};
    for (int m = 0; m < 6; m++) {
        mho_synapse_param p = mho_synapse_card((mho_synapse_model)m);
        double target[N], g[N], sd[N], read[N];
        for (int k = 0; k < N; k++) {
            target[k] = p.g_min_S + (p.g_max_S - p.g_min_S) * k / (N - 1);
        }
        for (size_t a = 0; a < sizeof age_s / sizeof *age_s; a++) {
            mho_write_stats stats;
            const uint32_t all = MHO_CELL_ERROR | MHO_CELL_SPREAD | MHO_CELL_VERIFY;
            mho_status status = mho_synapse_program(ctx, &p, 1, 0, 0, N, target, g, all, &stats);
            if (status < 0) { /* a table wants its points first */
                assert_true(*mho_ctx_last_error(ctx) != 0);
                continue;
            }
            test_ok(ctx, mho_synapse_age(ctx, &p, 1, 0, 0, N, g, age_s[a], 600));
            const uint32_t noise = MHO_CELL_WHITE | MHO_CELL_FLICKER | MHO_CELL_TELEGRAPH;
            mho_synapse_noise_sd(&p, 1, 0, N, g, age_s[a], noise, sd);
            mho_synapse_read(&p, 1, 0, 0, N, g, age_s[a], noise, read);
            for (int k = 0; k < N; k++) {
                assert_true(g[k] >= 0 && g[k] <= 10 * p.g_max_S);
                assert_true(sd[k] >= 0 && isfinite(sd[k]) && isfinite(read[k]));
            }
        }
        assert_int_equal(mho_synapse_age(ctx, &p, 1, 0, 0, N, g, NAN, 300), MHO_ERR_ARG);
        assert_int_equal(mho_synapse_age(ctx, &p, 1, 0, 0, N, g, 1, 0), MHO_ERR_ARG);
    }
    mho_ctx_free(ctx);
}

static void no_spread_is_exact(void **state) {
    (void)state;
    enum { N = 100 };
    mho_ctx *ctx = test_ctx();
    mho_cbram_param p = mho_cbram_card();
    p.program_error_rel = p.attempt_error_rel = 0;
    double target[N], g[N];
    for (int k = 0; k < N; k++) {
        target[k] = p.g_min_S + (p.g_max_S - p.g_min_S) * k / (N - 1);
    }
    mho_write_stats stats;
    test_ok(ctx, mho_cbram_program(ctx, &p, 1, 0, N, target, g, false, true, &stats));
    for (int k = 0; k < N; k++) {
        test_close(g[k], target[k], 0, 1e-12);
    }
    mho_neuron_param n;
    mho_neuron_device dev[9];
    test_ok(ctx, mho_neuron_card(ctx, "T", &n));
    n.sd_t_c_K = n.sd_width_rel = n.sd_r300_rel = n.sd_r_metal_rel = 0;
    n.sd_r_heater_rel = n.sd_rth_rel = 0;
    mho_neuron_sample(&n, 1, 0, 9, dev);
    for (int k = 0; k < 9; k++) {
        assert_true(dev[k].d_t_c_K == 0 && dev[k].width_rel == 0 && dev[k].r300_log == 0);
        assert_true(dev[k].r_metal_rel == 0 && dev[k].r_heater_rel == 0 && dev[k].rth_rel == 0);
    }
    mho_ctx_free(ctx);
}

/* ---- networks and chips ---- */

/* in pixels of a 1 x 1 picture, one neuron, one output or two */
static mho_net *tiny_net(mho_ctx *ctx, size_t side, size_t n_out) {
    mho_net *net;
    test_ok(ctx, mho_net_new(ctx, 1, side, side, &net));
    test_ok(ctx, mho_net_add_dense(net, 1, true, 0.5));
    test_ok(ctx, mho_net_add_dense(net, n_out, false, 0.5));
    const float w[2] = {0.5f, -0.25f}, zero[2] = {0};
    float *first = calloc(side * side, sizeof *first);
    first[0] = 0.5f;
    test_ok(ctx, mho_net_set_weights(net, 0, first, zero));
    test_ok(ctx, mho_net_set_weights(net, 1, w, zero));
    free(first);
    return net;
}

static void chips_of_one_neuron(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    const uint8_t pixel = 255, label = 0;
    mho_chip_spec spec;
    mho_dataset *set;
    test_ok(ctx, mho_dataset_new(ctx, 1, 1, 1, 2, &pixel, &label, &set));
    test_ok(ctx, mho_chip_spec_default(ctx, &spec));
    spec.rows = spec.cols = 2;
    mho_net *net = tiny_net(ctx, 1, 2);
    mho_chip *chip;
    test_ok(ctx, mho_chip_new(ctx, &spec, net, &chip));
    for (int quiet = 0; quiet < 2; quiet++) {
        double accuracy = NAN;
        uint8_t winner = 9;
        mho_chip_verify v;
        uint32_t what = quiet ? 0 : mho_chip_imperfections(&spec);
        test_ok(ctx, mho_chip_program(chip, 1, 0, what, NULL));
        test_ok(ctx, mho_chip_evaluate(chip, set, &winner, &accuracy));
        assert_true((accuracy == 0 || accuracy == 1) && winner < 2);
        assert_true(!quiet || winner == 0);
        test_ok(ctx, mho_chip_check(chip, set, 1, 1, &v));
        assert_true(v.array_error_rel < 1e-4 && v.residual_rel < 1e-9 && v.n_same == 1);
        assert_true(isfinite(v.time_error_rel));
    }
    mho_chip_free(chip);
    spec.rows = 1; /* below the smallest tile of a chip file: refused, or a chip that works */
    mho_status status = mho_chip_spec_check(ctx, &spec);
    print_message("tiles of one row: %d %s\n", (int)status, mho_ctx_last_error(ctx));
    status = mho_chip_new(ctx, &spec, net, &chip);
    if (status == MHO_OK) {
        mho_chip_verify v;
        test_ok(ctx, mho_chip_program(chip, 1, 0, 0, NULL));
        test_ok(ctx, mho_chip_check(chip, set, 1, 1, &v));
        assert_true(v.array_error_rel < 1e-4 && v.residual_rel < 1e-9);
        mho_chip_free(chip);
    } else {
        assert_non_null(strstr(mho_ctx_last_error(ctx), "rows"));
    }
    mho_net_free(net);
    mho_dataset_free(set);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

/* Pictures of one class are no task; a network of one output has only one answer. */
static void one_class(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    const uint8_t pixel[2] = {255, 0}, label[2] = {0, 0};
    mho_dataset *set = NULL;
    assert_int_equal(mho_dataset_new(ctx, 2, 1, 1, 1, pixel, label, &set), MHO_ERR_ARG);
    assert_null(set);
    test_ok(ctx, mho_dataset_new(ctx, 2, 1, 1, 2, pixel, label, &set));
    mho_net *net = tiny_net(ctx, 1, 1);
    double accuracy = NAN;
    mho_status status = mho_net_check_dataset(net, set);
    if (status == MHO_OK) {
        test_ok(ctx, mho_net_eval(ctx, net, set, NULL, NULL, NULL, &accuracy));
        test_close(accuracy, 1, 0, 0);
    } else {
        assert_true(status < 0 && *mho_ctx_last_error(ctx));
    }
    mho_net_free(net);
    mho_dataset_free(set);
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neurons_balance_or_refuse),
        cmocka_unit_test(neurons_in_time_close_their_balance_or_say_so),
        cmocka_unit_test(films_stay_between_their_phases),
        cmocka_unit_test(cells_age_from_0_to_30000_years),
        cmocka_unit_test(no_spread_is_exact),
        cmocka_unit_test(chips_of_one_neuron),
        cmocka_unit_test(one_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
