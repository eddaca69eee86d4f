/* study_sample.c - where the points of a drawn study lie.
 *
 * Halton's sequence (Numerische Mathematik 2, 84 (1960)) gives coordinate j of point i by the
 * digits of i in the j-th prime base, mirrored at the point. Plain, its higher coordinates are
 * badly correlated; here every digit place of every coordinate has a random permutation of its
 * digits, as proposed by Owen ("A randomized Halton algorithm in R", arXiv:1706.02808 (2017)).
 * Permutations are a function of (seed, coordinate, place): point i is the same however many points
 * there are. */
#include "sweep_int.h"

#include <string.h>

void mho_i_sample_random(uint64_t seed, size_t n_point, size_t n_axis, double *u) {
    for (size_t k = 0; k < n_axis; k++) {
        for (size_t p = 0; p < n_point; p += 64) {
            double part[64];
            size_t n = n_point - p < 64 ? n_point - p : 64;
            mho_i_rng_uniform(seed, MHO_RNG_SWEEP_SAMPLE, (uint32_t)k, (uint32_t)(p / 64), n, part);
            for (size_t j = 0; j < n; j++) {
                u[(p + j) * n_axis + k] = part[j];
            }
        }
    }
}

static const unsigned primes[MHO_I_MAX_AXIS] = {2,  3,  5,  7,  11, 13, 17, 19, 23, 29, 31, 37,
                                                41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89};
enum { MAX_BASE = 89, MAX_PLACE = 52 };

/* A permutation of 0..base-1 by Fisher and Yates. */
static void permutation(uint64_t seed, size_t axis, size_t place, unsigned base, uint8_t *out) {
    double u[MAX_BASE];
    mho_i_rng_uniform(seed, MHO_RNG_SWEEP_DIGIT, (uint32_t)axis, (uint32_t)place, base, u);
    for (unsigned k = 0; k < base; k++) {
        out[k] = (uint8_t)k;
    }
    for (unsigned k = base - 1; k > 0; k--) {
        unsigned j = (unsigned)(u[k] * (k + 1));
        uint8_t keep = out[k];
        out[k] = out[j];
        out[j] = keep;
    }
}

void mho_i_sample_halton(uint64_t seed, size_t n_point, size_t n_axis, double *u) {
    for (size_t k = 0; k < n_axis; k++) {
        unsigned base = primes[k];
        uint8_t digit[MAX_PLACE][MAX_BASE];
        size_t n_place = 0;
        for (double reach = 1; reach < 0x1p50 && n_place < MAX_PLACE; reach *= base) {
            permutation(seed, k, n_place, base, digit[n_place]);
            n_place++;
        }
        for (size_t p = 0; p < n_point; p++) {
            double x = 0, step = 1;
            size_t rest = p;
            for (size_t j = 0; j < n_place; j++) {
                step /= base;
                x += step * digit[j][rest % base];
                rest /= base;
            }
            u[p * n_axis + k] = x + step / 2; /* never 0 or 1 */
        }
    }
}
