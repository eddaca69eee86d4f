/* plan.c - the tree of the port elimination for one shape of array: halving down to leaves of at
 * most 16 x 16 cells, ports of every block, groups of leaves that share a vector, tasks for threads
 * and the sizes of all workspaces. Depends on the network's ends only, not on conductances. */
#include "elim_int.h"

#include <string.h>

enum { TASK_DEPTH = 4 };

/* Leaf k of n_leaf along n_cell cells starts here: sizes differ by at most one. */
static int leaf_start(size_t n_cell, int n_leaf, int k) {
    return (int)(n_cell * (size_t)k / (size_t)n_leaf);
}

typedef struct {
    mho_i_plan *plan;
    int n_leaf_row, n_leaf_col;
} builder;

static void set_ports(const mho_i_plan *plan, mho_i_node *v) {
    const mho_i_net *net = plan->net;
    int m = (int)net->m, n = (int)net->n, p = v->i1 - v->i0, q = v->j1 - v->j0;
    bool left = v->j0 == 0, right = v->j1 == n, top = v->i0 == 0, bottom = v->i1 == m;
    v->len[MHO_I_L] = left ? 0 : p;
    v->len[MHO_I_R] = right ? 0 : p;
    v->len[MHO_I_T] = top ? 0 : q;
    v->len[MHO_I_D] = bottom ? 0 : q;
    bool s = (left && net->drive.any_lo) || (right && net->drive.any_hi);
    bool o = (bottom && net->sense.any_hi) || (top && net->sense.any_lo);
    v->len[MHO_I_S] = s ? p : 0;
    v->len[MHO_I_O] = o ? q : 0;
    v->nx = 0;
    for (int g = 0; g < MHO_I_N_GROUP; g++) {
        v->off[g] = v->nx;
        v->nx += v->len[g];
    }
    v->ns = plan->full ? 0 : v->len[MHO_I_S];
    v->no = plan->full ? 0 : v->len[MHO_I_O];
    v->nl = v->nx - v->ns - v->no;
    if (v->a < 0) {
        v->ne = (right ? p : 0) + (top ? q : 0);
    } else {
        v->ne = v->side_by_side ? p : q;
    }
}

/* Leaves [r0,r1) x [c0,c1) in units of leaves; returns the node's number. */
static int add_node(builder *b, int r0, int r1, int c0, int c1, int depth) {
    mho_i_plan *plan = b->plan;
    const mho_i_net *net = plan->net;
    int k = plan->n_node++;
    mho_i_node *v = plan->node + k;
    v->i0 = leaf_start(net->m, b->n_leaf_row, r0);
    v->i1 = leaf_start(net->m, b->n_leaf_row, r1);
    v->j0 = leaf_start(net->n, b->n_leaf_col, c0);
    v->j1 = leaf_start(net->n, b->n_leaf_col, c1);
    v->depth = depth;
    v->a = v->b = v->task = -1;
    int nr = r1 - r0, nc = c1 - c0;
    if (nr * nc > 1) {
        v->side_by_side = nr == 1 || (nc > 1 && v->j1 - v->j0 > v->i1 - v->i0);
        int r = (r0 + r1) / 2, c = (c0 + c1) / 2;
        v->a = v->side_by_side ? add_node(b, r0, r1, c0, c, depth + 1)
                               : add_node(b, r0, r, c0, c1, depth + 1);
        v->b = v->side_by_side ? add_node(b, r0, r1, c, c1, depth + 1)
                               : add_node(b, r, r1, c0, c1, depth + 1);
    }
    set_ports(plan, v);
    plan->max_depth = depth > plan->max_depth ? depth : plan->max_depth;
    return k;
}

static int count_leaves(const mho_i_plan *plan, int k) {
    const mho_i_node *v = plan->node + k;
    return v->a < 0 ? 1 : count_leaves(plan, v->a) + count_leaves(plan, v->b);
}

