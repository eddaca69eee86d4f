/* transient_run.c - what "mho transient" simulates: neuron, oscillator, optomemristor, any model.
 */
#include "transient_job.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Amplifier swing and largest input of the neurons on the default chip. */
static const double v_max_V = 1, z_max = 1.6;

static const char *quantity(double x, const char *unit, int digits) {
    static char ring[8][48]; /* of a program, not of the library; enough for one line of text */
    static int next = 0;
    next = (next + 1) % 8;
    return mho_quantity_format(x, unit, digits, ring[next], sizeof ring[next]);
}

/* Files and exit status after a simulation that returned status. */
static int finish(transient_job *job, mho_status status) {
    cli_progress_end();
    if (status < 0 || !job->trace) {
        return cli_fail(job->ctx, status);
    }
    char message[512];
    snprintf(message, sizeof message, "%s", mho_ctx_last_error(job->ctx));
    job->converged = status == MHO_OK;
    if (!job->converged) {
        transient_line(job, "result", "NOT CONVERGED");
    }
    mho_status written = transient_write(job);
    if (written < 0) {
        return cli_fail(job->ctx, written);
    }
    if (status > 0) {
        fprintf(stderr, "mho: %s\n", message);
        return CLI_NOT_TRUSTWORTHY;
    }
    return CLI_DONE;
}

static void effort(transient_job *job, const mho_transient_report *r) {
    transient_line(job, "effort", "%zu steps, %zu evaluations, %zu reversals, %s", r->n_step,
                   r->n_rate, r->n_reversal, quantity(r->wall_s, "s", 3));
    transient_note(job, "steps", (double)r->n_step);
    transient_note(job, "reversals", (double)r->n_reversal);
}

static void panels(transient_job *job, size_t n, const size_t *column) {
    job->n_panel = n;
    memcpy(job->panel, column, n * sizeof *column);
}

/* ---- neuron ---- */

static int neuron_card(transient_job *job, mho_neuron_param *p) {
    mho_card *card = NULL;
    const char *given = job->args.card;
    if (!given) {
        job->args.card = "N";
    }
    int rc = transient_card(job, "vo2-neuron", &card, NULL);
    if (rc < 0) {
        mho_status status = mho_card_to_neuron(job->ctx, card, p);
        rc = status < 0 ? cli_fail(job->ctx, status) : -1;
    }
    mho_card_free(card);
    return rc;
}

static void print_design(transient_job *job, const mho_neuron_param *p,
                         const mho_neuron_design *d) {
    const mho_neuron_circuit *c = &d->circuit;
    transient_line(job, "neuron", "card %s, ReLU within %.2f %% of its span by design",
                   job->args.card, 100 * d->relu_error_rel);
    transient_line(job, "circuit", "bias %s, swing %s, series %s, load %s, read bias %s",
                   quantity(c->v_bias_V, "V", 4), quantity(c->v_swing_V, "V", 4),
                   quantity(c->r_series_ohm, "ohm", 4), quantity(c->r_load_ohm, "ohm", 4),
                   quantity(c->v_read_V, "V", 4));
    transient_line(job, "tau", "%s, latent heat up to %.3g times that", quantity(d->tau_s, "s", 4),
                   p->latent_ratio);
}

static void print_evaluation(transient_job *job, const mho_neuron_evaluation *e,
                             const mho_neuron_phases *ph, double tau_s) {
    transient_line(job, "phases", "reset %s, settle %s, read %s", quantity(ph->reset_s, "s", 4),
                   quantity(ph->settle_s, "s", 4), quantity(ph->read_s, "s", 4));
    transient_line(job, "output", "%s at z = %g (steady %s, static curve %s: %+.2f %% of the span)",
                   quantity(e->v_out_V, "V", 5), job->args.z, quantity(e->v_steady_V, "V", 5),
                   quantity(e->v_static_V, "V", 5), 100 * (e->v_out_V - e->v_static_V) / e->span_V);
    transient_line(job, "settling", "%s to 1 %% of the span (%.1f tau)",
                   quantity(e->settle_1pct_s, "s", 4), e->settle_1pct_s / tau_s);
    transient_line(job, "reset", "%s to 1 %% of the rise (%.1f tau)",
                   quantity(e->reset_1pct_s, "s", 4), e->reset_1pct_s / tau_s);
    transient_line(job, "memory", "%.2g of the span: full scale against z = -1 before",
                   e->memory_rel);
    transient_energy(job, &e->total);
    transient_note(job, "v_out_V", e->v_out_V);
    transient_note(job, "v_static_V", e->v_static_V);
    transient_note(job, "v_steady_V", e->v_steady_V);
    transient_note(job, "span_V", e->span_V);
    transient_note(job, "settle_1pct_s", e->settle_1pct_s);
    transient_note(job, "reset_1pct_s", e->reset_1pct_s);
    transient_note(job, "memory_rel", e->memory_rel);
}

