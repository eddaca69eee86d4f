/* study.c - the main job: LeNet-5 on chips of Mott neurons. */
#include "native.h"

#include <string.h>

static const field opt_fields[] = {FIELD(mho_run_opt, n_chip),
                                   FIELD(mho_run_opt, n_budget_chip),
                                   FIELD(mho_run_opt, n_image),
                                   FIELD(mho_run_opt, n_verify),
                                   FIELD(mho_run_opt, n_epoch),
                                   FIELD(mho_run_opt, seed),
                                   FIELD_END};

static const field result_fields[] = {FIELD(mho_run_result, data_name),
                                      FIELD(mho_run_result, seed),
                                      FIELD(mho_run_result, n_train),
                                      FIELD(mho_run_result, n_image),
                                      FIELD(mho_run_result, n_class),
                                      FIELD(mho_run_result, software_accuracy),
                                      FIELD(mho_run_result, curve_accuracy),
                                      FIELD(mho_run_result, ideal_accuracy),
                                      FIELD(mho_run_result, mean),
                                      FIELD(mho_run_result, sd),
                                      FIELD_LIST(mho_run_result, ci95, 2),
                                      FIELD(mho_run_result, no_trim_accuracy),
                                      FIELD(mho_run_result, no_compensate_accuracy),
                                      FIELD(mho_run_result, z_min),
                                      FIELD(mho_run_result, z_max),
                                      FIELD(mho_run_result, total_s),
                                      FIELD(mho_run_result, published_accuracy),
                                      FIELD(mho_run_result, published_source),
                                      FIELD_END};

static const field budget_fields[] = {FIELD(mho_budget_row, name),
                                      FIELD(mho_budget_row, text),
                                      FIELD(mho_budget_row, only),
                                      FIELD(mho_budget_row, all_but),
                                      FIELD(mho_budget_row, only_sd),
                                      FIELD(mho_budget_row, all_but_sd),
                                      FIELD_END};

static const field cost_fields[] = {
    FIELD(mho_chip_cost, neuron_energy_J), FIELD(mho_chip_cost, neuron_area_m2),
    FIELD(mho_chip_cost, pipelined_s), FIELD(mho_chip_cost, n_activation), FIELD_END};

static PyObject *cost_sum(const mho_cost_sum *sum) {
    PyObject *parts = PyDict_New();
    for (size_t k = 0; parts && k < sum->n_part; k++) {
        if (!put(parts, sum->part[k].name, PyFloat_FromDouble(sum->part[k].value))) {
            Py_CLEAR(parts);
        }
    }
    return parts ? Py_BuildValue("dN", sum->total, parts) : NULL;
}

PyObject *cost_dict(const mho_chip_cost *cost) {
    PyObject *dict = struct_get(cost, cost_fields);
    if (dict && !(put(dict, "energy_J", cost_sum(&cost->energy_J)) &&
                  put(dict, "latency_s", cost_sum(&cost->latency_s)) &&
                  put(dict, "area_m2", cost_sum(&cost->area_m2)))) {
        Py_CLEAR(dict);
    }
    return dict;
}

static PyObject *budget_list(const mho_run_result *r) {
    PyObject *list = PyList_New(0);
    for (size_t k = 0; list && k < r->n_budget; k++) {
        PyObject *row = struct_get(&r->budget[k], budget_fields);
        if (!row || PyList_Append(list, row) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(row);
    }
    return list;
}

static PyObject *result_dict(const mho_run_result *r) {
    PyObject *dict = struct_get(r, result_fields);
    if (dict &&
        !(put(dict, "chip_accuracy", copy_out(r->chip_accuracy, r->n_chip, sizeof(double))) &&
          put(dict, "confusion",
              copy_out(r->confusion, r->n_class * r->n_class, sizeof *r->confusion)) &&
          put(dict, "nominal", copy_out(r->nominal, MHO_RUN_N_POINT, sizeof(float))) &&
          put(dict, "curves", copy_out(r->curve, r->n_curve * MHO_RUN_N_POINT, sizeof(float))) &&
          put(dict, "budget", budget_list(r)) && put(dict, "cost", cost_dict(&r->cost)))) {
        Py_CLEAR(dict);
    }
    return dict;
}

/* (handle, progress, data directory or None, chip file or None, report or None, options) */
static PyObject *run_lenet5(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    PyObject *progress, *options;
    const char *report;
    mho_run_opt opt = MHO_RUN_OPT_INIT;
    if (!PyArg_ParseTuple(args, "O&OzzzO!", handle_arg, &h, &progress, &opt.data_dir,
                          &opt.chip_file, &report, &PyDict_Type, &options) ||
        !struct_set(&opt, opt_fields, options) || !begin(h, progress)) {
        return NULL;
    }
    mho_run_result *r = NULL;
    mho_status status = report ? mho_run_report_ready(h->ctx, report) : MHO_OK;
    status = status < 0 ? status : mho_run_lenet5(h->ctx, &opt, &r);
    if (r && report) {
        mho_status written = mho_run_report_html(h->ctx, r, report);
        status = written < 0 ? written : status;
    }
    PyObject *result = end(h, status) && r ? result_dict(r) : NULL;
    mho_run_result_free(r);
    return result;
}

/* (handle, seed, first, n) -> (pixels, labels, rows, columns) */
static PyObject *digits(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    unsigned long long seed;
    Py_ssize_t first, n;
    if (!PyArg_ParseTuple(args, "O&Knn", handle_arg, &h, &seed, &first, &n) || !begin(h, Py_None)) {
        return NULL;
    }
    mho_dataset *set = NULL;
    PyObject *result = NULL;
    mho_status status =
        mho_dataset_digits(h->ctx, seed, (size_t)first, n > 0 ? (size_t)n : 0, &set);
    if (end(h, status)) {
        size_t r = mho_dataset_n_row(set), c = mho_dataset_n_col(set);
        result = Py_BuildValue("NNnn", copy_out(mho_dataset_pixels(set), (size_t)n * r * c, 1),
                               copy_out(mho_dataset_labels(set), (size_t)n, 1), (Py_ssize_t)r,
                               (Py_ssize_t)c);
    }
    mho_dataset_free(set);
    return result;
}

PyMethodDef study_methods[] = {{"digits", digits, METH_VARARGS, NULL},
                               {"run_lenet5", run_lenet5, METH_VARARGS, NULL},
                               {NULL, NULL, 0, NULL}};
