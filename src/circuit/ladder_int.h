/* ladder_int.h - one linear system on the array by conjugate gradients, the inner solver of cg and
 * newton: word lines are eliminated, bit lines precondition, both being ladders.
 *
 *     Tw dw - D db = -Fw,   Tb db - D dw = -Fb
 *     (Tb - D Tw^-1 D) db = -Fb - D Tw^-1 Fw,   preconditioner Tb^-1,   D = dI/dV of the cells
 *
 * All vectors are [mp][ld], rows and columns padded with zeros.                                  */
#ifndef MHO_LADDER_INT_H
#define MHO_LADDER_INT_H

#include "circuit_int.h"

/* Stagger: doubles between grids, so that equal places in them do not share cache sets. */
enum { MHO_I_ROWS = 8, MHO_I_STRIP = 16, MHO_I_STAGGER = 80 };

typedef struct mho_i_ladder {
    mho_ctx *ctx;
    const mho_i_net *net;
    size_t m, n, mp, ld;
    bool plain;    /* every line has resistance and no break: vector kernels */
    double *block; /* the grids: */
    double *d;     /* cell slopes */
    double *ew;    /* 1/pivot of word ladders, [mp/8][ld][8] */
    double *eb;    /* of bit ladders, [mp][ld] */
    double *x;     /* solution db */
    double *q;     /* right-hand side in; scratch */
    double *p, *r, *z;
    double *y;    /* [ld][8] */
    double *line; /* [6][...]: seg, lo, hi of padded rows, then of padded columns */
    double *seg_w, *lo_w, *hi_w, *seg_b, *lo_b, *hi_b;
} mho_i_ladder;

mho_status mho_i_ladder_new(mho_ctx *ctx, const mho_i_net *net, mho_i_ladder *l);
void mho_i_ladder_free(mho_i_ladder *l);
void mho_i_ladder_factor(mho_i_ladder *l); /* d -> ew, eb */
/* out = Tw^-1 in; may be the same. Lines tied to a potential give 0. */
void mho_i_ladder_words(mho_i_ladder *l, const double *in, double *out);
/* Solve for x with right-hand side q to a relative size of the residual (norm of Tb^-1). Returns
 * the number of steps; *done: reached. */
int mho_i_ladder_solve(mho_i_ladder *l, double tol, int max_iter, bool *done);

/* ladder_any.c: the same for lines that are ideal or broken; scalar. */
void mho_i_ladder_any_factor(mho_i_ladder *l);
void mho_i_ladder_any_words(mho_i_ladder *l, const double *in, double *out);
/* p = z + beta p; x += alpha p before that; q = A p; returns p.q */
double mho_i_ladder_any_apply(mho_i_ladder *l, double beta, double alpha);
/* r -= alpha q; z = Tb^-1 r; returns r.z */
double mho_i_ladder_any_bits(mho_i_ladder *l, double alpha);

#endif
