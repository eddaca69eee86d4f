/* test_image_io.c - every flavour of PNG against its samples folded by hand, PGM, hostile files,
 * the writer. Files are made here with libpng or byte by byte. */
#define _GNU_SOURCE
#include "test.h"

#include "io/io_int.h"

#include <fcntl.h>
#include <png.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static char dir[] = "/tmp/mho-image-XXXXXX";
static char path[64];

static int set_up(void **state) {
    (void)state;
    bool made = mkdtemp(dir);
    snprintf(path, sizeof path, "%s/a.png", dir);
    return made ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    unlink(path);
    return rmdir(dir);
}

enum { W = 37, H = 29 };

/* ---- a disk that fails in the middle of a file ---- */

static int reads_left = -1; /* calls that the stream behind the library serves; -1: all */

size_t fread(void *to, size_t size, size_t n, FILE *f) {
    if (reads_left == 0) {
        int fd = open("/dev/null", O_WRONLY);
        dup2(fd, fileno(f)); /* what is not in the buffer yet cannot be read */
        close(fd);
    }
    reads_left -= reads_left >= 0;
    return (fread_unlocked)(to, size, n, f);
}

typedef struct flavour {
    int type, depth;
    bool laced, trans;
} flavour;

/* sample s of pixel x, y; samples of a palette are indices */
static unsigned sample(int x, int y, int s, int depth) {
    uint32_t r[4];
    mho_i_rng_u32x4(5, MHO_RNG_TEST, (uint32_t)x, (uint32_t)y, (uint32_t)s, r);
    return r[0] & ((1u << depth) - 1);
}

static void put_sample(png_byte *row, int k, int depth, unsigned v) {
    if (depth == 16) {
        row[2 * k] = (png_byte)(v >> 8);
        row[2 * k + 1] = (png_byte)(v & 255);
    } else {
        int per = 8 / depth;
        row[k / per] |= (png_byte)(v << (8 - depth * (k % per + 1)));
    }
}

static void write_png(const flavour *f) {
    static png_byte rows[H][W * 8];
    png_bytep at[H];
    FILE *file = fopen(path, "wb");
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    int n = f->type == PNG_COLOR_TYPE_RGB          ? 3
            : f->type == PNG_COLOR_TYPE_RGB_ALPHA  ? 4
            : f->type == PNG_COLOR_TYPE_GRAY_ALPHA ? 2
                                                   : 1;
    png_init_io(png, file);
    png_set_IHDR(png, info, W, H, f->depth, f->type,
                 f->laced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, 0, 0);
    if (f->type == PNG_COLOR_TYPE_PALETTE) {
        png_color colour[256];
        png_byte alpha[256];
        for (int k = 0; k < 256; k++) {
            colour[k] = (png_color){(png_byte)(k * 7), (png_byte)(255 - k * 3), (png_byte)(k * 31)};
            alpha[k] = (png_byte)(k * 13);
        }
        png_set_PLTE(png, info, colour, 1 << f->depth);
        if (f->trans) {
            png_set_tRNS(png, info, alpha, 1 << f->depth, NULL);
        }
    }
    memset(rows, 0, sizeof rows);
    for (int y = 0; y < H; y++) {
        at[y] = rows[y];
        for (int x = 0; x < W; x++) {
            for (int s = 0; s < n; s++) {
                put_sample(rows[y], x * n + s, f->depth, sample(x, y, s, f->depth));
            }
        }
    }
    png_write_info(png, info);
    png_write_image(png, at);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    fclose(file);
}

static double wanted(const flavour *f, int x, int y) {
    double top = (1 << f->depth) - 1, v[4], a = 1;
    for (int s = 0; s < 4; s++) {
        v[s] = sample(x, y, s, f->depth) / top;
    }
    if (f->type == PNG_COLOR_TYPE_PALETTE) {
        int k = (int)sample(x, y, 0, f->depth);
        v[0] = (png_byte)(k * 7) / 255.0;
        v[1] = (png_byte)(255 - k * 3) / 255.0;
        v[2] = (png_byte)(k * 31) / 255.0;
        a = f->trans ? (png_byte)(k * 13) / 255.0 : 1;
    } else if (f->type == PNG_COLOR_TYPE_GRAY_ALPHA) {
        a = v[1];
    } else if (f->type == PNG_COLOR_TYPE_RGB_ALPHA) {
        a = v[3];
    }
    bool colour = f->type & PNG_COLOR_MASK_COLOR;
    double luma = colour ? 0.299 * v[0] + 0.587 * v[1] + 0.114 * v[2] : v[0];
    return a * luma + 1 - a;
}

