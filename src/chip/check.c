/* check.c - the fast path against the slow one, layer by layer on the same inputs: every tile
 * through the general nodal solver, every neuron by direct solution of its equations and in time.
 * Noise is off, the instance's own imperfections stay. */
#include "chip_int.h"

#include <math.h>
#include <string.h>

typedef struct check {
    const mho_chip *chip;
    size_t n_image;
    size_t pace;           /* only every pace-th output row of a stage is looked at */
    mho_array **array;     /* [tiles of all layers], reference solver */
    double *v_V;           /* [n_vec][tile rows] */
    double *i_A;           /* [n_vec][tile columns] */
    double *z_ref;         /* [n_out][n_vec] */
    double *z_max, *z_err; /* [n_compute] largest |z_ref| and difference */
    mho_i_check_time *time;
    mho_chip_verify *out;
    bool doubtful; /* a tile of the slow path did not converge */
} check;

static size_t first_tile(const mho_chip *chip, const mho_i_layer *layer) {
    size_t t = 0;
    for (const mho_i_layer *l = chip->layer; l < layer; l++) {
        t += l->n_tile;
    }
    return t;
}

/* fmax that keeps a NaN: what is not a number must not look like agreement. */
static double worse(double a, double b) {
    return b > a || isnan(b) ? b : a;
}

/* Vectors of the view: lane < n_image of every column; vector v is column v / n_image. */
static mho_status tile_currents(check *c, const mho_i_view *view, size_t t, size_t n_vec) {
    const mho_i_tile *tile = &view->layer->tile[t];
    double v_read = c->chip->spec.synapse.v_read_V;
    for (size_t v = 0; v < n_vec; v++) {
        size_t col = v / c->n_image * c->chip->n_lane + v % c->n_image;
        for (size_t r = 0; r < tile->n_row; r++) {
            c->v_V[v * tile->n_row + r] =
                v_read *
                (double)
                    view->x[mho_i_chip_row_of(view->layer, mho_i_tile_wire(tile, r)) * view->n_col +
                            col];
        }
    }
    mho_array_report rep;
    mho_status status =
        mho_array_read(c->array[first_tile(c->chip, view->layer) + t], n_vec, c->v_V, c->i_A, &rep);
    if (status < 0) {
        return status;
    }
    c->doubtful = c->doubtful || status > 0;
    c->out->residual_rel = worse(c->out->residual_rel, rep.residual_rel);
    for (size_t v = 0; v < n_vec; v++) {
        const double *i = c->i_A + v * 2 * tile->n_out;
        for (size_t o = 0; o < tile->n_out; o++) {
            c->z_ref[(tile->out0 + o) * n_vec + v] += view->layer->z_per_A[tile->out0 + o] *
                                                      mho_i_tile_sign(tile, o) *
                                                      (i[2 * o] - i[2 * o + 1]);
        }
    }
    return MHO_OK;
}

static mho_status check_neuron(check *c, const mho_i_view *view, size_t o, size_t col) {
    const mho_chip *chip = c->chip;
    const mho_i_stage *stage = view->stage;
    size_t k = mho_i_chip_neuron_of(chip, stage, o, view->y, col / chip->n_lane);
    double z = (double)view->z[o * view->n_col + col], v_out;
    z = fmin(fmax(z, chip->grid.z_min), chip->grid.z_max);
    const mho_neuron_circuit *circuit = &chip->neuron.circuit;
    mho_neuron_param now = mho_i_chip_neuron_now(chip);
    double v_in = fmax(circuit->v_bias_V + z * circuit->v_swing_V, 0);
    mho_status status =
        mho_neuron_output(chip->ctx, &now, circuit, &stage->device[k], v_in, &v_out, NULL);
    if (status == MHO_OK) {
        double a = (double)view->a[o * view->a_stride + col];
        double span = chip->neuron.v_span_V / chip->v_full_V;
        c->out->neuron_error_rel =
            fmax(c->out->neuron_error_rel, fabs(a - v_out / chip->v_full_V) / span);
        c->out->n_neuron++;
        status = mho_i_check_time_add(c->time, &stage->device[k], v_in, a * chip->v_full_V);
    }
    return status;
}

/* Large networks would take hours: then rows are skipped until the reads are few enough. */
static size_t choose_pace(const check *c) {
    const mho_chip *chip = c->chip;
    size_t n_read = 0;
    for (size_t k = 0; k < chip->n_stage; k++) {
        for (size_t l = 0; l < chip->stage[k].n_layer; l++) {
            const mho_i_layer *layer = &chip->stage[k].layer[l];
            n_read += layer->n_tile * layer->shape.n_pos * c->n_image;
        }
    }
    return chip->mapping ? n_read / MHO_I_MAX_CHECK_READ + 1 : 1;
}

