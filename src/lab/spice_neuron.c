/* spice_neuron.c - netlists with Mott neurons written and run: transfer curve, transient, and an
 * array with amplifiers and neurons behind it. */
#include "spice_int.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double limit_s = 6 * 3600;
static const double amplifier_off_V = 0;

mho_status mho_i_spice_run(mho_ctx *ctx, const mho_i_text *netlist, mho_i_text *out,
                           mho_i_text *err, char version[MHO_SPICE_VERSION_BYTES]) {
    static const char *const argv[] = {"ngspice", "-n", "-b", NULL}; /* -n: no init files */
    int code = 0;
    if (netlist->status < 0) {
        return netlist->status;
    }
    mho_status status =
        mho_i_child_run(ctx, argv, netlist->data, netlist->len, limit_s, out, err, &code);
    if (status == MHO_OK && version) {
        mho_i_spice_version(out->len ? out->data : "", version);
    }
    return status;
}

typedef struct texts {
    mho_i_text net, out, err;
} texts;

static void texts_init(texts *x, mho_ctx *ctx) {
    mho_i_text_init(&x->net, ctx);
    mho_i_text_init(&x->out, ctx);
    mho_i_text_init(&x->err, ctx);
}

static void texts_free(texts *x) {
    mho_i_text_free(&x->net);
    mho_i_text_free(&x->out);
    mho_i_text_free(&x->err);
}

static mho_status save(mho_ctx *ctx, const mho_i_text *t, const char *path) {
    return t->status < 0 ? t->status : mho_i_file_write(ctx, path, t->data, t->len);
}

static mho_status film_of(mho_ctx *ctx, const mho_neuron_param *p, const mho_neuron_circuit *c,
                          const mho_neuron_device *d, double history_K, mho_i_film *f) {
    mho_status status = mho_i_spice_neuron_check(ctx, p);
    if (status == MHO_OK && (!(c->r_series_ohm >= 0 && isfinite(c->r_series_ohm)) ||
                             !(c->r_load_ohm > 0 && isfinite(c->r_load_ohm)))) {
        return mho_i_fail(
            ctx, MHO_ERR_ARG,
            "neuron circuit: r_series = %g ohm (0 or more), r_load = %g ohm (above 0)",
            c->r_series_ohm, c->r_load_ohm);
    }
    return status < 0 ? status : mho_i_film_init(ctx, f, p, c, d, history_K);
}

/* Number after "name = " in the text from at on; NaN without. */
static double value_after(const char *at, const char *end, const char *name) {
    size_t n = strlen(name);
    for (const char *p = at; p && p < end; p = strchr(p, '\n'), p = p ? p + 1 : NULL) {
        if (strncmp(p, name, n) == 0 && strncmp(p + n, " = ", 3) == 0) {
            return strtod(p + n + 3, NULL);
        }
    }
    return NAN;
}

/* ---- transfer curve ---- */

static mho_status put_curve(mho_ctx *ctx, const mho_neuron_param *p, const mho_neuron_circuit *c,
                            const mho_neuron_device *d, size_t n, const double *v_in_V,
                            mho_i_text *t) {
    mho_i_film f;
    mho_status status = film_of(ctx, p, c, d, mho_i_neuron_rise_full_K(p, c), &f);
    for (size_t k = 0; k < n && status == MHO_OK; k++) {
        if (!(v_in_V[k] >= 0 && isfinite(v_in_V[k]))) {
            status = mho_i_fail(ctx, MHO_ERR_ARG,
                                "v_in %zu = %g V: a finite voltage >= 0 is wanted", k, v_in_V[k]);
        }
    }
    if (status < 0) {
        return status;
    }
    mho_i_text_add(t,
                   "mho %s: transfer curve of a Mott neuron, %zu points\n"
                   "* heating branch after the reset, settled for %.3g time constants\n"
                   "* Run: ngspice -b FILE\n",
                   mho_version(), n, p->settle_tau);
    mho_i_spice_put_head(t, p, c);
    mho_i_text_add(t, ".options reltol=1e-9 abstol=1e-15 vntol=1e-12 itl1=2000 itl2=2000 noacct\n");
    mho_i_spice_put_neuron(t, "mott", &f, c, -1, 0);
    mho_i_text_add(t, "Vamp amp 0 dc %.17g\nVread read 0 dc %.17g\nX1 amp read out rise mott\n",
                   n ? fmax(v_in_V[0] + d->trim_V, 0) : 0, c->v_read_V);
    mho_i_text_add(t, ".control\nset numdgt=16\n");
    for (size_t k = 0; k < n; k++) {
        if (k) {
            mho_i_text_add(t, "alter vamp dc = %.17g\n", fmax(v_in_V[k] + d->trim_V, 0));
        }
        mho_i_text_add(t, "op\necho mho-point %zu\nprint v(amp) v(out) v(rise)\ndestroy all\n", k);
    }
    mho_i_text_add(t, "quit 0\n.endc\n.end\n");
    return t->status;
}

