/* graph.c - the graph as an object: tensors, nodes, names, notes. */
#include "graph_int.h"

#include <string.h>

static const mho_graph_op_info ops[] = {
#define OP_INFO(op, onnx, role, help) {onnx, role, help},
    MHO_GRAPH_OP_LIST(OP_INFO)
#undef OP_INFO
};

mho_graph_op_info mho_graph_op_get(mho_graph_op op) {
    return (unsigned)op < MHO_GRAPH_N_OP ? ops[op] : (mho_graph_op_info){0};
}

bool mho_i_graph_count(size_t n_dim, const size_t *shape, size_t max_size, size_t *size) {
    size_t n = 1;
    for (size_t d = 0; d < n_dim; d++) {
        if (shape[d] < 1 || shape[d] > max_size / n) {
            return false;
        }
        n *= shape[d];
    }
    *size = n;
    return n <= max_size;
}

const char *mho_i_graph_shape_text(size_t n_dim, const size_t *shape, char buf[160]) {
    size_t n = 0;
    buf[0] = 0;
    for (size_t d = 0; d < n_dim && d < MHO_GRAPH_MAX_DIM; d++) {
        n += (size_t)snprintf(buf + n, 160 - n, "%s%zu", d ? "x" : "", shape[d]);
    }
    return n_dim ? buf : "a single number";
}

mho_status mho_graph_new(mho_ctx *ctx, mho_graph **out) {
    *out = NULL;
    mho_graph *g = mho_i_alloc(ctx, 1, sizeof *g);
    if (!g) {
        return MHO_ERR_NOMEM;
    }
    *g = (mho_graph){.ctx = ctx, .max_size = MHO_I_GRAPH_MAX_SIZE, .max_const_byte = SIZE_MAX / 2};
    *out = g;
    return MHO_OK;
}

void mho_graph_free(mho_graph *g) {
    if (!g) {
        return;
    }
    mho_ctx *ctx = g->ctx;
    for (size_t k = 0; k < g->n_tensor; k++) {
        mho_i_free(ctx, (void *)(uintptr_t)g->tensor[k].name);
        mho_i_free(ctx, (void *)(uintptr_t)g->tensor[k].data);
    }
    for (size_t k = 0; k < g->n_node; k++) {
        mho_i_free(ctx, (void *)(uintptr_t)g->node[k].name);
        mho_i_free(ctx, (void *)(uintptr_t)g->node[k].input);
    }
    for (size_t k = 0; k < g->n_note; k++) {
        mho_i_free(ctx, g->note[k]);
    }
    mho_i_free(ctx, g->tensor);
    mho_i_free(ctx, g->finite);
    mho_i_free(ctx, g->node);
    mho_i_free(ctx, g->input);
    mho_i_free(ctx, g->output);
    mho_i_free(ctx, g->note);
    mho_i_free(ctx, g);
}

/* Room for one more in an array that doubles. */
static mho_status reserve(mho_ctx *ctx, void **array, size_t n, size_t *cap, size_t size) {
    if (n < *cap) {
        return MHO_OK;
    }
    size_t want = *cap ? 2 * *cap : 16;
    void *more = mho_i_realloc(ctx, *array, want, size);
    if (!more) {
        return MHO_ERR_NOMEM;
    }
    *array = more;
    *cap = want;
    return MHO_OK;
}

static mho_status reserve_tensor(mho_graph *g) {
    void *p = g->tensor;
    mho_status status = reserve(g->ctx, &p, g->n_tensor, &g->cap_tensor, sizeof *g->tensor);
    g->tensor = p;
    p = g->finite;
    if (status == MHO_OK) {
        status = reserve(g->ctx, &p, g->n_tensor, &g->cap_finite, sizeof *g->finite);
    }
    g->finite = p;
    if (status == MHO_OK && g->n_tensor >= 4 * (size_t)MHO_I_GRAPH_MAX_NODE) {
        status = mho_i_fail(g->ctx, MHO_ERR_ARG, "a graph has at most %d tensors",
                            4 * MHO_I_GRAPH_MAX_NODE);
    }
    return status;
}

