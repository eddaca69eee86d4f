/* cell.c - how the synapse devices conduct when they are read in an array. */
#include "device_int.h"

static const mho_cell_model models[] = {
    {"cbram", 0, 'A', "read at 0.2 V, below the conductance quantum",
     "conductive-bridge RAM, ohmic filament"},
    {"pcm", 0, 'A', "read below the threshold field", "phase-change cell, ohmic at read voltages"},
    {"rram", 2, 'A', "law of NeuroSim, a of the order of oxide RRAM",
     "oxide RRAM, I = G sinh(2 v)/2"},
    {"optomemristor", 0.05, 'P',
     "Oblea et al. 2010, fitted by Yakopcic et al., TCAD 32, 1201 (2013)",
     "chalcogenide cell in the dark, I = G sinh(0.05 v)/0.05"},
};

size_t mho_cell_model_count(void) {
    return sizeof models / sizeof *models;
}

mho_cell_model mho_cell_model_get(size_t k) {
    return models[k];
}
