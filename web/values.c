/* values.c - the page's functions in a native program, linked with the library as it is: prints the
 * working point that the page starts from, and numbers that the page must show for given sliders
 * (tests/check_play.sh). JSON on standard output. */
#include "play.h"

#include "mho/device.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static void must(int ok) {
    if (!ok) {
        fprintf(stderr, "values: %s\n", play_error());
        exit(1);
    }
}

static json_t *list(const double *x, size_t n) {
    json_t *a = json_array();
    for (size_t k = 0; k < n; k++) {
        json_array_append_new(a, json_real(x[k]));
    }
    return a;
}

static json_t *start_point(void) {
    mho_neuron_param param;
    mho_neuron_design d;
    mho_ctx *ctx = play_ctx();
    must(mho_neuron_card(ctx, "T", &param) == MHO_OK);
    must(mho_neuron_design_relu(ctx, &param, 1, 1.6, &d) == MHO_OK);
    const mho_neuron_circuit *c = &d.circuit;
    must(play_neuron_design(c->v_bias_V, c->v_swing_V, c->r_series_ohm, c->v_read_V));
    return json_pack("{s:f,s:f,s:f,s:f,s:f,s:f}", "bias", c->v_bias_V, "swing", c->v_swing_V,
                     "series", c->r_series_ohm, "read", c->v_read_V, "load", c->r_load_ohm, "base",
                     param.t_base_K);
}

/* Sliders and what comes out. */
static json_t *neuron(const json_t *start) {
    json_t *all = json_array();
    const double base[] = {320, 312.5, 326}, load[] = {0, 5, 200}, sweep[] = {2e-6, 1e-4, 5e-8};
    double bias = json_number_value(json_object_get(start, "bias"));
    for (int k = 0; k < 3; k++) {
        double l = load[k] > 0 ? load[k] : json_number_value(json_object_get(start, "load"));
        double b = bias * (1 - 0.1 * k);
        must(play_neuron(b, base[k], l, sweep[k]));
        json_t *o = json_pack("{s:[f,f,f,f]}", "in", b, base[k], l, sweep[k]);
        json_object_set_new(o, "reset", list(play_neuron_reset(), PLAY_SWEEP));
        json_object_set_new(o, "sweep", list(play_neuron_sweep(), 2 * PLAY_SWEEP));
        json_array_append_new(all, o);
    }
    return all;
}

static json_t *array(void) {
    json_t *all = json_array();
    const double n[] = {64, 8, 128}, wire[] = {2, 0.1, 20}, on[] = {6e-5, 1e-3, 2e-5};
    for (int k = 0; k < 3; k++) {
        must(play_array((int)n[k], wire[k], 100, 100, on[k], 0.5, 1, 0.2));
        json_t *o = json_pack("{s:[f,f,f]}", "in", n[k], wire[k], on[k]);
        json_object_set_new(o, "drop", list(play_array_drop(), (size_t)(n[k] * n[k])));
        json_object_set_new(o, "current", list(play_array_current(), (size_t)n[k]));
        json_array_append_new(all, o);
    }
    return all;
}

enum { N_EPISODE = 60 };

static json_t *maze(void) {
    json_t *all = json_array();
    for (int seed = 1; seed <= 3; seed++) {
        must(play_maze_new(seed, 0, 10, 0, 0.2));
        while (play_maze_number(0) < N_EPISODE || play_maze_number(4) == 0) {
            must(play_maze_step(1000) > 0);
        }
        json_t *o = json_pack("{s:i,s:f}", "seed", seed, "solved", play_maze_number(6));
        json_object_set_new(o, "steps", list(play_maze_steps(), N_EPISODE));
        json_array_append_new(all, o);
    }
    return all;
}

int main(void) {
    must(play_start());
    json_t *start = start_point();
    json_t *out = json_pack("{s:o,s:o,s:o,s:o}", "start", start, "neuron", neuron(start), "array",
                            array(), "maze", maze());
    must(out && json_dumpf(out, stdout, JSON_REAL_PRECISION(17)) == 0);
    json_decref(out);
    return 0;
}
