/* npy.c - NumPy's NPY format: magic, version, a header that is a Python dictionary in text, data.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, versions 1 to 3.
 * Reads numbers of any size, order and endianness into doubles; writes double and float. */
#include "io_int.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct mho_npy {
    mho_ctx *ctx;
    size_t n_dim, shape[MHO_NPY_MAX_DIM];
    double *data;
};

static const size_t max_file_bytes = (size_t)16 << 30;

static bool host_is_big(void) {
    const uint16_t one = 1;
    unsigned char first;
    memcpy(&first, &one, 1);
    return first == 0;
}

/* ---- header ---- */

typedef struct header {
    char kind;    /* f i u b */
    size_t width; /* bytes */
    bool swap, fortran;
    size_t n_dim, shape[MHO_NPY_MAX_DIM];
    bool has_type, has_order, has_shape;
} header;

typedef struct cursor {
    const char *at, *end;
} cursor;

static bool take(cursor *c, char want) {
    while (c->at < c->end && strchr(" \t\n", *c->at)) {
        c->at++;
    }
    if (c->at < c->end && *c->at == want) {
        c->at++;
        return true;
    }
    return false;
}

/* 'text' into out[n], "" if there is none or it is too long */
static bool take_string(cursor *c, char *out, size_t n) {
    char quote = take(c, '\'') ? '\'' : take(c, '"') ? '"' : 0;
    const char *stop = quote ? memchr(c->at, quote, (size_t)(c->end - c->at)) : NULL;
    if (!stop || (size_t)(stop - c->at) >= n) {
        return false;
    }
    memcpy(out, c->at, (size_t)(stop - c->at));
    out[stop - c->at] = 0;
    c->at = stop + 1;
    return true;
}

static bool take_word(cursor *c, const char *word) {
    size_t n = strlen(word);
    if (take(c, word[0]) && (size_t)(c->end - c->at) >= n - 1 &&
        memcmp(c->at, word + 1, n - 1) == 0) {
        c->at += n - 1;
        return true;
    }
    return false;
}

static bool take_count(cursor *c, size_t *out) {
    take(c, ' ');
    size_t n = 0;
    const char *start = c->at;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
        if (n > (SIZE_MAX - 9) / 10) {
            return false;
        }
        n = 10 * n + (size_t)(*c->at - '0');
    }
    *out = n;
    return c->at > start;
}

static const char *read_type(cursor *c, header *h) {
    char type[8] = {0};
    if (!take_string(c, type, sizeof type)) {
        return "its elements are not plain numbers";
    }
    h->kind = type[1];
    h->width = type[1] ? (size_t)strtoul(type + 2, NULL, 10) : 0;
    bool big = type[0] == '>';
    h->swap = h->width > 1 && (type[0] == '<' || big) && big != host_is_big();
    bool known = type[0] && strchr("<>|=", type[0]) &&
                 ((h->kind == 'f' && (h->width == 4 || h->width == 8)) ||
                  (h->kind == 'b' && h->width == 1) ||
                  (h->kind && strchr("iu", h->kind) &&
                   (h->width == 1 || h->width == 2 || h->width == 4 || h->width == 8)));
    h->has_type = true;
    return known ? NULL : "element type not allowed: float64, float32, integers and bool are";
}

static const char *read_shape(cursor *c, header *h) {
    if (!take(c, '(')) {
        return "its shape is not a tuple";
    }
    while (!take(c, ')')) {
        if (h->n_dim == MHO_NPY_MAX_DIM) {
            return "more than 4 dimensions";
        }
        if (!take_count(c, &h->shape[h->n_dim++]) ||
            (!take(c, ',') && (c->at == c->end || *c->at != ')'))) {
            return "its shape is not a tuple of whole numbers";
        }
    }
    h->has_shape = true;
    return NULL;
}

/* NULL or what is wrong */
static const char *read_dict(cursor *c, header *h) {
    if (!take(c, '{')) {
        return "its header is not a dictionary";
    }
    while (!take(c, '}')) {
        char key[16];
        if (!take_string(c, key, sizeof key) || !take(c, ':')) {
            return "its header is not a dictionary of the three keys descr, fortran_order, shape";
        }
        const char *wrong = NULL;
        if (strcmp(key, "descr") == 0) {
            wrong = read_type(c, h);
        } else if (strcmp(key, "fortran_order") == 0) {
            h->fortran = take_word(c, "True");
            h->has_order = h->fortran || take_word(c, "False");
        } else if (strcmp(key, "shape") == 0) {
            h->n_dim = 0;
            wrong = read_shape(c, h);
        } else {
            wrong = "its header has an unknown key";
        }
        if (wrong) {
            return wrong;
        }
        take(c, ',');
    }
    return h->has_type && h->has_order && h->has_shape
               ? NULL
               : "its header lacks one of descr, fortran_order, shape";
}

