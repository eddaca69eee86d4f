/* stub.c - placeholders of solvers that are being written. */
#include "circuit_int.h"

void mho_i_factor_free(mho_i_factor *factor) {
    (void)factor;
}

mho_status mho_i_cg_transfer(mho_ctx *ctx, const mho_i_net *net, const double *g_S, double *m_S) {
    (void)net;
    (void)g_S;
    (void)m_S;
    return mho_i_fail(ctx, MHO_ERR_INTERNAL, "not written yet");
}

mho_status mho_i_cg_read(mho_array *a, size_t n_vec, const double *v_V, double *i_A, double *w_V,
                         double *b_V, mho_array_report *rep) {
    (void)n_vec;
    (void)v_V;
    (void)i_A;
    (void)w_V;
    (void)b_V;
    (void)rep;
    return mho_i_fail(a->ctx, MHO_ERR_INTERNAL, "not written yet");
}

mho_status mho_i_newton_read(mho_array *a, size_t n_vec, const double *v_V, double *i_A,
                             double *w_V, double *b_V, mho_array_report *rep) {
    return mho_i_cg_read(a, n_vec, v_V, i_A, w_V, b_V, rep);
}
