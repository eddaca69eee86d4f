/* episode.c - one agent in one world, step by step. Luck is a function of the run's seed, the
 * number of the episode and the step, so an episode is the same whoever steps it. */
#include "learn_int.h"

#include <math.h>

uint64_t mho_i_learn_run_seed(uint64_t seed, size_t run) {
    uint32_t u[4];
    mho_i_rng_u32x4(seed, MHO_RNG_LEARN_RUN, (uint32_t)run, 0, 0, u);
    return (uint64_t)u[0] << 32 | u[1];
}

/* Write the place, and the action taken there (SIZE_MAX: none any more), in the replay. */
static void keep(mho_i_episode *e, size_t action) {
    mho_replay *p = e->replay;
    if (!p) {
        return;
    }
    size_t best = 0;
    for (size_t k = 1; k < e->a->n_active && !e->a->hidden; k++) {
        best = e->a->active[k].activity > e->a->active[best].activity ? k : best;
    }
    p->place[e->n_step] = (uint16_t)e->a->active[best].place;
    p->position[2 * e->n_step] = e->state[0];
    p->position[2 * e->n_step + 1] = e->state[1];
    p->n_step = e->n_step;
    if (action != SIZE_MAX) {
        p->action[e->n_step] = (uint8_t)action;
    }
}

static mho_status see(mho_i_episode *e) {
    mho_world_input in[MHO_WORLD_MAX_ACTIVE];
    size_t n = e->world->observe(e->world->self, e->state, in);
    return mho_i_agent_see(e->a, true, n, in);
}

static size_t choose(const mho_i_agent *a, double u) {
    size_t k = 0;
    for (double sum = a->prob[0]; k + 1 < a->n_action && u > sum; sum += a->prob[k]) {
        k++;
    }
    return k;
}

/* The third factor of a step. */
static double factor(mho_i_agent *a, const mho_world_step *s, double value_before) {
    const mho_learn_opt *o = a->opt;
    double reward = s->reward + (s->bump ? o->bump_reward : 0);
    if (o->critic) {
        return reward + (s->done ? 0 : o->gamma * a->value) - value_before;
    }
    if (o->agent == MHO_AGENT_R_STDP && (s->done || reward != 0)) {
        double m = reward - a->mean_reward;
        a->mean_reward += o->baseline_rate * (reward - a->mean_reward);
        return m;
    }
    return reward;
}

mho_status mho_i_episode_begin(mho_i_episode *e, double *least) {
    double random[MHO_WORLD_RANDOM];
    const mho_world *w = e->world;
    mho_i_rng_uniform(e->a->seed, MHO_RNG_LEARN_WORLD, (uint32_t)e->number, 0, MHO_WORLD_RANDOM,
                      random);
    w->reset(w->self, random, e->state);
    *least = w->least ? w->least(w->self, e->state) : (double)NAN;
    mho_status status = mho_i_agent_pause(e->a);
    return status == MHO_OK ? see(e) : status;
}

mho_status mho_i_episode_step(mho_i_episode *e) {
    mho_i_agent *a = e->a;
    double u[4], random[MHO_WORLD_RANDOM];
    mho_i_rng_uniform(a->seed, MHO_RNG_LEARN_ACTION, (uint32_t)e->number, (uint32_t)e->n_step, 4,
                      u);
    mho_i_rng_uniform(a->seed, MHO_RNG_LEARN_WORLD, (uint32_t)e->number, (uint32_t)e->n_step + 1,
                      MHO_WORLD_RANDOM, random);
    size_t action = choose(a, u[0]);
    double value = a->value;
    keep(e, action);
    mho_status status = mho_i_agent_mark(a, action, u[1]);
    mho_world_step s = e->world->step(e->world->self, random, action, e->state);
    e->n_step++;
    e->action = action;
    e->success = s.success;
    e->done = s.done || e->n_step == e->world->max_step;
    if (status == MHO_OK && (!s.done || e->replay)) {
        status = see(e);
    }
    if (status == MHO_OK) {
        status = mho_i_agent_update(a, factor(a, &s, value));
    }
    if (e->done) {
        keep(e, SIZE_MAX);
    }
    return status;
}
