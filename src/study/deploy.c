/* deploy.c - a network from a file on many chips: data, calibration, chips, cost, check; one
 * result.
 */
#include "mho/deploy.h"

#include "deploy_int.h"

#include <math.h>
#include <string.h>

enum { N_COMPARE = 128, N_COST_IMAGE = 32 };
/* Marks in the journal's records: chips of the design with digital rectifiers. */
static const uint32_t DIGITAL = 1u << 30;

typedef struct job {
    mho_ctx *ctx;
    const mho_deploy_opt *opt;
    mho_deploy_result *r;
    mho_graph *graph;
    mho_samples *test, *calibration;
    mho_chip *chip;
    int32_t *exact, *prediction; /* [n_image] */
    mho_i_journal journal;
    bool journal_open;
} job;

mho_deploy_opt mho_deploy_opt_default(void) {
    return (mho_deploy_opt){.struct_size = sizeof(mho_deploy_opt),
                            .n_chip = 5,
                            .n_calibrate = 128,
                            .map = MHO_MAP_OPT_INIT,
                            .seed = 1};
}

static mho_status check_opt(mho_ctx *ctx, const mho_deploy_opt *opt) {
    if (!opt->network || !opt->data) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "network %s, data %s: both are wanted",
                          opt->network ? opt->network : "NULL", opt->data ? opt->data : "NULL");
    }
    mho_status status = mho_i_begin_check(ctx, opt->n_chip, opt->n_verify);
    if (status < 0) {
        return status;
    }
    if (opt->n_calibrate < 1 || opt->n_calibrate > 100000) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "pictures to calibrate with = %zu: allowed are 1 to "
                          "100000",
                          opt->n_calibrate);
    }
    if (opt->n_norm > MHO_DEPLOY_MAX_CHANNEL) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "means of %zu channels: allowed are at most %d",
                          opt->n_norm, MHO_DEPLOY_MAX_CHANNEL);
    }
    return MHO_OK;
}

static size_t share_equal(size_t n, const int32_t *a, const int32_t *b) {
    size_t same = 0;
    for (size_t k = 0; k < n; k++) {
        same += a[k] == b[k];
    }
    return same;
}

/* Winners of the exact network. */
static mho_status run_software(job *j) {
    mho_deploy_result *r = j->r;
    if (mho_graph_n_input(j->graph) != 1 || mho_graph_n_output(j->graph) != 1) {
        return mho_i_fail(
            j->ctx, MHO_ERR_ARG, "%s has %zu inputs and %zu outputs: a chip takes one of each",
            j->opt->network, mho_graph_n_input(j->graph), mho_graph_n_output(j->graph));
    }
    const mho_graph_tensor *in = mho_graph_tensor_at(j->graph, mho_graph_input(j->graph, 0));
    const mho_graph_tensor *out = mho_graph_tensor_at(j->graph, mho_graph_output(j->graph, 0));
    if (in->size != mho_samples_size(j->test)) {
        return mho_i_fail(j->ctx, MHO_ERR_DIM,
                          "%s has pictures of %zu x %zu x %zu, %s takes %zu "
                          "numbers",
                          j->opt->data, mho_samples_shape(j->test, 0),
                          mho_samples_shape(j->test, 1), mho_samples_shape(j->test, 2),
                          j->opt->network, in->size);
    }
    r->n_score = out->size;
    float *score = mho_i_alloc(j->ctx, r->n_image, out->size * sizeof *score);
    mho_status status =
        score ? mho_graph_run(j->ctx, j->graph, r->n_image, mho_samples_x(j->test), score)
              : MHO_ERR_NOMEM;
    for (size_t k = 0; status == MHO_OK && k < r->n_image; k++) {
        size_t best = 0;
        for (size_t o = 1; o < out->size; o++) {
            best = score[k * out->size + o] > score[k * out->size + best] ? o : best;
        }
        j->exact[k] = (int32_t)best;
    }
    mho_i_free(j->ctx, score);
    const int32_t *label = mho_samples_label(j->test);
    r->software_accuracy =
        label ? (double)share_equal(r->n_image, j->exact, label) / (double)r->n_image : NAN;
    return status;
}

/* With what the spec wants from data: columns and ranges of the ADCs. */
static mho_status program(job *j, mho_chip *chip, uint32_t instance, uint32_t imperfections,
                          mho_program_report *rep) {
    mho_status status = mho_chip_program(chip, j->opt->seed, instance, imperfections, rep);
    return status < 0 ? status : mho_chip_calibrate_samples(chip, j->calibration, 0, NULL);
}

/* Accuracy and agreement of one instance, from the journal if it is there: of a network of any
 * number of classes the record's first confusion counts the pictures that agree. */
