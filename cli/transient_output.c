/* transient_output.c - traces of "mho transient": sketch, files, figures. */
#include "transient_job.h"

#include "cli_json.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void transient_line(const transient_job *job, const char *name, const char *fmt, ...) {
    if (job->quiet) {
        return;
    }
    va_list ap;
    printf("%-12s", name);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    putchar('\n');
}

void transient_note(transient_job *job, const char *key, double value) {
    json_object_set_new(job->json, key, isfinite(value) ? json_real(value) : json_null());
}

void transient_energy(transient_job *job, const mho_film_energy *e) {
    char x[64];
    double in = e->heater_source_J + e->read_source_J;
    const struct {
        const char *name, *key;
        double joule;
    } part[] = {{"series resistor", "series_J", e->series_J},
                {"load resistor", "load_J", e->load_J},
                {"heat to base", "base_J", e->base_J},
                {"stored heat", "stored_heat_J", e->stored_heat_J},
                {"latent heat", "stored_latent_J", e->stored_latent_J},
                {"capacitor", "stored_cap_J", e->stored_cap_J}};
    transient_line(job, "energy", "%s delivered: heater branch %.4g %%, film branch %.4g %%",
                   mho_quantity_format(in, "J", 5, x, 64), 100 * e->heater_source_J / in,
                   100 * e->read_source_J / in);
    for (size_t k = 0; k < sizeof part / sizeof *part; k++) {
        transient_line(job, "", "%-16s %12s  %8.4f %%", part[k].name,
                       mho_quantity_format(part[k].joule, "J", 4, x, 64), 100 * part[k].joule / in);
        transient_note(job, part[k].key, part[k].joule);
    }
    transient_line(job, "balance", "closes to %.1e of the energy delivered", e->residual_rel);
    transient_note(job, "delivered_J", in);
    transient_note(job, "heater_source_J", e->heater_source_J);
    transient_note(job, "read_source_J", e->read_source_J);
    transient_note(job, "heater_J", e->heater_J);
    transient_note(job, "film_J", e->film_J);
    transient_note(job, "balance_rel", e->residual_rel);
}

/* ---- sketch ---- */

enum { WIDTH = 66, HEIGHT = 11 };

/* Lowest and highest of the column in each of WIDTH slots of time. */
static void slots(const mho_trace *t, size_t column, double *lo, double *hi) {
    const double *time = mho_trace_column(t, 0), *x = mho_trace_column(t, column);
    size_t n = mho_trace_rows(t);
    double stop = time[n - 1];
    for (int k = 0; k < WIDTH; k++) {
        lo[k] = INFINITY;
        hi[k] = -INFINITY;
    }
    for (size_t k = 0; k < n; k++) {
        int s = stop > 0 ? (int)(time[k] / stop * WIDTH) : 0;
        s = s < 0 ? 0 : s >= WIDTH ? WIDTH - 1 : s;
        lo[s] = fmin(lo[s], x[k]);
        hi[s] = fmax(hi[s], x[k]);
    }
}

static void sketch(const mho_trace *t, size_t column) {
    double lo[WIDTH], hi[WIDTH], bottom = INFINITY, top = -INFINITY;
    slots(t, column, lo, hi);
    for (int k = 0; k < WIDTH; k++) {
        bottom = fmin(bottom, lo[k]);
        top = fmax(top, hi[k]);
    }
    if (!(top > bottom)) {
        return;
    }
    bottom = fabs(bottom) < 1e-9 * top ? 0 : bottom; /* rounding of the integrator */
    const char *unit = mho_trace_unit(t, column);
    char a[40], b[40];
    printf("\n%s\n", mho_trace_name(t, column));
    for (int r = HEIGHT - 1; r >= 0; r--) {
        char line[WIDTH + 1];
        for (int k = 0; k < WIDTH; k++) {
            int from = (int)((lo[k] - bottom) / (top - bottom) * (HEIGHT - 1) + 0.5);
            int to = (int)((hi[k] - bottom) / (top - bottom) * (HEIGHT - 1) + 0.5);
            bool any = hi[k] >= lo[k];
            line[k] = any && r >= from && r <= to ? '*' : ' ';
        }
        line[WIDTH] = 0;
        const char *left = r == HEIGHT - 1 ? mho_quantity_format(top, unit, 3, a, 40)
                           : r == 0        ? mho_quantity_format(bottom, unit, 3, a, 40)
                                           : "";
        printf("%10s |%s\n", left, line);
    }
    const double *time = mho_trace_column(t, 0);
    printf("%10s +", "");
    for (int k = 0; k < WIDTH; k++) {
        putchar('-');
    }
    printf("\n%10s  0%*s\n\n", "", WIDTH - 1,
           mho_quantity_format(time[mho_trace_rows(t) - 1], "s", 3, b, 40));
}

