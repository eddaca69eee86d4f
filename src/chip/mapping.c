/* mapping.c - a layer graph on a chip: stages (build.c), scales and corrections (mapping_fit.c),
 * then arrays and neurons for what they gave. */
#include "build_int.h"

#include <math.h>
#include <string.h>

/* ---- arrays and neurons ---- */

/* Tables of neurons that a chip may hold; above it columns share neurons. */
static const size_t MAX_TABLE_BYTE = (size_t)256 << 20;

static void choose_share(mho_chip *chip) {
    size_t n = 0;
    for (size_t k = 0; k < chip->n_stage; k++) {
        const mho_i_stage *stage = &chip->stage[k];
        bool neurons = stage->op == MHO_I_COMPUTE && stage->end == MHO_I_END_NEURON;
        n += neurons ? stage->shape.n_out * stage->shape.n_pos : 0;
    }
    if (chip->spec.share == MHO_SHARE_PER_OUTPUT &&
        n > MAX_TABLE_BYTE / (2 * MHO_I_NODES * sizeof(float))) {
        chip->spec.share = MHO_SHARE_PER_COLUMN;
        chip->mapping->share_changed = true;
    }
}

/* Bias rows at most; a larger bias makes the weights' scale grow. */
enum { MAX_BIAS_ROW = 16 };

/* What the largest weight stands for, output by output, the same for all arrays that meet at an
 * amplifier; and the bias rows. */
static size_t stage_scale(const mho_chip *chip, const mho_i_stage *stage, const mho_i_origin *o,
                          double *scale) {
    double all = 0, rows = 1;
    for (size_t out = 0; out < stage->shape.n_out; out++) {
        scale[out] = fabs((double)o->bias[out]) / MAX_BIAS_ROW;
        for (size_t l = 0; l < stage->n_layer; l++) {
            size_t n_in = stage->layer[l].shape.n_in;
            for (size_t k = 0; k < n_in; k++) {
                scale[out] = fmax(scale[out], fabs((double)o->weights[l][out * n_in + k]));
            }
        }
        all = fmax(all, scale[out]);
    }
    for (size_t out = 0; out < stage->shape.n_out; out++) {
        bool column = chip->spec.weight_scale != MHO_SCALE_LAYER && scale[out] > 1e-3 * all;
        scale[out] = column ? scale[out] : all > 0 ? all : 1;
        rows = fmax(rows, fabs((double)o->bias[out]) / scale[out]);
    }
    return (size_t)ceil(rows * (1 - 1e-9));
}

static mho_status map_stage(mho_chip *chip, mho_i_stage *stage, const mho_i_origin *o) {
    mho_ctx *ctx = chip->ctx;
    size_t n_out = stage->shape.n_out;
    double *scale = mho_i_alloc(ctx, n_out, sizeof *scale);
    float *none = mho_i_alloc(ctx, n_out, sizeof *none);
    mho_status status = scale && none ? MHO_OK : MHO_ERR_NOMEM;
    size_t n_bias = status == MHO_OK ? stage_scale(chip, stage, o, scale) : 0;
    for (size_t l = 0; status == MHO_OK && l < stage->n_layer; l++) {
        mho_i_layer *layer = &stage->layer[l];
        layer->n_bias = l == 0 ? n_bias : 0;
        layer->n_wire = layer->shape.n_in + layer->n_bias;
        mho_i_free(ctx, layer->weight); /* of the calibration */
        mho_i_free(ctx, layer->noise2);
        layer->weight = layer->noise2 = NULL;
        status = mho_i_chip_map_layer(chip, layer, o->weights[l], l == 0 ? o->bias : none, scale);
    }
    const mho_synapse_param *s = &chip->spec.synapse;
    for (size_t k = 0; status == MHO_OK && k < stage->n_skip; k++) {
        for (size_t out = 0; out < n_out; out++) {
            double unit = stage->n_layer ? scale[out] : 1;
            stage->skip[k].g_S[out] =
                (float)(fabs((double)stage->skip[k].gain[out]) * (s->g_max_S - s->g_min_S) / unit);
        }
    }
    if (status == MHO_OK && !stage->n_layer) {
        if (!stage->bias) { /* it is there from the calibration */
            stage->bias = mho_i_alloc(ctx, n_out, sizeof *stage->bias);
        }
        status = stage->bias ? MHO_OK : MHO_ERR_NOMEM;
        if (stage->bias) {
            memcpy(stage->bias, o->bias, n_out * sizeof *stage->bias);
        }
    }
    if (status == MHO_OK && stage->end == MHO_I_END_NEURON) {
        status = mho_i_chip_add_neurons(chip, stage);
    }
    mho_i_free(ctx, scale);
    mho_i_free(ctx, none);
    return status;
}

