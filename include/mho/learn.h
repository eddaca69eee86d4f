/* mho/learn.h - learning on the device: worlds, and agents whose every weight is a pair of
 * optomemristors (mho/opto.h) that only light and voltage pulses change. */
#ifndef MHO_LEARN_H
#define MHO_LEARN_H

#include "mho/base.h"
#include "mho/opto.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Worlds -----------------------------------------------------------------------------------
 * A world is a table of functions and constants, so that anybody can add one in C. Functions must
 * not write to self: many runs use one world at the same time. All that changes is in state.    */
enum {
    MHO_WORLD_MAX_ACTION = 8,
    MHO_WORLD_MAX_STATE = 8,    /* doubles of state */
    MHO_WORLD_MAX_ACTIVE = 128, /* places that are active at once */
    MHO_WORLD_RANDOM = 4        /* random numbers in (0, 1) that a call gets */
};

typedef struct mho_world_input {
    size_t place;    /* < n_place */
    double activity; /* (0, 1]: how strongly its place cell fires */
} mho_world_input;

typedef struct mho_world_step {
    double reward;
    bool bump;    /* the action could not be carried out */
    bool done;    /* the episode ends */
    bool success; /* it ends well */
} mho_world_step;

typedef struct mho_world {
    char name[32];
    size_t n_place, n_action;
    size_t max_step;   /* an episode is cut after so many steps, >= 1 */
    size_t good_steps; /* an episode is good if it ends well after at most so many steps */
    size_t good_row;   /* solved: so many good episodes in a row */
    bool endure;       /* the task is to last: many steps are good */
    const void *self;  /* handed to the functions */
    void (*reset)(const void *self, const double random[MHO_WORLD_RANDOM], double *state);
    mho_world_step (*step)(const void *self, const double random[MHO_WORLD_RANDOM], size_t action,
                           double *state);
    /* Active places at input [MHO_WORLD_MAX_ACTIVE]; returns how many, >= 1. */
    size_t (*observe)(const void *self, const double *state, mho_world_input *input);
    /* Least number of steps to the goal from here; NULL: not known. */
    double (*least)(const void *self, const double *state);
    void (*end)(mho_ctx *ctx, void *self); /* gives self back; NULL: it is the caller's */
    /* For pictures: place k lies in row k/n_col; 0: the places have no picture. */
    size_t n_row, n_col;
    bool pool; /* state[0], state[1] are x, y of a plane; the grid of places spans -1.1 to 1.1 */
    const char *picture;       /* [n_row*n_col] of '#', '.', 'S', 'G', 'X'; NULL: none */
    const char *action_arrows; /* one of "^>v<" and "/\\" per action for maps; NULL: none */
} mho_world;

/* The built-in worlds: "maze" (6x6), "t-maze", "bandit", "water-maze", "cart-pole". MHO_ERR_ARG
 * names them. Give back with mho_world_free. */
MHO_API mho_status mho_world_new(mho_ctx *ctx, const char *name, mho_world *out) MHO_CHECK;
/* A grid maze from text: S start, G goal, . free, # wall, X a dead end that ends the episode; lines
 * of equal length, at most 64 x 64. where: what messages call it (a file name). Actions: up, right,
 * down, left; a bump into a wall leaves the agent in place. reward 1 at G.
 * MHO_ERR_FORMAT with line and column: letter, ragged lines, two starts, no goal, no path. */
MHO_API mho_status mho_world_maze_text(mho_ctx *ctx, const char *text, const char *where,
                                       mho_world *out) MHO_CHECK;
MHO_API mho_status mho_world_maze_load(mho_ctx *ctx, const char *path, mho_world *out) MHO_CHECK;
/* A random maze of n x n cells, 3 <= n <= 20, share of walls in [0, 0.4]; there always is a path
 * from the top left to the bottom right corner. */
MHO_API mho_status mho_world_maze_random(mho_ctx *ctx, size_t n, double wall_frac, uint64_t seed,
                                         mho_world *out) MHO_CHECK;
