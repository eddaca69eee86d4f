/* mapping_fit.c - what a stored activation of 1 means, and gain and bias of every output.
 *
 * Full scales come from the exact activations of a sample. Then the stages are gone through once,
 * on the nominal chip without noise: z of a stage is what the stages before really give. For an
 * output that ends in a neuron with the nominal curve T, gain g and offset b are sought with which
 * T(g z + b) follows the rectifier r best,
 *
 *     maximise  cov(T, r)^2 / (var(r) (var(T) + noise^2))
 *
 * which is the correlation that a linear reader of the activation would see; its slope on r goes
 * into the full scale, its constant into the biases of the layers that read it. Where channels must
 * keep a common full scale, var(T - r) is minimised instead. An output without a neuron gets mean
 * and spread of the exact one. g and b are folded into weights, resistors and biases. */
#include "mapping_fit_int.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Noise of an activation that the fit reckons with, so that weak slopes do not look good:
 * amplifier, jitter, driver and device spread together are of this order. */
static const double FIT_NOISE = 0.03;
static const double MIN_GAIN = 0.25, MAX_GAIN = 4, MAX_OFFSET = 0.6;

/* ---- weights ---- */

/* Network's numbers at a pre-activation of 1. */
static float z_scale(const mho_chip *chip, const mho_i_stage *stage, size_t o) {
    return stage->end == MHO_I_END_DIGITAL ? stage->digital->in_scale[o]
                                           : chip->value[stage->out].scale[o];
}

static mho_status layer_weights(const mho_i_fit *c, const mho_i_stage *stage, size_t l) {
    const mho_i_layer *layer = &stage->layer[l];
    const mho_i_shape *s = &layer->shape;
    mho_i_origin *o = &c->m->origin[stage - c->chip->stage];
    const mho_i_value *in = &c->chip->value[layer->value];
    mho_graph_matrix matrix;
    if (!mho_graph_matrix_of(c->m->graph, (size_t)o->term[l].node, &matrix)) {
        return mho_i_fail(c->chip->ctx, MHO_ERR_INTERNAL, "a layer without weights");
    }
    o->weights[l] = mho_i_alloc(c->chip->ctx, s->n_out * s->n_in, sizeof(float));
    if (!o->weights[l]) {
        return MHO_ERR_NOMEM;
    }
    size_t taps = s->k_h * s->k_w, per_group = s->n_out / s->n_group;
    for (size_t out = 0; out < s->n_out; out++) {
        float unit = o->term[l].sign / z_scale(c->chip, stage, out);
        size_t first = out / per_group * (s->in_c / s->n_group);
        for (size_t k = 0; k < s->n_in; k++) {
            size_t e = (first + k / taps) * s->in_h * s->in_w;
            o->weights[l][out * s->n_in + k] =
                matrix.weights[out * s->n_in + k] * mho_i_value_scale(in, e) * unit;
        }
        o->bias[out] += matrix.bias ? matrix.bias[out] * unit : 0;
    }
    return MHO_OK;
}

static void skip_gains(const mho_i_fit *c, const mho_i_stage *stage, size_t k) {
    const mho_i_origin *o = &c->m->origin[stage - c->chip->stage];
    const mho_i_term *term = &o->term[stage->n_layer + k];
    const mho_i_value *in = &c->chip->value[term->value];
    for (size_t out = 0; out < stage->shape.n_out; out++) {
        size_t at = term->n_const > 1 ? out : 0;
        float unit = term->sign / z_scale(c->chip, stage, out);
        stage->skip[k].gain[out] = (term->gain ? term->gain[at] : 1) * in->scale[out] * unit;
        o->bias[out] += term->bias ? term->bias[at] * unit : 0;
    }
}

/* The weights as the evaluation takes them, before there are arrays. */
static mho_status show_weights(const mho_i_fit *c, mho_i_stage *stage) {
    const mho_i_origin *o = &c->m->origin[stage - c->chip->stage];
    for (size_t l = 0; l < stage->n_layer; l++) {
        mho_i_layer *layer = &stage->layer[l];
        size_t n_in = layer->shape.n_in, n_out = layer->shape.n_out;
        if (!layer->weight) {
            layer->weight = mho_i_alloc(c->chip->ctx, n_out * layer->n_row, sizeof(float));
        }
        if (!layer->weight) {
            return MHO_ERR_NOMEM;
        }
        for (size_t out = 0; out < n_out; out++) {
            memcpy(layer->weight + out * layer->n_row, o->weights[l] + out * n_in,
                   n_in * sizeof(float));
            layer->weight[out * layer->n_row + n_in] = l == 0 ? o->bias[out] : 0;
        }
    }
    if (!stage->n_layer && !stage->bias) {
        stage->bias = mho_i_alloc(c->chip->ctx, stage->shape.n_out, sizeof(float));
    }
    if (!stage->n_layer && !stage->bias) {
        return MHO_ERR_NOMEM;
    }
    if (stage->bias) {
        memcpy(stage->bias, o->bias, stage->shape.n_out * sizeof(float));
    }
    return MHO_OK;
}

