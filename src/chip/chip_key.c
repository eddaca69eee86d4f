/* chip_key.c - single keys of the chip file by their path: found, described, set. For sweeps, whose
 * axes are keys that they know nothing about. */
#include "spec_int.h"

#include <string.h>

static void add_word(mho_i_text *list, const char *wanted, const char *word, int *distance,
                     char best[80]) {
    int d = mho_i_text_distance(wanted, word);
    mho_i_text_add(list, " %s", word);
    if (d < *distance) {
        *distance = d;
        snprintf(best, 80, "%s", word);
    }
}

/* What stands in the way of a path that is not a key: the section, or the key in it. */
static mho_status unknown(mho_ctx *ctx, const mho_chip_spec *spec, const char *path,
                          const char *section, size_t n_section, const char *key) {
    mho_i_text list;
    mho_i_text_init(&list, ctx);
    char best[80] = "";
    const char *last = "";
    bool known = false;
    int distance = 2 + (int)strlen(key) / 3;
    for (size_t k = 0; k < mho_chip_param_count(); k++) {
        const char *where;
        mho_param_info info = mho_chip_param_describe(spec, k, &where);
        if (strlen(where) == n_section && strncmp(where, section, n_section) == 0) {
            known = true;
            add_word(&list, key, info.key, &distance, best);
        }
    }
    for (int c = 0; known && c < MHO_N_CHOICE; c++) {
        const mho_i_choice *choice = &mho_i_chip_choices[c];
        if (strlen(choice->section) == n_section &&
            strncmp(choice->section, section, n_section) == 0 && choice->word[1]) {
            add_word(&list, key, choice->key, &distance, best);
        }
    }
    for (size_t k = 0; !known && k < mho_chip_param_count(); k++) {
        const char *where;
        (void)mho_chip_param_describe(spec, k, &where);
        if (strcmp(where, last) != 0 && !(list.data && strstr(list.data, where))) {
            mho_i_text_add(&list, " %s", where);
        }
        last = where;
    }
    const char *all = list.data ? list.data : "";
    mho_status status =
        !known  ? mho_i_fail(ctx, MHO_ERR_ARG, "%.80s: no such section; allowed:%s", path, all)
        : *best ? mho_i_fail(ctx, MHO_ERR_ARG,
                             "%.80s: not a key of this section; did you mean \"%s\"?", path, best)
                : mho_i_fail(ctx, MHO_ERR_ARG, "%.80s: not a key of this section; allowed:%s", path,
                             all);
    mho_i_text_free(&list);
    return status;
}

mho_status mho_chip_key_find(mho_ctx *ctx, const mho_chip_spec *spec, const char *path,
                             mho_chip_key *out) {
    static const char start[] = "chip.";
    const char *section = path + sizeof start - 1;
    bool starts = strncmp(path, start, sizeof start - 1) == 0;
    const char *dot = starts ? strchr(section, '.') : NULL;
    if (!dot) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "%.80s: not a key of a chip file; those look like chip.array.wire", path);
    }
    size_t n_section = (size_t)(dot - section);
    for (size_t k = 0; k < mho_chip_param_count(); k++) {
        const char *where;
        mho_param_info info = mho_chip_param_describe(spec, k, &where);
        if (strlen(where) == n_section && strncmp(where, section, n_section) == 0 &&
            strcmp(info.key, dot + 1) == 0) {
            *out = (mho_chip_key){k, NULL, info.help, -1};
            return MHO_OK;
        }
    }
    for (int c = 0; c < MHO_N_CHOICE; c++) {
        const mho_i_choice *choice = &mho_i_chip_choices[c];
        if (strlen(choice->section) == n_section &&
            strncmp(choice->section, section, n_section) == 0 &&
            strcmp(choice->key, dot + 1) == 0) {
            *out = (mho_chip_key){mho_chip_param_count(), choice->word, choice->help, c};
            return MHO_OK;
        }
    }
    return unknown(ctx, spec, path, section, n_section, dot + 1);
}

/* Another card: what the spec has changed against its old one stays changed. */
static mho_status change_card(mho_ctx *ctx, mho_chip_spec *spec, const char *word) {
    mho_chip_spec next = *spec;
    mho_mixing mixing = spec->neuron.mixing;
    mho_neuron_param card;
    mho_status status = mho_neuron_card(ctx, spec->neuron_card, &card);
    bool own_mixing = status == MHO_OK &&
                      (*spec->neuron_card_file ? spec->neuron_file.mixing : card.mixing) != mixing;
    next.neuron_card_file[0] = 0;
    if (status == MHO_OK) {
        status = mho_neuron_card(ctx, word, &next.neuron);
    }
    snprintf(next.neuron_card, sizeof next.neuron_card, "%s", word);
    for (size_t k = 0; k < mho_chip_param_count() && status == MHO_OK; k++) {
        double v = mho_chip_param_get(spec, k);
        if (v != mho_i_chip_param_default(spec, k)) {
            status = mho_chip_param_set(ctx, &next, k, v);
        }
    }
    if (status == MHO_OK) {
        next.neuron.mixing = own_mixing ? mixing : next.neuron.mixing;
        *spec = next;
    }
    return status;
}

mho_status mho_chip_word_set(mho_ctx *ctx, mho_chip_spec *spec, const mho_chip_key *key,
                             size_t word) {
    size_t n = 0;
    while (key->word && key->word[n]) {
        n++;
    }
    if (word >= n) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "word %zu of a key with %zu words", word, n);
    }
    if (key->choice == MHO_CHOICE_CARD) {
        return change_card(ctx, spec, key->word[word]);
    }
    mho_i_chip_choice_set(spec, key->choice, (int)word);
    return MHO_OK;
}

mho_status mho_chip_spec_check(mho_ctx *ctx, const mho_chip_spec *spec) {
    const char *section, *key;
    mho_status status = mho_i_chip_spec_check(ctx, spec, &section, &key);
    return status < 0 ? mho_i_prefix(ctx, status, "chip.%s: ", section) : status;
}
