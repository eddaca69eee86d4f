/* synapse_time.c - what time does to written cells: drift, retention, noise of a read. The laws
 * stand in mho/synapse.h. */
#include "device_int.h"

#include <math.h>

static double clip(double x, double lo, double hi) {
    return x < lo ? lo : x > hi ? hi : x;
}

/* ln(G/g_max), with a floor where a cell is off */
static double log_x(const mho_synapse_param *p, double g_S) {
    return log(fmax(g_S / p->g_max_S, 1e-9));
}

static double drifted(const mho_synapse_param *p, double g_S, double log_t, double z) {
    double x = log_x(p, g_S);
    double mu = clip(p->drift_nu_ln * x + p->drift_nu_0, p->drift_nu_min, p->drift_nu_max);
    double sd = clip(p->drift_sd_ln * x + p->drift_sd_0, p->drift_sd_min, p->drift_sd_max);
    return g_S * exp(-fabs(mu + sd * z) * log_t);
}

static double relaxed(const mho_synapse_param *p, double g_S, double log_t, double z) {
    double range = p->g_max_S - p->g_min_S;
    if (g_S <= p->g_min_S) {
        return g_S; /* no filament to lose */
    }
    double w = clip(1 - (g_S - p->g_min_S) / range, 0, 1), s = p->retention_sd_rel * w;
    return p->g_min_S + (g_S - p->g_min_S) * exp(-p->retention_nu * w * log_t +
                                                 s * sqrt(log_t) * z - s * s * log_t / 2);
}

mho_status mho_synapse_age(mho_ctx *ctx, const mho_synapse_param *param, uint64_t seed,
                           size_t first, uint32_t round, size_t n, double *g_S, double age_s,
                           double storage_K) {
    if (!(age_s >= 0 && isfinite(age_s) && storage_K > 0 && isfinite(storage_K))) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "age %g s at %g K: a finite age of at least 0 s and a temperature above "
                          "0 K are wanted",
                          age_s, storage_K);
    }
    const mho_synapse_param *p = param;
    double arrhenius = exp(p->retention_ea_K * (1 / p->retention_ref_K - 1 / storage_K));
    double log_relax = log1p(age_s / p->retention_s * arrhenius);
    double log_drift = log(fmax(age_s / p->drift_t0_s, 1));
    bool drifts = log_drift > 0 && (p->drift_nu_max > 0 || p->drift_sd_max > 0);
    bool relaxes = log_relax > 0 && (p->retention_nu > 0 || p->retention_sd_rel > 0);
    for (size_t k = 0; k < n; k++) {
        double z;
        if (drifts) {
            mho_i_rng_normal(seed, MHO_RNG_CELL_DRIFT, (uint32_t)(first + k), round, 1, &z);
            g_S[k] = drifted(p, g_S[k], log_drift, z);
        }
        if (relaxes) {
            mho_i_rng_normal(seed, MHO_RNG_CELL_RETENTION, (uint32_t)(first + k), round, 1, &z);
            g_S[k] = relaxed(p, g_S[k], log_relax, z);
        }
    }
    return MHO_OK;
}

static double flicker_rel(const mho_synapse_param *p, double g_S, double age_s) {
    double t = fmax(age_s, p->drift_t0_s), r = p->flicker_read_s;
    double band = log((t + r) / (2 * r));
    double q = p->flicker_rel * exp(-p->flicker_exponent * log_x(p, g_S));
    return band > 0 ? fmin(q, p->flicker_max_rel) * sqrt(band) : 0;
}

static bool has_trap(const mho_synapse_param *p, uint64_t seed, size_t cell) {
    double u;
    mho_i_rng_uniform(seed, MHO_RNG_CELL_TRAP, (uint32_t)cell, 0, 1, &u);
    return u < p->telegraph_cells_frac;
}

void mho_synapse_noise_sd(const mho_synapse_param *param, uint64_t seed, size_t first, size_t n,
                          const double *g_S, double age_s, uint32_t what, double *sd_S) {
    const mho_synapse_param *p = param;
    double duty = p->telegraph_duty_frac;
    bool traps = (what & MHO_CELL_TELEGRAPH) && p->telegraph_cells_frac > 0;
    for (size_t k = 0; k < n; k++) {
        double v = what & MHO_CELL_WHITE ? p->read_noise_rel * p->read_noise_rel : 0;
        if ((what & MHO_CELL_FLICKER) && p->flicker_rel > 0) {
            double f = flicker_rel(p, g_S[k], age_s);
            v += f * f;
        }
        if (traps && has_trap(p, seed, first + k)) {
            v += duty * (1 - duty) * p->telegraph_rel * p->telegraph_rel;
        }
        sd_S[k] = g_S[k] * sqrt(v);
    }
}

void mho_synapse_read(const mho_synapse_param *param, uint64_t seed, size_t first,
                      uint32_t evaluation, size_t n, const double *g_S, double age_s, uint32_t what,
                      double *read_S) {
    const mho_synapse_param *p = param;
    double duty = p->telegraph_duty_frac;
    for (size_t k = 0; k < n; k++) {
        double z[2], u[6]; /* the uniform numbers of another block than the normal ones */
        mho_i_rng_normal(seed, MHO_RNG_CELL_READ, (uint32_t)(first + k), evaluation, 2, z);
        mho_i_rng_uniform(seed, MHO_RNG_CELL_READ, (uint32_t)(first + k), evaluation, 6, u);
        double r = what & MHO_CELL_WHITE ? p->read_noise_rel * z[0] : 0;
        if (what & MHO_CELL_FLICKER) {
            r += flicker_rel(p, g_S[k], age_s) * z[1];
        }
        if ((what & MHO_CELL_TELEGRAPH) && has_trap(p, seed, first + k)) {
            r -= p->telegraph_rel * ((u[5] < duty) - duty);
        }
        read_S[k] = g_S[k] * (1 + r);
    }
}
