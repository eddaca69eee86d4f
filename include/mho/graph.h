/* mho/graph.h - networks as graphs of operators: from ONNX files, from mho_net, or built by hand.
 *
 * A graph is a list of nodes in an order in which they can be computed, and of tensors that they
 * read and write. It knows nothing of devices and volts. All numbers are float32.
 *
 * Shapes are concrete. Dimension 0 of the inputs is the batch; a batch that a file leaves open
 * ("N") is 1 here, and mho_graph_run runs the graph once for every sample. A file with a fixed
 * batch of B is run once for every B samples.
 *
 * Typical use:   mho_graph_load_onnx -> mho_graph_fold -> walk the nodes, or mho_graph_run
 *
 * After mho_graph_fold, weights are where hardware wants them: a node with the role
 * MHO_ROLE_MATRIX and a constant weight gives an mho_graph_matrix. */
#ifndef MHO_GRAPH_H
#define MHO_GRAPH_H

#include "mho/network.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What an operator is to a mapping on hardware. */
typedef enum mho_graph_role {
    MHO_ROLE_MATRIX = 0,     /* products with weights: can stand on arrays */
    MHO_ROLE_ACTIVATION = 1, /* one number in, one out, without constants of its own per channel */
    MHO_ROLE_POOL = 2,       /* a window of numbers to one */
    MHO_ROLE_ARITHMETIC = 3, /* sums, products and normalisation, element by element */
    MHO_ROLE_SHAPE = 4,      /* moves, joins and cuts numbers, computes nothing */
    MHO_ROLE_QUANTISE = 5    /* to and from integers */
} mho_graph_role;

