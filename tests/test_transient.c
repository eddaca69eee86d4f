/* test_transient.c - devices in time: closed forms, balances, limits, independent references, the
 * fast path against the stiff integrator, bad input. */
#include "test.h"

#include "lab/lab_int.h"

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

static const mho_neuron_device nominal = {0};

/* ---- waveforms ---- */

static void test_waveform(void **state) {
    mho_ctx *ctx = *state;
    double t[8], v[8];
    size_t n;
    test_ok(ctx, mho_waveform_parse(ctx, "1 ns: 0 V, 3ns : 0.5V,3 ns: 20 mV , 1 us: -1 V", "V", 8,
                                    t, v, &n));
    assert_int_equal(n, 4);
    test_close(v[2], 0.02, 0, 1e-15);
    const mho_waveform w = {n, t, v};
    test_close(mho_waveform_at(&w, 0), 0, 0, 0);
    test_close(mho_waveform_at(&w, 2.5e-9), 0.375, 1e-15, 0);
    test_close(mho_waveform_at(&w, 3e-9), 0.02, 1e-15, 0); /* at a jump: after it */
    test_close(mho_waveform_at(&w, 5), -1, 0, 0);
    mho_i_line before = mho_i_waveform_line(&w, 1e-9, 3e-9);
    test_close(mho_i_line_at(&before, 3e-9), 0.5, 1e-15, 0); /* up to it: before */
    double edge[8];
    n = mho_i_waveform_edges(1, &w, 5e-9, edge);
    assert_int_equal(n, 4); /* 0, 1 ns, 3 ns, stop */
    static const char *const bad[] = {
        "",           "1 ns",        "1 ns: 1", "1: 1 V, 0 s: 1 V",  "1 V: 1 V", "2 ns: 1 V,,",
        "nan s: 1 V", "1 ns: 1 ohm", ": 1 V",   "2 s: 1 V, 1 s: 1 V"};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        assert_int_equal(mho_waveform_parse(ctx, bad[k], "V", 8, t, v, &n), MHO_ERR_ARG);
        assert_true(*mho_ctx_last_error(ctx));
    }
    assert_int_equal(mho_waveform_parse(ctx, "0 s: 1 V, 1 s: 1 V", "V", 1, t, v, &n), MHO_ERR_ARG);
}

/* ---- the neuron ---- */

/* Without latent heat, film current and temperature coefficient the rise is one exponential. */
static void test_exponential(void **state) {
    mho_ctx *ctx = *state;
    mho_neuron_param p = card(ctx, "N");
    p.latent_ratio = 1;
    p.heater_tcr_per_K = 0;
    mho_neuron_circuit c = {.v_max_V = 1, .r_series_ohm = 7000, .r_load_ohm = 50, .v_read_V = 0};
    double zero = 0, v = 0.71, tau = p.rth_K_per_W * p.cth_J_per_K, i = v / (7000 + p.r_heater_ohm);
    mho_neuron_drive d = {{1, &zero, &v}, {1, &zero, &zero}, 3.3 * tau, 0, 0.4, 0};
    mho_film_run run;
    mho_trace *trace;
    test_ok(ctx, mho_neuron_simulate(ctx, &p, &c, &nominal, &d, NULL, &run, &trace));
    double end = p.rth_K_per_W * i * i * p.r_heater_ohm;
    const double *t = mho_trace_column(trace, 0), *rise = mho_trace_column(trace, 2);
    for (size_t k = 0; k < mho_trace_rows(trace); k += 97) {
        test_close(rise[k], end + (0.4 - end) * exp(-t[k] / tau), 0, 1e-7);
    }
    test_close(run.energy.heater_source_J, v * i * d.stop_s, 0, 1e-9);
    assert_true(run.energy.residual_rel < 1e-8);
    mho_trace_free(trace);
}