mho_status mho_neuron_spice_curve_save(mho_ctx *ctx, const mho_neuron_param *param,
                                       const mho_neuron_circuit *circuit,
                                       const mho_neuron_device *device, size_t n,
                                       const double *v_in_V, const char *path) {
    mho_i_text t;
    mho_i_text_init(&t, ctx);
    mho_status status = put_curve(ctx, param, circuit, device, n, v_in_V, &t);
    status = status < 0 ? status : save(ctx, &t, path);
    mho_i_text_free(&t);
    return status;
}

static mho_status missing(mho_ctx *ctx, size_t bad, size_t n, const mho_i_text *err) {
    return bad == 0
               ? MHO_OK
               : mho_i_fail(ctx, MHO_WARN_NOT_CONVERGED,
                            "not converged: ngspice has no answer to %zu of %zu points: %.500s",
                            bad, n, err->len ? err->data : "");
}

mho_status mho_neuron_spice_curve(mho_ctx *ctx, const mho_neuron_param *param,
                                  const mho_neuron_circuit *circuit,
                                  const mho_neuron_device *device, size_t n, const double *v_in_V,
                                  double *v_out_V, double *rise_K,
                                  char version[MHO_SPICE_VERSION_BYTES]) {
    texts x;
    texts_init(&x, ctx);
    mho_status status = put_curve(ctx, param, circuit, device, n, v_in_V, &x.net);
    status = status < 0 ? status : mho_i_spice_run(ctx, &x.net, &x.out, &x.err, version);
    if (status >= 0) {
        size_t bad = 0;
        const char *at = x.out.len ? strstr(x.out.data, "mho-point") : NULL;
        for (size_t k = 0; k < n; k++) {
            const char *next = at ? strstr(at + 1, "mho-point") : NULL;
            const char *end = next ? next : x.out.data + x.out.len;
            double rise = at ? value_after(at, end, "v(rise)") : NAN;
            bool good = rise > -1; /* nothing cools: else it is another solution, not the device */
            v_out_V[k] = good ? value_after(at, end, "v(out)") : NAN;
            bad += isfinite(v_out_V[k]) ? 0 : 1;
            if (rise_K) {
                rise_K[k] = good ? rise : NAN;
            }
            at = next;
        }
        status = missing(ctx, bad, n, &x.err);
    }
    texts_free(&x);
    return status;
}

/* ---- transient ---- */

/* A jump needs some width in ngspice. */
static void put_pwl(mho_i_text *t, const char *name, const char *node, const mho_waveform *w,
                    double width_s) {
    mho_i_text_add(t, "%s %s 0 pwl(", name, node);
    double last = -INFINITY;
    for (size_t k = 0; k < w->n; k++) {
        double at = w->t_s[k] <= last ? last + width_s : w->t_s[k];
        mho_i_text_add(t, "%s%.17g %.17g", k ? (k % 4 ? " " : "\n+ ") : "", at, w->v[k]);
        last = at;
    }
    mho_i_text_add(t, ")\n");
}

