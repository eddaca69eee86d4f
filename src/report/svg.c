/* svg.c - a picture of gnuplot made fit for the inside of a page: no prolog, no tooltips with
 * gnuplot's internal names, ids that do not clash with those of the next picture, and black turned
 * into the colour of the surrounding text, so that it reads on dark paper too. */
#include "report_int.h"

#include <string.h>

typedef struct swap {
    const char *from, *to;
} swap;

/* to: NULL stands for the name that makes ids unique, before the rest of from */
static const swap swaps[] = {
    {"'black'", "'currentColor'"},
    {"\"black\"", "\"currentColor\""},
    {"rgb(0,0,0)", "currentColor"},
    {"rgb(  0,   0,   0)", "currentColor"},
    {"color=\"white\"", ""},
    {"gnuplot_", NULL},
    {"gpDot", NULL},
    {"gpPt", NULL},
    {"'textbox'", "''"},
    {"'greybox'", "''"},
};
enum { N_SWAP = sizeof swaps / sizeof *swaps };

/* End of an element that is left out whole, or NULL. */
static const char *skip_element(const char *p) {
    static const char *const names[] = {"title", "desc", "filter"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        size_t n = strlen(names[k]);
        if (strncmp(p + 1, names[k], n) == 0 && (p[1 + n] == '>' || p[1 + n] == ' ')) {
            char end[16];
            snprintf(end, sizeof end, "</%s>", names[k]);
            const char *at = strstr(p, end);
            return at ? at + strlen(end) : NULL;
        }
    }
    return NULL;
}

static const char *apply_swap(const char *p, const char *name, mho_i_text *page) {
    for (size_t k = 0; k < N_SWAP; k++) {
        size_t n = strlen(swaps[k].from);
        if (strncmp(p, swaps[k].from, n) == 0) {
            if (swaps[k].to) {
                mho_i_text_put(page, swaps[k].to, strlen(swaps[k].to));
            } else {
                mho_i_text_add(page, "%s-%s", name, swaps[k].from);
            }
            return p + n;
        }
    }
    return NULL;
}

static void put_svg(const char *svg, const char *name, mho_i_text *page) {
    const char *p = svg;
    while (*p) {
        const char *next = *p == '<' ? skip_element(p) : NULL;
        if (!next && strchr("'\"rcg", *p)) {
            next = apply_swap(p, name, page);
        }
        if (!next) {
            size_t run = 1 + strcspn(p + 1, "<'\"rcg");
            mho_i_text_put(page, p, run);
            next = p + run;
        }
        p = next;
    }
}

mho_status mho_i_svg_add(mho_ctx *ctx, const mho_i_text *script, const char *name, const char *alt,
                         mho_i_text *page) {
    if (script->status < 0) {
        return script->status;
    }
    mho_i_text out;
    mho_i_text_init(&out, ctx);
    mho_status status = mho_i_gnuplot_run(ctx, script->data, script->len, &out);
    const char *svg = status == MHO_OK && out.data ? strstr(out.data, "<svg") : NULL;
    if (status == MHO_OK && !svg) {
        status = mho_i_fail(ctx, MHO_ERR_INTERNAL, "%s: gnuplot gave %zu bytes and no SVG picture",
                            alt, out.len);
    }
    if (status == MHO_OK) {
        mho_i_text_add(page, "<svg role=\"img\" aria-label=\"");
        mho_i_html_text(page, alt);
        mho_i_text_add(page, "\" ");
        put_svg(svg + strlen("<svg"), name, page);
        status = page->status;
    }
    mho_i_text_free(&out);
    return status;
}
