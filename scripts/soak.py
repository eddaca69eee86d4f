"""soak.py BUILD [--minutes N] [--seed S] - random commands, good and bad, for hours: memory and descriptors stay flat.

The commands run in one process (BUILD/mho_soak), so that what is not given back adds up; every 20th runs again as a program of
its own and must end with the same status. Half of them are spoiled: a number that is none, a file that is damaged, cut or absent,
a word too few or too many, a result that cannot be written. Same seed, same commands.
"""
import argparse
import collections
import os
import pathlib
import random
import resource
import select
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "failures"))
import cases  # noqa: E402

LIMIT_S = 60  # of processor time for a command
RARE = {"run", "run-ageing", "sweep"}  # seconds each
JUNK = ["", "-1", "0", "1", "7", "1e99", "nan", "inf", "abc", "3 apples", "1e-30", "99999999999999999999", "0x10", "-", "--", "%s%n",
        "2 ohm", "1e6", "\u00fc", "../..", "a=b", ",", "1,2,3", "x" * 5000]
OTHER = ["device --list", "device rram", "device cbram --card", "device optomemristor --curve gate --csv -", "device vo2-neuron --check",
         "net --operators", "net lenet5", "learn bandit --seeds 2 --episodes 5", "learn cart-pole --seeds 1 --episodes 2",
         "learn water-maze --seeds 1 --episodes 1", "learn parity --seeds 1 --neurons 20", "transient oscillator --drive 12V --samples 50",
         "transient opto --samples 30 --json", "export spice array-neurons --random 4x4 --out an.cir", "array --weights g.npy --power",
         "array --random 9x7 --wire 2 --cell sinh:2 --json -", "fit pcm pulses.csv", "image photo.png --kernels scharr", "sweep study.yaml --plan",
         "--help", "--version", "run --help", "learn --help", "learn maze --help", "device --help"]


class Commands:
    def __init__(self, seed, folder):
        self.r, self.folder = random.Random(seed), folder

    def damaged(self, name):
        data = bytearray((self.folder / name).read_bytes())
        how = self.r.randrange(4)
        if how == 0:
            data = data[:self.r.randrange(len(data) + 1)]
        elif how == 1 and data:
            for _ in range(self.r.randrange(1, 6)):
                data[self.r.randrange(len(data))] = self.r.randrange(256)
        elif how == 2:
            at = self.r.randrange(len(data) + 1)
            data[at:at] = self.r.randbytes(self.r.randrange(1, 40))
        else:
            data += data[:self.r.randrange(len(data) + 1)]
        bad = self.folder / f"bad-{name}"
        bad.write_bytes(data)
        return bad.name

    def spoil(self, words):
        r = self.r
        for _ in range(r.choice([1, 1, 1, 2, 3])):
            files = [k for k, w in enumerate(words) if "/" not in w and os.path.isfile(self.folder / w)]
            values = [k for k in range(1, len(words)) if words[k - 1].startswith("--")]
            how = r.randrange(7)
            if how <= 1 and files:
                k = r.choice(files)
                words[k] = self.damaged(words[k])
            elif how == 2 and values:
                words[r.choice(values)] = r.choice(JUNK)
            elif how == 3 and len(words) > 1:
                del words[r.randrange(1, len(words))]
            elif how == 4:
                words.insert(r.randrange(1, len(words) + 1), r.choice(["--banana", "--json", "--seed", "extra", *JUNK]))
            elif how == 5 and files:
                words[r.choice(files)] = r.choice(["none.csv", "mnist", "/dev/null", "chip.yaml", "photo.png"])
            elif values:
                words[r.choice(values)] = r.choice(["/none/x.json", "mnist", "/dev/full", "/dev/null", "result.png"])
        # whatever was made of it, it must not become a job for hours
        return [w for w in words if w not in ("lenet5-mott",) or "mnist" in words]

    def next(self):
        r = self.r
        if r.random() < 0.25:
            words = r.choice(OTHER).split()
        else:
            name = r.choice(list(cases.CASES))
            if name in RARE and r.random() < 0.98:
                name = r.choice([n for n in cases.CASES if n not in RARE])
            words = cases.CASES[name][0].split()
            if "--seed" not in words and words[0] in ("array", "image", "learn") and r.random() < 0.5:
                words += ["--seed", str(r.randrange(1 << 40))]
        if r.random() < 0.5:
            words = self.spoil(words)
        return [w.replace("\t", " ").replace("\n", " ") for w in words]


def slope(xs, ys):
    n, mx, my = len(xs), sum(xs) / len(xs), sum(ys) / len(ys)
    down = sum((x - mx) ** 2 for x in xs)
    return sum((x - mx) * (y - my) for x, y in zip(xs, ys)) / down if n > 1 and down else 0.0


