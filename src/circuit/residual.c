/* residual.c - Kirchhoff's current law at every node of the network, computed from node voltages
 * and cell currents only; what all iterative solvers stop on and what every answer is reported
 * with. */
#include "circuit_int.h"

#include <float.h>
#include <string.h>

static double end_current(double g, double v) {
    return g > 0 && !isinf(g) ? g * v : 0;
}

static double link(const mho_i_lines *l, size_t line, size_t k) {
    return l->broken && l->broken[line * (l->n_node + 1) + k] ? 0 : l->seg_S[line];
}

/* f = -i */
MHO_MULTIARCH static void negate(size_t n, const double *i, double *f) {
    for (size_t j = 0; j < n; j++) {
        f[j] = -i[j];
    }
}

/* Word wires of row i: f += T w. */
MHO_MULTIARCH static void word_wires(const mho_i_lines *l, size_t i, double u, const double *w,
                                     double *f) {
    size_t n = l->n_node;
    if (!isinf(l->seg_S[i])) {
        double s = l->seg_S[i];
        if (!l->broken) {
            for (size_t k = 1; k + 1 < n; k++) {
                f[k] += s * ((w[k] - w[k - 1]) + (w[k] - w[k + 1]));
            }
            if (n > 1) {
                f[0] += s * (w[0] - w[1]);
                f[n - 1] += s * (w[n - 1] - w[n - 2]);
            }
        } else {
            for (size_t k = 1; k < n; k++) {
                double x = link(l, i, k) * (w[k] - w[k - 1]);
                f[k] += x;
                f[k - 1] -= x;
            }
        }
    }
    f[0] += end_current(l->lo_S[i], w[0] - u);
    f[n - 1] += end_current(l->hi_S[i], w[n - 1] - u);
}

/* Bit wires between rows i - 1 and i. */
MHO_MULTIARCH static void bit_wires(size_t n, const double *s, const double *b0, const double *b1,
                                    double *f0, double *f1) {
    for (size_t j = 0; j < n; j++) {
        double x = s[j] * (b1[j] - b0[j]);
        f1[j] += x;
        f0[j] -= x;
    }
}

static void bit_wires_any(const mho_i_lines *l, size_t i, const double *b0, const double *b1,
                          double *f0, double *f1) {
    for (size_t j = 0; j < l->n_line; j++) {
        if (!isinf(l->seg_S[j])) {
            double x = link(l, j, i) * (b1[j] - b0[j]);
            f1[j] += x;
            f0[j] -= x;
        }
    }
}

void mho_i_net_kirchhoff(const mho_i_net *net, const mho_i_field *f) {
    size_t m = net->m, n = net->n;
    const mho_i_lines *s = &net->sense;
    for (size_t i = 0; i < m; i++) {
        size_t at = i * f->ld;
        memcpy(f->fw_A + at, f->i_A + at, n * sizeof *f->fw_A);
        negate(n, f->i_A + at, f->fb_A + at);
        word_wires(&net->drive, i, f->u_V[i], f->w_V + at, f->fw_A + at);
        if (i && (s->any_ideal || s->broken)) {
            bit_wires_any(s, i, f->b_V + at - f->ld, f->b_V + at, f->fb_A + at - f->ld,
                          f->fb_A + at);
        } else if (i) {
            bit_wires(n, s->seg_S, f->b_V + at - f->ld, f->b_V + at, f->fb_A + at - f->ld,
                      f->fb_A + at);
        }
    }
    for (size_t j = 0; j < n; j++) {
        size_t last = (m - 1) * f->ld + j;
        f->fb_A[j] += end_current(s->lo_S[j], f->b_V[j] - s->pot_V[j]);
        f->fb_A[last] += end_current(s->hi_S[j], f->b_V[last] - s->pot_V[j]);
    }
}

/* fmax that keeps a NaN: a residual that is not a number must not look small */
static double larger(double a, double b) {
    return b > a || b != b ? b : a;
}

