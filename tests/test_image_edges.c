/* test_image_edges.c - thinning on small figures, matching by hand and against a naive matcher on
 * random fields, and the benchmark on a folder made here. With the shared data at hand, one of its
 * photographs as well. */
#include "test.h"

#include "study/image_int.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- lines ---- */

enum { N = 24 };

static size_t thin_figure(bool (*in)(int x, int y), uint8_t set[N + 2][N + 2]) {
    uint32_t list[2 * N * N];
    size_t n = 0;
    memset(set, 0, (N + 2) * (N + 2));
    for (int y = 0; y < N; y++) {
        for (int x = 0; x < N; x++) {
            set[y + 1][x + 1] = in(x, y);
        }
    }
    mho_i_thin_lines(N, N, &set[0][0], list);
    for (int k = 0; k < (N + 2) * (N + 2); k++) {
        n += (&set[0][0])[k];
    }
    return n;
}

static bool bar(int x, int y) {
    return x >= 3 && x < 20 && y >= 8 && y < 13;
}

static bool ring(int x, int y) {
    double r = hypot(x - 11.5, y - 11.5);
    return r > 5 && r < 9;
}

static bool line(int x, int y) {
    return y == 2 * x / 3;
}

static bool all(int x, int y) {
    (void)x;
    (void)y;
    return true;
}

static size_t pieces(uint8_t set[N + 2][N + 2]) {
    size_t n = 0;
    int stack[(N + 2) * (N + 2)];
    uint8_t *s = &set[0][0];
    for (int k = 0; k < (N + 2) * (N + 2); k++) {
        int depth = 0;
        if (s[k] != 1) {
            continue;
        }
        n++;
        s[k] = 2;
        stack[depth++] = k;
        while (depth) {
            int at = stack[--depth];
            for (int d = 0; d < 9; d++) {
                int to = at + (d / 3 - 1) * (N + 2) + d % 3 - 1;
                if (s[to] == 1) {
                    s[to] = 2;
                    stack[depth++] = to;
                }
            }
        }
    }
    return n;
}

static void figures_become_lines(void **state) {
    (void)state;
    uint8_t set[N + 2][N + 2];
    size_t n = thin_figure(bar, set);
    assert_in_range(n, 10, 17);
    for (int x = 8; x < 16; x++) { /* one pixel in each column, in the middle */
        int in_column = 0;
        for (int y = 1; y <= N; y++) {
            in_column += set[y][x + 1];
        }
        assert_int_equal(in_column, 1);
        assert_int_equal(set[10 + 1][x + 1], 1);
    }
    assert_int_equal(pieces(set), 1);
    n = thin_figure(ring, set);
    assert_in_range(n, 30, 52); /* once around at radius 7 */
    assert_int_equal(set[12][12], 0);
    assert_int_equal(pieces(set), 1);
    n = thin_figure(line, set);
    assert_int_equal(n, N); /* a line stays */
    n = thin_figure(all, set);
    assert_true(n >= 1 && n < 2 * N);
    assert_int_equal(pieces(set), 1);
}

static void ridges_are_where_the_map_peaks(void **state) {
    (void)state;
    enum { W = 40, H = 30 };
    static float e[H][W], out[H][W], work[3 * H * W];
    for (int turn = 0; turn < 3; turn++) {
        for (int y = 0; y < H; y++) {
            for (int x = 0; x < W; x++) {
                double d = turn == 0 ? x - 17 : turn == 1 ? y - 11 : (x - y - 5) / sqrt(2);
                e[y][x] = (float)(0.8 * exp(-d * d / 8));
            }
        }
        mho_i_thin_ridges(H, W, &e[0][0], work, &out[0][0]);
        for (int y = 4; y < H - 4; y++) {
            for (int x = 4; x < W - 4; x++) {
                int d = turn == 0 ? x - 17 : turn == 1 ? y - 11 : x - y - 5;
                if (e[y][x] > 0.01f) {
                    assert_true((out[y][x] > 0) == (d == 0));
                }
            }
        }
    }
}

/* ---- matching ---- */

static size_t match(mho_ctx *ctx, size_t n_row, size_t n_col, double radius, const uint8_t *found,
                    int cap, const uint8_t *truth) {
    mho_i_matcher *m = mho_i_matcher_new(ctx, n_row, n_col, radius);
    assert_non_null(m);
    size_t n = mho_i_match(m, found, n_col, cap, truth);
    assert_int_equal(mho_i_match(m, found, n_col, cap, truth), n); /* no trace of the call before */
    mho_i_matcher_free(m);
    return n;
}