/* NULL or what is wrong; offset of the data into *start */
static const char *read_header(const unsigned char *bytes, size_t n_byte, header *h,
                               size_t *start) {
    if (n_byte < 12 || memcmp(bytes, "\x93NUMPY", 6) != 0) {
        return "not an NPY file";
    }
    if (bytes[6] < 1 || bytes[6] > 3) {
        return "an unknown version of the NPY format";
    }
    size_t fixed = bytes[6] == 1 ? 10 : 12;
    size_t len = (size_t)bytes[8] | (size_t)bytes[9] << 8;
    if (fixed == 12) {
        len |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    }
    if (len > 65536 || len + fixed > n_byte) {
        return "its header is cut off or over 64 KiB";
    }
    *start = fixed + len;
    const char *text = (const char *)bytes + fixed;
    cursor c = {text, text + len};
    return read_dict(&c, h);
}

/* number of elements; false: it overflows */
static bool count(size_t n_dim, const size_t *shape, size_t *out) {
    size_t n = 1;
    bool zero = false;
    for (size_t k = 0; k < n_dim; k++) {
        zero = zero || shape[k] == 0;
        if (!zero && n > SIZE_MAX / 16 / shape[k]) {
            return false;
        }
        n *= zero ? 1 : shape[k];
    }
    *out = zero ? 0 : n;
    return true;
}

/* ---- data ---- */

static double element(const header *h, const unsigned char *at) {
    union {
        unsigned char byte[8];
        double f8;
        float f4;
        int64_t i8;
        uint64_t u8;
        int32_t i4;
        uint32_t u4;
        int16_t i2;
        uint16_t u2;
        int8_t i1;
    } x;
    for (size_t k = 0; k < h->width; k++) {
        x.byte[k] = at[h->swap ? h->width - 1 - k : k];
    }
    if (h->kind == 'f') {
        return h->width == 8 ? x.f8 : (double)x.f4;
    }
    switch (h->width) {
    case 1:
        return h->kind == 'i' ? (double)x.i1 : (double)x.byte[0];
    case 2:
        return h->kind == 'i' ? (double)x.i2 : (double)x.u2;
    case 4:
        return h->kind == 'i' ? (double)x.i4 : (double)x.u4;
    default:
        return h->kind == 'i' ? (double)x.i8 : (double)x.u8;
    }
}

/* place of element k of the file in C order */
static size_t c_order(const header *h, size_t k) {
    size_t index[MHO_NPY_MAX_DIM];
    for (size_t d = 0; d < h->n_dim; d++) {
        index[d] = k % h->shape[d];
        k /= h->shape[d];
    }
    size_t at = 0;
    for (size_t d = 0; d < h->n_dim; d++) {
        at = at * h->shape[d] + index[d];
    }
    return at;
}

static void convert(const header *h, const unsigned char *bytes, size_t n, double *out) {
    if (h->kind == 'f' && h->width == 8 && !h->swap && !h->fortran) {
        memcpy(out, bytes, n * sizeof *out);
        return;
    }
    for (size_t k = 0; k < n; k++) {
        out[h->fortran ? c_order(h, k) : k] = element(h, bytes + k * h->width);
    }
}

