/* test_mapping.c - layer graphs on chips: a chain is the chip of the chain; what digital ends
 * compute is the exact graph, for sums, groups, odd windows and wires; neurons come near it and the
 * correction helps; tiles do not matter; memory, threads, samples, provoked errors. */
#include "test_mapping_net.h"

#include <unistd.h>

static void a_chain_is_the_chip_of_the_chain(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_net *net;
    test_ok(ctx, mho_net_new(ctx, 1, 28, 28, &net));
    test_ok(ctx, mho_net_add_conv(net, 4, 5, 2, 2, true, 0.5));
    test_ok(ctx, mho_net_add_pool(net, 2));
    test_ok(ctx, mho_net_add_dense(net, 20, true, 0.3));
    test_ok(ctx, mho_net_add_dense(net, 10, false, 0.4));
    for (size_t l = 0; l < mho_net_n_layer(net); l++) {
        const mho_layer *s = mho_net_layer(net, l);
        float *w = draw((uint32_t)l, s->n_out * (s->n_in + 1), s->w_max / 6);
        if (s->n_out) {
            test_ok(ctx, mho_net_set_weights(net, l, w, w + s->n_out * s->n_in));
        }
        free(w);
    }
    mho_dataset *set;
    mho_samples *samples;
    mho_graph *g;
    mho_chip_spec spec;
    mho_chip *chip[2];
    test_ok(ctx, mho_dataset_digits(ctx, 3, 0, 150, &set));
    test_ok(ctx, mho_samples_from_dataset(ctx, set, &samples));
    test_ok(ctx, mho_graph_from_net(ctx, net, &g));
    test_ok(ctx, mho_chip_spec_default(ctx, &spec));
    spec.rows = 60;
    test_ok(ctx, mho_chip_new(ctx, &spec, net, &chip[0]));
    test_ok(ctx, mho_chip_new_graph(ctx, &spec, g, NULL, NULL, &chip[1]));
    static float score[2][150 * 10];
    for (int k = 0; k < 2; k++) {
        test_ok(ctx, mho_chip_program(chip[k], 1, 0, 0, NULL));
        test_ok(ctx, mho_chip_evaluate_samples(chip[k], samples, NULL, score[k], NULL));
    }
    for (int k = 0; k < 150 * 10; k++) {
        test_close(score[1][k], score[0][k], 1e-6, 1e-6);
    }
    /* pixels and samples are the same thing */
    double by_pixel, by_sample;
    test_ok(ctx, mho_chip_evaluate(chip[1], set, NULL, &by_pixel));
    test_ok(ctx, mho_chip_evaluate_samples(chip[1], samples, NULL, NULL, &by_sample));
    test_close(by_pixel, by_sample, 0, 0);
    mho_chip_free(chip[0]);
    mho_chip_free(chip[1]);
    mho_graph_free(g);
    mho_net_free(net);
    mho_samples_free(samples);
    mho_dataset_free(set);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void sums_of_currents_are_the_graph(void **state) {
    (void)state;
    int x;
    bench b = make(3, 10, 9, &x);
    residual_net(&b, x);
    exact(&b);
    mho_chip *chip = chip_of(&b);
    assert_true(difference(&b, chip) < 2e-5);
    mho_chip_map_info map = mho_chip_map(chip);
    assert_true(map.bipolar_input);
    assert_int_equal(map.n_sample, N_SAMPLE);
    size_t n_skip = 0, n_both = 0;
    for (size_t k = 0; k < mho_chip_n_stage(chip); k++) {
        mho_stage_info s;
        test_ok(b.ctx, mho_chip_stage(chip, k, &s));
        n_skip += s.n_skip;
        n_both += s.n_array_layer == 2;
        assert_true(!s.compute || s.rms_error_rel < 1e-4);
    }
    assert_int_equal(n_skip, 1);
    assert_int_equal(n_both, 1);
    assert_int_equal(mho_chip_n_stage(chip), 7);
    mho_chip_free(chip);
    done(&b);
}

static void windows_and_groups_are_the_graph(void **state) {
    (void)state;
    const window windows[] = {{3, 5, 2, 1, 0, 2, 1, 3, 1},
                              {2, 3, 1, 2, 2, 0, 1, 4, 2},
                              {1, 1, 3, 1, 0, 0, 0, 0, 1},
                              {3, 3, 1, 1, 1, 1, 1, 1, 6},
                              {4, 1, 2, 3, 5, 0, 4, 2, 3}};
    for (size_t k = 0; k < sizeof windows / sizeof *windows; k++) {
        int x;
        bench b = make(6, 11, 8, &x);
        x = simple(&b, MHO_OP_RELU, conv(&b, x, 12, windows[k]));
        finish(&b, x, 4);
        exact(&b);
        mho_chip *chip = chip_of(&b);
        double d = difference(&b, chip);
        if (!(d < 2e-5)) {
            print_error("window %zu: %g\n", k, d);
        }
        assert_true(d < 2e-5);
        mho_chip_verify v;
        test_ok(b.ctx, mho_chip_program(chip, 3, 0, MHO_IMP_ALL, NULL));
        test_ok(b.ctx, mho_chip_check_samples(chip, b.set, 1, 1, &v));
        test_close(v.array_error_rel, 0, 2e-6, 0);
        mho_chip_free(chip);
        done(&b);
    }
}

/* Everything else that numbers can go through on their way. */
static void other_nodes_are_the_graph(void **state) {
    (void)state;
    int x;
    bench b = make(3, 12, 12, &x);
    mho_graph_attr pool = mho_graph_attr_default(), pad = pool, leaky = pool, clip = pool;
    pool.kernel[0] = pool.kernel[1] = 3;
    pool.stride[0] = pool.stride[1] = 2;
    pool.pads[0] = pool.pads[1] = pool.pads[2] = pool.pads[3] = 1;
    leaky.alpha = 0.2F;
    clip.lo = 0;
    clip.hi = 1.5F;
    pad.before[3] = pad.after[2] = 2;
    pad.before[1] = 1;
    int a = conv(&b, x, 4, plain), c = conv(&b, x, 6, plain);
    a = simple(&b, MHO_OP_RELU, node(&b, MHO_OP_MAX_POOL, 1, &a, &pool)); /* 4x6x6 */
    c = node(&b, MHO_OP_LEAKY_RELU, 1, &c, &leaky);
    c = node(&b, MHO_OP_AVERAGE_POOL, 1, &c, &pool); /* 6x6x6 */
    mho_graph_attr cat = mho_graph_attr_default();
    cat.axis = 1;
    a = node(&b, MHO_OP_CONCAT, 2, (int[]){a, c}, &cat); /* 10x6x6 */
    a = node(&b, MHO_OP_PAD, 1, &a, &pad);               /* 11x8x8 */
    a = conv(&b, a, 8, plain);
    c = simple(&b, MHO_OP_TANH, a);
    a = simple(&b, MHO_OP_SIGMOID, a); /* two readers: the sum is stored */
    a = add(&b, a, c);
    a = conv(&b, a, 5, plain);
    a = node(&b, MHO_OP_CLIP, 1, &a, &clip);
    mho_graph_attr turn = mho_graph_attr_default();
    size_t perm[4] = {0, 2, 3, 1};
    memcpy(turn.perm, perm, sizeof perm);
    a = node(&b, MHO_OP_TRANSPOSE, 1, &a, &turn);
    finish(&b, a, 7);
    exact(&b);
    mho_chip *chip = chip_of(&b);
    assert_true(difference(&b, chip) < 1e-4);
    assert_true(mho_chip_map(chip).n_digital_stage >= 5);
    /* with converters of 8 bits it is still near, and not the same */
    test_ok(b.ctx, mho_chip_program(chip, 1, 0, MHO_IMP_INPUT, NULL));
    double e[32];
    test_ok(b.ctx, mho_chip_compare(chip, b.set, N_SAMPLE, e, NULL));
    double last = e[mho_chip_n_stage(chip) - 1];
    assert_true(last > 1e-4 && last < 0.15);
    mho_chip_free(chip);
    done(&b);
}

/* One channel of numbers of the input and of smaller ones that a stage stores: one full scale. */
static void the_input_beside_activations(void **state) {
    (void)state;
    int x;
    bench b = make(3, 6, 5, &x);
    mho_graph_attr high = mho_graph_attr_default();
    high.axis = 2;
    int a = simple(&b, MHO_OP_TANH, conv(&b, x, 3, plain));
    a = node(&b, MHO_OP_CONCAT, 2, (int[]){a, x}, &high);
    finish(&b, simple(&b, MHO_OP_SIGMOID, conv(&b, a, 4, plain)), 5);
    exact(&b);
    mho_chip *chip = chip_of(&b);
    assert_true(difference(&b, chip) < 2e-5);
    mho_chip_free(chip);
    done(&b);
}

static int up(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* How many different numbers a digital stage stores. */
static mho_status collect(void *user, const mho_i_view *view) {
    size_t *n = user;
    if (!view->out || view->stage->number != 0) {
        return MHO_OK;
    }
    float v[8 * N_SAMPLE];
    assert_true(view->stage->shape.out_w == 1 && N_SAMPLE <= 128);
    for (size_t k = 0; k < N_SAMPLE; k++) { /* of output 0 */
        v[k] = view->out[k];
    }
    qsort(v, N_SAMPLE, sizeof *v, up);
    *n = 1;
    for (size_t k = 1; k < N_SAMPLE; k++) {
        *n += v[k] > v[k - 1];
    }
    return MHO_OK;
}

/* Each converter of a digital stage has its own switch. */
static void adc_and_dac_are_switched_by_their_own_bits(void **state) {
    (void)state;
    const struct {
        uint32_t imperfections;
        size_t least, most;
    } cases[] = {{0, N_SAMPLE / 2, N_SAMPLE},
                 {MHO_IMP_ADC, 2, 7}, /* of 3 bits, both signs */
                 {MHO_IMP_INPUT, 2, 15},
                 {MHO_IMP_ADC | MHO_IMP_INPUT, 2, 7},
                 {MHO_IMP_ALL & ~(MHO_IMP_ADC | MHO_IMP_INPUT), N_SAMPLE / 2, N_SAMPLE}};
    int x;
    bench b = make(6, 1, 1, &x);
    int y;
    float *w = draw(77, 5 * 6 + 5, 0.5);
    test_ok(b.ctx, mho_graph_add_dense(b.g, "first", x, 5, w, w + 30, &y));
    free(w);
    finish(&b, simple(&b, MHO_OP_TANH, y), 4);
    b.spec.digital_bits = 3;
    b.spec.input_bits = 4;
    mho_chip *chip = chip_of(&b);
    mho_i_scratch *s = mho_i_chip_scratch_new(chip);
    size_t image[N_SAMPLE];
    for (size_t k = 0; k < N_SAMPLE; k++) {
        image[k] = k;
    }
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        size_t n = 0;
        test_ok(b.ctx, mho_chip_program(chip, 1, 0, cases[k].imperfections, NULL));
        test_ok(b.ctx, mho_i_chip_forward(chip, s, &(mho_i_source){.samples = b.set}, image,
                                          N_SAMPLE, 0, true, NULL, collect, &n));
        if (n < cases[k].least || n > cases[k].most) {
            print_error("case %zu: %zu different numbers\n", k, n);
        }
        assert_in_range(n, cases[k].least, cases[k].most);
    }
    mho_i_chip_scratch_free(b.ctx, s);
    mho_chip_free(chip);
    done(&b);
}

static void neurons_come_near_and_correction_helps(void **state) {
    (void)state;
    int x;
    bench b = make(3, 12, 12, &x);
    residual_net(&b, x);
    double e[2][32], r[2][32];
    size_t n = 0;
    for (int k = 0; k < 2; k++) {
        b.opt.correct = k;
        mho_chip *chip = chip_of(&b);
        test_ok(b.ctx, mho_chip_program(chip, 1, 0, 0, NULL));
        test_ok(b.ctx, mho_chip_compare(chip, b.set, N_SAMPLE, e[k], r[k]));
        n = mho_chip_n_stage(chip);
        mho_stage_info s;
        test_ok(b.ctx, mho_chip_stage(chip, 0, &s));
        assert_string_equal(s.end, "neurons");
        /* what the calibration says is what the ideal chip does */
        test_close(e[k][0], s.rms_error_rel, 0.02, 0);
        if (k == 1) {
            mho_chip_verify v;
            test_ok(b.ctx, mho_chip_program(chip, 1, 0, MHO_IMP_ALL, NULL));
            test_ok(b.ctx, mho_chip_check_samples(chip, b.set, 1, 1, &v));
            test_close(v.array_error_rel, 0, 2e-6, 0);
            test_close(v.neuron_error_rel, 0, 1e-4, 0);
        }
        mho_chip_free(chip);
    }
    assert_true(e[1][0] < 0.2 && r[1][0] > 0.98);
    assert_true(e[1][n - 1] < e[0][n - 1]);
    assert_true(r[1][n - 1] > r[0][n - 1]);
    done(&b);
}

static void tiles_do_not_matter(void **state) {
    (void)state;
    int x;
    bench b = make(4, 9, 9, &x);
    window grouped = plain;
    grouped.groups = 2;
    x = simple(&b, MHO_OP_RELU, conv(&b, x, 10, plain));
    x = simple(&b, MHO_OP_RELU, conv(&b, x, 8, grouped));
    finish(&b, x, 6);
    static float score[2][N_SAMPLE * 6];
    size_t n_tile[2];
    for (int k = 0; k < 2; k++) {
        b.spec.rows = k ? 16 : 1024;
        b.spec.cols = k ? 6 : 1024;
        mho_chip *chip = chip_of(&b);
        n_tile[k] = mho_chip_map(chip).n_tile;
        test_ok(b.ctx, mho_chip_program(chip, 1, 0, 0, NULL));
        test_ok(b.ctx, mho_chip_evaluate_samples(chip, b.set, NULL, score[k], NULL));
        mho_chip_free(chip);
    }
    assert_int_equal(n_tile[0], 4);
    /* 37 rows x 10 pairs; twice 46 x 4; 649 x 6; three pairs and 16 rows at most (one bias row) */
    assert_true(n_tile[1] >= 3 * 4 + 2 * 3 * 2 + 41 * 2);
    for (int k = 0; k < N_SAMPLE * 6; k++) {
        test_close(score[1][k], score[0][k], 2e-5, 2e-5);
    }
    done(&b);
}

static void the_same_bits_for_any_number_of_threads(void **state) {
    (void)state;
    int x;
    bench b = make(3, 8, 8, &x);
    residual_net(&b, x);
    static float score[2][N_SAMPLE * 5];
    for (int k = 0; k < 2; k++) {
        test_ok(b.ctx, mho_ctx_set_threads(b.ctx, k ? 3 : 1));
        mho_chip *chip = chip_of(&b);
        test_ok(b.ctx, mho_chip_program(chip, 4, 2, MHO_IMP_ALL, NULL));
        test_ok(b.ctx, mho_chip_evaluate_samples(chip, b.set, NULL, score[k], NULL));
        mho_chip_free(chip);
    }
    assert_memory_equal(score[0], score[1], sizeof score[0]);
    done(&b);
}

static void buffers_and_tables_stay_small(void **state) {
    (void)state;
    int x;
    bench b = make(3, 64, 64, &x);
    x = simple(&b, MHO_OP_RELU, conv(&b, x, 8, plain));
    for (int k = 0; k < 6; k++) {
        int y = simple(&b, MHO_OP_RELU, conv(&b, x, 8, plain));
        x = simple(&b, MHO_OP_RELU, add(&b, conv(&b, y, 8, plain), x));
    }
    finish(&b, simple(&b, MHO_OP_GLOBAL_AVERAGE_POOL, x), 3);
    b.spec.compensate = 0;
    mho_chip *chip;
    test_ok(b.ctx, mho_chip_new_graph(b.ctx, &b.spec, b.g, NULL, &b.opt, &chip));
    assert_true(chip->n_slot <= 4);
    mho_chip_map_info map = mho_chip_map(chip);
    assert_true(map.share_changed && map.share == MHO_SHARE_PER_COLUMN); /* 426,000 activations */
    assert_int_equal(map.n_neuron, 13 * 8);
    test_ok(b.ctx, mho_chip_program(chip, 1, 0, MHO_IMP_ALL, NULL));
    assert_true(mho_ctx_peak_bytes(b.ctx) < (size_t)64 << 20);
    mho_chip_free(chip);
    done(&b);
}

static void expect(const bench *b, mho_status want, const char *text) {
    mho_chip *chip = NULL;
    assert_int_equal(mho_chip_new_graph(b->ctx, &b->spec, b->g, b->set, &b->opt, &chip), want);
    assert_null(chip);
    if (!strstr(mho_ctx_last_error(b->ctx), text)) {
        print_error("\"%s\" is not in: %s\n", text, mho_ctx_last_error(b->ctx));
        fail();
    }
}

/* Windows far larger than the picture take no more time than what they hold. */
static void huge_windows_are_the_graph(void **state) {
    (void)state;
    int x;
    bench b = make(2, 6, 5, &x);
    mho_graph_attr pool = mho_graph_attr_default();
    pool.kernel[0] = pool.kernel[1] = 2000001;
    for (int k = 0; k < 4; k++) {
        pool.pads[k] = 1000000;
    }
    int y = simple(&b, MHO_OP_RELU, conv(&b, x, 3, plain));
    int most = node(&b, MHO_OP_MAX_POOL, 1, &y, &pool);
    mho_graph_attr cat = mho_graph_attr_default();
    cat.axis = 1;
    pool.kernel[0] = 3;
    pool.pads[0] = pool.pads[2] = 1;
    int mean = node(&b, MHO_OP_AVERAGE_POOL, 1, &y, &pool);
    finish(&b, node(&b, MHO_OP_CONCAT, 2, (int[]){most, mean}, &cat), 4);
    exact(&b);
    mho_chip *chip = chip_of(&b);
    assert_true(difference(&b, chip) < 1e-4);
    mho_chip_free(chip);
    done(&b);
}

/* A value that is kept once may be seen in several shapes: [1][4] and, reshaped, [4][1]. */
static void broadcasts_are_refused(void **state) {
    (void)state;
    int x, y;
    mho_graph_attr a = mho_graph_attr_default();
    bench b = make(1, 2, 2, &x);
    int r = simple(&b, MHO_OP_RELU, simple(&b, MHO_OP_FLATTEN, conv(&b, x, 1, plain)));
    test_ok(b.ctx,
            mho_graph_add_node(b.g, MHO_OP_RESHAPE, NULL, 1, &r, &a, 2, (size_t[]){4, 1}, &y));
    finish(&b, simple(&b, MHO_OP_FLATTEN, add(&b, r, y)), 3);
    expect(&b, MHO_ERR_ARG, "broadcast");
    done(&b);

    b = make(2, 2, 2, &x);
    const float two[2] = {1, 2};
    int c;
    r = simple(&b, MHO_OP_RELU, conv(&b, x, 2, plain));
    test_ok(b.ctx,
            mho_graph_add_node(b.g, MHO_OP_RESHAPE, NULL, 1, &r, &a, 2, (size_t[]){4, 2}, &y));
    test_ok(b.ctx, mho_graph_add_constant(b.g, "two", 1, (size_t[]){2}, two, &c));
    y = node(&b, MHO_OP_MUL, 2, (int[]){y, c}, &a);
    test_ok(b.ctx,
            mho_graph_add_node(b.g, MHO_OP_RESHAPE, NULL, 1, &y, &a, 2, (size_t[]){1, 8}, &y));
    finish(&b, y, 3);
    expect(&b, MHO_ERR_ARG, "one for each channel");
    done(&b);
}

/* A division by 0 is folded into the layer before it; one behind an activation is a constant. */
static void weights_that_are_no_numbers_are_refused(void **state) {
    (void)state;
    mho_graph_attr a = mho_graph_attr_default();
    const float none = 0, much = INFINITY;
    for (int k = 0; k < 2; k++) {
        int x, c;
        bench b = make(1, 4, 4, &x);
        int y = conv(&b, x, 2, plain);
        y = k ? simple(&b, MHO_OP_SIGMOID, y) : y;
        test_ok(b.ctx, mho_graph_add_constant(b.g, "c", 1, (size_t[]){1}, k ? &much : &none, &c));
        y = node(&b, k ? MHO_OP_MUL : MHO_OP_DIV, 2, (int[]){y, c}, &a);
        finish(&b, simple(&b, MHO_OP_RELU, y), 3);
        expect(&b, MHO_ERR_ARG, "not all finite numbers");
        done(&b);
    }
    int x;
    bench b = make(1, 4, 4, &x);
    const float one[2] = {1, 1}, mean[2] = {0}, variance[2] = {1, -2};
    const float *const data[4] = {one, mean, mean, variance};
    int in[5] = {simple(&b, MHO_OP_SIGMOID, conv(&b, x, 2, plain))};
    for (int k = 0; k < 4; k++) {
        test_ok(b.ctx, mho_graph_add_constant(b.g, NULL, 1, (size_t[]){2}, data[k], &in[k + 1]));
    }
    finish(&b, simple(&b, MHO_OP_RELU, node(&b, MHO_OP_BATCHNORM, 5, in, &a)), 3);
    expect(&b, MHO_ERR_ARG, "a variance below 0");
    done(&b);
}

static void what_cannot_be_mapped_is_refused(void **state) {
    (void)state;
    int x;
    bench b = make(3, 6, 6, &x);
    int a = simple(&b, MHO_OP_SIGMOID, conv(&b, x, 3, plain)), y;
    mho_graph_attr attr = mho_graph_attr_default();
    test_ok(b.ctx,
            mho_graph_add_node(b.g, MHO_OP_MUL, "gate", 2, (int[]){a, x}, &attr, 0, NULL, &y));
    test_ok(b.ctx, mho_graph_add_output(b.g, y));
    expect(&b, MHO_ERR_ARG, "gate");
    done(&b);

    b = make(3, 6, 6, &x);
    finish(&b, simple(&b, MHO_OP_RELU, conv(&b, x, 3, plain)), 4);
    b.opt.percentile = 0.3;
    expect(&b, MHO_ERR_ARG, "percentile");
    b.opt.percentile = 0.999;
    mho_samples_free(b.set);
    float zero[50] = {0};
    test_ok(b.ctx, mho_samples_new(b.ctx, 2, 1, 5, 5, zero, NULL, &b.set));
    expect(&b, MHO_ERR_DIM, "108");
    done(&b);

    b = make(3, 6, 6, &x);
    finish(&b, conv(&b, x, 3, plain), 4);
    test_ok(b.ctx, mho_graph_add_output(b.g, x));
    expect(&b, MHO_ERR_ARG, "2 outputs");
    done(&b);
}

static void failed_allocations_leave_nothing_behind(void **state) {
    (void)state;
    int x;
    bench b = make(2, 6, 6, &x);
    mho_graph_attr cat = mho_graph_attr_default();
    cat.axis = 1;
    x = node(&b, MHO_OP_CONCAT, 2, (int[]){simple(&b, MHO_OP_SIGMOID, x), x}, &cat);
    residual_net(&b, x);
    size_t before = mho_ctx_bytes(b.ctx);
    bool made = false;
    for (size_t k = 1; !made && k < 20000; k += k < 60 ? 1 : 43) {
        mho_chip *chip = NULL;
        mho_ctx_fail_alloc(b.ctx, k);
        mho_status status = mho_chip_new_graph(b.ctx, &b.spec, b.g, b.set, &b.opt, &chip);
        mho_ctx_fail_alloc(b.ctx, 0);
        made = status == MHO_OK;
        assert_true(made || status == MHO_ERR_NOMEM);
        mho_chip_free(chip);
        assert_int_equal(mho_ctx_bytes(b.ctx), before);
    }
    assert_true(made);
    done(&b);
}

static void samples_come_from_files(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    char dir[] = "/tmp/mho-test-XXXXXX", path[80];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/a.npz", dir);
    double x[2 * 3 * 4 * 5], y[2] = {7, 1};
    for (int k = 0; k < 120; k++) {
        x[k] = k - 60.5;
    }
    mho_npy_view view[2] = {{"x", 4, {2, 3, 4, 5}, x, NULL}, {"y", 1, {2}, y, NULL}};
    test_ok(ctx, mho_npz_save(ctx, path, 2, view));
    mho_samples *s;
    test_ok(ctx, mho_samples_load(ctx, path, MHO_PART_TEST, &s));
    assert_int_equal(mho_samples_n(s), 2);
    assert_int_equal(mho_samples_shape(s, 2), 5);
    assert_int_equal(mho_samples_label(s)[0], 7);
    test_close(mho_samples_x(s)[119], 58.5, 0, 0);
    test_ok(ctx, mho_samples_normalise(s, 3, (double[]){0, 0, 8.5}, (double[]){1, 1, 2}));
    test_close(mho_samples_x(s)[119], 25, 0, 1e-7);
    assert_int_equal(mho_samples_normalise(s, 2, x, x), MHO_ERR_DIM);
    assert_int_equal(mho_samples_normalise(s, 1, x, (double[]){0}), MHO_ERR_ARG);
    mho_samples_free(s);
    /* pixels */
    for (int k = 0; k < 120; k++) {
        x[k] = 2 * k;
    }
    test_ok(ctx, mho_npz_save(ctx, path, 1, view));
    test_ok(ctx, mho_samples_load(ctx, path, MHO_PART_TEST, &s));
    assert_null(mho_samples_label(s));
    test_close(mho_samples_x(s)[119], 238 / 255.0, 0, 1e-6);
    mho_samples_free(s);
    /* errors */
    view[1] = (mho_npy_view){"y", 3, {2, 1, 0}, y, NULL}; /* no labels at all */
    test_ok(ctx, mho_npz_save(ctx, path, 2, view));
    assert_int_equal(mho_samples_load(ctx, path, MHO_PART_TEST, &s), MHO_ERR_FORMAT);
    view[1] = (mho_npy_view){"y", 1, {2}, y, NULL};
    view[1].shape[0] = 1;
    test_ok(ctx, mho_npz_save(ctx, path, 2, view));
    assert_int_equal(mho_samples_load(ctx, path, MHO_PART_TEST, &s), MHO_ERR_FORMAT);
    y[0] = 0.5;
    view[1].shape[0] = 2;
    test_ok(ctx, mho_npz_save(ctx, path, 2, view));
    assert_int_equal(mho_samples_load(ctx, path, MHO_PART_TEST, &s), MHO_ERR_FORMAT);
    /* labels that are damaged are not labels that are absent */
    y[0] = 7;
    test_ok(ctx, mho_npz_save(ctx, path, 2, view));
    unsigned char *bytes;
    size_t n_byte;
    test_ok(ctx, mho_i_file_read(ctx, path, 1 << 20, &bytes, &n_byte));
    unsigned char *seven = bytes + n_byte;
    while (memcmp(--seven, y, sizeof y) != 0) {
    }
    *seven ^= 1;
    test_ok(ctx, mho_i_file_write(ctx, path, bytes, n_byte));
    mho_i_free(ctx, bytes);
    assert_int_equal(mho_samples_load(ctx, path, MHO_PART_TEST, &s), MHO_ERR_FORMAT);
    assert_non_null(strstr(mho_ctx_last_error(ctx), "check sum"));
    x[3] = NAN;
    test_ok(ctx, mho_npz_save(ctx, path, 1, view));
    assert_int_equal(mho_samples_load(ctx, path, MHO_PART_TEST, &s), MHO_ERR_FORMAT);
    assert_null(s);
    assert_int_equal(mho_samples_load(ctx, "nowhere.npz", MHO_PART_TEST, &s), MHO_ERR_IO);
    unlink(path);
    rmdir(dir);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_is_the_chip_of_the_chain),
        cmocka_unit_test(sums_of_currents_are_the_graph),
        cmocka_unit_test(windows_and_groups_are_the_graph),
        cmocka_unit_test(other_nodes_are_the_graph),
        cmocka_unit_test(the_input_beside_activations),
        cmocka_unit_test(adc_and_dac_are_switched_by_their_own_bits),
        cmocka_unit_test(neurons_come_near_and_correction_helps),
        cmocka_unit_test(tiles_do_not_matter),
        cmocka_unit_test(the_same_bits_for_any_number_of_threads),
        cmocka_unit_test(buffers_and_tables_stay_small),
        cmocka_unit_test(what_cannot_be_mapped_is_refused),
        cmocka_unit_test(huge_windows_are_the_graph),
        cmocka_unit_test(broadcasts_are_refused),
        cmocka_unit_test(weights_that_are_no_numbers_are_refused),
        cmocka_unit_test(failed_allocations_leave_nothing_behind),
        cmocka_unit_test(samples_come_from_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
