/* mutate.h - changes to a protobuf message that leave it one: a field's content is changed, a field
 * goes, comes twice, or is replaced by another; the lengths of all messages around it follow. What
 * is a message inside is told by protobuf-c's descriptors. Random bytes alone nearly always end at
 * a length that does not fit. */
#ifndef MHO_FUZZ_MUTATE_H
#define MHO_FUZZ_MUTATE_H

#include "fuzz.h"

#include <protobuf-c/protobuf-c.h>

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t n, size_t most);

enum { MUTATE_SPOTS = 4096, MUTATE_BYTES = 1 << 16, MUTATE_DEPTH = 12 };

/* A field: [tag, end), its content from body on. */
typedef struct spot {
    size_t tag, length, body, end; /* length: of a field with one, where it stands; else body */
    int parent;                    /* -1: the whole */
    unsigned wire;
    const ProtobufCFieldDescriptor *field;
} spot;

typedef struct spots {
    const uint8_t *bytes;
    int n;
    spot at[MUTATE_SPOTS];
} spots;

static inline uint32_t mutate_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static inline bool mutate_varint(const uint8_t *bytes, size_t *at, size_t end, uint64_t *out) {
    *out = 0;
    for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
        uint8_t c = bytes[(*at)++];
        *out |= (uint64_t)(c & 127) << shift;
        if (c < 128) {
            return true;
        }
    }
    return false;
}

static inline size_t mutate_put(uint8_t *to, uint64_t v) {
    size_t n = 0;
    do {
        to[n] = (uint8_t)((v & 127) | (v > 127 ? 128 : 0));
        v >>= 7;
    } while (to[n++] & 128);
    return n;
}

/* All fields of a message and of those in it; stops where it is broken. */
static inline void mutate_walk(spots *s, size_t at, size_t end, int parent,
                               const ProtobufCMessageDescriptor *d, int depth) {
    while (at < end && s->n < MUTATE_SPOTS) {
        spot p = {.tag = at, .parent = parent};
        uint64_t tag, v;
        if (!mutate_varint(s->bytes, &at, end, &tag)) {
            return;
        }
        p.wire = tag & 7;
        p.length = p.body = at;
        p.field = d ? protobuf_c_message_descriptor_get_field(d, (unsigned)(tag >> 3)) : NULL;
        if (p.wire == 0 || p.wire == 2) {
            if (!mutate_varint(s->bytes, &at, end, &v)) {
                return;
            }
            p.body = p.wire == 2 ? at : p.body;
            p.end = p.wire == 2 ? at + v : at;
        } else {
            p.end = at + (p.wire == 1 ? 8 : 4);
        }
        if (p.end > end || p.end < at) {
            return;
        }
        at = p.end;
        int own = s->n++;
        s->at[own] = p;
        if (p.wire == 2 && p.field && p.field->type == PROTOBUF_C_TYPE_MESSAGE &&
            depth < MUTATE_DEPTH) {
            mutate_walk(s, p.body, p.end, own, p.field->descriptor, depth + 1);
        }
    }
}

/* [from, to) inside parent becomes fresh; into out, at most most bytes, 0: it does not fit. */
static inline size_t mutate_splice(const spots *s, size_t n_byte, int parent, size_t from,
                                   size_t to, const uint8_t *fresh, size_t n_fresh, uint8_t *out,
                                   size_t most) {
    static uint8_t one[2 * MUTATE_BYTES], two[2 * MUTATE_BYTES];
    uint8_t *now = one, *next = two;
    if (n_fresh > MUTATE_BYTES || n_byte > MUTATE_BYTES) {
        return 0;
    }
    memcpy(now, fresh, n_fresh);
    for (; parent >= 0; parent = s->at[parent].parent) {
        const spot *p = &s->at[parent];
        size_t n = p->length - p->tag;
        memcpy(next, s->bytes + p->tag, n);
        n += mutate_put(next + n, (from - p->body) + n_fresh + (p->end - to));
        memcpy(next + n, s->bytes + p->body, from - p->body);
        n += from - p->body;
        memcpy(next + n, now, n_fresh);
        n += n_fresh;
        memcpy(next + n, s->bytes + to, p->end - to);
        n_fresh = n + (p->end - to);
        from = p->tag;
        to = p->end;
        uint8_t *swap = now;
        now = next;
        next = swap;
        if (n_fresh > MUTATE_BYTES) {
            return 0;
        }
    }
    size_t n = from + n_fresh + (n_byte - to);
    if (n > most) {
        return 0;
    }
    memcpy(out, s->bytes, from);
    memcpy(out + from, now, n_fresh);
    memcpy(out + from + n_fresh, s->bytes + to, n_byte - to);
    return n;
}

