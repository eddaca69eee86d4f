/* mho/mapping.h - any network on a chip: a layer graph becomes stages of arrays, neurons, pools and
 * wires, with ranges that come from a sample of the data (docs/network.md).
 *
 * What becomes of an operator
 *     Conv, Gemm with constant weights   arrays; groups have arrays of their own
 *     Add                                currents that meet at the amplifiers: of arrays, and of
 *                                        stored activations through resistors of their own
 *     Relu, Clip from 0                  Mott neurons
 *     other activations, sums that no    ADC, digital function, DAC: stated in the stage's info
 *     neuron follows
 *     AveragePool, GlobalAveragePool     equal resistors
 *     MaxPool, GlobalMaxPool             comparators
 *     Flatten, Reshape, Concat, Pad ...  wires
 *     Softmax at the end                 in software: it does not change the winner
 *
 * Because max(z, 0) grows in proportion to z, a layer may be calculated in any unit: activations of
 * a channel are stored over their own full scale, which the sample decides, and the scales are
 * moved into the weights of the layers that read them. */
#ifndef MHO_MAPPING_H
#define MHO_MAPPING_H

#include "mho/chip.h"
#include "mho/graph.h"
#include "mho/samples.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mho_map_range {
    MHO_RANGE_CHANNEL = 0, /* every channel of an activation has its own full scale */
    MHO_RANGE_TENSOR = 1   /* one for all channels */
} mho_map_range;

typedef struct mho_map_opt {
    size_t struct_size;
    mho_map_range range;
    double percentile;  /* (0.5, 1]: share of the positive activations of the sample that is to lie
                           at or below 1, where the neurons start to saturate */
    bool correct;       /* gain and bias of every output so that the nominal neuron's output comes
                           as near to the exact one as it can, over the sample */
    bool limit_weights; /* cut the few largest weights of an output where that costs less than the
                           errors of cells whose range they would stretch */
    bool exact_relu;    /* instead of neurons: ADC, exact rectifier, DAC. For comparison. */
} mho_map_opt;
#define MHO_MAP_OPT_INIT                                                                           \
    { sizeof(mho_map_opt), MHO_RANGE_CHANNEL, 0.999, true, true, false }

/* A chip for a graph. The graph is folded and copied; it must have one input [1][c][h][w] (or
 * [1][c][w], [1][f]) and one output.
 *   sample  in  decides the ranges and, with opt->correct, the corrections; the first 128 are used
 *               (fewer of large pictures). NULL: every full scale is 1, as in a mho_net; no
 *               correction
 *   opt     in  NULL means MHO_MAP_OPT_INIT
 * If neurons of their own for all outputs would need more than 256 MiB of tables, columns share
 * neurons (mho_chip_map_info.share).
 * MHO_ERR_ARG names the node that cannot be mapped, and what to do. MHO_ERR_DIM: the sample does
 * not fit the graph. Cost: about two exact passes over the sample, and design of the arrays. */
MHO_API mho_status mho_chip_new_graph(mho_ctx *ctx, const mho_chip_spec *spec,
                                      const mho_graph *graph, const mho_samples *sample,
                                      const mho_map_opt *opt, mho_chip **out) MHO_CHECK;

/* ---- What was made of it ---- */
typedef struct mho_stage_info {
    char name[64]; /* nodes, by the name of the first and the number of the others: "conv1 +2" */
    char work[64]; /* "conv 3x3 /2, 16>32", "average 2x2", "concat" */
    char end[32];  /* "neurons", "winner", "digital Sigmoid", "" for pools and wires */
    bool compute;  /* arrays or resistors and an end; else pool or wires */
    size_t out_c, out_h, out_w;
    size_t n_array_layer, n_skip; /* that meet at the amplifiers */
    size_t n_tile, n_cell, n_bias_row, n_neuron;
    bool digital; /* ADC and DAC */
    double n_mac; /* per picture, on arrays */
    /* on the sample; NaN without one */
    double full_scale;   /* of the network's numbers at activation 1; mean over channels */
    double clipped_frac; /* share of the positive activations above 1 */
    double rms_error_rel, correlation; /* ideal chip's activations against the exact ones; error
                                          over the rms of the exact ones about their mean */
} mho_stage_info;
MHO_API size_t mho_chip_n_stage(const mho_chip *chip);
/* MHO_ERR_ARG unless k < mho_chip_n_stage. */
MHO_API mho_status mho_chip_stage(const mho_chip *chip, size_t k, mho_stage_info *out) MHO_CHECK;

typedef struct mho_chip_map_info {
    mho_neuron_share share; /* may differ from the spec's */
    bool share_changed;     /* it does: neurons of their own would have needed too much memory */
    bool bipolar_input;     /* some inputs are negative: word lines are driven both ways */
    double input_scale;     /* of the network's numbers at the read voltage */
    size_t n_sample;        /* used for ranges and corrections */
    size_t n_lane;          /* pictures side by side */
    size_t n_tile, n_cell, n_neuron, n_digital_stage;
    double n_mac;
} mho_chip_map_info;
MHO_API mho_chip_map_info mho_chip_map(const mho_chip *chip);
/* Notes on what was done to the graph, a line each. */
MHO_API size_t mho_chip_n_note(const mho_chip *chip);
MHO_API const char *mho_chip_note(const mho_chip *chip, size_t k); /* NULL if there is none */

/* ---- Evaluation ---- */
/* Samples through a programmed chip; as mho_chip_evaluate.
 *   predictions  out  [n] number of the largest score; NULL: none
 *   scores       out  [n][n_score] in the network's units; NULL: none
 *   accuracy     out  share of samples whose label was found; NaN without labels; NULL: none
 * Long: reports progress. */
MHO_API mho_status mho_chip_evaluate_samples(mho_chip *chip, const mho_samples *s,
                                             int32_t *predictions, float *scores,
                                             double *accuracy) MHO_CHECK;
MHO_API size_t mho_chip_n_score(const mho_chip *chip);
/* mho_chip_calibrate with samples; of the network's sums, those of stored activations alone
 * included. */
MHO_API mho_status mho_chip_calibrate_samples(mho_chip *chip, const mho_samples *s, size_t n,
                                              mho_calibration *out) MHO_CHECK;
/* mho_chip_check and mho_chip_cost_of for samples. Of a large network the check looks at some
 * output rows of every stage only, about 4,096 reads of tiles in all. */
MHO_API mho_status mho_chip_check_samples(mho_chip *chip, const mho_samples *s, size_t n,
                                          uint64_t seed, mho_chip_verify *out) MHO_CHECK;
MHO_API mho_status mho_chip_cost_samples(mho_chip *chip, const mho_samples *s, size_t n,
                                         mho_chip_cost *out) MHO_CHECK;
/* Activations of the programmed chip, noise and all, against the exact graph's, over the first n
 * samples (at most the lanes of the chip): error out [mho_chip_n_stage], NaN where there is nothing
 * to compare (pools, wires). correlation out likewise; may be NULL. MHO_ERR_ARG: a chip of a
 * mho_net. */
MHO_API mho_status mho_chip_compare(mho_chip *chip, const mho_samples *s, size_t n,
                                    double *rms_error_rel, double *correlation) MHO_CHECK;

#ifdef __cplusplus
}
#endif
#endif
