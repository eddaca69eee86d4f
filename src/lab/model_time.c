/* model_time.c - a device of any model behind a series resistor, with a capacitor across it.
 *
 * States of the integrator: those of the model, then the voltage of the capacitor. Without a
 * capacitor the voltage solves (Vs - v)/R = i(v), by Newton with bisection as a safety net. A state
 * that would leave its bounds is held there; what flows in meanwhile counts as given away. */
#include "lab_int.h"

#include <math.h>
#include <string.h>

enum { Q_SOURCE = 0, Q_SERIES, Q_PORT, Q_TAKEN, Q_GIVEN, N_QUAD };

typedef struct sim {
    const mho_ext_model *model;
    const mho_model_drive *drive;
    const double *p; /* [n_param] */
    double *m;       /* [n_memory] */
    double *jac;     /* scratch of the model's jacobian */
    double y_out[MHO_EXT_MAX_OUTPUT];
    mho_i_line source, input[MHO_EXT_MAX_INPUT];
    bool driven[MHO_EXT_MAX_INPUT];
    double v_hint; /* last solution without a capacitor */
    size_t n_event;
    mho_trace *trace;
} sim;

static mho_ext_batch batch(const sim *s, const double *u, const double *x) {
    return (mho_ext_batch){1, 1, s->p, u, x, s->m, s->model->data};
}

static void inputs_at(const sim *s, double t_s, double v, double *u) {
    for (size_t k = 0; k < s->model->n_input; k++) {
        u[k] = s->driven[k] ? mho_i_line_at(&s->input[k], t_s) : s->model->input[k].start;
    }
    u[s->drive->port] = v;
}

/* Current into the port at voltage v; slope by v. */
static double port_current(sim *s, double t_s, const double *x, double v, double *slope) {
    double u[MHO_EXT_MAX_INPUT], dx[MHO_EXT_MAX_STATE];
    const mho_ext_model *m = s->model;
    inputs_at(s, t_s, v, u);
    mho_ext_batch b = batch(s, u, x);
    m->eval(&b, s->y_out, m->n_state ? dx : NULL);
    if (slope) {
        double *di_dx = s->jac + m->n_port * m->n_input, *df_du = di_dx + m->n_port * m->n_state;
        bool any = m->n_state > 0;
        m->jacobian(&b, s->jac, any ? di_dx : NULL, any ? df_du : NULL,
                    any ? df_du + m->n_state * m->n_input : NULL);
        *slope = s->jac[s->drive->port * m->n_input + s->drive->port];
    }
    return s->y_out[s->drive->port];
}

/* Voltage on the port at one moment; v_state: of the capacitor. */
static double voltage(sim *s, double t_s, const double *x, double v_state) {
    double v_s = mho_i_line_at(&s->source, t_s), r = s->drive->r_series_ohm;
    if (r == 0) {
        return v_s;
    }
    if (s->drive->c_parallel_F > 0) {
        return v_state;
    }
    double lo = fmin(0, v_s), hi = fmax(0, v_s), v = fmin(fmax(s->v_hint, lo), hi);
    for (int k = 0; k < 100 && hi - lo > 0; k++) {
        double slope, f = v + r * port_current(s, t_s, x, v, &slope) - v_s;
        double next = v - f / (1 + r * slope);
        *(f > 0 ? &hi : &lo) = v;
        next = next > lo && next < hi ? next : 0.5 * (lo + hi);
        if (fabs(next - v) <= 1e-15 * fabs(v_s)) {
            break;
        }
        v = next;
    }
    s->v_hint = v;
    return v;
}

/* States inside their bounds, in x; the integrator may probe beyond. */
static void inside(const sim *s, const double *y, double *x) {
    for (size_t k = 0; k < s->model->n_state; k++) {
        x[k] = fmin(fmax(y[k], s->model->state[k].min), s->model->state[k].max);
    }
}

