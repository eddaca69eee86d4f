/* test_imperfection.c - every non-ideality of a chip on its own against its closed form or limiting
 * case, and all of them together against the slow path. Those of a single cell: test_synapse.c. */
#include "test_chip_net.h"

#include <string.h>

/* z of one compute stage for the pictures of one block, lanes innermost: one place of the output.
 */
typedef struct seen {
    size_t stage; /* number of the compute stage */
    size_t y, x;  /* of the output */
    float z[64 * 128], a[64 * 128];
} seen;

static seen look_at;

static mho_status look(void *user, const mho_i_view *view) {
    seen *s = user;
    if (view->z && view->stage->number == s->stage && view->y == s->y) {
        size_t n = view->stage->shape.n_out;
        for (size_t o = 0; o < n; o++) {
            size_t at = s->x * MHO_I_LANES;
            memcpy(s->z + o * MHO_I_LANES, view->z + o * view->n_col + at,
                   MHO_I_LANES * sizeof *s->z);
            if (view->a) {
                memcpy(s->a + o * MHO_I_LANES, view->a + o * view->a_stride + at,
                       MHO_I_LANES * sizeof *s->a);
            }
        }
    }
    return MHO_OK;
}

/* Pictures first.. of the set through stage number; the same picture in all lanes if same. */
static const seen *send(const bench *b, size_t stage, uint32_t block, bool noisy, bool same) {
    size_t image[MHO_I_LANES];
    for (size_t k = 0; k < MHO_I_LANES; k++) {
        image[k] = same ? 3 : k;
    }
    mho_i_scratch *s = mho_i_chip_scratch_new(b->chip);
    look_at.stage = stage;
    look_at.y = look_at.x = stage == 0 ? PATCH : 0;
    test_ok(b->ctx, mho_i_chip_forward(b->chip, s, &(mho_i_source){.set = b->set}, image,
                                       MHO_I_LANES, block, noisy, NULL, look, &look_at));
    mho_i_chip_scratch_free(b->ctx, s);
    return &look_at;
}

static void program(bench *b, uint32_t imperfections) {
    test_ok(b->ctx, mho_chip_program(b->chip, 5, 2, imperfections, NULL));
}

static float *weights(const bench *b, size_t l) {
    const mho_i_layer *layer = &b->chip->layer[l];
    size_t n = layer->n_row * layer->shape.n_out;
    float *w = malloc(n * sizeof *w);
    memcpy(w, layer->weight, n * sizeof *w);
    return w;
}

static size_t n_weight(const bench *b, size_t l) {
    return b->chip->layer[l].n_row * b->chip->layer[l].shape.n_out;
}

static const uint32_t FIRST_NINE = (MHO_IMP_JITTER << 1) - 1;

static void what_is_off_or_absent_changes_nothing(void **state) {
    (void)state;
    uint8_t want[N_IMAGE], got[N_IMAGE];
    double accuracy;
    bench b = make(NULL);
    program(&b, FIRST_NINE);
    test_ok(b.ctx, mho_chip_evaluate(b.chip, b.set, want, &accuracy));
    program(&b, MHO_IMP_ALL); /* nothing more is there */
    test_ok(b.ctx, mho_chip_evaluate(b.chip, b.set, got, &accuracy));
    assert_memory_equal(want, got, sizeof want);
    assert_int_equal(mho_chip_imperfections(&b.spec), FIRST_NINE);
    everything(&b.spec);
    remake(&b, &b.spec);
    assert_int_equal(mho_chip_imperfections(&b.spec), MHO_IMP_ALL);
    program(&b, FIRST_NINE); /* it is there, but off */
    test_ok(b.ctx, mho_chip_evaluate(b.chip, b.set, got, &accuracy));
    assert_memory_equal(want, got, sizeof want);
    for (int k = 0; k < MHO_IMP_COUNT; k++) {
        assert_true(*mho_imperfection_name(k) && *mho_imperfection_text(k));
        program(&b, FIRST_NINE | 1u << k);
        if (!(FIRST_NINE >> k & 1)) { /* on, every one changes what the pictures see */
            float before[128];
            memcpy(before, send(&b, 2, 0, true, false)->z, sizeof before);
            program(&b, FIRST_NINE);
            bool adc = 1u << k == MHO_IMP_ADC; /* the view is before the converter */
            assert_true(adc || memcmp(before, send(&b, 2, 0, true, false)->z, sizeof before) != 0);
        }
    }
    done(&b);
}

