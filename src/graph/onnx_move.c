/* onnx_move.c - operators that move numbers: axes and shapes come as attributes in old files and as
 * constant inputs in new ones. */
#include "onnx_int.h"

#include <string.h>

/* A list from an attribute or, if the node has an input k, from there; *n = SIZE_MAX: neither. */
static mho_status list(mho_i_onnx_call *c, const char *name, size_t k, size_t *n,
                       int64_t v[2 * MHO_GRAPH_MAX_DIM]) {
    if (!k || !mho_i_onnx_has(c, k)) {
        return mho_i_onnx_attr_ints(c, name, n, v);
    }
    const mho_i_onnx_value *in;
    mho_status status = mho_i_onnx_in_ints(c, k, name, &in);
    if (status == MHO_OK && in->size > 2 * MHO_GRAPH_MAX_DIM) {
        status = mho_i_onnx_call_fail(c, "%s has %zu numbers: at most %d are allowed", name,
                                      in->size, 2 * MHO_GRAPH_MAX_DIM);
    }
    if (status == MHO_OK) {
        *n = in->size;
        for (size_t i = 0; i < in->size; i++) {
            v[i] = in->ints[i];
        }
    }
    return status;
}

/* Axes as a set of dimensions of a tensor of n_dim. */
static mho_status axis_set(mho_i_onnx_call *c, size_t n, const int64_t *v, size_t n_dim,
                           bool set[MHO_GRAPH_MAX_DIM]) {
    memset(set, 0, MHO_GRAPH_MAX_DIM * sizeof *set);
    for (size_t k = 0; k < n; k++) {
        size_t axis;
        mho_status status = mho_i_onnx_axis(c, v[k], n_dim, 0, &axis);
        if (status < 0) {
            return status;
        }
        if (set[axis]) {
            return mho_i_onnx_call_fail(c, "axis %lld comes twice", (long long)v[k]);
        }
        set[axis] = true;
    }
    return MHO_OK;
}

static mho_status flatten(mho_i_onnx_call *c, const mho_graph_tensor *x) {
    int64_t axis = 1;
    size_t at = 0;
    mho_status status = mho_i_onnx_attr_int(c, "axis", INT32_MIN, INT32_MAX, &axis);
    if (status == MHO_OK) {
        status = mho_i_onnx_axis(c, axis, x->n_dim, 1, &at);
    }
    c->attr.axis = (int)at;
    return status;
}

static mho_status reshape(mho_i_onnx_call *c, const mho_graph_tensor *x) {
    int64_t v[2 * MHO_GRAPH_MAX_DIM];
    size_t n = SIZE_MAX, known = 1, open = SIZE_MAX;
    bool allow_zero = false;
    mho_status status = list(c, "shape", 1, &n, v);
    if (status == MHO_OK) {
        status = mho_i_onnx_attr_bool(c, "allowzero", &allow_zero);
    }
    if (status < 0) {
        return status;
    }
    if (n > MHO_GRAPH_MAX_DIM) {
        return mho_i_onnx_call_fail(c, "it says no shape, or one of more than %d dimensions",
                                    MHO_GRAPH_MAX_DIM);
    }
    for (size_t d = 0; d < n; d++) {
        bool keep = v[d] == 0 && !allow_zero && d < x->n_dim;
        if (v[d] == -1 && open == SIZE_MAX) {
            open = d;
            continue;
        }
        c->shape[d] = keep ? x->shape[d] : v[d] > 0 ? (size_t)v[d] : 0;
        if (!c->shape[d] || c->shape[d] > x->size / known) {
            return mho_i_onnx_call_fail(c, "shape[%zu] = %lld for a tensor of %zu numbers", d,
                                        (long long)v[d], x->size);
        }
        known *= c->shape[d];
    }
    if (open != SIZE_MAX) {
        c->shape[open] = x->size / known;
    }
    c->n_dim = n;
    return MHO_OK;
}

static mho_status squeeze(mho_i_onnx_call *c, const mho_graph_tensor *x) {
    int64_t v[2 * MHO_GRAPH_MAX_DIM];
    bool gone[MHO_GRAPH_MAX_DIM];
    size_t n;
    mho_status status = list(c, "axes", 1, &n, v);
    if (status == MHO_OK && n != SIZE_MAX) {
        status = axis_set(c, n, v, x->n_dim, gone);
    }
    for (size_t d = 0; d < x->n_dim && status == MHO_OK; d++) {
        bool drop = n == SIZE_MAX ? x->shape[d] == 1 : gone[d];
        if (drop && x->shape[d] != 1) {
            status = mho_i_onnx_call_fail(c, "dimension %zu is %zu, not 1", d, x->shape[d]);
        }
        if (!drop) {
            c->shape[c->n_dim++] = x->shape[d];
        }
    }
    return status;
}