static int neuron_sweep(transient_job *job, const mho_neuron_param *p, const mho_neuron_design *d,
                        const mho_neuron_phases *ph) {
    const mho_neuron_device nominal = {0};
    transient_line(job, "", "%5s %12s %12s %9s %11s %11s %11s %10s", "z", "output", "steady",
                   "- static", "settling", "energy", "in heater", "balance");
    for (int k = -4; k <= 4; k++) {
        mho_neuron_evaluation e;
        double z = k / 4.0, v = fmax(d->circuit.v_bias_V + z * d->circuit.v_swing_V, 0);
        mho_status status = mho_neuron_evaluate_transient(job->ctx, p, &d->circuit, &nominal, v, ph,
                                                          &job->opt, &e, NULL);
        if (status != MHO_OK) {
            return cli_fail(job->ctx, status);
        }
        transient_line(job, "", "%5.2f %12s %12s %+8.2f%% %11s %11s %11s %10.1e", z,
                       quantity(e.v_out_V, "V", 5), quantity(e.v_steady_V, "V", 5),
                       100 * (e.v_out_V - e.v_static_V) / e.span_V,
                       quantity(e.settle_1pct_s, "s", 4),
                       quantity(e.total.heater_source_J + e.total.read_source_J, "J", 4),
                       quantity(e.total.heater_J, "J", 4), e.total.residual_rel);
    }
    return -1;
}

static int neuron_driven(transient_job *job, const mho_neuron_param *p,
                         const mho_neuron_design *d) {
    const transient_args *a = &job->args;
    static wave heater, read; /* too large for the stack */
    int rc = transient_wave(job, "drive", a->drive, "V", 0, &heater);
    rc = rc >= 0 ? rc : transient_wave(job, "read", a->read, "V", d->circuit.v_read_V, &read);
    if (rc >= 0) {
        return rc;
    }
    double last_s = fmax(heater.t_s[heater.w.n - 1], read.t_s[read.w.n - 1]);
    const mho_neuron_device nominal = {0};
    const mho_neuron_drive drive = {.heater_V = heater.w,
                                    .read_V = read.w,
                                    .stop_s = isnan(a->stop_s) ? last_s + d->settle_s : a->stop_s,
                                    .c_load_F = isnan(a->cap_F) ? 1e-14 : a->cap_F,
                                    .history_K = d->rise_full_K};
    mho_film_run run;
    mho_status status = mho_neuron_simulate(job->ctx, p, &d->circuit, &nominal, &drive, &job->opt,
                                            &run, &job->trace);
    if (status >= 0) {
        transient_line(job, "end", "rise %s (highest %s), output %s",
                       quantity(run.rise_end_K, "K", 5), quantity(run.rise_max_K, "K", 5),
                       quantity(run.v_end_V, "V", 5));
        transient_energy(job, &run.energy);
        effort(job, &run.rep);
        transient_note(job, "rise_end_K", run.rise_end_K);
        transient_note(job, "v_end_V", run.v_end_V);
    }
    return finish(job, status);
}

