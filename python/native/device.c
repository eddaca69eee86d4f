/* device.c - the Mott neuron: card, design, transfer curve, devices of a seed. */
#include "native.h"

#include <string.h>

static const field param_fields[] = {
#define NEURON_FIELD(key, unit, lo, hi, u, t, n, marks, su, st, sn, help)                          \
    FIELD(mho_neuron_param, key),
    MHO_NEURON_PARAM_LIST(NEURON_FIELD)
#undef NEURON_FIELD
        FIELD(mho_neuron_param, mixing),
    FIELD_END};

static const field circuit_fields[] = {FIELD(mho_neuron_circuit, v_max_V),
                                       FIELD(mho_neuron_circuit, v_bias_V),
                                       FIELD(mho_neuron_circuit, v_swing_V),
                                       FIELD(mho_neuron_circuit, r_series_ohm),
                                       FIELD(mho_neuron_circuit, r_load_ohm),
                                       FIELD(mho_neuron_circuit, v_read_V),
                                       FIELD_END};

static const field design_fields[] = {
    FIELD(mho_neuron_design, rise_bias_K),    FIELD(mho_neuron_design, rise_full_K),
    FIELD(mho_neuron_design, relu_error_rel), FIELD(mho_neuron_design, memory_rel),
    FIELD(mho_neuron_design, v_span_V),       FIELD(mho_neuron_design, floor_rel),
    FIELD(mho_neuron_design, tau_s),          FIELD(mho_neuron_design, settle_s),
    FIELD(mho_neuron_design, reset_s),        FIELD(mho_neuron_design, read_s),
    FIELD(mho_neuron_design, energy_J),       FIELD_END};

PyObject *design_dict(const mho_neuron_design *design) {
    PyObject *dict = struct_get(design, design_fields);
    if (dict && !put(dict, "circuit", struct_get(&design->circuit, circuit_fields))) {
        Py_CLEAR(dict);
    }
    return dict;
}

/* ---- parameters ---- */

/* (handle, card) -> dictionary */
static PyObject *neuron_card(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    const char *card;
    if (!PyArg_ParseTuple(args, "O&s", handle_arg, &h, &card) || !begin(h, Py_None)) {
        return NULL;
    }
    mho_neuron_param param;
    memset(&param, 0, sizeof param);
    mho_status status = mho_neuron_card(h->ctx, card, &param);
    return end(h, status) ? struct_get(&param, param_fields) : NULL;
}

PyObject *param_row(const mho_param_info *info, double value) {
    char mark[2] = {info->mark, 0};
    return Py_BuildValue("{s:s,s:d,s:s,s:d,s:d,s:s,s:s,s:s}", "key", info->key, "value", value,
                         "unit", info->unit ? info->unit : "", "min", info->min, "max", info->max,
                         "mark", mark, "source", info->source ? info->source : "", "help",
                         info->help ? info->help : "");
}

/* Dictionary of numbers to a structure, each checked against its range. */
static bool get_param(handle *h, PyObject *dict, mho_neuron_param *param) {
    memset(param, 0, sizeof *param);
    if (!struct_set(param, param_fields, dict) || !begin(h, Py_None)) {
        return false;
    }
    mho_status status = MHO_OK;
    for (size_t k = 0; k < mho_neuron_param_count() && status == MHO_OK; k++) {
        status = mho_neuron_param_set(h->ctx, param, k, mho_neuron_param_get(param, k));
    }
    return end(h, status);
}

