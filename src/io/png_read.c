/* png_read.c - PNG of every kind into rows of luma, through libpng.
 *
 * Against hostile files: every chunk that does not carry pixels (text, colour profiles, palettes to
 * suggest ...) is skipped without being unpacked; sides and pixels are limited; a header that
 * announces more pixels than the file can hold even at deflate's best ratio is refused before
 * anything is unpacked; libpng's memory comes from the context and is limited to a few rows.
 * libpng reports errors by longjmp: every function that calls it sets its own return point and
 * keeps what it needs in the structure, so that nothing is lost on the way. */
#include "picture_int.h"

#include <errno.h>
#include <png.h>
#include <string.h>

enum {
    MAX_BYTES_SPARE = 1 << 20, /* of libpng's own, besides rows */
    BEST_RATIO = 1032          /* deflate packs at most 258 bytes into 2 bits */
};

typedef struct reader {
    mho_i_picture *picture;
    png_structp png;
    png_infop info;
    bool no_memory;
    int no_read; /* errno of a read that failed, or 0 */
    char error[160];
    int channels, bytes; /* per pixel after the transformations; bytes of a sample */
    unsigned char *row;
    uint16_t *whole; /* [n_row][n_col] luma of an interlaced picture */
} reader;

static void on_error(png_structp png, png_const_charp text) {
    reader *r = png_get_error_ptr(png);
    snprintf(r->error, sizeof r->error, "%s", text);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
    (void)png; /* concerns chunks that are not used */
    (void)text;
}

static void on_read(png_structp png, png_bytep data, size_t n) {
    reader *r = png_get_io_ptr(png);
    if (fread(data, 1, n, r->picture->file) != n) {
        r->no_read = ferror(r->picture->file) ? errno : 0;
        png_error(png, "the file ends early");
    }
}

static png_voidp on_alloc(png_structp png, png_alloc_size_t n) {
    reader *r = png_get_mem_ptr(png);
    void *ptr = mho_i_alloc(r->picture->ctx, n, 1);
    r->no_memory = r->no_memory || !ptr;
    return ptr;
}

static void on_free(png_structp png, png_voidp ptr) {
    reader *r = png_get_mem_ptr(png);
    mho_i_free(r->picture->ctx, ptr);
}

static mho_status broken(const reader *r) {
    const mho_i_picture *p = r->picture;
    if (r->no_memory) {
        return MHO_ERR_NOMEM;
    }
    if (r->no_read) {
        return mho_i_fail(p->ctx, MHO_ERR_IO, "%s: cannot be read: %s", p->path,
                          strerror(r->no_read));
    }
    if (p->n_row && p->next) {
        return mho_i_fail(p->ctx, MHO_ERR_FORMAT, "%s: broken PNG, row %zu of %zu: %s", p->path,
                          p->next < p->n_row ? p->next : p->n_row - 1, p->n_row, r->error);
    }
    return mho_i_fail(p->ctx, MHO_ERR_FORMAT, "%s: broken PNG: %s", p->path, r->error);
}

static const char *colour_name(int type) {
    return type & PNG_COLOR_MASK_PALETTE ? "palette"
           : type & PNG_COLOR_MASK_COLOR ? (type & PNG_COLOR_MASK_ALPHA ? "RGBA" : "RGB")
           : type & PNG_COLOR_MASK_ALPHA ? "grey and alpha"
                                         : "grey";
}

