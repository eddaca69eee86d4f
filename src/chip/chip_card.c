/* chip_card.c - a neuron from a card file (mho/model.h), such as mho fit writes. */
#include "spec_int.h"

#include "mho/model.h"

#include <string.h>

/* name as it is, or in the folder of the chip file. */
static mho_status find_file(mho_ctx *ctx, const char *chip_path, const char *name, char *path,
                            size_t n_path) {
    const char *slash = strrchr(chip_path, '/');
    int folder = slash && name[0] != '/' ? (int)(slash - chip_path) + 1 : 0;
    int n = snprintf(path, n_path, "%.*s%s", folder, chip_path, name);
    return n > 0 && (size_t)n < n_path
               ? MHO_OK
               : mho_i_fail(ctx, MHO_ERR_ARG, "%.60s...: the name of the card file is too long",
                            name);
}

/* Mark and source of a card file: those of any value that is not the built-in card's. */
static mho_status find_source(mho_ctx *ctx, const mho_card *card, const char *name,
                              mho_chip_spec *spec) {
    const mho_ext_model *model = mho_card_model(card);
    mho_card *base;
    mho_status status = mho_card_new(ctx, model, mho_card_base(card), &base);
    if (status < 0) {
        return status;
    }
    spec->neuron_mark = 'F';
    snprintf(spec->neuron_source, sizeof spec->neuron_source, "card file %s", name);
    for (size_t k = 0; k < model->n_param; k++) {
        if (mho_card_values(card)[k] != mho_card_values(base)[k]) {
            spec->neuron_mark = mho_card_mark(card, k);
            snprintf(spec->neuron_source, sizeof spec->neuron_source, "%s",
                     mho_card_source(card, k));
            break;
        }
    }
    mho_card_free(base);
    return MHO_OK;
}

mho_status mho_i_chip_card_load(mho_ctx *ctx, const char *chip_path, const char *name,
                                mho_chip_spec *spec) {
    char path[4096];
    const mho_ext_model *model;
    mho_card *card = NULL;
    mho_neuron_param p;
    mho_status status = find_file(ctx, chip_path, name, path, sizeof path);
    if (status == MHO_OK) {
        status = mho_model_find(ctx, "vo2-neuron", &model);
    }
    if (status == MHO_OK) {
        status = mho_card_load(ctx, model, path, &card);
    }
    if (status == MHO_OK) {
        status = mho_card_to_neuron(ctx, card, &p);
    }
    if (status == MHO_OK) {
        status = find_source(ctx, card, name, spec);
    }
    if (status == MHO_OK) {
        const char *base = mho_card_base(card);
        snprintf(spec->neuron_card, sizeof spec->neuron_card, "%s", *base ? base : "N");
        snprintf(spec->neuron_card_file, sizeof spec->neuron_card_file, "%s", name);
        spec->neuron = spec->neuron_file = p;
    }
    mho_card_free(card);
    return status;
}
