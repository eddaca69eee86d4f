/* mho/synapse.h - cells that hold a weight: how they are written, how they age, how they fluctuate.
 *
 * One law for all models; a model is a card of values and one way of writing. x = G/g_max, N is a
 * standard normal number, fixed for a cell (device) unless "each read" is said.
 *
 *     writing      cbram, rram   attempts with lognormal error, verified until it is within
 *                                program_error_rel
 *                  pcm           normal error, sd = g_max (program_0 + program_1 x + program_2 x^2)
 *                  pulsed        identical pulses from the lowest state, s = (G - g_min)/range:
 *                                  up    s += step_up exp(-bend_up s) (1 + pulse_noise N)
 *                                  down  s -= step_down exp(-bend_down (1 - s)) (1 + pulse_noise N)
 *                                down only where verified writing has gone too far; it ends
 *                                within sqrt(3) program_error_rel
 *                  table         the nearest level of a list, normal error with the level's sd
 *                  ideal         the target
 *     spread       a cell's window is scaled by f = exp(spread_rel N - spread_rel^2/2):
 *                  G = f target without verification; with it only the reach, f g_max, is felt
 *     drift        G(t) = G (t/t0)^-nu for t > t0, nu = |mu + sd N|, sd clipped as mu:
 *                  mu = clip(drift_nu_0 + drift_nu_ln ln x, drift_nu_min, drift_nu_max)
 *     retention    filaments relax, thin ones most; for G > g_min
 *                  G(t) - g_min = (G - g_min) exp(-retention_nu w L + r sqrt(L) N - r^2 L/2)
 *                  L = ln(1 + (t/retention) exp(ea (1/T_ref - 1/T)))
 *                  w = 1 - (G - g_min)/(g_max - g_min),  r = retention_sd w
 *     read noise   white         sd = read_noise_rel G, each read
 *                  1/f           sd = G min(flicker/x^flicker_exponent, flicker_max)
 *                                     sqrt(ln((t + t_r)/(2 t_r))), t = max(age, t0),
 *                                t_r = flicker_read_s
 *                  telegraph     a share of the cells has a trap that is full with probability p:
 *                                G loses telegraph_rel (each read), about its mean; variance
 *                                p (1 - p) telegraph_rel^2 G^2
 *     temperature  G (1 + g_tc (T - T_ref)) at the temperature of reading; T_ref: of writing
 *
 * pcm: Joshi et al., Nature Communications 11, 2473 (2020). The other laws are assumed (mark A). */
#ifndef MHO_SYNAPSE_H
#define MHO_SYNAPSE_H

#include "mho/device.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mho_synapse_model {
    MHO_SYNAPSE_CBRAM = 0,
    MHO_SYNAPSE_PCM = 1,
    MHO_SYNAPSE_RRAM = 2,
    MHO_SYNAPSE_PULSED = 3,
    MHO_SYNAPSE_TABLE = 4,
    MHO_SYNAPSE_IDEAL = 5
} mho_synapse_model;
enum { MHO_SYNAPSE_N_MODEL = 6, MHO_SYNAPSE_MAX_LEVEL = 64 };

/* key, unit, min, max, value of card cbram, mark, source, help; after those of
 * MHO_CBRAM_PARAM_LIST. What other cards have instead stands in MHO_SYNAPSE_CARD_LIST. */
