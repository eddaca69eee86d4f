/* design.c - a chip for a network: working point of the neuron, stages, tiles. */
#include "mapping_int.h"

#include <math.h>
#include <string.h>

const char *mho_imperfection_name(int bit) {
    static const char *const names[] = {
#define NAME(name, bit_, label, text) label,
        MHO_IMPERFECTION_LIST(NAME)
#undef NAME
    };
    return bit >= 0 && bit < MHO_IMP_COUNT ? names[bit] : "";
}

const char *mho_imperfection_text(int bit) {
    static const char *const texts[] = {
#define TEXT(name, bit_, label, text) text,
        MHO_IMPERFECTION_LIST(TEXT)
#undef TEXT
    };
    return bit >= 0 && bit < MHO_IMP_COUNT ? texts[bit] : "";
}

/* Working point, table grid and the nominal table that every neuron would have without spread. */
static mho_status design_neuron(mho_ctx *ctx, const mho_chip_spec *spec, mho_neuron_design *design,
                                mho_neuron_grid *grid, double *v_full_V, float *table) {
    mho_status status =
        mho_neuron_design_relu(ctx, &spec->neuron, spec->swing_V, spec->z_max, design);
    if (status < 0) {
        return mho_i_prefix(ctx, status, "chip.neuron: ");
    }
    const mho_neuron_circuit *c = &design->circuit;
    mho_neuron_device nominal = {0};
    /* a warmer film bends earlier: the fine part of the table begins where it does */
    double knee =
        MHO_I_Z_KNEE - fmax(spec->warmer_K, 0) / (design->rise_full_K - design->rise_bias_K);
    *grid = (mho_neuron_grid){.z_min = fmin(-c->v_bias_V / c->v_swing_V, knee - 0.1),
                              .z_knee = knee,
                              .z_max = spec->z_max,
                              .n_low = MHO_I_GRID_LOW,
                              .n_high = MHO_I_GRID_HIGH};
    status = mho_neuron_output(ctx, &spec->neuron, c, &nominal, c->v_bias_V + c->v_swing_V,
                               v_full_V, NULL);
    if (status == MHO_OK) {
        status = mho_neuron_tables(ctx, &spec->neuron, c, 0, 0, 1, &nominal, NULL, grid, *v_full_V,
                                   table, NULL);
    }
    for (int k = 0;
         status == MHO_OK && spec->activation == MHO_ACTIVATION_DIGITAL && k < MHO_I_NODES; k++) {
        double step_low = (grid->z_knee - grid->z_min) / (double)grid->n_low;
        double step_high = (grid->z_max - grid->z_knee) / (double)grid->n_high;
        double z = k < (int)grid->n_low ? grid->z_min + k * step_low
                                        : grid->z_knee + (k - (int)grid->n_low) * step_high;
        table[2 * k] = (float)fmax(z, 0);
        table[2 * k + 1] = 0;
    }
    return status;
}

static float table_at(const mho_neuron_grid *grid, const float *table, double z) {
    float x = mho_i_grid_position(grid, (float)fmin(fmax(z, grid->z_min), grid->z_max));
    int k = (int)x;
    k = k > MHO_I_NODES - 2 ? MHO_I_NODES - 2 : k;
    float f = x - (float)k;
    return table[2 * k] * (1 - f) + table[2 * k + 2] * f;
}

mho_status mho_chip_nominal_curve(mho_ctx *ctx, const mho_chip_spec *spec, size_t n, float *a,
                                  double *z_min, double *z_max, mho_neuron_design *design) {
    if (n < 2) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "a curve of %zu points: at least 2 are wanted", n);
    }
    float *table = mho_i_alloc(ctx, 2 * MHO_I_NODES, sizeof *table);
    if (!table) {
        return MHO_ERR_NOMEM;
    }
    mho_neuron_grid grid;
    double v_full;
    mho_status status = design_neuron(ctx, spec, design, &grid, &v_full, table);
    if (status == MHO_OK) {
        *z_min = grid.z_min;
        *z_max = grid.z_max;
        for (size_t k = 0; k < n; k++) {
            double z = grid.z_min + (grid.z_max - grid.z_min) * (double)k / (double)(n - 1);
            a[k] = table_at(&grid, table, z);
        }
    }
    mho_i_free(ctx, table);
    return status;
}

