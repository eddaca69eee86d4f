/* train.c - hardware-aware training: every step draws a fresh piece of noisy hardware, and the
 * weights learn to do without its particulars.
 *
 * A minibatch is cut into groups of sixteen pictures whatever the number of threads; each group has
 * its own gradient, and they are added in order. All randomness is a function of (seed, step), so
 * the weights after an epoch are all that a checkpoint needs besides Adam's moments. */
#include "network_int.h"

#include <math.h>
#include <string.h>

enum { L = MHO_I_LANES, N_PART = 4 };

typedef struct trainer {
    mho_ctx *ctx;
    mho_net *net;
    const mho_dataset *set;
    const mho_train_opt *opt;
    mho_i_curve curve, exact;
    mho_i_effective *effective;
    mho_i_pass **pass; /* [n_thread] */
    int n_thread;
    size_t n_group, n_batch_step; /* groups of a full batch; steps of an epoch */
    float *group_grad;            /* [n_group][n_param] */
    double *group_loss;           /* [n_group] */
    uint8_t *scratch;             /* [n_thread][n_row*n_col] */
    uint32_t *order;              /* [n_image] */
    float *limit;                 /* [n_param] */
    float *part[N_PART];          /* [n_param] weights, two moments, running mean */
    int epoch;                    /* epochs done */
    double loss;
} trainer;

static void trainer_done(trainer *t) {
    for (int k = 0; t->pass && k < t->n_thread; k++) {
        mho_i_pass_free(t->pass[k]);
    }
    for (int k = 0; k < N_PART; k++) {
        mho_i_free(t->ctx, t->part[k]);
    }
    mho_i_free(t->ctx, t->pass);
    mho_i_free(t->ctx, t->group_grad);
    mho_i_free(t->ctx, t->group_loss);
    mho_i_free(t->ctx, t->scratch);
    mho_i_free(t->ctx, t->order);
    mho_i_free(t->ctx, t->limit);
    mho_i_effective_free(t->effective);
    mho_i_curve_done(&t->curve);
}

static mho_status trainer_alloc(trainer *t) {
    size_t n_param = t->net->n_param, n_pixel = t->set->n_row * t->set->n_col;
    bool ok = (t->pass = mho_i_alloc(t->ctx, (size_t)t->n_thread, sizeof *t->pass)) &&
              (t->group_grad = mho_i_alloc(t->ctx, t->n_group * n_param, sizeof *t->group_grad)) &&
              (t->group_loss = mho_i_alloc(t->ctx, t->n_group, sizeof *t->group_loss)) &&
              (t->scratch = mho_i_alloc(t->ctx, (size_t)t->n_thread, n_pixel)) &&
              (t->order = mho_i_alloc(t->ctx, t->set->n_image, sizeof *t->order)) &&
              (t->limit = mho_i_alloc(t->ctx, n_param, sizeof *t->limit));
    for (int k = 0; k < N_PART && ok; k++) {
        ok = (t->part[k] = mho_i_alloc(t->ctx, n_param, sizeof *t->part[k])) != NULL;
    }
    mho_status status = ok ? mho_i_effective_new(t->ctx, t->net, &t->effective) : MHO_ERR_NOMEM;
    for (int k = 0; k < t->n_thread && status == MHO_OK; k++) {
        status = mho_i_pass_new(t->ctx, t->net, true, &t->pass[k]);
    }
    return status;
}

/* He et al. 2015: the spread that keeps the size of the signal; biases 0. */
static void init_weights(trainer *t) {
    float *param = t->part[0];
    for (size_t l = 0; l < t->net->n_layer; l++) {
        const mho_layer *layer = &t->net->layer[l];
        size_t n = mho_i_layer_n_weight(layer), at = t->net->at[l];
        float top = (float)layer->w_max;
        float sd = (float)sqrt(2 / (layer->n_in ? (double)layer->n_in : 1));
        mho_i_rng_normal_f(t->opt->seed, MHO_RNG_INIT_WEIGHTS, (uint32_t)l, 0, n, param + at);
        for (size_t k = 0; k < n; k++) {
            float w = sd * param[at + k];
            param[at + k] = w > top ? top : w < -top ? -top : w;
        }
        for (size_t k = 0; k < mho_i_layer_n_param(layer); k++) {
            t->limit[at + k] = top;
        }
    }
    memcpy(t->part[3], param, t->net->n_param * sizeof *param);
}

