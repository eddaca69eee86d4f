/* bank.c - many neurons in fixed steps: devices in blocks of lanes, blocks on threads. A block goes
 * through all its steps before the next one, so that its state stays in the cache. */
#include "lab_int.h"

#include <math.h>
#include <omp.h>
#include <string.h>

enum { LANES = MHO_I_BANK_LANES, FEW = 4 /* devices below which slices are the vector */ };

struct mho_neuron_bank {
    mho_ctx *ctx;
    mho_i_bank_common c;
    mho_neuron_circuit circuit;
    size_t n_dev, n_block;
    bool few;                /* blocks of one device */
    mho_i_bank_lanes *block; /* [n_block] */
    double *pr_K;            /* proximity temperatures of all blocks and their inverse */
    double *v_V, *trim_V;    /* [n_dev] scratch of evaluate; trims */
};

static size_t lane_of(const mho_neuron_bank *b, size_t dev, size_t *block) {
    *block = b->few ? dev : dev / LANES;
    return b->few ? 0 : dev % LANES;
}

/* Lane k of block l becomes the cold device, with its history. */
static void set_lane(const mho_neuron_bank *b, mho_i_bank_lanes *l, size_t k,
                     const mho_i_neuron *n) {
    l->r_heater_ohm[k] = n->r_heater_ohm;
    l->rth_K_per_W[k] = n->rth_K_per_W;
    l->r300_ohm[k] = n->r300_ohm;
    l->r_metal_ohm[k] = n->r_metal_ohm;
    l->t_c_K[k] = n->branch[0].t_c_K;
    l->half_K[k] = n->branch[0].width_K / 2;
    l->dir[k] = n->branch[0].direction;
    l->rise_K[k] = l->v_V[k] = l->turn_K[k] = l->extreme_K[k] = l->heater_V[k] = 0;
    for (int i = 0; i < b->c.n_slice; i++) {
        mho_i_bank_set_branch(l, i, (int)k, n->branch[i].t_pr_K);
    }
}

static mho_i_bank_common common_of(const mho_i_film *f, const mho_neuron_circuit *circuit,
                                   double c_load_F, double dead_band_K) {
    const mho_neuron_param *p = f->n.p;
    mho_i_bank_common c = {p->t_base_K,
                           p->heater_tcr_per_K,
                           p->ea_K,
                           p->beta_per_K,
                           p->gamma,
                           circuit->r_series_ohm,
                           circuit->r_load_ohm,
                           c_load_F,
                           f->cth_J_per_K,
                           f->latent_J,
                           dead_band_K,
                           p->mixing == MHO_MIX_SERIES,
                           f->n.n_slice,
                           {0}};
    memcpy(c.s, f->n.s, sizeof c.s);
    return c;
}

static mho_status check(mho_ctx *ctx, const mho_neuron_param *p, const mho_neuron_circuit *c,
                        double c_load_F, double dead_band_K) {
    if (p->mixing != MHO_MIX_SERIES && p->mixing != MHO_MIX_BRUGGEMAN_2D) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "mixing = %d: the fast path has series (0) and 2-D Bruggeman (1); "
                          "mho_neuron_simulate takes all",
                          (int)p->mixing);
    }
    if (!(c->r_series_ohm >= 0 && isfinite(c->r_series_ohm)) ||
        !(c->r_load_ohm > 0 && isfinite(c->r_load_ohm)) || !(c_load_F >= 0 && c_load_F < 1) ||
        !(dead_band_K >= 1e-6 && dead_band_K <= 1)) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "neuron bank: r_series = %g ohm (0 or more), r_load = %g ohm (above 0), "
                          "c_load = %g F (0 to 1), dead_band = %g K (1e-6 to 1)",
                          c->r_series_ohm, c->r_load_ohm, c_load_F, dead_band_K);
    }
    return MHO_OK;
}

mho_status mho_neuron_bank_new(mho_ctx *ctx, const mho_neuron_param *param,
                               const mho_neuron_circuit *circuit, size_t n_dev,
                               const mho_neuron_device *device, double c_load_F, double dead_band_K,
                               mho_neuron_bank **out) {
    const mho_neuron_device nominal = {0};
    mho_i_film film;
    *out = NULL;
    mho_status status = check(ctx, param, circuit, c_load_F, dead_band_K);
    status = status < 0 ? status : mho_i_film_init(ctx, &film, param, circuit, &nominal, 0);
    mho_neuron_bank *b = status < 0 ? NULL : mho_i_alloc(ctx, 1, sizeof *b);
    if (!b) {
        return status < 0 ? status : MHO_ERR_NOMEM;
    }
    b->ctx = ctx;
    b->c = common_of(&film, circuit, c_load_F, dead_band_K);
    b->circuit = *circuit;
    b->n_dev = n_dev;
    b->few = n_dev < FEW;
    b->n_block = b->few ? n_dev : (n_dev + LANES - 1) / LANES;
    size_t per_block = (size_t)b->c.n_slice * LANES;
    b->block = mho_i_alloc(ctx, b->n_block, sizeof *b->block);
    b->pr_K = mho_i_alloc(ctx, 2 * b->n_block * per_block, sizeof *b->pr_K);
    b->v_V = mho_i_alloc(ctx, n_dev, sizeof *b->v_V);
    b->trim_V = mho_i_alloc(ctx, n_dev, sizeof *b->trim_V);
    if (!b->block || !b->pr_K || !b->v_V || !b->trim_V) {
        mho_neuron_bank_free(b);
        return MHO_ERR_NOMEM;
    }
    double history = mho_i_neuron_rise_full_K(param, circuit);
    for (size_t k = 0; k < b->n_block * LANES; k++) { /* lanes beyond the last repeat it */
        size_t dev = b->few ? k / LANES : k < n_dev ? k : n_dev - 1;
        mho_i_neuron n;
        mho_i_bank_lanes *l = b->block + k / LANES;
        l->pr_K = b->pr_K + 2 * (k / LANES) * per_block;
        l->inv_pr_per_K = l->pr_K + per_block;
        mho_i_neuron_init(&n, param, circuit, device ? device + dev : &nominal, history);
        set_lane(b, l, k % LANES, &n);
        b->trim_V[dev] = device ? device[dev].trim_V : 0;
    }
    *out = b;
    return MHO_OK;
}

