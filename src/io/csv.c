/* csv.c - reader of tables of numbers as instruments and spreadsheets write them.
 *
 * Two passes over the lines in memory: the first finds the delimiter and where the data begin, the
 * second fills the columns. The first data line fixes how many columns there are; a row cannot cost
 * more memory than its delimiters take in the file. Names and units: csv_head.c. */
#include "csv_int.h"

#include <string.h>

enum { MAX_COL = 4096 };
static const size_t max_file_byte = (size_t)256 << 20;

/* ---- lines: normalise has made each of them a text ended by 0 ---- */

typedef struct lines {
    char *at, *end;
    size_t number; /* of the line handed out last, from 1 */
} lines;

static char *next_line(lines *l) {
    if (l->at >= l->end) {
        return NULL;
    }
    char *line = l->at;
    l->at += strlen(line) + 1;
    l->number++;
    return line;
}

static bool is_blank(const char *line) {
    return line[strspn(line, " \t\f\v")] == 0;
}

static bool is_comment(const char *line) {
    const char *s = line + strspn(line, " \t");
    return *s == '#' || *s == '%' || (s[0] == '/' && s[1] == '/');
}

/* ---- reading ---- */

typedef struct reader {
    mho_ctx *ctx;
    mho_i_csv *csv;
    char *copy;  /* a line that is cut up on trial */
    char **cell; /* [MAX_COL + 1] */
    int *col;
    size_t n_byte;
    char *first; /* first data line */
    size_t first_number, n_data;
    size_t comma_line, point_line;
    char *header[2]; /* the last two lines before the data that are no comments */
    int n_number;    /* numbers in a line of data */
    char *remark;    /* the last comment before the data */
} reader;

static mho_status fail_at(const reader *r, size_t line, int col, const char *what,
                          const char *cell) {
    char shown[44];
    mho_i_csv_show(cell, shown, sizeof shown);
    return mho_i_fail(r->ctx, MHO_ERR_FORMAT, "%s:%zu:%d: \"%s\" %s", r->csv->path, line, col,
                      shown, what);
}

static mho_status bad_quote(const reader *r, size_t line, int col) {
    return mho_i_fail(r->ctx, MHO_ERR_FORMAT,
                      "%s:%zu:%d: the quoted cell that begins here does not end properly",
                      r->csv->path, line, col);
}

/* Up to one cell more than there may be columns: it may be the empty one behind the last delimiter.
 * MAX_COL + 2: there are more. */
static int cut(const reader *r, char *line, char delimiter, int *bad) {
    return mho_i_csv_split(line, delimiter, MAX_COL + 1, r->cell, r->col, bad);
}

/* How many cells does the delimiter make, and how many of them are numbers (or say that they are
 * missing)? */
static int try_line(const reader *r, const char *line, char delimiter, int *n_number) {
    int bad, n;
    size_t len = strlen(line);
    memcpy(r->copy, line, len + 1);
    n = cut(r, r->copy, delimiter, &bad);
    *n_number = 0;
    int n_real = 0;
    for (int k = 0; k < n && k < MAX_COL; k++) {
        double x;
        bool comma, point;
        mho_i_csv_kind kind = mho_i_csv_cell(r->cell[k], delimiter, &x, &comma, &point);
        *n_number += kind != CELL_TEXT;
        n_real += kind == CELL_NUMBER;
    }
    if (n_real == 0) {
        *n_number = 0;
    }
    return n;
}

/* The delimiter that makes this line data, 0: none. The last line of a file tells best, because it
 * is surely data, while "Keithley 2400" before the table is not. */
static char delimiter_of(const reader *r, const char *line) {
    for (int strict = 1; strict >= 0; strict--) {
        for (const char *d = "\t;, "; *d; d++) {
            int n_number, n = try_line(r, line, *d, &n_number);
            if (n >= 2 && n <= MAX_COL + 1 && (strict ? n_number == n : 2 * n_number >= n)) {
                return *d;
            }
        }
    }
    return 0;
}

