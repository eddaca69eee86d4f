"""Device models by name: parameters, currents, states, transients, many devices with spread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, NamedTuple, Union

import numpy as np
from numpy.typing import ArrayLike

from . import _native
from ._base import Floats, Readable, context, floats, quantity, taken
from ._neuron import Parameter, ParameterTable
from ._progress import Progress, told

#: A constant, or times (s, not falling; two at one time are a jump) and values: linear in between,
#: the first value before, the last one after.
Wave = Union[float, tuple[ArrayLike, ArrayLike]]


class Port(NamedTuple):
    """An input, a state or an output of a model."""

    key: str
    unit: str  #: "" for a pure number
    help: str


def models() -> dict[str, str]:
    """Names of the built-in device models, and what they are."""
    return dict(_native.model_list())


@dataclass(repr=False)
class Transient(Readable):
    """A device in time."""

    time_s: Floats
    columns: dict[str, Floats]  #: by name: source, v, i, states, outputs
    units: dict[str, str]
    energy_J: dict[str, float]  #: source, series, stored_cap, port; taken, given, stored by the device
    circuit_residual_rel: float  #: what the balance of the circuit's energy leaves open
    device_residual_rel: float  #: and of the device's; NaN: the model does not say
    n_spike: int  #: maxima of the current
    frequency_Hz: float  #: of those in the second half; 0: fewer than 3
    n_step: int
    n_reversal: int

    def __getitem__(self, name: str) -> Floats:
        return self.columns[name]


@dataclass(repr=False)
class Curve(Readable):
    """A curve of the device bench: a table, in traces."""

    title: str
    units: dict[str, str]  #: by column; the first one is the abscissa
    traces: dict[str, dict[str, Floats]]  #: name of the trace, column
    notes: list[str] = field(default_factory=list)  #: what the curve says in figures


def _wave(wave: Wave) -> tuple[Floats, Floats]:
    if isinstance(wave, tuple):
        t = floats(wave[0], (None,), "times of a waveform")
        return t, floats(wave[1], t.shape, "values of a waveform")
    return np.zeros(1), np.full(1, float(wave))


class Device:
    """A device model with a card; made by mho.device."""

    def __init__(
        self, model: str, card: Union[str, PathLike[str]] = "", **parameters: Union[float, str]
    ) -> None:
        self._handle = context()
        _native.card_new(self._handle, str(model), str(card))
        for key, value in parameters.items():
            _native.card_set(self._handle, key, value)
        info: dict[str, Any] = _native.card_model(self._handle)
        self.name: str = info["name"]
        self.card: str = str(card)
        self.summary: str = info["summary"]
        self.equations: str = info["equations"]  #: plain text
        self.source: str = info["source"]
        self.cards: dict[str, str] = dict(info["cards"])  #: that there are, and what they are
        #: voltages of the ports first, then other drives
        self.inputs: list[Port] = [Port(*row[:3]) for row in info["inputs"]]
        self.states: list[Port] = [Port(*row) for row in info["states"]]
        #: currents into the ports first
        self.outputs: list[Port] = [Port(*row) for row in info["outputs"]]
        self.n_port: int = info["n_port"]
        self._start = [row[3] for row in info["inputs"]]

    @property
    def parameters(self) -> ParameterTable:
        """Every parameter with value, unit, range, mark and source."""
        table = ParameterTable()
        for row in _native.card_table(self._handle):
            row.pop("text")
            table[row["key"]] = Parameter(**row)
        return table

    def set(self, **parameters: Union[float, str]) -> Device:
        """Change parameters: keys with their unit and numbers in SI (``rth_K_per_W=2e6``), or keys
        without and text (``rth="2 MK/W"``)."""
        for key, value in parameters.items():
            _native.card_set(self._handle, key, value)
        return self

    def yaml(self) -> str:
        """The card as text of a card file, every key with unit, range, mark and source."""
        return _native.card_write(self._handle)

    def devices(self, n: int, seed: int = 1, *, first: int = 0, spread: bool = True) -> Devices:
        """n instances that can be driven, numbers first ... of the seed; spread: they differ as the
        card says."""
        return Devices(self, n, seed, first, spread)

    def currents(self, **inputs: ArrayLike) -> dict[str, Floats]:
        """Outputs of fresh nominal devices at once, each at its own inputs.

        Args:
            **inputs: by key, numbers or arrays of any one shape; those not given rest at their start.
        Returns:
            by key of the outputs, arrays of that shape; no time passes, the state stays.
        """
        shape = np.broadcast_shapes(*(np.shape(v) for v in inputs.values()))
        many = self.devices(max(int(np.prod(shape)), 1), spread=False)
        many.set(**{k: np.broadcast_to(v, shape).reshape(-1) for k, v in inputs.items()})
        return {k: y.reshape(shape) for k, y in many.outputs().items()}

    def transient(
        self,
        source_V: Wave,
        stop_s: float,
        *,
        r_series_ohm: float = 0.0,
        c_parallel_F: float = 0.0,
        inputs: Mapping[str, Wave] | None = None,
        port: int = 0,
        n_sample: int = 2001,
        tol_rel: float = 1e-9,
        progress: Progress = None,
    ) -> Transient:
        """One nominal device in time: a source, a resistor, the device with a capacitor across it.

        Args:
            source_V: a constant, or (times, values) of a piecewise linear waveform.
            stop_s: end, > 0.
            inputs: waveforms of other inputs, by key: ``{"light_rel": ([0, 1e-3, 1e-3], [0, 0, 1])}``.
            port: which port is in the circuit.
            n_sample: rows of the trace, evenly spaced; edges come on top.
        Warns:
            mho.Warning: the integrator gave up; the trace reaches up to there.
        """
        keys = [p.key for p in self.inputs]
        waves = [(-1, *_wave(source_V))]
        for key, wave in (inputs or {}).items():
            waves.append((_row(keys, key), *_wave(wave)))
        with told(progress) as call:
            run, trace = _native.card_simulate(
                self._handle, call, waves, port, float(r_series_ohm), float(c_parallel_F),
                float(stop_s), n_sample, tol_rel,
            )  # fmt: skip
        columns = {name: taken(data, np.float64, -1) for name, _, data in trace}
        flat = {k.removeprefix("rep."): v for k, v in run.items()}
        energy = {
            k.removeprefix("energy.").removesuffix("_J"): flat.pop(k)
            for k in list(flat)
            if k.endswith("_J")
        }
        return Transient(
            time_s=columns.pop("time"),
            columns=columns,
            units={name: unit for name, unit, _ in trace if name != "time"},
            energy_J=energy,
            circuit_residual_rel=flat["energy.circuit_residual_rel"],
            device_residual_rel=flat["energy.device_residual_rel"],
            n_spike=flat["n_spike"],
            frequency_Hz=flat["frequency_Hz"],
            n_step=flat["n_step"],
            n_reversal=flat["n_reversal"],
        )

    @property
    def curves(self) -> dict[str, str]:
        """Names of the curves that the bench draws of this model, and what they show."""
        return {name: f"{help} ({x} in {unit or '1'})" for name, help, x, unit in self._curves()}

    def _curves(self) -> list[tuple[str, str, str, str]]:
        return _native.card_curves(self._handle)

    def curve(
        self,
        name: str | None = None,
        *,
        start: float | None = None,
        stop: float | None = None,
        n_point: int = 0,
        n_device: int = 0,
        seed: int = 1,
        period_s: float | None = None,
        progress: Progress = None,
    ) -> Curve:
        """A curve of the device bench.

        Args:
            name: one of `curves`; None: the first.
            start, stop: of the abscissa, in its unit; None: the curve's own choice.
            n_point: per trace; n_device: of statistics; 0: the curve's own choice.
            period_s: of a sweep in time: duration of a cycle; None: the curve's own choice.
        """
        options: dict[str, Any] = {"n_point": n_point, "n_device": n_device, "seed": seed}
        for key, value in (("from", start), ("to", stop), ("period_s", period_s)):
            if value is not None:
                options[key] = float(value)
        with told(progress) as call:
            title, columns, traces, notes = _native.card_curve(
                self._handle, call, name or self._curves()[0][0], options
            )
        found: dict[str, dict[str, Floats]] = {}
        for trace, data in traces:
            table = taken(data, np.float64, -1, len(columns))
            key, k = trace, 2
            while key in found:
                key, k = f"{trace} {k}", k + 1
            found[key] = {c: np.ascontiguousarray(table[:, j]) for j, (c, _) in enumerate(columns)}
        return Curve(title, dict(columns), found, notes)

    def __repr__(self) -> str:
        ins = ", ".join(f"{p.key}" for p in self.inputs)
        outs = ", ".join(f"{p.key}" for p in self.outputs)
        card = f" card {self.card}" if self.card else ""
        return f"<mho.Device {self.name}{card}: {self.summary}; {ins} -> {outs}>"


def _row(keys: list[str], key: str) -> int:
    if key not in keys:
        raise TypeError(f"{key} is not an input: {', '.join(keys)}")
    return keys.index(key)


class Devices:
    """n instances of a device, driven together; made by Device.devices. All arrays are [n]."""

    def __init__(self, device: Device, n: int, seed: int, first: int, spread: bool) -> None:
        self._handle = context()
        _native.device_new(self._handle, device._handle, seed, first, n, spread)
        self.device, self.n = device, n

    def set(self, **inputs: ArrayLike) -> Devices:
        """Set inputs by key: a number for all, or [n]."""
        keys = [p.key for p in self.device.inputs]
        for key, value in inputs.items():
            v = np.ascontiguousarray(np.broadcast_to(np.asarray(value, dtype=np.float64), (self.n,)))
            _native.device_input(self._handle, _row(keys, key), v)
        return self

    def outputs(self) -> dict[str, Floats]:
        """By key, at the present inputs and states: currents into the ports first."""
        y = np.empty((len(self.device.outputs), self.n))
        _native.device_look(self._handle, y, None)
        return {p.key: row for p, row in zip(self.device.outputs, y)}

    def states(self) -> dict[str, Floats]:
        """By key."""
        x = np.empty((len(self.device.states), self.n))
        _native.device_look(self._handle, None, x)
        return {p.key: row for p, row in zip(self.device.states, x)}

    def _act(self, what: str, a: Any = None, dt_s: float = 0.0, tol_rel: float = 1e-6) -> Devices:
        _native.device_act(self._handle, what, a, dt_s, tol_rel)
        return self

    def set_states(self, **states: ArrayLike) -> Devices:
        """Set states by key: a number for all, or [n]; others stay."""
        keys = [p.key for p in self.device.states]
        x = np.empty((len(keys), self.n))
        _native.device_look(self._handle, None, x)
        for key, value in states.items():
            if key not in keys:
                raise TypeError(f"{key} is not a state: {', '.join(keys)}")
            x[keys.index(key)] = value
        return self._act("set", x)

    def step(self, dt_s: float, tol_rel: float = 1e-6) -> Devices:
        """dt_s with the present inputs held."""
        return self._act("step", None, dt_s, tol_rel)

    def settle(self) -> Devices:
        """To the state where nothing moves at the present inputs. Warns if it oscillates."""
        return self._act("settle")

    def restart(self) -> Devices:
        """Back to the state of new devices."""
        return self._act("restart")

    def pulse(self, amount: ArrayLike = 1.0) -> Devices:
        """One programming pulse each: > 0 towards more conductance, < 0 less; 1: the card's."""
        return self._act("pulse", self._each(amount))

    def program(self, target_S: ArrayLike) -> Devices:
        """Programme to conductances, with the errors of the device."""
        return self._act("program", self._each(target_S))

    def _each(self, x: ArrayLike) -> Floats:
        return np.array(np.broadcast_to(np.asarray(x, dtype=np.float64), (self.n,)))

    def read(self) -> dict[str, Floats]:
        """Currents of one noisy reading, by key of the ports' outputs."""
        i_A = np.empty((self.device.n_port, self.n))
        self._act("read", i_A)
        return {p.key: row for p, row in zip(self.device.outputs, i_A)}

    def __len__(self) -> int:
        return self.n

    def __repr__(self) -> str:
        return f"<mho.Devices: {self.n} of {self.device!r}>"


def device(
    model: Union[str, PathLike[str]],
    card: Union[str, PathLike[str]] = "",
    **parameters: Union[float, str],
) -> Device:
    """A device model by name (`mho.models()`), from a shared object (a path that ends in .so; it is
    code and runs as you), or from measured values (.csv: V and I, or pulse number and conductance).

    Args:
        card: a built-in parameter set, or a YAML card file; "" the default.
        **parameters: that differ from the card: keys with their unit and numbers in SI, or keys
            without and text with a unit: ``rth="2 MK/W"``.
    """
    return Device(str(model), card, **parameters)
