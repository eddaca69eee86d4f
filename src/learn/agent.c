/* agent.c - synapses of optomemristors from places to actions, read, marked by light and written by
 * global pulses. Nothing here changes a weight but mho_opto_light, _write, _mark and _reward.
 *
 * weight of a pair  w = (G+ - G-)/(Gmax - Gmin), read with noise and with the photoconductance that
 * lingers; preference of an action  sum_k a_k w_ka / sum_k a_k over active places k (a divisive
 * normalisation by the sense amplifier); policy  softmax(preference / temperature).
 *
 * With light as the local factor a pulse of the whole array reaches every cell, also the dark ones,
 * which it leaves alone but heats: that energy is counted. With light as the global factor the
 * drivers keep the traces (digital, exact) and gate pulses with them. */
#include "learn_int.h"

#include <math.h>
#include <string.h>

static const double ELIG_MIN = 0.01; /* drivers send no shorter pulse than this share */

/* ---- arrays of pairs ---- */

static mho_status half_new(mho_ctx *ctx, const mho_opto_param *param, size_t n, mho_i_half *h) {
    h->n = n;
    mho_status status = mho_opto_cells_new(ctx, param, 0, 0, n, &h->plus);
    if (status == MHO_OK) {
        status = mho_opto_cells_new(ctx, param, 0, n, n, &h->minus);
    }
    if (status == MHO_OK && param->roles == MHO_OPTO_LIGHT_GLOBAL) {
        h->elig = mho_i_alloc(ctx, n, sizeof *h->elig);
        status = h->elig ? MHO_OK : MHO_ERR_NOMEM;
    }
    return status;
}

static void half_free(mho_ctx *ctx, mho_i_half *h) {
    mho_opto_cells_free(h->plus);
    mho_opto_cells_free(h->minus);
    mho_i_free(ctx, h->elig);
}

static mho_status half_start(mho_i_half *h, uint64_t seed, size_t first, double x_start) {
    if (h->elig) {
        memset(h->elig, 0, h->n * sizeof *h->elig);
    }
    mho_status status = mho_opto_cells_start(h->plus, seed, first, x_start);
    return status < 0 ? status : mho_opto_cells_start(h->minus, seed, first + h->n, x_start);
}

static mho_status half_wait(mho_i_half *h, double dt_s) {
    double keep = exp(-dt_s / mho_opto_cells_param(h->plus)->tau_s);
    for (size_t k = 0; h->elig && k < h->n; k++) {
        h->elig[k] *= keep;
    }
    mho_status status = mho_opto_wait(h->plus, dt_s);
    return status < 0 ? status : mho_opto_wait(h->minus, dt_s);
}

static mho_status half_mark(mho_i_half *h, size_t n, const uint32_t *list, const double *local) {
    for (size_t k = 0; h->elig && k < n; k++) { /* the driver's trace saturates as light does */
        h->elig[list[k]] = fmax(h->elig[list[k]], local[k]);
    }
    mho_status status = mho_opto_mark(h->plus, n, list, local);
    return status < 0 ? status : mho_opto_mark(h->minus, n, list, local);
}

/* Opposite pulses on the two cells of every pair. */
static mho_status half_reward(mho_i_agent *a, mho_i_half *h, double m) {
    if (!h->elig) {
        mho_status status = mho_opto_reward(h->plus, m, 0, NULL, NULL);
        return status < 0 ? status : mho_opto_reward(h->minus, -m, 0, NULL, NULL);
    }
    size_t n = 0;
    for (size_t k = 0; k < h->n && n < MHO_I_LEARN_LIST; k++) {
        if (h->elig[k] > ELIG_MIN) {
            a->list[n] = (uint32_t)k;
            a->local[n++] = fmin(h->elig[k], 1);
        }
    }
    /* light above 1 does not open a cell further: more flashes instead */
    size_t flashes = (size_t)ceil(fabs(m));
    mho_status status = MHO_OK;
    for (size_t k = 0; k < flashes && status == MHO_OK; k++) {
        double each = m / (double)flashes;
        status = mho_opto_reward(h->plus, each, n, a->list, a->local);
        if (status == MHO_OK) {
            status = mho_opto_reward(h->minus, -each, n, a->list, a->local);
        }
    }
    return status;
}

