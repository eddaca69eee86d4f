/* test_mapping_keys.c - every key of the chip file does something to a network from a file: columns
 * and ADCs set from data, offsets of amplifiers at which no array ends, and all others one by one.
 */
#include "test_mapping_net.h"

#include "chip/spec_int.h"

/* Two convolutions with rectifiers, a way around an array, and a sum of stored activations alone.
 */
static void sums_net(bench *b, int x) {
    int one = simple(b, MHO_OP_RELU, conv(b, x, 4, plain));
    int two = simple(b, MHO_OP_RELU, add(b, conv(b, one, 4, plain), one));
    int sum = simple(b, MHO_OP_RELU, add(b, one, two));
    finish(b, simple(b, MHO_OP_GLOBAL_AVERAGE_POOL, sum), 5);
}

static size_t stage_without_array(const mho_chip *chip) {
    size_t k = 0;
    while (chip->stage[k].op != MHO_I_COMPUTE || chip->stage[k].n_layer) {
        k++;
        assert_true(k < chip->n_stage);
    }
    return k;
}

/* Scores of the programmed chip against the exact graph, over the largest. */
static double gap(const bench *b, mho_chip *chip) {
    static float want[N_SAMPLE * 5], got[N_SAMPLE * 5];
    double worst = 0, top = 0;
    test_ok(b->ctx, mho_graph_run(b->ctx, b->g, N_SAMPLE, mho_samples_x(b->set), want));
    test_ok(b->ctx, mho_chip_evaluate_samples(chip, b->set, NULL, got, NULL));
    for (size_t k = 0; k < N_SAMPLE * 5; k++) {
        worst = fmax(worst, fabs((double)(got[k] - want[k])));
        top = fmax(top, fabs((double)want[k]));
    }
    return worst / top;
}

static void columns_are_calibrated_from_samples(void **state) {
    (void)state;
    int x;
    bench b = make(2, 6, 6, &x);
    sums_net(&b, x);
    exact(&b);
    b.spec.amplifier_offset_V = 0.1;
    b.spec.column_calibration = true;
    mho_chip *chip = chip_of(&b);
    mho_calibration c;
    test_ok(b.ctx, mho_chip_program(chip, 5, 2, MHO_IMP_OFFSET, NULL));
    /* nobody gets results of a chip that is not what its file asks for */
    assert_int_equal(mho_chip_evaluate_samples(chip, b.set, NULL, NULL, NULL), MHO_ERR_ARG);
    assert_non_null(strstr(mho_ctx_last_error(b.ctx), "column_gain"));
    chip->calibrated = true; /* as if */
    double before = gap(&b, chip);
    test_ok(b.ctx, mho_chip_calibrate_samples(chip, b.set, 0, &c));
    double after = gap(&b, chip);
    print_message("offsets of 0.1 V: scores off by %.3g, calibrated %.3g\n", before, after);
    assert_true(before > 0.02 && after < 1e-4);
    mho_chip_verify v; /* the slow path knows of gains and offsets, also where there is no array */
    test_ok(b.ctx, mho_chip_check_samples(chip, b.set, 2, 1, &v));
    test_close(v.array_error_rel, 0, 2e-6, 0);
    /* once more changes nothing: what is wanted is the design, not the last calibration */
    test_ok(b.ctx, mho_chip_calibrate_samples(chip, b.set, 0, NULL));
    test_close(gap(&b, chip), after, 1e-5, 0);
    /* cells that have lost: gains, of the currents of stored activations as well */
    b.spec.age_s = 1e8;
    mho_chip_free(chip);
    chip = chip_of(&b);
    test_ok(b.ctx, mho_chip_program(chip, 5, 2, MHO_IMP_OFFSET | MHO_IMP_AGE, NULL));
    chip->calibrated = true;
    before = gap(&b, chip);
    test_ok(b.ctx, mho_chip_calibrate_samples(chip, b.set, 0, &c));
    after = gap(&b, chip);
    print_message("and after three years: %.3g, calibrated %.3g\n", before, after);
    assert_true(after < 0.5 * before);
    test_ok(b.ctx, mho_chip_check_samples(chip, b.set, 2, 1, &v));
    test_close(v.array_error_rel, 0, 2e-6, 0);
    /* samples of another shape */
    mho_samples *odd;
    const float zero[4] = {0};
    test_ok(b.ctx, mho_samples_new(b.ctx, 1, 1, 2, 2, zero, NULL, &odd));
    assert_int_equal(mho_chip_calibrate_samples(chip, odd, 0, NULL), MHO_ERR_DIM);
    mho_samples_free(odd);
    mho_chip_free(chip);
    done(&b);
}

/* A sum of stored activations alone ends at amplifiers like any other; the next instance has
 * offsets of its own, and one without is as designed. */
