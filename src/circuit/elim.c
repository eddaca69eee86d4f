/* elim.c - exact transfer matrix of an ohmic array by hierarchical port elimination: leaves four at
 * a time, subtrees spread over threads, the top of the tree with tiled fronts. O(n^3) operations,
 * nearly all in BLAS-3; O(n^2) memory. Lines must have wire resistance, if only that of transfer.c's
 * thick ones. */
#include "elim_int.h"

#include <omp.h>
#include <string.h>

/* ---- leaves ---- */

static double segment(const mho_i_lines *l, size_t line, size_t k) {
    if (k == 0) {
        return l->lo_S[line];
    }
    if (k == l->n_node) {
        return l->hi_S[line];
    }
    return l->broken && l->broken[line * (l->n_node + 1) + k] ? 0 : l->seg_S[line];
}

static void pack_leaf(const mho_i_net *net, const mho_i_node *v, const double *g, int lane,
                      mho_i_v4 *cell) {
    double *to = (double *)cell + lane;
    for (int i = v->i0; i < v->i1; i++) {
        for (int j = v->j0; j < v->j1; j++) {
            to[0] = segment(&net->drive, (size_t)i, (size_t)j);
            to[MHO_I_LANES] = g[(size_t)i * net->n + (size_t)j];
            to[2 * MHO_I_LANES] = segment(&net->sense, (size_t)j, (size_t)i + 1);
            to += 3 * MHO_I_LANES;
        }
    }
}

/* Where port k of a leaf (L R T D) stands in its front; -1: it carries nothing. */
void mho_i_elim_leaf_map(const mho_i_net *net, const mho_i_node *v, int *at) {
    int p = v->i1 - v->i0, q = v->j1 - v->j0, ne = v->ne;
    bool right = v->j1 == (int)net->n, top = v->i0 == 0;
    int l = v->len[MHO_I_L] ? v->off[MHO_I_L] + ne : v->len[MHO_I_S] ? v->off[MHO_I_S] + ne : -1;
    int r = right ? 0 : v->off[MHO_I_R] + ne;
    int t = top ? (right ? p : 0) : v->off[MHO_I_T] + ne;
    int d = v->len[MHO_I_D] ? v->off[MHO_I_D] + ne : v->len[MHO_I_O] ? v->off[MHO_I_O] + ne : -1;
    for (int k = 0; k < p; k++) {
        at[k] = l < 0 ? -1 : l + k;
        at[p + k] = r + k;
    }
    for (int k = 0; k < q; k++) {
        at[2 * p + k] = t + k;
        at[2 * p + q + k] = d < 0 ? -1 : d + k;
    }
}

/* Add a conductance between places x and y of a front. */
static inline void front_add(const mho_i_front *f, int x, int y, double g) {
    int r = x > y ? x : y, c = x > y ? y : x, nx = f->nl + f->ns + f->no;
    if (c < f->ne) {
        f->panel[(size_t)c * (size_t)(f->ne + nx) + (size_t)r] += g;
    } else {
        f->c[(size_t)(c - f->ne) * (size_t)nx + (size_t)(r - f->ne)] += g;
    }
}

static void clear_front(const mho_i_front *f) {
    int nx = f->nl + f->ns + f->no, n = f->ne + nx, o0 = f->nl + f->ns;
    for (int k = 0; k < f->ne; k++) {
        memset(f->panel + (size_t)k * (size_t)n + k, 0, (size_t)(n - k) * sizeof(double));
    }
    for (int k = 0; k < o0; k++) {
        int r = k < f->nl ? k : o0;
        memset(f->c + (size_t)k * (size_t)nx + r, 0, (size_t)(nx - r) * sizeof(double));
    }
}

/* Upper triangle by rows, one lane of it, to lower triangle by columns. */
MHO_MULTIARCH static void unpack_leaf(int n, const double *from, double *c) {
    for (int a = 0; a < n; a++) {
        for (int b = a + 1; b < n; b++) {
            c[a * n + b] = from[(a * n + b) * MHO_I_LANES];
        }
    }
}

