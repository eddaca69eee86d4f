/* nodes.c - answers that need every node voltage: the voltages themselves, the power of every
 * element, and gradients with respect to conductances and inputs. */
#include "circuit_int.h"

#include <cblas.h>
#include <string.h>

/* Any vectors x [n_vec][m][n] of the network to the user's [n_vec][n][m], one scratch grid. */
static void transpose_back(const mho_array *a, size_t n_vec, double *x, double *scratch) {
    size_t m = a->net.m, n = a->net.n;
    for (size_t v = 0; v < n_vec; v++) {
        double *grid = x + v * m * n;
        memcpy(scratch, grid, m * n * sizeof *grid);
        for (size_t i = 0; i < m; i++) {
            for (size_t j = 0; j < n; j++) {
                grid[j * m + i] = scratch[i * n + j];
            }
        }
    }
}

mho_status mho_array_nodes(mho_array *a, size_t n_vec, const double *v_V, double *w_V, double *b_V,
                           mho_array_report *rep) {
    mho_array_report unused;
    rep = rep ? rep : &unused;
    bool t = a->opt.transposed;
    /* the driven lines of a transposed read are the bit lines */
    mho_status status = mho_i_read_nodes(a, n_vec, v_V, NULL, t ? b_V : w_V, t ? w_V : b_V, rep);
    if (status >= 0 && t) {
        double *scratch = mho_i_alloc(a->ctx, a->n_row * a->n_col, sizeof *scratch);
        if (!scratch) {
            return MHO_ERR_NOMEM;
        }
        transpose_back(a, n_vec, w_V, scratch);
        transpose_back(a, n_vec, b_V, scratch);
        mho_i_free(a->ctx, scratch);
    }
    return status;
}

/* ---- power ---- */

/* One vector: node voltages, cell currents, and where the results of its elements go. */
typedef struct {
    const double *u, *w, *b, *i;                         /* [m], [m][n] x 3 */
    double *cell, *drive, *sense;                        /* NULL or the user's arrays */
    size_t drive_line, drive_seg, sense_line, sense_seg; /* strides in them */
    mho_array_power_sum sum;
} power_job;

/* Power of the segments of a line; node k at x[k*step]. out NULL or at out[k*so]. */
static void line_power(const mho_i_lines *l, size_t k, double pot, const double *x, size_t step,
                       double *out, size_t so, double *wire_sum, double *end_sum) {
    size_t n = l->n_node;
    double r = l->r_seg_ohm[k], re = l->r_end_ohm[k];
    for (size_t s = 0; s <= n; s++) {
        bool end = s == 0 || s == n, open = l->broken && l->broken[k * (n + 1) + s];
        double g = s == 0 ? l->lo_S[k] : s == n ? l->hi_S[k] : open ? 0 : l->seg_S[k];
        double p = 0;
        if (g > 0 && !isinf(g)) {
            double drop = end ? x[(s ? n - 1 : 0) * step] - pot : x[s * step] - x[(s - 1) * step];
            double i = g * drop;
            p = i * i * r;
            *end_sum += end ? i * i * re : 0;
        }
        *wire_sum += p;
        if (out) {
            out[s * so] = p;
        }
    }
}

static void cell_power(const mho_array *a, power_job *p) {
    size_t n = a->net.n;
    for (size_t i = 0; i < a->net.m; i++) {
        for (size_t j = 0; j < n; j++) {
            double x = p->i[i * n + j];
            double heat = x * (p->w[i * n + j] - p->b[i * n + j]);
            p->sum.cell_W += heat;
            p->sum.delivered_W += x * (p->u[i] - a->net.sense.pot_V[j]);
            if (p->cell) {
                p->cell[mho_i_circuit_user_cell(a, i, j)] = heat;
            }
        }
    }
}

static void element_power(const mho_array *a, power_job *p) {
    bool t = a->opt.transposed;
    double *drive_sum = t ? &p->sum.bit_W : &p->sum.word_W;
    double *sense_sum = t ? &p->sum.word_W : &p->sum.bit_W;
    cell_power(a, p);
    for (size_t i = 0; i < a->net.m; i++) {
        line_power(&a->net.drive, i, p->u[i], p->w + i * a->net.n, 1,
                   p->drive ? p->drive + i * p->drive_line : NULL, p->drive_seg, drive_sum,
                   &p->sum.source_W);
    }
    for (size_t j = 0; j < a->net.n; j++) {
        line_power(&a->net.sense, j, a->net.sense.pot_V[j], p->b + j, a->net.n,
                   p->sense ? p->sense + j * p->sense_line : NULL, p->sense_seg, sense_sum,
                   &p->sum.sense_W);
    }
}

