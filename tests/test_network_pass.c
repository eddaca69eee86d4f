/* test_network_pass.c - forward against a plain triple loop, backward against differences, curves,
 * shapes, weights. */
#include "test.h"

#include "network/network_int.h"

#include <stdlib.h>

enum { L = MHO_I_LANES };

/* A chain with all that can go wrong: strides, paddings, odd sides, no activation in the middle. */
static mho_net *odd_net(mho_ctx *ctx) {
    mho_net *net;
    test_ok(ctx, mho_net_new(ctx, 1, 13, 11, &net));
    test_ok(ctx, mho_net_add_conv(net, 5, 4, 1, 2, true, 0.9));  /* 5x14x12 */
    test_ok(ctx, mho_net_add_pool(net, 2));                      /* 5x7x6 */
    test_ok(ctx, mho_net_add_conv(net, 7, 3, 2, 1, false, 0.8)); /* 7x4x3 */
    test_ok(ctx, mho_net_add_conv(net, 3, 2, 1, 0, true, 0.8));  /* 3x3x2 */
    test_ok(ctx, mho_net_add_dense(net, 9, true, 0.7));
    test_ok(ctx, mho_net_add_dense(net, 4, false, 0.7));
    mho_i_rng_normal_f(3, MHO_RNG_TEST, 0, 0, net->n_param, net->param);
    for (size_t k = 0; k < net->n_param; k++) {
        net->param[k] *= 0.3f;
    }
    return net;
}

static mho_dataset *odd_set(mho_ctx *ctx, size_t n) {
    mho_dataset *set;
    test_ok(ctx, mho_i_dataset_blank(ctx, n, 13, 11, 4, &set));
    for (size_t k = 0; k < n * 143; k++) {
        set->pixels[k] = (uint8_t)((k * 2654435761u) >> 24);
    }
    for (size_t k = 0; k < n; k++) {
        set->labels[k] = (uint8_t)(k * 7 % 4);
    }
    return set;
}

static double plain_output(const mho_layer *l, const float *w, const float *b, const double *in,
                           size_t o, size_t y, size_t x) {
    double sum = 0;
    if (l->kind == MHO_LAYER_POOL) {
        for (size_t j = 0; j < l->k * l->k; j++) {
            sum += in[(o * l->in_h + y * l->k + j / l->k) * l->in_w + x * l->k + j % l->k];
        }
        return sum / (double)(l->k * l->k);
    }
    sum = b[o];
    if (l->kind == MHO_LAYER_DENSE) {
        for (size_t k = 0; k < l->n_in; k++) {
            sum += (double)w[o * l->n_in + k] * in[k];
        }
        return sum;
    }
    for (size_t c = 0; c < l->in_c; c++) {
        for (size_t j = 0; j < l->k * l->k; j++) {
            long r = (long)(y * l->stride + j / l->k) - (long)l->pad;
            long s = (long)(x * l->stride + j % l->k) - (long)l->pad;
            if (r >= 0 && r < (long)l->in_h && s >= 0 && s < (long)l->in_w) {
                sum += (double)w[o * l->n_in + c * l->k * l->k + j] *
                       in[(c * l->in_h + (size_t)r) * l->in_w + (size_t)s];
            }
        }
    }
    return sum;
}