/* Rates of the states; those that lead out of the bounds become 0. Returns whether any did. */
static bool state_rates(const sim *s, const double *y, double *dx) {
    bool held = false;
    for (size_t k = 0; k < s->model->n_state; k++) {
        const mho_ext_state *st = s->model->state + k;
        if ((y[k] <= st->min && dx[k] < 0) || (y[k] >= st->max && dx[k] > 0)) {
            held = dx[k] != 0;
            dx[k] = 0;
        }
    }
    return held;
}

static void rate(void *user, double t_s, const double *y, double *dy) {
    sim *s = user;
    const mho_ext_model *m = s->model;
    double u[MHO_EXT_MAX_INPUT], x[MHO_EXT_MAX_STATE];
    inside(s, y, x);
    double v = voltage(s, t_s, x, y[m->n_state]);
    inputs_at(s, t_s, v, u);
    mho_ext_batch b = batch(s, u, x);
    m->eval(&b, s->y_out, m->n_state ? dy : NULL);
    state_rates(s, y, dy);
    double c = s->drive->c_parallel_F, r = s->drive->r_series_ohm;
    double i_s = r > 0 ? (mho_i_line_at(&s->source, t_s) - v) / r : 0;
    dy[m->n_state] = c > 0 && r > 0 ? (i_s - s->y_out[s->drive->port]) / c : 0;
}

/* Has the integrator stepped over a bound? It comes back on its own, and until then the state that
 * the device sees stands still. */
static bool outside(const sim *s, const double *y) {
    bool any = false;
    for (size_t k = 0; k < s->model->n_state; k++) {
        any = any || y[k] < s->model->state[k].min || y[k] > s->model->state[k].max;
    }
    return any;
}

/* Powers of the device in state y; without a power function all electrical power becomes heat. */
static void device_power(sim *s, double t_s, const double *y, double v, double *in, double *stored,
                         double *out) {
    double u[MHO_EXT_MAX_INPUT], dx[MHO_EXT_MAX_STATE], x[MHO_EXT_MAX_STATE];
    const mho_ext_model *m = s->model;
    inside(s, y, x);
    inputs_at(s, t_s, v, u);
    mho_ext_batch b = batch(s, u, x);
    m->eval(&b, s->y_out, m->n_state ? dx : NULL);
    *stored = *in = 0;
    if (m->power) {
        m->power(&b, in, stored, out);
    } else {
        for (size_t k = 0; k < m->n_port; k++) {
            *in += u[k] * s->y_out[k];
        }
        *out = *in;
    }
    if (state_rates(s, x, dx) || outside(s, y)) {
        *out = *in;
    }
}

static void quad(void *user, double t_s, const double *y, double *dq) {
    sim *s = user;
    double x[MHO_EXT_MAX_STATE], stored, r = s->drive->r_series_ohm;
    inside(s, y, x);
    double v = voltage(s, t_s, x, y[s->model->n_state]);
    double v_s = mho_i_line_at(&s->source, t_s), i = port_current(s, t_s, x, v, NULL);
    /* a source straight at the port also feeds the capacitor: its exchange is stored_cap */
    double i_s = r > 0 ? (v_s - v) / r : i + s->drive->c_parallel_F * s->source.slope;
    dq[Q_SOURCE] = v_s * i_s;
    dq[Q_SERIES] = i_s * i_s * r;
    dq[Q_PORT] = v * i;
    device_power(s, t_s, y, v, dq + Q_TAKEN, &stored, dq + Q_GIVEN);
}

static void root(void *user, double t_s, const double *y, double *g) {
    sim *s = user;
    double u[MHO_EXT_MAX_INPUT], x[MHO_EXT_MAX_STATE];
    inside(s, y, x);
    inputs_at(s, t_s, voltage(s, t_s, x, y[s->model->n_state]), u);
    mho_ext_batch b = batch(s, u, x);
    s->model->event(&b, g);
}

