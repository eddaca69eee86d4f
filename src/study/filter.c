/* filter.c - kernels on a chip: patches of a picture are the vectors, MHO_I_LANES neighbouring
 * pixels of a row side by side, one neuron per column pair for all of them. Rows are worked on in
 * parallel; a row's result and noise depend on nothing but its place. */
#include "image_int.h"
#include "study_int.h"

#include <cblas.h>
#include <math.h>
#include <omp.h>
#include <string.h>

/* ---- the chip ---- */

/* One dense layer: n_out kernels, K and -K, over k x k pixels, that ends in neurons. */
static mho_status make_net(mho_ctx *ctx, const mho_i_kernels *kernels, double gain, mho_net **out) {
    size_t n_in = kernels->k * kernels->k, n = kernels->n * n_in;
    float largest = 0;
    float *w = mho_i_alloc(ctx, 2 * n, sizeof *w);
    if (!w) {
        return MHO_ERR_NOMEM;
    }
    for (size_t j = 0; j < n; j++) {
        w[j] = (float)gain * kernels->weight[j];
        w[n + j] = -w[j];
        largest = fmaxf(largest, fabsf(w[j]));
    }
    mho_status status = mho_net_new(ctx, 1, kernels->k, kernels->k, out);
    if (status == MHO_OK) {
        status = mho_net_add_dense(*out, 2 * kernels->n, true, (double)largest);
    }
    if (status == MHO_OK) {
        status = mho_net_set_weights(*out, 0, w, NULL);
    }
    mho_i_free(ctx, w);
    return status;
}

/* A kernel has few rows: the rest of a tile is used to write it again, which averages the errors of
 * programming and the read noise. */
static void choose_copies(mho_i_filter *f, const mho_image_opt *opt, const mho_chip_spec *spec) {
    size_t fit = ((size_t)spec->rows - 1) / (f->kernels.k * f->kernels.k);
    fit = fit < 1 ? 1 : fit > MHO_IMAGE_MAX_COPY ? MHO_IMAGE_MAX_COPY : fit;
    f->n_copy = opt->n_copy ? opt->n_copy : fit;
}

static mho_status make_chip(mho_i_filter *f, const mho_image_opt *opt, uint32_t imperfections) {
    mho_ctx *ctx = f->ctx;
    mho_chip_spec spec;
    mho_net *net = NULL;
    mho_status status = mho_i_begin_spec(ctx, opt->chip_file, &spec);
    if (status == MHO_OK && spec.column_calibration) {
        status =
            mho_i_fail(ctx, MHO_ERR_ARG,
                       "%s: periphery.column_gain: calibrated: kernels have no training pictures "
                       "to set their columns from; fixed is allowed",
                       opt->chip_file);
    }
    if (status == MHO_OK) {
        spec.share = MHO_SHARE_PER_COLUMN; /* a neuron per pixel would be absurd */
        status = make_net(ctx, &f->kernels, f->gain, &net);
    }
    if (status == MHO_OK) {
        choose_copies(f, opt, &spec);
        status = mho_i_chip_new(ctx, &spec, net, f->n_copy, &f->chip);
    }
    if (status == MHO_OK) {
        status = mho_chip_program(f->chip, opt->seed, 0, imperfections, &f->program);
    }
    mho_net_free(net);
    return status;
}

/* What the nominal neurons give on a flat field is 0; a response that takes one to z = 1 comes out
 * as it would in exact arithmetic, 1/gain of a full step. */
static void calibrate(mho_i_filter *f) {
    double n = (double)f->kernels.n;
    f->rest = (double)mho_i_chip_nominal_at(f->chip, 0);
    f->scale = (double)mho_i_chip_nominal_at(f->chip, 1) +
               (double)mho_i_chip_nominal_at(f->chip, -1) - 2 * f->rest;
    f->scale *= f->gain * fmax(1, n / 2);
}

static mho_status check_opt(mho_ctx *ctx, const mho_image_opt *opt) {
    if (opt->gain != 0 && !(opt->gain >= 0.1 && opt->gain <= 100)) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "gain %g: 0.1 to 100 is allowed", opt->gain);
    }
    if (opt->n_copy > MHO_IMAGE_MAX_COPY) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "%zu copies of the kernels: 1 to %d are allowed",
                          opt->n_copy, MHO_IMAGE_MAX_COPY);
    }
    return MHO_OK;
}