/* Sum over the weights of outputs [first, last) of what cutting at s and the cells' errors at full
 * scale s cost. */
static double cut_cost(const mho_i_stage *stage, const mho_i_origin *o, size_t first, size_t last,
                       double sd_rel, double s) {
    double cost = 0;
    for (size_t l = 0; l < stage->n_layer; l++) {
        size_t n_in = stage->layer[l].shape.n_in;
        for (size_t k = first * n_in; k < last * n_in; k++) {
            double over = fmax(fabs((double)o->weights[l][k]) - s, 0);
            cost += over * over + sd_rel * sd_rel * s * s;
        }
    }
    return cost;
}

static void cut_outputs(const mho_i_stage *stage, const mho_i_origin *o, size_t first, size_t last,
                        double sd_rel) {
    double top = 0, best = INFINITY, at = 0;
    for (size_t l = 0; l < stage->n_layer; l++) {
        size_t n_in = stage->layer[l].shape.n_in;
        for (size_t k = first * n_in; k < last * n_in; k++) {
            top = fmax(top, fabs((double)o->weights[l][k]));
        }
    }
    for (double share = 1; share > 0.2; share -= 0.04) {
        double cost = cut_cost(stage, o, first, last, sd_rel, share * top);
        if (cost < best) {
            best = cost;
            at = share * top;
        }
    }
    for (size_t l = 0; l < stage->n_layer; l++) {
        size_t n_in = stage->layer[l].shape.n_in;
        for (size_t k = first * n_in; k < last * n_in; k++) {
            o->weights[l][k] = (float)fmin(fmax((double)o->weights[l][k], -at), at);
        }
    }
}

/* Largest weights are cut where the errors of the cells, which grow with full scale, cost more. */
static void limit_weights(const mho_i_fit *c, const mho_i_stage *stage) {
    const mho_synapse_param *s = &c->chip->spec.synapse;
    const mho_i_origin *o = &c->m->origin[stage - c->chip->stage];
    double level = 1 / ((s->levels - 1) * sqrt(12));
    double error = mho_synapse_error_rel(s, c->chip->spec.verify);
    double sd = sqrt(2 * error * error + 2 * level * level);
    size_t n_out = stage->shape.n_out;
    if (c->chip->spec.weight_scale == MHO_SCALE_LAYER) {
        cut_outputs(stage, o, 0, n_out, sd);
        return;
    }
    for (size_t out = 0; out < n_out; out++) {
        cut_outputs(stage, o, out, out + 1, sd);
    }
}

static mho_status make_weights(const mho_i_fit *c, mho_i_stage *stage) {
    mho_status status = MHO_OK;
    for (size_t l = 0; status == MHO_OK && l < stage->n_layer; l++) {
        status = layer_weights(c, stage, l);
    }
    for (size_t k = 0; status == MHO_OK && k < stage->n_skip; k++) {
        skip_gains(c, stage, k);
    }
    if (status == MHO_OK && c->sample && c->m->opt.limit_weights) {
        limit_weights(c, stage);
    }
    return status;
}

/* ---- corrections ---- */

static mho_status pick_pairs(void *user, const mho_i_view *view) {
    mho_i_fit *c = user;
    if (!view->z) {
        return MHO_OK;
    }
    const mho_i_stage *stage = view->stage;
    size_t k = (size_t)(stage - c->chip->stage), map = stage->shape.n_pos;
    size_t size = stage->shape.n_out * map, from = view->y * stage->shape.out_w * c->n;
    size_t to = from + stage->shape.out_w * c->n;
    for (size_t q = (from + c->pace - 1) / c->pace * c->pace; q < to; q += c->pace) {
        size_t at = q / c->pace, lane = q % c->n, place = q / c->n;
        if (at >= c->n_pair) {
            break;
        }
        size_t col = (place - view->y * stage->shape.out_w) * c->chip->n_lane + lane;
        for (size_t o = 0; o < stage->shape.n_out; o++) {
            c->z[o * N_PAIR + at] = view->z[o * view->n_col + col];
            c->want[o * N_PAIR + at] = c->exact.pre[k][lane * size + o * map + place];
        }
    }
    return MHO_OK;
}

