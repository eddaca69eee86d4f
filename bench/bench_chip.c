/* bench_chip.c - programming one LeNet-5 chip and sending 10,000 pictures through it, beside a
 * plain SGEMM of the same layers on the same threads. Verifies against the slow path before it
 * times.   */
#include "bench.h"

#include <cblas.h>
#include <omp.h>

enum { N_IMAGE = 10000, N_REP = 5, N_LANE = 64 };

static void random_weights(mho_ctx *ctx, mho_net *net) {
    for (size_t l = 0; l < mho_net_n_layer(net); l++) {
        const mho_layer *s = mho_net_layer(net, l);
        if (!s->n_out) {
            continue;
        }
        size_t n = s->n_out * s->n_in;
        float *w = malloc((n + s->n_out) * sizeof *w);
        mho_i_rng_normal_f(3, MHO_RNG_TEST, (uint32_t)l, 0, n + s->n_out, w);
        for (size_t k = 0; k < n + s->n_out; k++) {
            float x = w[k] * (float)s->w_max / 4, top = (float)s->w_max;
            w[k] = x > top ? top : x < -top ? -top : x;
        }
        bench_ok(ctx, mho_net_set_weights(net, l, w, w + n), "weights");
        free(w);
    }
}

/* The matrix products of all layers, nothing else: [n_out][n_in] x [n_in][n_pos * lanes]. */
static double sgemm_s(const mho_net *net, int n_thread) {
    size_t big_w = 0, big_x = 0, big_y = 0;
    for (size_t l = 0; l < mho_net_n_layer(net); l++) {
        const mho_layer *s = mho_net_layer(net, l);
        size_t n = s->n_pos * N_LANE;
        big_w = s->n_out * s->n_in > big_w ? s->n_out * s->n_in : big_w;
        big_x = s->n_in * n > big_x ? s->n_in * n : big_x;
        big_y = s->n_out * n > big_y ? s->n_out * n : big_y;
    }
    float *w = calloc(big_w, sizeof *w), *x = calloc(big_x * (size_t)n_thread, sizeof *x);
    float *y = calloc(big_y * (size_t)n_thread, sizeof *y);
    double t0 = mho_i_now_s();
#pragma omp parallel for num_threads(n_thread) schedule(static)
    for (int b = 0; b < (N_IMAGE + N_LANE - 1) / N_LANE; b++) {
        size_t t = (size_t)omp_get_thread_num();
        for (size_t l = 0; l < mho_net_n_layer(net); l++) {
            const mho_layer *s = mho_net_layer(net, l);
            int n = (int)(s->n_pos * N_LANE);
            if (s->n_out) {
                cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)s->n_out, n,
                            (int)s->n_in, 1, w, (int)s->n_in, x + t * big_x, n, 0, y + t * big_y,
                            n);
            }
        }
    }
    double seconds = mho_i_now_s() - t0;
    free(w);
    free(x);
    free(y);
    return seconds;
}

int main(void) {
    mho_ctx *ctx = NULL;
    mho_chip_spec spec;
    mho_net *net = NULL;
    mho_dataset *set = NULL;
    mho_chip *chip = NULL;
    mho_program_report rep;
    mho_chip_verify verify;
    double accuracy, program[N_REP], evaluate[N_REP], gemm[N_REP];
    if (mho_ctx_new(&ctx) != MHO_OK) {
        return 1;
    }
    bench_machine("chip");
    bench_ok(ctx, mho_chip_spec_default(ctx, &spec), "spec");
    bench_ok(ctx, mho_net_lenet5(ctx, &net), "net");
    random_weights(ctx, net);
    bench_ok(ctx, mho_dataset_digits(ctx, 1, 0, N_IMAGE, &set), "digits");
    bench_ok(ctx, mho_chip_new(ctx, &spec, net, &chip), "chip");
    bench_ok(ctx, mho_chip_program(chip, 1, 0, MHO_IMP_ALL, &rep), "program");
    bench_ok(ctx, mho_chip_check(chip, set, 1, 1, &verify), "check");
    if (verify.array_error_rel > 1e-6 || verify.neuron_error_rel > 1e-4) {
        fprintf(stderr, "refusing to time a wrong answer: arrays %.2g, neurons %.2g\n",
                verify.array_error_rel, verify.neuron_error_rel);
        return 1;
    }
    for (int k = 0; k < N_REP; k++) {
        double t0 = mho_i_now_s();
        bench_ok(ctx, mho_chip_program(chip, 1, (uint32_t)k, MHO_IMP_ALL, &rep), "program");
        double t1 = mho_i_now_s();
        bench_ok(ctx, mho_chip_evaluate(chip, set, NULL, &accuracy), "evaluate");
        evaluate[k] = mho_i_now_s() - t1;
        program[k] = t1 - t0;
        gemm[k] = sgemm_s(net, mho_ctx_threads(ctx));
    }
    double p = bench_median(program, N_REP), e = bench_median(evaluate, N_REP);
    double g = bench_median(gemm, N_REP);
    printf("{\"problem\": \"lenet5, %d pictures\", \"threads\": %d, \"program_s\": %.4f, "
           "\"program.arrays_s\": %.4f, \"program.neurons_s\": %.4f, \"evaluate_s\": %.4f, "
           "\"sgemm_s\": %.4f, \"evaluate_over_sgemm\": %.2f, \"array_error_rel\": %.2g, "
           "\"neuron_error_rel\": %.2g}\n",
           N_IMAGE, mho_ctx_threads(ctx), p, rep.array_s, rep.neuron_s, e, g, e / g,
           verify.array_error_rel, verify.neuron_error_rel);
    mho_chip_free(chip);
    mho_dataset_free(set);
    mho_net_free(net);
    mho_ctx_free(ctx);
    return 0;
}
