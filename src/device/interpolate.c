/* interpolate.c - curves through measured points that rise where the points rise: cubic Hermite
 * pieces with the slopes of Fritsch and Carlson, SIAM J. Numer. Anal. 17, 238 (1980), in the
 * three-point form of Fritsch and Butland (SIAM J. Sci. Stat. Comput. 5, 300 (1984)). */
#include "model_int.h"

#include <math.h>

/* Slope at an end from three points, kept monotone. */
static double end_slope(double h0, double h1, double d0, double d1) {
    double s = ((2 * h0 + h1) * d0 - h0 * d1) / (h0 + h1);
    if (s * d0 <= 0) {
        return 0;
    }
    return d0 * d1 <= 0 && fabs(s) > 3 * fabs(d0) ? 3 * d0 : s;
}

void mho_i_monotone_slopes(size_t n, const double *x, const double *y, double *slope) {
    if (n == 2) {
        slope[0] = slope[1] = (y[1] - y[0]) / (x[1] - x[0]);
        return;
    }
    for (size_t k = 1; k + 1 < n; k++) {
        double h0 = x[k] - x[k - 1], h1 = x[k + 1] - x[k];
        double d0 = (y[k] - y[k - 1]) / h0, d1 = (y[k + 1] - y[k]) / h1;
        double w0 = 2 * h1 + h0, w1 = h1 + 2 * h0;
        slope[k] = d0 * d1 <= 0 ? 0 : (w0 + w1) / (w0 / d0 + w1 / d1);
    }
    slope[0] = end_slope(x[1] - x[0], x[2] - x[1], (y[1] - y[0]) / (x[1] - x[0]),
                         (y[2] - y[1]) / (x[2] - x[1]));
    slope[n - 1] = end_slope(x[n - 1] - x[n - 2], x[n - 2] - x[n - 3],
                             (y[n - 1] - y[n - 2]) / (x[n - 1] - x[n - 2]),
                             (y[n - 2] - y[n - 3]) / (x[n - 2] - x[n - 3]));
}

double mho_i_monotone_at(size_t n, const double *x, const double *y, const double *slope, double at,
                         double *derivative) {
    if (at <= x[0] || at >= x[n - 1]) {
        size_t end = at <= x[0] ? 0 : n - 1;
        *derivative = slope[end];
        return y[end] + slope[end] * (at - x[end]);
    }
    size_t lo = 0, hi = n - 1;
    while (hi - lo > 1) {
        size_t mid = (lo + hi) / 2;
        if (x[mid] <= at) {
            lo = mid;
        } else {
            hi = mid;
        }
    }
    double h = x[hi] - x[lo], t = (at - x[lo]) / h, d = (y[hi] - y[lo]) / h;
    /* y = y0 + t h (m0 + t (c + t e)) */
    double c = 3 * d - 2 * slope[lo] - slope[hi], e = slope[lo] + slope[hi] - 2 * d;
    *derivative = slope[lo] + t * (2 * c + 3 * t * e);
    return y[lo] + t * h * (slope[lo] + t * (c + t * e));
}
