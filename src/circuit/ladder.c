/* ladder.c - conjugate gradients on the bit nodes with ladder solves, vector kernels. One step is
 * one sweep over the word ladders, eight rows at a time (two chains of four lanes, tiles transposed
 * in registers), and one over the bit ladders in strips of 16 columns. Pivots are sums of
 * conductances, differences are taken before they are multiplied: thick wires cost no accuracy. */
#include "ladder_int.h"

#include <string.h>

typedef double v4 __attribute__((vector_size(32), aligned(32), may_alias));
#define INLINE static inline __attribute__((always_inline))

enum { W = MHO_I_STRIP / 4 };

/* ---- workspace ---- */

static size_t round_up(size_t n, size_t k) {
    return (n + k - 1) / k * k;
}

static bool is_plain(const mho_i_net *net) {
    return !net->drive.any_ideal && !net->sense.any_ideal && !net->drive.broken &&
           !net->sense.broken;
}

static void fill_lines(mho_i_ladder *l) {
    double **to[6] = {&l->seg_w, &l->lo_w, &l->hi_w, &l->seg_b, &l->lo_b, &l->hi_b};
    const double *from[6] = {l->net->drive.seg_S, l->net->drive.lo_S, l->net->drive.hi_S,
                             l->net->sense.seg_S, l->net->sense.lo_S, l->net->sense.hi_S};
    double *at = l->line;
    for (int k = 0; k < 6; k++) {
        size_t count = k < 3 ? l->m : l->n, padded = k < 3 ? l->mp : l->ld;
        *to[k] = at;
        memcpy(at, from[k], count * sizeof *at);
        for (size_t i = count; i < padded; i++) {
            at[i] = 1; /* lines that are not there: regular, and nothing drives them */
        }
        at += padded;
    }
}

mho_status mho_i_ladder_new(mho_ctx *ctx, const mho_i_net *net, mho_i_ladder *l) {
    memset(l, 0, sizeof *l);
    l->ctx = ctx;
    l->net = net;
    l->m = net->m;
    l->n = net->n;
    l->mp = round_up(l->m, MHO_I_ROWS);
    l->ld = round_up(l->n, MHO_I_STRIP);
    if (l->ld % 64 == 0) {
        l->ld += MHO_I_STRIP; /* columns walk down memory: avoid strides that share cache sets */
    }
    l->plain = is_plain(net);
    double **grids[] = {&l->d, &l->ew, &l->eb, &l->x, &l->q, &l->p, &l->r, &l->z};
    size_t count = sizeof grids / sizeof *grids, size = l->mp * l->ld + MHO_I_STAGGER;
    l->block = mho_i_alloc(ctx, count * size, sizeof(double));
    bool ok = l->block != NULL;
    if (ok) {
        for (size_t k = 0; k < count; k++) {
            *grids[k] = l->block + k * size;
        }
        l->y = mho_i_alloc(ctx, l->ld * MHO_I_ROWS, sizeof(double));
        l->line = mho_i_alloc(ctx, 3 * (l->mp + l->ld), sizeof(double));
        ok = l->y && l->line;
    }
    if (!ok) {
        mho_i_ladder_free(l);
        return MHO_ERR_NOMEM;
    }
    fill_lines(l);
    return MHO_OK;
}

void mho_i_ladder_free(mho_i_ladder *l) {
    double *arrays[] = {l->block, l->y, l->line};
    for (size_t k = 0; l->ctx && k < sizeof arrays / sizeof *arrays; k++) {
        mho_i_free(l->ctx, arrays[k]);
    }
    memset(l, 0, sizeof *l);
}

/* ---- kernels: they work on a copy of the structure, whose pointers no store can change ---- */

#if defined(__clang__) || __GNUC__ >= 12
#define mix4 __builtin_shufflevector
#else /* gcc 11 and before */
typedef long long mix4_order __attribute__((vector_size(32)));
#define mix4(a, b, ...) __builtin_shuffle(a, b, (mix4_order){__VA_ARGS__})
#endif

