/* graph_move.c - operators that move numbers. */
#include "graph_int.h"

#include <string.h>

void mho_i_run_copy(const mho_i_job *j) {
    memcpy(j->out, j->in[0], mho_i_job_out(j)->size * sizeof *j->out);
}

/* Output in order; at walks the input by step[d] along each dimension of the output. */
static void gather(const mho_graph_tensor *y, const float *x, ptrdiff_t at, const ptrdiff_t *step,
                   float *out) {
    size_t index[MHO_GRAPH_MAX_DIM] = {0};
    for (size_t k = 0; k < y->size; k++) {
        out[k] = x[at];
        for (size_t d = y->n_dim; d-- > 0;) {
            at += step[d];
            if (++index[d] < y->shape[d]) {
                break;
            }
            at -= step[d] * (ptrdiff_t)y->shape[d];
            index[d] = 0;
        }
    }
}

void mho_i_run_transpose(const mho_i_job *j) {
    const mho_graph_tensor *x = mho_i_job_in(j, 0);
    ptrdiff_t step[MHO_GRAPH_MAX_DIM];
    for (size_t d = 0; d < x->n_dim; d++) {
        step[d] = (ptrdiff_t)mho_i_span(x, j->node->attr.perm[d] + 1, x->n_dim);
    }
    gather(mho_i_job_out(j), j->in[0], 0, step, j->out);
}

void mho_i_run_slice(const mho_i_job *j) {
    const mho_graph_tensor *x = mho_i_job_in(j, 0);
    ptrdiff_t step[MHO_GRAPH_MAX_DIM], at = 0;
    for (size_t d = 0; d < x->n_dim; d++) {
        ptrdiff_t unit = (ptrdiff_t)mho_i_span(x, d + 1, x->n_dim);
        at += j->node->attr.start[d] * unit;
        /* a step that is never taken may be of any size */
        step[d] = mho_i_job_out(j)->shape[d] > 1 ? j->node->attr.step[d] * unit : 0;
    }
    gather(mho_i_job_out(j), j->in[0], at, step, j->out);
}

void mho_i_run_concat(const mho_i_job *j) {
    const mho_graph_tensor *y = mho_i_job_out(j);
    size_t axis = (size_t)j->node->attr.axis, inner = mho_i_span(y, axis + 1, y->n_dim);
    size_t outer = mho_i_span(y, 0, axis), row = y->shape[axis] * inner, at = 0;
    for (size_t k = 0; k < j->node->n_input; k++) {
        size_t n = mho_i_job_in(j, k)->shape[axis] * inner;
        for (size_t o = 0; o < outer; o++) {
            memcpy(j->out + o * row + at, j->in[k] + o * n, n * sizeof *j->out);
        }
        at += n;
    }
}

/* Index of the input for an index beyond it; -1: the padding's own value. */
static ptrdiff_t source(mho_graph_pad_mode mode, ptrdiff_t i, ptrdiff_t side) {
    if (i >= 0 && i < side) {
        return i;
    }
    if (mode == MHO_PAD_CONSTANT) {
        return -1;
    }
    if (mode == MHO_PAD_EDGE) {
        return i < 0 ? 0 : side - 1;
    }
    return i < 0 ? -i : 2 * (side - 1) - i; /* padding is smaller than the side */
}

void mho_i_run_pad(const mho_i_job *j) {
    const mho_graph_tensor *x = mho_i_job_in(j, 0), *y = mho_i_job_out(j);
    const mho_graph_attr *a = &j->node->attr;
    for (size_t k = 0; k < y->size; k++) {
        size_t rest = k, step = 1;
        ptrdiff_t at = 0;
        for (size_t d = y->n_dim; d-- > 0 && at >= 0;) {
            ptrdiff_t i = (ptrdiff_t)(rest % y->shape[d]) - a->before[d];
            rest /= y->shape[d];
            i = source(a->pad_mode, i, (ptrdiff_t)x->shape[d]);
            at = i < 0 ? -1 : at + i * (ptrdiff_t)step;
            step *= x->shape[d];
        }
        j->out[k] = at < 0 ? a->pad_value : j->in[0][at];
    }
}