static mho_status find_delimiter(reader *r) {
    enum { N_LAST = 3 }; /* the very last one may be cut off */
    char *last[N_LAST] = {NULL}, *line;
    lines l = {r->csv->bytes, r->csv->bytes + r->n_byte, 0};
    while ((line = next_line(&l))) {
        if (!is_blank(line) && !is_comment(line)) {
            last[2] = last[1];
            last[1] = last[0];
            last[0] = line;
        }
    }
    for (int k = 0; k < N_LAST && last[k] && !r->csv->delimiter; k++) {
        r->csv->delimiter = delimiter_of(r, last[k]);
        try_line(r, last[k], r->csv->delimiter, &r->n_number);
    }
    for (int k = 0; k < N_LAST && last[k] && r->csv->delimiter == '\t'; k++) {
        if (!strchr(last[k], '\t')) {
            r->csv->delimiter = ' '; /* tabs and blanks mixed */
        }
    }
    int n_number, n = last[0] ? try_line(r, last[0], ';', &n_number) : 0;
    if (!r->csv->delimiter && n == 1 && n_number == 1) {
        r->csv->delimiter = ';'; /* a single column */
        r->n_number = 1;
    }
    return r->csv->delimiter
               ? MHO_OK
               : mho_i_fail(r->ctx, MHO_ERR_FORMAT,
                            "%s: no line of numbers at its end; cells are separated by commas, "
                            "semicolons, tabs or blanks",
                            r->csv->path);
}

/* Is this line data? Two numbers, or one where the end of the file has two at most: a damaged line
 * of data must not be taken for a header and go unseen. */
static bool is_data(const reader *r, const char *line) {
    int n_number;
    try_line(r, line, r->csv->delimiter, &n_number);
    return n_number >= (r->n_number < 3 ? 1 : 2);
}

/* Finds the first data line and the lines before it that may hold the names. */
static void find_data(reader *r) {
    lines l = {r->csv->bytes, r->csv->bytes + r->n_byte, 0};
    char *line;
    while ((line = next_line(&l))) {
        if (is_blank(line)) {
            continue;
        }
        if (is_comment(line)) {
            r->csv->n_comment++;
            r->remark = r->first ? r->remark : line;
        } else if (r->first) {
            r->n_data++;
        } else if (is_data(r, line)) {
            r->first = line;
            r->first_number = l.number;
            r->n_data = 1;
        } else {
            r->header[0] = r->header[1];
            r->header[1] = line;
        }
    }
}

/* Refuses what is no text; ends every line (LF, CR LF or CR) by a 0. */
static mho_status normalise(reader *r, size_t *longest) {
    unsigned char *b = (unsigned char *)r->csv->bytes;
    if (r->n_byte >= 2 && ((b[0] == 0xff && b[1] == 0xfe) || (b[0] == 0xfe && b[1] == 0xff))) {
        return mho_i_fail(r->ctx, MHO_ERR_FORMAT, "%s: is UTF-16 text; save it as UTF-8",
                          r->csv->path);
    }
    bool bom = r->n_byte >= 3 && b[0] == 0xef && b[1] == 0xbb && b[2] == 0xbf;
    size_t line = 1, to = 0, start = 0;
    *longest = 0;
    for (size_t k = bom ? 3 : 0; k < r->n_byte; k++) {
        if (b[k] == 0) {
            return mho_i_fail(r->ctx, MHO_ERR_FORMAT,
                              "%s:%zu:%zu: a zero byte; a text file is wanted", r->csv->path, line,
                              to - start + 1);
        }
        bool ends = b[k] == '\n' || b[k] == '\r';
        k += b[k] == '\r' && k + 1 < r->n_byte && b[k + 1] == '\n';
        if (ends) {
            *longest = to - start > *longest ? to - start : *longest;
            start = to + 1;
            line++;
        }
        b[to] = ends ? 0 : b[k];
        to++;
    }
    *longest = to - start > *longest ? to - start : *longest;
    b[to] = 0; /* there is room: file_read adds a 0 */
    r->n_byte = to;
    return MHO_OK;
}

/* ---- rows ---- */

