/* fit_pcm.c - programming statistics of phase-change cells: noise of programming and drift.
 *
 *     measured at the first time = target + g_max (program_0 + program_1 g + program_2 g^2) N
 *     G(t) = G(t0) (t/t0)^-nu,   nu = drift_nu_0 + drift_nu_ln ln g + (drift_sd_0 + drift_sd_ln ln
 * g) N
 *
 * g = target/g_max (Joshi et al., Nat. Commun. 11, 2473 (2020)). A straight line of bias is taken
 * out of the programming noise and reported, for the model has none. The drift exponent of a device
 * is the slope of ln G over ln t; the error of the slope, known from the scatter around the lines,
 * is taken out of the spread. */
#include "fit_int.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TARGET, MEASURED, TIME, DEVICE, N_COL };
static const char *const target_names[] = {"target", "gtarget", "targetconductance", "wanted",
                                           NULL};
static const char *const measured_names[] = {"measured",  "conductance", "g",
                                             "gmeasured", "programmed",  NULL};
static const char *const time_names[] = {"time", "t", NULL};
static const char *const device_names[] = {"device", "cell", "id", "devicenumber", NULL};
static const char *const *const names[] = {target_names, measured_names, time_names, device_names};
enum { D = MHO_I_SPREAD_MAX };

typedef struct reading {
    double target, measured, time_s;
    double device;
} reading;

typedef struct pcm {
    mho_ctx *ctx;
    mho_i_csv *csv;
    mho_fit *fit;
    reading *row; /* [n], by device, then time */
    size_t n;
    bool timed, devices;
    double g_max_S, t0_s;
    double *work; /* [n][2 D + 2] */
} pcm;

/* ---- rows ---- */

static int by_device_and_time(const void *a, const void *b) {
    const reading *x = a, *y = b;
    int d = (x->device > y->device) - (x->device < y->device);
    return d ? d : (x->time_s > y->time_s) - (x->time_s < y->time_s);
}

static mho_status read_rows(pcm *p, const char *columns) {
    size_t col[N_COL];
    mho_i_csv *c = p->csv;
    mho_status status = mho_i_fit_columns(c, columns, N_COL, 2, names, col);
    for (int k = TARGET; k <= MEASURED && status == MHO_OK; k++) {
        status = mho_i_fit_siemens(c, col[k]);
    }
    p->timed = status == MHO_OK && col[TIME] < c->n_col;
    p->devices = status == MHO_OK && col[DEVICE] < c->n_col;
    if (p->timed) {
        status = mho_i_csv_to_si(c, col[TIME], "s");
    }
    if (p->devices && !c->column[col[DEVICE]].value) {
        status = mho_i_csv_fail(c, 0, "device \"%.20s\": numbers are wanted",
                                c->column[col[DEVICE]].text[0]);
    }
    for (size_t k = 0; k < c->n_row && status == MHO_OK; k++) {
        reading r = {c->column[col[TARGET]].value[k], c->column[col[MEASURED]].value[k],
                     p->timed ? c->column[col[TIME]].value[k] : 0,
                     p->devices ? c->column[col[DEVICE]].value[k] : (double)k};
        if (isnan(r.target + r.measured + r.time_s + r.device)) {
            continue;
        }
        if (p->timed && !(r.time_s > 0)) {
            status = mho_i_csv_fail(c, k, "time %g s: above 0 is wanted", r.time_s);
        }
        p->row[p->n++] = r;
    }
    if (status == MHO_OK && p->n < c->n_row) {
        status = mho_i_fit_note(p->ctx, p->fit, "rows with a gap: %zu of %zu; they were left out",
                                c->n_row - p->n, c->n_row);
    }
    if (status == MHO_OK && p->n < 12) {
        status = mho_i_fail(p->ctx, MHO_ERR_ARG, "%s: %zu readings: at least twelve are wanted",
                            c->path, p->n);
    }
    qsort(p->row, p->n, sizeof *p->row, by_device_and_time);
    return status;
}

