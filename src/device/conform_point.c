/* conform_point.c - one device at one point: derivatives against differences, passivity, energy. */
#include "conform_int.h"

#include <math.h>
#include <string.h>

enum { MAX_U = MHO_EXT_MAX_INPUT, MAX_X = MHO_EXT_MAX_STATE, MAX_Y = MHO_EXT_MAX_OUTPUT };
#define DERIVATIVE_TOL 1e-5
#define ENERGY_TOL     1e-6

typedef struct spot {
    check_run *c;
    mho_ext_batch b;
    double u[MAX_U], x[MAX_X];
    double y[MAX_Y], dx[MAX_X];
} spot;

static void derive_port(double *u, double *x, double *y, double *dx, const spot *s, int which,
                        size_t k, double h) {
    memcpy(u, s->u, sizeof s->u);
    memcpy(x, s->x, sizeof s->x);
    (which ? x : u)[k] += h;
    mho_ext_batch b = s->b;
    b.u = u;
    b.x = x;
    s->c->model->eval(&b, y, dx);
}

/* Values at -h, -h/2, h/2, h beside the point: [4][currents then rates]. */
typedef struct stencil {
    double f[4][MAX_U + MAX_X];
} stencil;

static void fill_stencil(const spot *s, int which, size_t k, double h, stencil *st) {
    static const double at[] = {-1, -0.5, 0.5, 1};
    const mho_ext_model *model = s->c->model;
    for (int j = 0; j < 4; j++) {
        double u[MAX_U], x[MAX_X], y[MAX_Y], dx[MAX_X];
        derive_port(u, x, y, dx, s, which, k, at[j] * h);
        memcpy(st->f[j], y, model->n_port * sizeof *y);
        memcpy(st->f[j] + model->n_port, dx, model->n_state * sizeof *dx);
    }
}

/* Relative difference of the analytic derivative, 0 where a kink lies within the stencil. */
static double derivative_gap(const stencil *st, size_t row, double centre, double h, double given) {
    double wide = (st->f[3][row] - st->f[0][row]) / (2 * h);
    double narrow = (st->f[2][row] - st->f[1][row]) / h;
    double left = (centre - st->f[1][row]) / (h / 2), right = (st->f[2][row] - centre) / (h / 2);
    double best = (4 * narrow - wide) / 3; /* error of order h^4 */
    double size = fmax(fmax(fabs(given), fabs(best)), 1e-300);
    /* round-off of terms that cancel shows in the fourth difference */
    double rough =
        st->f[0][row] - 4 * st->f[1][row] + 6 * centre - 4 * st->f[2][row] + st->f[3][row];
    double noise = (8 * 2.2e-16 * (fabs(st->f[3][row]) + fabs(centre)) + fabs(rough)) / h;
    double doubt = 4 * fabs(wide - narrow) + noise;
    if (fabs(left - right) > 1e-2 * size + 4 * noise && doubt > 1e-4 * size) {
        return 0; /* a kink, or too curved to say */
    }
    double gap = fabs(given - best) - doubt;
    return gap > 0 ? gap / size : 0;
}

/* Where and how far to go along input or state k. */
typedef struct way {
    const char *key;
    int which; /* 0 input, 1 state */
    size_t k;
    double at, h, lo, hi;
} way;

static way way_of(const spot *s, int which, size_t k) {
    const mho_ext_model *model = s->c->model;
    if (which) {
        const mho_ext_state *row = &model->state[k];
        return (way){row->key, 1,       k, s->x[k], 1e-4 * mho_i_state_scale(row, s->x[k]),
                     row->min, row->max};
    }
    const mho_ext_input *row = &model->input[k];
    return (way){row->key, 0, k, s->u[k], 1e-5 * (row->max - row->min), row->min, row->max};
}

static void one_direction(spot *s, const way *w, const double *di, const double *df) {
    /* small steps see round-off, large ones kinks: a wrong derivative is wrong with all of them */
    static const double size[] = {1, 0.1, 20};
    const mho_ext_model *model = s->c->model;
    size_t n_col = w->which ? model->n_state : model->n_input, n = model->n_port + model->n_state;
    double gap[MAX_U + MAX_X];
    bool room = false;
    for (size_t r = 0; r < n; r++) {
        gap[r] = HUGE_VAL;
    }
    for (int j = 0; j < 3; j++) {
        double h = size[j] * w->h;
        if (w->at - h < w->lo || w->at + h > w->hi) {
            continue; /* no room for a central difference */
        }
        room = true;
        stencil st;
        fill_stencil(s, w->which, w->k, h, &st);
        for (size_t r = 0; r < n; r++) {
            bool port = r < model->n_port;
            double centre = port ? s->y[r] : s->dx[r - model->n_port];
            double given = port ? di[r * n_col + w->k] : df[(r - model->n_port) * n_col + w->k];
            gap[r] = fmin(gap[r], derivative_gap(&st, r, centre, h, given));
        }
    }
    for (size_t r = 0; r < n && room; r++) {
        s->c->worst_derivative = fmax(s->c->worst_derivative, gap[r]);
        if (!(gap[r] <= DERIVATIVE_TOL)) {
            bool port = r < model->n_port;
            mho_i_check_fault(s->c, S_DERIVATIVE, "d %s/d %s is off by %.2g of it",
                              port ? model->output[r].key : model->state[r - model->n_port].key,
                              w->key, gap[r]);
        }
    }
}

