/* test_mapping_random.c - graphs that nobody would draw, on chips without imperfections: what a chip
 * can be made of computes the exact graph, what it cannot be made of is refused with the node. */
#include "test_mapping_net.h"

#include <string.h>

/* MHO_FIRST=n: others, from number n on */
enum { N_GRAPH = 200, N_STEP = 9, MAX_SIDE = 7 };

typedef struct sketch {
    bench b;
    uint64_t state;
    int at[64]; /* tensors so far */
    size_t n;
} sketch;

/* xorshift64: what graphs there are must not depend on a library */
static size_t pick(sketch *s, size_t n) {
    s->state ^= s->state << 13;
    s->state ^= s->state >> 7;
    s->state ^= s->state << 17;
    return (size_t)((s->state >> 11) % n);
}

static int some(sketch *s) { /* the latest as often as all others */
    return s->at[pick(s, 2) ? s->n - 1 : pick(s, s->n)];
}

/* An operator whose shapes do not fit is no step. */
static void put(sketch *s, mho_graph_op op, size_t n, const int *in, const mho_graph_attr *a,
                size_t n_dim, const size_t *shape) {
    int y;
    mho_status status = mho_graph_add_node(s->b.g, op, NULL, n, in, a, n_dim, shape, &y);
    if (status == MHO_OK && s->n < 64 && mho_graph_tensor_at(s->b.g, y)->size < 4000) {
        s->at[s->n++] = y;
    }
}

static int constant(sketch *s, size_t n_dim, const size_t *shape) {
    size_t n = 1;
    int y;
    for (size_t d = 0; d < n_dim; d++) {
        n *= shape[d];
    }
    float *w = draw((uint32_t)pick(s, 1 << 20), n, 0.7);
    test_ok(s->b.ctx, mho_graph_add_constant(s->b.g, NULL, n_dim, shape, w, &y));
    free(w);
    return y;
}

/* ---- steps ---- */

static void put_conv(sketch *s, int x, const mho_graph_tensor *t) {
    if (t->n_dim != 4) {
        return;
    }
    mho_graph_attr a = mho_graph_attr_default();
    size_t out_c = 1 + pick(s, 5), c = t->shape[1];
    a.groups = pick(s, 3) ? 1 : c;
    out_c *= a.groups > 1 ? a.groups : 1;
    for (size_t d = 0; d < 2; d++) {
        a.kernel[d] = 1 + pick(s, 3);
        a.stride[d] = 1 + pick(s, 2);
        a.dilation[d] = 1 + pick(s, 2);
        a.pads[d] = pick(s, 3);
        a.pads[d + 2] = pick(s, 3);
    }
    size_t shape[4] = {out_c, c / a.groups, a.kernel[0], a.kernel[1]};
    int in[3] = {x, constant(s, 4, shape), constant(s, 1, &out_c)};
    put(s, MHO_OP_CONV, 2 + pick(s, 2), in, &a, 0, NULL);
}

static void put_dense(sketch *s, int x, const mho_graph_tensor *t) {
    size_t n_out = 1 + pick(s, 9), wide = t->shape[t->n_dim - 1];
    mho_graph_attr a = mho_graph_attr_default();
    if (t->n_dim != 2 && pick(s, 4)) {
        put(s, MHO_OP_FLATTEN, 1, &x, &(mho_graph_attr){.axis = 1}, 0,
            NULL); /* for the next step */
        return;
    }
    if (t->n_dim != 2) {
        put(s, MHO_OP_MATMUL, 2, (int[]){x, constant(s, 2, (size_t[]){wide, n_out})}, &a, 0, NULL);
        return;
    }
    a.trans_b = pick(s, 2);
    a.alpha = pick(s, 2) ? 1 : 0.5F;
    a.beta = pick(s, 2) ? 1 : -2;
    size_t shape[2] = {a.trans_b ? n_out : wide, a.trans_b ? wide : n_out};
    int in[3] = {x, constant(s, 2, shape), constant(s, 1, &n_out)};
    put(s, MHO_OP_GEMM, 2 + pick(s, 2), in, &a, 0, NULL);
}

static void put_activation(sketch *s, int x) {
    static const mho_graph_op ops[] = {
        MHO_OP_RELU, MHO_OP_RELU,         MHO_OP_LEAKY_RELU, MHO_OP_CLIP,     MHO_OP_SIGMOID,
        MHO_OP_TANH, MHO_OP_HARD_SIGMOID, MHO_OP_HARD_SWISH, MHO_OP_IDENTITY, MHO_OP_ELU};
    mho_graph_op op = ops[pick(s, sizeof ops / sizeof *ops)];
    mho_graph_attr a = mho_graph_attr_default();
    a.alpha = 0.3F;
    a.lo = pick(s, 2) ? 0 : -0.5F;
    a.hi = pick(s, 2) ? 1 : INFINITY;
    put(s, op, 1, &x, &a, 0, NULL);
}

