/* mapping.c - a layer graph becomes stages. The nodes are walked in their order; a tensor is either
 * stored (a value of the chip) or a sum that still waits for its end: Conv and Gemm begin a sum,
 * Add joins sums and stored activations, an activation ends it, and anything that must read numbers
 * ends it in an ADC. So Conv -> Add -> Relu is one stage, whose currents meet at the amplifiers. */
#include "mapping_int.h"

#include <math.h>
#include <string.h>

typedef struct sum {
    size_t n_term;
    mho_i_term *term; /* NULL: not a sum */
} sum;

typedef struct builder {
    mho_ctx *ctx;
    mho_chip *chip;
    mho_i_mapping *m;
    const mho_graph *g;
    size_t *value; /* [n_tensor] where it is stored; SIZE_MAX: it is not */
    sum *sum;      /* [n_tensor] */
} builder;

static mho_status refuse(const builder *b, const mho_graph_node *node, const char *why) {
    return mho_i_fail(b->ctx, MHO_ERR_ARG, "node %s (%s): %s", node->name,
                      mho_graph_op_get(node->op).name, why);
}

/* [1][c][h][w], [1][c][w], [1][f] or a list of numbers as channels, rows and columns. */
static bool geometry(const mho_graph_tensor *t, size_t out[3]) {
    out[0] = t->size;
    out[1] = out[2] = 1;
    if (t->n_dim >= 2 && t->shape[0] != 1) {
        return false;
    }
    if (t->n_dim == 4) {
        memcpy(out, t->shape + 1, 3 * sizeof *out);
    } else if (t->n_dim == 3) {
        out[0] = t->shape[1];
        out[2] = t->shape[2];
    }
    return true;
}

static const mho_graph_tensor *tensor_of(const builder *b, int tensor) {
    return mho_graph_tensor_at(b->g, tensor);
}

static size_t new_value(builder *b, size_t c, size_t h, size_t w) {
    b->chip->value[b->chip->n_value] = (mho_i_value){.c = c, .h = h, .w = w};
    b->m->tie[b->chip->n_value] = b->chip->n_value;
    return b->chip->n_value++;
}

size_t mho_i_mapping_class(const mho_i_mapping *m, size_t value) {
    while (m->tie[value] != value) {
        value = m->tie[value];
    }
    return value;
}

static void tie(mho_i_mapping *m, size_t a, size_t b) {
    m->tie[mho_i_mapping_class(m, a)] = mho_i_mapping_class(m, b);
    m->uniform[a] = m->uniform[b] = true;
}

/* A reader that sees the value in other channels than it has needs one full scale for all. */
static void read_as(builder *b, size_t value, size_t h, size_t w) {
    const mho_i_value *v = &b->chip->value[value];
    if (v->h * v->w != h * w) {
        b->m->uniform[value] = true;
    }
}

/* ---- shapes ---- */

static mho_i_shape conv_shape(const mho_graph_node *node, const size_t in[3], const size_t out[3]) {
    const mho_graph_attr *a = &node->attr;
    mho_i_shape s = {.in_c = in[0],
                     .in_h = in[1],
                     .in_w = in[2],
                     .out_c = out[0],
                     .out_h = out[1],
                     .out_w = out[2],
                     .k_h = a->kernel[0],
                     .k_w = a->kernel[1],
                     .stride_h = a->stride[0],
                     .stride_w = a->stride[1],
                     .dilation_h = a->dilation[0],
                     .dilation_w = a->dilation[1],
                     .pad_top = a->pads[0],
                     .pad_left = a->pads[1],
                     .pad_bottom = a->pads[2],
                     .pad_right = a->pads[3],
                     .n_group = a->groups ? a->groups : 1,
                     .n_out = out[0],
                     .n_pos = out[1] * out[2],
                     .w_max = 1};
    s.n_in = s.in_c / s.n_group * s.k_h * s.k_w;
    return s;
}

/* A window over single places, of what goes to the amplifiers without arrays or as a vector. */
static mho_i_shape place_shape(size_t in_c, const size_t out[3]) {
    return (mho_i_shape){.in_c = in_c,
                         .in_h = out[1],
                         .in_w = out[2],
                         .out_c = out[0],
                         .out_h = out[1],
                         .out_w = out[2],
                         .k_h = 1,
                         .k_w = 1,
                         .stride_h = 1,
                         .stride_w = 1,
                         .dilation_h = 1,
                         .dilation_w = 1,
                         .n_group = 1,
                         .n_in = in_c,
                         .n_out = out[0],
                         .n_pos = out[1] * out[2],
                         .w_max = 1};
}

static mho_status layer_shape(const builder *b, const mho_i_term *term, mho_i_shape *out) {
    const mho_graph_node *node = mho_graph_node_at(b->g, (size_t)term->node);
    const mho_graph_tensor *x = tensor_of(b, node->input[0]), *y = tensor_of(b, node->output);
    size_t in[3], to[3];
    if (!geometry(x, in) || !geometry(y, to)) {
        return refuse(b, node, "its batch is not 1: export the network with a batch of 1");
    }
    if (node->op == MHO_OP_CONV) {
        *out = conv_shape(node, in, to);
        return MHO_OK;
    }
    if (to[1] * to[2] != 1) {
        return refuse(b, node, "a product over several rows of one sample; arrays take a vector");
    }
    *out = place_shape(x->size, to);
    out->in_h = out->in_w = 1;
    return MHO_OK;
}

/* ---- compute stages ---- */

