/* test_network_train.c - training: same bits for any number of threads and after a kill, the cache,
 * files of weights, cancelling, running out of memory, and that it learns. */
#include "test.h"

#include "network/network_int.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

static char dir[] = "/tmp/mho-test-train-XXXXXX";

/* Small enough that one epoch takes a moment; batches that do not divide the set. */
static mho_net *small_net(mho_ctx *ctx) {
    mho_net *net;
    test_ok(ctx, mho_net_new(ctx, 1, 28, 28, &net));
    test_ok(ctx, mho_net_add_conv(net, 4, 5, 2, 2, true, 0.6));
    test_ok(ctx, mho_net_add_pool(net, 2));
    test_ok(ctx, mho_net_add_conv(net, 5, 3, 1, 0, true, 0.5));
    test_ok(ctx, mho_net_add_dense(net, 10, false, 0.5));
    return net;
}

static mho_train_opt small_opt(void) {
    mho_train_opt opt = mho_train_opt_digits();
    opt.n_epoch = 3;
    opt.n_batch = 56;
    opt.ramp_epochs = 1;
    return opt;
}

static mho_dataset *digits(mho_ctx *ctx, size_t first, size_t n) {
    mho_dataset *set;
    test_ok(ctx, mho_dataset_digits(ctx, 1, first, n, &set));
    return set;
}

static bool same_weights(const mho_net *a, const mho_net *b) {
    return memcmp(a->param, b->param, a->n_param * sizeof *a->param) == 0;
}

