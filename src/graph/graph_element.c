/* graph_element.c - activations, arithmetic of two inputs, normalisation, softmax, quantisation. */
#include "graph_int.h"

#include <math.h>

static float clamp01(float x) {
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

static float activate(const mho_graph_node *node, float x) {
    const mho_graph_attr *a = &node->attr;
    switch (node->op) {
    case MHO_OP_RELU:
        return x < 0 ? 0 : x;
    case MHO_OP_LEAKY_RELU:
        return x < 0 ? a->alpha * x : x;
    case MHO_OP_CLIP:
        x = x < a->lo ? a->lo : x;
        return x > a->hi ? a->hi : x;
    case MHO_OP_SIGMOID:
        return 1 / (1 + expf(-x));
    case MHO_OP_TANH:
        return tanhf(x);
    case MHO_OP_ELU:
        return x < 0 ? a->alpha * expm1f(x) : x;
    case MHO_OP_HARD_SIGMOID:
        return clamp01(a->alpha * x + a->beta);
    case MHO_OP_HARD_SWISH:
        return x * clamp01(x / 6 + 0.5F);
    default:
        return x;
    }
}

void mho_i_run_activation(const mho_i_job *j) {
    size_t n = mho_i_job_out(j)->size;
    if (j->node->op == MHO_OP_RELU) { /* the one that is everywhere: a loop that vectorises */
        for (size_t k = 0; k < n; k++) {
            j->out[k] = j->in[0][k] < 0 ? 0 : j->in[0][k];
        }
        return;
    }
    for (size_t k = 0; k < n; k++) {
        j->out[k] = activate(j->node, j->in[0][k]);
    }
}

/* ---- two inputs ---- */

static float combine(mho_graph_op op, float a, float b) {
    return op == MHO_OP_ADD ? a + b : op == MHO_OP_SUB ? a - b : op == MHO_OP_MUL ? a * b : a / b;
}

/* Distance in memory of neighbours along each dimension of y; 0 where t is broadcast. */
static void steps(const mho_graph_tensor *t, const mho_graph_tensor *y, size_t *step) {
    size_t n = 1;
    for (size_t d = 0; d < y->n_dim; d++) { /* counted from the last dimension */
        size_t side = d < t->n_dim ? t->shape[t->n_dim - 1 - d] : 1;
        step[y->n_dim - 1 - d] = side > 1 ? n : 0;
        n *= side;
    }
}

static void binary_row(const mho_i_job *j, size_t n, size_t a, size_t sa, size_t b, size_t sb,
                       float *out) {
    const float *x = j->in[0] + a, *y = j->in[1] + b;
    mho_graph_op op = j->node->op;
    if (op == MHO_OP_ADD && sa == 1 && sb == 1) {
        for (size_t k = 0; k < n; k++) {
            out[k] = x[k] + y[k];
        }
        return;
    }
    for (size_t k = 0; k < n; k++) {
        out[k] = combine(op, x[k * sa], y[k * sb]);
    }
}

void mho_i_run_binary(const mho_i_job *j) {
    const mho_graph_tensor *y = mho_i_job_out(j);
    size_t sa[MHO_GRAPH_MAX_DIM], sb[MHO_GRAPH_MAX_DIM], index[MHO_GRAPH_MAX_DIM] = {0};
    const mho_graph_tensor *ta = mho_i_job_in(j, 0), *tb = mho_i_job_in(j, 1);
    if (ta->size == y->size && tb->size == y->size) {
        binary_row(j, y->size, 0, 1, 0, 1, j->out);
        return;
    }
    steps(ta, y, sa);
    steps(tb, y, sb);
    size_t last = y->n_dim - 1, n = y->shape[last], a = 0, b = 0;
    for (size_t row = 0; row < y->size / n; row++) {
        binary_row(j, n, a, sa[last], b, sb[last], j->out + row * n);
        for (size_t d = last; d-- > 0;) {
            a += sa[d];
            b += sb[d];
            if (++index[d] < y->shape[d]) {
                break;
            }
            a -= sa[d] * y->shape[d];
            b -= sb[d] * y->shape[d];
            index[d] = 0;
        }
    }
}

/* ---- normalisation ---- */

void mho_i_run_batchnorm(const mho_i_job *j) {
    const mho_graph_tensor *x = mho_i_job_in(j, 0);
    size_t n_channel = x->n_dim > 1 ? x->shape[1] : 1, n = mho_i_span(x, 2, x->n_dim);
    n = x->n_dim > 1 ? n : 1;
    for (size_t k = 0; k < x->size; k += n) {
        size_t c = k / n % n_channel;
        double gain =
            (double)j->in[1][c] / sqrt((double)j->in[4][c] + (double)j->node->attr.epsilon);
        double offset = (double)j->in[2][c] - (double)j->in[3][c] * gain;
        for (size_t i = 0; i < n; i++) {
            j->out[k + i] = (float)((double)j->in[0][k + i] * gain + offset);
        }
    }
}

/* n numbers with a distance of step. */
static void softmax_group(const float *x, size_t n, size_t step, bool logarithm, float *y) {
    float top = x[0];
    for (size_t k = 1; k < n; k++) {
        top = x[k * step] > top ? x[k * step] : top;
    }
    double sum = 0;
    for (size_t k = 0; k < n; k++) {
        y[k * step] = logarithm ? x[k * step] - top : expf(x[k * step] - top);
        sum += logarithm ? exp((double)(x[k * step] - top)) : (double)y[k * step];
    }
    float shift = (float)log(sum), share = (float)(1 / sum);
    for (size_t k = 0; k < n; k++) {
        y[k * step] = logarithm ? y[k * step] - shift : y[k * step] * share;
    }
}

void mho_i_run_softmax(const mho_i_job *j) {
    const mho_graph_tensor *x = mho_i_job_in(j, 0);
    size_t axis = (size_t)j->node->attr.axis;
    bool logarithm = j->node->op == MHO_OP_LOG_SOFTMAX;
    size_t n = j->node->attr.flat ? mho_i_span(x, axis, x->n_dim) : x->shape[axis];
    size_t step = j->node->attr.flat ? 1 : mho_i_span(x, axis + 1, x->n_dim);
    for (size_t outer = 0; outer < x->size; outer += n * step) {
        for (size_t i = 0; i < step; i++) {
            softmax_group(j->in[0] + outer + i, n, step, logarithm, j->out + outer + i);
        }
    }
}

/* ---- integers, held as floats ---- */

void mho_i_run_quantize(const mho_i_job *j) {
    const mho_graph_tensor *x = mho_i_job_in(j, 0);
    const mho_graph_attr *a = &j->node->attr;
    const float *zero = j->node->n_input > 2 ? j->in[2] : NULL;
    size_t n = a->axis < 0 ? x->size : mho_i_span(x, (size_t)a->axis + 1, x->n_dim);
    size_t n_scale = a->axis < 0 ? 1 : x->shape[a->axis];
    for (size_t k = 0; k < x->size; k++) {
        size_t c = k / n % n_scale;
        float scale = j->in[1][c], shift = zero ? zero[c] : 0;
        if (j->node->op == MHO_OP_DEQUANTIZE) {
            j->out[k] = (j->in[0][k] - shift) * scale;
        } else {
            float q = nearbyintf(j->in[0][k] / scale) + shift;
            j->out[k] = q < a->q_lo ? a->q_lo : q > a->q_hi ? a->q_hi : q;
        }
    }
}
