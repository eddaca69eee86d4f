/* synapse.c - writing of cells: the laws of mho/synapse.h, one cell at a time. */
#include "device_int.h"

#include <math.h>

enum { MAX_PULSE = 2000 };

/* What is the same for all cells of a call. */
typedef struct writer {
    const mho_synapse_param *p;
    mho_cbram_param cbram;
    uint64_t seed;
    uint32_t what;
    double attempt_rel, window_rel;
    mho_write_stats *stats;
} writer;

static double range_of(const mho_synapse_param *p) {
    return p->g_max_S - p->g_min_S;
}

static size_t nearest_row(const mho_synapse_param *p, double g_S) {
    size_t best = 0;
    for (size_t k = 1; k < p->n_level; k++) {
        best = fabs(p->level_S[k] - g_S) < fabs(p->level_S[best] - g_S) ? k : best;
    }
    return best;
}

static double level_of(const writer *w, double target_S) {
    if (!(w->what & MHO_CELL_LEVELS)) {
        return target_S;
    }
    return w->p->model == MHO_SYNAPSE_TABLE ? w->p->level_S[nearest_row(w->p, target_S)]
                                            : mho_i_cbram_level(&w->cbram, target_S);
}

static void count_write(const writer *w, size_t n, double g_S) {
    const mho_synapse_param *p = w->p;
    w->stats->attempts += n;
    w->stats->energy_J += (double)n * p->v_write_V * p->v_write_V * g_S * p->write_s;
}

static double write_normal(const writer *w, uint32_t cell, double level_S, double sd_S) {
    double z;
    mho_i_rng_normal(w->seed, MHO_RNG_PROGRAM, cell, 0, 1, &z);
    double g = fmax(level_S + sd_S * z, 0);
    count_write(w, 1, g);
    return g;
}

static double pcm_sd_S(const mho_synapse_param *p, double g_S) {
    double x = g_S / p->g_max_S;
    return p->g_max_S * fmax(p->program_0_rel + x * (p->program_1_rel + x * p->program_2_rel), 0);
}

/* Pulses of the average step that lead from 0 to s: inverse of s' = step exp(-bend s). */
static double pulses_to(double s, double step, double bend) {
    return bend * s < 1e-9 ? s / step : expm1(bend * s) / (bend * step);
}

/* A pulsed cell, from its lowest state. Without verification: the number of pulses that a cell
 * without spread would need. */
static double write_pulses(const writer *w, uint32_t cell, double level_S, double window_rel) {
    const mho_synapse_param *p = w->p;
    double wanted = (level_S - p->g_min_S) / range_of(p), s = 0, z[4], noise = 0;
    bool verify = w->what & MHO_CELL_VERIFY;
    size_t n =
        verify ? MAX_PULSE : (size_t)(pulses_to(fmax(wanted, 0), p->step_up_rel, p->bend_up) + 0.5);
    n = n > MAX_PULSE ? MAX_PULSE : n;
    size_t k = 0;
    for (; k < n && !(verify && fabs(s - wanted) <= window_rel); k++) {
        if (k % 4 == 0) {
            mho_i_rng_normal(w->seed, MHO_RNG_CELL_PULSE, cell, (uint32_t)(k / 4), 4, z);
        }
        noise = w->what & MHO_CELL_ERROR ? 1 + p->pulse_noise_rel * z[k % 4] : 1;
        s += s <= wanted || !verify ? p->step_up_rel * exp(-p->bend_up * s) * noise
                                    : -p->step_down_rel * exp(-p->bend_down * (1 - s)) * noise;
        s = fmin(fmax(s, 0), 1);
    }
    double g = p->g_min_S + s * range_of(p);
    count_write(w, k, g);
    return g;
}

/* Factor on the window of a cell. */
static double spread_of(const writer *w, uint32_t cell) {
    double z, sd = w->p->spread_rel;
    if (!(w->what & MHO_CELL_SPREAD) || sd == 0) {
        return 1;
    }
    mho_i_rng_normal(w->seed, MHO_RNG_CELL_SPREAD, cell, 0, 1, &z);
    return exp(sd * z - sd * sd / 2);
}

