/* units.c - quantities as people write them ("60 uS", "3 %") to SI numbers and back. */
#include "base_int.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct prefix {
    const char *text;
    double factor;
} prefix;

static const prefix prefixes[] = {{"", 1},     {"f", 1e-15},      {"p", 1e-12}, {"n", 1e-9},
                                  {"u", 1e-6}, {"m", 1e-3},       {"k", 1e3},   {"M", 1e6},
                                  {"G", 1e9},  {"\xc2\xb5", 1e-6}};

static const char *skip_space(const char *s) {
    while (isspace((unsigned char)*s)) {
        s++;
    }
    return s;
}

/* Times longer than seconds: a month is a twelfth of a year of 365.25 days. */
static const prefix spans[] = {{"min", 60},        {"h", 3600},        {"day", 86400},
                               {"days", 86400},    {"month", 2629800}, {"months", 2629800},
                               {"year", 31557600}, {"years", 31557600}};

/* "uS" with unit "S" gives 1e-6; 0 if the suffix is not a prefix and the unit */
static double suffix_factor(const char *suffix, const char *unit) {
    for (size_t k = 0; strcmp(unit, "s") == 0 && k < sizeof spans / sizeof *spans; k++) {
        if (strcmp(suffix, spans[k].text) == 0) {
            return spans[k].factor;
        }
    }
    size_t n_suffix = strlen(suffix), n_unit = strlen(unit);
    if (n_suffix < n_unit || strcmp(suffix + (n_suffix - n_unit), unit) != 0) {
        return 0;
    }
    size_t n_prefix = n_suffix - n_unit;
    for (size_t k = 0; k < sizeof prefixes / sizeof *prefixes; k++) {
        if (strlen(prefixes[k].text) == n_prefix &&
            strncmp(prefixes[k].text, suffix, n_prefix) == 0) {
            double f = prefixes[k].factor;
            return strcmp(unit, "m2") == 0 ? f * f : f;
        }
    }
    return 0;
}

bool mho_quantity_parse(const char *text, const char *unit, double *value, char *why,
                        size_t n_why) {
    char *end;
    double number = strtod(text, &end);
    if (end == text || !isfinite(number)) {
        snprintf(why, n_why, "\"%s\" is not a number with a unit, such as \"2 %s\"", text,
                 *unit ? unit : "%");
        return false;
    }
    char suffix[32];
    const char *s = skip_space(end);
    size_t n = strlen(s);
    while (n && isspace((unsigned char)s[n - 1])) {
        n--;
    }
    bool fits = n < sizeof suffix; /* no unit is as long */
    snprintf(suffix, sizeof suffix, "%.*s", fits ? (int)n : 1, s);
    double factor = fits ? suffix_factor(suffix, unit) : 0;
    if (!*unit) {
        factor = !*suffix ? 1 : fits && strcmp(suffix, "%") == 0 ? 1e-2 : 0;
    } else if (!*suffix) {
        factor = number == 0 ? 1 : 0;
    }
    if (factor == 0) {
        if (!*unit) {
            snprintf(why, n_why, "\"%s\" has a unit; a pure number or %% is wanted", text);
        } else {
            snprintf(why, n_why,
                     "\"%s\" has %s; the unit wanted is %s (with a prefix f p n u m k M G"
                     " if you like)",
                     text, *suffix ? "the wrong unit" : "no unit", unit);
        }
        return false;
    }
    /* powers of ten are exact from 1 up: "60 uS" becomes the double nearest to 60e-6 */
    *value = factor < 1 ? number / round(1 / factor) : number * factor;
    return true;
}

char *mho_quantity_format(double value, const char *unit, int digits, char *buf, size_t n_buf) {
    static const prefix ladder[] = {{"f", 1e-15}, {"p", 1e-12}, {"n", 1e-9},
                                    {"u", 1e-6},  {"m", 1e-3},  {"", 1},
                                    {"k", 1e3},   {"M", 1e6},   {"G", 1e9}};
    const int n_ladder = (int)(sizeof ladder / sizeof *ladder);
    bool square = strcmp(unit, "m2") == 0;
    if (value == 0 || !*unit || !isfinite(value)) {
        snprintf(buf, n_buf, "%.*g%s%s", digits, value, *unit ? " " : "", unit);
        return buf;
    }
    int k = 0;
    double best = ladder[0].factor;
    for (int j = 0; j < n_ladder; j++) {
        double f = square ? ladder[j].factor * ladder[j].factor : ladder[j].factor;
        /* areas step by 1e6: 0.35 um2 reads better than 350000 nm2 */
        if (fabs(value) >= f * (square ? 0.01 : 1) * (1 - 1e-9)) {
            k = j;
            best = f;
        }
    }
    if (fabs(value) < (square ? 1e-30 : 1e-15)) {
        best = square ? 1e-30 : 1e-15;
    }
    double shown = value / best;
    /* areas reach 9999 before the next step: no power of ten for want of digits */
    bool wide = fabs(shown) >= pow(10, digits) && fabs(shown) < 99999;
    if (wide) {
        snprintf(buf, n_buf, "%.0f %s%s", shown, ladder[k].text, unit);
    } else {
        snprintf(buf, n_buf, "%.*g %s%s", digits, shown, ladder[k].text, unit);
    }
    return buf;
}
