/* stub.c - placeholders of parts that are being written. */
#include "circuit_int.h"

void mho_i_factor_free(mho_i_factor *factor) {
    (void)factor;
}
