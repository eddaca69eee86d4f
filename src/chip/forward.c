/* forward.c - one block of pictures through a programmed chip, stage by stage.
 *
 * Up to MHO_I_LANES pictures go side by side: activations are [channel][row][column][lane], so that
 * a patch row is one copy of contiguous memory, a layer's output row one matrix product, and the
 * neuron table of an output is used for all lanes at once. Noise is Gaussian:
 *   read noise    z gets variance sum_k noise2[k] x_k^2, exact to first order for independent cells
 *   amplifier     z gets v_noise / v_swing
 *   jitter        a gets da/dt_c times jitter_K
 *   row driver    an activation gets driver and Johnson noise once, when it is stored for the
 *                 stages that read it
 * Every random number is named by (chip seed, purpose, stage/output/row, block, element). */
#include "chip_int.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

struct mho_i_scratch {
    float **act; /* [n_slot] activations, [c][h][w][lane] */
    size_t n_slot;
    float *x, *x2, *z, *var;  /* one output row of a stage */
    float *noise, *row_noise; /* [n_col], [largest map of a channel] */
};

static size_t max_of(size_t a, size_t b) {
    return a > b ? a : b;
}

mho_i_scratch *mho_i_chip_scratch_new(const mho_chip *chip) {
    mho_ctx *ctx = chip->ctx;
    size_t x = 0, z = 0, col = 0, map = 0, lanes = chip->n_lane;
    for (size_t v = 0; v < chip->n_value; v++) {
        map = max_of(map, chip->value[v].h * chip->value[v].w);
    }
    for (size_t k = 0; k < chip->n_stage; k++) {
        const mho_i_stage *stage = &chip->stage[k];
        if (stage->op == MHO_I_COMPUTE) {
            z = max_of(z, stage->shape.n_out * stage->shape.out_w);
            col = max_of(col, stage->shape.out_w);
        }
        for (size_t l = 0; l < stage->n_layer; l++) {
            x = max_of(x, stage->layer[l].n_row * stage->shape.out_w);
        }
    }
    x = max_of(x, col);
    mho_i_scratch *s = mho_i_alloc(ctx, 1, sizeof *s);
    if (!s) {
        return NULL;
    }
    s->act = mho_i_alloc(ctx, chip->n_slot, sizeof *s->act);
    bool ok = s->act;
    for (s->n_slot = 0; ok && s->n_slot < chip->n_slot; s->n_slot++) {
        s->act[s->n_slot] = mho_i_alloc(ctx, chip->slot_size[s->n_slot] * lanes, sizeof(float));
        ok = s->act[s->n_slot];
    }
    s->x = mho_i_alloc(ctx, x * lanes, sizeof(float));
    s->x2 = mho_i_alloc(ctx, x * lanes, sizeof(float));
    s->z = mho_i_alloc(ctx, z * lanes, sizeof(float));
    s->var = mho_i_alloc(ctx, z * lanes, sizeof(float));
    s->noise = mho_i_alloc(ctx, col * lanes, sizeof(float));
    s->row_noise = mho_i_alloc(ctx, map * lanes, sizeof(float));
    if (!ok || !s->x || !s->x2 || !s->z || !s->var || !s->noise || !s->row_noise) {
        mho_i_chip_scratch_free(ctx, s);
        return NULL;
    }
    return s;
}

void mho_i_chip_scratch_free(mho_ctx *ctx, mho_i_scratch *s) {
    if (s) {
        for (size_t k = 0; k < s->n_slot; k++) {
            mho_i_free(ctx, s->act[k]);
        }
        float *all[] = {s->x, s->x2, s->z, s->var, s->noise, s->row_noise};
        for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
            mho_i_free(ctx, all[k]);
        }
        mho_i_free(ctx, s->act);
        mho_i_free(ctx, s);
    }
}

static float *buffer(const mho_chip *chip, const mho_i_scratch *s, size_t value) {
    return s->act[chip->value[value].slot];
}

