/* graph_shape.c - what shape the output of a node has, and whether its inputs fit. Every product
 * and sum is bounded before it is formed: sides are at most 2^24, tensors at most 2^31 numbers. */
#include "graph_int.h"

#include <math.h>
#include <string.h>

mho_status mho_i_infer_fail(const mho_i_infer *f, const char *fmt, ...) {
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return mho_i_fail(f->g->ctx, MHO_ERR_DIM, "node %s (%s): %s", f->name,
                      mho_graph_op_get(f->op).name, text);
}

const mho_graph_tensor *mho_i_infer_in(const mho_i_infer *f, size_t k) {
    return k < f->n_input && f->input[k] >= 0 ? &f->g->tensor[f->input[k]] : NULL;
}

static void same_as(mho_i_infer *f, const mho_graph_tensor *t) {
    f->n_dim = t->n_dim;
    memcpy(f->shape, t->shape, sizeof f->shape);
}

/* How many inputs an operator takes: at least, at most. */
static void arity(mho_graph_op op, size_t *least, size_t *most) {
    *least = *most = 1;
    switch (op) {
    case MHO_OP_CONV:
    case MHO_OP_GEMM:
        *least = 2;
        *most = 3;
        break;
    case MHO_OP_QUANTIZE:
    case MHO_OP_DEQUANTIZE:
        *least = 2;
        *most = 3;
        break;
    case MHO_OP_MATMUL:
    case MHO_OP_ADD:
    case MHO_OP_SUB:
    case MHO_OP_MUL:
    case MHO_OP_DIV:
        *least = *most = 2;
        break;
    case MHO_OP_BATCHNORM:
        *least = *most = 5;
        break;
    case MHO_OP_CONCAT:
        *most = MHO_I_GRAPH_MAX_INPUT;
        break;
    default:
        break;
    }
}

static mho_status check_arity(const mho_i_infer *f) {
    size_t least, most;
    arity(f->op, &least, &most);
    if (f->n_input < least || f->n_input > most) {
        return mho_i_infer_fail(f, "%zu inputs: %zu to %zu are wanted", f->n_input, least, most);
    }
    for (size_t k = 0; k < (f->op == MHO_OP_CONCAT ? f->n_input : least); k++) {
        if (f->input[k] < 0) {
            return mho_i_infer_fail(f, "input %zu is absent", k);
        }
    }
    return MHO_OK;
}

bool mho_i_graph_broadcast(const mho_graph_tensor *a, const mho_graph_tensor *b, size_t *n_dim,
                           size_t *shape) {
    size_t n = a->n_dim > b->n_dim ? a->n_dim : b->n_dim;
    for (size_t d = 0; d < n; d++) { /* d counts from the last dimension */
        size_t sa = d < a->n_dim ? a->shape[a->n_dim - 1 - d] : 1;
        size_t sb = d < b->n_dim ? b->shape[b->n_dim - 1 - d] : 1;
        if (sa != sb && sa != 1 && sb != 1) {
            return false;
        }
        shape[n - 1 - d] = sa > sb ? sa : sb;
    }
    *n_dim = n;
    return true;
}

static mho_status infer_binary(mho_i_infer *f) {
    const mho_graph_tensor *a = mho_i_infer_in(f, 0), *b = mho_i_infer_in(f, 1);
    char ta[160], tb[160];
    if (!mho_i_graph_broadcast(a, b, &f->n_dim, f->shape)) {
        return mho_i_infer_fail(f, "shapes %s and %s cannot be broadcast",
                                mho_i_graph_shape_text(a->n_dim, a->shape, ta),
                                mho_i_graph_shape_text(b->n_dim, b->shape, tb));
    }
    return MHO_OK;
}

static mho_status infer_batchnorm(mho_i_infer *f) {
    const mho_graph_tensor *x = mho_i_infer_in(f, 0);
    size_t n_channel = x->n_dim > 1 ? x->shape[1] : 1;
    for (size_t k = 1; k < 5; k++) {
        const mho_graph_tensor *t = mho_i_infer_in(f, k);
        if (t->size != n_channel || t->n_dim != 1) {
            return mho_i_infer_fail(f, "input %zu has %zu numbers, the %zu channels want one each",
                                    k, t->size, n_channel);
        }
    }
    same_as(f, x);
    return MHO_OK;
}

