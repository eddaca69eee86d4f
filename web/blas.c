/* blas.c - plain loops in the place of OpenBLAS, which does not run in a browser. Only what the room
 * circuit calls; a page's arrays are solved by conjugate gradients, which hardly touch it. */
#include <cblas.h>
#include <stddef.h>

/* Strides of element (i, j) of op(matrix). */
typedef struct view {
    ptrdiff_t row, col;
} view;

static view view_of(CBLAS_ORDER order, CBLAS_TRANSPOSE trans, int ld) {
    int flip = (order == CblasColMajor) != (trans == CblasTrans);
    return flip ? (view){1, ld} : (view){ld, 1};
}

double cblas_ddot(int n, const double *x, int incx, const double *y, int incy) {
    double sum = 0;
    for (int i = 0; i < n; i++) {
        sum += x[(ptrdiff_t)i * incx] * y[(ptrdiff_t)i * incy];
    }
    return sum;
}

void cblas_dscal(int n, double a, double *x, int incx) {
    for (int i = 0; i < n; i++) {
        x[(ptrdiff_t)i * incx] *= a;
    }
}

void cblas_dgemv(CBLAS_ORDER order, CBLAS_TRANSPOSE trans, int m, int n, double alpha,
                 const double *a, int lda, const double *x, int incx, double beta, double *y,
                 int incy) {
    view v = view_of(order, trans, lda);
    int rows = trans == CblasTrans ? n : m, cols = trans == CblasTrans ? m : n;
    for (int i = 0; i < rows; i++) {
        double sum = 0;
        for (int j = 0; j < cols; j++) {
            sum += a[i * v.row + j * v.col] * x[(ptrdiff_t)j * incx];
        }
        double *out = y + (ptrdiff_t)i * incy;
        *out = alpha * sum + (beta == 0 ? 0 : beta * *out);
    }
}

void cblas_dgemm(CBLAS_ORDER order, CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, int m, int n, int k,
                 double alpha, const double *a, int lda, const double *b, int ldb, double beta,
                 double *c, int ldc) {
    view va = view_of(order, ta, lda), vb = view_of(order, tb, ldb);
    view vc = view_of(order, CblasNoTrans, ldc);
    for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++) {
            double *out = c + i * vc.row + j * vc.col, sum = 0;
            for (int l = 0; l < k; l++) {
                sum += a[i * va.row + l * va.col] * b[l * vb.row + j * vb.col];
            }
            *out = alpha * sum + (beta == 0 ? 0 : beta * *out);
        }
    }
}

void cblas_dsyrk(CBLAS_ORDER order, CBLAS_UPLO uplo, CBLAS_TRANSPOSE trans, int n, int k,
                 double alpha, const double *a, int lda, double beta, double *c, int ldc) {
    view va = view_of(order, trans, lda), vc = view_of(order, CblasNoTrans, ldc);
    for (int i = 0; i < n; i++) {
        int from = uplo == CblasLower ? 0 : i, to = uplo == CblasLower ? i : n - 1;
        for (int j = from; j <= to; j++) {
            double *out = c + i * vc.row + j * vc.col, sum = 0;
            for (int l = 0; l < k; l++) {
                sum += a[i * va.row + l * va.col] * a[j * va.row + l * va.col];
            }
            *out = alpha * sum + (beta == 0 ? 0 : beta * *out);
        }
    }
}

/* op(A) x = b in place for one right-hand side with stride step. */
static void solve(int n, int lower, CBLAS_DIAG diag, const double *a, view v, double *x,
                  ptrdiff_t step) {
    for (int q = 0; q < n; q++) {
        int i = lower ? q : n - 1 - q;
        double sum = x[i * step];
        for (int j = lower ? 0 : i + 1; j < (lower ? i : n); j++) {
            sum -= a[i * v.row + j * v.col] * x[j * step];
        }
        x[i * step] = diag == CblasUnit ? sum : sum / a[i * v.row + i * v.col];
    }
}

void cblas_dtrsm(CBLAS_ORDER order, CBLAS_SIDE side, CBLAS_UPLO uplo, CBLAS_TRANSPOSE trans,
                 CBLAS_DIAG diag, int m, int n, double alpha, const double *a, int lda, double *b,
                 int ldb) {
    view va = view_of(order, trans, lda), vb = view_of(order, CblasNoTrans, ldb);
    int lower = (uplo == CblasLower) != (trans == CblasTrans);
    for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++) {
            b[i * vb.row + j * vb.col] *= alpha;
        }
    }
    if (side == CblasLeft) {
        for (int j = 0; j < n; j++) {
            solve(m, lower, diag, a, va, b + j * vb.col, vb.row);
        }
    } else { /* X op(A) = B is op(A)^T X^T = B^T */
        view vt = {va.col, va.row};
        for (int i = 0; i < m; i++) {
            solve(n, !lower, diag, a, vt, b + i * vb.row, vb.col);
        }
    }
}
