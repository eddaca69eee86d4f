/* bsds.c - boundary F-measure over a folder of photographs with human boundaries.
 *
 * For each picture, map and threshold 0.01 .. 0.99: ridges of the map, those above the threshold
 * thinned to lines, matched with the human marks within 0.75 % of the diagonal.
 *
 * The data give, for each pixel, how many annotators marked it, not who. With c the marks of a
 * pixel and A the largest count in the picture (the number of annotators as far as it shows):
 *     precision   pairs in which a found pixel is once at most and a pixel c times at most, over
 *                 the found pixels
 *     recall      pairs in which a found pixel is A times at most and a pixel c times at most, over
 *                 the sum of c
 * With the annotators' own maps one would match found pixels with each map by itself, count a found
 * pixel as right if any map matches it and a mark as found in its own map: every such matching is
 * allowed here too, so that both figures are upper bounds of the original ones. */
#include "image_int.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#define TOLERANCE_FRAC 0.0075

enum { N_THRESHOLD = MHO_BSDS_N_THRESHOLD, MAX_NAME = 256, MAX_ANNOTATORS = MHO_I_MATCH_CAP };

const char *mho_bsds_map_name(mho_bsds_map map) {
    static const char *const names[] = {"hardware", "ideal chip", "exact arithmetic",
                                        "plain Sobel magnitude"};
    return map < MHO_BSDS_N_MAP ? names[map] : "";
}

/* Pixels counted for one map, picture and threshold. */
typedef struct counts {
    size_t right, found;    /* precision */
    size_t recalled, marks; /* recall */
} counts;

typedef struct bench {
    mho_ctx *ctx;
    mho_bsds_result *r;
    mho_i_filter *filter[2]; /* hardware, ideal */
    int n_thread;
    char (*id)[MAX_NAME]; /* [n_picture] */
    counts *all;          /* [n_picture][N_MAP][N_THRESHOLD] */
    /* of the present picture */
    size_t n_row, n_col;
    float *luma, *human, *map[MHO_BSDS_N_MAP], *ridges[MHO_BSDS_N_MAP], *work;
    uint8_t *truth; /* marks of a pixel */
    int annotators;
    size_t marks;
    mho_i_matcher **matcher; /* [n_thread] */
    uint8_t **set;           /* [n_thread] [n_row + 2][n_col + 2] */
    uint32_t **list;         /* [n_thread] [2 n_row n_col] */
} bench;

/* ---- the folder ---- */

static int by_name(const void *a, const void *b) {
    return strcmp(a, b);
}

static mho_status list_pictures(bench *b, const char *dir) {
    static const char tail[] = "-boundaries.png";
    mho_ctx *ctx = b->ctx;
    DIR *d = opendir(dir);
    if (!d) {
        return mho_i_fail(ctx, MHO_ERR_IO, "%s: cannot be opened: %s", dir, strerror(errno));
    }
    mho_status status = MHO_OK;
    size_t n = 0, cap = 0;
    for (struct dirent *e; status == MHO_OK && (e = readdir(d));) {
        size_t len = strlen(e->d_name), n_tail = sizeof tail - 1;
        if (len <= n_tail || len >= MAX_NAME || strcmp(e->d_name + len - n_tail, tail) != 0) {
            continue;
        }
        if (n == cap) {
            cap = cap ? 2 * cap : 64;
            void *more = mho_i_realloc(ctx, b->id, cap, sizeof *b->id);
            if (!more) {
                status = MHO_ERR_NOMEM;
                break;
            }
            b->id = more;
        }
        memcpy(b->id[n], e->d_name, len - n_tail);
        b->id[n++][len - n_tail] = 0;
    }
    closedir(d);
    if (status == MHO_OK && n == 0) {
        status = mho_i_fail(ctx, MHO_ERR_IO,
                            "%s: no file ID-boundaries.png there; wanted are pairs of ID.png and "
                            "ID-boundaries.png",
                            dir);
    }
    if (status == MHO_OK) {
        qsort(b->id, n, sizeof *b->id, by_name);
        b->r->n_picture = n;
    }
    return status;
}

