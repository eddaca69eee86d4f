/* ageing.c - the same chips read after a second, an hour, a day, a month and a year. */
#include "subject_int.h"

#include <string.h>

static const struct {
    const char *text;
    double s;
} ages[MHO_AGEING_N_AGE] = {
    {"1 s", 1}, {"1 h", 3600}, {"1 day", 86400}, {"1 month", 2629800}, {"1 year", 31557600}};

/* One age, plain and compensated, on the same instances. work [3][n_chip] */
static mho_status one_age(mho_i_subject *s, mho_chip_spec *spec, const mho_net *net, double *work,
                          mho_ageing_row *row) {
    size_t n = s->opt->n_chip;
    mho_status status = MHO_OK;
    for (int on = 0; status == MHO_OK && on < 2; on++) {
        spec->drift_compensation = on;
        status = mho_i_subject_measure(s, spec, net, MHO_IMP_ALL, false, work + (size_t)on * n);
    }
    for (size_t k = 0; k < n; k++) {
        work[2 * n + k] = work[n + k] - work[k];
    }
    row->plain = mho_i_score_of(n, work);
    row->compensated = mho_i_score_of(n, work + n);
    row->gain = mho_i_score_of(n, work + 2 * n);
    return status;
}

static mho_status one_model(mho_i_subject *s, mho_ageing_result *r, size_t first, double *work) {
    mho_chip_spec spec = s->base;
    mho_net *net = NULL;
    if (!s->opt->chip_file) {
        spec.synapse = mho_synapse_card(first ? MHO_SYNAPSE_CBRAM : MHO_SYNAPSE_PCM);
    }
    spec.age_s = 0; /* the training does not know how old the chip will be */
    mho_status status = mho_i_subject_train(s, &spec, true, &net);
    for (size_t k = 0; status == MHO_OK && k < MHO_AGEING_N_AGE; k++) {
        mho_ageing_row *row = &r->row[first + k];
        row->model = mho_synapse_model_name(spec.synapse.model);
        row->age = ages[k].text;
        row->age_s = spec.age_s = ages[k].s;
        status = mho_i_progress(s->ctx, "ageing", (double)(first + k) / (double)r->n_row);
        if (status == MHO_OK) {
            status = one_age(s, &spec, net, work, row);
        }
    }
    mho_net_free(net);
    return status;
}

mho_status mho_ageing_run(mho_ctx *ctx, const mho_remedy_opt *opt, mho_ageing_result **out) {
    *out = NULL;
    double t0 = mho_i_now_s();
    mho_i_subject s;
    mho_status status = mho_i_subject_init(&s, ctx, opt);
    mho_ageing_result *r = status == MHO_OK ? mho_i_alloc(ctx, 1, sizeof *r) : NULL;
    double *work = NULL;
    if (r) {
        size_t n_model = opt->chip_file ? 1 : 2;
        *r = (mho_ageing_result){.data_name = s.data_name,
                                 .n_train = mho_dataset_n_image(s.train),
                                 .n_image = mho_dataset_n_image(s.test),
                                 .n_chip = opt->n_chip,
                                 .n_row = n_model * MHO_AGEING_N_AGE,
                                 .ctx = ctx};
        r->row = mho_i_alloc(ctx, r->n_row, sizeof *r->row);
        work = mho_i_alloc(ctx, 3 * opt->n_chip, sizeof *work);
    }
    status = status == MHO_OK && !(r && r->row && work) ? MHO_ERR_NOMEM : status;
    for (size_t first = 0; status == MHO_OK && first < r->n_row; first += MHO_AGEING_N_AGE) {
        status = one_model(&s, r, first, work);
    }
    mho_i_free(ctx, work);
    mho_i_subject_free(&s);
    if (status < 0) {
        mho_ageing_result_free(r);
        return status;
    }
    r->total_s = mho_i_now_s() - t0;
    *out = r;
    return MHO_OK;
}

void mho_ageing_result_free(mho_ageing_result *r) {
    if (r) {
        mho_ctx *ctx = r->ctx;
        mho_i_free(ctx, r->row);
        mho_i_free(ctx, r);
    }
}