static char *own_name(mho_graph *g, const char *name, const char *made, size_t number) {
    char buf[96];
    if (!name || !*name) {
        snprintf(buf, sizeof buf, "%s_%zu", made, number);
        name = buf;
    }
    return mho_i_strdup(g->ctx, name);
}

/* Takes data over, on failure too. */
static mho_status add_tensor(mho_graph *g, const char *name, const char *made, size_t n_dim,
                             const size_t *shape, float *data, int producer, int *tensor) {
    size_t size = 0;
    char text[160];
    mho_status status = MHO_OK;
    if (n_dim > MHO_GRAPH_MAX_DIM) {
        status = mho_i_fail(g->ctx, MHO_ERR_DIM, "tensor %s: %zu dimensions: allowed are 0 to %d",
                            name ? name : made, n_dim, MHO_GRAPH_MAX_DIM);
    } else if (!mho_i_graph_count(n_dim, shape, g->max_size, &size)) {
        status = mho_i_fail(
            g->ctx, MHO_ERR_DIM, "tensor %s: shape %s: allowed are 1 to %zu numbers in all",
            name ? name : made, mho_i_graph_shape_text(n_dim, shape, text), g->max_size);
    } else {
        status = reserve_tensor(g);
    }
    char *own = status == MHO_OK ? own_name(g, name, made, g->n_tensor) : NULL;
    if (!own) {
        mho_i_free(g->ctx, data);
        return status < 0 ? status : MHO_ERR_NOMEM;
    }
    mho_graph_tensor *t = &g->tensor[g->n_tensor];
    *t = (mho_graph_tensor){own, n_dim, {0}, size, data, producer};
    g->finite[g->n_tensor] = false;
    for (size_t d = 0; d < n_dim; d++) {
        t->shape[d] = shape[d];
    }
    *tensor = (int)g->n_tensor++;
    return MHO_OK;
}

typedef struct id_list {
    int **id;
    size_t *n, *cap;
    const char *what;
} id_list;

static mho_status append_id(mho_graph *g, const id_list *list, int id) {
    if (*list->n == MHO_I_GRAPH_MAX_NODE) {
        return mho_i_fail(g->ctx, MHO_ERR_ARG, "a graph has at most %d %s", MHO_I_GRAPH_MAX_NODE,
                          list->what);
    }
    void *p = *list->id;
    mho_status status = reserve(g->ctx, &p, *list->n, list->cap, sizeof **list->id);
    *list->id = p;
    if (status == MHO_OK) {
        (*list->id)[(*list->n)++] = id;
    }
    return status;
}

static void drop_last_tensor(mho_graph *g) {
    mho_graph_tensor *t = &g->tensor[--g->n_tensor];
    mho_i_free(g->ctx, (void *)(uintptr_t)t->name);
    mho_i_free(g->ctx, (void *)(uintptr_t)t->data);
}

mho_status mho_graph_add_input(mho_graph *g, const char *name, size_t n_dim, const size_t *shape,
                               int *tensor) {
    int id = -1;
    mho_status status = add_tensor(g, name, "input", n_dim, shape, NULL, -1, &id);
    const id_list list = {&g->input, &g->n_input, &g->cap_input, "inputs"};
    if (status == MHO_OK && (status = append_id(g, &list, id)) < 0) {
        drop_last_tensor(g);
    }
    if (status == MHO_OK) {
        *tensor = id;
    }
    return status;
}

