/* study_int.h - many chips, safely: statistics over instances, a journal of what is done. */
#ifndef MHO_STUDY_INT_H
#define MHO_STUDY_INT_H

#include "base/base_int.h"
#include "mho/study.h"

/* ---- begin.c ---- */
/* The chip of a file, NULL: the default one. */
mho_status mho_i_begin_spec(mho_ctx *ctx, const char *chip_file, mho_chip_spec *out);
/* MHO_ERR_ARG unless there may be so many chips, and pictures for the slow path. */
mho_status mho_i_begin_check(mho_ctx *ctx, size_t n_chip, size_t n_verify);

/* ---- statistics.c ---- */
/* Quantile of Student's t at 97.5 % for n_free >= 1 degrees of freedom. */
double mho_i_student_975(size_t n_free);
void mho_i_mean_sd(size_t n, const double *x, double *mean, double *sd);
/* 95 % interval of the mean of n chips; for one chip Wilson's interval over its n_image pictures.
 */
void mho_i_interval95(size_t n, const double *x, size_t n_image, double ci95[2]);

/* ---- material.c: pictures and trained networks of the LeNet-5 experiment ---- */
enum { MHO_I_CURVE_POINT = 4097 };
const char *
mho_i_material_name(const char *data_dir); /* of the data: data_dir NULL: mho's digits */
/* The first n pictures of a part (0: all). key: what messages call n. */
mho_status mho_i_material_set(mho_ctx *ctx, const char *data_dir, uint64_t seed,
                              mho_dataset_part part, size_t n, const char *key, mho_dataset **out);
int mho_i_material_epochs(const char *data_dir, int n_epoch); /* 0: as many as suit the data */
typedef struct mho_i_lesson {
    const mho_chip_spec *spec; /* whose nominal curve and noise the training sees */
    const mho_dataset *train;
    const char *data_dir; /* decides the recipe */
    uint64_t seed;
    int n_epoch;  /* 0: as many as suit the data */
    bool unaware; /* the curve, but no noise */
} mho_i_lesson;
/* Train net, or take it from the cache. curve out: the nominal curve, to which opt->curve points;
 * opt, design out: what was used; result out, may be NULL. */
mho_status mho_i_material_train(mho_ctx *ctx, const mho_i_lesson *lesson, mho_net *net,
                                float curve[MHO_I_CURVE_POINT], mho_train_opt *opt,
                                mho_neuron_design *design, mho_train_result *result);

/* ---- journal.c: results of finished chips, appended one by one ---- */
enum { MHO_I_MAX_CLASS = 16 };
typedef struct mho_i_record {
    uint32_t instance, imperfections;
    double accuracy, program_s, evaluate_s;
    uint32_t confusion[MHO_I_MAX_CLASS * MHO_I_MAX_CLASS]; /* label*MHO_I_MAX_CLASS + predicted */
    uint64_t check;                                        /* over what stands before it */
} mho_i_record;
typedef struct mho_i_journal {
    mho_ctx *ctx;
    char path[4096];
    size_t n, cap;
    mho_i_record *record;
} mho_i_journal;
/* Open the journal named by what determines the results; torn or foreign records are dropped. */
mho_status mho_i_journal_open(mho_i_journal *j, mho_ctx *ctx, const mho_i_hash *name);
const mho_i_record *mho_i_journal_find(const mho_i_journal *j, uint32_t instance,
                                       uint32_t imperfections);
/* Kept in memory and appended to the file; a file that cannot be written is not an error. */
mho_status mho_i_journal_add(mho_i_journal *j, mho_i_record *r);
void mho_i_journal_close(mho_i_journal *j, bool finished); /* finished: the file goes */

#endif