static void test_balance(void **state) {
    mho_ctx *ctx = *state;
    static const char *const names[] = {"T", "N", "U"};
    for (int k = 0; k < 3; k++) {
        mho_neuron_param p = card(ctx, names[k]);
        mho_neuron_design d = design(ctx, &p);
        for (double z = -1; z < 1.5; z += 1) {
            mho_neuron_evaluation e;
            double v = d.circuit.v_bias_V + z * d.circuit.v_swing_V;
            test_ok(ctx, mho_neuron_evaluate_transient(ctx, &p, &d.circuit, &nominal, v, NULL, NULL,
                                                       &e, NULL));
            assert_true(e.total.residual_rel < 1e-6); /* the wanted bound; about 1e-9 is reached */
            const mho_film_energy *t = &e.total;
            for (int j = 0; j < MHO_PHASE_COUNT; j++) {
                assert_true(e.phase[j].residual_rel < 1e-6);
            }
            /* inside: what heats the node is what leaves it and what stays */
            test_close(t->heater_J + t->film_J, t->base_J + t->stored_heat_J + t->stored_latent_J,
                       1e-8 * t->heater_J, 0);
            test_close(t->heater_source_J, t->series_J + t->heater_J, 0, 1e-8);
            assert_true(e.phase[MHO_PHASE_RESET].heater_source_J == 0);
            assert_true(e.settle_1pct_s > 0 && e.settle_1pct_s < d.settle_s);
            assert_true(e.reset_1pct_s > 4.6 * d.tau_s); /* latent heat only stretches ln 100 */
            assert_true(e.memory_rel < 0.01);
            assert_true(fabs(e.v_out_V - e.v_steady_V) < 0.01 * e.span_V);
        }
    }
}

/* Held for long, the simulated neuron is at the static one that has settled. */
static void test_static_limit(void **state) {
    mho_ctx *ctx = *state;
    mho_neuron_param p = card(ctx, "T");
    mho_neuron_design d = design(ctx, &p);
    mho_neuron_device dev = {.d_t_c_K = 0.31, .rth_rel = 0.04, .trim_V = 2e-3};
    mho_neuron_phases ph = mho_neuron_phases_of(&p);
    p.settle_tau = 50;
    ph.settle_s *= 4;
    ph.reset_s *= 3;
    for (double z = -0.9; z < 1.1; z += 0.6) {
        mho_neuron_evaluation e;
        double v = d.circuit.v_bias_V + z * d.circuit.v_swing_V;
        test_ok(ctx,
                mho_neuron_evaluate_transient(ctx, &p, &d.circuit, &dev, v, &ph, NULL, &e, NULL));
        test_close(e.v_out_V, e.v_static_V, 2e-6 * e.span_V, 0);
        test_close(e.v_out_V, e.v_steady_V, 1e-6 * e.span_V, 0);
    }
}

static void test_tolerance(void **state) {
    mho_ctx *ctx = *state;
    mho_neuron_param p = card(ctx, "U");
    mho_neuron_design d = design(ctx, &p);
    double v[2], at = d.circuit.v_bias_V + 0.37 * d.circuit.v_swing_V;
    for (int k = 0; k < 2; k++) {
        mho_transient_opt o = MHO_TRANSIENT_OPT_INIT;
        o.tol_rel = k ? 1e-11 : 1e-7;
        mho_neuron_evaluation e;
        test_ok(ctx, mho_neuron_evaluate_transient(ctx, &p, &d.circuit, &nominal, at, NULL, &o, &e,
                                                   NULL));
        v[k] = e.v_out_V / e.span_V;
    }
    test_close(v[0], v[1], 1e-5, 0);
}

/* A slow drive with reversals gives the resistance along the temperature path. */
static void test_minor_loops(void **state) {
    mho_ctx *ctx = *state;
    mho_neuron_param p = card(ctx, "T");
    p.n_slice = 1;
    mho_neuron_design d = design(ctx, &p);
    double tau = p.rth_K_per_W * p.cth_J_per_K, zero = 0, full = d.circuit.v_bias_V;
    double t[6], v[6] = {0, 1.05 * full, 0.8 * full, 0.97 * full, 0.85 * full, 1.2 * full};
    for (int k = 0; k < 6; k++) {
        t[k] = 2000 * tau * k;
    }
    mho_neuron_drive drive = {{6, t, v}, {1, &zero, &zero}, t[5], 0, 0, 0};
    mho_film_run run;
    mho_trace *trace;
    test_ok(ctx, mho_neuron_simulate(ctx, &p, &d.circuit, &nominal, &drive, NULL, &run, &trace));
    assert_int_equal(run.rep.n_reversal, 4);
    size_t n = mho_trace_rows(trace), n_reversal;
    double *path = mho_i_alloc(ctx, 2 * n, sizeof *path);
    for (size_t k = 0; k < n; k++) {
        path[k] = p.t_base_K + mho_trace_column(trace, 2)[k];
    }
    test_ok(ctx, mho_vo2_rt_path(ctx, &p, 2e-3, n, path, path + n, NULL, &n_reversal));
    assert_int_equal(n_reversal, 4);
    for (size_t k = 0; k < n; k++) {
        test_close(mho_trace_column(trace, 3)[k], path[n + k], 0, 5e-3);
    }
    mho_i_free(ctx, path);
    mho_trace_free(trace);
}

