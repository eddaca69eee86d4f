/* model_load.c - models from outside: shared objects are loaded and their tables looked at. */
#include "model_load_int.h"

#include <dlfcn.h>
#include <math.h>
#include <string.h>

enum { MAX_PARAM = 256, MAX_MEMORY = 4096, MAX_NAME = 31 };

typedef struct looker {
    mho_ctx *ctx;
    const char *where;
    const mho_ext_model *m;
} looker;

static mho_status bad(const looker *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static mho_status bad(const looker *l, const char *fmt, ...) {
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return mho_i_fail(l->ctx, MHO_ERR_FORMAT, "%s: %s", l->where, text);
}

static bool good_name(const char *name) {
    return name && *name && strlen(name) <= MAX_NAME &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_"
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == strlen(name);
}

static bool good_mark(const char *mark) {
    return mark && *mark && strchr("PCA", *mark);
}

static mho_status look_at_param(const looker *l, size_t k) {
    const mho_ext_param *p = &l->m->param[k];
    if (!good_name(p->key) || !p->unit || !p->source || !p->help) {
        return bad(l, "param[%zu]: key (letters, digits, _), unit, source and help are wanted", k);
    }
    if (!good_mark(p->mark)) {
        return bad(l, "param[%zu] %s: mark must begin with P, C or A", k, p->key);
    }
    double max = p->max;
    if (p->word) {
        size_t n = 0;
        while (p->word[n]) {
            n++;
        }
        if (!n || p->min != 0 || p->max != (double)(n - 1)) {
            return bad(l, "param[%zu] %s: %zu words need min 0 and max %zu", k, p->key, n, n - 1);
        }
    }
    if (!isfinite(p->min) || !isfinite(max) || !(p->min <= p->start && p->start <= max)) {
        return bad(l, "param[%zu] %s: start %g is not within min %g to max %g, both finite", k,
                   p->key, p->start, p->min, p->max);
    }
    for (size_t j = 0; j < k; j++) {
        if (strcmp(l->m->param[j].key, p->key) == 0) {
            return bad(l, "param[%zu]: %s is there twice", k, p->key);
        }
    }
    return MHO_OK;
}

static mho_status look_at_card(const looker *l, size_t c) {
    const mho_ext_card *card = &l->m->card[c];
    if (!good_name(card->name) || !card->summary || (card->n_value && !card->value)) {
        return bad(l, "card[%zu]: name, summary and values are wanted", c);
    }
    for (size_t j = 0; j < card->n_value; j++) {
        const mho_ext_value *v = &card->value[j];
        size_t k = 0;
        while (k < l->m->n_param && v->key && strcmp(l->m->param[k].key, v->key) != 0) {
            k++;
        }
        if (!v->key || k == l->m->n_param) {
            return bad(l, "card %s: %s is not the key of a parameter", card->name,
                       v->key ? v->key : "NULL");
        }
        const mho_ext_param *p = &l->m->param[k];
        if (!(v->value >= p->min && v->value <= p->max) || !good_mark(v->mark) || !v->source) {
            return bad(l, "card %s: %s = %g needs a value from %g to %g, mark and source",
                       card->name, v->key, v->value, p->min, p->max);
        }
    }
    return MHO_OK;
}

static mho_status look_at_rows(const looker *l) {
    const mho_ext_model *m = l->m;
    for (size_t k = 0; k < m->n_input; k++) {
        const mho_ext_input *u = &m->input[k];
        if (!good_name(u->key) || !u->unit || !u->help ||
            !(u->min < u->max && u->min <= u->start && u->start <= u->max) || !isfinite(u->min) ||
            !isfinite(u->max)) {
            return bad(l, "input[%zu]: key, unit, help and finite min <= start <= max are wanted",
                       k);
        }
    }
    for (size_t k = 0; k < m->n_state; k++) {
        const mho_ext_state *x = &m->state[k];
        if (!good_name(x->key) || !x->unit || !x->help || !isfinite(x->start) ||
            !(x->min <= x->start && x->start <= x->max)) {
            return bad(l, "state[%zu]: key, unit, help and min <= start <= max are wanted", k);
        }
    }
    for (size_t k = 0; k < m->n_memory_row; k++) {
        const mho_ext_memory *r = &m->memory[k];
        if (!good_name(r->key) || !r->unit || !r->help || !r->count || r->count > MAX_MEMORY ||
            !isfinite(r->start)) {
            return bad(l, "memory[%zu]: key, unit, help, count 1 to %d and a start are wanted", k,
                       MAX_MEMORY);
        }
    }
    for (size_t k = 0; k < m->n_output; k++) {
        const mho_ext_output *y = &m->output[k];
        if (!good_name(y->key) || !y->unit || !y->help) {
            return bad(l, "output[%zu]: key, unit and help are wanted", k);
        }
        if (k < m->n_port && strcmp(y->unit, "A") != 0) {
            return bad(l, "output[%zu] %s: the first %zu are currents into the ports, unit A", k,
                       y->key, m->n_port);
        }
    }
    return MHO_OK;
}

static mho_status look_at_counts(const looker *l) {
    const mho_ext_model *m = l->m;
    if (!(m->n_port >= 1 && m->n_port <= m->n_input && m->n_input <= MHO_EXT_MAX_INPUT)) {
        return bad(l, "%zu ports, %zu inputs: 1 to %d inputs are wanted, the ports among them",
                   m->n_port, m->n_input, MHO_EXT_MAX_INPUT);
    }
    if (m->n_output < m->n_port || m->n_output > MHO_EXT_MAX_OUTPUT) {
        return bad(l, "%zu outputs: at least the %zu currents, at most %d", m->n_output, m->n_port,
                   MHO_EXT_MAX_OUTPUT);
    }
    if (m->n_state > MHO_EXT_MAX_STATE || m->n_param > MAX_PARAM ||
        m->n_event > MHO_EXT_MAX_STATE) {
        return bad(l, "%zu states, %zu parameters, %zu events: at most %d, %d and %d", m->n_state,
                   m->n_param, m->n_event, MHO_EXT_MAX_STATE, MAX_PARAM, MHO_EXT_MAX_STATE);
    }
    if ((m->n_param && !m->param) || (m->n_card && !m->card) || !m->input || !m->output ||
        (m->n_state && !m->state) || (m->n_memory_row && !m->memory)) {
        return bad(l, "a table is NULL although its count is not 0");
    }
    if (!m->eval || !m->jacobian || (m->n_event && (!m->event || !m->cross))) {
        return bad(l, "eval, jacobian and, with events, event and cross are wanted");
    }
    return MHO_OK;
}

mho_status mho_i_model_validate(mho_ctx *ctx, const char *where, const mho_ext_model *model) {
    looker l = {ctx, where, model};
    if (model->struct_size != sizeof *model || model->version != MHO_EXT_VERSION) {
        return bad(&l,
                   "made for version %d of mho/ext.h with %zu bytes; this library has version %d "
                   "with %zu: compile it again",
                   model->version, model->struct_size, MHO_EXT_VERSION, sizeof *model);
    }
    if (!good_name(model->name) || !model->summary || !model->equations || !model->source) {
        return bad(&l,
                   "name (at most %d letters, digits, -), summary, equations and source are "
                   "wanted",
                   MAX_NAME);
    }
    mho_status status = look_at_counts(&l);
    for (size_t k = 0; status == MHO_OK && k < model->n_param; k++) {
        status = look_at_param(&l, k);
    }
    for (size_t c = 0; status == MHO_OK && c < model->n_card; c++) {
        status = look_at_card(&l, c);
    }
    return status == MHO_OK ? look_at_rows(&l) : status;
}

static mho_status load_into(mho_ctx *ctx, const char *path, mho_model *m) {
    m->so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!m->so) {
        const char *why = dlerror();
        return mho_i_fail(ctx, MHO_ERR_IO, "%s: cannot be loaded: %s", path, why ? why : "");
    }
    void *symbol = dlsym(m->so, MHO_EXT_ENTRY);
    if (!symbol) {
        return mho_i_fail(ctx, MHO_ERR_FORMAT, "%s: no function %s in it; see examples/my_model.c",
                          path, MHO_EXT_ENTRY);
    }
    mho_ext_entry_fn entry; /* ISO C has no cast from object to function pointer */
    memcpy(&entry, &symbol, sizeof entry);
    m->ext = entry(MHO_EXT_VERSION);
    if (!m->ext) {
        return mho_i_fail(ctx, MHO_ERR_FORMAT, "%s: it has no model for version %d of mho/ext.h",
                          path, MHO_EXT_VERSION);
    }
    return mho_i_model_validate(ctx, path, m->ext);
}

mho_status mho_model_load(mho_ctx *ctx, const char *path, mho_model **out) {
    *out = NULL;
    char with_dir[4096];
    if (!strchr(path, '/')) { /* else the loader would look in the system's directories */
        snprintf(with_dir, sizeof with_dir, "./%s", path);
        path = with_dir;
    }
    if (!mho_i_file_exists(path)) {
        return mho_i_fail(ctx, MHO_ERR_IO, "%s: there is no such file", path);
    }
    mho_model *m = mho_i_alloc(ctx, 1, sizeof *m);
    if (!m) {
        return MHO_ERR_NOMEM;
    }
    m->ctx = ctx;
    mho_status status = load_into(ctx, path, m);
    if (status < 0) {
        mho_model_free(m);
        return status;
    }
    *out = m;
    return MHO_OK;
}

const mho_ext_model *mho_model_ext(const mho_model *model) {
    return model->ext;
}

void mho_model_free(mho_model *model) {
    if (!model) {
        return;
    }
    if (model->so) {
        dlclose(model->so);
    }
    mho_i_free(model->ctx, model->table);
    mho_i_free(model->ctx, model->numbers);
    mho_i_free(model->ctx, model);
}