size_t mho_i_source_n(const mho_i_source *from) {
    return from->set ? mho_dataset_n_image(from->set) : mho_samples_n(from->samples);
}

mho_status mho_i_source_check(const mho_chip *chip, const mho_i_source *from) {
    const mho_i_value *v = &chip->value[0];
    bool set = from->set;
    size_t c = set ? 1 : mho_samples_shape(from->samples, 0);
    size_t h = set ? mho_dataset_n_row(from->set) : mho_samples_shape(from->samples, 1);
    size_t w = set ? mho_dataset_n_col(from->set) : mho_samples_shape(from->samples, 2);
    bool flat = v->h * v->w == 1 || h * w == 1; /* a list of numbers has no other shape */
    bool same = c == v->c && h == v->h && w == v->w;
    if (!same && !(flat && c * h * w == v->c * v->h * v->w)) {
        return mho_i_fail(chip->ctx, MHO_ERR_DIM,
                          "pictures of %zu x %zu x %zu: the chip takes %zu x %zu x %zu", c, h, w,
                          v->c, v->h, v->w);
    }
    return MHO_OK;
}

/* Pixels through the input DAC (or exact), lanes innermost; unused lanes are 0. */
static void load_pixels(const mho_chip *chip, const mho_dataset *set, const size_t *image, size_t n,
                        float *out) {
    size_t n_pixel = mho_dataset_n_row(set) * mho_dataset_n_col(set), lanes = chip->n_lane;
    const uint8_t *pixels = mho_dataset_pixels(set);
    float level[256];
    double top = pow(2, chip->spec.input_bits) - 1;
    for (int p = 0; p < 256; p++) {
        bool dac = chip->imperfections & MHO_IMP_INPUT;
        level[p] = (float)(dac ? floor(p / 255.0 * top + 0.5) / top : p / 255.0);
    }
    memset(out, 0, n_pixel * lanes * sizeof *out);
    for (size_t lane = 0; lane < n; lane++) {
        const uint8_t *from = pixels + image[lane] * n_pixel;
        for (size_t k = 0; k < n_pixel; k++) {
            out[k * lanes + lane] = level[from[k]];
        }
    }
}

/* Levels of a converter on a side of 0. */
static double levels_of(double bits, bool both_sides) {
    return fmax(pow(2, both_sides ? bits - 1 : bits) - 1, 1);
}

/* v cut to what a converter takes, and rounded to its levels; top 0: not rounded. */
static float convert(float v, bool both_sides, float top) {
    v = v > 1 ? 1 : v;
    float low = both_sides ? -1.0F : 0.0F;
    v = v < low ? low : v;
    return top > 0 ? floorf(v * top + 0.5F) / top : v;
}

static void load_samples(const mho_chip *chip, const mho_samples *set, const size_t *image,
                         size_t n, float *out) {
    const mho_i_value *v = &chip->value[0];
    size_t size = mho_samples_size(set), lanes = chip->n_lane, map = v->h * v->w;
    bool dac = chip->imperfections & MHO_IMP_INPUT;
    float top = dac ? (float)levels_of(chip->spec.input_bits, chip->bipolar) : 0;
    memset(out, 0, size * lanes * sizeof *out);
    for (size_t lane = 0; lane < n; lane++) {
        const float *from = mho_samples_x(set) + image[lane] * size;
        for (size_t k = 0; k < size; k++) {
            float full = v->scale ? v->scale[k / map] : 1;
            out[k * lanes + lane] = convert(from[k] / full, chip->bipolar, top);
        }
    }
}

void mho_i_chip_load(const mho_chip *chip, mho_i_scratch *s, const mho_i_source *from,
                     const size_t *image, size_t n) {
    if (from->set) {
        load_pixels(chip, from->set, image, n, buffer(chip, s, 0));
    } else {
        load_samples(chip, from->samples, image, n, buffer(chip, s, 0));
    }
}

void mho_i_chip_dac(const mho_chip *chip, size_t n, float *x) {
    if (chip->imperfections & MHO_IMP_INPUT) {
        double top = pow(2, chip->spec.input_bits) - 1;
        for (size_t k = 0; k < n; k++) {
            x[k] = (float)(floor((double)x[k] * top + 0.5) / top);
        }
    }
}

