/* model_vo2_neuron.c - the Mott activation neuron as a device with two ports: the film and the
 * heater above it. The quasi-static neuron with its amplifier and load is in vo2_neuron.c; both are
 * built from the same film.
 *
 *     (cth + latent) d(rise)/dt = Vh^2/Rh + Vf^2/R - rise/rth,   latent = -L d<g>/d(rise), >= 0
 *     L = 2 (latent_ratio - 1) cth/beta                          <>: mean over slices
 *     stored energy: cth rise + L (1 - <g>)
 *
 * Memory: direction, extreme since the last reversal, rise at the reversal, and the proximity
 * temperature of every slice. A reversal counts once the rise has come back by dead_band from its
 * extreme; until then the film runs back on its branch. */
#include "model_int.h"

#include <math.h>

static const char *const mixing_words[] = {"series", "bruggeman-2d", "bruggeman-3d", "gem", NULL};

#define ROW(key, unit, lo, hi, u, t, n, marks, su, st, sn, help)                                   \
    {#key, unit,                                                                                   \
     n,    lo,                                                                                     \
     hi,   (marks) + 2,                                                                            \
     sn,   help,                                                                                   \
     NULL, offsetof(mho_neuron_param, key) == offsetof(mho_neuron_param, n_slice)},
static const mho_ext_param params[] = {
    MHO_NEURON_PARAM_LIST(ROW){"mixing", "", MHO_MIX_BRUGGEMAN_2D, 0, MHO_MIX_GEM, "A",
                               "fits the Technion loop better than the series law",
                               "resistance of a film that is part insulator, part metal",
                               mixing_words, true},
    {"dead_band_K", "K", 1e-3, 1e-6, 1, "A", "1e-3..1e-2 K, above numerical noise",
     "smallest way back that is a reversal", NULL, false},
};
#undef ROW
enum {
    N_PARAM = sizeof params / sizeof *params,
    P_MIXING = N_PARAM - 2,
    P_BAND = N_PARAM - 1,
    MAX_SLICE = MHO_I_MAX_SLICE
};
#define P(field) MHO_I_INDEX(mho_neuron_param, field)

#define VALUE_U(key, unit, lo, hi, u, t, n, marks, su, st, sn, help) {#key, u, (marks) + 0, su},
#define VALUE_T(key, unit, lo, hi, u, t, n, marks, su, st, sn, help) {#key, t, (marks) + 1, st},
static const mho_ext_value values_u[] = {
    MHO_NEURON_PARAM_LIST(VALUE_U){"mixing", MHO_MIX_SERIES, "P", MHO_SRC_U}};
static const mho_ext_value values_t[] = {MHO_NEURON_PARAM_LIST(VALUE_T)};
static const mho_ext_card cards[] = {
    {"U", "UCSD thermal neuristor, about 1 um", sizeof values_u / sizeof *values_u, values_u},
    {"T", "Technion device, 150 nm film, 200 nm gap", sizeof values_t / sizeof *values_t, values_t},
    {"N", "scaled nano neuron", 0, NULL},
};

static const mho_ext_input inputs[] = {
    {"v_film", "V", 0, -0.05, 0.05, "voltage along the film"},
    {"v_heater", "V", 0, -1, 1, "voltage over the heater"},
};
static const mho_ext_output outputs[] = {
    {"i_film", "A", "current through the film"},
    {"i_heater", "A", "current through the heater"},
    {"r_film", "ohm", "resistance of the film"},
    {"t", "K", "temperature under the heater"},
    {"metal", "", "metallic fraction, mean over the slices"},
};
static const mho_ext_state states[] = {
    {"rise", "K", 0, 0, 1000, "temperature under the heater over the base"},
};
enum { M_DIRECTION, M_EXTREME, M_REVERSAL, M_PROXIMITY };
static const mho_ext_memory memory[] = {
    {"direction", "", 1, 1, "1 heating, -1 cooling"},
    {"extreme", "K", 1, 0, "furthest rise in this direction"},
    {"reversal", "K", 1, 0, "rise at the last reversal"},
    {"proximity", "K", MAX_SLICE, 0, "proximity temperature of each slice; 0: major loop"},
};

/* One device, read out of the columns. */
typedef struct film {
    mho_neuron_param p; /* only what the film needs is set */
    double direction, reversal_K;
    int n_slice;
    const double *t_pr; /* proximity temperature of slice i at t_pr[i*ld] */
    size_t ld;
} film;

