/* sweep_int.h - a study over chip files, in parts that know little of each other: the study file,
 * the points, who makes which chip, the journals, the sums. */
#ifndef MHO_SWEEP_INT_H
#define MHO_SWEEP_INT_H

#include "io/io_int.h"
#include "mho/sweep.h"
#include "study_int.h"

enum {
    MHO_I_MAX_AXIS = 24,
    MHO_I_MAX_POINT = 1000000,
    MHO_I_MAX_UNIT = 10000000,
    MHO_I_AXIS_KEY = 80
};

typedef struct mho_i_axis {
    mho_sweep_axis pub; /* its level and word are this axis' own */
    char name[MHO_I_AXIS_KEY];
    mho_chip_key key;
    bool is_whole; /* a number that counts something */
    size_t n_step; /* of a range; 0: not given */
    double *level;
    const char **word;
} mho_i_axis;

struct mho_study {
    mho_ctx *ctx;
    unsigned char *text; /* the file as it is */
    size_t n_text;
    char *where, *data_dir; /* data_dir NULL: mho's own digits */
    mho_chip_spec base;
    uint64_t seed;
    int n_epoch;
    size_t n_chip, n_image, n_train; /* pictures; 0: all */
    uint32_t imperfections, metrics; /* metrics: bit of each that the tables show */
    double threshold;                /* NaN: none */
    bool retrain;
    mho_sample sample;
    size_t n_sample, n_point, n_axis;
    mho_i_axis axis[MHO_I_MAX_AXIS];
    double *value; /* [n_point][n_axis] */
};

/* ---- study_axis.c ---- */
/* One entry of "axes"; appended to the study. */
mho_status mho_i_study_axis_read(mho_study *s, mho_i_yaml *doc, mho_i_yaml_node *key,
                                 mho_i_yaml_node *value);
/* Levels and values of all points, once the whole file is read; each point's spec is checked. */
mho_status mho_i_study_points(mho_study *s, mho_i_yaml *doc, mho_i_yaml_node **axis_key);
/* mho_study_spec for a thread with a context of its own. */
mho_status mho_i_study_spec(mho_ctx *ctx, const mho_study *s, size_t point, mho_chip_spec *out);

/* ---- study_sample.c: numbers in (0,1), [n_point][n_axis] in this order ---- */
void mho_i_sample_random(uint64_t seed, size_t n_point, size_t n_axis, double *u);
void mho_i_sample_halton(uint64_t seed, size_t n_point, size_t n_axis, double *u);

/* ---- sweep_queue.c: who makes which chip. Not locked: its owner is one thread or has a mutex. --
 * A worker stays at its point as long as there are chips to make, because the design of a point is
 * what it has at hand; then it takes a point that nobody is at, then helps where most is left. */
typedef struct mho_i_queue {
    mho_ctx *ctx;
    size_t n_point, n_chip, n_left, next; /* next: first point that nobody was at */
    uint8_t *known;                       /* [n_point][n_chip] made or given out */
    uint32_t *left, *cursor;              /* [n_point]: still to give out; where to look on */
} mho_i_queue;
mho_status mho_i_queue_new(mho_i_queue *q, mho_ctx *ctx, size_t n_point, size_t n_chip);
void mho_i_queue_free(mho_i_queue *q);
void mho_i_queue_known(mho_i_queue *q, size_t point, size_t chip); /* before the first claim */
/* A unit for a worker that was at *point last (n_point: at none). false: nothing is left. */
bool mho_i_queue_claim(mho_i_queue *q, size_t *point, size_t *chip);

/* ---- sweep_journal.c ---- */
typedef struct mho_i_unit {
    mho_i_hash key; /* of everything but the chip's number that determines the result */
    uint32_t chip;
    bool failed;
    double value[MHO_N_METRIC];
    char why[160]; /* of a failure */
} mho_i_unit;

/* The journals of a directory, for reading; and the one that this process appends to. */
typedef struct mho_i_sweep_journal {
    mho_ctx *ctx;
    int fd; /* -1: not open */
    double synced_s;
    bool dirty;
    char path[4096];
} mho_i_sweep_journal;
/* Calls take(user, unit) for every whole record of every journal in dir, in no certain order; torn
 * and foreign lines are skipped. */
