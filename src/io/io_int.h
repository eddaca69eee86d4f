/* io_int.h - readers and writers of files. Every reader takes bytes that may be hostile: it says
 * what is wrong in which file, never reads past the end and never takes much more memory than the
 * file deserves. Knows nothing of what the numbers mean. */
#ifndef MHO_IO_INT_H
#define MHO_IO_INT_H

#include "base/base_int.h"
#include "mho/io.h"

enum { MHO_NPY_MAX_HEADER = 256 }; /* bytes of a header that we write */

/* The content of an NPY file; where is its name for messages. */
mho_status mho_i_npy_parse(mho_ctx *ctx, const char *where, const unsigned char *bytes,
                           size_t n_byte, mho_npy **out);
/* The array called name out of the content of an NPZ file. */
mho_status mho_i_npz_parse(mho_ctx *ctx, const char *where, const unsigned char *bytes,
                           size_t n_byte, const char *name, mho_npy **out);
/* One array of a file; *out stays NULL if the file has none of that name. */
mho_status mho_i_npz_load_if(mho_ctx *ctx, const char *path, const char *name, mho_npy **out);
/* Header of array into buf, its length into n_header, bytes of the data into n_data.
 * MHO_ERR_ARG: a shape or name that cannot be written. */
mho_status mho_i_npy_header(mho_ctx *ctx, const mho_npy_view *array, char buf[MHO_NPY_MAX_HEADER],
                            size_t *n_header, size_t *n_data);
static inline const void *mho_i_npy_bytes(const mho_npy_view *array) {
    return array->data ? (const void *)array->data : (const void *)array->data_f;
}

/* ---- pictures, row by row from the top: PNG (every kind) and PGM (P2, P5; 8 and 16 bit) ----
 * Memory is a few rows, except for interlaced PNG, which is held whole with 2 bytes a pixel. */
typedef struct mho_i_picture mho_i_picture;
/* MHO_ERR_IO; MHO_ERR_FORMAT: not a picture, broken, or too large. */
mho_status mho_i_picture_open(mho_ctx *ctx, const char *path, mho_i_picture **out);
void mho_i_picture_close(mho_i_picture *p); /* NULL is allowed */
size_t mho_i_picture_n_row(const mho_i_picture *p);
size_t mho_i_picture_n_col(const mho_i_picture *p);
const char *mho_i_picture_what(const mho_i_picture *p); /* "8-bit RGB PNG" */
/* The next row: luma out [n_col] in [0, 1]. With the last one the rest of the file is checked. */
mho_status mho_i_picture_row(mho_i_picture *p, float *luma);
/* The whole picture: luma out, [n_row][n_col], to be freed with mho_i_free. */
mho_status mho_i_picture_load(mho_ctx *ctx, const char *path, size_t *n_row, size_t *n_col,
                              float **luma);

/* Grey PNG of 8 bits, row by row; nothing stands at path before it is finished. */
typedef struct mho_i_png_out mho_i_png_out;
mho_status mho_i_png_out_open(mho_ctx *ctx, const char *path, size_t n_row, size_t n_col,
                              mho_i_png_out **out);
mho_status mho_i_png_out_row(mho_i_png_out *w, const uint8_t *grey); /* [n_col] */
/* Ends the file and puts it in its place if all rows came; frees w in any case. */
mho_status mho_i_png_out_finish(mho_i_png_out *w);
void mho_i_png_out_drop(mho_i_png_out *w); /* without a trace; NULL is allowed */

/* ---- CSV: a table of numbers with named columns, csv.c ----
 * Delimiter (tab, semicolon, comma, blanks) and decimal sign are found from the file. Lines that
 * begin with #, % or // are comments; the last one before the data serves as header if there is no
 * other and it has as many cells. Names and units: "Temperature (K)", "T [degC]", "R/ohm",
 * "resistance_kohm", or a line of units under the names. A column whose first cell is no number
 * is text. Empty cells, nan and "-" are NaN and counted. Everything else that is no number is an
 * error with file:line:column. */
