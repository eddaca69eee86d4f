/* image.c - one photograph through the filter chip, band by band: read, compute, compare, write. */
#include "image_int.h"

#include <math.h>
#include <string.h>

enum { DEFAULT_BAND = 64, MAX_BAND = 4096, ACTIVE_ROWS = 256 };

typedef struct job {
    mho_ctx *ctx;
    const mho_image_opt *opt;
    mho_image_result *r;
    mho_i_picture *in;
    mho_i_png_out *out;
    mho_i_filter *filter;
    mho_i_band band;
    size_t n_band, act_step;
    float *map[3];            /* hardware, exact, plain Sobel: [n_band][n_col] */
    uint8_t *grey;            /* [n_col] */
    mho_i_activity *act, sum; /* [n_band] */
    size_t n_active;          /* pixels in sum */
    mho_i_likeness *hardware, *sobel;
    float *view_sum;
} job;

static mho_status read_row(void *user, float *luma) {
    return mho_i_picture_row(user, luma);
}

static mho_status write_row(job *j, const float *e) {
    for (size_t x = 0; x < j->r->n_col; x++) {
        float white = e[x] * (float)(1 / MHO_IMAGE_WHITE);
        j->grey[x] = (uint8_t)((white > 1 ? 1 : white) * 255 + 0.5f);
    }
    return mho_i_png_out_row(j->out, j->grey);
}

/* Results of the band in the order of its rows, whoever computed them. */
static mho_status finish_band(job *j) {
    const mho_i_band *b = &j->band;
    mho_status status = MHO_OK;
    for (size_t y = 0; status == MHO_OK && y < b->n; y++) {
        const float *e = j->map[0] + y * b->n_col;
        size_t row = b->first + y;
        if (row % j->act_step == 0) {
            j->sum.array_J += j->act[y].array_J;
            j->sum.heater_J += j->act[y].heater_J;
            j->sum.film_J += j->act[y].film_J;
            j->n_active += b->n_col;
            j->act[y] = (mho_i_activity){0};
        }
        if (j->opt->compare) {
            const float *exact = j->map[1] + y * b->n_col;
            mho_i_likeness_row(j->hardware, exact, e);
            mho_i_likeness_row(j->sobel, exact, j->map[2] + y * b->n_col);
            if (j->view_sum) {
                mho_i_views_row(&j->r->views, j->view_sum, b->n_row, b->n_col, row,
                                b->luma + (y + b->margin) * b->pitch + b->margin, exact, e);
            }
        }
        if (j->out) {
            status = write_row(j, e);
        }
    }
    return status;
}

static mho_status run_bands(job *j) {
    size_t done = 0, n_row = j->r->n_row;
    while (done < n_row) {
        mho_status status = mho_i_band_next(&j->band, j->n_band, j->filter->chip, read_row, j->in);
        if (status < 0) {
            return status;
        }
        mho_i_filter_hardware(j->filter, &j->band, 0, j->act_step, j->act, j->map[0]);
        if (j->opt->compare) {
            mho_i_filter_exact(j->filter, &j->band, j->map[1]);
            mho_i_sobel_magnitude(&j->band, j->map[2]);
        }
        status = finish_band(j);
        if (status < 0) {
            return status;
        }
        done = j->band.first + j->band.n;
        status = mho_i_progress(j->ctx, "filtering", (double)done / (double)n_row);
        if (status < 0) {
            return status;
        }
    }
    return MHO_OK;
}

static mho_status open_files(job *j, const char *path) {
    mho_image_result *r = j->r;
    mho_status status = mho_i_picture_open(j->ctx, path, &j->in);
    if (status < 0) {
        return status;
    }
    r->n_row = mho_i_picture_n_row(j->in);
    r->n_col = mho_i_picture_n_col(j->in);
    r->path = mho_i_strdup(j->ctx, path);
    r->what = mho_i_strdup(j->ctx, mho_i_picture_what(j->in));
    if (!r->path || !r->what) {
        return MHO_ERR_NOMEM;
    }
    return j->opt->out_path
               ? mho_i_png_out_open(j->ctx, j->opt->out_path, r->n_row, r->n_col, &j->out)
               : MHO_OK;
}

static mho_status make_buffers(job *j) {
    mho_ctx *ctx = j->ctx;
    mho_image_result *r = j->r;
    size_t margin = j->filter->kernels.k / 2;
    j->n_band = j->n_band < r->n_row ? j->n_band : r->n_row;
    /* the sample of rows whose currents are added up does not depend on the bands */
    j->act_step = (r->n_row + ACTIVE_ROWS - 1) / ACTIVE_ROWS;
    mho_status status =
        mho_i_band_new(ctx, r->n_row, r->n_col, margin ? margin : 1, j->n_band, &j->band);
    int n_map = j->opt->compare ? 3 : 1;
    for (int k = 0; status == MHO_OK && k < n_map; k++) {
        j->map[k] = mho_i_alloc(ctx, j->n_band * r->n_col, sizeof(float));
        status = j->map[k] ? MHO_OK : MHO_ERR_NOMEM;
    }
    j->grey = mho_i_alloc(ctx, r->n_col, 1);
    j->act = mho_i_alloc(ctx, j->n_band, sizeof *j->act);
    if (status == MHO_OK && (!j->grey || !j->act)) {
        status = MHO_ERR_NOMEM;
    }
    if (status == MHO_OK && j->opt->compare) {
        j->hardware = mho_i_likeness_new(ctx, r->n_col);
        j->sobel = mho_i_likeness_new(ctx, r->n_col);
        status = j->hardware && j->sobel ? MHO_OK : MHO_ERR_NOMEM;
    }
    if (status == MHO_OK && j->opt->compare && j->opt->keep_views) {
        status = mho_i_views_new(ctx, r->n_row, r->n_col, &r->views, &j->view_sum);
    }
    return status;
}

