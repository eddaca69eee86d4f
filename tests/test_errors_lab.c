/* test_errors_lab.c - what the bench refuses: measurements that cannot be fitted, drives and
 * circuits out of range, integrations that do not end, answers of ngspice that stop half-way. */
#define _GNU_SOURCE
#include "test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/fit_int.h"

static char dir[] = "/tmp/mho-errors-lab-XXXXXX";
static char path[64];
static const mho_neuron_device nominal = {0};

static int set_up(void **state) {
    bool made = mkdtemp(dir);
    snprintf(path, sizeof path, "%s/data.csv", dir);
    *state = test_ctx();
    return made ? 0 : -1;
}

static int tear_down(void **state) {
    unlink(path);
    assert_int_equal(mho_ctx_bytes(*state), 0);
    mho_ctx_free(*state);
    return rmdir(dir);
}

static const char *file_with(mho_ctx *ctx, const char *text) {
    test_ok(ctx, mho_i_file_write(ctx, path, text, strlen(text)));
    return path;
}

static mho_neuron_param neuron(mho_ctx *ctx, mho_neuron_design *d) {
    mho_neuron_param p;
    test_ok(ctx, mho_neuron_card(ctx, "N", &p));
    test_ok(ctx, mho_neuron_design_relu(ctx, &p, 1.0, 1.6, d));
    return p;
}

/* ---- fits ---- */

static void nonsense(const void *user, const double *p, double *out) {
    (void)user;
    (void)p;
    out[0] = out[1] = out[2] = NAN;
}

static void the_engine_of_the_fits_has_limits(void **state) {
    mho_ctx *ctx = *state;
    const double y[3] = {1, 2, 3}, start[1] = {0.5};
    mho_i_problem q = {.ctx = ctx, .n_point = 3, .n_free = 1, .y = y, .model = nonsense};
    q.bound[0] = (mho_i_bound){0, 1, false};
    q.n_group = 1;
    q.start[1] = 3;
    mho_i_optimum best;
    test_refused(ctx, mho_i_fit_solve(&q, 1, start, &best), MHO_ERR_ARG, "no finite values",
                 "3 points");
    q.n_point = (size_t)1 << 31;
    test_refused(ctx, mho_i_fit_solve(&q, 1, start, &best), MHO_ERR_DIM,
                 "2147483648 points are too many", "at most 715827882");
}

static void refuse_loop(mho_ctx *ctx, const char *columns, const char *text, mho_status status,
                        const char *part, const char *more) {
    mho_fit_vo2_opt opt = mho_fit_vo2_default();
    mho_fit *fit;
    opt.columns = columns;
    test_refused(ctx, mho_fit_vo2(ctx, file_with(ctx, text), &opt, &fit), status, part, more);
    assert_null(fit);
}

