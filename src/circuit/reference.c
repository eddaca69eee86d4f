/* reference.c - the slow solver that the fast ones are measured against: nodal analysis of the
 * whole netlist, sparse LU by KLU (Davis and Palamadai Natarajan, ACM TOMS 37, 2010), every cell
 * law.
 *
 * One loop serves all laws: x -= J(x)^-1 F(x), with F in long double and J, factorised in double,
 * at every step for non-linear cells and once for ohmic ones, where the loop is iterative
 * refinement. It goes on while F gets smaller, so that the answer is good to about the rounding of
 * double whatever the wires. Steps are halved while they make F larger. KLU's own memory is not
 * counted by the context.                                                                        */
#include "netlist_int.h"

#include <klu.h>

enum { MAX_HALVINGS = 40 };

typedef struct work {
    const mho_i_netlist *list;
    int n;
    int *col_start, *row; /* compressed columns of J */
    double *value;
    int *place; /* [n_element][4]: where from-from, to-to, from-to, to-from go; -1: a terminal */
    double *step;
    long double *x, *trial, *f, *f_trial;
    double *t_V;
    klu_common common;
    klu_symbolic *symbolic;
    klu_numeric *numeric;
    double g_floor_S;
} work;

static void work_free(work *w) {
    mho_ctx *ctx = w->list->ctx;
    klu_free_numeric(&w->numeric, &w->common);
    klu_free_symbolic(&w->symbolic, &w->common);
    void *all[] = {w->col_start, w->row,   w->value, w->place,   w->step,
                   w->x,         w->trial, w->f,     w->f_trial, w->t_V};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        mho_i_free(ctx, all[k]);
    }
}

static uint32_t root_of(uint32_t *up, uint32_t k) {
    while (up[k] != k) {
        up[k] = up[up[k]];
        k = up[k];
    }
    return k;
}

/* place of (r, c) in the columns filled so far; a new one if it is not there */
static int entry(work *w, int *fill, uint32_t r, uint32_t c) {
    for (int p = w->col_start[c]; p < fill[c]; p++) {
        if (w->row[p] == (int)r) {
            return p;
        }
    }
    w->row[fill[c]] = (int)r;
    return fill[c]++;
}

/* Columns are given room for every element that touches them, filled without doubles, squeezed. */
static mho_status make_pattern(work *w) {
    const mho_i_netlist *list = w->list;
    uint32_t n = (uint32_t)w->n;
    int *fill = mho_i_alloc(list->ctx, n + 1, sizeof *fill);
    if (!fill) {
        return MHO_ERR_NOMEM;
    }
    for (uint32_t c = 0; c <= n; c++) {
        w->col_start[c] = 0;
    }
    for (size_t k = 0; k < list->n_element; k++) {
        const uint32_t end[2] = {list->element[k].from, list->element[k].to};
        for (int s = 0; s < 2; s++) {
            if (end[s] < n) {
                w->col_start[end[s] + 1] += 2;
            }
        }
    }
    for (uint32_t c = 0; c < n; c++) {
        w->col_start[c + 1] += w->col_start[c];
        fill[c] = w->col_start[c];
    }
    for (size_t k = 0; k < list->n_element; k++) {
        uint32_t a = list->element[k].from, b = list->element[k].to;
        int *p = w->place + 4 * k;
        p[0] = a < n ? entry(w, fill, a, a) : -1;
        p[1] = b < n ? entry(w, fill, b, b) : -1;
        p[2] = a < n && b < n ? entry(w, fill, a, b) : -1;
        p[3] = a < n && b < n ? entry(w, fill, b, a) : -1;
    }
    /* squeeze; moved[old place] via value, which is not in use yet */
    int at = 0;
    for (uint32_t c = 0; c < n; c++) {
        int start = at;
        for (int p = w->col_start[c]; p < fill[c]; p++, at++) {
            w->row[at] = w->row[p];
            w->value[p] = at;
        }
        w->col_start[c] = start;
    }
    w->col_start[n] = at;
    for (size_t k = 0; k < 4 * list->n_element; k++) {
        w->place[k] = w->place[k] < 0 ? -1 : (int)w->value[w->place[k]];
    }
    mho_i_free(list->ctx, fill);
    return MHO_OK;
}

