/* run_net.c - mho run NET.onnx: a network from a file, data and a chip file to a verdict. */
#include "run_net.h"

#include "run_end.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What --verify asks of the arrays. */
static const double MAX_ARRAY_ERROR = 2e-6;

typedef struct net_run_args {
    const char *net, *data, *chip_file, *json_path, *report_path, *mean, *sd, *range;
    long n_chip, n_image, n_calibrate, n_thread, n_verify;
    double percentile;
    uint64_t seed;
    bool verify, no_correct, no_limit;
} net_run_args;

bool run_net_wanted(int argc, char **argv) {
    for (int k = 1; k < argc; k++) {
        size_t n = strlen(argv[k]);
        if (argv[k][0] != '-' && n > 5 && strcmp(argv[k] + n - 5, ".onnx") == 0) {
            return true;
        }
    }
    return false;
}

/* "0.5" or "0.485,0.456,0.406" */
static int read_list(const char *option, const char *text, size_t *n, double *out) {
    const char *at = text;
    for (*n = 0;; (*n)++) {
        char *end;
        if (*n == MHO_DEPLOY_MAX_CHANNEL) {
            return cli_usage_error("--%s %s: at most %d numbers", option, text,
                                   MHO_DEPLOY_MAX_CHANNEL);
        }
        out[*n] = strtod(at, &end);
        if (end == at || (*end && *end != ',')) {
            return cli_usage_error("--%s %s: a number, or one for each channel with commas between "
                                   "them, such as 0.485,0.456,0.406",
                                   option, text);
        }
        if (!*end) {
            (*n)++;
            return -1;
        }
        at = end + 1;
    }
}

static int read_norm(const net_run_args *a, mho_deploy_opt *opt) {
    size_t n_mean = 0, n_sd = 0;
    int rc = a->mean ? read_list("mean", a->mean, &n_mean, opt->mean) : -1;
    if (rc < 0 && a->sd) {
        rc = read_list("sd", a->sd, &n_sd, opt->sd);
    }
    if (rc >= 0) {
        return rc;
    }
    if (n_mean && n_sd && n_mean != n_sd) {
        return cli_usage_error("--mean has %zu numbers and --sd %zu", n_mean, n_sd);
    }
    opt->n_norm = n_mean > n_sd ? n_mean : n_sd;
    for (size_t k = 0; k < opt->n_norm; k++) {
        opt->mean[k] = n_mean ? opt->mean[k] : 0;
        opt->sd[k] = n_sd ? opt->sd[k] : 1;
    }
    return -1;
}

static int parse(int argc, char **argv, const cli_command *self, net_run_args *a) {
    const cli_option options[] = {
        {"data", CLI_TEXT, &a->data, "DATA", NULL,
         "FILE.npz with x [n][c][h][w] and, if known, labels y; or a directory with MNIST's files"},
        {"mean", CLI_TEXT, &a->mean, "M,..", NULL,
         "taken off the data, one number or one for each channel, as the network was trained"},
        {"sd", CLI_TEXT, &a->sd, "S,..", NULL, "by which they are divided then"},
        {"chip", CLI_FILE, &a->chip_file, "FILE", NULL,
         "YAML file that describes the chip; see examples/chip-default.yaml"},
        {"chips", CLI_COUNT, &a->n_chip, "N", NULL, "how many chips to make and measure (5)"},
        {"images", CLI_COUNT, &a->n_image, "N", NULL, "only the first N pictures"},
        {"calibrate", CLI_COUNT, &a->n_calibrate, "N", NULL,
         "pictures that decide ranges and corrections; they are not evaluated (128)"},
        {"percentile", CLI_NUMBER, &a->percentile, "P", "",
         "share of the activations within the neurons' full scale (99.9 %)"},
        {"range", CLI_TEXT, &a->range, "WHAT", NULL,
         "channel: every channel has its own full scale (the default); tensor: one for all"},
        {"no-correct", CLI_FLAG, &a->no_correct, NULL, NULL,
         "without gains and biases that make up for the neurons' curve"},
        {"no-limit", CLI_FLAG, &a->no_limit, NULL, NULL, "without cutting the largest weights"},
        {"seed", CLI_SEED, &a->seed, "S", NULL,
         "seed of everything random (1); the same seed gives the same bits"},
        {"verify", CLI_FLAG, &a->verify, NULL, NULL,
         "send a picture through the slow reference path and compare"},
        {"verify-images", CLI_COUNT, &a->n_verify, "N", NULL, "how many for --verify (1)"},
        {"json", CLI_TEXT, &a->json_path, "FILE", NULL,
         "write the result as JSON; - prints it, and nothing else"},
        {"report", CLI_FILE, &a->report_path, "FILE", NULL, "write an HTML page"},
        {"threads", CLI_COUNT, &a->n_thread, "N", NULL, "threads (all processors)"},
        {NULL, CLI_FLAG, NULL, NULL, NULL, NULL}};
    cli_command own = *self;
    own.summary = "Put a network from an ONNX file on chips and measure what becomes of it.";
    own.usage = "NET.onnx --data DATA [OPTIONS]\n\nOptions:";
    own.example = "mho run resnet20.onnx --data cifar10.npz --chips 5 --report run.html";
    int rc = cli_parse(&own, options, argc, argv, &a->net, 1);
    if (rc >= 0) {
        return rc;
    }
    if (!a->data) {
        return cli_usage_error("which data? --data FILE.npz, or a directory with MNIST's files");
    }
    if (a->json_path && a->report_path && strcmp(a->json_path, a->report_path) == 0) {
        return cli_usage_error("--json and --report name the same file");
    }
    if (a->range && strcmp(a->range, "channel") != 0 && strcmp(a->range, "tensor") != 0) {
        return cli_usage_error("--range %s: channel and tensor are allowed", a->range);
    }
    return -1;
}