/* One input row k of a group, for output row y: [out_w][lane]; zeros where it hangs over. */
static void gather_input(const mho_i_shape *l, const float *act, size_t group, size_t k, size_t y,
                         size_t lanes, float *x) {
    size_t taps = l->k_h * l->k_w, c = group * (l->in_c / l->n_group) + k / taps;
    size_t iy = y * l->stride_h + k / l->k_w % l->k_h * l->dilation_h;
    size_t reach = k % l->k_w * l->dilation_w;
    if (iy < l->pad_top || iy - l->pad_top >= l->in_h) {
        memset(x, 0, l->out_w * lanes * sizeof *x);
        return;
    }
    const float *from = act + (c * l->in_h + iy - l->pad_top) * l->in_w * lanes;
    /* columns [first, last) of the output see the picture */
    size_t left = l->pad_left > reach ? l->pad_left - reach : 0;
    size_t first = (left + l->stride_w - 1) / l->stride_w, last = first;
    if (l->in_w + l->pad_left > reach) {
        last = (l->in_w + l->pad_left - reach - 1) / l->stride_w + 1;
    }
    last = last > l->out_w ? l->out_w : last;
    first = first > last ? last : first;
    memset(x, 0, first * lanes * sizeof *x);
    memset(x + last * lanes, 0, (l->out_w - last) * lanes * sizeof *x);
    from += (first * l->stride_w + reach - l->pad_left) * lanes;
    if (l->stride_w == 1) {
        memcpy(x + first * lanes, from, (last - first) * lanes * sizeof *x);
        return;
    }
    for (size_t ox = first; ox < last; ox++, from += l->stride_w * lanes) {
        memcpy(x + ox * lanes, from, lanes * sizeof *x);
    }
}

/* Inputs of a group for output row y: x[n_row][out_w * lanes], the bias row last. */
static void gather_row(const mho_i_layer *layer, const float *act, size_t group, size_t y,
                       size_t lanes, float *x) {
    const mho_i_shape *l = &layer->shape;
    size_t n_col = l->out_w * lanes;
    for (size_t k = 0; k < l->n_in; k++) {
        gather_input(l, act, group, k, y, lanes, x + k * n_col);
    }
    for (size_t k = 0; k < n_col; k++) {
        x[l->n_in * n_col + k] = 1;
    }
}

MHO_MULTIARCH
static void square(size_t n, const float *x, float *x2) {
    for (size_t k = 0; k < n; k++) {
        x2[k] = x[k] * x[k];
    }
}

MHO_MULTIARCH
static void add_noise(size_t n, float *z, const float *var, float var0, const float *normal) {
    for (size_t k = 0; k < n; k++) {
        z[k] += sqrtf((var ? var[k] : 0) + var0) * normal[k];
    }
}

MHO_MULTIARCH
static void add_scaled(size_t n, float gain, const float *x, float bias, float *z) {
    for (size_t k = 0; k < n; k++) {
        z[k] += gain * x[k] + bias;
    }
}

/* Table of one neuron for n values: a = table(z) + slope * jitter. */
MHO_MULTIARCH
static void neuron_lanes(const mho_neuron_grid *grid, const float *table, size_t n, const float *z,
                         const float *normal, float jitter_K, float *a) {
    const float lo = (float)grid->z_min, hi = (float)grid->z_max, knee = (float)grid->z_knee;
    const float per_low = (float)((double)grid->n_low / (grid->z_knee - grid->z_min));
    const float per_high = (float)((double)grid->n_high / (grid->z_max - grid->z_knee));
    for (size_t l = 0; l < n; l++) {
        float v = z[l] < lo ? lo : z[l] > hi ? hi : z[l];
        float low = v < knee ? v : knee, high = v > knee ? v : knee;
        float p = (low - lo) * per_low + (high - knee) * per_high;
        int k = (int)p;
        k = k > MHO_I_NODES - 2 ? MHO_I_NODES - 2 : k;
        float f = p - (float)k;
        float a0 = table[2 * k], d0 = table[2 * k + 1], a1 = table[2 * k + 2],
              d1 = table[2 * k + 3];
        a[l] = a0 + f * (a1 - a0) + (d0 + f * (d1 - d0)) * jitter_K * normal[l];
    }
}