static mho_status put_transient(mho_ctx *ctx, const mho_neuron_param *p,
                                const mho_neuron_circuit *c, const mho_neuron_device *d,
                                const mho_neuron_drive *drive, double max_step_s, double reltol,
                                mho_i_text *t) {
    mho_i_film f;
    if (drive->rise_start_K != 0) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "rise_start = %g K: a netlist starts at the base temperature",
                          drive->rise_start_K);
    }
    if (!(drive->stop_s > 0) || !(max_step_s > 0) || !(reltol >= 1e-6 && reltol <= 1e-2) ||
        !(drive->c_load_F >= 0 && drive->c_load_F < 1)) {
        return mho_i_fail(
            ctx, MHO_ERR_ARG,
            "stop = %g s and max_step = %g s must be above 0, reltol = %g in 1e-6 (below, "
            "ngspice 39 does not get over the edges) to 1e-2, c_load = %g F in 0 to 1",
            drive->stop_s, max_step_s, reltol, drive->c_load_F);
    }
    mho_status status = film_of(ctx, p, c, d, drive->history_K, &f);
    status = status < 0 ? status : mho_i_waveform_check(ctx, "heater", &drive->heater_V, 0);
    status = status < 0 ? status : mho_i_waveform_check(ctx, "read bias", &drive->read_V, -1e6);
    if (status < 0) {
        return status;
    }
    double tau_s = p->rth_K_per_W * p->cth_J_per_K;
    mho_i_text_add(
        t,
        "mho %s: a Mott neuron in time, from the base temperature\n"
        "* Run: ngspice -b FILE; prints time, v(out), v(rise), v(film) (ohm), v(metal).\n"
        "* Reversals of the hysteresis are followed (latches, see the subcircuit).\n",
        mho_version());
    mho_i_spice_put_head(t, p, c);
    mho_i_text_add(t,
                   ".options reltol=%.3g abstol=1e-12 vntol=1e-9 chgtol=%.3g trtol=1 method=trap\n"
                   "+ itl4=200 noacct\n",
                   reltol, 1e-6 * tau_s);
    mho_i_spice_put_neuron(t, "mott", &f, c, drive->c_load_F, 2e-3);
    put_pwl(t, "Vamp", "amp", &drive->heater_V, 1e-4 * tau_s);
    put_pwl(t, "Vread", "read", &drive->read_V, 1e-4 * tau_s);
    mho_i_text_add(t,
                   "X1 amp read out rise film metal mott\n.control\nset numdgt=16\n"
                   "set wr_singlescale\ntran %.17g %.17g 0 %.17g uic\n"
                   "wrdata /dev/stdout v(out) v(rise) v(film) v(metal)\nquit 0\n.endc\n.end\n",
                   max_step_s, drive->stop_s, max_step_s);
    return t->status;
}

mho_status mho_neuron_spice_transient_save(mho_ctx *ctx, const mho_neuron_param *param,
                                           const mho_neuron_circuit *circuit,
                                           const mho_neuron_device *device,
                                           const mho_neuron_drive *drive, double max_step_s,
                                           double reltol, const char *path) {
    mho_i_text t;
    mho_i_text_init(&t, ctx);
    mho_status status = put_transient(ctx, param, circuit, device, drive, max_step_s, reltol, &t);
    status = status < 0 ? status : save(ctx, &t, path);
    mho_i_text_free(&t);
    return status;
}

/* Lines of numbers, one row each; others are left alone. */
static void take_rows(const char *text, mho_trace *trace) {
    for (const char *at = text; at; at = strchr(at, '\n'), at = at ? at + 1 : NULL) {
        double row[MHO_I_MAX_COLUMN];
        const char *p = at;
        size_t n = 0;
        while (n < trace->n_column) {
            const char *q = p + strspn(p, " \t");
            char *end;
            double x = strtod(q, &end);
            if (end == q) {
                break;
            }
            row[n++] = x;
            p = end;
        }
        if (n == trace->n_column) {
            mho_i_trace_add(trace, row);
        }
    }
}

