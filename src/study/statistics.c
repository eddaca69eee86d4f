/* statistics.c - mean, spread and intervals over chips. */
#include "study_int.h"

#include <math.h>

/* Integral of Student's density from 0 to t by Simpson's rule; smooth, so 400 panels give 1e-9. */
static double half_cdf(double n, double t) {
    enum { PANELS = 400 };
    int sign; /* lgamma leaves it in a variable that all threads share */
    double c = exp(lgamma_r((n + 1) / 2, &sign) - lgamma_r(n / 2, &sign)) / sqrt(n * MHO_PI);
    double sum = 0, h = t / PANELS;
    for (int k = 0; k <= PANELS; k++) {
        double x = k * h, w = k == 0 || k == PANELS ? 1 : k % 2 ? 4 : 2;
        sum += w * pow(1 + x * x / n, -(n + 1) / 2);
    }
    return c * sum * h / 3;
}

double mho_i_student_975(size_t n_free) {
    double lo = 1, hi = 20;
    for (int k = 0; k < 60; k++) {
        double mid = 0.5 * (lo + hi);
        if (half_cdf((double)n_free, mid) < 0.475) {
            lo = mid;
        } else {
            hi = mid;
        }
    }
    return lo;
}

void mho_i_mean_sd(size_t n, const double *x, double *mean, double *sd) {
    double m = 0, s = 0;
    for (size_t k = 0; k < n; k++) {
        m += x[k] / (double)n;
    }
    for (size_t k = 0; k < n; k++) {
        s += (x[k] - m) * (x[k] - m);
    }
    *mean = m;
    *sd = n > 1 ? sqrt(s / (double)(n - 1)) : 0;
}

void mho_i_interval95(size_t n, const double *x, size_t n_image, double ci95[2]) {
    double mean, sd;
    mho_i_mean_sd(n, x, &mean, &sd);
    if (n > 1) {
        double half = mho_i_student_975(n - 1) * sd / sqrt((double)n);
        ci95[0] = fmax(mean - half, 0);
        ci95[1] = fmin(mean + half, 1);
        return;
    }
    const double z = 1.959963984540054; /* Wilson's interval of a proportion */
    double m = (double)n_image, d = 1 + z * z / m, centre = (mean + z * z / (2 * m)) / d;
    double half = z / d * sqrt(mean * (1 - mean) / m + z * z / (4 * m * m));
    ci95[0] = centre - half;
    ci95[1] = centre + half;
}
