/* neuron_curve.c - transfer curves of many neurons, without iteration: the curve is computed along
 * the temperature rise (v_in and v_out are explicit there) and read off at uniform v_in by cubic
 * Hermite interpolation with fourth-order slopes.
 * With 160 rises over the working range the error is below 1e-5 of the span (tests). */
#include "device_int.h"

#include <math.h>
#include <omp.h>
#include <string.h>

/* Derivative by the index, which is smooth: five points inside, three near the ends. */
static double by_index(int n, const double *y, int k) {
    if (k >= 2 && k + 2 < n) {
        return (8 * (y[k + 1] - y[k - 1]) - (y[k + 2] - y[k - 2])) / 12;
    }
    if (k >= 1 && k + 1 < n) {
        return (y[k + 1] - y[k - 1]) / 2;
    }
    return k == 0 ? (4 * y[1] - 3 * y[0] - y[2]) / 2 : (3 * y[k] - 4 * y[k - 1] + y[k - 2]) / 2;
}

/* Slopes dy/dx = (dy/dk)/(dx/dk), fourth order inside. */
static void slopes(int n, const double *x, const double *y, double *d) {
    for (int k = 0; k < n; k++) {
        double dx = by_index(n, x, k);
        d[k] = dx > 0 ? by_index(n, y, k) / dx : 0;
    }
}

bool mho_i_curve_make(const mho_i_neuron *n, double v_top_V, mho_i_curve *c) {
    /* the smallest rise is the film's own heat; then steps grow like v^2 at first (sqrt spacing
     * in v), so that v_in is spread evenly */
    double r_cold = mho_i_neuron_film_ohm(n, 0, NULL);
    double divider = n->c->v_read_V / (r_cold + n->c->r_load_ohm);
    double rise0 = n->rth_K_per_W * (1 - exp(-n->p->settle_tau)) * divider * divider * r_cold;
    double t = n->p->t_base_K + 40; /* a first guess of the heater at the top */
    double r_h = n->r_heater_ohm * (1 + n->p->heater_tcr_per_K * (t - 300));
    double i_top = (v_top_V + n->trim_V) / (n->c->r_series_ohm + r_h);
    double top = 1.02 * n->rth_K_per_W * i_top * i_top * r_h + n->p->film_heat_K + rise0;
    for (int tries = 0;; tries++) {
        double v = mho_i_neuron_drive_V(n, top, mho_i_neuron_film_ohm(n, top, NULL));
        if (v >= v_top_V) {
            break;
        }
        if (tries == 40) {
            return false;
        }
        top *= 1.1;
    }
    double rise[MHO_I_N_RISE], r[MHO_I_N_RISE], d_film[MHO_I_N_RISE];
    for (int k = 0; k < MHO_I_N_RISE; k++) {
        double x = (double)k / (MHO_I_N_RISE - 1);
        rise[k] = rise0 * (1 + 1e-6) + (top - rise0) * x * x;
    }
    mho_i_neuron_film_many(n, MHO_I_N_RISE, rise, r, d_film);
    const double v_read = n->c->v_read_V, r_load = n->c->r_load_ohm;
    double v_dtc[MHO_I_N_RISE]; /* dv_in/dt_c at fixed rise: the film's own heat changes with it */
    for (int k = 0; k < MHO_I_N_RISE; k++) {
        double sum = r_load + r[k];
        c->v_in[k] = mho_i_neuron_drive_V(n, rise[k], r[k]);
        c->v_out[k] = mho_i_neuron_divider_V(n, r[k]);
        c->d_dtc[k] = -v_read * r_load / (sum * sum) * d_film[k];
        double p_film = v_read * v_read * r[k] / (sum * sum);
        double p_heater = rise[k] / (n->rth_K_per_W * (1 - exp(-n->p->settle_tau))) - p_film;
        double dp_film = v_read * v_read * (r_load - r[k]) / (sum * sum * sum) * d_film[k];
        v_dtc[k] = -dp_film * (c->v_in[k] + n->trim_V) / (2 * fmax(p_heater, 1e-3 * p_film));
        if (k && !(c->v_in[k] > c->v_in[k - 1])) {
            return false;
        }
    }
    slopes(MHO_I_N_RISE, c->v_in, c->v_out, c->slope);
    for (int k = 0; k < MHO_I_N_RISE; k++) {
        c->d_dtc[k] -= c->slope[k] * v_dtc[k]; /* now at fixed v_in */
    }
    slopes(MHO_I_N_RISE, c->v_in, c->d_dtc, c->slope_dtc);
    return true;
}