/* Noise of stage `number`: five bits of it fit into the stream, the rest goes into the seed. */
static uint64_t stage_seed(const mho_chip *chip, size_t number) {
    return chip->seed ^ (uint64_t)(number >> 5) * 0x9e3779b97f4a7c15u;
}

static uint32_t stream(size_t number, size_t out, size_t y) {
    return (uint32_t)((number & 31) << 27 | out << 10 | y);
}

/* Adds what the arrays of one group give for the inputs s->x; begin: nothing was added before. */
static void group_product(const mho_chip *chip, const mho_i_layer *layer, size_t group,
                          mho_i_scratch *s, bool read, bool begin) {
    const mho_i_shape *l = &layer->shape;
    int n_out = (int)(l->n_out / l->n_group), n_row = (int)layer->n_row;
    int n_col = (int)(l->out_w * chip->n_lane);
    size_t o0 = group * (size_t)n_out;
    const float *w = layer->weight + o0 * layer->n_row;
    float *z = s->z + o0 * (size_t)n_col;
    /* tile row by tile row, as the currents add up: shorter sums also round less */
    for (int from = 0, k = 0; from < n_row; k++) {
        int to = (int)((size_t)n_row * (size_t)(k + 1) / layer->n_tile_row);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n_out, n_col, to - from, 1, w + from,
                    n_row, s->x + (size_t)from * (size_t)n_col, n_col, k > 0 || !begin, z, n_col);
        from = to;
    }
    if (read) {
        square((size_t)n_row * (size_t)n_col, s->x, s->x2);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n_out, n_col, n_row, 1,
                    layer->noise2 + o0 * layer->n_row, n_row, s->x2, n_col, !begin,
                    s->var + o0 * (size_t)n_col, n_col);
    }
}

/* Noise of cells and amplifiers on s->z. */
static void noise_on_z(const mho_chip *chip, const mho_i_stage *stage, mho_i_scratch *s, size_t y,
                       uint32_t block, bool noisy) {
    bool read = noisy && chip->cell_noise && stage->n_layer;
    bool amplifier = noisy && (chip->imperfections & MHO_IMP_AMPLIFIER);
    if (!read && !amplifier) {
        return;
    }
    double amp = amplifier ? chip->spec.amplifier_noise_V / chip->neuron.circuit.v_swing_V : 0;
    size_t n_col = stage->shape.out_w * chip->n_lane;
    for (size_t o = 0; o < stage->shape.n_out; o++) {
        mho_i_rng_normal_f(stage_seed(chip, stage->number), MHO_RNG_READ_NOISE,
                           stream(stage->number, o, y), block, n_col, s->noise);
        add_noise(n_col, s->z + o * n_col, read ? s->var + o * n_col : NULL, (float)(amp * amp),
                  s->noise);
    }
}

size_t mho_i_chip_neuron_of(const mho_chip *chip, const mho_i_stage *stage, size_t o, size_t y,
                            size_t x) {
    const mho_i_shape *l = &stage->shape;
    return chip->spec.share == MHO_SHARE_PER_COLUMN ? o : (o * l->out_h + y) * l->out_w + x;
}