static film film_of(const mho_ext_batch *b, size_t i) {
    const double *p = b->p + i, *m = b->m + i;
    size_t ld = b->ld;
    film f = {.direction = m[M_DIRECTION * ld],
              .reversal_K = m[M_REVERSAL * ld],
              .n_slice = (int)p[P(n_slice) * ld],
              .t_pr = m + M_PROXIMITY * ld,
              .ld = ld};
    f.p.slice_edge_frac = p[P(slice_edge_frac) * ld];
    f.p.t_base_K = p[P(t_base_K) * ld];
    f.p.r300_ohm = p[P(r300_ohm) * ld];
    f.p.ea_K = p[P(ea_K) * ld];
    f.p.r_metal_ohm = p[P(r_metal_ohm) * ld];
    f.p.t_c_K = p[P(t_c_K) * ld];
    f.p.width_K = p[P(width_K) * ld];
    f.p.beta_per_K = p[P(beta_per_K) * ld];
    f.p.gamma = p[P(gamma) * ld];
    f.p.gem_exponent = p[P(gem_exponent) * ld];
    f.p.gem_ratio = p[P(gem_ratio) * ld];
    f.p.gem_threshold_frac = p[P(gem_threshold_frac) * ld];
    f.p.cth_J_per_K = p[P(cth_J_per_K) * ld];
    f.p.latent_ratio = p[P(latent_ratio) * ld];
    f.p.mixing = (mho_mixing)p[P_MIXING * ld];
    return f;
}

/* s_i, as in vo2_neuron.c */
static double slice_rise(const film *f, int i) {
    return f->n_slice == 1 ? 1 : 1 - (1 - f->p.slice_edge_frac) * i / (f->n_slice - 1);
}

static mho_i_branch branch_of(const film *f, int i) {
    double s = slice_rise(f, i);
    return (mho_i_branch){.t_c_K = f->p.t_c_K,
                          .width_K = f->p.width_K,
                          .beta_per_K = f->p.beta_per_K,
                          .gamma = f->p.gamma,
                          .direction = f->direction,
                          .t_r_K = f->p.t_base_K + f->reversal_K * s,
                          .t_pr_K = f->t_pr[(size_t)i * f->ld]};
}

/* Resistance and insulating fraction at a rise, with derivatives by it. */
typedef struct film_point {
    double r, dr, g, dg, d2g;
} film_point;

static film_point film_at(const film *f, double rise) {
    film_point y = {0};
    for (int i = 0; i < f->n_slice; i++) {
        double s = slice_rise(f, i), t = f->p.t_base_K + rise * s;
        mho_i_branch b = branch_of(f, i);
        double dg, d2g, dr_dg, dr_dins, g = mho_i_branch_slopes(&b, t, &dg, &d2g);
        double r_ins = f->p.r300_ohm * exp(f->p.ea_K * (1 / t - 1 / 300.0));
        y.r += mho_i_film_mix_slopes(&f->p, g, r_ins, f->p.r_metal_ohm, &dr_dg, &dr_dins);
        y.dr += s * (dr_dg * dg - dr_dins * r_ins * f->p.ea_K / (t * t));
        y.g += g;
        y.dg += s * dg;
        y.d2g += s * s * d2g;
    }
    double n = 1.0 / f->n_slice;
    return (film_point){y.r * n, y.dr * n, y.g * n, y.dg * n, y.d2g * n};
}

static double latent_J(const film *f) {
    return 2 * (f->p.latent_ratio - 1) * f->p.cth_J_per_K / f->p.beta_per_K;
}

/* Heat capacity with latent heat, and its derivative by the rise. */
static double capacity(const film *f, const film_point *y, double *slope) {
    double latent = latent_J(f);
    *slope = y->dg < 0 ? -latent * y->d2g : 0;
    return f->p.cth_J_per_K + (y->dg < 0 ? -latent * y->dg : 0);
}

static double heater_ohm(const mho_ext_batch *b, size_t i, double rise, double *slope) {
    const double *p = b->p + i;
    double r0 = p[P(r_heater_ohm) * b->ld], a = p[P(heater_tcr_per_K) * b->ld];
    *slope = r0 * a;
    return r0 * (1 + a * (p[P(t_base_K) * b->ld] + rise - 300));
}