static double spread_of(const float *table, const mho_neuron_grid *grid, size_t n_dev, double z) {
    double m = 0, m2 = 0;
    for (size_t k = 0; k < n_dev; k++) {
        double a = table_at(grid, table + k * 2 * MHO_I_NODES, z);
        m += a;
        m2 += a * a;
    }
    m /= (double)n_dev;
    return sqrt(fmax(m2 / (double)n_dev - m * m, 0));
}

static mho_neuron_trim trim_of(const mho_chip_spec *spec, const mho_neuron_design *d) {
    return (mho_neuron_trim){.z_trim = spec->trim_point,
                             .n_bit = (int)spec->trim_bits,
                             .range_V = spec->trim_range_rel * d->circuit.v_swing_V,
                             .error_V = spec->trim_error_V};
}

mho_status mho_chip_training_noise(mho_ctx *ctx, const mho_chip_spec *spec, mho_net_noise *out) {
    enum { N_DEV = 200 };
    float *table = mho_i_alloc(ctx, (size_t)N_DEV * 2 * MHO_I_NODES, sizeof *table);
    mho_neuron_device *device = mho_i_alloc(ctx, N_DEV, sizeof *device);
    mho_neuron_design d;
    mho_neuron_grid grid;
    double v_full;
    mho_status status = table && device ? MHO_OK : MHO_ERR_NOMEM;
    if (status == MHO_OK) {
        status = design_neuron(ctx, spec, &d, &grid, &v_full, table);
    }
    if (status == MHO_OK) {
        mho_neuron_trim trim = trim_of(spec, &d);
        mho_neuron_sample(&spec->neuron, 0, 0, N_DEV, device);
        status = mho_neuron_tables(ctx, &spec->neuron, &d.circuit, 0, 0, N_DEV, device,
                                   trim.n_bit ? &trim : NULL, &grid, v_full, table, NULL);
    }
    if (status == MHO_OK) {
        double program = mho_synapse_error_rel(&spec->synapse, spec->verify);
        double level = 1 / ((spec->synapse.levels - 1) * sqrt(12));
        double amplifier = spec->amplifier_noise_V / d.circuit.v_swing_V;
        double jitter = spec->neuron.jitter_K / (d.rise_full_K - d.rise_bias_K);
        double offset = spread_of(table, &grid, N_DEV, 0);
        bool digital = spec->activation == MHO_ACTIVATION_DIGITAL;
        *out = (mho_net_noise){.weight_rel = sqrt(2 * program * program + level * level),
                               .z = sqrt(amplifier * amplifier + jitter * jitter + 1e-4),
                               .gain = digital ? 0 : spread_of(table, &grid, N_DEV, 1),
                               .offset = digital ? 0 : offset,
                               .input_bits = (int)spec->input_bits};
    }
    mho_i_free(ctx, table);
    mho_i_free(ctx, device);
    return status;
}

static mho_status check_net(mho_ctx *ctx, const mho_net *net) {
    size_t n = mho_net_n_layer(net), last = n;
    for (size_t l = 0; l < n; l++) {
        if (mho_net_layer(net, l)->kind != MHO_LAYER_POOL) {
            last = l;
        }
    }
    if (last + 1 != n) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "the last of %zu layers must be a compute layer", n);
    }
    for (size_t l = 0; l < last; l++) {
        const mho_layer *s = mho_net_layer(net, l);
        if (s->kind != MHO_LAYER_POOL && !s->activation) {
            return mho_i_fail(ctx, MHO_ERR_ARG,
                              "layer %zu has no activation: on this chip every layer but the last "
                              "ends in neurons",
                              l);
        }
    }
    return MHO_OK;
}

