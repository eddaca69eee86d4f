#define _GNU_SOURCE
/* test_spice_neuron.c - netlists with Mott neurons run in ngspice against mho: transfer curves and
 * arrays with neurons to 1e-4, transients to 1 % in time and 1e-3 in value. The same subcircuit is
 * written by one file and solved by a program that shares no code with mho. */
#include "test.h"

#include <stdlib.h>
#include <unistd.h>

static const mho_neuron_device nominal = {0};

static mho_neuron_param card(mho_ctx *ctx, const char *name, mho_neuron_design *d) {
    mho_neuron_param p;
    test_ok(ctx, mho_neuron_card(ctx, name, &p));
    test_ok(ctx, mho_neuron_design_relu(ctx, &p, 1.0, 1.6, d));
    return p;
}

static void compare_curve(mho_ctx *ctx, const mho_neuron_param *p, const mho_neuron_design *d,
                          const mho_neuron_device *dev) {
    enum { N = 11 };
    double v[N], out[N], rise[N];
    char version[MHO_SPICE_VERSION_BYTES];
    for (int k = 0; k < N; k++) {
        v[k] = fmax(d->circuit.v_bias_V + (2.0 * k / (N - 1) - 1) * d->circuit.v_swing_V, 0);
    }
    test_ok(ctx, mho_neuron_spice_curve(ctx, p, &d->circuit, dev, N, v, out, rise, version));
    assert_true(strncmp(version, "ngspice-", 8) == 0);
    for (int k = 0; k < N; k++) {
        double want, t;
        test_ok(ctx, mho_neuron_output(ctx, p, &d->circuit, dev, v[k], &want, &t));
        test_close(out[k], want, 0, 1e-8); /* 1e-4 is wanted */
        test_close(rise[k], t - p->t_base_K, 0, 1e-8);
    }
}

static void test_curves(void **state) {
    mho_ctx *ctx = *state;
    static const char *const names[] = {"T", "N", "U"};
    const mho_neuron_device dev = {0.4, -0.03, 0.1, 0.05, -0.02, 0.03, 4e-3};
    mho_neuron_design d;
    for (int k = 0; k < 3; k++) {
        mho_neuron_param p = card(ctx, names[k], &d);
        compare_curve(ctx, &p, &d, k == 1 ? &dev : &nominal);
    }
    mho_neuron_param p = card(ctx, "N", &d);
    p.mixing = MHO_MIX_BRUGGEMAN_3D;
    p.n_slice = 3;
    compare_curve(ctx, &p, &d, &dev);
}

/* Full scale, a partial reset into the middle of the loop, up again: three reversals, minor loops.
 */
static void test_transients(void **state) {
    mho_ctx *ctx = *state;
    static const char *const names[] = {"N", "U"};
    for (int k = 0; k < 2; k++) {
        mho_neuron_design d;
        mho_neuron_param p = card(ctx, names[k], &d);
        p.n_slice = k ? 1 : 4; /* fewer nodes, less time */
        const mho_neuron_circuit *c = &d.circuit;
        double tau = d.tau_s, full = c->v_bias_V + c->v_swing_V, mid = 0.7 * c->v_bias_V;
        double t[7] = {0, 12 * tau, 12 * tau, 15 * tau, 15 * tau, 30 * tau, 40 * tau};
        double v[7] = {full, full, 0, 0, full, full, mid}, zero = 0;
        const mho_neuron_drive drive = {{7, t, v}, {1, &zero, &c->v_read_V}, 50 * tau, 1e-14,
                                        0,         k ? 0 : d.rise_full_K};
        mho_spice_comparison m;
        test_ok(ctx, mho_neuron_spice_compare(ctx, &p, c, &nominal, &drive, drive.stop_s / 1500,
                                              1e-5, &m, NULL));
        assert_true(m.value_rel < 1e-3);
        assert_true(m.time_rel < 1e-2);
        assert_true(m.n_time >= 20);
    }
}

