/* compare.c - activations of a chip against the exact pass through the graph that it was made from.
 */
#include "mapping_int.h"

#include <math.h>
#include <string.h>

float mho_i_origin_of(const mho_i_origin *o, float pre) {
    mho_i_digital d = {.op = o->op, .attr = o->attr};
    return mho_i_digital_of(&d, pre);
}

void mho_i_exact_free(mho_i_exact *e) {
    for (size_t k = 0; e->pre && k < e->n_stage; k++) {
        bool again = false; /* stages may share a tensor */
        for (size_t j = 0; j < k; j++) {
            again = again || e->pre[j] == e->pre[k];
        }
        if (!again) {
            mho_i_free(e->ctx, e->pre[k]);
        }
    }
    mho_i_free(e->ctx, e->pre);
    e->pre = NULL;
}

static mho_status collect(const mho_chip *chip, mho_i_exact *e, int *want, float **out,
                          size_t *n_want) {
    const mho_i_mapping *m = chip->mapping;
    *n_want = 0;
    for (size_t k = 0; k < chip->n_stage; k++) {
        int pre = m->origin[k].pre;
        if (pre < 0) {
            continue;
        }
        for (size_t j = 0; j < *n_want; j++) {
            e->pre[k] = want[j] == pre ? out[j] : e->pre[k];
        }
        if (!e->pre[k]) {
            size_t size = mho_graph_tensor_at(m->graph, pre)->size;
            e->pre[k] = mho_i_alloc(e->ctx, e->n * size, sizeof(float));
            if (!e->pre[k]) {
                return MHO_ERR_NOMEM;
            }
            want[*n_want] = pre;
            out[(*n_want)++] = e->pre[k];
        }
    }
    return MHO_OK;
}

/* Weights that are numbers may still multiply beyond the range of float; errors against such
 * results would be no numbers. */
static mho_status check_exact(const mho_chip *chip, const mho_i_exact *e, size_t k) {
    const mho_i_origin *origin = &chip->mapping->origin[k];
    const mho_graph_tensor *t = mho_graph_tensor_at(chip->mapping->graph, origin->pre);
    for (size_t j = 0; j < e->n * t->size; j++) {
        float pre = e->pre[k][j];
        if (!isfinite(pre) || !isfinite(mho_i_origin_of(origin, pre))) {
            return mho_i_fail(
                chip->ctx, MHO_ERR_ARG,
                "%s: exact arithmetic gives %g before and %g after the activation for "
                "sample %zu: wanted are numbers within +-3.4e38, the range of float",
                origin->name, (double)pre, (double)mho_i_origin_of(origin, pre), j / t->size);
        }
    }
    return MHO_OK;
}

mho_status mho_i_exact_run(const mho_chip *chip, const mho_samples *s, size_t n, mho_i_exact *e) {
    mho_ctx *ctx = chip->ctx;
    *e = (mho_i_exact){.n = n, .ctx = ctx, .n_stage = chip->n_stage};
    e->pre = mho_i_alloc(ctx, chip->n_stage, sizeof *e->pre);
    int *want = mho_i_alloc(ctx, chip->n_stage, sizeof *want);
    float **out = mho_i_alloc(ctx, chip->n_stage, sizeof *out);
    size_t n_want = 0;
    mho_status status = e->pre && want && out ? MHO_OK : MHO_ERR_NOMEM;
    if (status == MHO_OK) {
        status = collect(chip, e, want, out, &n_want);
    }
    if (status == MHO_OK) {
        const float *x = mho_samples_x(s);
        status = mho_graph_run_all(ctx, chip->mapping->graph, n, &x, n_want, want, out);
    }
    for (size_t k = 0; k < chip->n_stage && status == MHO_OK; k++) {
        status = e->pre[k] ? check_exact(chip, e, k) : MHO_OK;
    }
    mho_i_free(ctx, want);
    mho_i_free(ctx, out);
    if (status < 0) {
        mho_i_exact_free(e);
    }
    return status;
}

