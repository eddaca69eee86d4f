/* test_sweep.c - the parts of a sweep on their own: study files and their complaints, points, who
 * gets which chip, journals that were torn, sums and effects against closed forms, ranks that are
 * threads. */
#include "test.h"

#include "study/sweep_int.h"

#include <fcntl.h>
#include <omp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

static char dir[64];

static void write_text(const char *path, const char *text) {
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static mho_status load(mho_ctx *ctx, const char *text, mho_study **s) {
    char path[128];
    snprintf(path, sizeof path, "%s/study.yaml", dir);
    write_text(path, text);
    return mho_study_load(ctx, path, s);
}

static mho_study *must_load(mho_ctx *ctx, const char *text) {
    mho_study *s = NULL;
    test_ok(ctx, load(ctx, text, &s));
    return s;
}

/* ---- study files ---- */

#define HEAD "experiment: lenet5-mott\n"

static void complaints_name_the_place(void **state) {
    (void)state;
    static const struct {
        const char *text, *wanted;
    } cases[] = {
        {"", "1:1: a study is wanted"},
        {"seed: 1\n", "\"experiment: lenet5-mott\" is missing"},
        {"experiment: lenet6\n", "1:13: experiment = \"lenet6\": allowed is lenet5-mott"},
        {HEAD "chps: 3\n", "2:1: chps: not a key of a study; did you mean \"chips\"?"},
        {HEAD "banana: 3\n", "2:1: banana: not a key of a study; allowed: experiment"},
        {HEAD "chips: 0\n", "2:8: chips = \"0\": allowed are whole numbers from 1 to 1000000"},
        {HEAD "chips: 2.5\n", "2:8: chips = \"2.5\""},
        {HEAD "chips: 3\nchips: 4\n", "3:1: chips is there twice"},
        {HEAD "seed: -1\n", "2:7: seed = \"-1\""},
        {HEAD "threshold: 98\n", "2:12: threshold = \"98\""},
        {HEAD "retrain: maybe\n", "2:10: retrain = \"maybe\": allowed are yes and no"},
        {HEAD "chip: none.yaml\n", "2:7: chip = \"none.yaml\": there is no such file"},
        {HEAD "metrics: [accuracy, speed]\n", "2:21: metrics: \"speed\" is not known"},
        {HEAD "imperfections: wires\n", "2:16: imperfections: \"wires\" is not known; allowed are "
                                        "all, none or a list"},
        {HEAD "sample: {sobol: 9}\n", "2:10: sample = \"sobol\": allowed are grid, {random: N}"},
        {HEAD "sample: {halton: 9}\n", "a sample needs axes"},
        {HEAD "axes: 3\n", "2:7: axes: a mapping"},
        {HEAD "axes:\n  array.wire: [1 ohm]\n", "3:3: axes: array.wire: not a key of a chip file"},
        {HEAD "axes:\n  chip.arrays.wire: [1 ohm]\n",
         "3:3: axes: chip.arrays.wire: no such section"},
        {HEAD "axes:\n  chip.array.wires: [1 ohm]\n", "did you mean \"wire\"?"},
        {HEAD "axes:\n  chip.array.wire: 1 ohm\n", "3:20: chip.array.wire: a list of values"},
        {HEAD "axes:\n  chip.array.wire: [1 V]\n", "3:21: chip.array.wire: "},
        {HEAD "axes:\n  chip.array.wire: [1 ohm, 2 Mohm]\n", "3:28: chip.array.wire = 2 Mohm"},
        {HEAD "axes:\n  chip.array.wire: [1 ohm, 1 ohm]\n",
         "3:28: chip.array.wire: \"1 ohm\" is there twice"},
        {HEAD "axes:\n  chip.array.rows: [3.5]\n", "3:21: chip.array.rows = 3.5"},
        {HEAD "axes:\n  chip.array.wire: {from: 1 ohm}\n", "a range needs from and to"},
        {HEAD "axes:\n  chip.array.wire: {from: 2 ohm, to: 1 ohm, steps: 3}\n", "must be below"},
        {HEAD "axes:\n  chip.array.wire: {from: 0, to: 1 ohm, steps: 3, scale: log}\n", "above 0"},
        {HEAD "axes:\n  chip.array.wire: {from: 0, to: 1 ohm, steps: 1}\n",
         "chip.array.wire.steps = \"1\""},
        {HEAD "axes:\n  chip.array.wire: {from: 0, to: 1 ohm}\n",
         "3:3: chip.array.wire: a range in a grid needs steps"},
        {HEAD "sample: {random: 3}\naxes:\n  chip.array.wire: {from: 0, to: 1 ohm, steps: 3}\n",
         "4:3: chip.array.wire: steps are for grids"},
        {HEAD "axes:\n  chip.array.wire: {from: 0, to: 1 ohm, step: 3}\n",
         "3:41: chip.array.wire.step: not known"},
        {HEAD "axes:\n  chip.neuron.share: [per-output, both]\n",
         "3:35: chip.neuron.share = \"both\": allowed are per-output, per-column"},
        {HEAD "axes:\n  chip.neuron.share: {from: 1, to: 2, steps: 2}\n", "chooses among words"},
        {HEAD "axes:\n  chip.array.wire: [1 ohm]\n  chip.array.wire: [2 ohm]\n",
         "4:3: axes: chip.array.wire is there twice"},
        {HEAD "chips: 1000000\naxes:\n  chip.array.wire: {from: 0, to: 1 ohm, steps: 100}\n",
         "100 points with 1000000 chips each"},
        {HEAD "axes:\n  chip.synapse.g_min: [1 uS, 70 uS]\n", "point 1: chip.synapse: g_max"},
        {HEAD "axes: {chip.array.wire: [1 ohm}\n", "not YAML"},
        {HEAD "axes:\n  chip.array.wire: [[1 ohm]]\n",
         "3:3: chip.array.wire: single values are wanted"},
        {HEAD "axes:\n  chip.array.wire: []\n", "chip.array.wire: 0 values; allowed are 1 to"},
        {HEAD "axes:\n  chip.array.wire: {from: 0, to: 1 ohm, to: 2 ohm}\n",
         "3:41: chip.array.wire.to is there twice"},
        {HEAD "axes:\n  chip.array.wire: {from: 1 ohm, to: 2 ohm, steps: 2, scale: ln}\n",
         "chip.array.wire.scale = \"ln\": allowed are linear and log"},
        {HEAD "axes:\n  chip.array.wire: {from: 1 ohm, to: 2 ohm, steps: 1000}\n"
              "  chip.array.cols: {from: 10, to: 1009, steps: 1000}\n"
              "  chip.synapse.g_max: {from: 10 uS, to: 90 uS, steps: 100}\n",
         "5:3: the axes to here span 100000000 points; allowed are"},
    };
    mho_ctx *ctx = test_ctx();
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        mho_study *s = (mho_study *)1;
        assert_int_not_equal(load(ctx, cases[k].text, &s), MHO_OK);
        assert_null(s);
        if (!strstr(mho_ctx_last_error(ctx), cases[k].wanted) ||
            !strstr(mho_ctx_last_error(ctx), "study.yaml:")) {
            fail_msg("case %zu: wanted \"%s\", got \"%s\"", k, cases[k].wanted,
                     mho_ctx_last_error(ctx));
        }
        assert_int_equal(mho_ctx_bytes(ctx), 0);
    }
    mho_ctx_free(ctx);
}