int transient_neuron(transient_job *job) {
    const transient_args *a = &job->args;
    mho_neuron_param p;
    mho_neuron_design d;
    int rc = neuron_card(job, &p);
    if (rc >= 0) {
        return rc;
    }
    mho_status status = mho_neuron_design_relu(job->ctx, &p, v_max_V, z_max, &d);
    if (status < 0) {
        return cli_fail(job->ctx, status);
    }
    const size_t columns[] = {1, 2, 5, 4};
    panels(job, 4, columns);
    print_design(job, &p, &d);
    if (a->drive) {
        snprintf(job->title, sizeof job->title, "Mott neuron, card %s", a->card);
        return neuron_driven(job, &p, &d);
    }
    if (a->read || !isnan(a->stop_s)) {
        return cli_usage_error("--read and --stop go with --drive; without it one evaluation is "
                               "simulated");
    }
    mho_neuron_phases ph = mho_neuron_phases_of(&p);
    ph.c_load_F = isnan(a->cap_F) ? ph.c_load_F : a->cap_F;
    const mho_neuron_device nominal = {0};
    mho_neuron_evaluation e;
    double v = d.circuit.v_bias_V + a->z * d.circuit.v_swing_V;
    if (v < 0) {
        return cli_usage_error("--z %g: the amplifier would have to go below 0 V; from %.4g on is "
                               "allowed",
                               a->z, -d.circuit.v_bias_V / d.circuit.v_swing_V);
    }
    snprintf(job->title, sizeof job->title,
             "Mott neuron, card %s: full scale, reset, settle at z = %g, read", a->card, a->z);
    status = mho_neuron_evaluate_transient(job->ctx, &p, &d.circuit, &nominal, v, &ph, &job->opt,
                                           &e, &job->trace);
    if (status >= 0) {
        if (isfinite(e.v_out_V)) { /* else it ended before there was anything to say */
            print_evaluation(job, &e, &ph, d.tau_s);
        }
        rc = a->sweep && status == MHO_OK ? neuron_sweep(job, &p, &d, &ph) : -1;
        effort(job, &e.rep);
    }
    return rc >= 0 ? rc : finish(job, status);
}

/* ---- oscillator ---- */

int transient_oscillator(transient_job *job) {
    transient_args *a = &job->args;
    mho_neuron_param p;
    static wave source;
    a->card = a->card ? a->card : "U";
    int rc = neuron_card(job, &p);
    rc = rc >= 0 ? rc : transient_wave(job, "drive", a->drive, "V", 12, &source);
    if (rc >= 0) {
        return rc;
    }
    bool published = strcmp(a->card, "U") == 0;
    if (published && !(a->set && strstr(a->set, "latent_ratio"))) {
        p.latent_ratio = 1; /* the published equations have no latent heat */
    }
    const mho_oscillator osc = {.r_series_ohm =
                                    isnan(a->series_ohm) ? MHO_NEURISTOR_R_OHM : a->series_ohm,
                                .c_parallel_F = isnan(a->cap_F) ? MHO_NEURISTOR_C_F : a->cap_F,
                                .source_V = source.w,
                                .stop_s = isnan(a->stop_s) ? 30e-6 : a->stop_s};
    mho_film_run run;
    mho_oscillation x;
    const size_t columns[] = {2, 4, 6};
    panels(job, 3, columns);
    snprintf(job->title, sizeof job->title, "VO2 oscillator, card %s, %s in series, %s", a->card,
             quantity(osc.r_series_ohm, "ohm", 4), quantity(osc.c_parallel_F, "F", 4));
    mho_status status =
        mho_oscillator_simulate(job->ctx, &p, &osc, &job->opt, &run, &x, &job->trace);
    if (status >= 0) {
        transient_line(job, "oscillator", "card %s, %s in series, %s across the film", a->card,
                       quantity(osc.r_series_ohm, "ohm", 4), quantity(osc.c_parallel_F, "F", 4));
        transient_line(job, "spikes", "%zu, the first at %s", x.n_spike,
                       x.n_spike ? quantity(x.first_spike_s, "s", 4) : "no time");
        if (x.frequency_Hz > 0) {
            transient_line(job, "frequency", "%s, periods within %.1e",
                           quantity(x.frequency_Hz, "Hz", 5), x.jitter_rel);
            transient_line(job, "spike", "%s, %s at its peak", quantity(x.energy_spike_J, "J", 4),
                           quantity(x.i_max_A, "A", 4));
        } else {
            transient_line(job, "frequency", "none: it comes to rest");
        }
        transient_line(job, "rise", "%s to %s over the base at %s", quantity(x.rise_low_K, "K", 4),
                       quantity(x.rise_high_K, "K", 4), quantity(p.t_base_K, "K", 4));
        transient_energy(job, &run.energy);
        effort(job, &run.rep);
        transient_note(job, "spikes", (double)x.n_spike);
        transient_note(job, "frequency_Hz", x.frequency_Hz);
        transient_note(job, "energy_spike_J", x.energy_spike_J);
        transient_note(job, "i_max_A", x.i_max_A);
    }
    return finish(job, status);
}

