/* picture.c - pictures from files: what format it is, and the simple one, PGM (netpbm: "P2" numbers
 * as text, "P5" bytes, most significant first above 255). */
#define _GNU_SOURCE
#include "picture_int.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

mho_status mho_i_picture_check(mho_i_picture *p, unsigned long n_row, unsigned long n_col) {
    if (n_row < 1 || n_col < 1 || n_row > MHO_I_PICTURE_SIDE || n_col > MHO_I_PICTURE_SIDE) {
        return mho_i_fail(p->ctx, MHO_ERR_FORMAT,
                          "%s: the header says %lu x %lu pixels: sides from 1 to %d are allowed",
                          p->path, n_col, n_row, MHO_I_PICTURE_SIDE);
    }
    if (n_row * n_col > MHO_I_PICTURE_MEGAPIXELS * 1000000ul) {
        return mho_i_fail(p->ctx, MHO_ERR_FORMAT,
                          "%s: the header says %lu x %lu pixels: at most %d megapixels are allowed",
                          p->path, n_col, n_row, MHO_I_PICTURE_MEGAPIXELS);
    }
    p->n_row = n_row;
    p->n_col = n_col;
    return MHO_OK;
}

size_t mho_i_picture_left(mho_i_picture *p) {
    struct stat st;
    off_t at = ftello(p->file);
    bool known = at >= 0 && fstat(fileno(p->file), &st) == 0 && S_ISREG(st.st_mode);
    return known && st.st_size > at ? (size_t)(st.st_size - at) : 0;
}

/* ---- PGM ---- */

typedef struct pgm {
    bool text;
    unsigned long top; /* value of white */
    unsigned char *bytes;
} pgm;

/* The next whole number after white space and comments; -1: there is none. */
static long pgm_number(FILE *f, long most) {
    int c = getc(f);
    while (c == '#' || c == ' ' || (c >= '\t' && c <= '\r')) {
        while (c == '#' && (c = getc(f)) != '\n') {
            if (c == EOF) {
                return -1;
            }
            c = '#';
        }
        c = getc(f);
    }
    long n = -1;
    for (; c >= '0' && c <= '9'; c = getc(f)) {
        n = (n < 0 ? 0 : n) * 10 + (c - '0');
        if (n > most) {
            return -1;
        }
    }
    /* one white space ends the number: for P5 it is the last byte before the data */
    bool ended = c == EOF || c == ' ' || (c >= '\t' && c <= '\r');
    return ended ? n : -1;
}

/* A device or network that fails looks like an end of the file, or like another number. */
static mho_status check_read(const mho_i_picture *p, mho_status status) {
    return ferror(p->file)
               ? mho_i_fail(p->ctx, MHO_ERR_IO, "%s: cannot be read: %s", p->path, strerror(errno))
               : status;
}

static mho_status read_row(mho_i_picture *p, float *luma) {
    pgm *g = p->format;
    size_t width = g->top > 255 ? 2 : 1;
    float scale = 1 / (float)g->top;
    if (!g->text && fread(g->bytes, width, p->n_col, p->file) != p->n_col) {
        return mho_i_fail(p->ctx, MHO_ERR_FORMAT, "%s: the file ends in row %zu of %zu", p->path,
                          p->next, p->n_row);
    }
    for (size_t x = 0; x < p->n_col; x++) {
        unsigned long v = g->text      ? (unsigned long)pgm_number(p->file, 65535)
                          : width == 2 ? (unsigned long)g->bytes[2 * x] << 8 | g->bytes[2 * x + 1]
                                       : g->bytes[x];
        if (v > g->top) {
            return mho_i_fail(p->ctx, MHO_ERR_FORMAT,
                              "%s: row %zu, column %zu: a number from 0 to %lu is wanted%s",
                              p->path, p->next, x, g->top, feof(p->file) ? ", the file ends" : "");
        }
        luma[x] = (float)v * scale;
    }
    return MHO_OK;
}

static mho_status pgm_row(mho_i_picture *p, float *luma) {
    return check_read(p, read_row(p, luma));
}

static mho_status pgm_end(mho_i_picture *p) {
    (void)p; /* another picture may follow, as the format allows */
    return MHO_OK;
}

static void pgm_close(mho_i_picture *p) {
    pgm *g = p->format;
    if (g) {
        mho_i_free(p->ctx, g->bytes);
        mho_i_free(p->ctx, g);
    }
}

static mho_status read_header(mho_i_picture *p) {
    pgm *g = p->format = mho_i_alloc(p->ctx, 1, sizeof *g);
    p->row = pgm_row;
    p->end = pgm_end;
    p->close = pgm_close;
    if (!g) {
        return MHO_ERR_NOMEM;
    }
    g->text = p->kind == '2';
    long n_col = pgm_number(p->file, 1L << 40), n_row = pgm_number(p->file, 1L << 40);
    long top = pgm_number(p->file, 65535);
    if (n_col < 0 || n_row < 0 || top < 1) {
        return mho_i_fail(p->ctx, MHO_ERR_FORMAT,
                          "%s: the header of a PGM file is columns, rows and the value of white, 1 "
                          "to 65535",
                          p->path);
    }
    mho_status status = mho_i_picture_check(p, (unsigned long)n_row, (unsigned long)n_col);
    if (status < 0) {
        return status;
    }
    g->top = (unsigned long)top;
    size_t width = g->text ? 2 : top > 255 ? 2 : 1, left = mho_i_picture_left(p);
    if (left && left < p->n_row * p->n_col * width - g->text) {
        return mho_i_fail(p->ctx, MHO_ERR_FORMAT,
                          "%s: %zu x %zu pixels are announced but %zu bytes follow", p->path,
                          p->n_col, p->n_row, left);
    }
    snprintf(p->what, sizeof p->what, "%d-bit grey PGM", top > 255 ? 16 : 8);
    g->bytes = mho_i_alloc(p->ctx, p->n_col, 2);
    return g->bytes ? MHO_OK : MHO_ERR_NOMEM;
}

