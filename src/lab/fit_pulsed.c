/* fit_pulsed.c - potentiation and depression fitted with the step laws of model pulsed.
 *
 * Two views of the same measurement. Increments: y = change of w per pulse from one reading to the
 * next, a regression on the reading before; right when pulses scatter, for then the changes are
 * independent. Curve: y = w itself, every pulse applied to a state that nobody reads; right when
 * readings scatter. The noise e of a reading enters two changes with opposite signs, so changes
 * have covariance -var(e) with their neighbours: that tells which case it is, and both variances.
 */
#include "fit_int.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef enum law_kind { LAW_CONSTANT, LAW_LINEAR, LAW_SOFT, LAW_EXPONENTIAL, N_LAW } law_kind;
static const char *const law_names[] = {"constant", "linear", "soft-bounds", "exponential"};

/* fitted ones first, in the order of a law's parameters */
static const mho_param_info rows[] = {
    {"dw_min", "", 1e-9, 1, 'C', NULL, "up step at w = 0"},
    {"scale_down", "", 1e-3, 100, 'C', NULL, "down step at w = 0 over dw_min"},
    {"gamma_up", "", -20, 20, 'C', NULL, "how the up step changes with w"},
    {"gamma_down", "", -20, 20, 'C', NULL, "how the down step changes with -w"},
    {"a_up", "", -100, 100, 'C', NULL, "exponential: weight of exp(gamma_up w)"},
    {"a_down", "", -100, 100, 'C', NULL, "exponential: weight of exp(-gamma_down w)"},
    {"w_max", "", 0.5, 100, 'C', NULL, "upper bound of w"},
    {"w_min", "", -100, -0.5, 'C', NULL, "lower bound of w"},
};
enum { DW, DOWN, G_UP, G_DOWN, A_UP, A_DOWN, W_MAX, W_MIN, N_ROW };
static const int free_of[N_LAW][6] = {{DW, DOWN, -1},
                                      {DW, DOWN, G_UP, G_DOWN, -1},
                                      {DW, DOWN, W_MAX, W_MIN, -1},
                                      {DW, DOWN, G_UP, G_DOWN, A_UP, A_DOWN}};
static const int n_free_of[N_LAW] = {2, 4, 4, 6};

enum { MOST_START = 6 }; /* stretches of a curve, each with a first state of its own */

typedef struct pulsed {
    const mho_i_pulses *m;
    law_kind law;
    bool curve;
    size_t n_point;
    size_t *reading; /* [n_point] increments: the reading after; potentiation first */
} pulsed;

/* ---- model ---- */

typedef struct steps {
    law_kind law;
    double v[N_ROW];
} steps;

static steps unpack(law_kind law, const double *p) {
    steps s = {law, {0.01, 1, 0, 0, 0, 0, 1, -1}};
    for (int j = 0; j < n_free_of[law]; j++) {
        s.v[free_of[law][j]] = p[j];
    }
    return s;
}

static double step(const steps *s, double w, int direction) {
    double size = s->v[DW] * (direction > 0 ? 1 : s->v[DOWN]), u = direction * w;
    double gamma = s->v[direction > 0 ? G_UP : G_DOWN], a = s->v[direction > 0 ? A_UP : A_DOWN];
    switch (s->law) {
    case LAW_LINEAR:
        return size * (1 - gamma * u);
    case LAW_SOFT:
        return size * (1 - w / s->v[direction > 0 ? W_MAX : W_MIN]);
    case LAW_EXPONENTIAL:
        return size * fmax(1 - a * exp(gamma * u), 0);
    default:
        return size;
    }
}

static double after(const steps *s, double w, int direction, double n_step) {
    for (double k = 0; k < n_step; k++) {
        w += direction * step(s, w, direction);
        w = w > 10 ? 10 : w < -10 ? -10 : w; /* a wild trial must stay finite */
    }
    return w;
}

static void model_increments(const pulsed *q, const steps *s, double *out) {
    for (size_t k = 0; k < q->n_point; k++) {
        size_t i = q->reading[k];
        double w = q->m->w[i - 1], n = q->m->n_step[i];
        out[k] = (after(s, w, q->m->direction[i], n) - w) / n;
    }
}

