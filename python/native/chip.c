/* chip.c - chips of networks. The kind of the handle is "chip". */
#include "native.h"

#include "mho/mapping.h"

#include <string.h>

static const field stage_fields[] = {FIELD(mho_stage_info, name),
                                     FIELD(mho_stage_info, work),
                                     FIELD(mho_stage_info, end),
                                     FIELD(mho_stage_info, compute),
                                     FIELD(mho_stage_info, out_c),
                                     FIELD(mho_stage_info, out_h),
                                     FIELD(mho_stage_info, out_w),
                                     FIELD(mho_stage_info, n_tile),
                                     FIELD(mho_stage_info, n_cell),
                                     FIELD(mho_stage_info, n_neuron),
                                     FIELD(mho_stage_info, digital),
                                     FIELD(mho_stage_info, n_mac),
                                     FIELD(mho_stage_info, full_scale),
                                     FIELD(mho_stage_info, clipped_frac),
                                     FIELD(mho_stage_info, rms_error_rel),
                                     FIELD(mho_stage_info, correlation),
                                     FIELD_END};

static const field map_fields[] = {
    FIELD(mho_chip_map_info, share_changed), FIELD(mho_chip_map_info, bipolar_input),
    FIELD(mho_chip_map_info, input_scale),   FIELD(mho_chip_map_info, n_sample),
    FIELD(mho_chip_map_info, n_tile),        FIELD(mho_chip_map_info, n_cell),
    FIELD(mho_chip_map_info, n_neuron),      FIELD(mho_chip_map_info, n_digital_stage),
    FIELD(mho_chip_map_info, n_mac),         FIELD_END};

static const field opt_fields[] = {FIELD(mho_map_opt, range), FIELD(mho_map_opt, percentile),
                                   FIELD(mho_map_opt, correct), FIELD(mho_map_opt, exact_relu),
                                   FIELD_END};

static const field program_fields[] = {
    FIELD(mho_program_report, n_array),        FIELD(mho_program_report, n_cell),
    FIELD(mho_program_report, n_neuron),       FIELD(mho_program_report, n_trim_clipped),
    FIELD(mho_program_report, write.attempts), FIELD(mho_program_report, write.error_rel),
    FIELD(mho_program_report, write.energy_J), FIELD(mho_program_report, write.time_s),
    FIELD(mho_program_report, total_s),        FIELD_END};

static const field verify_fields[] = {
    FIELD(mho_chip_verify, n_image),          FIELD(mho_chip_verify, n_current),
    FIELD(mho_chip_verify, n_neuron),         FIELD(mho_chip_verify, array_error_rel),
    FIELD(mho_chip_verify, neuron_error_rel), FIELD(mho_chip_verify, residual_rel),
    FIELD(mho_chip_verify, n_same),           FIELD_END};

static void free_chip(void *object, mho_ctx *ctx) {
    (void)ctx;
    mho_chip_free(object);
}

/* ---- specification: a chip file, and keys by their path ---- */

/* The context is used here with the GIL held: these calls are short. */
static bool failed(handle *h, mho_status status) {
    /* begin and end make the exception; nothing else has touched the context meanwhile */
    return status < 0 && !(begin(h, Py_None) && end(h, status));
}

static bool set_word(handle *h, mho_chip_spec *spec, const char *path, const mho_chip_key *key,
                     const char *word) {
    size_t k = 0;
    char all[256] = "";
    while (key->word[k] && strcmp(key->word[k], word) != 0) {
        size_t n = strlen(all);
        PyOS_snprintf(all + n, sizeof all - n, "%s%s", k ? ", " : "", key->word[k]);
        k++;
    }
    if (!key->word[k]) {
        PyErr_Format(PyExc_ValueError, "%s = %s: allowed are %s", path, word, all);
        return false;
    }
    return !failed(h, mho_chip_word_set(h->ctx, spec, key, k));
}

static bool set_number(handle *h, mho_chip_spec *spec, const char *path, const mho_chip_key *key,
                       PyObject *value) {
    double x = 0;
    if (PyUnicode_Check(value)) {
        char why[160];
        const char *text = PyUnicode_AsUTF8AndSize(value, NULL);
        const char *section;
        mho_param_info info = mho_chip_param_describe(spec, key->param, &section);
        if (!text) {
            return false;
        }
        if (!mho_quantity_parse(text, info.unit, &x, why, sizeof why)) {
            PyErr_Format(PyExc_ValueError, "%s = %s: %s", path, text, why);
            return false;
        }
    } else {
        x = PyFloat_AsDouble(value);
    }
    return !PyErr_Occurred() && !failed(h, mho_chip_param_set(h->ctx, spec, key->param, x));
}

