/* evaluate.c - pictures through a programmed chip.
 *
 * MHO_I_LANES pictures go side by side: activations are [channel][row][column][lane], so that a patch
 * row is one copy of contiguous memory, a layer's output row one matrix product, and the neuron table
 * of an output is used for all lanes at once. Noise is Gaussian:
 *   read noise    z gets variance sum_k noise2[k] x_k^2 (exact for independent cells to first order)
 *   amplifier     v_noise / v_swing
 *   jitter        a gets da/dt_c times jitter_K
 *   row driver    an activation gets driver and Johnson noise once, when it is stored for the next
 *                 layer
 * Every random number is named by (chip seed, purpose, layer/output/row, block, element).          */
#include "chip_int.h"

#include <cblas.h>
#include <math.h>
#include <omp.h>
#include <string.h>

struct mho_i_scratch {
    float *act[2];            /* activations in and out, [c][h][w][lane] */
    float *x, *x2, *z, *var;  /* one output row of a layer */
    float *noise, *row_noise; /* [n_col], [largest map of a channel] */
};

static size_t max_of(size_t a, size_t b) {
    return a > b ? a : b;
}

mho_i_scratch *mho_i_chip_scratch_new(const mho_chip *chip) {
    mho_ctx *ctx = chip->ctx;
    size_t act = 0, x = 0, z = 0, col = 0, map = 0;
    for (size_t s = 0; s < chip->n_stage; s++) {
        const mho_layer *l = &chip->stage[s].shape;
        act = max_of(act, max_of(l->in_c * l->in_h * l->in_w, l->out_c * l->out_h * l->out_w));
        map = max_of(map, max_of(l->in_h * l->in_w, l->out_h * l->out_w));
        if (chip->stage[s].layer) {
            x = max_of(x, chip->stage[s].layer->n_row * l->out_w);
            z = max_of(z, l->n_out * l->out_w);
            col = max_of(col, l->out_w);
        }
    }
    mho_i_scratch *s = mho_i_alloc(ctx, 1, sizeof *s);
    if (!s) {
        return NULL;
    }
    s->act[0] = mho_i_alloc(ctx, act * MHO_I_LANES, sizeof(float));
    s->act[1] = mho_i_alloc(ctx, act * MHO_I_LANES, sizeof(float));
    s->x = mho_i_alloc(ctx, x * MHO_I_LANES, sizeof(float));
    s->x2 = mho_i_alloc(ctx, x * MHO_I_LANES, sizeof(float));
    s->z = mho_i_alloc(ctx, z * MHO_I_LANES, sizeof(float));
    s->var = mho_i_alloc(ctx, z * MHO_I_LANES, sizeof(float));
    s->noise = mho_i_alloc(ctx, col * MHO_I_LANES, sizeof(float));
    s->row_noise = mho_i_alloc(ctx, map * MHO_I_LANES, sizeof(float));
    if (!s->act[0] || !s->act[1] || !s->x || !s->x2 || !s->z || !s->var || !s->noise ||
        !s->row_noise) {
        mho_i_chip_scratch_free(ctx, s);
        return NULL;
    }
    return s;
}

void mho_i_chip_scratch_free(mho_ctx *ctx, mho_i_scratch *s) {
    if (s) {
        float *all[] = {s->act[0], s->act[1], s->x, s->x2, s->z, s->var, s->noise, s->row_noise};
        for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
            mho_i_free(ctx, all[k]);
        }
        mho_i_free(ctx, s);
    }
}

