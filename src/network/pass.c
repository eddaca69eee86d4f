/* pass.c - forward and backward over sixteen pictures by one thread.
 *
 * Convolutions run on kernel.c. Dense layers are matrix products (weights x [n_in][16]). The input
 * gradient of a convolution is a convolution too: of d loss/d z, spread by the stride among zeros,
 * with the flipped kernels. All memory is taken when the pass is made. */
#include "network_int.h"

#include <cblas.h>
#include <string.h>

enum { L = MHO_I_LANES };

static size_t out_size(const mho_layer *l) {
    return l->out_c * l->out_h * l->out_w;
}

/* Hand out the pieces of a slab; with base NULL only count. */
typedef struct carver {
    float *base;
    size_t used;
} carver;

static float *carve(carver *c, size_t n_value) {
    float *p = c->base ? c->base + c->used : NULL;
    c->used += n_value * L;
    return p;
}

static void carve_step(carver *c, const mho_layer *l, bool first, bool training, mho_i_step *s) {
    size_t size = out_size(l);
    s->pad_h = l->in_h + 2 * l->pad;
    s->pad_w = l->in_w + 2 * l->pad;
    s->wide_h = s->pad_h + l->k - 1;
    s->wide_w = s->pad_w + l->k - 1;
    if (l->pad) {
        s->pad = carve(c, l->in_c * s->pad_h * s->pad_w);
    }
    s->a = carve(c, size);
    s->z = l->activation ? carve(c, size) : s->a;
    if (training) {
        s->grad = carve(c, size);
        if (l->kind == MHO_LAYER_CONV && !first) {
            s->wide = carve(c, l->out_c * s->wide_h * s->wide_w);
            s->back = carve(c, l->in_c * s->pad_h * s->pad_w);
        }
    }
}

static void carve_all(mho_i_pass *p, carver *c, bool training) {
    const mho_net *net = p->net;
    p->image = carve(c, net->in_c * net->in_h * net->in_w);
    for (size_t l = 0; l < net->n_layer; l++) {
        carve_step(c, &net->layer[l], l == 0, training, &p->step[l]);
    }
}

/* Offsets of a k x k window over n_c maps of h x w, and of n_y x n_x windows with a stride. */
static void fill_tables(size_t n_c, size_t h, size_t w, size_t k, size_t n_y, size_t n_x,
                        size_t stride, int32_t *off, int32_t *pos) {
    for (size_t c = 0; c < n_c; c++) {
        for (size_t y = 0; y < k; y++) {
            for (size_t x = 0; x < k; x++) {
                *off++ = (int32_t)(((c * h + y) * w + x) * L);
            }
        }
    }
    for (size_t y = 0; y < n_y; y++) {
        for (size_t x = 0; x < n_x; x++) {
            *pos++ = (int32_t)((y * stride * w + x * stride) * L);
        }
    }
}

static mho_status make_tables(mho_i_pass *p) {
    const mho_net *net = p->net;
    size_t n = 0;
    for (size_t i = 0; i < net->n_layer; i++) {
        const mho_layer *l = &net->layer[i];
        const mho_i_step *s = &p->step[i];
        if (l->kind == MHO_LAYER_CONV) {
            n += l->n_in + l->n_pos + l->out_c * l->k * l->k + s->pad_h * s->pad_w;
        }
    }
    int32_t *t = p->table = mho_i_alloc(p->ctx, n, sizeof *t);
    if (!t) {
        return MHO_ERR_NOMEM;
    }
    for (size_t i = 0; i < net->n_layer; i++) {
        const mho_layer *l = &net->layer[i];
        mho_i_step *s = &p->step[i];
        if (l->kind != MHO_LAYER_CONV) {
            continue;
        }
        s->off = t;
        s->pos = s->off + l->n_in;
        s->back_off = s->pos + l->n_pos;
        s->back_pos = s->back_off + l->out_c * l->k * l->k;
        t = s->back_pos + s->pad_h * s->pad_w;
        fill_tables(l->in_c, s->pad_h, s->pad_w, l->k, l->out_h, l->out_w, l->stride, s->off,
                    s->pos);
        fill_tables(l->out_c, s->wide_h, s->wide_w, l->k, s->pad_h, s->pad_w, 1, s->back_off,
                    s->back_pos);
    }
    return MHO_OK;
}

/* Offsets are 32-bit. */
static mho_status check_sizes(mho_ctx *ctx, const mho_net *net) {
    for (size_t i = 0; i < net->n_layer; i++) {
        const mho_layer *l = &net->layer[i];
        double h = (double)l->in_h + 2.0 * (double)(l->pad + l->k);
        double w = (double)l->in_w + 2.0 * (double)(l->pad + l->k);
        double n_c = l->in_c > l->out_c ? (double)l->in_c : (double)l->out_c;
        if (h * w * n_c * L > INT32_MAX) {
            return mho_i_fail(ctx, MHO_ERR_DIM,
                              "layer %zu: feature maps of %zux%zux%zu are too large", i, l->in_c,
                              l->in_h, l->in_w);
        }
    }
    return MHO_OK;
}

