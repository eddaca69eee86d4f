/* opto_card.c - parameter table of the optomemristor. */
#include "device_int.h"

typedef struct opto_row {
    mho_param_info info;
    const char *field;
    double value;
    size_t offset;
} opto_row;

static const opto_row rows[] = {
#define ROW(key, unit, lo, hi, def, mark, source, help)                                            \
    {{"", unit, lo, hi, mark, source, help}, #key, def, offsetof(mho_opto_param, key)},
    MHO_OPTO_PARAM_LIST(ROW)
#undef ROW
};
enum { N_ROW = sizeof rows / sizeof *rows };

mho_opto_param mho_opto_card(void) {
    mho_opto_param p = {.photo = MHO_OPTO_PHOTO_REST, .roles = MHO_OPTO_LIGHT_LOCAL};
    for (size_t k = 0; k < N_ROW; k++) {
        *(double *)((char *)&p + rows[k].offset) = rows[k].value;
    }
    return p;
}

size_t mho_opto_param_count(void) {
    return N_ROW;
}

mho_param_info mho_opto_param_describe(size_t k) {
    mho_param_info info = rows[k].info;
    mho_i_param_key(rows[k].field, info.unit, info.key);
    return info;
}

double mho_opto_param_get(const mho_opto_param *param, size_t k) {
    return *(const double *)((const char *)param + rows[k].offset);
}

mho_status mho_opto_param_set(mho_ctx *ctx, mho_opto_param *param, size_t k, double value) {
    const mho_param_info *i = &rows[k].info;
    mho_status status = mho_i_param_check(ctx, rows[k].field, i->unit, value, i->min, i->max);
    if (status == MHO_OK) {
        *(double *)((char *)param + rows[k].offset) = value;
    }
    return status;
}

mho_status mho_opto_param_check(mho_ctx *ctx, const mho_opto_param *param) {
    for (size_t k = 0; k < N_ROW; k++) {
        const mho_param_info *i = &rows[k].info;
        mho_status status = mho_i_param_check(ctx, rows[k].field, i->unit,
                                              mho_opto_param_get(param, k), i->min, i->max);
        if (status != MHO_OK) {
            return status;
        }
    }
    if (!(param->g_min_S < param->g_max_S)) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "g_min = %g S is not below g_max = %g S",
                          param->g_min_S, param->g_max_S);
    }
    double lowest_V = param->v_p0_V * (1 - param->kappa);
    if (param->v_read_V > lowest_V) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "v_read = %g V would write in full light: the threshold there, "
                          "v_p0 (1 - kappa), is %g V",
                          param->v_read_V, lowest_V);
    }
    if ((unsigned)param->photo > MHO_OPTO_PHOTO_FLAT) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "photo = %d: 0 (1 - x), 1 (sqrt) or 2 (flat)",
                          (int)param->photo);
    }
    if ((unsigned)param->roles > MHO_OPTO_LIGHT_GLOBAL) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "roles = %d: 0 (optical-local) or 1 (optical-global)",
                          (int)param->roles);
    }
    return MHO_OK;
}
