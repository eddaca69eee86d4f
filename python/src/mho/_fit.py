"""From a measurement to a model card."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from os import PathLike
from typing import Literal, Union

import numpy as np

from . import _native
from ._base import Floats, Readable, context, quantity, taken
from ._neuron import _MIXING
from ._progress import Progress, told


@dataclass(repr=False)
class FitParameter(Readable):
    """One parameter of a fit."""

    key: str  #: as in a card
    unit: str
    help: str
    value: float
    low: float  #: 95 % from the Jacobian; NaN: not fitted or not determined
    high: float
    boot_low: float  #: 95 % percentiles of the bootstrap; NaN without one
    boot_high: float
    min: float  #: allowed range
    max: float
    fitted: bool  #: else held at value; a note says why
    at_limit: bool  #: ran into min or max: the interval means nothing

    def __repr__(self) -> str:
        def text(x: float) -> str:
            return quantity(x, self.unit) if self.unit else f"{x:.4g}"

        interval = f"{text(self.low)} to {text(self.high)}" if self.fitted else "held"
        return f"{self.key} = {text(self.value)}  [{interval}] {self.help}"


@dataclass(repr=False)
class FitGroup(Readable):
    """One branch of the data."""

    name: str
    n_point: int
    rms: float  #: of the residuals, in the fit's residual_unit
    max_abs: float


@dataclass(repr=False)
class Fit(Readable):
    """What came out of a fit; prints as a table."""

    model: str
    law: str
    data: str  #: name of the file
    parameters: dict[str, FitParameter]
    groups: dict[str, FitGroup]
    notes: list[str]  #: treatments and warnings, a sentence each
    card: str  #: text of a card file, each fitted value with its source and interval
    x: Floats  #: [n_point]
    y: Floats
    y_model: Floats
    residual: Floats  #: in residual_unit
    group: Floats  #: number of the branch
    correlation: Floats  #: [n_param][n_param]
    x_label: str
    x_unit: str
    y_label: str
    y_unit: str
    residual_unit: str
    n_point: int
    rms: float
    max_abs: float
    lag1: float  #: correlation of neighbouring residuals; white noise: 0
    widen: float  #: by which lag1 says that the intervals from the Jacobian are too narrow
    n_bootstrap: int
    bic: float  #: to compare laws on the same data: smaller is better
    converged: bool  #: False: the best descent was stopped; comes with a Warning

    def __repr__(self) -> str:
        head = (
            f"{self.data}: {self.model}, {self.law}; {self.n_point} points, rms "
            f"{self.rms:.3g} {self.residual_unit}"
        )
        return "\n".join([head, *(f"  {p!r}" for p in self.parameters.values())])


def fit(
    data: Union[str, PathLike[str]],
    model: Literal["vo2-neuron", "pulsed", "pcm"] = "vo2-neuron",
    *,
    law: str | None = None,
    columns: str | None = None,
    base_card: str | None = None,
    temperature_unit: Literal["K", "degC"] | None = None,
    n_bootstrap: int = 0,
    seed: int = 1,
    max_iter: int = 0,
    progress: Progress = None,
) -> Fit:
    """Fit a model to a CSV file, with starting values found from the data.

    Args:
        data: a heating and cooling loop R(T) for "vo2-neuron"; potentiation and depression for
            "pulsed"; programming statistics for "pcm". docs/fit.md has the columns.
        law: vo2-neuron: "bruggeman-2d" (the default), "bruggeman-3d", "series", "gem"; pulsed:
            "linear", "soft-bounds", "exponential", None: the best.
        columns: names or numbers (from 1) of the columns, such as "T,R"; None: found.
        base_card: vo2-neuron: where the other parameters of the card come from.
        n_bootstrap: resamples for intervals; 0: none.
        max_iter: vo2-neuron: most evaluations of the model in a descent; 0: 100 for each parameter.
    Raises:
        FormatError: with file, line and column.
        ArgumentError: data that cannot be what they should be, and what to do.
    Warns:
        mho.Warning: the best descent was stopped by max_iter.
    """
    kinds = {"vo2-neuron": "vo2", "pulsed": "pulsed", "pcm": "pcm"}
    if model not in kinds:
        raise ValueError(f"model = {model!r}: allowed are {', '.join(kinds)}")
    if max_iter < 0:
        raise ValueError(f"max_iter = {max_iter}: 0 or more is wanted")
    if model != "vo2-neuron" and (base_card or temperature_unit or max_iter):
        raise ValueError(f"base_card, temperature_unit and max_iter are for vo2-neuron, not {model}")
    mixing = 1
    if model == "vo2-neuron" and law is not None:
        if law not in _MIXING:
            raise ValueError(f"law = {law!r}: allowed are {', '.join(_MIXING)}")
        mixing = _MIXING[law]
    with told(progress) as call:
        r = _native.fit_file(
            context(), call, kinds[model], str(data), law, columns, base_card, temperature_unit,
            n_bootstrap, seed, mixing, max_iter,
        )  # fmt: skip
    n = len(r["parameters"])
    r["correlation"] = taken(r["correlation"], np.float64, n, n)
    points = taken(r.pop("points"), np.float64, -1, 5).T
    names = ("x", "y", "y_model", "residual", "group")
    r.update((name, np.ascontiguousarray(row)) for name, row in zip(names, points))
    r["parameters"] = {p["key"]: FitParameter(**p) for p in r["parameters"]}
    r["groups"] = {g["name"]: FitGroup(**g) for g in r["groups"]}
    known = {f.name for f in dataclasses.fields(Fit)}
    return Fit(**{k: v for k, v in r.items() if k in known})