static void eval(const mho_ext_batch *b, double *y, double *dx) {
    size_t ld = b->ld;
    for (size_t i = 0; i < b->n; i++) {
        film f = film_of(b, i);
        double rise = b->x[i], vf = b->u[i], vh = b->u[ld + i], slope;
        film_point at = film_at(&f, rise);
        double rh = heater_ohm(b, i, rise, &slope);
        y[i] = vf / at.r;
        y[ld + i] = vh / rh;
        y[2 * ld + i] = at.r;
        y[3 * ld + i] = f.p.t_base_K + rise;
        y[4 * ld + i] = 1 - at.g;
        double heat = vf * vf / at.r + vh * vh / rh - rise / b->p[P(rth_K_per_W) * ld + i];
        dx[i] = heat / capacity(&f, &at, &slope);
    }
}

static void jacobian(const mho_ext_batch *b, double *di_du, double *di_dx, double *df_du,
                     double *df_dx) {
    size_t ld = b->ld;
    for (size_t i = 0; i < b->n; i++) {
        film f = film_of(b, i);
        double rise = b->x[i], vf = b->u[i], vh = b->u[ld + i], drh, dc;
        film_point at = film_at(&f, rise);
        double rh = heater_ohm(b, i, rise, &drh), c = capacity(&f, &at, &dc);
        double rth = b->p[P(rth_K_per_W) * ld + i];
        double i_f = vf / at.r, i_h = vh / rh;
        di_du[i] = 1 / at.r;
        di_du[ld + i] = di_du[2 * ld + i] = 0;
        di_du[3 * ld + i] = 1 / rh;
        di_dx[i] = -i_f * at.dr / at.r;
        di_dx[ld + i] = -i_h * drh / rh;
        df_du[i] = 2 * i_f / c;
        df_du[ld + i] = 2 * i_h / c;
        double heat = vf * i_f + vh * i_h - rise / rth;
        df_dx[i] = (vf * di_dx[i] + vh * di_dx[ld + i] - 1 / rth) / c - heat * dc / (c * c);
    }
}

static void power(const mho_ext_batch *b, double *in_W, double *stored_J, double *out_W) {
    for (size_t i = 0; i < b->n; i++) {
        film f = film_of(b, i);
        double rise = b->x[i], vf = b->u[i], vh = b->u[b->ld + i], slope;
        film_point at = film_at(&f, rise);
        in_W[i] = vf * vf / at.r + vh * vh / heater_ohm(b, i, rise, &slope);
        stored_J[i] = f.p.cth_J_per_K * rise + latent_J(&f) * (1 - at.g);
        out_W[i] = rise / b->p[P(rth_K_per_W) * b->ld + i];
    }
}

static void event(const mho_ext_batch *b, double *g) {
    for (size_t i = 0; i < b->n; i++) {
        const double *m = b->m + i;
        g[i] = m[M_DIRECTION * b->ld] * (b->x[i] - m[M_EXTREME * b->ld]) + b->p[P_BAND * b->ld + i];
    }
}

static void cross(const mho_ext_batch *b, size_t j, const unsigned char *hit, double *m) {
    (void)j;
    size_t ld = b->ld;
    for (size_t i = 0; i < b->n; i++) {
        if (!hit[i]) {
            continue;
        }
        film f = film_of(b, i);
        for (int k = 0; k < f.n_slice; k++) {
            mho_i_branch branch = branch_of(&f, k);
            double t = f.p.t_base_K + b->x[i] * slice_rise(&f, k);
            mho_i_branch_reverse(&branch, -f.direction, t, mho_i_branch_fraction(&branch, t));
            m[((size_t)k + M_PROXIMITY) * ld + i] = branch.t_pr_K;
        }
        m[M_REVERSAL * ld + i] = m[M_EXTREME * ld + i] = b->x[i];
        m[M_DIRECTION * ld + i] = -f.direction;
    }
}

static void accept(const mho_ext_batch *b, double *m) {
    for (size_t i = 0; i < b->n; i++) {
        double *extreme = &m[M_EXTREME * b->ld + i], way = m[M_DIRECTION * b->ld + i];
        if (way * (b->x[i] - *extreme) > 0) {
            *extreme = b->x[i];
        }
    }
}

static bool check(const double *p, char *why, size_t n_why) {
    if (p[P(gamma)] * MHO_PI / 2 > MHO_PI) {
        snprintf(why, n_why, "gamma = %g: minor loops with gamma above 2 have no meaning",
                 p[P(gamma)]);
        return false;
    }
    return true;
}

