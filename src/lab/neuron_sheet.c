/* neuron_sheet.c - the data sheet of a designed neuron: where it works, what an evaluation costs in
 * time and energy, and how far the spread of each parameter moves it. */
#include "curve_int.h"
#include "mho/transient.h"

#include <math.h>

enum { N_Z = 41 };

/* The curve of one device at N_Z inputs z in [-1, 1]. */
static mho_status outputs(mho_ctx *ctx, const mho_neuron_param *p, const mho_neuron_circuit *c,
                          const mho_neuron_device *d, double *y) {
    mho_status status = MHO_OK;
    for (int k = 0; k < N_Z && status == MHO_OK; k++) {
        double z = 2.0 * k / (N_Z - 1) - 1;
        status =
            mho_neuron_output(ctx, p, c, d, fmax(c->v_bias_V + z * c->v_swing_V, 0), &y[k], NULL);
    }
    return status;
}

static mho_status add_spread(mho_ctx *ctx, const mho_neuron_param *p, mho_neuron_sheet *s) {
    const mho_neuron_device one[MHO_SHEET_SPREAD] = {{.d_t_c_K = p->sd_t_c_K},
                                                     {.width_rel = p->sd_width_rel},
                                                     {.r300_log = p->sd_r300_rel},
                                                     {.r_metal_rel = p->sd_r_metal_rel},
                                                     {.r_heater_rel = p->sd_r_heater_rel},
                                                     {.rth_rel = p->sd_rth_rel}};
    const mho_sheet_spread head[MHO_SHEET_SPREAD] = {{"sd_t_c", p->sd_t_c_K, "K", 0, 0},
                                                     {"sd_width", p->sd_width_rel, "", 0, 0},
                                                     {"sd_r300", p->sd_r300_rel, "", 0, 0},
                                                     {"sd_r_metal", p->sd_r_metal_rel, "", 0, 0},
                                                     {"sd_r_heater", p->sd_r_heater_rel, "", 0, 0},
                                                     {"sd_rth", p->sd_rth_rel, "", 0, 0}};
    const mho_neuron_device nominal = {0};
    double y0[N_Z], y[N_Z], z2 = 0, out2 = 0;
    mho_status status = outputs(ctx, p, &s->design.circuit, &nominal, y0);
    int mid = 3 * (N_Z - 1) / 4; /* z = 0.5 */
    for (int j = 0; j < MHO_SHEET_SPREAD && status == MHO_OK; j++) {
        status = outputs(ctx, p, &s->design.circuit, &one[j], y);
        double slope = (y0[mid + 1] - y0[mid - 1]) * (N_Z - 1) / 4, worst = 0;
        for (int k = 0; k < N_Z; k++) {
            worst = fmax(worst, fabs(y[k] - y0[k]));
        }
        s->spread[j] = head[j];
        s->spread[j].input_z = (y[mid] - y0[mid]) / slope;
        s->spread[j].output_rel = worst / s->design.v_span_V;
        z2 += s->spread[j].input_z * s->spread[j].input_z;
        out2 += s->spread[j].output_rel * s->spread[j].output_rel;
    }
    s->total_input_z = sqrt(z2);
    s->total_output_rel = sqrt(out2);
    return status;
}

static mho_status add_time(mho_ctx *ctx, const mho_neuron_param *p, mho_neuron_sheet *s) {
    const mho_neuron_device nominal = {0};
    const mho_transient_opt opt = MHO_TRANSIENT_OPT_INIT;
    const mho_neuron_circuit *c = &s->design.circuit;
    mho_neuron_evaluation e;
    mho_status status = mho_neuron_evaluate_transient(
        ctx, p, c, &nominal, c->v_bias_V + 0.5 * c->v_swing_V, NULL, &opt, &e, NULL);
    if (status == MHO_OK) {
        const mho_film_energy *t = &e.total;
        s->settle_1pct_s = e.settle_1pct_s;
        s->reset_1pct_s = e.reset_1pct_s;
        s->memory_rel = e.memory_rel;
        s->source_heater_J = t->heater_source_J;
        s->source_read_J = t->read_source_J;
        s->energy_J = t->heater_source_J + t->read_source_J;
        s->heater_J = t->heater_J;
        s->series_J = t->series_J;
        s->film_J = t->film_J;
        s->load_J = t->load_J;
        s->balance_rel = t->residual_rel;
    }
    return status;
}

mho_status mho_neuron_sheet_make(mho_ctx *ctx, const mho_neuron_param *param, double v_max_V,
                                 double z_max, mho_neuron_sheet *out) {
    mho_neuron_sheet s = {0};
    mho_status status = mho_neuron_design_relu(ctx, param, v_max_V, z_max, &s.design);
    if (status == MHO_OK) {
        status = add_time(ctx, param, &s);
    }
    if (status == MHO_OK) {
        status = add_spread(ctx, param, &s);
    }
    if (status == MHO_OK) {
        *out = s;
    }
    return status;
}
