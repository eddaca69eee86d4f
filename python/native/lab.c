/* lab.c - curves of the device bench, fits of measurements, studies. */
#include "native.h"

#include <string.h>

/* ---- fit of a measured loop ---- */

static const field param_fields[] = {FIELD(mho_fit_param, key),
                                     FIELD(mho_fit_param, unit),
                                     FIELD(mho_fit_param, help),
                                     FIELD(mho_fit_param, value),
                                     FIELD(mho_fit_param, low),
                                     FIELD(mho_fit_param, high),
                                     FIELD(mho_fit_param, boot_low),
                                     FIELD(mho_fit_param, boot_high),
                                     FIELD(mho_fit_param, min),
                                     FIELD(mho_fit_param, max),
                                     FIELD(mho_fit_param, fitted),
                                     FIELD(mho_fit_param, at_limit),
                                     FIELD_END};

static const field group_fields[] = {FIELD(mho_fit_group, name), FIELD(mho_fit_group, n_point),
                                     FIELD(mho_fit_group, rms), FIELD(mho_fit_group, max_abs),
                                     FIELD_END};

static const field fit_fields[] = {FIELD(mho_fit, model),
                                   FIELD(mho_fit, law),
                                   FIELD(mho_fit, data),
                                   FIELD(mho_fit, x_label),
                                   FIELD(mho_fit, x_unit),
                                   FIELD(mho_fit, y_label),
                                   FIELD(mho_fit, y_unit),
                                   FIELD(mho_fit, residual_unit),
                                   FIELD(mho_fit, n_point),
                                   FIELD(mho_fit, rms),
                                   FIELD(mho_fit, max_abs),
                                   FIELD(mho_fit, lag1),
                                   FIELD(mho_fit, widen),
                                   FIELD(mho_fit, n_bootstrap),
                                   FIELD(mho_fit, bic),
                                   FIELD(mho_fit, converged),
                                   FIELD_END};