static void every_flavour_is_read(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    const int kinds[][2] = {{0, 1}, {0, 2}, {0, 4}, {0, 8}, {0, 16}, {2, 8}, {2, 16}, {3, 1},
                            {3, 2}, {3, 4}, {3, 8}, {4, 8}, {4, 16}, {6, 8}, {6, 16}};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        for (int way = 0; way < 4; way++) {
            flavour f = {kinds[k][0], kinds[k][1], way & 1, way & 2};
            size_t n_row, n_col;
            float *luma;
            write_png(&f);
            test_ok(ctx, mho_i_picture_load(ctx, path, &n_row, &n_col, &luma));
            assert_int_equal(n_row, H);
            assert_int_equal(n_col, W);
            for (int j = 0; j < W * H; j++) {
                test_close((double)luma[j], wanted(&f, j % W, j / W), 1e-5, 0);
            }
            mho_i_free(ctx, luma);
        }
    }
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

/* ---- hostile files ---- */

typedef struct bytes {
    unsigned char *data;
    size_t n;
} bytes;

static void put(bytes *b, const void *data, size_t n) {
    b->data = realloc(b->data, b->n + n + 1);
    if (n) {
        memcpy(b->data + b->n, data, n);
    }
    b->n += n;
}

static void put_u32(bytes *b, uint32_t v) {
    unsigned char c[4] = {(unsigned char)(v >> 24), (unsigned char)(v >> 16),
                          (unsigned char)(v >> 8), (unsigned char)v};
    put(b, c, 4);
}

static void put_chunk(bytes *b, const char *type, const void *data, size_t n) {
    put_u32(b, (uint32_t)n);
    put(b, type, 4);
    put(b, data, n);
    uLong crc = crc32(0, b->data + b->n - n - 4, (uInt)(n + 4));
    put_u32(b, (uint32_t)crc);
}

static void put_header(bytes *b, uint32_t n_col, uint32_t n_row, int depth, int type, int laced) {
    unsigned char h[13] = {0};
    put(b, "\x89PNG\r\n\x1a\n", 8);
    for (int k = 0; k < 4; k++) {
        h[k] = (unsigned char)(n_col >> (24 - 8 * k));
        h[4 + k] = (unsigned char)(n_row >> (24 - 8 * k));
    }
    h[8] = (unsigned char)depth;
    h[9] = (unsigned char)type;
    h[12] = (unsigned char)laced;
    put_chunk(b, "IHDR", h, 13);
}

/* n zeros, deflated; prefix before them */
static bytes packed_zeros(const char *prefix, size_t n_prefix, size_t n) {
    bytes out = {0};
    unsigned char *zeros = calloc(n, 1);
    uLong size = compressBound((uLong)n);
    unsigned char *packed = malloc(size);
    assert_int_equal(compress2(packed, &size, zeros, (uLong)n, 9), Z_OK);
    put(&out, prefix, n_prefix);
    put(&out, packed, size);
    free(packed);
    free(zeros);
    return out;
}

static void save(const bytes *b, size_t n) {
    FILE *f = fopen(path, "wb");
    assert_int_equal(fwrite(b->data, 1, n, f), n);
    fclose(f);
}

static mho_status load(mho_ctx *ctx) {
    size_t n_row, n_col;
    float *luma;
    mho_status status = mho_i_picture_load(ctx, path, &n_row, &n_col, &luma);
    mho_i_free(ctx, luma);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    return status;
}

static bytes read_back(void) {
    bytes b = {0};
    FILE *f = fopen(path, "rb");
    unsigned char buf[4096];
    for (size_t n; (n = fread(buf, 1, sizeof buf, f)) > 0;) {
        put(&b, buf, n);
    }
    fclose(f);
    return b;
}

static void truncated_and_damaged_files_are_refused(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    for (int laced = 0; laced < 2; laced++) {
        write_png(&(flavour){PNG_COLOR_TYPE_RGB, 8, laced, false});
        bytes b = read_back();
        for (size_t n = 0; n < b.n; n += n < 64 ? 1 : 97) {
            save(&b, n);
            assert_int_equal(load(ctx), MHO_ERR_FORMAT);
            assert_non_null(strstr(mho_ctx_last_error(ctx), path));
        }
        for (size_t k = 0; k < b.n; k += k < 64 ? 1 : 89) {
            b.data[k] ^= 0x10; /* the CRC of its chunk is wrong, or its length, or the CRC itself */
            save(&b, b.n);
            assert_int_equal(load(ctx), MHO_ERR_FORMAT);
            b.data[k] ^= 0x10;
        }
        save(&b, b.n);
        assert_int_equal(load(ctx), MHO_OK);
        free(b.data);
    }
    mho_ctx_free(ctx);
}

