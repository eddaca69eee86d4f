/* dataset.c - pictures with labels: from memory, from IDX files, as a part of another set. */
#include "network_int.h"

#include "io/idx_int.h"

#include <limits.h>
#include <string.h>

enum { MAX_SIDE = 1024, MAX_CLASS = 256 };
static const size_t max_image = (size_t)100 << 20;

static mho_status check_shape(mho_ctx *ctx, size_t n_image, size_t n_row, size_t n_col,
                              size_t n_class) {
    if (n_image < 1 || n_image > max_image) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "%zu images: allowed are 1 to %zu", n_image, max_image);
    }
    if (n_row < 1 || n_row > MAX_SIDE || n_col < 1 || n_col > MAX_SIDE) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "images of %zu x %zu pixels: allowed are sides 1 to %d",
                          n_row, n_col, MAX_SIDE);
    }
    if (n_class < 2 || n_class > MAX_CLASS) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "%zu classes: allowed are 2 to %d", n_class, MAX_CLASS);
    }
    return MHO_OK;
}

mho_status mho_i_dataset_blank(mho_ctx *ctx, size_t n_image, size_t n_row, size_t n_col,
                               size_t n_class, mho_dataset **out) {
    *out = NULL;
    mho_status status = check_shape(ctx, n_image, n_row, n_col, n_class);
    if (status < 0) {
        return status;
    }
    mho_dataset *set = mho_i_alloc(ctx, 1, sizeof *set);
    if (!set) {
        return MHO_ERR_NOMEM;
    }
    *set = (mho_dataset){
        .ctx = ctx, .n_image = n_image, .n_row = n_row, .n_col = n_col, .n_class = n_class};
    set->pixels = mho_i_alloc(ctx, n_image, n_row * n_col);
    set->labels = set->pixels ? mho_i_alloc(ctx, n_image, 1) : NULL;
    if (!set->labels) {
        mho_dataset_free(set);
        return MHO_ERR_NOMEM;
    }
    *out = set;
    return MHO_OK;
}

void mho_dataset_free(mho_dataset *set) {
    if (set) {
        mho_ctx *ctx = set->ctx;
        mho_i_free(ctx, set->pixels);
        mho_i_free(ctx, set->labels);
        mho_i_free(ctx, set);
    }
}

mho_status mho_dataset_new(mho_ctx *ctx, size_t n_image, size_t n_row, size_t n_col, size_t n_class,
                           const uint8_t *pixels, const uint8_t *labels, mho_dataset **out) {
    mho_status status = mho_i_dataset_blank(ctx, n_image, n_row, n_col, n_class, out);
    if (status < 0) {
        return status;
    }
    for (size_t k = 0; k < n_image; k++) {
        if (labels[k] >= n_class) {
            mho_dataset_free(*out);
            *out = NULL;
            return mho_i_fail(ctx, MHO_ERR_ARG, "labels[%zu] = %d: allowed are 0 to %zu", k,
                              labels[k], n_class - 1);
        }
    }
    memcpy((*out)->pixels, pixels, n_image * n_row * n_col);
    memcpy((*out)->labels, labels, n_image);
    return MHO_OK;
}

mho_status mho_dataset_first(const mho_dataset *set, size_t n_image, mho_dataset **out) {
    *out = NULL;
    if (n_image < 1 || n_image > set->n_image) {
        return mho_i_fail(set->ctx, MHO_ERR_ARG,
                          "%zu images wanted: allowed are 1 to %zu, all there are", n_image,
                          set->n_image);
    }
    return mho_dataset_new(set->ctx, n_image, set->n_row, set->n_col, set->n_class, set->pixels,
                           set->labels, out);
}

static mho_status check_labels(mho_ctx *ctx, const char *path, const mho_i_idx *labels,
                               size_t n_class) {
    for (size_t k = 0; k < labels->n_byte; k++) {
        if (labels->data[k] >= n_class) {
            return mho_i_fail(ctx, MHO_ERR_FORMAT, "%s: byte %zu: label %d; allowed are 0 to %zu",
                              path, labels->n_header + k, labels->data[k], n_class - 1);
        }
    }
    return MHO_OK;
}

