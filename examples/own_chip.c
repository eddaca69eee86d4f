/* own_chip.c - a network of your own on a chip of Mott neurons: two layers that are trained on the
 * digits mho draws, put on the default chip and on one with poor cells, and tested.
 *
 *     cc own_chip.c $(pkg-config --cflags --libs mho) -o own_chip && ./own_chip */
#include <mho/mho.h>

#include <stdio.h>

enum { N_TRAIN = 2000, N_TEST = 500, N_CURVE = 257 };

typedef struct job {
    mho_ctx *ctx;
    mho_net *net;
    mho_dataset *train, *test;
    mho_chip_spec spec;
} job;

/* Train through the neuron's own curve and the errors that the chip will have. */
static mho_status train(job *j) {
    float a[N_CURVE];
    mho_train_opt opt = mho_train_opt_digits();
    mho_neuron_design design;
    opt.n_epoch = 10;
    opt.curve.n = N_CURVE;
    opt.curve.a = a;
    mho_status status = mho_chip_nominal_curve(j->ctx, &j->spec, N_CURVE, a, &opt.curve.z_min,
                                               &opt.curve.z_max, &design);
    status = status < 0 ? status : mho_chip_training_noise(j->ctx, &j->spec, &opt.noise);
    return status < 0 ? status : mho_net_train(j->ctx, j->net, j->train, &opt, NULL);
}

static mho_status on_chip(job *j, const char *name) {
    mho_chip *chip = NULL;
    mho_chip_cost cost;
    double accuracy = 0;
    mho_status status = mho_chip_new(j->ctx, &j->spec, j->net, &chip);
    status = status < 0 ? status : mho_chip_program(chip, 1, 0, MHO_IMP_ALL, NULL);
    status = status < 0 ? status : mho_chip_evaluate(chip, j->test, NULL, &accuracy);
    status = status < 0 ? status : mho_chip_cost_of(chip, j->test, 16, &cost);
    if (status >= 0) {
        printf("%-14s %5.1f %%  %.2f nJ a picture\n", name, 100 * accuracy,
               1e9 * cost.energy_J.total);
    }
    mho_chip_free(chip);
    return status;
}

static mho_status run(job *j) {
    double software = 0;
    mho_status status = mho_chip_spec_default(j->ctx, &j->spec);
    status = status < 0 ? status : mho_dataset_digits(j->ctx, 1, 0, N_TRAIN, &j->train);
    status = status < 0 ? status : mho_dataset_digits(j->ctx, 2, 0, N_TEST, &j->test);
    status = status < 0 ? status : mho_net_new(j->ctx, 1, 28, 28, &j->net);
    status = status < 0 ? status : mho_net_add_pool(j->net, 2);
    status = status < 0 ? status : mho_net_add_dense(j->net, 40, true, 1.0);
    status = status < 0 ? status : mho_net_add_dense(j->net, 10, false, 1.0);
    status = status < 0 ? status : train(j);
    status =
        status < 0 ? status : mho_net_eval(j->ctx, j->net, j->test, NULL, NULL, NULL, &software);
    if (status >= 0) {
        printf("%-14s %5.1f %%\n", "exact ReLU", 100 * software);
    }
    status = status < 0 ? status : on_chip(j, "default chip");
    j->spec.synapse.program_error_rel = 0.2;
    return status < 0 ? status : on_chip(j, "poor cells");
}

int main(void) {
    job j = {0};
    if (mho_ctx_new(&j.ctx) < 0) {
        return 1;
    }
    mho_status status = run(&j);
    if (status < 0) {
        fprintf(stderr, "%s\n", mho_ctx_last_error(j.ctx));
    }
    mho_net_free(j.net);
    mho_dataset_free(j.train);
    mho_dataset_free(j.test);
    mho_ctx_free(j.ctx);
    return status < 0;
}
