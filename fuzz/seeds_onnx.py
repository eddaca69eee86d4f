"""seeds_onnx.py - small ONNX files for the fuzzer, from an encoder of their own (field numbers of onnx.proto):
one for each operator that mho reads, the old and the new form where they differ, every type of number, data beside
the model, shapes that are computed, whole networks, and what has to be refused.

cases() yields (name, bytes, whether it loads); words, after that, are the names of operators and attributes in them;
EXTERNAL is the file beside them."""
import struct

words = {"SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET", "constant", "reflect", "edge", "ai.onnx", "com.microsoft", "x", "y"}

FLOAT, UINT8, INT8, UINT16, INT16, INT32, INT64 = range(1, 8)
STRING, BOOL, HALF, DOUBLE, UINT32, UINT64 = range(8, 14)
BFLOAT = 16
EXTERNAL = ("w.bin", struct.pack("<24f", *[k / 8 - 1 for k in range(24)]))
PACKED = {FLOAT: "f", UINT8: "B", INT8: "b", UINT16: "H", INT16: "h", INT32: "i", INT64: "q", BOOL: "?", HALF: "e",
          DOUBLE: "d", UINT32: "I", UINT64: "Q"}


def varint(n):
    n &= (1 << 64) - 1
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def number(field, value):
    return varint(field << 3) + varint(value)


def part(field, content):
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


def tensor(name, kind, shape, values, how="raw"):
    """Numbers as bytes, in the typed array of the format, or in EXTERNAL from value values."""
    out = b"".join(number(1, d) for d in shape) + number(2, kind) + part(8, name)
    if how == "raw":
        data = (b"".join(struct.pack("<f", v)[2:] for v in values) if kind == BFLOAT
                else struct.pack(f"<{len(values)}{PACKED[kind]}", *values))
        return out + part(9, data)
    if how == "beside":
        place = {"location": EXTERNAL[0], "offset": str(values), "length": str(4 * size(shape))}
        return out + b"".join(part(13, part(1, k) + part(2, v)) for k, v in place.items()) + number(14, 1)
    field, code = {FLOAT: (4, "f"), DOUBLE: (10, "d"), INT64: (7, ""), UINT32: (11, ""), UINT64: (11, "")}.get(kind, (5, ""))
    packed = b"".join(varint(v) for v in values) if not code else struct.pack(f"<{len(values)}{code}", *values)
    return out + part(field, packed)


def size(shape):
    n = 1
    for d in shape:
        n *= d
    return n


def floats(name, *shape):
    return tensor(name, FLOAT, shape, [(k * 7 % 11 - 5) / 4 for k in range(size(shape))])


def ints(name, *values):
    return tensor(name, INT64, [len(values)], values)


def attribute(name, value):
    words.add(name)
    head = part(1, name)
    if isinstance(value, float):
        return head + b"\x15" + struct.pack("<f", value) + number(20, 1)
    if isinstance(value, int):
        return head + number(3, value) + number(20, 2)
    if isinstance(value, str):
        return head + part(4, value) + number(20, 3)
    if isinstance(value, bytes):  # a tensor
        return head + part(5, value) + number(20, 4)
    if value and isinstance(value[0], float):
        return head + b"".join(b"\x3d" + struct.pack("<f", v) for v in value) + number(20, 6)
    return head + b"".join(number(8, v) for v in value) + number(20, 7)


def node(op, inputs, output="y", graph=None, domain="", **attributes):
    words.add(op)
    out = b"".join(part(1, i) for i in inputs.split()).replace(b"\x0a\x01-", b"\x0a\x00")
    out += b"".join(part(2, o) for o in output.split()) + part(3, op + "0") + part(4, op)
    out += b"".join(part(5, attribute(k, v)) for k, v in attributes.items())
    if graph is not None:
        out += part(5, part(1, "then_branch") + part(6, graph) + number(20, 5))
    return out + (part(7, domain) if domain else b"")


def value(name, kind, shape):
    dims = b"".join(part(1, part(2, d) if isinstance(d, str) else number(1, d)) for d in shape or ())
    return part(1, name) + part(2, part(1, number(1, kind) + (part(2, dims) if shape is not None else b"")))


def model(nodes, constants=(), x=(1, 2, 4, 4), opset=17, out=None, more=b""):
    graph = b"".join(part(1, n) for n in nodes) + part(2, "g") + b"".join(part(5, c) for c in constants)
    graph += part(11, value("x", FLOAT, x)) + part(12, value("y", FLOAT, out)) + more
    return number(1, 8) + part(2, "seeds") + part(7, graph) + part(8, number(2, opset))