static void all_together_agree_with_the_slow_path(void **state) {
    (void)state;
    bench b = make(everything);
    mho_chip_verify v;
    program(&b, MHO_IMP_ALL);
    test_ok(b.ctx, mho_chip_calibrate(b.chip, b.set, 0, NULL));
    test_ok(b.ctx, mho_chip_check(b.chip, b.set, 2, 1, &v));
    test_close(v.array_error_rel, 0, 1e-6, 0);
    test_close(v.residual_rel, 0, 1e-10, 0);
    assert_int_equal(v.n_same, 2);
    /* same bits for any number of threads, and another instance is another chip */
    uint8_t one[N_IMAGE], two[N_IMAGE];
    double accuracy;
    test_ok(b.ctx, mho_ctx_set_threads(b.ctx, 1));
    test_ok(b.ctx, mho_chip_evaluate(b.chip, b.set, one, &accuracy));
    test_ok(b.ctx, mho_ctx_set_threads(b.ctx, 2));
    program(&b, MHO_IMP_ALL);
    test_ok(b.ctx, mho_chip_calibrate(b.chip, b.set, 0, NULL));
    test_ok(b.ctx, mho_chip_evaluate(b.chip, b.set, two, &accuracy));
    assert_memory_equal(one, two, sizeof one);
    done(&b);
}

static void levels_leave_a_twelfth_of_a_step_squared(void **state) {
    (void)state;
    bench b = make(NULL);
    program(&b, MHO_IMP_LEVELS);
    double sum2 = 0, n = 0, range = b.spec.synapse.g_max_S - b.spec.synapse.g_min_S;
    double step = range / (b.spec.synapse.levels - 1);
    for (size_t l = 0; l < b.chip->n_layer; l++) {
        for (size_t t = 0; t < b.chip->layer[l].n_tile; t++) {
            const mho_i_tile *tile = &b.chip->layer[l].tile[t];
            for (size_t k = 0; k < tile->n_row * 2 * tile->n_out; k++) {
                double target = tile->target_S[k], e = tile->g_S[k] - target;
                if (target > b.spec.synapse.g_min_S + step && target < b.spec.synapse.g_max_S) {
                    sum2 += e * e;
                    n++;
                }
            }
        }
    }
    /* the variance of e^2 of a uniform e is step^4/180 */
    test_close(sum2 / n, step * step / 12, 4 * step * step / sqrt(180 * n), 0);
    done(&b);
}

static void slow_cells(mho_chip_spec *s) {
    s->synapse.flicker_rel = 0.01;
    s->synapse.flicker_exponent = 0.3;
    s->synapse.telegraph_cells_frac = 0.4;
    s->synapse.telegraph_rel = 0.2;
    s->synapse.telegraph_duty_frac = 0.3;
    s->age_s = 1e5;
}

/* Good wires: z is a sum over cells, so its variance is the sum of theirs. Brute force reads every
 * cell many times. */
