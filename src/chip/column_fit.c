/* column_fit.c - what is set from data on a programmed chip: gain and offset of every column such
 * that its z is that of the weights, and the ranges of the ADCs. */
#include "chip_int.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

enum { N_IMAGE = 256, N_BIN = 4096 };

/* Sums over the z of one output: measured z, wanted w. */
typedef struct column_sum {
    double n, z, w, zz, zw;
} column_sum;

typedef struct calibration {
    mho_chip *chip;
    mho_i_source from;
    size_t n_image;           /* of them, from the first */
    size_t n_lane;            /* pictures in this block */
    float **weight;           /* [n_layer of the chip][n_out][n_row] that the targets stand for */
    float *want;              /* [largest n_out][n_col] */
    column_sum **column;      /* [n_stage][n_out] */
    const mho_i_stage *stage; /* whose ADC is looked at */
    double top;               /* largest z that it sees */
    double bin[N_BIN];        /* shares of top; counted once top is known */
    bool counting;
} calibration;

static void add_wanted(calibration *c, const mho_i_view *view) {
    const mho_i_layer *layer = view->layer;
    size_t n_out = layer->shape.n_out / layer->shape.n_group, o0 = view->group * n_out;
    const float *w = c->weight[layer - c->chip->layer] + o0 * layer->n_row;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)n_out, (int)view->n_col,
                (int)layer->n_row, 1, w, (int)layer->n_row, view->x, (int)view->n_col, 1,
                c->want + o0 * view->n_col, (int)view->n_col);
}

static void add_columns(calibration *c, const mho_i_view *view) {
    size_t n_out = view->stage->shape.n_out, n_col = view->n_col, lanes = c->chip->n_lane;
    for (size_t o = 0; o < n_out; o++) {
        column_sum *s = &c->column[view->stage - c->chip->stage][o];
        for (size_t k = 0; k < n_col; k++) {
            if (k % lanes < c->n_lane) {
                double z = (double)view->z[o * n_col + k], w = (double)c->want[o * n_col + k];
                s->n += 1;
                s->z += z;
                s->w += w;
                s->zz += z * z;
                s->zw += z * w;
            }
        }
    }
    memset(c->want, 0, n_out * n_col * sizeof *c->want);
}

/* Part k of what a stage has besides arrays, as designed: the gains of skip k, or the bias. */
static const float *designed(const mho_i_stage *stage, size_t k) {
    const float *now = k < stage->n_skip ? stage->skip[k].gain : stage->bias;
    return stage->design && now ? stage->design + k * stage->shape.n_out : now;
}

static void add_bias(calibration *c, const mho_i_view *view) {
    const float *bias = designed(view->stage, view->stage->n_skip);
    for (size_t k = 0; bias && k < view->stage->shape.n_out * view->n_col; k++) {
        c->want[k] += bias[k / view->n_col];
    }
}

static mho_status see_columns(void *user, const mho_i_view *view) {
    calibration *c = user;
    if (view->layer) {
        add_wanted(c, view);
    } else if (view->skip) {
        const float *gain = designed(view->stage, (size_t)(view->skip - view->stage->skip));
        for (size_t o = 0; o < view->stage->shape.n_out; o++) {
            cblas_saxpy((int)view->n_col, gain[o], view->x + o * view->x_stride, 1,
                        c->want + o * view->n_col, 1);
        }
    } else if (view->z) {
        add_bias(c, view);
        add_columns(c, view);
    }
    return MHO_OK;
}

/* What an ADC sees of z: the side that it converts. */
static double seen(const mho_i_stage *stage, double z) {
    return stage->end == MHO_I_END_SCORE ? fabs(z) : fmax(z, 0);
}

static mho_status see_range(void *user, const mho_i_view *view) {
    calibration *c = user;
    if (!view->z || view->stage != c->stage) {
        return MHO_OK;
    }
    for (size_t i = 0; i < view->stage->shape.n_out * view->n_col; i++) {
        if (i % c->chip->n_lane >= c->n_lane) {
            continue;
        }
        double z = seen(view->stage, (double)view->z[i]);
        if (c->counting) {
            size_t b = (size_t)(z / fmax(c->top, 1e-30) * N_BIN);
            c->bin[b < N_BIN ? b : N_BIN - 1]++;
        } else {
            c->top = fmax(c->top, z);
        }
    }
    return MHO_OK;
}

