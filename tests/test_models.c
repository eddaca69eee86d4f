/* test_models.c - the device interface: every model conforms, the suite catches what is broken,
 * cards come back as they were, devices in time against closed forms and the film's own code. */
#include "test.h"

#include "device/card_int.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const mho_ext_model *model(mho_ctx *ctx, const char *name) {
    const mho_ext_model *m;
    test_ok(ctx, mho_model_find(ctx, name, &m));
    return m;
}

static mho_card *card(mho_ctx *ctx, const char *name, const char *which) {
    mho_card *c;
    test_ok(ctx, mho_card_new(ctx, model(ctx, name), which, &c));
    return c;
}

static void set(mho_ctx *ctx, mho_card *c, const char *text) {
    test_ok(ctx, mho_card_set_text(ctx, c, text));
}

static void every_model_conforms(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    for (size_t k = 0; k < mho_model_count(); k++) {
        mho_model_verdict v;
        char *text;
        mho_status status = mho_model_check(ctx, mho_model_get(k), 11, 15, &v, &text);
        if (status != MHO_OK) {
            print_error("%s\n%s", mho_model_get(k)->name, text ? text : mho_ctx_last_error(ctx));
        }
        assert_int_equal(status, MHO_OK);
        assert_int_equal(v.n_failed, 0);
        assert_true(v.worst_derivative < 1e-5 && v.worst_energy < 1e-6);
        mho_text_free(ctx, text);
    }
    assert_null(mho_model_get(mho_model_count()));
    mho_ctx_free(ctx);
}

/* ---- the suite itself: one fault at a time in a copy of the filament ---- */

static const mho_ext_model *whole; /* the model that the broken ones call */

static void wrong_jacobian(const mho_ext_batch *b, double *di_du, double *di_dx, double *df_du,
                           double *df_dx) {
    whole->jacobian(b, di_du, di_dx, df_du, df_dx);
    for (size_t i = 0; i < b->n; i++) {
        df_dx[i] *= 1.0001;
    }
}
static void leaking_power(const mho_ext_batch *b, double *in_W, double *stored_J, double *out_W) {
    whole->power(b, in_W, stored_J, out_W);
    for (size_t i = 0; i < b->n; i++) {
        out_W[i] *= 1.001;
    }
}
static void giving_eval(const mho_ext_batch *b, double *y, double *dx) {
    whole->eval(b, y, dx);
    for (size_t i = 0; i < b->n; i++) {
        y[i] -= 1e-3; /* a battery inside */
    }
}
static void jumping_eval(const mho_ext_batch *b, double *y, double *dx) {
    whole->eval(b, y, dx);
    for (size_t i = 0; i < b->n; i++) {
        y[i] *= b->u[i] > 0.3 ? 2 : 1;
    }
}
static void remembering_eval(const mho_ext_batch *b, double *y, double *dx) {
    static double count;
    whole->eval(b, y, dx);
    y[0] *= 1 + 1e-12 * (count += 1);
}
static void mixing_eval(const mho_ext_batch *b, double *y, double *dx) {
    whole->eval(b, y, dx);
    y[0] += b->n > 1 ? 1e-15 * y[1] : 0; /* looks at its neighbour */
}
static void broken_eval(const mho_ext_batch *b, double *y, double *dx) {
    whole->eval(b, y, dx);
    for (size_t i = 0; i < b->n; i++) {
        dx[i] = b->x[i] > 0.3 ? NAN : dx[i];
    }
}
static bool refusing_check(const double *p, char *why, size_t n_why) {
    (void)p;
    snprintf(why, n_why, "never");
    return false;
}

static void expect_fault(mho_ctx *ctx, const mho_ext_model *m, const char *line) {
    mho_model_verdict v;
    char *text = NULL;
    assert_int_equal(mho_model_check(ctx, m, 3, 30, &v, &text), MHO_ERR_FORMAT);
    assert_non_null(text);
    if (!strstr(text, line)) {
        print_error("wanted %s in\n%s", line, text);
    }
    assert_non_null(strstr(text, line));
    assert_true(v.n_failed >= 1);
    mho_text_free(ctx, text);
}