static void cell_noise_adds_up_at_the_output(void **state) {
    (void)state;
    const uint32_t which[] = {MHO_IMP_READ_NOISE, MHO_IMP_FLICKER, MHO_IMP_TELEGRAPH,
                              MHO_IMP_READ_NOISE | MHO_IMP_FLICKER | MHO_IMP_TELEGRAPH};
    bench b = make(slow_cells);
    enum { N_BLOCK = 10, N_DRAW = 700, OUT = 3 };
    for (int k = 0; k < 4; k++) {
        program(&b, which[k] | MHO_IMP_AGE);
        b.chip->spec.synapse.retention_nu = b.chip->spec.synapse.retention_sd_rel = 0;
        program(&b, which[k] | MHO_IMP_AGE);
        const mho_i_layer *layer = &b.chip->layer[0];
        /* one picture: one patch, over and over */
        double sum = 0, sum2 = 0;
        for (uint32_t block = 0; block < N_BLOCK; block++) {
            const float *z = send(&b, 0, block, true, true)->z + OUT * MHO_I_LANES;
            for (int i = 0; i < MHO_I_LANES; i++) {
                sum += (double)z[i];
                sum2 += (double)z[i] * (double)z[i];
            }
        }
        double n = N_BLOCK * MHO_I_LANES, sd = sqrt(sum2 / n - sum / n * sum / n);
        uint32_t what = (which[k] & MHO_IMP_READ_NOISE ? MHO_CELL_WHITE : 0) |
                        (which[k] & MHO_IMP_FLICKER ? MHO_CELL_FLICKER : 0) |
                        (which[k] & MHO_IMP_TELEGRAPH ? MHO_CELL_TELEGRAPH : 0);
        double m = 0, m2 = 0;
        double *read = malloc(4096 * sizeof *read);
        for (uint32_t d = 0; d < N_DRAW; d++) {
            double z = 0;
            for (size_t t = 0; t < layer->n_tile; t++) {
                const mho_i_tile *tile = &layer->tile[t];
                if (tile->out0 > OUT || tile->out0 + tile->n_out <= OUT) {
                    continue;
                }
                mho_synapse_read(&b.chip->spec.synapse, b.chip->seed, tile->first_cell, d,
                                 tile->n_row * 2 * tile->n_out, tile->g_S, b.spec.age_s, what,
                                 read);
                for (size_t r = 0; r < tile->n_row; r++) {
                    size_t row = mho_i_chip_row_of(layer, tile->row0 + r);
                    const double *g = read + r * 2 * tile->n_out + 2 * (OUT - tile->out0);
                    z += (row == layer->shape.n_in ? 1 : patch_pixel(&b, 3, row)) * (g[0] - g[1]) *
                         layer->z_per_A[OUT] * b.spec.synapse.v_read_V;
                }
            }
            m += z / N_DRAW;
            m2 += z * z / N_DRAW;
        }
        free(read);
        double want = sqrt(m2 - m * m);
        assert_true(want > 1e-4);
        test_close(sd, want, 0, 4 * (1 / sqrt(2.0 * N_DRAW) + 1 / sqrt(2.0 * n)));
        test_close(sum / n, m, 5 * want / sqrt(N_DRAW), 1e-4);
    }
    done(&b);
}

static void plain_drift(mho_chip_spec *s) {
    s->synapse = mho_synapse_card(MHO_SYNAPSE_PCM);
    s->synapse.drift_nu_min = s->synapse.drift_nu_max = 0.06;
    s->synapse.drift_sd_min = s->synapse.drift_sd_max = 0;
    s->age_s = 2e6;
}

/* One exponent for all cells: every weight falls by the power law, and a reference read brings all
 * of them back. */
static void drift_is_a_power_law_and_can_be_compensated(void **state) {
    (void)state;
    bench b = make(plain_drift);
    program(&b, 0);
    float *fresh = weights(&b, 1);
    program(&b, MHO_IMP_AGE);
    float *aged = weights(&b, 1);
    double factor = pow(2e6 / 20, -0.06);
    for (size_t k = 0; k < n_weight(&b, 1); k++) {
        test_close((double)aged[k], factor * (double)fresh[k], 1e-7, 1e-5);
    }
    b.spec.drift_compensation = true;
    remake(&b, &b.spec);
    program(&b, MHO_IMP_AGE);
    for (size_t k = 0; k < n_weight(&b, 1); k++) {
        test_close((double)b.chip->layer[1].weight[k], (double)fresh[k], 1e-7, 1e-5);
    }
    free(fresh);
    free(aged);
    done(&b);
}

