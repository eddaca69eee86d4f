/* sweep_json.c - what belongs to the tables of a study (manifest.json), how a run of it went
 * (times.json), and its result as one JSON object. Keys are stable. */
#include "json_int.h"
#include "sweep_report.h"

#include <math.h>
#include <string.h>

static json_t *pair(const double x[2]) {
    json_t *a = json_array();
    json_array_append_new(a, mho_i_json_number(x[0]));
    json_array_append_new(a, mho_i_json_number(x[1]));
    return a;
}

static json_t *axis(const mho_sweep_axis *a) {
    json_t *o = json_object(), *levels = json_array();
    json_object_set_new(o, "key", mho_i_json_text(a->key));
    json_object_set_new(o, "unit", mho_i_json_text(a->word ? NULL : a->unit));
    json_object_set_new(o, "help", mho_i_json_text(a->help));
    json_object_set_new(o, "scale", mho_i_json_text(a->word ? "words" : a->log ? "log" : "linear"));
    if (!a->word) {
        json_object_set_new(o, "from", mho_i_json_number(a->lo));
        json_object_set_new(o, "to", mho_i_json_number(a->hi));
    }
    for (size_t k = 0; k < a->n_level; k++) {
        json_array_append_new(levels, a->word ? mho_i_json_text(a->word[k])
                                              : mho_i_json_number(a->level[k]));
    }
    json_object_set_new(o, "levels", levels);
    return o;
}

static json_t *axes(const mho_sweep_result *r) {
    json_t *list = json_array();
    for (size_t k = 0; k < r->n_axis; k++) {
        json_array_append_new(list, axis(mho_study_axis(r->study, k)));
    }
    return list;
}

static json_t *metrics(void) {
    json_t *list = json_array();
    for (int m = 0; m < MHO_N_METRIC; m++) {
        json_t *o = json_object();
        json_object_set_new(o, "name", mho_i_json_text(mho_metric_name((mho_metric)m)));
        json_object_set_new(o, "unit", mho_i_json_text(mho_metric_unit((mho_metric)m)));
        json_object_set_new(o, "help", mho_i_json_text(mho_metric_help((mho_metric)m)));
        json_array_append_new(list, o);
    }
    return list;
}

