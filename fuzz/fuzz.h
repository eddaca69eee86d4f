/* fuzz.h - what all fuzz targets share. A target is one file fuzz_NAME.c with fuzz_one(): it hands
 * bytes to a reader as a user's file would be. Two things are held for every input: whatever the
 * reader says, all memory is given back, and a refusal has a message. */
#ifndef MHO_FUZZ_H
#define MHO_FUZZ_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memfd_create */
#endif

#include "base/base_int.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void fuzz_one(mho_ctx *ctx, const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* The input as a file in memory; its path is good until the next call. */
static inline const char *fuzz_file(const uint8_t *bytes, size_t n) {
    static char path[64];
    static int fd = -1;
    if (fd < 0) {
        fd = memfd_create("input", 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    if (fd < 0 || ftruncate(fd, 0) != 0 || pwrite(fd, bytes, n, 0) != (ssize_t)n) {
        abort();
    }
    return path;
}

/* A refusal says why. */
static inline mho_status fuzz_said(mho_ctx *ctx, mho_status status) {
    if (status < 0 && !*mho_ctx_last_error(ctx)) {
        abort();
    }
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    mho_ctx *ctx = NULL;
    if (mho_ctx_new(&ctx) != MHO_OK) {
        abort();
    }
    (void)mho_ctx_set_threads(ctx, 1);
    fuzz_one(ctx, bytes, n);
    if (mho_ctx_bytes(ctx) != 0) {
        fprintf(stderr, "%zu bytes not given back\n", (size_t)mho_ctx_bytes(ctx));
        abort();
    }
    mho_ctx_free(ctx);
    return 0;
}

#endif
