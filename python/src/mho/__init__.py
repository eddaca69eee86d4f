"""mho: neural networks made of nanodevices.

Weights are conductances in crossbar arrays, activation functions are devices, and the circuit
between them is solved exactly. All quantities are SI; the suffix of a name is its unit. Long calls
show their progress, stop at Ctrl-C and let other Python threads run.
"""

from __future__ import annotations

import os as _os

# Idle threads of OpenMP spin for milliseconds; read when the library is loaded.
if "OMP_WAIT_POLICY" not in _os.environ:
    _os.environ.setdefault("GOMP_SPINCOUNT", "20000")

from ._array import Array, ArrayPower, ArrayReport, NodeVoltages
from ._base import quantity, set_threads, version
from ._chip import (
    Chip,
    ChipCheck,
    ProgramReport,
    Stage,
    Verdict,
    chip_file,
    chip_parameters,
    imperfections,
)
from ._device import Curve, Device, Devices, Port, Transient, device, models
from ._errors import (
    ArgumentError,
    Cancelled,
    DependencyError,
    Error,
    FileError,
    FormatError,
    OutOfMemoryError,
    SingularError,
    Warning,
)
from ._fit import Fit, FitGroup, FitParameter, fit
from ._learn import LearnEnergy, LearnResult, Step, World, learn
from ._network import Apply, AveragePool, Conv, Dense, MaxPool, Network, Node, Residual
from ._neuron import Neuron, NeuronCircuit, NeuronDesign, Parameter, ParameterTable
from ._run import BudgetRow, ChipCost, RunResult, digits, run_lenet5
from ._sweep import Axis, Effect, SweepResult, sweep

__version__ = version()

__all__ = [
    "Apply",
    "ArgumentError",
    "Array",
    "ArrayPower",
    "ArrayReport",
    "AveragePool",
    "Axis",
    "BudgetRow",
    "Cancelled",
    "Chip",
    "ChipCheck",
    "ChipCost",
    "Conv",
    "Curve",
    "Dense",
    "DependencyError",
    "Device",
    "Devices",
    "Effect",
    "Error",
    "FileError",
    "Fit",
    "FitGroup",
    "FitParameter",
    "FormatError",
    "LearnEnergy",
    "LearnResult",
    "MaxPool",
    "Network",
    "Neuron",
    "NeuronCircuit",
    "NeuronDesign",
    "Node",
    "NodeVoltages",
    "OutOfMemoryError",
    "Parameter",
    "ParameterTable",
    "Port",
    "ProgramReport",
    "Residual",
    "RunResult",
    "SingularError",
    "Stage",
    "Step",
    "SweepResult",
    "Transient",
    "Verdict",
    "Warning",
    "World",
    "chip_file",
    "chip_parameters",
    "device",
    "digits",
    "fit",
    "imperfections",
    "learn",
    "models",
    "quantity",
    "run_lenet5",
    "set_threads",
    "sweep",
    "version",
]
for _name in __all__:
    if isinstance(globals()[_name], type):
        globals()[_name].__module__ = "mho"
