/* mho/transient.h - devices in time: the Mott neuron under its heater, the VO2 oscillator, the
 * optomemristor under light and voltage; and a fast path for very many neurons.
 *
 * One temperature node carries the film. With rise the temperature under the wire over the base:
 *
 *     Cth (1 + latent) d(rise)/dt = Ph + Pf - rise/Rth          Ph heater, Pf film
 *     latent = 2 (latent_ratio - 1)/beta * mean_i( s_i |dg_i/dT| )
 *     slices   Ti = Tbase + rise s_i, each with its own L2P history
 *
 * latent is latent_ratio - 1 at the steepest point of a single slice on its major loop (there
 * |dg/dT| = beta/2), so the transition takes the heat (2 (latent_ratio - 1)/beta) Cth however it is
 * passed through, and gives it back on cooling. The stored energy is thus a function of the state,
 * Cth rise + latent heat * metallic fraction, and the balance of energy can be closed.
 *
 * The history of a slice is frozen while the equations are integrated; it changes at a reversal:
 * when the temperature has come back by dead_band_K from its extreme, or at an edge of the drive
 * that turns the heat flow round. Stiff integration by CVODES (SUNDIALS) with events found as
 * roots; the powers are integrated with it as quadratures.
 *
 * One temperature for the whole film matches static curves and slow drives. It is less trustworthy
 * where the film heats itself faster than heat spreads in it (oscillators): see docs/transient.md.
 */
#ifndef MHO_TRANSIENT_H
#define MHO_TRANSIENT_H

#include "mho/device.h"
#include "mho/model.h"
#include "mho/opto.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Waveforms: piecewise linear ----------------------------------------------------------------
 * n >= 1 points, t_s not falling; two points at one time are a jump. Before the first point the
 * first value holds, after the last the last. The arrays stay yours and must live during the call.
 */
typedef struct mho_waveform {
    size_t n;
    const double *t_s; /* [n] */
    const double *v;   /* [n] V, or light power over P0 */
} mho_waveform;

/* Value at t_s; at a jump the value after it. */
MHO_API double mho_waveform_at(const mho_waveform *wave, double t_s);

/* "0 s: 0 V, 10 ns: 0 V, 10 ns: 0.4 V" to points: t_s, v out [n_max], *n out. unit: of the values
 * ("V"; "" for a pure number). MHO_ERR_ARG names the point that is wrong. */
MHO_API mho_status mho_waveform_parse(mho_ctx *ctx, const char *text, const char *unit,
                                      size_t n_max, double *t_s, double *v, size_t *n) MHO_CHECK;

/* ---- Traces: columns over time
 * ------------------------------------------------------------------- Column 0 is the time in s. At
 * a jump of a drive there are two rows with the same time. */
typedef struct mho_trace mho_trace;
MHO_API size_t mho_trace_rows(const mho_trace *trace);
MHO_API size_t mho_trace_columns(const mho_trace *trace);
MHO_API const char *mho_trace_name(const mho_trace *trace, size_t column); /* "rise", "v_out" */
MHO_API const char *mho_trace_unit(const mho_trace *trace, size_t column); /* "K", "V" */
/* [rows], valid until the trace is freed */
MHO_API const double *mho_trace_column(const mho_trace *trace, size_t column);
MHO_API void mho_trace_free(mho_trace *trace); /* NULL is allowed */

typedef struct mho_transient_opt {
    size_t struct_size; /* bytes; set by MHO_TRANSIENT_OPT_INIT; fields are only added at the end */
    double tol_rel;     /* [1e-13, 1e-2]: relative tolerance of a step */
    double dead_band_K; /* [1e-6, 1]: reversals of less do not count */
    size_t n_sample;    /* 2..10,000,000 rows of the trace, evenly spaced; edges come on top */
    long max_step;      /* >= 1: steps between two samples before it gives up */
} mho_transient_opt;
#define MHO_TRANSIENT_OPT_INIT                                                                     \
    { sizeof(mho_transient_opt), 1e-9, 2e-3, 2001, 1000000 }

