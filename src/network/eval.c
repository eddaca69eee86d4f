/* eval.c - a set through a network: ideal, or as instances of a plain noise model. */
#include "network_int.h"

#include <math.h>
#include <string.h>

enum { L = MHO_I_LANES };

/* What a sweep over a set needs; one pass for each thread. */
typedef struct sweep {
    mho_ctx *ctx;
    const mho_net *net;
    const mho_dataset *set;
    mho_i_curve curve;
    int n_thread, input_bits;
    mho_i_pass **pass;
} sweep;

static void sweep_done(sweep *s) {
    for (int t = 0; s->pass && t < s->n_thread; t++) {
        mho_i_pass_free(s->pass[t]);
    }
    mho_i_free(s->ctx, s->pass);
    mho_i_curve_done(&s->curve);
}

static mho_status sweep_init(sweep *s, mho_ctx *ctx, const mho_net *net, const mho_dataset *set,
                             const mho_act_curve *curve) {
    *s = (sweep){.ctx = ctx, .net = net, .set = set, .n_thread = mho_ctx_threads(ctx)};
    mho_status status = mho_net_check_dataset(net, set);
    if (status == MHO_OK) {
        status = mho_i_curve_init(ctx, curve, &s->curve);
    }
    if (status == MHO_OK && !(s->pass = mho_i_alloc(ctx, (size_t)s->n_thread, sizeof *s->pass))) {
        status = MHO_ERR_NOMEM;
    }
    for (int t = 0; t < s->n_thread && status == MHO_OK; t++) {
        status = mho_i_pass_new(ctx, net, false, &s->pass[t]);
    }
    if (status < 0) {
        sweep_done(s);
    }
    return status;
}

static size_t winner(const float *score, size_t n_class, size_t lane) {
    size_t best = 0;
    for (size_t c = 1; c < n_class; c++) {
        if (score[c * L + lane] > score[best * L + lane]) {
            best = c;
        }
    }
    return best;
}

/* Sixteen pictures from number group*16; returns how many were right. */
static size_t sweep_group(const sweep *s, mho_i_pass *pass, const float *param, size_t group,
                          const mho_i_z_noise *noise, uint8_t *predictions, float *scores) {
    const mho_dataset *set = s->set;
    size_t first = group * L, n_pixel = set->n_row * set->n_col, right = 0;
    size_t n = set->n_image - first < L ? set->n_image - first : L;
    for (size_t e = 0; e < n; e++) {
        mho_i_pass_load(pass, e, set->pixels + (first + e) * n_pixel, s->input_bits);
    }
    mho_i_z_noise own = noise ? *noise : (mho_i_z_noise){0};
    own.group = (uint32_t)group;
    mho_i_pass_forward(pass, param, &s->curve, noise ? &own : NULL);
    const float *score = pass->step[s->net->n_layer - 1].a;
    for (size_t e = 0; e < n; e++) {
        size_t best = winner(score, set->n_class, e);
        right += best == set->labels[first + e];
        if (predictions) {
            predictions[first + e] = (uint8_t)best;
        }
        for (size_t c = 0; scores && c < set->n_class; c++) {
            scores[(first + e) * set->n_class + c] = score[c * L + e];
        }
    }
    return right;
}

static double sweep_all(sweep *s, const float *param, const mho_i_z_noise *noise,
                        uint8_t *predictions, float *scores) {
    size_t n_group = (s->set->n_image + L - 1) / L, right = 0;
#pragma omp parallel num_threads(s->n_thread) reduction(+ : right)
    {
        mho_i_pass *pass = s->pass[mho_i_thread()];
#pragma omp for schedule(dynamic, 4)
        for (size_t g = 0; g < n_group; g++) {
            right += sweep_group(s, pass, param, g, noise, predictions, scores);
        }
    }
    return (double)right / (double)s->set->n_image;
}

mho_status mho_net_eval(mho_ctx *ctx, const mho_net *net, const mho_dataset *set,
                        const mho_act_curve *curve, uint8_t *predictions, float *scores,
                        double *accuracy) {
    sweep s;
    mho_status status = sweep_init(&s, ctx, net, set, curve);
    if (status < 0) {
        return status;
    }
    double share = sweep_all(&s, net->param, NULL, predictions, scores);
    if (accuracy) {
        *accuracy = share;
    }
    sweep_done(&s);
    return MHO_OK;
}

mho_status mho_net_eval_noisy(mho_ctx *ctx, const mho_net *net, const mho_dataset *set,
                              const mho_act_curve *curve, const mho_net_noise *noise, uint64_t seed,
                              size_t n_instance, double *accuracy) {
    sweep s;
    mho_i_effective *e = NULL;
    mho_status status = mho_i_noise_check(ctx, noise);
    if (status == MHO_OK) {
        status = sweep_init(&s, ctx, net, set, curve);
    }
    if (status < 0) {
        return status;
    }
    s.input_bits = noise->input_bits;
    status = mho_i_effective_new(ctx, net, &e);
    for (size_t k = 0; k < n_instance && status == MHO_OK; k++) {
        status = mho_i_progress(ctx, "noisy evaluation", (double)k / (double)n_instance);
        if (status == MHO_OK) {
            mho_i_z_noise z = {(float)noise->z, seed, 0, (uint32_t)k};
            mho_i_draw draw = {net->param, noise, 1, seed, (uint32_t)k};
            for (size_t r = 0; r < e->n_row; r++) {
                mho_i_effective_row(e, &draw, r);
            }
            accuracy[k] = sweep_all(&s, e->param, noise->z > 0 ? &z : NULL, NULL, NULL);
        }
    }
    mho_i_effective_free(e);
    sweep_done(&s);
    return status;
}

mho_status mho_net_layer_output(mho_ctx *ctx, const mho_net *net, const uint8_t *pixels,
                                const mho_act_curve *curve, size_t l, float *out) {
    if (l >= net->n_layer) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "layer %zu: the network has %zu", l, net->n_layer);
    }
    mho_i_curve c;
    mho_i_pass *pass = NULL;
    mho_status status = mho_i_curve_init(ctx, curve, &c);
    if (status == MHO_OK) {
        status = mho_i_pass_new(ctx, net, false, &pass);
    }
    if (status == MHO_OK) {
        const mho_layer *layer = &net->layer[l];
        size_t n = layer->out_c * layer->out_h * layer->out_w;
        mho_i_pass_load(pass, 0, pixels, 0);
        mho_i_pass_forward(pass, net->param, &c, NULL);
        for (size_t k = 0; k < n; k++) {
            out[k] = pass->step[l].a[k * L];
        }
    }
    mho_i_pass_free(pass);
    mho_i_curve_done(&c);
    return status;
}
