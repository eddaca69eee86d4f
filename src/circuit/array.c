/* array.c - the array as the user sees it: options, programming, choice of solver, shapes. */
#include "circuit_int.h"

#include <string.h>

/* ---- new, free ---- */

/* Replace *p by a copy of what it points to; NULL stays NULL. */
static mho_status own(mho_ctx *ctx, const void **p, size_t n, size_t size) {
    if (!*p) {
        return MHO_OK;
    }
    void *copy = mho_i_alloc(ctx, n, size);
    if (copy) {
        memcpy(copy, *p, n * size);
    }
    *p = copy;
    return copy ? MHO_OK : MHO_ERR_NOMEM;
}

typedef struct {
    const void **p;
    size_t n, size;
} owned;

enum { N_OWNED = 10 };

static void list_owned(mho_array *a, owned list[N_OWNED]) {
    mho_array_opt *o = &a->opt;
    size_t nr = a->n_row, nc = a->n_col, cells = nr * nc, d = sizeof(double);
    size_t n_in = o->transposed ? nc : nr, n_out = o->transposed ? nr : nc;
    const owned all[N_OWNED] = {{(const void **)&o->r_word_line_ohm, nr, d},
                                {(const void **)&o->r_bit_line_ohm, nc, d},
                                {(const void **)&o->r_source_line_ohm, n_in, d},
                                {(const void **)&o->r_sense_line_ohm, n_out, d},
                                {(const void **)&o->row_off, nr, 1},
                                {(const void **)&o->col_off, nc, 1},
                                {(const void **)&o->r_series_cell_ohm, cells, d},
                                {(const void **)&o->stuck, cells, 1},
                                {(const void **)&o->broken_word, nr * (nc + 1), 1},
                                {(const void **)&o->broken_bit, (nr + 1) * nc, 1}};
    memcpy(list, all, sizeof all);
}

/* Copy what the options point to. On failure the rest is NULL: nothing foreign is ever freed. */
static mho_status own_options(mho_array *a) {
    owned list[N_OWNED];
    list_owned(a, list);
    mho_status status = MHO_OK;
    for (int k = 0; k < N_OWNED; k++) {
        if (status) {
            *list[k].p = NULL;
        } else {
            status = own(a->ctx, list[k].p, list[k].n, list[k].size);
        }
    }
    return status;
}

static mho_status read_options(mho_ctx *ctx, const mho_array_opt *opt, mho_array_opt *out) {
    *out = (mho_array_opt)MHO_ARRAY_OPT_INIT;
    if (!opt) {
        return MHO_OK;
    }
    if (opt->struct_size < offsetof(mho_array_opt, r_word_line_ohm) ||
        opt->struct_size > sizeof *opt) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "struct_size of mho_array_opt = %zu: start from MHO_ARRAY_OPT_INIT (%zu)",
                          opt->struct_size, sizeof *opt);
    }
    memcpy(out, opt, opt->struct_size);
    out->struct_size = sizeof *out;
    return MHO_OK;
}

static mho_status check_shape(mho_ctx *ctx, size_t n_row, size_t n_col) {
    if (n_row == 0 || n_col == 0) {
        return mho_i_fail(ctx, MHO_ERR_DIM, "array of %zu x %zu cells: allowed is 1 and more",
                          n_row, n_col);
    }
    const size_t most = (size_t)1 << 26;
    if (n_row > most || n_col > most || (uint64_t)n_row * n_col > (uint64_t)1 << 32) {
        return mho_i_fail(ctx, MHO_ERR_DIM,
                          "array of %zu x %zu cells: allowed are 2^32 cells, 2^26 lines", n_row,
                          n_col);
    }
    return MHO_OK;
}

