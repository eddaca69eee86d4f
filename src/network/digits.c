/* digits.c - stub */
#include "network_int.h"
mho_status mho_dataset_digits(mho_ctx *ctx, uint64_t seed, size_t first, size_t n_image,
                              mho_dataset **out) {
    (void)seed; (void)first; (void)n_image; *out = NULL;
    return mho_i_fail(ctx, MHO_ERR_INTERNAL, "not yet");
}
