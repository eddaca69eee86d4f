/* fuzz_text.c - quantities with units and waveforms of the command line. */
#include "fuzz.h"

#include "mho/transient.h"

void fuzz_one(mho_ctx *ctx, const uint8_t *bytes, size_t n) {
    char *text = malloc(n + 1), why[160];
    memcpy(text, bytes, n);
    text[n] = 0;
    double value, t_s[16], v[16];
    size_t count;
    static const char *const unit[] = {"ohm", "S", "s", "K", "", "1/K", "V"};
    (void)mho_quantity_parse(text, unit[n % 7], &value, why, sizeof why);
    if (fuzz_said(ctx, mho_waveform_parse(ctx, text, "V", 16, t_s, v, &count)) == MHO_OK &&
        count > 16) {
        abort();
    }
    free(text);
}
