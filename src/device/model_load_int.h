/* model_load_int.h - inside of a model from outside. */
#ifndef MHO_MODEL_LOAD_INT_H
#define MHO_MODEL_LOAD_INT_H

#include "model_int.h"

struct mho_model {
    mho_ctx *ctx;
    const mho_ext_model *ext; /* in the shared object, or own */
    void *so;                 /* handle of dlopen; NULL for a table */
    void *table;              /* of a measured table, model_table.c; NULL else */
    double *numbers;
    mho_ext_model own;
};

#endif