/* Array and amplifiers of the same front end are on for read and conversion when an ADC takes their
 * place behind them: it does not wait for a neuron to settle. */
static void add_cost(job *j) {
    mho_image_result *r = j->r;
    mho_image_cost *c = &r->cost;
    const mho_chip *chip = j->filter->chip;
    double n = (double)j->n_active, on_s = mho_i_chip_on_s(chip, chip->stage);
    double adc_on_s = r->neuron.read_s + mho_i_chip_convert_s(chip, chip->stage->shape.n_out);
    mho_i_activity mean = {j->sum.array_J / n, j->sum.heater_J / n, j->sum.film_J / n};
    mho_i_chip_cost(chip, &mean, &c->pixel);
    mho_alternative adc = mho_alternative_get(0);
    c->n_pixel = r->n_row * r->n_col;
    c->n_activation = c->n_pixel * chip->stage->shape.n_out;
    double pixels = (double)c->n_pixel, activations = (double)c->n_activation;
    c->energy_J = c->pixel.energy_J.total * pixels;
    c->time_s = c->pixel.latency_s.total * pixels;
    c->neuron_J = c->pixel.neuron_energy_J * activations;
    c->adc_name = adc.name;
    c->adc_source = adc.source;
    c->adc_activation_J = adc.energy_J;
    c->adc_activations_J = adc.energy_J * activations;
    double front = 0;
    for (size_t k = 0; k < c->pixel.energy_J.n_part; k++) {
        const mho_cost_part *p = &c->pixel.energy_J.part[k];
        if (strcmp(p->name, "input DACs") == 0) {
            front += p->value;
        } else if (strcmp(p->name, "arrays") == 0 || strcmp(p->name, "column amplifiers") == 0) {
            front += p->value * adc_on_s / on_s;
        }
    }
    c->adc_energy_J = front * pixels + c->adc_activations_J;
    c->adc_time_s = adc_on_s * pixels;
}

static mho_status run(job *j, const char *path) {
    mho_image_result *r = j->r;
    double t0 = mho_i_now_s();
    mho_status status = open_files(j, path);
    if (status == MHO_OK) {
        status = mho_i_filter_new(j->ctx, j->opt, MHO_IMP_ALL, &j->filter);
    }
    if (status == MHO_OK) {
        status = make_buffers(j);
    }
    if (status < 0) {
        return status;
    }
    const mho_i_filter *f = j->filter;
    r->kernels = mho_i_strdup(j->ctx, f->kernels.name);
    r->k = f->kernels.k;
    r->n_kernel = f->kernels.n;
    r->n_copy = f->n_copy;
    r->gain = f->gain;
    r->seed = j->opt->seed;
    r->spec = f->chip->spec;
    r->neuron = *mho_chip_neuron(f->chip);
    r->program = f->program;
    r->rest_activation = f->rest;
    r->design_s = mho_i_now_s() - t0;
    status = r->kernels ? run_bands(j) : MHO_ERR_NOMEM;
    if (status == MHO_OK && j->out) {
        mho_i_png_out *out = j->out;
        j->out = NULL;
        status = mho_i_png_out_finish(out);
    }
    if (status == MHO_OK) {
        r->compared = j->opt->compare;
        if (r->compared) {
            r->hardware = mho_i_likeness_get(j->hardware);
            r->sobel = mho_i_likeness_get(j->sobel);
        }
        add_cost(j);
        r->run_s = mho_i_now_s() - t0 - r->design_s;
    }
    return status;
}

mho_status mho_image_run(mho_ctx *ctx, const char *path, const mho_image_opt *opt,
                         mho_image_result **out) {
    *out = NULL;
    if (opt->n_band > MAX_BAND) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "bands of %zu rows: at most %d are allowed",
                          opt->n_band, MAX_BAND);
    }
    mho_image_result *r = mho_i_alloc(ctx, 1, sizeof *r);
    if (!r) {
        return MHO_ERR_NOMEM;
    }
    r->ctx = ctx;
    job j = {.ctx = ctx, .opt = opt, .r = r, .n_band = opt->n_band ? opt->n_band : DEFAULT_BAND};
    mho_status status = run(&j, path);
    mho_i_png_out_drop(j.out);
    mho_i_picture_close(j.in);
    mho_i_filter_free(j.filter);
    mho_i_band_free(ctx, &j.band);
    mho_i_likeness_free(j.hardware);
    mho_i_likeness_free(j.sobel);
    void *all[] = {j.map[0], j.map[1], j.map[2], j.grey, j.act, j.view_sum};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        mho_i_free(ctx, all[k]);
    }
    if (status < 0) {
        mho_image_result_free(r);
        return status;
    }
    *out = r;
    return MHO_OK;
}

void mho_image_result_free(mho_image_result *r) {
    if (r) {
        mho_ctx *ctx = r->ctx;
        mho_i_free(ctx, r->path);
        mho_i_free(ctx, r->what);
        mho_i_free(ctx, r->kernels);
        mho_i_free(ctx, r->views.photo);
        mho_i_free(ctx, r);
    }
}
