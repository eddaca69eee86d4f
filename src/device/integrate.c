/* integrate.c - devices in time, one by one, for drawing curves.
 *
 * ROS2 of Verwer et al. (SIAM J. Sci. Comput. 20, 1456 (1999)), gamma = 1 - 1/sqrt(2): order 2,
 * L-stable, one Jacobian and two evaluations a step:
 *     (1 - g h J) k1 = f(x),  (1 - g h J) k2 = f(x + h k1) - 2 k1,  x' = x + 3/2 h k1 + 1/2 h k2
 * The difference to the first-order x + h k1, h (k1 + k2)/2, is the estimate of the error. */
#include "model_int.h"

#include <math.h>
#include <string.h>

#define GAMMA 0.29289321881345247560
enum { MAX_PART = 1000000, N = MHO_EXT_MAX_STATE };
/* an event is found to this fraction of the step that was asked for */
#define EVENT_FRACTION 1e-9

mho_ext_batch mho_i_device_single(mho_device *dev, size_t i, const double *u, const double *x) {
    for (size_t k = 0; k < dev->model->n_param; k++) {
        dev->p1[k] = dev->p[k * dev->n + i];
    }
    for (size_t k = 0; k < dev->n_memory; k++) {
        dev->m1[k] = dev->m[k * dev->n + i];
    }
    return (mho_ext_batch){1, 1, dev->p1, u, x, dev->m1, dev->model->data};
}

double mho_i_state_scale(const mho_ext_state *state, double x) {
    double span = state->max - state->min;
    double natural = isfinite(span) ? 1e-3 * span : fmax(1e-3 * fabs(state->start), 1e-6);
    return fmax(fabs(x), natural);
}

static void clip(const mho_ext_model *model, double *x) {
    for (size_t k = 0; k < model->n_state; k++) {
        x[k] = fmin(fmax(x[k], model->state[k].min), model->state[k].max);
    }
}

/* a x = b with partial pivoting, in place; a [n][n] */
static void solve(size_t n, double a[N][N], double *b) {
    for (size_t c = 0; c < n; c++) {
        size_t top = c;
        for (size_t r = c + 1; r < n; r++) {
            top = fabs(a[r][c]) > fabs(a[top][c]) ? r : top;
        }
        for (size_t k = c; k < n && top != c; k++) {
            double t = a[c][k];
            a[c][k] = a[top][k];
            a[top][k] = t;
        }
        double t = b[c];
        b[c] = b[top];
        b[top] = t;
        for (size_t r = c + 1; r < n; r++) {
            double f = a[r][c] / a[c][c];
            for (size_t k = c; k < n; k++) {
                a[r][k] -= f * a[c][k];
            }
            b[r] -= f * b[c];
        }
    }
    for (size_t c = n; c-- > 0;) {
        for (size_t k = c + 1; k < n; k++) {
            b[c] -= a[c][k] * b[k];
        }
        b[c] /= a[c][c];
    }
}

/* Is the state at a bound and pushed against it? Then it stays there. */
static bool is_held(const mho_ext_state *s, double x, double rate) {
    return (x <= s->min && rate < 0) || (x >= s->max && rate > 0);
}

/* I - gamma h J; rows of states that are held are those of the unit matrix */
static void matrix(size_t n, double h, const double *df_dx, const bool *held, double a[N][N]) {
    for (size_t r = 0; r < n; r++) {
        for (size_t c = 0; c < n; c++) {
            a[r][c] = (r == c) - (held[r] ? 0 : GAMMA * h * df_dx[r * n + c]);
        }
    }
}

/* How far beyond a bound a step has gone, over the way to that bound: a step may end at a bound,
 * but not by a leap, which says little of where the solution goes. */
static double leap(const mho_ext_state *s, double from, double to, double slack) {
    double beyond = to > s->max ? to - s->max : to < s->min ? s->min - to : 0;
    double way = to > s->max ? s->max - from : from - s->min;
    return beyond > 0 ? beyond / (way + slack) : 0;
}