static void say_work(const builder *b, const mho_i_stage *stage, mho_i_origin *o) {
    const mho_i_shape *l = &stage->shape;
    if (!stage->n_layer) {
        snprintf(o->work, sizeof o->work, "sum of %zu", stage->n_skip);
        return;
    }
    const mho_graph_node *node = mho_graph_node_at(b->g, (size_t)o->term[0].node);
    char more[40] = "", pace[32] = "", group[40] = "";
    if (l->stride_h > 1 || l->stride_w > 1) {
        snprintf(pace, sizeof pace, " /%zu", l->stride_h);
    }
    if (l->n_group > 1) {
        snprintf(group, sizeof group, " in %zu groups", l->n_group);
    }
    size_t extra = stage->n_layer - 1;
    if (extra || stage->n_skip) {
        snprintf(more, sizeof more, "%s%s", extra ? " + arrays" : "",
                 stage->n_skip ? " + skip" : "");
    }
    if (node->op == MHO_OP_CONV) {
        snprintf(o->work, sizeof o->work, "conv %zux%zu%s%s, %zu>%zu%s", l->k_h, l->k_w, pace,
                 group, l->in_c, l->out_c, more);
    } else {
        snprintf(o->work, sizeof o->work, "dense, %zu>%zu%s", l->in_c, l->out_c, more);
    }
}

static void say_name(const builder *b, const mho_i_origin *o, int tensor, char name[64]) {
    int node = -1;
    size_t others = 0;
    for (size_t k = 0; k < o->n_term; k++) {
        if (o->term[k].node >= 0) {
            others += node >= 0;
            node = node < 0 ? o->term[k].node : node;
        }
    }
    node = node < 0 ? tensor_of(b, tensor)->producer : node;
    const char *text = node < 0 ? "input" : mho_graph_node_at(b->g, (size_t)node)->name;
    size_t n = strlen(text); /* the end of a long path says more */
    const char *from = n > 40 ? text + n - 40 : text;
    if (others) {
        snprintf(name, 64, "%s +%zu", from, others);
    } else {
        snprintf(name, 64, "%s", from);
    }
}

static mho_status add_layer(builder *b, mho_i_stage *stage, const mho_i_term *term) {
    mho_i_layer *layer = &b->chip->layer[b->chip->n_layer];
    mho_i_shape shape;
    mho_status status = layer_shape(b, term, &shape);
    if (status < 0) {
        return status;
    }
    stage->layer = stage->n_layer ? stage->layer : layer;
    stage->n_layer++;
    b->chip->n_layer++;
    bool dac = b->chip->value[term->value].dac;
    *layer = (mho_i_layer){.shape = shape,
                           .value = term->value,
                           .n_row = shape.n_in + 1,
                           .n_copy = 1,
                           .n_wire = shape.n_in + 1,
                           .n_tile_row = 1,
                           .first = dac};
    if (shape.in_h * shape.in_w > 1) {
        read_as(b, term->value, shape.in_h, shape.in_w);
    }
    return MHO_OK;
}

static mho_status same_output(const builder *b, const mho_i_stage *stage, const mho_i_shape *s,
                              int tensor) {
    if (s->out_c != stage->shape.out_c || s->out_h != stage->shape.out_h ||
        s->out_w != stage->shape.out_w) {
        const mho_graph_node *node =
            mho_graph_node_at(b->g, (size_t)tensor_of(b, tensor)->producer);
        return refuse(b, node,
                      "its summands have different shapes; that takes no part in a sum of "
                      "currents");
    }
    return MHO_OK;
}

/* Layers first, then skips: in this order they are added up. */
static mho_status add_terms(builder *b, mho_i_stage *stage, mho_i_origin *o, int tensor) {
    mho_status status = MHO_OK;
    for (size_t k = 0; status == MHO_OK && k < o->n_term && o->term[k].node >= 0; k++) {
        status = add_layer(b, stage, &o->term[k]);
        if (status == MHO_OK && k == 0) {
            stage->shape = stage->layer->shape;
        } else if (status == MHO_OK) {
            status = same_output(b, stage, &stage->layer[k].shape, tensor);
        }
    }
    size_t n_skip = o->n_term - stage->n_layer;
    if (status < 0 || n_skip == 0) {
        return status;
    }
    stage->skip = mho_i_alloc(b->ctx, n_skip, sizeof *stage->skip);
    for (size_t k = stage->n_layer; stage->skip && k < o->n_term; k++) {
        const mho_i_value *v = &b->chip->value[o->term[k].value];
        mho_i_shape shape = place_shape(v->c, (size_t[]){v->c, v->h, v->w});
        if (k == 0) {
            stage->shape = shape;
        }
        status = same_output(b, stage, &shape, tensor);
        if (status < 0) {
            return status;
        }
        mho_i_skip *skip = &stage->skip[stage->n_skip++];
        skip->value = o->term[k].value;
        skip->gain = mho_i_alloc(b->ctx, v->c, sizeof(float));
        skip->g_S = mho_i_alloc(b->ctx, v->c, sizeof(float));
        if (!skip->gain || !skip->g_S) {
            return MHO_ERR_NOMEM;
        }
    }
    return stage->skip ? MHO_OK : MHO_ERR_NOMEM;
}

static mho_status make_digital(builder *b, mho_i_stage *stage, const mho_i_origin *o) {
    stage->digital = mho_i_alloc(b->ctx, 1, sizeof *stage->digital);
    if (!stage->digital) {
        return MHO_ERR_NOMEM;
    }
    stage->digital->op = o->op;
    stage->digital->attr = o->attr;
    stage->digital->in_scale = mho_i_alloc(b->ctx, stage->shape.n_out, sizeof(float));
    stage->digital->out_scale = mho_i_alloc(b->ctx, stage->shape.n_out, sizeof(float));
    bool ok = stage->digital->in_scale && stage->digital->out_scale;
    return ok ? MHO_OK : MHO_ERR_NOMEM;
}

