/* cells.c - the cells of a tile from their targets to the moment of reading, in this order: repair
 * of stuck cells, writing, ageing, stuck cells stay what they are, temperature. */
#include "chip_int.h"

#include <math.h>
#include <string.h>

void mho_i_chip_free_tile(mho_ctx *ctx, mho_i_tile *tile) {
    mho_i_free(ctx, tile->target_S);
    mho_i_free(ctx, tile->bent_S);
    mho_i_free(ctx, tile->design_S);
    mho_i_free(ctx, tile->g_S);
    mho_i_free(ctx, tile->m_S);
    mho_i_free(ctx, tile->wire_of);
    mho_i_free(ctx, tile->swapped);
    mho_i_free(ctx, tile->broken_word);
    mho_i_free(ctx, tile->broken_bit);
    mho_i_free(ctx, tile->noise_rel);
}

static uint32_t write_switches(const mho_chip *chip) {
    uint32_t imp = chip->imperfections, what = 0;
    what |= imp & MHO_IMP_LEVELS ? MHO_CELL_LEVELS : 0;
    what |= imp & MHO_IMP_PROGRAM ? MHO_CELL_ERROR : 0;
    what |= imp & MHO_IMP_CELL_SPREAD ? MHO_CELL_SPREAD : 0;
    what |= chip->spec.verify && !(imp & MHO_IMP_NO_VERIFY) ? MHO_CELL_VERIFY : 0;
    return what;
}

static double magnitude(const mho_i_tile *tile) {
    double sum = 0;
    for (size_t k = 0; k < tile->n_row * tile->n_out; k++) {
        sum += fabs(tile->g_S[2 * k] - tile->g_S[2 * k + 1]);
    }
    return sum;
}

static void stick(const mho_chip *chip, const unsigned char *fault, mho_i_tile *tile) {
    for (size_t k = 0; fault && k < tile->n_row * 2 * tile->n_out; k++) {
        if (fault[k]) {
            tile->g_S[k] = mho_i_chip_fault_S(chip, fault[k]);
        }
    }
}

/* Everything that time and temperature do; stuck cells feel only the temperature. */
static mho_status grow_old(mho_chip *chip, mho_i_tile *tile, uint32_t round,
                           const unsigned char *fault) {
    const mho_chip_spec *s = &chip->spec;
    size_t n = tile->n_row * 2 * tile->n_out;
    mho_status status = MHO_OK;
    if (chip->imperfections & MHO_IMP_AGE) {
        status = mho_synapse_age(chip->ctx, &s->synapse, chip->seed, tile->first_cell, round, n,
                                 tile->g_S, s->age_s, s->storage_K);
        stick(chip, fault, tile);
    }
    double factor = 1 + s->synapse.g_tc_per_K * s->warmer_K;
    if ((chip->imperfections & MHO_IMP_TEMPERATURE) && factor != 1) {
        for (size_t k = 0; k < n; k++) {
            tile->g_S[k] *= fmax(factor, 0);
        }
    }
    return status;
}

/* sd of a read over G, cell by cell, where 1/f or telegraph noise make it differ. */
static mho_status set_noise(mho_chip *chip, mho_i_tile *tile) {
    const mho_synapse_param *s = &chip->spec.synapse;
    uint32_t imp = chip->imperfections, what = 0;
    size_t n = tile->n_row * 2 * tile->n_out;
    what |= (imp & MHO_IMP_FLICKER) && s->flicker_rel > 0 ? MHO_CELL_FLICKER : 0;
    what |= (imp & MHO_IMP_TELEGRAPH) && s->telegraph_cells_frac > 0 ? MHO_CELL_TELEGRAPH : 0;
    if (!what) {
        mho_i_free(chip->ctx, tile->noise_rel);
        tile->noise_rel = NULL;
        return MHO_OK;
    }
    what |= imp & MHO_IMP_READ_NOISE ? MHO_CELL_WHITE : 0;
    if (!tile->noise_rel) {
        tile->noise_rel = mho_i_alloc(chip->ctx, n, sizeof *tile->noise_rel);
    }
    double *sd = mho_i_alloc(chip->ctx, n, sizeof *sd);
    if (sd && tile->noise_rel) {
        double age_s = imp & MHO_IMP_AGE ? chip->spec.age_s : 0;
        mho_synapse_noise_sd(s, chip->seed, tile->first_cell, n, tile->g_S, age_s, what, sd);
        for (size_t k = 0; k < n; k++) {
            tile->noise_rel[k] = (float)(tile->g_S[k] > 0 ? sd[k] / tile->g_S[k] : 0);
        }
    }
    mho_i_free(chip->ctx, sd);
    return sd && tile->noise_rel ? MHO_OK : MHO_ERR_NOMEM;
}

mho_status mho_i_chip_write_tile(mho_chip *chip, mho_i_tile *tile, uint32_t round, bool bent,
                                 mho_write_stats *stats, double *before_S, double *after_S) {
    mho_ctx *ctx = chip->ctx;
    size_t n = tile->n_row * 2 * tile->n_out;
    unsigned char *fault = mho_i_alloc(ctx, n, 1);
    if (!fault) {
        return MHO_ERR_NOMEM;
    }
    bool any = mho_i_chip_faults(chip, tile, fault);
    const unsigned char *known = any ? fault : NULL;
    mho_status status =
        mho_i_chip_repair(chip, tile, known, bent ? tile->bent_S : tile->target_S, tile->g_S);
    if (status == MHO_OK) {
        status = mho_synapse_program(ctx, &chip->spec.synapse, chip->seed, tile->first_cell, round,
                                     n, tile->g_S, tile->g_S, write_switches(chip), stats);
    }
    stick(chip, known, tile);
    if (before_S) {
        *before_S += magnitude(tile);
    }
    if (status == MHO_OK) {
        status = grow_old(chip, tile, round, known);
    }
    if (after_S) {
        *after_S += magnitude(tile);
    }
    if (status == MHO_OK) {
        status = set_noise(chip, tile);
    }
    if (status == MHO_OK) {
        status = mho_i_chip_break_lines(chip, tile);
    }
    mho_i_free(ctx, fault);
    return status;
}