static void loops_that_are_none_are_refused(void **state) {
    mho_ctx *ctx = *state;
    static const char good[] = "T (K),R (ohm)\n300,9000\n310,8000\n320,7000\n";
    refuse_loop(ctx, "T", good, MHO_ERR_ARG, "columns \"T\": two names", "temperature first");
    refuse_loop(ctx, "T,X", good, MHO_ERR_ARG, "columns \"T,X\"", "not two of its columns: T, R");
    refuse_loop(ctx, NULL, "T (K),R (ohm)\nnan,9000\nnan,8000\n", MHO_ERR_FORMAT,
                "data.csv:", "no temperature in column 1");
    refuse_loop(ctx, NULL, "T (K),R (ohm),branch\n300,9000,cooling\n310,8000,sideways\n",
                MHO_ERR_FORMAT, "data.csv:3: column branch: \"sideways\" is no direction",
                "heating and cooling");
    refuse_loop(ctx, "1,2", "T,R\ncold,9000\nwarm,8000\n", MHO_ERR_FORMAT,
                "data.csv:2: \"cold\" in column 1", "numbers are wanted");
    refuse_loop(ctx, NULL, "T (F),R (ohm)\n300,9000\n310,8000\n", MHO_ERR_ARG, "\"F\"",
                "K and degC are read");
    mho_fit_vo2_opt opt = mho_fit_vo2_default();
    mho_fit *fit;
    double t[8], r[8];
    int direction[8];
    for (int k = 0; k < 8; k++) {
        t[k] = 360 - 9 * k;
        r[k] = k < 3 ? 30 : 5000 + 100 * k;
        direction[k] = -1;
    }
    opt.mixing = (mho_mixing)7;
    test_refused(ctx, mho_fit_vo2_points(ctx, "own", 8, t, r, direction, &opt, &fit), MHO_ERR_ARG,
                 "mixing 7", "0 (series) to 3 (gem)");
    opt.mixing = MHO_MIX_GEM;
    test_refused(ctx, mho_fit_vo2_points(ctx, "own", 8, t, r, direction, &opt, &fit), MHO_ERR_ARG,
                 "own: 8 points for 9 parameters");
    opt.mixing = MHO_MIX_SERIES;
    r[5] = -1;
    test_refused(ctx, mho_fit_vo2_points(ctx, "own", 8, t, r, direction, &opt, &fit), MHO_ERR_ARG,
                 "own: point 5: 315 K, -1 ohm", "200 to 500 K and above 0 to 1e15 ohm");
    assert_null(fit);
    /* from the middle up, half down, up a little, down, half up */
    static const double tm[] = {335, 352, 370, 352, 330, 337, 318, 300, 318, 335};
    enum { N = sizeof tm / sizeof *tm };
    double rm[N];
    for (int k = 0; k < N; k++) {
        rm[k] = tm[k] > 338 ? 100 : 5000;
    }
    test_refused(ctx, mho_fit_vo2_points(ctx, "own", N, tm, rm, NULL, &opt, &fit), MHO_ERR_ARG,
                 "own: no branch of a major loop", "cooling must begin in the metal");
    assert_null(fit);
}

static void refuse_cell(mho_ctx *ctx, bool pcm, const char *columns, const char *text,
                        mho_status status, const char *part, const char *more) {
    const mho_fit_pulsed_opt pulsed = {NULL, columns, 0, 1};
    const mho_fit_pcm_opt phase = {0, 0, columns};
    mho_fit *fit;
    const char *file = file_with(ctx, text);
    test_refused(
        ctx, pcm ? mho_fit_pcm(ctx, file, &phase, &fit) : mho_fit_pulsed(ctx, file, &pulsed, &fit),
        status, part, more);
    assert_null(fit);
}

static void cells_that_say_too_little_are_refused(void **state) {
    mho_ctx *ctx = *state;
    static const char few[] = "pulse,G_uS\n0,1\n1,2\n2,3\n3,2\n4,1\n";
    refuse_cell(ctx, false, "pulse,X", few, MHO_ERR_ARG, "data.csv: there is no column \"X\"",
                "there are: pulse, G");
    refuse_cell(ctx, false, "pulse,word", "pulse,word\n0,a\n1,b\n2,c\n", MHO_ERR_FORMAT,
                "data.csv:2: \"a\" in column 2", "numbers are wanted");
    refuse_cell(ctx, false, NULL, few, MHO_ERR_ARG, "data.csv: 5 readings", "at least ten");
    refuse_cell(ctx, false, NULL,
                "pulse,G_uS\n0,1\n1,2\n2.5,3\n3,4\n4,5\n5,6\n6,7\n7,8\n8,9\n9,10\n10,11\n",
                MHO_ERR_FORMAT, "data.csv: pulse number 2.5 after 1", "whole numbers");
    refuse_cell(ctx, false, NULL,
                "pulse,G_uS\n0,1\n0,2\n0,3\n0,4\n0,5\n0,6\n0,7\n0,8\n0,9\n0,10\n1,11\n",
                MHO_ERR_ARG, "changes for ", "parameters: more are needed");
    refuse_cell(ctx, true, NULL, "target_uS,measured_uS,time,device\n1,1,1,a\n2,2,1,b\n",
                MHO_ERR_FORMAT, "data.csv:2: device \"a\"", "numbers are wanted");
    refuse_cell(ctx, true, NULL, "target_uS,measured_uS,time_s\n1,1,1\n2,2,0\n", MHO_ERR_FORMAT,
                "data.csv:3: time 0 s", "above 0");
    mho_i_text t;
    mho_i_text_init(&t, ctx);
    mho_i_text_add(&t, "target_uS,measured_uS\n");
    for (int k = 0; k < 14; k++) { /* one target only */
        mho_i_text_add(&t, "5,%g\n", 5 + 0.01 * (k % 3));
    }
    refuse_cell(ctx, true, NULL, t.data, MHO_ERR_ARG, "data.csv: 14 programmed values",
                "at least three different targets");
    mho_i_text_free(&t);
}

