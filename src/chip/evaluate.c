/* evaluate.c - sets of pictures through a programmed chip, block by block: labels and accuracy. */
#include "chip_int.h"

#include <math.h>
#include <omp.h>
#include <string.h>

typedef struct run {
    const mho_chip *chip;
    mho_i_source from;
    size_t n, n_score;
    int32_t *prediction; /* [n] */
    float *score;        /* [n][n_score], or NULL */
} run;

/* Score o of a lane in the network's units. */
static float score_of(const mho_chip *chip, const float *score, size_t o, size_t lane) {
    const mho_i_value *v = &chip->value[chip->output];
    float full = v->scale ? v->scale[o / (v->h * v->w)] : 1;
    return full * score[o * chip->n_lane + lane];
}

static void evaluate_block(const run *r, mho_i_scratch *s, size_t b, float *score) {
    size_t image[MHO_I_LANES] = {0}, n = 0, lanes = r->chip->n_lane;
    for (size_t k = b * lanes; k < r->n && n < lanes; k++) {
        image[n++] = k;
    }
    /* without a callback the forward pass cannot fail */
    (void)mho_i_chip_forward(r->chip, s, &r->from, image, n, (uint32_t)b, true, score, NULL, NULL);
    for (size_t lane = 0; lane < n; lane++) {
        float best = score_of(r->chip, score, 0, lane);
        for (size_t o = 0; o < r->n_score; o++) {
            float v = score_of(r->chip, score, o, lane);
            if (v > best) {
                best = v;
                r->prediction[image[lane]] = (int32_t)o;
            }
            if (r->score) {
                r->score[image[lane] * r->n_score + o] = v;
            }
        }
    }
}

/* All blocks, some at a time, so that progress is seen and a stop is heard. */
static mho_status evaluate_blocks(const run *r, mho_i_scratch **scratch, float *score,
                                  int n_thread) {
    size_t n_block = (r->n + r->chip->n_lane - 1) / r->chip->n_lane, step = 8 * (size_t)n_thread;
    for (size_t from = 0; from < n_block; from += step) {
        size_t to = from + step < n_block ? from + step : n_block;
        if (from) {
            mho_status status =
                mho_i_progress(r->chip->ctx, "pictures", (double)from / (double)n_block);
            if (status < 0) {
                return status;
            }
        }
#pragma omp parallel for schedule(dynamic, 1) num_threads(n_thread)
        for (size_t b = from; b < to; b++) {
            size_t t = (size_t)omp_get_thread_num();
            evaluate_block(r, scratch[t], b, score + t * r->n_score * r->chip->n_lane);
        }
    }
    return MHO_OK;
}

static mho_status evaluate(const run *r) {
    mho_ctx *ctx = r->chip->ctx;
    size_t n_block = (r->n + r->chip->n_lane - 1) / r->chip->n_lane;
    int n_thread = mho_ctx_threads(ctx);
    n_thread = (size_t)n_thread > n_block ? (int)n_block : n_thread;
    float *score = mho_i_alloc(ctx, (size_t)n_thread * r->n_score * r->chip->n_lane, sizeof *score);
    mho_i_scratch **scratch = mho_i_alloc(ctx, (size_t)n_thread, sizeof(void *));
    mho_status status = score && scratch ? MHO_OK : MHO_ERR_NOMEM;
    for (int t = 0; status == MHO_OK && t < n_thread; t++) {
        scratch[t] = mho_i_chip_scratch_new(r->chip);
        status = scratch[t] ? MHO_OK : MHO_ERR_NOMEM;
    }
    if (status == MHO_OK) {
        status = evaluate_blocks(r, scratch, score, n_thread);
    }
    for (int t = 0; scratch && t < n_thread; t++) {
        mho_i_chip_scratch_free(ctx, scratch[t]);
    }
    mho_i_free(ctx, scratch);
    mho_i_free(ctx, score);
    return status;
}

size_t mho_chip_n_score(const mho_chip *chip) {
    const mho_i_value *v = &chip->value[chip->output];
    return v->c * v->h * v->w;
}

static mho_status check_use(const mho_chip *chip, const mho_i_source *from) {
    if (!chip->programmed) {
        return mho_i_fail(chip->ctx, MHO_ERR_ARG,
                          "the chip is not programmed: mho_chip_program comes first");
    }
    if (chip->spec.column_calibration && !chip->calibrated) {
        return mho_i_fail(
            chip->ctx, MHO_ERR_ARG,
            "periphery.column_gain: calibrated: this chip has not been calibrated since "
            "it was programmed (mho_chip_calibrate, mho_chip_calibrate_samples)");
    }
    return mho_i_source_check(chip, from);
}

mho_status mho_chip_evaluate(mho_chip *chip, const mho_dataset *set, uint8_t *predictions,
                             double *accuracy) {
    mho_ctx *ctx = chip->ctx;
    mho_i_source from = {.set = set};
    mho_status status = check_use(chip, &from);
    if (status < 0) {
        return status;
    }
    if (!mho_i_chip_score_stage(chip)) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "the last layer ends in neurons: a classifier's ends in currents, whose "
                          "largest wins");
    }
    run r = {.chip = chip,
             .from = from,
             .n = mho_dataset_n_image(set),
             .n_score = mho_chip_n_score(chip)};
    if (r.n_score != mho_dataset_n_class(set)) {
        return mho_i_fail(ctx, MHO_ERR_DIM, "pictures in %zu classes: the chip tells %zu apart",
                          mho_dataset_n_class(set), r.n_score);
    }
    r.prediction = mho_i_alloc(ctx, r.n, sizeof *r.prediction);
    status = r.prediction ? evaluate(&r) : MHO_ERR_NOMEM;
    if (status == MHO_OK) {
        size_t right = 0;
        for (size_t k = 0; k < r.n; k++) {
            right += r.prediction[k] == mho_dataset_labels(set)[k];
            if (predictions) {
                predictions[k] = (uint8_t)r.prediction[k];
            }
        }
        *accuracy = (double)right / (double)r.n;
    }
    mho_i_free(ctx, r.prediction);
    return status;
}

mho_status mho_chip_evaluate_samples(mho_chip *chip, const mho_samples *s, int32_t *predictions,
                                     float *scores, double *accuracy) {
    mho_ctx *ctx = chip->ctx;
    run r = {.chip = chip,
             .from = {.samples = s},
             .n = mho_samples_n(s),
             .n_score = mho_chip_n_score(chip)};
    mho_status status = check_use(chip, &r.from);
    if (status < 0) {
        return status;
    }
    r.prediction = mho_i_alloc(ctx, r.n, sizeof *r.prediction);
    r.score = scores ? mho_i_alloc(ctx, r.n * r.n_score, sizeof *r.score) : NULL;
    status = r.prediction && (!scores || r.score) ? evaluate(&r) : MHO_ERR_NOMEM;
    if (status == MHO_OK) {
        const int32_t *label = mho_samples_label(s);
        size_t right = 0;
        for (size_t k = 0; label && k < r.n; k++) {
            right += r.prediction[k] == label[k];
        }
        if (accuracy) {
            *accuracy = label ? (double)right / (double)r.n : NAN;
        }
        if (predictions) {
            memcpy(predictions, r.prediction, r.n * sizeof *predictions);
        }
        if (scores) {
            memcpy(scores, r.score, r.n * r.n_score * sizeof *scores);
        }
    }
    mho_i_free(ctx, r.prediction);
    mho_i_free(ctx, r.score);
    return status;
}
