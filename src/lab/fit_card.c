/* fit_card.c - a fit as a card file (mho/model.h): what was fitted, with mark C, the measurement as
 * source and the interval as a comment. Values come back to the same bits. */
#include "fit_int.h"

#include <math.h>
#include <string.h>

/* A YAML text in double quotes. */
static void quoted(mho_i_text *t, const char *text) {
    mho_i_text_put(t, "\"", 1);
    for (const char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '"' || c == '\\') {
            mho_i_text_add(t, "\\%c", c);
        } else if (c < ' ' || c == 0x7f) {
            mho_i_text_add(t, "\\x%02x", c);
        } else {
            mho_i_text_put(t, p, 1);
        }
    }
    mho_i_text_put(t, "\"", 1);
}

static void add_param(mho_i_text *t, const mho_fit_param *p) {
    char value[64], low[48], high[48];
    size_t before = t->len;
    mho_i_text_add(t, "  %s: %s", p->key,
                   mho_i_value_text(p->unit, false, p->value, 0, value, sizeof value));
    int used = (int)(t->len - before);
    mho_i_text_add(t, "%*s# %s", used < 36 ? 36 - used : 1, "", p->help);
    if (!p->fitted) {
        mho_i_text_add(t, "; not fitted\n");
    } else if (isfinite(p->boot_low)) {
        mho_i_text_add(t, "; %s to %s (95 %%, bootstrap)\n",
                       mho_i_value_text(p->unit, false, p->boot_low, 5, low, sizeof low),
                       mho_i_value_text(p->unit, false, p->boot_high, 5, high, sizeof high));
    } else if (isfinite(p->low)) {
        mho_i_text_add(t, "; %s to %s (95 %%)\n",
                       mho_i_value_text(p->unit, false, p->low, 5, low, sizeof low),
                       mho_i_value_text(p->unit, false, p->high, 5, high, sizeof high));
    } else {
        mho_i_text_add(t, "; not determined by the data\n");
    }
}

mho_status mho_fit_card(mho_ctx *ctx, const mho_fit *fit, char **text) {
    mho_i_text t, source;
    *text = NULL;
    mho_i_text_init(&t, ctx);
    mho_i_text_init(&source, ctx);
    char rms[48];
    if (fit->y_log) {
        snprintf(rms, sizeof rms, "%.3g %s", fit->rms, fit->residual_unit);
    } else {
        mho_quantity_format(fit->rms, fit->residual_unit, 3, rms, sizeof rms);
    }
    mho_i_text_add(&source, "fit to %s, %zu points, %s rms", fit->data, fit->n_point, rms);
    mho_i_text_add(&t,
                   "# Card of a fit (%s). What is not here is that of the built-in card.\n"
                   "model: %s\n",
                   fit->law, fit->model);
    if (*fit->base_card) {
        mho_i_text_add(&t, "card: %s\n", fit->base_card);
    }
    mho_i_text_add(&t, "mark: C\nsource: ");
    quoted(&t, source.data ? source.data : "");
    mho_i_text_add(&t, "\nparameters:\n");
    if (*fit->law_key) {
        mho_i_text_add(&t, "  %s: %s\n", fit->law_key, fit->law);
    }
    if (*fit->more) {
        mho_i_text_add(&t, "  %s\n", fit->more);
    }
    for (size_t k = 0; k < fit->n_param; k++) {
        if (fit->param[k].in_card) {
            add_param(&t, &fit->param[k]);
        }
    }
    mho_status status = source.status < 0 ? source.status : t.status;
    mho_i_text_free(&source);
    if (status < 0) {
        mho_i_text_free(&t);
        return status;
    }
    *text = t.data;
    return MHO_OK;
}
