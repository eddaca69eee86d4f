/* mho/fit.h - from a measurement to a model card: least squares with starting values that are found
 * from the data, 95 % intervals from the Jacobian or by bootstrap, correlations, goodness of each
 * branch. What a card gets from here has mark C and the file as its source.
 *
 * Files are CSV: a header with names and units ("Temperature (K)", "resistance_ohm", "R [kohm]"),
 * commas, semicolons, tabs or blanks; comments begin with #, % or //. */
#ifndef MHO_FIT_H
#define MHO_FIT_H

#include "mho/device.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MHO_FIT_MAX_PARAM = 24, MHO_FIT_MAX_GROUP = 4, MHO_FIT_NOTE = 320, MHO_FIT_TEXT = 256 };

typedef struct mho_fit_param {
    char key[MHO_PARAM_KEY]; /* as in a card */
    const char *unit;
    const char *help;
    double value;
    double low, high;           /* 95 %, see interval_by; NaN: not fitted or not determined */
    double boot_low, boot_high; /* 95 % percentiles of the bootstrap; NaN without one */
    double min, max;            /* allowed range, kept by a transform */
    bool fitted;                /* false: held at value; a note says why */
    bool in_card;               /* a key of the model's card */
    bool at_limit;              /* ran into min or max: the interval means nothing */
} mho_fit_param;

typedef struct mho_fit_group { /* "cooling" and "heating", "potentiation" and "depression" */
    char name[32];
    size_t n_point;
    double rms, max_abs; /* of the residuals, in residual_unit */
} mho_fit_group;

typedef struct mho_fit_point {
    double x, y, model; /* y_unit; the residual is in residual_unit */
    double residual;    /* data minus model */
    double sd;          /* spread that the model says there; 0: it says none */
    int group;
} mho_fit_point;

/* What came out. Everything is the caller's to read; give back with mho_fit_free. */
typedef struct mho_fit {
    char model[32];          /* "vo2-neuron", "pulsed", "pcm" */
    char law[32];            /* "bruggeman-2d", "soft-bounds" ... */
    char law_key[16];        /* how a card calls the law: "mixing"; "": not at all */
    char more[64];           /* another line of the card, "noise: additive"; "": none */
    char data[MHO_FIT_TEXT]; /* name of the file */
    const char *x_label, *x_unit, *y_label, *y_unit, *residual_unit;
    bool y_log;              /* residuals are in decades */
    const char *interval_by; /* "Jacobian" or "likelihood" */
    size_t n_point, n_param, n_fitted, n_group, n_note;
    mho_fit_param param[MHO_FIT_MAX_PARAM];
    double correlation[MHO_FIT_MAX_PARAM][MHO_FIT_MAX_PARAM]; /* of fitted ones, else 0 */
    mho_fit_group group[MHO_FIT_MAX_GROUP];
    mho_fit_point *point; /* [n_point], a group after the other, x in the order of the branch */
    char (*note)[MHO_FIT_NOTE]; /* [n_note] treatments and warnings, a sentence each */
    double rms, max_abs;
    double lag1;       /* correlation of neighbouring residuals; white noise: 0 */
    double widen;      /* by which lag1 says that the intervals from the Jacobian are too narrow */
    size_t n_start;    /* starting points tried */
    size_t n_evaluate; /* model evaluations over all points */
    size_t n_bootstrap, block; /* resamples that were fitted; residuals moved together */
    double bic;                /* to compare laws on the same data: smaller is better */
    char base_card[8];         /* vo2: what the other parameters come from */
    mho_neuron_param neuron;   /* vo2: the whole card */
    bool converged;            /* false: the best descent was stopped, a note says after what */
} mho_fit;

MHO_API void mho_fit_free(mho_ctx *ctx, mho_fit *fit); /* NULL is allowed */

/* The card as YAML, each fitted value with mark C, source and interval; to be given back with
 * mho_text_free. */
MHO_API mho_status mho_fit_card(mho_ctx *ctx, const mho_fit *fit, char **text) MHO_CHECK;

