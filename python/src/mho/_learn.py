"""Learning on the device: agents whose every weight is a pair of optomemristors."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Union

import numpy as np
from numpy.typing import NDArray

from . import _native
from ._base import Floats, Readable, context, taken
from ._progress import Progress, told

Agent = Literal["reward-pulse", "actor-critic", "r-stdp", "e-prop", "mott-policy"]
#: One place, or several with their activity in (0, 1].
Place = Union[int, Sequence[tuple[int, float]]]
Luck = tuple[float, float, float, float]

_CONTROLS = {"none": 0, "eta0": 1, "light-only": 2, "pulse-only": 3}


class Step(NamedTuple):
    """What a step of a world gives."""

    place: Place  #: where the agent is now
    reward: float = 0.0
    done: bool = False  #: the episode ends
    success: bool = False  #: it ends well
    bump: bool = False  #: the action could not be carried out


class World:
    """A world of your own: subclass it and write reset and step.

    Randomness: use the four numbers `luck`, uniform in (0, 1), which each call gets; then a run is
    a function of its seed. What the object remembers is up to it, but reset must start it anew.
    All runs of a study go through the same object, one after another.
    """

    name: str = "my world"
    n_place: int  #: places there are, up to 4096
    n_action: int  #: up to 8
    max_step: int = 100  #: an episode is cut after so many steps
    good_steps: int | None = None  #: an episode is good if it ends well within so many; None: all
    good_row: int = 20  #: solved: so many good episodes in a row
    endure: bool = False  #: the task is to last: many steps are good
    picture_shape: tuple[int, int] | None = None  #: rows and columns of the places, if they have any

    def reset(self, luck: Luck) -> Place:
        """Begin an episode; the place where it begins."""
        raise NotImplementedError

    def step(self, action: int, luck: Luck) -> Step:
        """Do an action, 0 <= action < n_action."""
        raise NotImplementedError


@dataclass(repr=False)
class LearnEnergy(Readable):
    """Means over runs."""

    update_J: float  #: write pulses of one update, all cells that see them
    mark_J: float  #: light of one step
    episode_write_J: float
    episode_light_J: float
    episode_read_J: float
    episode_s: float  #: device time of an episode, pause included
    updates: float  #: per episode
    steps: float  #: per episode
    change_share: float  #: of the cells that see a pulse, how many move


@dataclass(repr=False)
class LearnResult(Readable):
    """What n_seed independent runs did."""

    world: str
    agent: str
    n_seed: int
    n_episode: int
    n_solved: int
    wilson: tuple[float, float]  #: 95 % interval of the share solved
    solved_mean: float  #: mean episode to criterion of those that solved it; NaN: none
    least_mean: float  #: mean least number of steps; NaN: not known
    late_ratio: float  #: steps over least steps, mean of episodes 20 to 50; NaN
    energy: LearnEnergy
    steps: NDArray[np.uint32] = dataclasses.field(repr=False)  #: [n_seed][n_episode]
    good: NDArray[np.bool_] = dataclasses.field(repr=False)  #: [n_seed][n_episode]
    #: [n_seed] episode, from 1, with which the good row was full; 0: never
    solved_at: NDArray[np.uint32] = dataclasses.field(repr=False)
    curve_mean: Floats = dataclasses.field(repr=False)  #: [n_episode] steps over seeds
    curve_sd: Floats = dataclasses.field(repr=False)
    curve_lo: Floats = dataclasses.field(repr=False)  #: 10th percentile
    curve_hi: Floats = dataclasses.field(repr=False)  #: 90th percentile
    curve_good: Floats = dataclasses.field(repr=False)  #: [n_episode] share of good episodes
    policy: Floats = dataclasses.field(repr=False)  #: [n_place][n_action] of run 0 at the end
    value: Floats = dataclasses.field(repr=False)  #: [n_place]: critic, or the largest weight
    x_plus: Floats = dataclasses.field(repr=False)  #: [n_cell/2] states of run 0 at the end
    x_minus: Floats = dataclasses.field(repr=False)
    options: dict[str, Any] = dataclasses.field(repr=False)
    opto: dict[str, Any] = dataclasses.field(repr=False)
    total_s: float


def _places(place: Place) -> list[tuple[int, float]]:
    if isinstance(place, (int, np.integer)):
        return [(int(place), 1.0)]
    return [(int(p), float(a)) for p, a in place]


def _python_world(world: World) -> tuple[Callable[..., Any], Callable[..., Any], dict[str, Any]]:
    def reset(luck: Luck) -> list[tuple[int, float]]:
        return _places(world.reset(luck))

    def step(action: int, luck: Luck) -> tuple[Any, ...]:
        s = Step(*world.step(action, luck))
        return _places(s.place), float(s.reward), bool(s.bump), bool(s.done), bool(s.success)

    shape = getattr(world, "picture_shape", None) or (0, 0)
    max_step = int(getattr(world, "max_step", World.max_step))
    good_steps = getattr(world, "good_steps", None)
    fields = {
        "n_place": int(world.n_place),
        "n_action": int(world.n_action),
        "max_step": max_step,
        "good_steps": max_step if good_steps is None else int(good_steps),
        "good_row": int(getattr(world, "good_row", World.good_row)),
        "endure": bool(getattr(world, "endure", False)),
        "n_row": int(shape[0]),
        "n_col": int(shape[1]),
    }
    return reset, step, fields


def _result(r: dict[str, Any]) -> LearnResult:
    n, m = r["options"]["n_seed"], r["options"]["n_episode"]
    for name in ("world", "agent"):
        r[name] = str(r[name])
    arrays = {
        "steps": (np.uint32, (n, m)),
        "good": (np.bool_, (n, m)),
        "solved_at": (np.uint32, (n,)),
        "policy": (np.float64, (r["n_place"], r["n_action"])),
    }
    for name in ("curve_mean", "curve_sd", "curve_lo", "curve_hi", "curve_good"):
        arrays[name] = (np.float64, (m,))
    for name in ("value", "x_plus", "x_minus"):
        arrays[name] = (np.float64, (-1,))
    for name, (dtype, shape) in arrays.items():
        r[name] = taken(r[name], dtype, *shape)
    r["energy"] = LearnEnergy(**r["energy"])
    r["wilson"] = tuple(r["wilson"])
    r["n_seed"], r["n_episode"] = n, m
    names = {f.name for f in dataclasses.fields(LearnResult)}
    return LearnResult(**{k: v for k, v in r.items() if k in names})


def learn(
    world: Union[str, World] = "maze",
    agent: Agent = "actor-critic",
    *,
    n_seed: int = 200,
    n_episode: int = 300,
    seed: int = 1,
    control: Literal["none", "eta0", "light-only", "pulse-only"] = "none",
    maze: str | None = None,
    opto: dict[str, float] | None = None,
    threads: int | None = None,
    progress: Progress = None,
    **options: float,
) -> LearnResult:
    """Let agents of optomemristors learn in a world, n_seed independent runs.

    Args:
        world: "maze", "t-maze", "bandit", "water-maze", "cart-pole", or a World of yours (any object
            with its attributes and methods), which runs on one thread.
        agent: how rewards become light and pulses.
        control: what must not learn: "eta0", "light-only", "pulse-only".
        maze: a maze as text, lines of equal length: S start, G goal, . free, # wall, X dead end;
            world is then its name.
        opto: fields of the optomemristor that differ from the card, with their unit:
            ``{"tau_s": 2.0}``.
        **options: of the agent: trace_steps, temperature, pulses, gamma, critic ... (docs/learn.md).
    """
    if control not in _CONTROLS:
        raise ValueError(f"control = {control!r}: allowed are {', '.join(_CONTROLS)}")
    chosen = dict(options, n_seed=n_seed, n_episode=n_episode, seed=seed)
    chosen["control"] = _CONTROLS[control]
    own = None if isinstance(world, str) else _python_world(world)
    name = world if isinstance(world, str) else str(getattr(world, "name", type(world).__name__))
    handle = context(1 if own else threads)
    with told(progress) as call:
        found = _native.learn_run(handle, call, name, maze, own, agent, chosen, opto or {})
    return _result(found)
