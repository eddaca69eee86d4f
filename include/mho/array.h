/* mho/array.h - a crossbar of cells with wires: exact circuit, read at matrix-product price.
 *
 * n_row word lines x n_col bit lines, a cell at each crossing. Cell (r,c) owns the word segment to
 * its left and the bit segment below it. Word lines are driven through a source resistance, bit
 * lines end in a sense resistance at 0 V. Kirchhoff's law at the word node w and bit node b:
 *
 *     (w_rc - w_r,c-1)/r_word + (w_rc - w_r,c+1)/r_word + I_rc(w_rc - b_rc) = 0
 *     (b_rc - b_r-1,c)/r_bit  + (b_rc - b_r+1,c)/r_bit  - I_rc(w_rc - b_rc) = 0
 *
 * Every driven or sensed end adds one wire segment and its source or sense resistance in series;
 * an end that is neither is open, and its segment carries nothing.
 *
 * With ohmic cells the array is linear: i_A[n_out] = v_V[n_in] * M with the transfer matrix
 * M[n_in][n_out] in S, which has the shape of the conductances and tends to them for good wires.
 * n_in = n_row and n_out = n_col; a transposed read (inputs on columns) exchanges the two.      */
#ifndef MHO_ARRAY_H
#define MHO_ARRAY_H

#include "mho/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mho_array mho_array;

typedef enum mho_array_solver {
    MHO_SOLVER_AUTO = 0, /* chosen by size, number of vectors and cell law */
    MHO_SOLVER_TRANSFER, /* hierarchical port elimination, ohmic cells */
    MHO_SOLVER_CG,       /* ladder-preconditioned conjugate gradients, ohmic cells */
    MHO_SOLVER_NEWTON,   /* inexact Newton with CG, any cell law */
    MHO_SOLVER_REFERENCE /* slow, general: nodal analysis with sparse LU (KLU) */
} mho_array_solver;

/* Which ends of the word lines are driven. */
typedef enum mho_array_drive {
    MHO_DRIVE_LEFT = 0,
    MHO_DRIVE_RIGHT,
    MHO_DRIVE_BOTH
} mho_array_drive;

/* Which ends of the bit lines are sensed; with both, i_A is the sum of the two currents. */
typedef enum mho_array_sense {
    MHO_SENSE_BOTTOM = 0,
    MHO_SENSE_TOP,
    MHO_SENSE_BOTH
} mho_array_sense;

/* What unselected lines are connected to, through the same resistances as selected ones. */
typedef enum mho_array_bias {
    MHO_BIAS_FLOAT = 0, /* nothing: both ends open */
    MHO_BIAS_GROUND,    /* 0 V */
    MHO_BIAS_HALF,      /* v_bias_V / 2 */
    MHO_BIAS_THIRD      /* v_bias_V / 3 on input lines, 2/3 v_bias_V on output lines */
} mho_array_bias;

typedef enum mho_array_law {
    MHO_LAW_OHMIC = 0, /* I = G v */
    MHO_LAW_SINH,      /* I = G sinh(a v) / a */
    MHO_LAW_USER       /* mho_array_cell_fn */
} mho_array_law;

typedef enum mho_array_selector {
    MHO_SELECTOR_NONE = 0,
    MHO_SELECTOR_SERIES, /* a resistance in series with the cell */
    MHO_SELECTOR_SINH /* I = selector_g_S sinh(a u) / a in series with the cell, a = selector_a */
} mho_array_selector;

enum { MHO_STUCK_NO = 0, MHO_STUCK_OPEN = 1, MHO_STUCK_SHORT = 2 };

/* Current and slope of n cells: v_V in [n] V (word minus bit), i_A out [n] A, slope_S out [n] S,
 * finite and >= 0. The k-th of them is cell (first + k) of the array in row-major order, programmed
 * to g_S[k] S. Called from the thread that called the library.                                   */
typedef void (*mho_array_cell_fn)(void *user, size_t first, size_t n, const double *g_S,
                                  const double *v_V, double *i_A, double *slope_S);

