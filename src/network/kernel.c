/* kernel.c - convolutions over lanes.
 *
 * Every value is sixteen lanes wide, in two vectors of eight, which every x86-64 with AVX holds in
 * a register. A block of outputs keeps its sums in registers while it runs over the inputs: six
 * outputs x two vectors forward, three outputs x four weights in the gradient. A block that reaches
 * beyond the last output computes that one again and drops it. */
#include "network_int.h"

enum { HALF = 8, ROWS = 6, GRAD_ROWS = 3, GRAD_COLS = 4 };
_Static_assert(MHO_I_LANES == 2 * HALF, "two vectors make the lanes");

typedef float vec __attribute__((vector_size(32)));

static inline const vec *vec_at(const float *p) {
    return (const vec *)(const void *)__builtin_assume_aligned(p, 32);
}

static inline size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

MHO_MULTIARCH
void mho_i_kernel_conv(size_t n_o, size_t n_pos, size_t n_k, const int32_t *pos, const int32_t *off,
                       const float *w, const float *bias, const float *x, float keep, float *y) {
    for (size_t p = 0; p < n_pos; p++) {
        const float *xp = x + pos[p];
        for (size_t o = 0; o < n_o; o += ROWS) {
            const float *row[ROWS];
            vec sum[ROWS][2];
            for (size_t j = 0; j < ROWS; j++) {
                size_t r = least(o + j, n_o - 1);
                row[j] = w + r * n_k;
                float b = bias ? bias[r] : 0;
                const vec *old = vec_at(y + (r * n_pos + p) * MHO_I_LANES);
                sum[j][0] = keep != 0 ? keep * old[0] + b : (vec){0} + b;
                sum[j][1] = keep != 0 ? keep * old[1] + b : (vec){0} + b;
            }
            for (size_t k = 0; k < n_k; k++) {
                const vec *xk = vec_at(xp + off[k]);
                vec x0 = xk[0], x1 = xk[1];
                for (size_t j = 0; j < ROWS; j++) {
                    sum[j][0] += row[j][k] * x0;
                    sum[j][1] += row[j][k] * x1;
                }
            }
            for (size_t j = 0; j < ROWS && o + j < n_o; j++) {
                vec *to = (vec *)(void *)(y + ((o + j) * n_pos + p) * MHO_I_LANES);
                to[0] = sum[j][0];
                to[1] = sum[j][1];
            }
        }
    }
}

MHO_MULTIARCH
void mho_i_kernel_conv_grad(size_t n_o, size_t n_pos, size_t n_k, const int32_t *pos,
                            const int32_t *off, const float *dz, const float *x, float *gw) {
    for (size_t o = 0; o < n_o; o += GRAD_ROWS) {
        for (size_t k = 0; k < n_k; k += GRAD_COLS) {
            const float *row[GRAD_ROWS], *col[GRAD_COLS];
            vec sum[GRAD_ROWS][GRAD_COLS];
            for (size_t i = 0; i < GRAD_ROWS; i++) {
                row[i] = dz + least(o + i, n_o - 1) * n_pos * MHO_I_LANES;
            }
            for (size_t j = 0; j < GRAD_COLS; j++) {
                col[j] = x + off[least(k + j, n_k - 1)];
            }
            for (size_t i = 0; i < GRAD_ROWS; i++) {
                for (size_t j = 0; j < GRAD_COLS; j++) {
                    sum[i][j] = (vec){0};
                }
            }
            for (size_t p = 0; p < n_pos; p++) {
                for (size_t h = 0; h < 2; h++) {
                    vec d[GRAD_ROWS];
                    for (size_t i = 0; i < GRAD_ROWS; i++) {
                        d[i] = vec_at(row[i] + p * MHO_I_LANES)[h];
                    }
                    for (size_t j = 0; j < GRAD_COLS; j++) {
                        vec xj = vec_at(col[j] + pos[p])[h];
                        for (size_t i = 0; i < GRAD_ROWS; i++) {
                            sum[i][j] += d[i] * xj;
                        }
                    }
                }
            }
            for (size_t i = 0; i < GRAD_ROWS && o + i < n_o; i++) {
                for (size_t j = 0; j < GRAD_COLS && k + j < n_k; j++) {
                    float total = 0;
                    for (size_t e = 0; e < HALF; e++) {
                        total += sum[i][j][e];
                    }
                    gw[(o + i) * n_k + k + j] += total;
                }
            }
        }
    }
}
