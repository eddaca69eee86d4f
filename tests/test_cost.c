/* test_cost.c - the account of energy, latency and area: counted by hand for chips with neurons,
 * with digital activations, and with both. */
#include "test_chip_net.h"

/* small_net: outputs and positions of its compute layers, rows that are driven (without the bias)
 */
enum { POS0 = 14 * 14, OUT0 = 5, ROW0 = 16, ROW1 = 5 * 7 * 7, OUT1 = 37, ROW2 = 37, OUT2 = 10 };
static const double CONVERSIONS = POS0 * OUT0 + OUT1;

static double part(const mho_cost_sum *c, const char *name) {
    for (size_t k = 0; k < c->n_part; k++) {
        if (strcmp(c->part[k].name, name) == 0) {
            return c->part[k].value;
        }
    }
    return 0;
}

static void adds_up(const mho_chip_cost *cost) {
    const mho_cost_sum *sums[] = {&cost->energy_J, &cost->latency_s, &cost->area_m2};
    for (int k = 0; k < 3; k++) {
        double sum = 0;
        assert_true(sums[k]->n_part <= MHO_COST_MAX_PART);
        for (size_t j = 0; j < sums[k]->n_part; j++) {
            assert_true(sums[k]->part[j].value >= 0);
            sum += sums[k]->part[j].value;
        }
        test_close(sum, sums[k]->total, 0, 1e-12);
        assert_true(sums[k]->total > 0);
    }
}

/* Without imperfections: the same currents, whatever the cost keys say. */
static mho_chip_cost cost_of(bench *b) {
    mho_chip_cost cost;
    remake(b, &b->spec);
    test_ok(b->ctx, mho_chip_program(b->chip, 1, 0, 0, NULL));
    test_ok(b->ctx, mho_chip_cost_of(b->chip, b->set, 10, &cost));
    adds_up(&cost);
    return cost;
}

static void digital(mho_chip_spec *s) {
    s->activation = MHO_ACTIVATION_DIGITAL;
}

static void a_digital_chip_pays_for_converters_and_nothing_of_neurons(void **state) {
    (void)state;
    bench b = make(digital);
    b.spec.adc_time_s = 2e-9;
    mho_chip_cost c = cost_of(&b);
    const mho_chip_spec *s = &b.spec;
    double read = mho_chip_neuron(b.chip)->read_s, on = read + 2e-9;
    const mho_cost_sum *e = &c.energy_J, *t = &c.latency_s, *a = &c.area_m2;
    const char *const none[] = {"heaters", "film reads", "bias trims", "row drivers"};
    for (size_t k = 0; k < sizeof none / sizeof *none; k++) {
        test_close(part(e, none[k]), 0, 0, 0);
    }
    test_close(part(e, "ADCs"), CONVERSIONS * s->adc_energy_J, 0, 1e-12);
    test_close(part(e, "digital functions"), CONVERSIONS * s->digital_energy_J, 0, 1e-12);
    test_close(part(e, "input DACs"), (POS0 * ROW0 + ROW1 + ROW2) * s->dac_energy_J, 0, 1e-12);
    test_close(part(e, "column amplifiers"),
               (CONVERSIONS * on + OUT2 * s->winner_time_s) * s->amplifier_power_W, 0, 1e-12);
    test_close(part(t, "settling"), 0, 0, 0);
    test_close(part(t, "reset"), 0, 0, 0);
    test_close(part(t, "reading"), (POS0 + 1) * read, 0, 1e-12);
    test_close(part(t, "converters"), (POS0 + 1) * 2e-9, 0, 1e-12);
    test_close(part(t, "winner"), s->winner_time_s, 0, 1e-12);
    test_close(c.pipelined_s, POS0 * on, 0, 1e-12);
    test_close(part(a, "neurons") + part(a, "bias trims") + part(a, "row drivers"), 0, 0, 0);
    test_close(part(a, "ADCs"), (OUT0 + OUT1) * s->adc_area_m2, 0, 1e-12);
    test_close(part(a, "input DACs"), (ROW0 + ROW1 + ROW2 + 3) * s->dac_area_m2, 0, 1e-12);
    assert_int_equal(c.n_activation, 0);
    test_close(c.neuron_energy_J + c.neuron_area_m2, 0, 0, 0);
    mho_chip_map_info map = mho_chip_map(b.chip);
    assert_int_equal(map.n_neuron, 0);
    assert_int_equal(map.n_digital_stage, 2);
    done(&b);
}

