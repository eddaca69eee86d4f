/* synapse_card.c - parameter table of the cells and the cards of their models (mho/synapse.h). */
#include "device_int.h"

#include <math.h>
#include <string.h>

typedef struct row {
    mho_param_info info;
    double value; /* of card cbram */
    size_t offset;
} row;

static const row rows[] = {
#define ROW(key, unit, lo, hi, def, mark, source, help)                                            \
    {{#key, unit, lo, hi, mark, source, help}, def, offsetof(mho_synapse_param, key)},
    MHO_CBRAM_PARAM_LIST(ROW) MHO_SYNAPSE_MORE_LIST(ROW)
#undef ROW
};
enum { N_ROW = sizeof rows / sizeof *rows };

/* What a card has instead of the table's value. */
typedef struct change {
    size_t offset;
    double value;
    const char *source;
    mho_synapse_model model;
    char mark;
} change;

static const change changes[] = {
#define CHANGE(model, key, value, mark, source)                                                    \
    {offsetof(mho_synapse_param, key), value, source, MHO_SYNAPSE_##model, mark},
    MHO_SYNAPSE_CARD_LIST(CHANGE)
#undef CHANGE
};
enum { N_CHANGE = sizeof changes / sizeof *changes };

const char *mho_synapse_model_name(mho_synapse_model model) {
    static const char *const names[] = {"cbram", "pcm", "rram", "pulsed", "table", "ideal"};
    return (int)model >= 0 && (int)model < MHO_SYNAPSE_N_MODEL ? names[model] : "";
}

static double *field(mho_synapse_param *p, size_t offset) {
    return (double *)((char *)p + offset);
}

mho_synapse_param mho_synapse_card(mho_synapse_model model) {
    mho_synapse_param p = {.model = model};
    for (size_t k = 0; k < N_ROW; k++) {
        *field(&p, rows[k].offset) = rows[k].value;
    }
    for (size_t k = 0; k < N_CHANGE; k++) {
        if (changes[k].model == model) {
            *field(&p, changes[k].offset) = changes[k].value;
        }
    }
    return p;
}

size_t mho_synapse_param_count(void) {
    return N_ROW;
}

mho_param_info mho_synapse_param_describe(size_t k, mho_synapse_model model) {
    mho_param_info info = rows[k].info;
    mho_i_param_key(rows[k].info.key, info.unit, info.key);
    for (size_t j = 0; j < N_CHANGE; j++) {
        if (changes[j].model == model && changes[j].offset == rows[k].offset) {
            info.mark = changes[j].mark;
            info.source = changes[j].source;
        }
    }
    return info;
}

double mho_synapse_param_get(const mho_synapse_param *param, size_t k) {
    return *(const double *)((const char *)param + rows[k].offset);
}

mho_status mho_synapse_param_set(mho_ctx *ctx, mho_synapse_param *param, size_t k, double value) {
    const mho_param_info *i = &rows[k].info;
    mho_status status = mho_i_param_check(ctx, i->key, i->unit, value, i->min, i->max);
    if (status == MHO_OK) {
        *field(param, rows[k].offset) = value;
    }
    return status;
}

static mho_status check_table(mho_ctx *ctx, const mho_synapse_param *p) {
    if (p->n_level < 2 || p->n_level > MHO_SYNAPSE_MAX_LEVEL) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "model table has %zu levels: 2 to %d are wanted",
                          p->n_level, MHO_SYNAPSE_MAX_LEVEL);
    }
    for (size_t k = 0; k < p->n_level; k++) {
        bool rises = k == 0 || p->level_S[k] > p->level_S[k - 1];
        if (!(p->level_S[k] >= 0 && isfinite(p->level_S[k]) && p->level_sd_S[k] >= 0 &&
              isfinite(p->level_sd_S[k]) && rises)) {
            return mho_i_fail(ctx, MHO_ERR_ARG,
                              "level %zu of the table, %g S with sd %g S: rising levels with sd of "
                              "at least 0 are wanted",
                              k, p->level_S[k], p->level_sd_S[k]);
        }
    }
    return MHO_OK;
}

mho_status mho_synapse_check(mho_ctx *ctx, const mho_synapse_param *param) {
    mho_status status = param->model == MHO_SYNAPSE_TABLE ? check_table(ctx, param) : MHO_OK;
    if (status == MHO_OK && !(param->g_min_S < param->g_max_S)) {
        char a[40], b[40];
        status = mho_i_fail(ctx, MHO_ERR_ARG, "g_max = %s must be above g_min = %s",
                            mho_quantity_format(param->g_max_S, "S", 6, a, sizeof a),
                            mho_quantity_format(param->g_min_S, "S", 6, b, sizeof b));
    }
    return status;
}

mho_cbram_param mho_i_synapse_cbram(const mho_synapse_param *p) {
    return (mho_cbram_param){
#define COPY(key, unit, lo, hi, def, mark, source, help) .key = p->key,
        MHO_CBRAM_PARAM_LIST(COPY)
#undef COPY
    };
}
