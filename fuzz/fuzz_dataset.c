/* fuzz_dataset.c - pictures and labels as a pair of IDX files; the first two bytes say where the
 * second file begins. */
#include "fuzz.h"

#include "mho/network.h"

void fuzz_one(mho_ctx *ctx, const uint8_t *bytes, size_t n) {
    if (n < 2) {
        return;
    }
    size_t cut = (size_t)bytes[0] << 8 | bytes[1];
    bytes += 2;
    n -= 2;
    cut = cut < n ? cut : n;
    mho_dataset *set = NULL;
    const char *images = fuzz_file_at(0, bytes, cut),
               *labels = fuzz_file_at(1, bytes + cut, n - cut);
    if (fuzz_said(ctx, mho_dataset_load_idx(ctx, images, labels, 10, &set)) != MHO_OK) {
        return;
    }
    for (size_t k = 0; k < mho_dataset_n_image(set); k++) {
        if (mho_dataset_labels(set)[k] >= 10) {
            abort();
        }
    }
    mho_dataset_free(set);
}
