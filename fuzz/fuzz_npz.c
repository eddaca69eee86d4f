/* fuzz_npz.c - archives of NumPy. */
#include "fuzz.h"

#include "io/io_int.h"

void fuzz_one(mho_ctx *ctx, const uint8_t *bytes, size_t n) {
    mho_npy *a = NULL;
    if (fuzz_said(ctx, mho_i_npz_parse(ctx, "fuzz", bytes, n, "x", &a)) == MHO_OK) {
        mho_npy_free(a);
    }
}
