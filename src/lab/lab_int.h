/* lab_int.h - the device bench: curves of single devices; devices in time: a stiff integrator with
 * events, recorded traces, a film or any model in a small circuit. Knows devices one by one; no
 * networks, no chips. */
#ifndef MHO_LAB_INT_H
#define MHO_LAB_INT_H

#include "base/base_int.h"
#include "device/device_int.h"
#include "mho/transient.h"

/* ---- recorded columns, trace.c ---- */
typedef struct mho_i_column {
    const char *name, *unit; /* text that lives as long as the program */
} mho_i_column;
enum { MHO_I_MAX_COLUMN = 24 };
struct mho_trace {
    mho_ctx *ctx;
    size_t n_column, n_row, cap;
    char name[MHO_I_MAX_COLUMN][MHO_PARAM_KEY], unit[MHO_I_MAX_COLUMN][16];
    double *x[MHO_I_MAX_COLUMN];
    mho_status status; /* first failure; later rows are dropped */
};
mho_trace *mho_i_trace_new(mho_ctx *ctx, size_t n_column, const mho_i_column *column);
void mho_i_trace_add(mho_trace *t, const double *row); /* [n_column] */

/* ---- waveforms, waveform.c ---- */
/* MHO_ERR_ARG: no points, falling times, numbers that are not finite, values below min. */
mho_status mho_i_waveform_check(mho_ctx *ctx, const char *name, const mho_waveform *w, double min);
/* Where any of the waveforms bends between 0 and stop_s: 0 first, stop_s last, rising. edge_s out
 * [2 + sum of n]; returns how many. */
size_t mho_i_waveform_edges(size_t n_wave, const mho_waveform *wave, double stop_s, double *edge_s);
/* The straight line of a waveform between two neighbouring edges: v0 + slope (t - t0). */
typedef struct mho_i_line {
    double t0_s, v0, slope;
} mho_i_line;
mho_i_line mho_i_waveform_line(const mho_waveform *w, double from_s, double to_s);
static inline double mho_i_line_at(const mho_i_line *l, double t_s) {
    return l->v0 + l->slope * (t_s - l->t0_s);
}

/* ---- stiff integration, stiff.c ---- */
enum { MHO_I_MAX_STATE = 16, MHO_I_MAX_QUAD = 12, MHO_I_MAX_ROOT = 12 };
typedef struct mho_i_stiff {
    size_t n_state, n_quad, n_root;
    const double *tol_abs;      /* [n_state] */
    const double *quad_tol_abs; /* [n_quad] */
    void *user;
    void (*rate)(void *user, double t_s, const double *y, double *dy);
    void (*quad)(void *user, double t_s, const double *y, double *dq);
    void (*root)(void *user, double t_s, const double *y, double *g);
    /* A root was crossed: found [n_root], 0 where not, else the direction; q [n_quad] the integrals
     * so far. true: the equations or the state have changed. */
    bool (*event)(void *user, double t_s, double *y, const double *q, const int *found);
    /* A part begins that ends at the next edge; y may be changed. */
    void (*part)(void *user, double from_s, double to_s, double *y);
    void (*sample)(void *user, double t_s, const double *y); /* may be NULL */
    /* after every step that is kept; NULL: steps need not be shown */
    void (*kept)(void *user, double t_s, const double *y);
} mho_i_stiff;
/* Integrate over edge_s[0] .. edge_s[n_edge-1] (from mho_i_waveform_edges), y in, out [n_state], q
 * out [n_quad] the integrals. Samples: n_sample of the whole, and both sides of each edge.
 * MHO_WARN_NOT_CONVERGED: y and q are where it gave up. */
mho_status mho_i_stiff_run(mho_ctx *ctx, const mho_i_stiff *p, const mho_transient_opt *opt,
                           size_t n_edge, const double *edge_s, double *y, double *q,
                           mho_transient_report *rep);
mho_status mho_i_transient_opt_check(mho_ctx *ctx, const mho_transient_opt *given,
                                     mho_transient_opt *out);

/* ---- the film and its temperature node, film.c ---- */
typedef struct mho_i_film {
    mho_i_neuron n;               /* resistances and branches of the slices; n.c is not used */
    double cth_J_per_K, latent_J; /* latent heat of the whole film */
} mho_i_film;
typedef struct mho_i_film_at {
    double r_ohm, c_J_per_K; /* film; heat capacity with latent heat */
    double metal;            /* mean metallic fraction */
} mho_i_film_at;
mho_status mho_i_film_init(mho_ctx *ctx, mho_i_film *f, const mho_neuron_param *p,
                           const mho_neuron_circuit *c, const mho_neuron_device *d,
                           double history_K);
mho_i_film_at mho_i_film_look(const mho_i_film *f, double rise_K);
/* All slices turn round at rise_K. */
void mho_i_film_turn(mho_i_film *f, double rise_K);
double mho_i_film_direction(const mho_i_film *f);

