/* chip_int.h - a network on hardware. A chip is made once (design.c: working point, tiles,
 * targets), programmed many times (program.c: instances with their imperfections), then evaluated
 * (evaluate.c) without ever solving a circuit again: tiles have become transfer matrices, neurons
 * tables.       */
#ifndef MHO_CHIP_INT_H
#define MHO_CHIP_INT_H

#include "base/base_int.h"
#include "mho/array.h"
#include "mho/chip.h"
#include "mho/mapping.h"

enum {
    MHO_I_LANES = 128, /* pictures that go through the layers side by side */
    MHO_I_MAX_CHECK_READ =
        4096,             /* reads of tiles in a check of a graph; above it rows are skipped */
    MHO_I_MAX_CHECK = 64, /* pictures that a check takes */
    MHO_I_GRID_LOW = 96,  /* table intervals below and above z_knee */
    MHO_I_GRID_HIGH = 384,
    MHO_I_NODES = MHO_I_GRID_LOW + MHO_I_GRID_HIGH + 1
};
#define MHO_I_Z_KNEE (-1.2) /* above it the curve bends and the table is fine */

/* Window of a convolution or pool over [in_c][in_h][in_w]. A dense layer is a 1x1 window over
 * [n][1][1]. */
typedef struct mho_i_shape {
    size_t in_c, in_h, in_w, out_c, out_h, out_w;
    size_t k_h, k_w, stride_h, stride_w, dilation_h, dilation_w;
    size_t pad_top, pad_left, pad_bottom, pad_right; /* the last two: pools that count zeros */
    size_t n_group; /* output o reads the channels of group o / (out_c/n_group) only */
    size_t n_in;    /* weights of one output: in_c/n_group*k_h*k_w, index (c*k_h + ky)*k_w + kx */
    size_t n_out;   /* out_c */
    size_t n_pos;   /* out_h*out_w */
    double w_max;   /* weight of a pair with one cell at g_max and one at g_min */
} mho_i_shape;

/* Word lines row0.. and outputs out0.. of a group's matrix. Columns: 2k plus, 2k+1 minus of output
 * out0 + k. */
typedef struct mho_i_tile {
    size_t group, row0, n_row, out0, n_out; /* out0 counts over all groups */
    double *target_S;                       /* [n_row][2 n_out]: what the weights ask for */
    double *bent_S;    /* [n_row][2 n_out]: the same with the loss of the wires made up for */
    double *g_S;       /* [n_row][2 n_out]: what is programmed */
    double *m_S;       /* [n_row][2 n_out]: transfer matrix */
    double *design_S;  /* [2][n_row][2 n_out] target_S and bent_S of the design; NULL: unchanged */
    size_t first_cell; /* number of its first cell in the chip */
    /* of the instance; NULL: none. g_S and m_S are in the order of the wires as they lie. */
    uint32_t *wire_of;                       /* [n_row]: which word line of the targets lies here */
    unsigned char *swapped;                  /* [n_out]: plus and minus of the pair are exchanged */
    unsigned char *broken_word, *broken_bit; /* as in mho_array_opt */
    float
        *noise_rel; /* [n_row][2 n_out]: noise of a read over G, where it is not the same for all */
} mho_i_tile;

/* Word line, counted over the layer, that row r of the tile is. */
static inline size_t mho_i_tile_wire(const mho_i_tile *tile, size_t r) {
    return tile->row0 + (tile->wire_of ? tile->wire_of[r] : r);
}
/* Sign with which the difference of pair o counts. */
static inline double mho_i_tile_sign(const mho_i_tile *tile, size_t o) {
    return tile->swapped && tile->swapped[o] ? -1 : 1;
}

/* The arrays of one convolution or dense layer. Groups share nothing: each has tiles of its own. */
typedef struct mho_i_layer {
    mho_i_shape shape;
    size_t value;  /* that it reads */
    size_t n_row;  /* shape.n_in and the bias row, of one group */
    size_t n_copy; /* times that every weight is written, on word lines that are driven alike */
    size_t n_bias; /* word lines that share the bias, which may be larger than a weight */
    size_t n_wire; /* word lines of a group: n_copy shape.n_in and n_bias */
    size_t n_tile, n_tile_row; /* in all; one below the other */
    mho_i_tile *tile;
    double *scale;         /* [n_out]: w_max of each output: column amplifiers may differ */
    double wire_gain;      /* mean of transfer over conductance of the design, from target_S: the */
    double bent_gain;      /* amplifier's gain makes up for it; the same from bent_S */
    double *z_per_A;       /* [n_out] amplifier gain of this instance: z per column current */
    uint32_t round;        /* times that it was written again on this instance */
    bool retargeted;       /* design_gain and the tiles' design_S hold what the design had */
    double design_gain[2]; /* wire_gain, bent_gain */
    double drift_gain;     /* of this instance: what the reference read asks for, else 1 */
    float *weight;         /* [n_out][n_row]: z per input */
    float *noise2;         /* [n_out][n_row]: variance of z by read noise, per input squared */
    float *row_S;          /* [n_group][n_row]: sum of the transfer matrix over the columns */
} mho_i_layer;

