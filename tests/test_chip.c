/* test_chip.c - a small network on a chip: ideal limit, same bits, fast against slow path, noise
 * against brute force, cost against the solved circuit, provoked errors. */
#include "test_chip_net.h"

static void ideal_chip_is_the_network(void **state) {
    (void)state;
    bench b = make(NULL);
    enum { N = 4097 };
    static float a[N];
    mho_act_curve curve = {0, 0, N, a};
    mho_neuron_design d;
    double accuracy;
    uint8_t want[N_IMAGE], got[N_IMAGE];
    test_ok(b.ctx, mho_chip_nominal_curve(b.ctx, &b.spec, N, a, &curve.z_min, &curve.z_max, &d));
    test_ok(b.ctx, mho_net_eval(b.ctx, b.net, b.set, &curve, want, NULL, &accuracy));
    test_ok(b.ctx, mho_chip_program(b.chip, 1, 0, 0, NULL));
    test_ok(b.ctx, mho_chip_evaluate(b.chip, b.set, got, &accuracy));
    int differ = 0;
    for (int k = 0; k < N_IMAGE; k++) {
        differ += want[k] != got[k];
    }
    assert_true(differ <= 1); /* a tie in single precision */
    done(&b);
}

static void threads_and_image_count_do_not_matter(void **state) {
    (void)state;
    bench b = make(NULL);
    uint8_t one[N_IMAGE], two[N_IMAGE], part[N_IMAGE];
    double accuracy;
    mho_dataset *first = NULL;
    test_ok(b.ctx, mho_ctx_set_threads(b.ctx, 1));
    test_ok(b.ctx, mho_chip_program(b.chip, 7, 3, MHO_IMP_ALL, NULL));
    test_ok(b.ctx, mho_chip_evaluate(b.chip, b.set, one, &accuracy));
    test_ok(b.ctx, mho_dataset_first(b.set, 70, &first));
    test_ok(b.ctx, mho_chip_evaluate(b.chip, first, part, &accuracy));
    test_ok(b.ctx, mho_ctx_set_threads(b.ctx, 2));
    test_ok(b.ctx, mho_chip_program(b.chip, 7, 3, MHO_IMP_ALL, NULL));
    test_ok(b.ctx, mho_chip_evaluate(b.chip, b.set, two, &accuracy));
    assert_memory_equal(one, two, sizeof one);
    assert_memory_equal(one, part, 70);
    test_ok(b.ctx, mho_chip_program(b.chip, 7, 4, MHO_IMP_ALL, NULL));
    test_ok(b.ctx, mho_chip_evaluate(b.chip, b.set, two, &accuracy));
    assert_memory_not_equal(one, two, sizeof one); /* another instance is another chip */
    mho_dataset_free(first);
    done(&b);
}

static void fast_path_agrees_with_the_slow_one(void **state) {
    (void)state;
    for (int share = 0; share < 2; share++) {
        bench b = make(NULL);
        b.spec.share = (mho_neuron_share)share;
        mho_chip_free(b.chip);
        test_ok(b.ctx, mho_chip_new(b.ctx, &b.spec, b.net, &b.chip));
        mho_chip_verify v;
        test_ok(b.ctx, mho_chip_program(b.chip, 5, 0, MHO_IMP_ALL, NULL));
        test_ok(b.ctx, mho_chip_check(b.chip, b.set, 2, 1, &v));
        assert_int_equal(v.n_image, 2);
        assert_int_equal(v.n_same, 2);
        assert_int_equal(v.n_neuron, 2 * (5 * 14 * 14 + 37));
        assert_int_equal(v.n_current, v.n_neuron + 2 * 10);
        test_close(v.array_error_rel, 0, 1e-6, 0);
        test_close(v.neuron_error_rel, 0, 1e-4, 0);
        /* in time: what the static curve leaves out, about 3 % of the span on the slope */
        assert_int_equal(v.n_time, v.n_neuron);
        assert_true(v.time_error_rel < 0.05 && v.time_rms_rel < v.time_error_rel);
        test_close(v.residual_rel, 0, 1e-10, 0);
        done(&b);
    }
}

/* z of one dense output for one picture in all lanes, 64 noise draws a block */
typedef struct probe {
    double sum, sum2;
    size_t n;
    float x[512];
} probe;

