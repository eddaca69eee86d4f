/* mho/remedy.h - LeNet-5 on chips that grow old or were made badly on purpose, and what remedies
 * win back. Every row is measured on the same instances with and without, so that a small gain
 * means something: its interval is that of the paired differences. */
#ifndef MHO_REMEDY_H
#define MHO_REMEDY_H

#include "mho/chip.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mho_remedy_opt {
    size_t struct_size;
    const char *data_dir;  /* MNIST in IDX files; NULL: mho's own digits, 20,000 and 4,000 */
    const char *chip_file; /* what the bad chips start from; NULL: the default chip */
    size_t n_chip;         /* >= 2: instances a row */
    size_t n_image;        /* test pictures; 0: all */
    int n_epoch;           /* of training; 0: the default */
    uint64_t seed;
} mho_remedy_opt;
#define MHO_REMEDY_OPT_INIT                                                                        \
    { sizeof(mho_remedy_opt), NULL, NULL, 5, 0, 0, 1 }

/* Accuracy over instances. */
typedef struct mho_score {
    double mean, sd;
    double ci95[2]; /* of the mean, Student */
} mho_score;

/* ---- remedies ---- */
typedef struct mho_remedy_row {
    const char *name; /* "write-verify" */
    const char *bad;  /* what was done to the chip: "one write attempt, error 20 % rms" */
    mho_score without, with;
    mho_score gain; /* paired: with minus without */
} mho_remedy_row;
typedef struct mho_remedy_result {
    const char *data_name;
    size_t n_train, n_image, n_chip, n_row;
    double healthy;      /* mean accuracy of the chip that the bad ones start from */
    mho_remedy_row *row; /* [n_row] */
    double total_s;
    mho_ctx *ctx; /* the library's own */
} mho_remedy_result;
/* Every remedy on a chip that is bad in the way it is made for. Long: reports progress, can be
 * stopped; only the trained networks are kept. */
MHO_API mho_status mho_remedy_run(mho_ctx *ctx, const mho_remedy_opt *opt,
                                  mho_remedy_result **out) MHO_CHECK;
MHO_API void mho_remedy_result_free(mho_remedy_result *result); /* NULL is allowed */

/* ---- ageing ---- */
enum { MHO_AGEING_N_AGE = 5 }; /* 1 s, 1 h, 1 day, 1 month, 1 year */
typedef struct mho_ageing_row {
    const char *model; /* "pcm" */
    double age_s;
    const char *age;              /* "1 month" */
    mho_score plain, compensated; /* without and with drift compensation */
    mho_score gain;               /* paired */
} mho_ageing_row;
typedef struct mho_ageing_result {
    const char *data_name;
    size_t n_train, n_image, n_chip, n_row;
    mho_ageing_row *row; /* [n_row]: model by model, MHO_AGEING_N_AGE ages each */
    double total_s;
    mho_ctx *ctx; /* the library's own */
} mho_ageing_result;
/* The same chips through a year. Without a chip file: one study each of pcm and cbram cells on the
 * default chip; with one: of the cells that it describes. The network is trained for each chip.
 * What is read at 1 s stands for "at once": pcm is read for the first time after 20 s. */
MHO_API mho_status mho_ageing_run(mho_ctx *ctx, const mho_remedy_opt *opt,
                                  mho_ageing_result **out) MHO_CHECK;
MHO_API void mho_ageing_result_free(mho_ageing_result *result); /* NULL is allowed */

/* Either result as one JSON object with stable keys; to be given back with mho_text_free. */
MHO_API mho_status mho_remedy_json(mho_ctx *ctx, const mho_remedy_result *result,
                                   char **text) MHO_CHECK;
MHO_API mho_status mho_ageing_json(mho_ctx *ctx, const mho_ageing_result *result,
                                   char **text) MHO_CHECK;

#ifdef __cplusplus
}
#endif
#endif
