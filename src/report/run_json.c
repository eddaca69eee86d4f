/* run_json.c - the result of a run as one JSON object. Its keys are stable: programs read it.
 * What is not known is null. A seed above 2^63 - 1 is written as a text, because JSON's readers
 * would round it. */
#include "report_int.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

static json_t *number(double x) {
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *text(const char *s) {
    json_t *j = s ? json_string(s) : json_null();
    return j ? j : json_null(); /* not UTF-8 */
}

static json_t *count(size_t n) {
    return json_integer((json_int_t)n);
}

static json_t *cost(const mho_cost_sum *c) {
    json_t *parts = json_object(), *sum = json_object();
    for (size_t k = 0; k < c->n_part && k < MHO_COST_MAX_PART; k++) {
        json_object_set_new(parts, c->part[k].name, number(c->part[k].value));
    }
    json_object_set_new(sum, "total", number(c->total));
    json_object_set_new(sum, "parts", parts);
    return sum;
}

static json_t *accuracy(double x) {
    json_t *o = json_object();
    json_object_set_new(o, "accuracy", number(x));
    return o;
}

static json_t *hardware(const mho_run_result *r) {
    json_t *o = json_object(), *a = json_object(), *ci = json_array(), *each = json_array();
    json_array_append_new(ci, number(r->ci95[0]));
    json_array_append_new(ci, number(r->ci95[1]));
    for (size_t k = 0; k < r->n_chip; k++) {
        json_array_append_new(each, number(r->chip_accuracy[k]));
    }
    json_object_set_new(a, "mean", number(r->mean));
    json_object_set_new(a, "sd", number(r->sd));
    json_object_set_new(a, "ci95", ci);
    json_object_set_new(a, "each", each);
    json_object_set_new(o, "accuracy", a);
    json_object_set_new(o, "no_trim_accuracy",
                        number(r->n_budget ? r->no_trim_accuracy : (double)NAN));
    json_object_set_new(o, "no_compensate_accuracy",
                        number(r->n_budget ? r->no_compensate_accuracy : (double)NAN));
    json_object_set_new(o, "chips", count(r->n_chip));
    return o;
}

static json_t *budget(const mho_run_result *r) {
    json_t *list = json_array();
    for (size_t k = 0; k < r->n_budget; k++) {
        const mho_budget_row *b = &r->budget[k];
        json_t *o = json_object();
        json_object_set_new(o, "name", text(b->name));
        json_object_set_new(o, "only", number(b->only));
        json_object_set_new(o, "all_but", number(b->all_but));
        json_object_set_new(o, "only_sd", number(b->only_sd));
        json_object_set_new(o, "all_but_sd", number(b->all_but_sd));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *costs(const mho_run_result *r) {
    json_t *o = json_object();
    json_object_set_new(o, "energy_J", cost(&r->cost.energy_J));
    json_object_set_new(o, "latency_s", cost(&r->cost.latency_s));
    json_object_set_new(o, "area_m2", cost(&r->cost.area_m2));
    json_object_set_new(o, "pipelined_s", number(r->cost.pipelined_s));
    json_object_set_new(o, "activations", count(r->cost.n_activation));
    return o;
}

static json_t *neuron(const mho_run_result *r) {
    const mho_neuron_design *d = &r->neuron;
    json_t *o = json_object();
    json_object_set_new(o, "energy_J", number(r->cost.neuron_energy_J));
    json_object_set_new(o, "area_m2", number(r->cost.neuron_area_m2));
    json_object_set_new(o, "relu_error", number(d->relu_error_rel));
    json_object_set_new(o, "memory", number(d->memory_rel));
    json_object_set_new(o, "tau_s", number(d->tau_s));
    json_object_set_new(o, "reset_s", number(d->reset_s));
    json_object_set_new(o, "settle_s", number(d->settle_s));
    json_object_set_new(o, "read_s", number(d->read_s));
    return o;
}

static json_t *seconds(const mho_run_result *r) {
    json_t *o = json_object();
    json_object_set_new(o, "train", number(r->train_s));
    json_object_set_new(o, "train_from_cache", json_boolean(r->train.from_cache));
    json_object_set_new(o, "program", number(r->program_s));
    json_object_set_new(o, "evaluate", number(r->evaluate_s));
    json_object_set_new(o, "budget", number(r->budget_s));
    json_object_set_new(o, "verify", number(r->verify_s));
    json_object_set_new(o, "total", number(r->total_s));
    return o;
}

static json_t *verify(const mho_run_result *r) {
    const mho_chip_verify *v = &r->verify;
    json_t *o = json_object();
    double none = NAN;
    bool yes = r->verified;
    json_object_set_new(o, "max_rel_error",
                        number(yes ? fmax(v->array_error_rel, v->neuron_error_rel) : none));
    json_object_set_new(o, "array_rel_error", number(yes ? v->array_error_rel : none));
    json_object_set_new(o, "neuron_error", number(yes ? v->neuron_error_rel : none));
    json_object_set_new(o, "residual", number(yes ? v->residual_rel : none));
    json_object_set_new(o, "images", count(yes ? v->n_image : 0));
    json_object_set_new(o, "same_class", count(yes ? v->n_same : 0));
    return o;
}

static json_t *published(const mho_run_result *r) {
    json_t *o = json_object();
    json_object_set_new(o, "accuracy", number(r->published_accuracy));
    json_object_set_new(o, "source", text(r->published_source));
    return o;
}

static json_t *seed(uint64_t s) {
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRIu64, s);
    return s <= INT64_MAX ? json_integer((json_int_t)s) : json_string(digits);
}

mho_status mho_run_report_json(mho_ctx *ctx, const mho_run_result *result, char **out) {
    const mho_run_result *r = result;
    *out = NULL;
    json_t *o = json_object();
    json_object_set_new(o, "experiment", text("lenet5-mott"));
    json_object_set_new(o, "version", text(mho_version()));
    json_object_set_new(o, "seed", seed(r->seed));
    json_object_set_new(o, "data", text(r->data_name));
    json_object_set_new(o, "images", count(r->n_image));
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
    char *dump = o ? json_dumps(o, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) : NULL;
    json_decref(o);
    if (!dump) {
        return mho_i_fail(ctx, MHO_ERR_NOMEM, "out of memory");
    }
    mho_i_text t;
    mho_i_text_init(&t, ctx);
    mho_i_text_put(&t, dump, strlen(dump));
    mho_i_text_put(&t, "\n", 1);
    free(dump);
    if (t.status < 0) {
        mho_status status = t.status;
        mho_i_text_free(&t);
        return status;
    }
    *out = t.data;
    return MHO_OK;
}
