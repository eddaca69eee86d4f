/* cmd_fit.c - mho fit: from a measurement to a model card. */
#include "fit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct fit_args {
    const char *model, *file, *mixing, *base, *columns, *unit, *law;
    const char *card_out, *plot, *report, *json, *forc;
    long n_bootstrap, n_thread, max_evaluate;
    double g_max_S, t0_s;
    uint64_t seed;
} fit_args;

static const char *const mixings[] = {"series", "bruggeman-2d", "bruggeman-3d", "gem"};

static int parse(int argc, char **argv, const cli_command *self, fit_args *a) {
    const cli_option options[] = {
        {"card-out", CLI_FILE, &a->card_out, "FILE", NULL,
         "write the card (YAML) that every other command takes"},
        {"plot", CLI_FILE, &a->plot, "FILE", NULL,
         "data, model and residuals as a picture, .svg or .png"},
        {"report", CLI_FILE, &a->report, "FILE", NULL, "write an HTML page"},
        {"json", CLI_MAYBE, &a->json, "[FILE]", NULL,
         "the result as JSON, into a file or instead of the table"},
        {"bootstrap", CLI_COUNT, &a->n_bootstrap, "N", NULL,
         "intervals from N refits to residuals put back in blocks (0: none)"},
        {"seed", CLI_SEED, &a->seed, "S", NULL, "of the bootstrap (1)"},
        {"columns", CLI_TEXT, &a->columns, "A,B", NULL,
         "names or numbers of the columns: temperature,resistance; pulse,conductance; "
         "target,measured[,time[,device]]"},
        {"mixing", CLI_TEXT, &a->mixing, "LAW", NULL,
         "vo2: series, bruggeman-2d, bruggeman-3d, gem (bruggeman-2d)"},
        {"base", CLI_TEXT, &a->base, "U|T|N", NULL,
         "vo2: built-in card that the other parameters come from (T)"},
        {"temperature-unit", CLI_TEXT, &a->unit, "K|degC", NULL,
         "vo2: where the header does not say it"},
        {"forc", CLI_FILE, &a->forc, "FILE", NULL,
         "vo2: first-order reversal curves of the fit, .csv, .png or .svg"},
        {"law", CLI_TEXT, &a->law, "LAW", NULL,
         "pulsed: constant, linear, soft-bounds, exponential (the best of them)"},
        {"g-max", CLI_NUMBER, &a->g_max_S, "G", "S", "pcm: scale of the law (largest target)"},
        {"t0", CLI_NUMBER, &a->t0_s, "T", "s", "pcm: first read after programming (20 s)"},
        {"max-iter", CLI_COUNT, &a->max_evaluate, "N", NULL,
         "vo2: most evaluations of the model in a descent (100 for each parameter)"},
        {"threads", CLI_COUNT, &a->n_thread, "N", NULL, "threads of the bootstrap"},
        {0}};
    const char *positional[2];
    int rc = cli_parse(self, options, argc, argv, positional, 2);
    a->model = positional[0];
    a->file = positional[1];
    return rc;
}

static int find_mixing(const char *name, mho_mixing *out) {
    for (int k = 0; k < 4; k++) {
        if (strcmp(name, mixings[k]) == 0) {
            *out = (mho_mixing)k;
            return -1;
        }
    }
    return cli_usage_error("--mixing %s: series, bruggeman-2d, bruggeman-3d and gem are allowed",
                           name);
}

static bool is_vo2(const fit_args *a) {
    return strcmp(a->model, "vo2") == 0 || strcmp(a->model, "vo2-neuron") == 0;
}

static bool ends_in(const char *name, const char *const *ends) {
    size_t n = strlen(name);
    for (; *ends; ends++) {
        if (n > strlen(*ends) && strcmp(name + n - strlen(*ends), *ends) == 0) {
            return true;
        }
    }
    return false;
}

static int check_names(const fit_args *a) {
    static const char *const pictures[] = {".svg", ".png", NULL};
    static const char *const curves[] = {".csv", ".svg", ".png", NULL};
    if (a->plot && !ends_in(a->plot, pictures)) {
        return cli_usage_error("--plot %s: the name must end in .svg or .png", a->plot);
    }
    if (a->forc && !ends_in(a->forc, curves)) {
        return cli_usage_error("--forc %s: the name must end in .csv, .svg or .png", a->forc);
    }
    if (a->n_bootstrap && strcmp(a->model, "pcm") == 0) {
        return cli_usage_error("--bootstrap is for vo2 and pulsed");
    }
    return -1;
}

static int check_args(const fit_args *a) {
    if (!a->model || !a->file) {
        return cli_usage_error("a model (vo2, pulsed, pcm) and a CSV file are wanted; mho fit "
                               "--help gives examples");
    }
    const char *out[] = {a->card_out, a->plot, a->report, a->forc,
                         a->json && strcmp(a->json, "-") != 0 ? a->json : NULL};
    enum { N_OUT = sizeof out / sizeof *out };
    for (int k = 0; k < N_OUT; k++) {
        for (int j = 0; out[k] && j < k; j++) {
            if (out[j] && strcmp(out[j], out[k]) == 0) {
                return cli_usage_error("%s is asked for twice", out[k]);
            }
        }
        if (out[k] && strcmp(out[k], a->file) == 0) {
            return cli_usage_error("%s is read: it cannot be written as well", out[k]);
        }
    }
    if (strcmp(a->model, "table") == 0) {
        return cli_usage_error("a table needs no fit: mho device table --data %s takes the "
                               "measurement as it is; mho fit pulsed fits a law to it",
                               a->file);
    }
    if (!is_vo2(a) && strcmp(a->model, "pulsed") != 0 && strcmp(a->model, "pcm") != 0) {
        return cli_usage_error("\"%s\" is not a model that can be fitted: vo2, pulsed and pcm are",
                               a->model);
    }
    if (!is_vo2(a) && (a->forc || a->mixing || a->base || a->unit || a->max_evaluate)) {
        return cli_usage_error(
            "--mixing, --base, --temperature-unit, --max-iter and --forc are for vo2");
    }
    return -1;
}

