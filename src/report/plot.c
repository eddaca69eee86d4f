/* plot.c - gnuplot as a child process. */
#include "report_int.h"

#include <string.h>

enum { GNUPLOT_LIMIT_S = 120 };

mho_status mho_i_gnuplot_run(mho_ctx *ctx, const char *script, size_t n_script, mho_i_text *out) {
    static const char *const argv[] = {"gnuplot", "-d", "-", NULL}; /* -d: no init files */
    mho_i_text err;
    mho_i_text_init(&err, ctx);
    size_t before = out->len;
    int code;
    mho_status status =
        mho_i_child_run(ctx, argv, script, n_script, GNUPLOT_LIMIT_S, out, &err, &code);
    if (status == MHO_ERR_DEPENDENCY) {
        mho_i_prefix(ctx, status, "no picture: ");
    } else if (status == MHO_OK && (code != 0 || out->len == before)) {
        const char *said = err.len ? err.data : "";
        said += strspn(said, " \t\r\n");
        status = mho_i_fail(ctx, MHO_ERR_INTERNAL, "gnuplot ended with status %d: %.600s", code,
                            *said ? said : "no picture and no message");
    }
    mho_i_text_free(&err);
    return status;
}

void mho_i_gnuplot_quote(mho_i_text *t, const char *text) {
    mho_i_text_put(t, "\"", 1);
    for (const char *p = text; *p; p++) {
        if (*p == '"') {
            mho_i_text_put(t, "\\\"", 2);
        } else if (*p == '\\') {
            mho_i_text_put(t, "\\\\\\\\", 4);
        } else if (*p == '&') {
            mho_i_text_put(t, " and ", 5); /* gnuplot 5.4 writes it into SVG unescaped */
        } else if (strchr("_^{}@~", *p)) {
            mho_i_text_put(t, "\\\\", 2); /* the string takes one backslash, enhanced mode one */
            mho_i_text_put(t, p, 1);
        } else if ((unsigned char)*p >= ' ') {
            mho_i_text_put(t, p, 1);
        }
    }
    mho_i_text_put(t, "\"", 1);
}
