/* csv_cell.c - cells of a CSV file: cutting a line, reading a number. */
#include "csv_int.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int mho_i_csv_split(char *line, char delimiter, int max, char **cell, int *col, int *bad) {
    int n = 0;
    char *p = line;
    for (;;) {
        while (*p == ' ' || (*p == '\t' && delimiter != '\t')) {
            p++;
        }
        if (delimiter == ' ' && !*p && n > 0) {
            return n; /* blanks at the end */
        }
        if (n == max) {
            return max + 1;
        }
        cell[n] = p;
        col[n++] = (int)(p - line) + 1;
        char *end;
        if (*p == '"') {
            char *to = p;
            *bad = (int)(p - line) + 1;
            for (p++; *p && !(*p == '"' && p[1] != '"'); p++) {
                p += *p == '"'; /* doubled: one quote */
                *to++ = *p;
            }
            if (!*p) {
                return -1;
            }
            end = to;
            p++;
            while (*p && *p != delimiter) {
                if (*p != ' ' && *p != '\t') {
                    return -1; /* text after the closing quote */
                }
                p++;
            }
        } else {
            while (*p && *p != delimiter && !(delimiter == ' ' && *p == '\t')) {
                p++;
            }
            for (end = p; end > cell[n - 1] && (end[-1] == ' ' || end[-1] == '\t');) {
                end--;
            }
        }
        bool last = !*p;
        *end = 0;
        if (last) {
            return n;
        }
        p++;
    }
}

static bool says_missing(const char *s) {
    static const char *const words[] = {"nan",  "na", "n/a",  "-",       "--",  "null",
                                        "none", "?",  "#n/a", "missing", "#nan"};
    char low[12];
    size_t n = strlen(s);
    if (n == 0) {
        return true;
    }
    if (n >= sizeof low) {
        return false;
    }
    for (size_t k = 0; k <= n; k++) {
        low[k] = (char)tolower((unsigned char)s[k]);
    }
    for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
        if (strcmp(low, words[k]) == 0) {
            return true;
        }
    }
    return false;
}

mho_i_csv_kind mho_i_csv_cell(const char *s, char delimiter, double *value, bool *comma,
                              bool *point) {
    char buf[64];
    size_t n = strlen(s);
    *value = NAN;
    *comma = *point = false;
    if (says_missing(s)) {
        return CELL_MISSING;
    }
    if (n >= sizeof buf || strspn(s, "0123456789+-.,eEdD") != n || !strpbrk(s, "0123456789")) {
        return CELL_TEXT;
    }
    for (size_t k = 0; k <= n; k++) {
        buf[k] = s[k] == 'd' || s[k] == 'D' ? 'e' : s[k]; /* Fortran writes 1.0D+03 */
        if (s[k] == ',') {
            if (*comma || delimiter == ',' || !isdigit((unsigned char)s[k + 1])) {
                return CELL_TEXT;
            }
            *comma = true;
            buf[k] = '.';
        }
        *point = *point || s[k] == '.';
    }
    char *end = NULL;
    double x = strtod(buf, &end);
    if (*end || (*comma && *point) || !isfinite(x)) {
        return CELL_TEXT;
    }
    *value = x;
    return CELL_NUMBER;
}
