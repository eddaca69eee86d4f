/* build_node.c - nodes that compute: layers, sums, constants, activations. */
#include "build_int.h"

#include <math.h>
#include <string.h>

/* ---- nodes ---- */

mho_status mho_i_build_begin_sum(mho_i_builder *b, int tensor, size_t n_term) {
    b->sum[tensor].term = mho_i_alloc(b->ctx, n_term, sizeof(mho_i_term));
    b->sum[tensor].n_term = b->sum[tensor].term ? n_term : 0;
    return b->sum[tensor].term ? MHO_OK : MHO_ERR_NOMEM;
}

static bool all_finite(const float *x, size_t n) {
    for (size_t k = 0; x && k < n; k++) {
        if (!isfinite(x[k])) {
            return false;
        }
    }
    return true;
}

static const char NOT_FINITE[] =
    "its weights are not all finite numbers, or what was folded into them is not (a division by 0, "
    "a variance below 0)";

mho_status mho_i_build_map_matrix(mho_i_builder *b, size_t k, const mho_graph_node *node) {
    mho_graph_matrix matrix;
    if (!mho_graph_matrix_of(b->g, k, &matrix)) {
        bool fixed = node->op == MHO_OP_MATMUL && mho_i_build_tensor_of(b, node->input[1])->data;
        return mho_i_build_refuse(
            b, node,
            fixed ? "a product over several rows of one sample; arrays take a vector"
                  : "its weights are not constants; a product of two activations cannot stand on "
                    "arrays");
    }
    for (size_t j = 1; j < node->n_input; j++) {
        const mho_graph_tensor *t = mho_i_build_tensor_of(b, node->input[j]);
        if (!all_finite(t->data, t->size)) {
            return mho_i_build_refuse(b, node, NOT_FINITE);
        }
    }
    size_t value;
    mho_status status = mho_i_build_stored(b, node->input[0], &value);
    if (status == MHO_OK) {
        status = mho_i_build_begin_sum(b, node->output, 1);
    }
    if (status == MHO_OK) {
        b->sum[node->output].term[0] = (mho_i_term){.node = (int)k, .value = value, .sign = 1};
    }
    return status;
}

/* Terms that input j of a sum stands for: its own if it is a sum that nobody else reads. */
static mho_status terms_of(mho_i_builder *b, int tensor, mho_i_sum *s, mho_i_term *single) {
    if (b->sum[tensor].term && mho_graph_n_reader(b->g, tensor) == 1) {
        *s = b->sum[tensor];
        return MHO_OK;
    }
    size_t value;
    mho_status status = mho_i_build_stored(b, tensor, &value);
    *single = (mho_i_term){.node = -1, .value = value, .sign = 1};
    *s = (mho_i_sum){1, single};
    return status;
}

static mho_status map_add(mho_i_builder *b, const mho_graph_node *node, float sign) {
    mho_i_sum part[2];
    mho_i_term single[2];
    for (int j = 0; j < 2; j++) {
        mho_status status = terms_of(b, node->input[j], &part[j], &single[j]);
        if (status < 0) {
            return status;
        }
    }
    mho_status status = mho_i_build_begin_sum(b, node->output, part[0].n_term + part[1].n_term);
    if (status < 0) {
        return status;
    }
    mho_i_term *to = b->sum[node->output].term;
    for (int arrays = 1; arrays >= 0; arrays--) { /* arrays first */
        for (int j = 0; j < 2; j++) {
            for (size_t k = 0; k < part[j].n_term; k++) {
                if ((part[j].term[k].node >= 0) == arrays) {
                    *to = part[j].term[k];
                    to->sign *= j ? sign : 1;
                    to++;
                }
            }
        }
    }
    for (int j = 0; j < 2; j++) {
        if (part[j].term != &single[j]) {
            mho_i_free(b->ctx, b->sum[node->input[j]].term);
            b->sum[node->input[j]] = (mho_i_sum){0};
        }
    }
    return MHO_OK;
}

/* A constant that is one number, or one for each of n channels. */
static bool per_channel(const mho_graph_tensor *t, size_t n, const mho_graph_tensor *like) {
    if (t->size == 1) {
        return true;
    }
    /* the channel is dimension 1 of the other; aligned at the end */
    size_t behind = like->n_dim >= 2 ? like->n_dim - 2 : 0;
    return t->size == n && t->n_dim >= behind + 1 && t->shape[t->n_dim - 1 - behind] == n;
}

/* Are the channels of the tensor those of the value that is kept for it? */
static bool same_channels(const mho_graph_tensor *t, const mho_i_value *v) {
    size_t seen[3];
    return mho_i_build_geometry(t, seen) && seen[0] == v->c && seen[1] == v->h && seen[2] == v->w;
}

/* A sum of one skip with a gain and a bias for each of n channels, or of one for all. */
static mho_status affine_term(mho_i_builder *b, int tensor, size_t value, size_t n,
                              mho_i_term **term) {
    mho_status status = mho_i_build_begin_sum(b, tensor, 1);
    if (status < 0) {
        return status;
    }
    *term = b->sum[tensor].term;
    **term = (mho_i_term){.node = -1, .value = value, .sign = 1, .n_const = n};
    (*term)->gain = mho_i_alloc(b->ctx, n, sizeof(float));
    (*term)->bias = mho_i_alloc(b->ctx, n, sizeof(float));
    return (*term)->gain && (*term)->bias ? MHO_OK : MHO_ERR_NOMEM;
}

