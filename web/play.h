/* play.h - what the page calls: flat functions over static buffers, nothing that the library does
 * not do by itself. One neuron, one array, one agent at a time; all numbers are SI.
 *
 * Arrays go out through pointers into the module's memory, valid until the next call of the same
 * kind. A function that gives int gives 0 when it fails; play_error tells why. The same functions
 * in a native program (web/values.c) give the numbers that the page is held to. */
#ifndef MHO_WEB_PLAY_H
#define MHO_WEB_PLAY_H

#include "mho/base.h"

#ifdef __wasm__
#define PLAY(name) __attribute__((export_name(#name)))
#else
#define PLAY(name)
#endif

mho_ctx *play_ctx(void); /* not for the page */

PLAY(play_start) int play_start(void); /* before anything else */
PLAY(play_error) const char *play_error(void);
PLAY(play_version) const char *play_version(void);

/* ---- play_neuron.c: card T, its working point moved by the sliders ---- */
enum { PLAY_SWEEP = 181 }; /* points of a sweep, z = -1.2 to 1.2 */
/* Working point as designed: amplifier output at the knee and swing, series resistor, read bias. */
PLAY(play_neuron_design)
int play_neuron_design(double v_bias_V, double v_swing_V, double r_series_ohm, double v_read_V);
/* The transfer curve after a reset before every point, and a sweep up and down in sweep_s without
 * any reset, the second of two, so that its start is forgotten. */
PLAY(play_neuron) int play_neuron(double v_bias_V, double t_base_K, double r_load_ohm, double sweep_s);
PLAY(play_neuron_z) const double *play_neuron_z(void);         /* [PLAY_SWEEP] */
PLAY(play_neuron_reset) const double *play_neuron_reset(void); /* [PLAY_SWEEP] V */
PLAY(play_neuron_sweep) const double *play_neuron_sweep(void); /* [2][PLAY_SWEEP] V, up and down */
PLAY(play_neuron_fit) const double *play_neuron_fit(void); /* [PLAY_SWEEP] V, best ReLU of reset */
/* 0: rms distance of the curve after resets to its best ReLU on z in [-1, 1], over span, 1: span V,
 * 2: temperature at z = 0, 3: at z = 1, 4: largest gap between up and down over span, 5: thermal
 * time constant s */
PLAY(play_neuron_number) double play_neuron_number(int k);

/* ---- play_array.c: a crossbar, every row driven with v_read ---- */
enum { PLAY_MAX_LINE = 128 };
/* n x n cells, g_off or g_on (a share on_frac of them, drawn by the seed); ohm and S. */
PLAY(play_array) int play_array(int n, double wire_ohm, double source_ohm, double sense_ohm,
                                double g_on_S, double on_frac, double seed, double v_read_V);
PLAY(play_array_drop) const double *play_array_drop(void); /* [n][n] 1 - cell voltage/v_read */
PLAY(play_array_on) const unsigned char *play_array_on(void);     /* [n][n] 1: a cell that is on */
PLAY(play_array_current) const double *play_array_current(void);  /* [n] A, with wires */
PLAY(play_array_ideal) const double *play_array_ideal(void);      /* [n] A, without */
/* 0: largest drop, 1: mean drop, 2: current lost, share of all, 3: Kirchhoff residual, 4: power W */
PLAY(play_array_number) double play_array_number(int k);

/* ---- play_maze.c: an agent of optomemristors in the maze ---- */
PLAY(play_maze_new) int play_maze_new(double seed, int actor_critic, double trace_steps,
                                      double pulses, double cell_spread);
/* At most n steps; stops where an episode ends. Gives the steps taken, -1 when it failed. */
PLAY(play_maze_step) int play_maze_step(int n);
PLAY(play_maze_width) int play_maze_width(void);
PLAY(play_maze_height) int play_maze_height(void);
PLAY(play_maze_picture) const char *play_maze_picture(void); /* [height][width] of "#.SG" */
/* 0: episode (from 1), 1: step in it, 2: place, 3: last action, 4: it has just ended,
 * 5: least steps, 6: solved in episode (0: not yet) */
PLAY(play_maze_number) double play_maze_number(int k);
PLAY(play_maze_steps) const double *play_maze_steps(void);   /* [episode - 1] steps of each */
PLAY(play_maze_policy) const double *play_maze_policy(void); /* [place][4] w+ - w-, in [-1, 1] */
PLAY(play_maze_trace) const double *play_maze_trace(void);   /* [place][4] carriers left by light */

#endif