static void threads_do_not_change_a_bit(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_dataset *set = digits(ctx, 0, 333);
    mho_net *a = small_net(ctx), *b = small_net(ctx);
    mho_train_opt opt = small_opt();
    float curve[401];
    test_ok(ctx, mho_act_curve_example(ctx, 401, curve, &opt.curve));
    mho_train_result result;
    test_ok(ctx, mho_ctx_set_threads(ctx, 1));
    test_ok(ctx, mho_net_train(ctx, a, set, &opt, &result));
    assert_int_equal(result.n_epoch, 3);
    assert_true(result.loss > 0 && result.loss < 5);
    test_ok(ctx, mho_ctx_set_threads(ctx, 3));
    test_ok(ctx, mho_net_train(ctx, b, set, &opt, NULL));
    assert_true(same_weights(a, b));
    double one[2], three[2];
    test_ok(ctx, mho_net_eval_noisy(ctx, a, set, &opt.curve, &opt.noise, 5, 2, three));
    test_ok(ctx, mho_ctx_set_threads(ctx, 1));
    test_ok(ctx, mho_net_eval_noisy(ctx, a, set, &opt.curve, &opt.noise, 5, 2, one));
    assert_memory_equal(one, three, sizeof one);
    opt.seed++;
    test_ok(ctx, mho_net_train(ctx, b, set, &opt, NULL));
    assert_false(same_weights(a, b));
    for (size_t k = 0; k < b->n_layer; k++) {
        size_t n = mho_i_layer_n_param(&b->layer[k]);
        for (size_t i = 0; i < n; i++) {
            assert_true(fabs((double)b->param[b->at[k] + i]) <= b->layer[k].w_max * (1 + 1e-6));
        }
    }
    mho_net_free(a);
    mho_net_free(b);
    mho_dataset_free(set);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

/* Stops the training in its second epoch, as a kill would. */
static bool stop_in_epoch_2(void *user, const char *stage, double done_frac) {
    (void)user;
    (void)done_frac;
    return strncmp(stage, "training epoch 2", 16) != 0;
}

static int n_files(void) {
    DIR *d = opendir(dir);
    int n = 0;
    for (struct dirent *e; (e = readdir(d));) {
        n += e->d_name[0] != '.';
    }
    closedir(d);
    return n;
}

static void a_killed_training_goes_on_and_ends_the_same(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_dataset *set = digits(ctx, 0, 200);
    mho_net *a = small_net(ctx), *b = small_net(ctx), *blank = small_net(ctx);
    mho_train_opt opt = small_opt();
    mho_train_result result;
    test_ok(ctx, mho_net_train(ctx, a, set, &opt, NULL));

    mho_ctx_set_progress(ctx, stop_in_epoch_2, NULL);
    assert_int_equal(mho_net_train_cached(ctx, b, set, &opt, dir, &result), MHO_ERR_CANCELLED);
    assert_true(same_weights(b, blank));
    assert_int_equal(n_files(), 1);
    mho_ctx_set_progress(ctx, NULL, NULL);
    test_ok(ctx, mho_net_train_cached(ctx, b, set, &opt, dir, &result));
    assert_false(result.from_cache);
    assert_int_equal(result.first_epoch, 1);
    assert_true(same_weights(a, b));
    assert_int_equal(n_files(), 1);

    mho_net_free(b);
    b = small_net(ctx);
    test_ok(ctx, mho_net_train_cached(ctx, b, set, &opt, dir, &result));
    assert_true(result.from_cache);
    assert_true(same_weights(a, b));

    /* any option, the data and the limits are part of the name */
    opt.noise.z *= 1.5;
    test_ok(ctx, mho_net_train_cached(ctx, b, set, &opt, dir, &result));
    assert_false(result.from_cache);
    test_ok(ctx, mho_net_set_w_max(b, 0, 0.55));
    test_ok(ctx, mho_net_train_cached(ctx, b, set, &opt, dir, &result));
    assert_false(result.from_cache);
    test_ok(ctx, mho_net_train_cached(ctx, b, set, &opt, dir, &result));
    assert_true(result.from_cache);
    mho_net_free(a);
    mho_net_free(b);
    mho_net_free(blank);
    mho_dataset_free(set);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

/* The only file of the cache whose name ends so. */
static void cached_path(const char *ending, char path[600]) {
    DIR *d = opendir(dir);
    for (struct dirent *e; (e = readdir(d));) {
        size_t n = strlen(e->d_name), m = strlen(ending);
        if (e->d_name[0] != '.' && n > m && strcmp(e->d_name + n - m, ending) == 0) {
            snprintf(path, 600, "%s/%s", dir, e->d_name);
        }
    }
    closedir(d);
}

static void clear_cache(void) {
    for (int n = n_files(); n > 0; n--) {
        char path[600] = "";
        cached_path("", path);
        assert_int_equal(unlink(path), 0);
    }
}

/* Files whose key and hash are right but whose content no training has written: as good as none. */
static void what_no_training_wrote_is_not_used(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_dataset *set = digits(ctx, 0, 40);
    mho_net *want = small_net(ctx), *net = small_net(ctx);
    mho_train_opt opt = small_opt();
    mho_train_result result;
    enum { N_PART = 4 };
    static const double bad[][4] = {{NAN, 1}, {1e300, 1}, {-1, 1}, {0.5, 1}, {2, NAN}};
    float *part[N_PART];
    char path[600] = "", key[33] = "";
    clear_cache();
    test_ok(ctx, mho_net_train_cached(ctx, want, set, &opt, dir, &result));
    cached_path(".weights", path);
    memcpy(key, strrchr(path, '/') + 7, 32);
    for (int k = 0; k < N_PART; k++) {
        part[k] = mho_i_alloc(ctx, net->n_param, sizeof(float));
        memcpy(part[k], want->param, net->n_param * sizeof(float));
    }
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        test_ok(ctx, mho_i_weight_file_write(net, path, key, bad[k], 1, part));
        test_ok(ctx, mho_net_train_cached(ctx, net, set, &opt, dir, &result));
        assert_false(result.from_cache);
        assert_int_equal(result.n_epoch, opt.n_epoch);
        assert_true(same_weights(net, want));
    }
    /* checkpoints: the same, and moments that cannot be */
    static const double good[4] = {1, 1};
    char weights[600];
    memcpy(weights, path, sizeof weights);
    memcpy(path + strlen(path) - 7, "part", 5);
    for (size_t k = 0; k <= sizeof bad / sizeof *bad; k++) {
        bool moments = k == sizeof bad / sizeof *bad;
        memset(part[2], 0, net->n_param * sizeof(float));
        part[2][0] = moments ? -1 : 1;
        unlink(weights);
        test_ok(ctx,
                mho_i_weight_file_write(net, path, key, moments ? good : bad[k], N_PART, part));
        test_ok(ctx, mho_net_train_cached(ctx, net, set, &opt, dir, &result));
        assert_int_equal(result.first_epoch, 0);
        assert_true(same_weights(net, want));
    }
    for (int k = 0; k < N_PART; k++) {
        mho_i_free(ctx, part[k]);
    }
    mho_net_free(want);
    mho_net_free(net);
    mho_dataset_free(set);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void load_refused(mho_net *net, const unsigned char *data, size_t n, const char *text) {
    char path[128];
    snprintf(path, sizeof path, "%s/bad", dir);
    FILE *f = fopen(path, "wb");
    fwrite(data, 1, n, f);
    fclose(f);
    assert_int_equal(mho_net_load(net, path), MHO_ERR_FORMAT);
    if (!strstr(mho_ctx_last_error(net->ctx), text)) {
        print_error("%s; wanted: %s\n", mho_ctx_last_error(net->ctx), text);
        fail();
    }
}

static void files_of_weights_are_checked(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_net *a = small_net(ctx), *b = small_net(ctx), *other;
    mho_i_rng_normal_f(1, MHO_RNG_TEST, 0, 0, a->n_param, a->param);
    test_ok(ctx, mho_net_set_w_max(a, 2, 0.123));
    char path[128];
    snprintf(path, sizeof path, "%s/weights", dir);
    test_ok(ctx, mho_net_save(a, path));
    test_ok(ctx, mho_net_load(b, path));
    assert_true(same_weights(a, b));
    assert_true(mho_net_layer(b, 2)->w_max == 0.123);
    test_ok(ctx, mho_net_lenet5(ctx, &other));
    assert_int_equal(mho_net_load(other, path), MHO_ERR_FORMAT);
    assert_non_null(strstr(mho_ctx_last_error(ctx), "layers: 4; the network has 7"));
    mho_net_free(other);
    assert_int_equal(mho_net_load(b, "/nowhere/x"), MHO_ERR_IO);
    assert_int_equal(mho_net_save(b, "/nowhere/x"), MHO_ERR_IO);

    unsigned char *data;
    size_t n;
    assert_int_equal(mho_i_file_read(ctx, path, 1 << 20, &data, &n), MHO_OK);
    load_refused(b, data, 0, "not a file of weights");
    load_refused(b, data, 50, "truncated");
    load_refused(b, data, n - 1, "bytes; weights of this network take");
    data[n - 30] ^= 1;
    load_refused(b, data, n, "checksum");
    data[n - 30] ^= 1;
    data[0] ^= 1;
    load_refused(b, data, n, "byte 0");
    data[0] ^= 1;
    data[96 + 4] ^= 1; /* outputs of layer 0 */
    load_refused(b, data, n, "layer 0: outputs: 5; the network has 4");
    data[96 + 4] ^= 1;
    data[96 + 31] ^= 0x80; /* sign of its limit */
    load_refused(b, data, n, "w_max = -0.6");
    data[96 + 31] ^= 0x80;
    for (size_t k = 0; k < n; k += 7) { /* no damaged byte goes unnoticed */
        data[k] ^= 0x10;
        load_refused(b, data, n, "bad");
        data[k] ^= 0x10;
    }
    assert_true(same_weights(a, b));
    mho_i_free(ctx, data);
    mho_net_free(a);
    mho_net_free(b);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_dataset *set = digits(ctx, 0, 40);
    mho_net *net = small_net(ctx), *blank = small_net(ctx);
    mho_train_opt opt = small_opt();
    opt.n_epoch = 1;
    opt.seed = 99;
    float curve[101];
    test_ok(ctx, mho_act_curve_example(ctx, 101, curve, &opt.curve));
    size_t before = mho_ctx_bytes(ctx), n = 1;
    for (;; n++) {
        mho_ctx_fail_alloc(ctx, n);
        mho_status status = mho_net_train_cached(ctx, net, set, &opt, dir, NULL);
        mho_ctx_fail_alloc(ctx, 0);
        assert_int_equal(mho_ctx_bytes(ctx), before);
        if (status == MHO_OK) {
            break;
        }
        assert_int_equal(status, MHO_ERR_NOMEM);
        assert_true(same_weights(net, blank));
        assert_true(n < 200);
    }
    print_message("training: %zu allocations made to fail\n", n - 1);
    assert_true(n > 10);
    for (n = 1;; n++) {
        double accuracy[1];
        mho_ctx_fail_alloc(ctx, n);
        mho_status status =
            mho_net_eval_noisy(ctx, net, set, &opt.curve, &opt.noise, 1, 1, accuracy);
        mho_ctx_fail_alloc(ctx, 0);
        assert_int_equal(mho_ctx_bytes(ctx), before);
        if (status == MHO_OK) {
            break;
        }
        assert_int_equal(status, MHO_ERR_NOMEM);
    }
    mho_net_free(net);
    mho_net_free(blank);
    mho_dataset_free(set);
    mho_ctx_free(ctx);
}

static void options_out_of_range_are_named(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_dataset *set = digits(ctx, 0, 20);
    mho_net *net = small_net(ctx);
    mho_train_opt opt = small_opt();
    opt.average = 1;
    assert_int_equal(mho_net_train(ctx, net, set, &opt, NULL), MHO_ERR_ARG);
    assert_non_null(strstr(mho_ctx_last_error(ctx), "average"));
    opt = small_opt();
    opt.noise.weight_levels = 32;
    assert_int_equal(mho_net_train_cached(ctx, net, set, &opt, dir, NULL), MHO_ERR_ARG);
    assert_non_null(strstr(mho_ctx_last_error(ctx), "weight_levels = 32"));
    opt = small_opt();
    opt.rate = NAN;
    assert_int_equal(mho_net_train(ctx, net, set, &opt, NULL), MHO_ERR_ARG);
    mho_net_free(net);
    mho_dataset_free(set);
    mho_ctx_free(ctx);
}

static void lenet_learns_the_digits(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_dataset *train = digits(ctx, 0, 4000), *test = digits(ctx, 20000, 1000);
    mho_net *net;
    test_ok(ctx, mho_net_lenet5(ctx, &net));
    mho_train_opt opt = mho_train_opt_digits();
    float a[1001];
    test_ok(ctx, mho_act_curve_example(ctx, 1001, a, &opt.curve));
    opt.n_epoch = 6;
    double exact, curved, noisy[3];
    test_ok(ctx, mho_net_train(ctx, net, train, &opt, NULL));
    test_ok(ctx, mho_net_eval(ctx, net, test, NULL, NULL, NULL, &exact));
    test_ok(ctx, mho_net_eval(ctx, net, test, &opt.curve, NULL, NULL, &curved));
    test_ok(ctx, mho_net_eval_noisy(ctx, net, test, &opt.curve, &opt.noise, 1, 3, noisy));
    print_message("4000 digits, 6 epochs: rectifier %.2f %%, curve %.2f %%, noisy %.2f %%\n",
                  100 * exact, 100 * curved, 100 * noisy[0]);
    assert_true(exact > 0.94);
    assert_true(curved > 0.94);
    assert_true(noisy[0] > 0.92);
    uint8_t *p = malloc(1000);
    float *score = malloc(1000 * 10 * sizeof *score);
    test_ok(ctx, mho_net_eval(ctx, net, test, NULL, p, score, NULL));
    int right = 0;
    for (int k = 0; k < 1000; k++) {
        right += p[k] == mho_dataset_labels(test)[k];
        for (int c = 0; c < 10; c++) {
            assert_true(score[k * 10 + c] <= score[k * 10 + p[k]]);
        }
    }
    test_close(right / 1000.0, exact, 1e-12, 0);
    free(p);
    free(score);
    mho_net_free(net);
    mho_dataset_free(train);
    mho_dataset_free(test);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static int make_dir(void **state) {
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state) {
    (void)state;
    char command[160];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_do_not_change_a_bit),
        cmocka_unit_test(a_killed_training_goes_on_and_ends_the_same),
        cmocka_unit_test(what_no_training_wrote_is_not_used),
        cmocka_unit_test(files_of_weights_are_checked),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(options_out_of_range_are_named),
        cmocka_unit_test(lenet_learns_the_digits),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
