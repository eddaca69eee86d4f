/* digits.c - handwritten-style digits, drawn: what a user gets who has no data at hand.
 *
 * A form of the digit (glyphs.c) is shaken at its points, becomes smooth curves, and is bent by a
 * slow random field, slanted, turned, stretched and shifted. A pen of varying width follows it: the
 * value of a pixel falls smoothly with its distance from the line. Everything is a function of
 * (seed, number of the picture). */
#include "network_int.h"

#include "digits_int.h"

#include <math.h>
#include <string.h>

enum { SIDE = 28, N_UNIFORM = 32, N_NORMAL = 96, SPAN = 6, MAX_KNOT = 24, MAX_LINE = 32 * SPAN };
enum { WAVES = 3 };

typedef struct xy {
    float x, y;
} xy;

/* The curves of one picture as short straight pieces. */
typedef struct line {
    int n;
    xy at[MAX_LINE];
    bool start[MAX_LINE]; /* the pen was put down here: no piece from the point before */
} line;

/* How this picture is written. */
typedef struct hand {
    double u[N_UNIFORM];
    float normal[N_NORMAL];
    float angle, slant, width, height, x0, y0; /* rad, 1, px, px, px, px */
    float radius, soft, ink;                   /* px, px, peak grey value */
    float haste;  /* 1: careful, 3: hardly legible; scales all shaking */
    float cut[2]; /* share of the line that is missing at its ends */
    struct {
        float kx, ky, phase, dx, dy;
    } wave[WAVES]; /* displacement d * sin(k . p + phase), in units of the box */
} hand;

static float range(double u, double low, double high) {
    return (float)(low + (high - low) * u);
}

static void draw_hand(uint64_t seed, uint32_t number, hand *h) {
    mho_i_rng_uniform(seed, MHO_RNG_DIGITS, number, 0, N_UNIFORM, h->u);
    mho_i_rng_normal_f(seed, MHO_RNG_DIGITS, number, 1, N_NORMAL, h->normal);
    const double *u = h->u + 2;
    const float *z = h->normal;
    h->haste = range(u[15] * u[15], 0.7, 2.7);
    h->cut[0] = range(u[16] * u[16], 0, 0.09);
    h->cut[1] = range(u[17] * u[17], 0, 0.12);
    h->angle = 0.1f * z[0];
    h->slant = 0.12f + 0.22f * z[1];
    h->height = range(u[0], 15, 21);
    h->width = h->height * range(u[1], 0.6, 1.1);
    h->x0 = 0.5f * (SIDE - 1) + 0.9f * z[2];
    h->y0 = 0.5f * (SIDE - 1) + 0.9f * z[3];
    h->radius = range(u[2] * u[3], 0.85, 1.9);
    h->soft = range(u[4], 1.0, 1.7);
    h->ink = range(u[5], 215, 255);
    for (int k = 0; k < WAVES; k++) {
        float reach = 3.0f + 2.0f * (float)k, strength = 0.036f * h->haste / (1 + 0.5f * (float)k);
        h->wave[k].kx = reach * range(u[6 + 3 * k], -1, 1);
        h->wave[k].ky = reach * range(u[7 + 3 * k], -1, 1);
        h->wave[k].phase = range(u[8 + 3 * k], 0, 2 * MHO_PI);
        h->wave[k].dx = strength * z[4 + 2 * k];
        h->wave[k].dy = strength * z[5 + 2 * k];
    }
}

/* From the box of the glyph to pixels. */
static xy place(const hand *h, xy p) {
    float bx = p.x, by = p.y;
    for (int k = 0; k < WAVES; k++) {
        float s = sinf(h->wave[k].kx * p.x + h->wave[k].ky * p.y + h->wave[k].phase);
        bx += h->wave[k].dx * s;
        by += h->wave[k].dy * s;
    }
    float y = h->height * (by - 0.5f), x = h->width * (bx - 0.5f) - h->slant * y;
    float c = cosf(h->angle), s = sinf(h->angle);
    return (xy){h->x0 + c * x - s * y, h->y0 + s * x + c * y};
}

static void line_add(line *l, const hand *h, xy p, bool start) {
    if (l->n < MAX_LINE) {
        l->start[l->n] = start;
        l->at[l->n++] = place(h, p);
    }
}

/* Catmull-Rom through knot[0..n-1]; the ends are extended by reflection. */
static void add_curve(line *l, const hand *h, const xy *knot, int n, bool start) {
    if (start) {
        line_add(l, h, knot[0], true);
    }
    for (int k = 0; k + 1 < n; k++) {
        xy b = knot[k], c = knot[k + 1];
        xy a = k > 0 ? knot[k - 1] : (xy){2 * b.x - c.x, 2 * b.y - c.y};
        xy d = k + 2 < n ? knot[k + 2] : (xy){2 * c.x - b.x, 2 * c.y - b.y};
        for (int j = 1; j <= SPAN; j++) {
            float t = (float)j / SPAN, t2 = t * t, t3 = t2 * t;
            float wa = -0.5f * t + t2 - 0.5f * t3, wb = 1 - 2.5f * t2 + 1.5f * t3;
            float wc = 0.5f * t + 2 * t2 - 1.5f * t3, wd = -0.5f * t2 + 0.5f * t3;
            line_add(l, h,
                     (xy){wa * a.x + wb * b.x + wc * c.x + wd * d.x,
                          wa * a.y + wb * b.y + wc * c.y + wd * d.y},
                     false);
        }
    }
}

