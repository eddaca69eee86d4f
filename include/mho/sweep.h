/* mho/sweep.h - studies: many chips over many values of the chip file, resumable, on one machine or
 * many. docs/sweep.md has the study file.
 *
 * A study is a list of points; a point is a chip specification; at every point n_chip instances are
 * made and measured. Chip c of every point has the same number, hence the same luck: differences
 * between points are differences of the chips' specification.
 * Everything lies in one directory: journals of finished chips, tables, page. A chip that is in a
 * journal is never made again; what it is filed under is a hash of all that determines its result,
 * so that a changed study takes over whatever it still has in common with the old one.
 * Results are the same bits for any number of threads, ranks and interruptions. */
#ifndef MHO_SWEEP_H
#define MHO_SWEEP_H

#include "mho/chip.h"

#ifdef __cplusplus
extern "C" {
#endif

/* name, unit, help: what is measured on every chip. Values go into journals and tables in this
 * order; new ones are added at the end. */
#define MHO_METRIC_LIST(X)                                                                         \
    X(ACCURACY, "accuracy", "", "share of the test pictures with the right class")                 \
    X(ENERGY, "energy", "J", "energy of a picture, everything included")                           \
    X(LATENCY, "latency", "s", "time of a picture from input to winner")                           \
    X(PIPELINED, "pipelined", "s", "time per picture when all layers work at once")                \
    X(AREA, "area", "m2", "area of the chip")                                                      \
    X(WRITE_ENERGY, "write_energy", "J", "energy of programming the chip once")                    \
    X(WRITE_ERROR, "write_error", "", "rms of what write-verify leaves, over g_max - g_min")       \
    X(TRIM_CLIPPED, "trim_clipped", "", "neurons whose bias trim ended at its limit")
typedef enum mho_metric {
#define MHO_METRIC_ENUM(id, name, unit, help) MHO_METRIC_##id,
    MHO_METRIC_LIST(MHO_METRIC_ENUM)
#undef MHO_METRIC_ENUM
        MHO_N_METRIC
} mho_metric;
MHO_API const char *mho_metric_name(mho_metric m);
MHO_API const char *mho_metric_unit(mho_metric m); /* "" for a pure number */
MHO_API const char *mho_metric_help(mho_metric m);

/* ---- Studies ---- */
typedef struct mho_study mho_study;

typedef enum mho_sample {
    MHO_SAMPLE_GRID = 0,   /* every combination of the axes' levels */
    MHO_SAMPLE_RANDOM = 1, /* independent, uniform (or uniform in the logarithm) */
    MHO_SAMPLE_HALTON = 2  /* Halton's sequence with random digit permutations */
} mho_sample;

typedef struct mho_sweep_axis {
    const char *key;         /* "chip.array.wire" */
    const char *unit;        /* "" for a pure number or words */
    const char *help;        /* of the parameter */
    double lo, hi;           /* smallest and largest value, SI; words: 0 and n_level - 1 */
    bool log;                /* spaced, drawn and shown by the logarithm */
    bool share;              /* a pure number that reads best in percent */
    size_t n_level;          /* levels of a list or grid; 0: drawn anywhere between lo and hi */
    const double *level;     /* [n_level] SI; words: 0, 1, ... */
    const char *const *word; /* [n_level]; NULL unless the levels are words */
} mho_sweep_axis;

/* Read a study file. Everything that is wrong in it, in its chip file and in any single point's
 * specification is found here: errors name file, line, column, key, value and what is allowed.
 * MHO_ERR_IO, _FORMAT, _NOMEM. */
MHO_API mho_status mho_study_load(mho_ctx *ctx, const char *path, mho_study **out) MHO_CHECK;
MHO_API void mho_study_free(mho_study *study); /* NULL is allowed */

MHO_API size_t mho_study_n_point(const mho_study *study); /* 1 without axes */
MHO_API size_t mho_study_n_axis(const mho_study *study);
MHO_API size_t mho_study_n_chip(const mho_study *study); /* at every point */
/* axis < n_axis; pointers live as long as the study. */
MHO_API const mho_sweep_axis *mho_study_axis(const mho_study *study, size_t axis);
/* SI; words: index of the level. */
MHO_API double mho_study_value(const mho_study *study, size_t point, size_t axis);
/* "2 ohm", "3 %", "per-column": a value of an axis as in a chip file, three digits. Returns buf. */
MHO_API char *mho_sweep_axis_text(const mho_sweep_axis *axis, double value, char *buf,
                                  size_t n_buf);
MHO_API const mho_chip_spec *mho_study_base(const mho_study *study);
MHO_API uint64_t mho_study_seed(const mho_study *study);
MHO_API mho_sample mho_study_sample(const mho_study *study);
MHO_API uint32_t mho_study_imperfections(const mho_study *study);        /* bits of MHO_IMP_* */
MHO_API bool mho_study_retrains(const mho_study *study);                 /* a network a point */
MHO_API bool mho_study_shows(const mho_study *study, mho_metric metric); /* in the tables */
MHO_API int mho_study_n_epoch(const mho_study *study); /* of training, defaults filled in */
/* Specification of a point. */
MHO_API mho_status mho_study_spec(const mho_study *study, size_t point,
                                  mho_chip_spec *out) MHO_CHECK;
/* More or fewer chips at every point than the file says; the first ones are the same. */
MHO_API mho_status mho_study_set_chips(mho_study *study, size_t n_chip) MHO_CHECK;
/* Another place of the data than the file says: a directory with MNIST files. */
MHO_API mho_status mho_study_set_data(mho_study *study, const char *dir) MHO_CHECK;

/* ---- Many processes ----
 * What a study needs of a message-passing system: questions to rank 0 and a barrier. The library
 * does not know MPI; libmho_mpi.so makes such a team (docs/sweep.md says why). Every function is
 * called by one thread at a time; false: the team is broken. */
typedef struct mho_team {
    void *user;
    int rank, n_rank;
    bool (*barrier)(void *user); /* waits for all, without using the processor */
    /* Ranks above 0: send n_byte bytes to rank 0 and wait for as many back, in place. */
    bool (*ask)(void *user, void *message, size_t n_byte);
    /* Rank 0: take a waiting question; *from < 0 if there is none. Never waits. */
    bool (*poll)(void *user, int *from, void *message, size_t n_byte);
    /* Rank 0: reply to the question of rank to. */
    bool (*reply)(void *user, int to, const void *message, size_t n_byte);
} mho_team;

/* ---- Running ---- */
typedef struct mho_sweep_plan {     /* known before the work begins */
    size_t n_point, n_chip, n_unit; /* n_unit: chips in all */
    size_t n_known;                 /* of them already in the journals */
    size_t n_worker;                /* chips at a time, all ranks together */
    size_t bytes;                   /* memory of this process, about */
} mho_sweep_plan;

typedef struct mho_sweep_opt {
    size_t struct_size;
    const char *out_dir;  /* made if absent */
    const mho_team *team; /* NULL: this process alone */
    /* Told once before the chips are made; may be NULL. */
    void (*begin)(void *user, const mho_sweep_plan *plan);
    void *user;
} mho_sweep_opt;
#define MHO_SWEEP_OPT_INIT                                                                         \
    { sizeof(mho_sweep_opt), NULL, NULL, NULL, NULL }

typedef struct mho_sweep_point {
    size_t n_chip, n_failed;                     /* asked for; of them that could not be made */
    double mean[MHO_N_METRIC], sd[MHO_N_METRIC]; /* over the chips that were made; NaN if none */
    double ci95[2]; /* of the mean accuracy (Student t; one chip or equal ones: Wilson) */
    double min;     /* accuracy of the worst chip */
    size_t worst;   /* its number */
    size_t n_good;  /* chips at or above the threshold */
    double yield, yield_ci95[2]; /* n_good/n_chip and Wilson's interval */
    char *why;                   /* of a failure; NULL: none */
} mho_sweep_point;

/* What an axis does to the mean accuracy of a point (docs/sweep.md, "What breaks first"). */
typedef struct mho_sweep_effect {
    size_t axis;
    double loss, loss_ci95[2];   /* best minus worst accuracy along the axis, others averaged */
    double share, share_ci95[2]; /* of the variance of the points' accuracy, first order */
    double best, worst;          /* values of the axis there; words: index of the level */
} mho_sweep_effect;

/* One level of an axis, over all points that have it. */
typedef struct mho_sweep_level {
    double value;            /* words: index of the level */
    double mean, ci95[2];    /* accuracy; Student's t over chips, each averaged over the points */
    double low, high, worst; /* 5 and 95 % of the chips; the worst one */
} mho_sweep_level;

enum { MHO_SWEEP_N_FIT = 41 };
typedef struct mho_sweep_result {
    mho_ctx *ctx;
    const mho_study *study; /* must live as long */
    size_t n_point, n_chip, n_axis, n_image, n_train;
    const char *data_name;
    char data_hash[33],
        key[33];              /* of the test pictures; of everything that determines the result */
    double threshold;         /* of the yield; NaN: none */
    double software_accuracy; /* base network, exact arithmetic and exact ReLU */
    double ideal_accuracy;    /* base chip, every imperfection off; NaN if it cannot be made */
    double *value;            /* [n_point][n_chip][MHO_N_METRIC], NaN where not made */
    mho_sweep_point *point;   /* [n_point] */
    size_t n_effect;          /* 0: too few points to tell */
    mho_sweep_effect *effect; /* [n_effect], largest loss first */
    size_t n_level, *first_level; /* axis k: level[first_level[k]] to before first_level[k+1] */
    mho_sweep_level *level;       /* [n_level]; a drawn axis has none */
    double rest_share;            /* variance that no single axis explains */
    bool *front;                  /* [n_point]: nothing is both cheaper and more accurate */
    double *fit;                  /* [n_axis][MHO_SWEEP_N_FIT]: mean accuracy along a drawn axis */
    size_t n_failed;              /* chips that could not be made */
    /* not part of the result: how this run went */
    size_t n_known, n_made;
    double total_s, unit_s; /* wall time of this run; of a chip, mean of this run's chips */
} mho_sweep_result;

/* Run or go on with a study. Long: progress, can be stopped. *out is NULL on ranks above 0.
 * MHO_ERR_IO: a file could not be written (a full disk), or another process works in out_dir;
 * MHO_ERR_CANCELLED. Finished chips are kept in any case: the same call goes on. */
MHO_API mho_status mho_sweep_run(mho_ctx *ctx, const mho_study *study, const mho_sweep_opt *opt,
                                 mho_sweep_result **out) MHO_CHECK;
MHO_API void mho_sweep_result_free(mho_sweep_result *result); /* NULL is allowed */

#ifdef __cplusplus
}
#endif
#endif