static void warm_spec(mho_chip_spec *s) {
    s->warmer_K = 6;
}

static void warm_cells_scale_and_warm_neurons_fire_earlier(void **state) {
    (void)state;
    bench b = make(warm_spec);
    program(&b, 0);
    float *cold = weights(&b, 1), a_cold[128];
    memcpy(a_cold, send(&b, 1, 0, false, false)->a, sizeof a_cold);
    program(&b, MHO_IMP_TEMPERATURE);
    double factor = 1 + 6 * b.spec.synapse.g_tc_per_K;
    for (size_t k = 0; k < n_weight(&b, 1); k++) {
        test_close((double)b.chip->layer[1].weight[k], factor * (double)cold[k], 1e-7, 1e-5);
    }
    const float *a_warm = send(&b, 1, 0, false, false)->a;
    double up = 0;
    for (int k = 0; k < 128; k++) {
        up += (double)(a_warm[k] - a_cold[k]) / 128;
    }
    assert_true(up > 0.01); /* a warmer film conducts more */
    free(cold);
    /* the slow path solves the neuron at that temperature; trimmed devices too */
    mho_chip_verify v;
    program(&b, MHO_IMP_TEMPERATURE | MHO_IMP_SPREAD);
    test_ok(b.ctx, mho_chip_check(b.chip, b.set, 1, 1, &v));
    test_close(v.neuron_error_rel, 0, 1e-4, 0);
    test_close(v.array_error_rel, 0, 1e-6, 0);
    done(&b);
}

static void stuck_spec(mho_chip_spec *s) {
    s->stuck_on_frac = 0.05;
    s->stuck_off_frac = 0.1;
    s->shorted_frac = 0.01;
}

static void the_asked_share_of_cells_is_stuck(void **state) {
    (void)state;
    bench b = make(stuck_spec);
    program(&b, MHO_IMP_STUCK | MHO_IMP_AGE | MHO_IMP_PROGRAM);
    double on = 0, off = 0, shorted = 0, n = 0;
    for (size_t l = 0; l < b.chip->n_layer; l++) {
        for (size_t t = 0; t < b.chip->layer[l].n_tile; t++) {
            const mho_i_tile *tile = &b.chip->layer[l].tile[t];
            for (size_t k = 0; k < tile->n_row * 2 * tile->n_out; k++, n++) {
                on += tile->g_S[k] == b.spec.synapse.g_max_S;
                off += tile->g_S[k] == 0;
                shorted += tile->g_S[k] == b.spec.short_S;
            }
        }
    }
    test_close(on / n, 0.05, 4 * sqrt(0.05 / n), 0);
    test_close(off / n, 0.1, 4 * sqrt(0.1 / n), 0);
    test_close(shorted / n, 0.01, 4 * sqrt(0.01 / n), 0);
    done(&b);
}

static void broken_spec(mho_chip_spec *s) {
    s->open_word_frac = 0.3;
    s->open_bit_frac = 0.2;
}

/* Without wire resistance a piece that is cut off hangs on bit lines at 0 V, or carries its current
 * nowhere: its weights are 0, the others are as before. */
