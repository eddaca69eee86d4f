/* cmd_run.c - mho run: a named experiment from a data set and a chip file to a verdict. */
#include "cli.h"

#include "run_end.h"
#include "run_net.h"
#include "run_print.h"

#include <stdio.h>
#include <string.h>

/* What --verify asks of the arrays. */
static const double MAX_ARRAY_ERROR = 1e-6;

typedef struct run_args {
    const char *data_dir, *chip_file, *json_path, *report_path;
    long n_chip, n_budget_chip, n_image, n_thread, n_verify, n_epoch;
    uint64_t seed;
    double age_s;
    bool verify, ageing, remedies;
} run_args;

static const char experiments[] = "lenet5-mott (LeNet-5 on handwritten digits, Mott neurons and "
                                  "CBRAM synapses)";

static int parse(int argc, char **argv, const cli_command *self, run_args *a) {
    const cli_option options[] = {
        {"data", CLI_TEXT, &a->data_dir, "DIR", NULL,
         "MNIST files (IDX, plain or gzip); without it mho draws its own digits"},
        {"chip", CLI_FILE, &a->chip_file, "FILE", NULL,
         "YAML file that describes the chip; see examples/chip-default.yaml"},
        {"chips", CLI_COUNT, &a->n_chip, "N", NULL, "how many chips to make and measure (20)"},
        {"budget-chips", CLI_COUNT, &a->n_budget_chip, "N", NULL,
         "chips for the loss budget (5); 0 leaves it out"},
        {"images", CLI_COUNT, &a->n_image, "N", NULL, "only the first N test pictures"},
        {"epochs", CLI_COUNT, &a->n_epoch, "N", NULL, "passes over the training set"},
        {"seed", CLI_SEED, &a->seed, "S", NULL,
         "seed of everything random (1); the same seed gives the same bits"},
        {"age", CLI_NUMBER, &a->age_s, "T", "s",
         "measure the chips this long after they were written: 1h, 1day, 1month, 1year"},
        {"ageing", CLI_FLAG, &a->ageing, NULL, NULL,
         "instead: accuracy after 1 s, 1 h, 1 day, 1 month, 1 year, PCM and CBRAM (5 chips each)"},
        {"remedies", CLI_FLAG, &a->remedies, NULL, NULL,
         "instead: what each remedy wins back on a chip made bad for it (5 chips each)"},
        {"verify", CLI_FLAG, &a->verify, NULL, NULL,
         "send some pictures through the slow reference path and compare"},
        {"verify-images", CLI_COUNT, &a->n_verify, "N", NULL, "how many pictures for --verify (4)"},
        {"json", CLI_TEXT, &a->json_path, "FILE", NULL,
         "write the result as JSON; - prints it, and nothing else"},
        {"report", CLI_FILE, &a->report_path, "FILE", NULL, "write an HTML page with plots"},
        {"threads", CLI_COUNT, &a->n_thread, "N", NULL, "threads (all processors)"},
        {NULL, CLI_FLAG, NULL, NULL, NULL, NULL}};
    const char *name;
    int rc = cli_parse(self, options, argc, argv, &name, 1);
    if (rc >= 0) {
        return rc;
    }
    if (!name) {
        return cli_usage_error("which experiment, or which network? There is: %s; or NET.onnx",
                               experiments);
    }
    if (strcmp(name, "lenet5-mott") != 0) {
        return cli_usage_error("\"%s\" is not an experiment and not NET.onnx. There is: %s", name,
                               experiments);
    }
    if (a->ageing && a->remedies) {
        return cli_usage_error("--ageing and --remedies are two studies: one at a time");
    }
    if ((a->ageing || a->remedies) && (a->report_path || a->verify || a->age_s >= 0)) {
        return cli_usage_error("--%s takes neither --report nor --verify nor --age",
                               a->ageing ? "ageing" : "remedies");
    }
    if (a->age_s < 0 && a->age_s != -1) {
        return cli_usage_error("--age %g s: at least 0 s is wanted", a->age_s);
    }
    if (a->json_path && a->report_path && strcmp(a->json_path, a->report_path) == 0) {
        return cli_usage_error("--json and --report name the same file");
    }
    return -1;
}

