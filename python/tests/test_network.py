import numpy as np
import pytest

import mho

rng = np.random.default_rng(11)


def test_dense_layers_are_matrix_products():
    w, b, v = rng.normal(size=(5, 12)), rng.normal(size=5), rng.normal(size=(3, 5))
    net = mho.Network([mho.Dense(w, b, relu=True), mho.Dense(v)])
    x = rng.normal(size=(7, 12)).astype(np.float32)
    np.testing.assert_allclose(net.run(x), np.maximum(x @ w.T + b, 0) @ v.T, rtol=1e-4, atol=1e-5)
    assert (net.input_shape, net.output_shape) == ((12,), (3,))
    assert [n.op for n in net.nodes] == ["Gemm", "Relu", "Gemm"]
    assert repr(net) == "<mho.Network (12,) -> (3,): 3 operators, 80 parameters, 75 MACs>"
    assert net.run(x[0]).shape == (1, 3)


def conv(x, w, pad, stride):
    n, c, h, k = x.shape[0], w.shape[0], x.shape[2], w.shape[2]
    p = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    out = (h + 2 * pad - k) // stride + 1
    y = np.zeros((n, c, out, out))
    for r in range(out):
        for q in range(out):
            a = p[:, :, r * stride : r * stride + k, q * stride : q * stride + k]
            y[:, :, r, q] = np.tensordot(a, w, ([1, 2, 3], [1, 2, 3]))
    return y


def test_convolutions_pools_and_residuals():
    k1, k2 = rng.normal(size=(4, 3, 3, 3)), rng.normal(size=(4, 4, 3, 3))
    x = rng.normal(size=(2, 3, 8, 8)).astype(np.float32)
    y1 = np.maximum(conv(x, k1, 1, 2), 0)
    want = np.maximum(conv(y1, k2, 1, 1) + y1, 0)
    pooled = want.reshape(2, 4, 2, 2, 2, 2).max(axis=(3, 5))
    layers = [
        mho.Conv(k1, relu=True, stride=2, pad=1),
        mho.Residual([mho.Conv(k2, pad=1)]),
        mho.MaxPool(2),
    ]
    net = mho.Network(layers, (3, 8, 8))
    np.testing.assert_allclose(net.run(x), pooled, rtol=1e-4, atol=1e-4)
    mean = mho.Network([mho.AveragePool(4)], (3, 8, 8)).run(x)
    np.testing.assert_allclose(mean, x.reshape(2, 3, 2, 4, 2, 4).mean(axis=(3, 5)), atol=1e-5)


def test_bytes_are_pictures():
    net = mho.Network([mho.Dense(np.ones((1, 4)))])
    np.testing.assert_allclose(net.run(np.full((1, 4), 255, np.uint8)), [[4.0]], rtol=1e-6)


def test_what_does_not_fit_is_said():
    w = rng.normal(size=(5, 12))
    with pytest.raises(ValueError, match="are wanted"):
        mho.Network([mho.Dense(w), mho.Dense(w)])
    with pytest.raises(ValueError, match="4 dimensions"):
        mho.Network([mho.Conv(w)], (1, 5, 5))
    with pytest.raises(TypeError, match="input_shape"):
        mho.Network([mho.Conv(rng.normal(size=(2, 1, 3, 3)))])
    with pytest.raises(ValueError, match="not an operator"):
        mho.Network([mho.Apply("Teleport")], (3,))
    with pytest.raises(ValueError, match=r"\(any, \*\(12,\)\) is wanted"):
        mho.Network([mho.Dense(w)]).run(np.ones((2, 5)))
    with pytest.raises(mho.FileError):
        mho.Network.from_onnx("/nowhere.onnx")


def test_a_file_that_is_none(tmp_path):
    path = tmp_path / "not.onnx"
    path.write_bytes(b"\x08\x07this is not a network" * 9)
    with pytest.raises(mho.FormatError):
        mho.Network.from_onnx(path)


def test_an_onnx_file_computes_what_its_runtime_does(tmp_path):
    onnx = pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    w = rng.normal(size=(6, 9)).astype(np.float32)
    graph = onnx.helper.make_graph(
        [
            onnx.helper.make_node("Gemm", ["x", "w"], ["a"], transB=1),
            onnx.helper.make_node("Sigmoid", ["a"], ["y"]),
        ],
        "small",
        [onnx.helper.make_tensor_value_info("x", 1, ["n", 9])],
        [onnx.helper.make_tensor_value_info("y", 1, ["n", 6])],
        [onnx.numpy_helper.from_array(w, "w")],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)])
    model.ir_version = 8
    path = str(tmp_path / "small.onnx")
    onnx.save(model, path)
    x = rng.normal(size=(4, 9)).astype(np.float32)
    want = runtime.InferenceSession(path).run(None, {"x": x})[0]
    np.testing.assert_allclose(mho.Network.from_onnx(path).run(x), want, atol=1e-5)
