/* mho/opto.h - the optomemristor: a non-volatile conductance x that light makes writable.
 *
 *     light       dn/dt = gen P - n/tau - recomb n^2             P over P0; n carriers, volatile
 *     conduction  I = (g_min + (g_max - g_min) x) sinh(b V)/b + g_photo n s(x) V
 *     threshold   Vp = v_p0 (1 - kappa e), Vn = v_n0 (1 - kappa e),   e = min(n, 1)
 *     write       dx/dt = eta F(V) f(V, x)    Yakopcic et al., IEEE TCAD 32, 1201 (2013)
 *                 F = rate_p (exp(V) - exp(Vp)) for V > Vp, -rate_n (exp(-V) - exp(Vn)) for V < -Vn
 *                 f = V > 0: x > x_p ? exp(-alpha_p (x - x_p)) (1 - x)/(1 - x_p) : 1
 *                     V < 0: x < 1 - x_n ? exp(alpha_n (x + x_n - 1)) x/(1 - x_n) : 1
 *     noise       a pulse's dx *= 1 + cycle_sd N;  rate_p, rate_n of a cell *= exp(cell_sd N);
 *                 a read's G *= 1 + read_sd N
 *
 * The pulses of the card lie just under the dark threshold: electricity alone writes nothing, light
 * alone writes nothing, both together write in proportion to e. Light leaves a trace in n that
 * decays with tau: the eligibility trace of a three-factor rule.
 * Marks: P published, C computed, A assumed (docs/optomemristor.md). */
#ifndef MHO_OPTO_H
#define MHO_OPTO_H

#include "mho/device.h"