INLINE void transpose4(v4 *a) {
    v4 t0 = mix4(a[0], a[1], 0, 4, 2, 6);
    v4 t1 = mix4(a[0], a[1], 1, 5, 3, 7);
    v4 t2 = mix4(a[2], a[3], 0, 4, 2, 6);
    v4 t3 = mix4(a[2], a[3], 1, 5, 3, 7);
    a[0] = mix4(t0, t2, 0, 1, 4, 5);
    a[1] = mix4(t1, t3, 0, 1, 4, 5);
    a[2] = mix4(t0, t2, 2, 3, 6, 7);
    a[3] = mix4(t1, t3, 2, 3, 6, 7);
}

INLINE const v4 *cv(const double *x) {
    return (const v4 *)(const void *)x;
}

INLINE v4 *mv(double *x) {
    return (v4 *)(void *)x;
}

MHO_MULTIARCH static void factor_words(const mho_i_ladder *ladder) {
    const mho_i_ladder here = *ladder, *l = &here;
    size_t ld = l->ld, n = l->n;
    for (size_t i = 0; i < l->mp; i += MHO_I_ROWS) {
        const v4 *s = cv(l->seg_w + i), *lo = cv(l->lo_w + i), *hi = cv(l->hi_w + i);
        v4 h0 = lo[0], h1 = lo[1], *e = mv(l->ew + i * ld);
        for (size_t j = 0; j < n; j += 4) {
            v4 a[8];
            for (size_t k = 0; k < 8; k++) {
                a[k] = *cv(l->d + (i + k) * ld + j);
            }
            transpose4(a);
            transpose4(a + 4);
            for (size_t c = 0; c < 4 && j + c < n; c++) {
                bool last = j + c == n - 1;
                v4 s0 = last ? hi[0] : s[0], s1 = last ? hi[1] : s[1];
                h0 += a[c];
                h1 += a[4 + c];
                v4 e0 = 1 / (h0 + s0), e1 = 1 / (h1 + s1);
                e[2 * (j + c)] = e0;
                e[2 * (j + c) + 1] = e1;
                h0 *= s0 * e0;
                h1 *= s1 * e1;
            }
        }
    }
}

MHO_MULTIARCH static void factor_bits(const mho_i_ladder *ladder) {
    const mho_i_ladder here = *ladder, *l = &here;
    size_t ld = l->ld, m = l->m;
    for (size_t j = 0; j < ld; j += MHO_I_STRIP) {
        v4 h[W];
        for (size_t u = 0; u < W; u++) {
            h[u] = cv(l->lo_b + j)[u];
        }
        for (size_t i = 0; i < m; i++) {
            const v4 *s = cv((i == m - 1 ? l->hi_b : l->seg_b) + j), *d = cv(l->d + i * ld + j);
            v4 *to = mv(l->eb + i * ld + j);
            for (size_t u = 0; u < W; u++) {
                h[u] += d[u];
                v4 e = 1 / (h[u] + s[u]);
                to[u] = e;
                h[u] *= s[u] * e;
            }
        }
    }
}

/* Forward half of the ladders of eight rows over one tile; a: right-hand sides, columns in order.
 */
INLINE void words_forward(const v4 *e, const v4 *s, const v4 *a, v4 *y0, v4 *y1, v4 *y) {
    for (size_t c = 0; c < 4; c++) {
        v4 e0 = e[2 * c], e1 = e[2 * c + 1];
        *y0 = e0 * a[c] + (e0 * s[0]) * *y0;
        *y1 = e1 * a[4 + c] + (e1 * s[1]) * *y1;
        y[2 * c] = *y0;
        y[2 * c + 1] = *y1;
    }
}

INLINE void words_back(const v4 *e, const v4 *s, const v4 *y, v4 *x0, v4 *x1, v4 *a) {
    for (int c = 3; c >= 0; c--) {
        *x0 = y[2 * c] + (e[2 * c] * s[0]) * *x0;
        *x1 = y[2 * c + 1] + (e[2 * c + 1] * s[1]) * *x1;
        a[c] = *x0;
        a[4 + c] = *x1;
    }
    transpose4(a);
    transpose4(a + 4);
}

