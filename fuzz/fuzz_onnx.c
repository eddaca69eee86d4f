/* fuzz_onnx.c - ONNX files: what loads is folded and run. A file of data lies in their folder. */
#include "mutate.h"

#include "graph/onnx_int.h"

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t n, size_t most, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t n_a, const uint8_t *b, size_t n_b,
                                 uint8_t *out, size_t most, unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t n, size_t most, unsigned seed) {
    return mutate_message(&mho_onnx__model__descriptor, bytes, n, most, seed);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t n_a, const uint8_t *b, size_t n_b,
                                 uint8_t *out, size_t most, unsigned seed) {
    return mutate_cross(&mho_onnx__model__descriptor, a, n_a, b, n_b, out, most, seed);
}

/* A folder with the file that the seeds refer to, w.bin. */
static const char *folder(void) {
    static char path[300];
    if (!*path) {
        uint8_t data[96];
        memset(data, 0x3f, sizeof data);
        (void)fuzz_file_in_folder("w.bin", data, sizeof data);
        snprintf(path, sizeof path, "%s/", fuzz_folder());
    }
    return path;
}

static void run(mho_ctx *ctx, const mho_graph *f) {
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

void fuzz_one(mho_ctx *ctx, const uint8_t *bytes, size_t n) {
    mho_graph *g = NULL, *f = NULL;
    mho_graph_opt opt = {.max_byte = 1u << 26};
    if (fuzz_said(ctx, mho_graph_parse_onnx(ctx, "fuzz", bytes, n, folder(), &opt, &g)) != MHO_OK) {
        return;
    }
    if (fuzz_said(ctx, mho_graph_fold(ctx, g, &f)) == MHO_OK && mho_graph_n_input(f) == 1 &&
        mho_graph_n_output(f) > 0) {
        run(ctx, f);
    }
    mho_graph_free(f);
    mho_graph_free(g);
}
