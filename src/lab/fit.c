/* fit.c - least squares: Levenberg-Marquardt of cminpack (lmdif) in transformed parameters, from
 * many starts; covariance from a Jacobian of central differences and its QR (cminpack's covar1). */
#include "fit_int.h"

#include <cminpack.h>
#include <limits.h>
#include <math.h>
#include <string.h>

/* ---- transform ---- */

double mho_i_fit_to_x(const mho_i_bound *b, double p) {
    double f = b->log ? log(p / b->min) / log(b->max / b->min) : (p - b->min) / (b->max - b->min);
    f = f < 1e-9 ? 1e-9 : f > 1 - 1e-9 ? 1 - 1e-9 : f;
    return log(f / (1 - f));
}

double mho_i_fit_to_p(const mho_i_bound *b, double x) {
    double f = 1 / (1 + exp(-x));
    return b->log ? b->min * pow(b->max / b->min, f) : b->min + (b->max - b->min) * f;
}

static void natural(const mho_i_problem *q, const double *x, double *p) {
    for (size_t j = 0; j < q->n_free; j++) {
        p[j] = mho_i_fit_to_p(&q->bound[j], x[j]);
    }
}

/* ---- one descent ---- */

static int residuals(void *user, int m, int n, const double *x, double *f, int flag) {
    mho_i_problem *q = user;
    double p[MHO_FIT_MAX_PARAM];
    (void)n;
    (void)flag;
    natural(q, x, p);
    q->model(q->user, p, f);
    q->n_evaluate++;
    for (int k = 0; k < m; k++) {
        f[k] = q->y[k] - f[k];
        if (!isfinite(f[k])) {
            f[k] = 1e6; /* far worse than any fit, and finite */
        }
    }
    return 0;
}

static double sum_of_squares(const double *f, size_t n) {
    double s = 0;
    for (size_t k = 0; k < n; k++) {
        s += f[k] * f[k];
    }
    return s;
}

size_t mho_i_fit_work_size(size_t n_point, size_t n_free) {
    return n_point * (n_free + 2) + 5 * n_free;
}

double mho_i_fit_descend(mho_i_problem *q, double *x, double *work, bool *converged) {
    int m = (int)q->n_point, n = (int)q->n_free, n_call, pivot[MHO_FIT_MAX_PARAM];
    double *f = work, *jac = f + m, *wa4 = jac + (size_t)m * (size_t)n, *wa = wa4 + m;
    size_t most = q->max_evaluate ? q->max_evaluate : 100 * (q->n_free + 1);
    int info = lmdif(residuals, q, m, n, x, f, 1e-10, 1e-10, 0,
                     (int)(most < INT_MAX ? most : INT_MAX), 1e-13, wa, 1, 1.0, 0, &n_call, jac, m,
                     pivot, wa + n, wa + 2 * n, wa + 3 * n, wa + 4 * n, wa4);
    if (converged) {
        *converged = info > 0 && info != 5; /* 6 to 8: as good as rounding lets it be */
    }
    return sum_of_squares(f, q->n_point);
}

/* ---- covariance ---- */

/* Central differences; columns scaled to length 1 so that rank does not depend on units. */
static void covariance(mho_i_problem *q, const double *x, double *work, mho_i_optimum *out) {
    size_t m = q->n_point, n = q->n_free;
    double *jac = work, *hi = jac + m * n, *lo = hi + m;
    double scale[MHO_FIT_MAX_PARAM], y[MHO_FIT_MAX_PARAM], wa[MHO_FIT_MAX_PARAM];
    double diag[MHO_FIT_MAX_PARAM], norm[MHO_FIT_MAX_PARAM];
    int pivot[MHO_FIT_MAX_PARAM];
    const double h = 1e-5;
    memcpy(y, x, n * sizeof *y);
    for (size_t j = 0; j < n; j++) {
        y[j] = x[j] + h;
        residuals(q, (int)m, (int)n, y, hi, 0);
        y[j] = x[j] - h;
        residuals(q, (int)m, (int)n, y, lo, 0);
        y[j] = x[j];
        scale[j] = 0;
        for (size_t k = 0; k < m; k++) {
            double d = (hi[k] - lo[k]) / (2 * h);
            jac[j * m + k] = d;
            scale[j] += d * d;
        }
        scale[j] = sqrt(scale[j]);
        for (size_t k = 0; k < m && scale[j] > 0; k++) {
            jac[j * m + k] /= scale[j];
        }
    }
    qrfac((int)m, (int)n, jac, (int)m, 1, pivot, (int)n, diag, norm, wa);
    for (size_t j = 0; j < n; j++) { /* covar wants R with its diagonal in place */
        jac[j * m + j] = diag[j];
    }
    int rank = covar1((int)m, (int)n, out->sse, jac, (int)m, pivot, 1e-7, wa);
    out->rank = rank > 0 ? (size_t)rank : n; /* 0 means full */
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            double s = scale[i] * scale[j];
            out->covariance[i][j] = s > 0 ? jac[j * m + i] / s : 0;
        }
    }
}

