/* net.c - from the user's options to the network that the solvers see: checks every option, works
 * out selections, driven and sensed ends, transposed reads and broken segments, and finds nodes
 * that float. */
#include "circuit_int.h"

#include <string.h>

static const double R_MAX_OHM = 1e18;

/* ---- options ---- */

static bool wire_allowed(double r) {
    return isfinite(r) && (r == 0 || (r >= 1e-15 && r <= R_MAX_OHM));
}

static mho_status check_wire(mho_ctx *ctx, const char *name, double r, const double *line,
                             size_t n_line) {
    if (!wire_allowed(r)) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "%s = %g ohm: allowed are 0 (ideal) and 1e-15 to 1e18 ohm", name, r);
    }
    for (size_t k = 0; line && k < n_line; k++) {
        if (!wire_allowed(line[k])) {
            return mho_i_fail(
                ctx, MHO_ERR_ARG,
                "%s of line %zu = %g ohm: allowed are 0 (ideal) and 1e-15 to 1e18 ohm", name, k,
                line[k]);
        }
    }
    return MHO_OK;
}

static mho_status check_positive(mho_ctx *ctx, const char *name, double x, const char *unit) {
    if (!(isfinite(x) && x > 0)) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "%s = %g %s: allowed are finite values above 0", name,
                          x, unit);
    }
    return MHO_OK;
}

static mho_status check_enum(mho_ctx *ctx, const char *name, int value, int last) {
    if (value < 0 || value > last) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "%s = %d: allowed are 0 to %d", name, value, last);
    }
    return MHO_OK;
}

static mho_status check_choices(mho_ctx *ctx, const mho_array_opt *o) {
    const struct {
        const char *name;
        int value, last;
    } choice[] = {{"solver", (int)o->solver, MHO_SOLVER_REFERENCE},
                  {"drive", (int)o->drive, MHO_DRIVE_BOTH},
                  {"sense", (int)o->sense, MHO_SENSE_BOTH},
                  {"bias_row", (int)o->bias_row, MHO_BIAS_THIRD},
                  {"bias_col", (int)o->bias_col, MHO_BIAS_THIRD},
                  {"law", (int)o->law, MHO_LAW_USER},
                  {"selector", (int)o->selector, MHO_SELECTOR_SINH}};
    for (size_t k = 0; k < sizeof choice / sizeof *choice; k++) {
        mho_status status = check_enum(ctx, choice[k].name, choice[k].value, choice[k].last);
        if (status) {
            return status;
        }
    }
    return MHO_OK;
}

static mho_status check_cells(mho_ctx *ctx, const mho_array_opt *o, size_t n_row, size_t n_col) {
    mho_status status = MHO_OK;
    if (o->law == MHO_LAW_SINH) {
        status = check_positive(ctx, "law_a", o->law_a, "1/V");
    }
    if (o->law == MHO_LAW_USER && !o->law_fn) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "law_fn = NULL: MHO_LAW_USER needs a function");
    }
    if (!status && o->stuck) {
        status = check_positive(ctx, "g_short_S", o->g_short_S, "S");
        if (!status && o->g_short_S > 1e18) {
            return mho_i_fail(ctx, MHO_ERR_ARG, "g_short_S = %g S: allowed are values up to 1e18 S",
                              o->g_short_S);
        }
    }
    if (!status && o->selector == MHO_SELECTOR_SINH) {
        status = check_positive(ctx, "selector_g_S", o->selector_g_S, "S");
        if (!status) {
            status = check_positive(ctx, "selector_a", o->selector_a, "1/V");
        }
    }
    for (size_t k = 0; !status && o->stuck && k < n_row * n_col; k++) {
        if (o->stuck[k] > MHO_STUCK_SHORT) {
            return mho_i_fail(ctx, MHO_ERR_ARG, "stuck of cell (%zu,%zu) = %d: allowed are 0, 1, 2",
                              k / n_col, k % n_col, o->stuck[k]);
        }
    }
    if (!status && o->selector == MHO_SELECTOR_SERIES) {
        status =
            check_wire(ctx, "r_series_ohm", o->r_series_ohm, o->r_series_cell_ohm, n_row * n_col);
    }
    return status;
}

