/* factor.c - a transfer matrix that follows changes of a few cells (Sherman-Morrison-Woodbury). One
 * ampere is sent through every changed cell and carried up the tree of the kept factor, all cells
 * at once: what arrives at the known potentials are the vectors of the low-rank update, and the dot
 * products on the way give the voltages between the cells. No way down is needed. */
#include "factor_int.h"

#include <cblas.h>
#include <string.h>

/* ---- tables: the order in which leaf.c eliminates ---- */

typedef struct {
    mho_i_leaf_table *t;
    int n_id;
} tabler;

static int word_id(const mho_i_leaf_table *t, int i, int j) {
    return i * (t->q + 1) + j;
}

static int bit_id(const mho_i_leaf_table *t, int i, int j) {
    return t->p * (t->q + 1) + i * t->q + j;
}

/* The front of one join: shared nodes, then ports L R T D of the block at (i0,j0), p x q cells. */
static void table_join(tabler *b, int i0, int j0, int p, int q, bool side, int half) {
    mho_i_leaf_table *t = b->t;
    int front[5 * MHO_I_LEAF], n = 0, ne = side ? p : q;
    for (int k = 0; k < ne; k++) {
        front[n++] = side ? word_id(t, i0 + k, j0 + half) : bit_id(t, i0 + half, j0 + k);
    }
    for (int k = 0; k < p; k++) {
        front[n++] = word_id(t, i0 + k, j0);
    }
    for (int k = 0; k < p; k++) {
        front[n++] = word_id(t, i0 + k, j0 + q);
    }
    for (int k = 0; k < q; k++) {
        front[n++] = bit_id(t, i0, j0 + k);
    }
    for (int k = 0; k < q; k++) {
        front[n++] = bit_id(t, i0 + p, j0 + k);
    }
    for (int k = 0; k < ne; k++) {
        t->node[t->n_row] = front[k];
        t->start[t->n_row++] = b->n_id;
        for (int j = k + 1; j < n; j++) {
            t->id[b->n_id++] = front[j];
        }
    }
}

/* The same halving as in leaf.c. */
static void table_fill(tabler *b, int i0, int j0, int p, int q) {
    if (p == 1 && q == 1) {
        return;
    }
    bool side = q > p;
    int half = side ? (q + 1) / 2 : (p + 1) / 2;
    table_fill(b, i0, j0, side ? p : half, side ? half : q);
    table_fill(b, side ? i0 : i0 + half, side ? j0 + half : j0, side ? p : p - half,
               side ? q - half : q);
    table_join(b, i0, j0, p, q, side, half);
}

static mho_status table_new(mho_ctx *ctx, int p, int q, mho_i_leaf_table *t) {
    size_t rows = (size_t)(2 * p * q), ids = mho_i_leaf_rows(p, q);
    t->p = p;
    t->q = q;
    t->n_local = p * (q + 1) + (p + 1) * q;
    t->node = mho_i_alloc(ctx, rows + 1, sizeof *t->node);
    t->start = mho_i_alloc(ctx, rows + 1, sizeof *t->start);
    t->id = mho_i_alloc(ctx, ids + 1, sizeof *t->id);
    if (!t->node || !t->start || !t->id) {
        return MHO_ERR_NOMEM;
    }
    tabler b = {t, 0};
    table_fill(&b, 0, 0, p, q);
    t->start[t->n_row] = b.n_id;
    return MHO_OK;
}

const mho_i_leaf_table *mho_i_factor_table(const mho_i_factor *f, const mho_i_node *leaf) {
    int p = leaf->i1 - leaf->i0, q = leaf->j1 - leaf->j0, k = 0;
    while (f->table[k].p != p || f->table[k].q != q) {
        k++;
    }
    return f->table + k;
}

/* ---- new, free ---- */

void mho_i_factor_free(mho_i_factor *f) {
    if (!f) {
        return;
    }
    for (int k = 0; k < MHO_I_MAX_TABLES; k++) {
        mho_i_free(f->ctx, f->table[k].node);
        mho_i_free(f->ctx, f->table[k].start);
        mho_i_free(f->ctx, f->table[k].id);
    }
    void *arrays[] = {f->keep.panel, f->keep.rows, f->m0_S,    f->g0_S, f->cell,
                      f->to_in,      f->to_out,    f->between, f->heap, f->local};
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) {
        mho_i_free(f->ctx, arrays[k]);
    }
    if (f->plan) {
        mho_i_plan_free(f->plan);
        mho_i_free(f->ctx, f->plan);
    }
    mho_i_free(f->ctx, f);
}