mho_status mho_i_fit_solve(mho_i_problem *q, size_t n_start, const double *starts,
                           mho_i_optimum *out) {
    size_t n = q->n_free;
    if (q->n_point * (n + 2) > INT_MAX) {
        return mho_i_fail(q->ctx, MHO_ERR_DIM,
                          "%zu points are too many for a fit of %zu parameters: at most %zu",
                          q->n_point, n, INT_MAX / (n + 2));
    }
    double *work = mho_i_alloc(q->ctx, mho_i_fit_work_size(q->n_point, n), sizeof *work);
    if (!work) {
        return MHO_ERR_NOMEM;
    }
    double best[MHO_FIT_MAX_PARAM] = {0}, sse = INFINITY;
    bool converged = false;
    mho_status status = MHO_OK;
    for (size_t s = 0; s < n_start && status == MHO_OK; s++) {
        double x[MHO_FIT_MAX_PARAM];
        for (size_t j = 0; j < n; j++) {
            x[j] = mho_i_fit_to_x(&q->bound[j], starts[s * n + j]);
        }
        bool done;
        double e = mho_i_fit_descend(q, x, work, &done);
        if (e < sse) {
            sse = e;
            converged = done;
            memcpy(best, x, n * sizeof *x);
        }
        status = mho_i_progress(q->ctx, "fit", (double)(s + 1) / (double)n_start);
    }
    /* along the valley of a law that contains another the descent goes on for ever: it is over when
     * another round makes no difference to the fit */
    for (int round = 0; round < 8 && status == MHO_OK && !converged && !q->max_evaluate; round++) {
        double e = mho_i_fit_descend(q, best, work, &converged);
        converged = converged || e > (1 - 1e-3) * sse;
        sse = e;
    }
    if (status == MHO_OK && !(sse < 1e11)) {
        status =
            mho_i_fail(q->ctx, MHO_ERR_ARG,
                       "%zu points: the model has no finite values for these data", q->n_point);
    }
    if (status == MHO_OK) {
        memset(out, 0, sizeof *out);
        out->sse = sse;
        out->converged = converged;
        natural(q, best, out->p);
        covariance(q, best, work, out);
    }
    mho_i_free(q->ctx, work);
    return status;
}

/* ---- statistics ---- */

double mho_i_fit_lag1(const mho_i_problem *q, const double *residual) {
    double c0 = 0, c1 = 0;
    for (size_t g = 0; g < q->n_group; g++) {
        size_t a = q->start[g], b = q->start[g + 1];
        double mean = 0;
        for (size_t k = a; k < b; k++) {
            mean += residual[k] / (double)(b - a);
        }
        for (size_t k = a; k < b; k++) {
            double r = residual[k] - mean;
            c0 += r * r;
            c1 += k + 1 < b ? r * (residual[k + 1] - mean) : 0;
        }
    }
    return c0 > 0 ? c1 / c0 : 0;
}

/* Hill, Commun. ACM 13, 617 (1970), algorithm 396; exact forms for 1 and 2. */
double mho_i_fit_t975(double dof) {
    const double p = 0.05;
    if (dof < 1.5) {
        return 12.7062047361747;
    }
    if (dof < 2.5) {
        return sqrt(2 / (p * (2 - p)) - 2);
    }
    const double half_pi = MHO_PI / 2, z = -1.959963984540054;
    double a = 1 / (dof - 0.5), b = 48 / (a * a);
    double c = ((20700 * a / b - 98) * a - 16) * a + 96.36;
    double d = ((94.5 / (b + c) - 3) / b + 1) * sqrt(a * half_pi) * dof;
    double y = pow(d * p, 2 / dof);
    if (y > 0.05 + a) {
        y = z * z;
        if (dof < 5) {
            c += 0.3 * (dof - 4.5) * (z + 0.6);
        }
        c = (((0.05 * d * z - 5) * z - 7) * z - 2) * z + b + c;
        y = (((((0.4 * y + 6.3) * y + 36) * y + 94.5) / c - y - 3) / b + 1) * z;
        y = expm1(a * y * y);
    } else {
        y = ((1 / (((dof + 6) / (dof * y) - 0.089 * d - 0.822) * (dof + 2) * 3) + 0.5 / (dof + 4)) *
                 y -
             1) *
                (dof + 1) / (dof + 2) +
            1 / y;
    }
    return sqrt(dof * y);
}
