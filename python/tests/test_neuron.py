import numpy as np
import pytest

import mho


def test_the_design_is_a_relu():
    n = mho.Neuron()
    z = np.linspace(-1, 1, 41)
    a = n.curve(z)
    assert (np.diff(a) > 0).all() and a[-1] == pytest.approx(1)
    assert n.design.relu_error_rel < 0.05
    out, t_K = n.output(n.design.circuit.v_bias_V)
    rise = float(t_K) - n.values["t_base_K"]
    assert rise == pytest.approx(n.design.rise_bias_K, rel=0.01)
    assert out.shape == ()


def test_parameters_have_units_and_sources():
    table = mho.Neuron("U").parameters
    assert table["rth"].unit == "K/W" and table["rth"].mark in "PCA"
    assert "K/W" in repr(table["rth"]) and "\n" in repr(table)
    assert len(table) > 20


def test_parameters_may_be_changed():
    slow = mho.Neuron(cth_J_per_K=1e-14)
    assert slow.design.tau_s == pytest.approx(2 * mho.Neuron().design.tau_s)
    with pytest.raises(TypeError, match="rth_K_per_W"):
        mho.Neuron(rth=3)
    with pytest.raises(mho.ArgumentError, match="rth = -1 K/W: allowed are"):
        mho.Neuron(rth_K_per_W=-1)
    with pytest.raises(mho.ArgumentError, match="U .*T .*N"):
        mho.Neuron("X")
    with pytest.raises(ValueError, match="bruggeman-2d"):
        mho.Neuron(mixing="cake")


def test_devices_of_a_seed():
    n = mho.Neuron()
    many = n.sample(2000, seed=5)
    np.testing.assert_array_equal(n.sample(3, seed=5, first=10), many[10:13])
    assert many[:, 0].std() == pytest.approx(n.values["sd_t_c_K"], rel=0.1)
    low, high = n.curve([0.5], many[many[:, 0].argmax()]), n.curve([0.5], many[many[:, 0].argmin()])
    assert low[0] < n.curve([0.5])[0] < high[0]


def test_prints():
    assert repr(mho.Neuron()).startswith("<mho.Neuron N: span 1.22 mV")
    assert "tau_s=12.5 ns" in repr(mho.Neuron().design)
