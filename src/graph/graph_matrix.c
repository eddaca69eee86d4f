/* graph_matrix.c - convolutions as patches and matrix products, and matrix products themselves. */
#include "graph_int.h"

#include <cblas.h>
#include <string.h>

enum { PATCH_FLOATS = 1 << 18 }; /* of patches at a time: they stay in the second-level cache */

/* Everything about one convolution. */
typedef struct conv {
    size_t in_c, h, w, out_c, out_h, out_w; /* of all groups together */
    size_t n_group, n_out, n_in, n_pos;     /* of one group */
    const mho_graph_attr *a;
} conv;

static conv conv_of(const mho_graph *g, const mho_graph_node *node) {
    const mho_graph_tensor *x = &g->tensor[node->input[0]], *y = &g->tensor[node->output];
    conv c = {.in_c = x->shape[1], .out_c = y->shape[1], .a = &node->attr};
    mho_i_sides(x, &c.h, &c.w);
    mho_i_sides(y, &c.out_h, &c.out_w);
    c.n_group = node->attr.groups;
    c.n_out = c.out_c / c.n_group;
    c.n_in = c.in_c / c.n_group * node->attr.kernel[0] * node->attr.kernel[1];
    c.n_pos = c.out_h * c.out_w;
    return c;
}

/* A 1x1 kernel that meets every place once needs no patches: the input is the matrix. */
static bool is_pointwise(const conv *c) {
    const mho_graph_attr *a = c->a;
    return a->kernel[0] * a->kernel[1] == 1 && a->stride[0] * a->stride[1] == 1 && !a->pads[0] &&
           !a->pads[1] && !a->pads[2] && !a->pads[3];
}

static size_t patch_chunk(const conv *c) {
    size_t n = PATCH_FLOATS / c->n_in;
    return n < 16 ? (c->n_pos < 16 ? c->n_pos : 16) : n < c->n_pos ? n : c->n_pos;
}

/* One row of patches: channel plane in [h][w], offset of the kernel (ky, kx), positions from..to
 * into out. */
static void patch_row(const conv *c, const float *plane, size_t ky, size_t kx, size_t from,
                      size_t to, float *out) {
    const mho_graph_attr *a = c->a;
    ptrdiff_t dy = (ptrdiff_t)(ky * a->dilation[0]) - (ptrdiff_t)a->pads[0];
    ptrdiff_t dx = (ptrdiff_t)(kx * a->dilation[1]) - (ptrdiff_t)a->pads[1];
    for (size_t p = from; p < to;) {
        size_t oy = p / c->out_w, ox = p % c->out_w;
        size_t end = to - p < c->out_w - ox ? ox + (to - p) : c->out_w;
        ptrdiff_t y = (ptrdiff_t)(oy * a->stride[0]) + dy;
        if (y < 0 || y >= (ptrdiff_t)c->h) {
            memset(out, 0, (end - ox) * sizeof *out);
        } else {
            const float *row = plane + (size_t)y * c->w;
            for (size_t x = ox; x < end; x++) {
                ptrdiff_t at = (ptrdiff_t)(x * a->stride[1]) + dx;
                out[x - ox] = at >= 0 && at < (ptrdiff_t)c->w ? row[at] : 0;
            }
        }
        out += end - ox;
        p += end - ox;
    }
}

/* patches[n_in][to - from] of the group whose channels start at x. */
static void fill_patches(const conv *c, const float *x, size_t from, size_t to, float *patches) {
    size_t kh = c->a->kernel[0], kw = c->a->kernel[1];
    for (size_t k = 0; k < c->n_in; k++) {
        patch_row(c, x + k / (kh * kw) * c->h * c->w, k / kw % kh, k % kw, from, to,
                  patches + k * (to - from));
    }
}

/* y[n_out][n_pos] of one group of one sample. */
static void conv_group(const conv *c, const float *x, const float *w, float *y, float *scratch) {
    size_t chunk = is_pointwise(c) ? c->n_pos : patch_chunk(c);
    for (size_t from = 0; from < c->n_pos; from += chunk) {
        size_t to = from + chunk < c->n_pos ? from + chunk : c->n_pos;
        const float *patches = x;
        if (!is_pointwise(c)) {
            fill_patches(c, x, from, to, scratch);
            patches = scratch;
        }
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)c->n_out, (int)(to - from),
                    (int)c->n_in, 1, w, (int)c->n_in, patches, (int)(to - from), 1, y + from,
                    (int)c->n_pos);
    }
}

void mho_i_run_conv(const mho_i_job *j) {
    conv c = conv_of(j->g, j->node);
    const float *bias = j->node->n_input > 2 ? j->in[2] : NULL;
    size_t n_batch = mho_i_job_in(j, 0)->shape[0], n_x = c.in_c * c.h * c.w;
    for (size_t b = 0; b < n_batch; b++) {
        float *y = j->out + b * c.out_c * c.n_pos;
        for (size_t k = 0; k < c.out_c * c.n_pos; k++) {
            y[k] = bias ? bias[k / c.n_pos] : 0;
        }
        for (size_t g = 0; g < c.n_group; g++) {
            conv_group(&c, j->in[0] + b * n_x + g * (c.in_c / c.n_group) * c.h * c.w,
                       j->in[1] + g * c.n_out * c.n_in, y + g * c.n_out * c.n_pos, j->scratch);
        }
    }
}

size_t mho_i_graph_scratch(const mho_graph *g, const mho_graph_node *node) {
    if (node->op != MHO_OP_CONV) {
        return 0;
    }
    conv c = conv_of(g, node);
    return is_pointwise(&c) ? 0 : c.n_in * patch_chunk(&c);
}

