/* options.c - option tables read with getopt_long, help made from the same tables. */
#define _GNU_SOURCE
#include "cli.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_OPTION = 64 };

#undef cli_usage_error
int cli_usage_error(const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    fputs("mho: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    return CLI_BAD_INPUT;
}

/* sscanf would take signs and blanks, and wrap what no number holds */
static bool take_size(const char **at, size_t most, size_t *n) {
    char *end;
    bool digit = **at >= '0' && **at <= '9';
    *n = strtoul(*at, &end, 10); /* the largest number if there is none so large */
    *at = end;
    return digit && *n >= 1 && *n <= most;
}

bool cli_shape(const char *text, size_t most, size_t *n_row, size_t *n_col) {
    return take_size(&text, most, n_row) && *text++ == 'x' && take_size(&text, most, n_col) &&
           !*text;
}

static void print_help(const cli_command *cmd, const cli_option *opt) {
    printf("%s\n\nUsage: mho %s %s\n\n", cmd->summary, cmd->name, cmd->usage);
    for (const cli_option *o = opt; o->name; o++) {
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", o->name, o->meta ? " " : "",
                 o->meta ? o->meta : "");
        printf("  %-26s %s\n", left, o->help);
    }
    printf("  %-26s %s\n", "--help", "this text");
    printf("\nExample:\n  %s\n", cmd->example);
}

static int bad_value(const cli_option *o, const char *text, const char *allowed) {
    return cli_usage_error("--%s %s: %s", o->name, text, allowed);
}

static int read_value(const cli_option *o, const char *text) {
    char *end;
    errno = 0;
    switch (o->kind) {
    case CLI_FLAG:
        *(bool *)o->value = true;
        return -1;
    case CLI_FILE:
        if (strcmp(text, "-") == 0) {
            return bad_value(o, text, "a file is wanted; one that is called - is ./-");
        }
        *(const char **)o->value = text;
        return -1;
    case CLI_TEXT:
    case CLI_MAYBE:
        *(const char **)o->value = text;
        return -1;
    case CLI_LIST: {
        cli_list *list = o->value;
        if (list->n == CLI_LIST_MAX) {
            return bad_value(o, text, "that is one too many; at most 64 are taken");
        }
        list->item[list->n++] = text;
        return -1;
    }
    case CLI_COUNT: {
        long n = strtol(text, &end, 10);
        if (end == text || *end || errno || n < 0) {
            return bad_value(o, text, "a whole number, 0 or more, is wanted");
        }
        *(long *)o->value = n;
        return -1;
    }
    case CLI_SEED: {
        unsigned long long s = strtoull(text, &end, 10);
        if (end == text || *end || errno || strchr(text, '-')) {
            return bad_value(o, text, "a whole number from 0 to 18446744073709551615 is wanted");
        }
        *(uint64_t *)o->value = s;
        return -1;
    }
    case CLI_NUMBER: {
        char why[160];
        double x = strtod(text, &end);
        if (end != text && !*end && isfinite(x)) {
            *(double *)o->value = x; /* a bare number on the command line is SI */
            return -1;
        }
        if (mho_quantity_parse(text, o->unit, (double *)o->value, why, sizeof why)) {
            return -1;
        }
        return bad_value(o, text, why);
    }
    }
    return CLI_INTERNAL;
}

int cli_parse(const cli_command *cmd, const cli_option *opt, int argc, char **argv,
              const char **positional, int max_positional) {
    struct option table[MAX_OPTION] = {0};
    int n = 0;
    for (const cli_option *o = opt; o->name && n < MAX_OPTION - 2; o++, n++) {
        int wants = o->kind == CLI_FLAG    ? no_argument
                    : o->kind == CLI_MAYBE ? optional_argument
                                           : required_argument;
        table[n] = (struct option){o->name, wants, NULL, 0};
    }
    table[n] = (struct option){"help", no_argument, NULL, 'h'};
    for (int k = 0; k < max_positional; k++) {
        positional[k] = NULL;
    }
    opterr = 0;
    optind = 0; /* forgets what an earlier call has left, as 1 does not */
    for (;;) {
        int index = -1;
        int c = getopt_long(argc, argv, ":h", table, &index);
        if (c == -1) {
            break;
        }
        if (c == 'h') {
            print_help(cmd, opt);
            return CLI_DONE;
        }
        if (c == ':') {
            return cli_usage_error("%s wants a value; mho %s --help lists the options",
                                   argv[optind - 1], cmd->name);
        }
        if (c == '?') {
            char letter[3] = {'-', (char)optopt, 0}; /* optopt is 0 for a long option */
            return cli_usage_error("%s is not an option of mho %s; mho %s --help lists them",
                                   optopt ? letter : argv[optind - 1], cmd->name, cmd->name);
        }
        const char *text = optarg ? optarg : "";
        if (opt[index].kind == CLI_MAYBE && !optarg) {
            /* "--json FILE" besides "--json=FILE": the next word is the value unless an option */
            bool next = optind < argc && (argv[optind][0] != '-' || !argv[optind][1]);
            text = next ? argv[optind++] : "-";
        }
        int rc = read_value(opt + index, text);
        if (rc >= 0) {
            return rc;
        }
    }
    for (int k = 0; optind < argc; optind++, k++) {
        if (k == max_positional) {
            return cli_usage_error("\"%s\" is one argument too many; mho %s --help", argv[optind],
                                   cmd->name);
        }
        positional[k] = argv[optind];
    }
    return -1;
}
