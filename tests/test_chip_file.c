/* test_chip_file.c - the YAML chip file: what it sets, what it refuses and in which words; that it
 * survives a round trip; that examples/chip-default.yaml and docs/chip-file.md say what the tables
 * say (run with MHO_REGENERATE=1 to write them anew). */
#include "test.h"

#include "chip/spec_int.h"
#include "io/io_int.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static char dir[] = "/tmp/mho-test-XXXXXX";

static const char *file_of(mho_ctx *ctx, const char *text) {
    static char path[64];
    snprintf(path, sizeof path, "%s/chip.yaml", dir);
    test_ok(ctx, mho_i_file_write(ctx, path, text, strlen(text)));
    return path;
}

static double value_of(const mho_chip_spec *spec, const char *section, const char *key) {
    for (size_t k = 0; k < mho_chip_param_count(); k++) {
        const char *where;
        mho_param_info info = mho_chip_param_describe(spec, k, &where);
        if (strcmp(where, section) == 0 && strcmp(info.key, key) == 0) {
            return mho_chip_param_get(spec, k);
        }
    }
    fail_msg("no parameter %s.%s", section, key);
    return 0;
}

static void a_file_changes_what_it_names(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_chip_spec s, d;
    test_ok(ctx, mho_chip_spec_default(ctx, &d));
    test_ok(ctx, mho_chip_spec_load(
                     ctx,
                     file_of(ctx, "# comment\n"
                                  "chip:\n"
                                  "  synapse: {model: cbram, levels: 21, g_min: 2 uS, "
                                  "program_error: 4.5 %}\n"
                                  "  array:\n    wire: 2.385 ohm\n    weights: differential\n"
                                  "  neuron:\n    rth: 3 MK/W\n    card: T\n    share: per-column\n"
                                  "    mixing: gem\n    trim_error: 0\n"
                                  "  periphery: {}\n"),
                     &s));
    test_close(s.synapse.levels, 21, 0, 0);
    test_close(s.synapse.g_min_S, 2e-6, 0, 1e-15);
    test_close(s.synapse.program_error_rel, 0.045, 0, 1e-15);
    test_close(s.wire_ohm, 2.385, 0, 0);
    test_close(s.neuron.rth_K_per_W, 3e6, 0, 1e-15); /* over the card, though it stands before it */
    test_close(s.neuron.r300_ohm, 3770, 0, 0);
    test_close(s.trim_error_V, 0, 0, 0);
    test_close(s.source_ohm, d.source_ohm, 0, 0);
    assert_int_equal(s.share, MHO_SHARE_PER_COLUMN);
    assert_int_equal(s.neuron.mixing, MHO_MIX_GEM);
    assert_string_equal(s.neuron_card, "T");
    mho_ctx_free(ctx);
}

typedef struct bad_file {
    const char *text, *message;
} bad_file;