/* (handle, parameters, card) -> list of rows */
static PyObject *neuron_table(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    PyObject *dict;
    const char *card;
    mho_neuron_param param;
    if (!PyArg_ParseTuple(args, "O&O!s", handle_arg, &h, &PyDict_Type, &dict, &card) ||
        !get_param(h, dict, &param)) {
        return NULL;
    }
    PyObject *list = PyList_New(0);
    for (size_t k = 0; list && k < mho_neuron_param_count(); k++) {
        mho_param_info info = mho_neuron_param_describe(k, card);
        PyObject *row = param_row(&info, mho_neuron_param_get(&param, k));
        if (!row || PyList_Append(list, row) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(row);
    }
    return list;
}

/* ---- design and curves ---- */

/* (handle, parameters, v_max_V, z_max) -> dictionary */
static PyObject *neuron_design(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    PyObject *dict;
    double v_max_V, z_max;
    mho_neuron_param param;
    if (!PyArg_ParseTuple(args, "O&O!dd", handle_arg, &h, &PyDict_Type, &dict, &v_max_V, &z_max) ||
        !get_param(h, dict, &param) || !begin(h, Py_None)) {
        return NULL;
    }
    mho_neuron_design design;
    mho_status status = mho_neuron_design_relu(h->ctx, &param, v_max_V, z_max, &design);
    return end(h, status) ? design_dict(&design) : NULL;
}

/* (handle, parameters, circuit, v_in_V, v_out_V out, t_K out, device or None): device 7 numbers */
static PyObject *neuron_output(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    PyObject *param_dict, *circuit_dict;
    mho_neuron_param param;
    mho_neuron_circuit circuit;
    mho_neuron_device device = {0};
    numbers v = {.n = 0}, out = {.n = 0}, t = {.n = 0}, dev = {.n = 0};
    if (!PyArg_ParseTuple(args, "O&O!O!O&O&O&O&", handle_arg, &h, &PyDict_Type, &param_dict,
                          &PyDict_Type, &circuit_dict, in_double, &v, out_double, &out, out_double,
                          &t, in_double, &dev)) {
        return NULL;
    }
    memset(&circuit, 0, sizeof circuit);
    bool good = get_param(h, param_dict, &param) &&
                struct_set(&circuit, circuit_fields, circuit_dict) && want(&out, v.n, "v_out_V") &&
                want(&t, v.n, "t_K") &&
                (!dev.at || want(&dev, sizeof device / sizeof(double), "device"));
    if (good && (good = begin(h, Py_None))) {
        if (dev.at) {
            memcpy(&device, dev.at, sizeof device);
        }
        mho_status status = MHO_OK;
        for (size_t k = 0; k < v.n && status >= 0; k++) {
            status = mho_neuron_output(h->ctx, &param, &circuit, &device, ((double *)v.at)[k],
                                       (double *)out.at + k, (double *)t.at + k);
        }
        good = end(h, status);
    }
    release(4, (numbers *const[]){&v, &out, &t, &dev});
    return good ? Py_BuildValue("") : NULL;
}

/* (handle, parameters, seed, first, device out [n][7]) */
static PyObject *neuron_sample(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    PyObject *dict;
    unsigned long long seed;
    Py_ssize_t first;
    mho_neuron_param param;
    numbers out = {.n = 0};
    if (!PyArg_ParseTuple(args, "O&O!KnO&", handle_arg, &h, &PyDict_Type, &dict, &seed, &first,
                          out_double, &out)) {
        return NULL;
    }
    size_t n = out.n / (sizeof(mho_neuron_device) / sizeof(double));
    bool good = get_param(h, dict, &param) &&
                want(&out, n * (sizeof(mho_neuron_device) / sizeof(double)), "devices");
    if (good && (good = begin(h, Py_None))) {
        mho_neuron_sample(&param, seed, (size_t)first, n, out.at);
        good = end(h, MHO_OK);
    }
    release(1, (numbers *const[]){&out});
    return good ? Py_BuildValue("") : NULL;
}

PyMethodDef device_methods[] = {{"neuron_card", neuron_card, METH_VARARGS, NULL},
                                {"neuron_table", neuron_table, METH_VARARGS, NULL},
                                {"neuron_design", neuron_design, METH_VARARGS, NULL},
                                {"neuron_output", neuron_output, METH_VARARGS, NULL},
                                {"neuron_sample", neuron_sample, METH_VARARGS, NULL},
                                {NULL, NULL, 0, NULL}};