/* Does a neuron stand for it? */
static bool rectifies(const builder *b, mho_graph_op op, const mho_graph_attr *attr) {
    bool clip = op == MHO_OP_CLIP && attr->lo == 0 && attr->hi > 0;
    return (op == MHO_OP_RELU || clip) && !b->m->opt.exact_relu;
}

/* End a sum: its tensor, or the tensor of the activation after it, is stored from now on. */
static mho_status end_sum(builder *b, int tensor, mho_graph_op op, const mho_graph_attr *attr,
                          bool score, size_t *value) {
    mho_chip *chip = b->chip;
    mho_i_stage *stage = &chip->stage[chip->n_stage];
    mho_i_origin *o = &b->m->origin[chip->n_stage++];
    sum *s = &b->sum[tensor];
    *o = (mho_i_origin){.pre = tensor,
                        .op = op,
                        .attr = attr ? *attr : mho_graph_attr_default(),
                        .n_term = s->n_term,
                        .term = s->term,
                        .rms_error_rel = NAN,
                        .correlation = NAN,
                        .full_scale = NAN,
                        .clipped_frac = NAN};
    *s = (sum){0};
    *stage = (mho_i_stage){.op = MHO_I_COMPUTE};
    mho_status status = add_terms(b, stage, o, tensor);
    if (status < 0) {
        return status;
    }
    stage->end = score                    ? MHO_I_END_SCORE
                 : rectifies(b, op, attr) ? MHO_I_END_NEURON
                                          : MHO_I_END_DIGITAL;
    stage->out = *value = new_value(b, stage->shape.out_c, stage->shape.out_h, stage->shape.out_w);
    chip->value[stage->out].dac = stage->end == MHO_I_END_DIGITAL;
    say_name(b, o, tensor, o->name);
    say_work(b, stage, o);
    o->weights = mho_i_alloc(b->ctx, stage->n_layer, sizeof *o->weights);
    o->bias = mho_i_alloc(b->ctx, stage->shape.n_out, sizeof *o->bias);
    if (!o->weights || !o->bias) {
        return MHO_ERR_NOMEM;
    }
    return stage->end == MHO_I_END_DIGITAL ? make_digital(b, stage, o) : MHO_OK;
}

/* The value of a tensor; a sum that waits is ended in an ADC, which is the only way to keep a
 * number that may be negative. */
static mho_status stored(builder *b, int tensor, size_t *value) {
    if (b->value[tensor] == SIZE_MAX && b->sum[tensor].term) {
        mho_status status = end_sum(b, tensor, MHO_OP_IDENTITY, NULL, false, &b->value[tensor]);
        if (status < 0) {
            return status;
        }
    }
    *value = b->value[tensor];
    if (*value == SIZE_MAX) {
        return mho_i_fail(b->ctx, MHO_ERR_ARG,
                          "tensor %s is a constant where an activation is wanted",
                          tensor_of(b, tensor)->name);
    }
    return MHO_OK;
}

/* ---- nodes ---- */

static mho_status begin_sum(builder *b, int tensor, size_t n_term) {
    b->sum[tensor].term = mho_i_alloc(b->ctx, n_term, sizeof(mho_i_term));
    b->sum[tensor].n_term = b->sum[tensor].term ? n_term : 0;
    return b->sum[tensor].term ? MHO_OK : MHO_ERR_NOMEM;
}

static mho_status map_matrix(builder *b, size_t k, const mho_graph_node *node) {
    mho_graph_matrix matrix;
    if (!mho_graph_matrix_of(b->g, k, &matrix)) {
        return refuse(b, node,
                      "its weights are not constants; a product of two activations cannot "
                      "stand on arrays");
    }
    size_t value;
    mho_status status = stored(b, node->input[0], &value);
    if (status == MHO_OK) {
        status = begin_sum(b, node->output, 1);
    }
    if (status == MHO_OK) {
        b->sum[node->output].term[0] = (mho_i_term){.node = (int)k, .value = value, .sign = 1};
    }
    return status;
}

/* Terms that input j of a sum stands for: its own if it is a sum that nobody else reads. */
static mho_status terms_of(builder *b, int tensor, sum *s, mho_i_term *single) {
    if (b->sum[tensor].term && mho_graph_n_reader(b->g, tensor) == 1) {
        *s = b->sum[tensor];
        return MHO_OK;
    }
    size_t value;
    mho_status status = stored(b, tensor, &value);
    *single = (mho_i_term){.node = -1, .value = value, .sign = 1};
    *s = (sum){1, single};
    return status;
}

static mho_status map_add(builder *b, const mho_graph_node *node, float sign) {
    sum part[2];
    mho_i_term single[2];
    for (int j = 0; j < 2; j++) {
        mho_status status = terms_of(b, node->input[j], &part[j], &single[j]);
        if (status < 0) {
            return status;
        }
    }
    mho_status status = begin_sum(b, node->output, part[0].n_term + part[1].n_term);
    if (status < 0) {
        return status;
    }
    mho_i_term *to = b->sum[node->output].term;
    for (int arrays = 1; arrays >= 0; arrays--) { /* arrays first */
        for (int j = 0; j < 2; j++) {
            for (size_t k = 0; k < part[j].n_term; k++) {
                if ((part[j].term[k].node >= 0) == arrays) {
                    *to = part[j].term[k];
                    to->sign *= j ? sign : 1;
                    to++;
                }
            }
        }
    }
    for (int j = 0; j < 2; j++) {
        if (part[j].term != &single[j]) {
            mho_i_free(b->ctx, b->sum[node->input[j]].term);
            b->sum[node->input[j]] = (sum){0};
        }
    }
    return MHO_OK;
}