mho_status mho_i_pass_new(mho_ctx *ctx, const mho_net *net, bool training, mho_i_pass **out) {
    *out = NULL;
    mho_status status = check_sizes(ctx, net);
    if (status < 0) {
        return status;
    }
    mho_i_pass *p = mho_i_alloc(ctx, 1, sizeof *p);
    if (!p) {
        return MHO_ERR_NOMEM;
    }
    *p = (mho_i_pass){.ctx = ctx, .net = net};
    p->step = mho_i_alloc(ctx, net->n_layer, sizeof *p->step);
    if (p->step) {
        carver c = {NULL, 0};
        carve_all(p, &c, training);
        c.base = p->slab = mho_i_alloc(ctx, c.used, sizeof *p->slab);
        c.used = 0;
        if (p->slab) {
            carve_all(p, &c, training);
        }
    }
    if (!p->slab || make_tables(p) < 0) {
        mho_i_pass_free(p);
        return MHO_ERR_NOMEM;
    }
    *out = p;
    return MHO_OK;
}

void mho_i_pass_free(mho_i_pass *p) {
    if (p) {
        mho_ctx *ctx = p->ctx;
        mho_i_free(ctx, p->step);
        mho_i_free(ctx, p->slab);
        mho_i_free(ctx, p->table);
        mho_i_free(ctx, p);
    }
}

void mho_i_pass_load(mho_i_pass *p, size_t lane, const uint8_t *pixels, int input_bits) {
    size_t n = p->net->in_c * p->net->in_h * p->net->in_w;
    float level[256];
    float top = input_bits > 0 && input_bits < 8 ? (float)((1 << input_bits) - 1) : 255;
    for (int v = 0; v < 256; v++) {
        level[v] = __builtin_rintf((float)v / 255 * top) / top;
    }
    for (size_t k = 0; k < n; k++) {
        p->image[k * L + lane] = level[pixels[k]];
    }
}

static void copy_padded(const mho_layer *l, const mho_i_step *s, const float *from, float *to) {
    for (size_t c = 0; c < l->in_c; c++) {
        for (size_t y = 0; y < l->in_h; y++) {
            memcpy(to + ((c * s->pad_h + y + l->pad) * s->pad_w + l->pad) * L,
                   from + (c * l->in_h + y) * l->in_w * L, l->in_w * L * sizeof *to);
        }
    }
}

MHO_MULTIARCH
static void pool_forward(const mho_layer *l, const float *restrict in, float *restrict out) {
    size_t k = l->k;
    float share = 1 / (float)(k * k);
    for (size_t cy = 0; cy < l->out_c * l->out_h; cy++) {
        size_t c = cy / l->out_h, y = cy % l->out_h;
        for (size_t x = 0; x < l->out_w; x++) {
            float *to = out + (cy * l->out_w + x) * L;
            for (size_t e = 0; e < L; e++) {
                to[e] = 0;
            }
            for (size_t j = 0; j < k * k; j++) {
                const float *from =
                    in + ((c * l->in_h + y * k + j / k) * l->in_w + x * k + j % k) * L;
                for (size_t e = 0; e < L; e++) {
                    to[e] += from[e];
                }
            }
            for (size_t e = 0; e < L; e++) {
                to[e] *= share;
            }
        }
    }
}

MHO_MULTIARCH
static void pool_backward(const mho_layer *l, const float *restrict grad, float *restrict back) {
    size_t k = l->k;
    float share = 1 / (float)(k * k);
    for (size_t cy = 0; cy < l->in_c * l->in_h; cy++) {
        size_t c = cy / l->in_h, y = cy % l->in_h;
        for (size_t x = 0; x < l->in_w; x++) {
            const float *from = grad + ((c * l->out_h + y / k) * l->out_w + x / k) * L;
            float *to = back + (cy * l->in_w + x) * L;
            for (size_t e = 0; e < L; e++) {
                to[e] = share * from[e];
            }
        }
    }
}

MHO_MULTIARCH
static void dense_start(size_t n_o, const float *bias, float keep, float *restrict z) {
    for (size_t o = 0; o < n_o; o++) {
        for (size_t e = 0; e < L; e++) {
            z[o * L + e] = (keep != 0 ? keep * z[o * L + e] : 0) + bias[o];
        }
    }
}

static void forward_layer(const mho_layer *l, mho_i_step *s, const float *w, float keep) {
    const float *bias = w + mho_i_layer_n_weight(l);
    if (l->kind == MHO_LAYER_CONV) {
        if (s->pad) {
            copy_padded(l, s, s->in, s->pad);
        }
        mho_i_kernel_conv(l->n_out, l->n_pos, l->n_in, s->pos, s->off, w, bias,
                          s->pad ? s->pad : s->in, keep, s->z);
    } else {
        dense_start(l->n_out, bias, keep, s->z);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)l->n_out, L, (int)l->n_in, 1, w,
                    (int)l->n_in, s->in, L, 1, s->z, L);
    }
}

