/* field.c - C structures as dictionaries, by tables of their fields. */
#include "native.h"

#include <string.h>

bool put(PyObject *dict, const char *key, PyObject *value) {
    bool good = value && PyDict_SetItemString(dict, key, value) == 0;
    Py_XDECREF(value);
    return good;
}

static PyObject *get_one(const char *at, char type, size_t k) {
    switch (type) {
    case 'd':
        return PyFloat_FromDouble(((const double *)(const void *)at)[k]);
    case 'f':
        return PyFloat_FromDouble((double)((const float *)(const void *)at)[k]);
    case 'i':
        return PyLong_FromLong(((const int *)(const void *)at)[k]);
    case 'I':
        return PyLong_FromUnsignedLong(((const unsigned *)(const void *)at)[k]);
    case 'z':
        return PyLong_FromSize_t(((const size_t *)(const void *)at)[k]);
    case 'B':
        return PyLong_FromLong(((const uint8_t *)(const void *)at)[k]);
    case 'b':
        return PyBool_FromLong(*(const bool *)(const void *)at);
    case 's': {
        const char *text = *(const char *const *)(const void *)at;
        return PyUnicode_FromString(text ? text : "");
    }
    default:
        return PyUnicode_FromString(at);
    }
}

static PyObject *get_field(const void *object, const field *f) {
    const char *at = (const char *)object + f->offset;
    if (f->count == 1) {
        return get_one(at, f->type, 0);
    }
    PyObject *list = PyList_New((Py_ssize_t)f->count);
    for (size_t k = 0; list && k < f->count; k++) {
        PyObject *x = get_one(at, f->type, k);
        if (!x || PyList_SetItem(list, (Py_ssize_t)k, x) < 0) {
            Py_DECREF(list);
            return NULL;
        }
    }
    return list;
}

bool struct_add(PyObject *dict, const void *object, const field *fields) {
    for (const field *f = fields; f->name; f++) {
        if (!put(dict, f->name, get_field(object, f))) {
            return false;
        }
    }
    return true;
}

PyObject *struct_get(const void *object, const field *fields) {
    PyObject *dict = PyDict_New();
    if (dict && !struct_add(dict, object, fields)) {
        Py_CLEAR(dict);
    }
    return dict;
}

/* ---- the other way: single numbers only ---- */

static bool set_field(void *object, const field *f, PyObject *value) {
    void *at = (char *)object + f->offset;
    switch (f->type) {
    case 'd':
        *(double *)at = PyFloat_AsDouble(value);
        break;
    case 'i': {
        long x = PyLong_AsLong(value);
        if (x < INT_MIN || x > INT_MAX) {
            PyErr_Format(PyExc_OverflowError, "%s = %ld is too large", f->name, x);
        }
        *(int *)at = (int)x;
        break;
    }
    case 'I': {
        unsigned long x = PyLong_AsUnsignedLong(value);
        *(unsigned *)at = (unsigned)x;
        break;
    }
    case 'z':
        *(size_t *)at = PyLong_AsSize_t(value);
        break;
    case 'b':
        *(bool *)at = PyObject_IsTrue(value) > 0;
        break;
    default:
        PyErr_Format(PyExc_TypeError, "%s cannot be set", f->name);
    }
    return !PyErr_Occurred();
}

bool struct_set(void *object, const field *fields, PyObject *dict) {
    Py_ssize_t place = 0;
    PyObject *key, *value;
    while (PyDict_Next(dict, &place, &key, &value)) {
        const char *name = PyUnicode_AsUTF8AndSize(key, NULL);
        const field *f = fields;
        while (name && f->name && strcmp(f->name, name) != 0) {
            f++;
        }
        if (!name) {
            return false;
        }
        if (!f->name) {
            PyErr_Format(PyExc_TypeError, "%s is not an option", name);
            return false;
        }
        if (!set_field(object, f, value)) {
            return false;
        }
    }
    return true;
}