static mho_status work_new(const mho_i_netlist *list, work *w) {
    mho_ctx *ctx = list->ctx;
    size_t n = list->n_unknown, n_terminal = list->n_row + list->n_col, ne = list->n_element;
    *w = (work){.list = list, .n = (int)n};
    klu_defaults(&w->common);
    w->common.btf = 0; /* symmetric pattern: a matching off the diagonal would spoil the order */
    w->col_start = mho_i_alloc(ctx, n + 1, sizeof *w->col_start);
    w->row = mho_i_alloc(ctx, 4 * ne, sizeof *w->row);
    w->value = mho_i_alloc(ctx, 4 * ne, sizeof *w->value);
    w->place = mho_i_alloc(ctx, 4 * ne, sizeof *w->place);
    w->step = mho_i_alloc(ctx, n, sizeof *w->step);
    w->x = mho_i_alloc(ctx, n + n_terminal, sizeof *w->x);
    w->trial = mho_i_alloc(ctx, n + n_terminal, sizeof *w->trial);
    w->f = mho_i_alloc(ctx, n + n_terminal, sizeof *w->f);
    w->f_trial = mho_i_alloc(ctx, n + n_terminal, sizeof *w->f_trial);
    w->t_V = mho_i_alloc(ctx, n_terminal, sizeof *w->t_V);
    if (!w->col_start || !w->row || !w->value || !w->place || !w->step || !w->x || !w->trial ||
        !w->f || !w->f_trial || !w->t_V) {
        return MHO_ERR_NOMEM;
    }
    for (size_t k = 0; k < ne; k++) {
        /* a law may be flat at 0 V: its slope is kept off zero in J, which F does not feel */
        w->g_floor_S = fmax(w->g_floor_S, 1e-15 * list->element[k].g_S);
    }
    return n ? make_pattern(w) : MHO_OK;
}

static mho_status klu_failed(const work *w) {
    if (w->common.status == KLU_OUT_OF_MEMORY) {
        return mho_i_fail(w->list->ctx, MHO_ERR_NOMEM, "out of memory in the sparse LU");
    }
    return mho_i_fail(w->list->ctx, MHO_ERR_SINGULAR,
                      "%zu x %zu cells: the sparse LU finds the circuit singular to working "
                      "precision: wires and cells differ too much",
                      w->list->n_row, w->list->n_col);
}

/* J at w->x, factorised */
static mho_status factorise(work *w) {
    const mho_i_netlist *list = w->list;
    for (int p = 0; p < w->col_start[w->n]; p++) {
        w->value[p] = 0;
    }
    for (size_t k = 0; k < list->n_element; k++) {
        const mho_i_element *e = &list->element[k];
        long double i, slope;
        mho_i_netlist_law(list, e, w->x[e->from] - w->x[e->to], &i, &slope);
        double g = e->kind == MHO_ELEMENT_OHM ? e->g_S : fmax((double)slope, w->g_floor_S);
        for (int q = 0; q < 4; q++) {
            if (w->place[4 * k + (size_t)q] >= 0) {
                w->value[w->place[4 * k + (size_t)q]] += q < 2 ? g : -g;
            }
        }
    }
    if (!w->symbolic) {
        w->symbolic = klu_analyze(w->n, w->col_start, w->row, &w->common);
    }
    klu_free_numeric(&w->numeric, &w->common);
    w->numeric =
        w->symbolic ? klu_factor(w->col_start, w->row, w->value, w->symbolic, &w->common) : NULL;
    return w->numeric ? MHO_OK : klu_failed(w);
}

/* Take the Newton step from x as far as it makes F smaller; the new error, or the old one if none
 * does. x and f follow. */
