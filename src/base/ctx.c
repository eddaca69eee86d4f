/* ctx.c - the context: last error, threads, progress, counted memory. */
#define _GNU_SOURCE
#include "base_int.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MHO_ADDRESS_SANITIZER
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define MHO_ADDRESS_SANITIZER
#endif
#ifdef MHO_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

#ifndef MHO_VERSION
#define MHO_VERSION "0.0.0"
#endif

struct mho_ctx {
    int n_thread;
    mho_progress_fn progress;
    void *progress_user;
    size_t bytes, peak_bytes;
    size_t fail_in; /* allocations until one fails; 0: never */
    char error[1024];
};

/* Only if OpenBLAS is what the process was linked with. */
extern void openblas_set_num_threads(int n) __attribute__((weak));

const char *mho_version(void) {
    return MHO_VERSION;
}

const char *mho_status_text(mho_status status) {
    switch (status) {
#define MHO_STATUS_CASE(name, value, text)                                                         \
    case name:                                                                                     \
        return text;
        MHO_STATUS_LIST(MHO_STATUS_CASE)
#undef MHO_STATUS_CASE
    }
    return "unknown status";
}

mho_status mho_ctx_new(mho_ctx **out) {
    *out = NULL;
    mho_ctx *ctx = calloc(1, sizeof *ctx);
    if (!ctx) {
        return MHO_ERR_NOMEM;
    }
    ctx->n_thread = omp_get_num_procs();
    if (openblas_set_num_threads) {
        openblas_set_num_threads(1);
    }
    *out = ctx;
    return MHO_OK;
}

void mho_ctx_free(mho_ctx *ctx) {
    free(ctx);
}

const char *mho_ctx_last_error(const mho_ctx *ctx) {
    return ctx->error;
}

mho_status mho_ctx_set_threads(mho_ctx *ctx, int n_thread) {
    if (n_thread < 1 || n_thread > 1024) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "threads = %d: allowed are 1 to 1024", n_thread);
    }
    ctx->n_thread = n_thread;
    return MHO_OK;
}

int mho_ctx_threads(const mho_ctx *ctx) {
    return ctx->n_thread;
}

void mho_ctx_set_progress(mho_ctx *ctx, mho_progress_fn fn, void *user) {
    ctx->progress = fn;
    ctx->progress_user = user;
}

size_t mho_ctx_bytes(const mho_ctx *ctx) {
    return ctx->bytes;
}

size_t mho_ctx_peak_bytes(const mho_ctx *ctx) {
    return ctx->peak_bytes;
}

void mho_ctx_fail_alloc(mho_ctx *ctx, size_t n) {
    ctx->fail_in = n;
}

#undef mho_i_fail
mho_status mho_i_fail(mho_ctx *ctx, mho_status status, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(ctx->error, sizeof ctx->error, fmt, ap);
    va_end(ap);
    return status;
}

mho_status mho_i_prefix(mho_ctx *ctx, mho_status status, const char *fmt, ...) {
    char old[sizeof ctx->error];
    memcpy(old, ctx->error, sizeof old);
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(ctx->error, sizeof ctx->error, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof ctx->error) {
        snprintf(ctx->error + n, sizeof ctx->error - (size_t)n, "%s", old);
    }
    return status;
}

mho_status mho_i_progress(mho_ctx *ctx, const char *stage, double done_frac) {
    if (ctx->progress && !ctx->progress(ctx->progress_user, stage, done_frac)) {
        return mho_i_fail(ctx, MHO_ERR_CANCELLED, "stopped during: %s", stage);
    }
    return MHO_OK;
}

double mho_i_now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- memory: size and start of the allocation stand in a 64-byte header before the block ---- */

enum { HEADER_BYTES = 64 };

/* What stands around a block is ours, not the caller's: with the address sanitizer a step beyond
 * either end is seen at the first byte. Without it these do nothing. */
static void hide(const char *start, const char *end) {
#ifdef MHO_ADDRESS_SANITIZER
    __asan_poison_memory_region(start, (size_t)(end - start));
#else
    (void)start, (void)end;
#endif
}

static void show(const char *start, const char *end) {
#ifdef MHO_ADDRESS_SANITIZER
    __asan_unpoison_memory_region(start, (size_t)(end - start));
#else
    (void)start, (void)end;
#endif
}

static const char *size_text(size_t n_byte, char buf[32]) {
    if (n_byte < 1 << 20) {
        snprintf(buf, 32, "%zu bytes", n_byte);
    } else {
        snprintf(buf, 32, "%.3g GiB", (double)n_byte / 0x1p30);
    }
    return buf;
}

static void *alloc_bytes(mho_ctx *ctx, size_t n_byte) {
    if (ctx->fail_in && --ctx->fail_in == 0) {
        mho_i_fail(ctx, MHO_ERR_NOMEM, "out of memory (%zu bytes; provoked)", n_byte);
        return NULL;
    }
    /* calloc knows when fresh pages are zero already: large blocks are not touched here, but first
     * by the thread that works in them */
    size_t total = n_byte + 2 * HEADER_BYTES;
    char *raw = total > n_byte ? calloc(total, 1) : NULL;
    if (!raw) {
        char wanted[32], held[32];
        mho_i_fail(ctx, MHO_ERR_NOMEM, "out of memory: %s wanted, %s in use",
                   size_text(n_byte, wanted), size_text(ctx->bytes, held));
        return NULL;
    }
    char *block = raw + (HEADER_BYTES - (uintptr_t)raw % HEADER_BYTES);
    memcpy(block, &n_byte, sizeof n_byte);
    memcpy(block + sizeof n_byte, &raw, sizeof raw);
    ctx->bytes += n_byte;
    if (ctx->bytes > ctx->peak_bytes) {
        ctx->peak_bytes = ctx->bytes;
    }
    hide(raw, block + HEADER_BYTES);
    hide(block + HEADER_BYTES + n_byte, raw + total);
    return block + HEADER_BYTES;
}

void *mho_i_alloc(mho_ctx *ctx, size_t n, size_t size) {
    if (size && n > (SIZE_MAX / 2) / size) {
        mho_i_fail(ctx, MHO_ERR_NOMEM, "out of memory: %zu elements of %zu bytes wanted", n, size);
        return NULL;
    }
    return alloc_bytes(ctx, n * size);
}

/* The size of a block and where its allocation starts. */
static size_t block_bytes(const char *ptr, char **raw) {
    const char *header = ptr - HEADER_BYTES;
    size_t n_byte;
    show(header, ptr);
    memcpy(&n_byte, header, sizeof n_byte);
    memcpy(raw, header + sizeof n_byte, sizeof *raw);
    hide(header, ptr);
    return n_byte;
}

void *mho_i_realloc(mho_ctx *ctx, void *ptr, size_t n, size_t size) {
    void *fresh = mho_i_alloc(ctx, n, size);
    if (fresh && ptr) {
        char *raw;
        size_t old = block_bytes(ptr, &raw), now = n * size;
        memcpy(fresh, ptr, old < now ? old : now);
        mho_i_free(ctx, ptr);
    }
    return fresh;
}

void mho_i_free(mho_ctx *ctx, void *ptr) {
    if (ptr) {
        char *raw;
        ctx->bytes -= block_bytes(ptr, &raw);
        free(raw);
    }
}

char *mho_i_strdup(mho_ctx *ctx, const char *text) {
    size_t n = strlen(text) + 1;
    char *copy = mho_i_alloc(ctx, n, 1);
    if (copy) {
        memcpy(copy, text, n);
    }
    return copy;
}
