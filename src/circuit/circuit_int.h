/* circuit_int.h - the array circuit from the inside. A user's array with its options is turned into
 * a plain network (mho_i_net): m driven lines x n sensed lines of nodes, every line a chain of
 * equal segments with a conductance at either end to a known potential. Solvers see only the
 * network and the cells' effective conductances; transposed reads, selections, stuck cells and end
 * resistances are gone. Knows nothing of networks of neurons, chips or files.                    */
#ifndef MHO_CIRCUIT_INT_H
#define MHO_CIRCUIT_INT_H

#include "base/base_int.h"
#include "mho/array.h"

#include <float.h>
#include <math.h>

/* One family of parallel lines, node k of line l being next to cell k of it. */
typedef struct mho_i_lines {
    size_t n_line, n_node;         /* lines, nodes per line */
    double *seg_S;                 /* [n_line] S between neighbouring nodes, > 0; INFINITY: ideal */
    double *lo_S, *hi_S;           /* [n_line] S from the first / last node to pot: one segment and
                                      the end resistance; 0: open; INFINITY: the line is tied to pot */
    double *r_seg_ohm, *r_end_ohm; /* [n_line] ohm, what seg_S, lo_S and hi_S were made of */
    unsigned char *broken; /* NULL or [n_line][n_node + 1]: segment before node k is open; the
                              first and last are already contained in lo_S and hi_S */
    unsigned char *off;    /* [n_line], not 0: not selected */
    double *pot_V;         /* [n_line] V: potential of unselected lines and of sensed lines */
    bool any_lo, any_hi;   /* is any of lo_S / hi_S > 0? */
    bool any_ideal;        /* is any seg_S infinite? */
} mho_i_lines;

typedef struct mho_i_net {
    size_t m, n;              /* driven lines (inputs), sensed lines (outputs) */
    mho_i_lines drive, sense; /* drive: m lines of n nodes; sense: n lines of m nodes, top first */
    double cell_S;            /* largest conductance of a cell; 0: none is known */
} mho_i_net;

typedef struct mho_i_factor mho_i_factor;   /* kept factor of the port elimination */
typedef struct mho_i_elim mho_i_elim;       /* plan and workspace of the port elimination */
typedef struct mho_i_workers mho_i_workers; /* workspaces of the iterative solvers */

struct mho_array {
    mho_ctx *ctx;
    size_t n_row, n_col;
    mho_array_opt opt; /* pointers point to our copies */
    mho_i_net net;
    double *g_user_S; /* [n_row][n_col] S as programmed */
    double *g_S;      /* [m][n] S: the network's cells (transposed if need be, stuck cells and ohmic
                         series resistance applied); for other laws the parameter of the law */
    bool nonlinear;   /* law or selector not ohmic */
    bool programmed;
    double g_mean_S;      /* of g_S */
    double *m_S;          /* [m][n] transfer matrix, valid if has_m */
    double *i0_A;         /* [n] currents with all inputs 0 (biased lines), valid if has_m */
    bool has_m, has_bias; /* has_bias: some pot_V is not 0 */
    mho_i_factor *factor; /* of the present g_S, or NULL */
    mho_i_workers *workers;
    mho_i_elim *elim;
    bool was_updated;      /* by mho_array_update: keep the factor from now on */
    double m_check_rel;    /* what the check of m_S found; < 0: not checked yet */
    double m_rounding_rel; /* rounding_rel of that check */
    double build_s;
};

/* Cells of the network: index (i,j) of [m][n] <-> the user's cell, row-major in [n_row][n_col]. */
static inline size_t mho_i_circuit_user_cell(const mho_array *a, size_t i, size_t j) {
    return a->opt.transposed ? j * a->n_col + i : i * a->n_col + j;
}

/* ---- net.c: options -> network ---- */
mho_status mho_i_net_new(mho_ctx *ctx, size_t n_row, size_t n_col, const mho_array_opt *opt,
                         mho_i_net *net);
void mho_i_net_free(mho_ctx *ctx, mho_i_net *net);
/* Does every node have a way to a known potential? conducts: [m][n] S, > 0 where a cell does.
 * MHO_ERR_SINGULAR names the line.                                                               */
mho_status mho_i_net_check(mho_ctx *ctx, const mho_i_net *net, bool transposed, const double *g_S);
/* Does any current flow with the potentials u [m] at the inputs: does some connected part of the
 * circuit meet two different potentials? live [n] out, or NULL: is that the part of this output?
 * g as above. Not in a parallel region. */
mho_status mho_i_net_flows(mho_ctx *ctx, const mho_i_net *net, const double *g_S, const double *u_V,
                           bool *flows, bool *live);
/* Rounding of an output that is a sum of currents from all ends, over the sum of magnitudes. */
static inline double mho_i_net_sum_rounding(const mho_i_net *net) {
    return (double)(16 + net->m + net->n) * DBL_EPSILON;
}
bool mho_i_net_sense_biased(const mho_i_net *net); /* is a sensed line not at 0 V? */
/* Potentials at the line ends for one input vector v [m]: u out [m]. */
void mho_i_net_drive(const mho_i_net *net, const double *v_V, double *u_V);

