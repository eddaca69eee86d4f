/* test_deploy.c - a network from a file on many chips: what names the journal of a run, so that no
 * chip of another run is ever taken for one of this. */
#include "test.h"

#include "chip/spec_int.h"
#include "graph/graph_int.h"
#include "study/deploy_int.h"

#include <stdlib.h>

/* ---- graphs ---- */

static mho_i_hash hash_of(const mho_graph *g) {
    mho_i_hash h = mho_i_hash_init();
    mho_i_graph_hash(g, &h);
    return h;
}

static bool same(mho_i_hash a, mho_i_hash b) {
    return a.lo == b.lo && a.hi == b.hi;
}

/* x [1][1][2][2] -> Conv of one kernel 2x2 -> Flatten -> Gemm to two. */
static mho_graph *small_graph(mho_ctx *ctx) {
    static const float kernel[4] = {1, -2, 3, 0.5f}, matrix[2] = {1, -1}, bias[2] = {0.1f, 0.2f};
    const size_t shape[4] = {1, 1, 2, 2};
    mho_graph *g;
    mho_graph_attr attr = mho_graph_attr_default();
    attr.kernel[0] = attr.kernel[1] = 2;
    int x, a, r, f, y;
    test_ok(ctx, mho_graph_new(ctx, &g));
    test_ok(ctx, mho_graph_add_input(g, "x", 4, shape, &x));
    test_ok(ctx, mho_graph_add_conv(g, "c", x, 1, &attr, kernel, NULL, &a));
    test_ok(ctx, mho_graph_add_simple(g, MHO_OP_RELU, "r", a, &r));
    test_ok(ctx, mho_graph_add_simple(g, MHO_OP_FLATTEN, "f", r, &f));
    test_ok(ctx, mho_graph_add_dense(g, "d", f, 2, matrix, bias, &y));
    test_ok(ctx, mho_graph_add_output(g, y));
    return g;
}

/* Every byte of a node's attributes counts, but for the gaps that alignment leaves: they are short
 * and end where a field may begin. A field that the hash forgets is longer than that or lies
 * elsewhere. */