static mho_status run_chip(job *j, mho_chip *chip, uint32_t instance, uint32_t imperfections,
                           uint32_t mark, bool force, double *accuracy, double *agreement,
                           mho_i_record *out) {
    mho_deploy_result *r = j->r;
    double n = (double)r->n_image;
    const mho_i_record *known = mho_i_journal_find(&j->journal, instance, imperfections | mark);
    mho_status status = MHO_OK;
    *out = known ? *known : (mho_i_record){0};
    if (!known || force) {
        mho_program_report rep;
        status = program(j, chip, instance, imperfections, &rep);
        if (status == MHO_OK && force) {
            r->program = rep;
        }
        if (status == MHO_OK && !known) {
            memset(out, 0, sizeof *out);
            out->instance = instance;
            out->imperfections = imperfections | mark;
            out->program_s = rep.total_s;
            double t0 = mho_i_now_s();
            status = mho_chip_evaluate_samples(chip, j->test, j->prediction, NULL, &out->accuracy);
            out->evaluate_s = mho_i_now_s() - t0;
            out->confusion[0] = (uint32_t)share_equal(r->n_image, j->prediction, j->exact);
            status = status == MHO_OK ? mho_i_journal_add(&j->journal, out) : status;
        }
    }
    *accuracy = out->accuracy;
    *agreement = (double)out->confusion[0] / n;
    return status;
}

static mho_status look_inside(job *j) {
    mho_deploy_result *r = j->r;
    double *e = mho_i_alloc(j->ctx, 2 * r->n_stage, sizeof *e);
    mho_status status =
        e ? mho_chip_compare(j->chip, j->test, N_COMPARE, e, e + r->n_stage) : MHO_ERR_NOMEM;
    for (size_t k = 0; status == MHO_OK && k < r->n_stage; k++) {
        r->stage[k].chip_error_rel = e[k];
        r->stage[k].chip_correlation = e[r->n_stage + k];
    }
    mho_i_free(j->ctx, e);
    if (status == MHO_OK) {
        status = mho_chip_cost_samples(j->chip, j->test, N_COST_IMAGE, &r->cost);
    }
    if (status == MHO_OK && j->opt->n_verify) {
        double t0 = mho_i_now_s();
        status =
            mho_chip_check_samples(j->chip, j->test, j->opt->n_verify, j->opt->seed, &r->verify);
        r->verified = status == MHO_OK;
        r->verify_s = mho_i_now_s() - t0;
    }
    return status;
}

static mho_status run_chips(job *j) {
    mho_deploy_result *r = j->r;
    mho_i_record rec;
    mho_status status =
        run_chip(j, j->chip, 0, 0, 0, false, &r->ideal_accuracy, &r->ideal_agreement, &rec);
    for (size_t c = 0; status == MHO_OK && c < r->n_chip; c++) {
        status = mho_i_progress(j->ctx, "evaluating chips", (double)c / (double)r->n_chip);
        if (status == MHO_OK) {
            status = run_chip(j, j->chip, (uint32_t)c, MHO_IMP_ALL, 0, c == 0, &r->chip_accuracy[c],
                              &r->chip_agreement[c], &rec);
        }
        r->program_s += rec.program_s / (double)r->n_chip;
        r->evaluate_s += rec.evaluate_s / (double)r->n_chip;
        if (status == MHO_OK && c == 0) {
            status = look_inside(j);
        }
    }
    if (status == MHO_OK) {
        const double *x = r->labelled ? r->chip_accuracy : r->chip_agreement;
        mho_i_mean_sd(r->n_chip, x, &r->mean, &r->sd);
        mho_i_interval95(r->n_chip, x, r->n_image, r->ci95);
        mho_i_mean_sd(r->n_chip, r->chip_agreement, &r->agreement_mean, &r->agreement_sd);
        mho_i_interval95(r->n_chip, r->chip_agreement, r->n_image, r->agreement_ci95);
    }
    return status;
}

/* The same arrays with ADC, exact rectifier and DAC: what the neurons' curve and spread cost. */
static mho_status run_digital(job *j) {
    mho_deploy_result *r = j->r;
    mho_map_opt opt = j->opt->map;
    mho_chip *chip;
    opt.exact_relu = true;
    mho_status status = mho_chip_new_graph(j->ctx, &r->spec, j->graph, j->calibration, &opt, &chip);
    if (status < 0) {
        return status;
    }
    mho_i_record rec;
    status = run_chip(j, chip, 0, MHO_IMP_ALL, DIGITAL, false, &r->digital_accuracy,
                      &r->digital_agreement, &rec);
    mho_program_report ignore;
    if (status == MHO_OK) {
        status = program(j, chip, 0, MHO_IMP_ALL, &ignore);
    }
    if (status == MHO_OK) {
        status = mho_chip_cost_samples(chip, j->test, N_COST_IMAGE, &r->digital_cost);
    }
    mho_chip_free(chip);
    return status;
}

