/* opto_cells.c - many optomemristors: struct of arrays, a list of the lit ones, pulses on lists.
 *
 * A pulse under the dark threshold changes lit cells only, so a global pulse visits those; what the
 * dark cells conduct meanwhile follows from the sum of x, which every write keeps up to date. */
#include "device_int.h"

#include <math.h>

#define DARK 1e-6 /* carriers below become 0 and the cell leaves the list of lit cells */

enum { MAX_PULSE_V = 10, LIT = 1, CHOSEN = 2 };

struct mho_opto_cells {
    mho_ctx *ctx;
    mho_opto_param p;
    uint64_t seed;
    uint32_t first; /* device number of cell 0 */
    uint32_t n_cell;
    double *x, *n, *rate_p, *rate_n; /* [n_cell] */
    unsigned char *flag;             /* [n_cell] LIT: is in lit; CHOSEN: scratch of one operation */
    uint32_t *lit;                   /* [n_lit] of n_cell places */
    uint32_t n_lit;
    uint32_t write_number, read_number; /* evaluations of the noise streams; wrap after 4e9 */
    double x_sum;
    double read_shape; /* sinh(b v)/(b v) at v_read */
    mho_opto_account account;
};

/* ---- object ---- */

mho_status mho_opto_cells_start(mho_opto_cells *c, uint64_t seed, size_t first, double x_start) {
    if (!(x_start >= 0 && x_start <= 1)) {
        return mho_i_fail(c->ctx, MHO_ERR_ARG, "x_start = %g: allowed are 0 to 1", x_start);
    }
    if (first > UINT32_MAX - c->n_cell) {
        return mho_i_fail(c->ctx, MHO_ERR_ARG, "first = %zu: device numbers end at %u", first,
                          UINT32_MAX);
    }
    c->seed = seed;
    c->first = (uint32_t)first;
    for (uint32_t k = 0; k < c->n_cell; k++) {
        double z[2];
        mho_i_rng_normal(seed, MHO_RNG_OPTO_SPREAD, c->first + k, 0, 2, z);
        c->rate_p[k] = exp(c->p.cell_sd_rel * z[0]);
        c->rate_n[k] = exp(c->p.cell_sd_rel * z[1]);
        c->x[k] = x_start;
        c->n[k] = 0;
        c->flag[k] = 0;
    }
    c->n_lit = c->write_number = c->read_number = 0;
    c->x_sum = x_start * c->n_cell;
    c->account = (mho_opto_account){0};
    return MHO_OK;
}

mho_status mho_opto_cells_new(mho_ctx *ctx, const mho_opto_param *param, uint64_t seed,
                              size_t first, size_t n, mho_opto_cells **out) {
    *out = NULL;
    mho_status status = mho_opto_param_check(ctx, param);
    if (status != MHO_OK) {
        return status;
    }
    if (n >= UINT32_MAX) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "n = %zu cells: at most %u are allowed", n,
                          UINT32_MAX - 1);
    }
    mho_opto_cells *c = mho_i_alloc(ctx, 1, sizeof *c);
    if (!c) {
        return MHO_ERR_NOMEM;
    }
    c->ctx = ctx;
    c->p = *param;
    c->n_cell = (uint32_t)n;
    double bv = param->sinh_b_per_V * param->v_read_V;
    c->read_shape = sinh(bv) / bv;
    c->x = mho_i_alloc(ctx, n, sizeof *c->x);
    c->n = mho_i_alloc(ctx, n, sizeof *c->n);
    c->rate_p = mho_i_alloc(ctx, n, sizeof *c->rate_p);
    c->rate_n = mho_i_alloc(ctx, n, sizeof *c->rate_n);
    c->flag = mho_i_alloc(ctx, n, sizeof *c->flag);
    c->lit = mho_i_alloc(ctx, n, sizeof *c->lit);
    status = !c->x || !c->n || !c->rate_p || !c->rate_n || !c->flag || !c->lit
                 ? MHO_ERR_NOMEM
                 : mho_opto_cells_start(c, seed, first, 0);
    if (status != MHO_OK) {
        mho_opto_cells_free(c);
        return status;
    }
    *out = c;
    return MHO_OK;
}

