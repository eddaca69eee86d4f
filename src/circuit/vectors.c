/* vectors.c - many vectors through the solvers of newton.c, by threads that keep their memory; and
 * the last word on answers whose residual is rounding of voltages. */
#include "newton_int.h"

#include <omp.h>
#include <string.h>

static void add_outcome(mho_array_report *rep, const mho_i_outcome *o, size_t n_vec) {
    rep->residual_rel = o->residual_rel > rep->residual_rel || isnan(o->residual_rel)
                            ? o->residual_rel
                            : rep->residual_rel;
    rep->rounding_rel = fmax(rep->rounding_rel, o->rounding_rel);
    rep->iterations += o->cg;
    rep->newton_steps += o->newton;
    rep->n_unconverged += !o->converged;
    rep->power_W += o->power_W / (double)n_vec;
}

/* Where the results of vectors go; each pointer may be NULL. */
typedef struct {
    double *i_A, *w_V, *b_V;
} answer;

/* The results of the worker, as those of vector v. */
static void give(const mho_i_worker *k, const answer *to, size_t v) {
    const mho_i_net *net = k->net;
    size_t cells = net->m * net->n;
    if (to->i_A) {
        mho_i_worker_output(k, to->i_A + v * net->n);
    }
    mho_i_worker_copy(k, k->w, to->w_V ? to->w_V + v * cells : NULL);
    mho_i_worker_copy(k, k->b, to->b_V ? to->b_V + v * cells : NULL);
}

static mho_status read_batch(mho_array *a, mho_i_worker *k, int n_worker, mho_i_outcome *o,
                             size_t n_vec, const double *v_V, const answer *to) {
    const mho_i_net *net = &a->net;
    const size_t batch = 4 * (size_t)n_worker;
    for (size_t v0 = 0; v0 < n_vec; v0 += batch) {
        size_t v1 = v0 + batch < n_vec ? v0 + batch : n_vec;
#pragma omp parallel for schedule(dynamic, 1) num_threads(n_worker) if (n_worker > 1)
        for (size_t v = v0; v < v1; v++) {
            mho_i_worker *me = k + (n_worker > 1 ? omp_get_thread_num() : 0);
            mho_i_worker_solve(me, v_V + v * net->m, o + v);
            give(me, to, v);
        }
        mho_status status = mho_i_progress(a->ctx, "reading vectors", (double)v1 / (double)n_vec);
        if (status) {
            return status;
        }
    }
    return MHO_OK;
}

static mho_status not_converged(mho_array *a, const mho_array_report *rep, size_t n_vec) {
    if (!rep->n_unconverged) {
        return MHO_OK;
    }
    char why[160] = "";
    if (rep->rounding_rel > 0) {
        snprintf(why, sizeof why,
                 "; %.3g may be rounding of the voltages, since wires, ends and cells are too far "
                 "apart%s",
                 rep->rounding_rel, a->nonlinear ? "" : ": solver transfer has no such limit");
    }
    return mho_i_fail(a->ctx, MHO_WARN_NOT_CONVERGED,
                      "%zu of %zu vectors did not converge: Kirchhoff residual %.3g of the largest "
                      "line current, wanted %.3g (tol_rel), after %d CG and %d Newton steps "
                      "(max_iter %d per solve)%s",
                      rep->n_unconverged, n_vec, rep->residual_rel, a->opt.tol_rel, rep->iterations,
                      rep->newton_steps, a->opt.max_iter, why);
}

/* Workers stay with the array until it is programmed anew: a later read allocates nothing. */
struct mho_i_workers {
    mho_ctx *ctx;
    mho_i_worker *k;
    int n_made, n_worker;
    bool linear;
};

void mho_i_workers_free(mho_i_workers *set) {
    if (!set) {
        return;
    }
    for (int t = 0; t < set->n_made; t++) {
        mho_i_worker_free(set->ctx, set->k + t);
    }
    mho_i_free(set->ctx, set->k);
    mho_i_free(set->ctx, set);
}

