/* sweep_work.c - the chips of a sweep, made by threads and by ranks.
 *
 * Every process has one coordinating thread (the caller's) and workers. On rank 0 the workers take
 * units from the queue under a lock, and the coordinator answers the questions of other ranks from
 * the same queue; elsewhere a worker asks. A unit takes about a second and a question about a
 * millisecond, so who is free gets the next unit at once, whatever the units cost. */
#define _GNU_SOURCE
#include "sweep_int.h"

#include <omp.h>
#include <string.h>
#include <time.h>

typedef enum verb { ASK_UNIT, TELL_END, GIVE_UNIT, GIVE_NOTHING } verb;

/* What ranks send each other; one kind of machine per study, so as it lies in memory. */
typedef struct message {
    uint32_t verb;
    int32_t status;
    uint64_t point, chip, n_made;
    mho_i_hash key;
    char text[400];
} message;

typedef struct state {
    mho_i_work *work;
    omp_lock_t queue_lock, journal_lock;
    int stop;           /* atomic: no new units */
    int n_running;      /* atomic: workers of this process */
    size_t n_far;       /* rank 0: ranks that have not ended */
    size_t n_made, all; /* rank 0: by all ranks; to make */
    size_t n_told;      /* other ranks: units that rank 0 has heard of */
    mho_status status;  /* first failure, its text */
    char text[400];
} state;

/* Rank 0, or alone. */
static bool leads(const mho_i_work *w) {
    return !w->team || w->team->rank == 0;
}

static bool stopped(const state *s) {
    int stop;
#pragma omp atomic read
    stop = s->stop;
    return stop != 0;
}

static void halt(state *s) {
#pragma omp atomic write
    s->stop = 1;
}

static void nap(double seconds) {
    struct timespec t = {0, (long)(seconds * 1e9)};
    nanosleep(&t, NULL);
}

/* Under queue_lock. */
static void note_failure(state *s, mho_status status, const char *text) {
    if (s->status == MHO_OK) {
        s->status = status;
        snprintf(s->text, sizeof s->text, "%s", text);
    }
    halt(s);
}

static void fail_with(state *s, mho_status status, const char *text) {
    omp_set_lock(&s->queue_lock);
    note_failure(s, status, text);
    omp_unset_lock(&s->queue_lock);
}

/* ---- units ---- */

static bool from_queue(state *s, message *m) {
    mho_i_work *w = s->work;
    size_t point = (size_t)m->point, chip = 0;
    if (stopped(s) || !mho_i_queue_claim(w->queue, &point, &chip)) {
        return false;
    }
    m->point = point;
    m->chip = chip;
    m->key = w->key ? w->key[point] : mho_i_hash_init();
    return true;
}

/* The next unit for a worker at m->point. */
static bool next_unit(state *s, message *m) {
    mho_i_work *w = s->work;
    bool got = false;
    omp_set_lock(&s->queue_lock);
    if (leads(w)) {
        got = from_queue(s, m);
    } else if (!stopped(s)) {
        m->verb = ASK_UNIT;
        m->n_made = w->n_made - s->n_told;
        s->n_told = w->n_made;
        if (!w->team->ask(w->team->user, m, sizeof *m)) {
            note_failure(s, MHO_ERR_IO, "the team of ranks is broken");
        }
        got = !stopped(s) && m->verb == GIVE_UNIT;
    }
    omp_unset_lock(&s->queue_lock);
    return got;
}

static bool go_on(void *user, const char *stage, double done_frac) {
    (void)stage;
    (void)done_frac;
    return !stopped(user);
}

/* One unit; false: nothing is left for this worker. */
static bool work_once(state *s, mho_i_worker *me) {
    mho_i_work *w = s->work;
    message m = {.point = me->point};
    if (stopped(s) || !next_unit(s, &m)) {
        return false;
    }
    mho_i_unit unit = {.key = m.key};
    double t0 = mho_i_now_s();
    mho_status status = mho_i_worker_make(me, w, (size_t)m.point, (uint32_t)m.chip, &unit);
    if (status < 0) {
        if (status != MHO_ERR_CANCELLED || !stopped(s)) {
            fail_with(s, status, mho_ctx_last_error(me->ctx));
        }
        return false;
    }
    omp_set_lock(&s->journal_lock);
    status = !w->journal ? MHO_OK : mho_i_sweep_journal_add(w->journal, &unit);
    omp_unset_lock(&s->journal_lock);
    omp_set_lock(&s->queue_lock);
    if (status < 0) {
        note_failure(s, status, mho_ctx_last_error(w->journal->ctx));
    } else {
        w->n_made++;
        w->sum_unit_s += mho_i_now_s() - t0;
        s->n_made++;
    }
    omp_unset_lock(&s->queue_lock);
    return status == MHO_OK;
}

/* ---- coordination ---- */

/* Rank 0: answer every waiting question. */
static void serve(state *s) {
    const mho_team *team = s->work->team;
    while (s->n_far) {
        message m;
        int from = -1;
        bool fine = team->poll(team->user, &from, &m, sizeof m);
        if (fine && from < 0) {
            return;
        }
        omp_set_lock(&s->queue_lock);
        if (fine && m.verb == TELL_END) {
            s->n_far--;
            if (m.status < 0) {
                note_failure(s, (mho_status)m.status, m.text);
            }
            m.verb = GIVE_NOTHING;
        } else if (fine) {
            s->n_made += (size_t)m.n_made;
            m.verb = from_queue(s, &m) ? GIVE_UNIT : GIVE_NOTHING;
        }
        fine = fine && team->reply(team->user, from, &m, sizeof m);
        if (!fine) {
            note_failure(s, MHO_ERR_IO, "the team of ranks is broken");
            s->n_far = 0;
        }
        omp_unset_lock(&s->queue_lock);
    }
}

