/* rng.c - counter-based random numbers.
 *
 * Philox4x32-10 (Salmon et al., SC 2011) from Random123: the 64-bit key is the seed, the 128-bit
 * counter is (block, evaluation, device, purpose). Any number is a pure function of its name, so
 * results do not depend on loop order, threads or ranks. Normals by Box-Muller.                  */
#include "base_int.h"

#include <Random123/philox.h>
#include <math.h>
#include <string.h>

static inline philox4x32_ctr_t draw(uint64_t seed, uint32_t purpose, uint32_t device,
                                    uint32_t evaluation, uint32_t block) {
    philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
    philox4x32_ctr_t ctr = {{block, evaluation, device, purpose}};
    return philox4x32(ctr, key);
}

void mho_i_rng_u32x4(uint64_t seed, mho_i_purpose purpose, uint32_t device, uint32_t evaluation,
                     uint32_t block, uint32_t out[4]) {
    philox4x32_ctr_t r = draw(seed, (uint32_t)purpose, device, evaluation, block);
    memcpy(out, r.v, sizeof r.v);
}

/* (0,1): never 0, so that its logarithm is finite */
static inline double unit(uint32_t u) {
    return ((double)u + 0.5) * 0x1p-32;
}

void mho_i_rng_uniform(uint64_t seed, mho_i_purpose purpose, uint32_t device, uint32_t evaluation,
                       size_t n, double *out) {
    for (size_t k = 0; k < n; k += 4) {
        philox4x32_ctr_t r = draw(seed, (uint32_t)purpose, device, evaluation, (uint32_t)(k / 4));
        for (size_t j = 0; j < 4 && k + j < n; j++) {
            out[k + j] = unit(r.v[j]);
        }
    }
}

void mho_uniform(uint64_t seed, uint32_t stream, size_t n, double lo_value, double hi_value,
                 double *out) {
    mho_i_rng_uniform(seed, MHO_RNG_ARRAY_RANDOM, stream, 0, n, out);
    for (size_t k = 0; k < n; k++) {
        out[k] = lo_value + (hi_value - lo_value) * out[k];
    }
}

void mho_i_rng_normal(uint64_t seed, mho_i_purpose purpose, uint32_t device, uint32_t evaluation,
                      size_t n, double *out) {
    for (size_t k = 0; k < n; k += 4) {
        philox4x32_ctr_t r = draw(seed, (uint32_t)purpose, device, evaluation, (uint32_t)(k / 4));
        double z[4];
        for (int p = 0; p < 2; p++) {
            double a = sqrt(-2 * log(unit(r.v[2 * p]))), b = 2 * MHO_PI * unit(r.v[2 * p + 1]);
            z[2 * p] = a * cos(b);
            z[2 * p + 1] = a * sin(b);
        }
        for (size_t j = 0; j < 4 && k + j < n; j++) {
            out[k + j] = z[j];
        }
    }
}

/* ---- single precision, in lanes of LANES blocks ---- */

enum { LANES = 32 }; /* more than 16, or GCC unrolls the lane loops instead of vectorising them */

/* natural logarithm of x in (0, 1], relative error < 2e-7 (atanh series on [sqrt(1/2), sqrt 2)) */
static inline float log_f(float x) {
    union {
        float f;
        uint32_t u;
    } w = {x};
    uint32_t bits = w.u + (0x3f800000u - 0x3f3504f3u);
    float e = (float)((int32_t)(bits >> 23) - 127);
    w.u = (bits & 0x007fffffu) + 0x3f3504f3u;
    float m = w.f;
    float s = (m - 1) / (m + 1), q = s * s;
    float p = s * (2 + q * (0.66666667f + q * (0.4f + q * (0.28571430f + q * 0.22222222f))));
    return e * 0.69314718f + p;
}

/* cos and sin of 2 pi u, u in [0, 1): quadrant and a polynomial on |t| <= pi/4, error < 1e-7 */
static inline void cos_sin_f(float u, float *c, float *s) {
    int32_t q = (int32_t)(4 * u + 0.5f);
    float t = (u - 0.25f * (float)q) * 6.2831853f, t2 = t * t;
    float a = t * (1 + t2 * (-1.f / 6 + t2 * (1.f / 120 + t2 * (-1.f / 5040))));
    float b = 1 + t2 * (-0.5f + t2 * (1.f / 24 + t2 * (-1.f / 720 + t2 * (1.f / 40320))));
    float cc = (q & 1) ? a : b, ss = (q & 1) ? b : a;
    *s = (q & 2) ? -ss : ss;
    *c = ((q + 1) & 2) ? -cc : cc;
}

/* Ten Philox rounds on LANES counters at once, then two Box-Muller pairs a lane.
 * z[j][lane] is element 4*(block0 + lane) + j of the stream.                     */
static inline __attribute__((always_inline)) void normal_lanes(uint64_t seed, uint32_t purpose,
                                                               uint32_t device, uint32_t evaluation,
                                                               uint32_t block0, float z[4][LANES]) {
    uint32_t c0[LANES], c1[LANES], c2[LANES], c3[LANES];
    for (int l = 0; l < LANES; l++) {
        c0[l] = block0 + (uint32_t)l;
        c1[l] = evaluation;
        c2[l] = device;
        c3[l] = purpose;
    }
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < 10; round++) {
        for (int l = 0; l < LANES; l++) {
            uint64_t p0 = (uint64_t)0xD2511F53u * c0[l], p1 = (uint64_t)0xCD9E8D57u * c2[l];
            uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1[l] ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3[l] ^ k1;
            c1[l] = (uint32_t)p1;
            c3[l] = (uint32_t)p0;
            c0[l] = n0;
            c2[l] = n2;
        }
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    for (int l = 0; l < LANES; l++) {
        /* 24 bits for the angle; the radius keeps all 32 (float is finer near 0) */
        float u0 = ((float)(c0[l] >> 1) + 0.5f) * 0x1p-31f, c, s;
        float a = sqrtf(-2 * log_f(u0));
        cos_sin_f((float)(c1[l] >> 8) * 0x1p-24f, &c, &s);
        z[0][l] = a * c;
        z[1][l] = a * s;
        float u2 = ((float)(c2[l] >> 1) + 0.5f) * 0x1p-31f;
        a = sqrtf(-2 * log_f(u2));
        cos_sin_f((float)(c3[l] >> 8) * 0x1p-24f, &c, &s);
        z[2][l] = a * c;
        z[3][l] = a * s;
    }
}

MHO_MULTIARCH
void mho_i_rng_normal_f(uint64_t seed, mho_i_purpose purpose, uint32_t device, uint32_t evaluation,
                        size_t n, float *out) {
    float z[4][LANES];
    for (size_t k = 0; k < n; k += 4 * LANES) {
        normal_lanes(seed, (uint32_t)purpose, device, evaluation, (uint32_t)(k / 4), z);
        size_t m = n - k < 4 * LANES ? n - k : 4 * LANES;
        if (m == 4 * LANES) {
            for (int l = 0; l < LANES; l++) {
                for (int j = 0; j < 4; j++) {
                    out[k + (size_t)(4 * l + j)] = z[j][l];
                }
            }
        } else {
            for (size_t i = 0; i < m; i++) {
                out[k + i] = z[i % 4][i / 4];
            }
        }
    }
}
