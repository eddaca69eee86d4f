/* mho/dendrite.h - neurons whose dendrites compute: trees of branches as circuits. Electrical input
 * excites, light on an optomemristor shunts.
 *
 *     a branch    gE from its input (V0 when the bit is 1, open when 0), gL to ground, gI to ground
 *                 while its shunt is lit, gC to the branch it grows from
 *     alone       V = V0 gE x/(gL + gE x + gI x')                    (Koch, Poggio, Torre)
 *     output      y = sum of the voltages of the branches that grow from the soma
 *
 * XOR is two branches, x1 shunted by x2 and x2 shunted by x1. With rho = gI/(gL + gE) and gE = gL:
 *     y(0,1) = y(1,0) = V0/2,   y(1,1) = V0/(1 + rho)
 * and a threshold between them decides. Parity of n bits is a tree of such pairs; it needs the
 * complement of every bit too. */
#ifndef MHO_DENDRITE_H
#define MHO_DENDRITE_H

#include "mho/opto.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- The circuit ---- */
typedef struct mho_dendrite_node {
    int parent;     /* a node before this one; -1: the soma, which draws no current */
    double drive_S; /* to a source of drive_V */
    double drive_V;
    double ground_S; /* leak and shunt */
    double couple_S; /* to the parent; ignored at the soma */
} mho_dendrite_node;
/* Node voltages, v_V out [n]: exact elimination from the tips to the soma and back, O(n). Every
 * conductance finite and >= 0; MHO_ERR_SINGULAR names a node that hangs in the air. */
MHO_API mho_status mho_dendrite_solve(mho_ctx *ctx, size_t n, const mho_dendrite_node *node,
                                      double *v_V) MHO_CHECK;

/* ---- Neurons ---- */
enum { MHO_DENDRITE_MAX_BIT = 8, MHO_DENDRITE_MAX_BRANCH = 256 };
typedef struct mho_dendrite_branch {
    int parent; /* as above */
    int excite; /* bit that excites: k means bit k-1, -k its complement, 0: none */
    int shunt;  /* bit whose light shunts, likewise */
    double excite_S, leak_S, shunt_S, couple_S; /* shunt_S: in light; leak_S: dark shunt included */
} mho_dendrite_branch;
typedef struct mho_dendrite {
    size_t n_bit, n_branch;
    mho_dendrite_branch branch[MHO_DENDRITE_MAX_BRANCH];
} mho_dendrite;

/* Conductances that optomemristors of a card can give. */
typedef struct mho_dendrite_design {
    double rho;
    double excite_S, leak_S; /* of a tip, equal; leak_S = leak cell + dark shunt cell */
    double shunt_S;          /* rho (excite_S + leak_S): photoconductance of a cell at x = 0 */
    double couple_S;         /* excite_S/2 */
    double dark_shunt_S;     /* conductance of a shunt cell in the dark */
    double excite_x, leak_x, couple_x; /* states of the cells; shunt cells have x = 0 */
    double carriers, power_rel;        /* in steady light, over P0 */
    double v0_V;                       /* input high: the read voltage of the card */
} mho_dendrite_design;
/* MHO_ERR_ARG if rho is not in [0, 1000]. */
MHO_API mho_status mho_dendrite_design_rho(mho_ctx *ctx, const mho_opto_param *param, double rho,
                                           mho_dendrite_design *out) MHO_CHECK;

/* XOR for n_bit = 2, parity beyond: 2^n_bit - 2 branches, tips and joints. n_bit in [2, 8]. */
MHO_API mho_status mho_dendrite_parity(mho_ctx *ctx, const mho_dendrite_design *design,
                                       size_t n_bit, mho_dendrite *out) MHO_CHECK;
/* y for one input; bit k-1 of pattern is input k. */
MHO_API mho_status mho_dendrite_output(mho_ctx *ctx, const mho_dendrite *dendrite, double v0_V,
                                       uint32_t pattern, double *y_V) MHO_CHECK;

/* How well a neuron separates odd from even patterns. */
typedef struct mho_dendrite_margin {
    double odd_min_V, even_max_V;
    double threshold_V; /* the mean of the two */
    double margin_V;    /* half their distance; < 0: not separable */
    size_t n_right;     /* patterns on the right side of the threshold */
} mho_dendrite_margin;
/* y_V out [2^n_bit], may be NULL. */
MHO_API mho_status mho_dendrite_separate(mho_ctx *ctx, const mho_dendrite *dendrite, double v0_V,
                                         double *y_V, mho_dendrite_margin *out) MHO_CHECK;
/* The same with every conductance read off optomemristors: four cells a branch, programmed to the
 * states of the design, light of the pattern on the shunt cells until it is steady, reads at
 * v_read, darkness after. noisy: read noise. optical_J: mean per pattern, may be NULL. */
MHO_API mho_status mho_dendrite_separate_cells(mho_ctx *ctx, const mho_opto_param *param,
                                               const mho_dendrite_design *design,
                                               const mho_dendrite *dendrite, uint64_t seed,
                                               bool noisy, double *y_V, mho_dendrite_margin *out,
                                               double *optical_J) MHO_CHECK;

/* ---- Yield ----
 * Neurons whose conductances are design * exp(spread N), each of excitation, leak, shunt and
 * coupling of each branch, against the threshold of the nominal neuron. Neuron k is device
 * first + k of the seed. A neuron works if all 2^n_bit patterns are on the right side. */
MHO_API mho_status mho_dendrite_yield(mho_ctx *ctx, const mho_dendrite *dendrite,
                                      double threshold_rel, double spread, uint64_t seed,
                                      size_t first, size_t n_neuron, double *yield) MHO_CHECK;

/* XOR with gE = gL, in closed form, over V0. */
typedef struct mho_xor_closed {
    double y10_rel, y11_rel, threshold_rel, margin_rel;
} mho_xor_closed;
MHO_API mho_xor_closed mho_xor_closed_form(double rho);
/* Yield of the same neuron by integration of the lognormal laws (no random numbers), error below
 * 1e-5; spread in [0, 2], rho > 1. */
MHO_API mho_status mho_xor_yield_integral(mho_ctx *ctx, double rho, double spread,
                                          double *yield) MHO_CHECK;
/* Yield if (1,1) never failed: both branches alone over the threshold t,
 * Phi(ln(1/t - 1)/(spread sqrt 2))^2. An upper bound. */
MHO_API double mho_xor_yield_bound(double rho, double spread);

/* One XOR study for the command and its report. */
enum { MHO_XOR_MAX_POINT = 41 };
typedef struct mho_xor_point {
    double spread, yield, yield_sd, integral, bound; /* yield_sd: between the seeds */
} mho_xor_point;
typedef struct mho_xor_result {
    mho_dendrite_design design;
    mho_xor_closed closed;
    double y_circuit_V[4], y_cells_V[4]; /* of patterns 00, 10, 01, 11 */
    mho_dendrite_margin circuit, cells;
    double optical_J; /* light of one pattern, mean */
    size_t n_seed, n_neuron, n_point;
    uint64_t seed;
    mho_xor_point point[MHO_XOR_MAX_POINT];
} mho_xor_result;
/* spread [n_point], n_point <= MHO_XOR_MAX_POINT; n_seed times n_neuron neurons at each. */
MHO_API mho_status mho_xor_study(mho_ctx *ctx, const mho_opto_param *param, double rho,
                                 uint64_t seed, size_t n_seed, size_t n_neuron,
                                 const double *spread, size_t n_point,
                                 mho_xor_result *out) MHO_CHECK;

#ifdef __cplusplus
}
#endif
#endif
