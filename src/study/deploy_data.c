/* deploy_data.c - what a network on many chips is made of and judged by: the graph for single
 * pictures, samples to calibrate with, others to test with. */
#include "deploy_int.h"

#include <string.h>

/* A file with a fixed batch of more than one is read again for single pictures. */
mho_status mho_i_deploy_graph(mho_ctx *ctx, const char *path, mho_graph **out) {
    mho_status status = mho_graph_load_onnx(ctx, path, NULL, out);
    if (status < 0 || mho_graph_n_input(*out) != 1) {
        return status;
    }
    const mho_graph_tensor *t = mho_graph_tensor_at(*out, mho_graph_input(*out, 0));
    if (t->n_dim < 2 || t->shape[0] == 1) {
        return status;
    }
    mho_graph_opt again = {.n_input_dim = t->n_dim};
    memcpy(again.input_shape, t->shape, sizeof again.input_shape);
    again.input_shape[0] = 1;
    mho_graph_free(*out);
    *out = NULL;
    return mho_graph_load_onnx(ctx, path, &again, out);
}

/* Samples with pick[k] as a set of their own. */
static mho_status take(mho_ctx *ctx, const mho_samples *all, const bool *pick, size_t n,
                       mho_samples **out) {
    size_t size = mho_samples_size(all), at = 0;
    const int32_t *label = mho_samples_label(all);
    float *x = mho_i_alloc(ctx, n, size * sizeof *x);
    int32_t *y = label ? mho_i_alloc(ctx, n, sizeof *y) : NULL;
    mho_status status = x && (!label || y) ? MHO_OK : MHO_ERR_NOMEM;
    for (size_t k = 0; status == MHO_OK && k < mho_samples_n(all) && at < n; k++) {
        if (pick[k]) {
            memcpy(x + at * size, mho_samples_x(all) + k * size, size * sizeof *x);
            if (y) {
                y[at] = label[k];
            }
            at++;
        }
    }
    if (status == MHO_OK) {
        status = mho_samples_new(ctx, n, mho_samples_shape(all, 0), mho_samples_shape(all, 1),
                                 mho_samples_shape(all, 2), x, y, out);
    }
    mho_i_free(ctx, x);
    mho_i_free(ctx, y);
    return status;
}

/* Every k-th for calibration, the others for the test. */
static mho_status split(mho_ctx *ctx, const mho_deploy_opt *opt, mho_samples *all,
                        mho_samples **test, mho_samples **calibration) {
    size_t n = mho_samples_n(all), n_cal = opt->n_calibrate;
    if (n < 2) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "%s: one picture: some for the calibration and some "
                          "for the test are wanted",
                          opt->data);
    }
    n_cal = n_cal < n / 2 ? n_cal : n / 2;
    bool *pick = mho_i_alloc(ctx, n, sizeof *pick);
    mho_status status = pick ? MHO_OK : MHO_ERR_NOMEM;
    for (size_t k = 0; status == MHO_OK && k < n_cal; k++) {
        pick[k * n / n_cal] = true;
    }
    if (status == MHO_OK) {
        status = take(ctx, all, pick, n_cal, calibration);
    }
    for (size_t k = 0; status == MHO_OK && k < n; k++) {
        pick[k] = !pick[k];
    }
    if (status == MHO_OK) {
        status = take(ctx, all, pick, n - n_cal, test);
    }
    mho_i_free(ctx, pick);
    return status;
}

static mho_status load_directory(mho_ctx *ctx, const mho_deploy_opt *opt,
                                 mho_samples **calibration) {
    mho_samples *train = NULL;
    mho_status status = mho_samples_load(ctx, opt->data, MHO_PART_TRAIN, &train);
    if (status == MHO_OK) {
        size_t n = mho_samples_n(train);
        n = n < opt->n_calibrate ? n : opt->n_calibrate;
        status = mho_samples_part(train, 0, n, calibration);
    }
    mho_samples_free(train);
    return status;
}

static mho_status load_data(mho_ctx *ctx, const mho_deploy_opt *opt, mho_samples **test,
                            mho_samples **calibration) {
    mho_samples *all = NULL, *part = NULL;
    mho_status status = mho_samples_load(ctx, opt->data, MHO_PART_TEST, &all);
    size_t n = strlen(opt->data);
    bool npz = n > 4 && strcmp(opt->data + n - 4, ".npz") == 0;
    if (status == MHO_OK) {
        status =
            npz ? split(ctx, opt, all, test, calibration) : load_directory(ctx, opt, calibration);
    }
    if (status == MHO_OK && !npz) {
        *test = all;
        all = NULL;
    }
    mho_samples_free(all);
    if (status == MHO_OK && opt->n_image > mho_samples_n(*test)) {
        status = mho_i_fail(ctx, MHO_ERR_ARG,
                            "images = %zu: there are %zu besides those of the "
                            "calibration",
                            opt->n_image, mho_samples_n(*test));
    }
    if (status == MHO_OK && opt->n_image) {
        status = mho_samples_part(*test, 0, opt->n_image, &part);
        if (status == MHO_OK) {
            mho_samples_free(*test);
            *test = part;
        }
    }
    if (status == MHO_OK && opt->n_norm) {
        status = mho_samples_normalise(*test, opt->n_norm, opt->mean, opt->sd);
    }
    if (status == MHO_OK && opt->n_norm) {
        status = mho_samples_normalise(*calibration, opt->n_norm, opt->mean, opt->sd);
    }
    return status;
}

mho_status mho_i_deploy_data(mho_ctx *ctx, const mho_deploy_opt *opt, mho_samples **test,
                             mho_samples **calibration) {
    *test = *calibration = NULL;
    mho_status status = load_data(ctx, opt, test, calibration);
    if (status < 0) {
        mho_samples_free(*test);
        mho_samples_free(*calibration);
        *test = *calibration = NULL;
    }
    return status;
}
