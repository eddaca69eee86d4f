/* test_io.c - NPY and NPZ: what NumPy wrote, round trips, every byte of a file damaged. */
#include "test.h"

#include <stdlib.h>
#include <unistd.h>

#include "io/io_int.h"

/* NumPy 2.4.6: savez_compressed(f, g=asfortranarray(arange(60, dtype='>i2').reshape(12, 5)),
 * x=float32(2.5))                                                                                */
static const char numpy_npz[] =
    "\x50\x4b\x03\x04\x2d\x00\x00\x00\x08\x00\x00\x00\x21\x00\xbb\x92\x9c\x77\xff\xff"
    "\xff\xff\xff\xff\xff\xff\x05\x00\x14\x00\x67\x2e\x6e\x70\x79\x01\x00\x10\x00\xf8"
    "\x00\x00\x00\x00\x00\x00\x00\xaa\x00\x00\x00\x00\x00\x00\x00\x9d\xc8\xc9\x4e\xc2"
    "\x50\x00\x40\xd1\x8b\x38\x40\x11\x94\x79\x52\x78\x8c\xaf\x85\x8a\xb6\x50\xd4\x9a"
    "\xf8\x07\x12\x16\xb2\x70\x45\x88\xd4\xc0\x86\x92\x57\x60\x43\xfc\x0a\x7f\x58\xf8"
    "\x05\xee\xee\x9e\xbf\xd1\xe4\x63\xfc\x15\x62\xc7\x5e\xce\xbd\xe0\x5b\x49\x57\xc8"
    "\xf7\xa5\x2d\x4d\x21\x7f\x7c\xb5\x51\xb3\xd5\xd4\x57\x73\xef\xe8\x9f\x6a\xeb\x1d"
    "\x38\x58\xcc\xd6\xde\x61\x75\xcb\x36\x85\x63\x98\xe2\x57\x9c\x9c\x06\x5c\xa0\x71"
    "\x43\x86\x22\x15\x1a\xe8\x3c\x60\xf3\x4c\x88\x4b\x62\xdc\x92\xa5\x44\x95\x26\x06"
    "\x3d\xfa\xbc\x70\xc6\x15\xd7\x24\xc9\x51\x46\xd0\xa2\xc3\x23\x03\x5e\x09\x13\x21"
    "\x4e\x8a\x3c\x77\xd4\x68\xd3\xe5\x09\x07\x97\x73\xa2\x24\x48\x53\xe0\x9e\x3a\x12"
    "\x13\x8b\x21\x6f\xff\x50\x4b\x03\x04\x2d\x00\x00\x00\x08\x00\x00\x00\x21\x00\x64"
    "\x8c\x22\xc3\xff\xff\xff\xff\xff\xff\xff\xff\x05\x00\x14\x00\x78\x2e\x6e\x70\x79"
    "\x01\x00\x10\x00\x84\x00\x00\x00\x00\x00\x00\x00\x46\x00\x00\x00\x00\x00\x00\x00"
    "\x9b\xec\x17\xea\x1b\x10\xc9\xc8\x50\xc6\x50\xad\x9e\x92\x5a\x9c\x5c\xa4\x6e\xa5"
    "\xa0\x6e\x93\x66\xa2\xae\xa3\xa0\x9e\x96\x5f\x54\x52\x94\x98\x17\x9f\x5f\x94\x92"
    "\x0a\x12\x77\x4b\xcc\x29\x4e\x05\x8a\x17\x67\x24\x16\xa4\x02\xf9\x1a\x9a\x3a\x0a"
    "\xb5\x0a\x14\x01\x2e\x06\x06\x05\x07\x00\x50\x4b\x01\x02\x2d\x03\x2d\x00\x00\x00"
    "\x08\x00\x00\x00\x21\x00\xbb\x92\x9c\x77\xaa\x00\x00\x00\xf8\x00\x00\x00\x05\x00"
    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x01\x00\x00\x00\x00\x67\x2e\x6e\x70"
    "\x79\x50\x4b\x01\x02\x2d\x03\x2d\x00\x00\x00\x08\x00\x00\x00\x21\x00\x64\x8c\x22"
    "\xc3\x46\x00\x00\x00\x84\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    "\x00\x80\x01\xe1\x00\x00\x00\x78\x2e\x6e\x70\x79\x50\x4b\x05\x06\x00\x00\x00\x00"
    "\x02\x00\x02\x00\x66\x00\x00\x00\x5e\x01\x00\x00\x00\x00";
enum { NUMPY_BYTES = sizeof numpy_npz - 1 };