typedef struct mho_i_csv_column {
    char name[64];     /* without the unit; "" if the file has no names */
    char unit[24];     /* "K", "degC", "kohm" (sign for ohm and degree spelled out); "": not said */
    double *value;     /* [n_row]; NULL: text */
    const char **text; /* [n_row], "" if empty; NULL: numbers */
    size_t n_missing;  /* NaN or empty */
} mho_i_csv_column;
typedef struct mho_i_csv {
    mho_ctx *ctx;
    char *path;
    size_t n_row, n_col, n_comment;
    mho_i_csv_column *column; /* [n_col] */
    size_t *line;             /* [n_row] line in the file, from 1 */
    char delimiter;           /* ',', ';', '\t' or ' ' */
    bool has_names, decimal_comma;
    char *bytes; /* the texts point in here */
} mho_i_csv;
/* At most 256 MiB, 4096 columns; memory about ten times the file. MHO_ERR_IO, _FORMAT, _NOMEM. */
mho_status mho_i_csv_read(mho_ctx *ctx, const char *path, mho_i_csv **out);
/* The same from memory; where is its name for messages. */
mho_status mho_i_csv_parse(mho_ctx *ctx, const char *where, const char *bytes, size_t n_byte,
                           mho_i_csv **out);
void mho_i_csv_free(mho_i_csv *csv); /* NULL is allowed */
/* Column that wanted names: its number from 1, its name, or its header as written; letters' case
 * does not matter. n_col: there is none. */
size_t mho_i_csv_find(const mho_i_csv *csv, const char *wanted);
/* The first column with one of these names ("temperature", "temp", "t", NULL); n_col: none. */
size_t mho_i_csv_find_any(const mho_i_csv *csv, const char *const *names);
/* Names of the columns for messages: "temperature, resistance" or "2 columns without names". */
const char *mho_i_csv_list(const mho_i_csv *csv, char *buf, size_t n_buf);
/* Multiply a column into SI: its unit must be unit with a prefix, or absent (taken as unit). */
mho_status mho_i_csv_to_si(mho_i_csv *csv, size_t col, const char *unit);
/* Fail with "path:line: ..." of a row. */
mho_status mho_i_csv_fail(const mho_i_csv *csv, size_t row, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Bytes of the UTF-8 character at p (end excluded); 0: not a character. */
size_t mho_i_utf8_length(const unsigned char *p, const unsigned char *end);

/* ---- YAML, a thin layer over libyaml: positions for messages, nothing printed, no aliases ----
 */
typedef struct mho_i_yaml_node mho_i_yaml_node; /* of a mho_i_yaml, lives as long */
typedef struct mho_i_yaml mho_i_yaml;
typedef enum mho_i_yaml_kind {
    MHO_YAML_NOTHING = 0, /* no node, or an empty value */
    MHO_YAML_SCALAR,
    MHO_YAML_MAPPING,
    MHO_YAML_SEQUENCE,
    MHO_YAML_ALIAS
} mho_i_yaml_kind;
/* One document, at most max_byte. The message of a syntax error is "path:line:column: ...". */
mho_status mho_i_yaml_load(mho_ctx *ctx, const char *path, size_t max_byte, mho_i_yaml **out);
/* The same from memory; where is its name for messages. */
mho_status mho_i_yaml_parse(mho_ctx *ctx, const char *where, const char *bytes, size_t n_byte,
                            mho_i_yaml **out);
void mho_i_yaml_free(mho_i_yaml *doc);             /* NULL is allowed */
mho_i_yaml_node *mho_i_yaml_root(mho_i_yaml *doc); /* NULL: an empty document */
mho_i_yaml_kind mho_i_yaml_kind_of(mho_i_yaml_node *node);
/* Text of a scalar, ended by 0; "" for everything else. */
const char *mho_i_yaml_text(mho_i_yaml_node *node);
/* Walk a mapping: *at starts as NULL; false at the end. Keys may come twice. */
bool mho_i_yaml_next(mho_i_yaml_node *mapping, void **at, mho_i_yaml_node **key,
                     mho_i_yaml_node **value);
/* The same for a sequence. */
bool mho_i_yaml_item(mho_i_yaml_node *sequence, void **at, mho_i_yaml_node **item);
/* Fail with MHO_ERR_FORMAT and "path:line:column: ..." of a scalar; a node without a place of its
 * own (NULL, mappings): the place of place, which may be NULL too. */
mho_status mho_i_yaml_fail(mho_i_yaml *doc, mho_i_yaml_node *node, mho_i_yaml_node *place,
                           const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