/* Pixels through the input DAC (or exact), lanes innermost; unused lanes are 0. */
static void load_pixels(const mho_chip *chip, const mho_dataset *set, const size_t *image, size_t n,
                        float *out) {
    size_t n_pixel = mho_dataset_n_row(set) * mho_dataset_n_col(set);
    const uint8_t *pixels = mho_dataset_pixels(set);
    float level[256];
    double top = pow(2, chip->spec.input_bits) - 1;
    for (int p = 0; p < 256; p++) {
        bool dac = chip->imperfections & MHO_IMP_INPUT;
        level[p] = (float)(dac ? floor(p / 255.0 * top + 0.5) / top : p / 255.0);
    }
    memset(out, 0, n_pixel * MHO_I_LANES * sizeof *out);
    for (size_t lane = 0; lane < n; lane++) {
        const uint8_t *from = pixels + image[lane] * n_pixel;
        for (size_t k = 0; k < n_pixel; k++) {
            out[k * MHO_I_LANES + lane] = level[from[k]];
        }
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

/* Inputs of output row y: x[n_row][out_w * lanes], the bias row last. */
static void gather_row(const mho_i_layer *layer, const float *act, size_t y, float *x) {
    const mho_layer *l = &layer->shape;
    size_t n_col = l->out_w * MHO_I_LANES;
    if (l->kind == MHO_LAYER_DENSE) {
        memcpy(x, act, l->n_in * MHO_I_LANES * sizeof *x);
    } else {
        memset(x, 0, l->n_in * n_col * sizeof *x);
        for (size_t k = 0; k < l->n_in; k++) {
            size_t c = k / (l->k * l->k), ky = k / l->k % l->k, kx = k % l->k;
            size_t iy = y * l->stride + ky;
            if (iy < l->pad || iy - l->pad >= l->in_h) {
                continue;
            }
            const float *from = act + (c * l->in_h + iy - l->pad) * l->in_w * MHO_I_LANES;
            for (size_t ox = 0; ox < l->out_w; ox++) {
                size_t ix = ox * l->stride + kx;
                if (ix >= l->pad && ix - l->pad < l->in_w) {
                    memcpy(x + k * n_col + ox * MHO_I_LANES, from + (ix - l->pad) * MHO_I_LANES,
                           MHO_I_LANES * sizeof *x);
                }
            }
        }
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

/* Table of one neuron for all lanes: a = table(z) + slope * jitter. */
MHO_MULTIARCH
static void neuron_lanes(const mho_neuron_grid *grid, const float *table, const float *z,
                         const float *normal, float jitter_K, float *a) {
    const float lo = (float)grid->z_min, hi = (float)grid->z_max, knee = (float)grid->z_knee;
    const float per_low = (float)((double)grid->n_low / (grid->z_knee - grid->z_min));
    const float per_high = (float)((double)grid->n_high / (grid->z_max - grid->z_knee));
    for (int l = 0; l < MHO_I_LANES; l++) {
        float v = z[l] < lo ? lo : z[l] > hi ? hi : z[l];
        float low = v < knee ? v : knee, high = v > knee ? v : knee;
        float p = (low - lo) * per_low + (high - knee) * per_high;
        int k = (int)p;
        k = k > MHO_I_NODES - 2 ? MHO_I_NODES - 2 : k;
        float f = p - (float)k;
        float a0 = table[2 * k], d0 = table[2 * k + 1], a1 = table[2 * k + 2], d1 = table[2 * k + 3];
        a[l] = a0 + f * (a1 - a0) + (d0 + f * (d1 - d0)) * jitter_K * normal[l];
    }
}

static uint32_t stream(size_t layer, size_t out, size_t y) {
    return (uint32_t)(layer << 27 | out << 10 | y);
}

/* Pre-activations of output row y, noise included. */
static void pre_activations(const mho_chip *chip, const mho_i_layer *layer, mho_i_scratch *s, size_t y,
                            uint32_t block, bool noisy) {
    int n_out = (int)layer->shape.n_out, n_row = (int)layer->n_row;
    int n_col = (int)(layer->shape.out_w * MHO_I_LANES);
    /* tile row by tile row, as the currents add up: shorter sums also round less */
    for (int from = 0, k = 0; from < n_row; k++) {
        int to = (int)((size_t)n_row * (size_t)(k + 1) / layer->n_tile_row);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n_out, n_col, to - from, 1,
                    layer->weight + from, n_row, s->x + from * n_col, n_col, k > 0, s->z, n_col);
        from = to;
    }
    bool read = noisy && (chip->imperfections & MHO_IMP_READ_NOISE);
    bool amplifier = noisy && (chip->imperfections & MHO_IMP_AMPLIFIER);
    if (!read && !amplifier) {
        return;
    }
    double amp = amplifier ? chip->spec.amplifier_noise_V / chip->neuron.circuit.v_swing_V : 0;
    if (read) {
        square((size_t)(n_row * n_col), s->x, s->x2);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n_out, n_col, n_row, 1, layer->noise2,
                    n_row, s->x2, n_col, 0, s->var, n_col);
    }
    size_t number = (size_t)(layer - chip->layer);
    for (int o = 0; o < n_out; o++) {
        mho_i_rng_normal_f(chip->seed, MHO_RNG_READ_NOISE, stream(number, (size_t)o, y), block,
                           (size_t)n_col, s->noise);
        add_noise((size_t)n_col, s->z + o * n_col, read ? s->var + o * n_col : NULL,
                  (float)(amp * amp), s->noise);
    }
}

size_t mho_i_chip_neuron_of(const mho_chip *chip, const mho_i_layer *layer, size_t o, size_t y,
                            size_t x) {
    const mho_layer *l = &layer->shape;
    return chip->spec.share == MHO_SHARE_PER_COLUMN ? o : (o * l->out_h + y) * l->out_w + x;
}

/* Activations of output row y into out[n_out][out_h][out_w][lane]. */
static void activate(const mho_chip *chip, const mho_i_layer *layer, mho_i_scratch *s, size_t y,
                     uint32_t block, bool noisy, float *out) {
    const mho_layer *l = &layer->shape;
    size_t n_col = l->out_w * MHO_I_LANES, number = (size_t)(layer - chip->layer);
    bool jitter = noisy && (chip->imperfections & MHO_IMP_JITTER);
    float jitter_K = jitter ? (float)chip->spec.neuron.jitter_K : 0;
    memset(s->noise, 0, n_col * sizeof *s->noise);
    for (size_t o = 0; o < l->n_out; o++) {
        if (jitter) {
            mho_i_rng_normal_f(chip->seed, MHO_RNG_NEURON_JITTER, stream(number, o, y), block, n_col,
                               s->noise);
        }
        for (size_t x = 0; x < l->out_w; x++) {
            size_t neuron = mho_i_chip_neuron_of(chip, layer, o, y, x);
            neuron_lanes(&chip->grid, layer->table + neuron * layer->table_stride,
                         s->z + o * n_col + x * MHO_I_LANES, s->noise + x * MHO_I_LANES, jitter_K,
                         out + ((o * l->out_h + y) * l->out_w + x) * MHO_I_LANES);
        }
    }
}

MHO_MULTIARCH
static void pool(const mho_layer *l, const float *in, float *out) {
    float scale = 1 / (float)(l->k * l->k);
    for (size_t p = 0; p < l->out_c * l->out_h * l->out_w; p++) {
        size_t c = p / (l->out_h * l->out_w), y = p / l->out_w % l->out_h, x = p % l->out_w;
        float *to = out + p * MHO_I_LANES;
        memset(to, 0, MHO_I_LANES * sizeof *to);
        for (size_t j = 0; j < l->k * l->k; j++) {
            const float *from =
                in + ((c * l->in_h + y * l->k + j / l->k) * l->in_w + x * l->k + j % l->k) *
                         MHO_I_LANES;
            for (int lane = 0; lane < MHO_I_LANES; lane++) {
                to[lane] += scale * from[lane];
            }
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

static void drive_rows(const mho_chip *chip, const mho_i_layer *layer, mho_i_scratch *s,
                       uint32_t block, float *act) {
    const mho_layer *l = &layer->shape;
    size_t n = l->in_h * l->in_w * MHO_I_LANES, number = (size_t)(layer - chip->layer);
    float sd = (float)driver_noise(chip);
    for (size_t c = 0; c < l->in_c; c++) {
        mho_i_rng_normal_f(chip->seed, MHO_RNG_DRIVER_NOISE, stream(number, c, 0), block, n,
                           s->row_noise);
        add_noise(n, act + c * n, NULL, sd * sd, s->row_noise);
    }
}

static mho_status compute_stage(const mho_chip *chip, const mho_i_layer *layer, mho_i_scratch *s,
                                float *in, float *out, uint32_t block, bool noisy, mho_i_view_fn fn,
                                void *user) {
    const mho_layer *l = &layer->shape;
    size_t n_col = l->out_w * MHO_I_LANES;
    if (!layer->first && noisy && (chip->imperfections & MHO_IMP_DRIVER)) {
        drive_rows(chip, layer, s, block, in);
    }
    for (size_t y = 0; y < l->out_h; y++) {
        gather_row(layer, in, y, s->x);
        pre_activations(chip, layer, s, y, block, noisy);
        if (layer->last) {
            memcpy(out, s->z, l->n_out * n_col * sizeof *out);
        } else {
            activate(chip, layer, s, y, block, noisy, out);
        }
        if (fn) {
            /* the view's activations lie in the output map, row y of every channel */
            mho_i_view view = {layer, y, n_col, s->x, s->z,
                               layer->last ? NULL : out + y * l->out_w * MHO_I_LANES,
                               l->out_h * l->out_w * MHO_I_LANES};
            mho_status status = fn(user, &view);
            if (status < 0) {
                return status;
            }
        }
    }
    return MHO_OK;
}

mho_status mho_i_chip_forward(const mho_chip *chip, mho_i_scratch *s, const mho_dataset *set,
                              const size_t *image, size_t n, uint32_t block, bool noisy,
                              float *score, mho_i_view_fn fn, void *user) {
    float *in = s->act[0], *out = s->act[1];
    load_pixels(chip, set, image, n, in);
    for (size_t k = 0; k < chip->n_stage; k++) {
        const mho_i_stage *stage = &chip->stage[k];
        if (stage->layer) {
            mho_status status =
                compute_stage(chip, stage->layer, s, in, out, block, noisy, fn, user);
            if (status < 0) {
                return status;
            }
        } else {
            pool(&stage->shape, in, out);
        }
        float *swap = in;
        in = out;
        out = swap;
    }
    if (score) {
        memcpy(score, in, chip->layer[chip->n_layer - 1].shape.n_out * MHO_I_LANES * sizeof *score);
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
    const mho_i_layer *layer = &chip->layer[0];
    pre_activations(chip, layer, s, 0, block, noisy);
    activate(chip, layer, s, 0, block, noisy, a);
    if (view) {
        *view = (mho_i_view){layer, 0, MHO_I_LANES, s->x, s->z, a, MHO_I_LANES};
    }
}

static uint8_t winner(const float *score, size_t n_class, size_t lane) {
    size_t best = 0;
    for (size_t c = 1; c < n_class; c++) {
        if (score[c * MHO_I_LANES + lane] > score[best * MHO_I_LANES + lane]) {
            best = c;
        }
    }
    return (uint8_t)best;
}

static void evaluate_block(const mho_chip *chip, mho_i_scratch *s, const mho_dataset *set, size_t b,
                           size_t n_image, float *score, uint8_t *predictions) {
    size_t image[MHO_I_LANES], n = 0, n_class = mho_dataset_n_class(set);
    for (size_t k = b * MHO_I_LANES; k < n_image && n < MHO_I_LANES; k++) {
        image[n++] = k;
    }
    /* without a callback the forward pass cannot fail */
    (void)mho_i_chip_forward(chip, s, set, image, n, (uint32_t)b, true, score, NULL, NULL);
    for (size_t lane = 0; lane < n; lane++) {
        predictions[image[lane]] = winner(score, n_class, lane);
    }
}

mho_status mho_chip_evaluate(mho_chip *chip, const mho_dataset *set, uint8_t *predictions,
                             double *accuracy) {
    mho_ctx *ctx = chip->ctx;
    if (!chip->programmed) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "the chip is not programmed");
    }
    if (!chip->layer[chip->n_layer - 1].last) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "the last layer ends in neurons: a classifier's ends in currents, whose "
                          "largest wins");
    }
    const mho_layer *first = &chip->stage[0].shape;
    size_t n_image = mho_dataset_n_image(set), n_class = mho_dataset_n_class(set);
    if (first->in_c != 1 || first->in_h != mho_dataset_n_row(set) ||
        first->in_w != mho_dataset_n_col(set) || chip->layer[chip->n_layer - 1].shape.n_out != n_class) {
        return mho_i_fail(ctx, MHO_ERR_DIM,
                          "pictures of %zu x %zu in %zu classes: the chip takes %zu x %zu in %zu",
                          mho_dataset_n_row(set), mho_dataset_n_col(set), n_class, first->in_h,
                          first->in_w, chip->layer[chip->n_layer - 1].shape.n_out);
    }
    size_t n_block = (n_image + MHO_I_LANES - 1) / MHO_I_LANES;
    int n_thread = mho_ctx_threads(ctx);
    n_thread = (size_t)n_thread > n_block ? (int)n_block : n_thread;
    uint8_t *own = mho_i_alloc(ctx, n_image, 1);
    float *score = mho_i_alloc(ctx, (size_t)n_thread * n_class * MHO_I_LANES, sizeof *score);
    mho_i_scratch **scratch = mho_i_alloc(ctx, (size_t)n_thread, sizeof(void *));
    mho_status status = own && score && scratch ? MHO_OK : MHO_ERR_NOMEM;
    for (int t = 0; status == MHO_OK && t < n_thread; t++) {
        scratch[t] = mho_i_chip_scratch_new(chip);
        status = scratch[t] ? MHO_OK : MHO_ERR_NOMEM;
    }
    if (status == MHO_OK) {
#pragma omp parallel for schedule(dynamic, 1) num_threads(n_thread)
        for (size_t b = 0; b < n_block; b++) {
            int t = omp_get_thread_num();
            evaluate_block(chip, scratch[t], set, b, n_image,
                           score + (size_t)t * n_class * MHO_I_LANES, own);
        }
        size_t right = 0;
        for (size_t k = 0; k < n_image; k++) {
            right += own[k] == mho_dataset_labels(set)[k];
        }
        *accuracy = (double)right / (double)n_image;
        if (predictions) {
            memcpy(predictions, own, n_image);
        }
    }
    for (int t = 0; scratch && t < n_thread; t++) {
        mho_i_chip_scratch_free(ctx, scratch[t]);
    }
    mho_i_free(ctx, scratch);
    mho_i_free(ctx, score);
    mho_i_free(ctx, own);
    return status;
}
