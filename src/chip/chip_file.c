/* chip_file.c - the YAML file that describes a chip, read over the defaults. What may stand in it
 * comes from the parameter list; every complaint names file, line, column, key, value and what is
 * allowed. */
#include "spec_int.h"

#include "io/io_int.h"

#include <math.h>
#include <string.h>

enum { MAX_FILE_BYTE = 256 * 1024 };

enum { N_SECTION = 6 };

typedef struct loader {
    mho_ctx *ctx;
    const char *path;
    mho_i_yaml *doc;
    mho_chip_spec spec;
    mho_i_yaml_node *section[N_SECTION]; /* NULL: not in the file */
    mho_i_yaml_node *choice_key[MHO_N_CHOICE], *table_key;
    mho_i_yaml_node **param_key; /* [mho_chip_param_count()], the key's node once it was seen */
} loader;

static const char *kind_text(mho_i_yaml_kind kind) {
    static const char *const text[] = {"nothing", "a single value", "a mapping", "a list",
                                       "an alias"};
    return text[kind];
}

static mho_status bad_kind(loader *l, mho_i_yaml_node *key, mho_i_yaml_node *value,
                           const char *name, const char *wanted) {
    mho_i_yaml_kind kind = mho_i_yaml_kind_of(value);
    return mho_i_yaml_fail(l->doc, value, key, "%s is %s; %s is wanted%s", name, kind_text(kind),
                           wanted,
                           kind == MHO_YAML_ALIAS ? " (anchors and aliases are not read)" : "");
}

/* ---- the three levels of the file ---- */

static mho_status read_sections(loader *l, mho_i_yaml_node *chip) {
    void *at = NULL;
    mho_i_yaml_node *key, *value;
    char buf[80];
    while (mho_i_yaml_next(chip, &at, &key, &value)) {
        const char *name = mho_i_yaml_text(key);
        mho_i_guess g = mho_i_guess_init(name);
        int s = 0;
        while (s < N_SECTION && strcmp(mho_i_chip_sections[s], name) != 0) {
            mho_i_guess_add(&g, mho_i_chip_sections[s++]);
        }
        if (s == N_SECTION) {
            return mho_i_yaml_fail(l->doc, key, NULL,
                                   "chip.%s: not a section; there are synapse, array, neuron, "
                                   "periphery, conditions and cost%s",
                                   name, mho_i_guess_text(&g, buf, sizeof buf));
        }
        snprintf(buf, sizeof buf, "chip.%s", name);
        if (l->section[s]) {
            return mho_i_yaml_fail(l->doc, key, NULL, "%s is there twice", buf);
        }
        if (mho_i_yaml_kind_of(value) != MHO_YAML_MAPPING) {
            return bad_kind(l, key, value, buf, "a mapping of keys to values");
        }
        l->section[s] = value;
    }
    return MHO_OK;
}

static mho_status read_top(loader *l) {
    mho_i_yaml_node *root = mho_i_yaml_root(l->doc), *key, *value, *chip = NULL;
    mho_i_yaml_kind kind = mho_i_yaml_kind_of(root);
    if (kind == MHO_YAML_NOTHING) {
        return mho_i_yaml_fail(l->doc, NULL, NULL,
                               "the file is empty; \"chip:\" with its sections is wanted");
    }
    if (kind != MHO_YAML_MAPPING) {
        return bad_kind(l, NULL, root, "the file", "\"chip:\" with its sections");
    }
    void *at = NULL;
    while (mho_i_yaml_next(root, &at, &key, &value)) {
        const char *name = mho_i_yaml_text(key);
        if (strcmp(name, "chip") != 0) {
            return mho_i_yaml_fail(l->doc, key, NULL, "%s: not known; the only key here is chip",
                                   name);
        }
        if (chip) {
            return mho_i_yaml_fail(l->doc, key, NULL, "chip is there twice");
        }
        if (mho_i_yaml_kind_of(value) != MHO_YAML_MAPPING) {
            return bad_kind(l, key, value, "chip", "a mapping of sections");
        }
        chip = value;
    }
    return chip ? read_sections(l, chip)
                : mho_i_yaml_fail(l->doc, NULL, NULL, "there is no \"chip:\" in it");
}