/* A constant that is one number, or one for each of n channels. */
static bool per_channel(const mho_graph_tensor *t, size_t n, const mho_graph_tensor *like) {
    if (t->size == 1) {
        return true;
    }
    /* the channel is dimension 1 of the other; aligned at the end */
    size_t behind = like->n_dim >= 2 ? like->n_dim - 2 : 0;
    return t->size == n && t->n_dim >= behind + 1 && t->shape[t->n_dim - 1 - behind] == n;
}

/* A sum of one skip with a gain and a bias for each of n channels, or of one for all. */
static mho_status affine_term(builder *b, int tensor, size_t value, size_t n, mho_i_term **term) {
    mho_status status = begin_sum(b, tensor, 1);
    if (status < 0) {
        return status;
    }
    *term = b->sum[tensor].term;
    **term = (mho_i_term){.node = -1, .value = value, .sign = 1, .n_const = n};
    (*term)->gain = mho_i_alloc(b->ctx, n, sizeof(float));
    (*term)->bias = mho_i_alloc(b->ctx, n, sizeof(float));
    return (*term)->gain && (*term)->bias ? MHO_OK : MHO_ERR_NOMEM;
}

/* Sum or product with a constant: resistors of their own, and a bias. */
static mho_status map_constant(builder *b, const mho_graph_node *node, int x, int constant) {
    const mho_graph_tensor *t = tensor_of(b, constant), *like = tensor_of(b, x);
    size_t value;
    mho_status status = stored(b, x, &value);
    if (status < 0) {
        return status;
    }
    const mho_i_value *v = &b->chip->value[value];
    bool product = node->op == MHO_OP_MUL;
    bool back = node->op == MHO_OP_SUB && constant == node->input[0];
    if (node->op == MHO_OP_DIV || !per_channel(t, v->c, like)) {
        return refuse(b, node, "the constant must be one number, or one for each channel");
    }
    mho_i_term *term;
    status = affine_term(b, node->output, value, t->size, &term);
    for (size_t c = 0; status == MHO_OK && c < t->size; c++) {
        float x_c = t->data[c];
        term->gain[c] = product ? x_c : back ? -1 : 1; /* c - x: the activation is taken off */
        term->bias[c] = product ? 0 : node->op == MHO_OP_SUB && !back ? -x_c : x_c;
    }
    return status;
}

/* (x - mean)/sqrt(variance + epsilon) * scale + bias of something that is not a layer. */
static mho_status map_batchnorm(builder *b, const mho_graph_node *node) {
    const float *p[4];
    size_t value, n = 0;
    for (int j = 0; j < 4; j++) {
        const mho_graph_tensor *t = tensor_of(b, node->input[j + 1]);
        p[j] = t->data;
        n = t->size;
        if (!t->data) {
            return refuse(b, node, "its parameters are not constants");
        }
    }
    mho_status status = stored(b, node->input[0], &value);
    if (status == MHO_OK && n != b->chip->value[value].c) {
        return refuse(b, node, "it normalises other channels than what it reads has");
    }
    mho_i_term *term;
    if (status == MHO_OK) {
        status = affine_term(b, node->output, value, n, &term);
    }
    for (size_t c = 0; status == MHO_OK && c < n; c++) {
        term->gain[c] = p[0][c] / sqrtf(p[3][c] + node->attr.epsilon);
        term->bias[c] = p[1][c] - p[2][c] * term->gain[c];
    }
    return status;
}

static mho_status map_arithmetic(builder *b, const mho_graph_node *node) {
    if (node->op == MHO_OP_BATCHNORM) {
        return map_batchnorm(b, node);
    }
    bool constant[2];
    for (int j = 0; j < 2; j++) {
        constant[j] = tensor_of(b, node->input[j])->data;
    }
    if (constant[0] || constant[1]) {
        return map_constant(b, node, node->input[constant[0]], node->input[constant[0] ? 0 : 1]);
    }
    if (node->op == MHO_OP_ADD || node->op == MHO_OP_SUB) {
        return map_add(b, node, node->op == MHO_OP_ADD ? 1 : -1);
    }
    return refuse(b, node, "a product of two activations; neither arrays nor neurons do it");
}

static mho_status map_activation(builder *b, const mho_graph_node *node) {
    int x = node->input[0];
    if (!mho_i_digital_knows(node->op)) {
        return refuse(b, node, "this activation has no hardware");
    }
    if (b->sum[x].term && mho_graph_n_reader(b->g, x) > 1) {
        size_t ignore; /* others want it as it is */
        mho_status status = stored(b, x, &ignore);
        if (status < 0) {
            return status;
        }
    }
    if (!b->sum[x].term) {
        size_t value;
        mho_status status = stored(b, x, &value);
        if (status == MHO_OK) {
            status = begin_sum(b, x, 1);
        }
        if (status < 0) {
            return status;
        }
        b->sum[x].term[0] = (mho_i_term){.node = -1, .value = value, .sign = 1};
    }
    return end_sum(b, x, node->op, &node->attr, false, &b->value[node->output]);
}

/* The largest of a window commutes with the rectifier: Conv, MaxPool, Relu becomes Conv, Relu,
 * MaxPool. The only reader of the pool, if that is a rectifier; else -1. */
static int rectifier_after(const builder *b, const mho_graph_node *pool) {
    if (mho_graph_n_reader(b->g, pool->output) != 1 ||
        mho_graph_n_reader(b->g, pool->input[0]) != 1) {
        return -1;
    }
    for (size_t k = 0; k < mho_graph_n_node(b->g); k++) {
        const mho_graph_node *node = mho_graph_node_at(b->g, k);
        if (node->op == MHO_OP_RELU && node->input[0] == pool->output) {
            return (int)k;
        }
    }
    return -1;
}

