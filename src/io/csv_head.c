/* csv_head.c - names and units of the columns of a CSV file, and finding a column by its name. */
#include "csv_int.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void mho_i_csv_show(const char *cell, char *buf, size_t n_buf) {
    size_t n = 0;
    for (; cell[n] && n + 4 < n_buf; n++) {
        unsigned char c = (unsigned char)cell[n];
        buf[n] = c < ' ' || c == 0x7f ? '.' : cell[n];
    }
    while (cell[n] && n > 0 && ((unsigned char)buf[n - 1] & 0xc0) == 0x80) {
        n--; /* no half of a letter */
    }
    if (cell[n] && n > 0 && (unsigned char)buf[n - 1] >= 0xc0) {
        n--;
    }
    snprintf(buf + n, n_buf - n, "%s", cell[n] ? "..." : "");
}

/* ---- units ---- */

/* How a unit is written, and what it is called here. Longer ones first. */
static const char *const spellings[][2] = {
    {"\xe2\x84\x83", "degC"},                      /* degree Celsius in one sign */
    {"\xc2\xb0", "deg"},                           /* degree sign, UTF-8 and Latin-1 */
    {"\xb0", "deg"},          {"\xce\xa9", "ohm"}, /* Greek omega */
    {"\xe2\x84\xa6", "ohm"},                       /* ohm sign */
    {"\xc2\xb5", "u"},                             /* micro sign, Greek mu, Latin-1 */
    {"\xce\xbc", "u"},        {"\xb5", "u"},
};

static void spell_out(const char *from, char *to, size_t n_to) {
    size_t n = 0;
    while (*from && n + 5 < n_to) {
        bool found = false;
        for (size_t k = 0; !found && k < sizeof spellings / sizeof *spellings; k++) {
            size_t len = strlen(spellings[k][0]);
            if (strncmp(from, spellings[k][0], len) == 0) {
                n += (size_t)snprintf(to + n, n_to - n, "%s", spellings[k][1]);
                from += len;
                found = true;
            }
        }
        if (!found) {
            to[n++] = *from++;
        }
    }
    to[n] = 0;
}