static void the_suite_finds_what_is_broken(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    whole = model(ctx, "vo2-filament");
    mho_ext_model m = *whole;
    m.jacobian = wrong_jacobian;
    expect_fault(ctx, &m, "FAILED   derivatives");
    m = *whole;
    m.power = leaking_power;
    expect_fault(ctx, &m, "FAILED   stored energy");
    m = *whole;
    m.eval = giving_eval;
    expect_fault(ctx, &m, "FAILED   the ports take power");
    m = *whole;
    m.eval = jumping_eval;
    expect_fault(ctx, &m, "FAILED   currents and rates have no jumps");
    m = *whole;
    m.eval = remembering_eval;
    expect_fault(ctx, &m, "FAILED   many devices together");
    m = *whole;
    m.eval = mixing_eval;
    expect_fault(ctx, &m, "FAILED   many devices together");
    m = *whole;
    m.eval = broken_eval;
    expect_fault(ctx, &m, "FAILED   currents, rates and powers are finite");
    m = *whole;
    m.check = refusing_check;
    expect_fault(ctx, &m, "FAILED   limits of parameters");
    mho_ctx_free(ctx);
}

static void expect_invalid(mho_ctx *ctx, const mho_ext_model *m, const char *wanted) {
    mho_model_verdict v;
    assert_int_equal(mho_model_check(ctx, m, 1, 1, &v, NULL), MHO_ERR_FORMAT);
    if (!strstr(mho_ctx_last_error(ctx), wanted)) {
        print_error("wanted %s, got %s\n", wanted, mho_ctx_last_error(ctx));
    }
    assert_non_null(strstr(mho_ctx_last_error(ctx), wanted));
}

static void bad_tables_are_refused(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    const mho_ext_model *good = model(ctx, "rram");
    mho_ext_param rows[16];
    mho_ext_model m = *good;
    m.struct_size -= 8;
    expect_invalid(ctx, &m, "compile it again");
    m = *good;
    m.name = "no spaces";
    expect_invalid(ctx, &m, "name");
    m = *good;
    m.n_port = 2;
    expect_invalid(ctx, &m, "2 ports, 1 inputs");
    m = *good;
    m.jacobian = NULL;
    expect_invalid(ctx, &m, "jacobian");
    m = *good;
    m.n_state = 1;
    expect_invalid(ctx, &m, "NULL although its count");
    m = *good;
    m.param = rows;
    memcpy(rows, good->param, good->n_param * sizeof *rows);
    rows[1].key = rows[0].key;
    expect_invalid(ctx, &m, "twice");
    memcpy(rows, good->param, good->n_param * sizeof *rows);
    rows[0].start = 1;
    expect_invalid(ctx, &m, "g_min_S: start 1");
    memcpy(rows, good->param, good->n_param * sizeof *rows);
    rows[2].mark = "x";
    expect_invalid(ctx, &m, "P, C or A");
    const mho_ext_value value = {"nothing", 1, "A", "x"};
    const mho_ext_card extra = {"extra", "x", 1, &value};
    m = *good;
    m.n_card = 1;
    m.card = &extra;
    expect_invalid(ctx, &m, "nothing is not the key");
    mho_ctx_free(ctx);
}

/* ---- cards ---- */

static mho_status load_text(mho_ctx *ctx, const mho_ext_model *m, const char *text,
                            mho_card **out) {
    char path[] = "/tmp/mho-card-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (int)strlen(text));
    close(fd);
    mho_status status = mho_card_load(ctx, m, path, out);
    unlink(path);
    return status;
}