/* ---- drives and circuits ---- */

static void drives_are_checked(void **state) {
    mho_ctx *ctx = *state;
    mho_neuron_design d;
    mho_neuron_param p = neuron(ctx, &d);
    const double t = 0, v = 0.3;
    const mho_waveform wave = {1, &t, &v};
    mho_film_run run;
    mho_oscillation osc;
    const mho_oscillator good = {1e4, 1e-12, wave, 1e-6, 0};
    mho_oscillator o = good;
#define REFUSE_OSCILLATOR(change, ...)                                                             \
    do {                                                                                           \
        o = good;                                                                                  \
        change;                                                                                    \
        test_refused(ctx, mho_oscillator_simulate(ctx, &p, &o, NULL, &run, &osc, NULL),            \
                     MHO_ERR_ARG, __VA_ARGS__);                                                    \
    } while (0)
    REFUSE_OSCILLATOR(o.r_series_ohm = 0, "r_series = 0 ohm", "above 0");
    REFUSE_OSCILLATOR(o.c_parallel_F = -1, "c_parallel = -1 F", "0 to 1 F");
    REFUSE_OSCILLATOR(o.stop_s = 0, "stop = 0 s", "a positive time");
    REFUSE_OSCILLATOR(o.rise_start_K = 500, "rise_start = 500 K", "0 to 400 K");
    p.mixing = (mho_mixing)9;
    REFUSE_OSCILLATOR((void)0, "mixing = 9", "0 to 3");
    p.mixing = MHO_MIX_SERIES;
    mho_neuron_circuit c = d.circuit;
    c.r_load_ohm = 0;
    const mho_neuron_drive drive = {wave, wave, 1e-7, 0, 0, 0};
    test_refused(ctx, mho_neuron_simulate(ctx, &p, &c, &nominal, &drive, NULL, &run, NULL),
                 MHO_ERR_ARG, "r_load = 0 ohm (above 0)");
    mho_neuron_phases ph = mho_neuron_phases_of(&p);
    mho_neuron_evaluation e;
    mho_transient_opt hasty = MHO_TRANSIENT_OPT_INIT;
    hasty.max_step = 1;
    test_refused(
        ctx,
        mho_neuron_evaluate_transient(ctx, &p, &d.circuit, &nominal, 0.3, &ph, &hasty, &e, NULL),
        MHO_WARN_NOT_CONVERGED, "the integration stopped at ");
    ph.reset_s = -1;
    test_refused(
        ctx, mho_neuron_evaluate_transient(ctx, &p, &d.circuit, &nominal, 0.3, &ph, NULL, &e, NULL),
        MHO_ERR_ARG, "reset -1 s", "0 or more");
    mho_neuron_bank *bank;
    double out;
    test_ok(ctx, mho_neuron_bank_new(ctx, &p, &d.circuit, 1, NULL, 0, 1e-3, &bank));
    test_refused(ctx, mho_neuron_bank_evaluate(bank, &ph, 0, &v, &out), MHO_ERR_ARG, "reset -1 s",
                 "a positive step");
    ph.reset_s = 0;
    ph.settle_s = 1;
    test_refused(ctx, mho_neuron_bank_evaluate(bank, &ph, 1e-15, &v, &out), MHO_ERR_ARG,
                 "1 s in steps of 1e-15 s", "at most 1e12");
    mho_neuron_bank_free(bank);
    const mho_opto_param cell = mho_opto_card();
    mho_opto_drive light = {wave, wave, 0, 0, 0};
    mho_opto_run got;
    test_refused(ctx, mho_opto_simulate(ctx, &cell, &light, NULL, &got, NULL), MHO_ERR_ARG,
                 "stop = 0 s", "a positive time");
    light.stop_s = 1e-3;
    light.x_start = 2;
    test_refused(ctx, mho_opto_simulate(ctx, &cell, &light, NULL, &got, NULL), MHO_ERR_ARG,
                 "x_start = 2 (0 to 1)");
}

