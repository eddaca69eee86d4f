/* image_html.c - the page about a photograph. */
#include "report_int.h"

mho_status mho_image_report_html(mho_ctx *ctx, const mho_image_result *r, const char *path) {
    (void)r;
    return mho_i_file_writable(ctx, path);
}