mho_status mho_i_npy_parse(mho_ctx *ctx, const char *where, const unsigned char *bytes,
                           size_t n_byte, mho_npy **out) {
    header h = {0};
    size_t start = 0, n = 0;
    *out = NULL;
    const char *wrong = read_header(bytes, n_byte, &h, &start);
    if (!wrong && !count(h.n_dim, h.shape, &n)) {
        wrong = "its shape is too large";
    }
    if (wrong) {
        return mho_i_fail(ctx, MHO_ERR_FORMAT, "%s: %s", where, wrong);
    }
    if (n > (n_byte - start) / h.width || n * h.width != n_byte - start) {
        return mho_i_fail(
            ctx, MHO_ERR_FORMAT,
            "%s: %zu elements of %zu bytes are announced but %zu bytes of data follow", where, n,
            h.width, n_byte - start);
    }
    mho_npy *npy = mho_i_alloc(ctx, 1, sizeof *npy);
    double *data = mho_i_alloc(ctx, n, sizeof *data);
    if (!npy || !data) {
        mho_i_free(ctx, npy);
        mho_i_free(ctx, data);
        return MHO_ERR_NOMEM;
    }
    *npy = (mho_npy){.ctx = ctx, .n_dim = h.n_dim, .data = data};
    memcpy(npy->shape, h.shape, sizeof h.shape);
    convert(&h, bytes + start, n, data);
    *out = npy;
    return MHO_OK;
}

mho_status mho_npy_load(mho_ctx *ctx, const char *path, mho_npy **out) {
    unsigned char *bytes;
    size_t n_byte;
    *out = NULL;
    mho_status status = mho_i_file_read(ctx, path, max_file_bytes, &bytes, &n_byte);
    if (status == MHO_OK) {
        status = mho_i_npy_parse(ctx, path, bytes, n_byte, out);
        mho_i_free(ctx, bytes);
    }
    return status;
}

void mho_npy_free(mho_npy *npy) {
    if (npy) {
        mho_ctx *ctx = npy->ctx;
        mho_i_free(ctx, npy->data);
        mho_i_free(ctx, npy);
    }
}

size_t mho_npy_n_dim(const mho_npy *npy) {
    return npy->n_dim;
}

size_t mho_npy_shape(const mho_npy *npy, size_t dim) {
    return npy->shape[dim];
}

const double *mho_npy_data(const mho_npy *npy) {
    return npy->data;
}

/* ---- writing ---- */

mho_status mho_i_npy_header(mho_ctx *ctx, const mho_npy_view *array, char buf[MHO_NPY_MAX_HEADER],
                            size_t *n_header, size_t *n_data) {
    size_t n, width = array->data ? sizeof(double) : sizeof(float);
    if (!array->data == !array->data_f) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "array %.40s: data and data_f are %s: exactly one of them must be given",
                          array->name ? array->name : "", array->data ? "both there" : "both NULL");
    }
    if (array->n_dim > MHO_NPY_MAX_DIM || !count(array->n_dim, array->shape, &n)) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "an array to be saved has %zu dimensions or is too large", array->n_dim);
    }
    char shape[128];
    int len = 0;
    for (size_t k = 0; k < array->n_dim; k++) {
        len += snprintf(shape + len, sizeof shape - (size_t)len, "%zu,", array->shape[k]);
    }
    shape[len > 0 && array->n_dim > 1 ? len - 1 : len] = 0;
    char dict[192];
    len =
        snprintf(dict, sizeof dict, "{'descr': '%cf%zu', 'fortran_order': False, 'shape': (%s), }",
                 host_is_big() ? '>' : '<', width, shape);
    size_t total = (10 + (size_t)len + 1 + 63) / 64 * 64; /* data start at a multiple of 64 bytes */
    memcpy(buf, "\x93NUMPY\x01", 8);
    buf[8] = (char)((total - 10) & 0xff);
    buf[9] = (char)((total - 10) >> 8);
    memset(buf + 10, ' ', total - 10);
    memcpy(buf + 10, dict, (size_t)len);
    buf[total - 1] = '\n';
    *n_header = total;
    *n_data = n * width;
    return MHO_OK;
}

mho_status mho_npy_save(mho_ctx *ctx, const char *path, const mho_npy_view *array) {
    char head[MHO_NPY_MAX_HEADER];
    size_t n_head, n_data;
    mho_status status = mho_i_npy_header(ctx, array, head, &n_head, &n_data);
    if (status < 0) {
        return status;
    }
    const mho_i_part parts[2] = {{head, n_head}, {mho_i_npy_bytes(array), n_data}};
    return mho_i_file_write_parts(ctx, path, 2, parts);
}

mho_status mho_file_writable(mho_ctx *ctx, const char *path) {
    return mho_i_file_writable(ctx, path);
}

mho_status mho_file_save(mho_ctx *ctx, const char *path, const void *data, size_t n_byte) {
    return mho_i_file_write(ctx, path, data, n_byte);
}
