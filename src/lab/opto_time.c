/* opto_time.c - one optomemristor under light and voltage of any shape; equations in mho/opto.h.
 * Writing starts and ends where the voltage crosses a threshold that the carriers move: events. */
#include "lab_int.h"

#include <math.h>

enum { Y_N = 0, Y_X, N_STATE };
enum { Q_ELECTRICAL = 0, Q_OPTICAL, Q_CHARGE, Q_ABOVE, N_QUAD };
enum { ROOT_P = 0, ROOT_N, ROOT_FULL, N_ROOT };

static const mho_i_column columns[8] = {
    {"time", "s"}, {"light", ""},    {"volt", "V"},        {"n", ""},
    {"x", ""},     {"current", "A"}, {"threshold_p", "V"}, {"threshold_n", "V"}};

typedef struct cell {
    const mho_opto_param *p;
    const mho_opto_drive *drive;
    mho_i_line light, volt;
    int writing; /* +1, -1: over that threshold; 0: between them */
    bool full;   /* n >= 1: light takes no more of the threshold */
    size_t n_event;
    mho_trace *trace;
} cell;

/* e = min(n, 1), with the side of the bend fixed within a step */
static double easing(const cell *c, double n) {
    return 1 - c->p->kappa * (c->full ? 1 : n);
}

static double threshold_p(const cell *c, double n) {
    return c->p->v_p0_V * easing(c, n);
}

static double threshold_n(const cell *c, double n) {
    return c->p->v_n0_V * easing(c, n);
}

/* f(V, x) of Yakopcic; x may leave [0, 1] by rounding */
static double window(double z, double corner, double alpha) {
    double x = 1 - z; /* z: way to the bound */
    return z <= 0 ? 0 : x > corner ? exp(-alpha * (x - corner)) * z / (1 - corner) : 1;
}

static double write_rate(const cell *c, double v, double n, double x) {
    const mho_opto_param *p = c->p;
    if (c->writing > 0) {
        double f = fmax(exp(v) - exp(threshold_p(c, n)), 0);
        return p->eta * p->rate_p_per_s * f * window(1 - x, p->x_p, p->alpha_p);
    }
    if (c->writing < 0) {
        double f = fmax(exp(-v) - exp(threshold_n(c, n)), 0);
        return -p->eta * p->rate_n_per_s * f * window(x, p->x_n, p->alpha_n);
    }
    return 0;
}

static void rate(void *user, double t_s, const double *y, double *dy) {
    const cell *c = user;
    double light = mho_i_line_at(&c->light, t_s), v = mho_i_line_at(&c->volt, t_s), n = y[Y_N];
    dy[Y_N] = c->p->gen_per_s * light - n / c->p->tau_s - c->p->recomb_per_s * n * n;
    dy[Y_X] = write_rate(c, v, n, y[Y_X]);
}

static double current(const cell *c, double v, const double *y) {
    return mho_opto_current_A(c->p, fmin(fmax(y[Y_X], 0), 1), fmax(y[Y_N], 0), v);
}

static void quad(void *user, double t_s, const double *y, double *dq) {
    const cell *c = user;
    double v = mho_i_line_at(&c->volt, t_s), i = current(c, v, y);
    dq[Q_ELECTRICAL] = v * i;
    dq[Q_OPTICAL] = c->p->p0_W * mho_i_line_at(&c->light, t_s);
    dq[Q_CHARGE] = i;
    dq[Q_ABOVE] = c->writing != 0;
}

static void root(void *user, double t_s, const double *y, double *g) {
    const cell *c = user;
    double v = mho_i_line_at(&c->volt, t_s);
    g[ROOT_P] = v - threshold_p(c, y[Y_N]);
    g[ROOT_N] = -v - threshold_n(c, y[Y_N]);
    g[ROOT_FULL] = y[Y_N] - 1;
}

static bool event(void *user, double t_s, double *y, const double *q, const int *found) {
    cell *c = user;
    (void)t_s;
    (void)y;
    (void)q;
    int before = c->writing;
    if (found[ROOT_FULL]) {
        c->full = found[ROOT_FULL] > 0;
    }
    if (found[ROOT_P]) {
        c->writing = found[ROOT_P] > 0 ? 1 : 0;
    } else if (found[ROOT_N]) {
        c->writing = found[ROOT_N] > 0 ? -1 : 0;
    }
    c->n_event += c->writing != before;
    return true;
}