static bool same_letters(const char *a, const char *b) {
    while (*a && tolower((unsigned char)*a) == tolower((unsigned char)*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

/* "kOhm" gives "kohm", "Kelvin" "K", "deg C" "degC"; false: not a unit that is known here. */
static bool canonical_unit(const char *text, char *unit, size_t n_unit) {
    static const char *const words[][2] = {
        {"kelvin", "K"},    {"degc", "degC"}, {"celsius", "degC"},  {"deg c", "degC"},
        {"degk", "K"},      {"deg", "degC"},  {"degf", "degF"},     {"fahrenheit", "degF"},
        {"siemens", "S"},   {"sec", "s"},     {"seconds", "s"},     {"second", "s"},
        {"hours", "h"},     {"hour", "h"},    {"h", "h"},           {"min", "min"},
        {"minutes", "min"}, {"percent", "%"}, {"volt", "V"},        {"volts", "V"},
        {"ampere", "A"},    {"amps", "A"},    {"degrees c", "degC"}};
    static const char *const bases[] = {"ohms", "ohm", "K", "C", "S",  "V", "A",
                                        "s",    "W",   "J", "F", "Hz", "m", "%"};
    char spelled[40];
    spell_out(text, spelled, sizeof spelled);
    for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
        if (same_letters(spelled, words[k][0])) {
            snprintf(unit, n_unit, "%s", words[k][1]);
            return true;
        }
    }
    for (size_t k = 0; k < sizeof bases / sizeof *bases; k++) {
        size_t n = strlen(spelled), m = strlen(bases[k]);
        bool word = m > 2; /* ohm, Ohm, OHM; but s is not S */
        const char *tail = n >= m ? spelled + (n - m) : "";
        if (n < m || n > m + 1 ||
            !(word ? same_letters(tail, bases[k]) : !strcmp(tail, bases[k])) ||
            (n > m && !strchr("fpnumkKMG", spelled[0]))) {
            continue;
        }
        char prefix = n > m ? (spelled[0] == 'K' ? 'k' : spelled[0]) : 0;
        snprintf(unit, n_unit, "%s%s", prefix ? (char[2]){prefix, 0} : "", word ? "ohm" : bases[k]);
        return true;
    }
    return false;
}

static void trim_copy(const char *from, size_t n, char *to, size_t n_to) {
    while (n && strchr(" \t_", *from)) {
        from++;
        n--;
    }
    while (n && strchr(" \t_", from[n - 1])) {
        n--;
    }
    n = n < n_to - 1 ? n : n_to - 1;
    memcpy(to, from, n);
    to[n] = 0;
}

/* "Temperature (K)", "T [K]", "R/kohm", "resistance_ohm", "time s" */
static void split_name(const char *cell, mho_i_csv_column *c) {
    size_t n = strlen(cell);
    char unit[24], inside[40];
    if (n > 1 && (cell[n - 1] == ')' || cell[n - 1] == ']')) {
        char opener[2] = {cell[n - 1] == ')' ? '(' : '[', 0};
        const char *at = strrchr(cell, opener[0]);
        if (at) {
            trim_copy(at + 1, (size_t)(cell + n - 1 - (at + 1)), inside, sizeof inside);
            if (!canonical_unit(inside, unit, sizeof unit)) {
                snprintf(unit, sizeof unit, "%.23s", inside); /* said, if not known */
            }
            trim_copy(cell, (size_t)(at - cell), c->name, sizeof c->name);
            snprintf(c->unit, sizeof c->unit, "%s", *c->unit ? c->unit : unit);
            return;
        }
    }
    for (const char *sep = "/_ "; *sep; sep++) {
        const char *at = strrchr(cell, *sep);
        if (!at || at == cell) {
            continue;
        }
        trim_copy(at + 1, strlen(at + 1), inside, sizeof inside);
        if (*inside && canonical_unit(inside, unit, sizeof unit)) {
            trim_copy(cell, (size_t)(at - cell), c->name, sizeof c->name);
            snprintf(c->unit, sizeof c->unit, "%s", *c->unit ? c->unit : unit);
            return;
        }
    }
    trim_copy(cell, n, c->name, sizeof c->name);
}

int mho_i_csv_join(char **cell, int n) {
    int to = 0;
    for (int k = 0; k < n; k++) {
        if (to > 0 && (*cell[k] == '(' || *cell[k] == '[')) {
            char *end = cell[to - 1] + strlen(cell[to - 1]);
            *end = ' '; /* there was a blank */
            if (end + 1 != cell[k]) {
                memmove(end + 1, cell[k], strlen(cell[k]) + 1);
            }
        } else {
            cell[to++] = cell[k];
        }
    }
    return to;
}

bool mho_i_csv_all_units(char *const *cell, size_t n) {
    char unit[24];
    size_t n_unit = 0;
    for (size_t k = 0; k < n; k++) {
        const char *s = cell[k];
        size_t len = strlen(s);
        char inside[40];
        bool framed =
            len > 2 && len < sizeof inside && strchr("([", *s) && strchr(")]", s[len - 1]);
        trim_copy(s + framed, len - 2 * (size_t)framed, inside, sizeof inside);
        if (*s && !canonical_unit(inside, unit, sizeof unit)) {
            return false;
        }
        n_unit += *s != 0;
    }
    return n_unit > 0;
}

void mho_i_csv_set_units(mho_i_csv *csv, char *const *cell) {
    for (size_t k = 0; k < csv->n_col; k++) {
        size_t len = strlen(cell[k]);
        bool framed = len > 2 && strchr("([", *cell[k]) && strchr(")]", cell[k][len - 1]);
        char inside[40];
        trim_copy(cell[k] + framed, len - 2 * (size_t)framed, inside, sizeof inside);
        canonical_unit(inside, csv->column[k].unit, sizeof csv->column[k].unit);
    }
}

void mho_i_csv_set_names(mho_i_csv *csv, char *const *cell) {
    csv->has_names = true;
    for (size_t k = 0; k < csv->n_col; k++) {
        char shown[64];
        mho_i_csv_show(cell[k], shown, sizeof shown);
        split_name(shown, &csv->column[k]);
    }
}

/* ---- finding ---- */

/* Letters and digits only, whatever the case: "T_sample" is "t sample". */
static bool same_name(const char *a, const char *b) {
    for (;;) {
        while (*a && strchr(" _-.", *a)) {
            a++;
        }
        while (*b && strchr(" _-.", *b)) {
            b++;
        }
        if (!*a || !*b || tolower((unsigned char)*a) != tolower((unsigned char)*b)) {
            return *a == *b;
        }
        a++;
        b++;
    }
}

size_t mho_i_csv_find(const mho_i_csv *csv, const char *wanted) {
    for (size_t k = 0; k < csv->n_col; k++) {
        mho_i_csv_column full = {0};
        split_name(wanted, &full);
        if (*csv->column[k].name &&
            (same_name(csv->column[k].name, wanted) || same_name(csv->column[k].name, full.name))) {
            return k;
        }
    }
    char *end;
    long n = strtol(wanted, &end, 10);
    return end != wanted && !*end && n >= 1 && (size_t)n <= csv->n_col ? (size_t)n - 1 : csv->n_col;
}

size_t mho_i_csv_find_any(const mho_i_csv *csv, const char *const *names) {
    for (; *names; names++) {
        for (size_t k = 0; k < csv->n_col; k++) {
            if (*csv->column[k].name && same_name(csv->column[k].name, *names)) {
                return k;
            }
        }
    }
    return csv->n_col;
}

const char *mho_i_csv_list(const mho_i_csv *csv, char *buf, size_t n_buf) {
    if (!csv->has_names) {
        snprintf(buf, n_buf, "%zu column%s without names", csv->n_col, csv->n_col == 1 ? "" : "s");
        return buf;
    }
    size_t n = 0;
    buf[0] = 0;
    for (size_t k = 0; k < csv->n_col && n + 70 < n_buf; k++) {
        n += (size_t)snprintf(buf + n, n_buf - n, "%s%s", k ? ", " : "", csv->column[k].name);
    }
    return buf;
}

mho_status mho_i_csv_to_si(mho_i_csv *csv, size_t col, const char *unit) {
    mho_i_csv_column *c = &csv->column[col];
    if (!c->value) {
        return mho_i_csv_fail(csv, 0, "column %s holds text such as \"%.30s\", numbers are wanted",
                              c->name, c->text[0]);
    }
    char text[48], why[160];
    double factor = 1;
    snprintf(text, sizeof text, "1 %s", *c->unit ? c->unit : unit);
    if (strcmp(unit, "s") == 0 && strcmp(c->unit, "h") == 0) {
        factor = 3600;
    } else if (strcmp(unit, "s") == 0 && strcmp(c->unit, "min") == 0) {
        factor = 60;
    } else if (!*unit && !*c->unit) {
        return MHO_OK;
    } else if (!mho_quantity_parse(text, unit, &factor, why, sizeof why)) {
        return mho_i_fail(csv->ctx, MHO_ERR_FORMAT,
                          "%s: column %s is in \"%s\"; %s with a prefix is wanted", csv->path,
                          *c->name ? c->name : "without a name", c->unit,
                          *unit ? unit : "a pure number");
    }
    for (size_t k = 0; k < csv->n_row; k++) {
        c->value[k] = factor < 1 ? c->value[k] / round(1 / factor) : c->value[k] * factor;
    }
    snprintf(c->unit, sizeof c->unit, "%s", unit);
    return MHO_OK;
}

mho_status mho_i_csv_fail(const mho_i_csv *csv, size_t row, const char *fmt, ...) {
    char what[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    return mho_i_fail(csv->ctx, MHO_ERR_FORMAT, "%s:%zu: %s", csv->path,
                      row < csv->n_row ? csv->line[row] : 0, what);
}
