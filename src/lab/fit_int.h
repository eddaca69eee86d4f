/* fit_int.h - least squares for all fits: bounded parameters, many starts, intervals, bootstrap.
 * Knows nothing of what is fitted. */
#ifndef MHO_FIT_INT_H
#define MHO_FIT_INT_H

#include "io/io_int.h"
#include "lab/lab_int.h"
#include "mho/fit.h"

/* Parameters are kept inside (min, max) by a logistic transform, in the logarithm where log is set:
 * p = min + (max - min)/(1 + exp(-x)). Everything inside the engine happens in x. */
typedef struct mho_i_bound {
    double min, max;
    bool log;
} mho_i_bound;

/* model out [n_point] at natural parameters p [n_free]; called from several threads at once. */
typedef void (*mho_i_fit_model)(const void *user, const double *p, double *out);

typedef struct mho_i_problem {
    mho_ctx *ctx;
    size_t n_point, n_free;
    const double *y; /* [n_point]; residual = y - model */
    mho_i_fit_model model;
    const void *user;
    mho_i_bound bound[MHO_FIT_MAX_PARAM];
    size_t n_group;
    size_t start[MHO_FIT_MAX_GROUP + 1]; /* points start[g] .. start[g+1]-1 belong together */
    size_t n_evaluate;                   /* counted */
    size_t max_evaluate;                 /* in one descent; 0: 100 for each parameter */
} mho_i_problem;

typedef struct mho_i_optimum {
    double p[MHO_FIT_MAX_PARAM];
    double sse;
    double covariance[MHO_FIT_MAX_PARAM][MHO_FIT_MAX_PARAM]; /* in x */
    size_t rank; /* of the Jacobian; below n_free: not everything is determined */
    bool converged;
} mho_i_optimum;

double mho_i_fit_to_x(const mho_i_bound *b, double p);
double mho_i_fit_to_p(const mho_i_bound *b, double x);

/* ---- fit.c ---- */
/* Levenberg-Marquardt from each of n_start starts [n_start][n_free]; the best into out, with its
 * covariance. MHO_ERR_NOMEM, MHO_ERR_CANCELLED; MHO_ERR_ARG: no start gives finite residuals. */
mho_status mho_i_fit_solve(mho_i_problem *q, size_t n_start, const double *starts,
                           mho_i_optimum *out);
/* Correlation of neighbouring residuals inside the groups. */
double mho_i_fit_lag1(const mho_i_problem *q, const double *residual);
/* 97.5 % quantile of Student's t with dof degrees of freedom. */
double mho_i_fit_t975(double dof);

/* One descent from x [n_free], which becomes the optimum; returns the sum of squares. No
 * allocation: work has mho_i_fit_work_size numbers. converged: false if it was stopped; NULL is
 * allowed. */
size_t mho_i_fit_work_size(size_t n_point, size_t n_free);
double mho_i_fit_descend(mho_i_problem *q, double *x, double *work, bool *converged);

/* ---- fit_boot.c ---- */
mho_status mho_i_fit_check_bootstrap(mho_ctx *ctx, size_t n);
/* Refit n times with residuals moved in circular blocks inside their group (block 1: singly) and
 * scaled by sqrt(n/(n - p)); low, high out [n_free]: 2.5 and 97.5 % percentiles. Replicate k is a
 * function of seed and k: the same for any number of threads. */
mho_status mho_i_fit_bootstrap(mho_i_problem *q, const mho_i_optimum *best, size_t n, size_t block,
                               uint64_t seed, double *low, double *high);
/* Length of blocks for residuals with that lag-1 correlation (Carlstein, Ann. Stat. 14, 1171
 * (1986), for an AR(1) process), at most a quarter of the smallest group. */
size_t mho_i_fit_block(const mho_i_problem *q, double lag1);

