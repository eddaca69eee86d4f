/* json.c - pieces that the JSON objects of all results share. */
#include "json_int.h"

#include "io/io_int.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#undef json_object_set_new
#undef json_array_append_new

static int marked(json_t *container, int failed) {
    if (failed && container) {
        json_incref(container);
    }
    return failed;
}

int mho_i_json_set(json_t *object, const char *key, json_t *value) {
    return marked(object, json_object_set_new(object, key, value));
}

int mho_i_json_append(json_t *array, json_t *value) {
    return marked(array, json_array_append_new(array, value));
}

/* Is anything missing in o or below it? The marks are taken off. */
static bool incomplete(json_t *o) {
    bool found = false;
    const char *key;
    json_t *child;
    size_t k;
    json_object_foreach(o, key, child) {
        found |= incomplete(child);
    }
    json_array_foreach(o, k, child) {
        found |= incomplete(child);
    }
    while ((json_is_object(o) || json_is_array(o)) && o->refcount > 1) {
        json_decref(o);
        found = true;
    }
    return found;
}

json_t *mho_i_json_number(double x) {
    return isfinite(x) ? json_real(x) : json_null();
}

json_t *mho_i_json_text(const char *s) {
    if (!s) {
        return json_null();
    }
    const unsigned char *end = (const unsigned char *)s + strlen(s);
    for (const unsigned char *p = (const unsigned char *)s; p < end;) {
        size_t n = mho_i_utf8_length(p, end);
        if (!n) {
            return json_null();
        }
        p += n;
    }
    return json_string(s);
}

json_t *mho_i_json_count(size_t n) {
    return json_integer((json_int_t)n);
}

json_t *mho_i_json_cost(const mho_cost_sum *c) {
    json_t *parts = json_object(), *sum = json_object();
    for (size_t k = 0; k < c->n_part && k < MHO_COST_MAX_PART; k++) {
        mho_i_json_set(parts, c->part[k].name, mho_i_json_number(c->part[k].value));
    }
    mho_i_json_set(sum, "total", mho_i_json_number(c->total));
    mho_i_json_set(sum, "parts", parts);
    return sum;
}

json_t *mho_i_json_seed(uint64_t s) {
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRIu64, s);
    return s <= INT64_MAX ? json_integer((json_int_t)s) : json_string(digits);
}

mho_status mho_i_json_dump(mho_ctx *ctx, json_t *o, char **out) {
    const size_t flags = JSON_INDENT(2) | JSON_REAL_PRECISION(15);
    *out = NULL;
    /* json_dumps overlooks failures of its growing buffer (2.14); this one has its full size */
    size_t n = o && !incomplete(o) ? json_dumpb(o, NULL, 0, flags) : 0;
    char *text = n ? mho_i_alloc(ctx, n + 2, 1) : NULL;
    bool whole = text && json_dumpb(o, text, n, flags) == n;
    json_decref(o);
    if (!whole) {
        mho_i_free(ctx, text);
        return mho_i_fail(ctx, MHO_ERR_NOMEM, "out of memory");
    }
    text[n] = '\n';
    *out = text;
    return MHO_OK;
}
