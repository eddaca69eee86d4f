/* onnx_node.c - a node of the file to a node of the graph: which operator, which inputs, which
 * attributes, which type of numbers. */
#include "onnx_int.h"

#include <string.h>

/* ---- attributes ---- */

static mho_status softmax(mho_i_onnx_call *c) {
    const mho_graph_tensor *x;
    mho_status status = mho_i_onnx_in_tensor(c, 0, &x);
    int64_t axis = c->o->opset < 13 ? 1 : -1;
    size_t at = 0;
    if (status == MHO_OK) {
        status = mho_i_onnx_attr_int(c, "axis", INT32_MIN, INT32_MAX, &axis);
    }
    if (status == MHO_OK) {
        c->attr.flat = c->o->opset < 13;
        status = mho_i_onnx_axis(c, axis, x->n_dim, c->attr.flat, &at);
    }
    c->attr.axis = (int)at;
    return status;
}

static mho_status batchnorm(mho_i_onnx_call *c) {
    int64_t spatial = 1, training = 0;
    mho_i_onnx_attr_ignore(c, "momentum");
    mho_status status = mho_i_onnx_attr_float(c, "epsilon", &c->attr.epsilon);
    if (status == MHO_OK) {
        status = mho_i_onnx_attr_int(c, "spatial", 0, 1, &spatial);
    }
    if (status == MHO_OK) {
        status = mho_i_onnx_attr_int(c, "training_mode", 0, 1, &training);
    }
    if (status == MHO_OK && (training || !spatial)) {
        status = mho_i_onnx_call_fail(c, training ? "training_mode = 1: export the network for "
                                                    "inference"
                                                  : "spatial = 0 is not supported");
    }
    return status;
}

static mho_status clip(mho_i_onnx_call *c) {
    mho_status status = MHO_OK;
    if (c->o->opset < 11) {
        status = mho_i_onnx_attr_float(c, "min", &c->attr.lo);
        return status < 0 ? status : mho_i_onnx_attr_float(c, "max", &c->attr.hi);
    }
    status = mho_i_onnx_in_number(c, 1, "min", &c->attr.lo);
    return status < 0 ? status : mho_i_onnx_in_number(c, 2, "max", &c->attr.hi);
}

static mho_status dropout(mho_i_onnx_call *c) {
    const mho_i_onnx_value *mode;
    mho_status status = MHO_OK;
    mho_i_onnx_attr_ignore(c, "ratio");
    mho_i_onnx_attr_ignore(c, "seed");
    if (mho_i_onnx_has(c, 2)) {
        status = mho_i_onnx_in_ints(c, 2, "training_mode", &mode);
        if (status == MHO_OK && (mode->size != 1 || mode->ints[0])) {
            status = mho_i_onnx_call_fail(c, "training_mode is on: export the network for "
                                             "inference");
        }
    }
    return status;
}

static mho_status gemm(mho_i_onnx_call *c) {
    mho_status status = mho_i_onnx_attr_float(c, "alpha", &c->attr.alpha);
    if (status == MHO_OK) {
        status = mho_i_onnx_attr_float(c, "beta", &c->attr.beta);
    }
    if (status == MHO_OK) {
        status = mho_i_onnx_attr_bool(c, "transA", &c->attr.trans_a);
    }
    return status < 0 ? status : mho_i_onnx_attr_bool(c, "transB", &c->attr.trans_b);
}

static mho_status alpha_beta(mho_i_onnx_call *c) {
    c->attr.alpha = c->op == MHO_OP_LEAKY_RELU ? 0.01F : c->op == MHO_OP_HARD_SIGMOID ? 0.2F : 1;
    c->attr.beta = 0.5F;
    mho_status status = mho_i_onnx_attr_float(c, "alpha", &c->attr.alpha);
    return status < 0 || c->op != MHO_OP_HARD_SIGMOID
               ? status
               : mho_i_onnx_attr_float(c, "beta", &c->attr.beta);
}