/* ---- optomemristor ---- */

int transient_opto(transient_job *job) {
    const transient_args *a = &job->args;
    mho_card *card = NULL;
    mho_opto_param p = {0};
    static wave light, volt;
    int rc = transient_card(job, "optomemristor", &card, NULL);
    if (rc < 0) {
        mho_status status = mho_card_to_opto(job->ctx, card, &p);
        rc = status < 0 ? cli_fail(job->ctx, status) : -1;
    }
    mho_card_free(card);
    /* without a drive: mark by light, wait, write */
    char mark[160], pulse[160];
    snprintf(mark, sizeof mark, "0 s: %.9g, %.9g s: %.9g, %.9g s: 0", p.mark_power_rel, p.mark_s,
             p.mark_power_rel, p.mark_s);
    double at = 2 * p.mark_s;
    snprintf(pulse, sizeof pulse,
             "0 s: 0 V, %.9g s: 0 V, %.9g s: %.9g V, %.9g s: %.9g V, %.9g s: 0 V", at, at,
             p.v_write_p_V, at + p.write_s, p.v_write_p_V, at + p.write_s);
    bool own = a->light || a->drive;
    rc = rc >= 0 ? rc : transient_wave(job, "light", own ? a->light : mark, "", 0, &light);
    rc = rc >= 0 ? rc : transient_wave(job, "drive", own ? a->drive : pulse, "V", 0, &volt);
    if (rc >= 0) {
        return rc;
    }
    double last_s = fmax(light.t_s[light.w.n - 1], volt.t_s[volt.w.n - 1]);
    const mho_opto_drive drive = {.light_rel = light.w,
                                  .volt_V = volt.w,
                                  .stop_s =
                                      !isnan(a->stop_s) ? a->stop_s : fmax(1.25 * last_s, 1e-3),
                                  .x_start = isnan(a->x_start) ? 0.2 : a->x_start};
    mho_opto_run run;
    const size_t columns[] = {1, 3, 2, 4};
    panels(job, 4, columns);
    snprintf(job->title, sizeof job->title, "Optomemristor under light and voltage");
    mho_status status = mho_opto_simulate(job->ctx, &p, &drive, &job->opt, &run, &job->trace);
    if (status >= 0) {
        transient_line(job, "state", "x %.6f to %.6f (%+.6f), carriers %.4g at the end",
                       drive.x_start, run.x_end, run.x_change, run.n_end);
        transient_line(job, "threshold", "crossed %zu times, above it for %s", run.rep.n_reversal,
                       quantity(run.above_s, "s", 4));
        transient_line(job, "energy", "%s electrical, %s light, charge %s",
                       quantity(run.electrical_J, "J", 4), quantity(run.optical_J, "J", 4),
                       quantity(run.charge_C, "C", 4));
        effort(job, &run.rep);
        transient_note(job, "x_change", run.x_change);
        transient_note(job, "x_end", run.x_end);
        transient_note(job, "n_end", run.n_end);
        transient_note(job, "electrical_J", run.electrical_J);
        transient_note(job, "optical_J", run.optical_J);
        transient_note(job, "above_s", run.above_s);
    }
    return finish(job, status);
}

/* ---- any model ---- */

