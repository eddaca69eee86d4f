/* mho/deploy.h - a network from a file on many chips: from NET.onnx, data and a chip file to a
 * verdict. */
#ifndef MHO_DEPLOY_H
#define MHO_DEPLOY_H

#include "mho/mapping.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MHO_DEPLOY_MAX_CHANNEL = 16 };

typedef struct mho_deploy_opt {
    size_t struct_size;
    const char *network;   /* ONNX file */
    const char *data;      /* FILE.npz, or a directory with MNIST's files (docs/network.md) */
    const char *chip_file; /* NULL: the default chip */
    size_t n_chip;         /* >= 1 */
    size_t n_image;        /* pictures to evaluate; 0: all that are not used to calibrate */
    size_t n_calibrate;    /* >= 1 pictures that decide ranges and corrections: of a directory the
                              first of the training part, of an NPZ file every k-th, which is then not
                              evaluated */
    size_t n_verify;       /* pictures through the slow path; 0: none */
    size_t n_norm;         /* numbers in mean and sd: 0: as they are, 1, or one for each channel */
    double mean[MHO_DEPLOY_MAX_CHANNEL], sd[MHO_DEPLOY_MAX_CHANNEL]; /* x = (x - mean)/sd */
    mho_map_opt map;
    uint64_t seed;
} mho_deploy_opt;
/* One chip, 128 pictures to calibrate, the rest of the data. */
MHO_API mho_deploy_opt mho_deploy_opt_default(void);

typedef struct mho_deploy_stage {
    mho_stage_info info;
    double chip_error_rel, chip_correlation; /* of chip 0 with everything on, over 128 pictures */
} mho_deploy_stage;

typedef struct mho_deploy_result {
    const char *network, *data; /* as given */
    uint64_t seed;
    size_t n_image, n_calibrate, n_score;
    bool labelled;
    /* Share of pictures whose label is found, NaN without labels; and share for which the largest
     * score is that of the exact network. */
    double software_accuracy;
    double ideal_accuracy, ideal_agreement; /* chip with every imperfection off */
    double digital_accuracy,
        digital_agreement; /* chip 0, but with ADC and exact ReLU for neurons */
    size_t n_chip;
    double *chip_accuracy, *chip_agreement; /* [n_chip] */
    double mean, sd, ci95[2];               /* of accuracy; of agreement without labels */
    double agreement_mean, agreement_sd, agreement_ci95[2]; /* likewise */
    mho_chip_spec spec;
    mho_neuron_design neuron;
    mho_chip_map_info map;
    size_t n_stage;
    mho_deploy_stage *stage; /* [n_stage] */
    size_t n_note;
    char **note;                /* [n_note] what was done to the graph */
    mho_program_report program; /* of chip 0 */
    mho_chip_cost cost, digital_cost;
    bool verified;
    mho_chip_verify verify;
    double design_s, program_s, evaluate_s, verify_s, total_s; /* program, evaluate: a chip */
    size_t peak_byte;                                          /* memory that the library held */
    mho_ctx *ctx;                                              /* the library's own */
} mho_deploy_result;

/* Long: reports progress, can be stopped; finished chips are kept, so that the same call goes on
 * where a killed one was, and ends with the same bits. */
MHO_API mho_status mho_deploy(mho_ctx *ctx, const mho_deploy_opt *opt,
                              mho_deploy_result **out) MHO_CHECK;
MHO_API void mho_deploy_result_free(mho_deploy_result *result); /* NULL is allowed */
/* JSON text, to be given back with mho_text_free, and a self-contained page. */
MHO_API mho_status mho_deploy_report_json(mho_ctx *ctx, const mho_deploy_result *result,
                                          char **text) MHO_CHECK;
MHO_API mho_status mho_deploy_report_html(mho_ctx *ctx, const mho_deploy_result *result,
                                          const char *path) MHO_CHECK;

#ifdef __cplusplus
}
#endif
#endif