MHO_MULTIARCH static void words(const mho_i_ladder *ladder, const double *in, double *out) {
    const mho_i_ladder here = *ladder, *l = &here;
    size_t ld = l->ld, n4 = round_up(l->n, 4);
    v4 *y = mv(l->y);
    for (size_t i = 0; i < l->mp; i += MHO_I_ROWS) {
        const v4 *s = cv(l->seg_w + i), *e = cv(l->ew + i * ld);
        v4 y0 = {0}, y1 = {0}, x0 = {0}, x1 = {0}, a[8];
        for (size_t j = 0; j < n4; j += 4) {
            for (size_t k = 0; k < 8; k++) {
                a[k] = *cv(in + (i + k) * ld + j);
            }
            transpose4(a);
            transpose4(a + 4);
            words_forward(e + 2 * j, s, a, &y0, &y1, y + 2 * j);
        }
        for (size_t j = n4; j > 0; j -= 4) {
            size_t k0 = j - 4;
            words_back(e + 2 * k0, s, y + 2 * k0, &x0, &x1, a);
            for (size_t k = 0; k < 8; k++) {
                *mv(out + (i + k) * ld + k0) = a[k];
            }
        }
    }
}

/* One tile after the word ladders: q = D (p - a), sum += p.q and the bit wires above each row, coef
 * being the conductance above row k and p_above the row above the tile. */
INLINE void apply_tile(const mho_i_ladder *l, size_t at, const v4 *a, const v4 *const *coef,
                       const v4 *p_above, v4 *sum) {
    v4 s0 = *sum, s1 = {0}, above = *p_above;
    for (size_t k = 0; k < 8; k++) {
        v4 p = *cv(l->p + at + k * l->ld), q = *cv(l->d + at + k * l->ld) * (p - a[k]);
        *mv(l->q + at + k * l->ld) = q;
        v4 drop = p - above;
        s0 += p * q;
        s1 += **(coef + k) * drop * drop;
        above = p;
    }
    *sum = s0 + s1;
}