MHO_API void mho_world_free(mho_ctx *ctx, mho_world *world);
/* Are the fields of a world of your own in their ranges? MHO_ERR_ARG says which is not. */
MHO_API mho_status mho_world_check(mho_ctx *ctx, const mho_world *world) MHO_CHECK;

/* ---- Agents -----------------------------------------------------------------------------------
 * Every synapse is a differential pair of optomemristors from an active place (or hidden neuron) to
 * an action. In a step the pairs of the active places are read, a softmax chooses the action, and
 * light marks the synapses from the active places to the chosen action. The carriers that it leaves
 * are the eligibility e, which decays with tau. The third factor M is one electrical pulse train
 * for the whole array, of its sign on the one half of the pairs and of the other sign on the other
 * half: dw = M e, done by the device (de/dt = -e/tau + light). In the other role assignment light
 * is M and the drivers hold e.
 *
 *   reward pulse   M = reward
 *   actor-critic   M = delta = r + gamma V(s') - V(s), V from a second array, TD(lambda), lambda
 *                  = exp(-1/trace_steps)/gamma by the decay of the light (Sutton 1988; Barto 1983)
 *   r-stdp         M = R - mean R, a success signal (Fremaux and Gerstner 2016); a place spike and
 *                  an action spike dt later mark with exp(-dt/tau_plus); dt is random
 *   e-prop         light is 1 - pi(chosen): the part of the eligibility (1[a] - pi(a)) x of e-prop
 *                  (Bellec et al. 2020) that light, which has no sign, can carry
 *   mott-policy    actor-critic behind a hidden layer of Mott neurons          */
typedef enum mho_agent {
    MHO_AGENT_REWARD_PULSE = 0,
    MHO_AGENT_ACTOR_CRITIC = 1,
    MHO_AGENT_R_STDP = 2,
    MHO_AGENT_E_PROP = 3,
    MHO_AGENT_MOTT_POLICY = 4
} mho_agent;
enum { MHO_AGENT_COUNT = 5 };
MHO_API const char *mho_agent_name(mho_agent agent); /* "reward-pulse" ... */
MHO_API const char *mho_agent_help(mho_agent agent);

/* What must not learn. */
typedef enum mho_control {
    MHO_CONTROL_NONE = 0,
    MHO_CONTROL_ETA0 = 1,       /* cells whose rate of writing is 0 */
    MHO_CONTROL_LIGHT_ONLY = 2, /* no pulse is ever sent */
    MHO_CONTROL_PULSE_ONLY = 3  /* no light is ever sent */
} mho_control;
enum { MHO_CONTROL_COUNT = 4 };
MHO_API const char *mho_control_name(mho_control control); /* "none", "eta0", "light-only" ... */

/* key, min, max, default, help; pure numbers */
#define MHO_LEARN_PARAM_LIST(X)                                                                    \
    X(trace_steps, 0.01, 1e4, 4, "steps in which the trace falls to 1/e")                          \
    X(temperature, 1e-4, 100, 0.055, "of the softmax; weights are pairs x+ - x- in [-1, 1]")       \
    X(pulses, 0, 1e4, 4, "write pulses for M = 1")                                                 \
    X(bump_reward, -10, 10, 0, "added to the reward by a bump")                                    \
    X(gamma, 0, 1, 0.95, "discount of the critic")                                                 \
    X(critic_pulses, 0, 1e4, 2.5, "write pulses of the critic for delta = 1")                      \
    X(critic_scale, 1e-3, 1e3, 2, "value over weight of the critic")                               \
    X(x_start, 0, 1, 0.5, "state of all cells at the start")                                       \
    X(pause_tau, 0, 100, 14, "darkness between episodes over tau")                                 \
    X(baseline_rate, 0, 1, 0.01, "r-stdp: how fast the mean reward follows")                       \
    X(spike_jitter, 0, 10, 0.1, "r-stdp: mean delay of the action spike over tau_plus")            \
    X(hidden, 1, 4096, 256, "mott-policy: hidden neurons")                                         \
    X(hidden_bias, -10, 10, -1.5, "mott-policy: mean pre-activation z of a hidden neuron")         \
    X(hidden_gain, 0, 100, 1, "mott-policy: spread of the pre-activation over places")

