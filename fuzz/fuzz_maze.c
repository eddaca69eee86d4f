/* fuzz_maze.c - mazes drawn in text, and a walk through those that are good. */
#include "fuzz.h"

#include "mho/learn.h"

void fuzz_one(mho_ctx *ctx, const uint8_t *bytes, size_t n) {
    char *text = malloc(n + 1);
    memcpy(text, bytes, n);
    text[n] = 0;
    mho_world w;
    if (fuzz_said(ctx, mho_world_maze_text(ctx, text, "fuzz", &w)) == MHO_OK) {
        double state[MHO_WORLD_MAX_STATE], random[MHO_WORLD_RANDOM] = {0.3, 0.6, 0.1, 0.9};
        mho_world_input in[MHO_WORLD_MAX_ACTIVE];
        w.reset(w.self, random, state);
        for (size_t k = 0; k < n && k < 500; k++) {
            mho_world_step s = w.step(w.self, random, bytes[k] % w.n_action, state);
            if (w.observe(w.self, state, in) != 1 || in[0].place >= w.n_place) {
                abort();
            }
            if (s.done) {
                break;
            }
        }
        mho_world_free(ctx, &w);
    }
    free(text);
}
