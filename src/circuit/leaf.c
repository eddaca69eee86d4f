/* leaf.c - the lowest levels of the port elimination, 1 x 1 to 16 x 16 cells, where BLAS calls
 * would cost more than the work: four leaves at a time, one per vector lane. Recursive halving;
 * every merge joins two neighbours and eliminates the nodes that they share. */
#include "elim_int.h"

#include <string.h>

typedef mho_i_v4 v4;
typedef long long v4i __attribute__((vector_size(32), aligned(32)));

enum { PORTS = 4 * MHO_I_LEAF, FRONT = 5 * MHO_I_LEAF };

/* One join: where the ports of a and b stand in the front [shared | L R T D]. */
typedef struct {
    int na, nb, ne, n; /* ports of a, of b; shared; front size */
    int ia[PORTS], ib[PORTS];
} join;

/* pa x qa left of (above) pb x qb. */
static void join_map(int pa, int qa, int pb, int qb, bool side, join *m) {
    int p = side ? pa : pa + pb, q = side ? qa + qb : qa;
    m->na = 2 * (pa + qa);
    m->nb = 2 * (pb + qb);
    m->ne = side ? pa : qa;
    m->n = m->ne + 2 * (p + q);
    int l = m->ne, r = l + p, t = r + p, d = t + q;
    for (int k = 0; k < pa; k++) {
        m->ia[k] = l + k;
        m->ia[pa + k] = side ? k : r + k;
    }
    for (int k = 0; k < pb; k++) {
        m->ib[k] = side ? k : l + pa + k;
        m->ib[pb + k] = side ? r + k : r + pa + k;
    }
    for (int k = 0; k < qa; k++) {
        m->ia[2 * pa + k] = t + k;
        m->ia[2 * pa + qa + k] = side ? d + k : k;
    }
    for (int k = 0; k < qb; k++) {
        m->ib[2 * pb + k] = side ? t + qa + k : k;
        m->ib[2 * pb + qb + k] = side ? d + qa + k : d + k;
    }
}

static inline __attribute__((always_inline)) void scatter(const v4 *x, int nx, const int *at, v4 *f,
                                                          int n) {
    for (int a = 0; a < nx; a++) {
        for (int b = a + 1; b < nx; b++) {
            int r = at[a], c = at[b];
            f[r < c ? r * n + c : c * n + r] += x[a * nx + b];
        }
    }
}

/* 1 / (sum of the conductances of node k to all later nodes); 0 for an isolated node. */
static inline __attribute__((always_inline)) void pivot(const v4 *row, int k, int n, v4 *out) {
    v4 s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
    int j = k + 1;
    for (; j + 3 < n; j += 4) {
        s0 += row[j];
        s1 += row[j + 1];
        s2 += row[j + 2];
        s3 += row[j + 3];
    }
    for (; j < n; j++) {
        s0 += row[j];
    }
    v4 sum = (s0 + s1) + (s2 + s3), one = {1, 1, 1, 1}, tiny = one * 1e-280;
    v4i some = sum > tiny;
    v4 inv = one / sum;
    *out = (v4)((v4i)inv & some);
}

/* Rows i and i + 1 behind a panel of four pivot rows r, inverse sums v. */
static inline __attribute__((always_inline)) void update_pair(v4 *f, const v4 *r, const v4 *v,
                                                              int i, int n) {
    const v4 *r0 = r, *r1 = r + n, *r2 = r + 2 * n, *r3 = r + 3 * n;
    v4 a0 = r0[i] * v[0], a1 = r1[i] * v[1], a2 = r2[i] * v[2], a3 = r3[i] * v[3];
    v4 b0 = r0[i + 1] * v[0], b1 = r1[i + 1] * v[1], b2 = r2[i + 1] * v[2], b3 = r3[i + 1] * v[3];
    v4 *x = f + (size_t)i * (size_t)n, *y = x + n;
    x[i + 1] += a0 * r0[i + 1] + a1 * r1[i + 1] + a2 * r2[i + 1] + a3 * r3[i + 1];
    for (int j = i + 2; j < n; j++) {
        v4 s = x[j], t = y[j];
        s += a0 * r0[j];
        t += b0 * r0[j];
        s += a1 * r1[j];
        t += b1 * r1[j];
        s += a2 * r2[j];
        t += b2 * r2[j];
        s += a3 * r3[j];
        t += b3 * r3[j];
        x[j] = s;
        y[j] = t;
    }
}

