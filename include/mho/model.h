/* mho/model.h - device models by name, their cards (parameter sets with unit, mark and source), and
 * devices: instances of a model that can be driven. What a model is stands in mho/ext.h.
 *
 * Built-in models: mho device --list. */
#ifndef MHO_MODEL_H
#define MHO_MODEL_H

#include "mho/device.h"
#include "mho/ext.h"
#include "mho/opto.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- models ---- */
MHO_API size_t mho_model_count(void);
MHO_API const mho_ext_model *mho_model_get(size_t k); /* NULL for k >= count */
/* MHO_ERR_ARG names the nearest or all models. */
MHO_API mho_status mho_model_find(mho_ctx *ctx, const char *name,
                                  const mho_ext_model **out) MHO_CHECK;

/* A model from outside the library: a shared object, or a table of measured values. */
typedef struct mho_model mho_model;
/* Load a shared object and look at its table: versions, names, limits, functions that must be
 * there. It is code: it runs with all rights of this process. MHO_ERR_IO: cannot be loaded;
 * MHO_ERR_FORMAT: says what is wrong in the table. */
MHO_API mho_status mho_model_load(mho_ctx *ctx, const char *path, mho_model **out) MHO_CHECK;
/* The model "table" with the user's measurement, a CSV of two columns with a heading:
 *   voltage, current        I-V of a device without memory; beyond the ends the curve goes on
 *                           straight with the conductance of the end
 *   pulse number, conductance   potentiation and, after the maximum, depression: a pulse moves the
 *                           device along the branch of its direction
 * Headings carry units in brackets or after the name: "V (V), I (uA)", "pulse, G_uS". Monotone
 * cubic interpolation (Fritsch and Carlson, SIAM J. Numer. Anal. 17, 238 (1980)). MHO_ERR_IO,
 * _FORMAT with line and column: what is not a number, not ascending, not two columns. */
MHO_API mho_status mho_model_table(mho_ctx *ctx, const char *path, mho_model **out) MHO_CHECK;
MHO_API const mho_ext_model *mho_model_ext(const mho_model *model);
/* Cards and devices made from it must be freed before. NULL is allowed. */
MHO_API void mho_model_free(mho_model *model);

MHO_API size_t mho_model_n_memory(const mho_ext_model *model);

/* The conformance suite: what mho/ext.h asks of a model, tried at n_point random points (parameters
 * of all cards, inputs, states). Problems are counted per subject; text (may be NULL) gets one line
 * per subject, to be given back with mho_text_free. MHO_OK: it conforms; MHO_ERR_FORMAT: it does
 * not, the message is the first problem. */
typedef struct mho_model_verdict {
    size_t n_subject, n_failed;
    double worst_derivative; /* largest relative difference to finite differences */
    double worst_energy;     /* largest relative gap in the energy balance */
} mho_model_verdict;
MHO_API mho_status mho_model_check(mho_ctx *ctx, const mho_ext_model *model, uint64_t seed,
                                   size_t n_point, mho_model_verdict *verdict,
                                   char **text) MHO_CHECK;

/* ---- cards ---- */
typedef struct mho_card mho_card;
/* Built-in card by name; NULL or "": the default. MHO_ERR_ARG names the cards there are. */
MHO_API mho_status mho_card_new(mho_ctx *ctx, const mho_ext_model *model, const char *name,
                                mho_card **out) MHO_CHECK;
/* Card from a YAML file:
 *
 *     model: vo2-neuron        # must be the model asked for
 *     card: T                  # built-in card that the file changes; may be left out
 *     mark: C                  # of the values below; F (set in a file) if left out
 *     source: fit to loop.csv  # likewise
 *     parameters:
 *       rth: 2.5 MK/W
 *
 * A value equal to the built-in card's keeps that card's mark and source. MHO_ERR_IO, _FORMAT:
 * file:line:column: key, value, what is allowed. */
MHO_API mho_status mho_card_load(mho_ctx *ctx, const mho_ext_model *model, const char *path,
                                 mho_card **out) MHO_CHECK;
/* Name of the model that a card file is for; name[n_name]. */
MHO_API mho_status mho_card_model_name(mho_ctx *ctx, const char *path, char *name,
                                       size_t n_name) MHO_CHECK;
MHO_API void mho_card_free(mho_card *card); /* NULL is allowed */
/* A whole card file: every key with unit, range, mark and source; loads back to the same bits. To
 * be given back with mho_text_free. */
MHO_API mho_status mho_card_write(mho_ctx *ctx, const mho_card *card, char **text) MHO_CHECK;
MHO_API const mho_ext_model *mho_card_model(const mho_card *card);
/* Name of the built-in card that it began as, "" if that is the default. */
MHO_API const char *mho_card_base(const mho_card *card);
/* [n_param], valid until the card is changed or freed. */
MHO_API const double *mho_card_values(const mho_card *card);
MHO_API char mho_card_mark(const mho_card *card, size_t k);
MHO_API const char *mho_card_source(const mho_card *card, size_t k);
/* Row k of the model; mark 0: F, source NULL: "set by the user". Range is checked. */
MHO_API mho_status mho_card_set(mho_ctx *ctx, mho_card *card, size_t k, double value, char mark,
                                const char *source) MHO_CHECK;