typedef struct moments {
    double got, want, got2, want2, both;
} moments;

/* Of T(g z + b) and r over the pairs of an output, about their means. */
MHO_MULTIARCH
static moments moments_of(const mho_neuron_grid *grid, const float *table, size_t n, const float *z,
                          const float *r, float g, float b) {
    float lo = (float)grid->z_min, hi = (float)grid->z_max;
    double got = 0, want = 0, got2 = 0, want2 = 0, both = 0;
    for (size_t k = 0; k < n; k++) {
        float v = g * z[k] + b;
        v = v < lo ? lo : v > hi ? hi : v;
        float p = mho_i_grid_position(grid, v);
        int j = (int)p;
        j = j > MHO_I_NODES - 2 ? MHO_I_NODES - 2 : j;
        float f = p - (float)j;
        double a = (double)(table[2 * j] + f * (table[2 * j + 2] - table[2 * j]));
        double w = (double)r[k];
        got += a;
        want += w;
        got2 += a * a;
        want2 += w * w;
        both += a * w;
    }
    double m = (double)n;
    return (moments){got / m, want / m, got2 / m - got * got / m / m,
                     want2 / m - want * want / m / m, both / m - got * want / m / m};
}

/* What is lost, 0 the best. */
static double loss_of(const moments *m, bool uniform) {
    double noise2 = FIT_NOISE * FIT_NOISE;
    return uniform ? (m->got2 + m->want2 - 2 * m->both) / m->want2
                   : 1 - m->both * fmax(m->both, 0) / (m->want2 * (m->got2 + noise2));
}

typedef struct neuron_fit {
    double gain, offset, slope; /* slope of the activation on r */
} neuron_fit;

/* Search by pattern: robust, and a curve with a knee needs no derivatives. */
static neuron_fit fit_neuron(const mho_chip *chip, size_t n, const float *z, const float *r,
                             bool uniform) {
    static const double way[8][2] = {{1, 0}, {-1, 0},  {0, 1},  {0, -1},
                                     {1, 1}, {-1, -1}, {1, -1}, {-1, 1}};
    const float *table = chip->nominal_table;
    double at[2] = {0, 0}; /* log of the gain, offset */
    moments m = moments_of(&chip->grid, table, n, z, r, 1, 0);
    if (!(m.want2 > 1e-8)) {
        return (neuron_fit){1, 0, 1};
    }
    double best = loss_of(&m, uniform);
    for (double step = 1; step > 0.04; step /= 2) {
        for (bool moved = true; moved;) {
            moved = false;
            for (int w = 0; w < 8; w++) {
                double lg = at[0] + 0.35 * step * way[w][0], b = at[1] + 0.2 * step * way[w][1];
                if (lg < log(MIN_GAIN) || lg > log(MAX_GAIN) || fabs(b) > MAX_OFFSET) {
                    continue;
                }
                moments t = moments_of(&chip->grid, table, n, z, r, (float)exp(lg), (float)b);
                double loss = loss_of(&t, uniform);
                if (loss < best - 1e-6) {
                    best = loss;
                    at[0] = lg;
                    at[1] = b;
                    m = t;
                    moved = true;
                }
            }
        }
    }
    double slope = m.both / m.want2;
    return (neuron_fit){exp(at[0]), at[1], slope > 0.05 && !uniform ? slope : 1};
}

/* Mean and spread of the exact pre-activation. */
static void fit_linear(size_t n, const float *z, const float *want, double *gain, double *offset) {
    double m[2] = {0, 0}, m2[2] = {0, 0};
    for (size_t k = 0; k < n; k++) {
        m[0] += (double)z[k] / (double)n;
        m[1] += (double)want[k] / (double)n;
        m2[0] += (double)z[k] * (double)z[k] / (double)n;
        m2[1] += (double)want[k] * (double)want[k] / (double)n;
    }
    double got = m2[0] - m[0] * m[0], asked = m2[1] - m[1] * m[1];
    *gain = got > 1e-10 && asked > 1e-10 ? fmin(fmax(sqrt(asked / got), MIN_GAIN), MAX_GAIN) : 1;
    *offset = m[1] - *gain * m[0];
}

