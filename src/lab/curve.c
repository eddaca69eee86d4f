/* curve.c - tables of measured or computed curves. */
#include "curve_int.h"

#include <math.h>

mho_curve_options mho_curve_options_default(void) {
    return (mho_curve_options){.struct_size = sizeof(mho_curve_options),
                               .from = NAN,
                               .to = NAN,
                               .seed = 1,
                               .period_s = NAN};
}

void mho_curve_free(mho_curve *c) {
    if (!c) {
        return;
    }
    mho_i_free(c->ctx, c->start);
    mho_i_free(c->ctx, c->trace);
    mho_i_free(c->ctx, c->value);
    mho_i_free(c->ctx, c);
}
