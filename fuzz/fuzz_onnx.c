/* fuzz_onnx.c - ONNX files: what loads is folded and run. */
#include "fuzz.h"

#include "mho/graph.h"

void fuzz_one(mho_ctx *ctx, const uint8_t *bytes, size_t n) {
    mho_graph *g = NULL, *f = NULL;
    mho_graph_opt opt = {.max_byte = 1u << 26};
    if (fuzz_said(ctx, mho_graph_parse_onnx(ctx, "fuzz", bytes, n, NULL, &opt, &g)) != MHO_OK) {
        return;
    }
    if (fuzz_said(ctx, mho_graph_fold(ctx, g, &f)) == MHO_OK && mho_graph_n_input(f) == 1 &&
        mho_graph_n_output(f) > 0) {
        const mho_graph_tensor *in = mho_graph_tensor_at(f, mho_graph_input(f, 0));
        const mho_graph_tensor *out = mho_graph_tensor_at(f, mho_graph_output(f, 0));
        double mac = 0;
        for (size_t k = 0; k < mho_graph_n_node(f); k++) {
            mac += mho_graph_node_at(f, k)->n_mac;
        }
        if (in->size < 1u << 16 && out->size < 1u << 16 && mac < 1e7) {
            float *x = calloc(in->size, sizeof *x), *y = calloc(out->size, sizeof *y);
            (void)fuzz_said(ctx, mho_graph_run(ctx, f, 1, x, y));
            free(x);
            free(y);
        }
    }
    mho_graph_free(f);
    mho_graph_free(g);
}