static mho_status make_columns(reader *r) {
    mho_i_csv *c = r->csv;
    int bad, n;
    memcpy(r->copy, r->first, strlen(r->first) + 1);
    n = cut(r, r->copy, c->delimiter, &bad);
    /* n >= 1: a line whose quotes are wrong is not taken for data */
    bool stored = n <= MAX_COL + 1;
    if (stored && n > 1 && !*r->cell[n - 1] && c->delimiter != ' ' && r->n_data > 1) {
        n--; /* a delimiter ends every line: no column of its own */
    }
    if (n > MAX_COL) {
        return mho_i_fail(r->ctx, MHO_ERR_FORMAT, "%s:%zu: more than %d cells", c->path,
                          r->first_number, MAX_COL);
    }
    c->column = mho_i_alloc(r->ctx, (size_t)n, sizeof *c->column);
    size_t n_row = r->n_data < r->n_byte / (size_t)n + 1 ? r->n_data : r->n_byte / (size_t)n + 1;
    c->line = mho_i_alloc(r->ctx, n_row, sizeof *c->line);
    if (!c->column || !c->line) {
        return MHO_ERR_NOMEM;
    }
    c->n_col = (size_t)n;
    for (int k = 0; k < n; k++) {
        double x;
        bool comma, point;
        mho_i_csv_column *col = &c->column[k];
        if (mho_i_csv_cell(r->cell[k], c->delimiter, &x, &comma, &point) == CELL_TEXT) {
            if (comma && point) {
                return fail_at(r, r->first_number, r->col[k],
                               "has a comma and a point: write numbers without separators of "
                               "thousands",
                               r->cell[k]);
            }
            col->text = mho_i_alloc(r->ctx, n_row, sizeof *col->text);
        } else {
            col->value = mho_i_alloc(r->ctx, n_row, sizeof *col->value);
        }
        if (!col->text && !col->value) {
            return MHO_ERR_NOMEM;
        }
    }
    return MHO_OK;
}

static mho_status read_number(reader *r, mho_i_csv_column *col, size_t number, int k) {
    bool comma, point;
    double *to = &col->value[r->csv->n_row];
    mho_i_csv_kind kind = mho_i_csv_cell(r->cell[k], r->csv->delimiter, to, &comma, &point);
    if (kind == CELL_TEXT) {
        char what[120];
        snprintf(what, sizeof what, "is not a number%s%s%s", *col->name ? " (column " : "",
                 col->name, *col->name ? ")" : "");
        return fail_at(r, number, r->col[k], what, r->cell[k]);
    }
    col->n_missing += kind == CELL_MISSING;
    r->comma_line = comma && !r->comma_line ? number : r->comma_line;
    r->point_line = point && !r->point_line ? number : r->point_line;
    if (r->comma_line && r->point_line) {
        char what[100];
        snprintf(what, sizeof what, "has a decimal %s, but line %zu a decimal %s",
                 comma ? "comma" : "point", comma ? r->point_line : r->comma_line,
                 comma ? "point" : "comma");
        return fail_at(r, number, r->col[k], what, r->cell[k]);
    }
    return MHO_OK;
}

static mho_status read_row(reader *r, char *line, size_t number) {
    mho_i_csv *c = r->csv;
    int bad, n = cut(r, line, c->delimiter, &bad);
    if (n < 0) {
        return bad_quote(r, number, bad);
    }
    if ((size_t)n == c->n_col + 1 && !*r->cell[n - 1]) {
        n--;
    }
    if ((size_t)n != c->n_col) {
        bool more = n > MAX_COL + 1;
        return mho_i_fail(r->ctx, MHO_ERR_FORMAT,
                          "%s:%zu: %s%d cell%s, but %zu in line %zu, where the data begin%s",
                          c->path, number, more ? "more than " : "", more ? MAX_COL + 1 : n,
                          n == 1 ? "" : "s", c->n_col, r->first_number,
                          c->delimiter == ',' && (size_t)n == 2 * c->n_col
                              ? " (decimal commas? then separate cells by semicolons)"
                              : "");
    }
    for (int k = 0; k < n; k++) {
        mho_i_csv_column *col = &c->column[k];
        if (col->text) {
            col->text[c->n_row] = r->cell[k];
            col->n_missing += !*r->cell[k];
            continue;
        }
        mho_status status = read_number(r, col, number, k);
        if (status < 0) {
            return status;
        }
    }
    c->line[c->n_row++] = number;
    return MHO_OK;
}

static mho_status read_rows(reader *r) {
    lines l = {r->first, r->csv->bytes + r->n_byte, r->first_number - 1};
    char *line;
    while ((line = next_line(&l))) {
        if (is_blank(line) || is_comment(line)) {
            continue;
        }
        mho_status status = read_row(r, line, l.number);
        if (status < 0) {
            return status;
        }
    }
    r->csv->decimal_comma = r->comma_line != 0;
    return MHO_OK;
}