class Soak:
    def __init__(self, build, folder):
        self.build, self.folder = build, folder
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("MHO_")}
        self.env.update(MHO_CACHE="cache", GOMP_SPINCOUNT="20000", OMP_NUM_THREADS="2", OPENBLAS_NUM_THREADS="1")
        self.start()

    def start(self):
        limit = 8 << 30
        self.process = subprocess.Popen([self.build / "mho_soak"], cwd=self.folder, env=self.env, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0,
                                        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))

    def ask(self, words):
        """[status, resident, allocated, descriptors], or what happened instead."""
        self.process.stdin.write(("\t".join(words) + "\n").encode())
        answer, end = b"", self.processor_s() + LIMIT_S
        while not answer.endswith(b"\n"):
            ready, _, _ = select.select([self.process.stdout], [], [], 1)
            if not ready and self.processor_s() < end:
                continue  # working, or waiting for a processor or for gnuplot
            if not ready:
                self.process.kill()
                self.process.wait()
                return "hangs"
            got = os.read(self.process.stdout.fileno(), 4096)
            if not got:
                return f"ends the process with {self.process.wait()}"
            answer += got
        return [int(x) for x in answer.split()]

    def processor_s(self):
        """Time on processors of the process and the programs it has run."""
        with open(f"/proc/{self.process.pid}/stat") as f:
            ticks = f.read().rsplit(")", 1)[1].split()[11:15]
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")

    def alone(self, words, twin):
        return subprocess.run([self.build / "mho", *words], cwd=twin, env=self.env, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode


def trend(rows, minutes):
    late = rows[len(rows) // 4:]  # the rest is warm-up: caches, threads, tables
    k = [r[0] for r in late]
    n_command, n_used = rows[-1][0], k[-1] - k[0]
    text = [f"over the last {n_used} of {n_command} commands ({minutes:.1f} min):"]
    flat = True
    for name, column in (("resident", 2), ("allocated", 3)):
        y = [r[column] / 2**20 for r in late]
        per_1000 = 1000 * slope(k, y)
        text.append(f"  {name:10} {min(y):.2f} to {max(y):.2f} MiB, at the end {y[-1]:.2f}; trend {per_1000:+.4f} MiB per 1000 commands")
        # a first use of threads or a large file is a step; what is not given back grows all the time
        tenth = max(1, len(y) // 10)
        level = [sorted(y[j:j + tenth])[len(y[j:j + tenth]) // 2] for j in range(0, len(y), tenth)]
        n_rise = sum(b > a + 0.1 for a, b in zip(level, level[1:]))
        flat = flat and (per_1000 < 0.5 or n_rise <= len(level) // 2)
    fds = [r[4] for r in late]
    text.append(f"  descriptors {min(fds)} to {max(fds)}")
    return "\n".join(text), flat and min(fds) == max(fds)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("build", type=pathlib.Path)
    p.add_argument("--minutes", type=float, default=20)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--log", type=pathlib.Path, help="every command with status and memory")
    args = p.parse_args()
    args.build = args.build.resolve()
    log = open(args.log, "w") if args.log else None
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    rows, ends, problems = [], collections.Counter(), []
    start = time.time()
    with tempfile.TemporaryDirectory(prefix="mho-soak-", dir=memory) as scratch:
        folder = pathlib.Path(scratch) / "work"
        folder.mkdir()
        (folder / "inputs").mkdir()
        cases.make_inputs(folder / "inputs")
        commands, soak, n = Commands(args.seed, folder), Soak(args.build, folder), 0
        while time.time() - start < 60 * args.minutes:
            if n % 100 == 0:  # results may have taken the place of inputs
                shutil.copytree(folder / "inputs", folder, dirs_exist_ok=True)
            words = commands.next()
            n += 1
            twin = folder.parent / (folder.name + "-twin") if n % 20 == 0 else None
            if twin:  # as the command finds it: a result that is there may be a reason to refuse
                shutil.rmtree(twin, ignore_errors=True)
                shutil.copytree(folder, twin)
            got = soak.ask(words)
            if isinstance(got, str):
                problems.append((got, words))
                keep = pathlib.Path(tempfile.mkdtemp(prefix="mho-soak-problem-"))
                shutil.copytree(folder, keep / "files")
                print(f"FAILED, command {n}: {got}: mho {' '.join(words)!r} (files in {keep})", flush=True)
                soak.start()
                rows.clear()  # another process, another trend
                continue
            status = got[0]
            ends[status] += 1
            rows.append([n, *got])
            if log:
                print(n, *got, " ".join(words)[:300], file=log, flush=True)
            error = (folder / "err").read_text(errors="replace")
            wrong = status not in (0, 1, 2, 3) or (status == 3 and "memory" not in error) or (status in (1, 3) and not error)
            if wrong:
                problems.append((status, words))
                print(f"FAILED, command {n}: status {status}, {error.strip()[:200]!r}: mho {' '.join(words)!r}", flush=True)
            elif twin and (again := soak.alone(words, twin)) != status:
                problems.append((again, words))
                print(f"FAILED, command {n}: status {status} here and {again} alone: mho {' '.join(words)!r}", flush=True)
            left = [x for x in os.listdir(folder) if ".tmp-" in x]
            if left:
                problems.append((left, words))
                print(f"FAILED, command {n}: leaves {left}: mho {' '.join(words)!r}", flush=True)
                for x in left:
                    (folder / x).unlink()
        soak.process.stdin.close()
        soak.process.wait()
    text, flat = trend(rows, (time.time() - start) / 60)
    print(f"seed {args.seed}: {n} commands; exit status " + ", ".join(f"{c} x {s}" for s, c in sorted(ends.items())))
    print(text)
    print(f"{len(problems)} problems; memory and descriptors {'flat' if flat else 'NOT FLAT'}")
    return bool(problems) or not flat


if __name__ == "__main__":
    sys.exit(main())
