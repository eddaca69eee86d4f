/* graph_check.c - what a node may not be given: inputs that are not there, weights and parameters
 * that are no numbers. */
#include "graph_int.h"

#include <math.h>

mho_status mho_i_graph_check_node(mho_graph *g, mho_graph_op op, const char *name, size_t n_input,
                                  const int *input) {
    if ((unsigned)op >= MHO_GRAPH_N_OP) {
        return mho_i_fail(g->ctx, MHO_ERR_ARG, "%s: operator %d: allowed are 0 to %d", name,
                          (int)op, MHO_GRAPH_N_OP - 1);
    }
    if (g->n_node == MHO_I_GRAPH_MAX_NODE || n_input > MHO_I_GRAPH_MAX_INPUT) {
        return mho_i_fail(g->ctx, MHO_ERR_ARG,
                          "%s: a graph has at most %d nodes and a node at most %d inputs", name,
                          MHO_I_GRAPH_MAX_NODE, MHO_I_GRAPH_MAX_INPUT);
    }
    for (size_t k = 0; k < n_input; k++) {
        if (input[k] < -1 || (input[k] >= 0 && (size_t)input[k] >= g->n_tensor)) {
            return mho_i_fail(g->ctx, MHO_ERR_ARG, "%s: input %zu is tensor %d: the graph has %zu",
                              name, k, input[k], g->n_tensor);
        }
    }
    return MHO_OK;
}

static bool is_matrix(mho_graph_op op) {
    return op == MHO_OP_CONV || op == MHO_OP_GEMM || op == MHO_OP_MATMUL || op == MHO_OP_BATCHNORM;
}

/* Number of the first that is not finite; n: there is none. */
static size_t first_odd(const float *data, size_t n) {
    size_t k = 0;
    while (k < n && isfinite(data[k])) {
        k++;
    }
    return k;
}

/* Weights that are no numbers would end in every result, or be lost in a maximum. Infinite
 * constants of other operators (bounds, masks) are left alone. */
static mho_status check_weights(mho_graph *g, const mho_i_infer *f) {
    for (size_t k = 0; k < f->n_input && is_matrix(f->op); k++) {
        const mho_graph_tensor *t = mho_graph_tensor_at(g, f->input[k]);
        if (!t || !t->data || g->finite[f->input[k]]) {
            continue;
        }
        size_t bad = first_odd(t->data, t->size);
        if (bad < t->size) {
            return mho_i_fail(g->ctx, MHO_ERR_ARG,
                              "%s: number %zu of the constant at input %zu is %g: finite ones are "
                              "wanted",
                              f->name, bad, k, (double)t->data[bad]);
        }
        g->finite[f->input[k]] = true;
    }
    return MHO_OK;
}

static mho_status check_parameters(const mho_i_infer *f) {
    const mho_graph_attr *a = f->attr;
    const struct {
        const char *name;
        float value;
        bool fits;
    } all[] = {{"alpha", a->alpha, isfinite(a->alpha)},
               {"beta", a->beta, isfinite(a->beta)},
               {"epsilon", a->epsilon, isfinite(a->epsilon)},
               {"the lower bound", a->lo, !isnan(a->lo)},
               {"the upper bound", a->hi, !isnan(a->hi)},
               {"the value to pad with", a->pad_value, !isnan(a->pad_value)}};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        if (!all[k].fits) {
            return mho_i_fail(f->g->ctx, MHO_ERR_ARG,
                              "node %s (%s): %s is %g: a %snumber is wanted", f->name,
                              mho_graph_op_get(f->op).name, all[k].name, (double)all[k].value,
                              k < 3 ? "finite " : "");
        }
    }
    return MHO_OK;
}

mho_status mho_i_graph_check_numbers(mho_graph *g, const mho_i_infer *f) {
    mho_status status = check_parameters(f);
    return status < 0 ? status : check_weights(g, f);
}