/* --input KEY=WAVE; -1 or an exit status. */
static int read_input(transient_job *job, const mho_ext_model *m, wave *w, mho_model_input *input) {
    char key[64];
    const char *text = job->args.input, *equals = strchr(text, '=');
    if (!equals || (size_t)(equals - text) >= sizeof key) {
        return cli_usage_error("--input %s: KEY=WAVE is wanted", text);
    }
    snprintf(key, sizeof key, "%.*s", (int)(equals - text), text);
    char known[256] = "";
    for (size_t k = 0; k < m->n_input; k++) {
        if (strcmp(m->input[k].key, key) == 0) {
            input->input = k;
            int rc = transient_wave(job, "input", equals + 1, m->input[k].unit, 0, w);
            input->wave = w->w;
            return rc;
        }
        size_t n = strlen(known);
        snprintf(known + n, sizeof known - n, "%s%s", n ? ", " : "", m->input[k].key);
    }
    return cli_usage_error("--input %s: %s has %s", key, m->name, known);
}

static int simulate_model(transient_job *job, const mho_card *card) {
    const transient_args *a = &job->args;
    const mho_ext_model *m = mho_card_model(card);
    static wave source, other;
    mho_model_input input = {0};
    if (!a->drive || isnan(a->stop_s)) {
        return cli_usage_error("mho transient %s wants --drive (the source) and --stop", m->name);
    }
    int rc = transient_wave(job, "drive", a->drive, "V", 0, &source);
    rc = rc >= 0 || !a->input ? rc : read_input(job, m, &other, &input);
    if (rc >= 0) {
        return rc;
    }
    const mho_model_drive drive = {.port = (size_t)a->port,
                                   .source_V = source.w,
                                   .r_series_ohm = isnan(a->series_ohm) ? 0 : a->series_ohm,
                                   .c_parallel_F = isnan(a->cap_F) ? 0 : a->cap_F,
                                   .stop_s = a->stop_s,
                                   .n_input = a->input ? 1 : 0,
                                   .input = &input};
    mho_model_run run;
    snprintf(job->title, sizeof job->title, "%s, %s in series, %s", m->name,
             quantity(drive.r_series_ohm, "ohm", 4), quantity(drive.c_parallel_F, "F", 4));
    mho_status status = mho_model_simulate(job->ctx, card, &drive, &job->opt, &run, &job->trace);
    if (status >= 0) {
        const size_t columns[] = {1, 2, 4, 3};
        const size_t plain[] = {1, 2, 3};
        bool state = mho_trace_columns(job->trace) > 4;
        panels(job, state ? 4 : 3, state ? columns : plain);
        transient_line(job, "device", "%s: %s", m->name, m->summary);
        transient_line(job, "circuit", "%s in series, %s across the port",
                       quantity(drive.r_series_ohm, "ohm", 4),
                       quantity(drive.c_parallel_F, "F", 4));
        if (run.frequency_Hz > 0) {
            transient_line(job, "spikes", "%zu, %s", run.n_spike,
                           quantity(run.frequency_Hz, "Hz", 5));
        }
        const mho_model_energy *e = &run.energy;
        transient_line(job, "energy",
                       "%s delivered: %s in the resistor, %s stored, %s to the device",
                       quantity(e->source_J, "J", 5), quantity(e->series_J, "J", 5),
                       quantity(e->stored_cap_J, "J", 5), quantity(e->port_J, "J", 5));
        transient_line(job, "balance", "circuit closes to %.1e, device to %.1e",
                       e->circuit_residual_rel, e->device_residual_rel);
        effort(job, &run.rep);
        transient_note(job, "spikes", (double)run.n_spike);
        transient_note(job, "frequency_Hz", run.frequency_Hz);
        transient_note(job, "source_J", e->source_J);
        transient_note(job, "series_J", e->series_J);
        transient_note(job, "port_J", e->port_J);
        transient_note(job, "balance_rel", e->circuit_residual_rel);
        transient_note(job, "device_balance_rel", e->device_residual_rel);
    }
    return finish(job, status);
}

int transient_model(transient_job *job) {
    mho_card *card = NULL;
    mho_model *model = NULL;
    int rc = transient_card(job, job->args.what ? job->args.what : "", &card, &model);
    if (rc < 0) {
        rc = simulate_model(job, card);
    }
    mho_card_free(card);
    mho_model_free(model);
    return rc;
}
