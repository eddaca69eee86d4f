/* run_print.h - the result of mho run for people, on standard output, at most 100 columns. */
#ifndef MHO_RUN_PRINT_H
#define MHO_RUN_PRINT_H

#include "mho/mho.h"

void run_print(const mho_run_result *r);

#endif