/* A stored activation that goes to the amplifiers through resistors: z += gain x. */
typedef struct mho_i_skip {
    size_t value;
    float *gain; /* [n_out] */
    float *g_S;  /* [n_out] conductance that gives it */
} mho_i_skip;

/* How a pre-activation ends. */
typedef enum mho_i_end {
    MHO_I_END_NEURON = 0,
    MHO_I_END_SCORE = 1,  /* as it is: the network's output */
    MHO_I_END_DIGITAL = 2 /* ADC, a function in digital hardware, DAC */
} mho_i_end;

/* A pre-activation through ADC, function and DAC. Both converters have as many levels on a side as
 * their bits allow over -1..1 (or 0..1) of what is stored. */
typedef struct mho_i_digital {
    mho_graph_op op; /* MHO_OP_IDENTITY: none */
    mho_graph_attr attr;
    float *in_scale;  /* [n_out] of the network's numbers at 1 of the ADC */
    float *out_scale; /* [n_out] the same of the DAC */
    bool in_signed, out_signed;
} mho_i_digital;

typedef enum mho_i_op {
    MHO_I_COMPUTE = 0, /* arrays and skips, summed at the amplifiers, then an end */
    MHO_I_AVERAGE = 1, /* equal resistors */
    MHO_I_MAX = 2,     /* the largest of a window */
    MHO_I_WIRE = 3     /* moves, joins, cuts: computes nothing */
} mho_i_op;

/* Activations between stages, [c][h][w][lane], in a buffer that others use before and after. */
typedef struct mho_i_value {
    size_t c, h, w;
    size_t slot;      /* buffer */
    float *scale;     /* [c] of the network's numbers at 1; NULL: 1 */
    bool dac;         /* its drivers are DACs: no noise of row drivers and film */
    size_t driven_by; /* first compute stage that reads it: there drivers and film add their noise;
                         SIZE_MAX: none */
} mho_i_value;

/* What reads values and makes one. */
typedef struct mho_i_stage {
    mho_i_op op;
    size_t out;         /* value */
    size_t number;      /* compute stages: which, from 0; names the noise */
    mho_i_layer *layer; /* [n_layer], of the chip's; read first */
    mho_i_skip *skip;   /* [n_skip] */
    size_t n_layer, n_skip;
    mho_i_shape shape; /* of the window (pools), of layer 0, or of the output alone */
    bool count_pad;    /* AVERAGE: zeros of the padding count */
    size_t n_source;   /* WIRE, pools: values read */
    size_t *source;    /* [n_source] */
    int32_t *from;     /* WIRE [c*h*w of out]: element, counted over all sources; -1: 0 */
    mho_i_end end;
    mho_i_digital *digital; /* END_DIGITAL */
    float *bias;            /* [n_out] bias where no array has one; NULL: none */
    float *design;          /* [n_skip + 1][n_out] gains of the skips and bias before the amplifiers
                               of an instance changed them; NULL: they never did */
    size_t n_neuron;        /* 0 unless it ends in neurons */
    size_t first_neuron;    /* number of its first neuron in the chip */
    mho_neuron_device *device; /* [n_neuron] */
    const float *table;        /* [n_neuron or 1][MHO_I_NODES][2] */
    size_t table_stride;       /* floats between neurons: 0 when all are nominal */
    double *offset; /* [n_out] of this instance, in z, in the weights of the bias too; NULL: none */
    double adc_range; /* largest z that its ADC converts, if there is one */
} mho_i_stage;

