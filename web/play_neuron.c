/* play_neuron.c - the Mott neuron on the page: its static transfer curve after a reset, and a sweep in
 * time through the same drive without one. */
#include "play.h"

#include "mho/device.h"
#include "mho/transient.h"

#include <math.h>

static mho_neuron_param param;
static mho_neuron_circuit circuit;
static double z[PLAY_SWEEP], reset_V[PLAY_SWEEP], sweep_V[2 * PLAY_SWEEP], fit_V[PLAY_SWEEP];
static double number[6];

int play_neuron_design(double v_bias_V, double v_swing_V, double r_series_ohm, double v_read_V) {
    if (mho_neuron_card(play_ctx(), "T", &param) != MHO_OK) {
        return 0;
    }
    circuit = (mho_neuron_circuit){.v_max_V = 1,
                                   .v_bias_V = v_bias_V,
                                   .v_swing_V = v_swing_V,
                                   .r_series_ohm = r_series_ohm,
                                   .v_read_V = v_read_V};
    for (int k = 0; k < PLAY_SWEEP; k++) {
        z[k] = -1.2 + 2.4 * k / (PLAY_SWEEP - 1);
    }
    return 1;
}

static double drive_V(double at_z) {
    return fmax(circuit.v_bias_V + at_z * circuit.v_swing_V, 0);
}

static mho_status static_curve(void) {
    mho_neuron_device nominal = {0};
    mho_status status = MHO_OK;
    for (int k = 0; k < PLAY_SWEEP && status == MHO_OK; k++) {
        status = mho_neuron_output(play_ctx(), &param, &circuit, &nominal, drive_V(z[k]), &reset_V[k],
                                   NULL);
    }
    for (int k = 2; k < 4 && status == MHO_OK; k++) {
        status = mho_neuron_output(play_ctx(), &param, &circuit, &nominal, drive_V(k - 2), NULL,
                                   &number[k]);
    }
    return status;
}

/* a max(0, z) + b by least squares over z in [-1, 1]. */
static void fit_relu(void) {
    double n = 0, sr = 0, srr = 0, sv = 0, srv = 0, e = 0, lo = INFINITY, hi = -INFINITY;
    for (int k = 0; k < PLAY_SWEEP; k++) {
        if (fabs(z[k]) < 1 + 1e-9) {
            double r = fmax(0, z[k]);
            n++, sr += r, srr += r * r, sv += reset_V[k], srv += r * reset_V[k];
            lo = fmin(lo, reset_V[k]);
            hi = fmax(hi, reset_V[k]);
        }
    }
    double a = (n * srv - sr * sv) / (n * srr - sr * sr), b = (sv - a * sr) / n;
    for (int k = 0; k < PLAY_SWEEP; k++) {
        fit_V[k] = a * fmax(0, z[k]) + b;
        e += fabs(z[k]) < 1 + 1e-9 ? (reset_V[k] - fit_V[k]) * (reset_V[k] - fit_V[k]) : 0;
    }
    number[1] = hi - lo;
    number[0] = sqrt(e / n) / (hi - lo);
}

static mho_status sweep(double sweep_s) {
    mho_neuron_bank *bank = NULL;
    mho_status status = mho_neuron_bank_new(play_ctx(), &param, &circuit, 1, NULL, 1e-14, 2e-3, &bank);
    double tau_s = param.rth_K_per_W * param.cth_J_per_K, hold_s = sweep_s / (PLAY_SWEEP - 1);
    size_t n_step = (size_t)fmin(fmax(ceil(hold_s / (0.2 * tau_s)), 2), 100);
    for (int k = 0; k < 4 * PLAY_SWEEP && status == MHO_OK; k++) {
        int way = k / PLAY_SWEEP % 2, at = k % PLAY_SWEEP;
        at = way ? PLAY_SWEEP - 1 - at : at;
        double v = drive_V(z[at]);
        status = mho_neuron_bank_step(bank, n_step, hold_s / (double)n_step, &v, circuit.v_read_V);
        if (status == MHO_OK) {
            mho_neuron_bank_state(bank, NULL, &sweep_V[way * PLAY_SWEEP + at], NULL);
        }
    }
    mho_neuron_bank_free(bank);
    number[5] = tau_s;
    return status;
}

int play_neuron(double v_bias_V, double t_base_K, double r_load_ohm, double sweep_s) {
    circuit.v_bias_V = v_bias_V;
    circuit.r_load_ohm = r_load_ohm;
    param.t_base_K = t_base_K;
    if (!(sweep_s > 0) || static_curve() != MHO_OK || sweep(sweep_s) != MHO_OK) {
        return 0;
    }
    fit_relu();
    number[4] = 0;
    for (int k = 0; k < PLAY_SWEEP; k++) {
        number[4] = fmax(number[4], fabs(sweep_V[PLAY_SWEEP + k] - sweep_V[k]) / number[1]);
    }
    return 1;
}

const double *play_neuron_z(void) {
    return z;
}

const double *play_neuron_reset(void) {
    return reset_V;
}

const double *play_neuron_sweep(void) {
    return sweep_V;
}

const double *play_neuron_fit(void) {
    return fit_V;
}

double play_neuron_number(int k) {
    return k >= 0 && k < 6 ? number[k] : (double)NAN;
}