static mho_status load_truth(bench *b, const char *path) {
    size_t n_row, n_col;
    mho_status status = mho_i_picture_load(b->ctx, path, &n_row, &n_col, &b->human);
    if (status < 0) {
        return status;
    }
    if (n_row != b->n_row || n_col != b->n_col) {
        return mho_i_fail(b->ctx, MHO_ERR_DIM, "%s: %zu x %zu pixels, its photograph has %zu x %zu",
                          path, n_col, n_row, b->n_col, b->n_row);
    }
    b->truth = mho_i_alloc(b->ctx, n_row * n_col, 1);
    if (!b->truth) {
        return MHO_ERR_NOMEM;
    }
    b->annotators = 0;
    b->marks = 0;
    for (size_t k = 0; k < n_row * n_col; k++) {
        int c = (int)(b->human[k] * 255 + 0.5f);
        if (c > MAX_ANNOTATORS) {
            return mho_i_fail(
                b->ctx, MHO_ERR_FORMAT,
                "%s: row %zu, column %zu is %d: the number of annotators that marked the "
                "pixel is wanted, 0 to %d",
                path, k / n_col, k % n_col, c, MAX_ANNOTATORS);
        }
        b->truth[k] = (uint8_t)c;
        b->annotators = c > b->annotators ? c : b->annotators;
        b->marks += (size_t)c;
    }
    return MHO_OK;
}

/* ---- maps of one picture ---- */

typedef struct feed {
    const float *next;
    size_t n_col;
} feed;

static mho_status feed_row(void *user, float *luma) {
    feed *f = user;
    memcpy(luma, f->next, f->n_col * sizeof *luma);
    f->next += f->n_col;
    return MHO_OK;
}

static mho_status make_maps(bench *b, size_t picture) {
    mho_i_band band;
    size_t margin = b->filter[0]->kernels.k / 2, n = b->n_row * b->n_col;
    mho_status status =
        mho_i_band_new(b->ctx, b->n_row, b->n_col, margin ? margin : 1, b->n_row, &band);
    if (status < 0) {
        return status;
    }
    /* pictures of a run see different noise; a chip is the same chip for all */
    uint32_t first_block = (uint32_t)(picture * b->n_row * band.n_block);
    for (int k = 0; status == MHO_OK && k < 2; k++) {
        feed f = {b->luma, b->n_col};
        band.first = band.n = 0;
        status = mho_i_band_next(&band, b->n_row, b->filter[k]->chip, feed_row, &f);
        if (status == MHO_OK) {
            mho_i_filter_hardware(b->filter[k], &band, first_block, 1, NULL, b->map[k]);
        }
    }
    if (status == MHO_OK) {
        mho_i_filter_exact(b->filter[0], &band, b->map[MHO_BSDS_EXACT]);
        mho_i_sobel_magnitude(&band, b->map[MHO_BSDS_SOBEL]);
#pragma omp parallel for num_threads(b->n_thread)
        for (int k = 0; k < MHO_BSDS_N_MAP; k++) {
            mho_i_thin_ridges(b->n_row, b->n_col, b->map[k], b->work + (size_t)k * 3 * n,
                              b->ridges[k]);
        }
    }
    mho_i_band_free(b->ctx, &band);
    return status;
}

static counts count_one(const bench *b, int map, int threshold, int t) {
    size_t pitch = b->n_col + 2, found = 0;
    uint8_t *set = b->set[t];
    float least = (float)(threshold + 1) / (N_THRESHOLD + 1);
    memset(set, 0, (b->n_row + 2) * pitch);
    for (size_t y = 0; y < b->n_row; y++) {
        for (size_t x = 0; x < b->n_col; x++) {
            set[(y + 1) * pitch + x + 1] = b->ridges[map][y * b->n_col + x] >= least;
        }
    }
    mho_i_thin_lines(b->n_row, b->n_col, set, b->list[t]);
    const uint8_t *inside = set + pitch + 1;
    for (size_t k = 0; k < b->n_row * pitch; k++) {
        found += set[pitch + k];
    }
    counts c = {.found = found, .marks = b->marks};
    c.right = mho_i_match(b->matcher[t], inside, pitch, 1, b->truth);
    c.recalled = mho_i_match(b->matcher[t], inside, pitch, b->annotators, b->truth);
    return c;
}

static void free_picture(bench *b) {
    mho_ctx *ctx = b->ctx;
    mho_i_free(ctx, b->luma);
    mho_i_free(ctx, b->human);
    mho_i_free(ctx, b->truth);
    mho_i_free(ctx, b->work);
    b->luma = b->human = b->work = NULL;
    b->truth = NULL;
    for (int k = 0; k < MHO_BSDS_N_MAP; k++) {
        mho_i_free(ctx, b->map[k]);
        mho_i_free(ctx, b->ridges[k]);
        b->map[k] = b->ridges[k] = NULL;
    }
    for (int t = 0; t < b->n_thread; t++) {
        mho_i_matcher_free(b->matcher[t]);
        mho_i_free(ctx, b->set[t]);
        mho_i_free(ctx, b->list[t]);
        b->matcher[t] = NULL;
        b->set[t] = NULL;
        b->list[t] = NULL;
    }
}

