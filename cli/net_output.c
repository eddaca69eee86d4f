/* net_output.c - a graph as a table, as JSON; the list of operators as a page. */
#include "net_job.h"

#include "cli_json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A weight is a pair of cells side by side; a group of a convolution has arrays of its own. */
net_cost net_node_cost(const net_job *job, size_t k) {
    mho_graph_matrix m;
    net_cost c = {0};
    if (mho_graph_matrix_of(job->graph, k, &m)) {
        double rows = (double)job->args.rows, cols = (double)job->args.cols;
        c.n_weight_row = m.n_in + (m.bias ? 1 : 0);
        c.n_out = m.n_out;
        c.n_group = m.n_group;
        c.cells = 2 * (double)c.n_weight_row * (double)c.n_out * (double)c.n_group;
        c.tiles = ceil((double)c.n_weight_row / rows) * ceil(2 * (double)c.n_out / cols) *
                  (double)c.n_group;
    }
    return c;
}

static char *shape_text(const mho_graph_tensor *t, char *buf, size_t n_buf) {
    size_t n = 0;
    buf[0] = 0;
    for (size_t d = 0; d < t->n_dim && n < n_buf; d++) {
        n += (size_t)snprintf(buf + n, n_buf - n, "%s%zu", d ? "x" : "", t->shape[d]);
    }
    if (!t->n_dim) {
        snprintf(buf, n_buf, "number");
    }
    return buf;
}

/* 1.23 M; "-" for none */
static char *count_text(double n, char buf[24]) {
    const char *unit[] = {"", " k", " M", " G", " T"};
    size_t u = 0;
    double v = n;
    for (; v >= (u ? 1e3 : 1e4) && u < 4; u++) {
        v /= 1000;
    }
    if (n > 0) {
        snprintf(buf, 24, "%.*f%s", u == 0 ? 0 : v < 10 ? 2 : v < 100 ? 1 : 0, v, unit[u]);
    } else {
        snprintf(buf, 24, "-");
    }
    return buf;
}

/* "5x5 /2 pad 2 groups 32" */
static char *window_text(const mho_graph_node *node, char buf[96]) {
    const mho_graph_attr *a = &node->attr;
    size_t n = 0;
    buf[0] = 0;
    if (node->op != MHO_OP_CONV && node->op != MHO_OP_MAX_POOL && node->op != MHO_OP_AVERAGE_POOL) {
        return buf;
    }
    n += (size_t)snprintf(buf, 96, "%zux%zu", a->kernel[0], a->kernel[1]);
    if (a->stride[0] != 1 || a->stride[1] != 1) {
        n += a->stride[0] == a->stride[1]
                 ? (size_t)snprintf(buf + n, 96 - n, " /%zu", a->stride[0])
                 : (size_t)snprintf(buf + n, 96 - n, " /%zux%zu", a->stride[0], a->stride[1]);
    }
    const size_t *p = a->pads;
    if (p[0] == p[1] && p[0] == p[2] && p[0] == p[3]) {
        n += p[0] ? (size_t)snprintf(buf + n, 96 - n, " pad %zu", p[0]) : 0;
    } else {
        n += (size_t)snprintf(buf + n, 96 - n, " pad %zu,%zu,%zu,%zu", p[0], p[1], p[2], p[3]);
    }
    if (a->dilation[0] != 1 || a->dilation[1] != 1) {
        n += (size_t)snprintf(buf + n, 96 - n, " dil %zux%zu", a->dilation[0], a->dilation[1]);
    }
    if (a->groups > 1) {
        snprintf(buf + n, 96 - n, " groups %zu", a->groups);
    }
    return buf;
}

/* ---- table ---- */

static void print_ends(const net_job *job) {
    const mho_graph *g = job->graph;
    char shape[160];
    for (size_t k = 0; k < mho_graph_n_input(g); k++) {
        const mho_graph_tensor *t = mho_graph_tensor_at(g, mho_graph_input(g, k));
        printf("%-8s %s %s\n", "input", t->name, shape_text(t, shape, sizeof shape));
    }
    for (size_t k = 0; k < mho_graph_n_output(g); k++) {
        const mho_graph_tensor *t = mho_graph_tensor_at(g, mho_graph_output(g, k));
        printf("%-8s %s %s\n", "output", t->name, shape_text(t, shape, sizeof shape));
    }
}

static void print_node(const net_job *job, size_t k, net_cost *sum, double *mac, double *param) {
    const mho_graph_node *node = mho_graph_node_at(job->graph, k);
    net_cost c = net_node_cost(job, k);
    char shape[160], window[96], macs[24], params[24], cells[24], tiles[24];
    const mho_graph_tensor *y = mho_graph_tensor_at(job->graph, node->output);
    printf("%-4zu %-28.28s %-18.18s %-20s %-14s %9s %9s %9s %7s\n", k, node->name,
           mho_graph_op_get(node->op).name, window_text(node, window),
           shape_text(y, shape, sizeof shape), count_text(node->n_mac, macs),
           count_text((double)node->n_param, params), count_text(c.cells, cells),
           count_text(c.tiles, tiles));
    sum->cells += c.cells;
    sum->tiles += c.tiles;
    *mac += node->n_mac;
    *param += (double)node->n_param;
}