static power_job power_of(const mho_array *a, size_t v, double *cell, double *word, double *bit) {
    bool t = a->opt.transposed;
    size_t cells = a->n_row * a->n_col;
    double *word_v = word ? word + v * a->n_row * (a->n_col + 1) : NULL;
    double *bit_v = bit ? bit + v * (a->n_row + 1) * a->n_col : NULL;
    power_job p = {.cell = cell ? cell + v * cells : NULL,
                   .drive = t ? bit_v : word_v,
                   .sense = t ? word_v : bit_v,
                   .drive_line = t ? 1 : a->n_col + 1,
                   .drive_seg = t ? a->n_col : 1,
                   .sense_line = t ? a->n_col + 1 : 1,
                   .sense_seg = t ? 1 : a->n_col};
    return p;
}

/* Heat and delivery of a vector come from different voltages: where rounding hides the drop over a
 * cell they part, although the currents were confirmed. */
static mho_status check_balance(const mho_array *a, const mho_array_power_sum *p) {
    const double most_rel = 1e-6;
    double heat = p->cell_W + p->word_W + p->bit_W + p->source_W + p->sense_W;
    double open_W = fabs(heat - p->delivered_W), scale = fmax(fabs(heat), fabs(p->delivered_W));
    if (open_W <= most_rel * scale) {
        return MHO_OK;
    }
    return mho_i_fail(a->ctx, MHO_WARN_NOT_CONVERGED,
                      "the powers of the elements, %.9g W, and what the sources deliver, %.9g W, "
                      "differ by more than %.0e: wires, ends and cells are too far apart",
                      heat, p->delivered_W, most_rel);
}

mho_status mho_array_power(mho_array *a, size_t n_vec, const double *v_V, double *cell_W,
                           double *word_W, double *bit_W, mho_array_power_sum *sum,
                           mho_array_report *rep) {
    size_t cells = a->net.m * a->net.n;
    mho_array_report all = {0}, one;
    double *grid = mho_i_alloc(a->ctx, 9 * cells, sizeof *grid);
    double *u = mho_i_alloc(a->ctx, a->net.m, sizeof *u);
    mho_status status = grid && u ? MHO_OK : MHO_ERR_NOMEM;
    for (size_t v = 0; v < n_vec && status >= 0; v++) {
        double *w = grid, *b = w + cells, *i = b + cells, *x = i + cells, *slope = x + cells;
        mho_status here = mho_i_read_nodes(a, 1, v_V + v * a->net.m, NULL, w, b, &one);
        status = here < 0 || !status ? here : status;
        if (here < 0) {
            break;
        }
        for (size_t k = 0; k < cells; k++) {
            x[k] = w[k] - b[k];
        }
        mho_i_law_eval(a, x, i, slope, slope + cells);
        mho_i_net_drive(&a->net, v_V + v * a->net.m, u);
        power_job p = power_of(a, v, cell_W, word_W, bit_W);
        p.u = u;
        p.w = w;
        p.b = b;
        p.i = i;
        element_power(a, &p);
        here = here ? here : check_balance(a, &p.sum);
        status = status ? status : here;
        if (sum) {
            sum[v] = p.sum;
        }
        mho_i_report_add(&all, &one, n_vec);
    }
    mho_i_free(a->ctx, grid);
    mho_i_free(a->ctx, u);
    if (rep && status >= 0) {
        *rep = all;
    }
    return status;
}

/* ---- adjoint and gradient ---- */

mho_status mho_array_adjoint(mho_array *a, size_t n_vec, const double *y, double *x) {
    mho_status status = mho_i_read_build(a);
    if (status || !n_vec) {
        return status;
    }
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)n_vec, (int)a->net.m, (int)a->net.n,
                1, y, (int)a->net.n, a->m_S, (int)a->net.n, 0, x, (int)a->net.m);
    return MHO_OK;
}

/* d(current)/d(programmed conductance) of a cell at voltage v. */
static double cell_sensitivity(const mho_array *a, size_t user, double v) {
    const mho_array_opt *o = &a->opt;
    if (o->stuck && o->stuck[user] != MHO_STUCK_NO) {
        return 0;
    }
    if (o->law == MHO_LAW_SINH) {
        double x = o->law_a * v;
        return fabs(x) < 1e-5 ? v * (1 + x * x / 6) : sinh(x) / o->law_a;
    }
    if (o->selector == MHO_SELECTOR_SERIES) {
        double r = o->r_series_cell_ohm ? o->r_series_cell_ohm[user] : o->r_series_ohm;
        double part = 1 / (1 + a->g_user_S[user] * r);
        return v * part * part;
    }
    return v;
}