mho_status mho_i_graph_take_constant(mho_graph *g, const char *name, size_t n_dim,
                                     const size_t *shape, float *data, int *tensor) {
    size_t size = 0;
    if (n_dim <= MHO_GRAPH_MAX_DIM && mho_i_graph_count(n_dim, shape, g->max_size, &size) &&
        size * sizeof *data > g->max_const_byte - g->const_byte) {
        mho_i_free(g->ctx, data);
        return mho_i_fail(g->ctx, MHO_ERR_NOMEM,
                          "tensor %s: the constants take more than %.3g GiB, the limit set",
                          name ? name : "", (double)g->max_const_byte / 0x1p30);
    }
    mho_status status = add_tensor(g, name, "constant", n_dim, shape, data, -1, tensor);
    g->const_byte += status == MHO_OK ? size * sizeof *data : 0;
    return status;
}

mho_status mho_graph_add_constant(mho_graph *g, const char *name, size_t n_dim, const size_t *shape,
                                  const float *data, int *tensor) {
    size_t size = 0;
    if (!data) {
        return mho_i_fail(g->ctx, MHO_ERR_ARG, "constant %s: data is NULL", name ? name : "");
    }
    if (n_dim > MHO_GRAPH_MAX_DIM || !mho_i_graph_count(n_dim, shape, g->max_size, &size)) {
        return add_tensor(g, name, "constant", n_dim, shape, NULL, -1, tensor); /* says why not */
    }
    float *own = mho_i_alloc(g->ctx, size, sizeof *own);
    if (!own) {
        return MHO_ERR_NOMEM;
    }
    memcpy(own, data, size * sizeof *own);
    return mho_i_graph_take_constant(g, name, n_dim, shape, own, tensor);
}

/* Constants that the node holds. */
static size_t count_params(const mho_graph *g, const mho_graph_node *node) {
    size_t n = 0;
    for (size_t k = 0; k < node->n_input; k++) {
        const mho_graph_tensor *t = node->input[k] >= 0 ? &g->tensor[node->input[k]] : NULL;
        n += t && t->data ? t->size : 0;
    }
    return n;
}

mho_status mho_graph_add_node(mho_graph *g, mho_graph_op op, const char *name, size_t n_input,
                              const int *input, const mho_graph_attr *attr, size_t n_dim,
                              const size_t *shape, int *tensor) {
    char made[64];
    snprintf(made, sizeof made, "%s_%zu", (unsigned)op < MHO_GRAPH_N_OP ? ops[op].name : "?",
             g->n_node);
    name = name && *name ? name : made;
    mho_status status = mho_i_graph_check_node(g, op, name, n_input, input);
    if (status < 0) {
        return status;
    }
    mho_graph_node node = {.op = op, .n_input = n_input};
    node.attr = attr ? *attr : mho_graph_attr_default();
    mho_i_infer f = {.g = g,
                     .op = op,
                     .name = name,
                     .n_input = n_input,
                     .input = input,
                     .attr = &node.attr,
                     .n_dim = n_dim};
    for (size_t d = 0; d < n_dim && d < MHO_GRAPH_MAX_DIM; d++) {
        f.shape[d] = shape[d];
    }
    if (n_dim > MHO_GRAPH_MAX_DIM) {
        return mho_i_infer_fail(&f, "%zu dimensions: allowed are 0 to %d", n_dim,
                                MHO_GRAPH_MAX_DIM);
    }
    status = mho_i_graph_infer(&f);
    status = status < 0 ? status : mho_i_graph_check_numbers(g, &f);
    if (status < 0) {
        return status;
    }
    void *p = g->node;
    status = reserve(g->ctx, &p, g->n_node, &g->cap_node, sizeof *g->node);
    g->node = p;
    int id = -1, *own_input = NULL;
    char *own = NULL;
    if (status == MHO_OK) {
        status = add_tensor(g, NULL, ops[op].name, f.n_dim, f.shape, NULL, (int)g->n_node, &id);
    }
    if (status < 0) {
        return status;
    }
    own = mho_i_strdup(g->ctx, f.name);
    own_input = own ? mho_i_alloc(g->ctx, n_input, sizeof *own_input) : NULL;
    if (!own_input) {
        mho_i_free(g->ctx, own);
        drop_last_tensor(g);
        return MHO_ERR_NOMEM;
    }
    for (size_t k = 0; k < n_input; k++) {
        own_input[k] = input[k];
    }
    node.name = own;
    node.input = own_input;
    node.output = id;
    node.n_mac = f.n_mac;
    node.n_param = count_params(g, &node);
    g->node[g->n_node++] = node;
    *tensor = id;
    return MHO_OK;
}

