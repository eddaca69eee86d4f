import numpy as np
import pytest

import mho


def test_models_and_their_parameters():
    assert {"vo2-neuron", "cbram", "optomemristor"} <= set(mho.models())
    d = mho.device("vo2-neuron", "T")
    assert d.parameters["rth_K_per_W"].unit == "K/W"
    assert set(d.cards) == {"U", "T", "N"}
    assert "vo2-neuron card T" in repr(d)
    changed = mho.device("vo2-neuron", rth_K_per_W=2e6).set(cth="6 fJ/K")
    assert changed.parameters["rth_K_per_W"].value == 2e6
    assert changed.parameters["cth_J_per_K"].value == pytest.approx(6e-15)
    assert changed.parameters["rth_K_per_W"].mark == "F"
    assert "rth: 2 MK/W" in changed.yaml()


def test_a_card_file_comes_back(tmp_path):
    d = mho.device("pulsed", "ecram")
    path = tmp_path / "card.yaml"
    path.write_text(d.yaml())
    again = mho.device("pulsed", path)
    assert {k: p.value for k, p in again.parameters.items()} == {
        k: p.value for k, p in d.parameters.items()
    }


def test_what_is_wrong_is_said():
    with pytest.raises(mho.ArgumentError, match="vo2-neuron"):
        mho.device("flux-capacitor")
    with pytest.raises(mho.ArgumentError, match="card"):
        mho.device("vo2-neuron", "Z")
    with pytest.raises(mho.ArgumentError, match="allowed"):
        mho.device("vo2-neuron", rth_K_per_W=-1)
    with pytest.raises(TypeError, match="not a parameter"):
        mho.device("vo2-neuron", nonsense=1)
    with pytest.raises(TypeError, match="not an input: v"):
        mho.device("cbram").currents(voltage=1)
    with pytest.raises(mho.ArgumentError, match="cannot be programmed"):
        mho.device("optomemristor").devices(2).program(1e-6)
    with pytest.raises(ValueError):
        mho.device("cbram").devices(0)
    with pytest.raises(mho.ArgumentError, match="stop"):
        mho.device("cbram").transient(1.0, -1.0)


def test_currents_of_any_shape():
    d = mho.device("ideal")
    v = np.linspace(-0.2, 0.2, 6).reshape(2, 3)
    out = d.currents(v=v)
    np.testing.assert_allclose(out["i"], out["g"] * v, rtol=1e-12)
    assert out["i"].shape == (2, 3)
    assert mho.device("optomemristor").currents(v=0.05)["i"].shape == ()  # a model with states


def test_devices_differ_and_repeat():
    cells = mho.device("cbram").devices(500, seed=3).set(v=0.1)
    g = cells.program(30e-6).outputs()["g"].copy()
    assert g.mean() == pytest.approx(30e-6, rel=0.05) and g.std() > 0
    part = mho.device("cbram").devices(5, seed=3, first=100).set(v=0.1)
    np.testing.assert_array_equal(part.program(30e-6).outputs()["g"], g[100:105])
    assert cells.read()["i"].std() > 0


def test_pulses_move_a_cell_up_and_down():
    cell = mho.device("pulsed", "idealized").devices(1, spread=False)
    low = cell.outputs()["g"][0]
    for _ in range(50):
        cell.pulse(1)
    high = cell.outputs()["g"][0]
    cell.pulse([-1.0])
    assert low < high > cell.outputs()["g"][0]
    assert cell.restart().outputs()["g"][0] == low


def test_states_are_set_and_time_passes():
    d = mho.device("optomemristor").devices(2, spread=False)
    d.set_states(n=[0.5, 0.25])
    d.step(0.1)
    n = d.states()["n"]
    assert 0 < n[1] < 0.25 < n[0] < 0.5
    with pytest.raises(TypeError, match="not a state"):
        d.set_states(q=1)
    with pytest.raises(mho.ArgumentError, match="allowed"):
        d.set_states(x=2.0)


def test_a_transient_balances_its_energy():
    light = ([0, 0.5e-3, 0.5e-3], [0, 0, 100.0])
    t = mho.device("optomemristor").transient(
        ([0, 1e-3, 1e-3], [0, 0, 0.159]), 2e-3, r_series_ohm=1e3, inputs={"light": light}
    )
    assert t.time_s[0] == 0 and t.time_s[-1] == pytest.approx(2e-3)
    assert t["x"][-1] > t["x"][0] and set(t.units) == set(t.columns)
    assert abs(t.circuit_residual_rel) < 1e-6
    assert t.energy_J["source"] == pytest.approx(t.energy_J["series"] + t.energy_J["port"], rel=1e-6)


def test_devices_keep_their_model():
    many = mho.device("pcm").devices(3)  # the device itself is gone
    assert many.set(v=0.1).outputs()["g"].shape == (3,)


def test_a_measured_curve_is_a_device(tmp_path):
    path = tmp_path / "iv.csv"
    path.write_text("V (V), I (uA)\n" + "".join(f"{v},{10 * v + 2 * v**3}\n" for v in (-1, -0.5, 0, 0.5, 1)))
    d = mho.device(path)
    assert d.currents(v=0.5)["i"] == pytest.approx(5.25e-6)
    many = d.devices(2)
    del d  # the model stays as long as its devices
    assert many.set(v=1.0).outputs()["i"][0] == pytest.approx(12e-6)


def test_a_transient_whose_energy_does_not_add_up_is_a_warning():
    d = mho.device("vo2-filament")
    with pytest.warns(mho.Warning, match="balance of energy"):
        t = d.transient(1.3, 50e-9, r_series_ohm=12e3, c_parallel_F=1e-13, tol_rel=1e-2, n_sample=11)
    assert max(t.circuit_residual_rel, t.device_residual_rel) > 1e-3
