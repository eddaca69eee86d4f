/* newton.c - one vector at a time: ohmic arrays by one linear solve (and a refinement if rounding
 * asks for it), others by inexact Newton steps with a line search. Both start from undropped
 * voltages and solve for corrections, so one code serves them.
 *
 * The cells' currents rise with voltage, so the circuit minimises a convex function (its
 * co-content) whose gradient is the Kirchhoff residual F. A Newton direction d from CG descends,
 * and a step is accepted where |d.F| has fallen: convergence does not depend on the start. */
#include "newton_int.h"

#include <float.h>
#include <string.h>

/* Inner tolerance of a Newton step: looser loses more steps than it saves (measured). */
static const double ETA = 1e-2;

mho_status mho_i_worker_new(mho_ctx *ctx, const mho_array *a, const mho_i_net *net,
                            const double *g_S, bool linear, mho_i_worker *k) {
    memset(k, 0, sizeof *k);
    k->a = a;
    k->net = net;
    k->g_S = g_S;
    k->linear = linear;
    k->tol = a->opt.tol_rel;
    k->max_iter = a->opt.max_iter;
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

void mho_i_worker_free(mho_ctx *ctx, mho_i_worker *k) {
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
void mho_i_worker_eval(mho_i_worker *k, bool slopes) {
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

static void forces(mho_i_worker *k) {
    mho_i_field f = {k->l.ld, k->u, k->w, k->b, k->i, k->fw, k->fb};
    mho_i_net_kirchhoff(k->net, &f);
}

/* Residuals; returns the largest over the largest line current, *scale_A gets the latter. */
double mho_i_worker_residual(mho_i_worker *k, double *scale_A) {
    mho_i_field f = {k->l.ld, k->u, k->w, k->b, k->i, k->fw, k->fb};
    mho_i_net_kirchhoff(k->net, &f);
    mho_i_net_measure(k->net, &f, &k->worst_A, scale_A);
    return mho_i_net_relative(k->worst_A, *scale_A);
}

static void start(mho_i_worker *k, const double *v_V) {
    mho_i_net_drive(k->net, v_V, k->u);
    for (size_t r = 0; r < k->net->m; r++) {
        for (size_t j = 0; j < k->net->n; j++) {
            k->w[r * k->l.ld + j] = k->u[r];
            k->b[r * k->l.ld + j] = k->net->sense.pot_V[j];
        }
    }
}

void mho_i_worker_factor(mho_i_worker *k) {
    for (size_t r = 0; r < k->net->m; r++) {
        memcpy(k->l.d + r * k->l.ld, k->g_S + r * k->net->n, k->net->n * sizeof(double));
    }
    mho_i_ladder_factor(&k->l);
}

/* First slopes: currents over voltages at the start, but no more than the wires can feed: what a
 * strong exponential would draw there means nothing. The currents become those of resistors with
 * these slopes, so that the first step solves a linear circuit. */
static void first_slopes(mho_i_worker *k) {
    size_t n = k->net->n, ld = k->l.ld;
    mho_i_worker_eval(k, true);
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
static int direction(mho_i_worker *k, double tol, bool *done) {
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

static double slope_along(mho_i_worker *k) {
    return descent(k->l.mp * k->l.ld, k->dw, k->fw, k->l.x, k->fb);
}

/* Move along the direction as far as the co-content falls; leaves currents, slopes and residuals of
 * the new point. Returns the relative residual. */
static double line_search(mho_i_worker *k, double *scale) {
    size_t size = k->l.mp * k->l.ld;
    double at0 = fabs(slope_along(k)), step = 1, rel = 0;
    move(size, 1, k->dw, k->l.x, k->w, k->b);
    for (int trial = 0; trial < 60; trial++) {
        mho_i_worker_eval(k, true);
        rel = mho_i_worker_residual(k, scale);
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

static bool good(const mho_i_worker *k, double rel, double scale) {
    return rel <= k->tol + mho_i_net_floor(k->net, k->u, scale);
}

/* Currents into the sensed ends: through the end resistance where the end is at 0 V and so b has
 * full relative accuracy; else by Kirchhoff's law, the sum of the line's cells. */
void mho_i_worker_output(const mho_i_worker *k, double *i_A) {
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
static bool drowned(const mho_i_worker *k, double rel, double scale) {
    double most = 0, *i_A = k->law;
    mho_i_worker_output(k, i_A);
    for (size_t j = 0; j < k->net->n; j++) {
        most = fmax(most, fabs(i_A[j]));
    }
    return rel * scale > fmax(MHO_I_CONFIRMED, 1e3 * k->tol) * most && mho_i_confirm_able(k->net);
}

static void judge(const mho_i_worker *k, double rel, double scale, mho_i_outcome *o) {
    const mho_i_field f = {k->l.ld, k->u, k->w, k->b, k->i, k->fw, k->fb};
    o->residual_rel = rel;
    o->converged = rel <= k->tol || (rel <= MHO_I_ROUNDED && good(k, rel, scale));
    if (!o->converged && good(k, rel, scale)) {
        double lines_rel = mho_i_net_harmless(k->net, &f, scale);
        o->rounding_rel = rel;
        o->converged = isfinite(lines_rel);
        o->residual_rel = o->converged ? lines_rel : rel;
        o->rounded = !o->converged;
    }
    if (o->converged && drowned(k, o->residual_rel, scale)) {
        o->converged = false;
        o->rounded = true;
    }
    o->doubtful = !o->converged;
}

/* Linear cells: solve, then refine while the residual is above what was asked and still falls (in
 * amperes: where no current flows at all its relative size does not). The residual ends 10 to 1000
 * times below the tolerance of the solve, which is that of the error in the norm of the bit
 * ladders, so a first solve to ten times tol_rel is nearly always the last. */
static void solve_linear(mho_i_worker *k, mho_i_outcome *o) {
    size_t size = k->l.mp * k->l.ld;
    double scale = 0, before_A = INFINITY, worst_A = INFINITY, rel = INFINITY;
    bool done = true;
    forces(k);
    for (int pass = 0; pass < 6 && rel > k->tol && (!pass || worst_A < 0.5 * before_A); pass++) {
        before_A = worst_A;
        o->cg += direction(k, pass ? fmin(0.1, 0.1 * k->tol / rel) : 10 * k->tol, &done);
        move(size, 1, k->dw, k->l.x, k->w, k->b);
        mho_i_worker_eval(k, false);
        rel = mho_i_worker_residual(k, &scale);
        worst_A = k->worst_A;
        if (pass && !(worst_A < before_A)) { /* rounding: the last answer was better */
            move(size, -1, k->dw, k->l.x, k->w, k->b);
            mho_i_worker_eval(k, false);
            rel = mho_i_worker_residual(k, &scale);
            break;
        }
        if (!done) {
            break;
        }
    }
    judge(k, rel, scale, o);
}

static void solve_newton(mho_i_worker *k, mho_i_outcome *o) {
    double scale, rel = mho_i_worker_residual(k, &scale);
    bool done, falls = true;
    if (rel > 0) { /* the linear circuit of first_slopes, in full */
        mho_i_ladder_factor(&k->l);
        o->cg += direction(k, ETA, &done);
        move(k->l.mp * k->l.ld, 1, k->dw, k->l.x, k->w, k->b);
        o->newton++;
    }
    mho_i_worker_eval(k, true);
    rel = mho_i_worker_residual(k, &scale);
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

static double delivered(const mho_i_worker *k) {
    double power = 0;
    for (size_t r = 0; r < k->net->m; r++) {
        power += row_power(k->net->n, k->u[r], k->net->sense.pot_V, k->i + r * k->l.ld);
    }
    return power;
}

void mho_i_worker_copy(const mho_i_worker *k, const double *from, double *to) {
    for (size_t r = 0; to && r < k->net->m; r++) {
        memcpy(to + r * k->net->n, from + r * k->l.ld, k->net->n * sizeof *to);
    }
}

void mho_i_worker_solve(mho_i_worker *k, const double *v_V, mho_i_outcome *o) {
    *o = (mho_i_outcome){0};
    start(k, v_V);
    if (k->linear) { /* factored by whoever made the worker */
        mho_i_worker_eval(k, false);
        solve_linear(k, o);
    } else {
        first_slopes(k);
        solve_newton(k, o);
    }
    o->power_W = delivered(k);
}

/* One more step, although the residual does not show that it is better. */
void mho_i_worker_step_on(mho_i_worker *k, mho_i_outcome *o) {
    double scale, rel = mho_i_worker_residual(k, &scale);
    bool done;
    if (!k->a->nonlinear) {
        o->cg += direction(k, fmax(DBL_EPSILON, fmin(ETA, k->tol / rel)), &done);
        move(k->l.mp * k->l.ld, 1, k->dw, k->l.x, k->w, k->b);
        mho_i_worker_eval(k, !k->linear);
    } else {
        mho_i_ladder_factor(&k->l);
        o->cg += direction(k, ETA, &done);
        o->newton++;
        line_search(k, &scale);
    }
}
