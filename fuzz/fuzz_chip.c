/* fuzz_chip.c - YAML chip files; what loads must write and load back. */
#include "fuzz.h"

#include "mho/chip.h"

void fuzz_one(mho_ctx *ctx, const uint8_t *bytes, size_t n) {
    mho_chip_spec spec, again;
    char *text = NULL;
    if (fuzz_said(ctx, mho_chip_spec_load(ctx, fuzz_file(bytes, n), &spec)) != MHO_OK) {
        return;
    }
    if (mho_chip_spec_write(ctx, &spec, &text) == MHO_OK) {
        if (mho_chip_spec_load(ctx, fuzz_file((const uint8_t *)text, strlen(text)), &again) < 0) {
            fprintf(stderr, "%s\n", mho_ctx_last_error(ctx));
            abort();
        }
        mho_text_free(ctx, text);
    }
}