static mho_status find_scale(pcm *p, const mho_fit_pcm_opt *opt) {
    double top = 0, first = INFINITY;
    for (size_t k = 0; k < p->n; k++) {
        top = fmax(top, p->row[k].target);
        first = p->timed ? fmin(first, p->row[k].time_s) : 20;
    }
    p->g_max_S = opt->g_max_S > 0 ? opt->g_max_S : top;
    p->t0_s = opt->t0_s > 0 ? opt->t0_s : p->timed ? first : 20;
    return p->g_max_S > 0 ? MHO_OK
                          : mho_i_fail(p->ctx, MHO_ERR_ARG, "%s: all targets are 0", p->csv->path);
}

/* ---- programming noise ---- */

/* Rows that count: the first of every device, or all where there is no time; without devices, those
 * at the first time. Returns how many; fit->point gets them. */
static size_t programmed(pcm *p) {
    size_t n = 0;
    for (size_t k = 0; k < p->n; k++) {
        const reading *r = &p->row[k];
        bool first = !p->timed || (p->devices ? k == 0 || r->device != r[-1].device
                                              : r->time_s <= 1.01 * p->t0_s);
        if (first) {
            p->fit->point[n++] = (mho_fit_point){.x = r->target, .y = r->measured};
        }
    }
    return n;
}

static void add_param(mho_fit *fit, const char *key, const char *unit, const char *help,
                      double value, double variance) {
    mho_param_info info = {"", unit, -INFINITY, INFINITY, 'C', NULL, help};
    snprintf(info.key, sizeof info.key, "%s", key);
    mho_fit_param *q = mho_i_fit_add(fit, &info, value, variance >= 0);
    q->in_card = true;
    if (variance >= 0) {
        q->low = value - 1.959963984540054 * sqrt(variance);
        q->high = value + 1.959963984540054 * sqrt(variance);
    }
}

static void add_spread(mho_fit *fit, size_t n, const double *c, double cov[D][D],
                       const char *const *key, const char *const *help) {
    size_t first = fit->n_param;
    for (size_t j = 0; j < n; j++) {
        add_param(fit, key[j], "", help[j], c[j], cov[j][j]);
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            fit->correlation[first + i][first + j] = cov[i][j] / sqrt(cov[i][i] * cov[j][j]);
        }
    }
}

static mho_status say_programming(pcm *p, const mho_i_spread *q) {
    double bias = q->b[0] + q->b[1] / 2, kurtosis = 0;
    double se = sqrt(q->cov_b[0][0] + q->cov_b[1][1] / 4 + q->cov_b[0][1]);
    mho_status status = MHO_OK;
    if (fabs(bias) > 3 * se) {
        status =
            mho_i_fit_note(p->ctx, p->fit,
                           "at half scale cells come out %+.2f %% of g_max off their target on "
                           "average; the model has no such bias, it was taken out of the noise",
                           100 * bias);
    }
    for (size_t k = 0; k < q->n; k++) {
        double s = 0;
        for (size_t j = 0; j < 3; j++) {
            s += q->z[k * D + j] * q->c[j];
        }
        double r = (q->y[k] - q->b[0] - q->b[1] * q->x[k * D + 1]) / s;
        kurtosis += r * r * r * r / (double)q->n;
    }
    if (status == MHO_OK && kurtosis - 3 > 3 * sqrt(24 / (double)q->n)) {
        status =
            mho_i_fit_note(p->ctx, p->fit,
                           "the tails are heavier than a normal law's (kurtosis %.1f, normal 3): "
                           "outliers widen the noise",
                           kurtosis);
    }
    return status;
}