struct mho_chip {
    mho_ctx *ctx;
    mho_chip_spec spec;
    mho_neuron_design neuron;
    mho_neuron_grid grid;
    double v_full_V; /* nominal output at z = 1: activation 1 */
    size_t n_stage, n_layer, n_compute, n_neuron, n_value, n_slot;
    mho_i_stage *stage; /* in an order in which they can be computed */
    mho_i_layer *layer;
    mho_i_value *value;            /* value 0 is the input */
    size_t *slot_size;             /* [n_slot] elements of a buffer, for one picture */
    size_t output;                 /* value that holds the scores */
    size_t n_lane;                 /* pictures side by side: MHO_I_LANES, fewer for large ones */
    bool bipolar;                  /* the input DACs drive both ways: inputs in [-1, 1] */
    struct mho_i_mapping *mapping; /* of a graph; NULL: of a mho_net */
    float *nominal_table;          /* [MHO_I_NODES][2] */
    float *table;                  /* [n_neuron][MHO_I_NODES][2], made at the first use */
    float *warm_table;  /* [MHO_I_NODES][2] nominal neuron at the temperature of reading, or NULL */
    float *latch_table; /* [MHO_I_NODES][2] nominal neuron without its reset, or NULL */
    bool programmed;
    bool calibrated; /* this instance, by mho_chip_calibrate */
    bool tuned;      /* targets are no longer those of the design */
    bool cell_noise; /* of this instance: reads of cells are noisy */
    uint64_t seed;   /* of the instance */
    uint32_t imperfections;
};

/* ---- design.c ---- */
/* mho_chip_new with every weight in n_copy cell pairs: their errors and noise average. */
mho_status mho_i_chip_new(mho_ctx *ctx, const mho_chip_spec *spec, const mho_net *net,
                          size_t n_copy, mho_chip **out);
/* A chip with its neuron designed and room for so many stages, layers (n_layer is still 0) and
 * values. */
mho_status mho_i_chip_begin(mho_ctx *ctx, const mho_chip_spec *spec, size_t n_stage, size_t n_layer,
                            size_t n_value, mho_chip **out);
/* Neurons for a stage whose shape is set, one per output or per column as the spec says. */
mho_status mho_i_chip_add_neurons(mho_chip *chip, mho_i_stage *stage);

/* ---- map.c ---- */
/* Row of the group's matrix (input or bias) that drives a word line. */
static inline size_t mho_i_chip_row_of(const mho_i_layer *layer, size_t wire) {
    size_t n_in = layer->shape.n_in;
    return wire < layer->n_copy * n_in ? wire % n_in : n_in;
}
/* Cut the layer into tiles and set their targets. weights in [n_out][n_in], bias in [n_out]; shape,
 * n_copy and n_bias are set. scale in [n_out]: limit of each output's weights; NULL: shape.w_max.
 */
mho_status mho_i_chip_map_layer(mho_chip *chip, mho_i_layer *layer, const float *weights,
                                const float *bias, const double *scale);
void mho_i_chip_free_layer(mho_ctx *ctx, mho_i_layer *layer);
/* Wire, source and sense resistance of the spec, or none. */
mho_array_opt mho_i_chip_array_opt(const mho_chip_spec *spec, bool wires);
/* The same with what is broken in a tile of this instance. */
mho_array_opt mho_i_chip_tile_opt(const mho_chip *chip, const mho_i_tile *tile);
/* Transfer matrices m_S of all tiles of a layer from g_S; faults: with what is broken. */
mho_status mho_i_chip_solve_tiles(mho_chip *chip, mho_i_layer *layer, bool wires, bool faults);
/* Weights that the targets stand for: weight out [n_out][n_row], z per input, the bias last. */
void mho_i_chip_target_weights(const mho_chip *chip, const mho_i_layer *layer, float *weight);
/* Other targets for a layer, from weights of that form; keeps those of the design. */
mho_status mho_i_chip_retarget(mho_chip *chip, mho_i_layer *layer, const float *weight);
void mho_i_chip_restore_targets(mho_chip *chip);

/* ---- cells.c: what programming and time do to the cells of a tile ---- */
/* Write a tile's targets (bent for the wires or not) with the chip's imperfections into g_S:
 * repair, write errors, stuck cells, age, temperature; noise_rel where it is not the same for all
 * cells. round: how often the tile was written before. before_S, after_S: added up magnitudes of
 * the pair differences right after writing, and now; may be NULL. */
mho_status mho_i_chip_write_tile(mho_chip *chip, mho_i_tile *tile, uint32_t round, bool bent,
                                 mho_write_stats *stats, double *before_S, double *after_S);
void mho_i_chip_free_tile(mho_ctx *ctx, mho_i_tile *tile);

/* ---- faults.c ---- */
enum { MHO_I_CELL_FINE = 0, MHO_I_CELL_ON = 1, MHO_I_CELL_OFF = 2, MHO_I_CELL_SHORT = 3 };
/* State of the tile's cells: fault out [n_row][2 n_out]. false: all are fine. */
bool mho_i_chip_faults(const mho_chip *chip, const mho_i_tile *tile, unsigned char *fault);
double mho_i_chip_fault_S(const mho_chip *chip, unsigned char fault);
/* Draw the broken lines of a tile; none: NULL in both fields. */
mho_status mho_i_chip_break_lines(mho_chip *chip, mho_i_tile *tile);

