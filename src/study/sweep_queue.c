/* sweep_queue.c - hands out chips so that a worker mostly stays at the point whose design it has.
 */
#include "sweep_int.h"

mho_status mho_i_queue_new(mho_i_queue *q, mho_ctx *ctx, size_t n_point, size_t n_chip) {
    *q = (mho_i_queue){.ctx = ctx, .n_point = n_point, .n_chip = n_chip};
    q->known = mho_i_alloc(ctx, n_point * n_chip, 1);
    q->left = mho_i_alloc(ctx, n_point, sizeof *q->left);
    q->cursor = mho_i_alloc(ctx, n_point, sizeof *q->cursor);
    if (!q->known || !q->left || !q->cursor) {
        mho_i_queue_free(q);
        return MHO_ERR_NOMEM;
    }
    for (size_t p = 0; p < n_point; p++) {
        q->left[p] = (uint32_t)n_chip;
    }
    q->n_left = n_point * n_chip;
    return MHO_OK;
}

void mho_i_queue_free(mho_i_queue *q) {
    if (q->ctx) {
        mho_i_free(q->ctx, q->known);
        mho_i_free(q->ctx, q->left);
        mho_i_free(q->ctx, q->cursor);
    }
    *q = (mho_i_queue){0};
}

void mho_i_queue_known(mho_i_queue *q, size_t point, size_t chip) {
    uint8_t *at = &q->known[point * q->n_chip + chip];
    if (!*at) {
        *at = 1;
        q->left[point]--;
        q->n_left--;
    }
}

static bool take(mho_i_queue *q, size_t p, size_t *point, size_t *chip) {
    if (!q->left[p]) {
        return false;
    }
    const uint8_t *known = q->known + p * q->n_chip;
    while (known[q->cursor[p]]) { /* ends: something is left */
        q->cursor[p]++;
    }
    *point = p;
    *chip = q->cursor[p];
    mho_i_queue_known(q, p, *chip);
    return true;
}

bool mho_i_queue_claim(mho_i_queue *q, size_t *point, size_t *chip) {
    if (!q->n_left) {
        return false;
    }
    if (*point < q->n_point && take(q, *point, point, chip)) {
        return true;
    }
    while (q->next < q->n_point) {
        if (take(q, q->next++, point, chip)) {
            return true;
        }
    }
    size_t most = 0;
    for (size_t p = 1; p < q->n_point; p++) {
        most = q->left[p] > q->left[most] ? p : most;
    }
    return take(q, most, point, chip);
}