/* Header, limits and transformations to 8 or 16 bits of grey, grey+alpha, RGB or RGB+alpha. */
static void read_header(reader *r) {
    mho_i_picture *p = r->picture;
    png_set_user_limits(r->png, 0x7fffffff, 0x7fffffff); /* ours come with a better message */
    png_set_chunk_cache_max(r->png, 16);
    png_set_chunk_malloc_max(r->png, MAX_BYTES_SPARE);
    png_set_keep_unknown_chunks(r->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_read_fn(r->png, r, on_read);
    png_set_sig_bytes(r->png, 8);
    png_read_info(r->png, r->info);
    int type = png_get_color_type(r->png, r->info), depth = png_get_bit_depth(r->png, r->info);
    bool laced = png_get_interlace_type(r->png, r->info) != PNG_INTERLACE_NONE;
    snprintf(p->what, sizeof p->what, "%d-bit %s PNG%s", depth, colour_name(type),
             laced ? ", interlaced" : "");
    png_set_expand(r->png); /* palette to RGB, small depths to 8, tRNS to alpha */
}

static mho_status check_size(reader *r) {
    mho_i_picture *p = r->picture;
    size_t n_col = png_get_image_width(r->png, r->info);
    size_t n_row = png_get_image_height(r->png, r->info);
    mho_status status = mho_i_picture_check(p, n_row, n_col);
    if (status < 0) {
        return status;
    }
    size_t raw = n_row * png_get_rowbytes(r->png, r->info), left = mho_i_picture_left(p);
    if (left && raw / BEST_RATIO > left) {
        return mho_i_fail(
            p->ctx, MHO_ERR_FORMAT,
            "%s: broken PNG: the header says %zu x %zu pixels, which %zu bytes cannot "
            "hold",
            p->path, n_col, n_row, left);
    }
    bool laced = png_get_interlace_type(r->png, r->info) != PNG_INTERLACE_NONE;
    if (laced && n_row * n_col > MHO_I_PICTURE_WHOLE_MEGAPIXELS * 1000000ul) {
        return mho_i_fail(
            p->ctx, MHO_ERR_FORMAT,
            "%s: an interlaced PNG of %zu x %zu pixels: it is held in memory, at most %d "
            "megapixels are allowed; save it without interlacing",
            p->path, n_col, n_row, MHO_I_PICTURE_WHOLE_MEGAPIXELS);
    }
    return MHO_OK;
}

/* One row of samples to luma; n pixels. */
static void fold(const reader *r, size_t n, float *luma) {
    const unsigned char *s = r->row;
    int c = r->channels, b = r->bytes;
    float scale = b == 2 ? 1 / 65535.f : 1 / 255.f;
    bool colour = c >= 3, alpha = c == 2 || c == 4;
    if (c == 1 && b == 1) {
        for (size_t x = 0; x < n; x++) {
            luma[x] = (float)s[x] * scale;
        }
        return;
    }
    for (size_t x = 0; x < n; x++, s += c * b) {
        float v[4] = {0};
        for (int k = 0; k < c; k++) {
            v[k] = scale * (float)(b == 2 ? s[2 * k] << 8 | s[2 * k + 1] : s[k]);
        }
        float y = colour ? 0.299f * v[0] + 0.587f * v[1] + 0.114f * v[2] : v[0];
        float a = alpha ? v[c - 1] : 1;
        y = a * y + (1 - a);
        luma[x] = y < 0 ? 0 : y > 1 ? 1 : y;
    }
}

/* Pass p of Adam7 holds the pixels at row y0 + k dy, column x0 + k dx. */
typedef struct pass {
    size_t x0, dx, y0, dy;
} pass;
static const pass passes[] = {{0, 8, 0, 8}, {4, 8, 0, 8}, {0, 4, 4, 8}, {2, 4, 0, 4},
                              {0, 2, 2, 4}, {1, 2, 0, 2}, {0, 1, 1, 2}};

/* All passes into r->whole. */
static void read_whole(reader *r, float *luma) {
    mho_i_picture *p = r->picture;
    for (size_t k = 0; k < sizeof passes / sizeof *passes; k++) {
        const pass *a = &passes[k];
        size_t n_col = (p->n_col + a->dx - 1 - a->x0) / a->dx;
        for (size_t y = a->y0; n_col && y < p->n_row; y += a->dy) {
            png_read_row(r->png, r->row, NULL);
            fold(r, n_col, luma);
            for (size_t x = 0; x < n_col; x++) {
                r->whole[y * p->n_col + a->x0 + x * a->dx] = (uint16_t)(luma[x] * 65535 + 0.5f);
            }
        }
    }
}

static mho_status png_row(mho_i_picture *p, float *luma) {
    reader *r = p->format;
    if (setjmp(png_jmpbuf(r->png))) {
        return broken(r);
    }
    if (!r->whole) {
        png_read_row(r->png, r->row, NULL);
        fold(r, p->n_col, luma);
        return MHO_OK;
    }
    if (p->next == 0) {
        read_whole(r, luma);
    }
    for (size_t x = 0; x < p->n_col; x++) {
        luma[x] = (float)r->whole[p->next * p->n_col + x] / 65535;
    }
    return MHO_OK;
}

static mho_status png_end(mho_i_picture *p) {
    reader *r = p->format;
    if (setjmp(png_jmpbuf(r->png))) {
        return broken(r);
    }
    png_read_end(r->png, NULL);
    return MHO_OK;
}

static void png_close(mho_i_picture *p) {
    reader *r = p->format;
    if (r) {
        png_destroy_read_struct(&r->png, &r->info, NULL);
        mho_i_free(p->ctx, r->row);
        mho_i_free(p->ctx, r->whole);
        mho_i_free(p->ctx, r);
    }
}

static mho_status open_png(reader *r) {
    if (setjmp(png_jmpbuf(r->png))) {
        return broken(r);
    }
    read_header(r);
    mho_status status = check_size(r);
    if (status < 0) {
        return status;
    }
    png_read_update_info(r->png, r->info);
    r->channels = png_get_channels(r->png, r->info);
    r->bytes = png_get_bit_depth(r->png, r->info) == 16 ? 2 : 1;
    return MHO_OK;
}

mho_status mho_i_png_open(mho_i_picture *p) {
    mho_ctx *ctx = p->ctx;
    reader *r = p->format = mho_i_alloc(ctx, 1, sizeof *r);
    p->row = png_row;
    p->end = png_end;
    p->close = png_close;
    if (!r) {
        return MHO_ERR_NOMEM;
    }
    r->picture = p;
    r->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, r, on_error, on_warning, r, on_alloc,
                                      on_free);
    r->info = r->png ? png_create_info_struct(r->png) : NULL;
    if (!r->info) {
        return MHO_ERR_NOMEM;
    }
    mho_status status = open_png(r);
    if (status < 0) {
        return status;
    }
    bool laced = png_get_interlace_type(r->png, r->info) != PNG_INTERLACE_NONE;
    r->row = mho_i_alloc(ctx, p->n_col, 8); /* at most four samples of 16 bits */
    r->whole = laced ? mho_i_alloc(ctx, p->n_row * p->n_col, sizeof *r->whole) : NULL;
    return r->row && (r->whole || !laced) ? MHO_OK : MHO_ERR_NOMEM;
}
