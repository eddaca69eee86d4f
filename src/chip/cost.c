/* cost.c - energy, latency and area of a picture, from the voltages and currents of real pictures.
 *
 *   phases of a position, one after another; arrays, row drivers and amplifiers are on throughout,
 *   but for the reset:
 *     neurons     settle, read; reset before it where columns share them
 *     digital     read, convert: adc_columns outputs an ADC, one after another
 *     scores      the winner's decision; or, with adc_bits, read and convert
 *   arrays      v_read^2 x^2 (row sum of the transfer matrix): exact for good wires, and an upper
 *               bound within their loss otherwise
 *   heaters     Vin^2/(Rs + Rh), drawn from the amplifiers over settling and read
 *   film        v_read,film Vout/RL over the read
 *   the rest    number of units times their power and on-time, or conversions times their energy
 *               (chip.cost)
 *
 * Digital activations leave through DACs, which drive the word lines without row drivers. Not
 * counted: digital memory beyond the store of an activation, its traffic, the clock, control. A
 * conv layer's positions go through its array one after another; tiles of a layer work at once. */
#include "chip_int.h"

#include <math.h>

typedef struct activity {
    const mho_chip *chip;
    size_t n_image;
    mho_i_activity sum; /* over evaluations and pictures */
} activity;

/* Phases of a position. */
typedef struct phases {
    double settle_s, read_s, convert_s, winner_s;
    double reset_s; /* arrays are off */
} phases;

/* Do ADCs end its sums? */
static bool converts(const mho_chip *chip, const mho_i_stage *stage) {
    return mho_i_chip_is_digital(chip, stage) ||
           (stage->end == MHO_I_END_SCORE && chip->spec.adc_bits > 0);
}

double mho_i_chip_convert_s(const mho_chip *chip, size_t n_out) {
    return fmin(chip->spec.adc_columns, (double)n_out) * chip->spec.adc_time_s;
}

static phases phases_of(const mho_chip *chip, const mho_i_stage *stage) {
    const mho_neuron_design *d = &chip->neuron;
    if (converts(chip, stage)) {
        return (phases){.read_s = d->read_s,
                        .convert_s = mho_i_chip_convert_s(chip, stage->shape.n_out)};
    }
    if (stage->end == MHO_I_END_SCORE) {
        return (phases){.winner_s = chip->spec.winner_time_s};
    }
    bool shared = chip->spec.share == MHO_SHARE_PER_COLUMN;
    return (phases){
        .settle_s = d->settle_s, .read_s = d->read_s, .reset_s = shared ? d->reset_s : 0};
}

double mho_i_chip_on_s(const mho_chip *chip, const mho_i_stage *stage) {
    phases p = phases_of(chip, stage);
    return p.settle_s + p.read_s + p.convert_s + p.winner_s;
}

/* Rows of a group's arrays: V^2 times the conductance that hangs on them. */
static double array_power(const mho_chip *chip, const mho_i_view *view, size_t col) {
    const mho_i_layer *layer = view->layer;
    const float *row_S = layer->row_S + view->group * layer->n_row;
    double v2 = chip->spec.synapse.v_read_V * chip->spec.synapse.v_read_V, sum = 0;
    for (size_t k = 0; k < layer->n_row; k++) {
        double in = (double)view->x[k * view->x_stride + col];
        sum += v2 * in * in * (double)row_S[k];
    }
    return sum;
}

static double skip_power(const mho_chip *chip, const mho_i_view *view, size_t col) {
    double v2 = chip->spec.synapse.v_read_V * chip->spec.synapse.v_read_V, sum = 0;
    for (size_t o = 0; o < view->stage->shape.n_out; o++) {
        double in = (double)view->x[o * view->x_stride + col];
        sum += v2 * in * in * (double)view->skip->g_S[o];
    }
    return sum;
}

static void neuron_energy(const mho_chip *chip, const mho_i_view *view, size_t col,
                          mho_i_activity *act) {
    const mho_neuron_circuit *c = &chip->neuron.circuit;
    double on_s = mho_i_chip_on_s(chip, view->stage), read_s = chip->neuron.read_s;
    double t_rise = chip->spec.neuron.t_base_K + chip->neuron.rise_bias_K - 300;
    double r_h = chip->spec.neuron.r_heater_ohm * (1 + chip->spec.neuron.heater_tcr_per_K * t_rise);
    for (size_t o = 0; o < view->stage->shape.n_out; o++) {
        double z = (double)view->z[o * view->n_col + col];
        z = fmin(fmax(z, chip->grid.z_min), chip->grid.z_max);
        size_t n = mho_i_chip_neuron_of(chip, view->stage, o, view->y, col / chip->n_lane);
        double v = c->v_bias_V + view->stage->device[n].trim_V + z * c->v_swing_V;
        double out = (double)view->a[o * view->a_stride + col] * chip->v_full_V;
        act->heater_J += v * v / (c->r_series_ohm + r_h) * on_s;
        act->film_J += c->v_read_V * out / c->r_load_ohm * read_s;
    }
}

