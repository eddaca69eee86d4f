/* match.c - correspondence of found pixels and marked pixels: the largest set of pairs within a
 * radius, with a limit for each pixel on how many pairs it may be in. One more pair at a time along
 * an augmenting path, searched depth first; what a failed search has seen can never again be part
 * of one (no residual edge leaves it) and is left out from then on, so that all failures together
 * look at every edge once. The graph is never stored: neighbours are the marks under a disc,
 * nearest first. A minimum-cost assignment in which leaving a pixel out costs much more than any
 * distance has the same number of pairs; only numbers of pairs enter the F-measure, so distances
 * are not needed.    */
#include "image_int.h"

#include <math.h>
#include <string.h>

#define DEAD UINT32_MAX

struct mho_i_matcher {
    mho_ctx *ctx;
    size_t n_row, n_col,
        pitch; /* marks stand in a field with a frame as wide as the disc reaches */
    size_t frame, n_offset;
    ptrdiff_t *disc; /* [n_offset] steps in the field, nearest first */
    uint8_t *truth;  /* [n_row + 2 frame][pitch] the field */
    uint32_t *place; /* [n_pixel] of a found pixel in the field */
    uint32_t *seen;  /* [n_pixel] of a found pixel: number of the last search that came by */
    uint8_t *used;   /* [n_pixel] pairs that it is in */
    uint16_t *hope;  /* [n_pixel] its first neighbour that may have room */
    uint16_t *next;  /* [n_pixel] its next neighbour to try */
    uint8_t *slot;   /* [n_pixel] and the next holder there */
    uint32_t *tree;  /* [n_pixel] found pixels that the present search has seen */
    uint32_t *path;  /* [n_pixel] found pixels of the present path */
    uint32_t (*holder)[MHO_I_MATCH_CAP]; /* [field] of a mark */
    uint8_t *held;                       /* [field] how many */
    size_t n_found;                      /* of the present call */
    int cap;
};

static mho_status make_disc(mho_i_matcher *m, double radius) {
    int r = (int)m->frame;
    m->disc = mho_i_alloc(m->ctx, (size_t)((2 * r + 1) * (2 * r + 1)), sizeof *m->disc);
    if (!m->disc) {
        return MHO_ERR_NOMEM;
    }
    for (int d2 = 0; d2 <= radius * radius; d2++) {
        for (int dy = -r; dy <= r; dy++) {
            for (int dx = -r; dx <= r; dx++) {
                if (dy * dy + dx * dx == d2) {
                    m->disc[m->n_offset++] = dy * (ptrdiff_t)m->pitch + dx;
                }
            }
        }
    }
    return MHO_OK;
}

mho_i_matcher *mho_i_matcher_new(mho_ctx *ctx, size_t n_row, size_t n_col, double radius) {
    mho_i_matcher *m = mho_i_alloc(ctx, 1, sizeof *m);
    if (!m) {
        return NULL;
    }
    *m = (mho_i_matcher){.ctx = ctx, .n_row = n_row, .n_col = n_col, .frame = (size_t)radius};
    m->pitch = n_col + 2 * m->frame;
    size_t n_pixel = n_row * n_col, n_field = (n_row + 2 * m->frame) * m->pitch;
    m->truth = mho_i_alloc(ctx, n_field, sizeof *m->truth);
    m->place = mho_i_alloc(ctx, n_pixel, sizeof *m->place);
    m->seen = mho_i_alloc(ctx, n_pixel, sizeof *m->seen);
    m->used = mho_i_alloc(ctx, n_pixel, sizeof *m->used);
    m->next = mho_i_alloc(ctx, n_pixel, sizeof *m->next);
    m->hope = mho_i_alloc(ctx, n_pixel, sizeof *m->hope);
    m->tree = mho_i_alloc(ctx, n_pixel, sizeof *m->tree);
    m->slot = mho_i_alloc(ctx, n_pixel, sizeof *m->slot);
    m->path = mho_i_alloc(ctx, n_pixel, sizeof *m->path);
    m->holder = mho_i_alloc(ctx, n_field, sizeof *m->holder);
    m->held = mho_i_alloc(ctx, n_field, sizeof *m->held);
    if (!m->truth || !m->place || !m->seen || !m->used || !m->next || !m->slot || !m->hope ||
        !m->tree || !m->path || !m->holder || !m->held || make_disc(m, radius) < 0) {
        mho_i_matcher_free(m);
        return NULL;
    }
    return m;
}

