/* deploy_int.h - what names the journal of a network on many chips. */
#ifndef MHO_DEPLOY_INT_H
#define MHO_DEPLOY_INT_H

#include "mho/deploy.h"
#include "study_int.h"

/* All that decides what a chip of a certain number does. Not among it: how many chips there are,
 * and what is looked at besides. */
typedef struct mho_i_deploy_what {
    const mho_chip_spec *spec;
    const mho_graph *graph;
    const mho_samples *test, *calibration; /* normalised, cut to the pictures that are used */
    const mho_map_opt *map;
    uint64_t seed;
} mho_i_deploy_what;
mho_i_hash mho_i_deploy_identity(const mho_i_deploy_what *what);

#endif
