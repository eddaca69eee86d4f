/* mho/array.h - a crossbar of conductances with wires: exact circuit, read at matrix-product price.
 *
 * n_row word lines x n_col bit lines, a cell at each crossing. Cell (r,c) owns the word segment to
 * its left and the bit segment below it. Word lines are driven through a source resistance, bit
 * lines end in a sense resistance at 0 V. Kirchhoff's law at the word node w and bit node b:
 *
 *     (w_rc - w_r,c-1)/r_word + (w_rc - w_r,c+1)/r_word + I_rc(w_rc - b_rc) = 0
 *     (b_rc - b_r-1,c)/r_bit  + (b_rc - b_r+1,c)/r_bit  - I_rc(w_rc - b_rc) = 0
 *
 * With ohmic cells the array is linear: i_A[n_col] = v_V[n_row] * M with the transfer matrix
 * M[n_row][n_col] in S, which has the shape of the conductances and tends to them for good wires. */
#ifndef MHO_ARRAY_H
#define MHO_ARRAY_H

#include "mho/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mho_array mho_array;

typedef enum mho_array_solver {
    MHO_SOLVER_AUTO = 0,  /* chosen by size, number of vectors and cell law */
    MHO_SOLVER_TRANSFER,  /* hierarchical port elimination, ohmic cells */
    MHO_SOLVER_CG,        /* ladder-preconditioned conjugate gradients, ohmic cells */
    MHO_SOLVER_NEWTON,    /* inexact Newton with CG, any cell law */
    MHO_SOLVER_REFERENCE  /* slow, general: nodal analysis with sparse LU (KLU) */
} mho_array_solver;

typedef struct mho_array_opt {
    size_t struct_size;  /* bytes; set by MHO_ARRAY_OPT_INIT; fields are only added at the end */
    double r_word_ohm;   /* ohm per cell, >= 0 (0: ideal wire) */
    double r_bit_ohm;    /* ohm per cell, >= 0 */
    double r_source_ohm; /* ohm, >= 0, in series with every driven end */
    double r_sense_ohm;  /* ohm, >= 0, in series with every sensed end */
    mho_array_solver solver;
    double tol_rel; /* (0, 1): Kirchhoff residual over the largest line current; iterative solvers */
    int max_iter;   /* >= 1: Newton steps, and CG steps for each of them */
} mho_array_opt;
#define MHO_ARRAY_OPT_INIT {sizeof(mho_array_opt), 0, 0, 0, 0, MHO_SOLVER_AUTO, 1e-12, 400}

/* How an answer came about. */
typedef struct mho_array_report {
    mho_array_solver solver; /* the one that was used */
    double residual_rel;     /* largest Kirchhoff residual of a node / largest current of a line */
    int iterations;          /* summed over vectors; 0 for a direct solver */
    double build_s, read_s;  /* wall time */
    double power_W;          /* mean over the vectors: power that the sources deliver */
} mho_array_report;

/* An array whose cells are all off. opt NULL: MHO_ARRAY_OPT_INIT. MHO_ERR_ARG, _DIM, _NOMEM. */
MHO_API mho_status mho_array_new(mho_ctx *ctx, size_t n_row, size_t n_col, const mho_array_opt *opt,
                                 mho_array **out) MHO_CHECK;
MHO_API void mho_array_free(mho_array *array); /* NULL is allowed */

/* Ohmic cells: g_S in [n_row][n_col] S, finite, >= 0; copied. */
MHO_API mho_status mho_array_program(mho_array *array, const double *g_S) MHO_CHECK;

/* Read n_vec input vectors: v_V in [n_vec][n_row] V; i_A out [n_vec][n_col] A, > 0 into the sense
 * resistance; rep may be NULL. MHO_WARN_NOT_CONVERGED: i_A is the best iterate.                  */
MHO_API mho_status mho_array_read(mho_array *array, size_t n_vec, const double *v_V, double *i_A,
                                  mho_array_report *rep) MHO_CHECK;

/* m_S out [n_row][n_col] S: the transfer matrix. Ohmic cells only. */
MHO_API mho_status mho_array_transfer(mho_array *array, double *m_S) MHO_CHECK;

/* Transfer matrices of n_array arrays of one shape: g_S in, m_S out [n_array][n_row][n_col] S;
 * in place (m_S == g_S) is allowed. The cheapest way to build many tiles; runs on all threads of
 * the context with results that do not depend on their number.                                   */
MHO_API mho_status mho_array_transfer_many(mho_ctx *ctx, size_t n_array, size_t n_row, size_t n_col,
                                           const mho_array_opt *opt, const double *g_S,
                                           double *m_S) MHO_CHECK;

/* All node voltages: w_V, b_V out [n_vec][n_row][n_col] V, word and bit side of each cell. */
MHO_API mho_status mho_array_nodes(mho_array *array, size_t n_vec, const double *v_V, double *w_V,
                                   double *b_V, mho_array_report *rep) MHO_CHECK;

#ifdef __cplusplus
}
#endif
#endif
