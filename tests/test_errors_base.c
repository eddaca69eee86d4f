/* test_errors_base.c - every message of base and io: what is wrong, where, what is allowed.
 * Failures of the operating system are made by replacing its functions in this program. */
#define _GNU_SOURCE
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/base_int.h"
#include "io/idx_int.h"
#include "io/io_int.h"
#include "io/picture_int.h"

static char dir[] = "/tmp/mho-errors-XXXXXX";
static char path[64], long_path[5000];
static bool no_sync, no_mode, no_stat, no_access, no_real, no_read;
static int sync_errno = EIO;

ssize_t read(int fd, void *to, size_t n) {
    errno = EIO;
    return no_read ? -1 : syscall(SYS_read, fd, to, n);
}

int fsync(int fd) {
    errno = sync_errno;
    return no_sync ? -1 : (int)syscall(SYS_fsync, fd);
}

int fchmod(int fd, mode_t mode) {
    errno = EPERM;
    return no_mode ? -1 : (int)syscall(SYS_fchmod, fd, mode);
}

int fstat(int fd, struct stat *st) {
    errno = EIO;
    return no_stat ? -1 : fstatat(fd, "", st, AT_EMPTY_PATH);
}

int access(const char *file, int mode) {
    errno = EACCES;
    return no_access ? -1 : faccessat(AT_FDCWD, file, mode, 0);
}

char *realpath(const char *file, char *out) {
    errno = ELOOP;
    if (no_real) {
        return NULL;
    }
    ssize_t n = readlink(file, out, 4095); /* enough for what these tests link */
    out[n > 0 ? n : 0] = 0;
    return n > 0 ? out : NULL;
}

static int set_up(void **state) {
    (void)state;
    bool made = mkdtemp(dir);
    snprintf(path, sizeof path, "%s/a", dir);
    memset(long_path, 'x', sizeof long_path - 1);
    return made ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    unlink(path);
    return rmdir(dir);
}

/* writes beyond n bytes of a file fail from now on, as on a full disk; -1: no longer */
static void limit_files(long n) {
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit r;
    getrlimit(RLIMIT_FSIZE, &r);
    r.rlim_cur = n < 0 ? r.rlim_max : (rlim_t)n;
    setrlimit(RLIMIT_FSIZE, &r);
}