static mho_status write_outputs(mho_ctx *ctx, const net_run_args *a, const mho_deploy_result *r) {
    bool quiet = run_is_quiet(a->json_path);
    mho_status status = MHO_OK;
    if (!quiet) {
        run_net_print(r);
    }
    if (a->json_path) {
        char *text;
        status = mho_deploy_report_json(ctx, r, &text);
        status = run_put_json(ctx, a->json_path, status, text);
    }
    if (status == MHO_OK && a->report_path) {
        status =
            run_put_report(mho_deploy_report_html(ctx, r, a->report_path), a->report_path, quiet);
    }
    return status;
}

static void fill(const net_run_args *a, mho_deploy_opt *opt) {
    opt->network = a->net;
    opt->data = a->data;
    opt->chip_file = a->chip_file;
    opt->n_chip = (size_t)a->n_chip;
    opt->n_image = (size_t)a->n_image;
    opt->n_calibrate = (size_t)a->n_calibrate;
    opt->n_verify = a->n_verify >= 0 ? (size_t)a->n_verify : a->verify ? 1 : 0;
    opt->seed = a->seed;
    opt->map.percentile = a->percentile;
    opt->map.correct = !a->no_correct;
    opt->map.limit_weights = !a->no_limit;
    opt->map.range =
        a->range && strcmp(a->range, "tensor") == 0 ? MHO_RANGE_TENSOR : MHO_RANGE_CHANNEL;
}

int run_net(int argc, char **argv, const cli_command *self) {
    mho_deploy_opt opt = mho_deploy_opt_default();
    net_run_args a = {.n_chip = (long)opt.n_chip,
                      .n_calibrate = (long)opt.n_calibrate,
                      .percentile = opt.map.percentile,
                      .seed = opt.seed,
                      .n_verify = -1};
    int rc = parse(argc, argv, self, &a);
    if (rc < 0) {
        rc = read_norm(&a, &opt);
    }
    if (rc >= 0) {
        return rc;
    }
    mho_ctx *ctx = cli_ctx(a.n_thread);
    if (!ctx) {
        return cli_no_ctx();
    }
    fill(&a, &opt);
    mho_deploy_result *r = NULL;
    mho_status status = run_check_outputs(ctx, a.json_path, a.report_path);
    if (status == MHO_OK) {
        status = mho_deploy(ctx, &opt, &r);
    }
    cli_progress_end();
    if (status == MHO_OK) {
        status = write_outputs(ctx, &a, r);
    }
    rc = run_verdict(ctx, status, r && r->verified ? &r->verify : NULL, MAX_ARRAY_ERROR);
    mho_deploy_result_free(r);
    mho_ctx_free(ctx);
    return rc;
}
