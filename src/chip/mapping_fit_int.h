/* mapping_fit_int.h - what the pass over a sample shares: full scales (mapping_scale.c), weights
 * and corrections (mapping_fit.c). */
#ifndef MHO_CHIP_MAPPING_FIT_INT_H
#define MHO_CHIP_MAPPING_FIT_INT_H

#include "mapping_int.h"

enum {
    N_PAIR = 2048,    /* places of an output that a correction is fitted to */
    N_QUANTILE = 8192 /* of a channel that its full scale is read from */
};

typedef struct mho_i_fit {
    mho_chip *chip;
    mho_i_mapping *m;
    const mho_samples *sample; /* NULL: none */
    size_t n;                  /* pictures */
    mho_i_exact exact;
    mho_i_scratch *scratch;
    float *quantile; /* [n_out largest * N_QUANTILE] */
    float *z, *want; /* [n_out][N_PAIR] of the stage in hand */
    size_t n_pair, pace;
    double *gain, *offset; /* [n_out] */
    mho_i_likeness *sum;   /* [n_out] */
    double *own;           /* [n_value] largest full scale of a class */
} mho_i_fit;

/* ---- mapping_scale.c ---- */
/* Full scale of the input, and whether word lines are driven both ways. */
void mho_i_fit_scale_input(const mho_i_fit *c);
/* Of all values that stages compute; classes that are tied get the largest. */
void mho_i_fit_scale_values(const mho_i_fit *c);
void mho_i_fit_scale_digital(const mho_i_fit *c, mho_i_stage *stage);
/* Pools and wires hand on the scales of what they read. */
void mho_i_fit_inherit(const mho_i_fit *c, const mho_i_stage *stage);

#endif
