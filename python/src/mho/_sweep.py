"""Studies: many chips over many values of the chip file."""

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
class Axis(Readable):
    """What is varied."""

    key: str  #: "chip.array.wire"
    unit: str
    help: str
    lo: float  #: smallest and largest value, SI; words: 0 and their number - 1
    hi: float
    log: bool
    words: list[str]  #: the levels, if they are words


@dataclass(repr=False)
class Effect(Readable):
    """What an axis does to the mean accuracy of a point."""

    key: str
    loss: float  #: best minus worst accuracy along the axis, others averaged
    loss_ci95: tuple[float, float]
    share: float  #: of the variance of the points' accuracy
    share_ci95: tuple[float, float]
    best: float  #: value of the axis there
    worst: float


@dataclass(repr=False)
class SweepResult(Readable):
    """What was measured; values [n_point][n_chip] by metric, NaN where a chip could not be made."""

    n_point: int
    n_chip: int
    n_image: int
    data_name: str
    axes: list[Axis]
    points: Floats  #: [n_point][axes] SI; words: index of the level
    values: dict[str, Floats]  #: "accuracy", "energy" ...: [n_point][n_chip]
    units: dict[str, str]  #: of the metrics
    mean_accuracy: Floats  #: [n_point]
    ci95: Floats  #: [n_point][2] of the mean accuracy
    yields: Floats  #: [n_point]: share of the chips at or above the threshold; NaN without one
    why: list[str]  #: [n_point]: of a failure; ""
    effects: list[Effect]  #: largest loss first
    front: NDArray[np.bool_]  #: [n_point]: nothing is both cheaper and more accurate
    threshold: float
    software_accuracy: float  #: base network, exact arithmetic and ReLU
    ideal_accuracy: float  #: base chip, every imperfection off
    n_known: int  #: chips that were there from before
    n_made: int
    n_failed: int
    total_s: float

    def __repr__(self) -> str:
        best = int(np.nanargmax(self.mean_accuracy)) if np.isfinite(self.mean_accuracy).any() else 0
        where = ", ".join(
            f"{a.key} {a.words[int(x)] if a.words else quantity(x, a.unit)}"
            for a, x in zip(self.axes, self.points[best])
        )
        lines = [
            f"{self.n_point} points, {self.n_chip} chips each, {self.n_image} pictures "
            f"({self.data_name}); best {100 * self.mean_accuracy[best]:.2f} % at {where or 'the base'}"
        ]
        lines += [f"  {e.key}: costs up to {100 * e.loss:.2f} points" for e in self.effects]
        return "\n".join(lines)


def sweep(
    study: Union[str, PathLike[str]],
    out: Union[str, PathLike[str]],
    *,
    n_chip: int | None = None,
    data: Union[str, PathLike[str], None] = None,
    threads: int | None = None,
    progress: Progress = None,
) -> SweepResult:
    """Run a study file, or go on with one: chips that are finished are kept in the folder out.

    Args:
        study: YAML study file (docs/sweep.md).
        out: folder for journals and tables; made if absent.
        n_chip: chips at every point, None: as the file says.
        data: folder with MNIST files, None: as the file says.
    """
    with told(progress) as call:
        r: dict[str, Any] = _native.sweep_run(
            context(threads), call, str(study), str(out), n_chip or 0,
            None if data is None else str(data),
        )  # fmt: skip
    n, chips = r["n_point"], r["n_chip"]
    axes = [Axis(**a) for a in r["axes"]]
    metrics = r.pop("metrics")
    value = taken(r.pop("value"), np.float64, n, chips, len(metrics))
    rows = r.pop("point_rows")
    effects = [
        Effect(
            key=axes[e["axis"]].key, loss=e["loss"], loss_ci95=tuple(e["loss_ci95"]),
            share=e["share"], share_ci95=tuple(e["share_ci95"]), best=e["best"], worst=e["worst"],
        )
        for e in r["effects"]
    ]  # fmt: skip
    values = {m[0]: np.ascontiguousarray(value[:, :, k]) for k, m in enumerate(metrics)}
    with np.errstate(all="ignore"):
        counts = np.isfinite(values["accuracy"]).sum(axis=1)
        sums = np.nansum(values["accuracy"], axis=1)
    r.update(
        axes=axes,
        points=taken(r["points"], np.float64, n, len(axes)),
        values=values,
        units={m[0]: m[1] for m in metrics},
        mean_accuracy=np.where(counts, sums / np.maximum(counts, 1), np.nan),
        ci95=np.array([p["ci95"] for p in rows]),
        yields=np.array([p["yield"] for p in rows]),
        why=[p["why"] for p in rows],
        effects=effects,
        front=taken(r["front"], np.bool_, n),
    )
    known = {f.name for f in dataclasses.fields(SweepResult)}
    return SweepResult(**{k: v for k, v in r.items() if k in known})
