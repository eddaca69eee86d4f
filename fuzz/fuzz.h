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

/* Bytes as a file in memory, one of several; its path is good until the next call for that slot. */
enum { FUZZ_SLOTS = 2 };
static inline const char *fuzz_file_at(int slot, const uint8_t *bytes, size_t n) {
    static char path[FUZZ_SLOTS][64];
    static int fd[FUZZ_SLOTS]; /* 0: not yet */
    if (!fd[slot]) {
        fd[slot] = memfd_create("input", 0);
        snprintf(path[slot], sizeof path[slot], "/proc/self/fd/%d", fd[slot]);
    }
    if (fd[slot] < 0 || ftruncate(fd[slot], 0) != 0 ||
        pwrite(fd[slot], bytes, n, 0) != (ssize_t)n) {
        abort();
    }
    return path[slot];
}

static inline const char *fuzz_file(const uint8_t *bytes, size_t n) {
    return fuzz_file_at(0, bytes, n);
}

/* Where a reader wants a file of a certain name: a folder of this process, below TMPDIR, which
 * run.py makes and removes. */
static inline const char *fuzz_folder(void) {
    static char path[256];
    if (!*path) {
        const char *base = getenv("TMPDIR");
        snprintf(path, sizeof path, "%.200s/mho-fuzz-XXXXXX", base && *base ? base : "/tmp");
        if (!mkdtemp(path)) {
            abort();
        }
    }
    return path;
}

/* Its path is good until the next call. */
static inline const char *fuzz_file_in_folder(const char *name, const uint8_t *bytes, size_t n) {
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || write(fd, bytes, n) != (ssize_t)n) {
        abort();
    }
    close(fd);
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
