/* remedy.c - chips that are bad in one way on purpose, with and without the remedy for it. */
#include "subject_int.h"

#include <string.h>

/* How a chip of a row is made. */
typedef struct setup {
    mho_chip_spec spec;
    uint32_t imperfections;
    bool aware, tune; /* network trained against the chip's noise; last layer tuned on the chip */
} setup;

static void verify(setup *s, bool on) {
    s->spec.synapse.attempt_error_rel = 0.2;
    s->spec.verify = on;
}

static void trim(setup *s, bool on) {
    s->imperfections |= on ? 0 : MHO_IMP_NO_TRIM;
}

static void wires(setup *s, bool on) {
    s->spec.wire_ohm = 8;
    s->imperfections |= on ? 0 : MHO_IMP_NO_COMPENSATE;
}

static void drift(setup *s, bool on) {
    s->spec.synapse = mho_synapse_card(MHO_SYNAPSE_PCM);
    s->spec.age_s = 31557600;
    s->spec.drift_compensation = on;
}

static void drifted_columns(setup *s, bool on) {
    drift(s, false);
    s->spec.column_calibration = on;
}

static void columns(setup *s, bool on) {
    s->spec.amplifier_offset_V = 0.05;
    s->spec.column_calibration = on;
}

static void stuck(setup *s) {
    s->spec.stuck_on_frac = 0.02;
    s->spec.stuck_off_frac = 0.05;
}

static void partner(setup *s, bool on) {
    stuck(s);
    s->spec.repair = on ? MHO_REPAIR_PARTNER : MHO_REPAIR_NONE;
}

static void remap(setup *s, bool on) {
    stuck(s);
    s->spec.repair = on ? MHO_REPAIR_REMAP : MHO_REPAIR_NONE;
}

static void poor_cells(setup *s) {
    s->spec.synapse.program_error_rel = s->spec.synapse.attempt_error_rel = 0.12;
}

static void aware(setup *s, bool on) {
    poor_cells(s);
    s->aware = on;
}

static void tune(setup *s, bool on) {
    poor_cells(s);
    s->tune = on;
}

static void all(setup *s, bool on) {
    s->spec.synapse = mho_synapse_card(MHO_SYNAPSE_PCM);
    s->spec.age_s = 31557600;
    s->spec.wire_ohm = 6;
    s->spec.amplifier_offset_V = 0.02;
    s->spec.stuck_on_frac = 0.005;
    s->spec.stuck_off_frac = 0.02;
    s->spec.open_word_frac = s->spec.open_bit_frac = 0.005;
    s->imperfections |= on ? 0 : MHO_IMP_NO_TRIM | MHO_IMP_NO_COMPENSATE;
    s->spec.repair = on ? MHO_REPAIR_REMAP : MHO_REPAIR_NONE;
    s->spec.drift_compensation = s->spec.column_calibration = s->tune = on;
}

static const struct {
    const char *name, *bad;
    void (*make)(setup *s, bool on);
} rows[] = {
    {"write-verify", "an attempt errs by 20 % of the range rms", verify},
    {"neuron bias trim", "device spread of the default neurons", trim},
    {"wire compensation", "wires of 8 ohm a cell", wires},
    {"drift compensation", "PCM after a year", drift},
    {"column calibration", "PCM after a year", drifted_columns},
    {"column calibration", "amplifier offset of 50 mV rms", columns},
    {"partner cell", "2 % of the cells stuck on, 5 % stuck off", partner},
    {"partner cell and remapping", "2 % of the cells stuck on, 5 % stuck off", remap},
    {"noise-aware training", "write error of 12 % of the range rms", aware},
    {"last layer tuned on the chip", "write error of 12 % of the range rms", tune},
    {"all of them",
     "PCM after a year, 6 ohm wires, 20 mV offset, 2.5 % stuck cells, 0.5 % broken lines", all},
};
enum { N_ROW = sizeof rows / sizeof *rows };

typedef struct job {
    mho_i_subject s;
    mho_net *net; /* of the base chip, trained against its noise */
    double *x;    /* [3][n_chip] */
} job;

/* The network that a setup runs: that of the base chip, or one for its own noise. */
static mho_status measure(job *j, const setup *base, int row, bool on, double *x) {
    setup s = *base;
    mho_net *own = NULL;
    rows[row].make(&s, on);
    bool trained_for_it = rows[row].make == aware;
    mho_status status =
        trained_for_it ? mho_i_subject_train(&j->s, &s.spec, s.aware, &own) : MHO_OK;
    if (status == MHO_OK) {
        status =
            mho_i_subject_measure(&j->s, &s.spec, own ? own : j->net, s.imperfections, s.tune, x);
    }
    mho_net_free(own);
    return status;
}

static mho_status one_row(job *j, const setup *base, int row, mho_remedy_row *out) {
    size_t n = j->s.opt->n_chip;
    double *x = j->x;
    mho_status status = mho_i_progress(j->s.ctx, "remedies", (double)row / N_ROW);
    for (int on = 0; status == MHO_OK && on < 2; on++) {
        status = measure(j, base, row, on, x + (size_t)on * n);
    }
    for (size_t k = 0; k < n; k++) {
        x[2 * n + k] = x[n + k] - x[k];
    }
    *out = (mho_remedy_row){rows[row].name, rows[row].bad, mho_i_score_of(n, x),
                            mho_i_score_of(n, x + n), mho_i_score_of(n, x + 2 * n)};
    return status;
}

static mho_status run(job *j, mho_remedy_result *r) {
    setup base = {.spec = j->s.base, .imperfections = MHO_IMP_ALL, .aware = true};
    mho_status status = mho_i_subject_train(&j->s, &base.spec, true, &j->net);
    if (status == MHO_OK) {
        status = mho_i_subject_measure(&j->s, &base.spec, j->net, MHO_IMP_ALL, false, j->x);
        r->healthy = mho_i_score_of(r->n_chip, j->x).mean;
    }
    for (int row = 0; status == MHO_OK && row < N_ROW; row++) {
        status = one_row(j, &base, row, &r->row[row]);
    }
    return status;
}

mho_status mho_remedy_run(mho_ctx *ctx, const mho_remedy_opt *opt, mho_remedy_result **out) {
    *out = NULL;
    double t0 = mho_i_now_s();
    job j = {0};
    mho_status status = mho_i_subject_init(&j.s, ctx, opt);
    mho_remedy_result *r = status == MHO_OK ? mho_i_alloc(ctx, 1, sizeof *r) : NULL;
    if (r) {
        *r = (mho_remedy_result){.data_name = j.s.data_name,
                                 .n_train = mho_dataset_n_image(j.s.train),
                                 .n_image = mho_dataset_n_image(j.s.test),
                                 .n_chip = opt->n_chip,
                                 .n_row = N_ROW,
                                 .ctx = ctx};
        r->row = mho_i_alloc(ctx, N_ROW, sizeof *r->row);
        j.x = mho_i_alloc(ctx, 3 * opt->n_chip, sizeof *j.x);
    }
    if (status == MHO_OK) {
        status = r && r->row && j.x ? run(&j, r) : MHO_ERR_NOMEM;
    }
    mho_i_free(ctx, j.x);
    mho_net_free(j.net);
    mho_i_subject_free(&j.s);
    if (status < 0) {
        mho_remedy_result_free(r);
        return status;
    }
    r->total_s = mho_i_now_s() - t0;
    *out = r;
    return MHO_OK;
}

void mho_remedy_result_free(mho_remedy_result *r) {
    if (r) {
        mho_ctx *ctx = r->ctx;
        mho_i_free(ctx, r->row);
        mho_i_free(ctx, r);
    }
}