/* ---- array.c, read.c, check.c ---- */
void mho_i_array_forget(mho_array *a);      /* everything that was built from the conductances */
mho_status mho_i_array_ready(mho_array *a); /* MHO_ERR_SINGULAR: no program that can be solved */
mho_status mho_i_read_build(mho_array *a);  /* read.c: m_S and i0_A */
/* check.c: compare v_V [m] -> i_A [n], of m_S, with a solution by other means, once per matrix; a's
 * m_check_rel is the worse of their difference and the other's Kirchhoff residual. */
mho_status mho_i_read_check_matrix(mho_array *a, const double *v_V, const double *i_A);
/* i0_A of a fresh m_S, whose rows of unselected inputs become 0 then; no sensed line is biased. */
mho_status mho_i_read_biases(mho_array *a);
/* All node voltages of the network by the solver that fits. */
mho_status mho_i_read_nodes(mho_array *a, size_t n_vec, const double *v_V, double *i_A, double *w_V,
                            double *b_V, mho_array_report *rep);
mho_status mho_i_read_check(mho_array *a, size_t n_vec, const double *v_V); /* finite inputs? */
/* May a batch go down a kept factor? Then make sure that there is an exact one. */
bool mho_i_read_down(const mho_array *a, size_t n_vec);
mho_status mho_i_read_factor(mho_array *a);
void mho_i_report_add(mho_array_report *sum, const mho_array_report *one, size_t n_vec);
mho_status mho_i_array_check_cell(mho_array *a, size_t cell, double g);
/* What the network sees of a cell that is programmed to g. */
double mho_i_array_effective(const mho_array *a, size_t user_cell, double g);

/* ---- factor.c: kept factor ---- */
void mho_i_factor_free(mho_i_factor *factor); /* NULL is allowed */
bool mho_i_factor_fits(const mho_array *a);   /* resistive lines, at most about 1 GiB */
/* Eliminate a->g_S, keep the factor; fills a->m_S, which must be there. */
mho_status mho_i_factor_new(mho_array *a, mho_i_factor **out);
bool mho_i_factor_is_exact(const mho_i_factor *f); /* no cells changed since */
/* Voltages of the network from an exact a->factor; w_V, b_V out [n_vec][m][n]. out_V NULL: inputs
 * v_V, outputs at their potentials; else inputs at 0 V and outputs at out_V [n_vec][n], and no
 * residual in rep: the adjoint circuit. */
mho_status mho_i_factor_nodes(mho_array *a, size_t n_vec, const double *v_V, const double *out_V,
                              double *w_V, double *b_V, mho_array_report *rep);

/* ---- transfer.c: ohmic cells ---- */
/* g_S in [n_array][m][n] of the network, m_S out [n_array][m][n], may be the same. Chooses port
 * elimination or, for ideal lines of one family, ideal.c; all threads of the context.            */
mho_status mho_i_transfer_build(mho_ctx *ctx, const mho_i_net *net, size_t n_array,
                                const double *g_S, double *m_S);
/* One array, and conductances among its inputs in_S [m][m] and among its outputs out_S [n][n]; each
 * may be NULL. */
mho_status mho_i_transfer_full(mho_ctx *ctx, const mho_i_net *net, const double *g_S, double *m_S,
                               double *in_S, double *out_S);
/* Currents into the sensed ends, i_A [n], with potentials u_V [m] at the inputs; sensed lines of
 * different potentials need out_S, others may have NULL. parts_A [n]: sums of magnitudes. */
void mho_i_transfer_currents(const mho_i_net *net, const double *m_S, const double *out_S,
                             const double *u_V, double *i_A, double *parts_A);
/* a->m_S from a->g_S; keeps plan and workspace for the next time if they are not large. */
mho_status mho_i_transfer_array(mho_array *a);
void mho_i_elim_free(mho_i_elim *elim); /* NULL is allowed */
/* ideal.c: networks with ideal lines. all: every line of the family. work: mho_i_ideal_work. */
bool mho_i_ideal_handles(const mho_i_net *net); /* one whole family ideal and unbroken */
size_t mho_i_ideal_work(const mho_i_net *net);  /* doubles */
void mho_i_ideal_transfer(const mho_i_net *net, const double *g_S, double *m_S, double *work);

/* ---- solvers ----
 * Read: n_vec vectors v_V [n_vec][m] V (of the network: of the user's inputs), i_A out [n_vec][n]
 * A. w_V and b_V: NULL, or out [n_vec][m][n] node voltages of the network (not transposed back; the
 * caller does that). rep gets residual_rel, iterations, newton_steps, n_unconverged (added up; the
 * largest residual); build_s, read_s and power_W are the caller's. i_A may be NULL if w_V is not.
 * MHO_WARN_NOT_CONVERGED: i_A holds the best iterates, a message is stored.                      */
mho_status mho_i_cg_read(mho_array *a, size_t n_vec, const double *v_V, double *i_A, double *w_V,
                         double *b_V, mho_array_report *rep);
