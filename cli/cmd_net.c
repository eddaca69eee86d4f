/* cmd_net.c - mho net: a network from a file: what is in it, what hardware it wants, what it gives.
 */
#include "net_job.h"

#include <stdlib.h>
#include <string.h>

/* "1x3x32x32"; -1 or an exit status */
static int read_shape(const char *text, mho_graph_opt *opt) {
    const char *at = text;
    for (size_t n = 0;; n++) {
        char *end;
        unsigned long side = strtoul(at, &end, 10);
        if (end == at || *at < '0' || *at > '9' || side < 1 || side > 1UL << 24 ||
            n == MHO_GRAPH_MAX_DIM || (*end && *end != 'x')) {
            return cli_usage_error("--input-shape %s: numbers from 1 to 16777216 with x between "
                                   "them are wanted, the batch first, such as 1x3x32x32",
                                   text);
        }
        opt->input_shape[n] = side;
        opt->n_input_dim = n + 1;
        if (!*end) {
            return -1;
        }
        at = end + 1;
    }
}

static mho_status load_lenet5(net_job *job, mho_graph **g) {
    mho_net *net;
    mho_status status = mho_net_lenet5(job->ctx, &net);
    if (status == MHO_OK) {
        status = mho_graph_from_net(job->ctx, net, g);
        mho_net_free(net);
    }
    return status;
}

static int load(net_job *job) {
    mho_graph_opt opt = {0};
    int rc = job->args.input_shape ? read_shape(job->args.input_shape, &opt) : -1;
    if (rc >= 0) {
        return rc;
    }
    mho_graph *g = NULL;
    mho_status status = strcmp(job->args.net, "lenet5") == 0
                            ? load_lenet5(job, &g)
                            : mho_graph_load_onnx(job->ctx, job->args.net, &opt, &g);
    if (status == MHO_OK && !job->args.as_is) {
        status = mho_graph_fold(job->ctx, g, &job->graph);
        mho_graph_free(g);
    } else {
        job->graph = g;
    }
    cli_progress_end();
    return status < 0 ? cli_fail(job->ctx, status) : -1;
}

static int check(const net_args *a) {
    if (!a->net) {
        return cli_usage_error("which network? mho net NET.onnx, or mho net lenet5");
    }
    if (a->rows < 2 || a->rows > 65536 || a->cols < 2 || a->cols > 65536 || a->cols % 2) {
        return cli_usage_error("--rows %ld --cols %ld: 2 to 65536 are allowed, and an even number "
                               "of columns, as a weight is a pair",
                               a->rows, a->cols);
    }
    if (!a->run && (a->out || a->all)) {
        return cli_usage_error("--out and --all want --run FILE");
    }
    if (a->run && a->json) {
        return cli_usage_error("--run and --json exclude each other");
    }
    return -1;
}

int cmd_net(int argc, char **argv, const cli_command *self) {
    net_job job = {.args = {.rows = 128, .cols = 128}};
    net_args *a = &job.args;
    const cli_option opt[] = {
        {"rows", CLI_COUNT, &a->rows, "N", NULL, "rows of an array (128)"},
        {"cols", CLI_COUNT, &a->cols, "N", NULL, "columns of an array, two a weight (128)"},
        {"as-is", CLI_FLAG, &a->as_is, NULL, NULL, "the graph of the file; nothing is folded"},
        {"input-shape", CLI_TEXT, &a->input_shape, "AxBxC", NULL,
         "shape of the input where the file leaves it open"},
        {"json", CLI_MAYBE, &a->json, "[FILE]", NULL, "the graph as JSON (standard output)"},
        {"run", CLI_FILE, &a->run, "FILE", NULL, "exact results for these inputs, NPY or NPZ"},
        {"out", CLI_FILE, &a->out, "FILE", NULL, "where to: NPY (first output) or NPZ (by name)"},
        {"all", CLI_FLAG, &a->all, NULL, NULL, "with an NPZ: the output of every node"},
        {"operators", CLI_FLAG, &a->operators, NULL, NULL,
         "list the operators of ONNX that are read"},
        {"threads", CLI_COUNT, &a->n_thread, "N", NULL, "the results do not depend on it (all)"},
        {NULL, CLI_FLAG, NULL, NULL, NULL, NULL}};
    const char *positional[1];
    int rc = cli_parse(self, opt, argc, argv, positional, 1);
    if (rc >= 0) {
        return rc;
    }
    if (a->operators) {
        net_print_operators();
        return CLI_DONE;
    }
    a->net = positional[0];
    if ((rc = check(a)) >= 0) {
        return rc;
    }
    job.ctx = cli_ctx(a->n_thread);
    if (!job.ctx) {
        return cli_no_ctx();
    }
    rc = load(&job);
    if (rc < 0) {
        rc = a->run ? net_run(&job) : net_show(&job);
    }
    mho_graph_free(job.graph);
    mho_ctx_free(job.ctx);
    return rc;
}