static size_t largest(const double *z, size_t n, size_t stride) {
    size_t best = 0;
    for (size_t k = 1; k < n; k++) {
        best = z[k * stride] > z[best * stride] ? k : best;
    }
    return best;
}

/* Pictures whose winner is the same by both paths, on the same inputs of the last layer. */
static void compare_winners(check *c, const mho_i_view *view, size_t n_vec) {
    size_t n_out = view->stage->shape.n_out;
    for (size_t v = 0; v < n_vec; v++) {
        size_t best = 0;
        for (size_t o = 1; o < n_out; o++) {
            best = view->z[o * view->n_col + v] > view->z[best * view->n_col + v] ? o : best;
        }
        c->out->n_same += best == largest(c->z_ref + v, n_out, n_vec);
    }
}

static size_t vectors_of(const check *c, const mho_i_stage *stage) {
    return stage->shape.out_w * c->n_image;
}

static void add_skip(check *c, const mho_i_view *view) {
    size_t n_vec = vectors_of(c, view->stage);
    for (size_t o = 0; o < view->stage->shape.n_out; o++) {
        for (size_t v = 0; v < n_vec; v++) {
            size_t col = v / c->n_image * c->chip->n_lane + v % c->n_image;
            c->z_ref[o * n_vec + v] +=
                (double)view->skip->gain[o] * (double)view->x[o * view->x_stride + col];
        }
    }
}

/* What came out of an output row against what the slow path added up. */
static mho_status compare_row(check *c, const mho_i_view *view) {
    const mho_i_stage *stage = view->stage;
    size_t n_out = stage->shape.n_out, number = stage->number, n_vec = vectors_of(c, stage);
    bool neurons = view->a && !mho_i_chip_is_digital(c->chip, stage);
    for (size_t o = 0; o < n_out; o++) {
        for (size_t v = 0; v < n_vec; v++) {
            size_t col = v / c->n_image * c->chip->n_lane + v % c->n_image;
            double want = c->z_ref[o * n_vec + v] + (stage->bias ? (double)stage->bias[o] : 0);
            want += stage->offset ? stage->offset[o] : 0;
            c->z_ref[o * n_vec + v] = want;
            c->z_max[number] = fmax(c->z_max[number], fabs(want));
            double error = fabs((double)view->z[o * view->n_col + col] - want);
            c->z_err[number] = worse(c->z_err[number], error);
            c->out->n_current++;
            mho_status status = neurons ? check_neuron(c, view, o, col) : MHO_OK;
            if (status < 0) {
                return status;
            }
        }
    }
    if (stage->end == MHO_I_END_SCORE && stage->out == c->chip->output && n_vec == c->n_image) {
        compare_winners(c, view, n_vec);
    }
    memset(c->z_ref, 0, n_out * n_vec * sizeof *c->z_ref);
    return mho_i_progress(c->chip->ctx, "checking against the slow path",
                          ((double)number + (double)(view->y + 1) / (double)stage->shape.out_h) /
                              (double)c->chip->n_compute);
}

static mho_status check_view(void *user, const mho_i_view *view) {
    check *c = user;
    if (view->y % c->pace) {
        return MHO_OK;
    }
    for (size_t t = 0; view->layer && t < view->layer->n_tile; t++) {
        if (view->layer->tile[t].group == view->group) {
            mho_status status = tile_currents(c, view, t, vectors_of(c, view->stage));
            if (status < 0) {
                return status;
            }
        }
    }
    if (view->skip) {
        add_skip(c, view);
    }
    return view->z ? compare_row(c, view) : MHO_OK;
}

static mho_status make_arrays(check *c) {
    const mho_chip *chip = c->chip;
    size_t k = 0;
    for (size_t l = 0; l < chip->n_layer; l++) {
        for (size_t t = 0; t < chip->layer[l].n_tile; t++, k++) {
            const mho_i_tile *tile = &chip->layer[l].tile[t];
            mho_array_opt opt = mho_i_chip_tile_opt(chip, tile);
            opt.solver = MHO_SOLVER_REFERENCE;
            mho_status status =
                mho_array_new(chip->ctx, tile->n_row, 2 * tile->n_out, &opt, &c->array[k]);
            if (status == MHO_OK) {
                status = mho_array_program(c->array[k], tile->g_S);
            }
            if (status < 0) {
                return status;
            }
        }
    }
    return MHO_OK;
}