typedef struct {
    mho_i_linear *adjoint;
    double *w, *b, *slope, *wa, *ba, *rest; /* [m][n], rest [5][m][n] */
    double *zero;                           /* [m] */
} gradient_job;

/* Node voltages and slopes of one read. */
static mho_status forward(mho_array *a, gradient_job *g, const double *v_V, bool first) {
    size_t cells = a->net.m * a->net.n;
    mho_array_report rep;
    mho_status status = mho_i_read_nodes(a, 1, v_V, NULL, g->w, g->b, &rep);
    if (status < 0) {
        return status;
    }
    if (a->nonlinear) {
        double *v = g->rest, *i = v + cells;
        for (size_t k = 0; k < cells; k++) {
            v[k] = g->w[k] - g->b[k];
        }
        mho_i_law_eval(a, v, i, g->slope, i + cells);
    } else if (first) {
        memcpy(g->slope, a->g_S, cells * sizeof *g->slope);
    }
    if (a->nonlinear || first) {
        mho_i_linear_factor(g->adjoint, g->slope);
    }
    return status;
}

static void add_gradient(const mho_array *a, const gradient_job *g, double *grad, double *x) {
    size_t n = a->net.n;
    for (size_t i = 0; i < a->net.m; i++) {
        double sum = 0;
        for (size_t j = 0; j < n; j++) {
            size_t at = i * n + j, user = mho_i_circuit_user_cell(a, i, j);
            double back = g->wa[at] - g->ba[at];
            grad[user] -= cell_sensitivity(a, user, g->w[at] - g->b[at]) * back;
            sum -= g->slope[at] * back;
        }
        if (x) {
            x[i] = a->net.drive.off[i] ? 0 : sum;
        }
    }
}

static mho_status gradients(mho_array *a, gradient_job *g, size_t n_vec, const double *v_V,
                            const double *y, double *grad, double *x) {
    mho_status status = MHO_OK;
    double worst = 0;
    for (size_t v = 0; v < n_vec && status >= 0; v++) {
        mho_status here = forward(a, g, v_V + v * a->net.m, v == 0);
        status = here < 0 || !status ? here : status;
        if (here < 0) {
            break;
        }
        double rel = mho_i_linear_solve(g->adjoint, g->zero, y + v * a->net.n, g->wa, g->ba);
        worst = rel <= worst || isnan(worst) ? worst : rel; /* NaN stays */
        add_gradient(a, g, grad, x ? x + v * a->net.m : NULL);
    }
    if (!status && !(worst <= 1e-8)) {
        status =
            mho_i_fail(a->ctx, MHO_WARN_NOT_CONVERGED,
                       "the adjoint circuit of a gradient did not converge: Kirchhoff residual "
                       "%.3g of the largest line current",
                       worst);
    }
    return status;
}

/* The same for a batch of ohmic cells, both ways through the kept factor. */
static mho_status gradients_down(mho_array *a, size_t n_vec, const double *v_V, const double *y,
                                 double *grad, double *x) {
    size_t cells = a->net.m * a->net.n, chunk = 16 * (size_t)mho_ctx_threads(a->ctx);
    chunk = chunk > 64 ? 64 : chunk;
    double *grid = mho_i_alloc(a->ctx, 4 * chunk * cells, sizeof *grid);
    mho_status status = grid ? mho_i_read_factor(a) : MHO_ERR_NOMEM;
    mho_array_report rep = {0};
    for (size_t v0 = 0; v0 < n_vec && !status; v0 += chunk) {
        size_t n = n_vec - v0 < chunk ? n_vec - v0 : chunk, size = chunk * cells;
        double *w = grid, *b = w + size, *wa = b + size, *ba = wa + size;
        status = mho_i_factor_nodes(a, n, v_V + v0 * a->net.m, NULL, w, b, &rep);
        if (!status) {
            status = mho_i_factor_nodes(a, n, NULL, y + v0 * a->net.n, wa, ba, &rep);
        }
        for (size_t v = 0; v < n && !status; v++) {
            size_t at = v * cells;
            gradient_job g = {
                .w = w + at, .b = b + at, .slope = a->g_S, .wa = wa + at, .ba = ba + at};
            add_gradient(a, &g, grad, x ? x + (v0 + v) * a->net.m : NULL);
        }
    }
    mho_i_free(a->ctx, grid);
    if (!status && rep.n_unconverged) {
        status = mho_i_fail(a->ctx, MHO_WARN_NOT_CONVERGED,
                            "%zu vectors of a gradient have a Kirchhoff residual of up to %.3g of "
                            "the largest line current",
                            rep.n_unconverged, rep.residual_rel);
    }
    return status;
}