static mho_status fit_programming(pcm *p) {
    static const char *const key[] = {"program_0", "program_1", "program_2"};
    static const char *const help[] = {"write error over g_max, constant part",
                                       "write error over g_max, part in g",
                                       "write error over g_max, part in g^2"};
    size_t n = programmed(p);
    mho_fit *fit = p->fit;
    double *y = p->work, *x = y + n;
    for (size_t k = 0; k < n; k++) {
        double g = fit->point[k].x / p->g_max_S;
        y[k] = fit->point[k].y / p->g_max_S - g;
        x[k * D] = 1;
        x[k * D + 1] = g;
        x[k * D + 2] = g * g;
    }
    mho_i_spread q = {.n = n, .n_b = 2, .n_c = 3, .y = y, .x = x, .z = x};
    if (n < 12 || !mho_i_spread_fit(&q)) {
        return mho_i_fail(p->ctx, MHO_ERR_ARG,
                          "%s: %zu programmed values do not determine the noise: at least three "
                          "different targets and scatter are wanted",
                          p->csv->path, n);
    }
    fit->converged = q.converged;
    add_param(fit, "g_max", "S", "scale of the law", p->g_max_S, -1);
    add_spread(fit, 3, q.c, q.cov_c, key, help);
    fit->n_point = n;
    double sum = 0;
    for (size_t k = 0; k < n; k++) {
        mho_fit_point *pt = &fit->point[k];
        pt->model = pt->x + p->g_max_S * (q.b[0] + q.b[1] * x[k * D + 1]);
        pt->residual = pt->y - pt->model;
        pt->sd = p->g_max_S * (q.c[0] + x[k * D + 1] * (q.c[1] + x[k * D + 1] * q.c[2]));
        sum += pt->residual * pt->residual;
        fit->max_abs = fmax(fit->max_abs, fabs(pt->residual));
    }
    fit->rms = sqrt(sum / (double)n);
    fit->n_group = 1;
    fit->group[0] = (mho_fit_group){"programmed", n, fit->rms, fit->max_abs};
    return say_programming(p, &q);
}

/* ---- drift ---- */

/* Slope of ln G over ln t of rows a..b-1. false: fewer than two times or G not above 0. */
static bool slope(const pcm *p, size_t a, size_t b, double *nu, double *sxx_out, double *sse) {
    double n = (double)(b - a), sx = 0, sy = 0, sxx = 0, sxy = 0, syy = 0;
    for (size_t k = a; k < b; k++) {
        double x = log(p->row[k].time_s / p->t0_s), g = p->row[k].measured;
        if (!(g > 0)) {
            return false;
        }
        double y = log(g);
        sx += x;
        sy += y;
        sxx += x * x;
        sxy += x * y;
        syy += y * y;
    }
    double d = sxx - sx * sx / n, c = sxy - sx * sy / n;
    if (b - a < 2 || !(d > 1e-9)) {
        return false;
    }
    *nu = -c / d;
    *sxx_out = d;
    *sse = fmax(syy - sy * sy / n - c * c / d, 0);
    return true;
}

/* Exponents of all devices: y nu, x [n][D] (1, ln g), v variance of the slope. */
static size_t exponents(const pcm *p, double *y, double *x, double *v) {
    size_t n = 0;
    double sse_all = 0, dof = 0;
    for (size_t a = 0, b; a < p->n; a = b) {
        for (b = a + 1; b < p->n && p->row[b].device == p->row[a].device; b++) {
        }
        double nu, sxx, sse, g = p->row[a].target / p->g_max_S;
        if (g > 1e-6 && slope(p, a, b, &nu, &sxx, &sse)) {
            y[n] = nu;
            x[n * D] = 1;
            x[n * D + 1] = log(g);
            v[n++] = 1 / sxx;
            sse_all += sse;
            dof += (double)(b - a) - 2;
        }
    }
    for (size_t k = 0; k < n; k++) {
        v[k] *= dof > 0 ? sse_all / dof : 0;
    }
    return n;
}

/* The laws of the card are cut at a smallest and a largest value: those over the range of the
 * data, so that nothing is cut inside it and nothing is extrapolated outside. */
static void add_limits(mho_fit *fit, const double *x, size_t n, const double *c, const char *lo_key,
                       const char *hi_key, const char *what) {
    double lo = INFINITY, hi = 0;
    for (size_t k = 0; k < n; k++) {
        double s = c[0] + c[1] * x[k * D + 1];
        lo = fmin(lo, s);
        hi = fmax(hi, s);
    }
    add_param(fit, lo_key, "", what, fmin(fmax(lo, 0), 1), -1);
    add_param(fit, hi_key, "", what, fmin(fmax(hi, 0), 1), -1);
}

