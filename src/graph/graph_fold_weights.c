/* graph_fold_weights.c - arithmetic that goes into weights: with y = W x + b,
 *     gain*y + offset = (gain W) x + (gain b + offset)
 * for a gain and an offset per output. Products are formed in double and rounded once. */
#include "graph_fold_int.h"

#include <math.h>
#include <string.h>

mho_graph_node *mho_i_fold_matrix_before(mho_i_fold *f, int t) {
    int k = f->n->tensor[t].producer;
    mho_graph_matrix m;
    bool own = k >= 0 && f->behind[t] == 0 && f->ahead[t] == 1;
    return own && mho_graph_matrix_of(f->n, (size_t)k, &m) ? &f->n->node[k] : NULL;
}

static mho_status new_constant(mho_i_fold *f, const mho_graph_tensor *like, size_t n_dim,
                               const size_t *shape, float **data, int *t) {
    size_t size = 1;
    for (size_t d = 0; d < n_dim; d++) {
        size *= shape[d];
    }
    *data = NULL;
    if (size > f->growth_left) {
        return mho_i_fail(f->n->ctx, MHO_ERR_NOMEM,
                          "%s: nodes that share these weights want too many different ones: more "
                          "than 32 times what the file has",
                          like ? like->name : "a bias");
    }
    f->growth_left -= size;
    *data = mho_i_alloc(f->n->ctx, size, sizeof **data);
    return *data ? mho_i_graph_take_constant(f->n, like ? like->name : NULL, n_dim, shape, *data, t)
                 : MHO_ERR_NOMEM;
}

/* ---- gain and offset per output ---- */

typedef struct affine {
    size_t n;
    double *gain, *offset; /* [n] */
} affine;

static mho_status affine_init(mho_i_fold *f, size_t n, affine *a) {
    a->n = n;
    a->gain = mho_i_alloc(f->n->ctx, 2 * n, sizeof *a->gain);
    a->offset = a->gain ? a->gain + n : NULL;
    for (size_t k = 0; a->gain && k < n; k++) {
        a->gain[k] = 1;
    }
    return a->gain ? MHO_OK : MHO_ERR_NOMEM;
}

/* New weights and bias for a node whose outputs are a->n channels. */
static mho_status scale_node(mho_i_fold *f, size_t k, const affine *a) {
    mho_graph *n = f->n;
    int w = n->node[k].input[1], b = n->node[k].n_input > 2 ? n->node[k].input[2] : -1;
    mho_graph_tensor old_w = n->tensor[w];
    float *new_w, *new_b;
    int id[3] = {n->node[k].input[0], -1, -1};
    const float *old_b = b >= 0 ? n->tensor[b].data : NULL;
    mho_status status = new_constant(f, &old_w, old_w.n_dim, old_w.shape, &new_w, &id[1]);
    if (status == MHO_OK) {
        status = new_constant(f, NULL, 1, &a->n, &new_b, &id[2]);
    }
    int *input = status == MHO_OK ? mho_i_alloc(n->ctx, 3, sizeof *input) : NULL;
    if (!input) {
        return status < 0 ? status : MHO_ERR_NOMEM;
    }
    size_t n_in = old_w.size / a->n;
    for (size_t o = 0; o < a->n; o++) {
        for (size_t i = 0; i < n_in; i++) {
            new_w[o * n_in + i] = (float)(a->gain[o] * (double)old_w.data[o * n_in + i]);
        }
        new_b[o] = (float)(a->gain[o] * (old_b ? (double)old_b[o] : 0) + a->offset[o]);
    }
    memcpy(input, id, sizeof id);
    mho_i_free(n->ctx, (void *)(uintptr_t)n->node[k].input);
    n->node[k].input = input;
    n->node[k].n_input = 3;
    n->node[k].n_param = old_w.size + a->n;
    return MHO_OK;
}

/* ---- which nodes are such a gain and offset ---- */

static void from_batchnorm(const mho_i_fold *f, const mho_i_fold_node *v, affine *a) {
    const mho_graph_tensor *t = f->n->tensor;
    for (size_t k = 0; k < a->n; k++) {
        double sd = sqrt((double)t[v->input[4]].data[k] + (double)v->node->attr.epsilon);
        a->gain[k] = (double)t[v->input[1]].data[k] / sd;
        a->offset[k] = (double)t[v->input[2]].data[k] - (double)t[v->input[3]].data[k] * a->gain[k];
    }
}

