/* fuzz_study.c - YAML study files of mho sweep, in a folder of their own: they may name other
 * files. */
#include "fuzz.h"

#include "mho/sweep.h"

void fuzz_one(mho_ctx *ctx, const uint8_t *bytes, size_t n) {
    mho_study *study = NULL;
    if (fuzz_said(ctx, mho_study_load(ctx, fuzz_file_in_folder("study.yaml", bytes, n), &study)) ==
        MHO_OK) {
        mho_study_free(study);
    }
}
