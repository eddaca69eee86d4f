/* fuzz_idx.c - IDX files, plain and gzip. */
#include "fuzz.h"

#include "io/idx_int.h"

void fuzz_one(mho_ctx *ctx, const uint8_t *bytes, size_t n) {
    const size_t most[3] = {1u << 20, 1024, 1024};
    mho_i_idx idx;
    int n_dim = n && bytes[n - 1] & 1 ? 1 : 3;
    if (fuzz_said(ctx, mho_i_idx_read(ctx, fuzz_file(bytes, n), n_dim, most, &idx)) == MHO_OK) {
        mho_i_free(ctx, idx.data);
    }
}
