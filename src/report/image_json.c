/* image_json.c - the results of mho image as JSON objects. Their keys are stable: programs read
 * them. */
#include "json_int.h"

#include "mho/image.h"

static json_t *likeness(const mho_image_likeness *l) {
    json_t *o = json_object();
    json_object_set_new(o, "correlation", mho_i_json_number(l->correlation));
    json_object_set_new(o, "ssim", mho_i_json_number(l->ssim));
    json_object_set_new(o, "largest_difference", mho_i_json_number(l->largest_difference));
    json_object_set_new(o, "rms_difference", mho_i_json_number(l->rms_difference));
    return o;
}

static json_t *cost(const mho_image_cost *c) {
    json_t *o = json_object(), *pixel = json_object(), *adc = json_object();
    json_object_set_new(pixel, "energy_J", mho_i_json_cost(&c->pixel.energy_J));
    json_object_set_new(pixel, "latency_s", mho_i_json_cost(&c->pixel.latency_s));
    json_object_set_new(o, "pixel", pixel);
    json_object_set_new(o, "area_m2", mho_i_json_cost(&c->pixel.area_m2));
    json_object_set_new(o, "activations", mho_i_json_count(c->n_activation));
    json_object_set_new(o, "energy_J", mho_i_json_number(c->energy_J));
    json_object_set_new(o, "time_s", mho_i_json_number(c->time_s));
    json_object_set_new(o, "activation_J", mho_i_json_number(c->pixel.neuron_energy_J));
    json_object_set_new(o, "activations_J", mho_i_json_number(c->neuron_J));
    json_object_set_new(adc, "name", mho_i_json_text(c->adc_name));
    json_object_set_new(adc, "source", mho_i_json_text(c->adc_source));
    json_object_set_new(adc, "activation_J", mho_i_json_number(c->adc_activation_J));
    json_object_set_new(adc, "activations_J", mho_i_json_number(c->adc_activations_J));
    json_object_set_new(adc, "energy_J", mho_i_json_number(c->adc_energy_J));
    json_object_set_new(adc, "time_s", mho_i_json_number(c->adc_time_s));
    json_object_set_new(o, "adc", adc);
    return o;
}

mho_status mho_image_report_json(mho_ctx *ctx, const mho_image_result *r, char **out) {
    json_t *o = json_object(), *k = json_object(), *s = json_object();
    json_object_set_new(o, "experiment", mho_i_json_text("image"));
    json_object_set_new(o, "version", mho_i_json_text(mho_version()));
    json_object_set_new(o, "seed", mho_i_json_seed(r->seed));
    json_object_set_new(o, "picture", mho_i_json_text(r->path));
    json_object_set_new(o, "format", mho_i_json_text(r->what));
    json_object_set_new(o, "rows", mho_i_json_count(r->n_row));
    json_object_set_new(o, "columns", mho_i_json_count(r->n_col));
    json_object_set_new(k, "name", mho_i_json_text(r->kernels));
    json_object_set_new(k, "side", mho_i_json_count(r->k));
    json_object_set_new(k, "count", mho_i_json_count(r->n_kernel));
    json_object_set_new(o, "kernels", k);
    json_object_set_new(o, "hardware", r->compared ? likeness(&r->hardware) : json_null());
    json_object_set_new(o, "plain_sobel", r->compared ? likeness(&r->sobel) : json_null());
    json_object_set_new(o, "cost", cost(&r->cost));
    json_object_set_new(s, "design", mho_i_json_number(r->design_s));
    json_object_set_new(s, "run", mho_i_json_number(r->run_s));
    json_object_set_new(o, "seconds", s);
    return mho_i_json_dump(ctx, o, out);
}

mho_status mho_bsds_report_json(mho_ctx *ctx, const mho_bsds_result *r, char **out) {
    json_t *o = json_object(), *maps = json_array();
    json_object_set_new(o, "experiment", mho_i_json_text("boundaries"));
    json_object_set_new(o, "version", mho_i_json_text(mho_version()));
    json_object_set_new(o, "seed", mho_i_json_seed(r->seed));
    json_object_set_new(o, "folder", mho_i_json_text(r->dir));
    json_object_set_new(o, "kernels", mho_i_json_text(r->kernels));
    json_object_set_new(o, "pictures", mho_i_json_count(r->n_picture));
    json_object_set_new(o, "tolerance", mho_i_json_number(r->tolerance_frac));
    for (int k = 0; k < MHO_BSDS_N_MAP; k++) {
        const mho_bsds_score *s = &r->score[k];
        json_t *m = json_object(), *p = json_array(), *q = json_array();
        json_object_set_new(m, "name", mho_i_json_text(mho_bsds_map_name((mho_bsds_map)k)));
        json_object_set_new(m, "ods", mho_i_json_number(s->ods));
        json_object_set_new(m, "ods_threshold", mho_i_json_number(s->ods_threshold));
        json_object_set_new(m, "ods_precision", mho_i_json_number(s->ods_precision));
        json_object_set_new(m, "ods_recall", mho_i_json_number(s->ods_recall));
        json_object_set_new(m, "ois", mho_i_json_number(s->ois));
        json_object_set_new(m, "average_precision", mho_i_json_number(s->ap));
        for (int t = 0; t < MHO_BSDS_N_THRESHOLD; t++) {
            json_array_append_new(p, mho_i_json_number(s->precision[t]));
            json_array_append_new(q, mho_i_json_number(s->recall[t]));
        }
        json_object_set_new(m, "precision", p);
        json_object_set_new(m, "recall", q);
        json_array_append_new(maps, m);
    }
    json_object_set_new(o, "maps", maps);
    json_object_set_new(o, "seconds", mho_i_json_number(r->total_s));
    return mho_i_json_dump(ctx, o, out);
}
