/* onnx_tensor.c - tensors of a file, of any type and in any of the places where the format puts
 * their numbers. How many there are is compared with the shape before memory is taken. */
#include "onnx_int.h"

#include <math.h>
#include <string.h>

static const char *const type_names[] = {"unknown",    "float",   "uint8",  "int8",   "uint16",
                                         "int16",      "int32",   "int64",  "string", "bool",
                                         "float16",    "double",  "uint32", "uint64", "complex64",
                                         "complex128", "bfloat16"};

const char *mho_i_onnx_type_name(int type) {
    return type >= 0 && (size_t)type < sizeof type_names / sizeof *type_names ? type_names[type]
                                                                              : "another type";
}

bool mho_i_onnx_is_float(int type) {
    return type == MHO_ONNX_FLOAT || type == MHO_ONNX_DOUBLE || type == MHO_ONNX_FLOAT16 ||
           type == MHO_ONNX_BFLOAT16;
}

bool mho_i_onnx_is_int(int type) {
    return (type >= MHO_ONNX_UINT8 && type <= MHO_ONNX_INT64) || type == MHO_ONNX_BOOL ||
           type == MHO_ONNX_UINT32 || type == MHO_ONNX_UINT64;
}

const char *mho_i_onnx_clean(const char *text, char buf[80]) {
    size_t n = 0;
    for (; text && text[n] && n < 79; n++) {
        unsigned char c = (unsigned char)text[n];
        buf[n] = c < 32 || c == 127 ? '?' : (char)c;
    }
    buf[n] = 0;
    return buf;
}