static void print_table(const net_job *job) {
    net_cost sum = {0};
    double mac = 0, param = 0;
    char macs[24], params[24], cells[24], tiles[24];
    print_ends(job);
    for (size_t k = 0; k < mho_graph_n_note(job->graph); k++) {
        printf("%-8s %s\n", k ? "" : "folded", mho_graph_note(job->graph, k));
    }
    printf("\n%-4s %-28s %-18s %-20s %-14s %9s %9s %9s %7s\n", "", "node", "operator", "window",
           "output", "MACs", "weights", "cells", "tiles");
    for (size_t k = 0; k < mho_graph_n_node(job->graph); k++) {
        print_node(job, k, &sum, &mac, &param);
    }
    printf("%-4s %-28s %-18s %-20s %-14s %9s %9s %9s %7s\n", "", "all", "", "", "",
           count_text(mac, macs), count_text(param, params), count_text(sum.cells, cells),
           count_text(sum.tiles, tiles));
    printf(
        "\nMACs for one sample. Cells: pairs of one weight each, with a row for the bias; tiles: "
        "arrays of %ld x %ld.\n",
        job->args.rows, job->args.cols);
}

/* ---- JSON ---- */

static json_t *tensor_json(const mho_graph *g, int t) {
    const mho_graph_tensor *tensor = mho_graph_tensor_at(g, t);
    json_t *shape = json_array();
    for (size_t d = 0; tensor && d < tensor->n_dim; d++) {
        json_array_append_new(shape, json_integer((json_int_t)tensor->shape[d]));
    }
    return tensor ? json_pack("{s:s, s:o, s:b}", "name", tensor->name, "shape", shape, "constant",
                              tensor->data != NULL)
                  : (json_decref(shape), json_null());
}

static json_t *node_json(const net_job *job, size_t k) {
    const mho_graph_node *node = mho_graph_node_at(job->graph, k);
    net_cost c = net_node_cost(job, k);
    json_t *in = json_array();
    for (size_t i = 0; i < node->n_input; i++) {
        json_array_append_new(in, tensor_json(job->graph, node->input[i]));
    }
    char window[96];
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:f, s:I, s:f, s:f}", "name", node->name,
                     "operator", mho_graph_op_get(node->op).name, "window",
                     window_text(node, window), "inputs", in, "output",
                     tensor_json(job->graph, node->output), "macs", node->n_mac, "parameters",
                     (json_int_t)node->n_param, "cells", c.cells, "tiles", c.tiles);
}

static json_t *graph_json(const net_job *job) {
    const mho_graph *g = job->graph;
    json_t *nodes = json_array(), *notes = json_array(), *in = json_array(), *out = json_array();
    for (size_t k = 0; k < mho_graph_n_node(g); k++) {
        json_array_append_new(nodes, node_json(job, k));
    }
    for (size_t k = 0; k < mho_graph_n_note(g); k++) {
        json_array_append_new(notes, json_string(mho_graph_note(g, k)));
    }
    for (size_t k = 0; k < mho_graph_n_input(g); k++) {
        json_array_append_new(in, tensor_json(g, mho_graph_input(g, k)));
    }
    for (size_t k = 0; k < mho_graph_n_output(g); k++) {
        json_array_append_new(out, tensor_json(g, mho_graph_output(g, k)));
    }
    return json_pack("{s:s, s:s, s:I, s:I, s:b, s:o, s:o, s:o, s:o}", "version", mho_version(),
                     "network", job->args.net, "rows", (json_int_t)job->args.rows, "cols",
                     (json_int_t)job->args.cols, "folded", !job->args.as_is, "inputs", in,
                     "outputs", out, "notes", notes, "nodes", nodes);
}

int net_show(const net_job *job) {
    if (!job->args.json) {
        print_table(job);
        return CLI_DONE;
    }
    mho_status status = cli_json_save(job->ctx, graph_json(job), job->args.json);
    return status < 0 ? cli_fail(job->ctx, status) : CLI_DONE;
}

/* ---- operators ---- */

static void print_operator(mho_graph_op_info op, const char *role) {
    printf("| %s | %s | %s |\n", op.name, role, op.help);
}

void net_print_operators(void) {
    static const char *const roles[] = {"matrix",     "activation", "pool",
                                        "arithmetic", "shape",      "quantisation"};
    printf(
        "# Operators of ONNX that mho reads\n\n"
        "Made by `mho net --operators`. Opset 7 to 22, default domain. Inputs are floating point;\n"
        "double, float16 and bfloat16 are computed in float32.\n\n"
        "| operator | role | what of it |\n| --- | --- | --- |\n");
    for (int op = 0; op < MHO_GRAPH_N_OP; op++) {
        mho_graph_op_info info = mho_graph_op_get((mho_graph_op)op);
        print_operator(info, roles[info.role]);
    }
    for (size_t k = 0; k < mho_graph_n_load_op(); k++) {
        print_operator(mho_graph_load_op(k), "constant");
    }
    printf(
        "\n`constant` operators are computed while the file is loaded, as are Add, Sub, Mul, Div, "
        "Concat,\nReshape, Squeeze, Unsqueeze, Slice and Identity of constant whole numbers: that "
        "is how exporters\nwrite shapes.\n\n"
        "Not supported, and refused with the name of the node: every other operator (of vision "
        "networks,\nConvTranspose, Resize, InstanceNormalization, PRelu, Erf and attention are "
        "the ones most often\nmet), 3-D convolutions and pools, control flow (If, Loop, Scan), "
        "recurrent layers, functions of a\nfile, sparse weights, weights of 4 and 8 bits "
        "floating point, the second outputs of Dropout and MaxPool,\ntraining mode. Shapes that "
        "depend on data are refused too; shapes computed from constants are not.\n");
}