/* ---- the fast path ---- */

enum { N_DEV = 40 };

static void test_bank(void **state) {
    mho_ctx *ctx = *state;
    static const char *const names[] = {"N", "U"};
    for (int c = 0; c < 2; c++) {
        mho_neuron_param p = card(ctx, names[c]);
        mho_neuron_design d = design(ctx, &p);
        mho_neuron_phases ph = mho_neuron_phases_of(&p);
        mho_neuron_device dev[N_DEV];
        double v[N_DEV], out[3][N_DEV], error[2] = {0}, single;
        mho_neuron_sample(&p, 7, 0, N_DEV, dev);
        dev[3].trim_V = 3e-3;
        for (int k = 0; k < N_DEV; k++) {
            v[k] = d.circuit.v_bias_V + (2.0 * k / (N_DEV - 1) - 1) * d.circuit.v_swing_V;
        }
        const double part[3] = {100, 400, 400};
        for (int r = 0; r < 3; r++) {
            mho_neuron_bank *b;
            test_ok(ctx, mho_ctx_set_threads(ctx, r == 2 ? 3 : 1));
            test_ok(ctx, mho_neuron_bank_new(ctx, &p, &d.circuit, N_DEV, dev, 1e-14, 2e-3, &b));
            test_ok(ctx, mho_neuron_bank_evaluate(b, &ph, ph.settle_s / part[r], v, out[r]));
            mho_neuron_bank_free(b);
        }
        assert_memory_equal(out[1], out[2], sizeof out[1]); /* any number of threads */
        for (int k = 3; k < N_DEV; k += 9) {
            mho_neuron_evaluation e;
            test_ok(ctx, mho_neuron_evaluate_transient(ctx, &p, &d.circuit, dev + k, v[k], &ph,
                                                       NULL, &e, NULL));
            for (int r = 0; r < 2; r++) {
                error[r] = fmax(error[r], fabs(out[r][k] - e.v_out_V) / e.span_V);
            }
        }
        assert_true(error[0] < 1e-4 && error[1] < 1e-5);
        assert_true(error[1] < error[0] / 8); /* second order: a sixteenth */
        mho_neuron_bank *b;
        test_ok(ctx, mho_neuron_bank_new(ctx, &p, &d.circuit, 1, dev + 17, 1e-14, 2e-3, &b));
        test_ok(ctx, mho_neuron_bank_evaluate(b, &ph, ph.settle_s / 400, v + 17, &single));
        test_close(single, out[1][17], 0, 1e-10); /* alone: the slices are the vector */
        mho_neuron_bank_free(b);
    }
}

static void test_bank_errors(void **state) {
    mho_ctx *ctx = *state;
    mho_neuron_param p = card(ctx, "N");
    mho_neuron_design d = design(ctx, &p);
    mho_neuron_bank *b;
    p.mixing = MHO_MIX_GEM;
    assert_int_equal(mho_neuron_bank_new(ctx, &p, &d.circuit, 1, NULL, 0, 1e-3, &b), MHO_ERR_ARG);
    p.mixing = MHO_MIX_SERIES;
    assert_int_equal(mho_neuron_bank_new(ctx, &p, &d.circuit, 1, NULL, -1, 1e-3, &b), MHO_ERR_ARG);
    assert_int_equal(mho_neuron_bank_new(ctx, &p, &d.circuit, 1, NULL, 0, 0, &b), MHO_ERR_ARG);
    test_ok(ctx, mho_neuron_bank_new(ctx, &p, &d.circuit, 1, NULL, 0, 1e-3, &b));
    double v = NAN;
    assert_int_equal(mho_neuron_bank_step(b, 1, 0, NULL, 0), MHO_ERR_ARG);
    assert_int_equal(mho_neuron_bank_step(b, 1, 1e-9, &v, 0), MHO_ERR_ARG);
    v = 0.4;
    double r[2];
    test_ok(ctx, mho_neuron_bank_step(b, 100, 1e-9, &v, d.circuit.v_read_V));
    mho_neuron_bank_state(b, r, r + 1, NULL);
    assert_true(r[0] > 1 && r[1] > 0 && r[1] < d.circuit.v_read_V);
    mho_neuron_bank_free(b);
}

