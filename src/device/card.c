/* card.c - parameter sets of models: values with marks and sources. */
#include "card_int.h"

#include <math.h>
#include <string.h>

void mho_i_model_key(const mho_ext_model *model, size_t k, char key[MHO_PARAM_KEY]) {
    mho_i_param_key(model->param[k].key, model->param[k].unit, key);
}

static bool ends_in(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n > m && strcmp(text + n - m, end) == 0;
}

bool mho_i_model_is_share(const mho_ext_model *model, size_t k) {
    return ends_in(model->param[k].key, "_rel") || ends_in(model->param[k].key, "_frac");
}

size_t mho_card_row(const mho_ext_model *model, const char *key) {
    char name[MHO_PARAM_KEY];
    for (size_t k = 0; k < model->n_param; k++) {
        mho_i_model_key(model, k, name);
        if (strcmp(name, key) == 0) {
            return k;
        }
    }
    return model->n_param;
}

char *mho_card_text(const mho_ext_model *model, size_t k, double value, int digits, char *buf,
                    size_t n_buf) {
    const mho_ext_param *row = &model->param[k];
    if (row->word) {
        snprintf(buf, n_buf, "%s", row->word[(int)value]);
        return buf;
    }
    return mho_i_value_text(row->unit, mho_i_model_is_share(model, k), value, digits, buf, n_buf);
}

const char *mho_i_model_allowed(const mho_ext_model *model, size_t k, char *buf, size_t n_buf) {
    const mho_ext_param *row = &model->param[k];
    size_t n = 0;
    buf[0] = 0;
    for (size_t w = 0; row->word && row->word[w] && n < n_buf; w++) {
        n += (size_t)snprintf(buf + n, n_buf - n, "%s%s", w ? ", " : "", row->word[w]);
    }
    if (!row->word) {
        char lo[48], hi[48];
        bool share = mho_i_model_is_share(model, k);
        snprintf(buf, n_buf, "%s%s to %s", row->whole ? "whole numbers from " : "",
                 mho_i_value_text(row->unit, share, row->min, 6, lo, sizeof lo),
                 mho_i_value_text(row->unit, share, row->max, 6, hi, sizeof hi));
    }
    return buf;
}

static bool in_range(const mho_ext_param *row, double value) {
    return value >= row->min && value <= row->max && /* false for NaN */
           (!(row->whole || row->word) || value == floor(value));
}

bool mho_i_model_parse(const mho_ext_model *model, size_t k, const char *text, double *value,
                       char *why, size_t n_why) {
    const mho_ext_param *row = &model->param[k];
    char allowed[200], reason[160], near[80];
    mho_i_model_allowed(model, k, allowed, sizeof allowed);
    if (row->word) {
        mho_i_guess g = mho_i_guess_init(text);
        for (size_t w = 0; row->word[w]; w++) {
            if (strcmp(row->word[w], text) == 0) {
                *value = (double)w;
                return true;
            }
            mho_i_guess_add(&g, row->word[w]);
        }
        snprintf(why, n_why, "= \"%.60s\": allowed are %s%s", text, allowed,
                 mho_i_guess_text(&g, near, sizeof near));
        return false;
    }
    double x;
    if (!mho_quantity_parse(text, row->unit, &x, reason, sizeof reason)) {
        /* the reason begins with the value in quotes, which stands here already */
        size_t skip = strlen(text) + 3;
        bool quoted =
            reason[0] == '"' && strlen(reason) > skip && strncmp(reason + 1, text, skip - 3) == 0;
        snprintf(why, n_why, "= \"%.60s\" %s; allowed are %s", text, reason + (quoted ? skip : 0),
                 allowed);
        return false;
    }
    if (!in_range(row, x)) {
        snprintf(why, n_why, "= \"%.60s\": allowed are %s", text, allowed);
        return false;
    }
    *value = x;
    return true;
}

/* ---- the card ---- */

static const mho_ext_value *own_value(const mho_ext_card *base, const char *key) {
    for (size_t j = 0; base && j < base->n_value; j++) {
        if (strcmp(base->value[j].key, key) == 0) {
            return &base->value[j];
        }
    }
    return NULL;
}

double mho_i_card_base(const mho_card *card, size_t k, char *mark, const char **source) {
    const mho_ext_param *row = &card->model->param[k];
    const mho_ext_value *own = own_value(card->base, row->key);
    *mark = own ? own->mark[0] : row->mark[0];
    *source = own ? own->source : row->source;
    return own ? own->value : row->start;
}

static mho_status find_base(mho_ctx *ctx, const mho_ext_model *model, const char *name,
                            const mho_ext_card **out) {
    *out = NULL;
    if (!name || !*name) {
        return MHO_OK;
    }
    char list[200] = "", near[80];
    size_t n = 0;
    mho_i_guess g = mho_i_guess_init(name);
    for (size_t c = 0; c < model->n_card; c++) {
        if (strcmp(model->card[c].name, name) == 0) {
            *out = &model->card[c];
            return MHO_OK;
        }
        mho_i_guess_add(&g, model->card[c].name);
        if (n < sizeof list) {
            n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", c ? ", " : "",
                                  model->card[c].name);
        }
    }
    if (!model->n_card) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "card \"%s\": %s has one card only, its default", name,
                          model->name);
    }
    return mho_i_fail(ctx, MHO_ERR_ARG, "card \"%s\": the cards of %s are %s%s", name, model->name,
                      list, mho_i_guess_text(&g, near, sizeof near));
}

