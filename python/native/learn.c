/* learn.c - agents of optomemristors in built-in worlds, in mazes from text, in Python worlds. */
#include "native.h"

#include <string.h>

static const field opt_fields[] = {
#define LEARN_FIELD(key, lo, hi, def, help) FIELD(mho_learn_opt, key),
    MHO_LEARN_PARAM_LIST(LEARN_FIELD)
#undef LEARN_FIELD
        FIELD(mho_learn_opt, critic),
    FIELD(mho_learn_opt, n_seed),
    FIELD(mho_learn_opt, n_episode),
    FIELD(mho_learn_opt, seed),
    FIELD(mho_learn_opt, control),
    FIELD_END};

static const field opto_fields[] = {
#define OPTO_FIELD(key, unit, lo, hi, def, mark, source, help) FIELD(mho_opto_param, key),
    MHO_OPTO_PARAM_LIST(OPTO_FIELD)
#undef OPTO_FIELD
        FIELD(mho_opto_param, photo),
    FIELD(mho_opto_param, roles), FIELD_END};

static const field world_fields[] = {
    FIELD(mho_world, n_place),    FIELD(mho_world, n_action), FIELD(mho_world, max_step),
    FIELD(mho_world, good_steps), FIELD(mho_world, good_row), FIELD(mho_world, endure),
    FIELD(mho_world, n_row),      FIELD(mho_world, n_col),    FIELD_END};

static const field result_fields[] = {
    FIELD(mho_learn_result, world),          FIELD(mho_learn_result, n_place),
    FIELD(mho_learn_result, n_action),       FIELD(mho_learn_result, n_cell),
    FIELD(mho_learn_result, n_row),          FIELD(mho_learn_result, n_col),
    FIELD(mho_learn_result, max_step),       FIELD(mho_learn_result, good_steps),
    FIELD(mho_learn_result, good_row),       FIELD(mho_learn_result, n_solved),
    FIELD_LIST(mho_learn_result, wilson, 2), FIELD(mho_learn_result, solved_mean),
    FIELD(mho_learn_result, least_mean),     FIELD(mho_learn_result, late_ratio),
    FIELD(mho_learn_result, total_s),        FIELD_END};

static const field energy_fields[] = {
    FIELD(mho_learn_energy, update_J),        FIELD(mho_learn_energy, mark_J),
    FIELD(mho_learn_energy, episode_write_J), FIELD(mho_learn_energy, episode_light_J),
    FIELD(mho_learn_energy, episode_read_J),  FIELD(mho_learn_energy, episode_s),
    FIELD(mho_learn_energy, updates),         FIELD(mho_learn_energy, steps),
    FIELD(mho_learn_energy, change_share),    FIELD_END};

/* ---- worlds written in Python ----
 * The context has one thread, so one run after another works on the thread of the call, and one
 * Python object is enough: whatever it remembers, reset starts it anew. What it shows (places and
 * their activity) is kept here for observe. After an exception every episode ends at once, and the
 * next report of progress stops the runs. */
typedef struct python_world {
    handle *h;
    PyObject *reset, *step; /* borrowed from the running call */
    size_t n_place, n_active;
    mho_world_input active[MHO_WORLD_MAX_ACTIVE];
} python_world;

static PyObject *luck(const double random[MHO_WORLD_RANDOM]) {
    return Py_BuildValue("dddd", random[0], random[1], random[2], random[3]);
}

/* places: a sequence of (place, activity). false: exception */
static bool see_places(python_world *w, PyObject *places) {
    Py_ssize_t n = PyList_Size(places);
    if (n < 1 || n > MHO_WORLD_MAX_ACTIVE) {
        if (!PyErr_Occurred()) {
            PyErr_Format(PyExc_ValueError, "%zd active places: 1 to %d are allowed", n,
                         MHO_WORLD_MAX_ACTIVE);
        }
        return false;
    }
    for (Py_ssize_t k = 0; k < n; k++) {
        Py_ssize_t place;
        double activity;
        if (!PyArg_ParseTuple(PyList_GetItem(places, k), "nd", &place, &activity)) {
            return false;
        }
        if (place < 0 || (size_t)place >= w->n_place || !(activity > 0 && activity <= 1)) {
            PyErr_Format(PyExc_ValueError,
                         "place %zd: 0 to %zu is allowed, with an activity in (0, 1]", place,
                         w->n_place - 1);
            return false;
        }
        w->active[k] = (mho_world_input){(size_t)place, activity};
    }
    w->n_active = (size_t)n;
    return true;
}

