/* cmd_sweep.c - mho sweep: a study over many chips, alone or as one of several ranks. */
#include "cli.h"

#include "sweep_team.h"
#include "sweep_print.h"

#include <stdio.h>
#include <string.h>

typedef struct sweep_args {
    const char *study, *out_dir, *data_dir, *json_path;
    long n_chip, n_thread;
    bool plan, no_report, quiet;
} sweep_args;

static int parse(int argc, char **argv, const cli_command *self, sweep_args *a) {
    const cli_option options[] = {
        {"out", CLI_TEXT, &a->out_dir, "DIR", NULL,
         "where journals, tables and page go (STUDY.sweep)"},
        {"data", CLI_TEXT, &a->data_dir, "DIR", NULL,
         "MNIST files, in place of what the study says"},
        {"chips", CLI_COUNT, &a->n_chip, "N", NULL,
         "chips at every point, in place of what the study says"},
        {"plan", CLI_FLAG, &a->plan, NULL, NULL, "say what would be done, and do nothing"},
        {"json", CLI_TEXT, &a->json_path, "FILE", NULL,
         "write the result as JSON; - prints it, and nothing else"},
        {"no-report", CLI_FLAG, &a->no_report, NULL, NULL, "no HTML page (which needs gnuplot)"},
        {"threads", CLI_COUNT, &a->n_thread, "N", NULL,
         "chips at a time in this process (all processors)"},
        {NULL, CLI_FLAG, NULL, NULL, NULL, NULL}};
    int rc = cli_parse(self, options, argc, argv, &a->study, 1);
    if (rc >= 0) {
        return rc;
    }
    if (!a->study) {
        return cli_usage_error("which study? mho sweep STUDY.yaml");
    }
    a->quiet = a->json_path && strcmp(a->json_path, "-") == 0;
    return -1;
}

/* dir/name.yaml becomes name.sweep in the current directory. */
static const char *default_out(const char *study, char buf[4096]) {
    const char *slash = strrchr(study, '/'), *name = slash ? slash + 1 : study;
    const char *dot = strrchr(name, '.');
    size_t n = dot && dot > name ? (size_t)(dot - name) : strlen(name);
    snprintf(buf, 4096, "%.*s.sweep", (int)(n < 4000 ? n : 4000), name);
    return buf;
}

static void begin(void *user, const mho_sweep_plan *plan) {
    const sweep_args *a = user;
    cli_progress_end();
    if (a->quiet) {
        return;
    }
    size_t left = plan->n_unit - plan->n_known;
    printf("%zu point%s x %zu chip%s = %zu; %zu already made, %zu to make, %zu at a time; about "
           "%.0f MiB of memory\n",
           plan->n_point, plan->n_point == 1 ? "" : "s", plan->n_chip, plan->n_chip == 1 ? "" : "s",
           plan->n_unit, plan->n_known, left, plan->n_worker, (double)plan->bytes / 0x1p20);
    (void)fflush(stdout); /* the program looks at ferror at its end */
}

static mho_status load(mho_ctx *ctx, const sweep_args *a, mho_study **study) {
    mho_status status = mho_study_load(ctx, a->study, study);
    if (status == MHO_OK && a->n_chip) {
        status = mho_study_set_chips(*study, (size_t)a->n_chip);
    }
    if (status == MHO_OK && a->data_dir) {
        status = mho_study_set_data(*study, a->data_dir);
    }
    return status;
}

static mho_status write_json(mho_ctx *ctx, const sweep_args *a, const mho_sweep_result *r) {
    char *text;
    mho_status status = mho_sweep_report_json(ctx, r, &text);
    if (status == MHO_OK) {
        status = cli_text_save(ctx, text, strlen(text), a->json_path);
    }
    mho_text_free(ctx, text);
    return status;
}

/* A page that cannot be drawn (no gnuplot) is no reason to call a finished study failed. */
static mho_status write_page(mho_ctx *ctx, const sweep_args *a, const mho_sweep_result *r) {
    char path[4200];
    snprintf(path, sizeof path, "%s/report.html", a->out_dir);
    mho_status status = mho_sweep_report_html(ctx, r, path);
    if (status == MHO_ERR_DEPENDENCY) {
        fprintf(stderr, "mho: %s; the tables are complete\n", mho_ctx_last_error(ctx));
        return MHO_OK;
    }
    if (status == MHO_OK && !a->quiet) {
        printf("Page:    %s\n", path);
    }
    return status;
}

static mho_status write_all(mho_ctx *ctx, const sweep_args *a, const mho_sweep_result *r) {
    mho_status status = mho_sweep_tables_save(ctx, r, a->out_dir);
    if (status == MHO_OK && !a->quiet) {
        sweep_print(r);
        printf("\nTables:  %s/points.csv, chips.csv, chips.npz, manifest.json\n", a->out_dir);
    }
    if (status == MHO_OK && !a->no_report) {
        status = write_page(ctx, a, r);
    }
    return status < 0 || !a->json_path ? status : write_json(ctx, a, r);
}

static int run(mho_ctx *ctx, sweep_args *a, const mho_study *study, const mho_team *team) {
    mho_sweep_opt opt = MHO_SWEEP_OPT_INIT;
    opt.out_dir = a->out_dir;
    opt.team = team;
    opt.begin = begin;
    opt.user = a;
    mho_sweep_result *r = NULL;
    mho_status status = mho_sweep_run(ctx, study, &opt, &r);
    cli_progress_end();
    if (team && team->rank > 0) {
        return status < 0 ? CLI_INTERNAL : CLI_DONE; /* rank 0 says why */
    }
    if (status == MHO_OK) {
        status = write_all(ctx, a, r);
    }
    int rc = CLI_DONE;
    if (status < 0) {
        rc = cli_fail(ctx, status);
    } else if (r->n_failed) {
        fprintf(stderr, "mho: %zu of %zu chips could not be made; manifest.json says why\n",
                r->n_failed, r->n_point * r->n_chip);
        rc = CLI_NOT_TRUSTWORTHY;
    }
    mho_sweep_result_free(r);
    return rc;
}

int cmd_sweep(int argc, char **argv, const cli_command *self) {
    sweep_args a = {0};
    char buf[4096];
    int rc = parse(argc, argv, self, &a);
    if (rc >= 0) {
        return rc;
    }
    a.out_dir = a.out_dir ? a.out_dir : default_out(a.study, buf);
    const mho_team *team = NULL;
    if (!a.plan && !sweep_team_open(&team)) {
        return CLI_BAD_INPUT;
    }
    mho_ctx *ctx = cli_ctx(a.n_thread);
    mho_study *study = NULL;
    mho_status status = ctx ? load(ctx, &a, &study) : MHO_ERR_NOMEM;
    if (!ctx) {
        rc = cli_no_ctx();
    } else if (status < 0) {
        /* every rank sees the same; one says it */
        rc = team && team->rank > 0 ? CLI_BAD_INPUT : cli_fail(ctx, status);
    } else if (a.plan) {
        sweep_print_plan(study, a.out_dir);
        rc = CLI_DONE;
    } else {
        cli_progress_log(60);
        rc = run(ctx, &a, study, team);
    }
    mho_study_free(study);
    mho_ctx_free(ctx);
    sweep_team_close();
    return rc;
}
