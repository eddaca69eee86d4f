/* kernel.c - convolutions over sixteen lanes, in vectors of eight where the processor has AVX2, in
 * vectors of four elsewhere: a vector wider than a register would live in memory and be ten times
 * slower. Blocks fill sixteen registers: 6 outputs x 2 vectors or 3 outputs x 4 vectors forward,
 * 3 outputs x 4 weights in the gradient. */
#include "network_int.h"

enum { GRAD_ROWS = 3, GRAD_COLS = 4 };

static inline size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

#define NAME(x) narrow_##x
#define WIDTH   4
#define ROWS    3
#define ATTRIBUTE
#include "kernel_body.h"
#undef NAME
#undef WIDTH
#undef ROWS
#undef ATTRIBUTE

#if defined(__x86_64__) && defined(__GNUC__)
#define NAME(x)   wide_##x
#define WIDTH     8
#define ROWS      6
#define ATTRIBUTE __attribute__((target("avx2,fma")))
#include "kernel_body.h"

static bool has_wide(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#else
#define wide_conv      narrow_conv
#define wide_conv_grad narrow_conv_grad
static bool has_wide(void) {
    return false;
}
#endif

void mho_i_kernel_conv(size_t n_o, size_t n_pos, size_t n_k, const int32_t *pos, const int32_t *off,
                       const float *w, const float *bias, const float *x, float keep, float *y) {
    if (has_wide()) {
        wide_conv(n_o, n_pos, n_k, pos, off, w, bias, x, keep, y);
    } else {
        narrow_conv(n_o, n_pos, n_k, pos, off, w, bias, x, keep, y);
    }
}

void mho_i_kernel_conv_grad(size_t n_o, size_t n_pos, size_t n_k, const int32_t *pos,
                            const int32_t *off, const float *dz, const float *x, float *gw) {
    if (has_wide()) {
        wide_conv_grad(n_o, n_pos, n_k, pos, off, dz, x, gw);
    } else {
        narrow_conv_grad(n_o, n_pos, n_k, pos, off, dz, x, gw);
    }
}