static void numpy_files_are_read(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    const unsigned char *bytes = (const unsigned char *)numpy_npz;
    mho_npy *g, *x;
    test_ok(ctx, mho_i_npz_parse(ctx, "f", bytes, NUMPY_BYTES, "g", &g));
    test_ok(ctx, mho_i_npz_parse(ctx, "f", bytes, NUMPY_BYTES, "x", &x));
    assert_int_equal(mho_npy_n_dim(g), 2);
    assert_int_equal(mho_npy_shape(g, 0), 12);
    assert_int_equal(mho_npy_shape(g, 1), 5);
    for (int k = 0; k < 60; k++) {
        assert_true(mho_npy_data(g)[k] == k);
    }
    assert_int_equal(mho_npy_n_dim(x), 0);
    assert_true(mho_npy_data(x)[0] == 2.5);
    mho_npy_free(g);
    mho_npy_free(x);
    assert_int_equal(mho_i_npz_parse(ctx, "f", bytes, NUMPY_BYTES, "y", &g), MHO_ERR_FORMAT);
    assert_string_equal(mho_ctx_last_error(ctx), "f: no array called \"y\"");
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void what_is_saved_is_loaded(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    char path[] = "/tmp/mho-test-io-XXXXXX";
    int fd = mkstemp(path);
    close(fd);
    double a[7 * 3 * 2];
    float b[5];
    mho_i_rng_uniform(3, MHO_RNG_TEST, 0, 0, 42, a);
    mho_i_rng_normal_f(3, MHO_RNG_TEST, 0, 0, 5, b);
    const mho_npy_view both[2] = {{"a", 3, {7, 3, 2}, a, NULL}, {"bb", 1, {5}, NULL, b}};
    mho_npy *npy;
    test_ok(ctx, mho_npy_save(ctx, path, &both[0]));
    test_ok(ctx, mho_npy_load(ctx, path, &npy));
    assert_int_equal(mho_npy_n_dim(npy), 3);
    assert_int_equal(mho_npy_shape(npy, 2), 2);
    assert_memory_equal(mho_npy_data(npy), a, sizeof a);
    mho_npy_free(npy);
    test_ok(ctx, mho_npz_save(ctx, path, 2, both));
    test_ok(ctx, mho_npz_load(ctx, path, "a", &npy));
    assert_memory_equal(mho_npy_data(npy), a, sizeof a);
    mho_npy_free(npy);
    test_ok(ctx, mho_npz_load(ctx, path, "bb", &npy));
    for (int k = 0; k < 5; k++) {
        assert_true(mho_npy_data(npy)[k] == (double)b[k]);
    }
    mho_npy_free(npy);
    assert_int_equal(mho_npy_load(ctx, path, &npy), MHO_ERR_FORMAT);
    assert_null(npy);
    assert_int_equal(mho_npy_load(ctx, "/nonexistent/x.npy", &npy), MHO_ERR_IO);
    const mho_npy_view five = {"a", 5, {1, 1, 1, 1}, a, NULL}, none = {"a", 1, {1}, NULL, NULL};
    assert_int_equal(mho_npy_save(ctx, path, &five), MHO_ERR_ARG);
    assert_int_equal(mho_npz_save(ctx, path, 1, &none), MHO_ERR_ARG);
    unlink(path);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

/* An NPY file with the given dictionary and n_data bytes of data that count upwards; freed by the
 * caller. Exactly as long as its content, so that the sanitizer sees one byte too far. */
static unsigned char *npy_bytes(const char *dict, size_t n_data, size_t *n) {
    size_t len = strlen(dict);
    *n = 10 + len + n_data;
    unsigned char *p = malloc(*n);
    memcpy(p, "\x93NUMPY\x01", 8);
    p[8] = (unsigned char)(len & 255);
    p[9] = (unsigned char)(len >> 8);
    memcpy(p + 10, dict, len);
    for (size_t k = 0; k < n_data; k++) {
        p[10 + len + k] = (unsigned char)k;
    }
    return p;
}

static void odd_headers_are_read_or_refused(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    static const struct {
        const char *dict;
        size_t n_data;
        mho_status status;
        double last;
    } cases[] = {
        {"{'descr':'>u4','fortran_order':False,'shape':(2,)}", 8, MHO_OK, 0x04050607},
        {"{\"shape\": (1, 2,), 'fortran_order': True , 'descr': '<i2', }\n", 4, MHO_OK, 0x0302},
        {"{'descr':'|b1','fortran_order':False,'shape':()}", 1, MHO_OK, 0},
        {"{'descr':'<f8','fortran_order':False,'shape':(0,9)}", 0, MHO_OK, 0},
        {"{'descr':'<f8','fortran_order':False,'shape':(2,)}", 15, MHO_ERR_FORMAT, 0},
        {"{'descr':'<f8','fortran_order':False,'shape':(2,)}", 17, MHO_ERR_FORMAT, 0},
        {"{'descr':'<c16','fortran_order':False,'shape':(1,)}", 16, MHO_ERR_FORMAT, 0},
        {"{'descr':'|O','fortran_order':False,'shape':(1,)}", 8, MHO_ERR_FORMAT, 0},
        {"{'descr':[('a','<f8')],'fortran_order':False,'shape':(1,)}", 8, MHO_ERR_FORMAT, 0},
        {"{'descr':'<f8','fortran_order':False,'shape':(1,1,1,1,1)}", 8, MHO_ERR_FORMAT, 0},
        {"{'descr':'<f8','fortran_order':False,'shape':(-1,)}", 8, MHO_ERR_FORMAT, 0},
        {"{'descr':'<f8','fortran_order':False,'shape':(4294967296,4294967296)}", 8, MHO_ERR_FORMAT,
         0},
        {"{'descr':'<f8','fortran_order':False,'shape':(99999999999999999999999,)}", 8,
         MHO_ERR_FORMAT, 0},
        {"{'descr':'<f8','fortran_order':False,'shape':(1", 0, MHO_ERR_FORMAT, 0},
        {"{'descr':'<f8','fortran_order':Fal", 0, MHO_ERR_FORMAT, 0},
        {"{'descr':'<f8','shape':(1,)}", 8, MHO_ERR_FORMAT, 0},
        {"{'descr':'", 0, MHO_ERR_FORMAT, 0},
        {"{'descr':'','fortran_order':False,'shape':(1,)}", 8, MHO_ERR_FORMAT, 0},
        {"{", 0, MHO_ERR_FORMAT, 0},
        {"", 8, MHO_ERR_FORMAT, 0},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        size_t n;
        unsigned char *bytes = npy_bytes(cases[k].dict, cases[k].n_data, &n);
        mho_npy *npy;
        if (mho_i_npy_parse(ctx, "f", bytes, n, &npy) != cases[k].status) {
            fail_msg("case %zu: %s", k, cases[k].dict);
        }
        if (npy && cases[k].n_data) {
            size_t count = mho_npy_n_dim(npy) == 0 ? 1 : 2;
            test_close(mho_npy_data(npy)[count - 1], cases[k].last, 0, 0);
        }
        mho_npy_free(npy);
        free(bytes);
    }
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

/* Each length and each single byte changed in four ways: never a crash, and no more memory than
 * deflate can really make of it. */
static void damaged_archives_are_refused(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_npy *npy;
    for (size_t n = 0; n < NUMPY_BYTES; n++) {
        unsigned char *cut = malloc(n + 1);
        memcpy(cut, numpy_npz, n);
        unsigned char *exact = realloc(cut, n ? n : 1);
        assert_int_equal(mho_i_npz_parse(ctx, "f", exact, n, "g", &npy), MHO_ERR_FORMAT);
        free(exact);
    }
    unsigned char *bytes = malloc(NUMPY_BYTES);
    for (size_t k = 0; k < NUMPY_BYTES; k++) {
        for (int how = 0; how < 4; how++) {
            memcpy(bytes, numpy_npz, NUMPY_BYTES);
            bytes[k] = (unsigned char)(how == 0   ? bytes[k] ^ 1
                                       : how == 1 ? bytes[k] ^ 0x80
                                       : how == 2 ? 0
                                                  : 0xff);
            mho_status status = mho_i_npz_parse(ctx, "f", bytes, NUMPY_BYTES, "g", &npy);
            assert_true(status == MHO_OK || status == MHO_ERR_FORMAT);
            mho_npy_free(npy);
        }
    }
    free(bytes);
    assert_true(mho_ctx_peak_bytes(ctx) < 2000 * NUMPY_BYTES);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void memory_failures_leave_nothing_behind(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    const unsigned char *bytes = (const unsigned char *)numpy_npz;
    mho_npy *npy;
    mho_status status = MHO_ERR_NOMEM;
    for (size_t n = 1; status == MHO_ERR_NOMEM; n++) {
        mho_ctx_fail_alloc(ctx, n);
        status = mho_i_npz_parse(ctx, "f", bytes, NUMPY_BYTES, "g", &npy);
        mho_ctx_fail_alloc(ctx, 0);
        mho_npy_free(npy);
        assert_int_equal(mho_ctx_bytes(ctx), 0);
        assert_true(n < 10);
    }
    assert_int_equal(status, MHO_OK);
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numpy_files_are_read),
        cmocka_unit_test(what_is_saved_is_loaded),
        cmocka_unit_test(odd_headers_are_read_or_refused),
        cmocka_unit_test(damaged_archives_are_refused),
        cmocka_unit_test(memory_failures_leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
