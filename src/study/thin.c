/* thin.c - edge maps to lines.
 *
 * Ridges: the direction across an edge is that in which the smoothed map (Gaussian, sd 2) curves
 * most, the eigenvector of its matrix of second differences with the eigenvalue of largest size; a
 * value stays where neither neighbour one pixel to either side is larger (bilinear) and one is
 * less. Works on the map alone, so that it is the same for every kernel set. Lines: two alternating
 * sub-iterations delete border pixels that do not break a line, until nothing changes (Guo and
 * Hall, Comm. ACM 32, 359 (1989)). */
#include "image_int.h"

#include <math.h>
#include <string.h>

enum { REACH = 6 };

static size_t clamp(ptrdiff_t x, size_t n) {
    return x < 0 ? 0 : (size_t)x >= n ? n - 1 : (size_t)x;
}

static void smooth(size_t n_row, size_t n_col, const float *in, float *half, float *out) {
    float w[2 * REACH + 1], sum = 0;
    for (int k = -REACH; k <= REACH; k++) {
        w[k + REACH] = expf((float)(-k * k) / (2 * 2 * 2));
        sum += w[k + REACH];
    }
    for (size_t y = 0; y < n_row; y++) {
        for (size_t x = 0; x < n_col; x++) {
            float s = 0;
            for (int k = -REACH; k <= REACH; k++) {
                s += w[k + REACH] * in[y * n_col + clamp((ptrdiff_t)x + k, n_col)];
            }
            half[y * n_col + x] = s / sum;
        }
    }
    for (size_t y = 0; y < n_row; y++) {
        for (size_t x = 0; x < n_col; x++) {
            float s = 0;
            for (int k = -REACH; k <= REACH; k++) {
                s += w[k + REACH] * half[clamp((ptrdiff_t)y + k, n_row) * n_col + x];
            }
            out[y * n_col + x] = s / sum;
        }
    }
}

static float bilinear(size_t n_row, size_t n_col, const float *e, float y, float x) {
    y = fminf(fmaxf(y, 0), (float)(n_row - 1));
    x = fminf(fmaxf(x, 0), (float)(n_col - 1));
    size_t y0 = (size_t)y, x0 = (size_t)x;
    size_t y1 = y0 + 1 < n_row ? y0 + 1 : y0, x1 = x0 + 1 < n_col ? x0 + 1 : x0;
    float fy = y - (float)y0, fx = x - (float)x0;
    return (1 - fy) * ((1 - fx) * e[y0 * n_col + x0] + fx * e[y0 * n_col + x1]) +
           fy * ((1 - fx) * e[y1 * n_col + x0] + fx * e[y1 * n_col + x1]);
}

void mho_i_thin_ridges(size_t n_row, size_t n_col, const float *e, float *work, float *out) {
    float *g = work;
    smooth(n_row, n_col, e, work + n_row * n_col, g);
    for (size_t y = 0; y < n_row; y++) {
        const float *up = g + (y ? y - 1 : 0) * n_col, *mid = g + y * n_col;
        const float *down = g + (y + 1 < n_row ? y + 1 : y) * n_col;
        for (size_t x = 0; x < n_col; x++) {
            size_t l = x ? x - 1 : 0, r = x + 1 < n_col ? x + 1 : x;
            float xx = mid[l] - 2 * mid[x] + mid[r], yy = up[x] - 2 * mid[x] + down[x];
            float xy = 0.25f * (down[r] - down[l] - up[r] + up[l]);
            /* angle of the larger eigenvalue; a quarter turn from it where the other is larger */
            float angle = 0.5f * atan2f(2 * xy, xx - yy) + (xx + yy < 0 ? (float)MHO_PI / 2 : 0);
            float dx = cosf(angle), dy = sinf(angle), v = e[y * n_col + x];
            float fx = (float)x, fy = (float)y;
            float one = bilinear(n_row, n_col, e, fy + dy, fx + dx);
            float other = bilinear(n_row, n_col, e, fy - dy, fx - dx);
            bool ridge = v >= one && v >= other && (v > one || v > other);
            out[y * n_col + x] = ridge ? v : 0;
        }
    }
}

/* May the pixel at p go in this sub-iteration? Neighbours clockwise from above. */
static bool may_go(const uint8_t *p, size_t pitch, int turn) {
    int n = p[-(ptrdiff_t)pitch], ne = p[1 - (ptrdiff_t)pitch], e = p[1], se = p[pitch + 1];
    int s = p[pitch], sw = p[pitch - 1], w = p[-1], nw = p[-1 - (ptrdiff_t)pitch];
    int pieces = (!n && (ne | e)) + (!e && (se | s)) + (!s && (sw | w)) + (!w && (nw | n));
    int n1 = (nw | n) + (ne | e) + (se | s) + (sw | w);
    int n2 = (n | ne) + (e | se) + (s | sw) + (w | nw);
    int least = n1 < n2 ? n1 : n2;
    int side = turn == 0 ? (s || sw || !nw) && w : (n || ne || !se) && e;
    return pieces == 1 && least >= 2 && least <= 3 && !side;
}

void mho_i_thin_lines(size_t n_row, size_t n_col, uint8_t *set, uint32_t *list) {
    size_t pitch = n_col + 2, n = 0, idle = 0;
    uint32_t *gone = list + n_row * n_col;
    for (size_t y = 1; y <= n_row; y++) {
        for (size_t x = 1; x <= n_col; x++) {
            if (set[y * pitch + x]) {
                list[n++] = (uint32_t)(y * pitch + x);
            }
        }
    }
    for (int turn = 0; idle < 2; turn = !turn) {
        size_t n_gone = 0, kept = 0;
        for (size_t k = 0; k < n; k++) {
            if (may_go(set + list[k], pitch, turn)) {
                gone[n_gone++] = list[k];
            }
        }
        for (size_t k = 0; k < n_gone; k++) {
            set[gone[k]] = 0;
        }
        for (size_t k = 0; k < n; k++) {
            if (set[list[k]]) {
                list[kept++] = list[k];
            }
        }
        n = kept;
        idle = n_gone ? 0 : idle + 1;
    }
}