/* Put a tile's leaves into groups of one shape. */
static void group_leaves(mho_i_plan *plan, mho_i_node *tile, int k, int *slot) {
    mho_i_node *v = plan->node + k;
    if (v->a >= 0) {
        group_leaves(plan, tile, v->a, slot);
        group_leaves(plan, tile, v->b, slot);
        return;
    }
    int p = v->i1 - v->i0, q = v->j1 - v->j0, g = tile->group0;
    while (g < plan->n_group && !(plan->group[g].p == p && plan->group[g].q == q &&
                                  plan->group[g].n_leaf < MHO_I_LANES)) {
        g++;
    }
    mho_i_group *group = plan->group + g;
    if (g == plan->n_group) {
        plan->n_group++;
        group->p = p;
        group->q = q;
    }
    v->group0 = g;
    v->slot = (*slot)++;
    v->lane = group->n_leaf;
    group->leaf[group->n_leaf++] = k;
}

static size_t max_size(size_t a, size_t b) {
    return a > b ? a : b;
}

/* Tasks and tiles from the root down; task: number of the task we are in, or -1. */
static void assign(mho_i_plan *plan, int k, int task, bool in_tile) {
    mho_i_node *v = plan->node + k;
    bool tile = !in_tile && count_leaves(plan, k) <= MHO_I_TILE_LEAVES;
    if (task < 0 && (tile || v->depth >= TASK_DEPTH)) {
        task = plan->n_task++;
        plan->task[task] = k;
        v->task = task;
    }
    if (tile) {
        int slot = 0;
        v->tile = true;
        v->group0 = plan->n_group;
        group_leaves(plan, v, k, &slot);
        v->group1 = plan->n_group;
    }
    size_t c = (size_t)v->nx * (size_t)v->nx;
    size_t panel = (size_t)(v->ne + v->nx) * (size_t)v->ne;
    plan->keep_size += panel;
    if (task < 0) {
        plan->top_size[v->depth] = max_size(plan->top_size[v->depth], c);
        plan->top_panel_size = max_size(plan->top_panel_size, panel);
    } else {
        if (v->a < 0) {
            plan->leaf_size = max_size(plan->leaf_size, c);
        } else if (v->task < 0) {
            plan->c_size[v->depth] = max_size(plan->c_size[v->depth], c);
        }
        plan->panel_size = max_size(plan->panel_size, panel);
    }
    plan->max_ne = v->ne > plan->max_ne ? v->ne : plan->max_ne;
    if (v->a >= 0) {
        assign(plan, v->a, task, in_tile || tile);
        assign(plan, v->b, task, in_tile || tile);
    }
}

static void offsets(mho_i_plan *plan) {
    size_t at = 0;
    for (int k = 0; k < plan->n_node; k++) {
        mho_i_node *v = plan->node + k;
        v->keep = at;
        at += (size_t)(v->ne + v->nx) * (size_t)v->ne;
    }
    for (int g = 0; g < plan->n_group; g++) {
        mho_i_group *group = plan->group + g;
        group->keep = plan->keep_rows;
        plan->keep_rows += mho_i_leaf_rows(group->p, group->q);
    }
}

mho_status mho_i_plan_new(mho_ctx *ctx, const mho_i_net *net, bool full, mho_i_plan *plan) {
    memset(plan, 0, sizeof *plan);
    plan->full = full;
    plan->ctx = ctx;
    plan->net = net;
    builder b = {plan, (int)((net->m + MHO_I_LEAF - 1) / MHO_I_LEAF),
                 (int)((net->n + MHO_I_LEAF - 1) / MHO_I_LEAF)};
    size_t n_leaf = (size_t)b.n_leaf_row * (size_t)b.n_leaf_col;
    plan->node = mho_i_alloc(ctx, 2 * n_leaf, sizeof *plan->node);
    plan->group = mho_i_alloc(ctx, n_leaf, sizeof *plan->group);
    plan->task = mho_i_alloc(ctx, 1 << TASK_DEPTH, sizeof *plan->task);
    if (!plan->node || !plan->group || !plan->task) {
        mho_i_plan_free(plan);
        return MHO_ERR_NOMEM;
    }
    add_node(&b, 0, b.n_leaf_row, 0, b.n_leaf_col, 0);
    assign(plan, 0, -1, false);
    offsets(plan);
    return MHO_OK;
}

void mho_i_plan_free(mho_i_plan *plan) {
    if (plan->ctx) {
        mho_i_free(plan->ctx, plan->node);
        mho_i_free(plan->ctx, plan->group);
        mho_i_free(plan->ctx, plan->task);
    }
    memset(plan, 0, sizeof *plan);
}