static mho_status look(void *user, const mho_i_view *view) {
    probe *p = user;
    if (view->z && view->stage->number == 1) {
        for (size_t lane = 0; lane < MHO_I_LANES; lane++) {
            double z = (double)view->z[3 * view->n_col + lane];
            p->sum += z;
            p->sum2 += z * z;
            p->n++;
        }
    }
    if (view->layer && view->stage->number == 1) {
        for (size_t r = 0; r < view->layer->n_row; r++) {
            p->x[r] = view->x[r * view->n_col];
        }
    }
    return MHO_OK;
}

static void read_noise_has_the_variance_of_noisy_cells(void **state) {
    (void)state;
    bench b = make(NULL);
    enum { N_BLOCK = 40, N_DRAW = 500 };
    test_ok(b.ctx, mho_chip_program(b.chip, 5, 0, MHO_IMP_WIRES, NULL));
    const mho_i_layer *layer = &b.chip->layer[1];
    size_t image[MHO_I_LANES] = {0};
    mho_i_scratch *s = mho_i_chip_scratch_new(b.chip);
    assert_non_null(s);
    probe p = {0};
    test_ok(b.ctx, mho_i_chip_forward(b.chip, s, &(mho_i_source){.set = b.set}, image, MHO_I_LANES,
                                      0, false, NULL, look, &p));
    /* brute force on the tile of output 3: every cell moves, the array is solved again */
    double mean = 0, m2 = 0;
    mho_array_opt opt = mho_i_chip_array_opt(&b.spec, true);
    for (size_t draw = 0; draw < N_DRAW; draw++) {
        double z = 0;
        for (size_t t = 0; t < layer->n_tile; t++) {
            const mho_i_tile *tile = &layer->tile[t];
            if (tile->out0 > 3 || tile->out0 + tile->n_out <= 3) {
                continue;
            }
            size_t n = tile->n_row * 2 * tile->n_out;
            double *g = malloc(n * sizeof *g), *noise = malloc(n * sizeof *noise);
            mho_i_rng_normal(99, MHO_RNG_TEST, (uint32_t)t, (uint32_t)draw, n, noise);
            for (size_t k = 0; k < n; k++) {
                g[k] = tile->g_S[k] * (1 + b.spec.synapse.read_noise_rel * noise[k]);
            }
            test_ok(b.ctx,
                    mho_array_transfer_many(b.ctx, 1, tile->n_row, 2 * tile->n_out, &opt, g, g));
            for (size_t r = 0; r < tile->n_row; r++) {
                const double *m = g + r * 2 * tile->n_out + 2 * (3 - tile->out0);
                z += (double)p.x[tile->row0 + r] * (m[0] - m[1]) * layer->z_per_A[3] *
                     b.spec.synapse.v_read_V;
            }
            free(g);
            free(noise);
        }
        mean += z / N_DRAW;
        m2 += z * z / N_DRAW;
    }
    double want = sqrt(m2 - mean * mean);
    /* the same instance with read noise on (inputs of the layer without it: only layer 1 is noisy)
     */
    test_ok(b.ctx, mho_chip_program(b.chip, 5, 0, MHO_IMP_WIRES | MHO_IMP_READ_NOISE, NULL));
    memset(b.chip->layer[0].noise2, 0,
           b.chip->layer[0].n_row * b.chip->layer[0].shape.n_out * sizeof(float));
    p = (probe){0};
    for (uint32_t block = 0; block < N_BLOCK; block++) {
        test_ok(b.ctx, mho_i_chip_forward(b.chip, s, &(mho_i_source){.set = b.set}, image,
                                          MHO_I_LANES, block, true, NULL, look, &p));
    }
    double m = p.sum / (double)p.n, got = sqrt(p.sum2 / (double)p.n - m * m);
    /* sampling error of a standard deviation is 1/sqrt(2n) each; 4 sd */
    test_close(got, want, 0, 4 * (1 / sqrt(2.0 * N_DRAW) + 1 / sqrt(2.0 * (double)p.n)));
    test_close(m, mean, 4 * want / sqrt(N_DRAW), 1e-4);
    mho_i_chip_scratch_free(b.ctx, s);
    done(&b);
}

