/* cmd_transient.c - mho transient: devices in time. Options, cards and waveforms; what is simulated
 * stands in transient_run.c. */
#include "transient_job.h"

#include "cli_json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int set_values(const transient_job *job, mho_card *card) {
    char copy[1024];
    if (!job->args.set) {
        return -1;
    }
    if (strlen(job->args.set) >= sizeof copy) {
        return cli_usage_error("--set: more than %zu letters", sizeof copy - 1);
    }
    snprintf(copy, sizeof copy, "%s", job->args.set);
    for (char *part = copy, *next; part && *part; part = next) {
        next = strchr(part, ',');
        if (next) {
            *next++ = 0;
        }
        mho_status status = mho_card_set_text(job->ctx, card, part);
        if (status < 0) {
            return cli_fail(job->ctx, status);
        }
    }
    return -1;
}

/* A card is a file if it is named like one or there is one. */
static bool is_file(const char *text) {
    FILE *f = strchr(text, '.') || strchr(text, '/') ? NULL : fopen(text, "r");
    if (f) {
        (void)fclose(f); /* it was only looked for */
    }
    return f || strchr(text, '.') || strchr(text, '/');
}

int transient_card(const transient_job *job, const char *name, mho_card **card,
                   mho_model **model_out) {
    const mho_ext_model *model = NULL;
    const char *text = job->args.card;
    mho_status status = MHO_OK;
    *card = NULL;
    if (job->args.model_file && model_out) {
        status = mho_model_load(job->ctx, job->args.model_file, model_out);
        model = status == MHO_OK ? mho_model_ext(*model_out) : NULL;
    } else {
        status = mho_model_find(job->ctx, name, &model);
    }
    if (status == MHO_OK) {
        status = text && is_file(text) ? mho_card_load(job->ctx, model, text, card)
                                       : mho_card_new(job->ctx, model, text, card);
    }
    int rc = status < 0 ? cli_fail(job->ctx, status) : set_values(job, *card);
    if (rc < 0) {
        status = mho_card_check(job->ctx, *card);
        rc = status < 0 ? cli_fail(job->ctx, status) : rc;
    }
    if (rc >= 0) {
        mho_card_free(*card);
        *card = NULL;
        if (model_out) {
            mho_model_free(*model_out);
            *model_out = NULL;
        }
    }
    return rc;
}

int transient_wave(const transient_job *job, const char *option, const char *text, const char *unit,
                   double constant, wave *out) {
    size_t n = 1;
    out->t_s[0] = 0;
    out->v[0] = constant;
    if (text && strchr(text, ':')) {
        mho_status status =
            mho_waveform_parse(job->ctx, text, unit, MAX_WAVE, out->t_s, out->v, &n);
        if (status < 0) {
            return cli_usage_error("--%s: %s", option, mho_ctx_last_error(job->ctx));
        }
    } else if (text) {
        char why[160], *end;
        double x = strtod(text, &end);
        if (end != text && !*end && isfinite(x)) {
            out->v[0] = x; /* a bare number on the command line is SI */
        } else if (!mho_quantity_parse(text, unit, out->v, why, sizeof why)) {
            return cli_usage_error("--%s %s: %s", option, text, why);
        }
    }
    out->w = (mho_waveform){n, out->t_s, out->v};
    return -1;
}

static int check_files(const transient_job *job) {
    const transient_args *a = &job->args;
    const char *files[] = {a->csv, a->npy, a->plot,
                           a->json && strcmp(a->json, "-") != 0 ? a->json : NULL};
    for (size_t k = 0; k < sizeof files / sizeof *files; k++) {
        mho_status status = files[k] ? mho_file_writable(job->ctx, files[k]) : MHO_OK;
        if (status < 0) {
            return cli_fail(job->ctx, status);
        }
    }
    return -1;
}

static int dispatch(transient_job *job) {
    const char *what = job->args.what;
    if (job->args.model_file) {
        return transient_model(job);
    }
    if (!what) {
        return cli_usage_error("neuron, oscillator, opto or the name of a model is wanted; mho "
                               "transient --help");
    }
    return strcmp(what, "neuron") == 0       ? transient_neuron(job)
           : strcmp(what, "oscillator") == 0 ? transient_oscillator(job)
           : strcmp(what, "opto") == 0       ? transient_opto(job)
                                             : transient_model(job);
}

