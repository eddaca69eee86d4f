"""The node models that the onnx package ships for backends, one operator each.

Models whose operators mho reads are run, once folded and once as they are; what comes out must be
what the package says, within 1e-4. Inputs that only steer (shapes, axes, limits, scales, integers)
are made initialisers first, as mho wants them constant. A refusal has to be one clear line."""
import collections
import glob
import os
import sys
import tempfile

import numpy as np
import onnx
from onnx import numpy_helper

from common import TOLERANCE, difference, mho_run, supported

# inputs that steer, by operator: from which on
STEER = {"Clip": 1, "Pad": 1, "Slice": 1, "Reshape": 1, "Squeeze": 1, "Unsqueeze": 1, "Dropout": 1,
         "ReduceMean": 1, "QuantizeLinear": 1, "DequantizeLinear": 0}
LEAST = 150  # models that must agree; the issue wants 40


def folder():
    return os.path.join(os.path.dirname(onnx.__file__), "backend", "test", "data", "node")


def steers(graph, name, value):
    for node in graph.node:
        first = STEER.get(node.op_type, 99)
        if any(i >= first and n == name for i, n in enumerate(node.input)):
            return True
    return value.dtype.kind in "iub"


def load(path):
    """Model with steering inputs as initialisers, the other inputs, the outputs that are right."""
    model = onnx.load(os.path.join(path, "model.onnx"))
    graph, inputs = model.graph, {}
    data = os.path.join(path, "test_data_set_0")
    for k, given in enumerate(list(graph.input)):
        tensor = onnx.load_tensor(os.path.join(data, f"input_{k}.pb"))
        value = numpy_helper.to_array(tensor)
        if steers(graph, given.name, value):
            tensor.name = given.name
            graph.initializer.append(tensor)
            graph.input.remove(given)
        else:
            inputs[given.name] = value
    wanted = {out.name: result(onnx.load_tensor(os.path.join(data, f"output_{k}.pb")),
                                out.type.tensor_type.elem_type)
              for k, out in enumerate(graph.output)}
    return model, inputs, wanted


def result(tensor, kind):
    """Numbers, and by how much a rounded type may be off from the float32 that mho stays at."""
    array = numpy_helper.to_array(tensor)
    if kind == onnx.TensorProto.BFLOAT16 and array.dtype == np.uint16:  # its bits
        array = (array.astype(np.uint32) << 16).view(np.float32)
    steps = {onnx.TensorProto.FLOAT16: 2.0**-11, onnx.TensorProto.BFLOAT16: 2.0**-8}
    finite = np.abs(array[np.isfinite(array)]) if array.dtype.kind == "f" else np.zeros(0)
    return array, steps.get(kind, 0) * float(np.max(finite, initial=0))


def check_one(path, scratch):
    """None: agrees; otherwise (kind, text)."""
    try:
        model, inputs, wanted = load(path)
    except Exception as error:  # sequences, strings: nothing that mho reads
        return "not a tensor", str(error)
    with open(scratch, "wb") as f:
        f.write(model.SerializeToString())
    for options in ([], ["--as-is"]):
        got = mho_run(scratch, inputs, *options)
        if isinstance(got, str):
            return "refused", got.replace(scratch, "")
        for name, array in got.items():
            want, rounding = wanted[name]
            off = difference(array, want)
            if not off <= TOLERANCE + rounding:
                return "WRONG", f"{name} off by {off:.3g} {options}"
    return None


def main():
    known, done = supported(), collections.Counter()
    if not os.path.isdir(folder()):
        print("skipped: this onnx package ships no node models")
        return 77
    refusals = []
    with tempfile.TemporaryDirectory() as scratch:
        for path in sorted(glob.glob(os.path.join(folder(), "test_*"))):
            ops = {n.op_type for n in onnx.load(os.path.join(path, "model.onnx")).graph.node}
            if not ops <= known:
                continue
            result = check_one(path, os.path.join(scratch, "model.onnx"))
            done[result[0] if result else "agree"] += 1
            if result:
                refusals.append((os.path.basename(path), *result))
    for name, kind, text in refusals:
        print(f"  {kind:12} {name}: {text}")
    print("node models:", ", ".join(f"{n} {kind}" for kind, n in sorted(done.items())))
    long = [r for r in refusals if r[1] == "refused" and "\n" in r[2]]
    return 0 if done["WRONG"] == 0 and done["agree"] >= LEAST and not long else 1


if __name__ == "__main__":
    sys.exit(main())
