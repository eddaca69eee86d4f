/* chip_text.c - parameters of a chip as text: single values, and a whole chip file that spells out
 * every key with what it means and that loads back to the same chip, bit for bit. */
#include "spec_int.h"

#include "device/device_int.h"

#include <math.h>
#include <string.h>

char *mho_i_chip_param_text(size_t k, const char *unit, double value, int digits, char *buf,
                            size_t n_buf) {
    return mho_i_value_text(unit, mho_i_chip_param_is_share(k), value, digits, buf, n_buf);
}

enum { COMMENT_COLUMN = 30 };

static void add_line(mho_i_text *t, const char *key, const char *value, const char *help) {
    size_t before = t->len;
    mho_i_text_add(t, "    %s: %s", key, value);
    int used = (int)(t->len - before);
    mho_i_text_add(t, "%*s# %s", used < COMMENT_COLUMN ? COMMENT_COLUMN - used : 1, "", help);
}

static void add_choices(mho_i_text *t, const mho_chip_spec *spec, const char *section) {
    for (int c = 0; c < MHO_N_CHOICE; c++) {
        const mho_i_choice *choice = &mho_i_chip_choices[c];
        if (strcmp(choice->section, section) != 0) {
            continue;
        }
        add_line(t, choice->key, choice->word[mho_i_chip_choice_get(spec, c)], choice->help);
        for (int w = 0; choice->word[1] && choice->word[w]; w++) {
            mho_i_text_add(t, "%s%s", w ? ", " : ": ", choice->word[w]);
        }
        mho_i_text_put(t, "\n", 1);
    }
}

static void add_params(mho_i_text *t, const mho_chip_spec *spec, const char *section) {
    for (size_t k = 0; k < mho_chip_param_count(); k++) {
        const char *where;
        mho_param_info info = mho_chip_param_describe(spec, k, &where);
        if (strcmp(where, section) != 0) {
            continue;
        }
        char value[64], lo[64], hi[64];
        add_line(t, info.key,
                 mho_i_chip_param_text(k, info.unit, mho_chip_param_get(spec, k), 0, value,
                                       sizeof value),
                 info.help);
        mho_i_text_add(t, "; %s to %s [%c: %s]\n",
                       mho_i_chip_param_text(k, info.unit, info.min, 6, lo, sizeof lo),
                       mho_i_chip_param_text(k, info.unit, info.max, 6, hi, sizeof hi), info.mark,
                       info.source);
    }
}

static void add_table(mho_i_text *t, const mho_synapse_param *s) {
    mho_i_text_add(t, "    table:                    # levels and their sd\n");
    for (size_t k = 0; k < s->n_level; k++) {
        mho_i_text_add(t, "      - %.17g S %.17g S\n", s->level_S[k], s->level_sd_S[k]);
    }
}

mho_status mho_chip_spec_write(mho_ctx *ctx, const mho_chip_spec *spec, char **text) {
    const char *const *sections = mho_i_chip_sections;
    *text = NULL;
    mho_i_text t;
    mho_i_text_init(&t, ctx);
    mho_i_text_add(&t, "# A chip for mho. Every key may be left out: this file gives them all.\n"
                       "# In brackets: P published, C computed from published data, A assumed by "
                       "us, F set in a chip file.\n"
                       "chip:\n");
    for (size_t s = 0; sections[s]; s++) {
        mho_i_text_add(&t, "%s  %s:\n", s ? "\n" : "", sections[s]);
        add_choices(&t, spec, sections[s]);
        add_params(&t, spec, sections[s]);
        if (s == 0 && spec->synapse.model == MHO_SYNAPSE_TABLE) {
            add_table(&t, &spec->synapse);
        }
    }
    if (t.status < 0) {
        mho_status status = t.status;
        mho_i_text_free(&t);
        return status;
    }
    *text = t.data;
    return MHO_OK;
}
