"""Files that mean harm. Each has to end with exit status 1 and one line that says what is wrong, fast,
in little memory, and without a look outside the model's folder."""
import os
import re
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from common import MHO

MAX_MIB, MAX_S = 400, 20
ASAN = "asan" in os.environ.get("MHO_SANITIZED", "")


def info(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def floats(name, *shape):
    return numpy_helper.from_array(np.ones(shape, np.float32), name)


def model(nodes, constants=(), inputs=None, outputs=None, opset=17, domain=""):
    graph = helper.make_graph(nodes, "g", inputs or [info("x", [1, 3, 8, 8])],
                              outputs or [info("y", None)], list(constants))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid(domain, opset)])


def node(op, inputs, outputs=("y",), **attributes):
    return helper.make_node(op, list(inputs), list(outputs), **attributes)


def ints(name, *values):
    return numpy_helper.from_array(np.array(values, np.int64), name)


def raw(name, dims, data=b"", kind=TensorProto.FLOAT):
    """A tensor whose shape nobody has checked."""
    t = TensorProto(name=name, data_type=kind)
    t.dims.extend(dims)
    t.raw_data = data
    return t


def conv(weights, **attributes):
    return model([node("Conv", ["x", "w"], **attributes)], [weights])


def external(location, offset=None, length=None):
    t = TensorProto(name="w", data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
    t.dims.extend([2, 3, 1, 1])
    for key, value in (("location", location), ("offset", offset), ("length", length)):
        if value is not None:
            t.external_data.add(key=key, value=str(value))
    return conv(t)


def deep(n):
    """A graph in an attribute, and in it another one, n deep: bytes, as the package would recurse."""
    inner = b""
    for _ in range(n):
        for tag in (b"\x32", b"\x2a", b"\x0a"):  # attribute.g, node.attribute, graph.node
            size, length = len(inner), b""
            while True:
                length += bytes([size & 127 | (128 if size > 127 else 0)])
                size >>= 7
                if not size:
                    break
            inner = tag + length + inner
        if len(inner) > 1 << 20:
            break
    m = model([node("If", ["x"])])
    m.graph.node[0].attribute.append(onnx.AttributeProto(name="then", s=b"?"))
    data = m.SerializeToString()
    return data.replace(b"then", b"then", 1) + b"\x0a" * 0 + b"\x92\x03" + varint(len(inner)) + inner


def varint(n):
    out = b""
    while True:
        out += bytes([n & 127 | (128 if n > 127 else 0)])
        n >>= 7
        if not n:
            return out


def cases():
    """(name, model or bytes, piece of the message)"""
    relu = model([node("Relu", ["x"])])
    bytes_ok = relu.SerializeToString()
    yield "empty", b"", "empty"
    yield "text", b"this is a text and no network\n", "cut off, damaged, or not ONNX"
    yield "zeros", bytes(1000), "cut off, damaged, or not ONNX"
    yield "twice", bytes_ok + bytes_ok, "comes twice"
    yield "no version", onnx.ModelProto(graph=relu.graph), "version of the operators is missing"
    yield "no graph", onnx.ModelProto(ir_version=8), "no graph"
    yield "old", model([node("Relu", ["x"])], opset=6), "7 to "
    yield "future", model([node("Relu", ["x"])], opset=2000), "7 to "
    # graphs
    yield "cycle", model([node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"]),
                          node("Relu", ["b"])]), "cycle"
    yield "loop", model([node("Add", ["x", "y"])]), "cycle"
    yield "order", model([node("Relu", ["a"]), node("Relu", ["x"], ["a"])]), "not in order"
    yield "unknown", model([node("Conv", ["x", "nothing"])]), "\"nothing\""
    yield "twice made", model([node("Relu", ["x"], ["a"]), node("Tanh", ["x"], ["a"]),
                               node("Relu", ["a"])]), "made twice"
    yield "two constants", model([node("Add", ["x", "w"])], [floats("w", 1), floats("w", 1)]), "twice"
    yield "two inputs", model([node("Relu", ["x"])], inputs=[info("x", [1, 3]), info("x", [1, 3])]), \
        "twice"
    yield "input remade", model([node("Relu", ["x"], ["x"])]), "twice"
    yield "no output", model([node("Relu", ["x"])], outputs=[info("z", None)]), "made by no node"
    yield "output shape", model([node("Relu", ["x"])], outputs=[info("y", [1, 5])]), "declares"
    yield "no inputs", model([node("Relu", [])]), "input"
    yield "few inputs", model([node("Conv", ["x"])]), "input 1 is absent"
    yield "many inputs", model([node("Relu", ["x"] * 5000)]), "inputs"
    yield "no weights", model([node("Conv", ["x", ""])]), "input 1 is absent"
    yield "nodes", model([node("Relu", [f"t{k}" if k else "x"], [f"t{k + 1}"]) for k in range(66000)],
                         outputs=[info("t66000", None)]), "65536 nodes"
    yield "control", model([node("Fun\nny\x1b[31m", ["x"], name="a\nb")]), "not supported"
    yield "foreign", model([node("FusedConv", ["x"], domain="com.microsoft")]), "com.microsoft"
    yield "deep", deep(200000), "If is not supported"
    # shapes
    for side in (0, -1, -5, 1 << 40, -(1 << 62)):
        yield f"input {side}", model([node("Relu", ["x"])], inputs=[info("x", [side, 3])]), "dimension 0"
    yield "open side", model([node("Relu", ["x"])], inputs=[info("x", [1, "c"])]), "--input-shape"
    yield "no shape", model([node("Relu", ["x"])], inputs=[info("x", None)]), "--input-shape"
    yield "huge input", model([node("Relu", ["x"])], inputs=[info("x", [1, 1 << 20, 1 << 20])]), "numbers"
    yield "huge weights", conv(raw("w", [1 << 30, 3, 1, 1])), "w"
    yield "wrapping", conv(raw("w", [1 << 32, 1 << 32, 1, 1])), "w"
    yield "wrapping 64", conv(raw("w", [1 << 20, 1 << 20, 1 << 20, 1 << 4])), "w"
    yield "negative", conv(raw("w", [-2, 3, 1, 1], bytes(24))), "dimension 0 is -2"
    yield "9 sides", conv(raw("w", [1] * 9, bytes(4))), "dimensions"
    yield "short data", conv(raw("w", [2, 3, 1, 1], bytes(23))), "23 bytes"
    yield "long data", conv(raw("w", [2, 3, 1, 1], bytes(28))), "28 bytes"
    yield "no data", conv(raw("w", [2, 3, 1, 1])), "0 bytes"
    yield "other channels", conv(floats("w", 2, 5, 1, 1)), "do not fit"
    yield "flat weights", conv(floats("w", 6)), "dimensions"
    yield "bias", model([node("Conv", ["x", "w", "b"])], [floats("w", 2, 3, 1, 1), floats("b", 3)]), "bias"
    # attributes
    w = floats("w", 2, 3, 3, 3)
    yield "kernel", conv(w, kernel_shape=[5, 5]), "5x5"
    yield "stride", conv(w, strides=[0, 1]), "strides[0] = 0"
    yield "dilation", conv(w, dilations=[1, -3]), "dilations[1] = -3"
    yield "dilated", conv(w, dilations=[1 << 23, 1]), "does not fit"
    yield "pads", conv(w, pads=[0, 0, 1 << 40, 0]), "pads[2]"
    yield "wide", conv(w, pads=[1 << 24] * 4), "allowed"
    yield "group", conv(w, group=0), "group = 0"
    yield "groups", conv(w, group=2), "groups"
    yield "auto_pad", conv(w, auto_pad="SAME_SIDEWAYS"), "auto_pad"
    yield "odd attribute", conv(w, colour="red"), "colour"
    yield "wrong attribute", conv(w, group=1.5), "whole number"
    yield "list too long", conv(w, strides=[1] * 30), "strides"
    yield "pool", model([node("MaxPool", ["x"], kernel_shape=[1 << 40, 1])]), "kernel_shape[0]"
    yield "axis", model([node("Softmax", ["x"], axis=4)]), "axis 4"
    yield "perm", model([node("Transpose", ["x"], perm=[0, 0, 1, 2])]), "perm"
    # shapes from constants
    yield "reshape", model([node("Reshape", ["x", "s"])], [ints("s", 1 << 40, 1 << 40)]), "shape[0]"
    yield "reshape -2", model([node("Reshape", ["x", "s"])], [ints("s", -2)]), "shape[0] = -2"
    yield "reshape 2x -1", model([node("Reshape", ["x", "s"])], [ints("s", -1, -1)]), "shape[1] = -1"
    yield "reshape data", model([node("Reshape", ["x", "x"])]), "not constant"
    yield "pad", model([node("Pad", ["x", "p"])], [ints("p", *[1 << 50] * 8)]), "pads"
    yield "pad all", model([node("Pad", ["x", "p"])], [ints("p", *[1 << 24] * 8)]), "allowed"
    yield "cut all", model([node("Pad", ["x", "p"])], [ints("p", *[-9] * 8)]), "nothing"
    yield "slice", model([node("Slice", ["x", "a", "a"])], [ints("a", 2)]), "nothing is left"
    yield "step 0", model([node("Slice", ["x", "a", "b", "a", "a"])], [ints("a", 0), ints("b", 9)]), "step"
    yield "of shape", model([node("ConstantOfShape", ["s"])], [ints("s", 1 << 30, 1 << 30)]), "dimension"
    yield "of shape 2", model([node("ConstantOfShape", ["s"])], [ints("s", 1 << 14, 1 << 15)]), "dimension 1"
    yield "range", model([node("Range", ["a", "b", "c"])],
                         [ints("a", 0), ints("b", 1 << 31), ints("c", 1)]), "Range"
    yield "division", model([node("Div", ["a", "b"], ["s"]), node("Reshape", ["x", "s"])],
                            [ints("a", 5), ints("b", 0)]), "cannot be combined"
    yield "many ranges", model([node("Range", ["a", "b", "c"], [f"r{k}"]) for k in range(70)],
                               [ints("a", 0), ints("b", 1 << 16), ints("c", 1)]), "4194304 are allowed"
    yield "many fills", model([node("ConstantOfShape", ["s"], [f"r{k}"]) for k in range(9)],
                              [ints("s", 1 << 19)]), "4194304 are allowed"
    yield "outputs", model([node("Relu", ["x"])], outputs=[info("y", None)] * 2), "listed twice"
    # types
    yield "integer input", model([node("Relu", ["x"])], inputs=[info("x", [1, 3], TensorProto.INT32)]), \
        "int32"
    yield "no tensor", model([node("Relu", ["x"])], inputs=[onnx.ValueInfoProto(name="x")]), "not a tensor"
    yield "integer weights", conv(numpy_helper.from_array(np.ones((2, 3, 1, 1), np.int64), "w")), "int64"
    yield "texts", conv(raw("w", [1], b"", TensorProto.STRING)), "string"
    yield "complex", conv(raw("w", [2, 3, 1, 1], bytes(48), TensorProto.COMPLEX64)), "complex64"
    yield "type 99", conv(raw("w", [2, 3, 1, 1], bytes(24), 99)), "another type"
    yield "training", model([node("BatchNormalization", ["x", "w", "w", "w", "w"], training_mode=1)],
                            [floats("w", 3)]), "training_mode"
    yield "indices", model([node("MaxPool", ["x"], ["a", "b"], kernel_shape=[1, 1]),
                            node("Relu", ["b"])]), "second output"
    # lists of whole numbers
    two, three = ints("s", 1, 2), ints("t", 1, 2, 3)
    yield "list as picture", model([node("Relu", ["s"])], [two]), "is of int64"
    yield "many ints", model([node("Range", ["a", "b", "c"])],
                             [ints("a", 0), ints("b", 100000), ints("c", 1)]), "100000 constant numbers"
    yield "range of 0", model([node("Range", ["a", "b", "c"])],
                              [ints("a", 0), ints("b", 9), ints("c", 0)]), "a step of 0"
    yield "of shape 9", model([node("ConstantOfShape", ["s"])], [ints("s", *[1] * 9)]), "9 dimensions"
    yield "gather", model([node("Gather", ["s", "i"])], [two, ints("i", 5)]), "index 5 of a list of 2"
    yield "squeezed list", model([node("Squeeze", ["s"])], [two]), "2 numbers cannot become one"
    yield "unsqueezed list", model([node("Unsqueeze", ["s", "s"])], [two]), "two dimensions"
    yield "reshaped list", model([node("Reshape", ["s", "t"])], [two, three]), "two dimensions"
    yield "cast", model([node("Cast", ["s"], to=8)], [two]), "to = 8"
    yield "sliced list", model([node("Slice", ["t", "s", "s"])], [two, three]), "one start, one end"
    yield "two lists", model([node("Add", ["s", "t"])], [two, three]), "lists of 2 and 3 numbers"
    yield "20 pads", model([node("Pad", ["x", "p"])], [ints("p", *[0] * 20)]), "20 numbers: at most 16"
    yield "3 pads", model([node("Pad", ["x", "p"])], [ints("p", 0, 0, 0)]), "pads has 3 numbers, 8"
    yield "twice", model([node("Squeeze", ["x", "a"])], [ints("a", 0, 0)]), "axis 0 comes twice"
    yield "squeeze", model([node("Squeeze", ["x", "a"])], [ints("a", 1)]), "dimension 1 is 3, not 1"
    yield "unsqueeze", model([node("Unsqueeze", ["x", "a"])], [ints("a", 0, 1, 2, 3, 4)]), "more than 8"
    yield "short perm", model([node("Transpose", ["x"], perm=[1, 0])]), "perm has 2 numbers"
    yield "slices", model([node("Slice", ["x", "s", "i"])], [two, ints("i", 1)]), "not of one length"
    # odd nodes
    borrowed = conv(w, group=1)
    borrowed.graph.node[0].attribute[0].ref_attr_name = "g"
    yield "function", borrowed, "refers to a function"
    yield "nan", model([node("LeakyRelu", ["x"], alpha=float("nan"))]), "alpha is not a number"
    yield "inf", model([node("LeakyRelu", ["x"], alpha=float("inf"))]), "alpha is inf"
    yield "long text", conv(w, auto_pad="S" * 40), "a text of 40 bytes"
    yield "open limit", model([node("Clip", ["x", "x"])]), "min is not one constant number"
    yield "a word", model([node("Constant", [], value_string="word")]), "not a tensor of numbers"
    yield "spatial", model([node("BatchNormalization", ["x", "w", "w", "w", "w"], spatial=0)],
                           [floats("w", 3)], opset=7), "spatial = 0"
    yield "only a mask", model([node("Dropout", ["x"], ["y", "m"])], outputs=[info("m", None)]), \
        "no output"
    sparse = conv(w)
    sparse.graph.sparse_initializer.add()
    yield "sparse", sparse, "sparse weights"
    cut = floats("w", 2, 3, 1, 1)
    cut.segment.begin = 0
    yield "segment", conv(cut), "cut into segments"
    yield "place 7", external("ok.bin").SerializeToString().replace(b"\x70\x01", b"\x70\x07"), \
        "data_location 7"
    # data elsewhere
    for place in ("/etc/hostname", "../secret.bin", "sub/../../secret.bin", "sub/../ok.bin", "..", ".", "",
                  "link.bin", "linkdir/secret.bin", "missing.bin", "sub", "pipe", "a//b", "c:\\x", "short.bin"):
        yield f"external {place}", external(place), "external data"
    yield "external offset", external("ok.bin", offset=-4), "offset"
    yield "external offset 2", external("ok.bin", offset=1 << 62), "too short"
    yield "external length", external("ok.bin", length=4), "length"
    yield "external words", external("ok.bin", length="many"), "length is not a whole number"
    yield "external nothing", conv(TensorProto(name="w", data_type=1, data_location=1, dims=[1])), "location"


def good():
    """(name, model): what looks alike and is read."""
    for place in ("ok.bin", "sub/ok.bin", "./ok.bin"):
        yield f"external data {place}", external(place, 0, 24)
    # 2^24 + 1 is no float; 3 is what is left of it
    whole = numpy_helper.from_array(np.array([(1 << 24) + 1], np.int64))
    yield "whole numbers", model([node("ConstantOfShape", ["one"], ["n"], value=whole),
                                  node("Sub", ["n", "m"], ["three"]),
                                  node("Concat", ["three", "rest"], ["s"], axis=0),
                                  node("Reshape", ["x", "s"])],
                                 [ints("one", 1), ints("m", (1 << 24) - 2), ints("rest", -1)],
                                 outputs=[info("y", [3, 64])])


def prepare(folder):
    """Files that a model may, and may not, take its data from."""
    inside = os.path.join(folder, "model")
    os.makedirs(os.path.join(inside, "sub"))
    os.makedirs(os.path.join(folder, "outside"))
    numbers = np.arange(6, dtype=np.float32).tobytes()
    for path in ("model/ok.bin", "model/sub/ok.bin", "secret.bin", "outside/secret.bin"):
        with open(os.path.join(folder, path), "wb") as f:
            f.write(numbers)
    with open(os.path.join(inside, "short.bin"), "wb") as f:
        f.write(numbers[:-1])
    os.symlink("../secret.bin", os.path.join(inside, "link.bin"))
    os.symlink("../outside", os.path.join(inside, "linkdir"))
    os.mkfifo(os.path.join(inside, "pipe"))
    return inside


def run(path, *options):
    """Exit status, both streams, seconds, MiB."""
    start = time.monotonic()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = subprocess.Popen([MHO, "net", path, *options], stdout=out, stderr=err)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0), err.seek(0)
        return (child.returncode, out.read().decode(errors="replace"), err.read().decode(errors="replace"),
                time.monotonic() - start, usage.ru_maxrss / 1024)


