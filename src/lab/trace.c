/* trace.c - columns that grow row by row. */
#include "lab_int.h"

#include <string.h>

mho_trace *mho_i_trace_new(mho_ctx *ctx, size_t n_column, const mho_i_column *column) {
    mho_trace *t = mho_i_alloc(ctx, 1, sizeof *t);
    if (t) {
        t->ctx = ctx;
        t->n_column = n_column;
        for (size_t k = 0; k < n_column; k++) {
            snprintf(t->name[k], sizeof t->name[k], "%s", column[k].name);
            snprintf(t->unit[k], sizeof t->unit[k], "%s", column[k].unit);
        }
    }
    return t;
}

static bool grow(mho_trace *t) {
    size_t cap = t->cap ? 2 * t->cap : 1024;
    for (size_t k = 0; k < t->n_column; k++) {
        double *x = mho_i_realloc(t->ctx, t->x[k], cap, sizeof *x);
        if (!x) {
            t->status = MHO_ERR_NOMEM;
            return false;
        }
        t->x[k] = x;
    }
    t->cap = cap;
    return true;
}

void mho_i_trace_add(mho_trace *t, const double *row) {
    if (t->status < 0 || (t->n_row == t->cap && !grow(t))) {
        return;
    }
    for (size_t k = 0; k < t->n_column; k++) {
        t->x[k][t->n_row] = row[k];
    }
    t->n_row++;
}

size_t mho_trace_rows(const mho_trace *trace) {
    return trace->n_row;
}

size_t mho_trace_columns(const mho_trace *trace) {
    return trace->n_column;
}

const char *mho_trace_name(const mho_trace *trace, size_t column) {
    return trace->name[column];
}

const char *mho_trace_unit(const mho_trace *trace, size_t column) {
    return trace->unit[column];
}

const double *mho_trace_column(const mho_trace *trace, size_t column) {
    return trace->x[column];
}

void mho_trace_free(mho_trace *trace) {
    if (trace) {
        for (size_t k = 0; k < trace->n_column; k++) {
            mho_i_free(trace->ctx, trace->x[k]);
        }
        mho_i_free(trace->ctx, trace);
    }
}
