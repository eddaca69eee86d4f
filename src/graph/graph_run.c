/* graph_run.c - the exact pass: every thread takes one sample at a time through all nodes.
 *
 * Tensors live in slots of one arena a thread, and a slot is used again when the last reader of its
 * tensor is done. The plan is made once; it does not depend on the number of threads. */
#include "graph_int.h"

#include <omp.h>
#include <string.h>

void mho_i_graph_kernel(const mho_i_job *j) {
    switch (j->node->op) {
    case MHO_OP_CONV:
        mho_i_run_conv(j);
        break;
    case MHO_OP_GEMM:
        mho_i_run_gemm(j);
        break;
    case MHO_OP_MATMUL:
        mho_i_run_matmul(j);
        break;
    case MHO_OP_BATCHNORM:
        mho_i_run_batchnorm(j);
        break;
    case MHO_OP_ADD:
    case MHO_OP_SUB:
    case MHO_OP_MUL:
    case MHO_OP_DIV:
        mho_i_run_binary(j);
        break;
    case MHO_OP_SOFTMAX:
    case MHO_OP_LOG_SOFTMAX:
        mho_i_run_softmax(j);
        break;
    case MHO_OP_MAX_POOL:
        mho_i_run_max_pool(j);
        break;
    case MHO_OP_AVERAGE_POOL:
        mho_i_run_average_pool(j);
        break;
    case MHO_OP_GLOBAL_AVERAGE_POOL:
    case MHO_OP_GLOBAL_MAX_POOL:
        mho_i_run_global_pool(j);
        break;
    case MHO_OP_REDUCE_MEAN:
        mho_i_run_reduce_mean(j);
        break;
    case MHO_OP_TRANSPOSE:
        mho_i_run_transpose(j);
        break;
    case MHO_OP_CONCAT:
        mho_i_run_concat(j);
        break;
    case MHO_OP_PAD:
        mho_i_run_pad(j);
        break;
    case MHO_OP_SLICE:
        mho_i_run_slice(j);
        break;
    case MHO_OP_QUANTIZE:
    case MHO_OP_DEQUANTIZE:
        mho_i_run_quantize(j);
        break;
    case MHO_OP_FLATTEN:
    case MHO_OP_RESHAPE:
    case MHO_OP_SQUEEZE:
    case MHO_OP_UNSQUEEZE:
    case MHO_OP_IDENTITY:
    case MHO_OP_DROPOUT:
        mho_i_run_copy(j);
        break;
    default:
        mho_i_run_activation(j);
    }
}

/* ---- plan ---- */

typedef struct slot {
    size_t size; /* largest tensor that it holds */
    size_t at;   /* first float in the arena */
    int free_at; /* node after which it is free; -1: free */
} slot;

typedef struct plan {
    const mho_graph *g;
    size_t n_slot, n_arena, n_scratch, most_input;
    slot *slots;    /* [n_node] */
    int *slot_of;   /* [n_tensor], -1: not computed */
    size_t *last;   /* [n_tensor] last node that reads it; n_node: it is wanted at the end */
    bool *live;     /* [n_node] whether a wanted tensor needs it */
    size_t *offset; /* [n_tensor] in the arena */
} plan;

static void plan_done(mho_ctx *ctx, plan *p) {
    mho_i_free(ctx, p->slots);
    mho_i_free(ctx, p->slot_of);
    mho_i_free(ctx, p->last);
    mho_i_free(ctx, p->live);
    mho_i_free(ctx, p->offset);
}

/* Nodes that the wanted tensors need, and the last use of each tensor. */
static void find_life(plan *p, size_t n_want, const int *want) {
    const mho_graph *g = p->g;
    for (size_t k = 0; k < n_want; k++) {
        p->last[want[k]] = g->n_node;
        if (g->tensor[want[k]].producer >= 0) {
            p->live[g->tensor[want[k]].producer] = true;
        }
    }
    for (size_t k = g->n_node; k-- > 0;) {
        const mho_graph_node *node = &g->node[k];
        for (size_t i = 0; p->live[k] && i < node->n_input; i++) {
            int t = node->input[i];
            if (t >= 0 && g->tensor[t].producer >= 0) {
                p->live[g->tensor[t].producer] = true;
                p->last[t] = p->last[t] ? p->last[t] : k;
            }
        }
    }
}

