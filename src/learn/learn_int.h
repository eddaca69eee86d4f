/* learn_int.h - inside of the room learn: worlds and what they share. */
#ifndef MHO_LEARN_INT_H
#define MHO_LEARN_INT_H

#include "base/base_int.h"
#include "mho/learn.h"

enum { MHO_I_MAZE_MAX = 64, MHO_I_MAZE_RANDOM_MAX = 20 };

/* ---- maze.c ---- */
/* Least number of steps from every cell to the goal, UINT32_MAX where there is no path; 4 moves, X
 * cannot be crossed. cells, dist, queue [n_row*n_col]. */
void mho_i_learn_distances(size_t n_row, size_t n_col, const char *cells, uint32_t *dist,
                           uint32_t *queue);

/* ---- worlds that need no memory ---- */
void mho_i_learn_bandit(mho_world *out);
void mho_i_learn_water(mho_world *out);
void mho_i_learn_cart(mho_world *out);

/* ---- hidden.c: a layer of Mott neurons between places and actions ---- */
typedef struct mho_i_hidden mho_i_hidden;
/* n_hidden neurons for each of n_run chips: fixed random synapses, device spread, bias trim. */
mho_status mho_i_hidden_new(mho_ctx *ctx, size_t n_run, size_t n_place, size_t n_hidden,
                            const mho_learn_opt *opt, mho_i_hidden **out);
void mho_i_hidden_free(mho_i_hidden *h); /* NULL is allowed */
/* Neurons above the knee, at most MHO_I_LEARN_ACTIVE of them; jitter by (seed, evaluation). */
size_t mho_i_hidden_fire(const mho_i_hidden *h, size_t run, uint64_t seed, uint32_t evaluation,
                         bool noisy, size_t n_in, const mho_world_input *in, mho_world_input *out);
double mho_i_hidden_energy_J(const mho_i_hidden *h); /* one evaluation of the whole layer */

/* ---- agent.c: one agent, used for one run after another by one thread ---- */
enum { MHO_I_LEARN_ACTIVE = 512, MHO_I_LEARN_LIST = MHO_I_LEARN_ACTIVE * MHO_WORLD_MAX_ACTION };

typedef struct mho_i_half { /* an array of differential pairs */
    mho_opto_cells *plus, *minus;
    double *elig; /* [n] traces kept by the drivers, optical-global only; else NULL */
    size_t n;
} mho_i_half;

typedef struct mho_i_agent {
    mho_ctx *ctx;
    const mho_learn_opt *opt;
    const mho_i_hidden *hidden; /* NULL: places drive the actions themselves */
    size_t n_feature, n_action, run;
    uint64_t seed; /* of this run */
    uint32_t n_fired;
    mho_i_half actor, critic; /* critic.n 0: none */
    double step_s, mean_reward;
    /* what was seen last */
    size_t n_active;
    mho_world_input active[MHO_I_LEARN_ACTIVE];
    double prob[MHO_WORLD_MAX_ACTION], value;
    /* work space */
    uint32_t list[MHO_I_LEARN_LIST];
    double local[MHO_I_LEARN_LIST], g_plus[MHO_I_LEARN_LIST], g_minus[MHO_I_LEARN_LIST];
    uint64_t n_update;
    double write_J; /* electrical energy of updates */
} mho_i_agent;

mho_status mho_i_agent_new(mho_ctx *ctx, const mho_learn_opt *opt, const mho_i_hidden *hidden,
                           size_t n_place, size_t n_action, mho_i_agent **out);
void mho_i_agent_free(mho_i_agent *a);
/* New devices for a run. */
mho_status mho_i_agent_start(mho_i_agent *a, size_t run, uint64_t seed);
/* Darkness between episodes; forget what was seen. */
mho_status mho_i_agent_pause(mho_i_agent *a);
/* Read all synapses of what is active: a->prob, a->value. */
mho_status mho_i_agent_see(mho_i_agent *a, bool noisy, size_t n_in, const mho_world_input *in);
/* A step's time passes, then light marks the chosen action. u: a random number, r-stdp. */
mho_status mho_i_agent_mark(mho_i_agent *a, size_t action, double u);
/* Third factor m to actor and critic. */
mho_status mho_i_agent_update(mho_i_agent *a, double m);
void mho_i_agent_account(const mho_i_agent *a, mho_opto_account *sum);

/* ---- episode.c: an agent in a world, step by step ---- */
typedef struct mho_i_episode {
    mho_i_agent *a; /* set by the caller, like the next three */
    const mho_world *world;
    size_t number;         /* of the episode in its run */
    mho_replay *replay;    /* NULL: not kept */
    size_t n_step, action; /* so far; taken last */
    double state[MHO_WORLD_MAX_STATE];
    bool done, success;
} mho_i_episode;
uint64_t mho_i_learn_run_seed(uint64_t seed, size_t run);
/* Put the agent at the start; least: number of steps to the goal, NaN if not known. */
mho_status mho_i_episode_begin(mho_i_episode *e, double *least);
mho_status mho_i_episode_step(mho_i_episode *e); /* until e->done */

/* ---- options.c ---- */
mho_status mho_i_learn_check(mho_ctx *ctx, const mho_world *world, const mho_learn_opt *opt);

/* ---- summary.c: from the steps of all runs to curves and shares ---- */
mho_status mho_i_learn_summary(mho_ctx *ctx, mho_learn_result *r);

#endif
