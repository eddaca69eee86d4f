"""Pictures of results, by matplotlib, which must be installed: ``pip install mho[plot]``.

Every function draws into ax, or into a new figure, and returns the axes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._array import Array
from ._device import Curve, Transient
from ._fit import Fit
from ._learn import LearnResult
from ._neuron import Neuron
from ._run import RunResult


def _axes(ax: Any) -> Any:
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(layout="constrained")[1]


def _label(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit else name


def curve(c: Curve, ax: Any = None, columns: list[str] | None = None) -> Any:
    """Traces of a curve of the device bench; columns None: the first after the abscissa."""
    ax = _axes(ax)
    names = list(c.units)
    for trace, table in c.traces.items():
        for name in columns or names[1:2]:
            ax.plot(table[names[0]], table[name], label=trace)
    shown = (columns or names[1:2])[0]
    ax.set(title=c.title, xlabel=_label(names[0], c.units[names[0]]))
    ax.set_ylabel(_label(shown, c.units[shown]))
    ax.legend()
    return ax


def transient(t: Transient, columns: list[str], ax: Any = None) -> Any:
    """Columns of a transient over time."""
    ax = _axes(ax)
    for name in columns:
        ax.plot(t.time_s, t.columns[name], label=_label(name, t.units[name]))
    ax.set_xlabel("time (s)")
    ax.legend()
    return ax


def neuron(n: Neuron, n_device: int = 0, seed: int = 1, ax: Any = None) -> Any:
    """Transfer curve of a neuron, and of n_device with spread, without trim."""
    ax = _axes(ax)
    z = np.linspace(-1, 1.6, 131)
    for device in n.sample(n_device, seed):
        ax.plot(z, n.curve(z, device), color="0.8", linewidth=0.8)
    ax.plot(z, n.curve(z), label="nominal")
    ax.set(xlabel="pre-activation z", ylabel="activation", title=f"Mott neuron, card {n.card}")
    return ax


def drop(a: Array, v_V: ArrayLike, ax: Any = None) -> Any:
    """What the cells of an array lack of their row's input, over the largest input: IR drop."""
    ax = _axes(ax)
    v = np.asarray(v_V, dtype=float)
    lost = (v[:, np.newaxis] - a.node_voltages(v).cell_V) / np.abs(v).max()
    image = ax.imshow(100 * lost, aspect="auto")
    ax.set(xlabel="column (bit line)", ylabel="row (word line)")
    ax.figure.colorbar(image, ax=ax, label="IR drop (% of the largest input)")
    return ax


def learning(r: LearnResult, ax: Any = None) -> Any:
    """Steps over episodes: mean, and the range from the 10th to the 90th percentile."""
    ax = _axes(ax)
    episode = 1 + np.arange(r.n_episode)
    ax.fill_between(episode, r.curve_lo, r.curve_hi, alpha=0.3)
    ax.plot(episode, r.curve_mean)
    ax.set(xlabel="episode", ylabel="steps", title=f"{r.world}, {r.agent}, {r.n_seed} runs")
    return ax


def fit(f: Fit, ax: Any = None) -> Any:
    """Data and model of a fit."""
    ax = _axes(ax)
    for k, name in enumerate(f.groups):
        mine = f.group == k
        (line,) = ax.plot(f.x[mine], f.y[mine], ".", label=name)
        ax.plot(f.x[mine], f.y_model[mine], color=line.get_color())
    ax.set(xlabel=_label(f.x_label, f.x_unit), ylabel=_label(f.y_label, f.y_unit))
    ax.set_yscale("log" if f.residual_unit.startswith("decade") else "linear")
    ax.legend()
    return ax


def budget(r: RunResult, ax: Any = None) -> Any:
    """Loss of each imperfection alone, in points."""
    ax = _axes(ax)
    names = [row.name for row in r.budget]
    ax.barh(names, [100 * (r.ideal_accuracy - row.only) for row in r.budget])
    ax.set_xlabel("loss against the ideal chip (points)")
    return ax
