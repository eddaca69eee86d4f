/* columns.c - static gain and offset of column amplifiers. Both are linear in what arrays and skips
 * give, so they are kept in the evaluation's weights, gains of skips and bias: an evaluation does
 * not know of them. */
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
    for (size_t k = 0; k < stage->n_skip; k++) {
        stage->skip[k].gain[o] *= (float)gain;
    }
    if (stage->bias) {
        double fresh = stage->n_layer ? 0 : offset;
        stage->bias[o] = (float)(gain * (double)stage->bias[o] + fresh);
    }
    if (stage->offset) {
        stage->offset[o] = gain * stage->offset[o] + offset;
    }
}

/* Skips and bias of a stage as they were designed; kept at the first call. */
static mho_status restore(mho_chip *chip, mho_i_stage *stage) {
    size_t n = stage->shape.n_out, size = n * sizeof *stage->design;
    bool first = !stage->design;
    if (first &&
        !(stage->design = mho_i_alloc(chip->ctx, (stage->n_skip + 1) * n, sizeof *stage->design))) {
        return MHO_ERR_NOMEM;
    }
    for (size_t k = 0; k <= stage->n_skip; k++) {
        float *now = k < stage->n_skip ? stage->skip[k].gain : stage->bias;
        if (now && first) {
            memcpy(stage->design + k * n, now, size);
        } else if (now) {
            memcpy(now, stage->design + k * n, size);
        }
    }
    return MHO_OK;
}

mho_status mho_i_chip_draw_offsets(mho_chip *chip) {
    double sd = chip->spec.amplifier_offset_V / chip->neuron.circuit.v_swing_V;
    bool there = (chip->imperfections & MHO_IMP_OFFSET) && sd > 0;
    for (size_t k = 0; k < chip->n_stage; k++) {
        mho_i_stage *stage = &chip->stage[k];
        size_t n = stage->shape.n_out;
        bool wanted = stage->op == MHO_I_COMPUTE && (there || chip->spec.column_calibration);
        if (stage->offset) {
            memset(stage->offset, 0, n * sizeof *stage->offset);
        }
        if (stage->n_skip && (wanted || stage->design)) {
            mho_status status = restore(chip, stage);
            if (status < 0) {
                return status;
            }
        }
        if (!wanted) {
            continue;
        }
        if (!stage->offset && stage->n_layer) { /* skips alone have their bias, which carries it */
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
