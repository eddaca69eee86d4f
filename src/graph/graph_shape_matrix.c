/* graph_shape_matrix.c - shapes of convolutions, pools and matrix products. */
#include "graph_int.h"

/* The fields of a window: sides within bounds, so that no sum of them can overflow. */
static mho_status check_window(const mho_i_infer *f) {
    const mho_graph_attr *a = f->attr;
    for (size_t s = 0; s < 2; s++) {
        if (a->kernel[s] < 1 || a->kernel[s] > MHO_I_GRAPH_MAX_SIDE || a->stride[s] < 1 ||
            a->stride[s] > MHO_I_GRAPH_MAX_SIDE || a->dilation[s] < 1 ||
            a->dilation[s] > MHO_I_GRAPH_MAX_SIDE) {
            return mho_i_infer_fail(
                f, "kernel %zux%zu, stride %zux%zu, dilation %zux%zu: each is to be 1 to %d",
                a->kernel[0], a->kernel[1], a->stride[0], a->stride[1], a->dilation[0],
                a->dilation[1], MHO_I_GRAPH_MAX_SIDE);
        }
    }
    for (size_t s = 0; s < 4; s++) {
        if (a->pads[s] > MHO_I_GRAPH_MAX_SIDE) {
            return mho_i_infer_fail(f, "a padding of %zu: at most %d is allowed", a->pads[s],
                                    MHO_I_GRAPH_MAX_SIDE);
        }
    }
    return MHO_OK;
}

/* Windows along side s; 0: none fits. Rounded up, the last one still has to begin inside the input
 * or the padding before it. */
static size_t windows(const mho_graph_attr *a, size_t s, size_t side) {
    size_t reach = (a->kernel[s] - 1) * a->dilation[s] + 1;
    size_t room = side + a->pads[s] + a->pads[s + 2];
    if (reach > room) {
        return 0;
    }
    size_t n = (room - reach) / a->stride[s] + 1;
    if (a->ceil_mode && (room - reach) % a->stride[s] && n * a->stride[s] < side + a->pads[s]) {
        n++;
    }
    return n;
}

static mho_status set_windows(mho_i_infer *f, const mho_graph_tensor *x, size_t n_channel) {
    size_t h, w;
    char text[160];
    mho_i_sides(x, &h, &w);
    size_t out_h = windows(f->attr, 0, h), out_w = windows(f->attr, 1, w);
    if (!out_h || !out_w) {
        return mho_i_infer_fail(f,
                                "a kernel of %zux%zu (dilation %zux%zu) does not fit %s with its "
                                "padding",
                                f->attr->kernel[0], f->attr->kernel[1], f->attr->dilation[0],
                                f->attr->dilation[1],
                                mho_i_graph_shape_text(x->n_dim, x->shape, text));
    }
    f->n_dim = x->n_dim;
    f->shape[0] = x->shape[0];
    f->shape[1] = n_channel;
    if (x->n_dim == 4) {
        f->shape[2] = out_h;
    }
    f->shape[x->n_dim - 1] = out_w;
    return MHO_OK;
}

static mho_status check_picture(const mho_i_infer *f, const mho_graph_tensor *x) {
    char text[160];
    if (x->n_dim != 3 && x->n_dim != 4) {
        return mho_i_infer_fail(f,
                                "its input is %s: [batch][channel][width] or "
                                "[batch][channel][height][width] is wanted",
                                mho_i_graph_shape_text(x->n_dim, x->shape, text));
    }
    if (x->n_dim == 3 && (f->attr->kernel[0] != 1 || f->attr->stride[0] != 1 || f->attr->pads[0] ||
                          f->attr->pads[2])) {
        return mho_i_infer_fail(f, "an input without height wants a kernel and stride of height 1");
    }
    return MHO_OK;
}

mho_status mho_i_infer_pool(mho_i_infer *f) {
    const mho_graph_tensor *x = mho_i_infer_in(f, 0);
    mho_status status = check_window(f);
    if (status == MHO_OK) {
        status = check_picture(f, x);
    }
    for (size_t s = 0; s < 4 && status == MHO_OK; s++) {
        if (f->attr->pads[s] >= (f->attr->kernel[s % 2] - 1) * f->attr->dilation[s % 2] + 1) {
            status = mho_i_infer_fail(f, "a padding of %zu is as large as the kernel of %zu",
                                      f->attr->pads[s], f->attr->kernel[s % 2]);
        }
    }
    return status < 0 ? status : set_windows(f, x, x->shape[1]);
}