static mho_status trainer_init(trainer *t, mho_ctx *ctx, mho_net *net, const mho_dataset *set,
                               const mho_train_opt *opt) {
    *t =
        (trainer){.ctx = ctx, .net = net, .set = set, .opt = opt, .n_thread = mho_ctx_threads(ctx)};
    size_t n_batch = (size_t)opt->n_batch;
    t->n_group = (n_batch + L - 1) / L;
    t->n_batch_step = (set->n_image + n_batch - 1) / n_batch;
    mho_status status = mho_i_curve_init(ctx, &opt->curve, &t->curve);
    if (status == MHO_OK) {
        status = trainer_alloc(t);
    }
    if (status == MHO_OK) {
        init_weights(t);
    } else {
        trainer_done(t);
    }
    return status;
}

/* A fresh random order of the pictures for every epoch (Fisher and Yates). */
static void shuffle(trainer *t) {
    size_t n = t->set->n_image;
    for (size_t k = 0; k < n; k++) {
        t->order[k] = (uint32_t)k;
    }
    for (size_t k = 0; k + 1 < n; k++) {
        uint32_t r[4];
        mho_i_rng_u32x4(t->opt->seed, MHO_RNG_SHUFFLE, 0, (uint32_t)t->epoch, (uint32_t)k, r);
        size_t j = k + (size_t)(((uint64_t)r[0] << 32 | r[1]) % (n - k));
        uint32_t keep = t->order[k];
        t->order[k] = t->order[j];
        t->order[j] = keep;
    }
}

/* Softmax cross entropy of lane e; grad gets d loss/d score of the mean over n_batch pictures. */
static double lane_loss(const mho_train_opt *opt, size_t n_class, size_t label, size_t e,
                        size_t n_batch, const float *score, float *grad) {
    double p[256], top = -INFINITY, sum = 0, loss = 0;
    for (size_t c = 0; c < n_class; c++) {
        p[c] = opt->score_scale * (double)score[c * L + e];
        top = p[c] > top ? p[c] : top;
    }
    for (size_t c = 0; c < n_class; c++) {
        sum += exp(p[c] - top);
    }
    double spread = opt->label_smooth / (double)n_class, log_sum = top + log(sum);
    for (size_t c = 0; c < n_class; c++) {
        double target = spread + (c == label ? 1 - opt->label_smooth : 0);
        loss -= target * (p[c] - log_sum);
        grad[c * L + e] =
            (float)(opt->score_scale * (exp(p[c] - log_sum) - target) / (double)n_batch);
    }
    return loss;
}

typedef struct step_plan {
    size_t first, n_batch; /* pictures order[first .. first+n_batch-1] */
    uint32_t number;       /* of the step, over all epochs */
    double noise_scale;
    const mho_i_curve *curve;
} step_plan;

/* Gradient and loss of group g of the batch by one thread. */
static void run_group(trainer *t, mho_i_pass *pass, uint8_t *picture, const step_plan *plan,
                      size_t g) {
    const mho_train_opt *opt = t->opt;
    size_t n_param = t->net->n_param, n_pixel = t->set->n_row * t->set->n_col;
    size_t n_class = t->set->n_class, done = g * L;
    size_t n = plan->n_batch > done ? plan->n_batch - done : 0;
    n = n < L ? n : L;
    float *grad = t->group_grad + g * n_param;
    memset(grad, 0, n_param * sizeof *grad);
    t->group_loss[g] = 0;
    if (!n) {
        return;
    }
    const uint32_t *order = t->order + plan->first + done;
    for (size_t e = 0; e < n; e++) {
        const uint8_t *pixels = t->set->pixels + order[e] * n_pixel;
        if (opt->augment) {
            mho_i_augment(opt, t->set, order[e], (uint32_t)t->epoch, picture);
            pixels = picture;
        }
        mho_i_pass_load(pass, e, pixels, opt->noise.input_bits);
    }
    mho_i_z_noise z = {(float)(opt->noise.z * plan->noise_scale), opt->seed, (uint32_t)g,
                       plan->number};
    mho_i_pass_forward(pass, t->effective->param, plan->curve, z.sd > 0 ? &z : NULL);
    const mho_i_step *last = &pass->step[t->net->n_layer - 1];
    memset(last->grad, 0, n_class * L * sizeof *last->grad);
    for (size_t e = 0; e < n; e++) {
        t->group_loss[g] += lane_loss(opt, n_class, t->set->labels[order[e]], e, plan->n_batch,
                                      last->a, last->grad);
    }
    mho_i_pass_backward(pass, t->effective, grad);
}