/* Every number of a chip file an axis. */
static void axes_are_counted(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_chip_spec spec;
    mho_study *s;
    char text[4000] = HEAD "axes:\n", value[40];
    test_ok(ctx, mho_chip_spec_default(ctx, &spec));
    for (size_t k = 0; k < 25; k++) {
        const char *section;
        mho_param_info info = mho_chip_param_describe(&spec, k, &section);
        size_t n = strlen(text);
        mho_quantity_format(mho_chip_param_get(&spec, k), info.unit, 17, value, sizeof value);
        snprintf(text + n, sizeof text - n, "  chip.%s.%s: [%s]\n", section, info.key, value);
    }
    test_refused(ctx, load(ctx, text, &s), MHO_ERR_FORMAT, "study.yaml:27:3: more than 24 axes");
    assert_null(s);
    mho_ctx_free(ctx);
}

static const char grid[] =
    HEAD "chips: 3\nthreshold: 97.5 %\nepochs: 2\n"
         "metrics: [energy]\nimperfections: [levels, read noise]\naxes:\n"
         "  chip.array.wire: {from: 0.5 ohm, to: 8 ohm, steps: 5, scale: log}\n"
         "  chip.neuron.share: [per-column, per-output]\n"
         "  chip.array.rows: {from: 60, to: 64, steps: 3}\n";