static bool set_key(handle *h, mho_chip_spec *spec, PyObject *name, PyObject *value) {
    const char *given = PyUnicode_AsUTF8AndSize(name, NULL);
    char path[128];
    mho_chip_key key;
    if (!given) {
        return false;
    }
    PyOS_snprintf(path, sizeof path, "%s%s", strncmp(given, "chip.", 5) == 0 ? "" : "chip.", given);
    if (failed(h, mho_chip_key_find(h->ctx, spec, path, &key))) {
        return false;
    }
    if (key.word) {
        const char *word = PyUnicode_AsUTF8AndSize(value, NULL);
        return word && set_word(h, spec, path, &key, word);
    }
    return set_number(h, spec, path, &key, value);
}

/* file: None or a path; keys: dictionary */
static bool get_spec(handle *h, const char *file, PyObject *keys, mho_chip_spec *spec) {
    if (failed(h, file ? mho_chip_spec_load(h->ctx, file, spec)
                       : mho_chip_spec_default(h->ctx, spec))) {
        return false;
    }
    Py_ssize_t place = 0;
    PyObject *key, *value;
    while (PyDict_Next(keys, &place, &key, &value)) {
        if (!set_key(h, spec, key, value)) {
            return false;
        }
    }
    return !failed(h, mho_chip_spec_check(h->ctx, spec));
}

/* (handle, file or None, keys) -> (text of the chip file, rows) */
static PyObject *chip_spec(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    const char *file;
    PyObject *keys;
    mho_chip_spec spec;
    char *text = NULL;
    if (!PyArg_ParseTuple(args, "O&zO!", handle_arg, &h, &file, &PyDict_Type, &keys) ||
        !get_spec(h, file, keys, &spec) || failed(h, mho_chip_spec_write(h->ctx, &spec, &text))) {
        return NULL;
    }
    PyObject *rows = PyList_New(0);
    for (size_t k = 0; rows && k < mho_chip_param_count(); k++) {
        const char *section = "";
        mho_param_info info = mho_chip_param_describe(&spec, k, &section);
        PyObject *row = param_row(&info, mho_chip_param_get(&spec, k));
        if (!row || !put(row, "key", PyUnicode_FromFormat("%s.%s", section, info.key)) ||
            PyList_Append(rows, row) < 0) {
            Py_CLEAR(rows);
        }
        Py_XDECREF(row);
    }
    PyObject *result = rows ? Py_BuildValue("sN", text, rows) : NULL;
    mho_text_free(h->ctx, text);
    return result;
}

/* ---- samples: (x float32, label int32 or None, n, c, h, w) ---- */

typedef struct sample_args {
    numbers x, label;
    Py_ssize_t n, dim[3];
} sample_args;
#define SAMPLE_FORMAT "(O&O&nnnn)"
#define SAMPLE_ARGS(s)                                                                             \
    in_float, &(s).x, in_int, &(s).label, &(s).n, &(s).dim[0], &(s).dim[1], &(s).dim[2]

static bool sample_fits(const sample_args *s) {
    size_t n = 1;
    const Py_ssize_t side[4] = {s->n, s->dim[0], s->dim[1], s->dim[2]};
    for (int k = 0; k < 4; k++) {
        if (side[k] < 1 || (size_t)side[k] > ((size_t)1 << 48) / n) {
            PyErr_Format(PyExc_ValueError, "samples: %zd x %zd x %zd x %zd is not a shape", s->n,
                         s->dim[0], s->dim[1], s->dim[2]);
            return false;
        }
        n *= (size_t)side[k];
    }
    return want(&s->x, n, "samples") && (!s->label.at || want(&s->label, (size_t)s->n, "labels"));
}

static mho_status make_samples(handle *h, const sample_args *s, mho_samples **out) {
    return mho_samples_new(h->ctx, (size_t)s->n, (size_t)s->dim[0], (size_t)s->dim[1],
                           (size_t)s->dim[2], s->x.at, s->label.at, out);
}

static void release_samples(sample_args *s) {
    release(2, (numbers *const[]){&s->x, &s->label});
}

/* ---- chips ---- */

static mho_chip *begin_chip(handle *h, PyObject *progress) {
    if (!begin(h, progress)) {
        return NULL;
    }
    if (h->object && strcmp(h->kind, "chip") == 0) {
        return h->object;
    }
    end(h, MHO_OK);
    PyErr_SetString(PyExc_ValueError, "the chip is closed");
    return NULL;
}

/* The network's handle must be held too: its context notes errors. Its lock is taken second and
 * nobody takes them in the other order. */