/* ---- the oscillator ---- */

/* The published equations by classical Runge-Kutta in fixed steps, reversals judged after each. */
static double plain_period_s(const mho_neuron_param *p, double v_s, double r, double c) {
    const double dt = 1e-9, band = 2e-3;
    mho_i_branch b = {p->t_c_K, p->width_K, p->beta_per_K, p->gamma, 1, 0, 0};
    double y[2] = {p->t_base_K, 0}, ext = y[0], top_s = 0, last_s = 0, period = 0;
    for (long n = 0; n < 40000; n++) {
        double k[4][2], at[2];
        for (int s = 0; s < 4; s++) {
            double f = s == 0 ? 0 : s == 3 ? dt : dt / 2;
            for (int j = 0; j < 2; j++) {
                at[j] = y[j] + (s ? f * k[s - 1][j] : 0);
            }
            double g = mho_i_branch_fraction(&b, at[0]);
            double film = g * p->r300_ohm * exp(p->ea_K * (1 / at[0] - 1 / 300.0)) + p->r_metal_ohm;
            k[s][0] =
                (at[1] * at[1] / film - (at[0] - p->t_base_K) / p->rth_K_per_W) / p->cth_J_per_K;
            k[s][1] = ((v_s - at[1]) / r - at[1] / film) / c;
        }
        for (int j = 0; j < 2; j++) {
            y[j] += dt / 6 * (k[0][j] + 2 * k[1][j] + 2 * k[2][j] + k[3][j]);
        }
        if (b.direction * (y[0] - ext) > 0) {
            ext = y[0];
            top_s = (double)n * dt;
        } else if (b.direction * (ext - y[0]) > band) {
            if (b.direction > 0) {
                period = top_s - last_s;
                last_s = top_s;
            }
            mho_i_branch_reverse(&b, -b.direction, y[0], mho_i_branch_fraction(&b, y[0]));
            ext = y[0];
        }
    }
    return period;
}

static void test_oscillator(void **state) {
    mho_ctx *ctx = *state;
    mho_neuron_param p = card(ctx, "U");
    p.latent_ratio = 1;
    double zero = 0;
    for (double v = 9; v < 18; v += 2) { /* 9 V: too little; 17 V: too much */
        mho_oscillator o = {MHO_NEURISTOR_R_OHM, MHO_NEURISTOR_C_F, {1, &zero, &v}, 40e-6, 0};
        mho_film_run run;
        mho_oscillation x;
        test_ok(ctx, mho_oscillator_simulate(ctx, &p, &o, NULL, &run, &x, NULL));
        assert_true(run.energy.residual_rel < 1e-6);
        if (v < 10 || v > 16) {
            assert_true(x.frequency_Hz == 0);
        } else {
            double period = plain_period_s(&p, v, o.r_series_ohm, o.c_parallel_F);
            test_close(x.frequency_Hz * period, 1, 0, 1e-3);
            assert_true(x.jitter_rel < 1e-6 && x.rise_high_K > 20 && x.rise_low_K < 7);
            double in = run.energy.read_source_J / o.stop_s / x.frequency_Hz;
            test_close(x.energy_spike_J, in, 0, 0.2); /* the run has a start and broken periods */
        }
    }
}

/* ---- the optomemristor ---- */

