/* test_learn.c - worlds against brute force, bad worlds, same bits for any number of threads, no
 * learning without both factors, learning with them. Short: the full figures are in docs/learn.md.
 */
#include "test.h"

#include "learn/learn_int.h"

#include <stdlib.h>
#include <unistd.h>

/* ---- worlds ---- */

static void relax(size_t n_row, size_t n_col, const char *cells, uint32_t *dist) {
    for (size_t k = 0; k < n_row * n_col; k++) {
        dist[k] = cells[k] == 'G' ? 0 : 100000;
    }
    for (size_t round = 0; round < n_row * n_col; round++) { /* Bellman and Ford */
        for (size_t k = 0; k < n_row * n_col; k++) {
            size_t r = k / n_col, c = k % n_col;
            const size_t next[4] = {r ? k - n_col : k, r + 1 < n_row ? k + n_col : k, c ? k - 1 : k,
                                    c + 1 < n_col ? k + 1 : k};
            for (int j = 0; j < 4 && cells[k] != '#'; j++) {
                if (cells[next[j]] != '#' && cells[next[j]] != 'X' && dist[next[j]] + 1 < dist[k]) {
                    dist[k] = dist[next[j]] + 1;
                }
            }
        }
    }
}

static void mazes_have_shortest_paths(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    uint32_t want[400];
    for (uint64_t seed = 0; seed < 40; seed++) {
        size_t n = 3 + seed % 18;
        mho_world w;
        test_ok(ctx, mho_world_maze_random(ctx, n, 0.01 * (double)seed, seed, &w));
        test_ok(ctx, mho_world_check(ctx, &w));
        relax(n, n, w.picture, want);
        for (size_t k = 0; k < n * n; k++) {
            double at = (double)k;
            if (w.picture[k] != '#' && want[k] < 100000) {
                test_close(w.least(w.self, &at), want[k], 0, 0);
            }
        }
        assert_true(want[0] >= 2 * (n - 1) && want[0] < 100000);
        mho_world_free(ctx, &w);
    }
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void moves_and_bumps(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_world w;
    const double u[MHO_WORLD_RANDOM] = {0.5, 0.5, 0.5, 0.5};
    test_ok(ctx, mho_world_maze_text(ctx, "S.#\r\n#.X\r\nG..\r\n\r\n", "here", &w));
    assert_int_equal(w.n_place, 9);
    assert_int_equal(w.good_steps, 5); /* 4 and a fifth, rounded up */
    double s[MHO_WORLD_MAX_STATE];
    w.reset(w.self, u, s);
    mho_world_step up = w.step(w.self, u, 0, s);
    assert_true(up.bump && !up.done && s[0] == 0);
    assert_true(w.step(w.self, u, 2, s).bump); /* a wall below */
    assert_false(w.step(w.self, u, 1, s).bump);
    assert_false(w.step(w.self, u, 2, s).bump);
    double at[MHO_WORLD_MAX_STATE] = {s[0]};
    mho_world_step dead = w.step(w.self, u, 1, at);
    assert_true(dead.done && !dead.success && dead.reward == 0);
    w.step(w.self, u, 2, s);
    mho_world_step goal = w.step(w.self, u, 3, s);
    assert_true(goal.done && goal.success && goal.reward == 1);
    mho_world_free(ctx, &w);
    mho_ctx_free(ctx);
}

static void bad_mazes_are_named(void **state) {
    (void)state;
    static const struct {
        const char *text, *want;
    } bad[] = {{"", "m:1:1: an empty maze"},
               {"\n\n", "m:1:1: an empty maze"},
               {"S..\n.q.\n..G", "m:2:2: \"q\""},
               {"S..\n..\n..G", "m:2:3: this line has 2 letters, the first has 3"},
               {"S..\n....\n..G", "m:2:4: this line has 4 letters, the first has 3"},
               {"S.S\n...\n..G", "m:1:3: a second start S; the first is at line 1, column 1"},
               {"S..\n...\nG.G", "m:3:3: a second goal G"},
               {"S..\n...\n...", "m:3:3: no goal G"},
               {"...\n...\n..G", "m:3:3: no start S"},
               {"S#.\n##.\n..G", "m:1:1: no path"},
               {"S.\xc3\n..G", "m:1:3: 0xc3"},
               {"SX.\nXX.\n..G", "m:1:1: no path"}};
    mho_ctx *ctx = test_ctx();
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        mho_world w = {.name = "untouched"};
        assert_int_equal(mho_world_maze_text(ctx, bad[k].text, "m", &w), MHO_ERR_FORMAT);
        if (strncmp(mho_ctx_last_error(ctx), bad[k].want, strlen(bad[k].want)) != 0) {
            fail_msg("wanted \"%s\", got \"%s\"", bad[k].want, mho_ctx_last_error(ctx));
        }
        assert_string_equal(w.name, "untouched");
    }
    mho_world w;
    assert_int_equal(mho_world_maze_random(ctx, 21, 0.3, 1, &w), MHO_ERR_ARG);
    assert_int_equal(mho_world_maze_random(ctx, 9, 0.5, 1, &w), MHO_ERR_ARG);
    assert_int_equal(mho_world_new(ctx, "mazes", &w), MHO_ERR_ARG);
    assert_int_equal(mho_world_maze_load(ctx, "/nonexistent", &w), MHO_ERR_IO);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void huge_maze_takes_no_memory(void **state) {
    (void)state;
    char path[] = "/tmp/mho-maze-XXXXXX", line[10001];
    int fd = mkstemp(path);
    memset(line, '.', sizeof line);
    line[10000] = '\n';
    for (int k = 0; k < 100; k++) { /* the reader stops long before */
        assert_int_equal(write(fd, line, sizeof line), sizeof line);
    }
    close(fd);
    mho_ctx *ctx = test_ctx();
    mho_world w;
    assert_int_equal(mho_world_maze_load(ctx, path, &w), MHO_ERR_FORMAT);
    assert_non_null(strstr(mho_ctx_last_error(ctx), "64 lines of 64 letters"));
    assert_true(mho_ctx_peak_bytes(ctx) < 1000000);
    unlink(path);
    mho_ctx_free(ctx);
}

/* Energy of the pole without force is kept to the order of the step; a fall ends the episode. */
static void pole_falls(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_world w;
    test_ok(ctx, mho_world_new(ctx, "cart-pole", &w));
    const double u[MHO_WORLD_RANDOM] = {0.5, 0.5, 0.5, 0.5};
    double s[MHO_WORLD_MAX_STATE] = {0};
    w.reset(w.self, u, s);
    mho_world_step last = {0};
    int n = 0;
    while (!last.done) { /* always push to the right: falls to the left in 9 or 10 steps */
        last = w.step(w.self, u, 1, s);
        n++;
    }
    assert_in_range(n, 8, 11);
    assert_true(last.reward == -1 && s[2] < -0.2 && s[0] > 0);
    mho_world_free(ctx, &w);
    mho_ctx_free(ctx);
}

/* ---- learning ---- */

static mho_learn_result *learn(mho_ctx *ctx, const char *name, mho_agent agent, size_t n_seed,
                               size_t n_episode, mho_control control, int n_thread) {
    mho_world w;
    mho_learn_opt o;
    mho_learn_result *r = NULL;
    test_ok(ctx, mho_ctx_set_threads(ctx, n_thread));
    test_ok(ctx, mho_world_new(ctx, name, &w));
    mho_learn_defaults(&w, agent, &o);
    o.n_seed = n_seed;
    o.n_episode = n_episode;
    o.control = control;
    test_ok(ctx, mho_learn_run(ctx, &w, &o, &r));
    mho_world_free(ctx, &w);
    return r;
}

static void maze_is_learnt(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    for (int agent = 0; agent < 2; agent++) {
        mho_learn_result *r = learn(ctx, "maze", (mho_agent)agent, 20, 150, MHO_CONTROL_NONE, 2);
        assert_true(r->n_solved >= 18);
        assert_true(r->curve_mean[99] < 11.5 && r->curve_mean[0] > 100);
        assert_true(r->curve_lo[99] >= 10); /* nobody is faster than the shortest path */
        assert_true(r->energy.update_J > 0 && r->energy.episode_light_J > 0);
        test_close(r->least_mean, 10, 0, 1e-12);
        for (size_t k = 0; k < r->n_cell / 2; k++) {
            assert_true(r->x_plus[k] >= 0 && r->x_plus[k] <= 1);
        }
        mho_learn_result_free(ctx, r);
    }
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void controls_learn_nothing(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    for (int control = 1; control < MHO_CONTROL_COUNT; control++) {
        for (int agent = 0; agent < 2; agent++) {
            mho_learn_result *r =
                learn(ctx, "maze", (mho_agent)agent, 4, 60, (mho_control)control, 2);
            assert_int_equal(r->n_solved, 0);
            assert_true(r->curve_mean[59] > 50);
            for (size_t k = 0; k < r->n_cell / 2; k++) { /* not one cell has moved */
                test_close(r->x_plus[k], r->opt.x_start, 1e-15, 0);
                test_close(r->x_minus[k], r->opt.x_start, 1e-15, 0);
            }
            mho_learn_result_free(ctx, r);
        }
    }
    mho_ctx_free(ctx);
}

static void threads_do_not_matter(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    const struct {
        const char *world;
        mho_agent agent;
    } cases[] = {{"maze", MHO_AGENT_ACTOR_CRITIC},
                 {"water-maze", MHO_AGENT_R_STDP},
                 {"t-maze", MHO_AGENT_MOTT_POLICY},
                 {"bandit", MHO_AGENT_E_PROP}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        mho_learn_result *a = learn(ctx, cases[k].world, cases[k].agent, 5, 15, 0, 1);
        mho_learn_result *b = learn(ctx, cases[k].world, cases[k].agent, 5, 15, 0, 3);
        assert_memory_equal(a->steps, b->steps, 5 * 15 * sizeof *a->steps);
        assert_memory_equal(a->x_plus, b->x_plus, a->n_cell / 2 * sizeof *a->x_plus);
        assert_memory_equal(a->value, b->value, a->n_place * sizeof *a->value);
        test_close(a->energy.update_J, b->energy.update_J, 0, 0);
        mho_learn_result_free(ctx, a);
        mho_learn_result_free(ctx, b);
    }
    mho_ctx_free(ctx);
}

static void smaller_tasks_are_learnt(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_learn_result *t = learn(ctx, "t-maze", MHO_AGENT_REWARD_PULSE, 10, 100, 0, 2);
    assert_true(t->n_solved >= 9);
    mho_learn_result *b = learn(ctx, "bandit", MHO_AGENT_R_STDP, 20, 300, 0, 2);
    assert_true(b->curve_good[299] >= 0.8);
    mho_learn_result *w = learn(ctx, "water-maze", MHO_AGENT_ACTOR_CRITIC, 6, 60, 0, 2);
    assert_true(w->curve_mean[59] < 30 && w->curve_mean[0] > 50);
    mho_learn_result_free(ctx, t);
    mho_learn_result_free(ctx, b);
    mho_learn_result_free(ctx, w);
    mho_ctx_free(ctx);
}

static void bad_options_are_named(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_world w;
    test_ok(ctx, mho_world_new(ctx, "t-maze", &w));
    mho_learn_opt good, o;
    mho_learn_defaults(&w, MHO_AGENT_REWARD_PULSE, &good);
    mho_learn_result *r = NULL;
#define REFUSED(change, text)                                                                      \
    do {                                                                                           \
        o = good;                                                                                  \
        change;                                                                                    \
        assert_int_equal(mho_learn_run(ctx, &w, &o, &r), MHO_ERR_ARG);                             \
        assert_null(r);                                                                            \
        assert_non_null(strstr(mho_ctx_last_error(ctx), text));                                    \
    } while (0)
    REFUSED(o.n_seed = 0, "seeds = 0");
    REFUSED(o.n_episode = 1000000, "episodes = 1000000");
    REFUSED((o.n_seed = 100000, o.n_episode = 100000), "50,000,000");
    REFUSED(o.temperature = 0, "temperature = 0");
    REFUSED(o.gamma = NAN, "gamma = nan");
    REFUSED(o.trace_steps = 101, "trace_steps = 101");
    REFUSED(o.opto.kappa = 2, "kappa");
    REFUSED(o.agent = (mho_agent)9, "agent 9");
    REFUSED(w.n_action = 9, "world.n_action = 9");
    w.n_action = 4;
    /* every allocation fails once; nothing is lost */
    good.n_seed = 2;
    good.n_episode = 3;
    size_t held = mho_ctx_bytes(ctx);
    int n_failed = 0;
    for (size_t k = 1; k < 200; k++) {
        mho_ctx_fail_alloc(ctx, k);
        mho_status status = mho_learn_run(ctx, &w, &good, &r);
        mho_ctx_fail_alloc(ctx, 0);
        if (status == MHO_OK) {
            mho_learn_result_free(ctx, r);
            break;
        }
        assert_int_equal(status, MHO_ERR_NOMEM);
        assert_int_equal(mho_ctx_bytes(ctx), held);
        n_failed++;
    }
    assert_true(n_failed > 10);
    mho_world_free(ctx, &w);
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(mazes_have_shortest_paths),
                                       cmocka_unit_test(moves_and_bumps),
                                       cmocka_unit_test(bad_mazes_are_named),
                                       cmocka_unit_test(huge_maze_takes_no_memory),
                                       cmocka_unit_test(pole_falls),
                                       cmocka_unit_test(maze_is_learnt),
                                       cmocka_unit_test(controls_learn_nothing),
                                       cmocka_unit_test(threads_do_not_matter),
                                       cmocka_unit_test(smaller_tasks_are_learnt),
                                       cmocka_unit_test(bad_options_are_named)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