static mho_i_shape shape_of(const mho_layer *l) {
    bool dense = l->kind == MHO_LAYER_DENSE;
    return (mho_i_shape){.in_c = dense ? l->n_in : l->in_c,
                         .in_h = dense ? 1 : l->in_h,
                         .in_w = dense ? 1 : l->in_w,
                         .out_c = l->out_c,
                         .out_h = l->out_h,
                         .out_w = l->out_w,
                         .k_h = dense ? 1 : l->k,
                         .k_w = dense ? 1 : l->k,
                         .stride_h = l->stride,
                         .stride_w = l->stride,
                         .dilation_h = 1,
                         .dilation_w = 1,
                         .pad_top = l->pad,
                         .pad_left = l->pad,
                         .pad_bottom = l->pad,
                         .pad_right = l->pad,
                         .n_group = 1,
                         .n_in = l->n_in,
                         .n_out = l->n_out,
                         .n_pos = l->out_h * l->out_w,
                         .w_max = l->w_max};
}

mho_status mho_i_chip_add_neurons(mho_chip *chip, mho_i_stage *stage) {
    stage->n_neuron = chip->spec.share == MHO_SHARE_PER_COLUMN
                          ? stage->shape.n_out
                          : stage->shape.n_out * stage->shape.n_pos;
    stage->first_neuron = chip->n_neuron;
    chip->n_neuron += stage->n_neuron;
    stage->device = mho_i_alloc(chip->ctx, stage->n_neuron, sizeof *stage->device);
    return stage->device ? MHO_OK : MHO_ERR_NOMEM;
}

/* Layer l of the chain, from value l to value l + 1. */
static mho_status make_stage(mho_chip *chip, const mho_net *net, size_t l, size_t n_copy) {
    const mho_layer *from = mho_net_layer(net, l);
    mho_i_stage *stage = &chip->stage[l];
    *stage = (mho_i_stage){.op = from->kind == MHO_LAYER_POOL ? MHO_I_AVERAGE : MHO_I_COMPUTE,
                           .out = l + 1,
                           .shape = shape_of(from),
                           .count_pad = true,
                           .end = MHO_I_END_NEURON};
    chip->value[l + 1] = (mho_i_value){.c = from->out_c, .h = from->out_h, .w = from->out_w};
    if (from->kind == MHO_LAYER_POOL) {
        stage->source = mho_i_alloc(chip->ctx, 1, sizeof *stage->source);
        stage->n_source = stage->source ? 1 : 0;
        if (stage->source) {
            stage->source[0] = l;
        }
        chip->value[l + 1].dac = chip->value[l].dac;
        return stage->source ? MHO_OK : MHO_ERR_NOMEM;
    }
    mho_i_layer *layer = stage->layer = &chip->layer[chip->n_layer++];
    stage->n_layer = 1;
    *layer = (mho_i_layer){.shape = stage->shape,
                           .value = l,
                           .n_row = from->n_in + 1,
                           .n_copy = n_copy,
                           .n_bias = 1,
                           .n_wire = n_copy * from->n_in + 1};
    mho_status status =
        mho_i_chip_map_layer(chip, layer, mho_net_weights(net, l), mho_net_bias(net, l), NULL);
    if (status < 0) {
        return status;
    }
    if (l + 1 == chip->n_stage && !from->activation) {
        stage->end = MHO_I_END_SCORE;
        return MHO_OK;
    }
    chip->value[l + 1].dac = mho_i_chip_is_digital(chip, stage);
    return mho_i_chip_add_neurons(chip, stage);
}

static mho_status make_stages(mho_chip *chip, const mho_net *net, size_t n_copy) {
    const mho_layer *first = mho_net_layer(net, 0);
    chip->value[0] =
        (mho_i_value){.c = first->in_c, .h = first->in_h, .w = first->in_w, .dac = true};
    for (size_t l = 0; l < chip->n_stage; l++) {
        mho_status status = make_stage(chip, net, l, n_copy);
        if (status < 0) {
            return mho_i_prefix(chip->ctx, status, "layer %zu: ", l);
        }
    }
    chip->output = chip->n_stage;
    return mho_i_chip_plan(chip);
}