/* All pictures through the chip, with its noise; blocks that no evaluation has. */
static mho_status send(calibration *c, mho_i_view_fn fn) {
    mho_i_scratch *s = mho_i_chip_scratch_new(c->chip);
    mho_status status = s ? MHO_OK : MHO_ERR_NOMEM;
    size_t image[MHO_I_LANES];
    for (size_t first = 0; status == MHO_OK && first < c->n_image; first += c->chip->n_lane) {
        for (c->n_lane = 0; c->n_lane < c->chip->n_lane && first + c->n_lane < c->n_image;
             c->n_lane++) {
            image[c->n_lane] = first + c->n_lane;
        }
        uint32_t block = 0x80000000u | (uint32_t)(first / c->chip->n_lane);
        status =
            mho_i_chip_forward(c->chip, s, &c->from, image, c->n_lane, block, true, NULL, fn, c);
    }
    mho_i_chip_scratch_free(c->chip->ctx, s);
    return status;
}

static mho_status make_buffers(calibration *c) {
    mho_chip *chip = c->chip;
    mho_ctx *ctx = chip->ctx;
    size_t want = 0;
    bool ok = (c->weight = mho_i_alloc(ctx, chip->n_layer, sizeof *c->weight)) &&
              (c->column = mho_i_alloc(ctx, chip->n_stage, sizeof *c->column));
    for (size_t l = 0; ok && l < chip->n_layer; l++) {
        const mho_i_layer *layer = &chip->layer[l];
        c->weight[l] = mho_i_alloc(ctx, layer->shape.n_out * layer->n_row, sizeof(float));
        ok = c->weight[l];
        if (ok) {
            mho_i_chip_target_weights(chip, layer, c->weight[l]);
        }
    }
    for (size_t k = 0; ok && k < chip->n_stage; k++) {
        const mho_i_shape *s = &chip->stage[k].shape;
        if (chip->stage[k].op == MHO_I_COMPUTE) {
            size_t n = s->n_out * s->out_w * chip->n_lane;
            want = n > want ? n : want;
            c->column[k] = mho_i_alloc(ctx, s->n_out, sizeof **c->column);
            ok = c->column[k];
        }
    }
    ok = ok && (c->want = mho_i_alloc(ctx, want, sizeof *c->want));
    return ok ? MHO_OK : MHO_ERR_NOMEM;
}

static void free_buffers(calibration *c) {
    mho_ctx *ctx = c->chip->ctx;
    for (size_t l = 0; c->weight && l < c->chip->n_layer; l++) {
        mho_i_free(ctx, c->weight[l]);
    }
    for (size_t k = 0; c->column && k < c->chip->n_stage; k++) {
        mho_i_free(ctx, c->column[k]);
    }
    mho_i_free(ctx, c->weight);
    mho_i_free(ctx, c->column);
    mho_i_free(ctx, c->want);
}

/* Least squares w = gain z + offset; a column that hardly moves gets its offset only. */
static void fit(const column_sum *s, double *gain, double *offset) {
    double mz = s->z / s->n, mw = s->w / s->n, var = s->zz / s->n - mz * mz;
    *gain = var > 1e-8 ? (s->zw / s->n - mz * mw) / var : 1;
    *gain = fmin(fmax(*gain, 0.2), 5);
    *offset = mw - *gain * mz;
}

static void trim_stage(calibration *c, size_t k, size_t number, mho_calibration *out) {
    mho_i_stage *stage = &c->chip->stage[k];
    size_t n = stage->shape.n_out;
    double sum = 0, sum2 = 0, offset2 = 0;
    for (size_t o = 0; o < n; o++) {
        double gain, offset;
        fit(&c->column[k][o], &gain, &offset);
        mho_i_chip_trim_column(stage, o, gain, offset);
        sum += gain / (double)n;
        sum2 += gain * gain / (double)n;
        offset2 += offset * offset / (double)n;
    }
    if (number < MHO_CALIBRATION_MAX_LAYER) {
        out->layer[number].gain_mean = sum;
        out->layer[number].gain_sd = sqrt(fmax(sum2 - sum * sum, 0));
        out->layer[number].offset_sd = sqrt(offset2);
    }
}