/* Cells of a line that may be names; those between blanks with their units. */
static int cut_head(const reader *r, char *line) {
    int bad, n = cut(r, line, r->csv->delimiter, &bad);
    bool units = r->csv->delimiter == ' ' && n > (int)r->csv->n_col && n <= MAX_COL + 1;
    return units ? mho_i_csv_join(r->cell, n) : n;
}

/* Names and units from the lines before the data: names, or names and below them units, or a
 * comment with as many cells. Lines that have another number of cells are no names. */
static void read_head(reader *r) {
    mho_i_csv *c = r->csv;
    for (int k = 0; k < 2; k++) {
        char *line = r->header[1 - k];
        int n = line ? cut_head(r, line) : 0;
        if (n < (int)c->n_col || n > (int)c->n_col + 1) {
            break;
        }
        if (k == 0 && r->header[0] && mho_i_csv_all_units(r->cell, c->n_col)) {
            mho_i_csv_set_units(c, r->cell);
            continue;
        }
        mho_i_csv_set_names(c, r->cell);
        return;
    }
    if (r->remark && !c->has_names) {
        char *line = r->remark + strspn(r->remark, "#%/ \t");
        if (cut_head(r, line) == (int)c->n_col) {
            mho_i_csv_set_names(c, r->cell);
        }
    }
}

/* Takes bytes over, also on failure. */
static mho_status read_table(mho_ctx *ctx, const char *where, char *bytes, size_t n_byte,
                             mho_i_csv **out) {
    *out = NULL;
    reader r = {.ctx = ctx, .n_byte = n_byte};
    mho_status status = MHO_ERR_NOMEM;
    size_t longest = 0;
    r.csv = mho_i_alloc(ctx, 1, sizeof *r.csv);
    if (!r.csv) {
        mho_i_free(ctx, bytes);
        return MHO_ERR_NOMEM;
    }
    r.csv->ctx = ctx;
    r.csv->bytes = bytes;
    r.csv->path = mho_i_strdup(ctx, where);
    if (!r.csv->path || (status = normalise(&r, &longest)) < 0) {
        goto done;
    }
    status = MHO_ERR_NOMEM;
    r.copy = mho_i_alloc(ctx, longest + 1, 1);
    r.cell = mho_i_alloc(ctx, MAX_COL + 1, sizeof *r.cell);
    r.col = mho_i_alloc(ctx, MAX_COL + 1, sizeof *r.col);
    if (!r.copy || !r.cell || !r.col || (status = find_delimiter(&r)) < 0) {
        goto done;
    }
    find_data(&r);
    status = r.first ? make_columns(&r)
                     : mho_i_fail(ctx, MHO_ERR_FORMAT, "%s: no line of numbers was found", where);
    if (status < 0) {
        goto done;
    }
    read_head(&r);
    status = read_rows(&r);
done:
    mho_i_free(ctx, r.copy);
    mho_i_free(ctx, r.cell);
    mho_i_free(ctx, r.col);
    if (status < 0) {
        mho_i_csv_free(r.csv);
        return status;
    }
    *out = r.csv;
    return MHO_OK;
}

mho_status mho_i_csv_read(mho_ctx *ctx, const char *path, mho_i_csv **out) {
    unsigned char *bytes;
    size_t n_byte;
    *out = NULL;
    mho_status status = mho_i_file_read(ctx, path, max_file_byte, &bytes, &n_byte);
    return status < 0 ? status : read_table(ctx, path, (char *)bytes, n_byte, out);
}

mho_status mho_i_csv_parse(mho_ctx *ctx, const char *where, const char *bytes, size_t n_byte,
                           mho_i_csv **out) {
    *out = NULL;
    char *copy = mho_i_alloc(ctx, n_byte + 1, 1);
    if (!copy) {
        return MHO_ERR_NOMEM;
    }
    memcpy(copy, bytes, n_byte);
    return read_table(ctx, where, copy, n_byte, out);
}

void mho_i_csv_free(mho_i_csv *csv) {
    if (!csv) {
        return;
    }
    mho_ctx *ctx = csv->ctx;
    for (size_t k = 0; k < csv->n_col; k++) {
        mho_i_free(ctx, csv->column[k].value);
        mho_i_free(ctx, csv->column[k].text);
    }
    mho_i_free(ctx, csv->column);
    mho_i_free(ctx, csv->line);
    mho_i_free(ctx, csv->path);
    mho_i_free(ctx, csv->bytes);
    mho_i_free(ctx, csv);
}
