/* down.c - all node voltages of a batch of vectors by one pass down the tree of the kept factor.
 * The only sources sit at the ports of the root, so no way up is needed: at every block the ports
 * are known, and v_E = L^-T Y^T v_ports gives the nodes that were eliminated there. */
#include "factor_int.h"

#include <cblas.h>
#include <omp.h>
#include <string.h>

typedef mho_i_v4 v4;

/* Vectors that go down together: four registers of four. */
enum { NB = 16, SPACE_MIB = 512 };

/* Values [node][NB]: word nodes [m][n], bit nodes [m][n], inputs [m], outputs [n]. */
typedef struct {
    double *value;
    double *x, *t; /* [most ports][NB], [most eliminated][NB] */
    double *local; /* [leaf nodes][NB] */
    double *grid;  /* [3][m][n] for the residual */
    double *u;     /* [m] */
    mho_array_report rep;
} descent;

static size_t word_at(const mho_i_net *net, int i, int j) {
    return (size_t)i * net->n + (size_t)j;
}

static size_t bit_at(const mho_i_net *net, int i, int j) {
    return net->m * net->n + word_at(net, i, j);
}

static size_t in_at(const mho_i_net *net, int i) {
    return 2 * net->m * net->n + (size_t)i;
}

static size_t out_at(const mho_i_net *net, int j) {
    return 2 * net->m * net->n + net->m + (size_t)j;
}

static size_t port_at(const mho_i_net *net, const mho_i_node *v, int group, int k) {
    switch (group) {
    case MHO_I_L:
        return word_at(net, v->i0 + k, v->j0 - 1);
    case MHO_I_R:
        return word_at(net, v->i0 + k, v->j1 - 1);
    case MHO_I_T:
        return bit_at(net, v->i0, v->j0 + k);
    case MHO_I_D:
        return bit_at(net, v->i1, v->j0 + k);
    case MHO_I_S:
        return in_at(net, v->i0 + k);
    default:
        return out_at(net, v->j0 + k);
    }
}

static size_t eliminated_at(const mho_i_plan *plan, const mho_i_node *v, int k) {
    const mho_i_net *net = plan->net;
    if (v->a < 0) { /* open edges of a leaf */
        int p = v->j1 == (int)net->n ? v->i1 - v->i0 : 0;
        return k < p ? word_at(net, v->i0 + k, v->j1 - 1) : bit_at(net, v->i0, v->j0 + k - p);
    }
    return v->side_by_side ? word_at(net, v->i0 + k, plan->node[v->a].j1 - 1)
                           : bit_at(net, plan->node[v->b].i0, v->j0 + k);
}

static void block_down(const mho_i_factor *f, const mho_i_node *v, descent *d) {
    const mho_i_net *net = f->plan->net;
    const double *panel = f->keep.panel + v->keep;
    int ld = v->ne + v->nx;
    for (int g = 0; g < MHO_I_N_GROUP; g++) {
        for (int k = 0; k < v->len[g]; k++) {
            memcpy(d->x + (size_t)(v->off[g] + k) * NB, d->value + port_at(net, v, g, k) * NB,
                   NB * sizeof(double));
        }
    }
    memset(d->t, 0, (size_t)v->ne * NB * sizeof(double));
    if (v->nx) {
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, NB, v->ne, v->nx, 1, d->x, NB,
                    panel + v->ne, ld, 0, d->t, NB);
    }
    cblas_dtrsm(CblasColMajor, CblasRight, CblasLower, CblasNoTrans, CblasNonUnit, NB, v->ne, 1,
                panel, ld, d->t, NB);
    for (int k = 0; k < v->ne; k++) {
        memcpy(d->value + eliminated_at(f->plan, v, k) * NB, d->t + (size_t)k * NB,
               NB * sizeof(double));
    }
}

/* Rows of a leaf in reverse order: every node is the mean of its later neighbours, weighted by the
 * conductances. val: lane of the kept rows. */
MHO_MULTIARCH static void rows_down(const mho_i_leaf_table *t, const double *val, double *local) {
    for (int r = t->n_row - 1; r >= 0; r--) {
        const int *id = t->id + t->start[r];
        int count = t->start[r + 1] - t->start[r];
        const double *row = val + (size_t)(t->start[r] + r) * MHO_I_LANES;
        v4 s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
        for (int k = 0; k < count; k++) {
            double g = row[(k + 1) * MHO_I_LANES];
            const v4 *x = (const v4 *)(const void *)(local + (size_t)id[k] * NB);
            s0 += g * x[0];
            s1 += g * x[1];
            s2 += g * x[2];
            s3 += g * x[3];
        }
        v4 *to = (v4 *)(void *)(local + (size_t)t->node[r] * NB);
        to[0] = s0 * row[0];
        to[1] = s1 * row[0];
        to[2] = s2 * row[0];
        to[3] = s3 * row[0];
    }
}

