/* build.c - the walk over a graph: node by node, the output, full scales that must be one. */
#include "build_int.h"

#include <math.h>
#include <string.h>

/* Does nothing that a winner would notice: softmax whose result is the network's output. */
static bool is_last_softmax(const mho_i_builder *b, const mho_graph_node *node) {
    return (node->op == MHO_OP_SOFTMAX || node->op == MHO_OP_LOG_SOFTMAX) &&
           node->output == mho_graph_output(b->g, 0);
}

static mho_status map_node(mho_i_builder *b, size_t k) {
    const mho_graph_node *node = mho_graph_node_at(b->g, k);
    if (b->value[node->output] != SIZE_MAX) {
        return MHO_OK; /* a rectifier that was moved before its pool */
    }
    switch (mho_graph_op_get(node->op).role) {
    case MHO_ROLE_MATRIX:
        return mho_i_build_map_matrix(b, k, node);
    case MHO_ROLE_ACTIVATION:
        return mho_i_build_map_activation(b, node);
    case MHO_ROLE_POOL:
        return mho_i_build_map_pool(b, node);
    case MHO_ROLE_SHAPE:
        return mho_i_build_map_shape(b, k, node);
    case MHO_ROLE_QUANTISE:
        mho_i_build_alias(b, node->input[0],
                          node->output); /* the chip has quantisation of its own */
        return MHO_OK;
    default:
        if (is_last_softmax(b, node)) {
            mho_i_build_alias(b, node->input[0], node->output);
            return MHO_OK;
        }
        if (node->op == MHO_OP_SOFTMAX || node->op == MHO_OP_LOG_SOFTMAX) {
            return mho_i_build_refuse(b, node,
                                      "only at the end of a network it can be left to software");
        }
        return mho_i_build_map_arithmetic(b, node);
    }
}

static mho_status map_output(mho_i_builder *b) {
    int out = mho_graph_output(b->g, 0);
    mho_status status = MHO_OK;
    if (b->sum[out].term) {
        /* the tensor whose sum it is, before shapes and softmax were taken off */
        status = mho_i_build_end_sum(b, out, MHO_OP_IDENTITY, NULL, true, &b->value[out]);
    }
    if (status == MHO_OK && b->value[out] == SIZE_MAX) {
        status = mho_i_fail(b->ctx, MHO_ERR_ARG, "output %s depends on no layer",
                            mho_i_build_tensor_of(b, out)->name);
    }
    if (status == MHO_OK) {
        b->chip->output = b->value[out];
        b->m->uniform[b->chip->output] = true; /* a winner compares them */
    }
    return status;
}

/* Channels that a wire mixes need one full scale; so does what it reads, and what that is made of.
 */
static void settle_ties(mho_i_builder *b) {
    mho_chip *chip = b->chip;
    for (size_t k = chip->n_stage; k-- > 0;) {
        const mho_i_stage *stage = &chip->stage[k];
        if (stage->op == MHO_I_COMPUTE) {
            continue;
        }
        const mho_i_value *out = &chip->value[stage->out];
        bool mixed = b->m->uniform[stage->out] && stage->op == MHO_I_WIRE;
        size_t map = out->h * out->w;
        for (size_t c = 0; stage->op == MHO_I_WIRE && c < out->c && !mixed; c++) {
            int64_t first = -1;
            for (size_t e = c * map; e < (c + 1) * map && !mixed; e++) {
                size_t at = (size_t)stage->from[e], j = 0, base = 0;
                if (stage->from[e] < 0) {
                    continue;
                }
                const mho_i_value *in = &chip->value[stage->source[0]];
                while (at >= in->c * in->h * in->w) {
                    at -= in->c * in->h * in->w;
                    base += in->c;
                    in = &chip->value[stage->source[++j]];
                }
                int64_t channel = (int64_t)(base + at / (in->h * in->w));
                mixed = first >= 0 && channel != first;
                first = channel;
            }
        }
        bool whole = mixed || b->m->uniform[stage->out];
        for (size_t j = 0; whole && j < stage->n_source; j++) {
            mho_i_build_tie(b->m, stage->source[j], stage->out);
        }
    }
}

static mho_status walk(mho_i_builder *b) {
    size_t in[3];
    int input = mho_graph_input(b->g, 0);
    if (!mho_i_build_geometry(mho_i_build_tensor_of(b, input), in)) {
        return mho_i_fail(b->ctx, MHO_ERR_ARG,
                          "the network takes %zu samples at a time: export it with a batch of 1",
                          mho_i_build_tensor_of(b, input)->shape[0]);
    }
    b->value[input] = mho_i_build_new_value(b, in[0], in[1], in[2]);
    b->chip->value[0].dac = true;
    b->m->uniform[0] = true;
    mho_status status = MHO_OK;
    for (size_t k = 0; status == MHO_OK && k < mho_graph_n_node(b->g); k++) {
        status = map_node(b, k);
    }
    if (status == MHO_OK) {
        status = map_output(b);
    }
    if (status == MHO_OK) {
        settle_ties(b);
    }
    return status;
}

void mho_i_build_free_terms(mho_ctx *ctx, size_t n, mho_i_term *term) {
    for (size_t k = 0; term && k < n; k++) {
        mho_i_free(ctx, term[k].gain);
        mho_i_free(ctx, term[k].bias);
    }
    mho_i_free(ctx, term);
}

mho_status mho_i_build_stages(mho_chip *chip, mho_i_mapping *m) {
    mho_ctx *ctx = chip->ctx;
    size_t n = mho_graph_n_tensor(m->graph);
    mho_i_builder b = {.ctx = ctx, .chip = chip, .m = m, .g = m->graph};
    b.value = mho_i_alloc(ctx, n, sizeof *b.value);
    b.sum = mho_i_alloc(ctx, n, sizeof *b.sum);
    mho_status status = b.value && b.sum ? MHO_OK : MHO_ERR_NOMEM;
    for (size_t t = 0; b.value && t < n; t++) {
        b.value[t] = SIZE_MAX;
    }
    chip->n_stage = chip->n_value = 0;
    if (status == MHO_OK) {
        status = walk(&b);
    }
    for (size_t t = 0; b.sum && t < n; t++) {
        mho_i_build_free_terms(ctx, b.sum[t].n_term, b.sum[t].term);
    }
    mho_i_free(ctx, b.sum);
    mho_i_free(ctx, b.value);
    return status;
}
