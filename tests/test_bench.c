/* test_bench.c - the device bench: pulsed and phase-change cells against the formulas and presets
 * of their sources, the gate table, designed neurons, and every curve of every model. */
#include "test.h"

#include "device/card_int.h"
#include "lab/curve_int.h"

#include <stdlib.h>
#include <string.h>

enum { N = 100000 };

static mho_card *card(mho_ctx *ctx, const char *name, const char *which) {
    const mho_ext_model *m;
    mho_card *c;
    test_ok(ctx, mho_model_find(ctx, name, &m));
    test_ok(ctx, mho_card_new(ctx, m, which, &c));
    return c;
}

static double value(const mho_card *c, const char *key) {
    return mho_card_values(c)[mho_card_row(mho_card_model(c), key)];
}

typedef struct stat {
    double mean, sd;
} stat;

static stat stat_of(const double *x, size_t n) {
    double s = 0, s2 = 0;
    for (size_t k = 0; k < n; k++) {
        s += x[k];
    }
    s /= (double)n;
    for (size_t k = 0; k < n; k++) {
        s2 += (x[k] - s) * (x[k] - s);
    }
    return (stat){s, sqrt(s2 / (double)(n - 1))};
}

/* four standard errors of a mean and of a normal law's standard deviation */
static void close_stat(stat got, double mean, double sd) {
    test_close(got.mean, mean, 4 * sd / sqrt(N) + 1e-15, 1e-12);
    test_close(got.sd, sd, 4 * sd / sqrt(2.0 * N) + 1e-15, 1e-12);
}

/* ---- pulsed ---- */

/* aihwkit's presets as they stand in src/aihwkit/simulator/presets/devices.py */
typedef struct preset {
    const char *name;
    double dw_min, up_down, w_max, w_min, dw_min_dtod, up_down_dtod, w_max_dtod, w_min_dtod,
        dw_min_std, write_noise;
} preset;
static const preset presets[] = {
    {"reram-es", 0.00135, 0.259359, 1, -1, 0.2, 0.05, 0.3, 0.3, 5, 75},
    {"reram-sb", 0.002, 0, 1.25, -0.75, 0.3, 0.01, 0.24, 0.4, 3.75, 56},
    {"capacitor", 0.005, 0, 1, -1, 0.1, 0.06, 0.07, 0.07, 0.3, 0},
    {"ecram", 0.002, 0, 1.1724, -0.8276, 0.1, 0.01, 0.05, 0.05, 0.3, 0},
    {"ecram-mo", 2.8214e-4, 0, 1.1714, -0.8286, 0.1, 0.01, 0.05, 0.05, 2, 0},
    {"idealized", 0.0002, 0, 1, -1, 0.3, 0, 0.3, 0.3, 0.3, 0},
    {"gokmen-vlasov", 0.0016, 0, 1, -1, 0.3, 0.01, 0.3, 0.3, 0.3, 0},
    {"reram-array-om", 0.0949, 0, 1, -1, 0.7829, 0.01, 0.3499, 0.5695, 0.4158, 1.4113},
    {"reram-array-hfo2", 0.4622, 0, 1, -1, 0.7125, 0.01, 0.4295, 0.5990, 0.2174, 0.5841},
};

/* Steps at w = 0, where linear and soft bounds have their full size and the exponential law its
 * value at z = b, written out from the definition. */
static double first_step(const preset *p, bool up) {
    double skew = up ? fmin(p->up_down, 0) : -fmax(p->up_down, 0), s = p->dw_min * (1 + skew);
    if (strcmp(p->name, "reram-es") != 0) {
        return s;
    }
    double a = up ? -1.18445 : -0.081404, z = -0.5;
    return s * (1 - a * exp(5 * (up ? z : -z)));
}

static void presets_have_the_steps_of_their_source(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    double *amount = malloc(N * sizeof *amount);
    for (size_t k = 0; k < sizeof presets / sizeof *presets; k++) {
        const preset *p = &presets[k];
        mho_card *c = card(ctx, "pulsed", p->name);
        for (int way = 0; way < 2; way++) {
            mho_device *d;
            test_ok(ctx, mho_device_new(ctx, c, 21 + (uint64_t)way, 0, N, false, &d));
            for (size_t i = 0; i < N; i++) {
                amount[i] = way ? -1 : 1;
            }
            test_ok(ctx, mho_device_pulse(d, amount));
            const double *w = mho_device_memory(d), *seen = w + N;
            double step = first_step(p, !way), sign = way ? -1 : 1;
            bool cut = p->dw_min > 0.3; /* hfo2: noise reaches the bound */
            if (!cut) {
                /* multiplicative for the exponential law, else of the size of the step at 0 */
                close_stat(stat_of(w, N), sign * step, p->dw_min_std * step);
            }
            for (size_t i = 0; i < N; i++) {
                amount[i] = seen[i] - w[i];
            }
            close_stat(stat_of(amount, N), 0, p->write_noise * p->dw_min);
            mho_device_free(d);
        }
        mho_card_free(c);
    }
    free(amount);
    mho_ctx_free(ctx);
}

