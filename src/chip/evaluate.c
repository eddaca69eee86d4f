/* evaluate.c - sets of pictures through a programmed chip, block by block: labels and accuracy. */
#include "chip_int.h"

#include <omp.h>
#include <string.h>

static uint8_t winner(const float *score, size_t n_class, size_t lanes, size_t lane) {
    size_t best = 0;
    for (size_t c = 1; c < n_class; c++) {
        if (score[c * lanes + lane] > score[best * lanes + lane]) {
            best = c;
        }
    }
    return (uint8_t)best;
}

static void evaluate_block(const mho_chip *chip, mho_i_scratch *s, const mho_dataset *set, size_t b,
                           size_t n_image, float *score, uint8_t *predictions) {
    size_t image[MHO_I_LANES], n = 0, n_class = mho_dataset_n_class(set), lanes = chip->n_lane;
    for (size_t k = b * lanes; k < n_image && n < lanes; k++) {
        image[n++] = k;
    }
    /* without a callback the forward pass cannot fail */
    (void)mho_i_chip_forward(chip, s, set, image, n, (uint32_t)b, true, score, NULL, NULL);
    for (size_t lane = 0; lane < n; lane++) {
        predictions[image[lane]] = winner(score, n_class, lanes, lane);
    }
}

mho_status mho_chip_evaluate(mho_chip *chip, const mho_dataset *set, uint8_t *predictions,
                             double *accuracy) {
    mho_ctx *ctx = chip->ctx;
    if (!chip->programmed) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "the chip is not programmed");
    }
    if (!mho_i_chip_score_stage(chip)) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "the last layer ends in neurons: a classifier's ends in currents, whose "
                          "largest wins");
    }
    const mho_i_value *first = &chip->value[0], *last = &chip->value[chip->output];
    size_t n_image = mho_dataset_n_image(set), n_class = mho_dataset_n_class(set);
    if (first->c != 1 || first->h != mho_dataset_n_row(set) || first->w != mho_dataset_n_col(set) ||
        last->c != n_class) {
        return mho_i_fail(ctx, MHO_ERR_DIM,
                          "pictures of %zu x %zu in %zu classes: the chip takes %zu x %zu in %zu",
                          mho_dataset_n_row(set), mho_dataset_n_col(set), n_class, first->h,
                          first->w, last->c);
    }
    size_t n_block = (n_image + chip->n_lane - 1) / chip->n_lane;
    int n_thread = mho_ctx_threads(ctx);
    n_thread = (size_t)n_thread > n_block ? (int)n_block : n_thread;
    uint8_t *own = mho_i_alloc(ctx, n_image, 1);
    float *score = mho_i_alloc(ctx, (size_t)n_thread * n_class * chip->n_lane, sizeof *score);
    mho_i_scratch **scratch = mho_i_alloc(ctx, (size_t)n_thread, sizeof(void *));
    mho_status status = own && score && scratch ? MHO_OK : MHO_ERR_NOMEM;
    for (int t = 0; status == MHO_OK && t < n_thread; t++) {
        scratch[t] = mho_i_chip_scratch_new(chip);
        status = scratch[t] ? MHO_OK : MHO_ERR_NOMEM;
    }
    if (status == MHO_OK) {
#pragma omp parallel for schedule(dynamic, 1) num_threads(n_thread)
        for (size_t b = 0; b < n_block; b++) {
            int t = omp_get_thread_num();
            evaluate_block(chip, scratch[t], set, b, n_image,
                           score + (size_t)t * n_class * chip->n_lane, own);
        }
        size_t right = 0;
        for (size_t k = 0; k < n_image; k++) {
            right += own[k] == mho_dataset_labels(set)[k];
        }
        *accuracy = (double)right / (double)n_image;
        if (predictions) {
            memcpy(predictions, own, n_image);
        }
    }
    for (int t = 0; scratch && t < n_thread; t++) {
        mho_i_chip_scratch_free(ctx, scratch[t]);
    }
    mho_i_free(ctx, scratch);
    mho_i_free(ctx, score);
    mho_i_free(ctx, own);
    return status;
}
