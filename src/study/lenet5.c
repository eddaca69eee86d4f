/* lenet5.c - the main job: data, training, chips, loss budget, cost, check; one result. */
#include "study_int.h"

#include "chip/spec_int.h"

#include <math.h>
#include <string.h>

enum { N_COST_IMAGE = 64 };

typedef struct job {
    mho_ctx *ctx;
    const mho_run_opt *opt;
    mho_run_result *r;
    mho_dataset *train, *test;
    mho_net *net;
    mho_chip *chip;
    float *curve; /* [MHO_I_CURVE_POINT] */
    uint8_t *predictions;
    mho_i_journal journal;
    bool journal_open;
} job;

static mho_status load_data(job *j) {
    const mho_run_opt *o = j->opt;
    mho_status status = o->data_dir ? MHO_OK : mho_i_progress(j->ctx, "drawing digits", 0);
    if (status == MHO_OK) {
        status = mho_i_material_set(j->ctx, o->data_dir, o->seed, MHO_PART_TRAIN, 0, "", &j->train);
    }
    return status < 0 ? status
                      : mho_i_material_set(j->ctx, o->data_dir, o->seed, MHO_PART_TEST, o->n_image,
                                           "images", &j->test);
}

static mho_status train(job *j) {
    mho_ctx *ctx = j->ctx;
    mho_run_result *r = j->r;
    double t0 = mho_i_now_s();
    const mho_i_lesson lesson = {.spec = &r->spec,
                                 .train = j->train,
                                 .data_dir = j->opt->data_dir,
                                 .seed = j->opt->seed,
                                 .n_epoch = j->opt->n_epoch};
    mho_train_opt opt;
    mho_status status = mho_net_lenet5(ctx, &j->net);
    if (status == MHO_OK) {
        status = mho_net_check_dataset(j->net, j->test);
    }
    if (status == MHO_OK) {
        status = mho_i_material_train(ctx, &lesson, j->net, j->curve, &opt, &r->neuron, &r->train);
    }
    if (status < 0) {
        return status;
    }
    r->z_min = opt.curve.z_min;
    r->z_max = opt.curve.z_max;
    r->train_opt = opt;
    r->train_opt.curve.a = NULL; /* the array ends with the job */
    r->train_s = mho_i_now_s() - t0;
    status = mho_net_eval(ctx, j->net, j->test, NULL, NULL, NULL, &r->software_accuracy);
    if (status == MHO_OK) {
        status = mho_net_eval(ctx, j->net, j->test, &opt.curve, NULL, NULL, &r->curve_accuracy);
    }
    return status;
}

/* Everything that determines the accuracy of a chip names the journal. */
static mho_i_hash identity(const job *j) {
    mho_i_hash h = mho_i_hash_init();
    char hex[33];
    mho_dataset_hash(j->test, hex);
    mho_i_hash_add(&h, hex, sizeof hex);
    mho_i_hash_add(&h, mho_version(), strlen(mho_version()));
    for (size_t l = 0; l < mho_net_n_layer(j->net); l++) {
        const mho_layer *s = mho_net_layer(j->net, l);
        if (s->n_out) {
            mho_i_hash_add(&h, mho_net_weights(j->net, l), s->n_out * s->n_in * sizeof(float));
            mho_i_hash_add(&h, mho_net_bias(j->net, l), s->n_out * sizeof(float));
            mho_i_hash_add(&h, &s->w_max, sizeof s->w_max);
        }
    }
    mho_i_chip_spec_hash(&j->r->spec, &h);
    mho_i_hash_add(&h, &j->opt->seed, sizeof j->opt->seed);
    return h;
}

/* Programme and evaluate one instance, or take it from the journal. predictions are only there when
 * it was really run. */
