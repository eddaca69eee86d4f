/* spice_compare.c - a neuron in time by ngspice beside the same by mho. */
#include "spice_int.h"

#include <math.h>
#include <string.h>

enum { N_LEVEL = 9, MAX_PASS = 256 };

/* Column at a time, between rows; *row is where to start looking and moves forward. */
static double at_time(const mho_trace *t, size_t column, double time_s, size_t *row) {
    const double *x = t->x[column], *time = t->x[0];
    size_t k = *row;
    while (k + 2 < t->n_row && time[k + 1] < time_s) {
        k++;
    }
    *row = k;
    double h = time[k + 1] - time[k];
    return h > 0 ? x[k] + (x[k + 1] - x[k]) * ((time_s - time[k]) / h) : x[k + 1];
}

/* Time of the last edge of the drive before t_s. */
static double edge_before(const mho_neuron_drive *d, double t_s) {
    double edge = 0;
    const mho_waveform *w[2] = {&d->heater_V, &d->read_V};
    for (int j = 0; j < 2; j++) {
        for (size_t k = 0; k < w[j]->n && w[j]->t_s[k] <= t_s; k++) {
            edge = fmax(edge, w[j]->t_s[k]);
        }
    }
    return edge;
}

static double value_difference(const mho_neuron_drive *d, const mho_trace *own,
                               const mho_trace *spice) {
    double top = 0, worst = 0;
    size_t row = 0;
    for (size_t k = 0; k < own->n_row; k++) {
        top = fmax(top, fabs(own->x[4][k]));
    }
    for (size_t k = 0; k < spice->n_row; k++) {
        double t_s = spice->x[0][k];
        double v = at_time(own, 4, t_s, &row);
        if (t_s - edge_before(d, t_s) > 0.01 * d->stop_s) {
            worst = fmax(worst, fabs(spice->x[1][k] - v));
        }
    }
    return top > 0 ? worst / top : worst;
}

/* Times at which the column passes the level, by straight lines between rows. */
static size_t passages(const mho_trace *t, size_t column, double level, double *at_s) {
    const double *x = t->x[column], *time = t->x[0];
    size_t n = 0;
    for (size_t k = 1; k < t->n_row && n < MAX_PASS; k++) {
        if ((x[k - 1] < level) != (x[k] < level)) {
            double f = (level - x[k - 1]) / (x[k] - x[k - 1]);
            at_s[n++] = time[k - 1] + f * (time[k] - time[k - 1]);
        }
    }
    return n;
}

static void time_difference(const mho_neuron_drive *d, const mho_trace *own, const mho_trace *spice,
                            mho_spice_comparison *out) {
    double top = 0, a_s[MAX_PASS], b_s[MAX_PASS];
    for (size_t k = 0; k < own->n_row; k++) {
        top = fmax(top, own->x[2][k]);
    }
    for (int l = 1; l <= N_LEVEL; l++) {
        size_t n = passages(own, 2, top * l / (N_LEVEL + 1), a_s);
        if (passages(spice, 2, top * l / (N_LEVEL + 1), b_s) != n) {
            out->time_rel = INFINITY; /* one of them passes more often */
            return;
        }
        for (size_t k = 0; k < n; k++, out->n_time++) {
            double since = fmax(a_s[k] - edge_before(d, a_s[k]), 0.01 * d->stop_s);
            out->time_rel = fmax(out->time_rel, fabs(a_s[k] - b_s[k]) / since);
        }
    }
}

mho_status mho_neuron_spice_compare(mho_ctx *ctx, const mho_neuron_param *param,
                                    const mho_neuron_circuit *circuit,
                                    const mho_neuron_device *device, const mho_neuron_drive *drive,
                                    double max_step_s, double reltol, mho_spice_comparison *out,
                                    char version[MHO_SPICE_VERSION_BYTES]) {
    mho_trace *own = NULL, *spice = NULL;
    mho_film_run run;
    mho_spice_comparison c = {0};
    mho_transient_opt opt = MHO_TRANSIENT_OPT_INIT;
    opt.n_sample = 20001;
    mho_status status = mho_neuron_simulate(ctx, param, circuit, device, drive, &opt, &run, &own);
    if (status == MHO_OK) {
        status = mho_neuron_spice_transient(ctx, param, circuit, device, drive, max_step_s, reltol,
                                            &c.spice_s, &spice, version);
    }
    if (status == MHO_OK) {
        c.own_s = run.rep.wall_s;
        c.value_rel = value_difference(drive, own, spice);
        time_difference(drive, own, spice, &c);
        *out = c;
    }
    mho_trace_free(own);
    mho_trace_free(spice);
    return status;
}
