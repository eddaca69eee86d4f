/* match.c - correspondence of found pixels and marked pixels: the largest set of pairs within a
 * radius, with a limit for each pixel on how many pairs it may be in. Level by level as Hopcroft
 * and Karp do it (SIAM J. Comput. 2, 225 (1973)): breadth first from all found pixels with room
 * left, then disjoint shortest paths depth first, until no path is left. The graph is never stored:
 * neighbours are the marked pixels under a disc, nearest first. Levels stand at the found pixels
 * only, a mark knows who holds it.
 * A minimum-cost assignment in which leaving a pixel out costs much more than any distance has the
 * same number of pairs; only numbers of pairs enter the F-measure, so distances are not needed. */
#include "image_int.h"

#include <math.h>
#include <string.h>

struct mho_i_matcher {
    mho_ctx *ctx;
    size_t n_row, n_col, pitch; /* marks stand in a field with a frame as wide as the disc reaches */
    size_t frame, n_offset;
    ptrdiff_t *disc; /* [n_offset] steps in the field, nearest first */
    uint8_t *truth;  /* [n_row + 2 frame][pitch] the field */
    uint32_t *place; /* [n_pixel] of a found pixel in the field */
    int32_t *level;  /* [n_pixel] of a found pixel; -1: not reached or finished */
    uint8_t *used;   /* [n_pixel] pairs that it is in */
    uint16_t *next;  /* [n_pixel] its next neighbour to try */
    uint8_t *slot;   /* [n_pixel] and the next holder there */
    uint32_t *queue; /* [n_pixel] */
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
    mho_i_matcher *m = radius >= 0 && radius <= 100 ? mho_i_alloc(ctx, 1, sizeof *m) : NULL;
    if (!m) {
        return NULL;
    }
    *m = (mho_i_matcher){.ctx = ctx, .n_row = n_row, .n_col = n_col, .frame = (size_t)radius};
    m->pitch = n_col + 2 * m->frame;
    size_t n_pixel = n_row * n_col, n_field = (n_row + 2 * m->frame) * m->pitch;
    m->truth = mho_i_alloc(ctx, n_field, sizeof *m->truth);
    m->place = mho_i_alloc(ctx, n_pixel, sizeof *m->place);
    m->level = mho_i_alloc(ctx, n_pixel, sizeof *m->level);
    m->used = mho_i_alloc(ctx, n_pixel, sizeof *m->used);
    m->next = mho_i_alloc(ctx, n_pixel, sizeof *m->next);
    m->slot = mho_i_alloc(ctx, n_pixel, sizeof *m->slot);
    m->queue = mho_i_alloc(ctx, n_pixel, sizeof *m->queue);
    m->path = mho_i_alloc(ctx, n_pixel, sizeof *m->path);
    m->holder = mho_i_alloc(ctx, n_field, sizeof *m->holder);
    m->held = mho_i_alloc(ctx, n_field, sizeof *m->held);
    if (!m->truth || !m->place || !m->level || !m->used || !m->next || !m->slot || !m->queue ||
        !m->path || !m->holder || !m->held || make_disc(m, radius) < 0) {
        mho_i_matcher_free(m);
        return NULL;
    }
    return m;
}

void mho_i_matcher_free(mho_i_matcher *m) {
    if (m) {
        void *all[] = {m->disc, m->truth,m->place, m->level, m->used,   m->next,
                       m->slot, m->queue, m->path,  m->holder, m->held};
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

/* Levels from all found pixels with room; false: no mark with room can be reached. */
static bool set_levels(mho_i_matcher *m) {
    size_t head = 0, tail = 0;
    int32_t last = INT32_MAX;
    for (uint32_t f = 0; f < m->n_found; f++) {
        m->level[f] = m->used[f] < m->cap ? 0 : -1;
        m->next[f] = 0;
        m->slot[f] = 0;
        if (m->level[f] == 0) {
            m->queue[tail++] = f;
        }
    }
    for (; head < tail; head++) {
        uint32_t f = m->queue[head];
        if (m->level[f] > last) {
            break;
        }
        for (size_t j = 0; j < m->n_offset; j++) {
            size_t at;
            if (!neighbour(m, f, j, &at)) {
                continue;
            }
            if (m->held[at] < m->truth[at]) {
                last = m->level[f];
                break;
            }
            for (size_t h = 0; h < m->held[at]; h++) {
                uint32_t g = m->holder[at][h];
                if (m->level[g] < 0) {
                    m->level[g] = m->level[f] + 1;
                    m->queue[tail++] = g;
                }
            }
        }
    }
    return last != INT32_MAX;
}

/* One step from f: a mark with room (true, *at), or the holder one level on (*to). Neither: *to is
 * f. Its place in the search is kept for the next time. */
static bool step(mho_i_matcher *m, uint32_t f, size_t *at, uint32_t *to) {
    for (; m->next[f] < m->n_offset; m->next[f]++, m->slot[f] = 0) {
        if (!neighbour(m, f, m->next[f], at)) {
            continue;
        }
        if (m->held[*at] < m->truth[*at]) {
            return true;
        }
        for (; m->slot[f] < m->held[*at]; m->slot[f]++) {
            uint32_t g = m->holder[*at][m->slot[f]];
            if (m->level[g] == m->level[f] + 1) {
                *to = g;
                return false;
            }
        }
    }
    *to = f;
    return false;
}

/* One more pair for found pixel f along a shortest path, if there is one. */
static bool augment(mho_i_matcher *m, uint32_t f) {
    size_t depth = 0;
    m->path[0] = f;
    for (;;) {
        uint32_t here = m->path[depth], to;
        size_t at;
        if (step(m, here, &at, &to)) {
            m->holder[at][m->held[at]++] = here;
            while (depth-- > 0) { /* each takes the place of the one after it */
                uint32_t g = m->path[depth];
                bool is_mark = neighbour(m, g, m->next[g], &at);
                if (is_mark) {
                    m->holder[at][m->slot[g]] = g;
                }
            }
            m->used[f]++;
            return true;
        }
        if (to != here) {
            m->path[++depth] = to;
            continue;
        }
        m->level[here] = -1;
        if (depth == 0) {
            return false;
        }
        depth--;
        m->slot[m->path[depth]]++;
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
                m->place[m->n_found++] = (uint32_t)(at + x);
            }
        }
    }
    while (set_levels(m)) {
        for (uint32_t f = 0; f < m->n_found; f++) {
            while (m->used[f] < m->cap && m->level[f] == 0 && augment(m, f)) {
                n++;
            }
        }
    }
    return n;
}