/* Whether c is one number, or one for each channel (dimension 1) of y. */
static bool per_channel(const mho_graph_tensor *c, const mho_graph_tensor *y) {
    for (size_t d = 0; d < c->n_dim; d++) {
        size_t at = y->n_dim - c->n_dim + d; /* no wrap: y is as broad as c */
        if (c->shape[d] != 1 && !(at == 1 && c->shape[d] == y->shape[1])) {
            return false;
        }
    }
    return true;
}

static void from_arithmetic(const mho_graph_node *node, const mho_graph_tensor *c, bool c_first,
                            affine *a) {
    for (size_t k = 0; k < a->n; k++) {
        double v = (double)c->data[c->size > 1 ? k : 0];
        switch (node->op) {
        case MHO_OP_ADD:
            a->offset[k] = v;
            break;
        case MHO_OP_SUB:
            a->gain[k] = c_first ? -1 : 1;
            a->offset[k] = c_first ? v : -v;
            break;
        case MHO_OP_MUL:
            a->gain[k] = v;
            break;
        default:
            a->gain[k] = 1 / v;
        }
    }
}

/* The input that comes from a matrix, -1: the node is no gain and offset of one. */
static int affine_input(mho_i_fold *f, const mho_i_fold_node *v) {
    const mho_graph_tensor *t = f->n->tensor;
    int x = -1;
    switch (v->node->op) {
    case MHO_OP_BATCHNORM:
        for (size_t k = 1; k < 5; k++) {
            if (!t[v->input[k]].data) {
                return -1;
            }
        }
        x = v->input[0];
        break;
    case MHO_OP_ADD:
    case MHO_OP_SUB:
    case MHO_OP_MUL:
    case MHO_OP_DIV: {
        bool second = t[v->input[1]].data != NULL;
        if (second == (t[v->input[0]].data != NULL) || (v->node->op == MHO_OP_DIV && !second)) {
            return -1;
        }
        x = v->input[second ? 0 : 1];
        const mho_graph_tensor *c = &t[v->input[second ? 1 : 0]];
        if (t[x].n_dim != v->out->n_dim || t[x].size != v->out->size || !per_channel(c, &t[x])) {
            return -1;
        }
        break;
    }
    default:
        return -1;
    }
    return mho_i_fold_matrix_before(f, x) ? x : -1;
}

static mho_status merge_affine(mho_i_fold *f, const mho_i_fold_node *v, int x) {
    affine a;
    size_t k = (size_t)f->n->tensor[x].producer;
    mho_status status = affine_init(f, f->n->tensor[x].shape[1], &a);
    if (status < 0) {
        return status;
    }
    if (v->node->op == MHO_OP_BATCHNORM) {
        from_batchnorm(f, v, &a);
    } else {
        bool c_first = v->input[0] != x;
        from_arithmetic(v->node, &f->n->tensor[v->input[c_first ? 0 : 1]], c_first, &a);
    }
    status = scale_node(f, k, &a);
    mho_i_free(f->n->ctx, a.gain);
    if (status == MHO_OK) {
        mho_i_fold_map(f, v, x);
        status = mho_i_graph_rename(f->n, x, v->out->name);
    }
    return status < 0
               ? status
               : mho_i_graph_note(f->n, "%s %s went into %s %s", mho_graph_op_get(v->node->op).name,
                                  v->node->name, mho_graph_op_get(f->n->node[k].op).name,
                                  f->n->node[k].name);
}

/* ---- Gemm and MatMul to one form ---- */

/* Weights [n_out][n_in] = alpha * B, turned if need be, and bias [n_out] = beta * C. */
static mho_status normal_weights(mho_i_fold *f, const mho_graph_attr *a, int b, int c, int id[3]) {
    mho_graph_tensor tb = f->n->tensor[b];
    size_t n_out = tb.shape[a->trans_b ? 0 : 1], n_in = tb.shape[a->trans_b ? 1 : 0];
    size_t shape[2] = {n_out, n_in};
    float *w, *bias;
    mho_status status = new_constant(f, &tb, 2, shape, &w, &id[1]);
    for (size_t o = 0; o < n_out && status == MHO_OK; o++) {
        for (size_t i = 0; i < n_in; i++) {
            w[o * n_in + i] = a->alpha * tb.data[a->trans_b ? o * n_in + i : i * n_out + o];
        }
    }
    if (status == MHO_OK && c >= 0) {
        mho_graph_tensor tc = f->n->tensor[c];
        status = new_constant(f, &tc, 1, &n_out, &bias, &id[2]);
        for (size_t o = 0; o < n_out && status == MHO_OK; o++) {
            bias[o] = a->beta * tc.data[tc.size > 1 ? o : 0];
        }
    }
    return status;
}

