/* sweep_report.h - what the tables, the manifest and the page of a study share. */
#ifndef MHO_SWEEP_REPORT_H
#define MHO_SWEEP_REPORT_H

#include "report_int.h"

/* Fewest digits that bring back the same double; nothing for what is not finite. */
void mho_i_number_put(mho_i_text *t, double x);
mho_status mho_i_sweep_manifest_save(mho_ctx *ctx, const mho_sweep_result *r, const char *dir);
mho_status mho_i_sweep_times_save(mho_ctx *ctx, const mho_sweep_result *r, const char *dir);

/* ---- sweep_figures.c ---- */
mho_status mho_i_sweep_figure_axis(mho_ctx *ctx, const mho_sweep_result *r, size_t k,
                                   mho_i_text *page);
mho_status mho_i_sweep_figure_chips(mho_ctx *ctx, const mho_sweep_result *r, mho_i_text *page);
mho_status mho_i_sweep_figure_front(mho_ctx *ctx, const mho_sweep_result *r, mho_i_text *page);
mho_status mho_i_sweep_figure_effects(mho_ctx *ctx, const mho_sweep_result *r, mho_i_text *page);

#endif
