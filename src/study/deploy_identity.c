/* deploy_identity.c - the name of a journal: two runs share their finished chips only if nothing
 * that decides a chip's result differs. */
#include "deploy_int.h"

#include "chip/spec_int.h"
#include "graph/graph_int.h"

#include <string.h>

static void add_samples(const mho_samples *s, mho_i_hash *h) {
    char hex[33];
    mho_samples_hash(s, hex);
    mho_i_hash_add(h, hex, sizeof hex);
}

mho_i_hash mho_i_deploy_identity(const mho_i_deploy_what *what) {
    mho_i_hash h = mho_i_hash_init();
    const mho_map_opt *map = what->map;
    mho_i_hash_add(&h, "deploy", 6);
    mho_i_hash_add(&h, mho_version(), strlen(mho_version()));
    mho_i_graph_hash(what->graph, &h);
    mho_i_chip_spec_hash(what->spec, &h);
    add_samples(what->test, &h);
    add_samples(what->calibration, &h);
    mho_i_hash_add(&h, &map->range, sizeof map->range);
    mho_i_hash_add(&h, &map->percentile, sizeof map->percentile);
    mho_i_hash_add(&h, &map->correct, sizeof map->correct);
    mho_i_hash_add(&h, &map->limit_weights, sizeof map->limit_weights);
    mho_i_hash_add(&h, &map->exact_relu, sizeof map->exact_relu);
    mho_i_hash_add(&h, &what->seed, sizeof what->seed);
    return h;
}
