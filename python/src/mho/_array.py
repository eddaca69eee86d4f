"""Crossbar arrays: the exact circuit of cells and wires, read at the price of a matrix product."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Union

import numpy as np
from numpy.typing import ArrayLike

from . import _native
from ._base import Floats, Readable, check_shape, context, floats, quantity, vectors
from ._progress import Progress, told

Solver = Literal["auto", "transfer", "cg", "newton", "reference"]
Bias = Literal["float", "ground", "half", "third"]
#: law(g_S, v_V) -> (i_A, slope_S), each [n]: current and dI/dV of n cells programmed to g_S at the
#: voltages v_V (word minus bit); the slope finite and >= 0.
CellLaw = Callable[[Floats, Floats], tuple[ArrayLike, ArrayLike]]

_SOLVERS = {"auto": 0, "transfer": 1, "cg": 2, "newton": 3, "reference": 4}
_DRIVES = {"left": 0, "right": 1, "both": 2}
_SENSES = {"bottom": 0, "top": 1, "both": 2}
_BIASES = {"float": 0, "ground": 1, "half": 2, "third": 3}
_CELLS = {"ohmic": 0, "sinh": 1}
_SUMS = ("delivered_W", "cells_W", "words_W", "bits_W", "source_W", "sense_W")
_SELECTORS = {"none": 0, "series": 1, "sinh": 2}


def _choose(name: str, words: dict[str, int], word: str) -> int:
    if word not in words:
        raise ValueError(f"{name} = {word!r}: allowed are {', '.join(words)}")
    return words[word]


@dataclass(repr=False)
class ArrayReport(Readable):
    """How an answer came about."""

    solver: str  #: the one that was used
    residual_rel: float  #: largest Kirchhoff residual of a node over the largest line current
    iterations: int  #: of CG, summed over vectors; 0 for a direct solver
    newton_steps: int  #: summed over vectors
    n_unconverged: int  #: vectors that did not reach tol_rel
    power_W: float  #: mean over vectors; NaN for a read by transfer matrix: ask Array.power
    wire_load: float  #: mean wire resistance x mean conductance x n_row x n_col
    rounding_rel: float  #: residual of a node that is rounding of its voltage alone; 0: none
    build_s: float  #: wall time
    read_s: float  #: wall time


@dataclass(repr=False)
class NodeVoltages(Readable):
    """Voltages of both sides of each cell, [n_row][n_col] or [n_vec][n_row][n_col]."""

    word_V: Floats
    bit_V: Floats
    report: ArrayReport = dataclasses.field(repr=False)

    @property
    def cell_V(self) -> Floats:
        """What stands over each cell: word minus bit."""
        return self.word_V - self.bit_V


@dataclass(repr=False)
class ArrayPower(Readable):
    """Power of one read, or of each of n_vec reads (one more dimension in front of each shape).

    The five sums add up to delivered_W."""

    delivered_W: Union[float, Floats]  #: by all voltage sources, a number or [n_vec]
    cells_W: Union[float, Floats]  #: sums of heat, a number or [n_vec]
    words_W: Union[float, Floats]
    bits_W: Union[float, Floats]
    source_W: Union[float, Floats]
    sense_W: Union[float, Floats]
    cell_W: Floats  #: of each cell, [n_row][n_col]
    word_W: Floats  #: of each word segment, [n_row][n_col + 1]
    bit_W: Floats  #: of each bit segment, [n_row + 1][n_col]
    report: ArrayReport = dataclasses.field(repr=False)


def _trampoline(law: CellLaw) -> Callable[..., None]:
    """The library's view of a law: memory of the library is copied, not handed out."""

    def call(first: int, g: memoryview, v: memoryview, i: memoryview, slope: memoryview) -> None:
        g_S, v_V = np.frombuffer(g).copy(), np.frombuffer(v).copy()
        i_A, slope_S = law(g_S, v_V)
        out_i, out_slope = np.frombuffer(i), np.frombuffer(slope)
        out_i[:] = i_A
        out_slope[:] = slope_S

    return call