/* ---- repair.c ---- */
/* Targets as they are to be written, target_S out [n_row][2 n_out] in the order of the wires as
 * they lie, from wanted_S in their own; sets wire_of and swapped. fault may be NULL: all fine. */
mho_status mho_i_chip_repair(mho_chip *chip, mho_i_tile *tile, const unsigned char *fault,
                             const double *wanted_S, double *target_S);

/* ---- program.c ---- */
/* Write a layer's cells and solve its arrays; the round-th time on this instance, from 0. */
mho_status mho_i_chip_write_layer(mho_chip *chip, mho_i_layer *layer, uint32_t round,
                                  mho_program_report *rep);
/* The neuron's parameters at the temperature of reading. */
mho_neuron_param mho_i_chip_neuron_now(const mho_chip *chip);

/* ---- columns.c: gain and offset of the column amplifiers, in the weights ---- */
/* Offsets of this instance's amplifiers into the weights of the bias; what the last instance
 * changed besides weights is as designed again. */
mho_status mho_i_chip_draw_offsets(mho_chip *chip);
/* z -> gain z + offset for output o of a stage. */
void mho_i_chip_trim_column(mho_i_stage *stage, size_t o, double gain, double offset);

/* ---- convert.c: what stands between a column's sum and its activation ---- */
/* Do ADCs, digital hardware and DACs make the stage's activations, because the operation wants it
 * or because the spec does? */
bool mho_i_chip_is_digital(const mho_chip *chip, const mho_i_stage *stage);
/* Do the ADCs of adc_bits round its sums in this instance (those of END_DIGITAL are part of it)? */
bool mho_i_chip_has_adc(const mho_chip *chip, const mho_i_stage *stage);
/* n values through the stage's ADC. */
void mho_i_chip_adc(const mho_chip *chip, const mho_i_stage *stage, size_t n, const float *z,
                    float *out);
/* Neurons that missed their reset: n_col values a of output o, row y become those of the cooling
 * branch at z with probability latch_frac each. work [n_col]. */
void mho_i_chip_latch(const mho_chip *chip, uint64_t seed, uint32_t stream, uint32_t block,
                      size_t n_col, const float *z, float *a);

/* ---- stages.c: values and buffers ---- */
/* Buffers for all values, reused as soon as nobody reads them any more, and who drives what. */
mho_status mho_i_chip_plan(mho_chip *chip);
void mho_i_chip_free_stage(mho_ctx *ctx, mho_i_stage *stage);
/* Values that a stage reads: its k-th, k < mho_i_stage_n_read. */
size_t mho_i_stage_n_read(const mho_i_stage *stage);
size_t mho_i_stage_read(const mho_i_stage *stage, size_t k);
/* Stage that ends in scores, which a winner decides; NULL: the output is stored activations. */
const mho_i_stage *mho_i_chip_score_stage(const mho_chip *chip);

/* ---- digital.c ---- */
/* Functions that digital hardware does: one number in, one out. */
bool mho_i_digital_knows(mho_graph_op op);
float mho_i_digital_of(const mho_i_digital *d, float x);

/* ---- forward.c ---- */
/* What one output row of a compute stage saw and did, for a block of pictures. A stage gives one
 * view per group of every layer (layer, group and x set), then one per skip (skip and x set), then
 * one of what came out (z, out and, of neurons, a set). */
typedef struct mho_i_view {
    const mho_i_stage *stage;
    const mho_i_layer *layer; /* NULL: not of an array */
    const mho_i_skip *skip;   /* NULL: not of a skip */
    size_t group;
    size_t y, n_col; /* output row; out_w * lanes */
    const float *x; /* [n_row][n_col] inputs of the group's arrays, or [n_out][..] of a skip: output
                       o, column k at x[o*x_stride + k] */
    size_t x_stride;
    const float *z; /* [n_out][n_col] pre-activations before the amplifier's limits */
    const float *a; /* activations of neurons: output o, column k at a[o*a_stride + k], or NULL */
    size_t a_stride;
    const float *out; /* what is stored, with any end; strides as a */
} mho_i_view;
typedef mho_status (*mho_i_view_fn)(void *user, const mho_i_view *view);

/* Where pictures come from: one of both. */
typedef struct mho_i_source {
    const mho_dataset *set;
    const mho_samples *samples;
} mho_i_source;
size_t mho_i_source_n(const mho_i_source *from);
/* MHO_ERR_DIM unless the chip takes pictures of this size. */
mho_status mho_i_source_check(const mho_chip *chip, const mho_i_source *from);