void mho_i_pass_forward(mho_i_pass *p, const float *param, const mho_i_curve *curve,
                        const mho_i_z_noise *noise) {
    float *in = p->image;
    for (size_t i = 0; i < p->net->n_layer; i++) {
        const mho_layer *l = &p->net->layer[i];
        mho_i_step *s = &p->step[i];
        size_t n = out_size(l) * L;
        s->in = in;
        if (l->kind == MHO_LAYER_POOL) {
            pool_forward(l, in, s->a);
        } else {
            float keep = noise ? noise->sd : 0;
            if (keep > 0) {
                mho_i_rng_normal_f(noise->seed, MHO_RNG_TRAIN_ACT_NOISE,
                                   (uint32_t)i << 24 | noise->group, noise->evaluation, n, s->z);
            }
            forward_layer(l, s, param + p->net->at[i], keep);
            if (l->activation) {
                mho_i_curve_apply(curve, n, s->z, s->a);
            }
        }
        in = s->a;
    }
}

MHO_MULTIARCH
static void times_slope(size_t n, const float *restrict slope, float *restrict grad) {
    for (size_t k = 0; k < n; k++) {
        grad[k] *= slope[k];
    }
}

static void add_bias_grad(size_t n_o, size_t n_pos, const float *dz, float *gb) {
    for (size_t o = 0; o < n_o; o++) {
        float sum[L] = {0}, total = 0;
        for (size_t p = 0; p < n_pos; p++) {
            for (size_t e = 0; e < L; e++) {
                sum[e] += dz[(o * n_pos + p) * L + e];
            }
        }
        for (size_t e = 0; e < L; e++) {
            total += sum[e];
        }
        gb[o] += total;
    }
}

/* d loss/d input of a convolution, into to[in_c][in_h][in_w][lane]. The zeros of wide stay. */
static void conv_back(const mho_layer *l, mho_i_step *s, const float *flip, float *to) {
    size_t edge = l->k - 1;
    for (size_t c = 0; c < l->out_c; c++) {
        for (size_t y = 0; y < l->out_h; y++) {
            const float *from = s->grad + (c * l->out_h + y) * l->out_w * L;
            float *row = s->wide + ((c * s->wide_h + y * l->stride + edge) * s->wide_w + edge) * L;
            for (size_t x = 0; x < l->out_w; x++) {
                memcpy(row + x * l->stride * L, from + x * L, L * sizeof *row);
            }
        }
    }
    mho_i_kernel_conv(l->in_c, s->pad_h * s->pad_w, l->out_c * l->k * l->k, s->back_pos,
                      s->back_off, flip, NULL, s->wide, 0, s->pad ? s->back : to);
    for (size_t c = 0; s->pad && c < l->in_c; c++) {
        for (size_t y = 0; y < l->in_h; y++) {
            memcpy(to + (c * l->in_h + y) * l->in_w * L,
                   s->back + ((c * s->pad_h + y + l->pad) * s->pad_w + l->pad) * L,
                   l->in_w * L * sizeof *to);
        }
    }
}

/* to: d loss/d input, NULL for the first layer. */
static void backward_layer(const mho_layer *l, mho_i_step *s, const float *w, const float *flip,
                           float *grad, float *to) {
    if (l->kind == MHO_LAYER_POOL) {
        if (to) {
            pool_backward(l, s->grad, to);
        }
        return;
    }
    if (l->activation) {
        times_slope(out_size(l) * L, s->z, s->grad);
    }
    add_bias_grad(l->n_out, l->n_pos, s->grad, grad + mho_i_layer_n_weight(l));
    if (l->kind == MHO_LAYER_CONV) {
        mho_i_kernel_conv_grad(l->n_out, l->n_pos, l->n_in, s->pos, s->off, s->grad,
                               s->pad ? s->pad : s->in, grad);
        if (to) {
            conv_back(l, s, flip, to);
        }
        return;
    }
    int n_o = (int)l->n_out, n_i = (int)l->n_in;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n_o, n_i, L, 1, s->grad, L, s->in, L, 1,
                grad, n_i);
    if (to) {
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, n_i, L, n_o, 1, w, n_i, s->grad, L, 0,
                    to, L);
    }
}

void mho_i_pass_backward(mho_i_pass *p, const mho_i_effective *e, float *grad) {
    for (size_t i = p->net->n_layer; i-- > 0;) {
        size_t at = p->net->at[i];
        backward_layer(&p->net->layer[i], &p->step[i], e->param + at, e->flip + at, grad + at,
                       i ? p->step[i - 1].grad : NULL);
    }
}
