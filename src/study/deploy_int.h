/* deploy_int.h - parts of a network on many chips: its data, the name of its journal. */
#ifndef MHO_DEPLOY_INT_H
#define MHO_DEPLOY_INT_H

#include "mho/deploy.h"
#include "study_int.h"

/* ---- deploy_data.c ---- */
mho_status mho_i_deploy_graph(mho_ctx *ctx, const char *path, mho_graph **out);
/* Normalised, cut to the pictures that are used; no picture is in both. */
mho_status mho_i_deploy_data(mho_ctx *ctx, const mho_deploy_opt *opt, mho_samples **test,
                             mho_samples **calibration);

/* ---- deploy_identity.c ---- */
/* All that decides what a chip of a certain number does. Not among it: how many chips there are,
 * and what is looked at besides. */
typedef struct mho_i_deploy_what {
    const mho_chip_spec *spec;
    const mho_graph *graph;
    const mho_samples *test, *calibration; /* of mho_i_deploy_data */
    const mho_map_opt *map;
    uint64_t seed;
} mho_i_deploy_what;
mho_i_hash mho_i_deploy_identity(const mho_i_deploy_what *what);

#endif
