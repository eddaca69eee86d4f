/* graph_fold.c - one walk over a graph that writes a simpler one: nodes without effect vanish,
 * nodes of constants are computed, shapes get one operator, and graph_fold_weights.c merges
 * arithmetic into weights. */
#include "graph_fold_int.h"

#include <math.h>
#include <string.h>

/* For computing constants: a file of a few bytes may not ask for hours, or for all memory. */
static const double max_work = 2e10;
static const size_t max_growth = (size_t)1 << 24; /* numbers, beyond ... */
static const size_t max_copies = 32;              /* ... those that the graph has, so many times */

void mho_i_fold_map(mho_i_fold *f, const mho_i_fold_node *v, int t) {
    f->map[v->node->output] = t;
    f->ahead[t] += f->reader[v->node->output];
}

mho_status mho_i_fold_emit(mho_i_fold *f, mho_graph_op op, const char *name, size_t n_input,
                           const int *input, const mho_graph_attr *attr, size_t n_dim,
                           const size_t *shape, int *t) {
    mho_status status = mho_graph_add_node(f->n, op, name, n_input, input, attr, n_dim, shape, t);
    for (size_t k = 0; k < n_input && status == MHO_OK; k++) {
        if (input[k] >= 0) {
            f->behind[input[k]]++;
        }
    }
    return status;
}

/* The tensor of n for a tensor of g; constants are copied when they are first asked for. */
static mho_status bring(mho_i_fold *f, int from, int *to) {
    mho_status status = MHO_OK;
    if (from >= 0 && f->map[from] < 0) {
        const mho_graph_tensor *t = &f->g->tensor[from];
        int id = -1;
        status = mho_graph_add_constant(f->n, t->name, t->n_dim, t->shape, t->data, &id);
        if (status == MHO_OK) {
            f->map[from] = id;
            f->ahead[id] = f->reader[from];
        }
    }
    *to = from < 0 ? -1 : f->map[from];
    return status;
}

/* ---- nodes without effect ---- */

static bool same_shape(const mho_graph_tensor *a, const mho_graph_tensor *b) {
    return a->n_dim == b->n_dim && !memcmp(a->shape, b->shape, a->n_dim * sizeof *a->shape);
}

/* Whether sides that are not 1 keep their order: then a Transpose moves nothing. */
static bool keeps_order(const mho_graph_attr *a, const mho_graph_tensor *x) {
    size_t last = 0;
    for (size_t d = 0; d < x->n_dim; d++) {
        if (x->shape[a->perm[d]] > 1) {
            if (a->perm[d] < last) {
                return false;
            }
            last = a->perm[d];
        }
    }
    return true;
}

static bool is_plain_slice(const mho_graph_attr *a, const mho_graph_tensor *x) {
    for (size_t d = 0; d < x->n_dim; d++) {
        if (a->start[d] != 0 || a->step[d] < 1) {
            return false;
        }
    }
    return true;
}

static bool is_empty_pad(const mho_graph_attr *a, const mho_graph_tensor *x) {
    for (size_t d = 0; d < x->n_dim; d++) {
        if (a->before[d] || a->after[d]) {
            return false;
        }
    }
    return true;
}

static bool has_no_effect(const mho_graph_node *node, const mho_graph_tensor *x,
                          const mho_graph_tensor *y) {
    const mho_graph_attr *a = &node->attr;
    switch (node->op) {
    case MHO_OP_IDENTITY:
    case MHO_OP_DROPOUT:
        return true;
    case MHO_OP_CLIP:
        return a->lo == -INFINITY && a->hi == INFINITY;
    case MHO_OP_CONCAT:
        return node->n_input == 1;
    case MHO_OP_RESHAPE:
    case MHO_OP_FLATTEN:
    case MHO_OP_SQUEEZE:
    case MHO_OP_UNSQUEEZE:
        return same_shape(x, y);
    case MHO_OP_TRANSPOSE:
        return same_shape(x, y) && keeps_order(a, x);
    case MHO_OP_SLICE:
        return same_shape(x, y) && is_plain_slice(a, x);
    case MHO_OP_PAD:
        return is_empty_pad(a, x);
    case MHO_OP_MAX_POOL:
    case MHO_OP_AVERAGE_POOL:
        return a->kernel[0] * a->kernel[1] == 1 && same_shape(x, y) && a->stride[0] == 1 &&
               a->stride[1] == 1;
    default:
        return false;
    }
}