static void cards_come_back_bit_for_bit(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    for (size_t k = 0; k < mho_model_count(); k++) {
        const mho_ext_model *m = mho_model_get(k);
        for (size_t c = 0; c <= m->n_card; c++) {
            mho_card *a, *b;
            char *text, *again;
            test_ok(ctx, mho_card_new(ctx, m, c < m->n_card ? m->card[c].name : NULL, &a));
            for (size_t j = 0; j < m->n_param; j += 3) { /* odd numbers, as a fit leaves them */
                double v = mho_card_values(a)[j] * 1.0123456789012345;
                if (!m->param[j].whole && v != mho_card_values(a)[j] && v >= m->param[j].min &&
                    v <= m->param[j].max) {
                    test_ok(ctx, mho_card_set(ctx, a, j, v, 'C', "a \"fit\" to c:\\data, 3 # x"));
                }
            }
            test_ok(ctx, mho_card_write(ctx, a, &text));
            test_ok(ctx, load_text(ctx, m, text, &b));
            test_ok(ctx, mho_card_write(ctx, b, &again));
            assert_string_equal(text, again);
            for (size_t j = 0; j < m->n_param; j++) {
                assert_true(mho_card_values(a)[j] == mho_card_values(b)[j]);
                assert_int_equal(mho_card_mark(a, j), mho_card_mark(b, j));
                assert_string_equal(mho_card_source(a, j), mho_card_source(b, j));
            }
            mho_text_free(ctx, text);
            mho_text_free(ctx, again);
            mho_card_free(a);
            mho_card_free(b);
        }
    }
    mho_ctx_free(ctx);
}

static void bad_cards_are_named(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", "not a card"},
        {"parameters:\n  rth: 1 K/W\n", "there is no \"model:\""},
        {"model: pcm\n", ":1:8: model = \"pcm\": this is a card of another model"},
        {"model: vo2-neuron\ncard: Q\n", ":2:7: card \"Q\": the cards of vo2-neuron are U, T, N"},
        {"model: vo2-neuron\nparameter:\n", ":2:1: parameter: not a key"},
        {"model: vo2-neuron\nmodel: x\n", ":2:1: model is there twice"},
        {"model: vo2-neuron\nmark: Z\n", ":2:7: mark = \"Z\""},
        {"model: vo2-neuron\nparameters: 3\n", "a mapping"},
        {"model: vo2-neuron\nparameters:\n  rht: 1 K/W\n",
         ":3:3: parameters.rht: not a parameter of vo2-neuron; did you mean \"rth\"?"},
        {"model: vo2-neuron\nparameters:\n  rth: 1 K\n",
         ":3:8: parameters.rth = \"1 K\" has the wrong unit; the unit wanted is K/W"},
        {"model: vo2-neuron\nparameters:\n  rth: 1e30 K/W\n",
         ":3:8: parameters.rth = \"1e30 K/W\": allowed are 1 K/W to 1 GK/W"},
        {"model: vo2-neuron\nparameters:\n  rth: many\n", ":3:8: parameters.rth = \"many\""},
        {"model: vo2-neuron\nparameters:\n  rth: nan\n", ":3:8: parameters.rth = \"nan\""},
        {"model: vo2-neuron\nparameters:\n  rth: [1, 2]\n", "parameters.rth: a single value"},
        {"model: vo2-neuron\nparameters:\n  n_slice: 2.5\n", "whole numbers from 1 to 64"},
        {"model: vo2-neuron\nparameters:\n  mixing: bruggeman\n",
         ":3:11: parameters.mixing = \"bruggeman\": allowed are series, bruggeman-2d"},
        {"model: vo2-neuron\nparameters:\n  rth: 1 K/W\n  rth: 2 K/W\n",
         ":4:3: parameters.rth is there twice"},
        {"model: vo2-neuron\nparameters:\n  gamma: 3\n", "gamma = 3"},
        {"model: [vo2-neuron\n", "not YAML"},
    };
    mho_ctx *ctx = test_ctx();
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        mho_card *c = (mho_card *)1;
        mho_status status = load_text(ctx, model(ctx, "vo2-neuron"), cases[k][0], &c);
        assert_int_equal(status, MHO_ERR_FORMAT);
        assert_null(c);
        if (!strstr(mho_ctx_last_error(ctx), cases[k][1])) {
            print_error("%s: wanted %s, got %s\n", cases[k][0], cases[k][1],
                        mho_ctx_last_error(ctx));
        }
        assert_non_null(strstr(mho_ctx_last_error(ctx), cases[k][1]));
    }
    mho_card *c;
    assert_int_equal(mho_card_load(ctx, model(ctx, "pcm"), "/nowhere/x.yaml", &c), MHO_ERR_IO);
    mho_ctx_free(ctx);
}

