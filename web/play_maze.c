/* play_maze.c - the agent of `mho learn maze`, run 0 of a seed, stepped from the page. */
#include "play.h"

#include "learn/learn_int.h"

#include <math.h>
#include <string.h>

enum { MAX_PLACE = 64, MAX_EPISODE = 4096, N_ACTION = 4 };

static struct maze {
    mho_world world;
    mho_learn_opt opt;
    mho_i_agent *agent;
    mho_i_episode episode;
    double least;
    size_t row, solved;
    bool running;
} maze;
static double steps[MAX_EPISODE], policy[MAX_PLACE * N_ACTION], trace[MAX_PLACE * N_ACTION];

static mho_status begin(size_t number) {
    maze.episode = (mho_i_episode){.a = maze.agent, .world = &maze.world, .number = number};
    return mho_i_episode_begin(&maze.episode, &maze.least);
}

int play_maze_new(double seed, int actor_critic, double trace_steps, double pulses,
                  double cell_spread) {
    mho_ctx *ctx = play_ctx();
    mho_i_agent_free(maze.agent);
    mho_world_free(ctx, &maze.world);
    memset(&maze, 0, sizeof maze);
    memset(steps, 0, sizeof steps);
    mho_status status = mho_world_new(ctx, "maze", &maze.world);
    if (status != MHO_OK || maze.world.n_place > MAX_PLACE) {
        return 0;
    }
    mho_learn_defaults(&maze.world,
                       actor_critic ? MHO_AGENT_ACTOR_CRITIC : MHO_AGENT_REWARD_PULSE, &maze.opt);
    if (trace_steps > 0) { /* else what suits the agent */
        maze.opt.trace_steps = trace_steps;
    }
    if (pulses > 0) {
        maze.opt.pulses = pulses;
    }
    maze.opt.opto.cell_sd_rel = cell_spread;
    maze.opt.seed = (uint64_t)seed;
    maze.opt.n_seed = 1;
    maze.opt.n_episode = MAX_EPISODE;
    status = mho_i_learn_check(ctx, &maze.world, &maze.opt);
    if (status == MHO_OK) {
        status = mho_i_agent_new(ctx, &maze.opt, NULL, maze.world.n_place, maze.world.n_action,
                                 &maze.agent);
    }
    if (status == MHO_OK) {
        status = mho_i_agent_start(maze.agent, 0, mho_i_learn_run_seed(maze.opt.seed, 0));
    }
    if (status == MHO_OK) {
        status = begin(0);
    }
    maze.running = status == MHO_OK;
    return maze.running;
}

/* What `mho learn` counts as solved: so many good episodes in a row. */
static void count_episode(void) {
    const mho_i_episode *e = &maze.episode;
    steps[e->number] = (double)e->n_step;
    maze.row = e->success && e->n_step <= maze.world.good_steps ? maze.row + 1 : 0;
    if (maze.row == maze.world.good_row && !maze.solved) {
        maze.solved = e->number + 1;
    }
}

int play_maze_step(int n) {
    int taken = 0;
    while (maze.running && taken < n) {
        mho_status status = MHO_OK;
        if (maze.episode.done) {
            if (maze.episode.number + 1 == MAX_EPISODE) {
                break;
            }
            status = begin(maze.episode.number + 1);
        }
        if (status == MHO_OK) {
            status = mho_i_episode_step(&maze.episode);
        }
        if (status != MHO_OK) {
            maze.running = false;
            return -1;
        }
        taken++;
        if (maze.episode.done) {
            count_episode();
            break;
        }
    }
    return taken;
}

int play_maze_width(void) {
    return (int)maze.world.n_col;
}

int play_maze_height(void) {
    return (int)maze.world.n_row;
}

const char *play_maze_picture(void) {
    return maze.world.picture;
}

double play_maze_number(int k) {
    const mho_i_episode *e = &maze.episode;
    mho_world_input in[MHO_WORLD_MAX_ACTIVE];
    if (!maze.running) {
        return NAN;
    }
    switch (k) {
    case 0:
        return (double)e->number + 1;
    case 1:
        return (double)e->n_step;
    case 2:
        maze.world.observe(maze.world.self, e->state, in);
        return (double)in[0].place;
    case 3:
        return (double)e->action;
    case 4:
        return e->done;
    case 5:
        return maze.least;
    case 6:
        return (double)maze.solved;
    default:
        return NAN;
    }
}

const double *play_maze_steps(void) {
    return steps;
}

const double *play_maze_policy(void) {
    const mho_i_half *h = &maze.agent->actor;
    const double *plus = mho_opto_cells_x(h->plus), *minus = mho_opto_cells_x(h->minus);
    for (size_t k = 0; k < h->n && k < MAX_PLACE * N_ACTION; k++) {
        policy[k] = plus[k] - minus[k];
    }
    return policy;
}

const double *play_maze_trace(void) {
    const mho_i_half *h = &maze.agent->actor;
    const double *plus = mho_opto_cells_carriers(h->plus);
    for (size_t k = 0; k < h->n && k < MAX_PLACE * N_ACTION; k++) {
        trace[k] = plus[k];
    }
    return trace;
}
