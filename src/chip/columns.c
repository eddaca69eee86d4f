/* columns.c - static gain and offset of column amplifiers. Both are linear in what the arrays give,
 * so they are kept in the evaluation's weights: an evaluation does not know of them. */
#include "chip_int.h"

#include <string.h>

void mho_i_chip_trim_column(mho_i_stage *stage, size_t o, double gain, double offset) {
    for (size_t l = 0; l < stage->n_layer; l++) {
        mho_i_layer *layer = &stage->layer[l];
        float *w = layer->weight + o * layer->n_row, *noise2 = layer->noise2 + o * layer->n_row;
        for (size_t k = 0; k < layer->n_row; k++) {
            w[k] *= (float)gain;
            noise2[k] *= (float)(gain * gain);
        }
        layer->z_per_A[o] *= gain;
        if (l == 0) {
            w[layer->n_row - 1] += (float)offset;
        }
    }
    if (stage->offset) {
        stage->offset[o] = gain * stage->offset[o] + offset;
    }
}

mho_status mho_i_chip_draw_offsets(mho_chip *chip) {
    double sd = chip->spec.amplifier_offset_V / chip->neuron.circuit.v_swing_V;
    bool there = (chip->imperfections & MHO_IMP_OFFSET) && sd > 0;
    for (size_t k = 0; k < chip->n_stage; k++) {
        mho_i_stage *stage = &chip->stage[k];
        size_t n = stage->shape.n_out;
        if (stage->offset) {
            memset(stage->offset, 0, n * sizeof *stage->offset);
        }
        /* skips alone have no array whose bias could carry it */
        if (stage->op != MHO_I_COMPUTE || !stage->n_layer ||
            !(there || chip->spec.column_calibration)) {
            continue;
        }
        if (!stage->offset) {
            stage->offset = mho_i_alloc(chip->ctx, n, sizeof *stage->offset);
            if (!stage->offset) {
                return MHO_ERR_NOMEM;
            }
        }
        for (size_t o = 0; there && o < n; o++) {
            double z;
            mho_i_rng_normal(chip->seed, MHO_RNG_OFFSET, (uint32_t)o, (uint32_t)stage->number, 1,
                             &z);
            mho_i_chip_trim_column(stage, o, 1, sd * z);
        }
    }
    return MHO_OK;
}