/* Largest |sum over a piece| of an ideal line; tied pieces count nothing. */
static double ideal_worst(const mho_i_lines *l, size_t line, const double *f, size_t step) {
    double worst = 0, sum = 0;
    bool tied = isinf(l->lo_S[line]);
    for (size_t k = 0; k < l->n_node; k++) {
        if (k && link(l, line, k) == 0) {
            worst = tied ? worst : larger(worst, fabs(sum));
            sum = 0;
            tied = false;
        }
        sum += f[k * step];
    }
    return tied || isinf(l->hi_S[line]) ? worst : larger(worst, fabs(sum));
}

/* *worst = max(*worst, |f|), or what is not finite. Doubles >= 0 are ordered like the integers of
 * the same bits, NAN above all: one vectorisable comparison does both. */
MHO_MULTIARCH static void max_abs(size_t n, const double *f, double *worst) {
    int64_t most;
    memcpy(&most, worst, sizeof most);
    for (size_t k = 0; k < n; k++) {
        int64_t x;
        memcpy(&x, f + k, sizeof x);
        x &= INT64_MAX;
        most = x > most ? x : most;
    }
    memcpy(worst, &most, sizeof most);
}

/* Largest sum of |current| of a row and of a column; in eight columns at a time for the latter. */
MHO_MULTIARCH static double line_scale(const mho_i_net *net, const mho_i_field *f) {
    double scale = 0;
    for (size_t i = 0; i < net->m; i++) {
        const double *x = f->i_A + i * f->ld;
        double s[8] = {0}, sum = 0;
        size_t j = 0;
        for (; j + 8 <= net->n; j += 8) {
            for (size_t u = 0; u < 8; u++) {
                s[u] += fabs(x[j + u]);
            }
        }
        for (; j < net->n; j++) {
            sum += fabs(x[j]);
        }
        for (size_t u = 0; u < 8; u++) {
            sum += s[u];
        }
        scale = sum > scale ? sum : scale;
    }
    for (size_t j0 = 0; j0 < net->n; j0 += 16) {
        size_t width = net->n - j0 < 16 ? net->n - j0 : 16;
        double s[16] = {0};
        for (size_t i = 0; i < net->m; i++) {
            const double *x = f->i_A + i * f->ld + j0;
            if (width == 16) {
                for (size_t u = 0; u < 16; u++) {
                    s[u] += fabs(x[u]);
                }
            } else {
                for (size_t u = 0; u < width; u++) {
                    s[u] += fabs(x[u]);
                }
            }
        }
        for (size_t u = 0; u < width; u++) {
            scale = s[u] > scale ? s[u] : scale;
        }
    }
    return scale;
}

void mho_i_net_measure(const mho_i_net *net, const mho_i_field *f, double *worst_A,
                       double *scale_A) {
    *worst_A = 0;
    const mho_i_lines *d = &net->drive, *s = &net->sense;
    for (size_t i = 0; i < net->m; i++) {
        if (isinf(d->seg_S[i])) {
            *worst_A = larger(*worst_A, ideal_worst(d, i, f->fw_A + i * f->ld, 1));
        } else {
            max_abs(net->n, f->fw_A + i * f->ld, worst_A);
        }
        if (!s->any_ideal) {
            max_abs(net->n, f->fb_A + i * f->ld, worst_A);
        }
    }
    for (size_t j = 0; j < net->n && s->any_ideal; j++) {
        if (isinf(s->seg_S[j])) {
            *worst_A = larger(*worst_A, ideal_worst(s, j, f->fb_A + j, f->ld));
        } else {
            for (size_t i = 0; i < net->m; i++) {
                *worst_A = larger(*worst_A, fabs(f->fb_A[i * f->ld + j]));
            }
        }
    }
    *scale_A = line_scale(net, f);
}

static double thickest(const mho_i_lines *l) {
    double most = 0;
    for (size_t k = 0; k < l->n_line; k++) {
        const double g[3] = {l->seg_S[k], l->lo_S[k], l->hi_S[k]};
        for (int u = 0; u < 3; u++) {
            most = !isinf(g[u]) && g[u] > most ? g[u] : most;
        }
    }
    return most;
}

double mho_i_net_thickest(const mho_i_net *net) {
    double g = fmax(thickest(&net->drive), thickest(&net->sense));
    return g > 0 ? g : 1e18;
}

