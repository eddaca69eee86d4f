/* model_absent.c - places of models that are not there yet. */
#include "model_int.h"

#define ABSENT(x) const mho_ext_model x __attribute__((weak)) = {0}
ABSENT(mho_i_model_vo2_neuron);
ABSENT(mho_i_model_vo2_filament);
ABSENT(mho_i_model_cbram);
ABSENT(mho_i_model_pcm);
ABSENT(mho_i_model_rram);
ABSENT(mho_i_model_pulsed);
ABSENT(mho_i_model_optomemristor);
ABSENT(mho_i_model_ideal);