/* ---- single values ---- */

static int find_choice(const char *section, const char *key) {
    for (int c = 0; c < MHO_N_CHOICE; c++) {
        if (strcmp(mho_i_chip_choices[c].section, section) == 0 &&
            strcmp(mho_i_chip_choices[c].key, key) == 0) {
            return c;
        }
    }
    return -1;
}

static mho_status read_choice(loader *l, int c, mho_i_yaml_node *key, mho_i_yaml_node *value) {
    const mho_i_choice *choice = &mho_i_chip_choices[c];
    const char *text = mho_i_yaml_text(value);
    char words[160] = "", buf[80];
    mho_i_guess g = mho_i_guess_init(text);
    if (c == MHO_CHOICE_CARD && strpbrk(text, "./")) { /* a file, as no built-in card has a dot */
        mho_status status = mho_i_chip_card_load(l->ctx, l->path, text, &l->spec);
        if (status == MHO_ERR_NOMEM || status == MHO_OK) {
            return status;
        }
        char why[600];
        snprintf(why, sizeof why, "%s", mho_ctx_last_error(l->ctx));
        return mho_i_yaml_fail(l->doc, value, key, "chip.neuron.card: %s", why);
    }
    for (int w = 0; choice->word[w]; w++) {
        if (strcmp(choice->word[w], text) == 0) {
            if (c == MHO_CHOICE_CARD) {
                snprintf(l->spec.neuron_card, sizeof l->spec.neuron_card, "%s", text);
                return mho_neuron_card(l->ctx, text, &l->spec.neuron);
            }
            mho_i_chip_choice_set(&l->spec, c, w);
            return MHO_OK;
        }
        mho_i_guess_add(&g, choice->word[w]);
        size_t n = strlen(words);
        snprintf(words + n, sizeof words - n, "%s%s", w ? ", " : "", choice->word[w]);
    }
    return mho_i_yaml_fail(l->doc, value, key, "chip.%s.%s = \"%s\": allowed %s %s%s",
                           choice->section, choice->key, text, choice->word[1] ? "are" : "is",
                           words, mho_i_guess_text(&g, buf, sizeof buf));
}

static mho_status read_param(loader *l, size_t k, mho_i_yaml_node *key, mho_i_yaml_node *value) {
    const char *section, *text = mho_i_yaml_text(value);
    mho_param_info info = mho_chip_param_describe(&l->spec, k, &section);
    char why[160], lo[40], hi[40], allowed[100];
    bool whole = mho_i_chip_param_is_whole(k);
    snprintf(allowed, sizeof allowed, "allowed are %s%s to %s", whole ? "whole numbers from " : "",
             mho_i_chip_param_text(k, info.unit, info.min, 6, lo, sizeof lo),
             mho_i_chip_param_text(k, info.unit, info.max, 6, hi, sizeof hi));
    double x = 0;
    if (!mho_quantity_parse(text, info.unit, &x, why, sizeof why)) {
        /* why begins with the value in quotes, which the message has already */
        const char *reason = why;
        size_t n = strlen(text) + 3;
        if (why[0] == '"' && strlen(why) > n && strncmp(why + 1, text, n - 3) == 0) {
            reason += n;
        }
        return mho_i_yaml_fail(l->doc, value, key, "chip.%s.%s = \"%.60s\" %s; %s", section,
                               info.key, text, reason, allowed);
    }
    if (!(x >= info.min && x <= info.max) || (whole && x != floor(x))) {
        return mho_i_yaml_fail(l->doc, value, key, "chip.%s.%s = \"%.60s\": %s", section, info.key,
                               text, allowed);
    }
    return mho_chip_param_set(l->ctx, &l->spec, k, x);
}