static mho_status map_stages(mho_chip *chip) {
    mho_ctx *ctx = chip->ctx;
    mho_i_mapping *m = chip->mapping;
    choose_share(chip);
    for (size_t k = 0; k < chip->n_stage; k++) {
        if (chip->stage[k].op != MHO_I_COMPUTE) {
            continue;
        }
        mho_status status =
            mho_i_progress(ctx, "designing arrays", (double)k / (double)chip->n_stage);
        if (status == MHO_OK) {
            status = map_stage(chip, &chip->stage[k], &m->origin[k]);
        }
        if (status < 0) {
            return mho_i_prefix(ctx, status, "%s: ", m->origin[k].name);
        }
    }
    return MHO_OK;
}

static mho_status check_arguments(mho_ctx *ctx, const mho_graph *g, const mho_samples *sample,
                                  const mho_map_opt *opt) {
    if (mho_graph_n_input(g) != 1 || mho_graph_n_output(g) != 1) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "the network has %zu inputs and %zu outputs: a chip takes one of each",
                          mho_graph_n_input(g), mho_graph_n_output(g));
    }
    if (!(opt->percentile > 0.5 && opt->percentile <= 1)) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "percentile = %g: allowed are above 50 %% to 100 %%",
                          opt->percentile);
    }
    const mho_graph_tensor *t = mho_graph_tensor_at(g, mho_graph_input(g, 0));
    if (sample && t->size != mho_samples_size(sample)) {
        return mho_i_fail(ctx, MHO_ERR_DIM,
                          "samples of %zu x %zu x %zu: the network takes %zu numbers",
                          mho_samples_shape(sample, 0), mho_samples_shape(sample, 1),
                          mho_samples_shape(sample, 2), t->size);
    }
    return MHO_OK;
}

void mho_i_mapping_free(mho_chip *chip) {
    mho_i_mapping *m = chip->mapping;
    mho_ctx *ctx = chip->ctx;
    if (!m) {
        return;
    }
    for (size_t k = 0; m->origin && k < chip->n_stage; k++) {
        mho_i_origin *o = &m->origin[k];
        for (size_t l = 0; o->weights && l < chip->stage[k].n_layer; l++) {
            mho_i_free(ctx, o->weights[l]);
        }
        mho_i_free(ctx, o->weights);
        mho_i_free(ctx, o->bias);
        mho_i_build_free_terms(ctx, o->n_term, o->term);
    }
    mho_graph_free(m->graph);
    mho_i_free(ctx, m->origin);
    mho_i_free(ctx, m->uniform);
    mho_i_free(ctx, m->tie);
    mho_i_free(ctx, m);
}

/* A sum ends at most once as itself and once in an activation. */
static mho_status begin(mho_ctx *ctx, const mho_chip_spec *spec, const mho_graph *graph,
                        const mho_map_opt *opt, mho_chip **out) {
    mho_graph *folded;
    mho_status status = mho_graph_fold(ctx, graph, &folded);
    if (status < 0) {
        return status;
    }
    size_t n = mho_graph_n_node(folded), n_stage = 2 * n + 1;
    status = mho_i_chip_begin(ctx, spec, n_stage, n, n_stage + 1, out);
    if (status < 0) {
        mho_graph_free(folded);
        return status;
    }
    mho_chip *chip = *out;
    mho_i_mapping *m = chip->mapping = mho_i_alloc(ctx, 1, sizeof *m);
    if (!m) {
        mho_graph_free(folded);
        return MHO_ERR_NOMEM;
    }
    m->graph = folded;
    m->opt = *opt;
    m->origin = mho_i_alloc(ctx, n_stage, sizeof *m->origin);
    m->uniform = mho_i_alloc(ctx, n_stage + 1, sizeof *m->uniform);
    m->tie = mho_i_alloc(ctx, n_stage + 1, sizeof *m->tie);
    return m->origin && m->uniform && m->tie ? MHO_OK : MHO_ERR_NOMEM;
}

mho_status mho_chip_new_graph(mho_ctx *ctx, const mho_chip_spec *spec, const mho_graph *graph,
                              const mho_samples *sample, const mho_map_opt *opt, mho_chip **out) {
    static const mho_map_opt standard = MHO_MAP_OPT_INIT;
    *out = NULL;
    opt = opt ? opt : &standard;
    mho_status status = check_arguments(ctx, graph, sample, opt);
    if (status < 0) {
        return status;
    }
    mho_chip *chip = NULL;
    status = begin(ctx, spec, graph, opt, &chip);
    if (status == MHO_OK) {
        status = mho_i_build_stages(chip, chip->mapping);
    }
    if (status == MHO_OK) {
        status = mho_i_chip_plan(chip);
    }
    if (status == MHO_OK) {
        status = mho_i_mapping_calibrate(chip, sample);
    }
    if (status == MHO_OK) {
        status = map_stages(chip);
    }
    if (status < 0) {
        mho_chip_free(chip);
        return status;
    }
    *out = chip;
    return MHO_OK;
}