/* Lane of a reduced group -> block of the leaf, its open edges eliminated. */
static void close_leaf(const mho_i_plan *plan, const mho_i_node *v, const mho_i_v4 *out,
                       double *panel, double *work, double *c) {
    int p = v->i1 - v->i0, q = v->j1 - v->j0, n = 2 * (p + q), at[4 * MHO_I_LEAF];
    mho_i_front f = {panel, c, work, v->ne, v->nl, v->ns, v->no};
    const mho_i_lines *drive = &plan->net->drive, *sense = &plan->net->sense;
    const double *from = (const double *)out + v->lane;
    bool inside = v->ne == 0 && !v->len[MHO_I_S] && !v->len[MHO_I_O];
    if (inside && v->nl == n) { /* as it is */
        unpack_leaf(n, from, c);
        return;
    }
    clear_front(&f);
    mho_i_elim_leaf_map(plan->net, v, at);
    for (int a = 0; a < n; a++) {
        for (int b = a + 1; b < n && at[a] >= 0; b++) {
            if (at[b] >= 0) {
                front_add(&f, at[a], at[b], from[(a * n + b) * MHO_I_LANES]);
            }
        }
    }
    if (v->j1 == (int)plan->net->n && drive->any_hi) {
        for (int k = 0; k < p; k++) {
            front_add(&f, at[p + k], v->ne + v->off[MHO_I_S] + k, drive->hi_S[v->i0 + k]);
        }
    }
    if (v->i0 == 0 && sense->any_lo) {
        for (int k = 0; k < q; k++) {
            front_add(&f, at[2 * p + k], v->ne + v->off[MHO_I_O] + k, sense->lo_S[v->j0 + k]);
        }
    }
    if (v->ne) {
        mho_i_front_eliminate(&f, false, 1);
    }
}

static double *panel_of(const mho_i_node *v, const mho_i_keep *keep, double *scratch) {
    return keep ? keep->panel + v->keep : scratch;
}

static void make_leaves(const mho_i_plan *plan, const mho_i_node *tile, const double *g,
                        mho_i_elim_thread *w, const mho_i_keep *keep) {
    for (int k = tile->group0; k < tile->group1; k++) {
        const mho_i_group *group = plan->group + k;
        for (int lane = 0; lane < MHO_I_LANES; lane++) {
            int leaf = group->leaf[lane < group->n_leaf ? lane : 0];
            pack_leaf(plan->net, plan->node + leaf, g, lane, w->cell);
        }
        mho_i_leaf_reduce(group->p, group->q, w->cell, w->out, w->scratch,
                          keep ? keep->rows + group->keep : NULL);
        for (int lane = 0; lane < group->n_leaf; lane++) {
            const mho_i_node *v = plan->node + group->leaf[lane];
            close_leaf(plan, v, w->out, panel_of(v, keep, w->panel), w->work,
                       w->leaf + (size_t)v->slot * plan->leaf_size);
        }
    }
}

/* ---- joining blocks ---- */

/* A block of conductances between the group at column pc and the group at row pr of a front. */
typedef enum { PUT, ADD, ZERO } patch_mode;
typedef struct {
    const double *from; /* unused by ZERO */
    int ld, n_row, n_col, pr, pc;
    bool triangle; /* only below the diagonal */
    patch_mode mode;
} patch;

static double *front_column(const mho_i_front *f, int col) {
    int nx = f->nl + f->ns + f->no;
    if (col < f->ne) {
        return f->panel + (size_t)col * (size_t)(f->ne + nx);
    }
    return f->c + (size_t)(col - f->ne) * (size_t)nx - f->ne;
}

MHO_MULTIARCH static void add_column(int n, const double *from, double *to) {
    for (int k = 0; k < n; k++) {
        to[k] += from[k];
    }
}

/* The block comes as rows of what is wanted as columns. */
static void patch_turned(const mho_i_front *f, const patch *x) {
    enum { B = 8 };
    for (int r0 = 0; r0 < x->n_row; r0 += B) {
        int r1 = r0 + B < x->n_row ? r0 + B : x->n_row;
        for (int c0 = 0; c0 < x->n_col; c0 += B) {
            int c1 = c0 + B < x->n_col ? c0 + B : x->n_col;
            for (int r = r0; r < r1; r++) {
                double *to = front_column(f, x->pr + r) + x->pc;
                for (int c = c0; c < c1; c++) {
                    double g = x->from[(size_t)c * (size_t)x->ld + (size_t)r];
                    to[c] = x->mode == ADD ? to[c] + g : g;
                }
            }
        }
    }
}

