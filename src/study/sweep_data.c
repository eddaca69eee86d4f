/* sweep_data.c - what the chips of a sweep are made of: pictures, trained networks, and the names
 * under which results are filed. */
#include "sweep_int.h"

#include "chip/spec_int.h"

#include <string.h>

enum { N_CALIBRATION = 256 };

bool mho_i_wants_calibration(const mho_chip_spec *spec) {
    return spec->column_calibration || spec->adc_bits > 0;
}

mho_status mho_i_sweep_data_train(mho_ctx *ctx, const mho_study *s, mho_i_sweep_data *d) {
    mho_status status = mho_i_material_set(ctx, s->data_dir, s->seed, MHO_PART_TRAIN, s->n_train,
                                           "train_images", &d->train);
    if (status == MHO_OK) {
        mho_dataset_hash(d->train, d->train_hash);
        d->n_train = mho_dataset_n_image(d->train);
        status = mho_dataset_first(
            d->train, d->n_train < N_CALIBRATION ? d->n_train : N_CALIBRATION, &d->few);
    }
    return status;
}

mho_status mho_i_sweep_data_test(mho_ctx *ctx, const mho_study *s, mho_i_sweep_data *d) {
    d->name = mho_i_material_name(s->data_dir);
    mho_status status = mho_i_material_set(ctx, s->data_dir, s->seed, MHO_PART_TEST, s->n_image,
                                           "images", &d->test);
    if (status == MHO_OK) {
        mho_dataset_hash(d->test, d->test_hash);
    }
    return status;
}

void mho_i_sweep_data_free(mho_i_sweep_data *d) {
    mho_dataset_free(d->train);
    mho_dataset_free(d->test);
    mho_dataset_free(d->few);
    d->train = d->test = d->few = NULL;
}

/* ---- networks ---- */

static mho_status net_path(mho_ctx *ctx, const mho_study *s, const mho_i_sweep_data *d,
                           const mho_chip_spec *spec, const char *out_dir, char path[4096]) {
    mho_i_hash h = mho_i_hash_init();
    int n_epoch = mho_study_n_epoch(s), mnist = s->data_dir != NULL;
    mho_i_hash_add(&h, mho_version(), strlen(mho_version()));
    mho_i_hash_add(&h, d->train_hash, sizeof d->train_hash);
    mho_i_hash_add(&h, &s->seed, sizeof s->seed);
    mho_i_hash_add(&h, &n_epoch, sizeof n_epoch);
    mho_i_hash_add(&h, &mnist, sizeof mnist);
    mho_i_chip_spec_hash(spec, &h);
    char hex[33], name[64];
    mho_i_hash_hex(&h, hex);
    snprintf(name, sizeof name, "nets/%s.weights", hex);
    return mho_i_path_join(ctx, out_dir, name, path, 4096);
}

/* As mho run trains: through the nominal curve, with noise of the size that the chip has. */
static mho_status train(mho_ctx *ctx, const mho_study *s, const mho_i_sweep_data *d,
                        const mho_chip_spec *spec, mho_net *net) {
    const mho_i_lesson lesson = {.spec = spec,
                                 .train = d->train,
                                 .data_dir = s->data_dir,
                                 .seed = s->seed,
                                 .n_epoch = mho_study_n_epoch(s)};
    mho_train_opt opt;
    mho_neuron_design design;
    float *curve = mho_i_alloc(ctx, MHO_I_CURVE_POINT, sizeof *curve);
    mho_status status =
        curve ? mho_i_material_train(ctx, &lesson, net, curve, &opt, &design, NULL) : MHO_ERR_NOMEM;
    mho_i_free(ctx, curve);
    return status;
}

mho_status mho_i_sweep_net(mho_ctx *ctx, const mho_study *s, const mho_i_sweep_data *d,
                           const mho_chip_spec *spec, const char *out_dir, mho_net **out) {
    *out = NULL;
    char path[4096];
    mho_net *net = NULL;
    mho_status status = net_path(ctx, s, d, spec, out_dir, path);
    if (status == MHO_OK) {
        status = mho_net_lenet5(ctx, &net);
    }
    if (status == MHO_OK) {
        status = mho_net_check_dataset(net, d->test);
    }
    /* a file that is there and broken is made again */
    bool there = status == MHO_OK && mho_i_file_exists(path) && mho_net_load(net, path) == MHO_OK;
    if (status == MHO_OK && !there && !d->train) {
        status =
            mho_i_fail(ctx, MHO_ERR_IO, "%s: is not there; do all ranks see one directory?", path);
    } else if (status == MHO_OK && !there) {
        status = train(ctx, s, d, spec, net);
        status = status < 0 ? status : mho_net_save(net, path);
    }
    if (status < 0) {
        mho_net_free(net);
        return status;
    }
    *out = net;
    return MHO_OK;
}

void mho_i_sweep_key(const mho_study *s, const mho_i_sweep_data *d, const mho_chip_spec *spec,
                     const mho_net *net, mho_i_hash *key) {
    mho_i_hash h = mho_i_hash_init();
    uint32_t imperfections = s->imperfections;
    mho_i_hash_add(&h, mho_version(), strlen(mho_version()));
    mho_i_hash_add(&h, d->test_hash, sizeof d->test_hash);
    mho_i_hash_add(&h, &s->seed, sizeof s->seed);
    mho_i_hash_add(&h, &imperfections, sizeof imperfections);
    for (size_t l = 0; net && l < mho_net_n_layer(net); l++) {
        const mho_layer *layer = mho_net_layer(net, l);
        if (layer->n_out) {
            mho_i_hash_add(&h, mho_net_weights(net, l), layer->n_out * layer->n_in * sizeof(float));
            mho_i_hash_add(&h, mho_net_bias(net, l), layer->n_out * sizeof(float));
            mho_i_hash_add(&h, &layer->w_max, sizeof layer->w_max);
        }
    }
    mho_i_chip_spec_hash(spec, &h);
    if (mho_i_wants_calibration(spec)) {
        mho_i_hash_add(&h, d->train_hash, sizeof d->train_hash);
    }
    *key = h;
}