def elementwise():
    for op in "Relu Sigmoid Tanh HardSwish Identity GlobalAveragePool GlobalMaxPool Flatten".split():
        yield op, model([node(op, "x")])
    yield "LeakyRelu", model([node("LeakyRelu", "x", alpha=0.1)])
    yield "Elu", model([node("Elu", "x", alpha=0.5)])
    yield "HardSigmoid", model([node("HardSigmoid", "x", alpha=0.2, beta=0.5)])
    yield "Clip-7", model([node("Clip", "x", min=0.0, max=6.0)], opset=7)
    yield "Clip", model([node("Clip", "x lo hi")], [tensor("lo", FLOAT, [], [0]), tensor("hi", FLOAT, [], [6])])
    yield "Clip-max", model([node("Clip", "x - hi")], [tensor("hi", FLOAT, [], [6])])
    for op in ("Add", "Sub", "Mul", "Div"):
        yield op, model([node(op, "x b")], [floats("b", 2, 1, 1)])
        yield op + "-both", model([node(op, "x x")], opset=9)
    for op in ("Softmax", "LogSoftmax"):
        yield op + "-9", model([node(op, "x", axis=1)], opset=9)
        yield op, model([node(op, "x", axis=-1)])
    yield "BatchNormalization", model([node("BatchNormalization", "x s b m v", epsilon=1e-3, momentum=0.9)],
                                      [floats("s", 2), floats("b", 2), floats("m", 2), tensor("v", FLOAT, [2], [1, 2])])
    yield "Dropout-7", model([node("Dropout", "x", "y mask", ratio=0.5)], opset=7)
    yield "Dropout", model([node("Dropout", "x r t")], [tensor("r", FLOAT, [], [0.5]), tensor("t", BOOL, [], [0])])


def windows():
    w, b = floats("w", 3, 2, 3, 3), floats("b", 3)
    yield "Conv", model([node("Conv", "x w b", pads=[1, 1, 1, 1], kernel_shape=[3, 3])], [w, b], ("n", 2, 4, 4))
    yield "Conv-stride", model([node("Conv", "x w", strides=[2, 1], dilations=[1, 1])], [w])
    yield "Conv-dilated", model([node("Conv", "x w", pads=[2, 2, 2, 2], dilations=[2, 2])], [w])
    yield "Conv-groups", model([node("Conv", "x w", group=2)], [floats("w", 4, 1, 2, 2)])
    yield "Conv-1d", model([node("Conv", "x w b", pads=[1, 0], strides=[2])], [floats("w", 3, 2, 2), b], (1, 2, 8))
    for mode in ("SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET"):
        yield "Conv-" + mode, model([node("Conv", "x w", auto_pad=mode, strides=[2, 2])], [w])
    yield "MaxPool", model([node("MaxPool", "x", kernel_shape=[2, 2], strides=[2, 2], storage_order=0)])
    yield "MaxPool-ceil", model([node("MaxPool", "x", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1, dilations=[1, 1])])
    yield "AveragePool", model([node("AveragePool", "x", kernel_shape=[2, 2], pads=[1, 1, 0, 0], count_include_pad=1)])
    yield "AveragePool-1d", model([node("AveragePool", "x", kernel_shape=[3], auto_pad="SAME_UPPER")], x=(1, 2, 8))


def matrices():
    yield "Gemm", model([node("Gemm", "x w c", transB=1, alpha=0.5, beta=2.0)], [floats("w", 3, 4), floats("c", 3)], (1, 4))
    yield "Gemm-a", model([node("Gemm", "x w", transA=1)], [floats("w", 4, 3)], (4, 1))
    yield "MatMul", model([node("MatMul", "x w")], [floats("w", 4, 3)])
    yield "MatMul-both", model([node("Transpose", "x", "t", perm=[0, 1, 3, 2]), node("MatMul", "x t")])
    yield "MatMul-1", model([node("MatMul", "w x")], [floats("w", 4)], (4,))
    yield "fold", model([node("MatMul", "x w", "a"), node("Add", "a b", "c"), node("Mul", "c s")],
                        [floats("w", 4, 3), floats("b", 3), floats("s", 3)], (1, 4))