static void broken_lines_cut_their_cells_off(void **state) {
    (void)state;
    bench b = make(broken_spec);
    program(&b, MHO_IMP_BROKEN);
    double word = 0, bit = 0, n_word = 0, n_bit = 0;
    for (size_t l = 0; l < b.chip->n_layer; l++) {
        for (size_t t = 0; t < b.chip->layer[l].n_tile; t++) {
            const mho_i_tile *tile = &b.chip->layer[l].tile[t];
            size_t n_row = tile->n_row, n_col = 2 * tile->n_out;
            unsigned char *dead = calloc(n_row * n_col, 1);
            for (size_t r = 0; r < n_row; r++, n_word++) {
                bool cut = false;
                for (size_t c = 0; c < n_col; c++) {
                    bool here = tile->broken_word && tile->broken_word[r * (n_col + 1) + c];
                    word += here;
                    cut = cut || here;
                    dead[r * n_col + c] = cut;
                }
            }
            for (size_t c = 0; c < n_col; c++, n_bit++) {
                bool cut = false;
                for (size_t r = n_row; r-- > 0;) { /* sensed at the bottom */
                    bool here = tile->broken_bit && tile->broken_bit[(r + 1) * n_col + c];
                    bit += here;
                    cut = cut || here;
                    dead[r * n_col + c] |= cut;
                }
            }
            /* pieces of bit lines that float couple rows to one another only through cells that
             * are alive elsewhere: exact in tiles without broken bit lines */
            for (size_t k = 0; !tile->broken_bit && k < n_row * n_col; k++) {
                test_close(tile->m_S[k], dead[k] ? 0 : tile->g_S[k], 1e-12, 1e-9);
            }
            for (size_t c = 0; !tile->broken_word && c < n_col; c++) {
                for (size_t r = 0; r < n_row; r++) { /* driven rows hold the floating piece off */
                    test_close(tile->m_S[r * n_col + c],
                               dead[r * n_col + c] ? 0 : tile->g_S[r * n_col + c], 1e-12, 1e-9);
                }
            }
            free(dead);
        }
    }
    test_close(word / n_word, 0.3, 4 * sqrt(0.21 / n_word), 0);
    test_close(bit / n_bit, 0.2, 4 * sqrt(0.16 / n_bit), 0);
    done(&b);
}

/* A word line of n equal cells to good bit lines is a ladder: with 4 sinh^2(h/2) = r G the voltage
 * at cell k = 1..n is cosh((n - k + 1/2) h)/cosh((n + 1/2) h). */
static void a_uniform_line_drops_as_a_ladder(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    enum { N_CELL = 37 };
    mho_array_opt opt = MHO_ARRAY_OPT_INIT;
    opt.r_word_ohm = 13;
    double g[N_CELL], m[N_CELL];
    for (int k = 0; k < N_CELL; k++) {
        g[k] = 70e-6;
    }
    test_ok(ctx, mho_array_transfer_many(ctx, 1, 1, N_CELL, &opt, g, m));
    double h = 2 * asinh(sqrt(13 * 70e-6) / 2);
    for (int k = 0; k < N_CELL; k++) {
        test_close(m[k] / g[k], cosh((N_CELL - k - 0.5) * h) / cosh((N_CELL + 0.5) * h), 0, 1e-12);
    }
    mho_ctx_free(ctx);
}

static void offset_spec(mho_chip_spec *s) {
    s->amplifier_offset_V = 0.03;
}

static void offsets_are_static_and_of_the_asked_size(void **state) {
    (void)state;
    bench b = make(offset_spec);
    double sum2 = 0, n = 0, sd = 0.03 / b.chip->neuron.circuit.v_swing_V;
    program(&b, 0);
    float z0[37 * 128];
    memcpy(z0, send(&b, 1, 0, false, false)->z, sizeof z0);
    program(&b, MHO_IMP_OFFSET);
    const mho_i_stage *stage = NULL;
    for (size_t k = 0; k < b.chip->n_stage; k++) {
        const mho_i_stage *s = &b.chip->stage[k];
        for (size_t o = 0; s->offset && o < s->shape.n_out; o++, n++) {
            sum2 += s->offset[o] * s->offset[o];
        }
        stage = s->op == MHO_I_COMPUTE && s->number == 2 ? s : stage;
    }
    test_close(sqrt(sum2 / n), sd, 0, 4 / sqrt(2 * n));
    assert_non_null(stage);
    /* the first stage's offsets reach the second through the neurons; the last is seen directly:
     * the same inputs, so compare with the weights without it */
    const seen *s = send(&b, 2, 0, false, false);
    float z1[10];
    for (int o = 0; o < 10; o++) {
        z1[o] = s->z[o * MHO_I_LANES];
        assert_true(z1[o] == s->z[o * MHO_I_LANES]);
    }
    for (size_t o = 0; o < 10; o++) { /* take it off again */
        mho_i_chip_trim_column((mho_i_stage *)(uintptr_t)stage, o, 1, -stage->offset[o]);
    }
    s = send(&b, 2, 0, false, false);
    double moved = 0;
    for (int o = 0; o < 10; o++) {
        moved = fmax(moved, fabs((double)(z1[o] - s->z[o * MHO_I_LANES])));
        test_close(stage->offset[o], 0, 1e-15, 0);
    }
    assert_true(moved > 0.5 * sd);
    done(&b);
}

