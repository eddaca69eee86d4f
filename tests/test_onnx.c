/* test_onnx.c - the ONNX reader on damaged bytes: a small network is written here, then cut at
 * every byte, changed at every byte, and read with every allocation failing once. Nothing may
 * crash, leak or read beyond the end (run under the address sanitizer: make asan); what is wrong is
 * said. */
#define _GNU_SOURCE
#include "test.h"

#include "graph/onnx_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef struct file {
    unsigned char *bytes;
    size_t n;
} file;

static float weights[2 * 1 * 3 * 3], bias[2], matrix[3 * 8];
static char *external; /* file of the matrix, if it lies in one */

/* ---- a disk that fails between opening and reading, a file that shrinks ---- */

static bool no_stat, no_read, shrinks;

int fstat(int fd, struct stat *st) {
    errno = EIO;
    return no_stat ? -1 : fstatat(fd, "", st, AT_EMPTY_PATH);
}

ssize_t pread(int fd, void *to, size_t n, off_t offset) {
    errno = EIO;
    return no_read ? -1 : shrinks ? 0 : syscall(SYS_pread64, fd, to, n, offset);
}

static MhoOnnx__Tensor tensor(const char *name, size_t n_dims, int64_t *dims, float *data,
                              size_t n_data) {
    MhoOnnx__Tensor t = MHO_ONNX__TENSOR__INIT;
    t.name = (char *)(uintptr_t)name;
    t.n_dims = n_dims;
    t.dims = dims;
    t.has_data_type = 1;
    t.data_type = MHO_ONNX_FLOAT;
    t.has_raw_data = 1;
    t.raw_data = (ProtobufCBinaryData){n_data * sizeof *data, (uint8_t *)data};
    return t;
}

static MhoOnnx__Node node(const char *op, size_t n_input, char **input, char **output) {
    MhoOnnx__Node n = MHO_ONNX__NODE__INIT;
    n.op_type = n.name = (char *)(uintptr_t)op;
    n.n_input = n_input;
    n.input = input;
    n.n_output = 1;
    n.output = output;
    return n;
}

