/* build_move.c - pools, wires, and shapes that only rename. */
#include "build_int.h"

#include <math.h>
#include <string.h>

/* The largest of a window commutes with the rectifier: Conv, MaxPool, Relu becomes Conv, Relu,
 * MaxPool. The only reader of the pool, if that is a rectifier; else -1. */
static int rectifier_after(const mho_i_builder *b, const mho_graph_node *pool) {
    if (mho_graph_n_reader(b->g, pool->output) != 1 ||
        mho_graph_n_reader(b->g, pool->input[0]) != 1) {
        return -1;
    }
    for (size_t k = 0; k < mho_graph_n_node(b->g); k++) {
        const mho_graph_node *node = mho_graph_node_at(b->g, k);
        if (node->op == MHO_OP_RELU && node->input[0] == pool->output) {
            return (int)k;
        }
    }
    return -1;
}

mho_status mho_i_build_map_pool(mho_i_builder *b, const mho_graph_node *node) {
    bool largest = node->op == MHO_OP_MAX_POOL || node->op == MHO_OP_GLOBAL_MAX_POOL;
    bool global = node->op == MHO_OP_GLOBAL_AVERAGE_POOL || node->op == MHO_OP_GLOBAL_MAX_POOL;
    size_t in[3], out[3], value;
    int x = node->input[0];
    if (node->op == MHO_OP_REDUCE_MEAN) {
        return mho_i_build_refuse(b, node, "a mean over other dimensions than rows and columns");
    }
    if (!mho_i_build_geometry(mho_i_build_tensor_of(b, x), in) ||
        !mho_i_build_geometry(mho_i_build_tensor_of(b, node->output), out)) {
        return mho_i_build_refuse(b, node,
                                  "its batch is not 1: export the network with a batch of 1");
    }
    int relu = largest && b->sum[x].term ? rectifier_after(b, node) : -1;
    mho_status status =
        relu >= 0 ? mho_i_build_end_sum(b, x, MHO_OP_RELU, NULL, false, &b->value[x]) : MHO_OK;
    if (status == MHO_OK) {
        status = mho_i_build_stored(b, x, &value);
    }
    if (status < 0) {
        return status;
    }
    mho_chip *chip = b->chip;
    mho_i_stage *stage = &chip->stage[chip->n_stage];
    mho_i_origin *o = &b->m->origin[chip->n_stage++];
    *stage = (mho_i_stage){.op = largest ? MHO_I_MAX : MHO_I_AVERAGE,
                           .shape = mho_i_build_conv_shape(node, in, out),
                           .count_pad = node->attr.count_include_pad};
    if (global) {
        stage->shape = mho_i_build_place_shape(in[0], out);
        stage->shape.in_h = stage->shape.k_h = in[1];
        stage->shape.in_w = stage->shape.k_w = in[2];
    }
    stage->source = mho_i_alloc(b->ctx, 1, sizeof *stage->source);
    if (!stage->source) {
        return MHO_ERR_NOMEM;
    }
    stage->n_source = 1;
    stage->source[0] = value;
    mho_i_build_read_as(b, value, in[1], in[2]);
    stage->out = b->value[node->output] = mho_i_build_new_value(b, out[0], out[1], out[2]);
    chip->value[stage->out].dac = chip->value[value].dac;
    if (relu >= 0) {
        b->value[mho_graph_node_at(b->g, (size_t)relu)->output] = stage->out;
    }
    *o = (mho_i_origin){.pre = -1};
    snprintf(o->name, sizeof o->name, "%.40s", node->name);
    snprintf(o->work, sizeof o->work, "%s %zux%zu", largest ? "largest of" : "average",
             stage->shape.k_h, stage->shape.k_w);
    return MHO_OK;
}

