/* weight_file.c - arrays of parameters of one network in a file. Little-endian, in this order:
 *
 *     "MHONET1\n"; key, 32 characters; number[4], 64-bit floats
 *     32-bit: n_part, n_layer, in_c, in_h, in_w, 0
 *     for each layer 32-bit: kind, out_c, k, stride, pad, activation; w_max, 64-bit float
 *     n_part arrays [n_param], 32-bit floats
 *     hash of all before, two 64-bit words
 *
 * The size of a file follows from the network, so it is checked before anything is believed. */
#include "network_int.h"

#include <math.h>
#include <string.h>

enum { N_MAGIC = 8, N_KEY = 32, N_HEAD = N_MAGIC + N_KEY + 32 + 24, N_LAYER = 32, N_HASH = 16 };
static const char magic[N_MAGIC + 1] = "MHONET1\n";

static size_t file_size(const mho_net *net, size_t n_part) {
    return N_HEAD + net->n_layer * N_LAYER + n_part * net->n_param * sizeof(float) + N_HASH;
}

static char *put(char *to, const void *from, size_t n) {
    memcpy(to, from, n);
    return to + n;
}

/* All that the network determines: counts and shapes, without the limits. */
static void shape_words(const mho_net *net, size_t l, uint32_t w[6]) {
    const mho_layer *a = &net->layer[l];
    w[0] = (uint32_t)a->kind;
    w[1] = (uint32_t)a->out_c;
    w[2] = (uint32_t)a->k;
    w[3] = (uint32_t)a->stride;
    w[4] = (uint32_t)a->pad;
    w[5] = a->activation;
}

mho_status mho_i_weight_file_write(const mho_net *net, const char *path, const char *key,
                                   const double number[4], size_t n_part, float *const *part) {
    size_t n = file_size(net, n_part);
    char *data = mho_i_alloc(net->ctx, n, 1), *p = data;
    if (!data) {
        return MHO_ERR_NOMEM;
    }
    char full_key[N_KEY] = {0};
    memcpy(full_key, key, strnlen(key, N_KEY));
    uint32_t counts[6] = {(uint32_t)n_part,    (uint32_t)net->n_layer, (uint32_t)net->in_c,
                          (uint32_t)net->in_h, (uint32_t)net->in_w,    0};
    p = put(p, magic, N_MAGIC);
    p = put(p, full_key, N_KEY);
    p = put(p, number, 4 * sizeof *number);
    p = put(p, counts, sizeof counts);
    for (size_t l = 0; l < net->n_layer; l++) {
        uint32_t w[6];
        shape_words(net, l, w);
        p = put(p, w, sizeof w);
        p = put(p, &net->layer[l].w_max, sizeof(double));
    }
    for (size_t k = 0; k < n_part; k++) {
        p = put(p, part[k], net->n_param * sizeof(float));
    }
    mho_i_hash h = mho_i_hash_init();
    mho_i_hash_add(&h, data, (size_t)(p - data));
    p = put(p, &h.lo, 8);
    put(p, &h.hi, 8);
    mho_status status = mho_i_file_write(net->ctx, path, data, n);
    mho_i_free(net->ctx, data);
    return status;
}

static mho_status check_head(const mho_net *net, const char *path, const char *key,
                             const unsigned char *data, size_t n, size_t n_part) {
    mho_ctx *ctx = net->ctx;
    uint32_t counts[6], want[6] = {(uint32_t)n_part,    (uint32_t)net->n_layer, (uint32_t)net->in_c,
                                   (uint32_t)net->in_h, (uint32_t)net->in_w,    0};
    if (n < N_MAGIC || memcmp(data, magic, N_MAGIC) != 0) {
        return mho_i_fail(ctx, MHO_ERR_FORMAT,
                          "%s: byte 0: not a file of weights of mho (it starts with \"MHONET1\")",
                          path);
    }
    if (n < N_HEAD) {
        return mho_i_fail(ctx, MHO_ERR_FORMAT, "%s: truncated: %zu bytes, the header alone has %d",
                          path, n, N_HEAD);
    }
    if (key && memcmp(data + N_MAGIC, key, N_KEY) != 0) {
        return mho_i_fail(ctx, MHO_ERR_FORMAT,
                          "%s: byte %d: made from something else: key %.32s, wanted %s", path,
                          N_MAGIC, (const char *)data + N_MAGIC, key);
    }
    memcpy(counts, data + N_HEAD - sizeof counts, sizeof counts);
    static const char *const name[6] = {"arrays",     "layers",        "input channels",
                                        "input rows", "input columns", "reserved"};
    for (size_t k = 0; k < 6; k++) {
        if (counts[k] != want[k]) {
            return mho_i_fail(ctx, MHO_ERR_FORMAT, "%s: byte %zu: %s: %u; the network has %u", path,
                              N_HEAD - sizeof counts + 4 * k, name[k], counts[k], want[k]);
        }
    }
    if (n != file_size(net, n_part)) {
        return mho_i_fail(ctx, MHO_ERR_FORMAT, "%s: %zu bytes; weights of this network take %zu",
                          path, n, file_size(net, n_part));
    }
    return MHO_OK;
}