static void model_curve(const pulsed *q, const steps *s, const double *start, double *out) {
    double w = 0;
    size_t run = 0;
    for (size_t k = 0; k < q->n_point; k++) {
        w = q->m->n_step[k] == 0 ? start[run++] : after(s, w, q->m->direction[k], q->m->n_step[k]);
        out[k] = w;
    }
}

static void model(const void *user, const double *p, double *out) {
    const pulsed *q = user;
    steps s = unpack(q->law, p);
    if (q->curve) {
        model_curve(q, &s, p + n_free_of[q->law], out);
    } else {
        model_increments(q, &s, out);
    }
}

/* ---- problem ---- */

static mho_status list_increments(mho_ctx *ctx, pulsed *q, mho_i_problem *prob, double *y) {
    q->reading = mho_i_alloc(ctx, q->m->n, sizeof *q->reading);
    if (!q->reading) {
        return MHO_ERR_NOMEM;
    }
    size_t n = 0;
    prob->n_group = 0;
    for (int d = 1; d >= -1; d -= 2) {
        for (size_t k = 1; k < q->m->n; k++) {
            if (q->m->direction[k] == d && q->m->n_step[k] > 0) {
                y[n] = (q->m->w[k] - q->m->w[k - 1]) / q->m->n_step[k];
                q->reading[n++] = k;
            }
        }
        if (n > prob->start[prob->n_group]) {
            prob->start[++prob->n_group] = n;
        }
    }
    q->n_point = n;
    return MHO_OK;
}

static size_t starts_for(const pulsed *q, const mho_i_problem *prob, double *starts) {
    double n[2] = {0, 0}; /* pulses up and down */
    for (size_t k = 1; k < q->m->n; k++) {
        if (q->m->n_step[k] > 0) {
            n[q->m->direction[k] < 0] += q->m->n_step[k];
        }
    }
    double up = n[0] > 0 ? 2 / fmax(n[0], 3) : 0.01, down = n[1] > 0 ? 2 / fmax(n[1], 3) : up;
    static const double bend[] = {0.5, 0.9, 0.1};
    for (int s = 0; s < 3; s++) {
        double v[N_ROW] = {up, down / up, bend[s], bend[s], 0, 0, 1 / bend[s], -1 / bend[s]};
        if (q->law == LAW_EXPONENTIAL) { /* 1 - a exp(gamma w), falling */
            v[A_UP] = v[A_DOWN] = s == 1 ? -1 : 0.3;
            v[G_UP] = v[G_DOWN] = s == 1 ? -1.5 : s == 0 ? 1 : 2;
        }
        size_t j = 0;
        for (; j < (size_t)n_free_of[q->law]; j++) {
            int f = free_of[q->law][j];
            v[f] = fmin(fmax(v[f], rows[f].min * (1 + 1e-9)), rows[f].max);
            starts[(size_t)s * prob->n_free + j] = v[f];
        }
        for (size_t k = 0; q->curve && k < q->m->n; k++) {
            if (q->m->n_step[k] == 0) {
                starts[(size_t)s * prob->n_free + j++] = q->m->w[k];
            }
        }
    }
    return 3;
}

static mho_status solve(pulsed *q, mho_i_problem *prob, mho_i_optimum *best) {
    double starts[3 * MHO_FIT_MAX_PARAM];
    size_t n = (size_t)n_free_of[q->law];
    for (size_t j = 0; j < n; j++) {
        const mho_param_info *r = &rows[free_of[q->law][j]];
        prob->bound[j] = (mho_i_bound){r->min, r->max, r->min > 0 && r->max / r->min >= 100};
    }
    for (size_t j = 0; q->curve && j < q->m->n_run; j++) {
        prob->bound[n + j] = (mho_i_bound){-2, 2, false};
    }
    prob->n_free = n + (q->curve ? q->m->n_run : 0);
    prob->n_point = q->n_point;
    if (prob->n_point <= prob->n_free) {
        return mho_i_fail(prob->ctx, MHO_ERR_ARG, "%zu changes for %zu parameters: more are needed",
                          prob->n_point, prob->n_free);
    }
    size_t n_start = starts_for(q, prob, starts);
    return mho_i_fit_solve(prob, n_start, starts, best);
}

