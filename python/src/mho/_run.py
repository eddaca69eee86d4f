"""The main job: LeNet-5 on chips of Mott neurons and CBRAM synapses."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from os import PathLike
from typing import Any, Union

import numpy as np
from numpy.typing import NDArray

from . import _native
from ._base import Floats, Readable, context, quantity, taken
from ._progress import Progress, told


@dataclass(repr=False)
class ChipCost(Readable):
    """Cost of one picture on the chip; parts are dictionaries from part to value."""

    energy_J: float
    energy_parts_J: dict[str, float]
    latency_s: float
    latency_parts_s: dict[str, float]
    area_m2: float
    area_parts_m2: dict[str, float]
    neuron_energy_J: float  #: of one activation, mean: heater, film, trim
    neuron_area_m2: float
    pipelined_s: float  #: per picture when all layers work at once
    n_activation: int  #: neuron evaluations per picture

    @classmethod
    def _of(cls, d: dict[str, Any]) -> ChipCost:
        flat = {k: d[k] for k in ("neuron_energy_J", "neuron_area_m2", "pipelined_s")}
        for name, parts in (
            ("energy_J", "energy_parts_J"),
            ("latency_s", "latency_parts_s"),
            ("area_m2", "area_parts_m2"),
        ):
            flat[name], flat[parts] = d[name]
        return cls(n_activation=d["n_activation"], **flat)

    def __repr__(self) -> str:
        return (
            f"ChipCost({quantity(self.energy_J, 'J')}, {quantity(self.latency_s, 's')}, "
            f"{self.area_m2 * 1e6:.4g} mm2 per chip; {self.n_activation} activations of "
            f"{quantity(self.neuron_energy_J, 'J')})"
        )


@dataclass(repr=False)
class BudgetRow(Readable):
    """An imperfection of the loss budget: accuracies, means and deviations over chips."""

    name: str
    text: str
    only: float  #: accuracy with this alone
    all_but: float  #: accuracy with all but this
    only_sd: float
    all_but_sd: float


@dataclass(repr=False)
class RunResult(Readable):
    """A network on chips; accuracies are shares of the test pictures."""

    data_name: str
    seed: int
    n_train: int
    n_image: int
    software_accuracy: float  #: same weights, exact arithmetic and ReLU
    curve_accuracy: float  #: same weights, nominal neuron curve, nothing else
    ideal_accuracy: float  #: chip with every imperfection off
    mean: float  #: over chips
    sd: float
    ci95: tuple[float, float]  #: of the mean
    no_trim_accuracy: float
    no_compensate_accuracy: float
    cost: ChipCost
    chip_accuracy: Floats = dataclasses.field(repr=False)  #: [n_chip]
    budget: list[BudgetRow] = dataclasses.field(repr=False)
    #: [label][predicted], summed over chips
    confusion: NDArray[np.uint64] = dataclasses.field(repr=False)
    curve_z: Floats = dataclasses.field(repr=False)  #: [161] abscissa of the curves
    nominal_curve: NDArray[np.float32] = dataclasses.field(repr=False)  #: [161]
    curves: NDArray[np.float32] = dataclasses.field(repr=False)  #: [devices][161]
    published_accuracy: float
    published_source: str = dataclasses.field(repr=False)
    total_s: float


def digits(
    n: int, seed: int = 1, first: int = 0
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """mho's own handwritten-style digits: pictures first ... first + n - 1 of the seed's series.

    Returns:
        pixels [n][28][28], 0 to 255, and labels [n], 0 to 9.
    """
    pixels, labels, rows, columns = _native.digits(context(), seed, first, n)
    return taken(pixels, np.uint8, n, rows, columns), taken(labels, np.uint8, n)


def run_lenet5(
    data: Union[str, PathLike[str], None] = None,
    chip: Union[str, PathLike[str], None] = None,
    *,
    n_chip: int = 20,
    n_budget_chip: int = 5,
    n_image: int = 0,
    n_verify: int = 0,
    n_epoch: int = 0,
    seed: int = 1,
    report: Union[str, PathLike[str], None] = None,
    threads: int | None = None,
    progress: Progress = None,
) -> RunResult:
    """LeNet-5 on chips of Mott neurons and CBRAM synapses, from a data set to a verdict.

    Long; training and finished chips are kept, so that the same call goes on where it was stopped.

    Args:
        data: folder with MNIST in IDX files; None: mho's own digits.
        chip: YAML chip file; None: the default chip.
        n_chip: chips; n_budget_chip: chips for the loss budget, 0: none.
        n_image: test pictures, 0: all; n_verify: pictures through the slow path.
        n_epoch: of training, 0: the default.
        report: HTML page to write.
    """
    options = {
        "n_chip": n_chip,
        "n_budget_chip": n_budget_chip,
        "n_image": n_image,
        "n_verify": n_verify,
        "n_epoch": n_epoch,
        "seed": seed,
    }
    paths = [None if p is None else str(p) for p in (data, chip, report)]
    with told(progress) as call:
        r = _native.run_lenet5(context(threads), call, *paths, options)
    n = r.pop("n_class")
    z = np.linspace(r.pop("z_min"), r.pop("z_max"), 161)
    r["ci95"] = tuple(r["ci95"])
    r["chip_accuracy"] = taken(r["chip_accuracy"], np.float64, -1)
    r["confusion"] = taken(r["confusion"], np.uint64, n, n)
    r["nominal_curve"] = taken(r.pop("nominal"), np.float32, -1)
    r["curves"] = taken(r["curves"], np.float32, -1, 161)
    r["budget"] = [BudgetRow(**row) for row in r["budget"]]
    r["cost"] = ChipCost._of(r["cost"])
    return RunResult(curve_z=z, **r)
