/* cart.c - cart and pole: Barto, Sutton and Anderson, IEEE Trans. SMC 13, 834 (1983), equations and
 * constants, without friction; Euler steps of 20 ms. Places are their 162 boxes of (x, x', theta,
 * theta'): place cells with hard edges. An episode that lasts 500 steps ends well. */
#include "learn_int.h"

#include <math.h>

static const double G_m_per_s2 = 9.8, CART_kg = 1, POLE_kg = 0.1, HALF_m = 0.5, FORCE_N = 10,
                    DT_s = 0.02, X_MAX_m = 2.4, START = 0.05;
#define DEGREE (MHO_PI / 180)

static void reset(const void *self, const double random[MHO_WORLD_RANDOM], double *state) {
    (void)self;
    for (int k = 0; k < 4; k++) {
        state[k] = START * (2 * random[k] - 1);
    }
    state[4] = 0; /* steps so far */
}

static mho_world_step step(const void *self, const double random[MHO_WORLD_RANDOM], size_t action,
                           double *s) {
    (void)self;
    (void)random;
    double force = action ? FORCE_N : -FORCE_N, total = CART_kg + POLE_kg;
    double sine = sin(s[2]), cosine = cos(s[2]);
    double a = (force + POLE_kg * HALF_m * s[3] * s[3] * sine) / total;
    double turn =
        (G_m_per_s2 * sine - cosine * a) / (HALF_m * (4.0 / 3 - POLE_kg * cosine * cosine / total));
    double push = a - POLE_kg * HALF_m * turn * cosine / total;
    s[0] += DT_s * s[1];
    s[1] += DT_s * push;
    s[2] += DT_s * s[3];
    s[3] += DT_s * turn;
    s[4] += 1;
    bool fell = fabs(s[0]) > X_MAX_m || fabs(s[2]) > 12 * DEGREE, lasted = s[4] >= 500;
    return (mho_world_step){
        .reward = fell ? -1 : 0, .done = fell || lasted, .success = !fell && lasted};
}

/* Which of n + 1 intervals cut at edge[n]. */
static size_t interval(double x, size_t n, const double *edge) {
    size_t k = 0;
    while (k < n && x >= edge[k]) {
        k++;
    }
    return k;
}

static size_t observe(const void *self, const double *s, mho_world_input *input) {
    (void)self;
    const double x[] = {-0.8, 0.8}, v[] = {-0.5, 0.5},
                 theta[] = {-6 * DEGREE, -1 * DEGREE, 0, 1 * DEGREE, 6 * DEGREE},
                 turn[] = {-50 * DEGREE, 50 * DEGREE};
    size_t box = interval(s[0], 2, x) + 3 * interval(s[1], 2, v) + 9 * interval(s[2], 5, theta) +
                 54 * interval(s[3], 2, turn);
    input[0] = (mho_world_input){box, 1};
    return 1;
}

void mho_i_learn_cart(mho_world *out) {
    *out = (mho_world){.name = "cart-pole",
                       .n_place = 162,
                       .n_action = 2,
                       .max_step = 500,
                       .good_steps = 500,
                       .good_row = 1,
                       .endure = true,
                       .reset = reset,
                       .step = step,
                       .observe = observe};
}