static mho_status workers_new(mho_array *a, bool linear, int n_worker) {
    mho_i_workers_free(a->workers);
    a->workers = NULL;
    mho_i_workers *set = mho_i_alloc(a->ctx, 1, sizeof *set);
    if (!set) {
        return MHO_ERR_NOMEM;
    }
    set->ctx = a->ctx;
    set->linear = linear;
    set->n_worker = n_worker;
    set->k = mho_i_alloc(a->ctx, (size_t)n_worker, sizeof *set->k);
    mho_status status = set->k ? MHO_OK : MHO_ERR_NOMEM;
    while (!status && set->n_made < n_worker) {
        mho_i_worker *k = set->k + set->n_made++;
        status = mho_i_worker_new(a->ctx, a, &a->net, a->g_S, linear, k);
        if (!status && linear) {
            mho_i_worker_factor(k);
        }
    }
    if (status) {
        mho_i_workers_free(set);
        return status;
    }
    a->workers = set;
    return MHO_OK;
}

/* ---- answers whose residual is rounding of voltages ---- */

/* Conductances of resistors that carry the currents of the worker's answer. */
static void secants(mho_i_worker *k, double *g_S) {
    mho_i_worker_eval(k, true);
    for (size_t r = 0; r < k->net->m; r++) {
        for (size_t j = 0; j < k->net->n; j++) {
            size_t at = r * k->l.ld + j;
            double v = k->w[at] - k->b[at], g = k->linear ? k->l.d[at] : k->i[at] / v;
            g = v != 0 && g >= 0 ? g : k->l.d[at];
            g_S[r * k->net->n + j] = fmin(g, 1e18);
        }
    }
}

/* Does a current flow at all, whatever the law of a cell? */
static mho_status flows(const mho_i_worker *k, double *g_S, bool *any) {
    const mho_i_net *net = k->net;
    for (size_t r = 0; r < net->m && !k->linear; r++) {
        double *v = k->law + 3 * k->l.ld, *i = k->t, *slope = k->t + k->l.ld;
        for (size_t j = 0; j < net->n; j++) {
            v[j] = k->u[r] - net->sense.pot_V[j];
        }
        mho_i_law_row(k->a, r, v, i, slope, k->law);
        for (size_t j = 0; j < net->n; j++) {
            g_S[r * net->n + j] = i[j] != 0 || slope[j] > 0;
        }
    }
    return mho_i_net_flows(k->a->ctx, net, k->linear ? k->g_S : g_S, k->u, any, NULL);
}

/* Do the outputs agree with a port elimination? Where rounding at thick wires hides the residual of
 * the others, the solve ended too early: on for as long as that brings them nearer to each other.
 * What is given is the nearest. */
static mho_status confirm(mho_i_worker *k, double *g_S, const answer *to, size_t v,
                          mho_i_outcome *o) {
    enum { MOST_STEPS = 12 };
    const mho_i_net *net = k->net;
    double *i_A = g_S + net->m * net->n, scale, nearest = INFINITY;
    mho_i_second opinion = {i_A + net->n, i_A + 2 * net->n};
    for (int step = 0; step <= MOST_STEPS && !(nearest <= MHO_I_CONFIRMED); step++) {
        if (step) {
            mho_i_worker_step_on(k, o);
        }
        mho_i_worker_residual(k, &scale);
        if (step == 0 || k->a->nonlinear) { /* resistors are always the same */
            secants(k, g_S);
            mho_status status = mho_i_confirm_currents(k->a->ctx, net, k->u, g_S, &opinion);
            if (status) {
                return status;
            }
        }
        mho_i_worker_output(k, i_A);
        double difference = mho_i_confirm_difference(net, &opinion, i_A, scale);
        if (!(difference < nearest)) {
            break;
        }
        nearest = difference;
        give(k, to, v);
    }
    o->converged = nearest <= MHO_I_CONFIRMED;
    o->residual_rel = o->converged ? nearest : fmax(o->residual_rel, fmin(nearest, 1));
    return MHO_OK;
}

