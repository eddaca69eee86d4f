/* my_model.c - a device model of your own in one file: a threshold memristor.
 *
 *     current  I = (g_off + (g_on - g_off) x) V
 *     state    dx/dt = rate (V - v_set) for V > v_set, rate (V + v_reset) for V < -v_reset, else 0
 *
 * Build it and use it like a built-in model:
 *
 *     cc -shared -fPIC -I/usr/local/include my_model.c -o my_model.so
 *     mho device --model my_model.so --check
 *     mho device --model my_model.so --curve iv --period "1 ms"
 *
 * The numbers are made up. */
#include <mho/ext.h>

#include <stdio.h>

/* Parameters: their order is that of the rows of p. */
enum { G_OFF, G_ON, V_SET, V_RESET, RATE, N_PARAM };
static const mho_ext_param params[N_PARAM] = {
    {"g_off", "S", 1e-6, 0, 1, "A", "made up", "conductance at x = 0", NULL, false},
    {"g_on", "S", 1e-4, 1e-12, 1, "A", "made up", "conductance at x = 1", NULL, false},
    {"v_set", "V", 0.5, 0.01, 10, "A", "made up", "threshold of switching on", NULL, false},
    {"v_reset", "V", 0.4, 0.01, 10, "A", "made up", "threshold of switching off", NULL, false},
    {"rate", "1/s", 1e4, 0, 1e12, "A", "made up", "speed per volt over the threshold", NULL, false},
};

/* A second parameter set: only what differs from the defaults. */
static const mho_ext_value fast_values[] = {{"rate", 1e7, "A", "made up"}};
static const mho_ext_card cards[] = {{"fast", "switches in a microsecond", 1, fast_values}};

static const mho_ext_input inputs[] = {{"v", "V", 0, -1, 1, "voltage over the device"}};
static const mho_ext_output outputs[] = {{"i", "A", "current"}, {"g", "S", "conductance"}};
static const mho_ext_state states[] = {{"x", "", 0, 0, 1, "how far it is switched on"}};

/* Voltage beyond the threshold, with its sign. */
static double excess(const double *p, size_t ld, double v) {
    double set = p[V_SET * ld], reset = p[V_RESET * ld];
    return v > set ? v - set : v < -reset ? v + reset : 0;
}

static void eval(const mho_ext_batch *b, double *y, double *dx) {
    for (size_t i = 0; i < b->n; i++) {
        const double *p = b->p + i; /* parameter k of device i is p[k*ld] */
        double v = b->u[i], x = b->x[i];
        double g = p[G_OFF * b->ld] + (p[G_ON * b->ld] - p[G_OFF * b->ld]) * x;
        y[i] = g * v;
        y[b->ld + i] = g;
        dx[i] = p[RATE * b->ld] * excess(p, b->ld, v);
    }
}

static void jacobian(const mho_ext_batch *b, double *di_du, double *di_dx, double *df_du,
                     double *df_dx) {
    for (size_t i = 0; i < b->n; i++) {
        const double *p = b->p + i;
        double v = b->u[i], range = p[G_ON * b->ld] - p[G_OFF * b->ld];
        di_du[i] = p[G_OFF * b->ld] + range * b->x[i];
        di_dx[i] = range * v;
        df_du[i] = excess(p, b->ld, v) != 0 ? p[RATE * b->ld] : 0;
        df_dx[i] = 0;
    }
}

static bool check(const double *p, char *why, size_t n_why) {
    if (!(p[G_OFF] < p[G_ON])) {
        snprintf(why, n_why, "g_off = %g S is not below g_on = %g S", p[G_OFF], p[G_ON]);
        return false;
    }
    return true;
}

static const mho_ext_model model = {
    .struct_size = sizeof(mho_ext_model),
    .version = MHO_EXT_VERSION,
    .flags = MHO_EXT_PASSIVE,
    .name = "my-model",
    .summary = "threshold memristor, an example",
    .equations = "current  I = (g_off + (g_on - g_off) x) V\n"
                 "state    dx/dt = rate (V - v_set) above v_set, rate (V + v_reset) below -v_reset",
    .source = "made up",
    .n_param = N_PARAM,
    .param = params,
    .n_card = 1,
    .card = cards,
    .n_input = 1,
    .n_port = 1,
    .input = inputs,
    .n_output = 2,
    .output = outputs,
    .n_state = 1,
    .state = states,
    .eval = eval,
    .jacobian = jacobian,
    .check = check,
};

const mho_ext_model *mho_ext_entry(int version) {
    return version == MHO_EXT_VERSION ? &model : NULL;
}
