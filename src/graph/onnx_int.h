/* onnx_int.h - from the bytes of an ONNX file to a graph. The bytes may be hostile.
 *
 *   onnx_scan.c      walks the bytes: lengths, depth, what may come once; where a file was cut
 *   onnx_wire.c      protobuf-c with an allocator that counts and has a limit
 *   onnx_tensor.c    tensors of every type to float or int64
 *   onnx_external.c  data beside the model, never outside its folder
 *   onnx_value.c     names of the file and what is known of them
 *   onnx_call.c      one node on its way: inputs, messages
 *   onnx_attr.c      attributes of nodes, each asked for by name and type
 *   onnx_const.c     operators on constant integers, which is how shapes are computed
 *   onnx_node.c, onnx_window.c, onnx_move.c    nodes of the file to nodes of the graph
 *   onnx_load.c      inputs, nodes in order, outputs */
#ifndef MHO_ONNX_INT_H
#define MHO_ONNX_INT_H

#include "graph_int.h"
#include "onnx.pb-c.h"

/* Types of elements, by their numbers in the format. */
typedef enum mho_i_onnx_type {
    MHO_ONNX_NONE = 0,
    MHO_ONNX_FLOAT = 1,
    MHO_ONNX_UINT8 = 2,
    MHO_ONNX_INT8 = 3,
    MHO_ONNX_UINT16 = 4,
    MHO_ONNX_INT16 = 5,
    MHO_ONNX_INT32 = 6,
    MHO_ONNX_INT64 = 7,
    MHO_ONNX_STRING = 8,
    MHO_ONNX_BOOL = 9,
    MHO_ONNX_FLOAT16 = 10,
    MHO_ONNX_DOUBLE = 11,
    MHO_ONNX_UINT32 = 12,
    MHO_ONNX_UINT64 = 13,
    MHO_ONNX_BFLOAT16 = 16
} mho_i_onnx_type;

enum {
    MHO_I_ONNX_MAX_INTS = 1 << 16,     /* of one constant that shapes are computed from */
    MHO_I_ONNX_MAX_COMPUTED = 1 << 22, /* numbers that a few bytes of a file may ask for in all */
    MHO_I_ONNX_LEAST_OPSET = 7,
    MHO_I_ONNX_LATEST_OPSET = 22
};

/* What is known of a name of the file. */
typedef struct mho_i_onnx_value {
    const char *name;
    int type;
    int tensor; /* of the graph; -1: not there, or not there yet */
    size_t n_dim, shape[MHO_GRAPH_MAX_DIM], size;
    int64_t *ints;              /* [size] of an integer constant, may be computed */
    const MhoOnnx__Tensor *raw; /* of an initialiser, until it is asked for */
    const char *refused;        /* why it cannot be used; NULL */
    bool is_output;             /* of the network */
} mho_i_onnx_value;

typedef struct mho_i_onnx {
    mho_ctx *ctx;
    const char *where, *folder; /* folder NULL: no external data */
    mho_graph_opt opt;
    const MhoOnnx__Model *model;
    int64_t opset;
    mho_graph *g;
    size_t n_value, cap_value;
    mho_i_onnx_value *value;
    size_t n_bucket;  /* power of two */
    uint32_t *bucket; /* 1 + number of a value; 0: empty */
    uint64_t salt;
    size_t n_computed; /* numbers of constants that were computed while loading */
} mho_i_onnx;

/* ---- onnx_scan.c, onnx_wire.c ---- */
mho_status mho_i_onnx_scan(mho_ctx *ctx, const char *where, const unsigned char *bytes,
                           size_t n_byte);
typedef struct mho_i_onnx_pool {
    ProtobufCAllocator allocator;
    mho_ctx *ctx;
    size_t left; /* bytes that may still be taken */
} mho_i_onnx_pool;
mho_status mho_i_onnx_unpack(mho_ctx *ctx, const char *where, const unsigned char *bytes,
                             size_t n_byte, size_t max_byte, mho_i_onnx_pool *pool,
                             MhoOnnx__Model **out);
void mho_i_onnx_release(mho_i_onnx_pool *pool, MhoOnnx__Model *model);

/* ---- onnx_tensor.c ---- */
const char *mho_i_onnx_type_name(int type); /* "float16" */
bool mho_i_onnx_is_float(int type);
bool mho_i_onnx_is_int(int type);
/* A text of the file for messages: control characters become ?, at most 79 characters. */
const char *mho_i_onnx_clean(const char *text, char buf[80]);
/* shape [MHO_GRAPH_MAX_DIM] and number of elements, which may be 0. */
mho_status mho_i_onnx_tensor_shape(mho_i_onnx *o, const MhoOnnx__Tensor *t, size_t *n_dim,
                                   size_t *shape, size_t *size);
/* size elements into out, whatever their type. */
mho_status mho_i_onnx_tensor_floats(mho_i_onnx *o, const MhoOnnx__Tensor *t, size_t size,
                                    float **out);