/* With a constant of a shape that fits: one number, one for each channel, one for each number. */
static void put_constant_arithmetic(sketch *s, int x, const mho_graph_tensor *t) {
    static const mho_graph_op ops[] = {MHO_OP_ADD, MHO_OP_SUB, MHO_OP_MUL, MHO_OP_DIV};
    size_t shape[MHO_GRAPH_MAX_DIM], kind = pick(s, 4), turned = pick(s, 4);
    for (size_t d = 0; d < t->n_dim; d++) {
        shape[d] =
            kind == 3 || (kind == 2 && d == 1) || (kind == 1 && pick(s, 2)) ? t->shape[d] : 1;
    }
    int in[2] = {x, kind ? constant(s, t->n_dim, shape) : constant(s, 0, NULL)};
    if (turned == 0) {
        in[1] = x;
        in[0] = in[0] == x ? constant(s, 0, NULL) : in[0];
    }
    mho_graph_attr a = mho_graph_attr_default();
    put(s, ops[pick(s, 4)], 2, in, &a, 0, NULL);
}

static void put_sum(sketch *s, int x) {
    static const mho_graph_op ops[] = {MHO_OP_ADD, MHO_OP_ADD, MHO_OP_SUB, MHO_OP_MUL};
    mho_graph_attr a = mho_graph_attr_default();
    put(s, ops[pick(s, 4)], 2, (int[]){x, some(s)}, &a, 0, NULL);
}

static void put_norm(sketch *s, int x, const mho_graph_tensor *t) {
    size_t c = t->n_dim > 1 ? t->shape[1] : 1;
    float *v = draw((uint32_t)pick(s, 1 << 20), c, 1);
    for (size_t k = 0; k < c; k++) {
        v[k] = 0.1F + fabsf(v[k]);
    }
    int var;
    test_ok(s->b.ctx, mho_graph_add_constant(s->b.g, NULL, 1, &c, v, &var));
    free(v);
    mho_graph_attr a = mho_graph_attr_default();
    int in[5] = {x, constant(s, 1, &c), constant(s, 1, &c), constant(s, 1, &c), var};
    put(s, MHO_OP_BATCHNORM, 5, in, &a, 0, NULL);
}

static void put_pool(sketch *s, int x) {
    static const mho_graph_op ops[] = {MHO_OP_MAX_POOL, MHO_OP_AVERAGE_POOL,
                                       MHO_OP_GLOBAL_AVERAGE_POOL, MHO_OP_GLOBAL_MAX_POOL,
                                       MHO_OP_REDUCE_MEAN};
    mho_graph_attr a = mho_graph_attr_default();
    for (size_t d = 0; d < 2; d++) {
        a.kernel[d] = 1 + pick(s, 3);
        a.stride[d] = 1 + pick(s, 3);
        a.dilation[d] = 1 + (pick(s, 4) == 0);
        a.pads[d] = pick(s, a.kernel[d]);
        a.pads[d + 2] = pick(s, a.kernel[d]);
    }
    a.count_include_pad = pick(s, 2);
    a.ceil_mode = pick(s, 2);
    for (size_t d = 1; d < 4; d++) {
        a.reduce[d] = pick(s, 2);
    }
    mho_graph_op op = ops[pick(s, 5)];
    const mho_graph_tensor *t = mho_graph_tensor_at(s->b.g, x);
    size_t shape[MHO_GRAPH_MAX_DIM];
    for (size_t d = 0; d < t->n_dim; d++) {
        shape[d] = a.reduce[d] ? 1 : t->shape[d];
    }
    put(s, op, 1, &x, &a, op == MHO_OP_REDUCE_MEAN ? t->n_dim : 0, shape);
}

static void put_reshape(sketch *s, int x, const mho_graph_tensor *t) {
    size_t shape[4] = {1, 1, 1, 1}, n = t->size, n_dim = 2 + pick(s, 3);
    for (size_t d = 1; d + 1 < n_dim; d++) {
        size_t f = 1 + pick(s, 6);
        shape[d] = n % f ? 1 : f;
        n /= shape[d];
    }
    shape[n_dim - 1] = n;
    mho_graph_attr a = mho_graph_attr_default();
    put(s, MHO_OP_RESHAPE, 1, &x, &a, n_dim, shape);
}

