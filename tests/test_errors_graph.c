/* test_errors_graph.c - operators whose inputs and attributes do not fit: the node is named, the
 * shapes and what is allowed; runs without inputs; samples that are none. What ONNX files can have
 * wrong besides: tests/onnx/hostile.py. */
#define _GNU_SOURCE
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "graph/graph_int.h"

static mho_ctx *ctx;
static mho_graph *g;
static mho_graph_attr a; /* fresh for every case */

static int set_up(void **state) {
    (void)state;
    ctx = test_ctx();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
    return 0;
}

static int input(size_t n_dim, const size_t *shape) {
    int t;
    test_ok(ctx, mho_graph_add_input(g, NULL, n_dim, shape, &t));
    return t;
}
#define X(...) input(sizeof((size_t[]){__VA_ARGS__}) / sizeof(size_t), (size_t[]){__VA_ARGS__})

#define IN(...)                                                                                    \
    sizeof((int[]){__VA_ARGS__}) / sizeof(int), (int[]) {                                          \
        __VA_ARGS__                                                                                \
    }
#define SHAPE(...)                                                                                 \
    sizeof((size_t[]){__VA_ARGS__}) / sizeof(size_t), (size_t[]) {                                 \
        __VA_ARGS__                                                                                \
    }

/* The node "here" of these inputs, with the attributes a, is refused; nothing was added. */
static void refuse(mho_graph_op op, size_t n, const int *in, size_t n_dim, const size_t *shape,
                   const char *part, const char *more) {
    size_t before = mho_graph_n_tensor(g);
    int y;
    test_refused(ctx, mho_graph_add_node(g, op, "here", n, in, &a, n_dim, shape, &y), MHO_ERR_DIM,
                 "here (", part, more);
    assert_int_equal(mho_graph_n_tensor(g), before);
    a = mho_graph_attr_default();
}

static void begin(void) {
    test_ok(ctx, mho_graph_new(ctx, &g));
    a = mho_graph_attr_default();
}

static void elementwise_operators_and_axes(void **state) {
    (void)state;
    begin();
    int x = X(1, 3, 8, 8), row = X(7), three = X(3), four = X(4), flat = X(2, 3),
        none = input(0, NULL);
    refuse(MHO_OP_ADD, IN(x, -1), 0, NULL, "input 1 is absent", "");
    refuse(MHO_OP_ADD, IN(x, row), 0, NULL, "shapes 1x3x8x8 and 7 cannot be broadcast", "");
    refuse(MHO_OP_BATCHNORM, IN(x, three, four, three, three), 0, NULL, "input 2 has 4 numbers",
           "3 channels");
    a.axis = 4;
    refuse(MHO_OP_SOFTMAX, IN(x), 0, NULL, "axis 4 of an input of 4 dimensions", "");
    a.axis = 9;
    refuse(MHO_OP_QUANTIZE, IN(x, none, none), 0, NULL, "axis 9 of an input of 4 dimensions", "");
    a.axis = 1;
    refuse(MHO_OP_QUANTIZE, IN(x, four, three), 0, NULL, "scale has 4 numbers and zero point 3",
           "3 are wanted");
    refuse(MHO_OP_GLOBAL_AVERAGE_POOL, IN(flat), 0, NULL, "the input has 2 dimensions",
           "3 or more");
    mho_graph_free(g);
}

static void windows_and_matrices(void **state) {
    (void)state;
    begin();
    int x = X(1, 3, 8, 8), line = X(1, 3, 8), flat = X(2, 3), w = X(5, 3, 1, 1),
        none = input(0, NULL);
    a.stride[1] = 0;
    refuse(MHO_OP_MAX_POOL, IN(x), 0, NULL, "stride 1x0", "1 to 16777216");
    a.pads[3] = (size_t)1 << 25;
    refuse(MHO_OP_CONV, IN(x, w), 0, NULL, "a padding of 33554432", "at most 16777216");
    refuse(MHO_OP_MAX_POOL, IN(flat), 0, NULL, "its input is 2x3",
           "[batch][channel][height][width]");
    a.kernel[0] = 2;
    refuse(MHO_OP_MAX_POOL, IN(line), 0, NULL, "without height", "height 1");
    a.kernel[0] = a.kernel[1] = 2;
    a.pads[0] = 2;
    refuse(MHO_OP_MAX_POOL, IN(x), 0, NULL, "a padding of 2", "the kernel of 2");
    refuse(MHO_OP_GEMM, IN(x, flat), 0, NULL, "factors 1x3x8x8 and 2x3", "matrices are wanted");
    a.trans_b = true;
    refuse(MHO_OP_GEMM, IN(flat, flat, X(5)), 0, NULL, "C of 5 does not fit a result of 2x2", "");
    refuse(MHO_OP_MATMUL, IN(flat, none), 0, NULL, "factors 2x3 and", "one dimension or more");
    refuse(MHO_OP_MATMUL, IN(flat, flat), 0, NULL, "factors 2x3 and 2x3 do not fit", "");
    a.groups = 2;
    float weight[64] = {0};
    int y;
    test_refused(ctx, mho_graph_add_conv(g, "here", x, 2, &a, weight, NULL, &y), MHO_ERR_ARG,
                 "here: 3 channels in 2 groups");
    mho_graph_free(g);
}

