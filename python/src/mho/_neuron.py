"""The Mott activation neuron: a heater on a VO2 film, designed to work as a ReLU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from . import _native
from ._base import Floats, Readable, context, floats, quantity

_MIXING = {"series": 0, "bruggeman-2d": 1, "bruggeman-3d": 2, "gem": 3}


@dataclass(repr=False)
class Parameter(Readable):
    """One row of a device's parameter table."""

    key: str  #: name in files, without unit
    value: float
    unit: str  #: "" for a pure number
    min: float
    max: float
    mark: str  #: P published, C computed from published data, A assumed, F set by the user
    source: str
    help: str

    def __repr__(self) -> str:
        value = quantity(self.value, self.unit) if self.unit else f"{self.value:g}"
        return f"{self.key} = {value}  [{self.mark}] {self.help} ({self.source})"


class ParameterTable(dict[str, Parameter]):
    """Parameters by key; prints as a table."""

    def __repr__(self) -> str:
        return "\n".join(repr(row) for row in self.values())


@dataclass(repr=False)
class NeuronCircuit(Readable):
    """Where the neuron works."""

    v_max_V: float  #: largest output of the column amplifier
    v_bias_V: float  #: amplifier output at the knee, z = 0
    v_swing_V: float  #: from the knee to full scale, z = 1
    r_series_ohm: float  #: between amplifier and heater
    r_load_ohm: float  #: load of the film
    v_read_V: float  #: read bias over film and load


@dataclass(repr=False)
class NeuronDesign(Readable):
    """The working point found for a card, and what the neuron is like there."""

    circuit: NeuronCircuit
    rise_bias_K: float  #: temperature over the base at z = 0
    rise_full_K: float  #: and at z = 1
    relu_error_rel: float  #: rms over z in [-1, 1] of output minus best ReLU, over span
    memory_rel: float  #: largest effect of the evaluation before, over span
    v_span_V: float  #: output at z = 1 minus output at z = -1
    floor_rel: float  #: output at z = -1 over output at z = 1
    tau_s: float  #: thermal time constant
    settle_s: float
    reset_s: float
    read_s: float
    energy_J: float  #: one evaluation at z = 0


class Neuron:
    """A Mott neuron of a card, designed so that its transfer curve is close to a ReLU.

    Args:
        card: "N" (scaled nano neuron, the chip's default), "T" (150 nm film), "U" (published
            thermal neuristor).
        v_max_V: largest output of the column amplifier.
        z_max: the pre-activation that v_max_V stands for.
        mixing: "series", "bruggeman-2d", "bruggeman-3d", "gem"; None: the card's.
        **parameters: fields of the card with their unit, such as ``rth_K_per_W=2e6``.
    """

    def __init__(
        self,
        card: str = "N",
        *,
        v_max_V: float = 1.0,
        z_max: float = 1.6,
        mixing: Literal["series", "bruggeman-2d", "bruggeman-3d", "gem"] | None = None,
        **parameters: float,
    ) -> None:
        self._handle = context()
        self.card = card
        values: dict[str, float] = _native.neuron_card(self._handle, card)
        for name, value in parameters.items():
            if name not in values:
                raise TypeError(f"{name} is not a parameter: {', '.join(values)}")
            values[name] = float(value)
        if mixing is not None:
            if mixing not in _MIXING:
                raise ValueError(f"mixing = {mixing!r}: allowed are {', '.join(_MIXING)}")
            values["mixing"] = _MIXING[mixing]
        #: values by name with unit
        self.values = values
        d: dict[str, Any] = _native.neuron_design(self._handle, values, v_max_V, z_max)
        d["circuit"] = NeuronCircuit(**d["circuit"])
        #: the working point
        self.design = NeuronDesign(**d)

    @property
    def parameters(self) -> ParameterTable:
        """Every parameter with value, unit, range, mark and source."""
        rows = _native.neuron_table(self._handle, self.values, self.card)
        return ParameterTable((row["key"], Parameter(**row)) for row in rows)

    def output(
        self, v_in_V: ArrayLike, device: ArrayLike | None = None
    ) -> tuple[Floats, Floats]:
        """Output V and temperature K at amplifier outputs v_in_V (>= 0, any shape), solved directly.

        device: seven numbers that make it differ from the card, one row of sample(). About 20 us
        for each voltage.
        """
        v = np.array(v_in_V, dtype=np.float64, order="C")
        out, t_K = np.empty(v.shape), np.empty(v.shape)
        dev = None if device is None else floats(device, (7,), "device")
        circuit = vars(self.design.circuit)
        _native.neuron_output(self._handle, self.values, circuit, v, out, t_K, dev)
        return out, t_K

    def curve(self, z: ArrayLike, device: ArrayLike | None = None) -> Floats:
        """The transfer curve: output over that of the nominal device at z = 1, for pre-activations z
        (any shape; z = 0 is the knee, 1 full scale)."""
        c = self.design.circuit
        v = np.clip(c.v_bias_V + c.v_swing_V * np.asarray(z, dtype=np.float64), 0.0, c.v_max_V)
        full, _ = self.output(np.array([c.v_bias_V + c.v_swing_V]))
        return self.output(v, device)[0] / full[0]

    def sample(self, n: int, seed: int = 1, first: int = 0) -> Floats:
        """Devices first ... first + n - 1 of a seed, [n][7]: d_t_c (K), relative width, logarithm of
        r300, relative r_metal, r_heater, rth, and trim (V, 0)."""
        out = np.zeros((n, 7))
        if n:
            _native.neuron_sample(self._handle, self.values, seed, first, out)
        return out

    def __repr__(self) -> str:
        d = self.design
        return (
            f"<mho.Neuron {self.card}: span {quantity(d.v_span_V, 'V', 3)}, ReLU error "
            f"{100 * d.relu_error_rel:.2g} % of it, settles in {quantity(d.settle_s, 's', 3)}, "
            f"{quantity(d.energy_J, 'J', 3)} per evaluation>"
        )
