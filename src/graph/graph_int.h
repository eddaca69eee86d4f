/* graph_int.h - layer graphs: the object, inference of shapes, kernels of the exact pass. */
#ifndef MHO_GRAPH_INT_H
#define MHO_GRAPH_INT_H

#include "mho/graph.h"
#include "base/base_int.h"

enum {
    MHO_I_GRAPH_MAX_NODE = 1 << 16,
    MHO_I_GRAPH_MAX_INPUT = 1 << 12,  /* of one node */
    MHO_I_GRAPH_MAX_SIDE = 1 << 24,   /* kernel, stride, dilation, padding */
    MHO_I_GRAPH_MAX_SIZE = 0x7fffffff /* numbers of one tensor: BLAS counts with int */
};

/* Names, data and lists of inputs belong to the graph, although users see them as const. */
struct mho_graph {
    mho_ctx *ctx;
    size_t n_node, cap_node, n_tensor, cap_tensor, cap_finite;
    size_t n_input, cap_input, n_output, cap_output, n_note;
    mho_graph_node *node;
    mho_graph_tensor *tensor;
    bool *finite; /* [n_tensor] all data were seen to be finite: nodes share weights */
    int *input, *output;
    char **note;
    size_t max_size;       /* numbers of one tensor, <= MHO_I_GRAPH_MAX_SIZE */
    size_t max_const_byte; /* of all constants together */
    size_t const_byte;
};

/* ---- graph.c ---- */
/* Whether shape has at least one number, at most max_size and no overflow; its product. */
bool mho_i_graph_count(size_t n_dim, const size_t *shape, size_t max_size, size_t *size);
/* "1x16x32x32" */
const char *mho_i_graph_shape_text(size_t n_dim, const size_t *shape, char buf[160]);
mho_status mho_i_graph_note(mho_graph *g, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* A tensor whose data (may be NULL) the graph takes over, on failure too. */
mho_status mho_i_graph_take_constant(mho_graph *g, const char *name, size_t n_dim,
                                     const size_t *shape, float *data, int *tensor);
/* Another name for a tensor. */
mho_status mho_i_graph_rename(mho_graph *g, int tensor, const char *name);
/* Uses of every tensor, outputs of the graph included: out [n_tensor]. */
void mho_i_graph_readers(const mho_graph *g, size_t *n_reader);

/* ---- graph_hash.c ---- */
/* Everything that determines what the graph computes: nodes with all their attributes, shapes,
 * constants, wires; not the names. */
void mho_i_graph_hash(const mho_graph *g, mho_i_hash *h);

/* ---- graph_shape.c ---- */
typedef struct mho_i_infer {
    const mho_graph *g;
    mho_graph_op op;
    const char *name;
    size_t n_input;
    const int *input;
    mho_graph_attr *attr;                   /* may be completed: axis < 0 stays an error */
    size_t n_dim, shape[MHO_GRAPH_MAX_DIM]; /* in: what the user gave, or 0; out: the output */
    double n_mac;
} mho_i_infer;
mho_status mho_i_graph_infer(mho_i_infer *f);
mho_status mho_i_infer_fail(const mho_i_infer *f, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Input k, NULL if absent. */
const mho_graph_tensor *mho_i_infer_in(const mho_i_infer *f, size_t k);
mho_status mho_i_infer_matrix(mho_i_infer *f); /* graph_shape_matrix.c: Conv, Gemm, MatMul */
mho_status mho_i_infer_pool(mho_i_infer *f);   /* graph_shape_matrix.c: pools with a window */
mho_status mho_i_infer_move(mho_i_infer *f);   /* graph_shape_move.c: roles of shape, ReduceMean */
/* Output shape of two broadcast inputs; false: they do not fit. */
bool mho_i_graph_broadcast(const mho_graph_tensor *a, const mho_graph_tensor *b, size_t *n_dim,
                           size_t *shape);

/* ---- graph_check.c ---- */
mho_status mho_i_graph_check_node(mho_graph *g, mho_graph_op op, const char *name, size_t n_input,
                                  const int *input);
/* Weights and parameters of a node whose shapes fit. MHO_ERR_ARG if one is no number. */
mho_status mho_i_graph_check_numbers(mho_graph *g, const mho_i_infer *f);

/* ---- kernels ---- */
typedef struct mho_i_job {
    const mho_graph *g;
    const mho_graph_node *node;
    const float *const *in; /* [node->n_input], NULL if absent */
    float *out;
    float *scratch; /* [mho_i_graph_scratch] */
} mho_i_job;
size_t mho_i_graph_scratch(const mho_graph *g, const mho_graph_node *node);
void mho_i_graph_kernel(const mho_i_job *j); /* graph_run.c: any operator */
static inline const mho_graph_tensor *mho_i_job_in(const mho_i_job *j, size_t k) {
    return &j->g->tensor[j->node->input[k]];
}
static inline const mho_graph_tensor *mho_i_job_out(const mho_i_job *j) {
    return &j->g->tensor[j->node->output];
}
/* Product of shape[from..to). */
static inline size_t mho_i_span(const mho_graph_tensor *t, size_t from, size_t to) {
    size_t n = 1;
    for (size_t d = from; d < to; d++) {
        n *= t->shape[d];
    }
    return n;
}
/* Height and width of a [n][c][h][w] or [n][c][w] tensor. */
static inline void mho_i_sides(const mho_graph_tensor *t, size_t *h, size_t *w) {
    *h = t->n_dim == 4 ? t->shape[2] : 1;
    *w = t->shape[t->n_dim - 1];
}

void mho_i_run_conv(const mho_i_job *j); /* graph_matrix.c */
void mho_i_run_gemm(const mho_i_job *j);
void mho_i_run_matmul(const mho_i_job *j);
void mho_i_run_max_pool(const mho_i_job *j); /* graph_pool.c */
void mho_i_run_average_pool(const mho_i_job *j);
void mho_i_run_global_pool(const mho_i_job *j);
void mho_i_run_reduce_mean(const mho_i_job *j);
void mho_i_run_activation(const mho_i_job *j); /* graph_element.c */
void mho_i_run_binary(const mho_i_job *j);
void mho_i_run_batchnorm(const mho_i_job *j);
void mho_i_run_softmax(const mho_i_job *j);
void mho_i_run_quantize(const mho_i_job *j);
void mho_i_run_copy(const mho_i_job *j); /* graph_move.c */
void mho_i_run_transpose(const mho_i_job *j);
void mho_i_run_concat(const mho_i_job *j);
void mho_i_run_pad(const mho_i_job *j);
void mho_i_run_slice(const mho_i_job *j);

#endif
