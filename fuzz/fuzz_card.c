/* fuzz_card.c - YAML cards of all models. */
#include "fuzz.h"

#include "mho/model.h"

void fuzz_one(mho_ctx *ctx, const uint8_t *bytes, size_t n) {
    mho_card *card = NULL;
    const mho_ext_model *model = mho_model_get(n ? bytes[0] % mho_model_count() : 0);
    if (n &&
        fuzz_said(ctx, mho_card_load(ctx, model, fuzz_file_in_folder("card.yaml", bytes + 1, n - 1),
                                     &card)) == MHO_OK) {
        mho_card_free(card);
    }
}
