/* test_errors_network.c - what networks, training and learning agents refuse. */
#include "test.h"

#include <stdlib.h>
#include <unistd.h>

#include "learn/learn_int.h"
#include "network/network_int.h"

static char path[] = "/tmp/mho-errors-network-XXXXXX";

static int set_up(void **state) {
    *state = test_ctx();
    close(mkstemp(path));
    return 0;
}

static int tear_down(void **state) {
    unlink(path);
    assert_int_equal(mho_ctx_bytes(*state), 0);
    mho_ctx_free(*state);
    return 0;
}

static void data_sets_are_checked(void **state) {
    mho_ctx *ctx = *state;
    const uint8_t pixels[8] = {0}, labels[2] = {1, 7};
    mho_dataset *set;
    test_refused(ctx, mho_dataset_new(ctx, 2, 2, 2000, 10, pixels, labels, &set), MHO_ERR_ARG,
                 "2 x 2000 pixels", "sides 1 to 1024");
    test_refused(ctx, mho_dataset_new(ctx, 2, 2, 2, 1, pixels, labels, &set), MHO_ERR_ARG,
                 "1 classes", "2 to 256");
    test_refused(ctx, mho_dataset_new(ctx, 2, 2, 2, 5, pixels, labels, &set), MHO_ERR_ARG,
                 "labels[1] = 7", "0 to 4");
    assert_null(set);
}

static void networks_are_checked(void **state) {
    mho_ctx *ctx = *state;
    const uint8_t pixels[8] = {0}, labels[2] = {1, 2};
    mho_dataset *set;
    test_ok(ctx, mho_dataset_new(ctx, 2, 2, 2, 5, pixels, labels, &set));
    mho_net *net;
    test_ok(ctx, mho_net_new(ctx, 1, 2, 2, &net));
    for (int k = 0; k < 255; k++) {
        test_ok(ctx, mho_net_add_dense(net, 4, true, 1));
    }
    test_refused(ctx, mho_net_add_dense(net, 4, true, 1), MHO_ERR_ARG, "layer 256",
                 "at most 255 layers");
    test_refused(ctx, mho_net_check_dataset(net, set), MHO_ERR_DIM, "5 classes", "4 outputs");
    float out[4];
    test_refused(ctx, mho_net_layer_output(ctx, net, pixels, NULL, 255, out), MHO_ERR_ARG,
                 "layer 255", "the network has 255");
    mho_net_free(net);
    mho_dataset_free(set);
    test_ok(ctx, mho_net_new(ctx, 1, 1024, 1024, &net));
    test_refused(ctx, mho_net_add_dense(net, 65536, true, 1), MHO_ERR_ARG, "layer 0",
                 "65536 x 1048576 weights", "at most 1073741824");
    test_ok(ctx, mho_net_add_conv(net, 1024, 3, 1, 1, true, 1));
    uint8_t *one = calloc(1024, 1024);
    test_refused(ctx, mho_net_layer_output(ctx, net, one, NULL, 0, out), MHO_ERR_DIM, "layer 0",
                 "feature maps of 1x1024x1024", "too large");
    free(one);
    mho_net_free(net);
    float a[16];
    mho_act_curve curve;
    test_refused(ctx, mho_act_curve_example(ctx, 15, a, &curve), MHO_ERR_ARG, "of 15 points",
                 "16 to 65536");
}

static void training_that_goes_wrong_leaves_the_weights(void **state) {
    mho_ctx *ctx = *state;
    enum { N = 64 };
    uint8_t pixels[N * 4], labels[N];
    for (int k = 0; k < N; k++) {
        labels[k] = (uint8_t)(k % 2);
        for (int j = 0; j < 4; j++) {
            pixels[4 * k + j] = (uint8_t)(k % 2 ? 255 : 40 * j);
        }
    }
    mho_dataset *set;
    mho_net *net;
    test_ok(ctx, mho_dataset_new(ctx, N, 2, 2, 2, pixels, labels, &set));
    test_ok(ctx, mho_net_new(ctx, 1, 2, 2, &net));
    test_ok(ctx, mho_net_add_dense(net, 2, false, 1e38)); /* a step of 10 w_max overflows */
    mho_train_opt opt = mho_train_opt_digits();
    opt.n_epoch = 3;
    opt.n_batch = 8;
    opt.rate = 10;
    opt.score_scale = 1e6;
    opt.augment = false;
    const float before = mho_net_weights(net, 0)[0];
    test_refused(ctx, mho_net_train(ctx, net, set, &opt, NULL), MHO_ERR_ARG,
                 "training diverged in epoch 1", "the rate of 10", "score scale of 1e+06");
    assert_true(mho_net_weights(net, 0)[0] == before);
    static char folder[5000];
    memset(folder, 'x', sizeof folder - 1);
    opt.rate = 1e-3;
    test_refused(ctx, mho_net_train_cached(ctx, net, set, &opt, folder, NULL), MHO_ERR_ARG,
                 "xxx...", "the path is too long");
    mho_net_free(net);
    mho_dataset_free(set);
}