#ifdef __cplusplus
extern "C" {
#endif

/* key, unit, min, max, default, mark, source, help */
#define MHO_SRC_OBLEA "Oblea et al. 2010, fitted by Yakopcic et al., TCAD 32, 1201 (2013)"
#define MHO_OPTO_PARAM_LIST(X)                                                                     \
    X(v_p0_V, "V", 1e-3, 10, 0.16, 'P', MHO_SRC_OBLEA, "positive write threshold in the dark")     \
    X(v_n0_V, "V", 1e-3, 10, 0.15, 'P', MHO_SRC_OBLEA, "negative write threshold in the dark")     \
    X(rate_p_per_s, "1/s", 0, 1e12, 4000, 'P', MHO_SRC_OBLEA, "rate of positive writing, Ap")      \
    X(rate_n_per_s, "1/s", 0, 1e12, 4000, 'P', MHO_SRC_OBLEA, "rate of negative writing, An")      \
    X(x_p, "", 0, 0.999, 0.3, 'P', MHO_SRC_OBLEA, "state above which positive writing slows")      \
    X(x_n, "", 0, 0.999, 0.5, 'P', MHO_SRC_OBLEA, "1 - x_n: state below which negative slows")     \
    X(alpha_p, "", 0, 100, 1, 'P', MHO_SRC_OBLEA, "steepness of the slowing, positive")            \
    X(alpha_n, "", 0, 100, 5, 'P', MHO_SRC_OBLEA, "steepness of the slowing, negative")            \
    X(eta, "", 0, 100, 1, 'P', MHO_SRC_OBLEA, "scale of writing")                                  \
    X(sinh_b_per_V, "1/V", 1e-6, 100, 0.05, 'P', MHO_SRC_OBLEA, "curvature of I(V), b")            \
    X(kappa, "", 0, 0.99, 0.4, 'A', MHO_SRC_OWN, "fraction of the threshold that light takes")     \
    X(tau_s, "s", 1e-6, 1e4, 1, 'A', "1..10 s in SrTiO3, 0.3..2 s in biology",                     \
      "life time of the carriers, the eligibility trace")                                          \
    X(gen_per_s, "1/s", 0, 1e9, 1, 'A', "n = 1 in steady light P0 at tau 1 s",                     \
      "carriers per second at P0")                                                                 \
    X(recomb_per_s, "1/s", 0, 1e9, 0.01, 'A', "photocurrent exponent 1 to 0.5 (Ge-As-Se 0.5..1)",  \
      "bimolecular recombination, Bn")                                                             \
    X(g_min_S, "S", 0, 1, 0.1e-6, 'A', MHO_SRC_OWN, "dark conductance at x = 0")                   \
    X(g_max_S, "S", 1e-15, 1, 5e-6, 'A', MHO_SRC_OWN, "dark conductance at x = 1")                 \
    X(g_photo_S, "S", 0, 1, 1e-6, 'A', MHO_SRC_OWN, "photoconductance at n = 1, s = 1")            \
    X(cycle_sd_rel, "", 0, 3, 0.3, 'A', "order of published presets",                              \
      "change of dx from pulse to pulse, rms")                                                     \
    X(cell_sd_rel, "", 0, 3, 0.2, 'A', "order of published presets",                               \
      "spread of the rates between cells, lognormal, median 1")                                    \
    X(read_sd_rel, "", 0, 1, 0.01, 'A', "order of published presets", "read noise over G, rms")    \
    X(v_write_p_V, "V", 0, 10, 0.159, 'A', "just under the dark threshold",                        \
      "positive write pulse")                                                                      \
    X(v_write_n_V, "V", 0, 10, 0.149, 'A', "just under the dark threshold",                        \
      "negative write pulse, magnitude")                                                           \
    X(write_s, "s", 1e-12, 10, 1e-4, 'A', MHO_SRC_OWN, "duration of a write pulse")                \
    X(v_read_V, "V", 1e-4, 10, 0.05, 'A', "below the threshold in full light", "read voltage")     \
    X(read_s, "s", 1e-12, 10, 1e-6, 'A', MHO_SRC_OWN, "duration of a read")                        \
    X(mark_power_rel, "", 0, 1e9, 100, 'A', "n = 1 after mark_s",                                  \
      "power of a marking light pulse over P0")                                                    \
    X(mark_s, "s", 1e-12, 10, 1e-2, 'A', MHO_SRC_OWN, "duration of a marking light pulse")         \
    X(p0_W, "W", 0, 1, 1e-9, 'A', "1 mW/mm2 on 1 um2", "light power P0 on one cell")               \
    X(cell_area_m2, "m2", 0, 1e-6, 1e-12, 'A', "1 um x 1 um", "area of a cell")

/* s(x): how the state changes the photoconductance. */
typedef enum mho_opto_photo {
    MHO_OPTO_PHOTO_REST = 0, /* 1 - x */
    MHO_OPTO_PHOTO_SQRT = 1, /* sqrt(G(x)/g_max), SrTiO3 */
    MHO_OPTO_PHOTO_FLAT = 2  /* 1 */
} mho_opto_photo;

/* Which factor of the three-factor rule is light. */
typedef enum mho_opto_roles {
    MHO_OPTO_LIGHT_LOCAL = 0, /* optical-local: light marks synapses, the pulse is the reward */
    MHO_OPTO_LIGHT_GLOBAL = 1 /* optical-global: light is the reward, pulses go to marked cells */
} mho_opto_roles;

typedef struct mho_opto_param {
#define MHO_OPTO_FIELD(key, unit, lo, hi, def, mark, source, help) double key;
    MHO_OPTO_PARAM_LIST(MHO_OPTO_FIELD)
#undef MHO_OPTO_FIELD
    mho_opto_photo photo;
    mho_opto_roles roles;
} mho_opto_param;

MHO_API mho_opto_param mho_opto_card(void);
MHO_API size_t mho_opto_param_count(void);
MHO_API mho_param_info mho_opto_param_describe(size_t k);
MHO_API double mho_opto_param_get(const mho_opto_param *param, size_t k);
MHO_API mho_status mho_opto_param_set(mho_ctx *ctx, mho_opto_param *param, size_t k,
                                      double value) MHO_CHECK;
/* Every range, and what goes across rows: g_min < g_max, v_read writes nothing in full light. */
MHO_API mho_status mho_opto_param_check(mho_ctx *ctx, const mho_opto_param *param) MHO_CHECK;

/* ---- One nominal cell, without noise: the equations above ------------------------------------ */
/* Carriers after duration_s in light power_rel (over P0), exact. */
MHO_API double mho_opto_carriers_after(const mho_opto_param *param, double n, double power_rel,
                                       double duration_s);
/* State after a pulse v_V; the carriers decay meanwhile from n. factor: the cell's rate over the
 * card's. Midpoint in the carriers (error O((duration/tau)^2)), RK4 in x; against a fine-step
 * reference better than 1e-6 for a pulse. */
MHO_API double mho_opto_state_after(const mho_opto_param *param, double x, double n, double v_V,
                                    double duration_s, double factor);
MHO_API double mho_opto_current_A(const mho_opto_param *param, double x, double n, double v_V);

/* ---- n cells, struct of arrays -----------------------------------------------------------------
 * Cell k is device first + k of the seed. A list holds cell numbers, each at most once; list NULL
 * means all cells (n_list is then ignored). Operations take their time: carriers of all lit cells
 * decay meanwhile. Cost grows with the list and the number of lit cells (n > 1e-6, smaller becomes
 * 0), not with n, as long as pulses stay under the dark threshold.
 * Noise is a function of (seed, device, number of the operation): no threads, no order.
 * Nothing below allocates except new; the context is touched only to note an error, so different
 * objects may be used by different threads. */
typedef struct mho_opto_cells mho_opto_cells;

/* x = 0, dark. Checks the parameters. */
MHO_API mho_status mho_opto_cells_new(mho_ctx *ctx, const mho_opto_param *param, uint64_t seed,
                                      size_t first, size_t n, mho_opto_cells **out) MHO_CHECK;
MHO_API void mho_opto_cells_free(mho_opto_cells *cells);
/* Other devices in the same object, as after new: x = x_start in [0,1], dark, accounts at 0. */
MHO_API mho_status mho_opto_cells_start(mho_opto_cells *cells, uint64_t seed, size_t first,
                                        double x_start) MHO_CHECK;
/* x[k] in [0,1] goes to cell list[k]: preparation before the experiment, costs nothing. */
MHO_API mho_status mho_opto_cells_set(mho_opto_cells *cells, size_t n_list, const uint32_t *list,
                                      const double *x) MHO_CHECK;

/* Views, valid until the cells are freed. */
MHO_API size_t mho_opto_cells_count(const mho_opto_cells *cells);
MHO_API const mho_opto_param *mho_opto_cells_param(const mho_opto_cells *cells);
MHO_API const double *mho_opto_cells_x(const mho_opto_cells *cells);        /* [n] state */
MHO_API const double *mho_opto_cells_carriers(const mho_opto_cells *cells); /* [n] */
MHO_API const double *mho_opto_cells_rate_p(const mho_opto_cells *cells);   /* [n] Ap/card's */
MHO_API const double *mho_opto_cells_rate_n(const mho_opto_cells *cells);   /* [n] An/card's */
/* Numbers of the lit cells, in no order; valid until the next operation. */
MHO_API const uint32_t *mho_opto_cells_lit(const mho_opto_cells *cells, size_t *n_lit);

/* Light power_rel (over P0, >= 0) on the cells of the list for duration_s; cell list[k] gets
 * each_rel[k] (>= 0) of it, NULL: all of it. */
MHO_API mho_status mho_opto_light(mho_opto_cells *cells, double power_rel, double duration_s,
                                  size_t n_list, const uint32_t *list,
                                  const double *each_rel) MHO_CHECK;
/* Darkness for dt_s. */
MHO_API mho_status mho_opto_wait(mho_opto_cells *cells, double dt_s) MHO_CHECK;
/* count pulses v_V (any sign) of duration_s on the cells of the list; for cell list[k] each is
 * shortened to each_rel[k] (in [0,1]) of it, NULL: full. */
MHO_API mho_status mho_opto_write(mho_opto_cells *cells, double v_V, double duration_s,
                                  uint32_t count, size_t n_list, const uint32_t *list,
                                  const double *each_rel) MHO_CHECK;
/* g_S out [n_list] (or [n]): I/V at v_read, photoconductance included, with read noise if noisy. */
MHO_API mho_status mho_opto_read(mho_opto_cells *cells, bool noisy, size_t n_list,
                                 const uint32_t *list, double *g_S) MHO_CHECK;

/* ---- The three-factor rule in pulses, roles as the parameters say ------------------------------
 * optical-local:  mark = light mark_power*local for mark_s on the list;
 *                 reward = pulses of the sign of m on all cells, list and local are ignored.
 * optical-global: mark does nothing (the trace is kept by the drivers, outside the cell);
 *                 reward = light mark_power*|m| for mark_s on all cells, then one pulse of the sign
 *                 of m, write_s*local[k] long, on each cell of the list.
 * optical-local makes ceil(|m|) pulses of |m|/ceil(|m|)*write_s each. local NULL: 1. */
MHO_API mho_status mho_opto_mark(mho_opto_cells *cells, size_t n_list, const uint32_t *list,
                                 const double *local_rel) MHO_CHECK;
MHO_API mho_status mho_opto_reward(mho_opto_cells *cells, double m_rel, size_t n_list,
                                   const uint32_t *list, const double *local_rel) MHO_CHECK;

/* What has happened since new or start. */
typedef struct mho_opto_account {
    uint64_t light_cells;  /* cells times light pulses */
    uint64_t write_cells;  /* cells times electrical pulses, changed or not */
    uint64_t change_cells; /* of those, pulses over the threshold */
    uint64_t read_cells;
    double optical_J; /* P0 power duration, summed over cells */
    double write_J;   /* V I integrated over the pulses, all cells that see them */
    double read_J;    /* v_read^2 G read_s */
    double time_s;    /* of light, waiting and pulses */
} mho_opto_account;
MHO_API mho_opto_account mho_opto_cells_account(const mho_opto_cells *cells);

#ifdef __cplusplus
}
#endif
#endif
