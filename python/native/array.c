/* array.c - mho.Array: crossbars. The kind of the handle is "array". */
#include "native.h"

#include "mho/spice.h"

#include <stdlib.h>
#include <string.h>

static const field report_fields[] = {
    FIELD(mho_array_report, residual_rel),  FIELD(mho_array_report, iterations),
    FIELD(mho_array_report, build_s),       FIELD(mho_array_report, read_s),
    FIELD(mho_array_report, power_W),       FIELD(mho_array_report, newton_steps),
    FIELD(mho_array_report, n_unconverged), FIELD(mho_array_report, wire_load),
    FIELD(mho_array_report, rounding_rel),  FIELD_END};

static const field opt_fields[] = {FIELD(mho_array_opt, r_word_ohm),
                                   FIELD(mho_array_opt, r_bit_ohm),
                                   FIELD(mho_array_opt, r_source_ohm),
                                   FIELD(mho_array_opt, r_sense_ohm),
                                   FIELD(mho_array_opt, solver),
                                   FIELD(mho_array_opt, tol_rel),
                                   FIELD(mho_array_opt, max_iter),
                                   FIELD(mho_array_opt, drive),
                                   FIELD(mho_array_opt, sense),
                                   FIELD(mho_array_opt, transposed),
                                   FIELD(mho_array_opt, bias_row),
                                   FIELD(mho_array_opt, bias_col),
                                   FIELD(mho_array_opt, v_bias_V),
                                   FIELD(mho_array_opt, law),
                                   FIELD(mho_array_opt, law_a),
                                   FIELD(mho_array_opt, selector),
                                   FIELD(mho_array_opt, r_series_ohm),
                                   FIELD(mho_array_opt, selector_g_S),
                                   FIELD(mho_array_opt, selector_a),
                                   FIELD(mho_array_opt, g_short_S),
                                   FIELD_END};

static PyObject *report_dict(const mho_array_report *rep) {
    PyObject *dict = struct_get(rep, report_fields);
    if (dict && !put(dict, "solver", PyUnicode_FromString(mho_array_solver_name(rep->solver)))) {
        Py_CLEAR(dict);
    }
    return dict;
}

/* ---- the array and its cell law ---- */

typedef struct array {
    mho_array *array;
    handle *h;
    PyObject *law; /* borrowed from the running call; NULL unless the law is a Python function */
    size_t n_row, n_col;
} array;

/* law(first, g, v, i, slope): views of n doubles; the first two to read, the last two to fill.
 * After an exception the cells are taken as ohmic until the library stops. */
static void cell_law(void *user, size_t first, size_t n, const double *g_S, const double *v_V,
                     double *i_A, double *slope_S) {
    array *a = user;
    for (size_t k = 0; k < n; k++) {
        i_A[k] = g_S[k] * v_V[k];
        slope_S[k] = g_S[k];
    }
    if (!a->law || !enter(a->h)) {
        return;
    }
    const void *in[2] = {g_S, v_V};
    void *out[2] = {i_A, slope_S};
    PyObject *view[4];
    Py_ssize_t n_byte = (Py_ssize_t)(n * sizeof(double));
    for (int k = 0; k < 4; k++) {
        char *at = (char *)(uintptr_t)(k < 2 ? in[k] : out[k - 2]);
        view[k] = PyMemoryView_FromMemory(at, n_byte, k < 2 ? PyBUF_READ : PyBUF_WRITE);
    }
    PyObject *result = view[0] && view[1] && view[2] && view[3]
                           ? PyObject_CallFunction(a->law, "nOOOO", (Py_ssize_t)first, view[0],
                                                   view[1], view[2], view[3])
                           : NULL;
    for (int k = 0; k < 4; k++) {
        Py_XDECREF(view[k]);
    }
    leave(a->h, result);
}

static void free_array(void *object, mho_ctx *ctx) {
    (void)ctx;
    array *a = object;
    mho_array_free(a->array);
    free(a);
}

/* Arrays of the options by name, each with the length that it must have. */
typedef struct vector {
    const char *name;
    size_t offset;
    bool byte;
    size_t n;
} vector;
enum { N_VECTOR = 10 };

