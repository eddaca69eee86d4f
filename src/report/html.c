/* html.c - the frame of a page: style sheet, sections, numbers, escaped text, small pictures.
 * One file that needs nothing else: no scripts, no fonts, nothing loaded. */
#include "report_int.h"

#include <math.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

static const char style[] =
    ":root{color-scheme:light dark;--ink:#1c1c1a;--soft:#5f5f59;--paper:#fdfdfb;--line:#d9d8d0;"
    "--tint:#f3f2ec;--blue:#3a6ea5;--red:190,75,40}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6e5df;--soft:#a3a299;--paper:#191a1b;"
    "--line:#3c3d3e;--tint:#232425;--blue:#7fb0e0;--red:225,115,75}}\n"
    "*{box-sizing:border-box}\n"
    "html{-webkit-text-size-adjust:100%}\n"
    "body{margin:0;background:var(--paper);color:var(--ink);"
    "font:17px/1.55 Charter,'Bitstream Charter','Sitka Text',Cambria,Georgia,serif}\n"
    "main{max-width:47rem;margin:0 auto;padding:2.5rem 1rem 4rem}\n"
    "h1{font-size:1.75rem;line-height:1.2;font-weight:600;margin:0 0 .3rem;text-wrap:balance}\n"
    "h2{font-size:1.2rem;line-height:1.3;font-weight:600;margin:0 0 .6rem}\n"
    "h3{font-size:1rem;font-weight:600;margin:1.4rem 0 .3rem}\n"
    "section{margin-top:2.6rem;border-top:1px solid var(--line);padding-top:1.1rem}\n"
    "p{margin:.6rem 0}\n"
    ".lead{font-size:1.12rem;line-height:1.5;margin:1.1rem 0 1.4rem}\n"
    ".soft,figcaption,caption,.src{color:var(--soft)}\n"
    "table,figcaption,caption,.sans,dl{font-family:system-ui,-apple-system,'Segoe UI',Roboto,"
    "'Liberation Sans',sans-serif;font-size:.84rem;line-height:1.4}\n"
    ".scroll th{white-space:nowrap}.scroll{overflow-x:auto;margin:.8rem 0}\n"
    "table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;margin:.8rem 0}\n"
    ".scroll table{margin:0}\n"
    "caption{text-align:left;padding:0 0 .35rem}\n"
    "th,td{padding:.3rem .6rem .3rem 0;text-align:left;vertical-align:top;"
    "border-bottom:1px solid var(--line)}\n"
    "th{font-weight:400}thead th{color:var(--soft);vertical-align:bottom}\n"
    ".one th{white-space:nowrap}td.n,th.n{text-align:right;white-space:nowrap}\n"
    "tr.sum th,tr.sum td{font-weight:600;border-bottom:0}\n"
    "td[data-l]::before{color:var(--soft)}.t{overflow-wrap:break-word}thead "
    "th.n{white-space:normal}"
    "tr.own th,tr.own td{background:var(--tint);font-weight:600}tr.own td.t{font-weight:400}.alt "
    "th:first-child{width:44%}.alt td.t{width:27%}\n"
    "tbody.head th{font-weight:600;padding-top:1rem}\n"
    "td.n+td,th.n+th:not(.n){padding-left:.6rem}th:last-child,td:last-child{padding-right:0}\n"
    "sup{line-height:0}.narrow{max-width:30rem}\n"
    "code{font:.92em ui-monospace,'DejaVu Sans Mono',monospace}\n"
    "figure{margin:1.2rem 0}figure svg{display:block;width:100%;max-width:36rem;height:auto}\n"
    "figcaption{margin-top:.4rem;max-width:36rem}\n"
    ".key{display:grid;grid-template-columns:repeat(4,1fr);gap:1px;background:var(--line);"
    "border:1px solid var(--line);margin:1.2rem 0}\n"
    ".key div{background:var(--paper);padding:.7rem .8rem}\n"
    ".key dt{color:var(--soft)}.key "
    "dd{margin:0;font-size:1.25rem;font-weight:600;line-height:1.3}\n"
    ".key dd small{display:block;font-size:.78rem;font-weight:400;color:var(--soft)}\n"
    "dl.key{font-size:.8rem}\n"
    ".bar{display:inline-block;height:.6em;background:var(--blue);opacity:.75;min-width:1px}\n"
    ".three{display:grid;grid-template-columns:repeat(auto-fit,minmax(13.5rem,1fr));gap:0 1.8rem}\n"
    ".grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(4.6rem,1fr));gap:.9rem .6rem;"
    "margin:1rem 0}\n"
    ".grid figure{margin:0;text-align:center}.grid figcaption{margin:.2rem 0 0;line-height:1.25}\n"
    ".px{width:56px;height:56px;image-rendering:pixelated;border:1px solid var(--line)}\n"
    ".pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(20rem,1fr));gap:1rem;margin:"
    "1rem "
    "0}.pair figure{margin:0}.photo{display:block;width:100%;height:auto;border:1px solid "
    "var(--line)}\n"
    ".cm{table-layout:fixed;text-align:center}.cm th,.cm td{padding:.3rem 0;text-align:center;"
    "border:1px solid var(--line)}.cm td.d{background:var(--tint);font-weight:600}\n"
    ".cm thead th,.cm tbody th{border-color:transparent;color:var(--soft)}\n"
    "footer{margin-top:3rem;color:var(--soft)}\n";

