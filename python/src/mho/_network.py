"""Networks: from ONNX files, or from layers of NumPy arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _native
from ._base import Readable, context
from ._progress import Progress, told

Floats32 = NDArray[np.float32]
Pair = Union[int, tuple[int, int]]


def _pair(x: Pair) -> tuple[int, int]:
    return (int(x), int(x)) if isinstance(x, (int, np.integer)) else (int(x[0]), int(x[1]))


def _array(x: Any, n_dim: int, name: str) -> Floats32:
    if hasattr(x, "detach"):  # a torch tensor
        x = x.detach().cpu().numpy()
    a = np.ascontiguousarray(x, dtype=np.float32)
    if a.ndim != n_dim:
        raise ValueError(f"{name} has the shape {a.shape}: {n_dim} dimensions are wanted")
    return a


def _bias(x: ArrayLike | None) -> Floats32 | None:
    return None if x is None else _array(x, 1, "bias")


class _Builder:
    """A network in the making, and the tensor that the last layer gave."""

    def __init__(self, handle: Any, x: int) -> None:
        self.handle, self.x = handle, x

    def node(self, op: str, inputs: Sequence[int] = (), kernel: Pair = 1, stride: Pair = 1,
             pads: tuple[int, int, int, int] = (0, 0, 0, 0)) -> None:  # fmt: skip
        self.x = _native.graph_node(
            self.handle, op, inputs or (self.x,), _pair(kernel), _pair(stride), pads
        )


@dataclass(repr=False)
class Dense(Readable):
    """y = weights x + bias; weights [n_out][n_in], bias [n_out]. x of any shape is taken flat."""

    weights: ArrayLike
    bias: ArrayLike | None = None
    relu: bool = False

    def _add(self, b: _Builder) -> None:
        w = _array(self.weights, 2, "weights")
        one = (1, 1)
        b.x = _native.graph_matrix(
            b.handle, b.x, w.shape[0], w, _bias(self.bias), one, one, (0, 0, 0, 0), one, 0
        )
        if self.relu:
            b.node("Relu")


@dataclass(repr=False)
class Conv(Readable):
    """A convolution; weights [out_c][in_c/groups][kernel rows][kernel columns], bias [out_c]."""

    weights: ArrayLike
    bias: ArrayLike | None = None
    relu: bool = False
    stride: Pair = 1
    pad: Pair = 0
    dilation: Pair = 1
    groups: int = 1

    def _add(self, b: _Builder) -> None:
        w = _array(self.weights, 4, "weights")
        p = _pair(self.pad)
        b.x = _native.graph_matrix(
            b.handle, b.x, w.shape[0], w, _bias(self.bias), w.shape[2:],
            _pair(self.stride), p + p, _pair(self.dilation), self.groups,
        )  # fmt: skip
        if self.relu:
            b.node("Relu")


@dataclass(repr=False)
class AveragePool(Readable):
    """Mean of windows of k x k; stride None: k."""

    k: Pair
    stride: Pair | None = None
    pad: Pair = 0
    _op = "AveragePool"

    def _add(self, b: _Builder) -> None:
        p = _pair(self.pad)
        b.node(self._op, (), self.k, self.k if self.stride is None else self.stride, p + p)


class MaxPool(AveragePool):
    """Largest of windows of k x k; stride None: k."""

    _op = "MaxPool"


@dataclass(repr=False)
class Apply(Readable):
    """An operator without numbers of its own, by its name in ONNX: "Relu", "Sigmoid", "Tanh",
    "GlobalAveragePool", "GlobalMaxPool", "Flatten", "Softmax"."""

    op: str

    def _add(self, b: _Builder) -> None:
        b.node(self.op)


@dataclass(repr=False)
class Residual(Readable):
    """layers(x) + shortcut(x), then a ReLU if relu; an empty shortcut is x itself."""

    layers: Sequence[Any]
    shortcut: Sequence[Any] = ()
    relu: bool = True

    def _add(self, b: _Builder) -> None:
        start = b.x
        for layer in self.layers:
            layer._add(b)
        end, b.x = b.x, start
        for layer in self.shortcut:
            layer._add(b)
        b.node("Add", (end, b.x))
        if self.relu:
            b.node("Relu")


Layer = Union[Dense, Conv, AveragePool, MaxPool, Apply, Residual]


@dataclass(repr=False)
class Node(Readable):
    """One operator of a network."""

    name: str
    op: str  #: as in ONNX
    shape: tuple[int, ...]  #: of its output; dimension 0 is the batch
    n_mac: float  #: multiplications with weights for one sample
    n_param: int


class Network:
    """A network that computes exactly, in single precision; what a Chip is made from.

    Args:
        layers: one after another.
        input_shape: of one sample: (channels, rows, columns) or (features,); None: that of the
            weights of a Dense layer, if it is the first.
    """

    def __init__(
        self, layers: Sequence[Layer], input_shape: Sequence[int] | None = None
    ) -> None:
        if not layers:
            raise ValueError("layers: one or more are wanted")
        if input_shape is None:
            if not isinstance(layers[0], Dense):
                raise TypeError("input_shape is wanted: (channels, rows, columns) of one sample")
            input_shape = (np.shape(layers[0].weights)[-1],)
        self._handle = context()
        b = _Builder(self._handle, _native.graph_new(self._handle, (1, *input_shape)))
        for layer in layers:
            layer._add(b)
        _native.graph_output(self._handle, b.x)
        self._look()

    @classmethod
    def from_onnx(
        cls, path: Union[str, PathLike[str]], input_shape: Sequence[int] | None = None
    ) -> Network:
        """A network from an ONNX file, opset 7 to 21.

        Args:
            input_shape: of one sample, where the file leaves it open.
        Raises:
            FormatError: what is wrong in the file, in which node; an operator that is not supported.
        """
        self = cls.__new__(cls)
        self._handle = context()
        shape = () if input_shape is None else (1, *input_shape)
        _native.graph_load(self._handle, str(path), shape)
        self._look()
        return self

    def _look(self) -> None:
        shape, out, nodes = _native.graph_info(self._handle)
        #: of one sample
        self.input_shape: tuple[int, ...] = tuple(shape[1:])
        self.output_shape: tuple[int, ...] = tuple(out[1:])
        #: operators in the order in which they are computed
        self.nodes: list[Node] = [Node(*row) for row in nodes]

    def samples(self, x: ArrayLike, name: str = "x") -> Floats32:
        """x as float32 [n][input_shape]; 8-bit integers are divided by 255; one sample is a batch of
        one."""
        a = np.asarray(x.detach().cpu().numpy() if hasattr(x, "detach") else x)
        a = a.astype(np.float32) / 255 if a.dtype == np.uint8 else a
        a = np.ascontiguousarray(a, dtype=np.float32)
        size = math.prod(self.input_shape)
        if a.size == 0 or a.size % size or (a.shape != self.input_shape and a.size // size != len(a)):
            raise ValueError(f"{name} has the shape {a.shape}: (any, *{self.input_shape}) is wanted")
        return a.reshape(-1, *self.input_shape)

    def run(self, x: ArrayLike, *, progress: Progress = None) -> Floats32:
        """Exact outputs [n][output_shape] of samples x [n][input_shape]."""
        a = self.samples(x)
        y = np.empty((len(a), *self.output_shape), dtype=np.float32)
        with told(progress) as call:
            _native.graph_run(self._handle, call, len(a), a, y)
        return y

    def accuracy(self, x: ArrayLike, labels: ArrayLike) -> float:
        """Share of samples whose largest output is that of their label."""
        y = self.run(x)
        return float(np.mean(y.reshape(len(y), -1).argmax(axis=1) == np.asarray(labels)))

    def __repr__(self) -> str:
        macs = sum(n.n_mac for n in self.nodes)
        return (
            f"<mho.Network {self.input_shape} -> {self.output_shape}: {len(self.nodes)} operators, "
            f"{sum(n.n_param for n in self.nodes):,} parameters, {macs:,.0f} MACs>"
        )
