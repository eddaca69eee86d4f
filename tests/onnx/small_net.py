"""small_net.py FOLDER [ALPHA] - a small residual network, net.onnx, and samples for it, with nothing but the standard
library: plain.npz, labelled.npz, and small.npz of another shape. With ALPHA the last rectifier leaks that much."""
import pathlib
import random
import struct
import sys
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "fuzz"))
from seeds_onnx import FLOAT, model, node, tensor  # noqa: E402

N_SAMPLE, SHAPE = 96, (2, 7, 7)
out = pathlib.Path(sys.argv[1])
random.seed(3)


def weights(name, shape, scale):
    n = 1
    for side in shape:
        n *= side
    return tensor(name, FLOAT, shape, [random.gauss(0, scale) for _ in range(n)])


def npy(shape, kind, raw):
    head = "{'descr': '%s', 'fortran_order': False, 'shape': %r, }" % (kind, shape)
    head += " " * (63 - (len(head) + 10) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + raw


def npz(name, **arrays):
    with zipfile.ZipFile(out / name, "w") as z:
        for key, data in arrays.items():
            z.writestr(key + ".npy", data)


window = {"pads": [1, 1, 1, 1], "kernel_shape": [3, 3]}
last = node("LeakyRelu", "s", "t", alpha=float(sys.argv[2])) if len(sys.argv) > 2 else node("Relu", "s", "t")
(out / "net.onnx").write_bytes(model(
    [node("Conv", "x w1 b1", "a", **window), node("Relu", "a", "r"), node("Conv", "r w2", "c", **window),
     node("Add", "c r", "s"), last, node("GlobalAveragePool", "t", "p"), node("Flatten", "p", "f"), node("MatMul", "f w3")],
    [weights("w1", [5, 2, 3, 3], 0.3), weights("b1", [5], 0.1), weights("w2", [5, 5, 3, 3], 0.15), weights("w3", [5, 3], 1.0)],
    x=(1, *SHAPE), opset=13, out=(1, 3)))

n = N_SAMPLE * SHAPE[0] * SHAPE[1] * SHAPE[2]
x = npy((N_SAMPLE, *SHAPE), "<f4", struct.pack(f"<{n}f", *(random.gauss(0, 1) for _ in range(n))))
npz("plain.npz", x=x)
npz("labelled.npz", x=x, y=npy((N_SAMPLE,), "<i4", struct.pack(f"<{N_SAMPLE}i", *(k % 3 for k in range(N_SAMPLE)))))
npz("small.npz", x=npy((4, 5), "<f4", bytes(80)))