static mho_status run_chip(job *j, uint32_t instance, uint32_t imperfections, bool force,
                           mho_program_report *rep, mho_i_record *out) {
    const mho_i_record *known = mho_i_journal_find(&j->journal, instance, imperfections);
    if (known && !force) {
        *out = *known;
        return MHO_OK;
    }
    mho_program_report own;
    mho_status status =
        mho_chip_program(j->chip, j->opt->seed, instance, imperfections, rep ? rep : &own);
    if (status < 0) {
        return status;
    }
    memset(out, 0, sizeof *out); /* padding too: the record is checksummed */
    out->instance = instance;
    out->imperfections = imperfections;
    out->program_s = (rep ? rep : &own)->total_s;
    status = mho_chip_calibrate(j->chip, j->train, 0, NULL);
    if (status < 0) {
        return status;
    }
    double t0 = mho_i_now_s();
    status = mho_chip_evaluate(j->chip, j->test, j->predictions, &out->accuracy);
    out->evaluate_s = mho_i_now_s() - t0;
    if (status < 0) {
        return status;
    }
    const uint8_t *label = mho_dataset_labels(j->test);
    for (size_t k = 0; k < mho_dataset_n_image(j->test); k++) {
        out->confusion[label[k] * MHO_I_MAX_CLASS + j->predictions[k]]++;
    }
    return known ? MHO_OK : mho_i_journal_add(&j->journal, out);
}

static void keep_misses(job *j) {
    mho_run_result *r = j->r;
    const uint8_t *label = mho_dataset_labels(j->test), *pixels = mho_dataset_pixels(j->test);
    for (size_t k = 0; k < r->n_image && r->n_miss < MHO_RUN_MAX_MISS; k++) {
        if (j->predictions[k] != label[k]) {
            /* the pictures must outlive the job: offsets into the copy are set by the caller */
            r->miss[r->n_miss++] =
                (mho_run_miss){k, label[k], j->predictions[k], pixels + k * r->n_row * r->n_col};
        }
    }
}

static mho_status copy_misses(job *j) {
    mho_run_result *r = j->r;
    size_t n = r->n_row * r->n_col;
    r->miss_pixels = mho_i_alloc(j->ctx, r->n_miss * n, 1);
    if (!r->miss_pixels) {
        return MHO_ERR_NOMEM;
    }
    for (size_t k = 0; k < r->n_miss; k++) {
        memcpy(r->miss_pixels + k * n, r->miss[k].pixels, n);
        r->miss[k].pixels = r->miss_pixels + k * n;
    }
    return MHO_OK;
}

/* What is looked at on chip 0 while it is programmed. */
static mho_status look_inside(job *j) {
    mho_run_result *r = j->r;
    size_t n = mho_chip_first_neurons(j->chip);
    r->n_curve = n < MHO_RUN_N_CURVE ? n : MHO_RUN_N_CURVE; /* fewer where columns share them */
    mho_status status = mho_chip_neuron_curves(j->chip, r->n_curve, MHO_RUN_N_POINT, r->curve[0],
                                               &r->z_min, &r->z_max);
    if (status == MHO_OK) {
        status = mho_chip_cost_of(j->chip, j->test, N_COST_IMAGE, &r->cost);
    }
    if (status == MHO_OK) {
        status = mho_chip_tile_drop(j->chip, j->test, &r->tile_rows, &r->tile_cols, NULL);
    }
    if (status == MHO_OK) {
        r->tile_drop_rel = mho_i_alloc(j->ctx, r->tile_rows * r->tile_cols, sizeof(double));
        status = r->tile_drop_rel ? mho_chip_tile_drop(j->chip, j->test, &r->tile_rows,
                                                       &r->tile_cols, r->tile_drop_rel)
                                  : MHO_ERR_NOMEM;
    }
    if (status == MHO_OK && j->opt->n_verify) {
        double t0 = mho_i_now_s();
        status = mho_chip_check(j->chip, j->test, j->opt->n_verify, j->opt->seed, &r->verify);
        r->verified = status == MHO_OK;
        r->verify_s = mho_i_now_s() - t0;
    }
    return status;
}