/* ---- files ---- */

static mho_status write_csv(const transient_job *job) {
    const mho_trace *t = job->trace;
    size_t n_c = mho_trace_columns(t), n_r = mho_trace_rows(t);
    size_t cap = (n_r + 1) * n_c * 26 + n_c * 64, len = 0;
    char *text = malloc(cap);
    if (!text) {
        return MHO_ERR_NOMEM;
    }
    for (size_t c = 0; c < n_c; c++) {
        const char *u = mho_trace_unit(t, c);
        len += (size_t)snprintf(text + len, cap - len, "%s%s%s%s%s", c ? "," : "",
                                mho_trace_name(t, c), *u ? " (" : "", u, *u ? ")" : "");
    }
    for (size_t r = 0; r < n_r; r++) {
        for (size_t c = 0; c < n_c; c++) {
            len += (size_t)snprintf(text + len, cap - len, "%s%.15g", c ? "," : "\n",
                                    mho_trace_column(t, c)[r]);
        }
    }
    text[len++] = '\n';
    mho_status status = mho_file_save(job->ctx, job->args.csv, text, len);
    free(text);
    return status;
}

/* [rows][columns] */
static mho_status write_npy(const transient_job *job) {
    const mho_trace *t = job->trace;
    size_t n_c = mho_trace_columns(t), n_r = mho_trace_rows(t);
    double *x = malloc(n_c * n_r * sizeof *x);
    if (!x) {
        return MHO_ERR_NOMEM;
    }
    for (size_t r = 0; r < n_r; r++) {
        for (size_t c = 0; c < n_c; c++) {
            x[r * n_c + c] = mho_trace_column(t, c)[r];
        }
    }
    const mho_npy_view view = {NULL, 2, {n_r, n_c}, x, NULL};
    mho_status status = mho_npy_save(job->ctx, job->args.npy, &view);
    free(x);
    return status;
}

static mho_status write_json(transient_job *job) {
    json_t *j = job->json;
    job->json = NULL;
    json_object_set_new(j, "version", json_string(mho_version()));
    json_object_set_new(j, "title", json_string(job->title));
    json_object_set_new(j, "converged", json_boolean(job->converged));
    json_t *columns = json_array();
    for (size_t c = 0; c < mho_trace_columns(job->trace); c++) {
        json_array_append_new(columns,
                              json_pack("{s:s, s:s}", "name", mho_trace_name(job->trace, c), "unit",
                                        mho_trace_unit(job->trace, c)));
    }
    json_object_set_new(j, "columns", columns);
    json_object_set_new(j, "rows", json_integer((json_int_t)mho_trace_rows(job->trace)));
    return cli_json_save(job->ctx, j, job->args.json);
}

mho_status transient_write(transient_job *job) {
    const transient_args *a = &job->args;
    mho_status status = MHO_OK;
    if (!job->quiet) {
        sketch(job->trace, job->panel[job->n_panel - 1]);
    }
    if (a->plot) {
        status = mho_trace_plot_save(job->ctx, job->trace, job->n_panel, job->panel, job->title,
                                     a->plot);
    }
    status = status == MHO_OK && a->csv ? write_csv(job) : status;
    status = status == MHO_OK && a->npy ? write_npy(job) : status;
    status = status == MHO_OK && a->json ? write_json(job) : status;
    return status;
}
