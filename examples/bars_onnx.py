"""A small network of one's own as an ONNX file, with NumPy and the onnx package only.

    python3 bars_onnx.py        writes bars.onnx and bars.npz

Noisy pictures of 8 x 8 pixels show a bar that lies, stands, rises or falls. Two layers learn to tell them apart."""
import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

rng = np.random.default_rng(1)


def pictures(n):
    """n pictures, [n][1][8][8] from 0 to 1, and their classes."""
    kind, place = rng.integers(0, 4, n), rng.integers(1, 7, n)
    row, col = np.mgrid[:8, :8]
    at = place[:, None, None]
    bars = np.stack([row == at, col == at, row + col == at + 4, row - col == at - 4])
    x = 0.45 * bars[kind, np.arange(n)] + 0.55 * rng.random((n, 8, 8))
    return x[:, None].astype(np.float32), kind


x, y = pictures(4000)
w1, b1 = rng.normal(0, 0.1, (32, 64)), np.zeros(32)
w2, b2 = rng.normal(0, 0.1, (4, 32)), np.zeros(4)
for step in range(3000):
    pick = rng.integers(0, len(x), 64)
    flat = x[pick].reshape(64, -1)
    hidden = np.maximum(flat @ w1.T + b1, 0)
    score = np.exp(hidden @ w2.T + b2)
    slope = (score / score.sum(1, keepdims=True) - np.eye(4)[y[pick]]) / 64
    back = (slope @ w2) * (hidden > 0)
    for parameter, change in ((w2, slope.T @ hidden), (b2, slope.sum(0)), (w1, back.T @ flat), (b1, back.sum(0))):
        parameter -= 0.3 * change

nodes = [helper.make_node("Flatten", ["picture"], ["flat"]),
         helper.make_node("Gemm", ["flat", "w1", "b1"], ["sum"], transB=1),
         helper.make_node("Relu", ["sum"], ["hidden"]),
         helper.make_node("Gemm", ["hidden", "w2", "b2"], ["score"], transB=1)]
weights = [numpy_helper.from_array(np.float32(value), name)
           for name, value in (("w1", w1), ("b1", b1), ("w2", w2), ("b2", b2))]
graph = helper.make_graph(
    nodes, "bars", [helper.make_tensor_value_info("picture", TensorProto.FLOAT, ["n", 1, 8, 8])],
    [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["n", 4])], weights)
save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), "bars.onnx")
x_test, y_test = pictures(1000)
np.savez("bars.npz", x=x_test, y=y_test)
right = (np.maximum(x_test.reshape(1000, -1) @ w1.T + b1, 0) @ w2.T + b2).argmax(1) == y_test
print(f"bars.onnx, bars.npz: {100 * right.mean():.1f} % of 1000 new pictures are read right")
