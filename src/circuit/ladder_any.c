/* ladder_any.c - the sweeps of ladder.c for lines that are ideal or broken, node by node. An intact
 * piece of an ideal line is one node: its right-hand sides and slopes are summed, its solution is
 * repeated along it; a piece that is tied to its potential does not move. */
#include "ladder_int.h"

#include <string.h>

/* One line: node k at x[k*step]. */
typedef struct {
    size_t n;
    double seg, lo, hi;
    const unsigned char *broken; /* [n + 1] or NULL */
} chain;

static chain chain_of(const mho_i_lines *l, size_t k) {
    return (chain){l->n_node, l->seg_S[k], l->lo_S[k], l->hi_S[k],
                   l->broken ? l->broken + k * (l->n_node + 1) : NULL};
}

/* Conductance between nodes k - 1 and k of a resistive line. */
static double link(const chain *c, size_t k) {
    return c->broken && c->broken[k] ? 0 : c->seg;
}

static size_t piece_end(const chain *c, size_t k) {
    do {
        k++;
    } while (k < c->n && !(c->broken && c->broken[k]));
    return k;
}

static double ends_of(const chain *c, size_t k0, size_t k1) {
    return (k0 == 0 ? c->lo : 0) + (k1 == c->n ? c->hi : 0);
}

/* e[k*se] = 1/pivot; of an ideal piece: 1/sum at each node, 0 if tied. An isolated node has 0. */
static void factor(const chain *c, const double *d, size_t sd, double *e, size_t se) {
    if (isinf(c->seg)) {
        for (size_t k0 = 0, k1; k0 < c->n; k0 = k1) {
            k1 = piece_end(c, k0);
            double sum = ends_of(c, k0, k1);
            for (size_t k = k0; k < k1; k++) {
                sum += d[k * sd];
            }
            for (size_t k = k0; k < k1; k++) {
                e[k * se] = sum > 0 ? 1 / sum : 0; /* 1/INFINITY = 0 */
            }
        }
        return;
    }
    double h = c->lo;
    for (size_t k = 0; k < c->n; k++) {
        double s = k + 1 < c->n ? link(c, k + 1) : c->hi;
        h += d[k * sd];
        double sum = h + s;
        e[k * se] = sum > 0 ? 1 / sum : 0;
        h *= s * e[k * se];
    }
}

static void solve(const chain *c, const double *e, size_t se, const double *in, double *out,
                  size_t step) {
    if (isinf(c->seg)) {
        for (size_t k0 = 0, k1; k0 < c->n; k0 = k1) {
            k1 = piece_end(c, k0);
            double sum = 0;
            for (size_t k = k0; k < k1; k++) {
                sum += in[k * step];
            }
            for (size_t k = k0; k < k1; k++) {
                out[k * step] = sum * e[k * se];
            }
        }
        return;
    }
    double y = 0;
    for (size_t k = 0; k < c->n; k++) {
        y = e[k * se] * (in[k * step] + (k ? link(c, k) * y : 0));
        out[k * step] = y;
    }
    for (size_t k = c->n - 1; k > 0; k--) {
        y = out[(k - 1) * step] + link(c, k) * e[(k - 1) * se] * y;
        out[(k - 1) * step] = y;
    }
}

static double *word_pivots(mho_i_ladder *l, size_t i) {
    return l->ew + (i / MHO_I_ROWS * l->ld) * MHO_I_ROWS + i % MHO_I_ROWS;
}

void mho_i_ladder_any_factor(mho_i_ladder *l) {
    for (size_t i = 0; i < l->m; i++) {
        chain c = chain_of(&l->net->drive, i);
        factor(&c, l->d + i * l->ld, 1, word_pivots(l, i), MHO_I_ROWS);
    }
    for (size_t j = 0; j < l->n; j++) {
        chain c = chain_of(&l->net->sense, j);
        factor(&c, l->d + j, l->ld, l->eb + j, l->ld);
    }
}

void mho_i_ladder_any_words(mho_i_ladder *l, const double *in, double *out) {
    for (size_t i = 0; i < l->m; i++) {
        chain c = chain_of(&l->net->drive, i);
        solve(&c, word_pivots(l, i), MHO_I_ROWS, in + i * l->ld, out + i * l->ld, 1);
    }
}

/* Bit wires of column j: q += T p; returns p.(T p). Tied pieces have p = 0. */
static double wires(const chain *c, const double *p, double *q, size_t step) {
    double sum = 0, last = p[(c->n - 1) * step];
    if (p[0] != 0) {
        q[0] += c->lo * p[0];
        sum += c->lo * p[0] * p[0];
    }
    if (last != 0) {
        q[(c->n - 1) * step] += c->hi * last;
        sum += c->hi * last * last;
    }
    for (size_t k = 1; k < c->n && !isinf(c->seg); k++) {
        double drop = p[k * step] - p[(k - 1) * step], i = link(c, k) * drop;
        q[k * step] += i;
        q[(k - 1) * step] -= i;
        sum += i * drop;
    }
    return sum;
}

double mho_i_ladder_any_apply(mho_i_ladder *l, double beta, double alpha) {
    double sum = 0;
    for (size_t k = 0; k < l->m * l->ld; k++) {
        l->x[k] += alpha * l->p[k];
        l->p[k] = l->z[k] + beta * l->p[k];
        l->q[k] = l->d[k] * l->p[k];
    }
    mho_i_ladder_any_words(l, l->q, l->q);
    for (size_t k = 0; k < l->m * l->ld; k++) {
        l->q[k] = l->d[k] * (l->p[k] - l->q[k]);
        sum += l->p[k] * l->q[k];
    }
    for (size_t j = 0; j < l->n; j++) {
        chain c = chain_of(&l->net->sense, j);
        sum += wires(&c, l->p + j, l->q + j, l->ld);
    }
    return sum;
}

/* Only the sum over a piece of an ideal line matters: spread it evenly, or the rest would drown it
 * when it has become small. */
static void even_out(const chain *c, double *r, size_t step) {
    for (size_t k0 = 0, k1; k0 < c->n; k0 = k1) {
        k1 = piece_end(c, k0);
        double sum = 0;
        for (size_t k = k0; k < k1; k++) {
            sum += r[k * step];
        }
        double share = isinf(ends_of(c, k0, k1)) ? 0 : sum / (double)(k1 - k0);
        for (size_t k = k0; k < k1; k++) {
            r[k * step] = share;
        }
    }
}

double mho_i_ladder_any_bits(mho_i_ladder *l, double alpha) {
    double sum = 0;
    for (size_t k = 0; k < l->m * l->ld; k++) {
        l->r[k] -= alpha * l->q[k];
    }
    for (size_t j = 0; j < l->n; j++) {
        chain c = chain_of(&l->net->sense, j);
        if (isinf(c.seg)) {
            even_out(&c, l->r + j, l->ld);
        }
        solve(&c, l->eb + j, l->ld, l->r + j, l->z + j, l->ld);
    }
    for (size_t k = 0; k < l->m * l->ld; k++) {
        sum += l->r[k] * l->z[k];
    }
    return sum;
}
