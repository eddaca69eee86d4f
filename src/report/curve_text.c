/* curve_text.c - curves of the bench as CSV, JSON, NPY and as a sketch for the terminal. */
#include "json_int.h"

#include <math.h>
#include <string.h>

static mho_status hand_over(mho_i_text *t, char **text) {
    *text = NULL;
    if (t->status < 0) {
        mho_status status = t->status;
        mho_i_text_free(t);
        return status;
    }
    *text = t->data;
    return MHO_OK;
}

static void put_heading(mho_i_text *t, const mho_curve_col *c) {
    mho_i_text_add(t, "%s%s%s%s", c->name, *c->unit ? " (" : "", c->unit, *c->unit ? ")" : "");
}

mho_status mho_curve_csv(mho_ctx *ctx, const mho_curve *c, char **text) {
    mho_i_text t;
    mho_i_text_init(&t, ctx);
    mho_i_text_add(&t, "%s", c->n_trace > 1 ? "trace," : "");
    for (size_t k = 0; k < c->n_col; k++) {
        mho_i_text_add(&t, "%s", k ? "," : "");
        put_heading(&t, &c->col[k]);
    }
    mho_i_text_put(&t, "\n", 1);
    for (size_t j = 0; j < c->n_trace; j++) {
        for (size_t row = c->start[j]; row < c->start[j + 1]; row++) {
            if (c->n_trace > 1) {
                mho_i_text_add(&t, "\"%s\",", c->trace[j]);
            }
            for (size_t k = 0; k < c->n_col; k++) {
                double x = c->value[row * c->n_col + k];
                mho_i_text_add(&t, "%s", k ? "," : "");
                if (isfinite(x)) { /* what is not there stays empty */
                    mho_i_text_add(&t, "%.17g", x);
                }
            }
            mho_i_text_put(&t, "\n", 1);
        }
    }
    return hand_over(&t, text);
}

mho_status mho_curve_json(mho_ctx *ctx, const mho_curve *c, char **text) {
    json_t *columns = json_array(), *traces = json_array(), *notes = json_array();
    for (size_t k = 0; k < c->n_col; k++) {
        json_array_append_new(
            columns, json_pack("{s:s,s:s}", "name", c->col[k].name, "unit", c->col[k].unit));
    }
    for (size_t j = 0; j < c->n_trace; j++) {
        json_t *values = json_object();
        for (size_t k = 0; k < c->n_col; k++) {
            json_t *list = json_array();
            for (size_t row = c->start[j]; row < c->start[j + 1]; row++) {
                json_array_append_new(list, mho_i_json_number(c->value[row * c->n_col + k]));
            }
            json_object_set_new(values, c->col[k].name, list);
        }
        json_array_append_new(traces,
                              json_pack("{s:s,s:o}", "name", c->trace[j], "values", values));
    }
    for (size_t k = 0; k < c->n_note; k++) {
        json_array_append_new(notes, mho_i_json_text(c->note[k]));
    }
    json_t *o = json_pack("{s:s,s:o,s:o,s:o}", "title", c->title, "columns", columns, "traces",
                          traces, "notes", notes);
    return mho_i_json_dump(ctx, o, text);
}

mho_status mho_curve_npy(mho_ctx *ctx, const mho_curve *c, const char *path) {
    const mho_npy_view view = {
        .name = "curve", .n_dim = 2, .shape = {c->n_row, c->n_col}, .data = c->value};
    return mho_npy_save(ctx, path, &view);
}

/* ---- the sketch: a letter has 2 x 4 dots ---- */

typedef struct axis {
    double lo, hi;
    bool log;
} axis;

static double along(const axis *a, double x) {
    double t = a->log ? log(x / a->lo) / log(a->hi / a->lo) : (x - a->lo) / (a->hi - a->lo);
    return a->hi > a->lo ? t : 0.5;
}

static void widen(axis *a, double x) {
    if (isfinite(x) && (!a->log || x > 0)) {
        a->lo = fmin(a->lo, x);
        a->hi = fmax(a->hi, x);
    }
}

typedef struct canvas {
    unsigned char *dots; /* [height][width] bits of a Braille letter */
    size_t width, height;
    axis x, y;
} canvas;

static void dot(canvas *v, long px, long py) {
    static const unsigned char bit[4][2] = {{1, 8}, {2, 16}, {4, 32}, {64, 128}};
    if (px >= 0 && py >= 0 && px < (long)(2 * v->width) && py < (long)(4 * v->height)) {
        v->dots[(size_t)(py / 4) * v->width + (size_t)(px / 2)] |= bit[py % 4][px % 2];
    }
}