static mho_status check_opt(mho_ctx *ctx, const mho_array_opt *o, size_t n_row, size_t n_col) {
    size_t n_in = o->transposed ? n_col : n_row, n_out = o->transposed ? n_row : n_col;
    mho_status status = check_choices(ctx, o);
    if (!status) {
        status = check_wire(ctx, "r_word_ohm", o->r_word_ohm, o->r_word_line_ohm, n_row);
    }
    if (!status) {
        status = check_wire(ctx, "r_bit_ohm", o->r_bit_ohm, o->r_bit_line_ohm, n_col);
    }
    if (!status) {
        status = check_wire(ctx, "r_source_ohm", o->r_source_ohm, o->r_source_line_ohm, n_in);
    }
    if (!status) {
        status = check_wire(ctx, "r_sense_ohm", o->r_sense_ohm, o->r_sense_line_ohm, n_out);
    }
    if (!status && !(o->tol_rel > 0 && o->tol_rel < 1)) {
        status = mho_i_fail(ctx, MHO_ERR_ARG, "tol_rel = %g: allowed is above 0 and below 1",
                            o->tol_rel);
    }
    if (!status && o->max_iter < 1) {
        status = mho_i_fail(ctx, MHO_ERR_ARG, "max_iter = %d: allowed is 1 and more", o->max_iter);
    }
    if (!status && !isfinite(o->v_bias_V)) {
        status = mho_i_fail(ctx, MHO_ERR_ARG, "v_bias_V = %g: must be finite", o->v_bias_V);
    }
    return status ? status : check_cells(ctx, o, n_row, n_col);
}

/* ---- lines ---- */

/* What one family of lines is made of, in the user's terms. */
typedef struct {
    double r_seg, r_end;
    const double *r_seg_line, *r_end_line;
    bool lo, hi; /* which ends are connected */
    const unsigned char *off;
    mho_array_bias bias;
    double bias_V;
    const unsigned char *broken;    /* element (line, segment) at line*step_line + ... */
    size_t broken_line, broken_seg; /* strides of it */
} family;

static double bias_of(mho_array_bias bias, double v_bias_V, bool is_input) {
    switch (bias) {
    case MHO_BIAS_HALF:
        return v_bias_V / 2;
    case MHO_BIAS_THIRD:
        return is_input ? v_bias_V / 3 : 2 * v_bias_V / 3;
    case MHO_BIAS_FLOAT:
    case MHO_BIAS_GROUND:
        break;
    }
    return 0;
}

static mho_status alloc_lines(mho_ctx *ctx, mho_i_lines *l, bool broken) {
    double **arrays[] = {&l->seg_S, &l->lo_S, &l->hi_S, &l->r_seg_ohm, &l->r_end_ohm, &l->pot_V};
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) {
        *arrays[k] = mho_i_alloc(ctx, l->n_line, sizeof(double));
        if (!*arrays[k]) {
            return MHO_ERR_NOMEM;
        }
    }
    l->off = mho_i_alloc(ctx, l->n_line, 1);
    if (!l->off) {
        return MHO_ERR_NOMEM;
    }
    if (broken) {
        l->broken = mho_i_alloc(ctx, l->n_line, l->n_node + 1);
        if (!l->broken) {
            return MHO_ERR_NOMEM;
        }
    }
    return MHO_OK;
}

/* Fill one line from its family. */
static void fill_line(mho_i_lines *l, size_t k, const family *f) {
    double seg = f->r_seg_line ? f->r_seg_line[k] : f->r_seg;
    double end = f->r_end_line ? f->r_end_line[k] : f->r_end;
    double g_end = 1 / (seg + end); /* INFINITY: tied */
    bool off = f->off && f->off[k], open = off && f->bias == MHO_BIAS_FLOAT;
    l->r_seg_ohm[k] = seg;
    l->r_end_ohm[k] = end;
    l->seg_S[k] = 1 / seg;
    l->off[k] = off;
    l->pot_V[k] = off ? f->bias_V : 0;
    bool lo = f->lo && !open, hi = f->hi && !open;
    if (l->broken) {
        unsigned char *b = l->broken + k * (l->n_node + 1);
        for (size_t s = 0; s <= l->n_node; s++) {
            b[s] = f->broken[k * f->broken_line + s * f->broken_seg] != 0;
        }
        lo = lo && !b[0];
        hi = hi && !b[l->n_node];
    }
    l->lo_S[k] = lo ? g_end : 0;
    l->hi_S[k] = hi ? g_end : 0;
    l->any_lo = l->any_lo || lo;
    l->any_hi = l->any_hi || hi;
    l->any_ideal = l->any_ideal || seg == 0;
}

