/* test_graph.c - graphs by hand: every kernel against a loop written from its definition, folding
 * against no folding, LeNet-5 against the forward pass of mho_net, errors, memory. */
#include "test.h"

#include "graph/graph_int.h"

static void fill(uint32_t stream, size_t n, float *out) {
    mho_i_rng_normal_f(1, MHO_RNG_TEST, stream, 0, n, out);
}

static int input4(mho_graph *g, size_t n, size_t c, size_t h, size_t w) {
    size_t shape[4] = {n, c, h, w};
    int t = -1;
    assert_int_equal(mho_graph_add_input(g, "x", 4, shape, &t), MHO_OK);
    return t;
}

static int constant(mho_graph *g, uint32_t stream, size_t n_dim, const size_t *shape) {
    static float data[1 << 16];
    size_t n = 1;
    int t = -1;
    for (size_t d = 0; d < n_dim; d++) {
        n *= shape[d];
    }
    fill(stream, n, data);
    assert_int_equal(mho_graph_add_constant(g, NULL, n_dim, shape, data, &t), MHO_OK);
    return t;
}

/* ---- convolution from its definition ---- */

typedef struct conv_case {
    size_t n, in_c, h, w, out_c, kh, kw, sh, sw, dh, dw, top, left, bottom, right, groups;
    bool bias;
} conv_case;

static float conv_at(const conv_case *c, const float *x, const float *w, const float *b, size_t n,
                     size_t o, ptrdiff_t oy, ptrdiff_t ox) {
    size_t per = c->in_c / c->groups, g = o / (c->out_c / c->groups);
    double sum = b ? (double)b[o] : 0;
    for (size_t i = 0; i < per; i++) {
        for (size_t ky = 0; ky < c->kh; ky++) {
            for (size_t kx = 0; kx < c->kw; kx++) {
                ptrdiff_t y = oy * (ptrdiff_t)c->sh + (ptrdiff_t)(ky * c->dh) - (ptrdiff_t)c->top;
                ptrdiff_t q = ox * (ptrdiff_t)c->sw + (ptrdiff_t)(kx * c->dw) - (ptrdiff_t)c->left;
                if (y >= 0 && y < (ptrdiff_t)c->h && q >= 0 && q < (ptrdiff_t)c->w) {
                    sum +=
                        (double)
                            x[((n * c->in_c + g * per + i) * c->h + (size_t)y) * c->w + (size_t)q] *
                        (double)w[((o * per + i) * c->kh + ky) * c->kw + kx];
                }
            }
        }
    }
    return (float)sum;
}

