/* net.c - the chain of layers: shapes, weights, limits. */
#include "network_int.h"

#include <math.h>
#include <string.h>

enum { MAX_SIDE = 1024, MAX_CHANNEL = 65536, MAX_LAYER = 255 };
static const size_t max_param = (size_t)1 << 30;

mho_status mho_net_new(mho_ctx *ctx, size_t in_c, size_t in_h, size_t in_w, mho_net **out) {
    *out = NULL;
    if (in_c < 1 || in_c > MAX_CHANNEL || in_h < 1 || in_h > MAX_SIDE || in_w < 1 ||
        in_w > MAX_SIDE) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "network input %zux%zux%zu: allowed are 1 to %d channels, sides 1 to %d",
                          in_c, in_h, in_w, MAX_CHANNEL, MAX_SIDE);
    }
    mho_net *net = mho_i_alloc(ctx, 1, sizeof *net);
    if (!net) {
        return MHO_ERR_NOMEM;
    }
    *net = (mho_net){.ctx = ctx, .in_c = in_c, .in_h = in_h, .in_w = in_w};
    net->layer = mho_i_alloc(ctx, MAX_LAYER, sizeof *net->layer);
    net->at = net->layer ? mho_i_alloc(ctx, MAX_LAYER, sizeof *net->at) : NULL;
    net->param = net->at ? mho_i_alloc(ctx, 0, sizeof *net->param) : NULL;
    if (!net->param) {
        mho_net_free(net);
        return MHO_ERR_NOMEM;
    }
    *out = net;
    return MHO_OK;
}

void mho_net_free(mho_net *net) {
    if (net) {
        mho_ctx *ctx = net->ctx;
        mho_i_free(ctx, net->layer);
        mho_i_free(ctx, net->at);
        mho_i_free(ctx, net->param);
        mho_i_free(ctx, net);
    }
}

/* A layer with the input that the chain now gives. */
static mho_layer next_layer(const mho_net *net, mho_layer_kind kind) {
    mho_layer l = {.kind = kind, .in_c = net->in_c, .in_h = net->in_h, .in_w = net->in_w};
    if (net->n_layer) {
        const mho_layer *last = &net->layer[net->n_layer - 1];
        l.in_c = last->out_c;
        l.in_h = last->out_h;
        l.in_w = last->out_w;
    }
    l.stride = 1;
    return l;
}

static mho_status append(mho_net *net, const mho_layer *l) {
    size_t n = mho_i_layer_n_param(l);
    if (net->n_layer == MAX_LAYER) {
        return mho_i_fail(net->ctx, MHO_ERR_ARG, "layer %zu: a network has at most %d layers",
                          net->n_layer + 1, MAX_LAYER);
    }
    if (l->n_in && (!(l->w_max > 0) || !isfinite(l->w_max))) {
        return mho_i_fail(net->ctx, MHO_ERR_ARG, "layer %zu: w_max = %g: a number > 0 is wanted",
                          net->n_layer, l->w_max);
    }
    if (l->n_in >= max_param || l->n_out >= max_param / (l->n_in + 1) ||
        net->n_param + n > max_param) {
        return mho_i_fail(net->ctx, MHO_ERR_ARG,
                          "layer %zu: %zu x %zu weights are too many: at most %zu in all",
                          net->n_layer, l->n_out, l->n_in, max_param);
    }
    float *param = mho_i_realloc(net->ctx, net->param, net->n_param + n, sizeof *param);
    if (!param) {
        return MHO_ERR_NOMEM;
    }
    net->param = param;
    net->at[net->n_layer] = net->n_param;
    net->layer[net->n_layer++] = *l;
    net->n_param += n;
    return MHO_OK;
}

mho_status mho_net_add_conv(mho_net *net, size_t out_c, size_t k, size_t stride, size_t pad,
                            bool activation, double w_max) {
    mho_layer l = next_layer(net, MHO_LAYER_CONV);
    if (k < 1 || stride < 1 || pad >= k || k > l.in_h + 2 * pad || k > l.in_w + 2 * pad ||
        stride > MAX_SIDE || out_c < 1 || out_c > MAX_CHANNEL) {
        return mho_i_fail(
            net->ctx, MHO_ERR_ARG,
            "layer %zu: %zu kernels of side %zu, stride %zu, padding %zu do not fit an "
            "input of %zux%zu (1 to %d kernels, padding less than the side)",
            net->n_layer, out_c, k, stride, pad, l.in_h, l.in_w, MAX_CHANNEL);
    }
    l.k = k;
    l.stride = stride;
    l.pad = pad;
    l.out_c = l.n_out = out_c;
    l.out_h = (l.in_h + 2 * pad - k) / stride + 1;
    l.out_w = (l.in_w + 2 * pad - k) / stride + 1;
    l.n_pos = l.out_h * l.out_w;
    l.n_in = l.in_c * k * k;
    l.activation = activation;
    l.w_max = w_max;
    return append(net, &l);
}

mho_status mho_net_add_pool(mho_net *net, size_t k) {
    mho_layer l = next_layer(net, MHO_LAYER_POOL);
    if (k < 1 || l.in_h % k || l.in_w % k) {
        return mho_i_fail(net->ctx, MHO_ERR_ARG,
                          "layer %zu: pools of side %zu do not divide an input of %zux%zu",
                          net->n_layer, k, l.in_h, l.in_w);
    }
    l.k = l.stride = k;
    l.out_c = l.in_c;
    l.out_h = l.in_h / k;
    l.out_w = l.in_w / k;
    l.n_pos = l.out_h * l.out_w;
    return append(net, &l);
}

