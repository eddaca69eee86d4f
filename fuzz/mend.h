/* mend.h - check sums put right, so that what stands behind the check is reached too. A target
 * reads the bytes as they are, then once more after these. */
#ifndef MHO_FUZZ_MEND_H
#define MHO_FUZZ_MEND_H

#include "fuzz.h"

#include <zlib.h>

static inline uint32_t mend_get4(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline void mend_put4(uint8_t *p, uint32_t v) {
    for (int k = 0; k < 4; k++) {
        p[k] = (uint8_t)(v >> 8 * k);
    }
}

/* CRC-32 of a member: of its bytes, or of what they inflate to (at most 1 MiB of it). */
static inline uint32_t mend_crc(uint32_t method, uint8_t *packed, size_t n) {
    static uint8_t plain[1 << 20];
    if (method != 8) {
        return (uint32_t)crc32_z(0, packed, n);
    }
    z_stream z = {
        .next_in = packed, .avail_in = (uInt)n, .next_out = plain, .avail_out = sizeof plain};
    if (inflateInit2(&z, -MAX_WBITS) != Z_OK) {
        return 0;
    }
    (void)inflate(&z, Z_FINISH);
    uint32_t crc = (uint32_t)crc32_z(0, plain, sizeof plain - z.avail_out);
    inflateEnd(&z);
    return crc;
}

/* The members of a ZIP archive, wherever there is a record of the directory. */
static inline void mend_zip(uint8_t *bytes, size_t n) {
    for (size_t k = 0; k + 46 <= n; k++) {
        uint8_t *p = bytes + k;
        if (mend_get4(p) != 0x02014b50) {
            continue;
        }
        size_t at = mend_get4(p + 42), packed = mend_get4(p + 20);
        if (at > n || n - at < 32) { /* 30, and the four bytes that are read there */
            continue;
        }
        size_t head =
            30 + (mend_get4(bytes + at + 26) & 0xffff) + (mend_get4(bytes + at + 28) & 0xffff);
        if (head <= n - at && packed <= n - at - head) {
            mend_put4(p + 16, mend_crc(p[10], bytes + at + head, packed));
        }
    }
}

/* The chunks of a PNG. */
static inline void mend_png(uint8_t *bytes, size_t n) {
    for (size_t at = 8; at + 12 <= n;) {
        uint8_t *p = bytes + at;
        size_t len = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
        if (len > n - at - 12) {
            return;
        }
        uint32_t crc = (uint32_t)crc32_z(0, p + 4, len + 4);
        for (int k = 0; k < 4; k++) {
            p[8 + len + (size_t)k] = (uint8_t)(crc >> (24 - 8 * k));
        }
        at += len + 12;
    }
}

/* mho's own hash of what stands before the last 16 bytes. */
static inline void mend_hash(uint8_t *bytes, size_t n) {
    if (n >= 16) {
        mho_i_hash h = mho_i_hash_init();
        mho_i_hash_add(&h, bytes, n - 16);
        memcpy(bytes + n - 16, &h.lo, 8);
        memcpy(bytes + n - 8, &h.hi, 8);
    }
}

/* A copy to be mended, freed by the caller. */
static inline uint8_t *mend_copy(const uint8_t *bytes, size_t n) {
    uint8_t *copy = malloc(n + 1);
    if (!copy) {
        abort();
    }
    memcpy(copy, bytes, n);
    return copy;
}

#endif
