/* ideal.c - transfer matrix when one whole family of lines has no wire resistance. Each of its
 * lines is one node ("hub"); the lines of the other family ("chains") are eliminated one by one in
 * closed form, which leaves a dense network of hubs, or nothing at all if the hubs are tied to
 * their potentials. Only sums of conductances occur: nothing cancels. */
#include "elim_int.h"

#include <string.h>

typedef struct {
    const mho_i_lines *hub, *chain;
    const double *g; /* cell (hub h, chain c) at g[h*sh + c*sc] */
    size_t sh, sc;
    int nh, nc;
    double *below, *above; /* [nh] conductance to ground of a chain from either end up to a node */
    double *x, *ratio;     /* [nh] */
    double *gc;            /* [nh] cells of the chain */
    int *port;             /* [nh] place of a hub: node < n_free, else n_free + port */
    int n_free;
    mho_i_front front;
} ideal;

static bool whole(const mho_i_lines *l) {
    for (size_t k = 0; k < l->n_line; k++) {
        for (size_t s = 1; l->broken && s < l->n_node; s++) {
            if (l->broken[k * (l->n_node + 1) + s]) {
                return false;
            }
        }
    }
    return true;
}

static bool all_ideal(const mho_i_lines *l) {
    for (size_t k = 0; k < l->n_line; k++) {
        if (!isinf(l->seg_S[k])) {
            return false;
        }
    }
    return whole(l);
}

bool mho_i_ideal_handles(const mho_i_net *net) {
    /* ideal chains must be unbroken too; resistive ones may be broken */
    bool drive = all_ideal(&net->drive) && (!net->sense.any_ideal || whole(&net->sense));
    bool sense = all_ideal(&net->sense) && (!net->drive.any_ideal || whole(&net->drive));
    return drive || sense;
}

size_t mho_i_ideal_work(const mho_i_net *net) {
    size_t nh = net->m > net->n ? net->m : net->n, nx = net->m + net->n;
    /* panel, c, and eight vectors */
    return (nh + nx) * nh + nx * nx + 8 * nh;
}

static double segment(const ideal *w, int c, int k) {
    const mho_i_lines *l = w->chain;
    bool broken = l->broken && l->broken[(size_t)c * (l->n_node + 1) + (size_t)k];
    return broken ? 0 : l->seg_S[c];
}

/* Resistors a and b in series; 0 if one is open. */
static double series(double a, double b) {
    return a > 0 && b > 0 ? (isinf(a) ? b : a * (b / (a + b))) : 0;
}

/* Voltages x of the chain's nodes if its ends were at 1 V and all hubs at 0 V; below, above and the
 * ratios x_k / x_k+1 of a source at a later node. A chain without resistance is one node. */
static void solve_chain(ideal *w, int c) {
    int n = w->nh;
    double lo = w->chain->lo_S[c], hi = w->chain->hi_S[c];
    if (isinf(w->chain->seg_S[c])) {
        double sum = 0;
        for (int k = 0; k < n; k++) {
            sum += w->gc[k];
        }
        double ends = lo + hi, v = isinf(ends) ? 1 : ends > 0 ? ends / (ends + sum) : 0;
        for (int k = 0; k < n; k++) {
            w->x[k] = v;
        }
        return;
    }
    double *h = w->below, *source = w->x;
    for (int k = 0; k < n; k++) {
        double s = k ? segment(w, c, k) : 0, part = k ? series(s, h[k - 1]) : lo;
        h[k] = w->gc[k] + part;
        source[k] = k ? (s > 0 ? source[k - 1] * s / (s + h[k - 1]) : 0) : lo;
        if (k) {
            w->ratio[k - 1] = s > 0 ? s / (s + h[k - 1]) : 0;
        }
    }
    double end = h[n - 1] + hi;
    w->x[n - 1] = end > 0 ? (source[n - 1] + hi) / end : 0;
    for (int k = n - 2; k >= 0; k--) {
        double s = segment(w, c, k + 1), all = h[k] + s;
        w->x[k] = all > 0 ? (source[k] + s * w->x[k + 1]) / all : 0;
    }
    w->above[n - 1] = hi;
    for (int k = n - 2; k >= 0; k--) {
        w->above[k] = series(segment(w, c, k + 1), w->gc[k + 1] + w->above[k + 1]);
    }
}

