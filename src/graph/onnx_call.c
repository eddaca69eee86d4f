/* onnx_call.c - one node of the file: its inputs, its messages. */
#include "onnx_int.h"

#include <math.h>

mho_status mho_i_onnx_call_fail(const mho_i_onnx_call *c, const char *fmt, ...) {
    char text[600];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return mho_i_fail(c->o->ctx, MHO_ERR_FORMAT, "%s: %s: %s", c->o->where, c->what, text);
}

bool mho_i_onnx_has(const mho_i_onnx_call *c, size_t k) {
    return k < c->node->n_input && c->node->input[k][0];
}

const mho_i_onnx_value *mho_i_onnx_in(const mho_i_onnx_call *c, size_t k) {
    return mho_i_onnx_has(c, k) ? mho_i_onnx_find(c->o, c->node->input[k]) : NULL;
}

mho_status mho_i_onnx_in_ints(const mho_i_onnx_call *c, size_t k, const char *what,
                              const mho_i_onnx_value **out) {
    mho_status status = MHO_OK;
    char name[80];
    *out = NULL;
    if (!mho_i_onnx_has(c, k)) {
        return mho_i_onnx_call_fail(c, "its input %s is absent", what);
    }
    if (mho_i_onnx_ints_of(c->o, c->node->input[k], &status, out) || status < 0) {
        return status;
    }
    return mho_i_onnx_call_fail(c,
                                "its input %s (\"%s\") is not constant whole numbers: export the "
                                "network with fixed shapes",
                                what, mho_i_onnx_clean(c->node->input[k], name));
}

mho_status mho_i_onnx_in_tensor(const mho_i_onnx_call *c, size_t k, const mho_graph_tensor **out) {
    int id = -1;
    *out = NULL;
    if (!mho_i_onnx_has(c, k)) {
        return mho_i_onnx_call_fail(c, "input %zu is absent", k);
    }
    mho_status status = mho_i_onnx_tensor_of(c->o, c->node->input[k], &id);
    if (status == MHO_OK && id < 0) {
        char name[80];
        status = mho_i_onnx_call_fail(c, "input %zu (\"%s\") is no tensor of numbers", k,
                                      mho_i_onnx_clean(c->node->input[k], name));
    }
    if (status == MHO_OK) {
        *out = &c->o->g->tensor[id];
    }
    return status;
}

mho_status mho_i_onnx_in_number(const mho_i_onnx_call *c, size_t k, const char *what, float *out) {
    if (!mho_i_onnx_has(c, k)) {
        return MHO_OK;
    }
    const mho_graph_tensor *t;
    mho_status status = mho_i_onnx_in_tensor(c, k, &t);
    if (status == MHO_OK && (!t->data || t->size != 1 || isnan(t->data[0]))) {
        status = mho_i_onnx_call_fail(c, "its input %s is not one constant number", what);
    }
    if (status == MHO_OK) {
        *out = t->data[0];
    }
    return status;
}
