/* remedy_json.c - the results of the studies of remedies and of ageing as JSON with stable keys. */
#include "json_int.h"

#include "mho/remedy.h"

static json_t *score(const mho_score *s) {
    json_t *o = json_object(), *ci = json_array();
    json_array_append_new(ci, mho_i_json_number(s->ci95[0]));
    json_array_append_new(ci, mho_i_json_number(s->ci95[1]));
    json_object_set_new(o, "mean", mho_i_json_number(s->mean));
    json_object_set_new(o, "sd", mho_i_json_number(s->sd));
    json_object_set_new(o, "ci95", ci);
    return o;
}

static json_t *head(const char *data_name, size_t n_train, size_t n_image, size_t n_chip,
                    double total_s) {
    json_t *o = json_object();
    json_object_set_new(o, "version", mho_i_json_text(mho_version()));
    json_object_set_new(o, "data", mho_i_json_text(data_name));
    json_object_set_new(o, "train_images", mho_i_json_count(n_train));
    json_object_set_new(o, "images", mho_i_json_count(n_image));
    json_object_set_new(o, "chips", mho_i_json_count(n_chip));
    json_object_set_new(o, "seconds", mho_i_json_number(total_s));
    return o;
}

mho_status mho_remedy_json(mho_ctx *ctx, const mho_remedy_result *r, char **text) {
    json_t *o = head(r->data_name, r->n_train, r->n_image, r->n_chip, r->total_s);
    json_t *rows = json_array();
    for (size_t k = 0; k < r->n_row; k++) {
        json_t *row = json_object();
        json_object_set_new(row, "remedy", mho_i_json_text(r->row[k].name));
        json_object_set_new(row, "bad", mho_i_json_text(r->row[k].bad));
        json_object_set_new(row, "without", score(&r->row[k].without));
        json_object_set_new(row, "with", score(&r->row[k].with));
        json_object_set_new(row, "gain", score(&r->row[k].gain));
        json_array_append_new(rows, row);
    }
    json_object_set_new(o, "healthy", mho_i_json_number(r->healthy));
    json_object_set_new(o, "remedies", rows);
    return mho_i_json_dump(ctx, o, text);
}

mho_status mho_ageing_json(mho_ctx *ctx, const mho_ageing_result *r, char **text) {
    json_t *o = head(r->data_name, r->n_train, r->n_image, r->n_chip, r->total_s);
    json_t *rows = json_array();
    for (size_t k = 0; k < r->n_row; k++) {
        json_t *row = json_object();
        json_object_set_new(row, "cells", mho_i_json_text(r->row[k].model));
        json_object_set_new(row, "age_s", mho_i_json_number(r->row[k].age_s));
        json_object_set_new(row, "plain", score(&r->row[k].plain));
        json_object_set_new(row, "compensated", score(&r->row[k].compensated));
        json_object_set_new(row, "gain", score(&r->row[k].gain));
        json_array_append_new(rows, row);
    }
    json_object_set_new(o, "ages", rows);
    return mho_i_json_dump(ctx, o, text);
}
