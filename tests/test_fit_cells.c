/* test_fit_cells.c - fits of pulsed and phase-change cells find what made the data; 95 % intervals
 * hold the truth in 95 of 100 repetitions. */
#include "test.h"

#include <stdlib.h>
#include <unistd.h>

enum { N_REPEAT = 100 };

static char dir[] = "/tmp/mho-fit-XXXXXX";
static char file[64];

static void save(mho_ctx *ctx, const mho_i_text *t) {
    assert_int_equal(t->status, MHO_OK);
    test_ok(ctx, mho_file_save(ctx, file, t->data, t->len));
}

static const mho_fit_param *param(const mho_fit *fit, const char *key) {
    for (size_t k = 0; k < fit->n_param; k++) {
        if (strcmp(fit->param[k].key, key) == 0) {
            return &fit->param[k];
        }
    }
    fail_msg("no parameter %s", key);
    return NULL;
}

/* ---- pulsed ---- */

typedef struct cell {
    int law; /* 0 constant, 1 linear, 2 soft bounds, 3 exponential */
    double dw, down, gamma_up, gamma_down, a_up, a_down, w_max, w_min;
    double pulse_noise, read_noise; /* in w */
} cell;

static double step(const cell *c, double w, int d) {
    double size = c->dw * (d > 0 ? 1 : c->down);
    switch (c->law) {
    case 1:
        return size * (1 - (d > 0 ? c->gamma_up : c->gamma_down) * d * w);
    case 2:
        return size * (1 - w / (d > 0 ? c->w_max : c->w_min));
    case 3:
        return size * (1 - (d > 0 ? c->a_up : c->a_down) *
                               exp((d > 0 ? c->gamma_up : c->gamma_down) * d * w));
    default:
        return size;
    }
}

/* n pulses up, n down, twice; G = 20 uS + 10 uS w. The state starts at -0.9. */
static void make_pulses(mho_ctx *ctx, const cell *c, int n, uint32_t repeat, bool counted,
                        bool directed) {
    enum { MOST = 4000 };
    double z[MOST], w = -0.9;
    assert_true(8 * n + 2 <= MOST);
    mho_i_rng_normal(11, MHO_RNG_TEST, repeat, 1, (size_t)(8 * n + 2), z);
    mho_i_text t;
    mho_i_text_init(&t, ctx);
    mho_i_text_add(&t, "%sG_uS%s\n", counted ? "pulse," : "", directed ? ",direction" : "");
    for (int k = 0; k <= 4 * n; k++) {
        int d = k == 0 ? 0 : ((k - 1) / n) % 2 == 0 ? 1 : -1;
        w += d == 0 ? 0 : d * (step(c, w, d) + c->pulse_noise * z[2 * k]);
        if (counted) {
            mho_i_text_add(&t, "%d,", k);
        }
        mho_i_text_add(&t, "%.17g%s\n", 20 + 10 * (w + c->read_noise * z[2 * k + 1]),
                       !directed ? ""
                       : d < 0   ? ",down"
                                 : ",up");
    }
    save(ctx, &t);
    mho_i_text_free(&t);
}

/* The fit has its own w, over the range of the data: truth of the cell in that scale. */
typedef struct rescale {
    double zero, unit; /* in w of the cell */
} rescale;

static rescale scale_of(const mho_fit *fit) {
    return (rescale){(param(fit, "g_zero")->value - 20e-6) / 10e-6,
                     param(fit, "g_unit")->value / 10e-6};
}

static bool holds(const mho_fit *fit, const char *key, double x) {
    const mho_fit_param *p = param(fit, key);
    return p->low <= x && x <= p->high;
}