mho_status mho_i_onnx_tensor_ints(mho_i_onnx *o, const MhoOnnx__Tensor *t, size_t size,
                                  int64_t **out);

/* ---- onnx_external.c ---- */
/* n_byte bytes that tensor t says are in a file beside the model. */
mho_status mho_i_onnx_external(mho_i_onnx *o, const MhoOnnx__Tensor *t, size_t n_byte,
                               unsigned char **out);

/* ---- onnx_value.c ---- */
void mho_i_onnx_values_free(mho_i_onnx *o);
/* NULL: unknown. Valid until a value is added. */
mho_i_onnx_value *mho_i_onnx_find(mho_i_onnx *o, const char *name);
/* MHO_ERR_FORMAT if the name is there already. ints, if any, are taken over, on failure too. */
mho_status mho_i_onnx_define(mho_i_onnx *o, const mho_i_onnx_value *value);
/* The value as a tensor of the graph: an initialiser or integers become a constant. */
mho_status mho_i_onnx_tensor_of(mho_i_onnx *o, const char *name, int *tensor);
/* The value as constant integers; false: it is none (no message). */
bool mho_i_onnx_ints_of(mho_i_onnx *o, const char *name, mho_status *status,
                        const mho_i_onnx_value **out);

/* ---- one node on its way into the graph ---- */
typedef struct mho_i_onnx_call {
    mho_i_onnx *o;
    const MhoOnnx__Node *node;
    char what[200];  /* "node conv1 (Conv)" */
    uint64_t asked;  /* bit k: attribute k was asked for */
    mho_graph_op op; /* what it becomes: */
    size_t n_input;  /* inputs of the file that become inputs of the graph's node, from the first */
    int *input;      /* [node->n_input], tensors; -1 absent */
    mho_graph_attr attr;
    size_t n_dim, shape[MHO_GRAPH_MAX_DIM];
    int type; /* of the output */
} mho_i_onnx_call;
mho_status mho_i_onnx_call_fail(const mho_i_onnx_call *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Input k of the file: is it there? Its value; NULL: it is not, or unknown. */
bool mho_i_onnx_has(const mho_i_onnx_call *c, size_t k);
const mho_i_onnx_value *mho_i_onnx_in(const mho_i_onnx_call *c, size_t k);
/* Input k as constant integers. */
mho_status mho_i_onnx_in_ints(const mho_i_onnx_call *c, size_t k, const char *what,
                              const mho_i_onnx_value **out);
/* Input k as one constant float; absent: *out stays. */
mho_status mho_i_onnx_in_number(const mho_i_onnx_call *c, size_t k, const char *what, float *out);
/* Shape of input 0; MHO_ERR_FORMAT unless it is a tensor. */
mho_status mho_i_onnx_in_tensor(const mho_i_onnx_call *c, size_t k, const mho_graph_tensor **out);

/* ---- onnx_attr.c: absent attributes leave *out as it is ---- */
mho_status mho_i_onnx_attr_int(mho_i_onnx_call *c, const char *name, int64_t lo, int64_t hi,
                               int64_t *out);
mho_status mho_i_onnx_attr_bool(mho_i_onnx_call *c, const char *name, bool *out);
mho_status mho_i_onnx_attr_float(mho_i_onnx_call *c, const char *name, float *out);
/* "" if absent. */
mho_status mho_i_onnx_attr_text(mho_i_onnx_call *c, const char *name, char out[32]);
/* *n = SIZE_MAX if absent; at most MHO_GRAPH_MAX_DIM * 2 numbers. */
mho_status mho_i_onnx_attr_ints(mho_i_onnx_call *c, const char *name, size_t *n,
                                int64_t out[2 * MHO_GRAPH_MAX_DIM]);
const MhoOnnx__Attribute *mho_i_onnx_attr(mho_i_onnx_call *c, const char *name);
void mho_i_onnx_attr_ignore(mho_i_onnx_call *c, const char *name);
/* Every attribute was asked for: none changes the result without our knowing. */
mho_status mho_i_onnx_attr_all_known(const mho_i_onnx_call *c);
/* -n_dim <= axis < n_dim to 0 <= axis; extra 1: n_dim itself is allowed too. */
mho_status mho_i_onnx_axis(const mho_i_onnx_call *c, int64_t axis, size_t n_dim, size_t extra,
                           size_t *out);

/* ---- onnx_const.c ---- */
/* Whether the node is of constants that shapes are computed from; if so *status of doing it. */
bool mho_i_onnx_const(mho_i_onnx_call *c, mho_status *status);

/* ---- onnx_node.c, onnx_window.c, onnx_move.c: fill op, inputs, attributes, shape ---- */
mho_status mho_i_onnx_node(mho_i_onnx_call *c);
mho_status mho_i_onnx_conv(mho_i_onnx_call *c);
mho_status mho_i_onnx_pooling(mho_i_onnx_call *c);
mho_status mho_i_onnx_move(mho_i_onnx_call *c);

#endif
