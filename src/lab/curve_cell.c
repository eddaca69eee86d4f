/* curve_cell.c - cells that hold a weight: pulses, programming, reading, drift, over many devices,
 * beside the formula of their source where there is one. */
#include "curve_int.h"

#include <math.h>
#include <string.h>

enum { BATCH = 4096 }; /* devices at a time: memory stays small for any number */

/* mean and standard deviation, numbers added one by one */
typedef struct moments {
    double n, mean, m2;
} moments;

static void add(moments *m, double x) {
    double d = x - m->mean;
    m->n++;
    m->mean += d / m->n;
    m->m2 += d * (x - m->mean);
}

static double sd(const moments *m) {
    return m->n > 1 ? sqrt(m->m2 / (m->n - 1)) : 0;
}

static size_t output_row(const mho_ext_model *model, const char *key) {
    size_t k = 0;
    while (k < model->n_output && strcmp(model->output[k].key, key) != 0) {
        k++;
    }
    return k;
}

/* Conductance of all devices: the output g, or I/V at a hundredth of the input's range. */
static void conductances(mho_device *dev, double *y, double *dx, double *g) {
    const mho_ext_model *model = mho_device_model(dev);
    size_t n = mho_device_count(dev), row = output_row(model, "g");
    double *v = mho_device_inputs(dev), probe = 0.01 * model->input[0].max;
    for (size_t i = 0; i < n; i++) {
        v[i] = probe;
    }
    mho_device_eval(dev, y, dx);
    for (size_t i = 0; i < n; i++) {
        g[i] = row < model->n_output ? y[row * n + i] : y[i] / probe;
        v[i] = 0;
    }
}

/* Room for a batch. */
typedef struct bench {
    mho_device *dev;
    size_t n;
    double *y, *dx, *g, *drive;
} bench;

static mho_status bench_new(const mho_i_request *r, size_t first, size_t n, bool spread, bench *b) {
    *b = (bench){.n = n};
    mho_status status = mho_device_new(r->ctx, r->card, r->seed, first, n, spread, &b->dev);
    if (status < 0) {
        return status;
    }
    size_t rows = r->model->n_output + r->model->n_state + 2;
    b->y = mho_i_alloc(r->ctx, rows * n, sizeof *b->y);
    if (!b->y) {
        mho_device_free(b->dev);
        return MHO_ERR_NOMEM;
    }
    b->dx = b->y + r->model->n_output * n;
    b->g = b->dx + r->model->n_state * n;
    b->drive = b->g + n;
    return MHO_OK;
}

static void bench_free(const mho_i_request *r, bench *b) {
    mho_i_free(r->ctx, b->y);
    mho_device_free(b->dev);
}

static mho_status drive_all(bench *b, double value,
                            mho_status (*operate)(mho_device *, const double *)) {
    for (size_t i = 0; i < b->n; i++) {
        b->drive[i] = value;
    }
    return operate(b->dev, b->drive);
}

/* ---- pulses up, then as many down ---- */

/* The optomemristor is written in the light only: carriers at 1 before every pulse. */
static mho_status light_up(bench *b) {
    const mho_ext_model *model = mho_device_model(b->dev);
    for (size_t k = 0; k < model->n_state; k++) {
        if (strcmp(model->name, "optomemristor") == 0 && strcmp(model->state[k].key, "n") == 0) {
            for (size_t j = 0; j < model->n_state; j++) {
                for (size_t i = 0; i < b->n; i++) {
                    b->dx[j * b->n + i] = j == k ? 1 : mho_device_states(b->dev)[j * b->n + i];
                }
            }
            return mho_device_set_states(b->dev, b->dx);
        }
    }
    return MHO_OK;
}

static mho_status pulse_batch(const mho_i_request *r, size_t first, size_t n, bool spread,
                              moments *m) {
    bench b;
    mho_status status = bench_new(r, first, n, spread, &b);
    if (status < 0) {
        return status;
    }
    size_t row = 0;
    for (int way = 0; way < 2; way++) {
        for (size_t k = 0; k < r->n_point && status == MHO_OK; k++) {
            if (k > 0) {
                status = light_up(&b);
                status = status == MHO_OK ? drive_all(&b, way ? -1 : 1, mho_device_pulse) : status;
            }
            conductances(b.dev, b.y, b.dx, b.g);
            for (size_t i = 0; i < n; i++) {
                add(&m[row], b.g[i]);
            }
            row++;
        }
    }
    bench_free(r, &b);
    return status;
}

