/* module.c - the module mho._native: the methods of its parts. */
#include "native.h"

static PyObject *native_version(PyObject *self, PyObject *args) {
    (void)self;
    (void)args;
    return PyUnicode_FromString(mho_version());
}

static PyObject *native_status_names(PyObject *self, PyObject *args) {
    (void)self;
    (void)args;
#define STATUS_FORMAT(name, value, text) "i:s"
#define STATUS_PAIR(name, value, text)   , value, #name
    return Py_BuildValue("{" MHO_STATUS_LIST(STATUS_FORMAT) "}" MHO_STATUS_LIST(STATUS_PAIR));
}

/* (value, unit, digits) -> "12.5 ns" */
static PyObject *native_quantity(PyObject *self, PyObject *args) {
    (void)self;
    double value;
    const char *unit;
    int digits;
    char text[64];
    if (!PyArg_ParseTuple(args, "dsi", &value, &unit, &digits)) {
        return NULL;
    }
    return PyUnicode_FromString(mho_quantity_format(value, unit, digits, text, sizeof text));
}

static PyMethodDef base_methods[] = {
    {"quantity", native_quantity, METH_VARARGS, "(value, unit, digits) -> text"},
    {"version", native_version, METH_NOARGS, "Version of the library."},
    {"status_names", native_status_names, METH_NOARGS, "Names of the status values."},
    {"context", native_context, METH_VARARGS, "(n_thread) -> handle"},
    {"close", native_close, METH_VARARGS, "(handle)"},
    {"bytes", native_bytes, METH_VARARGS, "(handle) -> bytes now, at most so far"},
    {NULL, NULL, 0, NULL}};

static int add_parts(PyObject *module) {
    PyMethodDef *const parts[] = {base_methods,  array_methods, device_methods, study_methods,
                                  learn_methods, graph_methods, model_methods,  instance_methods,
                                  lab_methods,   chip_methods};
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
        if (PyModule_AddFunctions(module, parts[k]) < 0) {
            return -1;
        }
    }
    return 0;
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, (void *)(uintptr_t)add_parts}, {0, NULL}};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "mho._native",
                                        .m_doc = "The C library under the package mho.",
                                        .m_slots = slots};

PyMODINIT_FUNC PyInit__native(void);
PyMODINIT_FUNC PyInit__native(void) {
    return PyModuleDef_Init(&definition);
}