def judge(name, path, want):
    status, out, err, seconds, mib = run(path)
    line = err.rstrip("\n")
    wrong = []
    if status != 1:
        wrong.append(f"exit status {status}")
    if out or "\n" in line or not line.startswith("mho: ") or re.search(r"[\x00-\x1f\x7f]", line):
        wrong.append("not one clear line")
    if want not in line:
        wrong.append(f"it does not say {want!r}")
    if seconds > MAX_S or (mib > MAX_MIB and not ASAN):
        wrong.append(f"{seconds:.1f} s, {mib:.0f} MiB")
    if wrong:
        print(f"  {name}: {', '.join(wrong)}: {out[:200]}{line[:300]}")
    elif "-v" in sys.argv:
        print(f"  {name:18} {line.replace(os.path.dirname(path) + '/', '')[:150]}  [{mib:.0f} MiB]")
    return bool(wrong)


def main():
    bad = n = 0
    with tempfile.TemporaryDirectory() as folder:
        inside = prepare(folder)
        path = os.path.join(inside, "m.onnx")
        for name, content, want in cases():
            with open(path, "wb") as f:
                f.write(content if isinstance(content, bytes) else content.SerializeToString())
            bad += judge(name, path, want)
            n += 1
        for name, content in good():
            with open(path, "wb") as f:
                f.write(content.SerializeToString())
            status, _, err, _, _ = run(path)
            if status != 0:
                print(f"  {name} should be read: {err}")
                bad += 1
        bad += judge("a folder", inside, "directory")
        bad += judge("no file", os.path.join(inside, "none.onnx"), "cannot be opened")
    print(f"hostile files: {n + 2} refused as they should be" if not bad else f"{bad} of {n + 2} are wrong")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
