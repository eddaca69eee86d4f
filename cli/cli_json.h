/* cli_json.h - for commands that make JSON of their own. */
#ifndef MHO_CLI_JSON_H
#define MHO_CLI_JSON_H

#include "cli.h"

#include <jansson.h>

/* jansson drops a value for which there is no memory, and the object goes on without it. Here such
 * an object (or array) is remembered by one reference too many, and cli_json_save refuses it; the
 * names are jansson's so that no place can forget it. */
int cli_json_set(json_t *object, const char *key, json_t *value);
int cli_json_append(json_t *array, json_t *value);
#define json_object_set_new   cli_json_set
#define json_array_append_new cli_json_append

/* Write j, which is given up, to a file or, if path is "-", to standard output. NULL: there was no
 * memory for it. */
mho_status cli_json_save(mho_ctx *ctx, json_t *j, const char *path);

#endif
