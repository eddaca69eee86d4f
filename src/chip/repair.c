/* repair.c - stuck cells that are known before the others are written.
 *
 * Partner: a pair holds a difference d of conductances. If one cell of it is stuck at g, the other
 * is written so that the difference is d as nearly as its window allows.
 * Remap: what is left then is the cost of having word line l of the targets on row r of the tile:
 * the sum of its squared differences over the row's pairs. Rows are assigned to word lines at least
 * cost (Hungarian method, shortest augmenting paths; O(n_row^3)), and a pair whose two cells serve
 * better the other way round is swapped, its amplifier inverted; both in turn, twice. The inputs
 * must then be routed to the word lines in another order. Costs are those without wires. */
#include "chip_int.h"

#include <math.h>
#include <string.h>

typedef struct repair {
    const mho_chip *chip;
    mho_i_tile *tile;
    const unsigned char *fault; /* [n_row][2 n_out], as the wires lie */
    const double *wanted_S;     /* [n_row][2 n_out], in the order of the targets */
} repair;

static double into_window(const mho_synapse_param *s, double g_S) {
    return fmin(fmax(g_S, s->g_min_S), s->g_max_S);
}

/* Targets of a pair whose cells have these faults; returns the difference that is still missing. */
static double settle_pair(const mho_chip *chip, const unsigned char *fault, double plus_S,
                          double minus_S, double *pair) {
    const mho_synapse_param *s = &chip->spec.synapse;
    double d = plus_S - minus_S;
    pair[0] = fault[0] ? mho_i_chip_fault_S(chip, fault[0]) : plus_S;
    pair[1] = fault[1] ? mho_i_chip_fault_S(chip, fault[1]) : minus_S;
    if (fault[0] && !fault[1]) {
        pair[1] = into_window(s, pair[0] - d);
    } else if (fault[1] && !fault[0]) {
        pair[0] = into_window(s, pair[1] + d);
    }
    return d - (pair[0] - pair[1]);
}

/* What is missing if word line l lies on row r, pair o swapped or not. */
static double missing(const repair *p, size_t r, size_t l, size_t o, bool swapped) {
    size_t n_col = 2 * p->tile->n_out;
    const unsigned char *fault = p->fault + r * n_col + 2 * o;
    if (!fault[0] && !fault[1]) {
        return 0;
    }
    const double *want = p->wanted_S + l * n_col + 2 * o;
    double pair[2];
    return settle_pair(p->chip, fault, want[swapped], want[!swapped], pair);
}

static void row_costs(const repair *p, double *cost) {
    size_t n = p->tile->n_row;
    memset(cost, 0, n * n * sizeof *cost);
    for (size_t r = 0; r < n; r++) {
        for (size_t o = 0; o < p->tile->n_out; o++) {
            const unsigned char *fault = p->fault + r * 2 * p->tile->n_out + 2 * o;
            for (size_t l = 0; l < n && (fault[0] || fault[1]); l++) {
                double e = missing(p, r, l, o, p->tile->swapped[o]);
                cost[r * n + l] += e * e;
            }
        }
    }
}

/* Hungarian method: word line wire_of[r] for each row at least total cost[r][l]. Potentials u, v;
 * match[l] is the row of word line l, one-based, 0: none. work [4(n + 1)] and index [2(n + 1)]. */
