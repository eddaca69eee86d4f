/* sweep_unit.c - one worker of a sweep: the design of its point at hand, chip after chip. */
#include "sweep_int.h"

#include <math.h>
#include <string.h>

enum { N_COST_IMAGE = 64 };

bool mho_i_is_fatal(mho_status status) {
    return status == MHO_ERR_NOMEM || status == MHO_ERR_IO || status == MHO_ERR_CANCELLED ||
           status == MHO_ERR_INTERNAL || status == MHO_ERR_DEPENDENCY;
}

void mho_i_worker_end(mho_i_worker *w) {
    mho_chip_free(w->chip);
    mho_net_free(w->net);
    w->chip = NULL;
    w->net = NULL;
    w->point = SIZE_MAX;
}

static mho_status design(mho_i_worker *w, const mho_i_work *work, size_t point) {
    mho_i_worker_end(w);
    w->why[0] = 0;
    mho_chip_spec spec;
    mho_status status = mho_i_study_spec(w->ctx, work->study, point, &spec);
    if (status == MHO_OK && !work->net) {
        status = mho_i_sweep_net(w->ctx, work->study, work->data, &spec, work->out_dir, &w->net);
    }
    if (status == MHO_OK && !work->train_only) {
        status = mho_chip_new(w->ctx, &spec, work->net ? work->net : w->net, &w->chip);
    }
    if (mho_i_is_fatal(status)) {
        return status;
    }
    if (status != MHO_OK) {
        snprintf(w->why, sizeof w->why, "%s", mho_ctx_last_error(w->ctx));
    }
    w->point = point;
    return MHO_OK;
}

static mho_status measure(mho_i_worker *w, const mho_i_work *work, uint32_t number, double *value) {
    mho_program_report rep;
    mho_chip_cost cost;
    mho_status status =
        mho_chip_program(w->chip, work->study->seed, number, work->study->imperfections, &rep);
    if (status == MHO_OK && work->data->few) {
        status = mho_chip_calibrate(w->chip, work->data->few, 0, NULL);
    }
    if (status == MHO_OK) {
        status = mho_chip_evaluate(w->chip, work->data->test, NULL, &value[MHO_METRIC_ACCURACY]);
    }
    if (status == MHO_OK) {
        size_t n = mho_dataset_n_image(work->data->test);
        status =
            mho_chip_cost_of(w->chip, work->data->test, n < N_COST_IMAGE ? n : N_COST_IMAGE, &cost);
    }
    if (status == MHO_OK) {
        value[MHO_METRIC_ENERGY] = cost.energy_J.total;
        value[MHO_METRIC_LATENCY] = cost.latency_s.total;
        value[MHO_METRIC_PIPELINED] = cost.pipelined_s;
        value[MHO_METRIC_AREA] = cost.area_m2.total;
        value[MHO_METRIC_WRITE_ENERGY] = rep.write.energy_J;
        value[MHO_METRIC_WRITE_ERROR] = rep.write.error_rel;
        value[MHO_METRIC_TRIM_CLIPPED] = (double)rep.n_trim_clipped;
    }
    return status;
}

mho_status mho_i_worker_make(mho_i_worker *w, const mho_i_work *work, size_t point, uint32_t number,
                             mho_i_unit *unit) {
    mho_status status = w->point == point ? MHO_OK : design(w, work, point);
    if (status < 0 || work->train_only) {
        return status;
    }
    unit->chip = number;
    if (!w->why[0]) {
        status = measure(w, work, number, unit->value);
        if (mho_i_is_fatal(status)) {
            return status;
        }
    }
    unit->failed = w->why[0] || status != MHO_OK;
    if (unit->failed) {
        const char *why = w->why[0] ? w->why : mho_ctx_last_error(w->ctx);
        snprintf(unit->why, sizeof unit->why, "%s", *why ? why : mho_status_text(status));
        for (int k = 0; k < MHO_N_METRIC; k++) {
            unit->value[k] = NAN;
        }
    }
    return MHO_OK;
}