/* ---- a film in its circuit, film_time.c ---- */
typedef enum mho_i_film_kind { MHO_I_HEATED = 0, MHO_I_SELF_HEATED } mho_i_film_kind;
enum { MHO_I_WATCH = 3, MHO_I_MAX_TURN = 4096 };
typedef struct mho_i_film_sim {
    mho_i_film_kind kind;
    mho_i_film film;
    double rise_K, v_V; /* state, kept from run to run */
    double r_series_ohm, r_load_ohm, cap_F;
    mho_waveform heater_V, read_V; /* of the next run; times count from its start */
    /* levels whose last crossing is wanted in the next run: of the rise or of v */
    size_t n_watch;
    bool watch_rise[MHO_I_WATCH];
    double watch_level[MHO_I_WATCH], watch_last_s[MHO_I_WATCH]; /* NAN: not crossed */
    /* results of the run */
    double rise_max_K, rise_min_K;
    size_t n_spike;       /* maxima that were followed by a reversal */
    double first_spike_s; /* NAN: none */
    size_t n_turn;        /* the last of them, at least MHO_I_MAX_TURN/2 once there are so many */
    double turn_s[MHO_I_MAX_TURN];
    double turn_in_J[MHO_I_MAX_TURN]; /* delivered until then */
    mho_trace *trace;                 /* NULL: none; rows are added */
    double trace_t0_s;
    /* inside */
    mho_i_line line[2];
    double extreme_K, extreme_s, extreme_in_J; /* since the last reversal, and when */
    const mho_transient_opt *opt;
    size_t n_reversal;
} mho_i_film_sim;
extern const mho_i_column mho_i_film_columns[2][8];
mho_status mho_i_film_run(mho_ctx *ctx, mho_i_film_sim *s, double stop_s,
                          const mho_transient_opt *opt, mho_film_energy *energy,
                          mho_transient_report *rep);
/* MHO_WARN_NOT_CONVERGED if status is MHO_OK and the balance is open by more than 1e-3; stiff.c. */
mho_status mho_i_balance_check(mho_ctx *ctx, mho_status status, const char *what,
                               double residual_rel);
void mho_i_film_energy_add(mho_film_energy *sum, const mho_film_energy *part);
void mho_i_film_energy_close(mho_film_energy *e); /* residual_rel from the rest */
mho_status mho_i_neuron_param_check(mho_ctx *ctx, const mho_neuron_param *p);

/* ---- many neurons in fixed steps, bank.c and bank_kernel.c ---- */
enum { MHO_I_BANK_LANES = 32 };
/* What all devices of a bank share. */
typedef struct mho_i_bank_common {
    double t_base_K, tcr_per_K, ea_K, beta_per_K, gamma;
    double r_series_ohm, r_load_ohm, cap_F;
    double cth_J_per_K, latent_J, dead_band_K;
    double series; /* mixing law: 1 series, 0 2-D Bruggeman */
    int n_slice;
    double s[MHO_I_MAX_SLICE];
} mho_i_bank_common;
/* Devices side by side. */
typedef struct mho_i_bank_lanes {
    double r_heater_ohm[MHO_I_BANK_LANES], rth_K_per_W[MHO_I_BANK_LANES];
    double r300_ohm[MHO_I_BANK_LANES], r_metal_ohm[MHO_I_BANK_LANES];
    double t_c_K[MHO_I_BANK_LANES], half_K[MHO_I_BANK_LANES]; /* half the width of the loop */
    double rise_K[MHO_I_BANK_LANES], v_V[MHO_I_BANK_LANES], r_film_ohm[MHO_I_BANK_LANES];
    double dir[MHO_I_BANK_LANES];    /* +1 heating, -1 cooling */
    double turn_K[MHO_I_BANK_LANES]; /* rise at the last reversal */
    double extreme_K[MHO_I_BANK_LANES];
    double heater_V[MHO_I_BANK_LANES]; /* of the steps to come */
    double *pr_K;                      /* [n_slice][lanes] proximity temperature, 0: major loop */
    double *inv_pr_per_K;              /* the same: 1/pr_K, 0: major loop */
    size_t n_reversal;
} mho_i_bank_lanes;
static inline void mho_i_bank_set_branch(mho_i_bank_lanes *l, int slice, int lane, double pr_K) {
    l->pr_K[slice * MHO_I_BANK_LANES + lane] = pr_K;
    l->inv_pr_per_K[slice * MHO_I_BANK_LANES + lane] = pr_K == 0 ? 0 : 1 / pr_K;
}
/* n_step steps; lanes: all MHO_I_BANK_LANES, or with one only lane 0 with its slices as the vector.
 */
void mho_i_bank_steps(const mho_i_bank_common *c, mho_i_bank_lanes *l, size_t n_step, double dt_s,
                      double read_V, bool one);

#endif
