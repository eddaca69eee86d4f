/* fit_result.c - from an optimum to what a user reads: intervals, correlations, goodness of each
 * branch, and the warnings that follow from them. */
#include "fit_int.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

mho_status mho_i_fit_new(mho_ctx *ctx, size_t n_point, mho_fit **out) {
    mho_fit *fit = mho_i_alloc(ctx, 1, sizeof *fit);
    *out = fit;
    if (!fit) {
        return MHO_ERR_NOMEM;
    }
    fit->point = mho_i_alloc(ctx, n_point, sizeof *fit->point);
    fit->n_point = n_point;
    fit->interval_by = "Jacobian";
    if (!fit->point) {
        mho_fit_free(ctx, fit);
        *out = NULL;
        return MHO_ERR_NOMEM;
    }
    return MHO_OK;
}

void mho_fit_free(mho_ctx *ctx, mho_fit *fit) {
    if (fit) {
        mho_i_free(ctx, fit->point);
        mho_i_free(ctx, fit->note);
        mho_i_free(ctx, fit);
    }
}

mho_status mho_i_fit_note(mho_ctx *ctx, mho_fit *fit, const char *fmt, ...) {
    char(*more)[MHO_FIT_NOTE] = mho_i_realloc(ctx, fit->note, fit->n_note + 1, sizeof *fit->note);
    if (!more) {
        return MHO_ERR_NOMEM;
    }
    fit->note = more;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(fit->note[fit->n_note++], MHO_FIT_NOTE, fmt, ap);
    va_end(ap);
    return MHO_OK;
}

mho_fit_param *mho_i_fit_add(mho_fit *fit, const mho_param_info *info, double value, bool fitted) {
    mho_fit_param *p = &fit->param[fit->n_param++];
    *p = (mho_fit_param){.unit = info->unit,
                         .help = info->help,
                         .value = value,
                         .low = NAN,
                         .high = NAN,
                         .boot_low = NAN,
                         .boot_high = NAN,
                         .min = info->min,
                         .max = info->max,
                         .fitted = fitted};
    snprintf(p->key, sizeof p->key, "%s", info->key);
    fit->n_fitted += fitted;
    return p;
}

static void measure_groups(mho_fit *fit, const mho_i_problem *q) {
    double total = 0;
    for (size_t g = 0; g < q->n_group; g++) {
        mho_fit_group *group = &fit->group[g];
        double sum = 0;
        group->n_point = q->start[g + 1] - q->start[g];
        for (size_t k = q->start[g]; k < q->start[g + 1]; k++) {
            double r = fit->point[k].residual;
            sum += r * r;
            group->max_abs = fmax(group->max_abs, fabs(r));
        }
        group->rms = sqrt(sum / (double)group->n_point);
        fit->max_abs = fmax(fit->max_abs, group->max_abs);
        total += sum;
    }
    fit->n_group = q->n_group;
    fit->rms = sqrt(total / (double)fit->n_point);
}

/* index [n_fitted]: which rows of fit->param are fitted, in the order of the problem's. */
static void intervals(mho_fit *fit, const mho_i_problem *q, const mho_i_optimum *best,
                      const size_t *index) {
    double t = mho_i_fit_t975((double)(q->n_point - q->n_free));
    for (size_t j = 0; j < q->n_free; j++) {
        mho_fit_param *p = &fit->param[index[j]];
        const mho_i_bound *b = &q->bound[j];
        double x = mho_i_fit_to_x(b, best->p[j]), se = sqrt(best->covariance[j][j]);
        double f = 1 / (1 + exp(-x));
        p->value = best->p[j];
        p->at_limit = f < 1e-4 || f > 1 - 1e-4;
        bool known = best->rank == q->n_free && se > 0 && isfinite(se);
        p->low = known ? mho_i_fit_to_p(b, x - t * se) : NAN;
        p->high = known ? mho_i_fit_to_p(b, x + t * se) : NAN;
        for (size_t i = 0; i < q->n_free; i++) {
            double s = se * sqrt(best->covariance[i][i]);
            fit->correlation[index[i]][index[j]] = s > 0 ? best->covariance[i][j] / s : 0;
        }
    }
}

static mho_status warn_about_parameters(mho_ctx *ctx, mho_fit *fit, const mho_i_optimum *best) {
    mho_status status = MHO_OK;
    if (best->rank < fit->n_fitted) {
        status = mho_i_fit_note(ctx, fit,
                                "the data determine only %zu of the %zu parameters: there are no "
                                "intervals; a law with fewer parameters may suit them",
                                best->rank, fit->n_fitted);
    }
    for (size_t i = 0; i < fit->n_param && status == MHO_OK; i++) {
        const mho_fit_param *p = &fit->param[i];
        if (p->at_limit) {
            char value[40];
            status = mho_i_fit_note(ctx, fit,
                                    "%s ran into the end of its range at %s: it and its "
                                    "interval mean nothing",
                                    p->key,
                                    mho_quantity_format(p->value, p->unit, 4, value, sizeof value));
        }
        for (size_t j = 0; j < i && status == MHO_OK; j++) {
            double rho = fit->correlation[i][j];
            if (fabs(rho) > 0.95) {
                status = mho_i_fit_note(ctx, fit,
                                        "%s and %s are correlated by %.3f: the data fix a "
                                        "combination of the two better than each",
                                        fit->param[j].key, p->key, rho);
            }
        }
    }
    return status;
}