mho_status mho_neuron_spice_transient(mho_ctx *ctx, const mho_neuron_param *param,
                                      const mho_neuron_circuit *circuit,
                                      const mho_neuron_device *device,
                                      const mho_neuron_drive *drive, double max_step_s,
                                      double reltol, double *wall_s, mho_trace **trace,
                                      char version[MHO_SPICE_VERSION_BYTES]) {
    static const mho_i_column columns[5] = {
        {"time", "s"}, {"v_out", "V"}, {"rise", "K"}, {"film", "ohm"}, {"metal", ""}};
    texts x;
    *trace = NULL;
    texts_init(&x, ctx);
    mho_status status =
        put_transient(ctx, param, circuit, device, drive, max_step_s, reltol, &x.net);
    double begin = mho_i_now_s();
    status = status < 0 ? status : mho_i_spice_run(ctx, &x.net, &x.out, &x.err, version);
    if (wall_s) {
        *wall_s = mho_i_now_s() - begin;
    }
    mho_trace *t = status < 0 ? NULL : mho_i_trace_new(ctx, 5, columns);
    if (status >= 0) {
        status = MHO_ERR_NOMEM;
        if (t) {
            take_rows(x.out.len ? x.out.data : "", t);
            status = t->status;
        }
    }
    if (status >= 0) {
        double reached = t->n_row ? t->x[0][t->n_row - 1] : 0;
        if (reached < drive->stop_s * (1 - 1e-9)) {
            status = mho_i_fail(ctx, MHO_WARN_NOT_CONVERGED,
                                "not converged: ngspice stopped at %g s of %g s: %.500s", reached,
                                drive->stop_s, x.err.len ? x.err.data : "");
        }
        *trace = t;
    } else {
        mho_trace_free(t);
    }
    texts_free(&x);
    return status;
}

/* ---- an array with neurons ---- */

static mho_status check_neurons(mho_array *a, const mho_array_neurons *nn, size_t *n_pair) {
    size_t n_out = mho_array_n_out(a);
    if (a->opt.transposed || n_out % 2 || n_out == 0) {
        return mho_i_fail(a->ctx, MHO_ERR_ARG,
                          "neurons want an even number of columns that are not transposed: there "
                          "are %zu outputs%s",
                          n_out, a->opt.transposed ? ", transposed" : "");
    }
    if (!(nn->gain_V_per_A > 0 && isfinite(nn->gain_V_per_A))) {
        return mho_i_fail(a->ctx, MHO_ERR_ARG, "gain = %g V/A: must be above 0", nn->gain_V_per_A);
    }
    *n_pair = n_out / 2;
    return mho_i_spice_neuron_check(a->ctx, nn->param);
}

static const mho_neuron_device *device_of(const mho_array_neurons *nn, size_t k) {
    static const mho_neuron_device nominal = {0};
    return nn->device ? nn->device + k : &nominal;
}

static mho_status put_behind(mho_array *a, const mho_array_neurons *nn, size_t n_pair,
                             mho_i_text *t) {
    const mho_neuron_circuit *c = nn->circuit;
    double history = mho_i_neuron_rise_full_K(nn->param, c);
    mho_i_text_add(t, "* column amplifiers and neurons\nVread read 0 dc %.17g\n", c->v_read_V);
    for (size_t k = 0; k < n_pair; k++) {
        mho_i_film f;
        char name[32];
        mho_status status = film_of(a->ctx, nn->param, c, device_of(nn, k), history, &f);
        if (status < 0) {
            return status;
        }
        if (k == 0 || nn->device) {
            snprintf(name, sizeof name, "mott%zu", k);
            mho_i_spice_put_neuron(t, name, &f, c, -1, 0);
        }
        mho_i_text_add(t,
                       "Ba%zu amp%zu 0 V=min(max(%.17g+%.17g*(i(Vc%zu)-i(Vc%zu)),%g),%.17g)\n"
                       "Xn%zu amp%zu read out%zu rise%zu %s\n",
                       k, k, c->v_bias_V + device_of(nn, k)->trim_V, nn->gain_V_per_A, 2 * k,
                       2 * k + 1, amplifier_off_V, c->v_max_V, k, k, k, k, name);
    }
    return t->status;
}