/* Move one node between the leaf's numbering and the array's. */
static void move(const descent *d, bool in, size_t local, size_t at) {
    double *x = d->local + local * NB, *y = d->value + at * NB;
    memcpy(in ? x : y, in ? y : x, NB * sizeof(double));
}

static void leaf_down(const mho_i_factor *f, const mho_i_node *v, descent *d) {
    const mho_i_net *net = f->plan->net;
    const mho_i_leaf_table *t = mho_i_factor_table(f, v);
    int p = t->p, q = t->q;
    size_t bits = (size_t)(p * (q + 1)), w = (size_t)(q + 1), n = (size_t)q;
    for (int i = 0; i < p; i++) {
        move(d, true, (size_t)i * w,
             v->j0 ? word_at(net, v->i0 + i, v->j0 - 1) : in_at(net, v->i0 + i));
        move(d, true, (size_t)i * w + n, word_at(net, v->i0 + i, v->j1 - 1));
    }
    for (int j = 0; j < q; j++) {
        move(d, true, bits + (size_t)j, bit_at(net, v->i0, v->j0 + j));
        move(d, true, bits + (size_t)p * n + (size_t)j,
             v->i1 < (int)net->m ? bit_at(net, v->i1, v->j0 + j) : out_at(net, v->j0 + j));
    }
    rows_down(t, (const double *)(f->keep.rows + f->plan->group[v->group0].keep) + v->lane,
              d->local);
    for (int i = 0; i < p; i++) {
        for (int j = 0; j < q; j++) {
            if (j + 1 < q) {
                move(d, false, (size_t)i * w + (size_t)j + 1, word_at(net, v->i0 + i, v->j0 + j));
            }
            if (i) {
                move(d, false, bits + (size_t)i * n + (size_t)j, bit_at(net, v->i0 + i, v->j0 + j));
            }
        }
    }
}

/* Cell currents of a row; returns their power from u to pot. */
MHO_MULTIARCH static double row_currents(size_t n, const double *g, const double *w,
                                         const double *b, double u, const double *pot, double *i) {
    double s[8] = {0};
    size_t j = 0;
    for (; j + 8 <= n; j += 8) {
        for (size_t k = 0; k < 8; k++) {
            i[j + k] = g[j + k] * (w[j + k] - b[j + k]);
            s[k] += i[j + k] * (u - pot[j + k]);
        }
    }
    for (; j < n; j++) {
        i[j] = g[j] * (w[j] - b[j]);
        s[0] += i[j] * (u - pot[j]);
    }
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/* Residual and power of one vector whose voltages stand at w, b. */
static void judge(const mho_array *a, descent *d, const double *w, const double *b) {
    size_t cells = a->net.m * a->net.n;
    double *i = d->grid, worst, scale, power = 0;
    for (size_t r = 0; r < a->net.m; r++) {
        size_t at = r * a->net.n;
        power += row_currents(a->net.n, a->g_S + at, w + at, b + at, d->u[r], a->net.sense.pot_V,
                              i + at);
    }
    mho_i_field field = {a->net.n, d->u, w, b, i, i + cells, i + 2 * cells};
    mho_i_net_kirchhoff(&a->net, &field);
    mho_i_net_measure(&a->net, &field, &worst, &scale);
    double rel = mho_i_net_relative(worst, scale);
    double floor_rel = mho_i_net_floor(&a->net, d->u, scale);
    bool good = rel <= a->opt.tol_rel + fmin(floor_rel, MHO_I_ROUNDED);
    if (!good && rel <= floor_rel) {
        double lines_rel = mho_i_net_harmless(&a->net, &field, scale);
        good = isfinite(lines_rel);
        d->rep.rounding_rel = fmax(d->rep.rounding_rel, rel);
        rel = good ? lines_rel : rel;
    }
    d->rep.residual_rel = rel > d->rep.residual_rel || isnan(rel) ? rel : d->rep.residual_rel;
    d->rep.power_W += power;
    d->rep.n_unconverged += good ? 0 : 1;
}

/* [cell][NB] to [vector][cell], in blocks that stay in cache. */
static void hand_out(size_t cells, size_t n_vec, const double *value, double *to) {
    enum { B = 64 };
    for (size_t k0 = 0; k0 < cells; k0 += B) {
        size_t k1 = k0 + B < cells ? k0 + B : cells;
        for (size_t v = 0; v < n_vec; v++) {
            for (size_t k = k0; k < k1; k++) {
                to[v * cells + k] = value[k * NB + v];
            }
        }
    }
}

/* Vectors [v0, v1), at most NB. */
static void batch_down(mho_array *a, descent *d, size_t v0, size_t v1, const double *v_V,
                       const double *out_V, double *w_V, double *b_V) {
    const mho_i_factor *f = a->factor;
    const mho_i_net *net = &a->net;
    size_t cells = net->m * net->n;
    for (size_t v = 0; v < NB; v++) {
        size_t from = v0 + v < v1 ? v0 + v : v0;
        const double *pot = out_V ? out_V + from * net->n : net->sense.pot_V;
        if (out_V) {
            memset(d->u, 0, net->m * sizeof *d->u);
        } else {
            mho_i_net_drive(net, v_V + from * net->m, d->u);
        }
        for (size_t i = 0; i < net->m; i++) {
            d->value[in_at(net, (int)i) * NB + v] = d->u[i];
        }
        for (size_t j = 0; j < net->n; j++) {
            d->value[out_at(net, (int)j) * NB + v] = pot[j];
        }
    }
    for (int k = 0; k < f->plan->n_node; k++) { /* parents come before children */
        const mho_i_node *v = f->plan->node + k;
        if (v->ne) {
            block_down(f, v, d);
        }
        if (v->a < 0) {
            leaf_down(f, v, d);
        }
    }
    hand_out(cells, v1 - v0, d->value, w_V + v0 * cells);
    hand_out(cells, v1 - v0, d->value + cells * NB, b_V + v0 * cells);
    for (size_t v = v0; v < v1; v++) {
        const double *w = w_V + v * cells, *b = b_V + v * cells;
        if (!out_V) {
            mho_i_net_drive(net, v_V + v * net->m, d->u);
            judge(a, d, w, b);
        }
    }
}

static void descent_free(mho_ctx *ctx, descent *d) {
    double *arrays[] = {d->value, d->x, d->t, d->local, d->grid, d->u};
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) {
        mho_i_free(ctx, arrays[k]);
    }
}

