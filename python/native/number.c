/* number.c - arrays by the buffer protocol, checked for type, order and length. */
#include "native.h"

#include <string.h>

static bool is_type(const Py_buffer *view, const char *codes, Py_ssize_t size) {
    const char *format = view->format ? view->format : "B";
    format += *format == '@' || *format == '=' ? 1 : 0;
    return view->itemsize == size && strlen(format) == 1 && strchr(codes, *format);
}

static int get(PyObject *arg, numbers *x, const char *codes, Py_ssize_t size, bool writable,
               const char *name) {
    if (!arg) { /* clean up after another argument failed */
        release(1, (numbers *const[]){x});
        return 1;
    }
    *x = (numbers){.n = 0};
    if (arg == Py_None) {
        return Py_CLEANUP_SUPPORTED;
    }
    int flags = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0);
    if (PyObject_GetBuffer(arg, &x->view, flags) < 0) {
        return 0;
    }
    if (!is_type(&x->view, codes, size)) {
        PyErr_Format(PyExc_TypeError, "an array of %s is wanted, not of format %s", name,
                     x->view.format ? x->view.format : "B");
        PyBuffer_Release(&x->view);
        return 0;
    }
    x->n = (size_t)(x->view.len / size);
    x->at = x->view.buf;
    return Py_CLEANUP_SUPPORTED;
}

int in_double(PyObject *arg, void *out) {
    return get(arg, out, "d", 8, false, "float64");
}

int in_float(PyObject *arg, void *out) {
    return get(arg, out, "f", 4, false, "float32");
}

int in_size(PyObject *arg, void *out) {
    return get(arg, out, "LQN", 8, false, "uint64");
}

int in_int(PyObject *arg, void *out) {
    return get(arg, out, "il", 4, false, "int32");
}

int in_byte(PyObject *arg, void *out) {
    return get(arg, out, "Bb?", 1, false, "uint8");
}

int out_double(PyObject *arg, void *out) {
    return get(arg, out, "d", 8, true, "float64, writable,");
}

int out_float(PyObject *arg, void *out) {
    return get(arg, out, "f", 4, true, "float32, writable,");
}

int out_int(PyObject *arg, void *out) {
    return get(arg, out, "il", 4, true, "int32, writable,");
}

void release(size_t n, numbers *const *list) {
    for (size_t k = 0; k < n; k++) {
        if (list[k]->at) {
            PyBuffer_Release(&list[k]->view);
            list[k]->at = NULL;
        }
    }
}

bool want(const numbers *x, size_t n, const char *name) {
    if (x->n != n) {
        PyErr_Format(PyExc_ValueError, "%s: %zu numbers are wanted, there are %zu", name, n, x->n);
    }
    return x->n == n;
}

PyObject *copy_out(const void *data, size_t n, size_t size) {
    return PyByteArray_FromStringAndSize(data, (Py_ssize_t)(n * size));
}
