/* sweep_journal.c - finished chips of a sweep, one line of text each, appended by the process that
 * made them to a file of its own.
 *
 *     check key chip values... text
 *
 * check is a hash over the rest of the line, so that a line that a kill or a full disk has torn is
 * seen and skipped; numbers are hexadecimal floats, so that they come back bit for bit; text is why
 * the chip could not be made, or "ok". */
#define _GNU_SOURCE
#include "sweep_int.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_LINE = 1024, CHECK_DIGITS = 16 };
static const double SYNC_EVERY_S = 1;

static uint64_t checksum(const char *text, size_t n) {
    mho_i_hash h = mho_i_hash_init();
    mho_i_hash_add(&h, text, n);
    return h.lo ^ h.hi;
}

int mho_i_unit_format(const mho_i_unit *unit, char *line, size_t n_line) {
    char hex[33];
    mho_i_hash_hex(&unit->key, hex);
    int at = CHECK_DIGITS + 1;
    at += snprintf(line + at, n_line - (size_t)at, "%s %" PRIu32, hex, unit->chip);
    for (int k = 0; k < MHO_N_METRIC; k++) {
        at += snprintf(line + at, n_line - (size_t)at, " %a", unit->value[k]);
    }
    at += snprintf(line + at, n_line - (size_t)at, " %s", unit->failed ? unit->why : "ok");
    for (char *p = line + CHECK_DIGITS + 1; *p; p++) {
        *p = (unsigned char)*p < ' ' ? ' ' : *p;
    }
    char check[CHECK_DIGITS + 1];
    snprintf(check, sizeof check, "%016" PRIx64,
             checksum(line + CHECK_DIGITS + 1, (size_t)at - CHECK_DIGITS - 1));
    memcpy(line, check, CHECK_DIGITS);
    line[CHECK_DIGITS] = ' ';
    return at;
}

static bool parse_hex64(const char *text, uint64_t *out) {
    uint64_t x = 0;
    for (int k = 0; k < 16; k++) {
        char c = text[k];
        unsigned d = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                     : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                                            : 16;
        if (d > 15) {
            return false;
        }
        x = x << 4 | d;
    }
    *out = x;
    return true;
}

bool mho_i_unit_parse(const char *line, size_t n_line, mho_i_unit *unit) {
    const size_t head = CHECK_DIGITS + 1;
    uint64_t check, chip;
    if (n_line < head + 36 || line[CHECK_DIGITS] != ' ' || !parse_hex64(line, &check) ||
        check != checksum(line + head, n_line - head)) {
        return false;
    }
    mho_i_unit u = {0};
    const char *p = line + head;
    if (!parse_hex64(p, &u.key.hi) || !parse_hex64(p + 16, &u.key.lo) || p[32] != ' ') {
        return false;
    }
    char *end;
    chip = strtoull(p + 33, &end, 10);
    u.chip = (uint32_t)chip;
    for (int k = 0; k < MHO_N_METRIC; k++) {
        p = end;
        u.value[k] = strtod(p, &end);
        if (end == p) {
            return false;
        }
    }
    if (*end != ' ' || chip > UINT32_MAX) {
        return false;
    }
    snprintf(u.why, sizeof u.why, "%.*s", (int)(line + n_line - end - 1), end + 1);
    u.failed = strcmp(u.why, "ok") != 0;
    *unit = u;
    return true;
}

/* ---- reading ---- */

static mho_status unreadable(mho_ctx *ctx, const char *path) {
    return mho_i_fail(ctx, MHO_ERR_IO, "%s: cannot be read: %s", path, strerror(errno));
}

static mho_status read_file(mho_ctx *ctx, const char *path,
                            mho_status (*take)(void *, const mho_i_unit *), void *user) {
    FILE *f = fopen(path, "rb");
    if (!f) {
        /* gone since the directory was listed, or a link to nothing */
        return errno == ENOENT ? MHO_OK : unreadable(ctx, path);
    }
    char line[MAX_LINE];
    struct stat st;
    bool known = fstat(fileno(f), &st) == 0;
    bool plain = known && S_ISREG(st.st_mode); /* a device may have no end */
    mho_status status = known ? MHO_OK : unreadable(ctx, path);
    while (plain && status == MHO_OK && fgets(line, sizeof line, f)) {
        size_t n = strlen(line);
        mho_i_unit unit;
        if (n && line[n - 1] == '\n') {
            line[n - 1] = 0;
            if (mho_i_unit_parse(line, n - 1, &unit)) {
                status = take(user, &unit);
            }
        }
    }
    if (status == MHO_OK && ferror(f)) {
        status = unreadable(ctx, path);
    }
    (void)fclose(f); /* it was only read */
    return status;
}

