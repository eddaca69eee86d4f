/* dendrite_yield.c - how many dendritic neurons work when conductances spread: random neurons, and
 * for XOR the integral over the lognormal laws.
 *
 * Branch k of the XOR neuron has r = gL/gE and w = gI/gE; alone it gives V = 1/(1 + r), shunted
 * V = 1/(1 + r + w), over V0. The neuron works if both branches alone exceed the threshold t, which
 * is r < 1/t - 1 with ln r normal of deviation spread sqrt 2, and the sum of the shunted ones does
 * not. F(v) = P(r < 1/t - 1 and V < v) takes two integrals (excitation, leak); the third, over the
 * shunt, is an error function. The sum of two branches is a convolution of F with itself. */
#include "base/base_int.h"
#include "mho/dendrite.h"

#include <math.h>

enum { N_V = 200, N_Z = 60, PART = 4, MAX_SEED = 1000 };
#define Z_MAX 7.0 /* standard deviations that are integrated over */

/* ---- random neurons ---- */

static void spread_branches(const mho_dendrite *from, double spread, uint64_t seed, uint32_t neuron,
                            mho_dendrite *to) {
    double z[PART * MHO_DENDRITE_MAX_BRANCH];
    mho_i_rng_normal(seed, MHO_RNG_DENDRITE, neuron, 0, PART * from->n_branch, z);
    to->n_bit = from->n_bit;
    to->n_branch = from->n_branch;
    for (size_t k = 0; k < from->n_branch; k++) {
        mho_dendrite_branch *b = &to->branch[k];
        *b = from->branch[k];
        b->excite_S *= exp(spread * z[PART * k]);
        b->leak_S *= exp(spread * z[PART * k + 1]);
        b->shunt_S *= exp(spread * z[PART * k + 2]);
        b->couple_S *= exp(spread * z[PART * k + 3]);
    }
}

mho_status mho_dendrite_yield(mho_ctx *ctx, const mho_dendrite *dendrite, double threshold_rel,
                              double spread, uint64_t seed, size_t first, size_t n_neuron,
                              double *yield) {
    if (!(spread >= 0 && spread <= 2)) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "spread = %g: allowed are 0 to 2", spread);
    }
    if (n_neuron < 1 || first > UINT32_MAX || n_neuron > UINT32_MAX - first) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "%zu neurons from %zu on: 1 or more, numbers up to %u",
                          n_neuron, first, UINT32_MAX);
    }
    size_t works = 0;
    for (size_t k = 0; k < n_neuron; k++) {
        mho_dendrite neuron;
        spread_branches(dendrite, spread, seed, (uint32_t)(first + k), &neuron);
        bool good = true;
        for (uint32_t p = 0; good && p < 1u << neuron.n_bit; p++) {
            double y;
            mho_status status = mho_dendrite_output(ctx, &neuron, 1, p, &y);
            if (status != MHO_OK) {
                return status;
            }
            good = (__builtin_popcount(p) & 1) == (y > threshold_rel);
        }
        works += good;
    }
    *yield = (double)works / (double)n_neuron;
    return MHO_OK;
}

/* ---- XOR by formula ---- */

mho_xor_closed mho_xor_closed_form(double rho) {
    double y10 = 0.5, y11 = 1 / (1 + rho);
    return (mho_xor_closed){y10, y11, (y10 + y11) / 2, (y10 - y11) / 2};
}

/* standard normal distribution */
static double below(double z) {
    return 0.5 * erfc(-z / sqrt(2));
}

double mho_xor_yield_bound(double rho, double spread) {
    double limit = log(1 / mho_xor_closed_form(rho).threshold_rel - 1);
    double p = spread > 0 ? below(limit / (spread * sqrt(2))) : limit > 0;
    return p * p;
}

/* weight of point k of Simpson's rule on 0..N_Z, over the step */
static double simpson(int k) {
    return (k == 0 || k == N_Z ? 1 : k % 2 ? 4 : 2) / 3.0;
}

static double density(double z) {
    return exp(-z * z / 2) / sqrt(2 * MHO_PI);
}

/* P(r < r_max and 1/(1 + r + w) < v) */
static double shunted_below(double v, double r_max, double rho, double s) {
    double sum = 0, h_e = 2 * Z_MAX / N_Z;
    for (int i = 0; i <= N_Z; i++) {
        double z_e = -Z_MAX + i * h_e;
        double top = fmin(z_e + log(r_max) / s, Z_MAX), h_l = (top + Z_MAX) / N_Z, inner = 0;
        if (h_l <= 0) {
            continue;
        }
        for (int j = 0; j <= N_Z; j++) {
            double z_l = -Z_MAX + j * h_l, r = exp(s * (z_l - z_e)), w = 1 / v - 1 - r;
            double above = w > 0 ? below(-(z_e + log(w / (2 * rho)) / s)) : 1;
            inner += simpson(j) * density(z_l) * above;
        }
        sum += simpson(i) * density(z_e) * inner * h_l;
    }
    return sum * h_e;
}