/* A card without noise and spread: everything that has "sd" or "noise" in its name at 0. */
static mho_status quiet_card(const mho_i_request *r, mho_card **out) {
    mho_status status = mho_card_new(r->ctx, r->model, NULL, out);
    for (size_t k = 0; k < r->model->n_param && status == MHO_OK; k++) {
        char key[MHO_PARAM_KEY];
        mho_i_model_key(r->model, k, key);
        bool noise = (strstr(key, "sd") || strstr(key, "noise")) && !r->model->param[k].word &&
                     r->model->param[k].min <= 0;
        status = mho_card_set(r->ctx, *out, k, noise ? 0 : mho_card_values(r->card)[k], 'F', NULL);
    }
    return status;
}

static mho_status pulse_rows(const mho_i_request *r, moments *nominal, moments *many) {
    mho_card *quiet = NULL;
    mho_status status = quiet_card(r, &quiet);
    if (status == MHO_OK) {
        mho_i_request q = *r;
        q.card = quiet;
        status = pulse_batch(&q, 0, 1, false, nominal);
    }
    mho_card_free(quiet);
    for (size_t first = 0; first < r->n_device && status == MHO_OK; first += BATCH) {
        size_t n = r->n_device - first < BATCH ? r->n_device - first : BATCH;
        status = mho_i_progress(r->ctx, "pulses", (double)first / (double)r->n_device);
        status = status == MHO_OK ? pulse_batch(r, first, n, true, many) : status;
    }
    return status;
}

mho_status mho_i_curve_pulse(const mho_i_request *request, mho_curve **out) {
    static const mho_curve_col col[] = {{"pulse", "", false, false},
                                        {"nominal", "S", false, true},
                                        {"mean", "S", false, true},
                                        {"sd", "S", false, false}};
    mho_i_request r = *request;
    mho_status status =
        mho_i_request_range(&r, 0, r.n_point ? (double)(r.n_point - 1) : 200, 201, 0, 99999, "");
    r.n_point = (size_t)(r.to - r.from) + 1;
    r.n_device = r.n_device ? r.n_device : 1000;
    moments *m = status == MHO_OK ? mho_i_alloc(r.ctx, 4 * r.n_point, sizeof *m) : NULL;
    if (!m) {
        return status < 0 ? status : MHO_ERR_NOMEM;
    }
    moments *many = m + 2 * r.n_point;
    status = mho_i_curve_new(&r, "pulses up and down", col, 4, 2 * r.n_point, out);
    if (status == MHO_OK) {
        status = pulse_rows(&r, m, many);
    }
    for (size_t row = 0; row < 2 * r.n_point && status == MHO_OK; row++) {
        bool down = row >= r.n_point;
        mho_i_curve_quantity(*out, "conductance");
        if (row % r.n_point == 0) {
            mho_i_curve_trace(*out, down ? "down" : "up");
        }
        double pulse = (double)(row - (down ? 1 : 0)); /* pulse 0 of the way down is the last up */
        mho_i_curve_row(*out, (const double[]){pulse, m[row].mean, many[row].mean, sd(&many[row])});
    }
    if (status == MHO_OK) {
        double lo = m[0].mean, hi = m[r.n_point - 1].mean, back = m[2 * r.n_point - 1].mean;
        char a[40], b[40], c[40];
        mho_i_curve_note(*out, "nominal: %s to %s in %zu pulses, back to %s; mean and sd over %zu",
                         mho_quantity_format(lo, "S", 4, a, sizeof a),
                         mho_quantity_format(hi, "S", 4, b, sizeof b), r.n_point - 1,
                         mho_quantity_format(back, "S", 4, c, sizeof c), r.n_device);
    } else {
        mho_curve_free(*out);
        *out = NULL;
    }
    mho_i_free(r.ctx, m);
    return status;
}

/* ---- programming and reading ---- */

/* What a target becomes: written, and read once more with noise, at the age that the device has. */
typedef struct cell_stats {
    moments written;
    moments read; /* relative to what it conducts without noise */
    moments over; /* the same over the formula at the cell's own conductance */
} cell_stats;

/* sd of a reading over G */
static double formula_read(const mho_i_request *r, double g_S, double age_s) {
    if (strcmp(r->model->name, "pcm") == 0) {
        double x = g_S / mho_i_request_param(r, "g_max");
        double t = fmax(age_s, mho_i_request_param(r, "drift_t0"));
        double t_r = mho_i_request_param(r, "flicker_read");
        double q =
            mho_i_request_param(r, "flicker") * pow(x, -mho_i_request_param(r, "flicker_exponent"));
        return fmin(q, mho_i_request_param(r, "flicker_max")) * sqrt(log((t + t_r) / (2 * t_r)));
    }
    size_t k = mho_card_row(r->model, "read_noise");
    return k < r->model->n_param ? mho_card_values(r->card)[k] : NAN;
}