static bool set_vectors(mho_array_opt *opt, size_t n_row, size_t n_col, PyObject *dict,
                        numbers *view) {
    size_t n_in = opt->transposed ? n_col : n_row, n_out = opt->transposed ? n_row : n_col;
    const vector list[N_VECTOR] = {
        {"r_word_line_ohm", offsetof(mho_array_opt, r_word_line_ohm), false, n_row},
        {"r_bit_line_ohm", offsetof(mho_array_opt, r_bit_line_ohm), false, n_col},
        {"r_source_line_ohm", offsetof(mho_array_opt, r_source_line_ohm), false, n_in},
        {"r_sense_line_ohm", offsetof(mho_array_opt, r_sense_line_ohm), false, n_out},
        {"r_series_cell_ohm", offsetof(mho_array_opt, r_series_cell_ohm), false, n_row * n_col},
        {"row_off", offsetof(mho_array_opt, row_off), true, n_row},
        {"col_off", offsetof(mho_array_opt, col_off), true, n_col},
        {"stuck", offsetof(mho_array_opt, stuck), true, n_row * n_col},
        {"broken_word", offsetof(mho_array_opt, broken_word), true, n_row * (n_col + 1)},
        {"broken_bit", offsetof(mho_array_opt, broken_bit), true, (n_row + 1) * n_col}};
    for (size_t k = 0; k < N_VECTOR; k++) {
        PyObject *value = PyDict_GetItemString(dict, list[k].name);
        if (!value) {
            continue;
        }
        if (!(list[k].byte ? in_byte : in_double)(value, &view[k]) ||
            !want(&view[k], list[k].n, list[k].name)) {
            return false;
        }
        memcpy((char *)opt + list[k].offset, &view[k].at, sizeof view[k].at);
    }
    return true;
}

static PyObject *make_array(handle *h, size_t n_row, size_t n_col, mho_array_opt *opt) {
    array *a = calloc(1, sizeof *a);
    if (!a) {
        return PyErr_NoMemory();
    }
    *a = (array){.h = h, .n_row = n_row, .n_col = n_col};
    opt->law_fn = opt->law == MHO_LAW_USER ? cell_law : NULL;
    opt->law_user = a;
    if (!begin(h, Py_None)) {
        free(a);
        return NULL;
    }
    mho_status status = mho_array_new(h->ctx, n_row, n_col, opt, &a->array);
    bool attached = status >= 0;
    if (attached) {
        handle_attach(h, "array", a, free_array);
    }
    if (!end(h, status)) {
        if (!attached) {
            free(a);
        }
        return NULL;
    }
    return Py_BuildValue("nn", (Py_ssize_t)mho_array_n_in(a->array),
                         (Py_ssize_t)mho_array_n_out(a->array));
}

/* (handle, n_row, n_col, options, vectors) -> (n_in, n_out) */
static PyObject *array_new(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    Py_ssize_t n_row, n_col;
    PyObject *options, *vectors;
    if (!PyArg_ParseTuple(args, "O&nnO!O!", handle_arg, &h, &n_row, &n_col, &PyDict_Type, &options,
                          &PyDict_Type, &vectors)) {
        return NULL;
    }
    if (n_row < 1 || n_col < 1 || n_row > INT32_MAX / n_col) {
        return PyErr_Format(PyExc_ValueError,
                            "array of %zd x %zd cells: 1 to 2147483647 cells are allowed", n_row,
                            n_col);
    }
    mho_array_opt opt = MHO_ARRAY_OPT_INIT;
    numbers view[N_VECTOR] = {{.n = 0}};
    PyObject *result = NULL;
    if (struct_set(&opt, opt_fields, options) &&
        set_vectors(&opt, (size_t)n_row, (size_t)n_col, vectors, view)) {
        result = make_array(h, (size_t)n_row, (size_t)n_col, &opt);
    }
    for (size_t k = 0; k < N_VECTOR; k++) {
        release(1, (numbers *const[]){&view[k]});
    }
    return result;
}

/* ---- calls: (handle, progress, law, arrays ...) ---- */

static array *begin_array(handle *h, PyObject *progress, PyObject *law) {
    if (!begin(h, progress)) {
        return NULL;
    }
    /* the kind is looked at while the handle is ours */
    bool good = h->object && strcmp(h->kind, "array") == 0;
    if (!good) {
        end(h, MHO_OK);
        PyErr_SetString(PyExc_ValueError, "the array is closed");
        return NULL;
    }
    array *a = h->object;
    a->law = law == Py_None ? NULL : law;
    return a;
}

static bool end_array(array *a, mho_status status) {
    a->law = NULL;
    return end(a->h, status);
}

