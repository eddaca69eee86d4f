/* test_base.c - context, memory, random numbers, quantities, files. */
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

static void memory_is_counted_and_can_fail(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    void *a = mho_i_alloc(ctx, 7, 13);
    assert_non_null(a);
    assert_int_equal(mho_ctx_bytes(ctx), 91);
    assert_int_equal((uintptr_t)a % 64, 0);
    mho_ctx_fail_alloc(ctx, 2);
    void *b = mho_i_alloc(ctx, 1, 1);
    assert_non_null(b);
    assert_null(mho_i_alloc(ctx, 1, 1));
    assert_null(mho_i_alloc(ctx, SIZE_MAX / 4, 16));
    mho_i_free(ctx, a);
    mho_i_free(ctx, b);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

extern int __asan_address_is_poisoned(const volatile void *address) __attribute__((weak));

/* Our own header and what aligns a block lie around it in the same allocation. */
static void steps_beyond_a_block_are_seen(void **state) {
    (void)state;
    if (!__asan_address_is_poisoned) {
        print_message("skipped: not built with the address sanitizer\n");
        skip();
    }
    mho_ctx *ctx = test_ctx();
    for (size_t n = 0; n < 200; n++) {
        char *block = mho_i_alloc(ctx, n, 1);
        for (int round = 0; round < 2; round++) {
            assert_int_equal(__asan_address_is_poisoned(block - 1), 1);
            assert_int_equal(__asan_address_is_poisoned(block - 64), 1);
            for (size_t i = 0; i < n; i++) {
                assert_int_equal(__asan_address_is_poisoned(block + i), 0);
            }
            assert_int_equal(__asan_address_is_poisoned(block + n), 1);
            assert_int_equal(__asan_address_is_poisoned(block + n + 15), 1);
            block = mho_i_realloc(ctx, block, n, 1);
        }
        mho_i_free(ctx, block);
    }
    mho_ctx_free(ctx);
}

static void philox_matches_the_published_answer(void **state) {
    (void)state;
    /* Random123 known answer (kat_vectors): philox4x32 10, counter and key all ones */
    uint32_t r[4];
    mho_i_rng_u32x4(UINT64_MAX, (mho_i_purpose)UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, r);
    assert_int_equal(r[0], 0x408f276d);
    assert_int_equal(r[1], 0x41c83b0e);
    assert_int_equal(r[2], 0xa20bc7c6);
    assert_int_equal(r[3], 0x6d5451fd);
}

static void normals_have_the_right_moments(void **state) {
    (void)state;
    enum { N = 400003 };
    double *z = malloc(N * sizeof *z);
    float *f = malloc(N * sizeof *f);
    mho_i_rng_normal(5, MHO_RNG_TEST, 3, 1, N, z);
    mho_i_rng_normal_f(5, MHO_RNG_TEST, 3, 1, N, f);
    double m1 = 0, m2 = 0, m4 = 0, diff = 0;
    for (int k = 0; k < N; k++) {
        m1 += f[k];
        m2 += (double)f[k] * f[k];
        m4 += pow(f[k], 4);
        /* the two differ only by the bits that single precision drops (most for u near 1) */
        diff = fmax(diff, fabs(f[k] - z[k]));
    }
    test_close(m1 / N, 0, 4 / sqrt(N), 0);
    test_close(m2 / N, 1, 4 * sqrt(2.0 / N), 0);
    test_close(m4 / N, 3, 4 * sqrt(96.0 / N), 0);
    test_close(diff, 0, 1e-4, 0);
    float g[10];
    mho_i_rng_normal_f(5, MHO_RNG_TEST, 3, 1, 10, g);
    for (int k = 0; k < 10; k++) {
        assert_true(g[k] == f[k]);
    }
    free(z);
    free(f);
}

static void quantities_are_read_with_units(void **state) {
    (void)state;
    double x = 0;
    char why[160], buf[32];
    assert_true(mho_quantity_parse("2.385 kohm", "ohm", &x, why, sizeof why));
    test_close(x, 2385, 0, 1e-15);
    assert_true(mho_quantity_parse(" 60uS ", "S", &x, why, sizeof why));
    assert_true(x == 60e-6); /* the same double as the compiler makes */
    assert_true(mho_quantity_parse("3 %", "", &x, why, sizeof why));
    test_close(x, 0.03, 0, 1e-15);
    assert_true(mho_quantity_parse("4 um2", "m2", &x, why, sizeof why));
    test_close(x, 4e-12, 0, 1e-15);
    assert_false(mho_quantity_parse("2 V", "ohm", &x, why, sizeof why));
    assert_false(mho_quantity_parse("2", "ohm", &x, why, sizeof why));
    assert_non_null(strstr(why, "no unit"));
    char longer[100];
    snprintf(longer, sizeof longer, "2 ohm%60sjunk", "");
    assert_false(mho_quantity_parse(longer, "ohm", &x, why, sizeof why));
    longer[65] = 0; /* blanks alone are nothing */
    assert_true(mho_quantity_parse(longer, "ohm", &x, why, sizeof why));
    assert_false(mho_quantity_parse("nan ohm", "ohm", &x, why, sizeof why));
    assert_string_equal(mho_quantity_format(1.25e-8, "s", 3, buf, sizeof buf), "12.5 ns");
    assert_string_equal(mho_quantity_format(-0.002, "V", 3, buf, sizeof buf), "-2 mV");
    assert_string_equal(mho_quantity_format(3.5e-13, "m2", 3, buf, sizeof buf), "0.35 um2");
}

static void a_failed_write_leaves_the_old_file(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    char dir[] = "/tmp/mho-test-XXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/a", dir);
    assert_int_equal(mho_i_file_write(ctx, path, "old", 3), MHO_OK);
    assert_int_equal(mho_i_file_write(ctx, "/proc/none/x", "new", 3), MHO_ERR_IO);
    unsigned char *data;
    size_t n;
    assert_int_equal(mho_i_file_read(ctx, path, 100, &data, &n), MHO_OK);
    assert_int_equal(n, 3);
    assert_memory_equal(data, "old", 4);
    mho_i_free(ctx, data);
    assert_int_equal(mho_i_file_read(ctx, path, 2, &data, &n), MHO_ERR_FORMAT);
    assert_int_equal(mho_i_file_read(ctx, dir, 2, &data, &n), MHO_ERR_IO);
    unlink(path);
    rmdir(dir);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_counted_and_can_fail),
        cmocka_unit_test(steps_beyond_a_block_are_seen),
        cmocka_unit_test(philox_matches_the_published_answer),
        cmocka_unit_test(normals_have_the_right_moments),
        cmocka_unit_test(quantities_are_read_with_units),
        cmocka_unit_test(a_failed_write_leaves_the_old_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
