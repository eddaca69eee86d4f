/* curve_vo2.c - what one measures on a VO2 film and on the neuron made of it. */
#include "curve_int.h"
#include "mho/transient.h"

#include <math.h>
#include <string.h>

#define FILM_FROM_K 300.0
#define FILM_TO_K   380.0

/* Heating and cooling of the major loop as one or two traces. */
static void add_loop(const mho_i_request *r, const mho_neuron_param *p, const char *name,
                     mho_curve *c) {
    for (int way = 0; way < 2; way++) {
        char text[MHO_CURVE_NAME];
        snprintf(text, sizeof text, "%s%s%s", name, *name ? ", " : "", way ? "cooling" : "heating");
        mho_i_curve_trace(c, text);
        for (size_t k = 0; k < r->n_point; k++) {
            double t = mho_i_request_at(r, way ? r->n_point - 1 - k : k);
            double g = mho_i_film_major(p, way ? -1 : 1, t);
            double ohm = mho_i_film_mix(p, g, mho_i_film_insulator_ohm(p, t), p->r_metal_ohm);
            mho_i_curve_row(c, (const double[]){t, ohm, 1 - g});
        }
    }
}

static const mho_curve_col loop_col[] = {{"temperature", "K", false, false},
                                         {"resistance", "ohm", true, true},
                                         {"metal", "", false, false}};

static mho_status begin_loop(mho_i_request *r, const char *title, size_t n_loop,
                             mho_neuron_param *p, mho_curve **c) {
    mho_status status = mho_i_request_range(r, FILM_FROM_K, FILM_TO_K, 161, 100, 600, "K");
    if (status == MHO_OK) {
        status = mho_card_to_neuron(r->ctx, r->card, p);
    }
    return status == MHO_OK ? mho_i_curve_new(r, title, loop_col, 3, 2 * n_loop * r->n_point, c)
                            : status;
}

/* Where the resistance falls fastest on a trace. */
static double steepest_K(const mho_curve *c, size_t trace) {
    double best = 0, at = NAN;
    for (size_t k = c->start[trace] + 1; k < c->start[trace + 1]; k++) {
        double dt = mho_i_curve_value(c, k, 0) - mho_i_curve_value(c, k - 1, 0);
        double s = log(mho_i_curve_value(c, k, 1) / mho_i_curve_value(c, k - 1, 1)) / dt;
        if (s < best) {
            best = s;
            at = 0.5 * (mho_i_curve_value(c, k, 0) + mho_i_curve_value(c, k - 1, 0));
        }
    }
    return at;
}

mho_status mho_i_curve_rt(const mho_i_request *request, mho_curve **out) {
    mho_i_request r = *request;
    mho_neuron_param p;
    mho_status status = begin_loop(&r, "major loop", 1, &p, out);
    if (status == MHO_OK) {
        add_loop(&r, &p, "", *out);
        mho_i_curve_note(
            *out, "%.3g decades between %g K and %g K",
            log10(mho_i_curve_value(*out, 0, 1) / mho_i_curve_value(*out, r.n_point - 1, 1)),
            r.from, r.to);
        mho_i_curve_note(*out, "steepest at %.1f K heating, %.1f K cooling", steepest_K(*out, 0),
                         steepest_K(*out, 1));
    }
    return status;
}

mho_status mho_i_curve_mixing(const mho_i_request *request, mho_curve **out) {
    static const char *const names[] = {"series", "bruggeman-2d", "bruggeman-3d", "gem"};
    mho_i_request r = *request;
    mho_neuron_param p;
    mho_status status = begin_loop(&r, "the four mixing laws", 4, &p, out);
    for (int m = 0; m < 4 && status == MHO_OK; m++) {
        p.mixing = (mho_mixing)m;
        add_loop(&r, &p, names[m], *out);
        mho_i_curve_note(*out, "%s: steepest at %.1f K heating, %.1f K cooling", names[m],
                         steepest_K(*out, (size_t)(2 * m)), steepest_K(*out, (size_t)(2 * m + 1)));
    }
    return status;
}

