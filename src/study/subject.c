/* subject.c - data, training and measuring for the studies of remedies and ageing. */
#include "subject_int.h"

#include <math.h>
#include <string.h>

mho_status mho_i_subject_init(mho_i_subject *s, mho_ctx *ctx, const mho_remedy_opt *opt) {
    *s = (mho_i_subject){.ctx = ctx, .opt = opt, .data_name = mho_i_material_name(opt->data_dir)};
    if (opt->n_chip < 2 || opt->n_chip > 100000) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "chips = %zu: allowed are 2 to 100000", opt->n_chip);
    }
    if (opt->n_epoch < 0 || opt->n_epoch > 10000) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "epochs = %d: allowed are 1 to 10000", opt->n_epoch);
    }
    mho_status status = mho_i_begin_spec(ctx, opt->chip_file, &s->base);
    if (status == MHO_OK) {
        status =
            mho_i_material_set(ctx, opt->data_dir, opt->seed, MHO_PART_TRAIN, 0, "", &s->train);
    }
    return status < 0 ? status
                      : mho_i_material_set(ctx, opt->data_dir, opt->seed, MHO_PART_TEST,
                                           opt->n_image, "images", &s->test);
}

void mho_i_subject_free(mho_i_subject *s) {
    mho_dataset_free(s->train);
    mho_dataset_free(s->test);
}

mho_status mho_i_subject_train(mho_i_subject *s, const mho_chip_spec *spec, bool aware,
                               mho_net **out) {
    const mho_i_lesson lesson = {.spec = spec,
                                 .train = s->train,
                                 .data_dir = s->opt->data_dir,
                                 .seed = s->opt->seed,
                                 .n_epoch = s->opt->n_epoch,
                                 .unaware = !aware};
    mho_train_opt opt;
    mho_neuron_design design;
    float *curve = mho_i_alloc(s->ctx, MHO_I_CURVE_POINT, sizeof *curve);
    mho_status status = curve ? mho_net_lenet5(s->ctx, out) : MHO_ERR_NOMEM;
    if (status == MHO_OK) {
        status = mho_net_check_dataset(*out, s->test);
    }
    if (status == MHO_OK) {
        status = mho_i_material_train(s->ctx, &lesson, *out, curve, &opt, &design, NULL);
    }
    mho_i_free(s->ctx, curve);
    return status;
}

static mho_status measure_one(mho_i_subject *s, mho_chip *chip, uint32_t instance,
                              uint32_t imperfections, bool tune, double *accuracy) {
    mho_status status = mho_chip_program(chip, s->opt->seed, instance, imperfections, NULL);
    if (status == MHO_OK) {
        status = mho_chip_calibrate(chip, s->train, 0, NULL);
    }
    if (status == MHO_OK && tune) {
        mho_tune_opt opt = MHO_TUNE_OPT_INIT;
        size_t n = mho_dataset_n_image(s->train);
        opt.n_image = opt.n_image < n ? opt.n_image : n;
        status = mho_chip_tune(chip, s->train, &opt, NULL);
    }
    return status == MHO_OK ? mho_chip_evaluate(chip, s->test, NULL, accuracy) : status;
}

mho_status mho_i_subject_measure(mho_i_subject *s, const mho_chip_spec *spec, const mho_net *net,
                                 uint32_t imperfections, bool tune, double *accuracy) {
    mho_chip *chip = NULL;
    mho_status status = mho_chip_new(s->ctx, spec, net, &chip);
    for (size_t k = 0; status == MHO_OK && k < s->opt->n_chip; k++) {
        status = measure_one(s, chip, (uint32_t)k, imperfections, tune, accuracy + k);
    }
    mho_chip_free(chip);
    return status;
}

mho_score mho_i_score_of(size_t n, const double *x) {
    mho_score s;
    mho_i_mean_sd(n, x, &s.mean, &s.sd);
    double half = n > 1 ? mho_i_student_975(n - 1) * s.sd / sqrt((double)n) : 0;
    s.ci95[0] = s.mean - half;
    s.ci95[1] = s.mean + half;
    return s;
}
