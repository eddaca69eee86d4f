/* deploy_json.c - the verdict on a network from a file as one JSON object. Its keys are stable. */
#include "json_int.h"

#include "mho/deploy.h"

static json_t *shares(double accuracy, double agreement) {
    json_t *o = json_object();
    json_object_set_new(o, "accuracy", mho_i_json_number(accuracy));
    json_object_set_new(o, "agreement", mho_i_json_number(agreement));
    return o;
}

static json_t *over_chips(size_t n, const double *x, double mean, double sd, const double ci95[2]) {
    json_t *o = json_object(), *ci = json_array(), *each = json_array();
    for (int k = 0; k < 2; k++) {
        json_array_append_new(ci, mho_i_json_number(ci95[k]));
    }
    for (size_t k = 0; k < n; k++) {
        json_array_append_new(each, mho_i_json_number(x[k]));
    }
    json_object_set_new(o, "mean", mho_i_json_number(mean));
    json_object_set_new(o, "sd", mho_i_json_number(sd));
    json_object_set_new(o, "ci95", ci);
    json_object_set_new(o, "each", each);
    return o;
}

static json_t *hardware(const mho_deploy_result *r) {
    json_t *o = json_object();
    json_object_set_new(o, "chips", mho_i_json_count(r->n_chip));
    json_object_set_new(o, "accuracy",
                        r->labelled
                            ? over_chips(r->n_chip, r->chip_accuracy, r->mean, r->sd, r->ci95)
                            : json_null());
    json_object_set_new(o, "agreement",
                        over_chips(r->n_chip, r->chip_agreement, r->agreement_mean, r->agreement_sd,
                                   r->agreement_ci95));
    return o;
}

static json_t *stage(const mho_deploy_stage *s) {
    json_t *o = json_object(), *shape = json_array();
    const size_t out[3] = {s->info.out_c, s->info.out_h, s->info.out_w};
    for (int k = 0; k < 3; k++) {
        json_array_append_new(shape, mho_i_json_count(out[k]));
    }
    json_object_set_new(o, "name", mho_i_json_text(s->info.name));
    json_object_set_new(o, "work", mho_i_json_text(s->info.work));
    json_object_set_new(o, "end", mho_i_json_text(s->info.end));
    json_object_set_new(o, "shape", shape);
    json_object_set_new(o, "tiles", mho_i_json_count(s->info.n_tile));
    json_object_set_new(o, "cells", mho_i_json_count(s->info.n_cell));
    json_object_set_new(o, "bias_rows", mho_i_json_count(s->info.n_bias_row));
    json_object_set_new(o, "neurons", mho_i_json_count(s->info.n_neuron));
    json_object_set_new(o, "skips", mho_i_json_count(s->info.n_skip));
    json_object_set_new(o, "digital", json_boolean(s->info.digital));
    json_object_set_new(o, "macs", mho_i_json_number(s->info.n_mac));
    json_object_set_new(o, "full_scale", mho_i_json_number(s->info.full_scale));
    json_object_set_new(o, "clipped", mho_i_json_number(s->info.clipped_frac));
    json_object_set_new(o, "ideal_error", mho_i_json_number(s->info.rms_error_rel));
    json_object_set_new(o, "ideal_correlation", mho_i_json_number(s->info.correlation));
    if (s->info.compute) {
        json_object_set_new(o, "chip_error", mho_i_json_number(s->chip_error_rel));
        json_object_set_new(o, "chip_correlation", mho_i_json_number(s->chip_correlation));
    }
    return o;
}

static json_t *cost(const mho_chip_cost *c) {
    json_t *o = json_object();
    json_object_set_new(o, "energy_J", mho_i_json_cost(&c->energy_J));
    json_object_set_new(o, "latency_s", mho_i_json_cost(&c->latency_s));
    json_object_set_new(o, "area_m2", mho_i_json_cost(&c->area_m2));
    json_object_set_new(o, "pipelined_s", mho_i_json_number(c->pipelined_s));
    json_object_set_new(o, "activations", mho_i_json_count(c->n_activation));
    return o;
}