static void report_progress(state *s) {
    mho_i_work *w = s->work;
    size_t made;
    if (!leads(w) || stopped(s)) {
        return;
    }
    omp_set_lock(&s->queue_lock);
    made = s->n_made;
    omp_unset_lock(&s->queue_lock);
    mho_status status = mho_i_progress(w->ctx, w->train_only ? "training networks" : "making chips",
                                       s->all ? (double)made / (double)s->all : 1);
    if (status < 0) {
        fail_with(s, status, mho_ctx_last_error(w->ctx));
    }
}

static bool any_running(state *s) {
    int n;
#pragma omp atomic read
    n = s->n_running;
    return n > 0;
}

/* The calling thread, while the workers work. alone: it is the only one that there is. */
static void coordinate(state *s, mho_i_worker *alone) {
    bool busy = true;
    while (busy || s->n_far) {
        if (s->n_far) {
            serve(s);
        }
        report_progress(s);
        if (alone && busy) {
            busy = work_once(s, alone);
        } else {
            busy = !alone && any_running(s);
            nap(s->n_far ? 5e-4 : 5e-3);
        }
    }
}

static void run_team(state *s, mho_i_worker *worker, int n_worker) {
    s->n_running = n_worker;
#pragma omp parallel num_threads(n_worker + 1)
    {
        int me = omp_get_thread_num(), n = omp_get_num_threads();
        if (n < 2) { /* inside another parallel region */
            coordinate(s, worker);
        } else if (me == 0) {
            if (n < n_worker + 1) {
#pragma omp atomic update
                s->n_running -= n_worker + 1 - n;
            }
            coordinate(s, NULL);
        } else {
            while (work_once(s, &worker[me - 1])) {
            }
#pragma omp atomic update
            s->n_running--;
        }
    }
}

/* Ranks above 0 say how it went, and that they have closed their journal. */
static mho_status say_end(state *s) {
    mho_i_work *w = s->work;
    message m = {.verb = TELL_END, .status = s->status};
    snprintf(m.text, sizeof m.text, "%s", s->text);
    if (!w->team->ask(w->team->user, &m, sizeof m)) {
        return mho_i_fail(w->ctx, MHO_ERR_IO, "the team of %d ranks is broken: rank %d cannot ask",
                          w->team->n_rank, w->team->rank);
    }
    return MHO_OK;
}

static mho_status new_workers(state *s, int n_worker, mho_i_worker **out) {
    mho_ctx *ctx = s->work->ctx;
    mho_i_worker *worker = mho_i_alloc(ctx, (size_t)n_worker, sizeof *worker);
    mho_status status = worker ? MHO_OK : MHO_ERR_NOMEM;
    for (int k = 0; status == MHO_OK && k < n_worker; k++) {
        worker[k].point = SIZE_MAX;
        status = mho_ctx_new(&worker[k].ctx);
        if (status == MHO_OK) {
            status = mho_ctx_set_threads(worker[k].ctx, 1);
            mho_ctx_set_progress(worker[k].ctx, go_on, s);
        }
    }
    *out = worker;
    return status;
}

static void free_workers(mho_ctx *ctx, mho_i_worker *worker, int n_worker) {
    for (int k = 0; worker && k < n_worker; k++) {
        if (worker[k].ctx) {
            mho_i_worker_end(&worker[k]);
            mho_ctx_free(worker[k].ctx);
        }
    }
    mho_i_free(ctx, worker);
}

mho_status mho_i_work_run(mho_i_work *w) {
    state s = {.work = w};
    int n_worker = mho_ctx_threads(w->ctx);
    if (leads(w)) {
        s.all = w->queue ? w->queue->n_left : 0;
        s.n_far = w->team ? (size_t)w->team->n_rank - 1 : 0;
        n_worker = (size_t)n_worker < s.all ? n_worker : (int)s.all;
    }
    mho_i_worker *worker = NULL;
    mho_status status = w->ready < 0 ? w->ready : new_workers(&s, n_worker, &worker);
    omp_init_lock(&s.queue_lock);
    omp_init_lock(&s.journal_lock);
    if (status < 0) { /* the other ranks must not wait for this one */
        note_failure(&s, status, mho_ctx_last_error(w->ctx));
    }
    if (n_worker || s.n_far) {
        run_team(&s, worker, status < 0 ? 0 : n_worker);
    }
    free_workers(w->ctx, worker, n_worker);
    if (w->journal) {
        status = mho_i_sweep_journal_close(w->journal);
        if (status < 0) {
            note_failure(&s, status, mho_ctx_last_error(w->journal->ctx));
        }
    }
    omp_destroy_lock(&s.queue_lock);
    omp_destroy_lock(&s.journal_lock);
    status = leads(w) ? MHO_OK : say_end(&s);
    return s.status < 0 ? mho_i_fail(w->ctx, s.status, "%s", s.text) : status;
}