mho_status mho_dataset_load_idx(mho_ctx *ctx, const char *image_path, const char *label_path,
                                size_t n_class, mho_dataset **out) {
    *out = NULL;
    const size_t image_max[] = {max_image, MAX_SIDE, MAX_SIDE}, label_max[] = {max_image};
    mho_i_idx images = {0}, labels = {0};
    mho_status status = mho_i_idx_read(ctx, image_path, 3, image_max, &images);
    if (status == MHO_OK) {
        status = mho_i_idx_read(ctx, label_path, 1, label_max, &labels);
    }
    if (status == MHO_OK) {
        status = check_labels(ctx, label_path, &labels, n_class);
    }
    if (status == MHO_OK && images.dim[0] != labels.dim[0]) {
        status = mho_i_fail(ctx, MHO_ERR_FORMAT, "%s: byte 4: %zu labels, but %s has %zu images",
                            label_path, labels.dim[0], image_path, images.dim[0]);
    }
    if (status == MHO_OK) {
        status = check_shape(ctx, images.dim[0], images.dim[1], images.dim[2], n_class);
    }
    mho_dataset *set = NULL;
    if (status == MHO_OK && !(set = mho_i_alloc(ctx, 1, sizeof *set))) {
        status = MHO_ERR_NOMEM;
    }
    if (status == MHO_OK) { /* the arrays that were read become the set's own */
        *set = (mho_dataset){.ctx = ctx,
                             .n_image = images.dim[0],
                             .n_row = images.dim[1],
                             .n_col = images.dim[2],
                             .n_class = n_class,
                             .pixels = images.data,
                             .labels = labels.data};
        *out = set;
        return MHO_OK;
    }
    mho_i_free(ctx, images.data);
    mho_i_free(ctx, labels.data);
    return status;
}

/* The first of the usual names that exists. */
static mho_status find_file(mho_ctx *ctx, const char *dir, const char *stem, int n_dim,
                            char path[PATH_MAX]) {
    static const char sep[] = {'-', '-', '.', '.'};
    static const char *const ending[] = {"", ".gz", "", ".gz"};
    for (size_t k = 0; k < sizeof sep; k++) {
        int n =
            snprintf(path, PATH_MAX, "%s/%s%cidx%d-ubyte%s", dir, stem, sep[k], n_dim, ending[k]);
        if (n > 0 && n < PATH_MAX && mho_i_file_exists(path)) {
            return MHO_OK;
        }
    }
    return mho_i_fail(ctx, MHO_ERR_IO,
                      "%s: holds no %s-idx%d-ubyte, .gz or plain (also with \".idx%d\")", dir, stem,
                      n_dim, n_dim);
}

mho_status mho_dataset_load_dir(mho_ctx *ctx, const char *dir, mho_dataset_part part,
                                mho_dataset **out) {
    *out = NULL;
    char images[PATH_MAX], labels[PATH_MAX];
    bool train = part == MHO_PART_TRAIN;
    if (!mho_i_file_exists(dir)) {
        return mho_i_fail(ctx, MHO_ERR_IO, "%s: there is no such directory", dir);
    }
    mho_status status = find_file(ctx, dir, train ? "train-images" : "t10k-images", 3, images);
    if (status == MHO_OK) {
        status = find_file(ctx, dir, train ? "train-labels" : "t10k-labels", 1, labels);
    }
    return status < 0 ? status : mho_dataset_load_idx(ctx, images, labels, 10, out);
}

size_t mho_dataset_n_image(const mho_dataset *set) {
    return set->n_image;
}

size_t mho_dataset_n_row(const mho_dataset *set) {
    return set->n_row;
}

size_t mho_dataset_n_col(const mho_dataset *set) {
    return set->n_col;
}

size_t mho_dataset_n_class(const mho_dataset *set) {
    return set->n_class;
}

const uint8_t *mho_dataset_pixels(const mho_dataset *set) {
    return set->pixels;
}

const uint8_t *mho_dataset_labels(const mho_dataset *set) {
    return set->labels;
}

void mho_dataset_hash(const mho_dataset *set, char out[33]) {
    mho_i_hash h = mho_i_hash_init();
    uint64_t shape[4] = {set->n_image, set->n_row, set->n_col, set->n_class};
    mho_i_hash_add(&h, shape, sizeof shape);
    mho_i_hash_add(&h, set->pixels, set->n_image * set->n_row * set->n_col);
    mho_i_hash_add(&h, set->labels, set->n_image);
    mho_i_hash_hex(&h, out);
}