#define MHO_SYNAPSE_MORE_LIST(X)                                                                   \
    X(spread_rel, "", 0, 1, 0, 'A', MHO_SRC_OWN, "device spread of a cell's window, lognormal")    \
    X(program_0_rel, "", 0, 1, 0, 'A', "none: see program_error",                                  \
      "write error of pcm over g_max, constant part")                                              \
    X(program_1_rel, "", -1, 1, 0, 'A', "none: see program_error",                                 \
      "write error of pcm over g_max, part in G/g_max")                                            \
    X(program_2_rel, "", -1, 1, 0, 'A', "none: see program_error",                                 \
      "write error of pcm over g_max, part in (G/g_max)^2")                                        \
    X(step_up_rel, "", 1e-4, 1, 0.02, 'A', "order of published pulse presets",                     \
      "first upward pulse of a pulsed cell over the range")                                        \
    X(step_down_rel, "", 1e-4, 1, 0.02, 'A', "order of published pulse presets",                   \
      "first downward pulse of a pulsed cell over the range; verified writing only")               \
    X(bend_up, "", 0, 20, 1, 'A', MHO_SRC_OWN, "upward pulses shrink by exp(-bend_up s)")          \
    X(bend_down, "", 0, 20, 1, 'A', MHO_SRC_OWN,                                                   \
      "downward pulses shrink by exp(-bend_down (1 - s))")                                         \
    X(pulse_noise_rel, "", 0, 2, 0.3, 'A', "order of published pulse presets",                     \
      "spread of a pulse over its step, from pulse to pulse")                                      \
    X(drift_t0_s, "s", 1e-9, 1e6, 1, 'A', MHO_SRC_OWN,                                             \
      "first read after writing; shorter ages count as this one")                                  \
    X(drift_nu_0, "", -1, 1, 0, 'A', "filament, see retention",                                    \
      "drift exponent at G = g_max, mean over cells")                                              \
    X(drift_nu_ln, "", -1, 1, 0, 'A', "filament, see retention",                                   \
      "change of the drift exponent with ln(G/g_max)")                                             \
    X(drift_nu_min, "", 0, 1, 0, 'A', "filament, see retention", "smallest mean drift exponent")   \
    X(drift_nu_max, "", 0, 1, 0, 'A', "filament, see retention", "largest mean drift exponent")    \
    X(drift_sd_0, "", -1, 1, 0, 'A', "filament, see retention",                                    \
      "device spread of the drift exponent at G = g_max")                                          \
    X(drift_sd_ln, "", -1, 1, 0, 'A', "filament, see retention",                                   \
      "change of that spread with ln(G/g_max)")                                                    \
    X(drift_sd_min, "", 0, 1, 0, 'A', "filament, see retention", "smallest spread of exponents")   \
    X(drift_sd_max, "", 0, 1, 0, 'A', "filament, see retention", "largest spread of exponents")    \
    X(retention_s, "s", 1e-9, 1e12, 1, 'A', MHO_SRC_OWN,                                           \
      "time from which the relaxation of filaments counts")                                        \
    X(retention_nu, "", 0, 1, 0.005, 'A', "filaments thin with time; size assumed",                \
      "mean relaxation towards g_min per ln(time), thinnest filament")                             \
    X(retention_sd_rel, "", 0, 1, 0.01, 'A', "lognormal statistics of filaments; size assumed",    \
      "broadening per sqrt(ln(time)), thinnest filament")                                          \
    X(retention_ea_K, "K", 0, 50000, 11600, 'A', "1 eV, order of filamentary cells",               \
      "activation energy of the relaxation over k_B")                                              \
    X(retention_ref_K, "K", 200, 600, 300, 'A', MHO_SRC_OWN,                                       \
      "temperature at which retention is given")                                                   \
    X(flicker_rel, "", 0, 1, 0, 'A', "in read_noise", "1/f noise over G at g_max, per unit band")  \
    X(flicker_exponent, "", 0, 2, 0, 'A', "in read_noise",                                         \
      "growth of the 1/f noise towards small G: (G/g_max)^-exponent")                              \
    X(flicker_max_rel, "", 0, 1, 0.2, 'A', "in read_noise", "largest 1/f noise over G")            \
    X(flicker_read_s, "s", 1e-12, 1, 2.5e-7, 'A', MHO_SRC_OWN,                                     \
      "time of one read: upper end of the band of the 1/f noise")                                  \
    X(telegraph_cells_frac, "", 0, 1, 0, 'A', MHO_SRC_OWN, "cells that have a telegraph trap")     \
    X(telegraph_rel, "", 0, 1, 0.05, 'A', MHO_SRC_OWN, "what a full trap takes off G")             \
    X(telegraph_duty_frac, "", 0, 1, 0.5, 'A', MHO_SRC_OWN, "share of time that a trap is full")   \
    X(g_tc_per_K, "1/K", -0.05, 0.05, -5e-4, 'A', "metallic filament, below a bulk metal's",       \
      "temperature coefficient of the conductance")

