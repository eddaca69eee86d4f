#!/bin/sh
# The main job on the built-in data: a LeNet-5 of Mott neurons and CBRAM synapses, from device
# physics to a verdict.
set -eu
mho=$1
report=${MHO_DEMO_REPORT:-mho-demo.html}
"$mho" run lenet5-mott --chips 5 --seed 1 --report "$report"
