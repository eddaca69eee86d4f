/* film_time.c - a film with its small circuit, integrated in time.
 *
 * heated (the neuron):        amplifier - series resistor - heater;
 *                             read bias - film - (load resistor | capacitor) - ground
 * self-heated (the oscillator): source - series resistor - (film | capacitor) - ground
 *
 * States: temperature rise and the voltage on the capacitor. Without a capacitor the voltage
 * follows the divider at once and the second state rests. */
#include "lab_int.h"

#include <math.h>
#include <string.h>

enum { Q_HEATER_SOURCE = 0, Q_READ_SOURCE, Q_SERIES, Q_HEATER, Q_FILM, Q_LOAD, Q_BASE, N_QUAD };
static const double hottest_K = 400; /* as mho_neuron_output */

enum { ROOT_RATE = 0, ROOT_BAND, ROOT_WATCH };

const mho_i_column mho_i_film_columns[2][8] = {{{"time", "s"},
                                                {"drive", "V"},
                                                {"rise", "K"},
                                                {"film", "ohm"},
                                                {"v_out", "V"},
                                                {"metal", ""},
                                                {"p_heater", "W"},
                                                {"p_film", "W"}},
                                               {{"time", "s"},
                                                {"drive", "V"},
                                                {"rise", "K"},
                                                {"film", "ohm"},
                                                {"v_film", "V"},
                                                {"metal", ""},
                                                {"i_film", "A"},
                                                {"p_film", "W"}}};

/* Everything that flows at one moment. */
typedef struct flows {
    double rise_rate_K_per_s, v_rate_V_per_s;
    double p[N_QUAD]; /* W */
    double v_V, i_film_A, drive_V;
    mho_i_film_at film;
} flows;

static void flow_heated(const mho_i_film_sim *s, double t_s, double rise, flows *f) {
    const mho_i_neuron *n = &s->film.n;
    double t_K = n->p->t_base_K + rise, v_h = mho_i_line_at(&s->line[0], t_s);
    double r_h = n->r_heater_ohm * (1 + n->p->heater_tcr_per_K * (t_K - 300));
    double i_h = v_h / (s->r_series_ohm + r_h);
    f->drive_V = v_h;
    f->p[Q_HEATER_SOURCE] = v_h * i_h;
    f->p[Q_SERIES] = i_h * i_h * s->r_series_ohm;
    f->p[Q_HEATER] = i_h * i_h * r_h;
    double v_b = mho_i_line_at(&s->line[1], t_s), r_l = s->r_load_ohm;
    if (s->cap_F == 0) {
        f->v_V = v_b * r_l / (r_l + f->film.r_ohm);
    }
    f->i_film_A = (v_b - f->v_V) / f->film.r_ohm;
    f->p[Q_READ_SOURCE] = v_b * f->i_film_A;
    f->p[Q_FILM] = (v_b - f->v_V) * f->i_film_A;
    f->p[Q_LOAD] = f->v_V * f->v_V / r_l;
    f->v_rate_V_per_s = s->cap_F > 0 ? (f->i_film_A - f->v_V / r_l) / s->cap_F : 0;
}

static void flow_self_heated(const mho_i_film_sim *s, double t_s, flows *f) {
    double v_s = mho_i_line_at(&s->line[1], t_s), r = f->film.r_ohm, r_l = s->r_load_ohm;
    f->drive_V = v_s;
    if (s->cap_F == 0) {
        f->v_V = v_s * r / (r_l + r);
    }
    double i_s = (v_s - f->v_V) / r_l;
    f->i_film_A = f->v_V / r;
    f->p[Q_HEATER_SOURCE] = f->p[Q_SERIES] = f->p[Q_HEATER] = 0;
    f->p[Q_READ_SOURCE] = v_s * i_s;
    f->p[Q_FILM] = f->v_V * f->i_film_A;
    f->p[Q_LOAD] = (v_s - f->v_V) * i_s;
    f->v_rate_V_per_s = s->cap_F > 0 ? (i_s - f->i_film_A) / s->cap_F : 0;
}

static flows flow(const mho_i_film_sim *s, double t_s, const double *y) {
    flows f;
    f.film = mho_i_film_look(&s->film, y[0]);
    f.v_V = y[1];
    if (s->kind == MHO_I_HEATED) {
        flow_heated(s, t_s, y[0], &f);
    } else {
        flow_self_heated(s, t_s, &f);
    }
    f.p[Q_BASE] = y[0] / s->film.n.rth_K_per_W;
    f.rise_rate_K_per_s = (f.p[Q_HEATER] + f.p[Q_FILM] - f.p[Q_BASE]) / f.film.c_J_per_K;
    return f;
}

