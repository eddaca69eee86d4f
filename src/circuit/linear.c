/* linear.c - the linear solver of newton.c for others: potentials of their own, the same lines. */
#include "newton_int.h"

#include <string.h>

struct mho_i_linear {
    mho_ctx *ctx;
    mho_i_net quiet; /* the array's lines with all inputs selected and pot_V of its own */
    mho_i_worker k;
};

static mho_status linear_new(mho_ctx *ctx, const mho_array *a, const mho_i_net *net,
                             mho_i_linear **out) {
    *out = NULL;
    mho_i_linear *l = mho_i_alloc(ctx, 1, sizeof *l);
    if (!l) {
        return MHO_ERR_NOMEM;
    }
    l->ctx = ctx;
    l->quiet = *net;
    l->quiet.drive.off = mho_i_alloc(ctx, net->m, 1);
    l->quiet.sense.pot_V = mho_i_alloc(ctx, net->n, sizeof(double));
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

mho_status mho_i_linear_new(mho_array *a, mho_i_linear **out) {
    return linear_new(a->ctx, a, &a->net, out);
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

/* Row i of the transfer matrix is the answer to 1 V on input i, every other potential 0. */
mho_status mho_i_cg_transfer(mho_ctx *ctx, const mho_i_net *shape, const double *g_S, double *m_S) {
    size_t cells = shape->m * shape->n;
    mho_i_net own = *shape, *net = &own; /* with these cells */
    own.cell_S = 0;
    for (size_t k = 0; k < cells; k++) {
        own.cell_S = fmax(own.cell_S, g_S[k]);
    }
    double *v = mho_i_alloc(ctx, net->m, sizeof *v), *g = mho_i_alloc(ctx, cells, sizeof *g);
    mho_i_linear *l = NULL;
    mho_status status = v && g ? linear_new(ctx, NULL, net, &l) : MHO_ERR_NOMEM;
    if (!status) {
        memcpy(g, g_S, cells * sizeof *g); /* m_S may be g_S */
        mho_i_linear_factor(l, g);
    }
    for (size_t i = 0; i < net->m && !status; i++) {
        mho_i_outcome o;
        v[i] = 1;
        mho_i_worker_solve(&l->k, v, &o);
        mho_i_worker_output(&l->k, m_S + i * net->n);
        bool any = true;
        if (o.doubtful) {
            status = mho_i_net_flows(ctx, &l->quiet, g, v, &any, NULL);
        }
        v[i] = 0;
        if (!status && any && !o.converged && !(o.residual_rel < MHO_I_ROUNDED)) {
            status = mho_i_fail(ctx, MHO_WARN_NOT_CONVERGED,
                                "input %zu of the transfer matrix did not converge: Kirchhoff "
                                "residual %.3g of the largest line current",
                                i, o.residual_rel);
        }
    }
    mho_i_linear_free(l);
    mho_i_free(ctx, v);
    mho_i_free(ctx, g);
    return status;
}
