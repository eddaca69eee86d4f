/* curve.c - curves: the table of them, requests, and the rows they are made of. */
#include "curve_int.h"

#include <math.h>
#include <string.h>

typedef struct entry {
    const char *model; /* NULL: every model for which applies() says so */
    bool (*applies)(const mho_ext_model *model);
    mho_curve_info info;
    mho_i_curve_fn make;
} entry;

static bool always(const mho_ext_model *m) {
    return strcmp(m->name, "vo2-filament") != 0; /* which has its own */
}
static bool has_pulse(const mho_ext_model *m) {
    return m->pulse != NULL;
}
static bool has_program(const mho_ext_model *m) {
    return m->program && m->read; /* without noise there is nothing to see */
}

static const entry entries[] = {
    {"vo2-neuron",
     NULL,
     {"rt", "film resistance, heating and cooling on the major loop", "temperature", "K"},
     mho_i_curve_rt},
    {"vo2-neuron",
     NULL,
     {"mixing", "the same under all four mixing laws", "temperature", "K"},
     mho_i_curve_mixing},
    {"vo2-neuron",
     NULL,
     {"minor", "first-order reversal curves inside the major loop", "temperature", "K"},
     mho_i_curve_minor},
    {"vo2-neuron",
     NULL,
     {"transfer", "output of the designed neuron against its input, beside a ReLU", "input z", ""},
     mho_i_curve_transfer},
    {"vo2-neuron",
     NULL,
     {"pulse", "rise and output in time: full scale, reset, settle, read", "time", "s"},
     mho_i_curve_response},
    {"vo2-neuron",
     NULL,
     {"noise", "output noise by jitter of the temperature, beside its fundamental limit", "input z",
      ""},
     mho_i_curve_jitter},
    {"vo2-filament",
     NULL,
     {"iv", "steady states: current against voltage with its negative slope", "core u", ""},
     mho_i_curve_locus},
    {"optomemristor",
     NULL,
     {"gate", "change of the state by light alone, pulse alone, both", "eligibility e", ""},
     mho_i_curve_gate},
    {"optomemristor",
     NULL,
     {"decay", "the trace that a marking light pulse leaves", "time", "s"},
     mho_i_curve_decay},
    {"optomemristor",
     NULL,
     {"light", "steady photocurrent against light power, with its exponent", "power over P0", ""},
     mho_i_curve_light},
    {"pcm",
     NULL,
     {"drift", "conductance against time for several targets", "time", "s"},
     mho_i_curve_drift},
    {NULL, always, {"iv", "current against voltage, up and down", "voltage", "V"}, mho_i_curve_iv},
    {NULL,
     has_pulse,
     {"pulse", "conductance over pulses up and down: nominal, mean, spread", "pulse", ""},
     mho_i_curve_pulse},
    {NULL,
     has_program,
     {"levels", "conductance reached against the target: mean, spread", "target", "S"},
     mho_i_curve_levels},
    {NULL,
     has_program,
     {"noise", "noise of reading against conductance", "target", "S"},
     mho_i_curve_noise},
};
enum { N_ENTRY = sizeof entries / sizeof *entries };

static const entry *entry_of(const mho_ext_model *model, size_t k) {
    for (size_t e = 0; e < N_ENTRY; e++) {
        bool yes = entries[e].model ? strcmp(entries[e].model, model->name) == 0
                                    : entries[e].applies(model);
        /* what a model has of its own comes before the general curve of that name */
        for (size_t j = 0; yes && !entries[e].model && j < e; j++) {
            yes = !(entries[j].model && strcmp(entries[j].model, model->name) == 0 &&
                    strcmp(entries[j].info.name, entries[e].info.name) == 0);
        }
        if (yes && k-- == 0) {
            return &entries[e];
        }
    }
    return NULL;
}

const mho_curve_info *mho_curve_of(const mho_ext_model *model, size_t k) {
    const entry *e = entry_of(model, k);
    return e ? &e->info : NULL;
}

mho_curve_options mho_curve_options_default(void) {
    return (mho_curve_options){.struct_size = sizeof(mho_curve_options),
                               .from = NAN,
                               .to = NAN,
                               .seed = 1,
                               .period_s = NAN};
}

static mho_status find(mho_ctx *ctx, const mho_ext_model *model, const char *name,
                       const entry **out) {
    char list[200] = "", near[80];
    size_t n = 0;
    mho_i_guess g = mho_i_guess_init(name);
    for (size_t k = 0; (*out = entry_of(model, k)); k++) {
        if (strcmp((*out)->info.name, name) == 0) {
            return MHO_OK;
        }
        mho_i_guess_add(&g, (*out)->info.name);
        n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", k ? ", " : "", (*out)->info.name);
    }
    return mho_i_fail(ctx, MHO_ERR_ARG, "\"%.40s\" is not a curve of %s; there are %s%s", name,
                      model->name, list, mho_i_guess_text(&g, near, sizeof near));
}

