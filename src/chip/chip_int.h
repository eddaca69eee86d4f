/* chip_int.h - a network on hardware. A chip is made once (design.c: working point, tiles, targets),
 * programmed many times (program.c: instances with their imperfections), then evaluated (evaluate.c)
 * without ever solving a circuit again: tiles have become transfer matrices, neurons tables.       */
#ifndef MHO_CHIP_INT_H
#define MHO_CHIP_INT_H

#include "base/base_int.h"
#include "mho/array.h"
#include "mho/chip.h"

enum {
    MHO_I_LANES = 128,   /* pictures that go through the layers side by side */
    MHO_I_MAX_CHECK = 64, /* pictures that a check takes */
    MHO_I_GRID_LOW = 96, /* table intervals below and above z_knee */
    MHO_I_GRID_HIGH = 384,
    MHO_I_NODES = MHO_I_GRID_LOW + MHO_I_GRID_HIGH + 1
};
#define MHO_I_Z_KNEE (-1.2) /* above it the curve bends and the table is fine */

/* Word lines row0.. and outputs out0.. of a layer's matrix. Columns: 2k plus, 2k+1 minus of output k. */
typedef struct mho_i_tile {
    size_t row0, n_row, out0, n_out;
    double *target_S; /* [n_row][2 n_out]: what the weights ask for */
    double *bent_S;   /* [n_row][2 n_out]: the same with the loss of the wires made up for */
    double *g_S;      /* [n_row][2 n_out]: what is programmed */
    double *m_S;      /* [n_row][2 n_out]: transfer matrix */
    size_t first_cell; /* number of its first cell in the chip */
    /* of the instance; NULL: none. g_S and m_S are in the order of the wires as they lie. */
    uint32_t *wire_of;      /* [n_row]: which word line of the targets lies here */
    unsigned char *swapped; /* [n_out]: plus and minus of the pair are exchanged */
    unsigned char *broken_word, *broken_bit; /* as in mho_array_opt */
    float *noise_rel; /* [n_row][2 n_out]: noise of a read over G, where it is not the same for all */
} mho_i_tile;

/* Word line, counted over the layer, that row r of the tile is. */
static inline size_t mho_i_tile_wire(const mho_i_tile *tile, size_t r) {
    return tile->row0 + (tile->wire_of ? tile->wire_of[r] : r);
}
/* Sign with which the difference of pair o counts. */
static inline double mho_i_tile_sign(const mho_i_tile *tile, size_t o) {
    return tile->swapped && tile->swapped[o] ? -1 : 1;
}

typedef struct mho_i_layer {
    mho_layer shape;
    size_t n_row;    /* shape.n_in and the bias row */
    size_t n_copy;   /* times that every weight is written, on word lines that are driven alike */
    size_t n_wire;   /* word lines: n_copy shape.n_in and the bias row */
    bool first, last; /* last: ends in the winner, not in neurons */
    size_t n_tile, n_tile_row; /* in all; one below the other */
    mho_i_tile *tile;
    double wire_gain;       /* mean of transfer over conductance of the design, from target_S: the */
    double bent_gain;       /* amplifier's gain makes up for it; the same from bent_S */
    double z_per_A;         /* amplifier gain of this instance: z per column current difference */
    float *weight;          /* [n_out][n_row]: z per input */
    float *noise2;          /* [n_out][n_row]: variance of z by read noise, per input squared */
    float *row_S;           /* [n_row]: sum of the transfer matrix over the columns */
    size_t n_neuron;        /* 0 in the last layer */
    size_t first_neuron;    /* number of its first neuron in the chip */
    mho_neuron_device *device; /* [n_neuron] */
    const float *table;     /* [n_neuron or 1][MHO_I_NODES][2] */
    size_t table_stride;    /* floats between neurons: 0 when all are nominal */
} mho_i_layer;

/* A compute layer, or a pool on the way to the next. */
typedef struct mho_i_stage {
    mho_i_layer *layer; /* NULL: pool */
    mho_layer shape;
} mho_i_stage;

struct mho_chip {
    mho_ctx *ctx;
    mho_chip_spec spec;
    mho_neuron_design neuron;
    mho_neuron_grid grid;
    double v_full_V; /* nominal output at z = 1: activation 1 */
    size_t n_stage, n_layer, n_neuron;
    mho_i_stage *stage;
    mho_i_layer *layer;
    float *nominal_table; /* [MHO_I_NODES][2] */
    float *table;         /* [n_neuron][MHO_I_NODES][2], made at the first use */
    bool programmed;
    uint64_t seed; /* of the instance */
    uint32_t imperfections;
};

/* ---- design.c ---- */
/* mho_chip_new with every weight in n_copy cell pairs: their errors and noise average. */
mho_status mho_i_chip_new(mho_ctx *ctx, const mho_chip_spec *spec, const mho_net *net, size_t n_copy,
                          mho_chip **out);

/* ---- map.c ---- */
/* Row of the layer (input or bias) that drives a word line. */
static inline size_t mho_i_chip_row_of(const mho_i_layer *layer, size_t wire) {
    return wire + 1 < layer->n_wire ? wire % layer->shape.n_in : layer->shape.n_in;
}
mho_status mho_i_chip_map_layer(mho_chip *chip, mho_i_layer *layer, const float *weights,
                                const float *bias);