/* Every parameter of the base chip with its mark and source. */
static json_t *assumptions(const mho_sweep_result *r) {
    const mho_chip_spec *spec = mho_study_base(r->study);
    json_t *list = json_array();
    for (size_t k = 0; k < mho_chip_param_count(); k++) {
        const char *section;
        char mark[2] = "", key[96];
        mho_param_info info = mho_chip_param_describe(spec, k, &section);
        json_t *o = json_object();
        mark[0] = info.mark;
        snprintf(key, sizeof key, "chip.%s.%s", section, info.key);
        json_object_set_new(o, "key", mho_i_json_text(key));
        json_object_set_new(o, "value", mho_i_json_number(mho_chip_param_get(spec, k)));
        json_object_set_new(o, "unit", mho_i_json_text(info.unit));
        json_object_set_new(o, "mark", mho_i_json_text(mark));
        json_object_set_new(o, "source", mho_i_json_text(info.source));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *imperfections(const mho_sweep_result *r) {
    json_t *list = json_array();
    for (int k = 0; k < MHO_IMP_COUNT; k++) {
        if (mho_study_imperfections(r->study) >> k & 1) {
            json_array_append_new(list, mho_i_json_text(mho_imperfection_name(k)));
        }
    }
    return list;
}

static json_t *failures(const mho_sweep_result *r) {
    json_t *list = json_array();
    for (size_t p = 0; p < r->n_point; p++) {
        if (r->point[p].n_failed) {
            json_t *o = json_object();
            json_object_set_new(o, "point", mho_i_json_count(p));
            json_object_set_new(o, "chips", mho_i_json_count(r->point[p].n_failed));
            json_object_set_new(o, "why", mho_i_json_text(r->point[p].why));
            json_array_append_new(list, o);
        }
    }
    return list;
}

static json_t *effects(const mho_sweep_result *r) {
    json_t *list = json_array();
    for (size_t k = 0; k < r->n_effect; k++) {
        const mho_sweep_effect *e = &r->effect[k];
        const mho_sweep_axis *a = mho_study_axis(r->study, e->axis);
        json_t *o = json_object();
        json_object_set_new(o, "key", mho_i_json_text(a->key));
        json_object_set_new(o, "loss", mho_i_json_number(e->loss));
        json_object_set_new(o, "loss_ci95", pair(e->loss_ci95));
        json_object_set_new(o, "share", mho_i_json_number(e->share));
        json_object_set_new(o, "share_ci95", pair(e->share_ci95));
        json_object_set_new(o, "best",
                            a->word ? mho_i_json_text(a->word[(size_t)e->best])
                                    : mho_i_json_number(e->best));
        json_object_set_new(o, "worst",
                            a->word ? mho_i_json_text(a->word[(size_t)e->worst])
                                    : mho_i_json_number(e->worst));
        json_array_append_new(list, o);
    }
    return list;
}

/* What determines the result, and what it says about all points together. */
static json_t *common(const mho_sweep_result *r) {
    static const char *const samples[] = {"grid", "random", "halton"};
    json_t *o = json_object();
    json_object_set_new(o, "experiment", mho_i_json_text("lenet5-mott"));
    json_object_set_new(o, "version", mho_i_json_text(mho_version()));
    json_object_set_new(o, "key", mho_i_json_text(r->key));
    json_object_set_new(o, "seed", mho_i_json_seed(mho_study_seed(r->study)));
    json_object_set_new(o, "data", mho_i_json_text(r->data_name));
    json_object_set_new(o, "data_hash", mho_i_json_text(r->data_hash));
    json_object_set_new(o, "images", mho_i_json_count(r->n_image));
    json_object_set_new(o, "train_images", mho_i_json_count(r->n_train));
    json_object_set_new(o, "epochs", json_integer(mho_study_n_epoch(r->study)));
    json_object_set_new(o, "retrain", json_boolean(mho_study_retrains(r->study)));
    json_object_set_new(o, "imperfections", imperfections(r));
    json_object_set_new(o, "sample", mho_i_json_text(samples[mho_study_sample(r->study)]));
    json_object_set_new(o, "points", mho_i_json_count(r->n_point));
    json_object_set_new(o, "chips", mho_i_json_count(r->n_chip));
    json_object_set_new(o, "threshold", mho_i_json_number(r->threshold));
    json_object_set_new(o, "software_accuracy", mho_i_json_number(r->software_accuracy));
    json_object_set_new(o, "ideal_accuracy", mho_i_json_number(r->ideal_accuracy));
    json_object_set_new(o, "axes", axes(r));
    json_object_set_new(o, "what_breaks_first", effects(r));
    json_object_set_new(o, "rest_share",
                        mho_i_json_number(r->n_effect ? r->rest_share : (double)NAN));
    json_object_set_new(o, "failures", failures(r));
    return o;
}

static mho_status save(mho_ctx *ctx, json_t *o, const char *dir, const char *name) {
    char path[4096], *text;
    mho_status status = mho_i_json_dump(ctx, o, &text);
    status = status < 0 ? status : mho_i_path_join(ctx, dir, name, path, sizeof path);
    if (status == MHO_OK) {
        status = mho_i_file_write(ctx, path, text, strlen(text));
    }
    mho_text_free(ctx, text);
    return status;
}

mho_status mho_i_sweep_manifest_save(mho_ctx *ctx, const mho_sweep_result *r, const char *dir) {
    json_t *o = common(r), *files = json_object();
    json_object_set_new(
        files, "points.csv",
        mho_i_json_text("a line per point: axes, accuracy over chips (mean, standard "
                        "deviation, 95 % interval of the mean, worst chip), yield "
                        "with Wilson's 95 % interval, mean and standard deviation "
                        "of the other metrics; an empty cell is not known"));
    json_object_set_new(files, "chips.csv", mho_i_json_text("a line per chip"));
    json_object_set_new(files, "chips.npz",
                        mho_i_json_text("chips[point][chip][metric], mean[point][metric], "
                                        "sd[point][metric], axes[point][axis]; words are their "
                                        "place in levels"));
    json_object_set_new(o, "metrics", metrics());
    json_object_set_new(o, "files", files);
    json_object_set_new(o, "marks",
                        mho_i_json_text("P published, C computed from published data, A "
                                        "assumed by us, F set in the chip file"));
    json_object_set_new(o, "assumptions", assumptions(r));
    return save(ctx, o, dir, "manifest.json");
}

mho_status mho_i_sweep_times_save(mho_ctx *ctx, const mho_sweep_result *r, const char *dir) {
    json_t *o = json_object();
    json_object_set_new(o, "about",
                        mho_i_json_text("the last run of this study; everything else "
                                        "here does not depend on how it was run"));
    json_object_set_new(o, "seconds", mho_i_json_number(r->total_s));
    json_object_set_new(o, "taken_over", mho_i_json_count(r->n_known));
    json_object_set_new(o, "made_by_first_rank", mho_i_json_count(r->n_made));
    json_object_set_new(o, "seconds_per_chip", mho_i_json_number(r->unit_s));
    return save(ctx, o, dir, "times.json");
}

static json_t *point(const mho_sweep_result *r, size_t p) {
    const mho_sweep_point *q = &r->point[p];
    json_t *o = json_object(), *at = json_object(), *mean = json_object(), *sd = json_object();
    for (size_t k = 0; k < r->n_axis; k++) {
        const mho_sweep_axis *a = mho_study_axis(r->study, k);
        double x = mho_study_value(r->study, p, k);
        json_object_set_new(at, a->key,
                            a->word ? mho_i_json_text(a->word[(size_t)x]) : mho_i_json_number(x));
    }
    for (int m = 0; m < MHO_N_METRIC; m++) {
        json_object_set_new(mean, mho_metric_name((mho_metric)m), mho_i_json_number(q->mean[m]));
        json_object_set_new(sd, mho_metric_name((mho_metric)m), mho_i_json_number(q->sd[m]));
    }
    json_object_set_new(o, "at", at);
    json_object_set_new(o, "failed", mho_i_json_count(q->n_failed));
    json_object_set_new(o, "mean", mean);
    json_object_set_new(o, "sd", sd);
    json_object_set_new(o, "accuracy_ci95", pair(q->ci95));
    json_object_set_new(o, "accuracy_worst", mho_i_json_number(q->min));
    json_object_set_new(o, "worst_chip", mho_i_json_count(q->worst));
    json_object_set_new(o, "yield", mho_i_json_number(q->yield));
    json_object_set_new(o, "yield_ci95", pair(q->yield_ci95));
    json_object_set_new(o, "front", json_boolean(r->front[p]));
    return o;
}

mho_status mho_sweep_report_json(mho_ctx *ctx, const mho_sweep_result *r, char **out) {
    json_t *o = common(r), *list = json_array();
    for (size_t p = 0; p < r->n_point; p++) {
        json_array_append_new(list, point(r, p));
    }
    json_object_set_new(o, "point", list);
    return mho_i_json_dump(ctx, o, out);
}