/* The last word on a doubtful vector: nothing flows, or a port elimination confirms the outputs, or
 * it did not converge. v_V: that of vector v; without a place for an answer only the flow counts.
 */
static mho_status settle(mho_i_worker *k, const double *v_V, const answer *to, size_t v,
                         mho_i_outcome *o) {
    mho_ctx *ctx = k->a->ctx;
    bool any = false;
    double *g_S = mho_i_alloc(ctx, k->net->m * k->net->n + 3 * k->net->n, sizeof *g_S);
    mho_status status = MHO_ERR_NOMEM;
    if (g_S) {
        mho_i_net_drive(k->net, v_V, k->u);
        status = flows(k, g_S, &any);
    }
    if (!status && !any) {
        o->residual_rel = o->rounding_rel = 0;
        o->converged = true;
    } else if (!status && to && o->rounded && mho_i_confirm_able(k->net)) {
        mho_i_worker_solve(k, v_V, &(mho_i_outcome){0});
        status = confirm(k, g_S, to, v, o);
    }
    mho_i_free(ctx, g_S);
    return status;
}

static mho_status read_vectors(mho_array *a, bool linear, size_t n_vec, const double *v_V,
                               double *i_A, double *w_V, double *b_V, mho_array_report *rep) {
    int n_worker = mho_ctx_threads(a->ctx);
    n_worker = (size_t)n_worker > n_vec ? (int)n_vec : n_worker;
    bool small = a->net.m * a->net.n * n_vec < 65536; /* below about a millisecond */
    if (a->opt.law == MHO_LAW_USER || small) {
        n_worker = n_vec > 0; /* a callback runs on the caller's thread */
    }
    mho_status status = MHO_OK;
    if (!a->workers || a->workers->linear != linear || a->workers->n_worker < n_worker) {
        status = workers_new(a, linear, n_worker);
    }
    mho_i_outcome *o = status ? NULL : mho_i_alloc(a->ctx, n_vec, sizeof *o);
    if (!o) {
        return MHO_ERR_NOMEM;
    }
    mho_i_worker *k = a->workers->k;
    const answer to = {i_A, w_V, b_V};
    status = read_batch(a, k, n_worker, o, n_vec, v_V, &to);
    for (size_t v = 0; v < n_vec && !status; v++) {
        if (o[v].doubtful) {
            status = settle(k, v_V + v * a->net.m, &to, v, o + v);
        }
        add_outcome(rep, o + v, n_vec);
    }
    mho_i_free(a->ctx, o);
    return status ? status : not_converged(a, rep, n_vec);
}

mho_status mho_i_cg_read(mho_array *a, size_t n_vec, const double *v_V, double *i_A, double *w_V,
                         double *b_V, mho_array_report *rep) {
    return read_vectors(a, true, n_vec, v_V, i_A, w_V, b_V, rep);
}

mho_status mho_i_cg_check(mho_array *a, const double *v_V, double *i_A, double *scale_A,
                          mho_array_report *rep) {
    mho_i_outcome o;
    mho_status status = MHO_OK;
    if (!a->workers || !a->workers->linear) {
        status = workers_new(a, true, 1);
    }
    if (status) {
        return status;
    }
    mho_i_worker *k = a->workers->k;
    mho_i_worker_solve(k, v_V, &o);
    mho_i_worker_output(k, i_A);
    mho_i_worker_residual(k, scale_A);
    status = o.doubtful ? settle(k, v_V, NULL, 0, &o) : MHO_OK;
    add_outcome(rep, &o, 1);
    return status;
}

mho_status mho_i_newton_read(mho_array *a, size_t n_vec, const double *v_V, double *i_A,
                             double *w_V, double *b_V, mho_array_report *rep) {
    return read_vectors(a, false, n_vec, v_V, i_A, w_V, b_V, rep);
}
