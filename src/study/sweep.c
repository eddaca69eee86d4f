/* sweep.c - a study from its file to its result: one directory, one lock, networks, chips, sums.
 *
 *     out_dir/lock              held by the process (or rank 0) that works here
 *     out_dir/study.yaml        copy of the study file
 *     out_dir/nets/             trained networks, by hash
 *     out_dir/journal/          finished chips, a file a rank */
#define _GNU_SOURCE
#include "sweep_int.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, N_PROBE_IMAGE = 128 };
/* program, libraries, stacks, buffers of the file system interface: measured 12 to 20 MiB */
static const size_t PROGRAM_BYTES = 24u << 20;

/* An accuracy that none is: the chip's record has not been read. */
static const double NOT_THERE = -1;

typedef struct sweep {
    mho_ctx *ctx, *journal_ctx;
    const mho_study *s;
    const mho_sweep_opt *opt;
    mho_sweep_result *r; /* rank 0 */
    int lock_fd;
    mho_i_sweep_data data;
    mho_net *net; /* base; NULL with retrain */
    mho_i_hash *key;
    size_t *order; /* points by key */
    mho_i_queue queue;
    mho_i_sweep_journal journal;
    mho_sweep_plan plan;
} sweep;

static bool leads(const sweep *w) {
    return !w->opt->team || w->opt->team->rank == 0;
}

static mho_status path_in(const sweep *w, const char *name, char path[PATH_BYTES]) {
    return mho_i_path_join(w->ctx, w->opt->out_dir, name, path, PATH_BYTES);
}

/* ---- the directory ---- */

/* flock ends with the process, however that ends, and works between machines on NFS too. */
static mho_status take_lock(sweep *w) {
    char path[PATH_BYTES], who[200] = "", host[100] = "";
    mho_status status = path_in(w, "lock", path);
    if (status < 0) {
        return status;
    }
    w->lock_fd = mho_i_open(path, O_RDWR | O_CREAT);
    if (w->lock_fd < 0) {
        return mho_i_fail(w->ctx, MHO_ERR_IO, "%s: cannot be written: %s", path, strerror(errno));
    }
    int rc;
    do {
        rc = flock(w->lock_fd, LOCK_EX | LOCK_NB);
    } while (rc != 0 && errno == EINTR);
    if (rc != 0) {
        bool busy = errno == EWOULDBLOCK;
        ssize_t n = busy ? pread(w->lock_fd, who, sizeof who - 1, 0) : 0;
        who[n > 0 ? n : 0] = 0;
        return busy ? mho_i_fail(w->ctx, MHO_ERR_IO,
                                 "%s: another process (%.100s) is working on it; wait for it, or "
                                 "give this study another --out",
                                 w->opt->out_dir, *who ? who : "unknown")
                    : mho_i_fail(w->ctx, MHO_ERR_IO, "%s: cannot be locked: %s", path,
                                 strerror(errno));
    }
    gethostname(host, sizeof host - 1);
    int n = snprintf(who, sizeof who, "process %ld on %s", (long)getpid(), host);
    /* for the message above only: a disk that is full is noticed where it matters */
    if (ftruncate(w->lock_fd, 0) == 0 && pwrite(w->lock_fd, who, (size_t)n, 0) != n) {
        (void)ftruncate(w->lock_fd, 0);
    }
    return MHO_OK;
}

static mho_status prepare_dir(sweep *w) {
    char path[PATH_BYTES];
    mho_status status = path_in(w, "nets", path);
    if (status == MHO_OK) {
        status = mho_i_mkdirs(w->ctx, path);
    }
    if (status == MHO_OK) {
        status = take_lock(w);
    }
    if (status == MHO_OK) {
        status = path_in(w, "study.yaml", path);
    }
    return status < 0 ? status : mho_i_file_write(w->ctx, path, w->s->text, w->s->n_text);
}

/* ---- before the chips ---- */

/* Other ranks find the base network by the hash of the training pictures, and need not read them.
 */
static mho_status tell_pictures(sweep *w) {
    char path[PATH_BYTES];
    mho_status status = path_in(w, "nets/pictures", path);
    return status < 0
               ? status
               : mho_i_file_write(w->ctx, path, w->data.train_hash, strlen(w->data.train_hash));
}

