/* test_image.c - photographs through the filter chip: same bits for any threads and bands, the slow
 * path, exact arithmetic against plain loops, likeness against closed cases, kernels, memory. */
#include "test.h"

#include "study/image_int.h"

#include <stdlib.h>
#include <unistd.h>

static char dir[] = "/tmp/mho-image-XXXXXX";
static char photo[64], edges[64], kernels[64];

enum { W = 301, H = 90 };

static double scene(size_t x, size_t y) {
    double s = 0.5 + 0.3 * sin(0.11 * (double)x) * cos(0.07 * (double)y);
    return fmin(fmax(s + (x > 150 && y > 30 ? 0.25 : 0), 0), 1);
}

static void make_photo(mho_ctx *ctx, size_t n_row, size_t n_col) {
    mho_i_png_out *w;
    uint8_t *row = malloc(n_col);
    test_ok(ctx, mho_i_png_out_open(ctx, photo, n_row, n_col, &w));
    for (size_t y = 0; y < n_row; y++) {
        for (size_t x = 0; x < n_col; x++) {
            row[x] = (uint8_t)(scene(x, y) * 255);
        }
        test_ok(ctx, mho_i_png_out_row(w, row));
    }
    test_ok(ctx, mho_i_png_out_finish(w));
    free(row);
}

static int set_up(void **state) {
    (void)state;
    if (!mkdtemp(dir)) {
        return -1;
    }
    snprintf(photo, sizeof photo, "%s/a.png", dir);
    snprintf(edges, sizeof edges, "%s/e.png", dir);
    snprintf(kernels, sizeof kernels, "%s/k.npy", dir);
    mho_ctx *ctx = test_ctx();
    make_photo(ctx, H, W);
    mho_ctx_free(ctx);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    unlink(photo);
    unlink(edges);
    unlink(kernels);
    return rmdir(dir);
}

static float *edge_map(mho_ctx *ctx, const mho_image_opt *opt, mho_image_likeness *like) {
    mho_image_result *r;
    size_t n_row, n_col;
    float *e;
    test_ok(ctx, mho_image_run(ctx, photo, opt, &r));
    if (like) {
        *like = r->hardware;
    }
    mho_image_result_free(r);
    test_ok(ctx, mho_i_picture_load(ctx, edges, &n_row, &n_col, &e));
    assert_int_equal(n_row * 1000 + n_col, H * 1000 + W);
    return e;
}

