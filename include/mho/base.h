/* mho/base.h - status codes, context, progress.
 *
 * Conventions of every header of this library
 *   - All values are SI; the suffix of a name is its unit (dt_s, g_max_S, v_V). Pure numbers end in
 *     _rel, _frac, _ratio or _gain.
 *   - Matrices are row-major; x[n_row][n_col] has element (r,c) at x[r*n_col + c].
 *   - What you pass in stays yours; the library copies what it keeps. Results go into your arrays.
 *   - A function that can fail returns mho_status: < 0 failed, outputs untouched (objects NULL);
 *     0 done; > 0 done with a reservation. The text is in mho_ctx_last_error().
 *   - A context and the objects made from it are used by one thread at a time; different contexts
 *     are independent. The library never prints, exits or aborts.                               */
#ifndef MHO_BASE_H
#define MHO_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define MHO_API   __attribute__((visibility("default")))
#define MHO_CHECK __attribute__((warn_unused_result))
#else
#define MHO_API
#define MHO_CHECK
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define MHO_STATUS_LIST(X)                                                                         \
    X(MHO_OK, 0, "done")                                                                           \
    X(MHO_WARN_NOT_CONVERGED, 1, "done, but the result did not converge: do not trust it")         \
    X(MHO_ERR_ARG, -1, "an argument is not allowed")                                               \
    X(MHO_ERR_DIM, -2, "shapes do not match")                                                      \
    X(MHO_ERR_NOMEM, -3, "out of memory")                                                          \
    X(MHO_ERR_IO, -4, "a file could not be read or written")                                       \
    X(MHO_ERR_FORMAT, -5, "the content of a file is not what it should be")                        \
    X(MHO_ERR_SINGULAR, -6, "the circuit has no unique solution")                                  \
    X(MHO_ERR_CANCELLED, -7, "stopped on request")                                                 \
    X(MHO_ERR_DEPENDENCY, -8, "a program that mho calls is not installed")                         \
    X(MHO_ERR_INTERNAL, -9, "internal error")

typedef enum mho_status {
#define MHO_STATUS_ENUM(name, value, text) name = (value),
    MHO_STATUS_LIST(MHO_STATUS_ENUM)
#undef MHO_STATUS_ENUM
} mho_status;

/* Text of a status, never NULL. */
MHO_API const char *mho_status_text(mho_status status);

/* Version of the library, "major.minor.patch". */
MHO_API const char *mho_version(void);

typedef struct mho_ctx mho_ctx;

/* Make a context: holds the last error, the number of threads, the progress callback.
 * Side effect: tells OpenBLAS, if that is the BLAS in use, to run each call on the calling thread,
 * because mho does its own threading with results that do not depend on the number of threads.  */
MHO_API mho_status mho_ctx_new(mho_ctx **out) MHO_CHECK;
MHO_API void mho_ctx_free(mho_ctx *ctx); /* NULL is allowed */

/* Message of the last failed or not converged call: names the value, where it stands and what is
 * allowed. "" if there was none. Valid until the next call on the context.                       */
MHO_API const char *mho_ctx_last_error(const mho_ctx *ctx);

/* n_thread in [1, 1024]; default: the processors that this process may run on. Results do not
 * depend on it.                                                                                  */
MHO_API mho_status mho_ctx_set_threads(mho_ctx *ctx, int n_thread) MHO_CHECK;
MHO_API int mho_ctx_threads(const mho_ctx *ctx);

/* Progress of calls that may take over a second. stage: what is done now, valid during the call;
 * done_frac in [0, 1]. Return false to stop: the running function returns MHO_ERR_CANCELLED.
 * Called from the thread that called the library.                                                */
typedef bool (*mho_progress_fn)(void *user, const char *stage, double done_frac);
MHO_API void mho_ctx_set_progress(mho_ctx *ctx, mho_progress_fn fn, void *user);

/* Read a quantity as people write it: "2 ohm", "60 uS", "3 %". unit is the base unit wanted ("ohm",
 * "S", "V", "s", "K", "m2" ...; "" for a pure number, which may be written with %). A number
 * without a unit is refused unless unit is "" or the number is 0. false: why[n_why] gets what is
 * wrong and what is allowed, *value is left as it was. */
MHO_API bool mho_quantity_parse(const char *text, const char *unit, double *value, char *why,
                                size_t n_why);
/* "12.5 ns" from 1.25e-8 and "s" with so many significant digits. Returns buf. */
MHO_API char *mho_quantity_format(double value, const char *unit, int digits, char *buf,
                                  size_t n_buf);

/* Give back a text that a function of the library handed out. NULL is allowed. */
MHO_API void mho_text_free(mho_ctx *ctx, char *text);

/* out[n]: numbers uniform in (lo_value, hi_value), a pure function of seed and stream; number k
 * does not depend on n. */
MHO_API void mho_uniform(uint64_t seed, uint32_t stream, size_t n, double lo_value, double hi_value,
                         double *out);

/* Bytes held at present and at most so far through this context. */
MHO_API size_t mho_ctx_bytes(const mho_ctx *ctx);
MHO_API size_t mho_ctx_peak_bytes(const mho_ctx *ctx);

/* Testing: the n-th allocation from now fails (n >= 1), 0 switches it off. */
MHO_API void mho_ctx_fail_alloc(mho_ctx *ctx, size_t n);

#ifdef __cplusplus
}
#endif
#endif
