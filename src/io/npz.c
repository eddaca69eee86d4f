/* npz.c - NumPy's NPZ format: a ZIP archive of NPY files (PKWARE APPNOTE 6.3).
 * Read through the central directory at the end; stored and deflated members; written stored.
 * Not done: archives over 4 GiB (ZIP64), encryption, archives of several volumes.                */
#include "io_int.h"

#include <string.h>
#include <zlib.h>

enum {
    LOCAL_SIG = 0x04034b50,
    CENTRAL_SIG = 0x02014b50,
    END_SIG = 0x06054b50,
    LOCAL_BYTES = 30,
    CENTRAL_BYTES = 46,
    END_BYTES = 22,
    MAX_MEMBERS = 65534,
    MAX_NAME = 200
};

static const size_t max_file_bytes = UINT32_MAX - 1;

static uint32_t get2(const unsigned char *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t get4(const unsigned char *p) {
    return get2(p) | get2(p + 2) << 16;
}

static void put2(unsigned char *p, size_t x) {
    p[0] = (unsigned char)(x & 0xff);
    p[1] = (unsigned char)(x >> 8 & 0xff);
}

static void put4(unsigned char *p, size_t x) {
    put2(p, x & 0xffff);
    put2(p + 2, x >> 16);
}

/* ---- reading ---- */

typedef struct member {
    uint32_t method, crc;
    size_t n_packed, n_plain;
    const unsigned char *packed;
} member;

/* the end record: searched backwards over a comment of at most 64 KiB */
static const unsigned char *find_end(const unsigned char *bytes, size_t n_byte) {
    for (size_t back = END_BYTES; back <= n_byte && back <= END_BYTES + 65535; back++) {
        const unsigned char *p = bytes + (n_byte - back);
        if (get4(p) == END_SIG && get2(p + 20) == back - END_BYTES) {
            return p;
        }
    }
    return NULL;
}

/* data of the member whose central record is at p (its fixed part is inside the file) */
static const char *locate(const unsigned char *bytes, size_t n_byte, const unsigned char *p,
                          member *m) {
    *m = (member){get2(p + 10), get4(p + 16), get4(p + 20), get4(p + 24), NULL};
    size_t at = get4(p + 42);
    if (m->n_packed == UINT32_MAX || m->n_plain == UINT32_MAX || at == UINT32_MAX) {
        return "a member needs ZIP64 (4 GiB or more), which is not supported";
    }
    if (get2(p + 8) & 1) {
        return "a member is encrypted";
    }
    if (at > n_byte || n_byte - at < LOCAL_BYTES || get4(bytes + at) != LOCAL_SIG) {
        return "the archive is damaged: a member is not where the directory says";
    }
    size_t skip = LOCAL_BYTES + get2(bytes + at + 26) + get2(bytes + at + 28);
    if (skip > n_byte - at || m->n_packed > n_byte - at - skip) {
        return "the archive is damaged: a member runs past the end of the file";
    }
    m->packed = bytes + at + skip;
    return NULL;
}

/* NULL, or what is wrong; *found tells whether name (".npy" added) is there */
static const char *find_member(const unsigned char *bytes, size_t n_byte, const char *name,
                               member *m, bool *found) {
    const unsigned char *end = n_byte < END_BYTES ? NULL : find_end(bytes, n_byte);
    if (!end) {
        return "not an NPZ file (no ZIP directory)";
    }
    size_t n_member = get2(end + 10), at = get4(end + 16), n_name = strlen(name);
    for (size_t k = 0; k < n_member; k++) {
        if (at > n_byte || n_byte - at < CENTRAL_BYTES || get4(bytes + at) != CENTRAL_SIG) {
            return "the archive is damaged: its directory is cut off";
        }
        const unsigned char *p = bytes + at;
        size_t len = get2(p + 28), all = CENTRAL_BYTES + len + get2(p + 30) + get2(p + 32);
        if (all > n_byte - at) {
            return "the archive is damaged: its directory is cut off";
        }
        const unsigned char *own = p + CENTRAL_BYTES;
        if (len == n_name + 4 && memcmp(own, name, n_name) == 0 &&
            memcmp(own + n_name, ".npy", 4) == 0) {
            *found = true;
            return locate(bytes, n_byte, p, m);
        }
        at += all;
    }
    return NULL;
}

static const char no_memory[] = "no memory to decompress it";

static const char *inflate_all(const member *m, unsigned char *plain) {
    z_stream z = {0};
    if (inflateInit2(&z, -MAX_WBITS) != Z_OK) {
        return no_memory;
    }
    /* both lengths are below 4 GiB, as uInt is wide */
    union {
        const unsigned char *in;
        unsigned char *out;
    } packed = {m->packed};
    z.next_in = packed.out;
    z.avail_in = (uInt)m->n_packed;
    z.next_out = plain;
    z.avail_out = (uInt)m->n_plain;
    int rc = inflate(&z, Z_FINISH);
    bool whole = rc == Z_STREAM_END && z.avail_out == 0;
    inflateEnd(&z);
    return whole               ? NULL
           : rc == Z_MEM_ERROR ? no_memory
                               : "the archive is damaged: a member cannot be decompressed";
}

static const char *unpack(const member *m, unsigned char *plain) {
    const char *wrong = NULL;
    if (m->method == 0 && m->n_packed == m->n_plain) {
        memcpy(plain, m->packed, m->n_plain);
    } else if (m->method == 8) {
        wrong = inflate_all(m, plain);
    } else {
        return "a member is compressed by a method other than deflate";
    }
    if (!wrong && crc32_z(0, plain, m->n_plain) != m->crc) {
        wrong = "the archive is damaged: the check sum of a member is wrong";
    }
    return wrong;
}

/* *out stays NULL if there is no such array. */
static mho_status parse(mho_ctx *ctx, const char *where, const unsigned char *bytes, size_t n_byte,
                        const char *name, mho_npy **out) {
    member m = {0};
    bool found = false;
    const char *wrong = find_member(bytes, n_byte, name, &m, &found);
    if (!wrong && !found) {
        return MHO_OK;
    }
    /* deflate packs at most 1032 to 1: more is a lie that would cost memory */
    if (!wrong && m.n_plain / 1040 > m.n_packed + 1) {
        wrong = "the archive is damaged: a member announces an impossible size";
    }
    if (wrong) {
        return mho_i_fail(ctx, MHO_ERR_FORMAT, "%s: %s", where, wrong);
    }
    unsigned char *plain = mho_i_alloc(ctx, m.n_plain, 1);
    if (!plain) {
        return MHO_ERR_NOMEM;
    }
    char inner[512];
    snprintf(inner, sizeof inner, "%.300s: %.80s", where, name);
    wrong = unpack(&m, plain);
    mho_status status = wrong ? mho_i_fail(ctx, wrong == no_memory ? MHO_ERR_NOMEM : MHO_ERR_FORMAT,
                                           "%s: %s", where, wrong)
                              : mho_i_npy_parse(ctx, inner, plain, m.n_plain, out);
    mho_i_free(ctx, plain);
    return status;
}

static mho_status absent(mho_ctx *ctx, const char *where, const char *name) {
    return mho_i_fail(ctx, MHO_ERR_FORMAT, "%s: no array called \"%.80s\"", where, name);
}

mho_status mho_i_npz_parse(mho_ctx *ctx, const char *where, const unsigned char *bytes,
                           size_t n_byte, const char *name, mho_npy **out) {
    *out = NULL;
    mho_status status = parse(ctx, where, bytes, n_byte, name, out);
    return status == MHO_OK && !*out ? absent(ctx, where, name) : status;
}

mho_status mho_i_npz_load_if(mho_ctx *ctx, const char *path, const char *name, mho_npy **out) {
    unsigned char *bytes;
    size_t n_byte;
    *out = NULL;
    mho_status status = mho_i_file_read(ctx, path, max_file_bytes, &bytes, &n_byte);
    if (status == MHO_OK) {
        status = parse(ctx, path, bytes, n_byte, name, out);
        mho_i_free(ctx, bytes);
    }
    return status;
}

mho_status mho_npz_load(mho_ctx *ctx, const char *path, const char *name, mho_npy **out) {
    mho_status status = mho_i_npz_load_if(ctx, path, name, out);
    return status == MHO_OK && !*out ? absent(ctx, path, name) : status;
}

/* ---- writing ---- */

/* what stands before the data of one member, and its line in the directory */
typedef struct record {
    unsigned char local[LOCAL_BYTES + MAX_NAME + 4];
    unsigned char central[CENTRAL_BYTES + MAX_NAME + 4];
    char npy[MHO_NPY_MAX_HEADER];
} record;

/* the 26 bytes that both kinds of header share, from "version needed" to "extra length" */
static void put_common(unsigned char *p, uint32_t crc, size_t n, size_t n_name) {
    put2(p, 20);
    put4(p + 6, 0x00210000); /* 1980-01-01: the same data give the same file */
    put4(p + 10, crc);
    put4(p + 14, n);
    put4(p + 18, n);
    put2(p + 22, n_name);
}

/* three parts for member number k at offset *at of the file, one for the directory */
static mho_status add_member(mho_ctx *ctx, const mho_npy_view *array, record *r, mho_i_part *local,
                             mho_i_part *central, size_t *at) {
    size_t n_head, n_data, n_name = array->name ? strlen(array->name) : 0;
    if (n_name == 0 || n_name > MAX_NAME) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "an array's name \"%.40s\" of %zu bytes: allowed are 1 to %d",
                          array->name ? array->name : "", n_name, MAX_NAME);
    }
    mho_status status = mho_i_npy_header(ctx, array, r->npy, &n_head, &n_data);
    if (status < 0) {
        return status;
    }
    if (n_data > max_file_bytes - n_head || *at > max_file_bytes - n_head - n_data - 65536) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "%s: an NPZ file of %.3g GiB: below 4 GiB is allowed: save fewer vectors",
                          array->name, ((double)*at + (double)n_data) / 0x1p30);
    }
    unsigned long crc = crc32_z(0, (const unsigned char *)r->npy, n_head);
    crc = crc32_z(crc, mho_i_npy_bytes(array), n_data);
    size_t len = n_name + 4;
    put4(r->local, LOCAL_SIG);
    put_common(r->local + 4, (uint32_t)crc, n_head + n_data, len);
    memcpy(r->local + LOCAL_BYTES, array->name, n_name);
    memcpy(r->local + LOCAL_BYTES + n_name, ".npy", 4);
    put4(r->central, CENTRAL_SIG);
    put2(r->central + 4, 20);
    put_common(r->central + 6, (uint32_t)crc, n_head + n_data, len);
    put4(r->central + 42, *at);
    memcpy(r->central + CENTRAL_BYTES, r->local + LOCAL_BYTES, len);
    local[0] = (mho_i_part){r->local, LOCAL_BYTES + len};
    local[1] = (mho_i_part){r->npy, n_head};
    local[2] = (mho_i_part){mho_i_npy_bytes(array), n_data};
    *central = (mho_i_part){r->central, CENTRAL_BYTES + len};
    *at += LOCAL_BYTES + len + n_head + n_data;
    return MHO_OK;
}

