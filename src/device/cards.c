/* cards.c - parameter tables of the device models: one X-macro row each in mho/device.h makes the
 * struct, this table, the documentation and the report's section on assumptions. */
#include "device_int.h"

#include <math.h>
#include <string.h>

typedef struct neuron_row {
    const char *key, *unit, *marks, *help;
    double min, max, value[3];
    const char *source[3];
    size_t offset;
} neuron_row;

static const neuron_row neuron_rows[] = {
#define ROW(key, unit, lo, hi, u, t, n, marks, su, st, sn, help)                                   \
    {#key, unit, marks, help, lo, hi, {u, t, n}, {su, st, sn}, offsetof(mho_neuron_param, key)},
    MHO_NEURON_PARAM_LIST(ROW)
#undef ROW
};
enum { N_NEURON_ROW = sizeof neuron_rows / sizeof *neuron_rows };

void mho_i_param_key(const char *field, const char *unit, char key[MHO_PARAM_KEY]) {
    static const char *const endings[][2] = {
        {"ohm", "_ohm"},     {"S", "_S"},       {"V", "_V"},         {"A", "_A"},
        {"W", "_W"},         {"J", "_J"},       {"s", "_s"},         {"K", "_K"},
        {"m2", "_m2"},       {"1/K", "_per_K"}, {"K/W", "_K_per_W"}, {"", "_rel"},
        {"J/K", "_J_per_K"}, {"", "_frac"},     {"1/s", "_per_s"},   {"1/V", "_per_V"}};
    size_t n = strlen(field);
    for (size_t k = 0; k < sizeof endings / sizeof *endings; k++) {
        size_t n_end = strlen(endings[k][1]);
        if (strcmp(unit, endings[k][0]) == 0 && n > n_end &&
            strcmp(field + n - n_end, endings[k][1]) == 0) {
            n -= n_end;
            break;
        }
    }
    snprintf(key, MHO_PARAM_KEY, "%.*s", (int)n, field);
}

static int card_index(const char *card) {
    static const char names[] = "UTN";
    const char *at = card && strlen(card) == 1 ? strchr(names, card[0]) : NULL;
    return at ? (int)(at - names) : -1;
}

static double *neuron_field(mho_neuron_param *p, size_t k) {
    return (double *)((char *)p + neuron_rows[k].offset);
}

mho_status mho_neuron_card(mho_ctx *ctx, const char *card, mho_neuron_param *out) {
    int c = card_index(card);
    if (c < 0) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "card \"%s\": the cards of vo2-neuron are U (UCSD, 1 um), T (Technion, "
                          "200 nm gap) and N (scaled nano neuron)",
                          card ? card : "");
    }
    for (size_t k = 0; k < N_NEURON_ROW; k++) {
        *neuron_field(out, k) = neuron_rows[k].value[c];
    }
    out->mixing = c == 0 ? MHO_MIX_SERIES : MHO_MIX_BRUGGEMAN_2D;
    return MHO_OK;
}

size_t mho_neuron_param_count(void) {
    return N_NEURON_ROW;
}

mho_param_info mho_neuron_param_describe(size_t k, const char *card) {
    const neuron_row *r = &neuron_rows[k];
    int c = card_index(card);
    c = c < 0 ? 2 : c;
    mho_param_info info = {"", r->unit, r->min, r->max, r->marks[c], r->source[c], r->help};
    mho_i_param_key(r->key, r->unit, info.key);
    return info;
}

double mho_neuron_param_get(const mho_neuron_param *param, size_t k) {
    return *(const double *)((const char *)param + neuron_rows[k].offset);
}

mho_status mho_i_param_check(mho_ctx *ctx, const char *field, const char *unit, double value,
                             double min, double max) {
    char key[MHO_PARAM_KEY];
    mho_i_param_key(field, unit, key);
    if (value >= min && value <= max) { /* false for NaN */
        return MHO_OK;
    }
    char v[40], a[40], b[40];
    return mho_i_fail(ctx, MHO_ERR_ARG, "%s = %s: allowed are %s to %s", key,
                      mho_quantity_format(value, unit, 6, v, sizeof v),
                      mho_quantity_format(min, unit, 6, a, sizeof a),
                      mho_quantity_format(max, unit, 6, b, sizeof b));
}

mho_status mho_neuron_param_set(mho_ctx *ctx, mho_neuron_param *param, size_t k, double value) {
    const neuron_row *r = &neuron_rows[k];
    mho_status status = mho_i_param_check(ctx, r->key, r->unit, value, r->min, r->max);
    if (status == MHO_OK) {
        *neuron_field(param, k) = strcmp(r->key, "n_slice") == 0 ? floor(value) : value;
    }
    return status;
}

typedef struct cbram_row {
    mho_param_info info;
    double value;
    size_t offset;
} cbram_row;

static const cbram_row cbram_rows[] = {
#define ROW(key, unit, lo, hi, def, mark, source, help)                                            \
    {{#key, unit, lo, hi, mark, source, help}, def, offsetof(mho_cbram_param, key)},
    MHO_CBRAM_PARAM_LIST(ROW)
#undef ROW
};
enum { N_CBRAM_ROW = sizeof cbram_rows / sizeof *cbram_rows };

mho_cbram_param mho_cbram_card(void) {
    mho_cbram_param p;
    for (size_t k = 0; k < N_CBRAM_ROW; k++) {
        *(double *)((char *)&p + cbram_rows[k].offset) = cbram_rows[k].value;
    }
    return p;
}

size_t mho_cbram_param_count(void) {
    return N_CBRAM_ROW;
}

mho_param_info mho_cbram_param_describe(size_t k) {
    mho_param_info info = cbram_rows[k].info;
    mho_i_param_key(cbram_rows[k].info.key, info.unit, info.key);
    return info;
}

double mho_cbram_param_get(const mho_cbram_param *param, size_t k) {
    return *(const double *)((const char *)param + cbram_rows[k].offset);
}

mho_status mho_cbram_param_set(mho_ctx *ctx, mho_cbram_param *param, size_t k, double value) {
    const mho_param_info *i = &cbram_rows[k].info;
    mho_status status = mho_i_param_check(ctx, i->key, i->unit, value, i->min, i->max);
    if (status == MHO_OK) {
        *(double *)((char *)param + cbram_rows[k].offset) = value;
    }
    return status;
}
