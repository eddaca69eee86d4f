/* front.c - dense levels of the port elimination: Cholesky factor of the eliminated nodes with
 * diagonals summed, not subtracted; Y = C_XE L^-T; C_XX += Y Y^T. BLAS calls run on the calling
 * thread; large fronts are cut into fixed tiles which are spread over the threads. */
#include "elim_int.h"

#include <cblas.h>
#include <omp.h>

enum { PANEL = 48, TILE = 256, ROWS = 256 };

static int min_int(int a, int b) {
    return a < b ? a : b;
}

/* Sum of conductances of each eliminated node to all ports. */
MHO_MULTIARCH static void port_sums(const mho_i_front *f, double *sum) {
    int n = f->ne + f->nl + f->ns + f->no;
    for (int k = 0; k < f->ne; k++) {
        const double *col = f->panel + (size_t)k * (size_t)n;
        double s[8] = {0};
        int r = f->ne;
        for (; r + 7 < n; r += 8) {
            for (int u = 0; u < 8; u++) {
                s[u] += col[r + u];
            }
        }
        for (; r < n; r++) {
            s[0] += col[r];
        }
        sum[k] = ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
    }
}

/* Columns [k0, k1) of the factor, their earlier updates being done. x[k]: conductance of node k to
 * everything outside; becomes the entry of the row "outside" of the factor. */
MHO_MULTIARCH static void factor_panel(double *a, size_t ld, int ne, int k0, int k1, double *x) {
    for (int k = k0; k < k1; k++) {
        double *col = a + (size_t)k * ld, d = x[k];
        double s[4] = {0};
        int r = k + 1;
        for (; r + 3 < ne; r += 4) {
            for (int u = 0; u < 4; u++) {
                s[u] -= col[r + u];
            }
        }
        for (; r < ne; r++) {
            s[0] -= col[r];
        }
        d += (s[0] + s[1]) + (s[2] + s[3]);
        /* an isolated node: all its conductances are 0, any pivot will do */
        double root = d > 1e-280 ? sqrt(d) : 1, inv = 1 / root;
        col[k] = root;
        x[k] *= inv;
        for (r = k + 1; r < ne; r++) {
            col[r] *= inv;
        }
        for (int j = k + 1; j < k1; j++) {
            double l = col[j], *to = a + (size_t)j * ld;
            x[j] -= l * x[k];
            for (r = j + 1; r < ne; r++) {
                to[r] -= l * col[r];
            }
        }
    }
}

/* a[c0.., c0..c1) -= (rows c0.. of the columns [k0,k1)) (rows c0..c1 of them)^T, lower triangle. */
static void trail_tile(double *a, int ld, int ne, int k0, int k1, int c0, int c1) {
    const double *l = a + (size_t)k0 * (size_t)ld + c0;
    double *to = a + (size_t)c0 * (size_t)ld + c0;
    cblas_dsyrk(CblasColMajor, CblasLower, CblasNoTrans, c1 - c0, k1 - k0, -1, l, ld, 1, to, ld);
    if (c1 < ne) {
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, ne - c1, c1 - c0, k1 - k0, -1,
                    l + (c1 - c0), ld, l, ld, 1, to + (c1 - c0), ld);
    }
}

static void factor_nodes(double *a, int ld, int ne, double *x, int n_thread) {
    for (int k = 0; k < ne; k++) {
        double *col = a + (size_t)k * (size_t)ld;
        for (int r = k + 1; r < ne; r++) {
            col[r] = -col[r];
        }
    }
    for (int k0 = 0; k0 < ne; k0 += PANEL) {
        int k1 = min_int(k0 + PANEL, ne);
        factor_panel(a, (size_t)ld, ne, k0, k1, x);
        if (k1 == ne) {
            break;
        }
        /* x[k1..] -= L x[k0..k1) */
        cblas_dgemv(CblasColMajor, CblasNoTrans, ne - k1, k1 - k0, -1,
                    a + (size_t)k0 * (size_t)ld + k1, ld, x + k0, 1, 1, x + k1, 1);
        int n_tile = (ne - k1 + TILE - 1) / TILE;
#pragma omp parallel for schedule(dynamic, 1) num_threads(n_thread) if (n_thread > 1 && n_tile > 1)
        for (int t = 0; t < n_tile; t++) {
            trail_tile(a, ld, ne, k0, k1, k1 + t * TILE, min_int(k1 + (t + 1) * TILE, ne));
        }
    }
}

/* Rows [r0, r1) of the ports (columns of c) times all later rows that matter. */
static void update_columns(const mho_i_front *f, int c0, int c1) {
    int nx = f->nl + f->ns + f->no, ld = f->ne + nx, s0 = f->nl, o0 = f->nl + f->ns;
    const double *y = f->panel + f->ne;
    double *to = f->c + (size_t)c0 * (size_t)nx;
    int r0 = o0;
    if (c0 < s0) {
        cblas_dsyrk(CblasColMajor, CblasLower, CblasNoTrans, c1 - c0, f->ne, 1, y + c0, ld, 1,
                    to + c0, nx);
        r0 = c1;
    }
    if (r0 < nx) {
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, nx - r0, c1 - c0, f->ne, 1, y + r0, ld,
                    y + c0, ld, 1, to + r0, nx);
    }
}

/* Tile t of the columns of c: live columns first, then S; O columns are not needed. */
static bool column_tile(const mho_i_front *f, int width, int t, int *c0, int *c1) {
    int n_live = (f->nl + width - 1) / width;
    int base = t < n_live ? 0 : f->nl, end = t < n_live ? f->nl : f->nl + f->ns;
    *c0 = base + (t < n_live ? t : t - n_live) * width;
    *c1 = min_int(*c0 + width, end);
    return *c0 < end && (t < n_live || f->no > 0);
}

static void solve_rows(const mho_i_front *f, int r0, int r1) {
    int ld = f->ne + f->nl + f->ns + f->no;
    cblas_dtrsm(CblasColMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, r1 - r0, f->ne, 1,
                f->panel, ld, f->panel + f->ne + r0, ld);
}

void mho_i_front_eliminate(const mho_i_front *f, bool tiled, int n_thread) {
    int nx = f->nl + f->ns + f->no, ld = f->ne + nx;
    n_thread = tiled ? n_thread : 1;
    port_sums(f, f->work);
    factor_nodes(f->panel, ld, f->ne, f->work, n_thread);
    if (nx == 0) {
        return;
    }
    int rows = tiled ? ROWS : nx, width = tiled ? TILE : nx;
    int n_row = (nx + rows - 1) / rows;
    int n_col = (f->nl + width - 1) / width + (f->ns + width - 1) / width;
#pragma omp parallel num_threads(n_thread) if (n_thread > 1)
    {
#pragma omp for schedule(dynamic, 1)
        for (int t = 0; t < n_row; t++) {
            solve_rows(f, t * rows, min_int((t + 1) * rows, nx));
        }
#pragma omp for schedule(dynamic, 1)
        for (int t = 0; t < n_col; t++) {
            int c0, c1;
            if (column_tile(f, width, t, &c0, &c1)) {
                update_columns(f, c0, c1);
            }
        }
    }
}