static void assign(size_t n, const double *cost, double *work, size_t *index, uint32_t *wire_of) {
    double *u = work, *v = u + n + 1, *least = v + n + 1, *used = least + n + 1;
    size_t *match = index, *way = index + n + 1;
    memset(work, 0, 4 * (n + 1) * sizeof *work);
    memset(index, 0, 2 * (n + 1) * sizeof *index);
    for (size_t r = 1; r <= n; r++) {
        size_t at = 0;
        match[0] = r;
        for (size_t l = 0; l <= n; l++) {
            least[l] = HUGE_VAL;
            used[l] = 0;
        }
        do { /* the shortest way to a free word line */
            used[at] = 1;
            size_t row = match[at], next = 0;
            double delta = HUGE_VAL;
            for (size_t l = 1; l <= n; l++) {
                if (used[l] != 0) {
                    continue;
                }
                double reduced = cost[(row - 1) * n + l - 1] - u[row] - v[l];
                if (reduced < least[l]) {
                    least[l] = reduced;
                    way[l] = at;
                }
                if (least[l] < delta) {
                    delta = least[l];
                    next = l;
                }
            }
            for (size_t l = 0; l <= n; l++) {
                if (used[l] != 0) {
                    u[match[l]] += delta;
                    v[l] -= delta;
                } else {
                    least[l] -= delta;
                }
            }
            at = next;
        } while (match[at] != 0);
        for (; at != 0; at = way[at]) {
            match[at] = match[way[at]];
        }
    }
    for (size_t l = 1; l <= n; l++) {
        wire_of[match[l] - 1] = (uint32_t)(l - 1);
    }
}

static void choose_swaps(const repair *p) {
    for (size_t o = 0; o < p->tile->n_out; o++) {
        double cost[2] = {0, 0};
        for (size_t r = 0; r < p->tile->n_row; r++) {
            for (int s = 0; s < 2; s++) {
                double e = missing(p, r, p->tile->wire_of[r], o, s);
                cost[s] += e * e;
            }
        }
        p->tile->swapped[o] = cost[1] < cost[0];
    }
}

static mho_status remap(mho_chip *chip, const repair *p) {
    mho_ctx *ctx = chip->ctx;
    mho_i_tile *tile = p->tile;
    size_t n = tile->n_row;
    tile->wire_of = mho_i_alloc(ctx, n, sizeof *tile->wire_of);
    tile->swapped = mho_i_alloc(ctx, tile->n_out, 1);
    double *cost = mho_i_alloc(ctx, n * n, sizeof *cost);
    double *work = mho_i_alloc(ctx, 4 * (n + 1), sizeof *work);
    size_t *index = mho_i_alloc(ctx, 2 * (n + 1), sizeof *index);
    bool ok = tile->wire_of && tile->swapped && cost && work && index;
    for (int round = 0; ok && round < 2; round++) {
        row_costs(p, cost);
        assign(n, cost, work, index, tile->wire_of);
        choose_swaps(p);
    }
    mho_i_free(ctx, cost);
    mho_i_free(ctx, work);
    mho_i_free(ctx, index);
    return ok ? MHO_OK : MHO_ERR_NOMEM;
}

mho_status mho_i_chip_repair(mho_chip *chip, mho_i_tile *tile, const unsigned char *fault,
                             const double *wanted_S, double *target_S) {
    size_t n_col = 2 * tile->n_out;
    mho_i_free(chip->ctx, tile->wire_of);
    mho_i_free(chip->ctx, tile->swapped);
    tile->wire_of = NULL;
    tile->swapped = NULL;
    if (!fault || chip->spec.repair == MHO_REPAIR_NONE) {
        memcpy(target_S, wanted_S, tile->n_row * n_col * sizeof *target_S);
        return MHO_OK;
    }
    repair p = {chip, tile, fault, wanted_S};
    mho_status status = chip->spec.repair == MHO_REPAIR_REMAP ? remap(chip, &p) : MHO_OK;
    for (size_t r = 0; status == MHO_OK && r < tile->n_row; r++) {
        const double *want = wanted_S + (mho_i_tile_wire(tile, r) - tile->row0) * n_col;
        for (size_t o = 0; o < tile->n_out; o++) {
            bool swapped = mho_i_tile_sign(tile, o) < 0;
            settle_pair(chip, fault + r * n_col + 2 * o, want[2 * o + swapped],
                        want[2 * o + !swapped], target_S + r * n_col + 2 * o);
        }
    }
    return status;
}