/* Residuals so small against the data are rounding: of the file's numbers, or of the fit. */
static bool without_noise(const mho_fit *fit, const mho_i_problem *q) {
    double low = INFINITY, high = -INFINITY;
    for (size_t k = 0; k < q->n_point; k++) {
        low = fmin(low, q->y[k]);
        high = fmax(high, q->y[k]);
    }
    return fit->rms <= 1e-6 * (high - low);
}

static mho_status warn_about_residuals(mho_ctx *ctx, mho_fit *fit, const mho_i_problem *q) {
    fit->widen = 1;
    if (without_noise(fit, q)) {
        return mho_i_fit_note(
            ctx, fit,
            "the data carry no noise to speak of: what is left over is less than a "
            "millionth of their range, which is rounding; intervals and "
            "correlations of residuals mean nothing here");
    }
    double n = (double)fit->n_point, rho = fit->lag1;
    fit->widen = rho > 0 ? sqrt((1 + fmin(rho, 0.99)) / (1 - fmin(rho, 0.99))) : 1;
    mho_status status = MHO_OK;
    if (rho > 2 / sqrt(n) && fit->widen > 1.1) {
        status = mho_i_fit_note(ctx, fit,
                                "neighbouring residuals are correlated (%.2f): the form of the law "
                                "misfits more than noise does, and intervals from the Jacobian are "
                                "too narrow by about %.1f times%s",
                                rho, fit->widen,
                                fit->n_bootstrap ? "; the block bootstrap allows for it"
                                                 : "; --bootstrap 500 allows for it");
    }
    size_t n_far = 0;
    double far = 0;
    for (size_t k = 0; k < fit->n_point; k++) {
        n_far += fabs(fit->point[k].residual) > 5 * fit->rms;
        far = fabs(fit->point[k].residual) > 5 * fit->rms ? fit->point[k].x : far;
    }
    if (n_far && status == MHO_OK) {
        char at[40];
        status = mho_i_fit_note(ctx, fit,
                                "%zu point%s more than five times the rms off (%s at %s): look "
                                "whether %s part of the measurement",
                                n_far, n_far == 1 ? " lies" : "s lie", n_far == 1 ? "it is" : "one",
                                mho_quantity_format(far, fit->x_unit, 5, at, sizeof at),
                                n_far == 1 ? "it is" : "they are");
    }
    return status;
}

static mho_status bootstrap(mho_ctx *ctx, mho_fit *fit, mho_i_problem *q, const mho_i_optimum *best,
                            const size_t *index, size_t n, uint64_t seed) {
    double low[MHO_FIT_MAX_PARAM], high[MHO_FIT_MAX_PARAM];
    size_t block = mho_i_fit_block(q, fit->lag1);
    mho_status status = mho_i_fit_bootstrap(q, best, n, block, seed, low, high);
    for (size_t j = 0; j < q->n_free && status == MHO_OK; j++) {
        fit->param[index[j]].boot_low = low[j];
        fit->param[index[j]].boot_high = high[j];
    }
    fit->n_bootstrap = n;
    fit->block = block;
    (void)ctx;
    return status;
}

mho_status mho_i_fit_judge(mho_ctx *ctx, const mho_fit *fit) {
    return fit->converged
               ? MHO_OK
               : mho_i_fail(ctx, MHO_WARN_NOT_CONVERGED,
                            "the fit of %s to %s did not converge in %zu evaluations of the model: "
                            "the values are where it stood",
                            fit->model, fit->data, fit->n_evaluate);
}

mho_status mho_i_fit_finish(mho_ctx *ctx, mho_fit *fit, mho_i_problem *q, const mho_i_optimum *best,
                            size_t n_bootstrap, uint64_t seed) {
    size_t index[MHO_FIT_MAX_PARAM], n = 0;
    for (size_t i = 0; i < fit->n_param; i++) {
        if (fit->param[i].fitted) {
            index[n++] = i;
        }
    }
    double *work = mho_i_alloc(ctx, q->n_point, sizeof *work);
    if (!work) {
        return MHO_ERR_NOMEM;
    }
    q->model(q->user, best->p, work);
    for (size_t k = 0; k < q->n_point; k++) {
        fit->point[k].model = fit->y_log ? pow(10, work[k]) : work[k];
        fit->point[k].residual = q->y[k] - work[k];
        work[k] = fit->point[k].residual;
    }
    fit->lag1 = mho_i_fit_lag1(q, work);
    mho_i_free(ctx, work);
    measure_groups(fit, q);
    intervals(fit, q, best, index);
    fit->n_evaluate = q->n_evaluate;
    fit->bic = (double)q->n_point * log(best->sse / (double)q->n_point) +
               log((double)q->n_point) * (double)q->n_free;
    mho_status status = MHO_OK;
    if (n_bootstrap) {
        status = bootstrap(ctx, fit, q, best, index, n_bootstrap, seed);
    }
    if (status == MHO_OK) {
        status = warn_about_parameters(ctx, fit, best);
    }
    status = status == MHO_OK ? warn_about_residuals(ctx, fit, q) : status;
    fit->converged = best->converged || without_noise(fit, q);
    if (!fit->converged && status == MHO_OK) {
        status = mho_i_fit_note(ctx, fit,
                                "NOT CONVERGED: the best descent was stopped; the values are where "
                                "it stood, and intervals mean nothing");
    }
    return status;
}
