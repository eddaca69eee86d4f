/* kernel_body.h - the two kernels for one width of vectors; kernel.c includes it once for each.
 * Needs: NAME(x), the name of x for this width; WIDTH, floats of a vector; ROWS, outputs of a
 * block.
 *
 * A block of outputs keeps its sums in registers while it runs over the inputs. A block that
 * reaches beyond the last output computes that one again and drops it. */

typedef float NAME(vec) __attribute__((vector_size(WIDTH * sizeof(float))));

static inline const NAME(vec) * NAME(at)(const float *p) {
    return (const NAME(vec) *)(const void *)__builtin_assume_aligned(p, WIDTH * sizeof(float));
}

ATTRIBUTE
static void NAME(conv)(size_t n_o, size_t n_pos, size_t n_k, const int32_t *pos, const int32_t *off,
                       const float *w, const float *bias, const float *x, float keep, float *y) {
    enum { N_VEC = MHO_I_LANES / WIDTH };
    for (size_t p = 0; p < n_pos; p++) {
        const float *xp = x + pos[p];
        for (size_t o = 0; o < n_o; o += ROWS) {
            const float *row[ROWS];
            NAME(vec) sum[ROWS][N_VEC];
            for (size_t j = 0; j < ROWS; j++) {
                size_t r = least(o + j, n_o - 1);
                row[j] = w + r * n_k;
                float b = bias ? bias[r] : 0;
                const NAME(vec) *old = NAME(at)(y + (r * n_pos + p) * MHO_I_LANES);
                for (size_t h = 0; h < N_VEC; h++) {
                    sum[j][h] = keep != 0 ? keep * old[h] + b : (NAME(vec)){0} + b;
                }
            }
            for (size_t k = 0; k < n_k; k++) {
                const NAME(vec) *xk = NAME(at)(xp + off[k]);
                for (size_t j = 0; j < ROWS; j++) {
                    for (size_t h = 0; h < N_VEC; h++) {
                        sum[j][h] += row[j][k] * xk[h];
                    }
                }
            }
            for (size_t j = 0; j < ROWS && o + j < n_o; j++) {
                NAME(vec) *to = (NAME(vec) *)(void *)(y + ((o + j) * n_pos + p) * MHO_I_LANES);
                for (size_t h = 0; h < N_VEC; h++) {
                    to[h] = sum[j][h];
                }
            }
        }
    }
}

ATTRIBUTE
static void NAME(conv_grad)(size_t n_o, size_t n_pos, size_t n_k, const int32_t *pos,
                            const int32_t *off, const float *dz, const float *x, float *gw) {
    enum { N_VEC = MHO_I_LANES / WIDTH };
    for (size_t o = 0; o < n_o; o += GRAD_ROWS) {
        for (size_t k = 0; k < n_k; k += GRAD_COLS) {
            const float *row[GRAD_ROWS], *col[GRAD_COLS];
            NAME(vec) sum[GRAD_ROWS][GRAD_COLS];
            for (size_t i = 0; i < GRAD_ROWS; i++) {
                row[i] = dz + least(o + i, n_o - 1) * n_pos * MHO_I_LANES;
            }
            for (size_t j = 0; j < GRAD_COLS; j++) {
                col[j] = x + off[least(k + j, n_k - 1)];
            }
            for (size_t i = 0; i < GRAD_ROWS; i++) {
                for (size_t j = 0; j < GRAD_COLS; j++) {
                    sum[i][j] = (NAME(vec)){0};
                }
            }
            for (size_t p = 0; p < n_pos; p++) {
                for (size_t h = 0; h < N_VEC; h++) {
                    NAME(vec) d[GRAD_ROWS];
                    for (size_t i = 0; i < GRAD_ROWS; i++) {
                        d[i] = NAME(at)(row[i] + p * MHO_I_LANES)[h];
                    }
                    for (size_t j = 0; j < GRAD_COLS; j++) {
                        NAME(vec) xj = NAME(at)(col[j] + pos[p])[h];
                        for (size_t i = 0; i < GRAD_ROWS; i++) {
                            sum[i][j] += d[i] * xj;
                        }
                    }
                }
            }
            for (size_t i = 0; i < GRAD_ROWS && o + i < n_o; i++) {
                for (size_t j = 0; j < GRAD_COLS && k + j < n_k; j++) {
                    float total = 0;
                    for (size_t e = 0; e < WIDTH; e++) {
                        total += sum[i][j][e];
                    }
                    gw[(o + i) * n_k + k + j] += total;
                }
            }
        }
    }
}
