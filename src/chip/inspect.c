/* inspect.c - looking inside a programmed chip: neuron curves, voltage loss across a tile. */
#include "chip_int.h"

#include <math.h>
#include <string.h>

static const mho_i_stage *first_stage(const mho_chip *chip) {
    const mho_i_stage *stage = chip->stage;
    while (stage + 1 < chip->stage + chip->n_stage && !stage->n_neuron) {
        stage++;
    }
    return stage;
}

size_t mho_chip_first_neurons(const mho_chip *chip) {
    return first_stage(chip)->n_neuron;
}

mho_status mho_chip_neuron_curves(const mho_chip *chip, size_t n_dev, size_t n, float *a,
                                  double *z_min, double *z_max) {
    const mho_i_stage *stage = first_stage(chip);
    if (!chip->programmed || n < 2 || n_dev > stage->n_neuron) {
        return mho_i_fail(chip->ctx, MHO_ERR_ARG,
                          "%zu curves of %zu points: a programmed chip, at most %zu neurons and at "
                          "least 2 points are wanted",
                          n_dev, n, stage->n_neuron);
    }
    *z_min = chip->grid.z_min;
    *z_max = chip->grid.z_max;
    for (size_t d = 0; d < n_dev; d++) {
        /* spread the sample over the layer */
        size_t neuron = d * stage->n_neuron / n_dev;
        const float *table = stage->table + neuron * stage->table_stride;
        for (size_t k = 0; k < n; k++) {
            double z = *z_min + (*z_max - *z_min) * (double)k / (double)(n - 1);
            float x = mho_i_grid_position(&chip->grid, (float)z);
            int j = x >= MHO_I_NODES - 1 ? MHO_I_NODES - 2 : (int)x;
            float f = x - (float)j;
            a[d * n + k] = table[2 * j] + f * (table[2 * j + 2] - table[2 * j]);
        }
    }
    return MHO_OK;
}

typedef struct drop {
    const mho_chip *chip;
    const mho_i_layer *layer;
    const mho_i_tile *tile;
    size_t n_vec;
    double *v_V; /* [n_vec][n_row] */
} drop;

static mho_status keep_inputs(void *user, const mho_i_view *view) {
    drop *d = user;
    if (view->layer == d->layer && view->group == d->tile->group && view->y == 0) {
        for (size_t v = 0; v < d->n_vec; v++) {
            for (size_t r = 0; r < d->tile->n_row; r++) {
                d->v_V[v * d->tile->n_row + r] =
                    d->chip->spec.synapse.v_read_V *
                    (double)view->x[mho_i_chip_row_of(view->layer, mho_i_tile_wire(d->tile, r)) *
                                        view->n_col +
                                    v];
            }
        }
    }
    return MHO_OK;
}

static void largest_tile(const mho_chip *chip, drop *d) {
    for (size_t l = 0; l < chip->n_layer; l++) {
        for (size_t t = 0; t < chip->layer[l].n_tile; t++) {
            const mho_i_tile *tile = &chip->layer[l].tile[t];
            if (!d->tile || tile->n_row * tile->n_out > d->tile->n_row * d->tile->n_out) {
                d->tile = tile;
                d->layer = &chip->layer[l];
            }
        }
    }
}

/* Mean over the pictures of what the cell voltage falls short of its row's, over the read voltage.
 */
static mho_status mean_drop(const drop *d, mho_array *array, double *w_V, double *b_V,
                            double *drop_rel) {
    size_t n_row = d->tile->n_row, n_col = 2 * d->tile->n_out;
    mho_status status = mho_array_nodes(array, d->n_vec, d->v_V, w_V, b_V, NULL);
    if (status < 0) {
        return status;
    }
    for (size_t r = 0; r < n_row; r++) {
        for (size_t c = 0; c < n_col; c++) {
            double lost = 0;
            for (size_t v = 0; v < d->n_vec; v++) {
                size_t at = (v * n_row + r) * n_col + c;
                lost += d->v_V[v * n_row + r] - (w_V[at] - b_V[at]);
            }
            drop_rel[r * n_col + c] = lost / (double)d->n_vec / d->chip->spec.synapse.v_read_V;
        }
    }
    return MHO_OK;
}

mho_status mho_chip_tile_drop(mho_chip *chip, const mho_dataset *set, size_t *n_row, size_t *n_col,
                              double *drop_rel) {
    mho_ctx *ctx = chip->ctx;
    drop d = {.chip = chip};
    largest_tile(chip, &d);
    if (!d.tile) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "this chip has no array: no tile has a voltage drop");
    }
    *n_row = d.tile->n_row;
    *n_col = 2 * d.tile->n_out;
    if (!drop_rel) {
        return MHO_OK;
    }
    if (!chip->programmed) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "the chip is not programmed: mho_chip_program comes first");
    }
    size_t image[MHO_I_LANES], n_set = mho_dataset_n_image(set), n_cell = *n_row * *n_col;
    d.n_vec = chip->n_lane < n_set ? chip->n_lane : n_set;
    for (size_t k = 0; k < d.n_vec; k++) {
        image[k] = k;
    }
    mho_array_opt opt = mho_i_chip_tile_opt(chip, d.tile);
    mho_array *array = NULL;
    mho_i_scratch *s = mho_i_chip_scratch_new(chip);
    d.v_V = mho_i_alloc(ctx, d.n_vec * *n_row, sizeof(double));
    double *w = mho_i_alloc(ctx, d.n_vec * n_cell, sizeof(double));
    double *b = mho_i_alloc(ctx, d.n_vec * n_cell, sizeof(double));
    mho_status status = s && d.v_V && w && b ? MHO_OK : MHO_ERR_NOMEM;
    if (status == MHO_OK) {
        status = mho_i_chip_forward(chip, s, &(mho_i_source){.set = set}, image, d.n_vec, 0, false,
                                    NULL, keep_inputs, &d);
    }
    if (status == MHO_OK) {
        status = mho_array_new(ctx, *n_row, *n_col, &opt, &array);
    }
    if (status == MHO_OK) {
        status = mho_array_program(array, d.tile->g_S);
    }
    if (status == MHO_OK) {
        status = mean_drop(&d, array, w, b, drop_rel);
    }
    mho_array_free(array);
    mho_i_free(ctx, d.v_V);
    mho_i_free(ctx, w);
    mho_i_free(ctx, b);
    mho_i_chip_scratch_free(ctx, s);
    return status;
}
