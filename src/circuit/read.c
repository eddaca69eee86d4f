/* read.c - reading an array: choice of solver, the product with the transfer matrix, all node
 * voltages. */
#include "circuit_int.h"

#include <cblas.h>
#include <string.h>

const char *mho_array_solver_name(mho_array_solver solver) {
    switch (solver) {
    case MHO_SOLVER_AUTO:
        return "auto";
    case MHO_SOLVER_TRANSFER:
        return "transfer";
    case MHO_SOLVER_CG:
        return "cg";
    case MHO_SOLVER_NEWTON:
        return "newton";
    case MHO_SOLVER_REFERENCE:
        return "reference";
    }
    return "unknown";
}

/* Mean wire resistance x mean conductance x cells: drop along a line over what drives it. */
static double wire_load(const mho_array *a) {
    double r = 0;
    for (size_t i = 0; i < a->net.m; i++) {
        r += a->net.drive.r_seg_ohm[i] / (double)a->net.m;
    }
    for (size_t j = 0; j < a->net.n; j++) {
        r += a->net.sense.r_seg_ohm[j] / (double)a->net.n;
    }
    return r / 2 * a->g_mean_S * (double)a->net.m * (double)a->net.n;
}

static bool ideal_handles(const mho_array *a) {
    return (a->net.drive.any_ideal || a->net.sense.any_ideal) && mho_i_ideal_handles(&a->net);
}

/* A block of all ends would take more than 2 GiB: not without being asked for. */
static bool too_wide(const mho_array *a) {
    return a->net.m + a->net.n > 16384;
}

/* Seconds that both ways would take, from measured rates; only their ratio matters. */
mho_array_solver mho_array_choice(const mho_array *a, size_t n_vec) {
    if (a->opt.solver != MHO_SOLVER_AUTO) {
        return a->opt.solver;
    }
    if (a->nonlinear) {
        return MHO_SOLVER_NEWTON;
    }
    if (a->has_m || ideal_handles(a)) {
        return MHO_SOLVER_TRANSFER;
    }
    double cells = (double)a->net.m * (double)a->net.n, n = sqrt(cells);
    double ports = (double)a->net.m + (double)a->net.n;
    if (too_wide(a)) {
        return MHO_SOLVER_CG;
    }
    double steps = 4 + 1.9 * sqrt(wire_load(a));
    double cg = (double)n_vec * steps * cells * (cells > 4e5 ? 3e-9 : 1.5e-9);
    double transfer = 31 * cells * n / 60e9 + 1.2e-7 * cells + 3e-9 * ports * ports + 2e-5;
    return cg < transfer ? MHO_SOLVER_CG : MHO_SOLVER_TRANSFER;
}

/* Is every |x| at most `most`, none of them NAN? */
MHO_MULTIARCH static bool all_within(size_t n, double most, const double *x) {
    double bad[8] = {0};
    size_t k = 0;
    for (; k + 8 <= n; k += 8) {
        for (size_t u = 0; u < 8; u++) {
            bad[u] += fabs(x[k + u]) <= most ? 0 : 1;
        }
    }
    for (; k < n; k++) {
        bad[0] += fabs(x[k]) <= most ? 0 : 1;
    }
    return bad[0] + bad[1] + bad[2] + bad[3] + bad[4] + bad[5] + bad[6] + bad[7] == 0;
}

mho_status mho_i_read_check(mho_array *a, size_t n_vec, const double *v_V) {
    const double most_V = 1e12;
    if (all_within(n_vec * a->net.m, most_V, v_V)) {
        return MHO_OK;
    }
    for (size_t k = 0; k < n_vec * a->net.m;
         k++) { /* which one; lines not selected may be anything */
        size_t i = k % a->net.m;
        if (!a->net.drive.off[i] && !(fabs(v_V[k]) <= most_V)) {
            return mho_i_fail(a->ctx, MHO_ERR_ARG,
                              "input %zu of vector %zu = %g V: allowed are finite values up to "
                              "1e12 V",
                              i, k / a->net.m, v_V[k]);
        }
    }
    return MHO_OK;
}

/* Currents of the biased lines alone, all selected inputs at 0 V; out_S: mho_i_transfer_currents. */
static mho_status bias_currents(mho_array *a, const double *out_S) {
    size_t m = a->net.m, n = a->net.n;
    double *u = mho_i_alloc(a->ctx, m + n, sizeof *u);
    if (!u) {
        return MHO_ERR_NOMEM;
    }
    for (size_t i = 0; i < m; i++) {
        u[i] = a->net.drive.off[i] ? a->net.drive.pot_V[i] : 0;
    }
    mho_i_transfer_currents(&a->net, a->m_S, out_S, u, a->i0_A, u + m);
    mho_i_free(a->ctx, u);
    return MHO_OK;
}