mho_status mho_i_filter_new(mho_ctx *ctx, const mho_image_opt *opt, uint32_t imperfections,
                            mho_i_filter **out) {
    *out = NULL;
    mho_i_filter *f = mho_i_alloc(ctx, 1, sizeof *f);
    if (!f) {
        return MHO_ERR_NOMEM;
    }
    f->ctx = ctx;
    f->n_thread = mho_ctx_threads(ctx);
    f->gain = opt->gain > 0 ? opt->gain : MHO_IMAGE_GAIN;
    mho_status status = check_opt(ctx, opt);
    if (status == MHO_OK) {
        status = mho_i_kernels_load(ctx, opt->kernels, &f->kernels);
    }
    if (status == MHO_OK) {
        status = make_chip(f, opt, imperfections);
    }
    size_t n_in = f->kernels.k * f->kernels.k;
    f->n_out = 2 * f->kernels.n;
    f->scratch = mho_i_alloc(ctx, (size_t)f->n_thread, sizeof *f->scratch);
    f->work = mho_i_alloc(ctx, (size_t)f->n_thread, sizeof *f->work);
    if (status == MHO_OK && (!f->scratch || !f->work)) {
        status = MHO_ERR_NOMEM;
    }
    for (int t = 0; status == MHO_OK && t < f->n_thread; t++) {
        f->scratch[t] = mho_i_chip_scratch_new(f->chip);
        f->work[t] = mho_i_alloc(ctx, (f->n_out + n_in) * MHO_I_LANES, sizeof(float));
        status = f->scratch[t] && f->work[t] ? MHO_OK : MHO_ERR_NOMEM;
    }
    if (status < 0) {
        mho_i_filter_free(f);
        return status;
    }
    calibrate(f);
    if (!(f->scale > 1e-6)) {
        mho_i_filter_free(f);
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "chip: its neuron does not rectify: z = 1 and -1 together give less than "
                          "twice z = 0");
    }
    *out = f;
    return MHO_OK;
}

void mho_i_filter_free(mho_i_filter *f) {
    if (!f) {
        return;
    }
    for (int t = 0; t < f->n_thread; t++) {
        mho_i_chip_scratch_free(f->ctx, f->scratch ? f->scratch[t] : NULL);
        mho_i_free(f->ctx, f->work ? f->work[t] : NULL);
    }
    mho_i_free(f->ctx, f->scratch);
    mho_i_free(f->ctx, f->work);
    mho_chip_free(f->chip);
    mho_i_kernels_free(f->ctx, &f->kernels);
    mho_i_free(f->ctx, f);
}

/* ---- a band of rows ---- */

mho_status mho_i_band_new(mho_ctx *ctx, size_t n_row, size_t n_col, size_t margin, size_t n,
                          mho_i_band *band) {
    size_t n_block = (n_col + MHO_I_LANES - 1) / MHO_I_LANES;
    *band = (mho_i_band){.n_row = n_row, .n_col = n_col, .margin = margin, .n_block = n_block};
    band->pitch = n_block * MHO_I_LANES + 2 * margin;
    band->luma = mho_i_alloc(ctx, (n + 2 * margin) * band->pitch, sizeof(float));
    band->dac = mho_i_alloc(ctx, (n + 2 * margin) * band->pitch, sizeof(float));
    if (!band->luma || !band->dac) {
        mho_i_band_free(ctx, band);
        return MHO_ERR_NOMEM;
    }
    return MHO_OK;
}

void mho_i_band_free(mho_ctx *ctx, mho_i_band *band) {
    mho_i_free(ctx, band->luma);
    mho_i_free(ctx, band->dac);
    band->luma = band->dac = NULL;
}

/* Row `at` of the buffers from the file; columns outside the picture repeat its outermost ones. */
static mho_status bring_row(mho_i_band *band, size_t at, const mho_chip *chip, mho_i_row_fn read,
                            void *user) {
    float *row = band->luma + at * band->pitch, *inside = row + band->margin;
    mho_status status = read(user, inside);
    if (status < 0) {
        return status;
    }
    for (size_t x = 0; x < band->margin; x++) {
        row[x] = inside[0];
    }
    for (size_t x = band->margin + band->n_col; x < band->pitch; x++) {
        row[x] = inside[band->n_col - 1];
    }
    memcpy(band->dac + at * band->pitch, row, band->pitch * sizeof *row);
    mho_i_chip_dac(chip, band->pitch, band->dac + at * band->pitch);
    return MHO_OK;
}

static void copy_rows(mho_i_band *band, size_t to, size_t from, size_t n) {
    float *both[] = {band->luma, band->dac};
    for (int j = 0; j < 2; j++) {
        memmove(both[j] + to * band->pitch, both[j] + from * band->pitch,
                n * band->pitch * sizeof(float));
    }
}

mho_status mho_i_band_next(mho_i_band *band, size_t n_most, const mho_chip *chip, mho_i_row_fn read,
                           void *user) {
    size_t m = band->margin, have = 2 * m, old = band->first + band->n;
    if (band->n == 0) { /* the first row and, above it, its copies */
        mho_status status = bring_row(band, m, chip, read, user);
        for (size_t k = 0; status == MHO_OK && k < m; k++) {
            copy_rows(band, k, m, 1);
        }
        have = m + 1;
        for (; status == MHO_OK && have < 2 * m; have++) {
            if (have - m < band->n_row) {
                status = bring_row(band, have, chip, read, user);
            } else {
                copy_rows(band, have, have - 1, 1);
            }
        }
        if (status < 0) {
            return status;
        }
    } else {
        copy_rows(band, 0, band->n, 2 * m);
    }
    band->first = old;
    band->n = band->n_row - old < n_most ? band->n_row - old : n_most;
    for (size_t k = have; k < band->n + 2 * m; k++) {
        if (old + k - m < band->n_row) {
            mho_status status = bring_row(band, k, chip, read, user);
            if (status < 0) {
                return status;
            }
        } else {
            copy_rows(band, k, k - 1, 1);
        }
    }
    return MHO_OK;
}