mho_status mho_i_pgm_open(mho_i_picture *p) {
    return check_read(p, read_header(p));
}

/* ---- any format ---- */

static mho_status unknown_format(mho_i_picture *p, const unsigned char *head, size_t n) {
    const char *seen = n == 0                                          ? "it is empty"
                       : n > 2 && memcmp(head, "\xff\xd8\xff", 3) == 0 ? "it is a JPEG"
                       : n > 3 && memcmp(head, "GIF8", 4) == 0         ? "it is a GIF"
                       : n > 1 && head[0] == 'P' && head[1] >= '1' && head[1] <= '7'
                           ? "it is another netpbm format"
                           : "its first bytes are of another format";
    return mho_i_fail(p->ctx, MHO_ERR_FORMAT, "%s: a PNG or PGM picture is wanted: %s", p->path,
                      seen);
}

static mho_status open_format(mho_i_picture *p) {
    static const unsigned char png_magic[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    p->file = fopen(p->path, "rb");
    struct stat st;
    if (!p->file) {
        return mho_i_fail(p->ctx, MHO_ERR_IO, "%s: cannot be opened: %s", p->path, strerror(errno));
    }
    if (fstat(fileno(p->file), &st) == 0 && S_ISDIR(st.st_mode)) {
        return mho_i_fail(p->ctx, MHO_ERR_IO, "%s: is a directory, a picture is wanted", p->path);
    }
    unsigned char head[8]; /* a pipe cannot be read twice: no more than the format's own bytes */
    size_t n = fread(head, 1, 2, p->file);
    if (n == 2 && head[0] == 'P' && (head[1] == '2' || head[1] == '5')) {
        p->kind = (char)head[1];
        return mho_i_pgm_open(p);
    }
    n += fread(head + n, 1, sizeof head - n, p->file);
    if (ferror(p->file)) {
        return check_read(p, MHO_OK);
    }
    if (n == 8 && memcmp(head, png_magic, 8) == 0) {
        return mho_i_png_open(p);
    }
    return unknown_format(p, head, n);
}

mho_status mho_i_picture_open(mho_ctx *ctx, const char *path, mho_i_picture **out) {
    *out = NULL;
    mho_i_picture *p = mho_i_alloc(ctx, 1, sizeof *p);
    if (!p) {
        return MHO_ERR_NOMEM;
    }
    p->ctx = ctx;
    p->path = mho_i_strdup(ctx, path);
    mho_status status = p->path ? open_format(p) : MHO_ERR_NOMEM;
    if (status < 0) {
        mho_i_picture_close(p);
        return status;
    }
    *out = p;
    return MHO_OK;
}

void mho_i_picture_close(mho_i_picture *p) {
    if (p) {
        if (p->close) {
            p->close(p);
        }
        if (p->file) {
            (void)fclose(p->file); /* it was only read */
        }
        mho_i_free(p->ctx, p->path);
        mho_i_free(p->ctx, p);
    }
}

size_t mho_i_picture_n_row(const mho_i_picture *p) {
    return p->n_row;
}

size_t mho_i_picture_n_col(const mho_i_picture *p) {
    return p->n_col;
}

const char *mho_i_picture_what(const mho_i_picture *p) {
    return p->what;
}

mho_status mho_i_picture_row(mho_i_picture *p, float *luma) {
    if (p->next >= p->n_row) {
        return mho_i_fail(p->ctx, MHO_ERR_ARG, "%s: all %zu rows are read", p->path, p->n_row);
    }
    mho_status status = p->row(p, luma);
    if (status == MHO_OK && ++p->next == p->n_row) {
        status = p->end(p);
    }
    return status;
}

mho_status mho_i_picture_load(mho_ctx *ctx, const char *path, size_t *n_row, size_t *n_col,
                              float **luma) {
    mho_i_picture *p;
    *luma = NULL;
    mho_status status = mho_i_picture_open(ctx, path, &p);
    if (status < 0) {
        return status;
    }
    float *all = mho_i_alloc(ctx, p->n_row * p->n_col, sizeof *all);
    status = all ? MHO_OK : MHO_ERR_NOMEM;
    for (size_t y = 0; status == MHO_OK && y < p->n_row; y++) {
        status = mho_i_picture_row(p, all + y * p->n_col);
    }
    if (status == MHO_OK) {
        *n_row = p->n_row;
        *n_col = p->n_col;
        *luma = all;
    } else {
        mho_i_free(ctx, all);
    }
    mho_i_picture_close(p);
    return status;
}
