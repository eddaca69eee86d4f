/* netlist_int.h - the array as a list of elements between nodes, made straight from the user's
 * options: what the reference solver stamps and the SPICE writer prints. Shares no code with the
 * fast solvers, so that an option misunderstood there shows up as a difference.                  */
#ifndef MHO_NETLIST_INT_H
#define MHO_NETLIST_INT_H

#include "circuit_int.h"

typedef enum mho_i_element_kind {
    MHO_ELEMENT_OHM = 0, /* I = g v */
    MHO_ELEMENT_SINH,    /* I = g sinh(a v) / a */
    MHO_ELEMENT_USER     /* the user's law of cell */
} mho_i_element_kind;

typedef struct mho_i_element {
    mho_i_element_kind kind;
    uint32_t from, to; /* nodes; current counts from one to the other */
    double g_S, a_per_V;
    size_t cell; /* of MHO_ELEMENT_USER: row-major index */
} mho_i_element;

/* Nodes 0 .. n_unknown-1 have unknown voltages; n_unknown + t is terminal t: row t for t < n_row,
 * column t - n_row else. Every line has one terminal, to which its connected ends go.            */
typedef struct mho_i_netlist {
    mho_ctx *ctx;
    const mho_array *array;
    size_t n_row, n_col, n_unknown, n_element;
    mho_i_element *element; /* [n_element], wires first */
    size_t first_cell;      /* of them: the first that belongs to a cell */
    uint32_t *word, *bit;   /* [n_row][n_col] node on either side of a cell */
} mho_i_netlist;

/* MHO_ERR_SINGULAR names a node without a way to a terminal. */
mho_status mho_i_netlist_new(const mho_array *a, mho_i_netlist *list);
void mho_i_netlist_free(mho_i_netlist *list);
/* Voltages of the terminals [n_row + n_col] for one input vector [n_in]. */
void mho_i_netlist_drive(const mho_i_netlist *list, const double *v_V, double *t_V);
/* Current and slope of an element at voltage v. */
void mho_i_netlist_law(const mho_i_netlist *list, const mho_i_element *e, long double v,
                       long double *i, long double *slope);
/* Kirchhoff: x [n_unknown + n_row + n_col] V including the terminals; f out, same length, A: sum of
 * the currents that leave each node, which is the current into its elements for a terminal and an
 * error for the others. Returns the largest error / the largest terminal current. */
long double mho_i_netlist_balance(const mho_i_netlist *list, const long double *x, long double *f);
/* From node voltages and balances to what the array's solvers return (see circuit_int.h), for one
 * vector; any out may be NULL. */
void mho_i_netlist_result(const mho_i_netlist *list, const long double *x, const long double *f,
                          double *i_A, double *w_V, double *b_V);

/* ---- netlists of ngspice, spice.c ---- */
/* The array with its inputs as mho_array_spice_save writes it, with further lines before the
 * control section: headline (one line, may be "") after the first comments, extra (whole lines, may
 * be ""). */
mho_status mho_i_spice_array_text(mho_array *a, size_t n_vec, const double *v_V,
                                  const char *headline, const char *extra, mho_i_text *t);
/* "ngspice-39" from what ngspice said; "" if it does not say. */
void mho_i_spice_version(const char *said, char version[32]);

#endif