static const bad_file bad_files[] = {
    {"", "the file is empty"},
    {"# only a comment\n", "the file is empty"},
    {"chip:\n", "chip is nothing; a mapping of sections is wanted"},
    {"- 1\n- 2\n", "the file is a list"},
    {"hello\n", "the file is a single value"},
    {"array: {}\n", ":1:1: array: not known; the only key here is chip"},
    {"chip: 3\n", ":1:7: chip is a single value"},
    {"chip: {arrays: {}}\n", ":1:8: chip.arrays: not a section; there are synapse, array, neuron, "
                             "periphery, conditions and cost; did you mean \"array\"?"},
    {"chip:\n  array: 5\n", ":2:10: chip.array is a single value; a mapping"},
    {"chip:\n  array: {}\n  array: {}\n", ":3:3: chip.array is there twice"},
    {"chip: {}\nchip: {}\n", ":2:1: chip is there twice"},
    {"chip:\n  array:\n    wires: 2 ohm\n",
     ":3:5: chip.array.wires: not a key of this section; did you mean \"wire\"?"},
    {"chip:\n  array: {banana: 2 ohm}\n", "chip.array.banana: not a key of this section; allowed: "
                                          "weights repair scale rows cols wire source sense"},
    {"chip:\n  array: {wire: 2 ohm, wire: 3 ohm}\n", ":2:24: chip.array.wire is there twice"},
    {"chip:\n  neuron: {card: N, card: N}\n", "chip.neuron.card is there twice"},
    {"chip:\n  neuron:\n    rth: 5 V\n",
     ":3:10: chip.neuron.rth = \"5 V\" has the wrong unit; the unit wanted is K/W (with a prefix f "
     "p n u m k M G if you like); allowed are 1 K/W to 1 GK/W"},
    {"chip: {array: {wire: 2}}\n", "chip.array.wire = \"2\" has no unit; the unit wanted is ohm"},
    {"chip: {array: {wire: abc}}\n", "chip.array.wire = \"abc\" is not a number with a unit"},
    {"chip: {array: {wire: nan ohm}}\n", "chip.array.wire = \"nan ohm\" is not a number"},
    {"chip: {array: {wire: -1 ohm}}\n",
     "chip.array.wire = \"-1 ohm\": allowed are 0 ohm to 1 Mohm"},
    {"chip: {array: {rows: 1.5}}\n", "allowed are whole numbers from 2 to 1024"},
    {"chip: {array: {rows: 7.5}}\n", "allowed are whole numbers from 2 to 1024"},
    {"chip: {synapse: {levels: 8 uS}}\n", "chip.synapse.levels = \"8 uS\" has a unit"},
    {"chip: {synapse: {levels: [1, 2]}}\n", "chip.synapse.levels is a list; a single value"},
    {"chip: {synapse: {levels: }}\n", "chip.synapse.levels is nothing; a single value"},
    {"chip: {synapse: {program_error: 50 %}}\n", "allowed are 0 % to 30 %"},
    {"chip: {synapse: {model: pmc}}\n", "did you mean \"pcm\"?"},
    {"chip: {synapse: {table: [1 uS 0 S]}}\n", "chip.synapse.table: only model table has one"},
    {"chip: {synapse: {model: table}}\n", "model table has 0 levels: 2 to 64 are wanted"},
    {"chip: {synapse: {model: table, table: [1 uS 0 S, 2 uS]}}\n",
     ":1:50: chip.synapse.table: level 1"},
    {"chip: {synapse: {model: table, table: 3 uS}}\n", "a list of levels is wanted"},
    {"chip: {synapse: {model: table, table: [3 uS 0 S, 2 uS 0 S]}}\n", "rising levels"},
    {"chip: {conditions: {age: 1 yeer}}\n", "the wrong unit"},
    {"chip: {neuron: {card: Q}}\n", ":1:23: chip.neuron.card = \"Q\": allowed are U, T, N"},
    {"chip: {neuron: {mixing: bruggeman-4d}}\n", "did you mean \"bruggeman-2d\"?"},
    {"chip: {synapse: {g_max: 10 uS, g_min: 20 uS}}\n",
     ":1:18: chip.synapse: g_max = 10 uS must be above g_min = 20 uS"},
    {"chip: {synapse: {g_min: 60 uS}}\n", ":1:18: chip.synapse: g_max = 60 uS must be above"},
    {"chip: {array: {wire: *x}}\n", ""},
    {"a: &a [x, x]\nchip: {array: *a}\n", ":1:1: a: not known"},
    {"chip: {array: &a {wire: 1 ohm}, cost: *a}\n", "anchors and aliases are not read"},
    {"chip: {array: {wire: 2 ohm}\n", "not YAML"},
    {"chip:\n\tarray: {}\n", "not YAML"},
    {"chip: {}\n---\nchip: {}\n", "several documents"},
};

static void a_bad_file_is_refused_in_clear_words(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_chip_spec before, spec;
    test_ok(ctx, mho_chip_spec_default(ctx, &before));
    for (size_t k = 0; k < sizeof bad_files / sizeof *bad_files; k++) {
        spec = before;
        mho_status status = mho_chip_spec_load(ctx, file_of(ctx, bad_files[k].text), &spec);
        const char *said = mho_ctx_last_error(ctx);
        if (status != MHO_ERR_FORMAT || !strstr(said, bad_files[k].message) ||
            strncmp(said, dir, strlen(dir)) != 0) {
            fail_msg("%s\ngave %d: %s\nwanted: %s", bad_files[k].text, (int)status, said,
                     bad_files[k].message);
        }
        assert_null(strchr(said, '\n'));
        assert_memory_equal(&spec, &before, sizeof spec);
        assert_int_equal(mho_ctx_bytes(ctx), 0);
    }
    assert_int_equal(mho_chip_spec_load(ctx, "/nowhere/chip.yaml", &spec), MHO_ERR_IO);
    assert_non_null(strstr(mho_ctx_last_error(ctx), "/nowhere/chip.yaml"));
    mho_ctx_free(ctx);
}

