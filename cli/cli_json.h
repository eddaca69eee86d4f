/* cli_json.h - for commands that make JSON of their own. */
#ifndef MHO_CLI_JSON_H
#define MHO_CLI_JSON_H

#include "cli.h"

#include <jansson.h>

/* Write j, which is given up, to a file or, if path is "-", to standard output. NULL: there was no
 * memory for it. */
mho_status cli_json_save(mho_ctx *ctx, json_t *j, const char *path);

#endif
