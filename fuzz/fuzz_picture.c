/* fuzz_picture.c - PNG and PGM, read row by row as mho image does; PNG also with check sums that
 * fit. */
#include "mend.h"

#include "io/io_int.h"

static void show(mho_ctx *ctx, const uint8_t *bytes, size_t n) {
    mho_i_picture *p = NULL;
    if (fuzz_said(ctx, mho_i_picture_open(ctx, fuzz_file(bytes, n), &p)) != MHO_OK) {
        return;
    }
    size_t n_col = mho_i_picture_n_col(p), n_row = mho_i_picture_n_row(p);
    float *luma = n_col < 1u << 20 ? malloc(n_col * sizeof *luma) : NULL;
    for (size_t r = 0; luma && r < n_row && r < 4096; r++) {
        if (fuzz_said(ctx, mho_i_picture_row(p, luma)) < 0) {
            break;
        }
        for (size_t k = 0; k < n_col; k++) {
            if (!(luma[k] >= 0 && luma[k] <= 1)) {
                abort();
            }
        }
    }
    free(luma);
    mho_i_picture_close(p);
}

void fuzz_one(mho_ctx *ctx, const uint8_t *bytes, size_t n) {
    show(ctx, bytes, n);
    if (n > 8 && bytes[0] == 0x89) {
        uint8_t *copy = mend_copy(bytes, n);
        mend_png(copy, n);
        show(ctx, copy, n);
        free(copy);
    }
}
