/* onnx_load.c - a whole ONNX file: versions, initialisers, inputs, nodes in order, outputs. */
#define _GNU_SOURCE
#include "onnx_int.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const size_t max_file_byte = (size_t)2 << 30; /* of one protobuf message */
static const size_t default_max_byte = (size_t)4 << 30;

/* ---- what the file says of itself ---- */

static mho_status check_model(mho_i_onnx *o) {
    const MhoOnnx__Model *m = o->model;
    o->opset = -1;
    for (size_t k = 0; k < m->n_opset_import; k++) {
        const char *domain = m->opset_import[k]->domain;
        if (!domain || !*domain || strcmp(domain, "ai.onnx") == 0) {
            o->opset = m->opset_import[k]->version;
        }
    }
    if (!m->graph) {
        return mho_i_fail(o->ctx, MHO_ERR_FORMAT, "%s: not an ONNX file: it has no graph",
                          o->where);
    }
    if (o->opset < 0) {
        return mho_i_fail(o->ctx, MHO_ERR_FORMAT, "%s: the version of the operators is missing",
                          o->where);
    }
    if (o->opset < MHO_I_ONNX_LEAST_OPSET || o->opset > MHO_I_ONNX_LATEST_OPSET) {
        return mho_i_fail(o->ctx, MHO_ERR_FORMAT,
                          "%s: operators of version %lld: %d to %d are read; convert the file with "
                          "onnx.version_converter, or export it with opset_version=17",
                          o->where, (long long)o->opset, MHO_I_ONNX_LEAST_OPSET,
                          MHO_I_ONNX_LATEST_OPSET);
    }
    if (m->graph->n_sparse_initializer) {
        return mho_i_fail(o->ctx, MHO_ERR_FORMAT, "%s: sparse weights are not supported", o->where);
    }
    return MHO_OK;
}

static mho_status define_tensor(mho_i_onnx *o, const char *name, const MhoOnnx__Tensor *t) {
    mho_i_onnx_value v = {.name = name, .type = t->data_type, .tensor = -1, .raw = t};
    mho_status status = mho_i_onnx_tensor_shape(o, t, &v.n_dim, v.shape, &v.size);
    return status < 0 ? status : mho_i_onnx_define(o, &v);
}

/* ---- inputs ---- */