static void test_opto(void **state) {
    mho_ctx *ctx = *state;
    mho_opto_param p = mho_opto_card();
    double t[6] = {0, p.mark_s, p.mark_s, 0.03, 0.03, 0.03 + p.write_s};
    double light[3] = {p.mark_power_rel, p.mark_power_rel, 0}, zero = 0, off[1] = {0};
    double tv[4] = {0, 0.03, 0.03, 0.03 + p.write_s},
           volt[4] = {0, 0, p.v_write_p_V, p.v_write_p_V};
    mho_opto_drive d = {{3, t, light}, {4, tv, volt}, 0.03 + p.write_s, 0.37, 0.02};
    mho_opto_run run;
    test_ok(ctx, mho_opto_simulate(ctx, &p, &d, NULL, &run, NULL));
    double n = mho_opto_carriers_after(&p, 0.02, p.mark_power_rel, p.mark_s);
    n = mho_opto_carriers_after(&p, n, 0, 0.03 - p.mark_s);
    double x = mho_opto_state_after(&p, 0.37, n, p.v_write_p_V, p.write_s, 1);
    test_close(run.x_end, x, 1e-6, 0);
    test_close(run.n_end, mho_opto_carriers_after(&p, n, 0, p.write_s), 0, 1e-7);
    test_close(run.above_s, p.write_s, 0, 1e-6);
    test_close(run.optical_J, p.p0_W * p.mark_power_rel * p.mark_s, 0, 1e-8);
    double i = mho_opto_current_A(&p, 0.38, n, p.v_write_p_V);
    test_close(run.electrical_J, p.v_write_p_V * i * p.write_s, 0, 0.05);
    /* the gate: light alone and voltage alone do nothing */
    mho_opto_drive dark = d, quiet = d;
    dark.light_rel = (mho_waveform){1, &zero, off};
    dark.n_start = 0;
    test_ok(ctx, mho_opto_simulate(ctx, &p, &dark, NULL, &run, NULL));
    assert_true(run.x_change == 0 && run.above_s == 0);
    quiet.volt_V = (mho_waveform){1, &zero, off};
    test_ok(ctx, mho_opto_simulate(ctx, &p, &quiet, NULL, &run, NULL));
    assert_true(fabs(run.x_change) < 1e-14);
    /* a ramp crosses the threshold twice */
    double tr[3] = {0, 1e-4, 2e-4}, vr[3] = {0, 0.3, 0};
    mho_opto_drive ramp = {{1, &zero, off}, {3, tr, vr}, 2e-4, 0.1, 0};
    test_ok(ctx, mho_opto_simulate(ctx, &p, &ramp, NULL, &run, NULL));
    assert_int_equal(run.rep.n_reversal, 2);
    test_close(run.above_s, 2 * (0.3 - 0.16) / 0.3 * 1e-4, 0, 1e-6);
}

/* ---- any model ---- */

static mho_card *model_card(mho_ctx *ctx, const char *model, const char *name) {
    const mho_ext_model *m;
    mho_card *c;
    test_ok(ctx, mho_model_find(ctx, model, &m));
    test_ok(ctx, mho_card_new(ctx, m, name, &c));
    return c;
}

static void test_model_rc(void **state) {
    mho_ctx *ctx = *state;
    mho_card *c = model_card(ctx, "ideal", NULL);
    double zero = 0, v = 0.3;
    mho_model_drive d = {0, {1, &zero, &v}, 5000, 0, 1e-6, 0, NULL};
    mho_model_run run;
    mho_trace *t;
    test_ok(ctx, mho_model_simulate(ctx, c, &d, NULL, &run, &t));
    double i = mho_trace_column(t, 3)[0], g = i / mho_trace_column(t, 2)[0];
    test_close(i, (v - i / g) / 5000, 0, 1e-12); /* the divider holds */
    test_close(run.energy.source_J, v * i * d.stop_s, 0, 1e-8);
    mho_trace_free(t);
    d.c_parallel_F = 10e-12;
    test_ok(ctx, mho_model_simulate(ctx, c, &d, NULL, &run, &t));
    double r = 1 / (g + 1 / 5000.0), end = v * r / 5000;
    for (size_t k = 0; k < mho_trace_rows(t); k += 50) {
        double at = mho_trace_column(t, 0)[k];
        test_close(mho_trace_column(t, 2)[k], end * -expm1(-at / (r * 10e-12)), 1e-9, 1e-7);
    }
    assert_true(run.energy.circuit_residual_rel < 1e-6);
    mho_trace_free(t);
    mho_card_free(c);
}

