"""docs.py - runs the commands that the documentation shows and compares what they print with what it shows.

    docs.py MHO [PAGE.md ...]        MHO_SLOW=1: the slow ones too; MHO_DOCS_SHOW=1: print what they print

A block of code whose first line begins with "$ " is a session: every line "$ COMMAND" is run by sh, the lines below are what it
should print (standard output and error). The blocks of a page share a scratch folder. A block that begins with the name of a program
and has no "$ " fails, unless it is marked. Blocks marked as Python are run by python/tests/test_package.py. Comments in HTML right
above a block:

    <!-- run: no, REASON -->         not run; the reason is listed at the end
    <!-- run: slow -->               run with MHO_SLOW=1 only
    <!-- run: times -->              numbers before s, ms, us, min may differ
    <!-- run: points 0.3 -->         numbers before % may differ by so many points (usually 0.1)
    <!-- run: needs PROGRAM -->      skipped without this program, or Python module if it is called python:NAME
    <!-- run: first COMMAND -->      run before the block and not shown: it makes what a reader is taken to have
    <!-- run: make -->               lines "make TARGET": is there such a target?
    <!-- run: usage -->              no session: what may follow a command
    <!-- run: c -->                  C, compiled as the body of a function that has a context ctx
    <!-- file: NAME -->              not a session: the block is written to a file of that name

Several are divided by semicolons. Rules of comparison: blank lines, blanks at either end and the widths of columns do not count;
a line [...] or ... (also [... with words ...]) stands for any lines; a number may differ by one unit of its last digit as shown, or
by 1e-9; numbers below 1e-6 that are written with an exponent are rounding errors and may differ by a factor of 100; on lines that
begin with "time", "seconds" or "loss budget" and behind "build", "read" in JSON all numbers may. The exit status must be 0, or 1 if the
last line shown begins with "mho: "."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

root = pathlib.Path(__file__).resolve().parent.parent
NUMBER = re.compile(r"[-+]?(?:\d[\d,]*\.?\d*|\.\d+)(?:e[-+]?\d+)?")
TIMING = re.compile(r'^(time\b|seconds\b|effort\b|loss budget [0-9]|"(build|read)":)', re.I)
PROGRAM = re.compile(r"(mho|make|sh|cc|cmake|mpirun|mpicc|pip|python3?|sudo|apt-get|ngspice|git) ")
ANY = re.compile(r"^\[?\.\.\.( .*)?\]?$")


def blocks(text):
    """(line, comments, lines of code) of every fenced or indented block."""
    lines, at, comments, out, before_blank = text.split("\n"), 0, [], [], True
    while at < len(lines):
        line, start = lines[at], at
        if line.startswith("```"):
            at += 1
            while at < len(lines) and not lines[at].startswith("```"):
                at += 1
            out.append((start + 2, comments, lines[start + 1:at]))
            comments = []
        elif line.startswith("    ") and before_blank:
            while at < len(lines) and (lines[at].startswith("    ") or not lines[at].strip()):
                at += 1
            out.append((start + 1, comments, [part[4:] for part in lines[start:at]]))
            comments = []
            before_blank = True
            continue
        elif re.match(r"<!-- (run|file): .*-->$", line):
            whole = re.match(r"<!-- run: (no|first)\b", line) # may have semicolons
            parts = [part.strip() for part in ([line[4:-3]] if whole else line[4:-3].split(";"))]
            comments = comments + [part if part[:4] in ("run:", "file") else "run: " + part for part in parts]
        elif line.strip():
            comments = []
        before_blank = not lines[at].strip() or line.startswith("<!--")
        at += 1
    return out


def sessions(lines):
    """[(command, wanted lines)] of a block."""
    out = []
    for line in lines:
        if line.startswith("$ "):
            out.append((line[2:], []))
        elif line.startswith("> ") and not out[-1][1]:
            out[-1] = (out[-1][0] + "\n" + line[2:], [])
        elif line.strip():
            out[-1][1].append(line)
    return out


def tokens(line):
    """Words and numbers in turns; runs of blanks and rules are one."""
    line = re.sub(r"\s+", " ", line.strip())
    return NUMBER.split(line), [match[0] for match in NUMBER.finditer(line)]


def same_number(wanted, got, behind, rules):
    a, b = float(wanted.replace(",", "")), float(got.replace(",", ""))
    digits = re.sub(r"e.*", "", wanted)
    unit = 10.0 ** -(len(digits.split(".")[1]) if "." in digits else 0)
    if "e" in wanted:
        unit *= 10.0 ** float(wanted.split("e")[1])
    if "e" in wanted and abs(a) < 1e-6:
        return abs(b) < 1e-4 and (b == 0 or a == 0 or 0.01 < abs(b / a) < 100)
    if behind.lstrip().startswith("%"):
        unit = max(unit, rules["points"])
    elif "." not in digits and "e" not in wanted:
        unit = 0 # counts are exact
    if rules["times"] and re.match(r" ?(s|ms|us|min)\b", behind):
        return True
    return abs(a - b) <= 1.001 * unit or abs(a - b) <= 1e-9 * abs(a)


def same_line(wanted, got, rules):
    if TIMING.match(wanted.strip()) and TIMING.match(got.strip()):
        return True
    words_a, numbers_a = tokens(wanted)
    words_b, numbers_b = tokens(got)
    if len(numbers_a) != len(numbers_b):
        return False
    plain = [re.sub(r" ?(s|ms|us|min)\b", " s", w) if rules["times"] else w for w in words_a + words_b]
    plain = [w.strip() for w in plain]
    if plain[:len(words_a)] != plain[len(words_a):]:
        return False
    return all(same_number(a, b, words_a[k + 1], rules) for k, (a, b) in enumerate(zip(numbers_a, numbers_b)))


def compare(wanted, got, rules):
    """None, or the first wanted line that is not there."""
    got = [line for line in got if line.strip()]
    at, jump = 0, False
    for line in wanted:
        if ANY.match(line.strip()):
            jump = True
            continue
        tail = range(at, len(got)) if jump else range(at, min(at + 1, len(got)))
        hit = next((k for k in tail if same_line(line, got[k], rules)), None)
        if hit is None:
            return f"page:    {line.strip()}\n    program: {got[at].strip() if at < len(got) else '(no more lines)'}"
        at, jump = hit + 1, False
    if at < len(got) and not jump:
        return f"page:    (no more lines)\n    program: {got[at].strip()}"
    return None


def python_of_sessions():
    """One with onnx if there is one: tests/check_onnx.sh makes it."""
    own = os.environ.get("MHO_ONNX_PYTHON") or pathlib.Path(os.environ.get("MHO_BUILD", root / "build")) / "onnx-venv/bin/python"
    return str(own) if pathlib.Path(own).exists() else sys.executable


def has_module(name):
    return subprocess.run([python_of_sessions(), "-c", f"import {name}"], capture_output=True, check=False).returncode == 0


class Page:
    def __init__(self, path, mho, cache):
        self.path, self.name = path, path.relative_to(root)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="page-", dir=cache.parent))
        tools = cache.parent / "bin"
        self.env = dict(os.environ, PATH=f"{tools}:{os.environ['PATH']}", MHO_CACHE=str(cache), MHO_BIN=str(mho), LC_ALL="C.UTF-8", COLUMNS="80",
                        CPATH=str(root / "include"), MHO_ROOT=str(root), PYTHONDONTWRITEBYTECODE="1") # headers as if installed
        data = pathlib.Path(os.environ.get("MHO_DATA", root.parent / "shared" / "data"))
        self.absent = []
        for name, source in (("mnist", "mnist"), ("bsds500", "bsds500"), ("photo.png", "bsds500/100007.png"),
                             ("rt-loop-150nm-film.csv", "vo2/rt-loop-150nm-film.csv")):
            if (data / source).exists():
                (self.folder / name).symlink_to((data / source).resolve())
            else:
                self.absent.append(name)
        for name in ("examples", "scripts", "mpi"):
            shutil.copytree(root / name, self.folder / name)
        (self.folder / "include").symlink_to(root / "include")
        self.count = dict(run=0, failed=0)
        self.notes, self.skipped_files = [], False

    def why_not(self, comments, block):
        """A reason not to run this block, or None."""
        for word in comments:
            if word.startswith("run: no"):
                return "no: " + (word[7:].strip(" ,") or "no reason given")
            if word == "run: slow" and not os.environ.get("MHO_SLOW"):
                return "slow"
            if word.startswith("run: needs "):
                need = word[11:].strip()
                there = has_module(need[7:]) if need.startswith("python:") else shutil.which(need, path=self.env["PATH"])
                if not there:
                    return f"skipped: no {need}"
        for name in self.absent:
            if any(name in line for line in block if line.startswith("$ ")):
                return "skipped: no data"
        return None

    def session(self, line, comments, block):
        rules = dict(times="run: times" in comments, points=0.1)
        for word in comments:
            if word.startswith("run: points "):
                rules["points"] = float(word[12:])
        for command, wanted in sessions(block):
            begin = time.monotonic()
            done = subprocess.run(["sh", "-c", command], cwd=self.folder, env=self.env, text=True, errors="replace",
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            self.count["run"] += 1
            bad = compare(wanted, done.stdout.split("\n"), rules)
            status = 1 if wanted and wanted[-1].lstrip().startswith("mho: ") else 0
            if not bad and done.returncode != status:
                bad = f"exit status {done.returncode}, wanted {status}"
            if os.environ.get("MHO_DOCS_SHOW"):
                print(f"---- {self.name}:{line}: $ {command}   ({time.monotonic() - begin:.1f} s)\n{done.stdout}")
            if bad:
                self.wrong(line, f"$ {command}\n    {bad}")

    def wrong(self, line, text):
        self.count["failed"] += 1
        print(f"{self.name}:{line}: {text}")

    def c_block(self, line, block):
        """Declarations, calls and all: what does not compile with warnings as errors is wrong; statuses may go unread."""
        code = "\n".join(['#include "mho/mho.h"', "#include <stdio.h>", "void page(mho_ctx *ctx);", "void page(mho_ctx *ctx) {",
                          f'#line {line} "{self.name}"', *block, "}", ""])
        done = subprocess.run(["cc", "-std=c17", "-Wall", "-Werror", "-Wno-unused", "-Wno-unused-result", "-Wno-uninitialized",
                               "-Wno-maybe-uninitialized", "-fsyntax-only", "-x", "c", "-"],
                              input=code, env=self.env, text=True, capture_output=True, check=False)
        self.count["run"] += 1
        if done.returncode:
            self.wrong(line, done.stderr)

    def make_block(self, line, block):
        """Targets build, install and test everything; here they must only exist."""
        for command in block:
            words = command.split("#")[0].split()
            target = [words[1]] if len(words) > 1 and re.fullmatch(r"check|check-\w+|demo|bench|deb|play|gallery|site|fuzz", words[1]) else []
            if words[:1] == ["make"]:
                done = subprocess.run(["make", "-n", *target], cwd=root, text=True, capture_output=True, check=False)
                self.count["run"] += 1
                if done.returncode:
                    self.wrong(line, f"{command}: {done.stderr}")

    def first(self, line, comments):
        """Commands that make what a reader has; False if one fails."""
        for word in comments:
            if word.startswith("run: first "):
                done = subprocess.run(["sh", "-c", word[11:]], cwd=self.folder, env=self.env, text=True, capture_output=True, check=False)
                if done.returncode:
                    self.wrong(line, f"{word}: {done.stdout}{done.stderr}")
                    return False
        return True

    def check(self):
        for line, comments, block in blocks(self.path.read_text()):
            target = next((word[6:].strip() for word in comments if word.startswith("file: ")), None)
            if "run: c" in comments:
                self.c_block(line, block)
            elif "run: make" in comments:
                self.make_block(line, block)
            elif target:
                (self.folder / target).write_text("\n".join(block).rstrip("\n") + "\n")
            elif block and block[0].startswith("$ "):
                why = self.why_not(comments, block)
                if why:
                    self.notes.append(f"{self.name}:{line}: {why}: {block[0]}")
                elif self.first(line, comments):
                    self.session(line, comments, block)
            elif block and PROGRAM.match(block[0]) and "run: usage" not in comments:
                why = self.why_not(comments, block)
                if why and why.startswith("no: "):
                    self.notes.append(f"{self.name}:{line}: {why}: {block[0]}")
                else:
                    self.wrong(line, f"a command that is not run: {block[0]}")
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    mho = pathlib.Path(sys.argv[1]).resolve()
    paths = [pathlib.Path(p).resolve() for p in sys.argv[2:]] or [root / "README.md", *sorted((root / "docs").glob("*.md"))]
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="mho-docs-"))
    (scratch / "bin").mkdir()
    (scratch / "bin" / "mho").symlink_to(mho)
    python = scratch / "bin" / "python3"
    python.write_text(f'#!/bin/sh\nexec "{python_of_sessions()}" "$@"\n')
    python.chmod(0o755)
    cache = pathlib.Path(os.environ.get("MHO_DOCS_CACHE") or scratch / "cache")
    cache.mkdir(exist_ok=True, parents=True)
    if cache.parent != scratch:
        (scratch / "cache").symlink_to(cache)
        cache = scratch / "cache"
    run = failed = 0
    notes = []
    try:
        for path in paths:
            page = Page(path, mho, cache)
            page.check()
            run, failed, notes = run + page.count["run"], failed + page.count["failed"], notes + page.notes
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    for note in notes:
        print(note)
    print(f"docs: {run} commands run, {failed} differ, {len(notes)} blocks not run")
    return 1 if failed or not run else 0


if __name__ == "__main__":
    sys.exit(main())
