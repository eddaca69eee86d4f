/* program.c - one instance of the chip: cells written, transfer matrices built, neurons drawn,
 * trimmed and tabulated. */
#include "chip_int.h"

#include <math.h>
#include <string.h>

uint64_t mho_i_chip_seed(uint64_t seed, uint32_t instance) {
    uint32_t r[4];
    mho_i_rng_u32x4(seed, MHO_RNG_CHIP_SEED, instance, 0, 0, r);
    return ((uint64_t)r[1] << 32) | r[0];
}

static void add_stats(mho_write_stats *sum, const mho_write_stats *s) {
    double n = (double)(sum->cells + s->cells);
    double e2 = n > 0 ? ((double)sum->cells * sum->error_rel * sum->error_rel +
                         (double)s->cells * s->error_rel * s->error_rel) /
                            n
                      : 0;
    sum->cells += s->cells;
    sum->attempts += s->attempts;
    sum->energy_J += s->energy_J;
    sum->time_s += s->time_s;
    sum->error_rel = sqrt(e2);
}

/* Are the targets bent for the wires in this instance? */
static bool targets_bent(const mho_chip *chip) {
    return (chip->imperfections & MHO_IMP_WIRES) && !(chip->imperfections & MHO_IMP_NO_COMPENSATE);
}

static mho_status write_tiles(mho_chip *chip, mho_i_layer *layer, uint32_t round,
                              mho_program_report *rep) {
    bool bent = targets_bent(chip);
    double before = 0, after = 0;
    for (size_t t = 0; t < layer->n_tile; t++) {
        mho_write_stats stats;
        mho_status status =
            mho_i_chip_write_tile(chip, &layer->tile[t], round, bent, &stats, &before, &after);
        if (status < 0) {
            return status;
        }
        rep->n_cell += stats.cells;
        rep->n_array++;
        add_stats(&rep->write, &stats);
    }
    /* reads of single word lines, added up: right after writing and now */
    layer->drift_gain = chip->spec.drift_compensation && after > 0 ? before / after : 1;
    return MHO_OK;
}

/* Variance of a pair whose cells differ in their noise. */
static double pair_noise(const mho_i_tile *tile, size_t r, size_t c, const double *m) {
    const float *sd = tile->noise_rel + r * 2 * tile->n_out + 2 * c;
    double plus = (double)sd[0] * m[0], minus = (double)sd[1] * m[1];
    return plus * plus + minus * minus;
}

/* Effective weights, noise and row loads in the units of the evaluation from the tiles. */
static void fold_layer(const mho_chip *chip, mho_i_layer *layer) {
    const mho_synapse_param *s = &chip->spec.synapse;
    double gain = !(chip->imperfections & MHO_IMP_WIRES) ? 1
                  : targets_bent(chip)                   ? layer->bent_gain
                                                         : layer->wire_gain;
    double read = chip->imperfections & MHO_IMP_READ_NOISE ? s->read_noise_rel : 0;
    /* copies add up: the amplifier's gain takes their mean */
    for (size_t o = 0; o < layer->shape.n_out; o++) {
        layer->z_per_A[o] =
            layer->scale[o] /
            ((s->g_max_S - s->g_min_S) * s->v_read_V * gain * (double)layer->n_copy) *
            layer->drift_gain;
    }
    size_t n_weight = layer->shape.n_out * layer->n_row;
    memset(layer->row_S, 0, layer->shape.n_group * layer->n_row * sizeof *layer->row_S);
    memset(layer->weight, 0, n_weight * sizeof *layer->weight);
    memset(layer->noise2, 0, n_weight * sizeof *layer->noise2);
    for (size_t t = 0; t < layer->n_tile; t++) {
        const mho_i_tile *tile = &layer->tile[t];
        for (size_t r = 0; r < tile->n_row; r++) {
            size_t row = mho_i_chip_row_of(layer, mho_i_tile_wire(tile, r));
            for (size_t c = 0; c < tile->n_out; c++) {
                const double *m = tile->m_S + r * 2 * tile->n_out + 2 * c;
                size_t at = (tile->out0 + c) * layer->n_row + row;
                double per_S =
                    layer->z_per_A[tile->out0 + c] * s->v_read_V * mho_i_tile_sign(tile, c);
                double rms2 = tile->noise_rel ? pair_noise(tile, r, c, m)
                                              : read * read * (m[0] * m[0] + m[1] * m[1]);
                layer->weight[at] += (float)(per_S * (m[0] - m[1]));
                layer->noise2[at] += (float)(per_S * per_S * rms2);
                layer->row_S[tile->group * layer->n_row + row] += (float)(m[0] + m[1]);
            }
        }
    }
}

