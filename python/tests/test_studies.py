import os
import pathlib

import numpy as np
import pytest

import mho

LOOP = pathlib.Path(
    os.environ.get("MHO_DATA", pathlib.Path(__file__).parents[3] / "shared/data")
) / "vo2/rt-loop-150nm-film.csv"


def test_curves_of_the_bench():
    d = mho.device("vo2-neuron", "T")
    assert "rt" in d.curves
    c = d.curve("rt", n_point=50)
    assert set(c.traces) == {"heating", "cooling"} and c.notes
    names = list(c.units)
    up, down = (c.traces[k][names[1]] for k in ("heating", "cooling"))
    assert up.max() / up.min() > 30 and up.shape == down.shape
    with pytest.raises(mho.ArgumentError, match="not a curve"):
        d.curve("horoscope")


def test_a_fit_finds_the_card_again(tmp_path):
    c = mho.device("vo2-neuron", "T").curve("rt", n_point=80)
    t_name, r_name = list(c.units)[:2]
    lines = ["temperature (K),resistance (ohm),branch"]
    for branch in ("heating", "cooling"):
        rows = zip(c.traces[branch][t_name], c.traces[branch][r_name])
        lines += [f"{t!r},{r!r},{branch}" for t, r in ((float(t), float(r)) for t, r in rows)]
    path = tmp_path / "loop.csv"
    path.write_text("\n".join(lines) + "\n")
    f = mho.fit(path, law="bruggeman-2d")
    want = mho.device("vo2-neuron", "T").parameters
    assert f.parameters["t_c"].value == pytest.approx(want["t_c_K"].value, abs=0.5)
    assert f.rms < 0.05 and f.x.shape == f.y_model.shape == (160,)
    assert f.correlation.shape == (len(f.parameters),) * 2
    card = tmp_path / "card.yaml"
    card.write_text(f.card)
    assert mho.device("vo2-neuron", card).parameters["t_c_K"].mark == "C"
    assert "bruggeman-2d" in repr(f)


    with pytest.warns(mho.Warning, match="did not converge"):
        stopped = mho.fit(path, max_iter=2)
    assert not stopped.converged and f.converged
    with pytest.raises(ValueError, match="not pulsed"):
        mho.fit(path, "pulsed", max_iter=9)


@pytest.mark.skipif(not LOOP.exists(), reason="no data")
def test_the_measured_loop():
    f = mho.fit(LOOP, n_bootstrap=40)
    assert f.n_point == 264 and f.n_bootstrap == 40 and f.notes
    p = f.parameters["t_c"]
    assert p.boot_low < p.value < p.boot_high


def test_files_that_do_not_fit_are_refused(tmp_path):
    with pytest.raises(mho.FileError):
        mho.fit("/nowhere.csv")
    bad = tmp_path / "bad.csv"
    bad.write_text("T (K),R (ohm)\n300,one\n")
    with pytest.raises((mho.FormatError, mho.ArgumentError)):
        mho.fit(bad)
    with pytest.raises(ValueError, match="bruggeman-2d"):
        mho.fit(bad, law="murphy")
    with pytest.raises(ValueError, match="pulsed"):
        mho.fit(bad, "chewing-gum")


STUDY = """
experiment: lenet5-mott
train_images: 200
epochs: 1
images: 50
chips: 2
threshold: 20 %
imperfections: [levels, programming, read noise]
axes:
  chip.synapse.read_noise: [0.5 %, 20 %]
"""


def test_a_study_runs_and_goes_on(tmp_path, monkeypatch):
    monkeypatch.setenv("MHO_CACHE", str(tmp_path / "cache"))
    (tmp_path / "study.yaml").write_text(STUDY)
    r = mho.sweep(tmp_path / "study.yaml", tmp_path / "out")
    assert (r.n_point, r.n_chip, r.n_made) == (2, 2, 4)
    assert [a.key for a in r.axes] == ["chip.synapse.read_noise"]
    np.testing.assert_allclose(r.points[:, 0], [0.005, 0.2])
    assert r.values["accuracy"].shape == (2, 2) and r.units["energy"] == "J"
    assert (r.values["energy"] > 0).all()
    assert "2 points" in repr(r)
    again = mho.sweep(tmp_path / "study.yaml", tmp_path / "out")
    assert (again.n_known, again.n_made) == (4, 0)
    np.testing.assert_array_equal(again.values["accuracy"], r.values["accuracy"])
    (tmp_path / "study.yaml").write_text(STUDY.replace("0.5 %", "0.5 V"))
    with pytest.raises(mho.FormatError, match="read_noise"):
        mho.sweep(tmp_path / "study.yaml", tmp_path / "out")


def test_lenet_on_chips(tmp_path, monkeypatch):
    monkeypatch.setenv("MHO_CACHE", str(tmp_path))
    r = mho.run_lenet5(n_chip=2, n_budget_chip=0, n_image=100, n_epoch=1)
    assert 0 <= r.mean <= 1 and r.chip_accuracy.shape == (2,)
    assert r.confusion.sum() == 200 and r.curves.shape[1] == 161
    assert r.cost.energy_J == pytest.approx(sum(r.cost.energy_parts_J.values()))
    assert r.nominal_curve[-1] > r.nominal_curve[0]


def test_digits():
    x, y = mho.digits(20, seed=3)
    assert x.shape == (20, 28, 28) and x.dtype == np.uint8
    assert sorted(y[:10]) == list(range(10))
    np.testing.assert_array_equal(mho.digits(3, seed=3, first=10)[0], x[10:13])
    with pytest.raises(mho.ArgumentError):
        mho.digits(0)


def test_pictures():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import mho.plot

    mho.plot.neuron(mho.Neuron(), 3)
    a = mho.Array(np.full((8, 6), 1e-5), r_wire_ohm=5.0)
    mho.plot.drop(a, np.full(8, 0.1))
    mho.plot.curve(mho.device("vo2-neuron").curve("rt", n_point=20))
    mho.plot.learning(mho.learn("maze", n_seed=3, n_episode=20))
    t = mho.device("cbram").transient(([0, 1e-6], [0, 0.1]), 1e-6)
    mho.plot.transient(t, ["v"])
    if LOOP.exists():
        mho.plot.fit(mho.fit(LOOP))
