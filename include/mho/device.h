/* mho/device.h - nanodevices: the Mott activation neuron and the CBRAM synapse, with their model
 * cards (every parameter with unit, range, mark and source).
 *
 * Marks: P published, C computed from published data, A assumed by us. */
#ifndef MHO_DEVICE_H
#define MHO_DEVICE_H

#include "mho/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One row of a parameter table. */
enum { MHO_PARAM_KEY = 32 };
typedef struct mho_param_info {
    char key[MHO_PARAM_KEY]; /* name in files: the field without its unit suffix */
    const char *unit;        /* "" for a pure number */
    double min, max;         /* allowed, inclusive */
    char mark;               /* 'P', 'C', 'A' for the card asked for */
    const char *source;      /* where the card's value comes from */
    const char *help;
} mho_param_info;

/* ---- The Mott activation neuron ---------------------------------------------------------------
 * A metal nanowire heater on a VO2 film. A column amplifier drives the heater through a series
 * resistor; the film warms, turns from insulator to metal, and a divider of the film and a load
 * resistor gives the output. Quasi-static equations (T temperature under the wire):
 *
 *     heater     Rh(T) = Rh0 (1 + aT (T - 300 K)),  Ph = Vin^2 Rh / (Rs + Rh)^2
 *     film       Pf = Vb^2 Rvo2 / (Rvo2 + RL)^2                      self-heating by the read bias
 *     thermal    T = Tbase + (1 - exp(-settle)) Rth (Ph + Pf)
 *     slices     Ti = Tbase + (T - Tbase) s_i,  i = 1..N across the gap, in series for the current
 *     fraction   g(Ti): L2P hysteresis, heating branch that starts at the reset state
 *                (de Almeida et al., Opt. Eng. 41, 2582 (2002))
 *     mixing     R(Ti, g): one of mho_mixing
 *     output     Vout = Vb RL / (RL + Rvo2)
 *
 * Normalised: z = (Vin - Vbias) / Vswing, so that z = 0 is the knee and z = 1 full scale. */
typedef enum mho_mixing {
    MHO_MIX_SERIES = 0,       /* R = g Rs(T) + Rm, the published choice of set U */
    MHO_MIX_BRUGGEMAN_2D = 1, /* effective medium, thin film */
    MHO_MIX_BRUGGEMAN_3D = 2,
    MHO_MIX_GEM = 3 /* general effective medium (McLachlan): exponents t = gem_exponent and
                       s = t*gem_ratio, threshold gem_threshold */
} mho_mixing;

/* key, unit, min, max, {U, T, N}, marks "UTN", sources {U, T, N}, help.
 * U: UCSD thermal neuristor; T: Technion 150 nm film; N: scaled nano neuron (the chip's default).
 */