static mho_status program_batch(const mho_i_request *q, double target_S, double age_s, size_t first,
                                size_t n, cell_stats *s) {
    bench b;
    mho_status status = bench_new(q, first, n, true, &b);
    if (status < 0) {
        return status;
    }
    status = drive_all(&b, target_S, mho_device_program);
    if (status == MHO_OK) {
        conductances(b.dev, b.y, b.dx, b.g);
        for (size_t i = 0; i < n; i++) {
            add(&s->written, b.g[i]);
        }
        status = age_s > 0 ? mho_device_step(b.dev, age_s, 1e-6) : MHO_OK;
    }
    double *v = mho_device_inputs(b.dev), probe = 0.01 * q->model->input[0].max;
    for (size_t i = 0; i < n; i++) {
        v[i] = probe;
    }
    if (status == MHO_OK) {
        mho_device_eval(b.dev, b.y, b.dx);
        memcpy(b.g, b.y, n * sizeof *b.g);
        status = mho_device_read(b.dev, b.y);
    }
    for (size_t i = 0; i < n && status == MHO_OK; i++) {
        if (b.g[i] > 0) {
            double r = b.y[i] / b.g[i] - 1;
            add(&s->read, r);
            add(&s->over, r / formula_read(q, b.g[i] / probe, age_s));
        }
    }
    bench_free(q, &b);
    return status;
}

static mho_status program_many(const mho_i_request *r, double target_S, double age_s,
                               cell_stats *s) {
    mho_status status = MHO_OK;
    for (size_t first = 0; first < r->n_device && status == MHO_OK; first += BATCH) {
        size_t n = r->n_device - first < BATCH ? r->n_device - first : BATCH;
        status = program_batch(r, target_S, age_s, first, n, s);
    }
    return status;
}

/* sd of writing by the formula of the source, NaN where there is none */
static double formula_sd_S(const mho_i_request *r, double target_S) {
    if (strcmp(r->model->name, "pcm") == 0) {
        double g_max = mho_i_request_param(r, "g_max"), x = target_S / g_max;
        return g_max * fmax(mho_i_request_param(r, "program_0") +
                                x * (mho_i_request_param(r, "program_1") +
                                     x * mho_i_request_param(r, "program_2")),
                            0);
    }
    size_t k = mho_card_row(r->model, "program_error");
    if (k == r->model->n_param) {
        return NAN;
    }
    return mho_card_values(r->card)[k] *
           (mho_i_request_param(r, "g_max") - mho_i_request_param(r, "g_min"));
}

static mho_status targets(mho_i_request *r, size_t n_point) {
    r->n_device = r->n_device ? r->n_device : 10000;
    if (mho_card_row(r->model, "g_max") == r->model->n_param) {
        return mho_i_request_range(r, 1e-6, 1e-4, n_point, 0, 1, "S");
    }
    return mho_i_request_range(r, mho_i_request_param(r, "g_min"), mho_i_request_param(r, "g_max"),
                               n_point, 0, 1, "S");
}

mho_status mho_i_curve_levels(const mho_i_request *request, mho_curve **out) {
    static const mho_curve_col col[] = {{"target", "S", false, false},
                                        {"mean", "S", false, true},
                                        {"sd", "S", false, false},
                                        {"formula_sd", "S", false, false}};
    mho_i_request r = *request;
    mho_status status = targets(&r, 17);
    if (status == MHO_OK) {
        status = mho_i_curve_new(&r, "programming statistics", col, 4, r.n_point, out);
    }
    if (status < 0) {
        return status;
    }
    mho_i_curve_trace(*out, "");
    mho_i_curve_quantity(*out, "conductance reached");
    for (size_t k = 0; k < r.n_point && status == MHO_OK; k++) {
        double g = mho_i_request_at(&r, k);
        cell_stats s = {0};
        status = mho_i_progress(r.ctx, "programming", (double)k / (double)r.n_point);
        status = status == MHO_OK ? program_many(&r, g, 0, &s) : status;
        mho_i_curve_row(*out,
                        (const double[]){g, s.written.mean, sd(&s.written), formula_sd_S(&r, g)});
    }
    if (status < 0) {
        mho_curve_free(*out);
        *out = NULL;
        return status;
    }
    mho_i_curve_note(*out, "%zu devices at every target", r.n_device);
    if (mho_card_row(r.model, "levels") < r.model->n_param) {
        mho_i_curve_note(*out,
                         "a target goes to the nearest of %g levels; sd is about that level's "
                         "mean, formula_sd what write-verify is to leave",
                         mho_i_request_param(&r, "levels"));
    }
    return MHO_OK;
}