/* Array energy is power times the time that each stage is on. */
static void arrays_are_on_for_read_and_conversion(void **state) {
    (void)state;
    bench b = make(digital);
    double read = mho_chip_neuron(b.chip)->read_s, e[3];
    b.spec.winner_time_s = 0;
    for (int k = 0; k < 3; k++) {
        b.spec.adc_time_s = k * 3e-9;
        mho_chip_cost c = cost_of(&b);
        e[k] = part(&c.energy_J, "arrays");
    }
    test_close(e[1] / e[0], (read + 3e-9) / read, 0, 1e-9);
    test_close(e[2] / e[0], (read + 6e-9) / read, 0, 1e-9);
    b.spec.winner_time_s = read;
    b.spec.adc_time_s = 0;
    mho_chip_cost c = cost_of(&b);
    double winner = part(&c.energy_J, "arrays") - e[0]; /* of the last layer, for this time */
    assert_true(winner > 0 && winner < 0.2 * e[0]);
    b.spec.winner_time_s *= 3;
    c = cost_of(&b);
    test_close(part(&c.energy_J, "arrays") - e[0], 3 * winner, 0, 1e-6);
    done(&b);
}

/* Views of a picture once more, with conductances instead of transfer matrices. */
typedef struct power {
    const mho_chip *chip;
    double first_W, score_W;
} power;

static mho_status add_power(void *user, const mho_i_view *view) {
    power *p = user;
    double v = p->chip->spec.synapse.v_read_V;
    for (size_t t = 0; view->layer && t < view->layer->n_tile; t++) {
        const mho_i_tile *tile = &view->layer->tile[t];
        for (size_t r = 0; r < tile->n_row; r++) {
            double g = 0;
            for (size_t k = 0; k < 2 * tile->n_out; k++) {
                g += tile->g_S[r * 2 * tile->n_out + k];
            }
            for (size_t x = 0; x < view->stage->shape.out_w; x++) {
                double in =
                    (double)view->x[(tile->row0 + r) * view->x_stride + x * p->chip->n_lane];
                double power_W = v * v * in * in * g;
                p->first_W += view->stage->number == 0 ? power_W : 0;
                p->score_W += view->stage->number == 2 ? power_W : 0;
            }
        }
    }
    return MHO_OK;
}

static void arrays_take_what_their_conductances_take(void **state) {
    (void)state;
    for (int k = 0; k < 2; k++) {
        bench b = make(k ? digital : NULL);
        mho_chip_cost all = cost_of(&b), c;
        const mho_neuron_design *d = mho_chip_neuron(b.chip);
        double on = k ? d->read_s + b.spec.adc_time_s : d->settle_s + d->read_s, rest;
        power p = {.chip = b.chip};
        size_t image[10];
        for (size_t j = 0; j < 10; j++) {
            image[j] = j * (N_IMAGE / 10);
        }
        mho_i_scratch *s = mho_i_chip_scratch_new(b.chip);
        for (size_t j = 0; j < 10; j++) {
            test_ok(b.ctx, mho_i_chip_forward(b.chip, s, &(mho_i_source){.set = b.set}, image + j,
                                              1, 0, true, NULL, add_power, &p));
        }
        mho_i_chip_scratch_free(b.ctx, s);
        b.spec.winner_time_s = 0;
        c = cost_of(&b);
        rest = part(&c.energy_J, "arrays");
        test_close(part(&all.energy_J, "arrays") - rest, p.score_W / 10 * 2e-8, 0, 1e-5);
        assert_true(p.first_W / 10 * on < rest && p.first_W / 10 * on > 0.3 * rest);
        done(&b);
    }
}

static void columns_may_share_an_adc(void **state) {
    (void)state;
    const struct {
        double columns, n_adc, n_first, n_second; /* conversions after one another */
    } cases[] = {{1, OUT0 + OUT1, 1, 1}, {4, 2 + 10, 4, 4}, {64, 1 + 1, OUT0, OUT1}};
    bench b = make(digital);
    double read = mho_chip_neuron(b.chip)->read_s;
    b.spec.adc_time_s = 1e-9;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        b.spec.adc_columns = cases[k].columns;
        mho_chip_cost c = cost_of(&b);
        double first = cases[k].n_first * 1e-9, second = cases[k].n_second * 1e-9;
        test_close(part(&c.area_m2, "ADCs"), cases[k].n_adc * b.spec.adc_area_m2, 0, 1e-12);
        test_close(part(&c.energy_J, "ADCs"), CONVERSIONS * b.spec.adc_energy_J, 0, 1e-12);
        test_close(part(&c.latency_s, "converters"), POS0 * first + second, 0, 1e-12);
        test_close(
            part(&c.energy_J, "column amplifiers"),
            (POS0 * OUT0 * (read + first) + OUT1 * (read + second) + OUT2 * b.spec.winner_time_s) *
                b.spec.amplifier_power_W,
            0, 1e-12);
        test_close(c.pipelined_s, POS0 * (read + first), 0, 1e-12);
    }
    done(&b);
}