static mho_status infer_conv(mho_i_infer *f) {
    const mho_graph_tensor *x = mho_i_infer_in(f, 0), *w = mho_i_infer_in(f, 1);
    const mho_graph_tensor *b = mho_i_infer_in(f, 2);
    const mho_graph_attr *a = f->attr;
    char tx[160], tw[160];
    mho_status status = check_window(f);
    if (status == MHO_OK) {
        status = check_picture(f, x);
    }
    if (status < 0) {
        return status;
    }
    mho_i_graph_shape_text(x->n_dim, x->shape, tx);
    mho_i_graph_shape_text(w->n_dim, w->shape, tw);
    size_t kh, kw;
    if (w->n_dim != x->n_dim) {
        return mho_i_infer_fail(f, "weights %s do not have as many dimensions as the input %s", tw,
                                tx);
    }
    mho_i_sides(w, &kh, &kw);
    if (kh != a->kernel[0] || kw != a->kernel[1]) {
        return mho_i_infer_fail(f, "weights %s are not of the kernel %zux%zu", tw, a->kernel[0],
                                a->kernel[1]);
    }
    if (a->groups < 1 || x->shape[1] % a->groups || w->shape[0] % a->groups ||
        w->shape[1] != x->shape[1] / a->groups) {
        return mho_i_infer_fail(f, "weights %s do not fit an input of %s in %zu groups", tw, tx,
                                a->groups);
    }
    if (b && (b->n_dim != 1 || b->size != w->shape[0])) {
        return mho_i_infer_fail(f, "the bias has %zu numbers, the %zu outputs want one each",
                                b->size, w->shape[0]);
    }
    status = set_windows(f, x, w->shape[0]);
    if (status == MHO_OK) {
        f->n_mac = (double)(w->size / w->shape[0]);
        for (size_t d = 0; d < f->n_dim; d++) {
            f->n_mac *= (double)f->shape[d];
        }
    }
    return status;
}

static mho_status infer_gemm(mho_i_infer *f) {
    const mho_graph_tensor *a = mho_i_infer_in(f, 0), *b = mho_i_infer_in(f, 1);
    const mho_graph_tensor *c = mho_i_infer_in(f, 2);
    char ta[160], tb[160];
    mho_i_graph_shape_text(a->n_dim, a->shape, ta);
    mho_i_graph_shape_text(b->n_dim, b->shape, tb);
    if (a->n_dim != 2 || b->n_dim != 2) {
        return mho_i_infer_fail(f, "factors %s and %s: matrices are wanted", ta, tb);
    }
    size_t m = a->shape[f->attr->trans_a], k = a->shape[!f->attr->trans_a];
    size_t n = b->shape[!f->attr->trans_b], k2 = b->shape[f->attr->trans_b];
    if (k != k2) {
        return mho_i_infer_fail(f, "factors %s%s and %s%s do not fit", ta,
                                f->attr->trans_a ? " (transposed)" : "", tb,
                                f->attr->trans_b ? " (transposed)" : "");
    }
    f->n_dim = 2;
    f->shape[0] = m;
    f->shape[1] = n;
    f->n_mac = (double)m * (double)n * (double)k;
    mho_graph_tensor y = {.n_dim = 2, .shape = {m, n}};
    size_t n_dim, shape[MHO_GRAPH_MAX_DIM];
    if (c && (!mho_i_graph_broadcast(c, &y, &n_dim, shape) || n_dim != 2 || shape[0] != m ||
              shape[1] != n)) {
        return mho_i_infer_fail(f, "C of %s does not fit a result of %zux%zu",
                                mho_i_graph_shape_text(c->n_dim, c->shape, ta), m, n);
    }
    return MHO_OK;
}

static mho_status infer_matmul(mho_i_infer *f) {
    const mho_graph_tensor *a = mho_i_infer_in(f, 0), *b = mho_i_infer_in(f, 1);
    char ta[160], tb[160];
    mho_i_graph_shape_text(a->n_dim, a->shape, ta);
    mho_i_graph_shape_text(b->n_dim, b->shape, tb);
    if (a->n_dim < 1 || b->n_dim < 1) {
        return mho_i_infer_fail(f, "factors %s and %s: one dimension or more is wanted", ta, tb);
    }
    size_t k = a->shape[a->n_dim - 1];
    size_t k2 = b->n_dim == 1 ? b->shape[0] : b->shape[b->n_dim - 2];
    mho_graph_tensor la = *a, lb = *b; /* the leading dimensions */
    la.n_dim = a->n_dim > 2 ? a->n_dim - 2 : 0;
    lb.n_dim = b->n_dim > 2 ? b->n_dim - 2 : 0;
    size_t n_dim = 0, shape[MHO_GRAPH_MAX_DIM];
    if (k != k2 || !mho_i_graph_broadcast(&la, &lb, &n_dim, shape)) {
        return mho_i_infer_fail(f, "factors %s and %s do not fit", ta, tb);
    }
    for (size_t d = 0; d < n_dim; d++) {
        f->shape[d] = shape[d];
    }
    if (a->n_dim > 1) {
        f->shape[n_dim++] = a->shape[a->n_dim - 2];
    }
    if (b->n_dim > 1) {
        f->shape[n_dim++] = b->shape[b->n_dim - 1];
    }
    f->n_dim = n_dim;
    f->n_mac = (double)k;
    for (size_t d = 0; d < n_dim; d++) {
        f->n_mac *= (double)f->shape[d];
    }
    return MHO_OK;
}

mho_status mho_i_infer_matrix(mho_i_infer *f) {
    return f->op == MHO_OP_CONV   ? infer_conv(f)
           : f->op == MHO_OP_GEMM ? infer_gemm(f)
                                  : infer_matmul(f);
}