mho_status mho_i_curve_noise(const mho_i_request *request, mho_curve **out) {
    static const mho_curve_col col[] = {{"target", "S", false, false},
                                        {"noise", "", true, true},
                                        {"over_formula", "", false, false}};
    mho_i_request r = *request;
    mho_status status = targets(&r, 12);
    r.from = r.from > 0 ? r.from : r.to / 100;
    if (status == MHO_OK) {
        status = mho_i_curve_new(&r, "noise of one read over the conductance", col, 3,
                                 3 * r.n_point, out);
    }
    static const double ages[] = {0, 3600, 2592000};
    static const char *const names[] = {"fresh", "after an hour", "after 30 days"};
    size_t n_age = r.model->n_state ? 3 : 1;
    for (size_t a = 0; a < n_age && status == MHO_OK; a++) {
        mho_i_curve_trace(*out, n_age > 1 ? names[a] : "");
        for (size_t k = 0; k < r.n_point && status == MHO_OK; k++) {
            double g = mho_i_request_log_at(&r, k);
            cell_stats s = {0};
            status = program_many(&r, g, ages[a], &s);
            mho_i_curve_row(*out, (const double[]){g, sd(&s.read), sd(&s.over)});
        }
    }
    if (status < 0) {
        mho_curve_free(*out);
        *out = NULL;
        return status;
    }
    mho_i_curve_note(*out,
                     "%zu devices at every target; over_formula: noise of each cell over the "
                     "formula at its own conductance, to be 1 within %.1g",
                     r.n_device, 2 / sqrt(2 * (double)r.n_device));
    return MHO_OK;
}

mho_status mho_i_curve_drift(const mho_i_request *request, mho_curve **out) {
    enum { N_TARGET = 4 };
    static const mho_curve_col col[] = {{"time", "s", true, false},
                                        {"mean", "S", false, true},
                                        {"sd", "S", false, false},
                                        {"formula", "S", false, true}};
    static const double share[N_TARGET] = {1, 0.5, 0.2, 0.05};
    mho_i_request r = *request;
    double t0 = mho_i_request_param(&r, "drift_t0"), g_max = mho_i_request_param(&r, "g_max");
    mho_status status = mho_i_request_range(&r, t0, 1e7, 25, t0, 1e12, "s");
    r.n_device = r.n_device ? r.n_device : 2000;
    if (status == MHO_OK) {
        status = mho_i_curve_new(&r, "drift", col, 4, N_TARGET * r.n_point, out);
    }
    for (size_t j = 0; j < N_TARGET && status == MHO_OK; j++) {
        bench b;
        status = bench_new(&r, 0, r.n_device, true, &b);
        if (status < 0) {
            break;
        }
        char name[MHO_CURVE_NAME], g_text[24];
        double g = share[j] * g_max, now = 0, ln = log(share[j]);
        snprintf(name, sizeof name, "%s", mho_quantity_format(g, "S", 3, g_text, sizeof g_text));
        mho_i_curve_trace(*out, name);
        mho_i_curve_quantity(*out, "conductance");
        double mu = fmin(fmax(mho_i_request_param(&r, "drift_nu_ln") * ln +
                                  mho_i_request_param(&r, "drift_nu_0"),
                              mho_i_request_param(&r, "drift_nu_min")),
                         mho_i_request_param(&r, "drift_nu_max"));
        status = drive_all(&b, g, mho_device_program);
        for (size_t k = 0; k < r.n_point && status == MHO_OK; k++) {
            double t = mho_i_request_log_at(&r, k);
            status = mho_device_step(b.dev, fmax(t - now, 0), 1e-6);
            now = t;
            conductances(b.dev, b.y, b.dx, b.g);
            moments m = {0};
            for (size_t i = 0; i < r.n_device; i++) {
                add(&m, b.g[i]);
            }
            mho_i_curve_row(*out, (const double[]){t, m.mean, sd(&m), g * pow(t / t0, -mu)});
        }
        bench_free(&r, &b);
    }
    if (status < 0) {
        mho_curve_free(*out);
        *out = NULL;
        return status;
    }
    mho_i_curve_note(*out, "%zu devices; formula: target (t/t0)^-mu with the mean exponent mu",
                     r.n_device);
    return MHO_OK;
}