static mho_status run_chips(job *j) {
    mho_run_result *r = j->r;
    mho_i_record rec = {0};
    mho_status status = run_chip(j, 0, 0, false, NULL, &rec);
    r->ideal_accuracy = rec.accuracy;
    for (size_t c = 0; status == MHO_OK && c < r->n_chip; c++) {
        status = mho_i_progress(j->ctx, "evaluating chips", (double)c / (double)r->n_chip);
        if (status == MHO_OK) {
            status = run_chip(j, (uint32_t)c, MHO_IMP_ALL, c == 0, c ? NULL : &r->program, &rec);
        }
        if (status < 0) {
            break;
        }
        r->chip_accuracy[c] = rec.accuracy;
        r->program_s += rec.program_s / (double)r->n_chip;
        r->evaluate_s += rec.evaluate_s / (double)r->n_chip;
        for (size_t k = 0; k < r->n_class * r->n_class; k++) {
            r->confusion[k] += rec.confusion[k / r->n_class * MHO_I_MAX_CLASS + k % r->n_class];
        }
        if (c == 0) {
            keep_misses(j);
            status = copy_misses(j);
            if (status == MHO_OK) {
                status = look_inside(j);
            }
        }
    }
    if (status == MHO_OK) {
        mho_i_mean_sd(r->n_chip, r->chip_accuracy, &r->mean, &r->sd);
        mho_i_interval95(r->n_chip, r->chip_accuracy, r->n_image, r->ci95);
    }
    return status;
}

/* Mean and spread of the accuracy over the budget's chips with some imperfections. */
static mho_status budget_point(job *j, uint32_t imperfections, double *x, double *mean,
                               double *sd) {
    size_t n = j->r->n_budget_chip;
    for (size_t c = 0; c < n; c++) {
        mho_i_record rec;
        mho_status status = run_chip(j, (uint32_t)c, imperfections, false, NULL, &rec);
        if (status < 0) {
            return status;
        }
        x[c] = rec.accuracy;
    }
    double ignore;
    mho_i_mean_sd(n, x, mean, sd ? sd : &ignore);
    return MHO_OK;
}

static mho_status run_budget(job *j) {
    mho_run_result *r = j->r;
    double t0 = mho_i_now_s();
    r->no_trim_accuracy = r->no_compensate_accuracy = NAN;
    uint32_t there = mho_chip_imperfections(&r->spec);
    for (int k = 0; r->n_budget_chip && k < MHO_IMP_COUNT; k++) {
        r->n_budget += there >> k & 1;
    }
    if (!r->n_budget) {
        return MHO_OK;
    }
    r->budget = mho_i_alloc(j->ctx, r->n_budget, sizeof *r->budget);
    double *x = mho_i_alloc(j->ctx, r->n_budget_chip, sizeof *x);
    mho_status status = r->budget && x ? MHO_OK : MHO_ERR_NOMEM;
    mho_budget_row *row = r->budget;
    for (int k = 0; status == MHO_OK && k < MHO_IMP_COUNT; k++) {
        if (!(there >> k & 1)) {
            continue;
        }
        row->name = mho_imperfection_name(k);
        row->text = mho_imperfection_text(k);
        status = mho_i_progress(j->ctx, "loss budget", (double)k / MHO_IMP_COUNT);
        if (status == MHO_OK) {
            status = budget_point(j, 1u << k, x, &row->only, &row->only_sd);
        }
        if (status == MHO_OK) {
            status = budget_point(j, MHO_IMP_ALL & ~(1u << k), x, &row->all_but, &row->all_but_sd);
        }
        row++;
    }
    if (status == MHO_OK) {
        status = budget_point(j, MHO_IMP_ALL | MHO_IMP_NO_TRIM, x, &r->no_trim_accuracy, NULL);
    }
    if (status == MHO_OK) {
        status = budget_point(j, MHO_IMP_ALL | MHO_IMP_NO_COMPENSATE, x, &r->no_compensate_accuracy,
                              NULL);
    }
    mho_i_free(j->ctx, x);
    r->budget_s = mho_i_now_s() - t0;
    return status;
}

static mho_status check_opt(mho_ctx *ctx, const mho_run_opt *opt) {
    if (opt->age_s > 1e10 || opt->age_s != opt->age_s) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "age = %g s: allowed are 0 s to 10 Gs", opt->age_s);
    }
    if (opt->n_epoch < 0 || opt->n_epoch > 10000) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "epochs = %d: allowed are 1 to 10000", opt->n_epoch);
    }
    return mho_i_begin_check(ctx, opt->n_chip, opt->n_verify);
}

