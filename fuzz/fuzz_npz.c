/* fuzz_npz.c - archives of NumPy, as they are and with check sums that fit. */
#include "mend.h"

#include "io/io_int.h"

static void parse(mho_ctx *ctx, const uint8_t *bytes, size_t n) {
    mho_npy *a = NULL;
    if (fuzz_said(ctx, mho_i_npz_parse(ctx, "fuzz", bytes, n, "x", &a)) == MHO_OK) {
        mho_npy_free(a);
    }
}

void fuzz_one(mho_ctx *ctx, const uint8_t *bytes, size_t n) {
    uint8_t *copy = mend_copy(bytes, n);
    parse(ctx, bytes, n);
    mend_zip(copy, n);
    parse(ctx, copy, n);
    free(copy);
}
