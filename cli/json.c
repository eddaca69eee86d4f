/* json.c - results as JSON, to a file or to standard output. */
#include "cli_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

mho_status cli_text_save(mho_ctx *ctx, const char *text, size_t n_byte, const char *path) {
    if (strcmp(path, "-") != 0) {
        return mho_file_save(ctx, path, text, n_byte);
    }
    if (fwrite(text, 1, n_byte, stdout) < n_byte) {
        cli_output_lost(errno); /* whether the rest has arrived is asked at the end */
    }
    return MHO_OK;
}

#undef json_object_set_new
#undef json_array_append_new

static int marked(json_t *container, int failed) {
    if (failed && container) {
        json_incref(container);
    }
    return failed;
}

int cli_json_set(json_t *object, const char *key, json_t *value) {
    return marked(object, json_object_set_new(object, key, value));
}

int cli_json_append(json_t *array, json_t *value) {
    return marked(array, json_array_append_new(array, value));
}

/* Is anything missing in j or below it? The marks are taken off. */
static bool incomplete(json_t *j) {
    bool found = false;
    const char *key;
    json_t *child;
    size_t k;
    json_object_foreach(j, key, child) {
        found |= incomplete(child);
    }
    json_array_foreach(j, k, child) {
        found |= incomplete(child);
    }
    while ((json_is_object(j) || json_is_array(j)) && j->refcount > 1) {
        json_decref(j);
        found = true;
    }
    return found;
}

mho_status cli_json_save(mho_ctx *ctx, json_t *j, const char *path) {
    /* json_dumps overlooks failures of its growing buffer (2.14); this one has its full size */
    size_t n = j && !incomplete(j) ? json_dumpb(j, NULL, 0, JSON_INDENT(2)) : 0;
    char *text = n ? malloc(n + 1) : NULL;
    bool whole = text && json_dumpb(j, text, n, JSON_INDENT(2)) == n;
    json_decref(j);
    if (!whole) {
        free(text);
        return MHO_ERR_NOMEM;
    }
    text[n] = '\n';
    mho_status status = cli_text_save(ctx, text, n + 1, path);
    free(text);
    return status;
}
