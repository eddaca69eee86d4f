/* onnx_wire.c - protobuf-c behind a counted allocator with a limit: small messages become much
 * larger in memory than they are in the file, so a hostile file is stopped by what it takes. */
#include "onnx_int.h"

enum { OVERHEAD = 128 }; /* of a block of mho_i_alloc */
static const size_t least_budget = (size_t)64 << 20;

static void *pool_alloc(void *data, size_t size) {
    mho_i_onnx_pool *p = data;
    if (size > p->left || p->left - size < OVERHEAD) {
        p->left = 0;
        return NULL;
    }
    void *block = mho_i_alloc(p->ctx, size, 1);
    p->left -= block ? size + OVERHEAD : 0;
    return block;
}

static void pool_free(void *data, void *block) {
    mho_i_onnx_pool *p = data;
    mho_i_free(p->ctx, block);
}

mho_status mho_i_onnx_unpack(mho_ctx *ctx, const char *where, const unsigned char *bytes,
                             size_t n_byte, size_t max_byte, mho_i_onnx_pool *pool,
                             MhoOnnx__Model **out) {
    *out = NULL;
    size_t budget = least_budget + 3 * n_byte;
    *pool = (mho_i_onnx_pool){{pool_alloc, pool_free, pool}, ctx, 0};
    pool->left = budget < max_byte ? budget : max_byte;
    mho_i_fail(ctx, MHO_OK, "%s", "");
    *out = mho_onnx__model__unpack(&pool->allocator, n_byte, bytes);
    if (*out) {
        return MHO_OK;
    }
    if (mho_ctx_last_error(ctx)[0]) { /* an allocation failed and said so */
        return mho_i_prefix(ctx, MHO_ERR_NOMEM, "%s: ", where);
    }
    return mho_i_fail(ctx, MHO_ERR_FORMAT,
                      pool->left == 0 ? "%s: its parts take more memory than a network of this "
                                        "size can need: not an ONNX file, or a hostile one"
                                      : "%s: not an ONNX file, or damaged",
                      where);
}

void mho_i_onnx_release(mho_i_onnx_pool *pool, MhoOnnx__Model *model) {
    if (model) {
        mho_onnx__model__free_unpacked(model, &pool->allocator);
    }
}
