/* test_errors_device.c - what the device room refuses: cards, models from outside, measurements,
 * neurons that have no state. Each message names the value, the place and what is allowed. */
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device/card_int.h"

static const mho_ext_model *model(mho_ctx *ctx, const char *name) {
    const mho_ext_model *m;
    test_ok(ctx, mho_model_find(ctx, name, &m));
    return m;
}

/* A file with this text, until the next call. */
static const char *file_with(mho_ctx *ctx, const char *text) {
    static char path[] = "/tmp/mho-errors-device.XXXXXX";
    if (path[strlen(path) - 1] == 'X') {
        close(mkstemp(path));
    }
    test_ok(ctx, mho_i_file_write(ctx, path, text, strlen(text)));
    return path;
}

static void cards_are_checked(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_card *c;
    test_refused(ctx, mho_card_new(ctx, model(ctx, "rram"), "T", &c), MHO_ERR_ARG, "card \"T\"",
                 "rram has one card only");
    assert_null(c);
    test_ok(ctx, mho_card_new(ctx, model(ctx, "vo2-neuron"), "N", &c));
    test_refused(ctx, mho_card_set(ctx, c, 999, 1, 0, NULL), MHO_ERR_ARG, "parameter 999",
                 "vo2-neuron has");
    test_refused(ctx, mho_card_set_text(ctx, c, "rth"), MHO_ERR_ARG, "\"rth\"",
                 "key=value is wanted");
    test_refused(ctx, mho_card_set_text(ctx, c, "=2"), MHO_ERR_ARG, "key=value is wanted");
    test_refused(ctx, mho_card_set_text(ctx, c, "qqqqqqqqqqqq=2"), MHO_ERR_ARG,
                 "\"qqqqqqqqqqqq\" is not a parameter of vo2-neuron", "--card lists them");
    mho_cbram_param cbram;
    mho_opto_param opto;
    mho_neuron_param neuron;
    test_refused(ctx, mho_card_to_cbram(ctx, c, &cbram), MHO_ERR_ARG, "a card of vo2-neuron",
                 "cbram is wanted");
    test_refused(ctx, mho_card_to_opto(ctx, c, &opto), MHO_ERR_ARG, "a card of vo2-neuron",
                 "optomemristor is wanted");
    mho_card_free(c);
    test_ok(ctx, mho_card_new(ctx, model(ctx, "cbram"), NULL, &c));
    test_ok(ctx, mho_card_to_cbram(ctx, c, &cbram));
    const mho_cbram_param want = mho_cbram_card();
    assert_memory_equal(&cbram, &want, sizeof want);
    test_refused(ctx, mho_card_to_neuron(ctx, c, &neuron), MHO_ERR_ARG, "a card of cbram",
                 "vo2-neuron is wanted");
    test_ok(ctx, mho_neuron_card(ctx, "N", &neuron));
    test_refused(ctx, mho_card_from_neuron(ctx, c, &neuron, 'C', "x"), MHO_ERR_ARG,
                 "a card of cbram", "vo2-neuron is wanted");
    mho_card_free(c);
    test_refused(ctx,
                 mho_card_load(ctx, model(ctx, "rram"),
                               file_with(ctx, "model: rram\nparameters:\n  qqqqqqqqqqqq: 1\n"), &c),
                 MHO_ERR_FORMAT, ":3:3: parameters.qqqqqqqqqqqq: not a parameter of rram",
                 "allowed: g_min");
    mho_ctx_free(ctx);
}

/* The model is the user's own, never looked at: a default out of its range is found with the card.
 */
static void a_default_out_of_range_is_found(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_ext_model m = *model(ctx, "rram");
    mho_ext_param rows[32];
    memcpy(rows, m.param, m.n_param * sizeof *rows);
    rows[0].start = 1;
    m.param = rows;
    mho_card *c;
    test_ok(ctx, mho_card_new(ctx, &m, NULL, &c));
    test_refused(ctx, mho_card_check(ctx, c), MHO_ERR_ARG, "g_min = 1", "allowed are");
    mho_card_free(c);
    mho_ctx_free(ctx);
}