static void presets_have_the_spread_of_their_source(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    for (size_t k = 0; k < sizeof presets / sizeof *presets; k++) {
        const preset *p = &presets[k];
        mho_card *c = card(ctx, "pulsed", p->name);
        mho_device *d;
        test_ok(ctx, mho_device_new(ctx, c, 33, 0, N, true, &d));
        const mho_ext_model *m = mho_card_model(c);
        const double *q = mho_device_params(d);
        const double *w_max = q + mho_card_row(m, "w_max") * N,
                     *up = q + mho_card_row(m, "scale_up") * N,
                     *down = q + mho_card_row(m, "scale_down") * N;
        if (p->w_max_dtod <= 0.24) { /* beyond, the absolute value of the source folds a few */
            close_stat(stat_of(w_max, N), p->w_max, p->w_max * p->w_max_dtod);
        }
        double *half = malloc(2 * N * sizeof *half), *diff = half + N;
        bool lognormal = strncmp(p->name, "reram-array", 11) == 0;
        for (size_t i = 0; i < N; i++) { /* gain and asymmetry apart */
            half[i] = (up[i] + down[i]) / 2;
            diff[i] = (up[i] - down[i]) / 2;
            half[i] = lognormal ? log(fmax(half[i], 1e-300)) : half[i];
        }
        if (!lognormal && p->dw_min_dtod < 0.25) {
            close_stat(stat_of(half, N), 1, p->dw_min_dtod);
            close_stat(stat_of(diff, N), 0, p->up_down_dtod);
        } else if (lognormal) { /* asymmetry 0.01 folds where the gain is near 0 */
            stat s = stat_of(half, N);
            test_close(s.mean, 0, 0.01, 0);
            test_close(s.sd, p->dw_min_dtod, 0, 0.01);
        }
        free(half);
        mho_device_free(d);
        mho_card_free(c);
    }
    mho_ctx_free(ctx);
}

static void laws_follow_their_closed_forms(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    static const char *const laws[] = {"constant", "linear", "soft-bounds", "exponential"};
    for (int law = 0; law < 4; law++) {
        mho_card *c = card(ctx, "pulsed", "ecram");
        char text[40];
        snprintf(text, sizeof text, "law=%s", laws[law]);
        test_ok(ctx, mho_card_set_text(ctx, c, text));
        test_ok(ctx, mho_card_set_text(ctx, c, "cycle_sd=0"));
        test_ok(ctx, mho_card_set_text(ctx, c, "a_up=0.3"));
        test_ok(ctx, mho_card_set_text(ctx, c, "es_a=0.7"));
        test_ok(ctx, mho_card_set_text(ctx, c, "es_b=0.1"));
        mho_device *d;
        test_ok(ctx, mho_device_new(ctx, c, 1, 0, 1, false, &d));
        double dw = value(c, "dw_min"), top = value(c, "w_max"), gamma = value(c, "gamma_up");
        double slope = law == 1 ? gamma : law == 2 ? 1 : 0, w = 0, one = 1;
        for (int n = 1; n <= 300; n++) {
            test_ok(ctx, mho_device_pulse(d, &one));
            if (law < 3) { /* geometric series; slope 0: arithmetic */
                double r = 1 - slope * dw / top;
                w = slope != 0 ? top / slope * (1 - pow(r, n)) : n * dw;
            } else {
                double z = 2 * 0.7 * w / (top - value(c, "w_min")) + 0.1;
                w += dw * fmax(1 - 0.3 * exp(gamma * z), 0);
            }
            test_close(mho_device_memory(d)[0], w, 0, 1e-11);
        }
        mho_device_free(d);
        mho_card_free(c);
    }
    mho_ctx_free(ctx);
}

/* ---- pcm: Joshi et al. 2020, the formulas written out once more ---- */

static double clip(double x, double lo, double hi) {
    return fmin(fmax(x, lo), hi);
}

