/* fit.h - what the files of mho fit share. */
#ifndef CLI_FIT_H
#define CLI_FIT_H

#include "cli.h"

/* Parameters, goodness, correlations and notes on standard output. */
void fit_print(const mho_fit *fit);

#endif
