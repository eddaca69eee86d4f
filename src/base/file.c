/* file.c - files read whole, and written whole or not at all. */
#define _GNU_SOURCE
#include "base_int.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEMP_BYTES = 16 }; /* ".tmp-" and six letters, and more */

static mho_status io_error(mho_ctx *ctx, const char *path, const char *what) {
    return mho_i_fail(ctx, MHO_ERR_IO, "%s: %s: %s", path, what, strerror(errno));
}

/* The content of fd, which seems to have about size_byte; grows as it must. */
static mho_status read_all(mho_ctx *ctx, int fd, const char *path, size_t size_byte,
                           size_t max_byte, unsigned char **data, size_t *n_byte) {
    size_t len = 0, cap = size_byte && size_byte < max_byte ? size_byte + 2 : 65536;
    unsigned char *buf = mho_i_alloc(ctx, cap, 1);
    mho_status status = buf ? MHO_OK : MHO_ERR_NOMEM;
    while (status == MHO_OK) {
        ssize_t got = read(fd, buf + len, cap - len - 1);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            status = io_error(ctx, path, "cannot be read");
            break;
        }
        len += (size_t)got;
        if (len > max_byte) {
            status = mho_i_fail(ctx, MHO_ERR_FORMAT,
                                "%s: more than %zu bytes, the most allowed here", path, max_byte);
        } else if (got == 0) {
            break;
        } else if (len + 1 == cap) {
            cap *= 2;
            unsigned char *more = mho_i_realloc(ctx, buf, cap, 1);
            status = more ? MHO_OK : MHO_ERR_NOMEM;
            buf = more ? more : buf;
        }
    }
    if (status < 0) {
        mho_i_free(ctx, buf);
        return status;
    }
    buf[len] = 0;
    *data = buf;
    *n_byte = len;
    return MHO_OK;
}

int mho_i_open(const char *path, int flags) {
    int fd;
    do {
        fd = open(path, flags | O_CLOEXEC, 0666);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

int mho_i_sync(int fd) {
    while (fsync(fd) != 0) {
        if (errno != EINTR) {
            return errno == EINVAL || errno == EROFS ? 0 : -1;
        }
    }
    return 0;
}

mho_status mho_i_file_read(mho_ctx *ctx, const char *path, size_t max_byte, unsigned char **data,
                           size_t *n_byte) {
    *data = NULL;
    *n_byte = 0;
    int fd = mho_i_open(path, O_RDONLY);
    if (fd < 0) {
        return io_error(ctx, path, "cannot be opened");
    }
    struct stat st;
    mho_status status;
    if (fstat(fd, &st) != 0) {
        status = io_error(ctx, path, "cannot be read");
    } else if (S_ISDIR(st.st_mode)) {
        status = mho_i_fail(ctx, MHO_ERR_IO, "%s: is a directory, a file is wanted", path);
    } else {
        size_t size_byte = S_ISREG(st.st_mode) && st.st_size > 0 ? (size_t)st.st_size : 0;
        status = read_all(ctx, fd, path, size_byte, max_byte, data, n_byte);
    }
    close(fd);
    return status;
}

/* ---- writing ---- */

static mho_status write_all(mho_ctx *ctx, int fd, const char *path, const char *data, size_t n) {
    while (n) {
        ssize_t put = write(fd, data, n);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return io_error(ctx, path, "cannot be written");
        }
        data += put;
        n -= (size_t)put;
    }
    return MHO_OK;
}

/* Names that stand for an open stream: what goes there is added to it. */
static bool is_stream(const char *path) {
    static const char *const names[] = {"/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        if (strncmp(path, names[k], strlen(names[k])) == 0) {
            return true;
        }
    }
    return false;
}

/* Where a file at path stands: behind a link its target, so that the link stays. What is not a
 * plain file (a device, a pipe) is written in place: *plain false. *mode: of the file that is
 * there, or 0. */