mho_status mho_graph_add_output(mho_graph *g, int tensor) {
    if (tensor < 0 || (size_t)tensor >= g->n_tensor) {
        return mho_i_fail(g->ctx, MHO_ERR_ARG, "output tensor %d: the graph has %zu", tensor,
                          g->n_tensor);
    }
    const id_list list = {&g->output, &g->n_output, &g->cap_output, "outputs"};
    return append_id(g, &list, tensor);
}

mho_status mho_i_graph_rename(mho_graph *g, int tensor, const char *name) {
    char *own = mho_i_strdup(g->ctx, name);
    if (!own) {
        return MHO_ERR_NOMEM;
    }
    mho_i_free(g->ctx, (void *)(uintptr_t)g->tensor[tensor].name);
    g->tensor[tensor].name = own;
    return MHO_OK;
}

mho_status mho_i_graph_note(mho_graph *g, const char *fmt, ...) {
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    char **more = mho_i_realloc(g->ctx, g->note, g->n_note + 1, sizeof *more);
    if (!more) {
        return MHO_ERR_NOMEM;
    }
    g->note = more;
    char *own = mho_i_strdup(g->ctx, text);
    if (!own) {
        return MHO_ERR_NOMEM;
    }
    more[g->n_note++] = own;
    return MHO_OK;
}

/* ---- looking in ---- */

size_t mho_graph_n_node(const mho_graph *g) {
    return g->n_node;
}
size_t mho_graph_n_tensor(const mho_graph *g) {
    return g->n_tensor;
}
size_t mho_graph_n_input(const mho_graph *g) {
    return g->n_input;
}
size_t mho_graph_n_output(const mho_graph *g) {
    return g->n_output;
}
size_t mho_graph_n_note(const mho_graph *g) {
    return g->n_note;
}
const char *mho_graph_note(const mho_graph *g, size_t k) {
    return k < g->n_note ? g->note[k] : NULL;
}
const mho_graph_node *mho_graph_node_at(const mho_graph *g, size_t k) {
    return k < g->n_node ? &g->node[k] : NULL;
}
const mho_graph_tensor *mho_graph_tensor_at(const mho_graph *g, int tensor) {
    return tensor >= 0 && (size_t)tensor < g->n_tensor ? &g->tensor[tensor] : NULL;
}
int mho_graph_input(const mho_graph *g, size_t k) {
    return k < g->n_input ? g->input[k] : -1;
}
int mho_graph_output(const mho_graph *g, size_t k) {
    return k < g->n_output ? g->output[k] : -1;
}

void mho_i_graph_readers(const mho_graph *g, size_t *n_reader) {
    memset(n_reader, 0, g->n_tensor * sizeof *n_reader);
    for (size_t k = 0; k < g->n_node; k++) {
        for (size_t i = 0; i < g->node[k].n_input; i++) {
            int t = g->node[k].input[i];
            if (t >= 0) {
                n_reader[t]++;
            }
        }
    }
    for (size_t k = 0; k < g->n_output; k++) {
        n_reader[g->output[k]]++;
    }
}

size_t mho_graph_n_reader(const mho_graph *g, int tensor) {
    size_t n = 0;
    for (size_t k = 0; k < g->n_node; k++) {
        for (size_t i = 0; i < g->node[k].n_input; i++) {
            n += g->node[k].input[i] == tensor;
        }
    }
    for (size_t k = 0; k < g->n_output; k++) {
        n += g->output[k] == tensor;
    }
    return n;
}