static mho_status make_picture_buffers(bench *b) {
    mho_ctx *ctx = b->ctx;
    size_t n = b->n_row * b->n_col;
    double radius = TOLERANCE_FRAC * hypot((double)b->n_row, (double)b->n_col);
    b->work = mho_i_alloc(ctx, MHO_BSDS_N_MAP * 3 * n, sizeof(float));
    bool all = b->work;
    for (int k = 0; k < MHO_BSDS_N_MAP; k++) {
        b->map[k] = mho_i_alloc(ctx, n, sizeof(float));
        b->ridges[k] = mho_i_alloc(ctx, n, sizeof(float));
        all = all && b->map[k] && b->ridges[k];
    }
    for (int t = 0; t < b->n_thread; t++) {
        b->matcher[t] = mho_i_matcher_new(ctx, b->n_row, b->n_col, radius);
        b->set[t] = mho_i_alloc(ctx, (b->n_row + 2) * (b->n_col + 2), 1);
        b->list[t] = mho_i_alloc(ctx, 2 * n, sizeof(uint32_t));
        all = all && b->matcher[t] && b->set[t] && b->list[t];
    }
    return all ? MHO_OK : MHO_ERR_NOMEM;
}

static mho_status do_picture(bench *b, const char *dir, size_t picture) {
    enum { MAX_PIXELS = 16000000 };
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.png", dir, b->id[picture]);
    mho_status status = mho_i_picture_load(b->ctx, path, &b->n_row, &b->n_col, &b->luma);
    if (status == MHO_OK && b->n_row * b->n_col > MAX_PIXELS) {
        status = mho_i_fail(b->ctx, MHO_ERR_DIM, "%s: %zu x %zu pixels: at most 16 megapixels here",
                            path, b->n_col, b->n_row);
    }
    double diagonal = hypot((double)b->n_row, (double)b->n_col);
    if (status == MHO_OK && TOLERANCE_FRAC * diagonal > MHO_I_MATCH_MAX_RADIUS) {
        status = mho_i_fail(b->ctx, MHO_ERR_DIM,
                            "%s: %zu x %zu pixels: a diagonal of %.0f, at most %.0f here", path,
                            b->n_col, b->n_row, diagonal, MHO_I_MATCH_MAX_RADIUS / TOLERANCE_FRAC);
    }
    if (status == MHO_OK) {
        snprintf(path, sizeof path, "%s/%s-boundaries.png", dir, b->id[picture]);
        status = load_truth(b, path);
    }
    if (status == MHO_OK) {
        status = make_picture_buffers(b);
    }
    if (status == MHO_OK) {
        status = make_maps(b, picture);
    }
    if (status == MHO_OK) {
        counts *c = b->all + picture * MHO_BSDS_N_MAP * N_THRESHOLD;
#pragma omp parallel for schedule(dynamic, 1) num_threads(b->n_thread)
        for (int k = 0; k < MHO_BSDS_N_MAP * N_THRESHOLD; k++) {
            c[k] = count_one(b, k % MHO_BSDS_N_MAP, k / MHO_BSDS_N_MAP, omp_get_thread_num());
        }
    }
    free_picture(b);
    return status;
}

/* ---- from counts to scores ---- */

static double ratio(size_t a, size_t b) {
    return b ? (double)a / (double)b : 0;
}

static double f_measure(const counts *c) {
    double p = ratio(c->right, c->found), r = ratio(c->recalled, c->marks);
    return p + r > 0 ? 2 * p * r / (p + r) : 0;
}

static void add_counts(counts *sum, const counts *c) {
    sum->right += c->right;
    sum->found += c->found;
    sum->recalled += c->recalled;
    sum->marks += c->marks;
}

/* Mean over recall 0, 0.01 .. 1 of the precision there, linear between thresholds; 0 beyond the
 * recalls that are reached. Thresholds fall, so recall rises. */
static double average_precision(const mho_bsds_score *s) {
    double sum = 0;
    for (int k = 0; k <= 100; k++) {
        double at = k / 100.0;
        for (int j = N_THRESHOLD - 1; j > 0; j--) {
            double r0 = s->recall[j], r1 = s->recall[j - 1];
            if (at >= r0 && at <= r1 && r1 > r0) {
                double f = (at - r0) / (r1 - r0);
                sum += s->precision[j] * (1 - f) + s->precision[j - 1] * f;
                break;
            }
        }
    }
    return sum / 101;
}