static mho_i_adam adam_plan(const trainer *t, double number) {
    const mho_train_opt *opt = t->opt;
    double total = (double)t->n_batch_step * opt->n_epoch, warm = 0.02 * total + 1;
    double wave = 0.5 * (1 + cos(MHO_PI * number / total));
    double rate = opt->rate * (opt->rate_end_ratio + (1 - opt->rate_end_ratio) * wave);
    rate *= number + 1 < warm ? (number + 1) / warm : 1;
    /* the running mean forgets faster at the start, when there is little to remember */
    double young = (1 + number) / (10 + number);
    return (mho_i_adam){
        .rate = (float)rate,
        .correct1 = (float)(1 / (1 - pow(0.9, number + 1))),
        .correct2 = (float)(1 / (1 - pow(0.999, number + 1))),
        .keep = (float)(opt->average < young ? opt->average : young),
    };
}

static double noise_scale(const trainer *t, uint32_t number) {
    double ramp = t->opt->ramp_epochs * (double)t->n_batch_step;
    return number < ramp ? number / ramp : 1;
}

/* The hardware that step number will see. */
static mho_i_draw draw_plan(const trainer *t, uint32_t number) {
    return (mho_i_draw){.param = t->part[0],
                        .noise = &t->opt->noise,
                        .scale = noise_scale(t, number),
                        .seed = t->opt->seed,
                        .evaluation = number};
}

static step_plan plan_step(const trainer *t, size_t step) {
    const mho_train_opt *opt = t->opt;
    size_t n_batch = (size_t)opt->n_batch, first = step * n_batch, left = t->set->n_image - first;
    step_plan plan = {.first = first, .n_batch = left < n_batch ? left : n_batch};
    plan.number = (uint32_t)((size_t)t->epoch * t->n_batch_step + step);
    plan.noise_scale = noise_scale(t, plan.number);
    double number = plan.number;
    bool exact = floor((number + 1) * opt->exact_frac) > floor(number * opt->exact_frac);
    plan.curve = exact ? &t->exact : &t->curve;
    return plan;
}

/* The weights and the bias of one output. */
static void update_row(trainer *t, const mho_i_adam *adam, size_t r) {
    size_t l = t->effective->row[r].layer, o = t->effective->row[r].output;
    const mho_layer *layer = &t->net->layer[l];
    size_t from[2] = {t->net->at[l] + o * layer->n_in,
                      t->net->at[l] + mho_i_layer_n_weight(layer) + o};
    size_t n[2] = {layer->n_in, 1};
    for (int k = 0; k < 2; k++) {
        mho_i_adam_step(adam, from[k], from[k] + n[k], t->n_group, t->net->n_param, t->group_grad,
                        t->effective->gain, t->limit, t->part[0], t->part[1], t->part[2],
                        t->part[3]);
    }
}

/* One step over one batch; adds to the loss of the epoch. The hardware of this step has been drawn;
 * each row that is done with it draws that of the next, which saves the threads a meeting: on a
 * busy machine every one of them can cost a time slice. */
static void run_step(trainer *t, size_t step) {
    size_t n_pixel = t->set->n_row * t->set->n_col, n_row = t->effective->n_row;
    step_plan plan = plan_step(t, step);
    mho_i_adam adam = adam_plan(t, plan.number);
    mho_i_draw next = draw_plan(t, plan.number + 1);
    bool last = step + 1 == t->n_batch_step;
#pragma omp parallel num_threads(t->n_thread)
    {
        int me = mho_i_thread();
#pragma omp for schedule(dynamic, 1)
        for (size_t g = 0; g < t->n_group; g++) {
            run_group(t, t->pass[me], t->scratch + (size_t)me * n_pixel, &plan, g);
        }
#pragma omp for schedule(static, 8)
        for (size_t r = 0; r < n_row; r++) {
            update_row(t, &adam, r);
            if (!last) {
                mho_i_effective_row(t->effective, &next, r);
            }
        }
    }
    for (size_t g = 0; g < t->n_group; g++) {
        t->loss += t->group_loss[g];
    }
}

static bool all_finite(size_t n, const float *x) {
    for (size_t k = 0; k < n; k++) {
        if (!isfinite(x[k])) {
            return false;
        }
    }
    return true;
}