static void check_conv(const conv_case *c) {
    mho_ctx *ctx = test_ctx();
    mho_graph *g;
    test_ok(ctx, mho_graph_new(ctx, &g));
    size_t n_x = c->n * c->in_c * c->h * c->w, n_w = c->out_c * c->in_c / c->groups * c->kh * c->kw;
    float *x = mho_i_alloc(ctx, 3 * n_x, sizeof *x), *w = mho_i_alloc(ctx, n_w, sizeof *w);
    float b[64];
    fill(1, 3 * n_x, x);
    fill(2, n_w, w);
    fill(3, c->out_c, b);
    mho_graph_attr a = mho_graph_attr_default();
    a.kernel[0] = c->kh, a.kernel[1] = c->kw, a.stride[0] = c->sh, a.stride[1] = c->sw;
    a.dilation[0] = c->dh, a.dilation[1] = c->dw, a.groups = c->groups;
    a.pads[0] = c->top, a.pads[1] = c->left, a.pads[2] = c->bottom, a.pads[3] = c->right;
    int t = input4(g, c->n, c->in_c, c->h, c->w);
    test_ok(ctx, mho_graph_add_conv(g, "c", t, c->out_c, &a, w, c->bias ? b : NULL, &t));
    test_ok(ctx, mho_graph_add_output(g, t));
    const mho_graph_tensor *y = mho_graph_tensor_at(g, t);
    size_t out_h = y->shape[2], out_w = y->shape[3];
    assert_int_equal(out_h, (c->h + c->top + c->bottom - (c->kh - 1) * c->dh - 1) / c->sh + 1);
    assert_int_equal(out_w, (c->w + c->left + c->right - (c->kw - 1) * c->dw - 1) / c->sw + 1);
    float *out = mho_i_alloc(ctx, 3 * y->size, sizeof *out);
    test_ok(ctx, mho_graph_run(ctx, g, 3, x, out));
    for (size_t k = 0; k < 3 * y->size; k++) {
        size_t p = k % (out_h * out_w), o = k / (out_h * out_w) % c->out_c;
        size_t n = k / (out_h * out_w * c->out_c);
        float want = conv_at(c, x, w, c->bias ? b : NULL, n, o, (ptrdiff_t)(p / out_w),
                             (ptrdiff_t)(p % out_w));
        test_close((double)out[k], (double)want, 1e-4, 1e-5);
    }
    /* the same from patches and matrices, as an array would do it */
    mho_graph_matrix m;
    assert_true(mho_graph_matrix_of(g, 0, &m));
    assert_int_equal(m.n_pos, out_h * out_w);
    float *patches = mho_i_alloc(ctx, m.n_pos * m.n_in, sizeof *patches);
    for (size_t q = 0; q < m.n_group && c->n == 1; q++) {
        test_ok(ctx, mho_graph_patches(ctx, g, 0, q, x, patches));
        for (size_t k = 0; k < m.n_pos * m.n_out; k++) {
            size_t o = q * m.n_out + k / m.n_pos, p = k % m.n_pos;
            double sum = m.bias ? (double)m.bias[o] : 0;
            for (size_t i = 0; i < m.n_in; i++) {
                sum += (double)m.weights[o * m.n_in + i] * (double)patches[p * m.n_in + i];
            }
            test_close((double)out[o * m.n_pos + p], sum, 1e-4, 1e-5);
        }
    }
    mho_i_free(ctx, x);
    mho_i_free(ctx, w);
    mho_i_free(ctx, out);
    mho_i_free(ctx, patches);
    mho_graph_free(g);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void convolutions(void **state) {
    (void)state;
    const conv_case cases[] = {{1, 1, 5, 5, 1, 3, 3, 1, 1, 1, 1, 0, 0, 0, 0, 1, false},
                               {1, 3, 7, 6, 4, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, true},
                               {2, 4, 9, 8, 6, 3, 3, 1, 3, 2, 1, 2, 0, 1, 3, 2, true},
                               {1, 6, 5, 7, 6, 5, 3, 2, 2, 1, 2, 4, 3, 0, 1, 6, false},
                               {1, 8, 6, 6, 12, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 4, true},
                               {1, 5, 4, 4, 3, 1, 1, 2, 2, 1, 1, 1, 1, 0, 0, 1, true},
                               {1, 2, 1, 40, 3, 1, 7, 1, 2, 1, 1, 0, 3, 0, 2, 1, true},
                               {1, 40, 20, 21, 8, 5, 5, 1, 1, 1, 1, 2, 2, 2, 2, 1, true}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        check_conv(&cases[k]);
    }
}

/* ---- pools from their definition ---- */

static void check_pool(mho_graph_op op, size_t h, size_t w, const mho_graph_attr *a) {
    mho_ctx *ctx = test_ctx();
    mho_graph *g;
    test_ok(ctx, mho_graph_new(ctx, &g));
    int t = input4(g, 1, 1, h, w);
    test_ok(ctx, mho_graph_add_node(g, op, "pool", 1, &t, a, 0, NULL, &t));
    test_ok(ctx, mho_graph_add_output(g, t));
    const size_t *shape = mho_graph_tensor_at(g, t)->shape;
    float x[320], y[2000];
    assert_true(h * w <= 320 && shape[2] * shape[3] <= 2000);
    fill(4, h * w, x);
    test_ok(ctx, mho_graph_run(ctx, g, 1, x, y));
    for (size_t o = 0; o < shape[2] * shape[3]; o++) {
        size_t n = 0, n_padded = 0;
        double sum = 0, top = -(double)INFINITY;
        for (size_t k = 0; k < a->kernel[0] * a->kernel[1]; k++) {
            size_t oy = o / shape[3] * a->stride[0] + k / a->kernel[1] * a->dilation[0];
            size_t ox = o % shape[3] * a->stride[1] + k % a->kernel[1] * a->dilation[1];
            n_padded += oy < h + a->pads[0] + a->pads[2] && ox < w + a->pads[1] + a->pads[3];
            if (oy >= a->pads[0] && oy < h + a->pads[0] && ox >= a->pads[1] &&
                ox < w + a->pads[1]) {
                double v = (double)x[(oy - a->pads[0]) * w + ox - a->pads[1]];
                sum += v, top = fmax(top, v), n++;
            }
        }
        size_t by = a->count_include_pad ? n_padded : n;
        double want = op == MHO_OP_MAX_POOL ? top : by ? sum / (double)by : 0;
        assert_true(want == (double)y[o] || fabs(want - (double)y[o]) < 1e-5);
    }
    mho_graph_free(g);
    mho_ctx_free(ctx);
}

static void pools(void **state) {
    (void)state;
    for (uint32_t k = 0; k < 400; k++) {
        uint32_t r[12];
        mho_graph_attr a = mho_graph_attr_default();
        for (uint32_t i = 0; i < 12; i += 4) {
            mho_i_rng_u32x4(1, MHO_RNG_TEST, 40, k, i, r + i);
        }
        for (int s = 0; s < 2; s++) {
            a.kernel[s] = 1 + r[s] % 6, a.stride[s] = 1 + r[2 + s] % 4;
            a.dilation[s] = 1 + r[4 + s] % 3;
            size_t reach = (a.kernel[s] - 1) * a.dilation[s] + 1;
            a.pads[s] = r[6 + s] % reach, a.pads[s + 2] = r[8 + s] % reach;
        }
        a.ceil_mode = r[10] & 1, a.count_include_pad = r[10] & 2;
        check_pool(r[10] & 4 ? MHO_OP_MAX_POOL : MHO_OP_AVERAGE_POOL, 18 - r[10] % 3, 17, &a);
    }
}

/* Nearly all of these windows of 2^24 places is padding: work that nobody must do. Such a file kept
 * the program busy for minutes. */
static void windows_of_padding(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_graph *g;
    mho_graph_attr a = mho_graph_attr_default();
    size_t wide = MHO_I_GRAPH_MAX_SIDE;
    a.kernel[1] = wide, a.pads[1] = wide / 2, a.pads[3] = wide - 1 - wide / 2;
    test_ok(ctx, mho_graph_new(ctx, &g));
    int t = input4(g, 1, 1, 1, 4096);
    test_ok(ctx, mho_graph_add_node(g, MHO_OP_AVERAGE_POOL, "pool", 1, &t, &a, 0, NULL, &t));
    test_ok(ctx, mho_graph_add_output(g, t));
    assert_int_equal(mho_graph_tensor_at(g, t)->size, 4096);
    static float x[4096], y[4096];
    double sum = 0;
    fill(5, 4096, x);
    for (size_t k = 0; k < 4096; k++) {
        sum += (double)x[k];
    }
    test_ok(ctx, mho_graph_run(ctx, g, 1, x, y));
    for (size_t k = 0; k < 4096; k++) {
        test_close((double)y[k], sum / 4096, 1e-6, 0);
    }
    mho_graph_free(g);
    mho_ctx_free(ctx);
}

/* ---- folding changes nothing but the graph ---- */

/* A network with everything that folds; output tensors of both graphs agree. */
static mho_graph *messy(mho_ctx *ctx) {
    mho_graph *g;
    test_ok(ctx, mho_graph_new(ctx, &g));
    mho_graph_attr a = mho_graph_attr_default();
    int x = input4(g, 1, 3, 9, 9), in[8], y, z;
    const size_t w4[4] = {6, 3, 3, 3}, six[1] = {6}, scale[4] = {1, 6, 1, 1}, one[1] = {1};
    a.before[2] = a.after[3] = 1;
    test_ok(ctx, mho_graph_add_node(g, MHO_OP_PAD, "pad", 1, &x, &a, 0, NULL, &x));
    in[0] = x, in[1] = constant(g, 10, 4, w4);
    a = mho_graph_attr_default();
    a.kernel[0] = a.kernel[1] = 3;
    test_ok(ctx, mho_graph_add_node(g, MHO_OP_CONV, "conv", 2, in, &a, 0, NULL, &x));
    test_ok(ctx, mho_graph_add_simple(g, MHO_OP_IDENTITY, "same", x, &x));
    in[0] = x;
    for (int k = 1; k < 5; k++) {
        in[k] = constant(g, 11 + (uint32_t)k, 1, six);
    }
    float variance[6] = {0.5F, 1, 2, 0.1F, 3, 0};
    test_ok(ctx, mho_graph_add_constant(g, NULL, 1, six, variance, &in[4]));
    test_ok(ctx, mho_graph_add_node(g, MHO_OP_BATCHNORM, "bn", 5, in, NULL, 0, NULL, &x));
    in[0] = constant(g, 17, 4, scale), in[1] = x;
    test_ok(ctx, mho_graph_add_node(g, MHO_OP_SUB, "sub", 2, in, NULL, 0, NULL, &x));
    in[0] = x, in[1] = constant(g, 18, 1, one);
    test_ok(ctx, mho_graph_add_node(g, MHO_OP_DIV, "div", 2, in, NULL, 0, NULL, &x));
    a = mho_graph_attr_default();
    a.lo = 0;
    test_ok(ctx, mho_graph_add_node(g, MHO_OP_CLIP, "clip", 1, &x, &a, 0, NULL, &y));
    in[0] = y, in[1] = x; /* x has two readers: nothing may go into the Conv any more */
    test_ok(ctx, mho_graph_add_node(g, MHO_OP_ADD, "add", 2, in, NULL, 0, NULL, &x));
    in[0] = x, in[1] = constant(g, 19, 4, scale);
    test_ok(ctx, mho_graph_add_node(g, MHO_OP_MUL, "mul", 2, in, NULL, 0, NULL, &x));
    test_ok(ctx, mho_graph_add_simple(g, MHO_OP_FLATTEN, "flat", x, &x));
    const size_t n = mho_graph_tensor_at(g, x)->shape[1], w2[2] = {n, 5}, row[2] = {1, 5};
    in[0] = constant(g, 20, 2, w2);
    a = mho_graph_attr_default();
    a.perm[0] = 1;
    test_ok(ctx, mho_graph_add_node(g, MHO_OP_TRANSPOSE, "turn", 1, in, &a, 0, NULL, &z));
    in[0] = x, in[1] = z, in[2] = constant(g, 21, 2, row);
    a = mho_graph_attr_default();
    a.trans_b = true, a.alpha = 0.3F, a.beta = -2;
    test_ok(ctx, mho_graph_add_node(g, MHO_OP_GEMM, "gemm", 3, in, &a, 0, NULL, &x));
    const size_t w5[2] = {5, 4}, four[1] = {4};
    in[0] = x, in[1] = constant(g, 22, 2, w5);
    test_ok(ctx, mho_graph_add_node(g, MHO_OP_MATMUL, "matmul", 2, in, NULL, 0, NULL, &x));
    in[0] = x, in[1] = constant(g, 23, 1, four);
    test_ok(ctx, mho_graph_add_node(g, MHO_OP_ADD, "bias", 2, in, NULL, 0, NULL, &x));
    test_ok(ctx, mho_graph_add_output(g, x));
    test_ok(ctx, mho_graph_add_output(g, y));
    return g;
}

static void folding(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_graph *g = messy(ctx), *f;
    test_ok(ctx, mho_graph_fold(ctx, g, &f));
    const mho_graph_op want[] = {MHO_OP_CONV,    MHO_OP_RELU, MHO_OP_ADD, MHO_OP_MUL,
                                 MHO_OP_RESHAPE, MHO_OP_GEMM, MHO_OP_GEMM};
    for (size_t k = 0; k < mho_graph_n_note(f); k++) {
        print_message("    %s\n", mho_graph_note(f, k));
    }
    assert_int_equal(mho_graph_n_node(f), sizeof want / sizeof *want);
    for (size_t k = 0; k < mho_graph_n_node(f); k++) {
        mho_graph_matrix m;
        assert_int_equal(mho_graph_node_at(f, k)->op, want[k]);
        assert_int_equal(mho_graph_matrix_of(f, k, &m),
                         mho_graph_op_get(want[k]).role == MHO_ROLE_MATRIX);
    }
    float x[5 * 3 * 81], a[2][5 * 600], b[2][5 * 600];
    fill(30, 5 * 3 * 81, x);
    const float *in = x;
    int want_a[2] = {mho_graph_output(g, 0), mho_graph_output(g, 1)};
    int want_b[2] = {mho_graph_output(f, 0), mho_graph_output(f, 1)};
    float *out_a[2] = {a[0], a[1]}, *out_b[2] = {b[0], b[1]};
    test_ok(ctx, mho_graph_run_all(ctx, g, 5, &in, 2, want_a, out_a));
    test_ok(ctx, mho_graph_run_all(ctx, f, 5, &in, 2, want_b, out_b));
    for (size_t o = 0; o < 2; o++) {
        size_t n = mho_graph_tensor_at(g, want_a[o])->size;
        assert_int_equal(n, mho_graph_tensor_at(f, want_b[o])->size);
        assert_string_equal(mho_graph_tensor_at(g, want_a[o])->name,
                            mho_graph_tensor_at(f, want_b[o])->name);
        for (size_t k = 0; k < 5 * n; k++) {
            test_close((double)b[o][k], (double)a[o][k], 2e-3, 1e-4); /* 1/sqrt(1e-5) is in it */
        }
    }
    mho_graph_free(g);
    mho_graph_free(f);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

/* ---- against the other forward pass of the library ---- */

static void lenet5(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_net *net;
    mho_dataset *set;
    mho_graph *g, *f;
    test_ok(ctx, mho_net_lenet5(ctx, &net));
    for (size_t l = 0; l < mho_net_n_layer(net); l++) {
        const mho_layer *layer = mho_net_layer(net, l);
        if (layer->n_in) {
            float *w = mho_i_alloc(ctx, layer->n_out * (layer->n_in + 1), sizeof *w);
            fill(40 + (uint32_t)l, layer->n_out * (layer->n_in + 1), w);
            for (size_t k = 0; k < layer->n_out * (layer->n_in + 1); k++) {
                w[k] /= sqrtf((float)layer->n_in);
            }
            test_ok(ctx, mho_net_set_weights(net, l, w, w + layer->n_out * layer->n_in));
            mho_i_free(ctx, w);
        }
    }
    enum { N = 37 };
    float want[N * 10], x[N * 784], got[N * 10], one[N * 10];
    test_ok(ctx, mho_dataset_digits(ctx, 3, 0, N, &set));
    test_ok(ctx, mho_net_eval(ctx, net, set, NULL, NULL, want, NULL));
    for (size_t k = 0; k < N * 784; k++) {
        x[k] = (float)mho_dataset_pixels(set)[k] / 255;
    }
    test_ok(ctx, mho_graph_from_net(ctx, net, &g));
    test_ok(ctx, mho_graph_fold(ctx, g, &f));
    test_ok(ctx, mho_ctx_set_threads(ctx, 3));
    test_ok(ctx, mho_graph_run(ctx, f, N, x, got));
    test_ok(ctx, mho_ctx_set_threads(ctx, 1));
    test_ok(ctx, mho_graph_run(ctx, f, N, x, one));
    assert_memory_equal(got, one, sizeof one);
    for (size_t k = 0; k < N * 10; k++) {
        test_close((double)got[k], (double)want[k], 1e-5, 1e-5);
    }
    mho_net_free(net);
    mho_dataset_free(set);
    mho_graph_free(g);
    mho_graph_free(f);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

/* ---- errors leave the graph as it was ---- */

static void errors(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_graph *g;
    test_ok(ctx, mho_graph_new(ctx, &g));
    int x = input4(g, 1, 3, 8, 8), t = -7, in[2] = {x, 99};
    float w[64] = {0};
    mho_graph_attr a = mho_graph_attr_default();
    const size_t bad[2] = {3, 0}, huge[3] = {1 << 20, 1 << 20, 1 << 20}, shape[2] = {7, 28};
    assert_int_equal(mho_graph_add_node(g, MHO_OP_ADD, "a", 2, in, NULL, 0, NULL, &t), MHO_ERR_ARG);
    assert_int_equal(mho_graph_add_node(g, MHO_OP_ADD, "a", 1, in, NULL, 0, NULL, &t), MHO_ERR_DIM);
    assert_int_equal(mho_graph_add_node(g, (mho_graph_op)999, "a", 1, in, NULL, 0, NULL, &t),
                     MHO_ERR_ARG);
    assert_int_equal(mho_graph_add_input(g, "b", 2, bad, &t), MHO_ERR_DIM);
    assert_int_equal(mho_graph_add_input(g, "b", 3, huge, &t), MHO_ERR_DIM);
    assert_int_equal(mho_graph_add_node(g, MHO_OP_RESHAPE, "r", 1, &x, NULL, 2, shape, &t),
                     MHO_ERR_DIM);
    assert_non_null(strstr(mho_ctx_last_error(ctx), "1x3x8x8 cannot become 7x28"));
    a.kernel[0] = 9;
    assert_int_equal(mho_graph_add_conv(g, "c", x, 2, &a, w, NULL, &t), MHO_ERR_DIM);
    assert_non_null(strstr(mho_ctx_last_error(ctx), "does not fit"));
    assert_int_equal(mho_graph_add_dense(g, "d", 5, 2, w, NULL, &t), MHO_ERR_ARG);
    for (int k = 0; k < 2; k++) { /* weights that are no numbers would be lost in a maximum */
        mho_graph *sick;
        int from;
        const size_t three[2] = {1, 3};
        const float bad_w[6] = {1, 2, 3, 4, k ? INFINITY : NAN, 6};
        test_ok(ctx, mho_graph_new(ctx, &sick));
        test_ok(ctx, mho_graph_add_input(sick, "x", 2, three, &from));
        assert_int_equal(mho_graph_add_dense(sick, "d", from, 2, bad_w, NULL, &from), MHO_ERR_ARG);
        assert_non_null(strstr(mho_ctx_last_error(ctx), "finite"));
        mho_graph_free(sick);
    }
    assert_int_equal(mho_graph_add_output(g, 4), MHO_ERR_ARG);
    assert_int_equal(mho_graph_n_tensor(g), 1);
    assert_int_equal(mho_graph_n_node(g), 0);
    assert_int_equal(t, -7);
    assert_int_equal(mho_graph_run(ctx, g, 1, w, w), MHO_ERR_ARG);
    assert_null(mho_graph_node_at(g, 0));
    assert_null(mho_graph_tensor_at(g, -1));
    mho_graph_free(g);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

/* Every allocation of loading a network, folding and running it fails once. */
static void out_of_memory(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_graph *g = messy(ctx);
    size_t before = mho_ctx_bytes(ctx);
    static float x[3 * 81], y[600];
    mho_status status = MHO_ERR_NOMEM;
    size_t n = 0;
    for (; status != MHO_OK && n < 2000; n++) {
        mho_graph *f = NULL;
        mho_ctx_fail_alloc(ctx, n + 1);
        status = mho_graph_fold(ctx, g, &f);
        if (status == MHO_OK) {
            status = mho_graph_run(ctx, f, 1, x, y);
        }
        mho_ctx_fail_alloc(ctx, 0);
        mho_graph_free(f);
        assert_true(status == MHO_OK || status == MHO_ERR_NOMEM);
        assert_int_equal(mho_ctx_bytes(ctx), before);
    }
    assert_int_equal(status, MHO_OK);
    assert_true(n > 50);
    mho_graph_free(g);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(convolutions),
                                       cmocka_unit_test(pools),
                                       cmocka_unit_test(windows_of_padding),
                                       cmocka_unit_test(folding),
                                       cmocka_unit_test(lenet5),
                                       cmocka_unit_test(errors),
                                       cmocka_unit_test(out_of_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