static void cells_need_a_window(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_cbram_param p = mho_cbram_card();
    p.g_max_S = p.g_min_S;
    const double target = 1e-6;
    double g = 7;
    mho_write_stats stats;
    test_refused(ctx, mho_cbram_program(ctx, &p, 1, 0, 1, &target, &g, true, true, &stats),
                 MHO_ERR_ARG, "g_min = 1e-06 S is not below g_max = 1e-06 S");
    assert_true(g == 7);
    mho_ctx_free(ctx);
}

static void table_refused(mho_ctx *ctx, const char *text, const char *part, const char *more) {
    mho_model *m;
    test_refused(ctx, mho_model_table(ctx, file_with(ctx, text), &m), MHO_ERR_FORMAT, part, more);
    assert_null(m);
}

static void measurements_are_checked(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    table_refused(ctx, "V (V),I (A)\n0,a\n1,b\n", ":2: ", "the value, column 2, is text");
    table_refused(ctx, "V (V)\n0\n1\n", ":2: 1 columns, 2 rows", "two columns and two rows");
    table_refused(ctx, "pulse,G (S)\n0,1e-6\n1,-2e-6\n2,1e-6\n", ":3: conductance -2e-06 S",
                  "0 or more");
    table_refused(ctx, "V (V),I (A)\n0,0\n1,nan\n2,1\n", ":3: no number in column 2",
                  "must not have gaps");
    mho_model *m;
    test_refused(ctx, mho_model_table(ctx, "/nowhere/iv.csv", &m), MHO_ERR_IO, "/nowhere/iv.csv");
    test_refused(ctx, mho_model_load(ctx, file_with(ctx, "not code"), &m), MHO_ERR_IO,
                 "cannot be loaded");
    assert_null(m);
    unlink(file_with(ctx, ""));
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

/* ---- tables of models, one thing wrong at a time ---- */

static mho_ext_model m;
static mho_ext_param param[64];
static mho_ext_card card[4];
static mho_ext_value value;
static mho_ext_input input[8];
static mho_ext_output output[8];
static mho_ext_state row[8];
static mho_ext_memory memory[8];

/* a fresh copy of the filament (it has states) with the memory of the table of the neuron */
static void whole(mho_ctx *ctx) {
    m = *model(ctx, "vo2-filament");
    const mho_ext_model *with_memory = model(ctx, "vo2-neuron");
    memcpy(param, m.param, m.n_param * sizeof *param);
    memcpy(input, m.input, m.n_input * sizeof *input);
    memcpy(output, m.output, m.n_output * sizeof *output);
    memcpy(row, m.state, m.n_state * sizeof *row);
    memcpy(memory, with_memory->memory, with_memory->n_memory_row * sizeof *memory);
    value = (mho_ext_value){param[0].key, param[0].start, "A", "made up"};
    card[0] = (mho_ext_card){"extra", "a card", 1, &value};
    m.param = param;
    m.input = input;
    m.output = output;
    m.state = row;
    m.n_memory_row = with_memory->n_memory_row;
    m.memory = memory;
    m.n_card = 1;
    m.card = card;
}

#define TABLE_REFUSED(...)                                                                         \
    do {                                                                                           \
        test_refused(ctx, mho_i_model_validate(ctx, "own.so", &m), MHO_ERR_FORMAT,                 \
                     "own.so: ", __VA_ARGS__);                                                     \
        whole(ctx);                                                                                \
    } while (0)

static void every_row_of_a_table_is_looked_at(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    static const char *const two_words[] = {"one", "two", NULL};
    whole(ctx);
    test_ok(ctx, mho_i_model_validate(ctx, "own.so", &m));
    param[1].unit = NULL;
    TABLE_REFUSED("param[1]: key", "unit, source and help are wanted");
    param[1].word = two_words;
    param[1].min = 0;
    param[1].max = 7;
    TABLE_REFUSED("param[1] ", "2 words need min 0 and max 1");
    card[0].name = "no spaces";
    TABLE_REFUSED("card[0]: name, summary and values are wanted");
    value.value = 2 * param[0].max;
    TABLE_REFUSED("card extra: ", param[0].key, "needs a value from", "mark and source");
    value.source = NULL;
    TABLE_REFUSED("card extra: ", "mark and source");
    input[0].start = 2 * input[0].max;
    TABLE_REFUSED("input[0]: key, unit, help and finite min <= start <= max");
    row[0].start = NAN;
    TABLE_REFUSED("state[0]: key, unit, help and min <= start <= max");
    memory[0].count = 5000;
    TABLE_REFUSED("memory[0]: key, unit, help, count 1 to 4096");
    output[0].help = NULL;
    TABLE_REFUSED("output[0]: key, unit and help are wanted");
    output[0].unit = "V";
    TABLE_REFUSED("output[0] ", "currents into the ports, unit A");
    m.n_output = 0;
    TABLE_REFUSED("0 outputs: at least the 1 currents, at most");
    m.n_state = 1000;
    TABLE_REFUSED("1000 states", "at most");
    mho_ctx_free(ctx);
}

/* A state that grows for ever. */
static void drift(const mho_ext_batch *b, double *y, double *dx) {
    for (size_t i = 0; i < b->n; i++) {
        y[i] = 0;
        dx[i] = 1 + b->x[i];
    }
}
static void drift_slopes(const mho_ext_batch *b, double *di_du, double *di_dx, double *df_du,
                         double *df_dx) {
    for (size_t i = 0; i < b->n; i++) {
        di_du[i] = di_dx[i] = df_du[i] = 0;
        df_dx[i] = 1;
    }
}

static void devices_that_never_settle_are_marked(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    static const mho_ext_input in = {"v", "V", 0, -1, 1, "voltage"};
    static const mho_ext_output out = {"i", "A", "current"};
    static const mho_ext_state x = {"x", "", 0, -INFINITY, INFINITY, "grows"};
    const mho_ext_model drifts = {.struct_size = sizeof drifts,
                                  .version = MHO_EXT_VERSION,
                                  .name = "drift",
                                  .summary = "s",
                                  .equations = "e",
                                  .source = "made up",
                                  .n_input = 1,
                                  .n_port = 1,
                                  .input = &in,
                                  .n_output = 1,
                                  .output = &out,
                                  .n_state = 1,
                                  .state = &x,
                                  .eval = drift,
                                  .jacobian = drift_slopes};
    mho_card *c;
    mho_device *d;
    test_ok(ctx, mho_i_model_validate(ctx, "own.so", &drifts));
    test_ok(ctx, mho_card_new(ctx, &drifts, NULL, &c));
    test_ok(ctx, mho_device_new(ctx, c, 1, 0, 1, false, &d));
    test_refused(ctx, mho_device_settle(d), MHO_WARN_NOT_CONVERGED,
                 "drift: device 0 does not come to rest");
    mho_device_free(d);
    mho_card_free(c);
    mho_ctx_free(ctx);
}

static void neurons_without_a_state_are_refused(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_neuron_param p;
    mho_neuron_design d;
    test_ok(ctx, mho_neuron_card(ctx, "N", &p));
    test_ok(ctx, mho_neuron_design_relu(ctx, &p, 1.0, 1.6, &d));
    const mho_neuron_grid g = {-1, 0, 1.5, 4, 4};
    mho_neuron_device dev = {0};
    mho_neuron_trim trim = {1, 25, 0.1, 0};
    float table[18];
    test_refused(ctx,
                 mho_neuron_tables(ctx, &p, &d.circuit, 1, 0, 1, &dev, &trim, &g, 1, table, NULL),
                 MHO_ERR_ARG, "trim DAC of 25 bit over +-0.1 V", "1 to 24 bit");
    mho_neuron_circuit hot = d.circuit;
    hot.v_read_V *= 4;
    test_refused(ctx, mho_neuron_latched_table(ctx, &p, &hot, &g, 1, table), MHO_ERR_SINGULAR,
                 "without its reset runs away thermally below z = 1.5", "lower film_heat");
    p.r300_ohm = p.r_metal_ohm; /* a film whose resistance never changes */
    p.ea_K = 0;
    test_refused(ctx, mho_neuron_design_relu(ctx, &p, 1.0, 1.6, &d), MHO_ERR_ARG,
                 "no working point found", "transition above the base temperature 320 K");
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cards_are_checked),
        cmocka_unit_test(a_default_out_of_range_is_found),
        cmocka_unit_test(cells_need_a_window),
        cmocka_unit_test(measurements_are_checked),
        cmocka_unit_test(every_row_of_a_table_is_looked_at),
        cmocka_unit_test(devices_that_never_settle_are_marked),
        cmocka_unit_test(neurons_without_a_state_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