static void a_chip_of_neurons_pays_for_no_converter(void **state) {
    (void)state;
    bench b = make(NULL);
    mho_chip_cost c = cost_of(&b), other;
    const mho_chip_spec *s = &b.spec;
    const mho_neuron_design *d = mho_chip_neuron(b.chip);
    double on = d->settle_s + d->read_s;
    const mho_cost_sum *e = &c.energy_J;
    test_close(part(e, "ADCs") + part(e, "digital functions"), 0, 0, 0);
    test_close(part(&c.latency_s, "converters") + part(&c.area_m2, "ADCs"), 0, 0, 0);
    test_close(part(e, "input DACs"), POS0 * ROW0 * s->dac_energy_J, 0, 1e-12);
    /* the rows of the last layer are driven until the winner has decided, the bias too */
    test_close(part(e, "row drivers"),
               ((ROW1 + 1) * on + (ROW2 + 1) * s->winner_time_s) * s->driver_power_W, 0, 1e-12);
    assert_true(part(e, "heaters") > 0 && part(e, "film reads") > 0 && c.neuron_area_m2 > 0);
    assert_int_equal(c.n_activation, POS0 * OUT0 + OUT1);
    b.spec.adc_time_s = 1e-6;
    b.spec.adc_columns = 7;
    other = cost_of(&b);
    test_close(other.energy_J.total, c.energy_J.total, 0, 0);
    test_close(other.latency_s.total, c.latency_s.total, 0, 0);
    test_close(other.area_m2.total, c.area_m2.total, 0, 0);
    done(&b);
}

static void scores_that_are_converted_have_no_winner(void **state) {
    (void)state;
    bench b = make(NULL);
    mho_chip_cost before = cost_of(&b);
    b.spec.adc_bits = 8;
    mho_chip_cost c = cost_of(&b);
    const mho_neuron_design *d = mho_chip_neuron(b.chip);
    test_close(part(&c.energy_J, "ADCs"), OUT2 * b.spec.adc_energy_J, 0, 1e-12);
    test_close(part(&c.area_m2, "ADCs"), OUT2 * b.spec.adc_area_m2, 0, 1e-12);
    test_close(part(&c.energy_J, "winner") + part(&c.area_m2, "winner"), 0, 0, 0);
    test_close(c.latency_s.total,
               before.latency_s.total - b.spec.winner_time_s + d->read_s + b.spec.adc_time_s, 0,
               1e-12);
    done(&b);
}

/* A graph whose rectifiers are left to digital hardware is the same chip as one that says so. */
static void both_ways_to_a_digital_relu_cost_the_same(void **state) {
    (void)state;
    bench b = make(digital);
    mho_chip_cost c = cost_of(&b), g;
    mho_map_opt opt = MHO_MAP_OPT_INIT;
    opt.exact_relu = true;
    b.spec.activation = MHO_ACTIVATION_NEURON;
    mho_graph *graph;
    mho_samples *samples;
    mho_chip *chip;
    test_ok(b.ctx, mho_graph_from_net(b.ctx, b.net, &graph));
    test_ok(b.ctx, mho_samples_from_dataset(b.ctx, b.set, &samples));
    test_ok(b.ctx, mho_chip_new_graph(b.ctx, &b.spec, graph, samples, &opt, &chip));
    test_ok(b.ctx, mho_chip_program(chip, 1, 0, 0, NULL));
    test_ok(b.ctx, mho_chip_cost_samples(chip, samples, 10, &g));
    adds_up(&g);
    const char *const same[] = {"input DACs",        "row drivers", "column amplifiers", "ADCs",
                                "digital functions", "heaters",     "film reads",        "winner"};
    for (size_t k = 0; k < sizeof same / sizeof *same; k++) {
        test_close(part(&g.energy_J, same[k]), part(&c.energy_J, same[k]), 0, 1e-12);
    }
    test_close(g.latency_s.total, c.latency_s.total, 0, 1e-12);
    test_close(g.pipelined_s, c.pipelined_s, 0, 1e-12);
    test_close(part(&g.area_m2, "ADCs"), part(&c.area_m2, "ADCs"), 0, 1e-12);
    test_close(part(&g.area_m2, "input DACs"), part(&c.area_m2, "input DACs"), 0, 1e-12);
    mho_chip_free(chip);
    mho_samples_free(samples);
    mho_graph_free(graph);
    done(&b);
}

