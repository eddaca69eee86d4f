/* stiff.c - CVODES with edges of the drive, roots and quadratures. The integration stops at every
 * edge and starts anew behind it, so that no step reaches over a jump or a bend. */
#include "lab_int.h"

#include <cvodes/cvodes.h>
#include <math.h>
#include <nvector/nvector_serial.h>
#include <string.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_dense.h>

typedef struct work {
    mho_ctx *ctx;
    const mho_i_stiff *p;
    SUNContext sun;
    void *mem;
    N_Vector y, q, tol, q_tol;
    SUNMatrix jac;
    SUNLinearSolver solver;
    N_Vector between; /* between steps, for samples */
    double t_s;       /* of y */
    double last_sample_s;
    size_t n_rate, n_step;
    char said[256]; /* by SUNDIALS */
} work;

static int rate_fn(sunrealtype t, N_Vector y, N_Vector dy, void *user) {
    work *w = user;
    w->n_rate++;
    w->p->rate(w->p->user, t, N_VGetArrayPointer(y), N_VGetArrayPointer(dy));
    return 0;
}

static int quad_fn(sunrealtype t, N_Vector y, N_Vector dq, void *user) {
    const work *w = user;
    w->p->quad(w->p->user, t, N_VGetArrayPointer(y), N_VGetArrayPointer(dq));
    return 0;
}

static int root_fn(sunrealtype t, N_Vector y, sunrealtype *g, void *user) {
    const work *w = user;
    w->p->root(w->p->user, t, N_VGetArrayPointer(y), g);
    return 0;
}

static void error_fn(int code, const char *module, const char *function, char *text, void *user) {
    work *w = user;
    (void)module;
    if (code < 0) {
        snprintf(w->said, sizeof w->said, "%s: %.200s", function, text);
    }
}

static N_Vector vector(work *w, size_t n) {
    return N_VNew_Serial((sunindextype)(n ? n : 1), w->sun);
}

static mho_status start(work *w, const mho_transient_opt *opt, const double *y) {
    const mho_i_stiff *p = w->p;
    if (SUNContext_Create(NULL, &w->sun) != 0) {
        return MHO_ERR_NOMEM;
    }
    w->y = vector(w, p->n_state);
    w->tol = vector(w, p->n_state);
    w->between = vector(w, p->n_state);
    w->q = vector(w, p->n_quad);
    w->q_tol = vector(w, p->n_quad);
    w->jac = SUNDenseMatrix((sunindextype)p->n_state, (sunindextype)p->n_state, w->sun);
    w->solver = w->y && w->jac ? SUNLinSol_Dense(w->y, w->jac, w->sun) : NULL;
    w->mem = CVodeCreate(CV_BDF, w->sun);
    if (!w->tol || !w->between || !w->q || !w->q_tol || !w->solver || !w->mem) {
        return MHO_ERR_NOMEM;
    }
    memcpy(N_VGetArrayPointer(w->y), y, p->n_state * sizeof *y);
    memcpy(N_VGetArrayPointer(w->tol), p->tol_abs, p->n_state * sizeof *y);
    N_VConst(0, w->q);
    int bad = CVodeSetErrHandlerFn(w->mem, error_fn, w) | CVodeInit(w->mem, rate_fn, 0, w->y) |
              CVodeSetUserData(w->mem, w) | CVodeSVtolerances(w->mem, opt->tol_rel, w->tol) |
              CVodeSetLinearSolver(w->mem, w->solver, w->jac) |
              CVodeSetMaxNumSteps(w->mem, opt->max_step) | CVodeSetMaxErrTestFails(w->mem, 30);
    if (p->n_quad && !bad) {
        memcpy(N_VGetArrayPointer(w->q_tol), p->quad_tol_abs, p->n_quad * sizeof *y);
        bad = CVodeQuadInit(w->mem, quad_fn, w->q) | CVodeSetQuadErrCon(w->mem, SUNTRUE) |
              CVodeQuadSVtolerances(w->mem, opt->tol_rel, w->q_tol);
    }
    if (p->n_root && !bad) {
        bad = CVodeRootInit(w->mem, (int)p->n_root, root_fn) | CVodeSetNoInactiveRootWarn(w->mem);
    }
    return bad ? mho_i_fail(w->ctx, MHO_ERR_INTERNAL, "the integrator does not start: %s", w->said)
               : MHO_OK;
}