mho_status mho_i_curve_minor(const mho_i_request *request, mho_curve **out) {
    enum { N_CURVE = 7 };
    mho_i_request r = *request;
    mho_neuron_param p;
    mho_status status = begin_loop(&r, "first-order reversal curves", N_CURVE, &p, out);
    if (status < 0) {
        return status;
    }
    mho_curve *c = *out;
    double *t = mho_i_alloc(r.ctx, 2 * N_CURVE * r.n_point, sizeof *t), *ohm = t;
    status = t ? MHO_OK : MHO_ERR_NOMEM;
    if (status == MHO_OK) {
        ohm = t + N_CURVE * r.n_point;
        add_loop(&r, &p, "", c);
        status =
            mho_vo2_forc(r.ctx, &p, true, p.t_c_K - 5, p.t_c_K + 20, N_CURVE, r.n_point, t, ohm);
    }
    for (size_t j = 0; j < N_CURVE && status == MHO_OK; j++) {
        char name[MHO_CURVE_NAME];
        snprintf(name, sizeof name, "back from %.1f K", t[j * r.n_point]);
        mho_i_curve_trace(c, name);
        for (size_t k = 0; k < r.n_point; k++) {
            size_t at = j * r.n_point + k;
            mho_i_curve_row(c, (const double[]){t[at], ohm[at], NAN});
        }
    }
    mho_i_free(r.ctx, t);
    if (status < 0) {
        mho_curve_free(c);
        *out = NULL;
    }
    return status;
}

/* ---- the neuron ---- */

static mho_status design_of(const mho_i_request *r, mho_neuron_param *p, mho_neuron_design *d) {
    mho_status status = mho_card_to_neuron(r->ctx, r->card, p);
    return status == MHO_OK ? mho_neuron_design_relu(r->ctx, p, 1, 1.6, d) : status;
}

mho_status mho_i_curve_transfer(const mho_i_request *request, mho_curve **out) {
    static const mho_curve_col col[] = {{"z", "", false, false},
                                        {"output", "V", false, true},
                                        {"relu", "V", false, true},
                                        {"input", "V", false, false},
                                        {"temperature", "K", false, false}};
    mho_i_request r = *request;
    mho_neuron_param p;
    mho_neuron_design d;
    mho_status status = mho_i_request_range(&r, -1, 1, 81, -10, 10, "");
    if (status == MHO_OK) {
        status = design_of(&r, &p, &d);
    }
    if (status == MHO_OK) {
        status =
            mho_i_curve_new(&r, "transfer curve of the designed neuron", col, 5, r.n_point, out);
    }
    if (status < 0) {
        return status;
    }
    const mho_neuron_device nominal = {0};
    const mho_neuron_circuit *c = &d.circuit;
    double knee = 0, top = 0, at;
    status =
        mho_neuron_output(r.ctx, &p, c, &nominal, fmax(c->v_bias_V - c->v_swing_V, 0), &knee, &at);
    if (status == MHO_OK) {
        status = mho_neuron_output(r.ctx, &p, c, &nominal, c->v_bias_V + c->v_swing_V, &top, &at);
    }
    mho_i_curve_trace(*out, "");
    for (size_t k = 0; k < r.n_point && status == MHO_OK; k++) {
        double z = mho_i_request_at(&r, k), v = fmax(c->v_bias_V + z * c->v_swing_V, 0), y, t;
        status = mho_neuron_output(r.ctx, &p, c, &nominal, v, &y, &t);
        mho_i_curve_row(*out, (const double[]){z, y, knee + (top - knee) * fmax(z, 0), v, t});
    }
    if (status < 0) {
        mho_curve_free(*out);
        *out = NULL;
        return status;
    }
    mho_i_curve_note(*out, "%.2f %% of the span from a ReLU, rms over z in [-1, 1]",
                     100 * d.relu_error_rel);
    return MHO_OK;
}

/* Noise of the output: the card's jitter of the transition temperature, and what fluctuations of
 * the temperature alone would give, sqrt(kB T^2/cth), each times dVout/dTc. */