typedef struct mho_learn_opt {
    mho_agent agent;
    mho_control control;
    mho_opto_param opto;
#define MHO_LEARN_FIELD(key, lo, hi, def, help) double key;
    MHO_LEARN_PARAM_LIST(MHO_LEARN_FIELD)
#undef MHO_LEARN_FIELD
    bool critic; /* a critic makes M; else M is the reward */
    size_t n_seed, n_episode;
    uint64_t seed;
} mho_learn_opt;
/* What suits a world of this name and an agent; found by us, not published. 200 seeds, 300
 * episodes.
 */
MHO_API void mho_learn_defaults(const mho_world *world, mho_agent agent, mho_learn_opt *out);
MHO_API size_t mho_learn_param_count(void);
MHO_API mho_param_info mho_learn_param_describe(size_t k);
MHO_API double mho_learn_param_get(const mho_learn_opt *opt, size_t k);
MHO_API mho_status mho_learn_param_set(mho_ctx *ctx, mho_learn_opt *opt, size_t k,
                                       double value) MHO_CHECK;

/* One episode of the first run, step by step. */
typedef struct mho_replay {
    size_t episode, n_step;
    uint16_t *place;  /* [n_step + 1], the most active place */
    uint8_t *action;  /* [n_step] */
    double *position; /* [n_step + 1][2], the first two numbers of the state */
} mho_replay;
enum { MHO_REPLAY_COUNT = 3 };

typedef struct mho_learn_energy { /* mean over runs */
    double update_J;              /* write pulses of one update (all cells that see them) */
    double mark_J;                /* light of one step */
    double episode_write_J, episode_light_J, episode_read_J;
    double episode_s;      /* device time of an episode, pause included */
    double updates, steps; /* per episode */
    double change_share;   /* of the cells that see a pulse, how many move */
} mho_learn_energy;

typedef struct mho_learn_result {
    mho_learn_opt opt;
    char world[32];
    size_t n_place, n_action, n_cell, n_row, n_col;
    size_t max_step, good_steps, good_row;
    bool endure, pool;
    const char *action_arrows;
    char *picture;       /* [n_row*n_col] or NULL */
    uint32_t *steps;     /* [n_seed][n_episode] */
    uint8_t *good;       /* [n_seed][n_episode] */
    uint32_t *solved_at; /* [n_seed] episode, from 1, with which the good row was full; 0: never */
    double *curve_mean, *curve_sd, *curve_lo, *curve_hi; /* [n_episode] steps over seeds; lo, hi:
                                                            10th and 90th percentile */
    double *curve_good;                                  /* [n_episode] share of good episodes */
    size_t n_solved;
    double wilson[2];   /* 95 % interval of the share solved */
    double solved_mean; /* mean episode to criterion of those that solved it; NaN */
    double least_mean;  /* mean least number of steps; NaN */
    double late_ratio;  /* steps over least steps, mean of episodes 20 to 50; NaN */
    mho_learn_energy energy;
    double *policy;           /* [n_place][n_action] of the first run at the end */
    double *value;            /* [n_place]: critic, or the largest weight */
    double *x_plus, *x_minus; /* [n_cell/2] states of the first run's actor at the end */
    mho_replay replay[MHO_REPLAY_COUNT];
    double total_s;
} mho_learn_result;

/* n_seed independent runs: run k has its own devices and its own luck, both a function of seed and
 * k. MHO_ERR_ARG names the option. Memory: 5 bytes a seed and episode, cells only for each thread.
 */
MHO_API mho_status mho_learn_run(mho_ctx *ctx, const mho_world *world, const mho_learn_opt *opt,
                                 mho_learn_result **out) MHO_CHECK;
MHO_API void mho_learn_result_free(mho_ctx *ctx, mho_learn_result *result);

#ifdef __cplusplus
}
#endif
#endif