void mho_i_likeness_add(mho_i_likeness *sum, const mho_chip *chip, const mho_i_view *view,
                        const mho_i_exact *exact) {
    const mho_i_stage *stage = view->stage;
    const mho_i_shape *l = &stage->shape;
    size_t k = (size_t)(stage - chip->stage), size = l->n_out * l->n_pos;
    const mho_i_origin *origin = &chip->mapping->origin[k];
    const float *scale = chip->value[stage->out].scale;
    for (size_t o = 0; o < l->n_out; o++) {
        for (size_t x = 0; x < l->out_w; x++) {
            size_t at = o * l->n_pos + view->y * l->out_w + x;
            for (size_t lane = 0; lane < exact->n; lane++) {
                double got = (double)view->out[o * view->a_stride + x * chip->n_lane + lane] *
                             (double)scale[o];
                double want = (double)mho_i_origin_of(origin, exact->pre[k][lane * size + at]);
                sum[o].n++;
                sum[o].got += got;
                sum[o].want += want;
                sum[o].got2 += got * got;
                sum[o].want2 += want * want;
                sum[o].both += got * want;
            }
        }
    }
}

void mho_i_likeness_of(size_t n_out, const mho_i_likeness *sum, double *error_rel,
                       double *correlation) {
    double got = 0, want = 0, both = 0;
    for (size_t o = 0; o < n_out; o++) {
        const mho_i_likeness *s = &sum[o];
        got += s->got2 - s->got * s->got / s->n;
        want += s->want2 - s->want * s->want / s->n;
        both += s->both - s->got * s->want / s->n;
    }
    *error_rel = want > 0 ? sqrt(fmax(got + want - 2 * both, 0) / want) : NAN;
    *correlation = want > 0 && got > 0 ? both / sqrt(got * want) : NAN;
}

typedef struct comparison {
    const mho_chip *chip;
    const mho_i_exact *exact;
    mho_i_likeness **sum; /* [n_stage] */
} comparison;

static mho_status compare_view(void *user, const mho_i_view *view) {
    comparison *c = user;
    if (view->out) {
        mho_i_likeness_add(c->sum[view->stage - c->chip->stage], c->chip, view, c->exact);
    }
    return MHO_OK;
}

static mho_status compare(mho_chip *chip, const mho_samples *s, size_t n, comparison *c) {
    mho_ctx *ctx = chip->ctx;
    size_t image[MHO_I_LANES] = {0};
    for (size_t k = 0; k < n; k++) {
        image[k] = k;
    }
    for (size_t k = 0; k < chip->n_stage; k++) {
        c->sum[k] = mho_i_alloc(ctx, chip->stage[k].shape.n_out, sizeof **c->sum);
        if (!c->sum[k]) {
            return MHO_ERR_NOMEM;
        }
    }
    mho_i_exact exact;
    mho_status status = mho_i_exact_run(chip, s, n, &exact);
    if (status < 0) {
        return status;
    }
    c->exact = &exact;
    mho_i_scratch *scratch = mho_i_chip_scratch_new(chip);
    status = scratch ? mho_i_chip_forward(chip, scratch, &(mho_i_source){.samples = s}, image, n, 0,
                                          true, NULL, compare_view, c)
                     : MHO_ERR_NOMEM;
    mho_i_chip_scratch_free(ctx, scratch);
    mho_i_exact_free(&exact);
    c->exact = NULL;
    return status;
}

mho_status mho_chip_compare(mho_chip *chip, const mho_samples *s, size_t n, double *rms_error_rel,
                            double *correlation) {
    mho_ctx *ctx = chip->ctx;
    if (!chip->mapping || !chip->programmed || n < 1) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "comparison over %zu samples: a programmed chip of a graph and at least "
                          "one sample are wanted",
                          n);
    }
    mho_status status = mho_i_source_check(chip, &(mho_i_source){.samples = s});
    if (status < 0) {
        return status;
    }
    n = n < chip->n_lane ? n : chip->n_lane;
    n = n < mho_samples_n(s) ? n : mho_samples_n(s);
    comparison c = {.chip = chip, .sum = mho_i_alloc(ctx, chip->n_stage, sizeof *c.sum)};
    status = c.sum ? compare(chip, s, n, &c) : MHO_ERR_NOMEM;
    for (size_t k = 0; status == MHO_OK && k < chip->n_stage; k++) {
        double e = NAN, r = NAN;
        if (chip->stage[k].op == MHO_I_COMPUTE) {
            mho_i_likeness_of(chip->stage[k].shape.n_out, c.sum[k], &e, &r);
        }
        rms_error_rel[k] = e;
        if (correlation) {
            correlation[k] = r;
        }
    }
    for (size_t k = 0; c.sum && k < chip->n_stage; k++) {
        mho_i_free(ctx, c.sum[k]);
    }
    mho_i_free(ctx, c.sum);
    return status;
}