static void weights_of_others_and_of_nobody_are_refused(void **state) {
    mho_ctx *ctx = *state;
    mho_net *net;
    test_ok(ctx, mho_net_new(ctx, 1, 1, 2, &net));
    test_ok(ctx, mho_net_add_dense(net, 2, false, 1));
    float part[6] = {1, 2, 3, 4, 5, 6}, back[6];
    float *const parts[1] = {part}, *const backs[1] = {back};
    const double number[4] = {0};
    double got[4], w_max[1];
    static const char key[] = "0123456789abcdef0123456789abcdef",
                      other[] = "ffffffffffffffffffffffffffffffff";
    test_ok(ctx, mho_i_weight_file_write(net, path, key, number, 1, parts));
    test_ok(ctx, mho_i_weight_file_read(net, path, key, got, 1, backs, w_max));
    assert_memory_equal(back, part, sizeof part);
    test_refused(ctx, mho_i_weight_file_read(net, path, other, got, 1, backs, w_max),
                 MHO_ERR_FORMAT, path, "made from something else", key, other);
    part[3] = NAN;
    test_ok(ctx, mho_i_weight_file_write(net, path, key, number, 1, parts));
    test_refused(ctx, mho_net_load(net, path), MHO_ERR_FORMAT, path, "byte ", "nan",
                 "not a finite number");
    mho_net_free(net);
}

/* ---- agents and their worlds ---- */

static size_t look(const void *self, const double *state, mho_world_input *input) {
    (void)self;
    (void)state;
    input[0] = (mho_world_input){0, 1};
    return 1;
}

static void worlds_are_checked(void **state) {
    mho_ctx *ctx = *state;
    mho_world w;
    test_ok(ctx, mho_world_new(ctx, "bandit", &w));
    mho_world own = w;
    own.step = NULL;
    test_refused(ctx, mho_world_check(ctx, &own), MHO_ERR_ARG, "reset, step and observe");
    own = w;
    own.observe = look;
    own.n_row = 3;
    own.n_col = 5;
    test_refused(ctx, mho_world_check(ctx, &own), MHO_ERR_DIM, "3 x 5 places", "n_place = ");
    mho_world_free(ctx, &w);
    char wide[80];
    memset(wide, '.', sizeof wide);
    wide[0] = 'S';
    wide[79] = 0;
    test_refused(ctx, mho_world_maze_text(ctx, wide, "own", &w), MHO_ERR_FORMAT, "own:1:65",
                 "64 lines of 64 letters");
    test_ok(ctx, mho_i_file_write(ctx, path, "S.\0G", 4));
    test_refused(ctx, mho_world_maze_load(ctx, path, &w), MHO_ERR_FORMAT, path, "byte 2 is 0",
                 "not a text file");
}

static void agents_and_dendrites_are_checked(void **state) {
    mho_ctx *ctx = *state;
    mho_world w;
    mho_learn_opt opt;
    test_ok(ctx, mho_world_new(ctx, "bandit", &w));
    mho_learn_defaults(&w, MHO_AGENT_MOTT_POLICY, &opt);
    test_refused(ctx, mho_learn_param_set(ctx, &opt, 999, 1), MHO_ERR_ARG, "parameter 999");
    mho_i_hidden *h;
    test_refused(ctx, mho_i_hidden_new(ctx, 100000, 4, 21, &opt, &h), MHO_ERR_ARG,
                 "seeds = 100000 times hidden = 21", "at most 2,000,000");
    assert_null(h);
    mho_world_free(ctx, &w);
    mho_opto_param cell = mho_opto_card();
    mho_dendrite_design d;
    cell.photo = MHO_OPTO_PHOTO_SQRT;
    cell.g_min_S = 0;
    test_refused(ctx, mho_dendrite_design_rho(ctx, &cell, 4, &d), MHO_ERR_ARG, "g_min = 0 S",
                 "photo = sqrt");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_sets_are_checked),
        cmocka_unit_test(networks_are_checked),
        cmocka_unit_test(training_that_goes_wrong_leaves_the_weights),
        cmocka_unit_test(weights_of_others_and_of_nobody_are_refused),
        cmocka_unit_test(worlds_are_checked),
        cmocka_unit_test(agents_and_dendrites_are_checked),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