mho_status mho_i_curve_jitter(const mho_i_request *request, mho_curve **out) {
    static const mho_curve_col col[] = {{"z", "", false, false},
                                        {"output", "V", false, false},
                                        {"jitter", "V", true, true},
                                        {"limit", "V", true, true},
                                        {"jitter_span", "", false, false}};
    mho_i_request r = *request;
    mho_neuron_param p;
    mho_neuron_design d;
    mho_status status = mho_i_request_range(&r, -1, 1, 41, -10, 10, "");
    if (status == MHO_OK) {
        status = design_of(&r, &p, &d);
    }
    if (status == MHO_OK) {
        status = mho_i_curve_new(&r, "noise of the output", col, 5, r.n_point, out);
    }
    if (status < 0) {
        return status;
    }
    const double h = 0.01; /* K, small against any loop */
    const mho_neuron_device nominal = {0}, up = {.d_t_c_K = h}, down = {.d_t_c_K = -h};
    const mho_neuron_circuit *c = &d.circuit;
    double worst = 0, limit_K = 0;
    mho_i_curve_trace(*out, "");
    mho_i_curve_quantity(*out, "noise, rms");
    for (size_t k = 0; k < r.n_point && status == MHO_OK; k++) {
        double z = mho_i_request_at(&r, k), v = fmax(c->v_bias_V + z * c->v_swing_V, 0), y, a, b, t;
        status = mho_neuron_output(r.ctx, &p, c, &nominal, v, &y, &t);
        status = status == MHO_OK ? mho_neuron_output(r.ctx, &p, c, &up, v, &a, NULL) : status;
        status = status == MHO_OK ? mho_neuron_output(r.ctx, &p, c, &down, v, &b, NULL) : status;
        if (status == MHO_OK) {
            double slope = fabs(a - b) / (2 * h), jitter = slope * p.jitter_K;
            limit_K = t * sqrt(MHO_K_B_J_PER_K / p.cth_J_per_K);
            worst = fmax(worst, jitter / d.v_span_V);
            mho_i_curve_row(*out,
                            (const double[]){z, y, jitter, slope * limit_K, jitter / d.v_span_V});
        }
    }
    if (status < 0) {
        mho_curve_free(*out);
        *out = NULL;
        return status;
    }
    mho_i_curve_note(*out, "jitter %.0f mK: at most %.2f %% of the span; fundamental limit %.1f mK",
                     1e3 * p.jitter_K, 100 * worst, 1e3 * limit_K);
    return MHO_OK;
}

/* Column of a trace by name; the transient's order is its own business. */
static const double *column(const mho_trace *t, const char *name) {
    for (size_t k = 0; k < mho_trace_columns(t); k++) {
        if (strcmp(mho_trace_name(t, k), name) == 0) {
            return mho_trace_column(t, k);
        }
    }
    return NULL;
}

static mho_status add_response(const mho_i_request *r, const mho_trace *t, mho_curve **out) {
    static const mho_curve_col col[] = {{"time", "s", false, false},
                                        {"rise", "K", false, true},
                                        {"output", "V", false, false},
                                        {"drive", "V", false, false},
                                        {"film", "ohm", true, false}};
    const double *time = mho_trace_column(t, 0), *rise = column(t, "rise"),
                 *v_out = column(t, "v_out"), *drive = column(t, "drive"),
                 *film = column(t, "film");
    if (!rise || !v_out || !drive || !film) {
        return mho_i_fail(r->ctx, MHO_ERR_INTERNAL, "the trace of a neuron has other columns");
    }
    size_t n = mho_trace_rows(t);
    mho_status status = mho_i_curve_new(r, "response in time", col, 5, n, out);
    if (status == MHO_OK) {
        mho_i_curve_trace(*out, "");
        size_t every = r->n_point && n > r->n_point ? (n + r->n_point - 1) / r->n_point : 1;
        for (size_t k = 0; k < n; k += every) {
            mho_i_curve_row(*out, (const double[]){time[k], rise[k], v_out[k], drive[k], film[k]});
        }
    }
    return status;
}

mho_status mho_i_curve_response(const mho_i_request *r, mho_curve **out) {
    mho_neuron_param p;
    mho_neuron_design d;
    mho_status status = design_of(r, &p, &d);
    if (status < 0) {
        return status;
    }
    const mho_neuron_device nominal = {0};
    const mho_transient_opt opt = MHO_TRANSIENT_OPT_INIT;
    mho_neuron_evaluation e;
    mho_trace *trace = NULL;
    status = mho_neuron_evaluate_transient(r->ctx, &p, &d.circuit, &nominal,
                                           d.circuit.v_bias_V + 0.5 * d.circuit.v_swing_V, NULL,
                                           &opt, &e, &trace);
    if (status == MHO_OK) {
        status = add_response(r, trace, out);
    }
    mho_trace_free(trace);
    if (status == MHO_OK) {
        char a[40], b[40], c[40];
        mho_i_curve_note(*out,
                         "full scale, reset, settle at z = 0.5, read: 1 %% of the span after %s, "
                         "cold to 1 %% after %s",
                         mho_quantity_format(e.settle_1pct_s, "s", 3, a, sizeof a),
                         mho_quantity_format(e.reset_1pct_s, "s", 3, b, sizeof b));
        mho_i_curve_note(*out, "energy delivered %s, balance closes to %.1e",
                         mho_quantity_format(e.total.heater_source_J + e.total.read_source_J, "J",
                                             3, c, sizeof c),
                         e.total.residual_rel);
    }
    return status;
}
