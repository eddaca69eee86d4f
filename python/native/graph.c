/* graph.c - networks: from ONNX files and from layers of arrays; the exact pass. The kind of the
 * handle is "network". */
#include "native.h"

#include <string.h>

static void free_graph(void *object, mho_ctx *ctx) {
    (void)ctx;
    mho_graph_free(object);
}

/* Sequence of sizes to shape[n]; -1: exception. */
static int get_shape(PyObject *sequence, size_t *shape) {
    Py_ssize_t n = PySequence_Size(sequence);
    if (n > MHO_GRAPH_MAX_DIM) {
        PyErr_Format(PyExc_ValueError, "%zd dimensions: at most %d are allowed", n,
                     MHO_GRAPH_MAX_DIM);
    }
    for (Py_ssize_t k = 0; k < n && !PyErr_Occurred(); k++) {
        PyObject *item = PySequence_GetItem(sequence, k);
        shape[k] = item ? PyLong_AsSize_t(item) : 0;
        Py_XDECREF(item);
    }
    return PyErr_Occurred() ? -1 : (int)n;
}

static PyObject *shape_tuple(const mho_graph_tensor *t) {
    PyObject *tuple = PyTuple_New((Py_ssize_t)t->n_dim);
    for (size_t k = 0; tuple && k < t->n_dim; k++) {
        PyObject *n = PyLong_FromSize_t(t->shape[k]);
        if (!n || PyTuple_SetItem(tuple, (Py_ssize_t)k, n) < 0) {
            Py_CLEAR(tuple);
        }
    }
    return tuple;
}

/* ---- files ---- */

/* (handle, path, input shape or empty) */
static PyObject *graph_load(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    const char *path;
    PyObject *shape;
    mho_graph_opt opt = {0};
    if (!PyArg_ParseTuple(args, "O&sO", handle_arg, &h, &path, &shape)) {
        return NULL;
    }
    int n = get_shape(shape, opt.input_shape);
    if (n < 0 || !begin(h, Py_None)) {
        return NULL;
    }
    opt.n_input_dim = (size_t)n;
    mho_graph *graph = NULL;
    mho_status status = mho_graph_load_onnx(h->ctx, path, &opt, &graph);
    if (graph) {
        handle_attach(h, "network", graph, free_graph);
    }
    return end(h, status) ? Py_BuildValue("") : NULL;
}

/* ---- layer by layer; tensors are numbers ---- */

static mho_graph *begin_graph(handle *h, PyObject *progress) {
    if (!begin(h, progress)) {
        return NULL;
    }
    if (h->object && strcmp(h->kind, "network") == 0) {
        return h->object;
    }
    end(h, MHO_OK);
    PyErr_SetString(PyExc_ValueError, "the network is closed");
    return NULL;
}

/* (handle, input shape) -> tensor */
static PyObject *graph_new(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    PyObject *sequence;
    size_t shape[MHO_GRAPH_MAX_DIM];
    if (!PyArg_ParseTuple(args, "O&O", handle_arg, &h, &sequence)) {
        return NULL;
    }
    int n = get_shape(sequence, shape), tensor = -1;
    if (n < 0 || !begin(h, Py_None)) {
        return NULL;
    }
    mho_graph *graph = NULL;
    mho_status status = mho_graph_new(h->ctx, &graph);
    status = status < 0 ? status : mho_graph_add_input(graph, "x", (size_t)n, shape, &tensor);
    if (graph) {
        handle_attach(h, "network", graph, free_graph);
    }
    return end(h, status) ? PyLong_FromLong(tensor) : NULL;
}

typedef struct conv_args {
    int x, groups, stride[2], dilation[2], pads[4], kernel[2];
} conv_args;

