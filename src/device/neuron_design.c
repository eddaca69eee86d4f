/* neuron_design.c - where the Mott neuron should work: heater bias, swing and load that bring its
 * transfer curve over z in [-1, 1] closest to a ReLU.
 *
 * Three unknowns: temperature rise at the bias, step to full scale, load over the film at full
 * scale. A coarse grid finds the basin, Levenberg-Marquardt (cminpack) the optimum. The read bias
 * follows from the allowed self-heating: the film takes at most Vb^2/(4 RL). */
#include "device_int.h"

#include <cminpack.h>
#include <math.h>
#include <string.h>

enum { N_Z = 81, N_UNKNOWN = 3 };

typedef struct problem {
    const mho_neuron_param *p;
    double v_max_V, z_max;
} problem;

static double heater_ohm(const mho_neuron_param *p, double rise_K) {
    return p->r_heater_ohm * (1 + p->heater_tcr_per_K * (p->t_base_K + rise_K - 300));
}

/* Circuit for rises at z = 0 and z = 1 and a load. The amplifier output is linear in z, so that the
 * series resistor for v(z_max) = v_max is explicit; where the heater alone takes less, v_max
 * shrinks. */
static mho_neuron_circuit circuit_for(const problem *q, double rise_b, double rise_f,
                                      double r_load) {
    const mho_neuron_param *p = q->p;
    double rth = p->rth_K_per_W * (1 - exp(-p->settle_tau));
    double rh_b = heater_ohm(p, rise_b), rh_f = heater_ohm(p, rise_f);
    double i_b = sqrt(rise_b / rth / rh_b), i_f = sqrt(rise_f / rth / rh_f);
    double i_top = i_b + q->z_max * (i_f - i_b);
    double v_heater_top = rh_b * i_b + q->z_max * (rh_f * i_f - rh_b * i_b);
    double r_s = fmax((q->v_max_V - v_heater_top) / i_top, 0);
    mho_neuron_circuit c = {.r_series_ohm = r_s, .r_load_ohm = r_load};
    c.v_bias_V = (r_s + rh_b) * i_b;
    c.v_swing_V = (r_s + rh_f) * i_f - c.v_bias_V;
    c.v_max_V = c.v_bias_V + q->z_max * c.v_swing_V;
    c.v_read_V = sqrt(4 * r_load * p->film_heat_K / p->rth_K_per_W);
    return c;
}

/* Outputs at N_Z points of z in [-1, 1]; rise_before: history. false on runaway. */
static bool outputs(const problem *q, const mho_neuron_circuit *c, double rise_before,
                    double *v_out) {
    const mho_neuron_device nominal = {0};
    mho_i_neuron n;
    mho_i_curve curve;
    mho_i_neuron_init(&n, q->p, c, &nominal, rise_before);
    if (!mho_i_curve_make(&n, c->v_bias_V + c->v_swing_V, &curve)) {
        return false;
    }
    int hint = 0;
    for (int k = 0; k < N_Z; k++) {
        double v = c->v_bias_V + (2.0 * k / (N_Z - 1) - 1) * c->v_swing_V;
        v_out[k] = mho_i_curve_at(&curve, fmax(v, 0), NULL, &hint);
    }
    return true;
}

/* Residuals of the best a*max(0,z) + b, over the span; their rms is the ReLU error. */
static void relu_residuals(const double *y, double *res) {
    double sr = 0, srr = 0, sy = 0, sry = 0;
    for (int k = 0; k < N_Z; k++) {
        double r = fmax(2.0 * k / (N_Z - 1) - 1, 0);
        sr += r;
        srr += r * r;
        sy += y[k];
        sry += r * y[k];
    }
    double a = (N_Z * sry - sr * sy) / (N_Z * srr - sr * sr), b = (sy - a * sr) / N_Z;
    double span = fmax(y[N_Z - 1] - y[0], 1e-30);
    for (int k = 0; k < N_Z; k++) {
        res[k] = (y[k] - a * fmax(2.0 * k / (N_Z - 1) - 1, 0) - b) / span;
    }
}

static double rms(const double *x, int n) {
    double s = 0;
    for (int k = 0; k < n; k++) {
        s += x[k] * x[k];
    }
    return sqrt(s / n);
}

/* A load far below the film would flatter the ReLU error and leave no output voltage. */
#define LOAD_RATIO_MIN 0.3

/* unknowns: log rise_b, log (rise_f - rise_b), log (load/film(full) - LOAD_RATIO_MIN) */
static mho_neuron_circuit decode(const problem *q, const double *x, double *rise_b,
                                 double *rise_f) {
    *rise_b = exp(x[0]);
    *rise_f = *rise_b + exp(x[1]);
    const mho_neuron_device nominal = {0};
    const mho_neuron_circuit none = {0};
    mho_i_neuron n;
    mho_i_neuron_init(&n, q->p, &none, &nominal, *rise_f);
    double film = mho_i_neuron_film_ohm(&n, *rise_f, NULL);
    return circuit_for(q, *rise_b, *rise_f, film * (LOAD_RATIO_MIN + exp(x[2])));
}