void mho_neuron_bank_free(mho_neuron_bank *b) {
    if (b) {
        mho_i_free(b->ctx, b->block);
        mho_i_free(b->ctx, b->pr_K);
        mho_i_free(b->ctx, b->v_V);
        mho_i_free(b->ctx, b->trim_V);
        mho_i_free(b->ctx, b);
    }
}

mho_status mho_neuron_bank_step(mho_neuron_bank *b, size_t n_step, double dt_s,
                                const double *heater_V, double read_V) {
    if (!(dt_s > 0 && isfinite(dt_s)) || !isfinite(read_V)) {
        return mho_i_fail(
            b->ctx, MHO_ERR_ARG,
            "dt = %g s, read bias = %g V: a positive step and a finite bias are wanted", dt_s,
            read_V);
    }
    for (size_t k = 0; heater_V && k < b->n_dev; k++) {
        if (!(heater_V[k] >= 0 && isfinite(heater_V[k]))) {
            return mho_i_fail(b->ctx, MHO_ERR_ARG,
                              "heater voltage of device %zu = %g V: 0 or more is wanted", k,
                              heater_V[k]);
        }
    }
#pragma omp parallel for schedule(dynamic, 1) num_threads(mho_ctx_threads(b->ctx))
    for (size_t j = 0; j < b->n_block; j++) {
        mho_i_bank_lanes *l = b->block + j;
        for (size_t k = 0; k < LANES; k++) {
            size_t dev = b->few ? j : j * LANES + k;
            dev = dev < b->n_dev ? dev : b->n_dev - 1;
            l->heater_V[k] = heater_V ? heater_V[dev] : 0;
        }
        mho_i_bank_steps(&b->c, l, n_step, dt_s, read_V, b->few);
    }
    return MHO_OK;
}

void mho_neuron_bank_state(const mho_neuron_bank *b, double *rise_K, double *v_out_V,
                           double *film_ohm) {
    for (size_t k = 0; k < b->n_dev; k++) {
        size_t j, lane = lane_of(b, k, &j);
        const mho_i_bank_lanes *l = b->block + j;
        if (rise_K) {
            rise_K[k] = l->rise_K[lane];
        }
        if (v_out_V) {
            v_out_V[k] = l->v_V[lane];
        }
        if (film_ohm) {
            film_ohm[k] = l->r_film_ohm[lane];
        }
    }
}

/* Steps that fill time_s, none longer than dt_s. */
static mho_status hold(mho_neuron_bank *b, double time_s, double dt_s, const double *heater_V,
                       double read_V) {
    double n = ceil(time_s / dt_s * (1 - 1e-9));
    if (!(n < 1e12)) {
        return mho_i_fail(b->ctx, MHO_ERR_ARG, "%g s in steps of %g s: %g steps, at most 1e12",
                          time_s, dt_s, n);
    }
    return n < 1 ? MHO_OK : mho_neuron_bank_step(b, (size_t)n, time_s / n, heater_V, read_V);
}

mho_status mho_neuron_bank_evaluate(mho_neuron_bank *b, const mho_neuron_phases *ph, double dt_s,
                                    const double *v_in_V, double *v_out_V) {
    double dt = dt_s > 0 ? dt_s : ph->settle_s / 400, v_read = b->circuit.v_read_V;
    if (!(ph->reset_s >= 0 && ph->settle_s >= 0 && ph->read_s >= 0) || !(dt > 0)) {
        return mho_i_fail(b->ctx, MHO_ERR_ARG,
                          "phases: reset %g s, settle %g s, read %g s, step %g s: 0 or more are "
                          "wanted, and a positive step",
                          ph->reset_s, ph->settle_s, ph->read_s, dt);
    }
    double early = ph->read_settles ? v_read : 0;
    for (size_t k = 0; k < b->n_dev; k++) {
        b->v_V[k] = fmax(b->circuit.v_bias_V + b->circuit.v_swing_V + b->trim_V[k], 0);
    }
    mho_status status = hold(b, ph->settle_s, dt, b->v_V, early);
    status = status < 0 ? status : hold(b, ph->read_s, dt, b->v_V, v_read);
    status = status < 0 ? status : hold(b, ph->reset_s, dt, NULL, 0);
    for (size_t k = 0; k < b->n_dev; k++) {
        b->v_V[k] = fmax(v_in_V[k] + b->trim_V[k], 0);
    }
    status = status < 0 ? status : hold(b, ph->settle_s, dt, b->v_V, early);
    status = status < 0 ? status : hold(b, ph->read_s, dt, b->v_V, v_read);
    if (status >= 0) {
        mho_neuron_bank_state(b, NULL, v_out_V, NULL);
    }
    return status;
}