mho_status mho_array_gradient(mho_array *a, size_t n_vec, const double *v_V, const double *y,
                              double *grad, double *x) {
    size_t cells = a->net.m * a->net.n;
    if (a->opt.law == MHO_LAW_USER || (a->nonlinear && a->opt.selector != MHO_SELECTOR_NONE)) {
        return mho_i_fail(
            a->ctx, MHO_ERR_ARG,
            "cells %s have no gradient here: it is for ohmic cells and for sinh cells "
            "without a selector",
            a->opt.law == MHO_LAW_USER ? "of the user's law" : "with a selector");
    }
    for (size_t k = 0; k < n_vec * a->net.n; k++) {
        if (!isfinite(y[k])) {
            return mho_i_fail(a->ctx, MHO_ERR_ARG,
                              "y of output %zu, vector %zu = %g: must be finite", k % a->net.n,
                              k / a->net.n, y[k]);
        }
    }
    mho_status status = mho_i_read_check(a, n_vec, v_V);
    if (status) {
        return status;
    }
    gradient_job g = {0};
    double *grid = mho_i_alloc(a->ctx, 12 * cells, sizeof *grid);
    g.zero = mho_i_alloc(a->ctx, a->net.m, sizeof *g.zero);
    status = grid && g.zero ? mho_i_array_ready(a) : MHO_ERR_NOMEM;
    if (!status) {
        status = mho_i_linear_new(a, &g.adjoint);
    }
    if (!status) {
        g.w = grid;
        g.b = g.w + cells;
        g.slope = g.b + cells;
        g.wa = g.slope + cells;
        g.ba = g.wa + cells;
        g.rest = g.ba + cells;
        double *total = g.rest + 6 * cells;
        status = mho_i_read_down(a, n_vec) ? gradients_down(a, n_vec, v_V, y, total, x)
                                           : gradients(a, &g, n_vec, v_V, y, total, x);
        if (status >= 0) {
            memcpy(grad, total, cells * sizeof *grad);
        }
    }
    mho_i_linear_free(g.adjoint);
    mho_i_free(a->ctx, grid);
    mho_i_free(a->ctx, g.zero);
    return status;
}

/* ---- differential pairs of columns ---- */

static mho_status check_pairs(mho_ctx *ctx, mho_array_pairs pairs, size_t n_pair) {
    if (pairs != MHO_PAIRS_INTERLEAVED && pairs != MHO_PAIRS_HALVES) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "pairs = %d: allowed are 0 and 1", (int)pairs);
    }
    return n_pair ? MHO_OK : mho_i_fail(ctx, MHO_ERR_DIM, "n_pair = 0: allowed is 1 and more");
}

mho_status mho_array_pairs_join(mho_ctx *ctx, mho_array_pairs pairs, size_t n_row, size_t n_pair,
                                const double *plus, const double *minus, double *x) {
    mho_status status = check_pairs(ctx, pairs, n_pair);
    size_t step = pairs == MHO_PAIRS_HALVES ? 1 : 2, other = pairs == MHO_PAIRS_HALVES ? n_pair : 1;
    for (size_t r = 0; r < n_row && !status; r++) {
        for (size_t k = 0; k < n_pair; k++) {
            x[r * 2 * n_pair + k * step] = plus[r * n_pair + k];
            x[r * 2 * n_pair + k * step + other] = minus[r * n_pair + k];
        }
    }
    return status;
}

mho_status mho_array_pairs_subtract(mho_ctx *ctx, mho_array_pairs pairs, size_t n_row,
                                    size_t n_pair, const double *x, double *d) {
    mho_status status = check_pairs(ctx, pairs, n_pair);
    size_t step = pairs == MHO_PAIRS_HALVES ? 1 : 2, other = pairs == MHO_PAIRS_HALVES ? n_pair : 1;
    for (size_t r = 0; r < n_row && !status; r++) {
        for (size_t k = 0; k < n_pair; k++) {
            size_t at = r * 2 * n_pair + k * step;
            d[r * n_pair + k] = x[at] - x[at + other];
        }
    }
    return status;
}