static mho_status unsqueeze(mho_i_onnx_call *c, const mho_graph_tensor *x) {
    int64_t v[2 * MHO_GRAPH_MAX_DIM];
    bool fresh[MHO_GRAPH_MAX_DIM];
    size_t n, from = 0;
    mho_status status = list(c, "axes", 1, &n, v);
    if (status == MHO_OK && (n == SIZE_MAX || x->n_dim + n > MHO_GRAPH_MAX_DIM)) {
        status = mho_i_onnx_call_fail(c, "it says no axes, or would have more than %d dimensions",
                                      MHO_GRAPH_MAX_DIM);
    }
    if (status == MHO_OK) {
        status = axis_set(c, n, v, x->n_dim + n, fresh);
    }
    if (status == MHO_OK) {
        c->n_dim = x->n_dim + n;
        for (size_t d = 0; d < c->n_dim; d++) {
            c->shape[d] = fresh[d] ? 1 : x->shape[from++];
        }
    }
    return status;
}

static mho_status transpose(mho_i_onnx_call *c, const mho_graph_tensor *x) {
    int64_t v[2 * MHO_GRAPH_MAX_DIM];
    size_t n;
    mho_status status = list(c, "perm", 0, &n, v);
    if (status == MHO_OK && n != SIZE_MAX && n != x->n_dim) {
        status =
            mho_i_onnx_call_fail(c, "perm has %zu numbers, the input %zu dimensions", n, x->n_dim);
    }
    for (size_t d = 0; d < x->n_dim && status == MHO_OK; d++) {
        status = n == SIZE_MAX ? MHO_OK : mho_i_onnx_axis(c, v[d], x->n_dim, 0, &c->attr.perm[d]);
        c->attr.perm[d] = n == SIZE_MAX ? x->n_dim - 1 - d : c->attr.perm[d];
    }
    return status;
}

static mho_status concat(mho_i_onnx_call *c, const mho_graph_tensor *x) {
    int64_t axis = INT32_MIN;
    size_t at = 0;
    mho_status status = mho_i_onnx_attr_int(c, "axis", INT32_MIN, INT32_MAX, &axis);
    if (status == MHO_OK) {
        status = mho_i_onnx_axis(c, axis, x->n_dim, 0, &at);
    }
    c->attr.axis = (int)at;
    c->n_input = c->node->n_input;
    return status;
}

static mho_status pad_mode(mho_i_onnx_call *c) {
    char mode[32], clean[80];
    mho_status status = mho_i_onnx_attr_text(c, "mode", mode);
    if (status < 0) {
        return status;
    }
    if (!mode[0] || strcmp(mode, "constant") == 0) {
        c->attr.pad_mode = MHO_PAD_CONSTANT;
    } else if (strcmp(mode, "reflect") == 0) {
        c->attr.pad_mode = MHO_PAD_REFLECT;
    } else if (strcmp(mode, "edge") == 0) {
        c->attr.pad_mode = MHO_PAD_EDGE;
    } else {
        return mho_i_onnx_call_fail(c, "mode = %s: supported are constant, reflect, edge",
                                    mho_i_onnx_clean(mode, clean));
    }
    return MHO_OK;
}

static mho_status pad(mho_i_onnx_call *c, const mho_graph_tensor *x) {
    int64_t v[2 * MHO_GRAPH_MAX_DIM], axes[2 * MHO_GRAPH_MAX_DIM];
    size_t n, n_axis = SIZE_MAX;
    bool set[MHO_GRAPH_MAX_DIM];
    mho_status status = pad_mode(c);
    if (status == MHO_OK) {
        status = list(c, "pads", 1, &n, v);
    }
    if (status == MHO_OK && mho_i_onnx_has(c, 3)) {
        status = list(c, "axes", 3, &n_axis, axes);
    }
    if (status == MHO_OK) {
        status = mho_i_onnx_attr_float(c, "value", &c->attr.pad_value);
    }
    if (status == MHO_OK) {
        status = mho_i_onnx_in_number(c, 2, "constant_value", &c->attr.pad_value);
    }
    if (status < 0) {
        return status;
    }
    for (size_t d = 0; n_axis == SIZE_MAX && d < x->n_dim; d++) {
        axes[d] = (int64_t)d;
    }
    n_axis = n_axis == SIZE_MAX ? x->n_dim : n_axis;
    if (n == SIZE_MAX || n != 2 * n_axis) {
        return mho_i_onnx_call_fail(c, "pads has %zu numbers, %zu are wanted",
                                    n == SIZE_MAX ? 0 : n, 2 * n_axis);
    }
    status = axis_set(c, n_axis, axes, x->n_dim, set);
    for (size_t k = 0; k < n_axis && status == MHO_OK; k++) {
        size_t d = 0;
        status = mho_i_onnx_axis(c, axes[k], x->n_dim, 0, &d);
        for (size_t i = k; i < n && status == MHO_OK; i += n_axis) {
            if (v[i] < -MHO_I_GRAPH_MAX_SIDE || v[i] > MHO_I_GRAPH_MAX_SIDE) {
                status = mho_i_onnx_call_fail(c, "pads[%zu] = %lld: allowed are up to %d", i,
                                              (long long)v[i], MHO_I_GRAPH_MAX_SIDE);
            }
        }
        c->attr.before[d] = (ptrdiff_t)v[k];
        c->attr.after[d] = (ptrdiff_t)v[k + n_axis];
    }
    return status;
}