static mho_status make_tables(mho_i_factor *f) {
    mho_status status = MHO_OK;
    for (int g = 0; g < f->plan->n_group && !status; g++) {
        int p = f->plan->group[g].p, q = f->plan->group[g].q, k = 0;
        while (k < f->n_table && (f->table[k].p != p || f->table[k].q != q)) {
            k++;
        }
        if (k == f->n_table) {
            status = table_new(f->ctx, p, q, f->table + f->n_table++);
        }
    }
    return status;
}

static mho_status factor_alloc(mho_array *a, mho_i_factor *f) {
    mho_ctx *ctx = a->ctx;
    size_t m = a->net.m, n = a->net.n, most = MHO_I_MAX_CHANGED;
    f->ctx = ctx;
    f->plan = mho_i_alloc(ctx, 1, sizeof *f->plan);
    mho_status status = f->plan ? mho_i_plan_new(ctx, &a->net, false, f->plan) : MHO_ERR_NOMEM;
    if (status) {
        return status;
    }
    f->keep.panel = mho_i_alloc(ctx, f->plan->keep_size, sizeof(double));
    f->keep.rows = mho_i_alloc(ctx, f->plan->keep_rows, sizeof(mho_i_v4));
    f->m0_S = mho_i_alloc(ctx, m * n, sizeof(double));
    f->g0_S = mho_i_alloc(ctx, m * n, sizeof(double));
    f->cell = mho_i_alloc(ctx, most, sizeof *f->cell);
    f->to_in = mho_i_alloc(ctx, most * m, sizeof(double));
    f->to_out = mho_i_alloc(ctx, most * n, sizeof(double));
    f->between = mho_i_alloc(ctx, most * most, sizeof(double));
    bool ok = f->keep.panel && f->keep.rows && f->m0_S && f->g0_S && f->cell && f->to_in &&
              f->to_out && f->between;
    return ok ? make_tables(f) : MHO_ERR_NOMEM;
}

/* Stack that lift_node needs per column: fronts along the way from the root, two at each level. */
static size_t heap_size(const mho_i_plan *plan) {
    size_t level[MHO_I_MAX_DEPTH] = {0}, sum = 0;
    for (int k = 0; k < plan->n_node; k++) {
        size_t ld = (size_t)(plan->node[k].ne + plan->node[k].nx);
        int d = plan->node[k].depth;
        level[d] = ld > level[d] ? ld : level[d];
    }
    for (int d = 0; d <= plan->max_depth; d++) {
        sum += 2 * level[d];
    }
    return sum;
}

/* Workspaces of updates: here, so that an update allocates little. */
static mho_status lift_space(mho_i_factor *f) {
    const size_t cols = MHO_I_MAX_CHANGED;
    f->heap = mho_i_alloc(f->ctx, heap_size(f->plan) * cols, sizeof(double));
    f->local = mho_i_alloc(f->ctx, 2 * MHO_I_LEAF * (MHO_I_LEAF + 1) * cols, sizeof(double));
    return f->heap && f->local ? MHO_OK : MHO_ERR_NOMEM;
}

mho_status mho_i_factor_new(mho_array *a, mho_i_factor **out) {
    *out = NULL;
    mho_i_factor *f = mho_i_alloc(a->ctx, 1, sizeof *f);
    if (!f) {
        return MHO_ERR_NOMEM;
    }
    mho_i_elim_space space;
    mho_status status = factor_alloc(a, f);
    status = status ? status : lift_space(f);
    if (!status) {
        status = mho_i_elim_space_new(f->plan, mho_ctx_threads(a->ctx), &space);
    }
    if (status) {
        mho_i_factor_free(f);
        return status;
    }
    mho_i_elim_run(f->plan, &space, a->g_S, f->m0_S, &f->keep);
    mho_i_elim_space_free(f->plan, &space);
    memcpy(f->g0_S, a->g_S, a->net.m * a->net.n * sizeof(double));
    memcpy(a->m_S, f->m0_S, a->net.m * a->net.n * sizeof(double));
    *out = f;
    return MHO_OK;
}