static mho_status tensor_fail(mho_i_onnx *o, const MhoOnnx__Tensor *t, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static mho_status tensor_fail(mho_i_onnx *o, const MhoOnnx__Tensor *t, const char *fmt, ...) {
    char text[400], name[80];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return mho_i_fail(o->ctx, MHO_ERR_FORMAT, "%s: tensor \"%s\": %s", o->where,
                      mho_i_onnx_clean(t->name, name), text);
}

mho_status mho_i_onnx_tensor_shape(mho_i_onnx *o, const MhoOnnx__Tensor *t, size_t *n_dim,
                                   size_t *shape, size_t *size) {
    if (t->n_dims > MHO_GRAPH_MAX_DIM) {
        return tensor_fail(o, t, "%zu dimensions: at most %d are allowed", t->n_dims,
                           MHO_GRAPH_MAX_DIM);
    }
    size_t n = 1, most = o->opt.max_byte / sizeof(float);
    bool none = false;
    for (size_t d = 0; d < t->n_dims; d++) {
        if (t->dims[d] < 0 || (uint64_t)t->dims[d] > most) {
            return tensor_fail(o, t, "dimension %zu is %lld: allowed are 0 to %zu", d,
                               (long long)t->dims[d], most);
        }
        shape[d] = (size_t)t->dims[d];
        none = none || !shape[d];
        if (shape[d] && n > most / shape[d]) {
            return tensor_fail(o, t, "it has more than %zu numbers, the most allowed here", most);
        }
        n *= shape[d] ? shape[d] : 1;
    }
    *n_dim = t->n_dims;
    *size = none ? 0 : n;
    return MHO_OK;
}

static size_t width_of(int type) {
    switch (type) {
    case MHO_ONNX_UINT8:
    case MHO_ONNX_INT8:
    case MHO_ONNX_BOOL:
        return 1;
    case MHO_ONNX_UINT16:
    case MHO_ONNX_INT16:
    case MHO_ONNX_FLOAT16:
    case MHO_ONNX_BFLOAT16:
        return 2;
    case MHO_ONNX_FLOAT:
    case MHO_ONNX_INT32:
    case MHO_ONNX_UINT32:
        return 4;
    case MHO_ONNX_INT64:
    case MHO_ONNX_UINT64:
    case MHO_ONNX_DOUBLE:
        return 8;
    default:
        return 0;
    }
}

/* ---- one element from its bits ---- */

static float from_half(uint32_t h) {
    uint32_t e = h >> 10 & 31, m = h & 1023;
    float v = e == 31 ? (m ? NAN : INFINITY)
              : e     ? ldexpf((float)(m + 1024), (int)e - 25)
                      : ldexpf((float)m, -24);
    return h & 0x8000 ? -v : v;
}

static float float_of_bits(uint32_t bits) {
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static int64_t int_of_bits(int type, uint64_t b) {
    switch (type) {
    case MHO_ONNX_INT8:
        return (int8_t)(uint8_t)b;
    case MHO_ONNX_INT16:
        return (int16_t)(uint16_t)b;
    case MHO_ONNX_INT32:
        return (int32_t)(uint32_t)b;
    case MHO_ONNX_BOOL:
        return b != 0;
    default: /* a uint64 beyond the range of int64 is no side of anything */
        return b > INT64_MAX && type == MHO_ONNX_UINT64 ? INT64_MAX : (int64_t)b;
    }
}

static float value_of_bits(int type, uint64_t b) {
    double d;
    switch (type) {
    case MHO_ONNX_FLOAT:
        return float_of_bits((uint32_t)b);
    case MHO_ONNX_FLOAT16:
        return from_half((uint32_t)b);
    case MHO_ONNX_BFLOAT16:
        return float_of_bits((uint32_t)b << 16);
    case MHO_ONNX_DOUBLE:
        memcpy(&d, &b, sizeof d);
        return (float)d;
    case MHO_ONNX_UINT64:
        return (float)b;
    default:
        return (float)int_of_bits(type, b);
    }
}

/* ---- where the elements are ---- */

typedef struct source {
    const unsigned char *bytes; /* little-endian, width each; NULL: a typed array */
    unsigned char *owned;       /* to be freed */
    size_t width;
    int type;
    const MhoOnnx__Tensor *t;
} source;

/* Number of elements in the typed array that the format wants for this type. */
static size_t typed_count(const MhoOnnx__Tensor *t) {
    switch (t->data_type) {
    case MHO_ONNX_FLOAT:
        return t->n_float_data;
    case MHO_ONNX_DOUBLE:
        return t->n_double_data;
    case MHO_ONNX_INT64:
        return t->n_int64_data;
    case MHO_ONNX_UINT32:
    case MHO_ONNX_UINT64:
        return t->n_uint64_data;
    default:
        return t->n_int32_data;
    }
}

static uint64_t typed_bits(const MhoOnnx__Tensor *t, size_t k) {
    uint64_t b = 0;
    switch (t->data_type) {
    case MHO_ONNX_FLOAT: {
        uint32_t b4;
        memcpy(&b4, &t->float_data[k], sizeof b4);
        return b4;
    }
    case MHO_ONNX_DOUBLE:
        memcpy(&b, &t->double_data[k], sizeof b);
        return b;
    case MHO_ONNX_INT64:
        return (uint64_t)t->int64_data[k];
    case MHO_ONNX_UINT32:
    case MHO_ONNX_UINT64:
        return t->uint64_data[k];
    case MHO_ONNX_FLOAT16:
    case MHO_ONNX_BFLOAT16:
    case MHO_ONNX_UINT16:
        return (uint32_t)t->int32_data[k] & 0xffff;
    case MHO_ONNX_UINT8:
        return (uint32_t)t->int32_data[k] & 0xff;
    default:
        return (uint64_t)(int64_t)t->int32_data[k];
    }
}

static uint64_t bits_at(const source *s, size_t k) {
    if (!s->bytes) {
        return typed_bits(s->t, k);
    }
    uint64_t b = 0;
    for (size_t i = 0; i < s->width; i++) {
        b |= (uint64_t)s->bytes[k * s->width + i] << 8 * i;
    }
    return b;
}

static mho_status open_source(mho_i_onnx *o, const MhoOnnx__Tensor *t, size_t size, source *s) {
    *s = (source){.width = width_of(t->data_type), .type = t->data_type, .t = t};
    if (!s->width) {
        return tensor_fail(o, t,
                           "its elements are %s (type %d): float, double, float16, bfloat16, bool "
                           "and integers of 8 to 64 bits are read",
                           mho_i_onnx_type_name(t->data_type), t->data_type);
    }
    if (t->has_segment) {
        return tensor_fail(o, t, "it is cut into segments, which is not supported");
    }
    if (t->data_location == 1) {
        mho_status status = mho_i_onnx_external(o, t, size * s->width, &s->owned);
        s->bytes = s->owned;
        return status;
    }
    if (t->data_location != 0) {
        return tensor_fail(o, t, "data_location %d: 0 and 1 are allowed", t->data_location);
    }
    size_t have = t->has_raw_data ? t->raw_data.len : typed_count(t);
    size_t want = t->has_raw_data ? size * s->width : size;
    if (have != want) {
        return tensor_fail(o, t, "it has %zu %s, its shape wants %zu", have,
                           t->has_raw_data ? "bytes" : "numbers", want);
    }
    s->bytes = t->has_raw_data ? t->raw_data.data : NULL;
    return MHO_OK;
}

mho_status mho_i_onnx_tensor_floats(mho_i_onnx *o, const MhoOnnx__Tensor *t, size_t size,
                                    float **out) {
    source s;
    *out = NULL;
    mho_status status = open_source(o, t, size, &s);
    float *v = status == MHO_OK ? mho_i_alloc(o->ctx, size, sizeof *v) : NULL;
    for (size_t k = 0; v && k < size; k++) {
        v[k] = value_of_bits(s.type, bits_at(&s, k));
    }
    mho_i_free(o->ctx, s.owned);
    *out = v;
    return v || status < 0 ? status : MHO_ERR_NOMEM;
}

mho_status mho_i_onnx_tensor_ints(mho_i_onnx *o, const MhoOnnx__Tensor *t, size_t size,
                                  int64_t **out) {
    source s;
    *out = NULL;
    mho_status status = open_source(o, t, size, &s);
    int64_t *v = status == MHO_OK ? mho_i_alloc(o->ctx, size, sizeof *v) : NULL;
    for (size_t k = 0; v && k < size; k++) {
        v[k] = int_of_bits(s.type, bits_at(&s, k));
    }
    mho_i_free(o->ctx, s.owned);
    *out = v;
    return v || status < 0 ? status : MHO_ERR_NOMEM;
}
