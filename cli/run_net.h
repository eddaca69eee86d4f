/* run_net.h - mho run NET.onnx. */
#ifndef MHO_CLI_RUN_NET_H
#define MHO_CLI_RUN_NET_H

#include "cli.h"

/* Does one of the arguments name an ONNX file? */
bool run_net_wanted(int argc, char **argv);
int run_net(int argc, char **argv, const cli_command *self);
void run_net_print(const mho_deploy_result *r); /* run_net_print.c */

#endif
