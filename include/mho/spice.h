/* mho/spice.h - an array as an ngspice netlist: for people who know their circuit simulator and for
 * checks against it. Ohmic and sinh cells; a user's cell law cannot be written down.            */
#ifndef MHO_SPICE_H
#define MHO_SPICE_H

#include "mho/array.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Write the programmed array with all its options and the inputs v_V [n_vec][n_in] V as a netlist
 * that runs as it is ("ngspice -b FILE") and prints, for every vector, each node voltage (w0_3:
 * word side of the cell in row 0, column 3; b0_3: bit side) and the current into the end of each
 * line (vr0#branch: row 0, vc3#branch: column 3) with 17 digits. MHO_ERR_ARG, _IO, _NOMEM. */
MHO_API mho_status mho_array_spice_save(mho_array *array, size_t n_vec, const double *v_V,
                                        const char *path) MHO_CHECK;

enum { MHO_SPICE_VERSION_BYTES = 32 };

/* Run that netlist in ngspice and take over its answer: i_A out [n_vec][n_out] A, w_V and b_V out
 * [n_vec][n_row][n_col] V or NULL; rep (its solver is left as it is) and version ("ngspice-39", ""
 * if it does not say) may be NULL. MHO_WARN_NOT_CONVERGED: ngspice gave up on some vectors, which
 * are NaN. MHO_ERR_DEPENDENCY: ngspice is not installed. Slow: minutes from 128 x 128 on with the
 * solver of ngspice 39. */
MHO_API mho_status mho_array_spice_read(mho_array *array, size_t n_vec, const double *v_V,
                                        double *i_A, double *w_V, double *b_V,
                                        mho_array_report *rep,
                                        char version[MHO_SPICE_VERSION_BYTES]) MHO_CHECK;

#ifdef __cplusplus
}
#endif
#endif