mho_status mho_net_add_dense(mho_net *net, size_t n_out, bool activation, double w_max) {
    mho_layer l = next_layer(net, MHO_LAYER_DENSE);
    if (n_out < 1 || n_out > MAX_CHANNEL) {
        return mho_i_fail(net->ctx, MHO_ERR_ARG, "layer %zu: %zu outputs: allowed are 1 to %d",
                          net->n_layer, n_out, MAX_CHANNEL);
    }
    l.out_c = l.n_out = n_out;
    l.out_h = l.out_w = l.n_pos = 1;
    l.n_in = l.in_c * l.in_h * l.in_w;
    l.activation = activation;
    l.w_max = w_max;
    return append(net, &l);
}

mho_status mho_net_copy(const mho_net *net, mho_net **out) {
    mho_status status = mho_net_new(net->ctx, net->in_c, net->in_h, net->in_w, out);
    for (size_t l = 0; l < net->n_layer && status == MHO_OK; l++) {
        status = append(*out, &net->layer[l]);
    }
    if (status < 0) {
        mho_net_free(*out);
        *out = NULL;
        return status;
    }
    memcpy((*out)->param, net->param, net->n_param * sizeof *net->param);
    return MHO_OK;
}

size_t mho_net_n_layer(const mho_net *net) {
    return net->n_layer;
}

size_t mho_net_n_class(const mho_net *net) {
    const mho_layer *last = net->n_layer ? &net->layer[net->n_layer - 1] : NULL;
    return last ? last->out_c * last->out_h * last->out_w : 0;
}

const mho_layer *mho_net_layer(const mho_net *net, size_t l) {
    return l < net->n_layer ? &net->layer[l] : NULL;
}

const float *mho_net_weights(const mho_net *net, size_t l) {
    return l < net->n_layer && net->layer[l].n_in ? net->param + net->at[l] : NULL;
}

const float *mho_net_bias(const mho_net *net, size_t l) {
    const float *w = mho_net_weights(net, l);
    return w ? w + mho_i_layer_n_weight(&net->layer[l]) : NULL;
}

static mho_status need_weights(const mho_net *net, size_t l) {
    if (l >= net->n_layer || !net->layer[l].n_in) {
        return mho_i_fail(net->ctx, MHO_ERR_ARG,
                          "layer %zu has no weights (the network has %zu layers)", l, net->n_layer);
    }
    return MHO_OK;
}

static mho_status need_finite(const mho_net *net, size_t l, const char *name, const float *x,
                              size_t n) {
    for (size_t k = 0; x && k < n; k++) {
        if (!isfinite(x[k])) {
            return mho_i_fail(net->ctx, MHO_ERR_ARG, "layer %zu: %s[%zu] = %g: not a finite number",
                              l, name, k, (double)x[k]);
        }
    }
    return MHO_OK;
}

mho_status mho_net_set_weights(mho_net *net, size_t l, const float *weights, const float *bias) {
    mho_status status = need_weights(net, l);
    if (status < 0) {
        return status;
    }
    size_t n_weight = mho_i_layer_n_weight(&net->layer[l]), n_out = net->layer[l].n_out;
    status = need_finite(net, l, "weights", weights, n_weight);
    if (status == MHO_OK) {
        status = need_finite(net, l, "bias", bias, n_out);
    }
    if (status < 0) {
        return status;
    }
    float *to = net->param + net->at[l];
    if (weights) {
        memmove(to, weights, n_weight * sizeof *to);
    }
    if (bias) {
        memmove(to + n_weight, bias, n_out * sizeof *to);
    }
    return MHO_OK;
}

mho_status mho_net_set_w_max(mho_net *net, size_t l, double w_max) {
    mho_status status = need_weights(net, l);
    if (status == MHO_OK && (!(w_max > 0) || !isfinite(w_max))) {
        status = mho_i_fail(net->ctx, MHO_ERR_ARG, "layer %zu: w_max = %g: a number > 0 is wanted",
                            l, w_max);
    }
    if (status == MHO_OK) {
        net->layer[l].w_max = w_max;
    }
    return status;
}

mho_status mho_net_check_dataset(const mho_net *net, const mho_dataset *set) {
    if (net->in_c != 1 || net->in_h != set->n_row || net->in_w != set->n_col) {
        return mho_i_fail(
            net->ctx, MHO_ERR_DIM,
            "the images have %zux%zu pixels, the network takes %zux%zu in %zu channel%s",
            set->n_row, set->n_col, net->in_h, net->in_w, net->in_c, net->in_c == 1 ? "" : "s");
    }
    if (!net->n_layer || mho_net_n_class(net) != set->n_class) {
        return mho_i_fail(net->ctx, MHO_ERR_DIM,
                          "the data have %zu classes, the network has %zu outputs", set->n_class,
                          mho_net_n_class(net));
    }
    return MHO_OK;
}

void mho_i_net_hash_shape(const mho_net *net, mho_i_hash *h) {
    uint64_t in[4] = {net->in_c, net->in_h, net->in_w, net->n_layer};
    mho_i_hash_add(h, in, sizeof in);
    for (size_t i = 0; i < net->n_layer; i++) {
        const mho_layer *l = &net->layer[i];
        uint64_t shape[6] = {l->kind, l->out_c, l->k, l->stride, l->pad, l->activation};
        mho_i_hash_add(h, shape, sizeof shape);
        mho_i_hash_add(h, &l->w_max, sizeof l->w_max);
    }
}
