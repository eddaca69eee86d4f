/* instance.c - many devices of a card. The kind of the handle is "device"; it keeps the handle of
 * its card, whose model it uses. */
#include "native.h"

#include <string.h>

static void free_device(void *object, mho_ctx *ctx) {
    (void)ctx;
    mho_device_free(object);
}

/* (handle, handle of the card, seed, first, n, spread) */
static PyObject *device_new(PyObject *self, PyObject *args) {
    (void)self;
    handle *h, *of;
    unsigned long long seed;
    Py_ssize_t first, n;
    int spread;
    PyObject *capsule;
    if (!PyArg_ParseTuple(args, "O&OKnnp", handle_arg, &h, &capsule, &seed, &first, &n, &spread) ||
        !handle_arg(capsule, &of)) {
        return NULL;
    }
    if (n < 1 || first < 0) {
        return PyErr_Format(PyExc_ValueError,
                            "n = %zd, first = %zd: 1 or more and 0 or more are "
                            "wanted",
                            n, first);
    }
    /* the new handle is nobody else's yet, so only the card's is locked */
    const mho_card *card = begin_card_of(of);
    if (!card) {
        return NULL;
    }
    mho_device *dev = NULL;
    mho_status status = mho_device_new(h->ctx, card, seed, (size_t)first, (size_t)n, spread, &dev);
    if (!end(of, MHO_OK) || !begin(h, Py_None)) {
        mho_device_free(dev);
        return NULL;
    }
    if (dev) {
        handle_attach(h, "device", dev, free_device);
    }
    if (!end(h, status)) {
        return NULL;
    }
    handle_keep(h, capsule);
    Py_RETURN_NONE;
}

static mho_device *begin_device(handle *h, PyObject *progress) {
    if (!begin(h, progress)) {
        return NULL;
    }
    if (h->object && strcmp(h->kind, "device") == 0) {
        return h->object;
    }
    end(h, MHO_OK);
    PyErr_SetString(PyExc_ValueError, "the devices are closed");
    return NULL;
}

/* (handle, input, values [n]) */
static PyObject *device_input(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    Py_ssize_t input;
    numbers v = {.n = 0};
    if (!PyArg_ParseTuple(args, "O&nO&", handle_arg, &h, &input, in_double, &v)) {
        return NULL;
    }
    PyObject *result = NULL;
    mho_device *dev = begin_device(h, Py_None);
    if (dev) {
        size_t n = mho_device_count(dev);
        bool fits = v.n == n && input >= 0 && (size_t)input < mho_device_model(dev)->n_input;
        if (fits) {
            memcpy(mho_device_inputs(dev) + (size_t)input * n, v.at, n * sizeof(double));
        }
        if (end(h, MHO_OK)) {
            result = fits ? Py_BuildValue("")
                          : PyErr_Format(PyExc_ValueError, "%zu numbers are wanted", n);
        }
    }
    release(1, (numbers *const[]){&v});
    return result;
}

/* (handle, outputs [n_output][n] out or None, states [n_state][n] out or None) */
static PyObject *device_look(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    numbers y = {.n = 0}, x = {.n = 0};
    if (!PyArg_ParseTuple(args, "O&O&O&", handle_arg, &h, out_double, &y, out_double, &x)) {
        return NULL;
    }
    PyObject *result = NULL;
    mho_device *dev = begin_device(h, Py_None);
    if (dev) {
        const mho_ext_model *m = mho_device_model(dev);
        size_t n = mho_device_count(dev);
        bool fits = (!y.at || y.n == m->n_output * n) && (!x.at || x.n == m->n_state * n);
        if (fits && y.at) {
            mho_device_eval(dev, y.at, NULL);
        }
        if (fits && x.at && x.n) {
            memcpy(x.at, mho_device_states(dev), x.n * sizeof(double));
        }
        if (end(h, MHO_OK)) {
            result = fits ? Py_BuildValue("")
                          : PyErr_Format(PyExc_ValueError, "lengths of arrays do not fit");
        }
    }
    release(2, (numbers *const[]){&y, &x});
    return result;
}

static mho_status act(mho_device *dev, const char *what, const numbers *a, double dt_s,
                      double tol_rel) {
    if (strcmp(what, "step") == 0) {
        return mho_device_step(dev, dt_s, tol_rel);
    }
    if (strcmp(what, "settle") == 0) {
        return mho_device_settle(dev);
    }
    if (strcmp(what, "pulse") == 0) {
        return mho_device_pulse(dev, a->at);
    }
    if (strcmp(what, "program") == 0) {
        return mho_device_program(dev, a->at);
    }
    if (strcmp(what, "read") == 0) {
        return mho_device_read(dev, a->at);
    }
    if (strcmp(what, "set") == 0) {
        return mho_device_set_states(dev, a->at);
    }
    mho_device_restart(dev);
    return MHO_OK;
}

/* (handle, what, numbers or None, dt_s, tol_rel): "step", "settle", "pulse" [n], "program" [n],
 * "read" [n_port][n] out, "set" [n_state][n], "restart" */
static PyObject *device_act(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    const char *what;
    numbers a = {.n = 0};
    double dt_s, tol_rel;
    if (!PyArg_ParseTuple(args, "O&sO&dd", handle_arg, &h, &what, out_double, &a, &dt_s,
                          &tol_rel)) {
        return NULL;
    }
    PyObject *result = NULL;
    mho_device *dev = begin_device(h, Py_None);
    if (dev) {
        const mho_ext_model *m = mho_device_model(dev);
        size_t n = mho_device_count(dev);
        size_t wanted = strcmp(what, "pulse") == 0 || strcmp(what, "program") == 0 ? n
                        : strcmp(what, "read") == 0                                ? n * m->n_port
                        : strcmp(what, "set") == 0                                 ? n * m->n_state
                                                                                   : 0;
        mho_status status = a.n == wanted ? act(dev, what, &a, dt_s, tol_rel) : MHO_OK;
        if (end(h, status) && want(&a, wanted, what)) {
            result = Py_BuildValue("");
        }
    }
    release(1, (numbers *const[]){&a});
    return result;
}

PyMethodDef instance_methods[] = {{"device_new", device_new, METH_VARARGS, NULL},
                                  {"device_input", device_input, METH_VARARGS, NULL},
                                  {"device_look", device_look, METH_VARARGS, NULL},
                                  {"device_act", device_act, METH_VARARGS, NULL},
                                  {NULL, NULL, 0, NULL}};