static bool conv_attr(const conv_args *c, mho_graph_attr *attr) {
    *attr = mho_graph_attr_default();
    bool good = c->groups >= 0;
    attr->groups = (size_t)c->groups;
    for (int k = 0; k < 2; k++) {
        good = good && c->stride[k] > 0 && c->dilation[k] > 0 && c->kernel[k] > 0;
        attr->kernel[k] = (size_t)c->kernel[k];
        attr->stride[k] = (size_t)c->stride[k];
        attr->dilation[k] = (size_t)c->dilation[k];
    }
    for (int k = 0; k < 4; k++) {
        good = good && c->pads[k] >= 0;
        attr->pads[k] = (size_t)c->pads[k];
    }
    if (!good) {
        PyErr_SetString(PyExc_ValueError,
                        "kernel, stride, dilation: 1 or more is wanted; pads: 0 or more");
    }
    return good;
}

/* (handle, x, n_out, weights, bias or None, kernel, stride, pads, dilation, groups) -> tensor;
 * a dense layer if groups is 0 */
static PyObject *graph_matrix(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    Py_ssize_t n_out;
    numbers w = {.n = 0}, b = {.n = 0};
    conv_args c;
    if (!PyArg_ParseTuple(args, "O&inO&O&(ii)(ii)(iiii)(ii)i", handle_arg, &h, &c.x, &n_out,
                          in_float, &w, in_float, &b, &c.kernel[0], &c.kernel[1], &c.stride[0],
                          &c.stride[1], &c.pads[0], &c.pads[1], &c.pads[2], &c.pads[3],
                          &c.dilation[0], &c.dilation[1], &c.groups)) {
        return NULL;
    }
    PyObject *result = NULL;
    mho_graph_attr attr;
    mho_graph *g = conv_attr(&c, &attr) ? begin_graph(h, Py_None) : NULL;
    if (g) {
        const mho_graph_tensor *x = mho_graph_tensor_at(g, c.x);
        size_t n_in = 0;
        if (x && n_out > 0) { /* the batch is 1 */
            n_in = c.groups ? x->shape[1] / attr.groups * attr.kernel[0] * attr.kernel[1] : x->size;
        }
        size_t n = (size_t)n_out * n_in;
        int tensor = -1;
        mho_status status = MHO_OK;
        bool fits = n && w.n == n && (!b.at || b.n == (size_t)n_out);
        if (fits && c.groups) {
            status = mho_graph_add_conv(g, NULL, c.x, (size_t)n_out, &attr, w.at, b.at, &tensor);
        } else if (fits) {
            status = mho_graph_add_dense(g, NULL, c.x, (size_t)n_out, w.at, b.at, &tensor);
        }
        if (end(h, status)) {
            result = fits ? PyLong_FromLong(tensor)
                          : PyErr_Format(PyExc_ValueError,
                                         "weights: %zd outputs of %zu inputs are wanted, there are "
                                         "%zu numbers",
                                         n_out, n_in, w.n);
        }
    }
    release(2, (numbers *const[]){&w, &b});
    return result;
}

/* (handle, operator, inputs, kernel, stride, pads) -> tensor: pools, activations, sums */
static PyObject *graph_node(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    const char *name;
    PyObject *inputs;
    conv_args c = {.groups = 1, .dilation = {1, 1}};
    if (!PyArg_ParseTuple(args, "O&sO(ii)(ii)(iiii)", handle_arg, &h, &name, &inputs, &c.kernel[0],
                          &c.kernel[1], &c.stride[0], &c.stride[1], &c.pads[0], &c.pads[1],
                          &c.pads[2], &c.pads[3])) {
        return NULL;
    }
    size_t tensors[MHO_GRAPH_MAX_DIM];
    int n = get_shape(inputs, tensors), input[MHO_GRAPH_MAX_DIM], tensor = -1;
    mho_graph_attr attr;
    if (n < 0 || !conv_attr(&c, &attr)) {
        return NULL;
    }
    for (int k = 0; k < n; k++) {
        input[k] = (int)tensors[k];
    }
    int op = 0;
    while (op < MHO_GRAPH_N_OP && strcmp(mho_graph_op_get((mho_graph_op)op).name, name) != 0) {
        op++;
    }
    if (op == MHO_GRAPH_N_OP) {
        return PyErr_Format(PyExc_ValueError, "%s is not an operator that mho knows", name);
    }
    attr.axis = 1;
    mho_graph *g = begin_graph(h, Py_None);
    if (!g) {
        return NULL;
    }
    mho_status status =
        mho_graph_add_node(g, (mho_graph_op)op, NULL, (size_t)n, input, &attr, 0, NULL, &tensor);
    return end(h, status) ? PyLong_FromLong(tensor) : NULL;
}