/* Arrays behind pointers are copied by mho_array_new; NULL: none. */
typedef struct mho_array_opt {
    size_t struct_size;  /* bytes; set by MHO_ARRAY_OPT_INIT; fields are only added at the end */
    double r_word_ohm;   /* ohm per cell, >= 0 (0: ideal wire) */
    double r_bit_ohm;    /* ohm per cell, >= 0 */
    double r_source_ohm; /* ohm, >= 0, in series with every driven end */
    double r_sense_ohm;  /* ohm, >= 0, in series with every sensed end */
    mho_array_solver solver;
    double
        tol_rel;  /* (0, 1): Kirchhoff residual over the largest line current; iterative solvers */
    int max_iter; /* >= 1: Newton steps, and CG steps for each of them */

    const double *r_word_line_ohm;   /* [n_row] ohm, instead of r_word_ohm */
    const double *r_bit_line_ohm;    /* [n_col] ohm, instead of r_bit_ohm */
    const double *r_source_line_ohm; /* [n_in] ohm, instead of r_source_ohm */
    const double *r_sense_line_ohm;  /* [n_out] ohm, instead of r_sense_ohm */

    mho_array_drive drive; /* ends of word lines that are connected */
    mho_array_sense sense; /* ends of bit lines that are connected */
    bool transposed;       /* inputs on columns, outputs on rows; the connected ends stay */

    const unsigned char *row_off;      /* [n_row], not 0: row is not selected */
    const unsigned char *col_off;      /* [n_col], not 0: column is not selected */
    mho_array_bias bias_row, bias_col; /* of unselected lines */
    double v_bias_V;                   /* V, the full voltage of the V/2 and V/3 schemes */

    mho_array_law law;
    double law_a;             /* 1/V, > 0: a of MHO_LAW_SINH */
    mho_array_cell_fn law_fn; /* of MHO_LAW_USER */
    void *law_user;

    mho_array_selector selector;
    double r_series_ohm;             /* ohm, >= 0 */
    const double *r_series_cell_ohm; /* [n_row][n_col] ohm, instead of r_series_ohm */
    double selector_g_S, selector_a; /* S, > 0; 1/V, > 0 */

    const unsigned char *stuck;       /* [n_row][n_col] of MHO_STUCK_*; wins over the programme */
    double g_short_S;                 /* S, > 0, up to 1e18: conductance of a cell stuck short */
    const unsigned char *broken_word; /* [n_row][n_col + 1], not 0: the segment left of cell c is
                                         open; n_col: that at the right end */
    const unsigned char *broken_bit;  /* [n_row + 1][n_col], not 0: the segment above cell r is
                                         open; n_row: that at the bottom end */
} mho_array_opt;
#define MHO_ARRAY_OPT_INIT                                                                         \
    {                                                                                              \
        sizeof(mho_array_opt), 0, 0, 0, 0, MHO_SOLVER_AUTO, 1e-12, 400, NULL, NULL, NULL, NULL,    \
            MHO_DRIVE_LEFT, MHO_SENSE_BOTTOM, false, NULL, NULL, MHO_BIAS_FLOAT, MHO_BIAS_FLOAT,   \
            0, MHO_LAW_OHMIC, 1, NULL, NULL, MHO_SELECTOR_NONE, 0, NULL, 1e-3, 1, NULL, 1e-2,      \
            NULL, NULL                                                                             \
    }

/* How an answer came about. */
typedef struct mho_array_report {
    mho_array_solver solver; /* the one that was used */
    double residual_rel;     /* largest Kirchhoff residual of a node / largest current of a line;
                                read by transfer matrix: of the first vector, whose currents are
                                recomputed by CG, the difference included */
    int iterations;          /* of CG, summed over vectors; 0 for a direct solver */
    double build_s, read_s;  /* wall time */
    double power_W;       /* mean over the vectors: power that the sources deliver; NAN for a read
                             by transfer matrix: ask mho_array_power */
    int newton_steps;     /* summed over vectors */
    size_t n_unconverged; /* vectors that did not reach tol_rel */
    double wire_load;     /* K = mean wire resistance x mean conductance x n_row x n_col */
    double rounding_rel; /* largest residual of a node that is nothing but rounding of voltages held
                             as doubles (about 1e-16 g V over the largest line current, g being the
                             best conductor at the node) and therefore above tol_rel; 0: none.
                             residual_rel is then that of the lines as a whole, or the difference of
                             the currents to a port elimination, which knows no such rounding; where
                             neither confirms the currents, the vector is not converged */
} mho_array_report;

/* An array whose cells are all off. opt NULL: MHO_ARRAY_OPT_INIT. MHO_ERR_ARG, _DIM, _NOMEM. */
MHO_API mho_status mho_array_new(mho_ctx *ctx, size_t n_row, size_t n_col, const mho_array_opt *opt,
                                 mho_array **out) MHO_CHECK;
MHO_API void mho_array_free(mho_array *array); /* NULL is allowed */
MHO_API size_t mho_array_n_in(const mho_array *array);
MHO_API size_t mho_array_n_out(const mho_array *array);

/* Programme the cells: g_S in [n_row][n_col] S, finite, >= 0; copied. For MHO_LAW_USER they are
 * handed to the callback and may mean anything finite and >= 0. MHO_ERR_ARG names the cell;
 * MHO_ERR_SINGULAR names a line that floats (all its cells off and both ends open): the array then
 * holds no programme.                                                                            */
MHO_API mho_status mho_array_program(mho_array *array, const double *g_S) MHO_CHECK;

/* Change n_cell cells: cell in [n_cell] row-major indices (the last of equal ones holds), g_S in
 * [n_cell] S. The first build after a change keeps its factor; from then on a transfer matrix
 * follows by a low-rank update (error about 1e-14 of the largest element), until more than 64
 * different cells have changed and it is built anew at the next use; at once if unselected sensed
 * lines are biased. MHO_ERR_SINGULAR: a line would float; nothing was changed. MHO_ERR_NOMEM: the
 * cells are changed or not, and the same call may be made again.                                 */