/* Events below 0 are carried out until none is left; a bound stops a model that never rests. */
static bool settle_events(sim *s, double t_s, const double *y, const int *found) {
    double g[MHO_I_MAX_ROOT], u[MHO_EXT_MAX_INPUT], x[MHO_EXT_MAX_STATE];
    const unsigned char hit = 1;
    bool any = false;
    inside(s, y, x);
    for (int round = 0; round < 8; round++) {
        inputs_at(s, t_s, voltage(s, t_s, x, y[s->model->n_state]), u);
        mho_ext_batch b = batch(s, u, x);
        s->model->event(&b, g);
        bool now = false;
        for (size_t j = 0; j < s->model->n_event; j++) {
            /* at the root itself g is 0 up to rounding, of either sign */
            if (g[j] < 0 || (round == 0 && found && found[j] < 0)) {
                s->model->cross(&b, j, &hit, s->m);
                s->n_event++;
                now = any = true;
                break;
            }
        }
        if (!now) {
            break;
        }
    }
    return any;
}

static bool event(void *user, double t_s, double *y, const double *q, const int *found) {
    (void)q;
    return settle_events(user, t_s, y, found);
}

static void part(void *user, double from_s, double to_s, double *y) {
    sim *s = user;
    const mho_model_drive *d = s->drive;
    s->source = mho_i_waveform_line(&d->source_V, from_s, to_s);
    for (size_t k = 0; k < d->n_input; k++) {
        s->input[d->input[k].input] = mho_i_waveform_line(&d->input[k].wave, from_s, to_s);
    }
    if (d->r_series_ohm == 0) {
        y[s->model->n_state] = s->source.v0;
    }
    if (s->model->n_event) {
        settle_events(s, from_s, y, NULL);
    }
}

static void kept(void *user, double t_s, const double *y) {
    sim *s = user;
    if (s->model->accept) {
        double u[MHO_EXT_MAX_INPUT], x[MHO_EXT_MAX_STATE];
        inside(s, y, x);
        inputs_at(s, t_s, voltage(s, t_s, x, y[s->model->n_state]), u);
        mho_ext_batch b = batch(s, u, x);
        s->model->accept(&b, s->m);
    }
}

static void sample(void *user, double t_s, const double *y) {
    sim *s = user;
    const mho_ext_model *m = s->model;
    double row[MHO_I_MAX_COLUMN], x[MHO_EXT_MAX_STATE];
    size_t n = 0;
    inside(s, y, x);
    double v = voltage(s, t_s, x, y[m->n_state]);
    row[n++] = t_s;
    row[n++] = mho_i_line_at(&s->source, t_s);
    row[n++] = v;
    row[n++] = port_current(s, t_s, x, v, NULL);
    for (size_t k = 0; k < m->n_state; k++) {
        row[n++] = x[k];
    }
    for (size_t k = m->n_port; k < m->n_output && n < MHO_I_MAX_COLUMN; k++) {
        row[n++] = s->y_out[k];
    }
    mho_i_trace_add(s->trace, row);
}

static mho_trace *new_trace(mho_ctx *ctx, const mho_ext_model *m) {
    mho_i_column c[MHO_I_MAX_COLUMN] = {{"time", "s"}, {"source", "V"}, {"v", "V"}, {"i", "A"}};
    size_t n = 4;
    for (size_t k = 0; k < m->n_state; k++, n++) {
        c[n] = (mho_i_column){m->state[k].key, m->state[k].unit};
    }
    for (size_t k = m->n_port; k < m->n_output && n < MHO_I_MAX_COLUMN; k++, n++) {
        c[n] = (mho_i_column){m->output[k].key, m->output[k].unit};
    }
    return mho_i_trace_new(ctx, n, c);
}

/* Pulses of the current: times at which it rises through the middle of its range. */
static void count_spikes(const mho_trace *t, double stop_s, mho_model_run *run) {
    double lo = INFINITY, hi = -INFINITY, first = NAN, last = NAN;
    size_t n = 0;
    for (size_t k = t->n_row / 10; k < t->n_row; k++) { /* the switch-on surge does not count */
        lo = fmin(lo, t->x[3][k]);
        hi = fmax(hi, t->x[3][k]);
    }
    double mid = 0.5 * (lo + hi);
    if (!(hi - lo > 1e-3 * fmax(fabs(hi), fabs(lo)))) {
        return;
    }
    for (size_t k = 1; k < t->n_row; k++) {
        double a = t->x[3][k - 1], b = t->x[3][k];
        if (a < mid && b >= mid) {
            double at = t->x[0][k - 1] + (t->x[0][k] - t->x[0][k - 1]) * ((mid - a) / (b - a));
            run->n_spike++;
            if (at >= 0.5 * stop_s) {
                first = isnan(first) ? at : first;
                last = at;
                n++;
            }
        }
    }
    run->frequency_Hz = n >= 3 ? (double)(n - 1) / (last - first) : 0;
}