/* the functions get self as const: what changes is the Python world and this shadow of it */
static python_world *shadow(const void *self) {
    return (python_world *)(uintptr_t)self;
}

static void python_reset(const void *self, const double random[MHO_WORLD_RANDOM], double *state) {
    python_world *w = shadow(self);
    memset(state, 0, MHO_WORLD_MAX_STATE * sizeof *state);
    w->n_active = 1;
    w->active[0] = (mho_world_input){0, 1};
    if (!enter(w->h)) {
        return;
    }
    PyObject *u = luck(random);
    PyObject *places = u ? PyObject_CallFunction(w->reset, "(O)", u) : NULL;
    if (places && !see_places(w, places)) {
        Py_CLEAR(places);
    }
    Py_XDECREF(u);
    leave(w->h, places);
    state[0] = (double)w->active[0].place;
}

static mho_world_step python_step(const void *self, const double random[MHO_WORLD_RANDOM],
                                  size_t action, double *state) {
    python_world *w = shadow(self);
    mho_world_step s = {.done = true};
    if (!enter(w->h)) {
        return s;
    }
    PyObject *u = luck(random), *places = NULL;
    PyObject *result = u ? PyObject_CallFunction(w->step, "nO", (Py_ssize_t)action, u) : NULL;
    int bump, done, success;
    double reward;
    if (result && !(PyArg_ParseTuple(result, "Odppp", &places, &reward, &bump, &done, &success) &&
                    see_places(w, places))) {
        Py_CLEAR(result);
    }
    if (result) {
        s = (mho_world_step){reward, bump, done, success};
        state[0] = (double)w->active[0].place;
    }
    Py_XDECREF(u);
    leave(w->h, result);
    return s;
}

static size_t python_observe(const void *self, const double *state, mho_world_input *input) {
    (void)state;
    python_world *w = shadow(self);
    memcpy(input, w->active, w->n_active * sizeof *input);
    return w->n_active;
}

/* ---- results ---- */

static bool put_arrays(PyObject *dict, const mho_learn_result *r) {
    size_t n = r->opt.n_seed, m = r->opt.n_episode, d = sizeof(double);
    return put(dict, "steps", copy_out(r->steps, n * m, sizeof *r->steps)) &&
           put(dict, "good", copy_out(r->good, n * m, sizeof *r->good)) &&
           put(dict, "solved_at", copy_out(r->solved_at, n, sizeof *r->solved_at)) &&
           put(dict, "curve_mean", copy_out(r->curve_mean, m, d)) &&
           put(dict, "curve_sd", copy_out(r->curve_sd, m, d)) &&
           put(dict, "curve_lo", copy_out(r->curve_lo, m, d)) &&
           put(dict, "curve_hi", copy_out(r->curve_hi, m, d)) &&
           put(dict, "curve_good", copy_out(r->curve_good, m, d)) &&
           put(dict, "policy", copy_out(r->policy, r->n_place * r->n_action, d)) &&
           put(dict, "value", copy_out(r->value, r->n_place, d)) &&
           put(dict, "x_plus", copy_out(r->x_plus, r->n_cell / 2, d)) &&
           put(dict, "x_minus", copy_out(r->x_minus, r->n_cell / 2, d));
}

static PyObject *result_dict(const mho_learn_result *r) {
    PyObject *dict = struct_get(r, result_fields);
    if (dict &&
        !(put(dict, "agent", PyUnicode_FromString(mho_agent_name(r->opt.agent))) &&
          put(dict, "options", struct_get(&r->opt, opt_fields)) &&
          put(dict, "opto", struct_get(&r->opt.opto, opto_fields)) &&
          put(dict, "energy", struct_get(&r->energy, energy_fields)) && put_arrays(dict, r))) {
        Py_CLEAR(dict);
    }
    return dict;
}

