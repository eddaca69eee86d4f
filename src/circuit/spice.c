/* spice.c - netlist out, answers in. The netlist goes to ngspice through its standard input and the
 * answers come back as text with 17 digits, which is all that a double holds.                    */
#include "mho/spice.h"
#include "netlist_int.h"

#include <stdlib.h>
#include <string.h>

static const double limit_s = 6 * 3600;

/* ---- writing ---- */

/* first [n_unknown]: the smallest cell (word side) or n_cell + cell (bit side) of each node, or
 * SIZE_MAX for nodes between a cell and its selector */
static size_t *first_cells(const mho_i_netlist *list) {
    size_t n_cell = list->n_row * list->n_col;
    size_t *first = mho_i_alloc(list->ctx, list->n_unknown, sizeof *first);
    for (size_t k = 0; k < list->n_unknown && first; k++) {
        first[k] = SIZE_MAX;
    }
    for (size_t k = 2 * n_cell; k-- > 0 && first;) {
        uint32_t node = k < n_cell ? list->word[k] : list->bit[k - n_cell];
        if (node < list->n_unknown) {
            first[node] = k;
        }
    }
    return first;
}

static const char *node_name(const mho_i_netlist *list, const size_t *first, size_t node,
                             char buf[64]) {
    size_t n_cell = list->n_row * list->n_col;
    if (node >= list->n_unknown) {
        size_t t = node - list->n_unknown;
        bool row = t < list->n_row;
        snprintf(buf, 64, "t%c%zu", row ? 'r' : 'c', row ? t : t - list->n_row);
    } else if (first[node] == SIZE_MAX) {
        snprintf(buf, 64, "x%zu", node);
    } else {
        size_t cell = first[node] % n_cell;
        snprintf(buf, 64, "%c%zu_%zu", first[node] < n_cell ? 'w' : 'b', cell / list->n_col,
                 cell % list->n_col);
    }
    return buf;
}

static void put_elements(mho_i_text *t, const mho_i_netlist *list, const size_t *first) {
    for (size_t k = 0; k < list->n_element; k++) {
        const mho_i_element *e = &list->element[k];
        char from[64], to[64];
        node_name(list, first, e->from, from);
        node_name(list, first, e->to, to);
        if (e->kind == MHO_ELEMENT_OHM) {
            mho_i_text_add(t, "R%zu %s %s %.17g\n", k, from, to, 1 / e->g_S);
        } else {
            mho_i_text_add(t, "B%zu %s %s I=%.17g*sinh(%.17g*V(%s,%s))\n", k, from, to,
                           e->g_S / e->a_per_V, e->a_per_V, from, to);
        }
    }
}

/* sources with the voltages of the first vector, or the changes towards the next one */
static void put_sources(mho_i_text *t, const mho_i_netlist *list, const double *now,
                        const double *before) {
    for (size_t k = 0; k < list->n_row + list->n_col; k++) {
        char kind = k < list->n_row ? 'r' : 'c';
        size_t line = k < list->n_row ? k : k - list->n_row;
        if (!before) {
            mho_i_text_add(t, "V%c%zu t%c%zu 0 dc %.17g\n", kind, line, kind, line, now[k]);
        } else if (now[k] != before[k]) {
            mho_i_text_add(t, "alter v%c%zu dc = %.17g\n", kind, line, now[k]);
        }
    }
}

