/* run_print.h - the result of mho run for people, on standard output, at most 100 columns. */
#ifndef MHO_RUN_PRINT_H
#define MHO_RUN_PRINT_H

#include "mho/mho.h"

void run_print(const mho_run_result *r);

/* run_studies.c: the whole study, its table, and its JSON (path NULL: none, "-": nothing else). */
mho_status run_ageing(mho_ctx *ctx, const mho_remedy_opt *opt, const char *json_path);
mho_status run_remedies(mho_ctx *ctx, const mho_remedy_opt *opt, const char *json_path);

#endif