static mho_status look(mho_ctx *ctx, const char *path, char place[PATH_MAX], bool *plain,
                       mode_t *mode) {
    struct stat st;
    *plain = true;
    *mode = 0;
    if (snprintf(place, PATH_MAX, "%s", path) >= PATH_MAX - TEMP_BYTES) {
        return mho_i_fail(ctx, MHO_ERR_IO, "%.80s...: the path is too long", path);
    }
    if (stat(path, &st) != 0) {
        return MHO_OK; /* there is none, or making it will say what is wrong */
    }
    if (S_ISDIR(st.st_mode)) {
        return mho_i_fail(ctx, MHO_ERR_IO, "%s: is a directory, a file is wanted", path);
    }
    if (access(path, W_OK) != 0) { /* a file that is protected is not replaced either */
        return io_error(ctx, path, "cannot be written");
    }
    *plain = S_ISREG(st.st_mode) && !is_stream(path);
    *mode = st.st_mode & 07777;
    char real[PATH_MAX];
    if (*plain && lstat(path, &st) == 0 && S_ISLNK(st.st_mode)) {
        if (!realpath(path, real)) {
            return io_error(ctx, path, "cannot be written");
        }
        return look(ctx, real, place, plain, mode);
    }
    return MHO_OK;
}

/* A file that has no name yet, so that nothing is left of it however this process ends. -1: the
 * file system cannot do that. */
static int open_nameless(const char *place) {
    char dir[PATH_MAX];
    const char *slash = strrchr(place, '/');
    snprintf(dir, sizeof dir, "%.*s", slash ? (int)(slash - place) + 1 : 1, slash ? place : ".");
    if (access("/proc/self/fd", X_OK) != 0) { /* the way to give it a name, see name_it */
        return -1;
    }
    return mho_i_open(dir, O_TMPFILE | O_WRONLY);
}

/* temp = place.tmp-XXXXXX, free at the moment of the look by make, which gives 0 or more, or -1
 * with EEXIST to go on. */
static int with_temp_name(mho_i_temp *f, const char *place, int (*make)(mho_i_temp *f)) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    uint64_t x = (uint64_t)getpid() << 32 ^ (uint64_t)(1e9 * mho_i_now_s()) ^ (uintptr_t)f;
    int got = -1;
    errno = EEXIST;
    for (int n = 0; n < 100 && got < 0 && errno == EEXIST; n++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        int at = snprintf(f->temp, sizeof f->temp, "%s.tmp-", place);
        for (int k = 0; k < 6; k++) {
            f->temp[at + k] = letters[(x >> (8 + 8 * k)) % (sizeof letters - 1)];
        }
        f->temp[at + 6] = 0;
        got = make(f);
    }
    if (got < 0) {
        f->temp[0] = 0;
    }
    return got;
}

static int open_named(mho_i_temp *f) {
    return mho_i_open(f->temp, O_WRONLY | O_CREAT | O_EXCL);
}

static int name_it(mho_i_temp *f) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", f->fd);
    return linkat(AT_FDCWD, link, AT_FDCWD, f->temp, AT_SYMLINK_FOLLOW);
}

mho_status mho_i_temp_begin(mho_ctx *ctx, const char *path, mho_i_temp *f) {
    char place[PATH_MAX];
    mode_t mode;
    bool plain;
    *f = (mho_i_temp){.ctx = ctx, .fd = -1};
    mho_status status = look(ctx, path, place, &plain, &mode);
    if (status < 0) {
        return status;
    }
    snprintf(f->path, sizeof f->path, "%s", path);
    if (!plain) {
        f->fd = mho_i_open(path, O_WRONLY | O_APPEND);
    } else {
        snprintf(f->place, sizeof f->place, "%s", place);
        f->fd = open_nameless(place);
        if (f->fd < 0) {
            f->fd = with_temp_name(f, place, open_named);
        }
    }
    if (f->fd < 0) {
        return io_error(ctx, path, "cannot be written");
    }
    if (plain && mode && fchmod(f->fd, mode) != 0) {
        status = io_error(ctx, path, "cannot be written");
        mho_i_temp_drop(f);
    }
    return status;
}

mho_status mho_i_temp_put(mho_i_temp *f, const void *data, size_t n_byte) {
    return write_all(f->ctx, f->fd, f->path, data, n_byte);
}

