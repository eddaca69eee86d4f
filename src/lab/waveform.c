/* waveform.c - piecewise linear drives: checks, bends, and the line between two of them. */
#include "lab_int.h"

#include <math.h>
#include <string.h>

double mho_waveform_at(const mho_waveform *w, double t_s) {
    if (t_s < w->t_s[0]) {
        return w->v[0];
    }
    size_t lo = 0, hi = w->n; /* t_s[lo] <= t_s < t_s[hi] */
    while (hi - lo > 1) {
        size_t mid = (lo + hi) / 2;
        if (w->t_s[mid] <= t_s) {
            lo = mid;
        } else {
            hi = mid;
        }
    }
    if (hi == w->n) {
        return w->v[lo];
    }
    return w->v[lo] + (w->v[hi] - w->v[lo]) * ((t_s - w->t_s[lo]) / (w->t_s[hi] - w->t_s[lo]));
}

/* Value at t_s, at a jump the one before it. */
static double before(const mho_waveform *w, double t_s) {
    size_t k = 0;
    while (k < w->n && w->t_s[k] < t_s) {
        k++;
    }
    if (k == w->n || k == 0) {
        return w->v[k == 0 ? 0 : k - 1];
    }
    return w->v[k - 1] +
           (w->v[k] - w->v[k - 1]) * ((t_s - w->t_s[k - 1]) / (w->t_s[k] - w->t_s[k - 1]));
}

mho_i_line mho_i_waveform_line(const mho_waveform *w, double from_s, double to_s) {
    double a = mho_waveform_at(w, from_s), b = before(w, to_s);
    return (mho_i_line){from_s, a, (b - a) / (to_s - from_s)};
}

mho_status mho_i_waveform_check(mho_ctx *ctx, const char *name, const mho_waveform *w, double min) {
    if (w->n < 1 || !w->t_s || !w->v) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "%s: a waveform of at least one point is wanted", name);
    }
    for (size_t k = 0; k < w->n; k++) {
        if (!isfinite(w->t_s[k]) || !isfinite(w->v[k])) {
            return mho_i_fail(ctx, MHO_ERR_ARG, "%s, point %zu: %g at %g s: must be finite", name,
                              k + 1, w->v[k], w->t_s[k]);
        }
        if (w->v[k] < min) {
            return mho_i_fail(ctx, MHO_ERR_ARG, "%s, point %zu: %g is below %g", name, k + 1,
                              w->v[k], min);
        }
        if (k && w->t_s[k] < w->t_s[k - 1]) {
            return mho_i_fail(ctx, MHO_ERR_ARG,
                              "%s, point %zu: %g s comes after %g s: times must not fall", name,
                              k + 1, w->t_s[k], w->t_s[k - 1]);
        }
    }
    return MHO_OK;
}

size_t mho_i_waveform_edges(size_t n_wave, const mho_waveform *wave, double stop_s,
                            double *edge_s) {
    size_t n = 0, at[8] = {0};
    double last = 0, close = 1e-12 * stop_s; /* bends closer than that are one */
    edge_s[n++] = 0;
    for (;;) {
        double next = INFINITY;
        for (size_t k = 0; k < n_wave && k < 8; k++) {
            while (at[k] < wave[k].n && wave[k].t_s[at[k]] <= last + close) {
                at[k]++;
            }
            next = at[k] < wave[k].n ? fmin(next, wave[k].t_s[at[k]]) : next;
        }
        if (!(next < stop_s - close)) {
            break;
        }
        edge_s[n++] = last = next;
    }
    edge_s[n++] = stop_s;
    return n;
}

/* Text between from and to without spaces around it. */
static bool piece(const char *from, const char *to, char *buf, size_t n_buf) {
    while (from < to && (*from == ' ' || *from == '\n' || *from == '\t')) {
        from++;
    }
    while (to > from && (to[-1] == ' ' || to[-1] == '\n' || to[-1] == '\t')) {
        to--;
    }
    size_t n = (size_t)(to - from);
    if (n == 0 || n >= n_buf) {
        return false;
    }
    memcpy(buf, from, n);
    buf[n] = 0;
    return true;
}

mho_status mho_waveform_parse(mho_ctx *ctx, const char *text, const char *unit, size_t n_max,
                              double *t_s, double *v, size_t *n) {
    size_t count = 0;
    for (const char *at = text;; count++) {
        const char *end = at + strcspn(at, ","), *colon = memchr(at, ':', (size_t)(end - at));
        char time[48], value[48], why[160] = "";
        if (!colon || !piece(at, colon, time, sizeof time) ||
            !piece(colon + 1, end, value, sizeof value)) {
            return mho_i_fail(ctx, MHO_ERR_ARG,
                              "waveform point %zu, \"%.*s\": \"time: value\" is wanted, such as "
                              "\"0 s: 0 %s, 10 ns: 0.4 %s\"",
                              count + 1, (int)(end - at), at, unit, unit);
        }
        if (count == n_max) {
            return mho_i_fail(ctx, MHO_ERR_ARG, "waveform: at most %zu points are allowed", n_max);
        }
        if (!mho_quantity_parse(time, "s", t_s + count, why, sizeof why) ||
            !mho_quantity_parse(value, unit, v + count, why, sizeof why)) {
            return mho_i_fail(ctx, MHO_ERR_ARG, "waveform point %zu, \"%.*s\": %s", count + 1,
                              (int)(end - at), at, why);
        }
        if (count && t_s[count] < t_s[count - 1]) {
            return mho_i_fail(ctx, MHO_ERR_ARG,
                              "waveform point %zu at %g s comes after %g s: times must not fall",
                              count + 1, t_s[count], t_s[count - 1]);
        }
        if (!*end) {
            break;
        }
        at = end + 1;
    }
    *n = count + 1;
    return MHO_OK;
}
