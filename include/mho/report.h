/* mho/report.h - results for people and for machines: one HTML page, one JSON object, pictures.
 * Pictures are drawn by gnuplot, which must be installed. */
#ifndef MHO_REPORT_H
#define MHO_REPORT_H

#include "mho/dendrite.h"
#include "mho/fit.h"
#include "mho/image.h"
#include "mho/io.h"
#include "mho/lab.h"
#include "mho/learn.h"
#include "mho/study.h"
#include "mho/sweep.h"
#include "mho/transient.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Self-contained HTML page with plots. MHO_ERR_DEPENDENCY without gnuplot, MHO_ERR_IO. */
MHO_API mho_status mho_run_report_html(mho_ctx *ctx, const mho_run_result *result,
                                       const char *path) MHO_CHECK;
/* Could it be written at path? To be asked before hours of work; changes nothing. */
MHO_API mho_status mho_run_report_ready(mho_ctx *ctx, const char *path) MHO_CHECK;
/* JSON text, to be given back with mho_text_free. */
MHO_API mho_status mho_run_report_json(mho_ctx *ctx, const mho_run_result *result,
                                       char **text) MHO_CHECK;

/* ---- photographs ---- */
/* Self-contained page: photograph, edges in exact arithmetic and in hardware, their difference,
 * figures and cost. The result must have views. MHO_ERR_ARG, _IO. */
MHO_API mho_status mho_image_report_html(mho_ctx *ctx, const mho_image_result *result,
                                         const char *path) MHO_CHECK;
/* JSON texts, to be given back with mho_text_free. */
MHO_API mho_status mho_image_report_json(mho_ctx *ctx, const mho_image_result *result,
                                         char **text) MHO_CHECK;
MHO_API mho_status mho_bsds_report_json(mho_ctx *ctx, const mho_bsds_result *result,
                                        char **text) MHO_CHECK;

/* Page of an XOR study: the four cases, yield against spread. As above. */
MHO_API mho_status mho_xor_report_html(mho_ctx *ctx, const mho_xor_result *result,
                                       const char *path) MHO_CHECK;

/* Page and JSON text of a learning study (mho learn maze ...). As above. */
MHO_API mho_status mho_learn_report_html(mho_ctx *ctx, const mho_learn_result *result,
                                         const char *path) MHO_CHECK;
MHO_API mho_status mho_learn_report_json(mho_ctx *ctx, const mho_learn_result *result,
                                         char **text) MHO_CHECK;

/* ---- fits of models to measurements ----
 * Picture (path ends in .svg or .png) with data, model and residuals; page; JSON text, to be given
 * back with mho_text_free. MHO_ERR_DEPENDENCY without gnuplot, MHO_ERR_IO. */
MHO_API mho_status mho_fit_plot(mho_ctx *ctx, const mho_fit *fit, const char *path) MHO_CHECK;
MHO_API mho_status mho_fit_report_html(mho_ctx *ctx, const mho_fit *fit,
                                       const char *path) MHO_CHECK;
/* Both families of mho_vo2_forc with n_curve reversals each: .csv, .png or .svg. */
MHO_API mho_status mho_vo2_forc_save(mho_ctx *ctx, const mho_neuron_param *param, double t_cold_K,
                                     double t_hot_K, size_t n_curve, const char *path) MHO_CHECK;
MHO_API mho_status mho_fit_json(mho_ctx *ctx, const mho_fit *fit, char **text) MHO_CHECK;
/* ---- studies over many chips (mho sweep) ---- */
/* Tables of a study, in dir: points.csv and chips.csv (a line each), chips.npz (the same for
 * NumPy), manifest.json (what the columns are, seed, hashes of the inputs, every assumption). They
 * are the same bytes however the study was run; only times.json tells of this run. MHO_ERR_IO,
 * _NOMEM. */
MHO_API mho_status mho_sweep_tables_save(mho_ctx *ctx, const mho_sweep_result *result,
                                         const char *dir) MHO_CHECK;
/* Page: verdict, accuracy over every axis, front of energy and accuracy, what breaks first. */
MHO_API mho_status mho_sweep_report_html(mho_ctx *ctx, const mho_sweep_result *result,
                                         const char *path) MHO_CHECK;
/* Its table and ranking as a JSON text, to be given back with mho_text_free. */
MHO_API mho_status mho_sweep_report_json(mho_ctx *ctx, const mho_sweep_result *result,
                                         char **text) MHO_CHECK;

/* ---- curves of the device bench (mho device) ---- */
/* JSON and CSV text, to be given back with mho_text_free. The CSV has a heading "name (unit)" and,
 * with several traces, a first column trace. */
MHO_API mho_status mho_curve_json(mho_ctx *ctx, const mho_curve *curve, char **text) MHO_CHECK;
MHO_API mho_status mho_curve_csv(mho_ctx *ctx, const mho_curve *curve, char **text) MHO_CHECK;
/* NPY file [n_row][n_col], float64. */
MHO_API mho_status mho_curve_npy(mho_ctx *ctx, const mho_curve *curve, const char *path) MHO_CHECK;
/* Drawn with dots of Unicode's Braille letters, width x height letters (10..400, 4..200) and the
 * ends of the axes; to be given back with mho_text_free. */
MHO_API mho_status mho_curve_sketch(mho_ctx *ctx, const mho_curve *curve, size_t width,
                                    size_t height, char **text) MHO_CHECK;
/* Picture by gnuplot; path ends in .svg or .png. MHO_ERR_ARG: another ending.
 * MHO_ERR_DEPENDENCY, _IO. */
MHO_API mho_status mho_curve_plot(mho_ctx *ctx, const mho_curve *curve, const char *path) MHO_CHECK;

/* ---- maps: one number per cell of a matrix, as colours ---- */
typedef struct mho_map {
    size_t n_row, n_col;
    const double *value; /* in [n_row][n_col] in unit; row 0 is drawn on top; NaN is grey */
    const char *unit;    /* "V": a prefix (mV, uV) is chosen by size */
    const char *title;
    const char *quantity;          /* stands beside the colour bar: "IR drop" */
    const char *x_label, *y_label; /* "column (bit line)", "row (word line)" */
} mho_map;

/* Draw as a PNG file whose longer side has about 1,500 pixels. Over 1,000 lines, several cells
 * share a pixel, which shows their mean. MHO_ERR_DEPENDENCY: gnuplot is not installed. MHO_ERR_IO,
 * _DIM, _NOMEM.      */
MHO_API mho_status mho_map_save_png(mho_ctx *ctx, const mho_map *map, const char *path) MHO_CHECK;

/* ---- traces: columns over time ---- */
/* Panels one above the other, one column of the trace each (column [n_panel], 1 to 8 of them, not
 * 0), as .svg or .png by the ending of path. Long traces are thinned so that no spike is lost.
 * MHO_ERR_DEPENDENCY: gnuplot is not installed. MHO_ERR_ARG, _DIM, _IO. */
MHO_API mho_status mho_trace_plot_save(mho_ctx *ctx, const mho_trace *trace, size_t n_panel,
                                       const size_t *column, const char *title,
                                       const char *path) MHO_CHECK;

#ifdef __cplusplus
}
#endif
#endif