static mho_status prepare(job *j) {
    mho_ctx *ctx = j->ctx;
    const mho_run_opt *opt = j->opt;
    mho_run_result *r = j->r;
    r->data_name = mho_i_material_name(opt->data_dir);
    r->seed = opt->seed;
    r->n_chip = opt->n_chip;
    r->n_budget_chip = opt->n_budget_chip < opt->n_chip ? opt->n_budget_chip : opt->n_chip;
    r->published_accuracy = 0.9838;
    r->published_source = "Oh et al., Nature Nanotechnology 16, 680 (2021)";
    mho_status status = mho_i_begin_spec(ctx, opt->chip_file, &r->spec);
    if (status == MHO_OK && opt->age_s >= 0) {
        r->spec.age_s = opt->age_s;
    }
    if (status == MHO_OK) {
        status = load_data(j);
    }
    if (status < 0) {
        return status;
    }
    r->n_train = mho_dataset_n_image(j->train);
    r->n_image = mho_dataset_n_image(j->test);
    r->n_row = mho_dataset_n_row(j->test);
    r->n_col = mho_dataset_n_col(j->test);
    r->n_class = mho_dataset_n_class(j->test);
    r->chip_accuracy = mho_i_alloc(ctx, r->n_chip, sizeof(double));
    r->confusion = mho_i_alloc(ctx, r->n_class * r->n_class, sizeof(size_t));
    j->curve = mho_i_alloc(ctx, MHO_I_CURVE_POINT, sizeof(float));
    j->predictions = mho_i_alloc(ctx, r->n_image, 1);
    bool ok = r->chip_accuracy && r->confusion && j->curve && j->predictions;
    return ok ? MHO_OK : MHO_ERR_NOMEM;
}

static void nominal_points(job *j) {
    mho_run_result *r = j->r;
    for (int k = 0; k < MHO_RUN_N_POINT; k++) {
        r->nominal[k] = j->curve[(size_t)k * (MHO_I_CURVE_POINT - 1) / (MHO_RUN_N_POINT - 1)];
    }
}

static void end_job(job *j, bool finished) {
    if (j->journal_open) {
        mho_i_journal_close(&j->journal, finished);
    }
    mho_chip_free(j->chip);
    mho_net_free(j->net);
    mho_dataset_free(j->train);
    mho_dataset_free(j->test);
    mho_i_free(j->ctx, j->curve);
    mho_i_free(j->ctx, j->predictions);
}

mho_status mho_run_lenet5(mho_ctx *ctx, const mho_run_opt *opt, mho_run_result **out) {
    *out = NULL;
    double t0 = mho_i_now_s();
    mho_status status = check_opt(ctx, opt);
    mho_run_result *r = status == MHO_OK ? mho_i_alloc(ctx, 1, sizeof *r) : NULL;
    if (!r) {
        return status < 0 ? status : MHO_ERR_NOMEM;
    }
    r->ctx = ctx;
    job j = {.ctx = ctx, .opt = opt, .r = r};
    status = prepare(&j);
    if (status == MHO_OK) {
        status = train(&j);
    }
    if (status == MHO_OK) {
        nominal_points(&j);
        status = mho_chip_new(ctx, &r->spec, j.net, &j.chip);
    }
    if (status == MHO_OK) {
        mho_i_hash name = identity(&j);
        status = mho_i_journal_open(&j.journal, ctx, &name);
        j.journal_open = status == MHO_OK;
    }
    if (status == MHO_OK) {
        status = run_chips(&j);
    }
    if (status == MHO_OK) {
        status = run_budget(&j);
    }
    end_job(&j, status == MHO_OK);
    r->total_s = mho_i_now_s() - t0;
    if (status < 0) {
        mho_run_result_free(r);
        return status;
    }
    *out = r;
    return MHO_OK;
}

void mho_run_result_free(mho_run_result *r) {
    if (r) {
        mho_ctx *ctx = r->ctx;
        mho_i_free(ctx, r->chip_accuracy);
        mho_i_free(ctx, r->budget);
        mho_i_free(ctx, r->confusion);
        mho_i_free(ctx, r->tile_drop_rel);
        mho_i_free(ctx, r->miss_pixels);
        mho_i_free(ctx, r);
    }
}