static void put_move(sketch *s, int x, const mho_graph_tensor *t) {
    mho_graph_attr a = mho_graph_attr_default();
    size_t d = pick(s, t->n_dim), e = pick(s, t->n_dim), shape[MHO_GRAPH_MAX_DIM];
    for (size_t k = 0; k < t->n_dim; k++) {
        a.perm[k] = k;
        shape[k] = t->shape[k];
    }
    switch (pick(s, 4)) {
    case 0:
        a.perm[d] = e;
        a.perm[e] = d;
        put(s, MHO_OP_TRANSPOSE, 1, &x, &a, 0, NULL);
        break;
    case 1:
        a.axis = (int)d;
        put(s, MHO_OP_CONCAT, 2, (int[]){x, some(s)}, &a, 0, NULL);
        break;
    case 2:
        a.before[d] = (ptrdiff_t)pick(s, 4) - 1;
        a.after[e] = (ptrdiff_t)pick(s, 4) - 1;
        a.pad_mode = (mho_graph_pad_mode)pick(s, 3);
        put(s, MHO_OP_PAD, 1, &x, &a, 0, NULL);
        break;
    default:
        a.start[d] = (ptrdiff_t)pick(s, shape[d]);
        a.step[d] = pick(s, 3) ? 1 + (ptrdiff_t)pick(s, 2) : -1;
        shape[d] = a.step[d] < 0 ? (size_t)a.start[d] + 1
                                 : (shape[d] - (size_t)a.start[d] + (size_t)a.step[d] - 1) /
                                       (size_t)a.step[d];
        put(s, MHO_OP_SLICE, 1, &x, &a, t->n_dim, shape);
        break;
    }
}

static void step(sketch *s) {
    int x = some(s);
    const mho_graph_tensor t = *mho_graph_tensor_at(s->b.g, x);
    switch (pick(s, 10)) {
    case 0:
    case 1:
        put_conv(s, x, &t);
        break;
    case 2:
        put_dense(s, x, &t);
        break;
    case 3:
        put_sum(s, x);
        break;
    case 4:
        put_constant_arithmetic(s, x, &t);
        break;
    case 5:
        put_norm(s, x, &t);
        break;
    case 6:
        put_pool(s, x);
        break;
    case 7:
        put_reshape(s, x, &t);
        break;
    case 8:
        put_move(s, x, &t);
        break;
    default:
        put_activation(s, x);
        break;
    }
}

/* ---- what becomes of them ---- */

typedef struct tally {
    size_t made, refused;
    double worst;
} tally;

static void print_graph(const mho_graph *g) {
    for (size_t k = 0; k < mho_graph_n_node(g); k++) {
        const mho_graph_node *v = mho_graph_node_at(g, k);
        const mho_graph_tensor *t = mho_graph_tensor_at(g, v->output);
        print_error("  t%d = %s(", v->output, mho_graph_op_get(v->op).name);
        for (size_t i = 0; i < v->n_input; i++) {
            print_error("%st%d%s", i ? ", " : "", v->input[i],
                        mho_graph_tensor_at(g, v->input[i])->data ? "c" : "");
        }
        print_error(")");
        for (size_t d = 0; d < t->n_dim; d++) {
            print_error(" %zu", t->shape[d]);
        }
        print_error("\n");
    }
}

static void one(uint64_t seed, tally *sum) {
    int x;
    sketch s = {.state = 0x9e3779b97f4a7c15U * (seed + 1)};
    size_t c = 1 + pick(&s, 3), h = 1 + pick(&s, MAX_SIDE), w = 1 + pick(&s, MAX_SIDE);
    s.b = make(c, h, w, &x);
    s.at[s.n++] = x;
    for (size_t k = 0; k < N_STEP; k++) {
        step(&s);
    }
    finish(&s.b, s.at[s.n - 1], 3);
    exact(&s.b);
    s.b.spec.rows = (double)(3 + pick(&s, 30));
    s.b.spec.cols = (double)(2 + 2 * pick(&s, 8));
    mho_chip *chip;
    mho_status status = mho_chip_new_graph(s.b.ctx, &s.b.spec, s.b.g, s.b.set, &s.b.opt, &chip);
    if (status == MHO_OK) {
        double d = difference(&s.b, chip);
        sum->made++;
        sum->worst = fmax(sum->worst, d);
        if (!(d < 1e-4)) {
            print_error("graph %llu: %g\n", (unsigned long long)seed, d);
            print_graph(s.b.g);
        }
        mho_chip_free(chip);
    } else {
        sum->refused++;
        assert_non_null(strchr(mho_ctx_last_error(s.b.ctx), '(')); /* node NAME (OPERATOR): ... */
        assert_int_equal(status, MHO_ERR_ARG);
    }
    done(&s.b);
}

static void chips_compute_their_graphs(void **state) {
    (void)state;
    tally sum = {0};
    uint64_t first = getenv("MHO_FIRST") ? strtoull(getenv("MHO_FIRST"), NULL, 10) : 0;
    for (uint64_t k = first; k < first + N_GRAPH; k++) {
        one(k, &sum);
    }
    print_message("%zu chips made, largest difference %.1e; %zu refused\n", sum.made, sum.worst,
                  sum.refused);
    assert_true(sum.worst < 1e-4);
    assert_true(sum.made > N_GRAPH / 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(chips_compute_their_graphs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