static int residual_fn(void *user, int m, int n, const double *x, double *res, int flag) {
    (void)n;
    (void)flag;
    const problem *q = user;
    double rise_b, rise_f, y[N_Z];
    mho_neuron_circuit c = decode(q, x, &rise_b, &rise_f);
    if (rise_f > 300 || !outputs(q, &c, rise_f, y)) {
        for (int k = 0; k < m; k++) {
            res[k] = 10;
        }
        return 0;
    }
    relu_residuals(y, res);
    return 0;
}

static void search(const problem *q, double *best) {
    double centre = q->p->t_c_K + q->p->width_K / 2 - q->p->t_base_K, top = 1e9, res[N_Z];
    double soft = 1 / q->p->beta_per_K; /* half-width of the transition, K */
    for (int i = 0; i < 9; i++) {
        for (int j = 0; j < 6; j++) {
            for (int k = 0; k < 5; k++) {
                double rise_b = centre + soft * (-1.2 + 0.3 * i);
                if (rise_b <= 0.5) {
                    continue;
                }
                double x[N_UNKNOWN] = {log(rise_b), log(soft * (0.4 + 0.3 * j)),
                                       log(0.05) + 0.8 * k};
                residual_fn((void *)q, N_Z, N_UNKNOWN, x, res, 1);
                double e = rms(res, N_Z);
                if (e < top) {
                    top = e;
                    memcpy(best, x, sizeof x);
                }
            }
        }
    }
}

static void refine(const problem *q, double *x) {
    double res[N_Z], work[N_Z * N_UNKNOWN + 5 * N_UNKNOWN + N_Z];
    int iwork[N_UNKNOWN];
    double start[N_UNKNOWN], before, after;
    memcpy(start, x, sizeof start);
    residual_fn((void *)q, N_Z, N_UNKNOWN, x, res, 1);
    before = rms(res, N_Z);
    lmdif1(residual_fn, (void *)q, N_Z, N_UNKNOWN, x, res, 1e-8, iwork, work,
           (int)(sizeof work / sizeof *work));
    after = rms(res, N_Z);
    if (!(after <= before)) {
        memcpy(x, start, sizeof start);
    }
}

static double max_difference(const double *a, const double *b) {
    double d = 0;
    for (int k = 0; k < N_Z; k++) {
        d = fmax(d, fabs(a[k] - b[k]));
    }
    return d;
}

static void describe(const mho_neuron_param *p, double rise_b, double rise_f, const double *y,
                     const double *fresh, mho_neuron_design *out) {
    double res[N_Z];
    relu_residuals(y, res);
    out->rise_bias_K = rise_b;
    out->rise_full_K = rise_f;
    out->relu_error_rel = rms(res, N_Z);
    out->v_span_V = y[N_Z - 1] - y[0];
    out->floor_rel = y[0] / y[N_Z - 1];
    out->memory_rel = max_difference(y, fresh) / out->v_span_V;
    out->tau_s = p->rth_K_per_W * p->cth_J_per_K;
    out->settle_s = p->settle_tau * p->latent_ratio * out->tau_s;
    out->reset_s = p->reset_tau * p->latent_ratio * out->tau_s;
    out->read_s = p->read_s;
    const mho_neuron_circuit *c = &out->circuit;
    double i_film = y[(N_Z - 1) / 2] / c->r_load_ohm;
    out->energy_J = (out->settle_s + out->read_s) * c->v_bias_V * c->v_bias_V /
                        (c->r_series_ohm + heater_ohm(p, rise_b)) +
                    out->read_s * c->v_read_V * i_film;
}

mho_status mho_neuron_design_relu(mho_ctx *ctx, const mho_neuron_param *param, double v_max_V,
                                  double z_max, mho_neuron_design *out) {
    if (!(v_max_V > 0) || !(z_max >= 1 && z_max <= 10)) {
        return mho_i_fail(
            ctx, MHO_ERR_ARG,
            "neuron design with v_max = %g V, z_max = %g: a positive voltage and z_max "
            "from 1 to 10 are wanted",
            v_max_V, z_max);
    }
    if (param->t_c_K + param->width_K / 2 - param->t_base_K < 1) {
        return mho_i_fail(
            ctx, MHO_ERR_ARG,
            "t_base = %g K lies above the heating branch at %g K: the base must be cooler",
            param->t_base_K, param->t_c_K + param->width_K / 2);
    }
    problem q = {param, v_max_V, z_max};
    double x[N_UNKNOWN] = {0}, y[N_Z], fresh[N_Z], rise_b, rise_f;
    search(&q, x);
    refine(&q, x);
    mho_neuron_circuit c = decode(&q, x, &rise_b, &rise_f);
    if (!outputs(&q, &c, rise_f, y) || !outputs(&q, &c, 0, fresh) ||
        !(y[N_Z - 1] > y[0] * (1 + 1e-9))) { /* more than rounding */
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "no working point found: the film has no usable transition "
                          "above the base temperature %g K",
                          param->t_base_K);
    }
    out->circuit = c;
    describe(param, rise_b, rise_f, y, fresh, out);
    return MHO_OK;
}
