/* test_errors_chip.c - graphs that no chip can be made of: the node is named, and what to do; what
 * chips, their specs and their files refuse. */
#include "test_chip_net.h"

#include <unistd.h>

typedef struct sketch {
    mho_ctx *ctx;
    mho_chip_spec spec;
    mho_graph *g;
    int x; /* input */
} sketch;

static sketch begin(mho_ctx *ctx, size_t n_dim, const size_t *shape) {
    sketch s = {.ctx = ctx};
    test_ok(ctx, mho_chip_spec_default(ctx, &s.spec));
    test_ok(ctx, mho_graph_new(ctx, &s.g));
    test_ok(ctx, mho_graph_add_input(s.g, "x", n_dim, shape, &s.x));
    return s;
}
#define BEGIN(...)                                                                                 \
    begin(ctx, sizeof((size_t[]){__VA_ARGS__}) / sizeof(size_t), (size_t[]){__VA_ARGS__})

static int constant(sketch *s, const char *name, size_t n_dim, const size_t *shape) {
    size_t n = 1;
    for (size_t k = 0; k < n_dim; k++) {
        n *= shape[k];
    }
    float *w = malloc(n * sizeof *w);
    mho_i_rng_normal_f(3, MHO_RNG_TEST, 0, 0, n, w);
    int y;
    test_ok(s->ctx, mho_graph_add_constant(s->g, name, n_dim, shape, w, &y));
    free(w);
    return y;
}

static int node(sketch *s, mho_graph_op op, const char *name, size_t n, const int *in,
                const mho_graph_attr *attr) {
    int y;
    mho_graph_attr plain = mho_graph_attr_default();
    test_ok(s->ctx, mho_graph_add_node(s->g, op, name, n, in, attr ? attr : &plain, 0, NULL, &y));
    return y;
}

static int reshape(sketch *s, int x, size_t n_dim, const size_t *shape) {
    int y;
    mho_graph_attr plain = mho_graph_attr_default();
    test_ok(s->ctx,
            mho_graph_add_node(s->g, MHO_OP_RESHAPE, NULL, 1, &x, &plain, n_dim, shape, &y));
    return y;
}

static int dense(sketch *s, const char *name, int x, size_t n_in, size_t n_out) {
    float *w = malloc(n_in * n_out * sizeof *w);
    mho_i_rng_normal_f(4, MHO_RNG_TEST, 0, 0, n_in * n_out, w);
    int y;
    test_ok(s->ctx, mho_graph_add_dense(s->g, name, x, n_out, w, NULL, &y));
    free(w);
    return y;
}

static int conv1x1(sketch *s, const char *name, int x, size_t in_c, size_t out_c) {
    mho_graph_attr attr = mho_graph_attr_default();
    float *w = malloc(in_c * out_c * sizeof *w);
    mho_i_rng_normal_f(4, MHO_RNG_TEST, 1, 0, in_c * out_c, w);
    int y;
    test_ok(s->ctx, mho_graph_add_conv(s->g, name, x, out_c, &attr, w, NULL, &y));
    free(w);
    return y;
}

/* No chip can be made of it; the graph is freed. */
static void no_chip(sketch *s, int output, const char *part, const char *more) {
    mho_chip *chip;
    test_ok(s->ctx, mho_graph_add_output(s->g, output));
    test_refused(s->ctx, mho_chip_new_graph(s->ctx, &s->spec, s->g, NULL, NULL, &chip), MHO_ERR_ARG,
                 part, more);
    assert_null(chip);
    mho_graph_free(s->g);
    assert_int_equal(mho_ctx_bytes(s->ctx), 0);
}

/* A network that only pools makes a chip of wires and comparisons. */
static void a_chip_without_arrays_has_no_voltage_drop(void **state) {
    mho_ctx *ctx = *state;
    sketch s = BEGIN(1, 4, 4, 4);
    mho_graph_attr pool = mho_graph_attr_default();
    pool.kernel[0] = pool.kernel[1] = pool.stride[0] = pool.stride[1] = 2;
    mho_chip *chip = NULL;
    test_ok(ctx, mho_graph_add_output(s.g, node(&s, MHO_OP_MAX_POOL, "pool", 1, &s.x, &pool)));
    test_ok(ctx, mho_chip_new_graph(ctx, &s.spec, s.g, NULL, NULL, &chip));
    size_t n_row = 7, n_col = 7;
    test_refused(ctx, mho_chip_tile_drop(chip, NULL, &n_row, &n_col, NULL), MHO_ERR_ARG,
                 "this chip has no array", "voltage drop");
    assert_int_equal(n_row, 7);
    mho_chip_free(chip);
    mho_graph_free(s.g);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
}