static mho_status check_layers(const mho_net *net, const char *path, const unsigned char *data) {
    static const char *const name[6] = {"kind",   "outputs", "kernel side",
                                        "stride", "padding", "activation"};
    for (size_t l = 0; l < net->n_layer; l++) {
        uint32_t got[6], want[6];
        double w_max;
        size_t at = N_HEAD + l * N_LAYER;
        memcpy(got, data + at, sizeof got);
        memcpy(&w_max, data + at + sizeof got, sizeof w_max);
        shape_words(net, l, want);
        for (size_t k = 0; k < 6; k++) {
            if (got[k] != want[k]) {
                return mho_i_fail(net->ctx, MHO_ERR_FORMAT,
                                  "%s: byte %zu: layer %zu: %s: %u; the network has %u", path,
                                  at + 4 * k, l, name[k], got[k], want[k]);
            }
        }
        if (net->layer[l].n_in && (!(w_max > 0) || !isfinite(w_max))) {
            return mho_i_fail(net->ctx, MHO_ERR_FORMAT,
                              "%s: byte %zu: layer %zu: w_max = %g; a number > 0 is wanted", path,
                              at + sizeof got, l, w_max);
        }
    }
    return MHO_OK;
}

static mho_status check_body(const mho_net *net, const char *path, const unsigned char *data,
                             size_t n, size_t n_part) {
    mho_i_hash h = mho_i_hash_init();
    uint64_t stored[2];
    memcpy(stored, data + n - N_HASH, N_HASH);
    mho_i_hash_add(&h, data, n - N_HASH);
    if (h.lo != stored[0] || h.hi != stored[1]) {
        return mho_i_fail(net->ctx, MHO_ERR_FORMAT,
                          "%s: damaged: its checksum does not match its content", path);
    }
    size_t at = N_HEAD + net->n_layer * N_LAYER;
    for (size_t k = 0; k < n_part * net->n_param; k++) {
        float x;
        memcpy(&x, data + at + k * sizeof x, sizeof x);
        if (!isfinite(x)) {
            return mho_i_fail(net->ctx, MHO_ERR_FORMAT, "%s: byte %zu: %g: not a finite number",
                              path, at + k * sizeof x, (double)x);
        }
    }
    return MHO_OK;
}

mho_status mho_i_weight_file_read(const mho_net *net, const char *path, const char *key,
                                  double number[4], size_t n_part, float *const *part,
                                  double *w_max) {
    unsigned char *data;
    size_t n;
    /* one byte more than needed, so that a longer file is told by its size */
    mho_status status =
        mho_i_file_read(net->ctx, path, file_size(net, n_part) + (1u << 20), &data, &n);
    if (status < 0) {
        return status;
    }
    if ((status = check_head(net, path, key, data, n, n_part)) == MHO_OK &&
        (status = check_layers(net, path, data)) == MHO_OK &&
        (status = check_body(net, path, data, n, n_part)) == MHO_OK) {
        const unsigned char *p = data + N_HEAD + net->n_layer * N_LAYER;
        for (size_t k = 0; k < n_part; k++) {
            memcpy(part[k], p + k * net->n_param * sizeof(float), net->n_param * sizeof(float));
        }
        memcpy(number, data + N_MAGIC + N_KEY, 4 * sizeof *number);
        for (size_t l = 0; w_max && l < net->n_layer; l++) {
            memcpy(&w_max[l], data + N_HEAD + l * N_LAYER + 24, sizeof *w_max);
        }
    }
    mho_i_free(net->ctx, data);
    return status;
}

mho_status mho_net_save(const mho_net *net, const char *path) {
    const double number[4] = {0};
    float *part[1] = {net->param};
    return mho_i_weight_file_write(net, path, "", number, 1, part);
}

mho_status mho_net_load(mho_net *net, const char *path) {
    double number[4];
    double *w_max = mho_i_alloc(net->ctx, net->n_layer, sizeof *w_max);
    float *param = w_max ? mho_i_alloc(net->ctx, net->n_param, sizeof *param) : NULL;
    mho_status status =
        param ? mho_i_weight_file_read(net, path, NULL, number, 1, &param, w_max) : MHO_ERR_NOMEM;
    if (status == MHO_OK) {
        memcpy(net->param, param, net->n_param * sizeof *param);
        for (size_t l = 0; l < net->n_layer; l++) {
            net->layer[l].w_max = w_max[l];
        }
    }
    mho_i_free(net->ctx, w_max);
    mho_i_free(net->ctx, param);
    return status;
}
