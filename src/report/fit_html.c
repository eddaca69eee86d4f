/* fit_html.c - page of a fit: picture, parameters with intervals, goodness, correlations, notes. */
#include "report_int.h"

#include <math.h>
#include <string.h>

/* Kelvin, 1/K and decades without prefixes: 2271 K, not 2.271 kK. */
static void add_number(mho_i_text *t, double value, const char *unit) {
    if (isfinite(value) &&
        (strncmp(unit, "1/", 2) == 0 || strcmp(unit, "K") == 0 || strcmp(unit, "decades") == 0)) {
        mho_i_html_number(t, value, strcmp(unit, "K") == 0 ? 5 : 4);
        mho_i_text_add(t, "&#160;%s", unit);
    } else {
        mho_i_html_quantity(t, value, unit, 4);
    }
}

static void cell(mho_i_text *t, double value, const char *unit) {
    mho_i_text_add(t, "<td class=\"n\">");
    add_number(t, value, unit);
    mho_i_text_add(t, "</td>");
}

static void add_range(mho_i_text *t, double low, double high, const char *unit) {
    mho_i_text_add(t, "<td class=\"n\">");
    add_number(t, low, unit);
    if (isfinite(low)) {
        mho_i_text_add(t, " to ");
        add_number(t, high, unit);
    }
    mho_i_text_add(t, "</td>");
}

static void add_parameters(const mho_fit *fit, mho_i_text *t) {
    mho_i_html_section(t, "parameters", "Parameters");
    mho_i_text_add(
        t,
        "<div class=\"scroll\"><table>\n<thead><tr><th>parameter</th><th class=\"n\">value</th>"
        "<th class=\"n\">95 %%, %s</th>%s<th>what it is</th></tr></thead>\n"
        "<tbody>\n",
        fit->interval_by, fit->n_bootstrap ? "<th class=\"n\">95 %, bootstrap</th>" : "");
    for (size_t k = 0; k < fit->n_param; k++) {
        const mho_fit_param *p = &fit->param[k];
        mho_i_html_row(t, p->key);
        cell(t, p->value, p->unit);
        if (p->fitted) {
            add_range(t, p->low, p->high, p->unit);
        } else {
            mho_i_text_add(t, "<td class=\"n\">not fitted</td>");
        }
        if (fit->n_bootstrap) {
            add_range(t, p->boot_low, p->boot_high, p->unit);
        }
        mho_i_text_add(t, "<td>");
        mho_i_html_text(t, p->help);
        mho_i_text_add(t, "</td></tr>\n");
    }
    mho_i_text_add(t, "</tbody></table></div>\n");
    if (fit->n_bootstrap) {
        mho_i_text_add(t, "<p>Bootstrap: ");
        mho_i_html_count(t, fit->n_bootstrap);
        mho_i_text_add(t, " refits to residuals put back in blocks of %zu.</p>\n", fit->block);
    }
}

static void add_goodness(const mho_fit *fit, mho_i_text *t) {
    mho_i_html_section(t, "goodness", "Goodness");
    mho_i_text_add(t, "<div class=\"narrow scroll\"><table>\n<thead><tr><th>branch</th>"
                      "<th class=\"n\">points</th><th class=\"n\">rms</th>"
                      "<th class=\"n\">largest</th></tr></thead>\n<tbody>\n");
    for (size_t g = 0; g < fit->n_group; g++) {
        mho_i_html_row(t, fit->group[g].name);
        mho_i_text_add(t, "<td class=\"n\">%zu</td>", fit->group[g].n_point);
        cell(t, fit->group[g].rms, fit->residual_unit);
        cell(t, fit->group[g].max_abs, fit->residual_unit);
        mho_i_text_add(t, "</tr>\n");
    }
    mho_i_html_row(t, "all");
    mho_i_text_add(t, "<td class=\"n\">%zu</td>", fit->n_point);
    cell(t, fit->rms, fit->residual_unit);
    cell(t, fit->max_abs, fit->residual_unit);
    mho_i_text_add(t, "</tr>\n</tbody></table></div>\n");
}

static void add_correlation(const mho_fit *fit, mho_i_text *t) {
    mho_i_html_section(t, "correlation", "Correlation of the parameters");
    mho_i_text_add(t, "<div class=\"scroll\"><table>\n<thead><tr><th></th>");
    for (size_t k = 0; k < fit->n_param; k++) {
        if (fit->param[k].fitted) {
            mho_i_text_add(t, "<th class=\"n\">%s</th>", fit->param[k].key);
        }
    }
    mho_i_text_add(t, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < fit->n_param; i++) {
        if (!fit->param[i].fitted) {
            continue;
        }
        mho_i_html_row(t, fit->param[i].key);
        for (size_t j = 0; j < fit->n_param; j++) {
            double rho = fit->correlation[i][j];
            bool strong = i != j && fabs(rho) > 0.95;
            if (fit->param[j].fitted) {
                mho_i_text_add(t, "<td class=\"n\">%s%s%.2f%s</td>", strong ? "<strong>" : "",
                               rho < 0 ? "&#8722;" : "", fabs(rho), strong ? "</strong>" : "");
            }
        }
        mho_i_text_add(t, "</tr>\n");
    }
    mho_i_text_add(t, "</tbody></table></div>\n");
}

static void add_notes(const mho_fit *fit, mho_i_text *t) {
    if (fit->n_note == 0) {
        return;
    }
    mho_i_html_section(t, "notes", "Notes");
    mho_i_text_add(t, "<ul>\n");
    for (size_t k = 0; k < fit->n_note; k++) {
        mho_i_text_add(t, "<li>");
        mho_i_html_text(t, fit->note[k]);
        mho_i_text_add(t, ".</li>\n");
    }
    mho_i_text_add(t, "</ul>\n");
}

static mho_status add_figure(mho_ctx *ctx, const mho_fit *fit, mho_i_text *page) {
    mho_i_text s;
    mho_i_text_init(&s, ctx);
    mho_i_text_add(&s, "set terminal svg size 640,600 dynamic font 'sans-serif,15'\n");
    mho_i_fit_script(&s, fit);
    mho_i_text_add(page, "<figure>\n");
    mho_status status = mho_i_svg_add(ctx, &s, "fit", "Data, model and residuals", page);
    mho_i_text_add(page,
                   "<figcaption>Measured points and fitted model; below, data minus model"
                   "%s.</figcaption>\n</figure>\n",
                   fit->y_log ? " in decades" : "");
    mho_i_text_free(&s);
    return status;
}

mho_status mho_fit_report_html(mho_ctx *ctx, const mho_fit *fit, const char *path) {
    mho_i_text t;
    mho_i_text_init(&t, ctx);
    mho_i_html_begin(&t, "Fit");
    mho_i_text_add(&t, "<h1>");
    mho_i_html_text(&t, fit->data);
    mho_i_text_add(&t, "</h1>\n<p>Model %s, law %s: %zu parameters fitted to %zu points; rms ",
                   fit->model, fit->law, fit->n_fitted, fit->n_point);
    add_number(&t, fit->rms, fit->residual_unit);
    mho_i_text_add(&t, ".</p>\n");
    mho_status status = add_figure(ctx, fit, &t);
    add_parameters(fit, &t);
    add_goodness(fit, &t);
    add_correlation(fit, &t);
    add_notes(fit, &t);
    mho_i_html_end(&t);
    status = status == MHO_OK ? t.status : status;
    if (status == MHO_OK) {
        status = mho_i_file_write(ctx, path, t.data, t.len);
    }
    mho_i_text_free(&t);
    return status;
}
