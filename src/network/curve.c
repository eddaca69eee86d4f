/* curve.c - the activation: a table with linear interpolation, constant outside, or the rectifier.
 */
#include "network_int.h"

#include <math.h>

enum { MAX_POINT = 65536 };

/* Position on the grid: the point at or below z and the distance from it in steps. */
static inline float locate(float z, float z_min, float inv_step, int32_t n, int32_t *i) {
    float t = (z - z_min) * inv_step;
    t = t > 0 ? t : 0; /* also catches a z that is not a number */
    float last = (float)(n - 1);
    t = t < last ? t : last;
    int32_t k = (int32_t)t;
    *i = k < n - 2 ? k : n - 2;
    return t - (float)*i;
}

float mho_act_curve_at(const mho_act_curve *curve, float z) {
    if (!curve || !curve->a) {
        return z > 0 ? z : 0;
    }
    int32_t i, n = (int32_t)curve->n;
    float inv_step = (float)((double)(n - 1) / (curve->z_max - curve->z_min));
    float u = locate(z, (float)curve->z_min, inv_step, n, &i);
    return curve->a[i] + u * (curve->a[i + 1] - curve->a[i]);
}

mho_status mho_i_curve_init(mho_ctx *ctx, const mho_act_curve *curve, mho_i_curve *out) {
    *out = (mho_i_curve){.ctx = ctx};
    if (!curve || !curve->a) {
        return MHO_OK;
    }
    if (curve->n < 2 || curve->n > MAX_POINT || !isfinite(curve->z_min) ||
        !isfinite(curve->z_max) || !(curve->z_max > curve->z_min)) {
        return mho_i_fail(
            ctx, MHO_ERR_ARG,
            "activation curve: %zu points from z = %g to %g: allowed are 2 to %d points, "
            "rising z",
            curve->n, curve->z_min, curve->z_max, MAX_POINT);
    }
    for (size_t k = 0; k < curve->n; k++) {
        if (!isfinite(curve->a[k])) {
            return mho_i_fail(ctx, MHO_ERR_ARG,
                              "activation curve: a[%zu] = %g: not a finite number", k,
                              (double)curve->a[k]);
        }
    }
    float *table = mho_i_alloc(ctx, 2 * curve->n, sizeof *table);
    if (!table) {
        return MHO_ERR_NOMEM;
    }
    out->n = (int32_t)curve->n;
    out->a = table;
    out->d = table + curve->n;
    out->z_min = (float)curve->z_min;
    out->inv_step = (float)((double)(out->n - 1) / (curve->z_max - curve->z_min));
    for (size_t k = 0; k < curve->n; k++) {
        out->a[k] = curve->a[k];
        out->d[k] = k + 1 < curve->n ? curve->a[k + 1] - curve->a[k] : 0;
    }
    return MHO_OK;
}

void mho_i_curve_done(mho_i_curve *c) {
    mho_i_free(c->ctx, c->a);
    *c = (mho_i_curve){0};
}

MHO_MULTIARCH
static void apply_rectifier(size_t n, float *restrict z, float *restrict a) {
    for (size_t k = 0; k < n; k++) {
        float slope = z[k] > 0 ? 1.f : 0.f;
        a[k] = z[k] > 0 ? z[k] : 0;
        z[k] = slope;
    }
}

MHO_MULTIARCH
static void apply_table(const mho_i_curve *c, size_t n, float *restrict z, float *restrict a) {
    const float z_min = c->z_min, inv_step = c->inv_step, last = (float)(c->n - 1);
    const float *restrict value = c->a, *restrict rise = c->d;
    const int32_t n_point = c->n;
    for (size_t k = 0; k < n; k++) {
        int32_t i;
        float t = (z[k] - z_min) * inv_step;
        float u = locate(z[k], z_min, inv_step, n_point, &i), d = rise[i];
        a[k] = value[i] + u * d;
        z[k] = ((t > 0) & (t < last)) ? d * inv_step : 0.f;
    }
}

void mho_i_curve_apply(const mho_i_curve *c, size_t n, float *z, float *a) {
    if (c->n) {
        apply_table(c, n, z, a);
    } else {
        apply_rectifier(n, z, a);
    }
}

/* floor + rectifier with a knee of width 0.05, then a smooth ceiling: softplus twice */
mho_status mho_act_curve_example(mho_ctx *ctx, size_t n, float *a, mho_act_curve *out) {
    if (n < 16 || n > MAX_POINT) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "activation curve of %zu points: allowed are 16 to %d",
                          n, MAX_POINT);
    }
    const double floor_a = 0.03, top_a = 1.15, knee = 0.05 / 2, z_min = -2, z_max = 3;
    for (size_t k = 0; k < n; k++) {
        double z = z_min + (z_max - z_min) * (double)k / (double)(n - 1);
        double up = knee * log1p(exp(z / knee));                          /* 0 .. z */
        double over = knee * log1p(exp((up - (top_a - floor_a)) / knee)); /* beyond the ceiling */
        a[k] = (float)(floor_a + up - over);
    }
    *out = (mho_act_curve){z_min, z_max, n, a};
    return MHO_OK;
}