/* The law that was asked for, or the best by BIC. */
static mho_status solve_laws(pulsed *q, mho_i_problem *prob, int asked, mho_i_optimum *best) {
    double least = INFINITY;
    law_kind chosen = LAW_LINEAR;
    for (int law = 0; law < N_LAW; law++) {
        mho_i_optimum o;
        if (asked >= 0 && law != asked) {
            continue;
        }
        q->law = (law_kind)law;
        mho_status status = solve(q, prob, &o);
        if (status < 0) {
            return status;
        }
        double n = (double)prob->n_point;
        double bic = n * log(o.sse / n) + log(n) * (double)prob->n_free;
        /* a soft bound beyond the data is the same straight line: the simpler name wins */
        if (bic < least - 0.5 && (o.rank == prob->n_free || asked >= 0)) {
            least = bic;
            chosen = q->law;
        }
    }
    q->law = chosen;
    return solve(q, prob, best);
}

/* ---- turns ---- */

enum { MOST_TURNS = 16, MOST_ROUNDS = 40 };

/* Readings at which a new direction begins. */
static size_t list_turns(const mho_i_pulses *m, size_t *turn) {
    size_t n = 0;
    for (size_t k = 1; k < m->n; k++) {
        if (m->direction[k] != m->direction[k - 1] && m->n_step[k] > 0) {
            if (n < MOST_TURNS) {
                turn[n] = k;
            }
            n++;
        }
    }
    return n;
}

/* The turn at reading k goes by shift readings; false: that would run into another one. */
static bool shift_turn(int *d, size_t n, size_t k, int shift) {
    int old = d[k - 1], new = d[k];
    for (int i = 0; i < abs(shift); i++) {
        size_t j = shift > 0 ? k + (size_t)i : k - 1 - (size_t)i;
        if (j < 1 || j + 1 >= n || d[j] != (shift > 0 ? new : old)) {
            return false;
        }
    }
    for (int i = 0; i < abs(shift); i++) {
        d[shift > 0 ? k + (size_t)i : k - 1 - (size_t)i] = shift > 0 ? old : new;
    }
    return true;
}

/* The extreme of noisy readings is not where the direction changed. Turns are moved as long as the
 * whole curve, fitted anew, gets better: a turn alone cannot move, because every later state hangs
 * on it. */
static mho_status refine_turns(mho_ctx *ctx, const pulsed *q, mho_i_problem *prob,
                               mho_i_optimum *best, mho_fit *fit) {
    static const int shifts[] = {1, -1, 3, -3};
    size_t turn[MOST_TURNS], n = list_turns(q->m, turn);
    if (q->m->directed || n == 0) {
        return MHO_OK;
    }
    if (n > MOST_TURNS) {
        return mho_i_fit_note(ctx, fit,
                              "%zu turns without a column of directions: those of the readings are "
                              "taken, which noise displaces",
                              n);
    }
    bool better = true;
    for (int round = 0; round < MOST_ROUNDS && better; round++) {
        better = false;
        for (size_t i = 0; i < n; i++) {
            for (size_t s = 0; s < sizeof shifts / sizeof *shifts; s++) {
                mho_i_optimum trial;
                if (!shift_turn(q->m->direction, q->m->n, turn[i], shifts[s])) {
                    continue;
                }
                size_t moved = (size_t)((ptrdiff_t)turn[i] + shifts[s]);
                mho_status status = mho_i_fit_solve(prob, 1, best->p, &trial);
                if (status < 0) {
                    return status;
                }
                if (trial.sse < best->sse * (1 - 1e-9)) {
                    *best = trial;
                    turn[i] = moved;
                    better = true;
                } else {
                    shift_turn(q->m->direction, q->m->n, moved, -shifts[s]);
                }
            }
        }
    }
    return mho_i_fit_note(
        ctx, fit,
        "turns were placed where the whole curve fits best; a column of directions "
        "would tell them");
}

/* ---- noise ---- */

