/* run_end.h - how mho run ends, whatever it ran: files that can be written, results in them, what
 * the exit status says. */
#ifndef MHO_CLI_RUN_END_H
#define MHO_CLI_RUN_END_H

#include "cli.h"

#include "mho/mho.h"

/* Everything that can be known to fail is looked at before the hours of work. Paths may be NULL. */
mho_status run_check_outputs(mho_ctx *ctx, const char *json_path, const char *report_path);
/* JSON on standard output, and nothing else there. */
bool run_is_quiet(const char *json_path);
/* text, which status says is good, into a file or onto standard output; takes it over. */
mho_status run_put_json(mho_ctx *ctx, const char *json_path, mho_status status, char *text);
/* Says where the page is, if status says that there is one, unless quiet. Returns status. */
mho_status run_put_report(mho_status status, const char *report_path, bool quiet);
/* Exit status of a run that ended with status, and a message unless all is well. verify NULL: the
 * slow path was not taken; else arrays may differ by max_array_rel. */
int run_verdict(mho_ctx *ctx, mho_status status, const mho_chip_verify *verify,
                double max_array_rel);

#endif
