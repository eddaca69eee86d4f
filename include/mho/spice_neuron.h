/* mho/spice_neuron.h - Mott neurons as ngspice netlists: alone, or behind a crossbar array. For
 * people who know their circuit simulator, and for checks against it.
 *
 * A neuron is a subcircuit of behavioural sources with a thermal node: 1 V there is 1 K of
 * temperature rise under the wire, currents into it are scaled by Rth so that 1 A is 1 K too.
 *   DC         the heating branch after the reset (L2P), settled as mho_neuron_output has it
 *   transient  all of mho/transient.h: latent heat as charge of the thermal node, and the history:
 *              the temperature and the place on the loop are followed by latches while it heats
 *              (cools) and held while it cools (heats); a reversal changes from one branch to the
 *              other where both meet, so nothing jumps
 * Mixing laws: series, 2-D and 3-D Bruggeman; the general effective medium is refused. */
#ifndef MHO_SPICE_NEURON_H
#define MHO_SPICE_NEURON_H

#include "mho/array.h"
#include "mho/spice.h"
#include "mho/transient.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Write a netlist that runs as it is ("ngspice -b FILE") and prints the output v(out) and the rise
 * v(rise) for each of n amplifier outputs v_in_V [n] V, >= 0 (the device's trim is added).
 * MHO_ERR_ARG, _IO, _NOMEM. */
MHO_API mho_status mho_neuron_spice_curve_save(mho_ctx *ctx, const mho_neuron_param *param,
                                               const mho_neuron_circuit *circuit,
                                               const mho_neuron_device *device, size_t n,
                                               const double *v_in_V, const char *path) MHO_CHECK;
/* Run it: v_out_V, rise_K out [n] (rise_K may be NULL). version as in mho_array_spice_read, may be
 * NULL. MHO_WARN_NOT_CONVERGED: points without an answer are NaN. MHO_ERR_DEPENDENCY: no ngspice.
 */
MHO_API mho_status mho_neuron_spice_curve(mho_ctx *ctx, const mho_neuron_param *param,
                                          const mho_neuron_circuit *circuit,
                                          const mho_neuron_device *device, size_t n,
                                          const double *v_in_V, double *v_out_V, double *rise_K,
                                          char version[MHO_SPICE_VERSION_BYTES]) MHO_CHECK;

/* The drive of mho_neuron_simulate as a transient netlist, rise_start_K 0 only. It prints time,
 * v(out), v(rise), v(film) (ohm), v(metal) at ngspice's own steps, none longer than max_step_s;
 * reltol: of ngspice, 1e-6 to 1e-2; 1e-5 is a good value. */
MHO_API mho_status mho_neuron_spice_transient_save(mho_ctx *ctx, const mho_neuron_param *param,
                                                   const mho_neuron_circuit *circuit,
                                                   const mho_neuron_device *device,
                                                   const mho_neuron_drive *drive, double max_step_s,
                                                   double reltol, const char *path) MHO_CHECK;
/* Run it: columns of the trace: time (s), v_out (V), rise (K), film (ohm), metal (1). wall_s out,
 * may be NULL: time that ngspice took. */
MHO_API mho_status mho_neuron_spice_transient(mho_ctx *ctx, const mho_neuron_param *param,
                                              const mho_neuron_circuit *circuit,
                                              const mho_neuron_device *device,
                                              const mho_neuron_drive *drive, double max_step_s,
                                              double reltol, double *wall_s, mho_trace **trace,
                                              char version[MHO_SPICE_VERSION_BYTES]) MHO_CHECK;

/* That run beside mho_neuron_simulate. */
typedef struct mho_spice_comparison {
    double value_rel; /* largest difference of v_out over the largest v_out, a hundredth of the run
                         after each edge of the drive left out */
    double time_rel; /* largest difference of the times at which the rise passes 10 % .. 90 % of its
                        highest, over the time since the edge before (a hundredth of the run at
                        least) */
    size_t n_time;   /* such passages */
    double spice_s, own_s; /* wall time of either */
} mho_spice_comparison;
MHO_API mho_status mho_neuron_spice_compare(mho_ctx *ctx, const mho_neuron_param *param,
                                            const mho_neuron_circuit *circuit,
                                            const mho_neuron_device *device,
                                            const mho_neuron_drive *drive, double max_step_s,
                                            double reltol, mho_spice_comparison *out,
                                            char version[MHO_SPICE_VERSION_BYTES]) MHO_CHECK;

/* An array whose neighbouring columns 2k, 2k+1 are differential pairs, each pair with an ideal
 * amplifier and a neuron:
 *     Vamp = v_bias + trim + gain (I_2k - I_2k+1), kept between 0 and v_max
 * device [n_pair] or NULL (nominal); gain_V_per_A > 0. The netlist prints, for every vector, all
 * nodes of the array, its currents, and amp0 .., out0 .., rise0 .. of the neurons. */
typedef struct mho_array_neurons {
    const mho_neuron_param *param;
    const mho_neuron_circuit *circuit;
    const mho_neuron_device *device; /* [n_pair] or NULL */
    double gain_V_per_A;
} mho_array_neurons;
MHO_API mho_status mho_array_neurons_spice_save(mho_array *array, const mho_array_neurons *neurons,
                                                size_t n_vec, const double *v_V,
                                                const char *path) MHO_CHECK;
/* Run it: v_out_V, v_amp_V out [n_vec][n_pair]; v_amp_V may be NULL. */
MHO_API mho_status mho_array_neurons_spice_read(mho_array *array, const mho_array_neurons *neurons,
                                                size_t n_vec, const double *v_V, double *v_amp_V,
                                                double *v_out_V,
                                                char version[MHO_SPICE_VERSION_BYTES]) MHO_CHECK;
/* The same by mho: exact array, amplifier, mho_neuron_output. */
MHO_API mho_status mho_array_neurons_read(mho_array *array, const mho_array_neurons *neurons,
                                          size_t n_vec, const double *v_V, double *v_amp_V,
                                          double *v_out_V) MHO_CHECK;

#ifdef __cplusplus
}
#endif
#endif
