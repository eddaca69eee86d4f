/* curve_opto.c - the optomemristor on the bench: gate table, trace, photocurrent. Nominal cell. */
#include "curve_int.h"

#include <math.h>

static mho_status quiet(const mho_i_request *r, mho_opto_param *p) {
    mho_status status = mho_card_to_opto(r->ctx, r->card, p);
    p->cycle_sd_rel = p->cell_sd_rel = p->read_sd_rel = 0;
    return status;
}

/* Gate: states in the middle of the straight parts, as in the reference table. */
#define X_UP   0.2
#define X_DOWN 0.7

static double change(const mho_opto_param *p, double x, double e, int way) {
    double v = way > 0 ? p->v_write_p_V : way < 0 ? -p->v_write_n_V : 0;
    return way ? mho_opto_state_after(p, x, e, v, p->write_s, 1) - x : 0;
}

mho_status mho_i_curve_gate(const mho_i_request *request, mho_curve **out) {
    static const mho_curve_col col[] = {{"eligibility", "", false, false},
                                        {"light_only", "", false, false},
                                        {"pulse_up", "", false, true},
                                        {"pulse_down", "", false, true}};
    mho_i_request r = *request;
    mho_opto_param p;
    mho_status status = mho_i_request_range(&r, 0, 1, 11, 0, 1, "");
    if (status == MHO_OK) {
        status = quiet(&r, &p);
    }
    if (status == MHO_OK) {
        status = mho_i_curve_new(&r, "gate: change of the state", col, 4, r.n_point, out);
    }
    if (status < 0) {
        return status;
    }
    mho_i_curve_trace(*out, "");
    mho_i_curve_quantity(*out, "change of x");
    for (size_t k = 0; k < r.n_point; k++) {
        double e = mho_i_request_at(&r, k);
        mho_i_curve_row(*out, (const double[]){e, change(&p, X_UP, e, 0), change(&p, X_UP, e, 1),
                                               change(&p, X_DOWN, e, -1)});
    }
    mho_i_curve_note(*out, "electrical only: %+.4f from x = %g, %+.4f from x = %g",
                     change(&p, X_UP, 0, 1), X_UP, change(&p, X_DOWN, 0, -1), X_DOWN);
    mho_i_curve_note(*out, "light only:      %+.4f", change(&p, X_UP, 1, 0));
    mho_i_curve_note(*out, "both:            %+.4f and %+.4f", change(&p, X_UP, 1, 1),
                     change(&p, X_DOWN, 1, -1));
    mho_i_curve_note(*out, "pulses %+g V and %+g V of %g s", p.v_write_p_V, -p.v_write_n_V,
                     p.write_s);
    return MHO_OK;
}

mho_status mho_i_curve_decay(const mho_i_request *request, mho_curve **out) {
    static const mho_curve_col col[] = {{"time", "s", false, false},
                                        {"carriers", "", true, true},
                                        {"change", "", false, false},
                                        {"photocurrent", "A", false, false}};
    mho_i_request r = *request;
    mho_opto_param p;
    mho_status status = quiet(&r, &p);
    if (status == MHO_OK) {
        status = mho_i_request_range(&r, 0, 5 * p.tau_s, 51, 0, 1e9, "s");
    }
    if (status == MHO_OK) {
        status = mho_i_curve_new(&r, "trace of a marking light pulse", col, 4, r.n_point, out);
    }
    if (status < 0) {
        return status;
    }
    double n0 = mho_opto_carriers_after(&p, 0, p.mark_power_rel, p.mark_s);
    mho_i_curve_trace(*out, "");
    for (size_t k = 0; k < r.n_point; k++) {
        double t = mho_i_request_at(&r, k), n = mho_opto_carriers_after(&p, n0, 0, t);
        double i = mho_opto_current_A(&p, X_UP, n, p.v_read_V) -
                   mho_opto_current_A(&p, X_UP, 0, p.v_read_V);
        mho_i_curve_row(*out, (const double[]){t, n, change(&p, X_UP, n, 1), i});
    }
    double late = mho_opto_carriers_after(&p, n0, 0, p.tau_s);
    mho_i_curve_note(*out, "n = %.4f after the mark, %.4f a time tau = %g s later: 1/e is %.4f", n0,
                     late, p.tau_s, n0 * exp(-1));
    return MHO_OK;
}

mho_status mho_i_curve_light(const mho_i_request *request, mho_curve **out) {
    static const mho_curve_col col[] = {{"power", "", true, false},
                                        {"carriers", "", true, true},
                                        {"photocurrent", "A", true, false},
                                        {"exponent", "", false, false}};
    mho_i_request r = *request;
    mho_opto_param p;
    mho_status status = mho_i_request_range(&r, 1e-3, 1e5, 41, 1e-12, 1e12, "");
    if (status == MHO_OK) {
        status = quiet(&r, &p);
    }
    if (status == MHO_OK) {
        status = mho_i_curve_new(&r, "steady photocurrent", col, 4, r.n_point, out);
    }
    if (status < 0) {
        return status;
    }
    double first = NAN, last = NAN;
    mho_i_curve_trace(*out, "");
    for (size_t k = 0; k < r.n_point; k++) {
        double power = mho_i_request_log_at(&r, k), h = 1e-3;
        /* long enough for any tau: the exact solution has settled */
        double n = mho_opto_carriers_after(&p, 0, power, 1e3 * p.tau_s);
        double more = mho_opto_carriers_after(&p, 0, power * (1 + h), 1e3 * p.tau_s);
        double less = mho_opto_carriers_after(&p, 0, power / (1 + h), 1e3 * p.tau_s);
        double exponent = log(more / less) / (2 * log1p(h));
        double i = mho_opto_current_A(&p, X_UP, n, p.v_read_V) -
                   mho_opto_current_A(&p, X_UP, 0, p.v_read_V);
        mho_i_curve_row(*out, (const double[]){power, n, i, exponent});
        first = k == 0 ? exponent : first;
        last = exponent;
    }
    mho_i_curve_note(*out, "exponent %.3f at %g P0, %.3f at %g P0", first, r.from, last, r.to);
    return MHO_OK;
}
