/* instance.c - n devices of one model. */
#include "card_int.h"

#include <math.h>
#include <string.h>

static void fill(double *row, size_t n, double value) {
    for (size_t i = 0; i < n; i++) {
        row[i] = value;
    }
}

static mho_ext_batch whole(const mho_device *d) {
    return (mho_ext_batch){d->n, d->n, d->p, d->u, d->x, d->m, d->model->data};
}

static void start_inputs(mho_device *d) {
    for (size_t k = 0; k < d->model->n_input; k++) {
        fill(d->u + k * d->n, d->n, d->model->input[k].start);
    }
}

void mho_device_restart(mho_device *d) {
    const mho_ext_model *model = d->model;
    for (size_t k = 0; k < model->n_state; k++) {
        fill(d->x + k * d->n, d->n, model->state[k].start);
    }
    size_t row = 0;
    for (size_t k = 0; k < model->n_memory_row; k++) {
        for (size_t j = 0; j < model->memory[k].count; j++) {
            fill(d->m + row++ * d->n, d->n, model->memory[k].start);
        }
    }
    if (model->start) {
        mho_ext_batch b = whole(d);
        model->start(&b, d->x, d->m);
    }
    d->n_pulse = d->n_program = d->n_read = 0;
}

static bool alloc_arrays(mho_device *d) {
    const mho_ext_model *model = d->model;
    double **arrays[] = {&d->p, &d->u, &d->x, &d->m, &d->p1, &d->m1, &d->g1};
    size_t rows[] = {model->n_param, model->n_input, model->n_state, d->n_memory,
                     model->n_param, d->n_memory,    model->n_event};
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        size_t n = k < 4 ? d->n : 1;
        if (rows[k] && n > SIZE_MAX / sizeof(double) / rows[k]) {
            return false;
        }
        *arrays[k] = mho_i_alloc(d->ctx, rows[k] * n, sizeof(double));
        if (!*arrays[k]) {
            return false;
        }
    }
    return true;
}

mho_status mho_device_new(mho_ctx *ctx, const mho_card *card, uint64_t seed, size_t first, size_t n,
                          bool spread, mho_device **out) {
    *out = NULL;
    mho_status status = mho_card_check(ctx, card);
    if (status == MHO_OK && (n == 0 || n > UINT32_MAX || first > UINT32_MAX - n)) {
        status = mho_i_fail(ctx, MHO_ERR_ARG, "devices %zu to %zu + %zu: 1 to 2^32 in all", first,
                            first, n);
    }
    mho_device *d = status == MHO_OK ? mho_i_alloc(ctx, 1, sizeof *d) : NULL;
    if (!d) {
        return status < 0 ? status : MHO_ERR_NOMEM;
    }
    d->ctx = ctx;
    d->model = card->model;
    d->n = n;
    d->n_memory = mho_model_n_memory(card->model);
    d->seed = seed;
    d->first = first;
    if (!alloc_arrays(d)) {
        mho_device_free(d);
        return MHO_ERR_NOMEM;
    }
    for (size_t k = 0; k < card->model->n_param; k++) {
        fill(d->p + k * n, n, card->value[k]);
    }
    if (spread && card->model->sample) {
        mho_ext_rng rng = mho_i_model_rng(seed, first, 0, MHO_RNG_MODEL_SAMPLE);
        card->model->sample(&rng, n, n, d->p);
    }
    start_inputs(d);
    mho_device_restart(d);
    *out = d;
    return MHO_OK;
}

void mho_device_free(mho_device *d) {
    if (!d) {
        return;
    }
    double *arrays[] = {d->p, d->u, d->x, d->m, d->p1, d->m1, d->g1};
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) {
        mho_i_free(d->ctx, arrays[k]);
    }
    mho_i_free(d->ctx, d);
}

size_t mho_device_count(const mho_device *dev) {
    return dev->n;
}

const mho_ext_model *mho_device_model(const mho_device *dev) {
    return dev->model;
}

double *mho_device_params(mho_device *dev) {
    return dev->p;
}

double *mho_device_inputs(mho_device *dev) {
    return dev->u;
}

double *mho_device_memory(mho_device *dev) {
    return dev->m;
}

const double *mho_device_states(const mho_device *dev) {
    return dev->x;
}

mho_status mho_device_set_states(mho_device *dev, const double *x) {
    for (size_t k = 0; k < dev->model->n_state; k++) {
        const mho_ext_state *s = &dev->model->state[k];
        for (size_t i = 0; i < dev->n; i++) {
            double v = x[k * dev->n + i];
            if (!(v >= s->min && v <= s->max && isfinite(v))) {
                return mho_i_fail(dev->ctx, MHO_ERR_ARG,
                                  "%s of device %zu = %g %s: allowed are %g to %g", s->key, i, v,
                                  s->unit, s->min, s->max);
            }
        }
    }
    memcpy(dev->x, x, dev->model->n_state * dev->n * sizeof *x);
    return MHO_OK;
}