class Array:
    """A crossbar of n_row word lines and n_col bit lines with a cell at each crossing.

    Cell (r, c) owns the word segment to its left and the bit segment below it. Word lines are driven
    through r_source_ohm, bit lines end in r_sense_ohm at 0 V. All is SI.

    Args:
        g_S: [n_row][n_col] S, finite, >= 0: the cells. For a law of your own it may mean anything
            finite and >= 0.
        shape: (n_row, n_col), instead of g_S: an array whose cells are all off.
        r_wire_ohm: ohm per cell, word and bit lines; 0: ideal.
        r_word_ohm, r_bit_ohm: ohm per cell, instead of r_wire_ohm: a number, or one per line.
        r_source_ohm, r_sense_ohm: ohm, in series with each driven and sensed end: a number, or one
            per line.
        drive: which ends of the word lines are driven; sense: which ends of the bit lines are read.
        transposed: inputs on columns, outputs on rows.
        cell: "ohmic": I = G v; "sinh": I = G sinh(a v)/a with a = law_a_per_V; or a function
            law(g_S, v_V) -> (i_A, slope_S) on arrays [n].
        selector: "none"; "series": r_series_ohm (a number or [n_row][n_col]) in series with each
            cell; "sinh": I = selector_g_S sinh(a u)/a with a = selector_a_per_V in series with it.
        row_off, col_off: [n_row], [n_col], true: the line is not selected, but bias_row, bias_col:
            "float", "ground", "half" or "third" of v_bias_V.
        stuck: [n_row][n_col]: 0 no, 1 open, 2 short (then g_short_S).
        broken_word: [n_row][n_col + 1], broken_bit: [n_row + 1][n_col], true: the segment is open.
        solver: "auto", "transfer", "cg", "newton" or "reference" (slow and general).
        tol_rel, max_iter: of the iterative solvers.
        threads: None: as mho.set_threads says.

    Raises:
        ArgumentError: a value that is not allowed; the message names it and its place.
        SingularError: a line floats.
    """

    def __init__(
        self,
        g_S: ArrayLike | None = None,
        *,
        shape: tuple[int, int] | None = None,
        r_wire_ohm: float = 0.0,
        r_word_ohm: ArrayLike | None = None,
        r_bit_ohm: ArrayLike | None = None,
        r_source_ohm: ArrayLike = 0.0,
        r_sense_ohm: ArrayLike = 0.0,
        drive: Literal["left", "right", "both"] = "left",
        sense: Literal["bottom", "top", "both"] = "bottom",
        transposed: bool = False,
        cell: Union[Literal["ohmic", "sinh"], CellLaw] = "ohmic",
        law_a_per_V: float = 1.0,
        selector: Literal["none", "series", "sinh"] = "none",
        r_series_ohm: ArrayLike = 0.0,
        selector_g_S: float = 1e-3,
        selector_a_per_V: float = 1.0,
        row_off: ArrayLike | None = None,
        col_off: ArrayLike | None = None,
        bias_row: Bias = "float",
        bias_col: Bias = "float",
        v_bias_V: float = 0.0,
        stuck: ArrayLike | None = None,
        g_short_S: float = 1e-2,
        broken_word: ArrayLike | None = None,
        broken_bit: ArrayLike | None = None,
        solver: Solver = "auto",
        tol_rel: float = 1e-12,
        max_iter: int = 400,
        threads: int | None = None,
    ) -> None:
        if (g_S is None) == (shape is None):
            raise TypeError("one of g_S and shape is wanted")
        g = None if g_S is None else floats(g_S, (None, None), "g_S")
        n_row, n_col = (int(n) for n in (g.shape if g is not None else shape or ()))
        self.n_row, self.n_col = n_row, n_col
        law = cell if callable(cell) else None
        options: dict[str, Any] = {
            "drive": _choose("drive", _DRIVES, drive),
            "sense": _choose("sense", _SENSES, sense),
            "transposed": bool(transposed),
            "law": 2 if law else _choose("cell", _CELLS, cell),  # type: ignore[arg-type]
            "law_a": float(law_a_per_V),
            "selector": _choose("selector", _SELECTORS, selector),
            "selector_g_S": float(selector_g_S),
            "selector_a": float(selector_a_per_V),
            "bias_row": _choose("bias_row", _BIASES, bias_row),
            "bias_col": _choose("bias_col", _BIASES, bias_col),
            "v_bias_V": float(v_bias_V),
            "g_short_S": float(g_short_S),
            "solver": _choose("solver", _SOLVERS, solver),
            "tol_rel": float(tol_rel),
            "max_iter": int(max_iter),
        }
        n_in, n_out = (n_col, n_row) if transposed else (n_row, n_col)
        arrays: dict[str, Any] = {}
        lines = {
            "word": (r_wire_ohm if r_word_ohm is None else r_word_ohm, n_row),
            "bit": (r_wire_ohm if r_bit_ohm is None else r_bit_ohm, n_col),
            "source": (r_source_ohm, n_in),
            "sense": (r_sense_ohm, n_out),
        }
        for name, (value, n) in lines.items():
            if np.ndim(value) == 0:
                options[f"r_{name}_ohm"] = float(value)  # type: ignore[arg-type]
            else:
                arrays[f"r_{name}_line_ohm"] = floats(value, (n,), f"r_{name}_ohm")
        if np.ndim(r_series_ohm) == 0:
            options["r_series_ohm"] = float(r_series_ohm)  # type: ignore[arg-type]
        else:
            arrays["r_series_cell_ohm"] = floats(r_series_ohm, (n_row, n_col), "r_series_ohm")
        marks = {
            "row_off": (row_off, (n_row,)),
            "col_off": (col_off, (n_col,)),
            "stuck": (stuck, (n_row, n_col)),
            "broken_word": (broken_word, (n_row, n_col + 1)),
            "broken_bit": (broken_bit, (n_row + 1, n_col)),
        }
        for name, (mark, want) in marks.items():
            if mark is not None:
                marked = np.ascontiguousarray(mark, dtype=np.uint8)
                check_shape(marked, want, name)
                arrays[name] = marked
        self._about = (options, cell if isinstance(cell, str) else getattr(cell, "__name__", "law"))
        self._law = _trampoline(law) if law else None
        self._handle = context(threads)
        self._programmed = (0.0, 0.0)
        self.n_in, self.n_out = _native.array_new(self._handle, n_row, n_col, options, arrays)
        if g is not None:
            self.program(g)

    # ---- writing ----

    def program(self, g_S: ArrayLike) -> None:
        """Programme all cells: g_S [n_row][n_col] S, finite, >= 0; copied."""
        g = floats(g_S, (self.n_row, self.n_col), "g_S")
        _native.array_program(self._handle, None, self._law, g, None)
        self._programmed = (float(g.min()), float(g.max()))

    def update(self, cells: ArrayLike, g_S: ArrayLike) -> None:
        """Change some cells: cells [n][2] (row, column) or [n] row-major indices; g_S [n] S, or one
        number for all. After few changes the transfer matrix follows by a low-rank update."""
        where = np.asarray(cells)
        if where.ndim == 2 and where.shape[1] == 2:
            where = np.ravel_multi_index(tuple(where.T), (self.n_row, self.n_col))
        where = np.asarray(where, dtype=np.int64).reshape(-1)
        if where.size and (where.min() < 0 or where.max() >= self.n_row * self.n_col):
            raise ValueError(f"cells: 0 to {self.n_row * self.n_col - 1} are allowed")
        g = np.ascontiguousarray(np.broadcast_to(np.asarray(g_S, dtype=np.float64), where.shape))
        if where.size:
            index = np.ascontiguousarray(where, dtype=np.uint64)
            _native.array_program(self._handle, None, self._law, g, index)
            lo, hi = self._programmed
            self._programmed = (min(lo, float(g.min())), max(hi, float(g.max())))

    # ---- reading ----

    def read(self, v_V: ArrayLike, *, progress: Progress = None) -> Floats:
        """Currents of reads.

        Args:
            v_V: [n_in] or [n_vec][n_in] V; those of lines that are not selected are ignored.
        Returns:
            [n_out] or [n_vec][n_out] A, > 0 into the sense resistance.
        Warns:
            mho.Warning: not converged; the best iterate is returned.
        """
        v, single = vectors(v_V, self.n_in, "v_V")
        i_A = np.empty((len(v), self.n_out))
        with told(progress) as call:
            _native.array_read(self._handle, call, self._law, v, i_A, False)
        return i_A[0] if single else i_A

    def read_checked(
        self, v_V: ArrayLike, *, progress: Progress = None
    ) -> tuple[Floats, ArrayReport]:
        """As read, with the report, whose Kirchhoff residual says how exact the answer is."""
        v, single = vectors(v_V, self.n_in, "v_V")
        i_A = np.empty((len(v), self.n_out))
        with told(progress) as call:
            report = _native.array_read(self._handle, call, self._law, v, i_A, True)
        return (i_A[0] if single else i_A), ArrayReport(**report)

    def effective_matrix(self, *, progress: Progress = None) -> Floats:
        """The transfer matrix [n_in][n_out] S with i_A = v_V @ M: what the conductances become with
        their wires. Ohmic cells only."""
        m_S = np.empty((self.n_in, self.n_out))
        with told(progress) as call:
            _native.array_transfer(self._handle, call, m_S)
        return m_S

    def node_voltages(self, v_V: ArrayLike, *, progress: Progress = None) -> NodeVoltages:
        """Voltages of both sides of every cell, for [n_in] or [n_vec][n_in] V."""
        v, single = vectors(v_V, self.n_in, "v_V")
        w, b = (np.empty((len(v), self.n_row, self.n_col)) for _ in range(2))
        with told(progress) as call:
            report = _native.array_nodes(self._handle, call, self._law, v, w, b)
        return NodeVoltages(w[0] if single else w, b[0] if single else b, ArrayReport(**report))

    def power(self, v_V: ArrayLike, *, progress: Progress = None) -> ArrayPower:
        """Power of every element, for [n_in] or [n_vec][n_in] V."""
        v, single = vectors(v_V, self.n_in, "v_V")
        n, r, c = len(v), self.n_row, self.n_col
        parts = [np.empty(s) for s in ((n, r, c), (n, r, c + 1), (n, r + 1, c), (n, 6))]
        with told(progress) as call:
            report = _native.array_power(self._handle, call, self._law, v, *parts)
        cell, word, bit, sums = (p[0] if single else p for p in parts)
        columns: Any = [float(x) for x in sums] if single else np.ascontiguousarray(sums.T)
        totals = dict(zip(_SUMS, columns))
        return ArrayPower(
            cell_W=cell, word_W=word, bit_W=bit, report=ArrayReport(**report), **totals
        )

    # ---- backwards ----

    def adjoint(self, y: ArrayLike, *, progress: Progress = None) -> Floats:
        """y @ M.T for [n_out] or [n_vec][n_out]. Ohmic cells only."""
        rows, single = vectors(y, self.n_out, "y")
        x = np.empty((len(rows), self.n_in))
        with told(progress) as call:
            _native.array_backward(self._handle, call, None, rows, None, x)
        return x[0] if single else x

    def gradient(
        self, v_V: ArrayLike, y: ArrayLike, *, progress: Progress = None
    ) -> tuple[Floats, Floats]:
        """Gradient of a loss through the exact circuit; ohmic and sinh cells.

        Args:
            v_V: [n_in] or [n_vec][n_in] V.
            y: dLoss/di_A, [n_out] or [n_vec][n_out].
        Returns:
            dLoss/dg_S [n_row][n_col], summed over the vectors, and dLoss/dv_V, shaped as v_V.
        """
        v, single = vectors(v_V, self.n_in, "v_V")
        rows, _ = vectors(y, self.n_out, "y")
        check_shape(rows, (len(v), self.n_out), "y")
        grad, x = np.empty((self.n_row, self.n_col)), np.empty((len(v), self.n_in))
        with told(progress) as call:
            _native.array_backward(self._handle, call, v, rows, grad, x)
        return grad, (x[0] if single else x)

    # ---- files, life ----

    def save_spice(self, v_V: ArrayLike, path: str) -> None:
        """Write the array and its inputs [n_in] or [n_vec][n_in] V as an ngspice netlist."""
        v, _ = vectors(v_V, self.n_in, "v_V")
        _native.array_spice_save(self._handle, v, str(path))

    @property
    def shape(self) -> tuple[int, int]:
        """(n_row, n_col)"""
        return self.n_row, self.n_col

    @property
    def n_bytes(self) -> int:
        """Bytes that the library holds for this array."""
        return _native.bytes(self._handle)[0]

    def close(self) -> None:
        """Give the memory back now; happens by itself when the array is no longer used."""
        _native.close(self._handle)

    def __enter__(self) -> Array:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        options, cell = self._about
        wires = []
        for name in ("word", "bit", "source", "sense"):
            value = options.get(f"r_{name}_ohm")
            wires.append(f"{name} {'per line' if value is None else quantity(value, 'ohm')}")
        lo, hi = (quantity(g, "S", 3) for g in self._programmed)
        return (
            f"<mho.Array {self.n_row} x {self.n_col}, {lo} to {hi}, {cell} cells; "
            f"{', '.join(wires)}>"
        )
