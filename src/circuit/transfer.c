/* transfer.c - which way to a transfer matrix, and many of them at once. */
#include "elim_int.h"

#include <omp.h>
#include <string.h>

/* One array: all threads work on it. */
static mho_status build_one(const mho_i_plan *plan, const double *g_S, double *m_S) {
    mho_i_elim_space space;
    mho_status status = mho_i_elim_space_new(plan, mho_ctx_threads(plan->ctx), &space);
    if (!status) {
        mho_i_elim_run(plan, &space, g_S, m_S, NULL);
        mho_i_elim_space_free(plan, &space);
    }
    return status;
}

/* Workspaces below this stay with the array: fresh pages cost as much as a small build. */
enum { KEEP_MIB = 512 };

void mho_i_elim_free(mho_i_elim *elim) {
    if (elim) {
        mho_ctx *ctx = elim->plan.ctx;
        mho_i_elim_space_free(&elim->plan, &elim->space);
        mho_i_plan_free(&elim->plan);
        mho_i_free(ctx, elim);
    }
}

static mho_status elim_new(mho_array *a) {
    mho_ctx *ctx = a->ctx;
    size_t before = mho_ctx_bytes(ctx);
    mho_i_elim *elim = mho_i_alloc(ctx, 1, sizeof *elim);
    mho_status status = elim ? mho_i_plan_new(ctx, &a->net, &elim->plan) : MHO_ERR_NOMEM;
    if (status) {
        mho_i_free(ctx, elim);
        return status;
    }
    status = mho_i_elim_space_new(&elim->plan, mho_ctx_threads(ctx), &elim->space);
    if (status) {
        mho_i_plan_free(&elim->plan);
        mho_i_free(ctx, elim);
        return status;
    }
    elim->bytes = mho_ctx_bytes(ctx) - before;
    elim->n_thread_asked = mho_ctx_threads(ctx);
    a->elim = elim;
    return MHO_OK;
}

mho_status mho_i_transfer_array(mho_array *a) {
    if (a->net.drive.any_ideal || a->net.sense.any_ideal) {
        return mho_i_transfer_build(a->ctx, &a->net, 1, a->g_S, a->m_S);
    }
    if (a->elim && a->elim->n_thread_asked != mho_ctx_threads(a->ctx)) {
        mho_i_elim_free(a->elim);
        a->elim = NULL;
    }
    mho_status status = a->elim ? MHO_OK : elim_new(a);
    if (status) {
        return status;
    }
    mho_i_elim_run(&a->elim->plan, &a->elim->space, a->g_S, a->m_S, NULL);
    if (a->elim->bytes > (size_t)KEEP_MIB << 20) {
        mho_i_elim_free(a->elim);
        a->elim = NULL;
    }
    return MHO_OK;
}

/* Several arrays: each is done by one thread. */
static mho_status build_each(const mho_i_plan *plan, size_t n_array, const double *g_S,
                             double *m_S) {
    mho_ctx *ctx = plan->ctx;
    size_t cells = plan->net->m * plan->net->n;
    int n_thread = mho_ctx_threads(ctx);
    n_thread = (size_t)n_thread > n_array ? (int)n_array : n_thread;
    mho_i_elim_space *space = mho_i_alloc(ctx, (size_t)n_thread, sizeof *space);
    mho_status status = space ? MHO_OK : MHO_ERR_NOMEM;
    int n_space = 0;
    while (!status && n_space < n_thread) {
        status = mho_i_elim_space_new(plan, 1, space + n_space);
        n_space += status == MHO_OK;
    }
    /* in batches, so that progress can be told and the work be stopped from the calling thread */
    const size_t batch = 64;
    for (size_t k0 = 0; k0 < n_array && !status; k0 += batch) {
        size_t k1 = k0 + batch < n_array ? k0 + batch : n_array;
#pragma omp parallel for schedule(dynamic, 1) num_threads(n_thread)
        for (size_t k = k0; k < k1; k++) {
            mho_i_elim_run(plan, space + omp_get_thread_num(), g_S + k * cells, m_S + k * cells,
                           NULL);
        }
        status = mho_i_progress(ctx, "transfer matrices", (double)k1 / (double)n_array);
    }
    for (int t = 0; t < n_space; t++) {
        mho_i_elim_space_free(plan, space + t);
    }
    mho_i_free(ctx, space);
    return status;
}

static mho_status build_ideal(mho_ctx *ctx, const mho_i_net *net, size_t n_array, const double *g_S,
                              double *m_S) {
    size_t cells = net->m * net->n;
    mho_status status = MHO_OK;
    if (!mho_i_ideal_handles(net)) {
        for (size_t k = 0; k < n_array && !status; k++) {
            status = mho_i_cg_transfer(ctx, net, g_S + k * cells, m_S + k * cells);
        }
        return status;
    }
    double *work = mho_i_alloc(ctx, mho_i_ideal_work(net), sizeof *work);
    if (!work) {
        return MHO_ERR_NOMEM;
    }
    for (size_t k = 0; k < n_array; k++) {
        mho_i_ideal_transfer(net, g_S + k * cells, m_S + k * cells, work);
    }
    mho_i_free(ctx, work);
    return MHO_OK;
}

mho_status mho_i_transfer_build(mho_ctx *ctx, const mho_i_net *net, size_t n_array,
                                const double *g_S, double *m_S) {
    if (n_array == 0) {
        return MHO_OK;
    }
    if (net->drive.any_ideal || net->sense.any_ideal) {
        return build_ideal(ctx, net, n_array, g_S, m_S);
    }
    mho_i_plan plan;
    mho_status status = mho_i_plan_new(ctx, net, &plan);
    if (!status) {
        status = n_array == 1 ? build_one(&plan, g_S, m_S) : build_each(&plan, n_array, g_S, m_S);
        mho_i_plan_free(&plan);
    }
    return status;
}
