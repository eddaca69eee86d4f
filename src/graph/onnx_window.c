/* onnx_window.c - convolutions and pools: kernel, stride, dilation, padding. */
#include "onnx_int.h"

#include <string.h>

/* A list of one number per side of the picture into to[2] (1-D: the height stays), or of two per
 * side into four. */
static mho_status sides(mho_i_onnx_call *c, const char *name, size_t n_side, int64_t least,
                        size_t per_side, size_t *to) {
    int64_t v[2 * MHO_GRAPH_MAX_DIM];
    size_t n;
    mho_status status = mho_i_onnx_attr_ints(c, name, &n, v);
    if (status < 0 || n == SIZE_MAX) {
        return status;
    }
    if (n != n_side * per_side) {
        return mho_i_onnx_call_fail(c, "%s has %zu numbers, an input of %zu dimensions wants %zu",
                                    name, n, n_side + 2, n_side * per_side);
    }
    for (size_t k = 0; k < n; k++) {
        if (v[k] < least || v[k] > MHO_I_GRAPH_MAX_SIDE) {
            return mho_i_onnx_call_fail(c, "%s[%zu] = %lld: allowed are %lld to %d", name, k,
                                        (long long)v[k], (long long)least, MHO_I_GRAPH_MAX_SIDE);
        }
        size_t side = k % n_side + (2 - n_side); /* 1-D: the width */
        to[k / n_side * 2 + side] = (size_t)v[k];
    }
    return MHO_OK;
}

/* SAME: as many outputs as there are strides in the input; the odd zero goes after (UPPER) or
 * before (LOWER). */
static void same_pads(mho_graph_attr *a, const size_t in[2], bool upper) {
    for (size_t s = 0; s < 2; s++) {
        size_t n_out = (in[s] + a->stride[s] - 1) / a->stride[s];
        size_t want = (n_out - 1) * a->stride[s] + (a->kernel[s] - 1) * a->dilation[s] + 1;
        size_t total = want > in[s] ? want - in[s] : 0;
        a->pads[s] = upper ? total / 2 : total - total / 2;
        a->pads[s + 2] = total - a->pads[s];
    }
}

static mho_status auto_pad(mho_i_onnx_call *c, const mho_graph_tensor *x) {
    char mode[32];
    mho_status status = mho_i_onnx_attr_text(c, "auto_pad", mode);
    if (status < 0 || !mode[0] || strcmp(mode, "NOTSET") == 0) {
        return status;
    }
    size_t in[2];
    mho_i_sides(x, &in[0], &in[1]);
    if (strcmp(mode, "VALID") == 0) {
        memset(c->attr.pads, 0, sizeof c->attr.pads);
    } else if (strcmp(mode, "SAME_UPPER") == 0 || strcmp(mode, "SAME_LOWER") == 0) {
        same_pads(&c->attr, in, mode[5] == 'U');
    } else {
        char clean[80];
        return mho_i_onnx_call_fail(
            c, "auto_pad = %s: allowed are NOTSET, VALID, SAME_UPPER, SAME_LOWER",
            mho_i_onnx_clean(mode, clean));
    }
    return MHO_OK;
}

static mho_status window(mho_i_onnx_call *c, bool need_kernel) {
    const mho_graph_tensor *x;
    mho_status status = mho_i_onnx_in_tensor(c, 0, &x);
    if (status < 0) {
        return status;
    }
    if (x->n_dim != 3 && x->n_dim != 4) {
        return mho_i_onnx_call_fail(c,
                                    "its input has %zu dimensions: 3 (batch, channel, width) and 4 "
                                    "(batch, channel, height, width) are supported",
                                    x->n_dim);
    }
    size_t n_side = x->n_dim - 2;
    if (need_kernel && !mho_i_onnx_attr(c, "kernel_shape")) {
        return mho_i_onnx_call_fail(c, "attribute kernel_shape is missing");
    }
    status = sides(c, "kernel_shape", n_side, 1, 1, c->attr.kernel);
    if (status == MHO_OK) {
        status = sides(c, "strides", n_side, 1, 1, c->attr.stride);
    }
    if (status == MHO_OK) {
        status = sides(c, "dilations", n_side, 1, 1, c->attr.dilation);
    }
    if (status == MHO_OK) {
        status = sides(c, "pads", n_side, 0, 2, c->attr.pads);
    }
    return status < 0 ? status : auto_pad(c, x);
}

mho_status mho_i_onnx_conv(mho_i_onnx_call *c) {
    const mho_graph_tensor *w;
    int64_t groups = 1;
    mho_status status = mho_i_onnx_in_tensor(c, 1, &w);
    if (status == MHO_OK && (w->n_dim == 3 || w->n_dim == 4)) {
        mho_i_sides(w, &c->attr.kernel[0], &c->attr.kernel[1]); /* kernel_shape may be left out */
    }
    if (status == MHO_OK) {
        status = window(c, false);
    }
    if (status == MHO_OK) {
        status = mho_i_onnx_attr_int(c, "group", 1, MHO_I_GRAPH_MAX_SIDE, &groups);
    }
    c->attr.groups = (size_t)groups;
    return status;
}

mho_status mho_i_onnx_pooling(mho_i_onnx_call *c) {
    int64_t order = 0;
    mho_status status = window(c, true);
    if (status == MHO_OK) {
        status = mho_i_onnx_attr_bool(c, "ceil_mode", &c->attr.ceil_mode);
    }
    if (status == MHO_OK && c->op == MHO_OP_AVERAGE_POOL) {
        status = mho_i_onnx_attr_bool(c, "count_include_pad", &c->attr.count_include_pad);
    }
    if (status == MHO_OK && c->op == MHO_OP_MAX_POOL) { /* matters for Indices only */
        status = mho_i_onnx_attr_int(c, "storage_order", 0, 1, &order);
    }
    return status;
}
