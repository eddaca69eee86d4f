/* curve_int.h - what the curves of the bench share. */
#ifndef MHO_CURVE_INT_H
#define MHO_CURVE_INT_H

#include "device/model_int.h"
#include "mho/lab.h"

/* A request with its range settled. */
typedef struct mho_i_request {
    mho_ctx *ctx;
    const mho_card *card;
    const mho_ext_model *model;
    double from, to; /* NaN: not given */
    size_t n_point, n_device;
    uint64_t seed;
    double period_s;
} mho_i_request;
/* Fill in what the user left open; MHO_ERR_ARG unless lo_ok <= from < to <= hi_ok. */
mho_status mho_i_request_range(mho_i_request *r, double from, double to, size_t n_point,
                               double lo_ok, double hi_ok, const char *unit);
/* Value k of n_point, evenly spaced or by equal factors. */
double mho_i_request_at(const mho_i_request *r, size_t k);
double mho_i_request_log_at(const mho_i_request *r, size_t k);
double mho_i_request_param(const mho_i_request *r, const char *key);

/* A curve with room for so many rows; columns up to a name NULL. */
mho_status mho_i_curve_new(const mho_i_request *r, const char *title, const mho_curve_col *col,
                           size_t n_col, size_t max_row, mho_curve **out);
void mho_i_curve_trace(mho_curve *c, const char *name);    /* the following rows */
void mho_i_curve_row(mho_curve *c, const double *row);     /* [n_col] */
void mho_i_curve_quantity(mho_curve *c, const char *name); /* where several columns are drawn */
void mho_i_curve_note(mho_curve *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
double mho_i_curve_value(const mho_curve *c, size_t row, size_t col);

typedef mho_status (*mho_i_curve_fn)(const mho_i_request *r, mho_curve **out);
/* curve_iv.c */
mho_status mho_i_curve_iv(const mho_i_request *r, mho_curve **out);
mho_status mho_i_curve_locus(const mho_i_request *r, mho_curve **out);
/* curve_vo2.c */
mho_status mho_i_curve_rt(const mho_i_request *r, mho_curve **out);
mho_status mho_i_curve_mixing(const mho_i_request *r, mho_curve **out);
mho_status mho_i_curve_minor(const mho_i_request *r, mho_curve **out);
mho_status mho_i_curve_transfer(const mho_i_request *r, mho_curve **out);
mho_status mho_i_curve_jitter(const mho_i_request *r, mho_curve **out);
mho_status mho_i_curve_response(const mho_i_request *r, mho_curve **out);
/* curve_cell.c */
mho_status mho_i_curve_pulse(const mho_i_request *r, mho_curve **out);
mho_status mho_i_curve_levels(const mho_i_request *r, mho_curve **out);
mho_status mho_i_curve_noise(const mho_i_request *r, mho_curve **out);
mho_status mho_i_curve_drift(const mho_i_request *r, mho_curve **out);
/* curve_opto.c */
mho_status mho_i_curve_gate(const mho_i_request *r, mho_curve **out);
mho_status mho_i_curve_decay(const mho_i_request *r, mho_curve **out);
mho_status mho_i_curve_light(const mho_i_request *r, mho_curve **out);

#endif