/* Activations of output row y into out[n_out][out_h][out_w][lane]. */
static void activate(const mho_chip *chip, const mho_i_stage *stage, mho_i_scratch *s, size_t y,
                     uint32_t block, bool noisy, float *out) {
    const mho_i_shape *l = &stage->shape;
    size_t lanes = chip->n_lane, n_col = l->out_w * lanes;
    bool neuron_noise = noisy && !mho_i_chip_is_digital(chip, stage);
    bool jitter = neuron_noise && (chip->imperfections & MHO_IMP_JITTER);
    bool latch = neuron_noise && (chip->imperfections & MHO_IMP_LATCH) && chip->spec.latch_frac > 0;
    bool adc = mho_i_chip_has_adc(chip, stage);
    float jitter_K = jitter ? (float)chip->spec.neuron.jitter_K : 0;
    /* one neuron for a whole row of positions: all of them in one go */
    bool shared = stage->table_stride == 0 || chip->spec.share == MHO_SHARE_PER_COLUMN;
    size_t step = shared ? l->out_w : 1;
    memset(s->noise, 0, n_col * sizeof *s->noise);
    for (size_t o = 0; o < l->n_out; o++) {
        if (jitter) {
            mho_i_rng_normal_f(stage_seed(chip, stage->number), MHO_RNG_NEURON_JITTER,
                               stream(stage->number, o, y), block, n_col, s->noise);
        }
        const float *z = s->z + o * n_col;
        if (adc) { /* the view shows what the converter gets */
            mho_i_chip_adc(chip, stage, n_col, z, s->x2);
            z = s->x2;
        }
        for (size_t x = 0; x < l->out_w; x += step) {
            size_t neuron = mho_i_chip_neuron_of(chip, stage, o, y, x);
            neuron_lanes(&chip->grid, stage->table + neuron * stage->table_stride, step * lanes,
                         z + x * lanes, s->noise + x * lanes, jitter_K,
                         out + ((o * l->out_h + y) * l->out_w + x) * lanes);
        }
        if (latch) {
            mho_i_chip_latch(chip, stage_seed(chip, stage->number), stream(stage->number, o, y),
                             block, n_col, z, out + (o * l->out_h + y) * n_col);
        }
    }
}

/* Noise of row driver and film over v_full: what is added to a stored activation. */
static double driver_noise(const mho_chip *chip) {
    const mho_neuron_circuit *c = &chip->neuron.circuit;
    /* Johnson noise of load and film in parallel, at most that of the load, over the read time */
    double t = chip->spec.neuron.t_base_K + chip->neuron.rise_full_K;
    double johnson2 = 4 * MHO_K_B_J_PER_K * t * c->r_load_ohm / (2 * chip->neuron.read_s);
    double v = chip->spec.driver_noise_V;
    return sqrt(v * v + johnson2) / chip->v_full_V;
}

/* Noise of the drivers of the values that this stage is the first to read. */
static void drive_values(const mho_chip *chip, const mho_i_stage *stage, mho_i_scratch *s,
                         uint32_t block) {
    float sd = (float)driver_noise(chip);
    for (size_t j = 0; j < mho_i_stage_n_read(stage); j++) {
        size_t number = mho_i_stage_read(stage, j);
        const mho_i_value *v = &chip->value[number];
        bool again = false;
        for (size_t i = 0; i < j; i++) {
            again = again || mho_i_stage_read(stage, i) == number;
        }
        if (v->dac || v->driven_by != stage->number || again) {
            continue;
        }
        size_t n = v->h * v->w * chip->n_lane;
        float *act = buffer(chip, s, number);
        for (size_t c = 0; c < v->c; c++) {
            mho_i_rng_normal_f(stage_seed(chip, stage->number), MHO_RNG_DRIVER_NOISE,
                               stream(stage->number, c, j), block, n, s->row_noise);
            add_noise(n, act + c * n, NULL, sd * sd, s->row_noise);
        }
    }
}

typedef struct row_job { /* an output row of a compute stage */
    const mho_chip *chip;
    const mho_i_stage *stage;
    mho_i_scratch *s;
    size_t y, n_col;
    uint32_t block;
    bool noisy;
    mho_i_view_fn fn;
    void *user;
} row_job;

