/* mho/ext.h - for people who add a device model. A model is one C file with one table,
 * mho_ext_model: what it is, its parameters, and functions that give currents, rates of the state,
 * derivatives and energy. Built into mho (src/device/model_*.c) or as a shared object of your own:
 *
 *     cc -shared -fPIC -I.../include my_model.c -o my_model.so
 *     mho device --model ./my_model.so --check
 *
 * examples/my_model.c is a whole one, docs/ext.md explains it.
 *
 * The picture: n devices of one model with
 *     u  inputs    voltages of the ports first, then other drives (light, temperature)
 *     x  state     continuous, dx/dt = f(u, x, m, p)
 *     m  memory    changes only at events, pulses and programming (history of a hysteresis, a
 *                  programmed conductance); constant while time runs
 *     p  params    of each device
 *     y  outputs   the currents into the ports first, then what else is of interest
 *
 * All arrays are struct of arrays: row k of device i is at [k*ld + i], i < n <= ld. Parameters are
 * there once per device, because devices differ: spread is a change of p, and a model has one way
 * to read a parameter.
 *
 * What is asked of the functions: they are pure (no static data, no allocation, no input or
 * output), device i is computed from column i alone, and in the same way for any n, so that many
 * devices together give the same bits as one by one. mho device MODEL --check tests that, and the
 * derivatives, bounds, passivity and energy balance (mho_model_check in mho/model.h). */
#ifndef MHO_EXT_H
#define MHO_EXT_H

#include "mho/base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MHO_EXT_VERSION 1

/* One parameter. Where the key ends in its unit ("rth_K_per_W") or in _rel or _frac, files and
 * options leave that end out; _rel and _frac are written in percent. */
typedef struct mho_ext_param {
    const char *key;
    const char *unit; /* "ohm", "S", "V", "A", "s", "K", "1/K" ...; "" for a pure number */
    double start;     /* default */
    double min, max;  /* allowed, inclusive, finite */
    const char *mark; /* "P" published, "C" computed from published data, "A" assumed; one letter */
    const char *source, *help;
    const char *const *word; /* NULL: a number. Else its names, ended by NULL: 0 is word[0] ... */
    bool whole;              /* whole numbers only */
} mho_ext_param;

/* A named parameter set: what differs from the defaults. */
typedef struct mho_ext_value {
    const char *key;
    double value;
    const char *mark, *source;
} mho_ext_value;
typedef struct mho_ext_card {
    const char *name, *summary;
    size_t n_value;
    const mho_ext_value *value;
} mho_ext_card;

typedef struct mho_ext_input {
    const char *key, *unit;
    double start, min, max; /* min, max: where the model holds; tests stay inside */
    const char *help;
} mho_ext_input;

typedef struct mho_ext_state {
    const char *key, *unit;
    double start, min, max; /* the state never leaves [min, max]; may be infinite */
    const char *help;
} mho_ext_state;

typedef struct mho_ext_memory {
    const char *key, *unit;
    size_t count; /* rows of m that it takes */
    double start;
    const char *help;
} mho_ext_memory;

typedef struct mho_ext_output {
    const char *key, *unit, *help;
} mho_ext_output;

/* n devices. */
typedef struct mho_ext_batch {
    size_t n, ld;
    const double *p;  /* [n_param][ld] */
    const double *u;  /* [n_input][ld] */
    const double *x;  /* [n_state][ld] */
    const double *m;  /* [n_memory][ld] */
    const void *data; /* mho_ext_model.data */
} mho_ext_batch;

/* Random numbers of a call. normal: z[n] for device i of the batch, mean 0, sd 1, a pure function
 * of (seed, first + i, event); asking twice gives the same numbers, more is a continuation. */
typedef struct mho_ext_rng {
    uint64_t seed;
    uint32_t first; /* device number of column 0 */
    uint32_t event; /* which pulse, programming or read of the device's life */
    int purpose;
    void (*normal)(const struct mho_ext_rng *rng, size_t i, size_t n, double *z);
} mho_ext_rng;

enum {
    MHO_EXT_PASSIVE = 1 /* the ports together never give power: sum of v i >= 0 */
};