static double relative(double a, double b, double c) {
    double scale = fmax(fabs(a), fmax(fabs(b), fabs(c)));
    return scale > 0 ? fabs(a - b - c) / scale : 0;
}

static void close_energy(sim *s, const double *q, const double *stored, const double *v,
                         mho_model_energy *e) {
    *e = (mho_model_energy){.source_J = q[Q_SOURCE],
                            .series_J = q[Q_SERIES],
                            .port_J = q[Q_PORT],
                            .stored_cap_J =
                                0.5 * s->drive->c_parallel_F * (v[1] * v[1] - v[0] * v[0]),
                            .taken_J = q[Q_TAKEN],
                            .given_J = q[Q_GIVEN],
                            .stored_J = stored[1] - stored[0]};
    e->circuit_residual_rel = relative(e->source_J, e->series_J + e->stored_cap_J, e->port_J);
    e->device_residual_rel = relative(e->taken_J, e->given_J, e->stored_J);
}

static mho_status check(mho_ctx *ctx, const mho_ext_model *m, const mho_model_drive *d) {
    if (d->port >= m->n_port) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "port %zu: %s has %zu", d->port, m->name, m->n_port);
    }
    if (!(d->stop_s > 0 && isfinite(d->stop_s)) ||
        !(d->r_series_ohm >= 0 && isfinite(d->r_series_ohm)) ||
        !(d->c_parallel_F >= 0 && d->c_parallel_F < 1)) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "stop = %g s (above 0), r_series = %g ohm (0 or more), c_parallel = %g F "
                          "(0 to 1)",
                          d->stop_s, d->r_series_ohm, d->c_parallel_F);
    }
    if (m->n_event > MHO_I_MAX_ROOT || m->n_state > MHO_EXT_MAX_STATE) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "%s: %zu events, at most %d can be followed", m->name,
                          m->n_event, MHO_I_MAX_ROOT);
    }
    mho_status status = mho_i_waveform_check(ctx, "source", &d->source_V, -1e6);
    for (size_t k = 0; k < d->n_input && status == MHO_OK; k++) {
        size_t row = d->input[k].input;
        if (row >= m->n_input || row == d->port) {
            return mho_i_fail(ctx, MHO_ERR_ARG,
                              "input %zu: %s has inputs 0 to %zu, of which %zu is in the circuit",
                              row, m->name, m->n_input - 1, d->port);
        }
        for (size_t j = 0; j < k; j++) {
            if (d->input[j].input == row) {
                return mho_i_fail(ctx, MHO_ERR_ARG, "input %zu (%s) is driven twice", row,
                                  m->input[row].key);
            }
        }
        status = mho_i_waveform_check(ctx, m->input[row].key, &d->input[k].wave, m->input[row].min);
    }
    return status;
}