static void digital_spec(mho_chip_spec *s) {
    s->activation = MHO_ACTIVATION_DIGITAL;
    s->adc_bits = 5;
    s->adc_range = 1.3;
    s->adc_clip_frac = 0;
}

static void adc_errors_are_a_twelfth_of_a_step_squared(void **state) {
    (void)state;
    bench b = make(digital_spec);
    program(&b, MHO_IMP_ADC);
    const mho_i_stage *stage = &b.chip->stage[0];
    enum { N = 40001 };
    static float z[N], q[N];
    double step = 1.3 / 31, sum = 0, sum2 = 0;
    for (int k = 0; k < N; k++) {
        z[k] = (float)(1.3 * k / (N - 1));
    }
    mho_i_chip_adc(b.chip, stage, N, z, q);
    for (int k = 0; k < N; k++) {
        double e = (double)q[k] - (double)z[k];
        assert_true(fabs(e) <= step / 2 * 1.0001);
        sum += e / N;
        sum2 += e * e / N;
    }
    test_close(sum2, step * step / 12, 0, 0.01);
    test_close(sum, 0, step / 100, 0);
    float out[3] = {-5, 9, 0.6f};
    mho_i_chip_adc(b.chip, stage, 3, out, out);
    assert_true(out[0] == 0 && fabs((double)out[1] - 1.3) < 1e-6);
    /* on the chip: activations are those of a rectifier at the codes */
    const seen *s = send(&b, 0, 0, false, false);
    for (int k = 0; k < 5 * 128; k++) {
        double v = fmin(fmax((double)s->z[k], 0), 1.3), code = round(v / step) * step;
        test_close((double)s->a[k], code, 0.003, 1e-4); /* the table's kink is a node off */
    }
    done(&b);
}

/* DACs drive what digital hardware stored: no row driver, no film, whose noise could be added; and
 * no neuron that could differ, jitter or latch. */
static void digital_activations_see_nothing_of_neurons_and_drivers(void **state) {
    (void)state;
    bench b = make(digital_spec);
    b.spec.driver_noise_V = 1e-4;
    b.spec.neuron.jitter_K = 1;
    b.spec.latch_frac = 0.3;
    remake(&b, &b.spec);
    program(&b, MHO_IMP_ADC);
    seen *before = malloc(sizeof *before);
    for (size_t k = 0; k < 3; k++) {
        program(&b, MHO_IMP_ADC);
        *before = *send(&b, k, 0, true, false);
        program(&b, MHO_IMP_ADC | MHO_IMP_DRIVER | MHO_IMP_SPREAD | MHO_IMP_JITTER | MHO_IMP_LATCH);
        const seen *s = send(&b, k, 0, true, false);
        assert_memory_equal(before->z, s->z, sizeof s->z);
    }
    free(before);
    for (size_t v = 0; v < 4; v++) { /* input, both sides of the pool, dense */
        assert_true(b.chip->value[v].dac);
    }
    done(&b);
}

