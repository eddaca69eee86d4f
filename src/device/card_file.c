/* card_file.c - cards as YAML files. Every complaint names file, line, column, key, value and what
 * is allowed. */
#include "card_int.h"

#include "io/io_int.h"

#include <string.h>

enum { MAX_FILE_BYTE = 256 * 1024, COMMENT_COLUMN = 28 };

/* The keys at the top of the file. */
typedef enum top { TOP_MODEL, TOP_CARD, TOP_MARK, TOP_SOURCE, TOP_PARAMETERS, N_TOP } top;
static const char *const top_name[N_TOP] = {"model", "card", "mark", "source", "parameters"};

typedef struct loader {
    mho_ctx *ctx;
    mho_i_yaml *doc;
    mho_i_yaml_node *key[N_TOP], *value[N_TOP]; /* NULL: not there */
} loader;

static const char *text_of(const loader *l, top t) {
    return l->value[t] ? mho_i_yaml_text(l->value[t]) : "";
}

static mho_status read_top_key(loader *l, mho_i_yaml_node *key, mho_i_yaml_node *value) {
    const char *name = mho_i_yaml_text(key);
    char near[80];
    mho_i_guess g = mho_i_guess_init(name);
    int t = 0;
    while (t < N_TOP && strcmp(top_name[t], name) != 0) {
        mho_i_guess_add(&g, top_name[t++]);
    }
    if (t == N_TOP) {
        return mho_i_yaml_fail(l->doc, key, NULL,
                               "%.60s: not a key of a card file; there are model, card, mark, "
                               "source and parameters%s",
                               name, mho_i_guess_text(&g, near, sizeof near));
    }
    if (l->key[t]) {
        return mho_i_yaml_fail(l->doc, key, NULL, "%s is there twice", name);
    }
    mho_i_yaml_kind kind = mho_i_yaml_kind_of(value);
    mho_i_yaml_kind wanted = t == TOP_PARAMETERS ? MHO_YAML_MAPPING : MHO_YAML_SCALAR;
    if (kind != wanted && !(kind == MHO_YAML_NOTHING && t == TOP_PARAMETERS)) {
        return mho_i_yaml_fail(l->doc, value, key, "%s: %s is wanted", name,
                               wanted == MHO_YAML_MAPPING ? "a mapping of keys to values"
                                                          : "a single value");
    }
    l->key[t] = key;
    l->value[t] = value;
    return MHO_OK;
}

static mho_status read_top(loader *l) {
    mho_i_yaml_node *root = mho_i_yaml_root(l->doc), *key, *value;
    if (mho_i_yaml_kind_of(root) != MHO_YAML_MAPPING) {
        return mho_i_yaml_fail(l->doc, root, NULL,
                               "this is not a card: \"model:\" and \"parameters:\" are wanted");
    }
    void *at = NULL;
    while (mho_i_yaml_next(root, &at, &key, &value)) {
        mho_status status = read_top_key(l, key, value);
        if (status < 0) {
            return status;
        }
    }
    if (!l->key[TOP_MODEL]) {
        return mho_i_yaml_fail(l->doc, NULL, NULL,
                               "there is no \"model:\": which model is the card for?");
    }
    return MHO_OK;
}

static mho_status check_top(loader *l, const mho_ext_model *model) {
    if (strcmp(text_of(l, TOP_MODEL), model->name) != 0) {
        return mho_i_yaml_fail(l->doc, l->value[TOP_MODEL], NULL,
                               "model = \"%.60s\": this is a card of another model; wanted is %s",
                               text_of(l, TOP_MODEL), model->name);
    }
    const char *mark = text_of(l, TOP_MARK);
    if (*mark && (strlen(mark) != 1 || !strchr("PCAF", *mark))) {
        return mho_i_yaml_fail(l->doc, l->value[TOP_MARK], NULL,
                               "mark = \"%.60s\": P published, C computed from published data, A "
                               "assumed or F set in a file",
                               mark);
    }
    return MHO_OK;
}

