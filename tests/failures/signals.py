"""signals.py MHO [ROUNDS] - Ctrl-C, kill and a closed terminal at random moments.

The command ends by the signal, within a second or so, says that and how to go on where it can; it leaves no temporary file and no
half-written result, and a result of before as it was. After kill -9 the same command works.
"""
import math
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import cases  # noqa: E402

OLD = "a result of before\n"
STUDY = """experiment: lenet5-mott
data: digits
chip: wires.yaml
train_images: 500
epochs: 2
images: 300
chips: 500
"""
# command, and whether it says that the same command goes on
LONG = [
    ("run lenet5-mott --chips 50 --json old.json --report old.html", True),
    ("sweep long.yaml --out study.sweep --no-report --json old.json", True),
    ("learn maze --seeds 200 --episodes 2000 --json old.json --report old.html", False),
    ("learn xor --neurons 10000000 --seeds 100 --json old.json", False),
    ("fit pulsed pulses.csv --bootstrap 50000 --json old.json --report old.html", False),
    ("image big.pgm --out old.png --json old.json", False),
    ("array --random 700x700 --wire 2 --cell sinh:2 --random-inputs 400 --out old.npy", False),
]
RESUMES = "mho: the same command goes on where this one stopped"


def start(mho, command, folder, env):
    def fresh():
        for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(s, signal.SIG_DFL)
    return subprocess.Popen([mho, *command.split()], cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                            preexec_fn=fresh)


def judge(folder, process, err, sig, resumes, took_s):
    wrong = []
    if process.returncode != -sig:
        wrong.append(f"exit status {process.returncode}: {err.strip()[:200]}")
    if took_s > 10:
        wrong.append(f"takes {took_s:.1f} s")
    if sig != signal.SIGKILL:
        if not err.startswith("mho: stopped"):
            wrong.append(f"says {err!r}")
        if (RESUMES in err.split("\n")) != resumes:
            wrong.append(f"about going on: {err!r}")
    for path in folder.rglob("*.tmp-*"):
        wrong.append(f"leaves {path.name}")
    for path in folder.glob("old.*"):
        data = path.read_bytes()
        whole = {".json": data.endswith(b"}\n"), ".html": b"</html>" in data, ".png": data[-8:-4] == b"IEND", ".npy": False}[path.suffix]
        if data != OLD.encode() and not whole:
            wrong.append(f"{path.name} is half-written")
    return wrong


def main():
    mho, rounds = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    n_wrong = n_early = 0
    took = []
    r = random.Random()
    with tempfile.TemporaryDirectory(prefix="mho-signals-") as folder:
        folder = pathlib.Path(folder)
        env = {**os.environ, "MHO_CACHE": str(folder / "cache"), "LC_ALL": "C.UTF-8"}
        (folder / "wires.yaml").write_text("chip:\n  array: {compensate: 0, wire: 0, source: 0, sense: 0}\n")
        (folder / "long.yaml").write_text(STUDY)
        (folder / "pulses.csv").write_text(cases.pulses_csv())
        side = 1500
        (folder / "big.pgm").write_bytes(b"P5 %d %d 255\n" % (side, side) + bytes(int(120 + 100 * math.sin(k * k)) for k in range(side)) * side)
        for _ in range(rounds):
            for command, resumes in LONG:
                for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
                    for name in ("old.json", "old.html", "old.png", "old.npy"):
                        (folder / name).write_text(OLD)
                    process = start(mho, command, folder, env)
                    time.sleep(r.uniform(0.3, 1.0))
                    if process.poll() is not None:
                        n_early += 1
                        process.stderr.close()
                        continue
                    process.send_signal(sig)
                    begin = time.time()
                    try:
                        _, err = process.communicate(timeout=30)
                    except subprocess.TimeoutExpired:
                        process.kill()
                        _, err = process.communicate()
                    took.append(time.time() - begin)
                    if process.returncode == 0:
                        n_early += 1
                        continue
                    for text in judge(folder, process, err, sig, resumes, took[-1]):
                        n_wrong += 1
                        print(f"FAILED: {signal.Signals(sig).name}: mho {command}: {text}")
        # a signal that the caller has switched off stays so
        process = subprocess.Popen([mho, *"learn maze --seeds 20 --episodes 100 --json done.json".split()], cwd=folder, env=env,
                                   stdout=subprocess.DEVNULL, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        if process.wait(120) != 0 or not (folder / "done.json").exists():
            n_wrong += 1
            print("FAILED: a signal that is switched off stops the command")
        again = subprocess.run([mho, *"sweep long.yaml --out study.sweep --chips 2 --no-report".split()], cwd=folder, env=env,
                               capture_output=True, text=True, timeout=300)
        if again.returncode != 0:
            n_wrong += 1
            print(f"FAILED: the study after the kills: {again.stderr}")
    took.sort()
    print(f"{len(took)} commands stopped ({n_early} had ended before): half within {took[len(took) // 2]:.2f} s, all within "
          f"{took[-1]:.2f} s; {n_wrong} problems")
    return n_wrong > 0


if __name__ == "__main__":
    sys.exit(main())