/* The free slot that wastes least, or else the largest free one, which grows, or a new one. */
static size_t choose_slot(plan *p, size_t size) {
    size_t best = p->n_slot;
    for (size_t s = 0; s < p->n_slot; s++) {
        if (p->slots[s].free_at >= 0) {
            continue;
        }
        size_t have = p->slots[s].size, had = best < p->n_slot ? p->slots[best].size : 0;
        bool better = best == p->n_slot ||
                      (have >= size ? had < size || have < had : had < size && have > had);
        best = better ? s : best;
    }
    if (best == p->n_slot) {
        p->slots[p->n_slot++] = (slot){0, 0, -1};
    }
    if (p->slots[best].size < size) {
        p->slots[best].size = size;
    }
    return best;
}

static void give_slots(plan *p) {
    const mho_graph *g = p->g;
    for (size_t t = 0; t < g->n_tensor; t++) {
        p->slot_of[t] = -1;
    }
    for (size_t k = 0; k < g->n_node; k++) {
        if (!p->live[k]) {
            continue;
        }
        int out = g->node[k].output;
        size_t s = choose_slot(p, (g->tensor[out].size + 15) / 16 * 16);
        p->slots[s].free_at = (int)p->last[out];
        p->slot_of[out] = (int)s;
        for (size_t i = 0; i < p->n_slot; i++) {
            if (p->slots[i].free_at == (int)k) {
                p->slots[i].free_at = -1;
            }
        }
        size_t scratch = mho_i_graph_scratch(g, &g->node[k]);
        p->n_scratch = scratch > p->n_scratch ? scratch : p->n_scratch;
        p->most_input = g->node[k].n_input > p->most_input ? g->node[k].n_input : p->most_input;
    }
    for (size_t s = 0; s < p->n_slot; s++) {
        p->slots[s].at = p->n_arena;
        p->n_arena += p->slots[s].size;
    }
    for (size_t t = 0; t < g->n_tensor; t++) {
        p->offset[t] = p->slot_of[t] >= 0 ? p->slots[p->slot_of[t]].at : 0;
    }
}

static mho_status plan_init(mho_ctx *ctx, const mho_graph *g, size_t n_want, const int *want,
                            plan *p) {
    *p = (plan){.g = g};
    p->slots = mho_i_alloc(ctx, g->n_node, sizeof *p->slots);
    p->slot_of = p->slots ? mho_i_alloc(ctx, g->n_tensor, sizeof *p->slot_of) : NULL;
    p->last = p->slot_of ? mho_i_alloc(ctx, g->n_tensor, sizeof *p->last) : NULL;
    p->live = p->last ? mho_i_alloc(ctx, g->n_node, sizeof *p->live) : NULL;
    p->offset = p->live ? mho_i_alloc(ctx, g->n_tensor, sizeof *p->offset) : NULL;
    if (!p->offset) {
        plan_done(ctx, p);
        return MHO_ERR_NOMEM;
    }
    find_life(p, n_want, want);
    give_slots(p);
    return MHO_OK;
}

/* ---- one sample ---- */

typedef struct sweep {
    const plan *p;
    const float *const *inputs;
    size_t n_want;
    const int *want;
    float *const *outputs;
    float *arena;        /* [n_thread][n_arena + n_scratch] */
    const float **bound; /* [n_thread][most_input] */
} sweep;

/* Where a tensor stands for sample run. */
static const float *data_of(const sweep *s, int t, size_t run, const float *arena) {
    const mho_graph *g = s->p->g;
    if (g->tensor[t].data) {
        return g->tensor[t].data;
    }
    for (size_t k = 0; g->tensor[t].producer < 0 && k < g->n_input; k++) {
        if (g->input[k] == t) {
            return s->inputs[k] + run * g->tensor[t].size;
        }
    }
    return arena + s->p->offset[t];
}

static void run_sample(const sweep *s, size_t run, float *arena, const float **bound) {
    const mho_graph *g = s->p->g;
    for (size_t k = 0; k < g->n_node; k++) {
        const mho_graph_node *node = &g->node[k];
        if (!s->p->live[k]) {
            continue;
        }
        for (size_t i = 0; i < node->n_input; i++) {
            bound[i] = node->input[i] < 0 ? NULL : data_of(s, node->input[i], run, arena);
        }
        mho_i_job j = {g, node, bound, arena + s->p->offset[node->output], arena + s->p->n_arena};
        mho_i_graph_kernel(&j);
    }
    for (size_t k = 0; k < s->n_want; k++) {
        size_t n = g->tensor[s->want[k]].size;
        memcpy(s->outputs[k] + run * n, data_of(s, s->want[k], run, arena),
               n * sizeof *s->outputs[k]);
    }
}

/* ---- all samples ---- */