static void part(void *user, double from_s, double to_s, double *y) {
    cell *c = user;
    c->light = mho_i_waveform_line(&c->drive->light_rel, from_s, to_s);
    c->volt = mho_i_waveform_line(&c->drive->volt_V, from_s, to_s);
    c->full = y[Y_N] >= 1;
    double v = c->volt.v0;
    int now = v > threshold_p(c, y[Y_N]) ? 1 : -v > threshold_n(c, y[Y_N]) ? -1 : 0;
    c->n_event += now != c->writing;
    c->writing = now;
}

static void sample(void *user, double t_s, const double *y) {
    const cell *c = user;
    if (c->trace) {
        double v = mho_i_line_at(&c->volt, t_s);
        double row[8] = {t_s,
                         mho_i_line_at(&c->light, t_s),
                         v,
                         y[Y_N],
                         y[Y_X],
                         current(c, v, y),
                         threshold_p(c, y[Y_N]),
                         threshold_n(c, y[Y_N])};
        mho_i_trace_add(c->trace, row);
    }
}

static mho_status check(mho_ctx *ctx, const mho_opto_drive *d) {
    if (!(d->stop_s > 0 && isfinite(d->stop_s))) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "stop = %g s: a positive time is wanted", d->stop_s);
    }
    if (!(d->x_start >= 0 && d->x_start <= 1) || !(d->n_start >= 0 && isfinite(d->n_start))) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "x_start = %g (0 to 1), n_start = %g (0 or more)",
                          d->x_start, d->n_start);
    }
    mho_status status = mho_i_waveform_check(ctx, "light", &d->light_rel, 0);
    return status < 0 ? status : mho_i_waveform_check(ctx, "voltage", &d->volt_V, -1e3);
}

static mho_status integrate(mho_ctx *ctx, cell *c, const mho_transient_opt *o, mho_opto_run *run) {
    const mho_opto_drive *d = c->drive;
    const mho_waveform wave[2] = {d->light_rel, d->volt_V};
    double *edge_s = mho_i_alloc(ctx, 2 + wave[0].n + wave[1].n, sizeof *edge_s);
    if (!edge_s) {
        return MHO_ERR_NOMEM;
    }
    size_t n_edge = mho_i_waveform_edges(2, wave, d->stop_s, edge_s);
    const mho_opto_param *p = c->p;
    double tol[N_STATE] = {0.1 * o->tol_rel, 0.1 * o->tol_rel};
    double q_tol[N_QUAD] = {o->tol_rel * p->g_max_S * 1e-4 * d->stop_s,
                            o->tol_rel * p->p0_W * d->stop_s + 1e-300,
                            o->tol_rel * p->g_max_S * 1e-2 * d->stop_s, o->tol_rel * d->stop_s};
    const mho_i_stiff problem = {N_STATE, N_QUAD, N_ROOT, tol,  q_tol,  c,   rate,
                                 quad,    root,   event,  part, sample, NULL};
    double y[N_STATE] = {d->n_start, d->x_start}, q[N_QUAD];
    mho_opto_run r = {0};
    mho_status status = mho_i_stiff_run(ctx, &problem, o, n_edge, edge_s, y, q, &r.rep);
    mho_i_free(ctx, edge_s);
    if (status < 0) {
        return status;
    }
    r.n_end = fmax(y[Y_N], 0);
    r.x_end = fmin(fmax(y[Y_X], 0), 1);
    r.x_change = r.x_end - d->x_start;
    r.electrical_J = q[Q_ELECTRICAL];
    r.optical_J = q[Q_OPTICAL];
    r.charge_C = q[Q_CHARGE];
    r.above_s = q[Q_ABOVE];
    r.rep.n_reversal = c->n_event;
    *run = r;
    return c->trace && c->trace->status < 0 ? c->trace->status : status;
}

mho_status mho_opto_simulate(mho_ctx *ctx, const mho_opto_param *param, const mho_opto_drive *drive,
                             const mho_transient_opt *opt, mho_opto_run *run, mho_trace **trace) {
    cell c = {.p = param, .drive = drive};
    mho_transient_opt o;
    if (trace) {
        *trace = NULL;
    }
    mho_status status = mho_i_transient_opt_check(ctx, opt, &o);
    status = status < 0 ? status : mho_opto_param_check(ctx, param);
    status = status < 0 ? status : check(ctx, drive);
    if (status < 0) {
        return status;
    }
    c.trace = trace ? mho_i_trace_new(ctx, 8, columns) : NULL;
    status = trace && !c.trace ? MHO_ERR_NOMEM : integrate(ctx, &c, &o, run);
    if (status >= 0 && trace) {
        *trace = c.trace;
    } else {
        mho_trace_free(c.trace);
    }
    return status;
}
