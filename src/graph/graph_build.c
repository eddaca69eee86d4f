/* graph_build.c - graphs by hand and from chains of layers. */
#include "graph_int.h"
#include "network/network_int.h"

#include <math.h>
#include <string.h>

mho_graph_attr mho_graph_attr_default(void) {
    mho_graph_attr a = {.kernel = {1, 1},
                        .stride = {1, 1},
                        .dilation = {1, 1},
                        .groups = 1,
                        .alpha = 1,
                        .beta = 1,
                        .lo = -INFINITY,
                        .hi = INFINITY,
                        .epsilon = 1e-5F};
    for (size_t d = 0; d < MHO_GRAPH_MAX_DIM; d++) {
        a.step[d] = 1;
    }
    return a;
}

/* Forget what was added since the graph had so many nodes and tensors: adders of several parts. */
static void roll_back(mho_graph *g, size_t n_node, size_t n_tensor) {
    while (g->n_node > n_node) {
        mho_graph_node *node = &g->node[--g->n_node];
        mho_i_free(g->ctx, (void *)(uintptr_t)node->name);
        mho_i_free(g->ctx, (void *)(uintptr_t)node->input);
    }
    while (g->n_tensor > n_tensor) {
        mho_graph_tensor *t = &g->tensor[--g->n_tensor];
        g->const_byte -= t->data ? t->size * sizeof(float) : 0;
        mho_i_free(g->ctx, (void *)(uintptr_t)t->name);
        mho_i_free(g->ctx, (void *)(uintptr_t)t->data);
    }
}

static mho_status need_tensor(mho_graph *g, const char *name, int x, size_t least_dim) {
    const mho_graph_tensor *t = mho_graph_tensor_at(g, x);
    if (!t || t->n_dim < least_dim) {
        return mho_i_fail(g->ctx, MHO_ERR_ARG,
                          "%s: input %d: a tensor of %zu dimensions or more is wanted",
                          name ? name : "a node", x, least_dim);
    }
    return MHO_OK;
}

/* Weights and, if there is one, bias as constants into id[1], id[2]. */
static mho_status add_weights(mho_graph *g, size_t n_dim, const size_t *shape, const float *weights,
                              const float *bias, int id[3]) {
    mho_status status = mho_graph_add_constant(g, NULL, n_dim, shape, weights, &id[1]);
    if (status == MHO_OK && bias) {
        status = mho_graph_add_constant(g, NULL, 1, shape, bias, &id[2]);
    }
    return status;
}

mho_status mho_graph_add_conv(mho_graph *g, const char *name, int x, size_t out_c,
                              const mho_graph_attr *attr, const float *weights, const float *bias,
                              int *tensor) {
    mho_status status = need_tensor(g, name, x, 4);
    if (status < 0) {
        return status;
    }
    mho_graph_attr a = attr ? *attr : mho_graph_attr_default();
    size_t n_node = g->n_node, n_tensor = g->n_tensor, in_c = g->tensor[x].shape[1];
    if (!a.groups || in_c % a.groups) {
        return mho_i_fail(g->ctx, MHO_ERR_ARG, "%s: %zu channels in %zu groups",
                          name ? name : "Conv", in_c, a.groups);
    }
    size_t shape[4] = {out_c, in_c / a.groups, a.kernel[0], a.kernel[1]};
    int id[3] = {x, -1, -1};
    status = add_weights(g, 4, shape, weights, bias, id);
    if (status == MHO_OK) {
        status = mho_graph_add_node(g, MHO_OP_CONV, name, bias ? 3 : 2, id, &a, 0, NULL, tensor);
    }
    if (status < 0) {
        roll_back(g, n_node, n_tensor);
    }
    return status;
}

mho_status mho_graph_add_dense(mho_graph *g, const char *name, int x, size_t n_out,
                               const float *weights, const float *bias, int *tensor) {
    mho_status status = need_tensor(g, name, x, 1);
    if (status < 0) {
        return status;
    }
    size_t n_node = g->n_node, n_tensor = g->n_tensor;
    size_t flat[2] = {g->tensor[x].shape[0], mho_i_span(&g->tensor[x], 1, g->tensor[x].n_dim)};
    int id[3] = {x, -1, -1};
    if (g->tensor[x].n_dim != 2) {
        status = mho_graph_add_node(g, MHO_OP_RESHAPE, NULL, 1, &x, NULL, 2, flat, &id[0]);
    }
    size_t shape[2] = {n_out, flat[1]};
    if (status == MHO_OK) {
        status = add_weights(g, 2, shape, weights, bias, id);
    }
    if (status == MHO_OK) {
        mho_graph_attr a = mho_graph_attr_default();
        a.trans_b = true;
        status = mho_graph_add_node(g, MHO_OP_GEMM, name, bias ? 3 : 2, id, &a, 0, NULL, tensor);
    }
    if (status < 0) {
        roll_back(g, n_node, n_tensor);
    }
    return status;
}

mho_status mho_graph_add_simple(mho_graph *g, mho_graph_op op, const char *name, int x,
                                int *tensor) {
    mho_graph_attr a = mho_graph_attr_default();
    a.axis = op == MHO_OP_FLATTEN ? 1 : 0;
    return mho_graph_add_node(g, op, name, 1, &x, &a, 0, NULL, tensor);
}

/* ---- from a chain ---- */

static mho_status add_layer(mho_graph *g, const mho_net *net, size_t l, int *t) {
    const mho_layer *layer = &net->layer[l];
    const float *w = mho_net_weights(net, l), *b = mho_net_bias(net, l);
    mho_graph_attr a = mho_graph_attr_default();
    a.kernel[0] = a.kernel[1] = layer->k;
    a.stride[0] = a.stride[1] = layer->stride;
    for (size_t s = 0; s < 4; s++) {
        a.pads[s] = layer->pad;
    }
    char name[32];
    mho_status status = MHO_ERR_INTERNAL;
    switch (layer->kind) {
    case MHO_LAYER_CONV:
        snprintf(name, sizeof name, "conv%zu", l + 1);
        status = mho_graph_add_conv(g, name, *t, layer->out_c, &a, w, b, t);
        break;
    case MHO_LAYER_POOL:
        snprintf(name, sizeof name, "pool%zu", l + 1);
        status = mho_graph_add_node(g, MHO_OP_AVERAGE_POOL, name, 1, t, &a, 0, NULL, t);
        break;
    case MHO_LAYER_DENSE:
        snprintf(name, sizeof name, "dense%zu", l + 1);
        status = mho_graph_add_dense(g, name, *t, layer->out_c, w, b, t);
        break;
    }
    if (status == MHO_OK && layer->activation && layer->n_in) {
        snprintf(name, sizeof name, "relu%zu", l + 1);
        status = mho_graph_add_simple(g, MHO_OP_RELU, name, *t, t);
    }
    return status;
}

mho_status mho_graph_from_net(mho_ctx *ctx, const mho_net *net, mho_graph **out) {
    mho_graph *g;
    *out = NULL;
    mho_status status = mho_graph_new(ctx, &g);
    if (status < 0) {
        return status;
    }
    size_t shape[4] = {1, net->in_c, net->in_h, net->in_w};
    int t = -1;
    status = mho_graph_add_input(g, "image", 4, shape, &t);
    for (size_t l = 0; l < net->n_layer && status == MHO_OK; l++) {
        status = add_layer(g, net, l, &t);
    }
    if (status == MHO_OK) {
        status = mho_graph_add_output(g, t);
    }
    if (status < 0) {
        mho_graph_free(g);
        return status;
    }
    *out = g;
    return MHO_OK;
}
