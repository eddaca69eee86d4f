"""What surrounds every call: Ctrl-C, other threads, progress, errors."""

import pickle
import signal
import subprocess
import sys
import textwrap
import threading
import time
import types

import numpy as np
import pytest

import mho

LONG = 'mho.learn("maze", n_seed=100_000, n_episode=300)'


def test_ctrl_c_stops_a_long_call():
    code = f"""
        import mho, sys
        print("ready", flush=True)
        try:
            {LONG}
        except KeyboardInterrupt:
            print("interrupted", flush=True)
            assert mho.learn("bandit", n_seed=3, n_episode=20).n_seed == 3  # and life goes on
            sys.exit(7)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True
    ) as p:
        assert p.stdout.readline() == "ready\n"
        time.sleep(0.4)
        start_s = time.monotonic()
        p.send_signal(signal.SIGINT)
        out, _ = p.communicate(timeout=60)
        assert out == "interrupted\n" and p.returncode == 7
        assert time.monotonic() - start_s < 30


def test_ctrl_c_stops_a_world_and_a_law_in_python():
    code = """
        import mho, os, signal
        class W(mho.World):
            n_place, n_action, n = 2, 2, 0
            def reset(self, luck):
                return 0
            def step(self, action, luck):
                self.n += 1
                if self.n == 100:
                    os.kill(os.getpid(), signal.SIGINT)
                return mho.Step(1)
        try:
            mho.learn(W(), n_seed=10**5)
        except KeyboardInterrupt:
            print("interrupted")
    """
    out = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60
    )
    assert out.stdout == "interrupted\n", out.stderr


def test_other_threads_run_during_a_long_call():
    count, stop = [0], threading.Event()

    def counter():
        while not stop.is_set():
            count[0] += 1
            time.sleep(0)

    t = threading.Thread(target=counter)
    seen = []

    def progress(stage, done_frac):
        seen.append(count[0])

    t.start()
    mho.learn("maze", n_seed=60, n_episode=100, progress=progress, threads=1)
    stop.set()
    t.join()
    # it counted between any two reports of progress, which come from inside the call
    assert len(seen) >= 2 and all(b > a + 100 for a, b in zip(seen, seen[1:]))


def test_two_threads_at_one_array_take_turns():
    g = np.random.default_rng(3).uniform(1e-6, 5e-5, (40, 30))
    a, v = mho.Array(g, r_wire_ohm=2.0), np.full(40, 0.1)
    want, wrong = a.read(v), []

    def reads():
        wrong.extend(1 for _ in range(200) if not np.array_equal(a.read(v), want))

    threads = [threading.Thread(target=reads) for _ in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert not wrong


def test_progress_is_told_and_may_stop_the_call():
    said = []
    mho.learn("maze", n_seed=100, n_episode=100, progress=lambda s, f: said.append((s, f)))
    assert said and all(s == "learning" and 0 <= f <= 1 for s, f in said)

    class Enough(Exception):
        pass

    def enough(stage, done_frac):
        raise Enough

    with pytest.raises(Enough):
        mho.learn("maze", n_seed=10**5, progress=enough)


def test_the_bar_is_written_over_and_cleared(capsys):
    mho.learn("maze", n_seed=100, n_episode=100, progress=True)
    text = capsys.readouterr().err
    assert "learning" in text and " %" in text and text.endswith("\r\033[K")
    mho.learn("maze", n_seed=100, n_episode=20, progress=None)
    assert capsys.readouterr().err == ""


def test_a_notebook_gets_one_line_that_changes(monkeypatch):
    class Shell:
        pass

    Shell.__name__ = "ZMQInteractiveShell"
    lines = []

    class Display:
        def update(self, data, raw):
            lines.append(data["text/plain"])

    def display(data, raw, display_id):
        lines.append(data["text/plain"])
        return Display()

    ipython = types.SimpleNamespace(get_ipython=Shell)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", types.SimpleNamespace(display=display))
    monkeypatch.delitem(sys.modules, "tqdm.auto", raising=False)
    mho.learn("maze", n_seed=100, n_episode=100, progress=True)
    assert lines[0].startswith("learning") and "#" in "".join(lines) and lines[-1] == ""


def test_errors_are_exceptions_that_can_be_sent():
    with pytest.raises(mho.FormatError) as e:
        mho.learn("my maze", maze="S.\n.?")
    assert "my maze:2:2" in str(e.value)
    again = pickle.loads(pickle.dumps(e.value))
    assert (type(again), str(again), again.status) == (mho.FormatError, str(e.value), -5)
    with pytest.raises(mho.FileError, match="nowhere") as e:
        mho.run_lenet5("/nowhere")
    assert isinstance(e.value, OSError)


def test_threads_of_the_library():
    with pytest.raises(mho.ArgumentError, match="1 to 1024"):
        mho.set_threads(5000)
    mho.set_threads(1)
    one = mho.learn("maze", n_seed=8, n_episode=40)
    mho.set_threads(0)
    np.testing.assert_array_equal(one.steps, mho.learn("maze", n_seed=8, n_episode=40).steps)