/* The neuron as a model with two ports beside the neuron of its own. */
static void test_model_neuron(void **state) {
    mho_ctx *ctx = *state;
    mho_card *c = model_card(ctx, "vo2-neuron", "T");
    mho_neuron_param p;
    test_ok(ctx, mho_card_to_neuron(ctx, c, &p));
    double tau = p.rth_K_per_W * p.cth_J_per_K, zero = 0, read = 0.02;
    double t[6] = {0, 20 * tau, 20 * tau, 26 * tau, 26 * tau, 27 * tau},
           v[6] = {0.75, 0.75, 0.3, 0.3, 0.8, 0.5};
    mho_neuron_circuit cir = {.r_series_ohm = 0, .r_load_ohm = 1e-9};
    mho_neuron_drive nd = {{6, t, v}, {1, &zero, &read}, 40 * tau, 0, 0, 0};
    mho_film_run nr;
    test_ok(ctx, mho_neuron_simulate(ctx, &p, &cir, &nominal, &nd, NULL, &nr, NULL));
    mho_model_input film = {0, {1, &zero, &read}};
    mho_model_drive d = {1, {6, t, v}, 0, 0, 40 * tau, 1, &film};
    mho_model_run run;
    mho_trace *trace;
    test_ok(ctx, mho_card_set_text(ctx, c, "dead_band=2 mK"));
    test_ok(ctx, mho_model_simulate(ctx, c, &d, NULL, &run, &trace));
    size_t last = mho_trace_rows(trace) - 1;
    test_close(mho_trace_column(trace, 4)[last], nr.rise_end_K, 5e-3, 0);
    test_close(run.energy.port_J, nr.energy.heater_J, 0, 1e-4);
    assert_true(run.energy.device_residual_rel < 1e-6);
    assert_int_equal(run.rep.n_reversal, nr.rep.n_reversal);
    mho_trace_free(trace);
    mho_card_free(c);
}

static void test_model_filament(void **state) {
    mho_ctx *ctx = *state;
    mho_card *c = model_card(ctx, "vo2-filament", NULL);
    double zero = 0, v = 1.3;
    mho_model_drive d = {0, {1, &zero, &v}, 12e3, 100e-15, 50e-9, 0, NULL};
    mho_model_run run;
    test_ok(ctx, mho_model_simulate(ctx, c, &d, NULL, &run, NULL));
    assert_true(run.n_spike >= 10 && run.frequency_Hz > 2e8 && run.frequency_Hz < 3e8);
    assert_true(run.energy.circuit_residual_rel < 1e-6 && run.energy.device_residual_rel < 1e-6);
    /* the core at its smallest radius between spikes: steps over the bound took and gave nothing */
    const double stiff[][3] = {{30e3, 0.1e-12, 1.4}, {10e3, 1e-12, 1.4}, {30e3, 1e-12, 1.4}};
    for (int k = 0; k < 3; k++) {
        v = stiff[k][2];
        mho_model_drive hard = {0, {1, &zero, &v}, stiff[k][0], stiff[k][1], 2e-6, 0, NULL};
        test_ok(ctx, mho_model_simulate(ctx, c, &hard, NULL, &run, NULL));
        assert_true(run.n_spike >= 30 && run.energy.device_residual_rel < 5e-5);
    }
    v = 0.3; /* too little to fire */
    test_ok(ctx, mho_model_simulate(ctx, c, &d, NULL, &run, NULL));
    assert_true(run.frequency_Hz == 0);
    mho_model_input same = {0, {1, &zero, &v}};
    d.n_input = 1;
    d.input = &same; /* the port in the circuit has no waveform of its own */
    assert_int_equal(mho_model_simulate(ctx, c, &d, NULL, &run, NULL), MHO_ERR_ARG);
    d.n_input = 0;
    mho_card *opto = model_card(ctx, "optomemristor", NULL);
    mho_model_input twice[2] = {{1, {1, &zero, &zero}}, {1, {1, &zero, &zero}}};
    d.n_input = 2;
    d.input = twice;
    test_refused(ctx, mho_model_simulate(ctx, opto, &d, NULL, &run, NULL), MHO_ERR_ARG,
                 "is driven twice");
    mho_card_free(opto);
    d.n_input = 0;
    d.port = 1;
    assert_int_equal(mho_model_simulate(ctx, c, &d, NULL, &run, NULL), MHO_ERR_ARG);
    mho_card_free(c);
}

/* ---- bad input, failing memory ---- */