static mho_status map_pool(builder *b, const mho_graph_node *node) {
    bool largest = node->op == MHO_OP_MAX_POOL || node->op == MHO_OP_GLOBAL_MAX_POOL;
    bool global = node->op == MHO_OP_GLOBAL_AVERAGE_POOL || node->op == MHO_OP_GLOBAL_MAX_POOL;
    size_t in[3], out[3], value;
    int x = node->input[0];
    if (node->op == MHO_OP_REDUCE_MEAN) {
        return refuse(b, node, "a mean over other dimensions than rows and columns");
    }
    if (!geometry(tensor_of(b, x), in) || !geometry(tensor_of(b, node->output), out)) {
        return refuse(b, node, "its batch is not 1: export the network with a batch of 1");
    }
    int relu = largest && b->sum[x].term ? rectifier_after(b, node) : -1;
    mho_status status = relu >= 0 ? end_sum(b, x, MHO_OP_RELU, NULL, false, &b->value[x]) : MHO_OK;
    if (status == MHO_OK) {
        status = stored(b, x, &value);
    }
    if (status < 0) {
        return status;
    }
    mho_chip *chip = b->chip;
    mho_i_stage *stage = &chip->stage[chip->n_stage];
    mho_i_origin *o = &b->m->origin[chip->n_stage++];
    *stage = (mho_i_stage){.op = largest ? MHO_I_MAX : MHO_I_AVERAGE,
                           .shape = conv_shape(node, in, out),
                           .count_pad = node->attr.count_include_pad};
    if (global) {
        stage->shape = place_shape(in[0], out);
        stage->shape.in_h = stage->shape.k_h = in[1];
        stage->shape.in_w = stage->shape.k_w = in[2];
    }
    stage->source = mho_i_alloc(b->ctx, 1, sizeof *stage->source);
    if (!stage->source) {
        return MHO_ERR_NOMEM;
    }
    stage->n_source = 1;
    stage->source[0] = value;
    read_as(b, value, in[1], in[2]);
    stage->out = b->value[node->output] = new_value(b, out[0], out[1], out[2]);
    chip->value[stage->out].dac = chip->value[value].dac;
    if (relu >= 0) {
        b->value[mho_graph_node_at(b->g, (size_t)relu)->output] = stage->out;
    }
    *o = (mho_i_origin){.pre = -1};
    snprintf(o->name, sizeof o->name, "%.40s", node->name);
    snprintf(o->work, sizeof o->work, "%s %zux%zu", largest ? "largest of" : "average",
             stage->shape.k_h, stage->shape.k_w);
    return MHO_OK;
}

/* Which numbers a node of wires takes: it is run on the numbers of its elements, from 1. */
static mho_status trace_wires(builder *b, size_t k, const mho_graph_node *node,
                              mho_i_stage *stage) {
    size_t n_out = tensor_of(b, node->output)->size, n = 0;
    float *out = mho_i_alloc(b->ctx, n_out, sizeof *out);
    float **in = mho_i_alloc(b->ctx, node->n_input, sizeof *in);
    stage->from = mho_i_alloc(b->ctx, n_out, sizeof *stage->from);
    mho_status status = out && in && stage->from ? MHO_OK : MHO_ERR_NOMEM;
    for (size_t j = 0; status == MHO_OK && j < node->n_input; j++) {
        if (node->input[j] < 0 || tensor_of(b, node->input[j])->data) {
            continue;
        }
        size_t size = tensor_of(b, node->input[j])->size;
        in[j] = mho_i_alloc(b->ctx, size, sizeof **in);
        status = in[j] ? MHO_OK : MHO_ERR_NOMEM;
        for (size_t e = 0; in[j] && e < size; e++) {
            in[j][e] = (float)(++n);
        }
    }
    if (status == MHO_OK && n >= (size_t)1 << 24) {
        status = refuse(b, node, "more than 16 million numbers");
    }
    if (status == MHO_OK) {
        status = mho_graph_run_node(b->ctx, b->g, k, (const float *const *)in, out);
    }
    for (size_t e = 0; status == MHO_OK && e < n_out; e++) {
        stage->from[e] = (int32_t)lrintf(out[e]) - 1;
    }
    for (size_t j = 0; in && j < node->n_input; j++) {
        mho_i_free(b->ctx, in[j]);
    }
    mho_i_free(b->ctx, in);
    mho_i_free(b->ctx, out);
    return status;
}

static mho_status map_wires(builder *b, size_t k, const mho_graph_node *node) {
    mho_chip *chip = b->chip;
    size_t out[3], value[64], n = 0;
    if (!geometry(tensor_of(b, node->output), out)) {
        return refuse(b, node, "its batch is not 1: export the network with a batch of 1");
    }
    if (node->op == MHO_OP_PAD && node->attr.pad_mode == MHO_PAD_CONSTANT &&
        node->attr.pad_value != 0) {
        return refuse(b, node, "padding with another number than 0");
    }
    bool dac = true;
    for (size_t j = 0; j < node->n_input; j++) {
        if (node->input[j] < 0 || (node->op != MHO_OP_CONCAT && j > 0)) {
            continue;
        }
        if (tensor_of(b, node->input[j])->data || n == 64) {
            return refuse(b, node, "it joins constants, or more than 64 activations");
        }
        mho_status status = stored(b, node->input[j], &value[n]);
        if (status < 0) {
            return status;
        }
        dac = dac && chip->value[value[n]].dac;
        n++;
    }
    mho_i_stage *stage = &chip->stage[chip->n_stage];
    mho_i_origin *o = &b->m->origin[chip->n_stage++];
    *stage = (mho_i_stage){.op = MHO_I_WIRE, .shape = place_shape(out[0], out)};
    *o = (mho_i_origin){.pre = -1};
    snprintf(o->name, sizeof o->name, "%.40s", node->name);
    snprintf(o->work, sizeof o->work, "%s", mho_graph_op_get(node->op).name);
    stage->source = mho_i_alloc(b->ctx, n, sizeof *stage->source);
    if (!stage->source) {
        return MHO_ERR_NOMEM;
    }
    stage->n_source = n;
    memcpy(stage->source, value, n * sizeof *value);
    stage->out = b->value[node->output] = new_value(b, out[0], out[1], out[2]);
    chip->value[stage->out].dac = dac;
    return trace_wires(b, k, node, stage);
}

