/* net_job.h - what "mho net" works on. Filled by cmd_net.c, shown by net_output.c, run by
 * net_run.c.
 */
#ifndef MHO_CLI_NET_JOB_H
#define MHO_CLI_NET_JOB_H

#include "cli.h"

typedef struct net_args {
    const char *net, *input_shape, *json, *run, *out;
    bool operators, as_is, all;
    long rows, cols, n_thread;
} net_args;

typedef struct net_job {
    net_args args;
    mho_ctx *ctx;
    mho_graph *graph;
} net_job;

/* What a node takes of arrays of rows x cols cells; 0 where it takes none. */
typedef struct net_cost {
    size_t n_weight_row, n_out, n_group; /* rows with the bias; outputs of a group */
    double cells, tiles;
} net_cost;
net_cost net_node_cost(const net_job *job, size_t k);

/* Table, or JSON to args.json, of the graph. */
int net_show(const net_job *job);
/* The list of operators as a page in Markdown. */
void net_print_operators(void);
/* --run, --out. */
int net_run(const net_job *job);

#endif