static void a_grid_is_every_combination(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_study *s = must_load(ctx, grid);
    assert_int_equal(mho_study_n_point(s), 5 * 2 * 3);
    assert_int_equal(mho_study_n_chip(s), 3);
    assert_int_equal(mho_study_imperfections(s), MHO_IMP_LEVELS | MHO_IMP_READ_NOISE);
    assert_true(mho_study_shows(s, MHO_METRIC_ACCURACY) && mho_study_shows(s, MHO_METRIC_ENERGY));
    assert_false(mho_study_shows(s, MHO_METRIC_AREA));
    test_close(s->threshold, 0.975, 0, 1e-15);
    size_t p = 0;
    for (int w = 0; w < 5; w++) {
        for (int share = 0; share < 2; share++) {
            for (int rows = 60; rows <= 64; rows += 2, p++) { /* the last axis runs fastest */
                mho_chip_spec spec;
                test_ok(ctx, mho_study_spec(s, p, &spec));
                test_close(spec.wire_ohm, 0.5 * pow(2, w), 0, 1e-14);
                assert_int_equal(spec.share, share ? MHO_SHARE_PER_OUTPUT : MHO_SHARE_PER_COLUMN);
                assert_true(spec.rows == rows);
            }
        }
    }
    const mho_sweep_axis *a = mho_study_axis(s, 0);
    assert_true(a->level[0] == 0.5 && a->level[4] == 8); /* ends are exact */
    char buf[48];
    assert_string_equal(mho_sweep_axis_text(mho_study_axis(s, 1), 0, buf, sizeof buf),
                        "per-column");
    assert_string_equal(mho_sweep_axis_text(a, 8, buf, sizeof buf), "8 ohm");
    mho_chip_spec spec;
    assert_int_equal(mho_study_spec(s, 30, &spec), MHO_ERR_ARG);
    mho_study_free(s);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void a_card_keeps_what_was_set(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    char path[128];
    snprintf(path, sizeof path, "%s/chip.yaml", dir);
    write_text(path, "chip:\n  neuron:\n    read: 91 ns\n    mixing: gem\n");
    mho_study *s = must_load(ctx, HEAD "chip: chip.yaml\naxes:\n  chip.neuron.rth: [3 MK/W]\n"
                                       "  chip.neuron.card: [U, T, N]\n");
    for (size_t p = 0; p < 3; p++) {
        mho_chip_spec got, want;
        char text[160];
        snprintf(text, sizeof text,
                 "chip:\n  neuron:\n    card: %c\n    read: 91 ns\n"
                 "    mixing: gem\n    rth: 3 MK/W\n",
                 "UTN"[p]);
        write_text(path, text);
        test_ok(ctx, mho_study_spec(s, p, &got));
        test_ok(ctx, mho_chip_spec_load(ctx, path, &want));
        for (size_t k = 0; k < mho_chip_param_count(); k++) {
            assert_true(mho_chip_param_get(&got, k) == mho_chip_param_get(&want, k));
        }
        assert_int_equal(got.neuron.mixing, want.neuron.mixing);
        assert_string_equal(got.neuron_card, want.neuron_card);
    }
    mho_study_free(s);
    mho_ctx_free(ctx);
}

/* Base 2, 3 and 5: every interval 1/b^k of the first b^k points holds exactly one. */
static void halton_points_are_spread(void **state) {
    (void)state;
    enum { N_AXIS = 3, N = 3125 };
    static double u[N * N_AXIS], few[100 * N_AXIS], other[100 * N_AXIS];
    static const size_t n_of[N_AXIS] = {2048, 2187, 3125};
    mho_i_sample_halton(7, N, N_AXIS, u);
    mho_i_sample_halton(7, 100, N_AXIS, few);
    mho_i_sample_halton(8, 100, N_AXIS, other);
    assert_memory_equal(u, few, sizeof few); /* more points: the first ones stay */
    assert_memory_not_equal(few, other, sizeof few);
    for (size_t k = 0; k < N_AXIS; k++) {
        static uint8_t seen[N];
        memset(seen, 0, sizeof seen);
        for (size_t p = 0; p < n_of[k]; p++) {
            double x = u[p * N_AXIS + k];
            assert_true(x > 0 && x < 1);
            assert_int_equal(seen[(size_t)(x * (double)n_of[k])]++, 0);
        }
    }
    /* a product integral: far closer than independent points would come (0.01) */
    double sum = 0;
    for (size_t p = 0; p < N; p++) {
        sum += 8 * u[3 * p] * u[3 * p + 1] * u[3 * p + 2] / N;
    }
    test_close(sum, 1, 2e-3, 0);
}

static void drawn_points_stay_inside(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_study *s =
        must_load(ctx, HEAD "sample: {random: 500}\naxes:\n"
                            "  chip.array.wire: {from: 0.1 ohm, to: 10 ohm, scale: log}\n"
                            "  chip.array.rows: {from: 16, to: 128}\n"
                            "  chip.neuron.share: [per-output, per-column]\n");
    size_t below = 0, words = 0;
    for (size_t p = 0; p < 500; p++) {
        double wire = mho_study_value(s, p, 0), rows = mho_study_value(s, p, 1);
        assert_true(wire >= 0.1 && wire <= 10 && rows >= 16 && rows <= 128 && rows == floor(rows));
        below += wire < 1;
        words += mho_study_value(s, p, 2) == 1;
    }
    assert_in_range(below, 200, 300); /* 4.5 sd */
    assert_in_range(words, 200, 300);
    mho_study_free(s);
    mho_ctx_free(ctx);
}

static void memory_may_end_anywhere(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_status status = MHO_ERR_NOMEM;
    for (size_t n = 1; status != MHO_OK && n < 2000; n++) {
        mho_study *s = NULL;
        mho_ctx_fail_alloc(ctx, n);
        status = load(ctx, grid, &s);
        mho_ctx_fail_alloc(ctx, 0);
        mho_study_free(s);
        assert_int_equal(mho_ctx_bytes(ctx), 0);
    }
    assert_int_equal(status, MHO_OK);
    mho_ctx_free(ctx);
}

/* ---- queue ---- */

static void every_chip_is_given_once(void **state) {
    (void)state;
    enum { POINTS = 7, CHIPS = 5, WORKERS = 3 };
    mho_ctx *ctx = test_ctx();
    mho_i_queue q;
    test_ok(ctx, mho_i_queue_new(&q, ctx, POINTS, CHIPS));
    uint8_t seen[POINTS][CHIPS] = {{0}};
    mho_i_queue_known(&q, 2, 3);
    mho_i_queue_known(&q, 2, 3); /* twice in the journals */
    seen[2][3] = 1;
    size_t at[WORKERS] = {POINTS, POINTS, POINTS}, moves = 0, n = 1;
    for (size_t w = 0, chip; q.n_left; w = (w + 1) % WORKERS) {
        size_t before = at[w];
        assert_true(mho_i_queue_claim(&q, &at[w], &chip));
        assert_int_equal(seen[at[w]][chip]++, 0);
        moves += at[w] != before;
        n++;
    }
    size_t point = 0, chip;
    assert_false(mho_i_queue_claim(&q, &point, &chip));
    assert_int_equal(n, POINTS * CHIPS);
    assert_true(moves <= POINTS + 2 * WORKERS); /* workers stay at their points */
    mho_i_queue_free(&q);
    mho_ctx_free(ctx);
}

/* ---- journal ---- */

static mho_i_unit example_unit(uint32_t k) {
    mho_i_unit u = {.key = {0x0123456789abcdefu + k, 0xfedcba9876543210u}, .chip = k};
    for (int m = 0; m < MHO_N_METRIC; m++) {
        u.value[m] = (m + 1) / 3.0 * pow(10, -3 * m) * (1 + k);
    }
    return u;
}

static void same_unit(const mho_i_unit *a, const mho_i_unit *b) {
    assert_memory_equal(&a->key, &b->key, sizeof a->key);
    assert_int_equal(a->chip, b->chip);
    assert_int_equal(a->failed, b->failed);
    assert_true(a->failed || memcmp(a->value, b->value, sizeof a->value) == 0);
}

static void a_torn_line_is_not_read(void **state) {
    (void)state;
    char line[1024];
    mho_i_unit u = example_unit(4294967295u), back;
    int n = mho_i_unit_format(&u, line, sizeof line);
    assert_true(mho_i_unit_parse(line, (size_t)n, &back));
    same_unit(&u, &back);
    for (int k = 0; k < n; k++) { /* cut anywhere, one bit anywhere */
        char torn[1024];
        memcpy(torn, line, (size_t)n + 1);
        torn[k] = 0;
        assert_false(mho_i_unit_parse(torn, (size_t)k, &back));
        for (int bit = 0; bit < 7; bit++) {
            memcpy(torn, line, (size_t)n + 1);
            torn[k] = (char)(torn[k] ^ 1 << bit);
            assert_false(mho_i_unit_parse(torn, (size_t)n, &back));
        }
    }
    u.failed = true;
    snprintf(u.why, sizeof u.why, "no working point\nfound");
    u.value[0] = NAN;
    n = mho_i_unit_format(&u, line, sizeof line);
    assert_true(mho_i_unit_parse(line, (size_t)n, &back));
    assert_true(back.failed && isnan(back.value[0]));
    assert_string_equal(back.why, "no working point found");
}

typedef struct reading {
    size_t n;
    bool seen[64];
} reading;

static mho_status count_unit(void *user, const mho_i_unit *unit) {
    reading *r = user;
    mho_i_unit want = example_unit(unit->chip);
    same_unit(unit, &want);
    assert_false(r->seen[unit->chip]);
    r->seen[unit->chip] = true;
    r->n++;
    return MHO_OK;
}

static void a_full_disk_leaves_whole_lines(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    char path[128];
    snprintf(path, sizeof path, "%s/journal", dir);
    mho_i_sweep_journal j;
    test_ok(ctx, mho_i_sweep_journal_open(&j, ctx, path, 3));
    struct rlimit old, little;
    getrlimit(RLIMIT_FSIZE, &old);
    little = old;
    little.rlim_cur = 1000; /* bytes: in the middle of a line */
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &little);
    uint32_t n = 0;
    mho_status status = MHO_OK;
    while (status == MHO_OK && n < 64) {
        mho_i_unit u = example_unit(n);
        status = mho_i_sweep_journal_add(&j, &u);
        n += status == MHO_OK;
    }
    setrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(status, MHO_ERR_IO);
    assert_non_null(strstr(mho_ctx_last_error(ctx), "rank-00003.journal: cannot be written"));
    assert_true(n > 1 && n < 20);
    test_ok(ctx, mho_i_sweep_journal_close(&j));
    reading r = {0};
    test_ok(ctx, mho_i_sweep_journal_read(ctx, path, count_unit, &r));
    assert_int_equal(r.n, n);
    /* a kill in the middle of a write leaves a torn line; what comes after it is read */
    char file[160];
    snprintf(file, sizeof file, "%s/rank-00003.journal", path);
    FILE *f = fopen(file, "ab");
    fputs("00112233445566", f);
    fclose(f);
    test_ok(ctx, mho_i_sweep_journal_open(&j, ctx, path, 3));
    for (; n < 30; n++) {
        mho_i_unit u = example_unit(n);
        test_ok(ctx, mho_i_sweep_journal_add(&j, &u));
    }
    test_ok(ctx, mho_i_sweep_journal_close(&j));
    r = (reading){0};
    test_ok(ctx, mho_i_sweep_journal_read(ctx, path, count_unit, &r));
    assert_int_equal(r.n, 30);
    /* finished chips that are there and cannot be read are not made again in silence */
    snprintf(file, sizeof file, "%s/rank-00004.journal", path);
    assert_int_equal(symlink("rank-00004.journal", file), 0);
    test_refused(ctx, mho_i_sweep_journal_read(ctx, path, count_unit, &r), MHO_ERR_IO,
                 "rank-00004.journal", "cannot be read: Too many levels of symbolic links");
    unlink(file);
    mho_ctx_free(ctx);
}