static long double descend(work *w, long double error) {
    size_t n = (size_t)w->n, n_all = n + w->list->n_row + w->list->n_col;
    long double t = 1, absolute = 0;
    for (size_t k = 0; k < n; k++) {
        absolute = fmaxl(absolute, fabsl(w->f[k]));
    }
    for (size_t k = n; k < n_all; k++) {
        w->trial[k] = w->x[k];
    }
    for (int half = 0; half < MAX_HALVINGS; half++, t /= 2) {
        for (size_t k = 0; k < n; k++) {
            w->trial[k] = w->x[k] - t * w->step[k];
        }
        long double now = mho_i_netlist_balance(w->list, w->trial, w->f_trial), largest = 0;
        for (size_t k = 0; k < n; k++) {
            long double size = fabsl(w->f_trial[k]);
            largest = size > largest || isnan(size) ? size : largest;
        }
        if (largest < absolute) {
            long double *swap = w->x;
            w->x = w->trial;
            w->trial = swap;
            swap = w->f;
            w->f = w->f_trial;
            w->f_trial = swap;
            return now;
        }
        if (absolute == 0 || error < 1e-15L) {
            break; /* rounding: smaller steps do not help */
        }
    }
    return error;
}

/* One vector; w->x and w->f hold the answer, *error the relative Kirchhoff residual. */
static mho_status solve(work *w, const double *v_V, long double *error, int *n_step) {
    const mho_array *a = w->list->array;
    size_t n = (size_t)w->n, n_terminal = w->list->n_row + w->list->n_col;
    mho_i_netlist_drive(w->list, v_V, w->t_V);
    for (size_t k = 0; k < n; k++) {
        w->x[k] = 0;
    }
    for (size_t t = 0; t < n_terminal; t++) {
        w->x[n + t] = w->t_V[t];
    }
    *error = mho_i_netlist_balance(w->list, w->x, w->f);
    for (*n_step = 0; *n_step<a->opt.max_iter && * error> 0;) {
        if (a->nonlinear || !w->numeric) {
            mho_status status = factorise(w);
            if (status < 0) {
                return status;
            }
        }
        for (size_t k = 0; k < n; k++) {
            w->step[k] = (double)w->f[k];
        }
        /* fails only for sizes and pointers that are not those of the factor */
        (void)klu_solve(w->symbolic, w->numeric, w->n, 1, w->step, &w->common);
        long double before = *error;
        *error = descend(w, before);
        ++*n_step;
        if (*error <= 1e-18L || (*error < 1e-12L && *error > before / 2)) {
            break;
        }
        if (*error == before) {
            break; /* no step helps */
        }
    }
    return MHO_OK;
}

static bool conducts(const work *w, const mho_i_element *e) {
    long double i, slope;
    mho_i_netlist_law(w->list, e, w->x[e->from] - w->x[e->to], &i, &slope);
    return i != 0 || slope > 0;
}

static bool within_sources(const work *w) {
    long double v = 0;
    for (size_t k = 0; k < w->list->n_row + w->list->n_col; k++) {
        v = fmaxl(v, fabsl(w->t_V[k]));
    }
    for (size_t k = 0; k < (size_t)w->n; k++) {
        if (fabsl(w->x[k]) > v * 1.000001L) {
            return false;
        }
    }
    return true;
}

/* Is the network of this answer at rest: no connected part of it meets two potentials? */
static mho_status at_rest(const work *w, bool *rest) {
    const mho_i_netlist *list = w->list;
    size_t n = (size_t)w->n, n_all = n + list->n_row + list->n_col;
    uint32_t *up = mho_i_alloc(list->ctx, n_all, sizeof *up);
    long double *of = mho_i_alloc(list->ctx, n_all, sizeof *of);
    mho_status status = up && of ? MHO_OK : MHO_ERR_NOMEM;
    for (uint32_t k = 0; k < n_all && !status; k++) {
        up[k] = k;
        of[k] = NAN;
    }
    for (size_t k = 0; k < list->n_element && !status; k++) {
        const mho_i_element *e = &list->element[k];
        /* terminals are held: what meets there need not be at one potential */
        if (conducts(w, e) && e->from < n && e->to < n) {
            up[root_of(up, e->from)] = root_of(up, e->to);
        }
    }
    *rest = within_sources(w); /* beyond them an answer is ill-conditioned, not at rest */
    for (size_t k = 0; k < list->n_element && !status; k++) {
        const mho_i_element *e = &list->element[k];
        bool held = e->from >= n || e->to >= n, both = e->from >= n && e->to >= n;
        uint32_t inner = e->from < n ? e->from : e->to, outer = e->from < n ? e->to : e->from;
        if (!conducts(w, e)) {
            continue;
        }
        if (both) {
            *rest = *rest && w->x[e->from] == w->x[e->to];
        } else if (held) {
            long double *at = of + root_of(up, inner);
            *rest = *rest && (isnan(*at) || *at == w->x[outer]);
            *at = w->x[outer];
        }
    }
    mho_i_free(list->ctx, up);
    mho_i_free(list->ctx, of);
    return status;
}