/* Variances of a pulse and of a reading from the changes left over. */
static void split_noise(const pulsed *q, const mho_i_problem *prob, const mho_i_optimum *best,
                        double *work, double *pulse, double *reading) {
    double c0 = 0, c1 = 0, n1 = 0;
    prob->model(prob->user, best->p, work);
    for (size_t k = 0; k < prob->n_point; k++) {
        work[k] = prob->y[k] - work[k];
        c0 += work[k] * work[k];
        if (k && q->reading[k] == q->reading[k - 1] + 1) {
            c1 += work[k] * work[k - 1];
            n1++;
        }
    }
    c0 /= (double)(prob->n_point - prob->n_free);
    c1 = n1 > 0 ? c1 / n1 : 0;
    /* a variance below twice its own sampling error is none */
    double error = c0 / sqrt((double)prob->n_point);
    *reading = -c1 > 2 * error ? fmin(-c1, c0 / 2) : 0;
    *pulse = c0 - 2 * *reading > 4 * error ? c0 - 2 * *reading : 0;
}

/* ---- result ---- */

static void held(mho_fit *fit, const char *key, const char *unit, double value, const char *help) {
    mho_param_info info = {"", unit, -INFINITY, INFINITY, 'C', NULL, help};
    snprintf(info.key, sizeof info.key, "%s", key);
    mho_i_fit_add(fit, &info, value, false)->in_card = true;
}

static void describe(const pulsed *q, const mho_i_problem *prob, const char *path, double pulse_sd,
                     double reading_sd, const mho_i_optimum *best, mho_fit *fit) {
    const char *base = strrchr(path, '/');
    snprintf(fit->model, sizeof fit->model, "pulsed");
    snprintf(fit->law, sizeof fit->law, "%s", law_names[q->law]);
    snprintf(fit->law_key, sizeof fit->law_key, "law");
    snprintf(fit->more, sizeof fit->more, "noise: additive");
    snprintf(fit->data, sizeof fit->data, "%s", base ? base + 1 : path);
    fit->x_label = q->curve ? "reading" : "conductance before the pulse";
    fit->x_unit = q->curve ? "" : "S";
    fit->y_label = q->curve ? "conductance" : "change by a pulse";
    fit->y_unit = fit->residual_unit = "S";
    for (int j = 0; j < n_free_of[q->law]; j++) {
        mho_i_fit_add(fit, &rows[free_of[q->law][j]], 0, true)->in_card = true;
    }
    for (size_t j = 0; q->curve && j < q->m->n_run; j++) {
        mho_param_info info = {
            "", "", -2, 2, 'C', NULL, "first state of a stretch (not in the card)"};
        snprintf(info.key, sizeof info.key, "start_%zu", j + 1);
        mho_i_fit_add(fit, &info, 0, true);
    }
    if (q->law != LAW_SOFT) {
        held(fit, "w_max", "", 1, "upper end of the data");
        held(fit, "w_min", "", -1, "lower end of the data");
    }
    held(fit, "up_down", "", 0, "asymmetry: in scale_down");
    if (q->law == LAW_EXPONENTIAL) {
        held(fit, "es_a", "", 1, "z = w");
        held(fit, "es_b", "", 0, "z = w");
    }
    held(fit, "g_zero", "S", q->m->g_zero_S, "conductance at w = 0: middle of the data");
    held(fit, "g_unit", "S", q->m->g_unit_S, "conductance per unit of w: half their range");
    held(fit, "cycle_sd", "", pulse_sd / best->p[0], "scatter of a pulse over dw_min");
    held(fit, "write_noise", "", reading_sd / best->p[0], "scatter of a reading over dw_min");
    for (size_t k = 0; k < prob->n_point; k++) {
        size_t i = q->curve ? k : q->reading[k];
        fit->point[k].x = q->curve ? (double)k : q->m->g_zero_S + q->m->g_unit_S * q->m->w[i - 1];
    }
}

/* Engine and points are in w; what people see is in siemens. */
static void into_siemens(const pulsed *q, const mho_i_problem *prob, mho_fit *fit) {
    double unit = q->m->g_unit_S, zero = q->curve ? q->m->g_zero_S : 0;
    for (size_t k = 0; k < prob->n_point; k++) {
        mho_fit_point *p = &fit->point[k];
        p->y = zero + unit * prob->y[k];
        p->model = zero + unit * p->model;
        p->residual *= unit;
    }
    for (size_t g = 0; g < fit->n_group; g++) {
        fit->group[g].rms *= unit;
        fit->group[g].max_abs *= unit;
    }
    fit->rms *= unit;
    fit->max_abs *= unit;
}