/* dst[m][n] = beta * C, broadcast. */
static void start_with_c(const mho_graph_tensor *t, const float *c, float beta, size_t m, size_t n,
                         float *dst) {
    size_t rows = t->n_dim > 1 ? t->shape[t->n_dim - 2] : 1;
    size_t cols = t->n_dim > 0 ? t->shape[t->n_dim - 1] : 1;
    for (size_t r = 0; r < m; r++) {
        for (size_t k = 0; k < n; k++) {
            dst[r * n + k] = beta * c[(rows > 1 ? r : 0) * cols + (cols > 1 ? k : 0)];
        }
    }
}

void mho_i_run_gemm(const mho_i_job *j) {
    const mho_graph_attr *at = &j->node->attr;
    const mho_graph_tensor *a = mho_i_job_in(j, 0), *b = mho_i_job_in(j, 1);
    size_t m = a->shape[at->trans_a], k = a->shape[!at->trans_a], n = b->shape[!at->trans_b];
    const float *c = j->node->n_input > 2 ? j->in[2] : NULL;
    if (c) {
        start_with_c(mho_i_job_in(j, 2), c, at->beta, m, n, j->out);
    }
    cblas_sgemm(CblasRowMajor, at->trans_a ? CblasTrans : CblasNoTrans,
                at->trans_b ? CblasTrans : CblasNoTrans, (int)m, (int)n, (int)k, at->alpha,
                j->in[0], (int)a->shape[1], j->in[1], (int)b->shape[1], c ? 1 : 0, j->out, (int)n);
}

/* Where matrix number i of the broadcast leading dimensions stands in t, whose last n_last
 * dimensions are the matrix. lead[n_lead]: the broadcast dimensions. */
static size_t matrix_at(const mho_graph_tensor *t, size_t i, size_t n_lead, const size_t *lead) {
    size_t own = t->n_dim > 2 ? t->n_dim - 2 : 0, at = 0, step = mho_i_span(t, own, t->n_dim);
    for (size_t d = n_lead; d-- > 0;) {
        size_t index = i % lead[d];
        i /= lead[d];
        size_t from_end = n_lead - d; /* 1: the last leading dimension */
        if (from_end <= own) {
            size_t side = t->shape[own - from_end];
            at += side > 1 ? index * step : 0;
            step *= side;
        }
    }
    return at;
}

void mho_i_run_matmul(const mho_i_job *j) {
    const mho_graph_tensor *a = mho_i_job_in(j, 0), *b = mho_i_job_in(j, 1);
    const mho_graph_tensor *y = mho_i_job_out(j);
    size_t m = a->n_dim > 1 ? a->shape[a->n_dim - 2] : 1, k = a->shape[a->n_dim - 1];
    size_t n = b->n_dim > 1 ? b->shape[b->n_dim - 1] : 1;
    size_t n_lead = y->n_dim - (a->n_dim > 1) - (b->n_dim > 1);
    size_t n_matrix = mho_i_span(y, 0, n_lead);
    for (size_t i = 0; i < n_matrix; i++) {
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)m, (int)n, (int)k, 1,
                    j->in[0] + matrix_at(a, i, n_lead, y->shape), (int)k,
                    j->in[1] + matrix_at(b, i, n_lead, y->shape), (int)n, 0, j->out + i * m * n,
                    (int)n);
    }
}

/* ---- for mappings on arrays ---- */

bool mho_graph_matrix_of(const mho_graph *g, size_t k, mho_graph_matrix *out) {
    *out = (mho_graph_matrix){0};
    const mho_graph_node *node = mho_graph_node_at(g, k);
    if (!node || (node->op != MHO_OP_CONV && node->op != MHO_OP_GEMM)) {
        return false;
    }
    const mho_graph_tensor *w = &g->tensor[node->input[1]];
    int b = node->n_input > 2 ? node->input[2] : -1;
    const float *bias = b >= 0 ? g->tensor[b].data : NULL;
    if (!w->data || (b >= 0 && !bias)) {
        return false;
    }
    if (node->op == MHO_OP_CONV) {
        conv c = conv_of(g, node);
        *out = (mho_graph_matrix){c.n_group, c.n_out, c.n_in, c.n_pos, w->data, bias};
        return true;
    }
    const mho_graph_attr *a = &node->attr;
    if (a->trans_a || !a->trans_b || a->alpha != 1 || a->beta != 1 ||
        (b >= 0 && (g->tensor[b].n_dim != 1 || g->tensor[b].size != w->shape[0]))) {
        return false;
    }
    *out = (mho_graph_matrix){1, w->shape[0], w->shape[1], 1, w->data, bias};
    return true;
}

mho_status mho_graph_patches(mho_ctx *ctx, const mho_graph *g, size_t k, size_t group,
                             const float *x, float *patches) {
    mho_graph_matrix m;
    if (!mho_graph_matrix_of(g, k, &m) || group >= m.n_group) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "node %zu, group %zu: it has no such matrix of constant weights", k,
                          group);
    }
    if (g->node[k].op == MHO_OP_GEMM) {
        memcpy(patches, x, m.n_in * sizeof *patches);
        return MHO_OK;
    }
    conv c = conv_of(g, &g->node[k]);
    size_t per_group = c.in_c / c.n_group;
    for (size_t p = 0; p < c.n_pos; p++) { /* a column of n_in numbers at a time */
        fill_patches(&c, x + group * per_group * c.h * c.w, p, p + 1, patches + p * c.n_in);
    }
    return MHO_OK;
}