static mho_status hear_pictures(sweep *w) {
    char path[PATH_BYTES];
    unsigned char *text = NULL;
    size_t n = 0;
    mho_status status = path_in(w, "nets/pictures", path);
    if (status == MHO_OK) {
        status = mho_i_file_read(w->ctx, path, 1000, &text, &n);
    }
    if (status == MHO_OK) {
        snprintf(w->data.train_hash, sizeof w->data.train_hash, "%s", (const char *)text);
    }
    mho_i_free(w->ctx, text);
    return status;
}

static mho_status base_net(sweep *w) {
    if (w->s->retrain) {
        return MHO_OK;
    }
    return mho_i_sweep_net(w->ctx, w->s, &w->data, &w->s->base, w->opt->out_dir, &w->net);
}

/* Accuracy of the base network and of its ideal chip; memory that a worker takes. */
static mho_status probe(sweep *w) {
    mho_sweep_result *r = w->r;
    mho_ctx *own = NULL;
    mho_chip *chip = NULL;
    mho_dataset *few = NULL;
    r->software_accuracy = r->ideal_accuracy = NAN;
    if (!w->net) {
        return MHO_OK;
    }
    size_t n = mho_dataset_n_image(w->data.test);
    mho_status status =
        mho_net_eval(w->ctx, w->net, w->data.test, NULL, NULL, NULL, &r->software_accuracy);
    if (status == MHO_OK) {
        status = mho_dataset_first(w->data.test, n < N_PROBE_IMAGE ? n : N_PROBE_IMAGE, &few);
    }
    if (status == MHO_OK) {
        status = mho_ctx_new(&own);
    }
    if (status < 0) {
        mho_dataset_free(few);
        return status;
    }
    double ignore, ideal;
    /* one thread, as a worker; a base chip that cannot be made is no reason to stop */
    status = mho_ctx_set_threads(own, 1);
    status = status < 0 ? status : mho_chip_new(own, &w->s->base, w->net, &chip);
    status = status < 0 ? status : mho_chip_program(chip, w->s->seed, 0, w->s->imperfections, NULL);
    status = status < 0 ? status : mho_chip_calibrate(chip, w->data.few, 0, NULL);
    status = status < 0 ? status : mho_chip_evaluate(chip, few, NULL, &ignore);
    w->plan.bytes = mho_ctx_peak_bytes(own);
    status = status < 0 ? status : mho_ctx_set_threads(own, mho_ctx_threads(w->ctx));
    status = status < 0 ? status : mho_chip_program(chip, w->s->seed, 0, 0, NULL);
    status = status < 0 ? status : mho_chip_calibrate(chip, w->data.few, 0, NULL);
    status = status < 0 ? status : mho_chip_evaluate(chip, w->data.test, NULL, &ideal);
    if (status == MHO_OK) {
        r->ideal_accuracy = ideal;
    }
    mho_chip_free(chip);
    if (mho_i_is_fatal(status)) {
        mho_i_fail(w->ctx, status, "%s", mho_ctx_last_error(own));
    } else {
        status = MHO_OK;
    }
    mho_ctx_free(own);
    mho_dataset_free(few);
    return status;
}

/* Rank 0: what all others need, in the directory. */
static mho_status lead_off(sweep *w) {
    mho_status status = prepare_dir(w);
    if (status == MHO_OK) {
        status = mho_i_progress(w->ctx, "reading pictures", 0);
    }
    if (status == MHO_OK) {
        status = mho_i_sweep_data_test(w->ctx, w->s, &w->data);
    }
    if (status == MHO_OK) {
        status = mho_i_sweep_data_train(w->ctx, w->s, &w->data);
    }
    if (status == MHO_OK) {
        status = base_net(w);
    }
    if (status == MHO_OK) {
        status = tell_pictures(w);
    }
    return status;
}

/* Does any point need training pictures after programming? */
static bool wants_calibration(const sweep *w) {
    mho_chip_spec spec;
    bool yes = false;
    for (size_t p = 0; p < w->s->n_point && !yes; p++) {
        yes = mho_i_study_spec(w->ctx, w->s, p, &spec) == MHO_OK && mho_i_wants_calibration(&spec);
    }
    return yes;
}