/* Star-mesh elimination of the first ne nodes of the front. inv out [ne]. */
static inline __attribute__((always_inline)) void eliminate(v4 *f, int n, int ne, v4 *inv) {
    for (int k0 = 0; k0 < ne; k0 += 4) {
        int k1 = k0 + 4 < ne ? k0 + 4 : ne;
        for (int k = k0; k < k1; k++) {
            const v4 *row = f + k * n;
            pivot(row, k, n, inv + k);
            for (int i = k + 1; i < k1; i++) {
                v4 l = row[i] * inv[k];
                for (int j = i + 1; j < n; j++) {
                    f[i * n + j] += l * row[j];
                }
            }
        }
        int i = k1;
        if (k1 == k0 + 4) {
            for (; i + 1 < n; i += 2) {
                update_pair(f, f + k0 * n, inv + k0, i, n);
            }
        }
        for (; i < n; i++) {
            for (int k = k0; k < k1; k++) {
                v4 l = f[k * n + i] * inv[k];
                for (int j = i + 1; j < n; j++) {
                    f[i * n + j] += l * f[k * n + j];
                }
            }
        }
    }
}

/* Join blocks a and b, eliminate what they share; out: upper triangle of the rest. */
MHO_MULTIARCH static void merge(const join *m, const v4 *a, const v4 *b, v4 *f, v4 *out, v4 *keep) {
    int n = m->n, ne = m->ne, nx = n - ne;
    v4 inv[MHO_I_LEAF];
    for (int k = 0; k < n; k++) {
        memset(f + k * n + k, 0, (size_t)(n - k) * sizeof *f);
    }
    scatter(a, m->na, m->ia, f, n);
    scatter(b, m->nb, m->ib, f, n);
    eliminate(f, n, ne, inv);
    for (int k = 0; k < nx; k++) {
        memcpy(out + k * nx + k, f + (ne + k) * n + ne + k, (size_t)(nx - k) * sizeof *f);
    }
    for (int k = 0; keep && k < ne; k++) {
        *keep++ = inv[k];
        memcpy(keep, f + k * n + k + 1, (size_t)(n - k - 1) * sizeof *f);
        keep += n - k - 1;
    }
}

/* How a block is halved; false: a single cell. */
static bool split(int p, int q, join *m, int *pa, int *qa, int *pb, int *qb) {
    if (p == 1 && q == 1) {
        return false;
    }
    bool side = q > p;
    *pa = side ? p : (p + 1) / 2;
    *qa = side ? (q + 1) / 2 : q;
    *pb = side ? p : p - *pa;
    *qb = side ? q - *qa : q;
    join_map(*pa, *qa, *pb, *qb, side, m);
    return true;
}

static size_t join_rows(const join *m) {
    return (size_t)(m->ne * m->n - m->ne * (m->ne - 1) / 2);
}

size_t mho_i_leaf_rows(int p, int q) {
    join m;
    int pa, qa, pb, qb;
    if (!split(p, q, &m, &pa, &qa, &pb, &qb)) {
        return 0;
    }
    return mho_i_leaf_rows(pa, qa) + mho_i_leaf_rows(pb, qb) + join_rows(&m);
}

typedef struct {
    const v4 *cell;
    int q_leaf;
    v4 *front;
    v4 *keep; /* next free, or NULL */
} reduction;

static void reduce(reduction *w, int i0, int j0, int p, int q, v4 *out, v4 *stack) {
    join m;
    int pa, qa, pb, qb;
    if (!split(p, q, &m, &pa, &qa, &pb, &qb)) {
        const v4 *c = w->cell + 3 * (i0 * w->q_leaf + j0);
        memset(out, 0, 16 * sizeof *out);
        out[0 * 4 + 1] = c[0]; /* L-R: word segment */
        out[1 * 4 + 2] = c[1]; /* R-T: the cell */
        out[2 * 4 + 3] = c[2]; /* T-D: bit segment */
        return;
    }
    v4 *a = stack, *b = a + m.na * m.na;
    stack = b + m.nb * m.nb;
    bool side = q > p;
    reduce(w, i0, j0, pa, qa, a, stack);
    reduce(w, side ? i0 : i0 + pa, side ? j0 + qa : j0, pb, qb, b, stack);
    merge(&m, a, b, w->front, out, w->keep);
    if (w->keep) {
        w->keep += join_rows(&m);
    }
}

size_t mho_i_leaf_scratch(void) {
    /* front, and two children at each of the levels below */
    return (size_t)FRONT * FRONT + (size_t)4 * PORTS * PORTS;
}

void mho_i_leaf_reduce(int p, int q, const mho_i_v4 *cell, mho_i_v4 *out, mho_i_v4 *scratch,
                       mho_i_v4 *keep) {
    reduction w = {cell, q, scratch, keep};
    reduce(&w, 0, 0, p, q, out, scratch + FRONT * FRONT);
}