mho_status mho_i_sweep_journal_read(mho_ctx *ctx, const char *dir,
                                    mho_status (*take)(void *user, const mho_i_unit *unit),
                                    void *user);
mho_status mho_i_sweep_journal_open(mho_i_sweep_journal *j, mho_ctx *ctx, const char *dir,
                                    int rank);
/* One write of one line; synced at most once a second. A failure leaves whole lines only. */
mho_status mho_i_sweep_journal_add(mho_i_sweep_journal *j, const mho_i_unit *unit);
mho_status mho_i_sweep_journal_close(mho_i_sweep_journal *j);
/* One line with its end and checksum from a unit, and back. n_line: its length without the end. */
int mho_i_unit_format(const mho_i_unit *unit, char *line, size_t n_line);
bool mho_i_unit_parse(const char *line, size_t n_line, mho_i_unit *unit);

/* ---- sweep_data.c: pictures and trained networks ---- */
typedef struct mho_i_sweep_data {
    mho_dataset *train, *test; /* train: NULL where nothing is trained; train_hash is still set */
    mho_dataset *few;          /* of train, for calibration */
    char train_hash[33], test_hash[33];
    const char *name;
    size_t n_train;
} mho_i_sweep_data;
mho_status mho_i_sweep_data_train(mho_ctx *ctx, const mho_study *s, mho_i_sweep_data *d);
mho_status mho_i_sweep_data_test(mho_ctx *ctx, const mho_study *s, mho_i_sweep_data *d);
void mho_i_sweep_data_free(mho_i_sweep_data *d);
/* Network trained for a specification: from out_dir/nets if it is there, else trained (with
 * checkpoints in mho's cache) and put there. ctx may be another than the data's. */
mho_status mho_i_sweep_net(mho_ctx *ctx, const mho_study *s, const mho_i_sweep_data *d,
                           const mho_chip_spec *spec, const char *out_dir, mho_net **out);
/* Everything that determines what becomes of chip c of a point, but c. */
void mho_i_sweep_key(const mho_study *s, const mho_i_sweep_data *d, const mho_chip_spec *spec,
                     const mho_net *net, mho_i_hash *key);
/* Are pictures of the training set needed after programming? */
bool mho_i_wants_calibration(const mho_chip_spec *spec);

/* ---- sweep_work.c: units made by threads and ranks ---- */
typedef struct mho_i_work {
    mho_ctx *ctx;
    const mho_study *study;
    const mho_i_sweep_data *data;
    const mho_team *team; /* NULL: alone */
    const char *out_dir;
    const mho_net *net;           /* of every point; NULL: each has its own (retrain) */
    const mho_i_hash *key;        /* [n_point], rank 0; NULL elsewhere */
    mho_i_queue *queue;           /* rank 0; NULL elsewhere */
    mho_i_sweep_journal *journal; /* NULL with train_only; closed at the end */
    bool train_only;              /* units are points whose network is trained */
    mho_status ready;             /* below 0: this rank cannot; the text is in ctx */
    size_t n_made;                /* out: chips of this process */
    double sum_unit_s;            /* out: wall time of them, added up */
} mho_i_work;
/* All ranks call it; returns when nothing is left or something failed anywhere. */
mho_status mho_i_work_run(mho_i_work *work);

/* ---- sweep_unit.c: one worker's chip ---- */
typedef struct mho_i_worker {
    mho_ctx *ctx; /* its own, of one thread */
    mho_net *net; /* of the point, with retrain */
    mho_chip *chip;
    size_t point;  /* where it is; SIZE_MAX: nowhere */
    char why[160]; /* the point's chip cannot be designed */
} mho_i_worker;
/* Make and measure a chip. A chip that cannot be made is a result, unit->failed; a failure is a
 * lack of memory, a file, a cancellation. */
mho_status mho_i_worker_make(mho_i_worker *w, const mho_i_work *work, size_t point, uint32_t number,
                             mho_i_unit *unit);
void mho_i_worker_end(mho_i_worker *w);
/* Must the study stop for it, or is it the device's own fault? */
bool mho_i_is_fatal(mho_status status);

/* ---- sweep_sums.c, sensitivity.c ---- */
void mho_i_wilson(size_t n_good, size_t n, double ci95[2]);
mho_status mho_i_sweep_sums(mho_sweep_result *r);
mho_status mho_i_sweep_effects(mho_sweep_result *r);

#endif