/* ---- the agent ---- */

mho_status mho_i_agent_new(mho_ctx *ctx, const mho_learn_opt *opt, const mho_i_hidden *hidden,
                           size_t n_place, size_t n_action, mho_i_agent **out) {
    *out = NULL;
    mho_i_agent *a = mho_i_alloc(ctx, 1, sizeof *a);
    if (!a) {
        return MHO_ERR_NOMEM;
    }
    a->ctx = ctx;
    a->opt = opt;
    a->hidden = hidden;
    a->n_action = n_action;
    a->n_feature = hidden ? (size_t)opt->hidden : n_place;
    a->step_s = opt->opto.tau_s / opt->trace_steps;
    mho_opto_param param = opt->opto;
    param.eta = opt->control == MHO_CONTROL_ETA0 ? 0 : param.eta;
    mho_status status = half_new(ctx, &param, a->n_feature * n_action, &a->actor);
    if (status == MHO_OK && opt->critic) {
        status = half_new(ctx, &param, a->n_feature, &a->critic);
    }
    if (status < 0) {
        mho_i_agent_free(a);
        return status;
    }
    *out = a;
    return MHO_OK;
}

void mho_i_agent_free(mho_i_agent *a) {
    if (a) {
        half_free(a->ctx, &a->actor);
        half_free(a->ctx, &a->critic);
        mho_i_free(a->ctx, a);
    }
}

mho_status mho_i_agent_start(mho_i_agent *a, size_t run, uint64_t seed) {
    a->run = run;
    a->seed = seed;
    a->n_fired = 0;
    a->mean_reward = 0;
    a->n_update = 0;
    a->write_J = 0;
    mho_status status = half_start(&a->actor, seed, 0, a->opt->x_start);
    if (status == MHO_OK && a->critic.n) {
        status = half_start(&a->critic, seed, 2 * a->actor.n, a->opt->x_start);
    }
    return status;
}

static mho_status wait_all(mho_i_agent *a, double dt_s) {
    mho_status status = half_wait(&a->actor, dt_s);
    return status < 0 || !a->critic.n ? status : half_wait(&a->critic, dt_s);
}

mho_status mho_i_agent_pause(mho_i_agent *a) {
    return wait_all(a, a->opt->pause_tau * a->opt->opto.tau_s);
}

/* Weights of n pairs of the list into a->g_plus. */
static mho_status read_pairs(mho_i_agent *a, mho_i_half *h, bool noisy, size_t n) {
    const mho_opto_param *p = &a->opt->opto;
    mho_status status = mho_opto_read(h->plus, noisy, n, a->list, a->g_plus);
    if (status == MHO_OK) {
        status = mho_opto_read(h->minus, noisy, n, a->list, a->g_minus);
    }
    for (size_t k = 0; k < n && status == MHO_OK; k++) {
        a->g_plus[k] = (a->g_plus[k] - a->g_minus[k]) / (p->g_max_S - p->g_min_S);
    }
    return status;
}

static void softmax(size_t n, const double *preference, double temperature, double *prob) {
    double top = preference[0], sum = 0;
    for (size_t k = 1; k < n; k++) {
        top = fmax(top, preference[k]);
    }
    for (size_t k = 0; k < n; k++) {
        prob[k] = exp((preference[k] - top) / temperature);
        sum += prob[k];
    }
    for (size_t k = 0; k < n; k++) {
        prob[k] /= sum;
    }
}

static mho_status read_policy(mho_i_agent *a, bool noisy, double norm) {
    double preference[MHO_WORLD_MAX_ACTION] = {0};
    for (size_t k = 0; k < a->n_active; k++) {
        for (size_t j = 0; j < a->n_action; j++) {
            a->list[k * a->n_action + j] = (uint32_t)(a->active[k].place * a->n_action + j);
        }
    }
    mho_status status = read_pairs(a, &a->actor, noisy, a->n_active * a->n_action);
    for (size_t k = 0; k < a->n_active && status == MHO_OK; k++) {
        for (size_t j = 0; j < a->n_action; j++) {
            preference[j] += a->active[k].activity * a->g_plus[k * a->n_action + j] / norm;
        }
    }
    softmax(a->n_action, preference, a->opt->temperature, a->prob);
    return status;
}

