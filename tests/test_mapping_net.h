/* test_mapping_net.h - layer graphs by hand, samples for them and their chips, for the tests of
 * networks from files on chips. */
#ifndef TEST_MAPPING_NET_H
#define TEST_MAPPING_NET_H

#include "test.h"

#include "chip/chip_int.h"

#include <stdlib.h>

enum { N_SAMPLE = 40 };

typedef struct bench {
    mho_ctx *ctx;
    mho_chip_spec spec;
    mho_graph *g;
    mho_samples *set;
    mho_map_opt opt;
} bench;

static inline float *draw(uint32_t stream, size_t n, double scale) {
    float *x = malloc(n * sizeof *x);
    mho_i_rng_normal_f(5, MHO_RNG_TEST, stream, 0, n, x);
    for (size_t k = 0; k < n; k++) {
        x[k] *= (float)scale;
    }
    return x;
}

/* An empty graph with an input, and samples of both signs. */
static inline bench make(size_t c, size_t h, size_t w, int *input) {
    bench b = {.ctx = test_ctx(), .opt = MHO_MAP_OPT_INIT};
    test_ok(b.ctx, mho_chip_spec_default(b.ctx, &b.spec));
    test_ok(b.ctx, mho_graph_new(b.ctx, &b.g));
    test_ok(b.ctx, mho_graph_add_input(b.g, "x", 4, (size_t[]){1, c, h, w}, input));
    float *x = draw(1, N_SAMPLE * c * h * w, 1);
    test_ok(b.ctx, mho_samples_new(b.ctx, N_SAMPLE, c, h, w, x, NULL, &b.set));
    free(x);
    return b;
}

static inline void done(bench *b) {
    mho_graph_free(b->g);
    mho_samples_free(b->set);
    assert_int_equal(mho_ctx_bytes(b->ctx), 0);
    mho_ctx_free(b->ctx);
}

typedef struct window { /* of a convolution */
    size_t k_h, k_w, stride, dilation, top, left, bottom, right, groups;
} window;

static inline int conv(bench *b, int x, size_t out_c, window w) {
    const mho_graph_tensor *t = mho_graph_tensor_at(b->g, x);
    mho_graph_attr a = mho_graph_attr_default();
    a.kernel[0] = w.k_h;
    a.kernel[1] = w.k_w;
    a.stride[0] = a.stride[1] = w.stride;
    a.dilation[0] = a.dilation[1] = w.dilation;
    a.pads[0] = w.top;
    a.pads[1] = w.left;
    a.pads[2] = w.bottom;
    a.pads[3] = w.right;
    a.groups = w.groups;
    size_t n_in = t->shape[1] / w.groups * w.k_h * w.k_w;
    float *weights = draw((uint32_t)(100 + x), out_c * n_in, 1.4 / sqrt((double)n_in));
    float *bias = draw((uint32_t)(300 + x), out_c, 0.1);
    int y;
    test_ok(b->ctx, mho_graph_add_conv(b->g, NULL, x, out_c, &a, weights, bias, &y));
    free(weights);
    free(bias);
    return y;
}

static const window plain = {3, 3, 1, 1, 1, 1, 1, 1, 1};

static inline int node(bench *b, mho_graph_op op, size_t n, const int *in,
                       const mho_graph_attr *attr) {
    int y;
    test_ok(b->ctx, mho_graph_add_node(b->g, op, NULL, n, in, attr, 0, NULL, &y));
    return y;
}

static inline int simple(bench *b, mho_graph_op op, int x) {
    int y;
    test_ok(b->ctx, mho_graph_add_simple(b->g, op, NULL, x, &y));
    return y;
}

static inline int add(bench *b, int x, int y) {
    mho_graph_attr a = mho_graph_attr_default();
    return node(b, MHO_OP_ADD, 2, (int[]){x, y}, &a);
}

static inline void finish(bench *b, int x, size_t n_out) {
    int y;
    size_t n_in = mho_graph_tensor_at(b->g, x)->size;
    float *w = draw(900, n_out * n_in, 1 / sqrt((double)n_in)), *bias = draw(901, n_out, 0.3);
    test_ok(b->ctx, mho_graph_add_dense(b->g, "head", x, n_out, w, bias, &y));
    test_ok(b->ctx, mho_graph_add_output(b->g, y));
    free(w);
    free(bias);
}

/* Largest difference between the scores of a chip without imperfections and the exact graph, over
 * the largest score. */
static inline double difference(const bench *b, mho_chip *chip) {
    size_t n = mho_chip_n_score(chip);
    float *want = malloc(N_SAMPLE * n * sizeof *want), *got = malloc(N_SAMPLE * n * sizeof *got);
    test_ok(b->ctx, mho_graph_run(b->ctx, b->g, N_SAMPLE, mho_samples_x(b->set), want));
    test_ok(b->ctx, mho_chip_program(chip, 1, 0, 0, NULL));
    test_ok(b->ctx, mho_chip_evaluate_samples(chip, b->set, NULL, got, NULL));
    double worst = 0, top = 0;
    for (size_t k = 0; k < N_SAMPLE * n; k++) {
        worst = fmax(worst, fabs((double)(got[k] - want[k])));
        top = fmax(top, fabs((double)want[k]));
    }
    free(want);
    free(got);
    return worst / top;
}

/* Ranges that cut nothing, exact rectifiers, no wires: then only rounding is left. */
static inline void exact(bench *b) {
    b->opt.percentile = 1;
    b->opt.limit_weights = false;
    b->opt.exact_relu = true;
}

static inline mho_chip *chip_of(const bench *b) {
    mho_chip *chip;
    test_ok(b->ctx, mho_chip_new_graph(b->ctx, &b->spec, b->g, b->set, &b->opt, &chip));
    return chip;
}

/* Two blocks with a way around: one as it is, one through an array. */
static inline void residual_net(bench *b, int x) {
    x = simple(b, MHO_OP_RELU, conv(b, x, 6, plain));
    int y = conv(b, simple(b, MHO_OP_RELU, conv(b, x, 6, plain)), 6, plain);
    x = simple(b, MHO_OP_RELU, add(b, y, x));
    window half = plain, point = {1, 1, 2, 1, 0, 0, 0, 0, 1};
    half.stride = 2;
    y = conv(b, simple(b, MHO_OP_RELU, conv(b, x, 9, half)), 9, plain);
    x = simple(b, MHO_OP_RELU, add(b, conv(b, x, 9, point), y));
    finish(b, simple(b, MHO_OP_GLOBAL_AVERAGE_POOL, x), 5);
}

#endif