static void adc_ranges_come_from_data_and_clip_as_told(void **state) {
    (void)state;
    bench b = make(digital_spec);
    mho_calibration c;
    program(&b, MHO_IMP_ADC);
    test_ok(b.ctx, mho_chip_calibrate(b.chip, b.set, 128, &c));
    assert_int_equal(c.n_layer, 3);
    for (size_t k = 0; k < 3; k++) {
        test_close(c.layer[k].adc_range, 1.3, 0, 0);
    }
    b.spec.adc_clip_frac = 0.02;
    remake(&b, &b.spec);
    program(&b, MHO_IMP_ADC);
    test_ok(b.ctx, mho_chip_calibrate(b.chip, b.set, 128, &c));
    for (size_t k = 0; k < 3; k++) {
        assert_true(c.layer[k].clipped_rel <= 0.02 && c.layer[k].clipped_rel > 0.01);
    }
    /* counted again at the scores */
    const seen *s = send(&b, 2, 0x80000000u, true, false);
    double beyond = 0;
    for (int k = 0; k < 10 * 128; k++) {
        beyond += fabs((double)s->z[k]) > c.layer[2].adc_range;
    }
    test_close(beyond / 1280, c.layer[2].clipped_rel, 2e-3, 0);
    done(&b);
}

static void latch_spec(mho_chip_spec *s) {
    s->latch_frac = 0.25;
}

static void neurons_that_missed_their_reset_follow_the_cooling_branch(void **state) {
    (void)state;
    bench b = make(latch_spec);
    enum { N = 50 };
    program(&b, MHO_IMP_LATCH);
    const mho_neuron_grid *g = &b.chip->grid;
    double most = 0;
    for (int k = 0; k < N; k++) {
        double z = g->z_min + (g->z_max - g->z_min) * k / (N - 1);
        float x = mho_i_grid_position(g, (float)z);
        int i = x >= MHO_I_NODES - 1 ? MHO_I_NODES - 2 : (int)x;
        double latched = (double)b.chip->latch_table[2 * i];
        double heated = (double)b.chip->nominal_table[2 * i];
        assert_true(latched > heated - 1e-3); /* metal stays: never less output */
        most = fmax(most, latched - heated);
    }
    assert_true(most > 0.2); /* a good part of the span */
    const seen *s = send(&b, 1, 0, true, false);
    float with[37 * 128], z[37 * 128];
    memcpy(with, s->a, sizeof with);
    memcpy(z, s->z, sizeof z);
    b.chip->imperfections = 0;
    size_t moved = 0, n = 0;
    for (size_t k = 0; k < 37 * 128; k++) {
        double latched, heated = (double)mho_i_chip_nominal_at(b.chip, (double)z[k]);
        float one = with[k];
        mho_i_chip_latch(b.chip, 1, 1, 1, 0, NULL, NULL); /* nothing to do is fine */
        latched = (double)one;
        if ((double)z[k] > -1 && (double)z[k] < 0.5) { /* where the branches differ */
            moved += fabs(latched - heated) > 0.02;
            n++;
        }
    }
    assert_true(n > 200);
    test_close((double)moved / (double)n, 0.25, 5 * sqrt(0.19 / (double)n), 0);
    done(&b);
}

/* sd over many evaluations of one picture at output o of a stage. */
static double spread_of(const bench *b, size_t stage, size_t o, bool of_a) {
    double sum = 0, sum2 = 0, n = 0;
    for (uint32_t block = 0; block < 20; block++) {
        const seen *s = send(b, stage, block, true, true);
        const float *x = (of_a ? s->a : s->z) + o * MHO_I_LANES;
        for (int k = 0; k < MHO_I_LANES; k++, n++) {
            sum += (double)x[k];
            sum2 += (double)x[k] * (double)x[k];
        }
    }
    return sqrt(fmax(sum2 / n - sum / n * sum / n, 0));
}

static void coarse_input(mho_chip_spec *s) {
    s->input_bits = 3;
}

