/* convert.c - what may stand between a column's sum and its activation: an ADC, and a neuron that
 * missed its reset.
 *
 * The ADC rounds z to the nearest of 2^adc_bits codes, equally spaced from 0 to the range where a
 * rectifier follows and from -range to range for scores; z beyond the ends gets the end. */
#include "chip_int.h"

#include <math.h>

bool mho_i_chip_is_digital(const mho_chip *chip, const mho_i_stage *stage) {
    bool neuron = chip->spec.activation == MHO_ACTIVATION_NEURON;
    return stage->op == MHO_I_COMPUTE &&
           (stage->end == MHO_I_END_DIGITAL || (stage->end == MHO_I_END_NEURON && !neuron));
}

bool mho_i_chip_has_adc(const mho_chip *chip, const mho_i_stage *stage) {
    bool place = stage->end == MHO_I_END_SCORE ||
                 (stage->end == MHO_I_END_NEURON && mho_i_chip_is_digital(chip, stage));
    return place && (chip->imperfections & MHO_IMP_ADC) && chip->spec.adc_bits > 0;
}

MHO_MULTIARCH
static void quantise(size_t n, float lo, float hi, float step, const float *z, float *out) {
    for (size_t k = 0; k < n; k++) {
        float v = z[k] < lo ? lo : z[k] > hi ? hi : z[k];
        out[k] = lo + step * floorf((v - lo) / step + 0.5f);
    }
}

void mho_i_chip_adc(const mho_chip *chip, const mho_i_stage *stage, size_t n, const float *z,
                    float *out) {
    double hi = stage->adc_range, lo = stage->end == MHO_I_END_SCORE ? -hi : 0;
    double step = (hi - lo) / (pow(2, chip->spec.adc_bits) - 1);
    quantise(n, (float)lo, (float)hi, (float)step, z, out);
}

void mho_i_chip_latch(const mho_chip *chip, uint64_t seed, uint32_t stream, uint32_t block,
                      size_t n_col, const float *z, float *a) {
    const mho_neuron_grid *g = &chip->grid;
    for (size_t k = 0; k < n_col; k += 4) {
        uint32_t r[4];
        mho_i_rng_u32x4(seed, MHO_RNG_LATCH, stream, block, (uint32_t)(k / 4), r);
        for (size_t j = 0; j < 4 && k + j < n_col; j++) {
            if (((double)r[j] + 0.5) * 0x1p-32 >= chip->spec.latch_frac) {
                continue;
            }
            float v = fminf(fmaxf(z[k + j], (float)g->z_min), (float)g->z_max);
            float p = mho_i_grid_position(g, v);
            int i = p >= MHO_I_NODES - 1 ? MHO_I_NODES - 2 : (int)p;
            const float *t = chip->latch_table + 2 * i;
            a[k + j] = t[0] + (p - (float)i) * (t[2] - t[0]);
        }
    }
}