static void correct_output(const mho_i_fit *c, const mho_i_stage *stage, size_t o) {
    const mho_i_origin *origin = &c->m->origin[stage - c->chip->stage];
    float *z = c->z + o * N_PAIR, *want = c->want + o * N_PAIR;
    float unit = z_scale(c->chip, stage, o);
    bool neuron = stage->end == MHO_I_END_NEURON;
    for (size_t k = 0; k < c->n_pair; k++) {
        want[k] = (neuron ? mho_i_origin_of(origin, want[k]) : want[k]) / unit;
    }
    if (neuron) {
        neuron_fit fit = fit_neuron(c->chip, c->n_pair, z, want, c->m->uniform[stage->out]);
        c->gain[o] = fit.gain;
        c->offset[o] = fit.offset;
        c->chip->value[stage->out].scale[o] /= (float)fit.slope;
    } else {
        fit_linear(c->n_pair, z, want, &c->gain[o], &c->offset[o]);
    }
}

static void fold_corrections(const mho_i_fit *c, const mho_i_stage *stage) {
    mho_i_origin *origin = &c->m->origin[stage - c->chip->stage];
    for (size_t o = 0; o < stage->shape.n_out; o++) {
        float g = (float)c->gain[o];
        for (size_t l = 0; l < stage->n_layer; l++) {
            size_t n_in = stage->layer[l].shape.n_in;
            for (size_t k = 0; k < n_in; k++) {
                origin->weights[l][o * n_in + k] *= g;
            }
        }
        for (size_t k = 0; k < stage->n_skip; k++) {
            stage->skip[k].gain[o] *= g;
        }
        origin->bias[o] = origin->bias[o] * g + (float)c->offset[o];
    }
}

static mho_status correct_stage(mho_i_fit *c, mho_i_stage *stage) {
    size_t total = stage->shape.n_pos * c->n;
    c->pace = ((total + N_PAIR - 1) / N_PAIR) | 1;
    c->n_pair = (total + c->pace - 1) / c->pace;
    c->n_pair = c->n_pair < N_PAIR ? c->n_pair : N_PAIR;
    mho_status status = mho_i_chip_stage_run(c->chip, stage, c->scratch, 0, false, pick_pairs, c);
    if (status < 0) {
        return status;
    }
#pragma omp parallel for schedule(dynamic, 1) num_threads(mho_ctx_threads(c->chip->ctx))
    for (size_t o = 0; o < stage->shape.n_out; o++) {
        correct_output(c, stage, o);
    }
    fold_corrections(c, stage);
    return show_weights(c, stage);
}

/* ---- the pass ---- */

static void say_scale(const mho_i_fit *c, const mho_i_stage *stage) {
    size_t k = (size_t)(stage - c->chip->stage), n = c->n * stage->shape.n_out * stage->shape.n_pos;
    mho_i_origin *o = &c->m->origin[k];
    const mho_i_value *v = &c->chip->value[stage->out];
    size_t above = 0, up = 0;
    for (size_t e = 0; e < n; e++) {
        float x = mho_i_origin_of(o, c->exact.pre[k][e]);
        up += x > 0;
        above += x > v->scale[e / stage->shape.n_pos % stage->shape.n_out];
    }
    o->clipped_frac = up ? (double)above / (double)up : 0;
}

static mho_status liken(void *user, const mho_i_view *view) {
    mho_i_fit *c = user;
    if (view->out) {
        mho_i_likeness_add(c->sum, c->chip, view, &c->exact);
    }
    return MHO_OK;
}

static mho_status pass_compute(mho_i_fit *c, mho_i_stage *stage) {
    mho_i_origin *o = &c->m->origin[stage - c->chip->stage];
    mho_i_value *v = &c->chip->value[stage->out];
    if (stage->digital) {
        mho_i_fit_scale_digital(c, stage);
    }
    stage->table = c->chip->nominal_table;
    stage->table_stride = 0;
    mho_status status = make_weights(c, stage);
    if (status == MHO_OK) {
        status = show_weights(c, stage);
    }
    if (status == MHO_OK && c->sample) {
        say_scale(c, stage);
        if (c->m->opt.correct) {
            status = correct_stage(c, stage);
        }
    }
    if (status == MHO_OK && c->sample) {
        memset(c->sum, 0, stage->shape.n_out * sizeof *c->sum);
        status = mho_i_chip_stage_run(c->chip, stage, c->scratch, 0, false, liken, c);
        mho_i_likeness_of(stage->shape.n_out, c->sum, &o->rms_error_rel, &o->correlation);
    }
    o->full_scale = 0;
    for (size_t ch = 0; ch < v->c; ch++) {
        o->full_scale += (double)v->scale[ch] / (double)v->c;
    }
    return status;
}