/* The same numbers under another shape. */
static void alias(builder *b, int from, int to) {
    if (b->value[from] != SIZE_MAX) {
        b->value[to] = b->value[from];
    } else if (mho_graph_n_reader(b->g, from) == 1) {
        b->sum[to] = b->sum[from];
        b->sum[from] = (sum){0};
    }
}

static mho_status map_shape(builder *b, size_t k, const mho_graph_node *node) {
    size_t ignore;
    switch (node->op) {
    case MHO_OP_FLATTEN:
    case MHO_OP_RESHAPE:
    case MHO_OP_SQUEEZE:
    case MHO_OP_UNSQUEEZE:
    case MHO_OP_IDENTITY:
    case MHO_OP_DROPOUT:
        if (mho_graph_n_reader(b->g, node->input[0]) > 1) {
            mho_status status = stored(b, node->input[0], &ignore);
            if (status < 0) {
                return status;
            }
        }
        alias(b, node->input[0], node->output);
        return MHO_OK;
    default:
        return map_wires(b, k, node);
    }
}

/* Does nothing that a winner would notice: softmax whose result is the network's output. */
static bool is_last_softmax(const builder *b, const mho_graph_node *node) {
    return (node->op == MHO_OP_SOFTMAX || node->op == MHO_OP_LOG_SOFTMAX) &&
           node->output == mho_graph_output(b->g, 0);
}

static mho_status map_node(builder *b, size_t k) {
    const mho_graph_node *node = mho_graph_node_at(b->g, k);
    if (b->value[node->output] != SIZE_MAX) {
        return MHO_OK; /* a rectifier that was moved before its pool */
    }
    switch (mho_graph_op_get(node->op).role) {
    case MHO_ROLE_MATRIX:
        return map_matrix(b, k, node);
    case MHO_ROLE_ACTIVATION:
        return map_activation(b, node);
    case MHO_ROLE_POOL:
        return map_pool(b, node);
    case MHO_ROLE_SHAPE:
        return map_shape(b, k, node);
    case MHO_ROLE_QUANTISE:
        alias(b, node->input[0], node->output); /* the chip has quantisation of its own */
        return MHO_OK;
    default:
        if (is_last_softmax(b, node)) {
            alias(b, node->input[0], node->output);
            return MHO_OK;
        }
        if (node->op == MHO_OP_SOFTMAX || node->op == MHO_OP_LOG_SOFTMAX) {
            return refuse(b, node, "only at the end of a network it can be left to software");
        }
        return map_arithmetic(b, node);
    }
}

static mho_status map_output(builder *b) {
    int out = mho_graph_output(b->g, 0);
    mho_status status = MHO_OK;
    if (b->sum[out].term) {
        /* the tensor whose sum it is, before shapes and softmax were taken off */
        status = end_sum(b, out, MHO_OP_IDENTITY, NULL, true, &b->value[out]);
    }
    if (status == MHO_OK && b->value[out] == SIZE_MAX) {
        status = mho_i_fail(b->ctx, MHO_ERR_ARG, "output %s depends on no layer",
                            tensor_of(b, out)->name);
    }
    if (status == MHO_OK) {
        b->chip->output = b->value[out];
        b->m->uniform[b->chip->output] = true; /* a winner compares them */
    }
    return status;
}

/* Channels that a wire mixes need one full scale; so does what it reads, and what that is made of.
 */
static void settle_ties(builder *b) {
    mho_chip *chip = b->chip;
    for (size_t k = chip->n_stage; k-- > 0;) {
        const mho_i_stage *stage = &chip->stage[k];
        if (stage->op == MHO_I_COMPUTE) {
            continue;
        }
        const mho_i_value *out = &chip->value[stage->out];
        bool mixed = b->m->uniform[stage->out] && stage->op == MHO_I_WIRE;
        size_t map = out->h * out->w;
        for (size_t c = 0; stage->op == MHO_I_WIRE && c < out->c && !mixed; c++) {
            int64_t first = -1;
            for (size_t e = c * map; e < (c + 1) * map && !mixed; e++) {
                size_t at = (size_t)stage->from[e], j = 0, base = 0;
                if (stage->from[e] < 0) {
                    continue;
                }
                const mho_i_value *in = &chip->value[stage->source[0]];
                while (at >= in->c * in->h * in->w) {
                    at -= in->c * in->h * in->w;
                    base += in->c;
                    in = &chip->value[stage->source[++j]];
                }
                int64_t channel = (int64_t)(base + at / (in->h * in->w));
                mixed = first >= 0 && channel != first;
                first = channel;
            }
        }
        bool whole = mixed || b->m->uniform[stage->out];
        for (size_t j = 0; whole && j < stage->n_source; j++) {
            tie(b->m, stage->source[j], stage->out);
        }
    }
}

