/* fit_columns.c - which columns of a CSV file a fit takes. */
#include "fit_int.h"

#include <math.h>
#include <string.h>

mho_status mho_i_fit_columns(const mho_i_csv *csv, const char *asked, size_t n, size_t n_needed,
                             const char *const *const *names, size_t *col) {
    char listed[400], part[80];
    for (size_t k = 0; k < n; k++) {
        col[k] = asked ? csv->n_col : mho_i_csv_find_any(csv, names[k]);
    }
    for (size_t k = 0; asked && k < n && *asked; k++) {
        size_t len = strcspn(asked, ",");
        snprintf(part, sizeof part, "%.*s", (int)len, asked);
        col[k] = mho_i_csv_find(csv, part);
        if (col[k] == csv->n_col) {
            return mho_i_fail(csv->ctx, MHO_ERR_ARG, "%s: there is no column \"%s\"; there are: %s",
                              csv->path, part, mho_i_csv_list(csv, listed, sizeof listed));
        }
        asked += len + (asked[len] == ',');
    }
    if (!csv->has_names && !asked) {
        for (size_t k = 0; k < n; k++) {
            col[k] = k < csv->n_col ? k : csv->n_col;
        }
    }
    for (size_t k = 0; k < n; k++) {
        if (col[k] < csv->n_col && k < n_needed && !csv->column[col[k]].value) {
            return mho_i_csv_fail(csv, 0, "\"%.30s\" in column %zu: numbers are wanted",
                                  csv->column[col[k]].text[0], col[k] + 1);
        }
        if (col[k] == csv->n_col && k < n_needed) {
            return mho_i_fail(csv->ctx, MHO_ERR_FORMAT,
                              "%s: no column \"%s\"; there are: %s. Say --columns with names or "
                              "numbers",
                              csv->path, names[k][0], mho_i_csv_list(csv, listed, sizeof listed));
        }
    }
    return MHO_OK;
}

mho_status mho_i_fit_siemens(mho_i_csv *csv, size_t col) {
    mho_i_csv_column *c = &csv->column[col];
    bool named = *c->unit != 0;
    mho_status status = mho_i_csv_to_si(csv, col, "S");
    for (size_t k = 0; k < csv->n_row && status == MHO_OK; k++) {
        if (c->value[k] < 0 || c->value[k] > 1) {
            status = mho_i_csv_fail(csv, k, "conductance %g S%s: 0 to 1 S are allowed", c->value[k],
                                    named ? ""
                                          : ", as no unit is given (write conductance_uS in "
                                            "the header?)");
        }
    }
    return status;
}