static void finish(work *w) {
    if (w->mem) {
        CVodeFree(&w->mem);
    }
    if (w->solver) {
        SUNLinSolFree(w->solver);
    }
    if (w->jac) {
        SUNMatDestroy(w->jac);
    }
    N_Vector v[] = {w->y, w->q, w->tol, w->q_tol, w->between};
    for (size_t k = 0; k < sizeof v / sizeof *v; k++) {
        if (v[k]) {
            N_VDestroy(v[k]);
        }
    }
    if (w->sun) {
        SUNContext_Free(&w->sun);
    }
}

static void count_steps(work *w) {
    long n = 0;
    CVodeGetNumSteps(w->mem, &n); /* since the last start */
    w->n_step += (size_t)n;
}

/* CVODE refuses only what was never started. */
static void restart(work *w) {
    count_steps(w);
    (void)CVodeReInit(w->mem, w->t_s, w->y);
    if (w->p->n_quad) {
        (void)CVodeQuadReInit(w->mem, w->q);
    }
}

static void sample(work *w, double t_s, N_Vector y) {
    if (w->p->sample) {
        w->p->sample(w->p->user, t_s, N_VGetArrayPointer(y));
    }
    w->last_sample_s = t_s;
}

/* On to want_s, or the end of the next step where steps are to be shown, or an event before. */
static mho_status advance(work *w, double want_s, bool *root) {
    const mho_i_stiff *p = w->p;
    int mode = p->kept ? CV_ONE_STEP : CV_NORMAL;
    w->said[0] = 0;
    *root = false;
    int code = CVode(w->mem, want_s, w->y, &w->t_s, mode);
    if (code == CV_TOO_CLOSE) { /* less than rounding away: nothing happens in between */
        w->t_s = want_s;
        return MHO_OK;
    }
    if (code < 0) {
        return mho_i_fail(w->ctx, MHO_WARN_NOT_CONVERGED, "the integration stopped at %.6g s: %s",
                          w->t_s, w->said);
    }
    if (p->n_quad) {
        double at;
        CVodeGetQuad(w->mem, &at, w->q);
    }
    *root = code == CV_ROOT_RETURN;
    return MHO_OK;
}

/* Samples that lie behind a single step. */
static void catch_up(work *w, double pitch) {
    double next = pitch * (floor(w->last_sample_s / pitch * (1 + 1e-12)) + 1);
    while (next < w->t_s) {
        if (CVodeGetDky(w->mem, next, 0, w->between) != CV_SUCCESS) {
            break; /* before the last start: between an event and the step after it */
        }
        sample(w, next, w->between);
        next += pitch;
    }
}

static void handle_root(work *w) {
    const mho_i_stiff *p = w->p;
    int found[MHO_I_MAX_ROOT] = {0};
    CVodeGetRootInfo(w->mem, found);
    if (p->event(p->user, w->t_s, N_VGetArrayPointer(w->y), N_VGetArrayPointer(w->q), found)) {
        restart(w);
    }
}

/* From edge_s[k] to edge_s[k+1]. */
static mho_status run_part(work *w, const mho_transient_opt *opt, double from_s, double to_s,
                           double stop_s) {
    const mho_i_stiff *p = w->p;
    double pitch = stop_s / (double)(opt->n_sample - 1);
    w->t_s = from_s;
    if (p->part) {
        p->part(p->user, from_s, to_s, N_VGetArrayPointer(w->y));
    }
    mho_status status = MHO_OK;
    restart(w);
    CVodeSetStopTime(w->mem, to_s);
    sample(w, from_s, w->y);
    for (long n = 0; w->t_s < to_s && status == MHO_OK; n++) {
        double next = pitch * (floor(w->last_sample_s / pitch * (1 + 1e-12)) + 1);
        bool root, due = next > to_s - 1e-9 * pitch;
        next = p->kept || due ? to_s : next;
        status = advance(w, next, &root);
        if (status == MHO_OK && n % 64 == 63) {
            status = mho_i_progress(w->ctx, "integrating", w->t_s / stop_s);
        }
        if (status != MHO_OK) {
            break;
        }
        if (p->kept) {
            catch_up(w, pitch);
            p->kept(p->user, w->t_s, N_VGetArrayPointer(w->y));
        }
        if (root) {
            handle_root(w);
        } else {
            sample(w, w->t_s, w->y); /* steps that are shown are rows too: no spike is missed */
        }
        if (p->kept && n == opt->max_step) {
            status = mho_i_fail(w->ctx, MHO_WARN_NOT_CONVERGED,
                                "the integration needs more than %ld steps: stopped at %.6g s",
                                opt->max_step, w->t_s);
        }
    }
    return status;
}