static void models_in_circuits_are_checked(void **state) {
    mho_ctx *ctx = *state;
    const double t = 0, v = 0.3;
    mho_model_drive d = {0, {1, &t, &v}, 1e3, 0, -1, 0, NULL};
    mho_model_run run;
    const mho_ext_model *m;
    mho_card *c;
    test_ok(ctx, mho_model_find(ctx, "vo2-filament", &m));
    test_ok(ctx, mho_card_new(ctx, m, NULL, &c));
    test_refused(ctx, mho_model_simulate(ctx, c, &d, NULL, &run, NULL), MHO_ERR_ARG, "stop = -1 s",
                 "r_series = 1000 ohm");
    d.stop_s = 1e-3;
    mho_transient_opt opt = MHO_TRANSIENT_OPT_INIT;
    opt.max_step = 3;
    test_refused(ctx, mho_model_simulate(ctx, c, &d, &opt, &run, NULL), MHO_WARN_NOT_CONVERGED,
                 "more than 3 steps", "stopped at");
    mho_curve_options curve = mho_curve_options_default();
    mho_curve *made;
    curve.period_s = -1;
    test_refused(ctx, mho_curve_make(ctx, c, mho_curve_of(m, 0)->name, &curve, &made), MHO_ERR_ARG,
                 "period = -1 s", "more than 0");
    curve = mho_curve_options_default();
    curve.n_point = 1;
    test_refused(ctx, mho_curve_make(ctx, c, mho_curve_of(m, 0)->name, &curve, &made), MHO_ERR_ARG,
                 "1 points", "2 to 100,000");
    mho_card_free(c);
    mho_ext_model many = *m;
    many.n_event = 100;
    test_ok(ctx, mho_card_new(ctx, &many, NULL, &c));
    test_refused(ctx, mho_model_simulate(ctx, c, &d, NULL, &run, NULL), MHO_ERR_ARG, "100 events",
                 "at most 12");
    mho_card_free(c);
}

static const mho_ext_model *whole;
static void leaking_power(const mho_ext_batch *b, double *in_W, double *stored_J, double *out_W) {
    whole->power(b, in_W, stored_J, out_W);
    for (size_t i = 0; i < b->n; i++) {
        out_W[i] = 1.05 * out_W[i] + 0.01 * in_W[i];
    }
}

static void energy_that_is_missing_is_noticed(void **state) {
    mho_ctx *ctx = *state;
    const double t = 0, v = 5;
    const mho_model_drive d = {0, {1, &t, &v}, 1e3, 0, 1e-3, 0, NULL};
    mho_model_run run;
    mho_card *c;
    test_ok(ctx, mho_model_find(ctx, "vo2-filament", &whole));
    mho_ext_model leaks = *whole;
    leaks.power = leaking_power;
    test_ok(ctx, mho_card_new(ctx, &leaks, NULL, &c));
    test_refused(ctx, mho_model_simulate(ctx, c, &d, NULL, &run, NULL), MHO_WARN_NOT_CONVERGED,
                 "the balance of energy of the device is open by", "allowed: 1e-03");
    mho_card_free(c);
}

