#!/usr/bin/env python3
"""What the tests reach, from a build with MHO_COVERAGE in which they have run (make coverage).

coverage.py BUILD [--floor 90] [--html]
Prints lines and branches per room, files below 85 %, which error messages of src/ were never given
and which errors that the headers document were never returned. Exit 1 if fewer than --floor per
cent of the lines of src/ ran, or an error that can happen was not provoked."""
import argparse
import collections
import json
import pathlib
import re
import subprocess
import sys

import coverage_returns

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOW = 85.0

# Functions that give an error message; the lower ones are helpers of one file.
GIVERS = re.compile(
    r"\b(mho_i_(?:\w+_)?fail|mho_i_build_refuse|"
    r"refuse|bad|bad_kind|bad_quote|fail_at|failed|io_error|io_fail|input_fail|klu_failed|syntax_error|"
    r"tensor_fail|wrong_temperatures)\(")

# Messages that no test can obtain, each with the reason: (file, text in the call) -> reason.
BEYOND_TESTS = {
    ("src/base/child.c", "bytes of output"): "takes a child that writes 1 GiB, and 2 GiB of memory",
    ("src/circuit/read.c", "vectors have a Kirchhoff residual"):
        "the kept factor was never off by so much in 6000 circuits of 1e-15 to 1e15 ohm; the check stays",
    ("src/circuit/read.c", "the transfer matrix differs by"):
        "elimination and its second opinions agree in all 5,420 extreme arrays and in a million of fuzz_array; the check stays",
    ("src/circuit/nodes.c", "vectors of a gradient have a Kirchhoff"): "as read.c",
    ("src/lab/curve_vo2.c", "has other columns"):
        "guards against a change of the columns of mho_neuron_simulate",
    ("src/lab/stiff.c", "that is not a number"):
        "the integrator stops at what is not a number; guards its callers all the same",
    ("src/chip/build_node.c", "this activation has no hardware"):
        "every activation that graphs know has hardware; guards against a new one",
    ("src/chip/build_sum.c", "is a constant where"):
        "constants are folded, or refused by the name of the node; guards the index",
    ("src/chip/mapping_fit.c", "a layer without weights"):
        "the graph was mapped with weights; guards the pointers that follow",
    ("src/graph/onnx_call.c", "is no tensor of numbers"):
        "unknown and refused names are told before; guards the index",
    ("src/graph/onnx_const.c", "its input is unknown"): "as onnx_call.c",
    ("src/graph/onnx_value.c", "names"): "a million names: 260,000 tensors, the limit of a graph, come first",
    ("src/report/html.c", "libpng: "): "pictures of digits are never empty; else libpng only lacks memory",
    ("src/study/sweep.c", "mho_ctx_last_error(own)"): "only lack of memory of one context out of two ends here",
}


def gcovr(build, html):
    out = build / "coverage.json"
    command = ["gcovr", "-r", str(ROOT), "-f", "src/", "-f", "cli/", "--object-directory", str(build),
               "-j", "2", "--json", str(out)]
    if html:
        (build / "coverage").mkdir(exist_ok=True)
        command += ["--html-details", str(build / "coverage" / "index.html")]
    said = subprocess.run(command + [str(build)], capture_output=True, text=True)
    if said.returncode:
        sys.exit("coverage: gcovr failed:\n" + said.stderr[-2000:])
    files = {}
    for f in json.loads(out.read_text())["files"]:
        lines = {}
        for line in f["lines"]:
            if line.get("gcovr/noncode"):
                continue
            old = lines.get(line["line_number"], (0, []))
            lines[line["line_number"]] = (old[0] + line["count"],
                                          old[1] + [b["count"] for b in line["branches"]])
        files[f["file"]] = lines
    return files


class Sum:
    def __init__(self):
        self.n = collections.Counter()

    def add(self, what, hit):
        self.n[what] += 1
        self.n[what + "+"] += bool(hit)

    def of(self, what):
        n, hit = self.n[what], self.n[what + "+"]
        return f"{hit:>6} of {n:<6} {100 * hit / n:5.1f} %" if n else f"{'-':>23}"

    def frac(self, what):
        return 100 * self.n[what + "+"] / self.n[what] if self.n[what] else 100.0


def statement(lines, at):
    """The call that starts in line `at` (from 0), up to its closing semicolon, on one line."""
    text = ""
    for line in lines[at:at + 12]:
        text += " " + line.strip()
        if line.rstrip().endswith(";"):
            break
    return text.strip()