static void sample(const mho_ext_rng *rng, size_t n, size_t ld, double *p) {
    for (size_t i = 0; i < n; i++) {
        double *q = p + i;
        mho_neuron_param card = {.sd_t_c_K = q[P(sd_t_c_K) * ld],
                                 .sd_width_rel = q[P(sd_width_rel) * ld],
                                 .sd_r300_rel = q[P(sd_r300_rel) * ld],
                                 .sd_r_metal_rel = q[P(sd_r_metal_rel) * ld],
                                 .sd_r_heater_rel = q[P(sd_r_heater_rel) * ld],
                                 .sd_rth_rel = q[P(sd_rth_rel) * ld]};
        mho_neuron_device d; /* the same device as neuron first + i of a chip with this seed */
        mho_neuron_sample(&card, rng->seed, rng->first + i, 1, &d);
        q[P(t_c_K) * ld] += d.d_t_c_K;
        q[P(width_K) * ld] *= 1 + d.width_rel;
        q[P(r300_ohm) * ld] *= exp(d.r300_log);
        q[P(r_metal_ohm) * ld] *= 1 + d.r_metal_rel;
        q[P(r_heater_ohm) * ld] *= 1 + d.r_heater_rel;
        q[P(rth_K_per_W) * ld] *= 1 + d.rth_rel;
    }
}

const mho_ext_model mho_i_model_vo2_neuron = {
    .struct_size = sizeof(mho_ext_model),
    .version = MHO_EXT_VERSION,
    .flags = MHO_EXT_PASSIVE,
    .name = "vo2-neuron",
    .summary = "Mott activation neuron: VO2 film under a nanowire heater, hysteresis with minor "
               "loops",
    .equations =
        "heater   Rh = r_heater (1 + heater_tcr (T - 300 K)),  T = t_base + rise\n"
        "thermal  C d(rise)/dt = Vh^2/Rh + Vf^2/R - rise/rth\n"
        "latent   C = cth (1 + (latent_ratio - 1) <-dg/dT> 2/beta)\n"
        "slices   Ti = t_base + rise s_i, s_i from 1 under the wire to slice_edge; in series\n"
        "film     Ri = r300 exp(ea (1/T - 1/300 K)); R(g, Ri, r_metal) by the mixing law\n"
        "fraction g = 1/2 + 1/2 tanh(beta (+-width/2 + t_c - T - Tp))\n"
        "L2P      Tp = Tpr/2 (1 - sin(gamma x)) (1 + tanh(pi^2 - 2 pi x)), x = (T - Tr)/Tpr",
    .source = "L2P: de Almeida et al., Opt. Eng. 41, 2582 (2002); thermal neuristor: Nat. Commun. "
              "15 (2024), arXiv 2312.12899",
    .n_param = N_PARAM,
    .param = params,
    .n_card = 3,
    .card = cards,
    .n_input = 2,
    .n_port = 2,
    .input = inputs,
    .n_output = 5,
    .output = outputs,
    .n_state = 1,
    .state = states,
    .n_memory_row = 4,
    .memory = memory,
    .eval = eval,
    .jacobian = jacobian,
    .power = power,
    .check = check,
    .n_event = 1,
    .event = event,
    .cross = cross,
    .accept = accept,
    .sample = sample,
};

mho_status mho_card_to_neuron(mho_ctx *ctx, const mho_card *card, mho_neuron_param *out) {
    if (mho_card_model(card) != &mho_i_model_vo2_neuron) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "a card of %s; vo2-neuron is wanted",
                          mho_card_model(card)->name);
    }
    const double *v = mho_card_values(card);
    double *field = (double *)out;
    for (size_t k = 0; k < mho_neuron_param_count(); k++) {
        field[k] = v[k];
    }
    out->mixing = (mho_mixing)v[P_MIXING];
    return MHO_OK;
}

mho_status mho_card_from_neuron(mho_ctx *ctx, mho_card *card, const mho_neuron_param *param,
                                char mark, const char *source) {
    if (mho_card_model(card) != &mho_i_model_vo2_neuron) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "a card of %s; vo2-neuron is wanted",
                          mho_card_model(card)->name);
    }
    for (size_t k = 0; k <= P_MIXING; k++) {
        double value = k < P_MIXING ? mho_neuron_param_get(param, k) : (double)param->mixing;
        if (value == mho_card_values(card)[k]) {
            continue; /* unchanged: mark and source stay */
        }
        mho_status status = mho_card_set(ctx, card, k, value, mark, source);
        if (status < 0) {
            return status;
        }
    }
    return MHO_OK;
}
