#!/usr/bin/env python3
"""Static analysis of src, cli, mpi and python/native: clang-tidy 14 (.clang-tidy) and cppcheck.

What they tell and is not so stands in scripts/tidy.known, below its reason; a line there that no
tool tells of any more is an error as well. Names of files restrict the run to these.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, "build-tidy")
TIDY = re.compile(r"^(/\S+?):(\d+):(\d+): (?:warning|error): ((?:.|\n)*?) \[([\w.,-]+)\]$", re.M)
CPPCHECK = re.compile(r"^(\S+?):(\d+): (\w+): (.*)$", re.M)


def configure():
    """Compile commands of the library, the program and the Python module, without building them."""
    env = dict(os.environ, CC="clang-14")
    off = ["-DMHO_BENCH=OFF", "-DMHO_TESTS=OFF", "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON", "-DCMAKE_BUILD_TYPE=Release"]
    native = os.path.join(BUILD, "python")
    for source, build, extra in [(ROOT, BUILD, off), (ROOT + "/python", native, off[2:])]:
        subprocess.run(["cmake", "-S", source, "-B", build, "-G", "Ninja", *extra], check=True, env=env,
                       stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", BUILD, "wire/onnx.pb-c.h"], check=True, stdout=subprocess.DEVNULL)
    commands = []
    for build, wanted in [(BUILD, ("src/", "cli/", "mpi/")), (native, ("python/native/",))]:
        with open(build + "/compile_commands.json", encoding="utf-8") as f:
            commands += [c for c in json.load(f) if os.path.relpath(c["file"], ROOT).startswith(wanted)]
    ours = {c["file"]: c for c in commands}  # a file once
    with open(BUILD + "/ours/compile_commands.json", "w", encoding="utf-8") as f:
        json.dump(list(ours.values()), f)
    return sorted(ours)


def tidy(source):
    done = subprocess.run(["clang-tidy-14", "-p", BUILD + "/ours", "-quiet", source], cwd=ROOT,
                          capture_output=True, text=True)
    found = {(m[1], int(m[2]), m[5].split(",")[0], m[4]) for m in TIDY.finditer(done.stdout)}
    if done.returncode and not found:
        found.add((source, 1, "clang-tidy", done.stderr.strip()[-300:]))
    return found


def cppcheck(sources):
    if not shutil.which("cppcheck"):
        sys.exit("check_tidy: cppcheck is missing (sh scripts/setup.sh analysis)")
    project = BUILD + "/cppcheck.json"
    with open(BUILD + "/ours/compile_commands.json", encoding="utf-8") as f:
        commands = [c for c in json.load(f) if c["file"] in sources]
    with open(project, "w", encoding="utf-8") as f:
        json.dump(commands, f)
    done = subprocess.run(["cppcheck", "-q", "-j", os.environ.get("JOBS", "2"), "--project=" + project,
                           "--enable=warning,performance,portability",
                           # a row of parameters names a field by its place in the struct (include/mho: lists of parameters)
                           "--suppress=invalidPointerCast", "--template={file}:{line}: {id}: {message}"],
                          cwd=ROOT, capture_output=True, text=True)
    return {(os.path.join(ROOT, m[1]), int(m[2]), "cppcheck-" + m[3], m[4]) for m in CPPCHECK.finditer(done.stderr)}


def text_of(path, line):
    with open(path, encoding="utf-8") as f:
        lines = f.read().split("\n")
    return lines[line - 1].strip() if 0 < line <= len(lines) else ""


def known():
    """{(file, check, text of the line)}; lines of reasons begin with '#'"""
    with open(ROOT + "/scripts/tidy.known", encoding="utf-8") as f:
        rows = [r.rstrip("\n") for r in f if r.strip() and not r.startswith("#")]
    return {tuple(r.split(": ", 2)) for r in rows}


def main():
    if not shutil.which("clang-tidy-14"):
        sys.exit("check_tidy: clang-tidy-14 is missing (sh scripts/setup.sh analysis)")
    start = time.time()
    os.makedirs(BUILD + "/ours", exist_ok=True)
    sources = configure()
    asked = [os.path.abspath(a) for a in sys.argv[1:]]
    sources = [s for s in sources if not asked or s in asked]
    with ThreadPoolExecutor(int(os.environ.get("JOBS", "2"))) as pool:
        found = set().union(*pool.map(tidy, sources))
    n_tidy = time.time() - start
    found |= cppcheck(set(sources))
    listed, used, bad = known(), set(), []
    for path, line, check, message in sorted(found):
        key = (os.path.relpath(path, ROOT), check, text_of(path, line))
        if key in listed:
            used.add(key)
        else:
            bad.append(f"{key[0]}:{line}: {message} [{check}]\n{key[0]}: {check}: {key[2]}")
    for b in bad:
        print(b)
    stale = set() if asked else listed - used
    for s in sorted(stale):
        print("scripts/tidy.known: nothing is told of", ": ".join(s))
    if bad or stale:
        sys.exit(1)
    print(f"{len(sources)} files: clang-tidy ({n_tidy:.0f} s) and cppcheck ({time.time() - start - n_tidy:.0f} s) are clean, "
          f"{len(used)} findings that are known not to be so")


main()