static void forward_equals_the_plain_loops(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_net *net = odd_net(ctx);
    mho_dataset *set = odd_set(ctx, 1);
    float a[901], got[2048];
    mho_act_curve curve;
    test_ok(ctx, mho_act_curve_example(ctx, 901, a, &curve));
    double in[2048], out[2048];
    for (int k = 0; k < 143; k++) {
        in[k] = set->pixels[k] / 255.0;
    }
    for (size_t i = 0; i < mho_net_n_layer(net); i++) {
        const mho_layer *l = mho_net_layer(net, i);
        size_t n = 0;
        for (size_t o = 0; o < l->out_c; o++) {
            for (size_t p = 0; p < l->n_pos; p++) {
                double z = plain_output(l, mho_net_weights(net, i), mho_net_bias(net, i), in, o,
                                        p / l->out_w, p % l->out_w);
                out[n++] = l->activation ? (double)mho_act_curve_at(&curve, (float)z) : z;
            }
        }
        test_ok(ctx, mho_net_layer_output(ctx, net, set->pixels, &curve, i, got));
        for (size_t k = 0; k < n; k++) {
            test_close(got[k], out[k], 3e-6, 3e-6);
        }
        memcpy(in, out, n * sizeof *in);
    }
    mho_dataset_free(set);
    mho_net_free(net);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

/* A smooth made-up loss: sum over lanes and outputs of c_k * a_k, its gradient by lane is c. */
static double loss_of(mho_i_pass *p, const float *param, const mho_i_curve *curve, const float *c) {
    mho_i_pass_forward(p, param, curve, NULL);
    double sum = 0;
    for (size_t k = 0; k < 4 * L; k++) {
        sum += (double)c[k] * (double)p->step[p->net->n_layer - 1].a[k];
    }
    return sum;
}

static void draw_all(mho_i_effective *e, const mho_net_noise *noise) {
    mho_i_draw draw = {e->net->param, noise, 1, 9, 4};
    for (size_t r = 0; r < e->n_row; r++) {
        mho_i_effective_row(e, &draw, r);
    }
}

static void backward_equals_differences(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_net *net = odd_net(ctx);
    mho_dataset *set = odd_set(ctx, L);
    /* coarse enough that a step of the difference rarely meets a corner of the table */
    float a[32], c[4 * L];
    mho_act_curve curve = {-4, 4, 32, a};
    for (int k = 0; k < 32; k++) {
        a[k] = (float)log1p(exp((k - 15.5) * 8 / 31.0));
    }
    mho_i_curve table;
    mho_i_pass *pass;
    mho_i_effective *e;
    test_ok(ctx, mho_i_curve_init(ctx, &curve, &table));
    test_ok(ctx, mho_i_pass_new(ctx, net, true, &pass));
    test_ok(ctx, mho_i_effective_new(ctx, net, &e));
    mho_net_noise none = {0};
    draw_all(e, &none);
    assert_memory_equal(e->param, net->param, net->n_param * sizeof *net->param);
    for (size_t k = 0; k < L; k++) {
        mho_i_pass_load(pass, k, set->pixels + k * 143, 0);
    }
    mho_i_rng_normal_f(4, MHO_RNG_TEST, 0, 0, 4 * L, c);
    float *grad = calloc(net->n_param, sizeof *grad), *w = net->param;
    loss_of(pass, e->param, &table, c);
    memcpy(pass->step[net->n_layer - 1].grad, c, sizeof c);
    mho_i_pass_backward(pass, e, grad);
    double scale = 0, worst = 0;
    for (size_t k = 0; k < net->n_param; k++) {
        scale = fmax(scale, fabs((double)grad[k]));
    }
    int n_far = 0;
    for (size_t k = 0; k < net->n_param; k++) {
        const float h = 1.0f / 1024;
        float keep = w[k];
        w[k] = keep + h;
        double up = loss_of(pass, w, &table, c);
        w[k] = keep - h;
        double slope = (up - loss_of(pass, w, &table, c)) / (2 * (double)h);
        w[k] = keep;
        double off = fabs(slope - (double)grad[k]) / scale;
        worst = fmax(worst, off);
        n_far += off > 2e-3;
    }
    /* corners of the table that lie within a step make a few differences useless */
    print_message(
        "gradient: %zu parameters, worst difference %.2g, %d beyond 2e-3 of the largest\n",
        net->n_param, worst, n_far);
    assert_true(worst < 0.02);
    assert_true(n_far < (int)net->n_param / 50);
    free(grad);
    mho_i_effective_free(e);
    mho_i_pass_free(pass);
    mho_i_curve_done(&table);
    mho_dataset_free(set);
    mho_net_free(net);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void curves_are_clamped_and_continuous(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    float a[5] = {0.03f, 0.04f, 0.4f, 0.9f, 1.1f};
    mho_act_curve curve = {-0.5, 1.5, 5, a};
    float z[6] = {-100, -0.5f, 0.25f, 0.8f, 1.5f, 1e30f}, out[6], z_kept[6];
    const float want[6] = {0.03f, 0.03f, 0.22f, 0.7f, 1.1f, 1.1f};
    const float slope[6] = {0, 0, 0.72f, 1, 0, 0};
    mho_i_curve table;
    test_ok(ctx, mho_i_curve_init(ctx, &curve, &table));
    memcpy(z_kept, z, sizeof z);
    mho_i_curve_apply(&table, 6, z, out);
    for (int k = 0; k < 6; k++) {
        test_close(out[k], want[k], 1e-6, 0);
        test_close(z[k], slope[k], 1e-5, 0);
        assert_true(mho_act_curve_at(&curve, z_kept[k]) == out[k]);
    }
    mho_i_curve_done(&table);
    a[2] = NAN;
    assert_int_equal(mho_i_curve_init(ctx, &curve, &table), MHO_ERR_ARG);
    curve.n = 1;
    assert_int_equal(mho_i_curve_init(ctx, &curve, &table), MHO_ERR_ARG);
    assert_true(mho_act_curve_at(NULL, -2) == 0 && mho_act_curve_at(NULL, 2) == 2);
    mho_ctx_free(ctx);
}

static void noise_has_the_size_that_was_asked_for(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_net *net;
    test_ok(ctx, mho_net_lenet5(ctx, &net));
    mho_i_effective *e;
    test_ok(ctx, mho_i_effective_new(ctx, net, &e));
    mho_net_noise noise = {.weight_rel = 0.045};
    draw_all(e, &noise);
    const mho_layer *l = mho_net_layer(net, 4); /* 48,000 weights, all 0 */
    double m2 = 0;
    size_t n = l->n_in * l->n_out;
    for (size_t k = 0; k < n; k++) {
        m2 += pow((double)e->param[net->at[4] + k] / l->w_max, 2);
    }
    test_close(sqrt(m2 / (double)n), 0.045, 0, 4 / sqrt(2.0 * (double)n));
    /* levels: 63 of them over [-w_max, w_max] */
    float w[48000], b[120] = {0};
    for (size_t k = 0; k < n; k++) {
        w[k] = (float)(l->w_max * (2.0 * (double)k / (double)(n - 1) - 1));
    }
    test_ok(ctx, mho_net_set_weights(net, 4, w, b));
    noise = (mho_net_noise){.weight_levels = 63};
    draw_all(e, &noise);
    int n_level = 1;
    for (size_t k = 1; k < n; k++) {
        n_level += e->param[net->at[4] + k] != e->param[net->at[4] + k - 1];
        test_close(e->param[net->at[4] + k], w[k], l->w_max / 62 * 1.0001, 0);
    }
    assert_int_equal(n_level, 63);
    mho_i_effective_free(e);
    mho_net_free(net);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void shapes_and_weights_are_checked(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_net *net, *copy;
    assert_int_equal(mho_net_new(ctx, 1, 0, 28, &net), MHO_ERR_ARG);
    assert_null(net);
    test_ok(ctx, mho_net_lenet5(ctx, &net));
    assert_int_equal(mho_net_n_layer(net), 7);
    const size_t n_in[7] = {25, 0, 150, 0, 400, 120, 84}, n_out[7] = {6, 0, 16, 0, 120, 84, 10};
    for (size_t l = 0; l < 7; l++) {
        assert_int_equal(mho_net_layer(net, l)->n_in, n_in[l]);
        assert_int_equal(mho_net_layer(net, l)->n_out, n_out[l]);
    }
    assert_null(mho_net_layer(net, 7));
    assert_null(mho_net_weights(net, 1));
    assert_int_equal(net->n_param, 61706);
    assert_int_equal(mho_net_add_conv(net, 3, 5, 1, 0, true, 1), MHO_ERR_ARG);
    assert_int_equal(mho_net_add_pool(net, 2), MHO_ERR_ARG);
    assert_int_equal(mho_net_add_dense(net, 0, true, 1), MHO_ERR_ARG);
    assert_int_equal(mho_net_add_dense(net, 3, true, 0), MHO_ERR_ARG);
    float b[6] = {1, 2, 3, NAN, 5, 6};
    assert_int_equal(mho_net_set_weights(net, 0, NULL, b), MHO_ERR_ARG);
    assert_non_null(strstr(mho_ctx_last_error(ctx), "bias[3]"));
    assert_true(mho_net_bias(net, 0)[0] == 0);
    b[3] = 4;
    test_ok(ctx, mho_net_set_weights(net, 0, NULL, b));
    assert_int_equal(mho_net_set_weights(net, 1, NULL, b), MHO_ERR_ARG);
    test_ok(ctx, mho_net_set_w_max(net, 0, 0.7));
    assert_int_equal(mho_net_set_w_max(net, 0, NAN), MHO_ERR_ARG);
    test_ok(ctx, mho_net_copy(net, &copy));
    assert_true(mho_net_bias(copy, 0)[5] == 6 && mho_net_layer(copy, 0)->w_max == 0.7);
    mho_net_free(copy);
    mho_net_free(net);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forward_equals_the_plain_loops),
        cmocka_unit_test(backward_equals_differences),
        cmocka_unit_test(curves_are_clamped_and_continuous),
        cmocka_unit_test(noise_has_the_size_that_was_asked_for),
        cmocka_unit_test(shapes_and_weights_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