/* Sum or product with a constant: resistors of their own, and a bias. */
static mho_status map_constant(mho_i_builder *b, const mho_graph_node *node, int x, int constant) {
    const mho_graph_tensor *t = mho_i_build_tensor_of(b, constant),
                           *like = mho_i_build_tensor_of(b, x);
    size_t value;
    mho_status status = mho_i_build_stored(b, x, &value);
    if (status < 0) {
        return status;
    }
    const mho_i_value *v = &b->chip->value[value];
    bool product = node->op == MHO_OP_MUL;
    bool back = node->op == MHO_OP_SUB && constant == node->input[0];
    if (node->op == MHO_OP_DIV || !per_channel(t, v->c, like) ||
        (t->size > 1 && !same_channels(like, v))) {
        return mho_i_build_refuse(b, node,
                                  "the constant must be one number, or one for each channel");
    }
    mho_i_term *term;
    status = affine_term(b, node->output, value, t->size, &term);
    for (size_t c = 0; status == MHO_OK && c < t->size; c++) {
        float x_c = t->data[c];
        term->gain[c] = product ? x_c : back ? -1 : 1; /* c - x: the activation is taken off */
        term->bias[c] = product ? 0 : node->op == MHO_OP_SUB && !back ? -x_c : x_c;
    }
    return status == MHO_OK && !all_finite(t->data, t->size)
               ? mho_i_build_refuse(b, node, NOT_FINITE)
               : status;
}

/* (x - mean)/sqrt(variance + epsilon) * scale + bias of something that is not a layer. */
static mho_status map_batchnorm(mho_i_builder *b, const mho_graph_node *node) {
    const float *p[4];
    size_t value, n = 0;
    for (int j = 0; j < 4; j++) {
        const mho_graph_tensor *t = mho_i_build_tensor_of(b, node->input[j + 1]);
        p[j] = t->data;
        n = t->size;
        if (!t->data) {
            return mho_i_build_refuse(b, node, "its parameters are not constants");
        }
    }
    mho_status status = mho_i_build_stored(b, node->input[0], &value);
    const mho_graph_tensor *like = mho_i_build_tensor_of(b, node->input[0]);
    if (status == MHO_OK &&
        (n != b->chip->value[value].c || !same_channels(like, &b->chip->value[value]))) {
        return mho_i_build_refuse(b, node, "it normalises other channels than what it reads has");
    }
    mho_i_term *term;
    if (status == MHO_OK) {
        status = affine_term(b, node->output, value, n, &term);
    }
    for (size_t c = 0; status == MHO_OK && c < n; c++) {
        term->gain[c] = p[0][c] / sqrtf(p[3][c] + node->attr.epsilon);
        term->bias[c] = p[1][c] - p[2][c] * term->gain[c];
    }
    if (status == MHO_OK && !(all_finite(term->gain, n) && all_finite(term->bias, n))) {
        return mho_i_build_refuse(b, node, NOT_FINITE);
    }
    return status;
}

mho_status mho_i_build_map_arithmetic(mho_i_builder *b, const mho_graph_node *node) {
    if (node->op == MHO_OP_BATCHNORM) {
        return map_batchnorm(b, node);
    }
    bool constant[2];
    for (int j = 0; j < 2; j++) {
        constant[j] = mho_i_build_tensor_of(b, node->input[j])->data;
    }
    if (constant[0] || constant[1]) {
        return map_constant(b, node, node->input[constant[0]], node->input[constant[0] ? 0 : 1]);
    }
    if (node->op == MHO_OP_ADD || node->op == MHO_OP_SUB) {
        return map_add(b, node, node->op == MHO_OP_ADD ? 1 : -1);
    }
    return mho_i_build_refuse(b, node,
                              "a product of two activations; neither arrays nor neurons do it");
}

mho_status mho_i_build_map_activation(mho_i_builder *b, const mho_graph_node *node) {
    int x = node->input[0];
    if (!mho_i_digital_knows(node->op)) {
        return mho_i_build_refuse(b, node, "this activation has no hardware");
    }
    if (b->sum[x].term && mho_graph_n_reader(b->g, x) > 1) {
        size_t ignore; /* others want it as it is */
        mho_status status = mho_i_build_stored(b, x, &ignore);
        if (status < 0) {
            return status;
        }
    }
    if (!b->sum[x].term) {
        size_t value;
        mho_status status = mho_i_build_stored(b, x, &value);
        if (status == MHO_OK) {
            status = mho_i_build_begin_sum(b, x, 1);
        }
        if (status < 0) {
            return status;
        }
        b->sum[x].term[0] = (mho_i_term){.node = -1, .value = value, .sign = 1};
    }
    return mho_i_build_end_sum(b, x, node->op, &node->attr, false, &b->value[node->output]);
}
