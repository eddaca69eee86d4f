/* curve_iv.c - current against voltage: a slow or timed sweep up and down, or the locus of steady
 * states of a current-driven device. */
#include "curve_int.h"

#include <math.h>

/* The sweep starts at the end nearer to zero, goes to the other and comes back. A device with
 * states is stepped through the cycle; without a period it comes to rest at every voltage. */
static mho_status sweep(const mho_i_request *r, mho_device *dev, double dt_s, mho_curve *c) {
    double y[MHO_EXT_MAX_OUTPUT], dx[MHO_EXT_MAX_STATE], *v = mho_device_inputs(dev);
    mho_status worst = MHO_OK;
    for (int way = 0; way < 2; way++) {
        mho_i_curve_trace(c, way ? "down" : "up");
        for (size_t k = 0; k < r->n_point; k++) {
            v[0] = mho_i_request_at(r, way ? r->n_point - 1 - k : k);
            mho_status status = MHO_OK;
            if (r->model->n_state) {
                status = isnan(dt_s) ? mho_device_settle(dev) : mho_device_step(dev, dt_s, 1e-6);
            }
            if (status < 0) {
                return status;
            }
            worst = status > worst ? status : worst;
            mho_device_eval(dev, y, dx);
            mho_i_curve_row(c, (const double[]){v[0], y[0], v[0] != 0 ? v[0] / y[0] : NAN});
        }
    }
    return worst;
}

static mho_status run(const mho_i_request *r, double dt_s, mho_curve *c) {
    mho_device *dev = NULL;
    mho_status status = mho_device_new(r->ctx, r->card, r->seed, 0, 1, false, &dev);
    if (status == MHO_OK) {
        status = sweep(r, dev, dt_s, c);
    }
    mho_device_free(dev);
    return status;
}

mho_status mho_i_curve_iv(const mho_i_request *request, mho_curve **out) {
    static const mho_curve_col col[] = {{"voltage", "V", false, false},
                                        {"current", "A", false, true},
                                        {"resistance", "ohm", false, false}};
    mho_i_request r = *request;
    const mho_ext_input *port = &r.model->input[0];
    mho_status status = mho_i_request_range(&r, port->min, port->max, 81, -HUGE_VAL, HUGE_VAL, "V");
    mho_curve *c = NULL;
    if (status == MHO_OK) {
        status = mho_i_curve_new(&r, "current against voltage", col, 3, 2 * r.n_point, &c);
    }
    if (status < 0) {
        return status;
    }
    bool timed = r.model->n_state && !isnan(r.period_s);
    status = run(&r, timed ? r.period_s / (2.0 * (double)r.n_point) : NAN, c);
    if (status > 0) {
        mho_i_curve_note(c, "%s: steps of the sweep show what it had reached",
                         mho_ctx_last_error(r.ctx));
        status = MHO_OK;
    }
    if (status < 0) {
        mho_curve_free(c);
        return status;
    }
    if (r.model->n_state) {
        if (timed) {
            mho_i_curve_note(c, "swept up and down in %g s", r.period_s);
        } else {
            mho_i_curve_note(c, "at rest at every voltage; --period S sweeps in time");
        }
    }
    *out = c;
    return MHO_OK;
}

/* Steady states of the filament: V I = heat through the shell, one for every core. */
mho_status mho_i_curve_locus(const mho_i_request *request, mho_curve **out) {
    static const mho_curve_col col[] = {{"voltage", "V", false, false},
                                        {"current", "A", true, true},
                                        {"core", "", false, false},
                                        {"resistance", "ohm", false, false}};
    mho_i_request r = *request;
    const mho_ext_state *u = &r.model->state[0];
    mho_status status = mho_i_request_range(&r, 2 * u->min, 0.95, 200, u->min, u->max, "");
    mho_curve *c = NULL;
    mho_device *dev = NULL;
    if (status == MHO_OK) {
        status = mho_i_curve_new(&r, "steady states", col, 4, r.n_point, &c);
    }
    if (status == MHO_OK) {
        status = mho_device_new(r.ctx, r.card, r.seed, 0, 1, false, &dev);
    }
    double top = 0, low = HUGE_VAL, i_top = 0, i_low = 0;
    for (size_t k = 0; k < r.n_point && status == MHO_OK; k++) {
        double x = mho_i_request_log_at(&r, k), y[2], dx[1], in, stored, loss;
        if (k == 0) {
            mho_i_curve_trace(c, "");
        }
        status = mho_device_set_states(dev, &x);
        if (status < 0) {
            break;
        }
        mho_device_eval(dev, y, dx);
        mho_device_power(dev, &in, &stored, &loss);
        double v = sqrt(loss * y[1]), i = v / y[1];
        mho_i_curve_row(c, (const double[]){v, i, x, y[1]});
        if (v > top && i_low == 0) {
            top = v;
            i_top = i;
        }
        if (i > i_top && v < low) {
            low = v;
            i_low = i;
        }
    }
    mho_device_free(dev);
    if (status < 0) {
        mho_curve_free(c);
        return status;
    }
    char a[40], b[40], d[40], e[40];
    mho_i_curve_note(c, "threshold %s at %s, hold %s at %s; between them the slope is negative",
                     mho_quantity_format(top, "V", 4, a, sizeof a),
                     mho_quantity_format(i_top, "A", 4, b, sizeof b),
                     mho_quantity_format(low, "V", 4, d, sizeof d),
                     mho_quantity_format(i_low, "A", 4, e, sizeof e));
    *out = c;
    return MHO_OK;
}
