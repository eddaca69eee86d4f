/* mapping_scale.c - what a stored 1 means in the network's numbers, from the exact activations of a
 * sample. */
#include "mapping_fit_int.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A channel's full scale is at least this share of its tensor's: else an output that hardly ever
 * rises would be blown up until it saturates everything before it. */
static const double MIN_CHANNEL = 0.05;

float mho_i_value_scale(const mho_i_value *v, size_t e) {
    return v->scale ? v->scale[e / (v->h * v->w)] : 1;
}

/* ---- full scales ---- */

static int ascending(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Quantile p of the sizes (sided 0) or the positive ones of channel o, through f; 0 if there are
 * fewer than eight. */
static double channel_quantile(const mho_i_fit *c, const mho_i_stage *stage, size_t o, bool end,
                               bool positive, double p) {
    size_t k = (size_t)(stage - c->chip->stage), map = stage->shape.n_pos;
    size_t size = stage->shape.n_out * map, total = c->n * map, n = 0;
    size_t pace = (total / N_QUANTILE) | 1;
    const mho_i_origin *origin = &c->m->origin[k];
    for (size_t q = 0; q < total && n < N_QUANTILE; q += pace) {
        float v = c->exact.pre[k][q % c->n * size + o * map + q / c->n];
        v = end ? mho_i_origin_of(origin, v) : v;
        if (positive ? v > 0 : true) {
            c->quantile[n++] = fabsf(v);
        }
    }
    if (n < 8) {
        return 0;
    }
    qsort(c->quantile, n, sizeof *c->quantile, ascending);
    double at = p * (double)(n - 1);
    size_t low = (size_t)at;
    low = low > n - 2 ? n - 2 : low;
    double f = at - (double)low;
    return (1 - f) * (double)c->quantile[low] + f * (double)c->quantile[low + 1];
}

/* Full scale of every channel of a stage's end (or, end false, of its pre-activation). */
static void channel_scales(const mho_i_fit *c, const mho_i_stage *stage, bool end, bool uniform,
                           float *scale) {
    size_t n_out = stage->shape.n_out;
    bool neuron = stage->end == MHO_I_END_NEURON;
    double p = stage->end == MHO_I_END_SCORE ? 1 : c->m->opt.percentile, top = 0;
    for (size_t o = 0; o < n_out; o++) {
        double q = channel_quantile(c, stage, o, end, neuron && end, p);
        scale[o] = (float)q;
        top = fmax(top, q);
    }
    top = top > 0 ? top : 1;
    for (size_t o = 0; o < n_out; o++) {
        double q = uniform ? top : fmax((double)scale[o], MIN_CHANNEL * top);
        scale[o] = (float)(scale[o] > 0 ? q : top);
    }
}

static bool goes_below(const mho_i_fit *c, const mho_i_stage *stage, bool end) {
    size_t k = (size_t)(stage - c->chip->stage);
    size_t n = c->n * stage->shape.n_out * stage->shape.n_pos;
    for (size_t e = 0; e < n; e++) {
        float v = c->exact.pre[k][e];
        if ((end ? mho_i_origin_of(&c->m->origin[k], v) : v) < 0) {
            return true;
        }
    }
    return false;
}

static bool is_uniform(const mho_i_fit *c, size_t value) {
    return c->m->opt.range == MHO_RANGE_TENSOR || c->m->uniform[value];
}

void mho_i_fit_scale_input(const mho_i_fit *c) {
    mho_i_value *v = &c->chip->value[0];
    float top = 0;
    size_t n = c->sample ? mho_samples_n(c->sample) * mho_samples_size(c->sample) : 0;
    for (size_t k = 0; k < n; k++) {
        float x = mho_samples_x(c->sample)[k];
        top = fabsf(x) > top ? fabsf(x) : top;
        c->chip->bipolar = c->chip->bipolar || x < 0;
    }
    for (size_t k = 0; k < v->c; k++) {
        v->scale[k] = top > 0 ? top : 1;
    }
}

/* Values that stages compute; classes that are tied get the largest, the input's if it is in. */
void mho_i_fit_scale_values(const mho_i_fit *c) {
    mho_chip *chip = c->chip;
    mho_i_value *input = &chip->value[0];
    size_t of_input = mho_i_mapping_class(c->m, 0);
    c->own[of_input] = (double)input->scale[0];
    for (size_t pass = 0; pass < 2; pass++) {
        for (size_t k = 0; k < chip->n_stage; k++) {
            const mho_i_stage *stage = &chip->stage[k];
            mho_i_value *v = &chip->value[stage->out];
            size_t class = mho_i_mapping_class(c->m, stage->out);
            if (stage->op != MHO_I_COMPUTE) {
                continue;
            }
            if (pass == 0) {
                channel_scales(c, stage, true, is_uniform(c, stage->out), v->scale);
            }
            for (size_t o = 0; o < v->c; o++) {
                if (pass == 0) {
                    c->own[class] = fmax(c->own[class], (double)v->scale[o]);
                } else if (c->m->uniform[stage->out]) {
                    v->scale[o] = (float)c->own[class];
                }
            }
        }
    }
    for (size_t k = 0; k < input->c && c->m->uniform[0]; k++) {
        input->scale[k] = (float)c->own[of_input];
    }
}

void mho_i_fit_scale_digital(const mho_i_fit *c, mho_i_stage *stage) {
    mho_i_digital *d = stage->digital;
    size_t n_out = stage->shape.n_out;
    d->in_signed = d->out_signed = true;
    for (size_t o = 0; o < n_out; o++) {
        d->in_scale[o] = 1;
    }
    if (c->sample) {
        channel_scales(c, stage, false, c->m->opt.range == MHO_RANGE_TENSOR, d->in_scale);
        d->in_signed = goes_below(c, stage, false);
        d->out_signed = goes_below(c, stage, true);
    }
    memcpy(d->out_scale, c->chip->value[stage->out].scale, n_out * sizeof *d->out_scale);
}

/* Pools and wires hand on the scales of what they read. */
void mho_i_fit_inherit(const mho_i_fit *c, const mho_i_stage *stage) {
    mho_chip *chip = c->chip;
    mho_i_value *out = &chip->value[stage->out];
    for (size_t ch = 0; ch < out->c; ch++) {
        if (stage->op != MHO_I_WIRE) {
            out->scale[ch] = mho_i_value_scale(&chip->value[stage->source[0]],
                                               ch * stage->shape.in_h * stage->shape.in_w);
            continue;
        }
        out->scale[ch] = 1;
        size_t map = out->h * out->w;
        for (size_t e = ch * map; e < (ch + 1) * map; e++) {
            size_t at = (size_t)stage->from[e], j = 0;
            if (stage->from[e] < 0) {
                continue;
            }
            const mho_i_value *in = &chip->value[stage->source[0]];
            while (at >= in->c * in->h * in->w) {
                at -= in->c * in->h * in->w;
                in = &chip->value[stage->source[++j]];
            }
            out->scale[ch] = mho_i_value_scale(in, at);
            break;
        }
    }
}