static void constant(void *user, double t_s, const double *y, double *dy) {
    (void)user;
    (void)t_s;
    (void)y;
    dy[0] = 1;
}

static void the_integrator_says_why_it_does_not_start(void **state) {
    mho_ctx *ctx = *state;
    const double tol = -1, edge[2] = {0, 1};
    double y = 0, q = 0;
    const mho_i_stiff p = {.n_state = 1, .tol_abs = &tol, .rate = constant};
    mho_transient_opt opt = MHO_TRANSIENT_OPT_INIT;
    mho_transient_report rep = {0};
    test_refused(ctx, mho_i_stiff_run(ctx, &p, &opt, 2, edge, &y, &q, &rep), MHO_ERR_INTERNAL,
                 "the integrator does not start", "abstol");
    const double fine = 1e-9;
    mho_i_stiff lost = p;
    lost.tol_abs = &fine;
    y = NAN;
    test_refused(ctx, mho_i_stiff_run(ctx, &lost, &opt, 2, edge, &y, &q, &rep),
                 MHO_WARN_NOT_CONVERGED, "the integration");
}

/* A program called ngspice that says its version, one row, and no more. */
static void ngspice_that_stops_is_not_believed(void **state) {
    mho_ctx *ctx = *state;
    char fake[64], *before = strdup(getenv("PATH"));
    snprintf(fake, sizeof fake, "%s/ngspice", dir);
    static const char script[] = "#!/bin/sh\ncat >/dev/null\necho '** ngspice-99 : '\n";
    test_ok(ctx, mho_i_file_write(ctx, fake, script, sizeof script - 1));
    chmod(fake, 0700);
    char *with = NULL;
    assert_true(asprintf(&with, "%s:%s", dir, before) > 0);
    setenv("PATH", with, 1);
    mho_neuron_design d;
    mho_neuron_param p = neuron(ctx, &d);
    const double t = 0, v = 0.3, g[4] = {1e-5, 1e-5, 1e-5, 1e-5}, in[2] = {0.1, 0.1};
    double i[2], out[1];
    p.mixing = MHO_MIX_SERIES;
    const mho_neuron_drive drive = {{1, &t, &v}, {1, &t, &v}, 1e-7, 0, 0, 0};
    mho_trace *trace;
    test_refused(ctx,
                 mho_neuron_spice_transient(ctx, &p, &d.circuit, &nominal, &drive, 1e-9, 1e-5, NULL,
                                            &trace, NULL),
                 MHO_WARN_NOT_CONVERGED, "ngspice stopped at 0 s of 1e-07 s");
    mho_trace_free(trace);
    test_refused(ctx, mho_neuron_spice_curve(ctx, &p, &d.circuit, &nominal, 1, &v, out, NULL, NULL),
                 MHO_WARN_NOT_CONVERGED, "ngspice");
    assert_true(isnan(out[0]));
    static const char cold[] = "#!/bin/sh\ncat >/dev/null\necho 'mho-point 0'\n"
                               "echo 'v(out) = 4.8e-03'\necho 'v(rise) = -3.5e+03'\n";
    test_ok(ctx, mho_i_file_write(ctx, fake, cold, sizeof cold - 1));
    chmod(fake, 0700);
    test_refused(ctx, mho_neuron_spice_curve(ctx, &p, &d.circuit, &nominal, 1, &v, out, NULL, NULL),
                 MHO_WARN_NOT_CONVERGED, "ngspice");
    assert_true(isnan(out[0])); /* colder than nothing can be */
    test_ok(ctx, mho_i_file_write(ctx, fake, script, sizeof script - 1));
    chmod(fake, 0700);
    mho_array *a;
    test_ok(ctx, mho_array_new(ctx, 2, 2, NULL, &a));
    test_ok(ctx, mho_array_program(a, g));
    test_refused(ctx, mho_array_spice_read(a, 1, in, i, NULL, NULL, NULL, NULL),
                 MHO_WARN_NOT_CONVERGED, "ngspice");
    assert_true(isnan(i[0]) && isnan(i[1]));
    static const char bent[] = "#!/bin/sh\nPATH=${PATH#*:}\n"
                               "ngspice \"$@\" | awk '/^w0_1 =/ {$3 *= 1.01} 1'\n";
    test_ok(ctx, mho_i_file_write(ctx, fake, bent, sizeof bent - 1));
    chmod(fake, 0700);
    mho_array_opt wires = MHO_ARRAY_OPT_INIT;
    wires.r_word_ohm = wires.r_bit_ohm = 2;
    mho_array_free(a);
    test_ok(ctx, mho_array_new(ctx, 2, 2, &wires, &a));
    test_ok(ctx, mho_array_program(a, g));
    test_refused(ctx, mho_array_spice_read(a, 1, in, i, NULL, NULL, NULL, NULL),
                 MHO_WARN_NOT_CONVERGED, "voltages of 1 of 1 vectors miss Kirchhoff's law");
    if (test_absent_programs()) {
        setenv("PATH", "/nowhere", 1);
        test_refused(ctx, mho_array_spice_read(a, 1, in, i, NULL, NULL, NULL, NULL),
                     MHO_ERR_DEPENDENCY, "ngspice is not installed");
        test_refused(ctx,
                     mho_neuron_spice_curve(ctx, &p, &d.circuit, &nominal, 1, &v, out, NULL, NULL),
                     MHO_ERR_DEPENDENCY, "ngspice is not installed");
    }
    setenv("PATH", before, 1);
    mho_array_free(a);
    unlink(fake);
    free(before);
    free(with);
}

