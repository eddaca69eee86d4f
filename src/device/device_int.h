/* device_int.h - physics of single nanodevices: hysteresis, mixing laws, the Mott neuron, CBRAM,
 * the optomemristor.
 * Knows nothing of matrices, arrays or networks. */
#ifndef MHO_DEVICE_INT_H
#define MHO_DEVICE_INT_H

#include "base/base_int.h"
#include "mho/device.h"
#include "mho/opto.h"
#include "mho/synapse.h"

/* ---- cards.c ---- */
/* Name in files of a field: "rth_K_per_W" with unit "K/W" gives "rth"; _rel and _frac of pure
 * numbers go too, _ratio stays because a bare noun would not say what is meant. */
void mho_i_param_key(const char *field, const char *unit, char key[MHO_PARAM_KEY]);
/* MHO_ERR_ARG names key, value and what is allowed; NaN is never allowed. */
mho_status mho_i_param_check(mho_ctx *ctx, const char *field, const char *unit, double value,
                             double min, double max);

/* One number with its unit as files have it: a share in percent, prefixes where people use them.
 * digits 0: as many as it takes to come back to the same bits. Returns buf. value_text.c */
char *mho_i_value_text(const char *unit, bool share, double value, int digits, char *buf,
                       size_t n_buf);

/* ---- hysteresis (L2P), hysteresis.c ---- */
/* The major loop and the branch that a reversal at (t_r, g_r) started; direction +1 heating. */
typedef struct mho_i_branch {
    double t_c_K, width_K, beta_per_K, gamma;
    double direction;
    double t_r_K;  /* temperature of the reversal */
    double t_pr_K; /* proximity temperature at the reversal; 0: on the major loop */
} mho_i_branch;
/* Insulating fraction in (0,1) at t_K on the branch. */
double mho_i_branch_fraction(const mho_i_branch *b, double t_K);
/* Start a branch in direction at (t_r_K, g_r); g_r is clipped to (1e-9, 1 - 1e-9). */
void mho_i_branch_reverse(mho_i_branch *b, double direction, double t_r_K, double g_r);

/* ---- mixing laws, mixing.c ---- */
/* Resistance of a film with insulating fraction g between r_ins and r_met (ohm). */
double mho_i_mix(mho_mixing mixing, double gem_exponent, double g, double r_ins_ohm,
                 double r_met_ohm);
/* The same by all parameters of a card, with threshold and second exponent of the general effective
 * medium; r_ins and r_met are given because they differ from device to device. */
double mho_i_film_mix(const mho_neuron_param *p, double g, double r_ins_ohm, double r_met_ohm);

/* Resistance R and its derivatives by g and by r_ins, analytic. mix_slope.c */
double mho_i_film_mix_slopes(const mho_neuron_param *p, double g, double r_ins_ohm,
                             double r_met_ohm, double *dr_dg, double *dr_dins);
/* Fraction on a branch with its first and second derivative by the temperature. mix_slope.c */
double mho_i_branch_slopes(const mho_i_branch *b, double t_K, double *dg_dt, double *d2g_dt2);

/* ---- the film with its history, vo2_film.c ---- */
typedef struct mho_i_history {
    mho_i_branch branch;
    double dead_band_K;
    double t_ext_K, g_ext; /* furthest point of the present direction */
    bool moved;            /* false: the first move has not shown the direction yet */
    size_t n_reversal;
} mho_i_history;
/* On the major loop at t_K, heating or cooling as the first move says. */
void mho_i_history_init(mho_i_history *h, const mho_neuron_param *p, double dead_band_K,
                        double t_K);
/* The temperature has gone to t_K in one direction; returns the insulating fraction there. */
double mho_i_history_step(mho_i_history *h, double t_K);
/* Insulator at t_K: r300 exp(ea (1/T - 1/300 K)). */
double mho_i_film_insulator_ohm(const mho_neuron_param *p, double t_K);
/* Fraction of the major branch (direction +1 heating, -1 cooling). */
double mho_i_film_major(const mho_neuron_param *p, double direction, double t_K);

