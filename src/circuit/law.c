/* law.c - current and slope of cells: ohmic, sinh, or the user's; in series with a selector if
 * there is one, whose share of the voltage is found by Newton's method kept inside a bracket. */
#include "circuit_int.h"

#include <string.h>

/* exp(x) for |x| <= 708 to 2 ulp: 2^k times a Taylor polynomial on |r| <= ln(2)/2; beyond that the
 * ends of the range. Branch-free, so that compilers vectorise the loops that use it. */
static inline __attribute__((always_inline)) double exp_inline(double x) {
    x = x > 708 ? 708 : x < -708 ? -708 : x;
    const double shift = 0x1.8p52;
    double t = x * 1.44269504088896340736 + shift, k = t - shift;
    double r = (x - k * 6.93147180369123816490e-01) - k * 1.90821492927058770002e-10;
    double p = 1.0 / 6227020800;
    p = p * r + 1.0 / 479001600;
    p = p * r + 1.0 / 39916800;
    p = p * r + 1.0 / 3628800;
    p = p * r + 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    p = p * r + 1;
    p = p * r + 1;
    uint64_t bits;
    memcpy(&bits, &t, sizeof bits);
    bits = (bits << 52) + ((uint64_t)1023 << 52);
    double scale;
    memcpy(&scale, &bits, sizeof scale);
    return p * scale;
}

/* i = g sinh(a v)/a, slope = g cosh(a v); the series keeps small arguments exact. */
MHO_MULTIARCH static void law_sinh(size_t n, double a, const double *g, const double *v, double *i,
                                   double *slope) {
    double inv_a = 1 / a;
    for (size_t k = 0; k < n; k++) {
        double x = a * v[k], e = exp_inline(x), ie = 1 / e, x2 = x * x;
        double small =
            x * (1 + x2 * (1.0 / 6 + x2 * (1.0 / 120 + x2 * (1.0 / 5040 + x2 * (1.0 / 362880)))));
        double s = x2 < 0.0625 ? small : 0.5 * (e - ie);
        i[k] = g[k] * inv_a * s;
        slope[k] = g[k] * 0.5 * (e + ie);
    }
}

static void law_user(const mho_array *a, size_t row, size_t n, const double *g, const double *v,
                     double *i, double *slope) {
    if (!a->opt.transposed) {
        a->opt.law_fn(a->opt.law_user, row * a->n_col, n, g, v, i, slope);
        return;
    }
    for (size_t k = 0; k < n; k++) { /* a line of the network is a column of the user's array */
        double word_minus_bit = -v[k];
        a->opt.law_fn(a->opt.law_user, mho_i_circuit_user_cell(a, row, k), 1, g + k,
                      &word_minus_bit, i + k, slope + k);
        i[k] = -i[k];
    }
}

/* Stuck cells are resistors whatever the law. */
static void law_stuck(const mho_array *a, size_t row, size_t n, const double *v, double *i,
                      double *slope) {
    for (size_t k = 0; k < n; k++) {
        unsigned char stuck = a->opt.stuck[mho_i_circuit_user_cell(a, row, k)];
        if (stuck != MHO_STUCK_NO) {
            slope[k] = stuck == MHO_STUCK_SHORT ? a->opt.g_short_S : 0;
            i[k] = slope[k] * v[k];
        }
    }
}

static void law_cells(const mho_array *a, size_t row, const double *v, double *i, double *slope) {
    size_t n = a->net.n;
    const double *g = a->g_S + row * n;
    switch (a->opt.law) {
    case MHO_LAW_OHMIC:
        for (size_t k = 0; k < n; k++) {
            i[k] = g[k] * v[k];
            slope[k] = g[k];
        }
        break;
    case MHO_LAW_SINH:
        law_sinh(n, a->opt.law_a, g, v, i, slope);
        break;
    case MHO_LAW_USER:
        law_user(a, row, n, g, v, i, slope);
        break;
    }
    if (a->opt.stuck && a->opt.law != MHO_LAW_OHMIC) {
        law_stuck(a, row, n, v, i, slope);
    }
}

/* Current of the series element of network cell (row, k) at voltage x. */
static double selector_current(const mho_array *a, size_t row, size_t k, double x, double *slope) {
    const mho_array_opt *o = &a->opt;
    if (o->selector == MHO_SELECTOR_SERIES) {
        double r = o->r_series_cell_ohm ? o->r_series_cell_ohm[mho_i_circuit_user_cell(a, row, k)]
                                        : o->r_series_ohm;
        *slope = 1 / fmax(r, 1e-15);
        return x * *slope;
    }
    double i;
    law_sinh(1, o->selector_a, &o->selector_g_S, &x, &i, slope);
    return i;
}

/* One step of the search for the voltage u of the cell, its current i and slope being known there.
 * Returns whether u moved by more than rounding. */
static bool divide_step(const mho_array *a, size_t row, size_t k, double v, double i, double slope,
                        double *u, double *lo, double *hi) {
    double s_slope, f = i - selector_current(a, row, k, v - *u, &s_slope);
    if (f > 0) {
        *hi = *u;
    } else {
        *lo = *u;
    }
    double next = *u - f / (slope + s_slope);
    if (!(next >= *lo && next <= *hi)) {
        next = 0.5 * (*lo + *hi);
    }
    bool moved = fabs(next - *u) > 1e-15 * fabs(v);
    *u = next;
    return moved;
}

/* work: [3][n] */
void mho_i_law_row(const mho_array *a, size_t row, const double *v, double *i, double *slope,
                   double *work) {
    if (!a->nonlinear || a->opt.selector == MHO_SELECTOR_NONE) {
        law_cells(a, row, v, i, slope);
        return;
    }
    size_t n = a->net.n;
    double *u = work, *lo = u + n, *hi = lo + n;
    for (size_t k = 0; k < n; k++) {
        lo[k] = fmin(v[k], 0);
        hi[k] = fmax(v[k], 0);
        u[k] = 0.5 * v[k];
    }
    bool moved = true;
    for (int step = 0; step < 100 && moved; step++) {
        moved = false;
        law_cells(a, row, u, i, slope);
        for (size_t k = 0; k < n; k++) {
            moved = divide_step(a, row, k, v[k], i[k], slope[k], u + k, lo + k, hi + k) || moved;
        }
    }
    law_cells(a, row, u, i, slope);
    for (size_t k = 0; k < n; k++) {
        double s;
        selector_current(a, row, k, v[k] - u[k], &s);
        slope[k] = slope[k] > 0 ? slope[k] * (s / (slope[k] + s)) : 0;
    }
}

mho_status mho_i_law_eval(mho_array *a, const double *v_V, double *i_A, double *slope_S,
                          double *work) {
    for (size_t row = 0; row < a->net.m; row++) {
        size_t at = row * a->net.n;
        mho_i_law_row(a, row, v_V + at, i_A + at, slope_S + at, work);
    }
    return MHO_OK;
}
