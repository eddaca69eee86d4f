/* opto.c - one optomemristor: carriers, writing, current. Equations in mho/opto.h.
 *
 * Carriers: with constant light the equation is of Riccati type. With D = sqrt(1/tau^2 + 4 Bn g),
 * g = gen P, it settles at n1 = 2 g/(D + 1/tau), and u = n - n1 obeys u' = -D u - Bn u^2, which
 * gives u(t) = u0 E/(1 + (Bn/D)(1 - E) u0), E = exp(-D t). No case distinction: Bn = 0 and g = 0
 * are inside.
 *
 * Writing: dx/dt = F(t) f(x) separates. The dose q = integral of F dt does not know x; then
 * dx/dq = f(x) is walked: a straight line up to the corner of f, beyond it RK4 with steps that
 * change x and 1 - x by at most a fifth of their scales. Negative writing is positive writing of
 * 1 - x with (x_n, alpha_n). */
#include "device_int.h"

#include <math.h>

/* Carriers are taken at the middle of parts of a pulse this long over tau: error of the dose below
 * PART^2/24 of it. */
#define PART_TAU   0.01
#define DARK       1e-6  /* carriers that no longer matter */
#define STEP_SCALE 0.2   /* change of x per RK4 step over its scale */
#define FULL       1e-13 /* closer to the bound than this is at the bound */

mho_i_opto_step mho_i_opto_step_make(const mho_opto_param *p, double power_rel, double duration_s) {
    double g = p->gen_per_s * power_rel, r = 1 / p->tau_s;
    double d = sqrt(r * r + 4 * p->recomb_per_s * g), e = exp(-d * duration_s);
    return (mho_i_opto_step){2 * g / (d + r), e, p->recomb_per_s / d * -expm1(-d * duration_s)};
}

double mho_i_opto_step_take(const mho_i_opto_step *s, double n) {
    double u = n - s->end;
    return s->end + u * s->decay / (1 + s->bend * u);
}

double mho_opto_carriers_after(const mho_opto_param *param, double n, double power_rel,
                               double duration_s) {
    mho_i_opto_step s = mho_i_opto_step_make(param, power_rel, duration_s);
    return mho_i_opto_step_take(&s, n);
}

double mho_i_opto_photo(const mho_opto_param *p, double x) {
    switch (p->photo) {
    case MHO_OPTO_PHOTO_REST:
        return 1 - x;
    case MHO_OPTO_PHOTO_SQRT:
        return sqrt((p->g_min_S + (p->g_max_S - p->g_min_S) * x) / p->g_max_S);
    case MHO_OPTO_PHOTO_FLAT:
        break;
    }
    return 1;
}

double mho_opto_current_A(const mho_opto_param *param, double x, double n, double v_V) {
    double g = param->g_min_S + (param->g_max_S - param->g_min_S) * x;
    return g * sinh(param->sinh_b_per_V * v_V) / param->sinh_b_per_V +
           param->g_photo_S * n * mho_i_opto_photo(param, x) * v_V;
}

static double threshold_V(const mho_opto_param *p, double n, double v_V) {
    return (v_V > 0 ? p->v_p0_V : p->v_n0_V) * (1 - p->kappa * fmin(n, 1));
}

bool mho_i_opto_writes(const mho_opto_param *p, double n, double v_V) {
    return fabs(v_V) > threshold_V(p, n, v_V);
}

/* |F| at carriers n */
static double write_rate_per_s(const mho_opto_param *p, double n, double v_V) {
    double rate = p->eta * (v_V > 0 ? p->rate_p_per_s : p->rate_n_per_s);
    return rate * fmax(exp(fabs(v_V)) - exp(threshold_V(p, n, v_V)), 0);
}

/* n_mid: carriers at the middle of the pulse, which the caller needs anyway */
static double dose(const mho_opto_param *p, double n, double n_mid, double v_V, double duration_s) {
    double part_s = PART_TAU * p->tau_s, q = 0;
    if (duration_s <= part_s) { /* the common case: a pulse far shorter than the trace */
        return write_rate_per_s(p, n_mid, v_V) * duration_s;
    }
    mho_i_opto_step half = mho_i_opto_step_make(p, 0, part_s / 2);
    while (duration_s > part_s && n > DARK) {
        n = mho_i_opto_step_take(&half, n);
        q += write_rate_per_s(p, n, v_V) * part_s;
        n = mho_i_opto_step_take(&half, n);
        duration_s -= part_s;
    }
    double middle = n > DARK ? mho_opto_carriers_after(p, n, 0, duration_s / 2) : 0;
    return q + write_rate_per_s(p, middle, v_V) * duration_s;
}

/* beyond the corner; z = 1 - x keeps its digits near the bound */
static double slowed(double z, double corner, double alpha) {
    return exp(-alpha * (1 - z - corner)) * z / (1 - corner);
}

/* z = 1 - x after dose q of positive writing with f of (corner, alpha) */
static double walk(double z, double q, double corner, double alpha) {
    double to_corner = z - (1 - corner);
    if (to_corner > 0) {
        double line = fmin(q, to_corner);
        z -= line;
        q -= line;
    }
    while (q > 0 && z > FULL) {
        double k1 = slowed(z, corner, alpha);
        double h = fmin(q, STEP_SCALE / (k1 * (alpha + 1 / z)));
        double k2 = slowed(z - h / 2 * k1, corner, alpha);
        double k3 = slowed(z - h / 2 * k2, corner, alpha);
        double k4 = slowed(z - h * k3, corner, alpha);
        z -= h / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
        q -= h;
    }
    return fmax(z, 0);
}

double mho_i_opto_state_after(const mho_opto_param *p, double x, double n, double n_mid, double v_V,
                              double duration_s, double factor) {
    double q = factor * dose(p, n, n_mid, v_V, duration_s);
    return v_V > 0 ? 1 - walk(1 - x, q, p->x_p, p->alpha_p) : walk(x, q, p->x_n, p->alpha_n);
}

double mho_opto_state_after(const mho_opto_param *param, double x, double n, double v_V,
                            double duration_s, double factor) {
    if (!mho_i_opto_writes(param, n, v_V)) {
        return x;
    }
    double n_mid = mho_opto_carriers_after(param, n, 0, duration_s / 2);
    return mho_i_opto_state_after(param, x, n, n_mid, v_V, duration_s, factor);
}
