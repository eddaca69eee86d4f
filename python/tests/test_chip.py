import numpy as np
import pytest

import mho

rng = np.random.default_rng(5)
X = rng.uniform(0, 1, (300, 20)).astype(np.float32)
W1, B1, W2 = rng.normal(size=(40, 20)) / 4, rng.normal(size=40) / 4, rng.normal(size=(4, 40)) / 6
NET = mho.Network([mho.Dense(W1, B1, relu=True), mho.Dense(W2)])
Y = NET.run(X).argmax(axis=1)


@pytest.fixture(scope="module")
def chip():
    return mho.Chip(NET, calibrate=X)


def test_an_ideal_chip_is_near_the_network(chip):
    report = chip.program(imperfections="none")
    assert report.n_neuron == 40 and report.error_rel == 0
    scores = chip.run(X)
    assert scores.shape == (300, 4) and scores.dtype == np.float32
    assert np.corrcoef(scores.ravel(), NET.run(X).ravel())[0, 1] > 0.95
    assert chip.accuracy(X, Y) > 0.9
    np.testing.assert_array_equal(chip.predict(X), scores.argmax(axis=1))


def test_the_same_chip_is_the_same_bits(chip):
    chip.program(7, 3)
    first = chip.run(X)
    chip.program(7, 4)
    assert not np.array_equal(chip.run(X), first)
    other = mho.Chip(NET, calibrate=X, threads=1)
    other.program(7, 3)
    np.testing.assert_array_equal(other.run(X), first)


def test_exact_rectifiers_leave_the_network_nearly_as_it_was():
    c = mho.Chip(NET, calibrate=X, exact_relu=True, percentile=1.0, chip={"periphery.adc_bits": 16})
    c.program(imperfections="none")
    x = X[:128]  # those that the ranges come from; large weights are cut
    np.testing.assert_allclose(c.run(x), NET.run(x), atol=0.06 * np.abs(NET.run(x)).max())


def test_columns_are_calibrated_where_the_chip_file_wants_it():
    offset = {"periphery.amplifier_offset": "100 mV"}
    wanted = {**offset, "periphery.column_gain": "calibrated"}
    fixed, calibrated = (mho.Chip(NET, calibrate=X, chip=keys) for keys in (offset, wanted))
    exact = NET.run(X).ravel()
    near = [np.corrcoef(c.run(X).ravel(), exact)[0, 1] for c in (fixed, calibrated)]
    assert near[1] > near[0] + 0.02
    with pytest.raises(mho.ArgumentError, match="column_gain"):
        mho.Chip(NET, chip=wanted).run(X)


def test_inside(chip):
    chip.program()
    cost, check = chip.cost(X), chip.check(X)
    assert cost.n_activation == 40 and cost.energy_J > 0
    assert sum(cost.energy_parts_J.values()) == pytest.approx(cost.energy_J)
    assert check.array_error_rel < 1e-4 and check.residual_rel < 1e-10
    error, correlation = chip.compare(X)
    assert error.shape == (2,) and (correlation > 0.8).all()
    assert [s.end for s in chip.stages] == ["neurons", "winner"]
    assert repr(chip).startswith("<mho.Chip (20,) -> (4,): 2 stages")


def test_the_verdict(chip):
    v = chip.verdict(X, Y, n_chip=2)
    assert v.software_accuracy == 1 and v.ideal_accuracy > 0.9 and len(v.chip_accuracy) == 2
    assert "hardware" in repr(v) and "tiles" in repr(v)


def test_convolutions_and_residual_adds():
    k = rng.normal(size=(8, 3, 3, 3)) / 5
    layers = [
        mho.Conv(k, relu=True, pad=1),
        mho.Residual([mho.Conv(rng.normal(size=(8, 8, 3, 3)) / 8, pad=1)]),
        mho.MaxPool(2),
        mho.Apply("GlobalAveragePool"),
        mho.Dense(rng.normal(size=(10, 8))),
    ]
    x = rng.uniform(0, 1, (16, 3, 8, 8)).astype(np.float32)
    c = mho.Chip(layers, calibrate=x)
    c.program(imperfections="none")
    assert c.run(x).shape == (16, 10)
    assert c.stages[1].work.endswith("skip")
    assert np.corrcoef(c.run(x).ravel(), c.network.run(x).ravel())[0, 1] > 0.9


def test_chip_files_and_keys(tmp_path):
    table = mho.chip_parameters({"array.wire": "5 ohm", "synapse.levels": 16})
    assert table["array.wire"].value == 5 and table["synapse.levels"].value == 16
    path = tmp_path / "chip.yaml"
    path.write_text(mho.chip_file({"array.wire": 7}))
    assert mho.chip_parameters(path)["array.wire"].value == 7
    assert mho.chip_parameters({"file": path, "array.rows": 64})["array.wire"].value == 7
    with pytest.raises(mho.ArgumentError, match="did you mean"):
        mho.chip_parameters({"array.wires": 3})
    with pytest.raises(ValueError, match="wrong unit"):
        mho.chip_parameters({"array.wire": "5 V"})
    with pytest.raises(ValueError, match="U, T, N"):
        mho.chip_parameters({"neuron.card": "Q"})
    with pytest.raises(mho.ArgumentError, match="allowed are 2 to"):
        mho.chip_parameters({"array.rows": -4})


def test_what_is_wrong_is_said(chip):
    assert "wires" in mho.imperfections()
    with pytest.raises(ValueError, match="allowed are all, none, "):
        chip.program(without=["bugs"])
    with pytest.raises(ValueError, match=r"\(20,\)"):
        chip.run(np.zeros((3, 5)))
    with pytest.raises(ValueError, match="2 labels for 3 samples"):
        chip.accuracy(X[:3], [1, 2])
    with pytest.raises(mho.FileError):
        mho.Chip(NET, chip="/nowhere.yaml")
    with pytest.raises(mho.FileError):
        mho.Chip("/nowhere.onnx")
    with pytest.raises(mho.ArgumentError):
        mho.Chip([mho.Dense(W1), mho.Apply("Softmax"), mho.Dense(rng.normal(size=(3, 40)))]).run(X)
