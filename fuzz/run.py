"""run.py BUILD SECONDS [--lanes N] [TARGET...] - each fuzz target for SECONDS more of processor time, N at once.

The corpus stays in BUILD/corpus and grows from run to run; what was found (a crash, a unit of over 5 s, over 1 GiB)
stays in BUILD/found. Each run adds one line to BUILD/fuzz.jsonl; the table printed at the end sums them up.
Exit status 1 if anything was found."""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

HANG_S, MEMORY_MIB, LONGEST_WALL_S = 5, 1024, 600
DICTIONARY = {"chip": "words", "study": "words", "card": "words", "set": "set", "onnx": "onnx", "csv": "csv", "table": "csv", "fit": "csv"}
SCRATCH = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # files that are written and synced again and again


def targets_of(build):
    return sorted(f.name[5:] for f in build.glob("fuzz_*") if f.is_file() and not f.suffix)


def statistic(text, pattern):
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def run_once(build, target, wall_s):
    """One process of libFuzzer: a dict of what it printed, and the processor time that it took."""
    for folder in ("corpus", "seeds"):
        (build / folder / target).mkdir(parents=True, exist_ok=True)
    command = [build / f"fuzz_{target}", build / "corpus" / target, build / "seeds" / target, f"-max_total_time={wall_s}",
               f"-timeout={HANG_S}", f"-rss_limit_mb={MEMORY_MIB}", f"-malloc_limit_mb={MEMORY_MIB}", "-max_len=16384",
               "-print_final_stats=1", f"-artifact_prefix={target}-"]
    if target in DICTIONARY:
        command.append(f"-dict={build / 'seeds' / DICTIONARY[target]}.dict")
    output = build / f"fuzz_{target}.out"
    with open(output, "wb") as log, tempfile.TemporaryDirectory(dir=SCRATCH) as scratch:
        environment = dict(os.environ, ASAN_OPTIONS="detect_leaks=1", OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1",
                           TMPDIR=scratch)
        process = subprocess.Popen(command, cwd=build / "found", env=environment, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    text = output.read_text(errors="replace")
    return {"target": target, "cpu_s": round(usage.ru_utime + usage.ru_stime, 1),
            "executions": statistic(text, r"stat::number_of_executed_units: *(\d+)") or statistic(text, r"(?m)^#(\d+)"),
            "edges": statistic(text, r"cov: (\d+)"), "of_edges": statistic(text, r"\((\d+) inline 8-bit counters\)"),
            "peak_MiB": statistic(text, r"stat::peak_rss_mb: *(\d+)"), "found": process.returncode != 0,
            "when": time.strftime("%Y-%m-%d %H:%M:%S")}


def is_hang(build, target):
    """Whether the newest unit that was called a timeout takes HANG_S of processor time, too: a busy machine makes others late."""
    unit = max((build / "found").glob(f"{target}-timeout-*"), key=os.path.getmtime, default=None)
    if not unit:
        return True
    process = subprocess.Popen([build / f"fuzz_{target}", unit], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    late = process.returncode == 0 and usage.ru_utime + usage.ru_stime < HANG_S
    if late:
        unit.unlink()
    return not late


def run_target(build, target, seconds, lock):
    used, found = 0.0, False
    while used < seconds and not found:
        result = run_once(build, target, min(LONGEST_WALL_S, max(60, int(seconds - used + 1))))
        used += result["cpu_s"]
        result["found"] = found = result["found"] and is_hang(build, target)
        with lock, open(build / "fuzz.jsonl", "a") as log:
            log.write(json.dumps(result) + "\n")
            print("{target}: {cpu_s} s, {executions} executions, {edges} edges, {peak_MiB} MiB, {0}".format(
                "FOUND" if found else "clean", **result), flush=True)
    return found


def print_table(build):
    total = {}
    for line in (build / "fuzz.jsonl").read_text().splitlines():
        r = json.loads(line)
        t = total.setdefault(r["target"], {"cpu_s": 0, "executions": 0, "edges": 0, "peak_MiB": 0, "found": 0})
        t["cpu_s"] += r["cpu_s"]
        t["executions"] += r["executions"]
        t["edges"] = max(t["edges"], r["edges"])
        t["peak_MiB"] = max(t["peak_MiB"], r["peak_MiB"])
        t["found"] += r["found"]
    print("| target | CPU min | executions | edges reached | peak MiB | found |\n| --- | --- | --- | --- | --- | --- |")
    for name, t in sorted(total.items()):
        print(f"| {name} | {t['cpu_s'] / 60:.1f} | {t['executions']:,} | {t['edges']} | {t['peak_MiB']} | {t['found']} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--lanes", type=int, default=1)
    parser.add_argument("targets", nargs="*")
    a = parser.parse_intermixed_args()
    build = a.build.resolve()
    subprocess.run([sys.executable, pathlib.Path(__file__).parent / "seeds.py", build / "seeds"], check=True)
    (build / "found").mkdir(exist_ok=True)
    lock = threading.Lock()
    with concurrent.futures.ThreadPoolExecutor(a.lanes) as pool:
        found = list(pool.map(lambda t: run_target(build, t, a.seconds, lock), a.targets or targets_of(build)))
    print_table(build)
    return 1 if any(found) else 0


sys.exit(main())