static mho_status make_lines(mho_ctx *ctx, size_t n_line, size_t n_node, const family *f,
                             mho_i_lines *l) {
    l->n_line = n_line;
    l->n_node = n_node;
    mho_status status = alloc_lines(ctx, l, f->broken != NULL);
    for (size_t k = 0; !status && k < n_line; k++) {
        fill_line(l, k, f);
    }
    return status;
}

mho_status mho_i_net_new(mho_ctx *ctx, size_t n_row, size_t n_col, const mho_array_opt *opt,
                         mho_i_net *net) {
    memset(net, 0, sizeof *net);
    mho_status status = check_opt(ctx, opt, n_row, n_col);
    if (status) {
        return status;
    }
    bool t = opt->transposed;
    double source = opt->r_source_ohm, sense = opt->r_sense_ohm;
    const double *source_l = opt->r_source_line_ohm, *sense_l = opt->r_sense_line_ohm;
    family word = {.r_seg = opt->r_word_ohm,
                   .r_seg_line = opt->r_word_line_ohm,
                   .r_end = t ? sense : source,
                   .r_end_line = t ? sense_l : source_l,
                   .lo = opt->drive != MHO_DRIVE_RIGHT,
                   .hi = opt->drive != MHO_DRIVE_LEFT,
                   .off = opt->row_off,
                   .bias = opt->bias_row,
                   .bias_V = bias_of(opt->bias_row, opt->v_bias_V, !t),
                   .broken = opt->broken_word,
                   .broken_line = n_col + 1,
                   .broken_seg = 1};
    family bit = {.r_seg = opt->r_bit_ohm,
                  .r_seg_line = opt->r_bit_line_ohm,
                  .r_end = t ? source : sense,
                  .r_end_line = t ? source_l : sense_l,
                  .lo = opt->sense != MHO_SENSE_BOTTOM,
                  .hi = opt->sense != MHO_SENSE_TOP,
                  .off = opt->col_off,
                  .bias = opt->bias_col,
                  .bias_V = bias_of(opt->bias_col, opt->v_bias_V, t),
                  .broken = opt->broken_bit,
                  .broken_line = 1,
                  .broken_seg = n_col};
    net->m = t ? n_col : n_row;
    net->n = t ? n_row : n_col;
    status = make_lines(ctx, net->m, net->n, t ? &bit : &word, &net->drive);
    if (!status) {
        status = make_lines(ctx, net->n, net->m, t ? &word : &bit, &net->sense);
    }
    if (status) {
        mho_i_net_free(ctx, net);
    }
    return status;
}

static void free_lines(mho_ctx *ctx, mho_i_lines *l) {
    void *arrays[] = {l->seg_S,     l->lo_S,  l->hi_S, l->r_seg_ohm,
                      l->r_end_ohm, l->pot_V, l->off,  l->broken};
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) {
        mho_i_free(ctx, arrays[k]);
    }
}

void mho_i_net_free(mho_ctx *ctx, mho_i_net *net) {
    free_lines(ctx, &net->drive);
    free_lines(ctx, &net->sense);
    memset(net, 0, sizeof *net);
}

bool mho_i_net_sense_biased(const mho_i_net *net) {
    for (size_t j = 0; j < net->n; j++) {
        if (net->sense.pot_V[j] != 0) {
            return true;
        }
    }
    return false;
}