/* X(enumerator, name in ONNX, role, what is supported and what is not) */
#define MHO_GRAPH_OP_LIST(X)                                                                       \
    X(MHO_OP_CONV, "Conv", MHO_ROLE_MATRIX,                                                        \
      "1-D and 2-D; stride, dilation, groups, pads, auto_pad; not 3-D")                            \
    X(MHO_OP_GEMM, "Gemm", MHO_ROLE_MATRIX, "alpha, beta, transA, transB, C broadcast")            \
    X(MHO_OP_MATMUL, "MatMul", MHO_ROLE_MATRIX, "1-D to 8-D with broadcast of leading dimensions") \
    X(MHO_OP_BATCHNORM, "BatchNormalization", MHO_ROLE_ARITHMETIC,                                 \
      "inference form, one output; folded into the Conv or Gemm before it")                        \
    X(MHO_OP_ADD, "Add", MHO_ROLE_ARITHMETIC, "broadcast")                                         \
    X(MHO_OP_SUB, "Sub", MHO_ROLE_ARITHMETIC, "broadcast")                                         \
    X(MHO_OP_MUL, "Mul", MHO_ROLE_ARITHMETIC, "broadcast")                                         \
    X(MHO_OP_DIV, "Div", MHO_ROLE_ARITHMETIC, "broadcast; floating point only")                    \
    X(MHO_OP_RELU, "Relu", MHO_ROLE_ACTIVATION, "")                                                \
    X(MHO_OP_LEAKY_RELU, "LeakyRelu", MHO_ROLE_ACTIVATION, "alpha")                                \
    X(MHO_OP_CLIP, "Clip", MHO_ROLE_ACTIVATION,                                                    \
      "limits as attributes (opset < 11) or as constant inputs; ReLU6 is Clip 0..6")               \
    X(MHO_OP_SIGMOID, "Sigmoid", MHO_ROLE_ACTIVATION, "")                                          \
    X(MHO_OP_TANH, "Tanh", MHO_ROLE_ACTIVATION, "")                                                \
    X(MHO_OP_ELU, "Elu", MHO_ROLE_ACTIVATION, "alpha")                                             \
    X(MHO_OP_HARD_SIGMOID, "HardSigmoid", MHO_ROLE_ACTIVATION, "alpha, beta")                      \
    X(MHO_OP_HARD_SWISH, "HardSwish", MHO_ROLE_ACTIVATION, "")                                     \
    X(MHO_OP_SOFTMAX, "Softmax", MHO_ROLE_ARITHMETIC,                                              \
      "opset < 13: over all dimensions from axis on; from 13: over one axis")                      \
    X(MHO_OP_LOG_SOFTMAX, "LogSoftmax", MHO_ROLE_ARITHMETIC, "as Softmax")                         \
    X(MHO_OP_MAX_POOL, "MaxPool", MHO_ROLE_POOL,                                                   \
      "1-D and 2-D; pads, auto_pad, dilation, ceil_mode; not the output Indices")                  \
    X(MHO_OP_AVERAGE_POOL, "AveragePool", MHO_ROLE_POOL,                                           \
      "1-D and 2-D; pads, auto_pad, dilation, ceil_mode, count_include_pad")                       \
    X(MHO_OP_GLOBAL_AVERAGE_POOL, "GlobalAveragePool", MHO_ROLE_POOL, "")                          \
    X(MHO_OP_GLOBAL_MAX_POOL, "GlobalMaxPool", MHO_ROLE_POOL, "")                                  \
    X(MHO_OP_REDUCE_MEAN, "ReduceMean", MHO_ROLE_POOL,                                             \
      "constant axes, keepdims; over the last two of four it folds to GlobalAveragePool")          \
    X(MHO_OP_FLATTEN, "Flatten", MHO_ROLE_SHAPE, "axis")                                           \
    X(MHO_OP_RESHAPE, "Reshape", MHO_ROLE_SHAPE, "constant shape with 0 and -1; allowzero")        \
    X(MHO_OP_SQUEEZE, "Squeeze", MHO_ROLE_SHAPE, "axes as attribute or constant input")            \
    X(MHO_OP_UNSQUEEZE, "Unsqueeze", MHO_ROLE_SHAPE, "axes as attribute or constant input")        \
    X(MHO_OP_TRANSPOSE, "Transpose", MHO_ROLE_SHAPE, "perm")                                       \
    X(MHO_OP_CONCAT, "Concat", MHO_ROLE_SHAPE, "axis")                                             \
    X(MHO_OP_PAD, "Pad", MHO_ROLE_SHAPE, "constant, reflect, edge; constant pads and axes")        \
    X(MHO_OP_SLICE, "Slice", MHO_ROLE_SHAPE, "constant starts, ends, axes, steps")                 \
    X(MHO_OP_IDENTITY, "Identity", MHO_ROLE_SHAPE, "")                                             \
    X(MHO_OP_DROPOUT, "Dropout", MHO_ROLE_SHAPE, "inference form: passes its input on")            \
    X(MHO_OP_QUANTIZE, "QuantizeLinear", MHO_ROLE_QUANTISE,                                        \
      "constant scale and zero point, per tensor or per axis; int8, uint8")                        \
    X(MHO_OP_DEQUANTIZE, "DequantizeLinear", MHO_ROLE_QUANTISE,                                    \
      "constant scale and zero point, per tensor or per axis; int8, uint8, int32")

typedef enum mho_graph_op {
#define MHO_GRAPH_OP_ENUM(name, onnx, role, help) name,
    MHO_GRAPH_OP_LIST(MHO_GRAPH_OP_ENUM)
#undef MHO_GRAPH_OP_ENUM
        MHO_GRAPH_N_OP
} mho_graph_op;

typedef struct mho_graph_op_info {
    const char *name; /* as in ONNX */
    mho_graph_role role;
    const char *help; /* what of it is supported; "" all */
} mho_graph_op_info;
/* op < MHO_GRAPH_N_OP, else all NULL and 0. */
MHO_API mho_graph_op_info mho_graph_op_get(mho_graph_op op);
/* Operators of ONNX that a file may use if all their inputs are constants (Shape, Gather, Cast
 * ...): computed while loading, never nodes. k < mho_graph_n_load_op(). */
MHO_API size_t mho_graph_n_load_op(void);
MHO_API mho_graph_op_info mho_graph_load_op(size_t k);

enum { MHO_GRAPH_MAX_DIM = 8 };