static mho_status new_chip(handle *h, handle *net, const mho_chip_spec *spec,
                           const mho_map_opt *opt, const sample_args *s) {
    mho_samples *samples = NULL;
    mho_chip *chip = NULL;
    mho_status status = s->x.at ? make_samples(h, s, &samples) : MHO_OK;
    pthread_mutex_lock(&net->lock);
    if (status >= 0 && net->object && strcmp(net->kind, "network") == 0) {
        status = mho_chip_new_graph(h->ctx, spec, net->object, samples, opt, &chip);
    }
    pthread_mutex_unlock(&net->lock);
    mho_samples_free(samples);
    if (chip) {
        handle_attach(h, "chip", chip, free_chip);
    }
    return status;
}

/* (handle, progress, network's handle, chip file or None, keys, options, samples or x None) */
static PyObject *chip_new(PyObject *self, PyObject *args) {
    (void)self;
    handle *h, *net;
    PyObject *progress, *keys, *options;
    const char *file;
    sample_args s = {.n = 0};
    if (!PyArg_ParseTuple(args, "O&OO&zO!O!" SAMPLE_FORMAT, handle_arg, &h, &progress, handle_arg,
                          &net, &file, &PyDict_Type, &keys, &PyDict_Type, &options,
                          SAMPLE_ARGS(s))) {
        return NULL;
    }
    mho_chip_spec spec;
    mho_map_opt opt = MHO_MAP_OPT_INIT;
    PyObject *result = NULL;
    if (h != net && get_spec(h, file, keys, &spec) && struct_set(&opt, opt_fields, options) &&
        (!s.x.at || sample_fits(&s)) && begin(h, progress)) {
        mho_status status = new_chip(h, net, &spec, &opt, &s);
        if (end(h, status)) {
            result = h->object ? Py_BuildValue("")
                               : PyErr_Format(PyExc_ValueError, "the network is closed");
        }
    }
    release_samples(&s);
    return result;
}

