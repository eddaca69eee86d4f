/* fuzz_set.c - "key=value" of the command line: first byte even, of a chip; odd, of a card. What a
 * chip takes and finds good must write and load back. */
#include "fuzz.h"

#include "mho/chip.h"
#include "mho/model.h"

static void set_card(mho_ctx *ctx, size_t model, const char *text) {
    mho_card *card = NULL;
    const mho_ext_model *m = mho_model_get(model % mho_model_count());
    if (fuzz_said(ctx, mho_card_new(ctx, m, NULL, &card)) == MHO_OK) {
        (void)fuzz_said(ctx, mho_card_set_text(ctx, card, text));
        mho_card_free(card);
    }
}

static mho_status set_key(mho_ctx *ctx, mho_chip_spec *spec, const char *path, const char *value) {
    mho_chip_key key;
    char why[160];
    double x;
    mho_status status = fuzz_said(ctx, mho_chip_key_find(ctx, spec, path, &key));
    if (status < 0) {
        return status;
    }
    if (!key.word) {
        const char *section;
        mho_param_info info = mho_chip_param_describe(spec, key.param, &section);
        return mho_quantity_parse(value, info.unit, &x, why, sizeof why)
                   ? fuzz_said(ctx, mho_chip_param_set(ctx, spec, key.param, x))
                   : MHO_ERR_ARG;
    }
    for (size_t w = 0; key.word[w]; w++) {
        if (strcmp(key.word[w], value) == 0) {
            return fuzz_said(ctx, mho_chip_word_set(ctx, spec, &key, w));
        }
    }
    return MHO_ERR_ARG;
}

/* One setting a line. */
static void set_chip(mho_ctx *ctx, char *text) {
    mho_chip_spec spec, again;
    char *written = NULL;
    if (mho_chip_spec_default(ctx, &spec) < 0) {
        abort();
    }
    for (char *line = text, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next) {
            *next++ = 0;
        }
        char *equal = strchr(line, '=');
        if (equal) {
            *equal = 0;
            (void)set_key(ctx, &spec, line, equal + 1);
        }
    }
    if (fuzz_said(ctx, mho_chip_spec_check(ctx, &spec)) != MHO_OK ||
        mho_chip_spec_write(ctx, &spec, &written) != MHO_OK) {
        return;
    }
    if (mho_chip_spec_load(
            ctx, fuzz_file_in_folder("chip.yaml", (const uint8_t *)written, strlen(written)),
            &again) < 0) {
        fprintf(stderr, "%s\n", mho_ctx_last_error(ctx));
        abort();
    }
    mho_text_free(ctx, written);
}

void fuzz_one(mho_ctx *ctx, const uint8_t *bytes, size_t n) {
    if (n < 1) {
        return;
    }
    char *text = malloc(n);
    memcpy(text, bytes + 1, n - 1);
    text[n - 1] = 0;
    if (bytes[0] & 1) {
        set_card(ctx, bytes[0] / 2, text);
    } else {
        set_chip(ctx, text);
    }
    free(text);
}
