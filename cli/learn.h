/* learn.h - the tasks of mho learn: each reads its own options; argv[0] is the task's name. */
#ifndef MHO_CLI_LEARN_H
#define MHO_CLI_LEARN_H

#include "cli.h"

/* learn_xor.c: neurons that compute by the shape of their dendrites */
int learn_xor(int argc, char **argv);
int learn_parity(int argc, char **argv);

#endif