/* (handle, tensor) */
static PyObject *graph_output(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    int tensor;
    mho_graph *g = NULL;
    if (!PyArg_ParseTuple(args, "O&i", handle_arg, &h, &tensor) || !(g = begin_graph(h, Py_None))) {
        return NULL;
    }
    return end(h, mho_graph_add_output(g, tensor)) ? Py_BuildValue("") : NULL;
}

/* ---- looking in ---- */

static PyObject *node_row(const mho_graph *g, size_t k) {
    const mho_graph_node *node = mho_graph_node_at(g, k);
    PyObject *shape = shape_tuple(mho_graph_tensor_at(g, node->output));
    return shape ? Py_BuildValue("(ssNdn)", node->name, mho_graph_op_get(node->op).name, shape,
                                 node->n_mac, (Py_ssize_t)node->n_param)
                 : NULL;
}

/* (handle) -> (input shape, output shape, nodes) of the first input and output */
static PyObject *graph_info(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    mho_graph *g = NULL;
    if (!PyArg_ParseTuple(args, "O&", handle_arg, &h) || !(g = begin_graph(h, Py_None)) ||
        !end(h, MHO_OK)) {
        return NULL;
    }
    const mho_graph_tensor *in = mho_graph_tensor_at(g, mho_graph_input(g, 0));
    const mho_graph_tensor *out = mho_graph_tensor_at(g, mho_graph_output(g, 0));
    if (!in || !out) {
        return PyErr_Format(PyExc_ValueError, "the network has no %s", in ? "output" : "input");
    }
    PyObject *nodes = PyList_New(0), *shapes[2] = {shape_tuple(in), shape_tuple(out)};
    for (size_t k = 0; nodes && k < mho_graph_n_node(g); k++) {
        PyObject *row = node_row(g, k);
        if (!row || PyList_Append(nodes, row) < 0) {
            Py_CLEAR(nodes);
        }
        Py_XDECREF(row);
    }
    return nodes && shapes[0] && shapes[1] ? Py_BuildValue("NNN", shapes[0], shapes[1], nodes)
                                           : NULL;
}

/* (handle, progress, n_run, x, y out): the only input to output 0 */
static PyObject *graph_run(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    PyObject *progress;
    Py_ssize_t n_run;
    numbers x = {.n = 0}, y = {.n = 0};
    if (!PyArg_ParseTuple(args, "O&OnO&O&", handle_arg, &h, &progress, &n_run, in_float, &x,
                          out_float, &y)) {
        return NULL;
    }
    PyObject *result = NULL;
    mho_graph *g = begin_graph(h, progress);
    if (g) {
        const mho_graph_tensor *in = mho_graph_tensor_at(g, mho_graph_input(g, 0));
        const mho_graph_tensor *out = mho_graph_tensor_at(g, mho_graph_output(g, 0));
        bool fits = in && out && n_run > 0 && x.n == (size_t)n_run * in->size &&
                    y.n == (size_t)n_run * out->size;
        mho_status status = fits ? mho_graph_run(h->ctx, g, (size_t)n_run, x.at, y.at) : MHO_OK;
        if (end(h, status)) {
            result = fits ? Py_BuildValue("")
                          : PyErr_Format(PyExc_ValueError, "lengths of arrays do not fit");
        }
    }
    release(2, (numbers *const[]){&x, &y});
    return result;
}

PyMethodDef graph_methods[] = {{"graph_load", graph_load, METH_VARARGS, NULL},
                               {"graph_new", graph_new, METH_VARARGS, NULL},
                               {"graph_matrix", graph_matrix, METH_VARARGS, NULL},
                               {"graph_node", graph_node, METH_VARARGS, NULL},
                               {"graph_output", graph_output, METH_VARARGS, NULL},
                               {"graph_info", graph_info, METH_VARARGS, NULL},
                               {"graph_run", graph_run, METH_VARARGS, NULL},
                               {NULL, NULL, 0, NULL}};