/* How the integration went. */
typedef struct mho_transient_report {
    size_t n_step;     /* of the integrator */
    size_t n_rate;     /* evaluations of the equations */
    size_t n_reversal; /* of the temperature, or crossings of a threshold */
    double wall_s;
} mho_transient_report;

/* ---- Energy of a film with its circuit, J
 * --------------------------------------------------------- delivered = heater_source + read_source
 *           = series + load + base + stored_heat + stored_latent + stored_cap
 * and, inside it, heater + film = base + stored_heat + stored_latent. */
typedef struct mho_film_energy {
    double heater_source_J; /* by the column amplifier */
    double read_source_J;   /* by the read bias, or the oscillator's source */
    double series_J;        /* heat in the resistor between amplifier and heater */
    double heater_J, film_J;
    double load_J;                                       /* heat in the load resistor */
    double base_J;                                       /* through Rth into the chip */
    double stored_heat_J, stored_latent_J, stored_cap_J; /* end minus start */
    double residual_rel; /* |in - out - stored| over the energy delivered */
} mho_film_energy;

/* ---- The Mott neuron in time
 * ---------------------------------------------------------------------- */
typedef struct mho_neuron_drive {
    mho_waveform heater_V; /* amplifier output as it is applied: the device's trim is not added */
    mho_waveform read_V;   /* read bias over film and load */
    double stop_s;         /* > 0 */
    double c_load_F;       /* >= 0: capacitance across the load resistor */
    double rise_start_K;   /* >= 0: at t = 0 */
    double history_K;      /* rise that the film reached before it cooled to the base and was heated
                              again; 0: it was never hot (the heating branch of the major loop) */
} mho_neuron_drive;

typedef struct mho_film_run {
    double rise_end_K, v_end_V;
    double rise_max_K, rise_min_K; /* at the samples */
    mho_film_energy energy;
    mho_transient_report rep;
} mho_film_run;

/* Columns of the trace: time, drive (V), rise (K), film (ohm), v_out (V), metal (1: mean metallic
 * fraction), heater power (W), film power (W). trace may be NULL.
 * MHO_ERR_ARG names what is out of range; MHO_ERR_SINGULAR: it heats by more than 400 K;
 * MHO_WARN_NOT_CONVERGED: the integrator gave up, the results reach up to there. Cost about 2 us
 * per step, 200 to 2,000 steps per heating or cooling.
 */
MHO_API mho_status mho_neuron_simulate(mho_ctx *ctx, const mho_neuron_param *param,
                                       const mho_neuron_circuit *circuit,
                                       const mho_neuron_device *device,
                                       const mho_neuron_drive *drive, const mho_transient_opt *opt,
                                       mho_film_run *run, mho_trace **trace) MHO_CHECK;

/* The phases of one evaluation, as the chip goes through them. */
typedef struct mho_neuron_phases {
    double reset_s;    /* amplifier off */
    double settle_s;   /* heater on */
    double read_s;     /* heater and read bias on */
    bool read_settles; /* is the read bias on while it settles too? The static curve assumes so */
    double c_load_F;   /* across the load */
} mho_neuron_phases;
/* From the card (settle_tau, reset_tau, latent_ratio, read) as mho_neuron_design_relu states them;
 * read_settles true, c_load 10 fF (assumed). */
MHO_API mho_neuron_phases mho_neuron_phases_of(const mho_neuron_param *param);

enum { MHO_PHASE_RESET = 0, MHO_PHASE_SETTLE, MHO_PHASE_READ, MHO_PHASE_COUNT };
typedef struct mho_neuron_evaluation {
    double v_out_V, rise_K; /* at the end of the read */
    double v_static_V;      /* mho_neuron_output at the same input */
    double v_steady_V;      /* where the output would go if it were held */
    double span_V;          /* static output at z = 1 minus z = -1, nominal device */
    double settle_1pct_s;   /* from heater on until the output stays within 1 % of the span of
                               v_steady_V */
    double reset_1pct_s;    /* from heater off at full scale until the rise is 1 % of what it was */
    double memory_rel;      /* output after full scale minus output after z = -1, over the span */
    mho_film_energy phase[MHO_PHASE_COUNT]; /* of this evaluation */
    mho_film_energy total;                  /* reset + settle + read */
    mho_transient_report rep;
} mho_neuron_evaluation;

