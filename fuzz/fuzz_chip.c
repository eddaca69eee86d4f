/* fuzz_chip.c - YAML chip files, in a folder of their own: they may name cards; what loads must
 * write and load back. */
#include "fuzz.h"

#include "mho/chip.h"

void fuzz_one(mho_ctx *ctx, const uint8_t *bytes, size_t n) {
    mho_chip_spec spec, again;
    char *text = NULL;
    if (fuzz_said(ctx, mho_chip_spec_load(ctx, fuzz_file_in_folder("chip.yaml", bytes, n),
                                          &spec)) != MHO_OK) {
        return;
    }
    if (mho_chip_spec_write(ctx, &spec, &text) == MHO_OK) {
        const char *path = fuzz_file_in_folder("chip.yaml", (const uint8_t *)text, strlen(text));
        if (mho_chip_spec_load(ctx, path, &again) < 0) {
            fprintf(stderr, "%s\n", mho_ctx_last_error(ctx));
            abort();
        }
        mho_text_free(ctx, text);
    }
}