mho_status mho_chip_new(mho_ctx *ctx, const mho_chip_spec *spec, const mho_net *net,
                        mho_chip **out) {
    return mho_i_chip_new(ctx, spec, net, 1, out);
}

mho_status mho_i_chip_begin(mho_ctx *ctx, const mho_chip_spec *spec, size_t n_stage, size_t n_layer,
                            size_t n_value, mho_chip **out) {
    *out = NULL;
    mho_chip *chip = mho_i_alloc(ctx, 1, sizeof *chip);
    if (!chip) {
        return MHO_ERR_NOMEM;
    }
    chip->ctx = ctx;
    chip->spec = *spec;
    chip->n_stage = n_stage;
    chip->n_value = n_value;
    chip->stage = mho_i_alloc(ctx, n_stage, sizeof *chip->stage);
    chip->layer = mho_i_alloc(ctx, n_layer, sizeof *chip->layer);
    chip->value = mho_i_alloc(ctx, n_value, sizeof *chip->value);
    chip->nominal_table = mho_i_alloc(ctx, 2 * MHO_I_NODES, sizeof *chip->nominal_table);
    bool ok = chip->stage && chip->layer && chip->value && chip->nominal_table;
    mho_status status = ok ? MHO_OK : MHO_ERR_NOMEM;
    if (status == MHO_OK) {
        status = design_neuron(ctx, spec, &chip->neuron, &chip->grid, &chip->v_full_V,
                               chip->nominal_table);
    }
    if (status < 0) {
        mho_chip_free(chip);
        return status;
    }
    *out = chip;
    return MHO_OK;
}

mho_status mho_i_chip_new(mho_ctx *ctx, const mho_chip_spec *spec, const mho_net *net,
                          size_t n_copy, mho_chip **out) {
    *out = NULL;
    mho_status status = check_net(ctx, net);
    if (status < 0) {
        return status;
    }
    size_t n = mho_net_n_layer(net), n_layer = 0;
    for (size_t l = 0; l < n; l++) {
        n_layer += mho_net_layer(net, l)->kind != MHO_LAYER_POOL;
    }
    mho_chip *chip;
    status = mho_i_chip_begin(ctx, spec, n, n_layer, n + 1, &chip);
    if (status == MHO_OK) {
        status = make_stages(chip, net, n_copy);
        if (status < 0) {
            mho_chip_free(chip);
            return status;
        }
        *out = chip;
    }
    return status;
}

float mho_i_chip_nominal_at(const mho_chip *chip, double z) {
    return table_at(&chip->grid, chip->nominal_table, z);
}

void mho_chip_free(mho_chip *chip) {
    if (!chip) {
        return;
    }
    mho_ctx *ctx = chip->ctx;
    for (size_t l = 0; chip->layer && l < chip->n_layer; l++) {
        mho_i_chip_free_layer(ctx, &chip->layer[l]);
    }
    mho_i_mapping_free(chip);
    for (size_t v = 0; chip->value && v < chip->n_value; v++) {
        mho_i_free(ctx, chip->value[v].scale);
    }
    for (size_t k = 0; chip->stage && k < chip->n_stage; k++) {
        mho_i_chip_free_stage(ctx, &chip->stage[k]);
    }
    mho_i_free(ctx, chip->stage);
    mho_i_free(ctx, chip->layer);
    mho_i_free(ctx, chip->value);
    mho_i_free(ctx, chip->slot_size);
    mho_i_free(ctx, chip->nominal_table);
    mho_i_free(ctx, chip->table);
    mho_i_free(ctx, chip->warm_table);
    mho_i_free(ctx, chip->latch_table);
    mho_i_free(ctx, chip);
}

const mho_neuron_design *mho_chip_neuron(const mho_chip *chip) {
    return &chip->neuron;
}
