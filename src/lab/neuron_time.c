/* neuron_time.c - the Mott neuron under any drive, and one evaluation as the chip makes it: full
 * scale, reset, settle, read, with what it takes in time and energy. */
#include "lab_int.h"

#include <math.h>

static mho_status check_start(mho_ctx *ctx, const mho_neuron_drive *d) {
    if (!(d->stop_s > 0 && isfinite(d->stop_s))) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "stop = %g s: a positive time is wanted", d->stop_s);
    }
    if (!(d->c_load_F >= 0 && d->c_load_F < 1)) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "c_load = %g F: 0 to 1 F are allowed", d->c_load_F);
    }
    if (!(d->rise_start_K >= 0 && d->rise_start_K <= 400) ||
        !(d->history_K >= 0 && d->history_K <= 400)) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "rise_start = %g K, history = %g K: 0 to 400 K are allowed",
                          d->rise_start_K, d->history_K);
    }
    return MHO_OK;
}

static mho_status check_circuit(mho_ctx *ctx, const mho_neuron_circuit *c) {
    if (!(c->r_series_ohm >= 0 && isfinite(c->r_series_ohm)) ||
        !(c->r_load_ohm > 0 && isfinite(c->r_load_ohm))) {
        return mho_i_fail(
            ctx, MHO_ERR_ARG,
            "neuron circuit: r_series = %g ohm (0 or more), r_load = %g ohm (above 0)",
            c->r_series_ohm, c->r_load_ohm);
    }
    return MHO_OK;
}

static mho_status new_sim(mho_ctx *ctx, const mho_neuron_param *p, const mho_neuron_circuit *c,
                          const mho_neuron_device *d, double history_K, double c_load_F,
                          mho_i_film_sim **out) {
    mho_status status = check_circuit(ctx, c);
    mho_i_film_sim *s = status < 0 ? NULL : mho_i_alloc(ctx, 1, sizeof *s);
    if (!s) {
        return status < 0 ? status : MHO_ERR_NOMEM;
    }
    status = mho_i_film_init(ctx, &s->film, p, c, d, history_K);
    if (status < 0) {
        mho_i_free(ctx, s);
        return status;
    }
    s->kind = MHO_I_HEATED;
    s->r_series_ohm = c->r_series_ohm;
    s->r_load_ohm = c->r_load_ohm;
    s->cap_F = c_load_F;
    *out = s;
    return MHO_OK;
}

mho_status mho_neuron_simulate(mho_ctx *ctx, const mho_neuron_param *param,
                               const mho_neuron_circuit *circuit, const mho_neuron_device *device,
                               const mho_neuron_drive *drive, const mho_transient_opt *opt,
                               mho_film_run *run, mho_trace **trace) {
    mho_transient_opt o;
    mho_i_film_sim *s = NULL;
    if (trace) {
        *trace = NULL;
    }
    mho_status status = mho_i_transient_opt_check(ctx, opt, &o);
    status = status < 0 ? status : check_start(ctx, drive);
    status = status < 0 ? status : mho_i_waveform_check(ctx, "heater", &drive->heater_V, 0);
    status = status < 0 ? status : mho_i_waveform_check(ctx, "read bias", &drive->read_V, -1e6);
    status = status < 0
                 ? status
                 : new_sim(ctx, param, circuit, device, drive->history_K, drive->c_load_F, &s);
    if (status < 0) {
        return status;
    }
    s->rise_K = drive->rise_start_K;
    s->heater_V = drive->heater_V;
    s->read_V = drive->read_V;
    s->trace = trace ? mho_i_trace_new(ctx, 8, mho_i_film_columns[MHO_I_HEATED]) : NULL;
    mho_film_run r = {0};
    status = trace && !s->trace ? MHO_ERR_NOMEM
                                : mho_i_film_run(ctx, s, drive->stop_s, &o, &r.energy, &r.rep);
    if (status >= 0) {
        r.rise_end_K = s->rise_K;
        r.v_end_V = s->cap_F > 0 ? s->v_V
                                 : mho_waveform_at(&s->read_V, drive->stop_s) * s->r_load_ohm /
                                       (s->r_load_ohm + mho_i_film_look(&s->film, s->rise_K).r_ohm);
        r.rise_max_K = s->rise_max_K;
        r.rise_min_K = s->rise_min_K;
        *run = r;
        if (trace) {
            *trace = s->trace;
        }
    } else {
        mho_trace_free(s->trace);
    }
    mho_i_free(ctx, s);
    return status;
}