void mho_i_net_drive(const mho_i_net *net, const double *v_V, double *u_V) {
    for (size_t i = 0; i < net->m; i++) {
        u_V[i] = net->drive.off[i] ? net->drive.pot_V[i] : v_V[i];
    }
}

/* ---- floating nodes: union-find over the intact pieces of lines ---- */

typedef struct {
    size_t *up;    /* [n_piece] */
    bool *known;   /* [n_piece], valid at roots: tied to a known potential */
    size_t *first; /* [n_line + 1] first piece of each line, driven lines first */
} pieces;

static size_t find(size_t *up, size_t k) {
    while (up[k] != k) {
        up[k] = up[up[k]];
        k = up[k];
    }
    return k;
}

static void join(pieces *p, size_t a, size_t b) {
    a = find(p->up, a);
    b = find(p->up, b);
    if (a != b) {
        p->up[b] = a;
        p->known[a] = p->known[a] || p->known[b];
    }
}

static size_t count_breaks(const mho_i_lines *l, size_t line, size_t upto) {
    size_t count = 0;
    for (size_t s = 1; l->broken && s <= upto; s++) {
        count += l->broken[line * (l->n_node + 1) + s];
    }
    return count;
}

/* Number the pieces of one family from `base` on; returns the number after the last. */
static size_t number_pieces(const mho_i_lines *l, size_t base, size_t *first) {
    for (size_t k = 0; k < l->n_line; k++) {
        first[k] = base;
        base += 1 + count_breaks(l, k, l->n_node - 1);
    }
    first[l->n_line] = base;
    return base;
}

static void mark_known(const mho_i_lines *l, const size_t *first, pieces *p) {
    for (size_t k = 0; k < l->n_line; k++) {
        if (l->lo_S[k] > 0) {
            p->known[first[k]] = true;
        }
        if (l->hi_S[k] > 0) {
            p->known[first[k + 1] - 1] = true;
        }
    }
}

static mho_status name_floating(mho_ctx *ctx, const mho_i_net *net, bool transposed,
                                const pieces *p, size_t piece) {
    size_t line = 0;
    while (p->first[line + 1] <= piece) {
        line++;
    }
    /* the list of sensed lines starts again where that of driven lines ends */
    bool driven = line < net->m;
    size_t index = driven ? line : line - net->m - 1;
    const mho_i_lines *l = driven ? &net->drive : &net->sense;
    return mho_i_fail(ctx, MHO_ERR_SINGULAR,
                      "%s line %zu floats%s: both its ends are open and no conducting cell ties it "
                      "to a driven or sensed line; connect an end, program a cell above 0 S, or "
                      "ground the unselected line",
                      driven == transposed ? "bit" : "word", index,
                      count_breaks(l, index, l->n_node - 1) ? " (a piece between broken segments)"
                                                            : "");
}

static void join_cells(const mho_i_net *net, const double *g_S, pieces *p) {
    const mho_i_lines *d = &net->drive, *s = &net->sense;
    for (size_t i = 0; i < net->m; i++) {
        size_t pd = p->first[i];
        for (size_t j = 0; j < net->n; j++) {
            if (j && d->broken && d->broken[i * (net->n + 1) + j]) {
                pd++;
            }
            if (g_S[i * net->n + j] > 0) {
                join(p, pd, p->first[net->m + 1 + j] + count_breaks(s, j, i));
            }
        }
    }
}