void mho_i_matcher_free(mho_i_matcher *m) {
    if (m) {
        void *all[] = {m->disc, m->truth, m->hope, m->tree, m->place,  m->seen,
                       m->used, m->next,  m->slot, m->path, m->holder, m->held};
        for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
            mho_i_free(m->ctx, all[k]);
        }
        mho_i_free(m->ctx, m);
    }
}

/* Place of mark number j near found pixel f into *at; false: there is none at that offset. */
static inline bool neighbour(const mho_i_matcher *m, uint32_t f, size_t j, size_t *at) {
    *at = (size_t)((ptrdiff_t)m->place[f] + m->disc[j]);
    return m->truth[*at] > 0;
}

/* A mark near f with room left. */
static bool free_mark(mho_i_matcher *m, uint32_t f, size_t *at) {
    for (; m->hope[f] < m->n_offset; m->hope[f]++) {
        if (neighbour(m, f, m->hope[f], at) && m->held[*at] < m->truth[*at]) {
            return true; /* marks only fill up: what was full before stays so */
        }
    }
    return false;
}

/* The next found pixel, not seen by this search, that holds a mark near f; false: none. */
static bool next_holder(mho_i_matcher *m, uint32_t f, uint32_t search, uint32_t *to) {
    size_t at;
    for (; m->next[f] < m->n_offset; m->next[f]++, m->slot[f] = 0) {
        if (!neighbour(m, f, m->next[f], &at)) {
            continue;
        }
        for (; m->slot[f] < m->held[at]; m->slot[f]++) {
            *to = m->holder[at][m->slot[f]];
            if (m->seen[*to] != search && m->seen[*to] != DEAD) {
                return true;
            }
        }
    }
    return false;
}

static void visit(mho_i_matcher *m, size_t depth, uint32_t f, uint32_t search) {
    m->path[depth] = f;
    m->seen[f] = search;
    m->next[f] = 0;
    m->slot[f] = 0;
}

/* One more pair for found pixel f, if there is a way; if not, all that was seen is dead. */
static bool augment(mho_i_matcher *m, uint32_t f, uint32_t search) {
    size_t depth = 0, at, n_seen = 1;
    uint32_t to;
    visit(m, 0, f, search);
    m->tree[0] = f;
    for (;;) {
        uint32_t here = m->path[depth];
        if (free_mark(m, here, &at)) {
            m->holder[at][m->held[at]++] = here;
            while (depth-- > 0) { /* each takes the place of the one after it */
                uint32_t g = m->path[depth];
                (void)neighbour(m, g, m->next[g], &at);
                m->holder[at][m->slot[g]] = g;
            }
            m->used[f]++;
            return true;
        }
        while (!next_holder(m, m->path[depth], search, &to)) {
            if (depth-- == 0) {
                for (size_t k = 0; k < n_seen; k++) {
                    m->seen[m->tree[k]] = DEAD;
                }
                return false;
            }
            m->slot[m->path[depth]]++;
        }
        visit(m, ++depth, to, search);
        m->tree[n_seen++] = to;
    }
}

size_t mho_i_match(mho_i_matcher *m, const uint8_t *found, size_t found_pitch, int cap,
                   const uint8_t *truth) {
    size_t n = 0;
    m->cap = cap;
    m->n_found = 0;
    memset(m->held, 0, (m->n_row + 2 * m->frame) * m->pitch);
    for (size_t y = 0; y < m->n_row; y++) {
        size_t at = (y + m->frame) * m->pitch + m->frame;
        memcpy(m->truth + at, truth + y * m->n_col, m->n_col);
        for (size_t x = 0; x < m->n_col; x++) {
            if (found[y * found_pitch + x]) {
                m->used[m->n_found] = 0;
                m->seen[m->n_found] = 0;
                m->hope[m->n_found] = 0;
                m->place[m->n_found++] = (uint32_t)(at + x);
            }
        }
    }
    uint32_t search = 0;
    for (uint32_t f = 0; f < m->n_found; f++) {
        while (m->used[f] < cap && m->seen[f] != DEAD && augment(m, f, ++search)) {
            n++;
        }
    }
    return n;
}
