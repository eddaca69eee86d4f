/* augment.c - a picture as the same hand could have written it the next time: shift, rotation,
 * sides, shear, and a smooth random displacement field (cubic B-spline over 4 x 4 cells). Bilinear,
 * black outside, rounded to 8 bits as the input converter will see it. */
#include "network_int.h"

#include <math.h>

enum { CELLS = 4, KNOTS = CELLS + 3, N_FIELD = 2 * KNOTS * KNOTS, N_AFFINE = 6, MAX_SIDE = 1024 };

/* A sum of B-splines has less spread than its knots: root of the mean square of the products. */
static const float spline_gain = 1 / 0.4794f;

static void spline_weights(float t, float w[4]) {
    float u = 1 - t, t2 = t * t;
    w[0] = u * u * u / 6;
    w[1] = (4 - 6 * t2 + 3 * t2 * t) / 6;
    w[2] = (1 + 3 * t + 3 * t2 - 3 * t2 * t) / 6;
    w[3] = t2 * t / 6;
}

static float pixel(const uint8_t *p, long n_row, long n_col, long r, long c) {
    return r >= 0 && r < n_row && c >= 0 && c < n_col ? p[r * n_col + c] : 0;
}

static float sample(const uint8_t *p, long n_row, long n_col, float y, float x) {
    float fy = floorf(y), fx = floorf(x), ty = y - fy, tx = x - fx;
    long r = (long)fy, c = (long)fx;
    float top = pixel(p, n_row, n_col, r, c) * (1 - tx) + pixel(p, n_row, n_col, r, c + 1) * tx;
    float low =
        pixel(p, n_row, n_col, r + 1, c) * (1 - tx) + pixel(p, n_row, n_col, r + 1, c + 1) * tx;
    return top * (1 - ty) + low * ty;
}

/* Displacement of the knots after blending the four knot rows that matter for one pixel row. */
static void blend_rows(const float *field, float at, float scale, float out[2][KNOTS]) {
    float w[4];
    int cell = (int)at < CELLS - 1 ? (int)at : CELLS - 1;
    spline_weights(at - (float)cell, w);
    for (int d = 0; d < 2; d++) {
        for (int j = 0; j < KNOTS; j++) {
            const float *column = field + (d * KNOTS + cell) * KNOTS + j;
            out[d][j] = scale * (w[0] * column[0] + w[1] * column[KNOTS] +
                                 w[2] * column[2 * KNOTS] + w[3] * column[3 * KNOTS]);
        }
    }
}

typedef struct affine {
    float yy, yx, xy, xx, y0, x0; /* source = [yy yx; xy xx] * (target - middle) + (y0, x0) */
} affine;

static affine draw_affine(const mho_train_opt *opt, const double u[N_AFFINE], float n_row,
                          float n_col) {
    double s[N_AFFINE];
    for (int k = 0; k < N_AFFINE; k++) {
        s[k] = 2 * u[k] - 1;
    }
    double angle = opt->rotate_rad * s[2], c = cos(angle), d = sin(angle);
    double sy = 1 + opt->scale_rel * s[3], sx = 1 + opt->scale_rel * s[4];
    double shear = opt->scale_rel * s[5];
    return (affine){.yy = (float)(c * sy),
                    .yx = (float)(-d * sx),
                    .xy = (float)(d * sy + shear),
                    .xx = (float)(c * sx),
                    .y0 = (float)(opt->shift_px * s[0]) + 0.5f * (n_row - 1),
                    .x0 = (float)(opt->shift_px * s[1]) + 0.5f * (n_col - 1)};
}

void mho_i_augment(const mho_train_opt *opt, const mho_dataset *set, size_t image, uint32_t epoch,
                   uint8_t *out) {
    size_t n_row = set->n_row, n_col = set->n_col;
    const uint8_t *from = set->pixels + image * n_row * n_col;
    double u[N_AFFINE];
    float field[N_FIELD], knot[2][KNOTS];
    mho_i_rng_uniform(opt->seed, MHO_RNG_AUGMENT, (uint32_t)image, 2 * epoch, N_AFFINE, u);
    mho_i_rng_normal_f(opt->seed, MHO_RNG_AUGMENT, (uint32_t)image, 2 * epoch + 1, N_FIELD, field);
    affine m = draw_affine(opt, u, (float)n_row, (float)n_col);
    float scale = (float)opt->elastic_px * spline_gain;
    for (size_t r = 0; r < n_row; r++) {
        float dy = (float)r - 0.5f * (float)(n_row - 1);
        blend_rows(field, ((float)r + 0.5f) / (float)n_row * CELLS, scale, knot);
        for (size_t c = 0; c < n_col; c++) {
            float dx = (float)c - 0.5f * (float)(n_col - 1), w[4], e[2] = {0, 0};
            float at = ((float)c + 0.5f) / (float)n_col * CELLS;
            int cell = (int)at;
            spline_weights(at - (float)cell, w);
            for (int j = 0; j < 4; j++) {
                e[0] += w[j] * knot[0][cell + j];
                e[1] += w[j] * knot[1][cell + j];
            }
            float y = m.yy * dy + m.yx * dx + m.y0 + e[0], x = m.xy * dy + m.xx * dx + m.x0 + e[1];
            out[r * n_col + c] = (uint8_t)(sample(from, (long)n_row, (long)n_col, y, x) + 0.5f);
        }
    }
}
