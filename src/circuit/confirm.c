/* confirm.c - a second opinion on an answer of which rounding of the node voltages hides whether it
 * is right: cells that conduct far better than the wires and ends around them. Port elimination
 * adds and divides positive numbers only, so that its currents are right for any wires. */
#include "circuit_int.h"

/* Above, it would take too long, or too much memory: (m + n)^2 numbers. */
bool mho_i_confirm_able(const mho_i_net *net) {
    return net->m * net->n <= (size_t)1 << 20 && net->m + net->n <= (size_t)1 << 12;
}

mho_status mho_i_confirm_currents(mho_ctx *ctx, const mho_i_net *net, const double *u_V,
                                  double *g_S, mho_i_second *opinion) {
    double *out_S = NULL;
    mho_status status;
    if (mho_i_net_sense_biased(net)) {
        out_S = mho_i_alloc(ctx, net->n * net->n, sizeof *out_S);
        status = out_S ? mho_i_transfer_full(ctx, net, g_S, g_S, NULL, out_S) : MHO_ERR_NOMEM;
    } else {
        status = mho_i_transfer_build(ctx, net, 1, g_S, g_S);
    }
    if (!status) {
        mho_i_transfer_currents(net, g_S, out_S, u_V, opinion->i_A, opinion->parts_A);
    }
    mho_i_free(ctx, out_S);
    return status;
}

double mho_i_confirm_difference(const mho_i_net *net, const mho_i_second *opinion,
                                const double *i_A, double scale_A) {
    double worst = 0, most = 0;
    for (size_t j = 0; j < net->n; j++) {
        double d = fabs(opinion->i_A[j] - i_A[j]);
        d = d <= mho_i_net_sum_rounding(net) * opinion->parts_A[j] ? 0 : d;
        worst = d > worst || isnan(d) ? d : worst;
        most = fmax(most, fabs(opinion->i_A[j]));
    }
    return mho_i_net_relative(worst, most > 0 ? most : scale_A);
}