/* ---- nodes of constants ---- */

static bool all_constant(const mho_i_fold *f, const mho_i_fold_node *v) {
    for (size_t k = 0; k < v->node->n_input; k++) {
        if (v->input[k] >= 0 && !f->n->tensor[v->input[k]].data) {
            return false;
        }
    }
    return v->out->size <= f->growth_left && v->node->n_mac + (double)v->out->size <= f->work_left;
}

/* Shape of the output where an operator wants to be told. */
static size_t told_dim(const mho_graph_node *node, const mho_graph_tensor *out) {
    switch (node->op) {
    case MHO_OP_RESHAPE:
    case MHO_OP_SQUEEZE:
    case MHO_OP_UNSQUEEZE:
    case MHO_OP_SLICE:
    case MHO_OP_REDUCE_MEAN:
        return out->n_dim;
    default:
        return 0;
    }
}

static mho_status compute_constant(mho_i_fold *f, const mho_i_fold_node *v) {
    float *data = mho_i_alloc(f->n->ctx, v->out->size, sizeof *data);
    int scratch = -1, made = -1;
    f->work_left -= v->node->n_mac + (double)v->out->size;
    f->growth_left -= v->out->size;
    if (!data) {
        return MHO_ERR_NOMEM;
    }
    /* the node is written, run, and left for compaction, as nobody reads it */
    mho_status status =
        mho_graph_add_node(f->n, v->node->op, v->node->name, v->node->n_input, v->input,
                           &v->node->attr, told_dim(v->node, v->out), v->out->shape, &scratch);
    if (status == MHO_OK) {
        status = mho_graph_run_node(f->n->ctx, f->n, f->n->n_node - 1, NULL, data);
    }
    if (status < 0) {
        mho_i_free(f->n->ctx, data);
        return status;
    }
    status =
        mho_i_graph_take_constant(f->n, v->out->name, v->out->n_dim, v->out->shape, data, &made);
    if (status == MHO_OK) {
        mho_i_fold_map(f, v, made);
        status = mho_i_graph_note(f->n, "%s %s is computed: all its inputs are constants",
                                  mho_graph_op_get(v->node->op).name, v->node->name);
    }
    return status;
}

/* ---- one operator for shapes ---- */

/* To shape of out; a Reshape of a Reshape reads the first one's input. */
static mho_status write_reshape(mho_i_fold *f, const mho_i_fold_node *v, int x, int *t) {
    int producer = f->n->tensor[x].producer;
    if (producer >= 0 && f->n->node[producer].op == MHO_OP_RESHAPE) {
        x = f->n->node[producer].input[0];
    }
    return mho_i_fold_emit(f, MHO_OP_RESHAPE, v->node->name, 1, &x, NULL, v->out->n_dim,
                           v->out->shape, t);
}

/* Means over all of height and width, or over width of three dimensions. */
static bool is_global_mean(const mho_graph_node *node, const mho_graph_tensor *x) {
    bool all = node->op == MHO_OP_REDUCE_MEAN && x->n_dim >= 3;
    for (size_t d = 0; d < x->n_dim && all; d++) {
        all = node->attr.reduce[d] == (d >= 2);
    }
    return all;
}