/* One step from x to out; returns the error over the tolerated one. */
static double rosenbrock(const mho_ext_model *model, const mho_ext_batch *b, double h,
                         double rel_tol, double *out) {
    size_t n = model->n_state;
    double y[MHO_EXT_MAX_OUTPUT], k1[N], k2[N], first[N], a[N][N], df_dx[N * N],
        df_du[N * MHO_EXT_MAX_INPUT], di_du[MHO_EXT_MAX_INPUT * MHO_EXT_MAX_INPUT],
        di_dx[MHO_EXT_MAX_INPUT * N];
    bool held[N] = {false};
    model->jacobian(b, di_du, di_dx, df_du, df_dx);
    model->eval(b, y, k1);
    for (size_t k = 0; k < n; k++) {
        held[k] = is_held(&model->state[k], b->x[k], k1[k]);
        k1[k] = held[k] ? 0 : k1[k];
    }
    matrix(n, h, df_dx, held, a);
    solve(n, a, k1);
    for (size_t k = 0; k < n; k++) {
        first[k] = b->x[k] + h * k1[k];
    }
    clip(model, first);
    mho_ext_batch mid = *b;
    mid.x = first;
    model->eval(&mid, y, k2);
    for (size_t k = 0; k < n; k++) {
        k2[k] = held[k] ? 0 : k2[k] - 2 * k1[k];
    }
    matrix(n, h, df_dx, held, a);
    solve(n, a, k2);
    double worst = 0;
    for (size_t k = 0; k < n; k++) {
        out[k] = b->x[k] + h * (1.5 * k1[k] + 0.5 * k2[k]);
        double slack = rel_tol * mho_i_state_scale(&model->state[k], b->x[k]);
        bool grows = GAMMA * h * df_dx[k * n + k] > 0.5; /* the implicit formula nears its pole */
        worst = leap(&model->state[k], b->x[k], out[k], slack) > 1 || grows ? 4 : worst;
    }
    clip(model, out);
    for (size_t k = 0; k < n; k++) {
        double error =
            fabs(out[k] - first[k]) / (rel_tol * mho_i_state_scale(&model->state[k], out[k]));
        worst = error <= worst ? worst : error; /* NaN is passed on */
    }
    return worst;
}

static bool has_event(mho_device *dev, const mho_ext_batch *b) {
    const mho_ext_model *model = dev->model;
    if (!model->n_event) {
        return false;
    }
    model->event(b, dev->g1);
    for (size_t j = 0; j < model->n_event; j++) {
        if (dev->g1[j] < 0) {
            return true;
        }
    }
    return false;
}

/* Memory of one device after a part of a step that is kept. */
static void settle_events(mho_device *dev, const mho_ext_batch *b) {
    const mho_ext_model *model = dev->model;
    const unsigned char hit = 1;
    if (has_event(dev, b)) {
        for (size_t j = 0; j < model->n_event; j++) {
            if (dev->g1[j] < 0) {
                model->cross(b, j, &hit, dev->m1);
            }
        }
    }
    if (model->accept) {
        model->accept(b, dev->m1);
    }
}

bool mho_i_device_advance(mho_device *dev, const mho_ext_batch *single, double *x, double dt_s,
                          double rel_tol) {
    const mho_ext_model *model = dev->model;
    double done = 0, h = dt_s, next[N], smallest = dt_s * EVENT_FRACTION;
    mho_ext_batch b = *single, at = *single;
    b.x = x;
    at.x = next;
    memcpy(next, x, model->n_state * sizeof *x);
    settle_events(dev, &at); /* new inputs may be an event by themselves */
    for (long part = 0; done < dt_s; part++) {
        if (part == MAX_PART) {
            return false;
        }
        bool last = h >= dt_s - done;
        h = last ? dt_s - done : h;
        double error = 0;
        if (model->advance) {
            memcpy(next, x, model->n_state * sizeof *x);
            model->advance(&b, h, next);
            clip(model, next);
        } else if (model->n_state) {
            error = rosenbrock(model, &b, h, rel_tol, next);
        }
        bool tiny = h <= smallest;
        if ((!(error <= 1) && !(h < 1e-14 * dt_s)) || (has_event(dev, &at) && !tiny)) {
            /* NaN too is an error; an event is approached by halves */
            h *= error <= 1 ? 0.5 : isfinite(error) ? fmax(0.9 / sqrt(error), 0.1) : 0.1;
            continue;
        }
        settle_events(dev, &at);
        memcpy(x, next, model->n_state * sizeof *x);
        done = last ? dt_s : done + h;
        h *= error > 0 ? fmin(0.9 / sqrt(error), 5) : 5;
        h = fmax(h, smallest);
    }
    return true;
}