/* One dimension of a slice by Python's rules. */
static mho_status slice_one(mho_i_onnx_call *c, size_t d, int64_t side, int64_t start, int64_t end,
                            int64_t step) {
    if (step == 0 || step < -INT32_MAX) {
        return mho_i_onnx_call_fail(c, "a step of %lld", (long long)step);
    }
    step = step > side ? side : step < -side ? -side : step; /* larger ones take one number too */
    int64_t low = step > 0 ? 0 : -1, high = step > 0 ? side : side - 1;
    start = start < 0 ? (start < -side ? 0 : start + side) : start;
    end = end < 0 ? (end < -side ? low : end + side) : end;
    start = start > high ? high : start;
    end = end < low ? low : end > high ? high : end;
    int64_t span = end - start;
    int64_t n = span && (span > 0) == (step > 0) ? (span + step - (step > 0 ? 1 : -1)) / step : 0;
    if (n < 1) {
        return mho_i_onnx_call_fail(c, "nothing is left of dimension %zu of %lld", d,
                                    (long long)side);
    }
    c->attr.start[d] = (ptrdiff_t)start;
    c->attr.step[d] = (ptrdiff_t)step;
    c->shape[d] = (size_t)n;
    return MHO_OK;
}

static mho_status slice(mho_i_onnx_call *c, const mho_graph_tensor *x) {
    int64_t v[4][2 * MHO_GRAPH_MAX_DIM];
    size_t n[4];
    static const char *const names[4] = {"starts", "ends", "axes", "steps"};
    mho_status status = MHO_OK;
    for (size_t k = 0; k < 4 && status == MHO_OK; k++) {
        status = list(c, names[k], k + 1, &n[k], v[k]);
    }
    if (status < 0) {
        return status;
    }
    if (n[0] == SIZE_MAX || n[0] != n[1] || n[0] > x->n_dim || (n[2] != SIZE_MAX && n[2] != n[0]) ||
        (n[3] != SIZE_MAX && n[3] != n[0])) {
        return mho_i_onnx_call_fail(c, "starts, ends, axes and steps are not of one length");
    }
    bool set[MHO_GRAPH_MAX_DIM];
    for (size_t k = 0; n[2] == SIZE_MAX && k < n[0]; k++) {
        v[2][k] = (int64_t)k;
    }
    c->n_dim = x->n_dim;
    memcpy(c->shape, x->shape, sizeof c->shape);
    status = axis_set(c, n[0], v[2], x->n_dim, set);
    for (size_t k = 0; k < n[0] && status == MHO_OK; k++) {
        size_t d = 0;
        status = mho_i_onnx_axis(c, v[2][k], x->n_dim, 0, &d);
        if (status == MHO_OK) {
            status = slice_one(c, d, (int64_t)x->shape[d], v[0][k], v[1][k],
                               n[3] == SIZE_MAX ? 1 : v[3][k]);
        }
    }
    return status;
}

static mho_status reduce_mean(mho_i_onnx_call *c, const mho_graph_tensor *x) {
    int64_t v[2 * MHO_GRAPH_MAX_DIM];
    size_t n;
    bool keep = true, noop = false;
    mho_status status = list(c, "axes", 1, &n, v);
    if (status == MHO_OK) {
        status = mho_i_onnx_attr_bool(c, "keepdims", &keep);
    }
    if (status == MHO_OK) {
        status = mho_i_onnx_attr_bool(c, "noop_with_empty_axes", &noop);
    }
    if (status == MHO_OK) {
        status = axis_set(c, n == SIZE_MAX ? 0 : n, v, x->n_dim, c->attr.reduce);
    }
    bool all = (n == SIZE_MAX || n == 0) && !noop;
    for (size_t d = 0; d < x->n_dim && status == MHO_OK; d++) {
        c->attr.reduce[d] = c->attr.reduce[d] || all;
        if (!c->attr.reduce[d] || keep) {
            c->shape[c->n_dim++] = c->attr.reduce[d] ? 1 : x->shape[d];
        }
    }
    return status;
}

mho_status mho_i_onnx_move(mho_i_onnx_call *c) {
    const mho_graph_tensor *x;
    mho_status status = mho_i_onnx_in_tensor(c, 0, &x);
    if (status < 0) {
        return status;
    }
    mho_graph_tensor copy = *x; /* reading other inputs may move the graph's own */
    x = &copy;
    switch (c->op) {
    case MHO_OP_FLATTEN:
        return flatten(c, x);
    case MHO_OP_RESHAPE:
        return reshape(c, x);
    case MHO_OP_SQUEEZE:
        return squeeze(c, x);
    case MHO_OP_UNSQUEEZE:
        return unsqueeze(c, x);
    case MHO_OP_TRANSPOSE:
        return transpose(c, x);
    case MHO_OP_CONCAT:
        return concat(c, x);
    case MHO_OP_PAD:
        return pad(c, x);
    case MHO_OP_SLICE:
        return slice(c, x);
    default:
        return reduce_mean(c, x);
    }
}
