/* test_array_oracle.h - the array circuit by textbook means, for small arrays: a list of resistors
 * between nodes, ideal wires by merging nodes, unknown nodes removed one by one by the star-mesh
 * rule. Shares no code and no layout with the library. Also random arrays with random options.   */
#ifndef TEST_ARRAY_ORACLE_H
#define TEST_ARRAY_ORACLE_H

#include "test.h"

#include <stdlib.h>

typedef struct {
    size_t n_row, n_col;
    mho_array_opt opt;
    double *g, *wires[4], *series; /* what opt points to */
    unsigned char *off[2], *stuck, *broken[2];
} test_case;

static unsigned test_seed = 1;

#ifdef TEST_FROM_BYTES /* a fuzzer's bytes decide first (fuzz/fuzz_array.c) */
static const uint8_t *test_bytes;
static size_t test_n_byte;
#endif

static inline double test_uniform(void) {
#ifdef TEST_FROM_BYTES
    if (test_n_byte >= 2) {
        unsigned u = (unsigned)(test_bytes[0] << 8 | test_bytes[1]);
        test_bytes += 2;
        test_n_byte -= 2;
        return u * 0x1p-16;
    }
#endif
    test_seed = test_seed * 1664525u + 1013904223u;
    return (test_seed >> 8) * 0x1p-24;
}

static inline size_t test_pick(size_t n) {
    return (size_t)(test_uniform() * (double)n);
}

static inline double *test_doubles(size_t n, double lo, double hi, double zero_share) {
    double *x = malloc((n ? n : 1) * sizeof *x);
    for (size_t k = 0; k < n; k++) {
        x[k] = test_uniform() < zero_share ? 0 : lo * pow(hi / lo, test_uniform());
    }
    return x;
}

static inline unsigned char *test_flags(size_t n, double share, int most) {
    unsigned char *x = calloc(n ? n : 1, 1);
    for (size_t k = 0; k < n; k++) {
        x[k] = (unsigned char)(test_uniform() < share ? 1 + test_pick((size_t)most) : 0);
    }
    return x;
}

static inline void test_case_free(test_case *t) {
    free(t->g);
    for (int k = 0; k < 4; k++) {
        free(t->wires[k]);
    }
    free(t->series);
    free(t->off[0]);
    free(t->off[1]);
    free(t->stuck);
    free(t->broken[0]);
    free(t->broken[1]);
}

/* ideal: share of lines without resistance where lines differ. */
static inline test_case test_case_random(size_t most, double ideal) {
    test_case t = {.n_row = 1 + test_pick(most), .n_col = 1 + test_pick(most)};
    mho_array_opt o = MHO_ARRAY_OPT_INIT;
    size_t nr = t.n_row, nc = t.n_col;
    t.g = test_doubles(nr * nc, 1e-6, 1e-3, 0.1);
    o.transposed = test_uniform() < 0.3;
    o.r_word_ohm = test_uniform() < ideal ? 0 : 20 * test_uniform();
    o.r_bit_ohm = test_uniform() < ideal ? 0 : 20 * test_uniform();
    o.r_source_ohm = test_uniform() < 0.3 ? 0 : 300 * test_uniform();
    o.r_sense_ohm = test_uniform() < 0.3 ? 0 : 300 * test_uniform();
    const double **wire[4] = {&o.r_word_line_ohm, &o.r_bit_line_ohm, &o.r_source_line_ohm,
                              &o.r_sense_line_ohm};
    const size_t n[4] = {nr, nc, o.transposed ? nc : nr, o.transposed ? nr : nc};
    for (int k = 0; k < 4; k++) {
        if (test_uniform() < 0.3) {
            *wire[k] = t.wires[k] = test_doubles(n[k], 0.01, 1000, k < 2 ? ideal : 0.2);
        }
    }
    o.drive = (mho_array_drive)test_pick(3);
    o.sense = (mho_array_sense)test_pick(3);
    if (test_uniform() < 0.3) {
        o.row_off = t.off[0] = test_flags(nr, 0.4, 1);
        o.col_off = t.off[1] = test_flags(nc, 0.4, 1);
        o.bias_row = (mho_array_bias)test_pick(4);
        o.bias_col = (mho_array_bias)test_pick(4);
        o.v_bias_V = 1.7;
    }
    if (test_uniform() < 0.3) {
        o.stuck = t.stuck = test_flags(nr * nc, 0.1, 2);
    }
    if (test_uniform() < 0.3) {
        o.broken_word = t.broken[0] = test_flags(nr * (nc + 1), 0.05, 1);
        o.broken_bit = t.broken[1] = test_flags((nr + 1) * nc, 0.05, 1);
    }
    if (test_uniform() < 0.2) {
        o.selector = MHO_SELECTOR_SERIES;
        o.r_series_ohm = 700;
        if (test_uniform() < 0.5) {
            o.r_series_cell_ohm = t.series = test_doubles(nr * nc, 1, 1e4, 0.2);
        }
    }
    t.opt = o;
    return t;
}