/* One evaluation at amplifier output v_in_V (the device's trim is added) after one at full scale:
 * full scale, reset, settle, read. Energies are those of reset, settle and read alone. phases NULL:
 * mho_neuron_phases_of(param). trace (NULL: none) shows all four parts. Cost about 60 ms.
 * MHO_ERR_ARG, MHO_WARN_NOT_CONVERGED as above; errors of mho_neuron_output. */
MHO_API mho_status mho_neuron_evaluate_transient(
    mho_ctx *ctx, const mho_neuron_param *param, const mho_neuron_circuit *circuit,
    const mho_neuron_device *device, double v_in_V, const mho_neuron_phases *phases,
    const mho_transient_opt *opt, mho_neuron_evaluation *out, mho_trace **trace) MHO_CHECK;

/* ---- Very many neurons, fixed steps
 * ---------------------------------------------------------------- Same equations. A step takes the
 * coefficients (power, heat capacity, film) as constant at their value extrapolated to its middle
 * and follows the exponential exactly: error O(dt^2), stable for any dt. Reversals as above, judged
 * after each step. Fast transcendental functions, vectorised over devices or slices: a device's
 * result does not depend on how many others there are to 1e-10, nor on threads at all. Series and
 * 2-D Bruggeman mixing; others are refused (MHO_ERR_ARG). */
typedef struct mho_neuron_bank mho_neuron_bank;

/* device [n_dev], copied; NULL: all nominal. Cold, history as after full scale and reset. */
MHO_API mho_status mho_neuron_bank_new(mho_ctx *ctx, const mho_neuron_param *param,
                                       const mho_neuron_circuit *circuit, size_t n_dev,
                                       const mho_neuron_device *device, double c_load_F,
                                       double dead_band_K, mho_neuron_bank **out) MHO_CHECK;
MHO_API void mho_neuron_bank_free(mho_neuron_bank *bank); /* NULL is allowed */

/* n_step steps of dt_s at constant drive: heater_V [n_dev] or NULL (off), one read bias for all.
 * The start of a call is an edge of the drive. Runs on the threads of the context; does not
 * allocate. */
MHO_API mho_status mho_neuron_bank_step(mho_neuron_bank *bank, size_t n_step, double dt_s,
                                        const double *heater_V, double read_V) MHO_CHECK;
/* Now: rise_K, v_out_V, film_ohm, each out [n_dev] or NULL. */
MHO_API void mho_neuron_bank_state(const mho_neuron_bank *bank, double *rise_K, double *v_out_V,
                                   double *film_ohm);
/* A whole evaluation of every device at v_in_V [n_dev] (trims are added) after one at full scale;
 * v_out_V out [n_dev] at the end of the read. dt_s: step; 0: settle_s/400. */
MHO_API mho_status mho_neuron_bank_evaluate(mho_neuron_bank *bank, const mho_neuron_phases *phases,
                                            double dt_s, const double *v_in_V,
                                            double *v_out_V) MHO_CHECK;

/* ---- The VO2 oscillator: current through the film ----------------------------------------------
 *     C dv/dt = (Vs - v)/R - v/Rfilm,   Pf = v^2/Rfilm        v over film and capacitor
 * Thermal neuristor: Nat. Commun. 15 (2024), arXiv 2312.12899 (card U). */
typedef struct mho_oscillator {
    double r_series_ohm; /* > 0 */
    double c_parallel_F; /* >= 0 */
    mho_waveform source_V;
    double stop_s;
    double rise_start_K;
} mho_oscillator;
/* Series resistor and capacitor as in the public code of that model (mark C: not read in the paper
 * itself). */
#define MHO_NEURISTOR_R_OHM 12e3
#define MHO_NEURISTOR_C_F   145.34619293e-12