static void netlists_of_neurons_are_checked(void **state) {
    mho_ctx *ctx = *state;
    mho_neuron_design d;
    mho_neuron_param p = neuron(ctx, &d);
    p.mixing = MHO_MIX_SERIES;
    const double v = 0.3, in[2] = {0.1, 0.1};
    double out[2];
    mho_neuron_circuit c = d.circuit;
    c.r_load_ohm = -1;
    test_refused(ctx, mho_neuron_spice_curve_save(ctx, &p, &c, &nominal, 1, &v, path), MHO_ERR_ARG,
                 "r_load = -1 ohm (above 0)");
    test_refused(
        ctx, mho_neuron_spice_curve_save(ctx, &p, &d.circuit, &nominal, 1, &v, "/nowhere/a.cir"),
        MHO_ERR_IO, "/nowhere/a.cir");
    mho_array *a;
    test_ok(ctx, mho_array_new(ctx, 2, 3, NULL, &a));
    const mho_array_neurons nn = {&p, &d.circuit, NULL, 1e4};
    test_refused(ctx, mho_array_neurons_read(a, &nn, 1, in, NULL, out), MHO_ERR_ARG,
                 "an even number of columns", "there are 3 outputs");
    mho_array_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_engine_of_the_fits_has_limits),
        cmocka_unit_test(loops_that_are_none_are_refused),
        cmocka_unit_test(cells_that_say_too_little_are_refused),
        cmocka_unit_test(drives_are_checked),
        cmocka_unit_test(models_in_circuits_are_checked),
        cmocka_unit_test(energy_that_is_missing_is_noticed),
        cmocka_unit_test(the_integrator_says_why_it_does_not_start),
        cmocka_unit_test(ngspice_that_stops_is_not_believed),
        cmocka_unit_test(netlists_of_neurons_are_checked),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
