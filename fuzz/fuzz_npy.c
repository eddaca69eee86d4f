/* fuzz_npy.c - arrays of NumPy. */
#include "fuzz.h"

#include "io/io_int.h"

void fuzz_one(mho_ctx *ctx, const uint8_t *bytes, size_t n) {
    mho_npy *a = NULL;
    if (fuzz_said(ctx, mho_i_npy_parse(ctx, "fuzz", bytes, n, &a)) == MHO_OK) {
        mho_npy_free(a);
    }
}