static void threads_and_bands_do_not_matter(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_image_opt opt = MHO_IMAGE_OPT_INIT;
    opt.out_path = edges;
    opt.compare = true;
    opt.seed = 7;
    const size_t bands[] = {0, 1, 2, 17, 89, 90, 4096};
    mho_image_likeness first = {0};
    float *want = NULL;
    for (size_t k = 0; k < sizeof bands / sizeof *bands; k++) {
        mho_image_likeness like;
        test_ok(ctx, mho_ctx_set_threads(ctx, (int)(k % 3) + 1));
        opt.n_band = bands[k];
        float *e = edge_map(ctx, &opt, &like);
        if (want) {
            assert_memory_equal(e, want, W * H * sizeof *e);
            assert_memory_equal(&like, &first, sizeof like); /* doubles of all pixels */
            mho_i_free(ctx, e);
        } else {
            want = e;
            first = like;
        }
    }
    opt.seed = 8;
    float *other = edge_map(ctx, &opt, NULL);
    assert_memory_not_equal(other, want, W * H * sizeof *want);
    mho_i_free(ctx, other);
    mho_i_free(ctx, want);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

typedef struct whole {
    mho_i_filter *filter;
    mho_i_band band;
    float *out;
    size_t y;
} whole;

static mho_status scene_row(void *user, float *luma) {
    whole *w = user;
    for (size_t x = 0; x < W; x++) {
        luma[x] = (float)((uint8_t)(scene(x, w->y) * 255)) / 255;
    }
    w->y++;
    return MHO_OK;
}

static whole make_whole(mho_ctx *ctx, const mho_image_opt *opt, uint32_t imperfections) {
    whole w = {0};
    test_ok(ctx, mho_i_filter_new(ctx, opt, imperfections, &w.filter));
    test_ok(ctx, mho_i_band_new(ctx, H, W, w.filter->kernels.k / 2, H, &w.band));
    w.out = mho_i_alloc(ctx, H * W, sizeof *w.out);
    test_ok(ctx, mho_i_band_next(&w.band, H, w.filter->chip, scene_row, &w));
    w.y = 0;
    return w;
}

static void done(mho_ctx *ctx, whole *w) {
    mho_i_filter_free(w->filter);
    mho_i_band_free(ctx, &w->band);
    mho_i_free(ctx, w->out);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static double pixel(ptrdiff_t x, ptrdiff_t y) {
    x = x < 0 ? 0 : x >= W ? W - 1 : x;
    y = y < 0 ? 0 : y >= H ? H - 1 : y;
    return (uint8_t)(scene((size_t)x, (size_t)y) * 255) / 255.0;
}

static void exact_arithmetic_is_the_plain_sum(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_image_opt opt = MHO_IMAGE_OPT_INIT;
    opt.kernels = "scharr";
    whole w = make_whole(ctx, &opt, 0);
    mho_i_filter_exact(w.filter, &w.band, w.out);
    const double side[3] = {3, 10, 3};
    for (ptrdiff_t y = 0; y < H; y++) {
        for (ptrdiff_t x = 0; x < W; x++) {
            double gx = 0, gy = 0;
            for (int k = -1; k <= 1; k++) {
                gx += side[k + 1] * (pixel(x + 1, y + k) - pixel(x - 1, y + k)) / 16;
                gy += side[k + 1] * (pixel(x + k, y + 1) - pixel(x + k, y - 1)) / 16;
            }
            test_close((double)w.out[y * W + x], fmin(fabs(gx) + fabs(gy), 1), 1e-6, 0);
        }
    }
    done(ctx, &w);
}

/* The ideal chip is the nominal curve on exact responses; in the middle of the neuron's range the
 * edge map is close to exact arithmetic. */
static void ideal_chip_is_the_nominal_curve(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_image_opt opt = MHO_IMAGE_OPT_INIT;
    whole w = make_whole(ctx, &opt, 0);
    const mho_i_filter *f = w.filter;
    mho_i_filter_hardware(f, &w.band, 0, 1, NULL, w.out);
    for (ptrdiff_t k = 0; k < W * H; k += 7) {
        double sum = -4 * f->rest, x = (double)(k % W), y = (double)(k / W);
        ptrdiff_t px = (ptrdiff_t)x, py = (ptrdiff_t)y;
        double gx = 0, gy = 0;
        for (int j = -1; j <= 1; j++) {
            gx += (2 - abs(j)) * (pixel(px + 1, py + j) - pixel(px - 1, py + j)) / 4;
            gy += (2 - abs(j)) * (pixel(px + j, py + 1) - pixel(px + j, py - 1)) / 4;
        }
        const double g[] = {gx, -gx, gy, -gy};
        for (int j = 0; j < 4; j++) {
            sum += (double)mho_i_chip_nominal_at(f->chip, f->gain * g[j]);
        }
        test_close((double)w.out[k], fmin(fmax(sum / f->scale, 0), 1), 2e-5, 0);
    }
    done(ctx, &w);
}

static void fast_path_agrees_with_the_slow_one(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    enum { N = 20, K = 5 };
    uint8_t patch[N * K * K], label[N] = {0};
    double weight[3 * K * K];
    for (int k = 0; k < 3 * K * K; k++) {
        weight[k] = sin(1.7 * k) + 0.1;
    }
    for (int k = 0; k < N * K * K; k++) {
        patch[k] = (uint8_t)(k * 97 % 251);
    }
    mho_npy_view v = {.n_dim = 3, .shape = {3, K, K}, .data = weight};
    test_ok(ctx, mho_npy_save(ctx, kernels, &v));
    mho_image_opt opt = MHO_IMAGE_OPT_INIT;
    opt.kernels = kernels;
    opt.gain = 2;
    for (size_t copies = 0; copies < 8; copies += 7) { /* as many as fit: 5; two tiles */
        opt.n_copy = copies;
        mho_i_filter *f;
        mho_dataset *set;
        mho_chip_verify check;
        test_ok(ctx, mho_i_filter_new(ctx, &opt, MHO_IMP_ALL, &f));
        assert_int_equal(f->n_copy, copies ? copies : 5);
        test_ok(ctx, mho_dataset_new(ctx, N, K, K, 2, patch, label, &set));
        test_ok(ctx, mho_chip_check(f->chip, set, 4, 1, &check));
        assert_int_equal(check.n_neuron, 4 * 6);
        test_close(check.array_error_rel, 0, 1e-6, 0);
        test_close(check.neuron_error_rel, 0, 1e-4, 0);
        double accuracy; /* a filter is no classifier */
        assert_int_equal(mho_chip_evaluate(f->chip, set, NULL, &accuracy), MHO_ERR_ARG);
        mho_dataset_free(set);
        mho_i_filter_free(f);
    }
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void copies_average_errors(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_image_opt opt = MHO_IMAGE_OPT_INIT;
    double error[2] = {0, 0};
    for (int many = 0; many < 2; many++) {
        opt.n_copy = many ? 14 : 1;
        for (opt.seed = 1; opt.seed <= 8; opt.seed++) {
            mho_i_filter *f;
            test_ok(ctx, mho_i_filter_new(ctx, &opt, MHO_IMP_PROGRAM | MHO_IMP_READ_NOISE, &f));
            const mho_i_layer *l = &f->chip->layer[0];
            for (size_t o = 0; o < 4; o++) {
                for (size_t k = 0; k < 9; k++) {
                    double want =
                        (o < 2 ? f->gain : -f->gain) * (double)f->kernels.weight[(o % 2) * 9 + k];
                    double d = (double)l->weight[o * 10 + k] - want;
                    error[many] += d * d;
                }
            }
            mho_i_filter_free(f);
        }
    }
    test_close(sqrt(error[0] / error[1]), sqrt(14), 0, 0.25);
    mho_ctx_free(ctx);
}

/* ---- likeness ---- */

static mho_image_likeness compare(mho_ctx *ctx, size_t n_row, size_t n_col, float a0, float a1,
                                  float b0, float b1) {
    mho_i_likeness *l = mho_i_likeness_new(ctx, n_col);
    float a[64], b[64];
    for (size_t y = 0; y < n_row; y++) {
        for (size_t x = 0; x < n_col; x++) {
            float t = (float)((3 * x + 5 * y * y + x * y) % 17) / 16;
            a[x] = a0 + a1 * t;
            b[x] = b0 + b1 * t;
        }
        mho_i_likeness_row(l, a, b);
    }
    mho_image_likeness r = mho_i_likeness_get(l);
    mho_i_likeness_free(l);
    return r;
}

static void likeness_has_its_closed_cases(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_image_likeness r = compare(ctx, 30, 41, 0.1f, 0.7f, 0.1f, 0.7f);
    test_close(r.ssim, 1, 1e-6, 0);
    test_close(r.correlation, 1, 1e-9, 0);
    test_close(r.largest_difference, 0, 0, 0);
    r = compare(ctx, 30, 41, 0.3f, 0, 0.5f, 0); /* flat: only the brightness term is left */
    test_close(r.ssim, (2 * 0.3 * 0.5 + 1e-4) / (0.09 + 0.25 + 1e-4), 1e-4, 0);
    assert_true(isnan(r.correlation));
    test_close(r.rms_difference, 0.2, 1e-6, 0);
    r = compare(ctx, 30, 41, 0.1f, 0.5f, 0.9f, -0.5f);
    test_close(r.correlation, -1, 1e-6, 0);
    assert_true(r.ssim < 0);
    test_close(r.largest_difference, 0.8, 1e-6, 0);
    r = compare(ctx, 11, 11, 0.1f, 0.5f, 0.1f, 0.5f);
    test_close(r.ssim, 1, 1e-6, 0);
    assert_true(isnan(compare(ctx, 10, 41, 0, 1, 0, 1).ssim));
    assert_true(isnan(compare(ctx, 41, 10, 0, 1, 0, 1).ssim));
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

/* ---- kernels, limits, memory ---- */

static void kernels_come_from_files(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_i_kernels k;
    double w[64 * 225] = {0};
    const struct {
        size_t n_dim, shape[3];
        double first;
        mho_status status;
    } cases[] = {{2, {3, 3, 0}, 2, MHO_OK},          {3, {2, 1, 1}, 0, MHO_ERR_ARG},
                 {3, {64, 15, 15}, 1, MHO_ERR_ARG},  {2, {4, 4, 0}, 1, MHO_ERR_DIM},
                 {2, {3, 5, 0}, 1, MHO_ERR_DIM},     {2, {17, 17, 0}, 1, MHO_ERR_DIM},
                 {1, {9, 0, 0}, 1, MHO_ERR_DIM},     {3, {65, 3, 3}, 1, MHO_ERR_DIM},
                 {2, {3, 3, 0}, NAN, MHO_ERR_FORMAT}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        mho_npy_view v = {.n_dim = cases[c].n_dim, .data = w};
        memcpy(v.shape, cases[c].shape, sizeof cases[c].shape);
        w[0] = cases[c].first;
        w[1] = -8;
        test_ok(ctx, mho_npy_save(ctx, kernels, &v));
        assert_int_equal(mho_i_kernels_load(ctx, kernels, &k), cases[c].status);
        if (cases[c].status == MHO_OK) {
            test_close((double)k.weight[0], 0.25, 1e-7, 0);
            test_close((double)k.weight[1], -1, 1e-7, 0);
            mho_i_kernels_free(ctx, &k);
        }
    }
    assert_int_equal(mho_i_kernels_load(ctx, "soble", &k), MHO_ERR_ARG);
    assert_int_equal(mho_i_kernels_load(ctx, "/nowhere/k.npy", &k), MHO_ERR_IO);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void any_size_of_picture_and_kernel(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    const size_t sizes[][2] = {{1, 1}, {1, 200}, {200, 1}, {2, 129}, {12, 128}};
    double w[15 * 15];
    for (int k = 0; k < 225; k++) {
        w[k] = k - 100;
    }
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        make_photo(ctx, sizes[k][0], sizes[k][1]);
        for (size_t side = 1; side <= 15; side += 14) {
            mho_npy_view v = {.n_dim = 2, .shape = {side, side}, .data = w};
            mho_image_opt opt = MHO_IMAGE_OPT_INIT;
            mho_image_result *r;
            test_ok(ctx, mho_npy_save(ctx, kernels, &v));
            opt.kernels = kernels;
            opt.compare = opt.keep_views = true;
            opt.n_band = 3;
            test_ok(ctx, mho_image_run(ctx, photo, &opt, &r));
            assert_int_equal(r->cost.n_activation, sizes[k][0] * sizes[k][1] * 2);
            mho_image_result_free(r);
        }
    }
    make_photo(ctx, H, W);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void memory_does_not_grow_with_height(void **state) {
    (void)state;
    size_t peak[2];
    for (int tall = 0; tall < 2; tall++) {
        mho_ctx *ctx = test_ctx();
        mho_image_opt opt = MHO_IMAGE_OPT_INIT;
        mho_image_result *r;
        make_photo(ctx, tall ? 4000 : 100, W);
        opt.out_path = edges;
        opt.compare = true;
        test_ok(ctx, mho_image_run(ctx, photo, &opt, &r));
        mho_image_result_free(r);
        peak[tall] = mho_ctx_peak_bytes(ctx);
        make_photo(ctx, H, W);
        mho_ctx_free(ctx);
    }
    assert_int_equal(peak[0], peak[1]);
    assert_true(peak[1] < 8000000);
}

static void failures_leave_nothing(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_image_opt opt = MHO_IMAGE_OPT_INIT;
    mho_image_result *r;
    unlink(edges);
    opt.out_path = edges;
    opt.compare = opt.keep_views = true;
    opt.gain = 1000;
    assert_int_equal(mho_image_run(ctx, photo, &opt, &r), MHO_ERR_ARG);
    opt.gain = 0;
    opt.n_copy = 65;
    assert_int_equal(mho_image_run(ctx, photo, &opt, &r), MHO_ERR_ARG);
    opt.n_copy = 0;
    opt.n_band = 5000;
    assert_int_equal(mho_image_run(ctx, photo, &opt, &r), MHO_ERR_ARG);
    opt.n_band = 0;
    opt.chip_file = "/nowhere/chip.yaml";
    assert_int_equal(mho_image_run(ctx, photo, &opt, &r), MHO_ERR_IO);
    char chip[200]; /* a key that cannot be followed here is not passed over */
    snprintf(chip, sizeof chip, "%s/calibrated.yaml", dir);
    FILE *f = fopen(chip, "w");
    fputs("chip:\n  periphery: {column_gain: calibrated}\n", f);
    fclose(f);
    opt.chip_file = chip;
    assert_int_equal(mho_image_run(ctx, photo, &opt, &r), MHO_ERR_ARG);
    assert_non_null(strstr(mho_ctx_last_error(ctx), "column_gain"));
    unlink(chip);
    opt.chip_file = NULL;
    mho_status status = MHO_ERR_NOMEM;
    for (size_t n = 1; n < 2000 && status != MHO_OK; n += n < 30 ? 1 : 37) {
        mho_ctx_fail_alloc(ctx, n);
        status = mho_image_run(ctx, photo, &opt, &r);
        mho_ctx_fail_alloc(ctx, 0);
        assert_true(status == MHO_OK || (status == MHO_ERR_NOMEM && !r));
        assert_int_equal(access(edges, F_OK), status == MHO_OK ? 0 : -1);
        if (status == MHO_OK) {
            mho_image_result_free(r);
        }
        assert_int_equal(mho_ctx_bytes(ctx), 0);
    }
    assert_int_equal(status, MHO_OK);
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_and_bands_do_not_matter),
        cmocka_unit_test(exact_arithmetic_is_the_plain_sum),
        cmocka_unit_test(ideal_chip_is_the_nominal_curve),
        cmocka_unit_test(fast_path_agrees_with_the_slow_one),
        cmocka_unit_test(copies_average_errors),
        cmocka_unit_test(likeness_has_its_closed_cases),
        cmocka_unit_test(kernels_come_from_files),
        cmocka_unit_test(any_size_of_picture_and_kernel),
        cmocka_unit_test(memory_does_not_grow_with_height),
        cmocka_unit_test(failures_leave_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