/* Currents of all arrays of the stage into s->z and their noise into s->var. */
static mho_status add_arrays(const row_job *j) {
    mho_i_scratch *s = j->s;
    bool read = j->noisy && j->chip->cell_noise;
    for (size_t k = 0; k < j->stage->n_layer; k++) {
        const mho_i_layer *layer = &j->stage->layer[k];
        for (size_t g = 0; g < layer->shape.n_group; g++) {
            gather_row(layer, buffer(j->chip, s, layer->value), g, j->y, j->chip->n_lane, s->x);
            group_product(j->chip, layer, g, s, read, k == 0);
            if (j->fn) {
                mho_i_view view = {.stage = j->stage,
                                   .layer = layer,
                                   .group = g,
                                   .y = j->y,
                                   .n_col = j->n_col,
                                   .x = s->x,
                                   .x_stride = j->n_col};
                mho_status status = j->fn(j->user, &view);
                if (status < 0) {
                    return status;
                }
            }
        }
    }
    return MHO_OK;
}

static mho_status add_skips(const row_job *j) {
    const mho_i_shape *l = &j->stage->shape;
    if (!j->stage->n_layer) {
        memset(j->s->z, 0, l->n_out * j->n_col * sizeof(float));
    }
    for (size_t o = 0; j->stage->bias && o < l->n_out; o++) {
        add_scaled(j->n_col, 0, j->s->z + o * j->n_col, j->stage->bias[o], j->s->z + o * j->n_col);
    }
    for (size_t k = 0; k < j->stage->n_skip; k++) {
        const mho_i_skip *skip = &j->stage->skip[k];
        size_t stride = l->out_h * j->n_col;
        const float *x = buffer(j->chip, j->s, skip->value) + j->y * j->n_col;
        for (size_t o = 0; o < l->n_out; o++) {
            add_scaled(j->n_col, skip->gain[o], x + o * stride, 0, j->s->z + o * j->n_col);
        }
        if (j->fn) {
            mho_i_view view = {.stage = j->stage,
                               .skip = skip,
                               .y = j->y,
                               .n_col = j->n_col,
                               .x = x,
                               .x_stride = stride};
            mho_status status = j->fn(j->user, &view);
            if (status < 0) {
                return status;
            }
        }
    }
    return MHO_OK;
}

/* ADC, function, DAC on output row y. */
static void digitise(const mho_chip *chip, const mho_i_stage *stage, const mho_i_scratch *s,
                     size_t y, float *out) {
    const mho_i_digital *d = stage->digital;
    const mho_i_shape *l = &stage->shape;
    size_t n_col = l->out_w * chip->n_lane;
    uint32_t on = chip->imperfections;
    float adc = on & MHO_IMP_ADC ? (float)levels_of(chip->spec.digital_bits, d->in_signed) : 0;
    float dac = on & MHO_IMP_INPUT ? (float)levels_of(chip->spec.input_bits, d->out_signed) : 0;
    for (size_t o = 0; o < l->n_out; o++) {
        const float *z = s->z + o * n_col;
        float *to = out + (o * l->out_h + y) * n_col;
        for (size_t k = 0; k < n_col; k++) {
            float v = convert(z[k], d->in_signed, adc) * d->in_scale[o];
            to[k] = convert(mho_i_digital_of(d, v) / d->out_scale[o], d->out_signed, dac);
        }
    }
}

static mho_status compute_row(const row_job *j, float *out) {
    const mho_i_shape *l = &j->stage->shape;
    mho_status status = add_arrays(j);
    if (status == MHO_OK) {
        status = add_skips(j);
    }
    if (status < 0) {
        return status;
    }
    noise_on_z(j->chip, j->stage, j->s, j->y, j->block, j->noisy);
    size_t stride = l->out_h * j->n_col;
    bool neurons = j->stage->end == MHO_I_END_NEURON;
    if (neurons) {
        activate(j->chip, j->stage, j->s, j->y, j->block, j->noisy, out);
    } else if (j->stage->end == MHO_I_END_DIGITAL) {
        digitise(j->chip, j->stage, j->s, j->y, out);
    }
    for (size_t o = 0; j->stage->end == MHO_I_END_SCORE && o < l->n_out; o++) {
        float *to = out + o * stride + j->y * j->n_col;
        memcpy(to, j->s->z + o * j->n_col, j->n_col * sizeof *out);
        if (mho_i_chip_has_adc(j->chip, j->stage)) {
            mho_i_chip_adc(j->chip, j->stage, j->n_col, to, to);
        }
    }
    if (!j->fn) {
        return MHO_OK;
    }
    mho_i_view view = {.stage = j->stage,
                       .y = j->y,
                       .n_col = j->n_col,
                       .z = j->s->z,
                       .a = neurons ? out + j->y * j->n_col : NULL,
                       .a_stride = stride,
                       .out = out + j->y * j->n_col};
    return j->fn(j->user, &view);
}