int cmd_transient(int argc, char **argv, const cli_command *self) {
    transient_job job = {.opt = MHO_TRANSIENT_OPT_INIT};
    transient_args *a = &job.args;
    a->z = 1;
    a->stop_s = a->series_ohm = a->cap_F = a->x_start = NAN;
    a->dead_band_K = job.opt.dead_band_K;
    a->tol_rel = job.opt.tol_rel;
    a->n_sample = (long)job.opt.n_sample;
    const cli_option options[] = {
        {"card", CLI_TEXT, &a->card, "CARD", NULL, "parameter set: a name (U, T, N) or a file"},
        {"set", CLI_TEXT, &a->set, "KEY=X,...", NULL, "change parameters of the card"},
        {"model", CLI_FILE, &a->model_file, "FILE.so", NULL, "a model of your own (docs/ext.md)"},
        {"drive", CLI_TEXT, &a->drive, "WAVE", NULL,
         "heater (neuron), source or voltage: \"0 s: 0 V, 10 ns: 0.4 V\" or one value"},
        {"read", CLI_TEXT, &a->read, "WAVE", NULL, "neuron: read bias, with --drive"},
        {"light", CLI_TEXT, &a->light, "WAVE", NULL, "opto: light power over P0"},
        {"input", CLI_TEXT, &a->input, "KEY=WAVE", NULL, "a model's other input"},
        {"port", CLI_COUNT, &a->port, "N", NULL, "a model's port in the circuit [0]"},
        {"z", CLI_NUMBER, &a->z, "Z", "", "neuron: normalised input of the evaluation [1]"},
        {"sweep", CLI_FLAG, &a->sweep, NULL, NULL,
         "neuron: settling and energy for z from -1 to 1"},
        {"series", CLI_NUMBER, &a->series_ohm, "R", "ohm", "series resistor of the circuit"},
        {"cap", CLI_NUMBER, &a->cap_F, "C", "F", "capacitor: load (neuron) or parallel"},
        {"stop", CLI_NUMBER, &a->stop_s, "T", "s", "end of the simulation"},
        {"x", CLI_NUMBER, &a->x_start, "X", "", "opto: state at the start [0.2]"},
        {"dead-band", CLI_NUMBER, &a->dead_band_K, "K", "K", "reversals below do not count [2 mK]"},
        {"tol", CLI_NUMBER, &a->tol_rel, "X", "", "relative tolerance [1e-9]"},
        {"samples", CLI_COUNT, &a->n_sample, "N", NULL, "rows of the trace [2001]"},
        {"csv", CLI_FILE, &a->csv, "FILE", NULL, "trace as text"},
        {"npy", CLI_FILE, &a->npy, "FILE", NULL, "trace for NumPy, [rows][columns]"},
        {"plot", CLI_FILE, &a->plot, "FILE", NULL, "picture of the trace, .svg or .png"},
        {"json", CLI_MAYBE, &a->json, "[FILE]", NULL, "figures as JSON"},
        {NULL, CLI_FLAG, NULL, NULL, NULL, NULL}};
    int rc = cli_parse(self, options, argc, argv, &a->what, 1);
    if (rc >= 0) {
        return rc;
    }
    job.ctx = cli_ctx(1);
    if (!job.ctx) {
        return cli_no_ctx();
    }
    job.quiet = a->json && strcmp(a->json, "-") == 0;
    job.opt.dead_band_K = a->dead_band_K;
    job.opt.tol_rel = a->tol_rel;
    job.opt.n_sample = (size_t)a->n_sample;
    job.json = json_object();
    rc = job.json ? check_files(&job) : cli_no_memory(sizeof(json_t));
    rc = rc >= 0 ? rc : dispatch(&job);
    cli_progress_end();
    json_decref(job.json);
    mho_trace_free(job.trace);
    mho_ctx_free(job.ctx);
    return rc;
}