static void small_cases_by_hand(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    const uint8_t found[] = {1, 0, 1, 0, 0, 0, 1, 0};
    const uint8_t none[8] = {0}, same[] = {1, 0, 1, 0, 0, 0, 1, 0};
    assert_int_equal(match(ctx, 1, 8, 0, found, 1, same), 3);
    assert_int_equal(match(ctx, 1, 8, 3, found, 1, none), 0);
    assert_int_equal(match(ctx, 1, 8, 3, none, 1, same), 0);
    const uint8_t between[] = {0, 1, 0, 0, 0, 0, 0, 0}; /* one mark, two found pixels near it */
    assert_int_equal(match(ctx, 1, 8, 1, found, 1, between), 1);
    const uint8_t twice[] = {0, 2, 0, 0, 0, 0, 0, 0}; /* two annotators marked it */
    assert_int_equal(match(ctx, 1, 8, 1, found, 1, twice), 2);
    const uint8_t five[] = {0, 5, 0, 0, 0, 0, 0, 0};
    assert_int_equal(match(ctx, 1, 8, 1, found, 2, five), 4);
    /* the nearest pairs are not the most: 2 takes 1 at first and must give it to 0 */
    const uint8_t chain[] = {0, 1, 0, 1, 0, 1, 0, 0};
    assert_int_equal(match(ctx, 1, 8, 1, found, 1, chain), 3);
    const uint8_t far[] = {0, 0, 0, 0, 1, 0, 0, 0};
    assert_int_equal(match(ctx, 1, 8, 1.99, found, 1, far), 0);
    assert_int_equal(match(ctx, 1, 8, 2, found, 1, far), 1);
    assert_int_equal(match(ctx, 2, 4, 1.4, found, 1, far), 1); /* rows do not wrap: below 0 only */
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

enum { SIDE = 9, UNITS = SIDE * SIDE * 3 };

typedef struct naive {
    int n_left, n_right, left[UNITS], right[UNITS], owner[UNITS];
    bool tried[UNITS];
    double radius;
} naive;

static bool naive_augment(naive *v, int l) {
    for (int r = 0; r < v->n_right; r++) {
        double dy = v->left[l] / SIDE - v->right[r] / SIDE,
               dx = v->left[l] % SIDE - v->right[r] % SIDE;
        if (dx * dx + dy * dy > v->radius * v->radius || v->tried[r]) {
            continue;
        }
        v->tried[r] = true;
        if (v->owner[r] < 0 || naive_augment(v, v->owner[r])) {
            v->owner[r] = l;
            return true;
        }
    }
    return false;
}

static void random_fields_match_as_many_as_naively(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    for (uint32_t trial = 0; trial < 200; trial++) {
        uint8_t found[SIDE * SIDE], truth[SIDE * SIDE];
        static naive v;
        int cap = 1 + (int)(trial % 3);
        v = (naive){.radius = 1 + trial % 4 * 0.75};
        for (int k = 0; k < SIDE * SIDE; k++) {
            uint32_t r[4];
            mho_i_rng_u32x4(trial, MHO_RNG_TEST, (uint32_t)k, 0, 0, r);
            found[k] = r[0] % 5 < 1 + trial % 2;
            truth[k] = (uint8_t)(r[1] % 6 < 2 ? 1 + r[2] % 3 : 0);
            for (int c = 0; c < cap && found[k]; c++) {
                v.left[v.n_left++] = k;
            }
            for (int c = 0; c < truth[k]; c++) {
                v.owner[v.n_right] = -1;
                v.right[v.n_right++] = k;
            }
        }
        size_t want = 0;
        for (int l = 0; l < v.n_left; l++) {
            memset(v.tried, 0, sizeof v.tried);
            want += naive_augment(&v, l);
        }
        assert_int_equal(match(ctx, SIDE, SIDE, v.radius, found, cap, truth), want);
    }
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

/* ---- the benchmark ---- */

static void write_pair(mho_ctx *ctx, const char *dir, const char *name, bool boundaries,
                       int value) {
    enum { W = 320, H = 240 };
    char path[256];
    uint8_t row[W];
    mho_i_png_out *w;
    snprintf(path, sizeof path, "%s/%s%s.png", dir, name, boundaries ? "-boundaries" : "");
    test_ok(ctx, mho_i_png_out_open(ctx, path, H, W, &w));
    for (int y = 0; y < H; y++) {
        for (int x = 0; x < W; x++) {
            row[x] = boundaries ? (x == 140 ? (uint8_t)value : 0) : x < 140 ? 60 : 190;
        }
        test_ok(ctx, mho_i_png_out_row(w, row));
    }
    test_ok(ctx, mho_i_png_out_finish(w));
}

static void a_clear_boundary_is_found(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    char dir[] = "/tmp/mho-bsds-XXXXXX", command[64];
    assert_non_null(mkdtemp(dir));
    mho_image_opt opt = MHO_IMAGE_OPT_INIT;
    mho_bsds_result *r;
    assert_int_equal(mho_image_bsds(ctx, dir, &opt, &r), MHO_ERR_IO); /* no pictures */
    assert_int_equal(mho_image_bsds(ctx, "/nowhere", &opt, &r), MHO_ERR_IO);
    write_pair(ctx, dir, "b", true, 5);
    assert_int_equal(mho_image_bsds(ctx, dir, &opt, &r), MHO_ERR_IO); /* no photograph */
    write_pair(ctx, dir, "b", false, 0);
    write_pair(ctx, dir, "a", false, 0);
    write_pair(ctx, dir, "a", true, 255);
    assert_int_equal(mho_image_bsds(ctx, dir, &opt, &r), MHO_ERR_FORMAT); /* not counts */
    assert_non_null(strstr(mho_ctx_last_error(ctx), "a-boundaries.png: row 0, column 140 is 255"));
    write_pair(ctx, dir, "a", true, 3);
    mho_bsds_score first = {0};
    for (int threads = 1; threads <= 2; threads++) {
        test_ok(ctx, mho_ctx_set_threads(ctx, threads));
        test_ok(ctx, mho_image_bsds(ctx, dir, &opt, &r));
        assert_int_equal(r->n_picture, 2);
        for (int k = 0; k < MHO_BSDS_N_MAP; k++) {
            assert_true(r->score[k].ods > 0.98 && r->score[k].ods <= 1);
            assert_true(r->score[k].ois >= r->score[k].ods - 1e-12);
            assert_true(r->score[k].ap > 0.4); /* no map between nothing and all found */
        }
        if (threads == 2) {
            assert_memory_equal(&first, &r->score[MHO_BSDS_HARDWARE], sizeof first);
        }
        first = r->score[MHO_BSDS_HARDWARE];
        mho_bsds_result_free(r);
    }
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
    snprintf(command, sizeof command, "rm -r %s", dir);
    assert_int_equal(system(command), 0);
}

static void photographs_are_scored_alike(void **state) {
    (void)state;
    const char *root = getenv("MHO_DATA");
    char from[512], dir[] = "/tmp/mho-bsds-XXXXXX", command[1200];
    snprintf(from, sizeof from, "%s/bsds500", root ? root : "../shared/data");
    if (access(from, R_OK) != 0) {
        print_message("skipped: no data\n");
        skip();
    }
    assert_non_null(mkdtemp(dir));
    snprintf(command, sizeof command, "cp %s/100007*.png %s", from, dir);
    assert_int_equal(system(command), 0);
    mho_ctx *ctx = test_ctx();
    mho_image_opt opt = MHO_IMAGE_OPT_INIT;
    mho_bsds_result *r;
    test_ok(ctx, mho_image_bsds(ctx, dir, &opt, &r));
    const mho_bsds_score *s = r->score;
    test_close(s[MHO_BSDS_HARDWARE].ods, s[MHO_BSDS_EXACT].ods, 0.02, 0);
    assert_true(s[MHO_BSDS_EXACT].ods > 0.5);
    mho_bsds_result_free(r);
    mho_ctx_free(ctx);
    snprintf(command, sizeof command, "rm -r %s", dir);
    assert_int_equal(system(command), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_become_lines),
        cmocka_unit_test(ridges_are_where_the_map_peaks),
        cmocka_unit_test(small_cases_by_hand),
        cmocka_unit_test(random_fields_match_as_many_as_naively),
        cmocka_unit_test(a_clear_boundary_is_found),
        cmocka_unit_test(photographs_are_scored_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