static void set_patch(const mho_i_front *f, const patch *x) {
    bool turned = x->pr < x->pc;
    if (turned && x->mode != ZERO) {
        patch_turned(f, x);
        return;
    }
    int n_col = turned ? x->n_row : x->n_col, n_row = turned ? x->n_col : x->n_row;
    int pc = turned ? x->pr : x->pc, pr = turned ? x->pc : x->pr;
    for (int c = 0; c < n_col; c++) {
        int r = x->triangle ? c + 1 : 0;
        double *to = front_column(f, pc + c) + pr + r;
        const double *from = x->mode == ZERO ? NULL : x->from + (size_t)c * (size_t)x->ld + r;
        if (x->mode == ADD) {
            add_column(n_row - r, from, to);
        } else if (x->mode == PUT) {
            memcpy(to, from, (size_t)(n_row - r) * sizeof *to);
        } else {
            memset(to, 0, (size_t)(n_row - r) * sizeof *to);
        }
    }
}

/* Where group g of child `second` (0, 1) of v stands in v's front. */
int mho_i_elim_place(const mho_i_plan *plan, const mho_i_node *v, int second, int g) {
    int shared = v->side_by_side ? (second ? MHO_I_L : MHO_I_R) : (second ? MHO_I_T : MHO_I_D);
    if (g == shared) {
        return 0;
    }
    int at = v->ne + v->off[g];
    bool stacked = v->side_by_side ? g == MHO_I_T || g == MHO_I_D || g == MHO_I_O
                                   : g == MHO_I_L || g == MHO_I_R || g == MHO_I_S;
    return second && stacked ? at + plan->node[v->a].len[g] : at;
}

/* Is group g of either child the same nodes as one of the other child? */
static bool both_have(const mho_i_plan *plan, const mho_i_node *v, int second, int g) {
    const mho_i_node *other = plan->node + (second ? v->a : v->b);
    int at = mho_i_elim_place(plan, v, second, g);
    return at == 0 ||
           (g >= MHO_I_S && other->len[g] && mho_i_elim_place(plan, v, !second, g) == at);
}

/* Conductances between nodes of a child; what the first has put there, the second adds to. */
static void set_child(const mho_i_plan *plan, const mho_i_node *v, int second,
                      const mho_i_block *block, const mho_i_front *f) {
    const mho_i_node *child = plan->node + (second ? v->b : v->a);
    for (int col = 0; col < MHO_I_N_GROUP; col++) {
        for (int row = col; row < MHO_I_N_GROUP; row++) {
            bool known = !plan->full && row == col && row >= MHO_I_S;
            if (known || !child->len[row] || !child->len[col]) {
                continue;
            }
            bool again = second && both_have(plan, v, 1, row) && both_have(plan, v, 1, col);
            patch x = {block->c + (size_t)child->off[col] * (size_t)block->ld + child->off[row],
                       block->ld,
                       child->len[row],
                       child->len[col],
                       mho_i_elim_place(plan, v, second, row),
                       mho_i_elim_place(plan, v, second, col),
                       row == col,
                       again ? ADD : PUT};
            set_patch(f, &x);
        }
    }
}

/* Nodes that only one child has and nodes that only the other has: nothing between them yet. */
static void clear_between(const mho_i_plan *plan, const mho_i_node *v, const mho_i_front *f) {
    const mho_i_node *a = plan->node + v->a, *b = plan->node + v->b;
    for (int ga = 0; ga < MHO_I_N_GROUP; ga++) {
        for (int gb = 0; gb < MHO_I_N_GROUP; gb++) {
            bool known = !plan->full && ga >= MHO_I_S && ga == gb;
            if (known || !a->len[ga] || !b->len[gb] || both_have(plan, v, 0, ga) ||
                both_have(plan, v, 1, gb)) {
                continue;
            }
            patch x = {.n_row = a->len[ga],
                       .n_col = b->len[gb],
                       .pr = mho_i_elim_place(plan, v, 0, ga),
                       .pc = mho_i_elim_place(plan, v, 1, gb),
                       .mode = ZERO};
            set_patch(f, &x);
        }
    }
}

static mho_i_block join_blocks(const mho_i_plan *plan, const mho_i_node *v, const mho_i_block *a,
                               const mho_i_block *b, double *panel, double *work, double *c,
                               int n_thread) {
    mho_i_front f = {panel, c, work, v->ne, v->nl, v->ns, v->no};
    clear_between(plan, v, &f);
    set_child(plan, v, 0, a, &f);
    set_child(plan, v, 1, b, &f);
    /* threads pay from about a millisecond of work on */
    double flops = (double)v->ne * v->nx * (v->nx + v->ne);
    mho_i_front_eliminate(&f, v->depth < 4 && flops > 4e7, n_thread);
    return (mho_i_block){c, v->nx};
}

