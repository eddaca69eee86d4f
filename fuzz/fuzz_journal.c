/* fuzz_journal.c - journals of runs that were cut off. First byte odd: records of mho run; even:
 * lines of mho sweep. As they are, and with check sums that fit. */
#include "mend.h"

#include "study/sweep_int.h"

#include <inttypes.h>

static void read_records(mho_ctx *ctx, const uint8_t *bytes, size_t n, const mho_i_hash *name) {
    mho_i_journal j;
    char hex[33], file[60];
    mho_i_hash_hex(name, hex);
    snprintf(file, sizeof file, "run-%s.journal", hex);
    (void)fuzz_file_in_folder(file, bytes, n);
    if (fuzz_said(ctx, mho_i_journal_open(&j, ctx, name)) == MHO_OK) {
        if (j.n > n / sizeof(mho_i_record)) {
            abort();
        }
        (void)mho_i_journal_find(&j, 1, 2);
        mho_i_journal_close(&j, true);
    }
}

static void records(mho_ctx *ctx, const uint8_t *bytes, size_t n) {
    mho_i_hash name = mho_i_hash_init();
    uint8_t *copy = mend_copy(bytes, n);
    setenv("MHO_CACHE", fuzz_folder(), 1);
    read_records(ctx, bytes, n, &name);
    for (size_t at = 0; at + sizeof(mho_i_record) <= n; at += sizeof(mho_i_record)) {
        mho_i_record *r = malloc(sizeof *r);
        memcpy(r, copy + at, sizeof *r);
        mho_i_hash h = mho_i_hash_init();
        mho_i_hash_add(&h, r, offsetof(mho_i_record, check));
        r->check = h.lo ^ h.hi;
        memcpy(copy + at, r, sizeof *r);
        free(r);
    }
    read_records(ctx, copy, n, &name);
    free(copy);
}

/* What is written is read back, and written again the same. */
static mho_status take(void *user, const mho_i_unit *unit) {
    char line[1024], more[1024];
    mho_i_unit again;
    (void)user;
    int n = mho_i_unit_format(unit, line, sizeof line);
    if (n < 0 || (size_t)n >= sizeof line || !mho_i_unit_parse(line, (size_t)n, &again) ||
        mho_i_unit_format(&again, more, sizeof more) != n || memcmp(line, more, (size_t)n) != 0) {
        abort();
    }
    return MHO_OK;
}

static void read_lines(mho_ctx *ctx, const uint8_t *bytes, size_t n) {
    (void)fuzz_file_in_folder("rank-00000.journal", bytes, n);
    (void)fuzz_said(ctx, mho_i_sweep_journal_read(ctx, fuzz_folder(), take, NULL));
}

static void lines(mho_ctx *ctx, const uint8_t *bytes, size_t n) {
    uint8_t *copy = mend_copy(bytes, n);
    read_lines(ctx, bytes, n);
    for (size_t from = 0; from < n;) {
        uint8_t *end = memchr(copy + from, '\n', n - from);
        size_t len = end ? (size_t)(end - copy) - from : n - from;
        if (len > 17) {
            char check[17];
            mho_i_hash h = mho_i_hash_init();
            mho_i_hash_add(&h, copy + from + 17, len - 17);
            snprintf(check, sizeof check, "%016" PRIx64, h.lo ^ h.hi);
            memcpy(copy + from, check, 16);
        }
        from += len + 1;
    }
    read_lines(ctx, copy, n);
    free(copy);
}

void fuzz_one(mho_ctx *ctx, const uint8_t *bytes, size_t n) {
    if (n) {
        (bytes[0] & 1 ? records : lines)(ctx, bytes + 1, n - 1);
    }
}
