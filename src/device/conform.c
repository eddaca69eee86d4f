/* conform.c - the conformance suite: everything mho/ext.h asks of a model, tried at random points.
 * A point is a card with spread, random inputs, and a state that the model reached itself by steps,
 * pulses and programming, or that was drawn inside its bounds. */
#include "card_int.h"
#include "conform_int.h"

#include <math.h>
#include <string.h>

enum { N_DEVICE = 5 };

static const char *const subject_name[N_SUBJECT] = {
#define NAME(id, text) text,
    SUBJECT_LIST(NAME)
#undef NAME
};

void mho_i_check_fault(check_run *c, subject s, const char *fmt, ...) {
    c->faults[s]++;
    if (c->faults[s] > 1) {
        return;
    }
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(c->first[s], sizeof c->first[s], fmt, ap);
    va_end(ap);
}

double mho_i_check_uniform(check_run *c, double lo, double hi) {
    double u;
    mho_i_rng_uniform(c->seed, MHO_RNG_MODEL_CHECK, c->n_random++, 0, 1, &u);
    return lo + (hi - lo) * u;
}

static void random_inputs(check_run *c) {
    const mho_ext_model *model = c->model;
    for (size_t k = 0; k < model->n_input; k++) {
        const mho_ext_input *in = &model->input[k];
        for (size_t i = 0; i < N_DEVICE; i++) {
            double share = mho_i_check_uniform(c, 0, 1);
            /* half of them small: where thresholds and cancellations live */
            double span = i % 2 ? share : share * share * share;
            double side = mho_i_check_uniform(c, -1, 1) > 0 ? in->max : in->min;
            double u = in->start + (side - in->start) * span;
            c->dev->u[k * N_DEVICE + i] = u;
        }
    }
}

/* A time in which something happens to the fastest device. */
static double natural_time(check_run *c) {
    const mho_ext_model *model = c->model;
    double y[MHO_EXT_MAX_OUTPUT * N_DEVICE], dx[MHO_EXT_MAX_STATE * N_DEVICE], t = HUGE_VAL;
    mho_device_eval(c->dev, y, dx);
    for (size_t k = 0; k < model->n_state * N_DEVICE; k++) {
        if (dx[k] != 0 && isfinite(dx[k])) {
            double scale = mho_i_state_scale(&model->state[k / N_DEVICE], c->dev->x[k]);
            t = fmin(t, scale / fabs(dx[k]));
        }
    }
    return isfinite(t) ? t : 1;
}

static void move(check_run *c) {
    const mho_ext_model *model = c->model;
    double amount[N_DEVICE];
    for (size_t i = 0; i < N_DEVICE; i++) {
        amount[i] = mho_i_check_uniform(c, -1, 1);
    }
    if (model->pulse && mho_i_check_uniform(c, 0, 1) < 0.5) {
        (void)!mho_device_pulse(c->dev, amount);
    }
    if (model->program && mho_i_check_uniform(c, 0, 1) < 0.3) {
        for (size_t i = 0; i < N_DEVICE; i++) {
            amount[i] = fabs(amount[i]) * 1e-4;
        }
        (void)!mho_device_program(c->dev, amount);
    }
    if (model->n_state) {
        double dt = natural_time(c) * pow(10, mho_i_check_uniform(c, -2, 2));
        if (mho_device_step(c->dev, dt, 1e-6) != MHO_OK) {
            mho_i_check_fault(c, S_STEP, "a step of %g s does not come to an end", dt);
        }
    }
}

/* Half of the points: a state anywhere inside finite bounds, with the memory that is there. */
static void jump(check_run *c) {
    const mho_ext_model *model = c->model;
    for (size_t k = 0; k < model->n_state; k++) {
        const mho_ext_state *s = &model->state[k];
        for (size_t i = 0; i < N_DEVICE; i++) {
            double x = c->dev->x[k * N_DEVICE + i];
            double lo = isfinite(s->min) ? s->min : x - 1 - fabs(x);
            double hi = isfinite(s->max) ? s->max : x + 1 + fabs(x);
            /* far bounds are there to stop runaway: most states stay near where they were */
            double share = mho_i_check_uniform(c, 0, 1), u = mho_i_check_uniform(c, 0, 1);
            double to = lo + (hi - lo) * u;
            c->dev->x[k * N_DEVICE + i] = x + (to - x) * share * share * share * 0.999;
        }
    }
}

static void check_bounds(check_run *c) {
    const mho_ext_model *model = c->model;
    for (size_t k = 0; k < model->n_state * N_DEVICE; k++) {
        const mho_ext_state *s = &model->state[k / N_DEVICE];
        if (!(c->dev->x[k] >= s->min && c->dev->x[k] <= s->max)) {
            mho_i_check_fault(c, S_BOUNDS, "%s = %g is outside %g to %g", s->key, c->dev->x[k],
                              s->min, s->max);
        }
    }
    for (size_t k = 0; k < c->dev->n_memory * N_DEVICE; k++) {
        if (!isfinite(c->dev->m[k])) {
            mho_i_check_fault(c, S_BOUNDS, "memory row %zu is not a number", k / N_DEVICE);
        }
    }
}