static double write_one(const writer *w, uint32_t cell, double level_S) {
    const mho_synapse_param *p = w->p;
    bool error = w->what & MHO_CELL_ERROR;
    switch (p->model) {
    case MHO_SYNAPSE_PCM:
        return write_normal(w, cell, level_S, error ? pcm_sd_S(p, level_S) : 0);
    case MHO_SYNAPSE_TABLE:
        return write_normal(w, cell, level_S, error ? p->level_sd_S[nearest_row(p, level_S)] : 0);
    case MHO_SYNAPSE_PULSED:
        if (error) {
            return write_pulses(w, cell, level_S, sqrt(3) * p->program_error_rel);
        }
        break;
    case MHO_SYNAPSE_CBRAM:
    case MHO_SYNAPSE_RRAM:
        if (error && w->attempt_rel > 0) {
            return mho_i_cbram_write(&w->cbram, w->seed, cell, level_S, w->attempt_rel,
                                     w->window_rel, w->stats);
        }
        break;
    case MHO_SYNAPSE_IDEAL:
        break;
    }
    count_write(w, 1, level_S);
    return level_S;
}

/* A verified cell is wrong only where the level lies beyond its reach; one written blindly by the
 * factor of its window. */
static double write_cell(const writer *w, uint32_t cell, double level_S) {
    double f = spread_of(w, cell);
    if (f == 1 || w->p->model == MHO_SYNAPSE_IDEAL) {
        return write_one(w, cell, level_S);
    }
    if (w->what & MHO_CELL_VERIFY) {
        return write_one(w, cell, fmin(level_S, f * w->p->g_max_S));
    }
    return f * write_one(w, cell, level_S);
}

static writer writer_of(const mho_synapse_param *p, uint64_t seed, uint32_t round, uint32_t what,
                        mho_write_stats *stats) {
    writer w = {.p = p, .cbram = mho_i_synapse_cbram(p), .what = what, .stats = stats};
    w.seed = seed ^ (uint64_t)round * 0x9E3779B97F4A7C15u; /* another draw for every round */
    w.attempt_rel = fmax(p->attempt_error_rel, p->program_error_rel);
    w.window_rel = what & MHO_CELL_VERIFY ? mho_i_verify_window(w.attempt_rel, p->program_error_rel)
                                          : HUGE_VAL;
    return w;
}

mho_status mho_synapse_program(mho_ctx *ctx, const mho_synapse_param *param, uint64_t seed,
                               size_t first, uint32_t round, size_t n, const double *target_S,
                               double *g_S, uint32_t what, mho_write_stats *stats) {
    mho_status status = mho_synapse_check(ctx, param);
    for (size_t k = 0; k < n && status == MHO_OK; k++) {
        if (!(target_S[k] >= 0 && isfinite(target_S[k]))) {
            status = mho_i_fail(ctx, MHO_ERR_ARG, "target_S[%zu] = %g S: finite and >= 0 is wanted",
                                k, target_S[k]);
        }
    }
    if (status < 0) {
        return status;
    }
    *stats = (mho_write_stats){.cells = n};
    writer w = writer_of(param, seed, round, what, stats);
    double sum2 = 0;
    for (size_t k = 0; k < n; k++) {
        double level = level_of(&w, target_S[k]);
        double g = write_cell(&w, (uint32_t)(first + k), level);
        sum2 += (g - level) * (g - level);
        g_S[k] = g;
    }
    stats->error_rel = n ? sqrt(sum2 / (double)n) / range_of(param) : 0;
    stats->time_s = (double)stats->attempts * param->write_s;
    return MHO_OK;
}

double mho_synapse_error_rel(const mho_synapse_param *param, bool verify) {
    const mho_synapse_param *p = param;
    double sum2 = 0, n = 0;
    switch (p->model) {
    case MHO_SYNAPSE_PCM: /* most weights are small: cells in the lower third of the range */
        for (double x = 0.05; x < 0.35; x += 0.05, n++) {
            double sd = pcm_sd_S(p, x * p->g_max_S) / range_of(p);
            sum2 += sd * sd;
        }
        return sqrt(sum2 / n);
    case MHO_SYNAPSE_TABLE:
        for (size_t k = 0; k < p->n_level; k++) {
            double sd = p->level_sd_S[k] / range_of(p);
            sum2 += sd * sd / (double)p->n_level;
        }
        return sqrt(sum2);
    case MHO_SYNAPSE_PULSED: /* blindly: a random walk of the pulses to half of the range */
        return verify ? p->program_error_rel : p->pulse_noise_rel * sqrt(0.5 * p->step_up_rel);
    case MHO_SYNAPSE_CBRAM:
    case MHO_SYNAPSE_RRAM:
        return verify ? p->program_error_rel : fmax(p->attempt_error_rel, p->program_error_rel);
    case MHO_SYNAPSE_IDEAL:
        break;
    }
    return 0;
}
