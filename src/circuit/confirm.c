/* confirm.c - a second opinion on an answer of which rounding of the node voltages hides whether it
 * is right: cells that conduct far better than the wires and ends around them. Port elimination
 * adds and divides positive numbers only, so that its currents are right for any wires. */
#include "circuit_int.h"

bool mho_i_confirm_able(const mho_i_net *net) {
    return net->m * net->n <= (size_t)1 << 20; /* else it would take too long */
}

mho_status mho_i_confirm(mho_ctx *ctx, const mho_i_net *net, const double *u_V, double scale_A,
                         double *g_S, const double *i_A, const bool *live, double *difference) {
    size_t m = net->m, n = net->n;
    bool biased = mho_i_net_sense_biased(net);
    double worst = 0, most = 0, *want_A = mho_i_alloc(ctx, 2 * n, sizeof *want_A);
    double *out_S = want_A && biased ? mho_i_alloc(ctx, n * n, sizeof *out_S) : NULL;
    if (!want_A || (biased && !out_S)) {
        mho_i_free(ctx, want_A);
        return MHO_ERR_NOMEM;
    }
    double *parts_A = want_A + n; /* currents that may cancel each other, to the rounding of each */
    mho_status status = biased ? mho_i_transfer_full(ctx, net, g_S, g_S, NULL, out_S)
                               : mho_i_transfer_build(ctx, net, 1, g_S, g_S);
    mho_i_transfer_currents(net, g_S, out_S, u_V, want_A, parts_A);
    for (size_t j = 0; j < n; j++) {
        if (live && !live[j]) {
            want_A[j] = 0; /* the elimination leaves its rounding there */
        }
        double d = fabs(want_A[j] - i_A[j]);
        d = d <= mho_i_net_sum_rounding(m) * parts_A[j] ? 0 : d;
        worst = d > worst || isnan(d) ? d : worst;
        most = fmax(most, fabs(want_A[j]));
    }
    *difference = status ? 1 : mho_i_net_relative(worst, most > 0 ? most : scale_A);
    mho_i_free(ctx, want_A);
    mho_i_free(ctx, out_S);
    return status < 0 ? status : MHO_OK;
}