static void check_derivatives(spot *s) {
    const mho_ext_model *model = s->c->model;
    double di_du[MAX_U * MAX_U], di_dx[MAX_U * MAX_X], df_du[MAX_X * MAX_U], df_dx[MAX_X * MAX_X];
    model->jacobian(&s->b, di_du, model->n_state ? di_dx : NULL, model->n_state ? df_du : NULL,
                    model->n_state ? df_dx : NULL);
    for (size_t k = 0; k < model->n_input; k++) {
        way w = way_of(s, 0, k);
        one_direction(s, &w, di_du, df_du);
    }
    for (size_t k = 0; k < model->n_state; k++) {
        way w = way_of(s, 1, k);
        one_direction(s, &w, di_dx, df_dx);
    }
}

/* d(stored)/dt along the rates over +-t, less the doubt about it; *rate gets it */
static double energy_gap(const spot *s, double t, double in, double out, double *rate) {
    static const double at[] = {-1, -0.5, 0.5, 1};
    const mho_ext_model *model = s->c->model;
    double stored[4];
    for (int j = 0; j < 4; j++) {
        double x[MAX_X], a, b;
        for (size_t k = 0; k < model->n_state; k++) {
            x[k] = s->x[k] + at[j] * t * s->dx[k];
        }
        mho_ext_batch moved = s->b;
        moved.x = x;
        model->power(&moved, &a, &stored[j], &b);
    }
    double wide = (stored[3] - stored[0]) / (2 * t), narrow = (stored[2] - stored[1]) / t;
    *rate = (4 * narrow - wide) / 3;
    double doubt = 8 * 2.2e-16 * fabs(stored[0]) / t + fabs(wide - narrow);
    return (fabs(*rate - (in - out)) - doubt) / fmax(fabs(in) + fabs(out), 1e-300);
}

/* d(stored)/dt = in - out */
static void check_energy(spot *s) {
    const mho_ext_model *model = s->c->model;
    double in, out, here, t = HUGE_VAL, rate = 0;
    if (!model->power) {
        return;
    }
    model->power(&s->b, &in, &here, &out);
    if (!isfinite(in) || !isfinite(out) || !isfinite(here)) {
        mho_i_check_fault(s->c, S_FINITE, "power in %g W, stored %g J, out %g W", in, here, out);
        return;
    }
    for (size_t k = 0; k < model->n_state; k++) {
        const mho_ext_state *row = &model->state[k];
        double h = 1e-3 * mho_i_state_scale(row, s->x[k]);
        if (s->x[k] - h <= row->min || s->x[k] + h >= row->max) {
            return; /* held at a bound, or no room */
        }
        t = s->dx[k] != 0 ? fmin(t, h / fabs(s->dx[k])) : t;
    }
    if (!isfinite(t)) {
        return;
    }
    double gap = fmin(energy_gap(s, t, in, out, &rate), energy_gap(s, 0.02 * t, in, out, &rate));
    s->c->worst_energy = fmax(s->c->worst_energy, gap);
    if (gap > ENERGY_TOL) {
        mho_i_check_fault(s->c, S_ENERGY, "in %g W, out %g W, but stored energy grows by %g W", in,
                          out, rate);
    }
}

static void check_events(spot *s) {
    const mho_ext_model *model = s->c->model;
    double g[MHO_EXT_MAX_STATE];
    const unsigned char hit = 1;
    if (!model->n_event) {
        return;
    }
    model->event(&s->b, g);
    for (size_t j = 0; j < model->n_event; j++) {
        if (g[j] < 0) {
            model->cross(&s->b, j, &hit, s->c->dev->m1);
            model->event(&s->b, g);
            if (g[j] < 0) {
                mho_i_check_fault(s->c, S_EVENT, "event %zu: %g after it", j, g[j]);
            }
        }
    }
}

void mho_i_check_device(check_run *c, size_t i) {
    const mho_ext_model *model = c->model;
    spot s = {.c = c};
    for (size_t k = 0; k < model->n_input; k++) {
        s.u[k] = c->dev->u[k * c->n + i];
    }
    for (size_t k = 0; k < model->n_state; k++) {
        s.x[k] = c->dev->x[k * c->n + i];
    }
    s.b = mho_i_device_single(c->dev, i, s.u, s.x);
    check_events(&s);
    model->eval(&s.b, s.y, s.dx);
    double power = 0, size = 0;
    for (size_t k = 0; k < model->n_output; k++) {
        if (!isfinite(s.y[k])) {
            mho_i_check_fault(c, S_FINITE, "%s = %g", model->output[k].key, s.y[k]);
            return;
        }
        power += k < model->n_port ? s.u[k] * s.y[k] : 0;
        size += k < model->n_port ? fabs(s.u[k] * s.y[k]) : 0;
    }
    for (size_t k = 0; k < model->n_state; k++) {
        if (!isfinite(s.dx[k])) {
            mho_i_check_fault(c, S_FINITE, "rate of %s = %g", model->state[k].key, s.dx[k]);
            return;
        }
    }
    if ((model->flags & MHO_EXT_PASSIVE) && power < -1e-14 * size) {
        mho_i_check_fault(c, S_PASSIVE, "the ports give %g W at %s = %g", -power,
                          model->input[0].key, s.u[0]);
    }
    check_derivatives(&s);
    check_energy(&s);
}