/* ---- the tree ---- */

static mho_i_block run_task(const mho_i_plan *plan, int k, const double *g, mho_i_elim_thread *w,
                            int which, double *dest, const mho_i_keep *keep) {
    const mho_i_node *v = plan->node + k;
    if (v->tile) {
        make_leaves(plan, v, g, w, keep);
    }
    if (v->a < 0) {
        double *leaf = w->leaf + (size_t)v->slot * plan->leaf_size;
        if (dest) {
            memcpy(dest, leaf, (size_t)v->nx * (size_t)v->nx * sizeof *dest);
        }
        return (mho_i_block){dest ? dest : leaf, v->nx};
    }
    mho_i_block a = run_task(plan, v->a, g, w, 0, NULL, keep);
    mho_i_block b = run_task(plan, v->b, g, w, 1, NULL, keep);
    return join_blocks(plan, v, &a, &b, panel_of(v, keep, w->panel), w->work,
                       dest ? dest : w->c[v->depth][which], 1);
}

static mho_i_block run_top(const mho_i_plan *plan, int k, mho_i_elim_space *space, int which,
                           const mho_i_keep *keep) {
    const mho_i_node *v = plan->node + k;
    if (v->task >= 0) {
        return space->result[v->task];
    }
    mho_i_elim_thread *w = &space->top;
    mho_i_block a = run_top(plan, v->a, space, 0, keep);
    mho_i_block b = run_top(plan, v->b, space, 1, keep);
    return join_blocks(plan, v, &a, &b, panel_of(v, keep, w->panel), w->work, w->c[v->depth][which],
                       space->n_thread);
}

/* What is left of the array: the block of S and O. */
static mho_i_block run(const mho_i_plan *plan, mho_i_elim_space *space, const double *g_S,
                       const mho_i_keep *keep) {
    /* threads pay from about a millisecond of work on */
    double cells = (double)plan->net->m * (double)plan->net->n;
    bool spread = space->n_thread > 1 && 31 * cells * sqrt(cells) > 4e7;
#pragma omp parallel for schedule(dynamic, 1) num_threads(space->n_thread) if (spread)
    for (int t = 0; t < plan->n_task; t++) {
        int me = spread ? omp_get_thread_num() : 0;
        space->result[t] =
            run_task(plan, plan->task[t], g_S, space->thread + me, 0, space->result[t].c, keep);
    }
    return run_top(plan, 0, space, 0, keep);
}

static void take_matrix(const mho_i_plan *plan, const mho_i_block *root, double *m_S) {
    size_t m = plan->net->m, n = plan->net->n;
    const mho_i_node *v = plan->node;
    if (!v->len[MHO_I_S] || !v->len[MHO_I_O]) {
        memset(m_S, 0, m * n * sizeof *m_S);
        return;
    }
    for (size_t i = 0; i < m; i++) {
        memcpy(m_S + i * n,
               root->c + ((size_t)v->off[MHO_I_S] + i) * (size_t)root->ld + v->off[MHO_I_O],
               n * sizeof *m_S);
    }
}

/* Conductances among the ports of a group, S or O. */
static void take_group(const mho_i_plan *plan, const mho_i_block *root, int group, size_t n,
                       double *c_S) {
    const mho_i_node *v = plan->node;
    memset(c_S, 0, n * n * sizeof *c_S);
    for (size_t col = 0; v->len[group] && col < n; col++) {
        for (size_t row = col + 1; row < n; row++) {
            size_t off = (size_t)v->off[group];
            c_S[row * n + col] = c_S[col * n + row] =
                root->c[(off + col) * (size_t)root->ld + off + row];
        }
    }
}

void mho_i_elim_run(const mho_i_plan *plan, mho_i_elim_space *space, const double *g_S, double *m_S,
                    const mho_i_keep *keep) {
    mho_i_block root = run(plan, space, g_S, keep);
    take_matrix(plan, &root, m_S);
}

void mho_i_elim_run_full(const mho_i_plan *plan, mho_i_elim_space *space, const double *g_S,
                         double *m_S, double *in_S, double *out_S) {
    mho_i_block root = run(plan, space, g_S, NULL);
    take_matrix(plan, &root, m_S);
    if (in_S) {
        take_group(plan, &root, MHO_I_S, plan->net->m, in_S);
    }
    if (out_S) {
        take_group(plan, &root, MHO_I_O, plan->net->n, out_S);
    }
}