/* what changes on a phone and on paper */
static const char style_small[] =
    "@media(max-width:600px){body{font-size:16px}main{padding:1.5rem 1rem 3rem}"
    "h1{font-size:1.4rem}.key{grid-template-columns:repeat(2,1fr)}.cm{font-size:.68rem}"
    ".scroll table{min-width:38rem}.narrow.scroll table{min-width:25rem}.stack thead{display:none}"
    ".stack tr{display:grid;grid-template-columns:1fr auto;gap:.1rem .8rem;"
    "border-bottom:1px solid var(--line);padding:.4rem 0}"
    ".stack th,.stack td{border:0;padding:0!important;width:auto!important}.stack td.t,.stack "
    "th.t{grid-column:1/-1}"
    ".stack td[data-l]::before{content:attr(data-l)}.stack td.low{grid-column:1/-1}"
    ".one th{white-space:normal}}\n"
    "@media print{:root{--ink:#000;--paper:#fff;--soft:#444;--line:#bbb;--tint:#eee;--blue:#3a6ea5}"
    "body{font-size:10pt}main{max-width:none;padding:0}.scroll{overflow:visible}"
    ".scroll table{min-width:0}section{break-inside:auto}"
    "h2,h3{break-after:avoid}figure,tr,.key{break-inside:avoid}@page{margin:18mm}}\n";

void mho_i_html_begin(mho_i_text *t, const char *title) {
    mho_i_text_add(t, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                      "<title>");
    mho_i_html_text(t, title);
    mho_i_text_add(t, "</title>\n<style>\n%s%s</style>\n</head>\n<body>\n<main>\n<header>\n", style,
                   style_small);
}

void mho_i_html_end(mho_i_text *t) {
    mho_i_text_add(t, "</section>\n</main>\n</body>\n</html>\n");
}

void mho_i_html_section(mho_i_text *t, const char *id, const char *title) {
    bool first = t->data && !strstr(t->data, "<section");
    mho_i_text_add(t, "%s\n<section id=\"%s\">\n<h2>", first ? "</header>" : "</section>", id);
    mho_i_html_text(t, title);
    mho_i_text_add(t, "</h2>\n");
}

void mho_i_html_text(mho_i_text *t, const char *text) {
    for (const char *p = text; *p; p++) {
        switch (*p) {
        case '&':
            mho_i_text_put(t, "&amp;", 5);
            break;
        case '<':
            mho_i_text_put(t, "&lt;", 4);
            break;
        case '>':
            mho_i_text_put(t, "&gt;", 4);
            break;
        case '"':
            mho_i_text_put(t, "&quot;", 6);
            break;
        case '\'':
            mho_i_text_put(t, "&#39;", 5);
            break;
        default:
            /* control characters are not allowed in HTML */
            if ((unsigned char)*p >= ' ' || *p == '\n' || *p == '\t') {
                mho_i_text_put(t, p, 1);
            }
        }
    }
}

static const char dash[] = "&#8212;", minus[] = "&#8722;", thin[] = "&#8239;";

/* "-1.2e-07" as −1.2 × 10^−7 */
static void put_number(mho_i_text *t, const char *number) {
    const char *e = strchr(number, 'e');
    if (*number == '-') {
        mho_i_text_add(t, "%s", minus);
        number++;
    }
    mho_i_text_put(t, number, e ? (size_t)(e - number) : strlen(number));
    if (e) {
        int power = (int)strtol(e + 1, NULL, 10);
        mho_i_text_add(t, "%s&#215;%s10<sup>%s%d</sup>", thin, thin, power < 0 ? minus : "",
                       power < 0 ? -power : power);
    }
}

void mho_i_html_number(mho_i_text *t, double value, int digits) {
    char buf[48];
    if (!isfinite(value)) {
        mho_i_text_add(t, "%s", dash);
        return;
    }
    if (fabs(value) >= pow(10, digits) && fabs(value) < 1e7) {
        snprintf(buf, sizeof buf, "%.0f", value);
    } else {
        snprintf(buf, sizeof buf, "%.*g", digits, value);
    }
    put_number(t, buf);
}

