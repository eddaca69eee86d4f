/* tune.c - chip in the loop: the last layer learns from what the chip really puts into it.
 *
 * The inputs x of the last layer are taken from the programmed chip, errors, noise and all, for
 * every pass anew; its weights follow the gradient of the cross entropy of softmax(scale W x) with
 * Adam and are clipped to what a pair can hold. Then the layer is written again. */
#include "chip_int.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

typedef struct tuner {
    mho_chip *chip;
    const mho_tune_opt *opt;
    mho_i_stage *stage;
    mho_i_layer *layer;
    size_t n_weight, n_lane;
    float *weight, *grad, *m, *v; /* [n_out][n_row] */
    float *x;                     /* [n_row][lanes] of this block */
    float *delta;                 /* [n_out][lanes] */
    const uint8_t *label;         /* of this block */
    int step;
} tuner;

static mho_status keep_inputs(void *user, const mho_i_view *view) {
    tuner *t = user;
    if (view->layer == t->layer) {
        memcpy(t->x, view->x, t->layer->n_row * t->chip->n_lane * sizeof *t->x);
    }
    return MHO_OK;
}

/* Softmax minus target, over the pictures of the block. */
static void deltas(tuner *t) {
    size_t n_out = t->layer->shape.n_out, lanes = t->chip->n_lane;
    float scale = (float)t->opt->score_scale;
    for (size_t k = 0; k < lanes; k++) {
        float top = t->delta[k], sum = 0;
        for (size_t o = 1; o < n_out; o++) {
            top = fmaxf(top, t->delta[o * lanes + k]);
        }
        for (size_t o = 0; o < n_out; o++) {
            float *d = &t->delta[o * lanes + k];
            *d = expf(scale * (*d - top));
            sum += *d;
        }
        for (size_t o = 0; o < n_out; o++) {
            float *d = &t->delta[o * lanes + k];
            *d = k < t->n_lane ? (*d / sum - (float)(t->label[k] == o)) / (float)t->n_lane : 0;
        }
    }
}

static void adam(tuner *t) {
    const float b1 = 0.9f, b2 = 0.999f;
    t->step++;
    float c1 = 1 - powf(b1, (float)t->step), c2 = 1 - powf(b2, (float)t->step);
    for (size_t k = 0; k < t->n_weight; k++) {
        float w_max = (float)t->layer->scale[k / t->layer->n_row], g = t->grad[k] * w_max;
        t->m[k] = b1 * t->m[k] + (1 - b1) * g;
        t->v[k] = b2 * t->v[k] + (1 - b2) * g * g;
        float step = (float)t->opt->rate * w_max * (t->m[k] / c1) / (sqrtf(t->v[k] / c2) + 1e-8f);
        t->weight[k] = fminf(fmaxf(t->weight[k] - step, -w_max), w_max);
    }
}

static void learn_block(tuner *t) {
    int n_out = (int)t->layer->shape.n_out, n_row = (int)t->layer->n_row;
    int lanes = (int)t->chip->n_lane;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n_out, lanes, n_row, 1, t->weight, n_row,
                t->x, lanes, 0, t->delta, lanes);
    deltas(t);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n_out, n_row, lanes, 1, t->delta, lanes,
                t->x, lanes, 0, t->grad, n_row);
    adam(t);
}

static mho_status learn(tuner *t, const mho_dataset *set) {
    const mho_tune_opt *opt = t->opt;
    mho_i_scratch *s = mho_i_chip_scratch_new(t->chip);
    mho_status status = s ? MHO_OK : MHO_ERR_NOMEM;
    size_t image[MHO_I_LANES], lanes = t->chip->n_lane,
                               n_block = (opt->n_image + lanes - 1) / lanes;
    for (int e = 0; status == MHO_OK && e < opt->n_epoch; e++) {
        status = mho_i_progress(t->chip->ctx, "tuning the chip", (double)e / opt->n_epoch);
        for (size_t b = 0; status == MHO_OK && b < n_block; b++) {
            for (t->n_lane = 0; t->n_lane < lanes && b * lanes + t->n_lane < opt->n_image;
                 t->n_lane++) {
                image[t->n_lane] = b * lanes + t->n_lane;
            }
            t->label = mho_dataset_labels(set) + b * lanes;
            uint32_t block = 0xC0000000u | (uint32_t)((size_t)e * n_block + b);
            status = mho_i_chip_forward(t->chip, s, &(mho_i_source){.set = set}, image, t->n_lane,
                                        block, true, NULL, keep_inputs, t);
            if (status == MHO_OK) {
                learn_block(t);
            }
        }
    }
    mho_i_chip_scratch_free(t->chip->ctx, s);
    return status;
}