/* Type and range of the integers; per axis if there are several scales. */
static mho_status quantise(mho_i_onnx_call *c) {
    const mho_graph_tensor *x, *scale;
    int64_t axis = 1, block = 0, type = 0;
    mho_status status = mho_i_onnx_in_tensor(c, 0, &x);
    if (status < 0) {
        return status;
    }
    size_t n_dim = x->n_dim; /* the next tensor may move this one */
    status = mho_i_onnx_in_tensor(c, 1, &scale);
    bool many = status == MHO_OK && scale->size > 1;
    mho_i_onnx_attr_ignore(c, "saturate");
    if (status == MHO_OK) {
        status = mho_i_onnx_attr_int(c, "axis", INT32_MIN, INT32_MAX, &axis);
    }
    if (status == MHO_OK) {
        status = mho_i_onnx_attr_int(c, "block_size", 0, 0, &block);
    }
    if (status == MHO_OK) {
        status = mho_i_onnx_attr_int(c, "output_dtype", 0, 64, &type);
    }
    const mho_i_onnx_value *zero = mho_i_onnx_in(c, 2);
    if (status < 0) {
        return status;
    }
    c->attr.axis = -1;
    size_t at = 0;
    if (many && (status = mho_i_onnx_axis(c, axis, n_dim, 0, &at)) == MHO_OK) {
        c->attr.axis = (int)at;
    }
    c->type = c->op == MHO_OP_DEQUANTIZE ? MHO_ONNX_FLOAT
              : zero                     ? zero->type
              : type                     ? (int)type
                                         : MHO_ONNX_UINT8;
    bool is_signed = c->type == MHO_ONNX_INT8 || c->type == MHO_ONNX_INT16;
    float span = c->type == MHO_ONNX_INT8 || c->type == MHO_ONNX_UINT8 ? 256 : 65536;
    c->attr.q_lo = is_signed ? -span / 2 : 0;
    c->attr.q_hi = c->attr.q_lo + span - 1;
    if (status == MHO_OK && c->op == MHO_OP_QUANTIZE &&
        (c->type < MHO_ONNX_UINT8 || c->type > MHO_ONNX_INT16)) {
        status = mho_i_onnx_call_fail(c, "to %s: integers of 8 and 16 bits are supported",
                                      mho_i_onnx_type_name(c->type));
    }
    return status;
}

/* ---- which inputs and attributes ---- */

/* Inputs after the first became attributes. */
static bool takes_one(mho_graph_op op) {
    switch (op) {
    case MHO_OP_CLIP:
    case MHO_OP_RESHAPE:
    case MHO_OP_SQUEEZE:
    case MHO_OP_UNSQUEEZE:
    case MHO_OP_PAD:
    case MHO_OP_SLICE:
    case MHO_OP_REDUCE_MEAN:
    case MHO_OP_DROPOUT:
        return true;
    default:
        return false;
    }
}

static mho_status attributes(mho_i_onnx_call *c) {
    switch (c->op) {
    case MHO_OP_CONV:
        return mho_i_onnx_conv(c);
    case MHO_OP_MAX_POOL:
    case MHO_OP_AVERAGE_POOL:
        return mho_i_onnx_pooling(c);
    case MHO_OP_GEMM:
        return gemm(c);
    case MHO_OP_BATCHNORM:
        return batchnorm(c);
    case MHO_OP_LEAKY_RELU:
    case MHO_OP_ELU:
    case MHO_OP_HARD_SIGMOID:
        return alpha_beta(c);
    case MHO_OP_CLIP:
        return clip(c);
    case MHO_OP_SOFTMAX:
    case MHO_OP_LOG_SOFTMAX:
        return softmax(c);
    case MHO_OP_DROPOUT:
        return dropout(c);
    case MHO_OP_QUANTIZE:
    case MHO_OP_DEQUANTIZE:
        return quantise(c);
    case MHO_OP_REDUCE_MEAN:
    case MHO_OP_FLATTEN:
    case MHO_OP_RESHAPE:
    case MHO_OP_SQUEEZE:
    case MHO_OP_UNSQUEEZE:
    case MHO_OP_TRANSPOSE:
    case MHO_OP_CONCAT:
    case MHO_OP_PAD:
    case MHO_OP_SLICE:
        return mho_i_onnx_move(c);
    default:
        return MHO_OK;
    }
}