/* The k*k shifted runs of pixels under the kernels, for block b of buffer row y (its topmost). */
static void gather(const float *from, size_t pitch, size_t y, size_t b, size_t k, float *x) {
    for (size_t ky = 0; ky < k; ky++) {
        for (size_t kx = 0; kx < k; kx++) {
            memcpy(x + (ky * k + kx) * MHO_I_LANES, from + (y + ky) * pitch + b * MHO_I_LANES + kx,
                   MHO_I_LANES * sizeof *x);
        }
    }
}

static size_t lanes_of(const mho_i_band *band, size_t b) {
    size_t left = band->n_col - b * MHO_I_LANES;
    return left < MHO_I_LANES ? left : MHO_I_LANES;
}

MHO_MULTIARCH
static void sum_outputs(size_t n_out, size_t n, const float *a, float rest, float per_scale,
                        float *out) {
    for (size_t l = 0; l < n; l++) {
        out[l] = -rest;
    }
    for (size_t o = 0; o < n_out; o++) {
        for (size_t l = 0; l < n; l++) {
            out[l] += a[o * MHO_I_LANES + l];
        }
    }
    for (size_t l = 0; l < n; l++) {
        float e = out[l] * per_scale;
        out[l] = e < 0 ? 0 : e > 1 ? 1 : e;
    }
}

void mho_i_filter_hardware(const mho_i_filter *f, const mho_i_band *band, uint32_t first_block,
                           size_t act_step, mho_i_activity *act, float *out) {
    float rest = (float)((double)f->n_out * f->rest), per_scale = (float)(1 / f->scale);
#pragma omp parallel for schedule(dynamic, 1) num_threads(f->n_thread)
    for (size_t y = 0; y < band->n; y++) {
        int t = omp_get_thread_num();
        mho_i_view view;
        size_t row = band->first + y;
        bool wanted = act && row % act_step == 0;
        for (size_t b = 0; b < band->n_block; b++) {
            /* the margin of the buffers is that of the kernels or larger */
            size_t shift = band->margin - f->kernels.k / 2, n = lanes_of(band, b);
            gather(band->dac + shift, band->pitch, y + shift, b, f->kernels.k,
                   mho_i_chip_vectors(f->chip, f->scratch[t]));
            mho_i_chip_activate(f->chip, f->scratch[t],
                                first_block + (uint32_t)(row * band->n_block + b), true, f->work[t],
                                &view);
            sum_outputs(f->n_out, n, f->work[t], rest, per_scale,
                        out + y * band->n_col + b * MHO_I_LANES);
            if (wanted) {
                mho_i_chip_activity_add(f->chip, &view, n, &act[y]);
            }
        }
    }
}

MHO_MULTIARCH
static void rectify(size_t n, const float *z, float *e) {
    for (size_t k = 0; k < n; k++) {
        e[k] = z[k] < 0 ? -z[k] : z[k]; /* K and -K rectified, added */
    }
}

void mho_i_filter_exact(const mho_i_filter *f, const mho_i_band *band, float *out) {
    size_t n = f->kernels.n, k = f->kernels.k, shift = band->margin - k / 2;
    float per_scale = (float)(1 / fmax(1, (double)n / 2));
#pragma omp parallel for schedule(dynamic, 1) num_threads(f->n_thread)
    for (size_t y = 0; y < band->n; y++) {
        float *z = f->work[omp_get_thread_num()], *x = z + f->n_out * MHO_I_LANES;
        for (size_t b = 0; b < band->n_block; b++) {
            gather(band->luma + shift, band->pitch, y + shift, b, k, x);
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)n, MHO_I_LANES,
                        (int)(k * k), 1, f->kernels.weight, (int)(k * k), x, MHO_I_LANES, 0, z,
                        MHO_I_LANES);
            rectify(n * MHO_I_LANES, z, z);
            sum_outputs(n, lanes_of(band, b), z, 0, per_scale,
                        out + y * band->n_col + b * MHO_I_LANES);
        }
    }
}

MHO_MULTIARCH
static void sobel_row(size_t n, const float *up, const float *mid, const float *down, float *out) {
    for (size_t x = 0; x < n; x++) {
        float gx = up[x + 2] - up[x] + 2 * (mid[x + 2] - mid[x]) + down[x + 2] - down[x];
        float gy = down[x] - up[x] + 2 * (down[x + 1] - up[x + 1]) + down[x + 2] - up[x + 2];
        float e = 0.25f * sqrtf(gx * gx + gy * gy);
        out[x] = e > 1 ? 1 : e;
    }
}

void mho_i_sobel_magnitude(const mho_i_band *band, float *out) {
    for (size_t y = 0; y < band->n; y++) {
        const float *mid = band->luma + (y + band->margin) * band->pitch + band->margin - 1;
        sobel_row(band->n_col, mid - band->pitch, mid, mid + band->pitch, out + y * band->n_col);
    }
}