static void batches_are_refused(void **state) {
    mho_ctx *ctx = *state;
    sketch s = BEGIN(2, 3, 4, 4);
    no_chip(&s, conv1x1(&s, "conv", s.x, 3, 5), "2 samples at a time", "a batch of 1");
    static const size_t two[] = {2, 2, 4, 4};
    static const char text[] = "its batch is not 1";
    s = BEGIN(1, 4, 4, 4);
    int y = reshape(&s, s.x, 4, two);
    mho_graph_attr pool = mho_graph_attr_default();
    pool.kernel[0] = pool.kernel[1] = pool.stride[0] = pool.stride[1] = 2;
    y = node(&s, MHO_OP_MAX_POOL, "pool", 1, &y, &pool);
    no_chip(&s, y, "pool", text);
    s = BEGIN(1, 4, 4, 4);
    no_chip(&s, conv1x1(&s, "conv", reshape(&s, s.x, 4, two), 2, 5), "conv", text);
    s = BEGIN(1, 4, 4, 4);
    y = reshape(&s, s.x, 4, two);
    mho_graph_attr swap = mho_graph_attr_default();
    swap.perm[0] = 0;
    swap.perm[1] = 1;
    swap.perm[2] = 3;
    swap.perm[3] = 2;
    y = node(&s, MHO_OP_TRANSPOSE, "swap", 1, &y, &swap);
    no_chip(&s, y, "swap", text);
}

static void what_has_no_place_on_arrays_is_named(void **state) {
    mho_ctx *ctx = *state;
    static const size_t six[] = {6}, odd[] = {1, 6, 1, 4};
    /* weights that are activations, and products over several rows */
    sketch s = BEGIN(1, 1, 4, 4);
    int y = node(&s, MHO_OP_MATMUL, "square", 2, (int[]){s.x, s.x}, NULL);
    no_chip(&s, y, "square", "its weights are not constants");
    s = BEGIN(1, 4, 5);
    y = constant(&s, "w", 2, (size_t[]){5, 7});
    y = node(&s, MHO_OP_MATMUL, "rows", 2, (int[]){s.x, y}, NULL);
    no_chip(&s, y, "rows", "several rows of one sample");
    /* arithmetic */
    s = BEGIN(1, 6, 4, 4);
    y = constant(&s, "c", 4, odd);
    y = node(&s, MHO_OP_ADD, "shift", 2, (int[]){s.x, y}, NULL);
    no_chip(&s, conv1x1(&s, "conv", y, 6, 3), "shift", "one number, or one for each channel");
    s = BEGIN(1, 6, 4, 4);
    const int bn[5] = {s.x, constant(&s, "a", 1, six), constant(&s, "b", 1, six), s.x,
                       constant(&s, "d", 1, six)};
    int small[5];
    memcpy(small, bn, sizeof bn);
    small[3] = reshape(&s, node(&s, MHO_OP_GLOBAL_AVERAGE_POOL, NULL, 1, &s.x, NULL), 1, six);
    y = node(&s, MHO_OP_BATCHNORM, "norm", 5, small, NULL);
    no_chip(&s, conv1x1(&s, "conv", y, 6, 3), "norm", "its parameters are not constants");
    static const size_t three[] = {3}, other[] = {1, 3, 8, 4};
    s = BEGIN(1, 6, 4, 4);
    y = reshape(&s, s.x, 4, other);
    y = node(&s, MHO_OP_BATCHNORM, "norm", 5,
             (int[]){y, constant(&s, "a", 1, three), constant(&s, "b", 1, three),
                     constant(&s, "c", 1, three), constant(&s, "d", 1, three)},
             NULL);
    no_chip(&s, conv1x1(&s, "conv", y, 3, 3), "norm", "other channels than what it reads");
    s = BEGIN(1, 6, 4, 4);
    y = node(&s, MHO_OP_GLOBAL_AVERAGE_POOL, NULL, 1, &s.x, NULL);
    y = node(&s, MHO_OP_ADD, "sum", 2,
             (int[]){conv1x1(&s, "one", y, 6, 3), conv1x1(&s, "all", s.x, 6, 3)}, NULL);
    no_chip(&s, y, "", "its summands have different shapes");
    /* ends and means */
    s = BEGIN(1, 6, 4, 4);
    mho_graph_attr over = mho_graph_attr_default();
    over.axis = 1;
    y = node(&s, MHO_OP_SOFTMAX, "soft", 1, &s.x, &over);
    no_chip(&s, conv1x1(&s, "conv", y, 6, 3), "soft", "only at the end");
    s = BEGIN(1, 6, 4, 4);
    over.reduce[1] = true;
    test_ok(ctx, mho_graph_add_node(s.g, MHO_OP_REDUCE_MEAN, "mean", 1, &s.x, &over, 4,
                                    (size_t[]){1, 1, 4, 4}, &y));
    no_chip(&s, y, "mean", "other dimensions than rows and columns");
    s = BEGIN(1, 6, 4, 4);
    dense(&s, "fc", s.x, 96, 3);
    no_chip(&s, constant(&s, "c", 4, odd), "output c depends on no layer", "");
}

