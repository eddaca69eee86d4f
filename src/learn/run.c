/* run.c - many runs side by side: each has its own devices and its own luck, both functions of the
 * seed and the number of the run, so the result does not depend on threads. One agent for each
 * thread is made before the parallel part and started anew for every run. */
#include "learn_int.h"

#include <math.h>
#include <omp.h>
#include <string.h>

typedef struct runner {
    mho_ctx *ctx;
    const mho_world *world;
    const mho_learn_opt *opt;
    mho_learn_result *r;
    mho_i_hidden *hidden;
    mho_i_agent **agent; /* [n_thread] */
    int n_thread;
    mho_opto_account *account; /* [n_seed] */
    uint64_t *n_update;        /* [n_seed] */
    double *update_J;          /* [n_seed] */
    double *least;             /* [n_seed] mean over episodes */
    double *late;              /* [n_seed] sum over episodes 20 to 50 of steps over least steps */
} runner;

/* ---- one run ---- */

/* first, a middle and the last episode of the first run are kept */
static mho_replay *replay_of(const runner *run, size_t k, size_t number) {
    for (size_t j = 0; k == 0 && j < MHO_REPLAY_COUNT; j++) {
        if (run->r->replay[j].episode == number && run->r->replay[j].place) {
            return &run->r->replay[j];
        }
    }
    return NULL;
}

static mho_status one_run(runner *run, mho_i_agent *a, size_t k) {
    size_t n_episode = run->opt->n_episode, row = 0;
    mho_status status = mho_i_agent_start(a, k, mho_i_learn_run_seed(run->opt->seed, k));
    for (size_t j = 0; j < n_episode && status == MHO_OK; j++) {
        mho_i_episode e = {
            .a = a, .world = run->world, .number = j, .replay = replay_of(run, k, j)};
        double least = NAN;
        status = mho_i_episode_begin(&e, &least);
        while (!e.done && status == MHO_OK) {
            status = mho_i_episode_step(&e);
        }
        bool good = e.success && e.n_step <= run->world->good_steps;
        run->r->steps[k * n_episode + j] = (uint32_t)e.n_step;
        run->r->good[k * n_episode + j] = good;
        row = good ? row + 1 : 0;
        if (row == run->world->good_row && !run->r->solved_at[k]) {
            run->r->solved_at[k] = (uint32_t)j + 1;
        }
        run->least[k] += least / (double)n_episode;
        run->late[k] += j >= 19 && j < 50 ? (double)e.n_step / least : 0;
    }
    mho_i_agent_account(a, &run->account[k]);
    run->n_update[k] = a->n_update;
    run->update_J[k] = a->write_J;
    return status;
}

/* Policy, value and states of the first run at the end; a is the agent that just did it. */
static mho_status portrait(runner *run, mho_i_agent *a) {
    mho_learn_result *r = run->r;
    size_t n = r->n_cell / 2;
    memcpy(r->x_plus, mho_opto_cells_x(a->actor.plus), n * sizeof *r->x_plus);
    memcpy(r->x_minus, mho_opto_cells_x(a->actor.minus), n * sizeof *r->x_minus);
    mho_status status = mho_i_agent_pause(a); /* no photoconductance in the picture */
    for (size_t k = 0; k < r->n_place && status == MHO_OK; k++) {
        mho_world_input in = {k, 1};
        status = mho_i_agent_see(a, false, 1, &in);
        memcpy(r->policy + k * r->n_action, a->prob, r->n_action * sizeof *a->prob);
        double best = -1;
        for (size_t j = 0; j < r->n_action && !a->hidden; j++) {
            best = fmax(best, r->x_plus[k * r->n_action + j] - r->x_minus[k * r->n_action + j]);
        }
        r->value[k] = run->opt->critic ? a->value : best;
    }
    return status;
}

static mho_status all_runs(runner *run) {
    mho_status failed = MHO_OK;
    size_t n_seed = run->opt->n_seed, n_done = 0;
    /* slices, so that progress is told and a stop is heard between them */
    size_t slice = (size_t)run->n_thread * 4;
    for (size_t first = 0; first < n_seed && failed == MHO_OK; first += slice) {
        size_t last = first + slice < n_seed ? first + slice : n_seed;
        int worst = MHO_OK;
#pragma omp parallel for schedule(dynamic, 1) num_threads(run->n_thread) reduction(min : worst)
        for (size_t k = first; k < last; k++) {
            mho_i_agent *a = run->agent[omp_get_thread_num()];
            mho_status status = one_run(run, a, k);
            if (status == MHO_OK && k == 0) {
                status = portrait(run, a);
            }
            worst = (int)status < worst ? (int)status : worst;
        }
        n_done = last;
        failed = (mho_status)worst;
        if (failed == MHO_OK) {
            failed = mho_i_progress(run->ctx, "learning", (double)n_done / (double)n_seed);
        }
    }
    return failed;
}

