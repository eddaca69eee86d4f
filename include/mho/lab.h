/* mho/lab.h - the device bench: curves that a device physicist draws, from the models of
 * mho/model.h. A curve is a table with named columns; printing and drawing it is the report's
 * (mho/report.h). */
#ifndef MHO_LAB_H
#define MHO_LAB_H

#include "mho/model.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    MHO_CURVE_MAX_COL = 8,
    MHO_CURVE_MAX_TRACE = 16,
    MHO_CURVE_NAME = 32,
    MHO_CURVE_MAX_NOTE = 8,
    MHO_CURVE_NOTE = 256
};

typedef struct mho_curve_col {
    char name[MHO_CURVE_NAME];
    char unit[16]; /* "" for a pure number */
    bool log;      /* drawn on a logarithmic axis */
    bool draw;     /* one of the lines of the plot; column 0 is the abscissa */
} mho_curve_col;

/* Rows come in traces (heating, cooling; one per mixing law): trace k is rows start[k] to
 * start[k + 1] - 1. A quantity that a row does not have is NaN. */
typedef struct mho_curve {
    mho_ctx *ctx;
    char title[128];
    char quantity[MHO_CURVE_NAME]; /* what the drawn columns are: "conductance" */
    size_t n_col, n_row, n_trace, n_note;
    mho_curve_col col[MHO_CURVE_MAX_COL];
    size_t start[MHO_CURVE_MAX_TRACE + 1];
    char trace[MHO_CURVE_MAX_TRACE][MHO_CURVE_NAME]; /* "" where there is only one */
    double *value;                                   /* [n_row][n_col] */
    char note[MHO_CURVE_MAX_NOTE][MHO_CURVE_NOTE];   /* what it says in figures, one line each */
} mho_curve;
MHO_API void mho_curve_free(mho_curve *curve); /* NULL is allowed */

typedef struct mho_curve_options {
    size_t struct_size;
    double from, to; /* of the abscissa; NaN: the curve's own choice */
    size_t n_point;  /* per trace; 0: the curve's own choice, else 2 to 100,000 */
    size_t n_device; /* for statistics; 0: the curve's own choice, at most 10,000,000 */
    uint64_t seed;
    double period_s; /* sweeps in time: duration of a whole cycle; NaN: own choice */
} mho_curve_options;
MHO_API mho_curve_options mho_curve_options_default(void);

typedef struct mho_curve_info {
    const char *name, *help;
    const char *abscissa, *unit; /* what from and to are */
} mho_curve_info;
/* k-th curve that a model offers; NULL beyond the last. */
MHO_API const mho_curve_info *mho_curve_of(const mho_ext_model *model, size_t k);
/* MHO_ERR_ARG: the model has no such curve (the message names those there are), a range it cannot
 * draw. Cost: milliseconds, statistics about 1 us per device and value. */
MHO_API mho_status mho_curve_make(mho_ctx *ctx, const mho_card *card, const char *name,
                                  const mho_curve_options *options, mho_curve **out) MHO_CHECK;

/* ---- The data sheet of a designed neuron ------------------------------------------------------
 */
enum { MHO_SHEET_SPREAD = 6 };
typedef struct mho_sheet_spread {
    const char *key; /* "sd_t_c": the parameter that says how much */
    double sigma;    /* its value, in unit */
    const char *unit;
    double input_z;    /* shift of the curve along z at z = 0.5 for one sigma */
    double output_rel; /* largest change of the output over z in [-1, 1] for one sigma, over span */
} mho_sheet_spread;
typedef struct mho_neuron_sheet {
    mho_neuron_design design;
    /* in time, an evaluation at z = 0.5 after one at full scale (mho/transient.h) */
    double settle_1pct_s, reset_1pct_s, memory_rel;
    double energy_J;                           /* delivered: reset, settle and read */
    double heater_J, series_J, film_J, load_J; /* where it becomes heat */
    double source_heater_J, source_read_J;     /* where it comes from */
    double balance_rel;                        /* what is missing in the balance, over energy_J */
    mho_sheet_spread spread[MHO_SHEET_SPREAD];
    double total_input_z, total_output_rel; /* all of them, independent: root of the squares */
} mho_neuron_sheet;
/* Design with mho_neuron_design_relu and look at it from all sides. Cost about 0.3 s. Errors of
 * mho_neuron_design_relu and mho_neuron_evaluate_transient. */
MHO_API mho_status mho_neuron_sheet_make(mho_ctx *ctx, const mho_neuron_param *param,
                                         double v_max_V, double z_max,
                                         mho_neuron_sheet *out) MHO_CHECK;

#ifdef __cplusplus
}
#endif
#endif