static void amplifiers_without_arrays_have_offsets(void **state) {
    (void)state;
    int x;
    bench b = make(2, 6, 6, &x);
    sums_net(&b, x);
    exact(&b);
    b.spec.amplifier_offset_V = 0.05;
    mho_chip *chip = chip_of(&b);
    const mho_i_stage *stage = &chip->stage[stage_without_array(chip)];
    float designed[4], first[4];
    test_ok(b.ctx, mho_chip_program(chip, 5, 0, 0, NULL));
    memcpy(designed, stage->bias, sizeof designed);
    test_ok(b.ctx, mho_chip_program(chip, 5, 0, MHO_IMP_OFFSET, NULL));
    memcpy(first, stage->bias, sizeof first);
    double swing = chip->neuron.circuit.v_swing_V, most = 0;
    for (size_t o = 0; o < 4; o++) {
        most = fmax(most, fabs((double)(first[o] - designed[o])));
        assert_true(first[o] != designed[o]);
    }
    assert_true(most > 0.01 / swing && most < 0.25 / swing);
    test_ok(b.ctx, mho_chip_program(chip, 5, 1, MHO_IMP_OFFSET, NULL));
    assert_memory_not_equal(stage->bias, first, sizeof first);
    test_ok(b.ctx, mho_chip_program(chip, 5, 0, MHO_IMP_OFFSET, NULL));
    assert_memory_equal(stage->bias, first, sizeof first);
    test_ok(b.ctx, mho_chip_program(chip, 5, 0, 0, NULL));
    assert_memory_equal(stage->bias, designed, sizeof designed);
    mho_chip_free(chip);
    done(&b);
}

static void ranges_of_adcs_come_from_samples(void **state) {
    (void)state;
    int x;
    bench b = make(2, 6, 6, &x);
    sums_net(&b, x);
    b.spec.adc_bits = 6;
    b.spec.adc_range = 40;
    b.spec.adc_clip_frac = 0.01;
    mho_chip *chip = chip_of(&b);
    mho_calibration c;
    test_ok(b.ctx, mho_chip_program(chip, 1, 0, MHO_IMP_ADC, NULL));
    double before = gap(&b, chip);
    test_ok(b.ctx, mho_chip_calibrate_samples(chip, b.set, 0, &c));
    double after = gap(&b, chip), range = c.layer[c.n_layer - 1].adc_range;
    print_message("ADC of 6 bits: range %.3g of z, scores off by %.3g, before by %.3g\n", range,
                  after, before);
    assert_true(range > 0.1 && range < 4);
    assert_true(after < 0.5 * before);
    mho_chip_free(chip);
    done(&b);
}

/* ---- all keys ---- */

/* A key counts if it does something with neurons or with digital activations. Cells and neurons
 * have no code of their own for networks from files: their keys are left to their tests. */
enum { N_GROUND = 2 };
static const char *const grounds[N_GROUND] = {"neuron", "digital"};

static void set_word(const bench *b, mho_chip_spec *s, const char *path, const char *word) {
    mho_chip_key key;
    test_ok(b->ctx, mho_chip_key_find(b->ctx, s, path, &key));
    size_t k = 0;
    while (strcmp(key.word[k], word) != 0) {
        k++;
        assert_non_null(key.word[k]);
    }
    test_ok(b->ctx, mho_chip_word_set(b->ctx, s, &key, k));
}

/* Everything on, so that every number has something to change; few neurons, as their tables take
 * the time. */
static mho_chip_spec spec_on(const bench *b, size_t ground) {
    mho_chip_spec s = b->spec;
    set_word(b, &s, "chip.periphery.activation", grounds[ground]);
    s.share = MHO_SHARE_PER_COLUMN;
    s.neuron.n_slice = 1;
    s.compensate = 1;
    s.rows = 9;
    s.cols = 4;
    s.age_s = 1e6;
    s.storage_K = 340;
    s.warmer_K = 2;
    s.stuck_on_frac = 0.01;
    s.stuck_off_frac = 0.02;
    s.shorted_frac = 0.01;
    s.open_word_frac = 0.05;
    s.open_bit_frac = 0.05;
    s.amplifier_offset_V = 0.01;
    s.adc_bits = ground ? 8 : 0; /* without ADCs a winner decides */
    s.adc_clip_frac = 0;
    s.latch_frac = 0.05;
    return s;
}

