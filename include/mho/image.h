/* mho/image.h - photographs through a small chip: kernels in a crossbar, Mott neurons, edge maps.
 *
 * Every kernel K is written twice, as K and as -K, because a neuron rectifies. A patch of the
 * picture stands on the word lines, and one neuron per column pair gives, for each pixel in turn,
 *
 *     z = gain sum K x     a = neuron(z)     E = clip( (sum a - n_out a(0)) / scale )
 *
 * with x the brightness (0..1, luma by Rec. 601 as stored), kernels scaled so that the larger of
 * the sums of their positive and of their negative weights is 1, a(0) and the scale from the
 * nominal neuron: E is 0 on a flat field, and what takes one neuron to z = 1 gives 1/gain, as in
 * exact arithmetic; from three kernels on the scale grows with their number (half of it). Beyond
 * the border the picture goes on with its outermost pixels. Exact arithmetic is the same with an
 * exact rectifier. docs/image.md has the reasons.
 */
#ifndef MHO_IMAGE_H
#define MHO_IMAGE_H

#include "mho/chip.h"
#include "mho/study.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MHO_IMAGE_MAX_KERNEL = 64, MHO_IMAGE_MAX_SIDE = 15, MHO_IMAGE_MAX_COPY = 64 };
#define MHO_IMAGE_GAIN  4.0
#define MHO_IMAGE_WHITE 0.5 /* E that is white in pictures; what is above it is white too */

typedef struct mho_image_opt {
    size_t struct_size;
    const char *kernels; /* "sobel", "prewitt", "scharr" or an NPY file, [k][k] or [n][k][k], k odd;
                            NULL: sobel */
    const char *chip_file; /* NULL: the default chip */
    const char *out_path;  /* edge map as an 8-bit grey PNG, white is E = 0.5; NULL: none */
    bool compare;          /* exact arithmetic beside it */
    bool keep_views;       /* small pictures for the report; wants compare */
    double gain;           /* [0.1, 100]: z at a full step; 0: the default, MHO_IMAGE_GAIN */
    size_t n_copy;         /* [1, 64] times that a kernel is written; 0: as often as a tile holds */
    size_t n_band; /* rows that are worked on at a time; 0: the default; no effect on results */
    uint64_t seed;
} mho_image_opt;
#define MHO_IMAGE_OPT_INIT                                                                         \
    { sizeof(mho_image_opt), NULL, NULL, NULL, false, false, 0, 0, 0, 1 }

/* One edge map against another. */
typedef struct mho_image_likeness {
    double correlation;        /* Pearson; NaN if one of them is flat */
    double ssim;               /* structural similarity, mean; NaN below 11 x 11 pixels */
    double largest_difference; /* of E */
    double rms_difference;
} mho_image_likeness;

/* What a picture costs on the chip, and with ADCs and a digital rectifier after the same array. */
typedef struct mho_image_cost {
    mho_chip_cost pixel;             /* one pixel: one patch through all kernels */
    size_t n_pixel, n_activation;    /* in the picture */
    double energy_J, time_s;         /* of the picture, one copy of the filter, pixel after pixel */
    double neuron_J;                 /* of the energy: heaters, films, trims */
    double adc_activation_J;         /* one conversion and digital ReLU */
    double adc_activations_J;        /* all of the picture */
    double adc_energy_J, adc_time_s; /* the picture: array and amplifiers on for read and
                                        conversion of a pixel */
    const char *adc_name, *adc_source;
} mho_image_cost;

/* Small pictures for the eye, at most 960 pixels a side: factor x factor pixels to one. */
typedef struct mho_image_views {
    size_t n_row, n_col, factor;
    uint8_t *photo, *exact, *hardware, *difference; /* [n_row][n_col]; difference: 128 + 255 dE */
} mho_image_views;

typedef struct mho_image_result {
    char *path, *what, *kernels; /* file, "8-bit RGB PNG", name of the kernels */
    size_t n_row, n_col, k, n_kernel, n_copy;
    double gain;
    uint64_t seed;
    bool compared;
    mho_image_likeness hardware, sobel; /* against exact arithmetic; sobel: plain Sobel magnitude */
    mho_image_cost cost;
    mho_chip_spec spec;
    mho_neuron_design neuron;
    mho_program_report program;
    double rest_activation; /* a(0), subtracted for each output */
    mho_image_views views;  /* n_row 0: none */
    double design_s, run_s; /* wall time */
    mho_ctx *ctx;           /* the library's own */
} mho_image_result;

/* Detect edges in one picture, PNG or PGM. Memory does not grow with its height. Noise of a pixel
 * is a function of (seed, its place): any number of threads and any n_band give the same bits.
 * MHO_ERR_IO, _FORMAT, _DIM (kernels), _ARG, _NOMEM, _CANCELLED. Nothing stands at out_path unless
 * all of it does. */
MHO_API mho_status mho_image_run(mho_ctx *ctx, const char *path, const mho_image_opt *opt,
                                 mho_image_result **out) MHO_CHECK;
MHO_API void mho_image_result_free(mho_image_result *result); /* NULL is allowed */

/* ---- boundary benchmark ---- */
enum { MHO_BSDS_N_THRESHOLD = 99 };
typedef enum mho_bsds_map {
    MHO_BSDS_HARDWARE = 0, /* the chip with every imperfection */
    MHO_BSDS_IDEAL,        /* the chip with none: the nominal neuron's curve is left */
    MHO_BSDS_EXACT,        /* the same pipeline in exact arithmetic */
    MHO_BSDS_SOBEL,        /* plain Sobel magnitude */
    MHO_BSDS_N_MAP
} mho_bsds_map;
MHO_API const char *mho_bsds_map_name(mho_bsds_map map);

typedef struct mho_bsds_score {
    double ods, ods_threshold, ods_precision, ods_recall; /* best single threshold of the set */
    double ois;                                           /* best threshold of each picture */
    double ap;                                            /* area under precision over recall */
    double precision[MHO_BSDS_N_THRESHOLD], recall[MHO_BSDS_N_THRESHOLD];
} mho_bsds_score;

typedef struct mho_bsds_result {
    char *dir, *kernels;
    size_t n_picture, k, n_kernel, n_copy;
    double gain;
    uint64_t seed;
    double tolerance_frac; /* of the diagonal: 0.0075 */
    mho_bsds_score score[MHO_BSDS_N_MAP];
    double total_s;
    mho_ctx *ctx; /* the library's own */
} mho_bsds_result;

/* Boundary F-measure over all ID.png of a folder with ID-boundaries.png (number of annotators that
 * marked the pixel) beside them; docs/image.md has the procedure. out_path, compare and keep_views
 * of the options are not used. Minutes for 200 pictures: reports progress, can be stopped. */
MHO_API mho_status mho_image_bsds(mho_ctx *ctx, const char *dir, const mho_image_opt *opt,
                                  mho_bsds_result **out) MHO_CHECK;
MHO_API void mho_bsds_result_free(mho_bsds_result *result); /* NULL is allowed */

#ifdef __cplusplus
}
#endif
#endif
