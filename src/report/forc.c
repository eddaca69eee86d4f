/* forc.c - first-order reversal curves of a VO2 film: a table or a picture. */
#include "report_int.h"

#include <string.h>

enum { N_T = 161 };

static void put_curves(mho_i_text *t, bool csv, bool heating, size_t n_curve, const double *temp,
                       const double *r) {
    for (size_t c = 0; c < n_curve; c++) {
        for (size_t k = 0; k < N_T; k++) {
            size_t i = c * N_T + k;
            if (csv) {
                mho_i_text_add(t, "%s,%.6g,%.8g,%.8g\n", heating ? "cooling back" : "heating back",
                               temp[c * N_T], temp[i], r[i]);
            } else {
                mho_i_text_add(t, "%.8g %.8g\n", temp[i], r[i]);
            }
        }
        mho_i_text_add(t, csv ? "" : "\n");
    }
}

/* The outermost curve of a family is the major branch but for its first kelvins; so draw that. */
static mho_status put_major(mho_ctx *ctx, const mho_neuron_param *p, double lo, double hi,
                            mho_i_text *t) {
    double temp[4 * N_T], r[4 * N_T];
    size_t n = 0;
    for (int leg = 0; leg < 2; leg++) {
        for (size_t k = 0; k < 2 * N_T; k++) {
            double share = (double)k / (2 * N_T - 1);
            temp[n++] = leg ? hi - share * (hi - lo) : lo + share * (hi - lo);
        }
    }
    mho_status status = mho_vo2_rt_path(ctx, p, 1e-3, n, temp, r, NULL, NULL);
    mho_i_text_add(t, "$major << EOD\n");
    for (size_t k = 0; k < n && status == MHO_OK; k++) {
        mho_i_text_add(t, "%.8g %.8g\n", temp[k], r[k]);
    }
    mho_i_text_add(t, "EOD\n");
    return status;
}

static mho_status families(mho_ctx *ctx, const mho_neuron_param *p, double lo, double hi,
                           size_t n_curve, bool csv, mho_i_text *t) {
    double *temp = mho_i_alloc(ctx, 2 * n_curve * N_T, sizeof *temp);
    if (!temp) {
        return MHO_ERR_NOMEM;
    }
    mho_status status = MHO_OK;
    for (int heating = 0; heating < 2 && status == MHO_OK; heating++) {
        double *r = temp + n_curve * N_T;
        status = mho_vo2_forc(ctx, p, heating, lo, hi, n_curve, N_T, temp, r);
        if (!csv) {
            mho_i_text_add(t, "$f%d << EOD\n", heating);
        }
        if (status == MHO_OK) {
            put_curves(t, csv, heating, n_curve, temp, r);
        }
        mho_i_text_add(t, csv ? "" : "EOD\n");
    }
    mho_i_free(ctx, temp);
    return status;
}

static mho_status draw(mho_ctx *ctx, const mho_neuron_param *p, double lo, double hi,
                       size_t n_curve, bool png, mho_i_text *out) {
    mho_i_text s;
    mho_i_text_init(&s, ctx);
    mho_i_text_add(&s, png ? "set terminal pngcairo size 1400,640 fontscale 1.2 linewidth 2 font "
                             "'DejaVu Sans'\n"
                           : "set terminal svg size 900,420 font 'sans-serif,14'\n");
    mho_i_text_add(&s, "set encoding utf8\n");
    mho_status status = put_major(ctx, p, lo, hi, &s);
    if (status == MHO_OK) {
        status = families(ctx, p, lo, hi, n_curve, false, &s);
    }
    mho_i_text_add(&s,
                   "set border 3 lw 0.7 lc rgb '#8c8c86'\nset tics nomirror out scale 0.5 "
                   "textcolor rgb 'black'\nset grid lw 0.4 lt 1 lc rgb '#55808080'\n"
                   "set logscale y\nset format y '10^{%%L}'\nset xlabel 'temperature (K)'\n"
                   "set ylabel 'resistance (ohm)'\nset key samplen 2\nset xrange [%.6g:%.6g]\n"
                   "set multiplot layout 1,2\nset title 'cooled to a point, heated back'\n"
                   "plot $major with lines lc rgb 'black' title 'major loop', $f0 with lines lw "
                   "0.8 lc rgb '#d07840' title 'reversal curves'\n"
                   "set title 'heated to a point, cooled back'\n"
                   "plot $major with lines lc rgb 'black' title 'major loop', $f1 with lines lw "
                   "0.8 lc rgb '#4a86c5' title 'reversal curves'\nunset multiplot\n",
                   lo, hi);
    status = status == MHO_OK ? s.status : status;
    if (status == MHO_OK) {
        status = mho_i_gnuplot_run(ctx, s.data, s.len, out);
    }
    mho_i_text_free(&s);
    return status;
}

mho_status mho_vo2_forc_save(mho_ctx *ctx, const mho_neuron_param *param, double t_cold_K,
                             double t_hot_K, size_t n_curve, const char *path) {
    size_t n = strlen(path);
    const char *end = n > 4 ? path + n - 4 : "";
    bool csv = strcmp(end, ".csv") == 0, png = strcmp(end, ".png") == 0;
    if (!csv && !png && strcmp(end, ".svg") != 0) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "%s: the name must end in .csv, .png or .svg", path);
    }
    mho_i_text t;
    mho_status status;
    mho_i_text_init(&t, ctx);
    if (csv) {
        mho_i_text_add(&t, "family,reversal_K,temperature_K,resistance_ohm\n");
        status = families(ctx, param, t_cold_K, t_hot_K, n_curve, true, &t);
    } else {
        status = draw(ctx, param, t_cold_K, t_hot_K, n_curve, png, &t);
    }
    status = status == MHO_OK ? t.status : status;
    if (status == MHO_OK) {
        status = mho_i_file_write(ctx, path, t.data, t.len);
    }
    mho_i_text_free(&t);
    return status;
}