static void pcm_is_written_drifts_and_flickers_by_formula(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_card *c = card(ctx, "pcm", NULL);
    mho_device *d;
    test_ok(ctx, mho_device_new(ctx, c, 8, 0, N, true, &d));
    double *target = malloc(3 * N * sizeof *target), *current = target + N, *y = current + N;
    double *out = malloc(3 * N * sizeof *out);
    static const double share[] = {0.35, 0.7, 1};
    for (int s = 0; s < 3; s++) {
        double x = share[s], g = x * 25e-6, t_r = 250e-9;
        double sd = 1e-6 * (0.26348 + 1.9650 * x - 1.1731 * x * x);
        for (size_t i = 0; i < N; i++) {
            target[i] = g;
            mho_device_inputs(d)[i] = 0.1;
        }
        mho_device_restart(d);
        test_ok(ctx, mho_device_program(d, target));
        const double *written = mho_device_memory(d), *nu = written + N;
        stat w = stat_of(written, N);
        test_close(w.mean, g, 4 * sd / sqrt(N), 0);
        test_close(w.sd, sd, 4 * sd / sqrt(2.0 * N), 1e-5); /* the source rounds to five digits */
        /* exponents by each cell's own conductance: (nu - mu)/s is a standard normal number */
        for (size_t i = 0; i < N; i++) {
            double ln = log(written[i] / 25e-6);
            double mu = clip(-0.0155 * ln + 0.0244, 0.049, 0.1);
            double spread = clip(-0.0125 * ln - 0.0059, 0.008, 0.045);
            y[i] = (nu[i] - mu) / spread;
        }
        close_stat(stat_of(y, N), 0, 1);
        test_ok(ctx, mho_device_step(d, 3e5, 1e-6)); /* G = Gp (t/t0)^-nu */
        mho_device_eval(d, out, current);
        for (size_t i = 0; i < N; i += 1001) {
            test_close(out[N + i], written[i] * pow(3e5 / 20, -nu[i]), 0, 1e-10);
        }
        test_ok(ctx, mho_device_read(d, current));
        for (size_t i = 0; i < N; i++) {
            double rel = out[N + i] / 25e-6;
            double q = fmin(0.0088 / pow(rel, 0.65), 0.2);
            y[i] = (current[i] / out[i] - 1) / (q * sqrt(log((3e5 + t_r) / (2 * t_r))));
        }
        close_stat(stat_of(y, N), 0, 1);
    }
    free(target);
    free(out);
    mho_device_free(d);
    mho_card_free(c);
    mho_ctx_free(ctx);
}

/* ---- curves ---- */

static mho_curve *curve(mho_ctx *ctx, const mho_card *c, const char *name,
                        const mho_curve_options *o) {
    mho_curve *out;
    test_ok(ctx, mho_curve_make(ctx, c, name, o, &out));
    return out;
}

static void the_gate_needs_both(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_card *c = card(ctx, "optomemristor", NULL);
    mho_curve_options o = mho_curve_options_default();
    mho_curve *g = curve(ctx, c, "gate", &o);
    double e = mho_i_curve_value(g, g->n_row - 1, 0), up = mho_i_curve_value(g, g->n_row - 1, 2),
           down = mho_i_curve_value(g, g->n_row - 1, 3);
    assert_true(e == 1);
    test_close(up, 0.0286, 0, 0.01);
    test_close(down, -0.0266, 0, 0.01);
    assert_true(mho_i_curve_value(g, 0, 2) == 0 && mho_i_curve_value(g, 0, 3) == 0);
    for (size_t k = 0; k < g->n_row; k++) {
        assert_true(mho_i_curve_value(g, k, 1) == 0);
        e = mho_i_curve_value(g, k, 0); /* nearly in proportion, as in tests/test_opto.c */
        test_close(mho_i_curve_value(g, k, 2), up * e, 0.03 * up, 0);
        test_close(mho_i_curve_value(g, k, 3), down * e, -0.03 * down, 0);
    }
    mho_curve_free(g);
    mho_curve *light = curve(ctx, c, "light", &o);
    test_close(mho_i_curve_value(light, 0, 3), 1, 1e-3, 0);
    test_close(mho_i_curve_value(light, light->n_row - 1, 3), 0.5, 0.02, 0);
    mho_curve_free(light);
    mho_curve *decay = curve(ctx, c, "decay", &o);
    assert_true(mho_i_curve_value(decay, decay->n_row - 1, 1) <
                mho_i_curve_value(decay, 0, 1) * exp(-5) * 1.01);
    mho_curve_free(decay);
    mho_card_free(c);
    mho_ctx_free(ctx);
}