static void every_attribute_counts(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_graph *g = small_graph(ctx);
    mho_i_hash first = hash_of(g);
    unsigned char *bytes = (unsigned char *)&g->node[0].attr;
    size_t gap = 0;
    for (size_t k = 0; k <= sizeof g->node[0].attr; k++) {
        bool counts = true;
        if (k < sizeof g->node[0].attr) {
            bytes[k] ^= 1;
            counts = !same(first, hash_of(g));
            bytes[k] ^= 1;
        }
        if (!counts) {
            gap++;
        } else if (gap) {
            if (gap >= 8 || k % (gap < 4 ? 4 : 8)) {
                print_error("bytes %zu to %zu of mho_graph_attr are not in the hash\n", k - gap, k);
            }
            assert_true(gap < 8 && k % (gap < 4 ? 4 : 8) == 0);
            gap = 0;
        }
    }
    mho_graph_free(g);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

/* Constants bit for bit, operators, shapes, wires; names do not count. */
static void the_rest_of_a_graph_counts(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_graph *g = small_graph(ctx), *twin = small_graph(ctx);
    mho_i_hash first = hash_of(g);
    assert_true(same(first, hash_of(twin)));
    test_ok(ctx, mho_i_graph_rename(twin, 0, "other"));
    assert_true(same(first, hash_of(twin)));
    mho_graph_free(twin);
    for (size_t t = 0; t < g->n_tensor; t++) {
        float *data = (float *)(uintptr_t)g->tensor[t].data;
        for (size_t k = 0; data && k < g->tensor[t].size; k++) {
            float keep = data[k];
            data[k] = nextafterf(keep, 9);
            assert_false(same(first, hash_of(g)));
            data[k] = keep;
        }
        g->tensor[t].shape[0]++;
        assert_false(same(first, hash_of(g)));
        g->tensor[t].shape[0]--;
        g->tensor[t].n_dim++;
        assert_false(same(first, hash_of(g)));
        g->tensor[t].n_dim--;
    }
    for (size_t k = 0; k < g->n_node; k++) {
        mho_graph_op keep = g->node[k].op;
        g->node[k].op = keep == MHO_OP_RELU ? MHO_OP_TANH : MHO_OP_RELU;
        assert_false(same(first, hash_of(g)));
        g->node[k].op = keep;
        int *input = (int *)(uintptr_t)g->node[k].input;
        input[0]++;
        assert_false(same(first, hash_of(g)));
        input[0]--;
        g->node[k].n_input--;
        assert_false(same(first, hash_of(g)));
        g->node[k].n_input++;
        g->node[k].output++;
        assert_false(same(first, hash_of(g)));
        g->node[k].output--;
    }
    g->output[0]--;
    assert_false(same(first, hash_of(g)));
    g->output[0]++;
    assert_true(same(first, hash_of(g)));
    mho_graph_free(g);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

/* ---- all of a run ---- */

static mho_samples *some_samples(mho_ctx *ctx, size_t n, float first, const int32_t *label) {
    float x[8] = {first, 0.25f, 0.5f, 0.75f, 1, 0, 0.5f, 0.5f};
    mho_samples *s;
    test_ok(ctx, mho_samples_new(ctx, n, 1, 2, 2, x, label, &s));
    return s;
}

/* The identity with each option, and each set of samples, changed once. */
static void every_option_counts(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    static const int32_t labels[2][2] = {{0, 1}, {1, 1}};
    mho_chip_spec spec;
    test_ok(ctx, mho_chip_spec_default(ctx, &spec));
    mho_graph *g = small_graph(ctx);
    mho_samples *two = some_samples(ctx, 2, 0, labels[0]),
                *one = some_samples(ctx, 1, 0, labels[0]);
    mho_samples *other = some_samples(ctx, 2, 0.125f, labels[0]);
    mho_samples *relabelled = some_samples(ctx, 2, 0, labels[1]),
                *bare = some_samples(ctx, 2, 0, NULL);
    enum { N_WHAT = 12 };
    mho_map_opt map[N_WHAT];
    mho_i_deploy_what what[N_WHAT];
    for (size_t k = 0; k < N_WHAT; k++) {
        map[k] = (mho_map_opt)MHO_MAP_OPT_INIT;
        what[k] = (mho_i_deploy_what){&spec, g, two, two, &map[k], 1};
    }
    map[1].range = MHO_RANGE_TENSOR;
    map[2].percentile = 1;
    map[3].correct = false;
    map[4].limit_weights = false;
    map[5].exact_relu = true;
    what[6].seed = 2;
    what[7].test = one;
    what[8].test = other;
    what[9].test = relabelled;
    what[10].test = bare;
    what[11].calibration = one;
    for (size_t k = 0; k < N_WHAT; k++) {
        for (size_t i = 0; i < k; i++) {
            if (same(mho_i_deploy_identity(&what[k]), mho_i_deploy_identity(&what[i]))) {
                print_error("runs %zu and %zu have one name\n", i, k);
                fail();
            }
        }
    }
    mho_samples *const all[] = {two, one, other, relabelled, bare};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        mho_samples_free(all[k]);
    }
    mho_graph_free(g);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

/* Every number and every word of the chip file, and measured levels of a cell. */
static void every_chip_key_counts(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_chip_spec spec, changed;
    test_ok(ctx, mho_chip_spec_default(ctx, &spec));
    mho_graph *g = small_graph(ctx);
    mho_samples *two = some_samples(ctx, 2, 0, NULL);
    const mho_map_opt map = MHO_MAP_OPT_INIT;
    const mho_i_deploy_what first = {&spec, g, two, two, &map, 1},
                            what = {&changed, g, two, two, &map, 1};
    mho_i_hash name = mho_i_deploy_identity(&first);
    size_t n_number = 0, n_word = 0;
    for (size_t k = 0; k < mho_chip_param_count(); k++) {
        const char *section;
        mho_param_info info = mho_chip_param_describe(&spec, k, &section);
        changed = spec;
        double value = mho_chip_param_get(&spec, k);
        if (mho_chip_param_set(ctx, &changed, k, value == info.max ? info.min : info.max) < 0) {
            continue; /* the whole range is one value */
        }
        n_number++;
        if (same(name, mho_i_deploy_identity(&what))) {
            print_error("%s.%s does not count\n", section, info.key);
            fail();
        }
    }
    for (int c = 0; c < MHO_N_CHOICE; c++) {
        for (int w = 0; mho_i_chip_choices[c].word[w]; w++) {
            changed = spec;
            mho_i_chip_choice_set(&changed, c, w);
            bool other = mho_i_chip_choice_get(&changed, c) != mho_i_chip_choice_get(&spec, c);
            n_word += other;
            if (other && same(name, mho_i_deploy_identity(&what))) {
                print_error("%s.%s does not count\n", mho_i_chip_choices[c].section,
                            mho_i_chip_choices[c].key);
                fail();
            }
        }
    }
    changed = spec;
    changed.synapse.n_level = 2;
    changed.synapse.level_S[1] = 1e-5;
    assert_false(same(name, mho_i_deploy_identity(&what)));
    assert_true(n_number > 60 && n_word > 8);
    mho_samples_free(two);
    mho_graph_free(g);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_attribute_counts),
        cmocka_unit_test(the_rest_of_a_graph_counts),
        cmocka_unit_test(every_option_counts),
        cmocka_unit_test(every_chip_key_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
