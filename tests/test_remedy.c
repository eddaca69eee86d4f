/* test_remedy.c - what is done about what goes wrong: repair of stuck cells against all
 * permutations, columns calibrated from data, the last layer tuned on the chip. */
#include "test_chip_net.h"

#include <string.h>

static void stuck(mho_chip_spec *s) {
    s->stuck_on_frac = 0.03;
    s->stuck_off_frac = 0.05;
}

/* Squared differences that the written tiles miss of a layer's targets. */
static double missing(const bench *b) {
    double sum = 0;
    for (size_t l = 0; l < b->chip->n_layer; l++) {
        for (size_t t = 0; t < b->chip->layer[l].n_tile; t++) {
            const mho_i_tile *tile = &b->chip->layer[l].tile[t];
            size_t n_col = 2 * tile->n_out;
            for (size_t r = 0; r < tile->n_row; r++) {
                size_t wire = mho_i_tile_wire(tile, r) - tile->row0;
                for (size_t o = 0; o < tile->n_out; o++) {
                    const double *want = tile->target_S + wire * n_col + 2 * o;
                    const double *got = tile->g_S + r * n_col + 2 * o;
                    double e = want[0] - want[1] - mho_i_tile_sign(tile, o) * (got[0] - got[1]);
                    sum += e * e;
                }
            }
        }
    }
    return sum;
}

static void each_repair_leaves_less_than_the_one_before(void **state) {
    (void)state;
    bench b = make(stuck);
    double left[3];
    for (int r = 0; r < 3; r++) {
        b.spec.repair = (mho_repair)r;
        remake(&b, &b.spec);
        test_ok(b.ctx, mho_chip_program(b.chip, 5, 2, MHO_IMP_STUCK, NULL));
        left[r] = missing(&b);
        /* moved lines and swapped pairs are the same network to the slow path */
        mho_chip_verify v;
        test_ok(b.ctx, mho_chip_program(b.chip, 5, 2, MHO_IMP_STUCK | MHO_IMP_WIRES, NULL));
        test_ok(b.ctx, mho_chip_check(b.chip, b.set, 1, 1, &v));
        test_close(v.array_error_rel, 0, 1e-6, 0);
        /* nothing stuck: nothing moved */
        test_ok(b.ctx, mho_chip_program(b.chip, 5, 2, 0, NULL));
        assert_null(b.chip->layer[0].tile[0].wire_of);
        test_close(missing(&b), 0, 1e-20, 0);
    }
    assert_true(left[1] < 0.5 * left[0]);
    assert_true(left[2] < 0.35 * left[1]);
    done(&b);
}

/* Largest and smallest difference of a pair with faults; what is missing of d. */
static double pair_missing(const bench *b, const unsigned char *fault, double d) {
    double lo[2], hi[2];
    for (int k = 0; k < 2; k++) {
        lo[k] = fault[k] ? mho_i_chip_fault_S(b->chip, fault[k]) : b->spec.synapse.g_min_S;
        hi[k] = fault[k] ? lo[k] : b->spec.synapse.g_max_S;
    }
    return fmax(fmax(d - (hi[0] - lo[1]), lo[0] - hi[1] - d), 0);
}

/* Best of all orders of n lines, pairs as they are, by trying. */
static double best_order(const bench *b, const mho_i_tile *tile, const unsigned char *fault,
                         size_t r, unsigned used) {
    if (r == tile->n_row) {
        return 0;
    }
    double best = HUGE_VAL;
    size_t n_col = 2 * tile->n_out;
    for (size_t l = 0; l < tile->n_row; l++) {
        if (used >> l & 1) {
            continue;
        }
        double e2 = 0;
        for (size_t o = 0; o < tile->n_out; o++) {
            const double *want = tile->target_S + l * n_col + 2 * o;
            double e = pair_missing(b, fault + r * n_col + 2 * o, want[0] - want[1]);
            e2 += e * e;
        }
        best = fmin(best, e2 + best_order(b, tile, fault, r + 1, used | 1u << l));
    }
    return best;
}

