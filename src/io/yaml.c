/* yaml.c - YAML documents: the events of libyaml become a tree that keeps line and column for
 * messages, leaves aliases alone (so that they cannot multiply) and lets keys come twice (so that
 * the reader of the mapping can say which). */
#include "io_int.h"

#include <string.h>
#include <yaml.h>

/* No file of ours needs five. Beyond, the time that libyaml takes for a bracket grows with the
 * number of those that are open. */
enum { MAX_DEPTH = 32 };

/* Children in the order of the file; those of a mapping are key, value, key, value, ... */
struct mho_i_yaml_node {
    mho_i_yaml_kind kind;
    char *text;          /* of a scalar */
    size_t line, column; /* from 1; of a scalar or alias, else 0 */
    mho_i_yaml_node *parent, *first, *last, *next;
    mho_i_yaml_node *made_before; /* all nodes of the document */
};

struct mho_i_yaml {
    mho_ctx *ctx;
    char *where;
    mho_i_yaml_node *root, *newest;
    int depth; /* of what is open while the tree grows */
};

void mho_i_yaml_free(mho_i_yaml *doc) {
    if (!doc) {
        return;
    }
    for (mho_i_yaml_node *n = doc->newest, *before; n; n = before) {
        before = n->made_before;
        mho_i_free(doc->ctx, n->text);
        mho_i_free(doc->ctx, n);
    }
    mho_i_free(doc->ctx, doc->where);
    mho_i_free(doc->ctx, doc);
}

static mho_status syntax_error(mho_i_yaml *doc, const yaml_parser_t *p) {
    if (p->error == YAML_MEMORY_ERROR) {
        return mho_i_fail(doc->ctx, MHO_ERR_NOMEM, "out of memory");
    }
    char from[24] = "";
    if (p->context) {
        snprintf(from, sizeof from, " (line %zu)", p->context_mark.line + 1);
    }
    return mho_i_fail(doc->ctx, MHO_ERR_FORMAT, "%s:%zu:%zu: not YAML: %s%s%s%s", doc->where,
                      p->problem_mark.line + 1, p->problem_mark.column + 1,
                      p->problem ? p->problem : "syntax error", p->context ? " " : "",
                      p->context ? p->context : "", from);
}

/* A node at the end of its parent's children, or the root. */
static mho_status add_node(mho_i_yaml *doc, mho_i_yaml_node *parent, mho_i_yaml_kind kind,
                           mho_i_yaml_node **out) {
    mho_i_yaml_node *n = mho_i_alloc(doc->ctx, 1, sizeof *n);
    if (!n) {
        return MHO_ERR_NOMEM;
    }
    *n = (mho_i_yaml_node){.kind = kind, .parent = parent, .made_before = doc->newest};
    doc->newest = n;
    if (!parent) {
        doc->root = n;
    } else if (parent->last) {
        parent->last = parent->last->next = n;
    } else {
        parent->first = parent->last = n;
    }
    *out = n;
    return MHO_OK;
}

static mho_status add_scalar(mho_i_yaml *doc, mho_i_yaml_node *parent, const yaml_event_t *e) {
    bool alias = e->type == YAML_ALIAS_EVENT;
    mho_i_yaml_node *n;
    mho_status status = add_node(doc, parent, alias ? MHO_YAML_ALIAS : MHO_YAML_SCALAR, &n);
    if (status < 0) {
        return status;
    }
    n->line = e->start_mark.line + 1;
    n->column = e->start_mark.column + 1;
    if (alias) {
        return MHO_OK;
    }
    const char *text = (const char *)e->data.scalar.value;
    if (strlen(text) != e->data.scalar.length) {
        return mho_i_fail(doc->ctx, MHO_ERR_FORMAT, "%s:%zu:%zu: a text with a byte 0 in it",
                          doc->where, n->line, n->column);
    }
    n->text = mho_i_strdup(doc->ctx, text);
    return n->text ? MHO_OK : MHO_ERR_NOMEM;
}

