/* vo2_neuron.c - the Mott activation neuron, quasi-static: equations in mho/device.h.
 *
 * The temperature rise under the wire is the natural parameter: film resistance and heater power
 * follow from it without iteration, and the amplifier output that holds it is explicit. The direct
 * solution for a given amplifier output inverts that by bracketing. */
#include "device_int.h"

#include <math.h>

/* s_i: 1 under the wire, falling linearly to the edge value; the midpoints of equal slices */
static double slice_rise(const mho_neuron_param *p, int i, int n) {
    return n == 1 ? 1 : 1 - (1 - p->slice_edge_frac) * i / (n - 1);
}

void mho_i_neuron_init(mho_i_neuron *n, const mho_neuron_param *p, const mho_neuron_circuit *c,
                       const mho_neuron_device *d, double rise_before_K) {
    n->p = p;
    n->c = c;
    n->r_heater_ohm = p->r_heater_ohm * (1 + d->r_heater_rel);
    n->rth_K_per_W = p->rth_K_per_W * (1 + d->rth_rel);
    n->r300_ohm = p->r300_ohm * exp(d->r300_log);
    n->r_metal_ohm = p->r_metal_ohm * (1 + d->r_metal_rel);
    n->trim_V = d->trim_V;
    n->n_slice = (int)p->n_slice;
    for (int i = 0; i < n->n_slice; i++) {
        n->s[i] = slice_rise(p, i, n->n_slice);
        mho_i_branch *b = &n->branch[i];
        *b = (mho_i_branch){.t_c_K = p->t_c_K + d->d_t_c_K,
                            .width_K = p->width_K * (1 + d->width_rel),
                            .beta_per_K = p->beta_per_K,
                            .gamma = p->gamma,
                            .direction = 1};
        /* history: heated on the major loop, cooled by the reset, heated again */
        double t_peak = p->t_base_K + rise_before_K * n->s[i];
        if (rise_before_K > 0) {
            mho_i_branch_reverse(b, -1, t_peak, mho_i_branch_fraction(b, t_peak));
            mho_i_branch_reverse(b, 1, p->t_base_K, mho_i_branch_fraction(b, p->t_base_K));
        }
    }
}

/* dR/dg of the 2-D Bruggeman film; other laws by a difference */
static double mix_slope(const mho_i_neuron *n, double g, double r_ins) {
    const double h = 1e-5;
    double lo = g - h < 0 ? g : g - h, hi = g + h > 1 ? g : g + h;
    return (mho_i_film_mix(n->p, hi, r_ins, n->r_metal_ohm) -
            mho_i_film_mix(n->p, lo, r_ins, n->r_metal_ohm)) /
           (hi - lo);
}

double mho_i_neuron_film_ohm(const mho_i_neuron *n, double rise_K, double *d_dtc) {
    double r = 0, slope = 0;
    for (int i = 0; i < n->n_slice; i++) {
        double t = n->p->t_base_K + rise_K * n->s[i];
        double g = mho_i_branch_fraction(&n->branch[i], t);
        double r_ins = n->r300_ohm * exp(n->p->ea_K * (1 / t - 1 / 300.0));
        r += mho_i_film_mix(n->p, g, r_ins, n->r_metal_ohm);
        if (d_dtc) {
            /* dg/dTc of the branch; the proximity term has died out where g moves */
            slope += mix_slope(n, g, r_ins) * 2 * n->p->beta_per_K * g * (1 - g);
        }
    }
    if (d_dtc) {
        *d_dtc = slope / n->n_slice;
    }
    return r / n->n_slice;
}

double mho_i_neuron_divider_V(const mho_i_neuron *n, double r_film_ohm) {
    return n->c->v_read_V * n->c->r_load_ohm / (n->c->r_load_ohm + r_film_ohm);
}

double mho_i_neuron_drive_V(const mho_i_neuron *n, double rise_K, double r_film_ohm) {
    const mho_neuron_circuit *c = n->c;
    double sum = r_film_ohm + c->r_load_ohm;
    double p_film = c->v_read_V * c->v_read_V * r_film_ohm / (sum * sum);
    double settled = 1 - exp(-n->p->settle_tau);
    double p_heater = rise_K / (settled * n->rth_K_per_W) - p_film;
    double t = n->p->t_base_K + rise_K;
    double r_h = n->r_heater_ohm * (1 + n->p->heater_tcr_per_K * (t - 300));
    double v = p_heater > 0 ? sqrt(p_heater / r_h) * (c->r_series_ohm + r_h) : -1;
    return v - n->trim_V;
}