/* "key=value" with a unit or a word, as on the command line. */
MHO_API mho_status mho_card_set_text(mho_ctx *ctx, mho_card *card, const char *text) MHO_CHECK;
/* Row of a key, n_param if there is none. */
MHO_API size_t mho_card_row(const mho_ext_model *model, const char *key);
/* Value of row k as text with its unit: "2.5 MK/W", "bruggeman-2d"; digits 0: as many as needed to
 * come back to the same bits. Returns buf. */
MHO_API char *mho_card_text(const mho_ext_model *model, size_t k, double value, int digits,
                            char *buf, size_t n_buf);
/* Every value alone and across (the model's check()). */
MHO_API mho_status mho_card_check(mho_ctx *ctx, const mho_card *card) MHO_CHECK;

/* Between cards and the structs of device.h and opto.h. MHO_ERR_ARG: a card of another model. */
MHO_API mho_status mho_card_to_neuron(mho_ctx *ctx, const mho_card *card,
                                      mho_neuron_param *out) MHO_CHECK;
MHO_API mho_status mho_card_from_neuron(mho_ctx *ctx, mho_card *card, const mho_neuron_param *param,
                                        char mark, const char *source) MHO_CHECK;
MHO_API mho_status mho_card_to_opto(mho_ctx *ctx, const mho_card *card,
                                    mho_opto_param *out) MHO_CHECK;
MHO_API mho_status mho_card_to_cbram(mho_ctx *ctx, const mho_card *card,
                                     mho_cbram_param *out) MHO_CHECK;

/* ---- devices: n instances of a model ----------------------------------------------------------
 * Arrays are [row][n]. Nothing below allocates except new. Device i is number first + i of the
 * seed, so a device is the same in any company. */
typedef struct mho_device mho_device;
/* spread: devices differ as the card says (model's sample()), else all are nominal. The card may be
 * freed afterwards, the model may not. */
MHO_API mho_status mho_device_new(mho_ctx *ctx, const mho_card *card, uint64_t seed, size_t first,
                                  size_t n, bool spread, mho_device **out) MHO_CHECK;
MHO_API void mho_device_free(mho_device *dev); /* NULL is allowed */
MHO_API size_t mho_device_count(const mho_device *dev);
MHO_API const mho_ext_model *mho_device_model(const mho_device *dev);
/* Back to the state of a new device; the account of pulses and reads starts again. */
MHO_API void mho_device_restart(mho_device *dev);

/* Rows of n numbers. Parameters and memory are written at the caller's risk: no checks. */
MHO_API double *mho_device_params(mho_device *dev); /* [n_param][n] */
MHO_API double *mho_device_inputs(mho_device *dev); /* [n_input][n]; start: the table's values */
MHO_API double *mho_device_memory(mho_device *dev); /* [n_memory][n] */
MHO_API const double *mho_device_states(const mho_device *dev); /* [n_state][n] */
/* x in [n_state][n]; MHO_ERR_ARG names what is not a number or out of bounds. */
MHO_API mho_status mho_device_set_states(mho_device *dev, const double *x) MHO_CHECK;

/* At the present inputs and state. y [n_output][n], dx [n_state][n] (NULL only without states). */
MHO_API void mho_device_eval(mho_device *dev, double *y, double *dx);
MHO_API void mho_device_power(mho_device *dev, double *in_W, double *stored_J, double *out_W);
/* dt_s with the present inputs held: the model's exact solution, or a Rosenbrock method (order 2,
 * L-stable) in parts as small as rel_tol (relative to the state's size, e.g. 1e-6) asks, with
 * events found by bisection. Made for drawing curves; stiff circuits are for mho/transient.h.
 * MHO_WARN_NOT_CONVERGED: a device needed more than 1e6 parts. */
MHO_API mho_status mho_device_step(mho_device *dev, double dt_s, double rel_tol) MHO_CHECK;
/* The state to which it settles at the present inputs: steps of growing length until nothing
 * moves. MHO_WARN_NOT_CONVERGED: it oscillates or drifts. */
MHO_API mho_status mho_device_settle(mho_device *dev) MHO_CHECK;
/* MHO_ERR_ARG: the model has no such operation. amount, target_S [n]; i_A [n_port][n]. */
MHO_API mho_status mho_device_pulse(mho_device *dev, const double *amount) MHO_CHECK;
MHO_API mho_status mho_device_program(mho_device *dev, const double *target_S) MHO_CHECK;
MHO_API mho_status mho_device_read(mho_device *dev, double *i_A) MHO_CHECK;

#ifdef __cplusplus
}
#endif
#endif