static mho_status write_gemm(mho_i_fold *f, const mho_i_fold_node *v, bool *done) {
    const mho_graph_node *node = v->node;
    const mho_graph_tensor *t = f->n->tensor;
    int c = node->op == MHO_OP_GEMM && node->n_input > 2 ? v->input[2] : -1;
    bool fits = t[v->input[1]].data && t[v->input[1]].n_dim == 2 && t[v->input[0]].n_dim == 2 &&
                !node->attr.trans_a && v->out->n_dim == 2;
    /* C must be the same for every row */
    if (!fits || (c >= 0 && (!t[c].data || (t[c].n_dim == 2 && t[c].shape[0] != 1) ||
                             (t[c].size != 1 && t[c].size != v->out->shape[1])))) {
        return MHO_OK;
    }
    mho_graph_attr a = mho_graph_attr_default();
    int id[3] = {v->input[0], -1, -1}, y = -1;
    bool as_is = node->op == MHO_OP_GEMM && node->attr.trans_b && node->attr.alpha == 1 &&
                 (c < 0 || (node->attr.beta == 1 && t[c].n_dim == 1 && t[c].size > 1));
    mho_status status = MHO_OK;
    if (as_is) {
        id[1] = v->input[1];
        id[2] = c;
    } else {
        status = normal_weights(f, &node->attr, v->input[1], c, id);
    }
    a.trans_b = true;
    if (status == MHO_OK) {
        status = mho_i_fold_emit(f, MHO_OP_GEMM, node->name, c >= 0 ? 3 : 2, id, &a, 0, NULL, &y);
    }
    if (status == MHO_OK) {
        mho_i_fold_map(f, v, y);
        status = mho_i_graph_rename(f->n, y, v->out->name);
        *done = true;
    }
    if (status == MHO_OK && !as_is) {
        status = mho_i_graph_note(f->n, "%s %s is written as Gemm with weights [out][in]",
                                  mho_graph_op_get(node->op).name, node->name);
    }
    return status;
}

/* ---- zeros around a picture into the padding of a convolution ---- */

static bool is_zero_frame(const mho_graph_node *pad, size_t n_dim) {
    const mho_graph_attr *a = &pad->attr;
    bool fits = pad->op == MHO_OP_PAD && a->pad_mode == MHO_PAD_CONSTANT && a->pad_value == 0 &&
                (n_dim == 3 || n_dim == 4);
    for (size_t d = 0; d < n_dim && fits; d++) {
        fits = a->before[d] >= 0 && a->after[d] >= 0 &&
               (d >= 2 || (a->before[d] == 0 && a->after[d] == 0));
    }
    return fits;
}

static mho_status write_padded_conv(mho_i_fold *f, const mho_i_fold_node *v, bool *done) {
    int x = v->input[0], k = f->n->tensor[x].producer, y = -1;
    size_t n_dim = f->n->tensor[x].n_dim;
    if (k < 0 || !is_zero_frame(&f->n->node[k], n_dim)) {
        return MHO_OK;
    }
    const mho_graph_attr *p = &f->n->node[k].attr;
    char name[96];
    snprintf(name, sizeof name, "%s", f->n->node[k].name);
    mho_graph_attr a = v->node->attr;
    for (size_t d = 2; d < n_dim; d++) {
        size_t side = d + 2 - n_dim; /* 0: height, 1: width */
        a.pads[side] += (size_t)p->before[d];
        a.pads[side + 2] += (size_t)p->after[d];
    }
    int id[3] = {f->n->node[k].input[0], v->input[1], v->node->n_input > 2 ? v->input[2] : -1};
    mho_status status =
        mho_i_fold_emit(f, MHO_OP_CONV, v->node->name, v->node->n_input, id, &a, 0, NULL, &y);
    if (status == MHO_OK) {
        mho_i_fold_map(f, v, y);
        status = mho_i_graph_rename(f->n, y, v->out->name);
        *done = true;
    }
    return status < 0 ? status
                      : mho_i_graph_note(f->n, "Pad %s went into Conv %s", name, v->node->name);
}

mho_status mho_i_fold_weights(mho_i_fold *f, const mho_i_fold_node *v, bool *done) {
    *done = false;
    if (v->node->op == MHO_OP_GEMM || v->node->op == MHO_OP_MATMUL) {
        return write_gemm(f, v, done);
    }
    if (v->node->op == MHO_OP_CONV) {
        return write_padded_conv(f, v, done);
    }
    int x = affine_input(f, v);
    if (x < 0) {
        return MHO_OK;
    }
    *done = true;
    return merge_affine(f, v, x);
}
