/* fit_json.c - a fit as a JSON object. Its keys are stable: programs read them. */
#include "json_int.h"

#include "mho/fit.h"

static json_t *pair(double low, double high) {
    json_t *a = json_array();
    json_array_append_new(a, mho_i_json_number(low));
    json_array_append_new(a, mho_i_json_number(high));
    return a;
}

static json_t *parameter(const mho_fit_param *p) {
    json_t *o = json_object();
    json_object_set_new(o, "key", mho_i_json_text(p->key));
    json_object_set_new(o, "unit", mho_i_json_text(p->unit));
    json_object_set_new(o, "value", mho_i_json_number(p->value));
    json_object_set_new(o, "fitted", json_boolean(p->fitted));
    json_object_set_new(o, "at_limit", json_boolean(p->at_limit));
    json_object_set_new(o, "interval_95", pair(p->low, p->high));
    json_object_set_new(o, "bootstrap_95", pair(p->boot_low, p->boot_high));
    json_object_set_new(o, "help", mho_i_json_text(p->help));
    return o;
}

static json_t *group(const mho_fit_group *g) {
    json_t *o = json_object();
    json_object_set_new(o, "name", mho_i_json_text(g->name));
    json_object_set_new(o, "points", mho_i_json_count(g->n_point));
    json_object_set_new(o, "rms", mho_i_json_number(g->rms));
    json_object_set_new(o, "largest", mho_i_json_number(g->max_abs));
    return o;
}

static void add_lists(const mho_fit *fit, json_t *o) {
    json_t *params = json_array(), *rho = json_array(), *groups = json_array();
    json_t *notes = json_array();
    for (size_t k = 0; k < fit->n_param; k++) {
        json_array_append_new(params, parameter(&fit->param[k]));
        json_t *row = json_array();
        for (size_t j = 0; j < fit->n_param; j++) {
            json_array_append_new(row, mho_i_json_number(fit->correlation[k][j]));
        }
        json_array_append_new(rho, row);
    }
    for (size_t k = 0; k < fit->n_group; k++) {
        json_array_append_new(groups, group(&fit->group[k]));
    }
    for (size_t k = 0; k < fit->n_note; k++) {
        json_array_append_new(notes, mho_i_json_text(fit->note[k]));
    }
    json_object_set_new(o, "parameters", params);
    json_object_set_new(o, "correlation", rho);
    json_object_set_new(o, "groups", groups);
    json_object_set_new(o, "notes", notes);
}

mho_status mho_fit_json(mho_ctx *ctx, const mho_fit *fit, char **text) {
    json_t *o = json_object(), *boot = json_object();
    json_object_set_new(o, "experiment", mho_i_json_text("fit"));
    json_object_set_new(o, "version", mho_i_json_text(mho_version()));
    json_object_set_new(o, "model", mho_i_json_text(fit->model));
    json_object_set_new(o, "law", mho_i_json_text(fit->law));
    json_object_set_new(o, "data", mho_i_json_text(fit->data));
    json_object_set_new(o, "points", mho_i_json_count(fit->n_point));
    json_object_set_new(o, "fitted", mho_i_json_count(fit->n_fitted));
    json_object_set_new(o, "converged", json_boolean(fit->converged));
    json_object_set_new(o, "rms", mho_i_json_number(fit->rms));
    json_object_set_new(o, "interval_by", mho_i_json_text(fit->interval_by));
    json_object_set_new(o, "residual_unit", mho_i_json_text(fit->residual_unit));
    json_object_set_new(o, "largest_residual", mho_i_json_number(fit->max_abs));
    json_object_set_new(o, "lag1", mho_i_json_number(fit->lag1));
    json_object_set_new(o, "bic", mho_i_json_number(fit->bic));
    json_object_set_new(o, "starts", mho_i_json_count(fit->n_start));
    json_object_set_new(o, "evaluations", mho_i_json_count(fit->n_evaluate));
    json_object_set_new(boot, "samples", mho_i_json_count(fit->n_bootstrap));
    json_object_set_new(boot, "block", mho_i_json_count(fit->block));
    json_object_set_new(o, "bootstrap", boot);
    add_lists(fit, o);
    return mho_i_json_dump(ctx, o, text);
}
