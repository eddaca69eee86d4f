/* onnx_attr.c - attributes of a node, each asked for by name and type. What nobody asks for is an
 * error in the end: it could change what the node computes. */
#include "onnx_int.h"

#include <math.h>
#include <string.h>

/* Types of attributes, by their numbers in the format. */
enum {
    TYPE_FLOAT = 1,
    TYPE_INT = 2,
    TYPE_TEXT = 3,
    TYPE_TENSOR = 4,
    TYPE_FLOATS = 6,
    TYPE_INTS = 7
};

const MhoOnnx__Attribute *mho_i_onnx_attr(mho_i_onnx_call *c, const char *name) {
    for (size_t k = 0; k < c->node->n_attribute && k < 64; k++) {
        const MhoOnnx__Attribute *a = c->node->attribute[k];
        if (a->name && strcmp(a->name, name) == 0) {
            c->asked |= (uint64_t)1 << k;
            return a;
        }
    }
    return NULL;
}

void mho_i_onnx_attr_ignore(mho_i_onnx_call *c, const char *name) {
    (void)mho_i_onnx_attr(c, name);
}

mho_status mho_i_onnx_attr_all_known(const mho_i_onnx_call *c) {
    char name[80];
    for (size_t k = 0; k < c->node->n_attribute; k++) {
        if (k >= 64 || !(c->asked >> k & 1)) {
            return mho_i_onnx_call_fail(c, "attribute \"%s\" is not known or comes twice",
                                        mho_i_onnx_clean(c->node->attribute[k]->name, name));
        }
    }
    return MHO_OK;
}

/* Old files leave the type out. */
static mho_status check_type(const mho_i_onnx_call *c, const MhoOnnx__Attribute *a, int type,
                             const char *wanted) {
    if (a->ref_attr_name && *a->ref_attr_name) {
        return mho_i_onnx_call_fail(c, "attribute %s refers to a function, which is not supported",
                                    a->name);
    }
    return !a->has_type || a->type == type
               ? MHO_OK
               : mho_i_onnx_call_fail(c, "attribute %s: %s is wanted", a->name, wanted);
}

mho_status mho_i_onnx_attr_int(mho_i_onnx_call *c, const char *name, int64_t lo, int64_t hi,
                               int64_t *out) {
    const MhoOnnx__Attribute *a = mho_i_onnx_attr(c, name);
    mho_status status = a ? check_type(c, a, TYPE_INT, "a whole number") : MHO_OK;
    if (a && status == MHO_OK) {
        if (a->i < lo || a->i > hi) {
            return mho_i_onnx_call_fail(c, "%s = %lld: allowed are %lld to %lld", name,
                                        (long long)a->i, (long long)lo, (long long)hi);
        }
        *out = a->i;
    }
    return status;
}

mho_status mho_i_onnx_attr_bool(mho_i_onnx_call *c, const char *name, bool *out) {
    int64_t v = *out;
    mho_status status = mho_i_onnx_attr_int(c, name, INT32_MIN, INT32_MAX, &v);
    *out = v != 0;
    return status;
}

mho_status mho_i_onnx_attr_float(mho_i_onnx_call *c, const char *name, float *out) {
    const MhoOnnx__Attribute *a = mho_i_onnx_attr(c, name);
    mho_status status = a ? check_type(c, a, TYPE_FLOAT, "a number") : MHO_OK;
    if (a && status == MHO_OK) {
        if (isnan(a->f)) {
            return mho_i_onnx_call_fail(c, "%s is not a number", name);
        }
        *out = a->f;
    }
    return status;
}

mho_status mho_i_onnx_attr_text(mho_i_onnx_call *c, const char *name, char out[32]) {
    const MhoOnnx__Attribute *a = mho_i_onnx_attr(c, name);
    mho_status status = a ? check_type(c, a, TYPE_TEXT, "a text") : MHO_OK;
    out[0] = 0;
    if (a && status == MHO_OK) {
        size_t n = a->s.len;
        if (n > 31 || (n && memchr(a->s.data, 0, n))) {
            return mho_i_onnx_call_fail(c, "attribute %s is a text of %zu bytes", name, n);
        }
        if (n) {
            memcpy(out, a->s.data, n);
        }
        out[n] = 0;
    }
    return status;
}

mho_status mho_i_onnx_attr_ints(mho_i_onnx_call *c, const char *name, size_t *n,
                                int64_t out[2 * MHO_GRAPH_MAX_DIM]) {
    const MhoOnnx__Attribute *a = mho_i_onnx_attr(c, name);
    mho_status status = a ? check_type(c, a, TYPE_INTS, "a list of whole numbers") : MHO_OK;
    *n = SIZE_MAX;
    if (a && status == MHO_OK) {
        if (a->n_ints > 2 * MHO_GRAPH_MAX_DIM) {
            return mho_i_onnx_call_fail(c, "attribute %s has %zu numbers: at most %d are allowed",
                                        name, a->n_ints, 2 * MHO_GRAPH_MAX_DIM);
        }
        *n = a->n_ints;
        for (size_t k = 0; k < a->n_ints; k++) {
            out[k] = a->ints[k];
        }
    }
    return status;
}

mho_status mho_i_onnx_axis(const mho_i_onnx_call *c, int64_t axis, size_t n_dim, size_t extra,
                           size_t *out) {
    int64_t n = (int64_t)n_dim;
    if (axis < -n || axis >= n + (int64_t)extra) {
        return mho_i_onnx_call_fail(c, "axis %lld of a tensor of %zu dimensions", (long long)axis,
                                    n_dim);
    }
    *out = (size_t)(axis < 0 ? axis + n : axis);
    return MHO_OK;
}
