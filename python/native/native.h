/* native.h - what the parts of mho._native share. The module is a thin layer over the public
 * headers: Python code in src/mho makes arrays of the right type and shape and allocates results;
 * here lengths are checked once more, the GIL is released, and a failed call becomes an exception.
 *
 * Numbers cross by the buffer protocol, structures as dictionaries; so nothing of NumPy is needed
 * to build, and one module serves every Python from 3.11 on (Py_LIMITED_API). */
#ifndef MHO_NATIVE_H
#define MHO_NATIVE_H

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>

#include "mho/mho.h"

#include <pthread.h>

/* ---- handles (call.c) --------------------------------------------------------------------------
 * A capsule that owns a context and one object made from it. One thread at a time works with it;
 * others wait without the GIL. */
typedef void (*free_fn)(void *object, mho_ctx *ctx);

typedef struct handle {
    mho_ctx *ctx;
    const char *kind; /* "" before it has an object */
    void *object;
    free_fn free_object;
    PyObject *keeps; /* the handle of what the object is made from; NULL: none */
    pthread_mutex_t lock;
    /* of the call that is running; borrowed from its arguments */
    PyObject *progress; /* NULL or called with (stage, done_frac) */
    PyThreadState *thread;
    bool raised; /* a callback left a Python exception: run no more Python code */
    double last_s;
} handle;

PyObject *native_context(PyObject *self, PyObject *args); /* (n_thread) -> capsule */
PyObject *native_close(PyObject *self, PyObject *args);   /* (capsule) */
PyObject *native_bytes(PyObject *self, PyObject *args);   /* (capsule) -> (now, peak) */

/* Converters for "O&". */
int handle_arg(PyObject *arg, void *out); /* handle **: one that is not closed */

/* The object of a handle if it is of this kind; else NULL and TypeError. */
void *handle_object(handle *h, const char *kind);
void handle_attach(handle *h, const char *kind, void *object, free_fn free_object);
/* Keep another capsule alive as long as this handle. */
void handle_keep(handle *h, PyObject *capsule);

/* begin: wait for the handle and release the GIL; progress: None or a callable. false: exception.
 * end: take the GIL back. false: exception, which may come from a callback, from the status, or
 * from a warning that is an error. */
bool begin(handle *h, PyObject *progress);
bool end(handle *h, mho_status status);
/* For callbacks on the thread of the call: take the GIL, give it back. enter gives false if an
 * exception is waiting already. leave takes the result of a Python call, NULL: it raised. */
bool enter(handle *h);
bool leave(handle *h, PyObject *result);

/* ---- numbers (number.c) ---------------------------------------------------------------------- */
typedef struct numbers {
    Py_buffer view;
    size_t n;
    void *at; /* NULL: None was passed */
} numbers;
/* Converters: None or a C-contiguous buffer of this type. out_...: writable. */
int in_double(PyObject *arg, void *out);
int in_float(PyObject *arg, void *out);
int in_size(PyObject *arg, void *out);
int in_int(PyObject *arg, void *out); /* int32 */
int in_byte(PyObject *arg, void *out);
int out_double(PyObject *arg, void *out);
int out_float(PyObject *arg, void *out);
int out_int(PyObject *arg, void *out);
void release(size_t n, numbers *const *list);
/* Has it n elements? false and ValueError if not; None has 0. */
bool want(const numbers *x, size_t n, const char *name);
/* bytearray with a copy, for numpy.frombuffer. */
PyObject *copy_out(const void *data, size_t n, size_t size);

/* ---- structures (field.c) -------------------------------------------------------------------- */
typedef struct field {
    const char *name;
    size_t offset;
    char type;    /* d f i I z Q B b: number; s: const char *, S: char array; u: struct_size */
    size_t count; /* 1, or length of an array */
} field;

#define FIELD_TYPE(x)                                                                              \
    _Generic((x),                                                                                  \
        double: 'd',                                                                               \
        double *: 'd',                                                                             \
        float: 'f',                                                                                \
        float *: 'f',                                                                              \
        int: 'i',                                                                                  \
        unsigned int: 'I',                                                                         \
        size_t: 'z',                                                                               \
        uint8_t: 'B',                                                                              \
        bool: 'b',                                                                                 \
        const char *: 's',                                                                         \
        char *: 'S')
/* uint64_t is size_t here; a platform where it is not fails to compile */
#define FIELD(type, member)                                                                        \
    { #member, offsetof(type, member), FIELD_TYPE(((type *)0)->member), 1 }
#define FIELD_LIST(type, member, n)                                                                \
    { #member, offsetof(type, member), FIELD_TYPE(((type *)0)->member), n }
#define FIELD_END                                                                                  \
    { NULL, 0, 0, 0 }

/* New dictionary of all fields; NULL: exception. */
PyObject *struct_get(const void *object, const field *fields);
/* Add them to a dictionary. */
bool struct_add(PyObject *dict, const void *object, const field *fields);
/* Keys of the dictionary into the fields; other keys are a TypeError. */
bool struct_set(void *object, const field *fields, PyObject *dict);
/* dict[key] = value; takes the reference, NULL is passed on as failure. */
bool put(PyObject *dict, const char *key, PyObject *value);

/* ---- results of several parts ---------------------------------------------------------------- */
PyObject *design_dict(const mho_neuron_design *design);
PyObject *cost_dict(const mho_chip_cost *cost);
PyObject *param_row(const mho_param_info *info, double value);

/* As begin, for the card of a handle of model.c. NULL: exception. */
const mho_card *begin_card_of(handle *h);

/* ---- parts: each has a method table that ends with NULL ---------------------------------------
 */
extern PyMethodDef array_methods[];
extern PyMethodDef device_methods[];
extern PyMethodDef study_methods[];
extern PyMethodDef learn_methods[];
extern PyMethodDef graph_methods[];
extern PyMethodDef chip_methods[];
extern PyMethodDef model_methods[];
extern PyMethodDef instance_methods[];
extern PyMethodDef lab_methods[];

#endif