mho_status mho_array_new(mho_ctx *ctx, size_t n_row, size_t n_col, const mho_array_opt *opt,
                         mho_array **out) {
    *out = NULL;
    mho_array_opt o;
    mho_status status = check_shape(ctx, n_row, n_col);
    if (!status) {
        status = read_options(ctx, opt, &o);
    }
    if (status) {
        return status;
    }
    mho_array *a = mho_i_alloc(ctx, 1, sizeof *a);
    if (!a) {
        return MHO_ERR_NOMEM;
    }
    a->ctx = ctx;
    a->n_row = n_row;
    a->n_col = n_col;
    a->opt = o;
    a->m_check_rel = -1;
    status = own_options(a);
    if (!status) {
        status = mho_i_net_new(ctx, n_row, n_col, &a->opt, &a->net);
    }
    if (!status) {
        a->g_user_S = mho_i_alloc(ctx, n_row * n_col, sizeof *a->g_user_S);
        a->g_S = mho_i_alloc(ctx, n_row * n_col, sizeof *a->g_S);
        status = a->g_user_S && a->g_S ? MHO_OK : MHO_ERR_NOMEM;
    }
    if (status) {
        mho_array_free(a);
        return status;
    }
    a->nonlinear = o.law != MHO_LAW_OHMIC || o.selector == MHO_SELECTOR_SINH;
    for (size_t i = 0; i < a->net.m; i++) {
        a->has_bias = a->has_bias || a->net.drive.pot_V[i] != 0;
    }
    for (size_t j = 0; j < a->net.n; j++) {
        a->has_bias = a->has_bias || a->net.sense.pot_V[j] != 0;
    }
    *out = a;
    return MHO_OK;
}

void mho_i_array_forget(mho_array *a) {
    mho_i_free(a->ctx, a->m_S);
    mho_i_free(a->ctx, a->i0_A);
    a->m_S = a->i0_A = NULL;
    a->has_m = false;
    a->m_check_rel = -1;
    mho_i_factor_free(a->factor);
    a->factor = NULL;
    mho_i_workers_free(a->workers);
    a->workers = NULL;
}

void mho_array_free(mho_array *a) {
    if (!a) {
        return;
    }
    mho_i_array_forget(a);
    mho_i_elim_free(a->elim);
    owned list[N_OWNED];
    list_owned(a, list);
    for (int k = 0; k < N_OWNED; k++) {
        mho_i_free(a->ctx, (void *)(uintptr_t)*list[k].p);
    }
    mho_i_net_free(a->ctx, &a->net);
    mho_i_free(a->ctx, a->g_user_S);
    mho_i_free(a->ctx, a->g_S);
    mho_i_free(a->ctx, a);
}

size_t mho_array_n_in(const mho_array *array) {
    return array->net.m;
}

size_t mho_array_n_out(const mho_array *array) {
    return array->net.n;
}

/* ---- programming ---- */

static mho_status check_conductance(mho_ctx *ctx, double g, size_t r, size_t c, size_t n_col,
                                    size_t array) {
    if (isfinite(g) && g >= 0 && g <= 1e18) {
        return MHO_OK;
    }
    (void)n_col;
    char where[64] = "";
    if (array != SIZE_MAX) {
        snprintf(where, sizeof where, " of array %zu", array);
    }
    return mho_i_fail(ctx, MHO_ERR_ARG,
                      "conductance of cell (%zu,%zu)%s = %g S: allowed are 0 (off) to 1e18 S", r, c,
                      where, g);
}

/* Conductance that the network sees; ohmic series resistance included where the law is linear. */
double mho_i_array_effective(const mho_array *a, size_t user_cell, double g) {
    const mho_array_opt *o = &a->opt;
    if (o->stuck && o->stuck[user_cell] != MHO_STUCK_NO) {
        g = o->stuck[user_cell] == MHO_STUCK_SHORT ? o->g_short_S : 0;
    }
    if (o->selector == MHO_SELECTOR_SERIES && !a->nonlinear) {
        double r = o->r_series_cell_ohm ? o->r_series_cell_ohm[user_cell] : o->r_series_ohm;
        g = g / (1 + g * r);
    }
    return g;
}

static void measure(mho_array *a) {
    double sum = 0;
    a->net.cell_S = 0;
    for (size_t k = 0; k < a->n_row * a->n_col; k++) {
        sum += a->g_S[k];
        a->net.cell_S = a->opt.law == MHO_LAW_USER ? 0 : fmax(a->net.cell_S, a->g_S[k]);
    }
    a->g_mean_S = sum / (double)(a->n_row * a->n_col);
}

static mho_status check_floating(mho_array *a) {
    if (a->opt.law != MHO_LAW_USER) {
        return mho_i_net_check(a->ctx, &a->net, a->opt.transposed, a->g_S);
    }
    /* what a user's cell with parameter 0 does is not known here: count it as conducting */
    size_t n = a->n_row * a->n_col;
    double *on = mho_i_alloc(a->ctx, n, sizeof *on);
    if (!on) {
        return MHO_ERR_NOMEM;
    }
    for (size_t i = 0; i < a->net.m; i++) {
        for (size_t j = 0; j < a->net.n; j++) {
            size_t user = mho_i_circuit_user_cell(a, i, j);
            on[i * a->net.n + j] = !(a->opt.stuck && a->opt.stuck[user] == MHO_STUCK_OPEN);
        }
    }
    mho_status status = mho_i_net_check(a->ctx, &a->net, a->opt.transposed, on);
    mho_i_free(a->ctx, on);
    return status;
}

