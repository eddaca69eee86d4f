/* subject.c - data, training and measuring for the studies of remedies and ageing. */
#include "subject_int.h"

#include <math.h>
#include <string.h>

enum { N_CURVE_POINT = 4097, N_DIGITS_TRAIN = 20000, N_DIGITS_TEST = 4000 };

static mho_status load_data(mho_i_subject *s) {
    mho_ctx *ctx = s->ctx;
    const char *dir = s->opt->data_dir;
    mho_dataset *all = NULL;
    mho_status status;
    if (dir) {
        status = mho_dataset_load_dir(ctx, dir, MHO_PART_TRAIN, &s->train);
        if (status == MHO_OK) {
            status = mho_dataset_load_dir(ctx, dir, MHO_PART_TEST, &all);
        }
    } else {
        status = mho_dataset_digits(ctx, s->opt->seed, 0, N_DIGITS_TRAIN, &s->train);
        if (status == MHO_OK) {
            status = mho_dataset_digits(ctx, s->opt->seed, N_DIGITS_TRAIN, N_DIGITS_TEST, &all);
        }
    }
    size_t n = status == MHO_OK ? mho_dataset_n_image(all) : 0;
    if (status == MHO_OK && s->opt->n_image > n) {
        status =
            mho_i_fail(ctx, MHO_ERR_ARG, "images = %zu: the test set has %zu", s->opt->n_image, n);
    }
    if (status == MHO_OK) {
        status = mho_dataset_first(all, s->opt->n_image ? s->opt->n_image : n, &s->test);
    }
    mho_dataset_free(all);
    return status;
}

mho_status mho_i_subject_init(mho_i_subject *s, mho_ctx *ctx, const mho_remedy_opt *opt) {
    *s = (mho_i_subject){
        .ctx = ctx, .opt = opt, .data_name = opt->data_dir ? "MNIST (IDX files)" : "mho digits"};
    if (opt->n_chip < 2 || opt->n_chip > 100000) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "chips = %zu: allowed are 2 to 100000", opt->n_chip);
    }
    if (opt->n_epoch < 0 || opt->n_epoch > 10000) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "epochs = %d: allowed are 1 to 10000", opt->n_epoch);
    }
    mho_status status = opt->chip_file ? mho_chip_spec_load(ctx, opt->chip_file, &s->base)
                                       : mho_chip_spec_default(ctx, &s->base);
    return status == MHO_OK ? load_data(s) : status;
}

void mho_i_subject_free(mho_i_subject *s) {
    mho_dataset_free(s->train);
    mho_dataset_free(s->test);
}

mho_status mho_i_subject_train(mho_i_subject *s, const mho_chip_spec *spec, bool aware,
                               mho_net **out) {
    mho_ctx *ctx = s->ctx;
    mho_neuron_design design;
    mho_act_curve curve = {0, 0, N_CURVE_POINT, NULL};
    mho_train_opt opt = s->opt->data_dir ? mho_train_opt_mnist() : mho_train_opt_digits();
    float *a = mho_i_alloc(ctx, N_CURVE_POINT, sizeof *a);
    mho_status status = a ? mho_net_lenet5(ctx, out) : MHO_ERR_NOMEM;
    if (status == MHO_OK) {
        status = mho_net_check_dataset(*out, s->train);
    }
    if (status == MHO_OK) {
        status = mho_net_check_dataset(*out, s->test);
    }
    if (status == MHO_OK) {
        status = mho_chip_nominal_curve(ctx, spec, N_CURVE_POINT, a, &curve.z_min, &curve.z_max,
                                        &design);
    }
    if (status == MHO_OK && aware) {
        status = mho_chip_training_noise(ctx, spec, &opt.noise);
    } else {
        opt.noise = (mho_net_noise){0};
    }
    if (status == MHO_OK) {
        curve.a = a;
        opt.curve = curve;
        opt.seed = s->opt->seed;
        opt.n_epoch = s->opt->n_epoch ? s->opt->n_epoch : opt.n_epoch;
        status = mho_net_train_cached(ctx, *out, s->train, &opt, NULL, NULL);
    }
    mho_i_free(ctx, a);
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
