/* hidden.c - a layer of Mott neurons between places and actions. Its input synapses are fixed at
 * random (normal, mean hidden_bias in sum, spread hidden_gain), one draw for each chip, so that a
 * place excites a sparse random set of neurons; only the synapses after it learn. The neurons are
 * those of the default chip (card N): designed, spread, trimmed once and tabulated for each chip;
 * the transition temperature jitters from evaluation to evaluation.
 *
 * The driver behind a neuron takes off the nominal output at z = z_min and passes nothing below 5 %
 * of full scale, so that a resting neuron neither reads nor lights its synapses. */
#include "learn_int.h"

#include "mho/chip.h"

#include <math.h>
#include <string.h>

enum { LOW = 16, HIGH = 48, NODES = LOW + HIGH + 1 };
static const double DEAD_ZONE = 0.05;

struct mho_i_hidden {
    mho_ctx *ctx;
    size_t n_hidden;
    double bias, gain, jitter_K, floor, energy_J;
    mho_neuron_grid grid;
    float *table; /* [n_run][n_hidden][NODES][2] */
};

static mho_status make_tables(mho_i_hidden *h, const mho_chip_spec *spec, uint64_t seed,
                              size_t n_run, mho_neuron_device *device) {
    mho_ctx *ctx = h->ctx;
    mho_neuron_design d;
    mho_status status = mho_neuron_design_relu(ctx, &spec->neuron, spec->swing_V, spec->z_max, &d);
    if (status < 0) {
        return status;
    }
    const mho_neuron_circuit *c = &d.circuit;
    const mho_neuron_device nominal = {0};
    double v_full = 0, v_floor = 0, z_min = fmin(-c->v_bias_V / c->v_swing_V, -0.2);
    h->grid = (mho_neuron_grid){z_min, -0.1, spec->z_max, LOW, HIGH};
    h->energy_J = d.energy_J * (double)h->n_hidden;
    status = mho_neuron_output(ctx, &spec->neuron, c, &nominal, c->v_bias_V + c->v_swing_V, &v_full,
                               NULL);
    if (status == MHO_OK) {
        status = mho_neuron_output(ctx, &spec->neuron, c, &nominal,
                                   fmax(0, c->v_bias_V - c->v_swing_V), &v_floor, NULL);
    }
    h->floor = status == MHO_OK ? v_floor / v_full : 0;
    const mho_neuron_trim trim = {.z_trim = spec->trim_point,
                                  .n_bit = (int)spec->trim_bits,
                                  .range_V = spec->trim_range_rel * c->v_swing_V,
                                  .error_V = spec->trim_error_V};
    for (size_t k = 0; k < n_run && status == MHO_OK; k++) {
        size_t first = k * h->n_hidden;
        mho_neuron_sample(&spec->neuron, seed, first, h->n_hidden, device);
        status = mho_neuron_tables(ctx, &spec->neuron, c, seed, first, h->n_hidden, device, &trim,
                                   &h->grid, v_full, h->table + 2 * first * NODES, NULL);
    }
    return status;
}

mho_status mho_i_hidden_new(mho_ctx *ctx, size_t n_run, size_t n_place, size_t n_hidden,
                            const mho_learn_opt *opt, mho_i_hidden **out) {
    *out = NULL;
    (void)n_place;
    if (n_run * n_hidden > 2000000) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "seeds = %zu times hidden = %zu: at most 2,000,000 neurons are kept",
                          n_run, n_hidden);
    }
    mho_i_hidden *h = mho_i_alloc(ctx, 1, sizeof *h);
    if (!h) {
        return MHO_ERR_NOMEM;
    }
    mho_chip_spec spec;
    mho_status status = mho_chip_spec_default(ctx, &spec);
    *h = (mho_i_hidden){.ctx = ctx,
                        .n_hidden = n_hidden,
                        .bias = opt->hidden_bias,
                        .gain = opt->hidden_gain,
                        .jitter_K = spec.neuron.jitter_K};
    h->table = mho_i_alloc(ctx, n_run * n_hidden * 2 * NODES, sizeof *h->table);
    mho_neuron_device *device = mho_i_alloc(ctx, n_hidden, sizeof *device);
    if (status == MHO_OK) {
        status =
            h->table && device ? make_tables(h, &spec, opt->seed, n_run, device) : MHO_ERR_NOMEM;
    }
    mho_i_free(ctx, device);
    if (status < 0) {
        mho_i_hidden_free(h);
        return status;
    }
    *out = h;
    return MHO_OK;
}

void mho_i_hidden_free(mho_i_hidden *h) {
    if (h) {
        mho_i_free(h->ctx, h->table);
        mho_i_free(h->ctx, h);
    }
}

double mho_i_hidden_energy_J(const mho_i_hidden *h) {
    return h->energy_J;
}

/* Output and its derivative by t_c, linear between the nodes. */
static double output_of(const mho_i_hidden *h, const float *table, double z, double d_t_c_K) {
    const mho_neuron_grid *g = &h->grid;
    z = fmin(fmax(z, g->z_min), g->z_max);
    double x = (fmin(z, g->z_knee) - g->z_min) * LOW / (g->z_knee - g->z_min) +
               (fmax(z, g->z_knee) - g->z_knee) * HIGH / (g->z_max - g->z_knee);
    size_t k = x >= NODES - 1 ? NODES - 2 : (size_t)x;
    double f = x - (double)k;
    const float *t = table + 2 * k;
    return (1 - f) * (t[0] + d_t_c_K * t[1]) + f * (t[2] + d_t_c_K * t[3]);
}

enum { BLOCK = 128 }; /* neurons whose random numbers are drawn together */

size_t mho_i_hidden_fire(const mho_i_hidden *h, size_t run, uint64_t seed, uint32_t evaluation,
                         bool noisy, size_t n_in, const mho_world_input *in, mho_world_input *out) {
    size_t n_out = 0, best = 0;
    double norm = 0, most = -1;
    for (size_t k = 0; k < n_in; k++) { /* so that the spread of z does not depend on the place */
        norm += in[k].activity * in[k].activity;
    }
    for (size_t first = 0; first < h->n_hidden; first += BLOCK) {
        size_t n = h->n_hidden - first < BLOCK ? h->n_hidden - first : BLOCK;
        float w[BLOCK], jitter[BLOCK] = {0};
        double z[BLOCK] = {0};
        for (size_t k = 0; k < n_in; k++) {
            mho_i_rng_normal_f(seed, MHO_RNG_LEARN_HIDDEN, (uint32_t)in[k].place, (uint32_t)first,
                               n, w);
            for (size_t j = 0; j < n; j++) {
                z[j] += in[k].activity * (double)w[j] / sqrt(norm);
            }
        }
        if (noisy) {
            mho_i_rng_normal_f(seed, MHO_RNG_LEARN_JITTER, evaluation, (uint32_t)first, n, jitter);
        }
        for (size_t j = 0; j < n; j++) {
            const float *table = h->table + 2 * NODES * (run * h->n_hidden + first + j);
            double a =
                output_of(h, table, h->bias + h->gain * z[j], h->jitter_K * (double)jitter[j]);
            a = fmin(a - h->floor, 1);
            best = a > most ? first + j : best;
            most = fmax(a, most);
            if (a > DEAD_ZONE && n_out < MHO_I_LEARN_ACTIVE) {
                out[n_out++] = (mho_world_input){first + j, a};
            }
        }
    }
    if (!n_out) { /* a place that excites no neuron: the largest output stands for it */
        out[n_out++] = (mho_world_input){best, DEAD_ZONE};
    }
    return n_out;
}
