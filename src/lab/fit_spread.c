/* fit_spread.c - maximum likelihood for normal numbers whose mean and spread are both linear in
 * known functions: y = x b + sqrt((z c)^2 + v) N, v known. Fisher scoring: the information of b and
 * c does not mix, so both are small weighted least squares. */
#include "fit_int.h"

#include <math.h>
#include <string.h>

enum { D = MHO_I_SPREAD_MAX };

/* Solve a x = r in place, a [n][n] symmetric positive definite; inverse out. false: singular. */
static bool invert(size_t n, double a[D][D], double inverse[D][D]) {
    double l[D][D] = {{0}};
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) {
            double s = a[i][j];
            for (size_t k = 0; k < j; k++) {
                s -= l[i][k] * l[j][k];
            }
            if (i == j && !(s > 1e-13 * a[i][i])) {
                return false;
            }
            l[i][j] = i == j ? sqrt(s) : s / l[j][j];
        }
    }
    for (size_t c = 0; c < n; c++) {
        double x[D] = {0};
        for (size_t i = 0; i < n; i++) {
            double s = i == c;
            for (size_t k = 0; k < i; k++) {
                s -= l[i][k] * x[k];
            }
            x[i] = s / l[i][i];
        }
        for (size_t i = n; i-- > 0;) {
            for (size_t k = i + 1; k < n; k++) {
                x[i] -= l[k][i] * x[k];
            }
            x[i] /= l[i][i];
            inverse[i][c] = x[i];
        }
    }
    return true;
}

static double dot(const double *a, const double *b, size_t n) {
    double s = 0;
    for (size_t k = 0; k < n; k++) {
        s += a[k] * b[k];
    }
    return s;
}

/* Weighted least squares of target on basis: out = (sum w f f')^-1 sum w f target. */
typedef struct sums {
    double a[D][D], r[D];
} sums;

static void add(sums *s, size_t n, const double *f, double weight, double target) {
    for (size_t i = 0; i < n; i++) {
        s->r[i] += weight * f[i] * target;
        for (size_t j = 0; j < n; j++) {
            s->a[i][j] += weight * f[i] * f[j];
        }
    }
}

static bool solve_sums(sums *s, size_t n, double *out, double inverse[D][D]) {
    if (!invert(n, s->a, inverse)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        out[i] = dot(inverse[i], s->r, n);
    }
    return true;
}

static double minus_log_likelihood(const mho_i_spread *q, const double *b, const double *c) {
    double sum = 0;
    for (size_t k = 0; k < q->n; k++) {
        double s = dot(q->z + k * D, c, q->n_c), v = s * s + (q->v ? q->v[k] : 0);
        double r = q->y[k] - dot(q->x + k * D, b, q->n_b);
        if (!(s > 0) || !(v > 0)) {
            return INFINITY;
        }
        sum += 0.5 * log(v) + 0.5 * r * r / v;
    }
    return sum;
}

/* A first spread: |residual| sqrt(pi/2) regressed on z; flat if that is not positive everywhere. */
static bool first_spread(const mho_i_spread *q, const double *b, double *c) {
    sums s = {0};
    double inverse[D][D], mean = 0;
    for (size_t k = 0; k < q->n; k++) {
        double r = fabs(q->y[k] - dot(q->x + k * D, b, q->n_b)) * sqrt(MHO_PI / 2);
        add(&s, q->n_c, q->z + k * D, 1, r);
        mean += r / (double)q->n;
    }
    bool good = solve_sums(&s, q->n_c, c, inverse);
    if (!good || !isfinite(minus_log_likelihood(q, b, c))) {
        memset(c, 0, D * sizeof *c);
        c[0] = mean;
    }
    return mean > 0 && isfinite(minus_log_likelihood(q, b, c));
}

/* One step of Fisher scoring for c, halved until the likelihood rises. Returns the gain. */
static double step_spread(const mho_i_spread *q, const double *b, double *c,
                          double covariance[D][D]) {
    sums s = {0};
    double move[D], before = minus_log_likelihood(q, b, c);
    for (size_t k = 0; k < q->n; k++) {
        double sd = dot(q->z + k * D, c, q->n_c), v = sd * sd + (q->v ? q->v[k] : 0);
        double r = q->y[k] - dot(q->x + k * D, b, q->n_b);
        /* information 2 s^2/v^2, score (r^2/v - 1) s/v */
        add(&s, q->n_c, q->z + k * D, 2 * sd * sd / (v * v), (r * r / v - 1) * v / (2 * sd));
    }
    if (!solve_sums(&s, q->n_c, move, covariance)) {
        return -1;
    }
    for (double share = 1; share > 1e-6; share /= 2) {
        double trial[D];
        for (size_t j = 0; j < q->n_c; j++) {
            trial[j] = c[j] + share * move[j];
        }
        double now = minus_log_likelihood(q, b, trial);
        if (now <= before) {
            memcpy(c, trial, q->n_c * sizeof *c);
            return before - now;
        }
    }
    return 0;
}

bool mho_i_spread_fit(mho_i_spread *q) {
    double w0 = 1;
    bool have = false;
    for (int round = 0; round < 200; round++) {
        sums s = {0};
        for (size_t k = 0; k < q->n; k++) {
            double sd = have ? dot(q->z + k * D, q->c, q->n_c) : 1;
            double v = have ? sd * sd + (q->v ? q->v[k] : 0) : w0;
            add(&s, q->n_b, q->x + k * D, 1 / v, q->y[k]);
        }
        if (!solve_sums(&s, q->n_b, q->b, q->cov_b) || (!have && !first_spread(q, q->b, q->c))) {
            return false;
        }
        have = true;
        double gain = step_spread(q, q->b, q->c, q->cov_c);
        if (gain < 0) {
            return false;
        }
        if (gain < 1e-10 && round > 2) {
            q->converged = true;
            return true;
        }
    }
    q->converged = false;
    return true;
}
