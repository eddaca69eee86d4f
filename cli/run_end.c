/* run_end.c - the end of mho run: outputs and verdict. */
#include "run_end.h"

#include <stdio.h>
#include <string.h>

/* What --verify asks of the fast path; above it the run is not to be trusted. */
static const double MAX_NEURON_ERROR = 1e-4;

bool run_is_quiet(const char *json_path) {
    return json_path && strcmp(json_path, "-") == 0;
}

mho_status run_check_outputs(mho_ctx *ctx, const char *json_path, const char *report_path) {
    mho_status status = MHO_OK;
    if (json_path && !run_is_quiet(json_path)) {
        status = mho_file_writable(ctx, json_path);
    }
    return status < 0 || !report_path ? status : mho_file_writable(ctx, report_path);
}

mho_status run_put_json(mho_ctx *ctx, const char *json_path, mho_status status, char *text) {
    if (status < 0) {
        return status;
    }
    status = cli_text_save(ctx, text, strlen(text), json_path);
    if (status == MHO_OK && !run_is_quiet(json_path)) {
        printf("JSON:    %s\n", json_path);
    }
    mho_text_free(ctx, text);
    return status;
}

mho_status run_put_report(mho_status status, const char *report_path, bool quiet) {
    if (status == MHO_OK && !quiet) {
        printf("Report:  %s\n", report_path);
    }
    return status;
}

int run_verdict(mho_ctx *ctx, mho_status status, const mho_chip_verify *verify,
                double max_array_rel) {
    if (status != MHO_OK) {
        return cli_fail(ctx, status);
    }
    if (verify && !(verify->array_error_rel <= max_array_rel &&
                    verify->neuron_error_rel <= MAX_NEURON_ERROR)) {
        fprintf(stderr,
                "mho: the fast path is further from the slow one than it may be (arrays %g, "
                "neurons %g): do not trust this result\n",
                max_array_rel, MAX_NEURON_ERROR);
        return CLI_NOT_TRUSTWORTHY;
    }
    return CLI_DONE;
}
