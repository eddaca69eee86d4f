"""Whole networks made with onnx.helper, random weights, against onnxruntime on random inputs.

Both the graph as it is in the file and the folded one have to agree within 1e-4 on all outputs of
nine samples, whose results must not depend on how many there are."""
import os
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from common import TOLERANCE, difference, mho_run, ort_run


class Maker:
    """A graph in the making: every method adds nodes and gives the name of the result."""

    def __init__(self, shape, opset=17, seed=1):
        self.nodes, self.constants, self.opset = [], [], opset
        self.random, self.shape, self.n = np.random.default_rng(seed), shape, 0

    def const(self, array, name=None):
        name = name or f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def node(self, op, *inputs, **attributes):
        self.n += 1
        self.nodes.append(helper.make_node(op, list(inputs), [f"t{self.n}"], name=f"{op.lower()}{self.n}",
                                           **attributes))
        return f"t{self.n}"

    def weights(self, *shape):
        scale = np.sqrt(2 / np.prod(shape[1:]))
        return self.const((scale * self.random.standard_normal(shape)).astype(np.float32))

    def conv(self, x, n_in, n_out, k, bias=True, group=1, **attributes):
        inputs = [x, self.weights(n_out, n_in // group, k, k)]
        if bias:
            inputs.append(self.const(self.random.normal(0, 0.1, n_out).astype(np.float32)))
        return self.node("Conv", *inputs, group=group, **attributes)

    def batchnorm(self, x, n):
        draw = [self.random.uniform(0.7, 1.3, n), self.random.normal(0, 0.2, n),
                self.random.normal(0, 0.2, n), self.random.uniform(0.5, 1.5, n)]
        return self.node("BatchNormalization", x, *[self.const(d.astype(np.float32)) for d in draw])

    def dense(self, x, n_in, n_out):
        bias = self.const(self.random.normal(0, 0.1, n_out).astype(np.float32))
        return self.node("Gemm", x, self.weights(n_out, n_in), bias, transB=1)

    def model(self, result):
        inputs = [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", *self.shape])]
        out = helper.make_tensor_value_info(result, TensorProto.FLOAT, ["n", "m"])
        graph = helper.make_graph(self.nodes, "net", inputs, [out], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)])
        model.ir_version = 8
        onnx.checker.check_model(model)
        return model


def lenet5():
    m = Maker((1, 28, 28))
    x = m.node("Relu", m.conv("image", 1, 6, 5, pads=[2, 2, 2, 2]))
    x = m.node("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = m.node("Relu", m.conv(x, 6, 16, 5))
    x = m.node("Flatten", m.node("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2]))
    for n_in, n_out in ((400, 120), (120, 84)):
        x = m.node("Relu", m.dense(x, n_in, n_out))
    return m.model(m.dense(x, 84, 10))


def vgg8():
    m = Maker((3, 32, 32), opset=13)
    x, channels = "image", 3
    for width in (32, 64, 128):
        for _ in range(2):
            x = m.node("Relu", m.batchnorm(m.conv(x, channels, width, 3, auto_pad="SAME_UPPER"), width))
            channels = width
        x = m.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = m.node("Reshape", x, m.const(np.array([0, -1])))
    x = m.node("Dropout", m.node("Relu", m.dense(x, 2048, 256)))
    return m.model(m.dense(x, 256, 10))


def resnet20():
    m = Maker((3, 32, 32), opset=9)
    x, channels = m.node("Relu", m.batchnorm(m.conv("image", 3, 16, 3, False, pads=[1] * 4), 16)), 16
    for width, first in ((16, 1), (32, 2), (64, 2)):
        for k in range(3):
            stride = first if k == 0 else 1
            y = m.conv(x, channels, width, 3, False, pads=[1] * 4, strides=[stride] * 2)
            y = m.conv(m.node("Relu", m.batchnorm(y, width)), width, width, 3, False, pads=[1] * 4)
            if stride > 1 or width != channels:
                x = m.batchnorm(m.conv(x, channels, width, 1, False, strides=[stride] * 2), width)
            x = m.node("Relu", m.node("Add", m.batchnorm(y, width), x))
            channels = width
    x = m.node("Flatten", m.node("GlobalAveragePool", x))
    return m.model(m.node("Softmax", m.node("Mul", m.dense(x, 64, 10), m.const(np.float32(0.01)))))


def mlp():
    """MatMul and Add instead of Gemm, a shape that is computed, every activation."""
    m = Maker((1, 28, 28), opset=21)
    n = m.node("Gather", m.node("Shape", "image"), m.const(np.array(0)), axis=0)
    shape = m.node("Concat", m.node("Unsqueeze", n, m.const(np.array([0]))), m.const(np.array([-1])),
                   axis=0)
    x, size = m.node("Reshape", "image", shape), 784
    for width, act in ((120, "Sigmoid"), (80, "Tanh"), (60, "LeakyRelu"), (50, "HardSwish"),
                       (40, "Elu"), (30, "HardSigmoid")):
        w = m.const(m.random.normal(0, np.sqrt(2 / size), (size, width)).astype(np.float32))
        x = m.node("MatMul", x, w)
        x = m.node(act, m.node("Add", x, m.const(m.random.normal(0, 1, width).astype(np.float32))))
        size = width
    w = m.const(m.random.normal(0, 1, (size, 10)).astype(np.float32))
    x = m.node("Gemm", x, w, m.const(np.float32([[0.25]])), alpha=0.5, beta=2.0)
    return m.model(m.node("LogSoftmax", x))


def depthwise():
    m = Maker((3, 32, 32), opset=11)
    x, channels = m.node("Pad", "image", m.const(np.array([0, 0, 0, 0, 0, 0, 1, 1]))), 16
    x = m.conv(x, 3, 16, 3, strides=[2, 2])
    for width, stride, dilation in ((32, 1, 1), (64, 2, 1), (64, 1, 2)):
        x = m.conv(x, channels, channels, 3, group=channels, strides=[stride] * 2,
                   dilations=[dilation] * 2, pads=[dilation] * 4)
        x = m.node("Clip", m.batchnorm(x, channels), m.const(np.float32(0)), m.const(np.float32(6)))
        x = m.conv(x, channels, width, 1)
        x = m.node("Clip", m.batchnorm(x, width), m.const(np.float32(0)), m.const(np.float32(6)))
        channels = width
    x = m.node("ReduceMean", x, axes=[2, 3], keepdims=0)
    return m.model(m.dense(x, 64, 10))


def branches():
    """Groups, two ways that join, cuts and turns, factors per channel, pads that reflect."""
    m = Maker((8, 13, 11), opset=17)
    a = m.conv("image", 8, 12, 3, group=4, pads=[0, 2, 1, 1], strides=[2, 1])
    a = m.node("Mul", a, m.const(m.random.uniform(0.5, 2, (12, 1, 1)).astype(np.float32)))
    a = m.node("Sub", m.const(m.random.normal(0, 1, (1, 12, 1, 1)).astype(np.float32)), a)
    b = m.node("Div", m.conv("image", 8, 12, 1, strides=[2, 1], auto_pad="SAME_LOWER"), m.const(np.float32(3)))
    b = m.node("Slice", b, m.const(np.array([0, -1])), m.const(np.array([6, -99])),
               m.const(np.array([2, 3])), m.const(np.array([1, -1])))
    a = m.node("MaxPool", a, kernel_shape=[3, 2], strides=[2, 3], ceil_mode=1, pads=[1, 0, 1, 1])
    b = m.node("AveragePool", b, kernel_shape=[3, 2], strides=[2, 3], ceil_mode=1, pads=[1, 0, 1, 1],
               count_include_pad=1)
    b = m.node("Pad", b, m.const(np.array([0, 0, 0, 1, 0, 0, 0, 1])), mode="reflect")
    b = m.node("Slice", b, m.const(np.array([1])), m.const(np.array([5])), m.const(np.array([3])))
    a = m.node("Slice", a, m.const(np.array([0])), m.const(np.array([4])), m.const(np.array([3])))
    b = m.node("Slice", b, m.const(np.array([0])), m.const(np.array([3])), m.const(np.array([2])))
    a = m.node("Slice", a, m.const(np.array([0])), m.const(np.array([3])), m.const(np.array([2])))
    x = m.node("Transpose", m.node("Concat", a, b, axis=1), perm=[0, 2, 3, 1])
    x = m.node("MatMul", x, m.const(m.random.normal(0, 0.3, (24, 7)).astype(np.float32)))
    return m.model(m.node("Flatten", m.node("Squeeze", m.node("Unsqueeze", x, m.const(np.array([1]))),
                                            m.const(np.array([1])))))


def quantised():
    """Weights as integers with a scale per output, activations through QuantizeLinear."""
    m = Maker((3, 12, 12), opset=13)

    def quantised_weights(*shape):
        w = m.const(m.random.integers(-127, 128, shape).astype(np.int8))
        scale = m.const(m.random.uniform(0.002, 0.01, shape[0]).astype(np.float32))
        return m.node("DequantizeLinear", w, scale, m.const(np.zeros(shape[0], np.int8)), axis=0)

    scale, zero = m.const(np.float32(0.02)), m.const(np.uint8(128))
    x = m.node("DequantizeLinear", m.node("QuantizeLinear", "image", scale, zero), scale, zero)
    bias = m.node("DequantizeLinear", m.const(m.random.integers(-9999, 9999, 8).astype(np.int32)),
                  m.const(np.float32(1e-4)))
    x = m.node("Relu", m.node("Conv", x, quantised_weights(8, 3, 3, 3), bias))
    x = m.node("Flatten", m.node("GlobalMaxPool", x))
    return m.model(m.node("Gemm", x, quantised_weights(5, 8), transB=1))


def signal():
    """Convolutions over one dimension, half and bfloat weights."""
    m = Maker((2, 100), opset=17)
    w = m.const(m.random.normal(0, 0.3, (6, 2, 7)).astype(np.float16))
    x = m.node("Conv", "image", m.node("Cast", w, to=TensorProto.FLOAT), strides=[2], pads=[3, 2])
    x = m.node("MaxPool", m.node("Relu", x), kernel_shape=[3], strides=[2], pads=[1, 1])
    w = m.const(m.random.normal(0, 0.3, (4, 3, 3)).astype(np.float32))
    x = m.node("AveragePool", m.node("Conv", x, w, group=2, dilations=[2]), kernel_shape=[2])
    return m.model(m.node("Flatten", x))


def scrub(names):
    """One network against onnxruntime; the largest difference."""
    model = NETWORKS[names]()
    shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim][1:]
    x = np.random.default_rng(7).standard_normal((9, *shape)).astype(np.float32)
    want, worst = ort_run(model, {"image": x}), 0.0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, names + ".onnx")
        onnx.save(model, path)
        for options in ([], ["--as-is"]):
            got = mho_run(path, {"image": x}, *options)
            if isinstance(got, str):
                raise AssertionError(got)
            worst = max([worst] + [difference(got[name], want[name]) for name in want])
        alone = mho_run(path, {"image": x[4:5]})
        together = mho_run(path, {"image": x})
        for name in alone:
            if not np.array_equal(alone[name][0], together[name].reshape(9, -1, order="C")[4]
                                  .reshape(alone[name][0].shape)):
                raise AssertionError(f"{names}: a sample alone gives another result")
    return worst


NETWORKS = {f.__name__: f for f in (lenet5, vgg8, resnet20, mlp, depthwise, branches, quantised, signal)}


def main():
    bad = 0
    for name in NETWORKS:
        off = scrub(name)
        print(f"  {name:10} {off:.2g} from onnxruntime at most")
        bad += not off <= TOLERANCE
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
