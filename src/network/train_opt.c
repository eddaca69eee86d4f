/* train_opt.c - options of training: the chosen defaults, what is allowed, and what they are called
 * in the cache. */
#include "network_int.h"

#include <limits.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

/* Raise it when the same options no longer give the same weights. */
enum { TRAIN_VERSION = 1 };

mho_train_opt mho_train_opt_mnist(void) {
    return (mho_train_opt){
        .seed = 1,
        .n_epoch = 20,
        .n_batch = 64,
        .rate = 0.02,
        .rate_end_ratio = 0.01,
        .average = 0.999,
        .label_smooth = 0,
        .score_scale = 8,
        .ramp_epochs = 3,
        .exact_frac = 0.25,
        .augment = true,
        .shift_px = 2,
        .rotate_rad = 0.15,
        .scale_rel = 0.1,
        .elastic_px = 0.6,
        .noise = {.weight_rel = 0.06,
                  .z = 0.03,
                  .gain = 0.07,
                  .offset = 0.015,
                  .weight_levels = 63,
                  .input_bits = 8},
    };
}

mho_train_opt mho_train_opt_digits(void) {
    mho_train_opt opt = mho_train_opt_mnist();
    opt.n_epoch = 20;
    return opt;
}

mho_status mho_i_train_check(mho_ctx *ctx, const mho_net *net, const mho_dataset *set,
                             const mho_train_opt *opt) {
    mho_status status = mho_net_check_dataset(net, set);
    if (status < 0) {
        return status;
    }
    const struct {
        const char *name;
        double value, low, high;
    } range[] = {
        {"n_epoch", opt->n_epoch, 1, 100000},
        {"n_batch", opt->n_batch, 8, 4096},
        {"rate", opt->rate, 1e-12, 10},
        {"rate_end_ratio", opt->rate_end_ratio, 0, 1},
        {"average", opt->average, 0, 1 - 1e-9},
        {"label_smooth", opt->label_smooth, 0, 1 - 1e-9},
        {"score_scale", opt->score_scale, 1e-6, 1e6},
        {"ramp_epochs", opt->ramp_epochs, 0, 100000},
        {"exact_frac", opt->exact_frac, 0, 1},
        {"shift_px", opt->shift_px, 0, 1024},
        {"rotate_rad", opt->rotate_rad, 0, 7},
        {"scale_rel", opt->scale_rel, 0, 0.5},
        {"elastic_px", opt->elastic_px, 0, 1024},
        /* steps are numbered with 32 bits */
        {"n_epoch * images / n_batch", (double)opt->n_epoch * (double)set->n_image / opt->n_batch,
         0, 4e9},
    };
    for (size_t k = 0; k < sizeof range / sizeof *range; k++) {
        status = mho_i_need_range(ctx, range[k].name, range[k].value, range[k].low, range[k].high);
        if (status < 0) {
            return status;
        }
    }
    return mho_i_noise_check(ctx, &opt->noise);
}

static void hash_double(mho_i_hash *h, double x) {
    mho_i_hash_add(h, &x, sizeof x);
}

/* Everything that the trained weights depend on. */
static void training_key(const mho_net *net, const mho_dataset *set, const mho_train_opt *opt,
                         char key[33]) {
    mho_i_hash h = mho_i_hash_init();
    char data[33];
    mho_dataset_hash(set, data);
    hash_double(&h, TRAIN_VERSION);
    mho_i_hash_add(&h, data, 32);
    mho_i_net_hash_shape(net, &h);
    mho_i_hash_add(&h, &opt->seed, sizeof opt->seed);
    const mho_net_noise *n = &opt->noise;
    const double value[] = {
        opt->n_epoch,    opt->n_batch,      opt->rate,        opt->rate_end_ratio,
        opt->average,    opt->label_smooth, opt->score_scale, opt->ramp_epochs,
        opt->exact_frac, opt->augment,      opt->shift_px,    opt->rotate_rad,
        opt->scale_rel,  opt->elastic_px,   n->weight_rel,    n->z,
        n->gain,         n->offset,         n->weight_levels, n->input_bits};
    mho_i_hash_add(&h, value, sizeof value);
    if (opt->curve.a) {
        hash_double(&h, opt->curve.z_min);
        hash_double(&h, opt->curve.z_max);
        hash_double(&h, (double)opt->curve.n);
        mho_i_hash_add(&h, opt->curve.a, opt->curve.n * sizeof *opt->curve.a);
    }
    mho_i_hash_hex(&h, key);
}

/* Sets *there unless the file is absent or unusable: then the net is trained, and the file made
 * anew. */
static mho_status from_cache(mho_net *net, const char *path, const char *key, int n_epoch,
                             mho_train_result *result, bool *there) {
    double number[4];
    *there = false;
    if (!mho_i_file_exists(path)) {
        return MHO_OK;
    }
    float *param = mho_i_alloc(net->ctx, net->n_param, sizeof *param);
    if (!param) {
        return MHO_ERR_NOMEM;
    }
    *there = mho_i_weight_file_read(net, path, key, number, 1, &param, NULL) == MHO_OK &&
             mho_i_train_believable(number, n_epoch);
    if (*there) {
        memcpy(net->param, param, net->n_param * sizeof *param);
    }
    if (*there && result) {
        *result =
            (mho_train_result){.from_cache = true, .n_epoch = (int)number[0], .loss = number[1]};
    }
    mho_i_free(net->ctx, param);
    return MHO_OK;
}

mho_status mho_net_train_cached(mho_ctx *ctx, mho_net *net, const mho_dataset *set,
                                const mho_train_opt *opt, const char *dir,
                                mho_train_result *result) {
    char place[PATH_MAX - 64], path[PATH_MAX], part[PATH_MAX], key[33];
    mho_i_curve curve;
    mho_status status = mho_i_train_check(ctx, net, set, opt);
    if (status == MHO_OK) {
        status = mho_i_curve_init(ctx, &opt->curve, &curve);
    }
    if (status < 0) {
        return status;
    }
    mho_i_curve_done(&curve);
    if (dir && snprintf(place, sizeof place, "%s", dir) >= (int)sizeof place) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "%.80s...: the path is too long", dir);
    }
    status = dir ? mho_i_mkdirs(ctx, place) : mho_i_cache_dir(ctx, place, sizeof place);
    if (status < 0) {
        return mho_i_prefix(ctx, status, "no place for trained weights (MHO_CACHE names one): ");
    }
    training_key(net, set, opt, key);
    snprintf(path, sizeof path, "%s/train-%s.weights", place, key);
    snprintf(part, sizeof part, "%s/train-%s.part", place, key);
    bool there;
    if ((status = from_cache(net, path, key, opt->n_epoch, result, &there)) < 0 || there) {
        return status;
    }
    const mho_i_train_files files = {.checkpoint = part, .weights = path, .key = key};
    if ((status = mho_i_file_writable(ctx, path)) < 0 ||
        (status = mho_i_train_run(ctx, net, set, opt, &files, result)) < 0) {
        return status;
    }
    unlink(part);
    return MHO_OK;
}