static void clear_unselected(mho_array *a) {
    for (size_t i = 0; i < a->net.m; i++) {
        if (a->net.drive.off[i]) {
            memset(a->m_S + i * a->net.n, 0, a->net.n * sizeof *a->m_S);
        }
    }
}

mho_status mho_i_read_biases(mho_array *a) {
    mho_status status = a->has_bias ? bias_currents(a, NULL) : MHO_OK;
    clear_unselected(a);
    return status;
}

static mho_status build_full(mho_array *a) {
    double *out_S = mho_i_alloc(a->ctx, a->net.n * a->net.n, sizeof *out_S);
    mho_status status = MHO_ERR_NOMEM;
    if (out_S) {
        status = mho_i_transfer_full(a->ctx, &a->net, a->g_S, a->m_S, NULL, out_S);
        status = status ? status : bias_currents(a, out_S);
        clear_unselected(a);
    }
    mho_i_free(a->ctx, out_S);
    return status;
}

/* One vector by CG costs nothing beside an elimination where the matrix of ideal lines needs none. */
static mho_status build_ideal_biased(mho_array *a) {
    mho_status status = mho_i_transfer_array(a);
    double *zero = status ? NULL : mho_i_alloc(a->ctx, a->net.m, sizeof *zero);
    if (!zero) {
        return status ? status : MHO_ERR_NOMEM;
    }
    mho_array_report rep = {0};
    status = mho_i_cg_read(a, 1, zero, a->i0_A, NULL, NULL, &rep);
    mho_i_free(a->ctx, zero);
    clear_unselected(a);
    return status == MHO_WARN_NOT_CONVERGED ? build_full(a) : status;
}

/* m_S and i0_A; keep: a factor for node voltages, too. After updates there is one anyway, unless
 * sensed lines are biased, whose currents would not follow it. */
static mho_status build_matrix(mho_array *a, bool keep) {
    bool sensed = mho_i_net_sense_biased(&a->net);
    if (sensed && ideal_handles(a)) {
        return build_ideal_biased(a);
    }
    mho_status status = MHO_OK;
    if ((keep || (a->was_updated && !sensed)) && mho_i_factor_fits(a)) {
        status = mho_i_factor_new(a, &a->factor);
    } else if (!sensed) {
        status = mho_i_transfer_array(a);
    }
    return status ? status : sensed ? build_full(a) : mho_i_read_biases(a);
}

static mho_status build(mho_array *a, bool keep) {
    if (a->has_m) {
        return MHO_OK;
    }
    if (a->nonlinear) {
        return mho_i_fail(a->ctx, MHO_ERR_ARG,
                          "a transfer matrix needs ohmic cells and selectors: use newton");
    }
    double t0 = mho_i_now_s();
    mho_status status = mho_i_array_ready(a);
    if (status) {
        return status;
    }
    size_t cells = a->net.m * a->net.n;
    if (!a->m_S) {
        a->m_S = mho_i_alloc(a->ctx, cells, sizeof *a->m_S);
        a->i0_A = mho_i_alloc(a->ctx, a->net.n, sizeof *a->i0_A);
    }
    status = a->m_S && a->i0_A ? build_matrix(a, keep) : MHO_ERR_NOMEM;
    if (status) {
        mho_i_array_forget(a); /* halves of it: m_S without i0_A, a factor without m_S */
        return status;
    }
    a->has_m = true;
    a->m_check_rel = -1;
    a->build_s = mho_i_now_s() - t0;
    return status;
}

mho_status mho_i_read_build(mho_array *a) {
    return build(a, false);
}

static void multiply_tile(const mho_array *a, const double *v_V, double *i_A, size_t v0, size_t v1,
                          size_t c0, size_t c1) {
    int m = (int)a->net.m, n = (int)a->net.n;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)(v1 - v0), (int)(c1 - c0), m, 1,
                v_V + v0 * a->net.m, m, a->m_S + c0, n, 0, i_A + v0 * a->net.n + c0, n);
}

/* i = v M; products of over 50 us or so in tiles that do not depend on the number of threads: of 64
 * vectors when there are many, else of 64 or 128 columns. */
