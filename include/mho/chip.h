/* mho/chip.h - a network on hardware: crossbar tiles, column amplifiers, Mott neurons, drivers.
 *
 * Per layer, with x the inputs as a share of the read voltage (pixels through the DAC, or the
 * outputs of the neurons before):
 *
 *     word lines   V = v_read x, one more row at v_read for the bias
 *     arrays       tiles of differential pairs, wires solved exactly; currents of the tiles of one
 *                  output are summed at the amplifier
 *     amplifier    Vin = v_bias + trim + gain (I+ - I-) + noise, between 0 and v_max
 *     neuron       after a reset, heated for settle_tau: Vout(Vin), with jitter
 *     pooling      equal resistors average the outputs
 *     row driver   amplifies Vout to 0..v_read, with noise
 *     last layer   the winner is the largest current
 *
 * z = (Vin - v_bias)/v_swing is the network's pre-activation, a = Vout/Vout(z = 1) its activation.
 */
#ifndef MHO_CHIP_H
#define MHO_CHIP_H

#include "mho/base.h"
#include "mho/device.h"
#include "mho/network.h"
#include "mho/synapse.h"

#ifdef __cplusplus
extern "C" {
#endif

/* section, key, unit, min, max, default, mark, source, help. One row makes the field, the key of
 * the chip file, its check and its line in the report. */
#define MHO_CHIP_PARAM_LIST(X)                                                                     \
    X(array, rows, "", 2, 1024, 128, 'A', "tiles of the design study", "word lines of a tile")     \
    X(array, cols, "", 2, 1024, 128, 'A', "tiles of the design study", "bit lines of a tile")      \
    X(array, wire_ohm, "ohm", 0, 1e6, 2, 'A', "2 ohm per cell", "wire resistance per cell")        \
    X(array, source_ohm, "ohm", 0, 1e6, 100, 'A', "row driver output",                             \
      "source resistance of a row")                                                                \
    X(array, sense_ohm, "ohm", 0, 1e6, 100, 'A', "amplifier input",                                \
      "sense resistance of a column")                                                              \
    X(array, compensate, "", 0, 10, 3, 'A', "mho design choice",                                   \
      "rounds in which the targets are bent so that the array with its wires gives the weights; "  \
      "0: none")                                                                                   \
    X(array, stuck_on_frac, "", 0, 1, 0, 'A', "none unless given", "cells stuck at g_max")         \
    X(array, stuck_off_frac, "", 0, 1, 0, 'A', "none unless given",                                \
      "cells that never formed: 0 S")                                                              \
    X(array, shorted_frac, "", 0, 1, 0, 'A', "none unless given",                                  \
      "crossings at which word and bit line are shorted")                                          \
    X(array, short_S, "S", 1e-6, 1, 1e-2, 'A', "mho design choice", "conductance of a short")      \
    X(array, open_word_frac, "", 0, 1, 0, 'A', "none unless given",                                \
      "word lines of a tile that are broken at a random place")                                    \
    X(array, open_bit_frac, "", 0, 1, 0, 'A', "none unless given",                                 \
      "bit lines of a tile that are broken at a random place")                                     \
    X(neuron, z_max, "", 1, 10, 1.6, 'A', "mho design choice",                                     \
      "largest pre-activation: where the amplifier reaches its swing")                             \
    X(neuron, trim_bits, "", 0, 24, 8, 'A', "8-bit DAC per neuron",                                \
      "one-time bias trim of each neuron; 0: none")                                                \
    X(neuron, trim_range_rel, "", 0.01, 4, 0.8, 'A', "4 sd of the spread",                         \
      "trim range (+-) over v_swing")                                                              \
    X(neuron, trim_point, "", 0.05, 1, 0.5, 'A', "middle of the slope",                            \
      "z at which it is trimmed")                                                                  \
    X(neuron, trim_error_V, "V", 0, 1, 5e-4, 'A', "amplifier noise",                               \
      "error of the trim measurement, rms, at the amplifier")                                      \
    X(neuron, latch_frac, "", 0, 1, 0, 'A', "none unless given",                                   \
      "evaluations in which a neuron missed its reset and answers on the cooling branch")          \
    X(periphery, input_bits, "", 1, 16, 8, 'A', "8-bit DAC", "DACs: input, digital ends")          \
    X(periphery, swing_V, "V", 1e-3, 100, 1, 'A', "1 V supply", "largest amplifier output")        \
    X(periphery, amplifier_noise_V, "V", 0, 1, 5e-4, 'A', "0.5 mV at 1 V swing",                   \
      "noise of the column amplifier at its output, rms, each evaluation")                         \
    X(periphery, driver_noise_V, "V", 0, 1, 5e-6, 'A', "0.7 nV/sqrt(Hz) over the read time",       \
      "noise of the row driver at its input (the neuron's output), rms; Johnson noise comes on "   \
      "top")                                                                                       \
    X(periphery, amplifier_offset_V, "V", 0, 1, 0, 'A', "trimmed away unless given",               \
      "static offset of a column amplifier at its output, rms over columns")                       \
    X(periphery, adc_bits, "", 0, 16, 0, 'A', "no ADC unless given",                               \
      "ADCs of the scores, and of every column where the activation is digital; 0: exact, and "    \
      "scores go to the winner")                                                                   \
    X(periphery, adc_range, "", 0.01, 1000, 1.6, 'A', "z_max",                                     \
      "largest z that the ADC converts, unless it is calibrated")                                  \
    X(periphery, adc_clip_frac, "", 0, 0.5, 1e-3, 'A', "mho design choice",                        \
      "share of the conversions that may be clipped when the range is found from data; 0: "        \
      "adc_range")                                                                                 \
    X(conditions, age_s, "s", 0, 1e10, 0, 'A', "measured at once",                                 \
      "time from writing to reading; units min, h, day, month, year too")                          \
    X(conditions, storage_K, "K", 200, 600, 300, 'A', "room temperature",                          \
      "temperature at which the cells are stored for that time")                                   \
    X(conditions, warmer_K, "K", -50, 50, 0, 'A', "read where it was written",                     \
      "temperature of the chip when read over that at which it was written and trimmed")           \
    X(periphery, digital_bits, "", 1, 16, 8, 'A', "8-bit converters",                              \
      "ADCs of activations that a network from a file leaves to digital hardware")                 \
    X(cost, dac_energy_J, "J", 0, 1e-6, 5e-13, 'A', "order of 8-bit DACs at 65 nm",                \
      "input DAC, per conversion")                                                                 \
    X(cost, dac_area_m2, "m2", 0, 1e-6, 6e-11, 'A', "order of 8-bit DACs at 65 nm", "input DAC")   \
    X(cost, adc_energy_J, "J", 0, 1e-6, 1.67e-12, 'P', "8-bit SAR of ISAAC, 32 nm (Accelergy)",    \
      "ADC, per conversion")                                                                       \
    X(cost, adc_area_m2, "m2", 0, 1e-6, 1.2e-9, 'P', "8-bit SAR of ISAAC, 32 nm (Accelergy)",      \
      "ADC")                                                                                       \
    X(cost, adc_time_s, "s", 0, 1, 8.33e-10, 'A', "a period of 1.2 GS/s, 8-bit SAR of ISAAC",      \
      "ADC, a conversion")                                                                         \
    X(cost, adc_columns, "", 1, 1024, 1, 'A', "fastest; ISAAC: 128, with sample-and-holds",        \
      "outputs that share an ADC: converted one after another while the array is on")              \
    X(cost, digital_energy_J, "J", 0, 1e-6, 8e-14, 'P', "digital ReLU of ISAAC (Accelergy)",       \
      "digital function, each")                                                                    \
    X(cost, compare_energy_J, "J", 0, 1e-6, 5e-14, 'A', "latched comparator",                      \
      "comparator of a max pool, per comparison")                                                  \
    X(cost, driver_power_W, "W", 0, 1, 2e-5, 'A', "low-noise stage", "row driver, while on")       \
    X(cost, driver_area_m2, "m2", 0, 1e-6, 3e-11, 'A', "low-noise stage", "row driver")            \
    X(cost, amplifier_power_W, "W", 0, 1, 3e-5, 'A', "transimpedance stage",                       \
      "column amplifier, while on, without the heater current")                                    \
    X(cost, amplifier_area_m2, "m2", 0, 1e-6, 5e-11, 'A', "transimpedance stage",                  \
      "column amplifier")                                                                          \
    X(cost, trim_power_W, "W", 0, 1, 1e-6, 'A', "small current DAC", "trim DAC, while on")         \
    X(cost, trim_area_m2, "m2", 0, 1e-6, 2e-11, 'A', "small current DAC", "trim DAC, each neuron") \
    X(cost, hold_area_m2, "m2", 0, 1e-6, 2e-12, 'A', "sample-and-hold capacitor",                  \
      "store of one activation between layers")                                                    \
    X(cost, winner_power_W, "W", 0, 1, 5e-5, 'A', "winner-take-all circuit", "winner, while on")   \
    X(cost, winner_time_s, "s", 0, 1, 2e-8, 'A', "winner-take-all circuit", "decision time")       \
    X(cost, winner_area_m2, "m2", 0, 1e-6, 3e-10, 'A', "winner-take-all circuit", "winner")

/* Who has a neuron of its own. */
typedef enum mho_neuron_share {
    MHO_SHARE_PER_OUTPUT =
        0,                   /* every activation of the network: resets hide behind other outputs */
    MHO_SHARE_PER_COLUMN = 1 /* every array column pair: positions one after another, reset each */
} mho_neuron_share;

/* What is done about cells that are known to be stuck, before the others are written. */
typedef enum mho_repair {
    MHO_REPAIR_NONE = 0,
    MHO_REPAIR_PARTNER = 1, /* the other cell of the pair makes up for it as far as it can */
    MHO_REPAIR_REMAP = 2 /* the same, after word lines of a tile are permuted and pairs swapped so
                            that little is left to make up for */
} mho_repair;

/* What turns z into an activation. */
typedef enum mho_activation {
    MHO_ACTIVATION_NEURON = 0, /* the Mott neuron */
    MHO_ACTIVATION_DIGITAL = 1 /* an ADC (exact if adc_bits is 0), max(0, z) up to z_max in digital
                                  logic, and a DAC that puts the code out as it is */
} mho_activation;

/* What the largest weight of an array, at g_max, stands for. */
typedef enum mho_weight_scale {
    MHO_SCALE_AUTO = 0,  /* layer for a mho_net, which was trained within its limits; column for a
                            graph */
    MHO_SCALE_LAYER = 1, /* the layer's limit: all amplifiers of a layer have one gain */
    MHO_SCALE_COLUMN = 2 /* the largest weight of each output: a gain for each amplifier */
} mho_weight_scale;

typedef struct mho_chip_spec {
#define MHO_CHIP_FIELD(section, key, unit, lo, hi, def, mark, source, help) double key;
    MHO_CHIP_PARAM_LIST(MHO_CHIP_FIELD)
#undef MHO_CHIP_FIELD
    mho_neuron_share share;
    mho_weight_scale weight_scale;
    char neuron_card[8]; /* built-in card, "U", "T" or "N"; of a card file the one it changes */
    mho_neuron_param neuron;
    /* A card file that the chip file names ("card: film.yaml"): its values, with the mark and
     * source it gives them. neuron_card_file is "" for a built-in card. */
    char neuron_card_file[160], neuron_source[200];
    char neuron_mark;
    mho_neuron_param neuron_file;
    mho_synapse_param synapse;
    bool verify;             /* cells are read back and written again */
    mho_repair repair;       /* of stuck cells */
    bool drift_compensation; /* a reference read rescales each layer, Joshi et al. 2020 */
    bool column_calibration; /* gain and offset of every output from data: mho_chip_calibrate */
    mho_activation activation;
} mho_chip_spec;

/* The default chip: card N, CBRAM, 128x128 tiles. */
MHO_API mho_status mho_chip_spec_default(mho_ctx *ctx, mho_chip_spec *out) MHO_CHECK;
/* What the chip is made of, for titles: "Mott neurons and CBRAM synapses". Never allocates. */
MHO_API const char *mho_chip_made_of(const mho_chip_spec *spec);
/* All parameters of the spec in one list: its own, then neuron, then synapse. section out: "array",
 * "neuron", "periphery", "conditions", "cost", "synapse". The key has no unit suffix: as in the
 * chip file. A value that is not the card's has the mark 'F' and the chip file as its source. */
MHO_API size_t mho_chip_param_count(void);
MHO_API mho_param_info mho_chip_param_describe(const mho_chip_spec *spec, size_t k,
                                               const char **section);
MHO_API double mho_chip_param_get(const mho_chip_spec *spec, size_t k);
MHO_API mho_status mho_chip_param_set(mho_ctx *ctx, mho_chip_spec *spec, size_t k,
                                      double value) MHO_CHECK;
/* The same chip as a YAML chip file that spells out every key, with comments; it loads back bit for
 * bit. To be given back with mho_text_free. */
MHO_API mho_status mho_chip_spec_write(mho_ctx *ctx, const mho_chip_spec *spec,
                                       char **text) MHO_CHECK;
/* One key of the chip file by its path, "chip.array.wire" or "chip.neuron.share". */
typedef struct mho_chip_key {
    size_t param;            /* < mho_chip_param_count(): a number */
    const char *const *word; /* NULL for a number; else the words it may be, ends with NULL */
    const char *help;
    int choice; /* the library's own */
} mho_chip_key;
/* MHO_ERR_ARG says which keys there are, or the one that was meant. */
MHO_API mho_status mho_chip_key_find(mho_ctx *ctx, const mho_chip_spec *spec, const char *path,
                                     mho_chip_key *out) MHO_CHECK;
/* Set a key to one of its words. Another neuron card, or model of the cells, brings its own values
 * for whatever the spec has not set differently from its old one. MHO_ERR_ARG: the key is a number,
 * or has no such word. */
MHO_API mho_status mho_chip_word_set(mho_ctx *ctx, mho_chip_spec *spec, const mho_chip_key *key,
                                     size_t word) MHO_CHECK;
/* Relations between parameters, which single checks cannot see. MHO_ERR_ARG. */
MHO_API mho_status mho_chip_spec_check(mho_ctx *ctx, const mho_chip_spec *spec) MHO_CHECK;
/* Read a YAML chip file over the defaults (docs/chip-file.md). Errors name file, line, column, key,
 * value and what is allowed. */
MHO_API mho_status mho_chip_spec_load(mho_ctx *ctx, const char *path, mho_chip_spec *out) MHO_CHECK;

/* Non-idealities, each on its own switch; name and text for the loss budget. */
#define MHO_IMPERFECTION_LIST(X)                                                                   \
    X(MHO_IMP_LEVELS, 0, "levels", "discrete conductance levels")                                  \
    X(MHO_IMP_PROGRAM, 1, "programming", "error left after write-verify")                          \
    X(MHO_IMP_READ_NOISE, 2, "read noise", "noise of the conductances at each read")               \
    X(MHO_IMP_WIRES, 3, "wires", "wire, source and sense resistance")                              \
    X(MHO_IMP_INPUT, 4, "input DAC", "resolution of the input DAC")                                \
    X(MHO_IMP_AMPLIFIER, 5, "amplifier", "noise of the column amplifiers")                         \
    X(MHO_IMP_DRIVER, 6, "row driver", "noise of the row drivers and of the film (Johnson)")       \
    X(MHO_IMP_SPREAD, 7, "neuron spread", "device-to-device variation after the bias trim")        \
    X(MHO_IMP_JITTER, 8, "neuron jitter",                                                          \
      "change of the transition from evaluation to evaluation")                                    \
    X(MHO_IMP_FLICKER, 9, "1/f noise", "slow noise of the conductances, integrated over the band") \
    X(MHO_IMP_TELEGRAPH, 10, "telegraph noise", "cells with a trap that fills and empties")        \
    X(MHO_IMP_CELL_SPREAD, 11, "cell spread", "device-to-device variation of the cells' windows")  \
    X(MHO_IMP_AGE, 12, "ageing", "drift and retention of the cells since they were written")       \
    X(MHO_IMP_TEMPERATURE, 13, "temperature", "cells and neurons warmer than when they were set")  \
    X(MHO_IMP_STUCK, 14, "stuck cells", "cells stuck on, stuck off or shorted")                    \
    X(MHO_IMP_BROKEN, 15, "broken wires", "word and bit lines broken at a random place")           \
    X(MHO_IMP_OFFSET, 16, "amplifier offset", "static offset of the column amplifiers")            \
    X(MHO_IMP_ADC, 17, "column ADC", "resolution and range of the column ADC")                     \
    X(MHO_IMP_LATCH, 18, "latch-up", "neurons that missed their reset")
enum {
#define MHO_IMP_ENUM(name, bit, label, text) name = 1u << (bit),
    MHO_IMPERFECTION_LIST(MHO_IMP_ENUM)
#undef MHO_IMP_ENUM
        MHO_IMP_COUNT = 19,
    MHO_IMP_ALL = (1u << MHO_IMP_COUNT) - 1,
    /* not imperfections of their own: remedies to be taken away */
    MHO_IMP_NO_TRIM = 1u << 28,       /* the bias trim of the neurons */
    MHO_IMP_NO_COMPENSATE = 1u << 29, /* the compensation of the wires */
    MHO_IMP_NO_VERIFY = 1u << 27      /* the verification of written cells */
};
/* Those that the spec has at all: switching others changes nothing, but for MHO_IMP_ADC on a chip
 * of a graph with digital stages, whose ADCs have digital_bits whatever adc_bits is. */
MHO_API uint32_t mho_chip_imperfections(const mho_chip_spec *spec);
MHO_API const char *mho_imperfection_name(int bit); /* 0 <= bit < MHO_IMP_COUNT */
MHO_API const char *mho_imperfection_text(int bit);

typedef struct mho_chip mho_chip;

/* Design a chip for a network: neuron working point, tiles, gains. Nothing is programmed yet.
 * The network's weights are copied. Every compute layer but the last must have an activation; a
 * last one that has it ends in neurons and gives activations (a filter, mho/image.h) instead of a
 * winner. */
MHO_API mho_status mho_chip_new(mho_ctx *ctx, const mho_chip_spec *spec, const mho_net *net,
                                mho_chip **out) MHO_CHECK;
MHO_API void mho_chip_free(mho_chip *chip); /* NULL is allowed */

/* The neuron's design and its nominal transfer curve, which training needs before a chip exists.
 * a out [n] at z = z_min + k (z_max - z_min)/(n-1); z_min and z_max out. */
MHO_API mho_status mho_chip_nominal_curve(mho_ctx *ctx, const mho_chip_spec *spec, size_t n,
                                          float *a, double *z_min, double *z_max,
                                          mho_neuron_design *design) MHO_CHECK;

/* Noise that a training should see so that the network stands what this chip does to it: sums of
 * the spec's errors in the units of mho_net_noise (docs/training.md). */
MHO_API mho_status mho_chip_training_noise(mho_ctx *ctx, const mho_chip_spec *spec,
                                           mho_net_noise *out) MHO_CHECK;

typedef struct mho_program_report {
    size_t n_array, n_cell, n_neuron, n_trim_clipped;
    mho_write_stats write;
    double array_s, neuron_s, total_s; /* wall time: transfer matrices, neuron curves, all */
} mho_program_report;

/* Draw and programme instance `instance` of the chip with the given imperfections (bits of
 * MHO_IMP_*). rep may be NULL. */
MHO_API mho_status mho_chip_program(mho_chip *chip, uint64_t seed, uint32_t instance,
                                    uint32_t imperfections, mho_program_report *rep) MHO_CHECK;

/* What calibration found; ranges and shares of layers beyond the 16th are not listed. */
enum { MHO_CALIBRATION_MAX_LAYER = 16 };
typedef struct mho_calibration {
    size_t n_layer; /* compute layers */
    struct {
        double adc_range;                     /* largest z converted */
        double clipped_rel;                   /* share of the conversions beyond it */
        double gain_mean, gain_sd, offset_sd; /* of the columns, in units of z */
    } layer[MHO_CALIBRATION_MAX_LAYER];
} mho_calibration;
/* After mho_chip_program: what the spec wants from data, out of the first n_image pictures (0: 256)
 * of a set that the chip is not judged by: ranges of the ADCs, gain and offset of every output such
 * that its z is that of the weights, both by least squares. Does nothing where the spec wants
 * nothing. A chip with calibrated columns is evaluated only after it. out may be NULL. Time of
 * sending these pictures once through the chip. */
MHO_API mho_status mho_chip_calibrate(mho_chip *chip, const mho_dataset *set, size_t n_image,
                                      mho_calibration *out) MHO_CHECK;

/* Chip in the loop: the weights of the last layer learn from what the chip really puts into it, and
 * are written again (another draw of write errors). */
typedef struct mho_tune_opt {
    size_t n_image;     /* pictures of the set, from the first */
    int n_epoch;        /* passes */
    double rate;        /* step of Adam, in units of w_max */
    double score_scale; /* factor on z before the softmax, as in training */
} mho_tune_opt;
#define MHO_TUNE_OPT_INIT                                                                          \
    { 1024, 20, 0.01, 10 }
MHO_API mho_status mho_chip_tune(mho_chip *chip, const mho_dataset *set, const mho_tune_opt *opt,
                                 mho_program_report *rep) MHO_CHECK;

/* Classify a set on the programmed chip. predictions out [n_image], may be NULL. Noise of image k
 * is a function of (seed, instance, k): any number of threads gives the same bits. */
MHO_API mho_status mho_chip_evaluate(mho_chip *chip, const mho_dataset *set, uint8_t *predictions,
                                     double *accuracy) MHO_CHECK;

/* ---- looking inside ---- */
typedef struct mho_chip_verify {
    size_t n_image, n_current, n_neuron; /* compared */
    double array_error_rel;              /* largest |z - z_ref| / largest |z_ref| of the layer */
    double neuron_error_rel;             /* largest |a - a_ref| over the span */
    double residual_rel;                 /* largest Kirchhoff residual of the reference solver */
    size_t n_same; /* pictures whose winner agrees, on the same inputs of the last layer */
    size_t n_time; /* neurons simulated in time; 0: none, or a mixing law without fast steps */
    double time_error_rel, time_rms_rel; /* |a - output after reset, settle and read| over the
                                            span: largest, and rms */
} mho_chip_verify;
/* Send n_image pictures, drawn by the seed, through the slow reference circuit solver and the
 * directly evaluated neuron (noise and jitter off on both sides), layer by layer; and every neuron
 * once more in time (mho/transient.h). */
MHO_API mho_status mho_chip_check(mho_chip *chip, const mho_dataset *set, size_t n_image,
                                  uint64_t seed, mho_chip_verify *out) MHO_CHECK;

typedef struct mho_cost_part {
    const char *name;
    double value;
} mho_cost_part;
enum { MHO_COST_MAX_PART = 12 };
typedef struct mho_cost_sum {
    double total;
    size_t n_part;
    mho_cost_part part[MHO_COST_MAX_PART];
} mho_cost_sum;
typedef struct mho_chip_cost {
    mho_cost_sum energy_J, latency_s, area_m2; /* per picture; area of the chip */
    double neuron_energy_J; /* mean over activations: heater, film, trim; 0: no neurons */
    double neuron_area_m2;  /* film, heater and trim DAC; 0: no neurons */
    double pipelined_s;     /* per picture when all layers work at once */
    size_t n_activation;    /* neuron evaluations per picture */
} mho_chip_cost;
/* Cost of a picture, from the voltages and currents of the first n_image pictures (64 are enough).
 * What is on for how long, and what is not counted: docs/cost.md. */
MHO_API mho_status mho_chip_cost_of(mho_chip *chip, const mho_dataset *set, size_t n_image,
                                    mho_chip_cost *out) MHO_CHECK;

MHO_API const mho_neuron_design *mho_chip_neuron(const mho_chip *chip);
/* Neurons of the first compute layer that has some. */
MHO_API size_t mho_chip_first_neurons(const mho_chip *chip);
/* Curves of the first n_dev neurons of compute layer 0: a out [n_dev][n] at z_min..z_max (out). */
MHO_API mho_status mho_chip_neuron_curves(const mho_chip *chip, size_t n_dev, size_t n, float *a,
                                          double *z_min, double *z_max) MHO_CHECK;
/* Largest tile of the chip: shape, and its IR drop: drop_rel out [n_row][n_col], what the cell
 * voltage falls short of the row's input, over the read voltage, mean over the first pictures of
 * the set. Call with drop_rel NULL for the shape. */
MHO_API mho_status mho_chip_tile_drop(mho_chip *chip, const mho_dataset *set, size_t *n_row,
                                      size_t *n_col, double *drop_rel) MHO_CHECK;

#ifdef __cplusplus
}
#endif
#endif