MHO_API mho_status mho_array_update(mho_array *array, size_t n_cell, const size_t *cell,
                                    const double *g_S) MHO_CHECK;

/* Which solver MHO_SOLVER_AUTO would use for n_vec vectors; else the one that was asked for. */
MHO_API mho_array_solver mho_array_choice(const mho_array *array, size_t n_vec);
MHO_API const char *mho_array_solver_name(mho_array_solver solver); /* "transfer", "cg" ... */

/* Read n_vec input vectors: v_V in [n_vec][n_in] V, those of unselected lines ignored; i_A out
 * [n_vec][n_out] A, > 0 into the sense resistance, summed over its ends; rep may be NULL, which
 * saves the check of a read by transfer matrix.
 * MHO_WARN_NOT_CONVERGED: i_A is the best iterate. MHO_ERR_SINGULAR. MHO_ERR_ARG names the input.
 */
MHO_API mho_status mho_array_read(mho_array *array, size_t n_vec, const double *v_V, double *i_A,
                                  mho_array_report *rep) MHO_CHECK;

/* m_S out [n_in][n_out] S: the transfer matrix. Ohmic cells only. Rows of inputs that are not
 * selected are zero; constant currents from biased lines are not part of it.                     */
MHO_API mho_status mho_array_transfer(mho_array *array, double *m_S) MHO_CHECK;

/* Transfer matrices of n_array arrays of one shape: g_S in [n_array][n_row][n_col], m_S out
 * [n_array][n_in][n_out] S; in place (m_S == g_S) is allowed. The cheapest way to build many tiles;
 * runs on all threads of the context with results that do not depend on their number.            */
MHO_API mho_status mho_array_transfer_many(mho_ctx *ctx, size_t n_array, size_t n_row, size_t n_col,
                                           const mho_array_opt *opt, const double *g_S,
                                           double *m_S) MHO_CHECK;

/* All node voltages: w_V, b_V out [n_vec][n_row][n_col] V, word and bit side of each cell. */
MHO_API mho_status mho_array_nodes(mho_array *array, size_t n_vec, const double *v_V, double *w_V,
                                   double *b_V, mho_array_report *rep) MHO_CHECK;

/* Power of one read, W; the parts add up to what the sources deliver. */
typedef struct mho_array_power_sum {
    double delivered_W; /* by all voltage sources, biased lines included */
    double cell_W, word_W, bit_W, source_W, sense_W; /* turned into heat */
} mho_array_power_sum;

/* Power of every element: cell_W out [n_vec][n_row][n_col], word_W out [n_vec][n_row][n_col + 1],
 * bit_W out [n_vec][n_row + 1][n_col] (segments as in broken_word, broken_bit; without the source
 * and sense resistances), sum out [n_vec]. Any of the four may be NULL.                          */
MHO_API mho_status mho_array_power(mho_array *array, size_t n_vec, const double *v_V,
                                   double *cell_W, double *word_W, double *bit_W,
                                   mho_array_power_sum *sum, mho_array_report *rep) MHO_CHECK;

/* Adjoint product: x out [n_vec][n_in] = y[n_vec][n_out] * M^T. Ohmic cells only. */
MHO_API mho_status mho_array_adjoint(mho_array *array, size_t n_vec, const double *y,
                                     double *x) MHO_CHECK;

/* Gradient of a loss through the exact circuit: y in [n_vec][n_out], dLoss/di_A of each read;
 * grad out [n_row][n_col], dLoss/dg_S summed over the vectors (0 for stuck cells); x out
 * [n_vec][n_in], dLoss/dv_V, may be NULL. Ohmic and sinh cells.                                  */
MHO_API mho_status mho_array_gradient(mho_array *array, size_t n_vec, const double *v_V,
                                      const double *y, double *grad, double *x) MHO_CHECK;

/* Differential pairs of neighbouring (2k, 2k+1) or half-array (k, k + n_pair) columns. */
typedef enum mho_array_pairs { MHO_PAIRS_INTERLEAVED = 0, MHO_PAIRS_HALVES } mho_array_pairs;
/* plus and minus in [n_row][n_pair] to columns of x out [n_row][2 n_pair]. */
MHO_API mho_status mho_array_pairs_join(mho_ctx *ctx, mho_array_pairs pairs, size_t n_row,
                                        size_t n_pair, const double *plus, const double *minus,
                                        double *x) MHO_CHECK;
/* d out [n_row][n_pair]: plus minus minus of x in [n_row][2 n_pair]; rows may be read vectors. */
MHO_API mho_status mho_array_pairs_subtract(mho_ctx *ctx, mho_array_pairs pairs, size_t n_row,
                                            size_t n_pair, const double *x, double *d) MHO_CHECK;

#ifdef __cplusplus
}
#endif
#endif