static void write_glyph(const hand *h, const mho_i_glyph_point *glyph, line *l) {
    xy knot[MAX_KNOT];
    int n = 0, shaken = 0;
    bool start = true;
    const float shake = 0.016f * (1 + h->haste); /* more would make the curves jagged */
    l->n = 0;
    for (const mho_i_glyph_point *p = glyph;; p++) {
        if (p->x >= 0) {
            if (n < MAX_KNOT) {
                const float *z = h->normal + 16 + 2 * (shaken++ % ((N_NORMAL - 16) / 2));
                knot[n++] = (xy){p->x + shake * z[0], p->y + shake * z[1]};
            }
            continue;
        }
        add_curve(l, h, knot, n, start);
        if ((int)p->x == MHO_I_GLYPH_END) {
            return;
        }
        start = (int)p->x == MHO_I_GLYPH_STROKE;
        knot[0] = knot[n - 1]; /* a corner goes on from its point */
        n = start ? 0 : 1;
    }
}

/* Square of the distance from p to the piece a-b, and where along it. */
static float piece_distance(xy p, xy a, xy b, float *along) {
    float dx = b.x - a.x, dy = b.y - a.y, px = p.x - a.x, py = p.y - a.y;
    float len2 = dx * dx + dy * dy, t = len2 > 0 ? (px * dx + py * dy) / len2 : 0;
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    *along = t;
    px -= t * dx;
    py -= t * dy;
    return px * px + py * py;
}

/* Pen width along the line: slower and faster pieces, thinner ends of a stroke. */
static float pen(const hand *h, const line *l, float at) {
    float s = at / (float)l->n;
    float wave = sinf(7 * s + (float)(2 * MHO_PI * h->u[30]));
    return h->radius * (1 + 0.16f * wave);
}

static int clamp(float x) {
    return x < 0 ? 0 : x > SIDE - 1 ? SIDE - 1 : (int)x;
}

/* depth[SIDE*SIDE]: how far inside the line each pixel lies, in px, negative outside. */
static void ink_line(const hand *h, const line *l, float *depth) {
    float reach = 1.3f * h->radius + h->soft + 1;
    int first = 1 + (int)(h->cut[0] * (float)l->n), last = l->n - (int)(h->cut[1] * (float)l->n);
    for (int k = first; k < last; k++) {
        if (l->start[k]) {
            continue;
        }
        xy a = l->at[k - 1], b = l->at[k];
        int y0 = clamp(fminf(a.y, b.y) - reach), y1 = clamp(fmaxf(a.y, b.y) + reach);
        int x0 = clamp(fminf(a.x, b.x) - reach), x1 = clamp(fmaxf(a.x, b.x) + reach);
        float r0 = pen(h, l, (float)(k - 1)), r1 = pen(h, l, (float)k);
        for (int y = y0; y <= y1; y++) {
            for (int x = x0; x <= x1; x++) {
                float t, d2 = piece_distance((xy){(float)x, (float)y}, a, b, &t);
                float inside = r0 + t * (r1 - r0) - sqrtf(d2);
                float *to = &depth[y * SIDE + x];
                *to = inside > *to ? inside : *to;
            }
        }
    }
}

static void draw_digit(uint64_t seed, uint32_t number, unsigned digit, uint8_t *pixels) {
    hand h;
    line l;
    float depth[SIDE * SIDE];
    draw_hand(seed, number, &h);
    unsigned form = (unsigned)(h.u[0] * MHO_I_GLYPH_FORMS) % MHO_I_GLYPH_FORMS;
    write_glyph(&h, mho_i_glyphs[digit][form], &l);
    for (int k = 0; k < SIDE * SIDE; k++) {
        depth[k] = -100;
    }
    ink_line(&h, &l, depth);
    for (int k = 0; k < SIDE * SIDE; k++) {
        float t = depth[k] / h.soft + 0.5f;
        t = t < 0 ? 0 : t > 1 ? 1 : t;
        pixels[k] = (uint8_t)(h.ink * t * t * (3 - 2 * t) + 0.5f);
    }
}

/* The digits of one decade of pictures are a random order of 0..9. */
static unsigned label_of(uint64_t seed, size_t number) {
    unsigned order[10];
    double u[10];
    mho_i_rng_uniform(seed, MHO_RNG_DIGITS, (uint32_t)(number / 10), 2, 10, u);
    for (unsigned k = 0; k < 10; k++) {
        order[k] = k;
    }
    for (unsigned k = 0; k < 9; k++) {
        unsigned j = k + (unsigned)(u[k] * (10 - k));
        unsigned keep = order[k];
        order[k] = order[j];
        order[j] = keep;
    }
    return order[number % 10];
}

mho_status mho_dataset_digits(mho_ctx *ctx, uint64_t seed, size_t first, size_t n_image,
                              mho_dataset **out) {
    *out = NULL;
    if (first > UINT32_MAX || n_image > UINT32_MAX - first) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "digits %zu and %zu more: allowed are numbers below 2^32", first,
                          n_image);
    }
    mho_dataset *set;
    mho_status status = mho_i_dataset_blank(ctx, n_image, SIDE, SIDE, 10, &set);
    if (status < 0) {
        return status;
    }
#pragma omp parallel for num_threads(mho_ctx_threads(ctx)) schedule(dynamic, 64)
    for (size_t k = 0; k < n_image; k++) {
        unsigned digit = label_of(seed, first + k);
        set->labels[k] = (uint8_t)digit;
        draw_digit(seed, (uint32_t)(first + k), digit, set->pixels + k * SIDE * SIDE);
    }
    *out = set;
    return MHO_OK;
}
