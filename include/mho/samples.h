/* mho/samples.h - what goes into a network from elsewhere: numbers [n][c][h][w] in single
 * precision, with labels or without. */
#ifndef MHO_SAMPLES_H
#define MHO_SAMPLES_H

#include "mho/network.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mho_samples mho_samples;

/* Copies x[n][c][h][w], finite, and label[n], each in [0, 65535]; label NULL: none. n >= 1; sides
 * in [1, 4096]. MHO_ERR_ARG, _NOMEM. */
MHO_API mho_status mho_samples_new(mho_ctx *ctx, size_t n, size_t c, size_t h, size_t w,
                                   const float *x, const int32_t *label,
                                   mho_samples **out) MHO_CHECK;
/* Pixels over 255, in [0, 1]; one channel. */
MHO_API mho_status mho_samples_from_dataset(mho_ctx *ctx, const mho_dataset *set,
                                            mho_samples **out) MHO_CHECK;
/* From an NPZ file (ends in .npz) with the array x - [n][c][h][w], [n][h][w] or [n][f], which is
 * taken as [n][f][1][1] - and, if it is there, y [n]; or from a directory with MNIST's IDX files,
 * as pixels over 255. Numbers of the NPZ file are taken as they are, except that x of 8-bit
 * integers is divided by 255. MHO_ERR_IO, _FORMAT, _NOMEM. */
MHO_API mho_status mho_samples_load(mho_ctx *ctx, const char *path, mho_dataset_part part,
                                    mho_samples **out) MHO_CHECK;
/* x = (x - mean)/sd, channel by channel; n_channel numbers each: one for all, or one for each
 * channel. sd > 0. In place. */
MHO_API mho_status mho_samples_normalise(mho_samples *s, size_t n_channel, const double *mean,
                                         const double *sd) MHO_CHECK;
/* Copy of samples first .. first + n - 1. */
MHO_API mho_status mho_samples_part(const mho_samples *s, size_t first, size_t n,
                                    mho_samples **out) MHO_CHECK;
MHO_API void mho_samples_free(mho_samples *s); /* NULL is allowed */

MHO_API size_t mho_samples_n(const mho_samples *s);
/* dim 0: channels, 1: rows, 2: columns. */
MHO_API size_t mho_samples_shape(const mho_samples *s, size_t dim);
MHO_API size_t mho_samples_size(const mho_samples *s);    /* c*h*w */
MHO_API const float *mho_samples_x(const mho_samples *s); /* [n][c][h][w]; valid as long as s */
MHO_API const int32_t *mho_samples_label(const mho_samples *s); /* [n], or NULL */
/* Identity of the content, 32 hexadecimal digits. */
MHO_API void mho_samples_hash(const mho_samples *s, char out[33]);

#ifdef __cplusplus
}
#endif
#endif
