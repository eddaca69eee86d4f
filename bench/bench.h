/* bench.h - what the benchmarks share: the machine and build in one line, medians, JSON lines. */
#ifndef MHO_BENCH_H
#define MHO_BENCH_H

#include "base/base_int.h"
#include "mho/mho.h"

#include <stdlib.h>
#include <string.h>

extern char *openblas_get_corename(void) __attribute__((weak));
extern char *openblas_get_config(void) __attribute__((weak));

static inline void bench_machine(const char *bench) {
    char cpu[128] = "unknown", line[256];
    FILE *f = fopen("/proc/cpuinfo", "r");
    while (f && fgets(line, sizeof line, f)) {
        if (strncmp(line, "model name", 10) == 0 && strchr(line, ':')) {
            snprintf(cpu, sizeof cpu, "%.100s", strchr(line, ':') + 2);
            cpu[strcspn(cpu, "\n")] = 0;
            break;
        }
    }
    if (f) {
        fclose(f);
    }
    printf("{\"bench\": \"%s\", \"version\": \"%s\", \"cpu\": \"%s\", \"compiler\": \"%s\", "
           "\"blas\": \"%s\", \"blas_core\": \"%s\"}\n",
           bench, mho_version(), cpu, __VERSION__,
           openblas_get_config ? openblas_get_config() : "not OpenBLAS",
           openblas_get_corename ? openblas_get_corename() : "unknown");
}

static inline int bench_compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static inline double bench_median(double *x, int n) {
    qsort(x, (size_t)n, sizeof *x, bench_compare);
    return n % 2 ? x[n / 2] : 0.5 * (x[n / 2 - 1] + x[n / 2]);
}

/* A benchmark may exit: it is a program, not the library. */
static inline void bench_ok(const mho_ctx *ctx, mho_status status, const char *what) {
    if (status != MHO_OK) {
        fprintf(stderr, "%s: %s\n", what, mho_ctx_last_error(ctx));
        exit(1);
    }
}

#endif
