/* spice_int.h - neurons in ngspice: the subcircuit, and a run. */
#ifndef MHO_SPICE_NEURON_INT_H
#define MHO_SPICE_NEURON_INT_H

#include "circuit/netlist_int.h"
#include "lab_int.h"
#include "mho/spice_neuron.h"

/* .subckt NAME amp read out rise [film metal]: settled (DC) with c_load_F < 0, else in time with
 * the reversals; the last two ports only then. */
void mho_i_spice_put_neuron(mho_i_text *t, const char *name, const mho_i_film *f,
                            const mho_neuron_circuit *c, double c_load_F, double dead_band_K);
/* MHO_ERR_ARG for a mixing law that has no netlist form. */
mho_status mho_i_spice_neuron_check(mho_ctx *ctx, const mho_neuron_param *p);
/* Comments: what it is, parameters, how to run. */
void mho_i_spice_put_head(mho_i_text *t, const mho_neuron_param *p, const mho_neuron_circuit *c);
/* Run the text in ngspice; out gets what it prints. MHO_ERR_DEPENDENCY. version may be NULL. */
mho_status mho_i_spice_run(mho_ctx *ctx, const mho_i_text *netlist, mho_i_text *out,
                           mho_i_text *err, char version[MHO_SPICE_VERSION_BYTES]);

#endif