static void headers_that_lie_are_refused_at_once(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    const struct {
        uint32_t n_col, n_row;
        int laced;
        const char *says;
    } lies[] = {{100000, 100000, 0, "megapixels"},    {2000000, 1, 0, "sides"},
                {0x7fffffff, 0x7fffffff, 0, "sides"}, {30000, 30000, 0, "cannot hold"},
                {9000, 9000, 1, "cannot hold"},       {0, 5, 0, "broken PNG"}};
    for (size_t k = 0; k < sizeof lies / sizeof *lies; k++) {
        bytes b = {0};
        put_header(&b, lies[k].n_col, lies[k].n_row, 8, 0, lies[k].laced);
        put_chunk(&b, "IDAT", "\x78\x9c\x63\x00", 4);
        put_chunk(&b, "IEND", "", 0);
        save(&b, b.n);
        assert_int_equal(load(ctx), MHO_ERR_FORMAT);
        assert_non_null(strstr(mho_ctx_last_error(ctx), lies[k].says));
        free(b.data);
    }
    assert_true(mho_ctx_peak_bytes(ctx) < 200000);
    mho_ctx_free(ctx);
}

/* Chunks that unpack to 30 MB, and pixels that unpack beyond the picture. */
static void bombs_stay_small(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    bytes text = packed_zeros("Comment\0\0", 9, 30000000);
    bytes profile = packed_zeros("icc\0\0", 5, 30000000);
    bytes pixels = packed_zeros("", 0, 50 * 51), more = packed_zeros("", 0, 30000000);
    for (int kind = 0; kind < 4; kind++) {
        bytes b = {0};
        put_header(&b, 50, 50, 8, 0, 0);
        for (int k = 0; k < (kind == 2 ? 20000 : 1); k++) {
            kind == 0   ? put_chunk(&b, "zTXt", text.data, text.n)
            : kind == 1 ? put_chunk(&b, "iCCP", profile.data, profile.n)
            : kind == 2 ? put_chunk(&b, "tEXt", "a\0b", 3)
                        : (void)0;
        }
        put_chunk(&b, "IDAT", kind == 3 ? more.data : pixels.data, kind == 3 ? more.n : pixels.n);
        put_chunk(&b, "IEND", "", 0);
        save(&b, b.n);
        mho_status status = load(ctx);
        assert_true(kind == 3 ? status == MHO_OK || status == MHO_ERR_FORMAT : status == MHO_OK);
        free(b.data);
    }
    assert_true(mho_ctx_peak_bytes(ctx) < 1000000);
    free(text.data);
    free(profile.data);
    free(pixels.data);
    free(more.data);
    mho_ctx_free(ctx);
}

static void no_memory_is_survived(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    for (int laced = 0; laced < 2; laced++) {
        write_png(&(flavour){PNG_COLOR_TYPE_RGB, 16, laced, false});
        mho_status status = MHO_ERR_NOMEM;
        for (size_t n = 1; n < 100 && status != MHO_OK; n++) {
            mho_ctx_fail_alloc(ctx, n);
            status = load(ctx);
            assert_true(status == MHO_OK || status == MHO_ERR_NOMEM);
            mho_ctx_fail_alloc(ctx, 0);
        }
        assert_int_equal(status, MHO_OK);
    }
    mho_ctx_free(ctx);
}

