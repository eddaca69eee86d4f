/* test_child.c - other programs as children: input, output, exit status, absence, hanging, gnuplot.
 */
#include "test.h"

#include <stdlib.h>
#include <unistd.h>

#include "report/report_int.h"

static void a_child_gets_its_input_and_gives_its_output(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    enum { N = 3000001 }; /* far over the capacity of a pipe: both directions must interleave */
    char *big = malloc(N);
    memset(big, 'x', N);
    mho_i_text out, err;
    mho_i_text_init(&out, ctx);
    mho_i_text_init(&err, ctx);
    int code;
    static const char *const cat[] = {"cat", NULL};
    test_ok(ctx, mho_i_child_run(ctx, cat, big, N, 20, &out, &err, &code));
    assert_int_equal(code, 0);
    assert_int_equal(out.len, N);
    assert_memory_equal(out.data, big, N);
    static const char *const sh[] = {"sh", "-c", "echo no >&2; exit 7", NULL};
    test_ok(ctx, mho_i_child_run(ctx, sh, big, N, 20, &out, &err, &code)); /* never reads */
    assert_int_equal(code, 7);
    assert_string_equal(err.data, "no\n");
    mho_i_text_free(&out);
    mho_i_text_free(&err);
    free(big);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void absent_and_hanging_programs_are_errors(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    int code;
    static const char *const absent[] = {"mho-no-such-program", NULL};
    if (test_absent_programs()) {
        test_refused(ctx, mho_i_child_run(ctx, absent, "", 0, 20, NULL, NULL, &code),
                     MHO_ERR_DEPENDENCY, "mho-no-such-program is not installed");
    }
    static const char *const wrapper[] = {"sh", "-c", "mho-no-such-program 2>/dev/null", NULL};
    test_refused(ctx, mho_i_child_run(ctx, wrapper, "", 0, 20, NULL, NULL, &code),
                 MHO_ERR_DEPENDENCY, "sh cannot be run", "exit status 127");
    static const char *const hangs[] = {"sleep", "600", NULL};
    assert_int_equal(mho_i_child_run(ctx, hangs, "", 0, 0.2, NULL, NULL, &code),
                     MHO_ERR_DEPENDENCY);
    assert_int_equal(code, 128 + 9);
    mho_ctx_free(ctx);
}

static void gnuplot_draws_or_says_why_not(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_i_text script, out;
    mho_i_text_init(&script, ctx);
    mho_i_text_init(&out, ctx);
    mho_i_text_add(&script, "set terminal svg\nset title ");
    mho_i_gnuplot_quote(&script, "g_S {5 %} \"a\\b\" x&y");
    mho_i_text_add(&script, "\nplot x title 'x'\n");
    test_ok(ctx, mho_i_gnuplot_run(ctx, script.data, script.len, &out));
    assert_non_null(strstr(out.data, "</svg>"));
    assert_non_null(strstr(out.data, "g_S {5 %} \"a\\b\" x and y"));
    const char *bad = "set terminal svg\nplot nonsense(x)\n";
    assert_int_equal(mho_i_gnuplot_run(ctx, bad, strlen(bad), &out), MHO_ERR_INTERNAL);
    assert_non_null(strstr(mho_ctx_last_error(ctx), "nonsense"));
    mho_i_text_free(&script);
    mho_i_text_free(&out);
    mho_ctx_free(ctx);
}

static void a_map_survives_failing_memory(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    char path[] = "/tmp/mho-test-map-XXXXXX";
    close(mkstemp(path));
    const double value[6] = {0, 1e-3, NAN, -2e-3, INFINITY, 5e-4};
    const mho_map map = {2, 3, value, "V", "title", "voltage", "column", "row"};
    mho_status status = MHO_ERR_NOMEM;
    for (size_t n = 1; status == MHO_ERR_NOMEM && n < 100; n++) {
        mho_ctx_fail_alloc(ctx, n);
        status = mho_map_save_png(ctx, &map, path);
        mho_ctx_fail_alloc(ctx, 0);
        assert_int_equal(mho_ctx_bytes(ctx), 0);
    }
    assert_int_equal(status, MHO_OK);
    unsigned char *png;
    size_t n_byte;
    test_ok(ctx, mho_i_file_read(ctx, path, 1 << 24, &png, &n_byte));
    assert_memory_equal(png, "\x89PNG", 4);
    mho_i_free(ctx, png);
    const mho_map empty = {0, 3, value, "V", "title", "voltage", "column", "row"};
    assert_int_equal(mho_map_save_png(ctx, &empty, path), MHO_ERR_DIM);
    unlink(path);
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_gets_its_input_and_gives_its_output),
        cmocka_unit_test(absent_and_hanging_programs_are_errors),
        cmocka_unit_test(gnuplot_draws_or_says_why_not),
        cmocka_unit_test(a_map_survives_failing_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
