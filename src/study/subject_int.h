/* subject_int.h - what a study of chips is made on: data, a network trained for a chip, accuracies
 * of instances. */
#ifndef MHO_STUDY_SUBJECT_INT_H
#define MHO_STUDY_SUBJECT_INT_H

#include "mho/remedy.h"
#include "study_int.h"

typedef struct mho_i_subject {
    mho_ctx *ctx;
    const mho_remedy_opt *opt;
    mho_chip_spec base; /* of the chip file, or the default */
    mho_dataset *train, *test;
    const char *data_name;
} mho_i_subject;
/* Checks the options, reads chip file and data. */
mho_status mho_i_subject_init(mho_i_subject *s, mho_ctx *ctx, const mho_remedy_opt *opt);
void mho_i_subject_free(mho_i_subject *s);
/* LeNet-5 trained (or taken from the cache) for the neuron of a spec; against its noise if aware.
 */
mho_status mho_i_subject_train(mho_i_subject *s, const mho_chip_spec *spec, bool aware,
                               mho_net **out);
/* Accuracy of opt->n_chip instances: accuracy out [n_chip]. tune: the last layer is tuned on each.
 */
mho_status mho_i_subject_measure(mho_i_subject *s, const mho_chip_spec *spec, const mho_net *net,
                                 uint32_t imperfections, bool tune, double *accuracy);
mho_score mho_i_score_of(size_t n, const double *x);

#endif