typedef struct mho_oscillation {
    size_t n_spike;       /* maxima of the temperature followed by a reversal */
    double frequency_Hz;  /* of the spikes in the second half of the run; 0: fewer than 3 */
    double jitter_rel;    /* standard deviation of their periods over the mean */
    double first_spike_s; /* NAN: none */
    double i_max_A;       /* largest film current of the samples in the second half */
    double rise_low_K, rise_high_K; /* of the samples in the second half */
    double energy_spike_J;          /* delivered per period in the second half; NAN: fewer than 3 */
} mho_oscillation;

/* Columns: time, drive (V), rise (K), film (ohm), v_film (V), metal (1), i_film (A), film power
 * (W). Cost about 2 us per step, 500 steps per period. */
MHO_API mho_status mho_oscillator_simulate(mho_ctx *ctx, const mho_neuron_param *param,
                                           const mho_oscillator *osc, const mho_transient_opt *opt,
                                           mho_film_run *run, mho_oscillation *oscillation,
                                           mho_trace **trace) MHO_CHECK;

/* ---- The optomemristor in time: equations of mho/opto.h, nominal cell, no noise
 * ---------------------- */
typedef struct mho_opto_drive {
    mho_waveform light_rel; /* power over P0, >= 0 */
    mho_waveform volt_V;
    double stop_s;
    double x_start, n_start; /* state in [0, 1], carriers >= 0 */
} mho_opto_drive;

typedef struct mho_opto_run {
    double x_end, n_end;
    double x_change;     /* x_end - x_start */
    double electrical_J; /* V I */
    double optical_J;    /* P0 power */
    double charge_C;     /* through the cell, signed */
    double above_s;      /* time over a write threshold */
    mho_transient_report rep;
} mho_opto_run;

/* Columns: time, light (1), volt (V), n (1), x (1), current (A), threshold_p (V), threshold_n (V).
 * The crossings of the thresholds are found as events. */
MHO_API mho_status mho_opto_simulate(mho_ctx *ctx, const mho_opto_param *param,
                                     const mho_opto_drive *drive, const mho_transient_opt *opt,
                                     mho_opto_run *run, mho_trace **trace) MHO_CHECK;

/* ---- Any model of mho/ext.h in a small circuit
 * ------------------------------------------------------ source - series resistor - (port of the
 * device | capacitor) - ground; the other inputs of the model follow waveforms of their own. The
 * model's events are found as roots. */
typedef struct mho_model_input {
    size_t input; /* row of the model's inputs, not the port */
    mho_waveform wave;
} mho_model_input;

typedef struct mho_model_drive {
    size_t port; /* < n_port of the model: the one in the circuit */
    mho_waveform source_V;
    double r_series_ohm; /* >= 0 */
    double c_parallel_F; /* >= 0 */
    double stop_s;
    size_t n_input; /* inputs that do not rest at their start value */
    const mho_model_input *input;
} mho_model_drive;

/* Energy, J. Circuit: source = series + stored_cap + port. Device, where the model states its
 * power: taken = given + stored. */
typedef struct mho_model_energy {
    double source_J, series_J, stored_cap_J, port_J;
    double taken_J, given_J, stored_J; /* NAN: the model does not say */
    double circuit_residual_rel, device_residual_rel;
} mho_model_energy;

typedef struct mho_model_run {
    mho_model_energy energy;
    size_t n_spike;      /* maxima of the port's current over the middle of its range, in samples */
    double frequency_Hz; /* of those in the second half; 0: fewer than 3 */
    mho_transient_report rep;
} mho_model_run;

/* One nominal device of the card from its start. Columns: time, source (V), v (V), i (A), then the
 * model's states, then its outputs beyond the currents of the ports; rows also at the steps of the
 * integrator, so that no spike is missed. MHO_ERR_ARG names what is out
 * of range; MHO_WARN_NOT_CONVERGED. */
MHO_API mho_status mho_model_simulate(mho_ctx *ctx, const mho_card *card,
                                      const mho_model_drive *drive, const mho_transient_opt *opt,
                                      mho_model_run *run, mho_trace **trace) MHO_CHECK;

#ifdef __cplusplus
}
#endif
#endif