void mho_opto_cells_free(mho_opto_cells *c) {
    if (!c) {
        return;
    }
    mho_i_free(c->ctx, c->x);
    mho_i_free(c->ctx, c->n);
    mho_i_free(c->ctx, c->rate_p);
    mho_i_free(c->ctx, c->rate_n);
    mho_i_free(c->ctx, c->flag);
    mho_i_free(c->ctx, c->lit);
    mho_i_free(c->ctx, c);
}

size_t mho_opto_cells_count(const mho_opto_cells *cells) {
    return cells->n_cell;
}
const mho_opto_param *mho_opto_cells_param(const mho_opto_cells *cells) {
    return &cells->p;
}
const double *mho_opto_cells_x(const mho_opto_cells *cells) {
    return cells->x;
}
const double *mho_opto_cells_carriers(const mho_opto_cells *cells) {
    return cells->n;
}
const double *mho_opto_cells_rate_p(const mho_opto_cells *cells) {
    return cells->rate_p;
}
const double *mho_opto_cells_rate_n(const mho_opto_cells *cells) {
    return cells->rate_n;
}
const uint32_t *mho_opto_cells_lit(const mho_opto_cells *cells, size_t *n_lit) {
    *n_lit = cells->n_lit;
    return cells->lit;
}
mho_opto_account mho_opto_cells_account(const mho_opto_cells *cells) {
    return cells->account;
}

/* ---- checks of what comes in ---- */

static mho_status check_list(const mho_opto_cells *c, size_t n_list, const uint32_t *list,
                             const double *each, double each_max) {
    size_t n = list ? n_list : c->n_cell;
    for (size_t j = 0; j < n; j++) {
        if (list && list[j] >= c->n_cell) {
            return mho_i_fail(c->ctx, MHO_ERR_ARG, "list[%zu] = %u: there are %u cells", j, list[j],
                              c->n_cell);
        }
        if (each && !(each[j] >= 0 && each[j] <= each_max)) {
            return mho_i_fail(c->ctx, MHO_ERR_ARG, "factor %zu = %g: allowed are 0 to %g", j,
                              each[j], each_max);
        }
    }
    return MHO_OK;
}

static mho_status check_range(const mho_opto_cells *c, const char *name, double value, double max,
                              const char *unit) {
    if (value >= 0 && value <= max) {
        return MHO_OK;
    }
    return mho_i_fail(c->ctx, MHO_ERR_ARG, "%s = %g%s%s: allowed are 0 to %g", name, value,
                      *unit ? " " : "", unit, max);
}

static inline uint32_t cell_of(const uint32_t *list, size_t j) {
    return list ? list[j] : (uint32_t)j;
}

/* mean 0, sd 1; one number of a stream that only ever gives one */
static double normal(const mho_opto_cells *c, mho_i_purpose purpose, uint32_t k, uint32_t number) {
    uint32_t u[4];
    mho_i_rng_u32x4(c->seed, purpose, c->first + k, number, 0, u);
    return sqrt(-2 * log(((double)u[0] + 0.5) * 0x1p-32)) *
           cos(2 * MHO_PI * ((double)u[1] + 0.5) * 0x1p-32);
}

mho_status mho_opto_cells_set(mho_opto_cells *c, size_t n_list, const uint32_t *list,
                              const double *x) {
    mho_status status = check_list(c, n_list, list, x, 1);
    size_t n = list ? n_list : c->n_cell;
    for (size_t j = 0; status == MHO_OK && j < n; j++) {
        uint32_t k = cell_of(list, j);
        c->x_sum += x[j] - c->x[k];
        c->x[k] = x[j];
    }
    return status;
}

/* ---- light and darkness ---- */

/* Lit cells that are not CHOSEN go on in the dark; those that are dark then leave the list. */
static void decay(mho_opto_cells *c, double dt_s) {
    mho_i_opto_step step = mho_i_opto_step_make(&c->p, 0, dt_s);
    uint32_t kept = 0;
    for (uint32_t j = 0; j < c->n_lit; j++) {
        uint32_t k = c->lit[j];
        if (!(c->flag[k] & CHOSEN)) {
            c->n[k] = mho_i_opto_step_take(&step, c->n[k]);
            if (!(c->n[k] > DARK)) {
                c->n[k] = 0;
                c->flag[k] = 0;
                continue;
            }
        }
        c->lit[kept++] = k;
    }
    c->n_lit = kept;
}