/* ---- sums and effects ---- */

static void wilson_against_known_values(void **state) {
    (void)state;
    double ci[2];
    mho_i_wilson(8, 10, ci); /* Wilson, JASA 22, 209 (1927), evaluated by hand */
    test_close(ci[0], 0.49016, 1e-5, 0);
    test_close(ci[1], 0.94332, 1e-5, 0);
    mho_i_wilson(0, 10, ci);
    assert_true(ci[0] == 0);
    test_close(ci[1], 0.27753, 1e-5, 0);
    mho_i_wilson(10, 10, ci);
    assert_true(ci[1] == 1);
    test_close(ci[0], 1 - 0.27753, 1e-5, 0);
}

/* A result whose accuracies come from a formula. */
static mho_sweep_result *made_up(mho_ctx *ctx, const mho_study *s,
                                 double (*f)(const mho_study *s, size_t p, double luck)) {
    mho_sweep_result *r = mho_i_alloc(ctx, 1, sizeof *r);
    size_t n_point = mho_study_n_point(s), n_chip = mho_study_n_chip(s), n_axis = s->n_axis;
    *r = (mho_sweep_result){.ctx = ctx,
                            .study = s,
                            .n_point = n_point,
                            .n_chip = n_chip,
                            .n_axis = n_axis,
                            .n_image = 1000,
                            .threshold = s->threshold};
    r->value = mho_i_alloc(ctx, n_point * n_chip * MHO_N_METRIC, sizeof *r->value);
    r->point = mho_i_alloc(ctx, n_point, sizeof *r->point);
    r->effect = mho_i_alloc(ctx, n_axis, sizeof *r->effect);
    r->front = mho_i_alloc(ctx, n_point, sizeof *r->front);
    r->fit = mho_i_alloc(ctx, n_axis * MHO_SWEEP_N_FIT, sizeof *r->fit);
    for (size_t p = 0; p < n_point; p++) {
        for (size_t c = 0; c < n_chip; c++) {
            double luck;
            mho_i_rng_normal(5, MHO_RNG_TEST, (uint32_t)p, (uint32_t)c, 1, &luck);
            double *v = r->value + (p * n_chip + c) * MHO_N_METRIC;
            for (int m = 0; m < MHO_N_METRIC; m++) {
                v[m] = m ? 1e-9 * (double)(1 + p % 7) : f(s, p, luck);
            }
        }
    }
    test_ok(ctx, mho_i_sweep_sums(r));
    test_ok(ctx, mho_i_sweep_effects(r));
    return r;
}