static void remapping_is_as_good_as_the_best_order(void **state) {
    (void)state;
    bench b = make(stuck);
    b.spec.rows = 6; /* small enough to try all orders */
    b.spec.cols = 6;
    b.spec.stuck_on_frac = b.spec.stuck_off_frac = 0.2;
    b.spec.repair = MHO_REPAIR_REMAP;
    remake(&b, &b.spec);
    test_ok(b.ctx, mho_chip_program(b.chip, 5, 2, MHO_IMP_STUCK, NULL));
    size_t better = 0;
    const mho_i_layer *layer = &b.chip->layer[2];
    for (size_t t = 0; t < layer->n_tile; t++) {
        const mho_i_tile *tile = &layer->tile[t];
        unsigned char fault[6 * 6], moved[6 * 6];
        size_t n_col = 2 * tile->n_out;
        assert_true(tile->n_row <= 6 && n_col <= 6);
        if (!mho_i_chip_faults(b.chip, tile, fault)) {
            continue;
        }
        double got = 0;
        for (size_t r = 0; r < tile->n_row; r++) {
            size_t wire = mho_i_tile_wire(tile, r) - tile->row0;
            for (size_t o = 0; o < tile->n_out; o++) {
                const double *want = tile->target_S + wire * n_col + 2 * o;
                const double *g = tile->g_S + r * n_col + 2 * o;
                double e = want[0] - want[1] - mho_i_tile_sign(tile, o) * (g[0] - g[1]);
                got += e * e;
            }
        }
        double best = best_order(&b, tile, fault, 0, 0);
        assert_true(got <= best * (1 + 1e-9) + 1e-24);
        better += got < best * 0.999;
        /* every word line is somewhere, once */
        memset(moved, 0, sizeof moved);
        for (size_t r = 0; r < tile->n_row; r++) {
            moved[tile->wire_of[r]]++;
        }
        for (size_t r = 0; r < tile->n_row; r++) {
            assert_int_equal(moved[r], 1);
        }
    }
    assert_true(better > 0); /* swapped pairs gain more */
    done(&b);
}

static void skewed(mho_chip_spec *s) {
    s->synapse = mho_synapse_card(MHO_SYNAPSE_PCM);
    s->age_s = 1e7;
    s->amplifier_offset_V = 0.05;
    s->column_calibration = true;
}

/* Difference between the z of the chip and those that the targets ask for, all stages. */
typedef struct gap {
    float *weight[3], want[64 * 28 * 128];
    double sum2[3], n[3];
} gap;

static mho_status look(void *user, const mho_i_view *view) {
    gap *g = user;
    size_t number = view->stage->number;
    if (view->layer) {
        for (size_t o = 0; o < view->stage->shape.n_out; o++) {
            for (size_t k = 0; k < view->n_col; k++) {
                float z = 0;
                for (size_t r = 0; r < view->layer->n_row; r++) {
                    z += g->weight[number][o * view->layer->n_row + r] *
                         view->x[r * view->n_col + k];
                }
                g->want[o * view->n_col + k] = z;
            }
        }
    } else if (view->z) {
        for (size_t k = 0; k < view->stage->shape.n_out * view->n_col; k++, g->n[number]++) {
            g->sum2[number] += pow((double)(view->z[k] - g->want[k]), 2);
        }
    }
    return MHO_OK;
}

static double rms_gap(const bench *b) {
    static gap g;
    memset(&g, 0, sizeof g);
    for (size_t l = 0; l < 3; l++) {
        const mho_i_layer *layer = &b->chip->layer[l];
        g.weight[l] = malloc(layer->n_row * layer->shape.n_out * sizeof(float));
        mho_i_chip_target_weights(b->chip, layer, g.weight[l]);
    }
    size_t image[MHO_I_LANES];
    for (size_t k = 0; k < MHO_I_LANES; k++) {
        image[k] = k;
    }
    mho_i_scratch *s = mho_i_chip_scratch_new(b->chip);
    test_ok(b->ctx, mho_i_chip_forward(b->chip, s, &(mho_i_source){.set = b->set}, image,
                                       MHO_I_LANES, 9, false, NULL, look, &g));
    mho_i_chip_scratch_free(b->ctx, s);
    double sum = 0;
    for (size_t l = 0; l < 3; l++) {
        sum += g.sum2[l] / g.n[l];
        free(g.weight[l]);
    }
    return sqrt(sum);
}

static void calibrated_columns_give_what_the_weights_ask_for(void **state) {
    (void)state;
    bench b = make(skewed);
    mho_calibration c;
    test_ok(b.ctx, mho_chip_program(b.chip, 5, 2, MHO_IMP_OFFSET, NULL));
    assert_true(rms_gap(&b) > 0.02);
    test_ok(b.ctx, mho_chip_calibrate(b.chip, b.set, 128, &c));
    test_close(rms_gap(&b), 0, 1e-4, 0); /* offsets only: nothing is left */
    test_ok(b.ctx, mho_chip_program(b.chip, 5, 2, MHO_IMP_OFFSET | MHO_IMP_AGE, NULL));
    double before = rms_gap(&b);
    test_ok(b.ctx, mho_chip_calibrate(b.chip, b.set, 128, &c));
    assert_true(rms_gap(&b) < 0.5 * before);
    assert_true(c.layer[0].gain_mean > 1.2); /* the cells have lost */
    mho_chip_verify v;                       /* the slow path knows of gains and offsets */
    test_ok(b.ctx, mho_chip_check(b.chip, b.set, 1, 1, &v));
    test_close(v.array_error_rel, 0, 2e-6, 0);
    mho_dataset *odd = NULL;
    uint8_t pixels[50] = {0}, labels[2] = {0, 1};
    test_ok(b.ctx, mho_dataset_new(b.ctx, 2, 5, 5, 10, pixels, labels, &odd));
    assert_int_equal(mho_chip_calibrate(b.chip, odd, 0, NULL), MHO_ERR_DIM);
    mho_dataset_free(odd);
    done(&b);
}

