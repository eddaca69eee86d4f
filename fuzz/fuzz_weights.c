/* fuzz_weights.c - stored weights and checkpoints of a training. */
#include "fuzz.h"

#include "mho/network.h"

void fuzz_one(mho_ctx *ctx, const uint8_t *bytes, size_t n) {
    mho_net *net = NULL;
    if (mho_net_new(ctx, 1, 4, 4, &net) != MHO_OK || mho_net_add_conv(net, 2, 3, 1, 1, true, 1) ||
        mho_net_add_pool(net, 2) || mho_net_add_dense(net, 3, false, 1)) {
        abort();
    }
    (void)fuzz_said(ctx, mho_net_load(net, fuzz_file(bytes, n)));
    mho_net_free(net);
}