/* Each allocation fails once: that is told, and does not look like a study that shows nothing. */
static void lack_of_memory_is_told(mho_sweep_result *r) {
    size_t bytes = mho_ctx_bytes(r->ctx), n_effect = r->n_effect, n = 0;
    mho_status status = MHO_ERR_NOMEM;
    while (status == MHO_ERR_NOMEM) {
        mho_ctx_fail_alloc(r->ctx, ++n);
        status = mho_i_sweep_effects(r);
        mho_ctx_fail_alloc(r->ctx, 0);
        assert_int_equal(mho_ctx_bytes(r->ctx), bytes);
    }
    assert_int_equal(status, MHO_OK);
    assert_true(n > 5); /* it takes that many */
    assert_int_equal(r->n_effect, n_effect);
}

static double no_luck(const mho_study *s, size_t p, double luck) {
    (void)luck;
    return 0.9 - 0.03 * log2(mho_study_value(s, p, 0)) + 0.02 * mho_study_value(s, p, 1);
}

static double with_luck(const mho_study *s, size_t p, double luck) {
    return no_luck(s, p, 0) + 0.01 * luck;
}

static void effects_of_a_grid_in_closed_form(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_study *s = must_load(ctx, HEAD "chips: 20\nthreshold: 0.9\naxes:\n"
                                       "  chip.array.wire: [1 ohm, 2 ohm, 4 ohm]\n"
                                       "  chip.neuron.share: [per-output, per-column]\n");
    mho_sweep_result *r = made_up(ctx, s, no_luck);
    assert_int_equal(r->n_effect, 2);
    assert_int_equal(r->effect[0].axis, 0);
    test_close(r->effect[0].loss, 0.06, 0, 1e-12);
    test_close(r->effect[1].loss, 0.02, 0, 1e-12);
    assert_true(r->effect[0].best == 1 && r->effect[0].worst == 4 && r->effect[1].worst == 0);
    /* variances of the two parts: 0.03^2 2/3 and 0.02^2/4 */
    double a = 9e-4 * 2 / 3, b = 4e-4 / 4;
    test_close(r->effect[0].share, a / (a + b), 0, 1e-9);
    test_close(r->effect[1].share, b / (a + b), 0, 1e-9);
    test_close(r->rest_share, 0, 1e-9, 0);
    test_close(r->effect[0].loss_ci95[0], 0.06, 0, 1e-12); /* nothing to resample */
    test_close(r->point[4].mean[0], 0.84, 0, 1e-12);
    assert_true(r->point[0].sd[0] == 0 && r->point[0].yield == 1 && r->point[4].yield == 0);
    mho_sweep_result_free(r);
    r = made_up(ctx, s, with_luck);
    for (size_t k = 0; k < 2; k++) {
        double loss = r->effect[k].axis ? 0.02 : 0.06;
        assert_true(r->effect[k].loss_ci95[0] < loss && loss < r->effect[k].loss_ci95[1]);
        assert_true(r->effect[k].loss_ci95[1] - r->effect[k].loss_ci95[0] < 0.02);
    }
    lack_of_memory_is_told(r);
    mho_sweep_result_free(r);
    mho_study_free(s);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static double at_threshold(const mho_study *s, size_t p, double luck) {
    (void)s;
    (void)p;
    return luck > 0 ? 989.0 / 1000 : 988.0 / 1000;
}

static void the_threshold_itself_is_good_enough(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_study *s = must_load(ctx, HEAD "chips: 50\nthreshold: 98.9 %\n");
    mho_sweep_result *r = made_up(ctx, s, at_threshold);
    size_t n = 0;
    for (size_t c = 0; c < 50; c++) {
        n += r->value[c * MHO_N_METRIC] == 989.0 / 1000;
    }
    assert_in_range(n, 10, 40);
    assert_int_equal(r->point[0].n_good, n);
    test_close(r->point[0].min, 0.988, 0, 1e-15);
    mho_sweep_result_free(r);
    mho_study_free(s);
    mho_ctx_free(ctx);
}

static double with_gap(const mho_study *s, size_t p, double luck) {
    return p == 1 ? NAN : no_luck(s, p, luck);
}

static void failed_chips_are_no_good_chips(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_study *s = must_load(ctx, HEAD "chips: 4\nthreshold: 0.1\naxes:\n"
                                       "  chip.array.wire: [1 ohm, 2 ohm, 4 ohm]\n"
                                       "  chip.neuron.share: [per-output, per-column]\n");
    mho_sweep_result *r = made_up(ctx, s, with_gap);
    assert_int_equal(r->n_failed, 4);
    assert_int_equal(r->point[1].n_failed, 4);
    assert_true(isnan(r->point[1].mean[0]) && isnan(r->point[1].min) && r->point[1].yield == 0);
    assert_false(r->front[1]);
    assert_int_equal(r->n_effect, 2); /* of the others */
    mho_sweep_result_free(r);
    mho_study_free(s);
    mho_ctx_free(ctx);
}

static void effects_of_drawn_points(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_study *s = must_load(ctx, HEAD "chips: 1\nsample: {halton: 400}\naxes:\n"
                                       "  chip.array.wire: {from: 1 ohm, to: 4 ohm, scale: log}\n"
                                       "  chip.neuron.share: [per-output, per-column]\n"
                                       "  chip.array.source: {from: 1 ohm, to: 9 ohm}\n");
    mho_sweep_result *r = made_up(ctx, s, no_luck);
    assert_int_equal(r->n_effect, 3);
    test_close(r->effect[0].loss, 0.06, 1e-9, 0); /* the model has it exactly */
    test_close(r->effect[1].loss, 0.02, 1e-9, 0);
    test_close(r->effect[2].loss, 0, 1e-9, 0);
    assert_int_equal(r->effect[2].axis, 2);
    /* 0.06^2/12 of a straight line, 0.02^2/4 of a coin */
    double a = 36e-4 / 12, b = 4e-4 / 4;
    test_close(r->effect[0].share, a / (a + b), 0.01, 0);
    test_close(r->rest_share, 0, 1e-9, 0);
    mho_sweep_result_free(r);
    r = made_up(ctx, s, with_luck);
    assert_true(r->effect[0].loss_ci95[0] < 0.06 && r->effect[0].loss_ci95[1] > 0.06);
    assert_true(r->effect[2].loss < 0.01);
    for (size_t k = 0; k < 3; k++) {
        const mho_sweep_effect *e = &r->effect[k];
        assert_true(e->loss_ci95[0] < e->loss && e->loss < e->loss_ci95[1]);
    }
    assert_true(r->effect[2].loss_ci95[0] < 0.005); /* nothing there */
    lack_of_memory_is_told(r);
    mho_sweep_result_free(r);
    mho_study_free(s);
    mho_ctx_free(ctx);
}

/* ---- whole studies ---- */

/* Ideal arrays and neurons without spread: a chip takes milliseconds. */
static const char small[] =
    HEAD "chip: small.yaml\ntrain_images: 200\nepochs: 1\nimages: 100\nchips: 5\nthreshold: 0.1\n"
         "imperfections: [levels, programming, read noise]\naxes:\n"
         "  chip.synapse.read_noise: [1 %, 20 %]\n"
         "  chip.neuron.t_base: [300 K, 400 K]\n";

static void run_alone(mho_ctx *ctx, const mho_study *s, const char *out, int n_thread,
                      mho_sweep_result **r) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, out);
    mho_sweep_opt opt = MHO_SWEEP_OPT_INIT;
    opt.out_dir = path;
    test_ok(ctx, mho_ctx_set_threads(ctx, n_thread));
    test_ok(ctx, mho_sweep_run(ctx, s, &opt, r));
}

