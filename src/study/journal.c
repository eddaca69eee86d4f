/* journal.c - finished chips are appended to a file in the cache, so that a killed study goes on.
 */
#define _GNU_SOURCE
#include "study_int.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t checksum(const mho_i_record *r) {
    mho_i_hash h = mho_i_hash_init();
    mho_i_hash_add(&h, r, offsetof(mho_i_record, check));
    return h.lo ^ h.hi;
}

static mho_status keep(mho_i_journal *j, const mho_i_record *r) {
    if (j->n == j->cap) {
        size_t cap = j->cap ? 2 * j->cap : 64;
        mho_i_record *more = mho_i_realloc(j->ctx, j->record, cap, sizeof *more);
        if (!more) {
            return MHO_ERR_NOMEM;
        }
        j->record = more;
        j->cap = cap;
    }
    j->record[j->n++] = *r;
    return MHO_OK;
}

mho_status mho_i_journal_open(mho_i_journal *j, mho_ctx *ctx, const mho_i_hash *name) {
    *j = (mho_i_journal){.ctx = ctx};
    char dir[3800], hex[33];
    mho_status status = mho_i_cache_dir(ctx, dir, sizeof dir);
    if (status < 0) {
        return status;
    }
    mho_i_hash_hex(name, hex);
    snprintf(j->path, sizeof j->path, "%s/run-%s.journal", dir, hex);
    FILE *f = fopen(j->path, "rb");
    if (!f) {
        return MHO_OK;
    }
    mho_i_record r;
    while (status == MHO_OK && fread(&r, sizeof r, 1, f) == 1) {
        if (r.check == checksum(&r)) {
            status = keep(j, &r);
        }
    }
    (void)fclose(f); /* it was only read */
    if (status < 0) {
        mho_i_journal_close(j, false);
    }
    return status;
}

const mho_i_record *mho_i_journal_find(const mho_i_journal *j, uint32_t instance,
                                       uint32_t imperfections) {
    for (size_t k = 0; k < j->n; k++) {
        if (j->record[k].instance == instance && j->record[k].imperfections == imperfections) {
            return &j->record[k];
        }
    }
    return NULL;
}

/* One write of one record: a kill or a full disk leaves at most a torn last record. The next one
 * cuts it off, or else it and all that follow would be read from the wrong places. A record that
 * cannot be kept costs only time. */
static void append(const char *path, const mho_i_record *r) {
    struct stat st;
    int fd = mho_i_open(path, O_WRONLY | O_APPEND | O_CREAT);
    if (fd < 0) {
        return;
    }
    off_t torn = fstat(fd, &st) == 0 ? st.st_size % (off_t)sizeof *r : 0;
    bool whole = torn == 0 || ftruncate(fd, st.st_size - torn) == 0;
    while (whole && write(fd, r, sizeof *r) < 0 && errno == EINTR) {
    }
    close(fd);
}

mho_status mho_i_journal_add(mho_i_journal *j, mho_i_record *r) {
    r->check = checksum(r);
    mho_status status = keep(j, r);
    if (status == MHO_OK) {
        append(j->path, r);
    }
    return status;
}

void mho_i_journal_close(mho_i_journal *j, bool finished) {
    if (finished) {
        unlink(j->path);
    }
    mho_i_free(j->ctx, j->record);
    j->record = NULL;
    j->n = j->cap = 0;
}
