/* fuzz_samples.c - samples for a network: x and y of an NPZ archive. */
#include "mend.h"

#include "mho/samples.h"

#include <math.h>

void fuzz_one(mho_ctx *ctx, const uint8_t *bytes, size_t n) {
    mho_samples *s = NULL;
    uint8_t *copy = mend_copy(bytes, n);
    mend_zip(copy, n);
    const char *path = fuzz_file_in_folder("samples.npz", copy, n);
    free(copy);
    if (fuzz_said(ctx, mho_samples_load(ctx, path, MHO_PART_TEST, &s)) != MHO_OK) {
        return;
    }
    const int32_t *label = mho_samples_label(s);
    for (size_t k = 0; k < mho_samples_n(s) * mho_samples_size(s); k++) {
        if (isnan(mho_samples_x(s)[k])) {
            abort();
        }
    }
    for (size_t k = 0; label && k < mho_samples_n(s); k++) {
        if (label[k] < 0) {
            abort();
        }
    }
    mho_samples_free(s);
}
