/* fuzz_cache.c - what a training finds in its cache: weights of a finished one, a checkpoint of one
 * that was cut off. Their names follow from the key of the training, which is tried out first; the
 * key and the hash of the file are put right. Whatever is there, the training ends with a network
 * of finite numbers. */
#include "mend.h"

#include "mho/network.h"

#include <dirent.h>
#include <math.h>

enum { N_KEY = 32, AT_KEY = 8, N_IMAGE = 8, SIDE = 4 };

static mho_status train(mho_ctx *ctx, mho_dataset *set) {
    mho_net *net = NULL;
    mho_train_result result = {0};
    mho_train_opt opt = mho_train_opt_digits();
    opt.n_epoch = 3;
    opt.n_batch = 8;
    opt.augment = false;
    if (mho_net_new(ctx, 1, SIDE, SIDE, &net) != MHO_OK ||
        mho_net_add_conv(net, 2, 3, 1, 1, true, 1) || mho_net_add_pool(net, 2) ||
        mho_net_add_dense(net, 3, false, 1)) {
        abort();
    }
    mho_status status =
        fuzz_said(ctx, mho_net_train_cached(ctx, net, set, &opt, fuzz_folder(), &result));
    if (status == MHO_OK && !isfinite(mho_net_weights(net, 0)[0])) {
        abort();
    }
    if (status == MHO_OK && (result.n_epoch < 1 || result.n_epoch > 3)) {
        abort(); /* epochs that nobody can have trained */
    }
    mho_net_free(net);
    return status;
}

/* The key that names the training's files. */
static const char *find_key(mho_ctx *ctx, mho_dataset *set) {
    static char key[N_KEY + 1];
    if (!*key && train(ctx, set) != MHO_OK) {
        abort(); /* with nothing in the cache */
    }
    DIR *d = *key ? NULL : opendir(fuzz_folder());
    for (struct dirent *e; d && (e = readdir(d));) {
        if (strncmp(e->d_name, "train-", 6) == 0 && strlen(e->d_name) > 6 + N_KEY) {
            memcpy(key, e->d_name + 6, N_KEY);
        }
    }
    if (d) {
        closedir(d);
    }
    return key;
}

void fuzz_one(mho_ctx *ctx, const uint8_t *bytes, size_t n) {
    uint8_t pixel[N_IMAGE * SIDE * SIDE], label[N_IMAGE] = {0, 1, 2, 0, 1, 2, 0, 1};
    mho_dataset *set = NULL;
    for (size_t k = 0; k < sizeof pixel; k++) {
        pixel[k] = (uint8_t)(k * 37);
    }
    if (n < 1 + AT_KEY + N_KEY ||
        mho_dataset_new(ctx, N_IMAGE, SIDE, SIDE, 3, pixel, label, &set) < 0) {
        return;
    }
    const char *key = find_key(ctx, set);
    bool checkpoint = bytes[0] & 1;
    char name[80], other[600];
    snprintf(name, sizeof name, "train-%s.%s", key, checkpoint ? "part" : "weights");
    snprintf(other, sizeof other, "%s/train-%s.%s", fuzz_folder(), key,
             checkpoint ? "weights" : "part");
    (void)unlink(other);
    uint8_t *copy = mend_copy(bytes + 1, n - 1);
    memcpy(copy + AT_KEY, key, N_KEY);
    mend_hash(copy, n - 1);
    (void)fuzz_file_in_folder(name, copy, n - 1);
    free(copy);
    (void)train(ctx, set);
    mho_dataset_free(set);
}