static void multiply(const mho_array *a, size_t n_vec, const double *v_V, double *i_A) {
    size_t n = a->net.n;
    if ((double)n_vec * (double)a->net.m * (double)n < 1e6) {
        multiply_tile(a, v_V, i_A, 0, n_vec, 0, n);
        return;
    }
    const size_t tv = n_vec >= 128 ? 64 : n_vec, tc = n_vec >= 128 ? n : n > 128 ? 128 : 64;
    size_t nv = (n_vec + tv - 1) / tv, nc = (n + tc - 1) / tc;
    int n_thread = mho_ctx_threads(a->ctx);
#pragma omp parallel for schedule(dynamic, 1) num_threads(n_thread) if (n_thread > 1)
    for (size_t t = 0; t < nv * nc; t++) {
        size_t v0 = t / nc * tv, c0 = t % nc * tc;
        multiply_tile(a, v_V, i_A, v0, v0 + tv < n_vec ? v0 + tv : n_vec, c0,
                      c0 + tc < n ? c0 + tc : n);
    }
}

/* Inputs of lines that are not selected meet rows of zeros but may be anything: make them 0. */
static mho_status product(mho_array *a, size_t n_vec, const double *v_V, double *i_A) {
    size_t m = a->net.m, n = a->net.n;
    double *clean = NULL;
    bool any_off = false;
    for (size_t i = 0; i < m; i++) {
        any_off = any_off || a->net.drive.off[i];
    }
    if (any_off) {
        clean = mho_i_alloc(a->ctx, n_vec * m, sizeof *clean);
        if (!clean) {
            return MHO_ERR_NOMEM;
        }
        for (size_t k = 0; k < n_vec * m; k++) {
            clean[k] = a->net.drive.off[k % m] ? 0 : v_V[k];
        }
        v_V = clean;
    }
    multiply(a, n_vec, v_V, i_A);
    for (size_t k = 0; a->has_bias && k < n_vec * n; k++) {
        i_A[k] += a->i0_A[k % n];
    }
    mho_i_free(a->ctx, clean);
    return MHO_OK;
}

static mho_status solve(mho_array *a, mho_array_solver solver, size_t n_vec, const double *v_V,
                        double *i_A, double *w_V, double *b_V, mho_array_report *rep) {
    if (solver == MHO_SOLVER_CG && a->nonlinear) {
        return mho_i_fail(a->ctx, MHO_ERR_ARG,
                          "solver cg needs ohmic cells and selectors: use newton");
    }
    mho_status status = mho_i_array_ready(a);
    if (status) {
        return status;
    }
    double t0 = mho_i_now_s();
    if (solver == MHO_SOLVER_REFERENCE) {
        status = mho_i_reference_read(a, n_vec, v_V, i_A, w_V, b_V, rep);
    } else if (solver == MHO_SOLVER_NEWTON) {
        status = mho_i_newton_read(a, n_vec, v_V, i_A, w_V, b_V, rep);
    } else {
        status = mho_i_cg_read(a, n_vec, v_V, i_A, w_V, b_V, rep);
    }
    rep->read_s = mho_i_now_s() - t0;
    return status;
}

/* Above, a transfer matrix that does not agree with its check is marked. */
static const double TRUSTED = 1e-6;

static mho_status read_transfer(mho_array *a, size_t n_vec, const double *v_V, double *i_A,
                                mho_array_report *rep) {
    double t0 = mho_i_now_s();
    bool had = a->has_m;
    mho_status status = build(a, false);
    if (status) {
        return status;
    }
    double t1 = mho_i_now_s();
    status = product(a, n_vec, v_V, i_A);
    if (rep && !status) {
        rep->build_s = had ? 0 : t1 - t0;
        rep->read_s = mho_i_now_s() - t1;
        rep->power_W = NAN;
        if (n_vec) {
            status = mho_i_read_check_matrix(a, v_V, i_A);
            rep->residual_rel = a->m_check_rel;
            rep->rounding_rel = a->m_rounding_rel;
        }
        if (!status && n_vec && !(a->m_check_rel <= TRUSTED)) {
            rep->n_unconverged = n_vec;
            status = mho_i_fail(a->ctx, MHO_WARN_NOT_CONVERGED,
                                "the transfer matrix differs by %.3g of the largest current from "
                                "its check (allowed: %.0e)",
                                a->m_check_rel, TRUSTED);
        }
    }
    return status;
}

/* After CG was not sure: slower, and right for any wires. Without the memory for the matrix CG's
 * answer stays, as not converged as it was. */
static mho_status read_surely(mho_array *a, size_t n_vec, const double *v_V, double *i_A,
                              mho_array_report *rep) {
    if (build(a, false) == MHO_ERR_NOMEM) {
        return mho_i_fail(a->ctx, MHO_WARN_NOT_CONVERGED,
                          "%zu vectors by CG did not all converge, and there is no memory for a "
                          "transfer matrix",
                          n_vec);
    }
    if (rep) {
        *rep = (mho_array_report){.solver = MHO_SOLVER_TRANSFER, .wire_load = wire_load(a)};
    }
    return read_transfer(a, n_vec, v_V, i_A, rep);
}

