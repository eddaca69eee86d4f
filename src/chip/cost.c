/* cost.c - energy, latency and area of a picture, from the voltages and currents of real pictures.
 *
 *   arrays      v_read^2 x^2 (row sum of the transfer matrix), while the neurons settle and are read:
 *               exact for good wires, and an upper bound within their loss otherwise
 *   heaters     Vin^2/(Rs + Rh) drawn from the amplifiers over settling and read
 *   film        v_read,film * Vout/RL over the read
 *   the rest    number of units times their power and on-time (chip.cost)
 * A conv layer's positions go through its array one after another; tiles of a layer work at once.   */
#include "chip_int.h"

#include <math.h>

typedef struct activity {
    const mho_chip *chip;
    size_t n_image;
    mho_i_activity sum; /* over evaluations and pictures */
} activity;

void mho_i_chip_activity_add(const mho_chip *chip, const mho_i_view *view, size_t n_lane,
                             mho_i_activity *act) {
    const mho_i_layer *layer = view->layer;
    const mho_neuron_circuit *c = &chip->neuron.circuit;
    double v2 = chip->spec.synapse.v_read_V * chip->spec.synapse.v_read_V;
    double t_rise = chip->spec.neuron.t_base_K + chip->neuron.rise_bias_K - 300;
    double r_h = chip->spec.neuron.r_heater_ohm * (1 + chip->spec.neuron.heater_tcr_per_K * t_rise);
    for (size_t x = 0; x < layer->shape.out_w; x++) {
        for (size_t lane = 0; lane < n_lane; lane++) {
            size_t col = x * MHO_I_LANES + lane;
            for (size_t k = 0; k < layer->n_row; k++) {
                double in = (double)view->x[k * view->n_col + col];
                act->array_W += v2 * in * in * (double)layer->row_S[k];
            }
            for (size_t o = 0; view->a && o < layer->shape.n_out; o++) {
                double z = (double)view->z[o * view->n_col + col];
                z = fmin(fmax(z, chip->grid.z_min), chip->grid.z_max);
                size_t n = mho_i_chip_neuron_of(chip, layer, o, view->y, x);
                double v = c->v_bias_V + layer->device[n].trim_V + z * c->v_swing_V;
                double out = (double)view->a[o * view->a_stride + col] * chip->v_full_V;
                act->heater_W += v * v / (c->r_series_ohm + r_h);
                act->film_W += c->v_read_V * out / c->r_load_ohm;
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

static void energy(const mho_chip *chip, const mho_i_activity *act, mho_chip_cost *out) {
    const mho_chip_spec *s = &chip->spec;
    const mho_neuron_design *d = &chip->neuron;
    double on_s = d->settle_s + d->read_s;
    bool winner = chip->layer[chip->n_layer - 1].last;
    double input = 0, rows_s = 0, amps_s = 0, neurons = 0;
    for (size_t l = 0; l < chip->n_layer; l++) {
        const mho_i_layer *layer = &chip->layer[l];
        double evaluations = (double)layer->shape.n_pos;
        if (layer->first) {
            input += evaluations * (double)layer->shape.n_in;
        } else {
            rows_s += evaluations * (double)layer->n_wire * on_s;
        }
        amps_s += evaluations * (double)layer->shape.n_out * (layer->last ? s->winner_time_s : on_s);
        neurons += layer->last ? 0 : evaluations * (double)layer->shape.n_out;
    }
    out->n_activation = (size_t)neurons;
    mho_cost_sum *e = &out->energy_J;
    add_part(e, "input DACs", input * s->dac_energy_J);
    add_part(e, "row drivers", rows_s * s->driver_power_W);
    add_part(e, "arrays", act->array_W * on_s);
    add_part(e, "column amplifiers", amps_s * s->amplifier_power_W);
    add_part(e, "heaters", act->heater_W * on_s);
    add_part(e, "film reads", act->film_W * d->read_s);
    add_part(e, "bias trims", s->trim_bits > 0 ? neurons * s->trim_power_W * on_s : 0);
    add_part(e, "winner", winner ? s->winner_power_W * s->winner_time_s : 0);
    out->neuron_energy_J = neurons > 0 ? (act->heater_W * on_s + act->film_W * d->read_s) / neurons +
                                             (s->trim_bits > 0 ? s->trim_power_W * on_s : 0)
                                       : 0;
}

static void latency(const mho_chip *chip, mho_chip_cost *out) {
    const mho_neuron_design *d = &chip->neuron;
    bool shared = chip->spec.share == MHO_SHARE_PER_COLUMN;
    double positions = 0;
    for (size_t l = 0; l < chip->n_layer; l++) {
        const mho_i_layer *layer = &chip->layer[l];
        double n = layer->last ? 0 : (double)layer->shape.n_pos;
        double cycle = d->settle_s + d->read_s + (shared ? d->reset_s : 0);
        positions += n;
        out->pipelined_s = fmax(out->pipelined_s, n * cycle);
    }
    mho_cost_sum *t = &out->latency_s;
    add_part(t, "settling", positions * d->settle_s);
    add_part(t, "reading", positions * d->read_s);
    add_part(t, "reset", shared ? positions * d->reset_s : 0);
    bool winner = chip->layer[chip->n_layer - 1].last;
    add_part(t, "winner", winner ? chip->spec.winner_time_s : 0);
}

static void area(const mho_chip *chip, mho_chip_cost *out) {
    const mho_chip_spec *s = &chip->spec;
    double cells = 0, rows = 0, first_rows = 0, outs = 0, held = 0;
    for (size_t l = 0; l < chip->n_layer; l++) {
        const mho_i_layer *layer = &chip->layer[l];
        cells += (double)(layer->n_wire * 2 * layer->shape.n_out);
        *(layer->first ? &first_rows : &rows) += (double)layer->n_row;
        outs += (double)layer->shape.n_out;
        held += layer->last ? 0 : (double)(layer->shape.n_out * layer->shape.n_pos);
    }
    double neurons = (double)chip->n_neuron;
    double trim = s->trim_bits > 0 ? s->trim_area_m2 : 0;
    mho_cost_sum *a = &out->area_m2;
    add_part(a, "arrays", cells * s->synapse.cell_area_m2);
    add_part(a, "neurons", neurons * s->neuron.area_m2);
    add_part(a, "bias trims", neurons * trim);
    add_part(a, "stores", held * s->hold_area_m2);
    add_part(a, "input DACs", first_rows * s->dac_area_m2);
    add_part(a, "row drivers", rows * s->driver_area_m2);
    add_part(a, "column amplifiers", outs * s->amplifier_area_m2);
    add_part(a, "winner", chip->layer[chip->n_layer - 1].last ? s->winner_area_m2 : 0);
    out->neuron_area_m2 = s->neuron.area_m2 + trim;
}

void mho_i_chip_cost(const mho_chip *chip, const mho_i_activity *mean, mho_chip_cost *out) {
    *out = (mho_chip_cost){0};
    energy(chip, mean, out);
    latency(chip, out);
    area(chip, out);
}

mho_status mho_chip_cost_of(mho_chip *chip, const mho_dataset *set, size_t n_image,
                            mho_chip_cost *out) {
    mho_ctx *ctx = chip->ctx;
    size_t n_set = mho_dataset_n_image(set);
    if (!chip->programmed || n_image < 1) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "cost of %zu pictures: a programmed chip and at least one "
                          "picture are wanted", n_image);
    }
    n_image = n_image > n_set ? n_set : n_image;
    n_image = n_image > MHO_I_LANES ? MHO_I_LANES : n_image;
    size_t image[MHO_I_LANES];
    for (size_t k = 0; k < n_image; k++) {
        image[k] = k * (n_set / n_image);
    }
    mho_i_scratch *s = mho_i_chip_scratch_new(chip);
    if (!s) {
        return MHO_ERR_NOMEM;
    }
    activity act = {.chip = chip, .n_image = n_image};
    mho_status status =
        mho_i_chip_forward(chip, s, set, image, n_image, 0, true, NULL, add_row, &act);
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
