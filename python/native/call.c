/* call.c - handles, and what surrounds every call of the library: the GIL, progress, Ctrl-C,
 * errors. */
#include "native.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char CAPSULE[] = "mho.handle";

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- life of a handle ---- */

static void drop_object(handle *h) {
    if (h->object) {
        h->free_object(h->object, h->ctx);
    }
    h->object = NULL;
    h->kind = "";
}

static void destroy(PyObject *capsule) {
    handle *h = PyCapsule_GetPointer(capsule, CAPSULE);
    drop_object(h);
    Py_XDECREF(h->keeps);
    mho_ctx_free(h->ctx);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

static bool library_error(const char *message, mho_status status);
static bool progress_fn(void *user, const char *stage, double done_frac);

static handle *new_handle(int n_thread) {
    handle *h = calloc(1, sizeof *h);
    if (!h || mho_ctx_new(&h->ctx) < 0) {
        free(h);
        PyErr_NoMemory();
        return NULL;
    }
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&h->lock, &attr);
    pthread_mutexattr_destroy(&attr);
    h->kind = "";
    mho_status status = n_thread ? mho_ctx_set_threads(h->ctx, n_thread) : MHO_OK;
    if (status < 0) {
        library_error(mho_ctx_last_error(h->ctx), status);
        mho_ctx_free(h->ctx);
        free(h);
        return NULL;
    }
    mho_ctx_set_progress(h->ctx, progress_fn, h);
    return h;
}

PyObject *native_context(PyObject *self, PyObject *args) {
    (void)self;
    int n_thread;
    if (!PyArg_ParseTuple(args, "i", &n_thread)) {
        return NULL;
    }
    handle *h = new_handle(n_thread);
    return h ? PyCapsule_New(h, CAPSULE, destroy) : NULL;
}

int handle_arg(PyObject *arg, void *out) {
    handle *h = PyCapsule_GetPointer(arg, CAPSULE);
    *(handle **)out = h;
    return h != NULL;
}

PyObject *native_close(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    if (!PyArg_ParseTuple(args, "O&", handle_arg, &h) || !begin(h, Py_None)) {
        return NULL;
    }
    drop_object(h);
    if (!end(h, MHO_OK)) {
        return NULL;
    }
    Py_RETURN_NONE;
}

PyObject *native_bytes(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    if (!PyArg_ParseTuple(args, "O&", handle_arg, &h)) {
        return NULL;
    }
    return Py_BuildValue("nn", (Py_ssize_t)mho_ctx_bytes(h->ctx),
                         (Py_ssize_t)mho_ctx_peak_bytes(h->ctx));
}

void *handle_object(handle *h, const char *kind) {
    if (h->object && strcmp(h->kind, kind) == 0) {
        return h->object;
    }
    PyErr_Format(PyExc_ValueError, h->object ? "%s is wanted, not %s" : "the %s is closed", kind,
                 h->kind);
    return NULL;
}

void handle_attach(handle *h, const char *kind, void *object, free_fn free_object) {
    drop_object(h);
    h->kind = kind;
    h->object = object;
    h->free_object = free_object;
}

void handle_keep(handle *h, PyObject *capsule) {
    PyObject *old = h->keeps;
    Py_INCREF(capsule);
    h->keeps = capsule;
    Py_XDECREF(old);
}

/* ---- calls ---- */

/* Python code of the package makes the exception: class by status, with the status as attribute */
static bool library_error(const char *message, mho_status status) {
    PyObject *module = PyImport_ImportModule("mho._errors");
    PyObject *made = module ? PyObject_CallMethod(module, status < 0 ? "_error" : "_warn", "is",
                                                  (int)status, message)
                            : NULL;
    if (made && status < 0) {
        PyErr_SetObject((PyObject *)Py_TYPE(made), made);
    }
    bool good = made && status >= 0;
    Py_XDECREF(made);
    Py_XDECREF(module);
    return good;
}

bool begin(handle *h, PyObject *progress) {
    PyThreadState *thread = PyEval_SaveThread();
    if (pthread_mutex_lock(&h->lock) == EDEADLK) {
        PyEval_RestoreThread(thread);
        PyErr_SetString(PyExc_RuntimeError,
                        "the object is at work: a callback cannot use it meanwhile");
        return false;
    }
    h->thread = thread;
    h->progress = progress == Py_None ? NULL : progress;
    h->raised = false;
    h->last_s = now_s();
    return true;
}

bool end(handle *h, mho_status status) {
    /* the message is copied while the handle is ours: it belongs to the context */
    char message[1024] = "";
    if (status != MHO_OK) {
        const char *text = mho_ctx_last_error(h->ctx);
        strncpy(message, *text ? text : mho_status_text(status), sizeof message - 1);
    }
    bool raised = h->raised;
    PyThreadState *thread = h->thread;
    h->progress = NULL;
    pthread_mutex_unlock(&h->lock);
    PyEval_RestoreThread(thread);
    if (raised) {
        return false;
    }
    return status == MHO_OK || library_error(message, status);
}

bool enter(handle *h) {
    if (h->raised) {
        return false;
    }
    PyEval_RestoreThread(h->thread);
    return true;
}

bool leave(handle *h, PyObject *result) {
    bool good = result != NULL;
    Py_XDECREF(result);
    h->raised = !good;
    /* the exception stays with the thread state until end */
    h->thread = PyEval_SaveThread();
    return good;
}

/* Twenty times a second at most: look for Ctrl-C, tell the progress. */
static bool progress_fn(void *user, const char *stage, double done_frac) {
    handle *h = user;
    if (h->raised) {
        return false;
    }
    double now = now_s();
    if (now - h->last_s < 0.05) {
        return true;
    }
    h->last_s = now;
    if (!enter(h)) {
        return false;
    }
    PyObject *result = NULL;
    if (PyErr_CheckSignals() == 0) {
        result = h->progress ? PyObject_CallFunction(h->progress, "sd", stage, done_frac)
                             : Py_BuildValue("");
    }
    return leave(h, result);
}
