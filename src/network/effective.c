/* effective.c - the weights that a forward pass really uses.
 *
 *     w_eff = (1 + g) * (quantised(w) + w_max*sd*N)        b_eff = (1 + g) * (same of b) + offset
 *
 * g and offset belong to the neuron of that output; folded into its weights they cost nothing per
 * picture. The gradient goes straight through the quantisation. */
#include "network_int.h"

#include <math.h>

enum { N_EXTRA = 3 }; /* normals of an output besides its weights: bias, gain, offset */

mho_status mho_i_effective_new(mho_ctx *ctx, const mho_net *net, mho_i_effective **out) {
    *out = NULL;
    mho_i_effective *e = mho_i_alloc(ctx, 1, sizeof *e);
    if (!e) {
        return MHO_ERR_NOMEM;
    }
    *e = (mho_i_effective){.ctx = ctx, .net = net};
    for (size_t l = 0; l < net->n_layer; l++) {
        e->n_row += net->layer[l].n_out;
    }
    size_t n_draw = 0, r = 0;
    e->row = mho_i_alloc(ctx, e->n_row, sizeof *e->row);
    for (size_t l = 0; e->row && l < net->n_layer; l++) {
        for (size_t o = 0; o < net->layer[l].n_out; o++, r++) {
            e->row[r].layer = l;
            e->row[r].output = o;
            e->row[r].draw_at = n_draw;
            n_draw += net->layer[l].n_in + N_EXTRA;
        }
    }
    if (!e->row || !(e->param = mho_i_alloc(ctx, net->n_param, sizeof *e->param)) ||
        !(e->gain = mho_i_alloc(ctx, net->n_param, sizeof *e->gain)) ||
        !(e->flip = mho_i_alloc(ctx, net->n_param, sizeof *e->flip)) ||
        !(e->draw = mho_i_alloc(ctx, n_draw, sizeof *e->draw))) {
        mho_i_effective_free(e);
        return MHO_ERR_NOMEM;
    }
    *out = e;
    return MHO_OK;
}

void mho_i_effective_free(mho_i_effective *e) {
    if (e) {
        mho_ctx *ctx = e->ctx;
        mho_i_free(ctx, e->param);
        mho_i_free(ctx, e->gain);
        mho_i_free(ctx, e->flip);
        mho_i_free(ctx, e->draw);
        mho_i_free(ctx, e->row);
        mho_i_free(ctx, e);
    }
}

/* Levels are at w_max*j/half, j = -half..half. */
MHO_MULTIARCH
static void draw_row(size_t n, const float *restrict w, const float *restrict normal, float w_max,
                     int half, float sd, float factor, float *restrict out) {
    float up = (float)half / w_max, down = w_max / (float)(half ? half : 1);
    for (size_t k = 0; k < n; k++) {
        float q = half ? rintf(w[k] * up) * down : w[k];
        out[k] = factor * (q + sd * normal[k]);
    }
}

/* One output of a layer: its weights, its bias, its row of gains. */
static void draw_output(mho_i_effective *e, const mho_i_draw *d, size_t r, size_t l, size_t o) {
    const mho_net_noise *noise = d->noise;
    const float *param = d->param;
    const mho_layer *layer = &e->net->layer[l];
    size_t n_in = layer->n_in, row = e->net->at[l] + o * n_in;
    size_t bias = e->net->at[l] + mho_i_layer_n_weight(layer) + o;
    float *normal = e->draw + e->row[r].draw_at;
    float w_max = (float)layer->w_max, sd = (float)(noise->weight_rel * d->scale) * w_max;
    float factor = 1, offset = 0;
    int half = noise->weight_levels / 2;
    if (d->scale > 0 && (noise->weight_rel > 0 || noise->gain > 0 || noise->offset > 0)) {
        mho_i_rng_normal_f(d->seed, MHO_RNG_TRAIN_WEIGHT_NOISE, (uint32_t)(l << 20 | o),
                           d->evaluation, n_in + N_EXTRA, normal);
        if (layer->activation) {
            factor += (float)(noise->gain * d->scale) * normal[n_in + 1];
            offset = (float)(noise->offset * d->scale) * normal[n_in + 2];
        }
    }
    draw_row(n_in, param + row, normal, w_max, half, sd, factor, e->param + row);
    draw_row(1, param + bias, normal + n_in, w_max, half, sd, factor, e->param + bias);
    e->param[bias] += offset;
    for (size_t k = 0; k < n_in; k++) {
        e->gain[row + k] = factor;
    }
    e->gain[bias] = factor;
}

/* flip[c][(o*k + ky)*k + kx] = w[o][(c*k + k-1-ky)*k + k-1-kx] */
static void flip_output(const mho_layer *l, const float *w, size_t o, float *flip) {
    size_t kk = l->k * l->k;
    for (size_t c = 0; c < l->in_c; c++) {
        const float *from = w + (o * l->in_c + c) * kk;
        float *to = flip + (c * l->out_c + o) * kk;
        for (size_t j = 0; j < kk; j++) {
            to[j] = from[kk - 1 - j];
        }
    }
}

void mho_i_effective_row(mho_i_effective *e, const mho_i_draw *d, size_t row) {
    size_t l = e->row[row].layer, o = e->row[row].output, at = e->net->at[l];
    const mho_layer *layer = &e->net->layer[l];
    draw_output(e, d, row, l, o);
    if (layer->kind == MHO_LAYER_CONV && l > 0) {
        flip_output(layer, e->param + at, o, e->flip + at);
    }
}