void mho_i_chip_free_layer(mho_ctx *ctx, mho_i_layer *layer);
/* Wire, source and sense resistance of the spec, or none. */
mho_array_opt mho_i_chip_array_opt(const mho_chip_spec *spec, bool wires);
/* Transfer matrices m_S of all tiles of a layer from g_S. */
mho_status mho_i_chip_solve_tiles(mho_chip *chip, mho_i_layer *layer, bool wires);

/* ---- cells.c: what programming and time do to the cells of a tile ---- */
/* Write a tile's targets (bent for the wires or not) with the chip's imperfections into g_S: repair,
 * write errors, stuck cells, age, temperature; noise_rel where it is not the same for all cells.
 * round: how often the tile was written before. before_S, after_S: added up magnitudes of the pair
 * differences right after writing, and now; may be NULL. */
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
/* Targets as they are to be written, target_S out [n_row][2 n_out] in the order of the wires as they
 * lie, from wanted_S in their own; sets wire_of and swapped. fault may be NULL: all fine. */
mho_status mho_i_chip_repair(mho_chip *chip, mho_i_tile *tile, const unsigned char *fault,
                             const double *wanted_S, double *target_S);

/* ---- evaluate.c ---- */
/* What one output row of a compute layer saw and did, for a block of MHO_I_LANES pictures. */
typedef struct mho_i_view {
    const mho_i_layer *layer;
    size_t y, n_col; /* output row; out_w * MHO_I_LANES */
    const float *x;  /* [n_row][n_col] inputs */
    const float *z;  /* [n_out][n_col] pre-activations before the amplifier's limits */
    const float *a;  /* activations: output o, column k at a[o*a_stride + k]; NULL in the last layer */
    size_t a_stride;
} mho_i_view;
typedef mho_status (*mho_i_view_fn)(void *user, const mho_i_view *view);

typedef struct mho_i_scratch mho_i_scratch; /* buffers of one thread */
/* ---- vectors through a chip of one dense layer that ends in neurons (a filter: the vectors are the
 * patches of a picture, the neurons one per column pair, used for every patch) ---- */
/* Values in [0, 1] as the input DAC puts them out, in place; as they are if its resolution is off. */
void mho_i_chip_dac(const mho_chip *chip, size_t n, float *x);
/* Where MHO_I_LANES vectors are to be put, [n_in][MHO_I_LANES], side by side. */
float *mho_i_chip_vectors(const mho_chip *chip, mho_i_scratch *s);
/* Activations of these vectors: a out [n_out][MHO_I_LANES]. block names their noise: lane l has that
 * of vector block * MHO_I_LANES + l. view out, may be NULL: what was seen, valid until s or a
 * change. Allocates nothing: may run in parallel, each thread with its own s. */
void mho_i_chip_activate(const mho_chip *chip, mho_i_scratch *s, uint32_t block, bool noisy,
                         float *a, mho_i_view *view);
/* Activation of the nominal neuron at z. */
float mho_i_chip_nominal_at(const mho_chip *chip, double z);

mho_i_scratch *mho_i_chip_scratch_new(const mho_chip *chip);
void mho_i_chip_scratch_free(mho_ctx *ctx, mho_i_scratch *s);
/* Send pictures image[0..n) (n <= MHO_I_LANES) through the chip. block names the noise streams.
 * score out [n_class][MHO_I_LANES], may be NULL. fn may be NULL. noisy: fresh noise or none.       */
mho_status mho_i_chip_forward(const mho_chip *chip, mho_i_scratch *s, const mho_dataset *set,
                              const size_t *image, size_t n, uint32_t block, bool noisy,
                              float *score, mho_i_view_fn fn, void *user);
/* Table position of z, in nodes. */
static inline float mho_i_grid_position(const mho_neuron_grid *g, float z) {
    float knee = (float)g->z_knee, low = z < knee ? z : knee, high = z > knee ? z : knee;
    return (low - (float)g->z_min) * (float)((double)g->n_low / (g->z_knee - g->z_min)) +
           (high - knee) * (float)((double)g->n_high / (g->z_max - g->z_knee));
}
/* Random device of the chip: neuron number as the stream. */
/* Number of the neuron of output o, row y, column x in its layer. */
size_t mho_i_chip_neuron_of(const mho_chip *chip, const mho_i_layer *layer, size_t o, size_t y,
                            size_t x);

/* ---- cost.c ---- */
/* Power that goes where the data decide it, summed over evaluations. */
typedef struct mho_i_activity {
    double array_W, heater_W, film_W;
} mho_i_activity;
/* Add the first n_lane lanes of a view. */
void mho_i_chip_activity_add(const mho_chip *chip, const mho_i_view *view, size_t n_lane,
                             mho_i_activity *act);
/* Cost of one picture, given the mean activity of one. */
void mho_i_chip_cost(const mho_chip *chip, const mho_i_activity *mean, mho_chip_cost *out);
uint64_t mho_i_chip_seed(uint64_t seed, uint32_t instance);

#endif
