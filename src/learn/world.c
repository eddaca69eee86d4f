/* world.c - the list of built-in worlds, their checks, and the two smallest ones: the two-armed
 * bandit and the T-maze (a grid maze of 9 places with a reward in one arm). */
#include "learn_int.h"

#include <string.h>

/* ---- built-in mazes ---- */

/* 10 steps are the least; experiments of the design study use the same one */
static const char maze_6x6[] = "S.#...\n"
                               ".#...#\n"
                               "...#..\n"
                               "##.#.#\n"
                               "...#..\n"
                               ".#...G\n";
static const char maze_t[] = "G...X\n"
                             "##.##\n"
                             "##.##\n"
                             "##.##\n"
                             "##S##\n";

/* ---- two-armed bandit: one place, an episode is one pull ---- */

static const double P_REWARD[2] = {0.2, 0.8};

static void bandit_reset(const void *self, const double random[MHO_WORLD_RANDOM], double *state) {
    (void)self;
    (void)random;
    state[0] = 0;
}

static mho_world_step bandit_step(const void *self, const double random[MHO_WORLD_RANDOM],
                                  size_t action, double *state) {
    (void)self;
    (void)state;
    bool paid = random[0] < P_REWARD[action];
    return (mho_world_step){.reward = paid ? 1 : -1, .done = true, .success = action == 1};
}

static size_t bandit_observe(const void *self, const double *state, mho_world_input *input) {
    (void)self;
    (void)state;
    input[0] = (mho_world_input){0, 1};
    return 1;
}

void mho_i_learn_bandit(mho_world *out) {
    *out = (mho_world){.name = "bandit",
                       .n_place = 1,
                       .n_action = 2,
                       .max_step = 1,
                       .good_steps = 1,
                       .good_row = 20,
                       .reset = bandit_reset,
                       .step = bandit_step,
                       .observe = bandit_observe};
}

/* ---- the list ---- */

mho_status mho_world_new(mho_ctx *ctx, const char *name, mho_world *out) {
    if (strcmp(name, "maze") == 0) {
        return mho_world_maze_text(ctx, maze_6x6, "maze", out);
    }
    if (strcmp(name, "t-maze") == 0) {
        mho_status status = mho_world_maze_text(ctx, maze_t, "t-maze", out);
        if (status == MHO_OK) {
            snprintf(out->name, sizeof out->name, "t-maze");
        }
        return status;
    }
    if (strcmp(name, "bandit") == 0) {
        mho_i_learn_bandit(out);
        return MHO_OK;
    }
    if (strcmp(name, "water-maze") == 0) {
        mho_i_learn_water(out);
        return MHO_OK;
    }
    if (strcmp(name, "cart-pole") == 0) {
        mho_i_learn_cart(out);
        return MHO_OK;
    }
    return mho_i_fail(ctx, MHO_ERR_ARG,
                      "world \"%.40s\": allowed are bandit, t-maze, maze, water-maze, cart-pole",
                      name);
}

void mho_world_free(mho_ctx *ctx, mho_world *world) {
    if (world && world->end) {
        world->end(ctx, (void *)(uintptr_t)world->self);
    }
    if (world) {
        *world = (mho_world){.name = ""};
    }
}

mho_status mho_world_check(mho_ctx *ctx, const mho_world *w) {
    const struct {
        const char *name;
        size_t value, max;
    } rows[] = {{"n_place", w->n_place, 4096},
                {"n_action", w->n_action, MHO_WORLD_MAX_ACTION},
                {"max_step", w->max_step, 1000000},
                {"good_steps", w->good_steps, 1000000},
                {"good_row", w->good_row, 1000}};
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        if (rows[k].value < 1 || rows[k].value > rows[k].max) {
            return mho_i_fail(ctx, MHO_ERR_ARG, "world.%s = %zu: allowed are 1 to %zu",
                              rows[k].name, rows[k].value, rows[k].max);
        }
    }
    if (!w->reset || !w->step || !w->observe) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "world %s: reset, step and observe must be there",
                          w->name);
    }
    if (w->n_row && w->n_row * w->n_col != w->n_place) {
        return mho_i_fail(ctx, MHO_ERR_DIM, "world: %zu x %zu places in the picture, n_place = %zu",
                          w->n_row, w->n_col, w->n_place);
    }
    return MHO_OK;
}
