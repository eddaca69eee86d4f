/* mixing.c - resistance of a film that is part insulator, part metal.
 *
 *   series            R = g Ri + Rm
 *   Bruggeman, d = 2,3: effective medium (Landauer, J. Appl. Phys. 23, 779 (1952)); with metallic
 *                     fraction f = 1 - g:  s = (B + sqrt(B^2 + 4 (d-1) sm si)) / (2 (d-1)),
 *                     B = sm (d f - 1) + si (d (1-f) - 1)
 *   general effective medium (McLachlan, J. Phys. C 20, 865 (1987)) with s = t, fc = 1/2:
 *                     the Bruggeman equation of the conductivities raised to 1/t */
#include "device_int.h"

#include <math.h>

static double bruggeman(double d, double f, double s_m, double s_i) {
    double b = s_m * (d * f - 1) + s_i * (d * (1 - f) - 1);
    double root = sqrt(b * b + 4 * (d - 1) * s_m * s_i);
    /* for b < 0 the plain formula would cancel */
    return b >= 0 ? (b + root) / (2 * (d - 1)) : 2 * s_m * s_i / (root - b);
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
        return pow(bruggeman(2, 1 - g, pow(r_met_ohm, -1 / gem_exponent),
                             pow(r_ins_ohm, -1 / gem_exponent)),
                   -gem_exponent);
    }
    return NAN;
}