/* "11 uS 0.5 uS": a level and its sd. */
static bool parse_level(const char *text, double *level_S, double *sd_S) {
    char first[40], why[160];
    const char *blank = text + strcspn(text, " ");
    blank += strspn(blank, " ");
    blank += strcspn(blank, " "); /* number, unit */
    size_t n = (size_t)(blank - text);
    snprintf(first, sizeof first, "%.*s", (int)(n < sizeof first ? n : sizeof first - 1), text);
    return mho_quantity_parse(first, "S", level_S, why, sizeof why) &&
           mho_quantity_parse(blank, "S", sd_S, why, sizeof why);
}

/* The levels of model table: a list of them. */
static mho_status read_table(loader *l, mho_i_yaml_node *key, mho_i_yaml_node *value) {
    mho_synapse_param *s = &l->spec.synapse;
    if (l->table_key) {
        return mho_i_yaml_fail(l->doc, key, NULL, "chip.synapse.table is there twice");
    }
    l->table_key = key;
    if (s->model != MHO_SYNAPSE_TABLE) {
        return mho_i_yaml_fail(l->doc, key, NULL,
                               "chip.synapse.table: only model table has one, this is %s",
                               mho_synapse_model_name(s->model));
    }
    if (mho_i_yaml_kind_of(value) != MHO_YAML_SEQUENCE) {
        return bad_kind(l, key, value, "chip.synapse.table", "a list of levels");
    }
    void *at = NULL;
    mho_i_yaml_node *item;
    for (s->n_level = 0; mho_i_yaml_item(value, &at, &item); s->n_level++) {
        if (s->n_level == MHO_SYNAPSE_MAX_LEVEL ||
            !parse_level(mho_i_yaml_text(item), &s->level_S[s->n_level],
                         &s->level_sd_S[s->n_level])) {
            return mho_i_yaml_fail(l->doc, item, key,
                                   "chip.synapse.table: level %zu, \"%.60s\": up to %d levels are "
                                   "wanted, each a conductance and its sd, such as 11 uS 0.5 uS",
                                   s->n_level, mho_i_yaml_text(item), MHO_SYNAPSE_MAX_LEVEL);
        }
    }
    return MHO_OK;
}

static mho_status unknown_key(loader *l, const char *section, mho_i_yaml_node *key) {
    mho_i_guess g = mho_i_guess_init(mho_i_yaml_text(key));
    char buf[80], list[900] = "";
    size_t n = 0;
    if (strcmp(section, "synapse") == 0) {
        mho_i_guess_add(&g, "table");
    }
    for (int c = 0; c < MHO_N_CHOICE; c++) {
        if (strcmp(mho_i_chip_choices[c].section, section) == 0) {
            mho_i_guess_add(&g, mho_i_chip_choices[c].key);
            n += (size_t)snprintf(list + n, sizeof list - n, " %s", mho_i_chip_choices[c].key);
        }
    }
    for (size_t k = 0; k < mho_chip_param_count(); k++) {
        const char *where;
        mho_param_info info = mho_chip_param_describe(&l->spec, k, &where);
        if (strcmp(where, section) == 0 && n + sizeof info.key + 2 < sizeof list) {
            mho_i_guess_add(&g, info.key);
            n += (size_t)snprintf(list + n, sizeof list - n, " %s", info.key);
        }
    }
    /* with a good guess the list of all keys would only be in the way */
    if (*g.best) {
        return mho_i_yaml_fail(l->doc, key, NULL, "chip.%s.%.60s: not a key of this section%s",
                               section, g.wanted, mho_i_guess_text(&g, buf, sizeof buf));
    }
    return mho_i_yaml_fail(l->doc, key, NULL,
                           "chip.%s.%.60s: not a key of this section; allowed:%s", section,
                           g.wanted, list);
}

static size_t find_param(const loader *l, const char *section, const char *key) {
    for (size_t k = 0; k < mho_chip_param_count(); k++) {
        const char *where;
        mho_param_info info = mho_chip_param_describe(&l->spec, k, &where);
        if (strcmp(where, section) == 0 && strcmp(info.key, key) == 0) {
            return k;
        }
    }
    return mho_chip_param_count();
}

/* One key of a section. The neuron's card is read in a pass of its own before everything else,
 * because it replaces what the other keys change. */
