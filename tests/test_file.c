/* test_file.c - files are written whole or not at all, and what stands at the place stays what it
 * is: a link a link, a pipe a pipe, a device a device, a protected file as it was. */
#include "test.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static char dir[] = "/tmp/mho-file-XXXXXX";

static int enter(void **state) {
    (void)state;
    return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int leave(void **state) {
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

static void put(const char *path, const char *text) {
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void holds(const char *path, const char *text) {
    char got[64] = "";
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    got[fread(got, 1, sizeof got - 1, f)] = 0;
    fclose(f);
    assert_string_equal(got, text);
}

static mode_t mode_of(const char *path) {
    struct stat st;
    assert_int_equal(lstat(path, &st), 0);
    return st.st_mode;
}

/* what is in the directory besides what the tests put there */
static int n_left(void) {
    int n = 0;
    DIR *d = opendir(".");
    for (struct dirent *e; (e = readdir(d));) {
        n += strstr(e->d_name, ".tmp-") != NULL;
    }
    closedir(d);
    return n;
}

static void a_new_file_has_the_mode_that_umask_says(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mode_t old = umask(027);
    test_ok(ctx, mho_i_file_write(ctx, "new", "abc", 3));
    umask(old);
    holds("new", "abc");
    assert_int_equal(mode_of("new") & 07777, 0640);
    assert_int_equal(n_left(), 0);
    mho_ctx_free(ctx);
}

static void a_file_that_is_replaced_keeps_its_mode(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    put("private", "old");
    assert_int_equal(chmod("private", 0600), 0);
    test_ok(ctx, mho_i_file_write(ctx, "private", "new", 3));
    holds("private", "new");
    assert_int_equal(mode_of("private") & 07777, 0600);
    mho_ctx_free(ctx);
}

static void a_link_stays_and_its_target_is_written(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    assert_int_equal(mkdir("elsewhere", 0777), 0);
    put("elsewhere/target", "old");
    assert_int_equal(symlink("elsewhere/target", "link1"), 0);
    assert_int_equal(symlink("link1", "link2"), 0);
    test_ok(ctx, mho_i_file_writable(ctx, "link2"));
    test_ok(ctx, mho_i_file_write(ctx, "link2", "new", 3));
    assert_true(S_ISLNK(mode_of("link2")));
    assert_true(S_ISREG(mode_of("elsewhere/target")));
    holds("elsewhere/target", "new");
    mho_ctx_free(ctx);
}

static void a_pipe_is_written_to_not_replaced(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    assert_int_equal(mkfifo("pipe", 0666), 0);
    test_ok(ctx, mho_i_file_writable(ctx, "pipe")); /* and does not wait for a reader */
    int reader = open("pipe", O_RDONLY | O_NONBLOCK);
    assert_true(reader >= 0);
    test_ok(ctx, mho_i_file_write(ctx, "pipe", "abc", 3));
    char got[8] = "";
    assert_int_equal(read(reader, got, sizeof got), 3);
    assert_string_equal(got, "abc");
    close(reader);
    assert_true(S_ISFIFO(mode_of("pipe")));
    assert_int_equal(n_left(), 0);
    mho_ctx_free(ctx);
}

static void a_device_stays_a_device(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    if (mknod("null", S_IFCHR | 0666, makedev(1, 3)) != 0 ||
        mknod("full", S_IFCHR | 0666, makedev(1, 7)) != 0 || access("null", W_OK) != 0) {
        print_message("skipped: devices cannot be made here\n");
    } else {
        int fd = open("null", O_WRONLY);
        if (fd >= 0) { /* not on a file system mounted nodev */
            close(fd);
            test_ok(ctx, mho_i_file_write(ctx, "null", "abc", 3));
            assert_int_equal(mho_i_file_write(ctx, "full", "abc", 3), MHO_ERR_IO);
            assert_string_equal(mho_ctx_last_error(ctx),
                                "full: cannot be written: No space left on device");
        }
        assert_true(S_ISCHR(mode_of("null")));
        assert_true(S_ISCHR(mode_of("full")));
    }
    mho_ctx_free(ctx);
}

/* Under a redirection to a file, which must go on with what follows. */
static void standard_output_by_its_name_is_added_to(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    fflush(stdout);
    int keep = dup(1), fd = open("redirected", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0666);
    assert_true(keep >= 0 && fd >= 0 && dup2(fd, 1) == 1 && write(1, "one ", 4) == 4);
    mho_status status = mho_i_file_write(ctx, "/dev/stdout", "two ", 4);
    bool whole = write(1, "three", 5) == 5;
    dup2(keep, 1);
    close(keep);
    close(fd);
    assert_int_equal(status, MHO_OK);
    assert_true(whole);
    holds("redirected", "one two three");
    mho_ctx_free(ctx);
}

static void what_cannot_be_written_stays(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    assert_int_equal(mkdir("folder", 0777), 0);
    assert_int_equal(mho_i_file_write(ctx, "folder", "abc", 3), MHO_ERR_IO);
    assert_string_equal(mho_ctx_last_error(ctx), "folder: is a directory, a file is wanted");
    assert_int_equal(mho_i_file_writable(ctx, "none/x"), MHO_ERR_IO);
    assert_string_equal(mho_ctx_last_error(ctx),
                        "none/x: cannot be written: No such file or directory");
    char path[5000];
    memset(path, 'x', sizeof path);
    path[sizeof path - 1] = 0;
    assert_int_equal(mho_i_file_write(ctx, path, "abc", 3), MHO_ERR_IO);
    if (geteuid() == 0) {
        print_message("skipped in part: root may write everywhere\n");
    } else {
        put("protected", "old");
        assert_int_equal(chmod("protected", 0444), 0);
        assert_int_equal(mho_i_file_writable(ctx, "protected"), MHO_ERR_IO);
        assert_int_equal(mho_i_file_write(ctx, "protected", "new", 3), MHO_ERR_IO);
        holds("protected", "old");
    }
    assert_int_equal(n_left(), 0);
    mho_ctx_free(ctx);
}

static void a_result_that_is_dropped_leaves_nothing(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_i_temp f;
    put("result", "old");
    test_ok(ctx, mho_i_temp_begin(ctx, "result", &f));
    test_ok(ctx, mho_i_temp_put(&f, "half", 4));
    holds("result", "old");
    mho_i_temp_drop(&f);
    mho_i_temp_drop(&f);
    holds("result", "old");
    assert_int_equal(n_left(), 0);
    mho_ctx_free(ctx);
}

static void reading_says_what_is_wrong(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    unsigned char *data;
    size_t n;
    assert_int_equal(mho_i_file_read(ctx, ".", 100, &data, &n), MHO_ERR_IO);
    assert_string_equal(mho_ctx_last_error(ctx), ".: is a directory, a file is wanted");
    assert_int_equal(mho_i_file_read(ctx, "none", 100, &data, &n), MHO_ERR_IO);
    put("five", "12345");
    assert_int_equal(mho_i_file_read(ctx, "five", 4, &data, &n), MHO_ERR_FORMAT);
    assert_null(data);
    test_ok(ctx, mho_i_file_read(ctx, "five", 5, &data, &n));
    assert_int_equal(n, 5);
    assert_string_equal((const char *)data, "12345");
    mho_i_free(ctx, data);
    /* a file whose size is not known before it is read */
    test_ok(ctx, mho_i_file_read(ctx, "/proc/self/maps", 1 << 22, &data, &n));
    assert_true(n > 1000 && data[n] == 0 && strlen((const char *)data) == n);
    mho_i_free(ctx, data);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_file_has_the_mode_that_umask_says),
        cmocka_unit_test(a_file_that_is_replaced_keeps_its_mode),
        cmocka_unit_test(a_link_stays_and_its_target_is_written),
        cmocka_unit_test(a_pipe_is_written_to_not_replaced),
        cmocka_unit_test(a_device_stays_a_device),
        cmocka_unit_test(standard_output_by_its_name_is_added_to),
        cmocka_unit_test(what_cannot_be_written_stays),
        cmocka_unit_test(a_result_that_is_dropped_leaves_nothing),
        cmocka_unit_test(reading_says_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