static double hermite(double h, double s, double y0, double y1, double d0, double d1) {
    double s2 = s * s, s3 = s2 * s;
    return y0 * (2 * s3 - 3 * s2 + 1) + y1 * (3 * s2 - 2 * s3) + h * d0 * (s3 - 2 * s2 + s) +
           h * d1 * (s3 - s2);
}

double mho_i_curve_at(const mho_i_curve *c, double v_in, double *d_dtc, int *hint) {
    int k = *hint;
    while (k + 2 < MHO_I_N_RISE && v_in > c->v_in[k + 1]) {
        k++;
    }
    while (k > 0 && v_in < c->v_in[k]) {
        k--;
    }
    *hint = k;
    double h = c->v_in[k + 1] - c->v_in[k], s = (v_in - c->v_in[k]) / h;
    s = s < 0 ? 0 : s > 1 ? 1 : s; /* below the film's own heat the output is flat */
    if (d_dtc) {
        *d_dtc = hermite(h, s, c->d_dtc[k], c->d_dtc[k + 1], c->slope_dtc[k], c->slope_dtc[k + 1]);
    }
    return hermite(h, s, c->v_out[k], c->v_out[k + 1], c->slope[k], c->slope[k + 1]);
}

static void fill_table(const mho_i_curve *c, const mho_neuron_circuit *circuit,
                       const mho_neuron_grid *grid, double trim_V, double v_full_V, float *table) {
    int hint = 0;
    for (size_t k = 0; k <= grid->n_low + grid->n_high; k++) {
        double z =
            k < grid->n_low
                ? grid->z_min + (grid->z_knee - grid->z_min) * (double)k / (double)grid->n_low
                : grid->z_knee + (grid->z_max - grid->z_knee) * (double)(k - grid->n_low) /
                                     (double)grid->n_high;
        double v = circuit->v_bias_V + z * circuit->v_swing_V, d;
        double out = mho_i_curve_at(c, (v < 0 ? 0 : v) + trim_V, &d, &hint);
        table[2 * k] = (float)(out / v_full_V);
        table[2 * k + 1] = (float)(d / v_full_V);
    }
}

/* Amplifier output at which the curve gives v_out: bisection on the monotone curve. */
static double invert(const mho_i_curve *c, double v_out) {
    int lo = 0, hi = MHO_I_N_RISE - 1;
    while (hi - lo > 1) {
        int mid = (lo + hi) / 2;
        if (c->v_out[mid] < v_out) {
            lo = mid;
        } else {
            hi = mid;
        }
    }
    double a = c->v_in[lo], b = c->v_in[hi];
    for (int k = 0; k < 40; k++) {
        double mid = 0.5 * (a + b);
        int hint = lo;
        if (mho_i_curve_at(c, mid, NULL, &hint) < v_out) {
            a = mid;
        } else {
            b = mid;
        }
    }
    return 0.5 * (a + b);
}

/* Trim voltage that a DAC gives: nearest code to what is needed. */
static double trim_of(const mho_i_curve *c, const mho_neuron_trim *trim, double v_trim_V,
                      double wanted_V, double normal, bool *clipped) {
    double lsb = 2 * trim->range_V / ((1 << trim->n_bit) - 1);
    double need = invert(c, wanted_V) - v_trim_V + trim->error_V * normal;
    *clipped = fabs(need) > trim->range_V;
    need = fmin(fmax(need, -trim->range_V), trim->range_V);
    return lsb * floor((need + trim->range_V) / lsb + 0.5) - trim->range_V;
}

static mho_status check_tables(mho_ctx *ctx, const mho_neuron_trim *trim,
                               const mho_neuron_grid *grid, double v_full_V) {
    if (!(grid->z_min < grid->z_knee && grid->z_knee < grid->z_max) || grid->n_low < 1 ||
        grid->n_high < 1 || !(v_full_V > 0)) {
        return mho_i_fail(
            ctx, MHO_ERR_ARG,
            "curve grid z = %g, %g, %g with %zu + %zu intervals, full scale %g V: rising "
            "z, intervals and a positive full scale are wanted",
            grid->z_min, grid->z_knee, grid->z_max, grid->n_low, grid->n_high, v_full_V);
    }
    if (trim && (trim->n_bit < 1 || trim->n_bit > 24 || !(trim->range_V > 0))) {
        return mho_i_fail(
            ctx, MHO_ERR_ARG,
            "trim DAC of %d bit over +-%g V: allowed are 1 to 24 bit and a positive range",
            trim->n_bit, trim->range_V);
    }
    return MHO_OK;
}