/* One vector, for a comparison by the caller: where rounding of voltages hides what is right, the
 * answer does not count as converged (rep). scale_A: the largest current of a line. */
mho_status mho_i_cg_check(mho_array *a, const double *v_V, double *i_A, double *scale_A,
                          mho_array_report *rep);
mho_status mho_i_newton_read(mho_array *a, size_t n_vec, const double *v_V, double *i_A,
                             double *w_V, double *b_V, mho_array_report *rep);
void mho_i_workers_free(mho_i_workers *set); /* NULL is allowed */
/* Linear solves with any conductances: adjoint problems. One at a time.
 * g_S [m][n] stays the caller's; factor again after it changed. */
typedef struct mho_i_linear mho_i_linear;
mho_status mho_i_linear_new(mho_array *a, mho_i_linear **out);
void mho_i_linear_factor(mho_i_linear *l, const double *g_S);
/* Potentials u_V [m] at the inputs, pot_V [n] at the sensed ends; w_V, b_V out [m][n].
 * Returns the relative residual. */
double mho_i_linear_solve(mho_i_linear *l, const double *u_V, const double *pot_V, double *w_V,
                          double *b_V);
void mho_i_linear_free(mho_i_linear *l); /* NULL is allowed */
/* reference.c: slow, general, shares nothing with the others but the network. Any cell law. */
mho_status mho_i_reference_read(mho_array *a, size_t n_vec, const double *v_V, double *i_A,
                                double *w_V, double *b_V, mho_array_report *rep);

/* ---- law.c: current and slope of every cell of the network, series selector included ----
 * v, i, slope: [m][n]; work: [4][m][n]. slope is the derivative of the current with respect to v.
 */
mho_status mho_i_law_eval(mho_array *a, const double *v_V, double *i_A, double *slope_S,
                          double *work);

/* The same for line `row` of the network: v, i, slope [n], work [3][n]. */
void mho_i_law_row(const mho_array *a, size_t row, const double *v_V, double *i_A, double *slope_S,
                   double *work);

/* ---- confirm.c ---- */
/* Currents into the sensed ends by port elimination, and the sum of magnitudes that each is of. */
typedef struct {
    double *i_A, *parts_A; /* [n] */
} mho_i_second;
#define MHO_I_CONFIRMED 1e-9  /* up to this the answer counts as right */
#define MHO_I_ROUNDED   1e-10 /* residuals that are rounding and this small need no opinion */
bool mho_i_confirm_able(const mho_i_net *net);
/* Potentials u_V [m], resistors g_S [m][n], which are overwritten. */
mho_status mho_i_confirm_currents(mho_ctx *ctx, const mho_i_net *net, const double *u_V,
                                  double *g_S, mho_i_second *opinion);
/* The largest of outputs i_A [n], over the largest current, or over scale_A if none comes out.
 * Rounding of the elimination's own sums is none. */
double mho_i_confirm_difference(const mho_i_net *net, const mho_i_second *opinion,
                                const double *i_A, double scale_A);

/* ---- residual.c ---- */
/* Kirchhoff's law at every node, A: fw and fb out [m][ld], currents that leave the node; i_A the
 * cells' currents; rows of length ld >= n. Of an ideal line only the sum over a piece counts; what
 * stands at nodes tied to a potential means nothing.                                             */
typedef struct mho_i_field {
    size_t ld;
    const double *u_V, *w_V, *b_V, *i_A;
    double *fw_A, *fb_A;
} mho_i_field;
void mho_i_net_kirchhoff(const mho_i_net *net, const mho_i_field *f);
/* Largest node residual (A) in *worst_A, largest sum of |cell current| of a line in *scale_A. */
void mho_i_net_measure(const mho_i_net *net, const mho_i_field *f, double *worst_A,
                       double *scale_A);
/* Largest finite conductance of a segment or end; 1e18 S if there is none. */
double mho_i_net_thickest(const mho_i_net *net);
/* worst_A over scale_A; without any cell current 1, unless there is no residual either: amperes are
 * not to be compared with a relative tolerance. */
double mho_i_net_relative(double worst_A, double scale_A);
/* Size of residual that rounding of the voltages alone makes, relative to scale_A. */
double mho_i_net_floor(const mho_i_net *net, const double *u_V, double scale_A);
/* Is such a residual harmless for the currents? It is where it comes from thick wires: they carry
 * it away without a voltage to speak of, provided that the currents of every line as a whole
 * balance and that no cell turns rounding of its voltage into a current that counts. Returns the
 * residual of the lines over scale_A, at most 1e-10, or INFINITY where it is not harmless. */
double mho_i_net_harmless(const mho_i_net *net, const mho_i_field *f, double scale_A);

/* Largest Kirchhoff residual over all nodes / largest current of a line, i_cell [m][n] A the cell
 * currents at (w, b), u [m] the input potentials.                                                */
double mho_i_net_residual(mho_ctx *ctx, const mho_i_net *net, const double *u_V, const double *w_V,
                          const double *b_V, const double *i_cell_A); /* NAN: out of memory */

#endif
