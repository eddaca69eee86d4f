/* fuzz_table.c - devices that are a table of measurements: what loads gives finite currents. */
#include "fuzz.h"

#include "mho/model.h"

#include <math.h>

/* The device at u, from its first state, after a pulse up if it takes pulses. */
static void look(const mho_ext_model *m, double u) {
    double p[1] = {m->param[0].start}, x[1] = {0}, y[2] = {0}, dx[1] = {0};
    double state[1] = {m->n_memory_row ? m->memory[0].start : 0}, amount[1] = {1};
    mho_ext_batch b = {.n = 1, .ld = 1, .p = p, .u = &u, .x = x, .m = state, .data = m->data};
    for (int k = 0; k < 3; k++) {
        m->eval(&b, y, dx);
        if (isnan(y[0]) || isnan(y[1])) {
            abort();
        }
        if (m->pulse) {
            m->pulse(&b, NULL, amount, x, state);
            amount[0] = -2;
        }
    }
}

void fuzz_one(mho_ctx *ctx, const uint8_t *bytes, size_t n) {
    mho_model *model = NULL;
    if (fuzz_said(ctx, mho_model_table(ctx, fuzz_file(bytes, n), &model)) != MHO_OK) {
        return;
    }
    const mho_ext_model *m = mho_model_ext(model);
    look(m, m->input[0].min);
    look(m, m->input[0].max);
    look(m, 0.5 * m->input[0].min + 0.5 * m->input[0].max);
    mho_model_free(model);
}