void mho_device_eval(mho_device *dev, double *y, double *dx) {
    const mho_ext_model *model = dev->model;
    if (dx || !model->n_state) {
        mho_ext_batch b = whole(dev);
        model->eval(&b, y, dx);
        return;
    }
    for (size_t i = 0; i < dev->n; i++) { /* models always write their rates: one by one, aside */
        double y1[MHO_EXT_MAX_OUTPUT], dx1[MHO_EXT_MAX_STATE], u[MHO_EXT_MAX_INPUT],
            x[MHO_EXT_MAX_STATE];
        for (size_t k = 0; k < model->n_input; k++) {
            u[k] = dev->u[k * dev->n + i];
        }
        for (size_t k = 0; k < model->n_state; k++) {
            x[k] = dev->x[k * dev->n + i];
        }
        mho_ext_batch b = mho_i_device_single(dev, i, u, x);
        model->eval(&b, y1, dx1);
        for (size_t k = 0; k < model->n_output; k++) {
            y[k * dev->n + i] = y1[k];
        }
    }
}

void mho_device_power(mho_device *dev, double *in_W, double *stored_J, double *out_W) {
    mho_ext_batch b = whole(dev);
    const mho_ext_model *model = dev->model;
    if (model->power) {
        model->power(&b, in_W, stored_J, out_W);
        return;
    }
    for (size_t i = 0; i < dev->n; i++) { /* all electrical power becomes heat */
        double y[MHO_EXT_MAX_OUTPUT], dx[MHO_EXT_MAX_STATE], u[MHO_EXT_MAX_INPUT],
            x[MHO_EXT_MAX_STATE];
        for (size_t k = 0; k < model->n_input; k++) {
            u[k] = dev->u[k * dev->n + i];
        }
        for (size_t k = 0; k < model->n_state; k++) {
            x[k] = dev->x[k * dev->n + i];
        }
        mho_ext_batch one = mho_i_device_single(dev, i, u, x);
        model->eval(&one, y, dx);
        in_W[i] = 0;
        for (size_t k = 0; k < model->n_port; k++) {
            in_W[i] += u[k] * y[k];
        }
        stored_J[i] = 0;
        out_W[i] = in_W[i];
    }
}

static mho_status missing(const mho_device *dev, const char *what) {
    return mho_i_fail(dev->ctx, MHO_ERR_ARG, "%s: the model %s", dev->model->name, what);
}

mho_status mho_device_pulse(mho_device *dev, const double *amount) {
    if (!dev->model->pulse) {
        return missing(dev, "knows no programming pulses");
    }
    for (size_t i = 0; i < dev->n; i++) {
        if (!(fabs(amount[i]) <= 1)) {
            return mho_i_fail(dev->ctx, MHO_ERR_ARG,
                              "pulse of device %zu = %g: allowed are -1 to 1", i, amount[i]);
        }
    }
    mho_ext_batch b = whole(dev);
    mho_ext_rng rng = mho_i_model_rng(dev->seed, dev->first, dev->n_pulse++, MHO_RNG_MODEL_PULSE);
    dev->model->pulse(&b, &rng, amount, dev->x, dev->m);
    return MHO_OK;
}

mho_status mho_device_program(mho_device *dev, const double *target_S) {
    if (!dev->model->program) {
        return missing(dev, "cannot be programmed to a conductance");
    }
    for (size_t i = 0; i < dev->n; i++) {
        if (!(target_S[i] >= 0 && isfinite(target_S[i]))) {
            return mho_i_fail(dev->ctx, MHO_ERR_ARG,
                              "target of device %zu = %g S: a finite one >= 0 is wanted", i,
                              target_S[i]);
        }
    }
    mho_ext_batch b = whole(dev);
    mho_ext_rng rng =
        mho_i_model_rng(dev->seed, dev->first, dev->n_program++, MHO_RNG_MODEL_PROGRAM);
    dev->model->program(&b, &rng, target_S, dev->x, dev->m);
    return MHO_OK;
}

mho_status mho_device_read(mho_device *dev, double *i_A) {
    if (!dev->model->read) {
        return missing(dev, "has no noise of reading");
    }
    mho_ext_batch b = whole(dev);
    mho_ext_rng rng = mho_i_model_rng(dev->seed, dev->first, dev->n_read++, MHO_RNG_MODEL_READ);
    dev->model->read(&b, &rng, i_A);
    return MHO_OK;
}