double mho_i_net_relative(double worst_A, double scale_A) {
    return scale_A > 0 ? worst_A / scale_A : worst_A > 0 ? 1 : worst_A;
}

static double highest(const mho_i_net *net, const double *u_V) {
    double v = 0;
    for (size_t i = 0; i < net->m; i++) {
        v = fmax(v, fabs(u_V[i]));
    }
    for (size_t j = 0; j < net->n; j++) {
        v = fmax(v, fabs(net->sense.pot_V[j]));
    }
    return v;
}

double mho_i_net_floor(const mho_i_net *net, const double *u_V, double scale_A) {
    double g = fmax(fmax(thickest(&net->drive), thickest(&net->sense)), net->cell_S);
    return scale_A > 0 ? 8 * DBL_EPSILON * g * highest(net, u_V) / scale_A : INFINITY;
}

/* What the cells of nodes [k0, k1) of a line carry and its ends there do not, A; the latter are
 * known to the rounding of the voltages they stand at. */
static double piece_excess(const mho_i_lines *l, size_t line, size_t k0, size_t k1, double pot,
                           const double *x, const double *i, size_t step, double sign) {
    double lo = k0 == 0 ? l->lo_S[line] : 0, hi = k1 == l->n_node ? l->hi_S[line] : 0, sum = 0;
    if (isinf(lo) || isinf(hi)) {
        return 0; /* tied: its potential is not an unknown */
    }
    for (size_t k = k0; k < k1; k++) {
        sum += sign * i[k * step];
    }
    double v0 = x[k0 * step], v1 = x[(k1 - 1) * step];
    double left = fabs(sum + lo * (v0 - pot) + hi * (v1 - pot));
    double slack =
        4 * DBL_EPSILON * (lo * fmax(fabs(v0), fabs(pot)) + hi * fmax(fabs(v1), fabs(pot)));
    return left <= slack ? 0 : left - slack; /* a NaN stays one */
}

/* The largest of a line's pieces between broken segments. sign: +1 where the cells' currents leave
 * the line, -1 where they arrive. */
static double line_excess(const mho_i_lines *l, size_t line, double pot, const double *x,
                          const double *i, size_t step, double sign) {
    double worst = 0;
    for (size_t k0 = 0, k1; k0 < l->n_node; k0 = k1) {
        for (k1 = k0 + 1; k1 < l->n_node && !(l->broken && link(l, line, k1) == 0);) {
            k1++;
        }
        worst = larger(worst, piece_excess(l, line, k0, k1, pot, x, i, step, sign));
    }
    return worst;
}

double mho_i_net_harmless(const mho_i_net *net, const mho_i_field *f, double scale_A) {
    const double good = MHO_I_ROUNDED;
    double worst = 0;
    if (!(scale_A > 0) ||
        !(8 * DBL_EPSILON * net->cell_S * highest(net, f->u_V) <= good * scale_A)) {
        return INFINITY;
    }
    for (size_t i = 0; i < net->m; i++) {
        worst = larger(worst, line_excess(&net->drive, i, f->u_V[i], f->w_V + i * f->ld,
                                          f->i_A + i * f->ld, 1, 1));
    }
    for (size_t j = 0; j < net->n; j++) {
        worst = larger(worst, line_excess(&net->sense, j, net->sense.pot_V[j], f->b_V + j,
                                          f->i_A + j, f->ld, -1));
    }
    return worst <= good * scale_A ? worst / scale_A : (double)INFINITY;
}

double mho_i_net_residual(mho_ctx *ctx, const mho_i_net *net, const double *u_V, const double *w_V,
                          const double *b_V, const double *i_cell_A) {
    size_t cells = net->m * net->n;
    double *fw = mho_i_alloc(ctx, 2 * cells, sizeof *fw);
    if (!fw) {
        return NAN;
    }
    mho_i_field f = {net->n, u_V, w_V, b_V, i_cell_A, fw, fw + cells};
    double worst, scale;
    mho_i_net_kirchhoff(net, &f);
    mho_i_net_measure(net, &f, &worst, &scale);
    mho_i_free(ctx, fw);
    return mho_i_net_relative(worst, scale);
}