bool mho_i_factor_is_exact(const mho_i_factor *f) {
    return f->n_changed == 0;
}

/* ---- currents up the tree ---- */

/* The new cells; columns of everything below are these, [0, n). */
typedef struct {
    const mho_i_factor *f;
    int n;
    const int *cell; /* [n] network index */
    double *r;       /* [n][n], upper triangle: dot products so far */
    double *heap;    /* stack of port vectors */
    double *local;   /* [n][leaf nodes] */
} lift;

/* Port currents of a block: x[c*ld + port] for the columns col[c]. */
typedef struct {
    int n_col;
    int col[MHO_I_MAX_CHANGED];
    double *x;
} bundle;

static void add_dots(lift *l, const bundle *u, const double *y, int ne, int ld) {
    for (int a = 0; a < u->n_col; a++) {
        for (int b = a; b < u->n_col; b++) {
            l->r[u->col[a] * l->n + u->col[b]] +=
                cblas_ddot(ne, y + (size_t)a * (size_t)ld, 1, y + (size_t)b * (size_t)ld, 1);
        }
    }
}

enum { PANEL_COLS = 8, PANEL_ROWS = 128 };

/* x[c*ld + i] += sign * sum_k panel[k*ld + i] y[c][k], i in [i0,i1): PANEL_COLS columns of the
 * panel against all right-hand sides, in runs of rows that stay in the first cache. BLAS packs the
 * panel, which for a few right-hand sides costs more than the product. */
MHO_MULTIARCH
static void panel_times(const double *panel, size_t ld, int i0, int i1, double sign, int n,
                        double (*y)[PANEL_COLS], double *x) {
    const double *p0 = panel, *p1 = p0 + ld, *p2 = p1 + ld, *p3 = p2 + ld;
    const double *p4 = p3 + ld, *p5 = p4 + ld, *p6 = p5 + ld, *p7 = p6 + ld;
    for (int from = i0; from < i1; from += PANEL_ROWS) {
        int to = from + PANEL_ROWS < i1 ? from + PANEL_ROWS : i1;
        for (int c = 0; c < n; c++) {
            double *restrict xc = x + (size_t)c * ld;
            const double a0 = sign * y[c][0], a1 = sign * y[c][1], a2 = sign * y[c][2];
            const double a3 = sign * y[c][3], a4 = sign * y[c][4], a5 = sign * y[c][5];
            const double a6 = sign * y[c][6], a7 = sign * y[c][7];
            for (int i = from; i < to; i++) {
                xc[i] += (a0 * p0[i] + a1 * p1[i]) + (a2 * p2[i] + a3 * p3[i]) +
                         (a4 * p4[i] + a5 * p5[i]) + (a6 * p6[i] + a7 * p7[i]);
            }
        }
    }
}

/* One column at a time: the rest of a panel whose width is no multiple of PANEL_COLS. */
static void column_times(const double *p, size_t ld, int i0, int i1, double sign, int n, int j,
                         double *x) {
    for (int c = 0; c < n; c++) {
        double *restrict xc = x + (size_t)c * ld;
        const double a = sign * xc[j];
        for (int i = i0; i < i1; i++) {
            xc[i] += a * p[i];
        }
    }
}

/* x [n][ld]: the first ne entries become L^-1 of them, the others get the panel below L times that.
 */
