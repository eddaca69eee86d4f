/* base_int.h - what every room of mho stands on: status with a message, memory that is counted and
 * can be made to fail, counter-based random numbers, quantities with units, hashes, files that are
 * written whole or not at all, growing text. Knows nothing of devices, circuits or networks. */
#ifndef MHO_BASE_INT_H
#define MHO_BASE_INT_H

#include "mho/base.h"

#include <stdarg.h>
#include <stdio.h>

#define MHO_PI          3.14159265358979323846
#define MHO_K_B_J_PER_K 1.380649e-23 /* Boltzmann constant, exact, CODATA 2018 */

/* Hot loops are compiled for several x86-64 levels and chosen at run time; gcc 11 does not know the
 * names of the levels. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && __GNUC__ >= 12 &&            \
    !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) &&      \
    !defined(MHO_COVERAGE)
#define MHO_MULTIARCH __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define MHO_MULTIARCH
#endif

/* ---- status ---- */
/* Store a message and hand the status back: return mho_i_fail(ctx, MHO_ERR_ARG, "...", ...); */
mho_status mho_i_fail(mho_ctx *ctx, mho_status status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
#ifdef __clang_analyzer__ /* it sees one file: here is what it would find in ctx.c */
#define mho_i_fail(ctx, status, ...) ((void)(mho_i_fail)(ctx, status, __VA_ARGS__), (status))
#endif
/* Put text before the message that is there: where it happened. Returns status. */
mho_status mho_i_prefix(mho_ctx *ctx, mho_status status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Run the progress callback; MHO_OK or MHO_ERR_CANCELLED. */
mho_status mho_i_progress(mho_ctx *ctx, const char *stage, double done_frac);

/* ---- memory: zeroed, 64-byte aligned, counted. Not from inside a parallel region. ---- */
/* n elements of size bytes; NULL with MHO_ERR_NOMEM noted on failure or overflow. n = 0 gives a
 * valid pointer. */
void *mho_i_alloc(mho_ctx *ctx, size_t n, size_t size);
void *mho_i_realloc(mho_ctx *ctx, void *ptr, size_t n, size_t size); /* new part zeroed */
void mho_i_free(mho_ctx *ctx, void *ptr);                            /* NULL is allowed */
char *mho_i_strdup(mho_ctx *ctx, const char *text);

/* ---- random numbers: Philox4x32-10, a pure function of (seed, purpose, device, evaluation) ----
 */
/* What a stream is for. Values never change: they are part of what a seed means. */
typedef enum mho_i_purpose {
    MHO_RNG_TEST = 1,
    MHO_RNG_INIT_WEIGHTS = 2,
    MHO_RNG_SHUFFLE = 3,
    MHO_RNG_AUGMENT = 4,
    MHO_RNG_TRAIN_WEIGHT_NOISE = 5,
    MHO_RNG_TRAIN_ACT_NOISE = 6,
    MHO_RNG_DIGITS = 7,
    MHO_RNG_PROGRAM = 8,
    MHO_RNG_NEURON_SPREAD = 9,
    MHO_RNG_READ_NOISE = 10,
    MHO_RNG_NEURON_JITTER = 11,
    MHO_RNG_DRIVER_NOISE = 12,
    MHO_RNG_VERIFY_SAMPLE = 13,
    MHO_RNG_ARRAY_RANDOM = 14,
    MHO_RNG_SENSE_NOISE = 15,
    MHO_RNG_CHIP_SEED = 16,
    MHO_RNG_TRIM = 17,
    MHO_RNG_OPTO_SPREAD = 18,
    MHO_RNG_OPTO_WRITE = 19,
    MHO_RNG_OPTO_READ = 20,
    MHO_RNG_DENDRITE = 21,
    MHO_RNG_LEARN_RUN = 40,
    MHO_RNG_LEARN_WORLD = 41,
    MHO_RNG_LEARN_ACTION = 42,
    MHO_RNG_LEARN_MAZE = 43,
    MHO_RNG_LEARN_HIDDEN = 44,
    MHO_RNG_LEARN_JITTER = 45,
    MHO_RNG_CELL_SPREAD = 50,
    MHO_RNG_CELL_PULSE = 51,
    MHO_RNG_CELL_DRIFT = 52,
    MHO_RNG_CELL_RETENTION = 53,
    MHO_RNG_CELL_TRAP = 54,
    MHO_RNG_CELL_READ = 55,
    MHO_RNG_STUCK = 56,
    MHO_RNG_BROKEN = 57,
    MHO_RNG_OFFSET = 58,
    MHO_RNG_LATCH = 59,
    MHO_RNG_SWEEP_SAMPLE = 60,
    MHO_RNG_SWEEP_DIGIT = 61,
    MHO_RNG_SWEEP_BOOTSTRAP = 62,
    MHO_RNG_MODEL_SAMPLE = 70,
    MHO_RNG_MODEL_PULSE = 71,
    MHO_RNG_MODEL_PROGRAM = 72,
    MHO_RNG_MODEL_READ = 73,
    MHO_RNG_MODEL_CHECK = 74,
    MHO_RNG_LAB = 75,
    MHO_RNG_FIT_BOOTSTRAP = 90
} mho_i_purpose;
/* Four independent 32-bit words. */
void mho_i_rng_u32x4(uint64_t seed, mho_i_purpose purpose, uint32_t device, uint32_t evaluation,
                     uint32_t block, uint32_t out[4]);
/* out[k], k < n: element k of the stream; element k does not depend on n. */
void mho_i_rng_uniform(uint64_t seed, mho_i_purpose purpose, uint32_t device, uint32_t evaluation,
                       size_t n, double *out); /* in (0,1), 32 bits */
void mho_i_rng_normal(uint64_t seed, mho_i_purpose purpose, uint32_t device, uint32_t evaluation,
                      size_t n, double *out); /* mean 0, sd 1 */
/* The same law in single precision, vectorised, about 1 ns per number; |z| < 6.7. */
void mho_i_rng_normal_f(uint64_t seed, mho_i_purpose purpose, uint32_t device, uint32_t evaluation,
                        size_t n, float *out);

/* ---- hash (FNV-1a, 128 bits): identity of inputs, not security ---- */
typedef struct mho_i_hash {
    uint64_t lo, hi;
} mho_i_hash;
mho_i_hash mho_i_hash_init(void);
void mho_i_hash_add(mho_i_hash *h, const void *data, size_t n_byte);
void mho_i_hash_hex(const mho_i_hash *h, char out[33]);

/* ---- growing text ---- */
typedef struct mho_i_text {
    mho_ctx *ctx;
    char *data; /* always ends in 0 once something was added */
    size_t len, cap;
    mho_status status; /* first failure; later additions do nothing */
} mho_i_text;
void mho_i_text_init(mho_i_text *t, mho_ctx *ctx);
void mho_i_text_add(mho_i_text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void mho_i_text_put(mho_i_text *t, const char *data, size_t n); /* as is */
void mho_i_text_free(mho_i_text *t);
/* Letters to add, drop or change to get from a to b: for "did you mean". */
int mho_i_text_distance(const char *a, const char *b);
/* The nearest word so far to one that is not known; more than a third of the letters wrong is
 * another word. */
typedef struct mho_i_guess {
    const char *wanted;
    char best[48]; /* "" while there is none */
    int distance;
} mho_i_guess;
mho_i_guess mho_i_guess_init(const char *wanted);
void mho_i_guess_add(mho_i_guess *g, const char *word);
/* "; did you mean \"x\"?" or "". Returns buf. */
const char *mho_i_guess_text(const mho_i_guess *g, char *buf, size_t n_buf);

/* ---- files ---- */
/* open and fsync that no signal interrupts. A descriptor that programs started from here do not get,
 * or -1 with errno; 0 also where the file system has nothing to sync, or -1. */
int mho_i_open(const char *path, int flags);
int mho_i_sync(int fd);
/* Whole file in memory, at most max_byte; one 0 byte follows the content. */
mho_status mho_i_file_read(mho_ctx *ctx, const char *path, size_t max_byte, unsigned char **data,
                           size_t *n_byte);
/* Written beside path, synced, renamed: the old file stays whole until the new one is. */
mho_status mho_i_file_write(mho_ctx *ctx, const char *path, const void *data, size_t n_byte);
/* The same from several places, so that large data need no copy to get a header before them. */
typedef struct mho_i_part {
    const void *data;
    size_t n_byte;
} mho_i_part;
mho_status mho_i_file_write_parts(mho_ctx *ctx, const char *path, size_t n_part,
                                  const mho_i_part *parts);
/* The same bit by bit, for results that are larger than memory: begin, put, commit; drop instead of
 * commit (or after a failed begin or put) leaves the old file as it was. drop after commit is
 * nothing. The new file has no name until it is whole, where the file system can do that; so a kill
 * leaves nothing. It gets the old file's mode, and stands where a link leads. Devices and pipes are
 * written in place. */
typedef struct mho_i_temp {
    mho_ctx *ctx;
    int fd;           /* -1: nothing open */
    char path[4096];  /* as it was given, for messages */
    char place[4096]; /* where links lead; "": written in place */
    char temp[4096];  /* "": it has no name yet */
} mho_i_temp;
mho_status mho_i_temp_begin(mho_ctx *ctx, const char *path, mho_i_temp *f);
mho_status mho_i_temp_put(mho_i_temp *f, const void *data, size_t n_byte);
mho_status mho_i_temp_commit(mho_i_temp *f);
void mho_i_temp_drop(mho_i_temp *f);
/* Can a file be made at path? Checked before hours of work, not after; changes nothing there. */
mho_status mho_i_file_writable(mho_ctx *ctx, const char *path);
bool mho_i_file_exists(const char *path);
mho_status mho_i_mkdirs(mho_ctx *ctx, const char *path);
/* dir/name into path[n_path]. MHO_ERR_IO: too long. */
mho_status mho_i_path_join(mho_ctx *ctx, const char *dir, const char *name, char *path,
                           size_t n_path);
/* Directory for cached results: $MHO_CACHE, else $XDG_CACHE_HOME/mho, else ~/.cache/mho. Made if
 * absent. */
mho_status mho_i_cache_dir(mho_ctx *ctx, char *out, size_t n_out);
double mho_i_now_s(void); /* monotonic clock */

/* ---- child processes ---- */
/* Run argv[0] (searched in PATH, no shell), feed it input[n_input], add what it writes to out and
 * err (NULL: dropped). It is killed after limit_s or when progress says stop. MHO_OK: it ran and
 * exit_status is its own (128 + number if a signal ended it). MHO_ERR_DEPENDENCY: not installed
 * (exit status 127, too), or too slow. */
mho_status mho_i_child_run(mho_ctx *ctx, const char *const argv[], const char *input,
                           size_t n_input, double limit_s, mho_i_text *out, mho_i_text *err,
                           int *exit_status);

#endif
