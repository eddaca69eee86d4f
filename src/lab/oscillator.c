/* oscillator.c - a film that heats itself through a series resistor, with a capacitor across it:
 * the thermal neuristor. Spikes are maxima of the temperature that were followed by a reversal. */
#include "lab_int.h"

#include <math.h>

static mho_status check(mho_ctx *ctx, const mho_oscillator *o) {
    if (!(o->r_series_ohm > 0 && isfinite(o->r_series_ohm))) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "r_series = %g ohm: must be above 0", o->r_series_ohm);
    }
    if (!(o->c_parallel_F >= 0 && o->c_parallel_F < 1)) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "c_parallel = %g F: 0 to 1 F are allowed",
                          o->c_parallel_F);
    }
    if (!(o->stop_s > 0 && isfinite(o->stop_s))) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "stop = %g s: a positive time is wanted", o->stop_s);
    }
    if (!(o->rise_start_K >= 0 && o->rise_start_K <= 400)) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "rise_start = %g K: 0 to 400 K are allowed",
                          o->rise_start_K);
    }
    return mho_i_waveform_check(ctx, "source", &o->source_V, -1e6);
}

static void count_spikes(const mho_i_film_sim *s, double stop_s, mho_oscillation *out) {
    size_t first = 0;
    out->n_spike = s->n_spike;
    out->first_spike_s = s->first_spike_s;
    out->energy_spike_J = NAN;
    while (first < s->n_turn && s->turn_s[first] < 0.5 * stop_s) {
        first++;
    }
    if (s->n_turn - first < 3) {
        return;
    }
    size_t last = s->n_turn - 1, n = last - first;
    double mean = (s->turn_s[last] - s->turn_s[first]) / (double)n, var = 0;
    for (size_t k = first; k < last; k++) {
        double d = s->turn_s[k + 1] - s->turn_s[k] - mean;
        var += d * d / (double)n;
    }
    out->frequency_Hz = 1 / mean;
    out->jitter_rel = sqrt(var) / mean;
    out->energy_spike_J = (s->turn_in_J[last] - s->turn_in_J[first]) / (double)n;
}

static void look_at_samples(const mho_trace *t, double stop_s, mho_oscillation *out) {
    out->rise_low_K = INFINITY;
    out->rise_high_K = out->i_max_A = -INFINITY;
    for (size_t k = 0; k < t->n_row; k++) {
        if (t->x[0][k] >= 0.5 * stop_s) {
            out->rise_low_K = fmin(out->rise_low_K, t->x[2][k]);
            out->rise_high_K = fmax(out->rise_high_K, t->x[2][k]);
            out->i_max_A = fmax(out->i_max_A, t->x[6][k]);
        }
    }
}

mho_status mho_oscillator_simulate(mho_ctx *ctx, const mho_neuron_param *param,
                                   const mho_oscillator *osc, const mho_transient_opt *opt,
                                   mho_film_run *run, mho_oscillation *oscillation,
                                   mho_trace **trace) {
    const mho_neuron_device nominal = {0};
    mho_transient_opt o;
    if (trace) {
        *trace = NULL;
    }
    mho_status status = mho_i_transient_opt_check(ctx, opt, &o);
    status = status < 0 ? status : check(ctx, osc);
    mho_i_film_sim *s = status < 0 ? NULL : mho_i_alloc(ctx, 1, sizeof *s);
    if (!s) {
        return status < 0 ? status : MHO_ERR_NOMEM;
    }
    status = mho_i_film_init(ctx, &s->film, param, NULL, &nominal, 0);
    s->kind = MHO_I_SELF_HEATED;
    s->r_load_ohm = osc->r_series_ohm;
    s->cap_F = osc->c_parallel_F;
    s->read_V = osc->source_V;
    s->rise_K = osc->rise_start_K;
    mho_trace *t = mho_i_trace_new(ctx, 8, mho_i_film_columns[MHO_I_SELF_HEATED]);
    s->trace = t;
    mho_film_run r = {0};
    mho_oscillation x = {0};
    status = status < 0 ? status
             : !t       ? MHO_ERR_NOMEM
                        : mho_i_film_run(ctx, s, osc->stop_s, &o, &r.energy, &r.rep);
    if (status >= 0) {
        r.rise_end_K = s->rise_K;
        r.v_end_V = t->x[4][t->n_row - 1];
        r.rise_max_K = s->rise_max_K;
        r.rise_min_K = s->rise_min_K;
        count_spikes(s, osc->stop_s, &x);
        look_at_samples(t, osc->stop_s, &x);
        *run = r;
        *oscillation = x;
    }
    if (status >= 0 && trace) {
        *trace = t;
    } else {
        mho_trace_free(t);
    }
    mho_i_free(ctx, s);
    return status;
}