#define MHO_SRC_U   "Nat. Commun. 15 (2024), arXiv 2312.12899"
#define MHO_SRC_T   "fit to the Technion loop, 150 nm film, 200 nm gap"
#define MHO_SRC_N   "set T, all lengths times 0.47 (volume of Cth 5 fJ/K)"
#define MHO_SRC_OWN "mho design choice"
#define MHO_NEURON_PARAM_LIST(X)                                                                   \
    X(r_heater_ohm, "ohm", 1, 1e7, 1000, 5000, 20000, "AAA", MHO_SRC_OWN, MHO_SRC_OWN,             \
      "high-resistivity nitride nanowire", "heater resistance at 300 K")                           \
    X(heater_tcr_per_K, "1/K", 0, 0.02, 2.5e-3, 2.5e-3, 5e-4, "AAA", "thin metal film",            \
      "thin metal film", "nitride film", "temperature coefficient of the heater")                  \
    X(rth_K_per_W, "K/W", 1, 1e9, 4864.12, 272109, 2.5e6, "PCA", MHO_SRC_U, MHO_SRC_T,             \
      "range 1..6 K/uW of scaled devices", "thermal resistance, heater to base")                   \
    X(cth_J_per_K, "J/K", 1e-18, 1e-6, 49.628e-12, 4.79e-14, 5e-15, "PCA", MHO_SRC_U, MHO_SRC_T,   \
      "range 3..6 fJ/K of scaled devices", "heat capacity")                                        \
    X(t_base_K, "K", 200, 400, 325, 320, 320, "PAA", MHO_SRC_U,                                    \
      "reset must cool to 320 K or below", "reset must cool to 320 K or below",                    \
      "base temperature of the chip")                                                              \
    X(n_slice, "", 1, 64, 1, 8, 8, "PAA", "lumped model", MHO_SRC_OWN, MHO_SRC_OWN,                \
      "slices of film across the gap")                                                             \
    X(slice_edge_frac, "", 0.2, 1, 1, 0.8, 0.8, "PAA", "lumped model", "range 0.5..0.8",           \
      "range 0.5..0.8", "temperature rise at the edge over that under the wire")                   \
    X(r300_ohm, "ohm", 1, 1e12, 193402, 3770, 8000, "PCC", MHO_SRC_U, MHO_SRC_T, MHO_SRC_N,        \
      "insulating film at 300 K")                                                                  \
    X(ea_K, "K", 0, 20000, 5220.47, 2442, 2442, "PCC", MHO_SRC_U, MHO_SRC_T, MHO_SRC_T,            \
      "activation energy of the insulator over k_B")                                               \
    X(r_metal_ohm, "ohm", 1e-3, 1e9, 1286.3, 17.53, 37.2, "PCC", MHO_SRC_U, MHO_SRC_T, MHO_SRC_N,  \
      "metallic film")                                                                             \
    X(t_c_K, "K", 250, 450, 332.806, 337.20, 337.20, "PCC", MHO_SRC_U, MHO_SRC_T, MHO_SRC_T,       \
      "centre of the hysteresis loop")                                                             \
    X(width_K, "K", 0, 60, 7.1936, 6.77, 6.77, "PCC", MHO_SRC_U, MHO_SRC_T, MHO_SRC_T,             \
      "width of the hysteresis loop")                                                              \
    X(beta_per_K, "1/K", 0.005, 20, 0.252796, 0.146, 0.146, "PCC", MHO_SRC_U, MHO_SRC_T,           \
      MHO_SRC_T, "steepness of the transition")                                                    \
    X(gamma, "", 0, 4, 0.95627, 0.956, 0.956, "PPP", MHO_SRC_U, MHO_SRC_U, MHO_SRC_U,              \
      "curvature of minor loops (L2P)")                                                            \
    X(gem_exponent, "", 0.5, 4, 1.3, 1.3, 1.3, "AAA", "2-D percolation", "2-D percolation",        \
      "2-D percolation", "exponent t of the general effective medium")                             \
    X(gem_ratio, "", 0.05, 20, 1, 1, 1, "AAA", "one exponent", "one exponent", "one exponent",     \
      "gem: exponent s of the insulating side over t")                                             \
    X(gem_threshold_frac, "", 0.02, 0.98, 0.5, 0.5, 0.5, "AAA", "2-D symmetric", "2-D symmetric",  \
      "2-D symmetric", "gem: metallic fraction at the percolation threshold")                      \
    X(latent_ratio, "", 1, 20, 3, 3, 3, "CCC", "3..13 for latent heat 5.1e4 J/kg",                 \
      "3..13 for latent heat 5.1e4 J/kg", "3..13 for latent heat 5.1e4 J/kg",                      \
      "heat capacity in the transition over cth, by latent heat; stretches settle and reset")      \
    X(settle_tau, "", 1, 50, 5, 5, 5, "AAA", "3..5 time constants", "3..5 time constants",         \
      "3..5 time constants", "settling time over the thermal time constant")                       \
    X(reset_tau, "", 1, 50, 5, 5, 5, "AAA", "3..5 time constants", "3..5 time constants",          \
      "3..5 time constants", "heater-off time before an evaluation over the time constant")        \
    X(read_s, "s", 1e-12, 1, 1e-8, 1e-8, 1e-8, "AAA", MHO_SRC_OWN, MHO_SRC_OWN, MHO_SRC_OWN,       \
      "time of reading the output")                                                                \
    X(sd_t_c_K, "K", 0, 20, 0.35, 0.35, 0.35, "AAA", MHO_SRC_OWN, MHO_SRC_OWN, MHO_SRC_OWN,        \
      "device spread of t_c")                                                                      \
    X(sd_width_rel, "", 0, 0.5, 0.04, 0.04, 0.04, "AAA", MHO_SRC_OWN, MHO_SRC_OWN, MHO_SRC_OWN,    \
      "device spread of width")                                                                    \
    X(sd_r300_rel, "", 0, 1, 0.1, 0.1, 0.1, "AAA", MHO_SRC_OWN, MHO_SRC_OWN, MHO_SRC_OWN,          \
      "device spread of r300, lognormal")                                                          \
    X(sd_r_metal_rel, "", 0, 0.5, 0.04, 0.04, 0.04, "AAA", MHO_SRC_OWN, MHO_SRC_OWN, MHO_SRC_OWN,  \
      "device spread of r_metal")                                                                  \
    X(sd_r_heater_rel, "", 0, 0.5, 0.03, 0.03, 0.03, "AAA", MHO_SRC_OWN, MHO_SRC_OWN, MHO_SRC_OWN, \
      "device spread of r_heater")                                                                 \
    X(sd_rth_rel, "", 0, 0.5, 0.05, 0.05, 0.05, "AAA", MHO_SRC_OWN, MHO_SRC_OWN, MHO_SRC_OWN,      \
      "device spread of rth")                                                                      \
    X(jitter_K, "K", 0, 5, 0.035, 0.035, 0.035, "CCC", "35 mK equivalent noise, set U",            \
      "range 20..50 mK", "range 20..50 mK", "change of t_c from evaluation to evaluation, rms")    \
    X(area_m2, "m2", 0, 1e-6, 1e-12, 1e-12, 2.5e-13, "AAA", MHO_SRC_OWN, MHO_SRC_OWN, MHO_SRC_OWN, \
      "area of film, heater and contacts")                                                         \
    X(film_heat_K, "K", 1e-6, 20, 0.5, 1, 1, "AAA", MHO_SRC_OWN, MHO_SRC_OWN, MHO_SRC_OWN,         \
      "largest self-heating that the read bias may cause; sets v_read")