static mho_status walk(builder *b) {
    size_t in[3];
    int input = mho_graph_input(b->g, 0);
    if (!geometry(tensor_of(b, input), in)) {
        return mho_i_fail(b->ctx, MHO_ERR_ARG,
                          "the network takes %zu samples at a time: export it with a batch of 1",
                          tensor_of(b, input)->shape[0]);
    }
    b->value[input] = new_value(b, in[0], in[1], in[2]);
    b->chip->value[0].dac = true;
    b->m->uniform[0] = true;
    mho_status status = MHO_OK;
    for (size_t k = 0; status == MHO_OK && k < mho_graph_n_node(b->g); k++) {
        status = map_node(b, k);
    }
    if (status == MHO_OK) {
        status = map_output(b);
    }
    if (status == MHO_OK) {
        settle_ties(b);
    }
    return status;
}

static void free_terms(mho_ctx *ctx, size_t n, mho_i_term *term) {
    for (size_t k = 0; term && k < n; k++) {
        mho_i_free(ctx, term[k].gain);
        mho_i_free(ctx, term[k].bias);
    }
    mho_i_free(ctx, term);
}

static mho_status build(mho_chip *chip, mho_i_mapping *m) {
    mho_ctx *ctx = chip->ctx;
    size_t n = mho_graph_n_tensor(m->graph);
    builder b = {.ctx = ctx, .chip = chip, .m = m, .g = m->graph};
    b.value = mho_i_alloc(ctx, n, sizeof *b.value);
    b.sum = mho_i_alloc(ctx, n, sizeof *b.sum);
    mho_status status = b.value && b.sum ? MHO_OK : MHO_ERR_NOMEM;
    for (size_t t = 0; b.value && t < n; t++) {
        b.value[t] = SIZE_MAX;
    }
    chip->n_stage = chip->n_value = 0;
    if (status == MHO_OK) {
        status = walk(&b);
    }
    for (size_t t = 0; b.sum && t < n; t++) {
        free_terms(ctx, b.sum[t].n_term, b.sum[t].term);
    }
    mho_i_free(ctx, b.sum);
    mho_i_free(ctx, b.value);
    return status;
}

/* ---- arrays and neurons ---- */

/* Tables of neurons that a chip may hold; above it columns share neurons. */
static const size_t MAX_TABLE_BYTE = (size_t)256 << 20;

static void choose_share(mho_chip *chip) {
    size_t n = 0;
    for (size_t k = 0; k < chip->n_stage; k++) {
        const mho_i_stage *stage = &chip->stage[k];
        bool neurons = stage->op == MHO_I_COMPUTE && stage->end == MHO_I_END_NEURON;
        n += neurons ? stage->shape.n_out * stage->shape.n_pos : 0;
    }
    if (chip->spec.share == MHO_SHARE_PER_OUTPUT &&
        n > MAX_TABLE_BYTE / (2 * MHO_I_NODES * sizeof(float))) {
        chip->spec.share = MHO_SHARE_PER_COLUMN;
        chip->mapping->share_changed = true;
    }
}

/* Bias rows at most; a larger bias makes the weights' scale grow. */
enum { MAX_BIAS_ROW = 16 };

/* What the largest weight stands for, output by output, the same for all arrays that meet at an
 * amplifier; and the bias rows. */
static size_t stage_scale(const mho_chip *chip, const mho_i_stage *stage, const mho_i_origin *o,
                          double *scale) {
    double all = 0, rows = 1;
    for (size_t out = 0; out < stage->shape.n_out; out++) {
        scale[out] = fabs((double)o->bias[out]) / MAX_BIAS_ROW;
        for (size_t l = 0; l < stage->n_layer; l++) {
            size_t n_in = stage->layer[l].shape.n_in;
            for (size_t k = 0; k < n_in; k++) {
                scale[out] = fmax(scale[out], fabs((double)o->weights[l][out * n_in + k]));
            }
        }
        all = fmax(all, scale[out]);
    }
    for (size_t out = 0; out < stage->shape.n_out; out++) {
        bool column = chip->spec.weight_scale != MHO_SCALE_LAYER && scale[out] > 1e-3 * all;
        scale[out] = column ? scale[out] : all > 0 ? all : 1;
        rows = fmax(rows, fabs((double)o->bias[out]) / scale[out]);
    }
    return (size_t)ceil(rows * (1 - 1e-9));
}

static mho_status map_stage(mho_chip *chip, mho_i_stage *stage, const mho_i_origin *o) {
    mho_ctx *ctx = chip->ctx;
    size_t n_out = stage->shape.n_out;
    double *scale = mho_i_alloc(ctx, n_out, sizeof *scale);
    float *none = mho_i_alloc(ctx, n_out, sizeof *none);
    mho_status status = scale && none ? MHO_OK : MHO_ERR_NOMEM;
    size_t n_bias = status == MHO_OK ? stage_scale(chip, stage, o, scale) : 0;
    for (size_t l = 0; status == MHO_OK && l < stage->n_layer; l++) {
        mho_i_layer *layer = &stage->layer[l];
        layer->n_bias = l == 0 ? n_bias : 0;
        layer->n_wire = layer->shape.n_in + layer->n_bias;
        mho_i_free(ctx, layer->weight); /* of the calibration */
        mho_i_free(ctx, layer->noise2);
        layer->weight = layer->noise2 = NULL;
        status = mho_i_chip_map_layer(chip, layer, o->weights[l], l == 0 ? o->bias : none, scale);
    }
    const mho_synapse_param *s = &chip->spec.synapse;
    for (size_t k = 0; status == MHO_OK && k < stage->n_skip; k++) {
        for (size_t out = 0; out < n_out; out++) {
            double unit = stage->n_layer ? scale[out] : 1;
            stage->skip[k].g_S[out] =
                (float)(fabs((double)stage->skip[k].gain[out]) * (s->g_max_S - s->g_min_S) / unit);
        }
    }
    if (status == MHO_OK && !stage->n_layer) {
        if (!stage->bias) { /* it is there from the calibration */
            stage->bias = mho_i_alloc(ctx, n_out, sizeof *stage->bias);
        }
        status = stage->bias ? MHO_OK : MHO_ERR_NOMEM;
        if (stage->bias) {
            memcpy(stage->bias, o->bias, n_out * sizeof *stage->bias);
        }
    }
    if (status == MHO_OK && stage->end == MHO_I_END_NEURON) {
        status = mho_i_chip_add_neurons(chip, stage);
    }
    mho_i_free(ctx, scale);
    mho_i_free(ctx, none);
    return status;
}

