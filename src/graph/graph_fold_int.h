/* graph_fold_int.h - folding: a new graph is written node by node, and what a node can be merged
 * into is looked for among those already written. */
#ifndef MHO_GRAPH_FOLD_INT_H
#define MHO_GRAPH_FOLD_INT_H

#include "graph_int.h"

typedef struct mho_i_fold {
    const mho_graph *g; /* from */
    mho_graph *n;       /* to */
    int *map;           /* [g->n_tensor] tensor of n; -1: not there yet */
    size_t *reader;     /* [g->n_tensor] how many nodes of g read it, outputs included */
    size_t *ahead;      /* [cap] tensor of n: reads by nodes of g that were not visited yet */
    size_t *behind;     /* [cap] tensor of n: nodes of n that read it */
    size_t cap;
    double work_left;   /* operations that computing constants may still take */
    size_t growth_left; /* numbers that they, and new weights, may still have */
} mho_i_fold;

/* A node of g with its inputs as tensors of n. */
typedef struct mho_i_fold_node {
    const mho_graph_node *node;
    const mho_graph_tensor *out; /* of g */
    int *input;                  /* [node->n_input] of n */
} mho_i_fold_node;

/* The output of this node is tensor t of n. */
void mho_i_fold_map(mho_i_fold *f, const mho_i_fold_node *v, int t);
/* Append a node to n. n_dim, shape as in mho_graph_add_node. */
mho_status mho_i_fold_emit(mho_i_fold *f, mho_graph_op op, const char *name, size_t n_input,
                           const int *input, const mho_graph_attr *attr, size_t n_dim,
                           const size_t *shape, int *t);
/* The Conv or Gemm with constant weights that makes tensor t of n for nobody but the node being
 * visited, whose weights may so be changed; NULL: there is none. */
mho_graph_node *mho_i_fold_matrix_before(mho_i_fold *f, int t);

/* graph_fold_weights.c. *done: the node is in n or merged; otherwise it is to be written as it is.
 */
mho_status mho_i_fold_weights(mho_i_fold *f, const mho_i_fold_node *v, bool *done);

/* graph_compact.c: drop nodes that no output needs and tensors that nobody reads. Inputs stay. */
mho_status mho_i_graph_compact(mho_graph *g, size_t *n_dropped);

#endif
