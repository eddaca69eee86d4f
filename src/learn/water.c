/* water.c - a water maze after Morris (J. Neurosci. Methods 11, 47 (1984)): a round pool with a
 * hidden platform; place cells know where the swimmer is, nothing tells where the platform is.
 *
 * Pool of radius 1 (any unit), platform of radius 0.15 at (0.4, 0.4), start at one of the four
 * compass points 0.9 from the centre; eight directions, 0.15 a stroke with 0.01 of noise. Place
 * cells: Gaussians of width 0.16 on an 11 x 11 grid of spacing 0.2 (after Foster, Morris and Dayan,
 * Hippocampus 10, 1 (2000), who use 493 cells of the same width). Sizes are assumed. */
#include "learn_int.h"

#include <math.h>

enum { GRID = 11 };
static const double STROKE = 0.15, NOISE = 0.01, RIM = 1, START = 0.9, CELL_WIDTH = 0.16,
                    SPACING = 0.2, PLATFORM_X = 0.4, PLATFORM_Y = 0.4, PLATFORM_R = 0.15,
                    LEAST_ACTIVITY = 0.05;

static void reset(const void *self, const double random[MHO_WORLD_RANDOM], double *state) {
    (void)self;
    int point = (int)(4 * random[0]);
    state[0] = point == 0 ? START : point == 1 ? -START : 0;
    state[1] = point == 2 ? START : point == 3 ? -START : 0;
}

static double to_platform(const double *state) {
    return hypot(state[0] - PLATFORM_X, state[1] - PLATFORM_Y);
}

/* Actions clockwise from up; y grows downwards, as rows do in a picture. */
static mho_world_step step(const void *self, const double random[MHO_WORLD_RANDOM], size_t action,
                           double *state) {
    (void)self;
    double angle = 0.25 * MHO_PI * (double)action;
    double x = state[0] + STROKE * sin(angle) + NOISE * (2 * random[0] - 1);
    double y = state[1] - STROKE * cos(angle) + NOISE * (2 * random[1] - 1);
    double r = hypot(x, y);
    bool bump = r > RIM;
    state[0] = bump ? x * RIM / r : x; /* slides along the rim */
    state[1] = bump ? y * RIM / r : y;
    bool found = to_platform(state) < PLATFORM_R;
    return (mho_world_step){.reward = found, .bump = bump, .done = found, .success = found};
}

static size_t observe(const void *self, const double *state, mho_world_input *input) {
    (void)self;
    size_t n = 0;
    for (size_t k = 0; k < GRID * GRID; k++) {
        double x = SPACING * ((double)(k % GRID) - GRID / 2) - state[0];
        double y = SPACING * ((double)(k / GRID) - GRID / 2) - state[1];
        double a = exp(-(x * x + y * y) / (2 * CELL_WIDTH * CELL_WIDTH));
        if (a > LEAST_ACTIVITY) {
            input[n++] = (mho_world_input){k, a};
        }
    }
    return n;
}

static double least(const void *self, const double *state) {
    (void)self;
    return fmax(1, ceil((to_platform(state) - PLATFORM_R) / STROKE));
}

/* G: the place cell at the centre of the platform */
static const char picture[] = "..........."
                              "..........."
                              "..........."
                              "..........."
                              "..........."
                              "..........."
                              "..........."
                              ".......G..."
                              "..........."
                              "..........."
                              "...........";

void mho_i_learn_water(mho_world *out) {
    /* three times the longest straight path (8 strokes from the far side) */
    *out = (mho_world){.name = "water-maze",
                       .n_place = GRID * GRID,
                       .n_action = 8,
                       .max_step = 400,
                       .good_steps = 24,
                       .good_row = 10,
                       .reset = reset,
                       .step = step,
                       .observe = observe,
                       .least = least,
                       .n_row = GRID,
                       .n_col = GRID,
                       .pool = true,
                       .picture = picture,
                       .action_arrows = "^/>\\v/<\\"};
}
