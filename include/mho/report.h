/* mho/report.h - results for people and for machines: one HTML page, one JSON object. */
#ifndef MHO_REPORT_H
#define MHO_REPORT_H

#include "mho/io.h"
#include "mho/study.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Self-contained HTML page with plots. MHO_ERR_DEPENDENCY without gnuplot, MHO_ERR_IO. */
MHO_API mho_status mho_run_report_html(mho_ctx *ctx, const mho_run_result *result,
                                       const char *path) MHO_CHECK;
/* JSON text, to be given back with mho_text_free. */
MHO_API mho_status mho_run_report_json(mho_ctx *ctx, const mho_run_result *result,
                                       char **text) MHO_CHECK;

#ifdef __cplusplus
}
#endif
#endif