static mho_status unknown_key(loader *l, const mho_ext_model *model, mho_i_yaml_node *key) {
    mho_i_guess g = mho_i_guess_init(mho_i_yaml_text(key));
    char name[MHO_PARAM_KEY], near[80], list[700] = "";
    size_t n = 0;
    for (size_t k = 0; k < model->n_param; k++) {
        mho_i_model_key(model, k, name);
        mho_i_guess_add(&g, name);
        if (n + sizeof name + 2 < sizeof list) {
            n += (size_t)snprintf(list + n, sizeof list - n, " %s", name);
        }
    }
    if (*g.best) { /* the list of all keys would only be in the way */
        return mho_i_yaml_fail(l->doc, key, NULL, "parameters.%.60s: not a parameter of %s%s",
                               g.wanted, model->name, mho_i_guess_text(&g, near, sizeof near));
    }
    return mho_i_yaml_fail(l->doc, key, NULL, "parameters.%.60s: not a parameter of %s; allowed:%s",
                           g.wanted, model->name, list);
}

static mho_status read_value(loader *l, mho_card *card, mho_i_yaml_node **seen,
                             mho_i_yaml_node *key, mho_i_yaml_node *value) {
    const char *name = mho_i_yaml_text(key);
    size_t k = mho_card_row(card->model, name);
    if (k == card->model->n_param) {
        return unknown_key(l, card->model, key);
    }
    if (seen[k]) {
        return mho_i_yaml_fail(l->doc, key, NULL, "parameters.%s is there twice", name);
    }
    seen[k] = key;
    if (mho_i_yaml_kind_of(value) != MHO_YAML_SCALAR) {
        return mho_i_yaml_fail(l->doc, value, key, "parameters.%s: a single value is wanted", name);
    }
    double x;
    char why[400], mark;
    if (!mho_i_model_parse(card->model, k, mho_i_yaml_text(value), &x, why, sizeof why)) {
        return mho_i_yaml_fail(l->doc, value, key, "parameters.%s %s", name, why);
    }
    const char *source, *own = text_of(l, TOP_SOURCE);
    if (x == mho_i_card_base(card, k, &mark, &source)) {
        return MHO_OK; /* nothing new: mark and source stay */
    }
    mark = *text_of(l, TOP_MARK);
    return mho_card_set(l->ctx, card, k, x, mark ? mark : 'F', *own ? own : "set in a file");
}

static mho_status read_values(loader *l, mho_card *card) {
    mho_i_yaml_node **seen = mho_i_alloc(l->ctx, card->model->n_param, sizeof *seen), *key, *value;
    mho_status status = seen ? MHO_OK : MHO_ERR_NOMEM;
    void *at = NULL;
    bool some = mho_i_yaml_kind_of(l->value[TOP_PARAMETERS]) == MHO_YAML_MAPPING;
    while (status == MHO_OK && some &&
           mho_i_yaml_next(l->value[TOP_PARAMETERS], &at, &key, &value)) {
        status = read_value(l, card, seen, key, value);
    }
    if (status == MHO_OK) {
        status = mho_card_check(l->ctx, card);
        if (status < 0) {
            char why[400];
            snprintf(why, sizeof why, "%s", mho_ctx_last_error(l->ctx));
            status = mho_i_yaml_fail(l->doc, l->key[TOP_PARAMETERS], NULL, "%s", why);
        }
    }
    mho_i_free(l->ctx, seen);
    return status;
}