static mho_status check_run(mho_ctx *ctx, const mho_graph *g, const float *const *inputs,
                            size_t n_want, const int *want, float *const *outputs) {
    for (size_t k = 0; k < g->n_input; k++) {
        if (!inputs || !inputs[k]) {
            return mho_i_fail(ctx, MHO_ERR_ARG, "input %zu (%s) is missing", k,
                              g->tensor[g->input[k]].name);
        }
    }
    for (size_t k = 0; k < n_want; k++) {
        if (want[k] < 0 || (size_t)want[k] >= g->n_tensor || !outputs[k]) {
            return mho_i_fail(ctx, MHO_ERR_ARG, "wanted tensor %d: the graph has %zu", want[k],
                              g->n_tensor);
        }
    }
    return MHO_OK;
}

/* In blocks, so that progress is told and a stop is heard. */
static mho_status run_blocks(mho_ctx *ctx, const sweep *s, size_t n_run, int n_thread) {
    const plan *p = s->p;
    size_t block = 16 * (size_t)n_thread;
    for (size_t from = 0; from < n_run; from += block) {
        mho_status status = mho_i_progress(ctx, "exact pass", (double)from / (double)n_run);
        if (status < 0) {
            return status;
        }
        size_t to = n_run - from < block ? n_run : from + block;
#pragma omp parallel for schedule(dynamic, 1) num_threads(n_thread)
        for (size_t run = from; run < to; run++) {
            size_t me = (size_t)omp_get_thread_num();
            run_sample(s, run, s->arena + me * (p->n_arena + p->n_scratch),
                       s->bound + me * p->most_input);
        }
    }
    return MHO_OK;
}

mho_status mho_graph_run_all(mho_ctx *ctx, const mho_graph *g, size_t n_run,
                             const float *const *inputs, size_t n_want, const int *want,
                             float *const *outputs) {
    mho_status status = check_run(ctx, g, inputs, n_want, want, outputs);
    plan p;
    if (status == MHO_OK) {
        status = plan_init(ctx, g, n_want, want, &p);
    }
    if (status < 0) {
        return status;
    }
    size_t n_thread = (size_t)mho_ctx_threads(ctx);
    n_thread = n_run < n_thread ? (n_run ? n_run : 1) : n_thread;
    sweep s = {&p, inputs, n_want, want, outputs, NULL, NULL};
    s.arena = mho_i_alloc(ctx, p.n_arena + p.n_scratch, n_thread * sizeof *s.arena);
    s.bound = s.arena ? mho_i_alloc(ctx, p.most_input, n_thread * sizeof *s.bound) : NULL;
    status = s.bound ? run_blocks(ctx, &s, n_run, (int)n_thread) : MHO_ERR_NOMEM;
    mho_i_free(ctx, s.arena);
    mho_i_free(ctx, s.bound);
    plan_done(ctx, &p);
    return status;
}

mho_status mho_graph_run(mho_ctx *ctx, const mho_graph *g, size_t n_run, const float *input,
                         float *output) {
    if (g->n_input != 1 || g->n_output < 1) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "the graph has %zu inputs and %zu outputs: one input and an output are "
                          "wanted, or mho_graph_run_all",
                          g->n_input, g->n_output);
    }
    return mho_graph_run_all(ctx, g, n_run, &input, 1, g->output, &output);
}

mho_status mho_graph_run_node(mho_ctx *ctx, const mho_graph *g, size_t k,
                              const float *const *inputs, float *output) {
    const mho_graph_node *node = mho_graph_node_at(g, k);
    if (!node) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "node %zu: the graph has %zu", k, g->n_node);
    }
    const float **in = mho_i_alloc(ctx, node->n_input, sizeof *in);
    float *scratch = in ? mho_i_alloc(ctx, mho_i_graph_scratch(g, node), sizeof *scratch) : NULL;
    mho_status status = scratch ? MHO_OK : MHO_ERR_NOMEM;
    for (size_t i = 0; i < node->n_input && status == MHO_OK; i++) {
        int t = node->input[i];
        in[i] = t < 0 ? NULL : g->tensor[t].data ? g->tensor[t].data : inputs ? inputs[i] : NULL;
        if (t >= 0 && !in[i]) {
            status = mho_i_fail(ctx, MHO_ERR_ARG, "node %s: input %zu is missing", node->name, i);
        }
    }
    if (status == MHO_OK) {
        mho_i_job j = {g, node, in, output, scratch};
        mho_i_graph_kernel(&j);
    }
    mho_i_free(ctx, in);
    mho_i_free(ctx, scratch);
    return status;
}