mho_status mho_array_read(mho_array *a, size_t n_vec, const double *v_V, double *i_A,
                          mho_array_report *rep) {
    mho_array_report unused = {0};
    mho_array_solver solver = mho_array_choice(a, n_vec);
    mho_status status = mho_i_read_check(a, n_vec, v_V);
    if (status) {
        return status;
    }
    if (rep) {
        *rep = unused;
        rep->solver = solver;
        rep->wire_load = wire_load(a);
    }
    if (solver == MHO_SOLVER_TRANSFER) {
        return read_transfer(a, n_vec, v_V, i_A, rep);
    }
    status = solve(a, solver, n_vec, v_V, i_A, NULL, NULL, rep ? rep : &unused);
    bool other = a->opt.solver == MHO_SOLVER_AUTO && !a->nonlinear && !too_wide(a);
    if (status == MHO_WARN_NOT_CONVERGED && other) {
        status = read_surely(a, n_vec, v_V, i_A, rep);
    }
    return status;
}

bool mho_i_read_down(const mho_array *a, size_t n_vec) {
    bool ready = a->factor && mho_i_factor_is_exact(a->factor);
    return mho_array_choice(a, n_vec) == MHO_SOLVER_TRANSFER && !a->nonlinear &&
           mho_i_factor_fits(a) && (ready || n_vec >= 16);
}

mho_status mho_i_read_factor(mho_array *a) {
    if (a->factor && mho_i_factor_is_exact(a->factor)) {
        return MHO_OK;
    }
    mho_i_array_forget(a);
    a->was_updated = true; /* a later one, too */
    return build(a, true);
}

/* Many vectors of ohmic cells: through the kept factor, which is built if need be. */
static mho_status nodes_down(mho_array *a, size_t n_vec, const double *v_V, double *w_V,
                             double *b_V, mho_array_report *rep) {
    double t0 = mho_i_now_s();
    mho_status status = mho_i_read_factor(a);
    double t1 = mho_i_now_s();
    if (!status) {
        status = mho_i_factor_nodes(a, n_vec, v_V, NULL, w_V, b_V, rep);
    }
    rep->build_s = t1 - t0;
    rep->read_s = mho_i_now_s() - t1;
    if (!status && rep->n_unconverged) {
        status = mho_i_fail(a->ctx, MHO_WARN_NOT_CONVERGED,
                            "%zu of %zu vectors have a Kirchhoff residual of up to %.3g of the "
                            "largest line current, wanted %.3g (tol_rel)",
                            rep->n_unconverged, n_vec, rep->residual_rel, a->opt.tol_rel);
    }
    return status;
}

mho_status mho_i_read_nodes(mho_array *a, size_t n_vec, const double *v_V, double *i_A, double *w_V,
                            double *b_V, mho_array_report *rep) {
    mho_status status = mho_i_read_check(a, n_vec, v_V);
    if (status) {
        return status;
    }
    mho_array_solver solver = mho_array_choice(a, n_vec);
    *rep = (mho_array_report){.solver = solver, .wire_load = wire_load(a)};
    if (!i_A && mho_i_read_down(a, n_vec)) {
        return nodes_down(a, n_vec, v_V, w_V, b_V, rep);
    }
    if (solver == MHO_SOLVER_TRANSFER) {
        solver = a->nonlinear ? MHO_SOLVER_NEWTON : MHO_SOLVER_CG;
        rep->solver = solver;
    }
    return solve(a, solver, n_vec, v_V, i_A, w_V, b_V, rep);
}

void mho_i_report_add(mho_array_report *sum, const mho_array_report *one, size_t n_vec) {
    sum->solver = one->solver;
    sum->wire_load = one->wire_load;
    sum->residual_rel = one->residual_rel > sum->residual_rel || isnan(one->residual_rel)
                            ? one->residual_rel
                            : sum->residual_rel;
    sum->rounding_rel = fmax(sum->rounding_rel, one->rounding_rel);
    sum->iterations += one->iterations;
    sum->newton_steps += one->newton_steps;
    sum->n_unconverged += one->n_unconverged;
    sum->build_s += one->build_s;
    sum->read_s += one->read_s;
    sum->power_W += one->power_W / (double)n_vec;
}

mho_status mho_array_transfer(mho_array *a, double *m_S) {
    mho_status status = build(a, false);
    if (!status) {
        memcpy(m_S, a->m_S, a->net.m * a->net.n * sizeof *m_S);
    }
    return status;
}
