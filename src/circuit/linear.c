/* linear.c - the linear solver of newton.c for others: potentials of their own, the same lines. */
#include "newton_int.h"

#include <string.h>

struct mho_i_linear {
    mho_ctx *ctx;
    mho_i_net quiet; /* the array's lines with all inputs selected and pot_V of its own */
    mho_i_worker k;
};

mho_status mho_i_linear_new(mho_array *a, mho_i_linear **out) {
    *out = NULL;
    mho_ctx *ctx = a->ctx;
    mho_i_linear *l = mho_i_alloc(ctx, 1, sizeof *l);
    if (!l) {
        return MHO_ERR_NOMEM;
    }
    l->ctx = ctx;
    l->quiet = a->net;
    l->quiet.drive.off = mho_i_alloc(ctx, a->net.m, 1);
    l->quiet.sense.pot_V = mho_i_alloc(ctx, a->net.n, sizeof(double));
    mho_status status = MHO_ERR_NOMEM;
    if (l->quiet.drive.off && l->quiet.sense.pot_V) {
        status = mho_i_worker_new(ctx, a, &l->quiet, NULL, true, &l->k);
    }
    if (status) {
        mho_i_linear_free(l);
        return status;
    }
    *out = l;
    return MHO_OK;
}

void mho_i_linear_free(mho_i_linear *l) {
    if (l) {
        mho_i_worker_free(l->ctx, &l->k);
        mho_i_free(l->ctx, l->quiet.drive.off);
        mho_i_free(l->ctx, l->quiet.sense.pot_V);
        mho_i_free(l->ctx, l);
    }
}

void mho_i_linear_factor(mho_i_linear *l, const double *g_S) {
    l->k.g_S = g_S;
    mho_i_worker_factor(&l->k);
}

double mho_i_linear_solve(mho_i_linear *l, const double *u_V, const double *pot_V, double *w_V,
                          double *b_V) {
    mho_i_outcome o;
    memcpy(l->quiet.sense.pot_V, pot_V, l->quiet.n * sizeof *pot_V);
    mho_i_worker_solve(&l->k, u_V, &o);
    bool any = true;
    if (o.doubtful && mho_i_net_flows(l->ctx, &l->quiet, l->k.g_S, u_V, &any, NULL) == MHO_OK &&
        !any) {
        o.residual_rel = 0;
    }
    mho_i_worker_copy(&l->k, l->k.w, w_V);
    mho_i_worker_copy(&l->k, l->k.b, b_V);
    return o.residual_rel;
}