static json_t *mapping(const mho_deploy_result *r) {
    json_t *o = json_object(), *notes = json_array();
    bool column = r->map.share == MHO_SHARE_PER_COLUMN;
    for (size_t k = 0; k < r->n_note; k++) {
        json_array_append_new(notes, mho_i_json_text(r->note[k]));
    }
    json_object_set_new(o, "share", mho_i_json_text(column ? "per-column" : "per-output"));
    json_object_set_new(o, "share_changed", json_boolean(r->map.share_changed));
    json_object_set_new(o, "bipolar_input", json_boolean(r->map.bipolar_input));
    json_object_set_new(o, "input_scale", mho_i_json_number(r->map.input_scale));
    json_object_set_new(o, "calibrated_with", mho_i_json_count(r->map.n_sample));
    json_object_set_new(o, "tiles", mho_i_json_count(r->map.n_tile));
    json_object_set_new(o, "cells", mho_i_json_count(r->map.n_cell));
    json_object_set_new(o, "neurons", mho_i_json_count(r->map.n_neuron));
    json_object_set_new(o, "digital_stages", mho_i_json_count(r->map.n_digital_stage));
    json_object_set_new(o, "macs", mho_i_json_number(r->map.n_mac));
    json_object_set_new(o, "notes", notes);
    return o;
}

static json_t *seconds(const mho_deploy_result *r) {
    json_t *o = json_object();
    json_object_set_new(o, "design", mho_i_json_number(r->design_s));
    json_object_set_new(o, "program", mho_i_json_number(r->program_s));
    json_object_set_new(o, "evaluate", mho_i_json_number(r->evaluate_s));
    json_object_set_new(o, "verify", mho_i_json_number(r->verify_s));
    json_object_set_new(o, "total", mho_i_json_number(r->total_s));
    return o;
}

static json_t *verify(const mho_deploy_result *r) {
    if (!r->verified) {
        return json_null();
    }
    json_t *o = json_object();
    json_object_set_new(o, "images", mho_i_json_count(r->verify.n_image));
    json_object_set_new(o, "array_rel_error", mho_i_json_number(r->verify.array_error_rel));
    json_object_set_new(o, "neuron_error", mho_i_json_number(r->verify.neuron_error_rel));
    json_object_set_new(o, "residual", mho_i_json_number(r->verify.residual_rel));
    json_object_set_new(o, "same_class", mho_i_json_count(r->verify.n_same));
    return o;
}

mho_status mho_deploy_report_json(mho_ctx *ctx, const mho_deploy_result *r, char **text) {
    json_t *o = json_object(), *stages = json_array();
    for (size_t k = 0; k < r->n_stage; k++) {
        json_array_append_new(stages, stage(&r->stage[k]));
    }
    json_object_set_new(o, "network", mho_i_json_text(r->network));
    json_object_set_new(o, "data", mho_i_json_text(r->data));
    json_object_set_new(o, "version", mho_i_json_text(mho_version()));
    json_object_set_new(o, "seed", mho_i_json_seed(r->seed));
    json_object_set_new(o, "images", mho_i_json_count(r->n_image));
    json_object_set_new(o, "labelled", json_boolean(r->labelled));
    json_object_set_new(o, "software", shares(r->software_accuracy, 1));
    json_object_set_new(o, "ideal_chip", shares(r->ideal_accuracy, r->ideal_agreement));
    json_object_set_new(o, "digital_relu", shares(r->digital_accuracy, r->digital_agreement));
    json_object_set_new(o, "hardware", hardware(r));
    json_object_set_new(o, "mapping", mapping(r));
    json_object_set_new(o, "stages", stages);
    json_object_set_new(o, "cost", cost(&r->cost));
    json_object_set_new(o, "digital_cost", cost(&r->digital_cost));
    json_object_set_new(o, "verify", verify(r));
    json_object_set_new(o, "seconds", seconds(r));
    json_object_set_new(o, "peak_bytes", mho_i_json_count(r->peak_byte));
    return mho_i_json_dump(ctx, o, text);
}