static mho_status compute_stage(const mho_chip *chip, const mho_i_stage *stage, mho_i_scratch *s,
                                uint32_t block, bool noisy, mho_i_view_fn fn, void *user) {
    if (noisy && (chip->imperfections & MHO_IMP_DRIVER)) {
        drive_values(chip, stage, s, block);
    }
    row_job j = {.chip = chip,
                 .stage = stage,
                 .s = s,
                 .n_col = stage->shape.out_w * chip->n_lane,
                 .block = block,
                 .noisy = noisy,
                 .fn = fn,
                 .user = user};
    mho_status status = MHO_OK;
    for (j.y = 0; status == MHO_OK && j.y < stage->shape.out_h; j.y++) {
        status = compute_row(&j, buffer(chip, s, stage->out));
    }
    return status;
}

MHO_MULTIARCH
static void add_window(size_t lanes, bool largest, float scale, const float *from, float *to) {
    for (size_t l = 0; l < lanes; l++) {
        to[l] = largest ? (from[l] > to[l] ? from[l] : to[l]) : to[l] + scale * from[l];
    }
}

/* Of n places from start on, step apart, those within [low, high): [*first, *end). A window may be
 * far larger than the picture. */
static void span(size_t start, size_t step, size_t n, size_t low, size_t high, size_t *first,
                 size_t *end) {
    *first = start < low ? (low - start + step - 1) / step : 0;
    *end = start < high ? (high - start + step - 1) / step : 0;
    *end = *end < n ? *end : n;
    *first = *first < *end ? *first : *end;
}

/* The rows and columns of a window at output (y, x) that lie within the padding, or with skip_pad
 * within the picture. */
typedef struct {
    size_t y0, y1, x0, x1;
} window;

static window window_at(const mho_i_shape *l, size_t y, size_t x, bool skip_pad) {
    window w;
    size_t high_y = l->pad_top + l->in_h, high_x = l->pad_left + l->in_w;
    span(y * l->stride_h, l->dilation_h, l->k_h, skip_pad ? l->pad_top : 0,
         high_y + (skip_pad ? 0 : l->pad_bottom), &w.y0, &w.y1);
    span(x * l->stride_w, l->dilation_w, l->k_w, skip_pad ? l->pad_left : 0,
         high_x + (skip_pad ? 0 : l->pad_right), &w.x0, &w.x1);
    return w;
}

/* Mean or largest of a window at one place of the output. */
static void pool_at(const mho_chip *chip, const mho_i_stage *stage, const float *in, size_t c,
                    size_t y, size_t x, float *to) {
    const mho_i_shape *l = &stage->shape;
    size_t lanes = chip->n_lane;
    bool largest = stage->op == MHO_I_MAX, begin = true;
    window all = window_at(l, y, x, !stage->count_pad), w = window_at(l, y, x, true);
    float scale = 1 / (float)max_of((all.y1 - all.y0) * (all.x1 - all.x0), 1);
    memset(to, 0, lanes * sizeof *to);
    for (size_t j = w.y0; j < w.y1; j++) {
        size_t row = c * l->in_h + y * l->stride_h + j * l->dilation_h - l->pad_top;
        for (size_t i = w.x0; i < w.x1; i++) {
            size_t col = x * l->stride_w + i * l->dilation_w - l->pad_left;
            const float *from = in + (row * l->in_w + col) * lanes;
            if (largest && begin) {
                memcpy(to, from, lanes * sizeof *to);
            } else {
                add_window(lanes, largest, scale, from, to);
            }
            begin = false;
        }
    }
}

