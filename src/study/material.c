/* material.c - what the chips of the LeNet-5 experiment are made of, in one place for mho run, its
 * studies and mho sweep: pictures, and a network trained for the neuron and the noise of a chip. */
#include "study_int.h"

enum { N_DIGITS_TRAIN = 20000, N_DIGITS_TEST = 4000 };

const char *mho_i_material_name(const char *data_dir) {
    return data_dir ? "MNIST (IDX files)" : "mho digits";
}

mho_status mho_i_material_set(mho_ctx *ctx, const char *data_dir, uint64_t seed,
                              mho_dataset_part part, size_t n, const char *key, mho_dataset **out) {
    *out = NULL;
    bool train = part == MHO_PART_TRAIN;
    size_t n_digits = train ? N_DIGITS_TRAIN : N_DIGITS_TEST;
    mho_dataset *all = NULL;
    /* picture k of mho's digits does not depend on how many are drawn */
    mho_status status = data_dir ? mho_dataset_load_dir(ctx, data_dir, part, &all)
                                 : mho_dataset_digits(ctx, seed, train ? 0 : N_DIGITS_TRAIN,
                                                      n && n < n_digits ? n : n_digits, &all);
    size_t n_all = status == MHO_OK ? mho_dataset_n_image(all) : 0;
    n_all = !data_dir && status == MHO_OK ? n_digits : n_all;
    if (status == MHO_OK && n > n_all) {
        status = mho_i_fail(ctx, MHO_ERR_ARG, "%s = %zu: the %s set has %zu", key, n,
                            train ? "training" : "test", n_all);
    }
    if (status == MHO_OK && n && n < mho_dataset_n_image(all)) {
        status = mho_dataset_first(all, n, out);
    } else if (status == MHO_OK) {
        *out = all;
        return MHO_OK;
    }
    mho_dataset_free(all);
    return status;
}

int mho_i_material_epochs(const char *data_dir, int n_epoch) {
    mho_train_opt opt = data_dir ? mho_train_opt_mnist() : mho_train_opt_digits();
    return n_epoch ? n_epoch : opt.n_epoch;
}

mho_status mho_i_material_train(mho_ctx *ctx, const mho_i_lesson *lesson, mho_net *net,
                                float curve[MHO_I_CURVE_POINT], mho_train_opt *opt,
                                mho_neuron_design *design, mho_train_result *result) {
    *opt = lesson->data_dir ? mho_train_opt_mnist() : mho_train_opt_digits();
    opt->seed = lesson->seed;
    opt->n_epoch = mho_i_material_epochs(lesson->data_dir, lesson->n_epoch);
    double z_min, z_max;
    mho_status status = mho_net_check_dataset(net, lesson->train);
    if (status == MHO_OK) {
        status = mho_chip_nominal_curve(ctx, lesson->spec, MHO_I_CURVE_POINT, curve, &z_min, &z_max,
                                        design);
    }
    if (status == MHO_OK && !lesson->unaware) {
        status = mho_chip_training_noise(ctx, lesson->spec, &opt->noise);
    } else {
        opt->noise = (mho_net_noise){0};
    }
    if (status == MHO_OK) {
        opt->curve = (mho_act_curve){z_min, z_max, MHO_I_CURVE_POINT, curve};
        status = mho_net_train_cached(ctx, net, lesson->train, opt, NULL, result);
    }
    return status;
}
