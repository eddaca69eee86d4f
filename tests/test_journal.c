/* test_journal.c - finished chips survive what a kill or a full disk leaves of the journal. */
#include "study/study_int.h"
#include "test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void add(mho_i_journal *j, uint32_t instance) {
    mho_i_record r = {.instance = instance, .accuracy = 0.5 + instance};
    test_ok(j->ctx, mho_i_journal_add(j, &r));
}

static void a_torn_record_costs_only_itself(void **state) {
    (void)state;
    char dir[] = "/tmp/mho-journal-XXXXXX", path[4096];
    assert_non_null(mkdtemp(dir));
    assert_int_equal(setenv("MHO_CACHE", dir, 1), 0);
    mho_ctx *ctx = test_ctx();
    mho_i_hash name = mho_i_hash_init();
    mho_i_journal j;
    test_ok(ctx, mho_i_journal_open(&j, ctx, &name));
    for (uint32_t k = 1; k <= 3; k++) {
        add(&j, k);
    }
    snprintf(path, sizeof path, "%s", j.path);
    mho_i_journal_close(&j, false);
    assert_int_equal(truncate(path, 2 * (off_t)sizeof(mho_i_record) + 37), 0);

    test_ok(ctx, mho_i_journal_open(&j, ctx, &name));
    assert_int_equal(j.n, 2);
    add(&j, 4);
    add(&j, 5);
    mho_i_journal_close(&j, false);

    test_ok(ctx, mho_i_journal_open(&j, ctx, &name));
    assert_int_equal(j.n, 4);
    assert_null(mho_i_journal_find(&j, 3, 0));
    test_close(mho_i_journal_find(&j, 5, 0)->accuracy, 5.5, 0, 0);
    mho_i_journal_close(&j, true);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(rmdir(dir), 0);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_torn_record_costs_only_itself)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
