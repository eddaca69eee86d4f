/* yaml.c - YAML documents by libfyaml, which is asked to collect its complaints instead of printing
 * them, to leave aliases alone (so that they cannot multiply) and to let keys come twice (so that
 * the reader of the mapping can say which). */
#include "io_int.h"

#include <libfyaml.h>
#include <string.h>

struct mho_i_yaml {
    mho_ctx *ctx;
    char *where;
    unsigned char *bytes; /* NULL: the caller's */
    struct fy_diag *diag;
    struct fy_parser *parser;
    struct fy_document *document;
};

void mho_i_yaml_free(mho_i_yaml *doc) {
    if (!doc) {
        return;
    }
    if (doc->document) {
        fy_document_destroy(doc->document);
    }
    if (doc->parser) {
        fy_parser_destroy(doc->parser);
    }
    if (doc->diag) {
        fy_diag_destroy(doc->diag);
    }
    mho_i_free(doc->ctx, doc->bytes);
    mho_i_free(doc->ctx, doc->where);
    mho_i_free(doc->ctx, doc);
}

static mho_status syntax_error(mho_i_yaml *doc) {
    void *at = NULL;
    struct fy_diag_error *e = fy_diag_errors_iterate(doc->diag, &at);
    if (!e) { /* libfyaml keeps silent about memory */
        return mho_i_fail(doc->ctx, MHO_ERR_FORMAT,
                          "%s: this is not YAML, or it needs more memory "
                          "than there is",
                          doc->where);
    }
    /* libfyaml's msg is the bare sentence; line and column count from 1 here */
    return mho_i_fail(doc->ctx, MHO_ERR_FORMAT, "%s:%d:%d: not YAML: %s", doc->where,
                      e->line > 0 ? e->line : 1, e->column > 0 ? e->column : 1,
                      e->msg ? e->msg : "syntax error");
}

static mho_status read_document(mho_i_yaml *doc, const char *bytes, size_t n_byte) {
    struct fy_diag_cfg silent;
    fy_diag_cfg_default(&silent);
    silent.fp = NULL;
    silent.output_fn = NULL;
    silent.level = FYET_ERROR;
    silent.colorize = false;
    doc->diag = fy_diag_create(&silent);
    if (!doc->diag) {
        return mho_i_fail(doc->ctx, MHO_ERR_NOMEM, "out of memory");
    }
    fy_diag_set_collect_errors(doc->diag, true);
    const struct fy_parse_cfg cfg = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG |
                                              FYPCF_ALLOW_DUPLICATE_KEYS | FYPCF_JSON_NONE,
                                     .diag = doc->diag};
    doc->parser = fy_parser_create(&cfg);
    if (!doc->parser || fy_parser_set_string(doc->parser, bytes, n_byte) != 0) {
        return mho_i_fail(doc->ctx, MHO_ERR_NOMEM, "out of memory");
    }
    doc->document = fy_parse_load_document(doc->parser);
    if (fy_diag_got_error(doc->diag)) {
        return syntax_error(doc);
    }
    if (doc->document) {
        struct fy_document *second = fy_parse_load_document(doc->parser);
        if (fy_diag_got_error(doc->diag)) {
            return syntax_error(doc);
        }
        if (second) {
            fy_document_destroy(second);
            return mho_i_fail(doc->ctx, MHO_ERR_FORMAT,
                              "%s: several documents; one is wanted (is there a line \"---\"?)",
                              doc->where);
        }
    }
    return MHO_OK;
}