static mho_status design(job *j) {
    mho_deploy_result *r = j->r;
    double t0 = mho_i_now_s();
    mho_status status =
        mho_chip_new_graph(j->ctx, &r->spec, j->graph, j->calibration, &j->opt->map, &j->chip);
    r->design_s = mho_i_now_s() - t0;
    if (status < 0) {
        return mho_i_prefix(j->ctx, status, "%s: ", j->opt->network);
    }
    r->map = mho_chip_map(j->chip);
    r->neuron = *mho_chip_neuron(j->chip);
    r->n_stage = mho_chip_n_stage(j->chip);
    r->stage = mho_i_alloc(j->ctx, r->n_stage, sizeof *r->stage);
    r->note = mho_i_alloc(j->ctx, mho_chip_n_note(j->chip), sizeof *r->note);
    if (!r->stage || !r->note) {
        return MHO_ERR_NOMEM;
    }
    for (; r->n_note < mho_chip_n_note(j->chip); r->n_note++) {
        r->note[r->n_note] = mho_i_strdup(j->ctx, mho_chip_note(j->chip, r->n_note));
        if (!r->note[r->n_note]) {
            return MHO_ERR_NOMEM;
        }
    }
    for (size_t k = 0; status == MHO_OK && k < r->n_stage; k++) {
        status = mho_chip_stage(j->chip, k, &r->stage[k].info);
    }
    return status;
}

static mho_status prepare(job *j) {
    mho_ctx *ctx = j->ctx;
    const mho_deploy_opt *opt = j->opt;
    mho_deploy_result *r = j->r;
    r->network = opt->network;
    r->data = opt->data;
    r->seed = opt->seed;
    r->n_chip = opt->n_chip;
    mho_status status = mho_i_begin_spec(ctx, opt->chip_file, &r->spec);
    if (status == MHO_OK) {
        status = mho_i_deploy_graph(ctx, opt->network, &j->graph);
    }
    if (status == MHO_OK) {
        status = mho_i_deploy_data(ctx, opt, &j->test, &j->calibration);
    }
    if (status < 0) {
        return status;
    }
    r->n_image = mho_samples_n(j->test);
    r->n_calibrate = mho_samples_n(j->calibration);
    r->labelled = mho_samples_label(j->test);
    r->chip_accuracy = mho_i_alloc(ctx, r->n_chip, sizeof(double));
    r->chip_agreement = mho_i_alloc(ctx, r->n_chip, sizeof(double));
    j->exact = mho_i_alloc(ctx, r->n_image, sizeof *j->exact);
    j->prediction = mho_i_alloc(ctx, r->n_image, sizeof *j->prediction);
    bool ok = r->chip_accuracy && r->chip_agreement && j->exact && j->prediction;
    return ok ? run_software(j) : MHO_ERR_NOMEM;
}

static void end_job(job *j, bool finished) {
    if (j->journal_open) {
        mho_i_journal_close(&j->journal, finished);
    }
    mho_chip_free(j->chip);
    mho_graph_free(j->graph);
    mho_samples_free(j->test);
    mho_samples_free(j->calibration);
    mho_i_free(j->ctx, j->exact);
    mho_i_free(j->ctx, j->prediction);
}

mho_status mho_deploy(mho_ctx *ctx, const mho_deploy_opt *opt, mho_deploy_result **out) {
    *out = NULL;
    double t0 = mho_i_now_s();
    mho_status status = check_opt(ctx, opt);
    mho_deploy_result *r = status == MHO_OK ? mho_i_alloc(ctx, 1, sizeof *r) : NULL;
    if (!r) {
        return status < 0 ? status : MHO_ERR_NOMEM;
    }
    r->ctx = ctx;
    job j = {.ctx = ctx, .opt = opt, .r = r};
    status = prepare(&j);
    if (status == MHO_OK) {
        status = design(&j);
    }
    if (status == MHO_OK) {
        const mho_i_deploy_what what = {&r->spec,      j.graph,   j.test,
                                        j.calibration, &opt->map, opt->seed};
        mho_i_hash name = mho_i_deploy_identity(&what);
        status = mho_i_journal_open(&j.journal, ctx, &name);
        j.journal_open = status == MHO_OK;
    }
    if (status == MHO_OK) {
        status = run_chips(&j);
    }
    mho_chip_free(j.chip);
    j.chip = NULL;
    if (status == MHO_OK) {
        status = run_digital(&j);
    }
    end_job(&j, status == MHO_OK);
    r->total_s = mho_i_now_s() - t0;
    r->peak_byte = mho_ctx_peak_bytes(ctx);
    if (status < 0) {
        mho_deploy_result_free(r);
        return status;
    }
    *out = r;
    return MHO_OK;
}

void mho_deploy_result_free(mho_deploy_result *r) {
    if (r) {
        mho_ctx *ctx = r->ctx;
        for (size_t k = 0; k < r->n_note; k++) {
            mho_i_free(ctx, r->note[k]);
        }
        mho_i_free(ctx, r->note);
        mho_i_free(ctx, r->stage);
        mho_i_free(ctx, r->chip_accuracy);
        mho_i_free(ctx, r->chip_agreement);
        mho_i_free(ctx, r);
    }
}
