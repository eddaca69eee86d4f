/* json.c - results as JSON, to a file or to standard output. */
#include "cli_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

mho_status cli_text_save(mho_ctx *ctx, const char *text, size_t n_byte, const char *path) {
    if (strcmp(path, "-") != 0) {
        return mho_file_save(ctx, path, text, n_byte);
    }
    fwrite(text, 1, n_byte, stdout); /* whether all of it has arrived is asked at the end */
    return MHO_OK;
}

mho_status cli_json_save(mho_ctx *ctx, json_t *j, const char *path) {
    char *text = j ? json_dumps(j, JSON_INDENT(2)) : NULL;
    json_decref(j);
    if (!text) {
        return MHO_ERR_NOMEM;
    }
    size_t n = strlen(text);
    text[n] = '\n'; /* in place of the final 0, which is not needed any more */
    mho_status status = cli_text_save(ctx, text, n + 1, path);
    free(text);
    return status;
}
