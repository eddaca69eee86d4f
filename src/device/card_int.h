/* card_int.h - inside of a card. */
#ifndef MHO_CARD_INT_H
#define MHO_CARD_INT_H

#include "model_int.h"

struct mho_card {
    mho_ctx *ctx;
    const mho_ext_model *model;
    const mho_ext_card *base; /* NULL: the defaults */
    double *value;            /* [n_param] */
    char *mark;               /* [n_param] */
    char **source;            /* [n_param], own copies; NULL: that of the base */
};
/* What row k is in the built-in card that this one began as. */
double mho_i_card_base(const mho_card *card, size_t k, char *mark, const char **source);

#endif