static PyObject *stage_list(mho_chip *chip, mho_ctx *ctx) {
    (void)ctx;
    PyObject *list = PyList_New(0);
    for (size_t k = 0; list && k < mho_chip_n_stage(chip); k++) {
        mho_stage_info info;
        PyObject *row = mho_chip_stage(chip, k, &info) == MHO_OK ? struct_get(&info, stage_fields)
                                                                 : PyDict_New();
        if (!row || PyList_Append(list, row) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(row);
    }
    return list;
}

static PyObject *note_list(const mho_chip *chip) {
    PyObject *list = PyList_New(0);
    for (size_t k = 0; list && k < mho_chip_n_note(chip); k++) {
        PyObject *row = PyUnicode_FromString(mho_chip_note(chip, k));
        if (!row || PyList_Append(list, row) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(row);
    }
    return list;
}

/* (handle) -> (map, stages, notes, neuron design, n_score) */
static PyObject *chip_info(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    mho_chip *chip = NULL;
    if (!PyArg_ParseTuple(args, "O&", handle_arg, &h) || !(chip = begin_chip(h, Py_None)) ||
        !end(h, MHO_OK)) {
        return NULL;
    }
    mho_chip_map_info map = mho_chip_map(chip);
    return Py_BuildValue("NNNNn", struct_get(&map, map_fields), stage_list(chip, h->ctx),
                         note_list(chip), design_dict(mho_chip_neuron(chip)),
                         (Py_ssize_t)mho_chip_n_score(chip));
}

/* (handle, progress, seed, instance, imperfections, samples to calibrate with or x None) -> report */
static PyObject *chip_program(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    PyObject *progress;
    unsigned long long seed;
    unsigned instance, imperfections;
    sample_args s = {.n = 0};
    if (!PyArg_ParseTuple(args, "O&OKII" SAMPLE_FORMAT, handle_arg, &h, &progress, &seed, &instance,
                          &imperfections, SAMPLE_ARGS(s))) {
        return NULL;
    }
    mho_program_report rep;
    PyObject *result = NULL;
    mho_chip *chip = !s.x.at || sample_fits(&s) ? begin_chip(h, progress) : NULL;
    if (chip) {
        mho_samples *samples = NULL;
        mho_status status = mho_chip_program(chip, seed, instance, imperfections, &rep);
        if (status >= 0 && s.x.at) {
            status = make_samples(h, &s, &samples);
            status = status < 0 ? status : mho_chip_calibrate_samples(chip, samples, 0, NULL);
        }
        mho_samples_free(samples);
        result = end(h, status) ? struct_get(&rep, program_fields) : NULL;
    }
    release_samples(&s);
    return result;
}

/* (handle, progress, samples, predictions out int32, scores out float32) -> accuracy */
static PyObject *chip_run(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    PyObject *progress;
    sample_args s = {.n = 0};
    numbers predictions = {.n = 0}, scores = {.n = 0};
    if (!PyArg_ParseTuple(args, "O&O" SAMPLE_FORMAT "O&O&", handle_arg, &h, &progress,
                          SAMPLE_ARGS(s), out_int, &predictions, out_float, &scores)) {
        return NULL;
    }
    PyObject *result = NULL;
    mho_chip *chip = sample_fits(&s) ? begin_chip(h, progress) : NULL;
    if (chip) {
        size_t n = (size_t)s.n, n_score = n * mho_chip_n_score(chip);
        bool fits = predictions.n == n && scores.n == n_score;
        mho_samples *samples = NULL;
        double accuracy = 0;
        mho_status status = fits ? make_samples(h, &s, &samples) : MHO_OK;
        if (fits && status >= 0) {
            status = mho_chip_evaluate_samples(chip, samples, predictions.at, scores.at, &accuracy);
        }
        mho_samples_free(samples);
        if (end(h, status)) {
            result = fits ? PyFloat_FromDouble(accuracy)
                          : PyErr_Format(PyExc_ValueError, "lengths of arrays do not fit");
        }
    }
    release_samples(&s);
    release(2, (numbers *const[]){&predictions, &scores});
    return result;
}

/* (handle, progress, samples, n, seed, what): what "cost", "check" or "compare" */
static PyObject *chip_measure(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    PyObject *progress;
    sample_args s = {.n = 0};
    Py_ssize_t n;
    unsigned long long seed;
    const char *what;
    numbers error = {.n = 0}, correlation = {.n = 0};
    if (!PyArg_ParseTuple(args, "O&O" SAMPLE_FORMAT "nKsO&O&", handle_arg, &h, &progress,
                          SAMPLE_ARGS(s), &n, &seed, &what, out_double, &error, out_double,
                          &correlation)) {
        return NULL;
    }
    PyObject *result = NULL;
    mho_chip *chip = n > 0 && sample_fits(&s) ? begin_chip(h, progress) : NULL;
    if (chip) {
        mho_samples *samples = NULL;
        mho_chip_cost cost;
        mho_chip_verify verify;
        size_t n_stage = mho_chip_n_stage(chip);
        bool compare = error.n == n_stage && correlation.n == n_stage;
        mho_status status = make_samples(h, &s, &samples);
        if (status >= 0 && strcmp(what, "cost") == 0) {
            status = mho_chip_cost_samples(chip, samples, (size_t)n, &cost);
        } else if (status >= 0 && strcmp(what, "check") == 0) {
            status = mho_chip_check_samples(chip, samples, (size_t)n, seed, &verify);
        } else if (status >= 0 && compare) {
            status = mho_chip_compare(chip, samples, (size_t)n, error.at, correlation.at);
        }
        mho_samples_free(samples);
        if (end(h, status)) {
            result = strcmp(what, "cost") == 0    ? cost_dict(&cost)
                     : strcmp(what, "check") == 0 ? struct_get(&verify, verify_fields)
                                                  : Py_BuildValue("");
        }
    } else if (!PyErr_Occurred()) {
        PyErr_SetString(PyExc_ValueError, "n: 1 sample or more is wanted");
    }
    release_samples(&s);
    release(2, (numbers *const[]){&error, &correlation});
    return result;
}

/* () -> list of (name, text) by bit */
static PyObject *chip_imperfections(PyObject *self, PyObject *args) {
    (void)self;
    (void)args;
    PyObject *list = PyList_New(0);
    for (int bit = 0; list && bit < MHO_IMP_COUNT; bit++) {
        PyObject *row = Py_BuildValue("ss", mho_imperfection_name(bit), mho_imperfection_text(bit));
        if (!row || PyList_Append(list, row) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(row);
    }
    return list;
}

PyMethodDef chip_methods[] = {{"chip_spec", chip_spec, METH_VARARGS, NULL},
                              {"chip_new", chip_new, METH_VARARGS, NULL},
                              {"chip_info", chip_info, METH_VARARGS, NULL},
                              {"chip_program", chip_program, METH_VARARGS, NULL},
                              {"chip_run", chip_run, METH_VARARGS, NULL},
                              {"chip_measure", chip_measure, METH_VARARGS, NULL},
                              {"chip_imperfections", chip_imperfections, METH_NOARGS, NULL},
                              {NULL, NULL, 0, NULL}};