def moves():
    yield "Flatten-axis", model([node("Flatten", "x", axis=2)])
    yield "Reshape", model([node("Reshape", "x s", allowzero=0)], [ints("s", 0, -1)])
    yield "Reshape-constant", model([node("Constant", "", "s", value=ints("", 1, 32)), node("Reshape", "x s")])
    yield "Squeeze-7", model([node("Squeeze", "x", axes=[0])], opset=7)
    yield "Squeeze", model([node("Squeeze", "x a")], [ints("a", -4)])
    yield "Squeeze-all", model([node("Squeeze", "x")])
    yield "Unsqueeze-9", model([node("Unsqueeze", "x", axes=[0, 2])], opset=9)
    yield "Unsqueeze", model([node("Unsqueeze", "x a")], [ints("a", 1, -1)])
    yield "Transpose", model([node("Transpose", "x", perm=[0, 2, 3, 1])])
    yield "Transpose-all", model([node("Transpose", "x")])
    yield "Concat", model([node("Concat", "x x c", axis=1)], [floats("c", 1, 1, 4, 4)])
    yield "Pad-7", model([node("Pad", "x", pads=[0, 0, 1, 1, 0, 0, 1, -1], mode="constant", value=0.5)], opset=7)
    for mode in ("constant", "reflect", "edge"):
        yield "Pad-" + mode, model([node("Pad", "x p", mode=mode)], [ints("p", 0, 0, 1, 2, 0, 0, 1, 0)], opset=11)
    yield "Pad-axes", model([node("Pad", "x p v a")], [ints("p", 1, 1), tensor("v", FLOAT, [], [2]), ints("a", -1)], opset=18)
    yield "Slice-7", model([node("Slice", "x", starts=[1], ends=[3], axes=[2])], opset=7)
    yield "Slice", model([node("Slice", "x s e a p")],
                         [ints("s", -1, 0), ints("e", -5, 9), ints("a", 3, 2), ints("p", -1, 2)], opset=10)
    yield "ReduceMean-11", model([node("ReduceMean", "x", axes=[2, 3], keepdims=1)], opset=11)
    yield "ReduceMean", model([node("ReduceMean", "x a", keepdims=0, noop_with_empty_axes=0)], [ints("a", -1)], opset=18)


def quantised():
    scale, zero = tensor("s", FLOAT, [], [0.1]), tensor("z", UINT8, [], [128])
    both = [node("QuantizeLinear", "x s z", "q"), node("DequantizeLinear", "q s z")]
    yield "QuantizeLinear", model(both, [scale, zero])
    yield "QuantizeLinear-int8", model(both, [scale, tensor("z", INT8, [], [-3])], opset=13)
    yield "QuantizeLinear-int16", model(both, [scale, tensor("z", INT16, [], [0])], opset=21)
    yield "QuantizeLinear-plain", model([node("QuantizeLinear", "x s", "q"), node("DequantizeLinear", "q s")], [scale])
    yield "DequantizeLinear", model([node("DequantizeLinear", "q t z", "w", axis=0), node("Conv", "x w")],
                                    [tensor("q", INT8, [3, 2, 1, 1], [1, -2, 3, -4, 5, -128]),
                                     tensor("t", FLOAT, [3], [0.1, 0.2, 0.3]), tensor("z", INT8, [3], [0, 0, 0])])
    yield "DequantizeLinear-bias", model([node("DequantizeLinear", "q s", "b"), node("Add", "x b")],
                                         [tensor("q", INT32, [2, 1, 1], [70000, -5]), scale])


def numbers():
    add = [node("Add", "x b")]
    for name, kind in (("half", HALF), ("bfloat", BFLOAT), ("double", DOUBLE), ("float", FLOAT)):
        yield "type-" + name, model(add, [tensor("b", kind, [2, 1, 1], [0.5, -2])])
    for name, kind, values in (("float", FLOAT, [1, 2]), ("double", DOUBLE, [1, 2]), ("half", HALF, [0x3c00, 0xc000]),
                               ("bfloat", BFLOAT, [0x3f80, 0xc000])):
        yield "typed-" + name, model(add, [tensor("b", kind, [2, 1, 1], values, "typed")])
    for name, kind in (("int64", INT64), ("int32", INT32)):
        for how in ("raw", "typed"):
            yield f"shape-{name}-{how}", model([node("Reshape", "x s")], [tensor("s", kind, [2], [1, 32], how)])
    yield "cast-half", model([node("Cast", "x", "h", to=HALF), node("Relu", "h")])
    yield "beside", model([node("Conv", "x w")], [tensor("w", FLOAT, [3, 2, 2, 2], 0, "beside")])
    yield "beside-later", model([node("Add", "x b")], [tensor("b", FLOAT, [2, 1, 1], 40, "beside")])
    for name, given in (("float", {"value_float": 0.5}), ("floats", {"value_floats": [0.5, 1.0, 2.0, 3.0]}),
                        ("tensor", {"value": floats("", 2, 1, 1)})):
        yield "constant-" + name, model([node("Constant", "", "c", **given), node("Mul", "x c")])
    yield "constant-ints", model([node("Constant", "", "s", value_ints=[2, 16]), node("Reshape", "x s")])
    yield "initialiser-as-input", model([node("Add", "x b")], [floats("b", 4)], opset=7, more=part(11, value("b", FLOAT, (4,))))
    yield "two-outputs", model([node("Relu", "x"), node("Tanh", "y", "z")], more=part(12, value("z", FLOAT, (1, 2, 4, 4))))