static void test_errors(void **state) {
    mho_ctx *ctx = *state;
    mho_neuron_param p = card(ctx, "N"), bad;
    mho_neuron_design d = design(ctx, &p);
    double t[2] = {1, 0}, v[2] = {0.1, 0.1}, nan = NAN, minus = -0.1;
    mho_film_run run;
    mho_neuron_drive good = {{1, t, v}, {1, t, v}, 1e-7, 0, 0, 0}, x;
#define REFUSED(what)                                                                              \
    x = good;                                                                                      \
    what;                                                                                          \
    assert_int_equal(mho_neuron_simulate(ctx, &p, &d.circuit, &nominal, &x, NULL, &run, NULL),     \
                     MHO_ERR_ARG);                                                                 \
    assert_true(*mho_ctx_last_error(ctx))
    REFUSED(x.stop_s = 0);
    REFUSED(x.stop_s = NAN);
    REFUSED(x.c_load_F = -1);
    REFUSED(x.rise_start_K = -1);
    REFUSED(x.history_K = 1e4);
    REFUSED(x.heater_V.n = 0);
    REFUSED(x.heater_V.v = &nan);
    REFUSED(x.heater_V.v = &minus);
    REFUSED(x.read_V = ((mho_waveform){2, t, v}));
#undef REFUSED
    x = good; /* burns */
    double hot = 50;
    x.heater_V.v = &hot;
    assert_int_equal(mho_neuron_simulate(ctx, &p, &d.circuit, &nominal, &x, NULL, &run, NULL),
                     MHO_ERR_SINGULAR);
    mho_transient_opt o = MHO_TRANSIENT_OPT_INIT;
    o.tol_rel = 0;
    assert_int_equal(mho_neuron_simulate(ctx, &p, &d.circuit, &nominal, &good, &o, &run, NULL),
                     MHO_ERR_ARG);
    bad = p;
    bad.cth_J_per_K = NAN;
    assert_int_equal(mho_neuron_simulate(ctx, &bad, &d.circuit, &nominal, &good, NULL, &run, NULL),
                     MHO_ERR_ARG);
    o = (mho_transient_opt)MHO_TRANSIENT_OPT_INIT;
    o.max_step = 1; /* gives up: done with a reservation, and says where */
    assert_int_equal(mho_neuron_simulate(ctx, &p, &d.circuit, &nominal, &good, &o, &run, NULL),
                     MHO_WARN_NOT_CONVERGED);
}

static void test_memory(void **state) {
    mho_ctx *ctx = *state;
    mho_neuron_param p = card(ctx, "N");
    mho_neuron_design d = design(ctx, &p);
    size_t before = mho_ctx_bytes(ctx);
    mho_status status = MHO_ERR_NOMEM;
    for (size_t n = 1; status != MHO_OK && n < 100; n++) {
        mho_neuron_evaluation e;
        mho_trace *t = NULL;
        mho_ctx_fail_alloc(ctx, n);
        status = mho_neuron_evaluate_transient(ctx, &p, &d.circuit, &nominal, d.circuit.v_bias_V,
                                               NULL, NULL, &e, &t);
        mho_ctx_fail_alloc(ctx, 0);
        assert_true(status == MHO_OK || (status == MHO_ERR_NOMEM && !t));
        mho_trace_free(t);
        assert_int_equal(mho_ctx_bytes(ctx), before);
    }
    assert_int_equal(status, MHO_OK);
    status = MHO_ERR_NOMEM;
    for (size_t n = 1; status != MHO_OK && n < 100; n++) {
        mho_neuron_bank *b;
        mho_ctx_fail_alloc(ctx, n);
        status = mho_neuron_bank_new(ctx, &p, &d.circuit, 33, NULL, 0, 1e-3, &b);
        mho_ctx_fail_alloc(ctx, 0);
        mho_neuron_bank_free(b);
        assert_int_equal(mho_ctx_bytes(ctx), before);
    }
    assert_int_equal(status, MHO_OK);
}

static int setup(void **state) {
    *state = test_ctx();
    return 0;
}

static int teardown(void **state) {
    assert_int_equal(mho_ctx_bytes(*state), 0);
    mho_ctx_free(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_waveform, setup, teardown),
        cmocka_unit_test_setup_teardown(test_exponential, setup, teardown),
        cmocka_unit_test_setup_teardown(test_balance, setup, teardown),
        cmocka_unit_test_setup_teardown(test_static_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tolerance, setup, teardown),
        cmocka_unit_test_setup_teardown(test_minor_loops, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bank, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bank_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_oscillator, setup, teardown),
        cmocka_unit_test_setup_teardown(test_opto, setup, teardown),
        cmocka_unit_test_setup_teardown(test_model_rc, setup, teardown),
        cmocka_unit_test_setup_teardown(test_model_neuron, setup, teardown),
        cmocka_unit_test_setup_teardown(test_model_filament, setup, teardown),
        cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