static void stroke(canvas *v, double x0, double y0, double x1, double y1) {
    double w = (double)(2 * v->width - 1), h = (double)(4 * v->height - 1);
    double ax = along(&v->x, x0) * w, ay = (1 - along(&v->y, y0)) * h;
    double bx = along(&v->x, x1) * w, by = (1 - along(&v->y, y1)) * h;
    if (!isfinite(ax + ay + bx + by)) {
        return;
    }
    long n = lround(fmax(fmax(fabs(bx - ax), fabs(by - ay)), 1));
    for (long k = 0; k <= n; k++) {
        double s = (double)k / (double)n;
        dot(v, lround(ax + s * (bx - ax)), lround(ay + s * (by - ay)));
    }
}

static void draw(canvas *v, const mho_curve *c) {
    for (size_t j = 0; j < c->n_trace; j++) {
        for (size_t k = 1; k < c->n_col; k++) {
            for (size_t row = c->start[j]; c->col[k].draw && row < c->start[j + 1]; row++) {
                const double *now = c->value + row * c->n_col;
                const double *was = row > c->start[j] ? now - c->n_col : now;
                stroke(v, was[0], was[k], now[0], now[k]);
            }
        }
    }
}

static void measure(canvas *v, const mho_curve *c) {
    v->x = (axis){HUGE_VAL, -HUGE_VAL, c->col[0].log};
    v->y = (axis){HUGE_VAL, -HUGE_VAL, false};
    for (size_t k = 1; k < c->n_col; k++) {
        v->y.log |= c->col[k].draw && c->col[k].log;
    }
    for (size_t row = 0; row < c->n_row; row++) {
        const double *x = c->value + row * c->n_col;
        widen(&v->x, x[0]);
        for (size_t k = 1; k < c->n_col; k++) {
            if (c->col[k].draw) {
                widen(&v->y, x[k]);
            }
        }
    }
    axis *both[] = {&v->x, &v->y}; /* where nothing can be drawn, any axis will do */
    for (int k = 0; k < 2; k++) {
        if (!(both[k]->lo <= both[k]->hi)) {
            both[k]->lo = both[k]->log ? 1 : 0;
            both[k]->hi = both[k]->log ? 10 : 1;
        }
    }
}

static const mho_curve_col *drawn(const mho_curve *c) {
    size_t k = 1;
    while (k + 1 < c->n_col && !c->col[k].draw) {
        k++;
    }
    return &c->col[k];
}

static void put_canvas(mho_i_text *t, const canvas *v, const mho_curve *c) {
    enum { LABEL = 12 };
    const mho_curve_col *y = drawn(c);
    char hi[40], lo[40], from[40], to[40];
    mho_quantity_format(v->y.hi, y->unit, 4, hi, sizeof hi);
    mho_quantity_format(v->y.lo, y->unit, 4, lo, sizeof lo);
    mho_quantity_format(v->x.lo, c->col[0].unit, 4, from, sizeof from);
    mho_quantity_format(v->x.hi, c->col[0].unit, 4, to, sizeof to);
    for (size_t r = 0; r < v->height; r++) {
        mho_i_text_add(t, "%*s |", LABEL, r == 0 ? hi : r + 1 == v->height ? lo : "");
        for (size_t k = 0; k < v->width; k++) {
            unsigned char d = v->dots[r * v->width + k]; /* U+2800 + d */
            const char letter[4] = {(char)0xE2, (char)(0xA0 | d >> 6), (char)(0x80 | (d & 63)), 0};
            mho_i_text_put(t, d ? letter : " ", d ? 3 : 1);
        }
        mho_i_text_put(t, "\n", 1);
    }
    mho_i_text_add(t, "%*s +", LABEL, v->y.log ? "log" : "");
    for (size_t k = 0; k < v->width; k++) {
        mho_i_text_put(t, "-", 1);
    }
    char label[80];
    snprintf(label, sizeof label, "%s over %s%s", c->quantity, c->col[0].name,
             v->x.log ? " (log)" : "");
    int gap = (int)v->width - (int)strlen(from) - (int)strlen(to) - (int)strlen(label);
    gap = gap < 4 ? 4 : gap;
    mho_i_text_add(t, "\n%*s  %s%*s%s%*s%s\n", LABEL, "", from, gap / 2, "", label, gap - gap / 2,
                   "", to);
}

mho_status mho_curve_sketch(mho_ctx *ctx, const mho_curve *c, size_t width, size_t height,
                            char **text) {
    *text = NULL;
    if (width < 10 || width > 400 || height < 4 || height > 200) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "a sketch of %zu x %zu letters: 10 to 400 and 4 to 200 are allowed",
                          width, height);
    }
    canvas v = {.width = width, .height = height};
    v.dots = mho_i_alloc(ctx, width * height, 1);
    if (!v.dots) {
        return MHO_ERR_NOMEM;
    }
    measure(&v, c);
    draw(&v, c);
    mho_i_text t;
    mho_i_text_init(&t, ctx);
    put_canvas(&t, &v, c);
    mho_i_free(ctx, v.dots);
    return hand_over(&t, text);
}