mho_status mho_array_program(mho_array *a, const double *g_S) {
    for (size_t k = 0; k < a->n_row * a->n_col; k++) {
        mho_status status =
            check_conductance(a->ctx, g_S[k], k / a->n_col, k % a->n_col, a->n_col, SIZE_MAX);
        if (status) {
            return status;
        }
    }
    mho_i_array_forget(a);
    memcpy(a->g_user_S, g_S, a->n_row * a->n_col * sizeof *g_S);
    for (size_t i = 0; i < a->net.m; i++) {
        for (size_t j = 0; j < a->net.n; j++) {
            size_t user = mho_i_circuit_user_cell(a, i, j);
            a->g_S[i * a->net.n + j] = mho_i_array_effective(a, user, g_S[user]);
        }
    }
    measure(a);
    mho_status status = check_floating(a);
    a->programmed = status == MHO_OK;
    return status;
}

mho_status mho_i_array_ready(mho_array *a) {
    if (a->programmed) {
        return MHO_OK;
    }
    /* all cells off, or a program that was refused: solvable or not, the check says it again */
    mho_status status = check_floating(a);
    a->programmed = status == MHO_OK;
    return status;
}

mho_status mho_i_array_check_cell(mho_array *a, size_t cell, double g) {
    return check_conductance(a->ctx, g, cell / a->n_col, cell % a->n_col, a->n_col, SIZE_MAX);
}

/* ---- transfer matrices of many arrays ---- */

/* Cells of one user array to the network's order; to may not be from. */
static void to_network(const mho_array *a, const double *from, double *to) {
    for (size_t i = 0; i < a->net.m; i++) {
        for (size_t j = 0; j < a->net.n; j++) {
            size_t user = mho_i_circuit_user_cell(a, i, j);
            to[i * a->net.n + j] = mho_i_array_effective(a, user, from[user]);
        }
    }
}

static void clear_off_rows(const mho_i_net *net, double *m_S) {
    for (size_t i = 0; i < net->m; i++) {
        if (net->drive.off[i]) {
            memset(m_S + i * net->n, 0, net->n * sizeof *m_S);
        }
    }
}

static mho_status many_checked(mho_array *a, size_t n_array, const double *g_S, double *m_S) {
    mho_ctx *ctx = a->ctx;
    size_t cells = a->n_row * a->n_col;
    bool plain = !a->opt.transposed && !a->opt.stuck && a->opt.selector == MHO_SELECTOR_NONE;
    double *line = plain ? NULL : mho_i_alloc(ctx, cells, sizeof *line);
    if (!plain && !line) {
        return MHO_ERR_NOMEM;
    }
    mho_status status = MHO_OK;
    for (size_t k = 0; k < n_array && !status; k++) {
        const double *g = g_S + k * cells;
        if (!plain) {
            to_network(a, g, line);
            memcpy(m_S + k * cells, line, cells * sizeof *line);
            g = line;
        }
        status = mho_i_net_check(ctx, &a->net, a->opt.transposed, g);
        if (status && n_array > 1) {
            mho_i_prefix(ctx, status, "array %zu: ", k);
        }
    }
    mho_i_free(ctx, line);
    if (!status) {
        status = mho_i_transfer_build(ctx, &a->net, n_array, plain ? g_S : m_S, m_S);
    }
    for (size_t k = 0; k < n_array && status >= 0; k++) {
        clear_off_rows(&a->net, m_S + k * cells);
    }
    return status;
}

mho_status mho_array_transfer_many(mho_ctx *ctx, size_t n_array, size_t n_row, size_t n_col,
                                   const mho_array_opt *opt, const double *g_S, double *m_S) {
    mho_array *a;
    mho_status status = mho_array_new(ctx, n_row, n_col, opt, &a);
    if (status) {
        return status;
    }
    if (a->nonlinear) {
        status = mho_i_fail(ctx, MHO_ERR_ARG, "a transfer matrix needs ohmic cells and selectors");
    }
    size_t cells = n_row * n_col;
    for (size_t k = 0; k < n_array * cells && !status; k++) {
        size_t c = k % cells;
        status = check_conductance(ctx, g_S[k], c / n_col, c % n_col, n_col, k / cells);
    }
    if (!status) {
        status = many_checked(a, n_array, g_S, m_S);
    }
    mho_array_free(a);
    return status;
}