static void bent_targets_give_the_weights_through_the_wires(void **state) {
    (void)state;
    bench b = make(NULL);
    b.spec.wire_ohm = 10;
    mho_chip_free(b.chip);
    test_ok(b.ctx, mho_chip_new(b.ctx, &b.spec, b.net, &b.chip));
    double error[3];
    const uint32_t with[3] = {0, MHO_IMP_WIRES | MHO_IMP_NO_COMPENSATE, MHO_IMP_WIRES};
    mho_i_layer *layer = &b.chip->layer[1];
    size_t n = layer->n_row * layer->shape.n_out;
    float *ideal = malloc(n * sizeof *ideal);
    for (int k = 0; k < 3; k++) {
        test_ok(b.ctx, mho_chip_program(b.chip, 1, 0, with[k], NULL));
        double e = 0;
        for (size_t i = 0; i < n; i++) {
            ideal[i] = k ? ideal[i] : layer->weight[i];
            e += pow((double)(layer->weight[i] - ideal[i]), 2);
        }
        error[k] = sqrt(e / (double)n);
    }
    assert_true(error[1] > 1e-3);
    assert_true(error[2] < 0.2 * error[1]);
    free(ideal);
    done(&b);
}

static void cost_adds_up(void **state) {
    (void)state;
    bench b = make(NULL);
    mho_chip_cost cost;
    test_ok(b.ctx, mho_chip_program(b.chip, 1, 0, MHO_IMP_ALL, NULL));
    test_ok(b.ctx, mho_chip_cost_of(b.chip, b.set, 10, &cost));
    const mho_cost_sum *sums[] = {&cost.energy_J, &cost.latency_s, &cost.area_m2};
    for (int k = 0; k < 3; k++) {
        double sum = 0;
        for (size_t j = 0; j < sums[k]->n_part; j++) {
            assert_true(sums[k]->part[j].value >= 0);
            sum += sums[k]->part[j].value;
        }
        test_close(sum, sums[k]->total, 0, 1e-12);
        assert_true(sums[k]->total > 0);
    }
    assert_int_equal(cost.n_activation, 5 * 14 * 14 + 37);
    const mho_neuron_design *d = mho_chip_neuron(b.chip);
    test_close(cost.latency_s.total,
               (14 * 14 + 1) * (d->settle_s + d->read_s) + b.spec.winner_time_s, 0, 1e-12);
    done(&b);
}

static void bad_use_is_refused(void **state) {
    (void)state;
    bench b = make(NULL);
    double accuracy;
    mho_chip_verify v;
    mho_chip *none = NULL;
    assert_int_equal(mho_chip_evaluate(b.chip, b.set, NULL, &accuracy), MHO_ERR_ARG);
    assert_int_equal(mho_chip_check(b.chip, b.set, 2, 1, &v), MHO_ERR_ARG);
    test_ok(b.ctx, mho_chip_program(b.chip, 1, 0, 0, NULL));
    assert_int_equal(mho_chip_check(b.chip, b.set, 65, 1, &v), MHO_ERR_ARG);
    uint8_t pixels[2 * 5 * 5] = {0}, labels[2] = {0, 1};
    mho_dataset *odd = NULL;
    test_ok(b.ctx, mho_dataset_new(b.ctx, 2, 5, 5, 10, pixels, labels, &odd));
    assert_int_equal(mho_chip_evaluate(b.chip, odd, NULL, &accuracy), MHO_ERR_DIM);
    mho_dataset_free(odd);
    mho_net *net = NULL;
    test_ok(b.ctx, mho_net_new(b.ctx, 1, 28, 28, &net));
    test_ok(b.ctx, mho_net_add_dense(net, 12, false, 0.3));
    test_ok(b.ctx, mho_net_add_dense(net, 10, false, 0.3));
    assert_int_equal(mho_chip_new(b.ctx, &b.spec, net, &none), MHO_ERR_ARG);
    assert_null(none);
    mho_net_free(net);
    /* every allocation of making and programming a chip may fail, and nothing leaks */
    size_t before = mho_ctx_bytes(b.ctx);
    for (size_t k = 1; k < 4000; k += 61) {
        mho_ctx_fail_alloc(b.ctx, k);
        mho_status status = mho_chip_new(b.ctx, &b.spec, b.net, &none);
        mho_ctx_fail_alloc(b.ctx, 0);
        mho_chip_free(none);
        assert_int_equal(mho_ctx_bytes(b.ctx), before);
        if (status == MHO_OK) {
            break;
        }
        assert_int_equal(status, MHO_ERR_NOMEM);
    }
    done(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ideal_chip_is_the_network),
        cmocka_unit_test(threads_and_image_count_do_not_matter),
        cmocka_unit_test(fast_path_agrees_with_the_slow_one),
        cmocka_unit_test(read_noise_has_the_variance_of_noisy_cells),
        cmocka_unit_test(bent_targets_give_the_weights_through_the_wires),
        cmocka_unit_test(cost_adds_up),
        cmocka_unit_test(bad_use_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
