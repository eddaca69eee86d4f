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

static mho_status io_error(mho_ctx *ctx, const char *path, const char *what) {
    return mho_i_fail(ctx, MHO_ERR_IO, "%s: %s: %s", path, what, strerror(errno));
}

mho_status mho_i_file_read(mho_ctx *ctx, const char *path, size_t max_byte, unsigned char **data,
                           size_t *n_byte) {
    *data = NULL;
    *n_byte = 0;
    FILE *f = fopen(path, "rb");
    if (!f) {
        return io_error(ctx, path, "cannot be opened");
    }
    mho_status status = MHO_OK;
    struct stat st;
    unsigned char *buf = NULL;
    size_t len = 0, cap = 0;
    if (fstat(fileno(f), &st) == 0 && S_ISDIR(st.st_mode)) {
        status = mho_i_fail(ctx, MHO_ERR_IO, "%s: is a directory, a file is wanted", path);
        goto done;
    }
    cap = st.st_size > 0 && (size_t)st.st_size < max_byte ? (size_t)st.st_size + 2 : 65536;
    buf = mho_i_alloc(ctx, cap, 1);
    if (!buf) {
        status = MHO_ERR_NOMEM;
        goto done;
    }
    for (;;) {
        size_t got = fread(buf + len, 1, cap - len - 1, f);
        len += got;
        if (len > max_byte) {
            status = mho_i_fail(ctx, MHO_ERR_FORMAT,
                                "%s: more than %zu bytes, the most allowed here", path, max_byte);
            goto done;
        }
        if (got == 0) {
            break;
        }
        if (len + 1 == cap) {
            cap *= 2;
            unsigned char *more = mho_i_realloc(ctx, buf, cap, 1);
            if (!more) {
                status = MHO_ERR_NOMEM;
                goto done;
            }
            buf = more;
        }
    }
    if (ferror(f)) {
        status = io_error(ctx, path, "cannot be read");
        goto done;
    }
    buf[len] = 0;
    *data = buf;
    *n_byte = len;
    buf = NULL;
done:
    mho_i_free(ctx, buf);
    fclose(f);
    return status;
}

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

mho_status mho_i_temp_begin(mho_ctx *ctx, const char *path, mho_i_temp *f) {
    *f = (mho_i_temp){.ctx = ctx, .fd = -1};
    int n = snprintf(f->path, sizeof f->path, "%s", path);
    int m = snprintf(f->temp, sizeof f->temp, "%s.tmp-XXXXXX", path);
    if (n >= (int)sizeof f->path || m >= (int)sizeof f->temp) {
        return mho_i_fail(ctx, MHO_ERR_IO, "%.80s...: the path is too long", path);
    }
    f->fd = mkstemp(f->temp);
    return f->fd < 0 ? io_error(ctx, path, "cannot be written") : MHO_OK;
}

mho_status mho_i_temp_put(mho_i_temp *f, const void *data, size_t n_byte) {
    return write_all(f->ctx, f->fd, f->path, data, n_byte);
}

void mho_i_temp_drop(mho_i_temp *f) {
    if (f->fd >= 0) {
        close(f->fd);
        unlink(f->temp);
        f->fd = -1;
    }
}

mho_status mho_i_temp_commit(mho_i_temp *f) {
    mode_t mask = umask(0);
    umask(mask);
    mho_status status = MHO_OK;
    if (fsync(f->fd) != 0 && errno != EINVAL) {
        status = io_error(f->ctx, f->path, "cannot be synced");
    }
    if (status == MHO_OK && fchmod(f->fd, 0666 & ~mask) != 0) {
        status = io_error(f->ctx, f->path, "cannot be written");
    }
    int closed = close(f->fd);
    f->fd = -1;
    if (status == MHO_OK && (closed != 0 || rename(f->temp, f->path) != 0)) {
        status = io_error(f->ctx, f->path, "cannot be written");
    }
    if (status < 0) {
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
    struct stat st;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        return mho_i_fail(ctx, MHO_ERR_IO, "%s: is a directory, a file is wanted", path);
    }
    char temp[PATH_MAX];
    if (snprintf(temp, sizeof temp, "%s.tmp-XXXXXX", path) >= (int)sizeof temp) {
        return mho_i_fail(ctx, MHO_ERR_IO, "%.80s...: the path is too long", path);
    }
    int fd = mkstemp(temp);
    if (fd < 0) {
        return io_error(ctx, path, "cannot be written");
    }
    close(fd);
    unlink(temp);
    return MHO_OK;
}

bool mho_i_file_exists(const char *path) {
    struct stat st;
    return stat(path, &st) == 0;
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

mho_status mho_i_cache_dir(mho_ctx *ctx, char *out, size_t n_out) {
    const char *own = getenv("MHO_CACHE"), *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int n = own && *own     ? snprintf(out, n_out, "%s", own)
            : xdg && *xdg   ? snprintf(out, n_out, "%s/mho", xdg)
            : home && *home ? snprintf(out, n_out, "%s/.cache/mho", home)
                            : snprintf(out, n_out, "/tmp/mho-cache");
    if (n < 0 || (size_t)n >= n_out) {
        return mho_i_fail(ctx, MHO_ERR_IO, "%.80s...: the path of the cache directory is too long",
                          own && *own   ? own
                          : xdg && *xdg ? xdg
                                        : home);
    }
    return mho_i_mkdirs(ctx, out);
}