mho_status mho_i_chip_write_layer(mho_chip *chip, mho_i_layer *layer, uint32_t round,
                                  mho_program_report *rep) {
    mho_status status = write_tiles(chip, layer, round, rep);
    if (status == MHO_OK) {
        status = mho_i_chip_solve_tiles(chip, layer, chip->imperfections & MHO_IMP_WIRES, true);
    }
    if (status < 0) {
        return mho_i_prefix(chip->ctx, status,
                            "compute layer %zu: ", (size_t)(layer - chip->layer));
    }
    fold_layer(chip, layer);
    return MHO_OK;
}

/* Cells and lines are numbered through the chip, whatever is written. */
static void number_cells(mho_chip *chip) {
    size_t cell = 0;
    for (size_t l = 0; l < chip->n_layer; l++) {
        for (size_t t = 0; t < chip->layer[l].n_tile; t++) {
            mho_i_tile *tile = &chip->layer[l].tile[t];
            tile->first_cell = cell;
            cell += tile->n_row * 2 * tile->n_out;
        }
    }
}

static mho_status program_arrays(mho_chip *chip, mho_program_report *rep) {
    double t0 = mho_i_now_s();
    mho_i_chip_restore_targets(chip);
    number_cells(chip);
    chip->cell_noise =
        chip->imperfections & (MHO_IMP_READ_NOISE | MHO_IMP_FLICKER | MHO_IMP_TELEGRAPH);
    for (size_t l = 0; l < chip->n_layer; l++) {
        chip->layer[l].round = 0;
        mho_status status = mho_i_chip_write_layer(chip, &chip->layer[l], 0, rep);
        if (status < 0) {
            return status;
        }
    }
    for (size_t k = 0; k < chip->n_stage; k++) {
        chip->stage[k].adc_range = chip->spec.adc_range;
    }
    mho_status status = mho_i_chip_draw_offsets(chip);
    if (status < 0) {
        return status;
    }
    rep->array_s = mho_i_now_s() - t0;
    return MHO_OK;
}

mho_neuron_param mho_i_chip_neuron_now(const mho_chip *chip) {
    mho_neuron_param p = chip->spec.neuron;
    p.t_base_K += chip->imperfections & MHO_IMP_TEMPERATURE ? chip->spec.warmer_K : 0;
    return p;
}

static bool neurons_warm(const mho_chip *chip) {
    return (chip->imperfections & MHO_IMP_TEMPERATURE) && chip->spec.warmer_K != 0 &&
           chip->spec.activation == MHO_ACTIVATION_NEURON;
}

/* The nominal neuron where it is read, and as it is when its reset was missed. */
static mho_status other_tables(mho_chip *chip) {
    mho_ctx *ctx = chip->ctx;
    mho_neuron_param now = mho_i_chip_neuron_now(chip);
    mho_neuron_device nominal = {0};
    mho_status status = MHO_OK;
    if (neurons_warm(chip)) {
        if (!chip->warm_table) {
            chip->warm_table = mho_i_alloc(ctx, 2 * MHO_I_NODES, sizeof *chip->warm_table);
        }
        status = chip->warm_table
                     ? mho_neuron_tables(ctx, &now, &chip->neuron.circuit, 0, 0, 1, &nominal, NULL,
                                         &chip->grid, chip->v_full_V, chip->warm_table, NULL)
                     : MHO_ERR_NOMEM;
    }
    if (status == MHO_OK && (chip->imperfections & MHO_IMP_LATCH) && chip->spec.latch_frac > 0) {
        if (!chip->latch_table) {
            chip->latch_table = mho_i_alloc(ctx, 2 * MHO_I_NODES, sizeof *chip->latch_table);
        }
        status = chip->latch_table
                     ? mho_neuron_latched_table(ctx, &now, &chip->neuron.circuit, &chip->grid,
                                                chip->v_full_V, chip->latch_table)
                     : MHO_ERR_NOMEM;
    }
    return status;
}