static mho_status open_node(mho_i_yaml *doc, mho_i_yaml_kind kind, const yaml_event_t *e,
                            mho_i_yaml_node **at) {
    if (doc->depth == MAX_DEPTH) {
        return mho_i_fail(doc->ctx, MHO_ERR_FORMAT,
                          "%s:%zu:%zu: lists and mappings are nested more than %d deep", doc->where,
                          e->start_mark.line + 1, e->start_mark.column + 1, MAX_DEPTH);
    }
    doc->depth++;
    return add_node(doc, *at, kind, at);
}

/* What an event adds to the tree; *at: the mapping or sequence that is open. */
static mho_status take(mho_i_yaml *doc, const yaml_event_t *e, mho_i_yaml_node **at) {
    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        return doc->root ? mho_i_fail(doc->ctx, MHO_ERR_FORMAT,
                                      "%s: several documents; one is wanted (is there a line "
                                      "\"---\"?)",
                                      doc->where)
                         : MHO_OK;
    case YAML_SCALAR_EVENT:
    case YAML_ALIAS_EVENT:
        return add_scalar(doc, *at, e);
    case YAML_MAPPING_START_EVENT:
        return open_node(doc, MHO_YAML_MAPPING, e, at);
    case YAML_SEQUENCE_START_EVENT:
        return open_node(doc, MHO_YAML_SEQUENCE, e, at);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        *at = (*at)->parent;
        doc->depth--;
        return MHO_OK;
    default:
        return MHO_OK;
    }
}

static mho_status read_document(mho_i_yaml *doc, const char *bytes, size_t n_byte) {
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        return mho_i_fail(doc->ctx, MHO_ERR_NOMEM, "out of memory");
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, n_byte);
    mho_i_yaml_node *at = NULL;
    mho_status status = MHO_OK;
    for (bool end = false; status == MHO_OK && !end;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            status = syntax_error(doc, &parser);
        } else {
            status = take(doc, &event, &at);
            end = event.type == YAML_STREAM_END_EVENT;
            yaml_event_delete(&event);
        }
    }
    yaml_parser_delete(&parser);
    return status;
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

/* What no file of ours has: bytes that are not UTF-8, control characters, directives. */
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
    *doc = (mho_i_yaml){.ctx = ctx, .where = mho_i_strdup(ctx, where)};
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
    if (status == MHO_OK) {
        status = mho_i_yaml_parse(ctx, path, (const char *)bytes, n_byte, out);
        mho_i_free(ctx, bytes);
    }
    return status;
}

mho_i_yaml_node *mho_i_yaml_root(mho_i_yaml *doc) {
    return doc->root;
}

mho_i_yaml_kind mho_i_yaml_kind_of(mho_i_yaml_node *node) {
    bool nothing = !node || (node->kind == MHO_YAML_SCALAR && !*node->text);
    return nothing ? MHO_YAML_NOTHING : node->kind;
}

const char *mho_i_yaml_text(mho_i_yaml_node *node) {
    return node && node->text ? node->text : "";
}

bool mho_i_yaml_next(mho_i_yaml_node *mapping, void **at, mho_i_yaml_node **key,
                     mho_i_yaml_node **value) {
    mho_i_yaml_node *before = *at;
    *key = before ? before->next : mapping->first;
    *value = *key ? (*key)->next : NULL;
    *at = *value;
    return *key;
}

bool mho_i_yaml_item(mho_i_yaml_node *sequence, void **at, mho_i_yaml_node **item) {
    mho_i_yaml_node *before = *at;
    *item = before ? before->next : sequence->first;
    *at = *item;
    return *item;
}

mho_status mho_i_yaml_fail(mho_i_yaml *doc, mho_i_yaml_node *node, mho_i_yaml_node *place,
                           const char *fmt, ...) {
    char text[900];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    const mho_i_yaml_node *at = node && node->line ? node : place;
    bool known = at && at->line;
    return mho_i_fail(doc->ctx, MHO_ERR_FORMAT, "%s:%zu:%zu: %s", doc->where, known ? at->line : 1,
                      known ? at->column : 1, text);
}
