/* fuzz_csv.c - tables of measurements. */
#include "fuzz.h"

#include "io/io_int.h"

void fuzz_one(mho_ctx *ctx, const uint8_t *bytes, size_t n) {
    mho_i_csv *t = NULL;
    if (fuzz_said(ctx, mho_i_csv_parse(ctx, "fuzz", (const char *)bytes, n, &t)) == MHO_OK) {
        mho_i_csv_free(t);
    }
}
