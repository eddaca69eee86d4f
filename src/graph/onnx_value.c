/* onnx_value.c - the names of a file and what is known of them: a table with open addressing. */
#include "onnx_int.h"

#include <string.h>

void mho_i_onnx_values_free(mho_i_onnx *o) {
    for (size_t k = 0; k < o->n_value; k++) {
        mho_i_free(o->ctx, o->value[k].ints);
    }
    mho_i_free(o->ctx, o->value);
    mho_i_free(o->ctx, o->bucket);
    o->value = NULL;
    o->bucket = NULL;
    o->n_value = 0;
}

/* FNV-1a from a start that the maker of a file cannot know, so that names cannot be made to meet.
 */
static size_t slot_of(const mho_i_onnx *o, const char *name) {
    uint64_t h = 0xcbf29ce484222325U ^ o->salt;
    for (; *name; name++) {
        h = (h ^ (unsigned char)*name) * 0x100000001b3U;
    }
    return (size_t)(h ^ h >> 29) & (o->n_bucket - 1);
}

mho_i_onnx_value *mho_i_onnx_find(mho_i_onnx *o, const char *name) {
    if (!o->n_bucket) {
        return NULL;
    }
    for (size_t s = slot_of(o, name); o->bucket[s]; s = (s + 1) & (o->n_bucket - 1)) {
        mho_i_onnx_value *v = &o->value[o->bucket[s] - 1];
        if (strcmp(v->name, name) == 0) {
            return v;
        }
    }
    return NULL;
}

static void place_value(mho_i_onnx *o, size_t k) {
    size_t s = slot_of(o, o->value[k].name);
    while (o->bucket[s]) {
        s = (s + 1) & (o->n_bucket - 1);
    }
    o->bucket[s] = (uint32_t)k + 1;
}

/* Twice the room; the table stays at most half full. */
static mho_status grow(mho_i_onnx *o) {
    size_t cap = o->cap_value ? 2 * o->cap_value : 64;
    if (cap > (size_t)1 << 20) {
        return mho_i_fail(o->ctx, MHO_ERR_FORMAT, "%s: more than %zu names", o->where,
                          o->cap_value);
    }
    mho_i_onnx_value *more = mho_i_realloc(o->ctx, o->value, cap, sizeof *more);
    if (!more) {
        return MHO_ERR_NOMEM;
    }
    o->value = more;
    uint32_t *bucket = mho_i_alloc(o->ctx, 2 * cap, sizeof *bucket);
    if (!bucket) {
        return MHO_ERR_NOMEM;
    }
    mho_i_free(o->ctx, o->bucket);
    o->bucket = bucket;
    o->n_bucket = 2 * cap;
    o->cap_value = cap;
    o->salt = o->salt ? o->salt : (uint64_t)(uintptr_t)more * 0x9e3779b97f4a7c15U;
    for (size_t k = 0; k < o->n_value; k++) {
        place_value(o, k);
    }
    return MHO_OK;
}

mho_status mho_i_onnx_define(mho_i_onnx *o, const mho_i_onnx_value *value) {
    char name[80];
    mho_status status = MHO_OK;
    if (!value->name || !*value->name) {
        status = mho_i_fail(o->ctx, MHO_ERR_FORMAT, "%s: a tensor without a name", o->where);
    } else if (mho_i_onnx_find(o, value->name)) {
        status = mho_i_fail(o->ctx, MHO_ERR_FORMAT, "%s: \"%s\" is made twice", o->where,
                            mho_i_onnx_clean(value->name, name));
    } else if (o->n_value == o->cap_value) {
        status = grow(o);
    }
    if (status < 0) {
        mho_i_free(o->ctx, value->ints);
        return status;
    }
    o->value[o->n_value] = *value;
    place_value(o, o->n_value++);
    return MHO_OK;
}

static mho_status make_constant(mho_i_onnx *o, mho_i_onnx_value *v) {
    float *data = NULL;
    char name[80];
    mho_status status = MHO_OK;
    if (v->size == 0) {
        return mho_i_fail(o->ctx, MHO_ERR_FORMAT, "%s: tensor \"%s\" has no numbers", o->where,
                          mho_i_onnx_clean(v->name, name));
    }
    if (v->ints) {
        data = mho_i_alloc(o->ctx, v->size, sizeof *data);
        status = data ? MHO_OK : MHO_ERR_NOMEM;
        for (size_t k = 0; data && k < v->size; k++) {
            data[k] = (float)v->ints[k];
        }
    } else {
        status = mho_i_onnx_tensor_floats(o, v->raw, v->size, &data);
    }
    return status < 0 ? status
                      : mho_i_graph_take_constant(o->g, mho_i_onnx_clean(v->name, name), v->n_dim,
                                                  v->shape, data, &v->tensor);
}

mho_status mho_i_onnx_tensor_of(mho_i_onnx *o, const char *name, int *tensor) {
    mho_i_onnx_value *v = mho_i_onnx_find(o, name);
    mho_status status = MHO_OK;
    if (v && v->tensor < 0 && (v->raw || v->ints)) {
        status = make_constant(o, v);
    }
    *tensor = v ? v->tensor : -1;
    return status;
}

bool mho_i_onnx_ints_of(mho_i_onnx *o, const char *name, mho_status *status,
                        const mho_i_onnx_value **out) {
    mho_i_onnx_value *v = mho_i_onnx_find(o, name);
    *status = MHO_OK;
    *out = v;
    if (!v || !mho_i_onnx_is_int(v->type) || v->size > MHO_I_ONNX_MAX_INTS) {
        return false;
    }
    if (!v->ints && v->raw) {
        *status = mho_i_onnx_tensor_ints(o, v->raw, v->size, &v->ints);
    }
    return v->ints != NULL;
}