static mho_status infer_axis(mho_i_infer *f) {
    const mho_graph_tensor *x = mho_i_infer_in(f, 0);
    /* a flat Softmax may have axis == n_dim in old files: then every number is its own group */
    if (f->attr->axis < 0 || (size_t)f->attr->axis >= x->n_dim + (f->attr->flat ? 1 : 0)) {
        return mho_i_infer_fail(f, "axis %d of an input of %zu dimensions", f->attr->axis,
                                x->n_dim);
    }
    same_as(f, x);
    return MHO_OK;
}

static mho_status infer_quantise(mho_i_infer *f) {
    const mho_graph_tensor *x = mho_i_infer_in(f, 0), *scale = mho_i_infer_in(f, 1);
    const mho_graph_tensor *zero = mho_i_infer_in(f, 2);
    int axis = f->attr->axis;
    if (axis >= 0 && (size_t)axis >= x->n_dim) {
        return mho_i_infer_fail(f, "axis %d of an input of %zu dimensions", axis, x->n_dim);
    }
    size_t want = axis < 0 ? 1 : x->shape[axis];
    if (scale->size != want || (zero && zero->size != want)) {
        return mho_i_infer_fail(f, "scale has %zu numbers and zero point %zu: %zu are wanted",
                                scale->size, zero ? zero->size : want, want);
    }
    same_as(f, x);
    return MHO_OK;
}

static mho_status infer_global_pool(mho_i_infer *f) {
    const mho_graph_tensor *x = mho_i_infer_in(f, 0);
    if (x->n_dim < 3) {
        return mho_i_infer_fail(f, "the input has %zu dimensions, 3 or more are wanted", x->n_dim);
    }
    same_as(f, x);
    for (size_t d = 2; d < f->n_dim; d++) {
        f->shape[d] = 1;
    }
    return MHO_OK;
}

static mho_status infer_one(mho_i_infer *f) {
    switch (f->op) {
    case MHO_OP_CONV:
    case MHO_OP_GEMM:
    case MHO_OP_MATMUL:
        return mho_i_infer_matrix(f);
    case MHO_OP_MAX_POOL:
    case MHO_OP_AVERAGE_POOL:
        return mho_i_infer_pool(f);
    case MHO_OP_ADD:
    case MHO_OP_SUB:
    case MHO_OP_MUL:
    case MHO_OP_DIV:
        return infer_binary(f);
    case MHO_OP_BATCHNORM:
        return infer_batchnorm(f);
    case MHO_OP_SOFTMAX:
    case MHO_OP_LOG_SOFTMAX:
        return infer_axis(f);
    case MHO_OP_QUANTIZE:
    case MHO_OP_DEQUANTIZE:
        return infer_quantise(f);
    case MHO_OP_GLOBAL_AVERAGE_POOL:
    case MHO_OP_GLOBAL_MAX_POOL:
        return infer_global_pool(f);
    case MHO_OP_REDUCE_MEAN:
    case MHO_OP_FLATTEN:
    case MHO_OP_RESHAPE:
    case MHO_OP_SQUEEZE:
    case MHO_OP_UNSQUEEZE:
    case MHO_OP_TRANSPOSE:
    case MHO_OP_CONCAT:
    case MHO_OP_PAD:
    case MHO_OP_SLICE:
        return mho_i_infer_move(f);
    default:
        same_as(f, mho_i_infer_in(f, 0));
        return MHO_OK;
    }
}

mho_status mho_i_graph_infer(mho_i_infer *f) {
    mho_status status = check_arity(f);
    if (status == MHO_OK) {
        status = infer_one(f);
    }
    size_t size;
    if (status == MHO_OK && !mho_i_graph_count(f->n_dim, f->shape, f->g->max_size, &size)) {
        char text[160];
        status =
            mho_i_infer_fail(f, "its output of %s has no numbers, or more than the %zu allowed",
                             mho_i_graph_shape_text(f->n_dim, f->shape, text), f->g->max_size);
    }
    return status;
}