/* All that a user sees of a chip: report, scores, cost. MHO_OK, or a refusal. */
static mho_status show(const bench *b, const mho_chip_spec *spec, mho_i_hash *h) {
    mho_chip *chip = NULL;
    float score[N_SAMPLE * 5];
    mho_program_report rep;
    mho_chip_cost cost = {0};
    *h = mho_i_hash_init();
    mho_status status = mho_chip_spec_check(b->ctx, spec);
    status = status < 0 ? status : mho_chip_new_graph(b->ctx, spec, b->g, b->set, &b->opt, &chip);
    status = status < 0 ? status : mho_chip_program(chip, 5, 2, MHO_IMP_ALL, &rep);
    status = status < 0 ? status : mho_chip_calibrate_samples(chip, b->set, 0, NULL);
    status = status < 0 ? status : mho_chip_evaluate_samples(chip, b->set, NULL, score, NULL);
    status = status < 0 ? status : mho_chip_cost_samples(chip, b->set, 4, &cost);
    if (status >= 0) {
        mho_i_hash_add(h, score, sizeof score);
        mho_i_hash_add(h, &rep.write, sizeof rep.write);
        mho_i_hash_add(h, &rep.n_trim_clipped, sizeof rep.n_trim_clipped);
        mho_i_hash_add(h, &cost, sizeof cost);
        const mho_neuron_design *d = mho_chip_neuron(chip);
        const double time[] = {d->reset_s, d->settle_s, d->read_s};
        mho_i_hash_add(h, time, sizeof time);
    }
    mho_chip_free(chip);
    return status;
}

static bool differs(const bench *b, const mho_chip_spec *changed, mho_i_hash from) {
    mho_i_hash h;
    mho_status status = show(b, changed, &h);
    return status < 0 || h.lo != from.lo || h.hi != from.hi;
}

/* Somewhere else in its range, but near: a chip far off is often refused, which counts too but says
 * less. Shares decide who is struck, so they move more. */
static double another(const mho_param_info *info, size_t k, double x) {
    double far = mho_i_chip_param_is_share(k) ? 3 : 1.3, span = info->max - info->min;
    double y = x > 0 ? far * x : x < 0 ? x / far : info->min + fmin(0.02 * span, 1);
    y = y > info->max ? x / far : y;
    return mho_i_chip_param_is_whole(k) ? ceil(y) : y;
}

static bool number_counts(const bench *b, size_t k, const mho_i_hash *from) {
    for (size_t g = 0; g < N_GROUND; g++) {
        const char *section;
        mho_chip_spec spec = spec_on(b, g);
        mho_param_info info = mho_chip_param_describe(&spec, k, &section);
        double x = another(&info, k, mho_chip_param_get(&spec, k));
        test_ok(b->ctx, mho_chip_param_set(b->ctx, &spec, k, x));
        if (differs(b, &spec, from[g])) {
            return true;
        }
    }
    return false;
}

static bool word_counts(const bench *b, const mho_i_choice *choice, const mho_i_hash *from) {
    for (int w = 0; choice->word[w]; w++) {
        mho_chip_spec spec = spec_on(b, 0);
        char path[80];
        snprintf(path, sizeof path, "chip.%s.%s", choice->section, choice->key);
        set_word(b, &spec, path, choice->word[w]);
        if (differs(b, &spec, from[0])) {
            return true;
        }
    }
    return false;
}

static bool concerns_cells_or_neurons(const char *section) {
    return strcmp(section, "synapse") == 0 || strcmp(section, "neuron") == 0;
}

static void every_key_does_something(void **state) {
    (void)state;
    int x;
    bench b = make(2, 4, 4, &x);
    /* with something for every part: arrays, sums, digital functions, comparators */
    x = simple(&b, MHO_OP_TANH, conv(&b, x, 3, plain));
    mho_graph_attr half = mho_graph_attr_default();
    half.kernel[0] = half.kernel[1] = half.stride[0] = half.stride[1] = 2;
    x = node(&b, MHO_OP_MAX_POOL, 1, &x, &half);
    sums_net(&b, x);
    mho_i_hash from[N_GROUND];
    size_t n_silent = 0;
    for (size_t g = 0; g < N_GROUND; g++) {
        mho_chip_spec spec = spec_on(&b, g);
        test_ok(b.ctx, show(&b, &spec, &from[g]));
        assert_false(differs(&b, &spec, from[g])); /* the same chip shows the same */
    }
    for (size_t k = 0; k < mho_chip_param_count(); k++) {
        const char *section;
        mho_param_info info = mho_chip_param_describe(&b.spec, k, &section);
        if (!concerns_cells_or_neurons(section) && !number_counts(&b, k, from)) {
            print_error("%s.%s does nothing\n", section, info.key);
            n_silent++;
        }
    }
    for (int c = 0; c < MHO_N_CHOICE; c++) {
        const mho_i_choice *choice = &mho_i_chip_choices[c];
        if (choice->word[1] && !word_counts(&b, choice, from)) {
            print_error("%s.%s does nothing\n", choice->section, choice->key);
            n_silent++;
        }
    }
    assert_int_equal(n_silent, 0);
    done(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_calibrated_from_samples),
        cmocka_unit_test(amplifiers_without_arrays_have_offsets),
        cmocka_unit_test(ranges_of_adcs_come_from_samples),
        cmocka_unit_test(every_key_does_something),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
