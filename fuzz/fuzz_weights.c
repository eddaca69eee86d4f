/* fuzz_weights.c - stored weights, as they are and with the hash that fits. */
#include "mend.h"

#include "mho/network.h"

#include <math.h>

static void load(mho_ctx *ctx, const uint8_t *bytes, size_t n) {
    mho_net *net = NULL;
    if (mho_net_new(ctx, 1, 4, 4, &net) != MHO_OK || mho_net_add_conv(net, 2, 3, 1, 1, true, 1) ||
        mho_net_add_pool(net, 2) || mho_net_add_dense(net, 3, false, 1)) {
        abort();
    }
    if (fuzz_said(ctx, mho_net_load(net, fuzz_file(bytes, n))) == MHO_OK) {
        for (size_t l = 0; l < mho_net_n_layer(net); l++) {
            const mho_layer *a = mho_net_layer(net, l);
            if (a->n_out && !(isfinite(mho_net_weights(net, l)[0]) && a->w_max > 0)) {
                abort();
            }
        }
    }
    mho_net_free(net);
}

void fuzz_one(mho_ctx *ctx, const uint8_t *bytes, size_t n) {
    uint8_t *copy = mend_copy(bytes, n);
    load(ctx, bytes, n);
    mend_hash(copy, n);
    load(ctx, copy, n);
    free(copy);
}
