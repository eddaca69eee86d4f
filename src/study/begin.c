/* begin.c - what every experiment with chips begins with. */
#include "study_int.h"

mho_status mho_i_begin_spec(mho_ctx *ctx, const char *chip_file, mho_chip_spec *out) {
    return chip_file ? mho_chip_spec_load(ctx, chip_file, out) : mho_chip_spec_default(ctx, out);
}

mho_status mho_i_begin_check(mho_ctx *ctx, size_t n_chip, size_t n_verify) {
    if (n_chip < 1 || n_chip > 1000000) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "chips = %zu: allowed are 1 to 1000000", n_chip);
    }
    if (n_verify > 64) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "pictures to verify = %zu: allowed are 0 to 64",
                          n_verify);
    }
    return MHO_OK;
}
