/* mho/study.h - many chips: the main job, from a data set and a chip file to a verdict. */
#ifndef MHO_STUDY_H
#define MHO_STUDY_H

#include "mho/chip.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mho_run_opt {
    size_t struct_size;
    const char *data_dir;  /* MNIST in IDX files; NULL: mho's own digits, 20,000 and 4,000 */
    const char *chip_file; /* NULL: the default chip */
    size_t n_chip;         /* >= 1 */
    size_t n_budget_chip;  /* chips for the loss budget; 0: no budget */
    size_t n_image;        /* test pictures; 0: all */
    size_t n_verify;       /* pictures through the slow path; 0: none */
    int n_epoch;           /* 0: the default */
    uint64_t seed;
    double age_s; /* time from writing to reading; < 0: as the chip file says */
} mho_run_opt;
#define MHO_RUN_OPT_INIT                                                                           \
    { sizeof(mho_run_opt), NULL, NULL, 20, 5, 0, 0, 0, 1, -1 }

typedef struct mho_budget_row {
    const char *name, *text;
    double only, all_but;       /* mean accuracy over the budget's chips */
    double only_sd, all_but_sd; /* standard deviation over chips */
} mho_budget_row;

typedef struct mho_run_miss { /* a misclassified test picture, chip 0 */
    size_t index;
    uint8_t label, predicted;
    const uint8_t *pixels; /* [n_row][n_col] */
} mho_run_miss;

/* What activation hardware costs elsewhere (published), beside ours. */
typedef struct mho_alternative {
    const char *name, *source;
    double energy_J; /* per activation; NaN: not given */
    double area_m2;  /* NaN: not given */
    const char *note;
} mho_alternative;
MHO_API size_t mho_alternative_count(void);
MHO_API mho_alternative mho_alternative_get(size_t k);

enum { MHO_RUN_MAX_MISS = 24, MHO_RUN_N_CURVE = 40, MHO_RUN_N_POINT = 161 };

typedef struct mho_run_result {
    const char *data_name; /* "MNIST (directory)" or "mho digits" */
    uint64_t seed;
    size_t n_train, n_image, n_row, n_col, n_class;
    double software_accuracy; /* the same weights, exact arithmetic and exact ReLU */
    double curve_accuracy;    /* the same weights, nominal neuron curve, nothing else */
    double ideal_accuracy;    /* chip with every imperfection off */
    size_t n_chip;
    double *chip_accuracy;    /* [n_chip] */
    double mean, sd, ci95[2]; /* over chips; interval of the mean (Student t) */
    size_t n_budget, n_budget_chip;
    mho_budget_row *budget;        /* [n_budget] */
    double no_trim_accuracy;       /* all imperfections, no bias trim; NaN without a budget */
    double no_compensate_accuracy; /* all imperfections, targets not bent for the wires; likewise */
    mho_chip_spec spec;
    mho_neuron_design neuron;
    mho_program_report program; /* of chip 0 */
    mho_chip_cost cost;
    size_t *confusion; /* [n_class][n_class]: label, predicted; summed over chips */
    size_t n_miss;
    mho_run_miss miss[MHO_RUN_MAX_MISS];
    size_t n_curve; /* sampled devices */
    double z_min, z_max;
    float nominal[MHO_RUN_N_POINT];
    float curve[MHO_RUN_N_CURVE][MHO_RUN_N_POINT];
    size_t tile_rows, tile_cols;
    double *tile_drop_rel; /* [tile_rows][tile_cols] */
    bool verified;
    mho_chip_verify verify;
    mho_train_result train;
    mho_train_opt train_opt;
    double train_s, program_s, evaluate_s, budget_s, verify_s,
        total_s;               /* program, evaluate: a chip */
    double published_accuracy; /* 0.9838 */
    const char *published_source;
    mho_ctx *ctx;         /* the library's own */
    uint8_t *miss_pixels; /* likewise: what miss[].pixels point into */
} mho_run_result;

/* The main job on LeNet-5. Long: reports progress, can be stopped; training and finished chips are
 * kept, so that the same call goes on where a killed one was. */
MHO_API mho_status mho_run_lenet5(mho_ctx *ctx, const mho_run_opt *opt,
                                  mho_run_result **out) MHO_CHECK;
MHO_API void mho_run_result_free(mho_run_result *result); /* NULL is allowed */

#ifdef __cplusplus
}
#endif
#endif
