/* digital.c - functions that a chip leaves to digital hardware between an ADC and a DAC. */
#include "chip_int.h"

#include <math.h>

bool mho_i_digital_knows(mho_graph_op op) {
    switch (op) {
    case MHO_OP_IDENTITY:
    case MHO_OP_RELU:
    case MHO_OP_LEAKY_RELU:
    case MHO_OP_CLIP:
    case MHO_OP_SIGMOID:
    case MHO_OP_TANH:
    case MHO_OP_ELU:
    case MHO_OP_HARD_SIGMOID:
    case MHO_OP_HARD_SWISH:
        return true;
    default:
        return false;
    }
}

static float clip(float x, float lo, float hi) {
    return x < lo ? lo : x > hi ? hi : x;
}

float mho_i_digital_of(const mho_i_digital *d, float x) {
    float alpha = d->attr.alpha, beta = d->attr.beta;
    switch (d->op) {
    case MHO_OP_RELU:
        return x > 0 ? x : 0;
    case MHO_OP_LEAKY_RELU:
        return x >= 0 ? x : alpha * x;
    case MHO_OP_CLIP:
        return clip(x, d->attr.lo, d->attr.hi);
    case MHO_OP_SIGMOID:
        return 1 / (1 + expf(-x));
    case MHO_OP_TANH:
        return tanhf(x);
    case MHO_OP_ELU:
        return x >= 0 ? x : alpha * expm1f(x);
    case MHO_OP_HARD_SIGMOID:
        return clip(alpha * x + beta, 0, 1);
    case MHO_OP_HARD_SWISH:
        return x * clip(x / 6 + 0.5F, 0, 1);
    default:
        return x;
    }
}