/* x += alpha p; p = z + beta p; q = D (p - Tw^-1 D p); returns p.(A p), the bit wires included. */
MHO_MULTIARCH static double apply(const mho_i_ladder *ladder, double beta, double alpha) {
    const mho_i_ladder here = *ladder, *l = &here;
    size_t ld = l->ld, n4 = round_up(l->n, 4), m = l->m;
    const v4 zero = {0};
    v4 *y = mv(l->y), sum = {0};
    for (size_t i = 0; i < m; i += MHO_I_ROWS) {
        const v4 *s = cv(l->seg_w + i), *e = cv(l->ew + i * ld);
        v4 y0 = {0}, y1 = {0}, x0 = {0}, x1 = {0}, a[8];
        for (size_t j = 0; j < n4; j += 4) {
            for (size_t k = 0; k < 8; k++) {
                size_t at = (i + k) * ld + j;
                v4 p = *cv(l->p + at);
                *mv(l->x + at) += alpha * p;
                p = *cv(l->z + at) + beta * p;
                *mv(l->p + at) = p;
                a[k] = p * *cv(l->d + at);
            }
            transpose4(a);
            transpose4(a + 4);
            words_forward(e + 2 * j, s, a, &y0, &y1, y + 2 * j);
        }
        bool inner = i > 0 && i + MHO_I_ROWS <= m;
        for (size_t j = n4; j > 0; j -= 4) {
            size_t k0 = j - 4;
            words_back(e + 2 * k0, s, y + 2 * k0, &x0, &x1, a);
            const v4 *seg = cv(l->seg_b + k0), *lo = cv(l->lo_b + k0), *coef[8];
            const v4 *above = i ? cv(l->p + (i - 1) * ld + k0) : &zero;
            if (inner) {
                const v4 *const same[8] = {seg, seg, seg, seg, seg, seg, seg, seg};
                apply_tile(l, i * ld + k0, a, same, above, &sum);
            } else {
                for (size_t k = 0; k < 8; k++) {
                    coef[k] = i + k == 0 ? lo : i + k < m ? seg : &zero;
                }
                apply_tile(l, i * ld + k0, a, coef, above, &sum);
            }
        }
    }
    for (size_t j = 0; j < n4; j += 4) {
        v4 p = *cv(l->p + (m - 1) * ld + j);
        sum += *cv(l->hi_b + j) * p * p;
    }
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* One row of a strip on the way down: s the conductance to the row below, up that above. */
INLINE void bits_row(const mho_i_ladder *l, size_t at, double alpha, const v4 *s, const v4 *up,
                     bool last, v4 *in, v4 *y) {
    for (size_t u = 0; u < W; u++) {
        v4 p = cv(l->p + at)[u], e = cv(l->eb + at)[u];
        v4 out = last ? s[u] * p : s[u] * (p - cv(l->p + at + l->ld)[u]);
        v4 r = cv(l->r + at)[u] - alpha * (cv(l->q + at)[u] + (out - in[u]));
        in[u] = out;
        mv(l->r + at)[u] = r;
        y[u] = e * r + (e * up[u]) * y[u];
        mv(l->z + at)[u] = y[u];
    }
}

/* r -= alpha (q + bit wires of p); z = Tb^-1 r; returns r.z */
MHO_MULTIARCH static double bits(const mho_i_ladder *ladder, double alpha) {
    const mho_i_ladder here = *ladder, *l = &here;
    size_t ld = l->ld, m = l->m;
    v4 sum = {0}, more = {0};
    for (size_t j = 0; j < ld; j += MHO_I_STRIP) {
        v4 y[W], in[W], s[W]; /* in: current into this node from the one above */
        for (size_t u = 0; u < W; u++) {
            y[u] = (v4){0};
            s[u] = cv(l->seg_b + j)[u];
            in[u] = -cv(l->lo_b + j)[u] * cv(l->p + j)[u];
        }
        for (size_t i = 0; i + 1 < m; i++) {
            bits_row(l, i * ld + j, alpha, s, s, false, in, y);
        }
        bits_row(l, (m - 1) * ld + j, alpha, cv(l->hi_b + j), s, true, in, y);
        for (size_t u = 0; u < W; u++) {
            sum += y[u] * cv(l->r + (m - 1) * ld + j)[u];
        }
        for (size_t i = m - 1; i > 0; i--) {
            size_t at = (i - 1) * ld + j;
            const v4 *e = cv(l->eb + at), *r = cv(l->r + at);
            v4 *z = mv(l->z + at);
            for (size_t u = 0; u < W; u++) {
                y[u] = z[u] + (e[u] * s[u]) * y[u];
                z[u] = y[u];
            }
            sum += y[0] * r[0] + y[1] * r[1];
            more += y[2] * r[2] + y[3] * r[3];
        }
    }
    sum += more;
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* ---- the solver ---- */

void mho_i_ladder_factor(mho_i_ladder *l) {
    if (l->plain) {
        factor_words(l);
        factor_bits(l);
    } else {
        mho_i_ladder_any_factor(l);
    }
}

void mho_i_ladder_words(mho_i_ladder *l, const double *in, double *out) {
    if (l->plain) {
        words(l, in, out);
    } else {
        mho_i_ladder_any_words(l, in, out);
    }
}

MHO_MULTIARCH static void add_scaled(size_t n, double alpha, const double *p, double *x) {
    for (size_t k = 0; k < n; k++) {
        x[k] += alpha * p[k];
    }
}

int mho_i_ladder_solve(mho_i_ladder *l, double tol, int max_iter, bool *done) {
    size_t size = l->mp * l->ld;
    memset(l->p, 0, size * sizeof *l->p);
    memset(l->r, 0, size * sizeof *l->r);
    memset(l->x, 0, size * sizeof *l->x);
    /* r = q - A 0, z = Tb^-1 r */
    double rz = l->plain ? bits(l, -1) : mho_i_ladder_any_bits(l, -1);
    double first = rz, stop = tol * tol * rz, beta = 0, alpha = 0;
    int k = 0;
    *done = !(rz > 0);
    while (!*done && k < max_iter) {
        double pq = l->plain ? apply(l, beta, alpha) : mho_i_ladder_any_apply(l, beta, alpha);
        alpha = rz / pq;
        if (!(pq > 0) || !isfinite(alpha)) {
            alpha = 0; /* rounding has eaten the new direction, the old one is in x already */
            break;
        }
        double next = l->plain ? bits(l, alpha) : mho_i_ladder_any_bits(l, alpha);
        beta = next / rz;
        rz = next;
        k++;
        *done = rz <= stop;
        if (!(rz < 1e8 * first)) {
            break; /* rounding makes it grow without end */
        }
    }
    if (alpha > 0) {
        add_scaled(size, alpha, l->p, l->x);
    }
    return k;
}
