"""What the parts share: contexts, arrays of the right kind, structures that print with units."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _native

Floats = NDArray[np.float64]

_threads = 0


def set_threads(n_thread: int) -> None:
    """Number of threads of objects made from now on and of calls without an object.

    Args:
        n_thread: 1 to 1024; 0: as many as there are processors for this process (the default).
            Results do not depend on it.
    """
    global _threads
    if n_thread:
        _native.context(n_thread)  # refuses what is not allowed
    _threads = n_thread


def context(n_thread: int | None = None) -> Any:
    return _native.context(_threads if n_thread is None else n_thread)


def version() -> str:
    """Version of the C library, ``"major.minor.patch"``."""
    return _native.version()


def quantity(value: float, unit: str, digits: int = 4) -> str:
    """``quantity(1.25e-8, "s")`` is ``"12.5 ns"``."""
    if unit.startswith("1/"):  # no prefix before the one
        return f"{float(value):.{digits}g} {unit}"
    return _native.quantity(float(value), unit, digits)


# ---- arrays ----


def floats(x: ArrayLike, shape: tuple[int | None, ...], name: str) -> Floats:
    """C-contiguous float64 of this shape (None: any); copied only where it is not that already."""
    a = np.ascontiguousarray(x, dtype=np.float64)
    check_shape(a, shape, name)
    return a


def check_shape(a: NDArray[Any], shape: tuple[int | None, ...], name: str) -> None:
    if a.ndim != len(shape) or any(n is not None and n != m for n, m in zip(shape, a.shape)):
        want = ", ".join("any" if n is None else str(n) for n in shape)
        raise ValueError(f"{name} has the shape {a.shape}: ({want}) is wanted")


def vectors(x: ArrayLike, n: int, name: str) -> tuple[Floats, bool]:
    """[n_vec][n] and whether it was one vector [n]."""
    a = np.ascontiguousarray(x, dtype=np.float64)
    single = a.ndim == 1
    if single:
        a = a[np.newaxis]
    if a.ndim != 2 or a.shape[1] != n or a.shape[0] < 1:
        raise ValueError(f"{name} has the shape {np.shape(x)}: ({n},) or (any, {n}) is wanted")
    return a, single


def taken(data: bytearray, dtype: Any, *shape: int) -> NDArray[Any]:
    """An array that owns what the native module handed out."""
    return np.frombuffer(data, dtype=dtype).reshape(shape)


# ---- structures ----

_UNITS = {
    "S": "S", "V": "V", "A": "A", "W": "W", "J": "J", "s": "s", "K": "K", "ohm": "ohm",
    "m2": "m2", "Hz": "Hz", "F": "F", "m": "m",
}  # fmt: skip


def unit_of(name: str) -> str | None:
    """The unit that a name ends in; None: a pure number or not a quantity."""
    head, _, tail = name.rpartition("_")
    return _UNITS.get(tail) if head else None


def show(name: str, value: Any) -> str:
    """A value as it stands in a repr: numbers with the unit of their name, arrays by shape."""
    if isinstance(value, np.ndarray):
        unit = unit_of(name)
        return f"<{value.dtype} {value.shape}{' in ' + unit if unit else ''}>"
    if isinstance(value, dict):
        return f"<{len(value)} entries>"
    if isinstance(value, (list, tuple)) and len(value) > 4:
        return f"<{len(value)} items>"
    if isinstance(value, float):
        unit = unit_of(name)
        return quantity(value, unit) if unit else f"{value:.6g}"
    return repr(value)


class Readable:
    """A dataclass whose repr has units and does not print arrays."""

    def __repr__(self) -> str:
        fields = [f.name for f in dataclasses.fields(self) if f.repr]  # type: ignore[arg-type]
        inside = ", ".join(f"{n}={show(n, getattr(self, n))}" for n in fields)
        return f"{type(self).__name__}({inside})"