/* Conv 3x3 with padding, Relu, MaxPool, Reshape by a constant, Gemm. */
static file small_network(mho_ctx *ctx) {
    static char *names[] = {"x", "w", "b", "c", "r", "p", "shape", "f", "m", "y"};
    int64_t dw[4] = {2, 1, 3, 3}, db[1] = {2}, dm[2] = {3, 8}, ds[1] = {2}, shape[2] = {0, -1};
    int64_t one4[4] = {1, 1, 1, 1}, two[2] = {2, 2};
    MhoOnnx__Tensor w = tensor("w", 4, dw, weights, 18), b = tensor("b", 1, db, bias, 2);
    MhoOnnx__Tensor m = tensor("m", 2, dm, matrix, 24), s = tensor("shape", 1, ds, NULL, 0);
    s.has_raw_data = 0;
    s.data_type = MHO_ONNX_INT64;
    s.n_int64_data = 2;
    s.int64_data = shape;
    MhoOnnx__Entry place = MHO_ONNX__ENTRY__INIT, *entries[] = {&place};
    place.key = "location", place.value = external;
    if (external) {
        m.has_raw_data = 0;
        m.has_data_location = m.data_location = 1;
        m.n_external_data = 1, m.external_data = entries;
    }
    b.has_raw_data = 0;
    b.n_float_data = 2;
    b.float_data = bias;
    MhoOnnx__Tensor *constants[] = {&w, &b, &m, &s};
    MhoOnnx__Attribute pads = MHO_ONNX__ATTRIBUTE__INIT, kernel = pads, stride = pads, trans = pads;
    pads.name = "pads", pads.n_ints = 4, pads.ints = one4, pads.has_type = 1, pads.type = 7;
    kernel.name = "kernel_shape", kernel.n_ints = 2, kernel.ints = two;
    stride.name = "strides", stride.n_ints = 2, stride.ints = two;
    trans.name = "transB", trans.has_i = 1, trans.i = 1, trans.has_type = 1, trans.type = 2;
    MhoOnnx__Attribute *conv_attr[] = {&pads}, *pool_attr[] = {&kernel, &stride},
                       *gemm_attr[] = {&trans};
    char *in_conv[] = {names[0], names[1], names[2]}, *in_shape[] = {names[5], names[6]};
    char *in_gemm[] = {names[7], names[8]};
    MhoOnnx__Node conv = node("Conv", 3, in_conv, &names[3]),
                  relu = node("Relu", 1, &names[3], &names[4]),
                  pool = node("MaxPool", 1, &names[4], &names[5]),
                  flat = node("Reshape", 2, in_shape, &names[7]),
                  gemm = node("Gemm", 2, in_gemm, &names[9]);
    conv.n_attribute = 1, conv.attribute = conv_attr;
    pool.n_attribute = 2, pool.attribute = pool_attr;
    gemm.n_attribute = 1, gemm.attribute = gemm_attr;
    MhoOnnx__Node *nodes[] = {&conv, &relu, &pool, &flat, &gemm};
    MhoOnnx__Dimension batch = MHO_ONNX__DIMENSION__INIT, channel = batch, side = batch;
    batch.dim_param = "n";
    channel.has_dim_value = side.has_dim_value = 1;
    channel.dim_value = 1, side.dim_value = 4;
    MhoOnnx__Dimension *dims[] = {&batch, &channel, &side, &side};
    MhoOnnx__Shape in_dims = MHO_ONNX__SHAPE__INIT;
    in_dims.n_dim = 4, in_dims.dim = dims;
    MhoOnnx__TensorType in_type = MHO_ONNX__TENSOR_TYPE__INIT;
    in_type.has_elem_type = 1, in_type.elem_type = MHO_ONNX_FLOAT, in_type.shape = &in_dims;
    MhoOnnx__Type type = MHO_ONNX__TYPE__INIT;
    type.tensor_type = &in_type;
    MhoOnnx__ValueInfo in = MHO_ONNX__VALUE_INFO__INIT, out = in;
    in.name = names[0], in.type = &type, out.name = names[9];
    MhoOnnx__ValueInfo *ins[] = {&in}, *outs[] = {&out};
    MhoOnnx__Graph graph = MHO_ONNX__GRAPH__INIT;
    graph.n_node = 5, graph.node = nodes, graph.n_initializer = 4, graph.initializer = constants;
    graph.n_input = graph.n_output = 1, graph.input = ins, graph.output = outs;
    MhoOnnx__OperatorSet set = MHO_ONNX__OPERATOR_SET__INIT, *sets[] = {&set};
    set.has_version = 1, set.version = 17;
    MhoOnnx__Model model = MHO_ONNX__MODEL__INIT;
    model.graph = &graph, model.n_opset_import = 1, model.opset_import = sets;
    file f = {NULL, mho_onnx__model__get_packed_size(&model)};
    f.bytes = mho_i_alloc(ctx, f.n, 1);
    assert_non_null(f.bytes);
    mho_onnx__model__pack(&model, f.bytes);
    return f;
}

