/* model_optomemristor.c - the optomemristor (mho/opto.h) with its two states: x, which stays, and
 * the carriers n, which light makes and time takes. Its pulses are those of opto.c, exact in the
 * carriers. */
#include "model_int.h"

#include <math.h>

static const char *const photo_words[] = {"rest", "sqrt", "flat", NULL};
static const char *const role_words[] = {"optical-local", "optical-global", NULL};

#define SRC_SRTIO3 "1 - x: a full cell has no room for light"
static const mho_ext_param params[] = {
#define ROW(key, unit, lo, hi, def, mark, source, help)                                            \
    {#key, unit, def, lo, hi, (const char[]){mark, 0}, source, help, NULL, false},
    MHO_OPTO_PARAM_LIST(ROW)
#undef ROW
        {"photo", "", MHO_OPTO_PHOTO_REST, 0, MHO_OPTO_PHOTO_FLAT, "A", SRC_SRTIO3,
         "how the state changes the photoconductance: 1 - x, sqrt(G/g_max), 1", photo_words, true},
    {"roles", "", MHO_OPTO_LIGHT_LOCAL, 0, MHO_OPTO_LIGHT_GLOBAL, "P",
     "optical local, electrical global: press figure of the paper",
     "which factor of the three-factor rule is light", role_words, true},
};
enum { N_PARAM = sizeof params / sizeof *params, P_PHOTO = N_PARAM - 2, P_ROLES = N_PARAM - 1 };
#define P(field) MHO_I_INDEX(mho_opto_param, field)

static const mho_ext_input inputs[] = {
    {"v", "V", 0, -0.2, 0.2, "voltage over the cell"},
    {"light", "", 0, 0, 100, "light power over P0"},
};
static const mho_ext_output outputs[] = {
    {"i", "A", "current"},
    {"threshold_p", "V", "positive write threshold in the present light"},
    {"threshold_n", "V", "negative write threshold, magnitude"},
};
enum { X_X, X_N };
static const mho_ext_state states[] = {
    {"x", "", 0, 0, 1, "state of the conductance"},
    {"n", "", 0, 0, HUGE_VAL, "photo-carriers, 1 in steady light P0"},
};

static mho_opto_param card_of(const mho_ext_batch *b, size_t i) {
    mho_opto_param p;
    double *field = (double *)&p;
    for (size_t k = 0; k < P_PHOTO; k++) {
        field[k] = b->p[k * b->ld + i];
    }
    p.photo = (mho_opto_photo)b->p[P_PHOTO * b->ld + i];
    p.roles = (mho_opto_roles)b->p[P_ROLES * b->ld + i];
    return p;
}

/* s(x) and its derivative */
static double photo(const mho_opto_param *p, double x, double *slope) {
    double s = mho_i_opto_photo(p, x);
    *slope = p->photo == MHO_OPTO_PHOTO_REST   ? -1
             : p->photo == MHO_OPTO_PHOTO_SQRT ? 0.5 * (p->g_max_S - p->g_min_S) / (p->g_max_S * s)
                                               : 0;
    return s;
}

/* dx/dt = eta F(V, n) f(x) with derivatives; f of negative writing is that of 1 - x. */
typedef struct writing {
    double rate, by_v, by_n, by_x;
} writing;

static writing write_rate(const mho_opto_param *p, double x, double n, double v) {
    bool up = v > 0;
    double threshold = (up ? p->v_p0_V : p->v_n0_V) * (1 - p->kappa * fmin(n, 1));
    if (!(fabs(v) > threshold)) {
        return (writing){0};
    }
    double way = up ? 1 : -1, z = up ? x : 1 - x; /* z rises in either case */
    double corner = up ? p->x_p : p->x_n, alpha = up ? p->alpha_p : p->alpha_n;
    double gain = p->eta * (up ? p->rate_p_per_s : p->rate_n_per_s);
    double force = gain * (exp(fabs(v)) - exp(threshold));
    double by_threshold = -gain * exp(threshold);
    double f = 1, df = 0;
    if (z > corner) {
        double slow = exp(-alpha * (z - corner)) / (1 - corner);
        f = slow * (1 - z);
        df = -slow * (1 + alpha * (1 - z));
    }
    double d_threshold = n < 1 ? -p->kappa * (up ? p->v_p0_V : p->v_n0_V) : 0;
    /* z = 1 - x going down: dx = -dz, and d/dx = -d/dz; d|v|/dv = -1 */
    return (writing){.rate = way * force * f,
                     .by_v = gain * exp(fabs(v)) * f,
                     .by_n = way * by_threshold * d_threshold * f,
                     .by_x = force * df};
}

static void eval(const mho_ext_batch *b, double *y, double *dx) {
    size_t ld = b->ld;
    for (size_t i = 0; i < b->n; i++) {
        mho_opto_param p = card_of(b, i);
        double x = b->x[i], n = b->x[ld + i], v = b->u[i], light = 1 - p.kappa * fmin(n, 1);
        y[i] = mho_opto_current_A(&p, x, n, v);
        y[ld + i] = p.v_p0_V * light;
        y[2 * ld + i] = p.v_n0_V * light;
        dx[i] = write_rate(&p, x, n, v).rate;
        dx[ld + i] = p.gen_per_s * b->u[ld + i] - n / p.tau_s - p.recomb_per_s * n * n;
    }
}

static void jacobian(const mho_ext_batch *b, double *di_du, double *di_dx, double *df_du,
                     double *df_dx) {
    size_t ld = b->ld;
    for (size_t i = 0; i < b->n; i++) {
        mho_opto_param p = card_of(b, i);
        double x = b->x[i], n = b->x[ld + i], v = b->u[i], ds, s = photo(&p, x, &ds);
        double range = p.g_max_S - p.g_min_S, bv = p.sinh_b_per_V * v;
        writing w = write_rate(&p, x, n, v);
        di_du[i] = (p.g_min_S + range * x) * cosh(bv) + p.g_photo_S * n * s;
        di_du[ld + i] = 0;
        di_dx[i] = range * sinh(bv) / p.sinh_b_per_V + p.g_photo_S * n * ds * v;
        di_dx[ld + i] = p.g_photo_S * s * v;
        df_du[i] = w.by_v;
        df_du[ld + i] = df_du[2 * ld + i] = 0;
        df_du[3 * ld + i] = p.gen_per_s;
        df_dx[i] = w.by_x;
        df_dx[ld + i] = w.by_n;
        df_dx[2 * ld + i] = 0;
        df_dx[3 * ld + i] = -1 / p.tau_s - 2 * p.recomb_per_s * n;
    }
}

static bool check(const double *p, char *why, size_t n_why) {
    if (!(p[P(g_min_S)] < p[P(g_max_S)])) {
        snprintf(why, n_why, "g_min = %g S is not below g_max = %g S", p[P(g_min_S)],
                 p[P(g_max_S)]);
        return false;
    }
    double lowest = p[P(v_p0_V)] * (1 - p[P(kappa)]);
    if (p[P(v_read_V)] > lowest) {
        snprintf(why, n_why,
                 "v_read = %g V would write in full light: the threshold there, v_p0 (1 - kappa), "
                 "is %g V",
                 p[P(v_read_V)], lowest);
        return false;
    }
    return true;
}

static void sample(const mho_ext_rng *rng, size_t n, size_t ld, double *p) {
    for (size_t i = 0; i < n; i++) { /* the same device as a cell of mho_opto_cells */
        double z[2], sd = p[P(cell_sd_rel) * ld + i];
        mho_i_rng_normal(rng->seed, MHO_RNG_OPTO_SPREAD, rng->first + (uint32_t)i, 0, 2, z);
        p[P(rate_p_per_s) * ld + i] *= exp(sd * z[0]);
        p[P(rate_n_per_s) * ld + i] *= exp(sd * z[1]);
    }
}

/* The card's write pulse of either sign; |amount| shortens it. Light is off meanwhile. */
static void pulse(const mho_ext_batch *b, const mho_ext_rng *rng, const double *amount, double *x,
                  double *m) {
    (void)m;
    size_t ld = b->ld;
    for (size_t i = 0; i < b->n; i++) {
        if (amount[i] == 0) {
            continue;
        }
        mho_opto_param p = card_of(b, i);
        double v = amount[i] > 0 ? p.v_write_p_V : -p.v_write_n_V, t = p.write_s * fabs(amount[i]);
        double was = x[i], n = x[ld + i], z;
        rng->normal(rng, i, 1, &z);
        double dx = mho_opto_state_after(&p, was, n, v, t, 1) - was;
        x[i] = fmin(fmax(was + dx * (1 + p.cycle_sd_rel * z), 0), 1);
        x[ld + i] = mho_opto_carriers_after(&p, n, 0, t);
    }
}

static void read_cell(const mho_ext_batch *b, const mho_ext_rng *rng, double *i_A) {
    for (size_t i = 0; i < b->n; i++) {
        mho_opto_param p = card_of(b, i);
        double z;
        rng->normal(rng, i, 1, &z);
        i_A[i] =
            mho_opto_current_A(&p, b->x[i], b->x[b->ld + i], b->u[i]) * (1 + p.read_sd_rel * z);
    }
}

const mho_ext_model mho_i_model_optomemristor = {
    .struct_size = sizeof(mho_ext_model),
    .version = MHO_EXT_VERSION,
    .flags = MHO_EXT_PASSIVE,
    .name = "optomemristor",
    .summary = "memristor whose write threshold falls in light: a three-factor rule in one device",
    .equations =
        "light    dn/dt = gen P - n/tau - recomb n^2\n"
        "current  I = (g_min + (g_max - g_min) x) sinh(b V)/b + g_photo n s(x) V\n"
        "threshold Vp = v_p0 (1 - kappa min(n, 1)), Vn likewise\n"
        "write    dx/dt = eta rate (exp|V| - exp(threshold)) f(x), 0 below the threshold\n"
        "slowing  f = exp(-alpha (x - x_p)) (1 - x)/(1 - x_p) for x > x_p, else 1; negative: 1 - x",
    .source = "writing: Yakopcic et al., IEEE TCAD 32, 1201 (2013), fit of Oblea et al. 2010",
    .n_param = N_PARAM,
    .param = params,
    .n_input = 2,
    .n_port = 1,
    .input = inputs,
    .n_output = 3,
    .output = outputs,
    .n_state = 2,
    .state = states,
    .eval = eval,
    .jacobian = jacobian,
    .check = check,
    .sample = sample,
    .pulse = pulse,
    .read = read_cell,
};

mho_status mho_card_to_opto(mho_ctx *ctx, const mho_card *card, mho_opto_param *out) {
    if (mho_card_model(card) != &mho_i_model_optomemristor) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "a card of %s; optomemristor is wanted",
                          mho_card_model(card)->name);
    }
    const mho_ext_batch b = {.n = 1, .ld = 1, .p = mho_card_values(card)};
    *out = card_of(&b, 0);
    return MHO_OK;
}
