/* check.c - is a transfer matrix right? The currents of its first vector, computed another way. */
#include "circuit_int.h"

static bool all_zero(size_t n, const double *x) {
    for (size_t k = 0; k < n; k++) {
        if (x[k] != 0) {
            return false;
        }
    }
    return true;
}

/* What the first vector's currents i_A are held against others with. */
typedef struct {
    size_t n;
    const double *i_A;
    double *own_A; /* [n] rounding of the sum that each of them is */
    double least_A;
} first;

static mho_status first_new(mho_array *a, const double *v_V, const double *i_A, first *f) {
    size_t m = a->net.m, n = a->net.n;
    *f = (first){n, i_A, mho_i_alloc(a->ctx, n, sizeof(double)), 0};
    if (!f->own_A) {
        return MHO_ERR_NOMEM;
    }
    double rounding = mho_i_net_sum_rounding(&a->net);
    for (size_t j = 0; j < n; j++) {
        f->own_A[j] = a->has_bias ? rounding * fabs(a->i0_A[j]) : 0;
    }
    for (size_t i = 0; i < m; i++) {
        double v = a->net.drive.off[i] ? 0 : rounding * fabs(v_V[i]);
        for (size_t j = 0; j < n; j++) {
            f->own_A[j] += v * a->m_S[i * n + j];
        }
    }
    return MHO_OK;
}

/* Over the largest of them, but no less than least_A. */
static double difference(const first *f, const double *other_A) {
    double worst = 0, most = f->least_A;
    for (size_t j = 0; j < f->n; j++) {
        double d = fabs(f->i_A[j] - other_A[j]);
        d = d <= f->own_A[j] ? 0 : d;
        worst = d > worst || isnan(d) ? d : worst;
        most = fmax(most, fabs(f->i_A[j]));
    }
    return mho_i_net_relative(worst, most);
}

/* The same circuit from the other side: the matrix of inputs and outputs exchanged is the transpose
 * (reciprocity), and is eliminated in another order. m_S [m][n], out_S [n][n] or NULL. */
static mho_status reciprocal(mho_array *a, double *m_S, double *out_S) {
    size_t m = a->net.m, n = a->net.n;
    mho_i_net back = {n, m, a->net.sense, a->net.drive, a->net.cell_S};
    double *g = mho_i_alloc(a->ctx, m * n, sizeof *g);
    if (!g) {
        return MHO_ERR_NOMEM;
    }
    for (size_t k = 0; k < m * n; k++) {
        g[k % n * m + k / n] = a->g_S[k];
    }
    mho_status status = out_S ? mho_i_transfer_full(a->ctx, &back, g, g, out_S, NULL)
                              : mho_i_transfer_build(a->ctx, &back, 1, g, g);
    for (size_t k = 0; k < m * n; k++) {
        m_S[k] = g[k % n * m + k / n];
    }
    mho_i_free(a->ctx, g);
    return status;
}

/* Difference of the first vector's currents to those of the reciprocal circuit. */
static mho_status check_reciprocal(mho_array *a, const double *v_V, const first *f, double *diff) {
    size_t m = a->net.m, n = a->net.n, n_out = mho_i_net_sense_biased(&a->net) ? n * n : 0;
    double *m_S = mho_i_alloc(a->ctx, m * n + n_out + 2 * n + m, sizeof *m_S);
    if (!m_S) {
        return MHO_ERR_NOMEM;
    }
    double *out_S = n_out ? m_S + m * n : NULL, *i = m_S + m * n + n_out, *u = i + 2 * n;
    mho_status status = reciprocal(a, m_S, out_S);
    if (status) {
        mho_i_free(a->ctx, m_S);
        return status;
    }
    mho_i_net_drive(&a->net, v_V, u);
    mho_i_transfer_currents(&a->net, m_S, out_S, u, i, i + n);
    *diff = difference(f, i);
    mho_i_free(a->ctx, m_S);
    return MHO_OK;
}

/* Is the circuit such that no current can come out? */
static mho_status nothing_arrives(mho_array *a, const double *v_V, bool *so) {
    size_t m = a->net.m, n = a->net.n;
    double *u = mho_i_alloc(a->ctx, m, sizeof *u);
    bool any = false, *live = mho_i_alloc(a->ctx, n, sizeof *live);
    mho_status status = MHO_ERR_NOMEM;
    if (u && live) {
        mho_i_net_drive(&a->net, v_V, u);
        status = mho_i_net_flows(a->ctx, &a->net, a->g_S, u, &any, live);
    }
    *so = !status;
    for (size_t j = 0; j < n && *so; j++) {
        *so = !live[j];
    }
    mho_i_free(a->ctx, u);
    mho_i_free(a->ctx, live);
    return status;
}

/* Where CG cannot tell (cells that conduct far better than the wires and ends around them: their
 * voltages are lost in rounding) the second opinion is the matrix of the reciprocal circuit. */
static mho_status compare_first(mho_array *a, const double *v_V, const double *i_A, double *check) {
    first f;
    mho_array_report rep = {0};
    double scale_A = 0, *i_cg = mho_i_alloc(a->ctx, a->net.n, sizeof *i_cg);
    mho_status status = i_cg ? first_new(a, v_V, i_A, &f) : MHO_ERR_NOMEM;
    if (!status) {
        status = mho_i_cg_check(a, v_V, i_cg, &scale_A, &rep);
        /* currents that cancel each other: elimination says 0, and CG its rounding */
        f.least_A = all_zero(a->net.n, i_A) ? scale_A : 0;
        *check = difference(&f, i_cg);
        *check = rep.residual_rel > *check ? rep.residual_rel : *check; /* NAN stays */
        if (!status && rep.n_unconverged) {
            status = check_reciprocal(a, v_V, &f, check);
        }
        mho_i_free(a->ctx, f.own_A);
    }
    mho_i_free(a->ctx, i_cg);
    a->m_rounding_rel = rep.rounding_rel;
    return status;
}

/* Compare the first vector's currents with an independent solution by CG; the worse of its
 * Kirchhoff residual and the difference is kept with the matrix. */
mho_status mho_i_read_check_matrix(mho_array *a, const double *v_V, const double *i_A) {
    if (a->m_check_rel >= 0) {
        return MHO_OK;
    }
    bool none = false;
    mho_status status = all_zero(a->net.n, i_A) ? nothing_arrives(a, v_V, &none) : MHO_OK;
    double check = 0;
    a->m_rounding_rel = 0;
    if (!status && !none) {
        status = compare_first(a, v_V, i_A, &check);
    }
    a->m_check_rel = status < 0 ? -1 : check;
    return status < 0 ? status : MHO_OK;
}