static mho_status input_fail(mho_i_onnx *o, const MhoOnnx__ValueInfo *in, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static mho_status input_fail(mho_i_onnx *o, const MhoOnnx__ValueInfo *in, const char *fmt, ...) {
    char text[300], name[80];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return mho_i_fail(o->ctx, MHO_ERR_FORMAT, "%s: input \"%s\": %s", o->where,
                      mho_i_onnx_clean(in->name, name), text);
}

/* A batch that is left open is 1; other sides must be numbers. */
static mho_status input_shape(mho_i_onnx *o, const MhoOnnx__ValueInfo *in, const MhoOnnx__Shape *s,
                              size_t *n_dim, size_t *shape) {
    char name[80];
    if (!s || s->n_dim > MHO_GRAPH_MAX_DIM) {
        return input_fail(o, in, "its shape is %s",
                          s ? "of more than 8 dimensions" : "missing: give it with --input-shape");
    }
    *n_dim = s->n_dim;
    for (size_t d = 0; d < s->n_dim; d++) {
        const MhoOnnx__Dimension *dim = s->dim[d];
        if (dim->has_dim_value && (dim->dim_value < 1 || dim->dim_value > INT32_MAX)) {
            return input_fail(o, in, "dimension %zu is %lld: 1 to %d are allowed", d,
                              (long long)dim->dim_value, INT32_MAX);
        }
        if (!dim->has_dim_value && d > 0) {
            return input_fail(o, in,
                              "dimension %zu is left open (%s): give the shape with --input-shape",
                              d, dim->dim_param ? mho_i_onnx_clean(dim->dim_param, name) : "?");
        }
        shape[d] = dim->has_dim_value ? (size_t)dim->dim_value : 1;
    }
    return MHO_OK;
}

static mho_status add_input(mho_i_onnx *o, const MhoOnnx__ValueInfo *in) {
    const MhoOnnx__TensorType *type = in->type ? in->type->tensor_type : NULL;
    mho_i_onnx_value v = {.name = in->name, .tensor = -1};
    if (!type) {
        return input_fail(o, in, "it is not a tensor");
    }
    v.type = type->elem_type;
    if (!mho_i_onnx_is_float(v.type)) {
        return input_fail(o, in, "it is of %s: an input is of floating point",
                          mho_i_onnx_type_name(v.type));
    }
    mho_status status = MHO_OK;
    if (o->g->n_input == 0 && o->opt.n_input_dim) {
        v.n_dim = o->opt.n_input_dim;
        memcpy(v.shape, o->opt.input_shape, sizeof v.shape);
    } else {
        status = input_shape(o, in, type->shape, &v.n_dim, v.shape);
    }
    char name[80];
    if (status == MHO_OK) {
        status = mho_graph_add_input(o->g, mho_i_onnx_clean(in->name, name), v.n_dim, v.shape,
                                     &v.tensor);
        status = status < 0 ? mho_i_prefix(o->ctx, status, "%s: ", o->where) : status;
    }
    if (status < 0) {
        return status;
    }
    v.size = o->g->tensor[v.tensor].size;
    return mho_i_onnx_define(o, &v);
}

/* Old files list their initialisers among the inputs. */
static mho_status add_inputs(mho_i_onnx *o) {
    const MhoOnnx__Graph *graph = o->model->graph;
    mho_status status = MHO_OK;
    for (size_t k = 0; k < graph->n_initializer && status == MHO_OK; k++) {
        status = define_tensor(o, graph->initializer[k]->name, graph->initializer[k]);
    }
    for (size_t k = 0; k < graph->n_input && status == MHO_OK; k++) {
        const char *name = graph->input[k]->name;
        const mho_i_onnx_value *v = name ? mho_i_onnx_find(o, name) : NULL;
        if (!v || !v->raw) {
            status = add_input(o, graph->input[k]);
        }
    }
    return status;
}

/* ---- nodes ---- */

/* Constant, whose value is in one of several attributes. */
static mho_status constant_node(mho_i_onnx_call *c) {
    const MhoOnnx__Attribute *a = c->node->n_attribute == 1 ? c->node->attribute[0] : NULL;
    const char *kind = a && a->name ? a->name : "";
    mho_i_onnx_value v = {.name = c->node->output[0], .tensor = -1};
    if (strcmp(kind, "value") == 0 && a->t) {
        return define_tensor(c->o, v.name, a->t);
    }
    bool ints = strncmp(kind, "value_int", 9) == 0, floats = strncmp(kind, "value_float", 11) == 0;
    bool list = kind[0] && kind[strlen(kind) - 1] == 's';
    size_t n = !list ? 1 : ints ? a->n_ints : a->n_floats;
    if ((!ints && !floats) || n > MHO_I_ONNX_MAX_INTS) {
        return mho_i_onnx_call_fail(c, "its value is not a tensor of numbers");
    }
    v.n_dim = list;
    v.shape[0] = v.size = n;
    v.type = ints ? MHO_ONNX_INT64 : MHO_ONNX_FLOAT;
    if (ints) {
        v.ints = mho_i_alloc(c->o->ctx, n, sizeof *v.ints);
        if (!v.ints) {
            return MHO_ERR_NOMEM;
        }
        for (size_t k = 0; k < n; k++) {
            v.ints[k] = list ? a->ints[k] : a->i;
        }
        return mho_i_onnx_define(c->o, &v);
    }
    char name[80];
    mho_status status = mho_graph_add_constant(c->o->g, mho_i_onnx_clean(v.name, name), v.n_dim,
                                               v.shape, list ? a->floats : &a->f, &v.tensor);
    return status < 0 ? mho_i_prefix(c->o->ctx, status, "%s: %s: ", c->o->where, c->what)
                      : mho_i_onnx_define(c->o, &v);
}

/* Every input must be known by now. */
static mho_status check_known(mho_i_onnx_call *c) {
    char name[80];
    for (size_t k = 0; k < c->node->n_input; k++) {
        const char *in = c->node->input[k];
        const mho_i_onnx_value *v = *in ? mho_i_onnx_find(c->o, in) : NULL;
        if (*in && !v) {
            return mho_i_onnx_call_fail(c,
                                        "input %zu (\"%s\") is made by no node before it: the "
                                        "graph has a cycle, is not in order, or lacks a part",
                                        k, mho_i_onnx_clean(in, name));
        }
        if (v && v->refused) {
            return mho_i_onnx_call_fail(c, "input %zu (\"%s\") is %s, which is not supported", k,
                                        mho_i_onnx_clean(in, name), v->refused);
        }
    }
    return MHO_OK;
}

/* Outputs after the first (masks, indices) may be there as long as nobody reads them. */
static mho_status define_outputs(mho_i_onnx_call *c, int tensor) {
    const mho_graph_tensor *t = &c->o->g->tensor[tensor];
    mho_i_onnx_value v = {.name = c->node->output[0], .type = c->type, .tensor = tensor};
    v.n_dim = t->n_dim;
    v.size = t->size;
    memcpy(v.shape, t->shape, sizeof v.shape);
    mho_status status = mho_i_onnx_define(c->o, &v);
    for (size_t k = 1; k < c->node->n_output && status == MHO_OK; k++) {
        if (*c->node->output[k]) {
            mho_i_onnx_value more = {
                .name = c->node->output[k], .tensor = -1, .refused = "a second output of a node"};
            status = mho_i_onnx_define(c->o, &more);
        }
    }
    return status;
}

static mho_status add_to_graph(mho_i_onnx_call *c) {
    char name[80];
    int tensor = -1;
    c->input = mho_i_alloc(c->o->ctx, c->node->n_input, sizeof *c->input);
    if (!c->input) {
        return MHO_ERR_NOMEM;
    }
    mho_status status = mho_i_onnx_node(c);
    if (status == MHO_OK) {
        status = mho_graph_add_node(c->o->g, c->op, mho_i_onnx_clean(c->node->name, name),
                                    c->n_input, c->input, &c->attr, c->n_dim, c->shape, &tensor);
        status = status < 0
                     ? mho_i_prefix(c->o->ctx, status == MHO_ERR_NOMEM ? status : MHO_ERR_FORMAT,
                                    "%s: ", c->o->where)
                     : status;
    }
    mho_i_free(c->o->ctx, c->input);
    if (status == MHO_OK) {
        status = mho_i_graph_rename(c->o->g, tensor, mho_i_onnx_clean(c->node->output[0], name));
    }
    return status < 0 ? status : define_outputs(c, tensor);
}

static mho_status add_node(mho_i_onnx *o, size_t number, const MhoOnnx__Node *node) {
    mho_i_onnx_call c = {.o = o, .node = node};
    char name[80], type[80];
    mho_i_onnx_clean(node->op_type, type);
    if (node->name && *node->name) {
        snprintf(c.what, sizeof c.what, "node %s (%s)", mho_i_onnx_clean(node->name, name), type);
    } else {
        snprintf(c.what, sizeof c.what, "node number %zu (%s)", number, type);
    }
    if (!node->op_type || !node->n_output || !*node->output[0]) {
        return mho_i_onnx_call_fail(&c, "it has no operator or no output");
    }
    if (node->n_input > MHO_I_GRAPH_MAX_INPUT || node->n_attribute > 64) {
        return mho_i_onnx_call_fail(&c, "%zu inputs and %zu attributes: at most %d and 64",
                                    node->n_input, node->n_attribute, MHO_I_GRAPH_MAX_INPUT);
    }
    mho_status status = check_known(&c);
    if (status < 0) {
        return status;
    }
    if (strcmp(node->op_type, "Constant") == 0) {
        return constant_node(&c);
    }
    return mho_i_onnx_const(&c, &status) ? status : add_to_graph(&c);
}

/* ---- outputs ---- */

/* What the file declares must be what comes out, unless the input's shape was replaced. */
static mho_status check_declared(mho_i_onnx *o, const MhoOnnx__ValueInfo *out,
                                 const mho_graph_tensor *t) {
    const MhoOnnx__TensorType *type = out->type ? out->type->tensor_type : NULL;
    const MhoOnnx__Shape *s = type ? type->shape : NULL;
    bool same = !s || o->opt.n_input_dim || s->n_dim == t->n_dim;
    for (size_t d = 0; same && s && !o->opt.n_input_dim && d < s->n_dim; d++) {
        same = !s->dim[d]->has_dim_value || s->dim[d]->dim_value == (int64_t)t->shape[d];
    }
    char name[80], shape[160];
    return same ? MHO_OK
                : mho_i_fail(o->ctx, MHO_ERR_FORMAT,
                             "%s: output \"%s\" comes out as %s, which is not what the file "
                             "declares",
                             o->where, mho_i_onnx_clean(out->name, name),
                             mho_i_graph_shape_text(t->n_dim, t->shape, shape));
}

static mho_status add_outputs(mho_i_onnx *o) {
    const MhoOnnx__Graph *graph = o->model->graph;
    mho_status status = MHO_OK;
    for (size_t k = 0; k < graph->n_output && status == MHO_OK; k++) {
        char name[80];
        int tensor = -1;
        const char *out = graph->output[k]->name ? graph->output[k]->name : "";
        mho_i_onnx_value *v = mho_i_onnx_find(o, out);
        if (v && v->refused) {
            continue; /* masks and indices are not handed out */
        }
        if (v && v->is_output) {
            return mho_i_fail(o->ctx, MHO_ERR_FORMAT, "%s: output \"%s\" is listed twice", o->where,
                              mho_i_onnx_clean(out, name));
        }
        status = mho_i_onnx_tensor_of(o, out, &tensor);
        if (v) {
            v->is_output = true;
        }
        if (status == MHO_OK && tensor < 0) {
            status = mho_i_fail(o->ctx, MHO_ERR_FORMAT, "%s: output \"%s\" is made by no node",
                                o->where, mho_i_onnx_clean(out, name));
        }
        if (status == MHO_OK) {
            status = check_declared(o, graph->output[k], &o->g->tensor[tensor]);
        }
        if (status == MHO_OK) {
            status = mho_graph_add_output(o->g, tensor);
        }
    }
    if (status == MHO_OK && !o->g->n_output) {
        status = mho_i_fail(o->ctx, MHO_ERR_FORMAT, "%s: the network has no output", o->where);
    }
    return status;
}

/* ---- all of it ---- */

static mho_status build(mho_i_onnx *o) {
    mho_status status = mho_graph_new(o->ctx, &o->g);
    if (status < 0) {
        return status;
    }
    size_t most = o->opt.max_byte / sizeof(float);
    o->g->max_size = most < MHO_I_GRAPH_MAX_SIZE ? most : MHO_I_GRAPH_MAX_SIZE;
    o->g->max_const_byte = o->opt.max_byte;
    status = check_model(o);
    if (status == MHO_OK) {
        status = add_inputs(o);
    }
    for (size_t k = 0; status == MHO_OK && k < o->model->graph->n_node; k++) {
        status = add_node(o, k, o->model->graph->node[k]);
    }
    if (status == MHO_OK) {
        status = add_outputs(o);
    }
    mho_i_onnx_values_free(o);
    if (status < 0) {
        mho_graph_free(o->g);
        o->g = NULL;
    }
    return status;
}

mho_status mho_graph_parse_onnx(mho_ctx *ctx, const char *where, const void *bytes, size_t n_byte,
                                const char *folder, const mho_graph_opt *opt, mho_graph **out) {
    mho_i_onnx o = {.ctx = ctx, .where = where, .folder = folder};
    mho_i_onnx_pool pool;
    MhoOnnx__Model *model = NULL;
    *out = NULL;
    o.opt = opt ? *opt : (mho_graph_opt){0};
    o.opt.max_byte = o.opt.max_byte ? o.opt.max_byte : default_max_byte;
    if (o.opt.n_input_dim > MHO_GRAPH_MAX_DIM || n_byte > max_file_byte) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "%s: an input of %zu dimensions, a file of %zu bytes: at most %d and %zu",
                          where, o.opt.n_input_dim, n_byte, MHO_GRAPH_MAX_DIM, max_file_byte);
    }
    mho_status status = mho_i_onnx_scan(ctx, where, bytes, n_byte);
    if (status == MHO_OK) {
        status = mho_i_onnx_unpack(ctx, where, bytes, n_byte, o.opt.max_byte, &pool, &model);
    }
    if (status < 0) {
        return status;
    }
    o.model = model;
    status = build(&o);
    mho_i_onnx_release(&pool, model);
    *out = o.g;
    return status;
}

mho_status mho_graph_load_onnx(mho_ctx *ctx, const char *path, const mho_graph_opt *opt,
                               mho_graph **out) {
    unsigned char *bytes;
    size_t n_byte;
    char folder[PATH_MAX];
    *out = NULL;
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) + 1 : 0;
    if (n >= sizeof folder) {
        return mho_i_fail(ctx, MHO_ERR_IO, "%.80s...: the path is too long", path);
    }
    memcpy(folder, path, n);
    folder[n] = 0;
    mho_status status = mho_i_file_read(ctx, path, max_file_byte, &bytes, &n_byte);
    if (status == MHO_OK) {
        status = mho_graph_parse_onnx(ctx, path, bytes, n_byte, folder, opt, out);
        mho_i_free(ctx, bytes);
    }
    return status;
}
