/* newton_int.h - solving the circuit of an array for one vector of inputs (newton.c), for whoever
 * has many (vectors.c) or other potentials (linear.c). */
#ifndef MHO_NEWTON_INT_H
#define MHO_NEWTON_INT_H

#include "ladder_int.h"

/* The circuit of an array and the memory in which a thread solves it. */
typedef struct {
    const mho_array *a;
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
    double *law;       /* [4][ld] */
    double worst_A;    /* largest residual of the last point looked at */
} mho_i_worker;

/* What became of a vector. */
typedef struct {
    double residual_rel, rounding_rel, power_W;
    int cg, newton;
    bool converged;
    bool doubtful; /* not converged, unless vectors.c, which has the last word, finds otherwise: */
    bool rounded;  /* the residual may be rounding of voltages, and an elimination may confirm */
} mho_i_outcome;

/* linear: cells are resistors, whose factors mho_i_worker_factor makes; the rest of newton.c's work
 * is not needed then. After a failure, too, mho_i_worker_free. */
mho_status mho_i_worker_new(mho_ctx *ctx, const mho_array *a, const mho_i_net *net,
                            const double *g_S, bool linear, mho_i_worker *k);
void mho_i_worker_free(mho_ctx *ctx, mho_i_worker *k);
void mho_i_worker_factor(mho_i_worker *k);

/* v_V: [m], what the array is driven with. The voltages stay in w and b, the currents in i. */
void mho_i_worker_solve(mho_i_worker *k, const double *v_V, mho_i_outcome *o);

/* One more step, although the residual may not show that it is better; adds to o's steps. */
void mho_i_worker_step_on(mho_i_worker *k, mho_i_outcome *o);

/* Cell currents at (w, b), and slopes into l.d if wanted. */
void mho_i_worker_eval(mho_i_worker *k, bool slopes);

/* Residuals; returns the largest over the largest line current, *scale_A gets the latter. */
double mho_i_worker_residual(mho_i_worker *k, double *scale_A);

/* Currents into the sensed ends, [n]. */
void mho_i_worker_output(const mho_i_worker *k, double *i_A);

/* One of the worker's grids as [m][n]; to may be NULL. */
void mho_i_worker_copy(const mho_i_worker *k, const double *from, double *to);

#endif
