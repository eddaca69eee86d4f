/* read_array.c - the exact currents of a small crossbar beside those of ideal wires.
 *
 *     cc read_array.c $(pkg-config --cflags --libs mho) -o read_array && ./read_array */
#include <mho/mho.h>

#include <stdio.h>

enum { N_ROW = 3, N_COL = 2 };

int main(void) {
    const double g_S[N_ROW][N_COL] = {{60e-6, 10e-6}, {1e-6, 45e-6}, {30e-6, 5e-6}};
    const double v_V[N_ROW] = {0.2, 0.1, 0.15};
    double i_A[N_COL];
    mho_ctx *ctx;
    mho_array *array = NULL;
    if (mho_ctx_new(&ctx) < 0) {
        return 1;
    }
    mho_array_opt opt = MHO_ARRAY_OPT_INIT;
    opt.r_word_ohm = opt.r_bit_ohm = 20;
    opt.r_source_ohm = opt.r_sense_ohm = 100;
    mho_array_report rep;
    mho_status status = mho_array_new(ctx, N_ROW, N_COL, &opt, &array);
    status = status < 0 ? status : mho_array_program(array, &g_S[0][0]);
    status = status < 0 ? status : mho_array_read(array, 1, v_V, i_A, &rep);
    if (status < 0) {
        fprintf(stderr, "%s\n", mho_ctx_last_error(ctx));
    } else {
        for (int c = 0; c < N_COL; c++) {
            double ideal_A = 0;
            for (int r = 0; r < N_ROW; r++) {
                ideal_A += v_V[r] * g_S[r][c];
            }
            printf("column %d: %.4f uA, ideal %.4f uA\n", c, 1e6 * i_A[c], 1e6 * ideal_A);
        }
    }
    mho_array_free(array);
    mho_ctx_free(ctx);
    return status < 0;
}
