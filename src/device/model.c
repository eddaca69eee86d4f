/* model.c - the table of models. A new model is one file model_*.c, one name in model_int.h and one
 * line here. */
#include "model_int.h"

#include <string.h>

static const mho_ext_model *const models[] = {
    &mho_i_model_vo2_neuron,    &mho_i_model_vo2_filament, &mho_i_model_cbram,
    &mho_i_model_pcm,           &mho_i_model_rram,         &mho_i_model_pulsed,
    &mho_i_model_optomemristor, &mho_i_model_ideal,
};
enum { N_MODEL = sizeof models / sizeof *models };

size_t mho_model_count(void) {
    return N_MODEL;
}

const mho_ext_model *mho_model_get(size_t k) {
    return k < N_MODEL ? models[k] : NULL;
}

mho_status mho_model_find(mho_ctx *ctx, const char *name, const mho_ext_model **out) {
    *out = NULL;
    char list[200] = "", near[80];
    size_t n = 0;
    mho_i_guess g = mho_i_guess_init(name);
    for (size_t k = 0; k < N_MODEL; k++) {
        if (strcmp(models[k]->name, name) == 0) {
            *out = models[k];
            return MHO_OK;
        }
        mho_i_guess_add(&g, models[k]->name);
        n += (size_t)snprintf(list + n, sizeof list - n, "%s, ", models[k]->name);
    }
    return mho_i_fail(ctx, MHO_ERR_ARG, "\"%.60s\" is not a device model; there are %stable%s",
                      name, list, mho_i_guess_text(&g, near, sizeof near));
}

size_t mho_model_n_memory(const mho_ext_model *model) {
    size_t n = 0;
    for (size_t k = 0; k < model->n_memory_row; k++) {
        n += model->memory[k].count;
    }
    return n;
}

static void rng_normal(const mho_ext_rng *rng, size_t i, size_t n, double *z) {
    mho_i_rng_normal(rng->seed, (mho_i_purpose)rng->purpose, rng->first + (uint32_t)i, rng->event,
                     n, z);
}

mho_ext_rng mho_i_model_rng(uint64_t seed, size_t first, uint32_t event, mho_i_purpose purpose) {
    return (mho_ext_rng){seed, (uint32_t)first, event, (int)purpose, rng_normal};
}