#define MHO_SRC_PCM "Joshi et al., Nat. Commun. 11, 2473 (2020)"
/* model, key, value, mark, source */
#define MHO_SYNAPSE_CARD_LIST(X)                                                                   \
    X(PCM, g_min_S, 1e-7, 'A', "reset state, class of PCM")                                        \
    X(PCM, g_max_S, 2.5e-5, 'P', MHO_SRC_PCM)                                                      \
    X(PCM, levels, 65536, 'A', "analogue")                                                         \
    X(PCM, program_error_rel, 0, 'A', "see program_0 to program_2")                                \
    X(PCM, attempt_error_rel, 0, 'A', "see program_0 to program_2")                                \
    X(PCM, read_noise_rel, 0, 'A', "see flicker")                                                  \
    X(PCM, program_0_rel, 0.0105392, 'P', MHO_SRC_PCM)                                             \
    X(PCM, program_1_rel, 0.0786, 'P', MHO_SRC_PCM)                                                \
    X(PCM, program_2_rel, -0.046924, 'P', MHO_SRC_PCM)                                             \
    X(PCM, drift_t0_s, 20, 'P', MHO_SRC_PCM)                                                       \
    X(PCM, drift_nu_0, 0.0244, 'P', MHO_SRC_PCM)                                                   \
    X(PCM, drift_nu_ln, -0.0155, 'P', MHO_SRC_PCM)                                                 \
    X(PCM, drift_nu_min, 0.049, 'P', MHO_SRC_PCM)                                                  \
    X(PCM, drift_nu_max, 0.1, 'P', MHO_SRC_PCM)                                                    \
    X(PCM, drift_sd_0, -0.0059, 'P', MHO_SRC_PCM)                                                  \
    X(PCM, drift_sd_ln, -0.0125, 'P', MHO_SRC_PCM)                                                 \
    X(PCM, drift_sd_min, 0.008, 'P', MHO_SRC_PCM)                                                  \
    X(PCM, drift_sd_max, 0.045, 'P', MHO_SRC_PCM)                                                  \
    X(PCM, retention_nu, 0, 'A', "see drift")                                                      \
    X(PCM, retention_sd_rel, 0, 'A', "see drift")                                                  \
    X(PCM, flicker_rel, 0.0088, 'P', MHO_SRC_PCM)                                                  \
    X(PCM, flicker_exponent, 0.65, 'P', MHO_SRC_PCM)                                               \
    X(PCM, flicker_max_rel, 0.2, 'P', MHO_SRC_PCM)                                                 \
    X(PCM, flicker_read_s, 2.5e-7, 'P', MHO_SRC_PCM)                                               \
    X(PCM, g_tc_per_K, 2e-3, 'A', "thermally activated conduction, partly crystalline")            \
    X(RRAM, g_min_S, 1.1111111111111111e-6, 'P', "off/on 150, default of NeuroSim")                \
    X(RRAM, g_max_S, 1.6666666666666666e-4, 'P', "on 6 kohm, default of NeuroSim")                 \
    X(RRAM, levels, 16, 'A', "after write-verify")                                                 \
    X(RRAM, program_error_rel, 0.04, 'A', "3..5 % of full scale")                                  \
    X(RRAM, attempt_error_rel, 0.12, 'A', MHO_SRC_OWN)                                             \
    X(RRAM, retention_sd_rel, 0.02, 'A', "oxide relaxes more than a metal filament; assumed")      \
    X(RRAM, telegraph_cells_frac, 0.2, 'A', MHO_SRC_OWN)                                           \
    X(RRAM, g_tc_per_K, 5e-4, 'A', "weakly activated conduction of oxide filaments")               \
    X(PULSED, spread_rel, 0.05, 'A', MHO_SRC_OWN)                                                  \
    X(PULSED, levels, 65536, 'A', "analogue")                                                      \
    X(PULSED, program_error_rel, 0.02, 'A', MHO_SRC_OWN)                                           \
    X(TABLE, levels, 65536, 'A', "the list of levels counts")                                      \
    X(IDEAL, levels, 65536, 'A', "a number")                                                       \
    X(IDEAL, program_error_rel, 0, 'A', "a number")                                                \
    X(IDEAL, attempt_error_rel, 0, 'A', "a number")                                                \
    X(IDEAL, read_noise_rel, 0, 'A', "a number")                                                   \
    X(IDEAL, retention_nu, 0, 'A', "a number")                                                     \
    X(IDEAL, retention_sd_rel, 0, 'A', "a number")                                                 \
    X(IDEAL, g_tc_per_K, 0, 'A', "a number")

