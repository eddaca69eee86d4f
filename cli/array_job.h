/* array_job.h - what "mho array" works on: the words of the command line, the numbers that come
 * from them, the answers. Filled by cmd_array.c, shown and written by array_output.c. */
#ifndef MHO_CLI_ARRAY_JOB_H
#define MHO_CLI_ARRAY_JOB_H

#include "cli.h"

typedef struct array_args {
    const char *conductances, *weights, *random, *inputs, *scheme;
    bool transposed;
    double gmin_S, gmax_S, g_scale_S;
    uint64_t seed;
    long n_random_inputs; /* -1: not given */
    double wire_ohm, wire_word_ohm, wire_bit_ohm, source_ohm, sense_ohm;
    const char *cell, *drive, *sense_end, *solver;
    const char *out, *nodes, *map, *map_of, *netlist, *compare, *json;
    bool power;
    double tol_rel;
    long max_iter;
    long n_thread;
} array_args;

/* What the columns mean. */
typedef enum array_readout {
    ARRAY_PLAIN,  /* every column is an output */
    ARRAY_PAIRS,  /* two neighbours are one: the left minus the right */
    ARRAY_OFFSET, /* column 0 is the reference, which is subtracted from the others */
} array_readout;

typedef struct array_job {
    array_args args;
    mho_ctx *ctx;
    size_t n_row, n_col, n_vec;
    array_readout readout;
    double weight_S;        /* conductance difference of a weight of 1; 0 without --weights */
    double *g_S;            /* [n_row][n_col] */
    double *v_V;            /* [n_vec][n_row] */
    double *i_A;            /* [n_vec][n_col] */
    double *ideal_A;        /* the same with ideal wires, or NULL */
    double *word_V, *bit_V; /* [n_vec][n_row][n_col], or NULL */
    mho_array_opt opt;
    bool spice; /* solved by ngspice, not by opt.solver */
    char spice_version[MHO_SPICE_VERSION_BYTES];
    mho_array_report rep;
    mho_array_power_sum power;  /* mean over the vectors, with --power */
    double loss_mean, loss_max; /* relative; NAN without --compare */
    bool converged;
    bool power_failed; /* the currents converged, the power did not */
} array_job;

/* Cells from --conductances or --weights: n_row, n_col, g_S, readout; -1 or an exit status. */
int array_load_cells(array_job *job);
/* Outputs of the array, and their currents [n_vec][outputs] from those of the columns. */
size_t array_n_output(const array_job *job);
void array_read_out(const array_job *job, const double *column_A, double *out_A);

/* Table on standard output. */
void array_print(const array_job *job);
/* JSON to job->args.json ("-": standard output). */
mho_status array_write_json(const array_job *job);
/* --out, --nodes, --map, --netlist. */
mho_status array_write_files(const array_job *job, mho_array *array);

#endif
