/* dendrite.c - trees of branches as circuits, XOR and parity neurons made of them.
 *
 * A tree has perfect elimination: seen from its parent, a branch with everything beyond it is one
 * source and one conductance (Norton), so a sweep from the tips to the soma and one back solve the
 * node equations without fill-in and without iteration. */
#include "base/base_int.h"
#include "mho/dendrite.h"

#include <math.h>
#include <stdlib.h>

#define COUPLE_REL 0.5 /* coupling over excitation: small enough to keep pairs apart */

static bool good_conductance(double g) {
    return g >= 0 && isfinite(g);
}

static mho_status check_node(mho_ctx *ctx, size_t k, const mho_dendrite_node *b) {
    if (b->parent < -1 || (b->parent >= 0 && (size_t)b->parent >= k)) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "node %zu: parent %d does not stand before it", k,
                          b->parent);
    }
    if (!good_conductance(b->drive_S) || !good_conductance(b->ground_S) ||
        !good_conductance(b->couple_S) || !isfinite(b->drive_V)) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "node %zu: drive %g S at %g V, ground %g S, coupling %g S: conductances "
                          "are finite and 0 or more",
                          k, b->drive_S, b->drive_V, b->ground_S, b->couple_S);
    }
    return MHO_OK;
}

/* a[n], b[n]: conductance and current that meet at a node, tips folded in; b becomes the voltage */
static mho_status eliminate(mho_ctx *ctx, size_t n, const mho_dendrite_node *node, double *a,
                            double *b) {
    for (size_t k = 0; k < n; k++) {
        mho_status status = check_node(ctx, k, &node[k]);
        if (status != MHO_OK) {
            return status;
        }
        a[k] = node[k].drive_S + node[k].ground_S;
        b[k] = node[k].drive_S * node[k].drive_V;
    }
    for (size_t k = n; k-- > 0;) {
        double g = node[k].parent >= 0 ? node[k].couple_S : 0;
        if (!(a[k] + g > 0)) {
            return mho_i_fail(ctx, MHO_ERR_SINGULAR,
                              "node %zu has no conductance to anywhere: its voltage is open", k);
        }
        if (g > 0) {
            a[node[k].parent] += g * a[k] / (a[k] + g);
            b[node[k].parent] += g * b[k] / (a[k] + g);
        }
    }
    for (size_t k = 0; k < n; k++) {
        double g = node[k].parent >= 0 ? node[k].couple_S : 0;
        double above = g > 0 ? b[node[k].parent] : 0;
        b[k] = (b[k] + g * above) / (a[k] + g);
    }
    return MHO_OK;
}

mho_status mho_dendrite_solve(mho_ctx *ctx, size_t n, const mho_dendrite_node *node, double *v_V) {
    double *work = mho_i_alloc(ctx, n, 2 * sizeof *work);
    if (!work) {
        return MHO_ERR_NOMEM;
    }
    mho_status status = eliminate(ctx, n, node, work, work + n);
    for (size_t k = 0; status == MHO_OK && k < n; k++) {
        v_V[k] = work[n + k];
    }
    mho_i_free(ctx, work);
    return status;
}

/* ---- design ---- */

mho_status mho_dendrite_design_rho(mho_ctx *ctx, const mho_opto_param *param, double rho,
                                   mho_dendrite_design *out) {
    mho_status status = mho_opto_param_check(ctx, param);
    if (status != MHO_OK) {
        return status;
    }
    if (!(rho >= 0 && rho <= 1000)) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "rho = %g: allowed are 0 to 1000", rho);
    }
    if (!(param->g_photo_S > 0 && param->gen_per_s > 0)) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "g_photo = %g S, gen = %g 1/s: a shunt needs light that conducts",
                          param->g_photo_S, param->gen_per_s);
    }
    if (!(param->g_max_S > 4 * param->g_min_S)) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "g_max = %g S, g_min = %g S: a branch wants a range above 4",
                          param->g_max_S, param->g_min_S);
    }
    double range = param->g_max_S - param->g_min_S, lo = param->g_min_S;
    /* high enough to hold leak and coupling beside the dark shunt, low enough for the light */
    double g = fmax(0.4 * param->g_max_S, 2 * lo);
    mho_dendrite_design d = {.rho = rho, .excite_S = g, .leak_S = g, .v0_V = param->v_read_V};
    d.shunt_S = 2 * rho * g;
    d.couple_S = COUPLE_REL * g;
    d.dark_shunt_S = lo;
    d.excite_x = (g - lo) / range;
    d.leak_x = (g - 2 * lo) / range; /* the dark shunt cell leaks too */
    d.couple_x = (d.couple_S - lo) / range;
    double s0 = param->photo == MHO_OPTO_PHOTO_SQRT ? sqrt(lo / param->g_max_S) : 1;
    if (!(s0 > 0)) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "g_min = 0 S: such a cell has no photoconductance at "
                          "x = 0 with photo = sqrt");
    }
    d.carriers = d.shunt_S / (param->g_photo_S * s0);
    d.power_rel = (d.carriers / param->tau_s + param->recomb_per_s * d.carriers * d.carriers) /
                  param->gen_per_s;
    *out = d;
    return MHO_OK;
}