/* ---- the oracle ---- */

typedef struct {
    size_t n, *up;
    double *c; /* [n][n] conductances */
} test_mesh;

static inline size_t test_find(const test_mesh *m, size_t k) {
    while (m->up[k] != k) {
        k = m->up[k];
    }
    return k;
}

/* A resistor; 0 ohm merges, the node with the higher number (a potential) staying. */
static inline void test_resistor(test_mesh *m, size_t a, size_t b, double ohm, bool merge) {
    a = test_find(m, a);
    b = test_find(m, b);
    if (ohm == 0) {
        if (merge) {
            m->up[a < b ? a : b] = a < b ? b : a;
        }
    } else if (!merge && a != b) {
        m->c[a * m->n + b] += 1 / ohm;
        m->c[b * m->n + a] += 1 / ohm;
    }
}

static inline double test_bias(mho_array_bias bias, double full, bool input) {
    return bias == MHO_BIAS_HALF    ? full / 2
           : bias == MHO_BIAS_THIRD ? (input ? full / 3 : 2 * full / 3)
                                    : 0;
}

/* One line of `count` nodes at first + k*step, ends to potential node pot. */
static inline void test_line(test_mesh *m, size_t first, size_t step, size_t count, size_t pot,
                             double seg, double end, bool lo, bool hi, const unsigned char *broken,
                             size_t broken_step, bool merge) {
    for (size_t k = 0; k <= count; k++) {
        if (broken && broken[k * broken_step]) {
            continue;
        }
        if (k == 0 || k == count) {
            if (k == 0 ? lo : hi) {
                test_resistor(m, first + (k ? count - 1 : 0) * step, pot, seg + end, merge);
            }
        } else {
            test_resistor(m, first + (k - 1) * step, first + k * step, seg, merge);
        }
    }
}

static inline void test_network(const test_case *t, test_mesh *m, bool merge) {
    const mho_array_opt *o = &t->opt;
    size_t nr = t->n_row, nc = t->n_col, pot_row = 2 * nr * nc, pot_col = pot_row + nr;
    for (size_t r = 0; r < nr; r++) {
        bool open = o->row_off && o->row_off[r] && o->bias_row == MHO_BIAS_FLOAT;
        const double *el = o->transposed ? o->r_sense_line_ohm : o->r_source_line_ohm;
        double e = el ? el[r] : o->transposed ? o->r_sense_ohm : o->r_source_ohm;
        test_line(m, r * nc, 1, nc, pot_row + r,
                  o->r_word_line_ohm ? o->r_word_line_ohm[r] : o->r_word_ohm, e,
                  o->drive != MHO_DRIVE_RIGHT && !open, o->drive != MHO_DRIVE_LEFT && !open,
                  o->broken_word ? o->broken_word + r * (nc + 1) : NULL, 1, merge);
    }
    for (size_t c = 0; c < nc; c++) {
        bool open = o->col_off && o->col_off[c] && o->bias_col == MHO_BIAS_FLOAT;
        const double *el = o->transposed ? o->r_source_line_ohm : o->r_sense_line_ohm;
        double e = el ? el[c] : o->transposed ? o->r_source_ohm : o->r_sense_ohm;
        test_line(m, nr * nc + c, nc, nr, pot_col + c,
                  o->r_bit_line_ohm ? o->r_bit_line_ohm[c] : o->r_bit_ohm, e,
                  o->sense != MHO_SENSE_BOTTOM && !open, o->sense != MHO_SENSE_TOP && !open,
                  o->broken_bit ? o->broken_bit + c : NULL, nc, merge);
    }
    for (size_t k = 0; k < nr * nc && !merge; k++) {
        double g = t->g[k];
        if (o->stuck && o->stuck[k]) {
            g = o->stuck[k] == MHO_STUCK_SHORT ? o->g_short_S : 0;
        }
        double rs = o->selector != MHO_SELECTOR_SERIES ? 0
                    : o->r_series_cell_ohm             ? o->r_series_cell_ohm[k]
                                                       : o->r_series_ohm;
        if (g > 0) {
            test_resistor(m, k, nr * nc + k, 1 / g + rs, false);
        }
    }
}