static mho_status read_value(mho_i_agent *a, bool noisy, double norm) {
    for (size_t k = 0; k < a->n_active; k++) {
        a->list[k] = (uint32_t)a->active[k].place;
    }
    mho_status status = read_pairs(a, &a->critic, noisy, a->n_active);
    a->value = 0;
    for (size_t k = 0; k < a->n_active && status == MHO_OK; k++) {
        a->value += a->opt->critic_scale * a->active[k].activity * a->g_plus[k] / norm;
    }
    return status;
}

mho_status mho_i_agent_see(mho_i_agent *a, bool noisy, size_t n_in, const mho_world_input *in) {
    if (a->hidden) {
        a->n_active =
            mho_i_hidden_fire(a->hidden, a->run, a->seed, a->n_fired, noisy, n_in, in, a->active);
        a->n_fired += noisy;
    } else {
        a->n_active = n_in;
        memcpy(a->active, in, n_in * sizeof *in);
    }
    double norm = 0;
    for (size_t k = 0; k < a->n_active; k++) {
        norm += a->active[k].activity;
    }
    mho_status status = read_policy(a, noisy, norm);
    return status < 0 || !a->critic.n ? status : read_value(a, noisy, norm);
}

/* How bright the mark of the chosen action is, beside the activity of the place. */
static double mark_level(const mho_i_agent *a, size_t action, double u) {
    if (a->opt->agent == MHO_AGENT_R_STDP) { /* exponential delay of the action's spike */
        return pow(u, a->opt->spike_jitter);
    }
    return a->opt->agent == MHO_AGENT_E_PROP ? 1 - a->prob[action] : 1;
}

mho_status mho_i_agent_mark(mho_i_agent *a, size_t action, double u) {
    const mho_opto_param *p = &a->opt->opto;
    mho_status status = wait_all(a, a->step_s - p->mark_s);
    if (status < 0 || a->opt->control == MHO_CONTROL_PULSE_ONLY) {
        return status;
    }
    double level = mark_level(a, action, u);
    for (size_t k = 0; k < a->n_active; k++) {
        a->list[k] = (uint32_t)(a->active[k].place * a->n_action + action);
        a->local[k] = level * a->active[k].activity;
    }
    status = half_mark(&a->actor, a->n_active, a->list, a->local);
    for (size_t k = 0; k < a->n_active && a->critic.n; k++) {
        a->list[k] = (uint32_t)a->active[k].place;
        a->local[k] = a->active[k].activity;
    }
    return status < 0 || !a->critic.n ? status
                                      : half_mark(&a->critic, a->n_active, a->list, a->local);
}

mho_status mho_i_agent_update(mho_i_agent *a, double m) {
    const mho_learn_opt *o = a->opt;
    if (m == 0 || o->control == MHO_CONTROL_LIGHT_ONLY) {
        return MHO_OK;
    }
    mho_opto_account before = {0}, after = {0};
    mho_i_agent_account(a, &before);
    mho_status status = half_reward(a, &a->actor, m * o->pulses);
    if (status == MHO_OK && a->critic.n) {
        status = half_reward(a, &a->critic, m * o->critic_pulses);
    }
    mho_i_agent_account(a, &after);
    a->write_J += after.write_J - before.write_J;
    a->n_update++;
    return status;
}

void mho_i_agent_account(const mho_i_agent *a, mho_opto_account *sum) {
    const mho_opto_cells *cells[4] = {a->actor.plus, a->actor.minus, a->critic.plus,
                                      a->critic.minus};
    *sum = (mho_opto_account){0};
    for (int k = 0; k < 4 && cells[k]; k++) {
        mho_opto_account c = mho_opto_cells_account(cells[k]);
        sum->light_cells += c.light_cells;
        sum->write_cells += c.write_cells;
        sum->change_cells += c.change_cells;
        sum->read_cells += c.read_cells;
        sum->optical_J += c.optical_J;
        sum->write_J += c.write_J;
        sum->read_J += c.read_J;
        sum->time_s = c.time_s > sum->time_s ? c.time_s : sum->time_s; /* arrays work together */
    }
}