/* ---- memory ---- */

static mho_status new_result(mho_ctx *ctx, const mho_world *w, const mho_learn_opt *opt,
                             mho_learn_result *r) {
    size_t n = opt->n_seed * opt->n_episode, hidden = (size_t)opt->hidden;
    r->opt = *opt;
    snprintf(r->world, sizeof r->world, "%s", w->name);
    r->n_place = w->n_place;
    r->n_action = w->n_action;
    r->n_row = w->n_row;
    r->n_col = w->n_col;
    r->max_step = w->max_step;
    r->good_steps = w->good_steps;
    r->good_row = w->good_row;
    r->endure = w->endure;
    r->pool = w->pool;
    r->action_arrows = w->action_arrows;
    r->n_cell = 2 * w->n_action * (opt->agent == MHO_AGENT_MOTT_POLICY ? hidden : w->n_place);
    const struct {
        void **at;
        size_t n, size;
    } parts[] = {{(void **)&r->steps, n, sizeof *r->steps},
                 {(void **)&r->good, n, sizeof *r->good},
                 {(void **)&r->solved_at, opt->n_seed, sizeof *r->solved_at},
                 {(void **)&r->curve_mean, opt->n_episode, sizeof(double)},
                 {(void **)&r->curve_sd, opt->n_episode, sizeof(double)},
                 {(void **)&r->curve_lo, opt->n_episode, sizeof(double)},
                 {(void **)&r->curve_hi, opt->n_episode, sizeof(double)},
                 {(void **)&r->curve_good, opt->n_episode, sizeof(double)},
                 {(void **)&r->policy, w->n_place * w->n_action, sizeof(double)},
                 {(void **)&r->value, w->n_place, sizeof(double)},
                 {(void **)&r->x_plus, r->n_cell / 2, sizeof(double)},
                 {(void **)&r->x_minus, r->n_cell / 2, sizeof(double)}};
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
        *parts[k].at = mho_i_alloc(ctx, parts[k].n, parts[k].size);
        if (!*parts[k].at) {
            return MHO_ERR_NOMEM;
        }
    }
    if (w->picture) {
        r->picture = mho_i_alloc(ctx, w->n_place + 1, 1);
        if (!r->picture) {
            return MHO_ERR_NOMEM;
        }
        memcpy(r->picture, w->picture, w->n_place);
    }
    return MHO_OK;
}

static mho_status new_replays(mho_ctx *ctx, mho_learn_result *r) {
    size_t last = r->opt.n_episode - 1, number[MHO_REPLAY_COUNT] = {0, last < 9 ? last : 9, last};
    for (size_t k = 0; k < MHO_REPLAY_COUNT; k++) {
        mho_replay *p = &r->replay[k];
        p->episode = number[k];
        if (k && number[k] == number[k - 1]) {
            continue; /* fewer episodes than pictures */
        }
        p->place = mho_i_alloc(ctx, r->max_step + 1, sizeof *p->place);
        p->action = mho_i_alloc(ctx, r->max_step + 1, sizeof *p->action);
        p->position = mho_i_alloc(ctx, 2 * (r->max_step + 1), sizeof *p->position);
        if (!p->place || !p->action || !p->position) {
            return MHO_ERR_NOMEM;
        }
    }
    return MHO_OK;
}

static mho_status new_runner(runner *run) {
    mho_ctx *ctx = run->ctx;
    size_t n = run->opt->n_seed;
    run->n_thread = mho_ctx_threads(ctx);
    run->n_thread = (size_t)run->n_thread < n ? run->n_thread : (int)n;
    run->agent = mho_i_alloc(ctx, (size_t)run->n_thread, sizeof(mho_i_agent *));
    run->account = mho_i_alloc(ctx, n, sizeof *run->account);
    run->n_update = mho_i_alloc(ctx, n, sizeof *run->n_update);
    run->update_J = mho_i_alloc(ctx, n, sizeof *run->update_J);
    run->least = mho_i_alloc(ctx, n, sizeof *run->least);
    run->late = mho_i_alloc(ctx, n, sizeof *run->late);
    if (!run->agent || !run->account || !run->n_update || !run->update_J || !run->least ||
        !run->late) {
        return MHO_ERR_NOMEM;
    }
    mho_status status = MHO_OK;
    if (run->opt->agent == MHO_AGENT_MOTT_POLICY) {
        status = mho_i_hidden_new(ctx, n, run->world->n_place, (size_t)run->opt->hidden, run->opt,
                                  &run->hidden);
    }
    for (int k = 0; k < run->n_thread && status == MHO_OK; k++) {
        status = mho_i_agent_new(ctx, run->opt, run->hidden, run->world->n_place,
                                 run->world->n_action, &run->agent[k]);
    }
    return status;
}

