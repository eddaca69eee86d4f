/* png_write.c - grey PNG, 8 bits, row by row beside its final place; renamed when it is whole. */
#include "io_int.h"

#include <png.h>

struct mho_i_png_out {
    mho_ctx *ctx;
    mho_i_temp file;
    png_structp png;
    png_infop info;
    size_t n_row, n_col, done;
    mho_status status; /* of file or memory, when libpng stopped because of it */
    char error[160];
};

static void on_error(png_structp png, png_const_charp text) {
    mho_i_png_out *w = png_get_error_ptr(png);
    snprintf(w->error, sizeof w->error, "%s", text);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
    (void)png;
    (void)text;
}

static void on_write(png_structp png, png_bytep data, size_t n) {
    mho_i_png_out *w = png_get_io_ptr(png);
    w->status = mho_i_temp_put(&w->file, data, n);
    if (w->status < 0) {
        png_error(png, "the file cannot be written");
    }
}

static void on_flush(png_structp png) {
    (void)png;
}

static png_voidp on_alloc(png_structp png, png_alloc_size_t n) {
    mho_i_png_out *w = png_get_mem_ptr(png);
    void *ptr = mho_i_alloc(w->ctx, n, 1);
    w->status = ptr ? w->status : MHO_ERR_NOMEM;
    return ptr;
}

static void on_free(png_structp png, png_voidp ptr) {
    mho_i_png_out *w = png_get_mem_ptr(png);
    mho_i_free(w->ctx, ptr);
}

static mho_status failed(mho_i_png_out *w) {
    return w->status < 0
               ? w->status
               : mho_i_fail(w->ctx, MHO_ERR_INTERNAL, "%s: libpng: %s", w->file.path, w->error);
}

static mho_status begin(mho_i_png_out *w) {
    if (setjmp(png_jmpbuf(w->png))) {
        return failed(w);
    }
    png_set_write_fn(w->png, w, on_write, on_flush);
    png_set_user_limits(w->png, 0x7fffffff, 0x7fffffff);
    /* an edge map is mostly dark noise: more effort does not make it smaller */
    png_set_compression_level(w->png, 1);
    png_set_filter(w->png, 0, PNG_FILTER_NONE);
    png_set_IHDR(w->png, w->info, (png_uint_32)w->n_col, (png_uint_32)w->n_row, 8,
                 PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_write_info(w->png, w->info);
    return MHO_OK;
}

mho_status mho_i_png_out_open(mho_ctx *ctx, const char *path, size_t n_row, size_t n_col,
                              mho_i_png_out **out) {
    *out = NULL;
    mho_i_png_out *w = mho_i_alloc(ctx, 1, sizeof *w);
    if (!w) {
        return MHO_ERR_NOMEM;
    }
    w->ctx = ctx;
    w->n_row = n_row;
    w->n_col = n_col;
    mho_status status = mho_i_temp_begin(ctx, path, &w->file);
    if (status == MHO_OK) {
        w->png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, w, on_error, on_warning, w,
                                           on_alloc, on_free);
        w->info = w->png ? png_create_info_struct(w->png) : NULL;
        status = w->info ? begin(w) : MHO_ERR_NOMEM;
    }
    if (status < 0) {
        mho_i_png_out_drop(w);
        return status;
    }
    *out = w;
    return MHO_OK;
}

mho_status mho_i_png_out_row(mho_i_png_out *w, const uint8_t *grey) {
    if (setjmp(png_jmpbuf(w->png))) {
        return failed(w);
    }
    png_write_row(w->png, grey);
    w->done++;
    return MHO_OK;
}

static mho_status end(mho_i_png_out *w) {
    if (setjmp(png_jmpbuf(w->png))) {
        return failed(w);
    }
    png_write_end(w->png, w->info);
    return MHO_OK;
}

mho_status mho_i_png_out_finish(mho_i_png_out *w) {
    mho_status status = w->done == w->n_row ? end(w)
                                            : mho_i_fail(w->ctx, MHO_ERR_INTERNAL,
                                                         "%s: %zu of %zu rows were written",
                                                         w->file.path, w->done, w->n_row);
    if (status == MHO_OK) {
        status = mho_i_temp_commit(&w->file);
    }
    mho_i_png_out_drop(w);
    return status;
}

void mho_i_png_out_drop(mho_i_png_out *w) {
    if (w) {
        mho_ctx *ctx = w->ctx;
        png_destroy_write_struct(&w->png, &w->info);
        mho_i_temp_drop(&w->file);
        mho_i_free(ctx, w);
    }
}