static mho_status integrate(mho_ctx *ctx, sim *s, double *y, const mho_transient_opt *o,
                            mho_model_run *run) {
    const mho_ext_model *m = s->model;
    const mho_model_drive *d = s->drive;
    mho_waveform wave[1 + MHO_EXT_MAX_INPUT] = {d->source_V};
    size_t n_wave = 1, n_point = d->source_V.n;
    double scale_V = 1e-9, size[MHO_EXT_MAX_STATE + 1], q_tol[N_QUAD];
    for (size_t k = 0; k < d->n_input; k++) {
        s->driven[d->input[k].input] = true;
        wave[n_wave++] = d->input[k].wave;
        n_point += d->input[k].wave.n;
    }
    for (size_t k = 0; k < d->source_V.n; k++) {
        scale_V = fmax(scale_V, fabs(d->source_V.v[k]));
    }
    for (size_t k = 0; k < m->n_state; k++) {
        const mho_ext_state *st = m->state + k;
        double range = isfinite(st->max - st->min) ? st->max - st->min : fmax(fabs(st->start), 1);
        size[k] = 1e-3 * o->tol_rel * range;
    }
    size[m->n_state] = 1e-3 * o->tol_rel * scale_V;
    double *edge_s = mho_i_alloc(ctx, 2 + n_point, sizeof *edge_s);
    if (!edge_s) {
        return MHO_ERR_NOMEM;
    }
    size_t n_edge = mho_i_waveform_edges(n_wave, wave, d->stop_s, edge_s);
    part(s, edge_s[0], edge_s[1], y);
    double v[2], in, out, stored[2], q[N_QUAD] = {0};
    v[0] = voltage(s, 0, y, y[m->n_state]);
    double i0 = fabs(port_current(s, 0, y, scale_V, NULL));
    for (int k = 0; k < N_QUAD; k++) {
        q_tol[k] = 1e-3 * o->tol_rel * (i0 * scale_V * d->stop_s + 1e-30);
    }
    device_power(s, 0, y, v[0], &in, stored, &out);
    const mho_i_stiff problem = {m->n_state + 1, N_QUAD, m->n_event, size, q_tol,  s,   rate,
                                 quad,           root,   event,      part, sample, kept};
    mho_status status = mho_i_stiff_run(ctx, &problem, o, n_edge, edge_s, y, q, &run->rep);
    if (status >= 0) {
        double x[MHO_EXT_MAX_STATE];
        inside(s, y, x);
        v[1] = voltage(s, d->stop_s, x, y[m->n_state]);
        device_power(s, d->stop_s, x, v[1], &in, stored + 1, &out);
        close_energy(s, q, stored, v, &run->energy);
        run->rep.n_reversal = s->n_event;
        count_spikes(s->trace, d->stop_s, run);
        status = mho_i_balance_check(ctx, status, "circuit", run->energy.circuit_residual_rel);
        status = mho_i_balance_check(ctx, status, "device", run->energy.device_residual_rel);
    }
    mho_i_free(ctx, edge_s);
    return status;
}

mho_status mho_model_simulate(mho_ctx *ctx, const mho_card *card, const mho_model_drive *drive,
                              const mho_transient_opt *opt, mho_model_run *run, mho_trace **trace) {
    const mho_ext_model *m = mho_card_model(card);
    mho_transient_opt o;
    if (trace) {
        *trace = NULL;
    }
    mho_status status = mho_i_transient_opt_check(ctx, opt, &o);
    status = status < 0 ? status : mho_card_check(ctx, card);
    status = status < 0 ? status : check(ctx, m, drive);
    mho_device *dev = NULL;
    status = status < 0 ? status : mho_device_new(ctx, card, 0, 0, 1, false, &dev);
    if (status < 0) {
        return status;
    }
    sim s = {.model = m, .drive = drive, .p = mho_device_params(dev), .m = mho_device_memory(dev)};
    size_t n_s = m->n_state, n_jac = (m->n_port + n_s) * (m->n_input + n_s);
    s.jac = mho_i_alloc(ctx, n_jac, sizeof *s.jac);
    s.trace = new_trace(ctx, m);
    mho_model_run r = {0};
    double y[MHO_EXT_MAX_STATE + 1] = {0};
    if (n_s) {
        memcpy(y, mho_device_states(dev), n_s * sizeof *y);
    }
    status = s.jac && s.trace ? integrate(ctx, &s, y, &o, &r) : MHO_ERR_NOMEM;
    status = status >= 0 && s.trace->status < 0 ? s.trace->status : status;
    mho_i_free(ctx, s.jac);
    mho_device_free(dev);
    if (status >= 0) {
        *run = r;
    }
    if (status >= 0 && trace) {
        *trace = s.trace;
    } else {
        mho_trace_free(s.trace);
    }
    return status;
}
