/* play_array.c - a crossbar on the page: solved by conjugate gradients each time a slider moves. */
#include "play.h"

#include "base/base_int.h"
#include "mho/array.h"

#include <math.h>

enum { MAX_CELL = PLAY_MAX_LINE * PLAY_MAX_LINE };

static double drop[MAX_CELL], g_S[MAX_CELL], w_V[MAX_CELL], b_V[MAX_CELL];
static double v_V[PLAY_MAX_LINE], i_A[PLAY_MAX_LINE], ideal_A[PLAY_MAX_LINE], number[5];
static unsigned char on[MAX_CELL];

static void draw_cells(int n, double g_on_S, double on_frac, double seed) {
    size_t n_cell = (size_t)n * (size_t)n;
    mho_i_rng_uniform((uint64_t)seed, MHO_RNG_ARRAY_RANDOM, 0, 0, n_cell, w_V);
    for (size_t k = 0; k < n_cell; k++) {
        on[k] = w_V[k] < on_frac;
        g_S[k] = on[k] ? g_on_S : g_on_S / 60; /* CBRAM: 1 to 60 uS */
    }
}

static mho_status solve(int n, const mho_array_opt *opt) {
    mho_array *array = NULL;
    mho_array_report rep = {0};
    mho_array_power_sum power = {0};
    mho_status status = mho_array_new(play_ctx(), (size_t)n, (size_t)n, opt, &array);
    if (status == MHO_OK) {
        status = mho_array_program(array, g_S);
    }
    if (status == MHO_OK) {
        status = mho_array_read(array, 1, v_V, i_A, &rep);
    }
    if (status == MHO_OK) {
        status = mho_array_nodes(array, 1, v_V, w_V, b_V, NULL);
    }
    if (status == MHO_OK) {
        status = mho_array_power(array, 1, v_V, NULL, NULL, NULL, &power, NULL);
    }
    mho_array_free(array);
    number[3] = rep.residual_rel;
    number[4] = power.delivered_W;
    return status;
}

static void summarise(int n, double v_read_V) {
    double largest = 0, sum = 0, current = 0, all = 0;
    for (int k = 0; k < n * n; k++) {
        drop[k] = 1 - (w_V[k] - b_V[k]) / v_read_V;
        largest = fmax(largest, drop[k]);
        sum += drop[k];
    }
    for (int c = 0; c < n; c++) {
        ideal_A[c] = 0;
        for (int r = 0; r < n; r++) {
            ideal_A[c] += g_S[r * n + c] * v_read_V;
        }
        current += i_A[c];
        all += ideal_A[c];
    }
    number[0] = largest;
    number[1] = sum / (n * n);
    number[2] = all > 0 ? 1 - current / all : 0;
}

int play_array(int n, double wire_ohm, double source_ohm, double sense_ohm, double g_on_S,
               double on_frac, double seed, double v_read_V) {
    if (n < 2 || n > PLAY_MAX_LINE || !(v_read_V > 0)) {
        return 0;
    }
    mho_array_opt opt = MHO_ARRAY_OPT_INIT;
    opt.solver = MHO_SOLVER_CG;
    opt.r_word_ohm = opt.r_bit_ohm = wire_ohm;
    opt.r_source_ohm = source_ohm;
    opt.r_sense_ohm = sense_ohm;
    for (int r = 0; r < n; r++) {
        v_V[r] = v_read_V;
    }
    draw_cells(n, g_on_S, on_frac, seed);
    if (solve(n, &opt) != MHO_OK) {
        return 0;
    }
    summarise(n, v_read_V);
    return 1;
}

const double *play_array_drop(void) {
    return drop;
}

const unsigned char *play_array_on(void) {
    return on;
}

const double *play_array_current(void) {
    return i_A;
}

const double *play_array_ideal(void) {
    return ideal_A;
}

double play_array_number(int k) {
    return k >= 0 && k < 5 ? number[k] : (double)NAN;
}