static mho_status fit_all(mho_ctx *ctx, pulsed *q, mho_i_problem *prob, double *y, double *work,
                          int asked, const mho_fit_pulsed_opt *opt, const char *path,
                          mho_fit *fit) {
    mho_i_optimum best;
    double pulse = 0, reading = 0;
    mho_status status = list_increments(ctx, q, prob, y);
    if (status == MHO_OK) {
        status = solve_laws(q, prob, asked, &best);
    }
    if (status < 0) {
        return status;
    }
    split_noise(q, prob, &best, work, &pulse, &reading);
    const char *names[] = {"potentiation", "depression"};
    size_t first = q->m->direction[q->reading[0]] > 0 ? 0 : 1;
    if (reading > pulse && q->m->n_run <= MOST_START) {
        q->curve = true;
        q->n_point = q->m->n;
        memcpy(y, q->m->w, q->m->n * sizeof *y);
        prob->n_group = 1;
        prob->start[1] = q->m->n;
        status = solve_laws(q, prob, asked, &best);
        status = status == MHO_OK ? refine_turns(ctx, q, prob, &best, fit) : status;
    }
    for (size_t g = 0; g < prob->n_group; g++) {
        snprintf(fit->group[g].name, sizeof fit->group[g].name, "%s",
                 q->curve ? "whole curve" : names[(first + g) % 2]);
    }
    for (size_t k = 0; k < prob->n_point; k++) {
        fit->point[k].group = !q->curve && prob->n_group == 2 && k >= prob->start[1];
    }
    fit->n_point = prob->n_point;
    fit->n_start = 3 * (asked >= 0 ? 1 : N_LAW);
    if (status == MHO_OK) {
        describe(q, prob, path, sqrt(pulse), sqrt(reading), &best, fit);
        status = mho_i_fit_finish(ctx, fit, prob, &best, opt->n_bootstrap, opt->seed);
        into_siemens(q, prob, fit);
    }
    if (status == MHO_OK && q->curve) {
        status =
            mho_i_fit_note(ctx, fit,
                           "readings scatter more than pulses (changes are anticorrelated): the "
                           "whole curve is fitted, not its changes");
    }
    if (status == MHO_OK && prob->n_group == 1 && !q->curve) {
        status = mho_i_fit_note(ctx, fit, "there is %s only: the other direction means nothing",
                                fit->group[0].name);
    }
    return status;
}

static int law_index(const char *name) {
    for (int k = 0; name && k < N_LAW; k++) {
        if (strcmp(name, law_names[k]) == 0) {
            return k;
        }
    }
    return -1;
}

mho_status mho_fit_pulsed(mho_ctx *ctx, const char *path, const mho_fit_pulsed_opt *opt,
                          mho_fit **out) {
    mho_i_csv *csv = NULL;
    mho_i_pulses m = {0};
    mho_fit *fit = NULL;
    *out = NULL;
    int asked = law_index(opt->law);
    if (opt->law && asked < 0) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "law \"%s\": constant, linear, soft-bounds and exponential are allowed",
                          opt->law);
    }
    mho_status status = mho_i_fit_check_bootstrap(ctx, opt->n_bootstrap);
    if (status == MHO_OK) {
        status = mho_i_csv_read(ctx, path, &csv);
    }
    if (status == MHO_OK) {
        status = mho_i_fit_new(ctx, csv->n_row, &fit);
    }
    if (status == MHO_OK) {
        status = mho_i_pulses_read(ctx, path, opt->columns, fit, csv, &m);
    }
    double *y = status == MHO_OK ? mho_i_alloc(ctx, 2 * m.n, sizeof *y) : NULL;
    if (status == MHO_OK && !y) {
        status = MHO_ERR_NOMEM;
    }
    if (status == MHO_OK) {
        pulsed q = {.m = &m};
        mho_i_problem prob = {.ctx = ctx, .y = y, .model = model, .user = &q};
        status = fit_all(ctx, &q, &prob, y, y + m.n, asked, opt, path, fit);
        mho_i_free(ctx, q.reading);
    }
    mho_i_free(ctx, y);
    mho_i_pulses_free(ctx, &m);
    mho_i_csv_free(csv);
    if (status < 0) {
        mho_fit_free(ctx, fit);
        return status;
    }
    *out = fit;
    return mho_i_fit_judge(ctx, fit);
}