static mho_status program_neurons(mho_chip *chip, mho_program_report *rep) {
    mho_ctx *ctx = chip->ctx;
    double t0 = mho_i_now_s();
    bool spread =
        (chip->imperfections & MHO_IMP_SPREAD) && chip->spec.activation == MHO_ACTIVATION_NEURON;
    mho_neuron_param now = mho_i_chip_neuron_now(chip);
    mho_status warmed = other_tables(chip);
    if (warmed < 0) {
        return warmed;
    }
    if (spread && !chip->table && chip->n_neuron) {
        chip->table = mho_i_alloc(ctx, chip->n_neuron * 2 * MHO_I_NODES, sizeof *chip->table);
        if (!chip->table) {
            return MHO_ERR_NOMEM;
        }
    }
    const mho_neuron_circuit *c = &chip->neuron.circuit;
    mho_neuron_trim trim = {.z_trim = chip->spec.trim_point,
                            .n_bit = (int)chip->spec.trim_bits,
                            .range_V = chip->spec.trim_range_rel * c->v_swing_V,
                            .error_V = chip->spec.trim_error_V};
    bool trimmed = trim.n_bit > 0 && !(chip->imperfections & MHO_IMP_NO_TRIM);
    for (size_t k = 0; k < chip->n_stage; k++) {
        mho_i_stage *stage = &chip->stage[k];
        if (!stage->n_neuron) {
            continue;
        }
        rep->n_neuron += mho_i_chip_is_digital(chip, stage) ? 0 : stage->n_neuron;
        stage->table = neurons_warm(chip) ? chip->warm_table : chip->nominal_table;
        stage->table_stride = 0;
        memset(stage->device, 0, stage->n_neuron * sizeof *stage->device);
        if (!spread) {
            continue;
        }
        float *table = chip->table + stage->first_neuron * 2 * MHO_I_NODES;
        size_t clipped = 0;
        mho_neuron_sample(&chip->spec.neuron, chip->seed, stage->first_neuron, stage->n_neuron,
                          stage->device);
        mho_status status = mho_neuron_tables(
            ctx, &chip->spec.neuron, c, chip->seed, stage->first_neuron, stage->n_neuron,
            stage->device, trimmed ? &trim : NULL, &chip->grid, chip->v_full_V, table, &clipped);
        if (status == MHO_OK && neurons_warm(chip)) { /* trimmed before it got warmer */
            status =
                mho_neuron_tables(ctx, &now, c, chip->seed, stage->first_neuron, stage->n_neuron,
                                  stage->device, NULL, &chip->grid, chip->v_full_V, table, NULL);
        }
        if (status < 0) {
            return mho_i_prefix(ctx, status, "neurons of compute layer %zu: ", stage->number);
        }
        rep->n_trim_clipped += clipped;
        stage->table = table;
        stage->table_stride = 2 * MHO_I_NODES;
    }
    rep->neuron_s = mho_i_now_s() - t0;
    return MHO_OK;
}

mho_status mho_chip_program(mho_chip *chip, uint64_t seed, uint32_t instance,
                            uint32_t imperfections, mho_program_report *rep) {
    mho_program_report own = {0};
    double t0 = mho_i_now_s();
    chip->programmed = chip->calibrated = false;
    chip->seed = mho_i_chip_seed(seed, instance);
    chip->imperfections = imperfections;
    mho_status status = program_arrays(chip, &own);
    if (status == MHO_OK) {
        status = program_neurons(chip, &own);
    }
    if (status < 0) {
        return mho_i_prefix(chip->ctx, status, "chip %u: ", (unsigned)instance);
    }
    own.total_s = mho_i_now_s() - t0;
    chip->programmed = true;
    if (rep) {
        *rep = own;
    }
    return MHO_OK;
}