static mho_status map_stages(mho_chip *chip) {
    mho_ctx *ctx = chip->ctx;
    mho_i_mapping *m = chip->mapping;
    choose_share(chip);
    for (size_t k = 0; k < chip->n_stage; k++) {
        if (chip->stage[k].op != MHO_I_COMPUTE) {
            continue;
        }
        mho_status status =
            mho_i_progress(ctx, "designing arrays", (double)k / (double)chip->n_stage);
        if (status == MHO_OK) {
            status = map_stage(chip, &chip->stage[k], &m->origin[k]);
        }
        if (status < 0) {
            return mho_i_prefix(ctx, status, "%s: ", m->origin[k].name);
        }
    }
    return MHO_OK;
}

static mho_status check_arguments(mho_ctx *ctx, const mho_graph *g, const mho_samples *sample,
                                  const mho_map_opt *opt) {
    if (mho_graph_n_input(g) != 1 || mho_graph_n_output(g) != 1) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "the network has %zu inputs and %zu outputs: a chip takes one of each",
                          mho_graph_n_input(g), mho_graph_n_output(g));
    }
    if (!(opt->percentile > 0.5 && opt->percentile <= 1)) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "percentile = %g: allowed are above 50 %% to 100 %%",
                          opt->percentile);
    }
    const mho_graph_tensor *t = mho_graph_tensor_at(g, mho_graph_input(g, 0));
    if (sample && t->size != mho_samples_size(sample)) {
        return mho_i_fail(ctx, MHO_ERR_DIM,
                          "samples of %zu x %zu x %zu: the network takes %zu numbers",
                          mho_samples_shape(sample, 0), mho_samples_shape(sample, 1),
                          mho_samples_shape(sample, 2), t->size);
    }
    return MHO_OK;
}

void mho_i_mapping_free(mho_chip *chip) {
    mho_i_mapping *m = chip->mapping;
    mho_ctx *ctx = chip->ctx;
    if (!m) {
        return;
    }
    for (size_t k = 0; m->origin && k < chip->n_stage; k++) {
        mho_i_origin *o = &m->origin[k];
        for (size_t l = 0; o->weights && l < chip->stage[k].n_layer; l++) {
            mho_i_free(ctx, o->weights[l]);
        }
        mho_i_free(ctx, o->weights);
        mho_i_free(ctx, o->bias);
        free_terms(ctx, o->n_term, o->term);
    }
    mho_graph_free(m->graph);
    mho_i_free(ctx, m->origin);
    mho_i_free(ctx, m->uniform);
    mho_i_free(ctx, m->tie);
    mho_i_free(ctx, m);
}

/* A sum ends at most once as itself and once in an activation. */
static mho_status begin(mho_ctx *ctx, const mho_chip_spec *spec, const mho_graph *graph,
                        const mho_map_opt *opt, mho_chip **out) {
    mho_graph *folded;
    mho_status status = mho_graph_fold(ctx, graph, &folded);
    if (status < 0) {
        return status;
    }
    size_t n = mho_graph_n_node(folded), n_stage = 2 * n + 1;
    status = mho_i_chip_begin(ctx, spec, n_stage, n, n_stage + 1, out);
    if (status < 0) {
        mho_graph_free(folded);
        return status;
    }
    mho_chip *chip = *out;
    mho_i_mapping *m = chip->mapping = mho_i_alloc(ctx, 1, sizeof *m);
    if (!m) {
        mho_graph_free(folded);
        return MHO_ERR_NOMEM;
    }
    m->graph = folded;
    m->opt = *opt;
    m->origin = mho_i_alloc(ctx, n_stage, sizeof *m->origin);
    m->uniform = mho_i_alloc(ctx, n_stage + 1, sizeof *m->uniform);
    m->tie = mho_i_alloc(ctx, n_stage + 1, sizeof *m->tie);
    return m->origin && m->uniform && m->tie ? MHO_OK : MHO_ERR_NOMEM;
}

mho_status mho_chip_new_graph(mho_ctx *ctx, const mho_chip_spec *spec, const mho_graph *graph,
                              const mho_samples *sample, const mho_map_opt *opt, mho_chip **out) {
    static const mho_map_opt standard = MHO_MAP_OPT_INIT;
    *out = NULL;
    opt = opt ? opt : &standard;
    mho_status status = check_arguments(ctx, graph, sample, opt);
    if (status < 0) {
        return status;
    }
    mho_chip *chip = NULL;
    status = begin(ctx, spec, graph, opt, &chip);
    if (status == MHO_OK) {
        status = build(chip, chip->mapping);
    }
    if (status == MHO_OK) {
        status = mho_i_chip_plan(chip);
    }
    if (status == MHO_OK) {
        status = mho_i_mapping_calibrate(chip, sample);
    }
    if (status == MHO_OK) {
        status = map_stages(chip);
    }
    if (status < 0) {
        mho_chip_free(chip);
        return status;
    }
    *out = chip;
    return MHO_OK;
}