static mho_status fit_drift(pcm *p) {
    static const char *const nu_key[] = {"drift_nu_0", "drift_nu_ln"};
    static const char *const sd_key[] = {"drift_sd_0", "drift_sd_ln"};
    static const char *const nu_help[] = {"drift exponent at g = 1, mean over cells",
                                          "change of the drift exponent with ln g"};
    static const char *const sd_help[] = {"spread of the drift exponent at g = 1",
                                          "change of that spread with ln g"};
    if (!p->timed) {
        return mho_i_fit_note(p->ctx, p->fit,
                              "no column of time: drift is that of the built-in card");
    }
    if (!p->devices) {
        return mho_i_fit_note(
            p->ctx, p->fit,
            "no column of devices: drift, which is different in every one, is that "
            "of the built-in card");
    }
    double *y = p->work, *v = y + p->n, *x = v + p->n;
    size_t n = exponents(p, y, x, v);
    mho_i_spread q = {.n = n, .n_b = 2, .n_c = 2, .y = y, .x = x, .z = x, .v = v};
    if (n < 12 || !mho_i_spread_fit(&q)) {
        return mho_i_fit_note(p->ctx, p->fit,
                              "%zu devices with two or more times do not determine drift and its "
                              "spread: that of the built-in card stays",
                              n);
    }
    p->fit->converged = p->fit->converged && q.converged;
    add_param(p->fit, "drift_t0", "s", "first read after programming", p->t0_s, -1);
    add_spread(p->fit, 2, q.b, q.cov_b, nu_key, nu_help);
    add_spread(p->fit, 2, q.c, q.cov_c, sd_key, sd_help);
    add_limits(p->fit, x, n, q.b, "drift_nu_min", "drift_nu_max", "end of the range in the data");
    add_limits(p->fit, x, n, q.c, "drift_sd_min", "drift_sd_max", "end of the range in the data");
    return mho_i_fit_note(p->ctx, p->fit, "drift exponents of %zu devices", n);
}

/* ---- all ---- */

static void describe(mho_fit *fit, const char *path) {
    const char *base = strrchr(path, '/');
    snprintf(fit->model, sizeof fit->model, "pcm");
    snprintf(fit->law, sizeof fit->law, "normal");
    snprintf(fit->data, sizeof fit->data, "%s", base ? base + 1 : path);
    fit->x_label = "target";
    fit->y_label = "measured";
    fit->x_unit = fit->y_unit = fit->residual_unit = "S";
    fit->interval_by = "likelihood";
    fit->widen = 1;
    fit->n_start = 1;
    fit->converged = true;
}

mho_status mho_fit_pcm(mho_ctx *ctx, const char *path, const mho_fit_pcm_opt *opt, mho_fit **out) {
    pcm p = {.ctx = ctx};
    *out = NULL;
    mho_status status = mho_i_csv_read(ctx, path, &p.csv);
    if (status == MHO_OK) {
        status = mho_i_fit_new(ctx, p.csv->n_row, &p.fit);
    }
    if (status == MHO_OK) {
        describe(p.fit, path);
        p.row = mho_i_alloc(ctx, p.csv->n_row, sizeof *p.row);
        p.work = mho_i_alloc(ctx, p.csv->n_row * (D + 2), sizeof *p.work);
        status = p.row && p.work ? read_rows(&p, opt->columns) : MHO_ERR_NOMEM;
    }
    if (status == MHO_OK) {
        status = find_scale(&p, opt);
    }
    if (status == MHO_OK) {
        status = fit_programming(&p);
    }
    if (status == MHO_OK) {
        status = fit_drift(&p);
    }
    mho_i_free(ctx, p.row);
    mho_i_free(ctx, p.work);
    mho_i_csv_free(p.csv);
    if (status < 0) {
        mho_fit_free(ctx, p.fit);
        return status;
    }
    *out = p.fit;
    return mho_i_fit_judge(ctx, p.fit);
}