static mho_status rewrite(tuner *t, mho_program_report *rep) {
    mho_i_stage *stage = t->stage;
    mho_status status = mho_i_chip_retarget(t->chip, t->layer, t->weight);
    if (status == MHO_OK) {
        status = mho_i_chip_write_layer(t->chip, t->layer, ++t->layer->round, rep);
    }
    for (size_t o = 0; status == MHO_OK && stage->offset && o < stage->shape.n_out; o++) {
        double offset = stage->offset[o]; /* of the amplifier: not rewritten */
        stage->offset[o] = 0;
        mho_i_chip_trim_column(stage, o, 1, offset);
    }
    return status;
}

static mho_status check(const mho_chip *chip, const mho_i_stage *stage, const mho_dataset *set,
                        const mho_tune_opt *opt) {
    const mho_i_value *in = &chip->value[0];
    if (!chip->programmed || !stage || stage->n_layer != 1 || stage->layer->shape.n_group != 1 ||
        stage->shape.n_pos != 1) {
        return mho_i_fail(chip->ctx, MHO_ERR_ARG,
                          "tuning: a programmed chip that ends in the scores of one dense layer is "
                          "wanted");
    }
    if (in->c != 1 || in->h != mho_dataset_n_row(set) || in->w != mho_dataset_n_col(set) ||
        stage->shape.n_out != mho_dataset_n_class(set)) {
        return mho_i_fail(chip->ctx, MHO_ERR_DIM,
                          "pictures of %zu x %zu in %zu classes: the chip takes %zu x %zu in %zu",
                          mho_dataset_n_row(set), mho_dataset_n_col(set), mho_dataset_n_class(set),
                          in->h, in->w, stage->shape.n_out);
    }
    if (opt->n_image < 1 || opt->n_image > mho_dataset_n_image(set) || opt->n_epoch < 0 ||
        !(opt->rate > 0) || !(opt->score_scale > 0)) {
        return mho_i_fail(chip->ctx, MHO_ERR_ARG,
                          "tuning with %zu pictures, %d passes, rate %g, scale %g: 1 to %zu "
                          "pictures and a positive rate and scale are wanted",
                          opt->n_image, opt->n_epoch, opt->rate, opt->score_scale,
                          mho_dataset_n_image(set));
    }
    return MHO_OK;
}

mho_status mho_chip_tune(mho_chip *chip, const mho_dataset *set, const mho_tune_opt *opt,
                         mho_program_report *rep) {
    mho_ctx *ctx = chip->ctx;
    mho_i_stage *stage = NULL;
    const mho_i_stage *scores = mho_i_chip_score_stage(chip);
    for (size_t k = 0; k < chip->n_stage; k++) {
        stage = &chip->stage[k] == scores ? &chip->stage[k] : stage;
    }
    mho_status status = check(chip, stage, set, opt);
    if (status < 0) {
        return status;
    }
    tuner t = {.chip = chip, .opt = opt, .stage = stage, .layer = stage->layer};
    size_t n = t.n_weight = t.layer->shape.n_out * t.layer->n_row, lanes = chip->n_lane;
    t.weight = mho_i_alloc(ctx, n, sizeof *t.weight);
    t.grad = mho_i_alloc(ctx, n, sizeof *t.grad);
    t.m = mho_i_alloc(ctx, n, sizeof *t.m);
    t.v = mho_i_alloc(ctx, n, sizeof *t.v);
    t.x = mho_i_alloc(ctx, t.layer->n_row * lanes, sizeof *t.x);
    t.delta = mho_i_alloc(ctx, t.layer->shape.n_out * lanes, sizeof *t.delta);
    bool ok = t.weight && t.grad && t.m && t.v && t.x && t.delta;
    status = ok ? MHO_OK : MHO_ERR_NOMEM;
    mho_program_report own = {0};
    if (status == MHO_OK) {
        mho_i_chip_target_weights(chip, t.layer, t.weight);
        status = learn(&t, set);
    }
    if (status == MHO_OK) {
        status = rewrite(&t, &own);
    }
    if (status == MHO_OK && rep) {
        *rep = own;
    }
    float *all[] = {t.weight, t.grad, t.m, t.v, t.x, t.delta};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        mho_i_free(ctx, all[k]);
    }
    return status;
}
