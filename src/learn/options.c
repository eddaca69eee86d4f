/* options.c - names, parameter table, defaults for each world and agent, checks. */
#include "learn_int.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *name, *help;
} agents[MHO_AGENT_COUNT] = {
    {"reward-pulse", "a pulse of the reward's sign writes where light lingers"},
    {"actor-critic", "pulses of the TD error, value in a second array of cells"},
    {"r-stdp", "reward minus mean reward; light by the delay from place to action spike"},
    {"e-prop", "reward pulse; light by the surprise of the chosen action"},
    {"mott-policy", "a hidden layer of Mott neurons before the actions"},
};
static const char *const controls[MHO_CONTROL_COUNT] = {"none", "eta0", "light-only", "pulse-only"};

const char *mho_agent_name(mho_agent agent) {
    return (unsigned)agent < MHO_AGENT_COUNT ? agents[agent].name : "?";
}
const char *mho_agent_help(mho_agent agent) {
    return (unsigned)agent < MHO_AGENT_COUNT ? agents[agent].help : "?";
}
const char *mho_control_name(mho_control control) {
    return (unsigned)control < MHO_CONTROL_COUNT ? controls[control] : "?";
}

/* ---- the table ---- */

static const struct {
    const char *key;
    size_t offset;
    double lo, hi, def;
    const char *help;
} rows[] = {
#define ROW(key, lo, hi, def, help) {#key, offsetof(mho_learn_opt, key), lo, hi, def, help},
    MHO_LEARN_PARAM_LIST(ROW)
#undef ROW
};
enum { N_ROW = sizeof rows / sizeof *rows };

static double *field(mho_learn_opt *opt, size_t k) {
    return (double *)(void *)((char *)opt + rows[k].offset);
}

size_t mho_learn_param_count(void) {
    return N_ROW;
}

mho_param_info mho_learn_param_describe(size_t k) {
    mho_param_info info = {.unit = "", .mark = 'A', .source = "mho design choice"};
    if (k < N_ROW) {
        snprintf(info.key, sizeof info.key, "%s", rows[k].key);
        info.min = rows[k].lo;
        info.max = rows[k].hi;
        info.help = rows[k].help;
    }
    return info;
}

double mho_learn_param_get(const mho_learn_opt *opt, size_t k) {
    return k < N_ROW ? *(const double *)(const void *)((const char *)opt + rows[k].offset)
                     : (double)NAN;
}

mho_status mho_learn_param_set(mho_ctx *ctx, mho_learn_opt *opt, size_t k, double value) {
    if (k >= N_ROW) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "learning parameter %zu: there are %d", k, (int)N_ROW);
    }
    if (!(value >= rows[k].lo && value <= rows[k].hi)) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "%s = %g: allowed are %g to %g", rows[k].key, value,
                          rows[k].lo, rows[k].hi);
    }
    *field(opt, k) = value;
    return MHO_OK;
}

/* ---- defaults ---- */

/* Without a critic the trace must span a good part of the path: 0.4 of it, found by a sweep. */
static double trace_for(const mho_world *world, double shortest) {
    const double middle[MHO_WORLD_RANDOM] = {0.5, 0.5, 0.5, 0.5};
    double state[MHO_WORLD_MAX_STATE] = {0};
    if (!world->least || !world->reset) {
        return shortest;
    }
    world->reset(world->self, middle, state);
    return fmin(fmax(shortest, 0.4 * world->least(world->self, state)), 100);
}

void mho_learn_defaults(const mho_world *world, mho_agent agent, mho_learn_opt *out) {
    *out =
        (mho_learn_opt){.agent = agent,
                        .opto = mho_opto_card(),
                        .critic = agent == MHO_AGENT_ACTOR_CRITIC || agent == MHO_AGENT_MOTT_POLICY,
                        .n_seed = 200,
                        .n_episode = 300,
                        .seed = 1};
    for (size_t k = 0; k < N_ROW; k++) {
        *field(out, k) = rows[k].def;
    }
    if (!out->critic) {
        out->trace_steps = trace_for(world, out->trace_steps);
        out->pulses = agent == MHO_AGENT_R_STDP || world->n_place > 100 ? 6 : out->pulses;
    } else {
        out->temperature = agent == MHO_AGENT_MOTT_POLICY ? 0.05 : 0.1;
        out->trace_steps = 2.5;
        out->pulses = 12;
        out->critic_scale = 1.5;
        out->bump_reward = -0.05;
    }
    if (strcmp(world->name, "cart-pole") == 0) { /* many steps, few states */
        out->temperature = 0.05;
        out->trace_steps = 10;
        out->pulses = 20;
        out->critic_pulses = 10;
        out->critic_scale = 1;
        out->bump_reward = 0;
    }
}

mho_status mho_i_learn_check(mho_ctx *ctx, const mho_world *world, const mho_learn_opt *opt) {
    mho_learn_opt scratch = *opt;
    mho_status status = mho_world_check(ctx, world);
    for (size_t k = 0; k < N_ROW && status == MHO_OK; k++) {
        status = mho_learn_param_set(ctx, &scratch, k, mho_learn_param_get(opt, k));
    }
    if (status == MHO_OK) {
        status = mho_opto_param_check(ctx, &opt->opto);
    }
    if (status < 0) {
        return status;
    }
    if ((unsigned)opt->agent >= MHO_AGENT_COUNT || (unsigned)opt->control >= MHO_CONTROL_COUNT) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "agent %d, control %d: there are %d and %d",
                          (int)opt->agent, (int)opt->control, MHO_AGENT_COUNT, MHO_CONTROL_COUNT);
    }
    if (opt->n_seed < 1 || opt->n_seed > 100000) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "seeds = %zu: allowed are 1 to 100000", opt->n_seed);
    }
    if (opt->n_episode < 1 || opt->n_episode > 100000) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "episodes = %zu: allowed are 1 to 100000",
                          opt->n_episode);
    }
    if (opt->n_seed * opt->n_episode > 50000000) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "seeds = %zu times episodes = %zu: at most 50,000,000 are kept",
                          opt->n_seed, opt->n_episode);
    }
    if (opt->opto.tau_s / opt->trace_steps < opt->opto.mark_s) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "trace_steps = %g: a step would last %g s, less than its light pulse of "
                          "%g s; allowed are at most %g",
                          opt->trace_steps, opt->opto.tau_s / opt->trace_steps, opt->opto.mark_s,
                          opt->opto.tau_s / opt->opto.mark_s);
    }
    return MHO_OK;
}
