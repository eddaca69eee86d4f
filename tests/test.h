/* test.h - what all tests share: cmocka, a context, comparisons that print both sides. */
#ifndef MHO_TEST_H
#define MHO_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>
#include <cmocka.h>

#include "mho/mho.h"
#include "base/base_int.h"

enum { TEST_SKIPPED = 77 };

/* Are programs that are not there told of? Not in valgrind (scripts/check_valgrind.sh sets this): it
 * forks where posix_spawn shares memory, and takes the child that could not become the program for
 * one that ran and lost its memory. */
static inline bool test_absent_programs(void) {
    return !getenv("MHO_IN_VALGRIND");
}

static inline mho_ctx *test_ctx(void) {
    mho_ctx *ctx = NULL;
    assert_int_equal(mho_ctx_new(&ctx), MHO_OK);
    return ctx;
}

#define test_close(got, want, abs_tol, rel_tol)                                                    \
    test_close_at((got), (want), (abs_tol), (rel_tol), #got, __FILE__, __LINE__)

static inline void test_close_at(double got, double want, double abs_tol, double rel_tol,
                                 const char *what, const char *file, int line) {
    double error = fabs(got - want), allowed = abs_tol + rel_tol * fabs(want);
    if (!(error <= allowed)) {
        print_error("%s = %.17g, wanted %.17g: off by %.3g, allowed %.3g\n", what, got, want, error,
                    allowed);
        _fail(file, line);
    }
}

#define test_ok(ctx, call)                                                                         \
    do {                                                                                           \
        mho_status test_status = (call);                                                           \
        if (test_status != MHO_OK) {                                                               \
            print_error("%s: %d, %s\n", #call, (int)test_status, mho_ctx_last_error(ctx));         \
            _fail(__FILE__, __LINE__);                                                             \
        }                                                                                          \
    } while (0)

/* The call fails with this status (or does with a reservation), and the message has each of the
 * parts: the value, where it stands, what is allowed. */
#define test_refused(ctx, call, status, ...)                                                       \
    test_refused_at((ctx), (call), (status), (const char *const[]){__VA_ARGS__, NULL}, #call,      \
                    __FILE__, __LINE__)

static inline void test_refused_at(const mho_ctx *ctx, mho_status got, mho_status want,
                                   const char *const *part, const char *what, const char *file,
                                   int line) {
    const char *said = mho_ctx_last_error(ctx);
    if (got != want) {
        print_error("%s: %d (%s), wanted %d\n", what, (int)got, said, (int)want);
        _fail(file, line);
    }
    for (; *part; part++) {
        if (!strstr(said, *part)) {
            print_error("%s: \"%s\" is not in \"%s\"\n", what, *part, said);
            _fail(file, line);
        }
    }
}

#endif