mho_status mho_npz_save(mho_ctx *ctx, const char *path, size_t n_array,
                        const mho_npy_view *arrays) {
    if (n_array < 1 || n_array > MAX_MEMBERS) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "%zu arrays in one NPZ file: allowed are 1 to %d",
                          n_array, MAX_MEMBERS);
    }
    record *records = mho_i_alloc(ctx, n_array, sizeof *records);
    mho_i_part *parts = mho_i_alloc(ctx, 4 * n_array + 1, sizeof *parts);
    mho_status status = records && parts ? MHO_OK : MHO_ERR_NOMEM;
    size_t at = 0, n_directory = 0;
    for (size_t k = 0; k < n_array && status == MHO_OK; k++) {
        mho_i_part *central = parts + 3 * n_array + k;
        status = add_member(ctx, &arrays[k], &records[k], parts + 3 * k, central, &at);
        n_directory += central->n_byte;
    }
    if (status == MHO_OK) {
        unsigned char end[END_BYTES] = {0};
        put4(end, END_SIG);
        put2(end + 8, n_array);
        put2(end + 10, n_array);
        put4(end + 12, n_directory);
        put4(end + 16, at);
        parts[4 * n_array] = (mho_i_part){end, END_BYTES};
        status = mho_i_file_write_parts(ctx, path, 4 * n_array + 1, parts);
    }
    mho_i_free(ctx, records);
    mho_i_free(ctx, parts);
    return status;
}
