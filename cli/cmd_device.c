/* cmd_device.c - mho device: models, their cards, their curves, the design of a neuron. */
#include "device_job.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static int parse(int argc, char **argv, const cli_command *self, device_job *j) {
    const cli_option options[] = {
        {"list", CLI_FLAG, &j->list, NULL, NULL, "the models there are"},
        {"card", CLI_MAYBE, &j->card_name, "[NAME|FILE]", NULL,
         "parameter set: a built-in one or a file; alone it is printed as such a file"},
        {"set", CLI_LIST, &j->set, "KEY=VALUE", NULL, "change a parameter; as often as wanted"},
        {"curve", CLI_TEXT, &j->curve, "NAME", NULL, "a curve that the model offers"},
        {"from", CLI_TEXT, &j->from, "X", NULL, "begin of the curve's abscissa, with its unit"},
        {"to", CLI_TEXT, &j->to, "X", NULL, "its end"},
        {"points", CLI_COUNT, &j->n_point, "N", NULL, "points of a curve"},
        {"devices", CLI_COUNT, &j->n_device, "N", NULL, "devices for statistics"},
        {"period", CLI_NUMBER, &j->period_s, "T", "s", "sweep in time, up and down in T"},
        {"seed", CLI_SEED, &j->seed, "S", NULL, "seed of spread and noise (1)"},
        {"plot", CLI_FILE, &j->plot_path, "FILE", NULL, "picture of the curve: .svg or .png"},
        {"csv", CLI_TEXT, &j->csv_path, "FILE", NULL, "the curve's numbers; - prints them"},
        {"npy", CLI_FILE, &j->npy_path, "FILE", NULL, "the same for NumPy"},
        {"json", CLI_MAYBE, &j->json_path, "[FILE]", NULL, "the curve or design as JSON"},
        {"design", CLI_TEXT, &j->design, "relu", NULL,
         "find bias, swing and load of a vo2-neuron, and say what it costs"},
        {"v-max", CLI_NUMBER, &j->v_max_V, "V", "V", "largest output of the amplifier (1 V)"},
        {"z-max", CLI_NUMBER, &j->z_max, "Z", "", "input at that output, full scale is 1 (1.6)"},
        {"model", CLI_FILE, &j->so_path, "FILE.so", NULL,
         "model from a shared object; it is code and runs as you"},
        {"data", CLI_FILE, &j->data_path, "FILE.csv", NULL,
         "measurement for the model table: V and I, or pulse number and conductance"},
        {"check", CLI_FLAG, &j->check, NULL, NULL,
         "does the model keep what a model must? (docs/ext.md)"},
        {NULL, CLI_FLAG, NULL, NULL, NULL, NULL}};
    return cli_parse(self, options, argc, argv, &j->model_name, 1);
}

static mho_status find_model(mho_ctx *ctx, device_job *j) {
    mho_status status = MHO_OK;
    if (j->so_path) {
        status = mho_model_load(ctx, j->so_path, &j->outside);
    } else if (strcmp(j->model_name, "table") == 0) {
        status = mho_model_table(ctx, j->data_path, &j->outside);
    } else {
        return mho_model_find(ctx, j->model_name, &j->model);
    }
    j->model = status == MHO_OK ? mho_model_ext(j->outside) : NULL;
    return status;
}

/* A built-in card by its name, else a file. */
static mho_status find_card(mho_ctx *ctx, device_job *j) {
    const char *name = j->card_name;
    bool built_in = !name || strcmp(name, "-") == 0;
    for (size_t c = 0; c < j->model->n_card && !built_in; c++) {
        built_in = strcmp(j->model->card[c].name, name) == 0;
    }
    bool path = name && (strchr(name, '/') || strchr(name, '.'));
    mho_status status =
        built_in || !path
            ? mho_card_new(ctx, j->model, name && strcmp(name, "-") != 0 ? name : NULL, &j->card)
            : mho_card_load(ctx, j->model, name, &j->card);
    for (int k = 0; k < j->set.n && status == MHO_OK; k++) {
        status = mho_card_set_text(ctx, j->card, j->set.item[k]);
    }
    return status == MHO_OK ? mho_card_check(ctx, j->card) : status;
}

static int show_card(mho_ctx *ctx, const device_job *j) {
    char *text;
    mho_status status = mho_card_write(ctx, j->card, &text);
    if (status < 0) {
        return cli_fail(ctx, status);
    }
    status = cli_text_save(ctx, text, strlen(text), "-");
    mho_text_free(ctx, text);
    return status < 0 ? cli_fail(ctx, status) : CLI_DONE;
}

static int check_model(mho_ctx *ctx, const device_job *j) {
    mho_model_verdict v;
    char *text = NULL;
    mho_status status = mho_model_check(ctx, j->model, j->seed, 25, &v, &text);
    if (text) {
        mho_status shown = cli_text_save(ctx, text, strlen(text), "-");
        status = status == MHO_OK ? shown : status;
        mho_text_free(ctx, text);
    }
    return status == MHO_OK ? CLI_DONE : cli_fail(ctx, status);
}

static int act(mho_ctx *ctx, device_job *j) {
    if (j->check) {
        return check_model(ctx, j);
    }
    if (j->curve) {
        return device_curve(ctx, j);
    }
    if (j->design) {
        return device_design(ctx, j);
    }
    if (j->card_name || j->set.n) {
        return show_card(ctx, j);
    }
    device_describe(j->model);
    return CLI_DONE;
}

static int bad_combination(const device_job *j) {
    if (!j->model_name && !j->so_path) {
        return cli_usage_error("which model? mho device --list");
    }
    if (j->model_name && j->so_path) {
        return cli_usage_error("%s and --model: only one model at a time", j->model_name);
    }
    bool table = j->model_name && strcmp(j->model_name, "table") == 0;
    if (table != (j->data_path != NULL)) {
        return cli_usage_error(table ? "the model table needs --data FILE.csv"
                                     : "--data is for the model table");
    }
    if (j->design && (strcmp(j->design, "relu") != 0 || !j->model_name ||
                      strcmp(j->model_name, "vo2-neuron") != 0)) {
        return cli_usage_error("--design %s: the only design there is is relu, of a vo2-neuron",
                               j->design);
    }
    if (j->curve && j->design) {
        return cli_usage_error("--curve and --design: one at a time");
    }
    if (!j->curve && (j->plot_path || j->csv_path || j->npy_path)) {
        return cli_usage_error("--plot, --csv and --npy need --curve NAME");
    }
    if (!j->curve && !j->design && j->json_path) {
        return cli_usage_error("--json needs --curve NAME or --design relu");
    }
    return -1;
}

int cmd_device(int argc, char **argv, const cli_command *self) {
    device_job j = {.seed = 1, .period_s = NAN, .v_max_V = 1, .z_max = 1.6};
    int rc = parse(argc, argv, self, &j);
    if (rc >= 0) {
        return rc;
    }
    if (j.list) {
        device_list();
        return CLI_DONE;
    }
    rc = bad_combination(&j);
    if (rc >= 0) {
        return rc;
    }
    mho_ctx *ctx = cli_ctx(0);
    if (!ctx) {
        return cli_no_ctx();
    }
    mho_status status = find_model(ctx, &j);
    if (status == MHO_OK) {
        status = find_card(ctx, &j);
    }
    rc = status == MHO_OK ? act(ctx, &j) : cli_fail(ctx, status);
    mho_card_free(j.card);
    mho_model_free(j.outside);
    mho_ctx_free(ctx);
    return rc;
}