static mho_status put_array(mho_array *a, const mho_array_neurons *nn, size_t n_vec,
                            const double *v_V, size_t *n_pair, mho_i_text *t) {
    mho_i_text head, behind;
    mho_i_text_init(&head, a->ctx);
    mho_i_text_init(&behind, a->ctx);
    mho_status status = check_neurons(a, nn, n_pair);
    if (status == MHO_OK) {
        mho_i_text_add(&head, "* amp0, out0, rise0: amplifier output, neuron output and its "
                              "temperature rise for columns 0 and 1, and so on\n");
        mho_i_spice_put_head(&head, nn->param, nn->circuit);
        status = put_behind(a, nn, *n_pair, &behind);
    }
    status = status < 0 ? status : head.status;
    if (status == MHO_OK) {
        status = mho_i_spice_array_text(a, n_vec, v_V, head.data, behind.data, t);
    }
    mho_i_text_free(&head);
    mho_i_text_free(&behind);
    return status < 0 ? status : t->status;
}

mho_status mho_array_neurons_spice_save(mho_array *array, const mho_array_neurons *neurons,
                                        size_t n_vec, const double *v_V, const char *path) {
    mho_i_text t;
    size_t n_pair;
    mho_i_text_init(&t, array->ctx);
    mho_status status = put_array(array, neurons, n_vec, v_V, &n_pair, &t);
    status = status < 0 ? status : save(array->ctx, &t, path);
    mho_i_text_free(&t);
    return status;
}

mho_status mho_array_neurons_spice_read(mho_array *array, const mho_array_neurons *neurons,
                                        size_t n_vec, const double *v_V, double *v_amp_V,
                                        double *v_out_V, char version[MHO_SPICE_VERSION_BYTES]) {
    texts x;
    size_t n_pair = 0, bad = 0;
    texts_init(&x, array->ctx);
    mho_status status = put_array(array, neurons, n_vec, v_V, &n_pair, &x.net);
    status = status < 0 ? status : mho_i_spice_run(array->ctx, &x.net, &x.out, &x.err, version);
    const char *at = status >= 0 && x.out.len ? strstr(x.out.data, "mho-vector") : NULL;
    for (size_t v = 0; v < n_vec && status >= 0; v++) {
        const char *next = at ? strstr(at + 1, "mho-vector") : NULL;
        const char *end = next ? next : x.out.data + x.out.len;
        for (size_t k = 0; k < n_pair; k++) {
            char name[32];
            snprintf(name, sizeof name, "out%zu", k);
            v_out_V[v * n_pair + k] = at ? value_after(at, end, name) : NAN;
            bad += isfinite(v_out_V[v * n_pair + k]) ? 0 : 1;
            snprintf(name, sizeof name, "amp%zu", k);
            if (v_amp_V) {
                v_amp_V[v * n_pair + k] = at ? value_after(at, end, name) : NAN;
            }
        }
        at = next;
    }
    status = status < 0 ? status : missing(array->ctx, bad, n_vec * n_pair, &x.err);
    texts_free(&x);
    return status;
}

mho_status mho_array_neurons_read(mho_array *array, const mho_array_neurons *neurons, size_t n_vec,
                                  const double *v_V, double *v_amp_V, double *v_out_V) {
    size_t n_pair = 0;
    const mho_neuron_circuit *c = neurons->circuit;
    mho_status status = check_neurons(array, neurons, &n_pair);
    double *i_A = status < 0 ? NULL : mho_i_alloc(array->ctx, n_vec * 2 * n_pair, sizeof *i_A);
    if (!i_A) {
        return status < 0 ? status : MHO_ERR_NOMEM;
    }
    status = mho_array_read(array, n_vec, v_V, i_A, NULL);
    for (size_t k = 0; k < n_vec * n_pair && status >= 0; k++) {
        const mho_neuron_device *d = device_of(neurons, k % n_pair);
        double amp =
            c->v_bias_V + d->trim_V + neurons->gain_V_per_A * (i_A[2 * k] - i_A[2 * k + 1]);
        amp = fmin(fmax(amp, amplifier_off_V), c->v_max_V);
        mho_neuron_device untrimmed = *d; /* the trim is in the amplifier's output */
        untrimmed.trim_V = 0;
        mho_status s =
            mho_neuron_output(array->ctx, neurons->param, c, &untrimmed, amp, v_out_V + k, NULL);
        status = s < 0 ? s : status;
        if (v_amp_V) {
            v_amp_V[k] = amp;
        }
    }
    mho_i_free(array->ctx, i_A);
    return status;
}