static void wires_take_what_wires_can(void **state) {
    mho_ctx *ctx = *state;
    sketch s = BEGIN(1, 2, 4, 4);
    mho_graph_attr attr = mho_graph_attr_default();
    attr.before[3] = 1;
    attr.pad_value = 2;
    int y = node(&s, MHO_OP_PAD, "pad", 1, &s.x, &attr);
    no_chip(&s, conv1x1(&s, "conv", y, 2, 3), "pad", "another number than 0");
    s = BEGIN(1, 2, 4, 4);
    attr = mho_graph_attr_default();
    attr.axis = 1;
    y = constant(&s, "c", 4, (size_t[]){1, 2, 4, 4});
    y = node(&s, MHO_OP_CONCAT, "join", 2, (int[]){s.x, y}, &attr);
    no_chip(&s, conv1x1(&s, "conv", y, 4, 3), "join", "it joins constants");
    s = BEGIN(1, 1, 2048, 8192);
    attr.perm[0] = 0;
    attr.perm[1] = 1;
    attr.perm[2] = 3;
    attr.perm[3] = 2;
    y = node(&s, MHO_OP_TRANSPOSE, "turn", 1, &s.x, &attr);
    no_chip(&s, conv1x1(&s, "conv", y, 1, 1), "turn", "more than 16 million numbers");
}

static void a_constant_is_no_activation(void **state) {
    mho_ctx *ctx = *state;
    sketch s = BEGIN(1, 2, 4, 4);
    int c = constant(&s, "c", 4, (size_t[]){1, 2, 4, 4});
    int y = node(&s, MHO_OP_ADD, "sum", 2,
                 (int[]){conv1x1(&s, "a", s.x, 2, 3), conv1x1(&s, "b", c, 2, 3)}, NULL);
    no_chip(&s, y, "", "constant");
}

/* Weights of 3e38 are numbers; what they make of a sample is none. */
static void results_beyond_float_are_refused(void **state) {
    mho_ctx *ctx = *state;
    sketch s = BEGIN(1, 2);
    const float huge[2] = {3e38F, 3e38F}, x[4] = {0.1F, 0.2F, 1, 1};
    int y;
    test_ok(ctx, mho_graph_add_dense(s.g, "large", s.x, 1, huge, NULL, &y));
    test_ok(ctx, mho_graph_add_output(s.g, y));
    mho_samples *sample;
    mho_chip *chip;
    test_ok(ctx, mho_samples_new(ctx, 2, 2, 1, 1, x, NULL, &sample));
    test_refused(ctx, mho_chip_new_graph(ctx, &s.spec, s.g, sample, NULL, &chip), MHO_ERR_ARG,
                 "large: exact arithmetic gives inf", "sample 1", "the range of float");
    assert_null(chip);
    mho_samples_free(sample);
    mho_graph_free(s.g);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
}

/* ---- chips ---- */