mho_status mho_opto_wait(mho_opto_cells *c, double dt_s) {
    mho_status status = check_range(c, "dt_s", dt_s, HUGE_VAL, "s");
    if (status == MHO_OK) {
        decay(c, dt_s);
        c->account.time_s += dt_s;
    }
    return status;
}

mho_status mho_opto_light(mho_opto_cells *c, double power_rel, double duration_s, size_t n_list,
                          const uint32_t *list, const double *each_rel) {
    mho_status status = check_range(c, "power_rel", power_rel, 1e12, "");
    status = status == MHO_OK ? check_range(c, "duration_s", duration_s, 1e9, "s") : status;
    status = status == MHO_OK ? check_list(c, n_list, list, each_rel, 1e12) : status;
    if (status != MHO_OK) {
        return status;
    }
    size_t n = list ? n_list : c->n_cell;
    for (size_t j = 0; j < n; j++) {
        c->flag[cell_of(list, j)] |= CHOSEN;
    }
    decay(c, duration_s);
    mho_i_opto_step all = mho_i_opto_step_make(&c->p, power_rel, duration_s);
    double power = 0;
    for (size_t j = 0; j < n; j++) {
        uint32_t k = cell_of(list, j);
        if (!(c->flag[k] & CHOSEN)) {
            continue; /* named twice */
        }
        double p = power_rel * (each_rel ? each_rel[j] : 1);
        c->n[k] = each_rel ? mho_opto_carriers_after(&c->p, c->n[k], p, duration_s)
                           : mho_i_opto_step_take(&all, c->n[k]);
        power += p;
        if (!(c->flag[k] & LIT)) {
            c->lit[c->n_lit++] = k;
        }
        c->flag[k] = LIT;
    }
    c->account.light_cells += n;
    c->account.optical_J += power * c->p.p0_W * duration_s;
    c->account.time_s += duration_s;
    return MHO_OK;
}

/* ---- pulses ---- */

typedef struct pulse {
    double v_V, duration_s;
    uint32_t count;
    double shape_V2;             /* V sinh(b V)/b: power over dark conductance */
    mho_i_opto_step half, whole; /* darkness for half a pulse and for one */
} pulse;

/* Writes cell k; returns what it conducts beyond g_min during the pulses: integral of power. */
static double pulse_cell(mho_opto_cells *c, uint32_t k, const pulse *u, double each) {
    const mho_opto_param *p = &c->p;
    double n = c->n[k], x = c->x[k], energy_J = 0, t_s = u->duration_s * each;
    double range_S = p->g_max_S - p->g_min_S;
    double factor = u->v_V > 0 ? c->rate_p[k] : c->rate_n[k];
    mho_i_opto_step half = each == 1 ? u->half : mho_i_opto_step_make(p, 0, t_s / 2);
    for (uint32_t j = 0; j < u->count; j++) {
        double before = x, n_mid = mho_i_opto_step_take(&half, n);
        if (mho_i_opto_writes(p, n, u->v_V)) {
            double dx = mho_i_opto_state_after(p, x, n, n_mid, u->v_V, t_s, factor) - x;
            if (p->cycle_sd_rel > 0) {
                dx *= 1 + p->cycle_sd_rel * normal(c, MHO_RNG_OPTO_WRITE, k, c->write_number + j);
            }
            x = fmin(fmax(x + dx, 0), 1);
            c->account.change_cells++;
        }
        double middle = 0.5 * (before + x), dark_S = p->g_min_S + range_S * middle;
        double photo_S = p->g_photo_S * n_mid * mho_i_opto_photo(p, middle);
        energy_J += (dark_S * u->shape_V2 + photo_S * u->v_V * u->v_V) * t_s;
        n = mho_i_opto_step_take(&u->whole, n);
    }
    c->x_sum += x - c->x[k];
    c->x[k] = x;
    return energy_J;
}

/* A pulse under the dark threshold on all cells: visit the lit ones, account for the others. */
static double pulse_lit(mho_opto_cells *c, const pulse *u) {
    const mho_opto_param *p = &c->p;
    double dark_sum = c->x_sum, energy_J = 0;
    for (uint32_t j = 0; j < c->n_lit; j++) {
        dark_sum -= c->x[c->lit[j]];
        energy_J += pulse_cell(c, c->lit[j], u, 1);
    }
    double dark_S = (c->n_cell - c->n_lit) * p->g_min_S + (p->g_max_S - p->g_min_S) * dark_sum;
    return energy_J + fmax(dark_S, 0) * u->shape_V2 * u->duration_s * u->count;
}