mho_status mho_i_sweep_journal_read(mho_ctx *ctx, const char *dir,
                                    mho_status (*take)(void *user, const mho_i_unit *unit),
                                    void *user) {
    DIR *d = opendir(dir);
    if (!d) {
        return errno == ENOENT ? MHO_OK : unreadable(ctx, dir);
    }
    mho_status status = MHO_OK;
    struct dirent *e;
    errno = 0;
    while (status == MHO_OK && (e = readdir(d))) {
        char path[4096];
        const char *dot = strrchr(e->d_name, '.');
        if (dot && strcmp(dot, ".journal") == 0 &&
            snprintf(path, sizeof path, "%s/%s", dir, e->d_name) < (int)sizeof path) {
            status = read_file(ctx, path, take, user);
        }
        errno = 0; /* of readdir */
    }
    if (status == MHO_OK && errno) {
        status = unreadable(ctx, dir);
    }
    closedir(d);
    return status;
}

/* ---- writing ---- */

static mho_status io_fail(mho_i_sweep_journal *j, const char *what) {
    return mho_i_fail(j->ctx, MHO_ERR_IO,
                      "%s: %s: %s; finished chips are kept, the same command goes on", j->path,
                      what, strerror(errno));
}

/* All of it or, as far as the file system lets us, nothing. */
static mho_status put(mho_i_sweep_journal *j, const char *text, size_t n) {
    off_t start = lseek(j->fd, 0, SEEK_END);
    size_t done = 0;
    while (done < n) {
        ssize_t got = write(j->fd, text + done, n - done);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            mho_status status = io_fail(j, "cannot be written");
            if (start >= 0 && ftruncate(j->fd, start) != 0) {
                return status; /* the torn line is skipped by its checksum */
            }
            return status;
        }
        done += (size_t)got;
    }
    return MHO_OK;
}

mho_status mho_i_sweep_journal_open(mho_i_sweep_journal *j, mho_ctx *ctx, const char *dir,
                                    int rank) {
    *j = (mho_i_sweep_journal){.ctx = ctx, .fd = -1};
    char name[40];
    snprintf(name, sizeof name, "rank-%05d.journal", rank);
    mho_status status = mho_i_mkdirs(ctx, dir);
    status = status < 0 ? status : mho_i_path_join(ctx, dir, name, j->path, sizeof j->path);
    if (status < 0) {
        return status;
    }
    j->fd = mho_i_open(j->path, O_RDWR | O_CREAT | O_APPEND);
    if (j->fd < 0) {
        return io_fail(j, "cannot be written");
    }
    off_t size = lseek(j->fd, 0, SEEK_END);
    char last = '\n';
    while (size > 0 && pread(j->fd, &last, 1, size - 1) < 0 && errno == EINTR) {
    }
    if (last != '\n') {
        status = put(j, "\n", 1); /* ends a line that was torn */
    }
    if (status < 0) {
        close(j->fd);
        j->fd = -1;
    }
    return status;
}

static mho_status sync_now(mho_i_sweep_journal *j) {
    j->synced_s = mho_i_now_s();
    if (j->dirty && mho_i_sync(j->fd) != 0) {
        return io_fail(j, "cannot be synced");
    }
    j->dirty = false;
    return MHO_OK;
}

mho_status mho_i_sweep_journal_add(mho_i_sweep_journal *j, const mho_i_unit *unit) {
    char line[MAX_LINE];
    int n = mho_i_unit_format(unit, line, sizeof line - 1);
    line[n++] = '\n';
    mho_status status = put(j, line, (size_t)n);
    j->dirty = true;
    if (status == MHO_OK && mho_i_now_s() - j->synced_s >= SYNC_EVERY_S) {
        status = sync_now(j);
    }
    return status;
}

mho_status mho_i_sweep_journal_close(mho_i_sweep_journal *j) {
    if (j->fd < 0) {
        return MHO_OK;
    }
    mho_status status = sync_now(j);
    if (close(j->fd) != 0 && errno != EINTR && status == MHO_OK) { /* interrupted: it has closed */
        status = io_fail(j, "cannot be written");
    }
    j->fd = -1;
    return status;
}