/* Resistors that carry the cells' currents, and whether the outputs are theirs (confirm.c). */
static mho_status confirm(const work *w, const double *u, double scale_A, const double *v,
                          double *i, const double *slope, double *difference) {
    mho_array *a = (mho_array *)(uintptr_t)w->list->array;
    size_t n_out = a->net.n;
    double *out_A = mho_i_alloc(a->ctx, 3 * n_out, sizeof *out_A);
    if (!out_A) {
        return MHO_ERR_NOMEM;
    }
    mho_i_second opinion = {out_A + n_out, out_A + 2 * n_out};
    for (size_t k = 0; k < a->net.m * n_out; k++) {
        double g = v[k] != 0 && i[k] / v[k] >= 0 ? i[k] / v[k] : slope[k];
        i[k] = a->nonlinear ? fmin(g, 1e18) : a->g_S[k];
    }
    mho_i_netlist_result(w->list, w->x, w->f, out_A, NULL, NULL);
    mho_status status = mho_i_confirm_currents(a->ctx, &a->net, u, i, &opinion);
    if (!status) {
        *difference = mho_i_confirm_difference(&a->net, &opinion, out_A, scale_A);
    }
    mho_i_free(a->ctx, out_A);
    return status;
}

/* Are the outputs so much smaller than other currents that a small residual may drown them? */
static mho_status drowned(const work *w, bool *so) {
    mho_array *a = (mho_array *)(uintptr_t)w->list->array;
    double worst = 0, most = 0, *out_A = mho_i_alloc(a->ctx, a->net.n, sizeof *out_A);
    if (!out_A) {
        return MHO_ERR_NOMEM;
    }
    mho_i_netlist_result(w->list, w->x, w->f, out_A, NULL, NULL);
    for (size_t j = 0; j < a->net.n; j++) {
        most = fmax(most, fabs(out_A[j]));
    }
    for (size_t k = 0; k < (size_t)w->n; k++) {
        worst = fmax(worst, fabs((double)w->f[k]));
    }
    *so = worst > MHO_I_CONFIRMED * most && mho_i_confirm_able(&a->net);
    mho_i_free(a->ctx, out_A);
    return MHO_OK;
}

/* What rounding may leave, as mho_i_net_floor; here selectors have nodes of their own, and the
 * best conductor may be theirs. */
static double floor_of(const work *w, const double *u, double scale_A) {
    mho_i_net net = w->list->array->net;
    for (size_t k = 0; k < w->list->n_element; k++) {
        bool user =
            w->list->element[k].kind == MHO_ELEMENT_USER; /* its parameter may be anything */
        net.cell_S = fmax(net.cell_S, user ? 0 : w->list->element[k].g_S);
    }
    return mho_i_net_floor(&net, u, scale_A);
}

/* A residual above tol_rel that may be rounding: none if nothing flows, that of the lines as a
 * whole if it comes from thick wires (mho_i_net_harmless), or the difference to a port elimination;
 * which is told by *rounding, the residual that was. low: outputs may be drowned, and only an
 * elimination that agrees counts, whatever the residual. */