mho_status mho_card_load(mho_ctx *ctx, const mho_ext_model *model, const char *path,
                         mho_card **out) {
    *out = NULL;
    loader l = {.ctx = ctx};
    mho_card *card = NULL;
    mho_status status = mho_i_yaml_load(ctx, path, MAX_FILE_BYTE, &l.doc);
    if (status == MHO_OK) {
        status = read_top(&l);
    }
    if (status == MHO_OK) {
        status = check_top(&l, model);
    }
    if (status == MHO_OK) {
        status = mho_card_new(ctx, model, text_of(&l, TOP_CARD), &card);
        if (status == MHO_ERR_ARG) {
            char why[400];
            snprintf(why, sizeof why, "%s", mho_ctx_last_error(ctx));
            status = mho_i_yaml_fail(l.doc, l.value[TOP_CARD], NULL, "%s", why);
        }
    }
    if (status == MHO_OK) {
        status = read_values(&l, card);
    }
    mho_i_yaml_free(l.doc);
    if (status < 0) {
        mho_card_free(card);
        return status;
    }
    *out = card;
    return MHO_OK;
}

mho_status mho_card_model_name(mho_ctx *ctx, const char *path, char *name, size_t n_name) {
    loader l = {.ctx = ctx};
    mho_status status = mho_i_yaml_load(ctx, path, MAX_FILE_BYTE, &l.doc);
    if (status == MHO_OK) {
        status = read_top(&l);
    }
    if (status == MHO_OK) {
        snprintf(name, n_name, "%s", text_of(&l, TOP_MODEL));
    }
    mho_i_yaml_free(l.doc);
    return status;
}

/* ---- writing ---- */

/* What needs quotes to stay one plain YAML value. */
static void put_plain(mho_i_text *t, const char *text) {
    mho_i_text_put(t, "\"", 1);
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\') {
            mho_i_text_put(t, "\\", 1);
        }
        mho_i_text_put(t, (unsigned char)*c < ' ' ? " " : c, 1);
    }
    mho_i_text_put(t, "\"", 1);
}

/* Mark and source that all values have in common which are not the built-in card's. */
static void put_provenance(mho_i_text *t, const mho_card *card) {
    const char *common = NULL;
    char mark = 0;
    for (size_t k = 0; k < card->model->n_param; k++) {
        if (!card->source[k]) {
            continue;
        }
        if (common && (strcmp(common, card->source[k]) != 0 || mark != card->mark[k])) {
            return; /* several: they stand in the comments */
        }
        common = card->source[k];
        mark = card->mark[k];
    }
    if (common) {
        mho_i_text_add(t, "mark: %c\nsource: ", mark);
        put_plain(t, common);
        mho_i_text_add(t, "\n");
    }
}

static void put_row(mho_i_text *t, const mho_card *card, size_t k) {
    const mho_ext_param *row = &card->model->param[k];
    char key[MHO_PARAM_KEY], value[64], allowed[200];
    mho_i_model_key(card->model, k, key);
    size_t before = t->len;
    mho_i_text_add(t, "  %s: %s", key,
                   mho_card_text(card->model, k, card->value[k], 0, value, sizeof value));
    int used = (int)(t->len - before);
    mho_i_text_add(t, "%*s# %s; %s [%c: %s]\n", used < COMMENT_COLUMN ? COMMENT_COLUMN - used : 1,
                   "", row->help, mho_i_model_allowed(card->model, k, allowed, sizeof allowed),
                   card->mark[k], mho_card_source(card, k));
}

mho_status mho_card_write(mho_ctx *ctx, const mho_card *card, char **text) {
    *text = NULL;
    mho_i_text t;
    mho_i_text_init(&t, ctx);
    mho_i_text_add(&t,
                   "# A card for mho. Every parameter may be left out: this file gives them all.\n"
                   "# In brackets: P published, C computed from published data, A assumed by us, F "
                   "set by the user.\n"
                   "model: %s\n",
                   card->model->name);
    if (card->base) {
        mho_i_text_add(&t, "card: %-21s # %s\n", card->base->name, card->base->summary);
    }
    put_provenance(&t, card);
    mho_i_text_add(&t, "parameters:\n");
    for (size_t k = 0; k < card->model->n_param; k++) {
        put_row(&t, card, k);
    }
    if (t.status < 0) {
        mho_status status = t.status;
        mho_i_text_free(&t);
        return status;
    }
    *text = t.data;
    return MHO_OK;
}