/* ---- the neuron, vo2_neuron.c: everything about one device, derived once ---- */
enum { MHO_I_MAX_SLICE = 64 };
typedef struct mho_i_neuron {
    const mho_neuron_param *p;
    const mho_neuron_circuit *c;
    double r_heater_ohm, rth_K_per_W, r300_ohm, r_metal_ohm, trim_V;
    int n_slice;
    double s[MHO_I_MAX_SLICE];            /* temperature rise of a slice over that under the wire */
    mho_i_branch branch[MHO_I_MAX_SLICE]; /* heating branch after the reset */
} mho_i_neuron;
/* rise_before_K: temperature rise under the wire that the evaluation before the reset reached. */
void mho_i_neuron_init(mho_i_neuron *n, const mho_neuron_param *p, const mho_neuron_circuit *c,
                       const mho_neuron_device *d, double rise_before_K);
/* Film resistance at temperature rise rise_K under the wire; d_dtc (may be NULL): by t_c, ohm/K. */
double mho_i_neuron_film_ohm(const mho_i_neuron *n, double rise_K, double *d_dtc);
/* The same for n_rise rises at once, vectorised with fast transcendental functions (relative error
 * below 1e-12); d_dtc out [n_rise]. neuron_kernel.c */
void mho_i_neuron_film_many(const mho_i_neuron *n, int n_rise, const double *rise_K, double *r_ohm,
                            double *d_dtc);
/* Amplifier output that holds the rise, trim taken off; < 0 if the film alone heats more. */
double mho_i_neuron_drive_V(const mho_i_neuron *n, double rise_K, double r_film_ohm);
double mho_i_neuron_divider_V(const mho_i_neuron *n, double r_film_ohm);
/* Rise that the reset is assumed to come from: full scale of the nominal device. */
double mho_i_neuron_rise_full_K(const mho_neuron_param *p, const mho_neuron_circuit *c);

/* ---- transfer curve along the temperature, neuron_curve.c ---- */
enum { MHO_I_N_RISE = 160 };
typedef struct mho_i_curve {
    double v_in[MHO_I_N_RISE], v_out[MHO_I_N_RISE], d_dtc[MHO_I_N_RISE];
    double slope[MHO_I_N_RISE], slope_dtc[MHO_I_N_RISE]; /* d/dv_in */
} mho_i_curve;
/* Fills the curve up to amplifier output v_top_V. false: v_in is not monotone (thermal runaway). */
bool mho_i_curve_make(const mho_i_neuron *n, double v_top_V, mho_i_curve *out);
double mho_i_curve_at(const mho_i_curve *c, double v_in, double *d_dtc, int *hint);

/* ---- CBRAM, cbram.c ---- */
/* Half-width of the verify window over the range that leaves wanted_rel of attempts with
 * attempt_rel. */
double mho_i_verify_window(double attempt_rel, double wanted_rel);
double mho_i_cbram_level(const mho_cbram_param *p, double g_S); /* nearest level, S */
/* Write and verify one cell; attempts and energy are added up. */
double mho_i_cbram_write(const mho_cbram_param *p, uint64_t seed, uint32_t cell, double target_S,
                         double attempt_rel, double window_rel, mho_write_stats *stats);

/* ---- synapse.c ---- */
mho_cbram_param mho_i_synapse_cbram(const mho_synapse_param *p); /* the part that cbram.c knows */

/* ---- optomemristor, opto.c ---- */
/* Exact step of dn/dt = gen P - n/tau - recomb n^2 over a fixed time:
 * n' = end + u decay/(1 + bend u), u = n - end. */
typedef struct mho_i_opto_step {
    double end, decay, bend;
} mho_i_opto_step;
mho_i_opto_step mho_i_opto_step_make(const mho_opto_param *p, double power_rel, double duration_s);
double mho_i_opto_step_take(const mho_i_opto_step *s, double n);
/* Does a pulse change anything at carriers n? */
bool mho_i_opto_writes(const mho_opto_param *p, double n, double v_V);
/* State after a pulse that writes; n_mid: carriers at its middle. */
double mho_i_opto_state_after(const mho_opto_param *p, double x, double n, double n_mid, double v_V,
                              double duration_s, double factor);
/* s(x) */
double mho_i_opto_photo(const mho_opto_param *p, double x);

#endif