/* ---- runs ---- */

static bool agent_of(const char *name, mho_agent *agent) {
    for (int k = 0; k < MHO_AGENT_COUNT; k++) {
        if (strcmp(mho_agent_name((mho_agent)k), name) == 0) {
            *agent = (mho_agent)k;
            return true;
        }
    }
    PyErr_Format(PyExc_ValueError,
                 "agent \"%s\": allowed are reward-pulse, actor-critic, r-stdp, e-prop, "
                 "mott-policy",
                 name);
    return false;
}

/* The handle is ours and the GIL is not held. */
static mho_status make_world(handle *h, const char *name, const char *maze, mho_world *world) {
    return maze ? mho_world_maze_text(h->ctx, maze, name, world)
                : mho_world_new(h->ctx, name, world);
}

static bool python_world_of(handle *h, const char *name, PyObject *spec, python_world *self,
                            mho_world *world) {
    PyObject *dict;
    if (!PyArg_ParseTuple(spec, "OOO!", &self->reset, &self->step, &PyDict_Type, &dict) ||
        !struct_set(world, world_fields, dict)) {
        return false;
    }
    strncpy(world->name, name, sizeof world->name - 1);
    self->h = h;
    self->n_place = world->n_place;
    world->self = self;
    world->reset = python_reset;
    world->step = python_step;
    world->observe = python_observe;
    return true;
}

/* (handle, progress, world name, maze text or None, None or (reset, step, fields), agent, options,
 * opto) -> dictionary */
static PyObject *learn_run(PyObject *self, PyObject *args) {
    (void)self;
    handle *h;
    PyObject *progress, *spec, *options, *opto;
    const char *name, *maze, *agent_name;
    mho_agent agent;
    if (!PyArg_ParseTuple(args, "O&OszOsO!O!", handle_arg, &h, &progress, &name, &maze, &spec,
                          &agent_name, &PyDict_Type, &options, &PyDict_Type, &opto) ||
        !agent_of(agent_name, &agent)) {
        return NULL;
    }
    mho_world world = {.name = ""};
    python_world python = {.h = NULL};
    if (spec != Py_None && !python_world_of(h, name, spec, &python, &world)) {
        return NULL;
    }
    if (!begin(h, progress)) {
        return NULL;
    }
    mho_status status = spec == Py_None ? make_world(h, name, maze, &world) : MHO_OK;
    if (!end(h, status)) {
        return NULL;
    }
    mho_learn_opt opt;
    memset(&opt, 0, sizeof opt);
    mho_learn_defaults(&world, agent, &opt);
    mho_learn_result *r = NULL;
    PyObject *result = NULL;
    if (struct_set(&opt, opt_fields, options) && struct_set(&opt.opto, opto_fields, opto) &&
        begin(h, progress)) {
        status = mho_learn_run(h->ctx, &world, &opt, &r);
        result = end(h, status) && r ? result_dict(r) : NULL;
    }
    mho_learn_result_free(h->ctx, r);
    mho_world_free(h->ctx, &world);
    return result;
}

/* () -> list of (key, min, max, default, help) */
static PyObject *learn_table(PyObject *self, PyObject *args) {
    (void)self;
    (void)args;
#define LEARN_FORMAT(key, lo, hi, def, help) "(sddds)"
#define LEARN_ROW(key, lo, hi, def, help)    , #key, (double)(lo), (double)(hi), (double)(def), help
    return Py_BuildValue(
        "[" MHO_LEARN_PARAM_LIST(LEARN_FORMAT) "]" MHO_LEARN_PARAM_LIST(LEARN_ROW));
}

PyMethodDef learn_methods[] = {{"learn_run", learn_run, METH_VARARGS, NULL},
                               {"learn_table", learn_table, METH_NOARGS, NULL},
                               {NULL, NULL, 0, NULL}};
