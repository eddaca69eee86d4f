/* kernels.c - small kernels: three known ones, or any from an NPY file. Correlation, not
 * convolution: weight [y][x] stands over the pixel y - k/2 below and x - k/2 to the right.
 * Scharr's weights are the optimal 3 x 3 ones of his thesis rounded to 3, 10, 3. */
#include "image_int.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *name;
    float corner, side; /* [-c 0 c; -s 0 s; -c 0 c] and its transpose */
} known[] = {{"sobel", 1, 2}, {"prewitt", 1, 1}, {"scharr", 3, 10}};

static mho_status make_known(mho_ctx *ctx, float corner, float side, mho_i_kernels *out) {
    out->k = 3;
    out->n = 2;
    out->weight = mho_i_alloc(ctx, 2 * 9, sizeof(float));
    if (!out->weight) {
        return MHO_ERR_NOMEM;
    }
    for (size_t j = 0; j < 3; j++) {
        float w = j == 1 ? side : corner;
        out->weight[3 * j] = out->weight[9 + j] = -w;
        out->weight[3 * j + 2] = out->weight[9 + 6 + j] = w;
    }
    return MHO_OK;
}

static mho_status from_array(mho_ctx *ctx, const char *path, const mho_npy *npy,
                             mho_i_kernels *out) {
    size_t n_dim = mho_npy_n_dim(npy);
    bool right = n_dim == 2 || n_dim == 3;
    size_t n = n_dim == 3 ? mho_npy_shape(npy, 0) : 1;
    size_t k = right ? mho_npy_shape(npy, n_dim - 1) : 0;
    if (!right || mho_npy_shape(npy, n_dim - 2) != k || k % 2 == 0 || k > MHO_IMAGE_MAX_SIDE ||
        n < 1 || n > MHO_IMAGE_MAX_KERNEL) {
        char shape[100] = "";
        for (size_t d = 0, at = 0; d < n_dim && at < sizeof shape; d++) {
            at += (size_t)snprintf(shape + at, sizeof shape - at, "[%zu]", mho_npy_shape(npy, d));
        }
        return mho_i_fail(
            ctx, MHO_ERR_DIM,
            "%s: an array %s: kernels are an array [k][k] or [n][k][k], k odd and at most %d, n at "
            "most %d",
            path, shape, MHO_IMAGE_MAX_SIDE, MHO_IMAGE_MAX_KERNEL);
    }
    const double *data = mho_npy_data(npy);
    out->k = k;
    out->n = n;
    out->weight = mho_i_alloc(ctx, n * k * k, sizeof(float));
    if (!out->weight) {
        return MHO_ERR_NOMEM;
    }
    for (size_t j = 0; j < n * k * k; j++) {
        if (!isfinite(data[j]) || fabs(data[j]) > 1e30) {
            return mho_i_fail(ctx, MHO_ERR_FORMAT, "%s: kernel %zu, row %zu, column %zu is %g",
                              path, j / (k * k), j / k % k, j % k, data[j]);
        }
        out->weight[j] = (float)data[j];
    }
    return MHO_OK;
}

/* So that the largest response to brightness in [0, 1] has the size 1. */
static mho_status normalise(mho_ctx *ctx, mho_i_kernels *out) {
    size_t n_in = out->k * out->k;
    for (size_t j = 0; j < out->n; j++) {
        float *w = out->weight + j * n_in;
        double plus = 0, minus = 0;
        for (size_t i = 0; i < n_in; i++) {
            *(w[i] > 0 ? &plus : &minus) += fabs((double)w[i]);
        }
        double top = fmax(plus, minus);
        if (!(top > 1e-30)) {
            return mho_i_fail(ctx, MHO_ERR_ARG, "%s: kernel %zu is all zeros", out->name, j);
        }
        for (size_t i = 0; i < n_in; i++) {
            w[i] = (float)((double)w[i] / top);
        }
    }
    return MHO_OK;
}

mho_status mho_i_kernels_load(mho_ctx *ctx, const char *name, mho_i_kernels *out) {
    *out = (mho_i_kernels){0};
    name = name ? name : known[0].name;
    snprintf(out->name, sizeof out->name, "%s", name);
    size_t len = strlen(name);
    mho_status status = MHO_ERR_ARG;
    for (size_t j = 0; j < sizeof known / sizeof *known; j++) {
        if (strcmp(name, known[j].name) == 0) {
            status = make_known(ctx, known[j].corner, known[j].side, out);
            status = status == MHO_OK ? normalise(ctx, out) : status;
            if (status < 0) {
                mho_i_kernels_free(ctx, out);
            }
            return status;
        }
    }
    if (len < 4 || strcmp(name + len - 4, ".npy") != 0) {
        return mho_i_fail(
            ctx, status,
            "kernels \"%s\": \"sobel\", \"prewitt\", \"scharr\" or a file that ends in "
            ".npy is wanted",
            name);
    }
    mho_npy *npy;
    status = mho_npy_load(ctx, name, &npy);
    if (status == MHO_OK) {
        status = from_array(ctx, name, npy, out);
        mho_npy_free(npy);
    }
    if (status == MHO_OK) {
        status = normalise(ctx, out);
    }
    if (status < 0) {
        mho_i_kernels_free(ctx, out);
    }
    return status;
}

void mho_i_kernels_free(mho_ctx *ctx, mho_i_kernels *kernels) {
    mho_i_free(ctx, kernels->weight);
    kernels->weight = NULL;
}