typedef enum mho_graph_pad_mode {
    MHO_PAD_CONSTANT = 0,
    MHO_PAD_REFLECT = 1,
    MHO_PAD_EDGE = 2
} mho_graph_pad_mode;

/* What an operator needs besides its inputs; a field without a word on operators is of Conv and the
 * pools. Constant inputs such as the shape of Reshape, the limits of Clip and the axes of Squeeze
 * end here too. auto_pad is resolved to pads. 1-D operators are 2-D with a height of 1. */
typedef struct mho_graph_attr {
    size_t kernel[2]; /* height, width */
    size_t stride[2]; /* >= 1 */
    size_t dilation[2];
    size_t pads[4];                      /* top, left, bottom, right */
    size_t groups;                       /* Conv */
    bool count_include_pad;              /* AveragePool: zeros of the padding count */
    bool ceil_mode;                      /* pools: the output's size is rounded up */
    int axis;                            /* Softmax, Concat, Flatten, Quantize, Dequantize;
                                            0 <= axis; quantisation per tensor: -1 */
    bool flat;                           /* Softmax: over all dimensions from axis on */
    float alpha, beta;                   /* Gemm, LeakyRelu, Elu, HardSigmoid */
    bool trans_a, trans_b;               /* Gemm */
    float lo, hi;                        /* Clip; -INFINITY, INFINITY: no limit */
    float epsilon;                       /* BatchNormalization */
    size_t perm[MHO_GRAPH_MAX_DIM];      /* Transpose */
    ptrdiff_t before[MHO_GRAPH_MAX_DIM]; /* Pad: numbers added (removed, if < 0) before ... */
    ptrdiff_t after[MHO_GRAPH_MAX_DIM];  /* ... and after each dimension */
    float pad_value;                     /* Pad */
    mho_graph_pad_mode pad_mode;         /* Pad */
    ptrdiff_t start[MHO_GRAPH_MAX_DIM];  /* Slice: first index of each dimension ... */
    ptrdiff_t step[MHO_GRAPH_MAX_DIM];   /* ... and step, not 0 */
    bool reduce[MHO_GRAPH_MAX_DIM];      /* ReduceMean: dimensions that it goes over */
    float q_lo, q_hi;                    /* Quantize: range of the integer type */
} mho_graph_attr;

typedef struct mho_graph_tensor {
    const char *name;
    size_t n_dim; /* 0: a single number */
    size_t shape[MHO_GRAPH_MAX_DIM];
    size_t size;       /* product of shape, >= 1 */
    const float *data; /* [size] of a constant; NULL: computed, or an input */
    int producer;      /* node that computes it; -1: an input or a constant */
} mho_graph_tensor;

/* Inputs by operator, -1 where an optional one is absent:
 *   Conv X [n][in_c][h][w] (1-D: [n][in_c][w]), W [out_c][in_c/groups][kh][kw], B [out_c]
 *   Gemm A, B, C: y = alpha op(A) op(B) + beta C
 *   BatchNormalization X, scale, bias, mean, variance [channel]
 *   Quantize, Dequantize X, scale, zero point; others: as ONNX has them, without what became
 *   attributes. */
typedef struct mho_graph_node {
    mho_graph_op op;
    const char *name; /* as in the file, or made: "Conv_3" */
    size_t n_input;
    const int *input; /* [n_input] tensors */
    int output;       /* tensor */
    mho_graph_attr attr;
    double n_mac;   /* multiplications with weights for one run */
    size_t n_param; /* constants that it holds */
} mho_graph_node;

typedef struct mho_graph mho_graph;

/* ---- From files ---- */
typedef struct mho_graph_opt {
    size_t max_byte;    /* limit of the memory for the file and its weights; 0: 4 GiB */
    size_t n_input_dim; /* 0: shape of the first input from the file; else it is replaced: */
    size_t input_shape[MHO_GRAPH_MAX_DIM];
} mho_graph_opt;