static mho_status fit(mho_ctx *ctx, const fit_args *a, mho_mixing mixing, mho_fit **out) {
    size_t n_boot = (size_t)a->n_bootstrap;
    if (is_vo2(a)) {
        mho_fit_vo2_opt opt = mho_fit_vo2_default();
        opt.mixing = mixing;
        opt.base_card = a->base ? a->base : opt.base_card;
        opt.columns = a->columns;
        opt.temperature_unit = a->unit;
        opt.n_bootstrap = n_boot;
        opt.seed = a->seed;
        opt.max_evaluate = (size_t)a->max_evaluate;
        return mho_fit_vo2(ctx, a->file, &opt, out);
    }
    if (strcmp(a->model, "pulsed") == 0) {
        mho_fit_pulsed_opt opt = {a->law, a->columns, n_boot, a->seed};
        return mho_fit_pulsed(ctx, a->file, &opt, out);
    }
    mho_fit_pcm_opt opt = {a->g_max_S, a->t0_s, a->columns};
    return mho_fit_pcm(ctx, a->file, &opt, out);
}

static mho_status save_text(mho_ctx *ctx, mho_status status, char *text, const char *path) {
    if (status == MHO_OK) {
        status = mho_file_save(ctx, path, text, strlen(text));
    }
    mho_text_free(ctx, text);
    return status;
}

/* From where 1 % of the transition is done to where 1 % is left, on the outer branches. */
static mho_status save_forc(mho_ctx *ctx, const mho_fit *f, const char *path) {
    const mho_neuron_param *p = &f->neuron;
    double reach = p->width_K / 2 + 2.3 / p->beta_per_K;
    return mho_vo2_forc_save(ctx, p, fmax(p->t_c_K - reach, 150), fmin(p->t_c_K + reach, 590), 12,
                             path);
}

static mho_status write_results(mho_ctx *ctx, const mho_fit *f, const fit_args *a) {
    mho_status status = MHO_OK;
    char *text = NULL;
    if (a->card_out && f->converged) { /* a card would lose the mark */
        status = mho_fit_card(ctx, f, &text);
        status = save_text(ctx, status, text, a->card_out);
    }
    if (a->json && strcmp(a->json, "-") != 0 && status == MHO_OK) {
        text = NULL;
        status = mho_fit_json(ctx, f, &text);
        status = save_text(ctx, status, text, a->json);
    }
    if (a->plot && status == MHO_OK) {
        status = mho_fit_plot(ctx, f, a->plot);
    }
    if (a->forc && status == MHO_OK) {
        status = save_forc(ctx, f, a->forc);
    }
    if (a->report && status == MHO_OK) {
        status = mho_fit_report_html(ctx, f, a->report);
    }
    return status;
}

static mho_status check_outputs(mho_ctx *ctx, const fit_args *a) {
    const char *out[] = {a->card_out, a->plot, a->report, a->forc,
                         a->json && strcmp(a->json, "-") != 0 ? a->json : NULL};
    mho_status status = MHO_OK;
    for (size_t k = 0; k < sizeof out / sizeof *out && status == MHO_OK; k++) {
        status = out[k] ? mho_file_writable(ctx, out[k]) : MHO_OK;
    }
    return status;
}

static mho_status print_result(mho_ctx *ctx, const mho_fit *f, const fit_args *a) {
    if (!a->json || strcmp(a->json, "-") != 0) {
        fit_print(f);
        return MHO_OK;
    }
    char *text = NULL;
    mho_status status = mho_fit_json(ctx, f, &text);
    if (status == MHO_OK) {
        status = cli_text_save(ctx, text, strlen(text), "-");
        putchar('\n');
    }
    mho_text_free(ctx, text);
    return status;
}

int cmd_fit(int argc, char **argv, const cli_command *self) {
    fit_args a = {.seed = 1};
    mho_mixing mixing = MHO_MIX_BRUGGEMAN_2D;
    int rc = parse(argc, argv, self, &a);
    rc = rc < 0 ? check_args(&a) : rc;
    rc = rc < 0 ? check_names(&a) : rc;
    rc = rc < 0 && a.mixing ? find_mixing(a.mixing, &mixing) : rc;
    if (rc >= 0) {
        return rc;
    }
    mho_ctx *ctx = cli_ctx(a.n_thread);
    if (!ctx) {
        return cli_no_ctx();
    }
    mho_fit *f = NULL;
    mho_status status = check_outputs(ctx, &a);
    if (status == MHO_OK) {
        status = fit(ctx, &a, mixing, &f);
    }
    cli_progress_end();
    rc = status == MHO_OK ? CLI_DONE : cli_fail(ctx, status);
    if (status >= 0) {
        mho_status written = write_results(ctx, f, &a);
        written = written == MHO_OK ? print_result(ctx, f, &a) : written;
        rc = written == MHO_OK ? rc : cli_fail(ctx, written);
    }
    mho_fit_free(ctx, f);
    mho_ctx_free(ctx);
    return rc;
}