static void put_back(mho_device *dev, size_t i, const double *x) {
    for (size_t k = 0; k < dev->model->n_state; k++) {
        dev->x[k * dev->n + i] = x[k];
    }
    for (size_t k = 0; k < dev->n_memory; k++) {
        dev->m[k * dev->n + i] = dev->m1[k];
    }
}

static mho_ext_batch take(mho_device *dev, size_t i, double *u, double *x) {
    for (size_t k = 0; k < dev->model->n_input; k++) {
        u[k] = dev->u[k * dev->n + i];
    }
    for (size_t k = 0; k < dev->model->n_state; k++) {
        x[k] = dev->x[k * dev->n + i];
    }
    return mho_i_device_single(dev, i, u, x);
}

mho_status mho_device_step(mho_device *dev, double dt_s, double rel_tol) {
    if (!(dt_s >= 0 && isfinite(dt_s)) || !(rel_tol >= 1e-12 && rel_tol <= 1)) {
        return mho_i_fail(dev->ctx, MHO_ERR_ARG,
                          "step of %g s with tolerance %g: a finite time >= 0 and 1e-12 to 1 are "
                          "wanted",
                          dt_s, rel_tol);
    }
    mho_status status = MHO_OK;
    for (size_t i = 0; i < dev->n && dt_s > 0; i++) {
        double u[MHO_EXT_MAX_INPUT], x[N];
        mho_ext_batch b = take(dev, i, u, x);
        if (!mho_i_device_advance(dev, &b, x, dt_s, rel_tol) && status == MHO_OK) {
            status = mho_i_fail(dev->ctx, MHO_WARN_NOT_CONVERGED,
                                "device %zu needs more than %d parts for a step of %g s", i,
                                MAX_PART, dt_s);
        }
        put_back(dev, i, x);
    }
    return status;
}

/* Is the rest nearer than 1e-9 of the state's size? Its distance is the rate times the state's own
 * time constant, or the time that was waited where it has none. */
static bool at_rest(const mho_ext_model *model, const mho_ext_batch *b, double time_s) {
    double y[MHO_EXT_MAX_OUTPUT], dx[N], df_dx[N * N], df_du[N * MHO_EXT_MAX_INPUT],
        di_du[MHO_EXT_MAX_INPUT * MHO_EXT_MAX_INPUT], di_dx[MHO_EXT_MAX_INPUT * N];
    model->eval(b, y, dx);
    model->jacobian(b, di_du, di_dx, df_du, df_dx);
    for (size_t k = 0; k < model->n_state; k++) {
        const mho_ext_state *s = &model->state[k];
        double distance = fabs(dx[k]) / fmax(fabs(df_dx[k * model->n_state + k]), 1 / time_s);
        if (!is_held(s, b->x[k], dx[k]) && !(distance <= 1e-9 * mho_i_state_scale(s, b->x[k]))) {
            return false;
        }
    }
    return true;
}

static bool settle_one(mho_device *dev, size_t i) {
    const mho_ext_model *model = dev->model;
    double u[MHO_EXT_MAX_INPUT], x[N], y[MHO_EXT_MAX_OUTPUT], dx[N];
    mho_ext_batch b = take(dev, i, u, x);
    model->eval(&b, y, dx);
    double h = HUGE_VAL; /* time in which the fastest state moves a hundredth of its size */
    for (size_t k = 0; k < model->n_state; k++) {
        if (dx[k] != 0) {
            h = fmin(h, 0.01 * mho_i_state_scale(&model->state[k], x[k]) / fabs(dx[k]));
        }
    }
    bool rest = !isfinite(h) || at_rest(model, &b, h);
    for (int k = 0; k < 100 && !rest; k++) {
        if (!mho_i_device_advance(dev, &b, x, h, 1e-6)) {
            break;
        }
        rest = at_rest(model, &b, h);
        h *= 2;
    }
    put_back(dev, i, x);
    return rest;
}

mho_status mho_device_settle(mho_device *dev) {
    mho_status status = MHO_OK;
    for (size_t i = 0; i < dev->n; i++) {
        if (!settle_one(dev, i) && status == MHO_OK) {
            status = mho_i_fail(dev->ctx, MHO_WARN_NOT_CONVERGED,
                                "%s: device %zu does not come to rest at these inputs",
                                dev->model->name, i);
        }
    }
    return status;
}