static void the_input_dac_rounds_pixels(void **state) {
    (void)state;
    bench b = make(coarse_input);
    program(&b, MHO_IMP_INPUT);
    const mho_i_layer *layer = &b.chip->layer[0];
    for (size_t o = 0; o < 5; o++) {
        const float *w = layer->weight + o * layer->n_row;
        double want = (double)w[layer->n_row - 1];
        for (size_t r = 0; r + 1 < layer->n_row; r++) {
            want += (double)w[r] * round(patch_pixel(&b, 3, r) * 7) / 7;
        }
        test_close((double)send(&b, 0, 0, false, true)->z[o * MHO_I_LANES], want, 1e-6, 1e-5);
    }
    done(&b);
}

static void amplifiers_drivers_and_jitter_have_their_size(void **state) {
    (void)state;
    bench b = make(NULL);
    const double few = 4 / sqrt(2.0 * 20 * MHO_I_LANES);
    program(&b, MHO_IMP_AMPLIFIER);
    const mho_neuron_circuit *c = &b.chip->neuron.circuit;
    test_close(spread_of(&b, 0, 2, false), b.spec.amplifier_noise_V / c->v_swing_V, 0, few);
    /* stored activations get driver and Johnson noise, each row of the next layer its own */
    program(&b, MHO_IMP_DRIVER);
    double t = b.spec.neuron.t_base_K + b.chip->neuron.rise_full_K, sum2 = 0;
    double johnson2 = 4 * MHO_K_B_J_PER_K * t * c->r_load_ohm / (2 * b.chip->neuron.read_s);
    double sd = sqrt(b.spec.driver_noise_V * b.spec.driver_noise_V + johnson2) / b.chip->v_full_V;
    const mho_i_layer *layer = &b.chip->layer[1];
    for (size_t r = 0; r + 1 < layer->n_row; r++) {
        sum2 += pow((double)layer->weight[4 * layer->n_row + r], 2);
    }
    test_close(spread_of(&b, 1, 4, false), sd * sqrt(sum2), 0, few);
    /* jitter moves an activation by its derivative by the transition temperature */
    program(&b, MHO_IMP_JITTER);
    const seen *s = send(&b, 0, 0, true, true);
    double z = (double)s->z[2 * MHO_I_LANES];
    float x = mho_i_grid_position(&b.chip->grid, (float)z);
    int i = (int)x;
    const float *table = b.chip->nominal_table + 2 * i;
    double slope = (double)table[1] + ((double)x - i) * (double)(table[3] - table[1]);
    test_close(spread_of(&b, 0, 2, true), fabs(slope) * b.spec.neuron.jitter_K, 0, few + 0.01);
    done(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_off_or_absent_changes_nothing),
        cmocka_unit_test(all_together_agree_with_the_slow_path),
        cmocka_unit_test(levels_leave_a_twelfth_of_a_step_squared),
        cmocka_unit_test(cell_noise_adds_up_at_the_output),
        cmocka_unit_test(drift_is_a_power_law_and_can_be_compensated),
        cmocka_unit_test(warm_cells_scale_and_warm_neurons_fire_earlier),
        cmocka_unit_test(the_asked_share_of_cells_is_stuck),
        cmocka_unit_test(broken_lines_cut_their_cells_off),
        cmocka_unit_test(a_uniform_line_drops_as_a_ladder),
        cmocka_unit_test(offsets_are_static_and_of_the_asked_size),
        cmocka_unit_test(the_input_dac_rounds_pixels),
        cmocka_unit_test(amplifiers_drivers_and_jitter_have_their_size),
        cmocka_unit_test(adc_errors_are_a_twelfth_of_a_step_squared),
        cmocka_unit_test(adc_ranges_come_from_data_and_clip_as_told),
        cmocka_unit_test(digital_activations_see_nothing_of_neurons_and_drivers),
        cmocka_unit_test(neurons_that_missed_their_reset_follow_the_cooling_branch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
