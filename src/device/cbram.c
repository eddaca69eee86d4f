/* cbram.c - conductive-bridge synapse: write-verify programming to discrete levels.
 *
 * One write attempt lands on a lognormal of the shifted conductance,
 *     G + c = (target + c) exp(s z - s^2/2),  c = (g_max - g_min)/4,
 * with s such that the rms error is attempt_error_rel of the range at any target; G stays above a
 * tenth of g_min. Verify accepts errors inside +-w; w is what leaves program_error_rel rms in a
 * normal law of the attempt error cut at +-w. A cell that was never accepted keeps its best
 * attempt. */
#include "device_int.h"

#include <math.h>

enum { MAX_ATTEMPT = 100 };

/* rms of a standard normal cut at +-a */
static double cut_rms(double a) {
    double phi = exp(-a * a / 2) / sqrt(2 * MHO_PI), inside = erf(a / sqrt(2));
    return sqrt(fmax(1 - 2 * a * phi / inside, 0));
}

double mho_i_verify_window(double attempt_rel, double wanted_rel) {
    if (wanted_rel >= attempt_rel) {
        return HUGE_VAL;
    }
    double lo = 1e-6, hi = 10;
    for (int k = 0; k < 80; k++) {
        double mid = 0.5 * (lo + hi);
        if (cut_rms(mid) * attempt_rel < wanted_rel) {
            lo = mid;
        } else {
            hi = mid;
        }
    }
    return lo * attempt_rel;
}

double mho_i_cbram_level(const mho_cbram_param *p, double g_S) {
    double step = (p->g_max_S - p->g_min_S) / (p->levels - 1);
    double k = floor((g_S - p->g_min_S) / step + 0.5);
    k = k < 0 ? 0 : k > p->levels - 1 ? p->levels - 1 : k;
    return p->g_min_S + k * step;
}

double mho_i_cbram_write(const mho_cbram_param *p, uint64_t seed, uint32_t cell, double target_S,
                         double attempt_rel, double window_rel, mho_write_stats *stats) {
    double range = p->g_max_S - p->g_min_S, c = range / 4, best = target_S, best_error = HUGE_VAL;
    double ratio = attempt_rel * range / (target_S + c), s = sqrt(log(1 + ratio * ratio));
    for (uint32_t k = 0; k < MAX_ATTEMPT; k += 4) {
        double z[4];
        mho_i_rng_normal(seed, MHO_RNG_PROGRAM, cell, k / 4, 4, z);
        for (int j = 0; j < 4; j++) {
            double g = (target_S + c) * exp(s * z[j] - s * s / 2) - c;
            g = fmax(g, 0.1 * p->g_min_S);
            double error = fabs(g - target_S);
            stats->attempts++;
            stats->energy_J += p->v_write_V * p->v_write_V * g * p->write_s;
            if (error < best_error) {
                best_error = error;
                best = g;
            }
            if (error <= window_rel * range) {
                return g;
            }
        }
    }
    return best;
}

mho_status mho_cbram_program(mho_ctx *ctx, const mho_cbram_param *param, uint64_t seed,
                             size_t first, size_t n, const double *target_S, double *g_S,
                             bool quantise, bool noisy, mho_write_stats *stats) {
    double range = param->g_max_S - param->g_min_S;
    if (!(range > 0)) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "g_min = %g S is not below g_max = %g S",
                          param->g_min_S, param->g_max_S);
    }
    double attempt = fmax(param->attempt_error_rel, param->program_error_rel);
    double window = mho_i_verify_window(attempt, param->program_error_rel);
    *stats = (mho_write_stats){.cells = n};
    double sum2 = 0;
    for (size_t k = 0; k < n; k++) {
        if (!(target_S[k] >= 0 && isfinite(target_S[k]))) {
            return mho_i_fail(ctx, MHO_ERR_ARG, "target_S[%zu] = %g S: finite and >= 0 is wanted",
                              k, target_S[k]);
        }
        double level = quantise ? mho_i_cbram_level(param, target_S[k]) : target_S[k], g = level;
        if (noisy && attempt > 0) {
            g = mho_i_cbram_write(param, seed, (uint32_t)(first + k), level, attempt, window,
                                  stats);
        } else {
            stats->attempts++;
            stats->energy_J += param->v_write_V * param->v_write_V * g * param->write_s;
        }
        sum2 += (g - level) * (g - level);
        g_S[k] = g;
    }
    stats->error_rel = n ? sqrt(sum2 / (double)n) / range : 0;
    stats->time_s = (double)stats->attempts * param->write_s;
    return MHO_OK;
}