static mho_status run_epoch(trainer *t) {
    char stage[64];
    snprintf(stage, sizeof stage, "training epoch %d/%d", t->epoch + 1, t->opt->n_epoch);
    shuffle(t);
    t->loss = 0;
    mho_i_draw draw = draw_plan(t, (uint32_t)((size_t)t->epoch * t->n_batch_step));
    for (size_t r = 0; r < t->effective->n_row; r++) {
        mho_i_effective_row(t->effective, &draw, r);
    }
    for (size_t step = 0; step < t->n_batch_step; step++) {
        double done = (double)t->epoch + (double)step / (double)t->n_batch_step;
        mho_status status = mho_i_progress(t->ctx, stage, done / t->opt->n_epoch);
        if (status < 0) {
            return status;
        }
        run_step(t, step);
    }
    t->loss /= (double)t->set->n_image;
    t->epoch++;
    if (!isfinite(t->loss) || !all_finite(t->net->n_param, t->part[3])) {
        return mho_i_fail(
            t->ctx, MHO_ERR_ARG,
            "training diverged in epoch %d: the rate of %g or the score scale of %g is too "
            "large",
            t->epoch, t->opt->rate, t->opt->score_scale);
    }
    return MHO_OK;
}

bool mho_i_train_believable(const double number[4], int n_epoch) {
    return number[0] >= 1 && number[0] <= n_epoch && number[0] == floor(number[0]) &&
           isfinite(number[1]);
}

/* Means of squares. */
static bool all_positive(size_t n, const float *x) {
    bool all = true;
    for (size_t k = 0; k < n; k++) {
        all = all && x[k] >= 0;
    }
    return all;
}

/* A checkpoint that cannot be used is as good as none: training then starts from the beginning. */
static void resume(trainer *t, const mho_i_train_files *files) {
    double number[4];
    if (!mho_i_file_exists(files->checkpoint) ||
        mho_i_weight_file_read(t->net, files->checkpoint, files->key, number, N_PART, t->part,
                               NULL) < 0) {
        return;
    }
    if (mho_i_train_believable(number, t->opt->n_epoch) &&
        all_positive(t->net->n_param, t->part[2])) {
        t->epoch = (int)number[0];
        t->loss = number[1];
        return;
    }
    for (int k = 0; k < N_PART; k++) { /* what the file has left there */
        memset(t->part[k], 0, t->net->n_param * sizeof *t->part[k]);
    }
    init_weights(t);
}

static mho_status run_epochs(trainer *t, const mho_i_train_files *files) {
    mho_status status = MHO_OK;
    while (t->epoch < t->opt->n_epoch && status == MHO_OK) {
        status = run_epoch(t);
        if (status == MHO_OK && files) {
            const double number[4] = {t->epoch, t->loss};
            status = mho_i_weight_file_write(t->net, files->checkpoint, files->key, number, N_PART,
                                             t->part);
        }
    }
    if (status == MHO_OK && files) {
        const double number[4] = {t->epoch, t->loss};
        status =
            mho_i_weight_file_write(t->net, files->weights, files->key, number, 1, &t->part[3]);
    }
    return status;
}

mho_status mho_i_train_run(mho_ctx *ctx, mho_net *net, const mho_dataset *set,
                           const mho_train_opt *opt, const mho_i_train_files *files,
                           mho_train_result *result) {
    double start_s = mho_i_now_s();
    trainer t;
    mho_status status = mho_i_train_check(ctx, net, set, opt);
    if (status == MHO_OK) {
        status = trainer_init(&t, ctx, net, set, opt);
    }
    if (status < 0) {
        return status;
    }
    if (files) {
        resume(&t, files);
    }
    int first = t.epoch;
    status = run_epochs(&t, files);
    if (status == MHO_OK) {
        memcpy(net->param, t.part[3], net->n_param * sizeof *net->param);
        if (result) {
            *result = (mho_train_result){.first_epoch = first,
                                         .n_epoch = t.epoch,
                                         .loss = t.loss,
                                         .train_s = mho_i_now_s() - start_s};
        }
    }
    trainer_done(&t);
    return status;
}

mho_status mho_net_train(mho_ctx *ctx, mho_net *net, const mho_dataset *set,
                         const mho_train_opt *opt, mho_train_result *result) {
    return mho_i_train_run(ctx, net, set, opt, NULL, result);
}