typedef struct mho_neuron_param {
#define MHO_NEURON_FIELD(key, unit, lo, hi, u, t, n, marks, su, st, sn, help) double key;
    MHO_NEURON_PARAM_LIST(MHO_NEURON_FIELD)
#undef MHO_NEURON_FIELD
    mho_mixing mixing;
} mho_neuron_param;

/* Where the neuron works: found by mho_neuron_design or set by hand. */
typedef struct mho_neuron_circuit {
    double v_max_V;      /* largest output of the column amplifier */
    double v_bias_V;     /* amplifier output at the knee, z = 0 */
    double v_swing_V;    /* from the knee to full scale, z = 1 */
    double r_series_ohm; /* between amplifier and heater */
    double r_load_ohm;   /* load of the film */
    double v_read_V;     /* read bias Vb over film and load */
} mho_neuron_circuit;

/* One device: what makes it differ from the card. All zero: the nominal device. */
typedef struct mho_neuron_device {
    double d_t_c_K;   /* t_c minus the card's, K */
    double width_rel; /* width = card*(1 + width_rel), and so on */
    double r300_log;  /* r300 = card*exp(r300_log) */
    double r_metal_rel;
    double r_heater_rel;
    double rth_rel;
    double trim_V; /* added to the amplifier output: the one-time bias trim */
} mho_neuron_device;

/* Card "U", "T" or "N". MHO_ERR_ARG names the cards there are. */
MHO_API mho_status mho_neuron_card(mho_ctx *ctx, const char *card, mho_neuron_param *out) MHO_CHECK;
/* Rows of the parameter table and how to reach them. card may be NULL (mark and source of N). */
MHO_API size_t mho_neuron_param_count(void);
MHO_API mho_param_info mho_neuron_param_describe(size_t k, const char *card);
MHO_API double mho_neuron_param_get(const mho_neuron_param *param, size_t k);
/* Checks the range; MHO_ERR_ARG names key, value and what is allowed. */
MHO_API mho_status mho_neuron_param_set(mho_ctx *ctx, mho_neuron_param *param, size_t k,
                                        double value) MHO_CHECK;

/* Output of one device at amplifier output v_in_V (>= 0), by direct solution of the equations above
 * (bisection and Newton on T, no table): the reference for everything faster. v_out_V, t_K may be
 * NULL. MHO_ERR_SINGULAR when the film runs away thermally (no unique state). */
MHO_API mho_status mho_neuron_output(mho_ctx *ctx, const mho_neuron_param *param,
                                     const mho_neuron_circuit *circuit,
                                     const mho_neuron_device *device, double v_in_V,
                                     double *v_out_V, double *t_K) MHO_CHECK;

/* ---- The film alone, with its history ----------------------------------------------------------
 * One temperature all over the film (no slices), L2P hysteresis: how R(T) is measured. */

/* Resistance along a temperature path. A reversal counts once the temperature has come back by more
 * than dead_band_K from its extreme; until then the fraction stays what it was at the extreme.
 *   dead_band_K   [1e-6, 1] K; 1e-2 suits measured temperatures, 1e-3 computed ones
 *   t_K           in [n] K, [100, 600]
 *   r_ohm         out [n] ohm; g_frac out [n], insulating fraction, may be NULL
 *   n_reversal    out, may be NULL: reversals that counted
 * The path begins on the major loop, on the branch of its first move beyond the dead band: begin
 * outside the transition. L2P remembers the last reversal only: docs/fit.md. MHO_ERR_ARG. */