static mho_status follow(sweep *w) {
    mho_status status = mho_i_sweep_data_test(w->ctx, w->s, &w->data);
    if (status == MHO_OK) {
        status = w->s->retrain || wants_calibration(w)
                     ? mho_i_sweep_data_train(w->ctx, w->s, &w->data)
                     : hear_pictures(w);
    }
    status = status < 0 ? status : base_net(w);
    if (!w->s->retrain) { /* not needed any more */
        mho_dataset_free(w->data.train);
        w->data.train = NULL;
    }
    return status;
}

/* ---- what is known already ---- */

static int compare_keys(const mho_i_hash *a, const mho_i_hash *b) {
    return a->hi != b->hi   ? (a->hi < b->hi ? -1 : 1)
           : a->lo != b->lo ? (a->lo < b->lo ? -1 : 1)
                            : 0;
}

/* Heap sort: no memory of its own, and no state behind a comparison's back. */
static void sift(const mho_i_hash *key, size_t *order, size_t at, size_t n) {
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && compare_keys(&key[order[child]], &key[order[child + 1]]) < 0) {
            child++;
        }
        if (compare_keys(&key[order[at]], &key[order[child]]) >= 0) {
            return;
        }
        size_t keep = order[at];
        order[at] = order[child];
        order[child] = keep;
    }
}

static void sort_points(const mho_i_hash *key, size_t *order, size_t n) {
    for (size_t k = 0; k < n; k++) {
        order[k] = k;
    }
    for (size_t k = n / 2; k-- > 0;) {
        sift(key, order, k, n);
    }
    for (size_t k = n; k-- > 1;) {
        size_t keep = order[0];
        order[0] = order[k];
        order[k] = keep;
        sift(key, order, 0, k);
    }
}

static mho_status point_keys(sweep *w) {
    w->key = mho_i_alloc(w->ctx, w->s->n_point, sizeof *w->key);
    w->order = mho_i_alloc(w->ctx, w->s->n_point, sizeof *w->order);
    mho_status status = w->key && w->order ? MHO_OK : MHO_ERR_NOMEM;
    for (size_t p = 0; p < w->s->n_point && status == MHO_OK; p++) {
        mho_chip_spec spec;
        mho_net *own = NULL;
        status = mho_study_spec(w->s, p, &spec);
        if (status == MHO_OK && w->s->retrain) {
            status = mho_i_sweep_net(w->ctx, w->s, &w->data, &spec, w->opt->out_dir, &own);
            status = mho_i_is_fatal(status) ? status : MHO_OK; /* its chips say why */
        }
        if (status == MHO_OK) {
            mho_i_sweep_key(w->s, &w->data, &spec, w->net ? w->net : own, &w->key[p]);
        }
        mho_net_free(own);
    }
    if (status == MHO_OK) {
        sort_points(w->key, w->order, w->s->n_point);
    }
    return status;
}