static void chips_say_what_they_need(void **state) {
    mho_ctx *ctx = *state;
    bench b = {.ctx = ctx};
    test_ok(ctx, mho_chip_spec_default(ctx, &b.spec));
    mho_net *net = small_net(ctx);
    mho_chip *chip;
    test_ok(ctx, mho_chip_new(ctx, &b.spec, net, &chip));
    const uint8_t pixels[784] = {0}, label = 1;
    mho_dataset *set;
    test_ok(ctx, mho_dataset_new(ctx, 1, 28, 28, 7, pixels, &label, &set));
    const mho_samples *none = NULL;
    double e[64], z[2];
    float a[4];
    size_t n_row, n_col;
    mho_stage_info info;
    test_refused(ctx, mho_chip_stage(chip, 99, &info), MHO_ERR_ARG, "stage 99: there are 4");
    test_refused(ctx, mho_chip_calibrate(chip, set, 1, NULL), MHO_ERR_ARG, "not programmed");
    test_refused(ctx, mho_chip_neuron_curves(chip, 1, 4, a, z, z + 1), MHO_ERR_ARG,
                 "1 curves of 4 points", "a programmed chip");
    test_ok(ctx, mho_chip_tile_drop(chip, set, &n_row, &n_col, NULL));
    test_refused(ctx, mho_chip_tile_drop(chip, set, &n_row, &n_col, e), MHO_ERR_ARG,
                 "not programmed");
    test_ok(ctx, mho_chip_program(chip, 1, 0, 0, NULL));
    test_refused(ctx, mho_chip_compare(chip, none, 1, e, NULL), MHO_ERR_ARG, "over 1 samples",
                 "a programmed chip of a graph");
    mho_chip_cost cost;
    test_refused(ctx, mho_chip_cost_of(chip, set, 0, &cost), MHO_ERR_ARG, "cost of 0 pictures",
                 "at least one");
    double accuracy;
    test_refused(ctx, mho_chip_evaluate(chip, set, NULL, &accuracy), MHO_ERR_DIM,
                 "pictures in 7 classes", "tells 10 apart");
    const mho_tune_opt tune = {.n_image = 1, .n_epoch = 1, .rate = 0.1, .score_scale = 1};
    test_refused(ctx, mho_chip_tune(chip, set, &tune, NULL), MHO_ERR_DIM, "28 x 28 in 7 classes",
                 "28 x 28 in 10");
    mho_chip_free(chip);
    test_ok(ctx, mho_net_add_pool(net, 1));
    test_refused(ctx, mho_chip_new(ctx, &b.spec, net, &chip), MHO_ERR_ARG, "the last of 5 layers",
                 "must be a compute layer");
    mho_neuron_design d;
    test_refused(ctx, mho_chip_nominal_curve(ctx, &b.spec, 1, a, z, z + 1, &d), MHO_ERR_ARG,
                 "a curve of 1 points", "at least 2");
    mho_net_free(net);
    mho_dataset_free(set);
}

static void specs_are_checked_across(void **state) {
    mho_ctx *ctx = *state;
    mho_chip_spec spec;
    test_ok(ctx, mho_chip_spec_default(ctx, &spec));
    mho_chip_key key;
    test_ok(ctx, mho_chip_key_find(ctx, &spec, "chip.neuron.share", &key));
    test_refused(ctx, mho_chip_word_set(ctx, &spec, &key, 99), MHO_ERR_ARG, "word 99 of a key");
    spec.neuron.r300_ohm = spec.neuron.r_metal_ohm;
    test_refused(ctx, mho_chip_spec_check(ctx, &spec), MHO_ERR_ARG,
                 "chip.neuron: r300 = ", "must be above r_metal = ");
    char path[] = "/tmp/mho-errors-chip-XXXXXX";
    close(mkstemp(path));
    static const char twice[] =
        "chip:\n  synapse:\n    model: table\n    table: [1 uS 0.1 uS, 2 uS 0.1 uS]\n"
        "    table: [1 uS, 3 uS]\n";
    test_ok(ctx, mho_i_file_write(ctx, path, twice, sizeof twice - 1));
    test_refused(ctx, mho_chip_spec_load(ctx, path, &spec), MHO_ERR_FORMAT, path,
                 ":5:5: chip.synapse.table is there twice");
    unlink(path);
}

static int set_up(void **state) {
    *state = test_ctx();
    return 0;
}

static int tear_down(void **state) {
    assert_int_equal(mho_ctx_bytes(*state), 0);
    mho_ctx_free(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chip_without_arrays_has_no_voltage_drop),
        cmocka_unit_test(batches_are_refused),
        cmocka_unit_test(what_has_no_place_on_arrays_is_named),
        cmocka_unit_test(wires_take_what_wires_can),
        cmocka_unit_test(a_constant_is_no_activation),
        cmocka_unit_test(results_beyond_float_are_refused),
        cmocka_unit_test(chips_say_what_they_need),
        cmocka_unit_test(specs_are_checked_across),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
