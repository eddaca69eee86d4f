/* neuron_kernel.c - film resistance of a neuron at many temperatures at once.
 *
 * The same equations as hysteresis.c, mixing.c and vo2_neuron.c, written so that the compiler can
 * use vector versions of exp and sin (this file is built with -ffast-math; inputs are finite by
 * construction). Series and 2-D Bruggeman mixing; other laws go the plain way. A test holds it to
 * 1e-10 of the plain code. */
#include "device_int.h"

#include <math.h>

enum { LANES = 32 };

static inline double tanh_fast(double x) {
    double c = x > 20 ? 20 : x < -20 ? -20 : x; /* tanh is 1 to the last bit beyond */
    return 1 - 2 / (exp(2 * c) + 1);
}

/* One slice at LANES temperatures: resistance and its derivative by t_c are added up. */
static inline __attribute__((always_inline)) void slice_lanes(const mho_i_branch *b, double r300,
                                                              double ea_K, double r_met,
                                                              bool series, const double *t,
                                                              double *r, double *d) {
    double centre = b->direction * b->width_K / 2 + b->t_c_K;
    double inv_pr = b->t_pr_K == 0 ? 0 : 1 / b->t_pr_K, s_m = 1 / r_met;
    for (int k = 0; k < LANES; k++) {
        double x = (t[k] - b->t_r_K) * inv_pr;
        double near = 0.5 * (1 - sin(b->gamma * x)) * (1 + tanh_fast(MHO_PI * (MHO_PI - 2 * x)));
        double g = 0.5 + 0.5 * tanh_fast(b->beta_per_K * (centre - t[k] - b->t_pr_K * near));
        double r_ins = r300 * exp(ea_K * (1 / t[k] - 1 / 300.0));
        double s_i = 1 / r_ins;
        double bb = (s_m - s_i) * (1 - 2 * g);
        double root = sqrt(bb * bb + 4 * s_m * s_i);
        /* both forms are computed, the one that does not cancel is taken */
        double s = bb >= 0 ? 0.5 * (bb + root) : 2 * s_m * s_i / (root - bb);
        double dr_mix =
            2 * (s_m - s_i) / (s * root); /* -(1/s^2) ds/dg, ds/dg = -s 2 (sm - si)/root */
        double dg = 2 * b->beta_per_K * g * (1 - g);
        r[k] += series ? g * r_ins + r_met : 1 / s;
        d[k] += dg * (series ? r_ins : dr_mix);
    }
}

MHO_MULTIARCH
static void film_lanes(const mho_i_neuron *n, const double *rise, double *r, double *d) {
    for (int k = 0; k < LANES; k++) {
        r[k] = d[k] = 0;
    }
    for (int i = 0; i < n->n_slice; i++) {
        double t[LANES];
        for (int k = 0; k < LANES; k++) {
            t[k] = n->p->t_base_K + rise[k] * n->s[i];
        }
        slice_lanes(&n->branch[i], n->r300_ohm, n->p->ea_K, n->r_metal_ohm,
                    n->p->mixing == MHO_MIX_SERIES, t, r, d);
    }
    for (int k = 0; k < LANES; k++) {
        r[k] /= n->n_slice;
        d[k] /= n->n_slice;
    }
}

void mho_i_neuron_film_many(const mho_i_neuron *n, int n_rise, const double *rise_K, double *r_ohm,
                            double *d_dtc) {
    bool plain = n->p->mixing != MHO_MIX_SERIES && n->p->mixing != MHO_MIX_BRUGGEMAN_2D;
    for (int k = 0; k < n_rise; k += LANES) {
        double rise[LANES], r[LANES], d[LANES];
        int m = n_rise - k < LANES ? n_rise - k : LANES;
        for (int l = 0; l < LANES; l++) {
            rise[l] = rise_K[k + (l < m ? l : 0)];
        }
        if (!plain) {
            film_lanes(n, rise, r, d);
        }
        for (int l = 0; l < m; l++) {
            if (plain) {
                r[l] = mho_i_neuron_film_ohm(n, rise[l], &d[l]);
            }
            r_ohm[k + l] = r[l];
            d_dtc[k + l] = d[l];
        }
    }
}