static mho_status put_netlist(const mho_i_netlist *list, size_t n_vec, const double *v_V,
                              const char *headline, const char *extra, mho_i_text *t) {
    size_t n_terminal = list->n_row + list->n_col;
    size_t n_in = list->array->opt.transposed ? list->n_col : list->n_row;
    size_t *first = first_cells(list);
    double *volt = mho_i_alloc(list->ctx, 2 * n_terminal, sizeof *volt);
    if (!first || !volt) {
        mho_i_free(list->ctx, first);
        mho_i_free(list->ctx, volt);
        return MHO_ERR_NOMEM;
    }
    mho_i_text_add(t,
                   "mho %s: array of %zu word lines x %zu bit lines, %zu input vectors\n"
                   "* w0_3, b0_3: word and bit side of the cell in row 0, column 3; joined nodes\n"
                   "* bear the name of their first cell; tr0, tc3: far side of the ends of row 0,\n"
                   "* column 3; vr0#branch, vc3#branch: current into them. Run: ngspice -b FILE\n"
                   "%s"
                   ".options reltol=1e-10 abstol=1e-18 vntol=1e-14 itl1=1000 noacct\n",
                   mho_version(), list->n_row, list->n_col, n_vec, headline);
    put_elements(t, list, first);
    mho_i_netlist_drive(list, v_V, volt);
    put_sources(t, list, volt, NULL);
    mho_i_text_put(t, extra, strlen(extra));
    mho_i_text_add(t, ".control\nset numdgt=16\n");
    for (size_t k = 0; k < n_vec; k++) {
        double *now = volt + k % 2 * n_terminal, *before = volt + (k + 1) % 2 * n_terminal;
        if (k) {
            mho_i_netlist_drive(list, v_V + k * n_in, now);
            put_sources(t, list, now, before);
        }
        mho_i_text_add(t, "op\necho mho-vector %zu\nprint all\ndestroy all\n", k);
    }
    mho_i_text_add(t, "quit 0\n.endc\n.end\n");
    mho_i_free(list->ctx, first);
    mho_i_free(list->ctx, volt);
    return t->status;
}

static mho_status make_netlist(mho_array *a, size_t n_vec, const double *v_V, const char *headline,
                               const char *extra, mho_i_netlist *list, mho_i_text *t) {
    if (!a->programmed) {
        return mho_i_fail(
            a->ctx, MHO_ERR_ARG,
            "the array of %zu x %zu cells is not programmed: mho_array_program comes first",
            a->n_row, a->n_col);
    }
    if (a->opt.law == MHO_LAW_USER) {
        return mho_i_fail(a->ctx, MHO_ERR_ARG,
                          "a cell law of the user cannot be written as a netlist: ohmic and sinh "
                          "cells can");
    }
    size_t n_in = a->opt.transposed ? a->n_col : a->n_row;
    for (size_t k = 0; k < n_vec * n_in; k++) {
        if (!isfinite(v_V[k])) {
            return mho_i_fail(a->ctx, MHO_ERR_ARG, "input %zu of vector %zu = %g V: must be finite",
                              k % n_in, k / n_in, v_V[k]);
        }
    }
    mho_status status = mho_i_netlist_new(a, list);
    if (status == MHO_OK) {
        status = put_netlist(list, n_vec, v_V, headline, extra, t);
        if (status < 0) {
            mho_i_netlist_free(list);
        }
    }
    return status;
}

mho_status mho_i_spice_array_text(mho_array *a, size_t n_vec, const double *v_V,
                                  const char *headline, const char *extra, mho_i_text *t) {
    mho_i_netlist list;
    mho_status status = make_netlist(a, n_vec, v_V, headline, extra, &list, t);
    if (status == MHO_OK) {
        mho_i_netlist_free(&list);
    }
    return status;
}

mho_status mho_array_spice_save(mho_array *array, size_t n_vec, const double *v_V,
                                const char *path) {
    mho_i_netlist list;
    mho_i_text t;
    mho_i_text_init(&t, array->ctx);
    mho_status status = make_netlist(array, n_vec, v_V, "", "", &list, &t);
    if (status == MHO_OK) {
        mho_i_netlist_free(&list);
        status = mho_i_file_write(array->ctx, path, t.data, t.len);
    }
    mho_i_text_free(&t);
    return status;
}

/* ---- reading ---- */

typedef struct answer {
    const mho_i_netlist *list;
    const char *at;    /* next line */
    long double *x;    /* [n_unknown + n_terminal] V */
    double *current_A; /* [n_terminal] into each terminal */
} answer;

