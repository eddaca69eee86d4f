/* run_json.c - the result of a run as one JSON object. Its keys are stable: programs read it.
 * What is not known is null. A seed above 2^63 - 1 is written as a text, because JSON's readers
 * would round it. */
#include "json_int.h"

#include <math.h>

static json_t *accuracy(double x) {
    json_t *o = json_object();
    json_object_set_new(o, "accuracy", mho_i_json_number(x));
    return o;
}

static json_t *hardware(const mho_run_result *r) {
    json_t *o = json_object(), *a = json_object(), *ci = json_array(), *each = json_array();
    json_array_append_new(ci, mho_i_json_number(r->ci95[0]));
    json_array_append_new(ci, mho_i_json_number(r->ci95[1]));
    for (size_t k = 0; k < r->n_chip; k++) {
        json_array_append_new(each, mho_i_json_number(r->chip_accuracy[k]));
    }
    json_object_set_new(a, "mean", mho_i_json_number(r->mean));
    json_object_set_new(a, "sd", mho_i_json_number(r->sd));
    json_object_set_new(a, "ci95", ci);
    json_object_set_new(a, "each", each);
    json_object_set_new(o, "accuracy", a);
    json_object_set_new(o, "no_trim_accuracy",
                        mho_i_json_number(r->n_budget ? r->no_trim_accuracy : (double)NAN));
    json_object_set_new(o, "no_compensate_accuracy",
                        mho_i_json_number(r->n_budget ? r->no_compensate_accuracy : (double)NAN));
    json_object_set_new(o, "chips", mho_i_json_count(r->n_chip));
    return o;
}

static json_t *budget(const mho_run_result *r) {
    json_t *list = json_array();
    for (size_t k = 0; k < r->n_budget; k++) {
        const mho_budget_row *b = &r->budget[k];
        json_t *o = json_object();
        json_object_set_new(o, "name", mho_i_json_text(b->name));
        json_object_set_new(o, "only", mho_i_json_number(b->only));
        json_object_set_new(o, "all_but", mho_i_json_number(b->all_but));
        json_object_set_new(o, "only_sd", mho_i_json_number(b->only_sd));
        json_object_set_new(o, "all_but_sd", mho_i_json_number(b->all_but_sd));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *costs(const mho_run_result *r) {
    json_t *o = json_object();
    json_object_set_new(o, "energy_J", mho_i_json_cost(&r->cost.energy_J));
    json_object_set_new(o, "latency_s", mho_i_json_cost(&r->cost.latency_s));
    json_object_set_new(o, "area_m2", mho_i_json_cost(&r->cost.area_m2));
    json_object_set_new(o, "pipelined_s", mho_i_json_number(r->cost.pipelined_s));
    json_object_set_new(o, "activations", mho_i_json_count(r->cost.n_activation));
    return o;
}

static json_t *neuron(const mho_run_result *r) {
    const mho_neuron_design *d = &r->neuron;
    json_t *o = json_object();
    json_object_set_new(o, "energy_J", mho_i_json_number(r->cost.neuron_energy_J));
    json_object_set_new(o, "area_m2", mho_i_json_number(r->cost.neuron_area_m2));
    json_object_set_new(o, "relu_error", mho_i_json_number(d->relu_error_rel));
    json_object_set_new(o, "memory", mho_i_json_number(d->memory_rel));
    json_object_set_new(o, "tau_s", mho_i_json_number(d->tau_s));
    json_object_set_new(o, "reset_s", mho_i_json_number(d->reset_s));
    json_object_set_new(o, "settle_s", mho_i_json_number(d->settle_s));
    json_object_set_new(o, "read_s", mho_i_json_number(d->read_s));
    return o;
}

static json_t *seconds(const mho_run_result *r) {
    json_t *o = json_object();
    json_object_set_new(o, "train", mho_i_json_number(r->train_s));
    json_object_set_new(o, "train_from_cache", json_boolean(r->train.from_cache));
    json_object_set_new(o, "program", mho_i_json_number(r->program_s));
    json_object_set_new(o, "evaluate", mho_i_json_number(r->evaluate_s));
    json_object_set_new(o, "budget", mho_i_json_number(r->budget_s));
    json_object_set_new(o, "verify", mho_i_json_number(r->verify_s));
    json_object_set_new(o, "total", mho_i_json_number(r->total_s));
    return o;
}

static json_t *verify(const mho_run_result *r) {
    const mho_chip_verify *v = &r->verify;
    json_t *o = json_object();
    double none = NAN;
    bool yes = r->verified;
    json_object_set_new(
        o, "max_rel_error",
        mho_i_json_number(yes ? fmax(v->array_error_rel, v->neuron_error_rel) : none));
    json_object_set_new(o, "array_rel_error", mho_i_json_number(yes ? v->array_error_rel : none));
    json_object_set_new(o, "neuron_error", mho_i_json_number(yes ? v->neuron_error_rel : none));
    bool time = yes && v->n_time;
    json_object_set_new(o, "time_error", mho_i_json_number(time ? v->time_error_rel : none));
    json_object_set_new(o, "time_rms", mho_i_json_number(time ? v->time_rms_rel : none));
    json_object_set_new(o, "residual", mho_i_json_number(yes ? v->residual_rel : none));
    json_object_set_new(o, "images", mho_i_json_count(yes ? v->n_image : 0));
    json_object_set_new(o, "same_class", mho_i_json_count(yes ? v->n_same : 0));
    return o;
}

static json_t *published(const mho_run_result *r) {
    json_t *o = json_object();
    json_object_set_new(o, "accuracy", mho_i_json_number(r->published_accuracy));
    json_object_set_new(o, "source", mho_i_json_text(r->published_source));
    return o;
}

mho_status mho_run_report_json(mho_ctx *ctx, const mho_run_result *result, char **out) {
    const mho_run_result *r = result;
    *out = NULL;
    json_t *o = json_object();
    json_object_set_new(o, "experiment", mho_i_json_text("lenet5-mott"));
    json_object_set_new(o, "version", mho_i_json_text(mho_version()));
    json_object_set_new(o, "seed", mho_i_json_seed(r->seed));
    json_object_set_new(o, "data", mho_i_json_text(r->data_name));
    json_object_set_new(o, "images", mho_i_json_count(r->n_image));
    json_object_set_new(o, "software", accuracy(r->software_accuracy));
    json_object_set_new(o, "nominal_curve", accuracy(r->curve_accuracy));
    json_object_set_new(o, "ideal_chip", accuracy(r->ideal_accuracy));
    json_object_set_new(o, "hardware", hardware(r));
    json_object_set_new(o, "loss_budget", budget(r));
    json_object_set_new(o, "cost", costs(r));
    json_object_set_new(o, "neuron", neuron(r));
    json_object_set_new(o, "seconds", seconds(r));
    json_object_set_new(o, "verify", verify(r));
    json_object_set_new(o, "published", published(r));
    return mho_i_json_dump(ctx, o, out);
}
