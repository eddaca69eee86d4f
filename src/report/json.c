/* json.c - pieces that the JSON objects of all results share. */
#include "json_int.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

json_t *mho_i_json_number(double x) {
    return isfinite(x) ? json_real(x) : json_null();
}

json_t *mho_i_json_text(const char *s) {
    json_t *j = s ? json_string(s) : json_null();
    return j ? j : json_null(); /* not UTF-8 */
}

json_t *mho_i_json_count(size_t n) {
    return json_integer((json_int_t)n);
}

json_t *mho_i_json_cost(const mho_cost_sum *c) {
    json_t *parts = json_object(), *sum = json_object();
    for (size_t k = 0; k < c->n_part && k < MHO_COST_MAX_PART; k++) {
        json_object_set_new(parts, c->part[k].name, mho_i_json_number(c->part[k].value));
    }
    json_object_set_new(sum, "total", mho_i_json_number(c->total));
    json_object_set_new(sum, "parts", parts);
    return sum;
}

json_t *mho_i_json_seed(uint64_t s) {
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRIu64, s);
    return s <= INT64_MAX ? json_integer((json_int_t)s) : json_string(digits);
}

mho_status mho_i_json_dump(mho_ctx *ctx, json_t *o, char **out) {
    char *dump = o ? json_dumps(o, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) : NULL;
    *out = NULL;
    json_decref(o);
    if (!dump) {
        return mho_i_fail(ctx, MHO_ERR_NOMEM, "out of memory");
    }
    mho_i_text t;
    mho_i_text_init(&t, ctx);
    mho_i_text_put(&t, dump, strlen(dump));
    mho_i_text_put(&t, "\n", 1);
    free(dump);
    if (t.status < 0) {
        mho_status status = t.status;
        mho_i_text_free(&t);
        return status;
    }
    *out = t.data;
    return MHO_OK;
}
