/* conform_many.c - many devices against each alone, and continuity along lines. */
#include "conform_int.h"

#include <math.h>
#include <string.h>

enum {
    MAX_U = MHO_EXT_MAX_INPUT,
    MAX_X = MHO_EXT_MAX_STATE,
    MAX_Y = MHO_EXT_MAX_OUTPUT,
    N = 5, /* devices, as in conform.c */
    N_LINE = 12,
    N_CUT = 64
};

/* Column i of rows [n_row][N] against a device alone. */
static bool same(size_t n_row, const double *all, size_t i, const double *alone) {
    for (size_t k = 0; k < n_row; k++) {
        /* NOLINTNEXTLINE(bugprone-*,cert-exp42-c,cert-flp37-c): the same bits are wanted */
        if (memcmp(&all[k * N + i], &alone[k], sizeof *all) != 0) {
            return false;
        }
    }
    return true;
}

void mho_i_check_together(check_run *c) {
    const mho_ext_model *model = c->model;
    mho_device *d = c->dev;
    double y[MAX_Y * N], dx[MAX_X * N], again[MAX_Y * N], di_du[MAX_U * MAX_U * N],
        di_dx[MAX_U * MAX_X * N], df_du[MAX_X * MAX_U * N], df_dx[MAX_X * MAX_X * N],
        read[MAX_U * N];
    mho_ext_batch all = {N, N, d->p, d->u, d->x, d->m, model->data};
    mho_ext_rng rng = mho_i_model_rng(d->seed, d->first, 3, MHO_RNG_MODEL_READ);
    model->eval(&all, y, dx);
    model->eval(&all, again, dx);
    if (memcmp(y, again, model->n_output * N * sizeof *y) != 0) {
        mho_i_check_fault(c, S_SAME, "two evaluations differ: something is kept between them");
    }
    model->jacobian(&all, di_du, di_dx, df_du, df_dx);
    if (model->read) {
        model->read(&all, &rng, read);
    }
    for (size_t i = 0; i < N; i++) {
        double u[MAX_U], x[MAX_X], y1[MAX_Y], dx1[MAX_X], a[MAX_U * MAX_U], b[MAX_U * MAX_X],
            e[MAX_X * MAX_U], f[MAX_X * MAX_X], r1[MAX_U];
        for (size_t k = 0; k < model->n_input; k++) {
            u[k] = d->u[k * N + i];
        }
        for (size_t k = 0; k < model->n_state; k++) {
            x[k] = d->x[k * N + i];
        }
        mho_ext_batch one = mho_i_device_single(d, i, u, x);
        model->eval(&one, y1, dx1);
        model->jacobian(&one, a, b, e, f);
        bool ok = same(model->n_output, y, i, y1) && same(model->n_state, dx, i, dx1) &&
                  same(model->n_port * model->n_input, di_du, i, a) &&
                  same(model->n_port * model->n_state, di_dx, i, b) &&
                  same(model->n_state * model->n_input, df_du, i, e) &&
                  same(model->n_state * model->n_state, df_dx, i, f);
        mho_ext_rng mine = rng;
        mine.first += (uint32_t)i;
        if (model->read) {
            model->read(&one, &mine, r1);
            ok = ok && same(model->n_port, read, i, r1);
        }
        if (!ok) {
            mho_i_check_fault(c, S_SAME, "device %zu of %d differs from the same device alone", i,
                              N);
        }
    }
}

/* ---- continuity: the largest jump along a line, halved until it vanishes or stays ---- */

typedef struct line {
    const check_run *c;
    mho_ext_batch b;
    double u0[MAX_U], u1[MAX_U], x0[MAX_X], x1[MAX_X];
} line;

static void values_at(const line *l, double t, double *f) {
    const mho_ext_model *model = l->c->model;
    double u[MAX_U], x[MAX_X], y[MAX_Y], dx[MAX_X];
    for (size_t k = 0; k < model->n_input; k++) {
        u[k] = l->u0[k] + t * (l->u1[k] - l->u0[k]);
    }
    for (size_t k = 0; k < model->n_state; k++) {
        x[k] = l->x0[k] + t * (l->x1[k] - l->x0[k]);
    }
    mho_ext_batch b = l->b;
    b.u = u;
    b.x = x;
    model->eval(&b, y, dx);
    memcpy(f, y, model->n_port * sizeof *f);
    memcpy(f + model->n_port, dx, model->n_state * sizeof *f);
}

static void walk(check_run *c, const line *l) {
    const mho_ext_model *model = c->model;
    size_t n = model->n_port + model->n_state;
    double f[N_CUT + 1][MAX_U + MAX_X];
    for (int k = 0; k <= N_CUT; k++) {
        values_at(l, (double)k / N_CUT, f[k]);
    }
    for (size_t r = 0; r < n; r++) {
        int at = 0;
        double span = fabs(f[N_CUT][r]), worst = -1;
        for (int k = 0; k < N_CUT; k++) {
            double step = fabs(f[k + 1][r] - f[k][r]);
            span = fmax(span, fabs(f[k][r]));
            if (step > worst) {
                worst = step;
                at = k;
            }
        }
        double lo = (double)at / N_CUT, hi = (double)(at + 1) / N_CUT;
        double f_lo = f[at][r], f_hi = f[at + 1][r];
        for (int k = 0; k < 40; k++) {
            double mid = 0.5 * (lo + hi), v[MAX_U + MAX_X];
            values_at(l, mid, v);
            if (fabs(v[r] - f_lo) > fabs(f_hi - v[r])) {
                hi = mid;
                f_hi = v[r];
            } else {
                lo = mid;
                f_lo = v[r];
            }
        }
        if (fabs(f_hi - f_lo) > 1e-6 * span) {
            mho_i_check_fault(c, S_CONTINUOUS, "%s jumps from %g to %g",
                              r < model->n_port ? model->output[r].key
                                                : model->state[r - model->n_port].key,
                              f_lo, f_hi);
        }
    }
}

void mho_i_check_continuity(check_run *c) {
    const mho_ext_model *model = c->model;
    for (int j = 0; j < N_LINE; j++) {
        line l = {.c = c};
        for (size_t k = 0; k < model->n_input; k++) {
            l.u0[k] = mho_i_check_uniform(c, model->input[k].min, model->input[k].max);
            l.u1[k] = mho_i_check_uniform(c, model->input[k].min, model->input[k].max);
        }
        for (size_t k = 0; k < model->n_state; k++) {
            const mho_ext_state *s = &model->state[k];
            double x = c->dev->x[k * N + (size_t)j % N], scale = 10 * mho_i_state_scale(s, x);
            l.x0[k] = fmin(fmax(x - scale, s->min), s->max);
            l.x1[k] = fmin(fmax(x + scale, s->min), s->max);
        }
        l.b = mho_i_device_single(c->dev, (size_t)j % N, l.u0, l.x0);
        walk(c, &l);
    }
}