/* A sigmoid between neurons: only its stage has converters, only what it drives has DACs. */
static void neurons_and_digital_stages_pay_each_their_own(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    enum { N_IN = 12, N_A = 9, N_B = 7, N_C = 5, N = 40 };
    const size_t width[] = {N_IN, N_A, N_B, N_C};
    mho_graph *graph;
    mho_samples *samples;
    mho_chip *chip;
    mho_chip_spec s;
    int x;
    float w[N_IN * N_A + N_A], pictures[N * N_IN];
    test_ok(ctx, mho_chip_spec_default(ctx, &s));
    test_ok(ctx, mho_graph_new(ctx, &graph));
    test_ok(ctx, mho_graph_add_input(graph, "x", 2, (size_t[]){1, N_IN}, &x));
    for (size_t l = 0; l < 3; l++) {
        mho_i_rng_normal_f(3, MHO_RNG_TEST, (uint32_t)l, 0, width[l] * width[l + 1] + width[l + 1],
                           w);
        test_ok(ctx, mho_graph_add_dense(graph, NULL, x, width[l + 1], w,
                                         w + width[l] * width[l + 1], &x));
        if (l < 2) {
            test_ok(ctx,
                    mho_graph_add_simple(graph, l ? MHO_OP_SIGMOID : MHO_OP_RELU, NULL, x, &x));
        }
    }
    test_ok(ctx, mho_graph_add_output(graph, x));
    mho_i_rng_normal_f(4, MHO_RNG_TEST, 0, 0, N * N_IN, pictures);
    test_ok(ctx, mho_samples_new(ctx, N, N_IN, 1, 1, pictures, NULL, &samples));
    test_ok(ctx, mho_chip_new_graph(ctx, &s, graph, samples, NULL, &chip));
    test_ok(ctx, mho_chip_program(chip, 1, 0, MHO_IMP_ALL, NULL));
    mho_chip_cost c;
    test_ok(ctx, mho_chip_cost_samples(chip, samples, N, &c));
    adds_up(&c);
    const mho_neuron_design *d = mho_chip_neuron(chip);
    double digital_s = d->read_s + s.adc_time_s;
    double wires = (double)chip->layer[1].n_wire;
    test_close(part(&c.energy_J, "input DACs"), (N_IN + N_B) * s.dac_energy_J, 0, 1e-12);
    test_close(part(&c.energy_J, "row drivers"), wires * digital_s * s.driver_power_W, 0, 1e-12);
    test_close(part(&c.energy_J, "ADCs"), N_B * s.adc_energy_J, 0, 1e-12);
    test_close(part(&c.energy_J, "bias trims"), N_A * s.trim_power_W * (d->settle_s + d->read_s), 0,
               1e-12);
    test_close(part(&c.latency_s, "settling"), d->settle_s, 0, 1e-12);
    test_close(part(&c.latency_s, "reading"), 2 * d->read_s, 0, 1e-12);
    test_close(part(&c.latency_s, "converters"), s.adc_time_s, 0, 1e-12);
    test_close(part(&c.area_m2, "neurons"), N_A * s.neuron.area_m2, 0, 1e-12);
    test_close(part(&c.area_m2, "ADCs"), N_B * s.adc_area_m2, 0, 1e-12);
    assert_int_equal(c.n_activation, N_A);
    mho_chip_free(chip);
    mho_samples_free(samples);
    mho_graph_free(graph);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_digital_chip_pays_for_converters_and_nothing_of_neurons),
        cmocka_unit_test(arrays_are_on_for_read_and_conversion),
        cmocka_unit_test(arrays_take_what_their_conductances_take),
        cmocka_unit_test(columns_may_share_an_adc),
        cmocka_unit_test(a_chip_of_neurons_pays_for_no_converter),
        cmocka_unit_test(scores_that_are_converted_have_no_winner),
        cmocka_unit_test(both_ways_to_a_digital_relu_cost_the_same),
        cmocka_unit_test(neurons_and_digital_stages_pay_each_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
