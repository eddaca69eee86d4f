/* neuron_curve.c - the transfer curve of a Mott neuron that was designed to be a ReLU.
 *
 *     cc neuron_curve.c $(pkg-config --cflags --libs mho) -o neuron_curve && ./neuron_curve */
#include <mho/mho.h>

#include <stdio.h>

int main(void) {
    mho_ctx *ctx;
    if (mho_ctx_new(&ctx) < 0) {
        return 1;
    }
    mho_neuron_param param;
    mho_neuron_design design;
    const mho_neuron_device nominal = {0};
    mho_status status = mho_neuron_card(ctx, "N", &param);
    status = status < 0 ? status : mho_neuron_design_relu(ctx, &param, 1.0, 1.6, &design);
    printf("    z  amplifier/mV  output/mV  film/K\n");
    for (int k = -2; k <= 4 && status >= 0; k++) {
        const mho_neuron_circuit *c = &design.circuit;
        double z = 0.25 * k, v_in_V = c->v_bias_V + z * c->v_swing_V, v_out_V, t_K;
        status = mho_neuron_output(ctx, &param, c, &nominal, v_in_V, &v_out_V, &t_K);
        printf("%5.2f  %12.1f  %9.3f  %6.2f\n", z, 1e3 * v_in_V, 1e3 * v_out_V, t_K);
    }
    if (status < 0) {
        fprintf(stderr, "%s\n", mho_ctx_last_error(ctx));
    }
    mho_ctx_free(ctx);
    return status < 0;
}