/* i [n_vec][n_out] for v [n_vec][n_in]; false: some node floats. */
static inline bool test_oracle(const test_case *t, size_t n_vec, const double *v, double *i) {
    const mho_array_opt *o = &t->opt;
    size_t nr = t->n_row, nc = t->n_col, unknown = 2 * nr * nc, n = unknown + nr + nc;
    test_mesh m = {n, malloc(n * sizeof(size_t)), calloc(n * n, sizeof(double))};
    for (size_t k = 0; k < n; k++) {
        m.up[k] = k;
    }
    test_network(t, &m, true);
    test_network(t, &m, false);
    bool solvable = true;
    for (size_t k = 0; k < unknown && solvable; k++) {
        if (test_find(&m, k) != k) {
            continue;
        }
        double sum = 0;
        for (size_t a = k + 1; a < n; a++) {
            sum += m.c[k * n + a];
        }
        solvable = sum > 0;
        for (size_t a = k + 1; a < n && solvable; a++) {
            double part = m.c[k * n + a] / sum;
            for (size_t b = k + 1; part > 0 && b < n; b++) {
                m.c[a * n + b] += a == b ? 0 : part * m.c[k * n + b];
            }
        }
    }
    size_t n_in = o->transposed ? nc : nr, n_out = o->transposed ? nr : nc;
    size_t in0 = o->transposed ? unknown + nr : unknown,
           out0 = o->transposed ? unknown : unknown + nr;
    const unsigned char *in_off = o->transposed ? o->col_off : o->row_off;
    const unsigned char *out_off = o->transposed ? o->row_off : o->col_off;
    mho_array_bias in_bias = o->transposed ? o->bias_col : o->bias_row;
    mho_array_bias out_bias = o->transposed ? o->bias_row : o->bias_col;
    for (size_t x = 0; x < n_vec * n_out; x++) {
        size_t vec = x / n_out, j = x % n_out;
        double pot = out_off && out_off[j] ? test_bias(out_bias, o->v_bias_V, false) : 0;
        i[x] = 0;
        for (size_t a = 0; a < n_in; a++) {
            double u =
                in_off && in_off[a] ? test_bias(in_bias, o->v_bias_V, true) : v[vec * n_in + a];
            i[x] += m.c[(in0 + a) * n + out0 + j] * (u - pot);
        }
        for (size_t b = 0; b < n_out; b++) {
            double other = out_off && out_off[b] ? test_bias(out_bias, o->v_bias_V, false) : 0;
            i[x] += b == j ? 0 : m.c[(out0 + b) * n + out0 + j] * (other - pot);
        }
    }
    free(m.up);
    free(m.c);
    return solvable;
}

/* Largest difference over the largest value. */
static inline double test_difference(size_t n, const double *got, const double *want) {
    double worst = 0, most = 0;
    for (size_t k = 0; k < n; k++) {
        double d = fabs(got[k] - want[k]);
        worst = d > worst || d != d ? d : worst;
        most = fmax(most, fabs(want[k]));
    }
    return most > 0 ? worst / most : worst;
}

static inline double test_size(size_t n, const double *x) {
    double most = 0;
    for (size_t k = 0; k < n; k++) {
        most = fmax(most, fabs(x[k]));
    }
    return most;
}

static inline mho_array *test_array(mho_ctx *ctx, const test_case *t, mho_array_solver solver) {
    mho_array_opt opt = t->opt;
    opt.solver = solver;
    mho_array *a;
    test_ok(ctx, mho_array_new(ctx, t->n_row, t->n_col, &opt, &a));
    return a;
}

#endif