mho_status mho_curve_make(mho_ctx *ctx, const mho_card *card, const char *name,
                          const mho_curve_options *options, mho_curve **out) {
    *out = NULL;
    const entry *e;
    mho_status status = find(ctx, mho_card_model(card), name, &e);
    if (status == MHO_OK) {
        status = mho_card_check(ctx, card);
    }
    if (status < 0) {
        return status;
    }
    const mho_curve_options *o = options;
    if (o->n_point == 1 || o->n_point > 100000 || o->n_device > 10000000) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "%zu points, %zu devices: 2 to 100,000 points and at most 10,000,000 "
                          "devices are allowed",
                          o->n_point, o->n_device);
    }
    if (!isnan(o->period_s) && !(o->period_s > 0 && isfinite(o->period_s))) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "period = %g s: more than 0 is wanted", o->period_s);
    }
    const mho_i_request r = {ctx,         card,    mho_card_model(card), o->from, o->to, o->n_point,
                             o->n_device, o->seed, o->period_s};
    return e->make(&r, out);
}

/* ---- requests ---- */

mho_status mho_i_request_range(mho_i_request *r, double from, double to, size_t n_point,
                               double lo_ok, double hi_ok, const char *unit) {
    r->from = isnan(r->from) ? from : r->from;
    r->to = isnan(r->to) ? to : r->to;
    r->n_point = r->n_point ? r->n_point : n_point;
    if (r->from >= lo_ok && r->from < r->to && r->to <= hi_ok) {
        return MHO_OK;
    }
    char a[40], b[40], c[40], d[40];
    return mho_i_fail(r->ctx, MHO_ERR_ARG,
                      "from %s to %s: a rising range between %s and %s is wanted",
                      mho_quantity_format(r->from, unit, 6, a, sizeof a),
                      mho_quantity_format(r->to, unit, 6, b, sizeof b),
                      mho_quantity_format(lo_ok, unit, 6, c, sizeof c),
                      mho_quantity_format(hi_ok, unit, 6, d, sizeof d));
}

double mho_i_request_at(const mho_i_request *r, size_t k) {
    return r->from + (r->to - r->from) * (double)k / (double)(r->n_point - 1);
}

double mho_i_request_log_at(const mho_i_request *r, size_t k) {
    return r->from * pow(r->to / r->from, (double)k / (double)(r->n_point - 1));
}

double mho_i_request_param(const mho_i_request *r, const char *key) {
    return mho_card_values(r->card)[mho_card_row(r->model, key)];
}

/* ---- rows ---- */

mho_status mho_i_curve_new(const mho_i_request *r, const char *title, const mho_curve_col *col,
                           size_t n_col, size_t max_row, mho_curve **out) {
    *out = NULL;
    mho_curve *c = mho_i_alloc(r->ctx, 1, sizeof *c);
    if (!c) {
        return MHO_ERR_NOMEM;
    }
    c->ctx = r->ctx;
    c->n_col = n_col;
    snprintf(c->title, sizeof c->title, "%s: %s", r->model->name, title);
    memcpy(c->col, col, n_col * sizeof *col);
    c->value = mho_i_alloc(r->ctx, max_row * n_col, sizeof *c->value);
    if (!c->value) {
        mho_curve_free(c);
        return MHO_ERR_NOMEM;
    }
    size_t first = 1;
    while (first + 1 < n_col && !col[first].draw) {
        first++;
    }
    mho_i_curve_quantity(c, col[first].name);
    *out = c;
    return MHO_OK;
}

void mho_i_curve_quantity(mho_curve *c, const char *name) {
    snprintf(c->quantity, sizeof c->quantity, "%s", name);
}

void mho_curve_free(mho_curve *c) {
    if (c) {
        mho_i_free(c->ctx, c->value);
        mho_i_free(c->ctx, c);
    }
}

void mho_i_curve_trace(mho_curve *c, const char *name) {
    snprintf(c->trace[c->n_trace], sizeof c->trace[0], "%s", name);
    c->start[c->n_trace] = c->n_row;
    c->start[++c->n_trace] = c->n_row;
}

void mho_i_curve_row(mho_curve *c, const double *row) {
    memcpy(c->value + c->n_row * c->n_col, row, c->n_col * sizeof *row);
    c->start[c->n_trace] = ++c->n_row;
}

void mho_i_curve_note(mho_curve *c, const char *fmt, ...) {
    if (c->n_note < MHO_CURVE_MAX_NOTE) {
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(c->note[c->n_note++], MHO_CURVE_NOTE, fmt, ap);
        va_end(ap);
    }
}

double mho_i_curve_value(const mho_curve *c, size_t row, size_t col) {
    return c->value[row * c->n_col + col];
}