/* What is not a number must not look like a result: fmin and fmax of callers would hide it. */
static mho_status is_number(work *w, const double *y, const double *q) {
    for (size_t k = 0; k < w->p->n_state + w->p->n_quad; k++) {
        if (!isfinite(k < w->p->n_state ? y[k] : q[k - w->p->n_state])) {
            return mho_i_fail(w->ctx, MHO_WARN_NOT_CONVERGED,
                              "the integration ended with a %s that is not a number",
                              k < w->p->n_state ? "state" : "sum over time");
        }
    }
    return MHO_OK;
}

mho_status mho_i_balance_check(mho_ctx *ctx, mho_status status, const char *what,
                               double residual_rel) {
    const double most_rel = 1e-3; /* what is reached: 1e-5 in the worst of the cases in docs */
    if (status != MHO_OK || residual_rel <= most_rel) {
        return status;
    }
    return mho_i_fail(ctx, MHO_WARN_NOT_CONVERGED,
                      "the balance of energy of the %s is open by %.3g (allowed: %.0e): tighten "
                      "tol_rel, or the model does not conserve energy there",
                      what, residual_rel, most_rel);
}

mho_status mho_i_stiff_run(mho_ctx *ctx, const mho_i_stiff *p, const mho_transient_opt *opt,
                           size_t n_edge, const double *edge_s, double *y, double *q,
                           mho_transient_report *rep) {
    work w = {.ctx = ctx, .p = p};
    double begin = mho_i_now_s(), stop_s = edge_s[n_edge - 1];
    mho_status status = start(&w, opt, y);
    for (size_t k = 0; k + 1 < n_edge && status == MHO_OK; k++) {
        status = run_part(&w, opt, edge_s[k], edge_s[k + 1], stop_s);
        if (status == MHO_OK) {
            status = mho_i_progress(ctx, "integrating", edge_s[k + 1] / stop_s);
        }
    }
    if (status >= 0) {
        count_steps(&w);
        memcpy(y, N_VGetArrayPointer(w.y), p->n_state * sizeof *y);
        memcpy(q, N_VGetArrayPointer(w.q), p->n_quad * sizeof *q);
        rep->n_step += w.n_step;
        rep->n_rate += w.n_rate;
        rep->wall_s += mho_i_now_s() - begin;
        status = status == MHO_OK ? is_number(&w, y, q) : status;
    }
    finish(&w);
    return status;
}

mho_status mho_i_transient_opt_check(mho_ctx *ctx, const mho_transient_opt *given,
                                     mho_transient_opt *out) {
    mho_transient_opt o = MHO_TRANSIENT_OPT_INIT;
    if (given) {
        size_t n = given->struct_size < sizeof o ? given->struct_size : sizeof o;
        memcpy(&o, given, n);
    }
    if (!(o.tol_rel >= 1e-13 && o.tol_rel <= 1e-2) ||
        !(o.dead_band_K >= 1e-6 && o.dead_band_K <= 1) || o.n_sample < 2 || o.n_sample > 10000000 ||
        o.max_step < 1) {
        return mho_i_fail(
            ctx, MHO_ERR_ARG,
            "transient options: tol_rel = %g (1e-13 to 1e-2), dead_band = %g K (1e-6 to "
            "1), n_sample = %zu (2 to 10,000,000), max_step = %ld (1 or more)",
            o.tol_rel, o.dead_band_K, o.n_sample, o.max_step);
    }
    *out = o;
    return MHO_OK;
}