void mho_i_temp_drop(mho_i_temp *f) {
    if (f->fd >= 0) {
        close(f->fd);
        f->fd = -1;
        if (f->temp[0]) {
            unlink(f->temp);
        }
    }
}

mho_status mho_i_temp_commit(mho_i_temp *f) {
    mho_status status = MHO_OK;
    if (mho_i_sync(f->fd) != 0) {
        status = io_error(f->ctx, f->path, "cannot be synced");
    }
    if (status == MHO_OK && f->place[0] && !f->temp[0] &&
        with_temp_name(f, f->place, name_it) < 0) {
        status = io_error(f->ctx, f->path, "cannot be written");
    }
    /* an interrupted close has closed */
    if (close(f->fd) != 0 && errno != EINTR && status == MHO_OK) {
        status = io_error(f->ctx, f->path, "cannot be written");
    }
    f->fd = -1;
    if (status == MHO_OK && f->place[0] && rename(f->temp, f->place) != 0) {
        status = io_error(f->ctx, f->path, "cannot be written");
    }
    if (status < 0 && f->temp[0]) {
        unlink(f->temp);
    }
    return status;
}

mho_status mho_i_file_write(mho_ctx *ctx, const char *path, const void *data, size_t n_byte) {
    return mho_i_file_write_parts(ctx, path, 1, &(mho_i_part){data, n_byte});
}

mho_status mho_i_file_write_parts(mho_ctx *ctx, const char *path, size_t n_part,
                                  const mho_i_part *parts) {
    mho_i_temp f;
    mho_status status = mho_i_temp_begin(ctx, path, &f);
    for (size_t k = 0; status == MHO_OK && k < n_part; k++) {
        status = mho_i_temp_put(&f, parts[k].data, parts[k].n_byte);
    }
    if (status < 0) {
        mho_i_temp_drop(&f);
        return status;
    }
    return mho_i_temp_commit(&f);
}

mho_status mho_i_file_writable(mho_ctx *ctx, const char *path) {
    char place[PATH_MAX];
    mode_t mode;
    bool plain;
    mho_status status = look(ctx, path, place, &plain, &mode);
    if (status < 0 || !plain) {
        return status; /* a pipe is not opened before somebody writes to it */
    }
    mho_i_temp f;
    status = mho_i_temp_begin(ctx, path, &f);
    mho_i_temp_drop(&f);
    return status;
}

bool mho_i_file_exists(const char *path) {
    struct stat st; /* what cannot be looked at is there: reading it will say why */
    return stat(path, &st) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

mho_status mho_i_mkdirs(mho_ctx *ctx, const char *path) {
    char part[PATH_MAX];
    if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part) {
        return mho_i_fail(ctx, MHO_ERR_IO, "%.80s...: the path is too long", path);
    }
    for (char *p = part + 1;; p++) {
        if (*p == '/' || *p == 0) {
            char keep = *p;
            *p = 0;
            if (mkdir(part, 0777) != 0 && errno != EEXIST) {
                return io_error(ctx, part, "cannot be made");
            }
            *p = keep;
            if (!keep) {
                return MHO_OK;
            }
        }
    }
}

mho_status mho_i_path_join(mho_ctx *ctx, const char *dir, const char *name, char *path,
                           size_t n_path) {
    int n = snprintf(path, n_path, "%s/%s", dir, name);
    return n < 0 || (size_t)n >= n_path
               ? mho_i_fail(ctx, MHO_ERR_IO, "%.80s.../%.80s: the path is too long", dir, name)
               : MHO_OK;
}

mho_status mho_i_cache_dir(mho_ctx *ctx, char *out, size_t n_out) {
    const char *own = getenv("MHO_CACHE"), *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int n = own && *own     ? snprintf(out, n_out, "%s", own)
            : xdg && *xdg   ? snprintf(out, n_out, "%s/mho", xdg)
            : home && *home ? snprintf(out, n_out, "%s/.cache/mho", home)
                            : snprintf(out, n_out, "/tmp/mho-cache");
    if (n < 0 || (size_t)n >= n_out) {
        return mho_i_fail(ctx, MHO_ERR_IO, "%.80s...: the path of the cache directory is too long",
                          out);
    }
    return mho_i_mkdirs(ctx, out);
}
