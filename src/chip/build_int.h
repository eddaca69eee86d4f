/* build_int.h - a layer graph becomes stages: what build.c (the walk), build_node.c, build_move.c
 * and build_sum.c share. A tensor is either stored (a value of the chip) or a sum that still waits
 * for its end: Conv and Gemm begin a sum, Add joins sums and stored activations, an activation ends
 * it, and anything that must read numbers ends it in an ADC. So Conv -> Add -> Relu is one stage,
 * whose currents meet at the amplifiers. */
#ifndef MHO_CHIP_BUILD_INT_H
#define MHO_CHIP_BUILD_INT_H

#include "mapping_int.h"

typedef struct mho_i_sum {
    size_t n_term;
    mho_i_term *term; /* NULL: not a sum */
} mho_i_sum;

typedef struct mho_i_builder {
    mho_ctx *ctx;
    mho_chip *chip;
    mho_i_mapping *m;
    const mho_graph *g;
    size_t *value;  /* [n_tensor] where it is stored; SIZE_MAX: it is not */
    mho_i_sum *sum; /* [n_tensor] */
} mho_i_builder;

/* ---- build_sum.c ---- */
mho_status mho_i_build_refuse(const mho_i_builder *b, const mho_graph_node *node, const char *why);
/* [1][c][h][w], [1][c][w], [1][f] or a list of numbers as channels, rows and columns. */
bool mho_i_build_geometry(const mho_graph_tensor *t, size_t out[3]);
const mho_graph_tensor *mho_i_build_tensor_of(const mho_i_builder *b, int tensor);
size_t mho_i_build_new_value(mho_i_builder *b, size_t c, size_t h, size_t w);
void mho_i_build_tie(mho_i_mapping *m, size_t a, size_t b);
/* A reader that sees the value in other channels than it has needs one full scale for all. */
void mho_i_build_read_as(mho_i_builder *b, size_t value, size_t h, size_t w);
mho_i_shape mho_i_build_conv_shape(const mho_graph_node *node, const size_t in[3],
                                   const size_t out[3]);
/* A window over single places, of what goes to the amplifiers without arrays or as a vector. */
mho_i_shape mho_i_build_place_shape(size_t in_c, const size_t out[3]);
/* End a sum: its tensor, or the tensor of the activation after it, is stored from now on. */
mho_status mho_i_build_end_sum(mho_i_builder *b, int tensor, mho_graph_op op,
                               const mho_graph_attr *attr, bool score, size_t *value);
/* The value of a tensor; a sum that waits is ended in an ADC, which is the only way to keep a
 * number that may be negative. */
mho_status mho_i_build_stored(mho_i_builder *b, int tensor, size_t *value);

/* ---- build_node.c ---- */
mho_status mho_i_build_begin_sum(mho_i_builder *b, int tensor, size_t n_term);
mho_status mho_i_build_map_matrix(mho_i_builder *b, size_t k, const mho_graph_node *node);
mho_status mho_i_build_map_activation(mho_i_builder *b, const mho_graph_node *node);
mho_status mho_i_build_map_arithmetic(mho_i_builder *b, const mho_graph_node *node);

/* ---- build_move.c ---- */
mho_status mho_i_build_map_pool(mho_i_builder *b, const mho_graph_node *node);
mho_status mho_i_build_map_shape(mho_i_builder *b, size_t k, const mho_graph_node *node);
/* The same numbers under another shape. */
void mho_i_build_alias(mho_i_builder *b, int from, int to);

/* ---- build.c ---- */
void mho_i_build_free_terms(mho_ctx *ctx, size_t n, mho_i_term *term);
mho_status mho_i_build_stages(mho_chip *chip, mho_i_mapping *m);

#endif
