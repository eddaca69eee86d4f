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
    mho_status status = elim ? mho_i_plan_new(ctx, &a->net, false, &elim->plan) : MHO_ERR_NOMEM;
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

/* A wire without resistance where port elimination has to do: elimination adds, multiplies and
 * divides positive numbers only, so that no digit is lost to it, and all other conductances (a cell
 * has up to 1e18 S) are nothing beside it. What leaks past an input through such a wire, 1e-114 S at
 * most, counts as 0. */
static const double THICK_S = 0x1p500, LEAK_S = 1e-100;

static mho_status thick_lines(mho_ctx *ctx, const mho_i_lines *from, mho_i_lines *to) {
    size_t n = from->n_line;
    *to = *from;
    to->any_ideal = false;
    to->seg_S = mho_i_alloc(ctx, 3 * n, sizeof *to->seg_S);
    if (!to->seg_S) {
        return MHO_ERR_NOMEM;
    }
    to->lo_S = to->seg_S + n;
    to->hi_S = to->lo_S + n;
    for (size_t k = 0; k < n; k++) {
        to->seg_S[k] = fmin(from->seg_S[k], THICK_S);
        to->lo_S[k] = fmin(from->lo_S[k], THICK_S);
        to->hi_S[k] = fmin(from->hi_S[k], THICK_S);
    }
    return MHO_OK;
}

static mho_status thick_new(mho_ctx *ctx, const mho_i_net *net, mho_i_net *thick) {
    *thick = *net;
    thick->sense.seg_S = NULL;
    mho_status status = thick_lines(ctx, &net->drive, &thick->drive);
    return status ? status : thick_lines(ctx, &net->sense, &thick->sense);
}

static void thick_free(mho_ctx *ctx, mho_i_net *thick) {
    mho_i_free(ctx, thick->drive.seg_S);
    mho_i_free(ctx, thick->sense.seg_S);
}

static void drop_leaks(size_t n, double *c_S) {
    for (size_t k = 0; k < n; k++) {
        c_S[k] = c_S[k] < LEAK_S ? 0 : c_S[k];
    }
}

/* Lines with and without resistance in both families, or broken ones without. */
static mho_status build_mixed(mho_ctx *ctx, const mho_i_net *net, size_t n_array, const double *g_S,
                              double *m_S) {
    mho_i_net thick;
    mho_status status = thick_new(ctx, net, &thick);
    status = status ? status : mho_i_transfer_build(ctx, &thick, n_array, g_S, m_S);
    if (!status) {
        drop_leaks(n_array * net->m * net->n, m_S);
    }
    thick_free(ctx, &thick);
    return status;
}

static mho_status build_ideal(mho_ctx *ctx, const mho_i_net *net, size_t n_array, const double *g_S,
                              double *m_S) {
    if (!mho_i_ideal_handles(net)) {
        return build_mixed(ctx, net, n_array, g_S, m_S);
    }
    size_t cells = net->m * net->n;
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
    mho_status status = mho_i_plan_new(ctx, net, false, &plan);
    if (!status) {
        status = n_array == 1 ? build_one(&plan, g_S, m_S) : build_each(&plan, n_array, g_S, m_S);
        mho_i_plan_free(&plan);
    }
    return status;
}

static mho_status full(mho_ctx *ctx, const mho_i_net *net, const double *g_S, double *m_S,
                       double *in_S, double *out_S) {
    mho_i_plan plan;
    mho_i_elim_space space;
    mho_status status = mho_i_plan_new(ctx, net, true, &plan);
    if (status) {
        return status;
    }
    status = mho_i_elim_space_new(&plan, mho_ctx_threads(ctx), &space);
    if (!status) {
        mho_i_elim_run_full(&plan, &space, g_S, m_S, in_S, out_S);
        mho_i_elim_space_free(&plan, &space);
    }
    mho_i_plan_free(&plan);
    return status;
}

mho_status mho_i_transfer_full(mho_ctx *ctx, const mho_i_net *net, const double *g_S, double *m_S,
                               double *in_S, double *out_S) {
    if (!net->drive.any_ideal && !net->sense.any_ideal) {
        return full(ctx, net, g_S, m_S, in_S, out_S);
    }
    mho_i_net thick;
    mho_status status = thick_new(ctx, net, &thick);
    status = status ? status : full(ctx, &thick, g_S, m_S, in_S, out_S);
    if (!status) {
        drop_leaks(net->m * net->n, m_S);
        drop_leaks(in_S ? net->m * net->m : 0, in_S);
        drop_leaks(out_S ? net->n * net->n : 0, out_S);
    }
    thick_free(ctx, &thick);
    return status;
}

/* What flows through c_S [n_from][n] from potentials from_V to the sensed ends. */
static void add_currents(const mho_i_net *net, size_t n_from, const double *from_V,
                         const double *c_S, double *i_A, double *parts_A) {
    size_t n = net->n;
    for (size_t from = 0; from < n_from; from++) {
        for (size_t j = 0; j < n; j++) {
            double i = (from_V[from] - net->sense.pot_V[j]) * c_S[from * n + j];
            i_A[j] += i;
            parts_A[j] += fabs(i);
        }
    }
}

void mho_i_transfer_currents(const mho_i_net *net, const double *m_S, const double *out_S,
                             const double *u_V, double *i_A, double *parts_A) {
    memset(i_A, 0, net->n * sizeof *i_A);
    memset(parts_A, 0, net->n * sizeof *parts_A);
    add_currents(net, net->m, u_V, m_S, i_A, parts_A);
    if (out_S) {
        add_currents(net, net->n, net->sense.pot_V, out_S, i_A, parts_A);
    }
}
