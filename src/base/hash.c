/* hash.c - FNV-1a over two 64-bit lanes with different offsets: names cached results. */
#include "base_int.h"

mho_i_hash mho_i_hash_init(void) {
    return (mho_i_hash){0xcbf29ce484222325u, 0x6c62272e07bb0142u};
}

void mho_i_hash_add(mho_i_hash *h, const void *data, size_t n_byte) {
    const unsigned char *p = data;
    uint64_t lo = h->lo, hi = h->hi;
    for (size_t k = 0; k < n_byte; k++) {
        lo = (lo ^ p[k]) * 0x100000001b3u;
        hi = (hi ^ p[k]) * 0x9e3779b97f4a7c15u;
        hi ^= hi >> 29;
    }
    h->lo = lo;
    h->hi = hi;
}

void mho_i_hash_hex(const mho_i_hash *h, char out[33]) {
    snprintf(out, 33, "%016llx%016llx", (unsigned long long)h->hi, (unsigned long long)h->lo);
}