static mho_status read_key(loader *l, const char *section, bool cards, mho_i_yaml_node *key,
                           mho_i_yaml_node *value) {
    const char *name = mho_i_yaml_text(key);
    int c = find_choice(section, name);
    if (cards != mho_i_chip_choice_is_card(c)) {
        return MHO_OK;
    }
    if (strcmp(section, "synapse") == 0 && strcmp(name, "table") == 0) {
        return read_table(l, key, value);
    }
    size_t k = c < 0 ? find_param(l, section, name) : 0;
    if (c < 0 && k == mho_chip_param_count()) {
        return unknown_key(l, section, key);
    }
    char path[80];
    snprintf(path, sizeof path, "chip.%s.%s", section, name);
    mho_i_yaml_node **seen = c < 0 ? &l->param_key[k] : &l->choice_key[c];
    if (*seen) {
        return mho_i_yaml_fail(l->doc, key, NULL, "%s is there twice", path);
    }
    *seen = key;
    if (mho_i_yaml_kind_of(value) != MHO_YAML_SCALAR) {
        return bad_kind(l, key, value, path, "a single value");
    }
    return c < 0 ? read_param(l, k, key, value) : read_choice(l, c, key, value);
}

static mho_status read_values(loader *l, bool cards) {
    for (int s = 0; s < N_SECTION; s++) {
        void *at = NULL;
        mho_i_yaml_node *key, *value;
        while (l->section[s] && mho_i_yaml_next(l->section[s], &at, &key, &value)) {
            mho_status status = read_key(l, mho_i_chip_sections[s], cards, key, value);
            if (status < 0) {
                return status;
            }
        }
    }
    return MHO_OK;
}

/* The window of a table is that of its levels unless the file says otherwise. */
static void table_window(loader *l) {
    mho_synapse_param *s = &l->spec.synapse;
    if (s->model == MHO_SYNAPSE_TABLE && s->n_level > 1) {
        s->g_min_S = l->param_key[find_param(l, "synapse", "g_min")] ? s->g_min_S : s->level_S[0];
        s->g_max_S = l->param_key[find_param(l, "synapse", "g_max")] ? s->g_max_S
                                                                     : s->level_S[s->n_level - 1];
    }
}

static mho_status check_relations(loader *l) {
    table_window(l);
    const char *section, *key;
    mho_status status = mho_i_chip_spec_check(l->ctx, &l->spec, &section, &key);
    if (status < 0) {
        char why[200];
        snprintf(why, sizeof why, "%s", mho_ctx_last_error(l->ctx));
        mho_i_yaml_node *place = l->param_key[find_param(l, section, key)];
        for (size_t k = 0; !place && k < mho_chip_param_count(); k++) {
            const char *where;
            mho_chip_param_describe(&l->spec, k, &where);
            place = strcmp(where, section) == 0 ? l->param_key[k] : NULL;
        }
        return mho_i_yaml_fail(l->doc, place, NULL, "chip.%s: %s", section, why);
    }
    return MHO_OK;
}

mho_status mho_chip_spec_load(mho_ctx *ctx, const char *path, mho_chip_spec *out) {
    loader l = {.ctx = ctx, .path = path};
    mho_status status = mho_chip_spec_default(ctx, &l.spec);
    if (status == MHO_OK) {
        status = mho_i_yaml_load(ctx, path, MAX_FILE_BYTE, &l.doc);
    }
    if (status < 0) {
        return status;
    }
    l.param_key = mho_i_alloc(ctx, mho_chip_param_count(), sizeof *l.param_key);
    status = l.param_key ? read_top(&l) : MHO_ERR_NOMEM;
    for (int pass = 0; pass < 2 && status == MHO_OK; pass++) {
        status = read_values(&l, pass == 0);
    }
    if (status == MHO_OK) {
        status = check_relations(&l);
    }
    mho_i_free(ctx, l.param_key);
    mho_i_yaml_free(l.doc);
    if (status == MHO_OK) {
        *out = l.spec;
    }
    return status;
}
