/* lenet.c - the classic network, with weight limits that suit analogue hardware.
 *
 * The limits are part of the result of tuning (docs/training.md): small enough that the weights use
 * their whole range, since noise goes with the range and not with the weight. */
#include "network_int.h"

mho_status mho_net_lenet5(mho_ctx *ctx, mho_net **out) {
    mho_net *net;
    mho_status status = mho_net_new(ctx, 1, 28, 28, &net);
    *out = NULL;
    if (status < 0) {
        return status;
    }
    if ((status = mho_net_add_conv(net, 6, 5, 1, 2, true, 0.6)) < 0 ||
        (status = mho_net_add_pool(net, 2)) < 0 ||
        (status = mho_net_add_conv(net, 16, 5, 1, 0, true, 0.3)) < 0 ||
        (status = mho_net_add_pool(net, 2)) < 0 ||
        (status = mho_net_add_dense(net, 120, true, 0.2)) < 0 ||
        (status = mho_net_add_dense(net, 84, true, 0.25)) < 0 ||
        (status = mho_net_add_dense(net, 10, false, 0.3)) < 0) {
        mho_net_free(net);
        return status;
    }
    *out = net;
    return MHO_OK;
}