static void files_that_cannot_be_read_or_written_say_why(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    unsigned char *data;
    size_t n;
    char out[64];
    test_refused(ctx, mho_i_file_read(ctx, "/proc/self/mem", 100, &data, &n), MHO_ERR_IO,
                 "/proc/self/mem: cannot be read: Input/output error");
    assert_null(data);
    test_ok(ctx, mho_i_file_write(ctx, path, "old", 3));
    limit_files(1000);
    static const char zeros[4096];
    test_refused(ctx, mho_i_file_write(ctx, path, zeros, sizeof zeros), MHO_ERR_IO, path,
                 "cannot be written: File too large");
    limit_files(-1);
    no_sync = true;
    test_refused(ctx, mho_i_file_write(ctx, path, "new", 3), MHO_ERR_IO, path,
                 "cannot be synced: Input/output error");
    no_sync = false;
    no_mode = true;
    test_refused(ctx, mho_i_file_write(ctx, path, "new", 3), MHO_ERR_IO, path, "cannot be written");
    no_mode = false;
    test_refused(ctx, mho_i_file_write(ctx, dir, "new", 3), MHO_ERR_IO, dir,
                 "is a directory, a file is wanted");
    test_refused(ctx, mho_i_file_write(ctx, long_path, "new", 3), MHO_ERR_IO, "xxx...",
                 "the path is too long");
    test_refused(ctx, mho_i_file_writable(ctx, long_path), MHO_ERR_IO, "the path is too long");
    test_refused(ctx, mho_i_file_writable(ctx, dir), MHO_ERR_IO, dir, "a file is wanted");
    test_refused(ctx, mho_i_mkdirs(ctx, long_path), MHO_ERR_IO, "the path is too long");
    test_refused(ctx, mho_i_mkdirs(ctx, "/dev/null/x"), MHO_ERR_IO, "/dev/null/x",
                 "cannot be made: Not a directory");
    test_refused(ctx, mho_i_path_join(ctx, "/there", long_path, out, sizeof out), MHO_ERR_IO,
                 "/there.../xxx", "the path is too long");
    test_ok(ctx, mho_i_path_join(ctx, "/there", "a", out, sizeof out));
    assert_string_equal(out, "/there/a");
    setenv("MHO_CACHE", long_path, 1);
    test_refused(ctx, mho_i_cache_dir(ctx, out, sizeof out), MHO_ERR_IO, "cache directory", "xxx",
                 "too long");
    unsetenv("MHO_CACHE");
    test_ok(ctx, mho_i_file_read(ctx, path, 100, &data, &n)); /* none of it touched the old file */
    assert_string_equal((char *)data, "old");
    mho_i_free(ctx, data);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

/* Between begin and commit anything may happen to the place. */
static void places_that_vanish_are_noticed(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    unsigned char *data;
    size_t n;
    no_stat = true;
    test_refused(ctx, mho_i_file_read(ctx, "/etc/passwd", 1 << 20, &data, &n), MHO_ERR_IO,
                 "/etc/passwd: cannot be read: Input/output error");
    no_stat = false;
    char folder[64], file[80];
    snprintf(folder, sizeof folder, "%s/b", dir);
    snprintf(file, sizeof file, "%s/c", folder);
    mho_i_temp f;
    test_ok(ctx, mho_i_mkdirs(ctx, folder));
    test_ok(ctx, mho_i_temp_begin(ctx, file, &f));
    test_ok(ctx, mho_i_temp_put(&f, "new", 3));
    assert_int_equal(mkdir(file, 0700), 0); /* a folder takes the place */
    test_refused(ctx, mho_i_temp_commit(&f), MHO_ERR_IO, file, "cannot be written: Is a directory");
    rmdir(file);
    test_ok(ctx, mho_i_temp_begin(ctx, file, &f));
    sync_errno = EINVAL; /* a file system that cannot sync, and a file that somebody closed */
    no_sync = true;
    close(f.fd);
    mho_status status = mho_i_temp_commit(&f);
    no_sync = false;
    sync_errno = EIO;
    test_refused(ctx, status, MHO_ERR_IO, file, "cannot be written: ");
    no_access = true; /* a system without /proc gives the file a name at once */
    test_ok(ctx, mho_i_temp_begin(ctx, file, &f));
    no_access = false;
    assert_true(f.temp[0]);
    sync_errno = EINVAL;
    no_sync = true;
    close(f.fd);
    status = mho_i_temp_commit(&f);
    no_sync = false;
    sync_errno = EIO;
    test_refused(ctx, status, MHO_ERR_IO, file, "cannot be written: Bad file descriptor");
    test_ok(ctx, mho_i_file_write(ctx, file, "old", 3));
    no_access = true; /* a file that is protected is not replaced */
    test_refused(ctx, mho_i_file_write(ctx, file, "new", 3), MHO_ERR_IO, file,
                 "cannot be written: Permission denied");
    no_access = false;
    char link[80];
    snprintf(link, sizeof link, "%s/d", folder);
    assert_int_equal(symlink(file, link), 0);
    no_real = true;
    test_refused(ctx, mho_i_file_write(ctx, link, "new", 3), MHO_ERR_IO, link,
                 "cannot be written: Too many levels of symbolic links");
    no_real = false;
    test_ok(ctx, mho_i_file_write(ctx, link, "new", 3)); /* through the link, which stays */
    test_ok(ctx, mho_i_file_read(ctx, file, 10, &data, &n));
    assert_string_equal((char *)data, "new");
    mho_i_free(ctx, data);
    unlink(link);
    unlink(file);
    test_ok(ctx, mho_i_temp_begin(ctx, file, &f));
    test_ok(ctx, mho_i_temp_put(&f, "new", 3));
    if (!f.temp[0]) { /* a file without a name until now */
        rmdir(folder);
        test_refused(ctx, mho_i_temp_commit(&f), MHO_ERR_IO, file,
                     "cannot be written: No such file or directory");
    } else {
        mho_i_temp_drop(&f);
        rmdir(folder);
    }
    mho_ctx_free(ctx);
}

static void threads_and_children_are_checked(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    test_refused(ctx, mho_ctx_set_threads(ctx, 0), MHO_ERR_ARG, "threads = 0", "1 to 1024");
    test_refused(ctx, mho_ctx_set_threads(ctx, 1025), MHO_ERR_ARG, "threads = 1025", "1 to 1024");
    assert_true(mho_ctx_threads(ctx) >= 1);
    int code;
    static const char *const echo[] = {"echo", "a word", NULL};
    no_read = true;
    mho_status status = mho_i_child_run(ctx, echo, "", 0, 20, NULL, NULL, &code);
    no_read = false;
    test_refused(ctx, status, MHO_ERR_DEPENDENCY,
                 "echo: its output cannot be read: Input/output error");
    static const char *const no_program[] = {"/etc/passwd", NULL};
    if (test_absent_programs()) {
        test_refused(ctx, mho_i_child_run(ctx, no_program, "", 0, 20, NULL, NULL, &code),
                     MHO_ERR_DEPENDENCY, "/etc/passwd cannot be started: Permission denied");
    }
    mho_ctx_free(ctx);
}

static void every_status_has_a_text(void **state) {
    (void)state;
    for (int k = -9; k <= 1; k++) {
        assert_string_not_equal(mho_status_text((mho_status)k), "unknown status");
    }
    assert_string_equal(mho_status_text((mho_status)-77), "unknown status");
}

static void arrays_that_no_file_can_hold_are_refused(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    const double one = 1;
    mho_npy_view v = {"x", 1, {1}, &one, NULL};
    test_refused(ctx, mho_npz_save(ctx, path, 0, &v), MHO_ERR_ARG, "0 arrays", "1 to");
    v.name = long_path;
    test_refused(ctx, mho_npz_save(ctx, path, 1, &v), MHO_ERR_ARG, "\"xxx", "of 4999 bytes",
                 "1 to 200");
    v = (mho_npy_view){"big", 2, {1 << 16, 1 << 14}, &one, NULL};
    test_refused(ctx, mho_npz_save(ctx, path, 1, &v), MHO_ERR_ARG, "big: ", "8 GiB", "below 4 GiB");
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void idx_sizes_beyond_any_memory_are_refused(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    static const unsigned char huge[] = {0,    0,    8,    3,    0xff, 0xff, 0xff, 0xff,
                                         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    const size_t any[3] = {SIZE_MAX, SIZE_MAX, SIZE_MAX};
    mho_i_idx idx;
    test_ok(ctx, mho_i_file_write(ctx, path, huge, sizeof huge));
    test_refused(ctx, mho_i_idx_read(ctx, path, 3, any, &idx), MHO_ERR_FORMAT, path,
                 "byte 12: size 4294967295 of dimension 3", "more than 18446744073709551615");
    mho_ctx_free(ctx);
}

static void csv_lines_wider_than_a_table_are_refused(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_i_text t;
    mho_i_text_init(&t, ctx);
    mho_i_text_add(&t, "1");
    for (int k = 0; k < 4096; k++) {
        mho_i_text_put(&t, ",1", 2);
    }
    mho_i_text_add(&t, "\n1,2\n1,2\n1,2\n");
    mho_i_csv *c;
    test_refused(ctx, mho_i_csv_parse(ctx, "f.csv", t.data, t.len, &c), MHO_ERR_FORMAT,
                 "f.csv:1:", "more than 4096 cells");
    mho_i_text_free(&t);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void yaml_says_where_it_is_none(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_i_yaml *doc;
    const char *open_list = "a: 1\nb: [\n", *directive = "a: 1\n%YAML 1.2\n";
    test_refused(ctx, mho_i_yaml_parse(ctx, "f.yaml", open_list, strlen(open_list), &doc),
                 MHO_ERR_FORMAT, "f.yaml:", "not YAML: ");
    const char *zero = "a: \"b\\0c\"\n";
    test_refused(ctx, mho_i_yaml_parse(ctx, "f.yaml", zero, strlen(zero), &doc), MHO_ERR_FORMAT,
                 "f.yaml:1:4: a text with a byte 0 in it");
    static const char deep[] = "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[";
    test_refused(ctx, mho_i_yaml_parse(ctx, "f.yaml", deep, strlen(deep), &doc), MHO_ERR_FORMAT,
                 "f.yaml:1:33: lists and mappings are nested more than 32 deep");
    /* what libfyaml, which read these files before, did not survive, or lost memory over */
    static const char *const cruel[] = {"? ::\t?: ? :", "? : ? :\n?\t::", "'\r\r'\r\r''\r'"};
    for (size_t k = 0; k < sizeof cruel / sizeof *cruel; k++) {
        if (mho_i_yaml_parse(ctx, "f.yaml", cruel[k], strlen(cruel[k]), &doc) == MHO_OK) {
            mho_i_yaml_free(doc);
        }
    }
    assert_null(doc);
    const char *two = "a: 1\n---\nb: 2\n";
    test_refused(ctx, mho_i_yaml_parse(ctx, "f.yaml", two, strlen(two), &doc), MHO_ERR_FORMAT,
                 "f.yaml: several documents; one is wanted");
    test_refused(ctx, mho_i_yaml_parse(ctx, "f.yaml", directive, strlen(directive), &doc),
                 MHO_ERR_FORMAT, "f.yaml:2:", "begins with %", "not allowed");
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void pictures_end_where_they_say(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    enum { N = 300 };
    static char pgm[15 + N * N] = "P5\n300 300\n255\n";
    static float luma[N];
    mho_i_picture *p;
    test_ok(ctx, mho_i_file_write(ctx, path, pgm, sizeof pgm));
    test_ok(ctx, mho_i_picture_open(ctx, path, &p));
    assert_int_equal(truncate(path, 50000), 0); /* by somebody else, while we read */
    mho_status status = MHO_OK;
    for (int r = 0; r < N && status == MHO_OK; r++) {
        status = mho_i_picture_row(p, luma);
    }
    test_refused(ctx, status, MHO_ERR_FORMAT, path, "the file ends in row 166 of 300");
    mho_i_picture_close(p);
    test_ok(ctx, mho_i_file_write(ctx, path, "P5 2 1 255\n..", 13));
    test_ok(ctx, mho_i_picture_open(ctx, path, &p));
    test_ok(ctx, mho_i_picture_row(p, luma));
    test_refused(ctx, mho_i_picture_row(p, luma), MHO_ERR_ARG, path, "all 1 rows are read");
    mho_i_picture_close(p);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void large_interlaced_pictures_are_refused(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    static const unsigned char head[] = {0x89, 'P', 'N',  'G',  '\r', '\n', 0x1a, '\n', 0,    0,
                                         0,    13,  'I',  'H',  'D',  'R',  0,    0,    0x27, 0x10,
                                         0,    0,   0x27, 0x10, 8,    0,    0,    0,    1};
    unsigned char png[sizeof head + 12] = {0};
    memcpy(png, head, sizeof head);
    static const unsigned char crc_idat[] = {0xe8, 0x22, 0x0d, 0x6d, 0,   0,
                                             0,    0,    'I',  'D',  'A', 'T'};
    memcpy(png + sizeof head, crc_idat, sizeof crc_idat);
    mho_i_picture *p;
    test_ok(ctx, mho_i_file_write(ctx, path, png, sizeof png));
    assert_int_equal(truncate(path, 10000000), 0); /* a hole: long enough to be believed */
    test_refused(ctx, mho_i_picture_open(ctx, path, &p), MHO_ERR_FORMAT, path, "10000 x 10000",
                 "interlaced", "at most 64 megapixels");
    assert_null(p);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void a_png_that_cannot_be_written_leaves_nothing(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    enum { N = 2000 };
    static uint8_t noise[N];
    mho_i_png_out *w;
    unlink(path);
    test_refused(ctx, mho_i_png_out_open(ctx, path, 3, 0, &w), MHO_ERR_INTERNAL, path, "libpng: ");
    assert_null(w);
    for (int at_end = 0; at_end <= 1; at_end++) {
        test_ok(ctx, mho_i_png_out_open(ctx, path, N, N, &w));
        limit_files(at_end ? -1 : 10000);
        mho_status status = MHO_OK;
        for (uint32_t r = 0; r < N && status == MHO_OK; r++) {
            for (uint32_t k = 0; k < N; k += 4) {
                uint32_t x[4];
                mho_i_rng_u32x4(1, MHO_RNG_TEST, r, k, 0, x);
                memcpy(noise + k, x, 4);
            }
            status = mho_i_png_out_row(w, noise);
        }
        limit_files(10000);
        if (at_end) {
            assert_int_equal(status, MHO_OK);
            status = mho_i_png_out_finish(w);
        } else {
            mho_i_png_out_drop(w);
        }
        test_refused(ctx, status, MHO_ERR_IO, path, "cannot be written");
        limit_files(-1);
        assert_false(mho_i_file_exists(path));
    }
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_that_cannot_be_read_or_written_say_why),
        cmocka_unit_test(places_that_vanish_are_noticed),
        cmocka_unit_test(threads_and_children_are_checked),
        cmocka_unit_test(every_status_has_a_text),
        cmocka_unit_test(arrays_that_no_file_can_hold_are_refused),
        cmocka_unit_test(idx_sizes_beyond_any_memory_are_refused),
        cmocka_unit_test(csv_lines_wider_than_a_table_are_refused),
        cmocka_unit_test(yaml_says_where_it_is_none),
        cmocka_unit_test(pictures_end_where_they_say),
        cmocka_unit_test(large_interlaced_pictures_are_refused),
        cmocka_unit_test(a_png_that_cannot_be_written_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