double mho_i_neuron_rise_full_K(const mho_neuron_param *p, const mho_neuron_circuit *c) {
    double t300 =
        p->t_base_K - 300; /* heater at the base temperature: close enough for a history */
    double r_h = p->r_heater_ohm * (1 + p->heater_tcr_per_K * t300);
    double v = c->v_bias_V + c->v_swing_V, i = v / (c->r_series_ohm + r_h);
    return p->rth_K_per_W * i * i * r_h;
}

/* Smallest rise with drive(rise) = v: walk up to bracket it, then bisect with secant steps. */
static bool solve_rise(const mho_i_neuron *n, double v_in, double *rise_K) {
    const double step = 0.5; /* K: finer than any feature of the loop */
    double lo = 0, hi = step;
    double f_hi = mho_i_neuron_drive_V(n, hi, mho_i_neuron_film_ohm(n, hi, NULL)) - v_in;
    double f_lo = mho_i_neuron_drive_V(n, 0, mho_i_neuron_film_ohm(n, 0, NULL)) - v_in;
    if (f_lo >= 0) {
        *rise_K = 0;
        return true;
    }
    while (f_hi < 0) {
        if (hi > 400) {
            return false;
        }
        lo = hi;
        f_lo = f_hi;
        hi += step;
        f_hi = mho_i_neuron_drive_V(n, hi, mho_i_neuron_film_ohm(n, hi, NULL)) - v_in;
    }
    for (int k = 0; k < 200 && hi - lo > 1e-13 * hi; k++) {
        double mid = k % 3 == 2 ? 0.5 * (lo + hi) : lo - f_lo * (hi - lo) / (f_hi - f_lo);
        if (!(mid > lo && mid < hi)) {
            mid = 0.5 * (lo + hi);
        }
        double f = mho_i_neuron_drive_V(n, mid, mho_i_neuron_film_ohm(n, mid, NULL)) - v_in;
        if (f < 0) {
            lo = mid;
            f_lo = f;
        } else {
            hi = mid;
            f_hi = f;
        }
    }
    *rise_K = 0.5 * (lo + hi);
    return true;
}

mho_status mho_neuron_output(mho_ctx *ctx, const mho_neuron_param *param,
                             const mho_neuron_circuit *circuit, const mho_neuron_device *device,
                             double v_in_V, double *v_out_V, double *t_K) {
    if (!(v_in_V >= 0 && isfinite(v_in_V))) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "v_in_V = %g V: a finite voltage >= 0 is wanted",
                          v_in_V);
    }
    mho_i_neuron n;
    mho_i_neuron_init(&n, param, circuit, device, mho_i_neuron_rise_full_K(param, circuit));
    double rise;
    if (!solve_rise(&n, v_in_V, &rise)) {
        return mho_i_fail(ctx, MHO_ERR_SINGULAR,
                          "the neuron heats by more than 400 K at %g V: thermal runaway", v_in_V);
    }
    if (v_out_V) {
        *v_out_V = mho_i_neuron_divider_V(&n, mho_i_neuron_film_ohm(&n, rise, NULL));
    }
    if (t_K) {
        *t_K = param->t_base_K + rise;
    }
    return MHO_OK;
}

void mho_neuron_sample(const mho_neuron_param *p, uint64_t seed, size_t first, size_t n_dev,
                       mho_neuron_device *out) {
    for (size_t k = 0; k < n_dev; k++) {
        double z[6];
        mho_i_rng_normal(seed, MHO_RNG_NEURON_SPREAD, (uint32_t)(first + k), 0, 6, z);
        for (int j = 0; j < 6; j++) { /* a device 4.5 sd off is rejected at test */
            z[j] = fmin(fmax(z[j], -4.5), 4.5);
        }
        out[k] = (mho_neuron_device){.d_t_c_K = p->sd_t_c_K * z[0],
                                     .width_rel = fmax(p->sd_width_rel * z[1], -0.9),
                                     .r300_log = p->sd_r300_rel * z[2],
                                     .r_metal_rel = fmax(p->sd_r_metal_rel * z[3], -0.9),
                                     .r_heater_rel = fmax(p->sd_r_heater_rel * z[4], -0.9),
                                     .rth_rel = fmax(p->sd_rth_rel * z[5], -0.9)};
    }
}
