/* graph_shape_move.c - shapes of operators that move numbers, and of means over dimensions. */
#include "graph_int.h"

#include <string.h>

static mho_status infer_flatten(mho_i_infer *f, const mho_graph_tensor *x) {
    if (f->attr->axis < 0 || (size_t)f->attr->axis > x->n_dim) {
        return mho_i_infer_fail(f, "axis %d of an input of %zu dimensions", f->attr->axis,
                                x->n_dim);
    }
    f->n_dim = 2;
    f->shape[0] = mho_i_span(x, 0, (size_t)f->attr->axis);
    f->shape[1] = mho_i_span(x, (size_t)f->attr->axis, x->n_dim);
    return MHO_OK;
}

/* Reshape, Squeeze, Unsqueeze: the shape was given. */
static mho_status infer_reshape(mho_i_infer *f, const mho_graph_tensor *x) {
    size_t size = 0;
    char from[160], to[160];
    if (!mho_i_graph_count(f->n_dim, f->shape, f->g->max_size, &size) || size != x->size) {
        return mho_i_infer_fail(f, "%s cannot become %s",
                                mho_i_graph_shape_text(x->n_dim, x->shape, from),
                                mho_i_graph_shape_text(f->n_dim, f->shape, to));
    }
    return MHO_OK;
}

static mho_status infer_transpose(mho_i_infer *f, const mho_graph_tensor *x) {
    bool seen[MHO_GRAPH_MAX_DIM] = {false};
    f->n_dim = x->n_dim;
    for (size_t d = 0; d < x->n_dim; d++) {
        size_t p = f->attr->perm[d];
        if (p >= x->n_dim || seen[p]) {
            return mho_i_infer_fail(f, "perm[%zu] = %zu: each of 0 to %zu is wanted once", d, p,
                                    x->n_dim - 1);
        }
        seen[p] = true;
        f->shape[d] = x->shape[p];
    }
    return MHO_OK;
}

static mho_status infer_concat(mho_i_infer *f, const mho_graph_tensor *x) {
    int axis = f->attr->axis;
    char tx[160], tt[160];
    if (axis < 0 || (size_t)axis >= x->n_dim) {
        return mho_i_infer_fail(f, "axis %d of inputs of %zu dimensions", axis, x->n_dim);
    }
    f->n_dim = x->n_dim;
    memcpy(f->shape, x->shape, sizeof f->shape);
    for (size_t k = 1; k < f->n_input; k++) {
        const mho_graph_tensor *t = mho_i_infer_in(f, k);
        bool fits = t->n_dim == x->n_dim;
        for (size_t d = 0; d < x->n_dim && fits; d++) {
            fits = d == (size_t)axis || t->shape[d] == x->shape[d];
        }
        if (!fits) {
            return mho_i_infer_fail(f, "inputs %s and %s do not fit along axis %d",
                                    mho_i_graph_shape_text(x->n_dim, x->shape, tx),
                                    mho_i_graph_shape_text(t->n_dim, t->shape, tt), axis);
        }
        f->shape[axis] += t->shape[axis]; /* at most 2^12 inputs of 2^31 */
    }
    return MHO_OK;
}

static mho_status infer_pad(mho_i_infer *f, const mho_graph_tensor *x) {
    const mho_graph_attr *a = f->attr;
    f->n_dim = x->n_dim;
    for (size_t d = 0; d < x->n_dim; d++) {
        ptrdiff_t side = (ptrdiff_t)x->shape[d], most = MHO_I_GRAPH_MAX_SIDE;
        if (a->before[d] > most || a->after[d] > most || a->before[d] < -most ||
            a->after[d] < -most) {
            return mho_i_infer_fail(f, "pads %td and %td of dimension %zu: at most %td is allowed",
                                    a->before[d], a->after[d], d, most);
        }
        if (a->pad_mode == MHO_PAD_REFLECT && (a->before[d] >= side || a->after[d] >= side)) {
            return mho_i_infer_fail(f, "dimension %zu of %td cannot be reflected %td and %td wide",
                                    d, side, a->before[d], a->after[d]);
        }
        ptrdiff_t out = side + a->before[d] + a->after[d];
        if (out < 1) {
            return mho_i_infer_fail(f, "pads %td and %td leave nothing of dimension %zu of %td",
                                    a->before[d], a->after[d], d, side);
        }
        f->shape[d] = (size_t)out;
    }
    return MHO_OK;
}

static mho_status infer_slice(mho_i_infer *f, const mho_graph_tensor *x) {
    const mho_graph_attr *a = f->attr;
    if (f->n_dim != x->n_dim) {
        return mho_i_infer_fail(f, "an output of %zu dimensions from an input of %zu", f->n_dim,
                                x->n_dim);
    }
    for (size_t d = 0; d < x->n_dim; d++) {
        ptrdiff_t side = (ptrdiff_t)x->shape[d], n = (ptrdiff_t)f->shape[d];
        /* |step| <= side where more than one is taken, so that the product cannot overflow */
        bool fits = a->step[d] != 0 && a->start[d] >= 0 && a->start[d] < side && n >= 1 &&
                    n <= side && (n == 1 || (a->step[d] <= side && a->step[d] >= -side));
        ptrdiff_t last = fits && n > 1 ? a->start[d] + (n - 1) * a->step[d] : 0;
        if (!fits || last < 0 || last >= side) {
            return mho_i_infer_fail(f,
                                    "%td numbers from %td in steps of %td do not lie in "
                                    "dimension %zu of %td",
                                    n, a->start[d], a->step[d], d, side);
        }
    }
    return MHO_OK;
}

/* Dimensions that the mean goes over are 1 or gone. */
static mho_status infer_reduce(mho_i_infer *f, const mho_graph_tensor *x) {
    size_t keep[MHO_GRAPH_MAX_DIM], drop[MHO_GRAPH_MAX_DIM], n_drop = 0;
    for (size_t d = 0; d < x->n_dim; d++) {
        keep[d] = f->attr->reduce[d] ? 1 : x->shape[d];
        if (!f->attr->reduce[d]) {
            drop[n_drop++] = x->shape[d];
        }
    }
    bool is_keep = f->n_dim == x->n_dim && !memcmp(keep, f->shape, f->n_dim * sizeof *keep);
    bool is_drop = f->n_dim == n_drop && !memcmp(drop, f->shape, n_drop * sizeof *drop);
    char text[160];
    return is_keep || is_drop ? MHO_OK
                              : mho_i_infer_fail(f, "its output cannot be %s",
                                                 mho_i_graph_shape_text(f->n_dim, f->shape, text));
}

mho_status mho_i_infer_move(mho_i_infer *f) {
    const mho_graph_tensor *x = mho_i_infer_in(f, 0);
    switch (f->op) {
    case MHO_OP_FLATTEN:
        return infer_flatten(f, x);
    case MHO_OP_TRANSPOSE:
        return infer_transpose(f, x);
    case MHO_OP_CONCAT:
        return infer_concat(f, x);
    case MHO_OP_PAD:
        return infer_pad(f, x);
    case MHO_OP_SLICE:
        return infer_slice(f, x);
    case MHO_OP_REDUCE_MEAN:
        return infer_reduce(f, x);
    default:
        return infer_reshape(f, x);
    }
}