mho_status mho_xor_yield_integral(mho_ctx *ctx, double rho, double spread, double *yield) {
    if (!(rho > 1 && rho <= 1000)) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "rho = %g: XOR works above 1 (shunt above leak and excitation), up to "
                          "1000",
                          rho);
    }
    if (!(spread >= 0 && spread <= 2)) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "spread = %g: allowed are 0 to 2", spread);
    }
    double t = mho_xor_closed_form(rho).threshold_rel, r_max = 1 / t - 1;
    if (spread < 1e-3) { /* thousands of deviations from failing, unless rho is next to 1 */
        *yield = mho_xor_yield_bound(rho, spread);
        return MHO_OK;
    }
    double f[N_V + 1] = {0}, alone = below(log(r_max) / (spread * sqrt(2))), fail = 0;
    for (int k = 1; k <= N_V; k++) {
        f[k] = shunted_below(t * k / N_V, r_max, rho, spread);
    }
    for (int k = 0; k < N_V; k++) { /* V1 in this interval, V1 + V2 over the threshold */
        double other = 0.5 * (f[N_V - k] + f[N_V - k - 1]);
        fail += (f[k + 1] - f[k]) * (alone - other);
    }
    fail += (alone - f[N_V]) * alone;
    *yield = alone * alone - fail;
    return MHO_OK;
}

/* ---- the study ---- */

static mho_status study_point(mho_ctx *ctx, const mho_dendrite *xor2, const mho_xor_result *r,
                              mho_xor_point *p) {
    double sum = 0, sum2 = 0;
    for (size_t k = 0; k < r->n_seed; k++) {
        double y = 0;
        mho_status status =
            mho_dendrite_yield(ctx, xor2, r->circuit.threshold_V / r->design.v0_V, p->spread,
                               r->seed, k * r->n_neuron, r->n_neuron, &y);
        if (status != MHO_OK) {
            return status;
        }
        sum += y;
        sum2 += y * y;
    }
    double n = (double)r->n_seed;
    p->yield = sum / n;
    p->yield_sd = n > 1 ? sqrt(fmax(sum2 - sum * sum / n, 0) / (n - 1)) : 0;
    p->bound = mho_xor_yield_bound(r->design.rho, p->spread);
    return mho_xor_yield_integral(ctx, r->design.rho, p->spread, &p->integral);
}

mho_status mho_xor_study(mho_ctx *ctx, const mho_opto_param *param, double rho, uint64_t seed,
                         size_t n_seed, size_t n_neuron, const double *spread, size_t n_point,
                         mho_xor_result *out) {
    if (n_seed < 1 || n_seed > MAX_SEED || n_point > MHO_XOR_MAX_POINT) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "%zu seeds, %zu spreads: 1 to %d and 0 to %d", n_seed,
                          n_point, MAX_SEED, MHO_XOR_MAX_POINT);
    }
    mho_xor_result r = {.n_seed = n_seed, .n_neuron = n_neuron, .n_point = n_point, .seed = seed};
    mho_dendrite xor2;
    mho_status status = mho_dendrite_design_rho(ctx, param, rho, &r.design);
    status = status == MHO_OK ? mho_dendrite_parity(ctx, &r.design, 2, &xor2) : status;
    if (status != MHO_OK) {
        return status;
    }
    r.closed = mho_xor_closed_form(rho);
    status = mho_dendrite_separate(ctx, &xor2, r.design.v0_V, r.y_circuit_V, &r.circuit);
    if (status == MHO_OK) {
        status = mho_dendrite_separate_cells(ctx, param, &r.design, &xor2, seed, false, r.y_cells_V,
                                             &r.cells, &r.optical_J);
    }
    for (size_t k = 0; status == MHO_OK && k < n_point; k++) {
        r.point[k].spread = spread[k];
        status = study_point(ctx, &xor2, &r, &r.point[k]);
        if (status == MHO_OK) {
            status = mho_i_progress(ctx, "random neurons", (double)(k + 1) / (double)n_point);
        }
    }
    if (status == MHO_OK) {
        *out = r;
    }
    return status;
}