/* ---- fit_result.c ---- */
mho_status mho_i_fit_new(mho_ctx *ctx, size_t n_point, mho_fit **out);
mho_status mho_i_fit_note(mho_ctx *ctx, mho_fit *fit, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* MHO_WARN_NOT_CONVERGED with a message if the fit did not converge. */
mho_status mho_i_fit_judge(mho_ctx *ctx, const mho_fit *fit);
/* A parameter that is fitted (or held), in the order of the problem's. */
mho_fit_param *mho_i_fit_add(mho_fit *fit, const mho_param_info *info, double value, bool fitted);
/* Points (y and model in the fit's units, residual), groups, intervals, correlations, bootstrap and
 * the warnings that follow from them. fit->point[k].x, .y and group are there already. */
mho_status mho_i_fit_finish(mho_ctx *ctx, mho_fit *fit, mho_i_problem *q, const mho_i_optimum *best,
                            size_t n_bootstrap, uint64_t seed);

/* ---- fit_columns.c ---- */
/* Columns of a file: names[k] is a list ended by NULL; the first n_needed must be there. asked:
 * what the user says, "a,b,..." by name or number, or NULL. Without names in the file columns are
 * taken in order. col out [n], n_col of the file where there is none. */
mho_status mho_i_fit_columns(const mho_i_csv *csv, const char *asked, size_t n, size_t n_needed,
                             const char *const *const *names, size_t *col);
/* Conductances into S: the unit of the column, or none if the values can be S. */
mho_status mho_i_fit_siemens(mho_i_csv *csv, size_t col);

/* ---- fit_pulsed.c, fit_pulses.c ---- */
/* A potentiation-depression measurement: n readings, in n_run stretches without a new start. */
typedef struct mho_i_pulses {
    size_t n, n_run;
    double *w;      /* [n] state in [-1, 1] */
    double *n_step; /* [n] pulses since the reading before; 0: a new start */
    int *direction; /* [n] of those pulses */
    bool directed;  /* the file says the direction */
    double g_zero_S, g_unit_S;
} mho_i_pulses;
mho_status mho_i_pulses_read(mho_ctx *ctx, const char *path, const char *columns, mho_fit *fit,
                             mho_i_csv *csv, mho_i_pulses *p);
void mho_i_pulses_free(mho_ctx *ctx, mho_i_pulses *p);

/* ---- fit_spread.c: y = x b + sqrt((z c)^2 + v) N ---- */
enum { MHO_I_SPREAD_MAX = 4 };
typedef struct mho_i_spread {
    size_t n, n_b, n_c;
    const double *y;     /* [n] */
    const double *x, *z; /* [n][MHO_I_SPREAD_MAX], the first n_b and n_c count */
    const double *v;     /* [n] known variance, or NULL */
    double b[MHO_I_SPREAD_MAX], c[MHO_I_SPREAD_MAX]; /* out; z c > 0 at all points */
    double cov_b[MHO_I_SPREAD_MAX][MHO_I_SPREAD_MAX], cov_c[MHO_I_SPREAD_MAX][MHO_I_SPREAD_MAX];
    bool converged; /* false: still on the way after 200 rounds */
} mho_i_spread;
bool mho_i_spread_fit(mho_i_spread *q); /* false: the data do not determine it */

/* ---- fit_loop.c, fit_branch.c: a measured R(T) loop ---- */
/* Points of both branches as a fit without a model: x in K, y in ohm, group; cooling first. What
 * was left out, sorted or converted stands in notes. */
mho_status mho_i_loop_read(mho_ctx *ctx, const char *path, const mho_fit_vo2_opt *opt,
                           mho_fit **out);
/* Raw rows in the order of the file: direction[n] +1, -1, or NULL: found from the course. */
typedef struct mho_i_rows {
    const char *name; /* of the file */
    size_t n;
    const double *t_K, *r_ohm;
    const int *direction;
} mho_i_rows;
mho_status mho_i_loop_sort(mho_ctx *ctx, const mho_i_rows *rows, mho_fit *fit);

#endif
