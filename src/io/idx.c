/* idx.c - reader of IDX files.
 *
 * Content, all numbers big-endian: two zero bytes, the element type (8: unsigned byte), the number
 * of dimensions, one 32-bit size for each, the elements. A file that starts with the bytes 1f 8b is
 * one gzip member that holds such content. A header cannot make us allocate more than the file can
 * fill: a plain file must have the promised size, and deflate never expands more than 1032 times.
 */
#include "idx_int.h"

#include <limits.h>
#include <string.h>
#include <zlib.h>

enum { TYPE_U8 = 8, DEFLATE_MAX_RATIO = 1032, DEFLATE_SLACK = 1024 };
static const size_t max_file_byte = (size_t)1 << 31;

/* A stream of content bytes over a file in memory. */
typedef struct source {
    mho_ctx *ctx;
    const char *path;
    const uint8_t *raw;
    size_t n_raw, pos; /* pos: plain files only */
    bool gzip, ended;
    z_stream z;
} source;

static mho_status source_open(source *s) {
    s->gzip = s->n_raw >= 2 && s->raw[0] == 0x1f && s->raw[1] == 0x8b;
    if (!s->gzip) {
        return MHO_OK;
    }
    if (inflateInit2(&s->z, 16 + MAX_WBITS) != Z_OK) {
        return mho_i_fail(s->ctx, MHO_ERR_NOMEM, "%s: no memory to decompress", s->path);
    }
    s->z.next_in = (Bytef *)(uintptr_t)s->raw; /* zlib does not write there */
    s->z.avail_in = (uInt)s->n_raw;
    return MHO_OK;
}

static void source_close(source *s) {
    if (s->gzip) {
        inflateEnd(&s->z);
    }
}

/* The most bytes of content that the file can hold. */
static size_t source_most(const source *s) {
    return s->gzip ? s->n_raw * DEFLATE_MAX_RATIO + DEFLATE_SLACK : s->n_raw;
}

/* Up to n bytes; *got < n means that the content ended. */
static mho_status source_read(source *s, uint8_t *to, size_t n, size_t *got) {
    *got = 0;
    if (!s->gzip) {
        *got = n < s->n_raw - s->pos ? n : s->n_raw - s->pos;
        memcpy(to, s->raw + s->pos, *got);
        s->pos += *got;
        return MHO_OK;
    }
    while (*got < n && !s->ended) {
        size_t room = n - *got < (size_t)1 << 30 ? n - *got : (size_t)1 << 30;
        s->z.next_out = to + *got;
        s->z.avail_out = (uInt)room;
        int code = inflate(&s->z, Z_NO_FLUSH);
        *got += room - s->z.avail_out;
        s->ended = code == Z_STREAM_END;
        if (code == Z_BUF_ERROR || (code == Z_OK && s->z.avail_in == 0 && s->z.avail_out)) {
            return mho_i_fail(s->ctx, MHO_ERR_FORMAT,
                              "%s: the gzip stream is cut off at byte %zu of the file", s->path,
                              s->n_raw);
        }
        if (code == Z_MEM_ERROR) {
            return mho_i_fail(s->ctx, MHO_ERR_NOMEM, "%s: no memory to decompress", s->path);
        }
        if (code != Z_OK && code != Z_STREAM_END) {
            return mho_i_fail(s->ctx, MHO_ERR_FORMAT, "%s: damaged gzip stream near byte %zu: %s",
                              s->path, s->n_raw - s->z.avail_in, s->z.msg ? s->z.msg : "bad data");
        }
    }
    return MHO_OK;
}

/* Nothing may follow the data, neither in the content nor behind the gzip stream. */
static mho_status expect_end(source *s, size_t n_content) {
    uint8_t extra;
    size_t got;
    mho_status status = source_read(s, &extra, 1, &got);
    if (status < 0) {
        return status;
    }
    if (got) {
        return mho_i_fail(s->ctx, MHO_ERR_FORMAT,
                          "%s: something follows at byte %zu, where its header says it ends",
                          s->path, n_content);
    }
    if (s->gzip && s->z.avail_in) {
        return mho_i_fail(s->ctx, MHO_ERR_FORMAT,
                          "%s: %u bytes follow the gzip stream, which ends at byte %zu", s->path,
                          s->z.avail_in, s->n_raw - s->z.avail_in);
    }
    return MHO_OK;
}