/* Sizes of the buffers: the widest tile row set and layer, times the vectors of one output row. */
static mho_status make_buffers(check *c, size_t *n_tile) {
    const mho_chip *chip = c->chip;
    mho_ctx *ctx = chip->ctx;
    size_t v = 0, i = 0, z = 0;
    *n_tile = 0;
    for (size_t k = 0; k < chip->n_stage; k++) {
        const mho_i_stage *stage = &chip->stage[k];
        size_t n_vec = vectors_of(c, stage), n_out = stage->shape.n_out;
        for (size_t l = 0; l < stage->n_layer; l++) {
            const mho_i_layer *layer = &stage->layer[l];
            *n_tile += layer->n_tile;
            v = v > n_vec * layer->n_wire ? v : n_vec * layer->n_wire;
            i = i > n_vec * 2 * n_out ? i : n_vec * 2 * n_out;
        }
        if (stage->op == MHO_I_COMPUTE) {
            z = z > n_vec * n_out ? z : n_vec * n_out;
        }
    }
    c->array = mho_i_alloc(ctx, *n_tile, sizeof(mho_array *));
    c->v_V = mho_i_alloc(ctx, v, sizeof(double));
    c->i_A = mho_i_alloc(ctx, i, sizeof(double));
    c->z_ref = mho_i_alloc(ctx, z, sizeof(double));
    c->z_max = mho_i_alloc(ctx, chip->n_compute, sizeof(double));
    c->z_err = mho_i_alloc(ctx, chip->n_compute, sizeof(double));
    return c->array && c->v_V && c->i_A && c->z_ref && c->z_max && c->z_err ? MHO_OK
                                                                            : MHO_ERR_NOMEM;
}

static void draw_sample(size_t n_set, uint64_t seed, size_t n, size_t *image) {
    double u[MHO_I_LANES];
    mho_i_rng_uniform(seed, MHO_RNG_VERIFY_SAMPLE, 0, 0, n, u);
    for (size_t k = 0; k < n; k++) {
        image[k] = (size_t)(u[k] * (double)n_set);
    }
}

static mho_status run_check(mho_chip *chip, const mho_i_source *from, size_t n_image, uint64_t seed,
                            mho_chip_verify *out) {
    mho_ctx *ctx = chip->ctx;
    if (!chip->programmed || n_image < 1 || n_image > MHO_I_MAX_CHECK) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "check of %zu pictures: a programmed chip and 1 to %d are wanted",
                          n_image, MHO_I_MAX_CHECK);
    }
    mho_status status = mho_i_source_check(chip, from);
    if (status < 0) {
        return status;
    }
    size_t image[MHO_I_LANES], n_tile = 0;
    n_image = n_image < chip->n_lane ? n_image : chip->n_lane;
    check c = {.chip = chip, .n_image = n_image, .out = out};
    *out = (mho_chip_verify){.n_image = n_image};
    c.pace = choose_pace(&c);
    draw_sample(mho_i_source_n(from), seed, n_image, image);
    mho_i_scratch *s = mho_i_chip_scratch_new(chip);
    status = s ? make_buffers(&c, &n_tile) : MHO_ERR_NOMEM;
    mho_neuron_param now = mho_i_chip_neuron_now(chip);
    c.time = mho_i_check_time_new(ctx, &now, &chip->neuron.circuit, chip->neuron.v_span_V);
    status = status == MHO_OK && !c.time ? MHO_ERR_NOMEM : status;
    if (status == MHO_OK) {
        status = make_arrays(&c);
    }
    if (status == MHO_OK) {
        status = mho_i_chip_forward(chip, s, from, image, n_image, 0, false, NULL, check_view, &c);
    }
    status = status == MHO_OK ? mho_i_check_time_finish(c.time, out) : status;
    for (size_t k = 0; status == MHO_OK && k < chip->n_compute; k++) {
        double error = c.z_err[k] / fmax(c.z_max[k], 1e-300);
        out->array_error_rel = worse(out->array_error_rel, error);
    }
    if (c.doubtful) { /* a difference to what is not known */
        out->array_error_rel = NAN;
    }
    for (size_t t = 0; c.array && t < n_tile; t++) {
        mho_array_free(c.array[t]);
    }
    void *all[] = {c.array, c.v_V, c.i_A, c.z_ref, c.z_max, c.z_err};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        mho_i_free(ctx, all[k]);
    }
    mho_i_check_time_free(c.time);
    mho_i_chip_scratch_free(ctx, s);
    return status;
}

mho_status mho_chip_check(mho_chip *chip, const mho_dataset *set, size_t n_image, uint64_t seed,
                          mho_chip_verify *out) {
    return run_check(chip, &(mho_i_source){.set = set}, n_image, seed, out);
}

mho_status mho_chip_check_samples(mho_chip *chip, const mho_samples *s, size_t n, uint64_t seed,
                                  mho_chip_verify *out) {
    return run_check(chip, &(mho_i_source){.samples = s}, n, seed, out);
}
