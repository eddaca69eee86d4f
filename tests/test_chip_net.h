/* test_chip_net.h - a small network with random weights on a chip of a given spec, for the tests of
 * what goes wrong on chips and what is done about it. */
#ifndef TEST_CHIP_NET_H
#define TEST_CHIP_NET_H

#include "test.h"

#include "chip/chip_int.h"

#include <stdlib.h>

enum { N_IMAGE = 150 };

/* conv 4x4, pool, dense with neurons, dense: random weights, no training needed */
static mho_net *small_net(mho_ctx *ctx) {
    mho_net *net = NULL;
    test_ok(ctx, mho_net_new(ctx, 1, 28, 28, &net));
    test_ok(ctx, mho_net_add_conv(net, 5, 4, 2, 1, true, 0.5));
    test_ok(ctx, mho_net_add_pool(net, 2));
    test_ok(ctx, mho_net_add_dense(net, 37, true, 0.3));
    test_ok(ctx, mho_net_add_dense(net, 10, false, 0.4));
    for (size_t l = 0; l < mho_net_n_layer(net); l++) {
        const mho_layer *s = mho_net_layer(net, l);
        if (!s->n_out) {
            continue;
        }
        size_t n = s->n_out * s->n_in;
        float *w = malloc((n + s->n_out) * sizeof *w);
        mho_i_rng_normal_f(11, MHO_RNG_TEST, (uint32_t)l, 0, n + s->n_out, w);
        for (size_t k = 0; k < n + s->n_out; k++) {
            w[k] = fminf(fmaxf(w[k] * (float)s->w_max / 3, -(float)s->w_max), (float)s->w_max);
        }
        test_ok(ctx, mho_net_set_weights(net, l, w, w + n));
        free(w);
    }
    return net;
}

typedef struct bench {
    mho_ctx *ctx;
    mho_chip_spec spec;
    mho_net *net;
    mho_dataset *set;
    mho_chip *chip;
} bench;

static inline void remake(bench *b, const mho_chip_spec *spec) {
    mho_chip_free(b->chip);
    b->spec = *spec;
    test_ok(b->ctx, mho_chip_new(b->ctx, &b->spec, b->net, &b->chip));
}

/* change may be NULL: the default chip in small tiles */
static inline bench make(void (*change)(mho_chip_spec *spec)) {
    bench b = {.ctx = test_ctx()};
    test_ok(b.ctx, mho_chip_spec_default(b.ctx, &b.spec));
    b.spec.rows = 50; /* several tiles each way */
    b.spec.cols = 24;
    if (change) {
        change(&b.spec);
    }
    b.net = small_net(b.ctx);
    test_ok(b.ctx, mho_dataset_digits(b.ctx, 2, 0, N_IMAGE, &b.set));
    test_ok(b.ctx, mho_chip_new(b.ctx, &b.spec, b.net, &b.chip));
    return b;
}

static inline void done(bench *b) {
    mho_chip_free(b->chip);
    mho_net_free(b->net);
    mho_dataset_free(b->set);
    assert_int_equal(mho_ctx_bytes(b->ctx), 0);
    mho_ctx_free(b->ctx);
}

/* Every non-ideality there is, without a remedy. */
static inline void everything(mho_chip_spec *s) {
    s->synapse.flicker_rel = 0.01;
    s->synapse.telegraph_cells_frac = 0.2;
    s->synapse.spread_rel = 0.1;
    s->age_s = 1e6;
    s->warmer_K = 2;
    s->stuck_on_frac = 0.01;
    s->stuck_off_frac = 0.02;
    s->shorted_frac = 0.0005;
    s->open_word_frac = 0.05;
    s->open_bit_frac = 0.05;
    s->amplifier_offset_V = 0.01;
    s->adc_bits = 8;
    s->latch_frac = 0.01;
}

enum { PATCH = 6 };
/* Pixel of input row `row` of the patch (PATCH, PATCH) (kernel 4x4, step 2, padding 1) of a
 * picture, 0..1. */
static inline double patch_pixel(const bench *b, size_t picture, size_t row) {
    size_t y = 2 * PATCH + row / 4 - 1, x = 2 * PATCH + row % 4 - 1;
    return mho_dataset_pixels(b->set)[picture * 784 + y * 28 + x] / 255.0;
}

#endif