/* mho computes with floats. Integers come as weights and between Quantize and Dequantize. */
static mho_status check_types(mho_i_onnx_call *c) {
    const mho_i_onnx_value *first = mho_i_onnx_in(c, 0);
    bool moves = mho_graph_op_get(c->op).role == MHO_ROLE_SHAPE || c->op == MHO_OP_MAX_POOL;
    if (moves && !first) {
        return mho_i_onnx_call_fail(c, "input 0 is absent");
    }
    for (size_t k = 0; k < c->n_input; k++) {
        const mho_i_onnx_value *v = mho_i_onnx_in(c, k);
        bool whole = c->op == MHO_OP_DEQUANTIZE ? k != 1 : c->op == MHO_OP_QUANTIZE && k == 2;
        bool fits = !v || (moves   ? v->type == first->type
                           : whole ? mho_i_onnx_is_int(v->type)
                                   : mho_i_onnx_is_float(v->type));
        if (!fits) {
            char name[80];
            return mho_i_onnx_call_fail(c, "input %zu (\"%s\") is of %s: %s is wanted", k,
                                        mho_i_onnx_clean(c->node->input[k], name),
                                        mho_i_onnx_type_name(v->type),
                                        moves   ? "one type for all inputs"
                                        : whole ? "an integer type"
                                                : "a floating-point type");
        }
    }
    if (mho_graph_op_get(c->op).role != MHO_ROLE_QUANTISE) {
        c->type = moves ? first->type : MHO_ONNX_FLOAT;
    }
    return MHO_OK;
}

static mho_status bind_inputs(mho_i_onnx_call *c) {
    mho_status status = MHO_OK;
    for (size_t k = 0; k < c->n_input && status == MHO_OK; k++) {
        const mho_graph_tensor *t;
        c->input[k] = -1;
        if (mho_i_onnx_has(c, k)) {
            status = mho_i_onnx_in_tensor(c, k, &t);
            c->input[k] = t ? (int)(t - c->o->g->tensor) : -1;
        }
    }
    while (status == MHO_OK && c->n_input && c->input[c->n_input - 1] < 0) {
        c->n_input--;
    }
    return status;
}

/* Between types of floating point: all of them are float32 here. */
static bool is_float_cast(mho_i_onnx_call *c) {
    const MhoOnnx__Attribute *to = mho_i_onnx_attr(c, "to");
    mho_i_onnx_attr_ignore(c, "saturate");
    return to && mho_i_onnx_is_float(to->i >= 0 && to->i < 64 ? (int)to->i : 0);
}

static mho_status find_op(mho_i_onnx_call *c) {
    const char *domain = c->node->domain ? c->node->domain : "";
    bool standard = !*domain || strcmp(domain, "ai.onnx") == 0;
    if (standard && strcmp(c->node->op_type, "Cast") == 0) {
        c->op = MHO_OP_IDENTITY;
        return is_float_cast(c) ? MHO_OK
                                : mho_i_onnx_call_fail(c, "numbers that are not constant stay of "
                                                          "floating point");
    }
    for (int op = 0; op < MHO_GRAPH_N_OP && standard; op++) {
        if (strcmp(mho_graph_op_get((mho_graph_op)op).name, c->node->op_type) == 0) {
            c->op = (mho_graph_op)op;
            return MHO_OK;
        }
    }
    char name[80], from[80];
    mho_i_onnx_clean(c->node->op_type, name);
    mho_i_onnx_clean(domain, from);
    return mho_i_onnx_call_fail(c,
                                "the operator %s%s%s is not supported (mho net --operators lists "
                                "those that are): replace it before the export, or end the network "
                                "before it",
                                name, standard ? "" : " of ", standard ? "" : from);
}

mho_status mho_i_onnx_node(mho_i_onnx_call *c) {
    mho_status status = find_op(c);
    if (status < 0) {
        return status;
    }
    c->attr = mho_graph_attr_default();
    c->n_input = takes_one(c->op) && c->node->n_input ? 1 : c->node->n_input;
    if ((status = attributes(c)) < 0 || (status = mho_i_onnx_attr_all_known(c)) < 0 ||
        (status = check_types(c)) < 0) {
        return status;
    }
    return bind_inputs(c);
}