static void same_result(const mho_sweep_result *a, const mho_sweep_result *b) {
    assert_string_equal(a->key, b->key);
    for (size_t k = 0; k < a->n_point * a->n_chip * MHO_N_METRIC; k++) {
        assert_true(a->value[k] == b->value[k] || (isnan(a->value[k]) && isnan(b->value[k])));
    }
    for (size_t k = 0; k < a->n_effect; k++) {
        assert_memory_equal(&a->effect[k], &b->effect[k], sizeof a->effect[k]);
    }
}

static void a_study_goes_on_and_grows(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_study *s = must_load(ctx, small);
    mho_sweep_result *one = NULL, *two = NULL, *again = NULL;
    run_alone(ctx, s, "one", 1, &one);
    assert_int_equal(one->n_made, 20);
    /* 400 K is above the film's transition: no such neuron; the study goes on */
    assert_int_equal(one->n_failed, 10);
    assert_int_equal(one->point[1].n_failed, 5);
    assert_non_null(strstr(one->point[1].why, "400 K"));
    assert_int_equal(one->point[0].n_failed, 0);
    run_alone(ctx, s, "two", 3, &two);
    same_result(one, two);
    run_alone(ctx, s, "one", 2, &again);
    assert_int_equal(again->n_known, 20);
    assert_int_equal(again->n_made, 0);
    same_result(one, again);
    mho_sweep_result_free(again);
    mho_sweep_result_free(two);
    /* more chips: the first ones are taken over, and are the same */
    test_ok(ctx, mho_study_set_chips(s, 7));
    run_alone(ctx, s, "one", 2, &again);
    assert_int_equal(again->n_made, 8);
    assert_true(again->value[0] == one->value[0]);
    mho_sweep_result_free(again);
    mho_sweep_result_free(one);
    /* an axis more: points that are in both studies too */
    mho_study_free(s);
    s = must_load(ctx,
                  HEAD "chip: small.yaml\ntrain_images: 200\nepochs: 1\nimages: 100\nchips: 5\n"
                       "imperfections: [levels, programming, read noise]\naxes:\n"
                       "  chip.synapse.read_noise: [1 %, 5 %]\n"
                       "  chip.neuron.t_base: [300 K]\n");
    run_alone(ctx, s, "one", 2, &again);
    assert_int_equal(again->n_known, 5);
    assert_int_equal(again->n_made, 5);
    mho_sweep_result_free(again);
    mho_study_free(s);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void every_point_may_have_its_network(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_study *s = must_load(
        ctx, HEAD "chip: small.yaml\ntrain_images: 200\nepochs: 1\nimages: 100\nchips: 2\n"
                  "retrain: yes\nimperfections: none\naxes:\n"
                  "  chip.neuron.z_max: [1.6, 3]\n");
    mho_sweep_result *one = NULL, *two = NULL;
    run_alone(ctx, s, "retrain1", 1, &one);
    run_alone(ctx, s, "retrain2", 2, &two);
    same_result(one, two);
    /* no imperfection: both chips of a point are alike; each point has its file */
    assert_true(one->value[0] == one->value[MHO_N_METRIC]);
    char command[160];
    snprintf(command, sizeof command, "test $(ls %s/retrain1/nets/*.weights | wc -l) = 2", dir);
    assert_int_equal(system(command), 0);
    mho_sweep_result_free(one);
    mho_sweep_result_free(two);
    mho_study_free(s);
    mho_ctx_free(ctx);
}

static void one_process_at_a_time(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_study *s = must_load(ctx, small);
    char out[100], path[128];
    snprintf(out, sizeof out, "%s/locked", dir);
    snprintf(path, sizeof path, "%s/lock", out);
    test_ok(ctx, mho_i_mkdirs(ctx, out));
    int fd = open(path, O_RDWR | O_CREAT, 0666);
    assert_int_equal(write(fd, "process 7 on far", 16), 16);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    mho_sweep_opt opt = MHO_SWEEP_OPT_INIT;
    opt.out_dir = out;
    mho_sweep_result *r = NULL;
    assert_int_equal(mho_sweep_run(ctx, s, &opt, &r), MHO_ERR_IO);
    assert_non_null(strstr(mho_ctx_last_error(ctx), "another process (process 7 on far)"));
    close(fd);
    test_ok(ctx, mho_sweep_run(ctx, s, &opt, &r));
    mho_sweep_result_free(r);
    opt.out_dir = "";
    assert_int_equal(mho_sweep_run(ctx, s, &opt, &r), MHO_ERR_ARG);
    mho_study_free(s);
    mho_ctx_free(ctx);
}

static bool stop_at_chips(void *user, const char *stage, double done_frac) {
    (void)user;
    return strcmp(stage, "making chips") != 0 || done_frac < 0.2;
}

static void a_stopped_study_goes_on(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_study *s = must_load(ctx, small);
    char out[100];
    snprintf(out, sizeof out, "%s/stopped", dir);
    mho_sweep_opt opt = MHO_SWEEP_OPT_INIT;
    opt.out_dir = out;
    mho_sweep_result *r = NULL, *whole = NULL;
    mho_ctx_set_progress(ctx, stop_at_chips, NULL);
    mho_status status = mho_sweep_run(ctx, s, &opt, &r);
    mho_ctx_set_progress(ctx, NULL, NULL);
    assert_true(status == MHO_ERR_CANCELLED || status == MHO_OK); /* it may be too fast to stop */
    mho_sweep_result_free(r);
    test_ok(ctx, mho_sweep_run(ctx, s, &opt, &r));
    assert_true(r->n_known > 0 || status == MHO_ERR_CANCELLED);
    run_alone(ctx, s, "whole", 2, &whole);
    same_result(r, whole);
    mho_sweep_result_free(r);
    mho_sweep_result_free(whole);
    mho_study_free(s);
    mho_ctx_free(ctx);
}

/* ---- ranks that are threads of this process ---- */

enum { N_RANK = 3 };
typedef struct post {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int n_waiting, round;
    struct {
        int state; /* 0: empty, 1: question, 2: reply */
        char bytes[1024];
    } box[N_RANK];
} post;
typedef struct place {
    post *p;
    mho_team team;
    mho_status status;
    char text[300];
    mho_sweep_result *r;
    const char *out;
} place;

static bool fake_barrier(void *user) {
    place *me = user;
    pthread_mutex_lock(&me->p->lock);
    int round = me->p->round;
    if (++me->p->n_waiting == N_RANK) {
        me->p->n_waiting = 0;
        me->p->round++;
        pthread_cond_broadcast(&me->p->changed);
    }
    while (round == me->p->round) {
        pthread_cond_wait(&me->p->changed, &me->p->lock);
    }
    pthread_mutex_unlock(&me->p->lock);
    return true;
}

static bool fake_ask(void *user, void *message, size_t n_byte) {
    place *me = user;
    int k = me->team.rank;
    pthread_mutex_lock(&me->p->lock);
    memcpy(me->p->box[k].bytes, message, n_byte);
    me->p->box[k].state = 1;
    while (me->p->box[k].state != 2) {
        pthread_cond_wait(&me->p->changed, &me->p->lock);
    }
    memcpy(message, me->p->box[k].bytes, n_byte);
    me->p->box[k].state = 0;
    pthread_mutex_unlock(&me->p->lock);
    return true;
}

static bool fake_poll(void *user, int *from, void *message, size_t n_byte) {
    place *me = user;
    *from = -1;
    pthread_mutex_lock(&me->p->lock);
    for (int k = 1; k < N_RANK && *from < 0; k++) {
        if (me->p->box[k].state == 1) {
            memcpy(message, me->p->box[k].bytes, n_byte);
            me->p->box[k].state = 3;
            *from = k;
        }
    }
    pthread_mutex_unlock(&me->p->lock);
    return true;
}

static bool fake_reply(void *user, int to, const void *message, size_t n_byte) {
    place *me = user;
    pthread_mutex_lock(&me->p->lock);
    memcpy(me->p->box[to].bytes, message, n_byte);
    me->p->box[to].state = 2;
    pthread_cond_broadcast(&me->p->changed);
    pthread_mutex_unlock(&me->p->lock);
    return true;
}

static void *run_rank(void *user) {
    place *me = user;
    mho_ctx *ctx = NULL;
    mho_study *s = NULL;
    char path[128];
    snprintf(path, sizeof path, "%s/study.yaml", dir);
    me->status = mho_ctx_new(&ctx);
    me->status = me->status < 0 ? me->status : mho_ctx_set_threads(ctx, 1 + me->team.rank % 2);
    me->status = me->status < 0 ? me->status : mho_study_load(ctx, path, &s);
    mho_sweep_opt opt = MHO_SWEEP_OPT_INIT;
    opt.out_dir = me->out;
    opt.team = &me->team;
    me->status = me->status < 0 ? me->status : mho_sweep_run(ctx, s, &opt, &me->r);
    snprintf(me->text, sizeof me->text, "%s", mho_ctx_last_error(ctx));
    if (me->team.rank || !me->r) { /* rank 0's result needs them */
        mho_study_free(s);
        mho_ctx_free(ctx);
    }
    return NULL;
}

static void run_ranks(place *at, const char *out) {
    post p = {.n_waiting = 0};
    pthread_t thread[N_RANK];
    pthread_mutex_init(&p.lock, NULL);
    pthread_cond_init(&p.changed, NULL);
    for (int k = 0; k < N_RANK; k++) {
        at[k] = (place){.p = &p, .out = out};
        at[k].team = (mho_team){&at[k], k, N_RANK, fake_barrier, fake_ask, fake_poll, fake_reply};
    }
    for (int k = 0; k < N_RANK; k++) {
        assert_int_equal(pthread_create(&thread[k], NULL, run_rank, &at[k]), 0);
    }
    for (int k = 0; k < N_RANK; k++) {
        pthread_join(thread[k], NULL);
    }
}

static void free_ranks(place *at) {
    mho_sweep_result *r = at[0].r;
    mho_ctx *ctx = r->ctx;
    mho_study *s = (mho_study *)(uintptr_t)r->study;
    mho_sweep_result_free(r);
    mho_study_free(s);
    mho_ctx_free(ctx);
}

static void ranks_give_the_same(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    static const char *const studies[] = {
        small,
        HEAD "chip: small.yaml\ntrain_images: 200\nepochs: 1\nimages: 100\nchips: 2\nretrain: yes\n"
             "imperfections: none\naxes:\n  chip.synapse.read_noise: [1 %, 20 %]\n"};
    for (int k = 0; k < 2; k++) {
        mho_study *s = must_load(ctx, studies[k]);
        mho_sweep_result *alone = NULL;
        run_alone(ctx, s, k ? "alone1" : "alone0", 2, &alone);
        place at[N_RANK];
        char out[100];
        snprintf(out, sizeof out, "%s/ranks%d", dir, k);
        run_ranks(at, out);
        for (int j = 0; j < N_RANK; j++) {
            if (at[j].status != MHO_OK) {
                fail_msg("rank %d: %s", j, at[j].text);
            }
            assert_true((j == 0) == (at[j].r != NULL));
        }
        same_result(alone, at[0].r);
        free_ranks(at);
        mho_sweep_result_free(alone);
        mho_study_free(s);
    }
    mho_ctx_free(ctx);
}

/* The journal of rank 1 cannot be written: all ranks end, rank 0 says why, and it goes on later. */
static void a_rank_that_cannot_write(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_study *s = must_load(ctx, small);
    char out[100], path[140];
    snprintf(out, sizeof out, "%s/full", dir);
    snprintf(path, sizeof path, "%s/journal", out);
    test_ok(ctx, mho_i_mkdirs(ctx, path));
    snprintf(path, sizeof path, "%s/journal/rank-00001.journal", out);
    assert_int_equal(symlink("/dev/full", path), 0);
    place at[N_RANK];
    run_ranks(at, out);
    if (at[0].status == MHO_OK) { /* the others were so fast that it had nothing to write */
        free_ranks(at);
    } else {
        assert_int_equal(at[0].status, MHO_ERR_IO);
        assert_non_null(strstr(at[0].text, "No space left on device"));
        assert_null(at[0].r);
    }
    unlink(path);
    run_ranks(at, out);
    assert_int_equal(at[0].status, MHO_OK);
    mho_sweep_result *alone = NULL;
    run_alone(ctx, s, "alone0", 2, &alone);
    same_result(alone, at[0].r);
    free_ranks(at);
    mho_sweep_result_free(alone);
    mho_study_free(s);
    mho_ctx_free(ctx);
}

int main(void) {
    snprintf(dir, sizeof dir, "/tmp/mho-test-sweep-XXXXXX");
    if (!mkdtemp(dir)) {
        return 1;
    }
    setenv("MHO_CACHE", dir, 1);
    char path[96];
    snprintf(path, sizeof path, "%s/small.yaml", dir);
    write_text(path, "chip:\n  array: {compensate: 0, wire: 0, source: 0, sense: 0}\n");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(complaints_name_the_place),
        cmocka_unit_test(axes_are_counted),
        cmocka_unit_test(a_grid_is_every_combination),
        cmocka_unit_test(a_card_keeps_what_was_set),
        cmocka_unit_test(halton_points_are_spread),
        cmocka_unit_test(drawn_points_stay_inside),
        cmocka_unit_test(memory_may_end_anywhere),
        cmocka_unit_test(every_chip_is_given_once),
        cmocka_unit_test(a_torn_line_is_not_read),
        cmocka_unit_test(a_full_disk_leaves_whole_lines),
        cmocka_unit_test(wilson_against_known_values),
        cmocka_unit_test(effects_of_a_grid_in_closed_form),
        cmocka_unit_test(the_threshold_itself_is_good_enough),
        cmocka_unit_test(failed_chips_are_no_good_chips),
        cmocka_unit_test(effects_of_drawn_points),
        cmocka_unit_test(a_study_goes_on_and_grows),
        cmocka_unit_test(every_point_may_have_its_network),
        cmocka_unit_test(one_process_at_a_time),
        cmocka_unit_test(a_stopped_study_goes_on),
        cmocka_unit_test(ranks_give_the_same),
        cmocka_unit_test(a_rank_that_cannot_write),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char command[96];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    if (!failed && system(command) != 0) {
        return 1;
    }
    return failed;
}