void mho_i_chip_activity_add(const mho_chip *chip, const mho_i_view *view, size_t n_lane,
                             mho_i_activity *act) {
    double on_s = mho_i_chip_on_s(chip, view->stage);
    bool neurons = view->a && !mho_i_chip_is_digital(chip, view->stage);
    for (size_t x = 0; x < view->stage->shape.out_w; x++) {
        for (size_t lane = 0; lane < n_lane; lane++) {
            size_t col = x * chip->n_lane + lane;
            act->array_J += view->layer ? array_power(chip, view, col) * on_s : 0;
            act->array_J += view->skip ? skip_power(chip, view, col) * on_s : 0;
            if (neurons) {
                neuron_energy(chip, view, col, act);
            }
        }
    }
}

static mho_status add_row(void *user, const mho_i_view *view) {
    activity *act = user;
    mho_i_chip_activity_add(act->chip, view, act->n_image, &act->sum);
    return MHO_OK;
}

static void add_part(mho_cost_sum *sum, const char *name, double value) {
    sum->part[sum->n_part++] = (mho_cost_part){name, value};
    sum->total += value;
}

/* What is counted, over all compute stages: per picture, or of the chip. */
typedef struct tally {
    double dac, driver_s, amplifier_s, trim_s, neuron, adc, compare, winner; /* per picture */
    double cell, dac_row, driver_row, output, stored, n_neuron, n_adc;       /* of the chip */
} tally;

/* Word lines of arrays and resistors of skips: DACs or row drivers drive them. */
static void tally_inputs(const mho_chip *chip, const mho_i_stage *stage, double on_s, tally *t) {
    double n_pos = (double)stage->shape.n_pos, n_out = (double)stage->shape.n_out;
    for (size_t k = 0; k < stage->n_layer; k++) {
        const mho_i_layer *layer = &stage->layer[k];
        double groups = (double)layer->shape.n_group;
        bool dac = chip->value[layer->value].dac;
        t->cell += (double)(layer->n_wire * 2) * n_out;
        t->dac += dac ? n_pos * (double)layer->shape.n_in * groups : 0;
        t->dac_row += dac ? (double)layer->n_row * groups : 0;
        t->driver_s += dac ? 0 : n_pos * (double)layer->n_wire * groups * on_s;
        t->driver_row += dac ? 0 : (double)layer->n_row * groups;
    }
    for (size_t k = 0; k < stage->n_skip; k++) {
        bool dac = chip->value[stage->skip[k].value].dac;
        t->dac += dac ? n_pos * n_out : 0;
        t->dac_row += dac ? n_out : 0;
        t->driver_s += dac ? 0 : n_pos * n_out * on_s;
        t->driver_row += dac ? 0 : n_out;
    }
}

static void tally_stage(const mho_chip *chip, const mho_i_stage *stage, tally *t) {
    double on_s = mho_i_chip_on_s(chip, stage);
    double n_pos = (double)stage->shape.n_pos, n_out = (double)stage->shape.n_out;
    bool score = stage->end == MHO_I_END_SCORE, adc = converts(chip, stage);
    tally_inputs(chip, stage, on_s, t);
    t->amplifier_s += n_pos * n_out * on_s;
    t->output += n_out;
    t->stored += score ? 0 : n_pos * n_out;
    t->winner += score && !adc && stage->out == chip->output ? n_pos : 0;
    if (adc) {
        t->adc += n_pos * n_out;
        t->n_adc += ceil(n_out / chip->spec.adc_columns);
    } else if (!score) {
        t->neuron += n_pos * n_out;
        t->trim_s += chip->spec.trim_bits > 0 ? n_pos * n_out * on_s : 0;
        t->n_neuron += (double)stage->n_neuron;
    }
}

static tally count(const mho_chip *chip) {
    tally t = {0};
    for (size_t k = 0; k < chip->n_stage; k++) {
        const mho_i_stage *stage = &chip->stage[k];
        if (stage->op == MHO_I_COMPUTE) {
            tally_stage(chip, stage, &t);
        } else if (stage->op == MHO_I_MAX) {
            const mho_i_shape *l = &stage->shape;
            t.compare += (double)(l->out_c * l->n_pos * (l->k_h * l->k_w - 1));
        }
    }
    return t;
}

static void energy(const mho_chip *chip, const tally *t, const mho_i_activity *act,
                   mho_chip_cost *out) {
    const mho_chip_spec *s = &chip->spec;
    double trim_J = t->trim_s * s->trim_power_W;
    mho_cost_sum *e = &out->energy_J;
    add_part(e, "input DACs", t->dac * s->dac_energy_J);
    add_part(e, "row drivers", t->driver_s * s->driver_power_W);
    add_part(e, "arrays", act->array_J);
    add_part(e, "column amplifiers", t->amplifier_s * s->amplifier_power_W);
    add_part(e, "heaters", act->heater_J);
    add_part(e, "film reads", act->film_J);
    add_part(e, "bias trims", trim_J);
    add_part(e, "winner", t->winner * s->winner_power_W * s->winner_time_s);
    if (t->adc > 0) {
        add_part(e, "ADCs", t->adc * s->adc_energy_J);
        add_part(e, "digital functions", t->adc * s->digital_energy_J);
    }
    if (t->compare > 0) {
        add_part(e, "comparators", t->compare * s->compare_energy_J);
    }
    out->n_activation = (size_t)t->neuron;
    out->neuron_energy_J = t->neuron > 0 ? (act->heater_J + act->film_J + trim_J) / t->neuron : 0;
}

