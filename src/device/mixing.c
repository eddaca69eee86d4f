/* mixing.c - resistance of a film that is part insulator, part metal.
 *
 *   series            R = g Ri + Rm
 *   Bruggeman, d = 2,3: effective medium (Landauer, J. Appl. Phys. 23, 779 (1952)); with metallic
 *                     fraction f = 1 - g:  s = (B + sqrt(B^2 + 4 (d-1) sm si)) / (2 (d-1)),
 *                     B = sm (d f - 1) + si (d (1-f) - 1)
 *   general effective medium (McLachlan, J. Phys. C 20, 865 (1987)): exponents s and t of the
 *                     insulating and the metallic side, threshold fc of the metallic fraction,
 *                     A = (1 - fc)/fc:
 *                       (1-f) (si^1/s - s^1/s)/(si^1/s + A s^1/s)
 *                         + f (sm^1/t - s^1/t)/(sm^1/t + A s^1/t) = 0
 *                     with s = t the Bruggeman equation in 1/fc dimensions of the conductivities
 *                     raised to 1/t */
#include "device_int.h"

#include <math.h>

static double bruggeman(double d, double f, double s_m, double s_i) {
    double b = s_m * (d * f - 1) + s_i * (d * (1 - f) - 1);
    double root = sqrt(b * b + 4 * (d - 1) * s_m * s_i);
    /* for b < 0 the plain formula would cancel */
    return b >= 0 ? (b + root) / (2 * (d - 1)) : 2 * s_m * s_i / (root - b);
}

/* Root of McLachlan's equation in the logarithm of the conductivity, where it falls from >= 0 at
 * the insulator to <= 0 at the metal: Newton inside a bracket. */
static double mclachlan(double f, double f_c, double s, double t, double r_ins, double r_met) {
    double a = (1 - f_c) / f_c, lo = -log(r_ins), hi = -log(r_met);
    if (hi < lo) { /* an "insulator" that conducts better than the metal: the fit passes there */
        double swap = lo;
        lo = hi;
        hi = swap;
    }
    double c_i = pow(r_ins, -1 / s), c_m = pow(r_met, -1 / t), x = 0.5 * (lo + hi);
    for (int k = 0; k < 100 && hi - lo > 1e-15 * (1 + fabs(x)); k++) {
        double e_s = exp(x / s), e_t = exp(x / t), d_i = c_i + a * e_s, d_m = c_m + a * e_t;
        double y = (1 - f) * (c_i - e_s) / d_i + f * (c_m - e_t) / d_m;
        double slope = -(1 - f) * c_i * (1 + a) * e_s / (s * d_i * d_i) -
                       f * c_m * (1 + a) * e_t / (t * d_m * d_m);
        if (y > 0) {
            lo = x;
        } else {
            hi = x;
        }
        double next = x - y / slope;
        if (fabs(next - x) < 1e-14 * (1 + fabs(x))) {
            return exp(-next);
        }
        x = next > lo && next < hi ? next : 0.5 * (lo + hi);
    }
    return exp(-x);
}

static double gem(double t, double ratio, double f_c, double g, double r_ins, double r_met) {
    if (ratio != 1) {
        return mclachlan(1 - g, f_c, t * ratio, t, r_ins, r_met);
    }
    return pow(bruggeman(1 / f_c, 1 - g, pow(r_met, -1 / t), pow(r_ins, -1 / t)), -t);
}

double mho_i_mix(mho_mixing mixing, double gem_exponent, double g, double r_ins_ohm,
                 double r_met_ohm) {
    switch (mixing) {
    case MHO_MIX_SERIES:
        return g * r_ins_ohm + r_met_ohm;
    case MHO_MIX_BRUGGEMAN_2D:
        return 1 / bruggeman(2, 1 - g, 1 / r_met_ohm, 1 / r_ins_ohm);
    case MHO_MIX_BRUGGEMAN_3D:
        return 1 / bruggeman(3, 1 - g, 1 / r_met_ohm, 1 / r_ins_ohm);
    case MHO_MIX_GEM:
        return gem(gem_exponent, 1, 0.5, g, r_ins_ohm, r_met_ohm);
    }
    return NAN;
}

double mho_i_film_mix(const mho_neuron_param *p, double g, double r_ins_ohm, double r_met_ohm) {
    if (p->mixing == MHO_MIX_GEM) {
        return gem(p->gem_exponent, p->gem_ratio, p->gem_threshold_frac, g, r_ins_ohm, r_met_ohm);
    }
    return mho_i_mix(p->mixing, p->gem_exponent, g, r_ins_ohm, r_met_ohm);
}
