/* report_int.h - results for people: pages, tables, pictures. Pictures are drawn by gnuplot, run as
 * a child process with the script on its standard input and the picture on its standard output.
 * Computes nothing: everything that is shown stands in a result struct.                          */
#ifndef MHO_REPORT_INT_H
#define MHO_REPORT_INT_H

#include "base/base_int.h"
#include "mho/report.h"

/* Run a gnuplot script and hand back what it writes to standard output: the script sets a terminal
 * ("set terminal svg ...", "set terminal pngcairo ...") and no "set output". Data stand in the
 * script as "$name << EOD". *out must be initialised; output is added to it. MHO_ERR_DEPENDENCY:
 * gnuplot is not installed or hangs; MHO_ERR_INTERNAL: gnuplot refused the script (its words are in
 * the message). */
mho_status mho_i_gnuplot_run(mho_ctx *ctx, const char *script, size_t n_script, mho_i_text *out);

/* text as a gnuplot string in double quotes, shown as it is in enhanced mode, but & becomes "and".
 */
void mho_i_gnuplot_quote(mho_i_text *t, const char *text);

extern const char mho_i_gnuplot_palette[]; /* "set palette ...", map.c */

/* The same for a picture inside a page: SVG without prolog and titles, black turned into the colour
 * of the page's text, ids made unique by name. alt: what a screen reader says. */
mho_status mho_i_svg_add(mho_ctx *ctx, const mho_i_text *script, const char *name, const char *alt,
                         mho_i_text *page);

/* ---- HTML, html.c: a self-contained page in a plain style, on light, dark and paper ---- */
void mho_i_html_begin(mho_i_text *t, const char *title);
void mho_i_html_end(mho_i_text *t);
/* Text from anywhere, escaped. */
void mho_i_html_text(mho_i_text *t, const char *text);
void mho_i_html_section(mho_i_text *t, const char *id, const char *title); /* ends the one before */
/* "12.5 ns", "0.35 um2" with typographic signs; an em dash for what is not finite. */
void mho_i_html_quantity(mho_i_text *t, double value, const char *unit, int digits);
/* "2.5 MK/W", "3 %", "8" as they stand in a chip file, typeset. */
void mho_i_html_value(mho_i_text *t, const char *text);
/* "60,000" */
void mho_i_html_count(mho_i_text *t, size_t n);
/* A share as "98.38 %". */
void mho_i_html_percent(mho_i_text *t, double share, int decimals);
/* A pure number with so many significant digits; 1.2e-7 as a power of ten. */
void mho_i_html_number(mho_i_text *t, double value, int digits);
/* <tr> with a heading cell; the caller adds cells and ends the row. */
void mho_i_html_row(mho_i_text *t, const char *heading);
/* Picture of ink (0: none) as <img> with its data inside, dark on white, scaled up without
 * smoothing. */
mho_status mho_i_html_picture(mho_ctx *ctx, mho_i_text *t, const uint8_t *pixels, size_t n_row,
                              size_t n_col, const char *alt);
/* A grey picture as it is, as wide as its place. */
mho_status mho_i_html_photo(mho_ctx *ctx, mho_i_text *t, const uint8_t *pixels, size_t n_row,
                            size_t n_col, const char *alt);

/* ---- figures of a run, figures.c: <figure> with SVG and caption ---- */
mho_status mho_i_figure_accuracy(mho_ctx *ctx, const mho_run_result *r, mho_i_text *page);
mho_status mho_i_figure_budget(mho_ctx *ctx, const mho_run_result *r, mho_i_text *page);
mho_status mho_i_figure_curves(mho_ctx *ctx, const mho_run_result *r, mho_i_text *page);
mho_status mho_i_figure_drop(mho_ctx *ctx, const mho_run_result *r, mho_i_text *page);
/* Are the pictures those that the published figure is about? */
bool mho_i_run_is_mnist(const mho_run_result *r);
/* Rows of the budget, most damage alone first; order out [n_budget]. */
void mho_i_budget_order(const mho_run_result *r, size_t *order);

/* ---- parts of the page of a run ---- */
/* Parts and total of a cost, with bars, as one column of a "three" grid. */
void mho_i_html_cost_table(mho_i_text *t, const char *title, const mho_cost_sum *c,
                           const char *unit);
void mho_i_run_cost_html(const mho_run_result *r, mho_i_text *t);    /* run_cost.c */
void mho_i_run_device_html(const mho_run_result *r, mho_i_text *t);  /* run_device.c: neuron */
void mho_i_run_program_html(const mho_run_result *r, mho_i_text *t); /* writing and trim */
void mho_i_run_sources_html(const mho_run_result *r, mho_i_text *t); /* every parameter */

/* Picture of a fit without the terminal, fit_plot.c. */
void mho_i_fit_script(mho_i_text *script, const mho_fit *fit);

/* ---- parts of the page of a learning study, learn_figures.c ---- */
mho_status mho_i_learn_curve(mho_ctx *ctx, const mho_learn_result *r, mho_i_text *page);
mho_status mho_i_learn_good(mho_ctx *ctx, const mho_learn_result *r, mho_i_text *page);
mho_status mho_i_learn_cells(mho_ctx *ctx, const mho_learn_result *r, mho_i_text *page);
/* Worlds with a picture or a grid of places only. */
void mho_i_learn_policy_map(const mho_learn_result *r, mho_i_text *t);
void mho_i_learn_value_map(const mho_learn_result *r, mho_i_text *t);
void mho_i_learn_replay(const mho_learn_result *r, mho_i_text *t);

#endif