typedef struct mho_synapse_param {
#define MHO_SYNAPSE_FIELD(key, unit, lo, hi, def, mark, source, help) double key;
    MHO_CBRAM_PARAM_LIST(MHO_SYNAPSE_FIELD)
    MHO_SYNAPSE_MORE_LIST(MHO_SYNAPSE_FIELD)
#undef MHO_SYNAPSE_FIELD
    mho_synapse_model model;
    size_t n_level;                        /* of model table */
    double level_S[MHO_SYNAPSE_MAX_LEVEL]; /* rising */
    double level_sd_S[MHO_SYNAPSE_MAX_LEVEL];
} mho_synapse_param;

MHO_API const char *mho_synapse_model_name(mho_synapse_model model); /* "cbram", "pcm" ... */
MHO_API mho_synapse_param mho_synapse_card(mho_synapse_model model);
/* Parameter list: the rows of MHO_CBRAM_PARAM_LIST, then those of MHO_SYNAPSE_MORE_LIST. Mark and
 * source are those of the model's card. */
MHO_API size_t mho_synapse_param_count(void);
MHO_API mho_param_info mho_synapse_param_describe(size_t k, mho_synapse_model model);
MHO_API double mho_synapse_param_get(const mho_synapse_param *param, size_t k);
MHO_API mho_status mho_synapse_param_set(mho_ctx *ctx, mho_synapse_param *param, size_t k,
                                         double value) MHO_CHECK;
/* Relations: g_min < g_max; a model table has at least two rising levels with sd >= 0, the other
 * models none. */
MHO_API mho_status mho_synapse_check(mho_ctx *ctx, const mho_synapse_param *param) MHO_CHECK;

/* Rough rms error of a written cell over g_max - g_min, for training against it. */
MHO_API double mho_synapse_error_rel(const mho_synapse_param *param, bool verify);

/* What a call takes part in; the rest is left out. */
enum {
    MHO_CELL_LEVELS = 1u, /* targets are rounded to levels (table: to its list) */
    MHO_CELL_ERROR = 2u,  /* write errors */
    MHO_CELL_SPREAD = 4u, /* device spread of the windows */
    MHO_CELL_VERIFY = 8u, /* write, read, write again */
    MHO_CELL_WHITE = 16u, /* noise of a read, in three parts */
    MHO_CELL_FLICKER = 32u,
    MHO_CELL_TELEGRAPH = 64u
};

/* Write n cells. target_S, g_S in, out [n] S (may be the same array), targets finite and >= 0. Cell
 * k is device first + k of the seed; the same write of the same cell has the same error, so a cell
 * that is written again gets round + 1. stats->error_rel is against the level wanted.
 * Cost about 0.2 us a write attempt. */
MHO_API mho_status mho_synapse_program(mho_ctx *ctx, const mho_synapse_param *param, uint64_t seed,
                                       size_t first, uint32_t round, size_t n,
                                       const double *target_S, double *g_S, uint32_t what,
                                       mho_write_stats *stats) MHO_CHECK;

/* Conductances age_s after they were written, stored at storage_K: drift and retention.
 * g_S in, out [n] S. age_s >= 0. */
MHO_API mho_status mho_synapse_age(mho_ctx *ctx, const mho_synapse_param *param, uint64_t seed,
                                   size_t first, uint32_t round, size_t n, double *g_S,
                                   double age_s, double storage_K) MHO_CHECK;

/* sd of the noise of one read of each cell: sd_S out [n] S; what: MHO_CELL_WHITE, _FLICKER,
 * _TELEGRAPH. Telegraph noise is that of the cells that have a trap. */
MHO_API void mho_synapse_noise_sd(const mho_synapse_param *param, uint64_t seed, size_t first,
                                  size_t n, const double *g_S, double age_s, uint32_t what,
                                  double *sd_S);

/* One read of each cell, the evaluation-th: read_S out [n] S. */
MHO_API void mho_synapse_read(const mho_synapse_param *param, uint64_t seed, size_t first,
                              uint32_t evaluation, size_t n, const double *g_S, double age_s,
                              uint32_t what, double *read_S);

#ifdef __cplusplus
}
#endif
#endif
