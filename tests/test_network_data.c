/* test_network_data.c - IDX files good and bad, digits of our own, subsets. */
#include "test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static char dir[] = "/tmp/mho-test-idx-XXXXXX";

static const char *path_of(const char *name) {
    static char path[4][128];
    static int turn;
    char *p = path[turn++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    return p;
}

static const char *write_file(const char *name, const void *data, size_t n) {
    const char *path = path_of(name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    fclose(f);
    return path;
}

static const char *write_gzip(const char *name, const void *data, size_t n) {
    const char *path = path_of(name);
    gzFile f = gzopen(path, "wb9");
    assert_non_null(f);
    assert_int_equal(gzwrite(f, data, (unsigned)n), n);
    gzclose(f);
    return path;
}

/* Seven pictures of 3 x 5 pixels, pixel value = number of the byte times 3. */
enum { N = 7, ROWS = 3, COLS = 5, N_IMAGE_FILE = 16 + N * ROWS * COLS, N_LABEL_FILE = 8 + N };
static void good_images(uint8_t file[N_IMAGE_FILE]) {
    const uint8_t head[16] = {0, 0, 8, 3, 0, 0, 0, N, 0, 0, 0, ROWS, 0, 0, 0, COLS};
    memcpy(file, head, sizeof head);
    for (int k = 0; k < N * ROWS * COLS; k++) {
        file[16 + k] = (uint8_t)(3 * k);
    }
}

static void good_labels(uint8_t file[N_LABEL_FILE]) {
    const uint8_t head[8] = {0, 0, 8, 1, 0, 0, 0, N};
    memcpy(file, head, sizeof head);
    for (int k = 0; k < N; k++) {
        file[8 + k] = (uint8_t)((3 * k + 1) % 10);
    }
}

static void both_kinds_of_files_are_read(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    uint8_t image[N_IMAGE_FILE], label[N_LABEL_FILE];
    good_images(image);
    good_labels(label);
    write_file("t10k-images.idx3-ubyte", image, sizeof image);
    write_gzip("t10k-labels-idx1-ubyte.gz", label, sizeof label);
    mho_dataset *set, *part;
    test_ok(ctx, mho_dataset_load_dir(ctx, dir, MHO_PART_TEST, &set));
    assert_int_equal(mho_dataset_n_image(set), N);
    assert_int_equal(mho_dataset_n_row(set), ROWS);
    assert_int_equal(mho_dataset_n_col(set), COLS);
    assert_memory_equal(mho_dataset_pixels(set), image + 16, sizeof image - 16);
    assert_memory_equal(mho_dataset_labels(set), label + 8, N);
    test_ok(ctx, mho_dataset_first(set, 3, &part));
    assert_int_equal(mho_dataset_n_image(part), 3);
    char a[33], b[33];
    mho_dataset_hash(set, a);
    mho_dataset_hash(part, b);
    assert_string_not_equal(a, b);
    mho_dataset_free(part);
    assert_int_equal(mho_dataset_first(set, 8, &part), MHO_ERR_ARG);
    assert_non_null(strstr(mho_ctx_last_error(ctx), "1 to 7"));
    assert_null(part);
    mho_net *net;
    test_ok(ctx, mho_net_lenet5(ctx, &net));
    assert_int_equal(mho_net_eval(ctx, net, set, NULL, NULL, NULL, NULL), MHO_ERR_DIM);
    assert_non_null(strstr(mho_ctx_last_error(ctx), "3x5"));
    mho_net_free(net);
    mho_dataset_free(set);
    assert_int_equal(mho_dataset_load_dir(ctx, dir, MHO_PART_TRAIN, &set), MHO_ERR_IO);
    assert_non_null(strstr(mho_ctx_last_error(ctx), "train-images-idx3-ubyte"));
    assert_int_equal(mho_dataset_load_dir(ctx, "/nowhere", MHO_PART_TRAIN, &set), MHO_ERR_IO);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

/* Loading must fail with this status and a message that holds text; memory stays small. */
static void refused(mho_ctx *ctx, const char *images, const char *labels, mho_status want,
                    const char *text) {
    mho_dataset *set = (void *)ctx;
    mho_status status = mho_dataset_load_idx(ctx, images, labels, 10, &set);
    const char *message = mho_ctx_last_error(ctx);
    if (status != want || !strstr(message, text) || !strstr(message, dir)) {
        print_error("status %d, \"%s\"; wanted %d, \"%s\"\n", (int)status, message, (int)want,
                    text);
        fail();
    }
    assert_null(set);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    assert_true(mho_ctx_peak_bytes(ctx) < 10000000);
}

static void bad_files_are_named_with_byte_and_value(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    uint8_t image[N_IMAGE_FILE + 1], label[N_LABEL_FILE];
    good_images(image);
    good_labels(label);
    char good_image[128], good_label[128];
    strcpy(good_image, write_file("good-image", image, N_IMAGE_FILE));
    strcpy(good_label, write_file("good-label", label, sizeof label));

    refused(ctx, path_of("absent"), good_label, MHO_ERR_IO, "absent");
    refused(ctx, dir, good_label, MHO_ERR_IO, "directory");
    refused(ctx, write_file("empty", "", 0), good_label, MHO_ERR_FORMAT, "truncated");
    refused(ctx, write_file("short", image, 11), good_label, MHO_ERR_FORMAT, "truncated: 11 bytes");
    refused(ctx, write_file("cut", image, N_IMAGE_FILE - 1), good_label, MHO_ERR_FORMAT,
            "truncated");
    image[N_IMAGE_FILE] = 0;
    refused(ctx, write_file("long", image, N_IMAGE_FILE + 1), good_label, MHO_ERR_FORMAT,
            "at byte 121");
    refused(ctx, write_gzip("long.gz", image, N_IMAGE_FILE + 1), good_label, MHO_ERR_FORMAT,
            "at byte 121");
    refused(ctx, good_label, good_label, MHO_ERR_FORMAT, "0x00000801; 0x00000803");
    image[2] = 9;
    refused(ctx, write_file("type", image, N_IMAGE_FILE), good_label, MHO_ERR_FORMAT, "0x00000903");
    image[2] = 8;
    image[7] = 0;
    refused(ctx, write_file("none", image, N_IMAGE_FILE), good_label, MHO_ERR_FORMAT,
            "byte 4: size 0");
    image[7] = N;
    image[8] = 1;
    refused(ctx, write_file("huge", image, N_IMAGE_FILE), good_label, MHO_ERR_FORMAT,
            "byte 8: size 16777219 of dimension 2; allowed are 1 to 1024");
    good_images(image);
    image[5] = 0x20; /* two million pictures that are not there, plain and compressed */
    refused(ctx, write_file("many", image, N_IMAGE_FILE), good_label, MHO_ERR_FORMAT,
            "cannot hold them");
    refused(ctx, write_gzip("many.gz", image, N_IMAGE_FILE), good_label, MHO_ERR_FORMAT,
            "cannot hold them");
    good_images(image);
    image[7] = N + 1;
    refused(ctx, write_gzip("more.gz", image, N_IMAGE_FILE), good_label, MHO_ERR_FORMAT,
            "truncated: 121 bytes of content, the header promises 136");
    label[8 + 4] = 10;
    refused(ctx, good_image, write_file("label", label, sizeof label), MHO_ERR_FORMAT,
            "byte 12: label 10; allowed are 0 to 9");
    good_labels(label);
    label[7] = N - 1;
    refused(ctx, good_image, write_file("fewer", label, sizeof label - 1), MHO_ERR_FORMAT,
            "6 labels, but");
    mho_ctx_free(ctx);
}

static void damaged_gzip_is_refused(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    uint8_t image[N_IMAGE_FILE], label[N_LABEL_FILE], packed[512];
    good_images(image);
    good_labels(label);
    char good_label[128];
    strcpy(good_label, write_file("good-label", label, sizeof label));
    FILE *f = fopen(write_gzip("good.gz", image, sizeof image), "rb");
    size_t n = fread(packed, 1, sizeof packed - 8, f);
    fclose(f);
    refused(ctx, write_file("cut.gz", packed, n - 9), good_label, MHO_ERR_FORMAT, "cut off");
    packed[n] = 'x';
    refused(ctx, write_file("tail.gz", packed, n + 1), good_label, MHO_ERR_FORMAT,
            "1 bytes follow the gzip stream");
    packed[n - 5] ^= 1;
    refused(ctx, write_file("crc.gz", packed, n), good_label, MHO_ERR_FORMAT, "damaged gzip");
    /* every single damaged byte: refused or harmless, never a crash or a leak */
    packed[n - 5] ^= 1;
    for (size_t k = 0; k < n; k++) {
        packed[k] ^= 0x41;
        mho_dataset *set;
        mho_status status =
            mho_dataset_load_idx(ctx, write_file("fuzz.gz", packed, n), good_label, 10, &set);
        assert_true(status == MHO_OK || status == MHO_ERR_FORMAT);
        mho_dataset_free(set);
        packed[k] ^= 0x41;
    }
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void digits_are_the_same_wherever_one_starts(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_dataset *a, *b;
    test_ok(ctx, mho_dataset_digits(ctx, 7, 0, 300, &a));
    test_ok(ctx, mho_ctx_set_threads(ctx, 3));
    test_ok(ctx, mho_dataset_digits(ctx, 7, 113, 150, &b));
    assert_memory_equal(mho_dataset_pixels(a) + 113 * 784, mho_dataset_pixels(b), 150 * 784);
    assert_memory_equal(mho_dataset_labels(a) + 113, mho_dataset_labels(b), 150);
    int count[10] = {0};
    for (int k = 0; k < 300; k++) {
        int ink = 0;
        for (int p = 0; p < 784; p++) {
            ink += mho_dataset_pixels(a)[k * 784 + p] > 128;
        }
        assert_in_range(ink, 12, 350);
        count[mho_dataset_labels(a)[k]]++;
    }
    for (int d = 0; d < 10; d++) {
        assert_int_equal(count[d], 30);
    }
    mho_dataset_free(b);
    test_ok(ctx, mho_dataset_digits(ctx, 8, 0, 300, &b));
    assert_memory_not_equal(mho_dataset_pixels(a), mho_dataset_pixels(b), 300 * 784);
    mho_dataset_free(b);
    mho_dataset_free(a);
    assert_int_equal(mho_dataset_digits(ctx, 7, (size_t)1 << 32, 1, &a), MHO_ERR_ARG);
    assert_int_equal(mho_dataset_digits(ctx, 7, 0, 0, &a), MHO_ERR_ARG);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

/* The files that the project tests with: in $MHO_DATA/mnist or ../shared/data/mnist, if there. */
static void mnist_is_read_as_it_is(void **state) {
    (void)state;
    const char *root = getenv("MHO_DATA");
    char place[256];
    snprintf(place, sizeof place, "%s/mnist", root && *root ? root : "../shared/data");
    if (access(place, R_OK) != 0) {
        print_message("skipped: no data at %s\n", place);
        skip();
    }
    mho_ctx *ctx = test_ctx();
    mho_dataset *set;
    test_ok(ctx, mho_dataset_load_dir(ctx, place, MHO_PART_TEST, &set));
    assert_int_equal(mho_dataset_n_image(set), 10000);
    assert_int_equal(mho_dataset_n_row(set), 28);
    int count[10] = {0};
    for (int k = 0; k < 10000; k++) {
        count[mho_dataset_labels(set)[k]]++;
    }
    const int want[10] = {980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009};
    assert_memory_equal(count, want, sizeof want);
    char hash[33];
    mho_dataset_hash(set, hash);
    assert_string_equal(hash, "e63688accc79b36f3d2647ef85acfeaa");
    mho_dataset_free(set);
    test_ok(ctx, mho_dataset_load_dir(ctx, place, MHO_PART_TRAIN, &set));
    assert_int_equal(mho_dataset_n_image(set), 60000);
    mho_dataset_hash(set, hash);
    assert_string_equal(hash, "e84f1f3ea16c7e27dd73b413d683b2fa");
    mho_dataset_free(set);
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
        cmocka_unit_test(both_kinds_of_files_are_read),
        cmocka_unit_test(bad_files_are_named_with_byte_and_value),
        cmocka_unit_test(damaged_gzip_is_refused),
        cmocka_unit_test(digits_are_the_same_wherever_one_starts),
        cmocka_unit_test(mnist_is_read_as_it_is),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