static mho_status descent_new(const mho_array *a, descent *d) {
    mho_ctx *ctx = a->ctx;
    const mho_i_plan *plan = a->factor->plan;
    size_t cells = a->net.m * a->net.n, most = 0;
    for (int k = 0; k < plan->n_node; k++) {
        most = (size_t)plan->node[k].nx > most ? (size_t)plan->node[k].nx : most;
    }
    d->value = mho_i_alloc(ctx, (2 * cells + a->net.m + a->net.n) * NB, sizeof(double));
    d->x = mho_i_alloc(ctx, most * NB, sizeof(double));
    d->t = mho_i_alloc(ctx, ((size_t)plan->max_ne + 1) * NB, sizeof(double));
    d->local = mho_i_alloc(ctx, 2 * MHO_I_LEAF * (MHO_I_LEAF + 1) * NB, sizeof(double));
    d->grid = mho_i_alloc(ctx, 3 * cells, sizeof(double));
    d->u = mho_i_alloc(ctx, a->net.m, sizeof(double));
    bool ok = d->value && d->x && d->t && d->local && d->grid && d->u;
    return ok ? MHO_OK : MHO_ERR_NOMEM;
}

static void run(mho_array *a, descent *d, int n_worker, size_t n_vec, const double *v_V,
                const double *out_V, double *w_V, double *b_V) {
    size_t n_batch = (n_vec + NB - 1) / NB;
#pragma omp parallel for schedule(dynamic, 1) num_threads(n_worker) if (n_worker > 1)
    for (size_t k = 0; k < n_batch; k++) {
        descent *mine = d + (n_worker > 1 ? omp_get_thread_num() : 0);
        batch_down(a, mine, k * NB, (k + 1) * NB < n_vec ? (k + 1) * NB : n_vec, v_V, out_V, w_V,
                   b_V);
    }
}

mho_status mho_i_factor_nodes(mho_array *a, size_t n_vec, const double *v_V, const double *out_V,
                              double *w_V, double *b_V, mho_array_report *rep) {
    double bytes = 16.0 * NB * (double)a->net.m * (double)a->net.n;
    int n_worker = mho_ctx_threads(a->ctx), room = (int)fmin(64, SPACE_MIB * 0x1p20 / bytes);
    n_worker = n_worker > room ? room : n_worker;
    n_worker = n_worker < 1 || a->net.m * a->net.n * n_vec < 262144 ? 1 : n_worker;
    descent *d = mho_i_alloc(a->ctx, (size_t)n_worker, sizeof *d);
    mho_status status = d ? MHO_OK : MHO_ERR_NOMEM;
    int n_made = 0;
    while (!status && n_made < n_worker) {
        status = descent_new(a, d + n_made++);
    }
    if (!status) {
        run(a, d, n_worker, n_vec, v_V, out_V, w_V, b_V);
    }
    for (int k = 0; k < n_made; k++) {
        double rel = d[k].rep.residual_rel;
        rep->residual_rel = rel > rep->residual_rel || isnan(rel) ? rel : rep->residual_rel;
        rep->rounding_rel = fmax(rep->rounding_rel, d[k].rep.rounding_rel);
        rep->n_unconverged += d[k].rep.n_unconverged;
        rep->power_W += d[k].rep.power_W / (double)n_vec;
        descent_free(a->ctx, d + k);
    }
    mho_i_free(a->ctx, d);
    return status;
}
