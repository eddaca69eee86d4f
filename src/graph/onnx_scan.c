/* onnx_scan.c - a walk over the bytes before anything is allocated.
 *
 * A protobuf message is a list of (number of the field, kind, content). What comes once in the
 * format but twice in a file would be merged by protobuf-c, by copying all that was there:
 * quadratic time for a hostile file. So that is refused here, as are contents that go beyond their
 * message. The table has no message that holds itself: depth is bounded by it. */
#include "onnx_int.h"

typedef enum kind {
    LEAF, /* any content */
    MODEL,
    GRAPH,
    NODE,
    ATTRIBUTE,
    TENSOR,
    VALUE_INFO,
    TYPE,
    TENSOR_TYPE,
    SHAPE,
    ENTRY,
    N_KIND
} kind;

typedef struct field {
    kind of;
    uint32_t number;
    kind holds;
    bool many;
} field;

static const field fields[] = {
    {MODEL, 7, GRAPH, false},     {MODEL, 8, ENTRY, true},       {GRAPH, 1, NODE, true},
    {GRAPH, 5, TENSOR, true},     {GRAPH, 11, VALUE_INFO, true}, {GRAPH, 12, VALUE_INFO, true},
    {NODE, 5, ATTRIBUTE, true},   {ATTRIBUTE, 5, TENSOR, false}, {TENSOR, 13, ENTRY, true},
    {VALUE_INFO, 2, TYPE, false}, {TYPE, 1, TENSOR_TYPE, false}, {TENSOR_TYPE, 2, SHAPE, false},
    {SHAPE, 1, ENTRY, true}};
static const char *const kind_names[N_KIND] = {"field",     "model",  "graph", "node",
                                               "attribute", "tensor", "value", "type",
                                               "type",      "shape",  "entry"};

typedef struct scan {
    mho_ctx *ctx;
    const char *where;
    const unsigned char *start;
    size_t n_byte;
} scan;

static mho_status broken(const scan *s, const unsigned char *at, kind in, const char *what) {
    return mho_i_fail(s->ctx, MHO_ERR_FORMAT,
                      "%s: byte %zu of %zu, in a %s: %s: the file is cut off, damaged, or not ONNX",
                      s->where, (size_t)(at - s->start), s->n_byte, kind_names[in], what);
}

/* NULL: there is none. */
static const unsigned char *varint(const unsigned char *at, const unsigned char *end,
                                   uint64_t *out) {
    uint64_t v = 0;
    for (unsigned shift = 0; at < end && shift < 70; shift += 7) {
        v |= shift < 64 ? (uint64_t)(*at & 127) << shift : 0;
        if (*at++ < 128) {
            *out = v;
            return at;
        }
    }
    return NULL;
}

static const field *find_field(kind of, uint64_t number) {
    for (size_t k = 0; k < sizeof fields / sizeof *fields; k++) {
        if (fields[k].of == of && fields[k].number == number) {
            return &fields[k];
        }
    }
    return NULL;
}

/* The content of one field: its end into *at, its first byte into *body. */
static const char *skip(unsigned wire, const unsigned char **at, const unsigned char *end,
                        const unsigned char **body) {
    uint64_t n = 0;
    const unsigned char *p = *at;
    *body = p;
    switch (wire) {
    case 0:
        p = varint(p, end, &n);
        break;
    case 1:
        p = end - p >= 8 ? p + 8 : NULL;
        break;
    case 5:
        p = end - p >= 4 ? p + 4 : NULL;
        break;
    case 2:
        p = varint(p, end, &n);
        *body = p;
        p = p && n <= (uint64_t)(end - p) ? p + n : NULL;
        break;
    default:
        return "a field of an unknown kind";
    }
    *at = p;
    return p ? NULL : "a field goes beyond the end of what it is in";
}

static mho_status scan_message(const scan *s, kind in, const unsigned char *at,
                               const unsigned char *end) {
    uint32_t seen = 0; /* bit: field number */
    while (at < end) {
        const unsigned char *head = at, *body = NULL;
        uint64_t tag = 0;
        at = varint(at, end, &tag);
        if (!at || tag >> 3 == 0 || tag >> 32) {
            return broken(s, head, in, "no number of a field");
        }
        const char *wrong = skip((unsigned)(tag & 7), &at, end, &body);
        if (wrong) {
            return broken(s, head, in, wrong);
        }
        const field *f = find_field(in, tag >> 3);
        if (!f) {
            continue;
        }
        uint32_t bit = (uint32_t)1 << f->number;
        if ((tag & 7) != 2 || (!f->many && (seen & bit))) {
            return broken(s, head, in, "a part that is not a message, or comes twice");
        }
        seen |= bit;
        mho_status status = f->holds == ENTRY ? MHO_OK : scan_message(s, f->holds, body, at);
        if (status < 0) {
            return status;
        }
    }
    return MHO_OK;
}

mho_status mho_i_onnx_scan(mho_ctx *ctx, const char *where, const unsigned char *bytes,
                           size_t n_byte) {
    scan s = {ctx, where, bytes, n_byte};
    if (n_byte == 0) {
        return mho_i_fail(ctx, MHO_ERR_FORMAT, "%s: the file is empty", where);
    }
    return scan_message(&s, MODEL, bytes, bytes + n_byte);
}
