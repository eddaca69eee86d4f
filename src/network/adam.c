/* adam.c - the update of a block of parameters (Kingma and Ba, ICLR 2015), with the step in units
 * of each parameter's limit, clipping to the limit, and a running mean of the parameters. */
#include "network_int.h"

#include <math.h>

MHO_MULTIARCH
void mho_i_adam_step(const mho_i_adam *adam, size_t from, size_t to, size_t n_part, size_t n_grad,
                     const float *grad, const float *restrict gain, const float *restrict limit,
                     float *restrict param, float *restrict m, float *restrict v,
                     float *restrict mean) {
    const float beta1 = 0.9f, beta2 = 0.999f, eps = 1e-8f;
    const float rate = adam->rate, c1 = adam->correct1, c2 = adam->correct2, keep = adam->keep;
    enum { BLOCK = 512 };
    float g[BLOCK];
    for (size_t start = from; start < to; start += BLOCK) {
        size_t n = to - start < BLOCK ? to - start : BLOCK;
        for (size_t k = 0; k < n; k++) {
            g[k] = 0;
        }
        for (size_t part = 0; part < n_part; part++) {
            const float *add = grad + part * n_grad + start;
            for (size_t k = 0; k < n; k++) {
                g[k] += add[k];
            }
        }
        for (size_t k = 0; k < n; k++) {
            size_t i = start + k;
            float d = g[k] * gain[i], top = limit[i];
            m[i] = beta1 * m[i] + (1 - beta1) * d;
            v[i] = beta2 * v[i] + (1 - beta2) * d * d;
            float p = param[i] - rate * top * (m[i] * c1) / (sqrtf(v[i] * c2) + eps);
            p = p > top ? top : p;
            p = p < -top ? -top : p;
            param[i] = p;
            mean[i] = keep * mean[i] + (1 - keep) * p;
        }
    }
}