static void tuning_learns_and_the_next_instance_is_as_designed(void **state) {
    (void)state;
    bench b = make(NULL);
    mho_tune_opt opt = MHO_TUNE_OPT_INIT;
    mho_program_report rep;
    uint8_t one[N_IMAGE], two[N_IMAGE];
    double before, after, accuracy;
    opt.n_image = N_IMAGE;
    opt.n_epoch = 60;
    opt.rate = 0.03;
    assert_int_equal(mho_chip_tune(b.chip, b.set, &opt, NULL), MHO_ERR_ARG);
    test_ok(b.ctx, mho_chip_program(b.chip, 5, 2, MHO_IMP_ALL, &rep));
    test_ok(b.ctx, mho_chip_evaluate(b.chip, b.set, one, &before));
    test_ok(b.ctx, mho_chip_tune(b.chip, b.set, &opt, &rep));
    assert_int_equal(rep.n_cell, b.chip->layer[2].n_wire * 20);
    test_ok(b.ctx, mho_chip_evaluate(b.chip, b.set, two, &after));
    if (!(before < 0.4 && after > before + 0.3)) {
        fail_msg("accuracy before %g, after %g", before, after);
    }
    mho_chip_verify v;
    test_ok(b.ctx, mho_chip_check(b.chip, b.set, 1, 1, &v));
    test_close(v.array_error_rel, 0, 1e-6, 0);
    /* the same again gives the same bits; a fresh instance has the weights of the design */
    test_ok(b.ctx, mho_chip_program(b.chip, 5, 2, MHO_IMP_ALL, NULL));
    uint8_t again[N_IMAGE];
    test_ok(b.ctx, mho_chip_evaluate(b.chip, b.set, again, &accuracy));
    assert_memory_equal(one, again, sizeof one);
    test_ok(b.ctx, mho_chip_tune(b.chip, b.set, &opt, NULL));
    test_ok(b.ctx, mho_chip_evaluate(b.chip, b.set, again, &accuracy));
    assert_memory_equal(two, again, sizeof two);
    opt.n_image = N_IMAGE + 1;
    assert_int_equal(mho_chip_tune(b.chip, b.set, &opt, NULL), MHO_ERR_ARG);
    opt.n_image = 10;
    opt.rate = 0;
    assert_int_equal(mho_chip_tune(b.chip, b.set, &opt, NULL), MHO_ERR_ARG);
    done(&b);
}

static void bad(mho_chip_spec *s) {
    everything(s);
    s->repair = MHO_REPAIR_REMAP;
    s->column_calibration = true;
    s->drift_compensation = true;
}

/* Programmed, calibrated and tuned; the k-th allocation fails, none if k is 0. */
static mho_status whole(bench *b, size_t k) {
    mho_tune_opt opt = MHO_TUNE_OPT_INIT;
    opt.n_image = 100;
    opt.n_epoch = 1;
    mho_ctx_fail_alloc(b->ctx, k);
    mho_status status = mho_chip_program(b->chip, 5, 2, MHO_IMP_ALL, NULL);
    status = status == MHO_OK ? mho_chip_calibrate(b->chip, b->set, 100, NULL) : status;
    status = status == MHO_OK ? mho_chip_tune(b->chip, b->set, &opt, NULL) : status;
    mho_ctx_fail_alloc(b->ctx, 0);
    return status;
}

/* What failed can be tried again, to the bits of a chip of which nothing failed. */
static void memory_failures_leave_nothing_behind(void **state) {
    (void)state;
    bench b = make(bad);
    mho_status status = MHO_ERR_NOMEM;
    size_t n_refused = 0;
    for (size_t k = 1; k < 4000 && status != MHO_OK; k += 37) {
        status = whole(&b, k);
        assert_true(status == MHO_OK || status == MHO_ERR_NOMEM);
        n_refused += status != MHO_OK;
        b.chip->spec.column_calibration = true;
    }
    assert_true(status == MHO_OK && n_refused > 3);
    bench fresh = make(bad);
    static uint8_t answer[2][N_IMAGE];
    double accuracy[2];
    test_ok(fresh.ctx, whole(&fresh, 0));
    test_ok(b.ctx, mho_chip_evaluate(b.chip, b.set, answer[0], accuracy));
    test_ok(fresh.ctx, mho_chip_evaluate(fresh.chip, fresh.set, answer[1], accuracy + 1));
    assert_memory_equal(answer[0], answer[1], sizeof answer[0]);
    done(&fresh);
    done(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_repair_leaves_less_than_the_one_before),
        cmocka_unit_test(remapping_is_as_good_as_the_best_order),
        cmocka_unit_test(calibrated_columns_give_what_the_weights_ask_for),
        cmocka_unit_test(tuning_learns_and_the_next_instance_is_as_designed),
        cmocka_unit_test(memory_failures_leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