/* An ONNX file, opset 7 to 22, with external data if they lie in the file's folder. opt NULL: all
 * 0. The file may be hostile: memory and time are bounded, and no file outside the folder is
 * opened. MHO_ERR_IO, _FORMAT (what is wrong, in which node; an operator that is not supported),
 * _NOMEM. */
MHO_API mho_status mho_graph_load_onnx(mho_ctx *ctx, const char *path, const mho_graph_opt *opt,
                                       mho_graph **out) MHO_CHECK;
/* The same from memory. where: its name in messages; folder: of external data, NULL: none allowed.
 */
MHO_API mho_status mho_graph_parse_onnx(mho_ctx *ctx, const char *where, const void *bytes,
                                        size_t n_byte, const char *folder, const mho_graph_opt *opt,
                                        mho_graph **out) MHO_CHECK;
/* A chain of layers with the exact rectifier: the same scores as mho_net_eval. */
MHO_API mho_status mho_graph_from_net(mho_ctx *ctx, const mho_net *net, mho_graph **out) MHO_CHECK;

/* ---- By hand ----
 * Tensors are numbered from 0 as they come; the functions give the number of what they add. Names
 * may be NULL: made up. Data are copied. A failure leaves the graph as it was. */
MHO_API mho_status mho_graph_new(mho_ctx *ctx, mho_graph **out) MHO_CHECK;
/* shape[0] is the batch, 1 unless all runs have more samples. */
MHO_API mho_status mho_graph_add_input(mho_graph *g, const char *name, size_t n_dim,
                                       const size_t *shape, int *tensor) MHO_CHECK;
MHO_API mho_status mho_graph_add_constant(mho_graph *g, const char *name, size_t n_dim,
                                          const size_t *shape, const float *data,
                                          int *tensor) MHO_CHECK;
/* Attributes without effect: kernel 1, stride 1, no pads, groups 1, alpha and beta 1, no limits. */
MHO_API mho_graph_attr mho_graph_attr_default(void);
/* Any operator. n_dim, shape: of the output, for Reshape, Squeeze, Unsqueeze, Slice and ReduceMean;
 * otherwise 0, NULL: it is inferred. MHO_ERR_DIM names the node and the shapes that do not fit. */
MHO_API mho_status mho_graph_add_node(mho_graph *g, mho_graph_op op, const char *name,
                                      size_t n_input, const int *input, const mho_graph_attr *attr,
                                      size_t n_dim, const size_t *shape, int *tensor) MHO_CHECK;
/* x [n][in_c][h][w], weights [out_c][in_c/groups][kernel[0]][kernel[1]], bias [out_c] or NULL.
 * attr: kernel, stride, dilation, pads, groups. */
MHO_API mho_status mho_graph_add_conv(mho_graph *g, const char *name, int x, size_t out_c,
                                      const mho_graph_attr *attr, const float *weights,
                                      const float *bias, int *tensor) MHO_CHECK;
/* x of any shape, taken as [n][n_in]; weights [n_out][n_in], bias [n_out] or NULL. */
MHO_API mho_status mho_graph_add_dense(mho_graph *g, const char *name, int x, size_t n_out,
                                       const float *weights, const float *bias,
                                       int *tensor) MHO_CHECK;
/* An operator of one input without attributes: Relu, Sigmoid, Tanh, GlobalAveragePool, Flatten. */
MHO_API mho_status mho_graph_add_simple(mho_graph *g, mho_graph_op op, const char *name, int x,
                                        int *tensor) MHO_CHECK;
MHO_API mho_status mho_graph_add_output(mho_graph *g, int tensor) MHO_CHECK;
MHO_API void mho_graph_free(mho_graph *g); /* NULL is allowed */

