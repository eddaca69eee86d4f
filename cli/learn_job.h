/* learn_job.h - what mho learn was asked for, and its output. */
#ifndef MHO_CLI_LEARN_JOB_H
#define MHO_CLI_LEARN_JOB_H

#include "mho/mho.h"

typedef struct learn_args {
    const char *task, *world, *agent, *control, *roles, *set, *json, *report;
    long n_seed, n_episode, n_thread;
    double trace;
    uint64_t seed;
} learn_args;

/* Table, JSON, report, as asked for. */
mho_status learn_output(mho_ctx *ctx, const learn_args *args, const mho_learn_result *r);

#endif
