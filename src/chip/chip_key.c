/* chip_key.c - single keys of the chip file by their path: found, described, set. For sweeps, whose
 * axes are keys that they know nothing about. */
#include "spec_int.h"

#include <string.h>

static bool in_section(const char *name, const char *section, size_t n_section) {
    return strlen(name) == n_section && strncmp(name, section, n_section) == 0;
}

/* A path whose section is known, but not its key. */
static mho_status unknown_key(mho_ctx *ctx, const mho_chip_spec *spec, const char *path,
                              const char *section, size_t n_section, const char *key) {
    mho_i_text list;
    mho_i_text_init(&list, ctx);
    mho_i_guess g = mho_i_guess_init(key);
    char buf[80];
    for (size_t k = 0; k < mho_chip_param_count(); k++) {
        const char *where;
        mho_param_info info = mho_chip_param_describe(spec, k, &where);
        if (in_section(where, section, n_section)) {
            mho_i_guess_add(&g, info.key);
            mho_i_text_add(&list, " %s", info.key);
        }
    }
    for (int c = 0; c < MHO_N_CHOICE; c++) {
        const mho_i_choice *choice = &mho_i_chip_choices[c];
        if (in_section(choice->section, section, n_section) && choice->word[1]) {
            mho_i_guess_add(&g, choice->key);
            mho_i_text_add(&list, " %s", choice->key);
        }
    }
    /* with a good guess the list of all keys would only be in the way */
    mho_status status =
        *g.best ? mho_i_fail(ctx, MHO_ERR_ARG, "%.80s: not a key of this section%s", path,
                             mho_i_guess_text(&g, buf, sizeof buf))
                : mho_i_fail(ctx, MHO_ERR_ARG, "%.80s: not a key of this section; allowed:%s", path,
                             list.data ? list.data : "");
    mho_i_text_free(&list);
    return status;
}

static mho_status check_section(mho_ctx *ctx, const char *path, const char *section,
                                size_t n_section) {
    char list[120] = "";
    for (int s = 0; mho_i_chip_sections[s]; s++) {
        if (in_section(mho_i_chip_sections[s], section, n_section)) {
            return MHO_OK;
        }
        size_t n = strlen(list);
        snprintf(list + n, sizeof list - n, " %s", mho_i_chip_sections[s]);
    }
    return mho_i_fail(ctx, MHO_ERR_ARG, "%.80s: no such section; allowed:%s", path, list);
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
    mho_status status = check_section(ctx, path, section, n_section);
    if (status < 0) {
        return status;
    }
    for (size_t k = 0; k < mho_chip_param_count(); k++) {
        const char *where;
        mho_param_info info = mho_chip_param_describe(spec, k, &where);
        if (in_section(where, section, n_section) && strcmp(info.key, dot + 1) == 0) {
            *out = (mho_chip_key){k, NULL, info.help, -1};
            return MHO_OK;
        }
    }
    for (int c = 0; c < MHO_N_CHOICE; c++) {
        const mho_i_choice *choice = &mho_i_chip_choices[c];
        if (in_section(choice->section, section, n_section) && strcmp(choice->key, dot + 1) == 0) {
            *out = (mho_chip_key){mho_chip_param_count(), choice->word, choice->help, c};
            return MHO_OK;
        }
    }
    return unknown_key(ctx, spec, path, section, n_section, dot + 1);
}

/* Another neuron card or model of the cells: what the spec has changed against its old one stays
 * changed, as far as the new one has it. */
static mho_status change_card(mho_ctx *ctx, mho_chip_spec *spec, int choice, int word) {
    mho_chip_spec next = *spec;
    mho_status status = MHO_OK;
    if (choice == MHO_CHOICE_CARD) {
        const char *name = mho_i_chip_choices[choice].word[word];
        mho_neuron_param old;
        status = mho_neuron_card(ctx, spec->neuron_card, &old);
        status = status < 0 ? status : mho_neuron_card(ctx, name, &next.neuron);
        mho_mixing before = *spec->neuron_card_file ? spec->neuron_file.mixing : old.mixing;
        if (status == MHO_OK && before != spec->neuron.mixing) {
            next.neuron.mixing = spec->neuron.mixing;
        }
        next.neuron_card_file[0] = 0;
        snprintf(next.neuron_card, sizeof next.neuron_card, "%s", name);
    } else {
        mho_i_chip_choice_set(&next, choice, word);
    }
    for (size_t k = 0; k < mho_chip_param_count() && status == MHO_OK; k++) {
        double v = mho_chip_param_get(spec, k);
        if (v != mho_i_chip_param_default(spec, k)) {
            status = mho_chip_param_set(ctx, &next, k, v);
        }
    }
    if (status == MHO_OK) {
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
    if (mho_i_chip_choice_is_card(key->choice)) {
        return change_card(ctx, spec, key->choice, (int)word);
    }
    mho_i_chip_choice_set(spec, key->choice, (int)word);
    return MHO_OK;
}

mho_status mho_chip_spec_check(mho_ctx *ctx, const mho_chip_spec *spec) {
    const char *section, *key;
    mho_status status = mho_i_chip_spec_check(ctx, spec, &section, &key);
    return status < 0 ? mho_i_prefix(ctx, status, "chip.%s: ", section) : status;
}