static void add(ideal *w, int a, int b, double g) {
    int pa = w->port[a], pb = w->port[b], ne = w->n_free;
    int r = pa > pb ? pa : pb, c = pa > pb ? pb : pa;
    if (c < ne) {
        w->front.panel[(size_t)c * (size_t)(ne + w->nh + w->nc) + (size_t)r] += g;
    }
}

/* Conductances between hubs through chain c. */
static void mesh_chain(ideal *w, int c) {
    int n = w->nh;
    if (isinf(w->chain->seg_S[c])) {
        double sum = w->chain->lo_S[c] + w->chain->hi_S[c];
        for (int k = 0; k < n; k++) {
            sum += w->gc[k];
        }
        for (int j = 1; j < n && sum > 0; j++) {
            for (int i = 0; i < j; i++) {
                add(w, i, j, w->gc[i] * (w->gc[j] / sum));
            }
        }
        return;
    }
    for (int j = 1; j < n; j++) {
        double sum = w->below[j] + w->above[j];
        double v = sum > 0 ? w->gc[j] / sum : 0;
        for (int i = j - 1; i >= 0 && v > 0; i--) {
            v *= w->ratio[i];
            add(w, i, j, w->gc[i] * v);
        }
    }
}

/* Hubs that are not tied are eliminated; ports: all hub ends, then all chain ends. */
static void number_hubs(ideal *w) {
    w->n_free = 0;
    for (int k = 0; k < w->nh; k++) {
        if (!isinf(w->hub->lo_S[k] + w->hub->hi_S[k])) {
            w->port[k] = w->n_free++;
        }
    }
    for (int k = 0; k < w->nh; k++) {
        if (isinf(w->hub->lo_S[k] + w->hub->hi_S[k])) {
            w->port[k] = w->n_free + k;
        }
    }
}

static void hub_network(ideal *w) {
    int nh = w->nh, nc = w->nc, ne = w->n_free;
    size_t nx = (size_t)(nh + nc), ld = (size_t)ne + nx;
    memset(w->front.panel, 0, ld * (size_t)ne * sizeof(double));
    memset(w->front.c, 0, nx * nx * sizeof(double));
    w->front.ne = ne;
    w->front.nl = 0;
    w->front.ns = nh;
    w->front.no = nc;
    for (int k = 0; k < nh; k++) {
        if (w->port[k] < ne) {
            w->front.panel[(size_t)w->port[k] * ld + (size_t)(ne + k)] +=
                w->hub->lo_S[k] + w->hub->hi_S[k];
        }
    }
    for (int c = 0; c < nc; c++) {
        for (int k = 0; k < nh; k++) {
            w->gc[k] = w->g[(size_t)k * w->sh + (size_t)c * w->sc];
        }
        solve_chain(w, c);
        if (ne) {
            mesh_chain(w, c);
        }
        for (int k = 0; k < nh; k++) {
            double g = w->gc[k] * w->x[k];
            size_t row = (size_t)(nh + c);
            if (w->port[k] < ne) {
                w->front.panel[(size_t)w->port[k] * ld + (size_t)ne + row] += g;
            } else {
                w->front.c[(size_t)k * nx + row] += g;
            }
        }
    }
}

void mho_i_ideal_transfer(const mho_i_net *net, const double *g_S, double *m_S, double *work) {
    bool drive = all_ideal(&net->drive) && (!net->sense.any_ideal || whole(&net->sense));
    ideal w = {.hub = drive ? &net->drive : &net->sense,
               .chain = drive ? &net->sense : &net->drive,
               .g = g_S,
               .sh = drive ? net->n : 1,
               .sc = drive ? 1 : net->n,
               .nh = (int)(drive ? net->m : net->n),
               .nc = (int)(drive ? net->n : net->m)};
    size_t nh = (size_t)w.nh, nx = nh + (size_t)w.nc;
    w.front.panel = work;
    w.front.c = work + (nh + nx) * nh;
    w.front.work = w.front.c + nx * nx;
    w.below = w.front.work + 2 * nh;
    w.above = w.below + nh;
    w.x = w.above + nh;
    w.ratio = w.x + nh;
    w.gc = w.ratio + nh;
    w.port = (int *)(void *)(w.gc + nh);
    number_hubs(&w);
    hub_network(&w);
    if (w.n_free) {
        mho_i_front_eliminate(&w.front, false, 1);
    }
    for (int h = 0; h < w.nh; h++) {
        for (int c = 0; c < w.nc; c++) {
            m_S[(size_t)h * w.sh + (size_t)c * w.sc] =
                w.front.c[(size_t)h * nx + (size_t)(w.nh + c)];
        }
    }
}