/* ---- parity ---- */

static int add_branch(mho_dendrite *t, int parent, int excite, int shunt,
                      const mho_dendrite_design *d) {
    bool tip = excite != 0;
    t->branch[t->n_branch] = (mho_dendrite_branch){.parent = parent,
                                                   .excite = excite,
                                                   .shunt = shunt,
                                                   .excite_S = tip ? d->excite_S : 0,
                                                   .leak_S = tip ? d->leak_S : d->dark_shunt_S,
                                                   .shunt_S = d->shunt_S,
                                                   .couple_S = parent < 0 ? 0 : d->couple_S};
    return (int)t->n_branch++;
}

/* odd(b1..bn) = odd(b1..bn-1) and not bn, or odd(not b1, ..bn-1) and bn: each half grows from a
 * joint that the last bit (or its complement) shunts. first: 1, or -1 for the complement of b1.
 * Depth at most MHO_DENDRITE_MAX_BIT. */
static void grow(mho_dendrite *t, int parent, int first, int n_bit, const mho_dendrite_design *d) {
    if (n_bit == 2) {
        add_branch(t, parent, first, 2, d);
        add_branch(t, parent, 2, first, d);
        return;
    }
    int a = add_branch(t, parent, 0, n_bit, d);
    grow(t, a, first, n_bit - 1, d);
    int b = add_branch(t, parent, 0, -n_bit, d);
    grow(t, b, -first, n_bit - 1, d);
}

mho_status mho_dendrite_parity(mho_ctx *ctx, const mho_dendrite_design *design, size_t n_bit,
                               mho_dendrite *out) {
    if (n_bit < 2 || n_bit > MHO_DENDRITE_MAX_BIT) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "parity of %zu bits: allowed are 2 to %d", n_bit,
                          MHO_DENDRITE_MAX_BIT);
    }
    *out = (mho_dendrite){.n_bit = n_bit};
    grow(out, -1, 1, (int)n_bit, design);
    return MHO_OK;
}

/* ---- one input ---- */

static bool literal(int bit, uint32_t pattern) {
    bool set = bit != 0 && (pattern >> (abs(bit) - 1) & 1u);
    return bit < 0 ? !set : set;
}

mho_status mho_dendrite_output(mho_ctx *ctx, const mho_dendrite *dendrite, double v0_V,
                               uint32_t pattern, double *y_V) {
    mho_dendrite_node node[MHO_DENDRITE_MAX_BRANCH];
    double a[MHO_DENDRITE_MAX_BRANCH], b[MHO_DENDRITE_MAX_BRANCH];
    for (size_t k = 0; k < dendrite->n_branch; k++) {
        const mho_dendrite_branch *s = &dendrite->branch[k];
        node[k] = (mho_dendrite_node){.parent = s->parent,
                                      .drive_S = literal(s->excite, pattern) ? s->excite_S : 0,
                                      .drive_V = v0_V,
                                      .ground_S =
                                          s->leak_S + (literal(s->shunt, pattern) ? s->shunt_S : 0),
                                      .couple_S = s->couple_S};
    }
    mho_status status = eliminate(ctx, dendrite->n_branch, node, a, b);
    double y = 0;
    for (size_t k = 0; k < dendrite->n_branch; k++) {
        y += node[k].parent < 0 ? b[k] : 0;
    }
    if (status == MHO_OK) {
        *y_V = y;
    }
    return status;
}

static bool odd(uint32_t pattern) {
    return __builtin_popcount(pattern) & 1;
}

static void margin_of(size_t n_pattern, const double *y_V, mho_dendrite_margin *out) {
    mho_dendrite_margin m = {.odd_min_V = HUGE_VAL, .even_max_V = -HUGE_VAL};
    for (uint32_t p = 0; p < n_pattern; p++) {
        if (odd(p)) {
            m.odd_min_V = fmin(m.odd_min_V, y_V[p]);
        } else {
            m.even_max_V = fmax(m.even_max_V, y_V[p]);
        }
    }
    m.threshold_V = (m.odd_min_V + m.even_max_V) / 2;
    m.margin_V = (m.odd_min_V - m.even_max_V) / 2;
    for (uint32_t p = 0; p < n_pattern; p++) {
        m.n_right += odd(p) == (y_V[p] > m.threshold_V);
    }
    *out = m;
}