static void cards_of_the_models_are_those_of_the_library(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    const char *names[] = {"U", "T", "N"};
    for (int k = 0; k < 3; k++) {
        mho_card *c = card(ctx, "vo2-neuron", names[k]);
        mho_neuron_param want, got;
        test_ok(ctx, mho_neuron_card(ctx, names[k], &want));
        test_ok(ctx, mho_card_to_neuron(ctx, c, &got));
        for (size_t j = 0; j < mho_neuron_param_count(); j++) {
            mho_param_info info = mho_neuron_param_describe(j, names[k]);
            assert_true(mho_neuron_param_get(&want, j) == mho_neuron_param_get(&got, j));
            assert_int_equal(mho_card_mark(c, j), info.mark);
            assert_string_equal(mho_card_source(c, j), info.source);
            assert_int_equal(mho_card_row(mho_card_model(c), info.key), j);
        }
        assert_int_equal(got.mixing, want.mixing);
        want.rth_K_per_W *= 1.5;
        want.mixing = MHO_MIX_GEM;
        test_ok(ctx, mho_card_from_neuron(ctx, c, &want, 'C', "a fit"));
        test_ok(ctx, mho_card_to_neuron(ctx, c, &got));
        assert_true(got.rth_K_per_W == want.rth_K_per_W && got.mixing == MHO_MIX_GEM);
        assert_int_equal(mho_card_mark(c, mho_card_row(mho_card_model(c), "rth")), 'C');
        mho_card_free(c);
    }
    const mho_synapse_model cells[] = {MHO_SYNAPSE_CBRAM, MHO_SYNAPSE_PCM, MHO_SYNAPSE_RRAM};
    for (int k = 0; k < 3; k++) { /* one set of numbers for the bench and for chips */
        mho_card *c = card(ctx, mho_synapse_model_name(cells[k]), NULL);
        mho_synapse_param p = mho_synapse_card(cells[k]);
        size_t found = 0;
        for (size_t j = 0; j < mho_synapse_param_count(); j++) {
            mho_param_info info = mho_synapse_param_describe(j, cells[k]);
            size_t row = mho_card_row(mho_card_model(c), info.key);
            if (row < mho_card_model(c)->n_param) {
                found++;
                assert_true(mho_card_values(c)[row] == mho_synapse_param_get(&p, j));
                assert_int_equal(mho_card_mark(c, row), info.mark);
            }
        }
        assert_true(found >= 6);
        mho_card_free(c);
    }
    mho_card *c = card(ctx, "optomemristor", NULL);
    mho_opto_param want = mho_opto_card(), got;
    test_ok(ctx, mho_card_to_opto(ctx, c, &got));
    for (size_t j = 0; j < mho_opto_param_count(); j++) {
        assert_true(mho_opto_param_get(&want, j) == mho_opto_param_get(&got, j));
    }
    mho_neuron_param other;
    assert_int_equal(mho_card_to_neuron(ctx, c, &other), MHO_ERR_ARG);
    mho_card_free(c);
    mho_ctx_free(ctx);
}

/* ---- devices in time ---- */

static mho_device *device(mho_ctx *ctx, const mho_card *c, size_t n, bool spread) {
    mho_device *d;
    test_ok(ctx, mho_device_new(ctx, c, 5, 3, n, spread, &d));
    return d;
}