/* Which numbers a node of wires takes: it is run on the numbers of its elements, from 1. */
static mho_status trace_wires(mho_i_builder *b, size_t k, const mho_graph_node *node,
                              mho_i_stage *stage) {
    size_t n_out = mho_i_build_tensor_of(b, node->output)->size, n = 0, n_all = 0;
    for (size_t j = 0; j < node->n_input; j++) {
        n_all += node->input[j] >= 0 ? mho_i_build_tensor_of(b, node->input[j])->size : 0;
    }
    if (n_all >= (size_t)1 << 24) { /* a float counts no further */
        return mho_i_build_refuse(b, node, "it moves more than 16 million numbers");
    }
    float *out = mho_i_alloc(b->ctx, n_out, sizeof *out);
    float **in = mho_i_alloc(b->ctx, node->n_input, sizeof *in);
    stage->from = mho_i_alloc(b->ctx, n_out, sizeof *stage->from);
    mho_status status = out && in && stage->from ? MHO_OK : MHO_ERR_NOMEM;
    for (size_t j = 0; status == MHO_OK && j < node->n_input; j++) {
        if (node->input[j] < 0 || mho_i_build_tensor_of(b, node->input[j])->data) {
            continue;
        }
        size_t size = mho_i_build_tensor_of(b, node->input[j])->size;
        in[j] = mho_i_alloc(b->ctx, size, sizeof **in);
        status = in[j] ? MHO_OK : MHO_ERR_NOMEM;
        for (size_t e = 0; in[j] && e < size; e++) {
            in[j][e] = (float)(++n);
        }
    }
    if (status == MHO_OK) {
        status = mho_graph_run_node(b->ctx, b->g, k, (const float *const *)in, out);
    }
    for (size_t e = 0; status == MHO_OK && e < n_out; e++) {
        stage->from[e] = (int32_t)lrintf(out[e]) - 1;
    }
    for (size_t j = 0; in && j < node->n_input; j++) {
        mho_i_free(b->ctx, in[j]);
    }
    mho_i_free(b->ctx, in);
    mho_i_free(b->ctx, out);
    return status;
}

static mho_status map_wires(mho_i_builder *b, size_t k, const mho_graph_node *node) {
    mho_chip *chip = b->chip;
    size_t out[3], value[64], n = 0;
    if (!mho_i_build_geometry(mho_i_build_tensor_of(b, node->output), out)) {
        return mho_i_build_refuse(b, node,
                                  "its batch is not 1: export the network with a batch of 1");
    }
    if (node->op == MHO_OP_PAD && node->attr.pad_mode == MHO_PAD_CONSTANT &&
        node->attr.pad_value != 0) {
        return mho_i_build_refuse(b, node, "padding with another number than 0");
    }
    bool dac = true;
    for (size_t j = 0; j < node->n_input; j++) {
        if (node->input[j] < 0 || (node->op != MHO_OP_CONCAT && j > 0)) {
            continue;
        }
        if (mho_i_build_tensor_of(b, node->input[j])->data || n == 64) {
            return mho_i_build_refuse(b, node, "it joins constants, or more than 64 activations");
        }
        mho_status status = mho_i_build_stored(b, node->input[j], &value[n]);
        if (status < 0) {
            return status;
        }
        dac = dac && chip->value[value[n]].dac;
        n++;
    }
    mho_i_stage *stage = &chip->stage[chip->n_stage];
    mho_i_origin *o = &b->m->origin[chip->n_stage++];
    *stage = (mho_i_stage){.op = MHO_I_WIRE, .shape = mho_i_build_place_shape(out[0], out)};
    *o = (mho_i_origin){.pre = -1};
    snprintf(o->name, sizeof o->name, "%.40s", node->name);
    snprintf(o->work, sizeof o->work, "%s", mho_graph_op_get(node->op).name);
    stage->source = mho_i_alloc(b->ctx, n, sizeof *stage->source);
    if (!stage->source) {
        return MHO_ERR_NOMEM;
    }
    stage->n_source = n;
    memcpy(stage->source, value, n * sizeof *value);
    stage->out = b->value[node->output] = mho_i_build_new_value(b, out[0], out[1], out[2]);
    chip->value[stage->out].dac = dac;
    return trace_wires(b, k, node, stage);
}

/* The same numbers under another shape. */
void mho_i_build_alias(mho_i_builder *b, int from, int to) {
    if (b->value[from] != SIZE_MAX) {
        b->value[to] = b->value[from];
    } else if (mho_graph_n_reader(b->g, from) == 1) {
        b->sum[to] = b->sum[from];
        b->sum[from] = (mho_i_sum){0};
    }
}

mho_status mho_i_build_map_shape(mho_i_builder *b, size_t k, const mho_graph_node *node) {
    size_t ignore;
    switch (node->op) {
    case MHO_OP_FLATTEN:
    case MHO_OP_RESHAPE:
    case MHO_OP_SQUEEZE:
    case MHO_OP_UNSQUEEZE:
    case MHO_OP_IDENTITY:
    case MHO_OP_DROPOUT:
        if (mho_graph_n_reader(b->g, node->input[0]) > 1) {
            mho_status status = mho_i_build_stored(b, node->input[0], &ignore);
            if (status < 0) {
                return status;
            }
        }
        mho_i_build_alias(b, node->input[0], node->output);
        return MHO_OK;
    default:
        return map_wires(b, k, node);
    }
}