static void test_array(void **state) {
    mho_ctx *ctx = *state;
    enum { ROWS = 9, COLS = 6, PAIRS = COLS / 2, VEC = 2 };
    mho_neuron_design d;
    mho_neuron_param p = card(ctx, "N", &d);
    double g[ROWS * COLS], v[VEC * ROWS], own[VEC * PAIRS], amp[VEC * PAIRS], out[VEC * PAIRS];
    double amp2[VEC * PAIRS];
    mho_neuron_device dev[PAIRS];
    mho_uniform(5, 0, ROWS * COLS, 1e-6, 60e-6, g);
    mho_uniform(5, 1, VEC * ROWS, 0, 0.2, v);
    mho_neuron_sample(&p, 5, 0, PAIRS, dev);
    dev[1].trim_V = 0.01;
    for (int law = 0; law < 2; law++) {
        mho_array_opt o = MHO_ARRAY_OPT_INIT;
        o.r_word_ohm = o.r_bit_ohm = 2;
        o.r_source_ohm = o.r_sense_ohm = 100;
        o.law = law ? MHO_LAW_SINH : MHO_LAW_OHMIC;
        o.law_a = 2.5;
        mho_array *a;
        test_ok(ctx, mho_array_new(ctx, ROWS, COLS, &o, &a));
        test_ok(ctx, mho_array_program(a, g));
        mho_array_neurons n = {&p, &d.circuit, law ? NULL : dev, 4e3};
        test_ok(ctx, mho_array_neurons_read(a, &n, VEC, v, amp, own));
        test_ok(ctx, mho_array_neurons_spice_read(a, &n, VEC, v, amp2, out, NULL));
        for (int k = 0; k < VEC * PAIRS; k++) {
            test_close(amp2[k], amp[k], 0, 1e-8);
            test_close(out[k], own[k], 0, 1e-6);
        }
        /* a neuron of its own on what the amplifier gives */
        mho_neuron_device untrimmed = law ? nominal : dev[1];
        double want;
        untrimmed.trim_V = 0;
        test_ok(ctx, mho_neuron_output(ctx, &p, &d.circuit, &untrimmed, amp[1], &want, NULL));
        test_close(own[1], want, 0, 1e-12);
        n.gain_V_per_A = 0;
        assert_int_equal(mho_array_neurons_read(a, &n, VEC, v, amp, own), MHO_ERR_ARG);
        mho_array_free(a);
    }
}

/* The file is a netlist that ngspice runs as it is. */
static void test_file(void **state) {
    mho_ctx *ctx = *state;
    mho_neuron_design d;
    mho_neuron_param p = card(ctx, "T", &d);
    double v = d.circuit.v_bias_V;
    char path[] = "/tmp/mho-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    test_ok(ctx, mho_neuron_spice_curve_save(ctx, &p, &d.circuit, &nominal, 1, &v, path));
    const char *const argv[] = {"ngspice", "-n", "-b", path, NULL};
    mho_i_text out;
    int code;
    mho_i_text_init(&out, ctx);
    test_ok(ctx, mho_i_child_run(ctx, argv, "", 0, 60, &out, NULL, &code));
    assert_int_equal(code, 0);
    assert_non_null(strstr(out.data, "v(out) = "));
    mho_i_text_free(&out);
    unlink(path);
}

static void test_errors(void **state) {
    mho_ctx *ctx = *state;
    mho_neuron_design d;
    mho_neuron_param p = card(ctx, "N", &d);
    double v = -1, t = 0, out;
    assert_int_equal(mho_neuron_spice_curve(ctx, &p, &d.circuit, &nominal, 1, &v, &out, NULL, NULL),
                     MHO_ERR_ARG);
    p.mixing = MHO_MIX_GEM;
    v = 0.5;
    assert_int_equal(mho_neuron_spice_curve(ctx, &p, &d.circuit, &nominal, 1, &v, &out, NULL, NULL),
                     MHO_ERR_ARG);
    p.mixing = MHO_MIX_SERIES;
    mho_neuron_drive drive = {{1, &t, &v}, {1, &t, &v}, 1e-7, 0, 1, 0}; /* starts warm */
    assert_int_equal(mho_neuron_spice_transient_save(ctx, &p, &d.circuit, &nominal, &drive, 1e-9,
                                                     1e-6, "/tmp/never"),
                     MHO_ERR_ARG);
    drive.rise_start_K = 0;
    assert_int_equal(mho_neuron_spice_transient_save(ctx, &p, &d.circuit, &nominal, &drive, 0, 1e-6,
                                                     "/tmp/never"),
                     MHO_ERR_ARG);
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
    mho_ctx *ctx = test_ctx();
    const char *const argv[] = {"ngspice", "--version", NULL};
    int code;
    mho_status status = mho_i_child_run(ctx, argv, "", 0, 60, NULL, NULL, &code);
    mho_ctx_free(ctx);
    if (status == MHO_ERR_DEPENDENCY) {
        printf("skipped: no ngspice\n");
        return TEST_SKIPPED;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_curves, setup, teardown),
        cmocka_unit_test_setup_teardown(test_transients, setup, teardown),
        cmocka_unit_test_setup_teardown(test_array, setup, teardown),
        cmocka_unit_test_setup_teardown(test_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