mho_neuron_phases mho_neuron_phases_of(const mho_neuron_param *p) {
    double tau = p->rth_K_per_W * p->cth_J_per_K * p->latent_ratio;
    return (mho_neuron_phases){p->reset_tau * tau, p->settle_tau * tau, p->read_s, true, 1e-14};
}

/* ---- one evaluation ---- */

typedef struct job {
    mho_ctx *ctx;
    const mho_neuron_param *p;
    const mho_neuron_circuit *c;
    mho_neuron_phases ph;
    mho_transient_opt opt;
    mho_i_film_sim *s;
    mho_neuron_evaluation *out;
    double trim_V;
} job;

typedef struct snapshot {
    mho_i_film film;
    double rise_K, v_V;
} snapshot;

static snapshot keep(const mho_i_film_sim *s) {
    return (snapshot){s->film, s->rise_K, s->v_V};
}

static void back(mho_i_film_sim *s, const snapshot *x) {
    s->film = x->film;
    s->rise_K = x->rise_K;
    s->v_V = x->v_V;
}

/* Constant drive for a while. heater_V 0: off. */
static mho_status hold(job *j, double heater_V, bool read, double time_s, mho_film_energy *e) {
    const double zero_s = 0, v_h = heater_V, v_r = read ? j->c->v_read_V : 0;
    mho_film_energy ignored;
    if (time_s <= 0) {
        *(e ? e : &ignored) = (mho_film_energy){0};
        return MHO_OK;
    }
    j->s->heater_V = (mho_waveform){1, &zero_s, &v_h};
    j->s->read_V = (mho_waveform){1, &zero_s, &v_r};
    mho_status status =
        mho_i_film_run(j->ctx, j->s, time_s, &j->opt, e ? e : &ignored, &j->out->rep);
    j->s->trace_t0_s += time_s;
    return status;
}

static double drive_of(const job *j, double v_in_V) {
    return fmax(v_in_V + j->trim_V, 0);
}

static double v_now(const job *j) {
    const mho_i_film_sim *s = j->s;
    return s->cap_F > 0 ? s->v_V
                        : j->c->v_read_V * s->r_load_ohm /
                              (s->r_load_ohm + mho_i_film_look(&s->film, s->rise_K).r_ohm);
}

/* settle and read; phase may be NULL */
static mho_status settle_read(job *j, double v_in_V, mho_film_energy *phase) {
    double v = drive_of(j, v_in_V);
    mho_status status =
        hold(j, v, j->ph.read_settles, j->ph.settle_s, phase ? phase + MHO_PHASE_SETTLE : NULL);
    return status != MHO_OK ? status
                            : hold(j, v, true, j->ph.read_s, phase ? phase + MHO_PHASE_READ : NULL);
}

static double last_watch(const mho_i_film_sim *s) {
    double t = 0;
    for (size_t k = 0; k < s->n_watch; k++) {
        t = isnan(s->watch_last_s[k]) ? t : fmax(t, s->watch_last_s[k]);
    }
    return t;
}

/* Settling and reset times, from the states at the end of the reset and at full scale. */
static mho_status measure(job *j, double v_in_V, const snapshot *ready, const snapshot *full) {
    mho_i_film_sim *s = j->s;
    double tau = j->p->rth_K_per_W * j->p->cth_J_per_K * j->p->latent_ratio;
    double long_s = 25 * tau + 25 * s->cap_F * s->r_load_ohm;
    back(s, ready);
    mho_status status = hold(j, drive_of(j, v_in_V), true, long_s, NULL);
    if (status != MHO_OK) {
        return status;
    }
    j->out->v_steady_V = v_now(j);
    back(s, ready);
    s->n_watch = 2;
    for (int k = 0; k < 2; k++) {
        s->watch_rise[k] = false;
        s->watch_level[k] = j->out->v_steady_V + (k ? 0.01 : -0.01) * j->out->span_V;
    }
    status = hold(j, drive_of(j, v_in_V), true, long_s, NULL);
    j->out->settle_1pct_s = last_watch(s);
    if (status == MHO_OK) {
        back(s, full);
        s->n_watch = 1;
        s->watch_rise[0] = true;
        s->watch_level[0] = 0.01 * full->rise_K;
        status = hold(j, 0, false, long_s, NULL);
        j->out->reset_1pct_s = last_watch(s);
    }
    s->n_watch = 0;
    return status;
}

