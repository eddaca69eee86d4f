/* build_sum.c - sums and how they end: shapes, terms, neurons or ADC. */
#include "build_int.h"

#include <math.h>
#include <string.h>

mho_status mho_i_build_refuse(const mho_i_builder *b, const mho_graph_node *node, const char *why) {
    return mho_i_fail(b->ctx, MHO_ERR_ARG, "node %s (%s): %s", node->name,
                      mho_graph_op_get(node->op).name, why);
}

/* [1][c][h][w], [1][c][w], [1][f] or a list of numbers as channels, rows and columns. */
bool mho_i_build_geometry(const mho_graph_tensor *t, size_t out[3]) {
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

const mho_graph_tensor *mho_i_build_tensor_of(const mho_i_builder *b, int tensor) {
    return mho_graph_tensor_at(b->g, tensor);
}

size_t mho_i_build_new_value(mho_i_builder *b, size_t c, size_t h, size_t w) {
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

void mho_i_build_tie(mho_i_mapping *m, size_t a, size_t b) {
    m->tie[mho_i_mapping_class(m, a)] = mho_i_mapping_class(m, b);
    m->uniform[a] = m->uniform[b] = true;
}

/* A reader that sees the value in other channels than it has needs one full scale for all. */
void mho_i_build_read_as(mho_i_builder *b, size_t value, size_t h, size_t w) {
    const mho_i_value *v = &b->chip->value[value];
    if (v->h * v->w != h * w) {
        b->m->uniform[value] = true;
    }
}

/* ---- shapes ---- */

mho_i_shape mho_i_build_conv_shape(const mho_graph_node *node, const size_t in[3],
                                   const size_t out[3]) {
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
mho_i_shape mho_i_build_place_shape(size_t in_c, const size_t out[3]) {
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

static mho_status layer_shape(const mho_i_builder *b, const mho_i_term *term, mho_i_shape *out) {
    const mho_graph_node *node = mho_graph_node_at(b->g, (size_t)term->node);
    const mho_graph_tensor *x = mho_i_build_tensor_of(b, node->input[0]),
                           *y = mho_i_build_tensor_of(b, node->output);
    size_t in[3], to[3];
    if (!mho_i_build_geometry(x, in) || !mho_i_build_geometry(y, to)) {
        return mho_i_build_refuse(b, node,
                                  "its batch is not 1: export the network with a batch of 1");
    }
    if (node->op == MHO_OP_CONV) {
        *out = mho_i_build_conv_shape(node, in, to);
        return MHO_OK;
    }
    *out = mho_i_build_place_shape(x->size, to);
    out->in_h = out->in_w = 1;
    return MHO_OK;
}

/* ---- compute stages ---- */

static void say_work(const mho_i_builder *b, const mho_i_stage *stage, mho_i_origin *o) {
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

static void say_name(const mho_i_builder *b, const mho_i_origin *o, int tensor, char name[64]) {
    int node = -1;
    size_t others = 0;
    for (size_t k = 0; k < o->n_term; k++) {
        if (o->term[k].node >= 0) {
            others += node >= 0;
            node = node < 0 ? o->term[k].node : node;
        }
    }
    node = node < 0 ? mho_i_build_tensor_of(b, tensor)->producer : node;
    const char *text = node < 0 ? "input" : mho_graph_node_at(b->g, (size_t)node)->name;
    size_t n = strlen(text); /* the end of a long path says more */
    const char *from = n > 40 ? text + n - 40 : text;
    if (others) {
        snprintf(name, 64, "%s +%zu", from, others);
    } else {
        snprintf(name, 64, "%s", from);
    }
}

static mho_status add_layer(mho_i_builder *b, mho_i_stage *stage, const mho_i_term *term) {
    mho_i_layer *layer = &b->chip->layer[b->chip->n_layer];
    mho_i_shape shape;
    mho_status status = layer_shape(b, term, &shape);
    if (status < 0) {
        return status;
    }
    stage->layer = stage->n_layer ? stage->layer : layer;
    stage->n_layer++;
    b->chip->n_layer++;
    *layer = (mho_i_layer){.shape = shape,
                           .value = term->value,
                           .n_row = shape.n_in + 1,
                           .n_copy = 1,
                           .n_wire = shape.n_in + 1,
                           .n_tile_row = 1};
    if (shape.in_h * shape.in_w > 1) {
        mho_i_build_read_as(b, term->value, shape.in_h, shape.in_w);
    }
    return MHO_OK;
}

static mho_status same_output(const mho_i_builder *b, const mho_i_stage *stage,
                              const mho_i_shape *s, int tensor) {
    if (s->out_c != stage->shape.out_c || s->out_h != stage->shape.out_h ||
        s->out_w != stage->shape.out_w) {
        const mho_graph_node *node =
            mho_graph_node_at(b->g, (size_t)mho_i_build_tensor_of(b, tensor)->producer);
        return mho_i_build_refuse(
            b, node,
            "its summands have different shapes; that takes no part in a sum of "
            "currents");
    }
    return MHO_OK;
}

/* Layers first, then skips: in this order they are added up. */
static mho_status add_terms(mho_i_builder *b, mho_i_stage *stage, mho_i_origin *o, int tensor) {
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
        mho_i_shape shape = mho_i_build_place_shape(v->c, (size_t[]){v->c, v->h, v->w});
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

static mho_status make_digital(mho_i_builder *b, mho_i_stage *stage, const mho_i_origin *o) {
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
static bool rectifies(const mho_i_builder *b, mho_graph_op op, const mho_graph_attr *attr) {
    bool clip = op == MHO_OP_CLIP && attr->lo == 0 && attr->hi > 0;
    return (op == MHO_OP_RELU || clip) && !b->m->opt.exact_relu;
}

/* End a sum: its tensor, or the tensor of the activation after it, is stored from now on. */
mho_status mho_i_build_end_sum(mho_i_builder *b, int tensor, mho_graph_op op,
                               const mho_graph_attr *attr, bool score, size_t *value) {
    mho_chip *chip = b->chip;
    mho_i_stage *stage = &chip->stage[chip->n_stage];
    mho_i_origin *o = &b->m->origin[chip->n_stage++];
    mho_i_sum *s = &b->sum[tensor];
    *o = (mho_i_origin){.pre = tensor,
                        .op = op,
                        .attr = attr ? *attr : mho_graph_attr_default(),
                        .n_term = s->n_term,
                        .term = s->term,
                        .rms_error_rel = NAN,
                        .correlation = NAN,
                        .full_scale = NAN,
                        .clipped_frac = NAN};
    *s = (mho_i_sum){0};
    *stage = (mho_i_stage){.op = MHO_I_COMPUTE};
    mho_status status = add_terms(b, stage, o, tensor);
    const mho_i_shape *l = &stage->shape;
    if (status == MHO_OK &&
        l->out_c * l->out_h * l->out_w != mho_i_build_tensor_of(b, tensor)->size) {
        int node = mho_i_build_tensor_of(b, tensor)->producer;
        status =
            mho_i_build_refuse(b, mho_graph_node_at(b->g, (size_t)node),
                               "its summands are spread over new dimensions (broadcast); a sum "
                               "of currents has as many numbers as each of them");
    }
    if (status < 0) {
        return status;
    }
    stage->end = score                    ? MHO_I_END_SCORE
                 : rectifies(b, op, attr) ? MHO_I_END_NEURON
                                          : MHO_I_END_DIGITAL;
    stage->out = *value =
        mho_i_build_new_value(b, stage->shape.out_c, stage->shape.out_h, stage->shape.out_w);
    chip->value[stage->out].dac = mho_i_chip_is_digital(chip, stage);
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
mho_status mho_i_build_stored(mho_i_builder *b, int tensor, size_t *value) {
    if (b->value[tensor] == SIZE_MAX && b->sum[tensor].term) {
        mho_status status =
            mho_i_build_end_sum(b, tensor, MHO_OP_IDENTITY, NULL, false, &b->value[tensor]);
        if (status < 0) {
            return status;
        }
    }
    *value = b->value[tensor];
    if (*value == SIZE_MAX) {
        return mho_i_fail(b->ctx, MHO_ERR_ARG,
                          "tensor %s is a constant where an activation is wanted",
                          mho_i_build_tensor_of(b, tensor)->name);
    }
    return MHO_OK;
}
