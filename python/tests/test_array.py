import gc
import os
import sys
import tracemalloc
import warnings

import numpy as np
import pytest

import mho
from oracle import currents

rng = np.random.default_rng(7)
G = rng.uniform(1e-6, 61e-6, (9, 7))
V = rng.uniform(0.03, 0.21, (3, 9))
WIRES = dict(r_word_ohm=3.7, r_bit_ohm=2.3, r_source_ohm=113.0, r_sense_ohm=71.0)


@pytest.mark.parametrize("solver", ["auto", "transfer", "cg", "newton", "reference"])
def test_currents_are_those_of_nodal_analysis(solver):
    a = mho.Array(G, solver=solver, **WIRES)
    want = np.array([currents(G, v, 3.7, 2.3, 113.0, 71.0) for v in V])
    np.testing.assert_allclose(a.read(V), want, rtol=1e-10)
    np.testing.assert_allclose(a.read(V[1]), want[1], rtol=1e-10)


def test_ideal_wires_are_a_matrix_product():
    np.testing.assert_allclose(mho.Array(G).read(V), V @ G, rtol=1e-12)


def test_effective_matrix_is_what_reads_do():
    a = mho.Array(G, **WIRES)
    m = a.effective_matrix()
    assert m.shape == G.shape
    np.testing.assert_allclose(V @ m, a.read(V), rtol=1e-10)
    y = rng.normal(size=(2, 7))
    np.testing.assert_allclose(a.adjoint(y), y @ m.T, rtol=1e-10)
    t = mho.Array(G, transposed=True, **WIRES)
    assert (t.n_in, t.n_out) == (7, 9)


def test_update_is_a_new_programme():
    a, g = mho.Array(G, **WIRES), G.copy()
    a.read(V)
    g[[2, 5], [3, 6]] = [11e-6, 0.0]
    a.update([[2, 3], [5, 6]], [11e-6, 0.0])
    np.testing.assert_allclose(a.read(V), mho.Array(g, **WIRES).read(V), rtol=1e-9)
    a.update([0, 1], 5e-6)
    with pytest.raises(ValueError):
        a.update([63], 5e-6)


def test_power_adds_up_and_node_voltages_fit():
    a = mho.Array(G, **WIRES)
    p = a.power(V)
    parts = p.cells_W + p.words_W + p.bits_W + p.source_W + p.sense_W
    np.testing.assert_allclose(parts, p.delivered_W, rtol=1e-9)
    n = a.node_voltages(V[0])
    np.testing.assert_allclose((G * n.cell_V).sum(axis=0), a.read(V[0]), rtol=1e-9)
    single = a.power(V[0])
    assert isinstance(single.delivered_W, float) and single.cell_W.shape == G.shape
    assert single.delivered_W == pytest.approx(p.delivered_W[0])


def test_gradient_is_the_difference_quotient():
    y = rng.normal(size=7)
    grad, back = mho.Array(G, **WIRES).gradient(V[0], y)
    g, h = G.copy(), 1e-10
    g[4, 2] += h
    up, down = mho.Array(g, **WIRES), mho.Array(2 * G - g, **WIRES)
    quotient = (up.read(V[0]) - down.read(V[0])) @ y / (2 * h)
    assert grad[4, 2] == pytest.approx(quotient, rel=1e-5)
    assert back.shape == (9,)


def test_a_cell_law_in_python_is_that_in_c():
    a = 2.3

    def law(g_S, v_V):
        return g_S * np.sinh(a * v_V) / a, g_S * np.cosh(a * v_V)

    own = mho.Array(G, cell=law, **WIRES)
    built_in = mho.Array(G, cell="sinh", law_a_per_V=a, **WIRES)
    np.testing.assert_allclose(own.read(V), built_in.read(V), rtol=1e-9)


def test_an_exception_in_a_cell_law_comes_out():
    def law(g_S, v_V):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        mho.Array(G, cell=law, **WIRES).read(V)
    with pytest.raises(ValueError):  # wrong shape
        mho.Array(G, cell=lambda g, v: (g[:2], v), **WIRES).read(V)


def test_an_array_at_work_says_so_to_its_own_callback():
    arrays = []
    arrays.append(mho.Array(G, cell=lambda g, v: (arrays[0].read(V), g), **WIRES))
    with pytest.raises(RuntimeError, match="at work"):
        arrays[0].read(V)