static void rate(void *user, double t_s, const double *y, double *dy) {
    flows f = flow(user, t_s, y);
    dy[0] = f.rise_rate_K_per_s;
    dy[1] = f.v_rate_V_per_s;
}

static void quad(void *user, double t_s, const double *y, double *dq) {
    flows f = flow(user, t_s, y);
    for (int k = 0; k < N_QUAD; k++) {
        dq[k] = f.p[k];
    }
}

static void root(void *user, double t_s, const double *y, double *g) {
    const mho_i_film_sim *s = user;
    flows f = flow(s, t_s, y);
    double dir = mho_i_film_direction(&s->film);
    /* where the temperature rests, the rate is noise of the integrator around 0: not an extreme */
    double noise_K = 100 * s->opt->tol_rel * fmax(fabs(y[0]), 1);
    double way_K = f.rise_rate_K_per_s * s->film.n.rth_K_per_W * s->film.cth_J_per_K;
    g[ROOT_RATE] = dir * way_K + noise_K;
    g[ROOT_BAND] = dir * (s->extreme_K - y[0]) - s->opt->dead_band_K;
    for (size_t k = 0; k < s->n_watch; k++) {
        g[ROOT_WATCH + k] = (s->watch_rise[k] ? y[0] : f.v_V) - s->watch_level[k];
    }
}

static void turn(mho_i_film_sim *s, double rise_K) {
    if (mho_i_film_direction(&s->film) > 0) {
        s->first_spike_s = s->n_spike++ ? s->first_spike_s : s->extreme_s;
        if (s->n_turn == MHO_I_MAX_TURN) { /* the later ones count: the older half goes */
            const size_t half = MHO_I_MAX_TURN / 2;
            memcpy(s->turn_s, s->turn_s + half, half * sizeof *s->turn_s);
            memcpy(s->turn_in_J, s->turn_in_J + half, half * sizeof *s->turn_in_J);
            s->n_turn = half;
        }
        s->turn_s[s->n_turn] = s->extreme_s;
        s->turn_in_J[s->n_turn++] = s->extreme_in_J;
    }
    mho_i_film_turn(&s->film, rise_K);
    s->extreme_K = rise_K;
    s->n_reversal++;
}

static bool event(void *user, double t_s, double *y, const double *q, const int *found) {
    mho_i_film_sim *s = user;
    double dir = mho_i_film_direction(&s->film);
    for (size_t k = 0; k < s->n_watch; k++) {
        if (found[ROOT_WATCH + k]) {
            s->watch_last_s[k] = t_s;
        }
    }
    if (found[ROOT_RATE] && dir * (y[0] - s->extreme_K) > 0) {
        s->extreme_K = y[0];
        s->extreme_s = t_s;
        s->extreme_in_J = q[Q_HEATER_SOURCE] + q[Q_READ_SOURCE];
    }
    /* > 0 only: the root of a turn back within the band */
    if (found[ROOT_BAND] > 0) {
        turn(s, y[0]);
        return true;
    }
    return false;
}

/* The new part of the drive may turn the heat flow round at once. */
static void part(void *user, double from_s, double to_s, double *y) {
    mho_i_film_sim *s = user;
    s->line[0] = s->kind == MHO_I_HEATED ? mho_i_waveform_line(&s->heater_V, from_s, to_s)
                                         : (mho_i_line){from_s, 0, 0};
    s->line[1] = mho_i_waveform_line(&s->read_V, from_s, to_s);
    flows f = flow(s, from_s, y);
    double dir = mho_i_film_direction(&s->film);
    double way_K = f.rise_rate_K_per_s * s->film.n.rth_K_per_W * f.film.c_J_per_K;
    if (dir * (y[0] - s->extreme_K) > 0) {
        s->extreme_K = y[0];
        s->extreme_s = from_s;
    }
    if (-dir * way_K > s->opt->dead_band_K) {
        s->extreme_s = from_s;
        turn(s, y[0]);
    }
}

static void sample(void *user, double t_s, const double *y) {
    mho_i_film_sim *s = user;
    s->rise_max_K = fmax(s->rise_max_K, y[0]);
    s->rise_min_K = fmin(s->rise_min_K, y[0]);
    if (s->trace) {
        flows f = flow(s, t_s, y);
        double row[8] = {s->trace_t0_s + t_s,
                         f.drive_V,
                         y[0],
                         f.film.r_ohm,
                         f.v_V,
                         f.film.metal,
                         s->kind == MHO_I_HEATED ? f.p[Q_HEATER] : f.i_film_A,
                         f.p[Q_FILM]};
        mho_i_trace_add(s->trace, row);
    }
}