/* Read, fold, run on one sample. */
static mho_status use(mho_ctx *ctx, const unsigned char *bytes, size_t n, float y[3]) {
    /* as much as there is and no more, so that a sanitizer sees a step beyond it */
    unsigned char *exact = malloc(n ? n : 1);
    memcpy(exact, bytes, n);
    mho_graph *g = NULL, *f = NULL;
    mho_graph_opt opt = {.max_byte = (size_t)64 << 20};
    mho_status status = mho_graph_parse_onnx(ctx, "memory", exact, n, NULL, &opt, &g);
    free(exact);
    if (status == MHO_OK) {
        status = mho_graph_fold(ctx, g, &f);
    }
    if (status == MHO_OK && mho_graph_n_input(f) == 1) {
        const mho_graph_tensor *in = mho_graph_tensor_at(f, mho_graph_input(f, 0));
        const mho_graph_tensor *out = mho_graph_tensor_at(f, mho_graph_output(f, 0));
        float x[16], keep[16];
        for (size_t k = 0; k < 16; k++) {
            x[k] = (float)k / 4 - 1;
        }
        if (in->size == 16 && out->size <= 16) {
            status = mho_graph_run(ctx, f, 1, x, keep);
            memcpy(y, keep, 3 * sizeof *y);
        }
    }
    mho_graph_free(g);
    mho_graph_free(f);
    return status;
}

static void setup(void) {
    mho_i_rng_normal_f(1, MHO_RNG_TEST, 1, 0, 18, weights);
    mho_i_rng_normal_f(1, MHO_RNG_TEST, 2, 0, 2, bias);
    mho_i_rng_normal_f(1, MHO_RNG_TEST, 3, 0, 24, matrix);
}

/* From the definitions, in double. */
static void expect(double y[3]) {
    double r[2][16], p[8];
    for (int o = 0; o < 2; o++) {
        for (int k = 0; k < 16; k++) {
            r[o][k] = (double)bias[o];
            for (int j = 0; j < 9; j++) {
                int row = k / 4 + j / 3 - 1, col = k % 4 + j % 3 - 1;
                if (row >= 0 && row < 4 && col >= 0 && col < 4) {
                    r[o][k] += (double)weights[o * 9 + j] * ((row * 4 + col) / 4.0 - 1);
                }
            }
            r[o][k] = fmax(r[o][k], 0);
        }
        for (int k = 0; k < 4; k++) {
            int at = k / 2 * 8 + k % 2 * 2;
            p[o * 4 + k] = fmax(fmax(r[o][at], r[o][at + 1]), fmax(r[o][at + 4], r[o][at + 5]));
        }
    }
    for (int k = 0; k < 3; k++) {
        y[k] = 0;
        for (int i = 0; i < 8; i++) {
            y[k] += (double)matrix[k * 8 + i] * p[i];
        }
    }
}