static mho_status write_global_mean(mho_i_fold *f, const mho_i_fold_node *v, int *t) {
    mho_status status = mho_i_fold_emit(f, MHO_OP_GLOBAL_AVERAGE_POOL, v->node->name, 1, v->input,
                                        NULL, 0, NULL, t);
    if (status == MHO_OK && !same_shape(&f->n->tensor[*t], v->out)) {
        int x = *t;
        status =
            mho_i_fold_emit(f, MHO_OP_RESHAPE, NULL, 1, &x, NULL, v->out->n_dim, v->out->shape, t);
    }
    return status;
}

static mho_status write_other(mho_i_fold *f, const mho_i_fold_node *v, int *t) {
    const mho_graph_node *node = v->node;
    const mho_graph_tensor *x = &f->n->tensor[v->input[0]];
    mho_graph_attr a = node->attr;
    switch (node->op) {
    case MHO_OP_RESHAPE:
    case MHO_OP_FLATTEN:
    case MHO_OP_SQUEEZE:
    case MHO_OP_UNSQUEEZE:
        return write_reshape(f, v, v->input[0], t);
    case MHO_OP_TRANSPOSE:
        if (keeps_order(&a, x)) {
            return write_reshape(f, v, v->input[0], t);
        }
        break;
    case MHO_OP_REDUCE_MEAN:
        if (is_global_mean(node, x)) {
            return write_global_mean(f, v, t);
        }
        break;
    case MHO_OP_CLIP:
        if (a.lo == 0 && a.hi == INFINITY) {
            return mho_i_fold_emit(f, MHO_OP_RELU, node->name, 1, v->input, NULL, 0, NULL, t);
        }
        break;
    default:
        break;
    }
    return mho_i_fold_emit(f, node->op, node->name, node->n_input, v->input, &a,
                           told_dim(node, v->out), v->out->shape, t);
}

/* ---- the walk ---- */

static mho_status visit(mho_i_fold *f, const mho_i_fold_node *v) {
    bool done = false;
    int t = -1;
    if (all_constant(f, v)) {
        return compute_constant(f, v);
    }
    if (has_no_effect(v->node, &f->n->tensor[v->input[0]], v->out)) {
        mho_i_fold_map(f, v, v->input[0]);
        return mho_i_graph_note(f->n, "%s %s has no effect: removed",
                                mho_graph_op_get(v->node->op).name, v->node->name);
    }
    mho_status status = mho_i_fold_weights(f, v, &done);
    if (status < 0 || done) {
        return status;
    }
    status = write_other(f, v, &t);
    if (status < 0) {
        return status;
    }
    mho_i_fold_map(f, v, t);
    status = mho_i_graph_rename(f->n, t, v->out->name);
    const mho_graph_node *now = &f->n->node[f->n->n_node - 1];
    if (v->node->op == MHO_OP_REDUCE_MEAN && now->op == MHO_OP_RESHAPE) {
        now--; /* the pool, whose output the Reshape brings into form */
    }
    if (status == MHO_OK && now->op != v->node->op) {
        status =
            mho_i_graph_note(f->n, "%s %s is written as %s", mho_graph_op_get(v->node->op).name,
                             v->node->name, mho_graph_op_get(now->op).name);
    }
    return status;
}

/* Outputs keep their names: what stands for output `from` is renamed, or copied if it is an input,
 * a constant, or an output already. */
static mho_status write_output(mho_i_fold *f, int from) {
    int t = -1;
    mho_status status = bring(f, from, &t);
    if (status < 0) {
        return status;
    }
    const char *name = f->g->tensor[from].name;
    bool taken = f->n->tensor[t].producer < 0;
    for (size_t k = 0; k < f->n->n_output; k++) {
        taken = taken || f->n->output[k] == t;
    }
    if (strcmp(f->n->tensor[t].name, name) != 0) {
        int x = t;
        status =
            taken ? mho_i_fold_emit(f, MHO_OP_IDENTITY, NULL, 1, &x, NULL, 0, NULL, &t) : MHO_OK;
        status = status < 0 ? status : mho_i_graph_rename(f->n, t, name);
    }
    return status < 0 ? status : mho_graph_add_output(f->n, t);
}

