/* model.c - device models by name, their cards, many devices of a card, curves, transients. Kinds
 * of handles: "card" and "device". A device keeps the handle of its card, whose model it uses. */
#include "native.h"

#include <stdlib.h>
#include <string.h>

/* ---- cards ---- */

typedef struct card {
    mho_model *outside; /* NULL for a built-in model */
    const mho_ext_model *model;
    mho_card *card;
} card;

static void free_card(void *object, mho_ctx *ctx) {
    (void)ctx;
    card *c = object;
    mho_card_free(c->card);
    mho_model_free(c->outside);
    free(c);
}

static bool ends_in(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static mho_status open_card(handle *h, card *c, const char *model, const char *name) {
    mho_status status = MHO_OK;
    if (ends_in(model, ".so")) {
        status = mho_model_load(h->ctx, model, &c->outside);
    } else if (ends_in(model, ".csv")) {
        status = mho_model_table(h->ctx, model, &c->outside);
    } else {
        status = mho_model_find(h->ctx, model, &c->model);
    }
    if (status < 0) {
        return status;
    }
    c->model = c->outside ? mho_model_ext(c->outside) : c->model;
    return ends_in(name, ".yaml") || ends_in(name, ".yml")
               ? mho_card_load(h->ctx, c->model, name, &c->card)
               : mho_card_new(h->ctx, c->model, name, &c->card);
}

/* (handle, model or file .so or .csv, card or file .yaml, "" the default) */
static PyObject *card_new(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    const char *model, *name;
    if (!PyArg_ParseTuple(args, "O&ss", handle_arg, &h, &model, &name)) {
        return NULL;
    }
    card *c = calloc(1, sizeof *c);
    if (!c) {
        return PyErr_NoMemory();
    }
    if (!begin(h, Py_None)) {
        free(c);
        return NULL;
    }
    mho_status status = open_card(h, c, model, name);
    if (status < 0) {
        free_card(c, h->ctx);
    } else {
        handle_attach(h, "card", c, free_card);
    }
    return end(h, status) ? Py_BuildValue("") : NULL;
}

static card *begin_card(handle *h, PyObject *progress) {
    if (!begin(h, progress)) {
        return NULL;
    }
    if (h->object && strcmp(h->kind, "card") == 0) {
        return h->object;
    }
    end(h, MHO_OK);
    PyErr_SetString(PyExc_ValueError, "the device is closed");
    return NULL;
}

const mho_card *begin_card_of(handle *h) {
    card *c = begin_card(h, Py_None);
    return c ? c->card : NULL;
}

/* (handle, key, number or text with a unit) */
static PyObject *card_set(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    const char *key;
    PyObject *value;
    char text[256] = "";
    double x = 0;
    if (!PyArg_ParseTuple(args, "O&sO", handle_arg, &h, &key, &value)) {
        return NULL;
    }
    bool words = PyUnicode_Check(value);
    if (words) {
        const char *v = PyUnicode_AsUTF8AndSize(value, NULL);
        PyOS_snprintf(text, sizeof text, "%s=%s", key, v ? v : "");
    } else {
        x = PyFloat_AsDouble(value);
    }
    card *c = PyErr_Occurred() ? NULL : begin_card(h, Py_None);
    if (!c) {
        return NULL;
    }
    size_t row = 0;
    while (row < c->model->n_param && strcmp(c->model->param[row].key, key) != 0) {
        row++; /* with its unit */
    }
    row = row < c->model->n_param ? row : mho_card_row(c->model, key);
    mho_status status = MHO_OK;
    bool known = true;
    if (words) {
        status = mho_card_set_text(h->ctx, c->card, text);
    } else if (row < c->model->n_param) {
        status = mho_card_set(h->ctx, c->card, row, x, 0, NULL);
    } else {
        known = false;
    }
    if (status == MHO_OK && known) {
        status = mho_card_check(h->ctx, c->card);
    }
    if (!end(h, status)) {
        return NULL;
    }
    return known
               ? Py_BuildValue("")
               : PyErr_Format(PyExc_TypeError, "%s is not a parameter of %s", key, c->model->name);
}

static PyObject *card_row(const card *c, size_t k) {
    const mho_ext_param *p = &c->model->param[k];
    char mark[2] = {mho_card_mark(c->card, k), 0}, text[64];
    const char *source = mho_card_source(c->card, k);
    double value = mho_card_values(c->card)[k];
    mho_card_text(c->model, k, value, 4, text, sizeof text);
    return Py_BuildValue("{s:s,s:d,s:s,s:d,s:d,s:s,s:s,s:s,s:s}", "key", p->key, "value", value,
                         "unit", p->unit, "min", p->min, "max", p->max, "mark", mark, "source",
                         source ? source : "", "help", p->help, "text", text);
}

static bool add(PyObject *list, PyObject *row) {
    bool good = row && PyList_Append(list, row) == 0;
    Py_XDECREF(row);
    return good;
}

/* (handle) -> list of parameter rows */
static PyObject *card_table(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    card *c = NULL;
    if (!PyArg_ParseTuple(args, "O&", handle_arg, &h) || !(c = begin_card(h, Py_None)) ||
        !end(h, MHO_OK)) {
        return NULL;
    }
    PyObject *list = PyList_New(0);
    for (size_t k = 0; list && k < c->model->n_param; k++) {
        if (!add(list, card_row(c, k))) {
            Py_CLEAR(list);
        }
    }
    return list;
}

static PyObject *port_lists(const mho_ext_model *m) {
    PyObject *in = PyList_New(0), *state = PyList_New(0), *out = PyList_New(0);
    PyObject *cards = PyList_New(0);
    bool good = in && state && out && cards;
    for (size_t k = 0; good && k < m->n_input; k++) {
        const mho_ext_input *u = &m->input[k];
        good =
            add(in, Py_BuildValue("(sssddd)", u->key, u->unit, u->help, u->start, u->min, u->max));
    }
    for (size_t k = 0; good && k < m->n_state; k++) {
        good =
            add(state, Py_BuildValue("(sss)", m->state[k].key, m->state[k].unit, m->state[k].help));
    }
    for (size_t k = 0; good && k < m->n_output; k++) {
        good = add(out,
                   Py_BuildValue("(sss)", m->output[k].key, m->output[k].unit, m->output[k].help));
    }
    for (size_t k = 0; good && k < m->n_card; k++) {
        good = add(cards, Py_BuildValue("(ss)", m->card[k].name, m->card[k].summary));
    }
    if (!good) {
        Py_XDECREF(in);
        Py_XDECREF(state);
        Py_XDECREF(out);
        Py_XDECREF(cards);
        return NULL;
    }
    return Py_BuildValue("{s:s,s:s,s:s,s:s,s:n,s:N,s:N,s:N,s:N}", "name", m->name, "summary",
                         m->summary, "equations", m->equations, "source", m->source, "n_port",
                         (Py_ssize_t)m->n_port, "inputs", in, "states", state, "outputs", out,
                         "cards", cards);
}

/* (handle) -> what the model is */
static PyObject *card_model(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    card *c = NULL;
    if (!PyArg_ParseTuple(args, "O&", handle_arg, &h) || !(c = begin_card(h, Py_None)) ||
        !end(h, MHO_OK)) {
        return NULL;
    }
    return port_lists(c->model);
}

/* (handle) -> text of the card file */
static PyObject *card_write(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    card *c = NULL;
    char *text = NULL;
    if (!PyArg_ParseTuple(args, "O&", handle_arg, &h) || !(c = begin_card(h, Py_None))) {
        return NULL;
    }
    mho_status status = mho_card_write(h->ctx, c->card, &text);
    PyObject *result = end(h, status) ? PyUnicode_FromString(text) : NULL;
    mho_text_free(h->ctx, text);
    return result;
}

/* () -> list of (name, summary) */
static PyObject *model_list(PyObject *self, PyObject *args) {
    (void)self;
    (void)args;
    PyObject *list = PyList_New(0);
    for (size_t k = 0; list && k < mho_model_count(); k++) {
        const mho_ext_model *m = mho_model_get(k);
        if (!add(list, Py_BuildValue("(ss)", m->name, m->summary))) {
            Py_CLEAR(list);
        }
    }
    return list;
}

/* ---- transients: one device behind a resistor ---- */

static const field run_fields[] = {FIELD(mho_model_run, energy.source_J),
                                   FIELD(mho_model_run, energy.series_J),
                                   FIELD(mho_model_run, energy.stored_cap_J),
                                   FIELD(mho_model_run, energy.port_J),
                                   FIELD(mho_model_run, energy.taken_J),
                                   FIELD(mho_model_run, energy.given_J),
                                   FIELD(mho_model_run, energy.stored_J),
                                   FIELD(mho_model_run, energy.circuit_residual_rel),
                                   FIELD(mho_model_run, energy.device_residual_rel),
                                   FIELD(mho_model_run, n_spike),
                                   FIELD(mho_model_run, frequency_Hz),
                                   FIELD(mho_model_run, rep.n_step),
                                   FIELD(mho_model_run, rep.n_reversal),
                                   FIELD(mho_model_run, rep.wall_s),
                                   FIELD_END};

/* [(name, unit, bytes)] */
static PyObject *trace_list(const mho_trace *trace) {
    PyObject *list = PyList_New(0);
    for (size_t k = 0; list && k < mho_trace_columns(trace); k++) {
        PyObject *data =
            copy_out(mho_trace_column(trace, k), mho_trace_rows(trace), sizeof(double));
        if (!data || !add(list, Py_BuildValue("(ssN)", mho_trace_name(trace, k),
                                              mho_trace_unit(trace, k), data))) {
            Py_CLEAR(list);
        }
    }
    return list;
}

enum { MAX_WAVE = MHO_EXT_MAX_INPUT + 1 };

/* waves: [(input or -1 for the source, t_s, v)] */
typedef struct wave_args {
    numbers t[MAX_WAVE], v[MAX_WAVE];
    mho_model_input input[MAX_WAVE];
    size_t n;
} wave_args;

static bool get_waves(PyObject *list, wave_args *w, mho_model_drive *drive) {
    Py_ssize_t n = PyList_Size(list);
    if (n < 1 || n > MAX_WAVE) {
        PyErr_SetString(PyExc_ValueError, "too many waveforms");
        return false;
    }
    for (Py_ssize_t k = 0; k < n; k++) {
        int input;
        numbers *t = &w->t[k], *v = &w->v[k];
        if (!PyArg_ParseTuple(PyList_GetItem(list, k), "iO&O&", &input, in_double, t, in_double,
                              v) ||
            !want(v, t->n, "values of a waveform")) {
            return false;
        }
        mho_waveform wave = {t->n, t->at, v->at};
        if (input < 0) {
            drive->source_V = wave;
        } else {
            w->input[w->n++] = (mho_model_input){(size_t)input, wave};
        }
    }
    drive->n_input = w->n;
    drive->input = w->input;
    return true;
}

/* (handle, progress, waves, port, r_series_ohm, c_parallel_F, stop_s, n_sample, tol_rel) ->
 * (run, trace) */
static PyObject *card_simulate(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    PyObject *progress, *waves, *result = NULL;
    Py_ssize_t port, n_sample;
    mho_model_drive drive;
    mho_transient_opt opt = MHO_TRANSIENT_OPT_INIT;
    memset(&drive, 0, sizeof drive);
    if (!PyArg_ParseTuple(args, "O&OO!ndddnd", handle_arg, &h, &progress, &PyList_Type, &waves,
                          &port, &drive.r_series_ohm, &drive.c_parallel_F, &drive.stop_s, &n_sample,
                          &opt.tol_rel)) {
        return NULL;
    }
    drive.port = (size_t)port;
    opt.n_sample = (size_t)n_sample;
    wave_args w = {.n = 0};
    card *c = get_waves(waves, &w, &drive) ? begin_card(h, progress) : NULL;
    if (c) {
        mho_model_run run;
        mho_trace *trace = NULL;
        memset(&run, 0, sizeof run);
        mho_status status = mho_model_simulate(h->ctx, c->card, &drive, &opt, &run, &trace);
        if (end(h, status)) {
            PyObject *list = trace_list(trace);
            PyObject *dict = struct_get(&run, run_fields);
            result = list && dict ? Py_BuildValue("NN", dict, list) : NULL;
        }
        mho_trace_free(trace);
    }
    for (size_t k = 0; k < MAX_WAVE; k++) {
        release(2, (numbers *const[]){&w.t[k], &w.v[k]});
    }
    return result;
}

/* ---- curves of the bench ---- */

/* (handle) -> [(name, help, abscissa, unit)] */
static PyObject *card_curves(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    card *c = NULL;
    if (!PyArg_ParseTuple(args, "O&", handle_arg, &h) || !(c = begin_card(h, Py_None)) ||
        !end(h, MHO_OK)) {
        return NULL;
    }
    PyObject *list = PyList_New(0);
    const mho_curve_info *info;
    for (size_t k = 0; list && (info = mho_curve_of(c->model, k)) != NULL; k++) {
        if (!add(list,
                 Py_BuildValue("(ssss)", info->name, info->help, info->abscissa, info->unit))) {
            Py_CLEAR(list);
        }
    }
    return list;
}

static PyObject *curve_tuple(const mho_curve *curve) {
    PyObject *columns = PyList_New(0), *traces = PyList_New(0), *notes = PyList_New(0);
    bool good = columns && traces && notes;
    for (size_t k = 0; good && k < curve->n_col; k++) {
        good = add(columns, Py_BuildValue("(ss)", curve->col[k].name, curve->col[k].unit));
    }
    for (size_t k = 0; good && k < curve->n_trace; k++) {
        size_t first = curve->start[k], n = curve->start[k + 1] - first;
        good = add(traces, Py_BuildValue("(sN)", curve->trace[k],
                                         copy_out(curve->value + first * curve->n_col,
                                                  n * curve->n_col, sizeof(double))));
    }
    for (size_t k = 0; good && k < curve->n_note; k++) {
        good = add(notes, PyUnicode_FromString(curve->note[k]));
    }
    if (!good) {
        Py_XDECREF(columns);
        Py_XDECREF(traces);
        Py_XDECREF(notes);
        return NULL;
    }
    return Py_BuildValue("sNNN", curve->title, columns, traces, notes);
}

static const field curve_fields[] = {FIELD(mho_curve_options, from),
                                     FIELD(mho_curve_options, to),
                                     FIELD(mho_curve_options, n_point),
                                     FIELD(mho_curve_options, n_device),
                                     FIELD(mho_curve_options, seed),
                                     FIELD(mho_curve_options, period_s),
                                     FIELD_END};

/* (handle, progress, name, options) -> (title, columns, traces, notes) */
static PyObject *card_curve(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    PyObject *progress, *options;
    const char *name;
    card *c = NULL;
    mho_curve_options opt = mho_curve_options_default();
    if (!PyArg_ParseTuple(args, "O&OsO!", handle_arg, &h, &progress, &name, &PyDict_Type,
                          &options) ||
        !struct_set(&opt, curve_fields, options) || !(c = begin_card(h, progress))) {
        return NULL;
    }
    mho_curve *curve = NULL;
    mho_status status = mho_curve_make(h->ctx, c->card, name, &opt, &curve);
    PyObject *result = end(h, status) && curve ? curve_tuple(curve) : NULL;
    mho_curve_free(curve);
    return result;
}

PyMethodDef model_methods[] = {{"model_list", model_list, METH_NOARGS, NULL},
                               {"card_new", card_new, METH_VARARGS, NULL},
                               {"card_set", card_set, METH_VARARGS, NULL},
                               {"card_table", card_table, METH_VARARGS, NULL},
                               {"card_model", card_model, METH_VARARGS, NULL},
                               {"card_write", card_write, METH_VARARGS, NULL},
                               {"card_simulate", card_simulate, METH_VARARGS, NULL},
                               {"card_curves", card_curves, METH_VARARGS, NULL},
                               {"card_curve", card_curve, METH_VARARGS, NULL},
                               {NULL, NULL, 0, NULL}};
