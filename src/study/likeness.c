/* likeness.c - how alike two maps are, row after row: correlation, differences, and structural
 * similarity (Wang, Bovik, Sheikh, Simoncelli, IEEE Trans. Image Process. 13, 600 (2004)): window
 * 11 x 11, Gaussian with sd 1.5, K1 = 0.01, K2 = 0.03, range 1, mean over all places where the
 * whole window lies inside. Means of a, b, aa, bb, ab under the window are kept for 11 rows. */
#include "image_int.h"

#include <math.h>

enum { WINDOW = 11, N_MEAN = 5 };

struct mho_i_likeness {
    mho_ctx *ctx;
    size_t n_col, n_row;
    double n, a, b, aa, bb, ab, dd, largest; /* sums over pixels */
    double ssim;
    size_t n_place;
    float weight[WINDOW];
    float *ring;    /* [WINDOW][N_MEAN][n_col]: rows filtered along themselves */
    float *product; /* [n_col] */
    float *mean;    /* [N_MEAN][n_col] */
};

mho_i_likeness *mho_i_likeness_new(mho_ctx *ctx, size_t n_col) {
    mho_i_likeness *l = mho_i_alloc(ctx, 1, sizeof *l);
    if (!l) {
        return NULL;
    }
    l->ctx = ctx;
    l->n_col = n_col;
    l->ring = mho_i_alloc(ctx, WINDOW * N_MEAN * n_col, sizeof(float));
    l->product = mho_i_alloc(ctx, n_col, sizeof(float));
    l->mean = mho_i_alloc(ctx, N_MEAN * n_col, sizeof(float));
    if (!l->ring || !l->product || !l->mean) {
        mho_i_likeness_free(l);
        return NULL;
    }
    double sum = 0;
    for (int k = 0; k < WINDOW; k++) {
        double x = k - WINDOW / 2;
        sum += exp(-x * x / (2 * 1.5 * 1.5));
    }
    for (int k = 0; k < WINDOW; k++) {
        double x = k - WINDOW / 2;
        l->weight[k] = (float)(exp(-x * x / (2 * 1.5 * 1.5)) / sum);
    }
    return l;
}

void mho_i_likeness_free(mho_i_likeness *l) {
    if (l) {
        mho_i_free(l->ctx, l->ring);
        mho_i_free(l->ctx, l->product);
        mho_i_free(l->ctx, l->mean);
        mho_i_free(l->ctx, l);
    }
}

MHO_MULTIARCH
static void along(size_t n, const float *weight, const float *in, float *out) {
    for (size_t x = 0; x < n; x++) {
        float s = 0;
        for (int k = 0; k < WINDOW; k++) {
            s += weight[k] * in[x + (size_t)k];
        }
        out[x] = s;
    }
}

MHO_MULTIARCH
static void add_scaled(size_t n, float weight, const float *in, float *out) {
    for (size_t x = 0; x < n; x++) {
        out[x] += weight * in[x];
    }
}

MHO_MULTIARCH
static void multiply(size_t n, const float *a, const float *b, float *out) {
    for (size_t x = 0; x < n; x++) {
        out[x] = a[x] * b[x];
    }
}

/* mean: [N_MEAN][stride] of a, b, aa, bb, ab. Single precision loses at most 1e-7 of a variance
 * that is compared with 1e-4. */
MHO_MULTIARCH
static void ssim_row(size_t n, size_t stride, const float *mean, float *out) {
    const float c1 = 1e-4f, c2 = 9e-4f;
    for (size_t x = 0; x < n; x++) {
        float a = mean[x], b = mean[stride + x];
        float va = mean[2 * stride + x] - a * a, vb = mean[3 * stride + x] - b * b;
        float cov = mean[4 * stride + x] - a * b;
        out[x] = (2 * a * b + c1) * (2 * cov + c2) / ((a * a + b * b + c1) * (va + vb + c2));
    }
}

static void add_sums(mho_i_likeness *l, const float *a, const float *b) {
    for (size_t x = 0; x < l->n_col; x++) {
        double u = (double)a[x], v = (double)b[x], d = fabs(u - v);
        l->a += u;
        l->b += v;
        l->aa += u * u;
        l->bb += v * v;
        l->ab += u * v;
        l->dd += d * d;
        l->largest = d > l->largest ? d : l->largest;
    }
    l->n += (double)l->n_col;
}

static void filter_row(mho_i_likeness *l, const float *a, const float *b, float *out) {
    size_t n = l->n_col - WINDOW + 1;
    const float *pair[N_MEAN][2] = {{a, NULL}, {b, NULL}, {a, a}, {b, b}, {a, b}};
    for (int j = 0; j < N_MEAN; j++) {
        const float *in = pair[j][0];
        if (pair[j][1]) {
            multiply(l->n_col, pair[j][0], pair[j][1], l->product);
            in = l->product;
        }
        along(n, l->weight, in, out + (size_t)j * l->n_col);
    }
}

void mho_i_likeness_row(mho_i_likeness *l, const float *a, const float *b) {
    add_sums(l, a, b);
    size_t y = l->n_row++, size = N_MEAN * l->n_col;
    if (l->n_col < WINDOW) {
        return;
    }
    filter_row(l, a, b, l->ring + y % WINDOW * size);
    if (l->n_row < WINDOW) {
        return;
    }
    for (size_t k = 0; k < size; k++) {
        l->mean[k] = 0;
    }
    for (size_t k = 0; k < WINDOW; k++) {
        add_scaled(size, l->weight[k], l->ring + (l->n_row + k) % WINDOW * size, l->mean);
    }
    size_t n = l->n_col - WINDOW + 1;
    ssim_row(n, l->n_col, l->mean, l->product);
    for (size_t x = 0; x < n; x++) {
        l->ssim += (double)l->product[x];
    }
    l->n_place += n;
}

mho_image_likeness mho_i_likeness_get(const mho_i_likeness *l) {
    double n = l->n, va = l->aa - l->a * l->a / n, vb = l->bb - l->b * l->b / n;
    bool flat = !(va > 1e-12 * l->aa) || !(vb > 1e-12 * l->bb);
    return (mho_image_likeness){.correlation =
                                    flat ? (double)NAN : (l->ab - l->a * l->b / n) / sqrt(va * vb),
                                .ssim = l->n_place ? l->ssim / (double)l->n_place : (double)NAN,
                                .largest_difference = l->largest,
                                .rms_difference = sqrt(l->dd / n)};
}