static void moves_and_means(void **state) {
    (void)state;
    begin();
    int x = X(1, 3, 8, 8), flat = X(2, 3);
    a.axis = 5;
    refuse(MHO_OP_FLATTEN, IN(x), 0, NULL, "axis 5 of an input of 4 dimensions", "");
    a.axis = 4;
    refuse(MHO_OP_CONCAT, IN(x, x), 0, NULL, "axis 4 of inputs of 4 dimensions", "");
    a.axis = 1;
    refuse(MHO_OP_CONCAT, IN(x, flat), 0, NULL, "inputs 1x3x8x8 and 2x3 do not fit along axis 1",
           "");
    a.before[2] = 1 << 25;
    refuse(MHO_OP_PAD, IN(x), 0, NULL, "pads 33554432 and 0 of dimension 2", "at most 16777216");
    a.pad_mode = MHO_PAD_REFLECT;
    a.after[3] = 8;
    refuse(MHO_OP_PAD, IN(x), 0, NULL, "dimension 3 of 8 cannot be reflected 0 and 8 wide", "");
    refuse(MHO_OP_SLICE, IN(x), SHAPE(2), "an output of 1 dimensions", "of 4");
    a.step[0] = a.step[1] = 1;
    a.start[1] = 2;
    refuse(MHO_OP_SLICE, IN(flat), SHAPE(2, 2),
           "2 numbers from 2 in steps of 1 do not lie in dimension 1 of 3", "");
    a.reduce[1] = true;
    refuse(MHO_OP_REDUCE_MEAN, IN(flat), SHAPE(5), "its output cannot be 5", "");
    refuse(MHO_OP_RESHAPE, IN(flat), SHAPE(1, 1, 1, 1, 1, 1, 1, 2, 3), "9 dimensions", "0 to 8");
    mho_graph_free(g);
}

