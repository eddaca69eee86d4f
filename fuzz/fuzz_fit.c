/* fuzz_fit.c - measurements as mho fit takes them: what the readers of a loop, of pulses and of
 * programming statistics make of a table; at most some rows, as the fits that follow take time. */
#include "fuzz.h"

#include "mho/fit.h"

enum { MAX_ROWS = 40 };

void fuzz_one(mho_ctx *ctx, const uint8_t *bytes, size_t n) {
    size_t row = 0;
    for (size_t k = 0; k < n; k++) {
        row += bytes[k] == '\n' || bytes[k] == '\r';
    }
    if (n < 1 || row > MAX_ROWS) {
        return;
    }
    const char *path = fuzz_file(bytes + 1, n - 1);
    mho_fit *fit = NULL;
    mho_status status;
    if (bytes[0] % 3 == 0) {
        mho_fit_vo2_opt opt = mho_fit_vo2_default();
        status = mho_fit_vo2(ctx, path, &opt, &fit);
    } else if (bytes[0] % 3 == 1) {
        mho_fit_pulsed_opt opt = {.law = bytes[0] & 4 ? "linear" : NULL};
        status = mho_fit_pulsed(ctx, path, &opt, &fit);
    } else {
        mho_fit_pcm_opt opt = {0};
        status = mho_fit_pcm(ctx, path, &opt, &fit);
    }
    char *card = NULL;
    if (fuzz_said(ctx, status) >= 0 && fuzz_said(ctx, mho_fit_card(ctx, fit, &card)) >= 0) {
        mho_text_free(ctx, card);
    }
    mho_fit_free(ctx, fit);
}