static PyObject *rows(const void *first, size_t n, size_t size, const field *fields) {
    PyObject *list = PyList_New(0);
    for (size_t k = 0; list && k < n; k++) {
        PyObject *row = struct_get((const char *)first + k * size, fields);
        if (!row || PyList_Append(list, row) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(row);
    }
    return list;
}

static PyObject *notes(const mho_fit *fit) {
    PyObject *list = PyList_New(0);
    for (size_t k = 0; list && k < fit->n_note; k++) {
        PyObject *row = PyUnicode_FromString(fit->note[k]);
        if (!row || PyList_Append(list, row) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(row);
    }
    return list;
}

/* [n_param][n_param] */
static PyObject *correlation(const mho_fit *fit) {
    double m[MHO_FIT_MAX_PARAM][MHO_FIT_MAX_PARAM];
    double *at = &m[0][0];
    for (size_t k = 0; k < fit->n_param; k++) {
        for (size_t j = 0; j < fit->n_param; j++) {
            *at++ = fit->correlation[k][j];
        }
    }
    return copy_out(m, fit->n_param * fit->n_param, sizeof(double));
}

static PyObject *points(const mho_fit *fit) {
    PyObject *data = PyByteArray_FromStringAndSize(NULL, (Py_ssize_t)(fit->n_point * 40));
    char *at = data ? PyByteArray_AsString(data) : NULL;
    for (size_t k = 0; at && k < fit->n_point; k++) {
        const mho_fit_point *p = &fit->point[k];
        const double row[5] = {p->x, p->y, p->model, p->residual, p->group};
        memcpy(at + k * sizeof row, row, sizeof row);
    }
    return data;
}

static PyObject *fit_dict(handle *h, const mho_fit *fit) {
    PyObject *dict = struct_get(fit, fit_fields);
    char *card = NULL;
    bool good =
        dict &&
        put(dict, "parameters", rows(fit->param, fit->n_param, sizeof *fit->param, param_fields)) &&
        put(dict, "groups", rows(fit->group, fit->n_group, sizeof *fit->group, group_fields)) &&
        put(dict, "notes", notes(fit)) && put(dict, "correlation", correlation(fit)) &&
        put(dict, "points", points(fit)) && begin(h, Py_None);
    if (good) {
        mho_status status = mho_fit_card(h->ctx, fit, &card);
        good = end(h, status) && put(dict, "card", PyUnicode_FromString(card));
        mho_text_free(h->ctx, card);
    }
    if (!good) {
        Py_CLEAR(dict);
    }
    return dict;
}

/* (handle, progress, kind, path, law or None, columns or None, base card, temperature unit or None,
 * n_bootstrap, seed, mixing, max_iter): kind "vo2", "pulsed" or "pcm" */
static PyObject *fit_file(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    PyObject *progress;
    const char *kind, *path, *law, *columns, *card, *unit;
    Py_ssize_t n_bootstrap, max_iter;
    unsigned long long seed;
    int mixing;
    if (!PyArg_ParseTuple(args, "O&OsszzzznKin", handle_arg, &h, &progress, &kind, &path, &law,
                          &columns, &card, &unit, &n_bootstrap, &seed, &mixing, &max_iter) ||
        !begin(h, progress)) {
        return NULL;
    }
    mho_fit *fit = NULL;
    mho_status status;
    if (strcmp(kind, "vo2") == 0) {
        mho_fit_vo2_opt opt = mho_fit_vo2_default();
        opt.mixing = (mho_mixing)mixing;
        opt.base_card = card ? card : opt.base_card;
        opt.columns = columns;
        opt.temperature_unit = unit;
        opt.n_bootstrap = (size_t)n_bootstrap;
        opt.seed = seed;
        opt.max_evaluate = (size_t)max_iter;
        status = mho_fit_vo2(h->ctx, path, &opt, &fit);
    } else if (strcmp(kind, "pcm") == 0) {
        mho_fit_pcm_opt opt = {.columns = columns};
        status = mho_fit_pcm(h->ctx, path, &opt, &fit);
    } else {
        mho_fit_pulsed_opt opt = {law, columns, (size_t)n_bootstrap, seed};
        status = mho_fit_pulsed(h->ctx, path, &opt, &fit);
    }
    PyObject *result = end(h, status) && fit ? fit_dict(h, fit) : NULL;
    mho_fit_free(h->ctx, fit);
    return result;
}

/* ---- studies ---- */

static const field effect_fields[] = {FIELD(mho_sweep_effect, axis),
                                      FIELD(mho_sweep_effect, loss),
                                      FIELD_LIST(mho_sweep_effect, loss_ci95, 2),
                                      FIELD(mho_sweep_effect, share),
                                      FIELD_LIST(mho_sweep_effect, share_ci95, 2),
                                      FIELD(mho_sweep_effect, best),
                                      FIELD(mho_sweep_effect, worst),
                                      FIELD_END};

static const field point_fields[] = {
    FIELD(mho_sweep_point, n_chip),       FIELD(mho_sweep_point, n_failed),
    FIELD_LIST(mho_sweep_point, ci95, 2), FIELD(mho_sweep_point, min),
    FIELD(mho_sweep_point, worst),        FIELD(mho_sweep_point, n_good),
    FIELD(mho_sweep_point, yield),        FIELD_LIST(mho_sweep_point, yield_ci95, 2),
    FIELD(mho_sweep_point, why),          FIELD_END};

static const field sweep_fields[] = {FIELD(mho_sweep_result, n_point),
                                     FIELD(mho_sweep_result, n_chip),
                                     FIELD(mho_sweep_result, n_image),
                                     FIELD(mho_sweep_result, data_name),
                                     FIELD(mho_sweep_result, threshold),
                                     FIELD(mho_sweep_result, software_accuracy),
                                     FIELD(mho_sweep_result, ideal_accuracy),
                                     FIELD(mho_sweep_result, rest_share),
                                     FIELD(mho_sweep_result, n_failed),
                                     FIELD(mho_sweep_result, n_known),
                                     FIELD(mho_sweep_result, n_made),
                                     FIELD(mho_sweep_result, total_s),
                                     FIELD_END};

static PyObject *axis_row(const mho_sweep_axis *a) {
    PyObject *words = PyList_New(0);
    for (size_t k = 0; words && a->word && k < a->n_level; k++) {
        PyObject *w = PyUnicode_FromString(a->word[k]);
        if (!w || PyList_Append(words, w) < 0) {
            Py_CLEAR(words);
        }
        Py_XDECREF(w);
    }
    return words ? Py_BuildValue("{s:s,s:s,s:s,s:d,s:d,s:N,s:N}", "key", a->key, "unit", a->unit,
                                 "help", a->help ? a->help : "", "lo", a->lo, "hi", a->hi, "log",
                                 PyBool_FromLong(a->log), "words", words)
                 : NULL;
}

static bool put_axes(PyObject *dict, const mho_study *study) {
    size_t n_axis = mho_study_n_axis(study), n_point = mho_study_n_point(study);
    PyObject *axes = PyList_New(0);
    PyObject *data = PyByteArray_FromStringAndSize(NULL, (Py_ssize_t)(n_axis * n_point * 8));
    char *at = data ? PyByteArray_AsString(data) : NULL;
    for (size_t k = 0; axes && k < n_axis; k++) {
        PyObject *row = axis_row(mho_study_axis(study, k));
        if (!row || PyList_Append(axes, row) < 0) {
            Py_CLEAR(axes);
        }
        Py_XDECREF(row);
    }
    for (size_t k = 0; at && k < n_point * n_axis; k++) {
        double x = mho_study_value(study, k / n_axis, k % n_axis);
        memcpy(at + 8 * k, &x, 8);
    }
    bool done = put(dict, "axes", axes); /* both are handed over, whatever becomes of the first */
    return put(dict, "points", data) && done;
}

static bool put_metrics(PyObject *dict) {
    PyObject *list = PyList_New(0);
    for (int m = 0; list && m < MHO_N_METRIC; m++) {
        PyObject *row =
            Py_BuildValue("(sss)", mho_metric_name((mho_metric)m), mho_metric_unit((mho_metric)m),
                          mho_metric_help((mho_metric)m));
        if (!row || PyList_Append(list, row) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(row);
    }
    return put(dict, "metrics", list);
}

static PyObject *sweep_dict(const mho_sweep_result *r) {
    PyObject *dict = struct_get(r, sweep_fields);
    size_t n = r->n_point * r->n_chip * MHO_N_METRIC;
    if (dict &&
        !(put_axes(dict, r->study) && put_metrics(dict) &&
          put(dict, "value", copy_out(r->value, n, sizeof(double))) &&
          put(dict, "front", copy_out(r->front, r->n_point, sizeof(bool))) &&
          put(dict, "point_rows", rows(r->point, r->n_point, sizeof *r->point, point_fields)) &&
          put(dict, "effects", rows(r->effect, r->n_effect, sizeof *r->effect, effect_fields)))) {
        Py_CLEAR(dict);
    }
    return dict;
}

/* (handle, progress, study file, folder, n_chip or 0, data or None) -> dictionary */
static PyObject *sweep_run(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    PyObject *progress;
    const char *path, *data;
    Py_ssize_t n_chip;
    mho_sweep_opt opt = MHO_SWEEP_OPT_INIT;
    if (!PyArg_ParseTuple(args, "O&Ossnz", handle_arg, &h, &progress, &path, &opt.out_dir, &n_chip,
                          &data) ||
        !begin(h, progress)) {
        return NULL;
    }
    mho_study *study = NULL;
    mho_sweep_result *r = NULL;
    mho_status status = mho_study_load(h->ctx, path, &study);
    if (status >= 0 && n_chip > 0) {
        status = mho_study_set_chips(study, (size_t)n_chip);
    }
    if (status >= 0 && data) {
        status = mho_study_set_data(study, data);
    }
    status = status < 0 ? status : mho_sweep_run(h->ctx, study, &opt, &r);
    if (status >= 0 && r) { /* the same files as mho sweep leaves */
        mho_status saved = mho_sweep_tables_save(h->ctx, r, opt.out_dir);
        status = saved < 0 ? saved : status;
    }
    PyObject *result = end(h, status) && r ? sweep_dict(r) : NULL;
    mho_sweep_result_free(r);
    mho_study_free(study);
    return result;
}

PyMethodDef lab_methods[] = {{"fit_file", fit_file, METH_VARARGS, NULL},
                             {"sweep_run", sweep_run, METH_VARARGS, NULL},
                             {NULL, NULL, 0, NULL}};