/* ---- what was made of a graph ---- */

size_t mho_chip_n_stage(const mho_chip *chip) {
    return chip->n_stage;
}

static void count_arrays(const mho_chip *chip, const mho_i_stage *stage, mho_stage_info *out) {
    for (size_t l = 0; l < stage->n_layer; l++) {
        const mho_i_layer *layer = &stage->layer[l];
        out->n_tile += layer->n_tile;
        out->n_cell += layer->n_wire * 2 * layer->shape.n_out;
        out->n_bias_row += layer->n_bias;
        out->n_mac += (double)(layer->shape.n_in * layer->shape.n_out * layer->shape.n_pos);
    }
    out->n_array_layer = stage->n_layer;
    out->n_skip = stage->n_skip;
    out->n_neuron = mho_i_chip_is_digital(chip, stage) ? 0 : stage->n_neuron;
}

mho_status mho_chip_stage(const mho_chip *chip, size_t k, mho_stage_info *out) {
    if (k >= chip->n_stage) {
        return mho_i_fail(chip->ctx, MHO_ERR_ARG, "stage %zu: there are %zu", k, chip->n_stage);
    }
    const mho_i_stage *stage = &chip->stage[k];
    const mho_i_value *v = &chip->value[stage->out];
    *out = (mho_stage_info){.compute = stage->op == MHO_I_COMPUTE,
                            .out_c = v->c,
                            .out_h = v->h,
                            .out_w = v->w,
                            .full_scale = NAN,
                            .clipped_frac = NAN,
                            .rms_error_rel = NAN,
                            .correlation = NAN};
    count_arrays(chip, stage, out);
    out->digital = mho_i_chip_is_digital(chip, stage);
    if (out->compute) {
        mho_graph_op op = stage->digital ? stage->digital->op
                          : out->digital ? MHO_OP_RELU
                                         : MHO_OP_IDENTITY;
        const char *digital =
            op == MHO_OP_IDENTITY ? (out->digital ? "store" : "") : mho_graph_op_get(op).name;
        snprintf(out->end, sizeof out->end, "%s%s",
                 out->digital                     ? "digital "
                 : stage->end == MHO_I_END_NEURON ? "neurons"
                                                  : "winner",
                 digital);
    }
    if (chip->mapping) {
        const mho_i_origin *o = &chip->mapping->origin[k];
        memcpy(out->name, o->name, sizeof out->name);
        memcpy(out->work, o->work, sizeof out->work);
        if (out->compute) {
            out->full_scale = o->full_scale;
            out->clipped_frac = o->clipped_frac;
            out->rms_error_rel = o->rms_error_rel;
            out->correlation = o->correlation;
        }
    }
    return MHO_OK;
}

mho_chip_map_info mho_chip_map(const mho_chip *chip) {
    const mho_i_mapping *m = chip->mapping;
    const float *scale = chip->value[0].scale;
    mho_chip_map_info info = {.share = chip->spec.share,
                              .share_changed = m && m->share_changed,
                              .bipolar_input = chip->bipolar,
                              .input_scale = scale ? (double)scale[0] : 1,
                              .n_sample = m ? m->n_sample : 0,
                              .n_lane = chip->n_lane};
    for (size_t k = 0; k < chip->n_stage; k++) {
        mho_stage_info stage = {0};
        count_arrays(chip, &chip->stage[k], &stage);
        info.n_tile += stage.n_tile;
        info.n_cell += stage.n_cell;
        info.n_mac += stage.n_mac;
        info.n_neuron += stage.n_neuron;
        info.n_digital_stage += mho_i_chip_is_digital(chip, &chip->stage[k]);
    }
    return info;
}

size_t mho_chip_n_note(const mho_chip *chip) {
    return chip->mapping ? mho_graph_n_note(chip->mapping->graph) : 0;
}

const char *mho_chip_note(const mho_chip *chip, size_t k) {
    return k < mho_chip_n_note(chip) ? mho_graph_note(chip->mapping->graph, k) : NULL;
}
