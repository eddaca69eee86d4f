/* graph_hash.c - everything that a graph computes, into a hash: field by field, as structures have
 * gaps, and with counts before what is counted, so that no two graphs run together. */
#include "graph_int.h"

#include <string.h>

#define ADD(h, field) mho_i_hash_add((h), &(field), sizeof(field))

static void add_attr(const mho_graph_attr *a, mho_i_hash *h) {
    ADD(h, a->kernel);
    ADD(h, a->stride);
    ADD(h, a->dilation);
    ADD(h, a->pads);
    ADD(h, a->groups);
    ADD(h, a->count_include_pad);
    ADD(h, a->ceil_mode);
    ADD(h, a->axis);
    ADD(h, a->flat);
    ADD(h, a->alpha);
    ADD(h, a->beta);
    ADD(h, a->trans_a);
    ADD(h, a->trans_b);
    ADD(h, a->lo);
    ADD(h, a->hi);
    ADD(h, a->epsilon);
    ADD(h, a->perm);
    ADD(h, a->before);
    ADD(h, a->after);
    ADD(h, a->pad_value);
    ADD(h, a->pad_mode);
    ADD(h, a->start);
    ADD(h, a->step);
    ADD(h, a->reduce);
    ADD(h, a->q_lo);
    ADD(h, a->q_hi);
}

static void add_tensor(const mho_graph_tensor *t, mho_i_hash *h) {
    bool constant = t->data != NULL;
    ADD(h, t->n_dim);
    mho_i_hash_add(h, t->shape, t->n_dim * sizeof *t->shape);
    ADD(h, t->producer);
    ADD(h, constant);
    if (constant) {
        mho_i_hash_add(h, t->data, t->size * sizeof *t->data);
    }
}

void mho_i_graph_hash(const mho_graph *g, mho_i_hash *h) {
    ADD(h, g->n_tensor);
    for (size_t t = 0; t < g->n_tensor; t++) {
        add_tensor(&g->tensor[t], h);
    }
    ADD(h, g->n_node);
    for (size_t k = 0; k < g->n_node; k++) {
        const mho_graph_node *node = &g->node[k];
        ADD(h, node->op);
        ADD(h, node->n_input);
        mho_i_hash_add(h, node->input, node->n_input * sizeof *node->input);
        ADD(h, node->output);
        add_attr(&node->attr, h);
    }
    ADD(h, g->n_input);
    mho_i_hash_add(h, g->input, g->n_input * sizeof *g->input);
    ADD(h, g->n_output);
    mho_i_hash_add(h, g->output, g->n_output * sizeof *g->output);
}
