/* newton.c - one vector at a time: ohmic arrays by one linear solve (and a refinement if rounding
 * asks for it), others by inexact Newton steps with a line search. Both start from undropped
 * voltages and solve for corrections, so one code serves them.
 *
 * The cells' currents rise with voltage, so the circuit minimises a convex function (its
 * co-content) whose gradient is the Kirchhoff residual F. A Newton direction d from CG descends,
 * and a step is accepted where |d.F| has fallen: convergence does not depend on the start. */
#include "ladder_int.h"

#include <omp.h>
#include <string.h>

/* Inner tolerance of a Newton step: looser loses more steps than it saves (measured). */
static const double ETA = 1e-2;

typedef struct {
    const mho_array *a; /* NULL: cells are the resistors g_S */
    const mho_i_net *net;
    const double *g_S; /* [m][n] */
    bool linear;
    double tol;
    int max_iter;
    mho_i_ladder l;
    double *block;     /* the grids: */
    double *w, *b, *i; /* [mp][ld] voltages, cell currents */
    double *fw, *fb;   /* residuals */
    double *dw, *t;    /* correction, scratch: the ladder's z and q, free between its solves */
    double *u;         /* [m] */
    double *law;       /* [5][ld] */
    double worst_A;    /* largest residual of the last point looked at */
} worker;

typedef struct {
    double residual_rel, rounding_rel, power_W;
    int cg, newton;
    bool converged;
    bool doubtful; /* the residual is rounding of voltages, and that may matter: see settle() */
} outcome;

static mho_status worker_new(mho_ctx *ctx, const mho_array *a, const mho_i_net *net,
                             const double *g_S, bool linear, worker *k) {
    memset(k, 0, sizeof *k);
    k->a = a;
    k->net = net;
    k->g_S = g_S;
    k->linear = linear;
    k->tol = a ? a->opt.tol_rel : 1e-13;
    k->max_iter = a ? a->opt.max_iter : 10000;
    mho_status status = mho_i_ladder_new(ctx, net, &k->l);
    if (status) {
        return status;
    }
    double **grids[] = {&k->w, &k->b, &k->i, &k->fw, &k->fb};
    size_t count = sizeof grids / sizeof *grids, size = k->l.mp * k->l.ld + MHO_I_STAGGER;
    k->block = mho_i_alloc(ctx, count * size + MHO_I_STAGGER, sizeof(double));
    bool ok = k->block != NULL;
    for (size_t n = 0; ok && n < count; n++) {
        *grids[n] = k->block + n * size + MHO_I_STAGGER / 2;
    }
    k->dw = k->l.z;
    k->t = k->l.q;
    if (ok) {
        k->u = mho_i_alloc(ctx, net->m, sizeof *k->u);
        k->law = mho_i_alloc(ctx, 4 * k->l.ld, sizeof *k->law);
        ok = k->u && k->law;
    }
    return ok ? MHO_OK : MHO_ERR_NOMEM;
}

static void worker_free(mho_ctx *ctx, worker *k) {
    double *arrays[] = {k->block, k->u, k->law};
    for (size_t n = 0; n < sizeof arrays / sizeof *arrays; n++) {
        mho_i_free(ctx, arrays[n]);
    }
    mho_i_ladder_free(&k->l);
}

MHO_MULTIARCH static void ohmic_row(size_t n, const double *g, const double *w, const double *b,
                                    double *i) {
    for (size_t j = 0; j < n; j++) {
        i[j] = g[j] * (w[j] - b[j]);
    }
}

/* Cell currents at (w, b), and slopes into l.d if wanted. */
static void eval(worker *k, bool slopes) {
    size_t n = k->net->n, ld = k->l.ld;
    double *v = k->law + 3 * ld;
    for (size_t r = 0; r < k->net->m; r++) {
        size_t at = r * ld;
        if (k->linear) {
            ohmic_row(n, k->g_S + r * n, k->w + at, k->b + at, k->i + at);
            continue;
        }
        for (size_t j = 0; j < n; j++) {
            v[j] = k->w[at + j] - k->b[at + j];
        }
        mho_i_law_row(k->a, r, v, k->i + at, slopes ? k->l.d + at : k->t + at, k->law);
    }
}