static mho_status evaluate(job *j, double v_in_V) {
    const mho_neuron_circuit *c = j->c;
    mho_neuron_evaluation *out = j->out;
    mho_i_film_sim *s = j->s;
    snapshot cold = keep(s);
    /* what is not reached is not a number */
    out->v_out_V = out->v_steady_V = out->memory_rel = out->total.residual_rel = NAN;
    out->settle_1pct_s = out->reset_1pct_s = NAN;
    mho_status status = settle_read(j, c->v_bias_V + c->v_swing_V, NULL);
    snapshot full = keep(s);
    status =
        status != MHO_OK ? status : hold(j, 0, false, j->ph.reset_s, out->phase + MHO_PHASE_RESET);
    snapshot ready = keep(s);
    status = status != MHO_OK ? status : settle_read(j, v_in_V, out->phase);
    if (status != MHO_OK) {
        return status;
    }
    out->v_out_V = v_now(j);
    out->rise_K = s->rise_K;
    for (int k = 0; k < MHO_PHASE_COUNT; k++) {
        mho_i_film_energy_add(&out->total, out->phase + k);
    }
    mho_trace *trace = s->trace;
    s->trace = NULL; /* what follows is measurement */
    status = measure(j, v_in_V, &ready, &full);
    if (status == MHO_OK) {
        back(s, &cold);
        status = settle_read(j, c->v_bias_V - c->v_swing_V, NULL);
    }
    status = status != MHO_OK ? status : hold(j, 0, false, j->ph.reset_s, NULL);
    status = status != MHO_OK ? status : settle_read(j, v_in_V, NULL);
    out->memory_rel = fabs(v_now(j) - out->v_out_V) / out->span_V;
    s->trace = trace;
    return status;
}

static mho_status check_phases(mho_ctx *ctx, const mho_neuron_phases *p) {
    if (!(p->reset_s >= 0 && p->settle_s >= 0 && p->read_s >= 0 && p->c_load_F >= 0) ||
        !(p->settle_s + p->read_s > 0) || !isfinite(p->reset_s + p->settle_s + p->read_s) ||
        !(p->c_load_F < 1)) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "phases: reset %g s, settle %g s, read %g s, load %g F: 0 or more are "
                          "wanted, settle and read not both 0",
                          p->reset_s, p->settle_s, p->read_s, p->c_load_F);
    }
    return MHO_OK;
}

static mho_status static_output(job *j, const mho_neuron_device *d, double v_in_V) {
    const mho_neuron_device nominal = {0};
    double lo = 0, hi = 0;
    mho_status status = mho_neuron_output(j->ctx, j->p, j->c, d, v_in_V, &j->out->v_static_V, NULL);
    if (status == MHO_OK) {
        status = mho_neuron_output(j->ctx, j->p, j->c, &nominal,
                                   fmax(j->c->v_bias_V - j->c->v_swing_V, 0), &lo, NULL);
    }
    if (status == MHO_OK) {
        status = mho_neuron_output(j->ctx, j->p, j->c, &nominal, j->c->v_bias_V + j->c->v_swing_V,
                                   &hi, NULL);
    }
    j->out->span_V = hi - lo;
    return status;
}

mho_status mho_neuron_evaluate_transient(mho_ctx *ctx, const mho_neuron_param *param,
                                         const mho_neuron_circuit *circuit,
                                         const mho_neuron_device *device, double v_in_V,
                                         const mho_neuron_phases *phases,
                                         const mho_transient_opt *opt, mho_neuron_evaluation *out,
                                         mho_trace **trace) {
    mho_neuron_evaluation r = {0};
    job j = {.ctx = ctx, .p = param, .c = circuit, .out = &r, .trim_V = device->trim_V};
    j.ph = phases ? *phases : mho_neuron_phases_of(param);
    if (trace) {
        *trace = NULL;
    }
    mho_status status = mho_i_transient_opt_check(ctx, opt, &j.opt);
    status = status < 0 ? status : check_phases(ctx, &j.ph);
    double history = mho_i_neuron_rise_full_K(param, circuit);
    status =
        status < 0 ? status : new_sim(ctx, param, circuit, device, history, j.ph.c_load_F, &j.s);
    if (status < 0) {
        return status;
    }
    status = static_output(&j, device, v_in_V);
    mho_trace *t = trace ? mho_i_trace_new(ctx, 8, mho_i_film_columns[MHO_I_HEATED]) : NULL;
    j.s->trace = t;
    status = status < 0 ? status : trace && !t ? MHO_ERR_NOMEM : evaluate(&j, v_in_V);
    mho_i_free(ctx, j.s);
    if (status >= 0) {
        *out = r;
        if (trace) {
            *trace = t;
        }
    } else {
        mho_trace_free(t);
    }
    return status;
}
