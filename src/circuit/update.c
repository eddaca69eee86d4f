/* update.c - changing a few cells of a programmed array. The first change keeps nothing cheaper
 * than a rebuild; the build after it keeps its factor, and changes after that are low-rank updates.
 */
#include "factor_int.h"

#include <string.h>

enum { FACTOR_MIB = 1024 };

bool mho_i_factor_fits(const mho_array *a) {
    /* about 80 doubles per cell */
    double bytes = 640.0 * (double)a->net.m * (double)a->net.n;
    return !a->net.drive.any_ideal && !a->net.sense.any_ideal &&
           bytes < (double)FACTOR_MIB * 0x1p20 && a->net.m * a->net.n < 0x7fffffff;
}

static mho_status check(mho_array *a, size_t n_cell, const size_t *cell, const double *g_S) {
    for (size_t k = 0; k < n_cell; k++) {
        if (cell[k] >= a->n_row * a->n_col) {
            return mho_i_fail(a->ctx, MHO_ERR_DIM,
                              "cell %zu of the update has index %zu: the array has %zu x %zu cells",
                              k, cell[k], a->n_row, a->n_col);
        }
        mho_status status = mho_i_array_check_cell(a, cell[k], g_S[k]);
        if (status) {
            return status;
        }
    }
    return MHO_OK;
}

static size_t network_cell(const mho_array *a, size_t user) {
    size_t r = user / a->n_col, c = user % a->n_col;
    return a->opt.transposed ? c * a->n_row + r : user;
}

/* The new conductances; old [n_cell] gets what the user had programmed. */
static void exchange(mho_array *a, size_t n_cell, const size_t *cell, const double *g_S,
                     double *old) {
    double cells = (double)a->n_row * (double)a->n_col;
    for (size_t k = 0; k < n_cell; k++) {
        if (old) {
            old[k] = a->g_user_S[cell[k]];
        }
        double *now = a->g_S + network_cell(a, cell[k]);
        a->g_user_S[cell[k]] = g_S[k];
        a->g_mean_S -= *now / cells;
        *now = mho_i_array_effective(a, cell[k], g_S[k]);
        a->g_mean_S += *now / cells;
        a->net.cell_S = a->opt.law == MHO_LAW_USER ? 0 : fmax(a->net.cell_S, *now);
    }
    a->g_mean_S = a->g_mean_S > 0 ? a->g_mean_S : 0; /* rounding */
}

/* The transfer matrix follows, or is forgotten. */
static mho_status follow(mho_array *a, size_t n_cell, size_t *network) {
    bool done = false;
    mho_status status = MHO_OK;
    if (a->has_m && a->factor && !mho_i_net_sense_biased(&a->net)) {
        status = mho_i_factor_update(a, n_cell, network, &done);
    }
    status = done && !status ? mho_i_read_biases(a) : status;
    if (!done || status) {
        mho_i_array_forget(a);
        return status;
    }
    a->m_check_rel = -1;
    mho_i_workers_free(a->workers); /* their ladders are of the old conductances */
    a->workers = NULL;
    return MHO_OK;
}

mho_status mho_array_update(mho_array *a, size_t n_cell, const size_t *cell, const double *g_S) {
    mho_status status = check(a, n_cell, cell, g_S);
    if (status || !n_cell) {
        return status;
    }
    double *old = mho_i_alloc(a->ctx, n_cell, sizeof *old);
    size_t *network = mho_i_alloc(a->ctx, n_cell, sizeof *network);
    status = old && network ? MHO_OK : MHO_ERR_NOMEM;
    if (!status) {
        for (size_t k = 0; k < n_cell; k++) {
            network[k] = network_cell(a, cell[k]);
        }
        exchange(a, n_cell, cell, g_S, old);
        a->programmed = false;
        status = mho_i_array_ready(a);
        if (status) { /* a line would float: back to what was, last change first */
            for (size_t k = n_cell; k > 0; k--) {
                exchange(a, 1, cell + k - 1, old + k - 1, NULL);
            }
            a->programmed = true;
        } else {
            a->was_updated = true;
            status = follow(a, n_cell, network);
        }
    }
    mho_i_free(a->ctx, old);
    mho_i_free(a->ctx, network);
    return status;
}