mho_status mho_card_new(mho_ctx *ctx, const mho_ext_model *model, const char *name,
                        mho_card **out) {
    *out = NULL;
    const mho_ext_card *base;
    mho_status status = find_base(ctx, model, name, &base);
    if (status < 0) {
        return status;
    }
    mho_card *c = mho_i_alloc(ctx, 1, sizeof *c);
    if (!c) {
        return MHO_ERR_NOMEM;
    }
    c->ctx = ctx;
    c->model = model;
    c->base = base;
    c->value = mho_i_alloc(ctx, model->n_param, sizeof *c->value);
    c->mark = mho_i_alloc(ctx, model->n_param, sizeof *c->mark);
    c->source = mho_i_alloc(ctx, model->n_param, sizeof *c->source);
    if (!c->value || !c->mark || !c->source) {
        mho_card_free(c);
        return MHO_ERR_NOMEM;
    }
    for (size_t k = 0; k < model->n_param; k++) {
        const char *source;
        c->value[k] = mho_i_card_base(c, k, &c->mark[k], &source);
    }
    *out = c;
    return MHO_OK;
}

void mho_card_free(mho_card *card) {
    if (!card) {
        return;
    }
    for (size_t k = 0; card->source && k < card->model->n_param; k++) {
        mho_i_free(card->ctx, card->source[k]);
    }
    mho_i_free(card->ctx, card->value);
    mho_i_free(card->ctx, card->mark);
    mho_i_free(card->ctx, card->source);
    mho_i_free(card->ctx, card);
}

const mho_ext_model *mho_card_model(const mho_card *card) {
    return card->model;
}

const double *mho_card_values(const mho_card *card) {
    return card->value;
}

char mho_card_mark(const mho_card *card, size_t k) {
    return card->mark[k];
}

const char *mho_card_base(const mho_card *card) {
    return card->base ? card->base->name : "";
}

const char *mho_card_source(const mho_card *card, size_t k) {
    char mark;
    const char *source;
    mho_i_card_base(card, k, &mark, &source);
    return card->source[k] ? card->source[k] : source;
}

mho_status mho_card_set(mho_ctx *ctx, mho_card *card, size_t k, double value, char mark,
                        const char *source) {
    const mho_ext_model *model = card->model;
    if (k >= model->n_param) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "parameter %zu: %s has %zu", k, model->name,
                          model->n_param);
    }
    if (!in_range(&model->param[k], value)) {
        char key[MHO_PARAM_KEY], allowed[200];
        mho_i_model_key(model, k, key);
        return mho_i_fail(ctx, MHO_ERR_ARG, "%s = %g: allowed are %s", key, value,
                          mho_i_model_allowed(model, k, allowed, sizeof allowed));
    }
    char *text = mho_i_strdup(ctx, source ? source : "set by the user");
    if (!text) {
        return MHO_ERR_NOMEM;
    }
    mho_i_free(ctx, card->source[k]);
    card->source[k] = text;
    card->mark[k] = mark ? mark : 'F';
    card->value[k] = value;
    return MHO_OK;
}

static mho_status no_such_key(mho_ctx *ctx, const mho_ext_model *model, const char *key) {
    mho_i_guess g = mho_i_guess_init(key);
    char name[MHO_PARAM_KEY], near[80];
    for (size_t k = 0; k < model->n_param; k++) {
        mho_i_model_key(model, k, name);
        mho_i_guess_add(&g, name);
    }
    return mho_i_fail(ctx, MHO_ERR_ARG, "\"%s\" is not a parameter of %s%s", key, model->name,
                      *g.best ? mho_i_guess_text(&g, near, sizeof near)
                              : "; mho device MODEL --card lists them");
}

mho_status mho_card_set_text(mho_ctx *ctx, mho_card *card, const char *text) {
    char key[64], why[400];
    const char *eq = strchr(text, '=');
    if (!eq || eq == text || eq - text >= (ptrdiff_t)sizeof key || !eq[1]) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "\"%s\": key=value is wanted, such as %s", text,
                          "rth=\"2 MK/W\"");
    }
    snprintf(key, sizeof key, "%.*s", (int)(eq - text), text);
    size_t k = mho_card_row(card->model, key);
    if (k == card->model->n_param) {
        return no_such_key(ctx, card->model, key);
    }
    double value;
    if (!mho_i_model_parse(card->model, k, eq + 1, &value, why, sizeof why)) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "%s %s", key, why);
    }
    return mho_card_set(ctx, card, k, value, 'F', NULL);
}

mho_status mho_card_check(mho_ctx *ctx, const mho_card *card) {
    const mho_ext_model *model = card->model;
    char why[400] = "";
    for (size_t k = 0; k < model->n_param; k++) {
        if (!in_range(&model->param[k], card->value[k])) {
            char key[MHO_PARAM_KEY];
            mho_i_model_key(model, k, key);
            return mho_i_fail(ctx, MHO_ERR_ARG, "%s = %g: allowed are %s", key, card->value[k],
                              mho_i_model_allowed(model, k, why, sizeof why));
        }
    }
    if (model->check && !model->check(card->value, why, sizeof why)) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "%s: %s", model->name, why);
    }
    return MHO_OK;
}