static void latency(const mho_chip *chip, mho_chip_cost *out) {
    phases sum = {0};
    for (size_t k = 0; k < chip->n_stage; k++) {
        const mho_i_stage *stage = &chip->stage[k];
        if (stage->op != MHO_I_COMPUTE) {
            continue;
        }
        phases p = phases_of(chip, stage);
        double n = (double)stage->shape.n_pos;
        sum.settle_s += n * p.settle_s;
        sum.read_s += n * p.read_s;
        sum.convert_s += n * p.convert_s;
        sum.reset_s += n * p.reset_s;
        sum.winner_s += n * p.winner_s;
        out->pipelined_s = fmax(out->pipelined_s, n * (mho_i_chip_on_s(chip, stage) + p.reset_s));
    }
    mho_cost_sum *t = &out->latency_s;
    add_part(t, "settling", sum.settle_s);
    add_part(t, "reading", sum.read_s);
    if (sum.convert_s > 0) {
        add_part(t, "converters", sum.convert_s);
    }
    add_part(t, "reset", sum.reset_s);
    add_part(t, "winner", sum.winner_s);
}

static void area(const mho_chip *chip, const tally *t, mho_chip_cost *out) {
    const mho_chip_spec *s = &chip->spec;
    double trim = s->trim_bits > 0 ? s->trim_area_m2 : 0;
    mho_cost_sum *a = &out->area_m2;
    add_part(a, "arrays", t->cell * s->synapse.cell_area_m2);
    add_part(a, "neurons", t->n_neuron * s->neuron.area_m2);
    add_part(a, "bias trims", t->n_neuron * trim);
    add_part(a, "stores", t->stored * s->hold_area_m2);
    add_part(a, "input DACs", t->dac_row * s->dac_area_m2);
    add_part(a, "row drivers", t->driver_row * s->driver_area_m2);
    add_part(a, "column amplifiers", t->output * s->amplifier_area_m2);
    add_part(a, "winner", t->winner > 0 ? s->winner_area_m2 : 0);
    if (t->n_adc > 0) {
        add_part(a, "ADCs", t->n_adc * s->adc_area_m2);
    }
    out->neuron_area_m2 = t->n_neuron > 0 ? s->neuron.area_m2 + trim : 0;
}

void mho_i_chip_cost(const mho_chip *chip, const mho_i_activity *mean, mho_chip_cost *out) {
    *out = (mho_chip_cost){0};
    tally t = count(chip);
    energy(chip, &t, mean, out);
    latency(chip, out);
    area(chip, &t, out);
}

static mho_status cost_of(mho_chip *chip, const mho_i_source *from, size_t n_image,
                          mho_chip_cost *out) {
    mho_ctx *ctx = chip->ctx;
    size_t n_set = mho_i_source_n(from);
    if (!chip->programmed || n_image < 1) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "cost of %zu pictures: a programmed chip and at least one "
                          "picture are wanted",
                          n_image);
    }
    mho_status status = mho_i_source_check(chip, from);
    if (status < 0) {
        return status;
    }
    n_image = n_image > n_set ? n_set : n_image;
    n_image = n_image > chip->n_lane ? chip->n_lane : n_image;
    size_t image[MHO_I_LANES];
    for (size_t k = 0; k < n_image; k++) {
        image[k] = k * (n_set / n_image);
    }
    mho_i_scratch *s = mho_i_chip_scratch_new(chip);
    if (!s) {
        return MHO_ERR_NOMEM;
    }
    activity act = {.chip = chip, .n_image = n_image};
    status = mho_i_chip_forward(chip, s, from, image, n_image, 0, true, NULL, add_row, &act);
    mho_i_chip_scratch_free(ctx, s);
    if (status < 0) {
        return status;
    }
    double n = (double)n_image;
    act.sum.array_J /= n;
    act.sum.heater_J /= n;
    act.sum.film_J /= n;
    mho_i_chip_cost(chip, &act.sum, out);
    return MHO_OK;
}

mho_status mho_chip_cost_of(mho_chip *chip, const mho_dataset *set, size_t n_image,
                            mho_chip_cost *out) {
    return cost_of(chip, &(mho_i_source){.set = set}, n_image, out);
}

mho_status mho_chip_cost_samples(mho_chip *chip, const mho_samples *s, size_t n,
                                 mho_chip_cost *out) {
    return cost_of(chip, &(mho_i_source){.samples = s}, n, out);
}