static mho_status pass(mho_i_fit *c) {
    mho_chip *chip = c->chip;
    for (size_t k = 0; k < chip->n_stage; k++) {
        mho_i_stage *stage = &chip->stage[k];
        mho_status status =
            mho_i_progress(chip->ctx, "calibrating", (double)k / (double)chip->n_stage);
        if (status == MHO_OK && stage->op == MHO_I_COMPUTE) {
            status = pass_compute(c, stage);
        } else if (status == MHO_OK) {
            mho_i_fit_inherit(c, stage);
            if (c->sample) {
                status = mho_i_chip_stage_run(chip, stage, c->scratch, 0, false, NULL, NULL);
            }
        }
        if (status < 0) {
            return status;
        }
    }
    return MHO_OK;
}

static mho_status make_room(mho_i_fit *c) {
    mho_ctx *ctx = c->chip->ctx;
    size_t n_out = 1;
    for (size_t k = 0; k < c->chip->n_stage; k++) {
        size_t n = c->chip->stage[k].op == MHO_I_COMPUTE ? c->chip->stage[k].shape.n_out : 0;
        n_out = n > n_out ? n : n_out;
    }
    for (size_t v = 0; v < c->chip->n_value; v++) {
        mho_i_value *value = &c->chip->value[v];
        value->scale = mho_i_alloc(ctx, value->c, sizeof(float));
        if (!value->scale) {
            return MHO_ERR_NOMEM;
        }
        for (size_t ch = 0; ch < value->c; ch++) {
            value->scale[ch] = 1;
        }
    }
    c->quantile = mho_i_alloc(ctx, N_QUANTILE, sizeof(float));
    c->z = mho_i_alloc(ctx, n_out * N_PAIR, sizeof(float));
    c->want = mho_i_alloc(ctx, n_out * N_PAIR, sizeof(float));
    c->gain = mho_i_alloc(ctx, n_out, sizeof(double));
    c->offset = mho_i_alloc(ctx, n_out, sizeof(double));
    c->sum = mho_i_alloc(ctx, n_out, sizeof *c->sum);
    c->own = mho_i_alloc(ctx, c->chip->n_value, sizeof(double));
    bool ok = c->quantile && c->z && c->want && c->gain && c->offset && c->sum && c->own;
    return ok ? MHO_OK : MHO_ERR_NOMEM;
}

static mho_status load_sample(mho_i_fit *c) {
    size_t image[MHO_I_LANES] = {0};
    c->n = mho_samples_n(c->sample);
    c->n = c->n < c->chip->n_lane ? c->n : c->chip->n_lane;
    c->m->n_sample = c->n;
    for (size_t k = 0; k < c->n; k++) {
        image[k] = k;
    }
    mho_status status = mho_i_exact_run(c->chip, c->sample, c->n, &c->exact);
    if (status < 0) {
        return status;
    }
    c->scratch = mho_i_chip_scratch_new(c->chip);
    if (!c->scratch) {
        return MHO_ERR_NOMEM;
    }
    mho_i_fit_scale_input(c);
    mho_i_fit_scale_values(c);
    mho_i_chip_load(c->chip, c->scratch, &(mho_i_source){.samples = c->sample}, image, c->n);
    return MHO_OK;
}

mho_status mho_i_mapping_calibrate(mho_chip *chip, const mho_samples *sample) {
    mho_ctx *ctx = chip->ctx;
    mho_i_fit c = {.chip = chip, .m = chip->mapping, .sample = sample};
    chip->imperfections = 0;
    mho_status status = make_room(&c);
    if (status == MHO_OK && sample) {
        status = load_sample(&c);
    }
    if (status == MHO_OK) {
        status = pass(&c);
    }
    mho_i_exact_free(&c.exact);
    mho_i_chip_scratch_free(ctx, c.scratch);
    void *all[] = {c.quantile, c.z, c.want, c.gain, c.offset, c.sum, c.own};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        mho_i_free(ctx, all[k]);
    }
    return status;
}