static void one_point(check_run *c) {
    random_inputs(c);
    size_t bytes = mho_ctx_bytes(c->ctx), peak = mho_ctx_peak_bytes(c->ctx);
    move(c);
    check_bounds(c);
    if (mho_i_check_uniform(c, 0, 1) < 0.5) {
        random_inputs(c);
        jump(c);
    }
    for (size_t i = 0; i < N_DEVICE; i++) {
        mho_i_check_device(c, i);
    }
    mho_i_check_together(c);
    if (mho_ctx_bytes(c->ctx) != bytes || mho_ctx_peak_bytes(c->ctx) != peak) {
        mho_i_check_fault(c, S_MEMORY, "memory was taken while it was evaluated");
    }
}

/* Every parameter just outside its range must be refused. */
static void check_limits(check_run *c, mho_card *card) {
    for (size_t k = 0; k < c->model->n_param; k++) {
        const mho_ext_param *p = &c->model->param[k];
        double off = 1e-6 * fmax(fabs(p->max), fabs(p->min)) + 1e-300;
        const double bad[] = {p->min - off, p->max + off, NAN, HUGE_VAL, -HUGE_VAL};
        for (size_t j = 0; j < sizeof bad / sizeof *bad; j++) {
            if (mho_card_set(c->ctx, card, k, bad[j], 'F', NULL) != MHO_ERR_ARG) {
                mho_i_check_fault(c, S_LIMITS, "%s = %g is taken", p->key, bad[j]);
            }
        }
    }
}

/* A built-in card, or the default with word number word of parameter k. */
static mho_status one_card(check_run *c, const char *name, size_t k_word, size_t word,
                           size_t n_point) {
    mho_card *card = NULL;
    mho_status status = mho_card_new(c->ctx, c->model, name, &card);
    if (status == MHO_OK && k_word < c->model->n_param) {
        status = mho_card_set(c->ctx, card, k_word, (double)word, 'F', NULL);
    }
    if (status < 0) {
        mho_card_free(card);
        return status;
    }
    if (mho_card_check(c->ctx, card) < 0) {
        mho_i_check_fault(c, S_LIMITS, "card %s: %s", name ? name : "default",
                          mho_ctx_last_error(c->ctx));
        mho_card_free(card);
        return MHO_OK;
    }
    status = mho_device_new(c->ctx, card, c->seed, 7, N_DEVICE, true, &c->dev);
    if (status == MHO_OK) {
        check_limits(c, card);
    }
    for (size_t k = 0; k < n_point && status == MHO_OK; k++) {
        if (k % 10 == 0) {
            mho_device_restart(c->dev);
        }
        one_point(c);
    }
    if (status == MHO_OK) {
        mho_i_check_continuity(c);
    }
    mho_device_free(c->dev);
    c->dev = NULL;
    mho_card_free(card);
    return status;
}

static mho_status report(check_run *c, mho_model_verdict *verdict, char **text) {
    mho_i_text t;
    mho_i_text_init(&t, c->ctx);
    const char *first = NULL;
    *verdict = (mho_model_verdict){.worst_derivative = c->worst_derivative,
                                   .worst_energy = c->worst_energy};
    for (int s = 0; s < N_SUBJECT; s++) {
        bool applies = !((s == S_PASSIVE && !(c->model->flags & MHO_EXT_PASSIVE)) ||
                         (s == S_EVENT && !c->model->n_event));
        verdict->n_subject += applies;
        verdict->n_failed += c->faults[s] > 0;
        first = first ? first : c->faults[s] ? c->first[s] : NULL;
        mho_i_text_add(&t, "%-8s %s",
                       !applies       ? "-"
                       : c->faults[s] ? "FAILED"
                                      : "passed",
                       subject_name[s]);
        if (c->faults[s]) {
            mho_i_text_add(&t, ": %zu times; %s", c->faults[s], c->first[s]);
        } else if (s == S_DERIVATIVE) {
            mho_i_text_add(&t, " (largest difference beyond rounding %.1e)", c->worst_derivative);
        } else if (s == S_ENERGY) {
            mho_i_text_add(&t, " (largest gap beyond rounding %.1e)", c->worst_energy);
        }
        mho_i_text_add(&t, "\n");
    }
    mho_status status = t.status;
    if (status == MHO_OK && text) {
        *text = t.data;
    } else {
        mho_i_text_free(&t);
    }
    return status == MHO_OK && first
               ? mho_i_fail(c->ctx, MHO_ERR_FORMAT, "%s: %s", c->model->name, first)
               : status;
}

mho_status mho_model_check(mho_ctx *ctx, const mho_ext_model *model, uint64_t seed, size_t n_point,
                           mho_model_verdict *verdict, char **text) {
    if (text) {
        *text = NULL;
    }
    mho_status status = mho_i_model_validate(ctx, model->name ? model->name : "model", model);
    if (status < 0) {
        return status;
    }
    check_run *c = mho_i_alloc(ctx, 1, sizeof *c);
    if (!c) {
        return MHO_ERR_NOMEM;
    }
    c->ctx = ctx;
    c->model = model;
    c->seed = seed;
    c->n = N_DEVICE;
    status = one_card(c, NULL, model->n_param, 0, n_point);
    for (size_t k = 0; k < model->n_card && status == MHO_OK; k++) {
        status = one_card(c, model->card[k].name, model->n_param, 0, n_point);
    }
    for (size_t k = 0; k < model->n_param; k++) {
        for (size_t w = 0; model->param[k].word && model->param[k].word[w] && status == MHO_OK;
             w++) {
            status = one_card(c, NULL, k, w, n_point);
        }
    }
    if (status == MHO_OK) {
        status = report(c, verdict, text);
    }
    mho_i_free(ctx, c);
    return status;
}