/* ---- Looking in; what is handed out is valid until the graph is changed or freed ---- */
MHO_API size_t mho_graph_n_node(const mho_graph *g);
MHO_API size_t mho_graph_n_tensor(const mho_graph *g);
MHO_API size_t mho_graph_n_input(const mho_graph *g);
MHO_API size_t mho_graph_n_output(const mho_graph *g);
/* NULL, or -1, if there is none of that number. */
MHO_API const mho_graph_node *mho_graph_node_at(const mho_graph *g, size_t k);
MHO_API const mho_graph_tensor *mho_graph_tensor_at(const mho_graph *g, int tensor);
MHO_API int mho_graph_input(const mho_graph *g, size_t k);  /* tensor */
MHO_API int mho_graph_output(const mho_graph *g, size_t k); /* tensor */
/* How many nodes read a tensor; being an output of the graph counts as one. */
MHO_API size_t mho_graph_n_reader(const mho_graph *g, int tensor);

/* ---- Folding ----
 * A new graph that computes the same with what hardware wants to see: nodes without effect are
 * gone, nodes of constants are constants, BatchNormalization and factors per channel went into the
 * Conv or Gemm before them, MatMul and Add with constants became Gemm, every Gemm with a constant
 * weight has alpha = beta = 1, A as it is, B constant [out][in] (transB) and C [out] or none,
 * Flatten, Squeeze and Unsqueeze became Reshape, ReduceMean over all places became
 * GlobalAveragePool, and what no output needs is gone. Notes say what was done, a line each.
 * Outputs agree up to rounding.
 */
MHO_API mho_status mho_graph_fold(mho_ctx *ctx, const mho_graph *g, mho_graph **out) MHO_CHECK;
MHO_API size_t mho_graph_n_note(const mho_graph *g); /* 0 for a graph that was not folded */
MHO_API const char *mho_graph_note(const mho_graph *g, size_t k);

/* The weights of a Conv, or of a Gemm of a folded graph, as matrices for arrays. The patch of a
 * group has the index (c*kh + ky)*kw + kx with c < in_c/groups; a position is y*out_w + x. */
typedef struct mho_graph_matrix {
    size_t n_group;
    size_t n_out;         /* outputs of a group */
    size_t n_in;          /* weights of one output */
    size_t n_pos;         /* evaluations of every group per sample; Gemm: 1 */
    const float *weights; /* [n_group][n_out][n_in] */
    const float *bias;    /* [n_group][n_out]; NULL: none */
} mho_graph_matrix;
/* false, and all 0: node k has no constant weights, or is a Gemm that is not folded. */
MHO_API bool mho_graph_matrix_of(const mho_graph *g, size_t k, mho_graph_matrix *out);
/* What the arrays of such a node see for one sample x (its whole input, batch 1): patches out
 * [n_pos][n_in] of one group; zeros where the window hangs over the edge. */
MHO_API mho_status mho_graph_patches(mho_ctx *ctx, const mho_graph *g, size_t k, size_t group,
                                     const float *x, float *patches) MHO_CHECK;

/* ---- Exact forward pass, in float32 ----
 * n_run samples (of the graph's batch each), in parallel; the result does not depend on the number
 * of threads. Memory: about one sample's tensors a thread, each held as long as it is needed.
 *   inputs   in   [n_input of the graph] each [n_run][size of the tensor]
 *   want     in   [n_want] tensors to hand out: inputs, constants, or of any node
 *   outputs  out  [n_want] each [n_run][size of the tensor]
 * MHO_ERR_ARG, _NOMEM, _CANCELLED. */
MHO_API mho_status mho_graph_run_all(mho_ctx *ctx, const mho_graph *g, size_t n_run,
                                     const float *const *inputs, size_t n_want, const int *want,
                                     float *const *outputs) MHO_CHECK;
/* The only input to output 0. MHO_ERR_ARG if the graph has several inputs or no output. */
MHO_API mho_status mho_graph_run(mho_ctx *ctx, const mho_graph *g, size_t n_run, const float *input,
                                 float *output) MHO_CHECK;
/* One node on one sample, as the pass does it: for chips that leave an operator to digital
 * hardware. inputs in [n_input of the node], NULL for a constant or absent one; output out. */
MHO_API mho_status mho_graph_run_node(mho_ctx *ctx, const mho_graph *g, size_t k,
                                      const float *const *inputs, float *output) MHO_CHECK;

#ifdef __cplusplus
}
#endif
#endif