static void panel_apply(const double *panel, int ld, int ne, int n, double *x) {
    size_t step = (size_t)ld;
    for (int j = 0; j < ne; j += PANEL_COLS) {
        const int wide = ne - j < PANEL_COLS ? ne - j : PANEL_COLS;
        const bool full = wide == PANEL_COLS;
        double y[MHO_I_MAX_CHANGED][PANEL_COLS];
        /* a factor is larger than the caches: ask for the next columns while these are used */
        const double *next = panel + (size_t)(j + wide) * step;
        for (size_t k = 0; j + wide < ne && k < PANEL_COLS * step; k += 8) {
            __builtin_prefetch(next + k, 0, 2);
        }
        for (int k = 0; k < wide; k++) {
            const double *p = panel + (size_t)(j + k) * step;
            for (int c = 0; c < n; c++) {
                x[(size_t)c * step + (size_t)(j + k)] /= p[j + k];
                y[c][k] = x[(size_t)c * step + (size_t)(j + k)];
            }
            column_times(p, step, j + k + 1, full ? j + wide : ne, -1, n, j + k, x);
            if (!full) {
                column_times(p, step, ne, ld, 1, n, j + k, x);
            }
        }
        if (full) {
            panel_times(panel + (size_t)j * step, step, j + wide, ne, -1, n, y, x);
            panel_times(panel + (size_t)j * step, step, ne, ld, 1, n, y, x);
        }
    }
}

/* Front currents in x [n_col][ne + nx]; on return its ports' in the first nx of each column. */
static void eliminate(lift *l, const mho_i_node *v, const bundle *u, double *x) {
    int ne = v->ne, nx = v->nx, ld = ne + nx, n = u->n_col;
    if (ne) {
        panel_apply(l->f->keep.panel + v->keep, ld, ne, n, x);
        add_dots(l, u, x, ne, ld);
    }
    for (int c = 0; c < n; c++) {
        memmove(x + (size_t)c * (size_t)nx, x + (size_t)c * (size_t)ld + ne,
                (size_t)nx * sizeof *x);
    }
}

/* Inside of a leaf: one ampere into the word node and out of the bit node of each of its cells. */
static void leaf_rows(lift *l, const mho_i_node *v, const bundle *u) {
    const mho_i_leaf_table *t = mho_i_factor_table(l->f, v);
    const double *val =
        (const double *)(l->f->keep.rows + l->f->plan->group[v->group0].keep) + v->lane;
    size_t nl = (size_t)t->n_local;
    memset(l->local, 0, nl * (size_t)u->n_col * sizeof(double));
    for (int c = 0; c < u->n_col; c++) {
        int n = (int)l->f->plan->net->n, cell = l->cell[u->col[c]];
        int i = cell / n - v->i0, j = cell % n - v->j0;
        l->local[(size_t)c * nl + (size_t)word_id(t, i, j + 1)] = 1;
        l->local[(size_t)c * nl + (size_t)bit_id(t, i, j)] = -1;
    }
    for (int r = 0; r < t->n_row; r++) {
        const int *id = t->id + t->start[r];
        int count = t->start[r + 1] - t->start[r];
        const double *row = val + (size_t)(t->start[r] + r) * MHO_I_LANES;
        for (int a = 0; a < u->n_col; a++) {
            double *x = l->local + (size_t)a * nl, at = x[t->node[r]], part = at * row[0];
            if (at == 0) {
                continue;
            }
            for (int b = a; b < u->n_col; b++) {
                l->r[u->col[a] * l->n + u->col[b]] +=
                    part * l->local[(size_t)b * nl + (size_t)t->node[r]];
            }
            for (int k = 0; k < count; k++) {
                x[id[k]] += part * row[(k + 1) * MHO_I_LANES];
            }
        }
    }
}

static void lift_leaf(lift *l, const mho_i_node *v, bundle *u) {
    const mho_i_leaf_table *t = mho_i_factor_table(l->f, v);
    int at[4 * MHO_I_LEAF], ld = v->ne + v->nx;
    mho_i_elim_leaf_map(l->f->plan->net, v, at);
    leaf_rows(l, v, u);
    u->x = l->heap;
    l->heap += (size_t)ld * (size_t)u->n_col;
    memset(u->x, 0, (size_t)ld * (size_t)u->n_col * sizeof(double));
    for (int c = 0; c < u->n_col; c++) {
        const double *from = l->local + (size_t)c * (size_t)t->n_local;
        double *to = u->x + (size_t)c * (size_t)ld;
        for (int k = 0; k < 2 * (t->p + t->q); k++) {
            int p = t->p, q = t->q,
                id = k < p           ? word_id(t, k, 0)
                     : k < 2 * p     ? word_id(t, k - p, q)
                     : k < 2 * p + q ? bit_id(t, 0, k - 2 * p)
                                     : bit_id(t, p, k - 2 * p - q);
            if (at[k] >= 0) {
                to[at[k]] += from[id];
            }
        }
    }
    eliminate(l, v, u, u->x);
}