static mho_status calibrate_columns(calibration *c, mho_calibration *out) {
    mho_status status = make_buffers(c);
    if (status == MHO_OK) {
        status = send(c, see_columns);
    }
    for (size_t k = 0; status == MHO_OK && k < c->chip->n_stage; k++) {
        if (c->column[k] && c->column[k][0].n > 0) {
            trim_stage(c, k, c->chip->stage[k].number, out);
        }
    }
    return status;
}

static void set_range(calibration *c, mho_i_stage *stage, mho_calibration *out) {
    double all = 0, above = 0, wanted = c->chip->spec.adc_clip_frac;
    for (size_t b = 0; b < N_BIN; b++) {
        all += c->bin[b];
    }
    size_t b = N_BIN;
    if (wanted > 0) {
        for (; b > 1 && above + c->bin[b - 1] <= wanted * all; b--) {
            above += c->bin[b - 1];
        }
        stage->adc_range = fmax(c->top, 1e-9) * (double)b / N_BIN;
    } else {
        for (; b > 0 && c->top * (double)(b - 1) / N_BIN >= stage->adc_range; b--) {
            above += c->bin[b - 1];
        }
    }
    if (stage->number < MHO_CALIBRATION_MAX_LAYER) {
        out->layer[stage->number].adc_range = stage->adc_range;
        out->layer[stage->number].clipped_rel = above / fmax(all, 1);
    }
}

/* One ADC after the other: what the first clips, the next ones do not see. */
static mho_status calibrate_ranges(calibration *c, mho_calibration *out) {
    mho_chip *chip = c->chip;
    mho_status status = MHO_OK;
    for (size_t k = 0; status == MHO_OK && k < chip->n_stage; k++) {
        c->stage = &chip->stage[k];
        if (c->stage->op != MHO_I_COMPUTE || !mho_i_chip_has_adc(chip, c->stage)) {
            continue;
        }
        c->top = 0;
        memset(c->bin, 0, sizeof c->bin);
        for (int pass = 0; status == MHO_OK && pass < 2; pass++) {
            c->counting = pass == 1;
            status = send(c, see_range);
        }
        if (status == MHO_OK) {
            set_range(c, &chip->stage[k], out);
        }
    }
    return status;
}

static mho_status calibrate(mho_chip *chip, const mho_i_source *from, size_t n_image,
                            mho_calibration *out) {
    if (!chip->programmed) {
        return mho_i_fail(chip->ctx, MHO_ERR_ARG,
                          "the chip is not programmed: mho_chip_program comes first");
    }
    mho_status status = mho_i_source_check(chip, from);
    if (status < 0) {
        return status;
    }
    size_t n = mho_i_source_n(from);
    n_image = n_image ? n_image : N_IMAGE;
    mho_calibration own = {.n_layer = chip->n_compute};
    calibration c = {.chip = chip, .from = *from, .n_image = n_image < n ? n_image : n};
    if (chip->spec.column_calibration) {
        status = calibrate_columns(&c, &own);
    }
    if (status == MHO_OK && (chip->imperfections & MHO_IMP_ADC) && chip->spec.adc_bits > 0) {
        status = calibrate_ranges(&c, &own);
    }
    free_buffers(&c);
    chip->calibrated = status == MHO_OK;
    if (status == MHO_OK && out) {
        *out = own;
    }
    return status;
}

mho_status mho_chip_calibrate(mho_chip *chip, const mho_dataset *set, size_t n_image,
                              mho_calibration *out) {
    return calibrate(chip, &(mho_i_source){.set = set}, n_image, out);
}

mho_status mho_chip_calibrate_samples(mho_chip *chip, const mho_samples *s, size_t n,
                                      mho_calibration *out) {
    return calibrate(chip, &(mho_i_source){.samples = s}, n, out);
}