static void carriers_and_state_follow_the_closed_forms(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_card *c = card(ctx, "optomemristor", NULL);
    mho_opto_param p;
    test_ok(ctx, mho_card_to_opto(ctx, c, &p));
    mho_device *d = device(ctx, c, 1, false);
    double t = 0;
    mho_device_inputs(d)[1] = 2.3; /* light */
    for (int k = 0; k < 10; k++) {
        test_ok(ctx, mho_device_step(d, 0.37, 1e-8));
        t += 0.37;
        test_close(mho_device_states(d)[1], mho_opto_carriers_after(&p, 0, 2.3, t), 0, 1e-6);
        assert_true(mho_device_states(d)[0] == 0);
    }
    double n = mho_device_states(d)[1], x = 0;
    mho_device_inputs(d)[1] = 0; /* a write pulse in the dark, carriers decaying */
    mho_device_inputs(d)[0] = 0.159;
    test_ok(ctx, mho_device_step(d, 1e-4, 1e-9));
    test_close(mho_device_states(d)[0], mho_opto_state_after(&p, x, n, 0.159, 1e-4, 1), 1e-7, 0);
    mho_device_free(d);
    mho_card_free(c);
    mho_ctx_free(ctx);
}

/* Heat, cool, heat again with the heater: the film's resistance on its minor loops is that of the
 * same temperatures in the film's own code, which knows nothing of this model. */
static void the_neuron_remembers_like_the_film(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_card *c = card(ctx, "vo2-neuron", "T");
    set(ctx, c, "n_slice=1");
    set(ctx, c, "dead_band=0.00001 K");
    mho_neuron_param p;
    test_ok(ctx, mho_card_to_neuron(ctx, c, &p));
    mho_device *d = device(ctx, c, 1, false);
    static const double drive[] = {0, 0.3, 0.6, 0.68, 0.62, 0.5, 0.55, 0.65, 0.7, 0.3, 0};
    enum { N = sizeof drive / sizeof *drive };
    double t[N], ohm[N], want[N], y[5], dx[1];
    for (int k = 0; k < N; k++) {
        mho_device_inputs(d)[1] = drive[k];
        test_ok(ctx, mho_device_settle(d));
        mho_device_eval(d, y, dx);
        ohm[k] = y[2];
        t[k] = y[3];
        double ph = drive[k] * y[1]; /* at rest: power in is heat out */
        test_close(t[k] - p.t_base_K, ph * p.rth_K_per_W, 1e-6, 1e-8);
    }
    test_ok(ctx, mho_vo2_rt_path(ctx, &p, 1e-6, N, t, want, NULL, NULL));
    for (int k = 0; k < N; k++) {
        test_close(ohm[k], want[k], 0, 2e-4); /* reversal where the dead band ends */
    }
    mho_device_free(d);
    mho_card_free(c);
    mho_ctx_free(ctx);
}

static void energy_closes_over_a_cycle(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_card *c = card(ctx, "vo2-neuron", "N");
    mho_device *d = device(ctx, c, 1, false);
    double in, stored, out, first, delivered = 0, taken = 0, dt = 2e-12;
    mho_device_power(d, &in, &first, &out);
    for (int k = 0; k < 30000; k++) { /* heat up through the transition, then cool */
        double before_in, before_out;
        mho_device_inputs(d)[1] = k < 15000 ? 0.75 : 0.1;
        mho_device_power(d, &before_in, &stored, &before_out);
        test_ok(ctx, mho_device_step(d, dt, 1e-9));
        mho_device_power(d, &in, &stored, &out);
        delivered += 0.5 * dt * (before_in + in);
        taken += 0.5 * dt * (before_out + out);
    }
    test_close(delivered - taken, stored - first, 1e-6 * delivered, 0);
    mho_device_free(d);
    mho_card_free(c);
    mho_ctx_free(ctx);
}

static void the_filament_settles_where_heat_balances(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_card *c = card(ctx, "vo2-filament", NULL);
    mho_device *d = device(ctx, c, 3, true);
    for (size_t i = 0; i < 3; i++) {
        mho_device_inputs(d)[i] = 1.2; /* above the threshold: the core opens */
    }
    test_ok(ctx, mho_device_settle(d));
    for (size_t i = 0; i < 3; i++) {
        assert_true(mho_device_states(d)[i] > 0.9);
        mho_device_inputs(d)[i] = 0.05; /* below hold: it closes */
    }
    test_ok(ctx, mho_device_settle(d));
    for (size_t i = 0; i < 3; i++) {
        test_close(mho_device_states(d)[i], 1e-3, 0, 1e-12);
    }
    mho_device_free(d);
    mho_card_free(c);
    mho_ctx_free(ctx);
}

