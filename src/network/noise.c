/* noise.c - checks of the plain noise model. */
#include "network_int.h"

#include <math.h>
#include <omp.h>

int mho_i_thread(void) {
    return omp_get_thread_num();
}

mho_status mho_i_need_range(mho_ctx *ctx, const char *name, double value, double low, double high) {
    if (!(value >= low && value <= high)) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "%s = %g: allowed are %g to %g", name, value, low,
                          high);
    }
    return MHO_OK;
}

mho_status mho_i_noise_check(mho_ctx *ctx, const mho_net_noise *noise) {
    mho_status status;
    if ((status = mho_i_need_range(ctx, "noise.weight_rel", noise->weight_rel, 0, 10)) < 0 ||
        (status = mho_i_need_range(ctx, "noise.z", noise->z, 0, 1000)) < 0 ||
        (status = mho_i_need_range(ctx, "noise.gain", noise->gain, 0, 10)) < 0 ||
        (status = mho_i_need_range(ctx, "noise.offset", noise->offset, 0, 1000)) < 0 ||
        (status = mho_i_need_range(ctx, "noise.input_bits", noise->input_bits, 0, 8)) < 0) {
        return status;
    }
    int n = noise->weight_levels;
    if (n != 0 && (n < 3 || n > 65537 || n % 2 == 0)) {
        return mho_i_fail(
            ctx, MHO_ERR_ARG,
            "noise.weight_levels = %d: allowed are 0 (continuous) and odd numbers from 3 "
            "to 65537",
            n);
    }
    return MHO_OK;
}
