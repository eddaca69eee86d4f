/* map.c - weights to conductances: differential pairs, tiles, the amplifier's gain.
 *
 * Weight w in [-w_max, w_max] becomes G+ = g_min + max(w,0) k, G- = g_min + max(-w,0) k with
 * k = (g_max - g_min)/w_max. A layer's matrix [n_in + 1][n_out] is cut into equal tiles that fit
 * the array. Wires weaken the weights, more the farther from driver and amplifier. The amplifier's
 * gain makes up for the mean of that, and the targets are bent for the rest: with the transfer
 * matrix M of the error-free array, every pair is moved by what its M falls short of gain * wanted
 * difference, a few times. Both are found once at design time; what programming does to them comes
 * on top.      */
#include "chip_int.h"

#include <math.h>
#include <string.h>

mho_array_opt mho_i_chip_array_opt(const mho_chip_spec *spec, bool wires) {
    mho_array_opt opt = MHO_ARRAY_OPT_INIT;
    if (wires) {
        opt.r_word_ohm = opt.r_bit_ohm = spec->wire_ohm;
        opt.r_source_ohm = spec->source_ohm;
        opt.r_sense_ohm = spec->sense_ohm;
    }
    return opt;
}

void mho_i_chip_free_layer(mho_ctx *ctx, mho_i_layer *layer) {
    for (size_t t = 0; layer->tile && t < layer->n_tile; t++) {
        mho_i_chip_free_tile(ctx, &layer->tile[t]);
    }
    mho_i_free(ctx, layer->tile);
    mho_i_free(ctx, layer->weight);
    mho_i_free(ctx, layer->noise2);
    mho_i_free(ctx, layer->row_S);
    mho_i_free(ctx, layer->scale);
    mho_i_free(ctx, layer->z_per_A);
}

/* Part k of n things in m parts that differ by at most one. */
static void part(size_t n, size_t m, size_t k, size_t *first, size_t *count) {
    *first = n * k / m;
    *count = n * (k + 1) / m - *first;
}

static mho_status cut_tiles(mho_chip *chip, mho_i_layer *layer) {
    mho_ctx *ctx = chip->ctx;
    size_t rows = (size_t)chip->spec.rows, pairs = (size_t)chip->spec.cols / 2;
    size_t n_out = layer->shape.n_out / layer->shape.n_group; /* of a group */
    size_t n_v = (layer->n_wire + rows - 1) / rows, n_h = (n_out + pairs - 1) / pairs;
    layer->n_tile = layer->shape.n_group * n_v * n_h;
    layer->n_tile_row = n_v;
    layer->tile = mho_i_alloc(ctx, layer->n_tile, sizeof *layer->tile);
    if (!layer->tile) {
        layer->n_tile = 0;
        return MHO_ERR_NOMEM;
    }
    for (size_t t = 0; t < layer->n_tile; t++) {
        mho_i_tile *tile = &layer->tile[t];
        tile->group = t / (n_v * n_h);
        part(layer->n_wire, n_v, t / n_h % n_v, &tile->row0, &tile->n_row);
        part(n_out, n_h, t % n_h, &tile->out0, &tile->n_out);
        tile->out0 += tile->group * n_out;
        size_t n = tile->n_row * 2 * tile->n_out;
        tile->target_S = mho_i_alloc(ctx, n, sizeof(double));
        tile->bent_S = mho_i_alloc(ctx, n, sizeof(double));
        tile->g_S = mho_i_alloc(ctx, n, sizeof(double));
        tile->m_S = mho_i_alloc(ctx, n, sizeof(double));
        if (!tile->target_S || !tile->bent_S || !tile->g_S || !tile->m_S) {
            return MHO_ERR_NOMEM;
        }
    }
    return MHO_OK;
}

static void set_pair(const mho_synapse_param *s, double signed_S, double *pair) {
    double range = s->g_max_S - s->g_min_S;
    pair[0] = s->g_min_S + fmin(fmax(signed_S, 0), range);
    pair[1] = s->g_min_S + fmin(fmax(-signed_S, 0), range);
}

static void set_targets(const mho_chip *chip, mho_i_layer *layer, const float *weights,
                        const float *bias) {
    const mho_synapse_param *s = &chip->spec.synapse;
    double range = s->g_max_S - s->g_min_S;
    for (size_t t = 0; t < layer->n_tile; t++) {
        mho_i_tile *tile = &layer->tile[t];
        for (size_t r = 0; r < tile->n_row; r++) {
            for (size_t c = 0; c < tile->n_out; c++) {
                size_t row = mho_i_chip_row_of(layer, tile->row0 + r), out = tile->out0 + c;
                double w = row < layer->shape.n_in ? (double)weights[out * layer->shape.n_in + row]
                                                   : (double)bias[out];
                w /= row < layer->shape.n_in ? 1 : (double)layer->n_bias;
                w = fmin(fmax(w / layer->scale[out], -1), 1);
                double *pair = tile->target_S + r * 2 * tile->n_out + 2 * c;
                set_pair(s, w * range, pair);
            }
        }
    }
}