static void free_runner(runner *run) {
    for (int k = 0; run->agent && k < run->n_thread; k++) {
        mho_i_agent_free(run->agent[k]);
    }
    mho_i_hidden_free(run->hidden);
    mho_i_free(run->ctx, run->agent);
    mho_i_free(run->ctx, run->account);
    mho_i_free(run->ctx, run->n_update);
    mho_i_free(run->ctx, run->update_J);
    mho_i_free(run->ctx, run->least);
    mho_i_free(run->ctx, run->late);
}

void mho_learn_result_free(mho_ctx *ctx, mho_learn_result *r) {
    if (!r) {
        return;
    }
    void *parts[] = {r->steps,    r->good,       r->solved_at, r->curve_mean, r->curve_sd,
                     r->curve_lo, r->curve_hi,   r->policy,    r->value,      r->x_plus,
                     r->x_minus,  r->curve_good, r->picture};
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
        mho_i_free(ctx, parts[k]);
    }
    for (size_t k = 0; k < MHO_REPLAY_COUNT; k++) {
        mho_i_free(ctx, r->replay[k].place);
        mho_i_free(ctx, r->replay[k].action);
        mho_i_free(ctx, r->replay[k].position);
    }
    mho_i_free(ctx, r);
}

/* ---- sums over runs ---- */

static void sum_energy(const runner *run) {
    mho_learn_result *r = run->r;
    mho_learn_energy *e = &r->energy;
    double n_run = (double)r->opt.n_seed, n_episode = n_run * (double)r->opt.n_episode;
    double steps = 0, updates = 0, update_J = 0, seen = 0, moved = 0;
    double least = 0, late = 0;
    for (size_t k = 0; k < r->opt.n_seed * r->opt.n_episode; k++) {
        steps += r->steps[k];
    }
    for (size_t k = 0; k < r->opt.n_seed; k++) {
        const mho_opto_account *c = &run->account[k];
        updates += (double)run->n_update[k];
        update_J += run->update_J[k];
        seen += (double)c->write_cells;
        moved += (double)c->change_cells;
        e->episode_write_J += c->write_J / n_episode;
        e->episode_light_J += c->optical_J / n_episode;
        e->episode_read_J += c->read_J / n_episode;
        e->episode_s += c->time_s / n_episode;
        least += run->least[k] / n_run;
        late += run->late[k] / (31 * n_run);
    }
    e->update_J = updates > 0 ? update_J / updates : 0;
    e->mark_J = e->episode_light_J * n_episode / steps;
    e->updates = updates / n_episode;
    e->steps = steps / n_episode;
    e->change_share = seen > 0 ? moved / seen : 0;
    r->least_mean = least;
    r->late_ratio = r->opt.n_episode >= 50 && run->world->least ? late : (double)NAN;
}

mho_status mho_learn_run(mho_ctx *ctx, const mho_world *world, const mho_learn_opt *opt,
                         mho_learn_result **out) {
    *out = NULL;
    double start_s = mho_i_now_s();
    mho_status status = mho_i_learn_check(ctx, world, opt);
    if (status < 0) {
        return status;
    }
    mho_learn_result *r = mho_i_alloc(ctx, 1, sizeof *r);
    if (!r) {
        return MHO_ERR_NOMEM;
    }
    runner run = {.ctx = ctx, .world = world, .opt = opt, .r = r};
    status = new_result(ctx, world, opt, r);
    status = status < 0 ? status : new_replays(ctx, r);
    status = status < 0 ? status : new_runner(&run);
    status = status < 0 ? status : all_runs(&run);
    if (status == MHO_OK) {
        sum_energy(&run);
        status = mho_i_learn_summary(ctx, r);
        r->total_s = mho_i_now_s() - start_s;
    }
    free_runner(&run);
    if (status < 0) {
        mho_learn_result_free(ctx, r);
        return status;
    }
    *out = r;
    return MHO_OK;
}