static void laws_are_told_apart_and_found_again(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    const char *const names[] = {"constant", "linear", "soft-bounds", "exponential"};
    for (int law = 0; law < 4; law++) {
        cell c = {law, 0.017, 0.83, 0.41, 0.63, 0.31, 0.22, 1.21, -1.34, 0, 0};
        if (law == 3) {
            c.gamma_up = 1.1;
            c.gamma_down = 1.3;
        }
        make_pulses(ctx, &c, 90, 0, law % 2, false);
        mho_fit_pulsed_opt opt = {names[law], NULL, 0, 1};
        mho_fit *fit;
        test_ok(ctx, mho_fit_pulsed(ctx, file, &opt, &fit));
        rescale s = scale_of(fit);
        double up = param(fit, "dw_min")->value, down = up * param(fit, "scale_down")->value;
        if (law == 3) { /* dw_min is the factor, not the step at w = 0 */
            up *= 1 - param(fit, "a_up")->value;
            down *= 1 - param(fit, "a_down")->value;
        }
        test_close(up, step(&c, s.zero, 1) / s.unit, 0, 1e-5);
        test_close(down, step(&c, s.zero, -1) / s.unit, 0, 1e-5);
        if (law == 2) {
            test_close(param(fit, "w_max")->value, (c.w_max - s.zero) / s.unit, 0, 1e-4);
            test_close(param(fit, "w_min")->value, (c.w_min - s.zero) / s.unit, 0, 1e-4);
        }
        assert_true(fit->rms < 1e-10);
        mho_fit_free(ctx, fit);
        if (law == 0 || law == 3) { /* soft bounds are a straight line too: either may be taken */
            opt.law = NULL;
            c.pulse_noise = 0.001;
            make_pulses(ctx, &c, 90, 1, true, false);
            test_ok(ctx, mho_fit_pulsed(ctx, file, &opt, &fit));
            assert_string_equal(fit->law, names[law]);
            mho_fit_free(ctx, fit);
        }
    }
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void coverage_of_pulses(double pulse_noise, double read_noise, const char *group,
                               bool directed, uintmax_t least) {
    mho_ctx *ctx = test_ctx();
    cell c = {1, 0.017, 0.83, 0.41, 0.63, 0, 0, 1, -1, pulse_noise, read_noise};
    int inside[4] = {0}, total = 0;
    double pulse = 0, reading = 0;
    for (uint32_t s = 0; s < N_REPEAT; s++) {
        make_pulses(ctx, &c, 60, 10 + s, true, directed);
        mho_fit_pulsed_opt opt = {"linear", NULL, 0, 1};
        mho_fit *fit;
        test_ok(ctx, mho_fit_pulsed(ctx, file, &opt, &fit));
        assert_string_equal(fit->group[0].name, group);
        rescale z = scale_of(fit);
        double up = step(&c, z.zero, 1), down = step(&c, z.zero, -1);
        inside[0] += holds(fit, "dw_min", up / z.unit);
        inside[1] += holds(fit, "scale_down", down / up);
        inside[2] += holds(fit, "gamma_up", c.dw * c.gamma_up * z.unit / up);
        inside[3] += holds(fit, "gamma_down", c.dw * c.down * c.gamma_down * z.unit / down);
        pulse += param(fit, "cycle_sd")->value * up / N_REPEAT;
        reading += param(fit, "write_noise")->value * up / N_REPEAT;
        mho_fit_free(ctx, fit);
    }
    for (int k = 0; k < 4; k++) {
        total += inside[k];
        assert_in_range(inside[k], least, 100);
    }
    print_message("%s: %d of 400 intervals hold the truth; noise of a pulse %.4f of %.4f, of a "
                  "reading %.4f of %.4f\n",
                  group, total, pulse, pulse_noise, reading, read_noise);
    assert_in_range(total, 4 * least + 20, 396);
    test_close(pulse, pulse_noise, 0.002, 0.1);
    test_close(reading, read_noise, 0.0015, 0.1);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void intervals_hold_when_pulses_scatter(void **state) {
    (void)state;
    coverage_of_pulses(0.006, 0, "potentiation", false, 86);
}

static void intervals_hold_when_readings_scatter(void **state) {
    (void)state;
    coverage_of_pulses(0, 0.02, "whole curve", true, 86);
    /* turns that have to be found cost some of it: they are not in the intervals */
    coverage_of_pulses(0, 0.02, "whole curve", false, 70);
}

/* ---- phase-change cells ---- */

static const double g_max = 25e-6, c0 = 0.0105392, c1 = 0.0786, c2 = -0.046924;
static const double nu_0 = 0.031, nu_ln = -0.0155, sd_0 = 0.012, sd_ln = -0.0075;

/* n devices on ten targets, each read at n_time times from 20 s on. */
static void make_cells(mho_ctx *ctx, int n, int n_time, uint32_t repeat) {
    mho_i_text t;
    mho_i_text_init(&t, ctx);
    mho_i_text_add(&t, "device,target_uS,measured_uS,time_s\n");
    for (int k = 0; k < n; k++) {
        double z[12], g = 0.1 + 0.1 * (k % 10);
        mho_i_rng_normal(13, MHO_RNG_TEST, repeat, (uint32_t)k, 12, z);
        double start = g + (c0 + g * (c1 + g * c2)) * z[0];
        double nu = nu_0 + nu_ln * log(g) + (sd_0 + sd_ln * log(g)) * z[1];
        for (int j = 0; j < n_time; j++) {
            double time = 20 * pow(10, 0.7 * j), noise = 1 + 0.002 * z[2 + j] * (j > 0);
            mho_i_text_add(&t, "%d,%.6g,%.10g,%.6g\n", k, 25 * g,
                           25 * start * pow(time / 20, -nu) * noise, time);
        }
    }
    save(ctx, &t);
    mho_i_text_free(&t);
}

static void intervals_of_cells_hold(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    const char *const key[] = {"program_0",   "program_1",  "program_2",  "drift_nu_0",
                               "drift_nu_ln", "drift_sd_0", "drift_sd_ln"};
    const double want[] = {c0, c1, c2, nu_0, nu_ln, sd_0, sd_ln};
    int inside[7] = {0}, total = 0;
    for (uint32_t s = 0; s < N_REPEAT; s++) {
        make_cells(ctx, 400, 5, s);
        mho_fit_pcm_opt opt = {0};
        mho_fit *fit;
        test_ok(ctx, mho_fit_pcm(ctx, file, &opt, &fit));
        test_close(param(fit, "g_max")->value, g_max, 0, 1e-9);
        test_close(param(fit, "drift_t0")->value, 20, 0, 1e-9);
        for (int k = 0; k < 7; k++) {
            inside[k] += holds(fit, key[k], want[k]);
        }
        mho_fit_free(ctx, fit);
    }
    for (int k = 0; k < 7; k++) {
        total += inside[k];
        assert_in_range(inside[k], 85, 100);
    }
    print_message("pcm: %d of 700 intervals hold the truth\n", total);
    assert_in_range(total, 640, 690);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

/* Cards of all laws load into their models and pass the check across parameters. */
static void cards_are_taken_by_the_models(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    const char *const laws[] = {"constant", "linear", "soft-bounds", "exponential", NULL};
    for (int k = 0; k < 5; k++) {
        cell c = {1, 0.017, 0.83, 0.41, 0.63, 0, 0, 1, -1, 0.004, 0};
        const mho_ext_model *model;
        mho_fit *fit;
        mho_card *card;
        char *text;
        mho_fit_pulsed_opt pulsed = {laws[k], NULL, 0, 1};
        mho_fit_pcm_opt pcm = {0};
        if (laws[k]) {
            make_pulses(ctx, &c, 60, 0, true, false);
            test_ok(ctx, mho_fit_pulsed(ctx, file, &pulsed, &fit));
        } else {
            make_cells(ctx, 200, 4, 0);
            test_ok(ctx, mho_fit_pcm(ctx, file, &pcm, &fit));
        }
        test_ok(ctx, mho_fit_card(ctx, fit, &text));
        test_ok(ctx, mho_file_save(ctx, file, text, strlen(text)));
        test_ok(ctx, mho_model_find(ctx, laws[k] ? "pulsed" : "pcm", &model));
        test_ok(ctx, mho_card_load(ctx, model, file, &card));
        test_ok(ctx, mho_card_check(ctx, card));
        for (size_t j = 0; j < fit->n_param; j++) {
            size_t row = mho_card_row(model, fit->param[j].key);
            if (fit->param[j].in_card) {
                assert_true(row < model->n_param);
                test_close(mho_card_values(card)[row], fit->param[j].value, 0, 0);
            }
        }
        mho_text_free(ctx, text);
        mho_card_free(card);
        mho_fit_free(ctx, fit);
    }
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void every_failed_allocation_leaves_nothing(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    for (int what = 0; what < 2; what++) {
        cell c = {1, 0.017, 0.83, 0.41, 0.63, 0, 0, 1, -1, 0.002, 0};
        if (what) {
            make_cells(ctx, 60, 3, 0);
        } else {
            make_pulses(ctx, &c, 30, 0, true, false);
        }
        for (size_t n = 1;; n++) {
            mho_fit *fit;
            mho_fit_pulsed_opt pulsed = {NULL, NULL, 0, 1};
            mho_fit_pcm_opt pcm = {0};
            mho_ctx_fail_alloc(ctx, n);
            mho_status status = what ? mho_fit_pcm(ctx, file, &pcm, &fit)
                                     : mho_fit_pulsed(ctx, file, &pulsed, &fit);
            mho_ctx_fail_alloc(ctx, 0);
            if (status == MHO_OK) {
                mho_fit_free(ctx, fit);
                assert_true(n > 8);
                break;
            }
            assert_int_equal(status, MHO_ERR_NOMEM);
            assert_null(fit);
            assert_int_equal(mho_ctx_bytes(ctx), 0);
        }
    }
    mho_ctx_free(ctx);
}

static int make_dir(void **state) {
    (void)state;
    bool made = mkdtemp(dir) != NULL;
    snprintf(file, sizeof file, "%s/data.csv", dir);
    return made ? 0 : -1;
}

static int remove_dir(void **state) {
    (void)state;
    unlink(file);
    return rmdir(dir);
}

/* The law with most parameters and as many stretches as are fitted: all of them find room. */
static void many_short_stretches(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    static const char text[] =
        "pulse;G [uS];oeup\n4;4;up\n1;3.4;down\n2;3;doup\n1;3.4;down\n2;3;down\n"
        "31;2.599991;up\n4;4;up\n1;3.999999998;down\n6;1.4;down\n2;.30;down\n"
        "1;2.5999999998;down\n6;1.3999999999999995;down\n";
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    const mho_fit_pulsed_opt opt = {.law = NULL};
    mho_fit *fit = NULL;
    mho_status status = mho_fit_pulsed(ctx, file, &opt, &fit);
    assert_true(status < 0 || fit->n_param <= MHO_FIT_MAX_PARAM);
    if (status >= 0) {
        print_message("%zu parameters of at most %d\n", fit->n_param, MHO_FIT_MAX_PARAM);
        mho_fit_free(ctx, fit);
    }
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(laws_are_told_apart_and_found_again),
        cmocka_unit_test(intervals_hold_when_pulses_scatter),
        cmocka_unit_test(intervals_hold_when_readings_scatter),
        cmocka_unit_test(intervals_of_cells_hold),
        cmocka_unit_test(cards_are_taken_by_the_models),
        cmocka_unit_test(every_failed_allocation_leaves_nothing),
        cmocka_unit_test(many_short_stretches),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