static void whole(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    file f = small_network(ctx);
    float got[3];
    double want[3];
    expect(want);
    test_ok(ctx, use(ctx, f.bytes, f.n, got));
    for (int k = 0; k < 3; k++) {
        test_close((double)got[k], want[k], 1e-5, 1e-5);
    }
    mho_i_free(ctx, f.bytes);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void truncated(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    file f = small_network(ctx);
    size_t before = mho_ctx_bytes(ctx);
    float y[3];
    for (size_t n = 0; n < f.n; n++) {
        assert_int_equal(use(ctx, f.bytes, n, y), MHO_ERR_FORMAT);
        assert_non_null(strstr(mho_ctx_last_error(ctx), "memory: "));
        assert_int_equal(mho_ctx_bytes(ctx), before);
    }
    mho_i_free(ctx, f.bytes);
    mho_ctx_free(ctx);
}

/* One byte to every value of a few; then many bytes at random. */
static void changed(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    file f = small_network(ctx);
    size_t before = mho_ctx_bytes(ctx);
    float y[3];
    const unsigned char values[] = {0, 1, 2, 8, 10, 127, 128, 200, 255};
    for (size_t at = 0; at < f.n; at++) {
        unsigned char keep = f.bytes[at];
        for (size_t v = 0; v < sizeof values; v++) {
            f.bytes[at] = v ? values[v] : (unsigned char)(keep ^ 1);
            mho_status status = use(ctx, f.bytes, f.n, y);
            assert_true(status == MHO_OK || status == MHO_ERR_FORMAT || status == MHO_ERR_NOMEM);
            assert_int_equal(mho_ctx_bytes(ctx), before);
        }
        f.bytes[at] = keep;
    }
    unsigned char *copy = mho_i_alloc(ctx, f.n, 1);
    for (uint32_t round = 0; round < 4000; round++) {
        double u[16];
        mho_i_rng_uniform(2, MHO_RNG_TEST, round, 0, 16, u);
        memcpy(copy, f.bytes, f.n);
        for (size_t k = 0; k < 1 + (size_t)(u[0] * 7); k++) {
            copy[(size_t)(u[2 * k + 1] * (double)f.n)] = (unsigned char)(u[2 * k + 2] * 256);
        }
        mho_status status = use(ctx, copy, f.n, y);
        assert_true(status == MHO_OK || status == MHO_ERR_FORMAT || status == MHO_ERR_NOMEM);
    }
    mho_i_free(ctx, copy);
    assert_int_equal(mho_ctx_bytes(ctx), before);
    mho_i_free(ctx, f.bytes);
    mho_ctx_free(ctx);
}

static void out_of_memory(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    file f = small_network(ctx);
    size_t before = mho_ctx_bytes(ctx), n = 0;
    mho_status status = MHO_ERR_NOMEM;
    float y[3];
    for (; status != MHO_OK && n < 5000; n++) {
        mho_ctx_fail_alloc(ctx, n + 1);
        status = use(ctx, f.bytes, f.n, y);
        mho_ctx_fail_alloc(ctx, 0);
        assert_true(status == MHO_OK || status == MHO_ERR_NOMEM);
        assert_int_equal(mho_ctx_bytes(ctx), before);
    }
    assert_int_equal(status, MHO_OK);
    assert_true(n > 100);
    mho_i_free(ctx, f.bytes);
    mho_ctx_free(ctx);
}

/* Halves and bfloats by value: powers of two, the smallest, the largest, infinity. */
static void types(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    const struct {
        int type, bits;
        float value;
    } cases[] = {{MHO_ONNX_FLOAT16, 0x3c00, 1},
                 {MHO_ONNX_FLOAT16, 0xc100, -2.5F},
                 {MHO_ONNX_FLOAT16, 0x0001, 0x1p-24F},
                 {MHO_ONNX_FLOAT16, 0x7bff, 65504},
                 {MHO_ONNX_FLOAT16, 0xfc00, -INFINITY},
                 {MHO_ONNX_BFLOAT16, 0x3fc0, 1.5F},
                 {MHO_ONNX_BFLOAT16, 0xff7f, -0x1.fep127F},
                 {MHO_ONNX_INT8, 0x80, -128},
                 {MHO_ONNX_UINT8, 0x80, 128},
                 {MHO_ONNX_INT16, 0xfffe, -2},
                 {MHO_ONNX_BOOL, 7, 1}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        mho_i_onnx o = {.ctx = ctx, .where = "memory", .opt.max_byte = 1 << 20};
        int64_t one = 1;
        int32_t typed = cases[k].bits;
        uint8_t raw[2] = {(uint8_t)cases[k].bits, (uint8_t)(cases[k].bits >> 8)};
        MhoOnnx__Tensor t = tensor("t", 1, &one, NULL, 0);
        t.data_type = cases[k].type;
        t.raw_data = (ProtobufCBinaryData){k < 7 || k == 9 ? 2 : 1, raw};
        for (int pass = 0; pass < 2; pass++) {
            float *v = NULL;
            test_ok(ctx, mho_i_onnx_tensor_floats(&o, &t, 1, &v));
            assert_true(v[0] == cases[k].value);
            mho_i_free(ctx, v);
            t.has_raw_data = 0; /* then the same from the typed array */
            t.n_int32_data = 1;
            t.int32_data = &typed;
        }
    }
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

/* A node whose first input is absent and whose second is a constant. */
static void without_first_input(char *op) {
    mho_ctx *ctx = test_ctx();
    static char *in[] = {"", "w"}, *out[] = {"y"};
    int64_t four[1] = {4};
    MhoOnnx__Tensor w = tensor("w", 1, four, weights, 4), *constants[] = {&w};
    MhoOnnx__Node n = node(op, 2, in, out), *nodes[] = {&n};
    MhoOnnx__Attribute axis = MHO_ONNX__ATTRIBUTE__INIT, *attributes[] = {&axis};
    axis.name = "axis", axis.has_type = 1, axis.type = 2, axis.has_i = 1;
    n.n_attribute = strcmp(op, "Concat") == 0, n.attribute = attributes;
    MhoOnnx__ValueInfo y = MHO_ONNX__VALUE_INFO__INIT, *outs[] = {&y};
    y.name = out[0];
    MhoOnnx__Graph graph = MHO_ONNX__GRAPH__INIT;
    graph.n_node = 1, graph.node = nodes, graph.n_initializer = 1, graph.initializer = constants;
    graph.n_output = 1, graph.output = outs;
    MhoOnnx__OperatorSet set = MHO_ONNX__OPERATOR_SET__INIT, *sets[] = {&set};
    set.has_version = 1, set.version = 17;
    MhoOnnx__Model model = MHO_ONNX__MODEL__INIT;
    model.graph = &graph, model.n_opset_import = 1, model.opset_import = sets;
    size_t n_byte = mho_onnx__model__get_packed_size(&model);
    unsigned char *bytes = mho_i_alloc(ctx, n_byte, 1);
    mho_onnx__model__pack(&model, bytes);
    mho_graph *g = NULL;
    assert_int_equal(mho_graph_parse_onnx(ctx, "memory", bytes, n_byte, NULL, NULL, &g),
                     MHO_ERR_FORMAT);
    print_message("    %s: %s\n", op, mho_ctx_last_error(ctx));
    assert_non_null(strstr(mho_ctx_last_error(ctx), "input 0 is absent"));
    mho_i_free(ctx, bytes);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void absent_inputs(void **state) {
    (void)state;
    static char *op[] = {"DequantizeLinear", "Identity", "Concat"};
    for (size_t k = 0; k < sizeof op / sizeof *op; k++) {
        without_first_input(op[k]);
    }
}

static void external_data_that_fail(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    char dir[] = "/tmp/mho-onnx-XXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/m.bin", dir);
    FILE *f = fopen(path, "wb");
    assert_int_equal(fwrite(matrix, sizeof *matrix, 24, f), 24);
    fclose(f);
    external = "m.bin";
    file net = small_network(ctx);
    external = NULL;
    mho_graph *g;
    size_t held = mho_ctx_bytes(ctx);
    bool *const failures[] = {&no_stat, &no_read, &shrinks};
    const char *const words[] = {"Input/output error", "Input/output error",
                                 "the file is too short"};
    for (int k = 0; k < 3; k++) {
        *failures[k] = true;
        mho_status status = mho_graph_parse_onnx(ctx, "memory", net.bytes, net.n, dir, NULL, &g);
        *failures[k] = false;
        test_refused(ctx, status, MHO_ERR_FORMAT, "memory", "\"m\"", "m.bin", words[k]);
        assert_int_equal(mho_ctx_bytes(ctx), held);
    }
    test_ok(ctx, mho_graph_parse_onnx(ctx, "memory", net.bytes, net.n, dir, NULL, &g));
    mho_graph_free(g);
    mho_i_free(ctx, net.bytes);
    unlink(path);
    rmdir(dir);
    mho_ctx_free(ctx);
}

int main(void) {
    setup();
    const struct CMUnitTest tests[] = {cmocka_unit_test(whole),
                                       cmocka_unit_test(truncated),
                                       cmocka_unit_test(changed),
                                       cmocka_unit_test(out_of_memory),
                                       cmocka_unit_test(types),
                                       cmocka_unit_test(absent_inputs),
                                       cmocka_unit_test(external_data_that_fail)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