MHO_API mho_status mho_vo2_rt_path(mho_ctx *ctx, const mho_neuron_param *param, double dead_band_K,
                                   size_t n, const double *t_K, double *r_ohm, double *g_frac,
                                   size_t *n_reversal) MHO_CHECK;

/* First-order reversal curves: down the major cooling branch from t_hot_K to a reversal, then back
 * up to t_hot_K (heating = true: up from t_cold_K, reversal, back down).
 *   n_curve       reversals, evenly spread over (t_cold_K, t_hot_K), ends left out
 *   n_t           points of the way back, >= 2, evenly spaced
 *   t_K, r_ohm    out [n_curve][n_t]; point 0 is the reversal */
MHO_API mho_status mho_vo2_forc(mho_ctx *ctx, const mho_neuron_param *param, bool heating,
                                double t_cold_K, double t_hot_K, size_t n_curve, size_t n_t,
                                double *t_K, double *r_ohm) MHO_CHECK;

typedef struct mho_neuron_design {
    mho_neuron_circuit circuit;
    double rise_bias_K, rise_full_K; /* temperature over the base at z = 0 and 1 */
    double
        relu_error_rel; /* rms over z in [-1, 1] of output minus best a*max(0,z) + b, over span */
    double memory_rel;  /* largest effect of the previous evaluation (none against full scale)
                           on the output after a reset, over span */
    double v_span_V;    /* output at z = 1 minus output at z = -1 */
    double floor_rel;   /* output at z = -1 over output at z = 1 */
    double tau_s;       /* rth*cth */
    double settle_s, reset_s, read_s;
    double energy_J; /* one evaluation at z = 0: heater branch and film */
} mho_neuron_design;

/* Find bias, swing and load for which the transfer curve over z in [-1, 1] is closest to a ReLU,
 * the series resistor so that v_max_V means z_max, and the read bias from film_heat_K.
 * Cost about 0.1 s. MHO_ERR_ARG if the film has no transition above the base temperature. */
MHO_API mho_status mho_neuron_design_relu(mho_ctx *ctx, const mho_neuron_param *param,
                                          double v_max_V, double z_max,
                                          mho_neuron_design *out) MHO_CHECK;

/* Nodes of a tabulated curve: n_low intervals from z_min to z_knee, n_high from there to z_max. The
 * position of z in the table is x = (min(z,z_knee) - z_min)*n_low/(z_knee - z_min)
 *                                 + (max(z,z_knee) - z_knee)*n_high/(z_max - z_knee). */
typedef struct mho_neuron_grid {
    double z_min, z_knee, z_max;
    size_t n_low, n_high; /* n_low + n_high + 1 nodes */
} mho_neuron_grid;

/* One-time bias trim of each neuron by a DAC: the output at z_trim is brought to the nominal one.
 */
typedef struct mho_neuron_trim {
    double z_trim;  /* in (0, 1]: where it is measured */
    int n_bit;      /* 1..24 */
    double range_V; /* the DAC spans +-range_V at the amplifier output */
    double error_V; /* rms error of the measurement, at the amplifier output */
} mho_neuron_trim;

/* Random devices first..first+n_dev-1 of the chip with this seed. */
MHO_API void mho_neuron_sample(const mho_neuron_param *param, uint64_t seed, size_t first,
                               size_t n_dev, mho_neuron_device *out);

/* Trim and tabulate n_dev devices (devices first.. of the seed) at once.
 *
 *   device     in, out [n_dev]; trim_V is set by the trim, left alone where trim is NULL
 *   table      out [n_dev][n_low + n_high + 1][2]: output over v_full_V at each node, and its
 *              derivative by t_c in 1/K
 *   n_clipped  out, may be NULL: devices whose trim is out of range and got its end
 *
 * Computed along the temperature, where no iteration is needed, and read off by cubics; linear
 * interpolation between the nodes is good to 1e-4 with the chip's grid (mho_neuron_output is the
 * reference). MHO_ERR_SINGULAR names a device that runs away. Cost about 70 us per device on one
 * core. */
MHO_API mho_status mho_neuron_tables(mho_ctx *ctx, const mho_neuron_param *param,
                                     const mho_neuron_circuit *circuit, uint64_t seed, size_t first,
                                     size_t n_dev, mho_neuron_device *device,
                                     const mho_neuron_trim *trim, const mho_neuron_grid *grid,
                                     double v_full_V, float *table, size_t *n_clipped) MHO_CHECK;