/* The page needs gnuplot besides. */
static mho_status check_outputs(mho_ctx *ctx, const run_args *a) {
    mho_status status = run_check_outputs(ctx, a->json_path, NULL);
    return status < 0 || !a->report_path ? status : mho_run_report_ready(ctx, a->report_path);
}

static mho_status write_outputs(mho_ctx *ctx, const run_args *a, const mho_run_result *r) {
    bool quiet = run_is_quiet(a->json_path);
    mho_status status = MHO_OK;
    if (!quiet) {
        run_print(r);
    }
    if (a->json_path) {
        char *text;
        status = mho_run_report_json(ctx, r, &text);
        status = run_put_json(ctx, a->json_path, status, text);
    }
    if (status == MHO_OK && a->report_path) {
        status = run_put_report(mho_run_report_html(ctx, r, a->report_path), a->report_path, quiet);
    }
    return status;
}

/* --ageing and --remedies */
static int run_study(mho_ctx *ctx, const run_args *a) {
    mho_remedy_opt opt = MHO_REMEDY_OPT_INIT;
    opt.data_dir = a->data_dir;
    opt.chip_file = a->chip_file;
    opt.n_chip = a->n_chip >= 0 ? (size_t)a->n_chip : opt.n_chip;
    opt.n_image = (size_t)a->n_image;
    opt.n_epoch = a->n_epoch > 1000000 ? 1000000 : (int)a->n_epoch;
    opt.seed = a->seed;
    mho_status status = check_outputs(ctx, a);
    if (status == MHO_OK) {
        status =
            a->ageing ? run_ageing(ctx, &opt, a->json_path) : run_remedies(ctx, &opt, a->json_path);
    }
    cli_progress_end();
    return status == MHO_OK ? CLI_DONE : cli_fail(ctx, status);
}

int cmd_run(int argc, char **argv, const cli_command *self) {
    if (run_net_wanted(argc, argv)) {
        return run_net(argc, argv, self);
    }
    mho_run_opt opt = MHO_RUN_OPT_INIT;
    run_args a = {.n_chip = -1,
                  .n_budget_chip = (long)opt.n_budget_chip,
                  .seed = opt.seed,
                  .n_verify = -1,
                  .age_s = opt.age_s};
    int rc = parse(argc, argv, self, &a);
    if (rc >= 0) {
        return rc;
    }
    mho_ctx *ctx = cli_ctx(a.n_thread);
    if (!ctx) {
        return cli_no_ctx();
    }
    if (a.ageing || a.remedies) {
        rc = run_study(ctx, &a);
        mho_ctx_free(ctx);
        return rc;
    }
    opt.data_dir = a.data_dir;
    opt.chip_file = a.chip_file;
    opt.n_chip = a.n_chip >= 0 ? (size_t)a.n_chip : opt.n_chip;
    opt.n_budget_chip = (size_t)a.n_budget_chip;
    opt.n_image = (size_t)a.n_image;
    opt.n_epoch = a.n_epoch > 1000000 ? 1000000 : (int)a.n_epoch;
    opt.n_verify = a.n_verify >= 0 ? (size_t)a.n_verify : a.verify ? 4 : 0;
    opt.seed = a.seed;
    opt.age_s = a.age_s;
    mho_run_result *r = NULL;
    mho_status status = check_outputs(ctx, &a);
    if (status == MHO_OK) {
        status = mho_run_lenet5(ctx, &opt, &r);
    }
    cli_progress_end();
    if (status == MHO_OK) {
        status = write_outputs(ctx, &a, r);
    }
    rc = run_verdict(ctx, status, r && r->verified ? &r->verify : NULL, MAX_ARRAY_ERROR);
    mho_run_result_free(r);
    mho_ctx_free(ctx);
    return rc;
}