/* "w0_3 = 1.2e-1" or "vc3#branch = 1e-6" into its place; other lines are left alone */
static void take_line(answer *w, const char *line) {
    const mho_i_netlist *list = w->list;
    size_t r, c;
    char side, kind;
    double value;
    /* NOLINTBEGIN(cert-err34-c): what our own netlist has named; out of range is left out */
    if (sscanf(line, "%c%zu_%zu = %lf", &side, &r, &c, &value) == 4 &&
        (side == 'w' || side == 'b') && r < list->n_row && c < list->n_col) {
        w->x[(side == 'w' ? list->word : list->bit)[r * list->n_col + c]] = value;
    } else if (sscanf(line, "x%zu = %lf", &r, &value) == 2 && r < list->n_unknown) {
        w->x[r] = value;
    } else if (sscanf(line, "v%c%zu#branch = %lf", &kind, &r, &value) == 3 &&
               r < (kind == 'r' ? list->n_row : list->n_col)) {
        w->current_A[kind == 'r' ? r : list->n_row + r] = value;
    }
    /* NOLINTEND(cert-err34-c) */
}

/* the lines from "mho-vector k" to the next; false: something is missing */
static bool take_vector(answer *w, const double *v_V) {
    const mho_i_netlist *list = w->list;
    size_t n = list->n_unknown, n_terminal = list->n_row + list->n_col;
    for (size_t k = 0; k < n + n_terminal; k++) {
        w->x[k] = NAN;
    }
    mho_i_netlist_drive(list, v_V, w->current_A); /* as scratch */
    for (size_t k = 0; k < n_terminal; k++) {
        w->x[n + k] = w->current_A[k];
        w->current_A[k] = NAN;
    }
    while (w->at && strncmp(w->at, "mho-vector", 10) != 0) {
        char line[128];
        const char *end = strchr(w->at, '\n');
        snprintf(line, sizeof line, "%.*s", end ? (int)(end - w->at) : 127, w->at);
        take_line(w, line);
        w->at = end ? end + 1 : NULL;
    }
    bool whole = true;
    for (size_t k = 0; k < n; k++) {
        whole = whole && isfinite(w->x[k]);
    }
    for (size_t k = 0; k < n_terminal; k++) {
        whole = whole && isfinite(w->current_A[k]);
    }
    return whole;
}

void mho_i_spice_version(const char *said, char version[MHO_SPICE_VERSION_BYTES]) {
    const char *name = strstr(said, "\nngspice-");
    size_t n = name ? strcspn(name + 1, " \n") : 0;
    version[0] = 0;
    if (n && n < MHO_SPICE_VERSION_BYTES) {
        memcpy(version, name + 1, n);
        version[n] = 0;
    }
}

/* Kirchhoff residual up to which ngspice's answer counts as one. */
static const double SPICE_GOOD = 1e-6;

typedef struct results {
    double *i_A, *w_V, *b_V;
} results;