mho_status mho_opto_write(mho_opto_cells *c, double v_V, double duration_s, uint32_t count,
                          size_t n_list, const uint32_t *list, const double *each_rel) {
    mho_status status = check_range(c, "duration_s", duration_s, 1e9, "s");
    status = status == MHO_OK ? check_list(c, n_list, list, each_rel, 1) : status;
    if (status == MHO_OK && !(fabs(v_V) <= MAX_PULSE_V)) {
        status = mho_i_fail(c->ctx, MHO_ERR_ARG, "v_V = %g V: allowed are -%d to %d V", v_V,
                            MAX_PULSE_V, MAX_PULSE_V);
    }
    if (status != MHO_OK) {
        return status;
    }
    double b = c->p.sinh_b_per_V;
    pulse u = {v_V,
               duration_s,
               count,
               v_V * sinh(b * v_V) / b,
               mho_i_opto_step_make(&c->p, 0, duration_s / 2),
               mho_i_opto_step_make(&c->p, 0, duration_s)};
    size_t n = list ? n_list : c->n_cell;
    if (!list && !each_rel && !mho_i_opto_writes(&c->p, 0, v_V)) {
        c->account.write_J += pulse_lit(c, &u);
    } else {
        double energy_J = 0;
        for (size_t j = 0; j < n; j++) {
            energy_J += pulse_cell(c, cell_of(list, j), &u, each_rel ? each_rel[j] : 1);
        }
        c->account.write_J += energy_J;
    }
    c->write_number += count;
    c->account.write_cells += (uint64_t)n * count;
    c->account.time_s += duration_s * count;
    decay(c, duration_s * count);
    return MHO_OK;
}

mho_status mho_opto_read(mho_opto_cells *c, bool noisy, size_t n_list, const uint32_t *list,
                         double *g_S) {
    mho_status status = check_list(c, n_list, list, NULL, 0);
    if (status != MHO_OK) {
        return status;
    }
    const mho_opto_param *p = &c->p;
    size_t n = list ? n_list : c->n_cell;
    double range_S = p->g_max_S - p->g_min_S, sum_S = 0;
    for (size_t j = 0; j < n; j++) {
        uint32_t k = cell_of(list, j);
        double g = (p->g_min_S + range_S * c->x[k]) * c->read_shape;
        g += p->g_photo_S * c->n[k] * mho_i_opto_photo(p, c->x[k]);
        sum_S += g;
        if (noisy) {
            g *= 1 + p->read_sd_rel * normal(c, MHO_RNG_OPTO_READ, k, c->read_number);
        }
        g_S[j] = g;
    }
    c->read_number++;
    c->account.read_cells += n;
    c->account.read_J += sum_S * p->v_read_V * p->v_read_V * p->read_s;
    return MHO_OK;
}

/* ---- the three-factor rule ---- */

mho_status mho_opto_mark(mho_opto_cells *c, size_t n_list, const uint32_t *list,
                         const double *local_rel) {
    if (c->p.roles == MHO_OPTO_LIGHT_GLOBAL) {
        return check_list(c, n_list, list, local_rel, 1);
    }
    return mho_opto_light(c, c->p.mark_power_rel, c->p.mark_s, n_list, list, local_rel);
}

mho_status mho_opto_reward(mho_opto_cells *c, double m_rel, size_t n_list, const uint32_t *list,
                           const double *local_rel) {
    const mho_opto_param *p = &c->p;
    double size = fabs(m_rel), v_V = m_rel > 0 ? p->v_write_p_V : -p->v_write_n_V;
    mho_status status = check_range(c, "|m_rel|", size, 1e4, "");
    if (status != MHO_OK || size == 0) {
        return status;
    }
    if (p->roles == MHO_OPTO_LIGHT_LOCAL) {
        double count = ceil(size);
        return mho_opto_write(c, v_V, size / count * p->write_s, (uint32_t)count, 0, NULL, NULL);
    }
    status = check_list(c, n_list, list, local_rel, 1);
    if (status == MHO_OK) {
        status = mho_opto_light(c, p->mark_power_rel * size, p->mark_s, 0, NULL, NULL);
    }
    return status == MHO_OK ? mho_opto_write(c, v_V, p->write_s, 1, n_list, list, local_rel)
                            : status;
}