mho_status mho_neuron_tables(mho_ctx *ctx, const mho_neuron_param *param,
                             const mho_neuron_circuit *circuit, uint64_t seed, size_t first,
                             size_t n_dev, mho_neuron_device *device, const mho_neuron_trim *trim,
                             const mho_neuron_grid *grid, double v_full_V, float *table,
                             size_t *n_clipped) {
    mho_status status = check_tables(ctx, trim, grid, v_full_V);
    const mho_neuron_device nominal = {0};
    double v_trim = trim ? circuit->v_bias_V + trim->z_trim * circuit->v_swing_V : 0, wanted = 0;
    if (status == MHO_OK && trim) {
        status = mho_neuron_output(ctx, param, circuit, &nominal, v_trim, &wanted, NULL);
    }
    if (status < 0) {
        return status;
    }
    double v_top =
        circuit->v_bias_V + grid->z_max * circuit->v_swing_V + (trim ? trim->range_V : 0);
    double rise = mho_i_neuron_rise_full_K(param, circuit);
    size_t bad = n_dev, clipped = 0, n_node = grid->n_low + grid->n_high + 1;
#pragma omp parallel for schedule(dynamic, 16) num_threads(mho_ctx_threads(ctx)) reduction(min : bad)  \
    reduction(+ : clipped)
    for (size_t k = 0; k < n_dev; k++) {
        mho_i_neuron n;
        mho_i_curve c;
        mho_neuron_device untrimmed = device[k];
        untrimmed.trim_V = 0; /* the curve is against the amplifier output, trim included */
        mho_i_neuron_init(&n, param, circuit, &untrimmed, rise);
        if (!mho_i_curve_make(&n, v_top + fmax(device[k].trim_V, 0), &c)) {
            bad = k < bad ? k : bad;
            continue;
        }
        if (trim) {
            double z;
            bool out_of_range;
            mho_i_rng_normal(seed, MHO_RNG_TRIM, (uint32_t)(first + k), 0, 1, &z);
            device[k].trim_V = trim_of(&c, trim, v_trim, wanted, z, &out_of_range);
            clipped += out_of_range;
        }
        fill_table(&c, circuit, grid, device[k].trim_V, v_full_V, table + 2 * k * n_node);
    }
    if (n_clipped) {
        *n_clipped = clipped;
    }
    if (bad < n_dev) {
        return mho_i_fail(
            ctx, MHO_ERR_SINGULAR,
            "neuron %zu runs away thermally below z = %g: lower film_heat_K or the load",
            first + bad, grid->z_max);
    }
    return MHO_OK;
}

mho_status mho_neuron_latched_table(mho_ctx *ctx, const mho_neuron_param *param,
                                    const mho_neuron_circuit *circuit, const mho_neuron_grid *grid,
                                    double v_full_V, float *table) {
    mho_status status = check_tables(ctx, NULL, grid, v_full_V);
    if (status < 0) {
        return status;
    }
    const mho_neuron_device nominal = {0};
    mho_i_neuron n;
    mho_i_curve c;
    double rise = mho_i_neuron_rise_full_K(param, circuit);
    mho_i_neuron_init(&n, param, circuit, &nominal, 0);
    for (int i = 0; i < n.n_slice; i++) {
        double t_peak = param->t_base_K + rise * n.s[i];
        mho_i_branch_reverse(&n.branch[i], -1, t_peak, mho_i_branch_fraction(&n.branch[i], t_peak));
    }
    if (!mho_i_curve_make(&n, circuit->v_bias_V + grid->z_max * circuit->v_swing_V, &c)) {
        return mho_i_fail(ctx, MHO_ERR_SINGULAR,
                          "the neuron without its reset runs away thermally below z = %g: lower "
                          "film_heat or the load",
                          grid->z_max);
    }
    fill_table(&c, circuit, grid, 0, v_full_V, table);
    /* hotter than the state that it kept the film heats as ever: the larger output holds */
    size_t n_node = grid->n_low + grid->n_high + 1;
    float *heated = mho_i_alloc(ctx, 2 * n_node, sizeof *heated);
    mho_neuron_device same = {0};
    status = heated ? mho_neuron_tables(ctx, param, circuit, 0, 0, 1, &same, NULL, grid, v_full_V,
                                        heated, NULL)
                    : MHO_ERR_NOMEM;
    for (size_t k = 0; status == MHO_OK && k < n_node; k++) {
        if (heated[2 * k] > table[2 * k]) {
            table[2 * k] = heated[2 * k];
            table[2 * k + 1] = heated[2 * k + 1];
        }
    }
    mho_i_free(ctx, heated);
    return status;
}
