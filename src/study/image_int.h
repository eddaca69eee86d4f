/* image_int.h - what the studies on photographs share: kernels, the filter chip, likeness of two
 * maps, thinning, matching. Maps are float, [n_row][n_col], 0..1. */
#ifndef MHO_IMAGE_INT_H
#define MHO_IMAGE_INT_H

#include "chip/chip_int.h"
#include "io/io_int.h"
#include "mho/image.h"

/* ---- kernels.c ---- */
typedef struct mho_i_kernels {
    size_t k, n;   /* side, number */
    float *weight; /* [n][k][k], max(sum of positive, -sum of negative) = 1 each */
    char name[96];
} mho_i_kernels;
mho_status mho_i_kernels_load(mho_ctx *ctx, const char *name, mho_i_kernels *out);
void mho_i_kernels_free(mho_ctx *ctx, mho_i_kernels *kernels);

/* ---- filter.c: a chip that holds the kernels, and the same in exact arithmetic ---- */
typedef struct mho_i_filter {
    mho_ctx *ctx;
    mho_i_kernels kernels;
    size_t n_out; /* 2 kernels.n: K, then -K */
    mho_chip *chip;
    mho_program_report program;
    int n_thread;
    mho_i_scratch **scratch; /* [n_thread] */
    float **work;            /* [n_thread]: activations [n_out][lanes], patch [k*k][lanes] */
    double gain;             /* z at a full step */
    size_t n_copy;
    double rest, scale; /* E = (sum a - n_out rest)/scale */
} mho_i_filter;
mho_status mho_i_filter_new(mho_ctx *ctx, const mho_image_opt *opt, uint32_t imperfections,
                            mho_i_filter **out);
void mho_i_filter_free(mho_i_filter *f); /* NULL is allowed */

/* Rows of a picture with what the kernels need around them: row y of the picture is row
 * y - first + margin here, column x is column x + margin; pitch covers whole blocks of lanes. */
typedef struct mho_i_band {
    size_t n_row, n_col;           /* of the picture */
    size_t first, n;               /* rows worked on: first..first+n-1 */
    size_t margin, pitch, n_block; /* k/2; floats a row; blocks of lanes a row */
    float *luma, *dac;             /* [n + 2 margin][pitch]; dac: as the chip gets it */
} mho_i_band;
/* Buffers for at most n rows at a time. */
mho_status mho_i_band_new(mho_ctx *ctx, size_t n_row, size_t n_col, size_t margin, size_t n,
                          mho_i_band *band);
void mho_i_band_free(mho_ctx *ctx, mho_i_band *band);
/* Bring in the next rows (the first at the first call); read hands over one row after another. */
typedef mho_status (*mho_i_row_fn)(void *user, float *luma);
mho_status mho_i_band_next(mho_i_band *band, size_t n_most, const mho_chip *chip, mho_i_row_fn read,
                           void *user);

/* Edge maps of the band's rows: out [n][n_col]. first_block names the noise of the picture's first
 * block of lanes. act (may be NULL) out [n]: activity of the rows y with y % act_step == 0. */
void mho_i_filter_hardware(const mho_i_filter *f, const mho_i_band *band, uint32_t first_block,
                           size_t act_step, mho_i_activity *act, float *out);
void mho_i_filter_exact(const mho_i_filter *f, const mho_i_band *band, float *out);
/* Plain Sobel magnitude sqrt(gx^2 + gy^2), clipped at 1, gx and gy scaled like the kernels. The
 * band's margin must be at least 1. */
void mho_i_sobel_magnitude(const mho_i_band *band, float *out);

/* ---- likeness.c: two maps, row after row ---- */
typedef struct mho_i_likeness mho_i_likeness;
mho_i_likeness *mho_i_likeness_new(mho_ctx *ctx, size_t n_col);
void mho_i_likeness_free(mho_i_likeness *l);
void mho_i_likeness_row(mho_i_likeness *l, const float *a, const float *b); /* [n_col] each */
mho_image_likeness mho_i_likeness_get(const mho_i_likeness *l);

/* ---- views.c: pictures made small, row after row ---- */
mho_status mho_i_views_new(mho_ctx *ctx, size_t n_row, size_t n_col, mho_image_views *v,
                           float **sum);
void mho_i_views_row(mho_image_views *v, float *sum, size_t n_row, size_t n_col, size_t y,
                     const float *photo, const float *exact, const float *hardware);

/* ---- thin.c ---- */
/* Keep the values of e on ridges, 0 elsewhere. work [3][n_row][n_col]; out may not be e. */
void mho_i_thin_ridges(size_t n_row, size_t n_col, const float *e, float *work, float *out);
/* Thin the set pixels (1) of set [n_row + 2][n_col + 2], whose frame is 0, to lines one pixel wide
 * that are connected as before (Guo and Hall). list: room for 2 n_row n_col numbers. */
void mho_i_thin_lines(size_t n_row, size_t n_col, uint8_t *set, uint32_t *list);

/* ---- match.c ---- */
enum { MHO_I_MATCH_CAP = 8, MHO_I_MATCH_MAX_RADIUS = 100 };
typedef struct mho_i_matcher mho_i_matcher; /* buffers for pictures of that size */
/* radius 0 to MHO_I_MATCH_MAX_RADIUS. NULL: no memory. */
mho_i_matcher *mho_i_matcher_new(mho_ctx *ctx, size_t n_row, size_t n_col, double radius);
void mho_i_matcher_free(mho_i_matcher *m);
/* Largest number of pairs (found pixel, mark) no farther apart than the radius, if a found pixel
 * may be in at most cap pairs and pixel p of truth in at most truth[p] <= MHO_I_MATCH_CAP. found
 * and truth in [n_row][n_col], found with a pitch. Allocates nothing. */
size_t mho_i_match(mho_i_matcher *m, const uint8_t *found, size_t found_pitch, int cap,
                   const uint8_t *truth);

#endif
