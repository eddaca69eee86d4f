/* cost.c - energy, latency and area of a picture, from the voltages and currents of real pictures.
 *
 *   arrays      v_read^2 x^2 (row sum of the transfer matrix), while the neurons settle and are
 * read: exact for good wires, and an upper bound within their loss otherwise heaters     Vin^2/(Rs
 * + Rh) drawn from the amplifiers over settling and read film        v_read,film * Vout/RL over the
 * read the rest    number of units times their power and on-time (chip.cost) A conv layer's
 * positions go through its array one after another; tiles of a layer work at once.   */
#include "chip_int.h"

#include <math.h>

typedef struct activity {
    const mho_chip *chip;
    size_t n_image;
    mho_i_activity sum; /* over evaluations and pictures */
} activity;

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

static void neuron_power(const mho_chip *chip, const mho_i_view *view, size_t col,
                         mho_i_activity *act) {
    const mho_neuron_circuit *c = &chip->neuron.circuit;
    double t_rise = chip->spec.neuron.t_base_K + chip->neuron.rise_bias_K - 300;
    double r_h = chip->spec.neuron.r_heater_ohm * (1 + chip->spec.neuron.heater_tcr_per_K * t_rise);
    for (size_t o = 0; o < view->stage->shape.n_out; o++) {
        double z = (double)view->z[o * view->n_col + col];
        z = fmin(fmax(z, chip->grid.z_min), chip->grid.z_max);
        size_t n = mho_i_chip_neuron_of(chip, view->stage, o, view->y, col / chip->n_lane);
        double v = c->v_bias_V + view->stage->device[n].trim_V + z * c->v_swing_V;
        double out = (double)view->a[o * view->a_stride + col] * chip->v_full_V;
        act->heater_W += v * v / (c->r_series_ohm + r_h);
        act->film_W += c->v_read_V * out / c->r_load_ohm;
    }
}