static void tensors_have_limits(void **state) {
    (void)state;
    begin();
    static const size_t nine[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    const float one = 1;
    int t;
    test_refused(ctx, mho_graph_add_input(g, "x", 9, nine, &t), MHO_ERR_DIM, "tensor x: 9",
                 "0 to 8");
    test_refused(ctx, mho_graph_add_constant(g, "c", 1, nine, NULL, &t), MHO_ERR_ARG,
                 "constant c: data is NULL");
    size_t n = mho_graph_n_tensor(g);
    mho_status status = MHO_OK;
    for (; n <= (size_t)1 << 18 && status == MHO_OK; n++) {
        status = mho_graph_add_constant(g, "c", 0, NULL, &one, &t);
    }
    test_refused(ctx, status, MHO_ERR_ARG, "at most 262144 tensors");
    assert_int_equal(mho_graph_n_tensor(g), 262144);
    mho_graph_free(g);
}

static void outputs_have_a_limit(void **state) {
    (void)state;
    begin();
    int x = X(1, 4);
    mho_status status = MHO_OK;
    for (size_t n = 0; n <= 65536 && status == MHO_OK; n++) {
        status = mho_graph_add_output(g, x);
    }
    test_refused(ctx, status, MHO_ERR_ARG, "at most 65536 outputs");
    assert_int_equal(mho_graph_n_output(g), 65536);
    mho_graph_free(g);
}

/* A node with the attributes a is refused: one is no number. */
static void refuse_number(mho_graph_op op, int x, const char *part) {
    int y;
    test_refused(ctx, mho_graph_add_node(g, op, "here", 1, &x, &a, 0, NULL, &y), MHO_ERR_ARG,
                 "here (", part);
    a = mho_graph_attr_default();
}

static void parameters_are_numbers(void **state) {
    (void)state;
    begin();
    int x = X(1, 4), y;
    a.alpha = INFINITY;
    refuse_number(MHO_OP_LEAKY_RELU, x, "alpha is inf: a finite number");
    a.beta = -INFINITY;
    refuse_number(MHO_OP_HARD_SIGMOID, x, "beta is -inf: a finite number");
    a.epsilon = NAN;
    refuse_number(MHO_OP_RELU, x, "epsilon is nan: a finite number");
    a.lo = NAN;
    refuse_number(MHO_OP_CLIP, x, "the lower bound is nan: a number");
    a.hi = NAN;
    refuse_number(MHO_OP_CLIP, x, "the upper bound is nan: a number");
    a.hi = INFINITY; /* no bound at all */
    test_ok(ctx, mho_graph_add_node(g, MHO_OP_CLIP, "open", 1, &x, &a, 0, NULL, &y));
    mho_graph_free(g);
}

/* Weights that nodes share are looked at once; those that are none are found by every node. */
static void shared_weights_are_checked(void **state) {
    (void)state;
    begin();
    int x = X(1, 2), good, bad, y;
    const float fine[4] = {1, 2, 3, 4}, odd[4] = {1, 2, -INFINITY, 4};
    test_ok(ctx, mho_graph_add_constant(g, "good", 2, (size_t[]){2, 2}, fine, &good));
    test_ok(ctx, mho_graph_add_constant(g, "bad", 2, (size_t[]){2, 2}, odd, &bad));
    for (size_t k = 0; k < 3; k++) {
        test_ok(ctx,
                mho_graph_add_node(g, MHO_OP_MATMUL, "a", 2, (int[]){x, good}, &a, 0, NULL, &y));
        test_refused(ctx,
                     mho_graph_add_node(g, MHO_OP_MATMUL, "b", 2, (int[]){x, bad}, &a, 0, NULL, &y),
                     MHO_ERR_ARG, "b: number 2 of the constant at input 1 is -inf");
    }
    mho_graph_free(g);
}

/* A small file may have many nodes that share weights and each want others. */
static void folding_does_not_grow_without_limit(void **state) {
    (void)state;
    begin();
    enum { SIDE = 1024 };
    float *w = calloc((size_t)SIDE * SIDE, sizeof *w);
    int x = X(1, SIDE), shared, y = x;
    test_ok(ctx, mho_graph_add_constant(g, "w", 2, (size_t[]){SIDE, SIDE}, w, &shared));
    free(w);
    for (size_t k = 0; k < 60; k++) {
        test_ok(ctx,
                mho_graph_add_node(g, MHO_OP_MATMUL, NULL, 2, (int[]){y, shared}, &a, 0, NULL, &y));
    }
    test_ok(ctx, mho_graph_add_output(g, y));
    mho_graph *folded;
    test_refused(ctx, mho_graph_fold(ctx, g, &folded), MHO_ERR_NOMEM, "w: nodes that share",
                 "more than 32 times");
    assert_null(folded);
    mho_graph_free(g);
}

static bool stop(void *user, const char *stage, double done_frac) {
    (void)user;
    (void)stage;
    (void)done_frac;
    return false;
}

static void runs_want_their_inputs(void **state) {
    (void)state;
    begin();
    int x = X(1, 4), other = X(1, 4), y;
    test_ok(ctx, mho_graph_add_node(g, MHO_OP_ADD, "sum", 2, (int[]){x, other}, NULL, 0, NULL, &y));
    test_ok(ctx, mho_graph_add_output(g, y));
    const float in[4] = {1, 2, 3, 4};
    float out[4];
    float *to[1] = {out};
    const float *from[2] = {in, NULL};
    const int far = 99;
    test_refused(ctx, mho_graph_run_all(ctx, g, 1, from, 1, &y, to), MHO_ERR_ARG, "input 1 (",
                 "is missing");
    test_refused(ctx, mho_graph_run_node(ctx, g, 0, from, out), MHO_ERR_ARG, "node sum",
                 "input 1 is missing");
    from[1] = in;
    test_refused(ctx, mho_graph_run_all(ctx, g, 1, from, 1, &far, to), MHO_ERR_ARG,
                 "wanted tensor 99", "the graph has 3");
    test_refused(ctx, mho_graph_run_node(ctx, g, 7, from, out), MHO_ERR_ARG,
                 "node 7: the graph has 1");
    test_refused(ctx, mho_graph_patches(ctx, g, 0, 0, in, out), MHO_ERR_ARG, "node 0, group 0",
                 "constant weights");
    mho_ctx_set_progress(ctx, stop, NULL);
    test_refused(ctx, mho_graph_run_all(ctx, g, 1, from, 1, &y, to), MHO_ERR_CANCELLED, "stopped");
    mho_ctx_set_progress(ctx, NULL, NULL);
    test_ok(ctx, mho_graph_run_all(ctx, g, 1, from, 1, &y, to));
    assert_true(out[3] == 8);
    mho_graph_free(g);
}

/* ---- samples ---- */

static void save(const char *path, const char *name, size_t n_dim, const size_t *shape,
                 const double *x) {
    mho_npy_view v = {.name = name, .n_dim = n_dim, .data = x};
    for (size_t k = 0; k < n_dim; k++) {
        v.shape[k] = shape[k];
    }
    test_ok(ctx, mho_npz_save(ctx, path, 1, &v));
}

static void samples_are_checked(void **state) {
    (void)state;
    const float x[4] = {1, NAN, 3, 4}, fine[4] = {1, 2, 3, 4};
    const int32_t label[2] = {1, -1};
    mho_samples *s;
    test_refused(ctx, mho_samples_new(ctx, 2, 1, 9000, 1, fine, NULL, &s), MHO_ERR_ARG,
                 "samples of 1 x 9000 x 1", "sides 1 to 4096");
    test_refused(ctx, mho_samples_new(ctx, 0, 1, 1, 1, fine, NULL, &s), MHO_ERR_ARG, "0 samples",
                 "at least 1");
    test_refused(ctx, mho_samples_new(ctx, 2, 1, 2, 1, x, NULL, &s), MHO_ERR_ARG,
                 "sample 0, number 1 is not finite");
    test_refused(ctx, mho_samples_new(ctx, 2, 1, 2, 1, fine, label, &s), MHO_ERR_ARG,
                 "label[1] = -1", "0 to ");
    assert_null(s);
    test_ok(ctx, mho_samples_new(ctx, 2, 1, 2, 1, fine, NULL, &s));
    mho_samples *part;
    test_refused(ctx, mho_samples_part(s, 1, 2, &part), MHO_ERR_ARG, "samples 1 to 3 wanted",
                 "there are 2");
    mho_samples_free(s);
    char path[] = "/tmp/mho-errors-graph-XXXXXX.npz";
    close(mkstemps(path, 4));
    const double number[4] = {1, 2, 3, 4};
    save(path, "x", 0, NULL, number);
    test_refused(ctx, mho_samples_load(ctx, path, MHO_PART_TEST, &s), MHO_ERR_FORMAT, path,
                 "x is a single number");
    save(path, "x", 1, (size_t[]){4}, number);
    test_refused(ctx, mho_samples_load(ctx, path, MHO_PART_TEST, &s), MHO_ERR_FORMAT, path,
                 "x has 1 dimensions", "[n][c][h][w]");
    const double beyond[4] = {1, 2, 3, -1e300};
    save(path, "x", 2, (size_t[]){2, 2}, beyond);
    test_refused(ctx, mho_samples_load(ctx, path, MHO_PART_TEST, &s), MHO_ERR_FORMAT, path,
                 "x, sample 1, number 1 is -1e+300", "the range of float");
    unlink(path);
    char text[] = "/tmp/mho-errors-graph-XXXXXX.txt";
    close(mkstemps(text, 4));
    test_refused(ctx, mho_samples_load(ctx, text, MHO_PART_TEST, &s), MHO_ERR_ARG, text,
                 "MNIST's files", "FILE.npz");
    unlink(text);
    assert_null(s);
}

static void files_that_promise_too_much(void **state) {
    (void)state;
    mho_graph_opt opt = {.n_input_dim = 9};
    mho_graph *none;
    test_refused(ctx, mho_graph_parse_onnx(ctx, "memory", "x", 1, NULL, &opt, &none), MHO_ERR_ARG,
                 "memory", "an input of 9 dimensions", "at most 8");
    static char path[20000];
    memset(path, 'x', sizeof path - 1);
    path[0] = path[9999] = '/';
    test_refused(ctx, mho_graph_load_onnx(ctx, path, NULL, &none), MHO_ERR_IO, "/xxx",
                 "the path is too long");
    assert_null(none);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elementwise_operators_and_axes),
        cmocka_unit_test(windows_and_matrices),
        cmocka_unit_test(moves_and_means),
        cmocka_unit_test(tensors_have_limits),
        cmocka_unit_test(outputs_have_a_limit),
        cmocka_unit_test(parameters_are_numbers),
        cmocka_unit_test(shared_weights_are_checked),
        cmocka_unit_test(folding_does_not_grow_without_limit),
        cmocka_unit_test(runs_want_their_inputs),
        cmocka_unit_test(samples_are_checked),
        cmocka_unit_test(files_that_promise_too_much),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