void mho_i_film_energy_close(mho_film_energy *e) {
    double in = e->heater_source_J + e->read_source_J;
    double out = e->series_J + e->load_J + e->base_J;
    double stored = e->stored_heat_J + e->stored_latent_J + e->stored_cap_J;
    /* a reset delivers nothing: then the heat that comes out is the scale */
    double scale = fmax(fabs(in), fmax(fabs(out), fabs(stored)));
    e->residual_rel = scale > 0 ? fabs(in - out - stored) / scale : 0;
}

void mho_i_film_energy_add(mho_film_energy *sum, const mho_film_energy *part_of) {
    sum->heater_source_J += part_of->heater_source_J;
    sum->read_source_J += part_of->read_source_J;
    sum->series_J += part_of->series_J;
    sum->heater_J += part_of->heater_J;
    sum->film_J += part_of->film_J;
    sum->load_J += part_of->load_J;
    sum->base_J += part_of->base_J;
    sum->stored_heat_J += part_of->stored_heat_J;
    sum->stored_latent_J += part_of->stored_latent_J;
    sum->stored_cap_J += part_of->stored_cap_J;
    mho_i_film_energy_close(sum);
}

/* What is stored, J; the differences of start and end count. */
static void stored(const mho_i_film_sim *s, double sign, mho_film_energy *e) {
    e->stored_heat_J += sign * s->film.cth_J_per_K * s->rise_K;
    e->stored_latent_J += sign * s->film.latent_J * mho_i_film_look(&s->film, s->rise_K).metal;
    e->stored_cap_J += sign * 0.5 * s->cap_F * s->v_V * s->v_V;
}

mho_status mho_i_film_run(mho_ctx *ctx, mho_i_film_sim *s, double stop_s,
                          const mho_transient_opt *opt, mho_film_energy *energy,
                          mho_transient_report *rep) {
    const mho_waveform wave[2] = {s->read_V, s->heater_V};
    size_t n_wave = s->kind == MHO_I_HEATED ? 2 : 1;
    double *edge_s = mho_i_alloc(ctx, 2 + wave[0].n + (n_wave > 1 ? wave[1].n : 0), sizeof *edge_s);
    if (!edge_s) {
        return MHO_ERR_NOMEM;
    }
    size_t n_edge = mho_i_waveform_edges(n_wave, wave, stop_s, edge_s);
    double v_scale = 1e-6;
    for (size_t k = 0; k < s->read_V.n; k++) {
        v_scale = fmax(v_scale, fabs(s->read_V.v[k]));
    }
    double tol[2] = {opt->tol_rel * 0.1, opt->tol_rel * 0.01 * v_scale}, q_tol[N_QUAD];
    for (int k = 0; k < N_QUAD; k++) {
        q_tol[k] = opt->tol_rel * s->film.cth_J_per_K * 0.1;
    }
    s->opt = opt;
    s->n_turn = s->n_reversal = s->n_spike = 0;
    s->first_spike_s = NAN;
    s->rise_max_K = -INFINITY;
    s->rise_min_K = INFINITY;
    s->extreme_K = s->rise_K;
    s->extreme_s = s->extreme_in_J = 0;
    for (size_t k = 0; k < s->n_watch; k++) {
        s->watch_last_s[k] = NAN;
    }
    const mho_i_stiff p = {
        2,      N_QUAD, ROOT_WATCH + s->n_watch, tol, q_tol, s, rate, quad, root, event, part,
        sample, NULL};
    mho_film_energy e = {0};
    double y[2] = {s->rise_K, s->v_V}, q[N_QUAD] = {0};
    stored(s, -1, &e);
    mho_status status = mho_i_stiff_run(ctx, &p, opt, n_edge, edge_s, y, q, rep);
    mho_i_free(ctx, edge_s);
    if (status < 0) {
        return status;
    }
    if (s->rise_max_K > hottest_K) {
        return mho_i_fail(ctx, MHO_ERR_SINGULAR,
                          "the film heats by %.3g K: over %g K the model ends, as the film would",
                          s->rise_max_K, hottest_K);
    }
    s->rise_K = y[0];
    s->v_V = y[1];
    stored(s, 1, &e);
    e.heater_source_J = q[Q_HEATER_SOURCE];
    e.read_source_J = q[Q_READ_SOURCE];
    e.series_J = q[Q_SERIES];
    e.heater_J = q[Q_HEATER];
    e.film_J = q[Q_FILM];
    e.load_J = q[Q_LOAD];
    e.base_J = q[Q_BASE];
    mho_i_film_energy_close(&e);
    *energy = e;
    rep->n_reversal += s->n_reversal;
    if (s->trace && s->trace->status < 0) {
        return mho_i_fail(ctx, s->trace->status, "out of memory for the trace");
    }
    return mho_i_balance_check(ctx, status, "film", e.residual_rel);
}