/* ---- a measured R(T) loop -> vo2-neuron ------------------------------------------------------ */
typedef struct mho_fit_vo2_opt {
    mho_mixing mixing;     /* series, Bruggeman: six parameters; gem: nine, with t, s/t and the
                              threshold */
    const char *base_card; /* "U", "T", "N": where the other parameters of the card come from */
    const char *columns;   /* "T,R": names or numbers (from 1) of the two columns; NULL: found */
    const char *temperature_unit; /* "K", "degC"; NULL: the header says it */
    size_t n_bootstrap;           /* 0: none */
    uint64_t seed;                /* of the bootstrap */
    size_t max_evaluate;          /* of the model in one descent; 0: 100 for each parameter */
} mho_fit_vo2_opt;
MHO_API mho_fit_vo2_opt mho_fit_vo2_default(void);

/* Fit log10 R of both branches of the major loop. Branches are told apart by the direction in which
 * the temperature goes from row to row, or by a column "branch" (heating, cooling). Rows without a
 * number are left out, partial loops are left out, temperatures out of order inside a branch are
 * sorted; each is said in a note. MHO_ERR_FORMAT with file, line and column for what cannot be
 * read; MHO_ERR_ARG for data that cannot be a loop (swapped columns, wrong units, no transition,
 * fewer points than parameters), saying what to do; MHO_WARN_NOT_CONVERGED with the fit. Cost about 20 ms for 264 points, 0.3 s for
 * gem. */
MHO_API mho_status mho_fit_vo2(mho_ctx *ctx, const char *path, const mho_fit_vo2_opt *opt,
                               mho_fit **out) MHO_CHECK;
/* The same from arrays: direction[n] is +1 heating, -1 cooling. name: for messages. */
MHO_API mho_status mho_fit_vo2_points(mho_ctx *ctx, const char *name, size_t n, const double *t_K,
                                      const double *r_ohm, const int *direction,
                                      const mho_fit_vo2_opt *opt, mho_fit **out) MHO_CHECK;

/* ---- potentiation and depression curves -> pulsed -------------------------------------------- */
/* Columns: pulse number (may be absent, may start again) and conductance after that pulse; a column
 * "direction" (up, down; +1, -1) tells the direction, else the course of the conductance does.
 *
 * State w = (G - g_zero)/g_unit from -1 to 1 over the range of the data. Laws of the step, up and
 * down: constant s; linear s (1 - gamma w); soft-bounds s (1 - w/w_max), zero at a bound that is
 * fitted; exponential s (1 - a exp(gamma w)); with -w downwards.
 *
 * Fitted is the change from one reading to the next, as it is when pulses scatter; where the
 * readings scatter more than the pulses (their changes are then anticorrelated) the whole curve is
 * fitted instead, with the first state of each branch. Both noises go into the card. */
typedef struct mho_fit_pulsed_opt {
    const char *law;     /* "constant", "linear", "soft-bounds", "exponential"; NULL: best by BIC */
    const char *columns; /* "pulse,conductance" by name or number; NULL: found */
    size_t n_bootstrap;
    uint64_t seed;
} mho_fit_pulsed_opt;
MHO_API mho_status mho_fit_pulsed(mho_ctx *ctx, const char *path, const mho_fit_pulsed_opt *opt,
                                  mho_fit **out) MHO_CHECK;

/* ---- programming statistics -> pcm ----------------------------------------------------------- */
/* Columns: target and measured conductance, and if drift is wanted time and device. Programming
 * noise sigma(g) = (g_max/25)(c0 + c1 g + c2 g^2), g = target/g_max, by maximum likelihood; drift
 * G(t) = Gp (t/t0)^-nu, nu = mu + s N with mu, s straight lines in ln g. */
typedef struct mho_fit_pcm_opt {
    double g_max_S;      /* 0: the largest target */
    double t0_s;         /* 0: 20 s */
    const char *columns; /* "target,measured[,time[,device]]"; NULL: found */
} mho_fit_pcm_opt;
MHO_API mho_status mho_fit_pcm(mho_ctx *ctx, const char *path, const mho_fit_pcm_opt *opt,
                               mho_fit **out) MHO_CHECK;

#ifdef __cplusplus
}
#endif
#endif