mho_status mho_i_net_check(mho_ctx *ctx, const mho_i_net *net, bool transposed, const double *g_S) {
    const mho_i_lines *d = &net->drive, *s = &net->sense;
    bool tied = !d->broken && !s->broken;
    for (size_t k = 0; tied && k < net->m; k++) {
        tied = d->lo_S[k] + d->hi_S[k] > 0;
    }
    for (size_t k = 0; tied && k < net->n; k++) {
        tied = s->lo_S[k] + s->hi_S[k] > 0;
    }
    if (tied) {
        return MHO_OK;
    }
    pieces p = {0};
    mho_status status = MHO_ERR_NOMEM;
    p.first = mho_i_alloc(ctx, net->m + net->n + 2, sizeof *p.first);
    if (!p.first) {
        return status;
    }
    size_t n_piece = number_pieces(d, 0, p.first);
    n_piece = number_pieces(s, n_piece, p.first + net->m + 1);
    p.up = mho_i_alloc(ctx, n_piece, sizeof *p.up);
    p.known = mho_i_alloc(ctx, n_piece, sizeof *p.known);
    if (p.up && p.known) {
        status = MHO_OK;
        for (size_t k = 0; k < n_piece; k++) {
            p.up[k] = k;
        }
        mark_known(d, p.first, &p);
        mark_known(s, p.first + net->m + 1, &p);
        join_cells(net, g_S, &p);
        for (size_t k = 0; k < n_piece && !status; k++) {
            if (!p.known[find(p.up, k)]) {
                status = name_floating(ctx, net, transposed, &p, k);
            }
        }
    }
    mho_i_free(ctx, p.first);
    mho_i_free(ctx, p.up);
    mho_i_free(ctx, p.known);
    return status;
}

/* ---- does any current flow? ---- */

/* Widen what is known of the potentials that a piece meets. */
static void meet(double *lo, double *hi, size_t k, double v) {
    lo[k] = fmin(lo[k], v);
    hi[k] = fmax(hi[k], v);
}

static void meet_ends(const mho_i_lines *l, const size_t *first, const double *pot_V, pieces *p,
                      double *lo, double *hi) {
    for (size_t k = 0; k < l->n_line; k++) {
        if (l->lo_S[k] > 0) {
            meet(lo, hi, find(p->up, first[k]), pot_V[k]);
        }
        if (l->hi_S[k] > 0) {
            meet(lo, hi, find(p->up, first[k + 1] - 1), pot_V[k]);
        }
    }
}

/* Does the potential of a sensed line's end differ from any other that it is connected with? */
static void live_ends(const mho_i_lines *l, const size_t *first, const double *lo, const double *hi,
                      pieces *p, bool *live) {
    for (size_t k = 0; k < l->n_line; k++) {
        size_t a = find(p->up, first[k]), b = find(p->up, first[k + 1] - 1);
        live[k] = (l->lo_S[k] > 0 && hi[a] > lo[a]) || (l->hi_S[k] > 0 && hi[b] > lo[b]);
    }
}

mho_status mho_i_net_flows(mho_ctx *ctx, const mho_i_net *net, const double *g_S, const double *u_V,
                           bool *flows, bool *live) {
    pieces p = {0};
    double *lo = NULL, *hi = NULL;
    mho_status status = MHO_ERR_NOMEM;
    p.first = mho_i_alloc(ctx, net->m + net->n + 2, sizeof *p.first);
    if (!p.first) {
        return status;
    }
    size_t n_piece = number_pieces(&net->drive, 0, p.first);
    n_piece = number_pieces(&net->sense, n_piece, p.first + net->m + 1);
    p.up = mho_i_alloc(ctx, n_piece, sizeof *p.up);
    p.known = mho_i_alloc(ctx, n_piece, sizeof *p.known);
    lo = mho_i_alloc(ctx, n_piece, sizeof *lo);
    hi = mho_i_alloc(ctx, n_piece, sizeof *hi);
    *flows = false;
    if (p.up && p.known && lo && hi) {
        status = MHO_OK;
        for (size_t k = 0; k < n_piece; k++) {
            p.up[k] = k;
            lo[k] = INFINITY;
            hi[k] = -INFINITY;
        }
        join_cells(net, g_S, &p);
        meet_ends(&net->drive, p.first, u_V, &p, lo, hi);
        meet_ends(&net->sense, p.first + net->m + 1, net->sense.pot_V, &p, lo, hi);
        for (size_t k = 0; k < n_piece; k++) {
            *flows = *flows || hi[k] > lo[k];
        }
        if (live) {
            live_ends(&net->sense, p.first + net->m + 1, lo, hi, &p, live);
        }
    }
    mho_i_free(ctx, p.first);
    mho_i_free(ctx, p.up);
    mho_i_free(ctx, p.known);
    mho_i_free(ctx, lo);
    mho_i_free(ctx, hi);
    return status;
}
