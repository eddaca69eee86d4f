/* views.c - pictures made small for the report, factor x factor pixels to one: the mean of the
 * photograph, but the largest of an edge map, because the mean of a thin line is nothing. */
#include "image_int.h"

#include <math.h>

enum { LARGEST_SIDE = 960, N_VIEW = 4 };

mho_status mho_i_views_new(mho_ctx *ctx, size_t n_row, size_t n_col, mho_image_views *v,
                           float **sum) {
    size_t longer = n_row > n_col ? n_row : n_col;
    v->factor = (longer + LARGEST_SIDE - 1) / LARGEST_SIDE;
    v->n_row = (n_row + v->factor - 1) / v->factor;
    v->n_col = (n_col + v->factor - 1) / v->factor;
    size_t n = v->n_row * v->n_col;
    v->photo = mho_i_alloc(ctx, N_VIEW * n, 1);
    *sum = mho_i_alloc(ctx, N_VIEW * v->n_col, sizeof **sum);
    if (!v->photo || !*sum) {
        v->n_row = 0;
        return MHO_ERR_NOMEM;
    }
    v->exact = v->photo + n;
    v->hardware = v->exact + n;
    v->difference = v->hardware + n;
    return MHO_OK;
}

static uint8_t grey(double x) {
    return (uint8_t)(fmin(fmax(x, 0), 1) * 255 + 0.5);
}

void mho_i_views_row(mho_image_views *v, float *sum, size_t n_row, size_t n_col, size_t y,
                     const float *photo, const float *exact, const float *hardware) {
    for (size_t x = 0; x < n_col; x++) {
        float *s = sum + x / v->factor * N_VIEW;
        s[0] += photo[x];
        float d = hardware[x] - exact[x];
        s[1] = fmaxf(s[1], exact[x]);
        s[2] = fmaxf(s[2], hardware[x]);
        s[3] = fabsf(d) > fabsf(s[3]) ? d : s[3];
    }
    if ((y + 1) % v->factor != 0 && y + 1 != n_row) {
        return;
    }
    size_t at = y / v->factor * v->n_col, rows = y % v->factor + 1;
    for (size_t x = 0; x < v->n_col; x++) {
        size_t cols = n_col - x * v->factor < v->factor ? n_col - x * v->factor : v->factor;
        double n = (double)(rows * cols);
        float *s = sum + x * N_VIEW;
        v->photo[at + x] = grey((double)s[0] / n);
        v->exact[at + x] = grey((double)s[1] / MHO_IMAGE_WHITE);
        v->hardware[at + x] = grey((double)s[2] / MHO_IMAGE_WHITE);
        v->difference[at + x] = grey(128.0 / 255 + (double)s[3]);
        s[0] = s[1] = s[2] = s[3] = 0;
    }
}
