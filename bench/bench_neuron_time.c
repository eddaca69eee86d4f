/* bench_neuron_time.c - the Mott neuron in time: fixed steps of one neuron and of 10,000, on one
 * core, beside the stiff integrator and ngspice for the same circuit. Verifies before it times: the
 * fast path must be within 1e-5 of the span of the stiff solution. */
#include "bench.h"

#include <math.h>
#include <time.h>

enum { N_CHECK = 60, N_DEV = 10000, N_STEP = 1000000, REPEAT = 5 };

static double cpu_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct job {
    mho_ctx *ctx;
    const char *card;
    mho_neuron_param p;
    mho_neuron_design d;
    mho_neuron_phases ph;
} job;

/* Largest error of the output over the span against the stiff integrator. */
static double error_at(job *j, double parts, const mho_neuron_device *dev, const double *v,
                       const double *want, double span) {
    double out[N_CHECK], worst = 0;
    mho_neuron_bank *b;
    bench_ok(
        j->ctx,
        mho_neuron_bank_new(j->ctx, &j->p, &j->d.circuit, N_CHECK, dev, j->ph.c_load_F, 2e-3, &b),
        "bank");
    bench_ok(j->ctx, mho_neuron_bank_evaluate(b, &j->ph, j->ph.settle_s / parts, v, out), "bank");
    mho_neuron_bank_free(b);
    for (int k = 0; k < N_CHECK; k++) {
        worst = fmax(worst, fabs(out[k] - want[k]) / span);
    }
    return worst;
}

static void verify(job *j) {
    mho_neuron_device dev[N_CHECK];
    double v[N_CHECK], want[N_CHECK], span = 1, stiff_s = 0;
    mho_neuron_sample(&j->p, 3, 0, N_CHECK, dev);
    for (int k = 0; k < N_CHECK; k++) {
        mho_neuron_evaluation e;
        v[k] = j->d.circuit.v_bias_V + (2.0 * k / (N_CHECK - 1) - 1) * j->d.circuit.v_swing_V;
        bench_ok(j->ctx,
                 mho_neuron_evaluate_transient(j->ctx, &j->p, &j->d.circuit, dev + k, v[k], &j->ph,
                                               NULL, &e, NULL),
                 "stiff");
        want[k] = e.v_out_V;
        span = e.span_V;
        stiff_s += e.rep.wall_s / N_CHECK;
    }
    printf("{\"card\": \"%s\", \"devices\": %d", j->card, N_CHECK);
    for (double parts = 50; parts <= 800; parts *= 2) {
        double error = error_at(j, parts, dev, v, want, span);
        printf(", \"error_settle_%g\": %.2g", parts, error);
        if (parts == 400 && !(error < 1e-5)) {
            printf("}\n");
            fprintf(stderr, "card %s: the fast path is off by %.2g of the span, 1e-5 is allowed\n",
                    j->card, error);
            exit(1);
        }
    }
    printf(", \"stiff_evaluation_s\": %.3g}\n", stiff_s);
    fflush(stdout);
}

/* Steps of settle/400, the heater on and off in turn, so that there are reversals. */
static double time_steps(job *j, size_t n_dev, size_t n_step, size_t n_hold) {
    mho_neuron_device *dev = calloc(n_dev, sizeof *dev);
    double *v = calloc(n_dev, sizeof *v), sample[REPEAT], dt = j->ph.settle_s / 400;
    mho_neuron_bank *b;
    mho_neuron_sample(&j->p, 11, 0, n_dev, dev);
    for (size_t k = 0; k < n_dev; k++) {
        double z = 1 - 2 * (double)k / (double)n_dev;
        v[k] = fmax(j->d.circuit.v_bias_V + z * j->d.circuit.v_swing_V, 0);
    }
    bench_ok(
        j->ctx,
        mho_neuron_bank_new(j->ctx, &j->p, &j->d.circuit, n_dev, dev, j->ph.c_load_F, 2e-3, &b),
        "bank");
    for (int r = 0; r < REPEAT; r++) {
        double begin = cpu_s();
        for (size_t n = 0; n < n_step; n += 2 * n_hold) {
            bench_ok(j->ctx, mho_neuron_bank_step(b, n_hold, dt, v, j->d.circuit.v_read_V), "step");
            bench_ok(j->ctx, mho_neuron_bank_step(b, n_hold, dt, NULL, 0), "step");
        }
        sample[r] = cpu_s() - begin;
    }
    mho_neuron_bank_free(b);
    free(dev);
    free(v);
    return bench_median(sample, REPEAT);
}

