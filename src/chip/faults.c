/* faults.c - what is broken on an instance of the chip: stuck and shorted cells, open lines. A
 * fault is a function of (chip seed, number of the cell or line): writing again does not move it.
 */
#include "chip_int.h"

#include <string.h>

bool mho_i_chip_faults(const mho_chip *chip, const mho_i_tile *tile, unsigned char *fault) {
    const mho_chip_spec *s = &chip->spec;
    size_t n = tile->n_row * 2 * tile->n_out;
    double on = s->stuck_on_frac, off = on + s->stuck_off_frac, shorted = off + s->shorted_frac;
    memset(fault, MHO_I_CELL_FINE, n);
    if (!(chip->imperfections & MHO_IMP_STUCK) || shorted <= 0) {
        return false;
    }
    bool any = false;
    for (size_t k = 0; k < n; k++) {
        double u;
        mho_i_rng_uniform(chip->seed, MHO_RNG_STUCK, (uint32_t)(tile->first_cell + k), 0, 1, &u);
        fault[k] = u < on        ? MHO_I_CELL_ON
                   : u < off     ? MHO_I_CELL_OFF
                   : u < shorted ? MHO_I_CELL_SHORT
                                 : MHO_I_CELL_FINE;
        any = any || fault[k];
    }
    return any;
}

double mho_i_chip_fault_S(const mho_chip *chip, unsigned char fault) {
    return fault == MHO_I_CELL_ON      ? chip->spec.synapse.g_max_S
           : fault == MHO_I_CELL_SHORT ? chip->spec.short_S
                                       : 0;
}

/* One break at most in each of n_line lines of n_segment segments, at line*step + segment*stride of
 * broken. number: of the first line, among all lines of its kind. */
static size_t draw_breaks(const mho_chip *chip, double share, uint32_t kind, size_t first,
                          size_t n_line, size_t n_segment, size_t step, size_t stride,
                          unsigned char *broken) {
    size_t n = 0;
    for (size_t k = 0; k < n_line; k++) {
        double u[2];
        mho_i_rng_uniform(chip->seed, MHO_RNG_BROKEN, (uint32_t)(first + k), kind, 2, u);
        if (u[0] < share) {
            broken[k * step + (size_t)(u[1] * (double)n_segment) * stride] = 1;
            n++;
        }
    }
    return n;
}

static void mend(mho_chip *chip, unsigned char **broken, size_t n) {
    if (n == 0) {
        mho_i_free(chip->ctx, *broken);
        *broken = NULL;
    }
}

mho_status mho_i_chip_break_lines(mho_chip *chip, mho_i_tile *tile) {
    size_t n_row = tile->n_row, n_col = 2 * tile->n_out;
    double word = chip->spec.open_word_frac, bit = chip->spec.open_bit_frac;
    mho_i_free(chip->ctx, tile->broken_word);
    mho_i_free(chip->ctx, tile->broken_bit);
    tile->broken_word = tile->broken_bit = NULL;
    if (!(chip->imperfections & MHO_IMP_BROKEN) || word + bit <= 0) {
        return MHO_OK;
    }
    tile->broken_word = mho_i_alloc(chip->ctx, n_row * (n_col + 1), 1);
    tile->broken_bit = mho_i_alloc(chip->ctx, (n_row + 1) * n_col, 1);
    if (!tile->broken_word || !tile->broken_bit) {
        return MHO_ERR_NOMEM;
    }
    /* cells name the lines: no two tiles share one. Driven at the left, sensed at the bottom: the
     * open segment at the other end would cut nothing off */
    size_t n =
        draw_breaks(chip, word, 0, tile->first_cell, n_row, n_col, n_col + 1, 1, tile->broken_word);
    mend(chip, &tile->broken_word, n);
    n = draw_breaks(chip, bit, 1, tile->first_cell, n_col, n_row, 1, n_col,
                    tile->broken_bit + n_col);
    mend(chip, &tile->broken_bit, n);
    return MHO_OK;
}
