/* graph_compact.c - what no output needs leaves the graph; the rest is numbered anew, in order. */
#include "graph_fold_int.h"

#include <string.h>

static void free_tensor(mho_graph *g, size_t t) {
    g->const_byte -= g->tensor[t].data ? g->tensor[t].size * sizeof(float) : 0;
    mho_i_free(g->ctx, (void *)(uintptr_t)g->tensor[t].name);
    mho_i_free(g->ctx, (void *)(uintptr_t)g->tensor[t].data);
}

static void mark(const mho_graph *g, bool *node, bool *tensor) {
    for (size_t k = 0; k < g->n_output; k++) {
        tensor[g->output[k]] = true;
    }
    for (size_t k = 0; k < g->n_input; k++) {
        tensor[g->input[k]] = true;
    }
    for (size_t k = g->n_node; k-- > 0;) {
        node[k] = tensor[g->node[k].output];
        for (size_t i = 0; node[k] && i < g->node[k].n_input; i++) {
            if (g->node[k].input[i] >= 0) {
                tensor[g->node[k].input[i]] = true;
            }
        }
    }
}

/* number [n_tensor]: the new number of each tensor; new_node [n_node] of each node. */
static void renumber(mho_graph *g, const bool *node, const bool *tensor, int *number,
                     int *new_node) {
    size_t n = 0;
    for (size_t k = 0; k < g->n_node; k++) {
        new_node[k] = node[k] ? (int)n : -1;
        n += node[k];
    }
    n = 0;
    for (size_t t = 0; t < g->n_tensor; t++) {
        if (!tensor[t]) {
            free_tensor(g, t);
            continue;
        }
        number[t] = (int)n;
        mho_graph_tensor moved = g->tensor[t];
        moved.producer = moved.producer >= 0 ? new_node[moved.producer] : -1;
        g->tensor[n++] = moved;
    }
    g->n_tensor = n;
    memset(g->finite, 0, n * sizeof *g->finite); /* to be looked at again */
    n = 0;
    for (size_t k = 0; k < g->n_node; k++) {
        mho_graph_node *v = &g->node[k];
        int *input = (int *)(uintptr_t)v->input;
        if (!node[k]) {
            mho_i_free(g->ctx, (void *)(uintptr_t)v->name);
            mho_i_free(g->ctx, input);
            continue;
        }
        for (size_t i = 0; i < v->n_input; i++) {
            input[i] = input[i] >= 0 ? number[input[i]] : -1;
        }
        v->output = number[v->output];
        g->node[n++] = *v;
    }
    g->n_node = n;
    for (size_t k = 0; k < g->n_input; k++) {
        g->input[k] = number[g->input[k]];
    }
    for (size_t k = 0; k < g->n_output; k++) {
        g->output[k] = number[g->output[k]];
    }
}

mho_status mho_i_graph_compact(mho_graph *g, size_t *n_dropped) {
    mho_ctx *ctx = g->ctx;
    bool *node = mho_i_alloc(ctx, g->n_node, sizeof *node);
    bool *tensor = node ? mho_i_alloc(ctx, g->n_tensor, sizeof *tensor) : NULL;
    int *number = tensor ? mho_i_alloc(ctx, g->n_tensor, sizeof *number) : NULL;
    int *new_node = number ? mho_i_alloc(ctx, g->n_node, sizeof *new_node) : NULL;
    size_t before = g->n_node;
    if (new_node) {
        mark(g, node, tensor);
        renumber(g, node, tensor, number, new_node);
        *n_dropped = before - g->n_node;
    }
    mho_i_free(ctx, node);
    mho_i_free(ctx, tensor);
    mho_i_free(ctx, number);
    mho_i_free(ctx, new_node);
    return new_node ? MHO_OK : MHO_ERR_NOMEM;
}