static bool inside(const lift *l, int k, int cell) {
    const mho_i_node *v = l->f->plan->node + k;
    int n = (int)l->f->plan->net->n, i = cell / n, j = cell % n;
    return i >= v->i0 && i < v->i1 && j >= v->j0 && j < v->j1;
}

static void lift_node(lift *l, int k, bundle *u);

/* Columns of u that start in child k, lifted to its ports. */
static void lift_child(lift *l, int k, const bundle *u, bundle *child) {
    child->n_col = 0;
    for (int c = 0; c < u->n_col; c++) {
        if (inside(l, k, l->cell[u->col[c]])) {
            child->col[child->n_col++] = u->col[c];
        }
    }
    if (child->n_col) {
        lift_node(l, k, child);
    }
}

static void place_child(const lift *l, const mho_i_node *v, int second, const bundle *child,
                        const bundle *u, double *x) {
    const mho_i_node *from = l->f->plan->node + (second ? v->b : v->a);
    size_t ld = (size_t)(v->ne + v->nx);
    for (int c = 0, col = 0; c < child->n_col; c++) {
        while (u->col[col] != child->col[c]) {
            col++;
        }
        const double *src = child->x + (size_t)c * (size_t)from->nx;
        for (int g = 0; g < MHO_I_N_GROUP; g++) {
            double *to = x + (size_t)col * ld + mho_i_elim_place(l->f->plan, v, second, g);
            for (int i = 0; i < from->len[g]; i++) {
                to[i] += src[from->off[g] + i];
            }
        }
    }
}

/* u->col is set; u->x gets [n_col][nx] on the heap. */
static void lift_node(lift *l, int k, bundle *u) {
    const mho_i_node *v = l->f->plan->node + k;
    if (v->a < 0) {
        lift_leaf(l, v, u);
        return;
    }
    size_t size = (size_t)(v->ne + v->nx) * (size_t)u->n_col;
    u->x = l->heap;
    l->heap += size;
    double *mark = l->heap;
    bundle a, b;
    lift_child(l, v->a, u, &a);
    lift_child(l, v->b, u, &b);
    memset(u->x, 0, size * sizeof(double));
    place_child(l, v, 0, &a, u, u->x);
    place_child(l, v, 1, &b, u, u->x);
    l->heap = mark;
    eliminate(l, v, u, u->x);
}

/* Answers to 1 A through each of n cells: to_in [n][m], to_out [n][n_out], r [n][n]. */
static void lift_cells(mho_i_factor *f, int n, const int *cell, double *to_in, double *to_out,
                       double *r) {
    const mho_i_node *root = f->plan->node;
    size_t m = f->plan->net->m, n_out = f->plan->net->n, cols = (size_t)n;
    memset(r, 0, cols * cols * sizeof *r);
    lift l = {f, n, cell, r, f->heap, f->local};
    bundle u = {.n_col = n};
    for (int c = 0; c < n; c++) {
        u.col[c] = c;
    }
    lift_node(&l, 0, &u);
    for (size_t c = 0; c < cols; c++) {
        const double *x = u.x + c * (size_t)root->nx;
        for (size_t i = 0; i < m; i++) {
            to_in[c * m + i] = root->ns ? x[(size_t)root->off[MHO_I_S] + i] : 0;
        }
        for (size_t j = 0; j < n_out; j++) {
            to_out[c * n_out + j] = root->no ? x[(size_t)root->off[MHO_I_O] + j] : 0;
        }
        for (size_t d = 0; d < c; d++) {
            r[c * cols + d] = r[d * cols + c];
        }
    }
}

/* ---- the update ---- */

/* Solve k x = b for n_rhs columns of b [n][n_rhs] by elimination with pivoting; k, b overwritten.
 * false: singular. */