/* First place in order whose key is not below. */
static size_t find_key(const sweep *w, const mho_i_hash *key) {
    size_t lo = 0, hi = w->s->n_point;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (compare_keys(&w->key[w->order[mid]], key) < 0) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

/* A record of a journal belongs to every point of its key: points may be alike. */
static mho_status take_known(void *user, const mho_i_unit *unit) {
    sweep *w = user;
    for (size_t k = find_key(w, &unit->key); unit->chip < w->s->n_chip && k < w->s->n_point &&
                                             compare_keys(&w->key[w->order[k]], &unit->key) == 0;
         k++) {
        size_t p = w->order[k];
        mho_i_queue_known(&w->queue, p, unit->chip);
        memcpy(w->r->value + (p * w->s->n_chip + unit->chip) * MHO_N_METRIC, unit->value,
               sizeof unit->value);
        if (unit->failed && !w->r->point[p].why) {
            w->r->point[p].why = mho_i_strdup(w->ctx, unit->why);
            if (!w->r->point[p].why) {
                return MHO_ERR_NOMEM;
            }
        }
    }
    return MHO_OK;
}

static mho_status read_journals(sweep *w) {
    char path[PATH_BYTES];
    mho_status status = path_in(w, "journal", path);
    return status < 0 ? status : mho_i_sweep_journal_read(w->ctx, path, take_known, w);
}

static mho_status new_result(sweep *w) {
    const mho_study *s = w->s;
    mho_ctx *ctx = w->ctx;
    mho_sweep_result *r = mho_i_alloc(ctx, 1, sizeof *r);
    if (!r) {
        return MHO_ERR_NOMEM;
    }
    w->r = r;
    r->ctx = ctx;
    r->study = s;
    r->n_point = s->n_point;
    r->n_chip = s->n_chip;
    r->n_axis = s->n_axis;
    r->threshold = s->threshold;
    r->value = mho_i_alloc(ctx, s->n_point * s->n_chip * MHO_N_METRIC, sizeof *r->value);
    r->point = mho_i_alloc(ctx, s->n_point, sizeof *r->point);
    r->effect = mho_i_alloc(ctx, s->n_axis, sizeof *r->effect);
    r->front = mho_i_alloc(ctx, s->n_point, sizeof *r->front);
    r->fit = mho_i_alloc(ctx, s->n_axis * MHO_SWEEP_N_FIT, sizeof *r->fit);
    if (!r->value || !r->point || !r->effect || !r->front || !r->fit) {
        return MHO_ERR_NOMEM;
    }
    for (size_t k = 0; k < s->n_point * s->n_chip; k++) {
        r->value[k * MHO_N_METRIC + MHO_METRIC_ACCURACY] = NOT_THERE;
    }
    return MHO_OK;
}

static void describe(sweep *w) {
    mho_sweep_result *r = w->r;
    mho_i_hash all = mho_i_hash_init();
    r->data_name = w->data.name;
    r->n_image = mho_dataset_n_image(w->data.test);
    r->n_train = w->data.n_train;
    snprintf(r->data_hash, sizeof r->data_hash, "%s", w->data.test_hash);
    mho_i_hash_add(&all, w->key, r->n_point * sizeof *w->key);
    mho_i_hash_add(&all, &r->n_chip, sizeof r->n_chip);
    mho_i_hash_hex(&all, r->key);
}

/* Rank 0: the queue, without what the journals know. */
static mho_status plan_chips(sweep *w) {
    mho_status status = point_keys(w);
    if (status == MHO_OK && !w->s->retrain) { /* not needed any more */
        mho_dataset_free(w->data.train);
        w->data.train = NULL;
    }
    if (status == MHO_OK) {
        status = probe(w);
    }
    if (status == MHO_OK) {
        status = mho_i_queue_new(&w->queue, w->ctx, w->s->n_point, w->s->n_chip);
    }
    if (status == MHO_OK) {
        status = read_journals(w);
    }
    if (status < 0) {
        return status;
    }
    describe(w);
    mho_sweep_plan *plan = &w->plan;
    size_t n_rank = w->opt->team ? (size_t)w->opt->team->n_rank : 1;
    size_t n_own = (size_t)mho_ctx_threads(w->ctx);
    plan->n_point = w->s->n_point;
    plan->n_chip = w->s->n_chip;
    plan->n_unit = plan->n_point * plan->n_chip;
    plan->n_known = plan->n_unit - w->queue.n_left;
    n_own = n_own < w->queue.n_left ? n_own : w->queue.n_left;
    plan->n_worker = n_own * n_rank;
    plan->bytes = plan->bytes * n_own + mho_ctx_bytes(w->ctx) + PROGRAM_BYTES;
    w->r->n_known = plan->n_known;
    if (w->opt->begin) {
        w->opt->begin(w->opt->user, plan);
    }
    return MHO_OK;
}

/* ---- phases; every rank goes through all of them, whatever failed where ---- */

static mho_status barrier(const sweep *w, mho_status status) {
    const mho_team *team = w->opt->team;
    if (team && !team->barrier(team->user) && status == MHO_OK) {
        status = mho_i_fail(w->ctx, MHO_ERR_IO, "the team of %d ranks is broken: rank %d, barrier",
                            team->n_rank, team->rank);
    }
    return status;
}

static mho_i_work work_of(sweep *w, mho_status ready) {
    return (mho_i_work){.ctx = w->ctx,
                        .study = w->s,
                        .data = &w->data,
                        .team = w->opt->team,
                        .out_dir = w->opt->out_dir,
                        .net = w->net,
                        .ready = ready};
}

static mho_status train_points(sweep *w, mho_status ready) {
    mho_i_work work = work_of(w, ready);
    mho_i_queue queue = {0};
    work.train_only = true;
    if (leads(w) && ready == MHO_OK) {
        work.ready = mho_i_queue_new(&queue, w->ctx, w->s->n_point, 1);
        work.queue = &queue;
    }
    mho_status status = mho_i_work_run(&work);
    mho_i_queue_free(&queue);
    return status;
}

static mho_status make_chips(sweep *w, mho_status ready) {
    mho_i_work work = work_of(w, ready);
    char path[PATH_BYTES];
    if (work.ready == MHO_OK) {
        work.ready = path_in(w, "journal", path);
    }
    if (work.ready == MHO_OK) {
        work.ready = mho_ctx_new(&w->journal_ctx);
    }
    if (work.ready == MHO_OK) {
        work.ready = mho_i_sweep_journal_open(&w->journal, w->journal_ctx, path,
                                              w->opt->team ? w->opt->team->rank : 0);
        if (work.ready < 0) {
            mho_i_fail(w->ctx, work.ready, "%s", mho_ctx_last_error(w->journal_ctx));
        }
        work.journal = &w->journal;
    }
    work.key = w->key;
    work.queue = leads(w) ? &w->queue : NULL;
    mho_status status = mho_i_work_run(&work);
    if (status == MHO_OK && w->r) {
        w->r->n_made = work.n_made;
        w->r->unit_s = work.n_made ? work.sum_unit_s / (double)work.n_made : (double)NAN;
    }
    return status;
}

static mho_status collect(sweep *w) {
    mho_status status = mho_i_progress(w->ctx, "adding up", 0);
    if (status == MHO_OK) {
        status = read_journals(w);
    }
    size_t n = 0;
    for (size_t k = 0; status == MHO_OK && k < w->plan.n_unit; k++) {
        n += w->r->value[k * MHO_N_METRIC + MHO_METRIC_ACCURACY] == NOT_THERE;
    }
    if (n) {
        status = mho_i_fail(w->ctx, MHO_ERR_IO,
                            "%s/journal: %zu chips are missing from it; the same command makes "
                            "them again",
                            w->opt->out_dir, n);
    }
    if (status == MHO_OK) {
        status = mho_i_sweep_sums(w->r);
    }
    return status < 0 ? status : mho_i_sweep_effects(w->r);
}

static mho_status run_all(sweep *w) {
    mho_status status = leads(w) ? new_result(w) : MHO_OK;
    if (status == MHO_OK && leads(w)) {
        status = lead_off(w);
    }
    status = barrier(w, status);
    if (status == MHO_OK && !leads(w)) {
        status = follow(w);
    }
    if (w->s->retrain) {
        status = train_points(w, status);
    }
    if (status == MHO_OK && leads(w)) {
        status = plan_chips(w);
    }
    status = barrier(w, status);
    status = make_chips(w, status);
    return status < 0 || !leads(w) ? status : collect(w);
}

static void end_sweep(sweep *w) {
    mho_net_free(w->net);
    mho_i_sweep_data_free(&w->data);
    mho_i_free(w->ctx, w->key);
    mho_i_free(w->ctx, w->order);
    mho_i_queue_free(&w->queue);
    mho_ctx_free(w->journal_ctx);
    if (w->lock_fd >= 0) {
        close(w->lock_fd);
    }
}

mho_status mho_sweep_run(mho_ctx *ctx, const mho_study *study, const mho_sweep_opt *opt,
                         mho_sweep_result **out) {
    *out = NULL;
    if (!opt->out_dir || !*opt->out_dir) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "out_dir is missing: where shall the study live?");
    }
    sweep w = {.ctx = ctx, .s = study, .opt = opt, .lock_fd = -1, .journal = {.fd = -1}};
    double t0 = mho_i_now_s();
    mho_status status = run_all(&w);
    end_sweep(&w);
    if (status < 0) {
        mho_sweep_result_free(w.r);
        return status;
    }
    if (w.r) {
        w.r->total_s = mho_i_now_s() - t0;
    }
    *out = w.r;
    return MHO_OK;
}

void mho_sweep_result_free(mho_sweep_result *r) {
    if (!r) {
        return;
    }
    mho_ctx *ctx = r->ctx;
    for (size_t p = 0; r->point && p < r->n_point; p++) {
        mho_i_free(ctx, r->point[p].why);
    }
    mho_i_free(ctx, r->value);
    mho_i_free(ctx, r->point);
    mho_i_free(ctx, r->effect);
    mho_i_free(ctx, r->front);
    mho_i_free(ctx, r->fit);
    mho_i_free(ctx, r->first_level);
    mho_i_free(ctx, r->level);
    mho_i_free(ctx, r);
}