static uint32_t big_endian(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static mho_status read_header(source *s, int n_dim, const size_t *max_dim, mho_i_idx *out) {
    uint8_t head[4 + 4 * MHO_I_IDX_MAX_DIM];
    size_t n_head = 4 + 4 * (size_t)n_dim, got;
    mho_status status = source_read(s, head, n_head, &got);
    if (status < 0) {
        return status;
    }
    uint32_t want = (uint32_t)TYPE_U8 << 8 | (uint32_t)n_dim;
    if (got >= 4 && big_endian(head) != want) {
        return mho_i_fail(
            s->ctx, MHO_ERR_FORMAT,
            "%s: byte 0: magic number 0x%08x; 0x%08x (unsigned bytes, %d dimension%s) "
            "is wanted here",
            s->path, big_endian(head), want, n_dim, n_dim == 1 ? "" : "s");
    }
    if (got < n_head) {
        return mho_i_fail(s->ctx, MHO_ERR_FORMAT,
                          "%s: truncated: %zu bytes of content, the header alone has %zu", s->path,
                          got, n_head);
    }
    out->n_dim = n_dim;
    out->n_header = n_head;
    out->n_byte = 1;
    for (int d = 0; d < n_dim; d++) {
        size_t size = big_endian(head + 4 + 4 * d);
        if (size < 1 || size > max_dim[d]) {
            return mho_i_fail(s->ctx, MHO_ERR_FORMAT,
                              "%s: byte %d: size %zu of dimension %d; allowed are 1 to %zu",
                              s->path, 4 + 4 * d, size, d + 1, max_dim[d]);
        }
        if (out->n_byte > SIZE_MAX / size) {
            return mho_i_fail(s->ctx, MHO_ERR_FORMAT,
                              "%s: byte %d: size %zu of dimension %d: the sizes multiply to more "
                              "than %zu",
                              s->path, 4 + 4 * d, size, d + 1, (size_t)SIZE_MAX);
        }
        out->dim[d] = size;
        out->n_byte *= size;
    }
    if (out->n_byte > source_most(s) || out->n_byte > source_most(s) - n_head) {
        return mho_i_fail(
            s->ctx, MHO_ERR_FORMAT,
            "%s: truncated: the header promises %zu bytes of data, a file of %zu bytes "
            "cannot hold them",
            s->path, out->n_byte, s->n_raw);
    }
    return MHO_OK;
}

static mho_status read_data(source *s, mho_i_idx *out) {
    size_t got;
    mho_status status = source_read(s, out->data, out->n_byte, &got);
    if (status < 0) {
        return status;
    }
    if (got < out->n_byte) {
        return mho_i_fail(s->ctx, MHO_ERR_FORMAT,
                          "%s: truncated: %zu bytes of content, the header promises %zu", s->path,
                          out->n_header + got, out->n_header + out->n_byte);
    }
    return expect_end(s, out->n_header + out->n_byte);
}

mho_status mho_i_idx_read(mho_ctx *ctx, const char *path, int n_dim, const size_t *max_dim,
                          mho_i_idx *out) {
    *out = (mho_i_idx){0};
    source s = {.ctx = ctx, .path = path};
    unsigned char *raw = NULL;
    mho_i_idx idx = {0};
    mho_status status = mho_i_file_read(ctx, path, max_file_byte, &raw, &s.n_raw);
    if (status < 0) {
        return status;
    }
    s.raw = raw;
    status = source_open(&s);
    if (status == MHO_OK) {
        status = read_header(&s, n_dim, max_dim, &idx);
    }
    if (status == MHO_OK) {
        idx.data = mho_i_alloc(ctx, idx.n_byte, 1);
        status = idx.data ? read_data(&s, &idx) : MHO_ERR_NOMEM;
        source_close(&s);
    } else if (s.z.state) {
        source_close(&s);
    }
    mho_i_free(ctx, raw);
    if (status < 0) {
        mho_i_free(ctx, idx.data);
        return status;
    }
    *out = idx;
    return MHO_OK;
}