/* Table of the nominal neuron, as mho_neuron_tables makes it, when the reset is missed after an
 * evaluation at full scale: every slice is on the cooling branch that starts there. */
MHO_API mho_status mho_neuron_latched_table(mho_ctx *ctx, const mho_neuron_param *param,
                                            const mho_neuron_circuit *circuit,
                                            const mho_neuron_grid *grid, double v_full_V,
                                            float *table) MHO_CHECK;

/* ---- The CBRAM synapse (conductive-bridge RAM, below the conductance quantum) -----------------
 */
#define MHO_CBRAM_PARAM_LIST(X)                                                                    \
    X(g_min_S, "S", 0, 1e-2, 1e-6, 'A', "class of subquantum CBRAM", "smallest conductance")       \
    X(g_max_S, "S", 1e-12, 1e-1, 60e-6, 'A',                                                       \
      "below G0 = 77.5 uS (Jameson et al., EDL 33, 257 (2012))", "largest conductance")            \
    X(levels, "", 2, 65536, 32, 'A', "16..32 after write-verify",                                  \
      "levels between g_min and g_max")                                                            \
    X(program_error_rel, "", 0, 0.3, 0.03, 'A', "3..5 % of full scale",                            \
      "rms error left after write-verify over g_max - g_min")                                      \
    X(attempt_error_rel, "", 0, 1, 0.08, 'A', MHO_SRC_OWN,                                         \
      "rms error of one write attempt over g_max - g_min, lognormal")                              \
    X(read_noise_rel, "", 0, 0.5, 0.01, 'A', "1 % of G",                                           \
      "read noise over G, rms, each evaluation")                                                   \
    X(v_read_V, "V", 1e-3, 2, 0.2, 'A', "reads at 0.1..0.2 V", "read voltage, full scale")         \
    X(v_write_V, "V", 1e-3, 10, 1.0, 'A', MHO_SRC_OWN, "write pulse voltage")                      \
    X(write_s, "s", 1e-12, 1, 1e-7, 'A', MHO_SRC_OWN, "write pulse duration")                      \
    X(cell_area_m2, "m2", 0, 1e-9, 4e-14, 'A', "4 F2 cell, F = 100 nm", "area of a cell")

typedef struct mho_cbram_param {
#define MHO_CBRAM_FIELD(key, unit, lo, hi, def, mark, source, help) double key;
    MHO_CBRAM_PARAM_LIST(MHO_CBRAM_FIELD)
#undef MHO_CBRAM_FIELD
} mho_cbram_param;

MHO_API mho_cbram_param mho_cbram_card(void);
MHO_API size_t mho_cbram_param_count(void);
MHO_API mho_param_info mho_cbram_param_describe(size_t k);
MHO_API double mho_cbram_param_get(const mho_cbram_param *param, size_t k);
MHO_API mho_status mho_cbram_param_set(mho_ctx *ctx, mho_cbram_param *param, size_t k,
                                       double value) MHO_CHECK;

/* What a programming run did. */
typedef struct mho_write_stats {
    size_t cells, attempts;
    double error_rel; /* rms of G minus level over g_max - g_min */
    double energy_J;  /* v_write^2 G write_s summed over attempts */
    double time_s;    /* attempts one after another */
} mho_write_stats;

/* Program n cells: targets are rounded to levels, written and verified until the error is inside
 * the window that leaves program_error_rel, at most 100 attempts. Lognormal write error.
 * target_S, g_S in, out [n] S (may be the same array). Cell k is device first + k of the seed.
 * quantise, noisy: switches for the loss budget. */
MHO_API mho_status mho_cbram_program(mho_ctx *ctx, const mho_cbram_param *param, uint64_t seed,
                                     size_t first, size_t n, const double *target_S, double *g_S,
                                     bool quantise, bool noisy, mho_write_stats *stats) MHO_CHECK;

/* ---- Cells in an array: how a device conducts when it is read ---------------------------------
 * Ohmic, or I = G sinh(a v)/a. What mho array --cell MODEL takes. */
typedef struct mho_cell_model {
    const char *name;
    double sinh_a_per_V; /* 0: ohmic */
    char mark;           /* of the law: 'P', 'C', 'A' */
    const char *source, *help;
} mho_cell_model;
MHO_API size_t mho_cell_model_count(void);
MHO_API mho_cell_model mho_cell_model_get(size_t k);

#ifdef __cplusplus
}
#endif
#endif
