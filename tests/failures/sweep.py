"""sweep.py [OPTIONS] - every allocation, every read and write of whole commands fails once, and what becomes of it is judged.

    sweep.py --mho build/mho --shim build/libmho_fail.so [--case NAME]... [--kind KIND]... [--all | --budget N]

At each call that may fail the program forks (shim.c); the child, in a copy of the directory, sees the failure. It must end by
itself with a documented exit status and one line that says why; or with the same results as without the failure. It must leave
no temporary file, no half-written result, no memory, and a result of before as it was. --all tries every call; otherwise each
case gets the first N calls and as many again spread over the rest.
"""
import argparse
import collections
import errno
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import cases  # noqa: E402

OLD = b"a result of before\n"
LIBRARIES = "mho,libmho,libjansson,libpng16,libprotobuf-c,libklu,libcminpack,libz,libyaml-0"
# kind: (mode, side, errno, all later calls too, objects whose calls fail)
KINDS = {
    "memory": ("alloc", "rw", 0, False, "mho,libmho"),
    "memory-from": ("alloc", "rw", 0, True, "mho,libmho"),
    "memory-libraries": ("alloc", "rw", 0, False, LIBRARIES),
    "memory-libraries-from": ("alloc", "rw", 0, True, LIBRARIES),
    "memory-everything": ("alloc", "rw", 0, False, LIBRARIES + ",libc,libopenblas,libgomp,libsundials_cvodes,libsundials_nvecserial"),
    "read-eio": ("error", "r", errno.EIO, False, LIBRARIES),
    "write-eio": ("error", "w", errno.EIO, False, LIBRARIES),
    "full": ("error", "w", errno.ENOSPC, True, LIBRARIES),
    "full-once": ("error", "w", errno.ENOSPC, False, LIBRARIES),
    "read-only": ("error", "w", errno.EROFS, True, LIBRARIES),
    "handles": ("error", "rw", errno.EMFILE, False, LIBRARIES),
    # one run each, in which every call does half of what it is asked for, every other one is interrupted
    "short": ("short", "rw", 0, True, LIBRARIES),
    "interrupted": ("eintr", "rw", errno.EINTR, True, LIBRARIES),
}
SLOW = ("run", "run-ageing", "sweep", "fit", "transient", "learn-xor", "device-design")  # in --quick
SHARED = ("sweep",)  # keep a journal open, which a fork would share
USUAL = ["memory", "memory-from", "memory-libraries", "read-eio", "write-eio", "full", "short", "interrupted"]
UNIT = rb"(?:(?: |&#160;|\xc2\xa0)?(?:[numk]|\xc2\xb5|\xce\xbc)?s\b|(?: |&#160;)(?:min|h)\b)"
NUMBER = re.compile(rb"[-+]?\d+(?:[.,:]\d+)*(?:e[-+]?\d+)?" + UNIT + b"?", re.I)
TIME = re.compile(rb"[-+]?\d+(?:[.,]\d+)*(?:e[-+]?\d+)?" + UNIT, re.I)


def same(a, b, loose):
    """Equal; or, in places that differ between two good runs too, equal but for the numbers."""
    if a == b:
        return True
    pattern = NUMBER if loose else TIME
    return pattern.sub(b"#", a) == pattern.sub(b"#", b)


def files_below(folder):
    out = {}
    for root, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(root, name)
            with open(path, "rb") as f:
                out[os.path.relpath(path, folder)] = f.read()
    return out