/* The content of spot p, changed, with its head: into fresh. */
static inline size_t mutate_content(const uint8_t *bytes, const spot *p, uint32_t *random,
                                    uint8_t fresh[2 * MUTATE_BYTES]) {
    static const uint64_t some[] = {
        0, 1, 2, 3, 4, 7, 8, 16, 64, UINT64_MAX, 1u << 31, UINT64_MAX - 1, 1ull << 62};
    size_t n = p->length - p->tag, n_body = p->end - p->body;
    memcpy(fresh, bytes + p->tag, n);
    if (p->wire == 0) {
        size_t at = p->body;
        uint64_t v;
        (void)mutate_varint(bytes, &at, p->end, &v);
        if (mutate_random(random) % 2) {
            v = some[mutate_random(random) % (sizeof some / sizeof *some)];
        } else {
            (void)LLVMFuzzerMutate((uint8_t *)&v, sizeof v, sizeof v);
        }
        return n + mutate_put(fresh + n, v);
    }
    uint8_t *body = fresh + MUTATE_BYTES;
    memcpy(body, bytes + p->body, n_body);
    if (p->wire != 2) {
        (void)LLVMFuzzerMutate(body, n_body, n_body);
    } else {
        n_body = LLVMFuzzerMutate(body, n_body, n_body + 64);
        n += mutate_put(fresh + n, n_body);
    }
    memmove(fresh + n, body, n_body);
    return n + n_body;
}

static inline size_t mutate_message(const ProtobufCMessageDescriptor *d, uint8_t *bytes, size_t n,
                                    size_t most, uint32_t seed) {
    static uint8_t fresh[2 * MUTATE_BYTES], out[MUTATE_BYTES];
    static spots s;
    uint32_t random = seed;
    s.bytes = bytes;
    s.n = 0;
    most = most < MUTATE_BYTES ? most : MUTATE_BYTES;
    mutate_walk(&s, 0, n, -1, d, 0);
    if (s.n == 0 || n > MUTATE_BYTES / 2 || mutate_random(&random) % 8 == 0) {
        return LLVMFuzzerMutate(bytes, n, most);
    }
    const spot *p = &s.at[mutate_random(&random) % (uint32_t)s.n];
    const spot *q = &s.at[mutate_random(&random) % (uint32_t)s.n];
    size_t from = p->tag, to = p->end, n_fresh = 0;
    switch (mutate_random(&random) % 6) {
    case 0: /* goes */
        break;
    case 1: /* comes twice, or another one comes */
        q = mutate_random(&random) % 2 ? p : q;
        n_fresh = q->end - q->tag;
        memcpy(fresh, bytes + q->tag, n_fresh);
        from = to;
        break;
    case 2: /* is another one */
        n_fresh = q->end - q->tag;
        memcpy(fresh, bytes + q->tag, n_fresh);
        break;
    default:
        n_fresh = mutate_content(bytes, p, &random, fresh);
    }
    size_t n_out = mutate_splice(&s, n, p->parent, from, to, fresh, n_fresh, out, most);
    memcpy(bytes, out, n_out);
    return n_out ? n_out : n;
}

/* A field of b goes where one of the same kind stands in a. */
static inline size_t mutate_cross(const ProtobufCMessageDescriptor *d, const uint8_t *a, size_t n_a,
                                  const uint8_t *b, size_t n_b, uint8_t *out, size_t most,
                                  uint32_t seed) {
    static spots s, t;
    uint32_t random = seed;
    s.bytes = a;
    t.bytes = b;
    s.n = t.n = 0;
    mutate_walk(&s, 0, n_a, -1, d, 0);
    mutate_walk(&t, 0, n_b, -1, d, 0);
    for (int tries = 0; s.n && t.n && tries < 16; tries++) {
        const spot *p = &s.at[mutate_random(&random) % (uint32_t)s.n];
        const spot *q = &t.at[mutate_random(&random) % (uint32_t)t.n];
        if (p->field && p->field == q->field) {
            bool beside = mutate_random(&random) % 2;
            return mutate_splice(&s, n_a, p->parent, beside ? p->end : p->tag, p->end, b + q->tag,
                                 q->end - q->tag, out, most);
        }
    }
    return 0;
}

#endif