size_t mho_i_utf8_length(const unsigned char *p, const unsigned char *end) {
    if (*p < 0x80) {
        return 1;
    }
    size_t n = *p >= 0xf0 && *p <= 0xf4  ? 4
               : *p >= 0xe0 && *p < 0xf0 ? 3
               : *p >= 0xc2 && *p < 0xe0 ? 2
                                         : 0;
    if ((size_t)(end - p) < n) {
        return 0;
    }
    for (size_t k = 1; k < n; k++) {
        if ((p[k] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool too_long = (*p == 0xe0 && p[1] < 0xa0) || (*p == 0xf0 && p[1] < 0x90);
    bool no_character = (*p == 0xed && p[1] > 0x9f) || (*p == 0xf4 && p[1] > 0x8f);
    return too_long || no_character ? 0 : n;
}

/* What the parser must not see: it can loop for ever over directives with bytes that are not UTF-8
 * (libfyaml 0.7), and none of our files has a directive. */
static mho_status check_text(mho_ctx *ctx, const char *where, const char *bytes, size_t n_byte) {
    const unsigned char *p = (const unsigned char *)bytes, *end = p + n_byte;
    size_t line = 1, n;
    for (bool first = true; p < end; p += n) {
        n = mho_i_utf8_length(p, end);
        if (n == 0 || (*p < ' ' && *p != '\n' && *p != '\r' && *p != '\t') || *p == 0x7f) {
            return mho_i_fail(ctx, MHO_ERR_FORMAT,
                              "%s:%zu: byte %zu is 0x%02x: this is not a text in UTF-8", where,
                              line, (size_t)(p - (const unsigned char *)bytes), *p);
        }
        if (first && *p == '%') {
            return mho_i_fail(
                ctx, MHO_ERR_FORMAT,
                "%s:%zu: a line that begins with %% (a YAML directive) is not allowed", where,
                line);
        }
        first = *p == '\n' || *p == '\r';
        line += *p == '\n';
    }
    return MHO_OK;
}

mho_status mho_i_yaml_parse(mho_ctx *ctx, const char *where, const char *bytes, size_t n_byte,
                            mho_i_yaml **out) {
    *out = NULL;
    mho_status status = check_text(ctx, where, bytes, n_byte);
    if (status < 0) {
        return status;
    }
    mho_i_yaml *doc = mho_i_alloc(ctx, 1, sizeof *doc);
    if (!doc) {
        return MHO_ERR_NOMEM;
    }
    doc->ctx = ctx;
    doc->where = mho_i_strdup(ctx, where);
    status = doc->where ? read_document(doc, bytes, n_byte) : MHO_ERR_NOMEM;
    if (status < 0) {
        mho_i_yaml_free(doc);
        return status;
    }
    *out = doc;
    return MHO_OK;
}

mho_status mho_i_yaml_load(mho_ctx *ctx, const char *path, size_t max_byte, mho_i_yaml **out) {
    *out = NULL;
    unsigned char *bytes;
    size_t n_byte;
    mho_status status = mho_i_file_read(ctx, path, max_byte, &bytes, &n_byte);
    if (status < 0) {
        return status;
    }
    status = mho_i_yaml_parse(ctx, path, (const char *)bytes, n_byte, out);
    if (status < 0) {
        mho_i_free(ctx, bytes);
        return status;
    }
    (*out)->bytes = bytes;
    return MHO_OK;
}

mho_i_yaml_node *mho_i_yaml_root(mho_i_yaml *doc) {
    return doc->document ? fy_document_root(doc->document) : NULL;
}

mho_i_yaml_kind mho_i_yaml_kind_of(mho_i_yaml_node *node) {
    if (!node) {
        return MHO_YAML_NOTHING;
    }
    if (fy_node_is_alias(node)) {
        return MHO_YAML_ALIAS;
    }
    if (fy_node_is_scalar(node)) {
        return *mho_i_yaml_text(node) ? MHO_YAML_SCALAR : MHO_YAML_NOTHING;
    }
    return fy_node_is_mapping(node) ? MHO_YAML_MAPPING : MHO_YAML_SEQUENCE;
}

const char *mho_i_yaml_text(mho_i_yaml_node *node) {
    const char *text = node && fy_node_is_scalar(node) ? fy_node_get_scalar0(node) : NULL;
    return text ? text : "";
}

bool mho_i_yaml_next(mho_i_yaml_node *mapping, void **at, mho_i_yaml_node **key,
                     mho_i_yaml_node **value) {
    struct fy_node_pair *pair = fy_node_mapping_iterate(mapping, at);
    if (!pair) {
        return false;
    }
    *key = fy_node_pair_key(pair);
    *value = fy_node_pair_value(pair);
    return true;
}

bool mho_i_yaml_item(mho_i_yaml_node *sequence, void **at, mho_i_yaml_node **item) {
    *item = fy_node_sequence_iterate(sequence, at);
    return *item != NULL;
}

static const struct fy_mark *mark_of(mho_i_yaml_node *node) {
    struct fy_token *token = node ? fy_node_get_scalar_token(node) : NULL;
    return token ? fy_token_start_mark(token) : NULL;
}

mho_status mho_i_yaml_fail(mho_i_yaml *doc, mho_i_yaml_node *node, mho_i_yaml_node *place,
                           const char *fmt, ...) {
    char text[900];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    const struct fy_mark *mark = mark_of(node);
    mark = mark ? mark : mark_of(place);
    return mho_i_fail(doc->ctx, MHO_ERR_FORMAT, "%s:%d:%d: %s", doc->where,
                      mark ? mark->line + 1 : 1, mark ? mark->column + 1 : 1, text);
}