static void every_curve_of_every_model_is_drawn(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    size_t bytes = mho_ctx_bytes(ctx);
    for (size_t k = 0; k < mho_model_count(); k++) {
        const mho_ext_model *m = mho_model_get(k);
        mho_card *c;
        test_ok(ctx, mho_card_new(ctx, m, NULL, &c));
        const mho_curve_info *info;
        for (size_t j = 0; (info = mho_curve_of(m, j)); j++) {
            mho_curve_options o = mho_curve_options_default();
            o.n_device = 50;
            o.n_point = 20;
            mho_curve *a = curve(ctx, c, info->name, &o), *b = curve(ctx, c, info->name, &o);
            assert_true(a->n_row >= 2 && a->n_trace >= 1 && a->n_col >= 2);
            assert_int_equal(a->start[0], 0);
            assert_int_equal(a->start[a->n_trace], a->n_row);
            assert_memory_equal(a->value, b->value, a->n_row * a->n_col * sizeof *a->value);
            char *csv, *json, *sketch;
            test_ok(ctx, mho_curve_csv(ctx, a, &csv));
            test_ok(ctx, mho_curve_json(ctx, a, &json));
            test_ok(ctx, mho_curve_sketch(ctx, a, 40, 10, &sketch));
            size_t lines = 0;
            for (const char *p = csv; *p; p++) {
                lines += *p == '\n';
            }
            assert_int_equal(lines, a->n_row + 1);
            mho_text_free(ctx, csv);
            mho_text_free(ctx, json);
            mho_text_free(ctx, sketch);
            mho_curve_free(a);
            mho_curve_free(b);
        }
        mho_curve *none;
        mho_curve_options o = mho_curve_options_default();
        assert_int_equal(mho_curve_make(ctx, c, "banana", &o, &none), MHO_ERR_ARG);
        o.n_point = 1;
        assert_int_equal(mho_curve_make(ctx, c, "iv", &o, &none), MHO_ERR_ARG);
        o.n_point = 10;
        o.from = 1;
        o.to = -1;
        assert_int_equal(mho_curve_make(ctx, c, "iv", &o, &none), MHO_ERR_ARG);
        assert_null(none);
        mho_card_free(c);
    }
    assert_int_equal(mho_ctx_bytes(ctx), bytes);
    mho_ctx_free(ctx);
}

static void a_loop_has_its_measured_shape(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_card *c = card(ctx, "vo2-neuron", "T");
    mho_curve_options o = mho_curve_options_default();
    mho_curve *r = curve(ctx, c, "rt", &o);
    for (size_t k = 0; k < 161; k++) { /* cooling runs back; it lies below heating */
        double up = mho_i_curve_value(r, k, 1), down = mho_i_curve_value(r, 321 - k, 1);
        assert_true(mho_i_curve_value(r, k, 0) == mho_i_curve_value(r, 321 - k, 0));
        assert_true(down <= up * (1 + 1e-12));
    }
    mho_curve_free(r);
    mho_curve *m = curve(ctx, c, "mixing", &o);
    assert_int_equal(m->n_trace, 8);
    mho_curve_free(m);
    mho_card_free(c);
    mho_ctx_free(ctx);
}

static void designed_neurons_rectify(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    const char *names[] = {"T", "N"};
    for (int k = 0; k < 2; k++) {
        mho_neuron_param p;
        mho_neuron_sheet s;
        test_ok(ctx, mho_neuron_card(ctx, names[k], &p));
        test_ok(ctx, mho_neuron_sheet_make(ctx, &p, 1, 1.6, &s));
        assert_true(s.design.relu_error_rel < 0.03);
        assert_true(s.balance_rel < 1e-6);
        test_close(s.energy_J, s.source_heater_J + s.source_read_J, 0, 1e-12);
        /* nothing is stored for long: what was delivered is heat, up to what is still warm */
        test_close(s.heater_J + s.series_J + s.film_J + s.load_J, s.energy_J, 0.02 * s.energy_J, 0);
        assert_true(s.settle_1pct_s > 0 && s.settle_1pct_s < s.design.settle_s + s.design.read_s);
        double all = 0;
        for (int j = 0; j < MHO_SHEET_SPREAD; j++) {
            all += s.spread[j].input_z * s.spread[j].input_z;
        }
        test_close(s.total_input_z, sqrt(all), 0, 1e-12);
        /* devices.md 1.4: 0.8 K and 0.35 K against 7 K, about 0.13 of full scale per neuron */
        assert_true(s.total_input_z > 0.08 && s.total_input_z < 0.25);
    }
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(presets_have_the_steps_of_their_source),
        cmocka_unit_test(presets_have_the_spread_of_their_source),
        cmocka_unit_test(laws_follow_their_closed_forms),
        cmocka_unit_test(pcm_is_written_drifts_and_flickers_by_formula),
        cmocka_unit_test(the_gate_needs_both),
        cmocka_unit_test(every_curve_of_every_model_is_drawn),
        cmocka_unit_test(a_loop_has_its_measured_shape),
        cmocka_unit_test(designed_neurons_rectify),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
