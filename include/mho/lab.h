/* mho/lab.h - the device bench: curves that a device physicist draws, from the models of
 * mho/model.h. A curve is a table with named columns; printing and drawing it is the report's. */
#ifndef MHO_LAB_H
#define MHO_LAB_H

#include "mho/model.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MHO_CURVE_MAX_COL = 8, MHO_CURVE_NAME = 32, MHO_CURVE_MAX_NOTE = 8 };

typedef struct mho_curve_col {
    char name[MHO_CURVE_NAME];
    char unit[16]; /* "" for a pure number */
    bool log;      /* drawn on a logarithmic axis */
    bool draw;     /* one of the lines of the plot; column 0 is the abscissa */
} mho_curve_col;

/* Rows come in traces (up, down; one per mixing law): trace k is rows start[k] .. start[k+1]-1. */
typedef struct mho_curve {
    mho_ctx *ctx;
    char title[128];
    size_t n_col, n_row, n_trace;
    mho_curve_col col[MHO_CURVE_MAX_COL];
    size_t *start;                 /* [n_trace + 1] */
    char (*trace)[MHO_CURVE_NAME]; /* [n_trace] */
    double *value;                 /* [n_row][n_col] */
    size_t n_note;
    char note[MHO_CURVE_MAX_NOTE][256]; /* what the curve says in figures, one line each */
} mho_curve;
MHO_API void mho_curve_free(mho_curve *curve); /* NULL is allowed */

typedef struct mho_curve_options {
    size_t struct_size;
    double from, to; /* of the abscissa; NaN: the curve's own choice */
    size_t n_point;  /* per trace; 0: the curve's own choice, else 2 to 100,000 */
    size_t n_device; /* statistics; 0: own choice, at most 1e7 */
    uint64_t seed;
    bool spread;     /* devices with spread instead of nominal ones, where a curve can */
    double period_s; /* sweeps in time: duration of a whole cycle; NaN: own choice */
} mho_curve_options;
MHO_API mho_curve_options mho_curve_options_default(void);

/* Curves that a model offers: k-th name and what it shows, NULL beyond the last. */
typedef struct mho_curve_info {
    const char *name, *help;
    const char *abscissa; /* quantity of from and to */
    const char *unit;     /* its unit */
} mho_curve_info;
MHO_API const mho_curve_info *mho_curve_of(const mho_ext_model *model, size_t k);
/* MHO_ERR_ARG: the model has no such curve (names those there are), a range it cannot draw. */
MHO_API mho_status mho_curve_make(mho_ctx *ctx, const mho_card *card, const char *name,
                                  const mho_curve_options *options, mho_curve **out) MHO_CHECK;

#ifdef __cplusplus
}
#endif
#endif