static void forces(worker *k) {
    mho_i_field f = {k->l.ld, k->u, k->w, k->b, k->i, k->fw, k->fb};
    mho_i_net_kirchhoff(k->net, &f);
}

/* Residuals; returns the largest over the largest line current, *scale_A gets the latter. */
static double residual(worker *k, double *scale_A) {
    mho_i_field f = {k->l.ld, k->u, k->w, k->b, k->i, k->fw, k->fb};
    mho_i_net_kirchhoff(k->net, &f);
    mho_i_net_measure(k->net, &f, &k->worst_A, scale_A);
    return mho_i_net_relative(k->worst_A, *scale_A);
}

static void start(worker *k, const double *v_V) {
    mho_i_net_drive(k->net, v_V, k->u);
    for (size_t r = 0; r < k->net->m; r++) {
        for (size_t j = 0; j < k->net->n; j++) {
            k->w[r * k->l.ld + j] = k->u[r];
            k->b[r * k->l.ld + j] = k->net->sense.pot_V[j];
        }
    }
}

static void factor_linear(worker *k) {
    for (size_t r = 0; r < k->net->m; r++) {
        memcpy(k->l.d + r * k->l.ld, k->g_S + r * k->net->n, k->net->n * sizeof(double));
    }
    mho_i_ladder_factor(&k->l);
}

/* First slopes: currents over voltages at the start, but no more than the wires can feed: what a
 * strong exponential would draw there means nothing. The currents become those of resistors with
 * these slopes, so that the first step solves a linear circuit. */
static void first_slopes(worker *k) {
    size_t n = k->net->n, ld = k->l.ld;
    eval(k, true);
    double most = mho_i_net_thickest(k->net);
    for (size_t r = 0; r < k->net->m; r++) {
        for (size_t j = 0; j < n; j++) {
            size_t at = r * ld + j;
            double v = k->w[at] - k->b[at], secant = k->i[at] / v;
            if (v != 0 && secant >= 0) {
                k->l.d[at] = secant;
            }
            if (!(k->l.d[at] <= most)) {
                k->l.d[at] = most;
            }
            k->i[at] = k->l.d[at] * v;
        }
    }
}

MHO_MULTIARCH static void make_rhs(size_t n, const double *d, const double *t, const double *fb,
                                   double *q) {
    for (size_t k = 0; k < n; k++) {
        q[k] = -(fb[k] + d[k] * t[k]);
    }
}

MHO_MULTIARCH static void word_rhs(size_t n, const double *d, const double *db, const double *fw,
                                   double *t) {
    for (size_t k = 0; k < n; k++) {
        t[k] = d[k] * db[k] - fw[k];
    }
}

/* Direction (dw, l.x) from the residuals and slopes. */
static int direction(worker *k, double tol, bool *done) {
    size_t size = k->l.mp * k->l.ld;
    mho_i_ladder_words(&k->l, k->fw, k->t);
    make_rhs(size, k->l.d, k->t, k->fb, k->l.q);
    int steps = mho_i_ladder_solve(&k->l, tol, k->max_iter, done);
    word_rhs(size, k->l.d, k->l.x, k->fw, k->t);
    mho_i_ladder_words(&k->l, k->t, k->dw);
    return steps;
}

MHO_MULTIARCH static void move(size_t n, double step, const double *dw, const double *db, double *w,
                               double *b) {
    for (size_t k = 0; k < n; k++) {
        w[k] += step * dw[k];
        b[k] += step * db[k];
    }
}

