/* samples.c - numbers for a network, from memory, NPZ files or MNIST's IDX files. */
#include "mho/samples.h"

#include "base/base_int.h"
#include "io/io_int.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_SIDE = 4096, MAX_LABEL = 65535 };

struct mho_samples {
    mho_ctx *ctx;
    size_t n, shape[3], size; /* size: product of shape */
    float *x;                 /* [n][shape] */
    int32_t *label;           /* [n]; NULL: none */
};

void mho_samples_free(mho_samples *s) {
    if (s) {
        mho_ctx *ctx = s->ctx;
        mho_i_free(ctx, s->x);
        mho_i_free(ctx, s->label);
        mho_i_free(ctx, s);
    }
}

static mho_status blank(mho_ctx *ctx, size_t n, const size_t shape[3], bool labels,
                        mho_samples **out) {
    *out = NULL;
    for (int d = 0; d < 3; d++) {
        if (shape[d] < 1 || shape[d] > MAX_SIDE) {
            return mho_i_fail(ctx, MHO_ERR_ARG,
                              "samples of %zu x %zu x %zu numbers: allowed are sides 1 to %d",
                              shape[0], shape[1], shape[2], MAX_SIDE);
        }
    }
    size_t size = shape[0] * shape[1] * shape[2];
    if (n < 1 || n > SIZE_MAX / size / sizeof(float)) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "%zu samples: at least 1 is wanted", n);
    }
    mho_samples *s = mho_i_alloc(ctx, 1, sizeof *s);
    if (!s) {
        return MHO_ERR_NOMEM;
    }
    *s = (mho_samples){.ctx = ctx, .n = n, .shape = {shape[0], shape[1], shape[2]}, .size = size};
    s->x = mho_i_alloc(ctx, n, size * sizeof(float));
    s->label = labels ? mho_i_alloc(ctx, n, sizeof *s->label) : NULL;
    if (!s->x || (labels && !s->label)) {
        mho_samples_free(s);
        return MHO_ERR_NOMEM;
    }
    *out = s;
    return MHO_OK;
}

mho_status mho_samples_new(mho_ctx *ctx, size_t n, size_t c, size_t h, size_t w, const float *x,
                           const int32_t *label, mho_samples **out) {
    *out = NULL;
    mho_samples *s;
    mho_status status = blank(ctx, n, (size_t[]){c, h, w}, label, &s);
    if (status < 0) {
        return status;
    }
    memcpy(s->x, x, n * s->size * sizeof *x);
    for (size_t k = 0; status == MHO_OK && k < n * s->size; k++) {
        if (!isfinite(x[k])) {
            status = mho_i_fail(ctx, MHO_ERR_ARG, "sample %zu, number %zu is not finite",
                                k / s->size, k % s->size);
        }
    }
    for (size_t k = 0; status == MHO_OK && label && k < n; k++) {
        s->label[k] = label[k];
        if (label[k] < 0 || label[k] > MAX_LABEL) {
            status = mho_i_fail(ctx, MHO_ERR_ARG, "label[%zu] = %d: allowed are 0 to %d", k,
                                (int)label[k], MAX_LABEL);
        }
    }
    if (status < 0) {
        mho_samples_free(s);
        return status;
    }
    *out = s;
    return MHO_OK;
}

mho_status mho_samples_from_dataset(mho_ctx *ctx, const mho_dataset *set, mho_samples **out) {
    mho_samples *s;
    size_t shape[3] = {1, mho_dataset_n_row(set), mho_dataset_n_col(set)};
    *out = NULL;
    mho_status status = blank(ctx, mho_dataset_n_image(set), shape, true, &s);
    if (status < 0) {
        return status;
    }
    const uint8_t *pixel = mho_dataset_pixels(set), *label = mho_dataset_labels(set);
    for (size_t k = 0; k < s->n * s->size; k++) {
        s->x[k] = (float)(pixel[k] / 255.0);
    }
    for (size_t k = 0; k < s->n; k++) {
        s->label[k] = label[k];
    }
    *out = s;
    return MHO_OK;
}

static bool ends_in(const char *text, const char *end) {
    size_t n = strlen(text), n_end = strlen(end);
    return n > n_end && strcmp(text + n - n_end, end) == 0;
}

/* Labels y of an NPZ file, which may be absent: then *label is NULL. */
static mho_status load_labels(mho_ctx *ctx, const char *path, size_t n, mho_npy **y) {
    *y = NULL;
    mho_status status = mho_i_npz_load_if(ctx, path, "y", y);
    if (status < 0 || !*y) {
        return status;
    }
    if (mho_npy_n_dim(*y) < 1 || mho_npy_shape(*y, 0) != n || mho_npy_n_dim(*y) > 2 ||
        (mho_npy_n_dim(*y) == 2 && mho_npy_shape(*y, 1) != 1)) {
        return mho_i_fail(ctx, MHO_ERR_FORMAT, "%s: y must be [%zu], a label for each sample of x",
                          path, n);
    }
    for (size_t k = 0; k < n; k++) {
        double v = mho_npy_data(*y)[k];
        if (!(v >= 0 && v <= MAX_LABEL) || v != floor(v)) {
            return mho_i_fail(ctx, MHO_ERR_FORMAT,
                              "%s: y[%zu] = %g: labels are whole numbers from 0 to %d", path, k, v,
                              MAX_LABEL);
        }
    }
    return MHO_OK;
}