static bool small_solve(int n, double *k, int n_rhs, double *b) {
    for (int c = 0; c < n; c++) {
        int p = c;
        for (int r = c + 1; r < n; r++) {
            p = fabs(k[r * n + c]) > fabs(k[p * n + c]) ? r : p;
        }
        if (!(fabs(k[p * n + c]) > 1e-300)) {
            return false;
        }
        for (int j = 0; p != c && j < n; j++) {
            double t = k[p * n + j];
            k[p * n + j] = k[c * n + j];
            k[c * n + j] = t;
        }
        for (int j = 0; p != c && j < n_rhs; j++) {
            double t = b[p * n_rhs + j];
            b[p * n_rhs + j] = b[c * n_rhs + j];
            b[c * n_rhs + j] = t;
        }
        for (int r = 0; r < n; r++) {
            double l = r == c ? 0 : k[r * n + c] / k[c * n + c];
            for (int j = c; l != 0 && j < n; j++) {
                k[r * n + j] -= l * k[c * n + j];
            }
            for (int j = 0; l != 0 && j < n_rhs; j++) {
                b[r * n_rhs + j] -= l * b[c * n_rhs + j];
            }
        }
    }
    for (int c = 0; c < n; c++) {
        for (int j = 0; j < n_rhs; j++) {
            b[c * n_rhs + j] /= k[c * n + c];
        }
    }
    return true;
}

/* m_S = m0_S - to_in^T (I + R D)^-1 ... : the changed cells' extra currents D v, where their true
 * voltages v obey (I + R D) v = v0 and v0 = to_in . inputs. */
static mho_status apply(mho_array *a, bool *done) {
    mho_i_factor *f = a->factor;
    int k = f->n_changed, m = (int)a->net.m, n = (int)a->net.n;
    size_t most = MHO_I_MAX_CHANGED;
    memcpy(a->m_S, f->m0_S, a->net.m * a->net.n * sizeof(double));
    if (!k) {
        return MHO_OK;
    }
    double *sys = mho_i_alloc(a->ctx, (size_t)k * (size_t)k + (size_t)k * a->net.m, sizeof *sys);
    if (!sys) {
        return MHO_ERR_NOMEM;
    }
    double *v = sys + (size_t)k * (size_t)k;
    memcpy(v, f->to_in, (size_t)k * a->net.m * sizeof *v);
    for (int r = 0; r < k; r++) {
        for (int c = 0; c < k; c++) {
            double d = a->g_S[f->cell[c]] - f->g0_S[f->cell[c]];
            sys[r * k + c] = (r == c) + f->between[(size_t)r * most + (size_t)c] * d;
        }
    }
    *done = small_solve(k, sys, m, v);
    for (int c = 0; c < k && *done; c++) {
        cblas_dscal(m, a->g_S[f->cell[c]] - f->g0_S[f->cell[c]], v + (size_t)c * a->net.m, 1);
    }
    if (*done) {
        cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, m, n, k, -1, v, m, f->to_out, n, 1,
                    a->m_S, n);
    }
    mho_i_free(a->ctx, sys);
    return MHO_OK;
}

/* Answers of the new cells join those that are there; the dot products between old and new come
 * from lifting all of them together. */
static mho_status lift_all(mho_i_factor *f) {
    int n = f->n_changed;
    size_t cols = (size_t)n;
    double *r = mho_i_alloc(f->ctx, cols * cols, sizeof *r);
    if (!r) {
        return MHO_ERR_NOMEM;
    }
    lift_cells(f, n, f->cell, f->to_in, f->to_out, r);
    for (size_t c = 0; c < cols; c++) {
        memcpy(f->between + c * MHO_I_MAX_CHANGED, r + c * cols, cols * sizeof *r);
    }
    mho_i_free(f->ctx, r);
    return MHO_OK;
}

mho_status mho_i_factor_update(mho_array *a, size_t n_cell, const size_t *cell, bool *done) {
    mho_i_factor *f = a->factor;
    int before = f->n_changed;
    *done = true;
    for (size_t k = 0; k < n_cell; k++) {
        int known = 0;
        while (known < f->n_changed && f->cell[known] != (int)cell[k]) {
            known++;
        }
        if (known < f->n_changed) {
            continue;
        }
        if (f->n_changed == MHO_I_MAX_CHANGED) {
            f->n_changed = before;
            *done = false;
            return MHO_OK;
        }
        f->cell[f->n_changed++] = (int)cell[k];
    }
    mho_status status = f->n_changed > before ? lift_all(f) : MHO_OK;
    return status ? status : apply(a, done);
}