static void disks_that_fail_are_told(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    write_png(&(flavour){PNG_COLOR_TYPE_RGB, 16, false, false}); /* longer than a buffer */
    reads_left = 6; /* the data come with the seventh */
    test_refused(ctx, load(ctx), MHO_ERR_IO, path, "cannot be read: Bad file descriptor");
    FILE *f = fopen(path, "wb");
    fprintf(f, "P5 100 100 255 %*s", 10000, "");
    fclose(f);
    reads_left = 3;
    test_refused(ctx, load(ctx), MHO_ERR_IO, path, "cannot be read: Bad file descriptor");
    reads_left = 0;
    test_refused(ctx, load(ctx), MHO_ERR_IO, path, "cannot be read: Bad file descriptor");
    reads_left = -1;
    test_ok(ctx, load(ctx));
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

/* ---- PGM and other files ---- */

static void pgm_is_read(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    const struct {
        const char *data;
        size_t n;
        mho_status status;
        double last; /* of 3 x 2 pixels */
    } files[] = {
        {"P5\n# made by hand\n3 2\n200\n\x00\x01\x02\x03\x04\x64", 32, MHO_OK, 0.5},
        {"P5 3 2 65535 \x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x00", 25, MHO_OK,
         32768 / 65535.0},
        {"P2 3 2 9\n1 2 3\n4 # five\n5 3", 27, MHO_OK, 1.0 / 3},
        {"P2 3 2 9\n1 2 3\n4 5 10", 22, MHO_ERR_FORMAT, 0},
        {"P2 3 2 9\n1 2 3\n4 -5 1", 22, MHO_ERR_FORMAT, 0},
        {"P5 3 2 255 abcde", 16, MHO_ERR_FORMAT, 0},
        {"P5 3 2 0 abcdef", 15, MHO_ERR_FORMAT, 0},
        {"P5 3 2 65536 abcdefghijkl", 25, MHO_ERR_FORMAT, 0},
        {"P5 100000 100000 255 abc", 24, MHO_ERR_FORMAT, 0},
        {"P5 99999999999999999999 2 255 abc", 33, MHO_ERR_FORMAT, 0},
        {"P5 3", 4, MHO_ERR_FORMAT, 0},
        {"P6 3 2 255 abc", 14, MHO_ERR_FORMAT, 0},
        {"\xff\xd8\xff\xe0JFIF", 8, MHO_ERR_FORMAT, 0},
        {"", 0, MHO_ERR_FORMAT, 0},
    };
    for (size_t k = 0; k < sizeof files / sizeof *files; k++) {
        size_t n_row, n_col;
        float *luma;
        save(&(bytes){(unsigned char *)(uintptr_t)files[k].data, files[k].n}, files[k].n);
        mho_status status = mho_i_picture_load(ctx, path, &n_row, &n_col, &luma);
        if (status != files[k].status) {
            print_error("file %zu: %s\n", k, mho_ctx_last_error(ctx));
        }
        assert_int_equal(status, files[k].status);
        if (status == MHO_OK) {
            assert_int_equal(n_row * 10 + n_col, 23);
            test_close((double)luma[5], files[k].last, 1e-6, 0);
        }
        mho_i_free(ctx, luma);
    }
    mho_i_picture *p;
    assert_int_equal(mho_i_picture_open(ctx, "/nowhere/a.png", &p), MHO_ERR_IO);
    assert_int_equal(mho_i_picture_open(ctx, "/tmp", &p), MHO_ERR_IO);
    assert_null(p);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void what_is_written_is_read_back(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_i_png_out *w;
    uint8_t row[W];
    size_t n_row, n_col;
    float *luma;
    unlink(path);
    for (int whole = 0; whole < 2; whole++) {
        test_ok(ctx, mho_i_png_out_open(ctx, path, H, W, &w));
        for (int y = 0; y < (whole ? H : H - 1); y++) {
            for (int x = 0; x < W; x++) {
                row[x] = (uint8_t)sample(x, y, 0, 8);
            }
            test_ok(ctx, mho_i_png_out_row(w, row));
        }
        if (whole) {
            test_ok(ctx, mho_i_png_out_finish(w));
        } else {
            assert_int_equal(mho_i_png_out_finish(w), MHO_ERR_INTERNAL);
            assert_int_equal(access(path, F_OK), -1); /* nothing stands there, nothing beside it */
        }
    }
    test_ok(ctx, mho_i_picture_load(ctx, path, &n_row, &n_col, &luma));
    for (int j = 0; j < W * H; j++) {
        test_close((double)luma[j], sample(j % W, j / W, 0, 8) / 255.0, 1e-6, 0);
    }
    mho_i_free(ctx, luma);
    assert_int_equal(mho_i_png_out_open(ctx, "/nowhere/a.png", H, W, &w), MHO_ERR_IO);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_flavour_is_read),
        cmocka_unit_test(truncated_and_damaged_files_are_refused),
        cmocka_unit_test(headers_that_lie_are_refused_at_once),
        cmocka_unit_test(bombs_stay_small),
        cmocka_unit_test(no_memory_is_survived),
        cmocka_unit_test(disks_that_fail_are_told),
        cmocka_unit_test(pgm_is_read),
        cmocka_unit_test(what_is_written_is_read_back),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
