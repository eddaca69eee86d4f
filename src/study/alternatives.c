/* alternatives.c - what activation hardware costs elsewhere, as published; ours stands beside it in
 * the report. A figure that a source gives only as a ratio to something else has no energy here. */
#include "study_int.h"

#include <math.h>

static const mho_alternative alternatives[] = {
    {"8-bit SAR ADC and digital ReLU, 32 nm", "ISAAC, as tabulated by Accelergy",
     1.67e-12 + 0.08e-12, (1200 + 65) * 1e-12,
     "ADC 1.67 pJ and 1200 µm² per conversion, ReLU about 0.08 pJ and 65 µm²; the ADC may be "
     "shared "
     "by many columns, then its area counts once"},
    {"8-bit SAR ADC, 65 nm", "computed with the formula of DNN_NeuroSim", 0.52e-12, NAN,
     "column of 10 kohm; conversion only, no ReLU"},
    {"8-bit SAR ADC, 32 nm", "computed with the formula of DNN_NeuroSim", 0.21e-12, NAN,
     "column of 10 kohm; conversion only, no ReLU"},
    {"8-bit SAR ADC, 22 nm", "computed with the formula of DNN_NeuroSim", 0.155e-12, NAN,
     "column of 10 kohm; conversion only, no ReLU"},
    {"analogue CMOS MAC and ReLU cell, 55 nm, 10 ns",
     "GLSVLSI 2020, doi 10.1145/3386263.3406941; energy computed", 493e-6 * 10e-9, NAN,
     "493 µW static power times an assumed 10 ns"},
    {"analogue CMOS MAC and ReLU cell, 55 nm, 100 ns",
     "GLSVLSI 2020, doi 10.1145/3386263.3406941; energy computed", 493e-6 * 100e-9, NAN,
     "493 µW static power times an assumed 100 ns"},
    {"NbO2 two-terminal Peierls neuron", "preprint 2025, rs.3.rs-7178914", NAN, NAN,
     "given as a ratio only: up to 183.7 times less energy and over 10,000 times less area than "
     "conventional"},
    {"SOT-MRAM analogue neuron", "published ratios", NAN, NAN,
     "given as ratios only: 1.8 to 27 times less power and 2.5 to 4931 times less area than its "
     "rivals"},
};

size_t mho_alternative_count(void) {
    return sizeof alternatives / sizeof *alternatives;
}

mho_alternative mho_alternative_get(size_t k) {
    return alternatives[k];
}