static void a_device_is_the_same_in_any_company(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    for (size_t k = 0; k < mho_model_count(); k++) {
        const mho_ext_model *m = mho_model_get(k);
        mho_card *c;
        mho_device *many, *one;
        test_ok(ctx, mho_card_new(ctx, m, NULL, &c));
        test_ok(ctx, mho_device_new(ctx, c, 9, 100, 7, true, &many));
        test_ok(ctx, mho_device_new(ctx, c, 9, 104, 1, true, &one));
        double amount[7] = {1, 1, 1, 1, 1, 1, 1}, target[7];
        for (int j = 0; j < 7; j++) {
            target[j] = 1.3e-5;
        }
        if (m->pulse) {
            test_ok(ctx, mho_device_pulse(many, amount));
            test_ok(ctx, mho_device_pulse(one, amount));
        }
        if (m->program) {
            test_ok(ctx, mho_device_program(many, target));
            test_ok(ctx, mho_device_program(one, target));
        }
        for (size_t j = 0; j < 7; j++) {
            mho_device_inputs(many)[j] = m->input[0].max;
        }
        mho_device_inputs(one)[0] = m->input[0].max;
        if (m->n_state) {
            test_ok(ctx, mho_device_step(many, 1e-8, 1e-6));
            test_ok(ctx, mho_device_step(one, 1e-8, 1e-6));
        }
        double a[MHO_EXT_MAX_OUTPUT * 7], b[MHO_EXT_MAX_OUTPUT], da[MHO_EXT_MAX_STATE * 7],
            db[MHO_EXT_MAX_STATE];
        mho_device_eval(many, a, da);
        mho_device_eval(one, b, db);
        for (size_t j = 0; j < m->n_output; j++) {
            assert_true(a[j * 7 + 4] == b[j]);
        }
        for (size_t j = 0; j < mho_model_n_memory(m); j++) {
            assert_true(mho_device_memory(many)[j * 7 + 4] == mho_device_memory(one)[j]);
        }
        mho_device_free(many);
        mho_device_free(one);
        mho_card_free(c);
    }
    mho_ctx_free(ctx);
}

static void wrong_calls_are_refused(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_card *c = card(ctx, "vo2-neuron", NULL);
    mho_device *d, *none;
    assert_int_equal(mho_device_new(ctx, c, 1, 0, 0, false, &none), MHO_ERR_ARG);
    assert_null(none);
    d = device(ctx, c, 1, false);
    double x = NAN, g = 1e-5;
    assert_int_equal(mho_device_set_states(d, &x), MHO_ERR_ARG);
    x = -1;
    assert_int_equal(mho_device_set_states(d, &x), MHO_ERR_ARG);
    assert_int_equal(mho_device_pulse(d, &g), MHO_ERR_ARG);
    assert_int_equal(mho_device_program(d, &g), MHO_ERR_ARG);
    assert_int_equal(mho_device_read(d, &g), MHO_ERR_ARG);
    assert_int_equal(mho_device_step(d, -1, 1e-6), MHO_ERR_ARG);
    assert_int_equal(mho_device_step(d, 1, 2), MHO_ERR_ARG);
    mho_device_free(d);
    mho_card_free(c);
    c = card(ctx, "pulsed", "ecram");
    d = device(ctx, c, 1, true);
    g = 1.5;
    assert_int_equal(mho_device_pulse(d, &g), MHO_ERR_ARG);
    mho_device_free(d);
    mho_card_free(c);
    c = card(ctx, "pcm", NULL);
    d = device(ctx, c, 1, true);
    g = -1;
    assert_int_equal(mho_device_program(d, &g), MHO_ERR_ARG);
    mho_device_free(d);
    mho_card_free(c);
    mho_model *m;
    assert_int_equal(mho_model_load(ctx, "/nowhere/x.so", &m), MHO_ERR_IO);
    assert_null(m);
    assert_int_equal(mho_model_table(ctx, "/nowhere/x.csv", &m), MHO_ERR_IO);
    mho_ctx_free(ctx);
}