def shapes():
    yield "shape-chain", model([node("Shape", "x", "s"), node("Gather", "s zero", "n", axis=0),
                                node("Unsqueeze", "n axes", "u"), node("Concat", "u minus", "t", axis=0),
                                node("Reshape", "x t")],
                               [tensor("zero", INT64, [], [0]), ints("axes", 0), ints("minus", -1)])
    yield "shape-arithmetic", model([node("Size", "x", "n"), node("Div", "n two", "h"), node("Cast", "h", "c", to=INT32),
                                     node("Cast", "c", "d", to=INT64), node("Mul", "d one", "m"), node("Sub", "m zero", "k"),
                                     node("Add", "k zero", "l"), node("Concat", "two l", "t", axis=0), node("Reshape", "x t")],
                                    [ints("two", 2), ints("one", 1), ints("zero", 0)])
    yield "shape-slice", model([node("Shape", "x", "s", start=1, end=3), node("Slice", "s a b", "t"),
                                node("Squeeze", "t", "u"), node("Identity", "u", "v"), node("Reshape", "v l", "r"),
                                node("Concat", "r minus", "t2", axis=0), node("Reshape", "x t2")],
                               [ints("a", 0), ints("b", 1), ints("l", 1), ints("minus", -1)])
    yield "Range", model([node("Range", "a b c", "r"), node("Squeeze", "x r")],
                         [tensor("a", INT64, [], [0]), tensor("b", INT64, [], [1]), tensor("c", INT64, [], [1])])
    yield "ConstantOfShape", model([node("ConstantOfShape", "s", "c", value=tensor("", FLOAT, [1], [3])),
                                    node("Add", "x c")], [ints("s", 2, 1, 1)])
    yield "ConstantOfShape-ints", model([node("ConstantOfShape", "s", "c", value=tensor("", INT64, [1], [-1])),
                                         node("Reshape", "x c")], [ints("s", 1)])


def networks():
    yield "lenet", model([node("Conv", "x w b", "c", pads=[1, 1, 1, 1]), node("BatchNormalization", "c s s m v", "n"),
                          node("Relu", "n", "r"), node("MaxPool", "r", "p", kernel_shape=[2, 2], strides=[2, 2]),
                          node("Flatten", "p", "f"), node("Gemm", "f g h", transB=1)],
                         [floats("w", 3, 2, 3, 3), floats("b", 3), floats("s", 3), floats("m", 3),
                          tensor("v", FLOAT, [3], [1, 2, 3]), floats("g", 5, 12), floats("h", 5)], ("n", 2, 4, 4), out=("n", 5))
    yield "residual", model([node("Conv", "x w", "a", pads=[1, 1, 1, 1]), node("Add", "a x", "s"), node("Clip", "s lo hi", "r"),
                             node("GlobalAveragePool", "r", "p"), node("Flatten", "p", "f"), node("MatMul", "f m", "k"),
                             node("Softmax", "k")],
                            [floats("w", 2, 2, 3, 3), tensor("lo", FLOAT, [], [0]), tensor("hi", FLOAT, [], [6]),
                             floats("m", 2, 3)])
    yield "mobile", model([node("Conv", "x w", "a", group=2, pads=[1, 1, 1, 1]), node("HardSwish", "a", "h"),
                           node("ReduceMean", "h", "m", axes=[2, 3]), node("Conv", "m v", "g"), node("HardSigmoid", "g", "s"),
                           node("Mul", "h s", "q"), node("Concat", "q x", axis=1)],
                          [floats("w", 2, 1, 3, 3), floats("v", 2, 2, 1, 1)], opset=14)


def refused():
    relu = part(1, node("Relu", "x"))
    yield "If", model([node("If", "x", graph=relu)])
    yield "If-deep", model([node("If", "x", graph=part(1, node("If", "x", graph=relu)))])
    yield "Loop", model([node("Loop", "x x x", graph=relu)])
    yield "foreign", model([node("FusedConv", "x", domain="com.microsoft")])
    yield "opset-6", model([node("Relu", "x")], opset=6)
    yield "sparse", model([node("Relu", "x")], more=part(15, b"\x0a\x00"))
    yield "beside-up", model([node("Add", "x b")], [tensor("b", FLOAT, [2, 1, 1], 0, "beside").replace(b"w.bin", b"../wx")])
    yield "beside-short", model([node("Add", "x b")], [tensor("b", FLOAT, [2, 1, 1], 90, "beside")])
    yield "text", model([node("Relu", "x")], [part(8, "t") + number(1, 1) + number(2, STRING) + part(6, "a")])
    yield "cycle", model([node("Add", "x y")])
    yield "twice", model([node("Relu", "x")]) * 2
    yield "wrong-output", model([node("Relu", "x")], out=(1, 9))
    yield "open-side", model([node("Relu", "x")], x=(1, "c"))


def cases():
    for family in (elementwise, windows, matrices, moves, quantised, numbers, shapes, networks, refused):
        for name, data in family():
            yield name, data, family is not refused or name == "text"