typedef struct mho_i_scratch mho_i_scratch; /* buffers of one thread */
/* Input and the rest, one stage at a time. */
void mho_i_chip_load(const mho_chip *chip, mho_i_scratch *s, const mho_i_source *from,
                     const size_t *image, size_t n);
mho_status mho_i_chip_stage_run(const mho_chip *chip, const mho_i_stage *stage, mho_i_scratch *s,
                                uint32_t block, bool noisy, mho_i_view_fn fn, void *user);
/* ---- vectors through a chip of one dense layer that ends in neurons (a filter: the vectors are
 * the patches of a picture, the neurons one per column pair, used for every patch) ---- */
/* Values in [0, 1] as the input DAC puts them out, in place; as they are if its resolution is off.
 */
void mho_i_chip_dac(const mho_chip *chip, size_t n, float *x);
/* Where MHO_I_LANES vectors are to be put, [n_in][MHO_I_LANES], side by side. */
float *mho_i_chip_vectors(const mho_chip *chip, mho_i_scratch *s);
/* Activations of these vectors: a out [n_out][MHO_I_LANES]. block names their noise: lane l has
 * that of vector block * MHO_I_LANES + l. view out, may be NULL: what was seen, array and neurons
 * in one, valid until s or a change. Allocates nothing: may run in parallel, each thread with its
 * own s. */
void mho_i_chip_activate(const mho_chip *chip, mho_i_scratch *s, uint32_t block, bool noisy,
                         float *a, mho_i_view *view);
/* Activation of the nominal neuron at z. */
float mho_i_chip_nominal_at(const mho_chip *chip, double z);

mho_i_scratch *mho_i_chip_scratch_new(const mho_chip *chip);
void mho_i_chip_scratch_free(mho_ctx *ctx, mho_i_scratch *s);
/* Send pictures image[0..n) (n <= lanes of the chip) through it. block names the noise streams.
 * score out [n_class][lanes], may be NULL. fn may be NULL. noisy: fresh noise or none. */
mho_status mho_i_chip_forward(const mho_chip *chip, mho_i_scratch *s, const mho_i_source *from,
                              const size_t *image, size_t n, uint32_t block, bool noisy,
                              float *score, mho_i_view_fn fn, void *user);
/* Table position of z, in nodes. */
static inline float mho_i_grid_position(const mho_neuron_grid *g, float z) {
    float knee = (float)g->z_knee, low = z < knee ? z : knee, high = z > knee ? z : knee;
    return (low - (float)g->z_min) * (float)((double)g->n_low / (g->z_knee - g->z_min)) +
           (high - knee) * (float)((double)g->n_high / (g->z_max - g->z_knee));
}
/* Number of the neuron of output o, row y, column x in its stage. */
size_t mho_i_chip_neuron_of(const mho_chip *chip, const mho_i_stage *stage, size_t o, size_t y,
                            size_t x);

/* ---- cost.c ---- */
/* Energy that goes where the data decide it, summed over evaluations. */
typedef struct mho_i_activity {
    double array_J, heater_J, film_J;
} mho_i_activity;
/* Time that n_out outputs, which end in ADCs, are converted in: the array is on. */
double mho_i_chip_convert_s(const mho_chip *chip, size_t n_out);
/* Time that arrays and amplifiers of a stage are on for one position. */
double mho_i_chip_on_s(const mho_chip *chip, const mho_i_stage *stage);
/* Add the first n_lane lanes of a view. */
void mho_i_chip_activity_add(const mho_chip *chip, const mho_i_view *view, size_t n_lane,
                             mho_i_activity *act);
/* Cost of one picture, given the mean activity of one. */
void mho_i_chip_cost(const mho_chip *chip, const mho_i_activity *mean, mho_chip_cost *out);
uint64_t mho_i_chip_seed(uint64_t seed, uint32_t instance);

/* ---- neurons of a check in time, check_time.c ---- */
typedef struct mho_i_check_time mho_i_check_time;
mho_i_check_time *mho_i_check_time_new(mho_ctx *ctx, const mho_neuron_param *param,
                                       const mho_neuron_circuit *circuit, double span_V);
void mho_i_check_time_free(mho_i_check_time *t); /* NULL is allowed */
/* One neuron: amplifier output without its trim, and what the table says. */
mho_status mho_i_check_time_add(mho_i_check_time *t, const mho_neuron_device *device, double v_in_V,
                                double v_fast_V);
mho_status mho_i_check_time_finish(mho_i_check_time *t, mho_chip_verify *out);

#endif