static mho_status everything_once(mho_ctx *ctx, const char *text) {
    mho_card *a = NULL, *b = NULL;
    mho_device *d = NULL;
    char *out = NULL;
    mho_status status = load_text(ctx, mho_model_get(0), text, &a);
    if (status == MHO_OK) {
        status = mho_card_write(ctx, a, &out);
        mho_text_free(ctx, out);
    }
    if (status == MHO_OK) {
        status = mho_card_new(ctx, mho_model_get(5), "ecram", &b);
    }
    if (status == MHO_OK) {
        status = mho_device_new(ctx, b, 1, 0, 10, true, &d);
    }
    mho_device_free(d);
    mho_card_free(a);
    mho_card_free(b);
    return status;
}

static void running_out_of_memory_leaks_nothing(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    const char *text = "model: vo2-neuron\ncard: T\nparameters:\n  rth: 3 MK/W\n";
    size_t bytes = mho_ctx_bytes(ctx);
    for (size_t n = 1;; n++) {
        mho_ctx_fail_alloc(ctx, n);
        mho_status status = everything_once(ctx, text);
        assert_int_equal(mho_ctx_bytes(ctx), bytes);
        if (status == MHO_OK) {
            assert_true(n > 10);
            break;
        }
        assert_int_equal(status, MHO_ERR_NOMEM);
    }
    mho_ctx_fail_alloc(ctx, 0);
    mho_ctx_free(ctx);
}

static void monotone_cubics_rise_where_the_points_rise(void **state) {
    (void)state;
    enum { N = 7 };
    const double x[N] = {-2, -1.1, 0.3, 0.4, 2, 3.5, 7}, y[N] = {0, 0.1, 0.1, 2, 2.1, 9, 9.5};
    double slope[N], d;
    mho_i_monotone_slopes(N, x, y, slope);
    double last = -1;
    for (double at = -2; at <= 7; at += 0.013) {
        double h = 1e-6, a, b, v = mho_i_monotone_at(N, x, y, slope, at, &d);
        assert_true(v >= last - 1e-14 && d >= 0);
        last = v;
        double up = mho_i_monotone_at(N, x, y, slope, at + h, &a);
        double down = mho_i_monotone_at(N, x, y, slope, at - h, &b);
        if (fabs(a - b) < 1e-3) {
            test_close(d, (up - down) / (2 * h), 1e-4, 1e-4);
        }
    }
    for (int k = 0; k < N; k++) {
        test_close(mho_i_monotone_at(N, x, y, slope, x[k], &d), y[k], 0, 1e-15);
    }
    const double line[N] = {-3, -1.2, 1.6, 1.8, 5, 8, 15}; /* 2 x + 1 */
    mho_i_monotone_slopes(N, x, line, slope);
    for (double at = -4; at < 9; at += 0.37) {
        test_close(mho_i_monotone_at(N, x, line, slope, at, &d), 2 * at + 1, 1e-12, 0);
        test_close(d, 2, 1e-12, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_model_conforms),
        cmocka_unit_test(the_suite_finds_what_is_broken),
        cmocka_unit_test(bad_tables_are_refused),
        cmocka_unit_test(cards_come_back_bit_for_bit),
        cmocka_unit_test(bad_cards_are_named),
        cmocka_unit_test(cards_of_the_models_are_those_of_the_library),
        cmocka_unit_test(carriers_and_state_follow_the_closed_forms),
        cmocka_unit_test(the_neuron_remembers_like_the_film),
        cmocka_unit_test(energy_closes_over_a_cycle),
        cmocka_unit_test(the_filament_settles_where_heat_balances),
        cmocka_unit_test(a_device_is_the_same_in_any_company),
        cmocka_unit_test(wrong_calls_are_refused),
        cmocka_unit_test(running_out_of_memory_leaks_nothing),
        cmocka_unit_test(monotone_cubics_rise_where_the_points_rise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