void mho_i_chip_activity_add(const mho_chip *chip, const mho_i_view *view, size_t n_lane,
                             mho_i_activity *act) {
    for (size_t x = 0; x < view->stage->shape.out_w; x++) {
        for (size_t lane = 0; lane < n_lane; lane++) {
            size_t col = x * chip->n_lane + lane;
            act->array_W += view->layer ? array_power(chip, view, col) : 0;
            act->array_W += view->skip ? skip_power(chip, view, col) : 0;
            if (view->a) {
                neuron_power(chip, view, col, act);
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
    double dac, driver_s, amplifier_s, neuron, adc, compare;      /* per picture */
    double cell, dac_row, driver_row, output, stored, adc_column; /* of the chip */
} tally;

static void tally_stage(const mho_chip *chip, const mho_i_stage *stage, tally *t) {
    double on_s = chip->neuron.settle_s + chip->neuron.read_s;
    double n_pos = (double)stage->shape.n_pos, n_out = (double)stage->shape.n_out;
    bool score = stage->end == MHO_I_END_SCORE;
    for (size_t k = 0; k < stage->n_layer; k++) {
        const mho_i_layer *layer = &stage->layer[k];
        double groups = (double)layer->shape.n_group;
        t->cell += (double)(layer->n_wire * 2) * n_out;
        if (layer->first) {
            t->dac += n_pos * (double)layer->shape.n_in * groups;
            t->dac_row += (double)layer->n_row * groups;
        } else {
            t->driver_s += n_pos * (double)layer->n_wire * groups * on_s;
            t->driver_row += (double)layer->n_row * groups;
        }
    }
    for (size_t k = 0; k < stage->n_skip; k++) {
        bool dac = chip->value[stage->skip[k].value].dac;
        t->dac += dac ? n_pos * n_out : 0;
        t->dac_row += dac ? n_out : 0;
        t->driver_s += dac ? 0 : n_pos * n_out * on_s;
        t->driver_row += dac ? 0 : n_out;
    }
    t->amplifier_s += n_pos * n_out * (score ? chip->spec.winner_time_s : on_s);
    t->output += n_out;
    t->neuron += stage->end == MHO_I_END_NEURON ? n_pos * n_out : 0;
    t->stored += score ? 0 : n_pos * n_out;
    t->adc += stage->end == MHO_I_END_DIGITAL ? n_pos * n_out : 0;
    t->adc_column += stage->end == MHO_I_END_DIGITAL ? n_out : 0;
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
    const mho_neuron_design *d = &chip->neuron;
    double on_s = d->settle_s + d->read_s;
    bool winner = mho_i_chip_score_stage(chip);
    out->n_activation = (size_t)t->neuron;
    mho_cost_sum *e = &out->energy_J;
    add_part(e, "input DACs", t->dac * s->dac_energy_J);
    add_part(e, "row drivers", t->driver_s * s->driver_power_W);
    add_part(e, "arrays", act->array_W * on_s);
    add_part(e, "column amplifiers", t->amplifier_s * s->amplifier_power_W);
    add_part(e, "heaters", act->heater_W * on_s);
    add_part(e, "film reads", act->film_W * d->read_s);
    add_part(e, "bias trims", s->trim_bits > 0 ? t->neuron * s->trim_power_W * on_s : 0);
    add_part(e, "winner", winner ? s->winner_power_W * s->winner_time_s : 0);
    if (t->adc > 0) {
        add_part(e, "ADCs", t->adc * s->adc_energy_J);
        add_part(e, "digital functions", t->adc * s->digital_energy_J);
    }
    if (t->compare > 0) {
        add_part(e, "comparators", t->compare * s->compare_energy_J);
    }
    double neuron = act->heater_W * on_s + act->film_W * d->read_s;
    double trim = s->trim_bits > 0 ? s->trim_power_W * on_s : 0;
    out->neuron_energy_J = t->neuron > 0 ? neuron / t->neuron + trim : 0;
}

static void latency(const mho_chip *chip, mho_chip_cost *out) {
    const mho_neuron_design *d = &chip->neuron;
    bool shared = chip->spec.share == MHO_SHARE_PER_COLUMN;
    double positions = 0;
    for (size_t k = 0; k < chip->n_stage; k++) {
        const mho_i_stage *stage = &chip->stage[k];
        bool settles = stage->op == MHO_I_COMPUTE && stage->end != MHO_I_END_SCORE;
        double n = settles ? (double)stage->shape.n_pos : 0;
        double cycle = d->settle_s + d->read_s + (shared ? d->reset_s : 0);
        positions += n;
        out->pipelined_s = fmax(out->pipelined_s, n * cycle);
    }
    mho_cost_sum *t = &out->latency_s;
    add_part(t, "settling", positions * d->settle_s);
    add_part(t, "reading", positions * d->read_s);
    add_part(t, "reset", shared ? positions * d->reset_s : 0);
    bool winner = mho_i_chip_score_stage(chip);
    add_part(t, "winner", winner ? chip->spec.winner_time_s : 0);
}

static void area(const mho_chip *chip, const tally *t, mho_chip_cost *out) {
    const mho_chip_spec *s = &chip->spec;
    double neurons = (double)chip->n_neuron;
    double trim = s->trim_bits > 0 ? s->trim_area_m2 : 0;
    mho_cost_sum *a = &out->area_m2;
    add_part(a, "arrays", t->cell * s->synapse.cell_area_m2);
    add_part(a, "neurons", neurons * s->neuron.area_m2);
    add_part(a, "bias trims", neurons * trim);
    add_part(a, "stores", t->stored * s->hold_area_m2);
    add_part(a, "input DACs", t->dac_row * s->dac_area_m2);
    add_part(a, "row drivers", t->driver_row * s->driver_area_m2);
    add_part(a, "column amplifiers", t->output * s->amplifier_area_m2);
    add_part(a, "winner", mho_i_chip_score_stage(chip) ? s->winner_area_m2 : 0);
    if (t->adc_column > 0) {
        add_part(a, "ADCs", t->adc_column * s->adc_area_m2);
    }
    out->neuron_area_m2 = s->neuron.area_m2 + trim;
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
    act.sum.array_W /= n;
    act.sum.heater_W /= n;
    act.sum.film_W /= n;
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
