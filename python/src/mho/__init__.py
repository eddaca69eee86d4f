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

from ._base import quantity, set_threads, version
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
from .array import Array, ArrayPower, ArrayReport, NodeVoltages

__version__ = version()

__all__ = [
    "ArgumentError",
    "Array",
    "ArrayPower",
    "ArrayReport",
    "Cancelled",
    "DependencyError",
    "Error",
    "FileError",
    "FormatError",
    "NodeVoltages",
    "OutOfMemoryError",
    "SingularError",
    "Warning",
    "quantity",
    "set_threads",
    "version",
]