class Sweep:
    def __init__(self, args, name, kind, work):
        self.args, self.name, self.kind = args, name, kind
        self.mode, self.side, self.errno, self.later, self.objects = KINDS[kind]
        self.argv, self.results = cases.CASES[name]
        self.work = work
        self.problems = collections.defaultdict(list)
        self.ends = collections.Counter()
        self.skip_at = collections.defaultdict(list)
        self.n_call = self.n_tried = self.live = 0

    # ---- good runs ----

    def environment(self, **more):
        env = {k: v for k, v in os.environ.items() if not k.startswith(("MHO_", "OMP_", "GOMP"))}
        env.update(MHO_CACHE="cache", GOMP_SPINCOUNT="1", OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", LC_ALL="C.UTF-8")
        env.update(more)
        return env

    def fresh(self, where):
        shutil.rmtree(where, ignore_errors=True)
        shutil.copytree(self.work / "inputs", where)
        for path in self.results:
            (where / path).parent.mkdir(parents=True, exist_ok=True)
            (where / path).write_bytes(OLD)

    def good_run(self, where):
        self.fresh(where)
        run = subprocess.run([self.args.mho, *self.argv.split()], cwd=where, env=self.environment(), capture_output=True, timeout=600)
        if run.returncode != 0:
            raise RuntimeError(f"{self.name}: exit status {run.returncode} without any failure: {run.stderr.decode()}")
        return files_below(where), run.stdout

    def learn_good(self):
        (a, out_a), (b, out_b) = self.good_run(self.work / "main"), self.good_run(self.work / "main")
        self.good, self.good_out = a, out_a
        self.loose = {path for path in self.results if a[path] != b[path]}
        self.loose_out = out_a != out_b
        for path in self.loose:
            if not same(a[path], b[path], True):
                raise RuntimeError(f"{self.name}: {path} differs between two runs in more than numbers")

    # ---- one end ----

    def problem(self, n, where, text):
        self.problems[(text, where)].append(n)

    def judge(self, n, where, status, folder, out, err, leak):
        if not os.WIFEXITED(status) or status < 0:
            what = "hangs" if status == -1 else f"dies by signal {os.WTERMSIG(status)}" if status >= 0 else "does not start"
            return self.problem(n, where, what)
        rc = os.WEXITSTATUS(status)
        err = err.decode(errors="replace")
        lines = [line for line in err.split("\n") if line]
        if len(lines) > 1:  # a study tells first that there will be no picture
            lines = [line for line in lines if "the tables are complete" not in line]
        self.ends[rc] += 1
        found = files_below(folder)
        if any(".tmp-" in path for path in found):
            self.problem(n, where, "leaves a temporary file")
        for path, data in self.inputs.items():
            if found.get(path) != data:
                self.problem(n, where, f"changes the input {path}")
        for path in self.results:
            data = found.get(path)
            if data is None:
                self.problem(n, where, f"removes {path}")
            elif data == OLD:
                if rc == 0 and not self.excused(path, err):
                    self.problem(n, where, f"exit status 0 without {path}")
            elif not same(data, self.good[path], path in self.loose):
                self.problem(n, where, f"exit status {rc} and another {path}")
        if rc == 0 and not same(out, self.good_out, self.loose_out) and not lines:
            self.problem(n, where, "exit status 0 and another output")
        if rc == 0:
            pass
        elif self.mode in ("short", "eintr"):
            self.problem(n, where, f"exit status {rc}: {err.strip()[:200]}")
        elif rc not in ((3,) if self.mode == "alloc" else (1, 3)):
            self.problem(n, where, f"exit status {rc}: {err.strip()[:200]}")
        elif len(lines) != 1 or not lines[0].startswith("mho: "):
            self.problem(n, where, f"{len(lines)} lines: {err.strip()[:300]!r}")
        elif self.mode == "alloc":
            if "memory" not in err:
                self.problem(n, where, f"no word of memory: {lines[0]}")
        elif rc != 1 or (os.strerror(self.errno) not in err and not self.absent(where, err)):
            self.problem(n, where, f"exit status {rc}, not \"{os.strerror(self.errno)}\": {lines[0][:200]}")
        if leak is None:
            self.problem(n, where, f"ends (status {rc}) without cleaning up")
        elif int(leak[0]) > self.live:
            extra = collections.Counter(leak[1:]) - self.live_where
            self.problem(n, where, f"{int(leak[0]) - self.live} pieces of memory left, from {' '.join(extra)}"[:200])

    def excused(self, path, err):
        """A study is complete without its page where no plot can be drawn; a message says so."""
        return path.endswith("report.html") and "the tables are complete" in err

    def absent(self, where, err):
        """Whether a file is there cannot be asked, this once: the open that follows finds that it is not, and says so."""
        return where.startswith("stat ") and not self.later and os.strerror(errno.ENOENT) in err

    # ---- the sweep ----

    def wanted(self, n):
        """The next call to try from n on."""
        if self.args.all or n <= self.args.budget:
            return n
        step = max(1, (self.n_call - self.args.budget) // max(1, self.args.budget))
        return self.args.budget + -(-(n - self.args.budget) // step) * step

    def settings(self, **more):
        return self.environment(LD_PRELOAD=str(self.args.shim), MHO_FAIL_KIND=self.mode, MHO_FAIL_SIDE=self.side,
                                MHO_FAIL_ERRNO=str(self.errno), MHO_FAIL_FROM=str(int(self.later)), MHO_FAIL_IN=self.objects,
                                MHO_FAIL_CHILD=str(self.work / "child"), **more)

    def start(self):
        self.fresh(self.work / "main")
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        os.set_inheritable(theirs.fileno(), True)
        env = self.settings(MHO_FAIL_FD=str(theirs.fileno()))
        process = subprocess.Popen([self.args.mho, *self.argv.split()], cwd=self.work / "main", env=env, pass_fds=[theirs.fileno()],
                                   stdout=open(self.work / "main.out", "wb"), stderr=open(self.work / "main.err", "wb"))
        theirs.close()
        return process, ours

    def child_file(self, kind):
        path = self.work / f"child.{kind}"
        return path.read_bytes() if path.exists() else None

    def run_directly(self, n, where):
        """Calls while gnuplot or ngspice is talked to are tried in a run of their own."""
        self.fresh(self.work / "child")
        (self.work / "child.leak").unlink(missing_ok=True)
        run = subprocess.run([self.args.mho, *self.argv.split()], cwd=self.work / "child", env=self.settings(MHO_FAIL_AT=str(n)),
                             capture_output=True, timeout=600)
        leak = self.child_file("leak")
        self.n_tried += 1
        status = -run.returncode if run.returncode < 0 else run.returncode << 8
        self.judge(n, where, status, self.work / "child", run.stdout, run.stderr, leak.decode().split() if leak else None)

    def run_through(self):
        self.live, self.live_where = 1 << 30, collections.Counter()
        self.run_directly(1, "some call")
        self.n_call = self.n_tried

    def run_each(self):
        """Each call in a run of its own: a fork would share the file that the command has open."""
        n = 1
        while n <= self.n_call:
            self.run_directly(n, "a run of its own")
            n = self.wanted(n + 1)

    def run(self):
        self.learn_good()
        self.inputs = files_below(self.work / "inputs")
        if self.mode in ("short", "eintr"):
            return self.run_through()
        # a run that only counts
        process, ours = self.start()
        self.live, self.live_where = 0, collections.Counter()
        last = None
        while True:
            message = ours.recv(600).decode()
            if not message:
                break
            last = message.split()
            if last[0] == "at":  # the first call: fail nothing until the end
                ours.send(b"0")
                ours.recv(600)
                ours.send(b"999999999999")
        process.wait()
        if not last or last[0] != "done":
            raise RuntimeError(f"{self.name}: the counting run ends with {last}")
        self.n_call, self.live = int(last[1]), int(last[2])
        if self.mode == "error" and self.name in SHARED:
            return self.run_each()
        process, ours = self.start()
        where = "?"
        while True:
            message = ours.recv(600).decode().split()
            if not message:
                break
            if message[0] == "at":
                where = f"{message[2]} in {message[3]}"
                shutil.rmtree(self.work / "child", ignore_errors=True)
                shutil.copytree(self.work / "main", self.work / "child")
                for kind in ("out", "err", "leak"):
                    (self.work / f"child.{kind}").unlink(missing_ok=True)
                ours.send(b"0")
            elif message[0] == "skip":
                self.skip_at[f"{message[2]} in {message[3]}"].append(int(message[1]))
            elif message[0] == "end":
                n = int(message[1])
                self.n_tried += 1
                leak = self.child_file("leak")
                self.judge(n, where, int(message[2]), self.work / "child", self.child_file("out") or b"",
                           self.child_file("err") or b"", leak.decode().split() if leak else None)
                ours.send(str(self.wanted(n + 1)).encode())
            else:
                break
        rc = process.wait()
        for where, ns in self.skip_at.items():
            for n in ns if self.args.all else ns[:3]:
                self.run_directly(n, where)
        found = files_below(self.work / "main")
        for p in self.results:
            if os.environ.get("MHO_SWEEP_KEEP") and not same(found.get(p, b""), self.good[p], p in self.loose):
                pathlib.Path("/tmp/sweep-good").write_bytes(self.good[p])
                pathlib.Path("/tmp/sweep-found").write_bytes(found.get(p, b""))
        if rc != 0 or any(not same(found.get(p, b""), self.good[p], p in self.loose) for p in self.results):
            self.problem(0, "the end", f"the run that goes on ends with {rc}: {(self.work / 'main.err').read_text()[:200]}")

    def report(self):
        ends = ", ".join(f"{n} x {rc}" for rc, n in sorted(self.ends.items()))
        if not self.args.quick or self.problems:
            print(f"{self.name:16} {self.kind:22} {self.n_tried:6} of {self.n_call:6} calls; exit status {ends or '-'}", flush=True)
        for (text, where), ns in sorted(self.problems.items(), key=lambda p: p[1][0]):
            print(f"    FAILED at {where}, call {ns[0]}{f' and {len(ns) - 1} more' if len(ns) > 1 else ''}: {text}", flush=True)
        return len(self.problems)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--mho", required=True)
    p.add_argument("--shim", required=True)
    p.add_argument("--case", action="append")
    p.add_argument("--kind", action="append")
    p.add_argument("--budget", type=int, default=100)
    p.add_argument("--all", action="store_true")
    p.add_argument("--quick", action="store_true", help="a few calls of the quick commands, one run of the slow ones: a minute")
    args = p.parse_args()
    if args.quick:
        args.budget = 6
    args.mho, args.shim = os.path.abspath(args.mho), os.path.abspath(args.shim)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    start = time.time()
    n_problem = n_tried = 0
    with tempfile.TemporaryDirectory(prefix="mho-fail-", dir=memory) as work:
        work = pathlib.Path(work)
        (work / "inputs").mkdir()
        cases.make_inputs(work / "inputs")
        for name in args.case or cases.CASES:
            brief = args.quick and name in SLOW  # one run each
            for kind in args.kind or (("short", "interrupted") if brief else USUAL):
                sweep = Sweep(args, name, kind, work)
                try:
                    sweep.run()
                except RuntimeError as e:
                    sweep.problem(0, "a good run", str(e))
                n_problem += sweep.report()
                n_tried += sweep.n_tried
    print(f"{n_tried} failures tried in {time.time() - start:.0f} s, {n_problem} kinds of problem")
    return n_problem > 0


if __name__ == "__main__":
    sys.exit(main())