/* One evaluation in ngspice, in the stiff integrator and in fixed steps of like accuracy. */
static void beside_ngspice(job *j) {
    const mho_neuron_circuit *c = &j->d.circuit;
    const mho_neuron_device nominal = {0};
    double on = j->ph.settle_s + j->ph.read_s, end = 2 * on + j->ph.reset_s;
    double full = c->v_bias_V + c->v_swing_V, half = c->v_bias_V + 0.5 * c->v_swing_V;
    double t[5] = {0, on, on, on + j->ph.reset_s, on + j->ph.reset_s};
    double v[5] = {full, full, 0, 0, half}, read[5] = {c->v_read_V, c->v_read_V, 0, 0, c->v_read_V};
    const mho_neuron_drive drive = {{5, t, v}, {5, t, read},    end, j->ph.c_load_F,
                                    0,         j->d.rise_full_K};
    mho_spice_comparison m;
    char version[MHO_SPICE_VERSION_BYTES];
    mho_status status =
        mho_neuron_spice_compare(j->ctx, &j->p, c, &nominal, &drive, end / 2000, 1e-5, &m, version);
    if (status == MHO_ERR_DEPENDENCY) {
        printf("{\"card\": \"%s\", \"ngspice\": \"not installed\"}\n", j->card);
        return;
    }
    bench_ok(j->ctx, status, "ngspice");
    double begin = cpu_s(), out;
    mho_neuron_bank *b;
    bench_ok(j->ctx, mho_neuron_bank_new(j->ctx, &j->p, c, 1, NULL, j->ph.c_load_F, 2e-3, &b),
             "bank");
    for (int k = 0; k < 20; k++) {
        bench_ok(j->ctx, mho_neuron_bank_evaluate(b, &j->ph, j->ph.settle_s / 100, &half, &out),
                 "bank");
    }
    mho_neuron_bank_free(b);
    printf(
        "{\"card\": \"%s\", \"circuit\": \"full scale, reset, settle, read\", \"ngspice\": \"%s\", "
        "\"ngspice_s\": %.3g, \"ngspice_error\": %.2g, \"stiff_s\": %.3g, "
        "\"fixed_steps_settle_100_s\": %.3g}\n",
        j->card, version, m.spice_s, m.value_rel, m.own_s, (cpu_s() - begin) / 20);
}

int main(void) {
    static const char *const cards[] = {"N", "T"};
    job j;
    bench_machine("neuron_time");
    if (mho_ctx_new(&j.ctx) != MHO_OK) {
        return 1;
    }
    bench_ok(j.ctx, mho_ctx_set_threads(j.ctx, 1), "threads");
    for (int k = 0; k < 2; k++) {
        j.card = cards[k];
        bench_ok(j.ctx, mho_neuron_card(j.ctx, cards[k], &j.p), "card");
        bench_ok(j.ctx, mho_neuron_design_relu(j.ctx, &j.p, 1, 1.6, &j.d), "design");
        j.ph = mho_neuron_phases_of(&j.p);
        verify(&j);
        double one = time_steps(&j, 1, N_STEP, 500);
        double many = time_steps(&j, N_DEV, 400, 200);
        printf("{\"card\": \"%s\", \"slices\": %d, \"one_neuron_1e6_steps_s\": %.3g, "
               "\"devices\": %d, \"device_steps_per_s\": %.3g}\n",
               j.card, (int)j.p.n_slice, one, N_DEV, 400.0 * N_DEV / many);
        fflush(stdout);
        beside_ngspice(&j);
    }
    mho_ctx_free(j.ctx);
    return 0;
}