def test_options_of_lines_and_cells():
    r = rng.uniform(1, 5, 9)
    np.testing.assert_allclose(
        mho.Array(G, r_word_ohm=np.full(9, 3.7), r_bit_ohm=2.3).read(V),
        mho.Array(G, r_word_ohm=3.7, r_bit_ohm=2.3).read(V),
        rtol=1e-10,
    )
    assert "per line" in repr(mho.Array(G, r_word_ohm=r))
    stuck = np.zeros(G.shape, dtype=int)
    stuck[3, 3] = 1
    g = G.copy()
    g[3, 3] = 0
    np.testing.assert_allclose(
        mho.Array(G, stuck=stuck, **WIRES).read(V), mho.Array(g, **WIRES).read(V), rtol=1e-10
    )
    off = np.arange(9) == 2
    i = mho.Array(G, row_off=off, bias_row="ground", **WIRES).read(V)
    w = V.copy()
    w[:, 2] = 0
    np.testing.assert_allclose(i, mho.Array(G, **WIRES).read(w), rtol=1e-10)


def test_errors_carry_the_message_of_the_library():
    with pytest.raises(mho.ArgumentError, match=r"cell \(0,1\)") as e:
        mho.Array([[1e-6, -1e-6]])
    assert isinstance(e.value, (mho.Error, ValueError))
    assert (e.value.status, e.value.status_name) == (-1, "MHO_ERR_ARG")
    with pytest.raises(mho.ArgumentError, match="nan"):
        mho.Array([[float("nan")]])
    with pytest.raises(mho.ArgumentError):
        mho.Array(G, r_word_ohm=-1.0)
    with pytest.raises(mho.SingularError):
        mho.Array(G, row_off=np.arange(9) == 2, solver="transfer").program(np.zeros(G.shape))
    for bad in (dict(solver="magic"), dict(drive="up"), dict(cell="mosfet"), dict(bias_row=None)):
        with pytest.raises(ValueError, match="allowed are"):
            mho.Array(G, **bad)
    with pytest.raises(ValueError, match=r"\(9,\) or \(any, 9\) is wanted"):
        mho.Array(G).read(np.ones(8))
    with pytest.raises(ValueError, match="stuck"):
        mho.Array(G, stuck=np.zeros((2, 2)))
    with pytest.raises(TypeError):
        mho.Array()
    with pytest.raises(mho.FileError):
        mho.Array(G).save_spice(V[0], "/nowhere/at/all.cir")


def test_a_result_that_did_not_converge_is_a_warning():
    a = mho.Array(1e3 * G, cell="sinh", law_a_per_V=30.0, max_iter=1, **WIRES)
    with pytest.warns(mho.Warning, match="did not converge"):
        assert a.read(V).shape == (3, 7)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(mho.Warning):
            a.read(V)


def test_a_closed_array_says_so():
    with mho.Array(G) as a:
        a.read(V)
    with pytest.raises(ValueError, match="closed"):
        a.read(V)
    a.close()


def test_reports_print_with_units():
    i, report = mho.Array(G, **WIRES).read_checked(V)
    assert report.residual_rel < 1e-12 and report.solver
    assert "power_W=" in repr(report) and " uW" in repr(report)
    assert repr(mho.Array(G, r_wire_ohm=2.0)).startswith("<mho.Array 9 x 7, ")
    assert "<float64 (9, 7) in V>" in repr(mho.Array(G, **WIRES).node_voltages(V[0]))


def test_input_of_any_kind():
    a = mho.Array(G)
    np.testing.assert_array_equal(a.read(V.astype(np.float32)), a.read(V.astype(np.float32).tolist()))
    np.testing.assert_array_equal(a.read(np.asfortranarray(V)), a.read(V))
    np.testing.assert_array_equal(a.read(V[::2]), a.read(V)[::2])
    np.testing.assert_array_equal(mho.Array(G, threads=1).read(V), mho.Array(G, threads=3).read(V))


def resident_bytes():
    if "MHO_SANITIZED" in os.environ:
        return 0  # a sanitizer keeps what was freed, to see whether it is used again
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * 4096


def test_reference_counts_and_memory_are_flat_over_10000_reads():
    a = mho.Array(G, cell="sinh", **WIRES)
    v = V[0].copy()
    objects = [v, a, a._handle, mho.Array, np.float64]  # None is everybody's: see the blocks below

    def reads(n):
        for _ in range(n):
            a.read(v)

    reads(1000)
    gc.collect()
    counts, blocks = [sys.getrefcount(x) for x in objects], sys.getallocatedblocks()
    tracemalloc.start()
    held, resident, library = tracemalloc.get_traced_memory()[0], resident_bytes(), a.n_bytes
    reads(10000)
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - held
    tracemalloc.stop()
    assert [sys.getrefcount(x) for x in objects] == counts
    assert a.n_bytes == library
    assert grown < 20_000
    assert abs(sys.getallocatedblocks() - blocks) < 200
    assert resident_bytes() - resident < 8 << 20


def test_memory_of_arrays_is_given_back():
    def make():
        a = mho.Array(np.full((64, 64), 1e-5), r_wire_ohm=1.0)
        a.effective_matrix()

    for _ in range(20):
        make()
    gc.collect()
    before = resident_bytes()
    for _ in range(200):
        make()
    gc.collect()
    assert resident_bytes() - before < 8 << 20