static void hostile_files_are_refused_fast(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_chip_spec spec;
    mho_i_text t;
    double start = mho_i_now_s();
    char path[64];
    snprintf(path, sizeof path, "%s/huge.yaml", dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(ftruncate(fileno(f), 100 << 20), 0);
    fclose(f);
    assert_int_equal(mho_chip_spec_load(ctx, path, &spec), MHO_ERR_FORMAT);
    unlink(path);
    /* a bomb of aliases, deep nesting, very many keys */
    mho_i_text_init(&t, ctx);
    mho_i_text_add(&t, "a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
    for (int k = 1; k < 40; k++) {
        mho_i_text_add(&t, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", k, k, k - 1, k - 1, k - 1,
                       k - 1, k - 1, k - 1);
    }
    assert_int_equal(mho_chip_spec_load(ctx, file_of(ctx, t.data), &spec), MHO_ERR_FORMAT);
    mho_i_text_free(&t);
    for (int k = 0; k < 100000; k++) {
        mho_i_text_put(&t, "[", 1);
    }
    assert_int_equal(mho_chip_spec_load(ctx, file_of(ctx, t.data), &spec), MHO_ERR_FORMAT);
    mho_i_text_free(&t);
    mho_i_text_add(&t, "chip:\n array:\n");
    for (int k = 0; k < 20000; k++) {
        mho_i_text_add(&t, "  k%d: 1\n", k);
    }
    assert_int_equal(mho_chip_spec_load(ctx, file_of(ctx, t.data), &spec), MHO_ERR_FORMAT);
    mho_i_text_free(&t);
    assert_true(mho_i_now_s() - start < 5);
    mho_ctx_free(ctx);
}

/* Bytes changed, dropped and doubled at random: refused or read, never more, and not a word on
 * standard error, where a library may talk. */
static void mutated_files_do_no_harm(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_chip_spec spec;
    unsigned char *text;
    size_t n;
    test_ok(ctx, mho_i_file_read(ctx, "examples/chip-default.yaml", 1 << 20, &text, &n));
    char *bad = malloc(2 * n + 1), path[64];
    snprintf(path, sizeof path, "%s/stderr", dir);
    int old = dup(2), said = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(old >= 0 && said >= 0 && dup2(said, 2) == 2);
    static const char nasty[] = "{}[]:,&*!|>'\"%@`#-?\t\n \\<0\xff\x80\x01";
    for (uint32_t trial = 0; trial < 400; trial++) {
        memcpy(bad, text, n);
        uint32_t r[4];
        for (uint32_t hit = 0; hit <= trial % 7; hit++) {
            mho_i_rng_u32x4(9, MHO_RNG_TEST, trial, hit, 0, r);
            bad[r[0] % n] = nasty[r[1] % (sizeof nasty - 1)];
        }
        size_t cut = r[2] % 5 == 0 ? r[3] % n : n;
        mho_i_yaml *doc;
        bad[cut] = 0;
        if (mho_i_yaml_parse(ctx, "bad", bad, cut, &doc) == MHO_OK) {
            mho_i_yaml_free(doc);
        }
        if (trial % 4 == 0) {
            mho_status status = mho_chip_spec_load(ctx, file_of(ctx, bad), &spec);
            assert_true(status == MHO_OK || status == MHO_ERR_FORMAT);
        }
    }
    dup2(old, 2);
    close(old);
    assert_int_equal(lseek(said, 0, SEEK_END), 0);
    close(said);
    unlink(path);
    free(bad);
    mho_i_free(ctx, text);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void assert_same_spec(const mho_chip_spec *a, const mho_chip_spec *b) {
    assert_string_equal(a->neuron_card, b->neuron_card);
    assert_int_equal(a->share, b->share);
    assert_int_equal(a->neuron.mixing, b->neuron.mixing);
    assert_int_equal(a->synapse.model, b->synapse.model);
    assert_int_equal(a->verify, b->verify);
    assert_int_equal(a->repair, b->repair);
    assert_int_equal(a->activation, b->activation);
    assert_int_equal(a->column_calibration, b->column_calibration);
    assert_int_equal(a->drift_compensation, b->drift_compensation);
    assert_int_equal(a->synapse.n_level, b->synapse.n_level);
    assert_memory_equal(a->synapse.level_S, b->synapse.level_S, sizeof a->synapse.level_S);
    assert_memory_equal(a->synapse.level_sd_S, b->synapse.level_sd_S, sizeof a->synapse.level_sd_S);
    for (size_t k = 0; k < mho_chip_param_count(); k++) {
        const char *section;
        mho_param_info info = mho_chip_param_describe(a, k, &section);
        if (mho_chip_param_get(a, k) != mho_chip_param_get(b, k)) {
            fail_msg("%s.%s: %.17g and %.17g", section, info.key, mho_chip_param_get(a, k),
                     mho_chip_param_get(b, k));
        }
    }
}

static void what_is_written_loads_back(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_chip_spec a, b;
    char *text;
    for (uint32_t trial = 0; trial < 6; trial++) {
        test_ok(ctx, mho_chip_spec_default(ctx, &a));
        if (trial > 0) {
            snprintf(a.neuron_card, sizeof a.neuron_card, "%c", "UTN"[trial % 3]);
            test_ok(ctx, mho_neuron_card(ctx, a.neuron_card, &a.neuron));
            a.share = trial % 2 ? MHO_SHARE_PER_COLUMN : MHO_SHARE_PER_OUTPUT;
            a.neuron.mixing = (mho_mixing)(trial % 4);
            a.synapse = mho_synapse_card((mho_synapse_model)(trial % MHO_SYNAPSE_N_MODEL));
            a.verify = trial % 2;
            a.repair = (mho_repair)(trial % 3);
            a.activation = (mho_activation)(trial / 2 % 2);
            a.column_calibration = trial / 2 % 2;
            a.drift_compensation = trial / 3 % 2;
        }
        for (size_t k = 0; a.synapse.model == MHO_SYNAPSE_TABLE && k < 5; k++) {
            a.synapse.level_S[a.synapse.n_level] = 1e-6 * sqrt((double)(k + 1) * (trial + 1.7));
            a.synapse.level_sd_S[a.synapse.n_level++] = 1e-7 / (double)(k + 3);
        }
        for (size_t k = 0; trial > 2 && k < mho_chip_param_count(); k++) {
            const char *section;
            mho_param_info info = mho_chip_param_describe(&a, k, &section);
            double u;
            mho_i_rng_uniform(trial, MHO_RNG_TEST, (uint32_t)k, 0, 1, &u);
            double x = info.min + u * u * u * (info.max - info.min);
            test_ok(ctx,
                    mho_chip_param_set(ctx, &a, k, mho_i_chip_param_is_whole(k) ? floor(x) : x));
        }
        a.synapse.g_min_S = fmin(a.synapse.g_min_S, a.synapse.g_max_S * 0.7);
        a.neuron.r_metal_ohm = fmin(a.neuron.r_metal_ohm, a.neuron.r300_ohm * 0.7);
        test_ok(ctx, mho_chip_spec_write(ctx, &a, &text));
        test_ok(ctx, mho_chip_spec_load(ctx, file_of(ctx, text), &b));
        assert_same_spec(&a, &b);
        mho_text_free(ctx, text);
    }
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void keys_are_unique_and_set_checks_the_range(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_chip_spec spec;
    test_ok(ctx, mho_chip_spec_default(ctx, &spec));
    for (size_t k = 0; k < mho_chip_param_count(); k++) {
        const char *section, *other;
        mho_param_info info = mho_chip_param_describe(&spec, k, &section);
        assert_true(info.mark == 'P' || info.mark == 'C' || info.mark == 'A');
        for (size_t j = 0; j < k; j++) {
            mho_param_info before = mho_chip_param_describe(&spec, j, &other);
            assert_false(strcmp(info.key, before.key) == 0 && strcmp(section, other) == 0);
        }
        assert_int_equal(mho_chip_param_set(ctx, &spec, k, info.max * 1.01), MHO_ERR_ARG);
        assert_int_equal(mho_chip_param_set(ctx, &spec, k, (double)NAN), MHO_ERR_ARG);
        test_ok(ctx, mho_chip_param_set(ctx, &spec, k, info.max));
        if (mho_chip_param_get(&spec, k) != mho_i_chip_param_default(&spec, k)) {
            assert_int_equal(mho_chip_param_describe(&spec, k, &section).mark, 'F');
        }
    }
    test_close(value_of(&spec, "neuron", "rth"), 1e9, 0, 0);
    assert_int_equal(mho_chip_param_set(ctx, &spec, mho_chip_param_count(), 1), MHO_ERR_ARG);
    mho_ctx_free(ctx);
}

static void memory_failures_leave_nothing_behind(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_chip_spec spec;
    const char *path = file_of(ctx, "chip: {array: {wire: 2 ohm}}\n");
    char *text;
    mho_status status = MHO_ERR_NOMEM;
    for (size_t n = 1; n < 20 && status == MHO_ERR_NOMEM; n++) {
        mho_ctx_fail_alloc(ctx, n);
        status = mho_chip_spec_load(ctx, path, &spec);
        assert_int_equal(mho_ctx_bytes(ctx), 0);
    }
    assert_int_equal(status, MHO_OK);
    mho_ctx_fail_alloc(ctx, 1);
    assert_int_equal(mho_chip_spec_write(ctx, &spec, &text), MHO_ERR_NOMEM);
    assert_null(text);
    mho_ctx_fail_alloc(ctx, 0);
    mho_ctx_free(ctx);
}

/* ---- generated files ---- */

static void same_as_file(mho_ctx *ctx, const char *path, const char *text, const char *begin) {
    unsigned char *data;
    size_t n;
    test_ok(ctx, mho_i_file_read(ctx, path, 1 << 20, &data, &n));
    char *at = begin ? strstr((char *)data, begin) : (char *)data;
    assert_non_null(at);
    if (strcmp(at, text) == 0) {
        mho_i_free(ctx, data);
        return;
    }
    if (!getenv("MHO_REGENERATE")) {
        fail_msg("%s is out of date: run MHO_REGENERATE=1 build/test_chip_file", path);
    }
    size_t head = (size_t)(at - (char *)data);
    mho_i_part parts[] = {{data, head}, {text, strlen(text)}};
    test_ok(ctx, mho_i_file_write_parts(ctx, path, 2, parts));
    mho_i_free(ctx, data);
}

static void the_example_spells_out_the_defaults(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_chip_spec a, b;
    char *text;
    test_ok(ctx, mho_chip_spec_default(ctx, &a));
    test_ok(ctx, mho_chip_spec_write(ctx, &a, &text));
    same_as_file(ctx, "examples/chip-default.yaml", text, NULL);
    mho_text_free(ctx, text);
    test_ok(ctx, mho_chip_spec_load(ctx, "examples/chip-default.yaml", &b));
    assert_same_spec(&a, &b);
    mho_ctx_free(ctx);
}

static void table_of(mho_i_text *t, const mho_chip_spec *spec, const char *section) {
    mho_i_text_add(t,
                   "\n### %s\n\n| key | default | allowed | meaning | mark | source |\n"
                   "| --- | --- | --- | --- | --- | --- |\n",
                   section);
    for (int c = 0; c < MHO_N_CHOICE; c++) {
        const mho_i_choice *choice = &mho_i_chip_choices[c];
        if (strcmp(choice->section, section) == 0) {
            mho_i_text_add(t, "| `%s` | %s |", choice->key,
                           choice->word[mho_i_chip_choice_get(spec, c)]);
            for (int w = 0; choice->word[w]; w++) {
                mho_i_text_add(t, "%s %s", w ? "," : "", choice->word[w]);
            }
            mho_i_text_add(t, " | %s | | |\n", choice->help);
        }
    }
    for (size_t k = 0; k < mho_chip_param_count(); k++) {
        const char *where;
        char v[64], lo[64], hi[64];
        mho_param_info i = mho_chip_param_describe(spec, k, &where);
        if (strcmp(where, section) == 0) {
            mho_i_text_add(
                t, "| `%s` | %s | %s to %s | %s | %c | %s |\n", i.key,
                mho_i_chip_param_text(k, i.unit, mho_chip_param_get(spec, k), 0, v, sizeof v),
                mho_i_chip_param_text(k, i.unit, i.min, 6, lo, sizeof lo),
                mho_i_chip_param_text(k, i.unit, i.max, 6, hi, sizeof hi), i.help, i.mark,
                i.source);
        }
    }
}

/* What the cards of the other models of cells have instead. */
static void table_of_models(mho_i_text *t) {
    mho_i_text_add(
        t, "\n### synapse, other models than cbram\n\n| model | key | default | mark | source "
           "|\n| --- | --- | --- | --- | --- |\n");
    size_t first = 0;
    const char *section;
    mho_chip_spec spec;
    mho_ctx *ctx = test_ctx();
    test_ok(ctx, mho_chip_spec_default(ctx, &spec));
    while (mho_chip_param_describe(&spec, first, &section), strcmp(section, "synapse") != 0) {
        first++;
    }
    mho_synapse_param cbram = mho_synapse_card(MHO_SYNAPSE_CBRAM);
    for (int m = 1; m < MHO_SYNAPSE_N_MODEL; m++) {
        mho_synapse_param p = mho_synapse_card((mho_synapse_model)m);
        for (size_t k = 0; k < mho_synapse_param_count(); k++) {
            char v[64];
            mho_param_info i = mho_synapse_param_describe(k, p.model);
            double value = mho_synapse_param_get(&p, k);
            if (value != mho_synapse_param_get(&cbram, k)) {
                mho_i_text_add(t, "| %s | `%s` | %s | %c | %s |\n", mho_synapse_model_name(p.model),
                               i.key,
                               mho_i_chip_param_text(first + k, i.unit, value, 6, v, sizeof v),
                               i.mark, i.source);
            }
        }
    }
    mho_ctx_free(ctx);
}

static void the_documentation_lists_every_key(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_chip_spec spec;
    test_ok(ctx, mho_chip_spec_default(ctx, &spec));
    mho_i_text t;
    mho_i_text_init(&t, ctx);
    mho_i_text_add(&t, "## All keys\n");
    for (size_t k = 0; mho_i_chip_sections[k]; k++) {
        table_of(&t, &spec, mho_i_chip_sections[k]);
    }
    table_of_models(&t);
    same_as_file(ctx, "docs/chip-file.md", t.data, "## All keys");
    mho_i_text_free(&t);
    mho_ctx_free(ctx);
}

static int make_dir(void **state) {
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state) {
    (void)state;
    char path[64];
    snprintf(path, sizeof path, "%s/chip.yaml", dir);
    unlink(path);
    return rmdir(dir);
}

/* card: FILE, from the folder of the chip file; the file's values carry its mark and source. */
static void a_card_file_is_a_card(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    char chip[64], card[64];
    snprintf(chip, sizeof chip, "%s/chip.yaml", dir);
    snprintf(card, sizeof card, "%s/film.yaml", dir);
    const char card_text[] = "model: vo2-neuron\ncard: T\nmark: C\nsource: fit to x.csv\n"
                             "parameters: { mixing: gem, t_c: 335.5 K, gem_ratio: 0.4 }\n";
    const char chip_text[] = "chip: { neuron: { card: film.yaml, beta: 0.2 1/K } }\n";
    mho_chip_spec s;
    test_ok(ctx, mho_file_save(ctx, card, card_text, strlen(card_text)));
    test_ok(ctx, mho_file_save(ctx, chip, chip_text, strlen(chip_text)));
    test_ok(ctx, mho_chip_spec_load(ctx, chip, &s));
    assert_string_equal(s.neuron_card, "T");
    assert_string_equal(s.neuron_card_file, "film.yaml");
    assert_int_equal(s.neuron.mixing, MHO_MIX_GEM);
    for (size_t k = 0; k < mho_chip_param_count(); k++) {
        const char *section;
        mho_param_info info = mho_chip_param_describe(&s, k, &section);
        if (strcmp(section, "neuron") != 0) {
            continue;
        }
        if (strcmp(info.key, "t_c") == 0 || strcmp(info.key, "gem_ratio") == 0) {
            assert_int_equal(info.mark, 'C');
            assert_string_equal(info.source, "fit to x.csv");
        } else if (strcmp(info.key, "beta") == 0) {
            assert_int_equal(info.mark, 'F');
        } else if (strcmp(info.key, "width") == 0) {
            assert_string_equal(info.source, MHO_SRC_T);
        }
    }
    const char wrong[] = "model: vo2-neuron\nparameters: { t_c: 335.5 V }\n";
    test_ok(ctx, mho_file_save(ctx, card, wrong, strlen(wrong)));
    assert_int_equal(mho_chip_spec_load(ctx, chip, &s), MHO_ERR_FORMAT);
    assert_non_null(strstr(mho_ctx_last_error(ctx), "chip.yaml:1:"));
    assert_non_null(strstr(mho_ctx_last_error(ctx), "film.yaml:2:"));
    unlink(card);
    assert_int_equal(mho_chip_spec_load(ctx, chip, &s), MHO_ERR_FORMAT);
    unlink(chip);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_changes_what_it_names),
        cmocka_unit_test(a_bad_file_is_refused_in_clear_words),
        cmocka_unit_test(hostile_files_are_refused_fast),
        cmocka_unit_test(mutated_files_do_no_harm),
        cmocka_unit_test(what_is_written_loads_back),
        cmocka_unit_test(keys_are_unique_and_set_checks_the_range),
        cmocka_unit_test(memory_failures_leave_nothing_behind),
        cmocka_unit_test(the_example_spells_out_the_defaults),
        cmocka_unit_test(the_documentation_lists_every_key),
        cmocka_unit_test(a_card_file_is_a_card),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