static void score_map(const bench *b, int map, mho_bsds_score *s) {
    counts best_sum = {0}, total[N_THRESHOLD] = {{0}};
    for (size_t p = 0; p < b->r->n_picture; p++) {
        const counts *best = NULL;
        for (int k = 0; k < N_THRESHOLD; k++) {
            const counts *c = &b->all[(p * N_THRESHOLD + (size_t)k) * MHO_BSDS_N_MAP + (size_t)map];
            add_counts(&total[k], c);
            best = !best || f_measure(c) > f_measure(best) ? c : best;
        }
        add_counts(&best_sum, best);
    }
    s->ois = f_measure(&best_sum);
    s->ods = -1;
    for (int k = 0; k < N_THRESHOLD; k++) {
        s->precision[k] = ratio(total[k].right, total[k].found);
        s->recall[k] = ratio(total[k].recalled, total[k].marks);
        if (f_measure(&total[k]) > s->ods) {
            s->ods = f_measure(&total[k]);
            s->ods_threshold = (k + 1.0) / (N_THRESHOLD + 1);
            s->ods_precision = s->precision[k];
            s->ods_recall = s->recall[k];
        }
    }
    s->ap = average_precision(s);
}

static mho_status run_bench(bench *b, const char *dir, const mho_image_opt *opt) {
    mho_ctx *ctx = b->ctx;
    mho_status status = list_pictures(b, dir);
    if (status == MHO_OK) {
        status = mho_i_filter_new(ctx, opt, MHO_IMP_ALL, &b->filter[0]);
    }
    if (status == MHO_OK) {
        status = mho_i_filter_new(ctx, opt, 0, &b->filter[1]);
    }
    if (status < 0) {
        return status;
    }
    size_t n = b->r->n_picture;
    b->all = mho_i_alloc(ctx, n * MHO_BSDS_N_MAP * N_THRESHOLD, sizeof *b->all);
    b->matcher = mho_i_alloc(ctx, (size_t)b->n_thread, sizeof *b->matcher);
    b->set = mho_i_alloc(ctx, (size_t)b->n_thread, sizeof *b->set);
    b->list = mho_i_alloc(ctx, (size_t)b->n_thread, sizeof *b->list);
    b->r->dir = mho_i_strdup(ctx, dir);
    b->r->kernels = mho_i_strdup(ctx, b->filter[0]->kernels.name);
    if (!b->all || !b->matcher || !b->set || !b->list || !b->r->dir || !b->r->kernels) {
        return MHO_ERR_NOMEM;
    }
    for (size_t p = 0; status == MHO_OK && p < n; p++) {
        status = mho_i_progress(ctx, "boundaries", (double)p / (double)n);
        if (status == MHO_OK) {
            status = do_picture(b, dir, p);
        }
    }
    for (int k = 0; status == MHO_OK && k < MHO_BSDS_N_MAP; k++) {
        score_map(b, k, &b->r->score[k]);
    }
    return status;
}

mho_status mho_image_bsds(mho_ctx *ctx, const char *dir, const mho_image_opt *opt,
                          mho_bsds_result **out) {
    *out = NULL;
    double t0 = mho_i_now_s();
    mho_bsds_result *r = mho_i_alloc(ctx, 1, sizeof *r);
    if (!r) {
        return MHO_ERR_NOMEM;
    }
    r->ctx = ctx;
    r->seed = opt->seed;
    r->tolerance_frac = TOLERANCE_FRAC;
    bench b = {.ctx = ctx, .r = r, .n_thread = mho_ctx_threads(ctx)};
    mho_status status = run_bench(&b, dir, opt);
    if (status == MHO_OK) {
        r->k = b.filter[0]->kernels.k;
        r->n_kernel = b.filter[0]->kernels.n;
        r->n_copy = b.filter[0]->n_copy;
        r->gain = b.filter[0]->gain;
        r->total_s = mho_i_now_s() - t0;
    }
    mho_i_filter_free(b.filter[0]);
    mho_i_filter_free(b.filter[1]);
    void *all[] = {b.id, b.all, b.matcher, b.set, b.list};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        mho_i_free(ctx, all[k]);
    }
    if (status < 0) {
        mho_bsds_result_free(r);
        return status;
    }
    *out = r;
    return MHO_OK;
}

void mho_bsds_result_free(mho_bsds_result *r) {
    if (r) {
        mho_ctx *ctx = r->ctx;
        mho_i_free(ctx, r->dir);
        mho_i_free(ctx, r->kernels);
        mho_i_free(ctx, r);
    }
}