static void pool(const mho_chip *chip, const mho_i_stage *stage, const float *in, float *out) {
    const mho_i_shape *l = &stage->shape;
    for (size_t p = 0; p < l->out_c * l->n_pos; p++) {
        pool_at(chip, stage, in, p / l->n_pos, p / l->out_w % l->out_h, p % l->out_w,
                out + p * chip->n_lane);
    }
}

static void wire(const mho_chip *chip, const mho_i_stage *stage, const mho_i_scratch *s,
                 float *out) {
    const mho_i_value *v = &chip->value[stage->out];
    size_t lanes = chip->n_lane, n = v->c * v->h * v->w;
    for (size_t e = 0; e < n; e++) {
        int32_t from = stage->from[e];
        if (from < 0) {
            memset(out + e * lanes, 0, lanes * sizeof *out);
            continue;
        }
        size_t at = (size_t)from, k = 0;
        for (;; k++) {
            const mho_i_value *in = &chip->value[stage->source[k]];
            size_t size = in->c * in->h * in->w;
            if (at < size) {
                break;
            }
            at -= size;
        }
        memcpy(out + e * lanes, buffer(chip, s, stage->source[k]) + at * lanes,
               lanes * sizeof *out);
    }
}

mho_status mho_i_chip_stage_run(const mho_chip *chip, const mho_i_stage *stage, mho_i_scratch *s,
                                uint32_t block, bool noisy, mho_i_view_fn fn, void *user) {
    switch (stage->op) {
    case MHO_I_COMPUTE:
        return compute_stage(chip, stage, s, block, noisy, fn, user);
    case MHO_I_WIRE:
        wire(chip, stage, s, buffer(chip, s, stage->out));
        return MHO_OK;
    default:
        pool(chip, stage, buffer(chip, s, stage->source[0]), buffer(chip, s, stage->out));
        return MHO_OK;
    }
}

mho_status mho_i_chip_forward(const mho_chip *chip, mho_i_scratch *s, const mho_i_source *from,
                              const size_t *image, size_t n, uint32_t block, bool noisy,
                              float *score, mho_i_view_fn fn, void *user) {
    mho_i_chip_load(chip, s, from, image, n);
    for (size_t k = 0; k < chip->n_stage; k++) {
        mho_status status = mho_i_chip_stage_run(chip, &chip->stage[k], s, block, noisy, fn, user);
        if (status < 0) {
            return status;
        }
    }
    if (score) {
        const mho_i_value *v = &chip->value[chip->output];
        memcpy(score, buffer(chip, s, chip->output),
               v->c * v->h * v->w * chip->n_lane * sizeof *score);
    }
    return MHO_OK;
}

float *mho_i_chip_vectors(const mho_chip *chip, mho_i_scratch *s) {
    size_t n_in = chip->layer[0].shape.n_in;
    for (size_t lane = 0; lane < MHO_I_LANES; lane++) {
        s->x[n_in * MHO_I_LANES + lane] = 1; /* the bias row */
    }
    return s->x;
}

void mho_i_chip_activate(const mho_chip *chip, mho_i_scratch *s, uint32_t block, bool noisy,
                         float *a, mho_i_view *view) {
    const mho_i_stage *stage = &chip->stage[0];
    group_product(chip, stage->layer, 0, s, noisy && chip->cell_noise, true);
    noise_on_z(chip, stage, s, 0, block, noisy);
    activate(chip, stage, s, 0, block, noisy, a);
    if (view) {
        *view = (mho_i_view){.out = a,
                             .stage = stage,
                             .layer = stage->layer,
                             .n_col = MHO_I_LANES,
                             .x = s->x,
                             .x_stride = MHO_I_LANES,
                             .z = s->z,
                             .a = a,
                             .a_stride = MHO_I_LANES};
    }
}