static mho_status copy_arrays(mho_ctx *ctx, const char *path, const mho_npy *x, const mho_npy *y,
                              mho_samples **out) {
    size_t n_dim = mho_npy_n_dim(x), shape[3] = {1, 1, 1};
    if (n_dim < 2 || n_dim > 4) {
        return mho_i_fail(ctx, MHO_ERR_FORMAT,
                          "%s: x has %zu dimensions: [n][c][h][w], [n][h][w] or [n][f] are wanted",
                          path, n_dim);
    }
    for (size_t d = 1; d < n_dim; d++) {
        shape[n_dim == 3 ? d : d - 1] = mho_npy_shape(x, d);
    }
    mho_status status = blank(ctx, mho_npy_shape(x, 0), shape, y, out);
    if (status < 0) {
        return mho_i_prefix(ctx, status, "%s: x: ", path);
    }
    mho_samples *s = *out;
    bool bytes = true; /* whole numbers of 0..255 with one above 1 are pixels */
    double top = 0;
    for (size_t k = 0; k < s->n * s->size; k++) {
        double v = mho_npy_data(x)[k];
        if (!isfinite((float)v)) {
            return mho_i_fail(ctx, MHO_ERR_FORMAT,
                              "%s: x, sample %zu, number %zu is %g: wanted are numbers within "
                              "+-3.4e38, the range of float",
                              path, k / s->size, k % s->size, v);
        }
        bytes = bytes && v >= 0 && v <= 255 && v == floor(v);
        top = fmax(top, v);
        s->x[k] = (float)v;
    }
    for (size_t k = 0; bytes && top > 1 && k < s->n * s->size; k++) {
        s->x[k] = (float)((double)s->x[k] / 255.0);
    }
    for (size_t k = 0; y && k < s->n; k++) {
        s->label[k] = (int32_t)mho_npy_data(y)[k];
    }
    return MHO_OK;
}

static mho_status load_npz(mho_ctx *ctx, const char *path, mho_samples **out) {
    mho_npy *x = NULL, *y = NULL;
    mho_samples *s = NULL;
    mho_status status = mho_npz_load(ctx, path, "x", &x);
    if (status == MHO_OK && mho_npy_n_dim(x) < 1) {
        status = mho_i_fail(ctx, MHO_ERR_FORMAT, "%s: x is a single number", path);
    }
    if (status == MHO_OK) {
        status = load_labels(ctx, path, mho_npy_shape(x, 0), &y);
    }
    if (status == MHO_OK) {
        status = copy_arrays(ctx, path, x, y, &s);
    }
    mho_npy_free(x);
    mho_npy_free(y);
    if (status < 0) {
        mho_samples_free(s);
        return status;
    }
    *out = s;
    return MHO_OK;
}

mho_status mho_samples_load(mho_ctx *ctx, const char *path, mho_dataset_part part,
                            mho_samples **out) {
    *out = NULL;
    struct stat st;
    if (stat(path, &st) != 0) {
        return mho_i_fail(ctx, MHO_ERR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    }
    if (S_ISDIR(st.st_mode)) {
        mho_dataset *set;
        mho_status status = mho_dataset_load_dir(ctx, path, part, &set);
        if (status == MHO_OK) {
            status = mho_samples_from_dataset(ctx, set, out);
            mho_dataset_free(set);
        }
        return status;
    }
    if (!ends_in(path, ".npz")) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "%s: data are a directory with MNIST's files or a file FILE.npz with the "
                          "arrays x and y",
                          path);
    }
    return load_npz(ctx, path, out);
}

mho_status mho_samples_normalise(mho_samples *s, size_t n_channel, const double *mean,
                                 const double *sd) {
    if (n_channel != 1 && n_channel != s->shape[0]) {
        return mho_i_fail(s->ctx, MHO_ERR_DIM, "%zu means for %zu channels: one or as many",
                          n_channel, s->shape[0]);
    }
    for (size_t k = 0; k < n_channel; k++) {
        if (!isfinite(mean[k]) || !(sd[k] > 0) || !isfinite(1 / sd[k])) {
            return mho_i_fail(s->ctx, MHO_ERR_ARG,
                              "channel %zu: mean %g, standard deviation %g: a finite mean and a "
                              "deviation above 0 are wanted",
                              k, mean[k], sd[k]);
        }
    }
    size_t map = s->shape[1] * s->shape[2];
    for (size_t k = 0; k < s->n * s->size; k++) {
        size_t c = n_channel == 1 ? 0 : k / map % s->shape[0];
        s->x[k] = (float)(((double)s->x[k] - mean[c]) / sd[c]);
    }
    return MHO_OK;
}

mho_status mho_samples_part(const mho_samples *s, size_t first, size_t n, mho_samples **out) {
    *out = NULL;
    if (n < 1 || first > s->n || n > s->n - first) {
        return mho_i_fail(s->ctx, MHO_ERR_ARG, "samples %zu to %zu wanted: there are %zu", first,
                          first + n, s->n);
    }
    return mho_samples_new(s->ctx, n, s->shape[0], s->shape[1], s->shape[2], s->x + first * s->size,
                           s->label ? s->label + first : NULL, out);
}

size_t mho_samples_n(const mho_samples *s) {
    return s->n;
}

size_t mho_samples_shape(const mho_samples *s, size_t dim) {
    return dim < 3 ? s->shape[dim] : 0;
}

size_t mho_samples_size(const mho_samples *s) {
    return s->size;
}

const float *mho_samples_x(const mho_samples *s) {
    return s->x;
}

const int32_t *mho_samples_label(const mho_samples *s) {
    return s->label;
}

void mho_samples_hash(const mho_samples *s, char out[33]) {
    mho_i_hash h = mho_i_hash_init();
    mho_i_hash_add(&h, &s->n, sizeof s->n);
    mho_i_hash_add(&h, s->shape, sizeof s->shape);
    mho_i_hash_add(&h, s->x, s->n * s->size * sizeof *s->x);
    if (s->label) {
        mho_i_hash_add(&h, s->label, s->n * sizeof *s->label);
    }
    mho_i_hash_hex(&h, out);
}