def calls(path):
    """(line, statement, memory) of every place of the file that gives an error."""
    lines = (ROOT / path).read_text().splitlines()
    for k, line in enumerate(lines):
        code = re.sub(r'"(\\.|[^"\\])*"', '""', line.split("/*")[0])
        if re.match(r"(static |mho_|void |bool |int )", line) and not line.startswith(" "):
            continue  # a definition
        if GIVERS.search(code):
            text = statement(lines, k)
            if not re.search(r"mho_i_fail\([^,]*, MHO_OK,", text):
                yield k + 1, text, "MHO_ERR_NOMEM" in text or '"out of memory' in text
        elif re.search(r"\bMHO_ERR_NOMEM\b", code) and re.search(r"return|status =", code):
            yield k + 1, statement(lines, k), True


def was_run(lines, at, text):
    """Two outcomes on one line: all its branches must have been taken."""
    count, branches = lines.get(at, (0, []))
    giver = GIVERS.search(text)
    choice = "?" in text[:giver.start()] if giver else "?" in text
    return count > 0 and (not choice or not branches or all(branches))


def first_line(path, at):
    return (ROOT / path).read_text().splitlines()[at - 1]


def reason_beyond(path, text):
    return next((why for (file, part), why in BEYOND_TESTS.items() if file == path and part in text), None)


def returns(log):
    """Prints how many of the codes that headers document were returned; those that never were."""
    seen = set(log.read_text().split("\n")) if log.exists() else set()
    pairs = [d for d in coverage_returns.documented() if d[2] != "NOMEM"]
    never = [d for d in pairs if not any(f"{name} {coverage_returns.VALUE[d[2]]}" in seen for name in d[1])]
    print(f"\ncodes that headers document for a function: {len(pairs) - len(never)} of {len(pairs)} returned")
    for header, names, code in never:
        print(f"  never: include/mho/{header}: {' or '.join(names)}: {code}")
    return never


def main():
    p = argparse.ArgumentParser()
    p.add_argument("build", type=pathlib.Path)
    p.add_argument("--floor", type=float, default=90)
    p.add_argument("--html", action="store_true", help="also BUILD/coverage/index.html, line by line")
    opt = p.parse_args()
    files = gcovr(opt.build, opt.html)

    rooms, low, missing, beyond = collections.defaultdict(Sum), [], [], []
    for path, lines in sorted(files.items()):
        room = "cli" if path.startswith("cli/") else path.split("/")[1]
        one = Sum()
        keys = [rooms[room]] + ([rooms["src"]] if path.startswith("src/") else [])
        for count, branches in lines.values():
            for s in keys + [one]:
                s.add("line", count)
                for b in branches:
                    s.add("branch", b)
        if one.frac("line") < LOW:
            low.append((one.frac("line"), path, one.of("line")))
        if not path.startswith("src/") or not path.endswith(".c"):
            continue
        for at, text, memory in calls(path):
            hit = was_run(lines, at, first_line(path, at))
            why = None if hit or memory else reason_beyond(path, text)
            if why:
                beyond.append((path, at, why))
                continue
            for s in keys:
                s.add("memory" if memory else "error", hit)
            if not hit and not memory:
                missing.append((path, at, text))

    print(f"{'':10} {'lines':^24} {'branches':^24} {'errors provoked':^24} {'out of memory':^24}")
    order = ["base", "io", "device", "circuit", "lab", "network", "graph", "chip", "learn", "study", "report"]
    for room in order + ["src", "cli"]:
        s = rooms[room]
        print(f"{room:10} {s.of('line')} {s.of('branch')} {s.of('error')} {s.of('memory')}")
    if low:
        print(f"\nfiles with less than {LOW:g} % of their lines:")
        for _, path, text in sorted(low):
            print(f"  {path:34} {text}")
    total = rooms["src"]
    print(f"\nerrors provoked: {total.n['error+']} of {total.n['error']}"
          f" ({len(beyond)} more that no test can obtain, reasons in scripts/coverage.py)")
    for path, at, text in missing:
        print(f"  never: {path}:{at}: {text[:150]}")
    never = returns(opt.build / "returns.log")
    bad = total.frac("line") < opt.floor or missing or never
    if total.frac("line") < opt.floor:
        print(f"coverage: {total.frac('line'):.1f} % of the lines of src/, {opt.floor:g} % are wanted")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
