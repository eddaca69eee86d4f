/* report_int.h - results for people: pictures by gnuplot, run as a child process with the script
 * on its standard input and the picture on its standard output. Draws nothing by itself and knows
 * nothing of what the numbers mean.                                                              */
#ifndef MHO_REPORT_INT_H
#define MHO_REPORT_INT_H

#include "base/base_int.h"

/* Run a gnuplot script and hand back what it writes to standard output: the script sets a terminal
 * ("set terminal svg ...", "set terminal pngcairo ...") and no "set output". Data stand in the
 * script as "$name << EOD". *out must be initialised; output is added to it. MHO_ERR_DEPENDENCY:
 * gnuplot is not installed or hangs; MHO_ERR_INTERNAL: gnuplot refused the script (its words are in
 * the message). */
mho_status mho_i_gnuplot_run(mho_ctx *ctx, const char *script, size_t n_script, mho_i_text *out);

/* text as a gnuplot string in double quotes, shown as it is in enhanced mode, but & becomes "and".
 */
void mho_i_gnuplot_quote(mho_i_text *t, const char *text);

#endif