MHO_MULTIARCH static double descent(size_t n, const double *dw, const double *fw, const double *db,
                                    const double *fb) {
    double s[8] = {0}; /* n is a multiple of 8 */
    for (size_t k = 0; k < n; k += 8) {
        for (size_t u = 0; u < 8; u++) {
            s[u] += dw[k + u] * fw[k + u] + db[k + u] * fb[k + u];
        }
    }
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

static double slope_along(worker *k) {
    return descent(k->l.mp * k->l.ld, k->dw, k->fw, k->l.x, k->fb);
}

/* Move along the direction as far as the co-content falls; leaves currents, slopes and residuals of
 * the new point. Returns the relative residual. */
static double line_search(worker *k, double *scale) {
    size_t size = k->l.mp * k->l.ld;
    double at0 = fabs(slope_along(k)), step = 1, rel = 0;
    move(size, 1, k->dw, k->l.x, k->w, k->b);
    for (int trial = 0; trial < 60; trial++) {
        eval(k, true);
        rel = residual(k, scale);
        double here = slope_along(k);
        bool finite = isfinite(here) && isfinite(rel);
        if (finite && here <= 0.9 * at0) {
            break;
        }
        double guess = finite ? at0 / (at0 + here) : 0.1;
        double next = step * (guess < 0.1 ? 0.1 : guess > 0.5 ? 0.5 : guess);
        move(size, next - step, k->dw, k->l.x, k->w, k->b);
        step = next;
    }
    return rel;
}

static bool good(const worker *k, double rel, double scale) {
    return rel <= k->tol + mho_i_net_floor(k->net, k->u, scale);
}

/* Currents into the sensed ends: through the end resistance where the end is at 0 V and so b has
 * full relative accuracy; else by Kirchhoff's law, the sum of the line's cells. */
static void output(const worker *k, double *i_A) {
    const mho_i_lines *s = &k->net->sense;
    size_t ld = k->l.ld, m = k->net->m;
    for (size_t j = 0; j < k->net->n; j++) {
        double lo = s->lo_S[j], hi = s->hi_S[j];
        if (s->pot_V[j] == 0 && !isinf(lo) && !isinf(hi)) {
            i_A[j] = (lo > 0 ? lo * k->b[j] : 0) + (hi > 0 ? hi * k->b[(m - 1) * ld + j] : 0);
            continue;
        }
        double sum = 0;
        for (size_t r = 0; r < m; r++) {
            sum += k->i[r * ld + j];
        }
        i_A[j] = sum;
    }
}

/* Are the outputs so much smaller than the currents of the lines that the residual may drown them?
 */
static bool drowned(const worker *k, double rel, double scale) {
    double most = 0, *i_A = k->law;
    output(k, i_A);
    for (size_t j = 0; j < k->net->n; j++) {
        most = fmax(most, fabs(i_A[j]));
    }
    return rel * scale > fmax(MHO_I_CONFIRMED, 1e3 * k->tol) * most && mho_i_confirm_able(k->net);
}

static void judge(const worker *k, double rel, double scale, outcome *o) {
    const mho_i_field f = {k->l.ld, k->u, k->w, k->b, k->i, k->fw, k->fb};
    o->residual_rel = rel;
    o->converged = rel <= k->tol || (rel <= MHO_I_ROUNDED && good(k, rel, scale));
    if (!o->converged && good(k, rel, scale)) {
        double lines_rel = mho_i_net_harmless(k->net, &f, scale);
        o->rounding_rel = rel;
        o->converged = isfinite(lines_rel);
        o->residual_rel = o->converged ? lines_rel : rel;
        o->doubtful = !o->converged;
    }
    if (o->converged && drowned(k, o->residual_rel, scale)) {
        o->converged = false;
        o->doubtful = true;
    }
}

/* Linear cells: solve, then refine while the residual is above what was asked and still falls (in
 * amperes: where no current flows at all its relative size does not). The residual ends 10 to 1000
 * times below the tolerance of the solve, which is that of the error in the norm of the bit
 * ladders, so a first solve to ten times tol_rel is nearly always the last. */
static void solve_linear(worker *k, outcome *o) {
    size_t size = k->l.mp * k->l.ld;
    double scale = 0, before_A = INFINITY, worst_A = INFINITY, rel = INFINITY;
    bool done = true;
    forces(k);
    for (int pass = 0; pass < 6 && rel > k->tol && (!pass || worst_A < 0.5 * before_A); pass++) {
        before_A = worst_A;
        o->cg += direction(k, pass ? fmin(0.1, 0.1 * k->tol / rel) : 10 * k->tol, &done);
        move(size, 1, k->dw, k->l.x, k->w, k->b);
        eval(k, false);
        rel = residual(k, &scale);
        worst_A = k->worst_A;
        if (pass && !(worst_A < before_A)) { /* rounding: the last answer was better */
            move(size, -1, k->dw, k->l.x, k->w, k->b);
            eval(k, false);
            rel = residual(k, &scale);
            break;
        }
        if (!done) {
            break;
        }
    }
    judge(k, rel, scale, o);
}

static void solve_newton(worker *k, outcome *o) {
    double scale, rel = residual(k, &scale);
    bool done, falls = true;
    if (rel > 0) { /* the linear circuit of first_slopes, in full */
        mho_i_ladder_factor(&k->l);
        o->cg += direction(k, ETA, &done);
        move(k->l.mp * k->l.ld, 1, k->dw, k->l.x, k->w, k->b);
        o->newton++;
    }
    eval(k, true);
    rel = residual(k, &scale);
    /* below the rounding of thick wires' voltages, on for as long as the residual still falls */
    while (rel > k->tol && (falls || !good(k, rel, scale)) && o->newton < k->max_iter) {
        mho_i_ladder_factor(&k->l);
        o->cg += direction(k, ETA, &done);
        o->newton++;
        double before_A = k->worst_A;
        rel = line_search(k, &scale);
        falls = k->worst_A < 0.5 * before_A;
        if (k->worst_A == before_A) {
            break;
        }
    }
    judge(k, rel, scale, o);
}

MHO_MULTIARCH static double row_power(size_t n, double u, const double *pot, const double *i) {
    double s[8] = {0};
    size_t j = 0;
    for (; j + 8 <= n; j += 8) {
        for (size_t k = 0; k < 8; k++) {
            s[k] += (u - pot[j + k]) * i[j + k];
        }
    }
    for (; j < n; j++) {
        s[0] += (u - pot[j]) * i[j];
    }
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

static double delivered(const worker *k) {
    double power = 0;
    for (size_t r = 0; r < k->net->m; r++) {
        power += row_power(k->net->n, k->u[r], k->net->sense.pot_V, k->i + r * k->l.ld);
    }
    return power;
}

static void copy_out(const worker *k, const double *from, double *to) {
    for (size_t r = 0; to && r < k->net->m; r++) {
        memcpy(to + r * k->net->n, from + r * k->l.ld, k->net->n * sizeof *to);
    }
}

static void solve_vector(worker *k, const double *v_V, outcome *o) {
    *o = (outcome){0};
    start(k, v_V);
    if (k->linear) { /* factored by whoever made the worker */
        eval(k, false);
        solve_linear(k, o);
    } else {
        first_slopes(k);
        solve_newton(k, o);
    }
    o->power_W = delivered(k);
}

static void add_outcome(mho_array_report *rep, const outcome *o, size_t n_vec) {
    rep->residual_rel = o->residual_rel > rep->residual_rel || isnan(o->residual_rel)
                            ? o->residual_rel
                            : rep->residual_rel;
    rep->rounding_rel = fmax(rep->rounding_rel, o->rounding_rel);
    rep->iterations += o->cg;
    rep->newton_steps += o->newton;
    rep->n_unconverged += !o->converged;
    rep->power_W += o->power_W / (double)n_vec;
}

static mho_status read_batch(mho_array *a, worker *k, int n_worker, outcome *o, size_t n_vec,
                             const double *v_V, double *i_A, double *w_V, double *b_V) {
    const mho_i_net *net = &a->net;
    size_t cells = net->m * net->n;
    const size_t batch = 4 * (size_t)n_worker;
    for (size_t v0 = 0; v0 < n_vec; v0 += batch) {
        size_t v1 = v0 + batch < n_vec ? v0 + batch : n_vec;
#pragma omp parallel for schedule(dynamic, 1) num_threads(n_worker) if (n_worker > 1)
        for (size_t v = v0; v < v1; v++) {
            worker *me = k + (n_worker > 1 ? omp_get_thread_num() : 0);
            solve_vector(me, v_V + v * net->m, o + v);
            if (i_A) {
                output(me, i_A + v * net->n);
            }
            copy_out(me, me->w, w_V ? w_V + v * cells : NULL);
            copy_out(me, me->b, b_V ? b_V + v * cells : NULL);
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
    worker *k;
    int n_made, n_worker;
    bool linear;
};

void mho_i_workers_free(mho_i_workers *set) {
    if (!set) {
        return;
    }
    for (int t = 0; t < set->n_made; t++) {
        worker_free(set->ctx, set->k + t);
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
        worker *k = set->k + set->n_made++;
        status = worker_new(a->ctx, a, &a->net, a->g_S, linear, k);
        if (!status && linear) {
            factor_linear(k);
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
static void secants(worker *k, double *g_S) {
    eval(k, true);
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
static mho_status flows(const worker *k, double *g_S, bool *any) {
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
    return mho_i_net_flows(k->a->ctx, net, k->linear ? k->g_S : g_S, k->u, any);
}

/* The last word on a doubtful vector: nothing flows, or a port elimination confirms the outputs, or
 * it did not converge. */
static mho_status settle(worker *k, const double *v_V, bool flow_only, outcome *o) {
    mho_ctx *ctx = k->a->ctx;
    size_t cells = k->net->m * k->net->n;
    bool any = false;
    double *g_S = mho_i_alloc(ctx, cells + k->net->n, sizeof *g_S), difference = 1;
    if (!g_S) {
        return MHO_ERR_NOMEM;
    }
    mho_i_net_drive(k->net, v_V, k->u);
    mho_status status = flows(k, g_S, &any);
    if (!status && !any) {
        o->residual_rel = o->rounding_rel = 0;
        o->converged = true;
    } else if (!status && !flow_only && mho_i_confirm_able(k->net)) {
        double scale;
        solve_vector(k, v_V, &(outcome){0});
        residual(k, &scale);
        secants(k, g_S);
        output(k, g_S + cells);
        status = mho_i_confirm(ctx, k->net, k->u, scale, g_S, g_S + cells, &difference);
        o->converged = difference <= MHO_I_CONFIRMED;
        o->residual_rel = o->converged ? difference : fmax(o->residual_rel, difference);
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
    outcome *o = status ? NULL : mho_i_alloc(a->ctx, n_vec, sizeof *o);
    if (!o) {
        return MHO_ERR_NOMEM;
    }
    status = read_batch(a, a->workers->k, n_worker, o, n_vec, v_V, i_A, w_V, b_V);
    for (size_t v = 0; v < n_vec && !status; v++) {
        if (o[v].doubtful) {
            status = settle(a->workers->k, v_V + v * a->net.m, false, o + v);
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
    outcome o;
    mho_status status = MHO_OK;
    if (!a->workers || !a->workers->linear) {
        status = workers_new(a, true, 1);
    }
    if (status) {
        return status;
    }
    worker *k = a->workers->k;
    solve_vector(k, v_V, &o);
    output(k, i_A);
    residual(k, scale_A);
    status = o.doubtful ? settle(k, v_V, true, &o) : MHO_OK;
    add_outcome(rep, &o, 1);
    return status;
}

mho_status mho_i_newton_read(mho_array *a, size_t n_vec, const double *v_V, double *i_A,
                             double *w_V, double *b_V, mho_array_report *rep) {
    return read_vectors(a, false, n_vec, v_V, i_A, w_V, b_V, rep);
}

/* ---- linear solves for others: potentials of their own, the same lines ---- */

struct mho_i_linear {
    mho_ctx *ctx;
    mho_i_net quiet; /* the array's lines with all inputs selected and pot_V of its own */
    worker k;
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
        status = worker_new(ctx, a, &l->quiet, NULL, true, &l->k);
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
        worker_free(l->ctx, &l->k);
        mho_i_free(l->ctx, l->quiet.drive.off);
        mho_i_free(l->ctx, l->quiet.sense.pot_V);
        mho_i_free(l->ctx, l);
    }
}

void mho_i_linear_factor(mho_i_linear *l, const double *g_S) {
    l->k.g_S = g_S;
    factor_linear(&l->k);
}

double mho_i_linear_solve(mho_i_linear *l, const double *u_V, const double *pot_V, double *w_V,
                          double *b_V) {
    outcome o;
    memcpy(l->quiet.sense.pot_V, pot_V, l->quiet.n * sizeof *pot_V);
    solve_vector(&l->k, u_V, &o);
    bool any = true;
    if (o.doubtful && mho_i_net_flows(l->ctx, &l->quiet, l->k.g_S, u_V, &any) == MHO_OK && !any) {
        o.residual_rel = 0;
    }
    copy_out(&l->k, l->k.w, w_V);
    copy_out(&l->k, l->k.b, b_V);
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
        outcome o;
        v[i] = 1;
        solve_vector(&l->k, v, &o);
        output(&l->k, m_S + i * net->n);
        bool any = true;
        if (o.doubtful) {
            status = mho_i_net_flows(ctx, &l->quiet, g, v, &any);
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