/* (handle, progress, law, g_S or None, cells or None): all cells, or those */
static PyObject *array_program(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    PyObject *progress, *law;
    numbers g = {.n = 0}, cell = {.n = 0};
    if (!PyArg_ParseTuple(args, "O&OOO&O&", handle_arg, &h, &progress, &law, in_double, &g, in_size,
                          &cell)) {
        return NULL;
    }
    PyObject *result = NULL;
    array *a = begin_array(h, progress, law);
    if (a) {
        size_t n = cell.at ? cell.n : a->n_row * a->n_col;
        mho_status status = MHO_OK;
        if (g.n == n) {
            status = cell.at ? mho_array_update(a->array, n, cell.at, g.at)
                             : mho_array_program(a->array, g.at);
        }
        result = end_array(a, status) && want(&g, n, "g_S") ? Py_BuildValue("") : NULL;
    }
    release(2, (numbers *const[]){&g, &cell});
    return result;
}

/* (handle, progress, law, v_V, i_A out, check) -> report or None */
static PyObject *array_read(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    PyObject *progress, *law;
    numbers v = {.n = 0}, i = {.n = 0};
    int check;
    if (!PyArg_ParseTuple(args, "O&OOO&O&p", handle_arg, &h, &progress, &law, in_double, &v,
                          out_double, &i, &check)) {
        return NULL;
    }
    PyObject *result = NULL;
    array *a = begin_array(h, progress, law);
    if (a) {
        size_t n_in = mho_array_n_in(a->array), n_vec = v.n / n_in;
        size_t n_out = n_vec * mho_array_n_out(a->array);
        mho_array_report rep = {.residual_rel = 0};
        mho_status status = MHO_OK;
        if (v.n == n_vec * n_in && i.n == n_out && n_vec) {
            status = mho_array_read(a->array, n_vec, v.at, i.at, check ? &rep : NULL);
        }
        if (end_array(a, status) && want(&v, n_vec * n_in, "v_V") && want(&i, n_out, "i_A")) {
            result = check ? report_dict(&rep) : Py_BuildValue("");
        }
    }
    release(2, (numbers *const[]){&v, &i});
    return result;
}

/* (handle, progress, m_S out) */
static PyObject *array_transfer(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    PyObject *progress;
    numbers m = {.n = 0};
    if (!PyArg_ParseTuple(args, "O&OO&", handle_arg, &h, &progress, out_double, &m)) {
        return NULL;
    }
    PyObject *result = NULL;
    array *a = begin_array(h, progress, Py_None);
    if (a) {
        size_t n = a->n_row * a->n_col;
        mho_status status = m.n == n ? mho_array_transfer(a->array, m.at) : MHO_OK;
        result = end_array(a, status) && want(&m, n, "m_S") ? Py_BuildValue("") : NULL;
    }
    release(1, (numbers *const[]){&m});
    return result;
}

/* (handle, progress, law, v_V, w_V out, b_V out) -> report */
static PyObject *array_nodes(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    PyObject *progress, *law;
    numbers v = {.n = 0}, w = {.n = 0}, b = {.n = 0};
    if (!PyArg_ParseTuple(args, "O&OOO&O&O&", handle_arg, &h, &progress, &law, in_double, &v,
                          out_double, &w, out_double, &b)) {
        return NULL;
    }
    PyObject *result = NULL;
    array *a = begin_array(h, progress, law);
    if (a) {
        size_t n_in = mho_array_n_in(a->array), n_vec = v.n / n_in;
        size_t n = n_vec * a->n_row * a->n_col;
        mho_array_report rep = {.residual_rel = 0};
        mho_status status = MHO_OK;
        if (v.n == n_vec * n_in && n_vec && w.n == n && b.n == n) {
            status = mho_array_nodes(a->array, n_vec, v.at, w.at, b.at, &rep);
        }
        if (end_array(a, status) && want(&v, n_vec * n_in, "v_V") && want(&w, n, "w_V") &&
            want(&b, n, "b_V")) {
            result = report_dict(&rep);
        }
    }
    release(3, (numbers *const[]){&v, &w, &b});
    return result;
}

