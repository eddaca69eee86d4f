/* text.c - growing text for reports, JSON fragments and messages. */
#include "base_int.h"

#include <string.h>

void mho_i_text_init(mho_i_text *t, mho_ctx *ctx) {
    *t = (mho_i_text){.ctx = ctx, .status = MHO_OK};
}

void mho_i_text_free(mho_i_text *t) {
    mho_i_free(t->ctx, t->data);
    mho_i_text_init(t, t->ctx);
}

static bool reserve(mho_i_text *t, size_t more) {
    if (t->status < 0) {
        return false;
    }
    if (t->len + more + 1 > t->cap) {
        size_t cap = (t->len + more + 1) * 2;
        char *data = mho_i_realloc(t->ctx, t->data, cap, 1);
        if (!data) {
            t->status = MHO_ERR_NOMEM;
            return false;
        }
        t->data = data;
        t->cap = cap;
    }
    return true;
}

void mho_i_text_put(mho_i_text *t, const char *data, size_t n) {
    if (reserve(t, n)) {
        memcpy(t->data + t->len, data, n);
        t->len += n;
        t->data[t->len] = 0;
    }
}

void mho_i_text_add(mho_i_text *t, const char *fmt, ...) {
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n >= 0 && reserve(t, (size_t)n)) {
        vsnprintf(t->data + t->len, (size_t)n + 1, fmt, again);
        t->len += (size_t)n;
    }
    va_end(again);
}

void mho_text_free(mho_ctx *ctx, char *text) {
    mho_i_free(ctx, text);
}

/* Levenshtein's distance, one row at a time; words longer than the row are far from everything. */
int mho_i_text_distance(const char *a, const char *b) {
    enum { MAX = 48 };
    int n_a = (int)strlen(a), n_b = (int)strlen(b), row[MAX + 1];
    if (n_a > MAX || n_b > MAX) {
        return MAX;
    }
    for (int j = 0; j <= n_b; j++) {
        row[j] = j;
    }
    for (int i = 1; i <= n_a; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= n_b; j++) {
            int best = diagonal + (a[i - 1] != b[j - 1]);
            best = best < row[j] + 1 ? best : row[j] + 1;
            best = best < row[j - 1] + 1 ? best : row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[n_b];
}

mho_i_guess mho_i_guess_init(const char *wanted) {
    int n = (int)strlen(wanted);
    return (mho_i_guess){wanted, "", n < 3 ? 0 : 1 + n / 3};
}

void mho_i_guess_add(mho_i_guess *g, const char *word) {
    int d = mho_i_text_distance(g->wanted, word);
    if (d < g->distance || (d == g->distance && !*g->best)) {
        g->distance = d;
        snprintf(g->best, sizeof g->best, "%s", word);
    }
}

const char *mho_i_guess_text(const mho_i_guess *g, char *buf, size_t n_buf) {
    snprintf(buf, n_buf, *g->best ? "; did you mean \"%s\"?" : "%s", g->best);
    return buf;
}