mho_array_opt mho_i_chip_tile_opt(const mho_chip *chip, const mho_i_tile *tile) {
    mho_array_opt opt = mho_i_chip_array_opt(&chip->spec, chip->imperfections & MHO_IMP_WIRES);
    opt.broken_word = tile->broken_word;
    opt.broken_bit = tile->broken_bit;
    return opt;
}

mho_status mho_i_chip_solve_tiles(mho_chip *chip, mho_i_layer *layer, bool wires, bool faults) {
    for (size_t t = 0; t < layer->n_tile; t++) {
        mho_i_tile *tile = &layer->tile[t];
        mho_array_opt opt =
            faults ? mho_i_chip_tile_opt(chip, tile) : mho_i_chip_array_opt(&chip->spec, wires);
        mho_status status = mho_array_transfer_many(chip->ctx, 1, tile->n_row, 2 * tile->n_out,
                                                    &opt, tile->g_S, tile->m_S);
        if (status != MHO_OK) { /* a chip of which nobody knows what it computes is none */
            return mho_i_prefix(chip->ctx, status < 0 ? status : MHO_ERR_SINGULAR, "tile %zu: ", t);
        }
    }
    return MHO_OK;
}

/* Least-squares factor between the pair differences of transfer matrix and target. */
static double mean_gain(const mho_i_layer *layer) {
    double mt = 0, tt = 0;
    for (size_t t = 0; t < layer->n_tile; t++) {
        const mho_i_tile *tile = &layer->tile[t];
        for (size_t k = 0; k < tile->n_row * tile->n_out; k++) {
            double want = tile->target_S[2 * k] - tile->target_S[2 * k + 1];
            mt += want * (tile->m_S[2 * k] - tile->m_S[2 * k + 1]);
            tt += want * want;
        }
    }
    return tt > 0 && mt > 0 ? mt / tt : 1;
}

/* One round: move every pair of g_S by what its transfer falls short of gain * target. */
static void bend(const mho_synapse_param *s, const mho_i_layer *layer, double gain) {
    for (size_t t = 0; t < layer->n_tile; t++) {
        const mho_i_tile *tile = &layer->tile[t];
        for (size_t k = 0; k < tile->n_row * tile->n_out; k++) {
            double want = gain * (tile->target_S[2 * k] - tile->target_S[2 * k + 1]);
            double got = tile->m_S[2 * k] - tile->m_S[2 * k + 1];
            double now = tile->g_S[2 * k] - tile->g_S[2 * k + 1];
            set_pair(s, now + (want - got) / gain, tile->g_S + 2 * k);
        }
    }
}

static void copy_tiles(mho_i_layer *layer, bool to_bent) {
    for (size_t t = 0; t < layer->n_tile; t++) {
        mho_i_tile *tile = &layer->tile[t];
        size_t n = tile->n_row * 2 * tile->n_out * sizeof(double);
        memcpy(to_bent ? tile->bent_S : tile->g_S, to_bent ? tile->g_S : tile->target_S, n);
    }
}

static mho_status compensate(mho_chip *chip, mho_i_layer *layer) {
    copy_tiles(layer, false);
    mho_status status = mho_i_chip_solve_tiles(chip, layer, true, false);
    layer->wire_gain = layer->bent_gain = status == MHO_OK ? mean_gain(layer) : 1;
    for (int round = 0; status == MHO_OK && round < (int)chip->spec.compensate; round++) {
        bend(&chip->spec.synapse, layer, layer->wire_gain);
        status = mho_i_chip_solve_tiles(chip, layer, true, false);
        layer->bent_gain = status == MHO_OK ? mean_gain(layer) : 1;
    }
    copy_tiles(layer, true);
    return status;
}

/* Largest weight or bias of an output, at most the layer's limit. */
static double largest_weight(const mho_i_layer *layer, const float *weights, const float *bias,
                             size_t out) {
    size_t n_in = layer->shape.n_in;
    double top = fabs((double)bias[out]);
    for (size_t k = 0; k < n_in; k++) {
        top = fmax(top, fabs((double)weights[out * n_in + k]));
    }
    return top > 0 ? fmin(top, layer->shape.w_max) : layer->shape.w_max;
}