/* ---- workspace ---- */

static mho_status thread_new(const mho_i_plan *plan, mho_i_elim_thread *w) {
    mho_ctx *ctx = plan->ctx;
    w->cell = mho_i_alloc(ctx, 3 * MHO_I_LEAF * MHO_I_LEAF, sizeof *w->cell);
    w->out = mho_i_alloc(ctx, 16 * MHO_I_LEAF * MHO_I_LEAF, sizeof *w->out);
    w->scratch = mho_i_alloc(ctx, mho_i_leaf_scratch(), sizeof *w->scratch);
    w->leaf = mho_i_alloc(ctx, MHO_I_TILE_LEAVES * plan->leaf_size, sizeof *w->leaf);
    w->panel = mho_i_alloc(ctx, plan->panel_size, sizeof *w->panel);
    w->work = mho_i_alloc(ctx, 2 * (size_t)plan->max_ne, sizeof *w->work);
    bool ok = w->cell && w->out && w->scratch && w->leaf && w->panel && w->work;
    for (int d = 0; ok && d <= plan->max_depth; d++) {
        for (int k = 0; k < 2 && plan->c_size[d]; k++) {
            w->c[d][k] = mho_i_alloc(ctx, plan->c_size[d], sizeof(double));
            ok = ok && w->c[d][k];
        }
    }
    return ok ? MHO_OK : MHO_ERR_NOMEM;
}

static mho_status top_new(const mho_i_plan *plan, mho_i_elim_space *space) {
    mho_ctx *ctx = plan->ctx;
    mho_i_elim_thread *w = &space->top;
    w->panel = mho_i_alloc(ctx, plan->top_panel_size, sizeof *w->panel);
    w->work = mho_i_alloc(ctx, 2 * (size_t)plan->max_ne, sizeof *w->work);
    bool ok = w->panel && w->work;
    for (int d = 0; ok && d <= plan->max_depth; d++) {
        for (int k = 0; k < (d ? 2 : 1) && plan->top_size[d]; k++) {
            w->c[d][k] = mho_i_alloc(ctx, plan->top_size[d], sizeof(double));
            ok = ok && w->c[d][k];
        }
    }
    for (int t = 0; ok && t < plan->n_task; t++) {
        size_t nx = (size_t)plan->node[plan->task[t]].nx;
        space->result[t].c = mho_i_alloc(ctx, nx * nx, sizeof(double));
        ok = space->result[t].c != NULL;
    }
    return ok ? MHO_OK : MHO_ERR_NOMEM;
}

mho_status mho_i_elim_space_new(const mho_i_plan *plan, int n_thread, mho_i_elim_space *space) {
    memset(space, 0, sizeof *space);
    space->n_thread = n_thread < plan->n_task ? n_thread : plan->n_task;
    space->thread = mho_i_alloc(plan->ctx, (size_t)space->n_thread, sizeof *space->thread);
    space->result = mho_i_alloc(plan->ctx, (size_t)plan->n_task, sizeof *space->result);
    mho_status status = space->thread && space->result ? top_new(plan, space) : MHO_ERR_NOMEM;
    for (int t = 0; t < space->n_thread && !status; t++) {
        status = thread_new(plan, space->thread + t);
    }
    if (status) {
        mho_i_elim_space_free(plan, space);
    }
    return status;
}

static void thread_free(mho_ctx *ctx, mho_i_elim_thread *w) {
    void *arrays[] = {w->cell, w->out, w->scratch, w->leaf, w->panel, w->work};
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) {
        mho_i_free(ctx, arrays[k]);
    }
    for (int d = 0; d < MHO_I_MAX_DEPTH; d++) {
        mho_i_free(ctx, w->c[d][0]);
        mho_i_free(ctx, w->c[d][1]);
    }
}

void mho_i_elim_space_free(const mho_i_plan *plan, mho_i_elim_space *space) {
    for (int t = 0; space->thread && t < space->n_thread; t++) {
        thread_free(plan->ctx, space->thread + t);
    }
    for (int t = 0; space->result && t < plan->n_task; t++) {
        mho_i_free(plan->ctx, space->result[t].c);
    }
    thread_free(plan->ctx, &space->top);
    mho_i_free(plan->ctx, space->thread);
    mho_i_free(plan->ctx, space->result);
    memset(space, 0, sizeof *space);
}