typedef struct mho_ext_model {
    size_t struct_size; /* sizeof(mho_ext_model) */
    int version;        /* MHO_EXT_VERSION */
    unsigned flags;
    const char *name; /* lower case, digits, '-' */
    const char *summary;
    const char *equations; /* plain text, several lines */
    const char *source;
    const void *data; /* handed to every function; may be NULL */

    size_t n_param;
    const mho_ext_param *param;
    size_t n_card; /* 0: there is only the default */
    const mho_ext_card *card;
    size_t n_input, n_port; /* 1 <= n_port <= n_input */
    const mho_ext_input *input;
    size_t n_output; /* >= n_port */
    const mho_ext_output *output;
    size_t n_state; /* <= MHO_EXT_MAX_STATE */
    const mho_ext_state *state;
    size_t n_memory_row; /* rows of the table; sum of count is n_memory, rows of m */
    const mho_ext_memory *memory;

    /* y [n_output][ld], dx [n_state][ld]; dx is NULL when n_state is 0. Required. */
    void (*eval)(const mho_ext_batch *b, double *y, double *dx);
    /* di_du [n_port][n_input][ld], di_dx [n_port][n_state][ld], df_du [n_state][n_input][ld],
     * df_dx [n_state][n_state][ld], at constant memory; those without rows are NULL. Required. */
    void (*jacobian)(const mho_ext_batch *b, double *di_du, double *di_dx, double *df_du,
                     double *df_dx);
    /* Energy balance: d(stored_J)/dt = in_W - out_W along dx/dt. in_W: electrical power into the
     * ports and other power taken up; out_W: heat given away. Each [n]. NULL: nothing is stored,
     * all electrical power becomes heat. */
    void (*power)(const mho_ext_batch *b, double *in_W, double *stored_J, double *out_W);
    /* Across parameters: p [n_param] of one device. false: why[n_why] says what is wrong. NULL:
     * every value in range is allowed. */
    bool (*check)(const double *p, char *why, size_t n_why);
    /* State and memory of a new device, x and m out; b->x, b->m are not set, b->u has the start
     * values of the inputs. NULL: the start values of the tables. */
    void (*start)(const mho_ext_batch *b, double *x, double *m);

    /* Switching functions, g [n_event][ld]; NULL with n_event 0. Event j of a device happens where
     * g_j falls below 0; cross() then changes the memory m of the devices with hit[i] != 0, after
     * which g_j is no longer below 0. accept() notes what must be noted after every time step that
     * is kept (extremes); may be NULL. */
    size_t n_event;
    void (*event)(const mho_ext_batch *b, double *g);
    void (*cross)(const mho_ext_batch *b, size_t j, const unsigned char *hit, double *m);
    void (*accept)(const mho_ext_batch *b, double *m);
    /* x after dt_s with constant inputs, where it is known exactly or better than by steps. NULL:
     * integrate. */
    void (*advance)(const mho_ext_batch *b, double dt_s, double *x);

    /* Spread between devices: changes p in place, from the parameters that say how much. NULL: all
     * devices are alike. */
    void (*sample)(const mho_ext_rng *rng, size_t n, size_t ld, double *p);
    /* One programming pulse of the card on every device: amount[i] > 0 towards more conductance,
     * < 0 towards less, 0 none; |amount| 1 is the card's pulse. Changes x and m. NULL: no pulses.
     */
    void (*pulse)(const mho_ext_batch *b, const mho_ext_rng *rng, const double *amount, double *x,
                  double *m);
    /* Program to a conductance target_S[i], with the errors of the device. NULL: none. */
    void (*program)(const mho_ext_batch *b, const mho_ext_rng *rng, const double *target_S,
                    double *x, double *m);
    /* Currents of one noisy reading, i [n_port][ld]. NULL: reading is free of noise. */
    void (*read)(const mho_ext_batch *b, const mho_ext_rng *rng, double *i_A);
} mho_ext_model;

enum { MHO_EXT_MAX_STATE = 8, MHO_EXT_MAX_INPUT = 8, MHO_EXT_MAX_OUTPUT = 16 };

/* What a shared object exports, by this name: its model, or NULL if it was made for another
 * version. The table stays valid as long as the object is loaded. */
#define MHO_EXT_ENTRY "mho_ext_entry"
typedef const mho_ext_model *(*mho_ext_entry_fn)(int version);
#if defined(__GNUC__)
#define MHO_EXT_EXPORT __attribute__((visibility("default")))
#else
#define MHO_EXT_EXPORT
#endif
MHO_EXT_EXPORT const mho_ext_model *mho_ext_entry(int version);

#ifdef __cplusplus
}
#endif
#endif