static mho_status settle(work *w, const double *v_V, bool low, long double *error,
                         double *rounding) {
    mho_array *a = (mho_array *)(uintptr_t)w->list->array;
    size_t m = a->net.m, n = a->net.n, cells = m * n;
    bool rest = false;
    mho_status status = at_rest(w, &rest);
    double *grid = mho_i_alloc(a->ctx, 9 * cells + m, sizeof *grid);
    status = grid ? status : MHO_ERR_NOMEM;
    if (!status && rest) {
        *error = 0;
    } else if (!status) {
        double *x[2] = {grid, grid + cells}, *v = grid + 2 * cells, *i = v + cells, *u = i + cells;
        double *force = u + m, worst = 0, scale = 0;
        mho_i_netlist_result(w->list, w->x, w->f, NULL, x[0], x[1]);
        for (size_t k = 0; k < cells; k++) {
            v[k] = x[0][k] - x[1][k];
        }
        mho_i_law_eval(a, v, i, force, force + cells);
        mho_i_net_drive(&a->net, v_V, u);
        mho_i_field f = {n, u, x[0], x[1], i, force + cells, force + 2 * cells};
        mho_i_net_kirchhoff(&a->net, &f);
        mho_i_net_measure(&a->net, &f, &worst, &scale);
        bool small = *error <= a->opt.tol_rel;
        double rel = low ? INFINITY : mho_i_net_harmless(&a->net, &f, scale);
        if (!isfinite(rel) && mho_i_confirm_able(&a->net)) {
            status = confirm(w, u, scale, v, i, force, &rel);
        }
        if (small) {
            *error = rel <= MHO_I_CONFIRMED ? *error : fmin(rel, 1);
        } else if (rel <= MHO_I_CONFIRMED && *error <= floor_of(w, u, scale)) {
            *rounding = (double)*error;
            *error = rel;
        }
    }
    mho_i_free(a->ctx, grid);
    return status;
}

/* Power that leaves the terminals, W. */
static double delivered(const work *w) {
    long double power = 0;
    size_t n = (size_t)w->n, n_all = n + w->list->n_row + w->list->n_col;
    for (size_t k = n; k < n_all; k++) {
        power += w->x[k] * w->f[k];
    }
    return (double)power;
}

mho_status mho_i_reference_read(mho_array *a, size_t n_vec, const double *v_V, double *i_A,
                                double *w_V, double *b_V, mho_array_report *rep) {
    mho_i_netlist list;
    mho_status status = mho_i_netlist_new(a, &list);
    if (status < 0) {
        return status;
    }
    size_t m = a->opt.transposed ? a->n_col : a->n_row, n = a->n_row + a->n_col - m;
    work w;
    status = work_new(&list, &w);
    size_t bad = 0;
    for (size_t k = 0; k < n_vec && status == MHO_OK; k++) {
        long double error = 0;
        int n_step = 0;
        status = solve(&w, v_V + k * m, &error, &n_step);
        if (status < 0) {
            break;
        }
        double rounding = 0;
        bool low = false;
        status = drowned(&w, &low);
        if (!status && (low || !(error <= a->opt.tol_rel))) {
            status = settle(&w, v_V + k * m, low, &error, &rounding);
        }
        if (status < 0) {
            break;
        }
        bad += error <= fmax(a->opt.tol_rel, rounding > 0 ? MHO_I_CONFIRMED : 0) ? 0 : 1;
        rep->rounding_rel = fmax(rep->rounding_rel, rounding);
        rep->residual_rel = error <= rep->residual_rel ? rep->residual_rel : (double)error;
        rep->newton_steps += a->nonlinear ? n_step : 0;
        rep->power_W += delivered(&w) / (double)n_vec;
        mho_i_netlist_result(&list, w.x, w.f, i_A ? i_A + k * n : NULL,
                             w_V ? w_V + k * m * n : NULL, b_V ? b_V + k * m * n : NULL);
        status = mho_i_progress(a->ctx, "reference solver", (double)(k + 1) / (double)n_vec);
    }
    rep->n_unconverged += bad;
    if (status == MHO_OK && bad) {
        status =
            mho_i_fail(a->ctx, MHO_WARN_NOT_CONVERGED,
                       "not converged: %zu of %zu vectors, Kirchhoff residual %.3g, wanted %.3g",
                       bad, n_vec, rep->residual_rel, a->opt.tol_rel);
    }
    work_free(&w);
    mho_i_netlist_free(&list);
    return status;
}
