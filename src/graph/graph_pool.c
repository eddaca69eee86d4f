/* graph_pool.c - windows of numbers to one. */
#include "graph_int.h"

#include <math.h>

/* One side of a window: indices of the input from first in steps of dilation, n of them; n_padded
 * counts those in the padding too, but not those beyond it, which a size rounded up can ask for. */
typedef struct span {
    size_t first, n, n_padded;
} span;

/* Of the places start, start + step, ..., most of them: how many lie before end. */
static size_t before(ptrdiff_t start, size_t step, size_t most, ptrdiff_t end) {
    size_t n = end > start ? ((size_t)(end - start) - 1) / step + 1 : 0;
    return n < most ? n : most;
}

/* Without a loop over the window: a file may ask for one of 2^24 places in the padding. */
static span window(const mho_graph_attr *a, size_t s, size_t out, size_t side) {
    size_t step = a->dilation[s], most = a->kernel[s];
    ptrdiff_t start = (ptrdiff_t)(out * a->stride[s]) - (ptrdiff_t)a->pads[s];
    size_t skipped = before(start, step, most, 0), end = before(start, step, most, (ptrdiff_t)side);
    return (span){.first = end > skipped ? (size_t)(start + (ptrdiff_t)(skipped * step)) : 0,
                  .n = end - skipped,
                  .n_padded = before(start, step, most, (ptrdiff_t)(side + a->pads[s + 2]))};
}

static float largest(const float *plane, size_t width, const mho_graph_attr *a, span y, span x) {
    float top = -INFINITY;
    for (size_t i = 0; i < y.n; i++) {
        const float *row = plane + (y.first + i * a->dilation[0]) * width + x.first;
        for (size_t k = 0; k < x.n; k++) {
            top = row[k * a->dilation[1]] > top ? row[k * a->dilation[1]] : top;
        }
    }
    return top;
}

static float mean(const float *plane, size_t width, const mho_graph_attr *a, span y, span x) {
    float sum = 0;
    for (size_t i = 0; i < y.n; i++) {
        const float *row = plane + (y.first + i * a->dilation[0]) * width + x.first;
        for (size_t k = 0; k < x.n; k++) {
            sum += row[k * a->dilation[1]];
        }
    }
    size_t n = a->count_include_pad ? y.n_padded * x.n_padded : y.n * x.n;
    return n ? sum / (float)n : 0;
}

static void pool(const mho_i_job *j,
                 float (*reduce)(const float *, size_t, const mho_graph_attr *, span, span)) {
    const mho_graph_tensor *in = mho_i_job_in(j, 0), *out = mho_i_job_out(j);
    const mho_graph_attr *a = &j->node->attr;
    size_t h, w, out_h, out_w, n_plane = in->shape[0] * in->shape[1];
    mho_i_sides(in, &h, &w);
    mho_i_sides(out, &out_h, &out_w);
    for (size_t oy = 0; oy < out_h; oy++) {
        span y = window(a, 0, oy, h);
        for (size_t ox = 0; ox < out_w; ox++) {
            span x = window(a, 1, ox, w);
            for (size_t p = 0; p < n_plane; p++) {
                j->out[(p * out_h + oy) * out_w + ox] = reduce(j->in[0] + p * h * w, w, a, y, x);
            }
        }
    }
}

void mho_i_run_max_pool(const mho_i_job *j) {
    pool(j, largest);
}

void mho_i_run_average_pool(const mho_i_job *j) {
    pool(j, mean);
}

void mho_i_run_global_pool(const mho_i_job *j) {
    const mho_graph_tensor *x = mho_i_job_in(j, 0);
    size_t n_plane = x->shape[0] * x->shape[1], n = mho_i_span(x, 2, x->n_dim);
    for (size_t p = 0; p < n_plane; p++) {
        const float *in = j->in[0] + p * n;
        double sum = 0;
        float top = in[0];
        for (size_t k = 0; k < n; k++) {
            sum += (double)in[k];
            top = in[k] > top ? in[k] : top;
        }
        j->out[p] = j->node->op == MHO_OP_GLOBAL_MAX_POOL ? top : (float)(sum / (double)n);
    }
}

/* Numbers of the input in order; each is added to its place of the output. */
void mho_i_run_reduce_mean(const mho_i_job *j) {
    const mho_graph_tensor *x = mho_i_job_in(j, 0), *y = mho_i_job_out(j);
    size_t step[MHO_GRAPH_MAX_DIM], n = 1, index[MHO_GRAPH_MAX_DIM] = {0}, at = 0;
    for (size_t d = x->n_dim; d-- > 0;) {
        step[d] = j->node->attr.reduce[d] ? 0 : n;
        n *= j->node->attr.reduce[d] ? 1 : x->shape[d];
    }
    for (size_t k = 0; k < y->size; k++) {
        j->out[k] = 0;
    }
    for (size_t k = 0; k < x->size; k++) {
        j->out[at] += j->in[0][k];
        for (size_t d = x->n_dim; d-- > 0;) {
            at += step[d];
            if (++index[d] < x->shape[d]) {
                break;
            }
            at -= step[d] * x->shape[d];
            index[d] = 0;
        }
    }
    float share = (float)y->size / (float)x->size;
    for (size_t k = 0; k < y->size; k++) {
        j->out[k] *= share;
    }
}
