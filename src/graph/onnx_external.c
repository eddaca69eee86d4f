/* onnx_external.c - data in a file beside the model. The model names it, so it is not trusted: the
 * path is walked one part at a time from the model's folder, no part may be ".." or a link, and
 * what stands at its end must be a plain file. */
#define _GNU_SOURCE
#include "onnx_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct place {
    const char *location;
    uint64_t offset, length;
    bool has_length;
} place;

static mho_status refuse(mho_i_onnx *o, const MhoOnnx__Tensor *t, const char *location,
                         const char *why) {
    char name[80], path[80];
    return mho_i_fail(o->ctx, MHO_ERR_FORMAT, "%s: tensor \"%s\": external data \"%s\": %s",
                      o->where, mho_i_onnx_clean(t->name, name), mho_i_onnx_clean(location, path),
                      why);
}

static bool read_count(const char *text, uint64_t *out) {
    char *end;
    errno = 0;
    *out = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end && !errno;
}

static mho_status read_place(mho_i_onnx *o, const MhoOnnx__Tensor *t, place *p) {
    *p = (place){0};
    for (size_t k = 0; k < t->n_external_data; k++) {
        const char *key = t->external_data[k]->key, *value = t->external_data[k]->value;
        key = key ? key : "";
        value = value ? value : "";
        if (strcmp(key, "location") == 0) {
            p->location = value;
        } else if (strcmp(key, "offset") == 0 && !read_count(value, &p->offset)) {
            return refuse(o, t, p->location, "its offset is not a whole number");
        } else if (strcmp(key, "length") == 0) {
            p->has_length = true;
            if (!read_count(value, &p->length)) {
                return refuse(o, t, p->location, "its length is not a whole number");
            }
        }
    }
    return p->location && *p->location ? MHO_OK : refuse(o, t, "", "it says no location");
}

/* NULL or what is wrong with the path as a text. */
static const char *check_path(const char *path) {
    if (path[0] == '/' || strchr(path, '\\') || strchr(path, ':')) {
        return "it must be a path inside the model's folder";
    }
    for (const char *part = path; part; part = strchr(part, '/')) {
        part += *part == '/';
        size_t n = strcspn(part, "/");
        if (n == 0 || n > 255 || (n == 2 && memcmp(part, "..", 2) == 0)) {
            return "it must be a path inside the model's folder, without \"..\"";
        }
    }
    return NULL;
}

static int open_at(int dir, const char *path, int flags) {
    int fd;
    do {
        fd = openat(dir, path, flags);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

/* Open path below folder, one part at a time; -1 with errno. Links are not followed. */
static int open_below(const char *folder, const char *path) {
    int dir = open_at(AT_FDCWD, *folder ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (dir >= 0) {
        char part[256];
        size_t n = strcspn(path, "/");
        memcpy(part, path, n);
        part[n] = 0;
        bool last = !path[n];
        /* O_NONBLOCK: a pipe must not make us wait; it is refused later */
        int next = open_at(dir, part,
                           last ? O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
                                : O_RDONLY | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
        int keep = errno;
        close(dir);
        errno = keep;
        if (last) {
            return next;
        }
        dir = next;
        path += n + 1;
    }
    return -1;
}

static bool read_at(int fd, unsigned char *to, size_t n, uint64_t offset) {
    while (n) {
        ssize_t got = pread(fd, to, n < (1U << 30) ? n : (1U << 30), (off_t)offset);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            errno = got ? errno : 0;
            return false;
        }
        to += got;
        offset += (uint64_t)got;
        n -= (size_t)got;
    }
    return true;
}

mho_status mho_i_onnx_external(mho_i_onnx *o, const MhoOnnx__Tensor *t, size_t n_byte,
                               unsigned char **out) {
    place p;
    *out = NULL;
    mho_status status = read_place(o, t, &p);
    if (status < 0) {
        return status;
    }
    const char *wrong = o->folder ? check_path(p.location) : "a model in memory has no folder";
    if (!wrong && p.has_length && p.length != n_byte) {
        wrong = "its length is not what the tensor's shape wants";
    }
    if (wrong) {
        return refuse(o, t, p.location, wrong);
    }
    int fd = open_below(o->folder, p.location);
    if (fd < 0) {
        return refuse(o, t, p.location,
                      errno == ELOOP || errno == EMLINK || errno == ENOTDIR
                          ? "it is a link or leads over one, which is refused: put the file itself "
                            "beside the model"
                          : strerror(errno));
    }
    struct stat st;
    if (fstat(fd, &st) != 0) {
        status = refuse(o, t, p.location, strerror(errno));
    } else if (!S_ISREG(st.st_mode)) {
        status = refuse(o, t, p.location, "it is not a plain file");
    } else if (p.offset > (uint64_t)st.st_size || n_byte > (uint64_t)st.st_size - p.offset) {
        status = refuse(o, t, p.location, "the file is too short");
    } else {
        *out = mho_i_alloc(o->ctx, n_byte, 1);
        status = *out ? MHO_OK : MHO_ERR_NOMEM;
    }
    if (status == MHO_OK && !read_at(fd, *out, n_byte, p.offset)) {
        status = refuse(o, t, p.location, errno ? strerror(errno) : "the file is too short");
        mho_i_free(o->ctx, *out);
        *out = NULL;
    }
    close(fd);
    return status;
}