static mho_status walk(mho_i_fold *f, int *input) {
    mho_status status = MHO_OK;
    for (size_t k = 0; k < f->g->n_input && status == MHO_OK; k++) {
        int from = f->g->input[k], id = -1;
        const mho_graph_tensor *t = &f->g->tensor[from];
        status = mho_graph_add_input(f->n, t->name, t->n_dim, t->shape, &id);
        if (status == MHO_OK) {
            f->map[from] = id;
            f->ahead[id] = f->reader[from];
        }
    }
    for (size_t k = 0; k < f->g->n_node && status == MHO_OK; k++) {
        const mho_graph_node *node = &f->g->node[k];
        mho_i_fold_node v = {node, &f->g->tensor[node->output], input};
        for (size_t i = 0; i < node->n_input && status == MHO_OK; i++) {
            status = bring(f, node->input[i], &input[i]);
        }
        if (status == MHO_OK) {
            status = visit(f, &v);
        }
        for (size_t i = 0; i < node->n_input && status == MHO_OK; i++) {
            if (node->input[i] >= 0) {
                f->ahead[f->map[node->input[i]]]--;
            }
        }
    }
    for (size_t k = 0; k < f->g->n_output && status == MHO_OK; k++) {
        status = write_output(f, f->g->output[k]);
    }
    return status;
}

static mho_status prepare(mho_ctx *ctx, const mho_graph *g, mho_i_fold *f, int **input) {
    size_t most = 1;
    for (size_t k = 0; k < g->n_node; k++) {
        most = g->node[k].n_input > most ? g->node[k].n_input : most;
    }
    *f = (mho_i_fold){.g = g};
    f->cap = g->n_tensor + 6 * g->n_node + g->n_output + 8; /* a node: two, with two constants */
    f->map = mho_i_alloc(ctx, g->n_tensor, sizeof *f->map);
    f->reader = f->map ? mho_i_alloc(ctx, g->n_tensor, sizeof *f->reader) : NULL;
    f->ahead = f->reader ? mho_i_alloc(ctx, f->cap, sizeof *f->ahead) : NULL;
    f->behind = f->ahead ? mho_i_alloc(ctx, f->cap, sizeof *f->behind) : NULL;
    *input = f->behind ? mho_i_alloc(ctx, most, sizeof **input) : NULL;
    mho_status status = *input ? mho_graph_new(ctx, &f->n) : MHO_ERR_NOMEM;
    if (status == MHO_OK) {
        f->n->max_size = g->max_size;
        f->n->max_const_byte = /* old and new weights for a while */
            g->max_const_byte < SIZE_MAX / 4 ? 2 * g->max_const_byte : g->max_const_byte;
        f->work_left = max_work;
        f->growth_left = max_growth + max_copies * (g->const_byte / sizeof(float));
        for (size_t t = 0; t < g->n_tensor; t++) {
            f->map[t] = -1;
        }
        mho_i_graph_readers(g, f->reader);
    }
    return status;
}

mho_status mho_graph_fold(mho_ctx *ctx, const mho_graph *g, mho_graph **out) {
    mho_i_fold f;
    int *input;
    size_t n_dropped = 0;
    *out = NULL;
    mho_status status = prepare(ctx, g, &f, &input);
    if (status == MHO_OK) {
        status = walk(&f, input);
    }
    if (status == MHO_OK) {
        status = mho_i_graph_compact(f.n, &n_dropped);
    }
    mho_i_free(ctx, f.map);
    mho_i_free(ctx, f.reader);
    mho_i_free(ctx, f.ahead);
    mho_i_free(ctx, f.behind);
    mho_i_free(ctx, input);
    if (status < 0) {
        mho_graph_free(f.n);
        return status;
    }
    *out = f.n;
    return MHO_OK;
}