/* (handle, progress, law, v_V, cell_W out, word_W out, bit_W out, sum out [n_vec][6]) -> report */
static PyObject *array_power(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    PyObject *progress, *law;
    numbers v = {.n = 0}, cell = {.n = 0}, word = {.n = 0}, bit = {.n = 0}, sum = {.n = 0};
    if (!PyArg_ParseTuple(args, "O&OOO&O&O&O&O&", handle_arg, &h, &progress, &law, in_double, &v,
                          out_double, &cell, out_double, &word, out_double, &bit, out_double,
                          &sum)) {
        return NULL;
    }
    PyObject *result = NULL;
    array *a = begin_array(h, progress, law);
    if (a) {
        size_t n_vec = v.n / mho_array_n_in(a->array), r = a->n_row, c = a->n_col;
        bool fits = n_vec && v.n == n_vec * mho_array_n_in(a->array) && cell.n == n_vec * r * c &&
                    word.n == n_vec * r * (c + 1) && bit.n == n_vec * (r + 1) * c &&
                    sum.n == n_vec * sizeof(mho_array_power_sum) / sizeof(double);
        mho_array_report rep = {.residual_rel = 0};
        mho_status status =
            fits ? mho_array_power(a->array, n_vec, v.at, cell.at, word.at, bit.at, sum.at, &rep)
                 : MHO_OK;
        if (end_array(a, status)) {
            result = fits ? report_dict(&rep)
                          : PyErr_Format(PyExc_ValueError, "lengths of arrays do not fit");
        }
    }
    release(5, (numbers *const[]){&v, &cell, &word, &bit, &sum});
    return result;
}

/* (handle, progress, v_V or None, y, grad out or None, x out): adjoint, or with v_V the gradient */
static PyObject *array_backward(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    PyObject *progress;
    numbers v = {.n = 0}, y = {.n = 0}, grad = {.n = 0}, x = {.n = 0};
    if (!PyArg_ParseTuple(args, "O&OO&O&O&O&", handle_arg, &h, &progress, in_double, &v, in_double,
                          &y, out_double, &grad, out_double, &x)) {
        return NULL;
    }
    PyObject *result = NULL;
    array *a = begin_array(h, progress, Py_None);
    if (a) {
        size_t n_in = mho_array_n_in(a->array), n_out = mho_array_n_out(a->array);
        size_t n_vec = y.n / n_out;
        bool fits = n_vec && y.n == n_vec * n_out && x.n == n_vec * n_in;
        mho_status status = MHO_OK;
        if (v.at) {
            fits = fits && v.n == n_vec * n_in && grad.n == a->n_row * a->n_col;
            status = fits ? mho_array_gradient(a->array, n_vec, v.at, y.at, grad.at, x.at) : status;
        } else {
            status = fits ? mho_array_adjoint(a->array, n_vec, y.at, x.at) : status;
        }
        if (end_array(a, status)) {
            result = fits ? Py_BuildValue("")
                          : PyErr_Format(PyExc_ValueError, "lengths of arrays do not fit");
        }
    }
    release(4, (numbers *const[]){&v, &y, &grad, &x});
    return result;
}

/* (handle, v_V, path) */
static PyObject *array_spice_save(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    const char *path;
    numbers v = {.n = 0};
    if (!PyArg_ParseTuple(args, "O&O&s", handle_arg, &h, in_double, &v, &path)) {
        return NULL;
    }
    PyObject *result = NULL;
    array *a = begin_array(h, Py_None, Py_None);
    if (a) {
        size_t n_in = mho_array_n_in(a->array), n_vec = v.n / n_in;
        bool fits = n_vec && v.n == n_vec * n_in;
        mho_status status = fits ? mho_array_spice_save(a->array, n_vec, v.at, path) : MHO_OK;
        if (end_array(a, status)) {
            result = want(&v, n_vec ? n_vec * n_in : n_in, "v_V") ? Py_BuildValue("") : NULL;
        }
    }
    release(1, (numbers *const[]){&v});
    return result;
}

PyMethodDef array_methods[] = {{"array_new", array_new, METH_VARARGS, NULL},
                               {"array_program", array_program, METH_VARARGS, NULL},
                               {"array_read", array_read, METH_VARARGS, NULL},
                               {"array_transfer", array_transfer, METH_VARARGS, NULL},
                               {"array_nodes", array_nodes, METH_VARARGS, NULL},
                               {"array_power", array_power, METH_VARARGS, NULL},
                               {"array_backward", array_backward, METH_VARARGS, NULL},
                               {"array_spice_save", array_spice_save, METH_VARARGS, NULL},
                               {NULL, NULL, 0, NULL}};