void mho_i_html_quantity(mho_i_text *t, double value, const char *unit, int digits) {
    char buf[48];
    if (!isfinite(value)) {
        mho_i_text_add(t, "%s", dash);
        return;
    }
    if (!*unit && value >= 0 && value == floor(value) && value < 1e15) {
        mho_i_html_count(t, (size_t)value);
        return;
    }
    if (!*unit) {
        mho_i_html_number(t, value, digits);
        return;
    }
    mho_i_html_value(t, mho_quantity_format(value, unit, digits, buf, sizeof buf));
}

void mho_i_html_value(mho_i_text *t, const char *text) {
    char number[48];
    const char *space = strchr(text, ' ');
    snprintf(number, sizeof number, "%.*s", (int)(space ? (size_t)(space - text) : strlen(text)),
             text);
    put_number(t, number);
    if (!space) {
        return;
    }
    mho_i_text_add(t, "%s", space[1] == '%' ? thin : "&#160;");
    const char *u = space + 1;
    if (*u == 'u') {
        mho_i_text_add(t, "&#181;");
        u++;
    }
    for (; *u; u++) {
        if (strncmp(u, "ohm", 3) == 0) {
            mho_i_text_add(t, "&#937;");
            u += 2;
        } else if (*u == '2') {
            mho_i_text_add(t, "&#178;");
        } else {
            mho_i_html_text(t, (char[]){*u, 0});
        }
    }
}

void mho_i_html_count(mho_i_text *t, size_t n) {
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%zu", n);
    for (int k = 0; k < len; k++) {
        mho_i_text_put(t, digits + k, 1);
        /* 6508, but 60,000 */
        if (len > 4 && k + 1 < len && (len - k - 1) % 3 == 0) {
            mho_i_text_put(t, ",", 1);
        }
    }
}

void mho_i_html_percent(mho_i_text *t, double share, int decimals) {
    if (!isfinite(share)) {
        mho_i_text_add(t, "%s", dash);
        return;
    }
    char buf[48];
    snprintf(buf, sizeof buf, "%.*f", decimals, share * 100);
    put_number(t, buf);
    mho_i_text_add(t, "%s%%", thin);
}

void mho_i_html_row(mho_i_text *t, const char *heading) {
    mho_i_text_add(t, "<tr><th scope=\"row\">");
    mho_i_html_text(t, heading);
    mho_i_text_add(t, "</th>");
}

static void put_base64(mho_i_text *t, const unsigned char *data, size_t n) {
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t k = 0; k < n; k += 3) {
        unsigned v = (unsigned)data[k] << 16 | (k + 1 < n ? (unsigned)data[k + 1] << 8 : 0) |
                     (k + 2 < n ? data[k + 2] : 0);
        char four[4] = {digit[v >> 18], digit[v >> 12 & 63], k + 1 < n ? digit[v >> 6 & 63] : '=',
                        k + 2 < n ? digit[v & 63] : '='};
        mho_i_text_put(t, four, 4);
    }
}

/* pixels as an <img>, as they are or inverted */
static mho_status put_picture(mho_ctx *ctx, mho_i_text *t, const uint8_t *pixels, size_t n_row,
                              size_t n_col, bool invert, const char *style_class, const char *alt) {
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)n_col,
                       .height = (png_uint_32)n_row,
                       .format = PNG_FORMAT_GRAY};
    png_alloc_size_t n_byte = PNG_IMAGE_PNG_SIZE_MAX(image);
    unsigned char *png = mho_i_alloc(ctx, n_byte + n_row * n_col, 1);
    if (!png) {
        return MHO_ERR_NOMEM;
    }
    unsigned char *copy = png + n_byte;
    for (size_t k = 0; k < n_row * n_col; k++) {
        copy[k] = (unsigned char)(invert ? 255 - pixels[k] : pixels[k]);
    }
    if (!png_image_write_to_memory(&image, png, &n_byte, 0, copy, (png_int_32)n_col, NULL)) {
        mho_i_free(ctx, png);
        return mho_i_fail(ctx, MHO_ERR_INTERNAL, "libpng: %s", image.message);
    }
    mho_i_text_add(t, "<img class=\"%s\" width=\"%zu\" height=\"%zu\" alt=\"", style_class, n_col,
                   n_row);
    mho_i_html_text(t, alt);
    mho_i_text_add(t, "\" src=\"data:image/png;base64,");
    put_base64(t, png, (size_t)n_byte);
    mho_i_text_add(t, "\">");
    mho_i_free(ctx, png);
    return t->status;
}

mho_status mho_i_html_picture(mho_ctx *ctx, mho_i_text *t, const uint8_t *pixels, size_t n_row,
                              size_t n_col, const char *alt) {
    return put_picture(ctx, t, pixels, n_row, n_col, true, "px", alt);
}

mho_status mho_i_html_photo(mho_ctx *ctx, mho_i_text *t, const uint8_t *pixels, size_t n_row,
                            size_t n_col, const char *alt) {
    return put_picture(ctx, t, pixels, n_row, n_col, false, "photo", alt);
}