mho_status mho_dendrite_separate(mho_ctx *ctx, const mho_dendrite *dendrite, double v0_V,
                                 double *y_V, mho_dendrite_margin *out) {
    double y[1 << MHO_DENDRITE_MAX_BIT];
    size_t n = (size_t)1 << dendrite->n_bit;
    for (uint32_t p = 0; p < n; p++) {
        mho_status status = mho_dendrite_output(ctx, dendrite, v0_V, p, &y[p]);
        if (status != MHO_OK) {
            return status;
        }
    }
    margin_of(n, y, out);
    for (size_t p = 0; y_V && p < n; p++) {
        y_V[p] = y[p];
    }
    return MHO_OK;
}

/* ---- on cells ---- */

enum { EXCITE, LEAK, SHUNT, COUPLE, N_PART };

/* Light of the pattern until steady, read of every cell, darkness; branch conductances from it. */
static mho_status read_pattern(mho_opto_cells *cells, const mho_dendrite_design *d,
                               const mho_dendrite *dendrite, uint32_t pattern, bool noisy,
                               mho_dendrite *lit) {
    uint32_t list[MHO_DENDRITE_MAX_BRANCH];
    double g[N_PART * MHO_DENDRITE_MAX_BRANCH];
    double tau_s = mho_opto_cells_param(cells)->tau_s;
    size_t n = 0;
    for (size_t k = 0; k < dendrite->n_branch; k++) {
        if (literal(dendrite->branch[k].shunt, pattern)) {
            list[n++] = (uint32_t)(N_PART * k + SHUNT);
        }
    }
    mho_status status = mho_opto_light(cells, d->power_rel, 25 * tau_s, n, list, NULL);
    status = status == MHO_OK ? mho_opto_read(cells, noisy, 0, NULL, g) : status;
    status = status == MHO_OK ? mho_opto_wait(cells, 40 * tau_s) : status;
    *lit = *dendrite;
    for (size_t k = 0; status == MHO_OK && k < dendrite->n_branch; k++) {
        mho_dendrite_branch *b = &lit->branch[k];
        const double *part = g + N_PART * k;
        bool tip = b->excite != 0;
        b->excite_S = tip ? part[EXCITE] : 0;
        /* what the shunt cell conducts, dark and light, is in one number */
        b->leak_S = (tip ? part[LEAK] : 0) + part[SHUNT];
        b->shunt_S = 0;
        b->couple_S = b->parent < 0 ? 0 : part[COUPLE];
    }
    return status;
}

static mho_status separate_on(mho_ctx *ctx, mho_opto_cells *cells, const mho_dendrite_design *d,
                              const mho_dendrite *dendrite, bool noisy, double *y_V) {
    double x[N_PART * MHO_DENDRITE_MAX_BRANCH];
    for (size_t k = 0; k < dendrite->n_branch; k++) {
        x[N_PART * k + EXCITE] = d->excite_x;
        x[N_PART * k + LEAK] = d->leak_x;
        x[N_PART * k + SHUNT] = 0;
        x[N_PART * k + COUPLE] = d->couple_x;
    }
    mho_status status = mho_opto_cells_set(cells, 0, NULL, x);
    for (uint32_t p = 0; status == MHO_OK && p < 1u << dendrite->n_bit; p++) {
        mho_dendrite lit;
        status = read_pattern(cells, d, dendrite, p, noisy, &lit);
        if (status == MHO_OK) {
            status = mho_dendrite_output(ctx, &lit, d->v0_V, p, &y_V[p]);
        }
    }
    return status;
}

mho_status mho_dendrite_separate_cells(mho_ctx *ctx, const mho_opto_param *param,
                                       const mho_dendrite_design *design,
                                       const mho_dendrite *dendrite, uint64_t seed, bool noisy,
                                       double *y_V, mho_dendrite_margin *out, double *optical_J) {
    double y[1 << MHO_DENDRITE_MAX_BIT];
    size_t n = (size_t)1 << dendrite->n_bit;
    mho_opto_cells *cells = NULL;
    mho_status status =
        mho_opto_cells_new(ctx, param, seed, 0, N_PART * dendrite->n_branch, &cells);
    if (status == MHO_OK) {
        status = separate_on(ctx, cells, design, dendrite, noisy, y);
    }
    if (status == MHO_OK) {
        margin_of(n, y, out);
        for (size_t p = 0; y_V && p < n; p++) {
            y_V[p] = y[p];
        }
        if (optical_J) {
            *optical_J = mho_opto_cells_account(cells).optical_J / (double)n;
        }
    }
    mho_opto_cells_free(cells);
    return status;
}
