/* fit_print.c - a fit for people on a terminal. */
#include "fit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void number(double x, const char *unit, char *buf, size_t n_buf) {
    if (isfinite(x)) {
        if (strncmp(unit, "1/", 2) == 0 || strcmp(unit, "K") == 0) {
            snprintf(buf, n_buf, "%.5g %s", x, unit); /* mK and u1/K help nobody */
        } else {
            mho_quantity_format(x, unit, 5, buf, n_buf);
        }
    } else {
        snprintf(buf, n_buf, "?");
    }
}

static void range(double low, double high, const char *unit, char *buf, size_t n_buf) {
    char a[40], b[40];
    number(low, unit, a, sizeof a);
    number(high, unit, b, sizeof b);
    snprintf(buf, n_buf, "%s .. %s", a, b);
}

static void print_parameters(const mho_fit *fit) {
    char by[40];
    snprintf(by, sizeof by, "95 %% (%s)", fit->interval_by);
    printf("  %-16s %-14s %-30s%s\n", "parameter", "value", by,
           fit->n_bootstrap ? "95 % (bootstrap)" : "");
    for (size_t k = 0; k < fit->n_param; k++) {
        const mho_fit_param *p = &fit->param[k];
        char value[40], jacobian[90], boot[90] = "";
        number(p->value, p->unit, value, sizeof value);
        if (!p->fitted) {
            snprintf(jacobian, sizeof jacobian, "not fitted");
        } else {
            range(p->low, p->high, p->unit, jacobian, sizeof jacobian);
        }
        if (fit->n_bootstrap && p->fitted) {
            range(p->boot_low, p->boot_high, p->unit, boot, sizeof boot);
        }
        printf("  %-16s %-14s %-30s%s\n", p->key, value, jacobian, boot);
    }
    if (fit->n_bootstrap) {
        printf("  %zu bootstrap samples, residuals in blocks of %zu\n", fit->n_bootstrap,
               fit->block);
    }
}

static void print_row(const char *name, size_t n, double rms, double worst, const char *unit) {
    char a[40], b[40];
    if (strcmp(unit, "decades") == 0) {
        snprintf(a, sizeof a, "%.4f %s", rms, unit);
        snprintf(b, sizeof b, "%.4f %s", worst, unit);
    } else {
        mho_quantity_format(rms, unit, 3, a, sizeof a);
        mho_quantity_format(worst, unit, 3, b, sizeof b);
    }
    printf("  %-16s %-8zu %-18s %s\n", name, n, a, b);
}

static void print_goodness(const mho_fit *fit) {
    printf("\n  %-16s %-8s %-18s %s\n", "branch", "points", "rms", "largest");
    for (size_t g = 0; g < fit->n_group; g++) {
        print_row(fit->group[g].name, fit->group[g].n_point, fit->group[g].rms,
                  fit->group[g].max_abs, fit->residual_unit);
    }
    if (fit->n_group > 1) {
        print_row("all", fit->n_point, fit->rms, fit->max_abs, fit->residual_unit);
    }
}

static void print_correlation(const mho_fit *fit) {
    printf("\n  %-16s", "correlation");
    for (size_t k = 0; k < fit->n_param; k++) {
        if (fit->param[k].fitted) {
            printf(" %7.7s", fit->param[k].key);
        }
    }
    for (size_t i = 0; i < fit->n_param; i++) {
        if (!fit->param[i].fitted) {
            continue;
        }
        printf("\n  %-16s", fit->param[i].key);
        for (size_t j = 0; j <= i; j++) {
            if (fit->param[j].fitted) {
                printf(" %7.3f", fit->correlation[i][j]);
            }
        }
    }
    printf("\n");
}

/* Lines of at most 96 letters, cut at blanks. */
static void print_note(const char *text) {
    const size_t width = 96;
    printf("  - ");
    while (strlen(text) > width) {
        size_t n = width;
        while (n > 0 && text[n] != ' ') {
            n--;
        }
        n = n ? n : width;
        printf("%.*s\n    ", (int)n, text);
        text += n + (text[n] == ' ');
    }
    printf("%s\n", text);
}

void fit_print(const mho_fit *fit) {
    printf("%s, %s: %zu parameters fitted to %zu points of %s\n\n", fit->model, fit->law,
           fit->n_fitted, fit->n_point, fit->data);
    print_parameters(fit);
    print_goodness(fit);
    if (fit->n_fitted > 1) {
        print_correlation(fit);
    }
    if (fit->n_note) {
        printf("\nNotes\n");
    }
    for (size_t k = 0; k < fit->n_note; k++) {
        print_note(fit->note[k]);
    }
}
