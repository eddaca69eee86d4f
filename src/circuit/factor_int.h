/* factor_int.h - the kept factor of a port elimination and what follows from it cheaply. */
#ifndef MHO_FACTOR_INT_H
#define MHO_FACTOR_INT_H

#include "elim_int.h"

/* Which node each kept row of a leaf belongs to. Local numbers of a leaf of p x q cells: word node
 * left of column j of row i: i*(q+1) + j (j = 0: port L, j = q: last cell); bit node above row i of
 * column j: p*(q+1) + i*q + j (i = p: port D). */
typedef struct mho_i_leaf_table {
    int p, q, n_row, n_local;
    int *node;  /* [n_row] the eliminated node */
    int *start; /* [n_row + 1] its neighbours in `id`; its values start at start[r] + r */
    int *id;    /* nodes */
} mho_i_leaf_table;

enum { MHO_I_MAX_TABLES = 4 };

struct mho_i_factor {
    mho_ctx *ctx;
    mho_i_plan *plan;
    mho_i_keep keep;
    mho_i_leaf_table table[MHO_I_MAX_TABLES]; /* one per leaf shape */
    int n_table;
    double *m0_S; /* [m][n] transfer matrix of the factored network */
    double *g0_S; /* [m][n] its cells */
    /* cells that differ from g0_S, and the answers to 1 A through each of them */
    int n_changed;
    int *cell;            /* [MHO_I_MAX_CHANGED] network index */
    double *to_in;        /* [..][m] current that reaches each input */
    double *to_out;       /* [..][n] and each output */
    double *between;      /* [MAX][MAX] voltage at one cell from the current through another */
    double *heap, *local; /* workspaces of the way up, NULL until needed */
};

enum { MHO_I_MAX_CHANGED = 64 };

const mho_i_leaf_table *mho_i_factor_table(const mho_i_factor *f, const mho_i_node *leaf);
/* Bring a->m_S to a->g_S, of which n_cell network cells may have changed since the last call.
 * false in *done: too many, build anew. */
mho_status mho_i_factor_update(mho_array *a, size_t n_cell, const size_t *cell, bool *done);

#endif
