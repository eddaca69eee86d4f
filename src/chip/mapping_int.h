/* mapping_int.h - from a layer graph to the stages of a chip: structure (build.c), full scales
 * and corrections from a sample (mapping_scale.c, mapping_fit.c). */
#ifndef MHO_CHIP_MAPPING_INT_H
#define MHO_CHIP_MAPPING_INT_H

#include "chip_int.h"

/* One summand of a pre-activation: arrays of a node, or a stored activation. */
typedef struct mho_i_term {
    int node;     /* >= 0: Conv or Gemm of the graph; -1: a skip */
    size_t value; /* that it reads */
    float sign;
    float *gain, *bias; /* skip: [n_const], the term's own; NULL: 1 and 0 */
    size_t n_const;     /* 1, or one for each channel */
} mho_i_term;

/* What the mapping knows of a stage besides the hardware. */
typedef struct mho_i_origin {
    char name[64], work[64];
    int pre;         /* tensor of the pre-activation; -1: a pool or wires */
    mho_graph_op op; /* what the end stands for: Relu, Clip, ... Identity */
    mho_graph_attr attr;
    size_t n_term;
    mho_i_term *term; /* [n_term], in the order of layers, then skips */
    float **weights;  /* [n_layer] each [n_out][n_in], in units of what is stored */
    float *bias;      /* [n_out] of all terms together */
    double full_scale, clipped_frac, rms_error_rel, correlation; /* as mho_stage_info */
} mho_i_origin;

typedef struct mho_i_mapping {
    mho_graph *graph; /* folded */
    mho_map_opt opt;
    mho_i_origin *origin; /* [n_stage] */
    bool *uniform;        /* [n_value] all channels must have one full scale */
    size_t *tie; /* [n_value] values of one class have one, too: number of another, or its own */
    size_t n_sample;
    bool share_changed;
} mho_i_mapping;

void mho_i_mapping_free(mho_chip *chip);
/* What an end does to the exact pre-activation. */
float mho_i_origin_of(const mho_i_origin *origin, float pre);
size_t mho_i_mapping_class(const mho_i_mapping *m, size_t value);
/* Full scale of element e of a value. */
float mho_i_value_scale(const mho_i_value *v, size_t e);

/* ---- mapping_fit.c ---- */
/* Full scales, weights in units of what is stored, corrections. sample may be NULL. */
mho_status mho_i_mapping_calibrate(mho_chip *chip, const mho_samples *sample);

/* ---- compare.c: exact pre-activations and what a chip makes of them ---- */
typedef struct mho_i_exact {
    size_t n;    /* pictures */
    float **pre; /* [n_stage] each [n][out_c*out_h*out_w]; NULL: a pool or wires */
    mho_ctx *ctx;
    size_t n_stage;
} mho_i_exact;
mho_status mho_i_exact_run(const mho_chip *chip, const mho_samples *s, size_t n, mho_i_exact *e);
void mho_i_exact_free(mho_i_exact *e);
/* Sums over what was stored and what it should have been, of one stage. */
typedef struct mho_i_likeness {
    double n, got, want, got2, want2, both; /* of a channel */
} mho_i_likeness;
/* Adds a view of what came out; sum in, out [n_out]. Only the exact run's pictures count. */
void mho_i_likeness_add(mho_i_likeness *sum, const mho_chip *chip, const mho_i_view *view,
                        const mho_i_exact *exact);
/* Over all channels, each about its own mean, because a constant is made up for by the next layer's
 * bias: rms error over the sd of what is wanted, and the correlation. NaN if nothing varies. */
void mho_i_likeness_of(size_t n_out, const mho_i_likeness *sum, double *error_rel,
                       double *correlation);

#endif