mho_status mho_i_chip_map_layer(mho_chip *chip, mho_i_layer *layer, const float *weights,
                                const float *bias, const double *scale) {
    mho_ctx *ctx = chip->ctx;
    mho_status status = cut_tiles(chip, layer);
    if (status < 0) {
        return status;
    }
    size_t n = layer->shape.n_out * layer->n_row;
    layer->weight = mho_i_alloc(ctx, n, sizeof(float));
    layer->noise2 = mho_i_alloc(ctx, n, sizeof(float));
    layer->row_S = mho_i_alloc(ctx, layer->shape.n_group * layer->n_row, sizeof(float));
    layer->scale = mho_i_alloc(ctx, layer->shape.n_out, sizeof(double));
    layer->z_per_A = mho_i_alloc(ctx, layer->shape.n_out, sizeof(double));
    if (!layer->weight || !layer->noise2 || !layer->row_S || !layer->scale || !layer->z_per_A) {
        return MHO_ERR_NOMEM;
    }
    for (size_t o = 0; o < layer->shape.n_out; o++) {
        bool column = chip->spec.weight_scale == MHO_SCALE_COLUMN;
        layer->scale[o] = scale    ? scale[o]
                          : column ? largest_weight(layer, weights, bias, o)
                                   : layer->shape.w_max;
    }
    set_targets(chip, layer, weights, bias);
    return compensate(chip, layer);
}

void mho_i_chip_target_weights(const mho_chip *chip, const mho_i_layer *layer, float *weight) {
    const mho_synapse_param *s = &chip->spec.synapse;
    memset(weight, 0, layer->shape.n_out * layer->n_row * sizeof *weight);
    for (size_t t = 0; t < layer->n_tile; t++) {
        const mho_i_tile *tile = &layer->tile[t];
        for (size_t k = 0; k < tile->n_row * tile->n_out; k++) {
            size_t row = mho_i_chip_row_of(layer, tile->row0 + k / tile->n_out);
            size_t o = tile->out0 + k % tile->n_out;
            double d =
                (tile->target_S[2 * k] - tile->target_S[2 * k + 1]) / (s->g_max_S - s->g_min_S);
            weight[o * layer->n_row + row] += (float)(d * layer->scale[o] / (double)layer->n_copy);
        }
    }
}

mho_status mho_i_chip_retarget(mho_chip *chip, mho_i_layer *layer, const float *weight) {
    size_t n_in = layer->shape.n_in, n_out = layer->shape.n_out;
    float *w = mho_i_alloc(chip->ctx, n_out * n_in, sizeof *w);
    float *bias = mho_i_alloc(chip->ctx, n_out, sizeof *bias);
    mho_status status = w && bias ? MHO_OK : MHO_ERR_NOMEM;
    for (size_t t = 0; status == MHO_OK && t < layer->n_tile; t++) {
        mho_i_tile *tile = &layer->tile[t];
        size_t n = tile->n_row * 2 * tile->n_out;
        if (!tile->design_S) {
            tile->design_S = mho_i_alloc(chip->ctx, 2 * n, sizeof *tile->design_S);
            if (!tile->design_S) {
                status = MHO_ERR_NOMEM;
                break;
            }
            memcpy(tile->design_S, tile->target_S, n * sizeof *tile->design_S);
            memcpy(tile->design_S + n, tile->bent_S, n * sizeof *tile->design_S);
        }
    }
    if (status == MHO_OK) {
        for (size_t o = 0; o < n_out; o++) {
            memcpy(w + o * n_in, weight + o * (n_in + 1), n_in * sizeof *w);
            bias[o] = weight[o * (n_in + 1) + n_in];
        }
        if (!layer->retargeted) {
            layer->design_gain[0] = layer->wire_gain;
            layer->design_gain[1] = layer->bent_gain;
            layer->retargeted = true;
        }
        chip->tuned = true;
        set_targets(chip, layer, w, bias);
        status = compensate(chip, layer);
    }
    mho_i_free(chip->ctx, w);
    mho_i_free(chip->ctx, bias);
    return status;
}

void mho_i_chip_restore_targets(mho_chip *chip) {
    for (size_t l = 0; chip->tuned && l < chip->n_layer; l++) {
        mho_i_layer *layer = &chip->layer[l];
        bool changed = false;
        for (size_t t = 0; t < layer->n_tile; t++) {
            mho_i_tile *tile = &layer->tile[t];
            size_t n = tile->n_row * 2 * tile->n_out;
            if (tile->design_S) {
                memcpy(tile->target_S, tile->design_S, n * sizeof *tile->design_S);
                memcpy(tile->bent_S, tile->design_S + n, n * sizeof *tile->design_S);
                changed = true;
            }
        }
        if (changed) {
            layer->wire_gain = layer->design_gain[0];
            layer->bent_gain = layer->design_gain[1];
        }
    }
    chip->tuned = false;
}
