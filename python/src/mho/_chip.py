"""A network on hardware: crossbar tiles, amplifiers, Mott neurons."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _native
from ._base import Floats, Readable, context, quantity
from ._network import Floats32, Layer, Network
from ._neuron import NeuronCircuit, NeuronDesign, Parameter, ParameterTable
from ._progress import Progress, told
from ._run import ChipCost

#: A YAML chip file, or keys of it by their path, numbers in SI or text with a unit:
#: {"array.wire": "5 ohm", "synapse.levels": 16, "neuron.card": "T"}
Spec = Union[str, PathLike[str], Mapping[str, Any], None]
#: "all", "none", or names such as "wires" and "read noise"
Imperfections = Union[str, Sequence[str]]

_EXTRA = {"no trim": 1 << 16, "no compensation": 1 << 17}


def _spec(spec: Spec) -> tuple[str | None, dict[str, Any]]:
    if spec is None:
        return None, {}
    if isinstance(spec, Mapping):
        keys = dict(spec)
        file = keys.pop("file", None)
        return (None if file is None else str(file)), keys
    return str(spec), {}


def chip_parameters(chip: Spec = None) -> ParameterTable:
    """Every parameter of a chip with value, unit, range, mark and source.

    Args:
        chip: None: the default chip; a YAML file; or keys by their path, such as
            ``{"array.wire": "5 ohm"}``; with "file" for the file that they change.
    """
    file, keys = _spec(chip)
    _, rows = _native.chip_spec(context(), file, keys)
    return ParameterTable((row["key"], Parameter(**row)) for row in rows)


def chip_file(chip: Spec = None) -> str:
    """The same as text of a YAML chip file that spells out every key."""
    file, keys = _spec(chip)
    return _native.chip_spec(context(), file, keys)[0]


def imperfections() -> dict[str, str]:
    """Names of what may be imperfect on a chip, and what it is."""
    return dict(_native.chip_imperfections())


def _bits(which: Imperfections) -> int:
    names = list(imperfections())
    if isinstance(which, str):
        if which in ("all", "none"):
            return (1 << len(names)) - 1 if which == "all" else 0
        which = [which]
    bits = 0
    for name in which:
        if name in names:
            bits |= 1 << names.index(name)
        elif name in _EXTRA:
            bits |= _EXTRA[name]
        else:
            allowed = ", ".join([*names, *_EXTRA])
            raise ValueError(f"imperfection {name!r}: allowed are all, none, {allowed}")
    return bits


@dataclass(repr=False)
class ProgramReport(Readable):
    """What programming a chip did."""

    n_array: int
    n_cell: int
    n_neuron: int
    n_trim_clipped: int  #: neurons whose bias trim ended at its limit
    attempts: int  #: write pulses
    error_rel: float  #: rms of G minus level over g_max - g_min
    energy_J: float
    time_s: float  #: attempts one after another
    total_s: float  #: wall time of this call


@dataclass(repr=False)
class Stage(Readable):
    """One stage of a chip."""

    name: str  #: of the network's nodes: "conv1 +2"
    work: str  #: "conv 3x3 /2, 16>32", "average 2x2"
    end: str  #: "neurons", "winner", "digital Sigmoid"; "" for pools and wires
    compute: bool  #: has arrays or resistors and an end
    out_c: int
    out_h: int
    out_w: int
    n_tile: int
    n_cell: int
    n_neuron: int
    digital: bool  #: ADC and DAC
    n_mac: float  #: per sample, on arrays
    full_scale: float  #: of the network's numbers at activation 1; NaN without a sample
    clipped_frac: float  #: share of the positive activations of the sample above 1
    rms_error_rel: float  #: ideal chip against exact arithmetic, on the sample
    correlation: float


@dataclass(repr=False)
class ChipCheck(Readable):
    """The fast path against the slow reference."""

    n_image: int
    n_current: int
    n_neuron: int
    array_error_rel: float  #: largest difference over the layer's largest
    neuron_error_rel: float  #: over the span
    residual_rel: float  #: largest Kirchhoff residual of the reference solver
    n_same: int  #: samples whose winner agrees


@dataclass(repr=False)
class Verdict(Readable):
    """What becomes of a network on chips; prints as a few lines."""

    n_sample: int
    software_accuracy: float  #: exact arithmetic
    ideal_accuracy: float  #: chip with every imperfection off
    mean: float  #: over chips
    sd: float
    chip_accuracy: Floats  #: [n_chip]
    cost: ChipCost
    n_tile: int
    n_neuron: int
    n_digital_stage: int

    def __repr__(self) -> str:
        c = self.cost
        energy, time = quantity(c.energy_J, "J", 3), quantity(c.latency_s, "s", 3)
        rows = [
            f"software     {100 * self.software_accuracy:6.2f} %   exact arithmetic, {self.n_sample} samples",
            f"ideal chip   {100 * self.ideal_accuracy:6.2f} %   every imperfection off",
            f"hardware     {100 * self.mean:6.2f} %   mean of {len(self.chip_accuracy)} chips, "
            f"standard deviation {100 * self.sd:.2f} %",
            f"per sample   {energy}, {time}; {c.n_activation} activations",
            f"chip         {c.area_m2 * 1e6:.3g} mm2: {self.n_tile} tiles, {self.n_neuron} neurons, "
            f"{self.n_digital_stage} digital stages",
        ]
        return "\n".join(rows)


class Chip:
    """A network on hardware, designed here, made by program, used by run.

    Args:
        network: a Network, a list of layers (`mho.Dense`, `mho.Conv` ...), or the path of an ONNX
            file.
        chip: YAML chip file, or keys by their path: ``{"array.wire": "5 ohm"}``; None: the default.
        calibrate: samples [n][input_shape] that decide the ranges; the first 128 are used. Without
            them every full scale is 1, which suits networks that were trained so.
        input_shape: of one sample, if it does not follow from network or calibrate.
        per_channel: every channel of an activation has its own full scale, else one for all.
        percentile: in (0.5, 1], share of the positive activations that is to stay below saturation.
        correct: gain and bias of every output bent so that the neuron comes nearest to the ReLU.
        exact_relu: ADC, exact rectifier and DAC instead of neurons, for comparison.
        threads: None: as mho.set_threads says.

    Raises:
        ArgumentError: names the node that cannot be mapped, and what to do.
    """

    def __init__(
        self,
        network: Union[Network, Sequence[Layer], str, PathLike[str]],
        *,
        chip: Spec = None,
        calibrate: ArrayLike | None = None,
        input_shape: Sequence[int] | None = None,
        per_channel: bool = True,
        percentile: float = 0.999,
        correct: bool = True,
        exact_relu: bool = False,
        threads: int | None = None,
        progress: Progress = None,
    ) -> None:
        if isinstance(network, (str, PathLike)):
            network = Network.from_onnx(network, input_shape)
        elif not isinstance(network, Network):
            if input_shape is None and calibrate is not None and np.ndim(calibrate) == 4:
                input_shape = np.shape(calibrate)[1:]
            network = Network(network, input_shape)
        #: what it was made from
        self.network: Network = network
        self._handle = context(threads)
        file, keys = _spec(chip)
        options = {
            "range": 0 if per_channel else 1,
            "percentile": float(percentile),
            "correct": bool(correct),
            "exact_relu": bool(exact_relu),
        }
        self._calibration: tuple[Any, ...] = (None, None, 0, 0, 0, 0)
        if calibrate is not None:
            self._calibration = self._samples(calibrate, None)
        with told(progress) as call:
            _native.chip_new(
                self._handle, call, network._handle, file, keys, options, self._calibration
            )
        info, stages, notes, design, n_score = _native.chip_info(self._handle)
        self._map: dict[str, Any] = info
        #: in the order in which they work
        self.stages: list[Stage] = [Stage(**row) for row in stages]
        #: what was done to the network, a line each
        self.notes: list[str] = notes
        design["circuit"] = NeuronCircuit(**design["circuit"])
        #: working point of the neurons
        self.neuron = NeuronDesign(**design)
        self._n_score: int = n_score
        #: of program, None before
        self.programmed: ProgramReport | None = None

    @classmethod
    def from_onnx(cls, path: Union[str, PathLike[str]], **options: Any) -> Chip:
        """A chip for an ONNX file; options as of Chip."""
        return cls(Network.from_onnx(path, options.pop("input_shape", None)), **options)

    def _samples(self, x: ArrayLike, labels: ArrayLike | None) -> tuple[Any, ...]:
        a = self.network.samples(x)
        y = None if labels is None else np.ascontiguousarray(labels, dtype=np.int32).reshape(-1)
        if y is not None and len(y) != len(a):
            raise ValueError(f"{len(y)} labels for {len(a)} samples")
        shape = a.shape[1:]
        if len(shape) == 2:  # [c][w]
            shape = (shape[0], 1, shape[1])
        shape = (*shape, 1, 1, 1)[:3] if len(shape) < 3 else shape
        if len(shape) > 3:
            shape = (1, 1, math.prod(shape))
        return a, y, len(a), *shape

    def program(
        self,
        seed: int = 1,
        instance: int = 0,
        *,
        imperfections: Imperfections = "all",
        without: Imperfections = (),
        progress: Progress = None,
    ) -> ProgramReport:
        """Draw and programme one chip. Columns and ranges of ADCs that the chip file wants from data
        (`periphery.column_gain`, `adc_clip`) are set from the first 256 samples of calibrate.

        Args:
            seed, instance: which; the same chip for the same two.
            imperfections: "all", "none", or names (`mho.imperfections()`), also "no trim" and "no
                compensation"; without: names to leave out.
        """
        bits = _bits(imperfections) & ~_bits(without)
        with told(progress) as call:
            r = _native.chip_program(
                self._handle, call, seed, instance, bits, self._calibration
            )
        self.programmed = ProgramReport(**{k.removeprefix("write."): v for k, v in r.items()})
        return self.programmed

    def _evaluate(
        self, x: ArrayLike, labels: ArrayLike | None, progress: Progress
    ) -> tuple[NDArray[np.int32], Floats32, float]:
        if self.programmed is None:
            self.program(progress=progress)
        samples = self._samples(x, labels)
        predictions = np.empty(samples[2], dtype=np.int32)
        scores = np.empty((samples[2], self._n_score), dtype=np.float32)
        with told(progress) as call:
            accuracy = _native.chip_run(self._handle, call, samples, predictions, scores)
        return predictions, scores, accuracy

    def run(self, x: ArrayLike, *, progress: Progress = None) -> Floats32:
        """Outputs [n][n_score] of samples x [n][input_shape], in the network's units, noise and all.
        A chip that was not programmed is programmed with seed 1."""
        return self._evaluate(x, None, progress)[1]

    def predict(self, x: ArrayLike, *, progress: Progress = None) -> NDArray[np.int32]:
        """Number of the largest output of each sample, [n]."""
        return self._evaluate(x, None, progress)[0]

    def accuracy(self, x: ArrayLike, labels: ArrayLike, *, progress: Progress = None) -> float:
        """Share of samples whose label was found."""
        return self._evaluate(x, labels, progress)[2]

    def _measure(self, what: str, x: ArrayLike, n: int, seed: int, progress: Progress) -> Any:
        if self.programmed is None:
            self.program(progress=progress)
        error, correlation = (np.full(len(self.stages), np.nan) for _ in range(2))
        samples = self._samples(x, None)
        n = min(int(n), samples[2])
        with told(progress) as call:
            r = _native.chip_measure(
                self._handle, call, samples, n, seed, what, error, correlation
            )
        return (error, correlation) if what == "compare" else r

    def cost(self, x: ArrayLike, n: int = 64, *, progress: Progress = None) -> ChipCost:
        """Energy, time and area, from the voltages and currents of the first n samples."""
        return ChipCost._of(self._measure("cost", x, n, 0, progress))

    def check(
        self, x: ArrayLike, n: int = 4, seed: int = 1, *, progress: Progress = None
    ) -> ChipCheck:
        """Send n samples through the slow reference circuit solver and compare."""
        return ChipCheck(**self._measure("check", x, n, seed, progress))

    def compare(
        self, x: ArrayLike, n: int = 64, *, progress: Progress = None
    ) -> tuple[Floats, Floats]:
        """Activations of each stage against exact arithmetic: relative rms error and correlation,
        [stages]; NaN for pools and wires."""
        return self._measure("compare", x, n, 0, progress)

    def verdict(
        self,
        x: ArrayLike,
        labels: ArrayLike,
        *,
        n_chip: int = 5,
        seed: int = 1,
        progress: Progress = None,
    ) -> Verdict:
        """Accuracy of n_chip chips beside software and the ideal chip, and the cost."""
        software = self.network.accuracy(x, labels)
        self.program(seed, imperfections="none", progress=progress)
        ideal = self.accuracy(x, labels, progress=progress)
        chips = np.empty(n_chip)
        for k in range(n_chip):
            self.program(seed, k, progress=progress)
            chips[k] = self.accuracy(x, labels, progress=progress)
        m = self._map
        return Verdict(
            n_sample=len(np.asarray(labels)),
            software_accuracy=software,
            ideal_accuracy=ideal,
            mean=float(chips.mean()),
            sd=float(chips.std(ddof=1)) if n_chip > 1 else math.nan,
            chip_accuracy=chips,
            cost=self.cost(x, progress=progress),
            n_tile=m["n_tile"],
            n_neuron=m["n_neuron"],
            n_digital_stage=m["n_digital_stage"],
        )

    def close(self) -> None:
        """Give the memory back now; happens by itself when the chip is no longer used."""
        _native.close(self._handle)

    def __repr__(self) -> str:
        m = self._map
        return (
            f"<mho.Chip {self.network.input_shape} -> {self.network.output_shape}: "
            f"{len(self.stages)} stages, {m['n_tile']} tiles, {m['n_cell']:,} cells, "
            f"{m['n_neuron']:,} neurons, {m['n_digital_stage']} digital stages>"
        )