static mho_status take_answers(answer *w, const mho_i_text *out, const mho_i_text *err,
                               size_t n_vec, const double *v_V, const results *to,
                               mho_array_report *rep) {
    const mho_i_netlist *list = w->list;
    bool transposed = list->array->opt.transposed;
    size_t n_cell = list->n_row * list->n_col, n_in = transposed ? list->n_col : list->n_row;
    size_t n_out = list->n_row + list->n_col - n_in, bad = 0, off = 0;
    long double *f = mho_i_alloc(list->ctx, list->n_unknown + n_in + n_out, sizeof *f);
    if (!f) {
        return MHO_ERR_NOMEM;
    }
    w->at = out->len ? strstr(out->data, "mho-vector") : NULL;
    for (size_t k = 0; k < n_vec; k++) {
        w->at = w->at ? strchr(w->at, '\n') : NULL;
        w->at = w->at ? w->at + 1 : NULL;
        bool whole = take_vector(w, v_V + k * n_in);
        bad += whole ? 0 : 1;
        double error = whole ? (double)mho_i_netlist_balance(list, w->x, f) : NAN;
        off += whole && !(error <= SPICE_GOOD);
        rep->residual_rel = error > rep->residual_rel || isnan(error) ? error : rep->residual_rel;
        for (size_t t = 0; t < n_in + n_out && whole; t++) {
            double delivered = -(double)w->x[list->n_unknown + t] * w->current_A[t];
            rep->power_W += delivered / (double)n_vec;
        }
        for (size_t j = 0; j < n_out; j++) {
            to->i_A[k * n_out + j] = whole ? w->current_A[transposed ? j : list->n_row + j] : NAN;
        }
        for (size_t j = 0; j < n_cell; j++) {
            if (to->w_V) {
                to->w_V[k * n_cell + j] = (double)w->x[list->word[j]];
            }
            if (to->b_V) {
                to->b_V[k * n_cell + j] = (double)w->x[list->bit[j]];
            }
        }
    }
    mho_i_free(list->ctx, f);
    rep->n_unconverged = bad + off;
    if (!bad && off) {
        return mho_i_fail(
            list->ctx, MHO_WARN_NOT_CONVERGED,
            "not converged: ngspice's voltages of %zu of %zu vectors miss Kirchhoff's "
            "law by up to %.3g of the largest line current (allowed: %.0e): wires, "
            "ends and cells are too far apart for it",
            off, n_vec, rep->residual_rel, SPICE_GOOD);
    }
    return bad == 0
               ? MHO_OK
               : mho_i_fail(list->ctx, MHO_WARN_NOT_CONVERGED,
                            "not converged: ngspice has no answer to %zu of %zu vectors: %.500s",
                            bad, n_vec, err->len ? err->data : "");
}

mho_status mho_array_spice_read(mho_array *array, size_t n_vec, const double *v_V, double *i_A,
                                double *w_V, double *b_V, mho_array_report *rep,
                                char version[MHO_SPICE_VERSION_BYTES]) {
    static const char *const argv[] = {"ngspice", "-n", "-b", NULL}; /* -n: no init files */
    mho_ctx *ctx = array->ctx;
    mho_i_netlist list;
    mho_i_text text, out, err;
    mho_i_text_init(&text, ctx);
    mho_i_text_init(&out, ctx);
    mho_i_text_init(&err, ctx);
    double start = mho_i_now_s();
    mho_status status = make_netlist(array, n_vec, v_V, "", "", &list, &text);
    if (status == MHO_OK) {
        mho_array_report own = {0};
        int code = 0;
        answer w = {.list = &list};
        w.x = mho_i_alloc(ctx, list.n_unknown + list.n_row + list.n_col, sizeof *w.x);
        w.current_A = mho_i_alloc(ctx, list.n_row + list.n_col, sizeof *w.current_A);
        own.build_s = mho_i_now_s() - start;
        status = w.x && w.current_A
                     ? mho_i_child_run(ctx, argv, text.data, text.len, limit_s, &out, &err, &code)
                     : MHO_ERR_NOMEM;
        if (status == MHO_OK) {
            const results to = {i_A, w_V, b_V};
            status = take_answers(&w, &out, &err, n_vec, v_V, &to, &own);
        }
        if (status >= 0) {
            own.read_s = mho_i_now_s() - start - own.build_s;
            if (version) {
                mho_i_spice_version(out.len ? out.data : "", version);
            }
            if (rep) {
                own.solver = rep->solver;
                *rep = own;
            }
        }
        mho_i_free(ctx, w.x);
        mho_i_free(ctx, w.current_A);
        mho_i_netlist_free(&list);
    }
    mho_i_text_free(&text);
    mho_i_text_free(&out);
    mho_i_text_free(&err);
    return status;
}
